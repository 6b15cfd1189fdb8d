# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which offers are what a need asks for: by item code or words, unit, labels, window and distance; not by price."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence, Set
from typing import Generic, TypeVar

from protocol.book.folding import words_of
from protocol.book.signed import TIME_MS_MAX
from protocol.practices.market.distances import within
from protocol.practices.market.intents import IntentPlace, Need, Offer, folded_label
from protocol.practices.market.units import BY_CODE

PIECES_UNIT = "C62"
"""What is told without a unit is counted in pieces."""

T = TypeVar("T")
_Entry = tuple[int, int, frozenset[str], IntentPlace | None, T]
"""An offer in the index: its window, its labels, its place."""
_Shelf = dict[str, dict[bytes, list[_Entry[T]]]]
"""Offers that are called the same, by what their units measure and by network."""
_GIFTS = b""
"""Where the index has what is asked nothing for, of whatever network: it needs no line."""


class OfferIndex(Generic[T]):
    """Offers by their item codes and the words of their titles, and by network: no need looks at all of them."""

    def __init__(self, offers: Iterable[tuple[bytes, Offer, T]]) -> None:
        self._by_code: dict[str, _Shelf[T]] = {}
        self._by_words: dict[frozenset[str], _Shelf[T]] = {}
        self._without: dict[frozenset[str], _Shelf[T]] = {}
        for network, body, one in offers:
            unit = BY_CODE.get(body.unit or PIECES_UNIT)
            begins, ends = _window(body)
            if unit is None or ends < begins:
                continue
            words = _words(body.title)
            shelves = [self._by_words.setdefault(words, {})]
            shelves.append(
                self._by_code.setdefault(body.code, {}) if body.code else self._without.setdefault(words, {})
            )
            for shelf in shelves:
                there = shelf.setdefault(unit.measures, {}).setdefault(network if body.prices else _GIFTS, [])
                there.append((begins, ends, _labels(body), body.place, one))
        self._codes = sorted(self._by_code)

    def fitting(self, need: Need, networks: Set[bytes]) -> Iterator[tuple[bytes, Sequence[T]]]:
        """Yield the offers of some networks, and gifts of any, that a need may go together with, by network.

        The network of gifts is left empty.
        """
        unit = BY_CODE.get(need.unit or PIECES_UNIT)
        begins, ends = _window(need)
        # How far away it is that does not say where it is, nobody knows.
        if unit is None or ends < begins or (need.within_km is not None and need.place is None):
            return
        labels = _labels(need)
        is_near = None if need.within_km is None or need.place is None else within(need.place, need.within_km)
        for shelf in self._named_as(need):
            here = shelf.get(unit.measures, {})
            for network in [*sorted(here.keys() & networks), _GIFTS]:
                found = [
                    one
                    for starts, stops, has, place, one in here.get(network, ())
                    if starts <= ends
                    and begins <= stops
                    and labels <= has
                    and (is_near is None or (place is not None and is_near(place)))
                ]
                if found:
                    yield network, found

    def _named_as(self, need: Need) -> Iterator[_Shelf[T]]:
        """Yield the offers that are called what a need asks for.

        Where both tell a code, the need's begins the offer's; where one of them tells none, the words are the same.
        """
        words = _words(need.title)
        if not need.code:
            yield self._by_words.get(words, {})
            return
        for at in range(bisect_left(self._codes, need.code), len(self._codes)):
            if not self._codes[at].startswith(need.code):
                break
            yield self._by_code[self._codes[at]]
        yield self._without.get(words, {})


def _window(body: Offer | Need) -> tuple[int, int]:
    return body.from_ms or 0, TIME_MS_MAX if body.until_ms is None else body.until_ms


def _labels(body: Offer | Need) -> frozenset[str]:
    return frozenset(map(folded_label, body.labels))


def _words(title: str) -> frozenset[str]:
    return frozenset(words_of(title))
