# SPDX-License-Identifier: AGPL-3.0-or-later
"""Clearing between real nodes: a ring of debts, opened by command, seen by each steward, and over restarts."""

import json

import pytest
from processes.harness import Commune, Node, link_up, mutirao, start, until


@pytest.mark.timeout(120)
def test_a_ring_of_debts_is_cleared_by_one_command(commune: Commune) -> None:
    ring = _ring(commune, (30, 45, 40))
    riacho = ring[0]
    said = riacho.api.refused("/v1/clearings", {})
    assert said["code"] == "STATE_CONFLICT"
    for node in ring:
        assert node.api.post("/v1/clearing-terms", {"on": True, "publish": True})["on"]
    _clears_by_command(ring, (15_00, 10_00))


@pytest.mark.soak
@pytest.mark.timeout(120)
def test_a_ring_of_debts_that_nobody_publishes_is_cleared_by_the_same_command(commune: Commune) -> None:
    ring = _ring(commune, (30, 45, 40))
    for node in ring:
        assert not node.api.post("/v1/clearing-terms", {"on": True})["publish"]
    assert _importers(ring[1]) == [("riacho", "30.00 FLOR"), ("serra", "15.00 FLOR")]
    _clears_by_command(ring, (15_00, 10_00))
    start(ring[1])
    assert _importers(ring[1]) == [("serra", "15.00 FLOR")], "as much as before in all, and Riacho owes nothing"


def _ring(commune: Commune, debts: tuple[int, int, int]) -> list[Node]:
    """Start three networks of which each owes the next so many units."""
    groups = {"riacho": "HORA", "serra": "FLOR", "encants": "ECO"}
    ring = [commune.found(name, code, serves=False) for name, code in groups.items()]
    for one, other in _pairs(ring):
        commune.connect(one, other)
    start(*ring)
    members = {node.handle: node.join("ana") for node in ring}
    for one, other in _pairs(ring):
        link_up(one, other, 200)
    for (one, other), amount in zip(_pairs(ring), debts, strict=True):
        assert members[one.handle].pay_through(f"ana@{other.handle}", amount)["state"] == "posted"
    return ring


def _pairs(ring: list[Node]) -> list[tuple[Node, Node]]:
    return list(zip(ring, (*ring[1:], ring[0]), strict=True))


def _clears_by_command(ring: list[Node], left: tuple[int, int]) -> None:
    """Clear 30.00 that Riacho owes, of what Serra and Encants owe this is left; all see it, and after a kill too."""
    riacho = ring[0]
    balances = [_balances(node) for node in ring]
    told = mutirao("clear", "--node", riacho.url, "--token", riacho.api.token or "", "--json")
    assert told.returncode == 0, told.stderr
    shown = json.loads(told.stdout)
    assert (shown["cleared"], shown["failed"], shown["under_way"]) == (1, 0, 0)
    assert {line["partner"]: (line["before"]["value"], line["after"]["value"]) for line in shown["links"]} == {
        "serra": ("3000", "0"),
        "encants": ("-4000", str(-left[1])),
    }
    for node in ring:
        until(lambda node=node: node.is_settled, f"all holds of {node.handle} resolve")
        node.kill()
    start(*ring)
    assert [_debt(one, other) for one, other in _pairs(ring)] == [0, *left]
    assert [_debt(other, one) for one, other in _pairs(ring)] == [0, *(-debt for debt in left)]
    assert [_balances(node) for node in ring] == balances
    for node in ring:
        [seen] = node.api.all("/v1/clearings")
        assert (seen["id"], seen["cleared"]) == (shown["id"], 1)
        assert node.is_zero_sum
        node.stop()
        node.verify_book()


def _debt(one: Node, other: Node) -> int:
    return int(one.link(other)["net_debt"]["value"])


def _balances(node: Node) -> dict[str, int]:
    """Return all balances but those of partners."""
    return {account: balance for account, balance in node.balances().items() if not account.startswith("link-")}


def _importers(node: Node) -> list[tuple[str, str]]:
    """Return who imports as a node's steward is told by the command, and how much they owe."""
    told = mutirao("importers", "list", "--days", "0", "--node", node.url, "--token", node.api.token or "", "--json")
    assert told.returncode == 0, told.stderr
    found = json.loads(told.stdout)["items"]
    assert not node.api.all("/v1/importers")
    return [(one["handle"], f"{int(one['owed']['value']) / 100:.2f} {one['owed']['asset_code']}") for one in found]
