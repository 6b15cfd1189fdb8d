# SPDX-License-Identifier: AGPL-3.0-or-later
"""A payment in two currencies between two real nodes: by command and by HTTP, refused, and over restarts."""

import json
from urllib.parse import quote

import pytest
from processes.harness import Commune, Node, mutirao, units, until

pytestmark = pytest.mark.timeout(120)


def link_both(riacho: Node, serra: Node) -> None:
    """Link two connected networks in both their currencies, limits used whole."""
    until(lambda: riacho.knows(serra) and serra.knows(riacho), "they know each other")
    for own, foreign in (("HORA", "FLOR"), ("NOTA", "REAL")):
        offer = {"partner": serra.network_id, "limit": units(100, own), "currency": own}
        link = riacho.api.post("/v1/links", offer)["id"]
        path = f"/v1/links/{quote(link)}"
        until(lambda path=path: serra.api.find(path), "the offer arrives")
        serra.api.post(f"{path}/accept", {"limit": units(100, own), "currency": foreign})
        for node in (riacho, serra):
            until(lambda node=node, path=path: node.api.get(path)["state"] == "open", f"{node.handle}'s link opens")
            node.api.post(f"{path}/cap", {"holds_percent": 100})


@pytest.mark.soak
def test_two_networks_pay_in_two_currencies_over_restarts(commune: Commune) -> None:
    riacho, serra = commune.riacho_and_serra()
    for node, code in ((riacho, "NOTA"), (serra, "REAL")):
        node.api.post("/v1/currencies", {"code": code, "name": code.title(), "credit_limit": units(100)})
    ana, bia = riacho.join("ana"), serra.join("bia")
    link_both(riacho, serra)
    steward = {"MUTIRAO_NODE": riacho.url, "MUTIRAO_TOKEN": riacho.api.token or ""}
    in_both = ("--amounts", "40.00 FLOR", "--amounts", "60.00 REAL")
    words = ("--payer", "ana", "--payee", "bia@serra", *in_both, "--json")

    priced = mutirao("mixed-quotes", "create", *words, **steward)
    assert priced.returncode == 0, priced.stderr
    price = json.loads(priced.stdout)
    assert [one["debit"]["value"] for one in price["parts"]] == ["4000", "6000"]
    paid = mutirao("mixed-payments", "create", *words, "--invoice", price["invoice"], **steward)
    assert paid.returncode == 0, paid.stderr
    shown = json.loads(paid.stdout)

    def balances() -> tuple[list[int], list[int]]:
        of_ana, of_bia = (one.account.partition(".")[0] for one in (ana, bia))
        here, there = riacho.balances(), serra.balances()
        return (
            [here[f"{of_ana}.{code}"] for code in ("HORA", "NOTA")],
            [there[f"{of_bia}.{code}"] for code in ("FLOR", "REAL")],
        )

    def states(id: str) -> list[str]:
        return [one["state"] for one in riacho.api.get(f"/v1/mixed-payments/{id}")["parts"]]

    until(lambda: states(shown["id"]) == ["posted", "posted"], "both parts arrive")
    assert balances() == ([-40_00, -60_00], [40_00, 60_00])

    # Beyond what one link has left, nothing of either.
    body = {"payer": "ana", "payee": "bia@serra", "amounts": [units(1, "FLOR"), units(41, "REAL")]}
    assert riacho.api.refused("/v1/mixed-quotes", body)["code"] == "LINK_LIMIT_EXCEEDED"
    body["amounts"] = [units(1, "FLOR"), units(2, "REAL")]
    late = riacho.api.post("/v1/mixed-quotes", body)
    riacho.kill()
    serra.kill()
    serra.start()
    riacho.start()
    until(lambda: riacho.reaches(serra), "they are connected again")
    # A price does not outlive the node that gave it.
    assert riacho.api.refused("/v1/mixed-payments", {**body, "invoice": late["invoice"]})["code"] == "QUOTE_UNKNOWN"
    assert balances() == ([-40_00, -60_00], [40_00, 60_00]) and states(shown["id"]) == ["posted", "posted"]
    price = riacho.api.post("/v1/mixed-quotes", body)
    serra.api.post("/v1/members/bia/suspend")
    back = riacho.api.post("/v1/mixed-payments", {**body, "invoice": price["invoice"]})
    until(lambda: states(back["id"]) == ["voided", "voided"], "both parts come back")
    serra.api.post("/v1/members/bia/resume")
    assert balances() == ([-40_00, -60_00], [40_00, 60_00])
    for node in (riacho, serra):
        assert node.is_zero_sum and node.is_settled
        node.stop()
        node.verify_book()
