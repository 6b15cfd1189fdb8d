# SPDX-License-Identifier: AGPL-3.0-or-later
"""Currencies: units of mutual credit, each with its own word and scale, whose balances sum to zero."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar

from protocol.book.book import COMMONS, EXCHANGE, HOLDS, Book, Currency, commons_account, since
from protocol.book.declaration import (
    ANYONE,
    STEWARDS,
    Act,
    Create,
    Desk,
    Doc,
    Entered,
    Invariant,
    List,
    News,
    Plan,
    Practice,
    Show,
    Write,
)
from protocol.book.ledger import Posting
from protocol.book.money import BASIS_POINTS, SCALE_MAX, Amount, minor_of
from protocol.book.personal import NAME_CHARS_MAX, UNIT_WORD_CHARS_MAX, text_refusal
from protocol.book.refusals import (
    AMOUNT_MALFORMED,
    CURRENCY_CLOSED,
    CURRENCY_UNKNOWN,
    DUPLICATE,
    MALFORMED,
    STATE_CONFLICT,
    Reason,
    Refused,
    Stage,
    foremost,
    refuse,
)
from protocol.lanes.entry import Body, Millis
from protocol.wire.shape import AtMost, Range, Spelt

BALANCE_OPEN = Reason(
    "BALANCE_OPEN", Stage.RULE, 422, "The balance is not settled", "The balance is {balance}, not settled."
)

CODE_CHARS_MAX = 12
_CODE = re.compile(f"[A-Z][A-Z0-9]{{0,{CODE_CHARS_MAX - 1}}}")
OLD_CODE = f"[A-Z0-9]{{1,{CODE_CHARS_MAX}}}"
"""How a code is spelt that was given before CODES_NARROWED_MS; since then it begins with a letter."""
_OLD_CODE = re.compile(OLD_CODE)
CODES_TAKEN = ("FALSE", "NULL", "TRUE")
"""Codes that no currency gets: other programs read them as a truth, or as nothing."""
CODES_NARROWED_MS = 1_796_083_200_000
"""2026-12-01T00:00Z: a currency that its network dated earlier stays, with a code such as 2HORA or TRUE too."""

Code = Annotated[str, AtMost(CODE_CHARS_MAX)]
Scale = Annotated[int, Range(0, SCALE_MAX)]
BasisPoints = Annotated[int, Range(0, BASIS_POINTS)]
Least = Annotated[int, Range(1 - 2**63, 0)]
Most = Annotated[int, Range(0, 2**63 - 1)]


@dataclass(frozen=True, slots=True)
class CurrencyCreated:
    """A new unit; `least` and `most` are the limits that accounts get (minor units; no most: no ceiling)."""

    KIND: ClassVar[str] = "currencies/created"
    code: Annotated[Code, Spelt(OLD_CODE)]
    name: Annotated[str, AtMost(NAME_CHARS_MAX)]
    unit_word: Annotated[str, AtMost(UNIT_WORD_CHARS_MAX)]
    scale: Scale
    least: Least
    most: Most | None


@dataclass(frozen=True, slots=True)
class LevySet:
    """From now on the commons takes this part of what payees receive; maybe only while it is in debt."""

    KIND: ClassVar[str] = "currencies/levy-set"
    code: Code
    basis_points: BasisPoints
    until_repaid: bool


@dataclass(frozen=True, slots=True)
class DefaultsSet:
    """New accounts get these limits from now on, with `everyone` all members' accounts too (minor units).

    A limit that is left out stays as it is; `any_balance` ends the one upwards.
    """

    KIND: ClassVar[str] = "currencies/defaults-set"
    code: Code
    least: Least | None
    most: Most | None
    any_balance: bool
    everyone: bool


@dataclass(frozen=True, slots=True)
class CurrencyClosed:
    """Nothing is paid in this currency any more."""

    KIND: ClassVar[str] = "currencies/closed"
    code: Code


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
    """Let the commons take a part of what payees receive, to repay what leavers left behind."""

    basis_points: Annotated[BasisPoints, Doc("hundredths of a percent: 100 is 1%; 0 ends the levy")]
    until_repaid: Annotated[bool, Doc("take it only while the commons is in debt")] = True


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
    kind: Annotated[str, Doc("how it comes into being: mutual credit")]
    scale: Annotated[int, Doc("decimals")]
    credit_limit: Annotated[Amount, Doc("how far a new account may owe")]
    balance_limit: Annotated[Amount | None, Doc("how much a new account may hold; null: any")]
    closed: Annotated[bool, Doc("whether payments have ended")]
    levy_basis_points: Annotated[int, Doc("what the commons takes of what payees receive, in hundredths of a percent")]
    levy_until_repaid: Annotated[bool, Doc("whether it takes that only while it is in debt")]
    commons: Annotated[Amount, Doc("the balance of the commons account")]


def check(book: Book, entered: Entered) -> Reason | None:
    refused = book.misplaced(entered) or _against(book, entered.body, entered.at_ms)
    return refused.reason if refused else None


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    match entered.body:
        case CurrencyCreated() as body:
            book.add_currency(
                Currency(body.code, body.name, body.unit_word, body.scale, body.least, body.most, entered.seq)
            )
        case LevySet() as body:
            currency = book.currencies[body.code]
            currency.levy_basis_points, currency.levy_until_repaid = body.basis_points, body.until_repaid
        case DefaultsSet() as body:
            _set_defaults(book, book.currencies[body.code], body)
        case CurrencyClosed() as body:
            book.currencies[body.code].closed = True
        case _:
            raise AssertionError(entered.body)
    return ()


def news(book: Book, entered: Entered) -> Iterable[News]:
    del book
    match entered.body:
        case CurrencyCreated(code):
            yield News("currency.created", code)
        case LevySet(code):
            yield News("currency.levy-set", code)
        case DefaultsSet(code):
            yield News("currency.defaults-set", code)
        case CurrencyClosed(code):
            yield News("currency.closed", code)
        case _:
            raise AssertionError(entered.body)


def _against(book: Book, body: Body, at_ms: Millis) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    match body:
        case CurrencyCreated():
            old = at_ms < CODES_NARROWED_MS
            if not (_OLD_CODE if old else _CODE).fullmatch(body.code) or (body.code in CODES_TAKEN and not old):
                expected = f"a capital letter, up to {CODE_CHARS_MAX - 1} more or digits; not TRUE, FALSE or NULL"
                return refuse(MALFORMED, field="code", expected=expected)
            if body.code in book.currencies:
                return refuse(DUPLICATE, currency=body.code)
            return None
        case LevySet() | DefaultsSet() | CurrencyClosed():
            currency = book.currencies.get(body.code)
            if currency is None:
                return refuse(CURRENCY_UNKNOWN, currency=body.code[:CODE_CHARS_MAX])
            if currency.closed:
                return refuse(CURRENCY_CLOSED, currency=body.code)
            if isinstance(body, DefaultsSet) and body.any_balance and body.most is not None:
                return refuse(MALFORMED, field="any_balance", expected="nothing beside balance_limit")
            return _open_balance(book, currency) if isinstance(body, CurrencyClosed) else None
        case _:
            raise AssertionError(body)


def _open_balance(book: Book, currency: Currency) -> Refused | None:
    if book.passing.get(currency.code):
        return refuse(STATE_CONFLICT, state="payments of other networks are passing through")
    for account in book.ledger.accounts.values():
        if account.currency == currency.code and account.balance_minor:
            return refuse(
                BALANCE_OPEN,
                account=account.id,
                balance=account.balance_minor,
                currency=currency.code,
            )
    return None


def plan_create(desk: Desk, wish: CreateCurrency) -> Plan | Refused:
    word = wish.code if wish.unit_word is None else wish.unit_word
    refused = text_refusal("name", wish.name, NAME_CHARS_MAX) or text_refusal("unit_word", word, UNIT_WORD_CHARS_MAX)
    credit = _limit("credit_limit", wish.credit_limit, wish)
    balance = None if wish.balance_limit is None else _limit("balance_limit", wish.balance_limit, wish)
    if isinstance(credit, Refused) or isinstance(balance, Refused):
        refusals = (one for one in (credit, balance) if isinstance(one, Refused))
        return foremost(refused, *refusals) or refuse(MALFORMED)
    body = CurrencyCreated(wish.code, wish.name, word, wish.scale, -credit, balance)
    refused = foremost(refused, _against(desk.book, body, max(desk.now, CODES_NARROWED_MS)))
    return refused or Plan(wish.code, (Write(body),))


def _limit(field: str, amount: Amount, wish: CreateCurrency | Currency) -> int | Refused:
    if amount.value < 0:
        return refuse(AMOUNT_MALFORMED, field=field, expected="zero or more")
    return minor_of(amount, wish.code, wish.scale)


def plan_set_levy(desk: Desk, code: str, wish: SetLevy) -> Plan | Refused:
    body = LevySet(code, wish.basis_points, wish.until_repaid)
    return _against(desk.book, body, desk.now) or Plan(code, (Write(body),))


def plan_set_defaults(desk: Desk, code: str, wish: SetDefaults) -> Plan | Refused:
    currency = desk.book.currencies.get(code)
    if currency is None:
        return refuse(CURRENCY_UNKNOWN, currency=code[:CODE_CHARS_MAX])
    if not (wish.credit_limit or wish.balance_limit or wish.any_balance):
        return refuse(MALFORMED, field="credit_limit", expected="a limit to set, this or balance_limit")
    credit = None if wish.credit_limit is None else _limit("credit_limit", wish.credit_limit, currency)
    balance = None if wish.balance_limit is None else _limit("balance_limit", wish.balance_limit, currency)
    if isinstance(credit, Refused):
        return credit
    if isinstance(balance, Refused):
        return balance
    least = None if credit is None else -credit
    body = DefaultsSet(code, least, balance, wish.any_balance, wish.accounts is Accounts.ALL)
    return _against(desk.book, body, desk.now) or Plan(code, (Write(body),))


def _set_defaults(book: Book, currency: Currency, body: DefaultsSet) -> None:
    if body.least is not None:
        currency.default_least_minor = body.least
    if body.most is not None or body.any_balance:
        currency.default_most_minor = body.most
    if not body.everyone:
        return
    for account in book.ledger.accounts.values():
        if account.currency == currency.code and account.member is not None:
            account.least_minor = account.least_minor if body.least is None else body.least
            if body.most is not None or body.any_balance:
                account.most_minor = body.most


def plan_close(desk: Desk, code: str, wish: CloseCurrency) -> Plan | Refused:
    del wish
    body = CurrencyClosed(code)
    return _against(desk.book, body, desk.now) or Plan(code, (Write(body),))


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
        kind="mutual",
        scale=currency.scale,
        credit_limit=book.amount(currency.code, -currency.default_least_minor),
        balance_limit=None if most is None else book.amount(currency.code, most),
        closed=currency.closed,
        levy_basis_points=currency.levy_basis_points,
        levy_until_repaid=currency.levy_until_repaid,
        commons=book.amount(currency.code, book.ledger.accounts[commons_account(currency.code)].balance_minor),
    )


def unbalanced(book: Book) -> str | None:
    """Complain of a currency whose balances do not sum to zero."""
    wrong = {code: total for code, total in book.ledger.sums().items() if total}
    return f"the balances sum to {wrong}" if wrong else None


PRACTICE = Practice(
    name="currencies",
    entries=(CurrencyCreated, LevySet, DefaultsSet, CurrencyClosed),
    invariants=(Invariant("balances sum to zero", unbalanced),),
    accounts=(COMMONS, HOLDS, EXCHANGE),
    check=check,
    fold=fold,
    news=news,
    operations=(
        Create(
            "currencies",
            CreateCurrency,
            plan=plan_create,
            who=STEWARDS,
            example='mutirao currencies create --code HORA --name "Horas do Riacho" --credit-limit 100.00',
        ),
        Act(
            "currencies",
            "set-levy",
            SetLevy,
            plan=plan_set_levy,
            who=STEWARDS,
            example="mutirao currencies set-levy HORA --basis-points 100",
        ),
        Act(
            "currencies",
            "set-defaults",
            SetDefaults,
            plan=plan_set_defaults,
            who=STEWARDS,
            example="mutirao currencies set-defaults HORA --credit-limit 200.00 --accounts all",
        ),
        Act(
            "currencies",
            "close",
            CloseCurrency,
            plan=plan_close,
            who=STEWARDS,
            example="mutirao currencies close HORA",
        ),
        Show(
            "currencies",
            CurrencyShown,
            view=view_currency,
            who=ANYONE,
            example="mutirao currencies show HORA",
        ),
        List(
            "currencies",
            CurrenciesWanted,
            CurrencyShown,
            view=view_currencies,
            who=ANYONE,
            example="mutirao currencies list",
        ),
    ),
    refusals=(BALANCE_OPEN,),
)
