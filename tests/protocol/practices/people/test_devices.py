# SPDX-License-Identifier: AGPL-3.0-or-later
"""Devices: a first key, a second phone, a lost one, a browser with a cap, and who may change them."""

from dataclasses import replace
from typing import Any

import pytest

from protocol.book.book import Auth
from protocol.book.refusals import Refused, Rejection
from protocol.book.signed import Enrolment, Rebinding, Signed, sign
from protocol.practices.people.devices import AddKey, FirstKeyTaken, KeyAdded, KeyRebound, RebindKey, RevokeKey
from protocol.practices.people.members import Leave, Suspend
from tests.protocol.practices.desk import NETWORK, Group, copy_of, keys_of, snapshot


@pytest.fixture
def riacho() -> Group:
    """Ana and Bia with keys, Caio without, who may each owe 100.00."""
    group = Group()
    group.currency()
    group.admit("ana", "bia")
    group.admit("caio", custodial=True)
    return group


def enrolment(group: Group, new: str, cap: int | None = None, *, signer: str = "ana", **changed: Any) -> Signed:
    """Return how Ana says that a new key is hers too."""
    keys = keys_of(signer)
    said = Enrolment(
        NETWORK,
        group.member("ana").id,
        keys.public,
        group.next_seq(keys.public.hex()),
        keys_of(new).public,
        cap,
    )
    return sign(keys, replace(said, **changed))


def rebinding(group: Group, old: str, new: str | None, *, signer: str = "ana", **changed: Any) -> Signed:
    """Return how Ana says that a key of hers gives way."""
    keys = keys_of(signer)
    said = Rebinding(
        NETWORK,
        group.member("ana").id,
        keys.public,
        group.next_seq(keys.public.hex()),
        keys_of(old).public,
        None if new is None else keys_of(new).public,
    )
    return sign(keys, replace(said, **changed))


def add(group: Group, new: str, cap: int | None = None) -> None:
    group.do("ana", "members.add-key", AddKey(enrolment(group, new, cap), group.joining("ana", keys_of(new))), "ana")


def rebind(group: Group, old: str, new: str, *, signer: str = "ana") -> RebindKey:
    return RebindKey(group.joining("ana", keys_of(new)), rebinding(group, old, new, signer=signer))


def test_who_had_no_key_takes_a_first_one_and_orders_by_itself_from_then_on(riacho: Group) -> None:
    wish = RebindKey(riacho.joining("caio"))
    assert riacho.refusal("bia", "members.rebind-key", wish, "caio") is Rejection.FORBIDDEN
    assert riacho.do("steward", "members.rebind-key", wish, "caio").auth is Auth.SELF
    riacho.pay("caio", "bia", 5_00)
    assert riacho.book.payments.popitem()[1].auth.value == "self"
    # From now on nobody gives it another without its word.
    again = RebindKey(riacho.joining("caio", keys_of("thief")))
    assert riacho.refusal("steward", "members.rebind-key", again, "caio") is Rejection.FORBIDDEN
    assert riacho.refusal("caio", "members.rebind-key", again, "caio") is Rejection.STATE_CONFLICT
    assert riacho.refusal("steward", "members.rebind-key", again, "nobody") is Rejection.MEMBER_UNKNOWN


def test_a_key_gives_way_to_a_new_one_and_never_comes_back(riacho: Group) -> None:
    riacho.do("ana", "members.rebind-key", rebind(riacho, "ana", "new"), "ana")
    assert riacho.refuses("ana", "bia", 1) is Rejection.KEY_UNKNOWN
    riacho.pay("ana", "bia", 1, keys=keys_of("new"))
    assert [shown.key for shown in riacho.view("ana", "members.show", "ana").keys] == [keys_of("new").public]
    back = rebind(riacho, "new", "ana", signer="new")
    assert riacho.refusal("ana", "members.rebind-key", back, "ana") is Rejection.KEY_TAKEN
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_a_browser_with_a_cap_pays_up_to_it_and_changes_no_keys(riacho: Group) -> None:
    add(riacho, "browser", cap=20_00)
    riacho.pay("ana", "bia", 15_00, keys=keys_of("browser"))
    refused = riacho.ask("ana", "payments.create", riacho.wish("ana", "bia", 5_01, keys=keys_of("browser")))
    assert refused == Refused(Rejection.KEY_CAP_EXCEEDED, {"available": 5_00, "currency": "HORA"})
    riacho.pay("ana", "bia", 50_00)

    more = AddKey(enrolment(riacho, "thief", signer="browser"), riacho.joining("ana", keys_of("thief")))
    assert riacho.refusal("ana", "members.add-key", more, "ana") is Rejection.FORBIDDEN
    steal = rebind(riacho, "ana", "thief", signer="browser")
    assert riacho.refusal("ana", "members.rebind-key", steal, "ana") is Rejection.FORBIDDEN
    # It may give way itself; what it paid counts on.
    riacho.do("ana", "members.rebind-key", rebind(riacho, "browser", "browser2", signer="browser"), "ana")
    assert riacho.refuses("ana", "bia", 5_01, keys=keys_of("browser2")) is Rejection.KEY_CAP_EXCEEDED
    riacho.pay("ana", "bia", 5_00, keys=keys_of("browser2"))


