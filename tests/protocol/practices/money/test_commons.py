# SPDX-License-Identifier: AGPL-3.0-or-later
"""The commons: the group spends what it owns and no more, for all to see; and a currency can be closed."""

from typing import Any

import pytest

from protocol.book.declaration import MotionWish
from protocol.book.money import Amount
from protocol.book.payments import PaymentAuth, PaymentState
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    AMOUNT_NOT_POSITIVE,
    AMOUNT_TOO_LARGE,
    BALANCE_OPEN,
    CURRENCY_CLOSED,
    CURRENCY_MISMATCH,
    CURRENCY_UNKNOWN,
    FORBIDDEN,
    LIMIT_EXCEEDED,
    MEMBER_NOT_ACTIVE,
    MEMBER_UNKNOWN,
    MOTION_NEEDED,
    PAYEE_LIMIT_EXCEEDED,
    STATE_CONFLICT,
    TEXT_NOT_NFC,
    Reason,
    Refused,
)
from protocol.book.signed import parse_uuid
from protocol.book.wishes import Brought
from protocol.practices.governance.motions.entries import Ballot, MakeMotion, MotionState, Vote
from protocol.practices.governance.parameters import SetParameter
from protocol.practices.money.commons import Collect, Collected, CommonsWanted, PaidOut, PayOut
from protocol.practices.money.currencies.views import CloseCurrency, SetLevy
from protocol.practices.money.payments.entries import ReversePayment
from protocol.practices.money.payments.views import PaymentsWanted
from protocol.practices.money.receipts import verify_receipt
from protocol.practices.people.authority import PAYMENT_EXISTS
from protocol.practices.people.members.views import SetLimits, Suspend
from tests.protocol.practices.desk import ANYBODY, DAY_MS, NETWORK, Group, copy_of, keys_of, snapshot


@pytest.fixture
def riacho() -> Group:
    """A levy has brought the commons 60.00."""
    group = Group()
    group.currency(limit=10_000_00)
    group.admit("ana", "bia")
    group.admit("dora", custodial=True)
    group.do("steward", "currencies.set-levy", SetLevy(100, until_repaid=False), "HORA")
    group.pay("ana", "bia", 6_000_00)
    return group


def hours(minor: int) -> Amount:
    return Amount(minor, "HORA", 2)


def pay(group: Group, minor: int, payee: str = "dora", who: str = "steward", **more: Any) -> Any:
    return group.ask(who, "commons.pay", PayOut(payee, hours(minor), **more), "HORA")


def test_a_levy_brought_60_and_25_go_to_dora_for_cleaning_the_hall(riacho: Group) -> None:
    assert riacho.balance("commons") == 60_00
    shown = pay(riacho, 25_00, note="cleaning the hall")
    assert (shown.balance, shown.left) == (hours(35_00), hours(35_00))
    # Dora pays no levy on it.
    assert (riacho.balance("dora"), riacho.balance("commons")) == (25_00, 35_00)
    assert pay(riacho, 40_00) == Refused(
        LIMIT_EXCEEDED,
        {"available": 35_00, "missing": 5_00, "limit": 0, "projected_balance": -5_00, "currency": "HORA"},
    )
    pay(riacho, 35_00)
    assert pay(riacho, 1).figures["available"] == 0
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_all_members_see_what_it_was_spent_on(riacho: Group) -> None:
    pay(riacho, 25_00, note="cleaning the hall")
    line = riacho.statement("bia", "commons.HORA")[-1]
    assert (line.kind, line.amount, line.counterpart) == ("payment", hours(-25_00), "dora")
    assert riacho.texts[line.note.digest] == "cleaning the hall"
    listed = riacho.list("bia", "commons.list", CommonsWanted())
    assert isinstance(listed, list)
    [shown] = listed
    assert shown == riacho.view("bia", "commons.show", "HORA") and shown.account == "commons.HORA"
    assert {news.type for news in riacho.news[-2:]} == {"payment.posted", "commons.paid-out"}


def test_it_is_a_payment_with_a_receipt_and_the_payee_can_give_it_back(riacho: Group) -> None:
    pay(riacho, 25_00)
    found = riacho.list("dora", "payments.list", PaymentsWanted())
    assert isinstance(found, list)
    [shown] = found
    assert (shown.payer, shown.auth, shown.state) == ("commons", PaymentAuth.COMMONS, PaymentState.POSTED)
    payment = riacho.book.payments[parse_uuid(shown.id) or b""]
    verdict = verify_receipt(riacho.receipt("dora", payment).document, riacho.book.kinds, NETWORK)
    assert not verdict.faults and verdict.attested is not None and not verdict.signed

    riacho.payments("steward", "reverse", payment, ReversePayment(payment.id))
    assert (riacho.balance("dora"), riacho.balance("commons")) == (0, 60_00)


def test_what_exchange_has_kept_is_collected_and_paid_out_and_then_the_currency_is_closed() -> None:
    group = Group()
    group.currency()
    group.admit("ana", "bia")
    exchange, ana = (group.book.ledger.accounts[one] for one in ("exchange.HORA", group.account("ana").id))
    # Fees of payments that passed through, as a link would have brought them.
    ana.balance_minor, exchange.balance_minor = -3_00, 3_00
    assert group.refusal("steward", "currencies.close", CloseCurrency(), "HORA") is BALANCE_OPEN
    shown = group.do("steward", "commons.collect", Collect(), "HORA")
    assert (shown.balance, shown.exchange) == (hours(3_00), hours(0))
    assert group.refusal("steward", "commons.collect", Collect(), "HORA") is STATE_CONFLICT
    pay(group, 3_00, "ana")
    assert group.do("steward", "currencies.close", CloseCurrency(), "HORA").closed
    assert pay(group, 1, "ana").reason is CURRENCY_CLOSED


