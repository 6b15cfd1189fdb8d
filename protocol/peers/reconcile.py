# SPDX-License-Identifier: AGPL-3.0-or-later
"""Anti-entropy over lane heads: cost grows with the difference, not with the number of lanes.

Range-based set reconciliation (A. Meyer, "Range-Based Set Reconciliation", SRDS 2023): two sides
compare fingerprints of a range; where they differ the range is split, until it is small enough to be
listed. A side that finds the other ahead asks for entries; one that finds it behind sends them.
"""

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import sha256
from itertools import pairwise

from protocol.peers.messages import ITEMS_PER_RANGE_MAX, RANGES_PER_FRAME_MAX, Heads, Item, Span

BRANCHES = 16
LISTED_ITEMS_MAX = ITEMS_PER_RANGE_MAX // 2


@dataclass(frozen=True, slots=True)
class Difference:
    """One lane where the two sides differ: what each of them has, None for nothing."""

    mine: Item | None
    theirs: Item | None


class HeadsVector:
    """The heads that one side holds, sorted by (network, lane)."""

    def __init__(self, items: Iterable[Item]) -> None:
        self._items = sorted(items, key=_key)
        self._keys = [_key(item) for item in self._items]

    def opening(self, network: bytes) -> Heads:
        """Return the first message of a round: fingerprints of everything, that of the other side's network apart."""
        lower, upper = _lanes_of(network)
        bounds = pairwise((b"", lower, upper, b""))
        return Heads(tuple(Span(low, high, self._fingerprint(low, high), None) for low, high in bounds))

    def agrees(self, heads: Heads, network: bytes) -> bool | None:
        """Tell whether the other side holds the same of a network; None where the message is no opening."""
        lower, upper = _lanes_of(network)
        told = next((span for span in heads.spans if (span.lower, span.upper) == (lower, upper)), None)
        return None if told is None else told.fingerprint == self._fingerprint(lower, upper)

    def answer(self, heads: Heads) -> tuple[Heads | None, list[Difference]]:
        """Return the next message of the round, if one is needed, and the differences found so far."""
        spans: list[Span] = []
        found: list[Difference] = []
        for span in heads.spans:
            if span.items is not None:
                found += self._compare(span.lower, span.upper, span.items)
            elif span.fingerprint != self._fingerprint(span.lower, span.upper):
                spans += self._split(span.lower, span.upper)
        # What does not fit is found again in the next round.
        kept = tuple(spans[:RANGES_PER_FRAME_MAX])
        return (Heads(kept) if kept else None), found

    def _slice(self, lower: bytes, upper: bytes) -> Sequence[Item]:
        first = bisect_left(self._keys, lower)
        last = bisect_left(self._keys, upper) if upper else len(self._keys)
        return self._items[first:last]

    def _fingerprint(self, lower: bytes, upper: bytes) -> bytes:
        state = sha256(b"mutirao/v1/heads\0")
        for item in self._slice(lower, upper):
            state.update(_key(item))
            state.update(b"%d/%d/" % (item.epoch, item.seq))
            state.update(item.id)
        return state.digest()

    def _split(self, lower: bytes, upper: bytes) -> list[Span]:
        items = self._slice(lower, upper)
        if len(items) <= LISTED_ITEMS_MAX:
            return [Span(lower, upper, None, tuple(items))]
        step = -(-len(items) // BRANCHES)
        bounds = [lower, *(_key(items[at]) for at in range(step, len(items), step)), upper]
        return [Span(low, high, self._fingerprint(low, high), None) for low, high in pairwise(bounds)]

    def _compare(self, lower: bytes, upper: bytes, theirs: Sequence[Item]) -> list[Difference]:
        mine = {_key(item): item for item in self._slice(lower, upper)}
        others = {_key(item): item for item in theirs}
        return [
            Difference(mine.get(key), others.get(key))
            for key in sorted(mine.keys() | others.keys())
            if mine.get(key) != others.get(key)
        ]


def _lanes_of(network: bytes) -> tuple[bytes, bytes]:
    """Return the bounds between which the keys of all lanes of a network lie."""
    return network, network + b"\xff"


def _key(item: Item) -> bytes:
    return item.network + item.lane.encode()
