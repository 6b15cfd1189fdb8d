# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a network grants on a link beyond a bound binds only as far as its cold keys have signed it."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from simulation.groups import balance, exchange, linked, offer_payment, pay, says
from simulation.theft import identity_of, reopenings, rotate, steal
from simulation.world import Node, World, whole

from protocol.book.cold import KeeperSignature, sign_claim
from protocol.book.refusals import AMOUNT_NOT_POSITIVE, SIGNATURE_INVALID, STATE_CONFLICT, TOO_FEW_SIGNATURES, Refused
from protocol.lanes.claims import ColdSignature
from protocol.lanes.entry import Entry, decode_body, encode_body, parse, seal
from protocol.peers.messages import Entries, LinkNews
from protocol.practices.between.faults.seen import Faults
from protocol.practices.between.links.entries import GrantClaim, LinkRecord, SignedGrant, link_lane
from protocol.practices.between.links.link import Link
from protocol.practices.between.links.refusals import GRANT_UNSIGNED
from protocol.practices.between.links.state import Links
from protocol.practices.between.links.views import LinkShown
from protocol.practices.between.links.wishes import AcceptLink, CapLink, GiveBackLink, ProposeLink, RaiseLink, SignGrant
from protocol.practices.between.quotes.state import AskQuote
from protocol.practices.between.quotes.views import QuoteShown
from protocol.practices.money.payments.entries import Pay
from protocol.wire.codec import decode
from protocol.wire.keys import KeyPair, parse_id
from protocol.wire.shape import from_map

BOUND = 300_00
"""What riacho's hot key may grant alone, in minor units of the link."""


class Stage:
    """Riacho, guarded by three cold keys of which two sign, and serra, with a link that grants 300 each way."""

    def __init__(self, *, hot_grant: int | None = BOUND) -> None:
        self.world = World()
        exchange(self.world, "riacho", "HORA", "ana", limit=5_000)
        exchange(self.world, "serra", "FLOR", "bia", limit=5_000)
        self.id = linked(self.world, "riacho", "serra", 300)
        self.world.tick(2)
        for name in ("riacho", "serra"):
            self.world.granted(name, "links.cap", CapLink(128, 100), subject=self.id)
        self.cold = [KeyPair.from_seed(self.world.seed()) for _ in range(3)]
        rotate(self.world, "riacho", cold=self.cold, hot_grant=hot_grant)
        self.world.tick(12)

    def link(self, name: str) -> LinkShown:
        return self.world.granted(name, "links.show", subject=self.id)

    def inner(self, name: str) -> Link:
        return self.world.nodes[name].replica.book.of(Links).by_id[parse_id(self.id) or b""]

    def raised(self, units: int) -> LinkShown | Refused:
        shown = self.world.ask("riacho", "links.raise", RaiseLink(whole(units)), subject=self.id)
        self.world.tick(2)
        return shown

    def asked(self, units: int) -> GrantClaim:
        """Return what the keepers are asked to sign for so many units in all."""
        shown = self.world.granted("riacho", "links.sign", SignGrant(whole(units)), subject=self.id)
        return from_map(GrantClaim, decode(shown.to_sign))

    def signed(self, units: int, *cold: KeyPair) -> LinkShown | Refused:
        """Hand in the signatures of these keepers, or of the first two."""
        claim = self.asked(units)
        shown = self.handed(units, by(claim, *(cold or self.cold[:2])))
        self.world.tick(2)
        return shown

    def handed(self, units: int, signatures: Sequence[KeeperSignature]) -> LinkShown | Refused:
        return self.world.ask("riacho", "links.sign", SignGrant(whole(units), tuple(signatures)), subject=self.id)

    def limits(self) -> tuple[int, int]:
        """Return what riacho grants serra, as each of them sees it."""
        return self.link("riacho").limit_given.value, self.link("serra").limit_received.value


def by(claim: GrantClaim, *cold: KeyPair) -> list[KeeperSignature]:
    return [KeeperSignature(one.public, sign_claim(one, claim)) for one in cold]


@pytest.fixture
def stage() -> Stage:
    return Stage()


# What the own node refuses, and what keepers let it write.


