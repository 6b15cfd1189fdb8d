# SPDX-License-Identifier: AGPL-3.0-or-later
"""After a night of everything that may be wished for, a snapshot brings each node back as it was."""

import pytest
from simulation.auditor import _book_of
from simulation.story import DRAWN, Played, draw_steps

from node.store import snapshot
from protocol.practices import PRACTICES
from protocol.replica import Replica

STEPS = 150


@pytest.mark.parametrize(("seed", "kind"), [(1, "wishes"), (2, "wishes"), (3, ""), (4, "ring")])
def test_a_snapshot_brings_each_node_back_as_it_was(seed: int, kind: str) -> None:
    setting = DRAWN[kind](seed, None)
    world = Played(seed, setting)
    for step in draw_steps(seed, setting, STEPS):
        world.play(step)
    world.heal()
    for node in world.nodes.values():
        node.replica.book.settle()
        state = snapshot.dumped(node.replica.state())
        assert state is not None
        again = Replica(node.network, PRACTICES, chance=bytes, keyring=node.keyring)
        again.resume(snapshot.loaded(memoryview(state)))
        lived, resumed = _book_of(node.replica), _book_of(again)
        for what, value in lived.items():
            assert resumed[what] == value, (node.name, what)
        for name, rows in node.replica.book.tables.items():
            assert dict(again.book.tables[name]) == dict(rows) and again.book.tables[name].left == rows.left
        assert again.journal.heads() == node.replica.journal.heads()
