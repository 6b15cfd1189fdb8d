# SPDX-License-Identifier: AGPL-3.0-or-later
"""A currency becomes guaranteed by vote while nobody holds it, and from then on nobody owes in it."""

from dataclasses import replace
from typing import Any

import pytest

from protocol.book.money import Amount
from protocol.book.refusals import (
    BALANCE_OPEN,
    CURRENCY_CLOSED,
    CURRENCY_UNKNOWN,
    DUPLICATE,
    MALFORMED,
    MEMBER_NOT_ACTIVE,
    MEMBER_UNKNOWN,
    MOTION_NEEDED,
    NOT_FOUND,
    Reason,
)
from protocol.practices.credit.reserves.entries import ReserveOpened
from protocol.practices.credit.reserves.refusals import CREDIT_NOT_BACKED, RATIO_ABOVE_RESERVE
from protocol.practices.credit.reserves.views import ReservesWanted
from protocol.practices.governance.motions.entries import MotionState
from protocol.practices.money.currencies.views import Accounts, CloseCurrency, SetDefaults
from protocol.practices.money.openings import OpenBalances, OpeningBalance
from protocol.practices.people.imports import ImportedAccount, ImportedMember, ImportMembers
from protocol.practices.people.members.views import Approve, SetLimits, Suspend
from tests.protocol.practices.credit.palmas import CUSTODIANS, carried, founded, opening, palmas, reais
from tests.protocol.practices.desk import Group, copy_of, snapshot


@pytest.fixture
def conjunto() -> Group:
    return founded()


@pytest.fixture
def mutual() -> Group:
    """A group whose PALMAS is still mutual credit, of up to 100.00."""
    group = Group()
    group.currency("PALMAS")
    group.admit(*CUSTODIANS, "dora", "elio")
    return group


def test_a_currency_becomes_guaranteed_by_vote(mutual: Group) -> None:
    motion = mutual.do("steward", "reserves.open", opening())
    assert mutual.account("dora", "PALMAS").least_minor == -100_00
    assert carried(mutual, motion.id, "ana", "bia", "dora") is MotionState.EXECUTED
    shown = mutual.view("dora", "reserves.show", "PALMAS")
    assert (shown.state, shown.ratio, shown.custodians, shown.needed) == ("BRL", "1:1", CUSTODIANS, 2)
    assert (shown.reserve, shown.fund, shown.outstanding, shown.most) == (reais(0), reais(0), palmas(0), palmas(0))
    assert mutual.view("dora", "currencies.show", "PALMAS").kind == "guaranteed"
    assert {mutual.account(one, "PALMAS").least_minor for one in (*CUSTODIANS, "dora", "elio")} == {0}
    assert mutual.list("dora", "reserves.list", ReservesWanted()) == [shown]
    assert snapshot(copy_of(mutual.written)) == snapshot(mutual.book)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"currency": "NADA"}, CURRENCY_UNKNOWN),
        ({"state": "PALMAS"}, MALFORMED),
        ({"state": ""}, MALFORMED),
        ({"custodians": ("ana", "ana")}, MALFORMED),
        ({"needed": 4}, MALFORMED),
        ({"custodians": ("ana", "zoe")}, MEMBER_UNKNOWN),
        ({"num": 3, "den": 2}, RATIO_ABOVE_RESERVE),
    ],
)
def test_what_is_wrong_is_refused_before_anybody_votes(mutual: Group, changed: dict[str, Any], reason: Reason) -> None:
    assert mutual.refusal("steward", "reserves.open", opening(**changed)) is reason


def test_a_currency_that_somebody_owes_or_that_is_closed_stays_mutual(mutual: Group) -> None:
    mutual.pay("dora", "elio", 5_00, currency="PALMAS")
    assert mutual.refusal("steward", "reserves.open", opening()) is BALANCE_OPEN
    mutual.pay("elio", "dora", 5_00, currency="PALMAS")
    mutual.do("steward", "members.suspend", Suspend(), "caio")
    assert mutual.refusal("steward", "reserves.open", opening()) is MEMBER_NOT_ACTIVE
    mutual.do("steward", "currencies.close", CloseCurrency(), "PALMAS")
    assert mutual.refusal("steward", "reserves.open", opening(custodians=("ana", "bia"))) is CURRENCY_CLOSED


def test_no_operator_opens_a_reserve_alone_and_none_opens_it_twice(conjunto: Group) -> None:
    [opened] = [one.body for one in conjunto.written if isinstance(one.body, ReserveOpened)]
    assert conjunto.check(opened) is DUPLICATE
    conjunto.currency("HORA")
    assert conjunto.check(replace(opened, currency="HORA")) is MOTION_NEEDED
    assert conjunto.view("dora", "reserves.show", "HORA").reason is NOT_FOUND


def test_nobody_owes_in_a_guaranteed_currency(conjunto: Group) -> None:
    one = Amount(1, "PALMAS", 2)
    ways: list[tuple[str, Any, str | None]] = [
        ("members.set-limits", SetLimits(credit_limit=one), "dora"),
        ("currencies.set-defaults", SetDefaults(credit_limit=one, accounts=Accounts.ALL), "PALMAS"),
        ("imports.create", ImportMembers((ImportedMember("fia", None, (), (ImportedAccount("PALMAS", one),)),)), None),
        (
            "openings.create",
            OpenBalances("PALMAS", (OpeningBalance("dora", palmas(1)), OpeningBalance("commons", palmas(-1)))),
            None,
        ),
    ]
    for name, wish, subject in ways:
        assert conjunto.refusal("steward", name, wish, subject) is CREDIT_NOT_BACKED, name
    conjunto.join("gil")
    assert conjunto.refusal("steward", "members.approve", Approve("PALMAS", one), "gil") is CREDIT_NOT_BACKED
    conjunto.do("steward", "members.approve", Approve("PALMAS", Amount(0, "PALMAS", 2)), "gil")
    assert conjunto.account("gil", "PALMAS").least_minor == 0
