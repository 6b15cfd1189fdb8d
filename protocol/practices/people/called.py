# SPDX-License-Identifier: AGPL-3.0-or-later
"""What members are called, and were: a table that is searched by name and handle, and stays out of memory."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from protocol.book.book import Book
from protocol.book.members import Member
from protocol.book.private import Owned
from protocol.book.searching import CALLED_TABLE
from protocol.book.tables import Table, Word
from protocol.lanes.entry import Body


@dataclass(slots=True)
class Called:
    """A member's handle, those that it had before, and the digest of its name."""

    id: str
    handle: str
    earlier: tuple[str, ...]
    name: bytes | None


def _words(row: Called) -> Iterator[Word]:
    yield from (row.handle, *row.earlier)
    if row.name is not None:
        yield row.name


CALLED = Table(CALLED_TABLE, Called, search=_words, closed=lambda row: bool(row.id))


def call(book: Book, member: Member) -> None:
    """Note how a new member is called: part of the fold."""
    book.rows(CALLED).add(Called(member.id, member.handle, (), member.name))


def call_anew(book: Book, member: Member) -> None:
    """Note how a member is called from now on: part of the fold."""
    row = book.rows(CALLED).change(member.id)
    row.handle, row.name = member.handle, member.name
    row.earlier = tuple(handle for _, handle in member.earlier)


@runtime_checkable
class _Naming(Protocol):
    """An entry by which a member has a name: it joins, is brought along, or takes another."""

    @property
    def member(self) -> str: ...
    @property
    def name(self) -> bytes | None: ...


def name_owned(book: Book, body: Body) -> Iterable[Owned]:
    """Yield the name that an entry gives to a member: it is the member's own."""
    del book
    assert isinstance(body, _Naming)
    if body.name is not None:
        yield Owned(body.name, body.member, f"members/{body.member}")
