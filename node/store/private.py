# SPDX-License-Identifier: AGPL-3.0-or-later
"""The private store: what members own, beside the lanes, at the home node alone; kept and erased with the batch.

A value is written once at the end of a table of its own and never moved; erased, its bytes are overwritten where they
are. A row that is deleted from an ordinary table is wiped too (secure_delete), but copies that SQLite left in other
pages when it balanced them are not: of 5,000 rows deleted so, 9 could still be read in the file.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from protocol.book.private import PrivateItem
from protocol.events import Erase

PRIVATE_TABLES = """
CREATE TABLE private_items (
    number INTEGER PRIMARY KEY, digest BLOB NOT NULL, owner TEXT NOT NULL, kind TEXT NOT NULL, about TEXT NOT NULL,
    seen TEXT NOT NULL, at_ms INTEGER NOT NULL);
CREATE INDEX private_by_digest ON private_items (digest);
CREATE INDEX private_by_owner ON private_items (owner, number);
CREATE INDEX private_by_kind ON private_items (owner, kind, number);
CREATE TABLE private_values (number INTEGER PRIMARY KEY, value BLOB NOT NULL);
"""
PRIVATE_INSERTS = {
    "private_items": ("INSERT INTO private_items (number, digest, owner, kind, about, seen, at_ms)", 7),
    "private_values": ("INSERT INTO private_values (number, value)", 2),
}

ITEM_ROWS = (
    "SELECT digest, owner, kind, about, value, seen, at_ms FROM private_items JOIN private_values USING (number)"
)
_ERASED = "SELECT number FROM private_items WHERE owner = :owner AND at_ms <= :until_ms"
ERASING = (
    f"UPDATE private_values SET value = zeroblob(length(value)) WHERE number IN ({_ERASED})",  # noqa: S608
    "DELETE FROM private_items WHERE owner = :owner AND at_ms <= :until_ms",
    # As many bytes of blanks, so that the row stays in its place.
    (
        "UPDATE tokens SET label = printf('%*s', length(CAST(label AS BLOB)), '')"
        " WHERE member = :owner AND created_ms <= :until_ms"
    ),
)
"""What erases a member's things, in this order; an index that is made of values drops them here, before the first."""
PAGE_ITEMS = 256

ReadRows = Callable[..., Awaitable[list[Any]]]


_REPLACED = "SELECT number FROM private_items WHERE owner = :owner AND kind = :kind AND seen != ''"


def newest_of(items: Iterable[PrivateItem]) -> Sequence[PrivateItem]:
    """Return items without those in whose place a later one of the same batch comes."""
    found: dict[Any, PrivateItem] = {}
    for item in items:
        name = (item.owner, item.kind) if item.seen else item.digest
        found.pop(name, None)
        found[name] = item
    return tuple(found.values())


def replacing(items: Iterable[PrivateItem]) -> Iterator[tuple[str, Any]]:
    """Yield the statements that overwrite those in whose place these come."""
    for item in items:
        if item.seen:
            values = {"owner": item.owner, "kind": item.kind}
            yield f"UPDATE private_values SET value = zeroblob(length(value)) WHERE number IN ({_REPLACED})", values  # noqa: S608
            yield f"DELETE FROM private_items WHERE number IN ({_REPLACED})", values  # noqa: S608


def rows(items: Iterable[PrivateItem], kept: int) -> tuple[dict[str, list[Any]], int]:
    """Return the values of the rows of these items, end to end, by table, after so many, and how many that makes."""
    found: dict[str, list[Any]] = {table: [] for table in PRIVATE_INSERTS}
    lasting = (item for item in newest_of(items) if item.value or not item.seen)
    for number, (digest, owner, kind, about, value, seen, at_ms) in enumerate(lasting, kept + 1):
        found["private_items"] += (number, digest, owner, kind, about, seen, at_ms)
        found["private_values"] += (number, value)
        kept = number
    return found, kept


def erasing(erased: Iterable[Erase]) -> Iterator[tuple[str, Any]]:
    """Yield the statements that erase."""
    for one in erased:
        values = {"owner": one.owner, "until_ms": one.until_ms}
        yield from ((statement, values) for statement in ERASING)


class PrivateStore:
    """What is kept, as it can be read; it is written with the batches."""

    def __init__(self, by_keys: Callable[[str, Iterable[bytes]], Awaitable[list[Any]]], read: ReadRows) -> None:
        self._by_keys = by_keys
        self._read = read

    async def items(self, digests: Iterable[bytes]) -> Mapping[bytes, PrivateItem]:
        """Return those of these items that are still kept, by digest: of several the newest."""
        rows = await self._by_keys(f"{ITEM_ROWS} WHERE digest IN", digests)
        return {row[0]: PrivateItem(*row) for row in rows}

    async def things(self, owner: str, kinds: Sequence[str]) -> Sequence[PrivateItem]:
        """Return what a member keeps of these kinds and no entry names, in the order of the kinds."""
        marks = ",".join("?" * len(kinds))
        where = f"owner = ? AND kind IN ({marks}) AND seen != ''"
        rows = await self._read(f"{ITEM_ROWS} WHERE {where}", owner, *kinds)
        return sorted((PrivateItem(*row) for row in rows), key=lambda item: kinds.index(item.kind))

    async def of(self, owner: str, after: int = 0) -> tuple[Sequence[PrivateItem], int | None]:
        """Return a page of what a member owns, oldest first, and after which number the next begins."""
        rows = await self._read(
            f"{ITEM_ROWS.replace('SELECT', 'SELECT number,')} WHERE owner = ? AND number > ? ORDER BY number LIMIT ?",
            owner, after, PAGE_ITEMS + 1,
        )  # fmt: skip
        page = [PrivateItem(*row[1:]) for row in rows[:PAGE_ITEMS]]
        return page, rows[PAGE_ITEMS - 1][0] if len(rows) > PAGE_ITEMS else None
