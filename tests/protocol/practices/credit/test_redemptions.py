# SPDX-License-Identifier: AGPL-3.0-or-later
"""State money comes and goes as custodians attest it; what is issued, taken out and redeemed keeps to its rights."""

from dataclasses import replace
from typing import Any

import pytest

from protocol.book.money import Amount
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    AMOUNT_NOT_POSITIVE,
    CURRENCY_MISMATCH,
    DUPLICATE,
    FORBIDDEN,
    LIMIT_EXCEEDED,
    MEMBER_NOT_ACTIVE,
    NOT_FOUND,
    STATE_CONFLICT,
    Refused,
)
from protocol.book.signed import parse_uuid
from protocol.book.wishes import Brought
from protocol.practices.credit.reserves.entries import AskRedemption, AttestMove, Issued, MoveAttested, RedemptionAsked
from protocol.practices.credit.reserves.listing import MovesWanted, RedemptionsWanted
from protocol.practices.credit.reserves.refusals import (
    ATTESTED_TWICE,
    NOT_CUSTODIAN,
    REDEMPTION_OVERDUE,
    RESERVE_SHORT,
    RIGHTS_EXHAUSTED,
)
from protocol.practices.credit.reserves.state import HOUR_MS, NODE, MoveState, RedemptionState
from protocol.practices.credit.reserves.views import CancelMove, IssueCurrency, TellMove
from protocol.practices.people.members.views import Suspend
from tests.protocol.practices.credit.palmas import (
    attested,
    deposited,
    errands_of_the_week,
    filled,
    founded,
    issued,
    outstanding,
    palmas,
    reais,
    redeemed,
    reserve_in,
)
from tests.protocol.practices.desk import Group, copy_of, keys_of, snapshot


@pytest.fixture
def conjunto() -> Group:
    """A bank with 30,000.00 in its reserve, of which 28,500.00 are issued: 28,000.00 to Dora, 500.00 to Elio."""
    group = founded(fee_basis_points=200)
    deposited(group, 30_000_00)
    for handle, minor in (("dora", 28_000_00), ("elio", 500_00)):
        assert not isinstance(issued(group, handle, minor), Refused)
    return group


def refused(shown: Any) -> Refused:
    assert isinstance(shown, Refused), shown
    return shown


def test_a_deposit_counts_once_two_of_three_custodians_have_attested_it() -> None:
    group = founded()
    told = group.do("steward", "reserve-moves.create", TellMove("PALMAS", reais(30_000_00)))
    assert (told.state, told.attested, told.needed) == (MoveState.TOLD, (), 2)
    [errand] = errands_of_the_week(group)
    assert (errand.verb, errand.figure, errand.count) == ("reserve-moves.attest", reais(30_000_00), 2)
    assert refused(attested(group, told.id, "dora")).reason is NOT_CUSTODIAN
    assert attested(group, told.id, "ana").attested == ("ana",)
    assert refused(attested(group, told.id, "ana")).reason is ATTESTED_TWICE
    assert refused(issued(group, "dora", 1)).figures["available"] == 0
    assert attested(group, told.id, "bia").state is MoveState.COUNTED
    shown = group.view("dora", "reserves.show", "PALMAS")
    assert (shown.reserve, shown.rights, shown.most) == (reais(30_000_00), palmas(30_000_00), palmas(30_000_00))
    assert refused(attested(group, told.id, "caio")).reason is STATE_CONFLICT
    assert group.list("dora", "reserve-moves.list", MovesWanted(open=True)) == []
    assert snapshot(copy_of(group.written)) == snapshot(group.book)


def test_a_wrong_deposit_is_cancelled_and_counts_never(conjunto: Group) -> None:
    told = conjunto.do("ana", "reserve-moves.create", TellMove("PALMAS", reais(5_00)))
    assert conjunto.refusal("dora", "reserve-moves.create", TellMove("PALMAS", reais(5_00))) is NOT_CUSTODIAN
    attested(conjunto, told.id, "ana")
    assert conjunto.do("steward", "reserve-moves.cancel", CancelMove(), told.id).state is MoveState.CANCELLED
    assert refused(attested(conjunto, told.id, "bia")).reason is STATE_CONFLICT
    assert conjunto.refusal("steward", "reserve-moves.cancel", CancelMove(), told.id) is STATE_CONFLICT
    assert refused(attested(conjunto, "00000000-0000-8000-8000-000000000000", "ana")).reason is NOT_FOUND
    wrong = TellMove("PALMAS", Amount(5_00, "PALMAS", 2))
    assert conjunto.refusal("steward", "reserve-moves.create", wrong) is CURRENCY_MISMATCH
    assert reserve_in(conjunto).reserve_minor == 30_000_00


