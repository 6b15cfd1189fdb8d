# SPDX-License-Identifier: AGPL-3.0-or-later
"""Payments within a network: MISSION's LETS story, every way to be refused, holds, reversal, what is told."""

from dataclasses import replace
from typing import Any

import pytest

from protocol.book.declaration import Actor, Desk, Plan, Role
from protocol.book.money import Amount
from protocol.book.payments import PaymentAuth, PaymentState
from protocol.book.personal import text_digest
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    AMOUNT_NOT_POSITIVE,
    AMOUNT_TOO_LARGE,
    CURRENCY_CLOSED,
    CURRENCY_MISMATCH,
    FORBIDDEN,
    KEY_UNKNOWN,
    LIMIT_EXCEEDED,
    MALFORMED,
    MEMBER_NOT_ACTIVE,
    MEMBER_UNKNOWN,
    NETWORK_UNKNOWN,
    NOT_FOUND,
    ORDER_EXPIRED,
    ORDER_MISMATCH,
    ORDER_REPLAYED,
    ORDER_STALE,
    PAYEE_LIMIT_EXCEEDED,
    PAYMENT_UNKNOWN,
    SAME_ACCOUNT,
    SCALE_EXCEEDED,
    SIGNATURE_INVALID,
    STATE_CONFLICT,
    TEXT_NOT_NFC,
    WRONG_NETWORK,
    Reason,
    Refused,
)
from protocol.book.signed import Signed, uuid_text
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Brought, Said
from protocol.practices.between.quotes.refusals import NO_ROUTE
from protocol.practices.money.currencies.views import CloseCurrency, SetLevy
from protocol.practices.money.payments.entries import Paid, Pay, Posted, Reversed, ReversePayment, Voided
from protocol.practices.money.payments.paying import MAX_DEBIT_EXCEEDED, PAY_ABROAD
from protocol.practices.money.payments.views import PaymentsWanted, PostPayment, VoidPayment
from protocol.practices.people.authority import MANDATE_UNKNOWN, PAYMENT_EXISTS
from protocol.practices.people.members.entries import MemberLeft
from protocol.practices.people.members.views import SetLimits, Suspend
from protocol.wire.keys import id_text
from tests.protocol.practices.desk import NETWORK, Group, copy_of, keys_of, snapshot

ABROAD = f"mutirao:{id_text(bytes(32))}/bia"


@pytest.fixture
def riacho() -> Group:
    """Ana and Bia with keys, Caio without, who may each owe 200.00."""
    group = Group()
    group.currency(limit=200_00)
    group.admit("ana", "bia")
    group.admit("caio", custodial=True)
    return group


def hours(minor: int) -> Amount:
    return Amount(minor, "HORA", 2)


def test_a_member_at_minus_180_may_pay_20_more_and_not_30(riacho: Group) -> None:
    riacho.pay("ana", "bia", 180_00)
    refused = riacho.ask("ana", "payments.create", riacho.wish("ana", "bia", 30_00))
    assert refused == Refused(
        LIMIT_EXCEEDED,
        {"available": 20_00, "missing": 10_00, "limit": -200_00, "projected_balance": -210_00, "currency": "HORA"},
    )
    assert riacho.balance("ana") == -180_00
    riacho.pay("ana", "bia", 20_00)
    assert (riacho.balance("ana"), riacho.balance("bia")) == (-200_00, 200_00)


def test_the_commons_takes_a_leavers_debt_and_a_levy_of_one_percent_repays_it_after_18000_of_trade(
    riacho: Group,
) -> None:
    riacho.pay("ana", "bia", 180_00)
    riacho.leave("ana")
    assert (riacho.balance("ana"), riacho.balance("commons"), riacho.balance("bia")) == (0, -180_00, 180_00)

    riacho.do("steward", "currencies.set-levy", SetLevy(100), "HORA")
    for member in ("bia", "caio"):
        riacho.do("steward", "members.set-limits", SetLimits(hours(10_000_00)), member)
    trade = 0
    while riacho.balance("commons") < 0:
        payer, payee = ("bia", "caio") if trade % 300_00 == 0 else ("caio", "bia")
        payment = riacho.pay(payer, payee, 150_00)
        trade += 150_00
        assert payment.levy_minor == 1_50
    assert trade == 18_000_00
    assert riacho.balance("commons") == 0
    assert riacho.pay("bia", "caio", 150_00).levy_minor == 0


