# SPDX-License-Identifier: AGPL-3.0-or-later
"""Coming back: the same member, handle and balance; by the old key, by a new one, or by the group's word."""

from dataclasses import replace
from typing import Any

import pytest

from protocol.book.declaration import Actor, Role
from protocol.book.members import Auth, MemberState
from protocol.book.money import Amount
from protocol.book.refusals import (
    FORBIDDEN,
    KEY_UNACCEPTABLE,
    KEY_UNKNOWN,
    MALFORMED,
    MEMBER_NOT_ACTIVE,
    MEMBER_UNKNOWN,
    ORDER_MISMATCH,
    SIGNATURE_INVALID,
    STATE_CONFLICT,
    WRONG_NETWORK,
    Reason,
    Refused,
)
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Brought
from protocol.practices.money.currencies.views import CloseCurrency
from protocol.practices.people.authority import KEY_TAKEN
from protocol.practices.people.invitations import INVITATION_UNKNOWN, Invite
from protocol.practices.people.mandates import GiveMandate
from protocol.practices.people.members.views import Approve, Join
from protocol.practices.people.names import Rename
from protocol.practices.people.returns import MemberReturned, Return
from tests.protocol.practices.desk import ANYBODY, DAY_MS, Group, copy_of, keys_of, snapshot
from tests.protocol.practices.people.test_devices import add, rebind


@pytest.fixture
def riacho() -> Group:
    """Ana has left owing 30.00, Bia holding 30.00, Caio, without a key, owing nothing."""
    group = Group()
    group.currency()
    group.admit("ana", "bia", "dora")
    group.admit("caio", custodial=True)
    group.pay("ana", "bia", 30_00)
    for handle in ("ana", "bia", "caio"):
        group.leave(handle)
    assert group.balance("commons") == 0
    return group


def back(group: Group, handle: str, *, key: str | None = None, named: str | None = None) -> Any:
    """Come back by the key that a name stands for, by an invitation for this former member or for anybody."""
    code = group.do("steward", "invitations.create", Invite(back=named)).code
    joining = None if key is None else group.joining(handle, keys_of(key))
    return group.ask(ANYBODY, "members.return", Return(code, joining), handle)


def test_who_comes_back_by_the_old_key_owes_and_holds_what_it_did(riacho: Group) -> None:
    ana = riacho.member("ana")
    shown = back(riacho, "ana", key="ana")
    assert (shown.id, shown.handle, shown.state) == (ana.id, "ana", MemberState.PENDING)
    assert (riacho.balance("ana"), riacho.balance("commons")) == (-30_00, 30_00)
    assert riacho.news[-1].type == "member.returned"
    assert riacho.refuses("ana", "dora", 1) is MEMBER_NOT_ACTIVE, "the group takes her in first"
    riacho.do("steward", "members.approve", Approve(), "ana")
    assert riacho.member("ana").state is MemberState.ACTIVE
    riacho.pay("ana", "dora", 1_00)
    assert [line.kind for line in riacho.statement("ana", "ana")] == ["payment", "write-off", "return", "payment"]

    back(riacho, "bia", key="bia")
    assert (riacho.balance("bia"), riacho.balance("commons")) == (30_00, 0)
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_who_leaves_again_leaves_what_it_has_then(riacho: Group) -> None:
    back(riacho, "ana", key="ana")
    riacho.do("steward", "members.approve", Approve(), "ana")
    riacho.pay("dora", "ana", 30_00)
    riacho.leave("ana")
    back(riacho, "ana", key="ana")
    assert riacho.balance("ana") == 0
    # And who comes back and is not taken in leaves the same again.
    riacho.leave("ana")
    assert (riacho.balance("ana"), riacho.member("ana").state) == (0, MemberState.LEFT)


def test_a_new_key_shuts_the_old_ones_out_and_takes_up_debts_alone(riacho: Group) -> None:
    riacho.do("steward", "members.approve", Approve(), back(riacho, "ana", key="new", named="ana").handle)
    assert riacho.balance("ana") == -30_00
    assert riacho.member("ana").keys[keys_of("ana").public].revoked
    assert riacho.refuses("ana", "dora", 1) is KEY_UNKNOWN
    riacho.do("ana", "payments.create", riacho.wish("ana", "dora", 1_00, keys=keys_of("new")))
    assert riacho.balance("dora") == 1_00

    back(riacho, "bia", key="other", named="bia")
    assert (riacho.balance("bia"), riacho.balance("commons")) == (0, 30_00), "the group may pay it out to her"
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_a_new_key_ends_the_mandates_of_the_old_one() -> None:
    group = Group()
    group.currency()
    group.admit("ana", "dora")
    account, helper = group.account("ana").id, group.member("dora").id
    mandate = GiveMandate(account, helper, Amount(5_00, "HORA", 2), group.now + DAY_MS, drawn_id(bytes))
    signed = group.sign("members.mandate", mandate, keys_of("ana"))
    group.do("ana", "members.mandate", Brought(signed), "ana")
    group.leave("ana")
    back(group, "ana", key="new", named="ana")
    assert group.book.mandates[drawn_id(bytes)].revoked


