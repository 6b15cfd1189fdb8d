# SPDX-License-Identifier: AGPL-3.0-or-later
"""Funds: created and filled by vote, paid into by members, who take back what is theirs and no more."""

from dataclasses import replace
from typing import Any

import pytest

from protocol.book.money import Amount
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    AMOUNT_NOT_POSITIVE,
    CURRENCY_MISMATCH,
    CURRENCY_UNKNOWN,
    DUPLICATE,
    FORBIDDEN,
    LIMIT_EXCEEDED,
    MALFORMED,
    MEMBER_UNKNOWN,
    MOTION_NEEDED,
    NOT_FOUND,
    SCALE_EXCEEDED,
    Reason,
)
from protocol.book.signed import uuid_text
from protocol.book.wishes import Brought
from protocol.practices.credit.funds import CreateFund, FillFund, FundMoved, FundsWanted, PayFund, ReturnFund
from protocol.practices.credit.funds.entries import FundCreated, FundKind, FundPart, WithdrawFund
from protocol.practices.credit.funds.refusals import FUND_SHORT, SAVINGS_SHORT
from protocol.practices.credit.funds.state import Fund, Funds, bound_of_lending, uncovered
from tests.protocol.practices.credit.lending import carry, fill, founded, fund_of, hours, name_of, pay_in, vote
from tests.protocol.practices.desk import Group, Refusal, copy_of, keys_of, snapshot


@pytest.fixture
def riacho() -> Group:
    return founded()


def shown(group: Group, fund: Fund, who: str = "ana") -> Any:
    return group.view(who, "funds.show", name_of(group, fund))


def test_a_fund_is_voted_for_filled_and_paid_into(riacho: Group) -> None:
    motion = riacho.do("bia", "funds.create", CreateFund("loans of the quarter", "HORA", FundKind.LENDING))
    assert riacho.list("ana", "funds.list", FundsWanted()) == []
    vote(riacho, motion)
    found = riacho.list("ana", "funds.list", FundsWanted())
    assert isinstance(found, list)
    [listed] = found
    assert (listed.title, listed.kind, listed.free) == ("loans of the quarter", FundKind.LENDING, hours(0))
    [fund] = riacho.book.of(Funds).by_id.values()
    pay_in(riacho, "ana", fund, 20_00)
    pay_in(riacho, "bia", fund, 150_00, FundPart.SAVINGS)
    pay_in(riacho, "bia", fund, 10_00, FundPart.SHARE)
    assert [riacho.balance(who) for who in ("ana", "bia")] == [-20_00, -160_00]
    assert riacho.book.ledger.accounts["funds.HORA"].balance_minor == 180_00
    seen = shown(riacho, fund, "bia")
    assert (seen.free, seen.saved, seen.shares, seen.savers) == (hours(180_00), hours(150_00), hours(10_00), 1)
    assert (seen.own_savings, seen.own_share) == (hours(150_00), hours(10_00))
    assert shown(riacho, fund, "ana").own_savings == hours(0), "each sees its own"
    assert shown(riacho, fund, "steward").own_savings is None
    [line] = riacho.statement("ana", "ana")
    assert (line.kind, line.counterpart, line.amount) == ("fund", "funds", hours(-20_00))
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_the_group_moves_money_between_commons_and_funds(riacho: Group) -> None:
    lending = fund_of(riacho)
    guarantee = fund_of(riacho, FundKind.GUARANTEE)
    with pytest.raises(Refusal, match="LIMIT_EXCEEDED"):
        fill(riacho, lending, 1)
    pay_in(riacho, "ana", guarantee, 100_00)
    carry(riacho, "funds.return", ReturnFund(hours(60_00)), name_of(riacho, guarantee))
    assert (riacho.balance("commons"), guarantee.free_minor) == (60_00, 40_00)
    fill(riacho, lending, 50_00)
    carry(riacho, "funds.fill", FillFund(hours(15_00), uuid_text(guarantee.id)), name_of(riacho, lending))
    assert (riacho.balance("commons"), lending.free_minor, guarantee.free_minor) == (10_00, 65_00, 25_00)
    assert riacho.book.ledger.accounts["funds.HORA"].balance_minor == 90_00
    refused = riacho.refusal("steward", "funds.return", ReturnFund(hours(25_01)), name_of(riacho, guarantee))
    assert refused is FUND_SHORT
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_members_take_back_what_is_theirs_and_no_more(riacho: Group) -> None:
    fund = fund_of(riacho, FundKind.BANK)
    name = name_of(riacho, fund)
    pay_in(riacho, "ana", fund, 30_00, FundPart.SAVINGS)
    pay_in(riacho, "bia", fund, 100_00)

    def take(who: str, minor: int, part: FundPart = FundPart.SAVINGS) -> Any:
        return riacho.ask(who, "funds.withdraw", WithdrawFund(fund.id, hours(minor), part), name)

    refused = take("ana", 30_01)
    assert (refused.reason, refused.figures["available"]) == (SAVINGS_SHORT, 30_00)
    assert take("bia", 1).reason is SAVINGS_SHORT, "what was given is not hers any more"
    assert take("ana", 1, FundPart.SHARE).reason is SAVINGS_SHORT
    assert take("ana", 1, FundPart.GIFT).reason is MALFORMED
    assert take("ana", 30_00).own_savings == hours(0)
    assert (riacho.balance("ana"), fund.free_minor, fund.savings) == (0, 100_00, {})


