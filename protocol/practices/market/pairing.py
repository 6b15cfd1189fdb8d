# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which offers are what a need asks for: by item code or words, unit, labels, window and distance; not by price."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator
from typing import Generic, TypeVar

from protocol.book.folding import words_of
from protocol.practices.market.distances import is_within
from protocol.practices.market.intents import Need, Offer
from protocol.practices.market.units import BY_CODE

PIECES_UNIT = "C62"
"""What is told without a unit is counted in pieces."""

T = TypeVar("T")


class OfferIndex(Generic[T]):
    """Offers by their item codes and by the words of their titles, so that no need looks at all of them."""

    def __init__(self, offers: Iterable[tuple[Offer, T]]) -> None:
        self._by_code: dict[str, list[T]] = {}
        self._by_words: dict[frozenset[str], list[T]] = {}
        self._without: dict[frozenset[str], list[T]] = {}
        for body, one in offers:
            if body.code:
                self._by_code.setdefault(body.code, []).append(one)
            else:
                self._without.setdefault(_words(body.title), []).append(one)
            self._by_words.setdefault(_words(body.title), []).append(one)
        self._codes = sorted(self._by_code)

    def named_as(self, need: Need) -> Iterator[T]:
        """Yield the offers that are called what a need asks for.

        Where both tell a code, the need's begins the offer's; where one of them tells none, the words are the same.
        """
        words = _words(need.title)
        if not need.code:
            yield from self._by_words.get(words, ())
            return
        for at in range(bisect_left(self._codes, need.code), len(self._codes)):
            if not self._codes[at].startswith(need.code):
                break
            yield from self._by_code[self._codes[at]]
        yield from self._without.get(words, ())


def may_go_together(offer: Offer, need: Need) -> bool:
    """Tell whether an offer that is called what a need asks for is so in unit, labels, window and distance."""
    units = [BY_CODE.get(one.unit or PIECES_UNIT) for one in (offer, need)]
    if units[0] is None or units[1] is None or units[0].measures != units[1].measures:
        return False
    if not {one.casefold() for one in need.labels} <= {one.casefold() for one in offer.labels}:
        return False
    begins = max(offer.from_ms or 0, need.from_ms or 0)
    if any(ends is not None and ends < begins for ends in (offer.until_ms, need.until_ms)):
        return False
    if need.within_km is None:
        return True
    # How far away it is that does not say where it is, nobody knows.
    return offer.place is not None and need.place is not None and is_within(offer.place, need.place, need.within_km)


def _words(title: str) -> frozenset[str]:
    return frozenset(words_of(title))
