# SPDX-License-Identifier: AGPL-3.0-or-later
"""What of a database belongs to its network, as records of an export: written from one, and put into a new one.

No token, no key and no event for subscribers is among it; rows and lines follow from the entries.
"""

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from node.loop.batch import Answered, Batch
from node.store.connections import read_only
from node.store.private import ITEM_ROWS
from protocol.book.private import PrivateItem
from protocol.events import Erase, StoreBoardItem
from protocol.lanes.entry import parse
from protocol.lanes.exports import EXPORT_RECORD_BYTES_MAX, ExportPart, ExportRecord
from protocol.wire.codec import decode, encode

RECORDS_PER_BATCH = 1_024

_ENTRIES = "SELECT wire FROM entries ORDER BY arrival"
_BOARDS = "SELECT arrival, network, item, wire FROM board_items ORDER BY arrival"
_ANSWERS = "SELECT scope, request, status, content_type, body, at_ms FROM answers ORDER BY number"


def records_of(database: Path, erased: Iterable[Erase]) -> Iterator[ExportRecord]:
    """Yield what belongs to the network of a database, whole as of one moment; raises sqlite3.Error."""
    with closing(sqlite3.connect(read_only(database), uri=True, isolation_level=None)) as connection:
        connection.execute("BEGIN")
        for (wire,) in connection.execute(_ENTRIES):
            yield ExportRecord(ExportPart.ENTRY, wire)
        for part, rows in (
            (ExportPart.BOARD, connection.execute(_BOARDS)),
            (ExportPart.PRIVATE, connection.execute(f"{ITEM_ROWS} ORDER BY number")),
            (ExportPart.ANSWER, connection.execute(_ANSWERS)),
        ):
            for row in rows:
                yield ExportRecord(part, encode(tuple(row)))
    for one in erased:
        yield ExportRecord(ExportPart.ERASED, encode((one.owner, one.until_ms)))


def batches_of(records: Iterable[ExportRecord], erased: list[Erase]) -> Iterator[Batch]:
    """Yield what puts records into a database, in order, and add to `erased` what a file beside it keeps.

    Raises ValueError where one has no form.
    """
    batch = Batch()
    for count, (part, data) in enumerate(records, 1):
        if part is ExportPart.ERASED:
            erased.append(_erasure_of(data))
        _put(batch, part, data)
        if count % RECORDS_PER_BATCH == 0:
            yield batch
            batch = Batch()
    yield batch


def _put(batch: Batch, part: ExportPart, data: bytes) -> None:
    match part:
        case ExportPart.ENTRY:
            batch.entries.append(parse(data))
        case ExportPart.BOARD:
            arrival, network, item, wire = _fields(data, int, bytes, bytes, bytes)
            batch.pin(StoreBoardItem(network, item, arrival, wire, withdrawn=False))
        case ExportPart.PRIVATE:
            batch.items.append(PrivateItem(*_fields(data, bytes, str, str, str, bytes, str, int)))
        case ExportPart.ANSWER:
            batch.answers.append(Answered(*_fields(data, bytes, bytes, int, str, bytes, int)))
        case ExportPart.ERASED | ExportPart.SEAL:
            pass


def _erasure_of(data: bytes) -> Erase:
    owner, until_ms = _fields(data, str, int)
    if not owner or any(char.isspace() for char in owner) or until_ms < 0:
        raise ValueError("an erasure is of a member, until a time")
    return Erase(owner, until_ms)


def _fields(data: bytes, *kinds: type) -> tuple[Any, ...]:
    fields = decode(data, bytes_max=EXPORT_RECORD_BYTES_MAX)
    if not isinstance(fields, tuple) or [type(one) for one in fields] != list(kinds):
        raise ValueError("a record of an export has no form")
    return fields
