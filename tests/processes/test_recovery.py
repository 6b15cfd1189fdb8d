# SPDX-License-Identifier: AGPL-3.0-or-later
"""A network loses its home and every key, and goes on in a replica's copy by its guardians' word."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest
from processes.harness import Commune, Node, forks, link_up, mutirao, start, until

from node import clock
from node.keeping.rotation import Change, rotate

DELAY_MS = 4_000


def name_guardians(home: Node, *guardians: Node) -> None:
    """Let the cold key of a stopped home name its guardians, all of whom are needed."""
    names = tuple(one.network_id for one in guardians)
    change = Change(guardians=names, guardians_needed=len(names), recovery_delay_ms=DELAY_MS)
    cold = [home.home / "keys" / "cold.key"]
    asyncio.run(rotate(home.home, change, cold_keys=cold, now=clock.now_ms, chance=clock.chance))


def propose(home: Node, target: Path) -> str:
    """Make new keys in a stopped copy; returns the claim."""
    done = mutirao("recover", "--home", str(home.home), "--propose", str(target))
    assert done.returncode == 0, done.stderr
    return target.read_text().strip()


@pytest.mark.soak
@pytest.mark.timeout(240)
def test_guardians_give_a_network_that_has_lost_every_key_a_new_home(commune: Commune, tmp_path: Path) -> None:
    riacho = commune.found("riacho", "HORA", serves=False)
    serra, campo = commune.found("serra", "FLOR", serves=False), commune.found("campo", "MATE", serves=False)
    for one, other in ((riacho, serra), (riacho, campo), (serra, campo)):
        commune.connect(one, other)
    start(riacho, serra, campo)
    casa = commune.replica(riacho)
    commune.connect(casa, riacho)
    casa.start()
    ana, edna = riacho.join("ana", limit=500), serra.join("edna")
    link_up(riacho, serra, 1_000)
    until(lambda: riacho.knows(campo), "riacho knows both")
    riacho.stop()
    name_guardians(riacho, serra, campo)
    riacho.start()
    known = "/v1/networks/riacho"
    for node in (serra, campo):
        until(lambda node=node: (node.api.find(known) or {"epoch": 0})["epoch"] == 1, "all know the guardians", 60)
    assert campo.api.get(known)["guardians"] == [serra.network_id, campo.network_id]
    until(lambda: riacho.link(serra)["state"] == "open" == serra.link(riacho)["state"], "the link goes on", 60)
    assert ana.pay_through("edna@serra", 10)["state"] == "posted"
    until(lambda: riacho.is_settled and serra.is_settled, "all arrives")
    balances = riacho.balances()
    until(lambda: casa.balances() == balances and casa.knows(riacho), "the replica has it all")

    # The house burns down, with every stick in it.
    riacho.kill()
    casa.stop()
    shutil.rmtree(riacho.home / "keys")
    claim = propose(casa, tmp_path / "recovery.claim")
    assert campo.api.refused("/v1/recoveries", {"claim": "oA"})["code"] == "MALFORMED"
    shown = serra.api.post("/v1/recoveries", {"claim": claim})
    look = f"/v1/recoveries/{shown['id']}"
    assert (shown["state"], shown["due"], shown["document"]) == ("proposed", None, None)
    until(lambda: campo.api.find(look), "the other guardian sees it")
    assert campo.api.refused(f"{look}/veto")["code"] == "FORBIDDEN"
    campo.api.post(f"{look}/back")
    assert campo.api.refused(f"{look}/back")["code"] == "DUPLICATE"
    until(lambda: serra.api.get(look)["state"] == "due", "the delay passes", 60)
    (tmp_path / "recovery.json").write_text(json.dumps(serra.api.get(look)))
    done = mutirao("recover", "--home", str(casa.home), "--finish", str(tmp_path / "recovery.json"))
    assert done.returncode == 0, done.stderr
    assert "epoch           2" in done.stdout

    for guardian in (serra, campo):
        commune.connect(casa, guardian)
    casa.start()
    for node in (serra, campo):
        until(lambda node=node: node.api.get(look)["state"] == "in-force", "everybody follows", 60)
    until(lambda: casa.link(serra)["state"] == "open" == serra.link(casa)["state"], "the link opens again", 60)
    assert casa.balances() == balances
    ana.node = casa
    assert ana.pay_through("edna@serra", 5)["state"] == "posted"
    until(lambda: casa.is_settled and serra.is_settled, "all arrives")
    assert (ana.balance, edna.balance) == (-15_00, 15_00)
    for node in (serra, campo, casa):
        node.stop()
        node.verify_book()
    assert not forks(serra, campo, casa)
