# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is kept of webhooks: where they go, what waits for each, and what was given up; in a file beside the database.

It is in no backup: its secrets are told to nobody again, and what another copy of a node has sent it need not send.
"""

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from threading import Lock
from typing import Any

from protocol.lanes.entry import Millis

HOOKS_FILE = "hooks.db"
HOOKS_MAX = 20
PENDING_MAX = 10_000
"""So much waits for one receiver; of more, the oldest is given up."""
DEAD_MAX = 1_000
"""So much of what was given up is kept to be sent again."""
_TABLES = """
CREATE TABLE IF NOT EXISTS hooks (
    number INTEGER PRIMARY KEY AUTOINCREMENT, url TEXT NOT NULL, label TEXT NOT NULL, types TEXT NOT NULL,
    secret BLOB NOT NULL, created_ms INTEGER NOT NULL, gone INTEGER NOT NULL DEFAULT 0);
CREATE TABLE IF NOT EXISTS deliveries (
    number INTEGER PRIMARY KEY AUTOINCREMENT, hook INTEGER NOT NULL, message TEXT NOT NULL, type TEXT NOT NULL,
    body BLOB NOT NULL, state TEXT NOT NULL, tries INTEGER NOT NULL, due_ms INTEGER NOT NULL, said TEXT NOT NULL);
