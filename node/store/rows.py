# SPDX-License-Identifier: AGPL-3.0-or-later
"""Rows of practices' tables as they are stored: written with the entries that make them, read by key and by index.

A row can always be made again from the lanes. Each bears a digest over all that is stored of it, so that a row that
the disk has changed is noticed where it is read, and named.
"""

# ruff: noqa: S608 - what is put together into queries are the constants below, never a value

import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any, NamedTuple

from node.store.connections import KEYS_PER_QUERY
from protocol.book.declaration import Page, RowsWanted
from protocol.book.tables import Fetched, Kept, Name, Rows, Table
from protocol.wire.record import form_of, pack_record, unpack_record

ROW_DIGEST_BYTES = 16
SCANNED_MAX = 4_096
"""How many rows one page of a list looks at: where few of them count, the page is short and the next goes on."""
ROW_FORMS = "row-forms"
"""The key, in the table `meta`, of the forms that stored rows have."""

COLUMNS = "kind, place, key, closed, data, digest"
StoredRow = tuple[str, int, bytes, int, bytes, bytes]
"""A row as it is stored: kind, place, key, whether it is closed, data, digest."""


class RowDamaged(Exception):
    """A stored row is not what was stored; the text names it."""


class Packed(NamedTuple):
    """A row on its way to the disk, and the values of its index rows, end to end."""

    kept: Kept
    stored: StoredRow
    index: tuple[Any, ...]


def packed(kept: Kept) -> Packed:
    """Return a row as it is to be stored."""
    name, place = kept.name, kept.place
    row = sealed(name.table, place, key_bytes(name.key), int(kept.closed), pack_record(kept.row))
    index = tuple(v for index, value in kept.found_by for v in (name.table, index, key_bytes(value), place))
    return Packed(kept, row, index)


def sealed(kind: str, place: int, key: bytes, closed: int, data: bytes) -> StoredRow:
    """Return a row with its digest."""
    return kind, place, key, closed, data, _digest(kind, place, key, closed, data)


def opened(row: Sequence[Any], table: Table[Any]) -> Any:
    """Return a stored row as its practice keeps it; raises RowDamaged."""
    kind, place, key, closed, data, digest = row
    try:
        if digest == _digest(kind, place, key, closed, data):
            return unpack_record(table.row, data)
    except (TypeError, ValueError):
        pass
    raise RowDamaged(f"row {place} of {table.name} is damaged")


def key_bytes(key: bytes | str) -> bytes:
    """Return a key as it is stored."""
    return key.encode() if isinstance(key, str) else key


def forms(tables: Iterable[Table[Any]]) -> bytes:
    """Return what changes whenever the form of a stored row does: then all are made again."""
    stored = (table for table in tables if table.closed is not None)
    told = sorted(f"{one.name} {sorted(one.by)} {form_of(one.row)} {one.search is not None}" for one in stored)
    return blake2b("\n".join(told).encode(), digest_size=ROW_DIGEST_BYTES).digest()


Query = tuple[str, tuple[Any, ...]]
"""A statement and the values for its marks."""
Tables = Mapping[str, Rows[Any]]


def fetching(names: Iterable[Name]) -> Iterator[Query]:
    """Yield the queries that read these rows, few and of few different lengths."""
    by_kind: dict[str, list[bytes]] = {}
    for name in names:
        by_kind.setdefault(name.table, []).append(key_bytes(name.key))
    for kind, keys in by_kind.items():
        for start in range(0, len(keys), KEYS_PER_QUERY):
            some = keys[start : start + KEYS_PER_QUERY]
            some += [some[0]] * ((1 << (len(some) - 1).bit_length()) - len(some))
            # By itself SQLite would read all rows of the kind as soon as it is asked for two.
            where = f"kind = ? AND key IN ({','.join('?' * len(some))})"
            yield f"SELECT {COLUMNS} FROM rows INDEXED BY rows_by_key WHERE {where}", (kind, *some)


def fetched(rows: Iterable[StoredRow], names: Iterable[Name], tables: Tables) -> Iterator[Fetched]:
    """Yield what these queries have found of each row, also where it is nothing; raises RowDamaged."""
    found = {(row[0], row[2]): row for row in rows}
    for name in names:
        row = found.get((name.table, key_bytes(name.key)))
        yield Fetched(name, -1, None) if row is None else Fetched(name, row[1], opened(row, tables[name.table].table))


def rows_query(wanted: RowsWanted, after: int, count: int) -> tuple[str, tuple[Any, ...]]:
    """Return the query for the rows of a list from a place on, and its values."""
    is_open = " AND closed = 0" if wanted.open_only else ""
    if wanted.by is None:
        where, values = "place >= ?", (wanted.table.name, after)
    else:
        [name] = {name for name, _ in wanted.by} or {""}
        marks = ",".join("?" * len(wanted.by))
        where = (
            "place IN (SELECT DISTINCT place FROM row_index WHERE kind = ? AND name = ?"
            f" AND value IN ({marks}) AND place >= ? ORDER BY place LIMIT ?)"
        )
        keys = (key_bytes(value) for _, value in wanted.by)
        values = (wanted.table.name, wanted.table.name, name, *keys, after, count)
    query = f"SELECT {COLUMNS} FROM rows WHERE kind = ? AND {where}{is_open} ORDER BY place LIMIT ?"
    return query, (*values, count)


def undoing(kept: Kept) -> tuple[str, tuple[Any, ...]]:
    """Return the statement that keeps what a closed row was, for whoever folds from an older snapshot on."""
    now = "(SELECT coalesce(max(arrival), 0) FROM entries)"
    query = f"INSERT INTO undone (until, {COLUMNS}) SELECT {now}, {COLUMNS} FROM rows WHERE kind = ? AND key = ?"
    return query, (kept.name.table, key_bytes(kept.name.key))


def as_of(connection: sqlite3.Connection, arrival: int, names: Iterable[Name], tables: Tables) -> Iterator[Fetched]:
    """Yield what rows were when so many entries had arrived; raises RowDamaged."""
    wanted = tuple(names)
    rows = [row for query, values in fetching(wanted) for row in connection.execute(query, values)]
    for one in fetched(rows, wanted, tables):
        was = connection.execute(
            f"SELECT {COLUMNS} FROM undone WHERE kind = ? AND key = ? AND until >= ? ORDER BY until, number LIMIT 1",
            (one.name.table, key_bytes(one.name.key), arrival),
        ).fetchone()
        yield one if was is None else Fetched(one.name, was[1], opened(was, tables[one.name.table].table))


def page_found(found: Sequence[tuple[int, Any]], limit: int, scanned: int | None) -> Page:
    """Return the first rows of a list, and where the next page begins: past them, or past all that was looked at."""
    if len(found) > limit:
        return Page(tuple(row for _, row in found[:limit]), found[limit - 1][0] + 1)
    return Page(tuple(row for _, row in found), scanned)


def _digest(kind: str, place: int, key: bytes, closed: int, data: bytes) -> bytes:
    head = f"{kind} {place} {closed} {len(key)} ".encode()
    return blake2b(head + key + data, digest_size=ROW_DIGEST_BYTES).digest()
