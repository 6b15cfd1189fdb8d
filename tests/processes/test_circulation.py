# SPDX-License-Identifier: AGPL-3.0-or-later
"""A currency that a reserve backs is held by users of another network: two real nodes, a kill, and each unit back."""

import json
import os
import time
from datetime import UTC, datetime, timedelta

import pytest
from processes.harness import Commune, Json, Member, Node, mutirao, order_json, start, units, until

from protocol.book.signed import parse_uuid
from protocol.book.wishes import sign_wish
from protocol.practices.credit.reserves.entries import AttestMove
from protocol.wire.keys import KeyPair

pytestmark = [pytest.mark.timeout(180), pytest.mark.soak]
SOON_SECONDS = 3.0


def steward(node: Node) -> dict[str, str]:
    return {"MUTIRAO_NODE": node.url, "MUTIRAO_TOKEN": node.api.token or ""}


def told(node: Node, *words: str) -> Json:
    """Return what a command of the steward's shows."""
    done = mutirao(*words, "--json", **steward(node))
    assert done.returncode == 0, (words, done.stderr, done.stdout)
    return json.loads(done.stdout)


def refusal(node: Node, *words: str) -> str:
    """Return why a command of the steward's is refused."""
    done = mutirao(*words, "--json", **steward(node))
    assert done.returncode == 1, (words, done.stdout)
    return json.loads(done.stdout)["code"]


def backed(conjunto: Node, custodian: Member) -> None:
    """Let the members vote for a reserve of PALMAS, and 1,000.00 of state money come into it, as its keeper attests."""
    api, keys = conjunto.api, custodian.keys
    assert keys is not None
    api.post("/v1/parameters/motions.least_minutes/set", {"value": "0"})
    opened = {"currency": "PALMAS", "state": "BRL", "custodians": [custodian.handle], "needed": 1}
    closes = (datetime.now(UTC) + timedelta(seconds=SOON_SECONDS)).isoformat()
    wish = {"operation": "reserves.open", "subject": "", "wish": opened}
    motion = api.post("/v1/motions", {"text": "A reserve", "closes": closes, "wishes": [wish]})["id"]
    for handle in ("dora", "elio"):
        api.post(f"/v1/motions/{motion}/vote", {"ballot": "yes", "member": handle})
    until(lambda: api.all("/v1/reserves"), "the group opens the reserve")
    amount = {"value": "100000", "asset_code": "BRL", "asset_scale": 2}
    move = api.post("/v1/reserve-moves", {"reserve": "PALMAS", "amount": amount})["id"]
    signed = sign_wish(
        keys, "reserve-moves.attest", AttestMove(parse_uuid(move) or b""), network=conjunto.network,
        order_seq=1, not_after_ms=round(time.time() * 1_000) + 600_000,
    )  # fmt: skip
    assert api.post(f"/v1/reserve-moves/{move}/attest", {"signed": order_json(signed)})["state"] == "counted"


def test_what_a_reserve_backs_is_spent_by_another_networks_users_and_comes_back(commune: Commune) -> None:
    conjunto = commune.found("conjunto", "PALMAS", limit="0", serves=False)
    serra = commune.found("serra", "FLOR", limit="0", serves=False)
    commune.connect(conjunto, serra)
    start(conjunto, serra)
    ana = conjunto.join("ana", keys=KeyPair.from_seed(os.urandom(32)))
    dora, elio, sol, rui = conjunto.join("dora"), conjunto.join("elio"), serra.join("sol"), serra.join("rui")
    backed(conjunto, ana)
    told(conjunto, "reserves", "issue", "PALMAS", "--member", "dora", "--amount", "1000.00")
    assert (
        refusal(conjunto, "reserves", "issue", "PALMAS", "--member", "dora", "--amount", "0.01") == "RIGHTS_EXHAUSTED"
    )

    # The issuer lends nothing; Serra takes up to 300.00 of its promise.
    until(lambda: conjunto.knows(serra) and serra.knows(conjunto), "they know each other")
    lent = ("links", "create", "--partner", "serra", "--currency", "PALMAS", "--limit")
    assert refusal(conjunto, *lent, "1.00") == "GUARANTEED_UNLENT"
    link = told(conjunto, *lent, "0")["id"]
    until(lambda: serra.api.find(f"/v1/links/{link}"), "the offer arrives")
    told(serra, "links", "accept", link, "--limit", "300.00", "--currency", "FLOR")
    for node in (conjunto, serra):
        until(lambda node=node: node.api.get(f"/v1/links/{link}")["state"] == "open", "the link opens")
        told(node, "links", "cap", link, "--holds-percent", "100")
        until(lambda node=node: node.api.get(f"/v1/links/{link}")["published"], "it is told of")

    assert dora.pay_through("sol@serra", 200)["state"] == "posted"
    beyond = conjunto.api.refused("/v1/quotes", dora.question("sol@serra", 101))
    assert beyond["code"] == "LINK_LIMIT_EXCEEDED", beyond
    # Among Serra's own users it goes on as their own currency does, and nobody there owes.
    assert sol.pay("rui", 80)["state"] == "posted"
    assert serra.api.refused("/v1/payments", sol.wish("rui", 121))["code"] == "LIMIT_EXCEEDED"
    until(lambda: conjunto.is_settled and serra.is_settled, "all has arrived")
    before = conjunto.balances(), serra.balances()
    conjunto.kill()
    serra.stop()
    start(conjunto, serra)
    conjunto.wait_linked(serra)
    serra.wait_linked(conjunto)
    assert (conjunto.balances(), serra.balances()) == before, "over a kill and a restart all is held as before"

    # Who holds it spends it where it was issued, to the last unit, and not one more.
    for member, amount in ((sol, 120), (rui, 80)):
        more = serra.api.refused("/v1/quotes", member.question("elio@conjunto", amount + 1))
        assert more["code"] in ("LIMIT_EXCEEDED", "LINK_LIMIT_EXCEEDED"), more
        assert member.pay_through("elio@conjunto", amount)["state"] == "posted"
    until(lambda: conjunto.is_settled and serra.is_settled, "all has come back")
    assert [one.balance for one in (dora, elio, ana, sol, rui)] == [800_00, 200_00, 0, 0, 0]
    assert {minor for account, minor in serra.balances().items()} == {0}
    shown = conjunto.api.get("/v1/reserves/PALMAS")
    assert (shown["outstanding"], shown["most"]) == (units(1_000, "PALMAS"), units(1_000, "PALMAS"))
    for node in (conjunto, serra):
        assert node.is_zero_sum
        node.stop()
        node.verify_book()
