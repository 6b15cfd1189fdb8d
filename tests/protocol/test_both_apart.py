# SPDX-License-Identifier: AGPL-3.0-or-later
"""Two partners that both open an epoch while no line leads from one to the other, and then meet again."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from simulation.groups import balance, exchange, linked, pay
from simulation.theft import identity_of, last, rotate, signed, steal
from simulation.world import World

from protocol.events import Received, TimerFired
from protocol.lanes.entry import IDENTITY, LINK_PREFIX, decode_body, parse
from protocol.peers.messages import Entries, LinkHeld, LinkNews, Message, pack, unpack
from protocol.practices.between.links.entries import LinkRecord, link_lane
from protocol.practices.between.links.link import Link
from protocol.practices.between.links.state import Links
from protocol.practices.between.links.wishes import LinksWanted

PAIR = ("riacho", "serra")


def two_networks() -> World:
    """Two linked networks, of which one has paid the other."""
    world = World()
    exchange(world, "riacho", "HORA", "ana")
    exchange(world, "serra", "FLOR", "bia")
    linked(world, *PAIR, 1_000)
    pay(world, "riacho", "ana", "bia@serra", 10)
    world.tick(2)
    return world


def restore(world: World, name: str) -> None:
    world.restart(name, old_copy=len(world.nodes[name].disk) - 2)


def link_of(world: World, name: str) -> Link:
    [link] = world.nodes[name].replica.book.of(Links).by_id.values()
    return link


def both_rotated() -> World:
    """Two networks, parted, that have both been given new keys."""
    world = two_networks()
    world.cut(*PAIR)
    for name in PAIR:
        rotate(world, name)
    world.tick(10)
    return world


def both_half() -> World:
    """Two networks, parted, that have got their own lanes back, as from a replica, and not what the partner said."""
    world = two_networks()
    assert all(link_of(world, name).side.own.ack is not None for name in PAIR)
    copies = {name: len(world.nodes[name].disk) for name in PAIR}
    pay(world, "riacho", "ana", "bia@serra", 10)
    newest = {name: world.nodes[name].disk[copies[name] :] for name in PAIR}
    world.cut(*PAIR)
    for name in PAIR:
        node = world.nodes[name]
        world.restart(name, old_copy=copies[name])
        node.disk += [one for one in newest[name] if one.network == node.network]
        world.restart(name)
    assert all(link_of(world, name).is_half for name in PAIR)
    world.tick(10)
    return world


def next_frame(world: World) -> tuple[str, Message]:
    """Return who says what next, be it after a while."""
    while not world.wires:
        world.now += 1_000
        for name in PAIR:
            world.give(name, TimerFired())
    source, _, frame = world.wires[0]
    return source, unpack(frame)


def is_record_shown(message: Message) -> bool:
    """Tell whether a frame brings records of links."""
    if isinstance(message, LinkNews):
        return True
    return isinstance(message, Entries) and parse(message.entries[0]).header.lane.startswith(LINK_PREFIX)


def meet_until_told(world: World) -> LinkHeld:
    """Let the two meet, as far as the word that serra has for riacho; what else is on its way is lost."""
    world.join(*PAIR)
    while True:
        source, message = next_frame(world)
        if source == "serra" and isinstance(message, LinkHeld):
            world.wires.clear()
            return message
        world.deliver(1)


def fitting(world: World, name: str) -> LinkHeld:
    """Return the word by which a node could go on from its newest record."""
    node, link = world.nodes[name], link_of(world, name)
    event = node.replica.journal.held.head(node.network, IDENTITY)
    assert event is not None and event.id is not None
    return LinkHeld(link.id, event.id, link.side.own.n, link.side.own_digest)


def goes_on(world: World) -> bool:
    world.tick(60)
    shown = [one.state for name in PAIR for one in world.granted(name, "links.list", LinksWanted()).items]
    return shown == ["open", "open"] and world.zero_sum() and not world.drops


@pytest.mark.parametrize(
    ("riacho", "serra"),
    [
        pytest.param(restore, restore, id="both from an old copy"),
        pytest.param(rotate, rotate, id="both by a rotation"),
        pytest.param(restore, rotate, id="one each"),
    ],
)
def test_their_link_goes_on(riacho: Callable[[World, str], object], serra: Callable[[World, str], object]) -> None:
    world = two_networks()
    world.cut(*PAIR)
    riacho(world, "riacho")
    serra(world, "serra")
    world.tick(10)
    world.join(*PAIR)
    world.run()
    assert goes_on(world)
    pay(world, "riacho", "ana", "bia@serra", 5)
    world.tick(5)
    assert (balance(world, "riacho", "ana"), balance(world, "serra", "bia")) == (-15_00, 15_00)
    assert goes_on(world)


@pytest.mark.parametrize(
    "wrong", [{"event": bytes(32)}, {"record": bytes(32)}, {"n": 99}, {"link": bytes(32)}], ids=" ".join
)
def test_a_word_that_does_not_fit_is_not_gone_by(wrong: dict[str, bytes]) -> None:
    world = both_rotated()
    word = meet_until_told(world)
    world.give("riacho", Received("serra", pack(replace(word, **wrong))))
    assert link_of(world, "riacho").is_lost
    world.give("riacho", Received("serra", pack(word)))
    assert not link_of(world, "riacho").is_lost
    assert goes_on(world)


def test_a_word_of_another_network_is_not_gone_by() -> None:
    world = both_rotated()
    exchange(world, "campo", "MATE", "eva")
    world.join("riacho", "campo")
    world.run()
    world.give("riacho", Received("campo", pack(fitting(world, "riacho"))))
    assert link_of(world, "riacho").is_lost


def test_who_recovers_goes_on_by_no_word() -> None:
    world = both_rotated()
    riacho = world.nodes["riacho"]
    word = meet_until_told(world)
    world.restart("riacho", old_copy=len(riacho.disk))
    while riacho.replica.gossip.sessions.by_peer["serra"].network is None:
        next_frame(world)
        world.deliver(1)
    world.wires.clear()
    world.give("riacho", Received("serra", pack(word)))
    assert riacho.replica.recovering and link_of(world, "riacho").is_lost
    assert not riacho.replica.book.of(Links).drafted
    assert goes_on(world)


def test_who_has_said_what_it_holds_takes_nothing_older_after_it() -> None:
    world = two_networks()
    copies = {name: len(world.nodes[name].disk) for name in PAIR}
    pay(world, "riacho", "ana", "bia@serra", 10)
    riacho = world.nodes["riacho"]
    place = riacho.network, link_lane(link_of(world, "riacho").id)
    # The promise: it acknowledges nothing that serra will have lost.
    lost = next(one for one in riacho.disk[copies["riacho"] :] if (one.network, one.header.lane) == place)
    world.cut(*PAIR)
    for name in PAIR:
        world.restart(name, old_copy=copies[name])
    world.tick(10)
    held = meet_until_told(world).record
    world.give("serra", Received("riacho", pack(LinkNews(lost.wire))))
    assert link_of(world, "serra").side.partner_digest == held
    # And so it is when it has gone on itself.
    world.give("serra", Received("riacho", pack(fitting(world, "serra"))))
    assert not link_of(world, "serra").is_lost
    world.give("serra", Received("riacho", pack(LinkNews(lost.wire))))
    assert link_of(world, "serra").side.partner_digest == held
    assert goes_on(world)


@pytest.mark.parametrize("dies", PAIR)
def test_a_node_that_dies_after_the_word_comes_to_the_same(dies: str) -> None:
    world = both_rotated()
    word = meet_until_told(world)
    if dies == "riacho":
        world.give("riacho", Received("serra", pack(word)))
        world.wires.clear()
    world.restart(dies)
    assert goes_on(world)


def test_of_two_that_lack_what_they_acknowledge_each_shows_its_own_and_says_no_word_before() -> None:
    world = both_half()
    world.join(*PAIR)
    tried = set[str]()
    while any(link_of(world, name).is_half for name in PAIR):
        source, message = next_frame(world)
        if len(tried) < len(PAIR) and is_record_shown(message):
            # Each would have what it lacks at once.
            world.wires.pop(0)
            continue
        assert not (isinstance(message, LinkHeld) and link_of(world, source).is_half)
        for name in PAIR:
            link = link_of(world, name)
            if link.is_half and link.is_lost and not world.nodes[name].replica.recovering:
                other = next(one for one in PAIR if one != name)
                world.give(name, Received(other, pack(fitting(world, name))))
                assert link_of(world, name).is_lost, "nobody goes on before it has what it acknowledges"
                tried.add(name)
        world.deliver(1)
    assert tried == set(PAIR)
    assert goes_on(world)
    assert (balance(world, "riacho", "ana"), balance(world, "serra", "bia")) == (-20_00, 20_00)


def test_what_a_thief_has_fenced_for_the_partner_is_no_word_of_the_partners_own() -> None:
    world = two_networks()
    riacho, serra = (world.nodes[name] for name in PAIR)
    thief = steal(world, "serra")
    lane = link_lane(link_of(world, "serra").id)
    body, at_ms = decode_body(last(serra, lane).body_bytes, {LinkRecord.KIND: LinkRecord})
    assert isinstance(body, LinkRecord)
    forged = signed(thief, lane, replace(body, fence=2**30), last(serra, lane), epoch=0, at_ms=at_ms)
    world.give("riacho", Received("serra", pack(LinkNews(forged.wire))))
    assert link_of(world, "riacho").fenced == 2**30
    world.cut(*PAIR)
    rotate(world, "serra")
    world.join(*PAIR)
    while identity_of(riacho, serra.network).epoch == 0:
        world.deliver(1)
    world.cut(*PAIR)
    rotate(world, "riacho")
    world.tick(5)
    assert link_of(world, "riacho").is_lost, "serra has not said what it holds"
    world.join(*PAIR)
    assert goes_on(world)