def test_what_exchange_owes_is_the_commons_too() -> None:
    group = Group()
    group.currency()
    group.admit("ana")
    group.book.ledger.accounts["exchange.HORA"].balance_minor, group.account("ana").balance_minor = -1, 1
    group.do("steward", "commons.collect", Collect(), "HORA")
    assert (group.balance("commons"), group.balance("exchange")) == (-1, 0)
    assert pay(group, 1, "ana").figures["available"] == 0


def test_what_is_not_paid_out(riacho: Group) -> None:
    def refused(
        minor: int = 1_00, payee: str = "dora", who: Any = "steward", code: str = "HORA", **more: Any
    ) -> Reason:
        return riacho.refusal(who, "commons.pay", PayOut(payee, hours(minor), **more), code)

    assert refused(who="ana") is refused(who=ANYBODY) is FORBIDDEN
    assert refused(code="FLOR") is CURRENCY_UNKNOWN
    assert refused(payee="nobody") is MEMBER_UNKNOWN
    assert refused(payee="commons.HORA") is refused(payee="holds.HORA") is ACCOUNT_UNKNOWN
    assert refused(0) is refused(-1) is AMOUNT_NOT_POSITIVE
    assert refused(2**63) is AMOUNT_TOO_LARGE
    assert refused(note="e\u0301") is TEXT_NOT_NFC
    riacho.currency("FLOR")
    riacho.admit("eva")
    flor = riacho.account("eva", "FLOR").id
    assert refused(payee=flor) is CURRENCY_MISMATCH
    wish = PayOut("dora", Amount(1, "FLOR", 2))
    assert riacho.refusal("steward", "commons.pay", wish, "HORA") is CURRENCY_MISMATCH
    riacho.do("steward", "members.set-limits", SetLimits(hours(0), hours(10_00)), "dora")
    assert refused(10_01) is PAYEE_LIMIT_EXCEEDED
    riacho.do("steward", "members.suspend", Suspend(), "dora")
    assert refused() is MEMBER_NOT_ACTIVE
    assert riacho.refusal("ana", "commons.collect", Collect(), "HORA") is FORBIDDEN
    assert riacho.refusal("steward", "commons.collect", Collect(), "ECO") is CURRENCY_UNKNOWN
    assert riacho.view("ana", "commons.show", "ECO").reason is CURRENCY_UNKNOWN


def test_no_node_takes_what_its_author_should_not_have_written(riacho: Group) -> None:
    dora = riacho.account("dora").id
    right = PaidOut(bytes(16), dora, 1, None)
    assert riacho.check(right) is None
    # A limit is its author's to check: what the commons holds is not looked at.
    assert riacho.check(PaidOut(bytes(16), dora, 2**62, None)) is None
    assert riacho.check(PaidOut(bytes(16), "commons.HORA", 1, None)) is ACCOUNT_UNKNOWN
    assert riacho.check(PaidOut(bytes(16), "nobody.HORA", 1, None)) is ACCOUNT_UNKNOWN
    known = next(iter(riacho.book.payments))
    assert riacho.check(PaidOut(known, dora, 1, None)) is PAYMENT_EXISTS
    for account in ("holds.HORA", "commons.HORA", dora, "exchange.ECO"):
        assert riacho.check(Collected(account)) is ACCOUNT_UNKNOWN
    assert riacho.check(Collected("exchange.HORA")) is STATE_CONFLICT


def allow(group: Group, value: str) -> None:
    """Let the group allow stewards so much in 30 days."""
    wish = MotionWish("parameters.set", "commons.steward_limit.HORA", SetParameter(value))
    carry(group, group.do("ana", "motions.create", MakeMotion("What stewards may spend", (wish,))).id)


def carry(group: Group, motion: str) -> None:
    for who in ("ana", "bia"):
        vote = Vote(parse_uuid(motion) or b"", Ballot.YES)
        group.do(who, "motions.vote", Brought(group.sign("motions.vote", vote, keys_of(who))), motion)
    group.pass_time(group.now + 7 * DAY_MS)
    assert group.view("ana", "motions.show", motion).state is MotionState.EXECUTED


def test_what_a_steward_may_not_spend_alone_is_put_to_the_vote(riacho: Group) -> None:
    allow(riacho, "30.00")
    assert riacho.view("ana", "commons.show", "HORA").without_vote == hours(30_00)
    pay(riacho, 25_00)
    assert riacho.view("ana", "commons.show", "HORA").without_vote == hours(5_00)
    motion = pay(riacho, 20_00, "bia")
    assert motion.state is MotionState.OPEN and riacho.balance("commons") == 35_00
    pay(riacho, 5_00)
    carry(riacho, motion.id)
    assert riacho.balance("commons") == 10_00
    # What the group has carried is not the stewards' spending; theirs counts for 30 days.
    riacho.pass_time(riacho.now + 24 * DAY_MS)
    assert riacho.view("ana", "commons.show", "HORA").without_vote == hours(10_00)
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_no_node_takes_what_its_steward_may_not_spend_alone(riacho: Group) -> None:
    allow(riacho, "30.00")
    dora = riacho.account("dora").id
    assert riacho.check(PaidOut(bytes(16), dora, 30_00, None)) is None
    assert riacho.check(PaidOut(bytes(16), dora, 30_01, None)) is MOTION_NEEDED
    wish = SetParameter("50.00")
    motion = riacho.ask("steward", "parameters.set", wish, "commons.steward_limit.HORA")
    assert motion.state is MotionState.OPEN, "who is limited does not move the limit"
