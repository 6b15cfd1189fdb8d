# SPDX-License-Identifier: AGPL-3.0-or-later
"""Reserves as all members see them, and how they are wished for."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from protocol.book.addresses import ADDRESS_CHARS_MAX
from protocol.book.arrivals import since
from protocol.book.book import Book
from protocol.book.declaration import At, Desk, Doc, Ref
from protocol.book.money import Amount, minor_of, payable
from protocol.book.refusals import NOT_FOUND, Refused, refuse
from protocol.practices.credit.reserves.entries import (
    CUSTODIANS_MAX,
    Fee,
    Hours,
    Needed,
    RatioTerm,
    StateUnit,
)
from protocol.practices.credit.reserves.state import NODE, Reserve, Reserves, first_waiting, outstanding_minor, overdue
from protocol.practices.money.currencies.entries import Code
from protocol.wire.shape import AtMost


@dataclass(frozen=True, slots=True)
class OpenReserve:
    """Make a currency guaranteed: all of it is backed by state money, and nobody owes in it; the group votes on it."""

    currency: Annotated[Code, Ref("currencies"), Doc("the code of a currency that nobody holds or owes yet")]
    state: Annotated[StateUnit, Doc("what state money is called, such as BRL; it has the currency's decimals")]
    # Not marked as naming members: whom a motion is about does not vote on it, and a custodian gains nothing.
    custodians: Annotated[
        tuple[Annotated[str, AtMost(ADDRESS_CHARS_MAX)], ...],
        AtMost(CUSTODIANS_MAX),
        Doc("the members who attest what comes into the reserve and leaves it"),
    ]
    needed: Annotated[Needed, Doc("how many of them have to")]
    num: Annotated[RatioTerm, Doc("so much is issued ...")] = 1
    den: Annotated[RatioTerm, Doc("... for so much state money, at most 1 for 1")] = 1
    fee_basis_points: Annotated[Fee, Doc("what stays as the fund when it is redeemed, in hundredths of a percent")] = 0
    promise_hours: Annotated[Hours, Doc("within how many hours whoever redeems gets state money")] = 48


@dataclass(frozen=True, slots=True)
class IssueCurrency:
    """Issue a guaranteed currency to a member, out of the network's own rights."""

    member: Annotated[str, AtMost(ADDRESS_CHARS_MAX), Doc("the handle or account of who gets it")]
    amount: Annotated[Amount, Doc("how much")]


@dataclass(frozen=True, slots=True)
class FillTill:
    """Take state money from the reserve's bank into the till, or back; it pays who waits, the first first."""

    amount: Annotated[Amount, Doc("how much state money; below zero, what goes back to the bank")]


@dataclass(frozen=True, slots=True)
class TellMove:
    """Say that state money has come into a reserve, or is to leave it; it counts once custodians have attested it."""

    reserve: Annotated[Code, Ref("reserves"), Doc("the code of the guaranteed currency")]
    amount: Annotated[Amount, Doc("how much state money")]
    out: Annotated[bool, Doc("it leaves the reserve; this consumes rights to issue")] = False


@dataclass(frozen=True, slots=True)
class CancelMove:
    """Take back what was said of the reserve, before it counts."""


@dataclass(frozen=True, slots=True)
class ReservesWanted:
    """All reserves."""


@dataclass(frozen=True, slots=True)
class ReserveShown:
    """The state money behind a guaranteed currency, for all members to see."""

    id: Annotated[str, Doc("the code of the currency")]
    state: Annotated[str, Doc("what state money is called")]
    ratio: Annotated[str, Doc("how much may be issued for state money: 1:1")]
    fee_basis_points: Annotated[int, Doc("what stays as the fund when it is redeemed, in hundredths of a percent")]
    promise_hours: Annotated[int, Doc("within how many hours whoever redeems gets state money")]
    custodians: Annotated[tuple[str, ...], Doc("the handles of those who attest to it")]
    needed: Annotated[int, Doc("how many of them have to")]
    reserve: Annotated[Amount, Doc("the state money that backs the currency")]
    fund: Annotated[Amount, Doc("the state money that fees have brought; it backs nothing")]
    outstanding: Annotated[Amount, Doc("how much of the currency there is")]
    most: Annotated[Amount, Doc("how much of it there may be")]
    rights: Annotated[Amount, Doc("how much the network itself may still issue")]
    elsewhere: Annotated[Amount, Doc("how much others may still issue: kiosks, and frozen ones never")]
    till: Annotated[Amount, Doc("the state money in the till, which pays who redeems")]
    waiting: Annotated[int, Doc("how many redemptions wait for state money")]
    next_due: Annotated[At | None, Doc("until when the first of them is promised; null: nobody waits")]
    overdue: Annotated[bool, Doc("whether that has passed: nothing is issued until it is paid")]


def view_one(desk: Desk, code: str) -> ReserveShown | Refused:
    found = desk.book.of(Reserves).by_currency.get(code)
    return refuse(NOT_FOUND) if found is None else _shown(desk, found)


def view_all(desk: Desk, wanted: ReservesWanted, after: int) -> Iterable[tuple[int, ReserveShown]]:
    del wanted
    found = since(list(desk.book.of(Reserves).by_currency.values()), after)
    return ((cursor, _shown(desk, one)) for cursor, one in found)


def state_amount(book: Book, reserve: Reserve, minor: int) -> Amount:
    """Return so much state money (minor units) as it is shown."""
    return Amount(minor, reserve.terms.state, book.currencies[reserve.terms.currency].scale)


def state_minor(book: Book, reserve: Reserve, amount: Amount, *, positive: bool = False) -> int | Refused:
    """Return a wished amount of state money in its minor units."""
    found = minor_of(amount, reserve.terms.state, book.currencies[reserve.terms.currency].scale)
    return found if isinstance(found, Refused) or not positive else payable(found) or found


def _shown(desk: Desk, reserve: Reserve) -> ReserveShown:
    book, terms, first = desk.book, reserve.terms, first_waiting(desk.book, reserve)
    here = reserve.rights.held(NODE)
    return ReserveShown(
        id=terms.currency,
        state=terms.state,
        ratio=f"{terms.num}:{terms.den}",
        fee_basis_points=terms.fee,
        promise_hours=terms.promise_hours,
        custodians=tuple(book.members[one].handle for one in terms.custodians),
        needed=terms.needed,
        reserve=state_amount(book, reserve, reserve.reserve_minor),
        fund=state_amount(book, reserve, reserve.fund_minor),
        outstanding=book.amount(terms.currency, outstanding_minor(book, terms.currency)),
        most=book.amount(terms.currency, reserve.most_minor),
        rights=book.amount(terms.currency, here),
        elsewhere=book.amount(terms.currency, reserve.rights.total - here),
        till=state_amount(book, reserve, reserve.till_minor),
        waiting=len(reserve.waiting),
        next_due=None if first is None else first.due_ms,
        overdue=overdue(book, reserve, desk.now) is not None,
    )
