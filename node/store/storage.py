# SPDX-License-Identifier: AGPL-3.0-or-later
"""What outlives the process: one SQLite file, and one transaction with one fsync for a whole batch."""

# ruff: noqa: S608 - what is put together into queries are the constants below, never a value

import asyncio
import json
import os
import sqlite3
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import aiosqlite

from node.loop.batch import FAULT, UNREAD, Answered, Batch, Event, Numbers, rows_of
from node.store.erased import remember
from node.store.private import PrivateStore, erasing
from node.store.rows import DIGEST_BYTES, FORMS, SCANNED_MAX, fetched, fetching, opened, page_of, query_of, undoing
from node.store.schema import INSERTS, SCHEMA_VERSION, TABLES
from protocol.book.declaration import Page, RowsWanted
from protocol.book.tables import Fetched, Name, Rows
from protocol.events import Forget, Line
from protocol.lanes.entry import IDENTITY, LEDGER, Entry, EntryFault, Millis, parse
from protocol.wire.codec import CodecFault

SQLITE_LEAST = (3, 38, 0)
"""The first SQLite that knows the operator ->>."""
EVENTS_KEPT = 10_000
"""How many events a subscriber that comes back can catch up with."""
ANSWERS_KEPT_MS = 7 * 24 * 3_600_000
"""How long an idempotency key is remembered."""
PRUNED_AT_ONCE = 5_000
TOKENS_CACHED_MAX = 4_096
ENTRIES_PER_READ = 1_024
EVENTS_PER_READ = 256
KEYS_PER_QUERY = 256
PROBE_BYTES = 256 * 1024
"""What must find room before a disk that was full is written to again."""
ROWS_PER_STATEMENT_MAX = 2_048
"""A power of two, of which SQLite takes the values."""
CACHE_KIBIBYTES = 16_384
"""So that the changed pages of a large batch need not leave memory before it is committed."""
LOG_PAGES = 4_096
"""After how many pages the log is brought into the database: more of them are then written once for many."""

LANE = "(SELECT number FROM lanes WHERE network = ? AND name = ?)"
LINES = (
    "SELECT arrival, accounts.id, seq, at_ms, kind, payment, counterpart, amount_minor, balance_minor"
    " FROM lines JOIN accounts ON number = account"
)
PAGE = (
    "SELECT group_concat(seq || ' ' || epoch || ' ' || arrival || ' ' || length(wire)),"
    " CAST(group_concat(CAST(wire AS TEXT), '') AS BLOB) FROM entries WHERE arrival IN (SELECT arrival FROM ("
    "SELECT arrival, size, sum(size) OVER (ORDER BY seq, epoch, arrival) AS until FROM ("
    f"SELECT seq, epoch, arrival, length(wire) AS size FROM entries WHERE lane = {LANE}"
    " AND seq BETWEEN ? AND ? AND (seq, epoch, arrival) > (?, ?, ?)"
    f" ORDER BY seq, epoch, arrival LIMIT {ENTRIES_PER_READ})) WHERE until <= ? OR until = size)"
)
"""Of a page's candidates the sizes alone are read: SQLite knows them without the bytes."""
Statement = tuple[str, Sequence[Any]]
LESS_KNOWN: Sequence[Statement] = (
    (f"UPDATE meta SET value = substr(value, 1, {DIGEST_BYTES}) || randomblob(8) WHERE key = '{FORMS}'", ()),
    (f"DELETE FROM meta WHERE key = '{FORMS}'", ()),
)
"""Entries are none any more: snapshots that rest on them count no longer; and rows, where they were of our ledger."""
TOKEN_COLUMNS = "hash, role, label, last4, created_ms, member, scopes, expires_ms, revoked_ms, number"  # noqa: S105


class StorageFailed(Exception):
    """A write could not be made durable, for want of room or a broken disk: nothing of it is stored."""


class StorageUnusable(Exception):
    """The database file cannot be served from; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Token:
    """A token that opens the API; of its secret, only the SHA-256 and the last 4 characters are kept."""

    hash: bytes
    role: str
    label: str
    last4: str
    created_ms: Millis
    member: str | None = None
    scopes: frozenset[str] | None = None
    expires_ms: Millis | None = None
    revoked_ms: Millis | None = None
    number: int = 0


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a network's own entries go: its epoch, its newest ledger entry (seq -1: none), their count."""

    epoch: int
    seq: int
    head: bytes
    count: int


