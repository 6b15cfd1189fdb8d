# SPDX-License-Identifier: AGPL-3.0-or-later
"""Tables: the rows that a practice keeps, and what follows from a declaration of them.

A table that tells which of its rows are closed is stored whole, so that people can look up all of it; in memory it
keeps the rows that rules still need. A closed row leaves memory with the batch that closes it, and comes back for
the length of a batch that names it: the loop reads it from the store before the core sees the batch. A rule that asks
for a row that is neither here nor read raises NotFetched: the loop reads it, and the input is taken anew.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any, Generic, NamedTuple, TypeVar, overload

from protocol.lanes.entry import Millis

R = TypeVar("R")
D = TypeVar("D")
RowKey = bytes | str
"""What names a row: an id of 16 or 32 bytes, or a word."""


@dataclass(frozen=True)
class Table(Generic[R]):
    """A declaration: rows of one slotted dataclass by `key`, in the order in which they came.

    `by` are indexes: the values under which a row is found, by the name of the index. `due` is the hour at which time
    alone does something to a row (None: never). Where `closed` is declared the table is stored, and rows for which it
    holds leave memory.

    `search` yields under what people find a row of a stored table: words, digests of texts in the private store, and
    names of other rows: whatever finds one of those, of a table that is among `through`, finds this one too.
    """

    name: str
    row: type[R]
    key: Callable[[R], Any] = attrgetter("id")
    by: Mapping[str, Callable[[R], Iterable[RowKey]]] = field(
        default_factory=dict[str, Callable[[R], Iterable[RowKey]]]
    )
    due: Callable[[R], Millis | None] | None = None
    search: "Callable[[R], Iterable[Word]] | None" = None
    through: tuple[str, ...] = ()
    closed: Callable[[R], bool] | None = None

    def __deepcopy__(self, memo: object) -> "Table[R]":
        """Stay one declaration, however often the rows of it are copied."""
        return self


class Name(NamedTuple):
    """One row: its table's name and its key."""

    table: str
    key: RowKey


Word = RowKey | Name
"""Under what a row is searched for: a text, the digest (bytes) of one in the private store, or another row."""


class Kept(NamedTuple):
    """A row as it is to be stored: its place in the table's order, whether it is closed, and by what it is found.

    `again` tells that it was closed and stored before: what it was then is still wanted by whoever folds from an
    older snapshot on.
    """

    table: Table[Any]
    name: Name
    place: int
    closed: bool
    found_by: tuple[tuple[str, RowKey], ...]
    words: tuple[Word, ...]
    row: Any
    again: bool


class Fetched(NamedTuple):
    """What the store holds of a row that a batch names; place -1 and no row where it holds none."""

    name: Name
    place: int
    row: Any


class NotFetched(LookupError):
    """A rule has asked for a row that only the store can have."""

    def __init__(self, names: tuple[Name, ...]) -> None:
        super().__init__(names)
        self.names = names


