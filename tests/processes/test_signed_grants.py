# SPDX-License-Identifier: AGPL-3.0-or-later
"""Keepers sign on machines of their own what their network grants, and a copy of its home grants nobody more."""

import asyncio
import json
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from processes.harness import Commune, Json, Node, link_up, mutirao, units, until

from node import clock
from node.keeping.home import DATABASE, read_keys
from node.loop.batch import Batch
from node.store.storage import Storage
from protocol.lanes.entry import decode_body, parse
from protocol.practices import PRACTICES
from protocol.practices.between.links.entries import LinkRecord, link_lane
from protocol.replica import Replica
from protocol.wire.keys import parse_id

GRANTED, SIGNED, STOLEN = 100, 500, 10_000


def told(node: Node, *words: str) -> Json:
    """Return what a steward's command prints, which must not be refused."""
    done = steward(node, *words)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def steward(node: Node, *words: str) -> subprocess.CompletedProcess[str]:
    return mutirao(*words, "--json", MUTIRAO_NODE=node.url, MUTIRAO_TOKEN=node.api.token or "")


def signed_by_keepers(node: Node, link: str, granted: int, folder: Path, *names: str) -> Json:
    """Let keepers sign so much in all, each by the file that the steward sends, and hand it in."""
    claim = folder / f"claim-{granted}"
    claim.write_text(json.dumps(told(node, "links", "sign", link, "--granted", str(granted))))
    words: list[str] = []
    for name in names:
        file = folder / f"{name}-{granted}"
        done = mutirao("sign", str(claim), str(file), "--cold", str(node.home / "keys" / f"{name}.key"), "--json")
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["granted"] == f"{granted}.00 HORA"
        words += ["--signature", str(file)]
    return told(node, "links", "sign", link, "--granted", str(granted), *words)


def grant(home: Path, network: bytes, lane: str, minor: int) -> None:
    """Sign with the hot key of a stopped home a record that grants more, whatever its rules say."""

    async def written() -> None:
        storage = await Storage.open(home / DATABASE)
        try:
            replica = Replica(network, PRACTICES, chance=clock.chance, keyring=read_keys(home).keyring)
            list(replica.load(storage.entries()))
            newest = parse(replica.journal.held.records.newest[network, lane])
            body, _ = decode_body(newest.body_bytes, {LinkRecord.KIND: LinkRecord})
            assert isinstance(body, LinkRecord)
            lie = replica.journal.write(replace(body, granted=minor), lane, clock.now_ms())
            await storage.commit(Batch([lie]))
        finally:
            await storage.close()

    asyncio.run(written())


@pytest.mark.soak
@pytest.mark.timeout(240)
def test_a_grant_beyond_the_bound_takes_the_keepers_and_a_stolen_home_makes_none(
    commune: Commune, tmp_path: Path
) -> None:
    riacho, serra = commune.riacho_and_serra()
    ana, edna = riacho.join("ana", limit=5_000), serra.join("edna", limit=5_000)
    link = link_up(riacho, serra, GRANTED)
    rotate = ("rotate", "--home", str(riacho.home), "--cold", str(riacho.home / "keys" / "cold.key"), "--json")
    bound = (*rotate, "--new-cold-keys", "3", "--hot-grant", "0")
    riacho.stop()
    unsigned = mutirao(*bound)
    assert unsigned.returncode == 1 and link in unsigned.stderr
    riacho.start()
    shown = signed_by_keepers(riacho, link, GRANTED, tmp_path, "cold")
    assert shown["granted_signed"]["value"] == str(GRANTED * 100)
    riacho.stop()
    done = mutirao(*bound)
    assert done.returncode == 0, done.stderr
    riacho.start()
    until(lambda: riacho.link(serra)["state"] == "open" == serra.link(riacho)["state"], "the link is open again")
    assert serra.api.get(f"/v1/networks/{riacho.network_id}")["hot_grant"] == 0

    # Two of the three keepers, and then the limit.
    refused = steward(riacho, "links", "raise", link, "--limit", str(SIGNED))
    assert (
        refused.returncode == 1
        and "GRANT_UNSIGNED: Cold keys have to sign it\n  With this 500.00 HORA would be granted" in refused.stderr
    )
    few = steward(riacho, "links", "sign", link, "--granted", str(SIGNED), "--signature", str(tmp_path / "cold-100"))
    assert few.returncode == 1 and "SIGNATURE_INVALID" in few.stderr
    signed_by_keepers(riacho, link, SIGNED, tmp_path, "cold-1", "cold-3")
    assert riacho.api.ask("POST", f"/v1/links/{link}/raise", {"limit": units(SIGNED + 1)}).code == "GRANT_UNSIGNED"
    told(riacho, "links", "raise", link, "--limit", str(SIGNED))

    def limits() -> tuple[int, int]:
        sides = riacho.link(serra)["limit_given"], serra.link(riacho)["limit_received"]
        return int(sides[0]["value"]), int(sides[1]["value"])

    until(lambda: limits() == (SIGNED * 100, SIGNED * 100), "both see the new limit")

    # A thief with a copy of the home grants serra more: it hears him, and counts no more than was signed.
    riacho.stop()
    thief = commune.node("thief")
    shutil.copytree(riacho.home, thief.home)
    thief.network_id, thief.peer_id, thief.api.token = riacho.network_id, riacho.peer_id, riacho.api.token
    lane = link_lane(parse_id(link) or b"")
    grant(thief.home, riacho.network, lane, STOLEN * 100)
    thief.dials = [serra.address]
    thief.start()
    his = {place for place in thief.entries() if place[:2] == (riacho.network, lane)}
    until(lambda: his <= set(serra.entries()), "serra has his record")
    serra.api.post(f"/v1/links/{link}/cap", {"holds_percent": 100})
    assert int(serra.link(riacho)["limit_received"]["value"]) == SIGNED * 100
    thief.stop()

    riacho.start()
    until(lambda: his <= set(riacho.entries()), "the home takes it up as its own")
    for _ in range(2):
        until(lambda: riacho.link(serra)["state"] == "open" == serra.link(riacho)["state"], "they go on")
        assert limits() == (SIGNED * 100, SIGNED * 100)
        riacho.stop()
        riacho.start()
    riacho.wait_linked(serra)
    assert edna.pay_through("ana@riacho", 50)["state"] == "posted"
    assert ana.balance == 50_00
    for node in (riacho, serra):
        until(lambda node=node: node.is_settled, "all arrives")
        assert node.is_zero_sum and node.api.all("/v1/faults") == []
        node.stop()
        node.verify_book()
