# SPDX-License-Identifier: AGPL-3.0-or-later
"""Receipts: Ana keeps one, verifies it without any node, and every way to forge one has its name."""

from dataclasses import replace
from typing import Any

import pytest

from protocol.book.declaration import Desk
from protocol.book.money import Amount
from protocol.book.payments import PaymentState
from protocol.book.refusals import FORBIDDEN, PAYMENT_UNKNOWN, READ_ONLY, Refused
from protocol.book.signed import uuid_text
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Brought
from protocol.lanes.claims import LaneHead, Reopening, Rotation, RotationClaim
from protocol.lanes.entry import IDENTITY, LEDGER, Entry, encode_body, seal
from protocol.lanes.growing import cold_signature
from protocol.lanes.identity import promise
from protocol.practices.money.payments.views import PostPayment
from protocol.practices.money.receipts import (
    Attested,
    Receipt,
    ReceiptFault,
    ReceiptShown,
    Verdict,
    verify_receipt,
    view_receipt,
)
from protocol.practices.money.schedules.entries import Rhythm, SchedulePayment
from protocol.practices.people.mandates import GiveMandate
from protocol.wire.codec import decode, encode
from protocol.wire.shape import from_map, to_map
from tests.protocol.practices.desk import DAY_MS, HOT, INCEPTION, NETWORK, STEWARD, Group, keys_of


@pytest.fixture
def riacho() -> Group:
    """Ana and Bia with keys, Caio without, who may each owe 100.00."""
    group = Group()
    group.currency()
    group.admit("ana", "bia")
    group.admit("caio", custodial=True)
    return group


def verdict(group: Group, document: bytes, **known: Any) -> Verdict:
    return verify_receipt(document, group.book.kinds, **known)


def opened(document: bytes) -> Receipt:
    fields: Any = decode(document, bytes_max=2**20)
    return from_map(Receipt, fields)


def closed(receipt: Receipt) -> bytes:
    return encode(to_map(receipt))


def attest(receipt: Receipt, **changed: Any) -> bytes:
    """Return a receipt in which the network itself attests something else."""
    fields: Any = decode(receipt.attested)
    data = encode(to_map(replace(from_map(Attested, fields), **changed)))
    return closed(replace(receipt, attested=data, signature=HOT.sign("receipt", data)))


def test_a_member_verifies_a_receipt_by_itself_alone(riacho: Group) -> None:
    payment = riacho.pay("ana", "bia", 12_50)
    riacho.pay("bia", "ana", 1_00)
    shown = riacho.receipt("ana", payment)
    assert isinstance(shown, ReceiptShown)
    assert (shown.balance, shown.state) == (Amount(-12_50, "HORA", 2), PaymentState.POSTED)
    assert (shown.head, shown.head_seq) == (riacho.entries[-1].id, len(riacho.entries) - 1)

    found = verdict(riacho, shown.document, network=NETWORK)
    assert (found.faults, found.signed) == ((), True)
    assert found.order is not None and found.attested is not None
    wish = found.order.wish
    assert (wish.amount, wish.payee, found.attested.balance) == (Amount(12_50, "HORA", 2), "bia", -12_50)


def test_the_payee_proves_the_payment_but_is_not_told_the_payers_balance(riacho: Group) -> None:
    payment = riacho.pay("ana", "bia", 12_50)
    shown = riacho.receipt("bia", payment)
    assert (shown.account, shown.balance) == (None, None)
    found = verdict(riacho, shown.document)
    assert found.faults == () and found.attested is not None and found.attested.balance is None
    assert riacho.receipt("steward", payment).balance == Amount(-12_50, "HORA", 2)
    assert riacho.receipt("caio", payment) == Refused(FORBIDDEN, {"allowed": "payer and payee"})
    assert riacho.view("ana", "receipts.show", uuid_text(bytes(16))).reason is PAYMENT_UNKNOWN


def test_a_replica_makes_no_receipts(riacho: Group) -> None:
    payment = riacho.pay("ana", "bia", 12_50)
    desk = replace(riacho.desk(STEWARD), silent=READ_ONLY)
    assert isinstance(desk, Desk)
    assert view_receipt(desk, uuid_text(payment.id)) == Refused(READ_ONLY)


