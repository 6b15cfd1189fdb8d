# SPDX-License-Identifier: AGPL-3.0-or-later
"""Certifications on the board: kept there by the home as they change, read by buyers anywhere."""

from collections.abc import Iterator
from typing import ClassVar, Self

from protocol.book.book import Book
from protocol.book.declaration import Desk, Plan, Publication
from protocol.book.members import MemberState
from protocol.book.signed import uuid_text
from protocol.lanes.entry import Millis
from protocol.peers.boards import Boards, body_of
from protocol.practices.between.announcements import board_full
from protocol.practices.marks.guarantee.entries import GUARANTEE_ITEMS, BoardGuarantee
from protocol.practices.marks.guarantee.labelling import certified_labels
from protocol.practices.marks.guarantee.state import CertificationKept, CertificationState, Guarantees

TENDED_EACH_MS = 3_600_000
"""How often the home looks at what stands on the board where nothing was written since."""
_SHOWN = (CertificationState.CERTIFIED, CertificationState.SUSPENDED)


def guarantee_state(said: BoardGuarantee, now: Millis) -> CertificationState:
    """Return how a certification of another network stands now: suspended by its day, said or not."""
    late = said.due_ms is not None and now > said.due_ms
    return CertificationState.SUSPENDED if late or said.suspended_ms is not None else CertificationState.CERTIFIED


def guarantee_counts(said: BoardGuarantee, now: Millis) -> bool:
    """Tell whether buyers may rely on it now."""
    return guarantee_state(said, now) is CertificationState.CERTIFIED and said.since_ms <= now <= said.until_ms


class GuaranteeSeen:
    """At which place of the ledger, and when, the home has looked at its board last: no part of the fold."""

    TRANSIENT: ClassVar[bool] = True

    def __init__(self) -> None:
        self.seq, self.at_ms = -1, 0

    def __deepcopy__(self, memo: object) -> Self:
        """It follows the board, which no trial of wishes changes."""
        return self


def due(desk: Desk) -> Iterator[Plan]:
    """Put on the board what stands, and withdraw what does not; let labels follow."""
    book, tended = desk.book, desk.book.of(GuaranteeSeen)
    seq, _ = book.head or (-1, b"")
    if seq == tended.seq and desk.now < tended.at_ms + TENDED_EACH_MS:
        return
    tended.seq, tended.at_ms = seq, desk.now
    boards = book.of(Boards)
    for kept in book.of(Guarantees).certifications.values():
        wanted, held = _wanted(book, kept, desk.now), boards.get(book.network, kept.id)
        stands = None if held is None else body_of(held, GUARANTEE_ITEMS)
        if wanted == stands or (wanted is not None and board_full(book, kept.id) is not None):
            continue
        ends = 0 if wanted is None else wanted.until_ms
        yield Plan(uuid_text(kept.id), published=(Publication(kept.id, wanted, ends),))
    yield from certified_labels(desk)


def _wanted(book: Book, kept: CertificationKept, now: Millis) -> BoardGuarantee | None:
    """Return what is to stand on the board of a certification."""
    member, plot = book.members[kept.member], book.of(Guarantees).plots[kept.plot].said
    if kept.since_ms is None or kept.until_ms is None or kept.state not in _SHOWN:
        return None
    if now > kept.until_ms or member.state is MemberState.LEFT:
        return None
    return BoardGuarantee(
        kept.id, member.handle, plot.name, plot.codes, kept.pledge, kept.since_ms, kept.until_ms, kept.open_due_ms,
        kept.suspended_ms,
    )  # fmt: skip
