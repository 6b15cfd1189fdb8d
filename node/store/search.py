# SPDX-License-Identifier: AGPL-3.0-or-later
"""One index of words for all tables that are searched, in a file of its own beside the database.

It follows the database a commit behind, and can always be made anew from it: nothing is lost with it, no backup holds
it, and one that is damaged stops nobody from paying. After an erasure its words are laid out anew and the file is
written anew, since SQLite leaves copies of what it has moved.
"""

# ruff: noqa: S608 - what is put together into queries are constants and marks, never a value

import asyncio
import logging
import os
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, suppress
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

import aiosqlite

from node.store.connections import ENTRIES_PER_READ, Writer, WriteStatement, read_only
from node.store.erased import ERASED
from node.store.rows import ROW_DIGEST_BYTES, ROW_FORMS, Packed, key_bytes
from protocol.book.declaration import RowsWanted
from protocol.book.folding import folded, words_of
from protocol.book.tables import Name, RowKey, Table, Word

SEARCHED_MAX = 1_000
"""Among how many of the newest rows that its words find a search picks the best."""
THROUGH_MAX = 100
"""Through how many other rows, such as members, one word finds rows that name them."""
WORDS_MAX = 12
SEARCH_VERSION = 1
"""Grows whenever words are folded or kept in another way: then all are indexed anew."""

SEARCH_TABLES = """
CREATE TABLE state (version INTEGER, forms BLOB, arrival INTEGER, erased INTEGER);
CREATE TABLE kinds (number INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
CREATE TABLE texts (number INTEGER NOT NULL, digest BLOB NOT NULL, PRIMARY KEY (number, digest)) WITHOUT ROWID;
CREATE VIRTUAL TABLE words USING fts5 (
    said, told, marks, detail = column, tokenize = "unicode61 remove_diacritics 0");
"""
"""Of each row: words that anybody may know, those of private texts, and marks of what finds it besides."""
_PLACES = 44
"""A row's number: that of its kind, and in so many bits below it its place."""
_TURN_BITS = 10
_TOLD = (
    "SELECT folded(group_concat(CAST(value AS TEXT), ' ')) FROM home.private_items JOIN home.private_values"
    " USING (number) WHERE digest IN"
)
_STATE = (
    f"SELECT {SEARCH_VERSION}, (SELECT substr(value, 1, {ROW_DIGEST_BYTES}) FROM home.meta WHERE key = '{ROW_FORMS}'),"
    " (SELECT max(arrival) FROM home.entries), ?"
)

_GONE = "digest NOT IN (SELECT digest FROM home.private_items)"
_UNTOLD = (
    f"UPDATE words SET told = ({_TOLD} (SELECT digest FROM texts WHERE texts.number = words.rowid))"
    f" WHERE rowid IN (SELECT number FROM texts WHERE {_GONE})"
)
_UNNAMED = f"DELETE FROM texts WHERE {_GONE}"
_LAID_OUT = "INSERT INTO words (words) VALUES ('rebuild')"
_FORGOTTEN = "UPDATE state SET erased = ?"
_NEWEST = "SELECT coalesce(max(place), 0) FROM home.rows WHERE kind = ?"
_KEPT = "SELECT version, forms, arrival, erased FROM state"

log = logging.getLogger(__name__)


class SearchBroken(Exception):
    """The index cannot be read: it is made anew at the next start."""


class Worded(NamedTuple):
    """A row as it is indexed: its kind and place, what is said of it, digests of private texts, marks."""

    kind: str
    place: int
    said: str
    digests: tuple[bytes, ...]
    marks: str


def worded(table: Table[Any], place: int, words: Iterable[Word], found_by: Iterable[tuple[str, RowKey]]) -> Worded:
    """Return how a row is indexed."""
    kept = tuple(words)
    marks = [_mark(table.name, index, value) for index, value in found_by]
    marks += (_mark("row", *one) for one in kept if isinstance(one, Name))
    said = " ".join(folded(one) for one in kept if isinstance(one, str))
    return Worded(table.name, place, said, tuple(one for one in kept if isinstance(one, bytes)), " ".join(marks))


def path_beside(database: Path) -> Path:
    """Return where the index of a database lies."""
    return database.with_name(f"{database.name}.search")


def forget_words(database: Path) -> None:
    """Let there be no index: the next start makes one."""
    for ending in ("", "-wal", "-shm"):
        with suppress(FileNotFoundError):
            path = path_beside(database)
            path.with_name(path.name + ending).unlink()


def remake(database: Path, rows: Iterable[Worded]) -> None:
    """Index these rows, and nothing else, as of now; in a thread. Raises sqlite3.Error."""
    forget_words(database)
    connection = _connected(database)
    try:
        connection.executescript(SEARCH_TABLES)
        kinds: dict[str, int] = {}
        connection.execute("BEGIN")
        for row in rows:
            for query, values in _statements(row, kinds):
                connection.execute(query, values)
        connection.executemany("INSERT INTO kinds (name, number) VALUES (?, ?)", kinds.items())
        connection.execute(f"INSERT INTO state {_STATE}", (_erasures(database),))
        connection.execute("COMMIT")
    finally:
        connection.close()


