# SPDX-License-Identifier: AGPL-3.0-or-later
"""Payment requests: Bia asks, Ana or Caio pays, declines, or lets it expire."""

from dataclasses import replace

import pytest

from protocol.book.declaration import Actor, Role
from protocol.book.money import Amount
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    AMOUNT_NOT_POSITIVE,
    CURRENCY_CLOSED,
    DUPLICATE,
    FORBIDDEN,
    MALFORMED,
    MEMBER_NOT_ACTIVE,
    MEMBER_UNKNOWN,
    NOT_FOUND,
    ORDER_MISMATCH,
    SAME_ACCOUNT,
    SCALE_EXCEEDED,
    TEXT_NOT_NFC,
    Reason,
)
from protocol.book.requests import RequestState
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.wishes import Brought
from protocol.practices.money.currencies.views import CloseCurrency
from protocol.practices.money.payments.entries import ReversePayment
from protocol.practices.money.payments.paying import REQUEST_CLOSED
from protocol.practices.money.requests.entries import Declined, Requested
from protocol.practices.money.requests.views import (
    AskPayment,
    CancelRequest,
    DeclineRequest,
    PayRequest,
    RequestsWanted,
)
from protocol.practices.money.setoffs.finding import open_between
from protocol.practices.people.members.views import Suspend
from tests.protocol.practices.desk import DAY_MS, Group, copy_of, snapshot


@pytest.fixture
def riacho() -> Group:
    """Ana and Bia with keys, Caio without, who may each owe 100.00."""
    group = Group()
    group.currency()
    group.admit("ana", "bia")
    group.admit("caio", custodial=True)
    return group


def hours(minor: int) -> Amount:
    return Amount(minor, "HORA", 2)


def bread(group: Group, **changed: object) -> str:
    """Let Bia ask 12.50 for bread, and return the request's id."""
    return group.do("bia", "payment-requests.create", replace(AskPayment(hours(12_50), note="bread"), **changed)).id


def test_who_has_a_key_pays_a_request_by_an_order_for_the_same_payee_and_amount(riacho: Group) -> None:
    asked = bread(riacho, payer="ana", not_after=riacho.now + DAY_MS)
    shown = riacho.view("ana", "payment-requests.show", asked)
    assert (shown.state, shown.payee, shown.payer, shown.amount) == (RequestState.OPEN, "bia", "ana", hours(12_50))
    assert riacho.texts[shown.note.digest] == "bread"

    order = riacho.order("ana", "bia", 12_50, request=parse_uuid(asked))
    payment = riacho.do("ana", "payments.create", Brought(order))
    assert payment.request == asked
    shown = riacho.view("bia", "payment-requests.show", asked)
    assert (shown.state, shown.payment) == (RequestState.PAID, payment.id)
    assert riacho.balance("bia") == 12_50
    assert [news.type for news in riacho.news[-2:]] == ["payment-request.paid", "payment.posted"]
    # The same order again is the same payment, not a second one.
    assert riacho.do("ana", "payments.create", Brought(order)).id == payment.id
    assert riacho.balance("bia") == 12_50


def test_an_order_for_another_amount_or_payee_or_pending_does_not_pay_a_request(riacho: Group) -> None:
    asked = bread(riacho)
    for payee, amount, pending in (("bia", 12_49, False), ("caio", 12_50, False), ("bia", 12_50, True)):
        wish = Brought(riacho.order("ana", payee, amount, pending=pending, request=parse_uuid(asked)))
        assert riacho.refusal("ana", "payments.create", wish) is ORDER_MISMATCH


def test_who_has_no_key_pays_a_request_by_word(riacho: Group) -> None:
    asked = bread(riacho)
    shown = riacho.do("caio", "payment-requests.pay", PayRequest(note="for the bread"), asked)
    assert shown.state is RequestState.PAID
    assert (riacho.balance("caio"), riacho.balance("bia")) == (-12_50, 12_50)
    assert riacho.refusal("caio", "payment-requests.pay", PayRequest(), asked) is REQUEST_CLOSED
    assert riacho.refusal("ana", "payment-requests.pay", PayRequest(), bread(riacho)) is FORBIDDEN


