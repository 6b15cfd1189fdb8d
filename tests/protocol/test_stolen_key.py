# SPDX-License-Identifier: AGPL-3.0-or-later
"""A thief of the hot key speaks for a network until its cold keys end his time; then nothing of his is left."""

from dataclasses import replace
from itertools import pairwise
from random import Random

import pytest
from simulation.groups import balance, exchange, linked, pay, says, state
from simulation.theft import identity_of, last, reopenings, rotate, signed, steal
from simulation.world import Node, World, whole

from protocol.events import Received
from protocol.lanes.directory import Profile
from protocol.lanes.entry import COMMONS, IDENTITY, LEDGER, Entry, decode_body, encode_body, parse, seal
from protocol.peers.messages import Entries, LinkNews, pack
from protocol.practices.between.faults.seen import Faults, FaultsWanted
from protocol.practices.between.links.entries import LinkRecord, link_lane
from protocol.practices.between.links.wishes import AcceptLink, LinksWanted, ProposeLink, RaiseLink
from protocol.practices.between.networks.known import SetProfile
from protocol.practices.between.networks.replicas import InviteReplica
from protocol.wire.keys import id_text, parse_id


def world_of_three() -> World:
    """Riacho has links with serra and campo, which are joined too."""
    world = World()
    exchange(world, "riacho", "HORA", "ana")
    exchange(world, "serra", "FLOR", "bia")
    exchange(world, "campo", "MATE", "eva")
    linked(world, "riacho", "serra", 1_000)
    linked(world, "riacho", "campo", 500)
    world.join("serra", "campo")
    world.tick(3)
    return world


def name_of(world: World, node: str, network: bytes) -> str | None:
    profile = world.nodes[node].replica.journal.directory.networks[network].profile
    return None if profile is None else profile.name


def rename(world: World, name: str, to: str) -> None:
    world.granted(name, "networks.set-profile", SetProfile(name=to), subject=id_text(world.nodes[name].network))
    world.tick(2)


def profiles(thief: Node, count: int, at_ms: int, *, epoch: int = 0) -> list[Entry]:
    """Let a thief say so many things of the network in its commons."""
    said: list[Entry] = []
    after = last(thief, COMMONS)
    for number in range(count):
        body = Profile("riacho", f"Riacho Turvo {number}", "HORA", "Hora", 2, ())
        after = signed(thief, COMMONS, body, after, epoch=epoch, at_ms=at_ms)
        said.append(after)
    return said


def held(node: Node, network: bytes, lane: str) -> list[bytes]:
    """Return the ids of a lane on a node's disk, in order."""
    entries = [one for one in node.disk if (one.network, one.header.lane) == (network, lane)]
    return [one.id for one in sorted(entries, key=lambda one: one.header.seq)]


def hears(world: World, entries: list[Entry], node: str, source: str) -> None:
    assert says(world, Entries(tuple(one.wire for one in entries)), node, source) is None


# Who heard the thief follows the rotation.


def test_what_a_thief_said_past_the_confirmed_heads_goes_from_every_node() -> None:
    world = world_of_three()
    riacho = world.nodes["riacho"]
    thief = steal(world, "riacho")
    for peer in ("serra", "campo"):
        world.cut("riacho", peer)
    hears(world, profiles(thief, 3, world.now), "serra", "campo")
    world.tick(3)
    assert name_of(world, "campo", riacho.network) == "Riacho Turvo 2"

    rotate(world, "riacho")
    world.join("riacho", "serra")
    world.tick(5)
    for node in ("serra", "campo"):
        assert name_of(world, node, riacho.network) == "Riacho"
        assert held(world.nodes[node], riacho.network, COMMONS) == held(riacho, riacho.network, COMMONS)
    rename(world, "riacho", "Riacho Claro")
    assert name_of(world, "campo", riacho.network) == "Riacho Claro"
    for node in ("serra", "campo"):
        world.restart(node)
        assert name_of(world, node, riacho.network) == "Riacho Claro"
    assert not world.drops