def test_beyond_the_bound_the_own_node_writes_no_grant_that_cold_keys_have_not_signed(stage: Stage) -> None:
    shown = stage.link("riacho")
    assert (shown.granted.value, shown.granted_signed.value) == (300_00, 0)
    assert shown.granted_hot is not None and shown.granted_hot.value == BOUND
    assert stage.link("serra").granted_hot is None, "serra's cold keys have set no bound"
    before = len(stage.world.nodes["riacho"].disk)
    refused = stage.raised(301)
    assert isinstance(refused, Refused) and refused.reason is GRANT_UNSIGNED
    assert dict(refused.figures) == {"granted": 301_00, "limit": BOUND, "unit": "HORA", "scale": 2}
    assert len(stage.world.nodes["riacho"].disk) == before
    assert isinstance(stage.signed(1_000), LinkShown)
    assert stage.limits() == (300_00, 300_00), "a signature alone grants nothing"
    assert isinstance(stage.raised(1_000), LinkShown)
    assert stage.limits() == (1_000_00, 1_000_00)
    assert stage.link("riacho").granted_signed.value == 1_000_00
    refused = stage.raised(1_001)
    assert isinstance(refused, Refused) and refused.figures["limit"] == 1_000_00
    for name in ("riacho", "serra"):
        stage.world.restart(name)
        stage.world.tick(2)
        assert stage.limits() == (1_000_00, 1_000_00)
    pay(stage.world, "serra", "bia", "ana@riacho", 900)
    assert balance(stage.world, "riacho", "ana") == 900_00
    assert not stage.world.drops


def test_a_new_link_begins_within_the_bound_and_is_raised_when_keepers_have_signed(stage: Stage) -> None:
    world = stage.world
    refused = world.ask("riacho", "links.create", ProposeLink("serra", whole(301), "HORA"))
    assert refused.reason is GRANT_UNSIGNED
    offered = world.granted("serra", "links.create", ProposeLink("riacho", whole(50), "FLOR"))
    world.tick(2)
    refused = world.ask("riacho", "links.accept", AcceptLink(whole(301), "HORA"), subject=offered.id)
    assert refused.reason is GRANT_UNSIGNED
    stage.id = world.granted("riacho", "links.create", ProposeLink("serra", whole(300), "HORA")).id
    world.tick(2)
    world.granted("serra", "links.accept", AcceptLink(whole(10), "FLOR"), subject=stage.id)
    world.tick(2)
    stage.signed(800)
    stage.raised(800)
    assert stage.limits() == (800_00, 800_00)


def test_what_the_partner_has_given_back_comes_back_by_no_old_signature(stage: Stage) -> None:
    stage.signed(1_000)
    stage.raised(1_000)
    stage.world.granted("serra", "links.give-back", GiveBackLink(whole(600)), subject=stage.id)
    stage.world.tick(2)
    assert stage.limits() == (400_00, 400_00)
    refused = stage.raised(500)
    assert isinstance(refused, Refused) and refused.figures["granted"] == 1_100_00
    replayed = stage.handed(1_100, by(replace(stage.asked(1_100), granted=1_000_00), *stage.cold))
    assert replayed == Refused(SIGNATURE_INVALID)
    stage.signed(1_100)
    stage.raised(500)
    assert stage.limits() == (500_00, 500_00)


