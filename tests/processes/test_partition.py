# SPDX-License-Identifier: AGPL-3.0-or-later
"""Cut apart for long, two networks keep trading within their limits; healed, they agree and nobody has lost."""

import time

import pytest
from processes.harness import Commune, Member, Node, link_up, start, units, until

APART_SECONDS = 15.0
"""Longer than it takes to notice (9 s) and to send a record again (10 s)."""


def quoted(member: Member, payee: str, amount: float, times: int) -> list[dict[str, object]]:
    """Return payments that have their price and wait to be ordered."""
    return [member.wish(payee, amount) for _ in range(times)]


@pytest.mark.soak
@pytest.mark.timeout(120)
def test_a_link_cut_for_long(commune: Commune) -> None:
    riacho, serra = commune.found("riacho", "HORA", serves=False), commune.found("serra", "FLOR", serves=False)
    wire = commune.wire(riacho, serra)
    start(riacho, serra)
    ana, beto = riacho.join("ana", limit=300), riacho.join("beto")
    edna, fabio = serra.join("edna"), serra.join("fabio")
    link_up(riacho, serra, 200)
    for _ in range(9):
        assert ana.pay_through("edna@serra", 20)["state"] == "posted"
    assert riacho.link(serra)["net_debt"]["value"] == "18000"

    to_serra, to_riacho = quoted(ana, "edna@serra", 10, 3), quoted(edna, "ana@riacho", 10, 10)
    wire.silence()
    began = time.monotonic()

    # What is ordered now waits: each side goes as far as its own limit, and no further.
    held = [riacho.api.post("/v1/payments", one)["id"] for one in to_serra[:2]]
    problem = riacho.api.refused("/v1/payments", to_serra[2])
    assert (problem["code"], problem["figures"]["available"]) == ("LINK_LIMIT_EXCEEDED", 0)
    held_back = [serra.api.post("/v1/payments", one)["id"] for one in to_riacho[:9]]
    assert serra.api.refused("/v1/payments", to_riacho[9])["code"] == "LINK_HOLDS_EXCEEDED"
    assert (ana.balance, edna.balance) == (-200_00, 90_00)

    traded = 0
    while time.monotonic() - began < APART_SECONDS or riacho.reaches(serra) or serra.reaches(riacho):
        ana.pay("beto", 1)
        edna.pay("fabio", 0.5)
        traded += 1
        if traded == 80:
            break
        time.sleep(0.2)
    assert not riacho.reaches(serra) and not serra.reaches(riacho)
    problem = riacho.api.refused("/v1/payments", {"payer": "beto", "payee": "ana", "amount": units(101 + traded)})
    assert (problem["code"], problem["figures"]["available"]) == ("LIMIT_EXCEEDED", 100_00 + traded * 100)
    for node, payments in ((riacho, held), (serra, held_back)):
        assert {node.payment(one)["state"] for one in payments} == {"pending"}, "no clock releases money"
        assert node.is_zero_sum
    assert (len(held), riacho.link(serra)["holds_out"]) == (2, 2)
    assert serra.link(riacho)["holds_out"] == 9

    wire.cut()
    wire.mend()
    for node in (riacho, serra):
        until(lambda node=node: node.is_settled, f"all holds of {node.handle} resolve")
    for node, payments in ((riacho, held), (serra, held_back)):
        assert {node.payment(one)["state"] for one in payments} == {"posted"}
    assert (ana.balance, beto.balance) == (-180_00 - 20_00 + 90_00 - traded * 100, traded * 100)
    assert (edna.balance, fabio.balance) == (180_00 + 20_00 - 90_00 - traded * 50, traded * 50)
    _agree(riacho, serra, debt=110_00)

    wire.delay_seconds = 0.1
    assert ana.pay_through("edna@serra", 5)["state"] == "posted", "a slow line carries payments too"
    until(lambda: serra.is_settled, "it arrives")
    _agree(riacho, serra, debt=115_00)
    for node in (riacho, serra):
        node.stop()
        node.verify_book()


def _agree(riacho: Node, serra: Node, *, debt: int) -> None:
    here, there = riacho.link(serra), serra.link(riacho)
    assert int(here["net_debt"]["value"]) == debt == -int(there["net_debt"]["value"])
    assert int(here["mirror"]["value"]) == debt == -int(there["mirror"]["value"])
    assert (here["limit_given"], here["limit_received"]) == (there["limit_received"], there["limit_given"])
    assert riacho.is_zero_sum and serra.is_zero_sum
