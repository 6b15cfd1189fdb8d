# SPDX-License-Identifier: AGPL-3.0-or-later
"""A replica that joins late: it asks for what it lacks window by window, ahead of time, and gets each entry once."""

from collections import Counter
from collections.abc import Sequence

import pytest
from simulation.groups import account, exchange, pay, whole
from simulation.world import World

from protocol.events import MISSED, Effect, Fetch, Input, Publish, TimerFired
from protocol.lanes.entry import LEDGER, parse
from protocol.peers import compare
from protocol.peers.messages import Entries, LaneRange, Wanted, unpack
from protocol.practices.between.networks.replicas import InviteReplica
from protocol.practices.money.payments.entries import Pay
from protocol.told import NEWS_FROM_PEER_MAX

WINDOW = 16


class Watched(World):
    """A world that counts which ledger entries a replica is sent, and where it stands when it asks for more."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: Counter[int] = Counter()
        self.asked: list[tuple[int, LaneRange]] = []

    def held(self, name: str) -> int:
        node = self.nodes[name]
        head = node.replica.journal.held.head(node.network, LEDGER)
        return -1 if head is None else head.position.seq

    def carry(self, source: str, target: str, frame: bytes) -> None:
        super().carry(source, target, frame)
        match unpack(frame):
            case Entries(wires) if target == "casa":
                self.sent.update(one.header.seq for one in map(parse, wires) if one.header.lane == LEDGER)
            case Wanted(ranges):
                self.asked += [(self.held(source), one) for one in ranges if one.lane == LEDGER]
            case _:
                pass


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> Watched:
    """Return a group with some history, whose replica has not joined yet."""
    monkeypatch.setattr(compare, "WINDOW_ENTRIES", WINDOW)
    world = Watched()
    exchange(world, "riacho", "HORA", "ana", "bia")
    for _ in range(60):
        pay(world, "riacho", "ana", "bia", 1)
    code = world.granted("riacho", "replicas.invite", InviteReplica()).code
    world.second("casa", "riacho", code)
    return world


def join_slowly(world: Watched) -> int:
    """Join, while both nodes compare their heads again after every frame; returns the last entry to come."""
    world.join("casa", "riacho")
    for _ in range(200):
        world.deliver(1)
        for name in ("casa", "riacho"):
            world.give(name, TimerFired())
    world.tick(2)
    last = world.held("riacho")
    assert world.held("casa") == last > 3 * WINDOW
    return last


def test_each_entry_comes_once_however_often_heads_are_compared(world: Watched) -> None:
    join_slowly(world)
    assert set(world.sent.values()) == {1}


def test_more_is_asked_for_before_the_last_of_it_has_come_but_never_more_than_a_window(world: Watched) -> None:
    join_slowly(world)
    assert any(held < wanted.first - 1 for held, wanted in world.asked)
    assert all(wanted.last - held <= WINDOW for held, wanted in world.asked)


@pytest.mark.parametrize(("payments", "told"), [(40, "one by one"), (300, "as history")])
def test_what_a_replica_takes_in_at_once_is_news_as_long_as_it_is_little(payments: int, told: str) -> None:
    world = World()
    exchange(world, "riacho", "HORA", "ana", "bia")
    for _ in range(payments):
        pay(world, "riacho", "ana", "bia", 1)
    code = world.granted("riacho", "replicas.invite", InviteReplica()).code
    casa = world.second("casa", "riacho", code)
    world.join("casa", "riacho")
    world.tick(3)
    news = Counter(one.type for one in casa.events if isinstance(one, Publish))
    if told == "one by one":
        assert news["payment.posted"] == payments and not news[MISSED]
    else:
        missed = [one.figures["entries"] for one in casa.events if isinstance(one, Publish) and one.type == MISSED]
        assert sum(missed) > payments and min(missed) > NEWS_FROM_PEER_MAX and not news["payment.posted"]
    pay(world, "riacho", "ana", "bia", 1)
    world.tick()
    assert casa.events[-1].type == "payment.posted", "what comes from now on is told"


def test_a_replica_asks_once_for_the_rows_that_a_whole_range_names() -> None:
    world = World()
    exchange(world, "riacho", "HORA", "ana", "bia")
    trade(world, 5)
    casa = world.second("casa", "riacho", world.granted("riacho", "replicas.invite", InviteReplica()).code)
    world.join("casa", "riacho")
    world.tick(3)
    world.cut("casa", "riacho")
    trade(world, 40)
    asked: list[int] = []
    handle = casa.replica.handle

    def counting(batch: Sequence[Input], now: int) -> list[Effect]:
        effects = handle(batch, now)
        asked.extend(len(one.names) for one in effects if isinstance(one, Fetch))
        return effects

    casa.replica.handle = counting  # type: ignore[method-assign]
    world.join("casa", "riacho")
    world.tick(3)
    assert asked == [40]
    assert casa.replica.book.ledger.accounts == world.nodes["riacho"].replica.book.ledger.accounts


def trade(world: World, payments: int) -> None:
    ana, bia = account(world, "riacho", "ana"), account(world, "riacho", "bia")
    for _ in range(payments):
        world.granted("riacho", "payments.create", Pay(payer=ana, payee=bia, amount=whole(1)))