def test_a_wrong_signature_or_too_few_change_nothing(stage: Stage) -> None:
    one, two, _ = stage.cold
    claim = stage.asked(1_000)
    stranger = KeyPair.from_seed(stage.world.seed())
    hot = stage.world.nodes["riacho"].keyring
    assert hot is not None
    before = len(stage.world.nodes["riacho"].disk)
    for wrong in (
        by(claim, one, stranger),
        by(claim, one, hot.hot),
        [*by(claim, one), *by(replace(claim, granted=2_000_00), two)],
        [*by(claim, one), *by(replace(claim, network=stage.world.nodes["serra"].network), two)],
        [*by(claim, one), *by(replace(claim, terms=replace(claim.terms, nonce=bytes(16))), two)],
        [*by(claim, one), KeeperSignature(two.public, sign_claim(one, claim))],
    ):
        assert stage.handed(1_000, wrong) == Refused(SIGNATURE_INVALID)
    for few in (by(claim, one), by(claim, one, one)):
        refused = stage.handed(1_000, few)
        assert isinstance(refused, Refused) and refused.reason is TOO_FEW_SIGNATURES
    assert len(stage.world.nodes["riacho"].disk) == before
    assert stage.inner("riacho").signed is None
    stage.signed(1_000)
    for granted in (1_000, 999, 0):
        refused = stage.handed(granted, by(claim, one, two))
        assert isinstance(refused, Refused) and refused.reason is STATE_CONFLICT
    refused = stage.handed(-5, by(claim, one, two))
    assert isinstance(refused, Refused) and refused.reason is AMOUNT_NOT_POSITIVE


def test_without_a_bound_everything_is_as_it_was_and_keepers_may_sign_all_the_same() -> None:
    stage = Stage(hot_grant=None)
    assert stage.link("riacho").granted_hot is None
    stage.raised(1_000)
    assert stage.limits() == (1_000_00, 1_000_00)
    stage.signed(1_000)
    # So the bound can be set, and what is granted already goes on.
    rotate(stage.world, "riacho", hot_grant=0)
    stage.world.tick(12)
    assert stage.limits() == (1_000_00, 1_000_00)
    assert stage.world.granted("serra", "networks.show", subject="riacho").hot_grant == 0
    refused = stage.raised(1_001)
    assert isinstance(refused, Refused) and refused.reason is GRANT_UNSIGNED
    pay(stage.world, "serra", "bia", "ana@riacho", 900)
    assert balance(stage.world, "riacho", "ana") == 900_00 and not stage.world.drops


def test_the_next_rotation_leaves_the_bound_and_cold_keys_alone_lift_it(stage: Stage) -> None:
    rotate(stage.world, "riacho")
    stage.world.tick(12)
    assert isinstance(stage.raised(301), Refused)
    rotate(stage.world, "riacho", hot_grant=2**63 - 1)
    stage.world.tick(12)
    assert stage.link("riacho").granted_hot is None
    assert isinstance(stage.raised(5_000), LinkShown)
    assert stage.limits() == (5_000_00, 5_000_00)


def test_a_signature_outlives_the_cold_keys_that_made_it_and_signs_nothing_after_them(stage: Stage) -> None:
    old = stage.cold
    stage.signed(1_000)
    stage.cold = [KeyPair.from_seed(stage.world.seed()) for _ in range(3)]
    rotate(stage.world, "riacho", cold=stage.cold)
    stage.world.tick(12)
    stage.raised(1_000)
    assert stage.limits() == (1_000_00, 1_000_00)
    assert stage.handed(2_000, by(stage.asked(2_000), *old)) == Refused(SIGNATURE_INVALID)
    stage.signed(2_000)
    stage.raised(2_000)
    assert stage.limits() == (2_000_00, 2_000_00)


# Whenever it arrives.


def test_a_partner_that_missed_the_record_with_the_signatures_has_them_from_any_later_one(stage: Stage) -> None:
    world = stage.world
    world.cut("riacho", "serra")
    stage.signed(1_000)
    stage.raised(700)
    stage.raised(1_000)
    world.join("riacho", "serra")
    world.tick(12)
    assert stage.limits() == (1_000_00, 1_000_00)
    assert not world.drops and world.nodes["serra"].replica.book.of(Faults).details == []


@pytest.mark.parametrize("hot_grant", [0, 400_00])
def test_what_was_granted_before_the_bound_binds_a_partner_that_hears_of_both_at_once(hot_grant: int) -> None:
    stage = Stage(hot_grant=None)
    world = stage.world
    world.cut("riacho", "serra")
    stage.signed(500)
    stage.raised(500)
    rotate(world, "riacho", hot_grant=hot_grant)
    world.join("riacho", "serra")
    world.tick(20)
    assert stage.limits() == (500_00, 500_00)
    assert not world.drops and world.nodes["serra"].replica.book.of(Faults).details == []