class Writer(aiosqlite.Connection):
    """A connection that takes a whole transaction in one trip to its thread.

    Each trip, and each step of a statement, waits for the interpreter while the event loop is busy: a
    commit of a statement for each row, each with its trip, was measured at 190 ms where this takes three.
    """

    async def transact(self, statements: Sequence[Statement]) -> None:
        """Carry out statements, all or none."""
        await self._execute(self._transact, statements)

    def _transact(self, statements: Sequence[Statement]) -> None:
        connection = self._conn
        connection.execute("BEGIN IMMEDIATE")
        try:
            for query, values in statements:
                connection.execute(query, values)
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")


class Storage:
    """The database of one node; what it raises tells apart a full disk from a damaged file."""

    def __init__(self, path: Path, writer: Writer, reader: aiosqlite.Connection, numbers: Numbers) -> None:
        self.path = path
        self._writer = writer
        self._reader = reader
        self._numbers = numbers
        self.private = PrivateStore(self._by_keys, self._read)
        self._log_holds_erased = False
        """Whether the log may still hold what was erased."""
        self._writing = asyncio.Lock()
        """Held by whoever writes: a transaction of several statements is nobody else's."""
        self._tokens: dict[bytes, Token | None] = {}
        self._token_changes = 0

    @classmethod
    async def open(cls, path: Path, *, create: bool = False) -> "Storage":
        """Open the database; raises StorageUnusable where it is missing, damaged or from another mutirao."""
        _check_place(path, create=create)
        writer = Writer(lambda: sqlite3.connect(path, isolation_level=None), ENTRIES_PER_READ)
        try:
            await writer
            for setting in _SETTINGS:
                await writer.execute(f"PRAGMA {setting}")
            if create:
                version = f"PRAGMA user_version = {SCHEMA_VERSION};"
                await writer.executescript(f"BEGIN; {TABLES} {version} COMMIT;")
            await _check_version(writer, path)
            lanes = await writer.execute_fetchall("SELECT network, name, number FROM lanes")
            accounts = await writer.execute_fetchall("SELECT id, number FROM accounts")
            [(items,)] = await writer.execute_fetchall("SELECT coalesce(max(number), 0) FROM private_values")
            # What was erased just before a crash must not live on in the log.
            await writer.execute_fetchall("PRAGMA wal_checkpoint(TRUNCATE)")
            reader = await aiosqlite.connect(_read_only(path), uri=True, isolation_level=None)
        except BaseException as error:
            await writer.close()
            if isinstance(error, sqlite3.Error):
                raise StorageUnusable(f"{path} is damaged or unreadable ({error}): restore a backup") from error
            raise
        by_place = {(network, name): number for network, name, number in lanes}
        by_id = {str(account): int(number) for account, number in accounts}
        return cls(path, writer, reader, Numbers(by_place, by_id, items))

    async def close(self) -> None:
        """Finish what was asked for and close the file."""
        await self._reader.close()
        await self._writer.close()

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
            rows, new = rows_of(batch, self._numbers)
            with _or_failed():
                undone = [undoing(row.kept) for row in batch.rows if row.kept.again]
                gone = [*_deletions(batch.forgotten), *erasing(batch.erased)]
                await self._writer.transact([*undone, *gone, *_insertions(rows)])
            self._numbers.add(new)
        if batch.erased:
            self._log_holds_erased = True
            self._tokens.clear()
            await self.empty_log()

    async def empty_log(self) -> None:
        """Bring the log into the database and cut it to nothing, where it may hold what was erased.

        Whoever reads meanwhile puts it off: it is to be called again now and then.
        """
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
            with _or_failed():
                [(stored,)] = await self._writer.execute_fetchall("SELECT count(*) FROM entries")
                deletions = (
                    (f"DELETE FROM entries WHERE arrival NOT IN ({arrivals} LIMIT ?)", (kept,)),
                    ("DELETE FROM lines WHERE seq > ?", (ledger_seq,)),
                    (_READ_AGAIN, (ledger_seq,)),
                    *LESS_KNOWN,
                    ("DELETE FROM answers WHERE at_ms >= ?", (since_ms,)),
                )
                await self._writer.transact([*deletions, *_insertions(rows)])
            self._numbers.add(new)
        return stored - kept

    async def probe(self) -> None:
        """Write and take away as much as a large batch; raises StorageFailed while it finds no room."""
        await self._write("REPLACE INTO meta VALUES ('probe', zeroblob(?))", PROBE_BYTES)
        await self._write("DELETE FROM meta WHERE key = 'probe'")

    async def prune(self, now: Millis) -> None:
        """Forget events beyond EVENTS_KEPT and answers older than ANSWERS_KEPT_MS, some at a time."""
        await self._write("DELETE FROM events WHERE seq <= (SELECT max(seq) FROM events) - ?", EVENTS_KEPT)
        await self._write(
            "DELETE FROM answers WHERE at_ms < ?"
            " AND number IN (SELECT number FROM answers ORDER BY number LIMIT ?)",
            now - ANSWERS_KEPT_MS, PRUNED_AT_ONCE,
        )  # fmt: skip

    # Entries.

    def entries(self) -> Iterator[Entry]:
        """Yield all entries in arrival order, their hashes checked; in a thread, not on the event loop.

        Raises StorageUnusable at the first damaged one.
        """
        for row in self._rows("SELECT arrival, id, wire FROM entries ORDER BY arrival"):
            yield stored_entry(*row)

    async def holds(self, network: bytes, lane: str, seq: int, entry_id: bytes) -> bool:
        """Tell whether a lane has this entry at this seq."""
        query = f"SELECT 1 FROM entries WHERE lane = {LANE} AND seq = ? AND id = ?"
        return bool(await self._read(query, network, lane, seq, entry_id))

    async def lane_pages(
        self, network: bytes, lane: str, first: int, last: int, *, bytes_max: int
    ) -> AsyncIterator[tuple[bytes, ...]]:
        """Yield the wire forms of a lane's entries from first to last seq in order, so many bytes at a time.

        A page has at most ENTRIES_PER_READ entries, and at least one.
        """
        after = (-1, -1, -1)
        while True:
            # One row for the page: each step of a statement waits for the interpreter, and for as many
            # milliseconds as there are rows while the event loop is busy.
            [(places, wires)] = await self._read(PAGE, network, lane, max(first, after[0]), last, *after, bytes_max)
            if places is None:
                return
            page: list[tuple[tuple[int, int, int], bytes]] = []
            start = 0
            for place in places.split(","):
                seq, epoch, arrival, size = map(int, place.split())
                page.append(((seq, epoch, arrival), wires[start : start + size]))
                start += size
            page.sort()  # SQLite promises no order of what it joins
            after = page[-1][0]
            yield tuple(wire for _, wire in page)

    async def identity_lane(self, network: bytes) -> tuple[bytes, ...]:
        """Return the wire forms of a network's whole identity lane, in order."""
        rows = await self._read(
            f"SELECT wire FROM entries WHERE lane = {LANE} ORDER BY epoch, seq, arrival", network, IDENTITY
        )
        return tuple(wire for (wire,) in rows)

    async def lane_at(self, network: bytes, lane: str, seqs: Iterable[int]) -> tuple[bytes, ...]:
        """Return the wire forms of a lane's entries at these seqs, in this order.

        Of two at one seq, that of the newest epoch; those that are not held are left out.
        """
        found: list[bytes] = []
        for seq in seqs:
            rows = await self._read(
                f"SELECT wire FROM entries WHERE lane = {LANE} AND seq = ?"
                " ORDER BY epoch DESC, arrival LIMIT 1",
                network, lane, seq,
            )  # fmt: skip
            found += (wire for (wire,) in rows)
        return tuple(found)

    async def all_at(self, network: bytes, places: Iterable[tuple[str, int]]) -> tuple[bytes, ...]:
        """Return the wire forms of all entries at these places of a network's lanes: two where it has forked."""
        found: list[bytes] = []
        for lane, seq in places:
            query = f"SELECT wire FROM entries WHERE lane = {LANE} AND seq = ? ORDER BY arrival LIMIT 2"
            found += (wire for (wire,) in await self._read(query, network, lane, seq))
        return tuple(found)

    def unread_from(self) -> int | None:
        """Return from which seq of the ledger entries are stored that were not folded when they came."""
        rows = list(self._rows(f"SELECT value FROM meta WHERE key = '{UNREAD}'"))
        return rows[0][0] if rows else None

    def faults(self) -> Iterator[bytes]:
        """Yield the faults that were kept; in a thread, not on the event loop."""
        rows = self._rows(f"SELECT value FROM meta WHERE key >= '{FAULT}' AND key < '{FAULT}g' ORDER BY key")
        return (data for (data,) in rows)

    async def reach(self, network: bytes) -> Reach | None:
        """Return how far this network's own entries go, or None where there is not one."""
        [(count, epoch)] = await self._read(
            "SELECT count(*), max(epoch) FROM entries JOIN lanes ON number = lane WHERE network = ?", network
        )
        heads = await self._read(
            f"SELECT seq, id FROM entries WHERE lane = {LANE} ORDER BY epoch DESC, seq DESC LIMIT 1",
            network,
            LEDGER,
        )
        seq, head = heads[0] if heads else (-1, bytes(32))
        return Reach(epoch, seq, head, count) if count else None

    # Rows.

    async def fetch(self, names: Iterable[Name], tables: Mapping[str, Rows[Any]]) -> tuple[Fetched, ...]:
        """Return what is stored of each of these rows; raises RowDamaged."""
        found: list[Any] = []
        for query, values in fetching(names):
            found += await self._read(query, *values)
        return tuple(fetched(found, names, tables))

    async def listed(self, wanted: RowsWanted) -> Page:
        """Return a page of rows, as they came; raises RowDamaged."""
        found: list[tuple[int, Any]] = []
        after, scanned = wanted.after, 0
        while len(found) <= wanted.limit and wanted.by != ():
            query, values = query_of(wanted, after, wanted.limit + 1)
            rows = await self._read(query, *values)
            opened_rows = ((row[1], opened(row, wanted.table)) for row in rows)
            found += [one for one in opened_rows if wanted.wanted is None or wanted.wanted(one[1])]
            scanned += len(rows)
            if len(rows) <= wanted.limit:
                return page_of(found, wanted.limit, None)
            after = rows[-1][1] + 1
            if scanned >= SCANNED_MAX:
                break
        return page_of(found, wanted.limit, after if found or scanned else None)

    async def newest(self) -> tuple[bytes, int, bytes]:
        """Return the marker of the stored rows (empty: none), and arrival and id of the newest entry (0: none)."""
        rows = await self._read("SELECT arrival, id FROM entries ORDER BY arrival DESC LIMIT 1")
        markers = await self._read("SELECT value FROM meta WHERE key = ?", FORMS)
        arrival, entry = rows[0] if rows else (0, b"")
        return markers[0][0] if markers else b"", arrival, entry

    def renumber(self, accounts: dict[str, int]) -> None:
        """Know the numbers that accounts have by now in statement lines."""
        self._numbers.accounts = accounts

    async def distrust_rows(self) -> None:
        """Have rows and snapshot made anew at the next load."""
        await self._write(LESS_KNOWN[1][0])

    async def forget_undone(self, arrival: int) -> None:
        """Let go of what rows were before an arrival."""
        await self._write("DELETE FROM undone WHERE until < ?", arrival)

    # Statements.

    async def statement(self, account: str, after: int, limit: int) -> Page:
        """Return the lines of an account that came after a cursor, oldest first."""
        rows = await self._read(
            f"{LINES} WHERE accounts.id = ? AND arrival > ? ORDER BY arrival LIMIT ?",
            account, after, limit + 1,
        )  # fmt: skip
        page = rows[:limit]
        return Page(tuple(Line(*row[1:]) for row in page), page[-1][0] if len(rows) > limit else None)

    def lines(self) -> Iterator[Line]:
        """Yield all statement lines in arrival order; in a thread, not on the event loop."""
        for row in self._rows(f"{LINES} ORDER BY arrival"):
            yield Line(*row[1:])

    # Answers and events.

    async def answers(self, scopes: Iterable[bytes]) -> dict[bytes, Answered]:
        """Return the answers that these idempotency scopes have got, by scope."""
        rows = await self._by_keys(
            "SELECT scope, request, status, content_type, body, at_ms FROM answers WHERE scope IN", scopes
        )
        return {row[0]: Answered(*row) for row in rows}

    async def events(self, after: int) -> Sequence[Event]:
        """Return the oldest EVENTS_PER_READ events after this seq that are still kept."""
        rows = await self._read(
            "SELECT seq, type, resource, audience, figures FROM events WHERE seq > ? ORDER BY seq LIMIT ?",
            after, EVENTS_PER_READ,
        )  # fmt: skip
        return [
            Event(seq, kind, resource, tuple(json.loads(audience)), json.loads(figures))
            for seq, kind, resource, audience, figures in rows
        ]

    async def events_kept(self) -> tuple[int, int]:
        """Return the seq of the oldest and of the newest event kept; (0, 0) where there is none."""
        [bounds] = await self._read("SELECT coalesce(min(seq), 0), coalesce(max(seq), 0) FROM events")
        return bounds

    # Tokens.

    async def add_token(self, token: Token) -> None:
        """Keep a new token."""
        scopes = None if token.scopes is None else json.dumps(sorted(token.scopes))
        await self._write(
            "INSERT INTO tokens (hash, role, label, last4, created_ms, member, scopes, expires_ms)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            token.hash, token.role, token.label, token.last4, token.created_ms, token.member, scopes,
            token.expires_ms,
        )  # fmt: skip
        self._forget_token(token.hash)

    async def token(self, token_hash: bytes) -> Token | None:
        """Return the token with this SHA-256, also where it was revoked, or None."""
        if token_hash in self._tokens:
            return self._tokens[token_hash]
        changes = self._token_changes
        rows = await self._read(f"SELECT {TOKEN_COLUMNS} FROM tokens WHERE hash = ?", token_hash)
        token = _token(rows[0]) if rows else None
        if changes == self._token_changes:  # else it may have been revoked while it was read
            if len(self._tokens) >= TOKENS_CACHED_MAX:
                self._tokens.clear()
            self._tokens[token_hash] = token
        return token

    async def tokens(self, after: int, limit: int) -> Page:
        """Return the tokens after this number, oldest first."""
        rows = await self._read(
            f"SELECT {TOKEN_COLUMNS} FROM tokens WHERE number > ? ORDER BY number LIMIT ?", after, limit + 1
        )
        page = tuple(_token(row) for row in rows[:limit])
        return Page(page, page[-1].number if len(rows) > limit else None)

    async def revoke_token(self, token_hash: bytes, now: Millis) -> None:
        """Let a token open nothing from now on."""
        await self._write("UPDATE tokens SET revoked_ms = ? WHERE hash = ? AND revoked_ms IS NULL", now, token_hash)
        self._forget_token(token_hash)

    def _forget_token(self, token_hash: bytes) -> None:
        self._token_changes += 1
        self._tokens.pop(token_hash, None)

    # Copies.

    async def backup(self, target: Path) -> None:
        """Write a copy of this moment, whole, while the node goes on; FileExistsError where one is there."""
        partial = target.with_name(f"{target.name}.partial")
        with _or_failed():
            try:
                _make_way(target, partial)
                async with aiosqlite.connect(_read_only(self.path), uri=True, isolation_level=None) as connection:
                    await connection.execute("VACUUM INTO ?", (str(partial),))
                _put_in_place(partial, target)
            finally:
                partial.unlink(missing_ok=True)

    # Ways to read and write.

    async def _write(self, query: str, *values: object) -> None:
        async with self._writing:
            with _or_failed():
                await self._writer.execute(query, values)

    async def _read(self, query: str, *values: object) -> list[Any]:
        return list(await self._reader.execute_fetchall(query, values))

    async def _by_keys(self, query: str, keys: Iterable[bytes]) -> list[Any]:
        """Return the rows of all these keys, in few statements of few different lengths."""
        wanted = list(keys)
        found: list[Any] = []
        for start in range(0, len(wanted), KEYS_PER_QUERY):
            some = wanted[start : start + KEYS_PER_QUERY]
            places = 1 << (len(some) - 1).bit_length()
            some += [some[0]] * (places - len(some))
            found += await self._read(f"{query} ({','.join('?' * places)})", *some)
        return found

    def _rows(self, query: str) -> Iterator[Any]:
        with closing(sqlite3.connect(_read_only(self.path), uri=True, check_same_thread=False)) as connection:
            try:
                rows = connection.execute(query)
                while chunk := rows.fetchmany(ENTRIES_PER_READ):
                    yield from chunk
            except sqlite3.DatabaseError as error:
                raise StorageUnusable(f"{self.path} is damaged ({error}): restore a backup") from error


