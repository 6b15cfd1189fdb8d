# SPDX-License-Identifier: AGPL-3.0-or-later
"""A network that has lost all its keys gets new ones from its guardians, after a delay, unless it objects."""

from dataclasses import dataclass, replace
from typing import ClassVar

from simulation.groups import account, balance, exchange, linked, pay, says, state
from simulation.guardians import Heirs, back, heirs, key_in_force, name_guardians, recovered
from simulation.theft import identity_of, last, rotate, signed
from simulation.world import World

from protocol.book.declaration import Actor, Role
from protocol.book.refusals import (
    DUPLICATE,
    FORBIDDEN,
    KEY_UNACCEPTABLE,
    MALFORMED,
    NETWORK_UNKNOWN,
    NOT_FOUND,
    RECOVERING,
    SUCCEEDED,
    Reason,
    Refused,
)
from protocol.events import PeerUp, Publish
from protocol.lanes.claims import ColdKeys
from protocol.lanes.entry import IDENTITY, LEDGER
from protocol.peers.messages import Hello, NodeRole
from protocol.practices.between.links.wishes import LinksWanted
from protocol.practices.between.networks.known import SetProfile
from protocol.practices.between.recoveries import (
    CLAIMS_KEPT_MAX,
    NOT_GUARDIAN,
    RECOVERY_VOID,
    BackRecovery,
    ProposeRecovery,
    RecoveriesWanted,
    VetoRecovery,
)
from protocol.practices.people.invitations import Invite
from protocol.wire.codec import encode
from protocol.wire.keys import id_text
from protocol.wire.shape import to_map


@dataclass(frozen=True, slots=True)
class Nonsense:
    """What is no key event."""

    KIND: ClassVar[str] = "identity/nonsense"


DAY_MS = 24 * 3_600 * 1_000
DELAY_MS = 14 * DAY_MS
OTHERS = ("serra", "campo", "mata")


def told() -> World:
    """Riacho, with a replica casa and a link with serra, has named serra, campo and mata: two of them are needed."""
    world = World()
    exchange(world, "riacho", "HORA", "ana", "bia")
    exchange(world, "serra", "FLOR", "edna")
    exchange(world, "campo", "MATE", "eva")
    exchange(world, "mata", "FOLHA", "ivo")
    linked(world, "riacho", "serra", 100)
    linked(world, "serra", "campo", 100)
    world.join("serra", "mata")
    world.join("campo", "mata")
    world.second("casa", "riacho", world.granted("riacho", "replicas.invite").code)
    world.join("riacho", "casa")
    world.tick(3)
    name_guardians(world, "riacho", *OTHERS, needed=2, delay_ms=DELAY_MS)
    return world


def die(world: World, name: str) -> None:
    """Let a home be gone, with whatever it has."""
    for pair in [pair for pair in world.joined if name in pair]:
        world.cut(*sorted(pair))


def shown(world: World, node: str, id: str) -> str:
    return world.granted(node, "recoveries.show", subject=id).state


def test_two_of_three_guardians_give_a_network_new_keys_after_the_delay_and_it_pays_on() -> None:
    world = told()
    pay(world, "riacho", account(world, "riacho", "ana"), "edna@serra", 10)
    world.tick(2)
    die(world, "riacho")
    casa = world.nodes["casa"]
    one = heirs(world, casa, casa.transport)
    found = back(world, one, "serra", "campo")
    assert (found.state, found.due) == ("backed", max(by.at for by in found.backed) + DELAY_MS)
    assert [shown(world, node, found.id) for node in OTHERS] == ["backed"] * 3

    recovered(world, one, casa, found.document)
    world.restart("casa")
    world.join("casa", "serra")
    world.tick(3)
    assert key_in_force(world.nodes["serra"], casa.network) != one.claim.key, "its time has not come"

    world.now = found.due
    world.drops.clear()
    world.join("casa", "serra")
    world.tick(10)
    for node in OTHERS:
        assert key_in_force(world.nodes[node], casa.network) == one.claim.key
        assert shown(world, node, found.id) == "in-force"
    payment = pay(world, "casa", account(world, "casa", "bia"), "edna@serra", 5)
    world.tick(3)
    assert state(world, "casa", payment) == "posted"
    assert balance(world, "serra", "edna") == 1_500
    assert world.zero_sum()
    assert not world.drops


