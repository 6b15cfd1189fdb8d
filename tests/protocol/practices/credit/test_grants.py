# SPDX-License-Identifier: AGPL-3.0-or-later
"""A barter club grants what its sellers can carry: one grant a person, with an offer and two who vouch, under a cap."""

from typing import Any

import pytest

from protocol.book.refusals import (
    CURRENCY_CLOSED,
    CURRENCY_UNKNOWN,
    DUPLICATE,
    FORBIDDEN,
    MEMBER_NOT_ACTIVE,
    MEMBER_UNKNOWN,
    NOT_FOUND,
    STATE_CONFLICT,
    Refused,
)
from protocol.book.signed import parse_uuid
from protocol.book.wishes import Brought
from protocol.practices.credit.circulation import OVER_ISSUE, Circulation
from protocol.practices.credit.grants.entries import GrantIssued, GrantRequested, GrantSponsored, SponsorGrant
from protocol.practices.credit.grants.rules import GRANTED_BEFORE, OFFER_NEEDED, SPONSORS_MISSING
from protocol.practices.credit.grants.state import GrantState
from protocol.practices.credit.grants.views import GrantsWanted, RequestGrant, WithdrawGrant
from protocol.practices.governance.errands import ErrandSpan, ErrandsWanted
from protocol.practices.market.wishes import WithdrawOffer
from protocol.practices.money.currencies.views import CloseCurrency
from protocol.practices.money.payments.entries import Pay, ReversePayment
from protocol.practices.people.members.views import Suspend
from tests.protocol.practices.credit.club import CODE, Club, club, credits_of
from tests.protocol.practices.desk import DAY_MS, copy_of, keys_of, snapshot

OTHERS = tuple(f"member-{number}" for number in range(117))


def trading() -> Club:
    """120 members who hold 45.00 each, 5,400.00 in all; 20 of them were paid on day 0, all others on day 30."""
    told = club()
    told.quick = True
    told.admit(*OTHERS, custodial=True)
    everybody = ("ana", "bia", "caio", *OTHERS)
    told.open_with(dict.fromkeys(everybody, 45_00))
    for place in range(20):
        told.say(everybody[100 + place], everybody[100 + (place + 1) % 20], 1_00)
    told.now += 30 * DAY_MS
    for place in range(100):
        told.say(everybody[place], everybody[(place + 1) % 100], 1_00)
    told.quick = False
    return told


@pytest.fixture
def riacho() -> Club:
    told = club()
    told.admit("dora", "elio", custodial=True)
    told.admit("fia")
    told.set("circulation.base", "100", CODE)
    told.offer("dora")
    return told


def asked(told: Club, handle: str, minor: int, **changed: Any) -> Any:
    return told.ask(handle, "grants.request", RequestGrant(CODE, credits_of(minor), **changed))


def sponsor(told: Club, grant: str, by: str) -> Any:
    return told.ask(by, "grants.sponsor", SponsorGrant(parse_uuid(grant) or b""), grant)


def granted(told: Club, handle: str, minor: int, *sponsors: str) -> Any:
    """Ask for a grant for which these vouch; returns what is shown last."""
    shown = asked(told, handle, minor)
    assert not isinstance(shown, Refused), shown
    for by in sponsors:
        shown = sponsor(told, shown.id, by)
    return shown


def weekly(told: Club) -> list[tuple[str, int]]:
    listed = told.listed("steward", "errands.list", ErrandsWanted(ErrandSpan.WEEK))
    return [(one.sentence, one.figure.value) for one in listed if one.sentence.startswith("circulation")]


def test_the_cap_follows_from_who_has_sold() -> None:
    told = trading()
    shown = told.circulation()
    assert (shown.circulating, shown.sellers, shown.cap) == (credits_of(5_400_00), 120, credits_of(6_000_00))
    assert (shown.available, shown.warnings) == (credits_of(600_00), ("NEAR_CAP", "OFFERS_THIN"))
    assert weekly(told) == [("circulation.offers_thin", 5_400_00), ("circulation.near_cap", 600_00)]
    told.admit("zoe", custodial=True)
    told.offer("zoe")
    refused = asked(told, "zoe", 700_00)
    assert refused.reason is OVER_ISSUE and refused.figures["available"] == 600_00
    assert refused.figures["cap"] == 6_000_00
    assert granted(told, "zoe", 600_00, "ana", "bia").state is GrantState.ISSUED
    assert told.balance("zoe", CODE) == 600_00 and told.circulation().circulating == credits_of(6_000_00)
    assert told.news[-1].type == "circulation.near-cap"
    told.say("zoe", "member-100", 600_00)
    told.do("steward", "members.suspend", Suspend(), "zoe")
    assert told.circulation().circulating == credits_of(6_000_00), "what goes from hand to hand is still there"