def test_a_node_that_kept_what_an_older_version_left_drops_it_when_it_starts() -> None:
    world = world_of_three()
    riacho, serra = world.nodes["riacho"], world.nodes["serra"]
    said = profiles(steal(world, "riacho"), 2, world.now)
    for peer in ("serra", "campo"):
        world.cut("riacho", peer)
    world.cut("serra", "campo")
    hears_alone = [*serra.disk, *said]
    serra.disk = [*hears_alone, rotate(world, "riacho")]
    world.restart("serra")
    world.tick()
    assert held(serra, riacho.network, COMMONS) == held(riacho, riacho.network, COMMONS)
    assert name_of(world, "serra", riacho.network) == "Riacho"


@pytest.mark.parametrize("theirs", [1, 2, 5])
def test_a_rotation_takes_the_place_of_whatever_epochs_a_thief_has_opened(theirs: int) -> None:
    world = world_of_three()
    riacho = world.nodes["riacho"]
    thief = steal(world, "riacho")
    for peer in ("serra", "campo"):
        world.cut("riacho", peer)
    opened = reopenings(thief, theirs, world.now)
    hears(world, opened, "serra", "campo")
    world.tick(3)
    assert identity_of(world.nodes["campo"], riacho.network).epoch == theirs
    assert name_of(world, "campo", riacho.network) is None, "he has voided it"

    rotate(world, "riacho")
    world.join("riacho", "serra")
    world.tick(5)
    for node in ("serra", "campo"):
        identity = identity_of(world.nodes[node], riacho.network)
        assert (identity.epoch, identity.rotated) == (1, 1)
        assert name_of(world, node, riacho.network) == "Riacho"
        assert held(world.nodes[node], riacho.network, IDENTITY) == held(riacho, riacho.network, IDENTITY)
    # Who still has his lane, and shows it, tells no lie; and nobody takes it.
    hears(world, opened, "campo", "serra")
    hears(world, opened[-1:], "campo", "serra")
    assert identity_of(world.nodes["campo"], riacho.network).rotated == 1
    assert not world.drops


def test_an_honest_reopening_is_confirmed_by_the_rotation_that_follows_it() -> None:
    world = world_of_three()
    riacho = world.nodes["riacho"]
    thief = steal(world, "riacho")
    his = reopenings(thief, 3, world.now)
    world.cut("riacho", "campo")
    world.cut("serra", "campo")
    riacho.replica.reopen()
    world.tick(2)
    # Campo hears the thief first; what the owner says is a fork then, and nobody can judge it yet.
    world.join("serra", "campo")
    world.deliver(2)
    world.give("campo", Received("serra", pack(Entries(tuple(one.wire for one in his)))))
    world.tick(4)
    assert identity_of(world.nodes["campo"], riacho.network).epoch == 3
    assert world.nodes["serra"].replica.journal.directory.networks[riacho.network].forked
    rotate(world, "riacho")
    world.tick(6)
    for node in ("serra", "campo"):
        identity = identity_of(world.nodes[node], riacho.network)
        assert (identity.epoch, identity.rotated) == (2, 2)
        assert identity == identity_of(riacho)
        assert not world.nodes[node].replica.journal.directory.networks[riacho.network].forked
    assert not world.drops