def in_force(world: World) -> tuple[Heirs, str]:
    """Let riacho's home be cut off, though it is not gone, and its guardians make casa the home."""
    die(world, "riacho")
    casa = world.nodes["casa"]
    one = heirs(world, casa, casa.transport)
    found = back(world, one, "serra", "campo")
    recovered(world, one, casa, found.document)
    world.now = found.due
    world.restart("casa")
    world.join("casa", "serra")
    world.tick(10)
    assert all(key_in_force(world.nodes[node], casa.network) == one.claim.key for node in OTHERS)
    return one, found.id


def test_new_keys_stand_under_the_bound_on_grants_that_the_lost_ones_had_set() -> None:
    world = told()
    rotate(world, "riacho", hot_grant=200_00)
    world.tick(5)
    in_force(world)
    for node in ("casa", *OTHERS):
        assert identity_of(world.nodes[node], world.nodes["casa"].network).hot_grant == 200_00


def refused(world: World, node: str, operation: str, wish: object, id: str = "") -> Reason:
    answer = world.ask(node, operation, wish, subject=id)
    assert isinstance(answer, Refused)
    return answer.reason


def test_the_network_stops_a_recovery_while_the_delay_runs() -> None:
    world = told()
    riacho, casa = world.nodes["riacho"], world.nodes["casa"]
    one = heirs(world, casa, casa.transport)
    found = back(world, one, "serra", "campo")
    assert shown(world, "riacho", found.id) == "backed"
    assert world.granted("riacho", "recoveries.veto", VetoRecovery(), subject=found.id).state == "void"
    world.tick(12)
    assert [shown(world, node, found.id) for node in OTHERS] == ["void"] * 3
    assert refused(world, "mata", "recoveries.back", BackRecovery(), found.id) is RECOVERY_VOID
    assert refused(world, "riacho", "recoveries.veto", VetoRecovery(), found.id) is RECOVERY_VOID

    die(world, "casa")
    world.now = found.due
    stray = world.nodes["casa"]
    stray.disk = [entry for entry in stray.disk if (entry.network, entry.header.epoch) != (riacho.network, 2)]
    recovered(world, one, stray, found.document)
    world.restart("casa")
    world.join("casa", "serra")
    world.tick(5)
    for node in ("riacho", *OTHERS):
        assert identity_of(world.nodes[node], riacho.network).epochs[one.claim.epoch].recovered is None
    assert refused(world, "casa", "replicas.invite", None) is RECOVERING, "it is nobody's home"
    pay(world, "riacho", account(world, "riacho", "ana"), "edna@serra", 10)


def test_a_home_that_was_cut_off_loses_nothing_by_a_recovery_and_undoes_it_by_a_late_veto() -> None:
    world = told()
    riacho, casa = world.nodes["riacho"], world.nodes["casa"]
    die(world, "riacho")
    world.granted("riacho", "invitations.create", Invite())
    own = riacho.replica.journal.held.head(riacho.network, LEDGER)
    _, id = in_force(world)
    pay(world, "casa", account(world, "casa", "bia"), "edna@serra", 5)
    world.tick(2)

    world.join("riacho", "campo")
    world.tick(3)
    assert riacho.replica.succeeded
    assert refused(world, "riacho", "replicas.invite", None) is SUCCEEDED
    assert riacho.replica.journal.held.head(riacho.network, LEDGER) == own
    assert shown(world, "riacho", id) == "due"

    assert world.granted("riacho", "recoveries.veto", VetoRecovery(), subject=id).state == "void"
    for peer in ("campo", "mata"):
        if frozenset(("riacho", peer)) in world.joined:
            world.cut("riacho", peer)
        world.join("riacho", peer)
    world.tick(5)
    assert not riacho.replica.succeeded
    for node in OTHERS:
        assert key_in_force(world.nodes[node], riacho.network) == riacho.replica.journal.signer
        assert shown(world, node, id) == "void"
    world.join("casa", "serra")
    world.tick(3)
    assert casa.replica.succeeded
    world.granted("riacho", "replicas.invite")
    for node in OTHERS:
        world.restart(node)
        assert shown(world, node, id) == "void"
    assert world.zero_sum()


