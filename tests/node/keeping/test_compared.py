# SPDX-License-Identifier: AGPL-3.0-or-later
"""`verify book` compares what a ledger says has arrived with what the records of its links claim."""

from pathlib import Path

import pytest
from simulation.groups import exchange, linked, pay
from simulation.world import Node, World

from node.keeping.home import DATABASE, KEYS
from node.keeping.upkeep import bears_out, verify_book
from node.loop.batch import Batch
from node.store.storage import Storage
from protocol.lanes.entry import LEDGER, LINK_PREFIX
from protocol.practices.between.abroad.state import Forwards
from protocol.practices.between.faults.evidence import FaultKind
from protocol.practices.between.faults.seen import Fault, written
from protocol.practices.between.faults.unclaimed import told_of


def paid() -> Node:
    """Return Riacho, where a payment from Serra has arrived."""
    world = World()
    exchange(world, "riacho", "HORA", "ana")
    exchange(world, "serra", "FLOR", "bia")
    linked(world, "riacho", "serra", 1_000)
    pay(world, "serra", "bia", "ana@riacho", 10)
    return world.nodes["riacho"]


async def stored(home: Path, node: Node, *, claims: bool, fault: Fault | None = None) -> None:
    """Write the book of a node into a home, without the records in which it has claimed anything unless told so."""
    of_link = [one for one in node.disk if one.header.lane.startswith(LINK_PREFIX)]
    first = next(one for one in of_link if one.network == node.network)
    disk = [one for one in node.disk if claims or one is first or one not in of_link]
    storage = await Storage.open(home / DATABASE, create=True)
    await storage.name_network(node.network)
    lines = [line for _, lines in World().fresh(node).load(disk) for line in lines]
    faults = [] if fault is None else [(fault.id, written(fault))]
    await storage.commit(Batch(disk, lines, faults=faults))
    await storage.close()


def told(node: Node) -> str:
    [link] = node.replica.book.of(Forwards).claimed
    return told_of(link)


@pytest.mark.parametrize("claims", [True, False])
async def test_a_home_whose_records_claim_less_than_has_arrived_is_found_out(tmp_path: Path, *, claims: bool) -> None:
    node = paid()
    await stored(tmp_path, node, claims=claims)
    (tmp_path / KEYS).mkdir()
    (tmp_path / KEYS / "hot.key").touch()
    assert verify_book(tmp_path, lambda _: None).faults == (() if claims else (told(node),))
    ledger = next(one for one in node.disk if one.header.lane == LEDGER)
    assert bears_out(tmp_path, FaultKind.ARRIVAL_UNCLAIMED, ledger) is not claims


async def test_a_copy_to_which_the_claim_may_be_under_way_yet_is_sound(tmp_path: Path) -> None:
    await stored(tmp_path, paid(), claims=False)
    assert verify_book(tmp_path, lambda _: None).faults == ()


async def test_a_copy_whose_node_has_seen_it_for_long_says_so(tmp_path: Path) -> None:
    node = paid()
    fault = Fault(FaultKind.ARRIVAL_UNCLAIMED, node.network, told(node), 0)
    await stored(tmp_path, node, claims=False, fault=fault)
    assert verify_book(tmp_path, lambda _: None).faults == (told(node),)