def test_a_request_that_names_a_member_is_for_that_member_to_see_to_pay_and_to_decline(riacho: Group) -> None:
    asked = bread(riacho, payer="ana")
    assert riacho.view("caio", "payment-requests.show", asked).reason is FORBIDDEN
    assert riacho.refusal("caio", "payment-requests.pay", PayRequest(), asked) is FORBIDDEN
    assert riacho.refusal("caio", "payment-requests.decline", DeclineRequest(), asked) is FORBIDDEN
    assert riacho.do("ana", "payment-requests.decline", DeclineRequest(), asked).state is RequestState.DECLINED
    wish = Brought(riacho.order("ana", "bia", 12_50, request=parse_uuid(asked)))
    assert riacho.refusal("ana", "payments.create", wish) is REQUEST_CLOSED


def test_a_request_to_anybody_can_be_seen_by_whoever_has_it_and_declined_by_nobody(riacho: Group) -> None:
    asked = bread(riacho)
    assert riacho.view("caio", "payment-requests.show", asked).amount == hours(12_50)
    assert riacho.refusal("ana", "payment-requests.decline", DeclineRequest(), asked) is FORBIDDEN
    assert riacho.check(Declined(bytes.fromhex(asked.replace("-", "")))) is FORBIDDEN


def test_only_the_payee_cancels_and_then_nobody_pays(riacho: Group) -> None:
    asked = bread(riacho)
    assert riacho.refusal("ana", "payment-requests.cancel", CancelRequest(), asked) is FORBIDDEN
    assert riacho.refusal("steward", "payment-requests.cancel", CancelRequest(), asked) is FORBIDDEN
    assert riacho.do("bia", "payment-requests.cancel", CancelRequest(), asked).state is RequestState.CANCELLED
    assert riacho.refusal("bia", "payment-requests.cancel", CancelRequest(), asked) is REQUEST_CLOSED


def test_past_its_date_a_request_is_expired_by_itself(riacho: Group) -> None:
    asked = bread(riacho, payer="caio", not_after=riacho.now + DAY_MS)
    riacho.now += DAY_MS
    assert riacho.view("bia", "payment-requests.show", asked).state is RequestState.OPEN
    riacho.now += 1
    assert riacho.view("bia", "payment-requests.show", asked).state is RequestState.EXPIRED
    assert riacho.refusal("caio", "payment-requests.pay", PayRequest(), asked) is REQUEST_CLOSED
    assert riacho.refusal("caio", "payment-requests.decline", DeclineRequest(), asked) is REQUEST_CLOSED


def test_what_cannot_be_asked(riacho: Group) -> None:
    def refused(who: str | Actor, **changed: object) -> Reason:
        return riacho.refusal(who, "payment-requests.create", replace(AskPayment(hours(5_00)), **changed))

    assert refused("bia", amount=hours(0)) is AMOUNT_NOT_POSITIVE
    assert refused("bia", amount=Amount(1, "HORA", 3)) is SCALE_EXCEEDED
    assert refused("bia", payee="ana") is FORBIDDEN
    assert refused("bia", payee="commons.HORA") is FORBIDDEN
    assert refused("bia", payee="nobody") is MEMBER_UNKNOWN
    assert refused("bia", payer="nobody") is MEMBER_UNKNOWN
    assert refused("bia", payer="bia") is SAME_ACCOUNT
    assert refused("bia", not_after=riacho.now) is MALFORMED
    assert refused("bia", note="e\u0301") is TEXT_NOT_NFC
    assert refused(Actor(Role.COMMITTEE)) is MALFORMED
    riacho.do("steward", "members.suspend", Suspend(), "bia")
    assert refused("bia") is MEMBER_NOT_ACTIVE
    riacho.do("steward", "currencies.close", CloseCurrency(), "HORA")
    assert refused("ana") is CURRENCY_CLOSED


