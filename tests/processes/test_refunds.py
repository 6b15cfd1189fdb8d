# SPDX-License-Identifier: AGPL-3.0-or-later
"""Refunds between real nodes: by the command and over HTTP, with a restart in between."""

import json

import pytest
from processes.harness import Commune, link_up, mutirao, units, until


@pytest.mark.soak
def test_a_payment_between_networks_is_given_back_in_parts(commune: Commune) -> None:
    riacho, serra = commune.riacho_and_serra()
    ana, elio = riacho.join("ana"), serra.join("elio")
    link_up(riacho, serra, 400)
    until(lambda: ana.pay_through("elio@serra", 20)["state"] == "posted", "20 are paid")
    [first] = serra.api.all("/v1/payments")
    asked = {**elio.question("ana@riacho", 21), "refunds": first["id"]}
    refused = serra.api.refused("/v1/quotes", asked)
    assert (refused["code"], refused["heading"]) == ("REFUND_EXCEEDS", "20.00 HORA is left to give back")

    words = ("pay", "ana@riacho", "5", "--from", "elio", "--refunds", first["id"], "--json")
    done = mutirao(*words, MUTIRAO_NODE=serra.url, MUTIRAO_TOKEN=serra.api.token or "")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["refunds"] == first["id"]
    serra.kill()
    serra.start()
    riacho.wait_linked(serra)
    assert serra.api.get(f"/v1/payments/{first['id']}")["refunded"] == units(5, "FLOR")
    [sent, back] = riacho.api.all("/v1/payments")
    assert (sent["refunded"], back["refunds"]) == (units(5, "HORA"), sent["id"])
    assert (ana.balance, elio.balance) == (-15_00, 15_00)
