# SPDX-License-Identifier: AGPL-3.0-or-later
"""Motions: made, opened, voted on, closed by their hour, and done, all their wishes or none."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from protocol.book.agenda import Agenda
from protocol.book.book import Book, Member
from protocol.book.declaration import (
    MEMBERS,
    STEWARDS,
    Act,
    Create,
    Desk,
    Entered,
    Motion,
    MotionWish,
    News,
    Plan,
    Role,
    Write,
)
from protocol.book.gates import UnderMotion
from protocol.book.ledger import Posting
from protocol.book.personal import salted, text_refusal
from protocol.book.private import Owned
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
from protocol.book.rehearsal import Proposed, Stopped, proposed, rehearse, touched, wished
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.timezones import DAY_MS, MINUTE_MS
from protocol.book.wishes import Said, said_in
from protocol.lanes.entry import Body, Millis
from protocol.practices.governance.motions.entries import (
    TEXT_CHARS_MAX,
    TITLE_CHARS_MAX,
    TOUCHED_MAX,
    MakeMotion,
    MotionClosed,
    MotionDrafted,
    MotionExecuted,
    MotionFailed,
    MotionOpened,
    MotionState,
    OpenMotion,
    Vote,
    Voted,
)
from protocol.practices.governance.motions.refusals import MOTION_CLOSED, MOTION_UNKNOWN, RECUSED
from protocol.practices.governance.motions.state import (
    DRAFT_DAYS,
    LEAST_MINUTES,
    MAJORITY,
    OPEN_DAYS,
    OPEN_MAX,
    QUORUM,
    MotionKept,
    Motions,
    counted,
    voters,
)
from protocol.practices.people.authority import acts_for, not_said_by

MOVERS = frozenset({Role.MEMBER, Role.COMMITTEE, Role.STEWARD})


def check(book: Book, entered: Entered) -> Reason | None:
    refused = book.misplaced(entered) or _against(book, entered.body, entered.at_ms)
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
            motion.state, motion.opened = MotionState.OPEN, entered.seq
            motion.ends_ms = entered.at_ms + motion.open_ms
        case Voted():
            said = said_in(book, body, Vote)
            motion.votes[_voter(said)] = said.wish.ballot
        case MotionClosed() if motion.state is MotionState.DRAFT:
            motion.state, motion.ended_ms = MotionState.EXPIRED, entered.at_ms
        case MotionClosed():
            motion.count, motion.ended_ms = counted(book, motion), entered.at_ms
            motion.state = MotionState.CARRIED if motion.count.carries(motion.majority) else MotionState.LOST
        case MotionExecuted(_, entries):
            motion.state = MotionState.EXECUTED
            under, terms = book.of(UnderMotion), motion.terms
            under.motion, under.left = motion.id, entries
            under.electorate, under.quorum, under.majority = terms.electorate, terms.quorum, terms.majority
        case MotionFailed(_, wish, reason):
            motion.state, motion.refused = MotionState.FAILED, (wish, reason)
        case _:
            raise AssertionError(body)
    _put(book, motion)
    return ()


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
        case Voted():
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
        yield Plan(uuid_text(motion.id), (Write(MotionClosed(motion.id)),))
        if motion.due_ms is not None:
            yield _execution(desk, motion)


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


def named(book: Book, body: Body) -> bytes:
    """Return the motion that an entry is about."""
    if isinstance(body, Voted):
        return said_in(book, body, Vote).wish.motion
    assert isinstance(body, MotionDrafted | MotionOpened | MotionClosed | MotionExecuted | MotionFailed)
    return body.motion


def _voter(said: Said[Vote]) -> str:
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
    )


def _against(book: Book, body: Body, at_ms: Millis) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    if isinstance(body, MotionDrafted):
        return _against_draft(book, body)
    motion = book.of(Motions).by_id.get(named(book, body))
    if motion is None:
        return refuse(MOTION_UNKNOWN)
    state = motion.state
    conflict = refuse(STATE_CONFLICT, state=state.value)
    match body:
        case MotionOpened():
            return conflict if state is not MotionState.DRAFT or at_ms > motion.ends_ms else None
        case Voted():
            return foremost(_against_voter(book, motion, said_in(book, body, Vote)), _shut(motion, at_ms))
        case MotionClosed():
            if state not in (MotionState.DRAFT, MotionState.OPEN):
                return conflict
            return refuse(STATE_CONFLICT, state="not due yet") if at_ms < motion.ends_ms else None
        case MotionExecuted() | MotionFailed():
            if state is not MotionState.CARRIED or not motion.wishes:
                return conflict
            busy = book.of(UnderMotion).left
            return refuse(STATE_CONFLICT, state="another motion is being done") if busy else None
        case _:
            raise AssertionError(body)


def _shut(motion: MotionKept, at_ms: Millis) -> Refused | None:
    """Return why nobody votes on a motion at an hour."""
    is_open = motion.state is MotionState.OPEN and at_ms <= motion.ends_ms
    return None if is_open else refuse(MOTION_CLOSED, state=motion.state.value)


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


def _against_voter(book: Book, motion: MotionKept, said: Said[Vote]) -> Refused | None:
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


def plan_make(desk: Desk, wish: MakeMotion) -> Plan | Refused:
    refused = text_refusal("text", wish.text, TITLE_CHARS_MAX if wish.public else TEXT_CHARS_MAX)
    mover = _mover(desk)
    terms = _terms(desk, wish.wishes)
    refused = foremost(refused, *(one for one in (mover, terms) if isinstance(one, Refused)))
    if isinstance(mover, Refused) or isinstance(terms, Refused) or refused is not None:
        return refused or refuse(MALFORMED)
    closes = None if wish.closes is None else wish.closes - desk.now
    text, texts = (None, ()) if wish.public else salted(desk, wish.text)
    title = wish.text if wish.public else None
    planned = _plan(desk, mover, terms, wish.wishes, (title, text), closes)
    refused = foremost(planned if isinstance(planned, Refused) else None, None if mover is None else mover.inactive())
    if isinstance(planned, Refused) or refused is not None:
        return refused or refuse(MALFORMED)
    writes = planned.writes if not wish.draft else planned.writes[:1]
    return replace(planned, writes=writes, texts=texts)


def move(desk: Desk, gate: Motion, wish: MotionWish) -> Plan | Refused:
    """Put a wish to the vote: a motion of its own, open at once, in words for all."""
    mover = _mover(desk)
    if isinstance(mover, Refused):
        return mover
    title = f"{wish.operation} {wish.subject}".rstrip()[:TITLE_CHARS_MAX]
    planned = _plan(desk, mover, gate, (wish,), (title, None), None)
    refused = foremost(planned if isinstance(planned, Refused) else None, None if mover is None else mover.inactive())
    return planned if refused is None else refused


def _mover(desk: Desk) -> Member | Refused | None:
    """Return the member that makes a motion, None for an officer who is none, or why it may not."""
    if desk.actor.role not in MOVERS:
        return refuse(FORBIDDEN, allowed=", ".join(role for role in Role if role in MOVERS))
    if desk.actor.member is None:
        return None
    book = desk.book
    member = book.members[desk.actor.member]
    own = [one for one in book.of(Motions).waiting.values() if one.proposer == member.id]
    if desk.actor.role is Role.MEMBER and len(own) >= book.parameter(OPEN_MAX):
        return refuse(STATE_CONFLICT, state=f"the {len(own)}th motion of yours that waits")
    return member


def _terms(desk: Desk, wishes: Sequence[MotionWish]) -> Motion | Refused:
    """Return the strictest terms of all gates that wishes have to pass."""
    gates: list[Motion] = []
    for wish in wishes:
        operation = desk.book.operations.get(wish.operation)
        gate = operation.gate if isinstance(operation, Create | Act) else None
        found = gate if gate is None or isinstance(gate, Motion) else gate(desk, wish.subject, wish.wish)
        if found is not None:
            gates.append(found)
    if not gates:
        return Motion()
    if len({gate.electorate for gate in gates}) > 1:
        return refuse(MALFORMED, field="wishes", expected="wishes that the same people decide")
    return Motion(
        gates[0].electorate,
        max((gate.quorum for gate in gates if gate.quorum is not None), default=None),
        max((gate.majority for gate in gates if gate.majority is not None), default=None),
        max((gate.days for gate in gates if gate.days is not None), default=None),
    )


def _plan(
    desk: Desk,
    mover: Member | None,
    gate: Motion,
    wishes: Sequence[MotionWish],
    words: tuple[str | None, bytes | None],
    closes: Millis | None,
) -> Plan | Refused:
    """Return what drafts and opens a motion, if its wishes could be done now."""
    book = desk.book
    stored = [proposed(wish) for wish in wishes]
    refused = next((one for one in stored if isinstance(one, Refused)), None)
    if refused is not None:
        return refused
    about = touched(book, wishes)
    if len(about) > TOUCHED_MAX:
        return refuse(MALFORMED, field="wishes", expected=f"at most {TOUCHED_MAX} members whom they are about")
    days = book.parameter(OPEN_DAYS) if gate.days is None else gate.days
    body = MotionDrafted(
        desk.chance(16),
        None if mover is None else mover.id,
        *words,
        tuple(one for one in stored if isinstance(one, Proposed)),
        tuple(about),
        gate.electorate,
        max(gate.quorum or 0, book.parameter(QUORUM)),
        max(gate.majority or 0, book.parameter(MAJORITY)),
        days * DAY_MS if closes is None else max(0, closes),
        desk.now + book.parameter(DRAFT_DAYS) * DAY_MS,
    )
    refused = _against(book, body, desk.now)
    if refused is not None:
        return refused
    if wishes:
        terms = UnderMotion(body.motion, body.electorate, body.quorum, body.majority)
        done = rehearse(desk, wishes, terms)
        if isinstance(done, Stopped):
            return Refused(done.refused.reason, {**done.refused.figures, "wish": done.wish + 1})
    return Plan(uuid_text(body.motion), (Write(body), Write(MotionOpened(body.motion))), noun="motions")


def plan_open(desk: Desk, name: str, wish: OpenMotion) -> Plan | Refused:
    del wish
    motion = find(desk.book, name)
    if isinstance(motion, Refused):
        return motion
    own = motion.proposer is not None and motion.proposer == desk.actor.member
    if not own and desk.actor.role not in STEWARDS | {Role.COMMITTEE}:
        return refuse(FORBIDDEN, allowed="who proposed it")
    body = MotionOpened(motion.id)
    return _against(desk.book, body, desk.now) or Plan(name, (Write(body),))


def plan_vote(desk: Desk, name: str, said: Said[Vote]) -> Plan | Refused:
    book = desk.book
    motion = book.of(Motions).by_id.get(said.wish.motion)
    if motion is None:
        return refuse(MOTION_UNKNOWN)
    if said.signed is None:
        told = _told(desk, said.wish)
        if isinstance(told, Refused):
            return told
        said = replace(said, wish=told)
    refused = foremost(_against_voter(book, motion, said), _shut(motion, desk.now))
    return refused or Plan(name, (Write(Voted(*said.held)),))


def _told(desk: Desk, wish: Vote) -> Vote | Refused:
    """Return the vote that a member without a key, or a steward for it, tells, with the member by its id."""
    address = desk.actor.member if wish.member is None else wish.member
    if address is None:
        return refuse(MALFORMED, field="member", expected="whose vote it is")
    member = desk.book.resolve_member(address)
    if isinstance(member, Refused):
        return member
    if not acts_for(desk.actor, member):
        return refuse(FORBIDDEN, allowed="the member itself")
    return replace(wish, member=member.id)


def find(book: Book, name: str) -> MotionKept | Refused:
    """Return the motion that an id names."""
    motion = book.of(Motions).by_id.get(parse_uuid(name) or b"")
    return refuse(MOTION_UNKNOWN) if motion is None else motion
