# SPDX-License-Identifier: AGPL-3.0-or-later
"""History that leaves memory: a snapshot brings a node back as it was, and a closed row is read as it is now."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any
from unittest.mock import patch

import pytest
from simulation.auditor import Broken, _book_of
from simulation.story import DRAWN, Played, Setting, draw_steps
from simulation.world import Node, whole

from node.store import snapshot
from protocol.book.refusals import STATE_CONFLICT
from protocol.book.requests import REQUESTS
from protocol.book.signed import parse_uuid
from protocol.book.tables import Fetched, Rows
from protocol.practices import PRACTICES
from protocol.practices.money.payments.entries import ReversePayment
from protocol.practices.money.payments.rules import Pay
from protocol.practices.money.requests.views import AskPayment
from protocol.replica import Replica

STEPS = 150
STATE, VISIT = Rows.state, Rows.visit


def unlike(node: Node) -> Iterator[str]:
    """Yield what is another in a node that comes back from a snapshot."""
    node.replica.book.settle()
    state = snapshot.dumped(node.replica.state())
    assert state is not None
    again = Replica(node.network, PRACTICES, chance=bytes, keyring=node.keyring)
    again.resume(snapshot.loaded(memoryview(state)))
    lived, resumed = _book_of(node.replica), _book_of(again)
    yield from (what for what, value in lived.items() if resumed[what] != value)
    for name, rows in node.replica.book.tables.items():
        if dict(again.book.tables[name]) != dict(rows) or again.book.tables[name].left != rows.left:
            yield name
    if again.journal.held.heads() != node.replica.journal.held.heads():
        yield "heads"


@pytest.mark.parametrize(("seed", "kind"), [(1, "wishes"), (2, "wishes"), (3, ""), (4, "ring")])
def test_a_snapshot_brings_each_node_back_as_it_was(seed: int, kind: str) -> None:
    setting = DRAWN[kind](seed, None)
    world = Played(seed, setting)
    for step in draw_steps(seed, setting, STEPS):
        world.play(step)
    world.heal()
    for node in world.nodes.values():
        assert list(unlike(node)) == [], node.name


PAIR = Setting(2, ((0, 1, 200, "1", 0),), {}, copies=1)


def with_an_open_request() -> Played:
    world = Played(1, PAIR)
    world.granted("riacho", "payment-requests.create", AskPayment(amount=whole(5), payee="riacho-1"))
    return world


def test_a_snapshot_that_misses_a_row_is_seen() -> None:
    def short(rows: Rows[Any]) -> tuple[Any, ...]:
        left, following, held = STATE(rows)
        return left, following, held[1:]

    riacho = with_an_open_request().nodes["riacho"]
    assert list(unlike(riacho)) == []
    with patch.object(Rows, "state", short):
        assert list(unlike(riacho)) == [REQUESTS.name]


def pay_back_twice() -> Any:
    """Pay a payment back that has left memory, and again; returns what the second wish is told."""
    world = Played(1, PAIR)
    paid = world.granted("riacho", "payments.create", Pay("riacho-2", whole(5), payer="riacho-1")).id
    back = ReversePayment(parse_uuid(paid) or b"")
    world.granted("riacho", "payments.reverse", back, subject=paid)
    answer = world.ask("riacho", "payments.reverse", back, subject=paid)
    world.tick(5)
    world.heal()
    return answer


def test_a_home_that_reads_a_closed_row_as_it_was_before_is_refused_by_its_replica() -> None:
    known: dict[Any, Fetched] = {}

    def as_it_was(rows: Rows[Any], fetched: Fetched) -> None:
        if fetched.row is not None and not rows._book.audits:
            fetched = deepcopy(known.setdefault(fetched.name, deepcopy(fetched)))
        VISIT(rows, fetched)

    assert pay_back_twice().reason is STATE_CONFLICT
    with patch.object(Rows, "visit", as_it_was), pytest.raises(Broken, match="HONEST-STAY-TOGETHER"):
        pay_back_twice()
