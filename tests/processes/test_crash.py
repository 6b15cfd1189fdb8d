# SPDX-License-Identifier: AGPL-3.0-or-later
"""Killed at any moment, a node has done each payment that it answered once, and any other at most once.

CRASH_SEED=7 pytest tests/processes/test_crash.py kills at the moments of another seed.
"""

import os
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import count
from random import Random
from uuid import UUID

import pytest
from processes.harness import Commune, Json, Member, Node, Unanswered, forks, link_up, order_json, start, units, until
from soak.marked import rest_to_soak

from node.keeping.home import DATABASE
from protocol.book.uuids import drawn_id
from protocol.wire.keys import KeyPair

SEED = int(os.environ.get("CRASH_SEED", "2"))
KILLS_AT_FIRST, KILLS = 10, 50
AT_ONCE = (1, 1, 2, 3)
PAYMENTS_BETWEEN_MAX = 24
LAST_MOMENT_SECONDS = 0.03
PAUSE_SECONDS = 0.02
QUIET_SHARE = 0.8
"""In this share of cases nobody pays while a node starts again; in the others those at the other node do."""
COMPARES = "RECOVERING"
"""What a node tells that has just started, and compares with others before it signs anything."""
AMOUNT = 1.25
AMOUNT_MINOR = 125


@dataclass
class Traffic:
    """Whether payers pay at present; those who have lost an answer wait for theirs to the end."""

    flows: threading.Event = field(default_factory=threading.Event)
    has_ended: bool = False


@dataclass
class Attempt:
    """One payment that a member wants: its key stays the same until there is an answer, which tells its id."""

    key: str
    payee: str
    payment: bytes
    body: Json | None = None
    was_sent: bool = False
    was_lost: bool = False
    id: str = ""


@dataclass
class Payer:
    """Somebody who pays and pays, and asks again with the same key where no answer came."""

    member: Member
    payees: Sequence[str]
    random: Random
    answered: list[Attempt] = field(default_factory=list)
    found_done: int = 0
    """How many payments had been done although their answer was lost."""

    def run(self, traffic: "Traffic") -> None:
        for number in count():
            traffic.flows.wait()
            if traffic.has_ended:
                return
            key = f"{self.member.node.handle}-{self.member.handle}-{number}"
            attempt = Attempt(key, self.random.choice(self.payees), drawn_id(self.random.randbytes))
            # Even at the end it wants its answer; by then nobody kills any more.
            while not self._try(attempt):
                time.sleep(PAUSE_SECONDS)
                traffic.flows.wait()
            self.answered.append(attempt)

    def _try(self, attempt: Attempt) -> bool:
        """Tell whether the payment has been answered."""
        api = self.member.node.api
        try:
            if attempt.was_sent and "@" in attempt.payee:
                # The price may be forgotten since: look whether it was paid, as `mutirao pay` does.
                payment = api.find(f"/v1/payments/{UUID(bytes=attempt.payment)}")
                if payment:
                    attempt.id = payment["id"]
                    self.found_done += 1
                    return True
                attempt.body = None
            if attempt.body is None:
                attempt.body = self._body(attempt)
            if attempt.body is None:
                return False
            attempt.was_sent = True
            reply = api.ask("POST", "/v1/payments", attempt.body, key=attempt.key)
        except Unanswered:
            attempt.was_lost = attempt.was_sent
            return False
        if reply.status >= 400 and reply.code == COMPARES:
            return False
        assert reply.status == 201, (attempt, reply.body)
        attempt.id = reply.json["id"]
        self.found_done += "idempotency-replayed" in reply.headers
        return True

    def _body(self, attempt: Attempt) -> Json | None:
        """Return what is to be sent, or None while the other network cannot be asked for its price."""
        member = self.member
        abroad = "@" in attempt.payee
        price: Json | None = None
        if abroad or member.keys is not None:
            reply = member.node.api.ask(
                "POST", "/v1/quotes", member.question(attempt.payee, AMOUNT, self._via(attempt))
            )
            if reply.status >= 400:
                assert reply.code in ("PEER_UNREACHABLE", "LINK_NOT_OPEN", COMPARES), reply.body
                return None
            price = reply.json
        if member.keys is not None:
            assert price is not None
            return {"signed": order_json(member.sign(price, payment=attempt.payment))}
        body = {"payer": member.account, "payee": attempt.payee, "amount": units(AMOUNT), "note": attempt.key}
        if price is not None:
            return {**body, "invoice": price["invoice"], "payment": str(UUID(bytes=attempt.payment))}
        return body

    def _via(self, attempt: Attempt) -> Sequence[str]:
        """Return the networks that stand between: Serra does between the other two."""
        return ["serra"] if {self.member.node.handle, attempt.payee.partition("@")[2]} == {"riacho", "encants"} else ()


@dataclass
class Region:
    """Three networks in a row, whose members pay each other, and what went wrong in it."""

    nodes: Sequence[Node]
    payers: Sequence[Payer]
    traffic: Traffic = field(default_factory=Traffic)
    failures: list[BaseException] = field(default_factory=list)

    @property
    def answered(self) -> int:
        return sum(len(one.answered) for one in self.payers)

    def run(self, payer: Payer) -> None:
        try:
            payer.run(self.traffic)
        except BaseException as failure:  # noqa: BLE001 - told by the test itself
            self.failures.append(failure)


