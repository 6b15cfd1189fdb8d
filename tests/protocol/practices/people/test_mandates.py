# SPDX-License-Identifier: AGPL-3.0-or-later
"""Mandates: Ana lets Bia pay for her, Caio lets Dora; up to a cap and a date, until they think better of it."""

from dataclasses import replace
from typing import Any

import pytest

from protocol.book.money import Amount
from protocol.book.payments import PaymentAuth
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    AMOUNT_NOT_POSITIVE,
    CURRENCY_MISMATCH,
    DUPLICATE,
    FORBIDDEN,
    KEY_UNKNOWN,
    MALFORMED,
    MEMBER_NOT_ACTIVE,
    MEMBER_UNKNOWN,
    ORDER_EXPIRED,
    ORDER_MISMATCH,
    ORDER_STALE,
    SAME_ACCOUNT,
    SCALE_EXCEEDED,
    SIGNATURE_INVALID,
    STATE_CONFLICT,
    WRONG_NETWORK,
    Reason,
    Refused,
)
from protocol.book.signed import Signed, parse_uuid, uuid_text
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Brought
from protocol.practices.money.payments.entries import Pay, ReversePayment
from protocol.practices.money.payments.views import VoidPayment
from protocol.practices.people.authority import MANDATE_EXCEEDED, MANDATE_UNKNOWN
from protocol.practices.people.mandates import MANDATES_MAX, GiveMandate, MandateGiven, MandateRevoked, RevokeMandate
from protocol.practices.people.members.views import Suspend
from tests.protocol.practices.desk import DAY_MS, ENVELOPE, Group, copy_of, keys_of, snapshot


@pytest.fixture
def riacho() -> Group:
    """Ana and Bia with keys, Caio and Dora without, who may each owe 100.00."""
    group = Group()
    group.currency()
    group.admit("ana", "bia")
    group.admit("caio", "dora", custodial=True)
    return group


def hours(minor: int) -> Amount:
    return Amount(minor, "HORA", 2)


def mandate(group: Group, *, signer: str = "ana", **changed: Any) -> Signed:
    """Return how Ana lets Bia pay up to 50.00 from her account for a day."""
    told = {name: changed.pop(name) for name in ENVELOPE & changed.keys()}
    until = group.now + DAY_MS
    wish = GiveMandate(group.account("ana").id, group.member("bia").id, hours(50_00), until, drawn_id(group.chance))
    return group.sign("members.mandate", replace(wish, **changed), keys_of(signer), **told)


def given(group: Group, **changed: Any) -> str:
    """Let Ana give her mandate to Bia, and return its id."""
    return group.do("ana", "members.mandate", Brought(mandate(group, **changed)), "ana").mandates[-1].id


def trusted(group: Group) -> str:
    """Let Caio give a mandate over 50.00 to Dora by word of mouth, and return its id."""
    wish = GiveMandate("caio", "dora", cap=hours(50_00), not_after=group.now + DAY_MS)
    return group.do("caio", "members.mandate", wish, "caio").mandates[-1].id


def paid_by_bia(group: Group, minor: int, name: str) -> Brought:
    return Brought(group.order("ana", "caio", minor, keys=keys_of("bia"), mandate=parse_uuid(name)))


def test_a_helper_with_a_key_signs_what_it_pays_from_anothers_account(riacho: Group) -> None:
    name = given(riacho)
    shown = riacho.do("bia", "payments.create", paid_by_bia(riacho, 30_00, name))
    assert (shown.payer, shown.auth, shown.mandate) == ("ana", PaymentAuth.MANDATE, name)
    assert (riacho.balance("ana"), riacho.balance("bia")) == (-30_00, 0)
    refused = riacho.ask("bia", "payments.create", paid_by_bia(riacho, 20_01, name))
    assert refused == Refused(MANDATE_EXCEEDED, {"available": 20_00, "currency": "HORA"})
    (held,) = riacho.view("bia", "members.show", "bia").mandates
    assert (held.giver, held.helper, held.cap, held.spent) == ("ana", "bia", hours(50_00), hours(30_00))
    assert set(riacho.news[-1].audience) == {riacho.member(who).id for who in ("ana", "bia", "caio")}
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_a_helper_with_a_key_never_pays_by_word_and_nobody_pays_without_the_mandate(riacho: Group) -> None:
    name = given(riacho)
    word = Pay(payee="caio", amount=hours(1_00), mandate=parse_uuid(name))
    assert riacho.refusal("bia", "payments.create", word) is FORBIDDEN
    assert riacho.refusal("steward", "payments.create", word) is FORBIDDEN
    without = Brought(riacho.order("ana", "caio", 1_00, keys=keys_of("bia")))
    assert riacho.refusal("bia", "payments.create", without) is FORBIDDEN
    # Ana pays under her own name, not under the mandate that she gave.
    own = Brought(riacho.order("ana", "caio", 1_00, mandate=parse_uuid(name)))
    assert riacho.refusal("ana", "payments.create", own) is FORBIDDEN
    other = Brought(riacho.order("bia", "caio", 1_00, mandate=parse_uuid(name)))
    assert riacho.refusal("bia", "payments.create", other) is FORBIDDEN