def test_no_node_takes_a_request_that_its_author_should_not_have_written(riacho: Group) -> None:
    asked = bread(riacho)
    known = bytes.fromhex(asked.replace("-", ""))
    right = Requested(bytes(16), riacho.account("bia").id, 5_00, None, None, None)
    assert riacho.check(right) is None
    assert riacho.check(replace(right, request=known)) is DUPLICATE
    assert riacho.check(replace(right, payee="commons.HORA")) is ACCOUNT_UNKNOWN
    assert riacho.check(Declined(bytes(16))) is NOT_FOUND
    for verb, wish in (("pay", PayRequest()), ("decline", DeclineRequest()), ("cancel", CancelRequest())):
        assert riacho.refusal("bia", f"payment-requests.{verb}", wish, uuid_text(bytes(16))) is NOT_FOUND
    assert riacho.view("bia", "payment-requests.show", "?").reason is NOT_FOUND


def test_a_member_lists_the_requests_it_made_and_those_that_name_it(riacho: Group) -> None:
    to_ana, to_all = bread(riacho, payer="ana"), bread(riacho)
    of_caio = riacho.do("caio", "payment-requests.create", AskPayment(hours(1_00))).id
    riacho.do("caio", "payment-requests.pay", PayRequest(), to_all)

    def listed(who: str, state: RequestState | None = None) -> list[str]:
        found = riacho.list(who, "payment-requests.list", RequestsWanted(state), limit=1)
        assert isinstance(found, list)
        return [shown.id for shown in found]

    assert listed("ana") == [to_ana]
    assert listed("bia") == [to_ana, to_all]
    assert listed("bia", RequestState.PAID) == [to_all]
    assert listed("steward") == [to_ana, to_all, of_caio]


def test_a_request_whose_payment_is_reversed_is_open_again_and_can_be_set_off(riacho: Group) -> None:
    asked = riacho.do("caio", "payment-requests.create", AskPayment(hours(12_50), payer="ana")).id
    paid = riacho.do("ana", "payments.create", Brought(riacho.order("ana", "caio", 12_50, request=parse_uuid(asked))))
    assert list(open_between(riacho.book, "HORA", riacho.now)) == []
    riacho.do("caio", "payments.reverse", ReversePayment(parse_uuid(paid.id) or b""), paid.id)
    shown = riacho.view("ana", "payment-requests.show", asked)
    assert (shown.state, shown.payment, shown.left) == (RequestState.OPEN, None, hours(12_50))
    assert [one.type for one in riacho.news[-2:]] == ["payment-request.reopened", "payment.reversed"]
    assert [uuid_text(one.id) for one, _ in open_between(riacho.book, "HORA", riacho.now)] == [asked]
    again = riacho.do("ana", "payments.create", Brought(riacho.order("ana", "caio", 12_50, request=parse_uuid(asked))))
    assert riacho.view("ana", "payment-requests.show", asked).payment == again.id
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_what_a_leaver_asks_and_what_it_is_asked_ends_with_it(riacho: Group) -> None:
    of_bia, of_anybody = bread(riacho, payer="ana"), bread(riacho)
    of_ana = riacho.do("ana", "payment-requests.create", AskPayment(hours(1_00), payer="bia")).id
    untouched = riacho.do("ana", "payment-requests.create", AskPayment(hours(1_00), payer="caio")).id
    paid = riacho.do("caio", "payment-requests.create", AskPayment(hours(2_00), payer="bia")).id
    riacho.do("bia", "payments.create", Brought(riacho.order("bia", "caio", 2_00, request=parse_uuid(paid))))
    riacho.leave("bia")
    for name, state in (
        (of_bia, RequestState.CANCELLED),
        (of_anybody, RequestState.CANCELLED),
        (of_ana, RequestState.DECLINED),
        (untouched, RequestState.OPEN),
        (paid, RequestState.PAID),
    ):
        assert riacho.view("ana" if name != paid else "caio", "payment-requests.show", name).state is state
    wish = AskPayment(hours(1_00), payer="bia")
    assert riacho.refusal("ana", "payment-requests.create", wish) is MEMBER_NOT_ACTIVE
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)
