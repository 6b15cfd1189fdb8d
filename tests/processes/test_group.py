# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a group does with its members and its common purse, on real nodes, by HTTP and by command, over restarts."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from processes.hands import Hand, Refusal, keys_of
from processes.harness import Commune, Node, mutirao, until

pytestmark = pytest.mark.timeout(120)


def with_replica(commune: Commune) -> tuple[Node, Node]:
    """Found Riacho, and a replica of it that serves."""
    riacho = commune.found("riacho", "HORA")
    casa = commune.replica(riacho)
    commune.connect(casa, riacho)
    casa.start()
    return riacho, casa


def test_a_code_that_opens_nothing_tells_why(hand: Hand, commune: Commune) -> None:
    riacho = commune.found("riacho", "HORA")
    used, withdrawn = (hand.act(riacho, "invitations", "create") for _ in range(2))
    hand.act(riacho, "members", "join", code=used["code"], handle="caio")
    shown = hand.act(riacho, "invitations", "withdraw", withdrawn["id"])
    assert (shown["state"], shown["code"]) == ("withdrawn", None)
    riacho.kill()
    riacho.start()

    def refused(code: str) -> tuple[str, str]:
        with pytest.raises(Refusal) as refusal:
            hand.act(riacho, "members", "join", code=code, handle="dora")
        return refusal.value.code, refusal.value.detail

    assert refused(used["code"]) == ("INVITATION_USED", "An invitation serves once.")
    assert refused(withdrawn["code"]) == ("INVITATION_WITHDRAWN", "Whoever made the invitation has taken it back.")
    assert refused("AAAA-BBBB-CCCC-DDDD")[0] == "INVITATION_UNKNOWN"
    listed = riacho.api.all("/v1/invitations?state=withdrawn")
    assert [one["id"] for one in listed] == [withdrawn["id"]]
    assert len(riacho.api.all("/v1/members")) == 1


def test_a_statement_keeps_the_handle_of_its_time(hand: Hand, commune: Commune) -> None:
    riacho, casa = with_replica(commune)
    ana, bia = (riacho.join(handle, keys=keys_of(handle)) for handle in ("ana", "bia"))
    hand.pay(ana, "bia", "5.00")
    shown = hand.act(riacho, "members", "rename", "ana", by=ana, handle="ana-souza", name="Ana Souza")
    assert (shown["handle"], shown["name"]) == ("ana-souza", "Ana Souza")
    riacho.kill()
    riacho.start()
    hand.pay(bia, "ana", "1.00")
    hand.pay(bia, "ana-souza", "2.00")
    assert ana.balance == -2_00
    until(lambda: casa.balances() == riacho.balances(), "the replica has it all")
    for node in (riacho, casa):
        lines = node.api.all(f"/v1/accounts/{bia.account}/entries")
        assert [line["counterpart"] for line in lines] == ["ana", "ana-souza", "ana-souza"]
        assert hand.show(node, "members", "ana")["id"] == hand.show(node, "members", "ana-souza")["id"]
    with pytest.raises(Refusal) as refused:
        hand.act(riacho, "members", "rename", "bia", by=bia, handle="ana")
    assert refused.value.code == "HANDLE_TAKEN"


def test_a_typo_of_somebody_who_waits_is_mended(hand: Hand, commune: Commune) -> None:
    riacho = commune.found("riacho", "HORA")

    def join(handle: str) -> str:
        code = hand.act(riacho, "invitations", "create")["code"]
        return hand.act(riacho, "members", "join", code=code, handle=handle)["id"]

    dora = join("draa")
    hand.act(riacho, "members", "rename", "draa", handle="dora")
    riacho.kill()
    riacho.start()
    assert hand.show(riacho, "members", "dora")["id"] == dora
    assert join("draa") != dora, "the wrong handle is free again"


def test_what_a_member_holds_goes_by_its_signature_and_a_debt_by_a_steward(hand: Hand, commune: Commune) -> None:
    riacho, casa = with_replica(commune)
    ana, bia = (riacho.join(handle, keys=keys_of(handle)) for handle in ("ana", "bia"))
    hand.pay(ana, "bia", "5.50")

    def refused(leave: Callable[[], Any]) -> tuple[str, str]:
        with pytest.raises(Refusal) as refusal:
            leave()
        return refusal.value.code, refusal.value.detail

    unsigned = "5.50 HORA would go to the commons: only a key of bia's own can say so. Nothing was done."
    by_steward = refused(lambda: hand.act(riacho, "members", "leave", "bia"))
    assert by_steward == ("SIGNATURE_NEEDED", unsigned)
    assert refused(lambda: hand.leave(ana)) == ("BALANCE_OPEN", "The balance is -5.50 HORA, not settled.")
    hand.act(riacho, "members", "suspend", "bia")
    assert refused(lambda: hand.leave(bia)) == ("MEMBER_NOT_ACTIVE", "bia is not active.")
    riacho.kill()
    riacho.start()
    assert (ana.balance, bia.balance) == (-5_50, 5_50)

    assert hand.leave(bia, with_steward=True)["state"] == "left"
    assert hand.act(riacho, "members", "leave", "ana")["state"] == "left"
    until(lambda: casa.balances() == riacho.balances(), "the replica has it all")
    assert casa.balances()[ana.account] == casa.balances()[bia.account] == casa.balances()["commons.HORA"] == 0