def is_current(database: Path) -> bool:
    """Tell whether the index holds what the database holds; nobody else has it open."""
    if not path_beside(database).is_file():
        return False
    try:
        with closing(_connected(database)) as connection:
            kept, now = connection.execute(_KEPT), connection.execute(_STATE, (_erasures(database),))
            return kept.fetchall() == now.fetchall()
    except sqlite3.Error:
        return False


class SearchIndex:
    """The index of one database: open between `open` and `close`, where it is current; a start makes it so."""

    def __init__(self, database: Path) -> None:
        self.current = False
        """Whether it holds what the database holds."""
        self._database = database
        self._kinds: dict[str, int] = {}
        self._writer: Writer | None = None
        self._reader: aiosqlite.Connection | None = None
        self._feeding: asyncio.Task[None] | None = None
        self._log_holds_erased = False

    async def open(self) -> None:
        """Open what there is, if it is current."""
        await self.close()
        try:
            if not await asyncio.to_thread(is_current, self._database):
                return
            self._writer = Writer(lambda: _connected(self._database), ENTRIES_PER_READ)
            await self._writer
            uri = read_only(path_beside(self._database))
            self._reader = await aiosqlite.connect(uri, uri=True, isolation_level=None)
            await self._reader.execute("ATTACH ? AS home", (read_only(self._database),))
            kinds = await self._writer.execute_fetchall("SELECT name, number FROM kinds")
        except sqlite3.Error as error:
            await self._give_up(error)
        else:
            self._kinds = {str(name): int(number) for name, number in kinds}
            self.current = True

    async def close(self) -> None:
        """Finish what is under way, and close the file."""
        await self.fed()
        await self._shut()

    def feed(self, rows: Sequence[Packed]) -> None:
        """Follow a commit that has just been made; it is done while others go on."""
        if self.current:
            self._feeding = asyncio.create_task(self._feed(rows))

    async def fed(self) -> None:
        """Wait until what was fed is indexed."""
        if self._feeding is not None:
            feeding, self._feeding = self._feeding, None
            await feeding

    async def scrub(self) -> None:
        """Leave no byte in the file of texts that the database has erased."""
        await self.fed()
        if self._writer is None or not self.current:
            forget_words(self._database)  # it is of no use, and may hold anything
            return
        try:
            await self._writer.transact(
                [(_UNTOLD, ()), (_UNNAMED, ()), (_LAID_OUT, ()), (_FORGOTTEN, (_erasures(self._database),))]
            )
            await self._writer.execute("VACUUM")
            self._log_holds_erased = True
        except sqlite3.Error as error:
            await self._give_up(error)
        await self.empty_log()

    async def empty_log(self) -> None:
        """Cut the log to nothing where it may hold what was erased; whoever reads meanwhile puts that off."""
        if self._log_holds_erased and self._writer is not None:
            with suppress(sqlite3.Error):  # no room: it is tried again, as in the database itself
                [(busy, *_)] = await self._writer.execute_fetchall("PRAGMA main.wal_checkpoint(TRUNCATE)")
                self._log_holds_erased = bool(busy)

    async def places(self, wanted: RowsWanted) -> tuple[Sequence[int], int, int]:
        """Return the places of the rows that all words of a search find, the best first.

        With them come how many of them earlier pages have shown, and what the cursors of further pages count from.
        Raises SearchBroken.
        """
        await self.fed()
        if self._reader is None or not self.current:
            raise SearchBroken
        kind = self._kinds.get(wanted.table.name, 0)
        newest, shown = (wanted.after >> _TURN_BITS) - 1, wanted.after & (1 << _TURN_BITS) - 1
        try:
            if newest < 0:
                [(newest,)] = await self._read(
                    "SELECT coalesce(max(place), 0) FROM home.rows WHERE kind = ?", wanted.table.name
                )
            words = words_of(wanted.search or "")[:WORDS_MAX]
            found = await self._found(wanted, kind, words, newest)
        except sqlite3.Error as error:
            await self._give_up(error)
            raise SearchBroken from error
        return [place for place, _, _ in sorted(found, key=lambda one: _rank(words, *one))], shown, newest + 1

    async def _found(
        self, wanted: RowsWanted, kind: int, words: Sequence[str], newest: int
    ) -> list[tuple[int, str, str]]:
        if not words or not kind or wanted.by == ():
            return []
        asked = [await self._asked(word, wanted.table.through) for word in words]
        values: list[Any] = []
        allowed = ""
        if wanted.by is not None:
            # By their marks the index finds them fast; that they may be seen, the rows' own index says.
            asked.append(f"marks : ({' OR '.join(_mark(wanted.table.name, *one) for one in wanted.by)})")
            pairs = ",".join("(?, ?)" for _ in wanted.by)
            allowed = (
                " AND EXISTS (SELECT 1 FROM home.row_index AS i WHERE i.kind = ? AND (i.name, i.value) IN"
                f" (VALUES {pairs}) AND i.place = words.rowid & {(1 << _PLACES) - 1})"
            )
            values = [wanted.table.name, *(part for name, value in wanted.by for part in (name, key_bytes(value)))]
        return await self._read(
            f"SELECT rowid & {(1 << _PLACES) - 1}, said, told FROM words WHERE words MATCH ?"
            f" AND rowid BETWEEN ? AND ?{allowed} ORDER BY rowid DESC LIMIT {SEARCHED_MAX}",
            " AND ".join(f"({one})" for one in asked), kind << _PLACES, (kind << _PLACES) + newest, *values,
        )  # fmt: skip

    async def _asked(self, word: str, through: Sequence[str]) -> str:
        """Return what finds the rows that a word, or what begins with it, finds by itself or through other rows."""
        by_word = f'{{said told}} : "{word}" *'
        marks: list[str] = []
        for table in through:
            kind = self._kinds.get(table, 0)
            named = await self._read(
                f"SELECT key FROM words JOIN home.rows ON kind = ? AND place = rowid & {(1 << _PLACES) - 1}"
                f" WHERE words MATCH ? AND rowid BETWEEN ? AND ? ORDER BY rowid DESC LIMIT {THROUGH_MAX}",
                table, by_word, kind << _PLACES, ((kind + 1) << _PLACES) - 1,
            )  # fmt: skip
            marks += (_mark("row", table, key) for (key,) in named)
        return f"{by_word} OR marks : ({' OR '.join(marks)})" if marks else by_word

    async def _feed(self, rows: Sequence[Packed]) -> None:
        assert self._writer is not None
        known = dict(self._kinds)
        statements: list[WriteStatement] = []
        for packed in rows:
            kept = packed.kept
            if kept.table.search is not None:
                statements += _statements(worded(kept.table, kept.place, kept.words, kept.found_by), known)
        new = [one for one in known.items() if one[0] not in self._kinds]
        statements += (("INSERT INTO kinds (name, number) VALUES (?, ?)", one) for one in new)
        statements.append(("UPDATE state SET arrival = (SELECT max(arrival) FROM home.entries)", ()))
        try:
            await self._writer.transact(statements)
        except sqlite3.Error as error:
            await self._give_up(error)
        else:
            self._kinds = known

    async def _give_up(self, error: sqlite3.Error) -> None:
        """Let the index go: it can be made anew, and nothing else waits for it."""
        log.error("the search index cannot be used: the next start makes it anew", extra={"reason": str(error)})
        await self._shut()
        forget_words(self._database)

    async def _shut(self) -> None:
        self.current = False
        connections, self._reader, self._writer = (self._reader, self._writer), None, None
        for connection in connections:
            if connection is not None:
                await connection.close()

    async def _read(self, query: str, *values: object) -> list[Any]:
        assert self._reader is not None
        return list(await self._reader.execute_fetchall(query, values))


