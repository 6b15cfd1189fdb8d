# SPDX-License-Identifier: AGPL-3.0-or-later
"""What belongs to a member and lies beside the lanes, at the home node alone: its kinds, whose each is, what is kept.

An entry names such a text by its salted digest and never holds it, so that it can be erased and every chain still
verifies (docs/decisions/0012).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from protocol.lanes.entry import Body, Millis

if TYPE_CHECKING:
    from protocol.book.book import Book
    from protocol.book.declaration import Plan, Practice


class Owned(NamedTuple):
    """A text that an entry names by its salted digest: whose it is ("": no member's), and the resource it is about."""

    digest: bytes
    owner: str
    about: str


class PrivateItem(NamedTuple):
    """One thing of a member's that is kept, and may be erased.

    `seen` says who may read it; "" is whoever may see what refers to it. `about` is the resource that it belongs
    to, as a path without /v1/. An item that says who may read it is named by no entry: a newer one of its owner and
    kind takes its place.
    """

    digest: bytes
    owner: str
    kind: str
    about: str
    value: bytes
    seen: str
    at_ms: Millis


@dataclass(frozen=True, slots=True)
class Private:
    """A kind of what members own: at most `bytes_max` bytes each.

    `owned` finds those that the book's newest entry names, once it is folded; it is asked for `entries` alone. A
    `sealed` kind is shown to nobody, its owner's export either.
    """

    kind: str
    bytes_max: int
    entries: tuple[type[Body], ...]
    owned: Callable[[Book, Body], Iterable[Owned]]
    sealed: bool = False


PrivateByEntry = Mapping[type[Body], Private]


def private_by_entry(practices: Iterable[Practice]) -> PrivateByEntry:
    """Return, by entry, the kind of text that it may name."""
    return {entry: one for practice in practices for one in practice.private for entry in one.entries}


def items_of(private: PrivateByEntry, book: Book, plan: Plan, now: Millis) -> Iterator[PrivateItem]:
    """Yield the items that the texts of a plan become, once its entries are folded: the entries tell whose they are."""
    texts = dict(plan.texts)
    for write in plan.writes:
        declared = private.get(type(write.body))
        if declared is None or not texts:
            continue
        for digest, owner, about in declared.owned(book, write.body):
            text = texts.pop(digest, None)
            if text is not None:
                yield PrivateItem(digest, owner, declared.kind, about, text.encode(), "", now)
    assert not texts, "a plan keeps a text that none of its entries names"
