# SPDX-License-Identifier: AGPL-3.0-or-later
"""Motions: made, opened, voted on, closed by their hour, and done, all their wishes or none."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from protocol.book.agenda import Agenda
from protocol.book.book import Book
from protocol.book.declaration import MEMBERS, Desk, Entered, News, Plan, Write
from protocol.book.gates import UnderMotion
from protocol.book.ledger import Posting
from protocol.book.personal import digest_of
from protocol.book.private import Owned, PrivateItem
from protocol.book.refusals import (
    DUPLICATE,
    FORBIDDEN,
    MALFORMED,
    MEMBER_UNKNOWN,
    NOT_FOUND,
    STATE_CONFLICT,
    Reason,
    Refused,
    foremost,
    refuse,
)
from protocol.book.rehearsal import Stopped, rehearse, wished
from protocol.book.signed import uuid_text
from protocol.book.timezones import MINUTE_MS
from protocol.book.wishes import Said, said_in
from protocol.lanes.entry import Body, Millis
from protocol.practices.governance.motions.entries import (
    MotionClosed,
    MotionCounted,
    MotionDrafted,
    MotionExecuted,
    MotionFailed,
    MotionOpened,
    MotionState,
    SecretlyVoted,
    Vote,
    Voted,
    VoteSecretly,
)
from protocol.practices.governance.motions.refusals import (
    MOTION_CLOSED,
    MOTION_UNKNOWN,
    OTHER_BALLOT,
    RECUSED,
    VOTED_ALREADY,
)
from protocol.practices.governance.motions.state import (
    LEAST_MINUTES,
    MAJORITY,
    MOTION_LIFE,
    QUORUM,
    Count,
    MotionKept,
    Motions,
    SecretBallots,
    counted,
    open_ballots,
    voters,
)
from protocol.practices.people.authority import not_said_by


def check(book: Book, entered: Entered) -> Reason | None:
    refused = book.misplaced(entered) or against(book, entered.body, entered.at_ms)
    return refused.reason if refused else None


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    motions, body = book.of(Motions), entered.body
    if isinstance(body, MotionDrafted):
        motion = motions.by_id[body.motion] = _drafted(body, entered)
        _put(book, motion)
        return ()
    motion = motions.by_id[named(book, body)]
    match body:
        case MotionOpened():
            motion.state, motion.opened = MOTION_LIFE.after(motion.state, body.KIND), entered.seq
            motion.ends_ms = entered.at_ms + motion.open_ms
        case Voted():
            said = said_in(book, body, Vote)
            motion.votes[_voter(said)] = said.wish.ballot
        case SecretlyVoted():
            cast = said_in(book, body, VoteSecretly)
            motion.sealed[_voter(cast)] = digest_of(cast.wish.ballot) or b""
        case MotionCounted(_, yes, no, abstained):
            told = counted(book, motion)
            motion.count, motion.ended_ms = Count(told.electorate, told.needed, yes, no, abstained), entered.at_ms
            motion.state = MOTION_LIFE.after(motion.state, body.KIND, _decided(motion, motion.count))
        case MotionClosed() if motion.state is MotionState.DRAFT:
            motion.state, motion.ended_ms = MOTION_LIFE.after(motion.state, body.KIND), entered.at_ms
        case MotionClosed():
            motion.count, motion.ended_ms = counted(book, motion), entered.at_ms
            motion.state = MOTION_LIFE.after(motion.state, body.KIND, _decided(motion, motion.count))
        case MotionExecuted(_, entries):
            motion.state = MOTION_LIFE.after(motion.state, body.KIND)
            under, terms = book.of(UnderMotion), motion.terms
            under.motion, under.left, under.last = motion.id, entries, entered.seq + entries
            under.electorate, under.quorum, under.majority = terms.electorate, terms.quorum, terms.majority
        case MotionFailed(_, wish, reason):
            motion.state, motion.refused = MOTION_LIFE.after(motion.state, body.KIND), (wish, reason)
        case _:
            raise AssertionError(body)
    _put(book, motion)
    return ()


def _decided(motion: MotionKept, count: Count) -> MotionState:
    return MotionState.CARRIED if count.carries(motion.majority) else MotionState.LOST


def _put(book: Book, motion: MotionKept) -> None:
    """Note when time brings a motion further, and whether it still waits."""
    waiting = book.of(Motions).waiting
    if motion.state in (MotionState.DRAFT, MotionState.OPEN):
        waiting[motion.id] = motion
    else:
        waiting.pop(motion.id, None)
    book.of(Agenda).put("motions", motion.id, motion.due_ms)


def news(book: Book, entered: Entered) -> Iterable[News]:
    body = entered.body
    motion = book.of(Motions).by_id[named(book, body)]
    match body:
        case MotionDrafted():
            word = "drafted"
        case MotionOpened():
            word = "opened"
        case Voted() | SecretlyVoted():
            word = "voted"
        case _:
            word = motion.state.value
    yield News(f"motion.{word}", uuid_text(motion.id), tuple(book.members))


def agenda(desk: Desk, row: bytes) -> Iterator[Plan]:
    """Yield what the hour of a motion brings: it closes, a draft expires, what was carried is done."""
    motion = desk.book.of(Motions).by_id[row]
    if motion.state is MotionState.CARRIED:
        yield _execution(desk, motion)
    else:
        yield Plan(uuid_text(motion.id), (Write(_closing(desk.book, motion)),))
        if motion.due_ms is not None:
            yield _execution(desk, motion)


def _closing(book: Book, motion: MotionKept) -> MotionClosed | MotionCounted:
    """Return what ends a motion: where its ballots are secret, the home opens and counts them."""
    if motion.state is not MotionState.OPEN or not motion.secret:
        return MotionClosed(motion.id)
    count = open_ballots(book, motion)
    return MotionCounted(motion.id, count.yes, count.no, count.abstained)


def _execution(desk: Desk, motion: MotionKept) -> Plan:
    """Return what does all wishes of a carried motion, or what says which was refused."""
    wishes = [wished(desk.book, one) for one in motion.wishes]
    known = [one for one in wishes if one is not None]
    if len(known) < len(wishes):
        done: Plan | Stopped = Stopped(wishes.index(None), refuse(NOT_FOUND))
    else:
        done = rehearse(desk, known, motion.terms)
    if isinstance(done, Stopped):
        return Plan(uuid_text(motion.id), (Write(MotionFailed(motion.id, done.wish, done.refused.reason.code)),))
    executed = Write(MotionExecuted(motion.id, len(done.writes)))
    return replace(done, shows=uuid_text(motion.id), writes=(executed, *done.writes), answer=None)


def owned(book: Book, body: Body) -> Iterator[Owned]:
    """Yield the words of a motion: they are its proposer's, who may erase them."""
    del book
    assert isinstance(body, MotionDrafted)
    if body.text is not None:
        yield Owned(body.text, body.proposer or "", f"motions/{uuid_text(body.motion)}")