def test_a_partner_from_an_old_copy_hears_of_bound_and_signatures_again() -> None:
    stage = Stage(hot_grant=None)
    world = stage.world
    copy = len(world.nodes["serra"].disk)
    stage.signed(500)
    stage.raised(500)
    rotate(world, "riacho", hot_grant=0)
    world.tick(12)
    stage.signed(1_000)
    stage.raised(1_000)
    world.restart("serra", old_copy=copy)
    world.tick(30)
    assert stage.limits() == (1_000_00, 1_000_00)
    pay(world, "serra", "bia", "ana@riacho", 900)
    assert balance(world, "riacho", "ana") == 900_00
    assert (
        world.nodes["serra"].replica.book.of(Faults).details
        == world.nodes["riacho"].replica.book.of(Faults).details
        == []
    )


steps = st.one_of(
    st.tuples(st.just("raise"), st.integers(1, 12)),
    st.tuples(st.just("sign"), st.integers(1, 12)),
    st.tuples(st.just("give-back"), st.integers(1, 6)),
    st.tuples(st.just("pay"), st.integers(1, 6)),
    st.tuples(st.just("rotate"), st.integers(0, 12)),
    st.tuples(st.sampled_from(["cut", "join", "restart riacho", "restart serra", "tick"]), st.just(0)),
)


def do(stage: Stage, step: str, units: int) -> None:
    world, link = stage.world, stage.inner("riacho")
    match step:
        case "raise":
            stage.raised(units)
        case "sign":
            shown = world.ask("riacho", "links.sign", SignGrant(whole(units)), subject=stage.id)
            if not isinstance(shown, Refused):
                stage.signed(units, *stage.cold[1:])
        case "give-back":
            world.ask("serra", "links.give-back", GiveBackLink(whole(units)), subject=stage.id)
        case "pay":
            quote = world.start("serra", "quotes.create", AskQuote("ana@riacho", whole(units), payer="bia"))
            world.run()
            priced = world.nodes["serra"].answers.pop(quote, None)
            if isinstance(priced, QuoteShown):
                wish = Pay(payer=priced.payer, payee="ana@riacho", amount=whole(units), invoice=priced.invoice)
                world.ask("serra", "payments.create", wish)
        case "rotate":
            # The home refuses a bound under which something granted would not bind.
            unsigned = link.side.own.granted > (0 if link.signed is None else link.signed.granted)
            rotate(world, "riacho", hot_grant=max(units * 100, link.side.own.granted if unsigned else 0))
        case "cut":
            world.cut("riacho", "serra")
        case "join":
            meet(world)
        case "tick":
            world.tick(12)
        case _:
            world.restart(step.partition(" ")[2])
    world.run()


def meet(world: World) -> None:
    if frozenset(("riacho", "serra")) not in world.joined:
        world.join("riacho", "serra")


@settings(max_examples=40)
@given(st.lists(steps, max_size=14))
def test_whatever_honest_networks_grant_and_sign_both_see_the_same_limit_in_the_end(
    done: list[tuple[str, int]],
) -> None:
    stage = Stage(hot_grant=None)
    world = stage.world
    for step, hundreds in done:
        do(stage, step, hundreds * 100)
    meet(world)
    world.tick(40)
    limits = stage.limits()
    assert limits[0] == limits[1]
    assert stage.link("riacho").state == stage.link("serra").state == "open"
    assert not world.drops and world.zero_sum()
    assert (
        world.nodes["riacho"].replica.book.of(Faults).details
        == world.nodes["serra"].replica.book.of(Faults).details
        == []
    )
    for name in ("riacho", "serra"):
        world.restart(name)
        world.tick(2)
    assert stage.limits() == limits


# A thief of the hot key.


def forged(stage: Stage, thief: Node, *, epoch: int | None = None, **changed: Any) -> Entry:
    """Sign with a stolen hot key a record that says something else than the newest of riacho's on the link."""
    place = thief.network, link_lane(parse_id(stage.id) or b"")
    newest = parse(thief.replica.journal.held.records.newest[place])
    body, _ = decode_body(newest.body_bytes, {LinkRecord.KIND: LinkRecord})
    assert isinstance(body, LinkRecord) and thief.keyring is not None
    return seal(
        thief.keyring.hot, network=thief.network, lane=place[1], epoch=newest.header.epoch if epoch is None else epoch,
        seq=newest.header.seq + 1, prev=newest.id, salt=bytes(16),
        body=encode_body(replace(body, **changed), stage.world.now),
    )  # fmt: skip