def test_a_key_pays_in_and_another_does_not(riacho: Group) -> None:
    riacho.admit("gil")
    fund = fund_of(riacho)
    name = name_of(riacho, fund)
    wish = PayFund(fund.id, hours(5_00), FundPart.SAVINGS)
    riacho.do("gil", "funds.pay", Brought(riacho.sign("funds.pay", wish, keys_of("gil"))), name)
    assert fund.savings == {riacho.member("gil").id: 5_00}
    others = replace(wish, member=riacho.member("ana").id)
    signed = Brought(riacho.sign("funds.pay", others, keys_of("gil")))
    assert riacho.refusal("gil", "funds.pay", signed, name) is FORBIDDEN
    assert riacho.refusal("steward", "funds.pay", replace(wish, member="gil"), name) is FORBIDDEN, "gil has a key"
    assert riacho.refusal("bia", "funds.pay", replace(wish, member="ana"), name) is FORBIDDEN
    riacho.do("steward", "funds.pay", replace(wish, member="ana"), name)
    assert riacho.balance("ana") == -5_00, "who has no key tells a steward"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"amount": hours(0)}, AMOUNT_NOT_POSITIVE),
        ({"amount": Amount(1, "HORA", 3)}, SCALE_EXCEEDED),
        ({"amount": Amount(1, "FLOR", 2)}, CURRENCY_MISMATCH),
        ({"amount": hours(5_000_01)}, LIMIT_EXCEEDED),
        ({"fund": bytes(16)}, NOT_FOUND),
        ({"member": "nobody"}, MEMBER_UNKNOWN),
    ],
)
def test_what_does_not_fit_is_refused(riacho: Group, changed: dict[str, Any], reason: Reason) -> None:
    fund = fund_of(riacho)
    wish = PayFund(**{"fund": fund.id, "amount": hours(1_00), **changed})
    assert riacho.refusal("ana", "funds.pay", wish, uuid_text(wish.fund)) is reason


def test_what_no_node_takes(riacho: Group) -> None:
    fund = fund_of(riacho)
    riacho.currency("FLOR")
    flor = FundCreated(bytes(16), "x", "FLOR", FundKind.OTHER, None)
    assert riacho.check(flor) is MOTION_NEEDED
    assert riacho.check(replace(flor, currency="NADA")) is CURRENCY_UNKNOWN
    assert riacho.check(replace(flor, fund=fund.id)) is DUPLICATE
    assert riacho.check(replace(flor, guarantee=fund.id)) is CURRENCY_MISMATCH
    assert riacho.check(replace(flor, guarantee=bytes(16))) is NOT_FOUND
    assert riacho.check(FundMoved(None, fund.id, 1)) is MOTION_NEEDED
    assert riacho.check(FundMoved(None, None, 1)) is NOT_FOUND
    assert riacho.check(FundMoved(bytes(16), fund.id, 1)) is NOT_FOUND
    assert riacho.check(FundMoved(fund.id, fund.id, 1)) is DUPLICATE
    carry(riacho, "funds.create", CreateFund("flowers", "FLOR"))
    other = list(riacho.book.of(Funds).by_id)[-1]
    assert riacho.check(FundMoved(other, fund.id, 1)) is CURRENCY_MISMATCH
    wish = PayFund(other, Amount(1, "FLOR", 2))
    assert riacho.refusal("ana", "funds.pay", wish, uuid_text(other)) is ACCOUNT_UNKNOWN


def test_a_fund_that_knows_of_more_than_there_is_is_told(riacho: Group) -> None:
    fund = fund_of(riacho)
    pay_in(riacho, "ana", fund, 1_00)
    assert uncovered(riacho.book) is None
    assert bound_of_lending(riacho.book, fund, 1_00, riacho.now) is None
    short = bound_of_lending(riacho.book, fund, 1_01, riacho.now)
    assert short is not None and short.figures["missing"] == 1
    fund.free_minor += 1
    assert uncovered(riacho.book) == "funds in HORA know of 101, and 100 is there"
