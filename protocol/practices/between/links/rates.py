# SPDX-License-Identifier: AGPL-3.0-or-later
"""Rates as people write and read them: 1.5, 3/2 or "60 MIN = 1 HORA", in whole units of both sides, taken exactly.

Inside, a rate is a ratio of minor units; here it is turned into one and back.
"""

import re
from dataclasses import dataclass
from fractions import Fraction

from protocol.book.book import Book
from protocol.book.money import Rate
from protocol.book.refusals import MALFORMED, Refused, refuse
from protocol.lanes.directory import Directory
from protocol.practices.between.links.entries import RATE_TERM_MAX
from protocol.practices.between.links.link import Link

RATE_CHARS_MAX = 120
"""How long a rate may be as a text."""
RATE_DIGITS_MAX = 40
"""How many digits each of its numbers may have before or after the point."""
LEAP = Fraction(1, 10)
"""By more than which part of itself a rate moves only if that is said twice."""
RATE_FORMS = '1.5, 3/2 or "3 ECO = 2 HORA", more than 0'
"""How a rate is written, for those whose rate cannot be read."""

# Fraction itself would also read underscores, the digits of any script, and powers of ten that fill the memory.
_NUMBER = rf"[0-9]{{1,{RATE_DIGITS_MAX}}}(?:[.,][0-9]{{1,{RATE_DIGITS_MAX}}})?"
_RATIO = re.compile(rf"({_NUMBER})(?: ?/ ?({_NUMBER}))?")
_NAMED = re.compile(
    rf"({_NUMBER}) ?([A-Z][A-Z0-9]{{0,11}}) ?(?:=| for | por | pour ) ?({_NUMBER}) ?([A-Z][A-Z0-9]{{0,11}})"
)


@dataclass(frozen=True, slots=True)
class RateSide:
    """One side of a rate: a unit's scale, and its code where it has one."""

    scale: int
    code: str | None = None


def read_rate(text: str, own: RateSide, link: RateSide, *, field: str = "rate") -> Rate | Refused:
    """Return what one unit of the link is worth in ours as a ratio of minor units; both terms stay below 10^12.

    Told in whole units: a decimal with a point or a comma, a ratio, or so much of ours for so much of the link's, in
    either order, by their codes. Where both are called alike, ours is told first.
    """
    ratio = _whole(text, own, link) if len(text) <= RATE_CHARS_MAX else None
    ratio = None if ratio is None else ratio * Fraction(10) ** (own.scale - link.scale)
    if ratio is None or ratio <= 0 or max(ratio.numerator, ratio.denominator) > RATE_TERM_MAX:
        return refuse(MALFORMED, field=field, expected=RATE_FORMS)
    return Rate(ratio.numerator, ratio.denominator)


def _whole(text: str, own: RateSide, link: RateSide) -> Fraction | None:
    """Return a rate in whole units of ours for one of the link, None where the text is none."""
    found = _RATIO.fullmatch(text)
    if found is not None:
        return _divided(found[1], found[2] or "1")
    found = _NAMED.fullmatch(text)
    if found is None:
        return None
    if (found[2], found[4]) == (own.code, link.code):
        return _divided(found[1], found[3])
    return _divided(found[3], found[1]) if (found[2], found[4]) == (link.code, own.code) else None


def _divided(over: str, under: str) -> Fraction | None:
    part = Fraction(under.replace(",", "."))
    return Fraction(over.replace(",", ".")) / part if part else None


def rate_said(rate: Rate, own: RateSide, link: RateSide) -> str:
    """Return a rate as the smallest whole figures in whole units: "60 MIN = 1 HORA"."""
    ratio = Fraction(rate.num, rate.den) * Fraction(10) ** (link.scale - own.scale)
    of_link = " of the link" if own.code == link.code and ratio != 1 else ""
    return f"{ratio.numerator} {own.code} = {ratio.denominator} {link.code}{of_link}"


def leaps(before: Rate, after: Rate) -> bool:
    """Tell whether a rate moves by more than a tenth of what it was."""
    was = Fraction(before.num, before.den)
    return abs(Fraction(after.num, after.den) - was) > was * LEAP


def link_side(link: Link) -> RateSide:
    """Return the side of a link's unit."""
    return RateSide(link.terms.scale, link.terms.unit)


def own_rate_said(book: Book, link: Link) -> str | None:
    """Return our rate on a link as people read it; None where we have told none."""
    if link.mine is None:
        return None
    currency = book.currencies[link.mine.currency]
    return rate_said(link.mine.rate, RateSide(currency.scale, currency.code), link_side(link))


def partner_scale(book: Book, link: Link) -> int | None:
    """Return how many decimals the partner's currency on a link has; None where it has told no rate, or nobody knows.

    A record tells the code of its currency alone: the scale is that of its main currency, or of the link's unit.
    """
    theirs, known = link.theirs, book.of(Directory).networks.get(link.partner)
    if theirs is None:
        return None
    profile = None if known is None else known.profile
    if profile is not None and profile.currency == theirs.currency:
        return profile.scale
    return link.terms.scale if theirs.currency == link.terms.unit else None


def partner_rate_said(book: Book, link: Link) -> str | None:
    """Return the partner's rate as people read it; None where it has told none, or we do not know its scale."""
    theirs, scale = link.theirs, partner_scale(book, link)
    if theirs is None or scale is None:
        return None
    return rate_said(theirs.rate, RateSide(scale, theirs.currency), link_side(link))
