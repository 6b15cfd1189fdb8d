# SPDX-License-Identifier: AGPL-3.0-or-later
"""A node that is told to audit checks every signature, and knows after a restart what it has found."""

from pathlib import Path

import pytest

from node import clock
from node.keeping.config import Config, load
from node.keeping.home import DATABASE, HIGH_WATER, Founding, found, found_replica, read_keys
from node.loop.batch import Batch
from node.main import _Node
from node.store.highwater import HighWater
from node.store.storage import Storage
from protocol.practices.between.faults.evidence import FaultKind
from protocol.practices.between.faults.seen import Fault, Faults, written


@pytest.mark.parametrize("audits", [True, False])
async def test_every_signature_is_checked_where_the_node_audits(tmp_path: Path, *, audits: bool) -> None:
    told = await found(tmp_path / "riacho", Founding("riacho", "Riacho", "HORA"), now=clock.now_ms, chance=clock.chance)
    home = tmp_path / "casa"
    await found_replica(home, told.network_id, "0" * 32, now=clock.now_ms, chance=clock.chance)
    storage = await Storage.open(home / DATABASE)
    try:
        network = await storage.network()
        assert network is not None
        fault = Fault(FaultKind.ENTRY_INVALID, network, "money out of nothing", 1, wires=(b"an entry",))
        for _ in range(2):
            await storage.commit(Batch(faults=[(fault.id, written(fault))]))
        mark = HighWater(home / HIGH_WATER, network)
        node = _Node(home, Config(audit=audits), read_keys(home), network, storage, mark, recovering=False)
        replica = node._load()
        mark.close()
    finally:
        await storage.close()
    assert replica.book.of(Faults).by_id == {fault.id: fault}
    assert replica.gossip.taking.checks_all is audits  # type: ignore[attr-defined]


def test_it_is_a_setting_like_any_other(tmp_path: Path) -> None:
    assert load(tmp_path, {}, {"MUTIRAO_AUDIT": "yes"}).audit
    assert not load(tmp_path, {"audit": None}, {}).audit
