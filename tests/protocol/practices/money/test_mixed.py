# SPDX-License-Identifier: AGPL-3.0-or-later
"""A payment in several currencies: 40 that nothing backs and 60 that a reserve does, both or neither."""

from dataclasses import replace
from typing import Any

import pytest

from protocol.book.issuer_groups import NOT_IN_GROUP
from protocol.book.money import Amount
from protocol.book.payments import PaymentState
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    AMOUNT_NOT_POSITIVE,
    CURRENCY_CLOSED,
    CURRENCY_UNKNOWN,
    FORBIDDEN,
    LIMIT_EXCEEDED,
    MALFORMED,
    MEMBER_NOT_ACTIVE,
    MEMBER_UNKNOWN,
    ORDER_MISMATCH,
    PAYMENT_UNKNOWN,
    SAME_ACCOUNT,
    Refused,
)
from protocol.book.signed import leg_id, parse_uuid
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Brought
from protocol.lanes.entry import encode_body
from protocol.practices import PRACTICES
from protocol.practices.between.quotes.refusals import QUOTE_UNKNOWN
from protocol.practices.money.currencies.views import CloseCurrency, SetLevy
from protocol.practices.money.issuer_groups import AdmitIssuers, KeepCurrency, MakeIssuerGroup
from protocol.practices.money.mixed import MixedPaid, PayMixed
from protocol.practices.money.mixed.rules import mixed_form
from protocol.practices.money.payments.entries import Pay, ReversePayment
from protocol.practices.money.receipts import verify_receipt
from protocol.practices.people.authority import PAYMENT_EXISTS
from protocol.practices.people.members.views import Suspend
from tests.protocol.practices.desk import Group, copy_of, keys_of, snapshot

ADMITTED = ("ana", "bia")


@pytest.fixture
def palmas() -> Group:
    """Return a group with FLOR, kept among ana, bia and dora, and REAL."""
    group = Group()
    group.currency("FLOR")
    group.currency("REAL")
    group.admit("ana", "bia", "caio", custodial=True)
    group.admit("dora")
    group.do("steward", "issuer-groups.create", MakeIssuerGroup("flor", "Who issues and takes FLOR"))
    group.do("steward", "issuer-groups.admit", AdmitIssuers((*ADMITTED, "dora")), "flor")
    group.do("steward", "issuer-groups.keep", KeepCurrency("FLOR"), "flor")
    return group


def amounts(flor: int = 40_00, real: int = 60_00) -> tuple[Amount, ...]:
    return Amount(flor, "FLOR", 2), Amount(real, "REAL", 2)


def wish(group: Group, payer: str = "ana", payee: str = "bia", **changed: Any) -> PayMixed:
    return replace(PayMixed(payee, amounts(), payer, drawn_id(group.chance)), **changed)


def signed(group: Group, payer: str = "dora", payee: str = "bia", **changed: Any) -> Brought:
    told = wish(group, group.member(payer).id, payee, **changed)
    return Brought(group.sign("mixed-payments.create", told, keys_of(payer)))


def balances(group: Group, *handles: str) -> list[tuple[int, int]]:
    return [(group.balance(one, "FLOR"), group.balance(one, "REAL")) for one in handles]


def told(group: Group, wished: PayMixed | Brought, who: str = "ana") -> Refused:
    shown = group.ask(who, "mixed-payments.create", wished)
    assert isinstance(shown, Refused), shown
    return shown


def test_100_is_40_flor_and_60_real_in_one_entry(palmas: Group) -> None:
    before = len(palmas.entries)
    shown = palmas.do("ana", "mixed-payments.create", wish(palmas))
    assert len(palmas.entries) == before + 1
    assert balances(palmas, "ana", "bia") == [(-40_00, -60_00), (40_00, 60_00)]
    # As a reserve makes it: which kind a currency is, it tells itself.
    palmas.book.currencies["REAL"].guaranteed = True
    shown = palmas.view("ana", "mixed-payments.show", shown.id)
    assert [(one.kind, one.amount, one.state) for one in shown.parts] == [
        ("mutual", amounts()[0], PaymentState.POSTED),
        ("guaranteed", amounts()[1], PaymentState.POSTED),
    ]
    assert shown.said == (
        "bia gets 40.00 FLOR (mutual credit, which nothing backs) and 60.00 REAL (backed money) of ana:"
        " all of it, or nothing."
    )
    assert palmas.book.ledger.sums() == {"FLOR": 0, "REAL": 0}
    first, second = (palmas.view("bia", "payments.show", one.payment) for one in shown.parts)
    assert first.mixed == second.mixed == first.id == shown.id != second.id
    lines = [palmas.statement("ana", palmas.account("ana", code).id)[-1] for code in ("FLOR", "REAL")]
    assert [(line.amount.value, line.entry) for line in lines] == [(-40_00, before), (-60_00, before)]


