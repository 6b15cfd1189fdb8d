# SPDX-License-Identifier: AGPL-3.0-or-later
"""Families who order together: a cycle from its opening to its end, and another that is cancelled."""

from typing import TYPE_CHECKING

from tests.node.http.tried_credit import worth

if TYPE_CHECKING:
    from tests.node.http.tried import Json, Trial


async def try_purchasing(one: "Trial") -> None:
    """Do once what a purchasing group is for."""
    terms: Json = {
        "title": "Flour in May", "currency": "HORA", "freight": worth(60, "HORA"), "hands": 1, "payee": "bia",
        "closes_at": "2101-05-02T18:00:00Z",
        "items": [{"name": "flour", "box": 6, "price": worth(3_00, "HORA"), "portion": "1 kg"}],
    }  # fmt: skip
    cycle = await one.ask("bia", "order-cycles.open", "/v1/order-cycles", terms)
    path = f"/v1/order-cycles/{cycle['id']}"
    for who, quantity in (("bia", 3), ("caio", 2)):
        lines = [{"item": 1, "quantity": quantity, "tolerance": 1}]
        await one.ask(who, "order-cycles.join", f"{path}/join", {"member": who, "lines": lines})
    await one.ask("caio", "order-cycles.help", f"{path}/help", {})
    await one.ask("bia", "order-cycles.close", f"{path}/close", {})
    gives = {"member": "caio", "item": 1, "quantity": 1, "receiver": "bia"}
    await one.ask("caio", "order-cycles.give", f"{path}/give", gives)
    takes = {"member": "bia", "item": 1, "quantity": 1, "giver": "caio"}
    await one.ask("bia", "order-cycles.take", f"{path}/take", takes)
    await one.ask("bia", "order-cycles.order", f"{path}/order", {})
    came = {"items": [{"item": 1, "bill": worth(3_05, "HORA")}]}
    await one.ask("bia", "order-cycles.receive", f"{path}/receive", came)
    await one.ask("caio", "order-cycles.claim", f"{path}/claim", {"item": 1, "portions": 1})
    decided = {"member": "caio", "item": 1, "accepted": True}
    await one.ask("bia", "order-cycles.decide", f"{path}/decide", decided)
    await one.show("bia", "order-cycles.pick-up", f"/v1/order-cycles/pick-up?cycle={cycle['id']}")
    await one.ask("bia", "order-cycles.collect", f"{path}/collect", {"members": ["bia", "caio"]})
    await one.ask("bia", "order-cycles.settle", f"{path}/settle", {})
    await one.show("bia", "order-cycles.show", path)
    await one.show("bia", "deliveries.show", f"/v1/deliveries/{cycle['id']}")
    await one.show("bia", "deliveries.list", "/v1/deliveries")
    await one.show("bia", "deliveries.events", "/v1/deliveries/events?since=2026-01-01")
    other = await one.ask("bia", "", "/v1/order-cycles", terms)
    await one.ask("bia", "order-cycles.cancel", f"/v1/order-cycles/{other['id']}/cancel", {})
    await one.show("bia", "order-cycles.list", "/v1/order-cycles")
    oil = {
        "name": "oil", "box": 6, "price": worth(4_00, "HORA"), "volume_price": worth(3_50, "HORA"), "volume_from": 5,
        "portion": "500 ml",
    }  # fmt: skip
    invites: Json = {
        "title": "Oil together", "currency": "HORA", "closes_at": "2101-05-02T18:00:00Z", "items": [oil],
        "freight": worth(40, "HORA"), "stop": worth(15, "HORA"),
    }  # fmt: skip
    joint = await one.ask("bia", "joint-orders.open", "/v1/joint-orders", invites)
    path = f"/v1/order-cycles/{joint['cycle']}"
    await one.ask("bia", "", f"{path}/join", {"member": "bia", "lines": [{"item": 1, "quantity": 6}]})
    await one.ask("bia", "", f"{path}/close", {})
    await one.ask("bia", "joint-orders.fix", f"/v1/joint-orders/{joint['id']}/fix", {})
    await one.show("bia", "joint-orders.show", f"/v1/joint-orders/{joint['id']}")
    await one.show("bia", "joint-orders.list", "/v1/joint-orders")
    await one.ask("bia", "", f"{path}/cancel", {})
