# SPDX-License-Identifier: AGPL-3.0-or-later
"""Payments within a network: MISSION's LETS story, every way to be refused, holds, reversal, mandates."""

import pytest

from protocol.economy.book import PaymentAuth, PaymentState
from protocol.economy.currencies import SetLevy
from protocol.economy.members import Leave, SetLimits
from protocol.economy.money import Amount
from protocol.rejection import Refused, Rejection
from tests.economy.desk import Group, copy_of, snapshot


@pytest.fixture
def riacho() -> Group:
    """Ana and Bia with keys, Caio without, who may each owe 200.00."""
    group = Group()
    group.currency(limit=200_00)
    group.admit("ana", "bia")
    group.admit("caio", custodial=True)
    return group


def test_a_member_at_minus_180_may_pay_20_more_and_not_30(riacho: Group) -> None:
    riacho.pay("ana", "bia", 180_00)
    refused = riacho.ask("ana", "payments.create", riacho.wish("ana", "bia", 30_00))
    assert refused == Refused(
        Rejection.LIMIT_EXCEEDED,
        {"available": 20_00, "limit": -200_00, "projected_balance": -210_00, "currency": "HORA"},
    )
    assert riacho.balance("ana") == -180_00
    riacho.pay("ana", "bia", 20_00)
    assert (riacho.balance("ana"), riacho.balance("bia")) == (-200_00, 200_00)


def test_the_commons_takes_a_leavers_debt_and_a_levy_of_one_percent_repays_it_after_18000_of_trade(
    riacho: Group,
) -> None:
    riacho.pay("ana", "bia", 180_00)
    riacho.do("ana", "members.leave", Leave(), "ana")
    assert (riacho.balance("ana"), riacho.balance("commons"), riacho.balance("bia")) == (0, -180_00, 180_00)

    riacho.do("steward", "currencies.set-levy", SetLevy(100), "HORA")
    riacho.do("steward", "members.set-limits", SetLimits(Amount(10_000_00, None, 2)), "bia")
    riacho.do("steward", "members.set-limits", SetLimits(Amount(10_000_00, None, 2)), "caio")
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
    payment = riacho.pay("caio", "bia", 5_00)
    assert (payment.auth, payment.state) == (PaymentAuth.CUSTODIAL, PaymentState.POSTED)


def test_another_node_makes_the_same_book_of_the_same_entries(riacho: Group) -> None:
    riacho.pay("ana", "bia", 12_50)
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)
