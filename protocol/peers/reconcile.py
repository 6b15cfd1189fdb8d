# SPDX-License-Identifier: AGPL-3.0-or-later
"""What one side says of what it holds, part by part, and where two sides differ (PROTOCOL 8).

A part is named by the first hexadecimal digits of the keys in it; crdt/index.py keeps its fingerprint. Heads of lanes
are compared so, and items of boards.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise
from typing import Any, Generic, Protocol, TypeVar

from crdt.index import DIGITS, FEW, KEY_BYTES, Index
from protocol.lanes.records import LanePlace
from protocol.peers.board_messages import BoardHead, BoardSpan
from protocol.peers.messages import Item, PeerFault, Span

_I = TypeVar("_I")


@dataclass(frozen=True, slots=True)
class Difference(Generic[_I]):
    """One place where the two sides differ: what each of them has, None for nothing."""

    mine: _I | None
    theirs: _I | None


class PartTold(Protocol):
    """What a message says of a part: Span, BoardSpan."""

    @property
    def audience(self) -> bytes | None: ...
    @property
    def prefix(self) -> str: ...
    @property
    def fingerprint(self) -> bytes | None: ...
    @property
    def items(self) -> tuple[Any, ...] | None: ...


_P = TypeVar("_P", bound=PartTold)


class Parts(Generic[_I, _P]):
    """What the same peers may hold, by key: `audience` is who they are, None for everybody.

    `key` and `digest` are an item's; `told` makes of audience, prefix, fingerprint and items what is said of a part.
    """

    def __init__(
        self,
        audience: bytes | None,
        key: Callable[[_I], bytes],
        digest: Callable[[_I], bytes],
        told: Callable[[bytes | None, str, bytes | None, tuple[_I, ...] | None], _P],
    ) -> None:
        self.audience = audience
        self.index = Index()
        self._key, self._digest, self._told = key, digest, told
        self._items: dict[bytes, _I] = {}

    def hold(self, item: _I) -> None:
        """Hold an item from now on, in the place of the one that had its key."""
        key = self._key(item)
        self.index.put(key, self._digest(item))
        self._items[key] = item

    def let_go(self, key: bytes) -> None:
        """Hold the item with a key no more, if it was held."""
        self.index.remove(key)
        self._items.pop(key, None)

    def opening(self) -> _P:
        """Return what begins a comparison: the fingerprint of everything."""
        return self._told(self.audience, "", self.index.fingerprint(), None)

    def answer(self, span: _P) -> tuple[list[_P], list[Difference[_I]]]:
        """Return what to say of a part that the other side has told of, and where it is known to differ.

        Raises PeerFault where an item is not of its part.
        """
        if span.items is not None:
            return [], self._compare(span.prefix, span.items)
        if span.fingerprint == self.index.fingerprint(span.prefix):
            return [], []
        if self.index.count(span.prefix) <= FEW:
            return [self._told(self.audience, span.prefix, None, tuple(self._listed(span.prefix)))], []
        parts = (span.prefix + digit for digit in DIGITS)
        return [self._told(self.audience, part, self.index.fingerprint(part), None) for part in parts], []

    def _listed(self, prefix: str) -> list[_I]:
        return [self._items[key] for key in self.index.keys(prefix)]

    def _compare(self, prefix: str, theirs: Iterable[_I]) -> list[Difference[_I]]:
        others = {self._key(item): item for item in theirs}
        if not all(key.hex().startswith(prefix) for key in others):
            raise PeerFault("an item outside of its part")
        mine = {key: self._items[key] for key in self.index.keys(prefix)}
        return [
            Difference(mine.get(key), others.get(key))
            for key in sorted(mine.keys() | others.keys())
            if mine.get(key) != others.get(key)
        ]


class HeadIndex(Parts[Item, Span]):
    """The heads of lanes that the same peers may hold; `audience` is the network whose replicas these are, or None."""

    def __init__(self, audience: bytes | None) -> None:
        super().__init__(audience, lambda item: key_of(audience, item.network, item.lane), head_digest, Span)

    def put(self, place: LanePlace, item: Item | None) -> None:
        """Hold the head of a lane from now on, or none."""
        if item is None:
            self.let_go(key_of(self.audience, *place))
        else:
            self.hold(item)


class ItemIndex(Parts[BoardHead, BoardSpan]):
    """The items of boards that the same peers may hold, the withdrawn ones too.

    `audience` is the federation, or the network whose own replicas these are; None for what everybody may hold.
    """

    def __init__(self, audience: bytes | None) -> None:
        super().__init__(audience, key_of_item, lambda head: head.mark, BoardSpan)


def check_parts(spans: Iterable[PartTold]) -> None:
    """Raise PeerFault unless spans come in order, each of a part of its own, with items or a fingerprint."""
    spans = tuple(spans)
    for span in spans:
        if (span.items is None) == (span.fingerprint is None):
            raise PeerFault("a span has items or a fingerprint")
        if not set(span.prefix) <= set(DIGITS):
            raise PeerFault("a part is named by hexadecimal digits")
    for before, after in pairwise(spans):
        if before.audience == after.audience and (
            before.prefix >= after.prefix or after.prefix.startswith(before.prefix)
        ):
            raise PeerFault("parts that overlap")
    turns = sum(before.audience != after.audience for before, after in pairwise(spans))
    if spans and len({span.audience for span in spans}) != 1 + turns:
        raise PeerFault("parts that overlap")


def key_of(audience: bytes | None, network: bytes, lane: str) -> bytes:
    """Return the place of a lane in the order of the index: lanes of one network together, in that of all networks."""
    half = KEY_BYTES // 2
    of_lane = sha256(b"mutirao/v1/lane\0" + lane.encode()).digest()[:half]
    return network[:half] + of_lane if audience is None else of_lane + network[:half]


def key_of_item(head: BoardHead) -> bytes:
    """Return the place of a board's item in the order of the index: those of one network together."""
    half = KEY_BYTES // 2
    return head.network[:half] + sha256(b"mutirao/v1/board-place\0" + head.item).digest()[:half]


def head_digest(item: Item) -> bytes:
    """Return the digest by which an item is told from another head of its lane."""
    state = sha256(b"mutirao/v1/head\0%d/%d/" % (item.epoch, item.seq))
    state.update(item.id)
    state.update(item.twin or b"")
    return state.digest()
