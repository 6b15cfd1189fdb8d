# SPDX-License-Identifier: AGPL-3.0-or-later
"""What one commit makes durable, whole or not at all, and the rows that it comes to."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from node.store import private
from node.store.rows import Packed
from protocol.book.private import PrivateItem
from protocol.events import DropBoardItem, Erase, Forget, Line, StoreBoardItem
from protocol.lanes.entry import LEDGER, Entry, Millis

FAULT = "fault/"
"""What the key of a fault begins with, in the table `meta`."""
DECLINED_KEY = "declined/"
"""What the key of an offer that was declined begins with, in the table `meta`."""
UNREAD = "unread"
"""The key, in the table `meta`, of the seq in the ledger from which on entries were stored and not folded."""
_Key = TypeVar("_Key", tuple[bytes, str], str)


class Answered(NamedTuple):
    """The answer that an idempotency key got: scope and request are SHA-256 digests."""

    scope: bytes
    request: bytes
    status: int
    content_type: str
    body: bytes
    at_ms: Millis


class EventStored(NamedTuple):
    """Something that happened, as subscribers are told it; `seq` counts all events of this database."""

    seq: int
    type: str
    resource: str
    audience: tuple[str, ...]
    figures: Mapping[str, Any]


@dataclass(slots=True)
class Batch:
    """What one commit makes durable, whole or not at all."""

    entries: list[Entry] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    items: list[PrivateItem] = field(default_factory=list)
    answers: list[Answered] = field(default_factory=list)
    events: list[EventStored] = field(default_factory=list)
    faults: list[tuple[bytes, bytes]] = field(default_factory=list)
    declined: list[bytes] = field(default_factory=list)
    rows: list[Packed] = field(default_factory=list)
    forgotten: list[Forget] = field(default_factory=list)
    """What goes from the database before anything of this batch enters it."""
    erased: list[Erase] = field(default_factory=list)
    """Whose items go from it, likewise."""
    board: dict[tuple[bytes, bytes], StoreBoardItem | DropBoardItem] = field(default_factory=dict)
    """Items of boards by network and item: what is stored of each from now on, or that nothing is."""
    unread: int | None = None
    """The seq of the first ledger entry that is stored and not folded, since this version does not know its kind."""

    def forget(self, forgotten: Forget) -> None:
        """Let go what was never said, of this batch and of what is stored."""
        self.forgotten.append(forgotten)
        kept = [entry for entry in self.entries if not forgotten.covers(entry)]
        if len(kept) < len(self.entries) and forgotten.lane == LEDGER:
            self.lines = [line for line in self.lines if line.seq <= forgotten.after]
        self.entries = kept

    def erase(self, erased: Erase) -> None:
        """Let go what a member owns, of this batch and of what is stored."""
        self.erased.append(erased)
        self.items = [one for one in self.items if not erased.covers(one)]

    def add(self, later: "Batch") -> None:
        """Append what comes after it."""
        for one in later.forgotten:
            self.forget(one)
        for one in later.erased:
            self.erase(one)
        self.entries += later.entries
        self.lines += later.lines
        self.items += later.items
        self.answers += later.answers
        self.events += later.events
        self.faults += later.faults
        self.declined += later.declined
        if self.unread is None:
            self.unread = later.unread
        self.rows += later.rows
        for item in later.board.values():
            self.pin(item)

    def pin(self, item: StoreBoardItem | DropBoardItem) -> None:
        """Store this of an item of a board, or nothing any more."""
        self.board.pop((item.network, item.item), None)
        self.board[item.network, item.item] = item

    def __bool__(self) -> bool:
        """Tell whether there is anything to store."""
        kept = self.entries or self.items or self.answers or self.events or self.faults or self.rows
        return bool(kept or self.forgotten or self.erased or self.declined or self.board)


@dataclass(slots=True)
class Numbers:
    """What stands for lanes, by network and name, and for accounts, by id, in the rows that name them.

    `items` is the number of the newest private item.
    """

    lanes: dict[tuple[bytes, str], int] = field(default_factory=dict)
    accounts: dict[str, int] = field(default_factory=dict)
    items: int = 0

    def rows(self) -> dict[str, list[Any]]:
        """Return the values of the rows that keep these numbers, end to end, by table."""
        return {
            "lanes": [value for place, number in self.lanes.items() for value in (number, *place)],
            "accounts": [value for account, number in self.accounts.items() for value in (number, account)],
        }

    def add(self, later: "Numbers") -> None:
        """Take those in that a commit has brought."""
        self.lanes |= later.lanes
        self.accounts |= later.accounts
        self.items = max(self.items, later.items)


def rows_of(batch: Batch, numbers: Numbers) -> tuple[dict[str, list[Any]], Numbers]:
    """Return the values of a batch's rows, end to end, by table of node.store.schema; and its new numbers."""
    new = Numbers()
    entries: list[Any] = []
    for entry in batch.entries:
        header = entry.header
        lane = _number((entry.network, header.lane), numbers.lanes, new.lanes)
        entries += (entry.id, lane, header.epoch, header.seq, entry.wire)
    lines = [value for row in numbered(batch.lines, numbers, new) for value in row]
    items, new.items = private.rows(batch.items, numbers.items)
    rows = {
        **new.rows(),
        "entries": entries,
        "lines": lines,
        "rows": [value for row in batch.rows for value in row.stored],
        "row_index": [value for row in batch.rows for value in row.index],
        "meta": [
            *(value for id, data in batch.faults for value in (f"{FAULT}{id.hex()}", data)),
            *(value for id in batch.declined for value in (f"{DECLINED_KEY}{id.hex()}", id)),
            *(() if batch.unread is None else (UNREAD, batch.unread)),
        ],
        **items,
        "board_items": [
            value
            for one in batch.board.values()
            if isinstance(one, StoreBoardItem)
            for value in (one.arrival, one.network, one.item, one.wire)
        ],
        "answers": [value for answer in batch.answers for value in answer],
        "events": [
            value
            for seq, kind, resource, audience, figures in batch.events
            for value in (seq, kind, resource, _dumps(audience), _dumps(figures))
        ],
    }
    return rows, new


def numbered(lines: Iterable[Line], numbers: Numbers, new: Numbers) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of these lines; accounts that have no number yet get one."""
    for account, *rest in lines:
        yield (_number(account, numbers.accounts, new.accounts), *rest)


def _number(key: _Key, known: Mapping[_Key, int], new: dict[_Key, int]) -> int:
    """Return the number that stands for a lane or an account; the first is 1."""
    number = known.get(key) or new.get(key)
    if number is None:
        number = new[key] = len(known) + len(new) + 1
    return number


_dumps = json.JSONEncoder(separators=(",", ":")).encode
