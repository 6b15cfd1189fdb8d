# SPDX-License-Identifier: AGPL-3.0-or-later
"""What outlives the process: one SQLite file, and one transaction with one fsync for a whole batch."""

# ruff: noqa: S608 - what is put together into queries are constants of ours, never a value

import asyncio
import logging
import sqlite3
from contextlib import suppress
from pathlib import Path

import aiosqlite

from node.loop.batch import Batch, Numbers, rows_of
from node.store.connections import (
    ENTRIES_PER_READ,
    SETTINGS,
    StorageFailed,
    StorageUnusable,
    Writer,
    check_place,
    or_failed,
    read_only,
    version_fault,
)
from node.store.copies import copy_of
from node.store.erased import erase_aside, remember
from node.store.lanes import StoredLanes
from node.store.lookups import Lookups
from node.store.private import PrivateStore, erasing, replacing
from node.store.rows import undoing
from node.store.schema import SCHEMA_VERSION, TABLES
from node.store.search import SearchIndex
from node.store.tokens import Tokens
from node.store.writing import LESS_KNOWN, READ_AGAIN, deletions, insertions, unpinned, withdraws
from protocol.lanes.entry import Millis

EVENTS_KEPT = 10_000
"""How many events a subscriber that comes back can catch up with."""
ANSWERS_KEPT_MS = 7 * 24 * 3_600_000
"""How long an idempotency key is remembered."""
PRUNED_AT_ONCE = 5_000
PROBE_BYTES = 256 * 1024
"""What must find room before a disk that was full is written to again."""

log = logging.getLogger(__name__)


