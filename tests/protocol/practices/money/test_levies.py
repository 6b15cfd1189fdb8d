# SPDX-License-Identifier: AGPL-3.0-or-later
"""A levy falls on the payee, on the payer or on both, and may differ for a group; what was paid before stays."""

from random import Random
from typing import Any

import pytest

from protocol.book.currency import LevySide
from protocol.book.money import Amount
from protocol.book.payments import Payment, PaymentState
from protocol.book.refusals import LIMIT_EXCEEDED, NOT_FOUND, Refused
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.uuids import drawn_id
from protocol.practices.money.currencies import LevySet, SetLevy
from protocol.practices.money.issuer_groups import AdmitIssuers, MakeIssuerGroup, RemoveIssuers
from protocol.practices.money.masses.views import PayMany
from protocol.practices.money.payments.entries import Pay, ReversePayment
from protocol.practices.money.payments.paying import MAX_DEBIT_EXCEEDED
from protocol.practices.money.payments.views import PostPayment, VoidPayment
from protocol.practices.money.requests.views import AskPayment, PayRequest
from protocol.practices.money.schedules.entries import Rhythm, SchedulePayment
from protocol.practices.people.authority import KEY_CAP_EXCEEDED
from tests.protocol.practices.desk import DAY_MS, Group, copy_of, keys_of, snapshot

PAYEE, PAYER, BOTH = LevySide.PAYEE, LevySide.PAYER, LevySide.BOTH


@pytest.fixture
def riacho() -> Group:
    group = Group()
    group.currency()
    group.admit("ana", "bia", "caio", "oficina", custodial=True)
    return group


def hora(minor: int) -> Amount:
    return Amount(minor, "HORA", 2)


def levy(desk: Group, basis_points: int, side: LevySide | None = None, **changed: Any) -> Any:
    terms: dict[str, Any] = {"until_repaid": False} | changed
    wish = SetLevy(basis_points, side=side, **terms)
    return desk.do("steward", "currencies.set-levy", wish, "HORA")


def balances(group: Group, *names: str) -> list[int]:
    return [group.balance(name) for name in names or ("ana", "bia", "commons", "holds")]


def organisations(group: Group, *handles: str) -> None:
    group.do("steward", "issuer-groups.create", MakeIssuerGroup("organisations", "Who is no person"))
    group.do("steward", "issuer-groups.admit", AdmitIssuers(handles), "organisations")


@pytest.mark.parametrize(
    ("side", "minor", "borne"),
    [
        (None, 99, (0, 0)),
        (None, 100, (0, 1)),
        (PAYER, 99, (0, 0)),
        (PAYER, 100, (1, 0)),
        (BOTH, 100, (0, 1)),
        (BOTH, 199, (0, 1)),
        (BOTH, 200, (1, 1)),
        (BOTH, 300, (1, 2)),
        (BOTH, 1, (0, 0)),
    ],
)
def test_of_an_odd_levy_the_payee_bears_the_unit_more(
    riacho: Group, side: LevySide | None, minor: int, borne: tuple[int, int]
) -> None:
    levy(riacho, 100, side)
    payment, (payer, payee) = riacho.pay("ana", "bia", minor), borne
    assert (payment.payer_levy_minor, payment.levy_minor, payment.debit_minor) == (payer, payee, minor + payer)
    assert balances(riacho) == [-minor - payer, minor - payee, payer + payee, 0]
    shown = riacho.view("ana", "payments.show", uuid_text(payment.id))
    assert (shown.debit, shown.amount) == (hora(minor + payer), hora(minor))
    assert shown.payer_levy == (hora(payer) if payer else None)


