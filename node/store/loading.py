# SPDX-License-Identifier: AGPL-3.0-or-later
"""A start: from the snapshot and the entries that came after it, or from all entries, with rows and lines made anew."""

import logging
import os
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol, TypeVar

from node.loop.batch import UNREAD, Numbers, numbered
from node.store import search, snapshot
from node.store.connections import StorageFailed, StorageUnusable
from node.store.lanes import stored_entry
from node.store.private import ITEM_ROWS
from node.store.rows import COLUMNS, ROW_DIGEST_BYTES, ROW_FORMS, RowDamaged, as_of, forms, opened, packed
from node.store.schema import INSERTS
from node.store.storage import Storage
from protocol.book.book import Book
from protocol.book.private import PrivateItem
from protocol.book.tables import Kept
from protocol.events import Line
from protocol.lanes.entry import Entry
from protocol.lanes.journal import Behind

ROWS_AT_ONCE = 4_096
FOLDED_IN_MEMORY_MAX = 20_000
"""So many entries a start folds without making rows and lines anew, where there is no snapshot."""

log = logging.getLogger(__name__)


L = TypeVar("L", bound="Loadable")


class Loadable(Protocol):
    """What is made of stored entries: protocol.replica.Replica."""

    @property
    def book(self) -> Book:
        """What they amount to."""
        ...

    @property
    def behind(self) -> Behind | None:
        """Where the book stands still, for want of a newer version."""
        ...

    def load(self, entries: Iterable[Entry]) -> Iterator[tuple[Entry, tuple[Line, ...]]]:
        """Fold entries in, in the order of their arrival."""
        ...

    def pin(self, stored: Iterable[tuple[int, bytes]]) -> None:
        """Take in the stored items of boards, by arrival."""
        ...

    def remember(self, kept: Callable[[str], Iterable[PrivateItem]]) -> None:
        """Take in what members keep and practices have in memory; `kept` reads what is stored by how kinds begin."""
        ...

    def state(self) -> Any:
        """Return what a snapshot keeps."""
        ...

    def resume(self, state: Any) -> None:
        """Go on from a snapshot."""
        ...


@dataclass(slots=True)
class Loader:
    """Loads a replica of what a database and the snapshot beside it hold; in a thread, not on the event loop."""

    storage: Storage
    network: bytes
    folded: int = 0
    """How many entries the last start has folded: as many as came after the snapshot."""
    _taken: int = 0

    @property
    def path(self) -> Path:
        """Where the snapshot lies."""
        return self.storage.path.with_name(f"{self.storage.path.name}.snapshot")

    def load(self, fresh: Callable[[], L]) -> L:
        """Return a replica, made by `fresh`, with all that is stored; raises StorageUnusable, StorageFailed."""
        with self._connected() as connection:
            replica = self._load(connection, fresh)
            try:
                self._index(connection, replica.book)
            except RowDamaged as damaged:
                log.error("a stored row is damaged: all are made anew from the entries", extra={"reason": str(damaged)})
                replica = fresh()
                self.folded, _ = self._rebuild(connection, replica)
                self._index(connection, replica.book)
            replica.pin(_pinned(connection))
            replica.remember(partial(_kept, connection))
            return replica

    async def take(self, replica: Loadable) -> Callable[[], None] | None:
        """Return what writes a snapshot of this moment; None where stored rows are not known to be whole."""
        marker, arrival, entry = await self.storage.newest()
        if not marker or not arrival or replica.behind is not None:
            return None
        state = snapshot.dumped(replica.state())
        if state is None:
            log.warning("a snapshot was not written", extra={"reason": "it would be too large, or has no form"})
            return None
        self._taken = arrival
        head = snapshot.head_of(state, network=self.network, marker=marker, arrival=arrival, entry=entry)
        return lambda: snapshot.write(self.path, state, head)

    async def taken(self) -> None:
        """Let go of what only older snapshots wanted."""
        await self.storage.forget_undone(self._taken)

    def rebuild(self, replica: Loadable) -> int:
        """Make rows and lines anew, and no snapshot; returns the number of lines. Raises as `load` does."""
        with self._connected() as connection:
            snapshot.forget(self.path)
            lines = self._rebuild(connection, replica)[1]
            self._index(connection, replica.book)
            return lines

    def _rebuild(self, connection: sqlite3.Connection, replica: Loadable) -> tuple[int, int]:
        folded, lines, numbers = rebuild_rows(connection, replica)
        self.storage.renumber(numbers.accounts)
        search.forget_words(self.storage.path)
        return folded, lines

    def _index(self, connection: sqlite3.Connection, book: Book) -> None:
        """Make the search index anew from the stored rows, where it is not current; raises RowDamaged."""
        if search.is_current(self.storage.path):
            return
        try:
            search.remake(self.storage.path, _searched(connection, book))
        except sqlite3.OperationalError as error:  # no room: who searches is told
            log.warning("the search index was not made", extra={"reason": str(error)})
            search.forget_words(self.storage.path)

    @contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.storage.path, isolation_level=None)) as connection:
            try:
                yield connection
            except sqlite3.OperationalError as error:
                raise StorageFailed(str(error)) from error
            except sqlite3.DatabaseError as error:
                raise StorageUnusable(f"{self.storage.path} is damaged ({error}): restore a backup") from error

    def _load(self, connection: sqlite3.Connection, fresh: Callable[[], L]) -> L:
        replica = fresh()
        expected = forms(rows.table for rows in replica.book.tables.values())
        marker = _marker(connection)
        # What an older version has stored and could not read is read now, with all that follows from it.
        if marker[:ROW_DIGEST_BYTES] == expected and self.storage.unread_from() is None:
            try:
                head, state = snapshot.read_snapshot(self.path)
                self._check(connection, head, marker)
                replica.resume(snapshot.loaded(state))
                self.folded = _fold_on(connection, replica, head.arrival)
            except (snapshot.Unusable, RowDamaged) as why:
                if self.path.exists():
                    log.warning("the snapshot is passed over", extra={"reason": str(why)})
                replica = fresh()
            else:
                return replica
            [(count,)] = connection.execute("SELECT count(*) FROM entries")
            if count <= FOLDED_IN_MEMORY_MAX:
                self.folded = _fold_on(connection, replica, -1)
                return replica
        unread = self.storage.unread_from()
        self.folded, lines = self._rebuild(connection, replica)
        if unread is not None and replica.behind is None:
            log.info("the books have caught up", extra={"lines": lines})
        return replica

    def _check(self, connection: sqlite3.Connection, head: snapshot.SnapshotHead, marker: bytes) -> None:
        """Tell whether a snapshot is of these very entries; raises Unusable."""
        if head.network != self.network.hex():
            raise snapshot.Unusable("it is another network's")
        if head.code != snapshot.code():
            raise snapshot.Unusable("another version made it")
        if head.marker != marker.hex():
            raise snapshot.Unusable("it is of another form, or of entries that are none any more")
        row = connection.execute("SELECT id FROM entries WHERE arrival = ?", (head.arrival,)).fetchone()
        if row is None or row[0].hex() != head.entry:
            raise snapshot.Unusable("it is of other entries")


