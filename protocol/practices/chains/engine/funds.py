# SPDX-License-Identifier: AGPL-3.0-or-later
"""What to found with a fund, and in which order (MISSION 3, formula 7, and the founding calendar of 2b)."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import ceil

from protocol.practices.chains.engine.chain import ZERO, ChainFault
from protocol.practices.chains.engine.missing import MissingLinks
from protocol.solvers.leontief import reduced

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
    if len(links.candidates) <= ALL_SETS_MAX:
        sets = _all_sets(links, fund)
    else:
        sets = ((which, keeps, _cost(links, which)) for which, keeps in _improved(links, fund))
    less, _, which = min((-keeps, cost, which) for which, keeps, cost in sets)
    return Foundings(which, -less)


def _cost(links: MissingLinks, which: Sequence[int]) -> Fraction:
    return sum((links.candidates[at].investment for at in which), ZERO)


def _is_possible(links: MissingLinks, which: Sequence[int], fund: Fraction) -> bool:
    return _cost(links, which) <= fund and links.fits(which)


KeptBySet = tuple[tuple[int, ...], Fraction]
"""A set of candidates, and what it keeps."""


def _all_sets(links: MissingLinks, fund: Fraction) -> Iterator[tuple[tuple[int, ...], Fraction, Fraction]]:
    """Yield all possible sets, what each keeps and costs: each by one step of elimination from the set before it.

    What no fund allows, or no buyer has room for, no greater set makes possible.
    """
    table, times = links.bordered
    taken: dict[str, Fraction] = dict.fromkeys((one.item for one in links.candidates), ZERO)
    last = len(table) - 1

    def further(
        which: tuple[int, ...], first: int, table: list[list[int]], own: int, cost: Fraction
    ) -> Iterator[tuple[tuple[int, ...], Fraction, Fraction]]:
        yield which, Fraction(table[-1][-1], own * times), cost
        for at in range(first, last):
            one, share = links.candidates[at], links.pledged[at]
            if cost + one.investment > fund or taken[one.item] + share > 1:
                continue
            place = at - first
            left = reduced(table, place, own, range(place + 1, len(table)))
            taken[one.item] += share
            yield from further((*which, at), at + 1, left, table[place][place], cost + one.investment)
            taken[one.item] -= share

    return further((), 0, table, 1, ZERO)


def _improved(links: MissingLinks, fund: Fraction) -> Iterator[KeptBySet]:
    """Yield the set that always adds the one that keeps most for its cost, and what swaps and additions make of it."""
    which: tuple[int, ...] = ()
    now = ZERO
    while more := [one for one in _with_one_more(links, which) if _is_possible(links, one[0], fund)]:
        best, then = max(more, key=_each_for_its_cost(links, now))
        if then == now:
            break
        which, now = best, then
    better: KeptBySet | None = (which, now)
    while better is not None:
        which, now = tuple(sorted(better[0])), better[1]
        yield which, now
        fewer = (*(tuple(one for one in which if one != out) for out in which), which)
        changed = (one for few in fewer for one in _with_one_more(links, few))
        better = next((one for one in changed if one[1] > now and _is_possible(links, one[0], fund)), None)


def _with_one_more(links: MissingLinks, which: Sequence[int]) -> Iterator[KeptBySet]:
    """Yield a set with each candidate that is not in it, last, and what it keeps then."""
    (table, times), own = links.bordered, 1
    places = list(range(len(links.candidates)))
    for at in which:
        place = places.index(at)
        left = [one for one in range(len(table)) if one != place]
        table, own = reduced(table, place, own, left), table[place][place]
        del places[place]
    for place, at in enumerate(places):
        ((corner,),) = reduced(table, place, own, (len(table) - 1,))
        yield (*which, at), Fraction(corner, table[place][place] * times)


def _each_for_its_cost(links: MissingLinks, now: Fraction) -> Callable[[KeptBySet], tuple[Fraction, int]]:
    def worth(one: KeptBySet) -> tuple[Fraction, int]:
        last = one[0][-1]
        return (one[1] - now) / (links.candidates[last].investment or Fraction(1)), -last

    return worth


def calendar(links: MissingLinks, monthly: Fraction, months: int) -> Calendar:
    """Return the order of founding that keeps most within so many months, of all orders; raises ChainFault."""
    return max(calendars(links, monthly, months), key=lambda one: one.keeps)


def calendars(links: MissingLinks, monthly: Fraction, months: int) -> Iterator[Calendar]:
    """Yield what each order of founding keeps within so many months; orders that come to the same may be one.

    So much goes into the fund each month; who has opened adds its own surplus from the month after, at today's
    turnovers, and from then on leaks are smaller. Raises ChainFault TOO_MANY_CANDIDATES.
    """
    if len(links.candidates) > ALL_ORDERS_MAX:
        raise ChainFault("TOO_MANY_CANDIDATES", str(len(links.candidates)))
    surplus = _surplus(links)
    known: dict[frozenset[int], Fraction] = {}

    def further(opens: tuple[tuple[int, int], ...], month: int, fund: Fraction, kept: Fraction) -> Iterator[Calendar]:
        """Go on from a month whose money is in the fund: the next one opens as soon as there is enough."""
        opened = frozenset(at for _, at in opens)
        if opened not in known:
            known[opened] = links.keeps(opened)
        income, keeps = monthly + sum((surplus[at] for at in opened), ZERO), known[opened]
        at_end = Calendar(opens, kept + keeps * (months - month))
        if len(opened) == len(links.candidates):
            yield at_end
        for at in range(len(links.candidates)):
            if at not in opened:
                costs = links.candidates[at].investment
                lacks = max(ZERO, costs - fund)
                wait = ceil(lacks / income) if income else (months if lacks else 0)
                wait = max(wait, 0 if month else 1)  # what is there at first comes in the first month
                if month + wait > months or (lacks and not income):
                    yield at_end
                else:
                    then = month + wait
                    rest = fund + income * wait - costs
                    yield from further((*opens, (then, at)), then, rest, kept + keeps * wait)

    return further((), 0, ZERO, ZERO)


def in_order(links: MissingLinks, order: Sequence[int], monthly: Fraction, months: int) -> Calendar:
    """Return what an order of founding keeps: the next opens in the month in which the fund has its investment."""
    fund, kept, opens = ZERO, ZERO, list[tuple[int, int]]()
    surplus, keeps, before = _surplus(links), ZERO, 0
    for month in range(1, months + 1):
        if len(opens) > before:
            keeps, before = links.keeps(at for _, at in opens), len(opens)
        fund += monthly + sum((surplus[at] for _, at in opens), ZERO)
        kept += keeps
        while len(opens) < len(order) and links.candidates[order[len(opens)]].investment <= fund:
            fund -= links.candidates[order[len(opens)]].investment
            opens.append((month, order[len(opens)]))
    return Calendar(tuple(opens), kept)


def _surplus(links: MissingLinks) -> list[Fraction]:
    return [sells * one.recipe.surplus for one, sells in zip(links.candidates, links.sells, strict=True)]
