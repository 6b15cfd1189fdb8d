# SPDX-License-Identifier: AGPL-3.0-or-later
"""Cost sheets: signed into the ledger, put on the board, and shown, ours and those of others."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Annotated

from protocol.book.book import Book
from protocol.book.currency import Currency
from protocol.book.declaration import At, Desk, Doc, Errand, Plan, Publication, Role, ToldOnce, Urgency, Write
from protocol.book.money import Amount, minor_of, parse_decimal
from protocol.book.parameters import Percentage
from protocol.book.personal import text_refusal
from protocol.book.publishing import ITEM_BODY_BYTES_MAX
from protocol.book.refusals import (
    AMOUNT_MALFORMED,
    CURRENCY_MISMATCH,
    CURRENCY_UNKNOWN,
    FORBIDDEN,
    MALFORMED,
    Refused,
    foremost,
    refuse,
)
from protocol.book.signed import uuid_text
from protocol.book.timezones import DAY_MS
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Said
from protocol.lanes.directory import Directory
from protocol.lanes.items import BoardItem
from protocol.peers.boards import published
from protocol.practices.between.announcements import board_full, seen_by_named
from protocol.practices.between.networks.known import find_network
from protocol.practices.market.cost_sheets import (
    ADVANCE_LEAST,
    COST_NAME_CHARS_MAX,
    COST_SHEETS,
    COST_SOURCE_CHARS_MAX,
    FUND_PART_MAX,
    UNIT_HOURS_MAX,
    CostKind,
    CostLine,
    CostSheet,
    below_cost,
    sheet_of,
)
from protocol.practices.market.fairtrade.entries import CostSheetPublished, CostTold, PublishCostSheet
from protocol.practices.market.fairtrade.references import ReferenceShown, reference_shown
from protocol.practices.market.fairtrade.rules import sheet_against
from protocol.practices.market.fairtrade.state import SIGNED_SHEETS, References
from protocol.practices.market.intents import INTENT_TITLE_CHARS_MAX, PRICE_MINOR_MAX, Offer
from protocol.practices.market.measures import measured, parts_text
from protocol.practices.market.pinned import intents_of, member_of, not_acting, own_item
from protocol.practices.market.shown import find_intent, intent_id
from protocol.practices.people.authority import speaks_as
from protocol.wire.codec import encode
from protocol.wire.keys import id_text
from protocol.wire.shape import to_map

FUND_PART, ADVANCE_PART = Percentage(0, FUND_PART_MAX), Percentage(0)
_CODE = re.compile(r"(?!00)[0-9]{5}")
_DIGEST = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class WithdrawCostSheet:
    """Take a cost sheet down, here and everywhere: offers that name it are then sold as any other."""


@dataclass(frozen=True, slots=True)
class CostSheetsWanted:
    """Cost sheets that this node holds, its own and those of others."""

    network: Annotated[str | None, Doc("only those of this network, by its handle or id")] = None
    member: Annotated[str | None, Doc("only those of members of this handle")] = None


@dataclass(frozen=True, slots=True)
class CostLineShown:
    """What one unit costs in one respect."""

    name: Annotated[str, Doc("what it is for")]
    kind: CostKind
    amount: Annotated[Amount, Doc("what it comes to")]
    hours: Annotated[str | None, Doc("how many hours one unit takes")]
    hourly: Annotated[Amount | None, Doc("what one of these hours is paid")]
    source: Annotated[str, Doc("what the figure rests on")]


@dataclass(frozen=True, slots=True)
class CostSheetShown:
    """What making one unit of something costs its producer."""

    id: Annotated[str, Doc("its id; behind an @ the network's, where it is another than yours")]
    network: Annotated[str, Doc("the network of the producer, by its id")]
    handle: Annotated[str | None, Doc("what that network calls itself")]
    member: Annotated[str, Doc("the producer's handle")]
    title: Annotated[str | None, ToldOnce, Doc("what is made; null where an answer is told again, as the lines are")]
    code: Annotated[str | None, Doc("the item's code, five digits of CPC 2.1")]
    unit: Annotated[str | None, Doc("the code of the unit of which the costs are; null: of one piece")]
    cost: Annotated[Amount, Doc("what one unit costs in all")]
    floor: Annotated[Amount, Doc("the fair floor: the least price that covers that, and the fund's part")]
    fund: Annotated[str | None, Doc("which part of the price goes to a common fund")]
    advance: Annotated[str | None, Doc("which part of an order's price is paid once it is accepted, without interest")]
    lines: Annotated[tuple[CostLineShown, ...] | None, ToldOnce, Doc("what it costs, line by line")]
    evidence: Annotated[str | None, Doc("the SHA-256 of the papers by which it can be checked")]
    by_key: Annotated[bool | None, Doc("whether a key of the producer has signed it; null: its own network knows")]
    versions: Annotated[int | None, Doc("how often it was told; null: its own network knows")]
    reference: Annotated[
        ReferenceShown | None, Doc("what the same is sold at elsewhere, the newest that is noted here")
    ]
    at: Annotated[At, Doc("of when it is")]
    ends_at: Annotated[At, Doc("when it goes by itself")]


def plan_publish(desk: Desk, said: Said[PublishCostSheet]) -> Plan | Refused:
    """Sign a cost sheet into the ledger, and put it on our network's board."""
    book, wish = desk.book, said.wish
    if said.member is None:
        member = speaks_as(desk, wish.member)
        told = member if isinstance(member, Refused) else replace(said, wish=replace(wish, member=member.id))
    else:
        member, told = said.member, said
    if isinstance(told, Refused) or isinstance(member, Refused):
        return member if isinstance(member, Refused) else refuse(FORBIDDEN, allowed="the member itself")
    id = book.drawn(drawn_id(desk.chance)) if wish.sheet is None else wish.sheet
    body, seen_by = _read(desk, member.handle, wish), seen_by_named(book, wish.seers, ())
    refused = foremost(*(one for one in (body, seen_by) if isinstance(one, Refused)), sheet_against(book, id, told))
    if refused or isinstance(body, Refused) or isinstance(seen_by, Refused):
        return refused or refuse(MALFORMED)
    if len(encode(to_map(body))) > ITEM_BODY_BYTES_MAX:
        return refuse(MALFORMED, field="lines", expected=f"less in all: {ITEM_BODY_BYTES_MAX} bytes at most")
    public = Publication(id, body, desk.now + wish.days * DAY_MS, seen_by)
    written = (Write(CostSheetPublished(id, *told.held)),)
    return board_full(book, id) or Plan(uuid_text(id), written, published=(public,))


