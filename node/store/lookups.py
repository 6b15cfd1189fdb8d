# SPDX-License-Identifier: AGPL-3.0-or-later
"""What people look up: rows of practices' tables, statement lines, answers given before, events."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from node.loop.batch import Answered, EventStored
from node.store.connections import Connections
from node.store.rows import COLUMNS, ROW_FORMS, SCANNED_MAX, fetched, fetching, opened, page_found, rows_query
from node.store.search import SearchIndex, next_turn
from protocol.book.declaration import Lookup, Page, RowsWanted
from protocol.book.tables import Fetched, Name, Rows
from protocol.events import Line

EVENTS_PER_READ = 256

LINES = (
    "SELECT arrival, accounts.id, seq, at_ms, kind, payment, counterpart, amount_minor, balance_minor"
    " FROM lines JOIN accounts ON number = account"
)


class Lookups(Connections):
    """What is stored to be looked up."""

    search: SearchIndex

    async def fetch(self, names: Iterable[Name], tables: Mapping[str, Rows[Any]]) -> tuple[Fetched, ...]:
        """Return what is stored of each of these rows; raises RowDamaged."""
        found: list[Any] = []
        for query, values in fetching(names):
            found += await self._read(query, *values)
        return tuple(fetched(found, names, tables))

    async def listed(self, wanted: RowsWanted) -> Page:
        """Return a page of rows, as they came, or as a search ranks them; raises RowDamaged, SearchBroken."""
        if wanted.search is not None:
            return await self._searched(wanted)
        found: list[tuple[int, Any]] = []
        after, scanned = wanted.after, 0
        while len(found) <= wanted.limit and wanted.by != ():
            query, values = rows_query(wanted, after, wanted.limit + 1)
            rows = await self._read(query, *values)
            opened_rows = ((row[1], opened(row, wanted.table)) for row in rows)
            found += [one for one in opened_rows if wanted.wanted is None or wanted.wanted(one[1])]
            scanned += len(rows)
            if len(rows) <= wanted.limit:
                return page_found(found, wanted.limit, None)
            after = rows[-1][1] + 1
            if scanned >= SCANNED_MAX:
                break
        return page_found(found, wanted.limit, after if found or scanned else None)

    async def _searched(self, wanted: RowsWanted) -> Page:
        places, shown, base = await self.search.places(wanted)
        found: list[Any] = []
        for at in range(shown, len(places), wanted.limit):
            some = places[at : at + wanted.limit]
            marks = ",".join("?" * len(some))
            query = f"SELECT {COLUMNS} FROM rows WHERE kind = ? AND place IN ({marks})"  # noqa: S608 - constants
            rows = {row[1]: row for row in await self._read(query, wanted.table.name, *some)}
            for shown, place in enumerate(some, at + 1):
                row = None if place not in rows else opened(rows[place], wanted.table)
                closed = wanted.open_only and row is not None and rows[place][3]
                if row is not None and not closed and (wanted.wanted is None or wanted.wanted(row)):
                    found.append(row)
                if len(found) == wanted.limit:
                    return Page(tuple(found), next_turn(base, shown) if shown < len(places) else None)
        return Page(tuple(found), None)

    async def newest(self) -> tuple[bytes, int, bytes]:
        """Return the marker of the stored rows (empty: none), and arrival and id of the newest entry (0: none)."""
        rows = await self._read("SELECT arrival, id FROM entries ORDER BY arrival DESC LIMIT 1")
        markers = await self._read("SELECT value FROM meta WHERE key = ?", ROW_FORMS)
        arrival, entry = rows[0] if rows else (0, b"")
        return markers[0][0] if markers else b"", arrival, entry

    async def statement(self, wanted: Lookup) -> Page:
        """Return the lines of an account that come after a cursor, in the order that is wanted."""
        where: list[str] = ["accounts.id = ?"]
        values: list[str | int] = [wanted.account]
        bounds = (
            ("arrival < ?" if wanted.newest_first else "arrival > ?", wanted.after or None),
            ("at_ms >= ?", wanted.since_ms),
            ("at_ms < ?", wanted.until_ms),
        )
        for bound, value in bounds:
            if value is not None:
                where.append(bound)
                values.append(value)
        order = "DESC" if wanted.newest_first else "ASC"
        query = f"{LINES} WHERE {' AND '.join(where)} ORDER BY arrival {order} LIMIT ?"
        rows = await self._read(query, *values, wanted.limit + 1)
        page = rows[: wanted.limit]
        return Page(tuple(Line(*row[1:]) for row in page), page[-1][0] if len(rows) > wanted.limit else None)

    def lines(self) -> Iterator[Line]:
        """Yield all statement lines in arrival order; in a thread, not on the event loop."""
        for row in self._rows(f"{LINES} ORDER BY arrival"):
            yield Line(*row[1:])

    async def answers(self, scopes: Iterable[bytes]) -> dict[bytes, Answered]:
        """Return the answers that these idempotency scopes have got, by scope."""
        rows = await self._by_keys(
            "SELECT scope, request, status, content_type, body, at_ms FROM answers WHERE scope IN", scopes
        )
        return {row[0]: Answered(*row) for row in rows}

    async def events(self, after: int) -> Sequence[EventStored]:
        """Return the oldest EVENTS_PER_READ events after this seq that are still kept."""
        rows = await self._read(
            "SELECT seq, type, resource, audience, figures FROM events WHERE seq > ? ORDER BY seq LIMIT ?",
            after, EVENTS_PER_READ,
        )  # fmt: skip
        return [
            EventStored(seq, kind, resource, tuple(json.loads(audience)), json.loads(figures))
            for seq, kind, resource, audience, figures in rows
        ]

    async def events_kept(self) -> tuple[int, int]:
        """Return the seq of the oldest and of the newest event kept; (0, 0) where there is none."""
        [bounds] = await self._read("SELECT coalesce(min(seq), 0), coalesce(max(seq), 0) FROM events")
        return bounds
