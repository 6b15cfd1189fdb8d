# SPDX-License-Identifier: AGPL-3.0-or-later
"""The market between real nodes: a need finds an offer, and what the match says it frees, the clearing frees."""

import json
from typing import Any

import pytest
from processes.harness import Commune, Json, Node, link_up, mutirao, start, units, until


@pytest.mark.timeout(240)
def test_a_need_finds_an_offer_and_what_the_order_frees_is_what_was_said(commune: Commune) -> None:
    """Riacho owes Serra 100, Serra owes Encants 100. A member of Encants buys for 60 of Riacho: 180 freed."""
    ring = [commune.found(name, code, serves=False) for name, code in GROUPS.items()]
    riacho, serra, encants = ring
    for one, other in PAIRS:
        commune.connect(ring[one], ring[other])
    start(*ring)
    members = [node.join("ana") for node in ring]
    for one, other in PAIRS:
        link_up(ring[one], ring[other], 400)
    for one, other in ((0, 1), (1, 2)):
        assert members[one].pay_through(f"ana@{ring[other].handle}", 100)["state"] == "posted"
    for node in ring:
        assert node.api.post("/v1/clearing-terms", {"on": True, "publish": True})["on"]
    assert ran(riacho, "clear")["cleared"] == 0, "no ring yet; but all have said what they owe"

    flour = {"title": "Wheat flour", "code": "23110", "quantity": "60 kg", "seers": "everybody", "member": "ana"}
    offer = riacho.api.post("/v1/offers", flour | {"prices": [units(1, "HORA")]})["id"]
    need = encants.api.post("/v1/needs", flour | {"prices": [units(1.1, "ECO")]})["id"]
    until(lambda: encants.api.all("/v1/matches"), "the offer is heard of")
    [match] = ran(encants, "matches", "list")["items"]
    assert (match["need"], match["offer"]) == (need, f"{offer}@{riacho.network_id}")
    assert (match["quantity"], match["total"]["value"], match["freed"]["value"]) == ("60", "6000", "18000")
    debts = sum(owed(node) for node in ring)
    assert debts == 200_00, "nothing was booked"

    too_much = {"offer": match["offer"], "quantity": "61", "buyer": "ana"}
    assert encants.api.refused("/v1/orders", too_much)["code"] == "QUANTITY_EXCEEDED"
    order = ran(encants, "orders", "place", "--offer", match["offer"], "--quantity", "60 kg", "--buyer", "ana")["id"]
    until(lambda: riacho.api.find(f"/v1/orders/{order}"), "the order is heard of")
    riacho.kill()
    start(riacho)
    riacho.api.post(f"/v1/orders/{order}/accept", {})
    assert ran(riacho, "orders", "deliver", order)["request"] is not None
    shown = until(lambda: at_state(encants, order, "delivered"), "the delivery is heard of")
    encants.kill()
    start(encants)
    encants.api.post(f"/v1/orders/{order}/confirm", {})
    until(lambda: at_state(riacho, order, "fulfilled"), "the confirmation is heard of")
    until(lambda: encants.reaches(riacho), "the two homes are connected")
    ran(encants, "pay", "ana@riacho", "60", "--from", "ana", "--request", shown["request"])
    for node in (riacho, encants):
        until(lambda node=node: node.api.get(f"/v1/orders/{order}")["paid"], f"{node.handle} sees the payment")
    assert [member.balance for member in members] == [-100_00 + 60_00, 0, 100_00 - 60_00]

    for node in ring:
        until(lambda node=node: node.is_settled, f"all holds of {node.handle} resolve")
    before = sum(owed(node) for node in ring)
    until(lambda: serra.reaches(riacho) and serra.reaches(encants), "all are connected")
    assert ran(riacho, "clear")["cleared"] == 1
    for node in ring:
        until(lambda node=node: node.is_settled, f"all holds of {node.handle} resolve")
    assert (before, before - sum(owed(node) for node in ring)) == (260_00, 180_00), "as was said"
    for node in ring:
        assert node.is_zero_sum
        node.stop()
        node.verify_book()


GROUPS = {"riacho": "HORA", "serra": "FLOR", "encants": "ECO"}
PAIRS = ((0, 1), (1, 2), (2, 0))


def at(node: Node) -> tuple[str, ...]:
    return "--node", node.url, "--token", node.api.token or ""


def ran(node: Node, *words: str) -> Any:
    """Return what a command prints."""
    told = mutirao(*words, *at(node), "--json")
    assert told.returncode == 0, told.stderr
    return json.loads(told.stdout)


def at_state(node: Node, order: str, state: str) -> Json | None:
    shown = node.api.get(f"/v1/orders/{order}")
    return shown if shown["state"] == state else None


def owed(node: Node) -> int:
    """Return what a network owes on its links, in minor units."""
    return sum(max(0, int(link["net_debt"]["value"])) for link in node.api.all("/v1/links"))
