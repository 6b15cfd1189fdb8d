# SPDX-License-Identifier: AGPL-3.0-or-later
"""Trade item numbers of GS1 (GTIN), and the GS1 Digital Link that stands for one in a QR code."""

import re

_LENGTHS = (8, 12, 13, 14)
_DIGITS = 14
GTIN_LINK = "https://id.gs1.org/01/"
"""How a GS1 Digital Link begins that GS1's own resolver knows; 01 stands for a GTIN."""


def gtin14(text: str) -> str | None:
    """Return a GTIN of 8, 12, 13 or 14 digits padded to 14; None where its check digit is wrong, or it is none."""
    if len(text) not in _LENGTHS or not re.fullmatch("[0-9]+", text):
        return None
    digits = [int(one) for one in text.zfill(_DIGITS)]
    total = sum(digit * (3 if place % 2 == 0 else 1) for place, digit in enumerate(digits[:-1]))
    return text.zfill(_DIGITS) if (10 - total % 10) % 10 == digits[-1] and any(digits) else None


def digital_link(gtin: str) -> str:
    """Return the GS1 Digital Link of a GTIN of 14 digits."""
    return GTIN_LINK + gtin