def test_who_has_no_key_pays_by_word_and_it_shows(riacho: Group) -> None:
    shown = riacho.do("caio", "payments.create", Pay(payee="bia", amount=Amount(125, None, 1), note="bread"))
    assert (shown.auth, shown.state, shown.amount) == (PaymentAuth.CUSTODIAL, PaymentState.POSTED, hours(12_50))
    assert (shown.payer, shown.payee) == ("caio", "bia")
    assert riacho.texts[shown.note.digest] == "bread" and b"bread" not in riacho.entries[-1].body_bytes
    # A steward writes on the word of one without a key, and of no other.
    riacho.do("steward", "payments.create", Pay(payer="caio", payee="bia", amount=hours(1_00)))
    for who in ("steward", "ana"):
        wish = Pay(payer="ana", payee="bia", amount=hours(1_00))
        assert riacho.refusal(who, "payments.create", wish) is FORBIDDEN
    wish = Pay(payer="caio", payee="bia", amount=hours(1_00))
    assert riacho.refusal("bia", "payments.create", wish) is FORBIDDEN


def test_a_payment_by_its_own_uuid_is_made_once_however_often_it_is_asked_for(riacho: Group) -> None:
    wish = Pay(payee="bia", amount=hours(5_00), payment=drawn_id(bytes))
    first = riacho.do("caio", "payments.create", wish)
    assert riacho.do("caio", "payments.create", replace(wish, note="again")) == first
    assert riacho.balance("caio") == -5_00
    for changed in (replace(wish, amount=hours(5_01)), replace(wish, payee="ana"), replace(wish, pending=True)):
        assert riacho.refusal("caio", "payments.create", changed) is PAYMENT_EXISTS


def test_an_order_brought_twice_is_one_payment_and_its_number_serves_no_other(riacho: Group) -> None:
    order = riacho.order("ana", "bia", 5_00)
    first = riacho.do("ana", "payments.create", Brought(order))
    assert riacho.do("ana", "payments.create", Brought(order)) == first
    assert riacho.balance("ana") == -5_00
    number = riacho.seqs[keys_of("ana").public.hex()]
    assert riacho.refuses("ana", "bia", 5_00, order_seq=number) is ORDER_REPLAYED
    assert riacho.refuses("ana", "bia", 5_00, order_seq=number - 1) is ORDER_STALE
    known = bytes.fromhex(first.id.replace("-", ""))
    assert riacho.refuses("ana", "bia", 5_00, payment=known) is PAYMENT_EXISTS
    # A gap in the numbers is nobody's fault.
    riacho.pay("ana", "bia", 5_00, order_seq=number + 1_000)
    # What was carried out is refused by every node that sees it again.
    assert riacho.check(Paid(order, None)) is PAYMENT_EXISTS


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"amount": 0}, AMOUNT_NOT_POSITIVE),
        ({"amount": -1}, AMOUNT_NOT_POSITIVE),
        ({"key": bytes(32)}, SIGNATURE_INVALID),
        ({"keys": keys_of("stranger")}, KEY_UNKNOWN),
        ({"keys": keys_of("bia")}, FORBIDDEN),
        ({"payer": "commons.HORA"}, ACCOUNT_UNKNOWN),
        ({"payer": "ana"}, ACCOUNT_UNKNOWN),
        ({"payee": "nobody"}, MEMBER_UNKNOWN),
        ({"payee": "holds.HORA"}, ACCOUNT_UNKNOWN),
        ({"payee": "exchange.HORA"}, ACCOUNT_UNKNOWN),
        ({"network": bytes(32)}, WRONG_NETWORK),
        ({"not_after_ms": 1_789_999_999_999}, ORDER_EXPIRED),
        ({"invoice": bytes(32)}, ORDER_MISMATCH),
        ({"condition": bytes(32)}, ORDER_MISMATCH),
        ({"payee": "ana"}, SAME_ACCOUNT),
        ({"amount": 200_01}, LIMIT_EXCEEDED),
        ({"amount": 2**63 - 1}, LIMIT_EXCEEDED),
        ({"max_debit": 4_99}, MAX_DEBIT_EXCEEDED),
    ],
)
def test_what_no_order_can_do(riacho: Group, changed: dict[str, Any], reason: Reason) -> None:
    # Stewards may bring what anybody signed, so that nothing else is in the way.
    terms: dict[str, Any] = {"max_debit": 2**63 - 1, **changed}
    wish = Brought(riacho.order("ana", "bia", 5_00, **terms))
    assert riacho.refusal("steward", "payments.create", wish) is reason
    if reason is not LIMIT_EXCEEDED:
        assert riacho.check(Paid(wish.signed, None)) is reason