def test_who_has_no_key_trusts_another_by_word_of_mouth(riacho: Group) -> None:
    name = trusted(riacho)
    wish = Pay(payee="bia", amount=hours(30_00), mandate=parse_uuid(name))
    shown = riacho.do("dora", "payments.create", wish)
    assert (shown.payer, shown.auth) == ("caio", PaymentAuth.MANDATE)
    assert riacho.refusal("dora", "payments.create", wish) is MANDATE_EXCEEDED
    assert riacho.refusal("caio", "payments.create", wish) is FORBIDDEN
    assert riacho.refusal("dora", "payments.create", replace(wish, payer="bia")) is FORBIDDEN
    # A steward writes on Dora's word as it would on Caio's.
    riacho.do("steward", "payments.create", replace(wish, amount=hours(20_00)))
    assert riacho.balance("caio") == -50_00


def test_it_is_the_helper_whose_key_or_word_counts(riacho: Group) -> None:
    """Ana, who has a key, trusts Dora, who has none; Caio, who has none, trusts Bia, who has one."""
    by_word = given(riacho, helper=riacho.member("dora").id)
    riacho.do("dora", "payments.create", Pay(payee="bia", amount=hours(5_00), mandate=parse_uuid(by_word)))
    assert riacho.balance("ana") == -5_00
    trust = GiveMandate("caio", "bia", cap=hours(50_00), not_after=riacho.now + DAY_MS)
    by_key = riacho.do("caio", "members.mandate", trust, "caio").mandates[-1].id
    wish = Pay(payee="ana", amount=hours(5_00), mandate=parse_uuid(by_key))
    assert riacho.refusal("bia", "payments.create", wish) is FORBIDDEN
    order = riacho.order("caio", "ana", 5_00, keys=keys_of("bia"), mandate=parse_uuid(by_key))
    riacho.do("bia", "payments.create", Brought(order))
    assert riacho.balance("caio") == -5_00


def test_a_mandate_ends_by_its_date_by_revocation_or_when_it_is_laid_down(riacho: Group) -> None:
    by_date, taken_back, laid_down = given(riacho), given(riacho), trusted(riacho)
    shown = riacho.do("ana", "members.revoke-mandate", RevokeMandate(taken_back), "ana")
    assert [one.revoked for one in shown.mandates] == [False, True]
    assert riacho.news[-1].type == "member.mandate-revoked"
    riacho.do("dora", "members.revoke-mandate", RevokeMandate(laid_down), "dora")
    again = RevokeMandate(laid_down)
    assert riacho.refusal("caio", "members.revoke-mandate", again, "caio") is STATE_CONFLICT
    assert riacho.refusal("bia", "payments.create", paid_by_bia(riacho, 1, taken_back)) is STATE_CONFLICT
    wish = Pay(payee="bia", amount=hours(1), mandate=parse_uuid(laid_down))
    assert riacho.refusal("dora", "payments.create", wish) is STATE_CONFLICT
    riacho.now += DAY_MS
    riacho.do("bia", "payments.create", paid_by_bia(riacho, 1, by_date))
    riacho.now += 1
    assert riacho.refusal("bia", "payments.create", paid_by_bia(riacho, 1, by_date)) is MANDATE_EXCEEDED


def test_a_suspended_helper_pays_nothing(riacho: Group) -> None:
    name = given(riacho)
    riacho.do("steward", "members.suspend", Suspend(), "bia")
    assert riacho.refusal("bia", "payments.create", paid_by_bia(riacho, 1, name)) is MEMBER_NOT_ACTIVE


def test_what_is_no_signed_mandate(riacho: Group) -> None:
    def refused(member: str = "ana", **changed: Any) -> Reason:
        return riacho.refusal("ana", "members.mandate", Brought(mandate(riacho, **changed)), member)

    assert refused(cap=hours(0)) is AMOUNT_NOT_POSITIVE
    assert refused(key=keys_of("bia").public) is SIGNATURE_INVALID
    assert refused(signer="stranger") is KEY_UNKNOWN
    assert refused(signer="bia") is FORBIDDEN
    assert refused(account="commons.HORA") is ACCOUNT_UNKNOWN
    assert refused(helper="A" * 16) is MEMBER_UNKNOWN
    assert refused(helper=riacho.member("ana").id) is SAME_ACCOUNT
    assert refused(network=bytes(32)) is WRONG_NETWORK
    assert refused(not_after_ms=riacho.now - 1) is ORDER_EXPIRED
    assert refused(not_after=riacho.now - 1) is ORDER_EXPIRED
    assert refused(member="bia") is ORDER_MISMATCH
    assert refused(member="nobody") is MEMBER_UNKNOWN
    name = given(riacho)
    assert refused(mandate=bytes.fromhex(name.replace("-", ""))) is DUPLICATE
    assert refused(order_seq=0) is ORDER_STALE
    assert refused(operation="members.revoke-mandate") is MALFORMED
    assert refused(fields=b"\xa0") is MALFORMED
    assert refused(mandate=None) is MALFORMED
    unread = Brought(Signed(b"\xa0", bytes(64)))
    assert riacho.refusal("ana", "members.mandate", unread, "ana") is MALFORMED
    riacho.do("steward", "members.suspend", Suspend(), "bia")
    assert refused() is MEMBER_NOT_ACTIVE


