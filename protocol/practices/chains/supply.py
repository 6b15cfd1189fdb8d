# SPDX-License-Identifier: AGPL-3.0-or-later
"""Supply relations: who buys how much of what of whom, in a month, and what that figure rests on."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Annotated

from protocol.book.arrivals import since
from protocol.book.book import Book
from protocol.book.declaration import Act, Create, Desk, Doc, Entered, List, Plan, Practice, Show, TextRef, Write
from protocol.book.ledger import Posting
from protocol.book.money import Amount
from protocol.book.personal import salted, shown_text
from protocol.book.private import Owned, Private
from protocol.book.refusals import DUPLICATE, MALFORMED, NOT_FOUND, Reason, Refused, foremost, refuse
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.uuids import drawn_id
from protocol.lanes.entry import Body
from protocol.practices.chains.engine.chain import HOUSEHOLDS
from protocol.practices.chains.entries import (
    ABROAD_KEY_CHARS_MAX,
    CHAIN_ITEM_CHARS_MAX,
    ENTERPRISE_KEY_CHARS_MAX,
    ChainItem,
    SupplyEvidence,
    SupplyRelation,
    SupplyRemoved,
    SupplySaid,
)
from protocol.practices.chains.refusals import CHAIN_FULL, ENTERPRISE_UNKNOWN, MONTHS_MIXED
from protocol.practices.chains.state import (
    CHAIN_TEXT_BYTES_MAX,
    SUPPLY_RELATIONS_MAX,
    ChainInputs,
    SupplyHeld,
    fold_supply,
    inputs_of,
    let_go_of,
    owned_texts,
)
from protocol.practices.chains.telling import (
    COORDINATORS,
    ChainText,
    not_a_chain,
    shown_value,
    texts_refused,
    value_minor,
)
from protocol.practices.market.intents import PARTS_OF_UNIT, QUANTITY_MAX
from protocol.practices.market.quantities import Quantity, QuantityFault, read_quantity
from protocol.practices.market.units import BY_CODE
from protocol.practices.money.dues.entries import Period
from protocol.wire.shape import AtMost

OUTSIDE = "outside"
"""The supplier of what is bought of nobody in particular outside."""
QUANTITY_TEXT_CHARS_MAX = 60
_ITEM = re.compile(r"[^\W_][\w '’()&/.,%+-]*")
_ABROAD = re.compile(r"[a-z0-9][a-z0-9.-]{0,63}/[a-z][a-z0-9-]{0,31}")

Who = Annotated[str, AtMost(ABROAD_KEY_CHARS_MAX)]


@dataclass(frozen=True, slots=True)
class EnterSupply:
    """Enter what somebody buys in a month."""

    buyer: Annotated[str, AtMost(ENTERPRISE_KEY_CHARS_MAX), Doc("the short name of an enterprise, or households")]
    item: Annotated[ChainItem, Doc("a code of CPC, or a word for what is bought")]
    value: Annotated[Amount, Doc("what it costs in a month")]
    supplier: Annotated[
        Who, Doc("the short name of an enterprise, network/enterprise of another network, or outside")
    ] = OUTSIDE
    quantity: Annotated[str | None, AtMost(QUANTITY_TEXT_CHARS_MAX), Doc("how much, such as 150 kg")] = None
    period: Annotated[Period | None, Doc("the month, 202611 for November of 2026; default: every month")] = None
    evidence: Annotated[SupplyEvidence, Doc("what it rests on: declared or invoice")] = SupplyEvidence.DECLARED
    source: Annotated[ChainText | None, Doc("where that can be seen; erasable")] = None


@dataclass(frozen=True, slots=True)
class CorrectSupply(EnterSupply):
    """Correct what somebody buys: all of it is said anew, and what was told of its source is erased."""


@dataclass(frozen=True, slots=True)
class RemoveSupply:
    """Remove what was said that somebody buys."""


@dataclass(frozen=True, slots=True)
class SupplyWanted:
    """What is bought, by whom and of whom."""

    buyer: Annotated[str | None, AtMost(ENTERPRISE_KEY_CHARS_MAX), Doc("only what this one buys")] = None


@dataclass(frozen=True, slots=True)
class SupplyShown:
    """What somebody buys in a month; for those who coordinate."""

    id: Annotated[str, Doc("its id")]
    buyer: Annotated[str, Doc("the short name of an enterprise, or households")]
    item: Annotated[str, Doc("a code of CPC, or a word for what is bought")]
    supplier: Annotated[str, Doc("the short name of an enterprise, network/enterprise, or outside")]
    value: Annotated[Amount, Doc("what it costs in a month")]
    quantity: Annotated[str | None, Doc("how much, in a unit of UN/CEFACT, such as 150 KGM; null: not said")]
    period: Annotated[int | None, Doc("the month, such as 202611; null: every month")]
    evidence: Annotated[SupplyEvidence, Doc("what it rests on")]
    source: Annotated[TextRef | None, Doc("where that can be seen; null: not said, or erased")]
    row: Annotated[int | None, Doc("the row of the sheet in which it came; null: it was entered by itself")]


def check(book: Book, entered: Entered) -> Reason | None:
    assert isinstance(entered.body, SupplySaid | SupplyRemoved)
    refused = book.misplaced(entered) or against_supply(inputs_of(book), entered.body)
    return refused.reason if refused else None


def against_supply(inputs: ChainInputs, body: SupplySaid | SupplyRemoved) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    if isinstance(body, SupplyRemoved):
        if len(set(body.relations)) < len(body.relations):
            return refuse(DUPLICATE)
        return None if inputs.supply.keys() >= set(body.relations) else refuse(NOT_FOUND)
    for one in body.relations:
        if refused := supply_misformed(one):
            return refused
        for name in (one.buyer, one.supplier):
            if name is not None and name not in inputs.enterprises:
                return refuse(ENTERPRISE_UNKNOWN, about=name.hex())
    return refuse(DUPLICATE) if len({one.relation for one in body.relations}) < len(body.relations) else None


def supply_misformed(one: SupplyRelation) -> Refused | None:
    """Return why a relation has no form."""
    if not is_item(one.item):
        return refuse(MALFORMED, field="item", expected="a code of CPC, or words of letters and digits")
    if (one.quantity is None) is not (one.unit is None) or (one.unit is not None and one.unit not in BY_CODE):
        return refuse(MALFORMED, field="quantity", expected="a number and a unit")
    if one.period is not None and not 1 <= one.period % 100 <= 12:
        return refuse(MALFORMED, field="period", expected="a month, such as 202611")
    if one.abroad is not None and (one.supplier is not None or _ABROAD.fullmatch(one.abroad) is None):
        return refuse(MALFORMED, field="supplier", expected="an enterprise, network/enterprise, or outside")
    itself = one.buyer is not None and one.buyer == one.supplier
    return refuse(MALFORMED, field="supplier", expected="another enterprise") if itself else None


@lru_cache(maxsize=4_096)
def is_item(text: str) -> bool:
    """Tell whether a text can stand for what is bought: it says nothing to a spreadsheet."""
    return len(text) <= CHAIN_ITEM_CHARS_MAX and _ITEM.fullmatch(text) is not None and text == text.strip()


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    assert isinstance(entered.body, SupplySaid | SupplyRemoved)
    fold_supply(inputs_of(book), entered.body)
    return ()


def owned(book: Book, body: Body) -> Iterable[Owned]:
    del book
    assert isinstance(body, SupplySaid)
    for one in body.relations:
        yield from owned_texts(f"supply/{uuid_text(one.relation)}", one.source)


def plan_enter(desk: Desk, wish: EnterSupply) -> Plan | Refused:
    if len(inputs_of(desk.book).supply) >= SUPPLY_RELATIONS_MAX:
        return refuse(CHAIN_FULL, maximum=SUPPLY_RELATIONS_MAX)
    return _plan(desk, drawn_id(desk.chance), wish)


def plan_correct(desk: Desk, name: str, wish: CorrectSupply) -> Plan | Refused:
    held = inputs_of(desk.book).supply.get(parse_uuid(name) or b"")
    if held is None:
        return refuse(NOT_FOUND)
    plan = _plan(desk, held.said.relation, wish)
    return replace(plan, erases=let_go_of((held.said.source,))) if isinstance(plan, Plan) else plan


def _plan(desk: Desk, name: bytes, wish: EnterSupply) -> Plan | Refused:
    book = desk.book
    inputs = inputs_of(book)
    value = value_minor(wish.value)
    found = relation_ends(inputs, wish.buyer, wish.supplier)
    much = None if wish.quantity is None else quantity_read(wish.quantity)
    refused = foremost(
        *(one for one in (value, found, much) if isinstance(one, Refused)), texts_refused(source=wish.source)
    )
    if wish.evidence is SupplyEvidence.ENTRY:
        refused = refused or refuse(MALFORMED, field="evidence", expected="declared or invoice")
    if refused is not None:
        return refused
    assert isinstance(value, int) and not isinstance(found, Refused) and not isinstance(much, Refused)
    source, told = salted(desk, wish.source)
    number, unit = (None, None) if much is None else much
    buyer, supplier, abroad = found
    said = SupplySaid((
        SupplyRelation(
            name, buyer, wish.item, value, wish.evidence, supplier, abroad, number, unit, wish.period, None, source
        ),
    ))  # fmt: skip
    others = (one.said for one in inputs.supply.values() if one.said.relation != name)
    if mixed_months(others, said.relations):
        return refuse(MONTHS_MIXED, about=f"{wish.buyer}, {wish.item}, {wish.supplier}")
    refused = against_supply(inputs, said) or not_a_chain(book, lambda trial: fold_supply(trial, said))
    return refused or Plan(uuid_text(name), (Write(said),), told)


def mixed_months(kept: Iterable[SupplyRelation], more: Sequence[SupplyRelation]) -> SupplyRelation | None:
    """Return the first of `more` that is told of each month while the same is told of single months, or the reverse."""
    ways: dict[tuple[bytes | None, str, bytes | None, str | None], set[bool]] = {}
    for one in (*kept, *more):
        ways.setdefault((one.buyer, one.item, one.supplier, one.abroad), set()).add(one.period is None)
    return next((one for one in more if len(ways[one.buyer, one.item, one.supplier, one.abroad]) == 2), None)


def relation_ends(
    inputs: ChainInputs, buyer: str, supplier: str
) -> tuple[bytes | None, bytes | None, str | None] | Refused:
    """Return the ids of buyer and supplier, and the supplier abroad, that short names stand for."""
    bought = None if buyer == HOUSEHOLDS else inputs.by_key.get(buyer)
    if bought is None and buyer != HOUSEHOLDS:
        return refuse(ENTERPRISE_UNKNOWN, about=buyer[:ENTERPRISE_KEY_CHARS_MAX])
    if supplier == OUTSIDE:
        return bought, None, None
    if "/" in supplier:
        return bought, None, supplier
    sold = inputs.by_key.get(supplier)
    return (
        refuse(ENTERPRISE_UNKNOWN, about=supplier[:ENTERPRISE_KEY_CHARS_MAX]) if sold is None else (bought, sold, None)
    )


def quantity_read(text: str) -> tuple[int, str] | Refused:
    """Return a quantity in thousandths of its unit, as it is written in English or by a unit's code."""
    number, _, unit = text.strip().rpartition(" ")
    try:
        much = read_quantity(f"{number} {BY_CODE[unit].symbol}" if unit in BY_CODE and number else text, "en")
    except QuantityFault:
        return refuse(MALFORMED, field="quantity", expected="a number and a unit, such as 150 kg")
    return quantity_parts(much)


