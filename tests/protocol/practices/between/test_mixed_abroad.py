# SPDX-License-Identifier: AGPL-3.0-or-later
"""One payment in two currencies to another network: 100 = 40 and 60, all of it or nothing, whatever befalls."""

from dataclasses import replace
from typing import Any

import pytest
from simulation.faults import Death, FaultyWorld
from simulation.mixed import (
    FORTY_AND_SIXTY,
    accepted,
    account_of,
    ask_price,
    at_odds,
    balances_of,
    link_of,
    start_mixed,
    states_of,
    two_by_two,
)
from simulation.network import RoughNetwork
from simulation.world import World, whole

from protocol.book.issuer_groups import NOT_IN_GROUP
from protocol.book.money import Amount
from protocol.book.parameters import Decided, Setting, Stored
from protocol.book.plans import Actor, Plan, Role
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    AMOUNT_NOT_POSITIVE,
    CURRENCY_MISMATCH,
    FORBIDDEN,
    LIMIT_EXCEEDED,
    MALFORMED,
    MEMBER_UNKNOWN,
    ORDER_MISMATCH,
    PEER_UNREACHABLE,
    Refused,
)
from protocol.book.signed import parse_uuid
from protocol.book.timezones import DAY_MS, MINUTE_MS
from protocol.book.wishes import Brought, sign_wish
from protocol.events import TimerFired
from protocol.lanes.entry import IDENTITY, LEDGER
from protocol.peers.messages import ALSO_MAX, LinkNews, QuoteWanted, pack, unpack
from protocol.practices import PRACTICES
from protocol.practices.between.acceptances import SetAcceptance
from protocol.practices.between.links.refusals import LINK_LIMIT_EXCEEDED, LINK_NOT_OPEN
from protocol.practices.between.links.steps import Claim
from protocol.practices.between.links.wishes import FreezeLink
from protocol.practices.between.mixed import arriving
from protocol.practices.between.mixed.asking import AskMixedQuote
from protocol.practices.between.mixed.refusals import MIXED_DIRECT_ONLY, MIXED_NOT_KNOWN_THERE
from protocol.practices.between.quotes.answers import HOLD_WAIT_MS
from protocol.practices.between.quotes.invoices import INVOICE_LIFE_MS
from protocol.practices.between.quotes.refusals import ACCEPTANCE_LIMIT, QUOTE_EXPIRED, QUOTE_UNKNOWN
from protocol.practices.governance.bylaws.state import Bylaws, How, RuleStep
from protocol.practices.money.currencies.views import CloseCurrency
from protocol.practices.money.daycaps import PAYMENT_DAY_CAP, RULE_CAP
from protocol.practices.money.issuer_groups import KeepCurrency, MakeIssuerGroup
from protocol.practices.money.mixed.entries import LEGS_MAX, PayMixed
from protocol.practices.money.payments.entries import Pay
from protocol.practices.money.payments.paying import MAX_DEBIT_EXCEEDED
from protocol.practices.money.receipts import verify_receipt
from protocol.practices.people.authority import PAYMENT_EXISTS
from protocol.practices.people.invitations import Invite
from protocol.practices.people.joinings import sign_joining
from protocol.practices.people.members.views import Approve, Join
from protocol.wire.keys import KeyPair, id_text

PAID = (-40_00, -60_00, 40_00, 60_00)
NOTHING = (0, 0, 0, 0)
WAIT_SECONDS = HOLD_WAIT_MS // 1_000
FLOR, REAL = FORTY_AND_SIXTY


def told(shown: Any) -> Refused:
    assert isinstance(shown, Refused), shown
    return shown


def keep_flor(world: World) -> None:
    """Let FLOR be paid among a group of Serra's alone."""
    world.start("serra", "issuer-groups.create", MakeIssuerGroup("flor", "Who issues and takes FLOR"))
    world.start("serra", "issuer-groups.keep", KeepCurrency("FLOR"), subject="flor")


# All of it.


