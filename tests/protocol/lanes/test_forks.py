# SPDX-License-Identifier: AGPL-3.0-or-later
"""A network that says two things at one place: the proof is kept, travels, and costs it all new credit."""

from simulation.groups import exchange, linked, offer_payment, pay, state
from simulation.world import World, whole

from crdt.log import FORKS_KEPT_MAX
from protocol.events import Received
from protocol.lanes.directory import Profile
from protocol.lanes.entry import COMMONS, encode_body, seal
from protocol.peers.messages import Entries, pack
from protocol.practices.between.links.wishes import ProposeLink
from protocol.practices.between.networks.known import NetworksWanted
from protocol.practices.between.quotes.state import AskQuote


def two_faces(world: World, name: str) -> tuple[bytes, bytes]:
    """Return two profiles that a network signs as the next entry of its commons."""
    node = world.nodes[name]
    assert node.keyring is not None
    head = node.replica.journal.held.head(node.network, COMMONS)
    assert head is not None
    faces = [
        seal(
            node.keyring.hot,
            network=node.network,
            lane=COMMONS,
            epoch=0,
            seq=head.position.seq + 1,
            prev=head.id,
            body=encode_body(Profile(name, title, "HORA", "Hora", 2, ()), world.now),
            salt=bytes(16),
        )
        for title in ("Riacho Claro", "Riacho Turvo")
    ]
    return faces[0].wire, faces[1].wire


def three_networks() -> World:
    world = World()
    exchange(world, "riacho", "HORA", "ana")
    exchange(world, "serra", "FLOR", "bia")
    exchange(world, "encants", "ECO", "clara")
    linked(world, "riacho", "serra", 1_000)
    linked(world, "serra", "encants", 1_000)
    world.tick(2)
    return world


def forked(world: World, name: str, network: str) -> bool:
    return world.granted(name, "networks.show", subject=network).forked


def test_the_proof_reaches_those_who_saw_one_face_only() -> None:
    world = three_networks()
    left, right = two_faces(world, "riacho")
    world.give("serra", Received("riacho", pack(Entries((left,)))))
    world.run()
    assert not forked(world, "serra", "riacho")
    world.give("serra", Received("riacho", pack(Entries((right,)))))
    world.run()
    world.tick(2)
    assert forked(world, "serra", "riacho") and forked(world, "encants", "riacho")
    assert not world.drops


def test_nodes_that_saw_different_faces_find_out_by_comparing_heads() -> None:
    world = three_networks()
    world.cut("serra", "encants")
    left, right = two_faces(world, "riacho")
    world.give("serra", Received("riacho", pack(Entries((left,)))))
    world.join("riacho", "encants")
    world.run()
    world.give("encants", Received("riacho", pack(Entries((right,)))))
    world.run()
    world.cut("riacho", "serra")
    world.cut("riacho", "encants")
    world.join("serra", "encants")
    world.tick(3)
    assert forked(world, "serra", "riacho") and forked(world, "encants", "riacho")


def test_who_has_forked_gets_no_new_credit_and_what_is_open_still_resolves() -> None:
    world = three_networks()
    request = offer_payment(world, "serra", "bia", "ana@riacho", 10)
    for face in two_faces(world, "riacho"):
        world.give("serra", Received("riacho", pack(Entries((face,)))))
    world.tick(3)
    payment = world.nodes["serra"].answers[request]
    assert world.granted("serra", "payments.show", subject=payment.id).state == "posted"
    refused = world.ask("serra", "quotes.create", AskQuote("ana@riacho", whole(10), payer="bia"))
    assert refused.reason.code == "LINK_NOT_OPEN"
    world.restart("serra")
    assert forked(world, "serra", "riacho"), "the proof is on disk"
    refused = world.ask("serra", "links.create", ProposeLink("riacho", whole(10), "FLOR"))
    assert refused.reason.code == "LINK_FROZEN"
    assert sum(one.forked for one in world.granted("serra", "networks.list", NetworksWanted()).items) == 1


def test_a_restored_node_goes_on_beside_a_neighbour_that_will_never_agree_on_what_a_fork_said() -> None:
    world = three_networks()
    exchange(world, "vereda", "VALE", "davi")
    linked(world, "vereda", "serra", 1_000)
    world.join("riacho", "vereda")
    world.run()
    for name, face in zip(("serra", "vereda"), two_faces(world, "riacho"), strict=True):
        world.give(name, Received("riacho", pack(Entries((face,)))))
    world.tick(3)
    world.cut("riacho", "vereda")
    riacho = world.nodes["riacho"].network
    said = {world.nodes[name].replica.journal.held.head(riacho, COMMONS) for name in ("serra", "vereda")}
    assert len(said) == 2
    copy = len(world.nodes["vereda"].disk)
    pay(world, "vereda", "davi", "bia@serra", 10)
    world.restart("vereda", old_copy=copy)
    world.tick(10)
    payment = pay(world, "vereda", "davi", "bia@serra", 10)
    assert state(world, "vereda", payment) == "posted"


def test_of_however_many_forks_all_know_the_first_whichever_they_heard_first() -> None:
    """From there on nothing counts that a network has said in a federation."""
    world = World()
    for name, code in (("riacho", "HORA"), ("serra", "FLOR"), ("encants", "ECO")):
        exchange(world, name, code)
    for other in ("serra", "encants"):
        world.join("riacho", other)
    riacho = world.nodes["riacho"]
    first = world.nodes["riacho"].replica.journal.held.head(riacho.network, COMMONS)
    assert first is not None and riacho.keyring is not None
    for number in range(FORKS_KEPT_MAX + 3):
        riacho.replica.journal.write(Profile("riacho", f"Riacho {number}", "HORA", "Hora", 2, ()), COMMONS, world.now)
    world.tick(3)
    seqs = range(first.position.seq + 1, first.position.seq + FORKS_KEPT_MAX + 4)
    faces = [
        seal(
            riacho.keyring.hot, network=riacho.network, lane=COMMONS, epoch=0, seq=seq, prev=bytes(32),
            body=encode_body(Profile("riacho", "Outro", "HORA", "Hora", 2, ()), world.now), salt=bytes(16),
        )
        for seq in seqs
    ]  # fmt: skip
    for name, heard in (("serra", faces), ("encants", faces[::-1])):
        for face in heard:
            world.give(name, Received("riacho", pack(Entries((face.wire,)))))
    for name in ("serra", "encants"):
        for _ in range(2):
            assert world.nodes[name].replica.journal.directory.forked == {riacho.network: seqs[0]}
            world.restart(name)
