# SPDX-License-Identifier: AGPL-3.0-or-later
"""What members ask of a chain: the book is read here and now, and figures are reckoned beside the loop."""

from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Any

from protocol.book.book import Book
from protocol.book.declaration import Desk, Parameter, Reckoning
from protocol.book.parameters import Number
from protocol.book.refusals import Refused, refuse
from protocol.lanes.directory import Directory
from protocol.practices.chains.book_chain import inside_key
from protocol.practices.chains.campaigned import marked_by
from protocol.practices.chains.engine.chain import ZERO, ChainFault
from protocol.practices.chains.entries import SHARE_PARTS
from protocol.practices.chains.figures.basis import ChainBasis, ChainNow, makers_of
from protocol.practices.chains.figures.breaking import FragilityWanted, fragility_shown
from protocol.practices.chains.figures.choosing import (
    KnownOfSuppliers,
    LeastBadShown,
    LeastBadWanted,
    least_bad_shown,
    read_weights,
)
from protocol.practices.chains.figures.funding import (
    CalendarWanted,
    ReinvestWanted,
    calendar_shown,
    reinvestment_shown,
)
from protocol.practices.chains.figures.linking import (
    MissingLinksWanted,
    SimulateWanted,
    missing_links_shown,
    simulated,
)
from protocol.practices.chains.figures.refusals import CHAIN_EMPTY, CHAIN_TOO_LARGE, FUND_NEGATIVE, OFFERED_INSIDE
from protocol.practices.chains.figures.sharing import (
    LeaksWanted,
    RetainedWanted,
    SharesWanted,
    leaks_shown,
    retained_shown,
    shares_shown,
)
from protocol.practices.chains.refusals import refused_chain
from protocol.practices.chains.state import inputs_of, trial_of
from protocol.practices.chains.written import money_text, read_decimal, read_shares

MONTHLY_INCOME: Parameter[int] = Parameter(
    "chains.monthly_income",
    Number(0, 1_000_000_000, "whole units of account"),
    0,
    "what a member lives on in a month: jobs are counted by it; 0 while nobody has said it",
)


def view_shares(desk: Desk, wanted: SharesWanted) -> Reckoning:
    del wanted
    return _of_chain(desk.book, shares_shown)


def view_leaks(desk: Desk, wanted: LeaksWanted) -> Reckoning | Refused:
    return _of_chain(desk.book, partial(leaks_shown, wanted.most))


def view_retained(desk: Desk, wanted: RetainedWanted) -> Reckoning:
    del wanted
    return _of_chain(desk.book, retained_shown)


def view_missing_links(desk: Desk, wanted: MissingLinksWanted) -> Reckoning | Refused:
    income = _not_negative(wanted.income, "income")
    if isinstance(income, Refused):
        return income
    return _of_chain(desk.book, partial(missing_links_shown, income, wanted.most))


def view_reinvestment(desk: Desk, wanted: ReinvestWanted) -> Reckoning | Refused:
    fund = _not_negative(wanted.fund, "fund")
    if isinstance(fund, Refused):
        return fund
    return _of_chain(desk.book, partial(reinvestment_shown, fund or ZERO, wanted.candidates))


def view_calendar(desk: Desk, wanted: CalendarWanted) -> Reckoning | Refused:
    monthly = _not_negative(wanted.monthly, "monthly")
    if isinstance(monthly, Refused):
        return monthly
    return _of_chain(desk.book, partial(calendar_shown, wanted.months, monthly, wanted.candidates))


def view_simulation(desk: Desk, wanted: SimulateWanted) -> Reckoning | Refused:
    return _of_chain(desk.book, partial(simulated, wanted.candidates))


def view_fragility(desk: Desk, wanted: FragilityWanted) -> Reckoning:
    del wanted
    return _of_chain(desk.book, fragility_shown)


def view_least_bad(desk: Desk, wanted: LeastBadWanted) -> LeastBadShown | Refused:
    """Return the card at once: nobody keeps the weights, not even to answer the same again."""
    weights = read_weights(wanted.weights)
    boycotted = read_shares(wanted.boycotted, "boycotted")
    if isinstance(weights, Refused) or isinstance(boycotted, Refused):
        return weights if isinstance(weights, Refused) else boycotted  # type: ignore[return-value]
    makers, known = makers_of(inputs_of(desk.book)).get(wanted.item, ()), _known(desk.book, wanted.item)
    marks = marked_by(desk.book, desk.now, (*makers, *known))
    others = [one for one in makers if one not in marks.boycotted]
    if others:
        return refuse(OFFERED_INSIDE, supplier=min(others), item=wanted.item)
    return least_bad_shown(weights, known, set(boycotted), marks)


def _of_chain(book: Book, work: Callable[[ChainBasis], Any]) -> Reckoning:
    """Return what is to be reckoned of the chain as it is now."""
    return Reckoning(chain_now(book), partial(reckoned, work))


def chain_now(book: Book) -> ChainNow:
    """Return what a book says of its chain: what changes later does not change it."""
    known = book.of(Directory).networks.get(book.network)
    handle, name = book.handle or "", known.profile.name if known is not None and known.profile is not None else ""
    return ChainNow(trial_of(inputs_of(book)), book.parameter(MONTHLY_INCOME), handle, name or handle)


def reckoned(work: Callable[[ChainBasis], Any], now: ChainNow) -> Any:
    """Return what is reckoned of a chain, or why nothing can be."""
    try:
        return work(now.basis) if now.basis.chain.enterprises else refuse(CHAIN_EMPTY)
    except ChainFault as fault:
        return refused_fault(fault)


def refused_fault(fault: ChainFault) -> Refused:
    """Return the refusal that a fault is, whatever was to be reckoned."""
    is_too_large = fault.code == CHAIN_TOO_LARGE.code
    return refuse(CHAIN_TOO_LARGE, about=fault.about) if is_too_large else refused_chain(fault)


def _not_negative(text: str | None, field: str) -> Fraction | Refused | None:
    found = None if text is None else read_decimal(text, field)
    if isinstance(found, Fraction) and found < 0:
        return refuse(FUND_NEGATIVE, field=field, value=money_text(found))
    return found


def _known(book: Book, item: str) -> KnownOfSuppliers:
    """Return what is known of suppliers outside, by criterion; of those alone that sell an item, where one is named."""
    inputs = inputs_of(book)
    sells = {one.said.supplier for one in inputs.supply.values() if one.said.item == item} if item else None
    found: dict[str, dict[str, Fraction | None]] = {}
    for (enterprise, criterion), one in inputs.criteria.items():
        if inside_key(inputs, enterprise) is None and (sells is None or enterprise in sells):
            value = one.said.value
            known = found.setdefault(inputs.key_of(enterprise), {})
            known[criterion] = None if value is None else Fraction(value, SHARE_PARTS)
    return found