def test_a_custodial_payment_verifies_and_says_that_no_key_ordered_it(riacho: Group) -> None:
    found = verdict(riacho, riacho.receipt("caio", riacho.pay("caio", "bia", 5_00)).document)
    assert (found.faults, found.signed) == ((), False)


def test_a_receipt_of_a_pending_payment_shows_what_became_of_it(riacho: Group) -> None:
    payment = riacho.pay("ana", "bia", 5_00, pending=True)
    assert riacho.receipt("ana", payment).state is PaymentState.PENDING
    riacho.payments("bia", "post", payment, PostPayment())
    shown = riacho.receipt("ana", payment)
    assert shown.state is PaymentState.POSTED
    assert len(opened(shown.document).entries) == 3  # the key, the payment, its end
    assert verdict(riacho, shown.document).faults == ()


def test_the_standing_order_behind_an_occurrence_is_in_its_receipt(riacho: Group) -> None:
    order = SchedulePayment(
        "bia", Amount(1_00, "HORA", 2), riacho.now, Rhythm.DAILY, 2, riacho.account("ana").id, drawn_id(bytes)
    )
    signed = riacho.sign("scheduled-payments.create", order, keys_of("ana"))
    riacho.do("ana", "scheduled-payments.create", Brought(signed))
    word = SchedulePayment(payee="bia", amount=Amount(1, "HORA", 2), first_at=riacho.now)
    riacho.do("caio", "scheduled-payments.create", word)
    riacho.pass_time(riacho.now)
    riacho.pass_time(riacho.now + DAY_MS)
    payments = list(riacho.book.payments.values())
    found = [verdict(riacho, riacho.receipt("bia", payment).document) for payment in payments]
    assert [(one.faults, one.signed) for one in found] == [((), True), ((), False), ((), True)]
    # With the standing order's entry away, or another in its place, nothing is proven.
    receipt = opened(riacho.receipt("ana", payments[0]).document)
    without = closed(replace(receipt, entries=(receipt.entries[0], receipt.entries[2])))
    assert verdict(riacho, without).faults == (ReceiptFault.ORDER_INVALID,)
    assert verdict(riacho, attest(receipt, payment=bytes(16))).faults == (ReceiptFault.PAYMENT_MISSING,)


def test_a_helpers_payment_proves_the_mandate_and_both_keys(riacho: Group) -> None:
    until = riacho.now + DAY_MS
    mandate = GiveMandate(
        riacho.account("ana").id, riacho.member("bia").id, Amount(50_00, "HORA", 2), until, drawn_id(bytes)
    )
    riacho.do("ana", "members.mandate", Brought(riacho.sign("members.mandate", mandate, keys_of("ana"))), "ana")
    order = riacho.order("ana", "caio", 5_00, keys=keys_of("bia"), mandate=drawn_id(bytes))
    riacho.do("bia", "payments.create", Brought(order))
    (payment,) = riacho.book.payments.values()
    receipt = opened(riacho.receipt("ana", payment).document)
    assert len(receipt.entries) == 4
    assert verdict(riacho, closed(receipt)).faults == ()
    for missing in range(3):
        entries = tuple(wire for at, wire in enumerate(receipt.entries) if at != missing)
        assert verdict(riacho, closed(replace(receipt, entries=entries))).faults == (ReceiptFault.KEY_UNPROVEN,)


def test_a_second_device_is_proven_by_the_entry_that_added_it(riacho: Group) -> None:
    phone = keys_of("phone")
    riacho.add_key("ana", phone)
    receipt = riacho.receipt("ana", riacho.pay("ana", "bia", 1_00, keys=phone))
    assert verdict(riacho, receipt.document).faults == ()


