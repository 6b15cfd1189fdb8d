# SPDX-License-Identifier: AGPL-3.0-or-later
"""Numbered steps that bring the truth tables of an older database to this version's schema.

Each step is one transaction with its number, so whatever stops it, it goes on from the last number. What follows from
the entries (rows, statement lines, the search index) needs no step: a start makes it anew where its form is another.
"""

import sqlite3
from collections.abc import Mapping

from node.store.schema import SCHEMA_VERSION

OLDEST = 3
"""The first schema that steps lead from; a group that began before it comes over by `mutirao import`."""
STEPS: Mapping[int, tuple[str, ...]] = {
    4: ("CREATE INDEX private_by_kind ON private_items (owner, kind, number)",),
    5: (
        "ALTER TABLE tokens ADD COLUMN session_key BLOB",
        "CREATE INDEX tokens_by_member ON tokens (member, number)",
    ),
    6: (
        (
            "CREATE TABLE board_items (arrival INTEGER PRIMARY KEY, network BLOB NOT NULL, item BLOB NOT NULL,"
            " wire BLOB NOT NULL, UNIQUE (network, item))"
        ),
    ),
}
"""What leads to each schema from the one before it; what was released is never changed.

A step for each comes with a home of the schema before, stored by tests/migrating/make.py.
"""


def stands_between(version: int) -> bool:
    """Tell whether steps lead from a schema to that of this version."""
    return OLDEST <= version < SCHEMA_VERSION


def migrate(connection: sqlite3.Connection) -> int:
    """Bring a database to this version's schema; returns from which it came. Raises sqlite3.Error, and can be repeated.

    The connection must leave transactions to whoever has it (isolation_level=None).
    """
    [(came,)] = connection.execute("PRAGMA user_version")
    for version in range(came + 1, SCHEMA_VERSION + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in STEPS[version]:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {version}")
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
    return came
