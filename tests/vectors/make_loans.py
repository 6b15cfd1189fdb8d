# SPDX-License-Identifier: AGPL-3.0-or-later
"""The rounding of loans and demurrage: worked out anew in exact fractions, by none of the code that it is to check."""

from fractions import Fraction
from math import floor
from typing import Any

HALF = Fraction(1, 2)


def _rounded(value: Fraction) -> int:
    return floor(value + HALF)


def _up(value: Fraction) -> int:
    return -floor(-value)


def loan_reckoned(name: str, lent: int, rate: int, months: int, method: str = "declining") -> dict[str, Any]:
    """Return a loan with its instalments, each what is repaid and its interest, in minor units."""
    monthly = Fraction(rate, 10_000)
    if method == "flat" or not rate:
        level = _up(Fraction(lent, months)) + _rounded(lent * monthly)
    else:
        level = _rounded(lent * monthly / (1 - (1 + monthly) ** -months))
    balance, found = lent, list[list[int]]()
    while balance:
        interest = _rounded((lent if method == "flat" else balance) * monthly)
        principal = balance if len(found) == months - 1 else min(balance, max(level - interest, 1))
        found.append([principal, interest])
        balance -= principal
    return {
        "name": name, "lent": lent, "rate": rate, "months": months, "method": method, "instalments": found,
        "total": sum(map(sum, found)),
    }  # fmt: skip


def _wearing(name: str, begins: int, rate: int, months: int) -> dict[str, Any]:
    after = [begins]
    for _ in range(months):
        after.append(_rounded(after[-1] * (1 - Fraction(rate, 10_000))))
    return {"name": name, "begins": begins, "rate": rate, "after": after[1:]}


def loans() -> dict[str, Any]:
    """Return what is published of instalments, of interest and of demurrage."""
    return {
        "about": "Rates are hundredths of a percent a month, amounts minor units. `rounded` is a part of an amount,"
        " half up. Each instalment of `loans` is [what is repaid of what was lent, interest]; without interest and"
        " where it is flat the instalment is rounded up, an annuity half up; one unit at least is repaid each time, and"
        " the last of the months takes what is left. `demurrage` is what is left after each month.",
        "rounded": [
            {"of": of, "rate": rate, "is": _rounded(Fraction(of * rate, 10_000))}
            for of, rate in ((0, 1_00), (49, 1_00), (50, 1_00), (150, 1_00), (600_00, 1_00), (502_47, 1_00), (1, 10_00),
                             (5, 10_00), (2**53, 1), (50, 0))
        ],
        "loans": [
            loan_reckoned("600.00 at 1% over 6", 600_00, 1_00, 6),
            loan_reckoned("600 of a unit without decimals", 600, 1_00, 6),
            loan_reckoned("without interest", 100_00, 0, 3),
            loan_reckoned("without interest, fewer units than months", 2, 0, 6),
            loan_reckoned("flat", 600_00, 1_00, 6, "flat"),
            loan_reckoned("flat with a rest", 100_01, 1_50, 7, "flat"),
            loan_reckoned("one unit at 10% over 60", 1, 10_00, 60),
            loan_reckoned("hardly more than its interest", 100, 10_00, 60),
            loan_reckoned("half a percent over two years", 12_345_67, 50, 24),
            loan_reckoned("one month", 99_99, 1_00, 1),
        ],
        "demurrage": [
            _wearing("5,400.00 at 2% a month", 5_400_00, 2_00, 4),
            _wearing("5,400 of a unit without decimals", 5_400, 2_00, 4),
            _wearing("a unit that wears away no more", 24, 2_00, 3),
        ],
    }  # fmt: skip
