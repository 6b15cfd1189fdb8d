# SPDX-License-Identifier: AGPL-3.0-or-later
"""A secret ballot: who voted is known and votes once; how is shown nowhere, and the node counts it."""

from dataclasses import replace
from typing import Any

import pytest

from protocol.book.declaration import MotionWish
from protocol.book.money import Amount
from protocol.book.personal import text_digest
from protocol.book.private import items_of, private_by_entry
from protocol.book.refusals import FORBIDDEN, MALFORMED, MEMBER_NOT_ACTIVE, ORDER_MISMATCH, STATE_CONFLICT
from protocol.book.signed import parse_uuid
from protocol.book.wishes import Brought, private_fields
from protocol.practices.governance.errands import ErrandsWanted
from protocol.practices.governance.motions.entries import (
    Ballot,
    MakeMotion,
    MotionClosed,
    MotionCounted,
    MotionState,
    MotionsWanted,
    SecretlyVoted,
    Vote,
    VoteSecretly,
)
from protocol.practices.governance.motions.refusals import MOTION_CLOSED, OTHER_BALLOT, RECUSED, VOTED_ALREADY
from protocol.practices.governance.motions.state import Motions, SecretBallots
from protocol.practices.money.currencies.views import SetLevy
from protocol.practices.people.members.views import SetLimits, Suspend
from protocol.practices.people.privacy import EraseData
from tests.protocol.practices.desk import DAY_MS, Group, copy_of, keys_of, snapshot

HANDLES = ("ana", "bia", "caio", "dora", "elio", "fia")
LEVY = MotionWish("currencies.set-levy", "HORA", SetLevy(100))
SALT = b"s" * 16


@pytest.fixture
def riacho() -> Group:
    """Six members with one vote each."""
    group = Group()
    group.currency()
    group.admit(*HANDLES, custodial=True)
    return group


def secret(group: Group, *wishes: MotionWish) -> str:
    return group.do("ana", "motions.create", MakeMotion("Who is to lead?", wishes, secret=True)).id


def ballot_on(name: str, ballot: str | bytes, member: str | None = None) -> VoteSecretly:
    return VoteSecretly(parse_uuid(name) or b"", ballot, member)


def vote(group: Group, name: str, **ballots: str) -> None:
    for handle, ballot in ballots.items():
        group.do(handle, "motions.vote-secretly", ballot_on(name, ballot), name)


def shown(group: Group, name: str, who: str = "steward") -> Any:
    return group.view(who, "motions.show", name)


def closed(group: Group, name: str) -> Any:
    group.pass_time(group.now + 7 * DAY_MS)
    return shown(group, name)


def test_who_voted_is_known_and_how_comes_out_as_a_sum_alone(riacho: Group) -> None:
    name = secret(riacho, LEVY)
    vote(riacho, name, ana="yes", bia="yes", caio="no", dora="abstain")
    told = shown(riacho, name, "ana")
    assert (told.secret, told.voted, told.has_my_vote, told.my_vote) == (True, 4, True, None)
    assert (told.yes, told.no, told.abstained) == (0, 0, 0), "a count so far would tell how the last one voted"
    assert riacho.book.currencies["HORA"].levy.basis_points == 0
    told = closed(riacho, name)
    assert (told.state, told.yes, told.no, told.abstained, told.voted) == (MotionState.EXECUTED, 2, 1, 1, 4)
    assert riacho.book.currencies["HORA"].levy.basis_points == 100
    copy = copy_of(riacho.written)
    assert snapshot(copy) == snapshot(riacho.book) and not copy.of(SecretBallots).by_digest, "a replica knows no ballot"


def test_nothing_that_anybody_reads_tells_how_a_member_voted(riacho: Group) -> None:
    """Two groups in which dora votes the other way say and write the same, but for salted digests."""
    seen: list[Any] = []
    for ballots in ({"caio": "no", "dora": "yes"}, {"caio": "yes", "dora": "no"}):
        group = Group()
        group.currency()
        group.admit(*HANDLES, custodial=True)
        name = secret(group, LEVY)
        vote(group, name, ana="yes", **ballots)
        open_said = [
            (
                shown(group, name, who),
                group.list(who, "motions.list", MotionsWanted()),
                group.list(who, "errands.list", ErrandsWanted()),
            )
            for who in (*HANDLES, "steward")
        ]
        told = closed(group, name)
        sums = [(one.type, one.resource, one.audience, dict(one.figures)) for one in group.news]
        [motion] = group.book.of(Motions).by_id.values()
        assert len(set(motion.sealed.values())) == 3
        others = [one.body for one in group.written if not isinstance(one.body, SecretlyVoted)]
        seen.append((open_said, told, sums, others, [*motion.sealed]))
        assert told.state is MotionState.EXECUTED
    assert seen[0] == seen[1]


def test_a_second_vote_is_refused_and_counts_nothing(riacho: Group) -> None:
    name = secret(riacho)
    vote(riacho, name, bia="no")
    before = snapshot(riacho.book)
    refused = riacho.ask("bia", "motions.vote-secretly", ballot_on(name, "yes"), name)
    assert (refused.reason, refused.figures) == (VOTED_ALREADY, {"member": "bia"})
    again = VoteSecretly(parse_uuid(name) or b"", bytes(32), riacho.member("bia").id)
    assert riacho.check(SecretlyVoted(None, again)) is VOTED_ALREADY
    assert snapshot(riacho.book) == before
    vote(riacho, name, ana="yes", caio="no")
    told = closed(riacho, name)
    assert (told.state, told.reason, told.yes, told.no) == (MotionState.LOST, "MAJORITY_MISSING", 1, 2)


