# SPDX-License-Identifier: AGPL-3.0-or-later
"""Federations of real nodes: one network bridges two of them, and their rhythm clears without any command."""

import json
from typing import Any

import pytest
from processes.harness import Commune, Node, link_up, mutirao, start, until


def command(node: Node, *words: str) -> Any:
    """Return what a command prints as JSON, given as the steward."""
    done = mutirao(*words, "--node", node.url, "--token", node.api.token or "", "--json")
    assert done.returncode == 0, (words, done.stdout, done.stderr)
    return json.loads(done.stdout)


def founded(*founders: Node, name: str, rhythm: int = 0) -> str:
    """Found a federation by command; returns its id."""
    first, *others = founders
    words = [word for other in others for word in ("--founders", other.network_id)]
    terms = ("--name", name, "--unit", "HORA", "--rhythm-minutes", str(rhythm))
    id = command(first, "federations", "create", *terms, *words)["id"]
    for other in others:
        until(lambda other=other: other.api.find(f"/v1/federations/{id}"), f"{other.handle} hears of {name}")
        command(other, "federations", "join", id)
    for node in founders:
        until(lambda node=node: members(node, id) == {one.handle for one in founders}, f"{node.handle} is in {name}")
    return id


def members(node: Node, id: str) -> set[str]:
    found = node.api.get(f"/v1/federations/{id}")
    return {one["handle"] for one in found["networks"] if one["place"] == "member"}


@pytest.mark.soak
@pytest.mark.timeout(120)
def test_a_network_in_two_federations_is_the_bridge_between_them(commune: Commune) -> None:
    riacho, serra, encants = (
        commune.found(name, code, serves=False)
        for name, code in (("riacho", "HORA"), ("serra", "FLOR"), ("encants", "ECO"))
    )
    commune.connect(riacho, serra)
    commune.connect(encants, serra)
    start(riacho, serra, encants)
    ana, clara = riacho.join("ana"), encants.join("clara")
    serra.join("bia")
    for node in (riacho, encants):
        until(lambda node=node: node.knows(serra) and serra.knows(node), "they know each other")
    north, south = founded(riacho, serra, name="Norte"), founded(encants, serra, name="Sul")
    link_up(riacho, serra, 200)
    link_up(serra, encants, 200)
    until(lambda: riacho.knows(encants), "Riacho has heard of Encants")

    def route() -> list[str]:
        reply = riacho.api.ask("POST", "/v1/quotes", ana.question("clara@encants", 20))
        return [hop["handle"] for hop in reply.json["paths"][0]["hops"]] if reply.status == 201 else []

    until(lambda: route() == ["serra", "encants"], "Riacho finds the way over the bridge")
    assert ana.pay_through("clara@encants", 20)["state"] == "posted"
    assert (ana.balance, clara.balance) == (-20_00, 20_00)
    assert [one["partner_handle"] for one in riacho.api.all("/v1/links")] == ["serra"]
    assert [one["partner_handle"] for one in encants.api.all("/v1/links")] == ["serra"]

    offer = command(encants, "offers", "publish", "--title", "Flour of the mill", "--member", "clara")["id"]
    command(encants, "offers", "publish", "--title", "Wool", "--member", "clara")
    until(lambda: len(command(serra, "directory", "list", "--search", "flour")["items"]) == 1, "Serra reads of flour")
    [seen] = command(serra, "directory", "list", "--search", "FLOUR")["items"]
    assert (seen["handle"], [one["title"] for one in seen["offers"]]) == ("encants", ["Flour of the mill"])
    handles, page = list[str](), serra.api.get("/v1/directory?limit=1")
    while page["items"]:
        handles += [one["handle"] for one in page["items"]]
        page = serra.api.get(f"/v1/directory?limit=1&cursor={page['next']}") if page["next"] else {"items": []}
    assert sorted(handles) == ["encants", "riacho", "serra"]
    assert {one["handle"] for one in riacho.api.all("/v1/directory")} == {"riacho", "serra"}
    assert riacho.api.refused("/v1/federations/" + south + "/endorse", {"network": "serra"})["code"] == "STATE_CONFLICT"
    unknown = mutirao("federations", "join", "a" * 52, "--node", riacho.url, "--token", riacho.api.token or "")
    assert (unknown.returncode, "FEDERATION_UNKNOWN" in unknown.stderr) == (1, True)
    command(encants, "offers", "withdraw", offer)
    until(lambda: not command(serra, "directory", "list", "--search", "flour")["items"], "the flour is gone")

    for node in (riacho, serra, encants):
        until(lambda node=node: node.is_settled, f"all holds of {node.handle} resolve")
        assert node.is_zero_sum
        node.kill()
    start(riacho, serra, encants)
    assert members(riacho, south) == members(serra, south) == {"serra", "encants"}
    assert members(encants, north) == {"riacho", "serra"}
    mine = {one["id"] for one in command(serra, "federations", "list", "--place", "member")["items"]}
    assert mine == {north, south}


@pytest.mark.soak
@pytest.mark.timeout(240)
def test_a_federation_clears_by_its_rhythm_without_any_command(commune: Commune) -> None:
    groups = {"riacho": "HORA", "serra": "FLOR", "encants": "ECO"}
    ring = [commune.found(name, code, serves=False) for name, code in groups.items()]
    pairs = list(zip(ring, (*ring[1:], ring[0]), strict=True))
    for one, other in pairs:
        commune.connect(one, other)
    start(*ring)
    riacho, serra, encants = ring
    people = {node.handle: node.join("ana") for node in ring}
    for one, other in pairs:
        link_up(one, other, 200)
        assert people[one.handle].pay_through(f"ana@{other.handle}", 30)["state"] == "posted"
    # Founded by two, who admit the third.
    vale = founded(riacho, serra, name="Vale", rhythm=1)
    until(lambda: encants.api.find(f"/v1/federations/{vale}"), "Encants hears of the federation")
    assert command(encants, "federations", "join", vale)["place"] == "candidate"
    until(lambda: riacho.api.get(f"/v1/federations/{vale}")["candidates"], "Riacho hears of the candidate")
    command(riacho, "federations", "endorse", vale, "--network", "encants")
    for node in ring:
        until(lambda node=node: members(node, vale) == set(groups), f"{node.handle} knows all members")
        assert node.api.post("/v1/clearing-terms", {"on": True, "publish": True})["on"]

    def debts() -> list[int]:
        return [int(one.link(other)["net_debt"]["value"]) for one, other in pairs]

    until(lambda: debts() == [0, 0, 0], "the next round of the federation clears the ring", seconds=150)
    for node in ring:
        until(lambda node=node: node.is_settled, f"all holds of {node.handle} resolve")
        [cleared] = [one for one in node.api.all("/v1/clearings") if one["cleared"]]
        assert int(cleared["id"]) % 60_000 == 0
        assert node.is_zero_sum
        node.stop()
        node.verify_book()