def _statements(row: Worded, kinds: dict[str, int]) -> Iterator[WriteStatement]:
    """Yield what indexes a row; a kind that has no number yet gets one."""
    number = (kinds.setdefault(row.kind, len(kinds) + 1) << _PLACES) + row.place
    insert = "INSERT OR REPLACE INTO words (rowid, said, told, marks) VALUES"
    if not row.digests:
        yield f"{insert} (?, ?, '', ?)", (number, row.said, row.marks)
        return
    marks = ",".join("?" * len(row.digests))
    yield f"{insert} (?, ?, ({_TOLD} ({marks})), ?)", (number, row.said, *row.digests, row.marks)
    yield "DELETE FROM texts WHERE number = ?", (number,)
    for digest in row.digests:
        yield "INSERT OR IGNORE INTO texts (number, digest) VALUES (?, ?)", (number, digest)


def _rank(words: Sequence[str], place: int, said: str, told: str) -> tuple[int, int, int]:
    """Return by what a row is put in order: words that it has whole, then how few others, then the newest."""
    own = [*said.split(), *told.split()]
    return -len(set(words).intersection(own)), len(own), -place


def _mark(*parts: RowKey) -> str:
    return "m" + blake2b(b"\0".join(map(key_bytes, parts)), digest_size=8).hexdigest()


def next_turn(base: int, shown: int) -> int:
    """Return the cursor of the page after so many rows of a search: what came since it began is not among them."""
    return base << _TURN_BITS | shown


def _erasures(database: Path) -> int:
    """Return how much the home has noted of erasures: more, and there is something that the index must forget."""
    try:
        return (database.parent / ERASED).stat().st_size
    except FileNotFoundError:
        return 0


def _connected(database: Path) -> sqlite3.Connection:
    path = path_beside(database)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    connection = sqlite3.connect(path.resolve().as_uri(), uri=True, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    # What a power cut takes from it is made anew.
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.create_function("folded", 1, folded, deterministic=True)
    connection.execute("ATTACH ? AS home", (read_only(database),))
    return connection
