# SPDX-License-Identifier: AGPL-3.0-or-later
"""Opening balances: one entry that sums to zero, before anything else has moved."""

import pytest

from protocol.book.declaration import Actor, Role
from protocol.book.money import Amount
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    BALANCE_OPEN,
    CURRENCY_MISMATCH,
    CURRENCY_UNKNOWN,
    DUPLICATE,
    FORBIDDEN,
    LIMIT_EXCEEDED,
    MALFORMED,
    MEMBER_UNKNOWN,
    SCALE_EXCEEDED,
    STATE_CONFLICT,
    Reason,
    Refused,
)
from protocol.lanes.entry import encode_body
from protocol.practices.money.openings import OPENINGS_MAX, BalanceOpened, BalancesOpened, OpenBalances, OpeningBalance
from protocol.wire.codec import ENTRY_BYTES_MAX
from tests.protocol.practices.desk import Group, copy_of, snapshot


@pytest.fixture
def riacho() -> Group:
    group = Group()
    group.currency()
    group.admit("ana", "bia")
    group.admit("caio", custodial=True)
    return group


def wish(currency: str = "HORA", **balances: int) -> OpenBalances:
    found = (OpeningBalance(member, Amount(minor, None, 2)) for member, minor in balances.items())
    return OpenBalances(currency, tuple(found))


def test_a_group_begins_with_the_balances_of_its_old_book(riacho: Group) -> None:
    written = len(riacho.written)
    shown = riacho.do("steward", "openings.create", wish(ana=-120_00, bia=75_50, caio=40_00, commons=4_50))
    assert (shown.accounts, shown.ended, len(riacho.written)) == (4, False, written + 1)
    assert [riacho.balance(one) for one in ("ana", "bia", "caio", "commons")] == [-120_00, 75_50, 40_00, 4_50]
    [line] = riacho.statement("bia", "bia")
    assert (line.kind, line.balance) == ("opening", Amount(75_50, "HORA", 2))
    # Beyond the limit as she is, Ana pays nothing until she has earned.
    assert riacho.refuses("ana", "bia", 1) is LIMIT_EXCEEDED
    riacho.pay("bia", "ana", 30_00)
    assert riacho.view("steward", "openings.show", "HORA").ended
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_a_large_group_takes_several_entries_with_the_commons_in_between(riacho: Group) -> None:
    riacho.do("steward", "openings.create", wish(ana=-5_00, commons=5_00))
    riacho.do("steward", "openings.create", wish(commons=-5_00, bia=5_00))
    assert [riacho.balance(one) for one in ("ana", "bia", "commons")] == [-5_00, 5_00, 0]
    assert riacho.refusal("steward", "openings.create", wish(ana=-1, caio=1)) is DUPLICATE


def test_what_does_not_sum_to_zero_opens_nothing(riacho: Group) -> None:
    refused = riacho.ask("steward", "openings.create", wish(ana=-5_00, bia=5_01))
    assert refused == Refused(BALANCE_OPEN, {"account": "all", "balance": 1, "currency": "HORA"})
    assert riacho.balance("ana") == 0


def test_once_something_has_moved_no_balance_is_rewritten(riacho: Group) -> None:
    riacho.currency("FLOR")
    riacho.admit("dora")
    riacho.pay("ana", "bia", 1)
    assert riacho.refusal("steward", "openings.create", wish(ana=-1, bia=1)) is STATE_CONFLICT
    # In another currency nothing has moved yet.
    dora = riacho.account("dora", "FLOR").id
    riacho.do(
        "steward",
        "openings.create",
        OpenBalances(
            "FLOR", (OpeningBalance(dora, Amount(-1, None, 2)), OpeningBalance("commons", Amount(1, None, 2)))
        ),
    )


def test_what_is_no_opening(riacho: Group) -> None:
    def refused(wanted: OpenBalances, who: str | Actor = "steward") -> Reason:
        return riacho.refusal(who, "openings.create", wanted)

    assert refused(wish(ana=-1, bia=1), "ana") is FORBIDDEN
    assert refused(wish(ana=-1, bia=1), Actor(Role.AUDITOR)) is FORBIDDEN
    assert refused(wish("FLOR", ana=-1, bia=1)) is CURRENCY_UNKNOWN
    assert refused(wish(ana=-1, nobody=1)) is MEMBER_UNKNOWN
    assert refused(OpenBalances("HORA", ())) is MALFORMED
    holds = OpeningBalance("holds.HORA", Amount(0, None, 0))
    assert refused(OpenBalances("HORA", (holds,))) is ACCOUNT_UNKNOWN
    twice = OpeningBalance("ana", Amount(0, None, 0))
    assert refused(OpenBalances("HORA", (twice, twice))) is DUPLICATE
    wrong = OpeningBalance("ana", Amount(0, "FLOR", 0))
    assert refused(OpenBalances("HORA", (wrong,))) is CURRENCY_MISMATCH
    fine = OpeningBalance("ana", Amount(1, None, 3))
    assert refused(OpenBalances("HORA", (fine,))) is SCALE_EXCEEDED
    riacho.join("eva")
    assert refused(wish(eva=-1, ana=1)) is ACCOUNT_UNKNOWN
    riacho.currency("FLOR")
    assert riacho.check(BalancesOpened("FLOR", (BalanceOpened(riacho.account("ana").id, 0),))) is CURRENCY_MISMATCH
    assert riacho.view("steward", "openings.show", "ECO").reason is CURRENCY_UNKNOWN


def test_the_largest_entry_fits() -> None:
    """An account's id has 29 characters at most, and an entry 64 KiB."""
    most = tuple(BalanceOpened(f"{number:016}.ABCDEFGHIJKL", 1 - 2**63) for number in range(OPENINGS_MAX))
    assert len(encode_body(BalancesOpened("ABCDEFGHIJKL", most), 2**47)) < ENTRY_BYTES_MAX // 2