def test_100_is_40_and_60_over_two_links_under_one_condition() -> None:
    world = two_by_two(World())
    price = ask_price(world, note="a chair")
    assert [(one.amount.value, one.debit.value) for one in price.parts] == [(40_00, 40_00), (60_00, 60_00)]
    entries = [node.replica.book.head for node in world.nodes.values()]
    paid = world.granted("riacho", "mixed-payments.create", accepted(price))
    world.tick(2)
    assert balances_of(world) == PAID and states_of(world, paid.id) == ["posted", "posted"]
    assert not at_odds(world)
    assert paid.said == (
        "bia@serra gets 40.00 FLOR (mutual credit, which nothing backs) and 60.00 REAL (mutual credit, which nothing"
        " backs) of ana: all of it, or nothing."
    )
    # It left in one entry and was settled in one for each hold; it came in one.
    heads = [node.replica.book.head for node in world.nodes.values()]
    assert [after[0] - before[0] for before, after in zip(entries, heads, strict=True) if before and after] == [3, 1]
    [first, second] = world.granted("riacho", "mixed-payments.show", subject=paid.id).parts
    came = world.granted("serra", "mixed-payments.show", subject=paid.id)
    assert (came.payer, came.payee) == ("ana@riacho", "bia") and came.note is not None
    assert [one.payment for one in came.parts] == [first.payment, second.payment] == [paid.id, second.payment]
    assert link_of(world, "HORA") in world.granted("riacho", "payments.show", subject=first.payment).links
    assert link_of(world, "NOTA") in world.granted("riacho", "payments.show", subject=second.payment).links


def test_each_leg_has_its_own_rate_and_a_leg_may_be_paid_from_any_account() -> None:
    world = two_by_two(World(), rates=("2", "1"))
    price = ask_price(world)
    assert [(one.amount.value, one.debit.value) for one in price.parts] == [(40_00, 20_00), (60_00, 60_00)]
    world.granted("riacho", "mixed-payments.create", accepted(price))
    world.tick(2)
    assert balances_of(world) == (-20_00, -60_00, 40_00, 60_00)
    # Back, in the other order.
    asked = AskMixedQuote("ana@riacho", (Amount(5, "NOTA", 0), Amount(1, "HORA", 0)), "bia")
    back = world.granted("serra", "mixed-quotes.create", asked)
    assert [(one.amount.value, one.debit.value) for one in back.parts] == [(5_00, 5_00), (1_00, 2_00)]
    wish = PayMixed("ana@riacho", tuple(one.amount for one in back.parts), "bia", invoice=back.invoice)
    world.granted("serra", "mixed-payments.create", wish)
    world.tick(2)
    assert balances_of(world) == (-19_00, -55_00, 38_00, 55_00)


def test_a_member_with_a_key_signs_it_as_one_wish_and_proves_each_part() -> None:
    world = two_by_two(World())
    riacho, keys = world.nodes["riacho"], KeyPair.from_seed(bytes(31) + b"d")
    invitation = world.granted("riacho", "invitations.create", Invite())
    joining = sign_joining(keys, riacho.network, "dora")
    world.granted("riacho", "members.join", Join(invitation.code, "dora", None, joining))
    world.granted("riacho", "members.approve", Approve(), subject="dora")
    dora = Actor(Role.MEMBER, riacho.replica.book.member_by_handle["dora"])
    price = world.granted("riacho", "mixed-quotes.create", AskMixedQuote("bia@serra", FORTY_AND_SIXTY), actor=dora)
    wish = PayMixed(
        price.payee,
        tuple(one.amount for one in price.parts),
        dora.member,
        parse_uuid("11111111-1111-4111-8111-111111111111"),
        max_debits=tuple(one.debit for one in price.parts),
        invoice=price.invoice,
        condition=price.condition,
    )

    def brought(**changed: Any) -> Brought:
        signed = sign_wish(
            keys, "mixed-payments.create", replace(wish, **changed), network=riacho.network, order_seq=1,
            not_after_ms=world.now + DAY_MS,
        )  # fmt: skip
        return Brought(signed)

    for changed, reason in (
        ({"condition": bytes(32)}, ORDER_MISMATCH),
        ({"payee": wish.payee + ".FLOR"}, ORDER_MISMATCH),
        ({"amounts": (FLOR, replace(REAL, value=59))}, ORDER_MISMATCH),
        ({"amounts": (REAL, FLOR)}, ORDER_MISMATCH),
        ({"max_debits": ()}, MALFORMED),
        ({"max_debits": (wish.max_debits[0],)}, MALFORMED),
        ({"max_debits": (wish.max_debits[0], replace(wish.max_debits[1], value=59_99))}, MAX_DEBIT_EXCEEDED),
        ({"max_debits": (wish.max_debits[0], replace(wish.max_debits[1], asset_code="ECO"))}, ACCOUNT_UNKNOWN),
    ):
        shown = told(world.ask("riacho", "mixed-payments.create", brought(**changed), actor=dora))
        assert shown.reason is reason, (changed, shown)
        assert balances_of(world) == NOTHING and not at_odds(world)
    order = brought()
    paid = world.granted("riacho", "mixed-payments.create", order, actor=dora)
    world.tick(2)
    assert balances_of(world)[2:] == (40_00, 60_00) and not at_odds(world)
    again = world.granted("riacho", "mixed-payments.create", order, actor=dora)
    assert again.id == paid.id and balances_of(world)[2:] == (40_00, 60_00)
    kinds = {kind.KIND: kind for practice in PRACTICES for kind in practice.entries}
    for name, signed in (("riacho", True), ("serra", False)):
        for part in again.parts:
            verdict = verify_receipt(receipt_of(world, name, part.payment), kinds)
            assert verdict.faults == () and verdict.signed is signed, (name, part)
            assert (verdict.preimage is not None) is signed


