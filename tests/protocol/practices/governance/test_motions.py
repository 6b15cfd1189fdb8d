# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a group decides together: who votes, how many must, and that all is done or nothing."""

import contextlib
from dataclasses import replace
from typing import Any

import pytest

from protocol.book.book import Book
from protocol.book.declaration import (
    ASSEMBLY,
    STEWARDS,
    Act,
    Actor,
    Create,
    Motion,
    MotionWish,
    Parameter,
    Practice,
    Role,
)
from protocol.book.gates import UnderMotion
from protocol.book.money import Amount
from protocol.book.parameters import Number
from protocol.book.refusals import (
    CURRENCY_UNKNOWN,
    FORBIDDEN,
    MALFORMED,
    MEMBER_NOT_ACTIVE,
    MEMBER_UNKNOWN,
    MOTION_NEEDED,
    NOT_FOUND,
    ORDER_MISMATCH,
    ORDER_REPLAYED,
    STATE_CONFLICT,
    Refused,
)
from protocol.book.signed import parse_uuid
from protocol.book.wishes import Brought
from protocol.practices import PRACTICES
from protocol.practices.governance.motions.entries import (
    Ballot,
    MakeMotion,
    MotionClosed,
    MotionExecuted,
    MotionOpened,
    MotionState,
    OpenMotion,
    Vote,
    Voted,
)
from protocol.practices.governance.motions.refusals import MOTION_CLOSED, MOTION_UNKNOWN, RECUSED
from protocol.practices.governance.motions.state import QUORUM
from protocol.practices.governance.parameters import ParameterSet, SetParameter
from protocol.practices.money.currencies.views import CreateCurrency, SetLevy
from protocol.practices.people.members.views import SetLimits, Suspend
from protocol.wire.codec import CodecFault
from protocol.wire.shape import ShapeFault, from_map
from tests.protocol.practices.desk import DAY_MS, NETWORK, Group, copy_of, keys_of, snapshot

HANDLES = ("ana", "bia", "caio", "dora", "elio", "fia", "gil", "hana", "ivo", "jo", "kika", "lia")
CAP = Parameter("shop.cap", Number(0, 2_000), 1_500, "what may be redeemed a day", changed_by=Motion(days=30))
SHOP = Practice("shop", (), parameters=(CAP,))


@pytest.fixture
def riacho() -> Group:
    """Twelve members with one vote each."""
    group = Group(book=Book(NETWORK, (*PRACTICES, SHOP)))
    group.currency()
    group.admit(*HANDLES, custodial=True)
    return group


def motion(group: Group, *wishes: MotionWish, who: str = "ana", **changed: Any) -> str:
    return group.do(who, "motions.create", MakeMotion("A shed", wishes, **changed)).id


def vote(group: Group, name: str, yes: int = 0, no: int = 0, abstain: int = 0) -> None:
    ballots = [Ballot.YES] * yes + [Ballot.NO] * no + [Ballot.ABSTAIN] * abstain
    for handle, ballot in zip(reversed(HANDLES), ballots, strict=False):
        group.do(handle, "motions.vote", ballot_on(name, ballot), name)


def ballot_on(name: str, ballot: Ballot, member: str | None = None) -> Vote:
    return Vote(parse_uuid(name) or bytes(16), ballot, member)


def spoken(name: str, member: str, ballot: Ballot) -> Voted:
    """Return a vote that the network writes on a member's word."""
    return Voted(None, ballot_on(name, ballot, member))


def week(group: Group, days: int = 7) -> None:
    group.pass_time(group.now + days * DAY_MS)


def shown(group: Group, name: str, who: str = "steward") -> Any:
    return group.view(who, "motions.show", name)


LEVY = MotionWish("currencies.set-levy", "HORA", SetLevy(100))
CLOSED = MotionWish("currencies.set-levy", "FLOR", SetLevy(100))
FLOR = MotionWish("currencies.create", "", CreateCurrency("FLOR", "Flor", Amount(100, None, 0)))


def test_five_votes_of_twelve_are_too_few_for_a_quorum_of_half(riacho: Group) -> None:
    name = motion(riacho, LEVY)
    vote(riacho, name, yes=5)
    told = shown(riacho, name)
    assert (told.members, told.needed, told.yes, told.state) == (12, 6, 5, MotionState.OPEN)
    week(riacho)
    told = shown(riacho, name)
    assert (told.state, told.reason) == (MotionState.LOST, "QUORUM_MISSING")
    assert riacho.book.currencies["HORA"].levy.basis_points == 0


