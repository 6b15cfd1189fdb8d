# SPDX-License-Identifier: AGPL-3.0-or-later
"""The boards that are held here: the newest version of each item, within what its network may take of this node.

How much that is follows from what ties the network to ours. What does not fit is not kept, and whoever tells of it does
nothing wrong. Of one network those of the least ids stay, so that nodes with equal room keep the same. Where all boards
together are too large, the least connected give way, and of these the largest.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import Any, ClassVar, Self

from protocol.book.book import Book
from protocol.book.declaration import News, Slot
from protocol.book.publishing import BoardKind, Seers
from protocol.lanes.entry import Body, EntryFault, Millis
from protocol.lanes.items import BoardItem, ItemPlace
from protocol.peers.board_messages import BoardHead
from protocol.peers.reconcile import ItemIndex, key_of_item
from protocol.peers.ties import Tie
from protocol.wire.codec import CodecFault, decode
from protocol.wire.shape import ShapeFault, from_map


@dataclass(frozen=True, slots=True)
class BoardBound:
    """How much of one network's board is kept here."""

    items: int
    bytes: int


BOARD_BOUNDS: Mapping[Tie, BoardBound] = {
    Tie.OWN: BoardBound(512, 512 * 1024),
    Tie.PARTNER: BoardBound(512, 512 * 1024),
    Tie.FEDERATION: BoardBound(512, 512 * 1024),
    Tie.KNOWN: BoardBound(128, 128 * 1024),
    Tie.STRANGER: BoardBound(32, 32 * 1024),
}
"""By what ties a network to ours; no honest network's board is larger than what its own node keeps of it."""
BOARDS_ITEMS_MAX = 131_072
BOARDS_BYTES_MAX = 96 * 1024 * 1024
"""What all boards may take together."""
ENDS_SPARE_MAX = 1_024
ROOM_MADE = 8
"""Where it is too much, one part in so many is made free at once."""


@dataclass(frozen=True, slots=True)
class HeldItem:
    """An item that is held here, and its number in the order in which versions came."""

    item: BoardItem
    arrival: int


@dataclass(slots=True)
class HeldBoard:
    """The items of one network by their ids."""

    items: dict[bytes, HeldItem] = field(default_factory=dict[bytes, HeldItem])
    bytes: int = 0


