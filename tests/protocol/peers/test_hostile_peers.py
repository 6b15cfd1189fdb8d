# SPDX-License-Identifier: AGPL-3.0-or-later
"""Peers that lie or flood: they lose their connection, everybody else's money and memory stay as they were."""

from dataclasses import replace

import pytest
from simulation.groups import exchange, linked, pay, says
from simulation.world import World

from protocol.events import Drop, PeerUp, Received
from protocol.lanes.claims import Inception
from protocol.lanes.directory import Profile
from protocol.lanes.entry import COMMONS, IDENTITY, LEDGER, NO_NETWORK, Entry, encode_body, seal
from protocol.lanes.identity import promise
from protocol.peers import sessions
from protocol.peers.compare import WINDOW_ENTRIES
from protocol.peers.messages import (
    ENTRIES_PER_FRAME_MAX,
    IDENTITY_ENTRIES_MAX,
    Entries,
    Hello,
    LaneRange,
    LinkNews,
    NodeRole,
    Wanted,
    pack,
)
from protocol.peers.sessions import REQUESTS_PER_MINUTE_MAX, SESSIONS_MAX
from protocol.practices.between.faults.seen import Faults
from protocol.practices.between.links.entries import LinkRecord, Settings, Terms, link_id, link_lane
from protocol.practices.between.links.records import LINKS_PER_PARTNER_MAX
from protocol.practices.between.links.wishes import LinksWanted
from protocol.wire.codec import ENTRY_BYTES_MAX, encode
from protocol.wire.keys import KeyPair


def world_of_two() -> World:
    world = World()
    exchange(world, "riacho", "HORA", "ana")
    exchange(world, "serra", "FLOR", "bia")
    return world


def commons_entry(world: World, name: str, *, seq: int | None = None, signer: KeyPair | None = None) -> Entry:
    """Return the next entry of a network's commons, or one that is not quite."""
    node = world.nodes[name]
    assert node.keyring is not None
    head = node.replica.journal.held.head(node.network, COMMONS)
    assert head is not None
    return seal(
        signer or node.keyring.hot,
        network=node.network,
        lane=COMMONS,
        epoch=0,
        seq=head.position.seq + 1 if seq is None else seq,
        prev=head.id,
        body=encode_body(Profile(name, "Outro Nome", "HORA", "Hora", 2, ()), world.now),
        salt=bytes(16),
    )


def test_a_frame_that_is_none_costs_the_connection() -> None:
    for frame in (b"", b"\xff" * 100, encode((2**16, {})), encode((0, {1: b"short"})), b"\x9b" + b"\xff" * 8):
        world = world_of_two()
        world.join("riacho", "serra")
        world.run()
        assert says(world, frame) is not None


def test_who_has_not_said_hello_says_nothing_else() -> None:
    world = world_of_two()
    world.joined.add(frozenset(("riacho", "serra")))
    world.give("serra", PeerUp("riacho", world.nodes["riacho"].transport, False))
    world.wires.clear()
    assert says(world, Entries(())) == "the first word is hello"


def test_who_keeps_silent_is_shown_the_door() -> None:
    world = world_of_two()
    world.joined.add(frozenset(("riacho", "serra")))
    world.give("serra", PeerUp("riacho", world.nodes["riacho"].transport, False))
    world.wires.clear()
    world.tick(10)
    assert world.drops == []
    world.nodes["serra"].skew_ms = -3_600_000
    world.tick(2)
    assert world.drops == [("riacho", "no hello")], "the clock set back changes nothing"


def test_nobody_speaks_for_a_network_that_has_not_certified_it() -> None:
    world = world_of_two()
    inception = world.nodes["riacho"].disk[0].wire
    world.joined.add(frozenset(("riacho", "serra")))
    world.give("serra", PeerUp("riacho", KeyPair.from_seed(bytes(32)).public, False))
    hello = Hello(world.nodes["riacho"].network, NodeRole.HOME, (inception,))
    assert says(world, hello) == "a node that its network has not certified"


def test_a_replica_that_nobody_invited_is_not_let_in() -> None:
    world = world_of_two()
    world.second("espia", "serra", "00" * 16)
    world.join("espia", "serra")
    world.run()
    assert ("espia", "a replica that nobody invited") in world.drops
    assert world.nodes["espia"].replica.journal.held.head(world.nodes["serra"].network, LEDGER) is None


@pytest.mark.parametrize("lie", ["bad signature", "another's key", "not linked"])
def test_an_entry_that_lies_changes_nothing(lie: str) -> None:
    world = world_of_two()
    world.join("riacho", "serra")
    world.tick(2)
    entry = commons_entry(world, "riacho")
    if lie == "bad signature":
        entry = entry._replace(signature=bytes(64), wire=entry.wire[:-64] + bytes(64))
    elif lie == "another's key":
        entry = commons_entry(world, "riacho", signer=KeyPair.from_seed(bytes(32)))
    wires = (entry.wire, commons_entry(world, "riacho", seq=9).wire) if lie == "not linked" else (entry.wire,)
    held = len(world.nodes["serra"].disk)
    assert says(world, Entries(wires)) is not None
    assert len(world.nodes["serra"].disk) == held