def deceive(stage: Stage, **changed: Any) -> None:
    """Let a thief, in the home's absence, tell serra that riacho grants it more; then he is gone."""
    world = stage.world
    thief = steal(world, "riacho")
    world.cut("riacho", "serra")
    world.join("thief", "serra")
    world.tick(2)
    said = forged(stage, thief, **changed)
    assert says(world, LinkNews(said.wire), "serra", "thief") is None
    assert world.nodes["serra"].replica.journal.held.records.newest[thief.network, said.header.lane] == said.wire, (
        "it is taken"
    )
    # Serra goes on from it, so whoever hears of its next record knows that there was another.
    world.granted("serra", "links.cap", CapLink(100, 100), subject=stage.id)
    world.tick()
    world.cut("thief", "serra")
    del world.nodes["thief"]


MUCH = 100_000_00


@pytest.mark.parametrize("hot_grant", [0, BOUND, None])
def test_a_thief_s_grant_to_an_accomplice_is_void_at_the_home_that_knows_nothing_of_the_theft(
    hot_grant: int | None,
) -> None:
    stage = Stage(hot_grant=BOUND)
    if hot_grant != BOUND:
        stage.signed(300)
        rotate(stage.world, "riacho", hot_grant=2**63 - 1 if hot_grant is None else hot_grant)
        stage.world.tick(12)
    world = stage.world
    deceive(stage, granted=MUCH)
    world.join("riacho", "serra")
    world.tick(40)
    assert stage.link("riacho").limit_given.value == (MUCH if hot_grant is None else 300_00)
    # The accomplice's node counts what the thief has granted, whatever the rule is.
    serra = stage.inner("serra")
    serra.side = replace(serra.side, partner=replace(serra.side.partner, granted=MUCH))
    offer_payment(world, "serra", "bia", "ana@riacho", 2_000)
    world.run()
    world.tick(12)
    if hot_grant is None:
        # Without a bound the thief's word is the network's.
        assert balance(world, "riacho", "ana") == 2_000_00
        return
    assert balance(world, "riacho", "ana") == 0
    assert any("LIMIT_BROKEN" in fault for fault in world.nodes["riacho"].replica.book.of(Faults).details)
    assert [reason for _, reason in world.drops if "LIMIT_BROKEN" in reason]


@pytest.mark.parametrize("rotated", [False, True])
@pytest.mark.parametrize("signed", [None, 1_000])
def test_an_honest_partner_counts_of_a_thief_s_grant_what_cold_keys_have_signed(
    stage: Stage, signed: int | None, *, rotated: bool
) -> None:
    world = stage.world
    if signed is not None:
        stage.signed(signed)
    deceive(stage, granted=MUCH)
    binds = 300_00 if signed is None else 1_000_00
    assert stage.link("serra").limit_received.value == binds
    if rotated:
        rotate(world, "riacho")
    world.join("riacho", "serra")
    world.tick(40)
    assert stage.limits() == (binds, binds)
    # Where he has granted all that keepers had signed, that is more than the home had granted: a steward looks.
    frozen = rotated and signed is not None
    assert stage.link("riacho").state == ("frozen" if frozen else "open")
    if not frozen:
        pay(world, "serra", "bia", "ana@riacho", 250)
        assert balance(world, "riacho", "ana") == 250_00
    assert not world.drops
    assert (
        world.nodes["riacho"].replica.book.of(Faults).details
        == world.nodes["serra"].replica.book.of(Faults).details
        == []
    )