def test_four_for_and_three_against_carry_it_and_it_is_done(riacho: Group) -> None:
    name = motion(riacho, LEVY)
    vote(riacho, name, yes=4, no=3)
    week(riacho, 6)
    assert shown(riacho, name).state is MotionState.OPEN
    week(riacho, 1)
    told = shown(riacho, name)
    assert (told.state, told.reason, told.yes, told.no) == (MotionState.EXECUTED, None, 4, 3)
    assert riacho.book.currencies["HORA"].levy.basis_points == 100
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


@pytest.mark.parametrize(
    ("yes", "no", "abstain", "state"),
    [
        (3, 3, 0, MotionState.LOST),
        (3, 2, 1, MotionState.EXECUTED),
        (0, 0, 6, MotionState.LOST),
        (1, 0, 5, MotionState.EXECUTED),
    ],
)
def test_who_abstains_counts_for_the_quorum_alone(
    riacho: Group, yes: int, no: int, abstain: int, state: MotionState
) -> None:
    name = motion(riacho, LEVY)
    vote(riacho, name, yes, no, abstain)
    week(riacho)
    assert shown(riacho, name).state is state


def test_of_two_wishes_both_are_done_or_neither(riacho: Group) -> None:
    """The second stands on the first; then the second is refused, and the first is not done either."""
    both = motion(riacho, FLOR, CLOSED)
    limits = MotionWish("members.suspend", "ana", Suspend())
    fails = motion(riacho, LEVY, limits, who="bia")
    vote(riacho, both, yes=7)
    vote(riacho, fails, yes=7)
    riacho.do("steward", "members.suspend", Suspend(), "ana")
    week(riacho)
    assert shown(riacho, both).state is MotionState.EXECUTED
    assert riacho.book.currencies["FLOR"].levy.basis_points == 100
    told = shown(riacho, fails)
    assert (told.state, told.reason, told.failed_wish) == (MotionState.FAILED, "STATE_CONFLICT", 2)
    assert riacho.book.currencies["HORA"].levy.basis_points == 0
    assert not riacho.book.of(UnderMotion).left


def test_what_could_not_be_done_now_is_not_put_to_the_vote(riacho: Group) -> None:
    before = snapshot(riacho.book)
    refused = riacho.ask("ana", "motions.create", MakeMotion("Both", (LEVY, CLOSED)))
    assert refused == Refused(CURRENCY_UNKNOWN, {"currency": "FLOR", "wish": 2})
    assert snapshot(riacho.book) == before
    for wish, reason in (
        (MotionWish("shop.burn", "", SetLevy(1)), NOT_FOUND),
        (MotionWish("motions.vote", "x", Vote(bytes(16), Ballot.YES)), FORBIDDEN),
        (MotionWish("motions.create", "", MakeMotion("Again")), FORBIDDEN),
        (MotionWish("members.suspend", "nobody", Suspend()), MEMBER_UNKNOWN),
        (MotionWish("members.suspend", "x" * 129, Suspend()), MALFORMED),
    ):
        assert riacho.refusal("ana", "motions.create", MakeMotion("It", (wish,))) is reason


def test_whom_it_is_about_neither_votes_nor_counts(riacho: Group) -> None:
    name = motion(riacho, MotionWish("members.set-limits", "lia", SetLimits(Amount(500_00, "HORA", 2))))
    told = shown(riacho, name)
    assert (told.recused, told.members, told.needed) == (("lia",), 11, 6)
    assert riacho.refusal("lia", "motions.vote", ballot_on(name, Ballot.YES), name) is RECUSED
    refused = spoken(name, riacho.member("lia").id, Ballot.YES)
    assert riacho.check(refused) is RECUSED
    for handle in HANDLES[:6]:
        riacho.do(handle, "motions.vote", ballot_on(name, Ballot.YES), name)
    week(riacho)
    assert riacho.account("lia").least_minor == -500_00


def test_nobody_is_kept_from_a_quorum_by_another_wish_of_the_same_motion(riacho: Group) -> None:
    """Wishes that change nothing recuse all who would vote against the one that counts."""
    others = [one for one in riacho.book.member_by_handle if one not in ("ana", "bia")]
    idle = [MotionWish("members.set-limits", one, SetLimits(Amount(100_00, None, 2))) for one in others]
    levy = MotionWish("currencies.set-levy", "HORA", SetLevy(50_00))
    half = len(riacho.book.members) // 2
    wish = MakeMotion("A levy", (levy, *idle[: half + 1]))
    assert riacho.refusal("ana", "motions.create", wish) is MALFORMED
    told = riacho.do("ana", "motions.create", MakeMotion("A levy", (levy, *idle[:half])))
    assert (told.members, told.needed) == (half, half), "half of all, as without the other wishes"
    alone = riacho.do("ana", "motions.create", MakeMotion("Limits", tuple(idle[:1] * 2)))
    assert (alone.members, alone.needed) == (2 * half - 1, half), "whom all of it is about does not count"


