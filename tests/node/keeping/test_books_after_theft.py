# SPDX-License-Identifier: AGPL-3.0-or-later
"""The book of a partner that took records of a thief verifies, though his epochs are none any more."""

import os
from pathlib import Path

import pytest
from simulation.groups import exchange, linked, pay
from simulation.theft import rotate, steal
from simulation.world import Node, World

from node.keeping.home import DATABASE
from node.keeping.upkeep import verify_book
from node.loop.batch import Batch
from node.store.storage import Storage
from protocol.lanes.entry import LINK_PREFIX, Entry, seal
from protocol.wire.keys import KeyPair


def robbed(epochs: int) -> World:
    """Let a thief of Riacho's key open epochs and pay to Serra in them, and rotate the key."""
    world = World()
    exchange(world, "riacho", "HORA", "ana")
    exchange(world, "serra", "FLOR", "bia")
    linked(world, "riacho", "serra", 1_000)
    world.tick(3)
    thief = steal(world, "riacho")
    world.cut("riacho", "serra")
    for _ in range(epochs):
        thief.replica.reopen()
    world.join("thief", "serra")
    world.tick(12)
    pay(world, "thief", "ana", "bia@serra", 10)
    world.tick(3)
    rotate(world, "riacho")
    world.join("riacho", "serra")
    world.tick(30)
    pay(world, "riacho", "ana", "bia@serra", 10)
    world.tick(12)
    return world


async def faults(home: Path, node: Node, disk: list[Entry]) -> tuple[str, ...]:
    """Return what is wrong with the book that a node has on this disk."""
    storage = await Storage.open(home / DATABASE, create=True)
    await storage.name_network(node.network)
    lines = [line for _, lines in World().fresh(node).load(node.disk) for line in lines]
    await storage.commit(Batch(disk, lines))
    await storage.close()
    return verify_book(home, lambda _: None).faults


@pytest.mark.parametrize("name", ["riacho", "serra"])
@pytest.mark.parametrize("epochs", [0, 1, 3])
async def test_the_books_of_both_verify_after_a_rotation(tmp_path: Path, name: str, epochs: int) -> None:
    node = robbed(epochs).nodes[name]
    assert await faults(tmp_path, node, node.disk) == ()


async def test_a_record_of_an_epoch_that_is_none_and_that_nobody_signed_is_found_out(tmp_path: Path) -> None:
    serra = robbed(3).nodes["serra"]
    his = next(one for one in serra.disk if one.header.lane.startswith(LINK_PREFIX) and one.header.epoch == 3)
    header = his.header
    forged = seal(
        KeyPair.from_seed(os.urandom(32)), network=header.network, lane=header.lane, epoch=3, seq=header.seq,
        prev=header.prev, body=his.body_bytes, salt=his.salt,
    )  # fmt: skip
    disk = [forged if one is his else one for one in serra.disk]
    assert await faults(tmp_path, serra, disk) == (f"a record in {header.lane} that no key of its network has signed",)