@pytest.mark.parametrize("seed", range(60))
def test_any_order_of_what_thief_and_owner_said_gives_the_same_identity_and_commons(seed: int) -> None:
    world = world_of_three()
    rng = Random(seed)
    riacho, campo = world.nodes["riacho"], world.nodes["campo"]
    for peer in ("riacho", "serra"):
        world.cut("campo", peer)
    world.cut("riacho", "serra")
    thief = steal(world, "riacho")
    his = profiles(thief, rng.randrange(4), world.now)
    thief.disk += his
    opened = reopenings(thief, rng.randrange(4), world.now)
    thief.disk += opened
    his += opened
    if opened:
        his += profiles(thief, rng.randrange(3), world.now, epoch=opened[-1].header.epoch)
    before = len(riacho.disk)
    if rng.random() < 0.5:
        rename(world, "riacho", "Riacho Claro")
    if rng.random() < 0.4:
        riacho.replica.reopen()
        world.tick()
    if rng.random() < 0.5:
        rename(world, "riacho", "Riacho Doce")
    rotate(world, "riacho")
    rename(world, "riacho", "Riacho Novo")
    hers = [
        one for one in riacho.disk[before:] if one.network == riacho.network and one.header.lane in (IDENTITY, COMMONS)
    ]
    # Each lane in order, as nodes send them; between lanes and authors, and cut into frames, as it comes.
    runs: list[list[Entry]] = []
    for lane in (IDENTITY, COMMONS):
        runs += [[one for one in said if one.header.lane == lane] for said in (hers, his)]
    frames: list[list[Entry]] = []
    for run in runs:
        cuts = sorted({0, len(run), *(rng.randrange(len(run) + 1) for _ in range(rng.randrange(3)))})
        frames += [run[low:high] for low, high in pairwise(cuts)]
    rng.shuffle(frames)
    world.join("serra", "campo")
    world.run()
    for frame in frames:
        # The world is quiet meanwhile: what campo asks serra for, serra does not have.
        world.give("campo", Received("serra", pack(Entries(tuple(one.wire for one in frame)))))
        world.run()
    world.join("riacho", "campo")
    world.tick(8)
    assert not world.drops
    for lane in (IDENTITY, COMMONS):
        assert held(campo, riacho.network, lane) == held(riacho, riacho.network, lane)
        assert held(world.nodes["serra"], riacho.network, lane) == held(riacho, riacho.network, lane)
    assert identity_of(campo, riacho.network) == identity_of(riacho)
    assert name_of(world, "campo", riacho.network) == "Riacho Novo"
    world.restart("campo")
    assert identity_of(campo, riacho.network) == identity_of(riacho)
    assert name_of(world, "campo", riacho.network) == "Riacho Novo"
    assert not campo.replica.journal.directory.networks[riacho.network].forked


# What an ended key still can do: nothing.


def test_an_ended_key_proves_no_fork_and_what_it_proved_is_pardoned() -> None:
    world = world_of_three()
    riacho = world.nodes["riacho"]
    thief = steal(world, "riacho")
    rename(world, "riacho", "Riacho Claro")
    his = profiles(thief, 1, world.now)
    hears(world, his, "serra", "campo")
    world.tick(2)
    assert world.granted("campo", "networks.show", subject="riacho").forked
    rotate(world, "riacho")
    world.tick(12)
    for node in ("serra", "campo"):
        assert not world.granted(node, "networks.show", subject="riacho").forked
    assert [link.state for link in world.granted("serra", "links.list", LinksWanted()).items] == ["open"]
    hears(world, his, "serra", "campo")
    hears(world, his, "campo", "serra")
    world.tick(2)
    for node in ("serra", "campo"):
        world.restart(node)
        assert not world.granted(node, "networks.show", subject="riacho").forked
    pay(world, "serra", "bia", "ana@riacho", 10)
    assert balance(world, "riacho", "ana") == 10_00
    assert riacho.replica.book.of(Faults).details == [] and not world.drops


def test_a_node_that_comes_later_is_not_held_up_by_what_the_thief_signed_at_confirmed_places() -> None:
    world = world_of_three()
    riacho = world.nodes["riacho"]
    thief = steal(world, "riacho")
    for name in ("Riacho Claro", "Riacho Doce", "Riacho Novo"):
        rename(world, "riacho", name)
    rotate(world, "riacho")
    world.tick(12)
    exchange(world, "encants", "ECO", "clara")
    world.join("campo", "encants")
    world.run()
    world.cut("riacho", "campo")
    encants = world.nodes["encants"]
    # A stranger brings the thief's words first, at places below the head that the rotation names.
    world.cut("campo", "encants")
    mine = [one for one in encants.disk if one.network != riacho.network or one.header.lane != COMMONS]
    first = next(one for one in riacho.disk if (one.network, one.header.lane) == (riacho.network, COMMONS))
    encants.disk = mine
    world.restart("encants")
    world.join("campo", "encants")
    world.deliver(2)
    hears(world, [first, *profiles(thief, 2, world.now)], "encants", "campo")
    world.tick(4)
    assert name_of(world, "encants", riacho.network) == "Riacho Novo"
    assert held(encants, riacho.network, COMMONS) == held(riacho, riacho.network, COMMONS)
    assert not world.drops