def test_nobody_issues_or_takes_out_more_than_the_rights_that_are_left(conjunto: Group) -> None:
    assert reserve_in(conjunto).rights.held(NODE) == 1_500_00
    found = refused(issued(conjunto, "dora", 1_500_01))
    assert (found.reason, found.figures["available"], found.figures["missing"]) == (RIGHTS_EXHAUSTED, 1_500_00, 1)
    name = conjunto.do("steward", "reserve-moves.create", TellMove("PALMAS", reais(1_500_01), out=True)).id
    attested(conjunto, name, "ana")
    assert refused(attested(conjunto, name, "bia")).reason is RIGHTS_EXHAUSTED
    deposited(conjunto, 500_00, out=True)
    shown = conjunto.view("dora", "reserves.show", "PALMAS")
    assert (shown.reserve, shown.rights, shown.outstanding) == (reais(29_500_00), palmas(1_000_00), palmas(28_500_00))
    assert not isinstance(issued(conjunto, "dora", 1_000_00), Refused)
    assert outstanding(conjunto) == reserve_in(conjunto).most_minor == 29_500_00
    # An operator who writes more is refused by every node.
    assert conjunto.check(Issued(conjunto.account("dora", "PALMAS").id, 1)) is RIGHTS_EXHAUSTED
    assert conjunto.balance("dora", "PALMAS") == 29_000_00


def test_what_is_wrong_with_issuing(conjunto: Group) -> None:
    assert refused(issued(conjunto, "dora", 0)).reason is AMOUNT_NOT_POSITIVE
    wish = IssueCurrency("dora", palmas(1))
    assert conjunto.refusal("steward", "reserves.issue", wish, "HORA").code == "CURRENCY_UNKNOWN"
    conjunto.currency("HORA")
    assert conjunto.refusal("steward", "reserves.issue", wish, "HORA") is NOT_FOUND
    assert conjunto.refusal("dora", "reserves.issue", wish, "PALMAS") is FORBIDDEN
    assert conjunto.check(Issued("commons.PALMAS", 1)) is ACCOUNT_UNKNOWN
    conjunto.do("steward", "members.suspend", Suspend(), "dora")
    assert refused(issued(conjunto, "dora", 1)).reason is MEMBER_NOT_ACTIVE


def test_a_merchant_redeems_1000_at_2_percent(conjunto: Group) -> None:
    filled(conjunto, 1_000_00)
    shown = redeemed(conjunto, "dora", 1_000_00)
    assert (shown.state, shown.payout, shown.fee) == (RedemptionState.PAID, reais(980_00), reais(20_00))
    kept = reserve_in(conjunto)
    assert (kept.reserve_minor, kept.fund_minor, kept.till_minor) == (29_000_00, 20_00, 20_00)
    assert (outstanding(conjunto), conjunto.balance("dora", "PALMAS")) == (27_500_00, 27_000_00)
    assert kept.rights.held(NODE) == 1_500_00
    [*_, line] = conjunto.statement("dora", "dora")
    assert (line.kind, line.amount, line.counterpart) == ("redemption", palmas(-1_000_00), "issued")
    assert snapshot(copy_of(conjunto.written)) == snapshot(conjunto.book)


