# SPDX-License-Identifier: AGPL-3.0-or-later
"""Day caps: the most that a member pays in a day, in each currency, where the group has set one.

A day begins at midnight by the group's clocks. What comes back on the day on which it was paid may be paid again.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from protocol.book.book import Book
from protocol.book.declaration import Entered, Motion, Parameter, Practice
from protocol.book.ledger import Account, Posting
from protocol.book.money import AMOUNT_MINOR_MAX
from protocol.book.parameters import TIME_ZONE, Money
from protocol.book.refusals import Reason, Refused, Stage, refuse
from protocol.book.timezones import DAY_MS, MINUTE_MS
from protocol.lanes.entry import Millis

PAYMENT_DAY_CAP = Parameter(
    "payments.day_cap", Money(), AMOUNT_MINOR_MAX, "what a member pays at most in a day", changed_by=Motion()
)
RULE_CAP = Reason(
    "RULE_CAP",
    Stage.RULE,
    422,
    "This goes beyond what the group lets a member pay in a day",
    "{projected} in all today, and the group's rule is {limit} a day. Nothing was paid.",
    heading="At most {limit} a day, {available} left",
    ways=(
        "pay {available} today and the rest tomorrow",
        "see the rule, and since when it holds: mutirao bylaws show payments.day_cap.{currency}",
        "put another rule to the vote: mutirao bylaws change payments.day_cap.{currency}",
    ),
)
_PAID = frozenset({"payment", "hold", "mass-payment"})
_BACK = frozenset({"void", "reversal"})


@dataclass(slots=True)
class PaidInDay:
    """The newest day on which members have paid, in days since 1970, and how much each account has on it."""

    day: int = 0
    minor: dict[str, int] = field(default_factory=dict[str, int])


def day_at(book: Book, at_ms: Millis) -> int:
    """Return the day by the group's clocks, in days since 1970."""
    return (at_ms + book.parameter(TIME_ZONE).offset(at_ms) * MINUTE_MS) // DAY_MS


def beyond_day_cap(book: Book, payer: Account, amount_minor: int, now: Millis) -> Refused | None:
    """Return RULE_CAP where a payment goes beyond what its payer may pay on this day; for the author alone to ask."""
    most, today = book.parameter(PAYMENT_DAY_CAP, payer.currency), book.of(PaidInDay)
    if payer.member is None or most == AMOUNT_MINOR_MAX:
        return None
    paid = today.minor.get(payer.id, 0) if today.day >= day_at(book, now) else 0
    if paid + amount_minor <= most:
        return None
    return refuse(
        RULE_CAP,
        limit=most,
        available=max(0, most - paid),
        projected=paid + amount_minor,
        currency=payer.currency,
    )


def posted(book: Book, entered: Entered, postings: Sequence[Posting]) -> None:
    """Follow what members pay in a day."""
    today = book.of(PaidInDay)
    for one in postings:
        if book.ledger.accounts[one.account].member is None:
            continue
        paid = one.amount_minor < 0 and one.kind in _PAID
        back = one.amount_minor > 0 and one.kind in _BACK and one.payment is not None
        if not paid and not back:
            continue
        day = day_at(book, entered.at_ms)
        if day > today.day:
            today.day, today.minor = day, {}
        if paid:
            today.minor[one.account] = today.minor.get(one.account, 0) - one.amount_minor
        elif one.account in today.minor and day_at(book, book.payments[one.payment or b""].at_ms) == today.day:
            today.minor[one.account] = max(0, today.minor[one.account] - one.amount_minor)


PRACTICE = Practice(name="day-caps", entries=(), posted=posted, parameters=(PAYMENT_DAY_CAP,), refusals=(RULE_CAP,))