def test_cold_keys_that_turn_up_late_take_the_network_back() -> None:
    world = told()
    riacho = world.nodes["riacho"]
    _, id = in_force(world)
    rotate(world, "riacho")
    world.join("riacho", "campo")
    world.tick(5)
    for node in OTHERS:
        assert identity_of(world.nodes[node], riacho.network).epochs[-1].by_cold_keys
        assert shown(world, node, id) == "void"
    world.join("casa", "serra")
    world.tick(3)
    assert world.nodes["casa"].replica.succeeded


def test_a_guardian_loses_nothing_by_its_word_and_pays_on() -> None:
    world = told()
    die(world, "riacho")
    casa = world.nodes["casa"]
    back(world, heirs(world, casa), "serra", "campo")
    assert identity_of(world.nodes["serra"]).epoch == 1
    payment = pay(world, "serra", account(world, "serra", "edna"), "eva@campo", 10)
    assert state(world, "serra", payment) == "posted"
    world.restart("serra")
    world.tick(3)
    payment = pay(world, "serra", account(world, "serra", "edna"), "eva@campo", 10)
    assert state(world, "serra", payment) == "posted"
    assert balance(world, "campo", "eva") == 2_000


def test_stewards_of_the_network_its_guardians_and_partners_hear_of_a_recovery_and_nobody_else() -> None:
    world = told()
    exchange(world, "vale", "MEL", "rui")
    world.join("vale", "mata")
    world.tick(3)
    found = back(world, heirs(world, world.nodes["casa"]), "campo")

    def heard(node: str) -> list[str]:
        events = world.nodes[node].events
        return [one.resource for one in events if isinstance(one, Publish) and one.type == "recovery.backed"]

    assert [heard(node) for node in ("riacho", *OTHERS)] == [[found.id]] * 4
    assert heard("vale") == []
    assert [one.id for one in world.granted("vale", "recoveries.list", RecoveriesWanted()).items] == [found.id]
    linked(world, "vale", "riacho", 10)
    world.granted("serra", "recoveries.back", BackRecovery(), subject=found.id)
    world.tick(3)
    assert heard("vale") == [found.id]


def test_what_is_no_claim_of_a_network_that_one_guards_is_refused_and_changes_nothing() -> None:
    world = told()
    exchange(world, "vale", "MEL", "rui")
    world.join("vale", "mata")
    world.tick(3)
    good = heirs(world, world.nodes["casa"])
    before = world.nodes["serra"].disk[:]

    def proposed(node: str, **changes: object) -> Reason:
        claim = replace(good.claim, **changes)
        return refused(world, node, "recoveries.propose", ProposeRecovery(encode(to_map(claim))))

    assert proposed("vale") is NOT_GUARDIAN
    assert proposed("riacho") is NOT_GUARDIAN
    assert proposed("serra", network=bytes(32)) is NETWORK_UNKNOWN
    assert proposed("serra", epoch=1) is RECOVERY_VOID
    assert proposed("serra", epoch=3) is RECOVERY_VOID
    assert proposed("serra", key=bytes(32)) is KEY_UNACCEPTABLE
    assert proposed("serra", cold=ColdKeys((good.claim.key,), 2)) is KEY_UNACCEPTABLE
    for nonsense in (b"", b"\xa0", encode((1, 2)), good.document[:-1]):
        wish = ProposeRecovery(nonsense)
        assert refused(world, "serra", "recoveries.propose", wish) is MALFORMED
    unknown = id_text(good.claim.digest)
    for operation, wish in (("back", BackRecovery()), ("veto", VetoRecovery())):
        assert refused(world, "serra", f"recoveries.{operation}", wish, unknown) is NOT_FOUND
    assert world.nodes["serra"].disk == before

    found = back(world, good, "serra")
    assert refused(world, "serra", "recoveries.back", BackRecovery(), found.id) is DUPLICATE
    assert proposed("serra") is DUPLICATE
    assert refused(world, "campo", "recoveries.veto", VetoRecovery(), found.id) is FORBIDDEN
    member = Actor(Role.MEMBER)
    for operation, wish in (("back", BackRecovery()), ("veto", VetoRecovery())):
        answer = world.ask("riacho", f"recoveries.{operation}", wish, subject=found.id, actor=member)
        assert answer.reason is FORBIDDEN


def test_a_recovery_that_too_few_back_gives_no_document() -> None:
    world = told()
    one = heirs(world, world.nodes["casa"])
    found = back(world, one, "serra")
    assert (found.state, found.due, found.document, found.needed) == ("proposed", None, None, 2)
    found = back(world, one, "campo")
    assert found.state == "backed"
    first = found.due
    found = world.granted("mata", "recoveries.back", BackRecovery(), subject=found.id)
    assert len(found.backed) == 3
    assert found.due == first, "a third guardian's word does not put it off"


