# SPDX-License-Identifier: AGPL-3.0-or-later
"""Motions as they are shown."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

from protocol.book.arrivals import since
from protocol.book.declaration import At, Desk, Doc, Errand, MotionWish, TextRef, Urgency
from protocol.book.personal import shown_text
from protocol.book.refusals import Refused
from protocol.book.rehearsal import wished
from protocol.book.signed import uuid_text
from protocol.practices.governance.motions.entries import Ballot, MotionState, MotionsWanted
from protocol.practices.governance.motions.moving import find
from protocol.practices.governance.motions.state import MotionKept, Motions, counted, voters


@dataclass(frozen=True, slots=True)
class MotionShown:
    """A motion, its terms, and how it stands; who voted how is not shown."""

    id: Annotated[str, Doc("its id")]
    state: Annotated[MotionState, Doc("how far it has come")]
    reason: Annotated[str | None, Doc("why it is lost (QUORUM_MISSING, MAJORITY_MISSING) or failed (a code)")]
    failed_wish: Annotated[int | None, Doc("which of its wishes was refused, counted from 1")]
    title: Annotated[str | None, Doc("its words, where they are public")]
    text: Annotated[TextRef | None, Doc("its words, where they can be erased")]
    proposer: Annotated[str | None, Doc("the handle of who proposed it; null: an officer")]
    wishes: Annotated[tuple[MotionWish, ...], Doc("what is done if it is carried")]
    recused: Annotated[tuple[str, ...], Doc("the handles of those whom it is about: they do not vote")]
    electorate: Annotated[str, Doc("who votes")]
    members: Annotated[int, Doc("how many may vote")]
    needed: Annotated[int, Doc("how many of them must, for the quorum")]
    yes: Annotated[int, Doc("how many said yes")]
    no: Annotated[int, Doc("how many said no")]
    abstained: Annotated[int, Doc("how many abstained, which counts for the quorum")]
    quorum: Annotated[int, Doc("how large a part must vote, in hundredths of a percent")]
    majority: Annotated[int, Doc("more than this part of yes and no must be yes, in hundredths of a percent")]
    secret: Annotated[bool, Doc("whether the ballot is secret: yes and no are 0 until it is counted")]
    voted: Annotated[int, Doc("how many have voted")]
    has_my_vote: Annotated[bool, Doc("whether you have voted")]
    my_vote: Annotated[Ballot | None, Doc("what you said; null in a secret ballot")]
    created_at: Annotated[At, Doc("when it was made")]
    closes: Annotated[At, Doc("when voting ends; of a draft, when it expires")]
    ended_at: Annotated[At | None, Doc("when it was closed")]


def view_motion(desk: Desk, name: str) -> MotionShown | Refused:
    motion = find(desk.book, name)
    return motion if isinstance(motion, Refused) else shown(desk, motion)


def view_motions(desk: Desk, wanted: MotionsWanted, after: int) -> Iterable[tuple[int, MotionShown]]:
    motions = list(desk.book.of(Motions).by_id.values())
    return ((cursor, shown(desk, one)) for cursor, one in since(motions, after) if wanted.state in (None, one.state))


def shown(desk: Desk, motion: MotionKept) -> MotionShown:
    """Return a motion as whoever asks sees it."""
    book = desk.book
    count = motion.count or counted(book, motion)
    reason = None if motion.refused is None else motion.refused[1]
    if motion.state is MotionState.LOST:
        reason = "QUORUM_MISSING" if count.voted < count.needed else "MAJORITY_MISSING"
    wishes = (wished(book, one) for one in motion.wishes)
    return MotionShown(
        id=uuid_text(motion.id),
        state=motion.state,
        reason=reason,
        failed_wish=None if motion.refused is None else motion.refused[0] + 1,
        title=motion.title,
        text=shown_text(motion.text),
        proposer=None if motion.proposer is None else book.members[motion.proposer].handle,
        wishes=tuple(one for one in wishes if one is not None),
        recused=tuple(sorted(book.members[one].handle for one in motion.touched if one in book.members)),
        electorate=motion.electorate,
        members=count.electorate,
        needed=count.needed,
        yes=count.yes,
        no=count.no,
        abstained=0 if motion.secret and motion.count is None else count.abstained,
        quorum=motion.quorum,
        majority=motion.majority,
        secret=motion.secret,
        voted=count.voted,
        has_my_vote=motion.has_voted(desk.actor.member or ""),
        my_vote=motion.votes.get(desk.actor.member or ""),
        created_at=motion.at_ms,
        closes=motion.ends_ms,
        ended_at=motion.ended_ms,
    )


def today(desk: Desk) -> Iterator[Errand]:
    """Yield the motions on which a member may vote and has not yet."""
    member = desk.actor.member
    for motion in _open(desk):
        if member is not None and not motion.has_voted(member) and member in voters(desk.book, motion):
            said = "The group decides, and you have not voted yet"
            words = motion.title or "a motion"
            verb = "motions.vote-secretly" if motion.secret else "motions.vote"
            yield Errand(
                uuid_text(motion.id),
                words,
                "motions.to_vote",
                said,
                verb,
                Urgency.DATE,
                until_ms=motion.ends_ms,
            )


def week(desk: Desk) -> Iterator[Errand]:
    """Yield the motions that lack votes for their quorum."""
    for motion in _open(desk):
        count = counted(desk.book, motion)
        if count.voted < count.needed:
            lacking = count.needed - count.voted
            said = f"{lacking} more must vote, or it is lost for want of a quorum"
            words = motion.title or "a motion"
            yield Errand(
                uuid_text(motion.id),
                words,
                "motions.to_remind",
                said,
                "motions.show",
                Urgency.DATE,
                count=lacking,
                until_ms=motion.ends_ms,
            )


def _open(desk: Desk) -> Iterator[MotionKept]:
    found = desk.book.of(Motions).waiting.values()
    return (one for one in found if one.state is MotionState.OPEN and one.ends_ms > desk.now)
