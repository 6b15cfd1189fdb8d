# SPDX-License-Identifier: AGPL-3.0-or-later
"""When a currency may be made, levied, changed and closed."""

import re
from collections.abc import Sequence

from protocol.book.book import Book
from protocol.book.currency import Currency, LevySide, LevyTerms
from protocol.book.declaration import Desk, Entered, Motion, Plan, Write, ungated
from protocol.book.issuer_groups import IssuerGroups
from protocol.book.ledger import Posting
from protocol.book.money import Amount, minor_of
from protocol.book.personal import NAME_CHARS_MAX, UNIT_WORD_CHARS_MAX, text_refusal
from protocol.book.refusals import (
    AMOUNT_MALFORMED,
    BALANCE_OPEN,
    CURRENCY_CLOSED,
    CURRENCY_UNKNOWN,
    DUPLICATE,
    MALFORMED,
    NOT_FOUND,
    STATE_CONFLICT,
    Reason,
    Refused,
    foremost,
    refuse,
)
from protocol.lanes.entry import Body, Millis
from protocol.practices.money.currencies.entries import (
    CODE_CHARS_MAX,
    OLD_CODE,
    CurrencyClosed,
    CurrencyCreated,
    CurrencyKeptHome,
    DefaultsSet,
    LevySet,
)
from protocol.practices.money.currencies.views import (
    Accounts,
    CloseCurrency,
    CreateCurrency,
    KeepCurrencyHome,
    SetDefaults,
    SetLevy,
)

_CODE = re.compile(f"[A-Z][A-Z0-9]{{0,{CODE_CHARS_MAX - 1}}}")
_OLD_CODE = re.compile(OLD_CODE)
KEPT_HOME = Motion()
CODES_TAKEN = ("FALSE", "NULL", "TRUE")
"""Codes that no currency gets: other programs read them as a truth, or as nothing."""
CODES_NARROWED_MS = 1_796_083_200_000
"""2026-12-01T00:00Z: a currency that its network dated earlier stays, with a code such as 2HORA or TRUE too."""


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
            terms = LevyTerms(body.basis_points, body.until_repaid, body.side or LevySide.PAYEE)
            if body.group is None:
                book.currencies[body.code].levy = terms
            else:
                book.currencies[body.code].levies[body.group] = terms
        case DefaultsSet() as body:
            _set_defaults(book, book.currencies[body.code], body)
        case CurrencyKeptHome() as body:
            book.currencies[body.code].convertible = False
        case CurrencyClosed() as body:
            book.currencies[body.code].closed = True
        case _:
            raise AssertionError(entered.body)
    return ()


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
        case LevySet() | DefaultsSet() | CurrencyClosed() | CurrencyKeptHome():
            currency = book.currencies.get(body.code)
            if currency is None:
                return refuse(CURRENCY_UNKNOWN, currency=body.code[:CODE_CHARS_MAX])
            if currency.closed:
                return refuse(CURRENCY_CLOSED, currency=body.code)
            if isinstance(body, LevySet):
                known = body.group is None or body.group in book.of(IssuerGroups).by_name
                return None if known else refuse(NOT_FOUND)
            if isinstance(body, DefaultsSet) and body.any_balance and body.most is not None:
                return refuse(MALFORMED, field="any_balance", expected="nothing beside balance_limit")
            if isinstance(body, CurrencyKeptHome):
                again = None if currency.convertible else refuse(DUPLICATE, currency=body.code)
                return again or _open_balance(book, currency) or ungated(book, KEPT_HOME)
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
    # The payee bears it where nothing is said: older versions say nothing, and read nothing else.
    side = None if wish.side is LevySide.PAYEE else wish.side
    body = LevySet(code, wish.basis_points, wish.until_repaid, side, wish.group)
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


def plan_keep_home(desk: Desk, code: str, wish: KeepCurrencyHome) -> Plan | Refused:
    del wish
    body = CurrencyKeptHome(code)
    return _against(desk.book, body, desk.now) or Plan(code, (Write(body),))


def plan_close(desk: Desk, code: str, wish: CloseCurrency) -> Plan | Refused:
    del wish
    body = CurrencyClosed(code)
    return _against(desk.book, body, desk.now) or Plan(code, (Write(body),))


def unbalanced(book: Book) -> str | None:
    """Complain of a currency whose balances do not sum to zero."""
    wrong = {code: total for code, total in book.ledger.sums().items() if total}
    return f"the balances sum to {wrong}" if wrong else None