def test_a_network_may_show_many_claims_and_the_newest_are_kept_until_it_is_heard_anew() -> None:
    world = told()
    claims = [heirs(world, world.nodes["casa"]) for _ in range(CLAIMS_KEPT_MAX + 1)]
    for one in claims:
        world.granted("serra", "recoveries.propose", ProposeRecovery(one.document))
    world.tick(3)
    for node in ("serra", "mata"):
        found = {one.id for one in world.granted(node, "recoveries.list", RecoveriesWanted()).items}
        assert found == {id_text(one.claim.digest) for one in claims[1:]}
        world.restart(node)
    listed = world.granted("mata", "recoveries.list", RecoveriesWanted(id_text(world.nodes["riacho"].network)))
    assert len(listed.items) == CLAIMS_KEPT_MAX
    assert world.granted("mata", "recoveries.list", RecoveriesWanted(id_text(bytes(32)))).items == ()
    assert refused(world, "mata", "recoveries.list", RecoveriesWanted("riacho")) is NETWORK_UNKNOWN


def test_only_guardians_put_a_claim_before_others() -> None:
    world = told()
    one = heirs(world, world.nodes["casa"])
    back(world, one, "serra")
    rotate(world, "riacho")
    world.tick(5)
    assert len(world.granted("mata", "recoveries.list", RecoveriesWanted()).items) == 1
    name_guardians(world, "riacho", "mata", needed=1, delay_ms=DELAY_MS)
    assert world.granted("mata", "recoveries.list", RecoveriesWanted()).items == ()
    assert refused(world, "mata", "recoveries.show", None, id_text(one.claim.digest)) is NOT_FOUND


def test_everybody_sees_whom_a_network_has_named() -> None:
    world = told()
    seen = world.granted("mata", "networks.show", subject="riacho")
    assert seen.guardians == tuple(id_text(world.nodes[one].network) for one in OTHERS)
    assert (seen.guardians_needed, seen.recovery_delay_ms) == (2, DELAY_MS)
    seen = world.granted("mata", "networks.show", subject="serra")
    assert (seen.guardians, seen.guardians_needed, seen.recovery_delay_ms) == ((), None, None)


def test_after_a_late_veto_a_link_on_which_the_partner_took_the_heirs_records_stays_read_only() -> None:
    world = told()
    _, id = in_force(world)
    pay(world, "casa", account(world, "casa", "bia"), "edna@serra", 5)
    world.tick(2)
    world.join("riacho", "campo")
    world.tick(3)
    world.granted("riacho", "recoveries.veto", VetoRecovery(), subject=id)
    world.cut("riacho", "campo")
    world.drops.clear()
    world.join("riacho", "campo")
    world.join("riacho", "serra")
    world.tick(30)
    [link] = world.granted("riacho", "links.list", LinksWanted()).items
    assert (link.state, link.net_debt.value) == ("recovering", 0), "what it has not signed it does not owe"
    assert {peer for peer, _ in world.drops} <= {"casa"}, "nobody takes the other for a liar"
    renamed = SetProfile(name="Riacho Claro")
    world.granted("riacho", "networks.set-profile", renamed, subject=id_text(world.nodes["riacho"].network))
    world.tick(3)
    assert world.granted("mata", "networks.show", subject="riacho").name == "Riacho Claro"
    assert world.zero_sum()


def test_a_hello_whose_key_events_cannot_be_read_ends_the_connection_and_nothing_else() -> None:
    world = told()
    exchange(world, "vale", "MEL", "rui")
    riacho = world.nodes["riacho"]
    unknown = signed(riacho, IDENTITY, Nonsense(), last(riacho, IDENTITY), epoch=2, at_ms=world.now)
    nonsense = signed(riacho, IDENTITY, Nonsense(), unknown, epoch=3, at_ms=world.now)
    world.joined.add(frozenset(("vale", "mata")))
    world.give("mata", PeerUp("vale", bytes(32), False))
    hello = Hello(riacho.network, NodeRole.HOME, (nonsense.wire,))
    assert says(world, hello, "mata", "vale") is not None
    assert identity_of(world.nodes["mata"], riacho.network).epoch == 1