def test_a_key_with_a_cap_gives_no_mandate(riacho: Group) -> None:
    riacho.add_key("ana", keys_of("phone"), 50_00)
    wish = Brought(mandate(riacho, signer="phone"))
    assert riacho.refusal("ana", "members.mandate", wish, "ana") is FORBIDDEN


def test_what_is_no_mandate_by_word(riacho: Group) -> None:
    right = GiveMandate("caio", "dora", cap=hours(50_00), not_after=riacho.now + DAY_MS)

    def refused(who: str = "caio", member: str = "caio", **changed: Any) -> Reason:
        return riacho.refusal(who, "members.mandate", replace(right, account=member, **changed), member)

    elsewhere = replace(right, account="dora")
    assert riacho.refusal("dora", "members.mandate", elsewhere, "dora") is SAME_ACCOUNT
    assert riacho.refusal("caio", "members.mandate", elsewhere, "caio") is ORDER_MISMATCH
    assert refused("dora") is FORBIDDEN
    assert refused("ana", "ana") is FORBIDDEN
    assert refused(helper="nobody") is MEMBER_UNKNOWN
    assert refused(helper="caio") is SAME_ACCOUNT
    assert refused(cap=Amount(1, "HORA", 3)) is SCALE_EXCEEDED
    assert refused(cap=hours(-1)) is AMOUNT_NOT_POSITIVE
    assert refused(cap=Amount(1, "FLOR", 2)) is CURRENCY_MISMATCH
    assert refused(not_after=riacho.now - 1) is ORDER_EXPIRED
    assert len(riacho.do("steward", "members.mandate", right, "caio").mandates) == 1


def test_no_node_takes_a_mandate_that_its_author_should_not_have_written(riacho: Group) -> None:
    word = GiveMandate(riacho.account("caio").id, riacho.member("dora").id, hours(1_00), riacho.now, bytes(16))
    assert riacho.check(MandateGiven(None, word)) is None
    assert riacho.check(MandateGiven(None, replace(word, mandate=None))) is MALFORMED
    assert riacho.check(MandateGiven(None, None)) is MALFORMED
    assert riacho.check(MandateGiven(mandate(riacho), word)) is MALFORMED
    assert riacho.check(MandateGiven(None, replace(word, account=riacho.account("ana").id))) is FORBIDDEN
    assert riacho.check(MandateRevoked(bytes(16))) is MANDATE_UNKNOWN
    for name in (uuid_text(bytes(16)), "?", given(riacho)):
        wish = RevokeMandate(name)
        assert riacho.refusal("caio", "members.revoke-mandate", wish, "caio") is MANDATE_UNKNOWN
    assert riacho.refusal("ana", "members.revoke-mandate", RevokeMandate(given(riacho)), "bia") is FORBIDDEN
    wish = Pay(payee="bia", amount=hours(1), mandate=bytes(16))
    assert riacho.refusal("dora", "payments.create", wish) is MANDATE_UNKNOWN
    order = paid_by_bia(riacho, 1, uuid_text(bytes(16)))
    assert riacho.refusal("bia", "payments.create", order) is MANDATE_UNKNOWN


def test_a_member_gives_a_bounded_number_of_mandates_at_once(riacho: Group) -> None:
    for _ in range(MANDATES_MAX):
        given(riacho)
    wish = Brought(mandate(riacho))
    assert riacho.refusal("ana", "members.mandate", wish, "ana") is STATE_CONFLICT
    riacho.now += DAY_MS + 1
    given(riacho)


def test_what_comes_back_frees_the_cap_of_the_mandate_and_what_goes_on_does_not(riacho: Group) -> None:
    name = given(riacho)
    order = riacho.order("ana", "caio", 50_00, keys=keys_of("bia"), mandate=parse_uuid(name), pending=True)
    paid = riacho.do("bia", "payments.create", Brought(order))
    assert riacho.refusal("bia", "payments.create", paid_by_bia(riacho, 1, name)) is MANDATE_EXCEEDED
    riacho.do("caio", "payments.void", VoidPayment(), paid.id)
    paid = riacho.do("bia", "payments.create", paid_by_bia(riacho, 50_00, name))
    assert riacho.refusal("bia", "payments.create", paid_by_bia(riacho, 1, name)) is MANDATE_EXCEEDED
    riacho.do("caio", "payments.reverse", ReversePayment(parse_uuid(paid.id) or b""), paid.id)
    riacho.do("bia", "payments.create", paid_by_bia(riacho, 50_00, name))
    assert riacho.refusal("bia", "payments.create", paid_by_bia(riacho, 1, name)) is MANDATE_EXCEEDED
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)
