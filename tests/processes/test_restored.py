# SPDX-License-Identifier: AGPL-3.0-or-later
"""A node that starts from an old copy of its database signs nothing until it has its own entries back."""

import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from processes.harness import Commune, Node, forks, link_up, mutirao, start, units, until

ALONE_SECONDS = 3.0
"""Longer than the replica's own patience before it goes on, if anybody agreed with it."""


def copy_of(node: Node, target: Path) -> Path:
    """Copy the database of a serving node, as it is now."""
    done = mutirao("backup", str(target), MUTIRAO_NODE=node.url, MUTIRAO_TOKEN=node.api.token or "")
    assert done.returncode == 0, done.stderr
    return target


def put_back(copy: Path, node: Node) -> None:
    """Put an old copy in the place of a stopped node's database, by hand."""
    for leftover in ("mutirao.db-wal", "mutirao.db-shm"):
        (node.home / leftover).unlink(missing_ok=True)
    shutil.copyfile(copy, node.home / "mutirao.db")


def signed_by(home: Node, *, held_by: Node | None = None) -> int:
    """Count what a node's network has signed, by the database of that node or of another."""
    path = (held_by or home).home / "mutirao.db"
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
        query = "SELECT count(*) FROM entries JOIN lanes ON number = lane WHERE network = ?"
        return database.execute(query, (home.network,)).fetchone()[0]


def epoch(node: Node) -> int:
    return node.api.get(f"/v1/networks/{node.network_id}")["epoch"]


@pytest.mark.soak
@pytest.mark.timeout(120)
def test_partner_and_replica_give_a_node_its_own_back(commune: Commune, tmp_path: Path) -> None:
    riacho, serra = commune.found("riacho", "HORA", serves=False), commune.found("serra", "FLOR", serves=False)
    to_serra = commune.wire(riacho, serra)
    start(riacho, serra)
    casa = commune.replica(riacho)
    to_riacho = commune.wire(casa, riacho)
    casa.start()
    ana, beto = riacho.join("ana", limit=500), riacho.join("beto")
    edna = serra.join("edna")
    link_up(riacho, serra, 1_000)
    assert ana.pay_through("edna@serra", 10)["state"] == "posted"

    copy = copy_of(riacho, tmp_path / "old.db")
    old = signed_by(riacho)
    for _ in range(3):
        assert ana.pay_through("edna@serra", 10)["state"] == "posted"
    ana.pay("beto", 7)
    cida = riacho.join("cida")
    edna.pay_through("cida@riacho", 5)
    until(lambda: riacho.is_settled and serra.is_settled, "all arrives")
    newest = signed_by(riacho)
    until(lambda: signed_by(riacho, held_by=casa) == newest, "the replica has it all")
    balances = riacho.balances()
    riacho.stop()

    # It comes up from the old copy with nobody to ask: it takes no wish, and signs nothing.
    put_back(copy, riacho)
    assert signed_by(riacho) == old < newest
    to_serra.cut()
    to_riacho.cut()
    riacho.launch()
    until(lambda: riacho.readiness == 503, "it says that it is not ready")
    assert riacho.api.get("/v1/node")["state"] == "RECOVERING"
    wishes = (
        ("/v1/payments", {"payer": ana.account, "payee": "beto", "amount": units(1)}),
        ("/v1/invitations", {}),
        ("/v1/quotes", {"payer": ana.account, "payee": "edna@serra", "amount": units(1)}),
    )
    began = time.monotonic()
    while time.monotonic() - began < ALONE_SECONDS:
        for path, wish in wishes:
            reply = riacho.api.ask("POST", path, wish)
            assert (reply.status, reply.code) == (503, "RECOVERING") and "retry-after" in reply.headers
        time.sleep(0.2)
    assert signed_by(riacho) == old, "it signed nothing"

    # Partner and replica are there again: it gets back what it had signed, and goes on in a new epoch.
    to_serra.mend()
    to_riacho.mend()
    riacho.wait_ready()
    assert riacho.balances() == balances
    assert epoch(riacho) == 1
    until(lambda: epoch(serra) == 0 and serra.api.get("/v1/networks/riacho")["epoch"] == 1, "Serra knows the new epoch")
    until(lambda: riacho.link(serra)["state"] == "open" == serra.link(riacho)["state"], "the link opens again")
    assert ana.pay_through("edna@serra", 10)["state"] == "posted"
    assert edna.pay_through("beto@riacho", 2)["state"] == "posted"
    ana.pay("cida", 1)
    assert riacho.join("davi").balance == 0
    until(lambda: riacho.is_settled and serra.is_settled, "all arrives")
    assert (ana.balance, beto.balance, cida.balance, edna.balance) == (-58_00, 9_00, 6_00, 43_00)
    assert riacho.link(serra)["net_debt"]["value"] == "4300"
    assert serra.link(riacho)["net_debt"]["value"] == "-4300"
    assert riacho.is_zero_sum and serra.is_zero_sum

    newest = signed_by(riacho)
    # What it had signed on a link and a newer record replaced, a restored home need not have back.
    until(lambda: signed_by(riacho, held_by=casa) >= newest, "the replica follows")
    for node in (riacho, serra, casa):
        node.stop()
        node.verify_book()
    assert not forks(riacho, serra, casa)


@pytest.mark.soak
@pytest.mark.timeout(180)
def test_two_partners_that_both_come_back_go_on_with_each_other(commune: Commune, tmp_path: Path) -> None:
    """One is put back to an old copy while the other is given new keys; neither has heard of it before they meet."""
    riacho, serra = commune.riacho_and_serra()
    ana, edna = riacho.join("ana", limit=500), serra.join("edna")
    link_up(riacho, serra, 1_000)
    assert ana.pay_through("edna@serra", 10)["state"] == "posted"
    until(lambda: riacho.is_settled and serra.is_settled, "all arrives")
    copy = copy_of(riacho, tmp_path / "old.db")
    assert ana.pay_through("edna@serra", 10)["state"] == "posted"
    until(lambda: riacho.is_settled and serra.is_settled, "all arrives")
    riacho.stop()
    serra.stop()
    put_back(copy, riacho)
    done = mutirao("rotate", "--home", str(serra.home), "--cold", str(serra.home / "keys" / "cold.key"))
    assert done.returncode == 0, done.stderr

    start(riacho, serra)
    for one, other in ((riacho, serra), (serra, riacho)):
        until(lambda one=one, other=other: one.link(other)["state"] == "open", "the link goes on")
    assert (epoch(riacho), epoch(serra)) == (1, 1)
    assert ana.pay_through("edna@serra", 5)["state"] == "posted"
    until(lambda: riacho.is_settled and serra.is_settled, "all arrives")
    assert edna.balance == 25_00
    assert int(riacho.link(serra)["net_debt"]["value"]) == 25_00
    riacho.stop()
    serra.stop()
    for node in (riacho, serra):
        node.verify_book()