def test_the_room_the_cap_and_what_is_allowed_count_the_payers_levy(riacho: Group) -> None:
    riacho.admit("dora")
    levy(riacho, 1_000, PAYER)
    assert riacho.view("ana", "accounts.show", riacho.account("ana").id).headroom == hora(90_91)
    refused = riacho.ask("ana", "payments.create", riacho.wish("ana", "bia", 90_92))
    assert isinstance(refused, Refused) and refused.reason is LIMIT_EXCEEDED
    assert (refused.figures["available"], refused.figures["missing"]) == (90_91, 1)
    assert riacho.refuses("dora", "bia", 10_00, max_debit=10_99) is MAX_DEBIT_EXCEEDED
    assert riacho.pay("dora", "bia", 10_00, max_debit=11_00).debit_minor == 11_00
    riacho.add_key("dora", keys_of("till"), 11_00)
    assert riacho.refuses("dora", "bia", 10_01, keys=keys_of("till")) is KEY_CAP_EXCEEDED
    held = riacho.pay("dora", "bia", 10_00, keys=keys_of("till"), pending=True)
    assert riacho.refuses("dora", "bia", 1, keys=keys_of("till")) is KEY_CAP_EXCEEDED
    riacho.payments("bia", "void", held, VoidPayment())
    assert riacho.pay("dora", "bia", 10_00, keys=keys_of("till")).debit_minor == 11_00
    assert riacho.pay("ana", "bia", 90_91).debit_minor == 100_00
    assert riacho.refuses("ana", "bia", 1) is LIMIT_EXCEEDED
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_a_payment_that_waits_holds_the_levy_and_brings_it_or_gives_it_back(riacho: Group) -> None:
    levy(riacho, 1_000, BOTH)
    one, other = (riacho.pay("ana", "bia", 10_01, pending=True) for _ in range(2))
    assert balances(riacho) == [-21_02, 0, 0, 21_02] and riacho.account("ana").held_minor == 21_02
    # What is held was reckoned; what the payee bears is as it stands when the money arrives.
    levy(riacho, 2_000, PAYEE)
    assert riacho.payments("bia", "post", one, PostPayment()).levy == hora(2_00)
    assert balances(riacho) == [-21_02, 8_01, 2_50, 10_51]
    riacho.payments("bia", "void", other, VoidPayment())
    assert balances(riacho) == [-10_51, 8_01, 2_50, 0] and riacho.account("ana").held_minor == 0
    riacho.payments("bia", "reverse", one, ReversePayment(one.id))
    assert balances(riacho) == [0, 0, 0, 0]
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_parts_that_are_refunded_bring_both_levies_back_in_proportion(riacho: Group) -> None:
    levy(riacho, 1_000, BOTH)
    first = riacho.pay("ana", "bia", 10_01)
    assert balances(riacho) == [-10_51, 9_51, 1_00, 0]
    for minor, after in ((5_00, [-5_27, 4_75, 52, 0]), (1, [-5_25, 4_75, 50, 0]), (5_00, [0, 0, 0, 0])):
        back = Pay("ana", hora(minor), "bia", payment=drawn_id(riacho.chance), refunds=first.id, max_debit=hora(minor))
        riacho.do("bia", "payments.create", back)
        assert balances(riacho) == after, minor


def test_a_levy_that_repays_takes_no_more_than_the_debt_of_both_together(riacho: Group) -> None:
    riacho.admit("dora", custodial=True)
    riacho.pay("dora", "caio", 3)
    riacho.leave("dora")
    levy(riacho, 1_000, BOTH, until_repaid=True)
    payment = riacho.pay("ana", "bia", 10_00)
    assert (payment.payer_levy_minor, payment.levy_minor, riacho.balance("commons")) == (1, 2, 0)
    assert riacho.pay("ana", "bia", 10_00).debit_minor == 10_00


def test_organisations_bear_their_own_from_the_entry_that_says_so(riacho: Group) -> None:
    before = riacho.pay("oficina", "bia", 10_00)
    organisations(riacho, "oficina")
    levy(riacho, 100)
    shown = levy(riacho, 500, PAYER, group="organisations")
    assert (shown.levy_basis_points, shown.levy_side) == (100, "payee")
    assert [(one.group, one.basis_points, one.side) for one in shown.levies] == [("organisations", 500, "payer")]

    def borne(payer: str, payee: str) -> tuple[int, int]:
        payment = riacho.pay(payer, payee, 10_00)
        return payment.payer_levy_minor, payment.levy_minor

    assert borne("ana", "bia") == (0, 10)
    assert borne("oficina", "bia") == (50, 10), "what it pays costs it 5%; Bia bears her own"
    assert borne("ana", "oficina") == (0, 0), "as payee it bears nothing"
    riacho.do("steward", "issuer-groups.remove", RemoveIssuers(("oficina",)), "organisations")
    assert borne("oficina", "bia") == (0, 10)
    assert (before.payer_levy_minor, before.levy_minor) == (0, 0)
    wish = SetLevy(1, group="nobody")
    assert riacho.refusal("steward", "currencies.set-levy", wish, "HORA") is NOT_FOUND
    assert riacho.check(LevySet("HORA", 1, until_repaid=True, group="nobody")) is NOT_FOUND
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_of_several_groups_the_highest_levy_counts(riacho: Group) -> None:
    organisations(riacho, "oficina")
    riacho.do("steward", "issuer-groups.create", MakeIssuerGroup("founders", "Who began"))
    riacho.do("steward", "issuer-groups.admit", AdmitIssuers(("oficina", "ana")), "founders")
    levy(riacho, 100, PAYER)
    levy(riacho, 200, PAYER, group="organisations")
    levy(riacho, 0, PAYER, group="founders")
    assert [riacho.pay(who, "bia", 10_00).payer_levy_minor for who in ("caio", "ana", "oficina")] == [10, 0, 20]