def test_a_payee_outside_flor_gets_nothing_of_either(palmas: Group) -> None:
    before = snapshot(palmas.book)
    refused = told(palmas, wish(palmas, payee="caio"))
    assert refused.reason is NOT_IN_GROUP and refused.figures["member"] == "caio"
    assert snapshot(palmas.book) == before
    # Nothing is converted: the same in one currency alone is another wish, and goes.
    palmas.do("ana", "payments.create", Pay("caio", Amount(60_00, "REAL", 2), "ana"))


def test_one_leg_beyond_its_limit_stops_all(palmas: Group) -> None:
    refused = told(palmas, wish(palmas, amounts=amounts(real=100_01)))
    assert refused.reason is LIMIT_EXCEEDED and refused.figures["currency"] == "REAL"
    assert balances(palmas, "ana", "bia") == [(0, 0), (0, 0)]


def test_a_member_with_a_key_signs_it_as_one_wish_and_proves_each_part(palmas: Group) -> None:
    order = signed(palmas)
    shown = palmas.do("dora", "mixed-payments.create", order)
    assert balances(palmas, "dora", "bia") == [(-40_00, -60_00), (40_00, 60_00)]
    # Brought again, it is shown again.
    count = len(palmas.entries)
    assert palmas.do("dora", "mixed-payments.create", order) == shown and len(palmas.entries) == count
    kinds = {kind.KIND: kind for practice in PRACTICES for kind in practice.entries}
    for part in shown.parts:
        payment = palmas.book.payments[parse_uuid(part.payment) or b""]
        verdict = verify_receipt(palmas.receipt("dora", payment).document, kinds)
        assert verdict.faults == () and verdict.signed, part
    word = wish(palmas, "dora")
    assert told(palmas, word, "dora").reason is FORBIDDEN
    assert told(palmas, word).reason is FORBIDDEN
    by_another = Brought(palmas.sign("mixed-payments.create", wish(palmas, palmas.member("ana").id), keys_of("dora")))
    assert told(palmas, by_another, "dora").reason is FORBIDDEN


def test_a_key_with_a_cap_pays_in_one_currency_only(palmas: Group) -> None:
    till = keys_of("till")
    palmas.add_key("dora", till, 100_00)
    told_ = wish(palmas, palmas.member("dora").id)
    assert told(palmas, Brought(palmas.sign("mixed-payments.create", told_, till)), "dora").reason is FORBIDDEN


def test_told_again_by_word_nothing_is_paid_twice(palmas: Group) -> None:
    once = wish(palmas)
    shown = palmas.do("ana", "mixed-payments.create", once)
    assert palmas.do("ana", "mixed-payments.create", once) == shown
    assert balances(palmas, "ana") == [(-40_00, -60_00)]
    other = replace(once, amounts=amounts(real=1_00))
    assert told(palmas, other).reason is PAYMENT_EXISTS
    three = replace(once, amounts=(*amounts(), Amount(1, "HORA", 2)))
    assert told(palmas, three).reason is CURRENCY_UNKNOWN


def test_a_part_is_paid_back_by_itself(palmas: Group) -> None:
    shown = palmas.do("ana", "mixed-payments.create", wish(palmas))
    second = parse_uuid(shown.parts[1].payment) or b""
    palmas.do("bia", "payments.reverse", ReversePayment(second), shown.parts[1].payment)
    assert balances(palmas, "ana", "bia") == [(-40_00, 0), (40_00, 0)]
    again = palmas.view("ana", "mixed-payments.show", shown.id)
    assert [one.state for one in again.parts] == [PaymentState.POSTED, PaymentState.REVERSED]


