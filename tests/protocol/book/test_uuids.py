# SPDX-License-Identifier: AGPL-3.0-or-later
"""Ids that any program takes for UUIDs: version 4 by chance, 8 where one follows from something else (RFC 9562)."""

from uuid import RFC_4122, UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.book.money import Amount
from protocol.book.refusals import MALFORMED, MEMBER_UNKNOWN, Refused
from protocol.book.signed import occurrence_id, parse_uuid, uuid_text
from protocol.book.uuids import derived_id, drawn_id, is_uuid
from protocol.book.wishes import Brought
from protocol.practices.money.accounts import AccountsWanted
from protocol.practices.money.payments.entries import Pay
from tests.protocol.practices.desk import Group

sixteen = st.binary(min_size=16, max_size=16)


@given(sixteen)
def test_what_is_drawn_is_of_version_4_and_what_is_derived_of_version_8(data: bytes) -> None:
    drawn, derived = drawn_id(lambda size: data[:size]), derived_id(data + b"more")
    for name, version in ((drawn, 4), (derived, 8)):
        read = UUID(uuid_text(name))
        assert (read.variant, read.version, read.bytes) == (RFC_4122, version, name)
        assert is_uuid(name) and parse_uuid(uuid_text(name)) == name == parse_uuid(uuid_text(name).upper())
        kept = [one ^ other for one, other in zip(name, data, strict=True)]
        assert not any(kept[:6] + kept[9:]) and kept[6] & 0x0F == kept[8] & 0x3F == 0
    assert UUID(uuid_text(occurrence_id(data, 3))).version == 8


@given(sixteen)
def test_an_id_of_another_version_or_variant_is_none(name: bytes) -> None:
    read = UUID(bytes=name)
    assert is_uuid(name) is (read.variant == RFC_4122 and read.version in (4, 7, 8))


@pytest.fixture
def riacho() -> Group:
    """Ana with a key, Bia and Caio without."""
    group = Group()
    group.currency()
    group.currency("FLOR")
    group.admit("ana")
    group.admit("bia", "caio", custodial=True)
    return group


def of_version(group: Group, version: int) -> bytes:
    drawn = drawn_id(group.chance)
    return drawn[:6] + bytes([version << 4]) + drawn[7:]


@pytest.mark.parametrize("version", [0, 1, 3, 5, 6, 9, 15])
def test_a_client_s_own_id_of_another_version_is_refused_by_its_field(riacho: Group, version: int) -> None:
    name = of_version(riacho, version)
    wish = Pay(payer="bia", payee="caio", amount=Amount(1_00, "HORA", 2), payment=name)
    refused = riacho.ask("steward", "payments.create", wish)
    assert isinstance(refused, Refused) and refused.reason is MALFORMED
    assert refused.figures == {"field": "payment", "expected": "a UUID of version 4, 7 or 8"}
    order = riacho.wish("ana", "bia", 1_00, payment=name)
    refused = riacho.ask("ana", "payments.create", order)
    assert isinstance(refused, Refused) and refused.figures["field"] == "payment"


@pytest.mark.parametrize("version", [4, 7, 8])
def test_a_client_s_own_id_of_a_known_version_is_kept(riacho: Group, version: int) -> None:
    name = of_version(riacho, version)
    wish = Pay(payer="bia", payee="caio", amount=Amount(1_00, "HORA", 2), payment=name)
    assert riacho.do("steward", "payments.create", wish).id == uuid_text(name)


def test_an_account_has_a_uuid_and_can_be_named_by_it(riacho: Group) -> None:
    accounts = riacho.list("steward", "accounts.list", AccountsWanted())
    assert not isinstance(accounts, Refused)
    assert len({one.uuid for one in accounts}) == len(accounts) > 6
    for one in accounts:
        assert UUID(one.uuid).version == 8
        assert riacho.view("steward", "accounts.show", one.uuid) == one
        assert riacho.view("steward", "accounts.show", one.uuid.upper()) == one
    bias, caios = (one.uuid for one in accounts if one.name in ("bia", "caio") and one.currency == "FLOR")
    paid = riacho.do("steward", "payments.create", Pay(payer=bias, payee=caios, amount=Amount(1_00, "FLOR", 2)))
    assert (paid.payer, paid.payee, riacho.balance("caio", "FLOR")) == ("bia", "caio", 1_00)
    order = riacho.order("ana", "bia", 1, payee=bias, currency="FLOR")
    assert riacho.do("ana", "payments.create", Brought(order)).payee == "bia"
    nobody = Pay(payer=uuid_text(bytes(16)), payee=caios, amount=Amount(1))
    assert riacho.refusal("steward", "payments.create", nobody) is MEMBER_UNKNOWN
