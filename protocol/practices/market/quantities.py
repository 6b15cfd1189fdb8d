# SPDX-License-Identifier: AGPL-3.0-or-later
"""How much of something: read as people write it in their language, kept exactly, converted before it is summed."""

import re
from dataclasses import dataclass
from fractions import Fraction

from protocol.practices.market.units import BY_CODE, BY_NAME, Language

_SPACES = " \u00a0\u202f"
_BOX = re.compile(r"(?:cajas?|caixas?|boxe?s?|boîtes?|capses|capsa|caixes) (?:de|of|d') ?(\d{1,4})")
_PART = re.compile(rf"\s*([0-9][0-9.,{_SPACES}]*?)\s*([^\W\d_][^0-9]*(?:[23](?!\d))?(?:(?<= de )\d+|(?<= of )\d+)?)\s*")


class QuantityFault(ValueError):
    """What is no quantity, or cannot be made another one: NUMBER_UNCLEAR, UNIT_UNKNOWN or UNITS_DIFFER."""

    def __init__(self, code: str, about: str) -> None:
        super().__init__(f"{code}: {about}")
        self.code, self.about = code, about


@dataclass(frozen=True, slots=True)
class Quantity:
    """So many of a unit, exactly; `unit` is a code of UN/CEFACT."""

    number: Fraction
    unit: str

    def in_unit(self, code: str) -> "Quantity":
        """Return the same in another unit; raises QuantityFault UNITS_DIFFER where that measures something else."""
        mine, other = BY_CODE[self.unit], BY_CODE[code]
        if mine.measures != other.measures:
            raise QuantityFault("UNITS_DIFFER", f"{self.unit}, {code}")
        return Quantity(self.number * mine.factor / other.factor, code)

    def plus(self, other: "Quantity") -> "Quantity":
        """Return both together, in the unit of the first."""
        return Quantity(self.number + other.in_unit(self.unit).number, self.unit)


def number_read(text: str, language: Language) -> Fraction:
    """Return a number as it is written in a language: in English 1,234.5, in the others 1.234,5 or 1 234,5.

    Raises QuantityFault NUMBER_UNCLEAR for what could mean two things: "10.00" in Portuguese is ten to whoever wrote it
    and a thousand to a program that drops the point.
    """
    mark, group = (".", ",") if language == "en" else (",", ".")
    whole, has_rest, rest = text.strip().partition(mark)
    grouped = next((one for one in (group, *_SPACES) if one in whole), "")
    parts = whole.split(grouped) if grouped else [whole]
    # Nobody writes four hundred and fifty as 0.450.
    has_thousands = len(parts[0]) <= 3 and parts[0][:1] != "0" and all(len(one) == 3 for one in parts[1:])
    is_grouped = len(parts) == 1 or has_thousands
    digits = "".join(parts)
    if not (digits.isascii() and digits.isdigit() and all(parts) and is_grouped) or (
        has_rest and not (rest.isascii() and rest.isdigit())
    ):
        raise QuantityFault("NUMBER_UNCLEAR", text.strip())
    return Fraction(int(digits + rest), 10 ** len(rest))


def read_unit(text: str) -> tuple[str, Fraction]:
    """Return the unit that a word means, and how many of it: a "box of 12" is 12 pieces; raises QuantityFault."""
    word = " ".join(text.lower().rstrip(".").split())
    if boxed := _BOX.fullmatch(word):
        return "C62", Fraction(int(boxed[1]))
    found = BY_NAME.get(word)
    if found is None:
        raise QuantityFault("UNIT_UNKNOWN", text.strip())
    return found.code, Fraction(1)


def read_quantity(text: str, language: Language) -> Quantity:
    """Return what "1,5 kg", "2 h 30 min" or "3 boxes of 12" says; raises QuantityFault."""
    at, total = 0, None
    while at < len(text) or total is None:
        part = _PART.match(text, at)
        if part is None:
            raise QuantityFault("NUMBER_UNCLEAR", text.strip())
        code, times = read_unit(part[2])
        more = Quantity(number_read(part[1], language) * times, code)
        total = more if total is None else total.plus(more)
        at = part.end()
    return total