def rebuild_rows(connection: sqlite3.Connection, replica: Loadable) -> tuple[int, int, Numbers]:
    """Fold all entries, and make rows and statement lines anew, in one transaction.

    Returns how many entries were folded, how many lines they make, and the numbers of the accounts in them.
    """
    book = replica.book
    connection.execute("BEGIN IMMEDIATE")
    try:
        for table in ("rows", "row_index", "undone", "lines", "accounts"):
            connection.execute(f"DELETE FROM {table}")  # noqa: S608 - a name of ours
        numbers, written, folded = Numbers(), 0, 0
        book.source = lambda names: as_of(connection, 1 << 62, names, book.tables)
        lines: list[Line] = []
        for folded, (_, made) in enumerate(replica.load(_entries(connection, -1)), 1):
            lines += made
            if folded % ROWS_AT_ONCE == 0:
                written += _write(connection, book.settle(), lines, numbers)
                lines = []
        written += _write(connection, book.settle(), lines, numbers)
        for account, number in numbers.accounts.items():
            connection.execute("INSERT INTO accounts (number, id) VALUES (?, ?)", (number, account))
        marker = forms(rows.table for rows in book.tables.values()) + os.urandom(8)
        connection.execute("REPLACE INTO meta (key, value) VALUES (?, ?)", (ROW_FORMS, marker))
        connection.execute("DELETE FROM meta WHERE key = ?", (UNREAD,))
        if replica.behind is not None:
            connection.execute("INSERT INTO meta (key, value) VALUES (?, ?)", (UNREAD, replica.behind.seq))
        connection.execute("COMMIT")
    finally:
        book.source = None
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    return folded, written, numbers


def _searched(connection: sqlite3.Connection, book: Book) -> Iterator[search.Worded]:
    for table in (rows.table for rows in book.tables.values()):
        if table.search is not None:
            for stored in connection.execute(f"SELECT {COLUMNS} FROM rows WHERE kind = ?", (table.name,)):  # noqa: S608
                row = opened(stored, table)
                found_by = ((index, value) for index, find in table.by.items() for value in find(row))
                yield search.worded(table, stored[1], table.search(row), found_by)


def _fold_on(connection: sqlite3.Connection, replica: Loadable, after: int) -> int:
    """Fold the entries after an arrival, and return how many: the rows that they make are stored already."""
    book = replica.book
    book.source = lambda names: as_of(connection, after, names, book.tables)
    try:
        folded = sum(1 for _ in replica.load(_entries(connection, after)))
        book.settle()
        return folded
    finally:
        book.source = None


def _entries(connection: sqlite3.Connection, after: int) -> Iterator[Entry]:
    rows = connection.execute("SELECT arrival, id, wire FROM entries WHERE arrival > ? ORDER BY arrival", (after,))
    while chunk := rows.fetchmany(1_024):
        for row in chunk:
            yield stored_entry(*row)


def _kept(connection: sqlite3.Connection, prefix: str) -> Iterator[PrivateItem]:
    where = "WHERE kind >= ? AND kind < ?"
    for row in connection.execute(f"{ITEM_ROWS} {where}", (prefix, f"{prefix}\U0010ffff")):
        yield PrivateItem(*row)


def _pinned(connection: sqlite3.Connection) -> Iterator[tuple[int, bytes]]:
    yield from connection.execute("SELECT arrival, wire FROM board_items ORDER BY arrival")


def _write(connection: sqlite3.Connection, kept: Iterable[Kept], lines: list[Line], numbers: Numbers) -> int:
    for one in map(packed, kept):
        connection.execute(f"{INSERTS['rows'][0]} VALUES (?, ?, ?, ?, ?, ?)", one.stored)
        index = one.index
        for at in range(0, len(index), 4):
            connection.execute(f"{INSERTS['row_index'][0]} VALUES (?, ?, ?, ?)", index[at : at + 4])
    rows = numbered(lines, Numbers(), numbers)
    connection.executemany(f"{INSERTS['lines'][0]} VALUES ({', '.join('?' * INSERTS['lines'][1])})", rows)
    return len(lines)


def _marker(connection: sqlite3.Connection) -> bytes:
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (ROW_FORMS,)).fetchone()
    return row[0] if row is not None and isinstance(row[0], bytes) else b""