def test_a_vote_may_be_changed_until_it_closes(riacho: Group) -> None:
    name = motion(riacho, LEVY)
    vote(riacho, name, no=7)
    vote(riacho, name, yes=7)
    assert shown(riacho, name, "lia").my_vote is Ballot.YES
    week(riacho)
    assert shown(riacho, name).state is MotionState.EXECUTED
    assert riacho.refusal("lia", "motions.vote", ballot_on(name, Ballot.NO), name) is MOTION_CLOSED


def test_nobody_votes_for_another_who_has_a_key_nor_who_came_later(riacho: Group) -> None:
    name = motion(riacho, LEVY)
    riacho.admit("rosa", custodial=True)
    assert riacho.refusal("ana", "motions.vote", ballot_on(name, Ballot.YES, "bia"), name) is FORBIDDEN
    assert riacho.refusal("rosa", "motions.vote", ballot_on(name, Ballot.YES), name) is FORBIDDEN
    assert riacho.refusal("steward", "motions.vote", ballot_on(name, Ballot.YES), name) is MALFORMED
    assert riacho.refusal("steward", "motions.vote", ballot_on(name, Ballot.YES, "nobody"), name) is MEMBER_UNKNOWN
    assert riacho.refusal("ana", "motions.vote", ballot_on("x", Ballot.YES), "x") is MOTION_UNKNOWN
    assert riacho.do("steward", "motions.vote", ballot_on(name, Ballot.YES, "bia"), name).yes == 1, (
        "bia has no key of her own"
    )
    riacho.do("steward", "members.suspend", Suspend(), "bia")
    assert riacho.refusal("bia", "motions.vote", ballot_on(name, Ballot.NO), name) is MEMBER_NOT_ACTIVE
    assert (shown(riacho, name).members, shown(riacho, name).yes) == (11, 0)


def test_a_draft_waits_to_be_opened_and_expires(riacho: Group) -> None:
    name = motion(riacho, LEVY, draft=True)
    other = motion(riacho, LEVY, draft=True)
    assert shown(riacho, name).state is MotionState.DRAFT
    assert riacho.refusal("lia", "motions.vote", ballot_on(name, Ballot.YES), name) is MOTION_CLOSED
    assert riacho.refusal("bia", "motions.open", OpenMotion(), name) is FORBIDDEN
    riacho.do("ana", "motions.open", OpenMotion(), name)
    vote(riacho, name, yes=7)
    week(riacho, 30)
    assert [shown(riacho, one).state for one in (name, other)] == [MotionState.EXECUTED, MotionState.EXPIRED]
    assert riacho.refusal("ana", "motions.open", OpenMotion(), other) is STATE_CONFLICT


def test_behind_a_gate_a_wish_becomes_a_motion(riacho: Group) -> None:
    """A cap lowered from 1,500 to 800 holds once thirty days of voting are over, and nobody lowers it alone."""
    told = riacho.do("steward", "parameters.set", SetParameter("800"), "shop.cap")
    assert (told.state, told.title, told.closes) == (
        MotionState.OPEN,
        "parameters.set shop.cap",
        riacho.now + 30 * DAY_MS,
    )
    assert told.wishes == (MotionWish("parameters.set", "shop.cap", SetParameter("800")),)
    vote(riacho, told.id, yes=7)
    week(riacho, 29)
    assert riacho.book.parameter(CAP) == 1_500
    week(riacho, 1)
    assert riacho.book.parameter(CAP) == 800
    alone = ParameterSet("shop.cap", None, 900, None)
    assert riacho.check(alone) is MOTION_NEEDED, "no node takes from an operator what the group has to decide"


def test_a_gate_is_not_passed_on_easier_terms_than_its_own(riacho: Group) -> None:
    name = motion(riacho, LEVY)
    vote(riacho, name, yes=7)
    week(riacho)
    strict = replace(CAP, name="shop.strict", changed_by=Motion(quorum=75_00))
    riacho.book.parameters[strict.name] = strict
    told = riacho.do("ana", "parameters.set", SetParameter("1"), strict.name)
    assert (told.quorum, told.needed) == (75_00, 9)
    under = riacho.book.of(UnderMotion)
    under.electorate, under.quorum, under.majority, under.left = "members", 50_00, 50_00, 1
    assert riacho.check(ParameterSet(strict.name, None, 1, None)) is MOTION_NEEDED
    under.quorum = 75_00
    assert riacho.check(ParameterSet(strict.name, None, 1, None)) is None