def test_a_commons_entry_that_a_restore_gave_up_goes_from_the_peer_that_still_has_it() -> None:
    world = world_of_three()
    riacho = world.nodes["riacho"]
    world.cut("riacho", "campo")
    world.cut("serra", "campo")
    copy = len(riacho.disk)
    rename(world, "riacho", "Riacho Fundo")
    world.cut("riacho", "serra")
    world.restart("riacho", old_copy=copy)
    world.join("riacho", "campo")
    world.tick(20)
    world.join("riacho", "serra")
    world.tick(10)
    assert name_of(world, "serra", riacho.network) == "Riacho"
    rename(world, "riacho", "Riacho Raso")
    world.tick(3)
    assert name_of(world, "serra", riacho.network) == "Riacho Raso"
    assert held(world.nodes["serra"], riacho.network, COMMONS) == held(riacho, riacho.network, COMMONS)
    assert not world.drops


# Links: what a partner took stands, up to its grant; afterwards both go on.


@pytest.mark.parametrize("epochs", [0, 1, 2, 3, 5])
def test_what_a_partner_took_of_the_thief_stands_and_both_go_on_after_the_rotation(epochs: int) -> None:
    world = world_of_three()
    thief = steal(world, "riacho")
    for peer in ("serra", "campo"):
        world.cut("riacho", peer)
    for _ in range(epochs):
        thief.replica.reopen()
    world.join("thief", "serra")
    world.tick(12)
    pay(world, "thief", "ana", "bia@serra", 100)
    world.tick(3)
    assert balance(world, "serra", "bia") == 100_00
    rotate(world, "riacho")
    world.join("riacho", "serra")
    world.tick(30)
    assert frozenset(("thief", "serra")) not in world.joined
    assert [one.state for one in world.granted("riacho", "links.list", LinksWanted()).items][:1] == ["open"]
    # The ledger knows nothing of what he spent: the commons carries it.
    assert world.nodes["riacho"].balance("commons.HORA") == -100_00
    payment = pay(world, "riacho", "ana", "bia@serra", 10)
    world.tick(3)
    assert state(world, "riacho", payment) == "posted"
    assert balance(world, "serra", "bia") == 110_00
    assert world.zero_sum()


@pytest.mark.parametrize("spent", [100, 101])
def test_what_a_partner_granted_the_thief_beyond_what_we_knew_is_not_ours_to_pay(spent: int) -> None:
    """Serra works with the thief: it raises its limit for him while Riacho is away."""
    world = World()
    exchange(world, "riacho", "HORA", "ana", limit=1_000)
    exchange(world, "serra", "FLOR", "bia", limit=1_000)
    link = linked(world, "riacho", "serra", 100)
    thief = steal(world, "riacho")
    world.cut("riacho", "serra")
    world.join("thief", "serra")
    world.granted("serra", "links.raise", RaiseLink(whole(1_000, "HORA")), subject=link)
    world.tick(3)
    assert thief.keyring is not None
    pay(world, "thief", "ana", "bia@serra", spent)
    world.tick(3)
    assert balance(world, "serra", "bia") == spent * 100
    rotate(world, "riacho")
    world.join("riacho", "serra")
    world.tick(30)
    [shown] = world.granted("riacho", "links.list", LinksWanted()).items
    kinds = [one.kind.value for one in world.granted("riacho", "faults.list", FaultsWanted()).items]
    if spent == 100:
        assert (shown.state, kinds) == ("open", [])
        assert world.nodes["riacho"].balance("commons.HORA") == -100_00
    else:
        assert (shown.state, kinds) == ("recovering", ["LINK_OVERDRAWN"])
        assert world.nodes["riacho"].balance("commons.HORA") == 0
    assert world.zero_sum()