CREATE INDEX IF NOT EXISTS deliveries_by_hook ON deliveries (hook, state, number);
CREATE INDEX IF NOT EXISTS deliveries_due ON deliveries (state, due_ms);
CREATE TABLE IF NOT EXISTS place (only INTEGER PRIMARY KEY CHECK (only = 1), after INTEGER NOT NULL);
"""


class HookMessageState(StrEnum):
    """Whether a message waits for its next try or was given up."""

    PENDING = "pending"
    DEAD = "dead"


@dataclass(frozen=True, slots=True)
class Hook:
    """A receiver: where it is, and which types of event it gets (none named: all)."""

    number: int
    url: str
    label: str
    types: frozenset[str]
    secret: bytes
    created_ms: Millis
    gone: bool = False
    """Whether its receiver said that it is gone for good (410)."""


@dataclass(frozen=True, slots=True)
class HookMessage:
    """A message for a receiver: its id, which is the same at each try, and how the last try went."""

    number: int
    hook: int
    message: str
    type: str
    body: bytes
    state: str
    tries: int
    due_ms: Millis
    said: str


class HookStore:
    """Hooks and deliveries; each method is one transaction, and may be called from any thread."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute("PRAGMA secure_delete = ON")
        self._connection.executescript(_TABLES)
        self._lock = Lock()

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()

    def after(self) -> int | None:
        """Return the seq of the last event that was queued, None before the first."""
        found = self._read("SELECT after FROM place")
        return found[0][0] if found else None

    def hooks(self) -> Sequence[Hook]:
        """Return all receivers, oldest first."""
        rows = self._read("SELECT number, url, label, types, secret, created_ms, gone FROM hooks ORDER BY number")
        return [
            Hook(number, url, label, frozenset(json.loads(types)), secret, created_ms, bool(gone))
            for number, url, label, types, secret, created_ms, gone in rows
        ]

    def add(self, url: str, label: str, types: Iterable[str], secret: bytes, now: Millis) -> Hook:
        """Keep a new receiver."""
        told = json.dumps(sorted(types))
        with self._lock:
            made = self._connection.execute(
                "INSERT INTO hooks (url, label, types, secret, created_ms) VALUES (?, ?, ?, ?, ?)",
                (url, label, told, secret, now),
            )
        return Hook(made.lastrowid or 0, url, label, frozenset(types), secret, now)

    def remove(self, hook: int) -> None:
        """Forget a receiver and all that waits for it."""
        self._write(("DELETE FROM deliveries WHERE hook = ?", (hook,)), ("DELETE FROM hooks WHERE number = ?", (hook,)))

    def queue(self, messages: Sequence[tuple[int, str, str, bytes]], after: int | None, now: Millis) -> None:
        """Keep messages (hook, id, type, body) to be sent, and up to which event that is; both or neither."""
        insert = (
            "INSERT INTO deliveries (hook, message, type, body, state, tries, due_ms, said)"
            " VALUES (?, ?, ?, ?, 'pending', 0, ?, '')"
        )
        steps: list[tuple[str, tuple[Any, ...]]] = [(insert, (*one, now)) for one in messages]
        steps += [step for hook in {one[0] for one in messages} for step in _bounding(hook)]
        if after is not None:
            steps.append(("INSERT OR REPLACE INTO place (only, after) VALUES (1, ?)", (after,)))
        self._write(*steps)

    def due(self, now: Millis, limit: int) -> Sequence[HookMessage]:
        """Return the oldest message that is due of each of so many receivers."""
        return self._deliveries(
            "WHERE number IN (SELECT min(number) FROM deliveries WHERE state = 'pending' AND due_ms <= ?"
            " GROUP BY hook) ORDER BY due_ms LIMIT ?", now, limit,
        )  # fmt: skip

    def next_due(self) -> Millis | None:
        """Return when the next message is due, None where none waits."""
        return self._read("SELECT min(due_ms) FROM deliveries WHERE state = 'pending'")[0][0]

    def done(self, number: int) -> None:
        """Forget a message that was taken."""
        self._write(("DELETE FROM deliveries WHERE number = ?", (number,)))

    def failed(self, one: HookMessage, said: str, due_ms: Millis | None) -> None:
        """Keep how a try went, and when the next is; None: it is given up."""
        state = HookMessageState.DEAD if due_ms is None else HookMessageState.PENDING
        self._write(
            ("UPDATE deliveries SET state = ?, tries = tries + 1, due_ms = ?, said = ? WHERE number = ?",
             (state, due_ms or one.due_ms, said, one.number)),
            *_bounding(one.hook),
        )  # fmt: skip

    def end(self, hook: int) -> None:
        """Send nothing more to a receiver that is gone; what waits is given up."""
        self._write(
            ("UPDATE hooks SET gone = 1 WHERE number = ?", (hook,)),
            ("UPDATE deliveries SET state = 'dead' WHERE hook = ?", (hook,)),
            *_bounding(hook),
        )

    def replay(self, hook: int, numbers: Sequence[int] | None, now: Millis) -> int:
        """Let what was given up be tried anew, all of it or these; returns how many."""
        asked = "" if numbers is None else f" AND number IN ({','.join('?' * len(numbers))})"
        with self._lock:
            self._connection.execute("UPDATE hooks SET gone = 0 WHERE number = ?", (hook,))
            done = self._connection.execute(
                "UPDATE deliveries SET state = 'pending', tries = 0, due_ms = ?"  # noqa: S608
                f" WHERE hook = ? AND state = 'dead'{asked}",
                (now, hook, *(numbers or ())),
            )
            return done.rowcount

    def deliveries(self, hook: int, after: int, limit: int) -> Sequence[HookMessage]:
        """Return what waits for a receiver and what was given up, oldest first."""
        return self._deliveries("WHERE hook = ? AND number > ? ORDER BY number LIMIT ?", hook, after, limit)

    def counts(self, hook: int) -> tuple[int, int]:
        """Return how much waits for a receiver, and how much was given up and is kept."""
        rows = dict(self._read("SELECT state, count(*) FROM deliveries WHERE hook = ? GROUP BY state", hook))
        return rows.get(HookMessageState.PENDING, 0), rows.get(HookMessageState.DEAD, 0)

    def _deliveries(self, where: str, *values: Any) -> Sequence[HookMessage]:
        columns = "number, hook, message, type, body, state, tries, due_ms, said"
        return [HookMessage(*row) for row in self._read(f"SELECT {columns} FROM deliveries {where}", *values)]  # noqa: S608

    def _read(self, query: str, *values: Any) -> list[Any]:
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    def _write(self, *steps: tuple[str, tuple[Any, ...]]) -> None:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                for statement, values in steps:
                    self._connection.execute(statement, values)
                self._connection.execute("COMMIT")
            finally:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")


def _bounding(hook: int) -> Iterable[tuple[str, tuple[Any, ...]]]:
    """Yield what gives up the oldest of too much that waits, and forgets the oldest of too much that was given up."""
    nth = "(SELECT number FROM deliveries WHERE hook = ? AND state = ? ORDER BY number DESC LIMIT 1 OFFSET ?)"
    given_up = "UPDATE deliveries SET state = 'dead', said = 'too much waited' WHERE hook = ? AND state = 'pending'"
    forgotten = "DELETE FROM deliveries WHERE hook = ? AND state = 'dead'"
    yield f"{given_up} AND number <= {nth}", (hook, hook, HookMessageState.PENDING, PENDING_MAX)
    yield f"{forgotten} AND number <= {nth}", (hook, hook, HookMessageState.DEAD, DEAD_MAX)