def quantity_parts(much: Quantity) -> tuple[int, str] | Refused:
    """Return a quantity in thousandths of its unit, rounded down."""
    parts = int(much.number * PARTS_OF_UNIT)
    too_much = refuse(MALFORMED, field="quantity", expected=f"at most {QUANTITY_MAX // PARTS_OF_UNIT}")
    return (parts, much.unit) if parts <= QUANTITY_MAX else too_much


def shown_quantity(said: SupplyRelation) -> str | None:
    """Return how much is bought, as it is shown and read again."""
    if said.quantity is None:
        return None
    number = Fraction(said.quantity, PARTS_OF_UNIT)
    return f"{float(number):.3f}".rstrip("0").rstrip(".") + f" {said.unit}"


def plan_remove(desk: Desk, name: str, wish: RemoveSupply) -> Plan | Refused:
    del wish
    held = inputs_of(desk.book).supply.get(parse_uuid(name) or b"")
    if held is None:
        return refuse(NOT_FOUND)
    shown = replace(_shown(desk, held.said), source=None)
    return Plan(
        name, (Write(SupplyRemoved((held.said.relation,))),), erases=let_go_of((held.said.source,)), answer=shown
    )


def view_one(desk: Desk, name: str) -> SupplyShown | Refused:
    held = inputs_of(desk.book).supply.get(parse_uuid(name) or b"")
    return refuse(NOT_FOUND) if held is None else _shown(desk, held.said)


