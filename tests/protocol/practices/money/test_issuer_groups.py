# SPDX-License-Identifier: AGPL-3.0-or-later
"""A currency without backing is paid among its users-issuers alone: nobody outside comes to hold or to owe any."""

from typing import Any

import pytest

from protocol.book.issuer_groups import NOT_IN_GROUP
from protocol.book.money import Amount
from protocol.book.payments import Payment
from protocol.book.refusals import (
    BALANCE_OPEN,
    CURRENCY_CLOSED,
    CURRENCY_UNKNOWN,
    DUPLICATE,
    FORBIDDEN,
    MALFORMED,
    MEMBER_NOT_ACTIVE,
    MEMBER_UNKNOWN,
    NOT_FOUND,
    STATE_CONFLICT,
    Refused,
)
from protocol.book.signed import parse_uuid
from protocol.book.uuids import drawn_id
from protocol.practices.money.commons.views import PayOut
from protocol.practices.money.currencies.views import CloseCurrency
from protocol.practices.money.issuer_groups import (
    AdmitIssuers,
    CurrencyKept,
    IssuerGroupsWanted,
    IssuersAdmitted,
    IssuersRemoved,
    KeepCurrency,
    MakeIssuerGroup,
    RemoveIssuers,
)
from protocol.practices.money.openings import OpenBalances, OpeningBalance
from protocol.practices.money.payments.entries import Pay
from protocol.practices.money.payments.views import VoidPayment
from protocol.practices.people.members.views import Suspend
from tests.protocol.practices.desk import Group, copy_of, snapshot


@pytest.fixture
def palmas() -> Group:
    """Return a group of four, of whom ana and bia issue and take FLOR."""
    group = Group()
    group.currency("FLOR")
    group.admit("ana", "bia", "caio", "dora", custodial=True)
    group.do("steward", "issuer-groups.create", MakeIssuerGroup("flor", "Who issues and takes FLOR"))
    group.do("steward", "issuer-groups.admit", AdmitIssuers(("ana", "bia")), "flor")
    group.do("steward", "issuer-groups.keep", KeepCurrency("FLOR"), "flor")
    return group


def test_flor_is_paid_within_its_group_and_balances_sum_to_zero(palmas: Group) -> None:
    pay(palmas, "ana", "bia", 40_00)
    assert [palmas.balance(one, "FLOR") for one in ("ana", "bia", "caio", "dora")] == [-40_00, 40_00, 0, 0]
    assert palmas.book.ledger.sums() == {"FLOR": 0}


def test_whoever_is_outside_neither_pays_nor_is_paid_and_nothing_moves(palmas: Group) -> None:
    before = snapshot(palmas.book)
    for payer, payee, stranger in (("ana", "caio", "caio"), ("caio", "ana", "caio"), ("caio", "dora", "caio")):
        told = ask(palmas, payer, payee, 10_00)
        assert told.reason is NOT_IN_GROUP and told.figures["member"] == stranger, told
    assert snapshot(palmas.book) == before


def test_a_member_who_is_admitted_is_paid_and_goes_once_nothing_is_owed(palmas: Group) -> None:
    palmas.do("steward", "issuer-groups.admit", AdmitIssuers(("caio",)), "flor")
    pay(palmas, "ana", "caio", 10_00)
    assert palmas.refusal("steward", "issuer-groups.remove", RemoveIssuers(("caio",)), "flor") is BALANCE_OPEN
    pay(palmas, "caio", "ana", 10_00)
    shown = palmas.do("steward", "issuer-groups.remove", RemoveIssuers(("caio",)), "flor")
    assert (shown.members, shown.currencies) == (("ana", "bia"), ("FLOR",))
    assert ask(palmas, "ana", "caio", 10_00).reason is NOT_IN_GROUP


def test_the_network_itself_pays_and_is_paid_but_nobody_outside(palmas: Group) -> None:
    pay(palmas, "ana", "commons.FLOR", 5_00)
    assert palmas.refusal("steward", "commons.pay", PayOut("caio", flor(5_00)), "FLOR") is NOT_IN_GROUP
    palmas.do("steward", "commons.pay", PayOut("bia", flor(5_00)), "FLOR")
    assert palmas.balance("bia", "FLOR") == 5_00


def test_opening_balances_are_of_the_group_too(palmas: Group) -> None:
    wish = OpenBalances("FLOR", (OpeningBalance("ana", flor(-5_00)), OpeningBalance("caio", flor(5_00))))
    assert palmas.refusal("steward", "openings.create", wish) is NOT_IN_GROUP


