# SPDX-License-Identifier: AGPL-3.0-or-later
"""What to found with a fund, and in which order (MISSION 3, formula 7, and the founding calendar of 2b)."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import permutations

from protocol.practices.chains.engine.chain import ZERO, ChainFault
from protocol.practices.chains.engine.missing import MissingLinks

ALL_SETS_MAX = 15
"""Up to so many candidates all sets are looked at."""
ALL_ORDERS_MAX = 7
"""Up to so many candidates all orders of founding are looked at: 5,040."""


@dataclass(frozen=True, slots=True)
class Foundings:
    """Which candidates to found, by number, and by how much leakage falls then."""

    which: tuple[int, ...]
    keeps: Fraction


@dataclass(frozen=True, slots=True)
class Calendar:
    """When which candidate opens, in the order of time, and what leaks less in all until the end."""

    opens: tuple[tuple[int, int], ...]
    """The month, counted from 1, and the candidate's number."""
    keeps: Fraction


def reinvested(links: MissingLinks, fund: Fraction) -> Foundings:
    """Return the set of candidates within a fund that keeps most; of equal ones the cheapest, then the first."""
    sets = _all_sets(links, fund) if len(links.candidates) <= ALL_SETS_MAX else _improved(links, fund)
    less, _, which = min(_worth(links, one) for one in sets)
    return Foundings(which, -less)


def _worth(links: MissingLinks, which: tuple[int, ...]) -> tuple[Fraction, Fraction, tuple[int, ...]]:
    return -links.keeps(which), _cost(links, which), which


def _cost(links: MissingLinks, which: Sequence[int]) -> Fraction:
    return sum((links.candidates[at].investment for at in which), ZERO)


def _is_possible(links: MissingLinks, which: Sequence[int], fund: Fraction) -> bool:
    return _cost(links, which) <= fund and links.fits(which)


def _all_sets(links: MissingLinks, fund: Fraction) -> Iterator[tuple[int, ...]]:
    """Yield all possible sets: what no fund allows, or no buyer has room for, no greater set makes possible."""

    def further(which: tuple[int, ...], first: int) -> Iterator[tuple[int, ...]]:
        yield which
        for at in range(first, len(links.candidates)):
            if _is_possible(links, (*which, at), fund):
                yield from further((*which, at), at + 1)

    return further((), 0)


def _improved(links: MissingLinks, fund: Fraction) -> Iterator[tuple[int, ...]]:
    """Yield the set that always adds the one that keeps most for its cost, and what swaps and additions make of it."""
    which: tuple[int, ...] = ()
    everybody = range(len(links.candidates))
    while more := [at for at in everybody if at not in which and _is_possible(links, (*which, at), fund)]:
        now = links.keeps(which)
        best = max(more, key=lambda at: (_for_its_cost(links, (*which, at), at, now), -at))
        if links.keeps((*which, best)) == now:
            break
        which = (*which, best)
    better: tuple[int, ...] | None = which
    while better is not None:
        which, now = tuple(sorted(better)), links.keeps(better)
        yield which
        changed = (
            (*(one for one in which if one != out), at) for out in (*which, None) for at in everybody if at not in which
        )
        better = next((one for one in changed if _is_possible(links, one, fund) and links.keeps(one) > now), None)


def _for_its_cost(links: MissingLinks, which: tuple[int, ...], last: int, before: Fraction) -> Fraction:
    return (links.keeps(which) - before) / (links.candidates[last].investment or Fraction(1))


def calendar(links: MissingLinks, monthly: Fraction, months: int) -> Calendar:
    """Return the order of founding that keeps most within so many months, of all orders.

    So much goes into the fund each month; who has opened adds its own surplus from the month after, at today's
    turnovers, and from then on leaks are smaller. Raises ChainFault TOO_MANY_CANDIDATES.
    """
    if len(links.candidates) > ALL_ORDERS_MAX:
        raise ChainFault("TOO_MANY_CANDIDATES", str(len(links.candidates)))
    orders = permutations(range(len(links.candidates)))
    return max((in_order(links, one, monthly, months) for one in orders), key=lambda one: one.keeps)


def in_order(links: MissingLinks, order: Sequence[int], monthly: Fraction, months: int) -> Calendar:
    """Return what an order of founding keeps: the next opens in the month in which the fund has its investment."""
    fund, kept, opens = ZERO, ZERO, list[tuple[int, int]]()
    surplus = [sells * one.recipe.surplus for one, sells in zip(links.candidates, links.sells, strict=True)]
    for month in range(1, months + 1):
        which = [at for _, at in opens]
        fund += monthly + sum((surplus[at] for at in which), ZERO)
        kept += links.keeps(which)
        while len(opens) < len(order) and links.candidates[order[len(opens)]].investment <= fund:
            fund -= links.candidates[order[len(opens)]].investment
            opens.append((month, order[len(opens)]))
    return Calendar(tuple(opens), kept)
