# SPDX-License-Identifier: AGPL-3.0-or-later
"""A joint order of three real networks: sixty families, a wire that is cut, and shares that agree to the cent."""

import time
from collections.abc import Mapping
from random import Random
from typing import Any

import pytest
from processes.harness import Commune, Json, Node, link_up, mutirao, start, units, until

pytestmark = [pytest.mark.timeout(420), pytest.mark.soak]
NETWORKS = {"riacho": ("HORA", "rosa", 1), "serra": ("FLOR", "sonia", 2), "vale": ("SOL", "vera", 1)}
"""Its currency, its referent, and what one HORA is worth there."""
WANTED = {"riacho": (26, 0), "serra": (23, 2), "vale": (14, 0)}
"""How many kg all families want, and how many more they take."""
FAMILIES = 20
CLOSES_IN_SECONDS = 100.0


def moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def test_sixty_families_of_three_networks_order_together_over_a_cut_wire(commune: Commune) -> None:
    nodes = {name: commune.found(name, code, serves=False) for name, (code, _, _) in NETWORKS.items()}
    riacho, serra, vale = nodes.values()
    wire = commune.wire(serra, riacho)
    commune.connect(vale, riacho)
    start(*nodes.values())
    for name, node in nodes.items():
        for handle in (NETWORKS[name][1], *families(name)):
            node.join(handle, limit=2_000)
    link_up(riacho, serra, 5_000, rate="2")
    link_up(riacho, vale, 5_000)
    flour = {"name": "flour", "portion": "1 kg", "box": 12, "price": units(60, "HORA")}
    terms = {
        "title": "Flour", "currency": "HORA", "closes_at": moment(CLOSES_IN_SECONDS), "referent": "rosa",
        "items": [flour | {"volume_price": units(54, "HORA"), "volume_from": 5}],
        "freight": units(40, "HORA"), "stop": units(15, "HORA"),
    }  # fmt: skip
    joint = riacho.api.post("/v1/joint-orders", terms)["id"]
    for name in ("serra", "vale"):
        node, (code, referent, rate) = nodes[name], NETWORKS[name]
        until(lambda node=node: node.api.all("/v1/joint-orders"), f"{name} hears of it")
        wish = {"currency": code, "rate": str(rate), "referent": referent}
        node.api.post(f"/v1/joint-orders/{joint}%40riacho/join", wish)
    for name, node in nodes.items():
        order(node, name, cycle_of(node, joint)["id"])
    wire.cut()
    for name, node in nodes.items():
        until(
            lambda node=node: cycle_of(node, joint)["state"] == "closed", f"{name} has closed", CLOSES_IN_SECONDS + 30
        )
    until(lambda: len(shown(riacho, joint)["networks"]) == 2, "vale has told its boxes")
    riacho.kill()
    wire.mend()
    start(riacho)
    until(lambda: len(shown(riacho, joint)["networks"]) == 3, "serra has told its boxes", 60)
    fixed = mutirao("joint-orders", "fix", joint, "--node", riacho.url, "--token", riacho.api.token or "", "--json")
    assert fixed.returncode == 0, fixed.stderr
    for name, node in nodes.items():
        until(lambda node=node: shown(node, joint)["state"] == "fixed", f"{name} knows the parts", 60)

    agreed = [told(shown(node, joint)) for node in nodes.values()]
    assert agreed[0] == agreed[1] == agreed[2]
    assert agreed[0][:3] == ("34000", "42000", "8000")
    for name, node in nodes.items():
        _, referent, rate = NETWORKS[name]
        settle(node, cycle_of(node, joint)["id"])
        settled = cycle_of(node, joint)
        shares = {line["member"]: int(line["share"]["value"]) for line in settled["lines"]}
        assert sum(shares.values()) == {"riacho": 136_00, "serra": 136_00, "vale": 68_00}[name] * rate
        for handle, share in shares.items():
            entries = node.api.all(f"/v1/accounts/{account(node, handle)}/entries")
            paid = [int(one["amount"]["value"]) for one in entries if one["kind"] == "purchase"]
            assert paid == [-share] and int(entries[-1]["balance"]["value"]) == -share
        if name != "riacho":
            part = next(one for one in shown(node, joint)["networks"] if one["handle"] == name)
            amount = str(int(part["together"]["value"]) / 100)
            until(lambda node=node: node.reaches(riacho), "the homes are connected")
            words = ("pay", "rosa@riacho", amount, "--from", referent, "--request", part["request"])
            done = mutirao(*words, "--node", node.url, "--token", node.api.token or "", "--json")
            assert done.returncode == 0, done.stderr
            until(lambda node=node: shown(node, joint)["paid"], f"{name} has paid its part")
    until(lambda: shown(riacho, joint)["paid"], "all parts are paid")
    for node in nodes.values():
        until(lambda node=node: node.is_settled, f"all holds of {node.handle} resolve")
        assert node.is_zero_sum
        node.stop()
        node.verify_book()


def families(name: str) -> list[str]:
    return [f"{name}{number:02}" for number in range(FAMILIES)]


def order(node: Node, name: str, cycle: str) -> None:
    """Let all families order what they want in all, as chance deals it out: each at least something."""
    rng, (wanted, tolerance) = Random(3), WANTED[name]
    dealt = {handle: [0, 0] for handle in families(name)}
    for kind, count in ((0, wanted), (1, tolerance)):
        for _ in range(count):
            dealt[rng.choice(families(name))][kind] += 1
    for handle, (quantity, more) in dealt.items():
        if quantity or more:
            lines = [{"item": 1, "quantity": quantity, "tolerance": more}]
            node.api.post(f"/v1/order-cycles/{cycle}/join", {"member": handle, "lines": lines})


def shown(node: Node, joint: str) -> Json:
    return node.api.get(f"/v1/joint-orders/{joint}")


def cycle_of(node: Node, joint: str) -> Json:
    return node.api.get(f"/v1/order-cycles/{shown(node, joint)['cycle']}")


def told(joint: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return of a joint order what all networks have to see alike."""
    parts = [
        (one["network"], one["boxes"], one["goods"]["value"], one["freight"]["value"], one["request"])
        for one in joint["networks"]
    ]
    return joint["together"]["value"], joint["alone"]["value"], joint["saved"]["value"], parts


def settle(node: Node, cycle: str) -> None:
    for verb in ("receive", "collect", "settle"):
        node.api.post(f"/v1/order-cycles/{cycle}/{verb}", {})


def account(node: Node, handle: str) -> str:
    return node.api.get(f"/v1/members/{handle}")["accounts"][0]
