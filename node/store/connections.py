# SPDX-License-Identifier: AGPL-3.0-or-later
"""The connections to a database: one that writes, one that reads beside it, and what they raise."""

import asyncio
import logging
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import aiosqlite

from node.store.migrations import migrate, stands_between
from node.store.schema import SCHEMA_VERSION

SQLITE_LEAST = (3, 38, 0)
"""The first SQLite that knows the operator ->>."""
ENTRIES_PER_READ = 1_024
KEYS_PER_QUERY = 256
PAGES_KIBIBYTES = 16_384
"""So that the changed pages of a large batch need not leave memory before it is committed."""
LOG_PAGES = 4_096
"""After how many pages the log is brought into the database: more of them are then written once for many."""
SETTINGS = (
    "journal_mode = WAL",
    "synchronous = FULL",
    "secure_delete = ON",
    f"cache_size = -{PAGES_KIBIBYTES}",
    f"wal_autocheckpoint = {LOG_PAGES}",
)

WriteStatement = tuple[str, Sequence[Any]]

log = logging.getLogger(__name__)


class StorageFailed(Exception):
    """A write could not be made durable, for want of room or a broken disk: nothing of it is stored."""


class StorageUnusable(Exception):
    """The database file cannot be served from; the text says what to do."""


class Writer(aiosqlite.Connection):
    """A connection that takes a whole transaction in one trip to its thread.

    Each trip, and each step of a statement, waits for the interpreter while the event loop is busy: a
    commit of a statement for each row, each with its trip, was measured at 190 ms where this takes three.
    """

    async def migrate(self) -> int:
        """Bring the database to this version's schema; returns from which it came."""
        return await self._execute(lambda: migrate(self._conn))

    async def transact(self, statements: Sequence[WriteStatement]) -> None:
        """Carry out statements, all or none."""
        await self._execute(self._transact, statements)

    def _transact(self, statements: Sequence[WriteStatement]) -> None:
        connection = self._conn
        connection.execute("BEGIN IMMEDIATE")
        try:
            for query, values in statements:
                connection.execute(query, values)
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")


class Connections:
    """One database, open: what reads and writes of one subject stands in a class of its own, in the files beside."""

    def __init__(self, path: Path, writer: Writer, reader: aiosqlite.Connection) -> None:
        self.path = path
        self._writer = writer
        self._reader = reader
        self._writing = asyncio.Lock()
        """Held by whoever writes: a transaction of several statements is nobody else's."""

    async def close(self) -> None:
        """Finish what was asked for and close the file."""
        await self._reader.close()
        await self._writer.close()

    async def _write(self, query: str, *values: object) -> int:
        """Carry out a statement by itself; returns how many rows it has changed."""
        async with self._writing:
            with or_failed():
                done = await self._writer.execute(query, values)
            return done.rowcount

    async def _read(self, query: str, *values: object) -> list[Any]:
        try:
            return list(await self._reader.execute_fetchall(query, values))
        except sqlite3.OperationalError:
            raise
        except sqlite3.DatabaseError as error:
            log.error("the database is damaged", extra={"reason": str(error)})
            raise StorageUnusable(f"{self.path} is damaged ({error}): restore a backup") from error

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
        with closing(sqlite3.connect(read_only(self.path), uri=True, check_same_thread=False)) as connection:
            try:
                rows = connection.execute(query)
                while chunk := rows.fetchmany(ENTRIES_PER_READ):
                    yield from chunk
            except sqlite3.DatabaseError as error:
                raise StorageUnusable(f"{self.path} is damaged ({error}): restore a backup") from error


@contextmanager
def or_failed() -> Iterator[None]:
    """Say StorageFailed for what the disk did; an IntegrityError is a bug of ours."""
    try:
        yield
    except sqlite3.IntegrityError:
        raise
    except sqlite3.DatabaseError as error:
        raise StorageFailed(str(error)) from error


def read_only(path: Path) -> str:
    return f"{path.resolve().as_uri()}?mode=ro"


def check_place(path: Path, *, create: bool) -> None:
    if sqlite3.sqlite_version_info < SQLITE_LEAST:
        raise StorageUnusable(f"SQLite {sqlite3.sqlite_version} is too old: mutirao needs 3.38 or newer")
    if create and path.exists():
        raise StorageUnusable(f"{path} is already there")
    if not create and not path.is_file():
        raise StorageUnusable(f"{path} is not there: run `mutirao init`, or restore a backup")


def version_fault(version: int, path: Path) -> str | None:
    """Return why a database of a schema cannot be used, None where it can, as it is or once it is migrated."""
    if version == SCHEMA_VERSION or stands_between(version):
        return None
    remedy = "restore a backup"
    if version:  # a backup has the same schema as what it is a copy of
        older = "it is from before migrations; `mutirao import` takes a group over from a node that serves it"
        remedy = "install a newer mutirao" if version > SCHEMA_VERSION else older
    return f"{path} has schema {version}, this mutirao knows {SCHEMA_VERSION}: {remedy}"