@pytest.mark.parametrize("shows", ["none", "an older one"])
def test_a_thief_takes_back_no_signatures_that_keepers_have_given(stage: Stage, shows: str) -> None:
    stage.signed(1_000)
    older = stage.inner("riacho").signed
    stage.signed(2_000)
    deceive(stage, granted=MUCH, signed=None if shows == "none" else older)
    assert stage.link("serra").limit_received.value == 2_000_00
    stage.world.join("riacho", "serra")
    stage.world.tick(40)
    assert stage.limits() == (2_000_00, 2_000_00)
    assert stage.link("riacho").granted_signed.value == 2_000_00
    for name in ("riacho", "serra"):
        stage.world.restart(name)
        stage.world.tick(2)
    assert stage.limits() == (2_000_00, 2_000_00)
    assert not stage.world.drops


def test_no_epochs_of_a_thief_lift_the_bound(stage: Stage) -> None:
    world = stage.world
    thief = steal(world, "riacho")
    world.cut("riacho", "serra")
    world.join("thief", "serra")
    world.tick(2)
    opened = reopenings(thief, 3, world.now)
    assert says(world, Entries(tuple(one.wire for one in opened)), "serra", "thief") is None
    newest = forged(stage, thief, epoch=4, granted=MUCH)
    assert says(world, LinkNews(newest.wire), "serra", "thief") is None
    assert identity_of(world.nodes["serra"], thief.network).epoch == 4
    assert stage.link("serra").limit_received.value == 300_00
    world.cut("thief", "serra")
    rotate(world, "riacho")
    for name in ("serra", "riacho"):
        world.restart(name)
    world.join("riacho", "serra")
    world.tick(40)
    # On the disk his records came before the rotation under which they are read again.
    for name in ("serra", "riacho"):
        world.restart(name)
    world.tick(12)
    assert stage.limits() == (300_00, 300_00)
    assert stage.link("serra").state == "open"


def test_signatures_that_are_not_enough_or_of_something_else_bind_nothing(stage: Stage) -> None:
    claim = stage.asked(1_000)
    great = replace(claim, granted=MUCH)
    hot = stage.world.nodes["riacho"].keyring
    assert hot is not None
    right = [ColdSignature(at, sign_claim(key, great)) for at, key in enumerate(stage.cold)]
    small = [ColdSignature(at, sign_claim(key, claim)) for at, key in enumerate(stage.cold)]
    elsewhere = replace(great, terms=replace(great.terms, nonce=bytes(16)))
    other = [ColdSignature(at, sign_claim(key, elsewhere)) for at, key in enumerate(stage.cold)]
    lies = [
        SignedGrant(MUCH, 1, ()),
        SignedGrant(MUCH, 1, (right[0],)),
        SignedGrant(MUCH, 1, (right[0], right[0])),
        SignedGrant(MUCH, 1, tuple(small)),
        SignedGrant(MUCH, 1, tuple(other)),
        SignedGrant(MUCH, 1, (*right[:2], small[2])),
        # Of an epoch whose cold key was another one, and of one that is not there.
        SignedGrant(MUCH, 0, tuple(right)),
        SignedGrant(MUCH, 2, tuple(right)),
        SignedGrant(MUCH, 0, (ColdSignature(0, sign_claim(hot.hot, great)),)),
    ]
    for lie in lies:
        deceived = Stage()
        assert deceived.cold == stage.cold and deceived.id == stage.id
        deceive(deceived, granted=MUCH, signed=lie)
        assert deceived.link("serra").limit_received.value == 300_00, lie
    for two in combinations(right, 2):
        believed = Stage()
        deceive(believed, granted=MUCH, signed=SignedGrant(MUCH, 1, two))
        assert believed.link("serra").limit_received.value == MUCH


def test_a_replica_that_takes_over_stands_on_the_same_grants(stage: Stage) -> None:
    world = stage.world
    code = world.granted("riacho", "replicas.invite").code
    world.second("casa", "riacho", code)
    world.join("riacho", "casa")
    world.tick(5)
    stage.signed(1_000)
    stage.raised(900)
    world.tick(5)
    casa = world.nodes["casa"].replica.book.of(Links).by_id[parse_id(stage.id) or b""]
    assert (casa.side.own.granted, casa.signed) == (900_00, stage.inner("riacho").signed)
    assert world.granted("casa", "links.show", subject=stage.id).granted_signed.value == 1_000_00
