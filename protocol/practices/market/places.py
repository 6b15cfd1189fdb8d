# SPDX-License-Identifier: AGPL-3.0-or-later
"""Places to about a kilometre: read, and rounded before anything else is made of them."""

import re
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Annotated

from protocol.book.declaration import Doc
from protocol.book.refusals import MALFORMED, Refused, refuse
from protocol.practices.market.intents import IntentPlace
from protocol.wire.shape import AtMost

PLACE_CHARS_MAX = 64
_GEO = re.compile(r"(?:geo:)?(-?[0-9]{1,2}(?:\.[0-9]{1,15})?),(-?[0-9]{1,3}(?:\.[0-9]{1,15})?)")
_HUNDREDTH = Decimal("0.01")

PlaceText = Annotated[
    str | None,
    AtMost(PLACE_CHARS_MAX),
    Doc("where: geo:LATITUDE,LONGITUDE in degrees (RFC 5870); the node rounds it to about a kilometre"),
]


def read_place(field: str, text: str | None) -> IntentPlace | Refused | None:
    """Return a place to a hundredth of a degree: nothing of what lies behind that is kept anywhere."""
    if text is None:
        return None
    found = _GEO.fullmatch(text)
    if found is None or abs(Decimal(found[1])) > 90 or abs(Decimal(found[2])) > 180:
        return refuse(MALFORMED, field=field, expected="latitude and longitude, such as geo:-23.55,-46.63")
    return IntentPlace(_hundredths(found[1]), _hundredths(found[2]))


def _hundredths(text: str) -> int:
    return int(Decimal(text).quantize(_HUNDREDTH, ROUND_HALF_EVEN) * 100)


def place_text(place: IntentPlace | None) -> str | None:
    """Return a place as it is typed."""
    return None if place is None else f"geo:{Decimal(place.north) / 100:.2f},{Decimal(place.east) / 100:.2f}"