def owned_ballot(book: Book, body: Body) -> Iterator[Owned]:
    """Yield the ballot of who voted in secret: it is its own, and nobody is shown it."""
    assert isinstance(body, SecretlyVoted)
    said = said_in(book, body, VoteSecretly)
    ballot = digest_of(said.wish.ballot)
    if ballot is not None:
        yield Owned(ballot, _voter(said), f"motions/{uuid_text(said.wish.motion)}")


def take_ballot(book: Book, item: PrivateItem) -> None:
    """Know a secret ballot that is kept here."""
    book.of(SecretBallots).take(item)


def forget_ballots(book: Book, owner: str) -> None:
    """Know nothing any more of how a member has voted in secret."""
    book.of(SecretBallots).forget(owner)


def named(book: Book, body: Body) -> bytes:
    """Return the motion that an entry is about."""
    if isinstance(body, Voted):
        return said_in(book, body, Vote).wish.motion
    if isinstance(body, SecretlyVoted):
        return said_in(book, body, VoteSecretly).wish.motion
    assert isinstance(body, MotionDrafted | MotionOpened | MotionClosed | MotionCounted | MotionExecuted | MotionFailed)
    return body.motion


def _voter(said: Said[Vote] | Said[VoteSecretly]) -> str:
    """Return the id of whose vote it is: of whose key signed it, or of whom the wish names."""
    return said.wish.member or "" if said.member is None else said.member.id


def _drafted(body: MotionDrafted, entered: Entered) -> MotionKept:
    return MotionKept(
        body.motion,
        entered.seq,
        entered.at_ms,
        body.proposer,
        body.title,
        body.text,
        body.wishes,
        frozenset(body.touched),
        body.electorate,
        body.quorum,
        body.majority,
        body.open_ms,
        body.not_after_ms,
        bool(body.secret),
        MOTION_LIFE.after(None, body.KIND),
    )


