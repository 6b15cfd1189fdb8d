# SPDX-License-Identifier: AGPL-3.0-or-later
"""A whole home is put back, as a snapshot of a machine does: database and mark agree, and only others know better."""

import json
import shutil
from typing import Any

import pytest
from processes.harness import Commune, Node, forks, mutirao, start, until


def put_back(copy: Any, node: Node) -> None:
    shutil.rmtree(node.home)
    shutil.copytree(copy, node.home)


def logged(node: Node, message: str) -> list[dict[str, Any]]:
    lines = (json.loads(line) for line in node.log.splitlines() if line.startswith("{"))
    return [line for line in lines if line["message"] == message]


def waits(node: Node) -> dict[str, Any]:
    """Return what it waits for and what is to be done, by /readyz; nothing where it is ready, or not there yet."""
    return {} if node.readiness in (0, 200) else node.api.ask("GET", "/readyz").json["figures"]


@pytest.mark.soak
@pytest.mark.timeout(180)
def test_it_gets_its_own_back_before_it_signs_and_a_fork_ends_with_new_keys(commune: Commune) -> None:
    riacho = commune.found("riacho", "HORA")
    ana, _ = riacho.join("ana", limit=500), riacho.join("beto")
    casa = commune.replica(riacho)
    commune.connect(casa, riacho)
    commune.connect(riacho, casa)
    casa.start()
    ledger = f"/v1/networks/{riacho.network_id}"
    until(lambda: casa.api.find(ledger), "the replica is let in")
    until(lambda: riacho.api.get("/v1/replicas")["items"][0]["state"] == "admitted", "the replica is written down")
    riacho.stop()
    copy = riacho.home.with_name("snapshot")
    shutil.copytree(riacho.home, copy)

    # With the replica there nothing is signed before what was lost is back.
    riacho.start()
    ana.pay("beto", 3)
    until(lambda: casa.api.all("/v1/accounts") == riacho.api.all("/v1/accounts"), "the replica has it")
    riacho.stop()
    put_back(copy, riacho)
    riacho.start()
    assert ana.balance == -3_00 and riacho.api.get(ledger)["epoch"] == 1
    riacho.stop()
    shutil.rmtree(copy)
    shutil.copytree(riacho.home, copy)
    riacho.start()
    ana.pay("beto", 4)
    until(lambda: casa.api.all("/v1/accounts") == riacho.api.all("/v1/accounts"), "the replica has it")
    riacho.stop()
    casa.stop()
    assert not forks(riacho, casa)

    # Without it the home goes on after a while, and says so; then both have signed at one place.
    put_back(copy, riacho)
    riacho.launch()
    until(lambda: waits(riacho).get("code") == "COMPARING", "it compares first")
    riacho.wait_ready()
    assert [one["code"] for one in riacho.api.get("/readyz")["troubles"]] == ["NOT_COMPARED"]
    assert len(logged(riacho, "signing without having compared: nobody came")) == 1
    ana.pay("beto", 5)
    casa.start()
    until(lambda: "mutirao rotate" in waits(riacho).get("to_do", ""), "the fork is told, and the way out")
    assert waits(riacho)["code"] == "RECOVERING"
    until(lambda: [one["kind"] for one in logged(riacho, "a fault is raised")] == ["FORK"], "the log tells of it")
    told = "recovering: nothing is signed"
    until(lambda: logged(riacho, told)[-1]["waits_for"].startswith("new keys"), "and of what it waits for")
    riacho.stop()
    done = mutirao("rotate", "--home", str(riacho.home), "--cold", str(riacho.home / "keys" / "cold.key"))
    assert done.returncode == 0, done.stderr
    start(riacho)
    ana.pay("beto", 1)
    until(lambda: casa.api.all("/v1/accounts") == riacho.api.all("/v1/accounts"), "the replica follows")
    for node in (riacho, casa):
        node.stop()
    assert casa.entries().keys() >= riacho.entries().keys()
