# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a copy of a database holds, so that whoever keeps it knows how to keep it."""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Holding:
    """What a copy holds: private items of so many members, lanes and entries. Keys are in none."""

    members: int
    items: int
    lanes: int
    entries: int
    keys: int = 0


def holding_of(database: Path) -> Holding:
    """Return what a database holds; raises sqlite3.Error."""
    counts = (
        "SELECT count(DISTINCT owner) FROM private_items WHERE owner != ''",
        "SELECT count(*) FROM private_items",
        "SELECT count(*) FROM lanes",
        "SELECT count(*) FROM entries",
    )
    with closing(sqlite3.connect(f"{database.resolve().as_uri()}?mode=ro", uri=True)) as connection:
        return Holding(*(connection.execute(count).fetchone()[0] for count in counts))
