# SPDX-License-Identifier: AGPL-3.0-or-later
"""A statement of a month, or of some days, is one of the group's own days."""

from datetime import datetime
from typing import Any

import pytest

from protocol.book.money import Amount
from protocol.book.refusals import MALFORMED
from protocol.practices.governance.parameters import SetParameter
from protocol.practices.money.accounts import StatementWanted
from protocol.practices.money.requests.views import AskPayment, PayRequest
from tests.protocol.practices.desk import Group

FORTALEZA = "America/Fortaleza"


@pytest.fixture
def riacho() -> Group:
    """Return a group in Fortaleza in which ana pays bia in the last hour of November, and in the first of December."""
    group = Group()
    group.do("steward", "parameters.set", SetParameter(FORTALEZA), subject="group.time_zone")
    group.currency()
    group.admit("ana", "bia")
    for hour in ("2026-12-01T02:30Z", "2026-12-01T03:00Z", "2026-12-31T12:00Z"):
        group.now = int(datetime.fromisoformat(hour).timestamp() * 1_000)
        group.pay("ana", "bia", 1_00)
    return group


def balances(group: Group, **wanted: Any) -> list[int]:
    return [line.balance.value for line in group.statement("ana", "ana", StatementWanted(**wanted))]


def test_a_month_is_one_of_the_group_s_clocks(riacho: Group) -> None:
    assert balances(riacho, month="2026-11") == [-1_00]
    assert balances(riacho, month="2026-12") == [-2_00, -3_00]
    assert balances(riacho, month="2027-01") == []
    assert balances(riacho, month="2026-12", newest_first=True) == [-3_00, -2_00]


def test_of_some_days_the_last_is_shown_whole(riacho: Group) -> None:
    assert balances(riacho, first_day="2026-11-30", last_day="2026-12-01") == [-1_00, -2_00]
    assert balances(riacho, last_day="2026-11-30") == [-1_00]
    assert balances(riacho, first_day="2026-12-31") == [-3_00]


@pytest.mark.parametrize(
    "wanted",
    [
        {"month": "2026-13"},
        {"month": "2026-1"},
        {"month": "nov"},
        {"month": "2026-11", "last_day": "2026-11-30"},
        {"first_day": "2026-02-29"},
        {"first_day": "20261130"},
        {"last_day": "9999-12-31"},
        {"first_day": "2026-12-02", "last_day": "2026-12-01"},
    ],
)
def test_no_other_spelling_of_a_day_is_taken(riacho: Group, wanted: dict[str, Any]) -> None:
    assert riacho.statement("ana", "ana", StatementWanted(**wanted)).reason is MALFORMED


def test_who_pays_a_request_reads_on_her_statement_what_it_was_for(riacho: Group) -> None:
    riacho.admit("caio", custodial=True)
    asked = riacho.do("bia", "payment-requests.create", AskPayment(Amount(2_00, None, 2), payer="caio", note="bread"))
    riacho.do("steward", "payment-requests.pay", PayRequest(payer="caio"), subject=asked.id)
    [line] = riacho.statement("steward", "caio")
    assert (line.note is not None, line.state) == (True, "posted")
