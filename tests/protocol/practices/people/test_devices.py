# SPDX-License-Identifier: AGPL-3.0-or-later
"""Devices: a first key, a second phone, a lost one, a browser with a cap, and who may change them."""

from dataclasses import replace
from typing import Any

import pytest

from protocol.book.members import Auth
from protocol.book.money import Amount
from protocol.book.payments import Payment
from protocol.book.refusals import (
    FORBIDDEN,
    KEY_UNACCEPTABLE,
    KEY_UNKNOWN,
    MALFORMED,
    MEMBER_NOT_ACTIVE,
    MEMBER_UNKNOWN,
    ORDER_MISMATCH,
    ORDER_REPLAYED,
    ORDER_STALE,
    SIGNATURE_INVALID,
    STATE_CONFLICT,
    WRONG_NETWORK,
    Reason,
    Refused,
)
from protocol.book.signed import Signed, uuid_text
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Brought
from protocol.practices.money.currencies.views import SetLevy
from protocol.practices.money.payments.entries import ReversePayment
from protocol.practices.money.payments.views import VoidPayment
from protocol.practices.people.authority import KEY_CAP_EXCEEDED, KEY_TAKEN
from protocol.practices.people.devices import AddKey, KeyAdded, KeyRebound, KeyRevoked, RebindKey, RevokeKey
from protocol.practices.people.mandates import GiveMandate
from protocol.practices.people.members.views import Suspend
from tests.protocol.practices.desk import DAY_MS, Group, Refusal, copy_of, keys_of, snapshot


@pytest.fixture
def riacho() -> Group:
    """Ana and Bia with keys, Caio without, who may each owe 100.00."""
    group = Group()
    group.currency()
    group.admit("ana", "bia")
    group.admit("caio", custodial=True)
    return group


def signed(group: Group, verb: str, wish: Any, signer: str = "ana", **told: Any) -> Brought:
    return Brought(group.sign(f"members.{verb}", wish, keys_of(signer), **told))


def enrolment(
    group: Group, new: str, cap: int | None = None, *, signer: str = "ana", joining: Signed | None = None, **told: Any
) -> Brought:
    """Return how Ana says that a new key is hers too."""
    joining = joining or group.joining("ana", keys_of(new))
    return signed(group, "add-key", AddKey(group.member("ana").id, joining, cap), signer, **told)


def revocation(group: Group, lost: str, *, signer: str = "ana") -> Brought:
    """Return how Ana says that a key of hers is lost."""
    return signed(group, "revoke-key", RevokeKey(group.member("ana").id, keys_of(lost).public), signer)


def rebind(group: Group, old: str, new: str, *, signer: str = "ana") -> Brought:
    """Return how Ana says that a key of hers gives way."""
    wish = RebindKey(group.member("ana").id, group.joining("ana", keys_of(new)), keys_of(old).public)
    return signed(group, "rebind-key", wish, signer)


def add(group: Group, new: str, cap: int | None = None) -> None:
    group.do("ana", "members.add-key", enrolment(group, new, cap), "ana")


def test_who_had_no_key_takes_a_first_one_and_orders_by_itself_from_then_on(riacho: Group) -> None:
    wish = RebindKey("caio", riacho.joining("caio"))
    assert riacho.refusal("bia", "members.rebind-key", wish, "caio") is FORBIDDEN
    assert riacho.do("steward", "members.rebind-key", wish, "caio").auth is Auth.SELF
    riacho.pay("caio", "bia", 5_00)
    assert list(riacho.book.payments.values())[-1].auth.value == "self"
    # From now on nobody gives it another without its word.
    again = RebindKey("caio", riacho.joining("caio", keys_of("thief")))
    assert riacho.refusal("steward", "members.rebind-key", again, "caio") is FORBIDDEN
    assert riacho.refusal("caio", "members.rebind-key", again, "caio") is STATE_CONFLICT
    assert riacho.refusal("steward", "members.rebind-key", again, "nobody") is MEMBER_UNKNOWN


def test_a_key_gives_way_to_a_new_one_and_never_comes_back(riacho: Group) -> None:
    riacho.do("ana", "members.rebind-key", rebind(riacho, "ana", "new"), "ana")
    assert riacho.refuses("ana", "bia", 1) is KEY_UNKNOWN
    riacho.pay("ana", "bia", 1, keys=keys_of("new"))
    assert [shown.key for shown in riacho.view("ana", "members.show", "ana").keys] == [keys_of("new").public]
    back = rebind(riacho, "new", "ana", signer="new")
    assert riacho.refusal("ana", "members.rebind-key", back, "ana") is KEY_TAKEN
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_a_browser_with_a_cap_pays_up_to_it_and_changes_no_keys(riacho: Group) -> None:
    add(riacho, "browser", cap=20_00)
    riacho.pay("ana", "bia", 15_00, keys=keys_of("browser"))
    refused = riacho.ask("ana", "payments.create", riacho.wish("ana", "bia", 5_01, keys=keys_of("browser")))
    assert refused == Refused(KEY_CAP_EXCEEDED, {"available": 5_00, "currency": "HORA"})
    riacho.pay("ana", "bia", 50_00)

    more = enrolment(riacho, "thief", signer="browser")
    assert riacho.refusal("ana", "members.add-key", more, "ana") is FORBIDDEN
    steal = rebind(riacho, "ana", "thief", signer="browser")
    assert riacho.refusal("ana", "members.rebind-key", steal, "ana") is FORBIDDEN
    # It may give way itself; what it paid counts on.
    riacho.do("ana", "members.rebind-key", rebind(riacho, "browser", "browser2", signer="browser"), "ana")
    assert riacho.refuses("ana", "bia", 5_01, keys=keys_of("browser2")) is KEY_CAP_EXCEEDED
    riacho.pay("ana", "bia", 5_00, keys=keys_of("browser2"))