def _read(desk: Desk, handle: str, wish: PublishCostSheet) -> CostSheet | Refused:
    """Return what stands on the board, or why it cannot be read."""
    texts = [("title", wish.title, INTENT_TITLE_CHARS_MAX)]
    texts += [("name", one.name, COST_NAME_CHARS_MAX) for one in wish.lines]
    texts += [("source", one.source, COST_SOURCE_CHARS_MAX) for one in wish.lines]
    refused = next((found for one in texts if (found := text_refusal(*one))), None)
    currency, unit = _currency(desk.book, wish.currency), measured(None, wish.unit, None)
    refused = refused or foremost(*(one for one in (currency, unit) if isinstance(one, Refused)))
    if refused or isinstance(currency, Refused) or isinstance(unit, Refused):
        return refused or refuse(MALFORMED)
    if not wish.title.strip() or not wish.lines or not all(one.name.strip() for one in wish.lines):
        return refuse(MALFORMED, field="lines", expected="what is made, and what each line is for")
    if wish.code and not _CODE.fullmatch(wish.code):
        return refuse(MALFORMED, field="code", expected="five digits of CPC 2.1")
    if wish.evidence is not None and not _DIGEST.fullmatch(wish.evidence):
        return refuse(MALFORMED, field="evidence", expected="the 64 hexadecimal digits of a SHA-256")
    fund, advance = FUND_PART.read(wish.fund, 0), ADVANCE_PART.read(wish.advance, 0)
    if fund is None:
        return refuse(MALFORMED, field="fund", expected=FUND_PART.expected)
    if advance is None or 0 < (advance.number or 0) < ADVANCE_LEAST:
        return refuse(MALFORMED, field="advance", expected="0%, or from 50% to 100%")
    lines = [_line(one, currency) for one in wish.lines]
    if wrong := next((one for one in lines if isinstance(one, Refused)), None):
        return wrong
    told = tuple(one for one in lines if isinstance(one, CostLine))
    sheet = CostSheet(
        handle, wish.title, wish.code, unit[1], currency.code, currency.scale, told, desk.now, fund.number or None,
        advance.number or None, None if wish.evidence is None else bytes.fromhex(wish.evidence),
    )  # fmt: skip
    if not 0 < sheet.cost_minor <= sheet.floor_minor <= PRICE_MINOR_MAX:
        return refuse(MALFORMED, field="lines", expected="some cost")
    return sheet


def _currency(book: Book, code: str | None) -> Currency | Refused:
    if code is not None:
        return book.currencies.get(code) or refuse(CURRENCY_UNKNOWN, currency=code)
    known = [one for one in book.currencies.values() if not one.closed]
    return known[0] if len(known) == 1 else refuse(CURRENCY_MISMATCH, currency=", ".join(one.code for one in known))


