# SPDX-License-Identifier: AGPL-3.0-or-later
"""Rights to issue as rules ask for them: who has how many left, and what stands in the way of issuing."""

from collections.abc import Sequence

from protocol.book.book import Book
from protocol.book.ledger import Posting
from protocol.book.refusals import CURRENCY_UNKNOWN, NOT_FOUND, Refused, refuse
from protocol.lanes.entry import Millis
from protocol.practices.credit.reserves.refusals import REDEMPTION_OVERDUE, RESERVE_SHORT, RIGHTS_EXHAUSTED
from protocol.practices.credit.reserves.state import ISSUED, Reserve, Reserves, overdue
from protocol.practices.money.currencies.entries import CODE_CHARS_MAX


def reserve_of(book: Book, code: str) -> Reserve | Refused:
    """Return the reserve of a guaranteed currency, or why there is none."""
    found = book.of(Reserves).by_currency.get(code)
    if found is not None:
        return found
    return refuse(NOT_FOUND) if code in book.currencies else refuse(CURRENCY_UNKNOWN, currency=code[:CODE_CHARS_MAX])


def exhausted(reserve: Reserve, writer: bytes, amount_minor: int) -> Refused | None:
    """Return RIGHTS_EXHAUSTED where a writer holds fewer rights than so many."""
    held = reserve.rights.held(writer)
    if amount_minor <= held:
        return None
    return refuse(
        RIGHTS_EXHAUSTED,
        available=held,
        wished=amount_minor,
        missing=amount_minor - held,
        currency=reserve.terms.currency,
    )


def broken_promise(book: Book, reserve: Reserve, at_ms: Millis) -> Refused | None:
    """Return REDEMPTION_OVERDUE where somebody waits longer for state money than was promised."""
    first = overdue(book, reserve, at_ms)
    if first is None:
        return None
    return refuse(
        REDEMPTION_OVERDUE,
        covered=first.payout_minor,
        hours=reserve.terms.promise_hours,
        currency=reserve.terms.currency,
    )


def short(reserve: Reserve, there_minor: int, amount_minor: int) -> Refused | None:
    """Return RESERVE_SHORT where less state money is somewhere than so much."""
    if amount_minor <= there_minor:
        return None
    return refuse(RESERVE_SHORT, available=there_minor, wished=amount_minor, currency=reserve.terms.currency)


def issue(reserve: Reserve, writer: bytes, account: str, amount_minor: int) -> Sequence[Posting]:
    """Consume rights of a writer's, and let an account have as much more: part of the fold."""
    reserve.rights = reserve.rights.spend(writer, amount_minor)
    issued = ISSUED.of(reserve.terms.currency)
    return (
        Posting(issued, -amount_minor, "issue", None, account),
        Posting(account, amount_minor, "issue", None, issued),
    )