class Storage(StoredLanes, Lookups, Tokens):
    """The database of one node; what it raises tells apart a full disk from a damaged file."""

    def __init__(self, path: Path, writer: Writer, reader: aiosqlite.Connection, numbers: Numbers) -> None:
        super().__init__(path, writer, reader)
        self._numbers = numbers
        self.private = PrivateStore(self._by_keys, self._read)
        self.search = SearchIndex(path)
        self._log_holds_erased = False
        """Whether the log may still hold what was erased."""

    @classmethod
    async def open(cls, path: Path, *, create: bool = False) -> "Storage":
        """Open the database; raises StorageUnusable where it is missing, damaged or from another mutirao."""
        check_place(path, create=create)
        writer = Writer(lambda: sqlite3.connect(path, isolation_level=None), ENTRIES_PER_READ)
        try:
            await writer
            for setting in SETTINGS:
                await writer.execute(f"PRAGMA {setting}")
            if create:
                version = f"PRAGMA user_version = {SCHEMA_VERSION};"
                await writer.executescript(f"BEGIN; {TABLES} {version} COMMIT;")
            [(version,)] = await writer.execute_fetchall("PRAGMA user_version")
            if fault := version_fault(version, path):
                raise StorageUnusable(fault)
            if await writer.migrate() < SCHEMA_VERSION:
                log.info("the database has a newer schema now", extra={"from": version, "to": SCHEMA_VERSION})
            lanes = await writer.execute_fetchall("SELECT network, name, number FROM lanes")
            accounts = await writer.execute_fetchall("SELECT id, number FROM accounts")
            [(items,)] = await writer.execute_fetchall("SELECT coalesce(max(number), 0) FROM private_values")
            # What was erased just before a crash must not live on in the log.
            await writer.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
            reader = await aiosqlite.connect(read_only(path), uri=True, isolation_level=None)
        except BaseException as error:
            await writer.close()
            if isinstance(error, sqlite3.Error):
                raise StorageUnusable(f"{path} is damaged or unreadable ({error}): restore a backup") from error
            raise
        by_place = {(network, name): number for network, name, number in lanes}
        by_id = {str(account): int(number) for account, number in accounts}
        return cls(path, writer, reader, Numbers(by_place, by_id, items))

    async def close(self) -> None:
        """Finish what was asked for and close the files."""
        await self.search.close()
        await super().close()

    async def name_network(self, network: bytes) -> None:
        """Say, once, whose database this is."""
        await self._write("INSERT INTO meta VALUES ('network', ?)", network)

    async def network(self) -> bytes | None:
        """Return whose database this is."""
        rows = await self._read("SELECT value FROM meta WHERE key = 'network'")
        return rows[0][0] if rows else None

    # Batches.

    async def commit(self, batch: Batch) -> None:
        """Make a batch durable, whole; raises StorageFailed, and then nothing of it is stored."""
        if batch.erased:
            try:
                await asyncio.to_thread(remember, self.path.parent, batch.erased)
            except OSError as error:
                raise StorageFailed(str(error)) from error
        async with self._writing:
            await self.search.fed()
            rows, new = rows_of(batch, self._numbers)
            with or_failed():
                undone = [undoing(row.kept) for row in batch.rows if row.kept.again]
                gone = [*deletions(batch.forgotten), *erasing(batch.erased), *replacing(batch.items), *unpinned(batch)]
                await self._writer.transact([*undone, *gone, *insertions(rows)])
            self._numbers.add(new)
            self.search.feed(batch.rows)
        if any(item.seen for item in batch.items) or any(map(withdraws, batch.board.values())):
            self._log_holds_erased = True  # what was replaced or withdrawn, until the log is emptied next
        if batch.erased:
            await self.search.scrub()
            for aside in await asyncio.to_thread(erase_aside, self.path, batch.erased):
                log.warning("a set-aside database holds what was erased", extra={"file": aside.name})
            self._log_holds_erased = True
            self._forget_tokens()
            await self.empty_log()

    async def empty_log(self) -> None:
        """Bring the log into the database and cut it to nothing, where it may hold what was erased.

        Whoever reads meanwhile puts it off: it is to be called again now and then.
        """
        await self.search.empty_log()
        if self._log_holds_erased:
            async with self._writing:
                with suppress(sqlite3.OperationalError):  # no room on the disk: it is tried again
                    [(busy, *_)] = await self._writer.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
                    self._log_holds_erased = bool(busy)

    async def go_back(self, kept: int, ledger_seq: int, since_ms: Millis, batch: Batch) -> int:
        """Make a batch durable on what the first `kept` entries alone were; returns how many others there were.

        With them go the statement lines past `ledger_seq`, and the answers given since. Raises StorageFailed, and
        then nothing has changed.
        """
        arrivals = "SELECT arrival FROM entries ORDER BY arrival"
        async with self._writing:
            rows, new = rows_of(batch, self._numbers)
            with or_failed():
                [(stored,)] = await self._writer.execute_fetchall("SELECT count(*) FROM entries")
                gone = (
                    (f"DELETE FROM entries WHERE arrival NOT IN ({arrivals} LIMIT ?)", (kept,)),
                    ("DELETE FROM lines WHERE seq > ?", (ledger_seq,)),
                    (READ_AGAIN, (ledger_seq,)),
                    *LESS_KNOWN,
                    ("DELETE FROM answers WHERE at_ms >= ?", (since_ms,)),
                )
                await self._writer.transact([*gone, *insertions(rows)])
            self._numbers.add(new)
        return stored - kept

    async def probe(self) -> None:
        """Write and take away as much as a large batch; raises StorageFailed while it finds no room."""
        await self._write("REPLACE INTO meta VALUES ('probe', zeroblob(?))", PROBE_BYTES)
        await self._write("DELETE FROM meta WHERE key = 'probe'")

    async def prune(self, now: Millis) -> None:
        """Forget events beyond EVENTS_KEPT and all answers older than ANSWERS_KEPT_MS; commits come in between."""
        await self._write("DELETE FROM events WHERE seq <= (SELECT max(seq) FROM events) - ?", EVENTS_KEPT)
        old = "DELETE FROM answers WHERE at_ms < ? AND number IN (SELECT number FROM answers ORDER BY number LIMIT ?)"
        while await self._write(old, now - ANSWERS_KEPT_MS, PRUNED_AT_ONCE) == PRUNED_AT_ONCE:
            pass

    def renumber(self, accounts: dict[str, int]) -> None:
        """Know the numbers that accounts have by now in statement lines."""
        self._numbers.accounts = accounts

    async def distrust_rows(self) -> None:
        """Have rows and snapshot made anew at the next load."""
        await self._write(LESS_KNOWN[1][0])

    async def forget_undone(self, arrival: int) -> None:
        """Let go of what rows were before an arrival."""
        await self._write("DELETE FROM undone WHERE until < ?", arrival)

    async def backup(self, target: Path) -> None:
        """Write a copy of this moment, whole, while the node goes on; FileExistsError where one is there."""
        await copy_of(self.path, target)