def test_a_lost_phone_is_shut_out_by_the_one_that_is_left(riacho: Group) -> None:
    add(riacho, "phone")
    wish = revocation(riacho, "phone")
    assert [shown.key for shown in riacho.do("ana", "members.revoke-key", wish, "ana").keys] == [keys_of("ana").public]
    assert riacho.refuses("ana", "bia", 1, keys=keys_of("phone")) is KEY_UNKNOWN
    wish = revocation(riacho, "phone")
    assert riacho.refusal("ana", "members.revoke-key", wish, "ana") is KEY_UNKNOWN


def test_the_last_key_without_a_cap_is_replaced_and_not_revoked(riacho: Group) -> None:
    add(riacho, "browser", cap=1_00)
    wish = revocation(riacho, "ana")
    assert riacho.refusal("ana", "members.revoke-key", wish, "ana") is STATE_CONFLICT
    riacho.do("ana", "members.revoke-key", revocation(riacho, "browser"), "ana")


def test_what_changes_no_keys(riacho: Group) -> None:
    def adding(brought: Brought, member: str = "ana") -> Reason:
        return riacho.refusal("ana", "members.add-key", brought, member)

    def joined_by(joining: Signed) -> Reason:
        return adding(enrolment(riacho, "phone", joining=joining))

    assert adding(Brought(Signed(b"\xa0", bytes(64)))) is MALFORMED
    forged = replace(enrolment(riacho, "phone").signed, signature=bytes(64))
    assert adding(Brought(forged)) is SIGNATURE_INVALID
    assert adding(enrolment(riacho, "phone", signer="stranger")) is KEY_UNKNOWN
    assert adding(enrolment(riacho, "phone", signer="bia")) is FORBIDDEN
    assert adding(enrolment(riacho, "phone"), member="bia") is ORDER_MISMATCH
    assert adding(enrolment(riacho, "phone"), member="nobody") is ORDER_MISMATCH
    assert adding(enrolment(riacho, "phone", network=bytes(32))) is WRONG_NETWORK
    assert joined_by(riacho.joining("bia", keys_of("phone"))) is ORDER_MISMATCH
    assert joined_by(riacho.joining("ana", keys_of("bia"))) is KEY_TAKEN
    assert joined_by(Signed(b"\xa0", bytes(64))) is MALFORMED
    assert joined_by(riacho.joining("ana", keys_of("phone"), network=bytes(32))) is WRONG_NETWORK
    # Only who holds the new key can say so.
    unproven = replace(riacho.joining("ana", keys_of("phone")), signature=bytes(64))
    assert joined_by(unproven) is SIGNATURE_INVALID
    assert joined_by(riacho.joining("ana", keys_of("phone"), key=bytes(32))) is KEY_UNACCEPTABLE
    plain = AddKey("ana", riacho.joining("ana", keys_of("phone")))
    assert riacho.refusal("ana", "members.add-key", plain, "ana") is MALFORMED

    add(riacho, "phone")
    newest = riacho.seqs[keys_of("ana").public.hex()]
    assert adding(enrolment(riacho, "tablet", order_seq=newest)) is ORDER_REPLAYED
    assert adding(enrolment(riacho, "tablet", order_seq=0)) is ORDER_STALE
    assert riacho.refusal("bia", "members.add-key", enrolment(riacho, "tablet"), "ana") is FORBIDDEN


def test_no_node_takes_a_change_of_keys_that_its_author_should_not_have_written(riacho: Group) -> None:
    add(riacho, "phone")
    joining = riacho.joining("ana", keys_of("tablet"))
    rebound = rebind(riacho, "phone", "tablet").signed
    assert riacho.check(KeyRebound(rebound, None)) is None
    assert riacho.check(KeyRebound(None, None)) is MALFORMED
    assert riacho.check(KeyRebound(rebound, RebindKey("A" * 16, joining))) is MALFORMED
    assert riacho.check(KeyRebound(None, RebindKey("A" * 16, joining))) is MEMBER_UNKNOWN
    caio = RebindKey(riacho.member("caio").id, riacho.joining("caio"))
    assert riacho.check(KeyRebound(None, caio)) is None
    assert riacho.check(KeyRebound(None, replace(caio, gives_way=bytes(32)))) is MALFORMED
    assert riacho.check(KeyRevoked(Signed(b"", bytes(64)))) is MALFORMED
    # What one operation's wish says is no other's.
    assert riacho.check(KeyRevoked(rebound)) is MALFORMED
    lost = revocation(riacho, "phone")
    assert riacho.refusal("ana", "members.revoke-key", lost, "nobody") is ORDER_MISMATCH


