# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a member says of an offer or a need, read into what stands on the board; or why it cannot be."""

import re
from itertools import zip_longest
from typing import Any

from protocol.book.book import Book
from protocol.book.currency import Currency
from protocol.book.declaration import Desk
from protocol.book.money import Amount, minor_of
from protocol.book.personal import text_refusal
from protocol.book.refusals import (
    AMOUNT_MALFORMED,
    CURRENCY_CLOSED,
    CURRENCY_MISMATCH,
    CURRENCY_UNKNOWN,
    MALFORMED,
    Refused,
    refuse,
)
from protocol.practices.market.hours import hour_meant
from protocol.practices.market.intents import (
    INTENT_TEXT_CHARS_MAX,
    INTENT_TITLE_CHARS_MAX,
    LABEL_CHARS_MAX,
    PRICE_MINOR_MAX,
    Price,
    StateMoney,
)
from protocol.practices.market.measures import measured
from protocol.practices.market.places import read_place
from protocol.practices.market.wishes import IntentSaid

_CODE = re.compile(r"(?!00)[0-9]{5}")
"""CPC 2.1 has no division 00."""
_STATE_MONEY = re.compile(r"[A-Z]{3}")
_STATE_SCALE_MAX = 4


class _Unread(Exception):
    """A part of it cannot be read; `refused` says why."""

    def __init__(self, refused: Refused) -> None:
        super().__init__(refused.reason.code)
        self.refused = refused


def read_intent(desk: Desk, said: IntentSaid) -> dict[str, Any] | Refused:
    """Return the fields of the body of an offer or a need, but whose it is; or why they cannot be read."""
    try:
        return _read(desk, said)
    except _Unread as unread:
        return unread.refused


def _read(desk: Desk, said: IntentSaid) -> dict[str, Any]:
    for field, text, chars_max in (
        ("title", said.title, INTENT_TITLE_CHARS_MAX),
        ("text", said.text, INTENT_TEXT_CHARS_MAX),
        *(("labels", label, LABEL_CHARS_MAX) for label in said.labels),
    ):
        _granted(text_refusal(field, text, chars_max))
    if not said.title.strip():
        raise _Unread(refuse(MALFORMED, field="title", expected="some words"))
    if len({label.casefold() for label in said.labels}) < len(said.labels) or not all(map(str.strip, said.labels)):
        raise _Unread(refuse(MALFORMED, field="labels", expected="each once"))
    if said.code and not _CODE.fullmatch(said.code):
        raise _Unread(refuse(MALFORMED, field="code", expected="five digits of CPC 2.1"))
    since = _granted(hour_meant(desk.book, "since", said.since, is_end=False))
    until = _granted(hour_meant(desk.book, "until", said.until, is_end=True))
    if until is not None and until <= max(desk.now, since or 0):
        raise _Unread(refuse(MALFORMED, field="until", expected="a time to come, after its beginning"))
    quantity, unit = _granted(measured(said.quantity, said.unit, said.language))
    return {
        "title": said.title,
        "text": said.text,
        "code": said.code,
        "quantity": quantity,
        "unit": unit,
        "prices": _prices(desk.book, said),
        "labels": said.labels,
        "place": _granted(read_place("place", said.place)),
        "from_ms": since,
        "until_ms": until,
    }


def _granted(found: Any) -> Any:
    if isinstance(found, Refused):
        raise _Unread(found)
    return found


def _prices(book: Book, said: IntentSaid) -> tuple[Price, ...]:
    if len(said.state_money) > len(said.prices):
        raise _Unread(refuse(MALFORMED, field="state_money", expected="one beside each price at most"))
    prices = tuple(_price(book, *pair) for pair in zip_longest(said.prices, said.state_money))
    if len({one.currency for one in prices}) < len(prices):
        raise _Unread(refuse(MALFORMED, field="prices", expected="one in each currency"))
    return prices


def _price(book: Book, amount: Amount, beside: Amount | None) -> Price:
    currency = _currency(book, amount.asset_code)
    minor = _granted(minor_of(amount, currency.code, currency.scale))
    if not 0 <= minor <= PRICE_MINOR_MAX:
        raise _Unread(refuse(AMOUNT_MALFORMED, field="prices", expected="zero or more"))
    return Price(currency.code, currency.scale, minor, None if beside is None else _state_money(book, beside))


def _currency(book: Book, code: str | None) -> Currency:
    if code is None:
        open_ones = [one for one in book.currencies.values() if not one.closed]
        if len(open_ones) == 1:
            return open_ones[0]
        raise _Unread(refuse(CURRENCY_MISMATCH, currency=", ".join(one.code for one in open_ones)))
    currency = book.currencies.get(code)
    if currency is None:
        raise _Unread(refuse(CURRENCY_UNKNOWN, currency=code))
    if currency.closed:
        raise _Unread(refuse(CURRENCY_CLOSED, currency=code))
    return currency


def _state_money(book: Book, amount: Amount) -> StateMoney | None:
    """Return what is asked in state money; nothing, where it is none: so a price without it can go before one with."""
    code = amount.asset_code or ""
    if not _STATE_MONEY.fullmatch(code) or code in book.currencies:
        raise _Unread(refuse(MALFORMED, field="state_money", expected="a code of ISO 4217, such as BRL or EUR"))
    if not 0 <= amount.value <= PRICE_MINOR_MAX or amount.asset_scale > _STATE_SCALE_MAX:
        raise _Unread(refuse(AMOUNT_MALFORMED, field="state_money", expected="zero or more"))
    return StateMoney(code, amount.asset_scale, amount.value) if amount.value else None