def receipt_of(world: World, name: str, payment: str) -> bytes:
    """Return what a node gives as the receipt of a payment."""
    wanted = world.granted(name, "receipts.show", subject=payment)
    node = world.nodes[name]
    identity, ledger = (world.lane_of(node, node.network, lane) for lane in (IDENTITY, LEDGER))
    shown = wanted.show(tuple(one.wire for one in identity), tuple(ledger[place].wire for place in wanted.ledger_seqs))
    return shown.document


# Or nothing.


@pytest.mark.parametrize("before", ["priced", "paid", "comes"])
def test_a_payee_outside_flor_gets_nothing_of_either(before: str) -> None:
    world = two_by_two(World())
    if before == "priced":
        keep_flor(world)
        assert told(ask_price(world)).reason is NOT_IN_GROUP
        return
    price = ask_price(world)
    if before == "paid":
        keep_flor(world)
    request = world.start("riacho", "mixed-payments.create", accepted(price))
    if before == "comes":
        assert balances_of(world) == (-40_00, -60_00, 0, 0)
        keep_flor(world)
    world.run()
    world.tick(2)
    paid = world.nodes["riacho"].answers[request].id
    shown = world.granted("riacho", "mixed-payments.show", subject=paid)
    assert [one.state.value for one in shown.parts] == ["voided", "voided"]
    reasons = [world.granted("riacho", "payments.show", subject=one.payment).reason for one in shown.parts]
    assert reasons == ["NOT_IN_GROUP", "NOT_IN_GROUP"]
    assert balances_of(world) == NOTHING and not at_odds(world)
    # Nothing is converted: the same in one currency alone is another wish, and goes.
    if before == "paid":
        assert told(ask_price(world)).reason is NOT_IN_GROUP


def test_what_cannot_be_priced_is_refused_and_nothing_moves() -> None:
    world = two_by_two(World(), limits=(500, 50))
    assert told(ask_price(world)).reason is LINK_LIMIT_EXCEEDED
    for changed, reason in (
        ({"amounts": (FLOR,)}, MALFORMED),
        ({"amounts": (FLOR, FLOR)}, MALFORMED),
        ({"amounts": (FLOR, Amount(1))}, MALFORMED),
        ({"amounts": (FLOR, Amount(0, "REAL"))}, AMOUNT_NOT_POSITIVE),
        ({"amounts": (FLOR, Amount(1, "ECO"))}, CURRENCY_MISMATCH),
        ({"payee": "bia"}, MALFORMED),
        ({"payee": "nobody@serra"}, MEMBER_UNKNOWN),
        ({"payer": None}, ACCOUNT_UNKNOWN),
        ({"payer": "nobody"}, MEMBER_UNKNOWN),
    ):
        wish = replace(AskMixedQuote("bia@serra", (FLOR, Amount(1, "REAL")), "ana"), **changed)
        refused = told(world.ask("riacho", "mixed-quotes.create", wish))
        assert refused.reason is reason, (changed, refused)
    rui = Actor(Role.MEMBER, "nobody")
    wish = AskMixedQuote("bia@serra", (FLOR, Amount(1, "REAL")), "ana")
    assert told(world.ask("riacho", "mixed-quotes.create", wish, actor=rui)).reason is FORBIDDEN
    assert not told_of(world)
    world.granted("riacho", "links.freeze", FreezeLink(), subject=link_of(world, "NOTA"))
    assert told(world.ask("riacho", "mixed-quotes.create", wish)).reason is LINK_NOT_OPEN
    world.granted("riacho", "links.freeze", FreezeLink(frozen=False), subject=link_of(world, "NOTA"))
    world.cut("riacho", "serra")
    assert told(world.ask("riacho", "mixed-quotes.create", wish)).reason is PEER_UNREACHABLE


