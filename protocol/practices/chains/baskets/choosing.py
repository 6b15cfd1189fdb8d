# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a basket keeps inside, and by which swaps it would keep more: reckoned at once, and kept nowhere."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from protocol.practices.chains.baskets.kept import BasketLine
from protocol.practices.chains.campaigned import NO_MARKS, CampaignMarks
from protocol.practices.chains.engine.chain import ZERO
from protocol.practices.chains.engine.least_bad import least_bad
from protocol.practices.chains.figures.choosing import KnownOfSuppliers


@dataclass(frozen=True, slots=True)
class BasketBasis:
    """What is known of those of whom something may be bought.

    `stays` is what of a unit stays that is spent with each enterprise inside, `makers` who inside sells an item,
    `known` what is known by criterion of those outside that sell one, `weights` what the member holds important.
    """

    stays: Mapping[str, Fraction]
    makers: Mapping[str, Collection[str]]
    known: Mapping[str, KnownOfSuppliers]
    weights: Mapping[str, Fraction]
    marks: CampaignMarks = NO_MARKS


@dataclass(frozen=True, slots=True)
class Swap:
    """A line of a basket, and of whom it could be bought instead; `gain` is what would stay more of its value."""

    line: BasketLine
    to: str
    inside: bool
    gain: Fraction


def spent_inside(basis: BasketBasis, lines: Sequence[BasketLine]) -> int:
    """Return what is spent with enterprises inside, in hundredths."""
    return sum(one.value for one in lines if one.supplier in basis.stays)


def stays_of(basis: BasketBasis, lines: Sequence[BasketLine]) -> Fraction:
    """Return what stays inside of what a basket costs, in hundredths."""
    return sum((one.value * basis.stays.get(one.supplier, ZERO) for one in lines), ZERO)


def swaps_of(basis: BasketBasis, lines: Sequence[BasketLine]) -> list[Swap]:
    """Return the swaps that are better, one of a line: those that end what is boycotted, then those that keep most."""
    found = [swap for line in lines if (swap := _better(basis, line)) is not None]
    out = basis.marks.boycotted
    return sorted(found, key=lambda one: (one.line.supplier not in out, -one.gain, one.line.item, one.to))


def _better(basis: BasketBasis, line: BasketLine) -> Swap | None:
    """Return of whom a line could better be bought: of who inside keeps most, else of the least bad outside."""
    marks, now = basis.marks, basis.stays.get(line.supplier, ZERO)
    is_out = line.supplier in marks.boycotted
    makers = [one for one in basis.makers.get(line.item, ()) if one not in marks.boycotted]
    if makers:
        best = min(makers, key=lambda one: (-basis.stays.get(one, ZERO), one not in marks.supported, one))
        gain = line.value * (basis.stays.get(best, ZERO) - now)
        is_better = is_out or gain > 0 or line.supplier not in basis.stays
        return Swap(line, best, True, gain) if best != line.supplier and is_better else None
    known = basis.known.get(line.item, {})
    if line.supplier in basis.stays and not is_out:
        return None
    if not known or not basis.weights:
        return None
    first = least_bad(basis.weights, known, marks.boycotted, marks.supported).ranked[0]
    if first.is_boycotted or first.name == line.supplier:
        return None
    return Swap(line, first.name, False, -line.value * now)


def swapped(lines: Sequence[BasketLine], swaps: Sequence[Swap]) -> list[BasketLine]:
    """Return a basket with some swaps made."""
    to = {id(one.line): one.to for one in swaps}
    return [BasketLine(one.item, one.value, to.get(id(one), one.supplier)) for one in lines]
