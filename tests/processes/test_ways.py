# SPDX-License-Identifier: AGPL-3.0-or-later
"""Ways over other networks, between real nodes: found, tried one after the other, and taken together."""

import pytest
from processes.harness import Commune, link_up, start, until


@pytest.mark.soak
@pytest.mark.timeout(120)
def test_a_member_pays_over_networks_that_she_has_not_named(commune: Commune) -> None:
    groups = {"riacho": "HORA", "encants": "ECO", "serra": "FLOR", "campo": "MATE"}
    riacho, encants, *between = (commune.found(name, code, serves=False) for name, code in groups.items())
    serra, campo = between
    for node in between:
        commune.connect(riacho, node)
        commune.connect(encants, node)
    start(riacho, encants, *between)
    ana, clara = riacho.join("ana", limit=300), encants.join("clara")
    for node in between:
        node.join("bia")
        link_up(riacho, node, 200)
        link_up(node, encants, 200)
    until(lambda: riacho.knows(encants), "Riacho has heard of Encants")

    def ways(amount: float) -> list[list[str]]:
        reply = riacho.api.ask("POST", "/v1/quotes", ana.question("clara@encants", amount))
        paths = reply.json["paths"] if reply.status == 201 else []
        return sorted([hop["handle"] for hop in path["hops"]] for path in paths)

    until(lambda: ways(20) in ([["serra", "encants"]], [["campo", "encants"]]), "Riacho finds a way")
    assert ana.pay_through("clara@encants", 20)["state"] == "posted"
    # A quarter of what can go over a link may be under way at a time: 60 go over none alone.
    until(lambda: ways(60) == [["campo", "encants"], ["serra", "encants"]], "Riacho finds two ways")
    paid = ana.pay_through("clara@encants", 60)
    assert (paid["state"], len(paid["links"])) == ("posted", 2)
    assert (ana.balance, clara.balance) == (-80_00, 80_00)

    serra.kill()
    until(lambda: ways(20) == [["campo", "encants"]], "Riacho asks around Serra")
    assert ana.pay_through("clara@encants", 20)["state"] == "posted"
    for node in (riacho, campo, encants):
        until(lambda node=node: node.is_settled, f"all holds of {node.handle} resolve")
    riacho.kill()
    riacho.start()
    serra.start()
    until(lambda: ways(60) == [["campo", "encants"], ["serra", "encants"]], "both ways are there again")
    assert (ana.balance, clara.balance) == (-100_00, 100_00)
    for node in (riacho, serra, campo, encants):
        assert node.is_zero_sum