def test_a_suspended_member_still_secures_its_keys_and_one_who_left_has_none_to_secure(riacho: Group) -> None:
    riacho.do("steward", "members.suspend", Suspend(), "ana")
    add(riacho, "phone")
    riacho.leave("ana")
    assert riacho.check(KeyAdded(enrolment(riacho, "tablet").signed)) is MEMBER_NOT_ACTIVE
    riacho.leave("caio")
    caio = RebindKey(riacho.member("caio").id, riacho.joining("caio"))
    assert riacho.check(KeyRebound(None, caio)) is MEMBER_NOT_ACTIVE


def test_what_comes_back_frees_the_cap_of_the_key_that_paid_it_and_of_its_heir(riacho: Group) -> None:
    add(riacho, "browser", cap=20_00)
    held = riacho.pay("ana", "caio", 20_00, keys=keys_of("browser"), pending=True)
    assert riacho.refuses("ana", "caio", 1, keys=keys_of("browser")) is KEY_CAP_EXCEEDED
    riacho.payments("caio", "void", held, VoidPayment())
    first = riacho.pay("ana", "caio", 15_00, keys=keys_of("browser"))
    for old, new in (("browser", "browser2"), ("browser2", "browser3")):
        riacho.do("ana", "members.rebind-key", rebind(riacho, old, new, signer=old), "ana")
    riacho.payments("caio", "reverse", first, ReversePayment(first.id))
    riacho.pay("ana", "caio", 20_00, keys=keys_of("browser3"))
    assert riacho.refuses("ana", "caio", 1, keys=keys_of("browser3")) is KEY_CAP_EXCEEDED
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_what_a_key_with_a_cap_lets_go_back_counts_against_its_cap(riacho: Group) -> None:
    """A till's key capped at 10.00 once gave back 500.00, and nothing was spent."""
    riacho.do("steward", "currencies.set-levy", SetLevy(1_000, until_repaid=False), "HORA")
    add(riacho, "till", cap=10_00)
    large, small, third = (riacho.pay("bia", "ana", minor) for minor in (50_00, 10_00, 5_00))

    def consent(payment: Payment, signer: str) -> Brought:
        return Brought(riacho.sign("payments.reverse", ReversePayment(payment.id), keys_of(signer)))

    refused = riacho.payments("bia", "reverse", large, consent(large, "till"))
    assert refused == Refused(KEY_CAP_EXCEEDED, {"available": 10_00, "currency": "HORA"})
    assert riacho.payments("bia", "reverse", small, consent(small, "till")).state == "reversed"
    till = riacho.member("ana").keys[keys_of("till").public]
    assert till.spent_minor == 9_00, "the commons gives the levy back"
    refused = riacho.payments("bia", "reverse", third, consent(third, "till"))
    assert refused == Refused(KEY_CAP_EXCEEDED, {"available": 1_00, "currency": "HORA"})
    assert riacho.refuses("ana", "bia", 1_01, keys=keys_of("till")) is KEY_CAP_EXCEEDED
    assert riacho.payments("bia", "reverse", large, consent(large, "ana")).state == "reversed"
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def mandate(group: Group, signer: str, giver: str = "ana") -> bytes:
    """Let Bia pay 9.00 from Ana's account, by a key of Ana's; returns the mandate's id."""
    name = drawn_id(group.chance)
    account, helper = group.account(giver).id, group.member("bia").id
    wish = GiveMandate(account, helper, Amount(9_00, "HORA", 2), group.now + DAY_MS, name)
    group.do(giver, "members.mandate", signed(group, "mandate", wish, signer), giver)
    return name


def spend(group: Group, name: bytes) -> None:
    """Let Bia pay 1.00 from Ana's account under a mandate."""
    order = group.order("ana", "caio", 1_00, keys=keys_of("bia"), mandate=name)
    group.do("bia", "payments.create", Brought(order))


def test_with_a_revoked_key_end_the_mandates_that_it_or_its_forerunner_gave_and_no_others(riacho: Group) -> None:
    first = mandate(riacho, "ana")
    add(riacho, "phone")
    own = mandate(riacho, "phone")
    riacho.do("ana", "members.rebind-key", rebind(riacho, "phone", "newer phone", signer="phone"), "ana")
    spend(riacho, own)
    later = mandate(riacho, "newer phone")
    add(riacho, "tablet")
    riacho.do("ana", "members.revoke-key", revocation(riacho, "tablet"), "ana")
    assert not any(riacho.book.mandates[one].revoked for one in (first, own, later))
    shown = riacho.do("ana", "members.revoke-key", revocation(riacho, "newer phone"), "ana")
    assert {one.id: one.revoked for one in shown.mandates} == {
        uuid_text(first): False,
        uuid_text(own): True,
        uuid_text(later): True,
    }
    with pytest.raises(Refusal, match="revoked"):
        spend(riacho, own)
    spend(riacho, first)
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)
