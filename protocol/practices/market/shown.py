# SPDX-License-Identifier: AGPL-3.0-or-later
"""How offers and needs are shown, ours and those of others; and which one an id means."""

from typing import Any

from protocol.book.book import Book
from protocol.book.declaration import BoardKind, Seers
from protocol.book.money import BASIS_POINTS, Amount
from protocol.book.parameters import Percentage
from protocol.book.refusals import NOT_FOUND, Refused, refuse
from protocol.book.signed import parse_uuid, uuid_text
from protocol.lanes.directory import Directory
from protocol.lanes.items import BoardItem
from protocol.peers.boards import Boards, body_of, seers_of
from protocol.practices.between.networks.known import find_network
from protocol.practices.market.cost_sheets import price_shares, sheet_of
from protocol.practices.market.distances import km_between
from protocol.practices.market.intents import Intent, IntentPlace, Offer, Price, due_for
from protocol.practices.market.measures import parts_text
from protocol.practices.market.places import place_text
from protocol.practices.market.prices import price_here
from protocol.practices.market.units import BY_CODE
from protocol.practices.market.wishes import PriceShare, PriceShown, QuantityShown, WhyPrice
from protocol.wire.keys import id_text

ONE_PIECE = "piece"
"""Of what the price is where no unit is told."""


def find_intent(book: Book, id: str, kind: BoardKind) -> tuple[BoardItem, Any] | Refused:
    """Return an offer or a need of ours, or behind an @ of another network, and what it says."""
    name, at, network_name = id.partition("@")
    network = find_network(book, network_name) if at else book.network
    if isinstance(network, Refused):
        return network
    item = book.of(Boards).get(network, parse_uuid(name) or b"")
    body = None if item is None else body_of(item, kind)
    return refuse(NOT_FOUND) if item is None or body is None else (item, body)


def intent_id(book: Book, item: BoardItem) -> str:
    """Return the id under which an offer or a need is shown."""
    own = uuid_text(item.said.item)
    return own if item.network == book.network else f"{own}@{id_text(item.network)}"


def intent_fields(book: Book, item: BoardItem, body: Intent, near: IntentPlace | None) -> dict[str, Any]:
    """Return what is shown of an offer and of a need alike."""
    said, seers = item.said, seers_of(item)
    return {
        "id": intent_id(book, item),
        "network": id_text(said.network),
        "handle": book.of(Directory).handle(said.network),
        "member": body.member,
        "title": body.title,
        "text": body.text,
        "code": body.code or None,
        "quantity": _quantity(body.quantity, body.unit) if body.quantity else None,
        "unit": body.unit or None,
        "prices": tuple(_price(book, said.network, one, body) for one in body.prices),
        "labels": body.labels,
        "place": place_text(body.place),
        "km": None if near is None or body.place is None else km_between(near, body.place),
        "since": body.from_ms,
        "until": body.until_ms,
        "seers": seers,
        "federations": tuple(map(id_text, said.seen_by)) if seers is Seers.FEDERATIONS else (),
        "version": said.version,
        "ends_at": said.not_after,
    }


def why_of(book: Book, item: BoardItem, offer: Offer) -> WhyPrice | None:
    """Return why an offer has its price, if the cost sheet that it names is known here."""
    sheet = sheet_of(book, item.network, offer)
    if sheet is None or offer.sheet is None:
        return None
    price, own = offer.prices[0].minor, uuid_text(offer.sheet)

    def amount(minor: int) -> Amount:
        return Amount(minor, sheet.currency, sheet.scale)

    return WhyPrice(
        sheet=own if item.network == book.network else f"{own}@{id_text(item.network)}",
        price=amount(price),
        cost=amount(sheet.cost_minor),
        floor=amount(sheet.floor_minor),
        maker=amount(sheet.maker_minor(price)),
        advance=None if sheet.advance is None else PART.show(sheet.advance, 0),
        shares=tuple(
            PriceShare(name, kind, amount(minor), PART.show(minor * BASIS_POINTS // price if price else 0, 0))
            for name, kind, minor in price_shares(sheet, price)
        ),
        at=sheet.made_ms,
    )


PART = Percentage()


def _quantity(parts: int, code: str) -> QuantityShown:
    return QuantityShown(parts_text(parts), code, unit_named(code))


def unit_named(code: str) -> str:
    """Return a unit as it is printed; by its code, where only another network knows it."""
    unit = BY_CODE.get(code)
    return code if unit is None else unit.symbol


def _price(book: Book, network: bytes, price: Price, body: Intent) -> PriceShown:
    beside = None if price.beside is None else Amount(price.beside.minor, price.beside.code, price.beside.scale)
    total = Amount(due_for(body.quantity, price.minor), price.currency, price.scale) if body.quantity else None
    per = unit_named(body.unit) if body.unit else ONE_PIECE
    amount = Amount(price.minor, price.currency, price.scale)
    return PriceShown(amount, per, total, beside, price_here(book, network, price))
