# SPDX-License-Identifier: AGPL-3.0-or-later
"""What sheets become: the entries that they make in a chain as it stands, all of them or a refusal with its place.

An enterprise that is there is corrected; what is bought by one of another in a month takes the place of what the chain
had of these two, this item and this month. Units are converted, then valued, then summed.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction

from protocol.book.book import Book
from protocol.book.refusals import Refused
from protocol.book.uuids import drawn_id
from protocol.practices.chains.book_chain import chain_made
from protocol.practices.chains.criteria import against_criterion
from protocol.practices.chains.engine.chain import HOUSEHOLDS, ChainFault
from protocol.practices.chains.enterprises import against_enterprise
from protocol.practices.chains.entries import (
    ACCOUNT_SCALE,
    RECIPE_SHARES_MAX,
    RELATIONS_AT_ONCE,
    RELATIONS_REMOVED_AT_ONCE,
    CriterionSaid,
    EnterpriseSaid,
    EnterpriseStatus,
    RecipeSaid,
    RecipeShare,
    SegmentKind,
    SupplyEvidence,
    SupplyRelation,
    SupplyRemoved,
    SupplySaid,
)
from protocol.practices.chains.recipes import against_recipe
from protocol.practices.chains.refusals import (
    CHAIN_FULL,
    ENTERPRISE_TWICE,
    ENTERPRISE_UNKNOWN,
    FIGURE_MISSING,
    MONTHS_MIXED,
    refused_chain,
)
from protocol.practices.chains.sheets.cells import VALUE_MINOR_MAX, Cells, rounded_minor
from protocol.practices.chains.sheets.columns import who_is
from protocol.practices.chains.sheets.reading import SheetFault, SheetLine, fault
from protocol.practices.chains.sheets.refusals import (
    CELL_MALFORMED,
    SURVEY_TOO_SMALL,
)
from protocol.practices.chains.state import (
    CRITERIA_MAX,
    ENTERPRISES_MAX,
    RECIPES_MAX,
    SUPPLY_RELATIONS_MAX,
    ChainInputs,
    fold_criterion,
    fold_enterprise,
    fold_recipe,
    fold_supply,
    inputs_of,
    let_go_of,
    trial_of,
)
from protocol.practices.chains.supply import OUTSIDE, is_item, mixed_months, supply_misformed
from protocol.practices.chains.written import decimal_text
from protocol.practices.market.intents import PARTS_OF_UNIT, QUANTITY_MAX
from protocol.practices.market.quantities import Quantity
from protocol.practices.market.units import Language

SURVEY_HOUSEHOLDS_MIN = 3
_PART = re.compile(r"(?P<item>[^()]*?)\s*(?:\((?P<supplier>[a-z0-9-]+)\))?\s*(?P<share>[0-9][0-9.,]*\s*%?)")

ChainBody = EnterpriseSaid | SupplySaid | SupplyRemoved | RecipeSaid | CriterionSaid
_Place = tuple[bytes | None, str, bytes | None, str | None, int | None]


@dataclass(frozen=True, slots=True)
class SheetsRead:
    """What sheets make: entries in order, the texts that these name, whose texts go, and how many rows there were."""

    writes: tuple[ChainBody, ...]
    texts: tuple[tuple[bytes, str], ...]
    erases: tuple[str, ...]
    rows: Mapping[str, int]


def sheets_read(
    book: Book, sheets: Mapping[str, Sequence[SheetLine]], language: Language, chance: Callable[[int], bytes]
) -> SheetsRead | Refused:
    """Return what the rows of sheets make of a chain, or the first thing in them that cannot be taken in."""
    taking = _Taking(Cells(book, trial_of(inputs_of(book)), language, chance), chance)
    try:
        for name, take in (
            ("rates", taking.rates),
            ("enterprises", taking.enterprises),
            ("recipes", taking.recipes),
            ("relations", taking.relations),
            ("households", taking.households),
            ("criteria", taking.criteria),
        ):
            if name in sheets:
                take(iter(sheets[name]))
        taking.supply()
        chain_made(taking.inputs)
    except SheetFault as wrong:
        return wrong.refused
    except ChainFault as wrong:
        return taking.placed(refused_chain(wrong), wrong)
    return SheetsRead(tuple(taking.writes), tuple(taking.cells.texts), tuple(taking.erases), taking.rows)


@dataclass(slots=True)
class _Taking:
    """One pass over all sheets: what was read so far, folded into a trial of the chain."""

    cells: Cells
    chance: Callable[[int], bytes]
    writes: list[ChainBody] = field(default_factory=list[ChainBody])
    erases: list[str] = field(default_factory=list[str])
    rows: dict[str, int] = field(default_factory=dict[str, int])
    bought: list[SupplyRelation] = field(default_factory=list[SupplyRelation])
    bought_in: dict[bytes, SheetLine] = field(default_factory=dict[bytes, SheetLine])
    line_of: dict[str, SheetLine] = field(default_factory=dict[str, SheetLine])

    @property
    def inputs(self) -> ChainInputs:
        """The chain as it would be with all that was taken in so far."""
        return self.cells.inputs

    def counted(self, lines: Iterator[SheetLine]) -> Iterator[SheetLine]:
        """Yield rows, and count them."""
        for line in lines:
            self.rows[line.sheet] = self.rows.get(line.sheet, 0) + 1
            yield line

    def rates(self, lines: Iterator[SheetLine]) -> None:
        """Learn what a currency is worth in the unit of account."""
        for line in self.counted(lines):
            rate, currency = line.figure("rate"), line.needed("currency")
            if not rate:
                line.wrong(FIGURE_MISSING, "rate")
            line.day("day")
            self.cells.rate_of[currency] = rate

    def enterprises(self, lines: Iterator[SheetLine]) -> None:
        """Take enterprises in; one that is there is corrected."""
        seen = set[str]()
        for line in self.counted(lines):
            key = line.needed("key").lower()
            if key in seen:
                line.wrong(ENTERPRISE_TWICE, "key", about=key)
            seen.add(key)
            self.line_of[key] = line
            name = self.inputs.by_key.get(key)
            before = None if name is None else self.inputs.enterprises[name].said
            if before is None and len(self.inputs.enterprises) >= ENTERPRISES_MAX:
                line.wrong(CHAIN_FULL, "key", maximum=str(ENTERPRISES_MAX))
            said = self._enterprise(line, key, drawn_id(self.chance) if before is None else before.enterprise)
            if before is not None:
                self.erases += let_go_of((before.name, before.evidence))
            self._granted(line, against_enterprise(self.cells.book, self.inputs, said))
            fold_enterprise(self.inputs, said)
            self.writes.append(said)

    def _enterprise(self, line: SheetLine, key: str, name: bytes) -> EnterpriseSaid:
        status = line.word("status", EnterpriseStatus, EnterpriseStatus.SOLIDARITY)
        inside = status is not EnterpriseStatus.OUTSIDE
        return EnterpriseSaid(
            name,
            key,
            status,
            line.text("isic"),
            line.words("segments", SegmentKind),
            self.cells.value(line, "turnover", needed=inside),
            self.cells.value(line, "wages", needed=inside),
            self.cells.value(line, "surplus", needed=inside),
            self.cells.text(line, "name"),
            self.cells.text(line, "evidence"),
            self.cells.place(line),
            self.cells.member(line),
        )

    def recipes(self, lines: Iterator[SheetLine]) -> None:
        """Take recipes in; one that is there is corrected."""
        seen = set[str]()
        for line in self.counted(lines):
            key = line.needed("key").lower()
            if key in seen:
                line.wrong(ENTERPRISE_TWICE, "key", about=key)
            seen.add(key)
            name = self.inputs.recipe_by_key.get(key)
            if name is None and len(self.inputs.recipes) >= RECIPES_MAX:
                line.wrong(CHAIN_FULL, "key", maximum=str(RECIPES_MAX))
            if name is not None:
                self.erases += let_go_of((self.inputs.recipes[name].said.name,))
            hours = line.number("hours")
            if hours is not None and hours * PARTS_OF_UNIT > QUANTITY_MAX:
                line.wrong(CELL_MALFORMED, "hours", expected=f"at most {QUANTITY_MAX // PARTS_OF_UNIT}")
            said = RecipeSaid(
                name or drawn_id(self.chance),
                key,
                self.cells.item(line, "item"),
                self.cells.share(line, "pledged"),
                tuple(self._parts(line)),
                self.cells.share(line, "wages"),
                self.cells.share(line, "surplus"),
                self.cells.value(line, "investment", needed=True),
                self.cells.value(line, "minimum"),
                self.cells.value(line, "capacity") if line.cells.get("capacity") else None,
                None if hours is None else int(hours * PARTS_OF_UNIT),
                self.cells.text(line, "name"),
            )
            self._granted(line, against_recipe(self.inputs, said))
            fold_recipe(self.inputs, said)
            self.writes.append(said)

    def _parts(self, line: SheetLine) -> Iterator[RecipeShare]:
        """Yield what a recipe buys: "wheat (growers) 50% + various 10%"."""
        # Blanks are taken together: a pattern would try each of a thousand as the end of a word.
        told = [" ".join(one.split()) for one in line.text("buys").split("+") if one.strip()]
        if len(told) > RECIPE_SHARES_MAX:
            line.wrong(CELL_MALFORMED, "buys", expected=f"at most {RECIPE_SHARES_MAX} parts")
        for one in told:
            found = _PART.fullmatch(one)
            item = (found["item"].strip() or found["supplier"] or "") if found else ""
            if found is None or not is_item(item):
                line.wrong(
                    CELL_MALFORMED, "buys", cell=one, expected='parts such as "wheat (growers) 50% + various 10%"'
                )
            supplier = None if found["supplier"] is None else self.inputs.by_key.get(found["supplier"])
            if found["supplier"] is not None and supplier is None:
                line.wrong(ENTERPRISE_UNKNOWN, "buys", about=found["supplier"])
            yield RecipeShare(item, line.share("buys", found["share"]) or 0, supplier)

    def relations(self, lines: Iterator[SheetLine]) -> None:
        """Take in what is bought, row by row."""
        for line in self.counted(lines):
            buyer = who_is(line.needed("buyer")).lower()
            ends = self.cells.ends(line, buyer)
            self.line_of.setdefault(buyer, line)
            number, unit = self.cells.quantity(line)
            said = SupplyRelation(
                drawn_id(self.chance),
                ends[0],
                self.cells.item(line, "item"),
                self.cells.value(line, "value", needed=True),
                line.word("evidence", SupplyEvidence, SupplyEvidence.DECLARED),
                ends[1],
                ends[2],
                number,
                unit,
                line.month("period"),
                line.line,
                self.cells.text(line, "source"),
            )
            self._granted(line, supply_misformed(said))
            self.bought.append(said)
            self.bought_in[said.relation] = line

    def households(self, lines: Iterator[SheetLine]) -> None:
        """Sum up what households have said that they buy: nothing of a single one is kept."""
        asked = dict[str, Fraction]()
        sums: dict[_Place, SupplyRelation] = {}
        for line in self.counted(lines):
            household = line.needed("household")
            _, supplier, abroad = self.cells.ends(line, HOUSEHOLDS)
            times = line.number("times") if line.cells.get("times") else Fraction(1)
            assert times is not None
            asked[household] = max(times, asked.get(household, times))
            number, unit = self.cells.quantity(line)
            place = (None, self.cells.item(line, "item"), supplier, abroad, line.month("period"))
            value = rounded_minor(self.cells.worth(line, "value", needed=True) * times)
            said = sums.get(place) or SupplyRelation(
                drawn_id(self.chance), None, place[1], 0, SupplyEvidence.DECLARED, supplier, abroad, None, None,
                place[4], None, None,
            )  # fmt: skip
            if number is not None and unit is not None:
                more = Quantity(Fraction(number) * times, unit).in_unit(said.unit or unit)
                said = replace(said, quantity=int((said.quantity or 0) + more.number), unit=more.unit)
            said = replace(said, value=said.value + value)
            if said.value > VALUE_MINOR_MAX:
                line.wrong(CELL_MALFORMED, "value", expected=f"at most {VALUE_MINOR_MAX // 10**ACCOUNT_SCALE} in all")
            if (said.quantity or 0) > QUANTITY_MAX:
                line.wrong(CELL_MALFORMED, "quantity", expected=f"at most {QUANTITY_MAX // PARTS_OF_UNIT} in all")
            self._granted(line, supply_misformed(said))
            sums[place] = said
            self.bought_in.setdefault(said.relation, line)
        households = sum(asked.values(), Fraction(0))
        if asked and households < SURVEY_HOUSEHOLDS_MIN:
            count = decimal_text(households, 0 if households.denominator == 1 else 1)
            fault(SURVEY_TOO_SMALL, "households", 1, count=count, least=str(SURVEY_HOUSEHOLDS_MIN))
        self.bought += sums.values()

    def supply(self) -> None:
        """Make entries of all that is bought; what the chain had of the same place goes."""
        places = {_place_of(one) for one in self.bought}
        gone = [one.said for one in self.inputs.supply.values() if _place_of(one.said) in places]
        if len(self.inputs.supply) - len(gone) + len(self.bought) > SUPPLY_RELATIONS_MAX:
            raise SheetFault(Refused(CHAIN_FULL, {"maximum": SUPPLY_RELATIONS_MAX}))
        self.erases += let_go_of(one.source for one in gone)
        ids = [one.relation for one in gone]
        kept = (one.said for one in self.inputs.supply.values() if _place_of(one.said) not in places)
        if mixed := mixed_months(kept, self.bought):
            line = self.bought_in[mixed.relation]
            who = line.text("buyer") or HOUSEHOLDS, mixed.item, line.text("supplier") or OUTSIDE
            line.wrong(MONTHS_MIXED, "period", about=", ".join(who))
        for at in range(0, len(ids), RELATIONS_REMOVED_AT_ONCE):
            self._write_supply(SupplyRemoved(tuple(ids[at : at + RELATIONS_REMOVED_AT_ONCE])))
        for at in range(0, len(self.bought), RELATIONS_AT_ONCE):
            self._write_supply(SupplySaid(tuple(self.bought[at : at + RELATIONS_AT_ONCE])))

    def _write_supply(self, said: SupplySaid | SupplyRemoved) -> None:
        fold_supply(self.inputs, said)
        self.writes.append(said)

    def criteria(self, lines: Iterator[SheetLine]) -> None:
        """Take in what is known of enterprises by criteria."""
        for line in self.counted(lines):
            key = line.needed("enterprise").lower()
            name = self.inputs.by_key.get(key)
            if name is None:
                line.wrong(ENTERPRISE_UNKNOWN, "enterprise", about=key)
            value = None if line.cells.get("value") == "?" else line.share("value")
            said = CriterionSaid(
                name, line.needed("criterion").lower(), value, line.day("day"), self.cells.text(line, "source")
            )
            before = self.inputs.criteria.get((name, said.criterion))
            if before is not None:
                self.erases += let_go_of((before.said.source,))
            elif len(self.inputs.criteria) >= CRITERIA_MAX:
                line.wrong(CHAIN_FULL, "criterion", maximum=str(CRITERIA_MAX))
            self._granted(line, against_criterion(self.inputs, said))
            fold_criterion(self.inputs, said)
            self.writes.append(said)

    def _granted(self, line: SheetLine, refused: Refused | None) -> None:
        """Refuse at its place what the rules of an entry refuse."""
        if refused is not None:
            figures = {name: str(figure) for name, figure in refused.figures.items() if name != "place"}
            column = {"handle": "key", "isic": "isic", "item": "item", "day": "day", "criterion": "criterion"}.get(
                figures.pop("field", ""), ""
            )
            line.wrong(CELL_MALFORMED if refused.reason.code == "MALFORMED" else refused.reason, column, **figures)

    def placed(self, refused: Refused, fault: ChainFault) -> Refused:
        """Return a refusal of the whole chain with the place of the first enterprise that it is about."""
        line = self.line_of.get(fault.about.partition(", ")[0])
        if line is None:
            return refused
        try:
            column = "turnover" if line.sheet == "enterprises" else "value"
            line.wrong(refused.reason, column, about=fault.about)
        except SheetFault as placed:
            return placed.refused


def _place_of(said: SupplyRelation) -> _Place:
    return said.buyer, said.item, said.supplier, said.abroad, said.period
