# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is paid when: instalments in whole minor units, by months that are counted, never by days.

Interest of a month is a part of what is still owed (declining), or of what was lent (flat), rounded half up to whole
minor units; rates are hundredths of a percent a month. The last instalment is what is left and its interest, so that
all of them sum to what was lent and its interest exactly. Due days go by the first: 31 January, 28 February, 31 March.
"""

import re
from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import NamedTuple

from protocol.book.money import BASIS_POINTS

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
LOAN_YEARS = range(1970, 3_000)


class InterestMethod(StrEnum):
    """Of what interest is reckoned each month: of what is still owed, or of what was lent."""

    DECLINING = "declining"
    FLAT = "flat"


class EarlyRepayment(StrEnum):
    """What becomes of the instalments after more is repaid than is due: fewer of them, or as many and smaller."""

    KEEP_INSTALMENT = "keep_instalment"
    KEEP_TERM = "keep_term"


class Instalment(NamedTuple):
    """What is paid of a loan at one time, in minor units."""

    principal_minor: int
    interest_minor: int

    @property
    def amount_minor(self) -> int:
        """Return both together."""
        return self.principal_minor + self.interest_minor


@dataclass(frozen=True, slots=True)
class LoanTerms:
    """On which terms so much (minor units) is lent: `lent_minor` is of what flat interest is reckoned."""

    lent_minor: int
    rate: int
    method: InterestMethod


def half_up(numerator: int, denominator: int) -> int:
    """Return a quotient of whole numbers from 0, rounded half up."""
    return (2 * numerator + denominator) // (2 * denominator)


def interest_of_month(terms: LoanTerms, balance_minor: int) -> int:
    """Return the interest of one month."""
    base = terms.lent_minor if terms.method is InterestMethod.FLAT else balance_minor
    return half_up(base * terms.rate, BASIS_POINTS)


def level_instalment(terms: LoanTerms, balance_minor: int, months: int) -> int:
    """Return the instalment with which a balance is repaid in so many months: an annuity, or equal parts.

    Without interest, and where it is flat, it is rounded up, so that the last one is never the largest; an annuity
    half up.
    """
    if terms.method is InterestMethod.FLAT or terms.rate == 0:
        return -(-balance_minor // months) + interest_of_month(terms, balance_minor)
    grown, kept = (BASIS_POINTS + terms.rate) ** months, BASIS_POINTS**months
    return half_up(balance_minor * terms.rate * grown, BASIS_POINTS * (grown - kept))


def laid_out(terms: LoanTerms, balance_minor: int, months: int) -> tuple[Instalment, ...]:
    """Return the instalments that repay a balance in at most so many months."""
    return laid_out_by(terms, balance_minor, level_instalment(terms, balance_minor, months), months)


def laid_out_by(terms: LoanTerms, balance_minor: int, level_minor: int, months: int) -> tuple[Instalment, ...]:
    """Return instalments of one size that repay a balance in at most so many months; the last takes what is left."""
    found: list[Instalment] = []
    while balance_minor:
        interest = interest_of_month(terms, balance_minor)
        is_last = len(found) == months - 1
        # Of a loan of a few minor units an instalment may not even pay the interest: one unit is repaid all the same.
        principal = balance_minor if is_last else min(balance_minor, max(level_minor - interest, 1))
        found.append(Instalment(principal, interest))
        balance_minor -= principal
    return tuple(found)


def interest_in_all(instalments: Sequence[Instalment]) -> int:
    """Return what a loan costs by its interest, in minor units."""
    return sum(one.interest_minor for one in instalments)


def day_of(text: str) -> int | None:
    """Return a date as it is written, 2027-01-31, as a number of days; None where it is none."""
    if not _DAY.fullmatch(text) or int(text[:4]) not in LOAN_YEARS:
        return None
    try:
        return date.fromisoformat(text).toordinal()
    except ValueError:
        return None


def day_text(day: int) -> str:
    """Return a number of days as a date is written."""
    return date.fromordinal(day).isoformat()


def months_after(day: int, months: int) -> int:
    """Return the same day of a later month, or its last: reckoned from the first day, never from the one before."""
    first = date.fromordinal(day)
    year, month = divmod(first.year * 12 + first.month - 1 + months, 12)
    return date(year, month + 1, min(first.day, monthrange(year, month + 1)[1])).toordinal()
