# SPDX-License-Identifier: AGPL-3.0-or-later
"""Arrivals without a claim: who holds a copy of a home's books compares its ledger with its own records of links.

A home writes what has arrived, and the claim, in one batch: at a home the two agree after each. A copy may have the
one and not the other for a while; so it says nothing but of what has waited long, beside a home that was there all the
time. A link that goes on after a loss is left out until what the partner has taken is known.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from protocol.book.book import Book
from protocol.book.declaration import Accusation, Desk
from protocol.book.timezones import MINUTE_MS
from protocol.lanes.directory import Directory
from protocol.lanes.entry import LEDGER, Millis
from protocol.practices.between.abroad.state import Forwards
from protocol.practices.between.links.state import Links
from protocol.wire.keys import id_text

CLAIM_LATE_AFTER_MS = 5 * MINUTE_MS
"""How long a record may be under way while its home is connected."""
STRIDE_MS_MAX = 5_000
"""What two looks are apart at most: a clock that leaps has not let that much time pass."""


@dataclass(slots=True)
class WaitingClaim:
    """How much a ledger told as claimed on a link when it was looked at last, and the time before."""

    told: int
    since_ms: Millis
    told_before: int = 0


@dataclass(slots=True)
class WaitingClaims:
    """For how long this copy, its home beside it, has lacked claims: not part of the fold, and lost without harm."""

    TRANSIENT: ClassVar[bool] = True
    now_ms: Millis = 0
    passed_ms: Millis = 0
    by_link: dict[bytes, WaitingClaim] = field(default_factory=dict[bytes, WaitingClaim])

    def pass_to(self, now: Millis) -> None:
        """Count the time that has passed since the last look."""
        self.passed_ms += min(max(0, now - self.now_ms), STRIDE_MS_MAX)
        self.now_ms = now


def unclaimed(book: Book) -> Iterator[tuple[bytes, int, int]]:
    """Yield the links on which the ledger tells of more than our newest record claims, and both in its minor units."""
    links = book.of(Links).by_id
    for id, known in book.of(Forwards).claimed.items():
        link = links.get(id)
        claimed = 0 if link is None else link.side.own.claimed
        if known.received > claimed and not (link is not None and link.is_lost):
            yield id, known.received, claimed


def told_of(link: bytes) -> str:
    """Return in which words somebody is accused for a link: the same whenever it is seen."""
    return f"link {id_text(link)}: the ledger tells of more that has arrived than the link's records claim"


def of_arrivals(desk: Desk) -> Iterator[Accusation]:
    """Accuse the operator of a book that we keep a copy of, where claims have been lacking for long."""
    book = desk.book
    if not book.audits:
        return
    late, home = book.of(WaitingClaims), book.of(Directory).networks.get(book.network)
    late.pass_to(desk.now)
    lacking = {id: (told, claimed) for id, told, claimed in unclaimed(book)}
    if home is None or not home.connected:
        lacking.clear()
    for id in [id for id in late.by_link if id not in lacking]:
        del late.by_link[id]
    for id, (told, claimed) in lacking.items():
        one = late.by_link.setdefault(id, WaitingClaim(told, late.passed_ms))
        if late.passed_ms - one.since_ms >= CLAIM_LATE_AFTER_MS:
            # However much arrives in between: of what was told that long ago the claims have to be here.
            late.by_link[id] = one = WaitingClaim(told, late.passed_ms, one.told)
        if one.told_before > claimed:
            yield _accusation(book, id)


def _accusation(book: Book, link: bytes) -> Accusation:
    assert book.head is not None
    return Accusation("ARRIVAL_UNCLAIMED", book.network, told_of(link), ((LEDGER, book.head[0]),))