def view_all(desk: Desk, wanted: SupplyWanted, after: int) -> Iterable[tuple[int, SupplyShown]] | Refused:
    inputs = inputs_of(desk.book)
    held: list[SupplyHeld] = list(inputs.supply.values())
    if wanted.buyer is not None:
        found = relation_ends(inputs, wanted.buyer, OUTSIDE)
        if isinstance(found, Refused):
            return found
        held = [one for one in held if one.said.buyer == found[0]]
    return ((cursor, _shown(desk, one.said)) for cursor, one in since(held, after))


def _shown(desk: Desk, said: SupplyRelation) -> SupplyShown:
    inputs = inputs_of(desk.book)
    supplier = OUTSIDE if said.supplier is None else inputs.key_of(said.supplier)
    return SupplyShown(
        uuid_text(said.relation),
        HOUSEHOLDS if said.buyer is None else inputs.key_of(said.buyer),
        said.item,
        said.abroad or supplier,
        shown_value(said.value),
        shown_quantity(said),
        said.period,
        said.evidence,
        shown_text(said.source),
        said.row,
    )


PRACTICE = Practice(
    name="supply",
    entries=(SupplySaid, SupplyRemoved),
    check=check,
    fold=fold,
    private=(Private("supply", CHAIN_TEXT_BYTES_MAX, (SupplySaid,), owned),),
    operations=(
        Create(
            "supply",
            EnterSupply,
            plan=plan_enter,
            who=COORDINATORS,
            example="mutirao supply create --buyer emporium --item cleaning --value 1600",
        ),
        Act(
            "supply",
            "correct",
            CorrectSupply,
            plan=plan_correct,
            who=COORDINATORS,
            example="mutirao supply correct ID --buyer emporium --item cleaning --value 1500",
        ),
        Act("supply", "remove", RemoveSupply, plan=plan_remove, who=COORDINATORS, example="mutirao supply remove ID"),
        Show("supply", SupplyShown, view=view_one, who=COORDINATORS, example="mutirao supply show ID"),
        List(
            "supply",
            SupplyWanted,
            SupplyShown,
            view=view_all,
            who=COORDINATORS,
            example="mutirao supply list --buyer households",
        ),
    ),
)
