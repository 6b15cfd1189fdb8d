# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whose things were erased and until when, kept outside the database: an older backup does not bring them back."""

import os
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

from node.store.migrations import migrate
from node.store.private import erasing
from protocol.events import Erase

ERASED = "erased"
"""The file of a home beside its high-water mark: a line for each erasure, a member's id and milliseconds since 1970."""


def remember(home: Path, erased: Iterable[Erase]) -> None:
    """Add these, durably, before anything is erased; raises OSError."""
    lines = "".join(f"{one.owner} {one.until_ms}\n" for one in erased)
    descriptor = os.open(home / ERASED, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(descriptor, lines.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remembered(home: Path) -> Sequence[Erase]:
    """Return all erasures of a home; a line that a crash has cut is passed over: nothing was erased by it."""
    try:
        lines = (home / ERASED).read_text("ascii", "replace").splitlines(keepends=True)
    except FileNotFoundError:
        return ()
    words = [line.split() for line in lines if line.endswith("\n")]
    return [Erase(one[0], int(one[1])) for one in words if len(one) == 2 and one[1].isdecimal()]


def erase_aside(database: Path, erased: Iterable[Erase]) -> Sequence[Path]:
    """Erase in the databases that restores have set aside, too; returns those in which that cannot be done."""
    left: list[Path] = []
    for aside in sorted(database.parent.glob(f"{database.name}.old*")):
        if aside.suffix.removeprefix(".old").isdecimal():
            try:
                erase_anew(aside, erased)
            except (sqlite3.Error, KeyError):  # damaged, or of a schema from which no step leads
                left.append(aside)
    return left


def erase_anew(database: Path, erased: Iterable[Erase]) -> int:
    """Erase in a database that nobody serves from what was erased since it was copied; returns how many items went.

    It has this version's schema afterwards. Raises sqlite3.Error.
    """
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        connection.execute("PRAGMA secure_delete = ON")
        migrate(connection)
        [(before,)] = connection.execute("SELECT count(*) FROM private_items")
        connection.execute("BEGIN IMMEDIATE")
        for statement, values in erasing(erased):
            connection.execute(statement, values)
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        [(after,)] = connection.execute("SELECT count(*) FROM private_items")
        return before - after
