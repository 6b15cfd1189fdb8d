# SPDX-License-Identifier: AGPL-3.0-or-later
"""What all figures of a chain have in common: who tells them, how values, shares and places are read and shown."""

import re
from collections.abc import Callable, Iterable
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from typing import Annotated

from protocol.book.book import Book
from protocol.book.declaration import Desk, Doc, Role
from protocol.book.money import Amount, minor_of
from protocol.book.personal import text_refusal
from protocol.book.refusals import MALFORMED, Refused, refuse
from protocol.practices.chains.book_chain import chain_made
from protocol.practices.chains.engine.chain import ChainFault
from protocol.practices.chains.entries import ACCOUNT_SCALE, SHARE_PARTS
from protocol.practices.chains.refusals import FIGURE_NEGATIVE, SHARE_ABOVE_ONE, refused_chain
from protocol.practices.chains.state import CHAIN_TEXT_CHARS_MAX, ChainInputs, inputs_of, trial_of
from protocol.practices.market.intents import IntentPlace
from protocol.wire.shape import AtMost

COORDINATORS = frozenset({Role.COMMITTEE, Role.STEWARD})
"""Who enters the figures of a chain and sees single ones; all members see what follows from them."""
UNIT_OF_ACCOUNT = "UNIT"
"""The code of the unit in which a chain is reckoned: what a group counts in, whatever its currencies are."""
CHAIN_PLACE_CHARS_MAX = 60
NO_VALUE = Amount(0)

ChainText = Annotated[str, AtMost(CHAIN_TEXT_CHARS_MAX)]
ShareText = Annotated[str, AtMost(12), Doc("as 0.6 or 60%")]
_PLACE = re.compile(r"(?:geo:)?(-?[0-9]{1,3}(?:\.[0-9]{1,12})?) ?, ?(-?[0-9]{1,3}(?:\.[0-9]{1,12})?)")
_SHARE = re.compile(r"([0-9]{1,3})(?:\.([0-9]{1,6}))?( ?%)?")


def is_coordinator(desk: Desk) -> bool:
    """Tell whether who asks may see single figures."""
    return desk.actor.role in COORDINATORS


def value_minor(amount: Amount) -> int | Refused:
    """Return a value in hundredths of the unit of account."""
    minor = minor_of(amount, UNIT_OF_ACCOUNT, ACCOUNT_SCALE)
    return refuse(FIGURE_NEGATIVE, place="an amount") if isinstance(minor, int) and minor < 0 else minor


def shown_value(minor: int) -> Amount:
    """Return hundredths of the unit of account as they are shown."""
    return Amount(minor, UNIT_OF_ACCOUNT, ACCOUNT_SCALE)


def share_parts(text: str) -> int | Refused:
    """Return a share, written as 0.6 or 60%, in parts of a million."""
    found = _SHARE.fullmatch(text)
    if found is None:
        return refuse(MALFORMED, field="share", expected="a share, such as 0.6 or 60%")
    return parts_of(Fraction(f"{found[1]}.{found[2] or 0}") / (100 if found[3] else 1), text)


def parts_of(share: Fraction, about: str) -> int | Refused:
    """Return a share in parts of a million."""
    parts = share * SHARE_PARTS
    if parts > SHARE_PARTS:
        return refuse(SHARE_ABOVE_ONE, about=about)
    if parts.denominator != 1:
        return refuse(MALFORMED, field="share", expected="at most six decimals")
    return int(parts)


def shown_share(parts: int) -> str:
    """Return parts of a million as a decimal text."""
    return format((Decimal(parts) / SHARE_PARTS).normalize(), "f")


def place_read(text: str) -> IntentPlace | Refused:
    """Return latitude and longitude, rounded to a hundredth of a degree before anything is made of them."""
    found = _PLACE.fullmatch(text)
    if found is not None:
        place = rounded_place(Decimal(found[1]), Decimal(found[2]))
        if place is not None:
            return place
    return refuse(MALFORMED, field="place", expected="latitude and longitude in degrees, such as -23.55,-46.63")


def rounded_place(north: Decimal, east: Decimal) -> IntentPlace | None:
    """Return a place to about a kilometre; None where it is not on earth."""
    if abs(north) > 90 or abs(east) > 180:
        return None
    rounded = (int((one * 100).quantize(Decimal(1), ROUND_HALF_UP)) for one in (north, east))
    return IntentPlace(*rounded)


def shown_place(place: IntentPlace | None) -> str | None:
    """Return a place as it is shown and read again."""
    return None if place is None else f"{Decimal(place.north) / 100:.2f},{Decimal(place.east) / 100:.2f}"


def texts_refused(**texts: str | None) -> Refused | None:
    """Return why one of these texts cannot be kept."""
    refused = (text_refusal(field, text, CHAIN_TEXT_CHARS_MAX) for field, text in texts.items())
    return next((one for one in refused if one is not None), None)


def not_a_chain(book: Book, fold: Callable[[ChainInputs], None]) -> Refused | None:
    """Return why no chain can be made of what is there once something has been folded in.

    The author asks it; others take what it has taken.
    """
    trial = trial_of(inputs_of(book))
    fold(trial)
    try:
        chain_made(trial)
    except ChainFault as fault:
        return refused_chain(fault)
    return None


def first_refused(found: Iterable[object]) -> Refused | None:
    """Return the first refusal among what was read."""
    return next((one for one in found if isinstance(one, Refused)), None)
