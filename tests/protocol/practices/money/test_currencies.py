# SPDX-License-Identifier: AGPL-3.0-or-later
"""Currencies: created with a word and a scale of their own, taxed for the commons, closed when all is settled."""

from dataclasses import replace
from typing import Any

import pytest

from protocol.book.declaration import Actor, Role
from protocol.book.money import Amount
from protocol.book.refusals import (
    AMOUNT_MALFORMED,
    AMOUNT_TOO_LARGE,
    BALANCE_OPEN,
    CURRENCY_CLOSED,
    CURRENCY_MISMATCH,
    CURRENCY_UNKNOWN,
    DUPLICATE,
    FORBIDDEN,
    MALFORMED,
    MOTION_NEEDED,
    SCALE_EXCEEDED,
    TEXT_NOT_NFC,
    WRONG_NETWORK,
    Reason,
)
from protocol.book.signed import parse_uuid
from protocol.practices.governance.motions.entries import Ballot, Vote
from protocol.practices.money.currencies.entries import (
    CurrencyClosed,
    CurrencyCreated,
    CurrencyKeptHome,
    DefaultsSet,
    LevySet,
)
from protocol.practices.money.currencies.rules import CODES_NARROWED_MS
from protocol.practices.money.currencies.views import (
    Accounts,
    CloseCurrency,
    CreateCurrency,
    CurrenciesWanted,
    KeepCurrencyHome,
    SetDefaults,
    SetLevy,
)
from protocol.practices.money.payments.views import VoidPayment
from protocol.practices.people.members.views import Approve
from tests.protocol.practices.desk import ANYBODY, DAY_MS, Group, copy_of, snapshot

HORA = CreateCurrency("HORA", "Horas do Riacho", Amount(100, None, 0), unit_word="horinha")


@pytest.fixture
def riacho() -> Group:
    return Group()


def test_a_currency_has_its_own_word_and_scale_and_gives_new_accounts_its_limits(riacho: Group) -> None:
    shown = riacho.do("steward", "currencies.create", replace(HORA, balance_limit=Amount(5000, "HORA", 1)))
    assert (shown.code, shown.unit_word, shown.scale, shown.kind) == ("HORA", "horinha", 2, "mutual")
    assert (shown.credit_limit, shown.balance_limit) == (Amount(100_00, "HORA", 2), Amount(500_00, "HORA", 2))
    riacho.admit("ana")
    assert (riacho.account("ana").least_minor, riacho.account("ana").most_minor) == (-100_00, 500_00)
    assert sorted(riacho.book.ledger.accounts)[-3:] == ["commons.HORA", "exchange.HORA", "holds.HORA"]


def test_the_unit_is_called_by_its_code_where_no_word_is_given(riacho: Group) -> None:
    assert riacho.do("steward", "currencies.create", replace(HORA, unit_word=None)).unit_word == "HORA"


def test_what_is_no_currency(riacho: Group) -> None:
    def refused(who: str | Actor = "steward", **changed: Any) -> Reason:
        return riacho.refusal(who, "currencies.create", replace(HORA, **changed))

    for code in ("", "hora", "HO RA", "HORA-1", "HÓRA", "HORA\n", "2HORA", "12", "TRUE", "FALSE", "NULL"):
        assert refused(code=code) is MALFORMED
    assert refused(name="e\u0301") is TEXT_NOT_NFC
    assert refused(unit_word="x" * 33) is MALFORMED
    assert refused(credit_limit=Amount(-1)) is AMOUNT_MALFORMED
    assert refused(balance_limit=Amount(-1)) is AMOUNT_MALFORMED
    assert refused(credit_limit=Amount(1, None, 3)) is SCALE_EXCEEDED
    assert refused(credit_limit=Amount(2**63 - 1)) is AMOUNT_TOO_LARGE
    assert refused(credit_limit=Amount(1, "FLOR")) is CURRENCY_MISMATCH
    assert refused(Actor(Role.COMMITTEE)) is FORBIDDEN
    # Of several reasons the one that stands first is given.
    assert refused(name="e\u0301", credit_limit=Amount(1, None, 3)) is TEXT_NOT_NFC
    riacho.do("steward", "currencies.create", HORA)
    assert refused() is DUPLICATE


