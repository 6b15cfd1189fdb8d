# SPDX-License-Identifier: AGPL-3.0-or-later
"""Rows on a simulated disk: as bytes, as node/store/rows.py keeps them, and read back for the batch that names them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from protocol.book.declaration import RowsWanted
from protocol.book.plans import Page
from protocol.book.tables import Fetched, Kept, Name, Table
from protocol.events import Effect, Fetch, Input, Keep, RowsBrought
from protocol.replica import Replica
from protocol.wire.record import pack_record, unpack_record

_ROUNDS_MAX = 1_000

Handle = Callable[[tuple[Input, ...]], list[Effect]]


@dataclass(frozen=True)
class StoredRow:
    """A row of a table at its place, as bytes; what it is found by, and whether it is closed."""

    place: int
    data: bytes
    kept: Kept


@dataclass
class StoredRows:
    """All rows that a node has stored; one that is kept takes the place of nothing but its elder."""

    by_name: Mapping[Name, StoredRow] = field(default_factory=dict)

    def keep(self, kept: Kept) -> None:
        row = StoredRow(kept.place, pack_record(kept.row), kept._replace(row=None))
        self.by_name = {**self.by_name, kept.name: row}

    def fetch(self, names: Iterable[Name]) -> Iterator[Fetched]:
        for name in sorted(names):
            row = self.by_name.get(name)
            yield Fetched(name, -1, None) if row is None else Fetched(name, row.place, _row(row))

    def all(self, table: Table[Any]) -> Iterator[tuple[Name, Any]]:
        """Yield all rows of a table, as they came."""
        found = ((row.place, name, _row(row)) for name, row in self.by_name.items() if row.kept.table is table)
        for _, name, row in sorted(found, key=lambda one: one[0]):
            yield name, row

    def listed(self, wanted: RowsWanted) -> Page:
        """Return a page as node.store.storage.Storage.listed does."""
        found = sorted(
            (row.place, _row(row))
            for row in self.by_name.values()
            if row.kept.table is wanted.table and row.place >= wanted.after
            if not (wanted.open_only and row.kept.closed)
            if wanted.by is None or not set(wanted.by).isdisjoint(row.kept.found_by)
        )
        fitting = [one for one in found if wanted.wanted is None or wanted.wanted(one[1])]
        page = tuple(wanted.show(row) for _, row in fitting[: wanted.limit])
        return Page(page, fitting[wanted.limit - 1][0] + 1 if len(fitting) > wanted.limit else None)

    def begin(self, replica: Replica) -> None:
        """Hold what a replica that has just folded all its entries keeps."""
        self.by_name = {}
        for kept in replica.book.settle():
            self.keep(kept)


def decided(replica: Replica, rows: StoredRows, inputs: Sequence[Input], handle: Handle) -> list[Effect]:
    """Return all that a replica asks for, with the rows at hand that it names, as node/loop/handling.py does."""
    fresh = replace(rows)
    effects: list[Effect] = []
    names = replica.names(inputs)
    for _ in range(_ROUNDS_MAX):
        brought = tuple(fresh.fetch(names))
        some = handle(((RowsBrought(brought),) if brought else ()) + tuple(inputs))
        effects += (one for one in some if not isinstance(one, Fetch))
        for one in some:
            if isinstance(one, Keep):
                fresh.keep(one.kept)
        lacking = [one for one in some if isinstance(one, Fetch)]
        if not lacking:
            return effects
        wanted = {name for one in lacking for name in one.names}
        before, inputs = (
            len(inputs),
            tuple(one for fetch in lacking for one in fetch.inputs if not isinstance(one, RowsBrought)),
        )
        assert not names.issuperset(wanted) or len(inputs) < before, "what was brought is asked for again"
        names = names.union(wanted, replica.names(inputs))
    raise AssertionError("other rows are asked for each time")


def _row(row: StoredRow) -> Any:
    return unpack_record(row.kept.table.row, row.data)
