# SPDX-License-Identifier: AGPL-3.0-or-later
"""Two partners that both open an epoch while no line leads from one to the other, and then meet again."""

from collections.abc import Callable

import pytest
from simulation.groups import balance, exchange, linked, pay
from simulation.theft import rotate
from simulation.world import World

from protocol.settlement.links import LinksWanted


def restore(world: World, name: str) -> None:
    world.restart(name, old_copy=len(world.nodes[name].disk) - 2)


@pytest.mark.parametrize(
    ("riacho", "serra"),
    [
        pytest.param(restore, restore, id="both from an old copy"),
        pytest.param(rotate, rotate, id="both by a rotation"),
        pytest.param(restore, rotate, id="one each"),
    ],
)
def test_their_link_goes_on(riacho: Callable[[World, str], object], serra: Callable[[World, str], object]) -> None:
    world = World()
    exchange(world, "riacho", "HORA", "ana")
    exchange(world, "serra", "FLOR", "bia")
    linked(world, "riacho", "serra", 1_000)
    pay(world, "riacho", "ana", "bia@serra", 10)
    world.tick(2)
    world.cut("riacho", "serra")
    riacho(world, "riacho")
    serra(world, "serra")
    world.tick(10)
    world.join("riacho", "serra")
    world.run()
    world.tick(60)
    states = [one.state for name in world.nodes for one in world.granted(name, "links.list", LinksWanted()).items]
    assert states == ["open", "open"]
    pay(world, "riacho", "ana", "bia@serra", 5)
    world.tick(5)
    assert (balance(world, "riacho", "ana"), balance(world, "serra", "bia")) == (-15_00, 15_00)
    assert world.zero_sum() and not world.drops