_SETTINGS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "secure_delete = ON",
    f"cache_size = -{CACHE_KIBIBYTES}",
    f"wal_autocheckpoint = {LOG_PAGES}",
)


_READ_AGAIN = f"DELETE FROM meta WHERE key = '{UNREAD}' AND value > ?"


def _insertions(rows: Mapping[str, list[Any]]) -> list[Statement]:
    """Return the statements that insert these rows, of lengths that are powers of two: they stay prepared."""
    statements: list[Statement] = []
    for table, values in rows.items():
        _, width = INSERTS[table]
        start, left = 0, len(values) // width
        while left:
            length = min(1 << left.bit_length() - 1, ROWS_PER_STATEMENT_MAX)
            statements.append((_insert(table, length), values[start : start + length * width]))
            start, left = start + length * width, left - length
    return statements


def _deletions(forgotten: Iterable[Forget]) -> Iterator[Statement]:
    """Yield the statements that drop what was never said; lines are made by the network's own ledger alone."""
    for network, lane, after, _ in forgotten:
        yield f"DELETE FROM entries WHERE lane = {LANE} AND seq > ?", (network, lane, after)
        yield LESS_KNOWN[0]
        if lane == LEDGER:
            yield "DELETE FROM lines WHERE seq > ?", (after,)
            yield _READ_AGAIN, (after,)
            yield LESS_KNOWN[1]