class Boards:
    """All boards that are held here: no part of the fold, and stored by themselves."""

    TRANSIENT: ClassVar[bool] = True

    def __init__(self) -> None:
        self.of: dict[bytes, HeldBoard] = {}
        self.arrival = 0
        """The number of the newest version."""
        self.changes = 0
        """Grows with each change."""
        self.items = self.bytes = 0
        self._indexes: dict[bytes | None, ItemIndex] = {}
        self._ends: list[tuple[Millis, bytes, bytes]] = []
        """When items end, the first first."""
        self.changed: Callable[[HeldItem | None, HeldItem | None], None] = _unheard
        """Told of each item that comes, goes, or takes the place of an earlier version: what was held, what is."""

    def __deepcopy__(self, memo: object) -> Self:
        """Boards are no part of the fold: a trial of wishes sees these."""
        return self

    def get(self, network: bytes, item: bytes) -> BoardItem | None:
        """Return what is held of an item."""
        board = self.of.get(network)
        held = None if board is None else board.items.get(item)
        return None if held is None else held.item

    def index(self, audience: bytes | None) -> ItemIndex:
        """Return the index of what the members of a federation, a network's own replicas, or all may hold."""
        index = self._indexes.get(audience)
        if index is None:
            index = self._indexes[audience] = ItemIndex(audience)
        return index

    # Room.

    def fits(self, network: bytes, item: bytes, size: int, tie: Tie) -> bool:
        """Tell whether there is room for so many bytes of an item, once those of greater ids have made way."""
        bound, board = BOARD_BOUNDS[tie], self.of.get(network)
        if self._is_full(size) and tie <= Tie.KNOWN and (board is None or item not in board.items):
            return False
        if board is None:
            return size <= bound.bytes
        known = board.items.get(item)
        items, took = len(board.items) + (known is None), board.bytes + size - _size(known)
        if items <= bound.items and took <= bound.bytes:
            return True
        greater = [held for id, held in board.items.items() if id > item]
        return items - len(greater) <= bound.items and took - sum(map(_size, greater)) <= bound.bytes

    def room(self, network: bytes, tie: Tie) -> BoardBound:
        """Return how much more of a network's board would be kept."""
        bound, board = BOARD_BOUNDS[tie], self.of.get(network, HeldBoard())
        return BoardBound(max(0, bound.items - len(board.items)), max(0, bound.bytes - board.bytes))

    def _is_full(self, size: int) -> bool:
        return self.items >= BOARDS_ITEMS_MAX or self.bytes + size > BOARDS_BYTES_MAX

    # Holding.

    def hold(self, item: BoardItem, tie: Tie, tie_of: Callable[[bytes], Tie]) -> list[ItemPlace]:
        """Hold a version that goes before the one that is held, and fits; returns what has made way for it."""
        gone = self._make_way(item, tie)
        self.put(item, self.arrival + 1)
        if self.items > BOARDS_ITEMS_MAX or self.bytes > BOARDS_BYTES_MAX:
            gone += self._shrink(tie_of)
        return gone

    def put(self, item: BoardItem, arrival: int) -> None:
        """Hold a version under the number that it has."""
        network, id = item.place
        before = self._take_out(item.place)
        self.changes += 1
        self.arrival = max(self.arrival, arrival)
        board = self.of.setdefault(network, HeldBoard())
        board.items[id] = held = HeldItem(item, arrival)
        size = len(item.wire)
        board.bytes, self.items, self.bytes = board.bytes + size, self.items + 1, self.bytes + size
        head = head_of_item(item)
        for audience in item.said.seen_by or (None,):
            self.index(audience).hold(head)
        heappush(self._ends, (item.said.not_after, network, id))
        if len(self._ends) > 2 * self.items + ENDS_SPARE_MAX:
            # Of versions that others came in the place of there may be any number.
            self._ends = [(one.item.said.not_after, *one.item.place) for one in self._held()]
            heapify(self._ends)
        self.changed(before, held)

    def _held(self) -> Iterator[HeldItem]:
        return (one for board in self.of.values() for one in board.items.values())

    def let_go(self, place: ItemPlace) -> None:
        """Hold an item no more, if it was held."""
        held = self._take_out(place)
        if held is not None:
            self.changed(held, None)

    def _take_out(self, place: ItemPlace) -> HeldItem | None:
        network, id = place
        board = self.of.get(network)
        held = None if board is None else board.items.pop(id, None)
        if board is None or held is None:
            return None
        self.changes += 1
        size = _size(held)
        board.bytes, self.items, self.bytes = board.bytes - size, self.items - 1, self.bytes - size
        if not board.items:
            del self.of[network]
        key = key_of_item(head_of_item(held.item))
        for audience in held.item.said.seen_by or (None,):
            self.index(audience).let_go(key)
        return held

    def ended(self, now: Millis) -> Iterator[ItemPlace]:
        """Let go of the items whose last hour is over, and yield which they were."""
        while self._ends and self._ends[0][0] <= now:
            not_after, network, id = heappop(self._ends)
            item = self.get(network, id)
            if item is not None and item.said.not_after == not_after:
                self.let_go(item.place)
                yield item.place

    def _make_way(self, item: BoardItem, tie: Tie) -> list[ItemPlace]:
        network, id = item.place
        bound, board = BOARD_BOUNDS[tie], self.of.get(network)
        if board is None:
            return []
        gone: list[ItemPlace] = []
        for greater in sorted((one for one in board.items if one > id), reverse=True):
            known = board.items.get(id)
            items, took = len(board.items) + (known is None), board.bytes + len(item.wire) - _size(known)
            if items <= bound.items and took <= bound.bytes:
                break
            gone.append((network, greater))
            self.let_go((network, greater))
        return gone

    def _shrink(self, tie_of: Callable[[bytes], Tie]) -> list[ItemPlace]:
        """Make room for more: first what is least connected gives way, and of that the largest boards."""
        gone: list[ItemPlace] = []
        in_turn = sorted(self.of, key=lambda network: (tie_of(network), -self.of[network].bytes, network))
        items, size = (most - most // ROOM_MADE for most in (BOARDS_ITEMS_MAX, BOARDS_BYTES_MAX))
        for network in in_turn:
            for id in sorted(self.of[network].items, reverse=True):
                if self.items <= items and self.bytes <= size:
                    return gone
                gone.append((network, id))
                self.let_go((network, id))
        return gone


def _unheard(before: HeldItem | None, after: HeldItem | None) -> None:
    del before, after


def _size(held: HeldItem | None) -> int:
    return 0 if held is None else len(held.item.wire)


def head_of_item(item: BoardItem) -> BoardHead:
    """Return which version of an item is held, as others are told of it."""
    said = item.said
    return BoardHead(said.network, said.item, said.version, said.body is None, item.version.mark)


# What practices see.

BOARD_NEWS: Slot[Callable[[Book, HeldItem | None, HeldItem | None], Iterable[News]]] = Slot(
    "hears of each item that comes, goes or takes another's place, also at a start; tells whom it concerns"
)


def seers_of(item: BoardItem) -> Seers:
    """Return who is told of an item."""
    if not item.said.seen_by:
        return Seers.EVERYBODY
    return Seers.GROUP if item.said.seen_by == (item.network,) else Seers.FEDERATIONS


def body_of(item: BoardItem, kind: BoardKind) -> Any:
    """Return what an item of a kind says; None where it is withdrawn, of another kind, or of no form that is known.

    Fields that this version does not know are passed over.
    """
    said = item.said
    if said.body is None or said.kind != kind.body.KIND or seers_of(item) not in kind.seers:
        return None
    try:
        fields = decode(said.body)
        return from_map(kind.body, fields, skips=True) if isinstance(fields, dict) else None
    except (CodecFault, ShapeFault, EntryFault):
        return None


def published(
    book: Book, kind: BoardKind, network: bytes | None = None, after: int = 0
) -> Iterator[tuple[int, BoardItem, Body]]:
    """Yield the items of a kind that stand, of one network or of all, by arrival, each with its body.

    Those alone are yielded that came `after` a number.
    """
    boards = book.of(Boards)
    of = boards.of.values() if network is None else [boards.of.get(network, HeldBoard())]
    name = kind.body.KIND
    held = [
        one
        for board in of
        for one in board.items.values()
        if one.arrival > after and one.item.said.kind == name and one.item.said.body is not None
    ]
    held.sort(key=lambda one: one.arrival)
    for one in held:
        body = body_of(one.item, kind)
        if body is not None:
            yield one.arrival, one.item, body
