# SPDX-License-Identifier: AGPL-3.0-or-later
"""A node with a copy of a home spends what partners have granted, and nothing once the home's key is rotated."""

import json
import shutil
import time
from datetime import UTC, datetime

import pytest
from processes.harness import Commune, Json, Member, Node, link_up, mutirao, start, units, until

TO_SERRA, TO_CAMPO = 100, 40
"""What the partners grant, in units."""
TRIES_AFTER = 5
PART = 4
"""One payment may take a quarter of what can be drawn on a link."""


def steal(commune: Commune, home: Node) -> Node:
    """Copy all of a stopped home to a machine of the thief's; he has the steward's token too."""
    thief = commune.node(f"thief-of-{home.handle}")
    shutil.copytree(home.home, thief.home)
    thief.network_id, thief.peer_id, thief.currency = home.network_id, home.peer_id, home.currency
    thief.api.token = home.api.token
    return thief


def rotate(home: Node, *words: str) -> Json:
    """Change a stopped home's key after the theft."""
    cold = home.home / "keys" / "cold.key"
    done = mutirao("rotate", "--home", str(home.home), "--stolen", "--cold", str(cold), "--json", *words)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    home.peer_id = told["peer_id"]
    return told


def drained(payer: Member, payee: str, part: int) -> int:
    """Pay as long as it is not refused, in parts and then unit by unit; returns how many units arrived."""
    total = 0
    while part:
        wish = payer.question(payee, part)
        priced = payer.node.api.ask("POST", "/v1/quotes", wish)
        if priced.status == 201:
            paid = payer.node.api.ask(
                "POST",
                "/v1/payments",
                {"payer": payer.account, "payee": payee, "amount": units(part), "invoice": priced.json["invoice"]},
            )
            if paid.status == 201 and payer.node.ended(paid.json["id"])["state"] == "posted":
                total += part
                continue
        part = 0 if part == 1 else 1
    return total


def tried(payer: Member, payee: str) -> int:
    """Try to pay one unit some times, whatever it comes to; returns how many units arrived."""
    total = 0
    for _ in range(TRIES_AFTER):
        total += drained(payer, payee, 1)
    return total


def owed(node: Node, other: Node) -> int:
    """Return the debt of a node's network to another, in minor units of their link."""
    return int(node.link(other)["net_debt"]["value"])


def epoch(node: Node, of: Node) -> int:
    return node.api.get(f"/v1/networks/{of.network_id}")["epoch"]