def test_limits_are_for_the_author_and_no_other_node_looks_at_them(riacho: Group) -> None:
    assert riacho.check(Paid(riacho.order("ana", "bia", 10_000_00), None)) is None


def test_of_several_reasons_the_first_is_given(riacho: Group) -> None:
    riacho.do("steward", "members.suspend", Suspend(), "ana")
    assert riacho.refuses("ana", "bia", 900_00) is MEMBER_NOT_ACTIVE
    assert riacho.refuses("ana", "nobody", 900_00) is MEMBER_UNKNOWN
    assert riacho.refuses("ana", "nobody", 0) is AMOUNT_NOT_POSITIVE
    assert riacho.refuses("ana", "nobody", 1, keys=keys_of("stranger")) is KEY_UNKNOWN
    assert riacho.refuses("bia", "caio", 900_00, max_debit=1) is MAX_DEBIT_EXCEEDED


def test_a_forged_order_changes_nothing_whoever_brings_it(riacho: Group) -> None:
    order = riacho.order("ana", "bia", 5_00)
    forged = replace(order, data=order.data.replace(b"\x19\x01\xf4", b"\x19\x01\xf5"))
    assert forged != order
    assert riacho.refusal("bia", "payments.create", Brought(forged)) is SIGNATURE_INVALID
    assert riacho.refusal("ana", "payments.create", Brought(Signed(b"", bytes(64)))) is MALFORMED
    assert riacho.refusal("ana", "payments.create", Brought(Signed(b"\x80", bytes(64)))) is MALFORMED
    # An order in the wrong hands is not carried out for them.
    assert riacho.refusal("bia", "payments.create", Brought(order)) is FORBIDDEN
    assert riacho.refusal(Actor(Role.AUDITOR), "payments.create", Brought(order)) is FORBIDDEN
    assert riacho.do("steward", "payments.create", Brought(order)).payer == "ana"


def test_the_note_beside_an_order_is_the_one_that_it_names(riacho: Group) -> None:
    salt = bytes(range(16))
    order = riacho.order("ana", "bia", 5_00, note=text_digest(salt, "bread"))

    def refused(**beside: Any) -> Reason:
        return riacho.refusal("ana", "payments.create", Brought(order, **beside))

    assert refused(texts={"note": "bribe"}, salts={"note": salt}) is ORDER_MISMATCH
    assert refused(texts={"note": "bread"}, salts={"note": bytes(16)}) is ORDER_MISMATCH
    assert refused(texts={"note": "bread"}) is ORDER_MISMATCH
    assert refused(texts={"note": "e\u0301"}, salts={"note": salt}) is TEXT_NOT_NFC
    unknown = riacho.order("ana", "bia", 5_00, request=bytes(16))
    assert riacho.refusal("ana", "payments.create", Brought(unknown)) is NOT_FOUND
    shown = riacho.do("ana", "payments.create", Brought(order, {"note": "bread"}, {"note": salt}))
    assert riacho.texts[shown.note.digest] == "bread"


