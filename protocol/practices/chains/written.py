# SPDX-License-Identifier: AGPL-3.0-or-later
"""Figures of a chain as people write and read them: exact decimals, rounded once, a half away from zero."""

import re
from collections.abc import Iterable
from fractions import Fraction
from typing import Annotated

from protocol.book.refusals import MALFORMED, Refused, refuse
from protocol.practices.chains.refusals import FIGURE_UNCLEAR
from protocol.practices.market.measures import in_one_meaning
from protocol.practices.market.quantities import QuantityFault, number_read
from protocol.wire.shape import AtMost

MONEY_PLACES = 2
SHARE_PLACES = 4
MONTHS_PLACES = 1
WRITTEN_DECIMAL_CHARS_MAX = 30
CANDIDATES_WRITTEN_CHARS_MAX = 1_000
WEIGHTS_WRITTEN_CHARS_MAX = 1_000

WrittenDecimal = Annotated[str, AtMost(WRITTEN_DECIMAL_CHARS_MAX)]
"""A figure as it is typed: 6000, 0.45 or 8000,50."""

_SHARE = re.compile(r"-?(?:[0-9]{1,15}(?:\.[0-9]{0,9})?|\.[0-9]{1,9})")
_FIGURE = re.compile(r"-?[0-9]{1,15}(?:[., \u00a0\u202f][0-9]{1,9})*")
_CUT_IN_TWO = re.compile(r"[0-9]+ *%?")


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
    """Return the figure that somebody has typed, with a point or a comma.

    FIGURE_UNCLEAR where that could mean two: "8.000" is eight thousand to whoever writes 8.000,50.
    """
    figure = text.strip()
    if not _FIGURE.fullmatch(figure):
        return refuse(MALFORMED, field=field, expected="a figure such as 0.45 or 6000")
    try:
        found = in_one_meaning(number_read, figure.removeprefix("-"), None)
    except QuantityFault:
        return refuse(FIGURE_UNCLEAR, field=field, about=figure)
    return -found if figure.startswith("-") else found


def read_share(text: str, field: str) -> Fraction | Refused:
    """Return the share that somebody has typed: 0.6, .6 or 60%."""
    bare = text.removesuffix("%").strip()
    if not _SHARE.fullmatch(bare):
        return refuse(MALFORMED, field=field, expected="a share such as 0.45 or 45%")
    return Fraction(bare) / (100 if text.endswith("%") else 1)


def read_shares(text: str, field: str, left_out: Fraction | None = None) -> dict[str, Fraction | None] | Refused:
    """Return names with a share each: "labour=.30, ecology=25%"; a name alone has what is meant where it is left out.

    Each name once, in the order in which they are written.
    """
    found: dict[str, Fraction | None] = {}
    was_told = ""
    for part in filter(None, (one.strip() for one in text.split(","))):
        name, told, figure = (one.strip() for one in part.partition("="))
        if was_told and not told and _CUT_IN_TWO.fullmatch(part):
            return refuse(MALFORMED, field=field, expected=f"shares with a point: {was_told}.{part}")
        value = read_share(figure, field) if told else left_out
        if isinstance(value, Refused):
            return value
        if not name or name in found or (value is None and told):
            return refuse(MALFORMED, field=field, expected="each name once, with its share: labour=.30,ecology=.25")
        found[name] = value
        was_told = part if told else ""
    return found


def names_text(names: Iterable[str], most: int = 5) -> str:
    """Return some names for a sentence."""
    told = list(names)
    return ", ".join(told[:most]) + (", ..." if len(told) > most else "")
