# SPDX-License-Identifier: AGPL-3.0-or-later
"""Currencies as members see them, and how stewards wish for them."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated

from protocol.book.accounts import commons_account
from protocol.book.arrivals import since
from protocol.book.book import Book
from protocol.book.currency import CURRENCY_KINDS, Currency, LevySide
from protocol.book.declaration import Desk, Doc, Entered, News, OneOf, Ref
from protocol.book.issuer_groups import GroupName
from protocol.book.money import Amount
from protocol.book.personal import NAME_CHARS_MAX, UNIT_WORD_CHARS_MAX
from protocol.book.refusals import CURRENCY_UNKNOWN, Refused, refuse
from protocol.practices.money.currencies.entries import (
    CODE_CHARS_MAX,
    BasisPoints,
    Code,
    CurrencyClosed,
    CurrencyCreated,
    CurrencyKeptHome,
    DefaultsSet,
    LevySet,
    Scale,
)
from protocol.wire.shape import AtMost


@dataclass(frozen=True, slots=True)
class CreateCurrency:
    """Start a currency of mutual credit: members owe each other, and all balances sum to zero."""

    code: Annotated[Code, Doc("a capital letter and up to 11 more or digits, such as HORA; not TRUE, FALSE or NULL")]
    name: Annotated[str, AtMost(NAME_CHARS_MAX), Doc("the full name, such as Horas do Riacho")]
    credit_limit: Annotated[
        Amount, Doc("how far a member may owe, unless told otherwise: 100.00 lets it reach -100.00")
    ]
    unit_word: Annotated[str | None, AtMost(UNIT_WORD_CHARS_MAX), Doc("the group's own word for one unit")] = None
    scale: Annotated[Scale, Doc("decimals: 2 for hundredths")] = 2
    balance_limit: Annotated[Amount | None, Doc("how much a member may hold, unless told otherwise; default: any")] = (
        None
    )


@dataclass(frozen=True, slots=True)
class SetLevy:
    """Let the commons get a part of what is paid, to repay what leavers left behind."""

    basis_points: Annotated[BasisPoints, Doc("hundredths of a percent: 100 is 1%; 0 ends the levy")]
    until_repaid: Annotated[bool, Doc("take it only while the commons is in debt")] = True
    side: Annotated[
        LevySide | None,
        Doc("who bears it: the payee of what it gets, the payer on top, or each a half; default: payee"),
    ] = None
    group: Annotated[
        GroupName | None, Ref("issuer-groups"), Doc("for the members of this group alone; default: all others")
    ] = None


@dataclass(frozen=True, slots=True)
class LevyShown:
    """A levy for the members of a group."""

    group: Annotated[str, Doc("the name of the group")]
    basis_points: Annotated[int, Doc("what the commons gets of what they pay or are paid, in hundredths of a percent")]
    until_repaid: Annotated[bool, Doc("whether only while it is in debt")]
    side: Annotated[LevySide, Doc("as whom they bear it: as payee, as payer, or half of it as each")]


class Accounts(StrEnum):
    """Whose limits change with a currency's: those of accounts that are opened from now on, or everybody's."""

    NEW = "new"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class SetDefaults:
    """Set how far accounts in a currency may go, each way; what is not named stays."""

    credit_limit: Annotated[Amount | None, Doc("how far a member may owe, unless told otherwise")] = None
    balance_limit: Annotated[Amount | None, Doc("how much a member may hold, unless told otherwise")] = None
    any_balance: Annotated[bool, Doc("let members hold any amount, unless told otherwise")] = False
    accounts: Annotated[Accounts, Doc("new: those to come; all: those of all members too, whatever theirs were")] = (
        Accounts.NEW
    )


@dataclass(frozen=True, slots=True)
class KeepCurrencyHome:
    """Let a currency serve at home alone, for good: it is not converted, and not paid to or from other networks."""


@dataclass(frozen=True, slots=True)
class CloseCurrency:
    """End a currency all of whose balances are zero."""


@dataclass(frozen=True, slots=True)
class CurrenciesWanted:
    """All currencies."""


@dataclass(frozen=True, slots=True)
class CurrencyShown:
    """A currency; the limits are those of a new account."""

    code: Annotated[str, Doc("its code")]
    name: Annotated[str, Doc("its full name")]
    unit_word: Annotated[str, Doc("the group's own word for one unit")]
    kind: Annotated[str, OneOf(CURRENCY_KINDS), Doc("how it comes into being: mutual credit, or from a reserve")]
    group: Annotated[str | None, Doc("the group of users-issuers among whom alone it is paid; null: among all")]
    convertible: Annotated[bool, Doc("whether it is paid to and from other networks too")]
    scale: Annotated[int, Doc("decimals")]
    credit_limit: Annotated[Amount, Doc("how far a new account may owe")]
    balance_limit: Annotated[Amount | None, Doc("how much a new account may hold; null: any")]
    closed: Annotated[bool, Doc("whether payments have ended")]
    levy_basis_points: Annotated[int, Doc("what the commons gets of what is paid, in hundredths of a percent")]
    levy_until_repaid: Annotated[bool, Doc("whether it takes that only while it is in debt")]
    levy_side: Annotated[LevySide, Doc("who bears it: the payee of what it gets, the payer on top, or each a half")]
    levies: Annotated[tuple[LevyShown, ...], Doc("those of groups of members that differ, by name")]
    commons: Annotated[Amount, Doc("the balance of the commons account")]


def news(book: Book, entered: Entered) -> Iterable[News]:
    del book
    match entered.body:
        case CurrencyCreated(code):
            yield News("currency.created", code)
        case LevySet(code):
            yield News("currency.levy-set", code)
        case DefaultsSet(code):
            yield News("currency.defaults-set", code)
        case CurrencyKeptHome(code):
            yield News("currency.kept-home", code)
        case CurrencyClosed(code):
            yield News("currency.closed", code)
        case _:
            raise AssertionError(entered.body)


def view_currency(desk: Desk, code: str) -> CurrencyShown | Refused:
    currency = desk.book.currencies.get(code)
    if currency is None:
        return refuse(CURRENCY_UNKNOWN, currency=code[:CODE_CHARS_MAX])
    return _shown(desk.book, currency)


def view_currencies(desk: Desk, wanted: CurrenciesWanted, after: int) -> Iterable[tuple[int, CurrencyShown]]:
    del wanted
    book = desk.book
    return ((cursor, _shown(book, one)) for cursor, one in since(list(book.currencies.values()), after))


def _shown(book: Book, currency: Currency) -> CurrencyShown:
    most = currency.default_most_minor
    return CurrencyShown(
        code=currency.code,
        name=currency.name,
        unit_word=currency.unit_word,
        kind=currency.kind,
        group=currency.group,
        convertible=currency.convertible,
        scale=currency.scale,
        credit_limit=book.amount(currency.code, -currency.default_least_minor),
        balance_limit=None if most is None else book.amount(currency.code, most),
        closed=currency.closed,
        levy_basis_points=currency.levy.basis_points,
        levy_until_repaid=currency.levy.until_repaid,
        levy_side=currency.levy.side,
        levies=tuple(
            LevyShown(name, own.basis_points, own.until_repaid, own.side)
            for name, own in sorted(currency.levies.items())
        ),
        commons=book.amount(currency.code, book.ledger.accounts[commons_account(currency.code)].balance_minor),
    )