@pytest.mark.parametrize("epochs", [1, 3])
def test_neither_side_seems_to_have_lost_anything_because_of_epochs_that_are_none_any_more(epochs: int) -> None:
    world = world_of_three()
    thief = steal(world, "riacho")
    for peer in ("serra", "campo"):
        world.cut("riacho", peer)
    world.join("thief", "serra")
    world.tick(3)
    # Serra acknowledges what he signs in one of his epochs, and then in another.
    for _ in range(epochs):
        pay(world, "thief", "ana", "bia@serra", 10)
        thief.replica.reopen()
        world.tick(12)
        pay(world, "thief", "ana", "bia@serra", 10)
        pay(world, "serra", "bia", "ana@riacho", 5)
    world.tick(3)
    rotate(world, "riacho")
    world.restart("serra")
    assert not world.nodes["serra"].replica.recovering
    world.join("riacho", "serra")
    world.tick(30)
    for name in ("serra", "riacho", "serra"):
        for node in ("riacho", "serra"):
            link = world.granted(node, "links.list", LinksWanted()).items[0]
            assert (node, link.state) == (node, "open")
        world.restart(name)
        world.tick(2)
        assert not world.nodes[name].replica.recovering
    assert balance(world, "serra", "bia") == 15_00 * epochs
    pay(world, "serra", "bia", "ana@riacho", 5)
    pay(world, "riacho", "ana", "bia@serra", 10)
    world.tick(12)
    assert balance(world, "serra", "bia") == 15_00 * epochs + 5_00
    assert identity_of(world.nodes["riacho"]).epoch == 1, "nobody had to recover"
    assert world.zero_sum()
    assert (
        world.nodes["riacho"].replica.book.of(Faults).details
        == world.nodes["serra"].replica.book.of(Faults).details
        == []
    )


@pytest.mark.parametrize("known", [True, False])
def test_an_offer_that_the_partner_has_opens_once_it_is_taken_up(*, known: bool) -> None:
    world = World()
    exchange(world, "riacho", "HORA", "ana")
    exchange(world, "serra", "FLOR", "bia")
    world.join("riacho", "serra")
    world.tick(3)
    if not known:
        world.cut("riacho", "serra")
    link = world.granted("riacho", "links.create", ProposeLink("serra", whole(100), "HORA")).id
    world.tick(3)
    rotate(world, "riacho")
    if not known:
        world.join("riacho", "serra")
    world.tick(15)
    if known:
        world.granted("serra", "links.accept", AcceptLink(whole(100), "FLOR"), subject=link)
        world.tick(25)
        for node in ("riacho", "serra"):
            assert world.granted(node, "links.show", subject=link).state == "open"
        pay(world, "riacho", "ana", "bia@serra", 10)
        assert balance(world, "serra", "bia") == 10_00
    else:
        # Nobody can tell who signed it: it is made anew.
        assert world.granted("serra", "links.list", LinksWanted()).items == ()
        linked(world, "riacho", "serra", 100)
        pay(world, "riacho", "ana", "bia@serra", 10)
        assert balance(world, "serra", "bia") == 10_00
    assert not world.drops


def test_every_node_shows_whose_key_was_changed_and_which_links_wait_for_it() -> None:
    world = world_of_three()
    riacho = world.nodes["riacho"]
    stolen = identity_of(riacho).epochs[0].key.hex()

    def shown(node: str, network: str = "riacho") -> tuple[int, int, bool]:
        seen = world.granted(node, "networks.show", subject=network)
        assert (seen.cold_keys, seen.cold_needed) == (1, 1)
        assert (seen.key == stolen) == (seen.rotated == 0 and network == "riacho")
        return seen.epoch, seen.rotated, seen.recovering

    assert shown("riacho") == shown("serra") == (0, 0, False)
    for peer in ("serra", "campo"):
        world.cut("riacho", peer)
    riacho.replica.reopen()
    world.tick()
    assert shown("riacho") == (1, 0, False)
    rotate(world, "riacho")
    assert shown("riacho") == (2, 2, False)
    assert shown("riacho", "serra") == (0, 0, True), "its word is waited for"
    assert shown("serra") == (0, 0, False), "it has not heard of it"
    world.join("riacho", "serra")
    world.tick(20)
    assert shown("serra") == (2, 2, False)
    assert shown("riacho", "serra") == (0, 0, False)
    world.restart("riacho", old_copy=len(riacho.disk) - 1)
    assert shown("riacho")[2], "its node has to recover"


