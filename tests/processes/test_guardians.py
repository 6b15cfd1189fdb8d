# SPDX-License-Identifier: AGPL-3.0-or-later
"""A lost key on real nodes: guardians put a new one in place, by command and by HTTP, over kills and at a replica."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from processes.hands import ByCommand, ByHttp, keys_of
from processes.harness import Commune, Member, mutirao, order_json, until
from processes.hours import serve_at

from cli.keys import bytes_of
from protocol.book.signed import Signed
from protocol.book.wishes import sign_wish
from protocol.practices.people.guardians import BackKey
from protocol.practices.people.guardians.rules import DELAY_MS

Json = dict[str, Any]


def run(*words: str, **settings: str) -> Json:
    done = mutirao(*words, **settings)
    assert done.returncode == 0, (words, done.stderr)
    return json.loads(done.stdout)


def back_by_http(guardian: Member, member: str, joining: Json, new_key: bytes) -> Json:
    """Back a new key as another program does: the wish itself is signed."""
    assert guardian.keys is not None
    wish = BackKey(member, new_key, Signed(bytes_of(joining["data"]), bytes_of(joining["signature"])))
    now = round(time.time() * 1000)
    told: Json = {"network": guardian.node.network, "order_seq": now, "not_after_ms": now + 600_000}
    signed = order_json(sign_wish(guardian.keys, "guardians.back", wish, **told))
    return guardian.node.api.post(f"/v1/guardians/{member}/back", {"signed": signed})


@pytest.mark.soak
@pytest.mark.timeout(120)
def test_two_of_three_guardians_bring_a_lost_key_back(commune: Commune, tmp_path: Path) -> None:
    riacho = commune.found("riacho", "HORA")
    casa = commune.replica(riacho)
    commune.connect(casa, riacho)
    casa.start()
    hand = ByCommand(tmp_path)
    ivo, ana, bia, caio, dora = (
        riacho.join(handle, keys=keys_of(handle)) for handle in ("ivo", "ana", "bia", "caio", "dora")
    )
    hand.pay(ana, "ivo", "40.00")
    old = ByHttp().pay(ivo, "ana", "1.00")
    named = [word for one in (bia, caio, dora) for word in ("--guardians", one.handle)]
    shown = run("guardians", "name", "ivo", *named, "--needed", "2", *hand.as_member(ivo))
    assert (shown["guardians"], shown["needed"]) == (["bia", "caio", "dora"], 2)

    new = str(tmp_path / "new.key")
    public = run("keys", "new", "--out", new, "--json")["public_key"]
    joining = run("keys", "prove", new, "--handle", "ivo", "--network", riacho.network_id)
    member = riacho.api.get("/v1/members/ivo")["id"]

    def back() -> Json:
        words = ("guardians", "back", "ivo", "--new-key", public, "--joining", json.dumps(joining))
        assert run(*words, *hand.as_member(bia))["due"] is None
        return back_by_http(caio, member, joining, bytes_of(public))

    assert back()["due"] is not None
    backed = [{"key": public, "guardians": ["bia", "caio"]}]
    [seen] = until(
        lambda: [one for one in casa.api.all("/v1/guardians") if one["backed"] == backed], "all can see what comes"
    )
    assert seen["member"] == "ivo"
    shown = run("guardians", "object", "ivo", *hand.as_member(ivo))
    assert (shown["backed"], shown["due"]) == ([], None)
    refused = mutirao("guardians", "object", "ivo", *hand.as_member(ivo))
    assert refused.returncode == 1 and "STATE_CONFLICT" in refused.stderr

    back()
    riacho.kill()
    serve_at(riacho, time.time() + DELAY_MS / 1000 - 3)
    assert riacho.api.get("/v1/guardians/ivo")["due"] is not None
    until(lambda: not riacho.api.get("/v1/guardians/ivo")["backed"], "the three days are over")
    riacho.kill()
    riacho.start()
    paid = run("pay", "ana", "39.00", "--key", new, "--json", MUTIRAO_NODE=riacho.url)
    assert ivo.balance == 0
    gone = mutirao("pay", "ana", "1.00", *hand.as_member(ivo))
    assert gone.returncode == 1 and ("KEY_UNKNOWN" in gone.stderr or "UNAUTHENTICATED" in gone.stderr), gone.stderr
    for payment in (old, paid):
        file = tmp_path / f"{payment['id']}.json"
        file.write_text(json.dumps(riacho.api.get(f"/v1/receipts/{payment['id']}")))
        assert mutirao("verify", "receipt", str(file)).returncode == 0
    until(lambda: casa.balances() == riacho.balances(), "the replica has it all")
    for node in (riacho, casa):
        node.kill()
        node.verify_book()