def test_a_currency_in_use_by_others_is_not_kept_from_them() -> None:
    group = Group()
    group.currency("FLOR")
    group.admit("ana", "bia", "caio", custodial=True)
    group.do("steward", "issuer-groups.create", MakeIssuerGroup("flor", "FLOR"))
    group.do("steward", "issuer-groups.admit", AdmitIssuers(("ana", "bia")), "flor")
    pay(group, "ana", "caio", 1_00)
    keep = KeepCurrency("FLOR")
    assert group.refusal("steward", "issuer-groups.keep", keep, "flor") is BALANCE_OPEN
    pay(group, "caio", "bia", 1_00)
    waiting = pay(group, "ana", "caio", 1_00, pending=True)
    assert group.refusal("steward", "issuer-groups.keep", keep, "flor") is BALANCE_OPEN
    group.payments("caio", "void", waiting, VoidPayment())
    group.do("steward", "issuer-groups.keep", keep, "flor")
    assert group.refusal("steward", "issuer-groups.keep", keep, "flor") is STATE_CONFLICT


def test_what_cannot_be_so_is_refused_and_only_stewards_ask(palmas: Group) -> None:
    palmas.do("steward", "members.suspend", Suspend(), "dora")
    palmas.currency("ECO")
    palmas.do("steward", "currencies.close", CloseCurrency(), "ECO")
    for name, wish, subject, reason in (
        ("create", MakeIssuerGroup("flor", "again"), None, DUPLICATE),
        ("create", MakeIssuerGroup("eco", "x" * 101), None, MALFORMED),
        ("admit", AdmitIssuers(("ana",)), "flor", DUPLICATE),
        ("admit", AdmitIssuers(("caio", "caio")), "flor", MALFORMED),
        ("admit", AdmitIssuers(()), "flor", MALFORMED),
        ("admit", AdmitIssuers(("nobody",)), "flor", MEMBER_UNKNOWN),
        ("admit", AdmitIssuers(("dora",)), "flor", MEMBER_NOT_ACTIVE),
        ("admit", AdmitIssuers(("caio",)), "eco", NOT_FOUND),
        ("remove", RemoveIssuers(("caio",)), "flor", NOT_IN_GROUP),
        ("remove", RemoveIssuers(("nobody",)), "flor", MEMBER_UNKNOWN),
        ("keep", KeepCurrency("MIL"), "flor", CURRENCY_UNKNOWN),
        ("keep", KeepCurrency("ECO"), "flor", CURRENCY_CLOSED),
    ):
        assert palmas.refusal("steward", f"issuer-groups.{name}", wish, subject) is reason, wish
    assert palmas.refusal("ana", "issuer-groups.admit", AdmitIssuers(("caio",)), "flor") is FORBIDDEN
    assert palmas.view("ana", "issuer-groups.show", "eco").reason is NOT_FOUND


def test_other_nodes_refuse_what_a_home_would_not_write(palmas: Group) -> None:
    ana, caio = palmas.member("ana").id, palmas.member("caio").id
    palmas.currency("ECO")
    assert palmas.check(IssuersAdmitted("flor", ("stranger",))) is MEMBER_UNKNOWN
    assert palmas.check(IssuersRemoved("flor", (caio,))) is NOT_IN_GROUP
    pay(palmas, "ana", "bia", 1_00)
    assert palmas.check(IssuersRemoved("flor", (ana,))) is BALANCE_OPEN
    assert palmas.check(CurrencyKept("eco", "ECO")) is NOT_FOUND


def test_a_copy_says_the_same(palmas: Group) -> None:
    pay(palmas, "ana", "bia", 40_00)
    palmas.do("steward", "issuer-groups.admit", AdmitIssuers(("caio", "dora")), "flor")
    palmas.do("steward", "issuer-groups.remove", RemoveIssuers(("dora",)), "flor")
    assert snapshot(copy_of(palmas.written)) == snapshot(palmas.book)
    listed = palmas.list("ana", "issuer-groups.list", IssuerGroupsWanted())
    assert isinstance(listed, list) and len(listed) == 1
    shown = listed[0]
    assert shown == palmas.view("ana", "issuer-groups.show", "flor")
    assert shown.members == ("ana", "bia", "caio")


def flor(minor: int) -> Amount:
    return Amount(minor, "FLOR", 2)


def pay(group: Group, payer: str, payee: str, minor: int, **changed: Any) -> Payment:
    shown = group.do(
        payer, "payments.create", Pay(payee, flor(minor), payer, payment=drawn_id(group.chance), **changed)
    )
    return group.book.payments[parse_uuid(shown.id) or b""]


def ask(group: Group, payer: str, payee: str, minor: int) -> Refused:
    told = group.ask(payer, "payments.create", Pay(payee, flor(minor), payer, payment=drawn_id(group.chance)))
    assert isinstance(told, Refused)
    return told
