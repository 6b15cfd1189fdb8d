# SPDX-License-Identifier: AGPL-3.0-or-later
"""A network leaves its operator: exported whole, imported elsewhere; trade goes on, and the old one is refused."""

import json
import os
from pathlib import Path

import pytest
from processes.harness import Commune, Node, bytes_of, forks, link_up, mutirao, start, units, until

from protocol.wire.keys import KeyPair

pytestmark = [pytest.mark.soak, pytest.mark.timeout(600)]


def typed(*words: object) -> dict[str, object]:
    """Return what a command shows that must be done."""
    done = mutirao(*map(str, words), "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def refused(*words: object) -> str:
    """Return why a command is refused."""
    done = mutirao(*map(str, words))
    assert done.returncode == 1, (done.stdout, done.stderr)
    return done.stderr


def test_a_network_goes_on_at_another_operators_while_its_members_trade(commune: Commune, tmp_path: Path) -> None:
    riacho, serra = commune.found("riacho", "HORA", serves=False), commune.found("serra", "FLOR", serves=False)
    stick = tmp_path / "stick"
    stick.mkdir()
    for name in ("next.key", "cold.key"):
        (riacho.home / "keys" / name).rename(stick / name)
    to_serra = commune.wire(riacho, serra)
    start(riacho, serra)
    keys = KeyPair.from_seed(os.urandom(32))
    ana, beto, edna = riacho.join("ana", limit=500, keys=keys), riacho.join("beto"), serra.join("edna")
    link_up(riacho, serra, 1_000)
    assert ana.pay_through("edna@serra", 10)["state"] == "posted"
    said = beto.wish("ana", 2, note="for the bread")
    noted = riacho.api.post("/v1/payments", said, key="once")
    until(lambda: riacho.is_settled and serra.is_settled, "all arrives")
    receipt = riacho.api.get(f"/v1/receipts/{noted['id']}")
    (tmp_path / "receipt.json").write_text(json.dumps(receipt))

    # One file, by the node that serves, and meanwhile its members trade.
    steward = ("--node", riacho.url, "--token", riacho.api.token)
    first, newest = tmp_path / "first.export", tmp_path / "newest.export"
    typed("network", "export", first, *steward)
    code = riacho.api.post("/v1/replicas")["code"]
    ana.pay("beto", 3)
    typed("network", "export", newest, *steward)

    # On a fresh machine; it follows the old home as long as that is there.
    casa = commune.node("casa")
    cut, foreign = tmp_path / "cut.export", tmp_path / "foreign.export"
    cut.write_bytes(newest.read_bytes()[:-100])
    typed("network", "export", foreign, "--node", serra.url, "--token", serra.api.token)
    pinned = ("--home", casa.home, "--network", riacho.network_id)
    assert "EXPORT_CUT" in refused("network", "import", cut, *pinned)
    assert "EXPORT_FOREIGN" in refused("network", "import", foreign, *pinned)
    assert not casa.home.exists()
    told = typed("network", "import", newest, *pinned, "--invitation", code)
    assert "EXPORT_OLDER" in refused("network", "import", first, *pinned)
    casa.network_id, casa.peer_id, casa.api.token = riacho.network_id, str(told["peer_id"]), str(told["steward_token"])
    to_riacho = commune.wire(casa, riacho)
    commune.connect(casa, serra)
    casa.start()
    ana.pay("beto", 1)
    assert edna.pay_through("beto@riacho", 1)["state"] == "posted"
    until(lambda: riacho.is_settled and serra.is_settled, "all arrives")
    balances = riacho.balances()
    until(lambda: casa.balances() == balances, "it has followed")
    assert casa.api.ask("POST", "/v1/checkpoints", {}).code == "READ_ONLY"
    assert casa.api.ask("GET", "/v1/admin/export").code == "STATE_CONFLICT", "only the home exports its network"

    # The keepers make it the home; node, address and steward are others now.
    riacho.kill()
    casa.stop()
    typed("takeover", "--home", casa.home, "--next", stick / "next.key", "--cold", stick / "cold.key")
    casa.start()
    assert casa.balances() == balances and casa.api.token != riacho.api.token
    assert casa.api.get(f"/v1/payments/{noted['id']}")["note"] == "for the bread", "texts came along"
    typed("verify", "receipt", tmp_path / "receipt.json")
    head = (riacho.network, "ledger", 0, receipt["head_seq"])
    assert casa.entries()[head] == {bytes_of(receipt["head"])}, "the new home's books hold what the receipt rests on"
    anew = casa.api.get(f"/v1/receipts/{noted['id']}")
    (tmp_path / "anew.json").write_text(json.dumps(anew))
    typed("verify", "receipt", tmp_path / "anew.json")
    assert (anew["entry"], anew["payment"]) == (receipt["entry"], receipt["payment"])
    again = casa.api.ask("POST", "/v1/payments", said, key="once")
    assert (again.json["id"], again.headers.get("idempotency-replayed")) == (noted["id"], "true"), "nothing is doubled"
    until(lambda: (serra.api.find("/v1/networks/riacho") or {"epoch": 0})["epoch"] >= 1, "Serra knows the new home")
    until(lambda: casa.link(serra)["state"] == "open" == serra.link(casa)["state"], "the link opens again")
    ana.node = beto.node = casa
    assert ana.pay_through("edna@serra", 10)["state"] == "posted"

    # The old operator signs on by himself: his partner takes none of it, and he hears of his successor.
    to_serra.cut()
    to_riacho.cut()
    riacho.start()
    lonely = riacho.api.post("/v1/payments", {"payer": beto.account, "payee": "ana", "amount": units(1)})["id"]
    before = _of_riacho(serra, riacho)
    to_serra.mend()
    until(lambda: riacho.api.get("/v1/node")["state"] == "SUCCEEDED", "it hears that it has a successor", 60)
    until(lambda: riacho.api.ask("GET", f"/v1/payments/{lonely}").status == 404, "what it signed alone is dropped")
    assert _of_riacho(serra, riacho) == before, "the partner took nothing of it"
    assert riacho.api.ask("GET", "/v1/admin/export").code == "STATE_CONFLICT"
    riacho.stop()
    until(lambda: casa.is_settled and serra.is_settled, "all arrives")
    assert (ana.balance, beto.balance, edna.balance) == (-22_00, 3_00, 19_00)
    assert casa.is_zero_sum and serra.is_zero_sum
    for node in (casa, serra):
        node.stop()
        node.verify_book()
    assert not forks(casa, serra)


def _of_riacho(node: Node, author: Node) -> set[bytes]:
    """Return the ids of the entries of a network that are stored at a node, records of links aside."""
    found = node.entries().items()
    return {id for (network, lane, *_), ids in found if network == author.network and "link" not in lane for id in ids}
