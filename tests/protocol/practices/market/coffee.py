# SPDX-License-Identifier: AGPL-3.0-or-later
"""Coffee for stories of fair trade: Bia of Serra grows it, Ana and Edu of Riacho buy it; both reckon one for one."""

from typing import Any

from simulation.groups import exchange, linked
from simulation.world import World

from protocol.book.declaration import Refused
from protocol.book.money import Amount
from protocol.book.signed import parse_uuid
from protocol.practices.between.quotes.state import AskQuote
from protocol.practices.market.cost_sheets import CostKind
from protocol.practices.market.fairtrade.entries import CostTold, PublishCostSheet
from protocol.practices.market.orders.wishes import AcceptOrder, PlaceOrder
from protocol.practices.market.wishes import PublishOffer
from protocol.practices.money.payments.entries import Pay
from tests.protocol.practices.market.fair import by


def growers() -> World:
    """Riacho (HORA; ana, edu) and Serra (FLOR; bia, caio, dora), linked, with room for an order of 1,000."""
    world = World()
    exchange(world, "riacho", "HORA", "ana", "edu", limit=2_000)
    exchange(world, "serra", "FLOR", "bia", "caio", "dora", limit=2_000)
    linked(world, "riacho", "serra", 4_000)
    world.tick(2)
    return world


def flor(minor: int) -> Amount:
    return Amount(minor, "FLOR", 2)


def lines(inputs: int = 1_60) -> tuple[CostTold, ...]:
    """Inputs, 0.12 hours at 15.00, depreciation 0.20, transport 0.15: with inputs of 1.60, 3.75 in all."""
    return (
        CostTold("seedlings", flor(inputs), CostKind.INPUTS, source="invoice 12"),
        CostTold("picking", flor(15_00), CostKind.LABOUR, "0.12", "time book"),
        CostTold("dryer", flor(20), CostKind.DEPRECIATION, source="ten years"),
        CostTold("bus", flor(15), CostKind.TRANSPORT, source="ticket"),
    )


def sheet(world: World, *, inputs: int = 1_60, **more: Any) -> Any:
    """Bia tells what one kilogram costs her, with 5% of the price for a fund."""
    wish = PublishCostSheet("Coffee", lines(inputs), **{"unit": "kg", "code": "01610", "fund": "5%", **more})
    shown = world.granted("serra", "cost-sheets.publish", wish, actor=by(world, "serra", "bia"))
    world.tick(2)
    return shown


def priced(minor: int, sheet: str | None, **more: Any) -> PublishOffer:
    return PublishOffer(
        "Coffee", **{"prices": (flor(minor),), "unit": "kg", "code": "01610", "cost_sheet": sheet, **more}
    )


def offered(world: World, minor: int, sheet: str) -> str:
    """Bia offers coffee at a price a kilogram; returns the offer's id."""
    shown = world.granted("serra", "offers.publish", priced(minor, sheet), actor=by(world, "serra", "bia"))
    world.tick(2)
    return shown.id


def why_not(world: World, name: str, handle: str, operation: str, wish: Any, subject: str = "") -> Refused:
    """Return why something is refused, by which nothing is written and nothing stands on the board."""
    node = world.nodes[name]
    before = len(node.disk), dict(node.board)
    refused = world.ask(name, operation, wish, subject=subject, actor=by(world, name, handle))
    assert isinstance(refused, Refused), refused
    assert (len(node.disk), node.board) == before, "nothing was written"
    return refused


def did(world: World, name: str, handle: str, operation: str, wish: Any, subject: str = "") -> Any:
    shown = world.granted(name, operation, wish, subject=subject, actor=by(world, name, handle))
    world.tick(2)
    return shown


def accepted(world: World, *, buyer: str = "dora", quantity: str = "200", minor: int = 5_00) -> str:
    """Dora, or Ana of Riacho, orders for 1,000.00, half of it in advance, and Bia accepts; returns the order."""
    offer = offered(world, minor, sheet(world, advance="50%").id)
    name = "riacho" if buyer == "ana" else "serra"
    place = PlaceOrder(f"{offer}@serra" if buyer == "ana" else offer, quantity)
    order = did(world, name, buyer, "orders.place", place).id
    did(world, "serra", "bia", "orders.accept", AcceptOrder(), order)
    return order


def pays_abroad(world: World, request: str, amount: Amount) -> str:
    """Ana pays a request of Bia's across the link; returns the payment."""
    quote = world.granted("riacho", "quotes.create", AskQuote("bia@serra", amount, payer="ana", request=request))
    id = parse_uuid(request)
    wish = Pay(payer=quote.payer, payee="bia@serra", amount=amount, invoice=quote.invoice, request=id)
    paid = world.granted("riacho", "payments.create", wish).id
    world.tick(2)
    return paid