def _line(told: CostTold, currency: Currency) -> CostLine | Refused:
    minor = minor_of(told.amount, currency.code, currency.scale)
    hours = None if told.hours is None else parse_decimal(told.hours, 3)
    if isinstance(minor, Refused) or isinstance(hours, Refused):
        return minor if isinstance(minor, Refused) else refuse(MALFORMED, field="hours", expected="such as 0.12")
    if not 0 <= minor <= PRICE_MINOR_MAX:
        return refuse(AMOUNT_MALFORMED, field="amount", expected="zero or more")
    if hours is not None and not 0 < hours <= UNIT_HOURS_MAX:
        return refuse(MALFORMED, field="hours", expected="more than nothing, a thousand at most")
    return CostLine(told.name, told.kind, minor, told.source, hours)


def plan_withdraw(desk: Desk, id: str, wish: WithdrawCostSheet) -> Plan | Refused:
    """Withdraw a cost sheet: its producer, or a steward whoever that is."""
    del wish
    found = own_item(desk.book, id, COST_SHEETS)
    if isinstance(found, Refused):
        return found
    item, body = found
    if desk.actor.role is not Role.STEWARD and (refused := not_acting(desk, member_of(desk.book, body))):
        return refused
    return Plan(id, answer=_shown(desk.book, item, body), published=(Publication(item.said.item, None),))


def show_sheet(desk: Desk, id: str) -> CostSheetShown | Refused:
    """Show a cost sheet of our network, or of another."""
    found = find_intent(desk.book, id, COST_SHEETS)
    return found if isinstance(found, Refused) else _shown(desk.book, *found)


def list_sheets(desk: Desk, wanted: CostSheetsWanted, after: int) -> Iterable[tuple[int, CostSheetShown]] | Refused:
    """List cost sheets in the order in which they came."""
    network = None if wanted.network is None else find_network(desk.book, wanted.network)
    if isinstance(network, Refused):
        return network
    return (
        (arrival, _shown(desk.book, item, body))
        for arrival, item, body in published(desk.book, COST_SHEETS, network, after)
        if isinstance(body, CostSheet) and wanted.member in (None, body.member)
    )


def _shown(book: Book, item: BoardItem, body: CostSheet) -> CostSheetShown:
    def amount(minor: int) -> Amount:
        return Amount(minor, body.currency, body.scale)

    said = item.said
    kept = book.rows(SIGNED_SHEETS).get(said.item) if said.network == book.network else None
    reference = book.of(References).newest(body.code, body.unit, body.currency)
    return CostSheetShown(
        id=intent_id(book, item),
        network=id_text(said.network),
        handle=book.of(Directory).handle(said.network),
        member=body.member,
        title=body.title,
        code=body.code or None,
        unit=body.unit or None,
        cost=amount(body.cost_minor),
        floor=amount(body.floor_minor),
        fund=None if body.fund is None else FUND_PART.show(body.fund, 0),
        advance=None if body.advance is None else ADVANCE_PART.show(body.advance, 0),
        lines=tuple(
            CostLineShown(
                one.name, one.kind, amount(one.minor), None if one.hours is None else parts_text(one.hours),
                None if one.hours is None else amount(one.amount), one.source,
            )
            for one in body.lines
        ),
        evidence=None if body.evidence is None else body.evidence.hex(),
        by_key=None if kept is None else kept.by_key,
        versions=None if kept is None else kept.versions,
        reference=None if reference is None else reference_shown(book, reference),
        at=body.made_ms,
        ends_at=said.not_after,
    )  # fmt: skip


def today(desk: Desk) -> Iterator[Errand]:
    """Yield which offers of a member are not covered by their price any more, or have lost their cost sheet."""
    book, member = desk.book, desk.book.members.get(desk.actor.member or "")
    for item, offer in () if member is None else intents_of(book, member):
        if not isinstance(offer, Offer) or offer.sheet is None:
            continue
        if sheet_of(book, book.network, offer) is None:
            yield Errand(
                uuid_text(item.said.item), offer.title, "fairtrade.no_sheet",
                f"The cost sheet of {offer.title} is there no more", "offers.replace", Urgency.NEWS,
            )  # fmt: skip
        elif below_cost(book, book.network, offer, offer.prices[0].minor) is not None:
            yield Errand(
                uuid_text(item.said.item), offer.title, "fairtrade.below_cost",
                f"{offer.title} is offered below what it costs: nobody can order it", "offers.replace",
                Urgency.STOPPED,
            )  # fmt: skip