def test_a_lost_phone_is_shut_out_by_the_one_that_is_left(riacho: Group) -> None:
    add(riacho, "phone")
    wish = RevokeKey(rebinding(riacho, "phone", None))
    assert [shown.key for shown in riacho.do("ana", "members.revoke-key", wish, "ana").keys] == [keys_of("ana").public]
    assert riacho.refuses("ana", "bia", 1, keys=keys_of("phone")) is Rejection.KEY_UNKNOWN
    wish = RevokeKey(rebinding(riacho, "phone", None))
    assert riacho.refusal("ana", "members.revoke-key", wish, "ana") is Rejection.KEY_UNKNOWN


def test_the_last_key_without_a_cap_is_replaced_and_not_revoked(riacho: Group) -> None:
    add(riacho, "browser", cap=1_00)
    wish = RevokeKey(rebinding(riacho, "ana", None))
    assert riacho.refusal("ana", "members.revoke-key", wish, "ana") is Rejection.STATE_CONFLICT
    riacho.do("ana", "members.revoke-key", RevokeKey(rebinding(riacho, "browser", None)), "ana")


def test_what_changes_no_keys(riacho: Group) -> None:
    def adding(enrolled: Signed, joining: Signed | None = None, member: str = "ana") -> Rejection:
        wish = AddKey(enrolled, joining or riacho.joining("ana", keys_of("phone")))
        return riacho.refusal("ana", "members.add-key", wish, member)

    assert adding(Signed(b"\xa0", bytes(64))) is Rejection.MALFORMED
    assert adding(replace(enrolment(riacho, "phone"), signature=bytes(64))) is Rejection.SIGNATURE_INVALID
    assert adding(enrolment(riacho, "phone", signer="stranger")) is Rejection.KEY_UNKNOWN
    assert adding(enrolment(riacho, "phone", signer="bia")) is Rejection.FORBIDDEN
    assert adding(enrolment(riacho, "phone"), member="bia") is Rejection.FORBIDDEN
    assert adding(enrolment(riacho, "phone", network=bytes(32))) is Rejection.WRONG_NETWORK
    assert adding(enrolment(riacho, "phone"), member="nobody") is Rejection.MEMBER_UNKNOWN
    assert adding(enrolment(riacho, "tablet")) is Rejection.ORDER_MISMATCH
    assert adding(enrolment(riacho, "phone"), riacho.joining("bia", keys_of("phone"))) is Rejection.ORDER_MISMATCH
    assert adding(enrolment(riacho, "bia"), riacho.joining("ana", keys_of("bia"))) is Rejection.KEY_TAKEN
    assert adding(enrolment(riacho, "phone"), Signed(b"\xa0", bytes(64))) is Rejection.MALFORMED
    other = riacho.joining("ana", keys_of("phone"), network=bytes(32))
    assert adding(enrolment(riacho, "phone"), other) is Rejection.WRONG_NETWORK
    # Only who holds the new key can say so.
    unproven = replace(riacho.joining("ana", keys_of("phone")), signature=bytes(64))
    assert adding(enrolment(riacho, "phone"), unproven) is Rejection.SIGNATURE_INVALID
    weak = riacho.joining("ana", keys_of("phone"), key=bytes(32))
    assert adding(enrolment(riacho, "phone", new_key=bytes(32)), weak) is Rejection.KEY_UNACCEPTABLE

    said = enrolment(riacho, "phone")
    riacho.do("ana", "members.add-key", AddKey(said, riacho.joining("ana", keys_of("phone"))), "ana")
    assert adding(said) is Rejection.ORDER_REPLAYED
    assert adding(enrolment(riacho, "tablet", order_seq=0)) is Rejection.ORDER_STALE


def test_a_rebinding_brings_its_new_key_and_a_revocation_brings_none(riacho: Group) -> None:
    add(riacho, "phone")
    member = riacho.member("ana").id
    joining = riacho.joining("ana", keys_of("tablet"))
    assert riacho.check(KeyRebound(member, rebinding(riacho, "phone", "tablet"), joining)) is None
    assert riacho.check(KeyRebound(member, rebinding(riacho, "phone", "tablet"), None)) is Rejection.MALFORMED
    assert riacho.check(KeyRebound(member, rebinding(riacho, "phone", None), joining)) is Rejection.MALFORMED
    assert riacho.check(KeyRebound("A" * 16, rebinding(riacho, "phone", None), None)) is Rejection.FORBIDDEN
    assert riacho.check(FirstKeyTaken("A" * 16, joining)) is Rejection.MEMBER_UNKNOWN
    assert riacho.check(KeyRebound(member, Signed(b"", bytes(64)), None)) is Rejection.MALFORMED
    nobody = riacho.refusal("ana", "members.revoke-key", RevokeKey(rebinding(riacho, "phone", None)), "nobody")
    assert nobody is Rejection.MEMBER_UNKNOWN


def test_a_suspended_member_still_secures_its_keys_and_one_who_left_has_none_to_secure(riacho: Group) -> None:
    riacho.do("steward", "members.suspend", Suspend(), "ana")
    add(riacho, "phone")
    riacho.do("ana", "members.leave", Leave(), "ana")
    said = KeyAdded(riacho.member("ana").id, enrolment(riacho, "tablet"), riacho.joining("ana", keys_of("tablet")))
    assert riacho.check(said) is Rejection.MEMBER_NOT_ACTIVE
    riacho.do("steward", "members.leave", Leave(), "caio")
    assert riacho.check(FirstKeyTaken(riacho.member("caio").id, riacho.joining("caio"))) is Rejection.MEMBER_NOT_ACTIVE
