# SPDX-License-Identifier: AGPL-3.0-or-later
"""An ethical bank on real nodes: declared by vote, held to its floor, its loan published on another network's node."""

import pytest
from processes.harness import Commune, until
from processes.test_loans import Desk


@pytest.mark.soak
@pytest.mark.timeout(400)
def test_an_ethical_bank_keeps_its_floor_and_publishes_what_it_does(commune: Commune) -> None:
    riacho, serra = commune.found("riacho", "HORA", limit="1000.00"), commune.found("serra", "SOL")
    commune.connect(serra, riacho)
    for handle in ("ana", "bia", "caio", "dora"):
        riacho.join(handle)
    desk = Desk(riacho)
    desk.decide(
        [
            desk.say("funds", "create", "--title", "the quarter", "--currency", "HORA", "--kind", "lending"),
            desk.say("boards", "seat", "committee", "--members", "caio", "--members", "dora"),
        ]
    )
    [fund] = riacho.api.all("/v1/funds")
    desk.decide([desk.say("ethical-banks", "declare", fund["id"])])
    desk.say("funds", "pay", fund["id"], "--amount", "500.00", "--part", "savings", "--member", "bia")
    asked = ("loans", "create", "--fund", fund["id"], "--months", "6", "--kind", "productive", "--member", "ana")
    loans = [
        desk.say(*asked, "--amount", amount, "--vouchers", "bia", "--vouchers", "caio")
        for amount in ("400.00", "400.01")
    ]
    for loan in loans:
        for handle in ("bia", "caio"):
            desk.say("loans", "vouch", loan["id"], "--member", handle)
    assert "LIQUIDITY_FLOOR: 0.01 HORA too much for the floor of 20%" in desk.refused(
        "loans", "approve", loans[1]["id"]
    )
    desk.decide([desk.say("loans", "approve", loans[0]["id"])])
    desk.say("loans", "disburse", loans[0]["id"])
    scores = ("--scores", "criterion=labour,score=80,source=a visit")
    desk.say("ethical-loans", "assess", loans[0]["id"], "--sector", "C", *scores)
    desk.say("ethical-loans", "publish", loans[0]["id"], "--enterprise", "Vale bakery")
    desk.days_pass(0)
    shown = riacho.api.get(f"/v1/ethical-banks/{fund['id']}")
    assert (shown["can_lend"]["value"], shown["liquid"]["value"]) == ("0", "10000")
    assert [(one["enterprise"], one["owed"]["value"]) for one in shown["published"]] == [("Vale bakery", "40000")]
    assert riacho.api.get(f"/v1/ethical-loans/{loans[0]['id']}")["scores"][0]["source"] == "a visit"
    serra.kill()
    serra.start()
    until(lambda: serra.api.all("/v1/loan-publications"), "another network reads what is published")
    [told] = serra.api.all("/v1/loan-publications")
    assert (told["enterprise"], told["sector"], told["amount"]["value"]) == ("Vale bakery", "C", "40000")
    assert "ana" not in str(told)
    riacho.kill()
    riacho.verify_book()
