# SPDX-License-Identifier: AGPL-3.0-or-later
"""Two running copies of one home, and partners whose clocks differ: told on both sides."""

from dataclasses import replace

import pytest
from simulation.groups import exchange, linked
from simulation.theft import steal
from simulation.world import World, whole

from protocol.book.refusals import Refused
from protocol.events import PeerUp, Received
from protocol.peers.messages import Running, pack, unpack
from protocol.peers.runs import Runs
from protocol.practices.between.quotes.state import AskQuote
from protocol.practices.people.invitations import Invite

MINUTE_MS = 60_000


def riacho_and_serra() -> World:
    world = World()
    exchange(world, "riacho", "HORA", "ana")
    exchange(world, "serra", "FLOR", "bia")
    linked(world, "riacho", "serra", 1_000)
    for name in ("riacho", "serra"):
        node = world.nodes[name]
        node.run = bytes([len(name)]) * 16
        node.replica.talks.runs.run = node.run
    world.cut("riacho", "serra")
    world.tick(1)
    return world


def codes(world: World, name: str) -> list[str]:
    return [one.code for one in world.nodes[name].replica.troubles]


def copied(world: World) -> None:
    """Start a second copy of Riacho's home, a while after the first."""
    copy = steal(world, "riacho", "copy")
    copy.run = b"C" * 16
    copy.replica.talks.runs.run = copy.run


def take_turns(world: World, turns: int) -> None:
    """Let Serra hear the two copies in turn: a libp2p key has one connection, and the newest takes its place."""
    for turn in range(turns):
        one, other = ("riacho", "copy") if turn % 2 == 0 else ("copy", "riacho")
        if "serra" in world.peers(other):
            world.cut(other, "serra")
        world.join(one, "serra")
        world.tick(1)


def test_two_copies_are_told_on_all_sides_and_the_later_one_signs_nothing() -> None:
    world = riacho_and_serra()
    world.join("riacho", "serra")
    world.tick(1)
    world.cut("riacho", "serra")
    copied(world)
    take_turns(world, 4)
    assert codes(world, "riacho") == codes(world, "copy") == codes(world, "serra") == ["TWO_COPIES"]
    world.granted("riacho", "invitations.create", Invite())
    refused = world.ask("copy", "invitations.create", Invite())
    assert isinstance(refused, Refused) and refused.reason.code == "RECOVERING"
    assert "stop the one that is not wanted" in str(refused.figures["to_do"])


def test_a_home_that_is_started_again_is_no_copy() -> None:
    world = riacho_and_serra()
    riacho = world.nodes["riacho"]
    for turn in range(4):
        riacho.run = bytes([turn]) * 16
        world.restart("riacho")
        world.join("riacho", "serra")
        world.tick(2)
        world.cut("riacho", "serra")
    assert codes(world, "riacho") == codes(world, "serra") == []


def test_nobody_else_makes_a_home_fall_silent() -> None:
    world = riacho_and_serra()
    world.join("riacho", "serra")
    riacho, serra = world.nodes["riacho"], world.nodes["serra"]
    said = None
    while not isinstance(said, Running):
        said = next((unpack(frame) for source, _, frame in world.wires[:1] if source == "riacho"), None)
        world.deliver(1)
    world.run()
    for lie in (
        replace(said, run=b"x" * 16, seen=riacho.run),
        replace(said, since_ms=0, seen=riacho.run),
        replace(said, run=b"x" * 16, seen=riacho.run, signature=bytes(64)),
    ):
        world.give("riacho", Received("serra", pack(lie)))
        world.give("serra", Received("riacho", pack(lie)))
    assert codes(world, "riacho") == codes(world, "serra") == []
    assert serra.replica.book.of(Runs).told.keys() == {riacho.network}
    assert not world.drops


@pytest.mark.parametrize(("minutes", "differ"), [(4, False), (20, True), (-20, True)])
def test_clocks_that_differ_are_told_on_both_sides(minutes: int, *, differ: bool) -> None:
    world = riacho_and_serra()
    world.nodes["serra"].skew_ms = minutes * MINUTE_MS
    world.join("riacho", "serra")
    world.tick(2)
    for name, other in (("riacho", "serra"), ("serra", "riacho")):
        told = [one.waits_for for one in world.nodes[name].replica.troubles if one.code == "CLOCKS_DIFFER"]
        assert len(told) == differ
        assert all(f"the clocks of {other} and this node differ by 20 minutes" in one for one in told)
    asked = world.ask("riacho", "quotes.create", AskQuote("bia@serra", whole(10), payer="ana"))
    if minutes == -20:
        assert isinstance(asked, Refused) and asked.reason.code == "PARTNER_CLOCK_DIFFERS"
        assert asked.figures == {"network": "serra", "minutes": 20}
    else:
        assert not isinstance(asked, Refused)
    world.nodes["serra"].skew_ms = 0
    world.tick(62)
    assert codes(world, "riacho") == codes(world, "serra") == []


def test_a_stranger_tells_nothing_of_runs_and_hours() -> None:
    world = riacho_and_serra()
    exchange(world, "novo", "NOVO", "nina")
    novo = world.nodes["novo"]
    novo.replica.talks.runs.run = novo.run = b"N" * 16
    novo.skew_ms = 90 * MINUTE_MS
    world.give("riacho", PeerUp("novo", novo.transport, False))
    world.join("novo", "riacho")
    world.tick(3)
    assert codes(world, "riacho") == []