def test_what_cannot_be_paid_by_word(riacho: Group) -> None:
    right = Pay(payee="bia", amount=hours(5_00))

    def refused(who: str = "caio", **changed: Any) -> Reason:
        return riacho.refusal(who, "payments.create", replace(right, **changed))

    assert refused("steward") is MALFORMED
    assert refused(note="x" * 501) is MALFORMED
    assert refused(amount=hours(0)) is AMOUNT_NOT_POSITIVE
    assert refused(amount=Amount(2**63, "HORA", 2)) is AMOUNT_TOO_LARGE
    assert refused(amount=Amount(1, "HORA", 3)) is SCALE_EXCEEDED
    assert refused(amount=Amount(1, "HORA", 3), payee="nobody") is SCALE_EXCEEDED
    assert refused(payee="nobody") is MEMBER_UNKNOWN
    assert refused(payer="nobody") is MEMBER_UNKNOWN
    assert refused(payer="commons.HORA") is FORBIDDEN
    assert refused(amount=Amount(1, "FLOR", 2)) is CURRENCY_MISMATCH
    assert refused(payee="caio") is SAME_ACCOUNT
    assert refused(payee="bia@serra") is NETWORK_UNKNOWN
    assert refused("steward", payer="commons.HORA") is FORBIDDEN


def test_no_node_takes_a_payment_by_word_for_a_member_with_a_key(riacho: Group) -> None:
    word = Pay(riacho.account("bia").id, hours(5_00), riacho.account("caio").id, payment=bytes(16))
    assert riacho.check(Paid(None, word)) is None
    assert riacho.check(Paid(None, replace(word, payer=riacho.account("ana").id))) is FORBIDDEN
    assert riacho.check(Paid(None, replace(word, payer="commons.HORA"))) is ACCOUNT_UNKNOWN
    assert riacho.check(Paid(None, replace(word, mandate=bytes(16)))) is MANDATE_UNKNOWN
    assert riacho.check(Paid(None, replace(word, payment=None))) is MALFORMED
    assert riacho.check(Paid(None, None)) is MALFORMED
    assert riacho.check(Paid(riacho.order("ana", "bia", 1), word)) is MALFORMED
    abroad = riacho.order("ana", ABROAD, 1)
    assert riacho.check(Paid(abroad, None)) is ORDER_MISMATCH
    known = riacho.pay("caio", "bia", 1_00)
    assert riacho.check(Paid(None, replace(word, payment=known.id))) is PAYMENT_EXISTS
    riacho.do("steward", "members.suspend", Suspend(), "caio")
    assert riacho.check(Paid(None, word)) is MEMBER_NOT_ACTIVE


def test_members_are_paid_by_handle_id_account_or_full_address(riacho: Group) -> None:
    riacho.book.handle = "riacho"
    bia = riacho.member("bia")
    addresses = ("bia", bia.id, riacho.account("bia").id, "bia@riacho", f"bia@{id_text(NETWORK)}")
    for address in (*addresses, f"mutirao:{id_text(NETWORK)}/{riacho.account('bia').id}"):
        riacho.do("caio", "payments.create", Pay(payee=address, amount=hours(1)))
    assert riacho.balance("bia") == 6
    for address in ("bia@serra", f"mutirao:{id_text(bytes(32))}/bia"):
        wish = Pay(payee=address, amount=hours(1))
        assert riacho.refusal("caio", "payments.create", wish) is NETWORK_UNKNOWN


def test_what_goes_abroad_is_handed_to_whoever_plans_that(riacho: Group) -> None:
    asked: list[Said[Pay]] = []

    def plan(desk: Desk, said: Said[Pay]) -> Plan | Refused:
        asked.append(said)
        return Refused(NO_ROUTE)

    riacho.book._filled[PAY_ABROAD] = (plan,)
    assert riacho.refuses("ana", ABROAD, 1) is NO_ROUTE
    wish = Pay(payee="bia@serra", amount=hours(1))
    assert riacho.refusal("caio", "payments.create", wish) is NO_ROUTE
    assert [(said.wish.payee, said.signed is None) for said in asked] == [(ABROAD, False), ("bia@serra", True)]
    # Who speaks for the account has been seen to; its currency has nothing to do with the payee's.
    assert asked[1].wish.payer == riacho.account("caio").id
    assert riacho.refusal("caio", "payments.create", replace(wish, amount=Amount(1, "FLOR", 2))) is NO_ROUTE
    assert riacho.refusal("caio", "payments.create", replace(wish, payer="ana")) is FORBIDDEN
    wish = Brought(riacho.order("ana", ABROAD, 1))
    assert riacho.refusal("bia", "payments.create", wish) is FORBIDDEN
    assert len(asked) == 4


