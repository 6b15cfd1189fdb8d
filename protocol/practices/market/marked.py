# SPDX-License-Identifier: AGPL-3.0-or-later
"""Marks that count: what practices above the market have verified of an offer, by its network, its member, its code."""

from collections.abc import Callable, Iterable, Iterator

from protocol.book.book import Book
from protocol.book.declaration import Slot
from protocol.lanes.entry import Millis

MARK_CHARS_MAX = 80
"""How long the name of a mark may be."""

MARKED: Slot[Callable[[Book, bytes, str, str, Millis, str | None], Iterable[tuple[str, str]]]] = Slot(
    "tells which marks (id, name) of a network's member count for an item code at an hour, or whether one mark does"
)


def marks_of(
    book: Book, network: bytes, member: str, code: str, now: Millis, mark: str | None = None
) -> Iterator[tuple[str, str]]:
    """Yield the marks, by id and name, that count for what a member offers; of one alone, by its folded name or id."""
    for tell in book.fillings(MARKED):
        yield from tell(book, network, member, code, now, mark)
