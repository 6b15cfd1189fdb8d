# SPDX-License-Identifier: AGPL-3.0-or-later
"""A home is killed for good, its replica takes over, and the home comes back all the same: nobody forks the books."""

import os
from pathlib import Path

import pytest
from processes.harness import Commune, Node, forks, link_up, mutirao, start, units, until

from protocol.wire.keys import KeyPair


def keeps(node: Node, stick: Path) -> None:
    """Take the promised key and the cold one away from the node's machine."""
    stick.mkdir()
    for name in ("next.key", "cold.key"):
        (node.home / "keys" / name).rename(stick / name)


def take_over(node: Node, stick: Path) -> None:
    words = ("--next", str(stick / "next.key"), "--cold", str(stick / "cold.key"))
    done = mutirao("takeover", "--home", str(node.home), *words)
    assert done.returncode == 0, done.stderr
    assert "epoch           1" in done.stdout


@pytest.mark.timeout(210)
def test_a_replica_takes_over_and_the_old_home_stops_signing(commune: Commune, tmp_path: Path) -> None:
    riacho, serra = commune.found("riacho", "HORA", serves=False), commune.found("serra", "FLOR", serves=False)
    keeps(riacho, tmp_path / "stick")
    to_serra = commune.wire(riacho, serra)
    start(riacho, serra)
    casa = commune.replica(riacho)
    to_riacho = commune.wire(casa, riacho)
    commune.connect(casa, serra)
    casa.start()
    ana, beto = riacho.join("ana", limit=500, keys=KeyPair.from_seed(os.urandom(32))), riacho.join("beto")
    edna = serra.join("edna")
    link_up(riacho, serra, 1_000)
    assert ana.pay_through("edna@serra", 10)["state"] == "posted"
    ana.pay("beto", 3)
    until(lambda: riacho.is_settled and serra.is_settled, "all arrives")
    balances = riacho.balances()
    until(lambda: casa.balances() == balances and casa.knows(riacho), "the replica has it all")

    # The home dies. A replica signs nothing, whoever asks.
    riacho.kill()
    assert casa.api.ask("POST", "/v1/checkpoints", {}).code == "READ_ONLY"
    casa.stop()
    take_over(casa, tmp_path / "stick")
    casa.start()
    assert casa.balances() == balances
    # What the old home said last in its commons, and the replica has not heard, is dropped: Serra reads the rest again.
    known = "/v1/networks/riacho"
    until(lambda: (serra.api.find(known) or {"epoch": 0})["epoch"] >= 1, "Serra knows the new home")
    until(lambda: casa.link(serra)["state"] == "open" == serra.link(casa)["state"], "the link opens again")

    # Members go on paying: with the key that they had, here and across the link.
    ana.node = beto.node = casa
    assert ana.pay_through("edna@serra", 10)["state"] == "posted"
    assert edna.pay_through("beto@riacho", 2)["state"] == "posted"
    ana.pay("beto", 1)
    until(lambda: casa.is_settled and serra.is_settled, "all arrives")
    assert (ana.balance, beto.balance, edna.balance) == (-24_00, 6_00, 18_00)
    assert casa.link(serra)["net_debt"]["value"] == "1800"

    # The old home comes back, cut off at first, and signs by itself: that counts for nothing.
    to_serra.cut()
    to_riacho.cut()
    riacho.start()
    lonely = riacho.api.post("/v1/payments", {"payer": beto.account, "payee": "ana", "amount": units(1)})["id"]
    to_serra.mend()
    until(lambda: riacho.api.get("/v1/node")["state"] == "SUCCEEDED", "it hears that it has a successor", 60)
    # While it loads its books anew it is too busy to answer.
    look = f"/v1/payments/{lonely}"
    until(lambda: riacho.api.ask("GET", look).status == 404, "what it signed alone is dropped")
    refused = riacho.api.ask("POST", "/v1/payments", {"payer": beto.account, "payee": "ana", "amount": units(1)})
    assert (refused.status, refused.code) == (503, "SUCCEEDED")
    assert riacho.readiness == 503
    riacho.stop()
    again = mutirao("serve", "--home", str(riacho.home), "--http", f"127.0.0.1:{riacho.http_port}")
    assert again.returncode == 1 and "another home has taken over" in again.stderr

    # A restart of the new home changes nothing, and it signs on.
    casa.stop()
    casa.start()
    until(lambda: casa.link(serra)["state"] == "open", "the link is open")
    assert ana.pay_through("edna@serra", 1)["state"] == "posted"
    until(lambda: casa.is_settled and serra.is_settled, "all arrives")
    assert casa.is_zero_sum and serra.is_zero_sum
    for node in (casa, serra):
        node.stop()
        node.verify_book()
    assert not forks(casa, serra)