def test_accounts_of_two_currencies_never_pay_each_other(riacho: Group) -> None:
    riacho.currency("FLOR")
    riacho.admit("dora", limit=100_00)
    flor = riacho.account("dora", "FLOR").id
    assert riacho.refuses("ana", flor, 1) is CURRENCY_MISMATCH
    # A handle means the account in the payer's currency.
    riacho.pay("ana", "dora", 1_00)
    riacho.pay("dora", "ana", 1_00)
    assert riacho.refuses("dora", "ana", 1_00, currency="FLOR") is CURRENCY_MISMATCH


def test_pending_money_waits_apart_until_the_payee_takes_it(riacho: Group) -> None:
    payment = riacho.pay("ana", "bia", 150_00, pending=True)
    assert (riacho.balance("ana"), riacho.balance("holds"), riacho.balance("bia")) == (-150_00, 150_00, 0)
    assert (riacho.account("ana").held_minor, riacho.account("bia").awaited_minor) == (150_00, 150_00)
    assert riacho.refuses("ana", "caio", 50_01) is LIMIT_EXCEEDED
    for who in ("ana", "caio", "steward"):
        assert riacho.payments(who, "post", payment, PostPayment()).reason is FORBIDDEN
    shown = riacho.payments("bia", "post", payment, PostPayment())
    assert (shown.state, shown.closed_at) == (PaymentState.POSTED, riacho.now)
    assert (riacho.balance("holds"), riacho.balance("bia"), riacho.account("ana").held_minor) == (0, 150_00, 0)
    assert riacho.account("bia").awaited_minor == 0
    for name, wish in (("post", PostPayment()), ("void", VoidPayment())):
        assert riacho.payments("bia", name, payment, wish).reason is STATE_CONFLICT
    assert riacho.check(Posted(payment.id)) is STATE_CONFLICT
    assert [news.type for news in riacho.news[-2:]] == ["payment.pending", "payment.posted"]


def test_pending_money_goes_back_by_the_payees_word_or_a_stewards_and_never_by_the_payers(riacho: Group) -> None:
    first, second = (riacho.pay("ana", "bia", 10_00, pending=True) for _ in range(2))
    assert riacho.payments("ana", "void", first, VoidPayment()).reason is FORBIDDEN
    assert riacho.payments("bia", "void", first, VoidPayment()).state is PaymentState.VOIDED
    assert riacho.payments("steward", "void", second, VoidPayment()).state is PaymentState.VOIDED
    assert (riacho.balance("ana"), riacho.balance("holds"), riacho.account("ana").held_minor) == (0, 0, 0)
    assert riacho.payments("bia", "post", first, PostPayment()).reason is STATE_CONFLICT
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_a_steward_takes_pending_money_for_a_payee_without_a_key_and_for_the_commons(riacho: Group) -> None:
    riacho.payments("steward", "post", riacho.pay("ana", "caio", 1_00, pending=True), PostPayment())
    riacho.payments("steward", "post", riacho.pay("ana", "commons.HORA", 2_00, pending=True), PostPayment())
    assert (riacho.balance("caio"), riacho.balance("commons")) == (1_00, 2_00)


def test_a_levy_is_taken_when_pending_money_arrives(riacho: Group) -> None:
    riacho.do("steward", "currencies.set-levy", SetLevy(1_000, until_repaid=False), "HORA")
    payment = riacho.pay("ana", "bia", 10_00, pending=True)
    assert payment.levy_minor == 0
    assert riacho.payments("bia", "post", payment, PostPayment()).levy == hours(1_00)
    assert (riacho.balance("bia"), riacho.balance("commons")) == (9_00, 1_00)
    assert [(line.kind, line.amount_minor) for line in riacho.lines[-4:]] == [
        ("payment", -10_00),
        ("payment", 10_00),
        ("levy", -1_00),
        ("levy", 1_00),
    ]


def test_pending_money_does_not_reach_who_may_not_take_it(riacho: Group) -> None:
    payment = riacho.pay("ana", "bia", 10_00, pending=True)
    riacho.do("steward", "members.set-limits", SetLimits(hours(0), hours(9_99)), "bia")
    assert riacho.payments("bia", "post", payment, PostPayment()).reason is PAYEE_LIMIT_EXCEEDED
    riacho.do("steward", "members.suspend", Suspend(), "bia")
    assert riacho.payments("bia", "post", payment, PostPayment()).reason is MEMBER_NOT_ACTIVE
    assert riacho.check(Posted(payment.id)) is MEMBER_NOT_ACTIVE
    assert riacho.check(Voided(payment.id)) is None