def keys_of(handle: str) -> KeyPair:
    return KeyPair.from_seed(handle.encode().ljust(32, b"."))


@pytest.fixture
def region(commune: Commune) -> Region:
    riacho, serra, encants = nodes = [
        commune.found(handle, code, serves=False)
        for handle, code in (("riacho", "HORA"), ("serra", "FLOR"), ("encants", "ECO"))
    ]
    for one, other in ((riacho, serra), (serra, riacho), (serra, encants), (encants, serra)):
        commune.connect(one, other)
    start(*nodes)
    payers = [
        Payer(node.join(handle, keys=keys_of(handle) if signs else None, limit=1_000_000), payees.split(), Random(seed))
        for seed, (node, handle, signs, payees) in enumerate((
            (riacho, "ana", False, "beto"),
            (riacho, "beto", True, "ana davi"),
            (riacho, "cida", False, "edna@serra fabio@serra"),
            (riacho, "davi", True, "fabio@serra beto"),
            (riacho, "eva", False, "hugo@encants"),
            (serra, "edna", False, "davi@riacho fabio"),
            (serra, "fabio", True, "edna cida@riacho hugo@encants"),
            (encants, "hugo", True, "eva@riacho fabio@serra"),
        ))
    ]  # fmt: skip
    link_up(riacho, serra, 1_000_000)
    link_up(serra, encants, 1_000_000)
    return Region(nodes, payers)


@pytest.mark.timeout(400)
@pytest.mark.parametrize("kills", rest_to_soak([KILLS_AT_FIRST, KILLS], first=1))
def test_no_payment_is_lost_or_doubled_however_often_a_node_is_killed(
    region: Region, kills: int, record_property: Callable[[str, object], None]
) -> None:
    threads = [threading.Thread(target=region.run, args=(one,)) for one in region.payers]
    for thread in threads:
        thread.start()
    try:
        kill_again_and_again(region, Random(SEED), kills)
    finally:
        region.traffic.has_ended = True
        region.traffic.flows.set()
        for node in region.nodes:
            if not node.is_running:
                node.launch()
        for thread in threads:
            thread.join(60)
    assert not region.failures, region.failures
    assert not any(thread.is_alive() for thread in threads)

    for node in region.nodes:
        until(lambda node=node: node.is_settled, f"all that {node.handle} has under way arrives")
    for node in region.nodes:
        check_each_once(region, node)
        assert node.is_zero_sum
    check_balances(region.payers)
    riacho, serra, encants = region.nodes
    for one, other in ((riacho, serra), (serra, encants)):
        assert int(one.link(other)["net_debt"]["value"]) == -int(other.link(one)["net_debt"]["value"])
    for node in region.nodes:
        node.stop()
        assert (node.home / f"{DATABASE}.snapshot").exists()
        node.verify_book()
    assert not forks(*region.nodes)
    lost = sum(attempt.was_lost for one in region.payers for attempt in one.answered)
    assert lost, "some kills hit a payment"
    done = sum(one.found_done for one in region.payers)
    record_property("payments, lost answers, done all the same", (region.answered, lost, done))


def kill_again_and_again(region: Region, random: Random, kills: int) -> None:
    """Kill one, two or three nodes at a time, at random moments, and see what each still knows when it is back."""
    killed = 0
    while killed < kills:
        region.traffic.flows.set()
        victims = random.sample(region.nodes, random.choice(AT_ONCE))
        awaited = region.answered + random.randrange(PAYMENTS_BETWEEN_MAX)
        until(lambda: region.failures or region.answered >= awaited, "payments go on")  # noqa: B023
        if region.failures:
            return
        time.sleep(random.random() * LAST_MOMENT_SECONDS)
        for victim in victims:
            victim.kill()
        if random.random() < QUIET_SHARE:
            region.traffic.flows.clear()
        killed += len(victims)
        known = [
            (one.member.node, attempt.id)
            for one in region.payers
            if one.member.node in victims
            for attempt in one.answered[-PAYMENTS_BETWEEN_MAX:]
        ]
        start(*victims)
        for node, payment in known:
            assert node.api.find(f"/v1/payments/{payment}"), (killed, payment)


def check_each_once(region: Region, node: Node) -> None:
    """Check that a node holds exactly the payments that it answered, and those that came from abroad."""
    answered = [(one.member.node, attempt) for one in region.payers for attempt in one.answered]
    payments = node.api.all("/v1/payments")
    assert all(one["state"] == "posted" for one in payments)
    here = Counter(one["id"] for one in payments if one["auth"] != "abroad")
    assert here == Counter({attempt.id: 1 for where, attempt in answered if where is node})
    from_abroad = Counter(f"{one['payee']}@{node.handle}" for one in payments if one["auth"] == "abroad")
    assert from_abroad == Counter(
        attempt.payee for where, attempt in answered if where is not node and attempt.payee.endswith(f"@{node.handle}")
    )


def check_balances(payers: Sequence[Payer]) -> None:
    """Check that each member has paid and been paid for exactly the payments that were answered."""
    expected: Counter[str] = Counter()
    for one in payers:
        for attempt in one.answered:
            expected[one.member.handle] -= AMOUNT_MINOR
            expected[attempt.payee.partition("@")[0]] += AMOUNT_MINOR
    assert {one.member.handle: one.member.balance for one in payers} == {
        one.member.handle: expected[one.member.handle] for one in payers
    }
