# SPDX-License-Identifier: AGPL-3.0-or-later
"""Acceptance policies between real nodes: set by the command, told over HTTP to who would pay, kept over a restart."""

import json

from processes.harness import Commune, Json, link_up, mutirao, units, until


def test_480_of_500_are_held_and_20_more_are_taken(commune: Commune) -> None:
    riacho, serra = commune.riacho_and_serra()
    ana, elio = riacho.join("ana", limit=5_000), serra.join("elio", limit=5_000)
    link = link_up(riacho, serra, 1_000)
    for node in (riacho, serra):
        node.api.post(f"/v1/links/{link}/cap", {"holds_percent": 100})
    access = {"MUTIRAO_NODE": serra.url, "MUTIRAO_TOKEN": serra.api.token or ""}

    def command(*words: str) -> Json:
        ran = mutirao("acceptances", *words, "--json", **access)
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)

    assert command("set", "riacho.HORA", "--most", "500")["left"] == units(500, "HORA")
    until(lambda: ana.pay_through("elio@serra", 480)["state"] == "posted", "480 are paid")
    refused = riacho.api.refused("/v1/quotes", ana.question("elio@serra", 30))
    assert (refused["code"], refused["figures"]["available"]) == ("ACCEPTANCE_LIMIT", 20_00)
    assert refused["heading"] == "20.00 HORA more is taken there"
    serra.kill()
    serra.start()
    riacho.wait_linked(serra)
    assert serra.api.get("/v1/acceptances/riacho.HORA")["held"] == units(480, "HORA")
    assert ana.pay_through("elio@serra", 20)["state"] == "posted"
    assert command("show", "riacho.HORA")["left"] == units(0, "HORA")
    assert (ana.balance, elio.balance) == (-500_00, 500_00)
