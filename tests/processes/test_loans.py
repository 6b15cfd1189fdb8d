# SPDX-License-Identifier: AGPL-3.0-or-later
"""Loans on real nodes: a fund, a committee, a loan decided, paid out and repaid, over kills and at a replica."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from processes.harness import Commune, Node, mutirao, until
from processes.test_dues import serve_at

SIX = "600.00"


class Desk:
    """A group's steward at the command, whose clock is put on."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.now = datetime.now(UTC)

    def say(self, *words: str) -> Any:
        """Ask by the command, and return what it shows."""
        done = mutirao(*words, "--json", MUTIRAO_NODE=self.node.url, MUTIRAO_TOKEN=self.node.api.token or "")
        assert done.returncode == 0, (words, done.stderr)
        return json.loads(done.stdout)

    def refused(self, *words: str) -> str:
        done = mutirao(*words, MUTIRAO_NODE=self.node.url, MUTIRAO_TOKEN=self.node.api.token or "")
        assert done.returncode != 0, done.stdout
        return done.stderr

    def days_pass(self, days: int) -> None:
        """Kill the node, and serve again so many days later."""
        self.now += timedelta(days=days)
        self.node.kill()
        serve_at(self.node, self.now)

    def decide(self, motions: list[Any]) -> None:
        """Let all members who may vote for motions, and pass the days until they are done."""
        for motion in motions:
            for handle in ("ana", "bia", "caio", "dora"):
                body = {"ballot": "yes", "member": handle}
                self.node.api.ask("POST", f"/v1/motions/{motion['id']}/vote", body)
        self.days_pass(8)
        for motion in motions:
            name = f"/v1/motions/{motion['id']}"
            until(lambda name=name: self.node.api.get(name)["state"] == "executed", "the motion is carried out")


@pytest.mark.soak
@pytest.mark.timeout(400)
def test_a_member_borrows_and_repays_over_restarts(commune: Commune) -> None:
    riacho = commune.found("riacho", "HORA", limit="1000.00")
    casa = commune.replica(riacho)
    commune.connect(casa, riacho)
    casa.start()
    ana, bia, _, _ = (riacho.join(handle) for handle in ("ana", "bia", "caio", "dora"))
    desk = Desk(riacho)
    desk.decide(
        [
            desk.say("funds", "create", "--title", "the quarter", "--currency", "HORA", "--kind", "lending"),
            desk.say("boards", "seat", "committee", "--members", "caio", "--members", "dora"),
        ]
    )
    [fund] = riacho.api.all("/v1/funds")
    desk.say("funds", "pay", fund["id"], "--amount", "700.00", "--member", "bia")
    assert bia.balance == -700_00
    words = ("--months", "6", "--kind", "productive", "--rate", "100", "--member", "ana", "--purpose", "a loom")
    asked = ("loans", "create", "--fund", fund["id"], "--amount", SIX, *words)
    assert "2 must vouch, 1 named" in desk.refused(*asked, "--vouchers", "bia")
    loan = desk.say(*asked, "--vouchers", "bia", "--vouchers", "caio")
    assert (loan["cost"]["value"], loan["total"]["value"], loan["purpose"]) == ("2116", "62116", "a loom")
    for handle in ("bia", "caio"):
        desk.say("loans", "vouch", loan["id"], "--member", handle)
    desk.decide([desk.say("loans", "approve", loan["id"])])
    assert riacho.api.get(f"/v1/loans/{loan['id']}")["state"] == "approved"
    paid_out = desk.say("loans", "disburse", loan["id"])
    assert ana.balance == 600_00 and paid_out["instalments"][0]["amount"]["value"] == "10353"
    desk.say("loans", "repay", loan["id"], "--amount", "103.53", "--member", "ana")
    desk.days_pass(100)
    shown = desk.say("portfolios", "show", fund["id"])
    assert (shown["par30"], shown["frozen"], shown["gross"]["value"]) == ("100%", True, "50247")
    assert "100% at risk, 10% at most" in desk.refused(*asked, "--vouchers", "bia", "--vouchers", "caio")
    week = [one["said"] for one in riacho.api.all("/v1/errands?span=week") if one["verb"] == "loans.show"]
    assert len(week) == 1 and week[0].startswith("A loan of ana is ")
    rest = desk.say("loans", "show", loan["id"])["rest"]["value"]
    desk.say("loans", "repay", loan["id"], "--amount", f"{int(rest) / 100:.2f}", "--member", "ana")
    [ended] = riacho.api.all("/v1/loans")
    assert (ended["state"], ended["instalments"], ended["balance"]["value"]) == ("repaid", [], "0")
    until(lambda: casa.balances() == riacho.balances(), "the replica has it all")
    assert [one["state"] for one in casa.api.all("/v1/loans")] == ["repaid"]
    desk.days_pass(0)
    assert riacho.api.get(f"/v1/loans/{loan['id']}")["state"] == "repaid", "read from the store"
    for node in (riacho, casa):
        node.kill()
        node.verify_book()