def told_of(world: World) -> list[str]:
    return [*at_odds(world), *(f"{one}" for one in balances_of(world) if one)]


def test_one_leg_beyond_the_payers_limit_stops_all() -> None:
    world = two_by_two(World(), credit=50)
    refused = told(ask_price(world))
    assert refused.reason is LIMIT_EXCEEDED and refused.figures["currency"] == "NOTA"
    # Priced while there was room, and paid when there is none.
    price = ask_price(world, (FLOR, Amount(50, "REAL", 0)))
    world.granted("riacho", "payments.create", Pay("commons.NOTA", Amount(1, "NOTA", 0), payer="ana"))
    assert told(world.ask("riacho", "mixed-payments.create", accepted(price))).reason is LIMIT_EXCEEDED
    assert balances_of(world) == (0, -1_00, 0, 0) and not at_odds(world)


def test_what_is_paid_abroad_in_several_currencies_counts_in_the_cap_of_a_day() -> None:
    world = two_by_two(World())
    book, cap = world.nodes["riacho"].replica.book, Stored(100_00)
    key = (PAYMENT_DAY_CAP.name, "NOTA")
    book.of(Decided).by_name[key] = Setting(0, world.now, cap)
    book.of(Bylaws).note(key, RuleStep(world.now, cap, How.SET))
    prices = [ask_price(world) for _ in range(2)]
    world.granted("riacho", "mixed-payments.create", accepted(prices[0]))
    world.tick(2)
    refused = told(world.ask("riacho", "mixed-payments.create", accepted(prices[1])))
    assert refused.reason is RULE_CAP and refused.figures["available"] == 40_00
    assert told(ask_price(world)).reason is RULE_CAP, "nor is a price told that cannot be paid"
    assert balances_of(world) == PAID and not at_odds(world)
    world.now += DAY_MS
    world.granted("riacho", "mixed-payments.create", accepted(ask_price(world)))


def test_a_link_that_has_lost_its_room_since_the_price_stops_all() -> None:
    world = two_by_two(World(), limits=(500, 100))
    prices = [ask_price(world) for _ in range(2)]
    world.granted("riacho", "mixed-payments.create", accepted(prices[0]))
    world.tick(2)
    refused = told(world.ask("riacho", "mixed-payments.create", accepted(prices[1])))
    assert refused.reason is LINK_LIMIT_EXCEEDED
    assert balances_of(world) == PAID and not at_odds(world)


def test_a_price_is_taken_once_whole_and_in_time() -> None:
    world = two_by_two(World())
    price = ask_price(world)
    for changed, reason in (
        ({"invoice": bytes(32)}, QUOTE_UNKNOWN),
        ({"amounts": (FLOR, replace(REAL, value=59))}, ORDER_MISMATCH),
        ({"payee": "caio@serra"}, ORDER_MISMATCH),
        ({"max_debits": (Amount(39, "HORA", 0), Amount(60, "NOTA", 0))}, MAX_DEBIT_EXCEEDED),
        ({"payer": "nobody"}, MEMBER_UNKNOWN),
    ):
        refused = told(world.ask("riacho", "mixed-payments.create", replace(accepted(price), **changed)))
        assert refused.reason is reason, (changed, refused)
    # One leg alone is no payment: who took it for one would have the proof of both for less.
    alone = Pay("bia@serra", FLOR, payer=account_of(world, "riacho", "ana", "HORA"), invoice=price.invoice)
    assert told(world.ask("riacho", "payments.create", alone)).reason is QUOTE_UNKNOWN
    assert told(world.ask("riacho", "quotes.show", subject=price.id)).reason is QUOTE_UNKNOWN
    assert not told_of(world)
    once = accepted(price, payment=parse_uuid("11111111-1111-4111-8111-111111111111"))
    world.granted("riacho", "mixed-payments.create", once)
    world.tick(2)
    assert told(world.ask("riacho", "mixed-payments.create", once)).reason is PAYMENT_EXISTS
    assert balances_of(world) == PAID
    late = ask_price(world)
    world.now += INVOICE_LIFE_MS + 1
    assert told(world.ask("riacho", "mixed-payments.create", accepted(late))).reason is QUOTE_EXPIRED
    assert balances_of(world) == PAID and not at_odds(world)


