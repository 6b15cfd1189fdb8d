# SPDX-License-Identifier: AGPL-3.0-or-later
"""A link's record can always be written, sent and read again, however much is open and however long the routes are."""

import pytest
from simulation.groups import exchange, linked, offer_payment
from simulation.world import World, whole

from crdt.link.record import HOLDS_STRUCTURAL_MAX, INT64_MAX
from protocol.book.declaration import Desk, Plan
from protocol.book.refusals import REASON_CODE_CHARS_MAX
from protocol.lanes.claims import (
    COLD_KEYS_MAX,
    HOT_GRANT_MAX,
    ColdKeys,
    ColdSignature,
    LaneHead,
    Rotation,
    RotationClaim,
)
from protocol.lanes.entry import COMMONS, IDENTITY, LEDGER, encode_body
from protocol.practices.between.abroad import arriving, holds
from protocol.practices.between.links import records
from protocol.practices.between.links import terms as links
from protocol.practices.between.links.entries import (
    ONWARD_BYTES_MAX,
    RATE_TERM_MAX,
    AckItem,
    ClaimItem,
    HoldItem,
    LinkRecord,
    Settings,
    SignedGrant,
    Terms,
    WaiveItem,
    link_lane,
)
from protocol.practices.between.links.link import ONWARD_BYTES_TOTAL_MAX, Link
from protocol.practices.between.links.state import LINKS_MAX, Links
from protocol.practices.between.links.steps import Place, Waive
from protocol.practices.between.links.wishes import AcceptLink, CapLink, LinksWanted, ProposeLink
from protocol.wire.codec import ENTRY_BYTES_MAX


def the_link(world: World, name: str) -> Link:
    return next(iter(world.nodes[name].replica.book.of(Links).by_id.values()))


