# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a replica is told, and what it asks to be done: inputs and effects, as data.

The runtime performs effects in this order: first stored, then sent, then told.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from protocol.book.declaration import PAGE_ITEMS_DEFAULT, Actor, Beside
from protocol.book.ledger import Line
from protocol.book.private import PrivateItem
from protocol.book.tables import Fetched, Kept, Name
from protocol.lanes.entry import Entry, Millis

MISSED = "events.missed"
"""The type of the event that stands, for every subscriber, in the place of those that are not told one by one."""


@dataclass(frozen=True, slots=True)
class Asked:
    """Somebody at this node wishes something: the operation "payments.create" and its wish.

    `subject` is the id of the resource meant, where there is one; `after` and `limit` page a list.
    """

    request: int
    operation: str
    actor: Actor
    wish: Any = None
    subject: str = ""
    after: int = 0
    limit: int = PAGE_ITEMS_DEFAULT


@dataclass(frozen=True, slots=True)
class PeerUp:
    """A peer, whose transport key the network layer has authenticated, can be sent frames."""

    peer: str
    transport: bytes
    outbound: bool


@dataclass(frozen=True, slots=True)
class PeerDown:
    """A peer is gone."""

    peer: str


@dataclass(frozen=True, slots=True)
class Received:
    """A frame came from a peer."""

    peer: str
    frame: bytes


@dataclass(frozen=True, slots=True)
class TimerFired:
    """A second has passed, more or less.

    `steady_ms` is what a clock says that nobody sets, and that counts from no known hour; None where there is none.
    """

    steady_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Recalled:
    """What is still stored of a network's commons after a Forget of this turn: a page of entries, in order."""

    network: bytes
    turn: int
    entries: tuple[Entry, ...]
    first: bool
    last: bool


@dataclass(frozen=True, slots=True)
class RowsBrought:
    """Rows that the rest of the batch names, as the store holds them; it comes before what names them."""

    rows: tuple[Fetched, ...]


@dataclass(frozen=True, slots=True)
class ReckonedBeside:
    """What was to be reckoned beside the loop has come to this."""

    beside: Beside
    result: Any


Input = Asked | PeerUp | PeerDown | Received | TimerFired | Recalled | RowsBrought | ReckonedBeside


class Store(NamedTuple):
    """Append this entry, durably, with the statement lines that it makes in the book.

    One that is not `folded` makes none yet: the book stands before it, BEHIND, until a version that knows its kind
    reads it again.
    """

    entry: Entry
    lines: tuple[Line, ...] = ()
    folded: bool = True


class Forget(NamedTuple):
    """Drop, durably, all entries of a lane past a seq (-1: all), and what they make: they were never said.

    After one of a `commons` lane the entries that are left are to be handed back as Recalled of the same turn;
    after one of this network's own ledger or commons the book is to be loaded anew.
    """

    network: bytes
    lane: str
    after: int
    turn: int

    def covers(self, entry: Entry) -> bool:
        """Tell whether an entry is one of those to drop."""
        place = entry.network, entry.header.lane
        return place == (self.network, self.lane) and entry.header.seq > self.after


class Keep(NamedTuple):
    """Store this row of a table, durably, in the place of what is stored of it."""

    kept: Kept


class Fetch(NamedTuple):
    """Read these rows and hand the inputs back, in order and before others, after a RowsBrought of what was found."""

    names: tuple[Name, ...]
    inputs: "tuple[Input, ...]"


@dataclass(frozen=True, slots=True)
class StoreItem:
    """Keep something of a member's in the private store."""

    item: PrivateItem


@dataclass(frozen=True, slots=True)
class Erase:
    """Erase, for good, all that the private store has kept of a member's until this hour."""

    owner: str
    until_ms: Millis

    def covers(self, item: PrivateItem) -> bool:
        """Tell whether an item is one of those to erase."""
        return item.owner == self.owner and item.at_ms <= self.until_ms


@dataclass(frozen=True, slots=True)
class StoreFault:
    """Keep what a network has been seen to do wrong, under its id."""

    id: bytes
    data: bytes


@dataclass(frozen=True, slots=True)
class StoreDeclined:
    """Keep that a steward has declined what another network offers, by its id."""

    id: bytes


@dataclass(frozen=True, slots=True)
class StoreBoardItem:
    """Keep this version of an item of a board, durably, in the place of what is stored of it.

    `arrival` is its number in the order in which versions came. Of what one in its place said nothing is to be left on
    the disk where this is `withdrawn`.
    """

    network: bytes
    item: bytes
    arrival: int
    wire: bytes
    withdrawn: bool


@dataclass(frozen=True, slots=True)
class DropBoardItem:
    """Keep nothing of an item of a board any more: its hour is over, it has made way, or nobody stands for it."""

    network: bytes
    item: bytes


@dataclass(frozen=True, slots=True)
class Send:
    """Send a frame to a peer, once everything before it is durable.

    One that is `spare` is left out where the peer has no room: the next comparison of heads finds what it tells.
    """

    peer: str
    frame: bytes
    spare: bool = False


@dataclass(frozen=True, slots=True)
class SendRange:
    """Send a peer the stored entries of a lane from `first` to `last` seq, in order, in frames."""

    peer: str
    network: bytes
    lane: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Drop:
    """End the connection to a peer that broke the protocol."""

    peer: str
    reason: str


@dataclass(frozen=True, slots=True)
class Publish:
    """Tell subscribers that something happened to a resource; `audience` are the members it concerns."""

    type: str
    resource: str
    audience: tuple[str, ...] = ()
    figures: dict[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class ReckonBeside:
    """Reckon this where it holds nobody up, and hand what it comes to back as ReckonedBeside."""

    beside: Beside


@dataclass(frozen=True, slots=True)
class Answer:
    """The outcome of a wish: what is shown, a page of a list, a Lookup, or a Refused."""

    request: int
    result: Any


Effect = (
    Store | Forget | Keep | Fetch | StoreItem | Erase | StoreFault | StoreDeclined | StoreBoardItem | DropBoardItem
    | Send | SendRange | Drop | Publish | Answer | ReckonBeside
)  # fmt: skip
RANKS: Mapping[type[Effect], int] = {
    Store: 0, Forget: 0, Keep: 0, StoreItem: 0, Erase: 0, StoreFault: 0, StoreDeclined: 0,
    StoreBoardItem: 0, DropBoardItem: 0, Fetch: 0,
    Send: 1, SendRange: 1, Drop: 1, Publish: 2, Answer: 2, ReckonBeside: 2,
}  # fmt: skip
"""In which order effects are done: what is to be stored first, then what is sent, then what is told."""
