# SPDX-License-Identifier: AGPL-3.0-or-later
"""A home is copied, and both are served: partners notice, both are told, and the later one signs nothing."""

import shutil
from typing import Any

import pytest
from processes.harness import Commune, Node, link_up, until


def troubles(node: Node) -> dict[str, str]:
    """Return what is wrong with a node, by /readyz: codes, and what each waits for."""
    reply: Any = node.api.ask("GET", "/readyz")
    figures = reply.json["figures"] if reply.status == 503 else None
    found = reply.json["troubles"] if figures is None else [figures]
    return {one["code"]: one["waits_for"] for one in found}


@pytest.mark.soak
@pytest.mark.timeout(120)
def test_two_copies_are_told_on_all_sides_and_the_later_one_signs_nothing(commune: Commune) -> None:
    riacho, serra = commune.riacho_and_serra()
    ana = riacho.join("ana", limit=500)
    serra.join("edna")
    link_up(riacho, serra, 1_000)
    copy = commune.node("copy")
    shutil.copytree(riacho.home, copy.home)
    (copy.home / "lock").unlink(missing_ok=True)
    copy.network_id, copy.peer_id, copy.api.token = riacho.network_id, riacho.peer_id, riacho.api.token
    commune.connect(copy, serra)
    copy.launch()
    until(lambda: copy.readiness != 0, "the copy answers")
    until(lambda: copy.readiness == 503 and "TWO_COPIES" in troubles(copy), "the copy falls silent")
    until(lambda: "TWO_COPIES" in troubles(riacho), "the home is told")
    until(lambda: "riacho, of whose home two copies run" in troubles(serra).get("TWO_COPIES", ""), "so is the partner")
    assert copy.api.ask("POST", "/v1/invitations", {}).code == "RECOVERING"
    riacho.api.post("/v1/invitations")
    copy.stop()
    until(lambda: serra.api.get(f"/v1/networks/{riacho.network_id}")["connected"], "they meet again")
    until(lambda: riacho.reaches(serra), "and speak")
    assert ana.pay_through("edna@serra", 10)["state"] == "posted"
    assert not serra.api.get(f"/v1/networks/{riacho.network_id}")["forked"]