def against(book: Book, body: Body, at_ms: Millis) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    if isinstance(body, MotionDrafted):
        return _against_draft(book, body)
    motion = book.of(Motions).by_id.get(named(book, body))
    if motion is None:
        return refuse(MOTION_UNKNOWN)
    if isinstance(body, Voted):
        return against_vote(book, motion, said_in(book, body, Vote), at_ms)
    if isinstance(body, SecretlyVoted):
        return against_vote(book, motion, said_in(book, body, VoteSecretly), at_ms)
    conflict = MOTION_LIFE.conflict(motion.state, body.KIND)
    if conflict is not None:
        return conflict
    match body:
        case MotionOpened():
            return refuse(STATE_CONFLICT, state=motion.state.value) if at_ms > motion.ends_ms else None
        case MotionClosed():
            if motion.secret and motion.state is MotionState.OPEN:
                return refuse(OTHER_BALLOT, how="in secret")
            return refuse(STATE_CONFLICT, state="not due yet") if at_ms < motion.ends_ms else None
        case MotionCounted():
            if not motion.secret:
                return refuse(OTHER_BALLOT, how="openly")
            if at_ms < motion.ends_ms:
                return refuse(STATE_CONFLICT, state="not due yet")
            voted = counted(book, motion).voted
            as_many = body.yes + body.no + body.abstained == voted
            return None if as_many else refuse(MALFORMED, field="yes", expected=f"{voted} ballots in all")
        case MotionExecuted() | MotionFailed():
            if not motion.wishes:
                return refuse(STATE_CONFLICT, state=motion.state.value)
            busy = book.of(UnderMotion).left
            return refuse(STATE_CONFLICT, state="another motion is being done") if busy else None
        case _:
            raise AssertionError(body)


def shut(motion: MotionKept, at_ms: Millis) -> Refused | None:
    """Return why nobody votes on a motion at an hour."""
    is_open = MOTION_LIFE.allows(motion.state, Voted.KIND) and at_ms <= motion.ends_ms
    return None if is_open else refuse(MOTION_CLOSED, state=motion.state.value)


def against_vote(
    book: Book, motion: MotionKept, said: Said[Vote] | Said[VoteSecretly], at_ms: Millis
) -> Refused | None:
    """Return why a vote does not count: of whom, when, in which way, or as a second one where that is secret."""
    secretly = isinstance(said.wish, VoteSecretly)
    refused = foremost(against_voter(book, motion, said), shut(motion, at_ms))
    if refused is None and secretly is not motion.secret:
        return refuse(OTHER_BALLOT, how="in secret" if motion.secret else "openly")
    if refused is None and _voter(said) in motion.sealed:
        return refuse(VOTED_ALREADY, member=book.members[_voter(said)].handle)
    return refused


def _against_draft(book: Book, body: MotionDrafted) -> Refused | None:
    if (body.title is None) is (body.text is None):
        return refuse(MALFORMED, field="text", expected="words for all, or erasable ones")
    if body.motion in book.of(Motions).by_id:
        return refuse(DUPLICATE)
    if body.proposer is not None and body.proposer not in book.members:
        return refuse(MEMBER_UNKNOWN, member=body.proposer)
    if body.electorate == MEMBERS and body.quorum < book.parameter(QUORUM):
        return refuse(MALFORMED, field="quorum", expected="at least the group's")
    if body.majority < book.parameter(MAJORITY):
        return refuse(MALFORMED, field="majority", expected="at least the group's")
    if body.open_ms < book.parameter(LEAST_MINUTES) * MINUTE_MS:
        return refuse(MALFORMED, field="closes", expected=f"{book.parameter(LEAST_MINUTES)} minutes at least")
    return None


def against_voter(book: Book, motion: MotionKept, said: Said[Vote] | Said[VoteSecretly]) -> Refused | None:
    member = _voter(said)
    found = book.members.get(member)
    if found is None:
        return refuse(MEMBER_UNKNOWN, member=member)
    if said.wish.member not in (None, member):
        return refuse(FORBIDDEN, allowed="the member itself")
    refused = not_said_by(said, found)
    if refused is not None:
        return refused
    if member in motion.touched:
        return refuse(RECUSED, member=found.handle)
    refused = found.inactive()
    if refused is None and motion.opened >= 0 and member not in voters(book, motion):
        return refuse(FORBIDDEN, allowed=f"{motion.electorate} since before the motion was opened")
    return refused