def test_a_levy_is_each_currency_s_own_and_the_note_is_the_payer_s(palmas: Group) -> None:
    palmas.do("steward", "currencies.set-levy", SetLevy(100, until_repaid=False), "FLOR")
    shown = palmas.do("ana", "mixed-payments.create", wish(palmas))
    assert balances(palmas, "bia") == [(39_60, 60_00)] and palmas.balance("commons", "FLOR") == 40
    assert palmas.view("dora", "mixed-payments.show", shown.id).reason is FORBIDDEN


def test_what_cannot_be_so_is_refused_whole(palmas: Group) -> None:
    palmas.currency("ECO")
    palmas.admit("rui", custodial=True)
    palmas.do("steward", "issuer-groups.admit", AdmitIssuers(("rui",)), "flor")
    palmas.do("steward", "members.suspend", Suspend(), "rui")
    flor, real = amounts()
    for changed, reason in (
        ({"amounts": (flor,)}, MALFORMED),
        ({"amounts": (flor, flor)}, MALFORMED),
        ({"amounts": (flor, replace(real, asset_code=None))}, MALFORMED),
        ({"amounts": amounts(real=0)}, AMOUNT_NOT_POSITIVE),
        ({"amounts": (flor, Amount(1, "MIL", 2))}, CURRENCY_UNKNOWN),
        ({"amounts": (flor, Amount(1, "ECO", 2))}, ACCOUNT_UNKNOWN),
        ({"payee": "nobody"}, MEMBER_UNKNOWN),
        ({"payee": "ana"}, SAME_ACCOUNT),
        ({"payee": "rui"}, MEMBER_NOT_ACTIVE),
        ({"payee": "bia@serra"}, QUOTE_UNKNOWN),
        ({"payer": "bia"}, FORBIDDEN),
        ({"invoice": bytes(32)}, ORDER_MISMATCH),
        ({"condition": bytes(32)}, ORDER_MISMATCH),
        ({"max_debits": (flor, real)}, ORDER_MISMATCH),
    ):  # fmt: skip
        wished = replace(wish(palmas), **changed)
        before = snapshot(palmas.book)
        refused = mixed_form(palmas.desk(palmas.actor("ana")), wished) or told(palmas, wished)
        assert refused.reason is reason, (changed, refused)
        assert snapshot(palmas.book) == before
    assert palmas.view("ana", "mixed-payments.show", "nothing").reason is PAYMENT_UNKNOWN
    palmas.do("steward", "currencies.close", CloseCurrency(), "REAL")
    assert told(palmas, wish(palmas)).reason is CURRENCY_CLOSED


def test_other_nodes_refuse_what_a_home_would_not_write(palmas: Group) -> None:
    ana, bia = palmas.member("ana").id, palmas.member("bia").id
    fine = wish(palmas, ana, bia)
    assert palmas.check(MixedPaid(None, fine)) is None
    for changed, reason in (
        ({"payment": None}, MALFORMED),
        ({"payer": None}, MALFORMED),
        ({"amounts": amounts()[:1]}, MALFORMED),
        ({"payer": "N" * 16}, MEMBER_UNKNOWN),
        ({"payer": palmas.member("dora").id}, FORBIDDEN),
        ({"payee": palmas.member("caio").id}, NOT_IN_GROUP),
        ({"payee": "bia@palmas"}, ORDER_MISMATCH),
    ):
        assert palmas.check(MixedPaid(None, replace(fine, **changed))) is reason, changed


def test_the_greatest_wish_fits_an_entry_and_a_copy_says_the_same(palmas: Group) -> None:
    codes = ("FLOR", "REAL", "ABCDEFGHIJKL", "ZBCDEFGHIJKL")
    most = wish(
        palmas, "A" * 16, "p" * 256, amounts=tuple(Amount(2**63 - 1, code, 9) for code in codes),
        max_debits=tuple(Amount(2**63 - 1, code, 9) for code in codes), invoice=bytes(32), condition=bytes(32),
        note=bytes(32),
    )  # fmt: skip
    assert len(encode_body(MixedPaid(None, most), palmas.now)) < 1_792
    palmas.do("ana", "mixed-payments.create", wish(palmas))
    assert snapshot(copy_of(palmas.written)) == snapshot(palmas.book)
    ids = {leg_id(bytes(16), number) for number in range(4)}
    assert len(ids) == 4
