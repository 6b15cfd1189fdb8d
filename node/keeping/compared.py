# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a database tells beside its entries, compared with the book that these make: rows, and links' claims."""

import sqlite3
from collections.abc import Iterator

from node.store.lanes import FAULT
from node.store.rows import COLUMNS, ROW_DIGEST_BYTES, ROW_FORMS, forms, packed
from protocol.book.book import Book
from protocol.practices.between.faults.evidence import EVIDENCE_BYTES_MAX
from protocol.practices.between.faults.seen import Fault
from protocol.practices.between.faults.unclaimed import told_of, unclaimed
from protocol.wire.codec import decode
from protocol.wire.shape import from_map

LINES_SHOWN_MAX = 3
"""How many statement lines that differ are named; the rest is counted."""


def wrong_rows(connection: sqlite3.Connection, book: Book) -> list[str]:
    """Return which stored rows are not what the entries make them; none where a start makes all of them anew."""
    row = connection.execute("SELECT value FROM meta WHERE key = ?", (ROW_FORMS,)).fetchone()
    if row is None or row[0][:ROW_DIGEST_BYTES] != forms(rows.table for rows in book.tables.values()):
        return []
    made = {one.stored[:2]: one.stored for one in map(packed, book.settle())}
    wrong = [
        f"row {stored[1]} of {stored[0]} is not what the entries make it"
        for stored in connection.execute(f"SELECT {COLUMNS} FROM rows")  # noqa: S608 - constants
        if made.pop(stored[:2], None) != stored
    ]
    wrong += (f"row {place} of {kind} is missing" for kind, place in made)
    if len(wrong) > LINES_SHOWN_MAX:
        wrong[LINES_SHOWN_MAX:] = [f"{len(wrong)} rows in all differ: mutirao rebuild makes them anew"]
    return wrong


def lacking_claims(connection: sqlite3.Connection, book: Book, *, of_home: bool) -> Iterator[str]:
    """Yield for which links the ledger tells of more than the records claim.

    A home stores both at once. To a copy the records may yet be under way: there that counts which its node has seen
    for long, and keeps as a fault.
    """
    stored = connection.execute(f"SELECT value FROM meta WHERE key >= '{FAULT}' AND key < '{FAULT}g'")  # noqa: S608
    kept = {from_map(Fault, decode(data, bytes_max=EVIDENCE_BYTES_MAX)).detail for (data,) in stored}
    return (told_of(link) for link, _, _ in unclaimed(book) if of_home or told_of(link) in kept)