def test_what_the_till_cannot_pay_waits_in_a_public_queue_and_stops_issue_once_it_is_overdue() -> None:
    group = founded(fee_basis_points=0)
    deposited(group, 1_000_00)
    issued(group, "dora", 600_00)
    assert refused(filled(group, 1_000_01)).reason is RESERVE_SHORT
    filled(group, 500_00)
    assert [redeemed(group, "dora", minor).state.value for minor in (300_00, 150_00)] == ["paid", "paid"]
    third = redeemed(group, "dora", 100_00)
    assert (third.state, third.number, third.due_at) == (RedemptionState.WAITING, 1, group.now + 48 * HOUR_MS)
    # A lesser one that the till could pay does not go first.
    assert redeemed(group, "dora", 20_00).number == 2
    queue = group.list("elio", "redemptions.list", RedemptionsWanted(waiting=True))
    assert isinstance(queue, list)
    assert [(one.number, one.member, one.payout) for one in queue] == [
        (1, None, reais(100_00)),
        (2, None, reais(20_00)),
    ]
    assert group.view("dora", "redemptions.show", third.id).member == "dora"
    assert outstanding(group) == 150_00
    start = group.now
    group.pass_time(start + 48 * HOUR_MS)
    assert not isinstance(issued(group, "elio", 1_00), Refused)
    group.pass_time(start + 49 * HOUR_MS)
    found = refused(issued(group, "elio", 1_00))
    assert (found.reason, found.figures["covered"], found.figures["hours"]) == (REDEMPTION_OVERDUE, 100_00, 48)
    assert group.check(Issued(group.account("elio", "PALMAS").id, 1)) is REDEMPTION_OVERDUE
    [errand] = errands_of_the_week(group)
    assert (errand.sentence, errand.count, errand.figure) == ("reserves.overdue", 2, reais(100_00))
    filled(group, 50_00)
    assert group.view("elio", "redemptions.show", third.id).state is RedemptionState.PAID
    assert group.view("elio", "reserves.show", "PALMAS").waiting == 1
    filled(group, 20_00)
    assert not isinstance(issued(group, "elio", 1_00), Refused)
    assert (outstanding(group), reserve_in(group).till_minor) == (32_00, 0)
    assert snapshot(copy_of(group.written)) == snapshot(group.book)


def test_what_is_wrong_with_a_redemption(conjunto: Group) -> None:
    assert refused(redeemed(conjunto, "elio", 500_01)).reason is LIMIT_EXCEEDED
    assert refused(redeemed(conjunto, "elio", 0)).reason is AMOUNT_NOT_POSITIVE
    wish = AskRedemption(palmas(1_00), conjunto.account("elio", "PALMAS").id, bytes(6) + b"\x80\x00\x80" + bytes(7))
    by_dora = conjunto.sign("redemptions.create", wish, keys_of("dora"))
    assert conjunto.check(RedemptionAsked(by_dora, None)) is FORBIDDEN
    assert conjunto.refusal("elio", "redemptions.create", wish) is FORBIDDEN
    told = conjunto.sign("redemptions.create", wish, keys_of("elio"))
    conjunto.do("elio", "redemptions.create", Brought(told))
    again = conjunto.sign("redemptions.create", wish, keys_of("elio"))
    assert conjunto.refusal("elio", "redemptions.create", Brought(again)) is DUPLICATE
    conjunto.currency("HORA")
    conjunto.admit("fia")
    other = replace(wish, amount=Amount(1, "HORA", 2), account=conjunto.account("fia").id)
    assert (
        conjunto.check(RedemptionAsked(conjunto.sign("redemptions.create", other, keys_of("fia")), None)) is NOT_FOUND
    )


def test_a_till_is_emptied_no_further_than_to_nothing(conjunto: Group) -> None:
    filled(conjunto, 100_00)
    assert refused(filled(conjunto, -100_01)).figures["available"] == 100_00
    filled(conjunto, -100_00)
    assert reserve_in(conjunto).till_minor == 0
    assert refused(filled(conjunto, 0)).reason is AMOUNT_NOT_POSITIVE


def test_half_a_right_for_state_money_is_rounded_to_the_safe_side() -> None:
    group = founded(num=1, den=3, fee_basis_points=0)
    deposited(group, 1_00)
    assert reserve_in(group).rights.held(NODE) == 33
    issued(group, "dora", 33)
    filled(group, 50)
    assert redeemed(group, "dora", 10).payout == reais(10)
    assert (reserve_in(group).reserve_minor, outstanding(group), reserve_in(group).most_minor) == (90, 23, 30)
    # 10 came back, and the 10 of state money that left take 4 with them.
    assert reserve_in(group).rights.held(NODE) == 6


def test_a_custodian_attests_by_a_key_without_a_cap(conjunto: Group) -> None:
    told = conjunto.do("steward", "reserve-moves.create", TellMove("PALMAS", reais(5_00)))
    conjunto.add_key("ana", keys_of("ana's phone"), 10_00)
    wish = AttestMove(parse_uuid(told.id) or b"")
    signed = conjunto.sign("reserve-moves.attest", wish, keys_of("ana's phone"))
    assert conjunto.check(MoveAttested(signed)) is FORBIDDEN
