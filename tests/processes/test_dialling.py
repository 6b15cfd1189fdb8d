# SPDX-License-Identifier: AGPL-3.0-or-later
"""A running node is told whom to dial, and calls its partners by their handles."""

import json

from processes.harness import Commune, link_up, mutirao, start, until


def test_a_new_partner_is_dialled_without_a_restart_and_after_one(commune: Commune) -> None:
    riacho, serra = commune.found("riacho", "HORA"), commune.found("serra", "FLOR")
    for address in ("serra.example", riacho.address, "/ip4/127.0.0.1/tcp/1", "x" * 257):
        assert riacho.api.refused("/v1/admin/peers", {"address": address})["code"] == "MALFORMED", address
    told = mutirao("network", "connect", serra.address, "--node", riacho.url, "--token", riacho.api.token or "")
    assert told.returncode == 0, told.stderr
    until(lambda: riacho.knows(serra) and serra.knows(riacho), "they know each other")
    riacho.kill()
    riacho.start()

    def connected() -> bool:
        return any(one["connected"] for one in riacho.api.all("/v1/networks") if one["id"] == serra.network_id)

    until(connected, "it dials by itself what it was given")
    assert (riacho.home / "dialled").read_text() == f"{serra.address}\n"
    assert (riacho.home / "dialled").stat().st_mode & 0o777 == 0o600


def test_partners_pay_over_a_websocket_alone(commune: Commune) -> None:
    riacho, serra = (
        commune.found(handle, code, serves=False) for handle, code in (("riacho", "HORA"), ("serra", "FLOR"))
    )
    door = f"/ip4/127.0.0.1/tcp/{commune.port()}/ws"
    serra.listens.append(door)
    riacho.dials.append(f"{door}/p2p/{serra.peer_id}")
    start(riacho, serra)
    assert f"{door}/p2p/{serra.peer_id}" in serra.api.get("/v1/node")["addresses"]
    ana, edna = riacho.join("ana"), serra.join("edna")
    link_up(riacho, serra, 200)
    assert ana.pay_through("edna@serra", 20)["state"] == "posted"
    assert edna.pay_through("ana@riacho", 5)["state"] == "posted"
    assert (ana.balance, edna.balance) == (-1_500, 1_500)
    serra.kill()
    serra.start()
    until(lambda: ana.pay("edna@serra", 1), "it is dialled again")


def test_a_partners_handle_is_taken_where_a_link_is_meant(commune: Commune) -> None:
    riacho, serra = commune.found("riacho", "HORA"), commune.found("serra", "FLOR")
    riacho.api.post("/v1/admin/peers", {"address": serra.address})
    link = link_up(riacho, serra, 50)
    who = ("--json", "--node", riacho.url, "--token", riacho.api.token or "")
    shown = mutirao("link", "show", "serra", *who)
    assert shown.returncode == 0, shown.stderr
    assert json.loads(shown.stdout)["id"] == riacho.api.get("/v1/links/serra")["id"] == link
    frozen = mutirao("link", "freeze", "serra", *who)
    assert json.loads(frozen.stdout)["state"] == "frozen", frozen.stderr
    assert mutirao("link", "show", "nobody", *who).returncode != 0
