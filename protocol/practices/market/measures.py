# SPDX-License-Identifier: AGPL-3.0-or-later
"""How much is offered or needed, as people write it; read, or refused where it could mean two things."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import TypeVar, cast

from protocol.book.refusals import MALFORMED, Reason, Refused, Stage, refuse
from protocol.practices.market.intents import PARTS_OF_UNIT, QUANTITY_MAX
from protocol.practices.market.quantities import Quantity, QuantityFault, read_quantity, read_unit
from protocol.practices.market.units import LANGUAGES, Language

T = TypeVar("T")

NUMBER_UNCLEAR = Reason(
    "NUMBER_UNCLEAR",
    Stage.FORM,
    400,
    "The number cannot be read, or could mean two things",
    "{about} is not read as a number: it has a sign, a mark of money or a formula in it, or no number, or could mean"
    " two, as 1.234, which is over a thousand in Portuguese, and one and a bit in English.",
    heading="Which number is {about}?",
    ways=(
        "write digits alone and behind them the unit, such as 1500 g or 1,5 kg",
        "say in the field language in which one it is written: es, pt, en, fr or ca",
    ),
)
UNIT_UNKNOWN = Reason(
    "UNIT_UNKNOWN",
    Stage.FORM,
    400,
    "No unit is written so",
    "{about} is no unit that is known here. Nothing was guessed.",
    heading="What is {about}?",
    ways=("take one of the units that docs/concepts.md lists, such as kg, l, h or dozen", "say it in the text"),
)
UNITS_DIFFER = Reason(
    "UNITS_DIFFER",
    Stage.FORM,
    400,
    "The units measure different things",
    "Of {about} neither can be said in the other.",
    heading="These units do not go together",
    ways=("use one unit for all of it",),
)
QUANTITY_REASONS = {one.code: one for one in (NUMBER_UNCLEAR, UNIT_UNKNOWN, UNITS_DIFFER)}
"""Why a quantity is refused, by the code of its fault."""


def measured(quantity: str | None, unit: str | None, language: str | None) -> tuple[int, str] | Refused:
    """Return so many thousandths of a unit, by its code; 0 stands for as many as are asked for.

    Where no `language` is told the number is read in the way of all, and counts if that is one number. A `unit` beside
    a quantity is what it is said in; alone it is what is counted.
    """
    if language is not None and language not in LANGUAGES:
        return refuse(MALFORMED, field="language", expected=f"one of {', '.join(LANGUAGES)}")
    try:
        code, times = ("", None) if unit is None else read_unit(unit)
        if times is not None and times != 1:
            return refuse(MALFORMED, field="unit", expected="one of a unit, such as kg")
        if quantity is None:
            return 0, code
        found = in_one_meaning(read_quantity, quantity, language)
        found = found if not code else found.in_unit(code)
    except QuantityFault as fault:
        return refuse(QUANTITY_REASONS[fault.code], about=fault.about[:64])
    parts = found.number * PARTS_OF_UNIT
    if parts.denominator != 1 or not 0 < parts <= QUANTITY_MAX:
        return refuse(MALFORMED, field="quantity", expected="more than nothing, with three decimals at most")
    return int(parts), found.unit


def in_one_meaning(read: Callable[[str, Language], T], text: str, language: str | None) -> T:
    """Return what a text says in a language, or in all that can read it; raises QuantityFault where these differ."""
    if language is not None:
        return read(text, cast(Language, language))
    found: list[T] = []
    fault: QuantityFault | None = None
    for way in LANGUAGES:
        try:
            found.append(read(text, way))
        except QuantityFault as one:
            fault = fault or one
    if not found:
        assert fault is not None, "it was read, or it was not"
        raise fault
    if any(one != found[0] for one in found):
        raise QuantityFault("NUMBER_UNCLEAR", text.strip())
    return found[0]


def quantity_of(parts: int, unit: str) -> Quantity | None:
    """Return how much of something there is, None where that is as much as is asked for."""
    return Quantity(Fraction(parts, PARTS_OF_UNIT), unit or "C62") if parts else None


def parts_text(parts: int) -> str:
    """Return thousandths as a decimal: 1500 is 1.5."""
    return f"{Decimal(parts) / PARTS_OF_UNIT:f}"