class Rows(Mapping[Any, R]):
    """The rows of one table that are in memory: all that are open, and closed ones that the batch in hand names.

    As a mapping it answers for every row there is; iterating and counting are of those in memory. Whoever changes a
    row asks for it by `change`, in the fold alone.
    """

    def __init__(self, table: Table[R], book: Any) -> None:
        self.table = table
        self.left = 0
        """How many rows are in the store alone: where it is 0, a row that is not here is nowhere."""
        self._book = book
        self._rows: dict[Any, R] = {}
        self._places: dict[Any, int] = {}
        self._next = 0
        self._visiting: dict[Any, tuple[int, R] | None] = {}
        self._changed: dict[Any, bool] = {}
        """What is to be stored, and whether it was closed and stored before."""
        self._stale: set[Any] = set()
        """What indexes do not know yet."""
        self._indexed: dict[Any, tuple[tuple[str, RowKey], ...]] = {}
        self._index: dict[tuple[str, RowKey], list[tuple[int, Any]]] = {}
        self._hours: dict[Any, Millis] = {}
        self._agenda: list[tuple[Millis, int, Any]] = []

    # To look at.

    def __getitem__(self, key: Any) -> R:
        """Return a row; raises KeyError where there is none, NotFetched where only the store can tell."""
        row = self.get(key)
        if row is None:
            raise KeyError(key)
        return row

    @overload
    def get(self, key: Any, default: None = None, /) -> R | None: ...
    @overload
    def get(self, key: Any, default: R | D, /) -> R | D: ...
    def get(self, key: Any, default: Any = None, /) -> Any:
        """Return a row, or the default where there is none; raises NotFetched where only the store can tell."""
        row = self._rows.get(key)
        if row is not None:
            return row
        if key in self._visiting:
            visitor = self._visiting[key]
            return default if visitor is None else visitor[1]
        if not self.left:
            return default
        self._ask((Name(self.table.name, key),))
        return self.get(key, default)

    def lacks(self, key: Any) -> bool:
        """Tell whether only the store can have this row."""
        return self.left > 0 and key not in self._rows and key not in self._visiting

    def drawn(self, key: Any) -> None:
        """Know that there is no row by a key, which chance has just drawn."""
        if self.left and key not in self._rows:
            self._visiting[key] = None

    def need(self, keys: Iterable[Any]) -> None:
        """Say at once which rows are about to be looked at; raises NotFetched where only the store can have some."""
        if self.left:
            names = tuple(Name(self.table.name, key) for key in dict.fromkeys(keys) if self.lacks(key))
            if names:
                self._ask(names)

    def __contains__(self, key: object) -> bool:
        """Tell whether there is such a row; raises NotFetched where only the store can tell."""
        return self.get(key) is not None

    def __iter__(self) -> Iterator[Any]:
        """Yield the keys of the rows in memory, in the order in which they came."""
        return iter(sorted(self._rows, key=self._places.__getitem__))

    def __len__(self) -> int:
        """Return how many rows are in memory."""
        return len(self._rows)

    def find(self, index: str, value: RowKey) -> list[R]:
        """Return the rows in memory that an index finds under a value, in the order in which they came."""
        self._reindex()
        return [self._rows[key] for _, key in self._index.get((index, value), ())]

    def since(self, after: int, index: str | None = None, value: RowKey = b"") -> Iterator[tuple[int, R]]:
        """Yield (cursor, row) of the rows in memory after a cursor (0: all), those under an index's value if told."""
        if index is None:
            found = sorted((place, key) for key, place in self._places.items())
        else:
            self._reindex()
            found = self._index.get((index, value), [])
        for place, key in found[bisect_left(found, after, key=lambda one: one[0]) :]:
            yield place + 1, self._rows[key]

    def due(self, now: Millis) -> list[R]:
        """Return the rows whose hour has come, the earliest first."""
        self._reindex()
        return [self._rows[key] for hour, _, key in self._agenda if hour <= now]

    @property
    def next_hour(self) -> Millis | None:
        """The earliest hour at which a row is due."""
        self._reindex()
        return self._agenda[0][0] if self._agenda else None

    # To change, in the fold.

    def add(self, row: R) -> R:
        """Keep a new row."""
        key = self.table.key(row)
        assert key not in self._rows, f"two rows of {self.table.name} by one key"
        self._rows[key] = row
        self._places[key] = self._next
        self._next += 1
        self._note(key, again=False)
        return row

    def change(self, key: Any) -> R:
        """Return a row that is about to change; a closed one stays in memory until the batch is done."""
        row = self._rows.get(key)
        if row is not None:
            self._note(key, again=False)
            return row
        if self.get(key) is None:
            raise KeyError(key)
        visitor = self._visiting.pop(key)
        assert visitor is not None
        place, row = visitor
        self._rows[key], self._places[key] = row, place
        self.left -= 1
        self._note(key, again=True)
        return row

    def remove(self, key: Any) -> None:
        """Let go of a row of a table that is not stored."""
        assert self.table.closed is None
        self._unindex(key)
        del self._rows[key], self._places[key]
        self._changed.pop(key, None)
        self._stale.discard(key)

    # For the loop.

    def visit(self, fetched: Fetched) -> None:
        """Let a row in that the store holds, or that it holds none, until `settle`."""
        key = fetched.name.key
        if key not in self._rows:
            self._visiting[key] = None if fetched.row is None else (fetched.place, fetched.row)

    def settle(self) -> list[Kept]:
        """Return what is to be stored since the last time, and let closed rows and visitors go."""
        self._visiting.clear()
        closed = self.table.closed
        if closed is None:
            self._changed.clear()
            return []
        self._reindex()
        kept: list[Kept] = []
        for key, again in self._changed.items():
            row, place = self._rows[key], self._places[key]
            is_closed = closed(row)
            words = () if self.table.search is None else tuple(self.table.search(row))
            name = Name(self.table.name, key)
            kept.append(Kept(self.table, name, place, is_closed, self._indexed[key], words, row, again))
            if is_closed:
                self._unindex(key)
                del self._rows[key], self._places[key]
                self.left += 1
        self._changed.clear()
        return kept

    def state(self) -> tuple[Any, ...]:
        """Return what a snapshot keeps of it, after `settle`."""
        assert not self._changed
        return self.left, self._next, [(self._places[key], row) for key, row in self._rows.items()]

    def resume(self, state: tuple[Any, ...]) -> None:
        """Go on from what `state` has returned."""
        self.left, self._next, rows = state
        for place, row in rows:
            key = self.table.key(row)
            self._rows[key], self._places[key] = row, place
            self._stale.add(key)

    def _ask(self, names: tuple[Name, ...]) -> None:
        """Read rows from the source that a start has, or let the loop read them."""
        if self._book.source is None:
            raise NotFetched(names)
        for one in self._book.source(names):
            self.visit(one)

    def _note(self, key: Any, *, again: bool) -> None:
        self._changed[key] = again or self._changed.get(key, False)
        self._stale.add(key)

    def _reindex(self) -> None:
        """Let indexes and agenda know of what has changed."""
        if not self._stale:
            return
        table = self.table
        for key in self._stale:
            self._unindex(key)
            row, place = self._rows[key], self._places[key]
            values = tuple((index, value) for index, find in table.by.items() for value in find(row))
            self._indexed[key] = values
            for one in values:
                insort(self._index.setdefault(one, []), (place, key))
            hour = None if table.due is None else table.due(row)
            if hour is not None:
                self._hours[key] = hour
                insort(self._agenda, (hour, place, key))
        self._stale.clear()

    def _unindex(self, key: Any) -> None:
        place = self._places[key]
        for one in self._indexed.pop(key, ()):
            shelf = self._index[one]
            del shelf[bisect_left(shelf, (place, key))]
            if not shelf:
                del self._index[one]
        hour = self._hours.pop(key, None)
        if hour is not None:
            del self._agenda[bisect_left(self._agenda, (hour, place, key))]