@pytest.mark.parametrize("onward_bytes", [1, 430, 1_100, ONWARD_BYTES_MAX])
def test_a_node_starts_again_with_all_the_holds_that_it_would_place(onward_bytes: int) -> None:
    world = World()
    exchange(world, "riacho", "HORA", "ana")
    exchange(world, "serra", "FLOR", "bia")
    id = linked(world, "riacho", "serra", 1_000)
    world.granted("riacho", "links.cap", CapLink(HOLDS_STRUCTURAL_MAX, 100), subject=id)
    world.tick(2)
    world.cut("riacho", "serra")
    replica, link = world.nodes["riacho"].replica, the_link(world, "riacho")
    for number in range(HOLDS_STRUCTURAL_MAX + 1):
        hold = HoldItem(number.to_bytes(16, "big"), 1, bytes(32), bytes(onward_bytes))
        refused = link.refusal(Place(link.id, hold))
        if refused is not None:
            break
        replica.book.of(Links).take(replica.book, Place(link.id, hold))
    assert refused is not None and refused.reason.code == "LINK_HOLDS_EXCEEDED"
    assert number == min(HOLDS_STRUCTURAL_MAX, ONWARD_BYTES_TOTAL_MAX // onward_bytes)
    world.tick(1)
    world.restart("riacho")
    assert len(the_link(world, "riacho").side.own.holds) == number
    world.join("riacho", "serra")
    world.tick(12)
    assert not world.drops and not the_link(world, "riacho").side.holds_out


def test_the_longest_record_fits_into_an_entry() -> None:
    ids = [(2**128 - 1 - number).to_bytes(16, "big") for number in range(HOLDS_STRUCTURAL_MAX)]
    each, more = divmod(ONWARD_BYTES_TOTAL_MAX, HOLDS_STRUCTURAL_MAX)
    longest = "X" * REASON_CODE_CHARS_MAX
    answers = [(ClaimItem(id, bytes(32)), WaiveItem(id, longest)) for id in ids]
    for claims, waived in ((tuple(one for one, _ in answers), ()), ((), tuple(one for _, one in answers))):
        record = LinkRecord(
            Terms(bytes(32), bytes(32), "W" * 12, 9, bytes(16)),
            Settings("W" * 12, RATE_TERM_MAX, RATE_TERM_MAX, INT64_MAX, HOLDS_STRUCTURAL_MAX, 100),
            INT64_MAX,
            INT64_MAX,
            INT64_MAX,
            INT64_MAX,
            INT64_MAX,
            tuple(HoldItem(id, INT64_MAX, bytes(32), bytes(each + more)) for id in ids),
            claims,
            waived,
            2**31,
            AckItem(2**31, INT64_MAX, bytes(32)),
            SignedGrant(INT64_MAX, 2**31, tuple(ColdSignature(index, bytes(64)) for index in range(COLD_KEYS_MAX))),
        )
        assert len(encode_body(record, 2**47)) < ENTRY_BYTES_MAX


def test_the_longest_key_event_fits_into_an_entry() -> None:
    lanes = [IDENTITY, COMMONS, LEDGER, *(link_lane(number.to_bytes(32, "big")) for number in range(LINKS_MAX))]
    heads = tuple(LaneHead(lane, 2**53, bytes(32)) for lane in lanes)
    cold = ColdKeys(tuple(bytes(32) for _ in range(COLD_KEYS_MAX)), COLD_KEYS_MAX)
    claim = RotationClaim(bytes(32), 2**31, bytes(32), bytes(32), bytes(32), heads, cold, HOT_GRANT_MAX)
    signatures = tuple(ColdSignature(index, bytes(64)) for index in range(COLD_KEYS_MAX))
    body = encode_body(Rotation(claim, signatures), 2**47)
    assert len(body) < ENTRY_BYTES_MAX - 1_024


def test_offers_that_nobody_took_up_leave_room_for_our_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(links, "LINKS_MAX", 2)
    monkeypatch.setattr(records, "OFFERS_MAX", 2)
    world = World()
    exchange(world, "riacho", "HORA", "ana")
    for name in ("serra", "encants", "campo"):
        exchange(world, name, "FLOR")
        world.join("riacho", name)
        world.tick(2)
        world.granted(name, "links.create", ProposeLink("riacho", whole(10), "FLOR"))
    listed = world.granted("riacho", "links.list", LinksWanted()).items
    assert [link.partner_handle for link in listed] == ["serra", "encants"]
    assert world.granted("riacho", "links.create", ProposeLink("campo", whole(10), "HORA")).state == "proposed"
    accept = AcceptLink(whole(10), "HORA")
    assert world.granted("riacho", "links.accept", accept, subject=listed[0].id).state == "open"
    # Two are begun: that is as many as a key event may name.
    assert world.ask("riacho", "links.accept", accept, subject=listed[1].id).reason.code == "OVERLOADED"
    assert world.ask("riacho", "links.create", ProposeLink("serra", whole(1), "HORA")).reason.code == "OVERLOADED"


SEEDLINGS = "\N{SEEDLING}" * REASON_CODE_CHARS_MAX


@pytest.mark.parametrize(("word", "shown"), [(SEEDLINGS, "PARTNER_REFUSED"), ("HARVEST_OVER", "HARVEST_OVER")])
def test_a_code_that_only_a_partner_knows_is_kept_and_its_own_words_travel_no_further(
    monkeypatch: pytest.MonkeyPatch, word: str, shown: str
) -> None:
    world = World()
    exchange(world, "riacho", "HORA", "ana")
    exchange(world, "serra", "FLOR")
    exchange(world, "encants", "ECO", "clara")
    linked(world, "riacho", "serra", 1_000)
    linked(world, "serra", "encants", 1_000)
    world.tick(2)
    honest, encants = arriving.answer_hold, world.nodes["encants"].network

    def answer(desk: Desk, link: Link, hold: bytes) -> Plan:
        if desk.book.network == encants:
            return Plan("", steps=(Waive(link.id, hold, word),))
        return honest(desk, link, hold)

    monkeypatch.setattr(holds, "answer_hold", answer)
    request = offer_payment(world, "riacho", "ana", "clara@encants", 10, "serra")
    world.tick(2)
    payment = world.granted("riacho", "payments.show", subject=world.nodes["riacho"].answers[request].id)
    assert (payment.state, payment.reason) == ("voided", shown)
    theirs = {one.network for one in world.nodes["serra"].disk if word.encode() in one.body_bytes}
    assert (theirs == {encants}) is (shown != word)
