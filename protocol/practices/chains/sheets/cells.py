# SPDX-License-Identifier: AGPL-3.0-or-later
"""What stands in cells, as a chain takes it: enterprises by keys, values in its unit, texts beside the lanes."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction

from protocol.book.addresses import resolve_member
from protocol.book.book import Book
from protocol.book.personal import text_digest
from protocol.book.refusals import MEMBER_UNKNOWN, Refused
from protocol.practices.chains.engine.chain import HOUSEHOLDS
from protocol.practices.chains.entries import ACCOUNT_SCALE
from protocol.practices.chains.refusals import ENTERPRISE_UNKNOWN, FIGURE_MISSING
from protocol.practices.chains.sheets.columns import who_is
from protocol.practices.chains.sheets.reading import SheetLine
from protocol.practices.chains.sheets.refusals import CELL_MALFORMED, RATE_UNKNOWN
from protocol.practices.chains.state import CHAIN_TEXT_CHARS_MAX, ChainInputs
from protocol.practices.chains.supply import is_item, relation_ends
from protocol.practices.chains.telling import rounded_place
from protocol.practices.market.intents import PARTS_OF_UNIT, QUANTITY_MAX, IntentPlace
from protocol.practices.market.measures import UNITS_DIFFER
from protocol.practices.market.quantities import QuantityFault
from protocol.practices.market.units import Language

VALUE_MINOR_MAX = 10**15
_SALT_BYTES = 16


@dataclass(slots=True)
class Cells:
    """Reads cells by a chain as it is so far; a quantity is told in the unit in which its item was told first."""

    book: Book
    inputs: ChainInputs
    language: Language
    chance: Callable[[int], bytes]
    texts: list[tuple[bytes, str]] = field(default_factory=list[tuple[bytes, str]])
    rate_of: dict[str, Fraction] = field(default_factory=dict[str, Fraction])
    units: dict[str, str] = field(default_factory=dict[str, str])

    def ends(self, line: SheetLine, buyer: str) -> tuple[bytes | None, bytes | None, str | None]:
        supplier = who_is(line.text("supplier") or "outside").lower()
        found = relation_ends(self.inputs, buyer.lower(), supplier)
        if isinstance(found, Refused):
            unknown = buyer if buyer != HOUSEHOLDS and buyer.lower() not in self.inputs.by_key else supplier
            line.wrong(ENTERPRISE_UNKNOWN, "buyer" if unknown is buyer else "supplier", about=unknown[:40])
        return found

    def item(self, line: SheetLine, column: str) -> str:
        item = line.needed(column)
        if not is_item(item):
            line.wrong(CELL_MALFORMED, column, cell=item, expected="a code of CPC, or words of letters and digits")
        return item

    def share(self, line: SheetLine, column: str) -> int:
        found = line.share(column)
        return line.wrong(FIGURE_MISSING, column) if found is None else found

    def quantity(self, line: SheetLine) -> tuple[int, str] | tuple[None, None]:
        """Return how much, in thousandths of the unit in which the item was told first."""
        much = line.quantity()
        if much is None:
            return None, None
        item = line.cells.get("item", "")
        unit = self.units.get(item) or self._unit_there(item) or much.unit
        self.units[item] = unit
        try:
            much = much if much.unit == unit else much.in_unit(unit)
        except QuantityFault:
            line.wrong(UNITS_DIFFER, "unit" if line.cells.get("unit") else "quantity", about=f"{much.unit}, {unit}")
        parts = much.number.numerator * PARTS_OF_UNIT // much.number.denominator
        if parts > QUANTITY_MAX:
            line.wrong(CELL_MALFORMED, "quantity", expected=f"at most {QUANTITY_MAX // PARTS_OF_UNIT}")
        return parts, unit

    def _unit_there(self, item: str) -> str | None:
        """Return the unit in which the chain tells an item, learnt once for all."""
        if not self.units:
            self.units |= {one.said.item: one.said.unit for one in self.inputs.supply.values() if one.said.unit}
        return self.units.get(item)

    def value(self, line: SheetLine, column: str, *, needed: bool = False) -> int:
        """Return a value in hundredths of the unit of account, rounded once."""
        minor = rounded_minor(self.worth(line, column, needed=needed))
        if minor > VALUE_MINOR_MAX:
            line.wrong(CELL_MALFORMED, column, expected=f"at most {VALUE_MINOR_MAX // 10**ACCOUNT_SCALE}")
        return minor

    def worth(self, line: SheetLine, column: str, *, needed: bool) -> Fraction:
        number = line.figure(column) if needed else line.number(column) or Fraction(0)
        currency = line.text("currency")
        if not currency:
            return number
        rate = self.rate_of.get(currency)
        return line.wrong(RATE_UNKNOWN, "currency", cell=currency[:40]) if rate is None else number * rate

    def text(self, line: SheetLine, column: str) -> bytes | None:
        """Return the digest of a text that is kept beside the lanes."""
        text = line.text(column)
        if not text:
            return None
        if len(text) > CHAIN_TEXT_CHARS_MAX:
            line.wrong(CELL_MALFORMED, column, expected=f"at most {CHAIN_TEXT_CHARS_MAX} characters")
        digest = text_digest(self.chance(_SALT_BYTES), text)
        self.texts.append((digest, text))
        return digest

    def place(self, line: SheetLine) -> IntentPlace | None:
        told = [line.cells.get(column, "") for column in ("latitude", "longitude")]
        if not any(told):
            return None
        mark = "." if self.language == "en" else ","
        degrees = [re.fullmatch(rf"-?[0-9]{{1,3}}(?:[.{mark}][0-9]{{1,12}})?", one) for one in told]
        column = "latitude" if degrees[0] is None else "longitude"
        if None in degrees:
            line.wrong(CELL_MALFORMED, column, expected="degrees, such as -23.55")
        north, east = (Decimal(one.replace(",", ".")) for one in told)
        place = rounded_place(north, east)
        return line.wrong(CELL_MALFORMED, column, expected="a place on earth") if place is None else place

    def member(self, line: SheetLine) -> str | None:
        handle = line.text("member")
        if not handle:
            return None
        member = resolve_member(self.book, handle)
        return line.wrong(MEMBER_UNKNOWN, "member", member=handle[:40]) if isinstance(member, Refused) else member.id


def rounded_minor(value: Fraction) -> int:
    """Return a value in hundredths, rounded half up."""
    number, parts = value.numerator * 10**ACCOUNT_SCALE, value.denominator
    return (2 * number + parts) // (2 * parts)