def test_who_never_had_a_key_comes_back_by_an_invitation_with_its_name(riacho: Group) -> None:
    assert back(riacho, "caio") == Refused(
        FORBIDDEN, {"allowed": "the member whom the invitation names, or its old key"}
    )
    shown = back(riacho, "caio", named="caio")
    assert (shown.handle, shown.auth, shown.state) == ("caio", Auth.CUSTODIAL, MemberState.PENDING)


def test_who_never_had_a_key_may_bring_a_first_one_and_takes_up_all() -> None:
    group = Group()
    group.currency()
    group.admit("caio", "dora", custodial=True)
    group.pay("dora", "caio", 12_00)
    group.leave("caio")
    back(group, "caio", key="new", named="caio")
    assert (group.member("caio").auth, group.balance("caio"), group.balance("commons")) == (Auth.SELF, 12_00, 0)


def test_an_old_handle_in_the_joining_is_as_good_as_the_new_one() -> None:
    group = Group()
    group.currency()
    group.admit("ana")
    group.do("ana", "members.rename", Rename("ana-souza"), "ana")
    group.leave("ana")
    assert back(group, "ana", key="ana").handle == "ana-souza"


def test_what_was_left_in_a_currency_that_was_closed_stays_where_it_went(riacho: Group) -> None:
    riacho.do("steward", "currencies.close", CloseCurrency(), "HORA")
    back(riacho, "ana", key="ana")
    assert riacho.balance("ana") == 0


def test_what_is_no_way_back(riacho: Group) -> None:
    def refused(**changed: Any) -> Reason:
        shown = back(riacho, **{"handle": "ana", **changed})
        assert isinstance(shown, Refused)
        return shown.reason

    assert refused(handle="dora", key="dora") is STATE_CONFLICT
    assert refused(handle="nobody", key="dora") is MEMBER_UNKNOWN
    assert refused(key="new") is FORBIDDEN
    assert refused(key="ana", named="bia") is FORBIDDEN
    assert refused(named="ana") is FORBIDDEN, "she had a key"
    assert refused(key="dora", named="ana") is KEY_TAKEN
    code = riacho.invite()

    def against(joining: Any) -> Reason:
        return riacho.refusal(ANYBODY, "members.return", Return(code, joining), "ana")

    right = riacho.joining("ana")
    assert against(riacho.joining("ana", key=bytes(32))) is KEY_UNACCEPTABLE
    assert against(replace(right, data=b"\xa0")) is MALFORMED
    assert against(replace(right, signature=bytes(64))) is SIGNATURE_INVALID
    assert against(riacho.joining("ana", network=bytes(32))) is WRONG_NETWORK
    assert against(riacho.joining("bia", keys_of("ana"))) is ORDER_MISMATCH
    assert riacho.refusal(ANYBODY, "members.return", Return("AAAA", right), "ana") is INVITATION_UNKNOWN
    assert riacho.check(MemberReturned("A" * 16, bytes(32), None)) is MEMBER_UNKNOWN


def test_neither_a_revoked_key_nor_one_with_a_cap_lets_anybody_back_in() -> None:
    group = Group()
    group.currency()
    group.admit("ana")
    add(group, "browser", cap=5_00)
    group.do("ana", "members.rebind-key", rebind(group, "ana", "new"), "ana")
    group.leave("ana", keys_of("new"))
    assert back(group, "ana", key="ana").reason is KEY_UNKNOWN
    assert back(group, "ana", key="browser").reason is FORBIDDEN
    assert back(group, "ana", key="new").handle == "ana"


def test_an_invitation_back_is_for_that_member_alone(riacho: Group) -> None:
    code = riacho.do("steward", "invitations.create", Invite(back="ana")).code
    assert riacho.refusal(ANYBODY, "members.join", Join(code, "eva")) is FORBIDDEN
    assert riacho.refusal("steward", "invitations.create", Invite(back="dora")) is STATE_CONFLICT
    assert riacho.refusal("steward", "invitations.create", Invite(back="nobody")) is MEMBER_UNKNOWN
    assert riacho.refusal(Actor(Role.MEMBER), "invitations.create", Invite(back="ana")) is FORBIDDEN