def test_other_programs_take_a_new_currency_s_code_for_a_word_and_those_of_old_stay(riacho: Group) -> None:
    """Every node checks it, by the hour that the home has dated the entry with."""
    for code in ("12", "2HORA", "TRUE", "NULL"):
        body = CurrencyCreated(code, "Horas", "hora", 2, 0, None)
        riacho.now = CODES_NARROWED_MS
        assert riacho.check(body) is MALFORMED
        riacho.now -= 1
        assert riacho.check(body) is None
    assert riacho.check(CurrencyCreated("true", "Horas", "hora", 2, 0, None)) is MALFORMED
    riacho.now += 1
    assert riacho.check(CurrencyCreated("TRUE2", "Horas", "hora", 2, 0, None)) is None


def test_a_currency_closes_when_every_balance_is_zero_and_pending_payments_count(riacho: Group) -> None:
    riacho.do("steward", "currencies.create", HORA)
    riacho.admit("ana", "bia")
    payment = riacho.pay("ana", "bia", 5_00, pending=True)
    assert riacho.refusal("steward", "currencies.close", CloseCurrency(), "HORA") is BALANCE_OPEN
    assert riacho.check(CurrencyClosed("HORA")) is BALANCE_OPEN
    riacho.payments("bia", "void", payment, VoidPayment())
    assert riacho.do("steward", "currencies.close", CloseCurrency(), "HORA").closed
    assert riacho.refuses("ana", "bia", 1) is CURRENCY_CLOSED
    assert riacho.refusal("steward", "currencies.close", CloseCurrency(), "HORA") is CURRENCY_CLOSED
    assert riacho.refusal("steward", "currencies.set-levy", SetLevy(1), "HORA") is CURRENCY_CLOSED
    assert riacho.join("dora").handle == "dora"
    approve = Approve(currency="HORA")
    assert riacho.refusal("steward", "members.approve", approve, "dora") is CURRENCY_CLOSED
    assert riacho.do("steward", "members.approve", Approve(), "dora").accounts == ()


def test_a_levy_without_end_is_rounded_down_and_spares_gifts_to_the_commons(riacho: Group) -> None:
    riacho.do("steward", "currencies.create", HORA)
    riacho.admit("ana", "bia")
    riacho.do("steward", "currencies.set-levy", SetLevy(250, until_repaid=False), "HORA")
    assert riacho.pay("ana", "bia", 39).levy_minor == 0
    assert riacho.pay("ana", "bia", 40).levy_minor == 1
    assert (riacho.balance("ana"), riacho.balance("bia"), riacho.balance("commons")) == (-79, 78, 1)
    assert riacho.pay("ana", "commons.HORA", 1_00).levy_minor == 0


def test_a_repaying_levy_takes_no_more_than_the_debt(riacho: Group) -> None:
    riacho.do("steward", "currencies.create", HORA)
    riacho.admit("ana", "bia", "dora")
    riacho.do("steward", "currencies.set-levy", SetLevy(10_000), "HORA")
    assert riacho.pay("dora", "bia", 50).levy_minor == 0
    riacho.leave("dora")
    assert riacho.balance("commons") == -50
    assert riacho.pay("ana", "bia", 1_00).levy_minor == 50
    assert (riacho.balance("ana"), riacho.balance("bia"), riacho.balance("commons")) == (-1_00, 1_00, 0)
    assert riacho.pay("ana", "bia", 1_00).levy_minor == 0


def test_what_is_said_of_an_unknown_currency(riacho: Group) -> None:
    assert riacho.refusal("steward", "currencies.set-levy", SetLevy(1), "FLOR") is CURRENCY_UNKNOWN
    assert riacho.refusal("steward", "currencies.close", CloseCurrency(), "FLOR") is CURRENCY_UNKNOWN
    assert riacho.view(ANYBODY, "currencies.show", "FLOR").reason is CURRENCY_UNKNOWN


def test_everybody_may_list_currencies(riacho: Group) -> None:
    for code in ("HORA", "FLOR", "ECO"):
        riacho.currency(code)
    riacho.admit("ana")
    found = riacho.list("ana", "currencies.list", CurrenciesWanted(), limit=2)
    assert isinstance(found, list)
    assert [shown.code for shown in found] == ["HORA", "FLOR", "ECO"]
    assert Role.ANYONE in riacho.operations["currencies.list"].who


def test_no_node_takes_an_entry_of_another_network_or_lane(riacho: Group) -> None:
    entered = riacho.entered(riacho.seal(CurrencyCreated("HORA", "Hora", "hora", 2, -1, None)))
    assert riacho.book.check(entered) is None
    assert riacho.book.check(entered._replace(network=bytes(32))) is WRONG_NETWORK
    assert riacho.book.check(entered._replace(lane="commons")) is WRONG_NETWORK
    assert riacho.check(LevySet("FLOR", 1, until_repaid=True)) is CURRENCY_UNKNOWN