@pytest.mark.parametrize("after", range(6))
def test_one_leg_refused_moves_nothing_of_the_other(after: int) -> None:
    """Whenever the payee's network comes to refuse one currency: before the holds, or between them."""
    world = two_by_two(World())
    request = start_mixed(world)
    world.deliver(after)
    world.start("serra", "currencies.close", CloseCurrency(), subject="REAL")
    world.run()
    world.tick(WAIT_SECONDS + 5)
    states = states_of(world, world.nodes["riacho"].answers[request].id)
    assert (balances_of(world), states) in ((NOTHING, ["voided"] * 2), (PAID, ["posted"] * 2)), states
    assert not at_odds(world)


# Whatever befalls.


@pytest.mark.parametrize("refused", [False, True], ids=["taken", "one leg refused"])
@pytest.mark.parametrize("death", Death)
@pytest.mark.parametrize("victim", ["riacho", "serra"])
def test_killed_at_any_write_it_happens_whole_or_not_at_all(victim: str, death: Death, *, refused: bool) -> None:
    ended = set[tuple[int, ...]]()
    for frames in range(40):
        world = two_by_two(FaultyWorld())
        price = ask_price(world)
        if refused:
            # Serra would still take FLOR; REAL is paid to nobody abroad any more.
            world.granted("serra", "issuer-groups.create", MakeIssuerGroup("real", "Who takes REAL"))
            world.granted("serra", "issuer-groups.keep", KeepCurrency("REAL"), subject="real")
        if frames == 0:
            world.disk(victim).dies = death
        world.start("riacho", "mixed-payments.create", accepted(price))
        world.deliver(frames)
        is_over = not world.wires
        world.disk(victim).dies = death
        world.run()
        world.tick(WAIT_SECONDS + 10)
        after = balances_of(world)
        assert after in ((NOTHING,) if refused else (NOTHING, PAID)), (frames, after)
        assert not at_odds(world), frames
        ended.add(after)
        if is_over:
            break
    else:
        raise AssertionError("the nodes never stop talking")
    assert frames > 4
    assert refused or PAID in ended


@pytest.mark.parametrize("seed", range(30))
def test_over_rough_wires_it_happens_whole_or_not_at_all(seed: int) -> None:
    world = two_by_two(RoughNetwork(seed))
    price = ask_price(world)
    if seed % 3 == 0:
        keep_flor(world)
    world.loss_percent, world.doubling_percent, world.overtaken_by = 30, 30, 4
    request = world.start("riacho", "mixed-payments.create", accepted(price))
    world.run()
    world.tick(WAIT_SECONDS + 10)
    world.calm()
    world.tick(WAIT_SECONDS + 10)
    states = states_of(world, world.nodes["riacho"].answers[request].id)
    expected = (NOTHING, ["voided"] * 2) if seed % 3 == 0 or balances_of(world) == NOTHING else (PAID, ["posted"] * 2)
    assert (balances_of(world), states) == expected
    assert not at_odds(world)


def lose_leg(world: World, currency: str) -> None:
    """Lose what is being said on the link over which a currency leaves."""
    lane = f"link/{link_of(world, currency)}"

    def is_of_leg(frame: bytes) -> bool:
        message = unpack(frame)
        return isinstance(message, LinkNews) and lane.encode() in message.record

    world.wires = [wire for wire in world.wires if not is_of_leg(wire[2])]


@pytest.mark.parametrize("lost", ["HORA", "NOTA"])
def test_a_leg_that_comes_alone_is_never_claimed_and_both_go_back(lost: str) -> None:
    world = two_by_two(World())
    request = start_mixed(world)
    for _ in range(WAIT_SECONDS + 3):
        lose_leg(world, lost)
        world.run()
        assert balances_of(world)[2:] == (0, 0)
        world.now += 1_000
        for name in world.nodes:
            world.give(name, TimerFired())
    lose_leg(world, lost)
    world.tick(3 * WAIT_SECONDS)
    assert states_of(world, world.nodes["riacho"].answers[request].id) == ["voided", "voided"]
    assert balances_of(world) == NOTHING and not at_odds(world)


def test_a_leg_that_comes_in_time_completes_it() -> None:
    world = two_by_two(World())
    request = start_mixed(world)
    lose_leg(world, "NOTA")
    world.run()
    assert balances_of(world) == (-40_00, -60_00, 0, 0)
    world.restart("riacho")
    world.restart("serra")
    world.tick(WAIT_SECONDS - 5)
    assert states_of(world, world.nodes["riacho"].answers[request].id) == ["posted", "posted"]
    assert balances_of(world) == PAID and not at_odds(world)