@pytest.mark.soak
@pytest.mark.timeout(180)
def test_a_thief_spends_at_most_what_was_granted_and_nothing_after_the_rotation(commune: Commune) -> None:
    riacho = commune.found("riacho", "HORA", serves=False)
    serra, campo = commune.found("serra", "FLOR", serves=False), commune.found("campo", "MATE", serves=False)
    wires = [commune.wire(riacho, partner) for partner in (serra, campo)]
    start(riacho, serra, campo)
    casa = commune.replica(riacho)
    casa.dials.append(riacho.address)
    casa.start()
    ana = riacho.join("ana", limit=50)
    edna, eva = serra.join("edna", limit=500), campo.join("eva", limit=500)
    link_up(riacho, serra, TO_SERRA)
    link_up(riacho, campo, TO_CAMPO)
    assert ana.pay_through("edna@serra", 10)["state"] == "posted"
    until(lambda: riacho.is_settled and serra.is_settled, "all arrives")
    until(lambda: casa.balances() == riacho.balances(), "the replica has it all")
    riacho.stop()
    thief = steal(commune, riacho)
    riacho.start()

    # The thief's node takes the home's place at its partners, and at its replica.
    for wire in wires:
        wire.cut()
    riacho.stop()
    thief.dials = [serra.address, campo.address, casa.address]
    thief.start()
    until(lambda: thief.knows(serra) and thief.knows(campo), "his node knows them")
    ladrao = thief.join("ladrao", limit=1_000_000)
    for partner in (serra, campo):
        thief.wait_linked(partner)
    grants = TO_SERRA + TO_CAMPO
    used = 10
    spent = drained(ladrao, "edna@serra", TO_SERRA // PART) + drained(ladrao, "eva@campo", TO_CAMPO // PART)
    assert 0 < spent <= grants - used
    assert (edna.balance, eva.balance) == ((TO_SERRA) * 100, TO_CAMPO * 100), "to the last unit"
    until(lambda: "ladrao" in str(casa.api.all("/v1/members")), "the replica believes him")

    # The keepers of the cold keys end his time. His node goes on, and cannot do a thing.
    told = rotate(riacho)
    assert (told["epoch"], told["given_up"]) == (1, 0)
    riacho.dials.append(casa.address)
    riacho.start()
    began = time.monotonic()
    for wire in wires:
        wire.mend()
    until(lambda: epoch(serra, riacho) == epoch(campo, riacho) == 1, "partners know the rotation")
    known_after = time.monotonic() - began
    afterwards = tried(ladrao, "edna@serra") + tried(ladrao, "eva@campo")
    assert afterwards == 0
    for partner in (serra, campo):
        until(lambda partner=partner: riacho.link(partner)["state"] == "open" == partner.link(riacho)["state"], "open")
    assert (edna.balance, eva.balance) == (TO_SERRA * 100, TO_CAMPO * 100)
    until(lambda: casa.balances() == riacho.balances(), "the replica drops his ledger")
    assert "ladrao" not in str(casa.api.all("/v1/members"))
    assert ana.balance == -used * 100
    assert riacho.balances()["commons.HORA"] == -spent * 100, "the commons carries what he spent"
    assert (owed(riacho, serra), owed(riacho, campo)) == (TO_SERRA * 100, TO_CAMPO * 100)

    # Life goes on, over restarts, and with his node still about.
    assert edna.pay_through("ana@riacho", 20)["state"] == "posted"
    riacho.stop()
    riacho.start()
    riacho.wait_linked(serra)
    assert ana.pay_through("edna@serra", 5)["state"] == "posted"
    assert tried(ladrao, "eva@campo") == 0
    assert (owed(riacho, serra), owed(riacho, campo)) == ((TO_SERRA - 15) * 100, TO_CAMPO * 100)
    print(  # noqa: T201 - the figures of this story are kept with its verdict
        f"granted {grants}, used before {used}, spent by the thief {spent}, after the rotation {afterwards}; "
        f"partners knew of it {known_after:.1f} s after they could be reached"
    )
    thief.stop()
    for node in (riacho, serra, campo, casa):
        assert node.is_zero_sum
        node.stop()
        node.verify_book()


@pytest.mark.soak
@pytest.mark.timeout(180)
def test_a_home_that_ran_all_the_while_goes_back_before_what_it_took_of_the_thief(commune: Commune) -> None:
    riacho, serra = commune.found("riacho", "HORA", serves=False), commune.found("serra", "FLOR", serves=False)
    wire = commune.wire(riacho, serra)
    start(riacho, serra)
    ana, edna = riacho.join("ana", limit=50), serra.join("edna", limit=500)
    link_up(riacho, serra, TO_SERRA)
    assert ana.pay_through("edna@serra", 10)["state"] == "posted"
    until(lambda: riacho.is_settled and serra.is_settled, "all arrives")
    riacho.stop()
    thief = steal(commune, riacho)
    riacho.start()
    wire.cut()
    stolen_at = datetime.now(UTC).isoformat()
    thief.dials = [serra.address]
    thief.start()
    ladrao = thief.join("ladrao", limit=1_000_000)
    thief.wait_linked(serra)
    thief.api.post(f"/v1/networks/{thief.network_id}/set-profile", {"name": "Ladrão"})
    assert ladrao.pay_through("edna@serra", 25)["state"] == "posted"
    until(lambda: serra.api.get(f"/v1/networks/{riacho.network_id}")["name"] == "Ladrão", "his words are heard")
    thief.stop()
    wire.mend()

    def names() -> tuple[str, str]:
        """Return what each of the two calls Riacho."""
        return tuple(node.api.get(f"/v1/networks/{riacho.network_id}")["name"] for node in (riacho, serra))  # pyright: ignore[reportReturnType]

    until(lambda: names() == ("Ladrão", "Ladrão"), "the home takes it up as its own")
    riacho.wait_ready()
    riacho.stop()

    told = rotate(riacho, "--before", stolen_at)
    assert told["given_up"] > 0
    for _ in range(2):
        riacho.start()
        until(lambda: epoch(serra, riacho) == told["epoch"], "Serra knows the rotation")
        until(lambda: names() == ("Riacho", "Riacho"), "nothing of his is left")
        until(lambda: riacho.link(serra)["state"] == "open" == serra.link(riacho)["state"], "the link is open")
        assert (ana.balance, edna.balance) == (-10_00, 35_00)
        assert riacho.balances()["commons.HORA"] == -25_00, "what Serra took of him stands"
        riacho.stop()
    riacho.start()
    riacho.wait_linked(serra)
    assert ana.pay_through("edna@serra", 5)["state"] == "posted"
    for node in (riacho, serra):
        until(lambda node=node: node.is_settled, "all arrives")
        assert node.is_zero_sum
        node.stop()
        node.verify_book()