def consent(group: Group, payment: bytes, *, signer: str = "bia", **told: Any) -> Signed:
    return group.sign("payments.reverse", ReversePayment(payment), keys_of(signer), **told)


def test_a_payee_with_a_key_consents_by_signature_and_all_goes_back_levy_included(riacho: Group) -> None:
    riacho.do("steward", "currencies.set-levy", SetLevy(1_000, until_repaid=False), "HORA")
    payment = riacho.pay("ana", "bia", 10_00)
    for who in ("ana", "bia", "steward"):
        assert riacho.payments(who, "reverse", payment, ReversePayment(payment.id)).reason is FORBIDDEN
    said = consent(riacho, payment.id)
    assert riacho.payments("caio", "reverse", payment, Brought(said)).reason is FORBIDDEN
    assert riacho.payments("ana", "reverse", payment, Brought(said)).state is PaymentState.REVERSED
    assert (riacho.balance("ana"), riacho.balance("bia"), riacho.balance("commons")) == (0, 0, 0)
    assert riacho.news[-1].type == "payment.reversed"
    again = riacho.payments("ana", "reverse", payment, Brought(consent(riacho, payment.id)))
    assert again.reason is STATE_CONFLICT
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_a_payee_without_a_key_reverses_by_word_and_the_commons_by_a_steward(riacho: Group) -> None:
    payment = riacho.pay("ana", "caio", 10_00)
    assert riacho.payments("ana", "reverse", payment, ReversePayment(payment.id)).reason is FORBIDDEN
    assert riacho.payments("caio", "reverse", payment, ReversePayment(payment.id)).state is PaymentState.REVERSED
    gift = riacho.pay("ana", "commons.HORA", 10_00)
    assert riacho.payments("ana", "reverse", gift, ReversePayment(gift.id)).reason is FORBIDDEN
    assert riacho.payments("steward", "reverse", gift, ReversePayment(gift.id)).state is PaymentState.REVERSED
    assert riacho.balance("ana") == 0


def test_what_comes_back_comes_back_beyond_a_ceiling(riacho: Group) -> None:
    """That Ana has earned since must not keep a mistake from being undone; nobody else can give her more."""
    mistake, held = riacho.pay("ana", "bia", 40_00), riacho.pay("ana", "bia", 5_00, pending=True)
    riacho.do("steward", "members.set-limits", SetLimits(balance_limit=hours(50_00)), "ana")
    riacho.pay("caio", "ana", 95_00)
    assert riacho.refuses("caio", "ana", 1) is PAYEE_LIMIT_EXCEEDED
    riacho.payments("bia", "void", held, VoidPayment())
    assert riacho.balance("ana") == 55_00
    riacho.payments("ana", "reverse", mistake, Brought(consent(riacho, mistake.id)))
    assert riacho.balance("ana") == 95_00
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_what_is_no_consent(riacho: Group) -> None:
    payment = riacho.pay("ana", "bia", 10_00)
    pending = riacho.pay("ana", "bia", 1_00, pending=True)

    def refused(said: Signed | None) -> Reason | None:
        return riacho.check(Reversed(said, None if said else ReversePayment(payment.id)))

    assert refused(consent(riacho, payment.id)) is None
    assert refused(None) is FORBIDDEN
    assert refused(Signed(b"\xa0", bytes(64))) is MALFORMED
    assert refused(replace(consent(riacho, payment.id), signature=bytes(64))) is SIGNATURE_INVALID
    assert refused(consent(riacho, payment.id, signer="stranger")) is KEY_UNKNOWN
    assert refused(consent(riacho, payment.id, signer="ana")) is FORBIDDEN
    assert refused(consent(riacho, bytes(16))) is PAYMENT_UNKNOWN
    assert refused(consent(riacho, pending.id)) is STATE_CONFLICT
    other = riacho.pay("ana", "bia", 1_00)
    another = riacho.payments("bia", "reverse", payment, Brought(consent(riacho, other.id)))
    assert another.reason is ORDER_MISMATCH
    assert refused(consent(riacho, payment.id, network=bytes(32))) is WRONG_NETWORK
    assert refused(consent(riacho, payment.id, not_after_ms=riacho.now - 1)) is ORDER_EXPIRED
    riacho.pay("bia", "ana", 1)
    assert refused(consent(riacho, payment.id, order_seq=0)) is ORDER_STALE


