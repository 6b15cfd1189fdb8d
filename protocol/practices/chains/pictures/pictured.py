# SPDX-License-Identifier: AGPL-3.0-or-later
"""What pictures are made of: a chain, what its enterprises are called, which segments they serve, how they stand."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeVar

from protocol.practices.chains.engine.chain import HOUSEHOLDS, ZERO, ProductiveChain
from protocol.practices.chains.pictures.words import PictureLanguage, phrase_of

T = TypeVar("T")

SEGMENTS = ("consumption", "commerce", "service", "production", "credit")
"""Mance's five, in the order in which purchases run."""


@dataclass(frozen=True, slots=True)
class EnterprisePictured:
    """What a picture tells of an enterprise: its name, its segment, and whether it is still in transition."""

    name: str
    segment: str = "production"
    in_transition: bool = False
    network: str = ""
    """The network it belongs to; empty where that is ours."""


@dataclass(frozen=True)
class ChainPictured:
    """A chain as pictures tell it; who is not named is called by what the chain calls it."""

    chain: ProductiveChain
    enterprises: Mapping[str, EnterprisePictured] = field(default_factory=dict[str, EnterprisePictured])
    items: Mapping[str, str] = field(default_factory=dict[str, str])
    network: str = ""

    def name(self, id: str, language: PictureLanguage) -> str:
        """Return what an enterprise, or all households, are called."""
        if id == HOUSEHOLDS:
            return phrase_of(language, "households")
        return self.enterprises[id].name if id in self.enterprises else id

    def item(self, code: str) -> str:
        """Return what an item is called."""
        return self.items.get(code, code)

    def segment(self, id: str) -> str:
        """Return which of the five segments one serves first."""
        if id == HOUSEHOLDS:
            return "consumption"
        found = self.enterprises[id].segment if id in self.enterprises else "production"
        return found if found in SEGMENTS else "production"

    def in_transition(self, ids: Iterable[str]) -> bool:
        """Tell whether all of these are in transition."""
        return all(one in self.enterprises and self.enterprises[one].in_transition for one in ids)


@dataclass(frozen=True, slots=True)
class ChainDrawing:
    """A picture, and the table that tells the same: its first row is its head."""

    svg: str
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class BarPictured:
    """One or many enterprises of a segment, drawn as one."""

    name: str
    segment: str
    ids: frozenset[str]
    value: Fraction
    """What they turn over, or, of households, spend."""
    stays: Fraction
    """Wages and surplus: what of it stays with members."""
    leaves: tuple[tuple[str, Fraction], ...]
    """What they buy outside, by item, the most first."""
    sold: Fraction
    """What they sell: nothing, of households."""
    in_transition: bool = False


def bars_of(shown: ChainPictured, language: PictureLanguage, most: int, items: int) -> dict[str, list[BarPictured]]:
    """Return the bars of each segment, the greatest first: at most so many, the last of them for all the rest."""
    chain = shown.chain
    found: dict[str, list[BarPictured]] = {}
    leaks: dict[str, list[tuple[str, Fraction]]] = {}
    for (buyer, item), value in chain.outside.items():
        leaks.setdefault(buyer, []).append((item, value))

    def worth(id: str) -> Fraction:
        one = chain.enterprises.get(id)
        return one.turnover if one else chain.bought_inside(id) + chain.bought_outside(id)

    def bar(name: str, ids: Sequence[str]) -> BarPictured:
        firms = [chain.enterprises[one] for one in ids if one in chain.enterprises]
        stays = sum((one.wages + one.surplus for one in firms), ZERO)
        out = _sums(pair for one in ids for pair in leaks.get(one, ()))
        named = [(shown.item(code), value) for code, value in greatest_of(out, items - 1)]
        rest = sum(out.values(), ZERO) - sum((value for _, value in named), ZERO)
        more = len(out) - len(named)
        if more == 1:
            named = [(shown.item(code), value) for code, value in greatest_of(out, items)]
        elif rest:
            named.append((phrase_of(language, "more", count=str(more)), rest))
        total = sum(map(worth, ids), ZERO)
        sold = sum((one.turnover for one in firms), ZERO)
        return BarPictured(
            name, shown.segment(ids[0]), frozenset(ids), total, stays, tuple(named), sold, shown.in_transition(ids)
        )

    for segment in SEGMENTS:
        ids = sorted((one for one in chain.buyers if shown.segment(one) == segment), key=lambda one: (-worth(one), one))
        shown_alone = ids if len(ids) <= most else ids[: most - 1]
        found[segment] = [bar(shown.name(one, language), (one,)) for one in shown_alone]
        if rest := ids[len(shown_alone) :]:
            found[segment].append(bar(phrase_of(language, "more", count=str(len(rest))), rest))
    return found


def flows_between(chain: ProductiveChain, bars: Sequence[BarPictured]) -> dict[tuple[int, int], Fraction]:
    """Return what bars buy of each other, by their numbers."""
    number = {id: at for at, bar in enumerate(bars) for id in bar.ids}
    return _sums(
        ((number[buyer], number[supplier]), value) for (buyer, supplier), value in chain.inside.items() if value
    )


def greatest_of(values: Mapping[T, Fraction], most: int, key: Callable[[T], str] = str) -> list[tuple[T, Fraction]]:
    """Return the greatest values, the greatest first."""
    return sorted(values.items(), key=lambda one: (-one[1], key(one[0])))[:most]


def _sums(values: Iterable[tuple[T, Fraction]]) -> dict[T, Fraction]:
    found: dict[T, Fraction] = {}
    for place, value in values:
        found[place] = found.get(place, ZERO) + value
    return found
