# SPDX-License-Identifier: AGPL-3.0-or-later
"""The statements of a commit: what goes, and what enters each table."""

# ruff: noqa: S608 - what is put together into queries are the constants below, never a value

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

from node.loop.batch import UNREAD, Batch
from node.store.connections import WriteStatement
from node.store.lanes import LANE_NUMBER
from node.store.rows import ROW_DIGEST_BYTES, ROW_FORMS
from node.store.schema import INSERTS
from protocol.events import DropBoardItem, Forget, StoreBoardItem
from protocol.lanes.entry import LEDGER

ROWS_PER_STATEMENT_MAX = 2_048
"""A power of two, of which SQLite takes the values."""
_ANOTHER_MARKER = f"CAST(substr(value, 1, {ROW_DIGEST_BYTES}) || randomblob(8) AS BLOB)"
"""What SQLite joins by || is text otherwise."""
LESS_KNOWN: Sequence[WriteStatement] = (
    (f"UPDATE meta SET value = {_ANOTHER_MARKER} WHERE key = '{ROW_FORMS}'", ()),
    (f"DELETE FROM meta WHERE key = '{ROW_FORMS}'", ()),
)
"""Entries are none any more: snapshots that rest on them count no longer; and rows, where they were of our ledger."""
READ_AGAIN = f"DELETE FROM meta WHERE key = '{UNREAD}' AND value > ?"


def insertions(rows: Mapping[str, list[Any]]) -> list[WriteStatement]:
    """Return the statements that insert these rows, of lengths that are powers of two: they stay prepared."""
    statements: list[WriteStatement] = []
    for table, values in rows.items():
        _, width = INSERTS[table]
        start, left = 0, len(values) // width
        while left:
            length = min(1 << left.bit_length() - 1, ROWS_PER_STATEMENT_MAX)
            statements.append((_insert(table, length), values[start : start + length * width]))
            start, left = start + length * width, left - length
    return statements


def deletions(forgotten: Iterable[Forget]) -> Iterator[WriteStatement]:
    """Yield the statements that drop what was never said; lines are made by the network's own ledger alone."""
    for network, lane, after, _ in forgotten:
        yield f"DELETE FROM entries WHERE lane = {LANE_NUMBER} AND seq > ?", (network, lane, after)
        yield LESS_KNOWN[0]
        if lane == LEDGER:
            yield "DELETE FROM lines WHERE seq > ?", (after,)
            yield READ_AGAIN, (after,)
            yield LESS_KNOWN[1]


def unpinned(batch: Batch) -> Iterator[WriteStatement]:
    """Yield the statements that drop what is stored of items of boards that nothing comes in the place of."""
    for place, item in batch.board.items():
        if isinstance(item, DropBoardItem):
            yield "DELETE FROM board_items WHERE network = ? AND item = ?", place


def withdraws(item: StoreBoardItem | DropBoardItem) -> bool:
    """Tell whether nothing is to be left on the disk of what an item of a board has said."""
    return isinstance(item, DropBoardItem) or item.withdrawn


@cache
def _insert(table: str, rows: int) -> str:
    insert, width = INSERTS[table]
    row = f"({', '.join('?' * width)})"
    return f"{insert} VALUES {', '.join([row] * rows)}"