def test_nothing_goes_back_beyond_the_payees_limit_to_leavers_or_in_a_closed_currency(riacho: Group) -> None:
    first = riacho.pay("ana", "bia", 100_00)
    riacho.pay("bia", "caio", 100_00)
    riacho.do("steward", "members.set-limits", SetLimits(hours(99_99)), "bia")
    refused = riacho.payments("ana", "reverse", first, Brought(consent(riacho, first.id)))
    assert refused.reason is LIMIT_EXCEEDED and refused.figures["available"] == 99_99

    riacho.pay("caio", "ana", 100_00)
    riacho.leave("ana")
    assert riacho.check(Reversed(consent(riacho, first.id), None)) is MEMBER_NOT_ACTIVE
    second = riacho.pay("caio", "bia", 1_00)
    riacho.pay("bia", "caio", 1_00)
    riacho.do("steward", "currencies.close", CloseCurrency(), "HORA")
    assert riacho.check(Reversed(consent(riacho, second.id), None)) is CURRENCY_CLOSED


def test_a_payment_is_seen_by_its_parties_and_those_who_read_all(riacho: Group) -> None:
    payment = riacho.pay("ana", "bia", 1_00)
    name = uuid_text(payment.id)
    for who in ("ana", "bia", "steward", Actor(Role.AUDITOR), Actor(Role.COMMITTEE)):
        assert riacho.view(who, "payments.show", name).id == name
    assert riacho.view("caio", "payments.show", name).reason is FORBIDDEN
    for unknown in ("?", name.upper().replace("-", ""), uuid_text(bytes(16))):
        assert riacho.view("ana", "payments.show", unknown).reason is PAYMENT_UNKNOWN
        for verb, wish in (("post", PostPayment()), ("void", VoidPayment())):
            assert riacho.refusal("ana", f"payments.{verb}", wish, unknown) is PAYMENT_UNKNOWN
    assert set(riacho.news[-1].audience) == {riacho.member("ana").id, riacho.member("bia").id}


def test_lists_follow_arrival_and_show_each_payment_once(riacho: Group) -> None:
    riacho.currency("FLOR", limit=200_00)
    riacho.admit("dora", limit=200_00)
    ids: list[str] = []
    for payer, payee, pending in (("ana", "dora", False), ("dora", "ana", True), ("caio", "bia", False)):
        ids.append(uuid_text(riacho.pay(payer, payee, 1_00, pending=pending).id))
    ids.append(uuid_text(riacho.pay("dora", riacho.account("ana").id, 1_00).id))

    def listed(who: str, *, limit: int = 1, **wanted: Any) -> list[str]:
        found = riacho.list(who, "payments.list", PaymentsWanted(**wanted), limit=limit)
        assert isinstance(found, list)
        return [shown.id for shown in found]

    assert listed("dora") == listed("dora", limit=9) == listed("ana") == [ids[0], ids[1], ids[3]]
    assert listed("steward") == ids
    assert listed("steward", state=PaymentState.PENDING) == [ids[1]]
    assert listed("steward", account="caio") == listed("caio", account="caio") == [ids[2]]
    assert riacho.list("ana", "payments.list", PaymentsWanted(account="caio")) == Refused(
        FORBIDDEN, {"allowed": "the account's own member"}
    )
    assert riacho.list("ana", "payments.list", PaymentsWanted(account="nobody")) == Refused(
        MEMBER_UNKNOWN, {"member": "nobody"}
    )