def test_a_lane_that_falls_back_to_an_older_epoch_is_not_followed() -> None:
    world = world_of_two()
    world.join("riacho", "serra")
    world.tick(2)
    riacho = world.nodes["riacho"]
    world.restart("riacho", old_copy=len(riacho.disk))
    world.tick(8)
    assert riacho.keyring is not None
    assert world.nodes["serra"].replica.journal.directory.networks[riacho.network].identity.epoch == 1
    wires: list[bytes] = []
    prev = commons_entry(world, "riacho").header
    after = prev.prev
    for seq, epoch in ((prev.seq, 1), (prev.seq + 1, 0)):
        entry = seal(
            riacho.keyring.hot, network=riacho.network, lane=COMMONS, epoch=epoch, seq=seq, prev=after,
            body=encode_body(Profile("riacho", "Riacho", "HORA", "Hora", 2, ()), world.now), salt=bytes(16),
        )  # fmt: skip
        wires.append(entry.wire)
        after = entry.id
    held = len(world.nodes["serra"].disk)
    assert says(world, Entries(tuple(wires))) == "entries that are not linked"
    assert len(world.nodes["serra"].disk) == held


@pytest.mark.parametrize(
    "body", [b"", b"\xff", b"\xa1\x01", bytes(3)], ids=["nothing", "a break", "half a map", "three"]
)
def test_a_rightly_signed_entry_whose_body_is_none_costs_the_connection_and_no_more(body: bytes) -> None:
    world = world_of_two()
    world.join("riacho", "serra")
    world.tick(2)
    riacho = world.nodes["riacho"]
    assert riacho.keyring is not None
    head = riacho.replica.journal.held.head(riacho.network, IDENTITY)
    assert head is not None
    entry = seal(
        riacho.keyring.hot,
        network=riacho.network,
        lane=IDENTITY,
        epoch=0,
        seq=head.position.seq + 1,
        prev=head.id,
        body=body,
        salt=bytes(16),
    )
    held = len(world.nodes["serra"].disk)
    assert says(world, Entries((entry.wire,))) is not None
    assert len(world.nodes["serra"].disk) == held


def test_a_gap_is_asked_for_and_never_kept() -> None:
    world = world_of_two()
    world.join("riacho", "serra")
    world.tick(2)
    held = len(world.nodes["serra"].disk)
    for seq in range(2, 200):
        world.give("serra", Received("riacho", pack(Entries((commons_entry(world, "riacho", seq=seq).wire,)))))
    asked = [frame for source, _, frame in world.wires if source == "serra"]
    assert len(world.nodes["serra"].disk) == held
    assert len(asked) == 1, "the same gap is asked for once"


def test_a_ledger_is_given_to_nobody_but_its_own_replicas() -> None:
    world = world_of_two()
    world.join("riacho", "serra")
    world.tick(2)
    wanted = Wanted((LaneRange(world.nodes["serra"].network, LEDGER, 0, 1),))
    assert says(world, wanted) == "a lane that is not for this peer"


def test_whatever_is_asked_has_a_bound() -> None:
    world = world_of_two()
    world.join("riacho", "serra")
    world.tick(2)
    network = world.nodes["serra"].network
    assert says(world, Wanted((LaneRange(network, COMMONS, 0, WINDOW_ENTRIES),))) == "a range beyond the window"
    world.join("riacho", "serra")
    world.run()
    for _ in range(REQUESTS_PER_MINUTE_MAX + 1):
        reason = says(world, Wanted((LaneRange(network, COMMONS, 5, 5),)))
        if reason is not None:
            break
    assert reason == "too many requests in a minute"


def test_a_message_beyond_its_bounds_is_no_message() -> None:
    world = world_of_two()
    world.join("riacho", "serra")
    world.tick(2)
    too_many = encode((1, {1: (b"",) * (ENTRIES_PER_FRAME_MAX + 1)}))
    too_long = encode((1, {1: (bytes(ENTRY_BYTES_MAX + 1_000),)}))
    keys = encode((0, {1: bytes(32), 2: "home", 3: (b"",) * (IDENTITY_ENTRIES_MAX + 1)}))
    for frame in (too_many, too_long, keys):
        assert says(world, frame) is not None
        world.join("riacho", "serra")
        world.run()


def test_only_so_many_peers_are_listened_to(monkeypatch: pytest.MonkeyPatch) -> None:
    world = world_of_two()
    monkeypatch.setattr(sessions, "SESSIONS_MAX", 3)
    assert SESSIONS_MAX == 512
    inputs = [PeerUp(f"peer-{number}", bytes([number]) * 32, False) for number in range(4)]
    effects = world.nodes["serra"].replica.handle(inputs, world.now)
    assert [one.reason for one in effects if isinstance(one, Drop)] == ["too many peers"]