def test_1000_kits_for_who_is_no_member_are_refused(riacho: Club) -> None:
    written = len(riacho.entries)
    for number in range(1_000):
        wish = RequestGrant(CODE, credits_of(50_00), member=f"buyer-{number}")
        planned = riacho.plan("grants.request", riacho.actor("steward"), wish)
        assert isinstance(planned, Refused) and planned.reason is MEMBER_UNKNOWN
    riacho.join("gil", custodial=True)
    assert asked(riacho, "gil", 50_00).reason is MEMBER_NOT_ACTIVE, "who waits to be let in"
    nobody = GrantRequested(bytes(16), "A" * 26, CODE, 50_00, bytes(16))
    assert riacho.check(nobody) is MEMBER_UNKNOWN
    assert not any(isinstance(one.body, GrantRequested) for one in riacho.written[written:])


def test_when_20_lapse_too_much_circulates_and_nothing_is_granted() -> None:
    told = trading()
    told.now += 61 * DAY_MS
    shown = told.circulation()
    assert (shown.sellers, shown.cap, shown.over_issued) == (100, credits_of(5_000_00), credits_of(400_00))
    assert (shown.available, shown.warnings) == (credits_of(0), ("OVER_ISSUED", "OFFERS_THIN"))
    assert weekly(told) == [("circulation.over_issued", 400_00), ("circulation.offers_thin", 5_400_00)]
    told.offer("ana")
    refused = asked(told, "ana", 1)
    assert refused.reason is OVER_ISSUE and refused.figures["available"] == 0


def test_a_grant_takes_an_offer_and_two_who_vouch(riacho: Club) -> None:
    first = asked(riacho, "dora", 50_00)
    assert (first.state, first.sponsors_missing, first.member) == (GrantState.REQUESTED, 2, "dora")
    assert sponsor(riacho, first.id, "ana").sponsors_missing == 1
    assert riacho.balance("dora", CODE) == 0
    # Who has a key signs; a steward brings it, or she herself.
    vouches = SponsorGrant(parse_uuid(first.id) or b"", riacho.member("fia").id)
    signed = riacho.sign("grants.sponsor", vouches, keys_of("fia"))
    last = riacho.do("fia", "grants.sponsor", Brought(signed), first.id)
    assert (last.state, last.sponsors, last.sponsors_missing) == (GrantState.ISSUED, ("ana", "fia"), 0)
    assert riacho.balance("dora", CODE) == 50_00
    [line] = riacho.statement("dora", "dora")
    assert (line.kind, line.counterpart, line.amount) == ("grant", "grants", credits_of(50_00))
    shown = riacho.circulation()
    assert (shown.circulating, shown.granted, shown.available) == (
        credits_of(50_00),
        credits_of(50_00),
        credits_of(50_00),
    )
    [listed] = riacho.listed("elio", "grants.list", GrantsWanted(member="dora", state=GrantState.ISSUED))
    assert listed == last
    assert asked(riacho, "dora", 1).reason is GRANTED_BEFORE
    assert riacho.check(GrantRequested(bytes(16), riacho.member("dora").id, CODE, 1, bytes(16))) is GRANTED_BEFORE
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_what_is_no_grant(riacho: Club) -> None:
    assert asked(riacho, "elio", 50_00).reason is OFFER_NEEDED
    offer = parse_uuid(riacho.offer("ana")) or b""
    assert asked(riacho, "elio", 50_00, offer=offer).reason is OFFER_NEEDED, "it is another's"
    assert asked(riacho, "ana", 1_00, member="dora").reason is FORBIDDEN
    shown = riacho.ask("dora", "grants.request", RequestGrant("FLOR", credits_of(1_00)))
    assert shown.reason is CURRENCY_UNKNOWN
    grant = asked(riacho, "dora", 50_00).id
    assert sponsor(riacho, grant, "dora").reason is FORBIDDEN
    sponsor(riacho, grant, "ana")
    assert sponsor(riacho, grant, "ana").reason is DUPLICATE
    assert riacho.refusal("fia", "grants.sponsor", SponsorGrant(parse_uuid(grant) or b""), grant) is FORBIDDEN
    assert sponsor(riacho, "7b7c9f6e-0000-4000-8000-000000000000", "bia").reason is NOT_FOUND
    assert riacho.refusal("bia", "grants.withdraw", WithdrawGrant(), grant) is FORBIDDEN
    assert riacho.refusal("bia", "grants.withdraw", WithdrawGrant(), "nonsense") is NOT_FOUND
    riacho.do("steward", "members.suspend", Suspend(), "dora")
    assert sponsor(riacho, grant, "bia").reason is MEMBER_NOT_ACTIVE
    assert asked(riacho, "dora", 1_00).reason is MEMBER_NOT_ACTIVE