@pytest.mark.parametrize("epochs", [0, 1, 3])
@pytest.mark.parametrize("deceived", [False, True])
def test_a_replica_follows_the_rotation_whatever_it_had_of_the_thief(epochs: int, *, deceived: bool) -> None:
    world = world_of_three()
    invited = world.granted("riacho", "replicas.invite", InviteReplica())
    world.second("casa", "riacho", invited.code)
    world.join("riacho", "casa")
    world.tick(3)
    thief = steal(world, "riacho")
    for peer in ("serra", "campo", "casa"):
        world.cut("riacho", peer)
    world.join("thief", "serra")
    if deceived:
        world.join("thief", "casa")
    world.tick(3)
    pay(world, "thief", "ana", "bia@serra", 10)
    for _ in range(epochs):
        thief.replica.reopen()
    world.tick(12)
    pay(world, "thief", "ana", "bia@serra", 10)
    world.tick(3)
    if deceived:
        # What he goes on to promise serra never sees, and the replica does.
        world.cut("thief", "serra")
        for limit in (2_000, 3_000, 4_000):
            link = world.granted("thief", "links.list", LinksWanted()).items[0].id
            world.granted("thief", "links.raise", RaiseLink(whole(limit)), subject=link)
            world.tick(2)
    rotate(world, "riacho")
    for peer in ("serra", "casa"):
        world.join("riacho", peer)
    world.tick(30)
    pay(world, "riacho", "ana", "bia@serra", 10)
    world.tick(12)
    riacho, casa = world.nodes["riacho"], world.nodes["casa"]

    def books(node: Node) -> dict[str, int]:
        return {id: one.balance_minor for id, one in node.replica.book.ledger.accounts.items()}

    assert books(casa) == books(riacho)
    assert books(riacho)["commons.HORA"] == -20_00
    world.restart("casa")
    assert books(casa) == books(riacho)
    for lane in (IDENTITY, COMMONS, LEDGER):
        assert held(casa, riacho.network, lane) == held(riacho, riacho.network, lane)
    assert not [drop for drop in world.drops if "thief" not in drop[0]]


@pytest.mark.parametrize("epoch", [0, 1, 2])
@pytest.mark.parametrize("ahead", [1, 5])
def test_an_ended_key_signs_no_record_into_an_epoch_in_which_the_link_went_on(epoch: int, ahead: int) -> None:
    world = world_of_three()
    thief = steal(world, "riacho")
    rotate(world, "riacho")
    world.tick(30)
    pay(world, "riacho", "ana", "bia@serra", 10)
    world.tick(12)
    riacho, serra = world.nodes["riacho"], world.nodes["serra"]
    link = world.granted("serra", "links.list", LinksWanted()).items[0].id
    place = riacho.network, link_lane(parse_id(link) or b"")
    known = serra.replica.journal.held.records.newest[place]
    newest = parse(known)
    body, _ = decode_body(newest.body_bytes, {LinkRecord.KIND: LinkRecord})
    assert isinstance(body, LinkRecord) and thief.keyring is not None and newest.header.epoch == 1
    his = seal(
        thief.keyring.hot, network=riacho.network, lane=place[1], epoch=epoch, seq=newest.header.seq + ahead,
        prev=newest.id, body=encode_body(replace(body, granted=body.granted + 1), world.now), salt=bytes(16),
    )  # fmt: skip
    # He may have kept the key of the wire too; and a partner who is his accomplice shows it to the home.
    says(world, LinkNews(his.wire), "serra", "riacho")
    assert serra.replica.journal.held.records.newest[place] == known
    says(world, LinkNews(his.wire), "riacho", "serra")
    assert not riacho.replica.recovering
    for source, node in (("riacho", "serra"), ("serra", "riacho")):
        if frozenset((source, node)) not in world.joined:
            world.join(source, node)
    world.tick(12)
    pay(world, "riacho", "ana", "bia@serra", 10)
    world.tick(12)
    assert balance(world, "serra", "bia") == 20_00
    assert identity_of(riacho).epoch == 1