def test_one_peer_cannot_fill_the_book_with_offers() -> None:
    world = world_of_two()
    world.join("riacho", "serra")
    world.tick(2)
    riacho, serra = world.nodes["riacho"], world.nodes["serra"]
    assert riacho.keyring is not None
    low, high = sorted((riacho.network, serra.network))
    for number in range(LINKS_PER_PARTNER_MAX + 5):
        terms = Terms(low, high, "HORA", 2, bytes([number]) * 16)
        record = LinkRecord(terms, Settings("HORA", 1, 1, 0), 100, 0, 0, 0, 0, (), (), (), 0, None)
        entry = seal(
            riacho.keyring.hot,
            network=riacho.network,
            lane=link_lane(link_id(terms)),
            epoch=0,
            seq=0,
            prev=None,
            body=encode_body(record, world.now),
            salt=bytes(16),
        )
        assert says(world, LinkNews(entry.wire)) is None
    offered = world.granted("serra", "links.list", LinksWanted()).items
    assert len(offered) == LINKS_PER_PARTNER_MAX


def test_who_offers_a_link_cannot_fill_the_disk_with_its_records(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sessions, "REQUESTS_PER_MINUTE_MAX", 40)
    world = world_of_two()
    world.join("riacho", "serra")
    world.tick(2)
    riacho, serra = world.nodes["riacho"], world.nodes["serra"]
    assert riacho.keyring is not None
    low, high = sorted((riacho.network, serra.network))
    terms = Terms(low, high, "HORA", 2, bytes(16))
    lane, prev = link_lane(link_id(terms)), None
    before = len(serra.disk)
    for seq in range(100):
        record = LinkRecord(terms, Settings("HORA", 1, 1, 0), 100 + seq, 0, 0, 0, 0, (), (), (), 0, None)
        entry = seal(
            riacho.keyring.hot, network=riacho.network, lane=lane, epoch=0, seq=seq, prev=prev,
            body=encode_body(record, world.now), salt=bytes(16),
        )  # fmt: skip
        prev = entry.id
        world.give("serra", Received("riacho", pack(LinkNews(entry.wire))))
    assert len(serra.disk) - before <= 40
    assert [peer for peer, _ in world.drops] == ["riacho"]


@pytest.mark.parametrize(
    "lie",
    [
        {"placed": 10**12},
        {"claimed": 5_00},
        {"granted": 0},
        {"holds": ()},
        {"returned": 10**12},
    ],
    ids=["placed without holds", "claimed without a preimage", "a grant taken back", "a hold gone", "gives back air"],
)
def test_a_link_record_that_breaks_a_rule_is_refused_whole(lie: dict[str, object]) -> None:
    world = world_of_two()
    link = linked(world, "riacho", "serra", 1_000)
    pay(world, "riacho", "ana", "bia@serra", 10)
    world.tick(2)
    riacho = world.nodes["riacho"]
    assert riacho.keyring is not None
    journal = riacho.replica.journal
    lane = next(lane for network, lane in journal.held.heads() if network == riacho.network and lane.endswith(link))
    head = journal.held.head(riacho.network, lane)
    assert head is not None
    newest = next(entry for entry in reversed(riacho.disk) if entry.id == head.id)
    body, _ = decoded(newest)
    if lie == {"holds": ()}:
        lie = {"holds": (), "placed": body.placed + 5_00}
    lied = seal(
        riacho.keyring.hot,
        network=riacho.network,
        lane=lane,
        epoch=0,
        seq=head.position.seq + 1,
        prev=head.id,
        body=encode_body(replace(body, **lie), world.now),
        salt=bytes(16),
    )
    before = world.granted("serra", "links.show", subject=link)
    reason = says(world, LinkNews(lied.wire))
    assert reason is not None and "breaks a rule of the link" in reason
    assert world.granted("serra", "links.show", subject=link) == before
    assert world.nodes["serra"].replica.book.of(Faults).details and world.zero_sum()


def decoded(entry: Entry) -> tuple[LinkRecord, int]:
    from protocol.lanes.entry import decode_body

    body, at_ms = decode_body(entry.body_bytes, {LinkRecord.KIND: LinkRecord})
    assert isinstance(body, LinkRecord)
    return body, at_ms


def test_an_inception_of_another_network_is_not_taken_for_ones_own() -> None:
    world = world_of_two()
    hot, following, cold = (KeyPair.from_seed(bytes([number]) * 32) for number in (1, 2, 3))
    transport = world.nodes["riacho"].transport
    stranger = Inception(hot.public, promise(following.public), (cold.public,), 1, transport)
    entry = seal(
        hot, network=NO_NETWORK, lane=IDENTITY, epoch=0, seq=0, prev=None, body=encode_body(stranger, 0), salt=bytes(16)
    )
    world.joined.add(frozenset(("riacho", "serra")))
    world.give("serra", PeerUp("riacho", transport, False))
    hello = Hello(world.nodes["riacho"].network, NodeRole.HOME, (entry.wire,))
    assert says(world, hello) == "a hello tells the key events of its own network"