def test_the_limits_of_a_currency_change_for_new_accounts_or_for_all(riacho: Group) -> None:
    riacho.do("steward", "currencies.create", HORA)
    riacho.admit("ana")

    def limits(who: str) -> tuple[int | None, int | None]:
        return riacho.account(who).least_minor, riacho.account(who).most_minor

    shown = riacho.do("steward", "currencies.set-defaults", SetDefaults(Amount(200), Amount(500)), "HORA")
    assert (shown.credit_limit, shown.balance_limit) == (Amount(200_00, "HORA", 2), Amount(500_00, "HORA", 2))
    riacho.admit("bia")
    assert (limits("ana"), limits("bia")) == ((-100_00, None), (-200_00, 500_00))
    wish = SetDefaults(Amount(300), accounts=Accounts.ALL)
    riacho.do("steward", "currencies.set-defaults", wish, "HORA")
    riacho.admit("caio")
    assert [limits(who) for who in ("ana", "bia", "caio")] == [(-300_00, None), (-300_00, 500_00), (-300_00, 500_00)]
    riacho.do("steward", "currencies.set-defaults", SetDefaults(any_balance=True, accounts=Accounts.ALL), "HORA")
    assert limits("bia") == (-300_00, None)
    assert riacho.book.ledger.accounts["commons.HORA"].least_minor is None, "the network's own accounts have no limits"
    assert riacho.news[-1].type == "currency.defaults-set"
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_what_are_no_limits_of_a_currency(riacho: Group) -> None:
    def refused(who: str | Actor = "steward", code: str = "HORA", **changed: Any) -> Reason:
        return riacho.refusal(who, "currencies.set-defaults", SetDefaults(**changed), code)

    assert refused(credit_limit=Amount(1)) is CURRENCY_UNKNOWN
    riacho.do("steward", "currencies.create", HORA)
    assert refused() is MALFORMED
    assert refused(any_balance=True, balance_limit=Amount(1)) is MALFORMED
    assert refused(credit_limit=Amount(-1)) is AMOUNT_MALFORMED
    assert refused(balance_limit=Amount(1, "FLOR")) is CURRENCY_MISMATCH
    assert refused(Actor(Role.COMMITTEE), credit_limit=Amount(1)) is FORBIDDEN
    assert riacho.check(DefaultsSet("HORA", None, 1, any_balance=True, everyone=False)) is MALFORMED
    assert riacho.check(DefaultsSet("FLOR", None, 1, any_balance=False, everyone=False)) is CURRENCY_UNKNOWN
    riacho.do("steward", "currencies.close", CloseCurrency(), "HORA")
    assert refused(credit_limit=Amount(1)) is CURRENCY_CLOSED


def test_a_group_keeps_a_currency_at_home_by_vote() -> None:
    group = Group()
    group.currency()
    group.admit("ana", "bia", custodial=True)
    assert group.check(CurrencyKeptHome("HORA")) is MOTION_NEEDED
    assert group.refusal("ana", "currencies.keep-home", KeepCurrencyHome(), "FLOR") is CURRENCY_UNKNOWN
    payment = group.pay("ana", "bia", 10_00)
    assert group.refusal("ana", "currencies.keep-home", KeepCurrencyHome(), "HORA") is BALANCE_OPEN
    group.pay("bia", "ana", payment.amount_minor)
    asked = group.do("ana", "currencies.keep-home", KeepCurrencyHome(), "HORA").id
    for handle in ("ana", "bia"):
        group.do(handle, "motions.vote", Vote(parse_uuid(asked) or b"", Ballot.YES), asked)
    assert group.view("ana", "currencies.show", "HORA").convertible
    group.pass_time(group.now + 7 * DAY_MS)
    assert not group.view("ana", "currencies.show", "HORA").convertible
    group.pay("ana", "bia", 10_00)
    assert group.balance("bia") == 10_00, "members pay each other as ever"
    group.pay("bia", "ana", 10_00)
    assert group.refusal("ana", "currencies.keep-home", KeepCurrencyHome(), "HORA") is DUPLICATE
    group.do("steward", "currencies.close", CloseCurrency(), "HORA")
    assert group.check(CurrencyKeptHome("HORA")) is CURRENCY_CLOSED
    assert snapshot(copy_of(group.written)) == snapshot(group.book)
