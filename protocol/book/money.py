# SPDX-License-Identifier: AGPL-3.0-or-later
"""Amounts: whole minor units inside, decimals in the currency's scale at the edge."""

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated

from protocol.book.refusals import (
    AMOUNT_MALFORMED,
    AMOUNT_NOT_POSITIVE,
    AMOUNT_TOO_LARGE,
    CURRENCY_MISMATCH,
    SCALE_EXCEEDED,
    Refused,
    refuse,
)
from protocol.wire.shape import AtMost, Range

AMOUNT_MINOR_MAX = 2**63 - 1
SCALE_MAX = 9
ASSET_CODE_CHARS_MAX = 64
ASSET_SCALE_MAX = 255
"""As in Open Payments; a scale beyond the currency's own is for its rule to refuse."""
BASIS_POINTS = 10_000
"""Parts of the whole in which a levy is counted."""


@dataclass(frozen=True, slots=True)
class Amount:
    """So many minor units of a currency, in the form of Open Payments: value, asset code, asset scale.

    In a wish the code may be left out, which means the currency of the account in question, and the
    scale may be another than the currency's, where it says the same ("12.5" is 125 at scale 1).
    """

    value: int
    asset_code: Annotated[str, AtMost(ASSET_CODE_CHARS_MAX)] | None = None
    asset_scale: Annotated[int, Range(0, ASSET_SCALE_MAX)] = 0

    def reduced(self) -> "Amount":
        """Return the same amount at its least scale: zeros at the end of decimals mean nothing."""
        value, scale = self.value, self.asset_scale
        while scale and value % 10 == 0:
            value, scale = value // 10, scale - 1
        return Amount(value, self.asset_code, scale)


def minor_of(amount: Amount, code: str, scale: int) -> int | Refused:
    """Return a wished amount in minor units of a currency of this code and scale.

    Refuses another currency (CURRENCY_MISMATCH), more decimals than the scale (SCALE_EXCEEDED; zeros at
    the end do not count) and what lies beyond int64 (AMOUNT_TOO_LARGE); the sign is not looked at.
    """
    if amount.asset_code not in (None, code):
        return refuse(CURRENCY_MISMATCH, currency=code)
    amount = amount.reduced()
    if amount.asset_scale > scale:
        return refuse(SCALE_EXCEEDED, scale=scale)
    minor = amount.value * 10 ** (scale - amount.asset_scale)
    if abs(minor) > AMOUNT_MINOR_MAX:
        return refuse(AMOUNT_TOO_LARGE, maximum=AMOUNT_MINOR_MAX)
    return minor


@dataclass(frozen=True, slots=True)
class Rate:
    """A price as a ratio: one minor unit of the foreign unit is worth num/den minor units of ours."""

    num: int
    den: int

    def up(self, foreign_minor: int) -> int:
        """Return the value in our minor units, rounded up (PROTOCOL 3: rounding stays with who forwards)."""
        return -(-foreign_minor * self.num // self.den)

    def down(self, foreign_minor: int) -> int:
        """Return the value in our minor units, rounded down."""
        return foreign_minor * self.num // self.den

    def foreign_up(self, own_minor: int) -> int:
        """Return the least foreign amount worth at least so many of our minor units."""
        return -(-own_minor * self.den // self.num)

    def reduced(self) -> "Rate":
        """Return the same rate in lowest terms."""
        ratio = Fraction(self.num, self.den)
        return Rate(ratio.numerator, ratio.denominator)


PAR = Rate(1, 1)


def payable(amount_minor: int) -> Refused | None:
    """Return why an amount cannot be paid at all: not positive, or beyond int64; None if it can."""
    if amount_minor <= 0:
        return refuse(AMOUNT_NOT_POSITIVE)
    if amount_minor > AMOUNT_MINOR_MAX:
        return refuse(AMOUNT_TOO_LARGE, maximum=AMOUNT_MINOR_MAX)
    return None


_DECIMAL = re.compile(r"(-?)([0-9]{1,24})(?:\.([0-9]{1,24}))?")


def parse_decimal(text: str, scale: int) -> int | Refused:
    """Return a decimal text ("12.50") as minor units; never rounds: too many decimals are refused."""
    found = _DECIMAL.fullmatch(text)
    if found is None:
        return refuse(AMOUNT_MALFORMED)
    sign, whole, decimals = found[1], found[2], (found[3] or "").rstrip("0")
    if len(decimals) > scale:
        return refuse(SCALE_EXCEEDED, scale=scale)
    minor = int(whole + decimals.ljust(scale, "0"))
    if minor > AMOUNT_MINOR_MAX:
        return refuse(AMOUNT_TOO_LARGE, maximum=AMOUNT_MINOR_MAX)
    return -minor if sign else minor


def decimal(amount_minor: int, scale: int) -> str:
    """Return minor units as a decimal text in the currency's scale, as members write it."""
    sign = "-" if amount_minor < 0 else ""
    digits = str(abs(amount_minor)).rjust(scale + 1, "0")
    return f"{sign}{digits[:-scale]}.{digits[-scale:]}" if scale else f"{sign}{digits}"
