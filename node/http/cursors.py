# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which part of a list a request asks for: opaque cursors that count in one list alone, and the limit."""

import json
from hashlib import sha256

from node.http.components import Misread
from node.http.problems import Denied
from node.http.refusals import CURSOR_UNKNOWN
from node.http.routes import Exchange
from node.http.schema import form
from node.http.values import bytes_text
from protocol.book.declaration import PAGE_ITEMS_DEFAULT, PAGE_ITEMS_MAX
from protocol.book.refusals import MALFORMED

CURSOR_BYTES = 8
CURSOR_MARK_BYTES = 4


def page_of(exchange: Exchange, query: dict[str, str]) -> tuple[int, int]:
    """Take cursor and limit out of the query of a request for a list; raises Denied where they cannot be."""
    cursor, limit = query.pop("cursor", None), query.pop("limit", None)
    count = PAGE_ITEMS_DEFAULT
    if limit is not None:
        if not (limit.isascii() and limit.isdigit() and len(limit) <= 3 and 1 <= int(limit) <= PAGE_ITEMS_MAX):
            raise Denied(MALFORMED, field="limit", expected=f"a number from 1 to {PAGE_ITEMS_MAX}")
        count = int(limit)
    return 0 if cursor is None else read_cursor(cursor, list_of(exchange)), count


def list_of(exchange: Exchange) -> bytes:
    """Return which list a request reads, with which filters: a cursor counts in that list alone."""
    filters = sorted((name, text) for name, text in exchange.query.items() if name not in ("cursor", "limit"))
    return json.dumps([exchange.path, filters]).encode()


def cursor_text(after: int, of: bytes) -> str:
    """Return the opaque cursor of an arrival number in a list: the number, and what tells it from any other's."""
    number = after.to_bytes(CURSOR_BYTES, "big")
    return bytes_text(number + _mark_of(number, of))


def read_cursor(text: str, of: bytes) -> int:
    """Return the arrival number of a cursor that cursor_text has made of this list; raises Denied for any other."""
    try:
        data = form(bytes).read(text)
    except Misread:
        data = b""
    number, mark = data[:CURSOR_BYTES], data[CURSOR_BYTES:]
    if len(number) != CURSOR_BYTES or mark != _mark_of(number, of) or number[0] & 0x80:
        raise Denied(CURSOR_UNKNOWN)
    return int.from_bytes(number, "big")


def _mark_of(number: bytes, of: bytes) -> bytes:
    return sha256(number + of).digest()[:CURSOR_MARK_BYTES]
