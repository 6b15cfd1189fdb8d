# SPDX-License-Identifier: AGPL-3.0-or-later
"""The operator changes: another node, another address, another steward, while a kiosk goes on issuing out of reach."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from processes.harness import Commune, Node, forks, mutirao, start, until

pytestmark = [pytest.mark.soak, pytest.mark.timeout(600)]

SOON = timedelta(seconds=30)
RESERVE = {"currency": "PALMAS", "state": "BRL", "custodians": ["ana", "bia"], "needed": 2, "fee_basis_points": 200}

Ask = Callable[..., Any]


def asker(node: Node, folder: Path) -> Ask:
    """Return what types a command at a node: as its steward, or with a member's key."""

    def ask(*words: object, by: str = "") -> Any:
        who = ("--key", str(folder / f"{by}.key")) if by else ("--token", str(node.api.token))
        done = mutirao(*map(str, words), "--node", node.url, *who, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return ask


def opens_a_reserve(ask: Ask, node: Node, folder: Path) -> None:
    """Let four members join, of whom three have keys, and vote for a currency that a reserve backs."""
    ask("currencies", "create", "--code", "PALMAS", "--name", "Palmas", "--scale", 2, "--credit-limit", "0")
    for handle in ("ana", "bia", "dora", "elio"):
        code, key = ask("invitations", "create")["code"], str(folder / f"{handle}.key")
        by = () if handle == "elio" else ("--key", key)
        if by:
            assert mutirao("keys", "new", "--out", key).returncode == 0
        assert mutirao("join", code, "--handle", handle, "--node", node.url, *by, "--json").returncode == 0
        ask("members", "approve", handle)
    ask("parameters", "set", "motions.least_minutes", "--value", 0)
    closes = (datetime.now(UTC) + SOON).isoformat()
    wish = json.dumps({"operation": "reserves.open", "wish": RESERVE})
    motion = ask("motions", "create", "--text", "A reserve", "--closes", closes, "--wishes", wish)["id"]
    ask("motions", "vote", motion, "--ballot", "yes", by="dora")
    ask("motions", "vote", motion, "--ballot", "yes", "--member", "elio")
    until(lambda: ask("reserves", "list")["items"], "the motion is carried out")
    move = ask("reserve-moves", "create", "--reserve", "PALMAS", "--amount", "1000.00")["id"]
    for handle in ("ana", "bia"):
        moved = ask("reserve-moves", "attest", move, by=handle)
    assert moved["state"] == "counted"
    ask("reserves", "issue", "PALMAS", "--member", "dora", "--amount", "100.00")


def held(ask: Ask, handle: str) -> int:
    """Return what a member holds of the backed currency, in minor units."""
    [account] = ask("accounts", "list", "--member", handle, "--currency", "PALMAS")["items"]
    return int(account["balance"]["value"])


def followed(commune: Commune, home: Node) -> Node:
    """Return a replica that follows the home as long as that is there."""
    return commune.replica(home)


def imported(commune: Commune, home: Node) -> Node:
    """Return a home that was made of one file, and lets nobody tell it more."""
    node, file = commune.node("casa"), home.home.with_suffix(".export")
    done = mutirao("network", "export", str(file), "--node", home.url, "--token", str(home.api.token), "--json")
    assert done.returncode == 0, done.stderr
    done = mutirao("network", "import", str(file), "--home", str(node.home), "--network", home.network_id, "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    node.network_id, node.peer_id, node.api.token = told["network_id"], told["peer_id"], told["steward_token"]
    return node


@pytest.mark.parametrize("made", [followed, imported])
def test_members_and_kiosks_go_on_while_node_address_and_steward_change(
    commune: Commune, tmp_path: Path, made: Callable[[Commune, Node], Node]
) -> None:
    riacho, stick = commune.found("riacho", "HORA", serves=False), tmp_path / "stick"
    stick.mkdir()
    for name in ("next.key", "cold.key"):
        (riacho.home / "keys" / name).rename(stick / name)
    start(riacho)
    old = asker(riacho, tmp_path)
    opens_a_reserve(old, riacho, tmp_path)
    kiosk = tmp_path / "market.kiosk"

    def out_of_reach(verb: str, *words: object) -> Any:
        done = mutirao("kiosk", verb, str(kiosk), *map(str, words), "--json")
        return done.returncode, json.loads(done.stdout)

    public = out_of_reach("new")[1]["public_key"]
    registered = old("kiosks", "register", "--reserve", "PALMAS", "--name", "market", "--public-key", public)
    (tmp_path / "told.json").write_text(json.dumps(old("kiosks", "send", registered["id"], "--amount", "900.00")))
    assert out_of_reach("load", tmp_path / "told.json")[0] == 0

    casa = made(commune, riacho)
    commune.connect(casa, riacho)
    casa.start()
    until(lambda: casa.balances() == riacho.balances(), "the replica has it all")

    # The old node is gone; the kiosk issues on, within what it holds.
    riacho.kill()
    assert out_of_reach("issue", "--member", "dora", "--amount", 300)[0] == 0
    casa.stop()
    words = ("--next", str(stick / "next.key"), "--cold", str(stick / "cold.key"))
    assert mutirao("takeover", "--home", str(casa.home), *words).returncode == 0
    casa.start()
    new = asker(casa, tmp_path)
    assert casa.url != riacho.url and casa.api.token != riacho.api.token

    # With the keys that they had members act at the new address; what was issued meanwhile counts once.
    assert held(new, "dora") == 100_00
    for _ in range(2):
        assert new("kiosk", "sync", kiosk)["issued"]["value"] == "30000"
    assert held(new, "dora") == 400_00
    assert new("pay", "elio", "50.00 PALMAS", by="dora")["state"] == "posted"
    code, refused = out_of_reach("issue", "--member", "elio", "--amount", "600.01")
    assert (code, refused["code"], refused["heading"]) == (1, "RIGHTS_EXHAUSTED", "600.00 PALMAS left")
    assert out_of_reach("issue", "--member", "elio", "--amount", 600)[0] == 0
    new("kiosk", "sync", kiosk)
    assert (held(new, "dora"), held(new, "elio")) == (350_00, 650_00)
    shown = new("reserves", "show", "PALMAS")
    assert (shown["outstanding"]["value"], shown["most"]["value"]) == ("100000", "100000")

    # The old operator comes back: nothing that he says counts, and he hears that he has a successor.
    riacho.dials.append(casa.address)
    riacho.launch()
    until(lambda: riacho.readiness and riacho.api.get("/v1/node")["state"] == "SUCCEEDED", "he hears it", 60)
    late = {"member": "dora", "amount": {"value": "1", "asset_code": "PALMAS", "asset_scale": 2}}
    assert riacho.api.ask("POST", "/v1/reserves/PALMAS/issue", late).code == "SUCCEEDED"
    riacho.stop()
    casa.stop()
    casa.verify_book()
    assert not forks(casa)
