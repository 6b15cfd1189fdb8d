# SPDX-License-Identifier: AGPL-3.0-or-later
"""Imports: members of another book come along with handles, keys and limits, all or none."""

from dataclasses import replace
from typing import Any

import pytest

from protocol.book.members import Auth, MemberState
from protocol.book.money import Amount
from protocol.book.refusals import (
    AMOUNT_MALFORMED,
    CURRENCY_CLOSED,
    CURRENCY_UNKNOWN,
    DUPLICATE,
    FORBIDDEN,
    KEY_UNACCEPTABLE,
    KEY_UNKNOWN,
    MALFORMED,
    NOT_FOUND,
    SCALE_EXCEEDED,
    TEXT_NOT_NFC,
    Reason,
    Refused,
)
from protocol.practices.money.currencies.views import CloseCurrency
from protocol.practices.money.receipts import verify_receipt
from protocol.practices.people.authority import KEY_TAKEN
from protocol.practices.people.imports import ImportedAccount, ImportedMember, ImportMembers, MemberImported
from protocol.practices.people.members.entries import Opening
from protocol.practices.people.names import HANDLE_TAKEN
from tests.protocol.practices.desk import NETWORK, Group, copy_of, keys_of, snapshot


@pytest.fixture
def riacho() -> Group:
    group = Group()
    group.currency()
    group.currency("FLOR")
    return group


def account(code: str = "HORA", limit: int = 50_00, ceiling: int | None = None) -> ImportedAccount:
    return ImportedAccount(code, Amount(limit, None, 2), None if ceiling is None else Amount(ceiling, None, 2))


def bring(group: Group, *members: ImportedMember) -> Any:
    return group.ask("steward", "imports.create", ImportMembers(members))


ANA = ImportedMember("ana", "Ana Souza", (keys_of("ana").public, keys_of("phone").public), (account(),))
CAIO = ImportedMember("caio", None, (), (account("HORA", 0, 80_00), account("FLOR")))


def test_members_come_along_with_keys_and_limits(riacho: Group) -> None:
    shown = bring(riacho, ANA, CAIO)
    ana, caio = riacho.member("ana"), riacho.member("caio")
    assert shown.members == (ana.id, caio.id)
    assert riacho.view("steward", "imports.show", "caio").members == (caio.id,)
    assert (ana.auth, caio.auth, ana.state) == (Auth.SELF, Auth.CUSTODIAL, MemberState.ACTIVE)
    assert riacho.texts[ana.name or b""] == "Ana Souza"
    assert (riacho.account("ana").least_minor, riacho.account("ana").most_minor) == (-50_00, None)
    assert (riacho.account("caio").least_minor, riacho.account("caio").most_minor) == (0, 80_00)
    assert [one.currency for one in riacho.book.ledger.of_member(caio.id)] == ["HORA", "FLOR"]
    for key in ("ana", "phone"):
        payment = riacho.pay("ana", "caio", 1_00, keys=keys_of(key))
        verdict = verify_receipt(riacho.receipt("ana", payment).document, riacho.book.kinds, NETWORK)
        assert not verdict.faults and verdict.signed
    assert riacho.refuses("ana", "caio", 1, keys=keys_of("thief")) is KEY_UNKNOWN
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_all_come_or_none(riacho: Group) -> None:
    written = len(riacho.written)
    refused = bring(riacho, ANA, CAIO, replace(CAIO, accounts=()))
    assert refused == Refused(HANDLE_TAKEN, {"handle": "caio", "member": "caio", "number": 3})
    assert len(riacho.written) == written
    bring(riacho, ANA)
    assert bring(riacho, CAIO, ANA).reason is HANDLE_TAKEN
    assert "caio" not in riacho.book.member_by_handle


def test_who_does_not_come_along(riacho: Group) -> None:
    def refused(**changed: Any) -> Reason:
        shown = bring(riacho, replace(CAIO, **changed))
        assert isinstance(shown, Refused)
        return shown.reason

    assert bring(riacho).reason is MALFORMED
    assert refused(handle="Caio") is MALFORMED
    assert refused(handle="commons") is HANDLE_TAKEN
    assert refused(name="e\u0301") is TEXT_NOT_NFC
    assert refused(keys=(bytes(32),)) is KEY_UNACCEPTABLE
    assert refused(keys=ANA.keys[:1] * 2) is KEY_TAKEN
    assert bring(riacho, ANA, replace(CAIO, keys=ANA.keys)).reason is KEY_TAKEN
    assert refused(accounts=(account("ECO"),)) is CURRENCY_UNKNOWN
    assert refused(accounts=(account(), account())) is DUPLICATE
    assert refused(accounts=(account(limit=-1),)) is refused(accounts=(account(ceiling=-1),))
    assert refused(accounts=(account(limit=-1),)) is AMOUNT_MALFORMED
    assert refused(accounts=(ImportedAccount("HORA", Amount(1, None, 3)),)) is SCALE_EXCEEDED
    riacho.do("steward", "currencies.close", CloseCurrency(), "FLOR")
    assert refused() is CURRENCY_CLOSED
    riacho.admit("ivo")
    assert riacho.view("steward", "imports.show", "ivo").reason is NOT_FOUND
    assert refused(keys=(keys_of("ivo").public,), accounts=()) is KEY_TAKEN
    assert riacho.refusal("ivo", "imports.create", ImportMembers((ANA,))) is FORBIDDEN


def test_no_node_takes_in_what_its_author_should_not_have(riacho: Group) -> None:
    riacho.admit("ivo")
    right = MemberImported("A" * 16, "ana", None, (), (Opening("HORA", 0, None),))
    assert riacho.check(right) is None
    assert riacho.check(replace(right, member="ana")) is MALFORMED
    assert riacho.check(replace(right, member=riacho.member("ivo").id)) is DUPLICATE
    assert riacho.check(replace(right, handle="ivo")) is HANDLE_TAKEN
    assert riacho.check(replace(right, keys=(keys_of("ivo").public,))) is KEY_TAKEN
    assert riacho.check(replace(right, openings=(Opening("ECO", 0, None),))) is CURRENCY_UNKNOWN