def test_who_has_left_comes_back(hand: Hand, commune: Commune) -> None:
    riacho, casa = with_replica(commune)
    ana, bia = (riacho.join(handle, keys=keys_of(handle)) for handle in ("ana", "bia"))
    hand.pay(ana, "bia", "30.00")
    for member in (ana, bia):
        hand.leave(member, with_steward=True)
    assert ana.balance == bia.balance == 0
    riacho.kill()
    riacho.start()

    code = hand.act(riacho, "invitations", "create")["code"]
    with pytest.raises(Refusal) as refused:
        hand.come_back(ana, code, keys_of("ana-new"))
    assert refused.value.code == "FORBIDDEN", "an invitation for anybody opens to the old key alone"
    assert hand.come_back(ana, code, keys_of("ana"))["state"] == "pending"
    hand.act(riacho, "members", "approve", "ana")
    assert ana.balance == -30_00
    code = hand.act(riacho, "invitations", "create", back="bia")["code"]
    hand.come_back(bia, code, keys_of("bia-new"))
    hand.act(riacho, "members", "approve", "bia")
    assert bia.balance == 0
    hand.pay(ana, "bia", "1.00")

    until(lambda: casa.balances() == riacho.balances(), "the replica has it all")
    assert casa.balances() == {
        "commons.HORA": 30_00,
        "holds.HORA": 0,
        "exchange.HORA": 0,
        ana.account: -31_00,
        bia.account: 1_00,
    }
    for node in (riacho, casa):
        node.stop()
        node.verify_book()


def test_the_group_spends_what_it_owns(hand: Hand, commune: Commune) -> None:
    """MISSION 2b: a levy brought 60.00; 25.00 to Dora for cleaning the hall, and 40.00 more are too much."""
    riacho, casa = with_replica(commune)
    ana, bia, dora = (riacho.join(handle, keys=keys_of(handle), limit=10_000) for handle in ("ana", "bia", "dora"))
    riacho.api.post("/v1/currencies/HORA/set-levy", {"basis_points": 100, "until_repaid": False})
    hand.pay(ana, "bia", "6000.00")
    with pytest.raises(Refusal) as refused:
        hand.act(riacho, "commons", "pay", "HORA", by=bia, payee="bia", amount="1.00")
    assert refused.value.code == "FORBIDDEN"

    shown = hand.act(riacho, "commons", "pay", "HORA", payee="dora", amount="25.00", note="cleaning the hall")
    assert (shown["balance"]["value"], dora.balance) == ("3500", 25_00)
    riacho.kill()
    riacho.start()
    with pytest.raises(Refusal) as refused:
        hand.act(riacho, "commons", "pay", "HORA", payee="dora", amount="40.00")
    assert (refused.value.code, refused.value.detail[:15]) == ("LIMIT_EXCEEDED", "35.00 HORA left")

    until(lambda: casa.balances() == riacho.balances(), "the replica has it all")
    for node in (riacho, casa):
        assert hand.show(node, "commons", "HORA")["left"]["value"] == "3500"
        line = node.api.all("/v1/accounts/commons.HORA/entries")[-1]
        assert (line["counterpart"], line["amount"]["value"]) == ("dora", "-2500")
    assert line["note"] in ("cleaning the hall", None), "a replica holds no texts"
    for node in (riacho, casa):
        node.stop()
        node.verify_book()


def test_a_group_begins_with_old_balances(commune: Commune) -> None:
    riacho, casa = with_replica(commune)
    ana, bia = riacho.join("ana"), riacho.join("bia", keys=keys_of("bia"))

    def balances(*found: tuple[str, str]) -> list[Any]:
        return [{"member": name, "balance": {"value": value, "asset_scale": 2}} for name, value in found]

    wrong = balances(("ana", "-12000"), ("bia", "7550"))
    assert riacho.api.refused("/v1/openings", {"currency": "HORA", "balances": wrong})["code"] == "BALANCE_OPEN"
    right = balances(("ana", "-12000"), ("bia", "7550"), ("commons", "4450"))
    given = [word for one in right for word in ("--balances", json.dumps(one))]
    done = mutirao(
        "openings", "create", "--currency", "HORA", *given, "--json",
        MUTIRAO_NODE=riacho.url, MUTIRAO_TOKEN=riacho.api.token or "",
    )  # fmt: skip
    assert done.returncode == 0 and json.loads(done.stdout)["accounts"] == 3, done.stderr
    riacho.kill()
    riacho.start()
    assert (ana.balance, bia.balance) == (-120_00, 75_50)
    bia.pay("ana", 1)
    assert riacho.api.refused("/v1/openings", {"currency": "HORA", "balances": right})["code"] == "DUPLICATE"
    until(lambda: casa.balances() == riacho.balances(), "the replica has it all")
    for node in (riacho, casa):
        node.stop()
        node.verify_book()