def test_a_motion_is_voted_on_in_one_way(riacho: Group) -> None:
    name = secret(riacho)
    openly = riacho.do("bia", "motions.create", MakeMotion("A shed")).id
    wish = Vote(parse_uuid(name) or b"", Ballot.YES)
    assert riacho.ask("ana", "motions.vote", wish, name).figures == {"how": "in secret"}
    assert riacho.refusal("ana", "motions.vote-secretly", ballot_on(openly, "yes"), openly) is OTHER_BALLOT
    assert riacho.refusal("ana", "motions.vote-secretly", ballot_on(name, "perhaps"), name) is MALFORMED
    riacho.now += 7 * DAY_MS
    id, other = parse_uuid(name) or b"", parse_uuid(openly) or b""
    assert riacho.check(MotionClosed(id)) is OTHER_BALLOT, "nobody ends it without a count"
    assert riacho.check(MotionCounted(other, 0, 0, 0)) is OTHER_BALLOT


def test_no_node_takes_more_ballots_than_members_have_voted(riacho: Group) -> None:
    name = secret(riacho)
    vote(riacho, name, ana="yes", bia="no")
    id = parse_uuid(name) or b""
    assert riacho.check(MotionCounted(id, 1, 1, 0)) is STATE_CONFLICT, "its time is not over"
    riacho.now += 7 * DAY_MS
    for yes, no in ((2, 1), (1, 0)):
        assert riacho.check(MotionCounted(id, yes, no, 0)) is MALFORMED
    assert riacho.check(MotionCounted(id, 1, 1, 0)) is None


def test_who_left_or_erased_its_data_before_the_count(riacho: Group) -> None:
    """Who left counts no more; a ballot that its member has erased abstains."""
    name = secret(riacho)
    vote(riacho, name, ana="yes", bia="yes", caio="no", dora="yes", elio="yes")
    riacho.leave("bia")
    riacho.do("steward", "members.suspend", Suspend(), "elio")
    riacho.do("dora", "members.erase", EraseData(), "dora")
    told = closed(riacho, name)
    assert (told.members, told.yes, told.no, told.abstained, told.state) == (4, 1, 1, 1, MotionState.LOST)
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_too_few_secret_votes_are_no_quorum(riacho: Group) -> None:
    name = secret(riacho, LEVY)
    vote(riacho, name, ana="yes", bia="yes")
    told = closed(riacho, name)
    assert (told.state, told.reason, told.needed) == (MotionState.LOST, "QUORUM_MISSING", 3)
    assert riacho.refusal("caio", "motions.vote-secretly", ballot_on(name, "yes"), name) is MOTION_CLOSED


def test_whom_it_is_about_and_who_came_later_do_not_vote(riacho: Group) -> None:
    name = secret(riacho, MotionWish("members.set-limits", "fia", SetLimits(Amount(5_00, "HORA", 2))))
    riacho.admit("gil", custodial=True)
    assert riacho.refusal("fia", "motions.vote-secretly", ballot_on(name, "yes"), name) is RECUSED
    assert riacho.refusal("gil", "motions.vote-secretly", ballot_on(name, "yes"), name) is FORBIDDEN
    assert riacho.refusal("ana", "motions.vote-secretly", ballot_on(name, "yes", "bia"), name) is FORBIDDEN
    riacho.do("steward", "members.suspend", Suspend(), "bia")
    assert riacho.refusal("bia", "motions.vote-secretly", ballot_on(name, "yes"), name) is MEMBER_NOT_ACTIVE


def test_who_has_a_key_signs_a_salted_digest_of_its_ballot(riacho: Group) -> None:
    riacho.admit("rosa", "rui")
    name = secret(riacho)
    sealed = ballot_on(name, text_digest(SALT, "no"))
    signed = riacho.sign("motions.vote-secretly", sealed, keys_of("rosa"))
    for texts, reason in (({}, MALFORMED), ({"ballot": "yes"}, ORDER_MISMATCH), ({"ballot": "n"}, MALFORMED)):
        brought = Brought(signed, texts, {"ballot": SALT})
        assert riacho.refusal("rosa", "motions.vote-secretly", brought, name) is reason
    riacho.do("rosa", "motions.vote-secretly", Brought(signed, {"ballot": "no"}, {"ballot": SALT}), name)
    again = riacho.sign("motions.vote-secretly", replace(sealed, ballot=text_digest(SALT, "yes")), keys_of("rosa"))
    brought = Brought(again, {"ballot": "yes"}, {"ballot": SALT})
    assert riacho.refusal("rosa", "motions.vote-secretly", brought, name) is VOTED_ALREADY
    vote(riacho, name, ana="yes", bia="yes", caio="yes")
    told = closed(riacho, name)
    assert (told.yes, told.no, told.state) == (3, 1, MotionState.CARRIED)
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_a_ballot_is_its_members_and_sealed(riacho: Group) -> None:
    assert private_fields(VoteSecretly) == {"ballot": 7}
    name = secret(riacho)
    planned = riacho.plan("motions.vote-secretly", riacho.actor("ana"), ballot_on(name, "yes"), name)
    kinds = private_by_entry(riacho.practices)
    [item] = items_of(kinds, riacho.book, planned, riacho.now)  # type: ignore[arg-type]
    assert (item.owner, item.kind, item.value) == (riacho.member("ana").id, "ballot", b"yes")
    assert kinds[SecretlyVoted].sealed


def test_who_has_not_voted_is_reminded_and_who_has_is_not(riacho: Group) -> None:
    name = secret(riacho)
    vote(riacho, name, ana="yes")
    for who, verbs in (("ana", []), ("bia", ["motions.vote-secretly"])):
        told = riacho.list(who, "errands.list", ErrandsWanted())
        assert isinstance(told, list) and [one.verb for one in told if one.id == name] == verbs
