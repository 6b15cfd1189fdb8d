# SPDX-License-Identifier: AGPL-3.0-or-later
"""Figures of a chain as people write and read them: exact decimals, rounded once, a half away from zero."""

import re
from collections.abc import Iterable
from fractions import Fraction
from typing import Annotated

from protocol.book.refusals import MALFORMED, Refused, refuse
from protocol.wire.shape import AtMost

MONEY_PLACES = 2
SHARE_PLACES = 4
MONTHS_PLACES = 1
WRITTEN_DECIMAL_CHARS_MAX = 30
CANDIDATES_WRITTEN_CHARS_MAX = 1_000
WEIGHTS_WRITTEN_CHARS_MAX = 1_000

WrittenDecimal = Annotated[str, AtMost(WRITTEN_DECIMAL_CHARS_MAX)]
"""A decimal as it is typed: 0.45 or 6000."""

_DECIMAL = re.compile(r"-?(?:[0-9]{1,15}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})")


def decimal_text(value: Fraction, places: int) -> str:
    """Return an exact figure with so many decimals: 53.125 with two of them is 53.13."""
    parts = 10**places
    minor = (2 * abs(value.numerator) * parts + value.denominator) // (2 * value.denominator)
    digits = str(minor).rjust(places + 1, "0")
    sign = "-" if value < 0 and minor else ""
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else f"{sign}{digits}"


def money_text(value: Fraction) -> str:
    """Return a value in the chain's unit of account."""
    return decimal_text(value, MONEY_PLACES)


def share_text(value: Fraction) -> str:
    """Return a share of one, or a multiplier."""
    return decimal_text(value, SHARE_PLACES)


def read_decimal(text: str, field: str) -> Fraction | Refused:
    """Return the figure that somebody has typed."""
    if not _DECIMAL.fullmatch(text):
        return refuse(MALFORMED, field=field, expected="a decimal number such as 0.45 or 6000")
    return Fraction(text)


def read_shares(text: str, field: str, left_out: Fraction | None = None) -> dict[str, Fraction | None] | Refused:
    """Return names with a figure each: "labour=.30, ecology=.25"; a name alone has what is meant where it is left out.

    Each name once, in the order in which they are written.
    """
    found: dict[str, Fraction | None] = {}
    for part in filter(None, (one.strip() for one in text.split(","))):
        name, told, figure = (one.strip() for one in part.partition("="))
        value = read_decimal(figure, field) if told else left_out
        if isinstance(value, Refused):
            return value
        if not name or name in found or (value is None and told):
            return refuse(MALFORMED, field=field, expected="each name once, with its figure: labour=.30,ecology=.25")
        found[name] = value
    return found


def names_text(names: Iterable[str], most: int = 5) -> str:
    """Return some names for a sentence."""
    told = list(names)
    return ", ".join(told[:most]) + (", ..." if len(told) > most else "")
