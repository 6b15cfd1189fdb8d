# SPDX-License-Identifier: AGPL-3.0-or-later
"""What one side says of the heads that it holds, part by part, and where two sides differ (PROTOCOL 8).

A part is named by the first hexadecimal digits of the keys in it; crdt/index.py keeps its fingerprint.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise

from crdt.index import DIGITS, FEW, KEY_BYTES, Index
from protocol.lanes.records import LanePlace
from protocol.peers.messages import Item, PeerFault, Span


@dataclass(frozen=True, slots=True)
class Difference:
    """One lane where the two sides differ: what each of them has, None for nothing."""

    mine: Item | None
    theirs: Item | None


class HeadIndex:
    """The heads of lanes that the same peers may hold; `audience` is the network whose replicas these are, or None."""

    def __init__(self, audience: bytes | None) -> None:
        self.audience = audience
        self.index = Index()
        self._items: dict[bytes, Item] = {}

    def put(self, place: LanePlace, item: Item | None) -> None:
        """Hold the head of a lane from now on, or none."""
        key = key_of(self.audience, *place)
        if item is None:
            self.index.remove(key)
            self._items.pop(key, None)
        else:
            self.index.put(key, head_digest(item))
            self._items[key] = item

    def opening(self) -> Span:
        """Return what begins a comparison: the fingerprint of everything."""
        return Span(self.audience, "", self.index.fingerprint(), None)

    def answer(self, span: Span) -> tuple[list[Span], list[Difference]]:
        """Return what to say of a part that the other side has told of, and where it is known to differ.

        Raises PeerFault where an item is not of its part.
        """
        if span.items is not None:
            return [], self._compare(span.prefix, span.items)
        if span.fingerprint == self.index.fingerprint(span.prefix):
            return [], []
        if self.index.count(span.prefix) <= FEW:
            return [Span(self.audience, span.prefix, None, tuple(self._listed(span.prefix)))], []
        parts = (span.prefix + digit for digit in DIGITS)
        return [Span(self.audience, part, self.index.fingerprint(part), None) for part in parts], []

    def _listed(self, prefix: str) -> list[Item]:
        return [self._items[key] for key in self.index.keys(prefix)]

    def _compare(self, prefix: str, theirs: Iterable[Item]) -> list[Difference]:
        others = {key_of(self.audience, item.network, item.lane): item for item in theirs}
        if not all(key.hex().startswith(prefix) for key in others):
            raise PeerFault("an item outside of its part")
        mine = {key: self._items[key] for key in self.index.keys(prefix)}
        return [
            Difference(mine.get(key), others.get(key))
            for key in sorted(mine.keys() | others.keys())
            if mine.get(key) != others.get(key)
        ]


def check_parts(spans: Iterable[Span]) -> None:
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


def head_digest(item: Item) -> bytes:
    """Return the digest by which an item is told from another head of its lane."""
    state = sha256(b"mutirao/v1/head\0%d/%d/" % (item.epoch, item.seq))
    state.update(item.id)
    state.update(item.twin or b"")
    return state.digest()
