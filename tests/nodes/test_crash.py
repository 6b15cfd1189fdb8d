# SPDX-License-Identifier: AGPL-3.0-or-later
"""Killed at any moment, a node has done each payment that it answered once, and each other one not yet.

CRASH_SEED=7 pytest tests/nodes/test_crash.py kills at the moments of another seed.
"""

import os
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from random import Random
from uuid import UUID

import pytest
from nodes.harness import Commune, Json, Member, Node, Unanswered, forks, link_up, order_json, start, units, until

from protocol.keys import KeyPair

SEED = int(os.environ.get("CRASH_SEED", "2"))
KILLS = 50
PAYMENTS_BETWEEN_MAX = 24
LAST_MOMENT_SECONDS = 0.03
PAUSE_SECONDS = 0.02
QUIET_SHARE = 0.8
"""In this share of cases nobody pays while a node starts again; in the others those at the other node do."""
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
    payees: list[str]
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
            attempt = Attempt(key, self.random.choice(self.payees), self.random.randbytes(16))
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
            reply = member.node.api.ask("POST", "/v1/quotes", member.question(attempt.payee, AMOUNT))
            if reply.status >= 400:
                assert reply.code in ("PEER_UNREACHABLE", "LINK_NOT_OPEN"), reply.body
                return None
            price = reply.json
        if member.keys is not None:
            assert price is not None
            return {"order": order_json(member.sign(price, payment=attempt.payment))}
        body = {"payer": member.account, "payee": attempt.payee, "amount": units(AMOUNT), "note": attempt.key}
        if price is not None:
            return {**body, "quote": price["id"], "payment": str(UUID(bytes=attempt.payment))}
        return body


def keys_of(handle: str) -> KeyPair:
    return KeyPair.from_seed(handle.encode().ljust(32, b"."))


@pytest.mark.timeout(400)
@pytest.mark.parametrize("seed", [SEED])
def test_no_payment_is_lost_or_doubled_however_often_a_node_is_killed(
    commune: Commune, seed: int, record_property: Callable[[str, object], None]
) -> None:
    random = Random(seed)
    riacho, serra = commune.found("riacho", "HORA", serves=False), commune.found("serra", "FLOR", serves=False)
    commune.connect(riacho, serra)
    commune.connect(serra, riacho)
    start(riacho, serra)
    members = {
        handle: node.join(handle, keys=keys_of(handle) if signs else None, limit=1_000_000)
        for node, handle, signs in (
            (riacho, "ana", False), (riacho, "beto", True), (riacho, "cida", False), (riacho, "davi", True),
            (serra, "edna", False), (serra, "fabio", True),
        )
    }  # fmt: skip
    link_up(riacho, serra, 1_000_000)

    def payer(handle: str, *payees: str) -> Payer:
        return Payer(members[handle], list(payees), Random(random.random()))

    payers = [
        payer("ana", "beto"),
        payer("beto", "cida"),
        payer("cida", "edna@serra", "fabio@serra"),
        payer("davi", "fabio@serra", "ana"),
        payer("edna", "ana@riacho", "fabio"),
        payer("fabio", "edna", "davi@riacho"),
    ]
    traffic = Traffic()
    failures: list[BaseException] = []

    def run(one: Payer) -> None:
        try:
            one.run(traffic)
        except BaseException as failure:  # noqa: BLE001 - told by the test itself
            failures.append(failure)

    threads = [threading.Thread(target=run, args=(one,)) for one in payers]
    for thread in threads:
        thread.start()
    try:
        _kill_again_and_again(riacho, serra, payers, failures, traffic, random)
    finally:
        traffic.has_ended = True
        traffic.flows.set()
        for node in (riacho, serra):
            if not node.is_running:
                node.launch()
        for thread in threads:
            thread.join(60)
    assert not failures, failures
    assert not any(thread.is_alive() for thread in threads)

    for node in (riacho, serra):
        until(lambda node=node: node.is_settled, f"all that {node.handle} has under way arrives")
    _check_each_once(payers, riacho, serra)
    _check_balances(payers, members)
    assert riacho.is_zero_sum and serra.is_zero_sum
    assert riacho.link(serra)["net_debt"]["value"] == str(-int(serra.link(riacho)["net_debt"]["value"]))
    for node in (riacho, serra):
        node.stop()
        node.verify_book()
    assert not forks(riacho, serra)
    lost = sum(attempt.was_lost for one in payers for attempt in one.answered)
    assert lost, "some kills hit a payment"
    total, found_done = sum(len(one.answered) for one in payers), sum(one.found_done for one in payers)
    record_property("payments, lost answers, done all the same", (total, lost, found_done))


def _kill_again_and_again(
    riacho: Node,
    serra: Node,
    payers: list[Payer],
    failures: list[BaseException],
    traffic: Traffic,
    random: Random,
) -> None:
    killed = 0
    while killed < KILLS:
        traffic.flows.set()
        victims = random.choice(((riacho,), (serra,), (riacho, serra), (serra, riacho)))
        awaited = sum(len(one.answered) for one in payers) + random.randrange(PAYMENTS_BETWEEN_MAX)
        until(lambda: failures or sum(len(one.answered) for one in payers) >= awaited, "payments go on")  # noqa: B023
        if failures:
            return
        time.sleep(random.random() * LAST_MOMENT_SECONDS)
        for victim in victims:
            victim.kill()
        if random.random() < QUIET_SHARE:
            traffic.flows.clear()
        killed += len(victims)
        known = [(one, list(one.answered)[-PAYMENTS_BETWEEN_MAX:]) for one in payers]
        start(*victims)
        for one, attempts in known:
            node = one.member.node
            if node in victims:
                for attempt in attempts:
                    assert node.api.find(f"/v1/payments/{attempt.id}"), (attempt, killed)


def _check_each_once(payers: list[Payer], riacho: Node, serra: Node) -> None:
    """Check that each node holds exactly the payments that were answered there, and those that came from abroad."""
    for node, other in ((riacho, serra), (serra, riacho)):
        here = [one for one in payers if one.member.node is node]
        payments = node.api.all("/v1/payments")
        assert all(one["state"] == "posted" for one in payments)
        ids = Counter(one["id"] for one in payments)
        notes = Counter(one["note"] for one in payments if one["auth"] == "custodial")
        expected_ids: Counter[str] = Counter()
        expected_notes: Counter[str] = Counter()
        for one in here:
            for attempt in one.answered:
                if one.member.keys is None:
                    expected_notes[attempt.key] += 1
                if one.member.keys is not None or "@" in attempt.payee:
                    expected_ids[str(UUID(bytes=attempt.payment))] += 1
        assert notes == expected_notes
        assert not expected_ids - ids
        from_abroad = Counter(
            str(UUID(bytes=attempt.payment))
            for one in payers
            if one.member.node is other
            for attempt in one.answered
            if "@" in attempt.payee
        )
        assert Counter(one["id"] for one in payments if one["auth"] == "abroad") == from_abroad
        assert len(payments) == sum(len(one.answered) for one in here) + from_abroad.total()


def _check_balances(payers: list[Payer], members: dict[str, Member]) -> None:
    expected: Counter[str] = Counter()
    for one in payers:
        for attempt in one.answered:
            expected[one.member.handle] -= AMOUNT_MINOR
            expected[attempt.payee.partition("@")[0]] += AMOUNT_MINOR
    assert {handle: member.balance for handle, member in members.items()} == {
        handle: expected[handle] for handle in members
    }
