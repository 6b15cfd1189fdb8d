# SPDX-License-Identifier: AGPL-3.0-or-later
"""What to found with a fund, and in which order when a fund grows month by month."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import factorial
from typing import Annotated

from protocol.book.declaration import Doc
from protocol.book.refusals import Refused, refuse
from protocol.practices.chains.engine.chain import ZERO
from protocol.practices.chains.engine.founded import founded
from protocol.practices.chains.engine.funds import ALL_ORDERS_MAX, Calendar, calendars, in_order, reinvested
from protocol.practices.chains.engine.missing import MissingLinks
from protocol.practices.chains.engine.shares import shares_of
from protocol.practices.chains.figures.basis import ChainBasis
from protocol.practices.chains.figures.linking import CandidatesWritten, chosen_links, item_beyond
from protocol.practices.chains.figures.refusals import BUYERS_TAKEN_TWICE, TOO_MANY_CANDIDATES
from protocol.practices.chains.written import WrittenDecimal, money_text, share_text
from protocol.wire.shape import Range

CALENDAR_MONTHS_MAX = 120


@dataclass(frozen=True, slots=True)
class ReinvestWanted:
    """What to found with a fund, so that most stays."""

    fund: Annotated[WrittenDecimal, Doc("how much there is, in the chain's unit of account")]
    candidates: Annotated[
        CandidatesWritten, Doc("of whom, with another share than pledged: mill,soap=0.6; none: all")
    ] = ""


@dataclass(frozen=True, slots=True)
class CalendarWanted:
    """In which order to found, month by month, so that most stays in all."""

    months: Annotated[int, Range(1, CALENDAR_MONTHS_MAX), Doc("how far to look ahead")] = 12
    monthly: Annotated[WrittenDecimal | None, Doc("what goes into the fund each month; else the surplus of all")] = None
    candidates: Annotated[
        CandidatesWritten, Doc("of whom, with another share than pledged: mill,soap=0.6; none: all")
    ] = ""


@dataclass(frozen=True, slots=True)
class FoundingsShown:
    """Candidates that are founded together."""

    candidates: tuple[str, ...]
    costs: Annotated[str, Doc("their investments")]
    keeps: Annotated[str, Doc("by how much leakage falls in a month")]


@dataclass(frozen=True, slots=True)
class ReinvestShown:
    """What a fund does best, and what taking the best of each unit first would have found."""

    fund: str
    candidates: Annotated[tuple[str, ...], Doc("whom to found")]
    costs: Annotated[str, Doc("their investments")]
    left: Annotated[str, Doc("what stays in the fund")]
    keeps: Annotated[str, Doc("by how much leakage falls in a month, with all that follows")]
    leakage_after: str
    share_after: Annotated[str, Doc("the network's share that is bought inside")]
    greedy: Annotated[FoundingsShown, Doc("what is found by R for its cost, one after the other")]


@dataclass(frozen=True, slots=True)
class OpeningShown:
    """When a candidate opens."""

    month: Annotated[int, Doc("counted from 1")]
    candidate: str
    investment: str


@dataclass(frozen=True, slots=True)
class CalendarShown:
    """The order of founding that keeps most within so many months, of all orders."""

    months: int
    monthly: Annotated[str, Doc("what goes into the fund each month")]
    openings: tuple[OpeningShown, ...]
    keeps: Annotated[str, Doc("what leaks less in all months together")]
    by_rank: Annotated[tuple[OpeningShown, ...], Doc("the order of the missing links, instead")]
    keeps_by_rank: Annotated[str, Doc("what that keeps")]
    keeps_at_worst: Annotated[str, Doc("what the worst of all orders keeps")]
    orders: Annotated[int, Doc("how many orders were looked at")]


def reinvestment_shown(fund: Fraction, candidates: str, basis: ChainBasis) -> ReinvestShown | Refused:
    """Return the best set within a fund; raises ChainFault."""
    links = _asked_for(candidates, basis)
    if isinstance(links, Refused):
        return links
    best = reinvested(links, fund)
    after = shares_of(founded(links, best.which))
    shown = _foundings(links, best.which)
    return ReinvestShown(
        fund=money_text(fund),
        candidates=shown.candidates,
        costs=shown.costs,
        left=money_text(fund - _costs(links, best.which)),
        keeps=shown.keeps,
        leakage_after=money_text(after.leakage),
        share_after=share_text(after.all),
        greedy=_foundings(links, by_cost(links, fund)),
    )


def by_cost(links: MissingLinks, fund: Fraction) -> tuple[int, ...]:
    """Return whom one would found who always takes the candidate next that brings most at first order for its cost."""
    worth = [sells * stays for sells, stays in zip(links.sells, links.retains, strict=True)]

    def dearest_first(at: int) -> tuple[bool, Fraction, int]:
        costs = links.candidates[at].investment
        return bool(costs), -worth[at] / (costs or 1), at

    taken: tuple[int, ...] = ()
    for at in sorted(range(len(links.candidates)), key=dearest_first):
        more = (*taken, at)
        if worth[at] and _costs(links, more) <= fund and links.fits(more):
            taken = more
    return tuple(sorted(taken))


def calendar_shown(
    months: int, monthly: Fraction | None, candidates: str, basis: ChainBasis
) -> CalendarShown | Refused:
    """Return the best order, and beside it that of the missing links, and the worst; raises ChainFault."""
    links = _asked_for(candidates, basis)
    if isinstance(links, Refused):
        return links
    if len(links.candidates) > ALL_ORDERS_MAX:
        return refuse(TOO_MANY_CANDIDATES, count=len(links.candidates), maximum=ALL_ORDERS_MAX)
    if not links.fits(range(len(links.candidates))):
        return refuse(BUYERS_TAKEN_TWICE, item=item_beyond(links))
    of_all = sum((one.surplus for one in basis.chain.enterprises.values()), ZERO)
    goes_in = of_all if monthly is None else monthly
    orders = list(calendars(links, goes_in, months))
    best, worst = max(orders, key=lambda one: one.keeps), min(orders, key=lambda one: one.keeps)
    number = {one.name: at for at, one in enumerate(links.candidates)}
    by_rank = in_order(links, [number[one.candidate.name] for one in links.ranked(Fraction(1))], goes_in, months)
    return CalendarShown(
        months=months,
        monthly=money_text(goes_in),
        openings=_openings(links, best),
        keeps=money_text(best.keeps),
        by_rank=_openings(links, by_rank),
        keeps_by_rank=money_text(by_rank.keeps),
        keeps_at_worst=money_text(worst.keeps),
        orders=factorial(len(links.candidates)),
    )


def _asked_for(candidates: str, basis: ChainBasis) -> MissingLinks | Refused:
    return chosen_links(candidates, basis) if candidates.strip() else basis.workable


def _costs(links: MissingLinks, which: Sequence[int]) -> Fraction:
    return sum((links.candidates[at].investment for at in which), ZERO)


def _foundings(links: MissingLinks, which: Sequence[int]) -> FoundingsShown:
    names = tuple(links.candidates[at].name for at in which)
    return FoundingsShown(names, money_text(_costs(links, which)), money_text(links.keeps(which)))


def _openings(links: MissingLinks, calendar: Calendar) -> tuple[OpeningShown, ...]:
    return tuple(
        OpeningShown(month, links.candidates[at].name, money_text(links.candidates[at].investment))
        for month, at in calendar.opens
    )
