# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pledges as the book keeps them, and how far they go: what members kept of earlier ones is what a pledge counts."""

from dataclasses import dataclass, field
from fractions import Fraction

from protocol.book.book import Book
from protocol.book.lifecycle import Lifecycle
from protocol.book.refusals import NOT_FOUND, Refused, refuse
from protocol.book.signed import parse_uuid
from protocol.practices.chains.pledges.entries import DriveCalled, DriveMoved, DriveState, Pledged, PledgeKept
from protocol.practices.market.intents import PARTS_OF_UNIT

DRIVES_MAX = 200
"""Drives of a network that are not over."""
_S, _MOVED = DriveState, DriveMoved.KIND
DRIVE_LIFE = Lifecycle(
    "pledge-drives",
    DriveState,
    {
        (None, DriveCalled.KIND): _S.COLLECTING,
        (_S.COLLECTING, Pledged.KIND): _S.COLLECTING,
        (_S.OPEN, Pledged.KIND): _S.OPEN,
        (_S.OPEN, PledgeKept.KIND): _S.OPEN,
        (_S.COLLECTING, _MOVED): (_S.OPEN, _S.CLOSED, _S.LAPSED),
        (_S.OPEN, _MOVED): _S.CLOSED,
    },
)


@dataclass(slots=True)
class Drive:
    """What somebody would open: how far it has come, and who has pledged how much (thousandths of its unit)."""

    said: DriveCalled
    arrival: int
    state: DriveState
    pledges: dict[str, int] = field(default_factory=dict[str, int])
    kept: dict[tuple[str, int], tuple[int, int]] = field(default_factory=dict[tuple[str, int], tuple[int, int]])
    """By member and month: what was pledged when that was told, and what was bought of it."""

    @property
    def break_even(self) -> int:
        """From how much on it pays for itself in a month, in thousandths of its unit, rounded up to whole units."""
        return -(-self.said.fixed // self.said.margin) * PARTS_OF_UNIT


@dataclass(slots=True)
class Pledges:
    """All drives by id, in the order in which they were called for."""

    by_id: dict[bytes, Drive] = field(default_factory=dict[bytes, Drive])

    def kept_by(self, member: str) -> Fraction:
        """Return which part of what it pledged a member has bought so far: 1 where nothing is known of it."""
        told = [pair for one in self.by_id.values() for (who, _), pair in one.kept.items() if who == member]
        pledged = sum(one for one, _ in told)
        return Fraction(sum(min(pair) for pair in told), pledged) if pledged else Fraction(1)

    def counted(self, drive: Drive) -> int:
        """Return what all pledges of a drive count together, each by what its member has kept of earlier ones."""
        return sum(int(quantity * self.kept_by(member)) for member, quantity in drive.pledges.items())


def drive_of(book: Book, name: str) -> Drive | Refused:
    """Return a drive by its id."""
    found = book.of(Pledges).by_id.get(parse_uuid(name) or b"")
    return refuse(NOT_FOUND) if found is None else found


def pledged_too_much(book: Book) -> str | None:
    """Return which drive has a pledge of nothing, or more pledges than there may be: what is never so."""
    for id, one in book.of(Pledges).by_id.items():
        if not all(one.pledges.values()):
            return f"drive {id.hex()} has a pledge of nothing"
    return None