def test_a_partner_out_of_reach_until_it_has_expired_gives_both_legs_back() -> None:
    world = two_by_two(World())
    request = start_mixed(world)
    world.cut("riacho", "serra")
    world.tick(60)
    world.now += INVOICE_LIFE_MS + MINUTE_MS
    world.tick(3)
    assert balances_of(world) == (-40_00, -60_00, 0, 0), "no clock releases money"
    world.restart("riacho")
    world.join("riacho", "serra")
    world.tick(5)
    paid = world.nodes["riacho"].answers[request].id
    assert states_of(world, paid) == ["voided", "voided"]
    assert balances_of(world) == NOTHING and not at_odds(world)


def test_an_old_copy_put_back_in_the_middle_keeps_what_was_claimed_and_gives_the_rest_back() -> None:
    """Serra loses its newest entries while one leg's claim has not reached Riacho: nothing is left to tell of it."""
    world = two_by_two(World())
    size = len(world.nodes["serra"].disk)
    request = start_mixed(world)
    while not balances_of(world)[2]:
        world.deliver(1)
    lose_leg(world, "NOTA")
    world.run()
    world.restart("serra", old_copy=size)
    world.tick(3 * WAIT_SECONDS)
    assert states_of(world, world.nodes["riacho"].answers[request].id) == ["posted", "voided"]
    assert balances_of(world) == (-40_00, 0, 0, 0) and not at_odds(world)
    # What the ledger has forgotten is the commons' until Ana shows her receipt.
    assert [world.nodes["serra"].balance(f"commons.{code}") for code in ("FLOR", "REAL")] == [40_00, 0]


# Peers of another version, and of ill will.


def test_an_older_node_answers_for_one_currency_alone_and_is_refused() -> None:
    world = two_by_two(World())
    request = world.start("riacho", "mixed-quotes.create", AskMixedQuote("bia@serra", FORTY_AND_SIXTY, "ana"))
    [(source, target, frame)] = world.wires
    wanted = unpack(frame)
    assert isinstance(wanted, QuoteWanted) and wanted.also is not None and len(wanted.also) == 1
    # An older node passes over the field that it does not know.
    world.wires = [(source, target, pack(replace(wanted, also=None)))]
    world.run()
    assert told(world.nodes["riacho"].answers[request]).reason is MIXED_NOT_KNOWN_THERE
    assert ALSO_MAX == LEGS_MAX - 1


def test_no_link_of_ours_is_no_way() -> None:
    world = two_by_two(World())
    world.found("encants", "ECO")
    world.join("serra", "encants")
    world.join("riacho", "encants")
    world.tick(2)
    asked = AskMixedQuote(f"clara@{id_text(world.nodes['encants'].network)}", FORTY_AND_SIXTY, "ana")
    assert told(world.ask("riacho", "mixed-quotes.create", asked)).reason is MIXED_DIRECT_ONLY


def test_a_variant_that_claims_a_leg_alone_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tests above would notice: a leg that has come alone is paid, and the other comes back."""

    def claim_each(desk: Any, held: Any, together: Any) -> Plan:
        return Plan("", steps=(Claim(held[0].link.id, held[0].hold, together.preimage),))

    monkeypatch.setattr(arriving, "_claimed", claim_each)
    with pytest.raises(AssertionError):
        test_a_leg_that_comes_alone_is_never_claimed_and_both_go_back("NOTA")


@pytest.mark.parametrize("set_first", [True, False])
def test_what_a_group_takes_of_one_currency_at_most_stops_both(*, set_first: bool) -> None:
    world = two_by_two(World())
    price = None if set_first else ask_price(world)
    request = 0 if price is None else world.start("riacho", "mixed-payments.create", accepted(price))
    world.start("serra", "acceptances.set", SetAcceptance(whole(59, "NOTA")), subject="riacho.NOTA")
    if price is None:
        world.run()
        assert told(ask_price(world)).reason is ACCEPTANCE_LIMIT
        return
    world.run()
    world.tick(3 * WAIT_SECONDS)
    assert states_of(world, world.nodes["riacho"].answers[request].id) == ["voided", "voided"]
    assert balances_of(world) == NOTHING and not at_odds(world)