@cache
def _insert(table: str, rows: int) -> str:
    insert, width = INSERTS[table]
    row = f"({', '.join('?' * width)})"
    return f"{insert} VALUES {', '.join([row] * rows)}"


@contextmanager
def _or_failed() -> Iterator[None]:
    """Say StorageFailed for what the disk did; an IntegrityError is a bug of ours."""
    try:
        yield
    except sqlite3.IntegrityError:
        raise
    except sqlite3.DatabaseError as error:
        raise StorageFailed(str(error)) from error


def stored_entry(arrival: int, entry_id: bytes, wire: bytes) -> Entry:
    """Return a stored entry; raises StorageUnusable where a bit of it has changed since it was stored."""
    try:
        entry = parse(wire)
    except (CodecFault, EntryFault):
        entry = None
    if entry is None or entry.id != entry_id:
        raise StorageUnusable(f"entry {arrival} of the database is damaged: restore a backup")
    return entry


def _token(row: Sequence[Any]) -> Token:
    token = Token(*row)
    return token if token.scopes is None else replace(token, scopes=frozenset(json.loads(row[6])))


def _read_only(path: Path) -> str:
    return f"{path.resolve().as_uri()}?mode=ro"


def _check_place(path: Path, *, create: bool) -> None:
    if sqlite3.sqlite_version_info < SQLITE_LEAST:
        raise StorageUnusable(f"SQLite {sqlite3.sqlite_version} is too old: mutirao needs 3.38 or newer")
    if create and path.exists():
        raise StorageUnusable(f"{path} is already there")
    if not create and not path.is_file():
        raise StorageUnusable(f"{path} is not there: run `mutirao init`, or restore a backup")


async def _check_version(connection: aiosqlite.Connection, path: Path) -> None:
    [(version,)] = await connection.execute_fetchall("PRAGMA user_version")
    if version != SCHEMA_VERSION:
        remedy = "restore a backup"
        if version:  # a backup has the same schema as what it is a copy of
            older = "an older mutirao wrote it, and only that one can serve from it"
            remedy = "install a newer mutirao" if version > SCHEMA_VERSION else older
        raise StorageUnusable(f"{path} has schema {version}, this mutirao knows {SCHEMA_VERSION}: {remedy}")


def _make_way(target: Path, partial: Path) -> None:
    if target.exists():
        raise FileExistsError(f"{target} is already there")
    partial.unlink(missing_ok=True)


def _put_in_place(partial: Path, target: Path) -> None:
    """Give a finished copy its name, durably."""
    for place in (partial, target.parent):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            if place == target.parent:
                partial.rename(target)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
