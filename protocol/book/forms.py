# SPDX-License-Identifier: AGPL-3.0-or-later
"""Why an amount cannot be read, whoever wishes it and for whatever account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from protocol.book.money import Amount, minor_of
from protocol.book.refusals import AMOUNT_MALFORMED, AMOUNT_NOT_POSITIVE, Refused, Stage, refuse

if TYPE_CHECKING:
    from protocol.book.book import Book


def payable_form(book: Book, amount: Amount) -> Refused | None:
    """Return why an amount in a currency of this network cannot be paid: nothing, too many decimals, too much.

    One that names no currency is read later, in that of its account.
    """
    return refuse(AMOUNT_NOT_POSITIVE) if amount.value <= 0 else minor_form(book, amount)


def limit_form(book: Book, name: str, amount: Amount | None, code: str | None) -> Refused | None:
    """Return why an amount cannot be a limit, which may be zero, in the currency of this code or the one it names."""
    if amount is None:
        return None
    if amount.value < 0:
        return refuse(AMOUNT_MALFORMED, field=name, expected="zero or more")
    return minor_form(book, amount, code)


def minor_form(book: Book, amount: Amount, code: str | None = None) -> Refused | None:
    """Return why an amount in a currency of this network has no minor units: too many decimals, or too much."""
    currency = book.currencies.get(amount.asset_code or code or "")
    found = None if currency is None else minor_of(amount, currency.code, currency.scale)
    return found if isinstance(found, Refused) and found.reason.stage is Stage.FORM else None