def test_a_file_of_payees_costs_its_payer_the_levy_of_each_row(riacho: Group) -> None:
    levy(riacho, 100, BOTH)
    wish = PayMany(b"bia,3.00\ncaio,1.00\n", "HORA", "wages", "ana")
    shown = riacho.do("ana", "mass-payments.create", wish)
    assert shown.total == hora(4_00)
    assert balances(riacho, "ana", "bia", "caio", "commons") == [-4_01, 2_98, 99, 4]
    levy(riacho, 1_000, PAYER)
    refused = riacho.ask("ana", "mass-payments.create", PayMany(b"bia,80.00\ncaio,7.28\n", "HORA", "more", "ana"))
    assert isinstance(refused, Refused) and refused.figures["missing"] == 1
    riacho.do("ana", "mass-payments.create", PayMany(b"bia,80.00\ncaio,7.27\n", "HORA", "more", "ana"))
    assert riacho.balance("ana") == -100_00
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_requests_and_standing_orders_carry_it(riacho: Group) -> None:
    levy(riacho, 1_000, PAYER)
    asked = riacho.do("bia", "payment-requests.create", AskPayment(hora(10_00), payer="ana"))
    riacho.do("ana", "payment-requests.pay", PayRequest(), asked.id)
    riacho.do(
        "ana",
        "scheduled-payments.create",
        SchedulePayment(payee="bia", amount=hora(10_00), first_at=riacho.now + DAY_MS, rhythm=Rhythm.DAILY, times=9),
    )
    riacho.pass_time(riacho.now + DAY_MS)
    assert balances(riacho) == [-22_00, 20_00, 2_00, 0]
    for _ in range(8):
        riacho.pass_time(riacho.now + DAY_MS)
    assert riacho.balance("ana") == -99_00, "for the last of them 1.00 is left"
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def borne_by(payment: Payment, basis_points: int, side: LevySide) -> tuple[int, int]:
    """Reckon a levy once more, in the words of the page that tells of it."""
    whole = payment.amount_minor * basis_points // 10_000
    return {PAYEE: (0, whole), PAYER: (whole, 0), BOTH: (whole // 2, whole - whole // 2)}[side]


@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_paid_the_commons_has_the_sum_of_the_levies(riacho: Group, seed: int) -> None:
    chance, terms = Random(seed), (0, PAYEE)
    for _ in range(120):
        payer, payee = chance.sample(("ana", "bia", "caio", "oficina"), 2)
        payments = list(riacho.book.payments.values())
        known = chance.choice(payments) if payments else None
        match chance.randrange(8):
            case 0:
                terms = chance.randrange(0, 3_000), chance.choice((PAYEE, PAYER, BOTH))
                levy(riacho, *terms)
            case 1 if known is not None:
                verb = chance.choice(("post", "void"))
                riacho.payments("steward", verb, known, PostPayment() if verb == "post" else VoidPayment())
            case 2 if known is not None:
                riacho.payments("steward", "reverse", known, ReversePayment(known.id))
            case 3 if known is not None:
                part = chance.randrange(1, known.amount_minor + 1)
                wish = Pay(known.payer, hora(part), known.payee, payment=drawn_id(riacho.chance), refunds=known.id)
                riacho.ask("steward", "payments.create", wish)
            case _:
                wish = riacho.wish(payer, payee, chance.randrange(1, 30_00), pending=chance.random() < 0.3)
                shown = riacho.ask("steward", "payments.create", wish)
                if not isinstance(shown, Refused) and shown.state is PaymentState.POSTED:
                    made = riacho.book.payments[parse_uuid(shown.id) or b""]
                    assert (made.payer_levy_minor, made.levy_minor) == borne_by(made, *terms)
        assert riacho.book.ledger.sums() == {"HORA": 0}
        brought = sum(
            one.levy_minor + one.payer_levy_minor - one.levy_back_minor - one.payer_levy_back_minor
            for one in riacho.book.payments.values()
            if one.state is PaymentState.POSTED
        )
        waits = [one for one in riacho.book.payments.values() if one.state is PaymentState.PENDING]
        assert balances(riacho, "commons", "holds") == [brought, sum(one.debit_minor or 0 for one in waits)]
        assert all(riacho.balance(name) >= -100_00 for name in ("ana", "bia", "caio", "oficina"))
    assert riacho.balance("commons") > 0
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)