def test_each_forgery_is_told_by_name(riacho: Group) -> None:
    receipt = opened(riacho.receipt("ana", riacho.pay("ana", "bia", 12_50)).document)
    other = opened(riacho.receipt("ana", riacho.pay("ana", "bia", 1_00)).document)
    joined, paid = receipt.entries

    def faults(forged: bytes, **known: Any) -> tuple[ReceiptFault, ...]:
        return verdict(riacho, forged, **known).faults

    assert faults(closed(receipt)) == ()
    assert faults(closed(receipt), network=bytes(32)) == (ReceiptFault.NETWORK_MISMATCH,)
    assert faults(attest(receipt, network=bytes(32)))[0] is ReceiptFault.NETWORK_MISMATCH
    assert faults(b"\xa0") == (ReceiptFault.UNREADABLE,)
    assert faults(b"\xff") == (ReceiptFault.UNREADABLE,)
    assert faults(closed(replace(receipt, attested=b"\xa0"))) == (ReceiptFault.UNREADABLE,)
    assert faults(closed(replace(receipt, identity=()))) == (ReceiptFault.IDENTITY_INVALID,)
    assert faults(closed(replace(receipt, identity=(joined,)))) == (ReceiptFault.IDENTITY_INVALID,)
    assert faults(closed(replace(receipt, signature=bytes(64)))) == (ReceiptFault.ATTESTATION_INVALID,)
    better = replace(receipt, attested=receipt.attested.replace(b"\x39\x04\xe1", b"\x19\x04\xe2"))
    assert better != receipt
    assert faults(closed(better)) == (ReceiptFault.ATTESTATION_INVALID,)
    for entries in ((joined,), (joined, other.entries[1])):
        assert faults(closed(replace(receipt, entries=entries))) == (ReceiptFault.PAYMENT_MISSING,)
    assert faults(closed(replace(receipt, entries=(paid,)))) == (ReceiptFault.KEY_UNPROVEN,)
    for wire in (b"", INCEPTION.wire, paid[:-1] + bytes([paid[-1] ^ 1])):
        forged = closed(replace(receipt, entries=(joined, wire, paid)))
        assert faults(forged)[0] is ReceiptFault.ENTRY_INVALID


def test_the_network_cannot_make_a_receipt_of_an_order_that_the_member_did_not_sign(riacho: Group) -> None:
    payment = riacho.pay("ana", "bia", 12_50)
    receipt = opened(riacho.receipt("ana", payment).document)
    honest = riacho.written[-1].body
    order = riacho.order("ana", "bia", 99_00, keys=keys_of("bia"), payment=payment.id)
    forged = replace(order, signature=bytes(64))
    at = riacho.entries.pop().header.seq
    assert at == payment.arrival
    elsewhere = riacho.order("ana", "bia", 99_00, payment=payment.id, network=bytes(32))
    for signed, fault in (
        (forged, ReceiptFault.ORDER_INVALID),
        (elsewhere, ReceiptFault.ORDER_INVALID),
        (order, ReceiptFault.KEY_UNPROVEN),
    ):
        entry = riacho.seal(replace(honest, signed=signed))  # type: ignore[type-var]
        entries = (receipt.entries[0], entry.wire)
        assert verdict(riacho, closed(replace(receipt, entries=entries))).faults == (fault,)


def test_a_key_that_was_rotated_away_attests_nothing_more(riacho: Group) -> None:
    receipt = opened(riacho.receipt("ana", riacho.pay("ana", "bia", 12_50)).document)
    newer, head = keys_of("the next"), riacho.entries[-1]
    claim = RotationClaim(
        network=NETWORK,
        epoch=1,
        key=newer.public,
        next_digest=promise(keys_of("later").public),
        transport=keys_of("transport").public,
        heads=(LaneHead(LEDGER, head.header.seq, head.id),),
    )
    rotation = seal(
        newer,
        network=NETWORK,
        lane=IDENTITY,
        epoch=1,
        seq=1,
        prev=INCEPTION.id,
        body=encode_body(Rotation(claim, (cold_signature(0, keys_of("cold"), claim),)), riacho.now),
        salt=bytes(16),
    )
    rotated = replace(receipt, identity=(INCEPTION.wire, rotation.wire))
    assert verdict(riacho, closed(rotated)).faults == (ReceiptFault.ATTESTATION_INVALID,)
    anew = replace(rotated, signature=newer.sign("receipt", receipt.attested))
    assert verdict(riacho, closed(anew)).faults == ()


def test_what_a_closed_epoch_said_beyond_its_heads_proves_nothing(riacho: Group) -> None:
    receipt = opened(riacho.receipt("ana", riacho.pay("ana", "bia", 12_50)).document)
    reopening: Entry = seal(
        HOT,
        network=NETWORK,
        lane="identity",
        epoch=1,
        seq=1,
        prev=INCEPTION.id,
        body=encode_body(Reopening(1, ()), riacho.now),
        salt=bytes(16),
    )
    reopened = replace(receipt, identity=(INCEPTION.wire, reopening.wire))
    assert verdict(riacho, closed(reopened)).faults[0] is ReceiptFault.ENTRY_INVALID