def test_no_balance_goes_beyond_an_int64_however_sane_the_limits(riacho: Group) -> None:
    """Caio pays Bia all that can be counted, 2**63 - 1; from then on no node counts further."""
    most = 2**63 - 1
    for member in ("caio", "bia", "ana"):
        riacho.do("steward", "members.set-limits", SetLimits(hours(most)), member)
    held = riacho.pay("ana", "bia", 1, pending=True)
    first = riacho.pay("caio", "bia", most - 1)
    assert riacho.refuses("ana", "bia", 1) is AMOUNT_TOO_LARGE
    assert riacho.check(Paid(riacho.order("ana", "bia", 1), None)) is AMOUNT_TOO_LARGE
    riacho.payments("bia", "post", held, PostPayment())
    assert riacho.refuses("ana", "bia", 1) is AMOUNT_TOO_LARGE
    owes = Pay(riacho.account("ana").id, hours(2), riacho.account("caio").id, payment=bytes(16))
    assert riacho.check(Paid(None, owes)) is AMOUNT_TOO_LARGE

    riacho.pay("bia", "caio", most)
    riacho.pay("ana", "caio", most - 1)
    assert riacho.check(Reversed(consent(riacho, first.id), None)) is AMOUNT_TOO_LARGE
    riacho.admit("dora", limit=1_00)
    riacho.pay("dora", "bia", 1)
    riacho.leave("caio")
    assert riacho.balance("commons") == most
    assert riacho.check(MemberLeft(riacho.departure("ana"), None)) is None
    assert riacho.check(MemberLeft(riacho.departure("bia"), None)) is AMOUNT_TOO_LARGE


def test_nothing_goes_back_by_which_the_payee_would_owe_more_than_can_be_counted(riacho: Group) -> None:
    most = 2**63 - 1
    riacho.do("steward", "members.set-limits", SetLimits(hours(most)), "bia")
    first = riacho.pay("caio", "bia", 10)
    riacho.pay("bia", "ana", most)
    assert riacho.check(Reversed(consent(riacho, first.id), None)) is None
    riacho.admit("dora")
    riacho.pay("bia", "dora", 10)
    assert riacho.check(Reversed(consent(riacho, first.id), None)) is AMOUNT_TOO_LARGE


def test_what_pending_money_may_bring_is_counted_beforehand(riacho: Group) -> None:
    most = 2**63 - 1
    for member in ("ana", "bia", "caio"):
        riacho.do("steward", "members.set-limits", SetLimits(hours(most)), member)
    riacho.pay("ana", "bia", most - 2)
    riacho.pay("caio", "bia", 1, pending=True)
    riacho.pay("bia", "caio", 2, pending=True)
    # Bia holds all but four, and three of those may come by what is pending.
    riacho.pay("caio", "bia", 1)
    assert riacho.refuses("caio", "bia", 1) is AMOUNT_TOO_LARGE
    assert riacho.balance("bia") == most - 3


def test_a_pending_payment_is_not_taken_while_the_commons_cannot_count_its_levy(riacho: Group) -> None:
    most = 2**63 - 1
    for member in ("ana", "bia", "caio"):
        riacho.do("steward", "members.set-limits", SetLimits(hours(most)), member)
    held = riacho.pay("ana", "bia", 2, pending=True)
    riacho.pay("caio", "commons.HORA", most - 2)
    assert riacho.check(Posted(held.id)) is None
    riacho.pay("caio", "commons.HORA", 1)
    assert riacho.check(Posted(held.id)) is AMOUNT_TOO_LARGE


def test_what_was_checked_and_never_folded_leaves_no_trace_in_the_next_payment(riacho: Group) -> None:
    def ordered(payer: str, payee: str, amount: int) -> Any:
        plan = riacho.plan("payments.create", riacho.actor(payer), riacho.wish(payer, payee, amount))
        assert isinstance(plan, Plan)
        return plan.writes[0].body

    assert riacho.check(ordered("ana", "bia", 7_00)) is None
    entry = riacho.seal(ordered("bia", "ana", 3_00))
    riacho.fold(entry, riacho.entered(entry))
    assert (riacho.balance("ana"), riacho.balance("bia")) == (3_00, -3_00)


def test_of_two_reasons_that_of_the_earlier_stage_is_told(riacho: Group) -> None:
    riacho.do("steward", "members.suspend", Suspend(), "bia")
    assert riacho.refuses("ana", "bia", 5_00) is MEMBER_NOT_ACTIVE
    assert riacho.refuses("ana", "bia", 5_00, invoice=bytes(32)) is ORDER_MISMATCH