def test_the_last_signature_finds_no_offer_or_no_room_any_more(riacho: Club) -> None:
    offer = riacho.offer("elio")
    grant = asked(riacho, "elio", 80_00).id
    other = granted(riacho, "dora", 30_00, "ana", "bia")
    assert other.state is GrantState.ISSUED
    sponsor(riacho, grant, "ana")
    refused = sponsor(riacho, grant, "bia")
    assert refused.reason is OVER_ISSUE and refused.figures["available"] == 70_00
    riacho.do("elio", "offers.withdraw", WithdrawOffer(), offer)
    assert sponsor(riacho, grant, "bia").reason is OFFER_NEEDED
    riacho.do("elio", "grants.withdraw", WithdrawGrant(), grant)
    assert sponsor(riacho, grant, "bia").reason is STATE_CONFLICT
    riacho.offer("elio", "Jam")
    assert granted(riacho, "elio", 70_00, "ana", "bia").state is GrantState.ISSUED


def test_no_node_takes_a_grant_that_nobody_vouches_for(riacho: Club) -> None:
    name = parse_uuid(asked(riacho, "dora", 50_00).id) or b""
    assert riacho.check(GrantIssued(name)) is SPONSORS_MISSING
    assert riacho.check(GrantIssued(bytes(16))) is NOT_FOUND
    assert riacho.check(GrantSponsored(None, SponsorGrant(name, riacho.member("fia").id))) is FORBIDDEN
    assert riacho.check(GrantSponsored(None, SponsorGrant(name, "nobody"))) is MEMBER_UNKNOWN


def test_a_closed_currency_grants_nothing(riacho: Club) -> None:
    grant = asked(riacho, "dora", 50_00).id
    sponsor(riacho, grant, "ana")
    riacho.do("steward", "currencies.close", CloseCurrency(), CODE)
    assert sponsor(riacho, grant, "bia").reason is CURRENCY_CLOSED
    riacho.offer("elio", prices=())
    assert asked(riacho, "elio", 1_00).reason is CURRENCY_CLOSED


def test_who_sells_is_counted_once_and_not_who_has_left(riacho: Club) -> None:
    granted(riacho, "dora", 50_00, "ana", "bia")
    riacho.say("dora", "elio", 10_00)
    pays = Pay(payer="dora", payee="elio", amount=credits_of(10_00))
    paid = riacho.do("dora", "payments.create", pays).id
    riacho.say("elio", "dora", 5_00)
    assert riacho.circulation().sellers == 2
    riacho.do("elio", "payments.reverse", ReversePayment(parse_uuid(paid) or b""), paid)
    assert riacho.circulation().sellers == 2
    riacho.leave("elio")
    shown = riacho.circulation()
    assert (shown.sellers, shown.circulating) == (1, credits_of(45_00))
    held = sum(max(0, one.balance_minor) for one in riacho.book.ledger.accounts.values() if one.member)
    assert riacho.book.of(Circulation).held[CODE] == held