def test_the_quorum_itself_is_lowered_by_the_group_alone(riacho: Group) -> None:
    told = riacho.do("steward", "parameters.set", SetParameter("25%"), "motions.quorum")
    vote(riacho, told.id, yes=6)
    week(riacho)
    assert riacho.book.parameter(QUORUM) == 25_00
    assert shown(riacho, motion(riacho, LEVY)).needed == 3


def test_a_motion_of_words_alone_is_carried_and_nothing_is_done(riacho: Group) -> None:
    name = motion(riacho, public=True)
    vote(riacho, name, yes=7)
    week(riacho, 8)
    assert (shown(riacho, name).state, shown(riacho, name).title) == (MotionState.CARRIED, "A shed")
    private = shown(riacho, motion(riacho, who="bia"))
    assert private.title is None and riacho.texts[private.text.digest] == "A shed"


def test_bounds(riacho: Group) -> None:
    assert riacho.refusal("ana", "motions.create", MakeMotion("x" * 201, public=True)) is MALFORMED
    assert riacho.refusal("ana", "motions.create", MakeMotion("now", closes=riacho.now)) is MALFORMED
    auditor = Actor(Role.AUDITOR)
    assert riacho.refusal(auditor, "motions.create", MakeMotion("It")) is FORBIDDEN
    for _ in range(3):
        motion(riacho)
    assert riacho.refusal("ana", "motions.create", MakeMotion("a fourth")) is STATE_CONFLICT
    assert motion(riacho, who="steward"), "officers are not bound by it"


def test_no_node_takes_what_is_out_of_turn(riacho: Group) -> None:
    name = motion(riacho, LEVY)
    id = parse_uuid(name) or b""
    lia = riacho.member("lia").id
    assert riacho.check(MotionClosed(id)) is STATE_CONFLICT
    assert riacho.check(MotionExecuted(id, 1)) is STATE_CONFLICT
    assert riacho.check(MotionOpened(id)) is STATE_CONFLICT
    assert riacho.check(MotionClosed(bytes(16))) is MOTION_UNKNOWN
    riacho.now += 7 * DAY_MS + 1
    assert riacho.check(spoken(name, lia, Ballot.YES)) is MOTION_CLOSED
    assert riacho.check(spoken(name, "X" * 16, Ballot.YES)) is MEMBER_UNKNOWN


def test_the_group_may_do_what_stewards_may_and_no_more() -> None:
    assert Role.ASSEMBLY not in STEWARDS and ASSEMBLY.role is Role.ASSEMBLY
    operations = Book(NETWORK, PRACTICES).operations
    assert isinstance(operations["currencies.set-levy"], Act)
    for name, operation in operations.items():
        if isinstance(operation, Act | Create) and Role.STEWARD in operation.who and operation.noun != "motions":
            with contextlib.suppress(CodecFault, ShapeFault):
                from_map(operation.wish, {})  # raises TypeError for a wish that cannot be stored
                assert name


def test_who_has_a_key_signs_its_vote_and_nobody_votes_for_it(riacho: Group) -> None:
    riacho.admit("rosa")
    name = motion(riacho, LEVY)
    assert riacho.refusal("rosa", "motions.vote", ballot_on(name, Ballot.YES), name) is FORBIDDEN
    assert riacho.check(spoken(name, riacho.member("rosa").id, Ballot.YES)) is FORBIDDEN
    signed = riacho.sign("motions.vote", ballot_on(name, Ballot.YES), keys_of("rosa"))
    assert riacho.do("rosa", "motions.vote", Brought(signed), name).yes == 1
    assert riacho.refusal("rosa", "motions.vote", Brought(signed), name) is ORDER_REPLAYED
    other = motion(riacho, LEVY, who="bia")
    again = riacho.sign("motions.vote", ballot_on(name, Ballot.NO), keys_of("rosa"))
    assert riacho.refusal("rosa", "motions.vote", Brought(again), other) is ORDER_MISMATCH
    forged = riacho.sign("motions.vote", ballot_on(name, Ballot.NO, riacho.member("lia").id), keys_of("rosa"))
    assert riacho.check(Voted(forged, None)) is FORBIDDEN
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)
