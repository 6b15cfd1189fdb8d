# SPDX-License-Identifier: AGPL-3.0-or-later
"""Clearing between real nodes: a ring of debts, opened by command, seen by each steward, and over restarts."""

import json

import pytest
from nodes.harness import Commune, Node, link_up, mutirao, start, until


@pytest.mark.timeout(120)
def test_a_ring_of_debts_is_cleared_by_one_command(commune: Commune) -> None:
    groups = {"riacho": "HORA", "serra": "FLOR", "encants": "ECO"}
    ring = [commune.found(name, code, serves=False) for name, code in groups.items()]
    pairs = list(zip(ring, (*ring[1:], ring[0]), strict=True))
    for one, other in pairs:
        commune.connect(one, other)
    start(*ring)
    members = {node.handle: node.join("ana") for node in ring}
    for one, other in pairs:
        link_up(one, other, 200)
    for (one, other), amount in zip(pairs, (30, 45, 40), strict=True):
        assert members[one.handle].pay_through(f"ana@{other.handle}", amount)["state"] == "posted"

    riacho = ring[0]
    said = riacho.api.refused("/v1/clearings", {})
    assert said["code"] == "STATE_CONFLICT"
    for node in ring:
        assert node.api.post("/v1/clearing-terms", {"on": True, "publish": True})["on"]
    balances = [member.balance for member in members.values()]
    told = mutirao("clear", "--node", riacho.url, "--token", riacho.api.token or "", "--json")
    assert told.returncode == 0, told.stderr
    shown = json.loads(told.stdout)
    assert (shown["cleared"], shown["failed"], shown["under_way"]) == (1, 0, 0)
    assert {line["partner"]: (line["before"]["value"], line["after"]["value"]) for line in shown["links"]} == {
        "serra": ("3000", "0"),
        "encants": ("-4000", "-1000"),
    }
    for node in ring:
        until(lambda node=node: node.is_settled, f"all holds of {node.handle} resolve")
        node.kill()
    start(*ring)
    assert [_debt(one, other) for one, other in pairs] == [0, 15_00, 10_00]
    assert [_debt(other, one) for one, other in pairs] == [0, -15_00, -10_00]
    assert [member.balance for member in members.values()] == balances
    for node in ring:
        [seen] = node.api.all("/v1/clearings")
        assert (seen["id"], seen["cleared"]) == (shown["id"], 1)
        assert node.is_zero_sum
        node.stop()
        node.verify_book()


def _debt(one: Node, other: Node) -> int:
    return int(one.link(other)["net_debt"]["value"])
