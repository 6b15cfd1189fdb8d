# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a motion is made, by a member or by a wish that needs one, and how it is opened and voted on."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from protocol.book.addresses import resolve_member
from protocol.book.book import Book
from protocol.book.declaration import STEWARDS, Act, Create, Desk, Motion, MotionWish, Plan, Role, Write
from protocol.book.gates import UnderMotion
from protocol.book.members import Member
from protocol.book.money import BASIS_POINTS
from protocol.book.personal import salted, text_refusal
from protocol.book.refusals import FORBIDDEN, MALFORMED, NOT_FOUND, STATE_CONFLICT, Refused, foremost, refuse
from protocol.book.rehearsal import Proposed, Stopped, proposed, rehearse, touched, wished
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.timezones import DAY_MS
from protocol.book.wishes import Said
from protocol.lanes.entry import Millis
from protocol.practices.governance.motions.entries import (
    TEXT_CHARS_MAX,
    TITLE_CHARS_MAX,
    TOUCHED_MAX,
    MakeMotion,
    MotionDrafted,
    MotionOpened,
    OpenMotion,
    SecretlyVoted,
    Vote,
    Voted,
    VoteSecretly,
)
from protocol.practices.governance.motions.refusals import MOTION_UNKNOWN
from protocol.practices.governance.motions.rules import against, against_vote
from protocol.practices.governance.motions.state import (
    DRAFT_DAYS,
    MAJORITY,
    OPEN_DAYS,
    OPEN_MAX,
    QUORUM,
    MotionKept,
    Motions,
)
from protocol.practices.people.authority import acts_for

AnyVote = TypeVar("AnyVote", Vote, VoteSecretly)
MOVERS = frozenset({Role.MEMBER, Role.COMMITTEE, Role.STEWARD})


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
    planned = _plan(desk, mover, terms, wish.wishes, (title, text), closes, secret=wish.secret)
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
        return refuse(STATE_CONFLICT, state=f"motion number {len(own) + 1} of yours, and {len(own)} wait")
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
    *,
    secret: bool = False,
) -> Plan | Refused:
    """Return what drafts and opens a motion, if its wishes could be done now."""
    book = desk.book
    stored = [proposed(wish) for wish in wishes]
    refused = next((one for one in stored if isinstance(one, Refused)), None)
    if refused is not None:
        return refused
    about = touched(book, wishes)
    quorum = max(gate.quorum or 0, book.parameter(QUORUM))
    if any(touched(book, (wish,)) != about for wish in wishes):
        quorum = _of_all(book, gate.electorate, quorum, about)
        if quorum > BASIS_POINTS:
            return refuse(MALFORMED, field="wishes", expected="wishes about so few that the others are a quorum of all")
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
        quorum,
        max(gate.majority or 0, book.parameter(MAJORITY)),
        days * DAY_MS if closes is None else max(0, closes),
        desk.now + book.parameter(DRAFT_DAYS) * DAY_MS,
        True if secret else None,
    )
    refused = against(book, body, desk.now)
    if refused is not None:
        return refused
    if wishes:
        terms = UnderMotion(body.motion, body.electorate, body.quorum, body.majority)
        refused = _stopped(rehearse(desk, wishes, terms))
        if refused is not None:
            return refused
    return Plan(uuid_text(body.motion), (Write(body), Write(MotionOpened(body.motion))), noun="motions")


def _of_all(book: Book, electorate: str, quorum: int, about: Sequence[str]) -> int:
    """Return how large a part of those who may vote is such a quorum of all, those too whom a motion is about.

    Each wish of a motion may be about others: a wish about many must not keep them from another one's quorum.
    """
    everybody = set(book.electors(electorate))
    return max(quorum, quorum * len(everybody) // max(1, len(everybody.difference(about))))


def plan_open(desk: Desk, name: str, wish: OpenMotion) -> Plan | Refused:
    del wish
    motion = find(desk.book, name)
    if isinstance(motion, Refused):
        return motion
    own = motion.proposer is not None and motion.proposer == desk.actor.member
    if not own and desk.actor.role not in STEWARDS | {Role.COMMITTEE}:
        return refuse(FORBIDDEN, allowed="who proposed it")
    body = MotionOpened(motion.id)
    return against(desk.book, body, desk.now) or _undoable(desk, motion) or Plan(name, (Write(body),))


def _undoable(desk: Desk, motion: MotionKept) -> Refused | None:
    """Return why what a draft wishes could not be done now, as its book has gone on since it was made."""
    wishes = [wished(desk.book, one) for one in motion.wishes]
    known = [one for one in wishes if one is not None]
    if len(known) < len(wishes):
        return refuse(NOT_FOUND)
    return _stopped(rehearse(desk, known, motion.terms)) if known else None


def _stopped(done: Plan | Stopped) -> Refused | None:
    """Return which wish of a motion is refused, counted from 1, and why."""
    if isinstance(done, Plan):
        return None
    return Refused(done.refused.reason, {**done.refused.figures, "wish": done.wish + 1})


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
    return against_vote(book, motion, said, desk.now) or Plan(name, (Write(Voted(*said.held)),))


def plan_vote_secretly(desk: Desk, name: str, said: Said[VoteSecretly]) -> Plan | Refused:
    book = desk.book
    motion = book.of(Motions).by_id.get(said.wish.motion)
    if motion is None:
        return refuse(MOTION_UNKNOWN)
    if said.signed is None:
        told = _told(desk, said.wish)
        if isinstance(told, Refused):
            return told
        said = replace(said, wish=told)
    return against_vote(book, motion, said, desk.now) or Plan(name, (Write(SecretlyVoted(*said.held)),))


def _told(desk: Desk, wish: AnyVote) -> AnyVote | Refused:
    """Return the vote that a member without a key, or a steward for it, tells, with the member by its id."""
    address = desk.actor.member if wish.member is None else wish.member
    if address is None:
        return refuse(MALFORMED, field="member", expected="whose vote it is")
    member = resolve_member(desk.book, address)
    if isinstance(member, Refused):
        return member
    if not acts_for(desk.actor, member):
        return refuse(FORBIDDEN, allowed="the member itself")
    return replace(wish, member=member.id)


def find(book: Book, name: str) -> MotionKept | Refused:
    """Return the motion that an id names."""
    motion = book.of(Motions).by_id.get(parse_uuid(name) or b"")
    return refuse(MOTION_UNKNOWN) if motion is None else motion
