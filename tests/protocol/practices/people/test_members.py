# SPDX-License-Identifier: AGPL-3.0-or-later
"""Members: invited, joined with a key or without, approved, limited, suspended, gone; and what they may see."""

from dataclasses import replace
from typing import Any

import pytest
from nacl.bindings import crypto_core_ed25519_add, crypto_core_ed25519_is_valid_point

from protocol.book.addresses import resolve_member
from protocol.book.declaration import Actor, Role, TextRef
from protocol.book.members import Auth, MemberState
from protocol.book.money import Amount
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    AMOUNT_MALFORMED,
    BALANCE_OPEN,
    CURRENCY_CLOSED,
    CURRENCY_MISMATCH,
    CURRENCY_UNKNOWN,
    DUPLICATE,
    FORBIDDEN,
    KEY_UNACCEPTABLE,
    LIMIT_EXCEEDED,
    MALFORMED,
    MEMBER_NOT_ACTIVE,
    MEMBER_UNKNOWN,
    ORDER_MISMATCH,
    PAYEE_LIMIT_EXCEEDED,
    SCALE_EXCEEDED,
    SIGNATURE_INVALID,
    STATE_CONFLICT,
    TEXT_NOT_NFC,
    WRONG_NETWORK,
    Reason,
    Refused,
)
from protocol.book.signed import Signed
from protocol.book.wishes import Brought
from protocol.practices.money.accounts import AccountsWanted
from protocol.practices.money.currencies.views import CloseCurrency
from protocol.practices.money.payments.views import VoidPayment
from protocol.practices.people.authority import KEY_TAKEN, SIGNATURE_NEEDED
from protocol.practices.people.invitations import (
    INVITATION_EXPIRED,
    INVITATION_UNKNOWN,
    LIFE_MS,
    Invite,
    Invited,
    code_digest,
)
from protocol.practices.people.members.entries import (
    Approved,
    Leave,
    LimitsSet,
    MemberJoined,
    MemberLeft,
    Opening,
    Suspended,
)
from protocol.practices.people.members.views import Approve, Join, MembersWanted, Resume, SetLimits, Suspend
from protocol.practices.people.names import HANDLE_TAKEN
from tests.protocol.practices.desk import ANYBODY, Group, copy_of, keys_of, snapshot


@pytest.fixture
def riacho() -> Group:
    group = Group()
    group.currency()
    return group


def hours(minor: int) -> Amount:
    return Amount(minor, "HORA", 2)


def test_a_steward_invites_a_neighbour_joins_with_its_own_key_and_is_approved(riacho: Group) -> None:
    invited = riacho.do("steward", "invitations.create", Invite())
    assert invited.not_after == riacho.now + LIFE_MS
    body = riacho.written[-1].body
    assert isinstance(body, Invited) and body.code == code_digest(invited.code)
    assert invited.code.encode() not in riacho.entries[-1].body_bytes

    # People type codes as they like.
    code = invited.code.lower().replace("-", " ")
    shown = riacho.do(ANYBODY, "members.join", Join(code, "ana", "Ana Souza", riacho.joining("ana")))
    assert (shown.handle, shown.state, shown.auth) == ("ana", MemberState.PENDING, Auth.SELF)
    assert riacho.texts[shown.name.digest] == "Ana Souza"
    assert b"Souza" not in riacho.entries[-1].body_bytes

    shown = riacho.do("steward", "members.approve", Approve(credit_limit=hours(200_00)), "ana")
    assert (shown.state, shown.accounts) == (MemberState.ACTIVE, (f"{shown.id}.HORA",))
    assert riacho.account("ana").least_minor == -200_00
    assert [news.type for news in riacho.news[-3:]] == ["invitation.created", "member.joined", "member.approved"]
    assert riacho.news[-1].audience == (shown.id,)


def test_what_is_no_way_to_join(riacho: Group) -> None:
    riacho.join("ana")
    code = riacho.invite()

    def refused(handle: str = "bia", joining: Signed | None = None, **changed: Any) -> Reason:
        return riacho.refusal(ANYBODY, "members.join", replace(Join(code, handle, None, joining), **changed))

    for handle in ("b", "Bia", "b" * 33, "-bia", "bia-", "bía", "bia@serra", "bia\n", ""):
        assert refused(handle) is MALFORMED
    for handle in ("ana", "commons", "holds", "exchange"):
        assert refused(handle) is HANDLE_TAKEN
    assert refused(name="e\u0301") is TEXT_NOT_NFC
    assert refused(name="x" * 101) is MALFORMED
    assert refused(joining=Signed(b"\xa0", bytes(64))) is MALFORMED
    assert refused(joining=replace(riacho.joining("bia"), signature=bytes(64))) is SIGNATURE_INVALID
    assert refused(joining=riacho.joining("bia", keys_of("ana"))) is KEY_TAKEN
    assert refused(joining=riacho.joining("bia", network=bytes(32))) is WRONG_NETWORK
    assert refused(joining=riacho.joining("bea", keys_of("bia"))) is ORDER_MISMATCH
    assert riacho.do(ANYBODY, "members.join", Join(code, "bia", None, riacho.joining("bia"))).auth is Auth.SELF


def test_a_key_of_small_order_or_outside_the_main_subgroup_is_not_registered(riacho: Group) -> None:
    code = riacho.invite()
    small = bytes.fromhex("26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05")
    mixed = crypto_core_ed25519_add(keys_of("bia").public, small)
    assert not crypto_core_ed25519_is_valid_point(mixed)
    for key in (bytes(32), small, mixed):
        wish = Join(code, "bia", None, riacho.joining("bia", key=key))
        assert riacho.refusal(ANYBODY, "members.join", wish) is KEY_UNACCEPTABLE


def test_no_handle_passes_for_the_id_of_another_member(riacho: Group) -> None:
    victim = riacho.join("ana")
    code = riacho.invite()
    for handle in (victim.id, victim.id.lower()):
        shown = riacho.ask(ANYBODY, "members.join", Join(code, handle))
        if not isinstance(shown, Refused):
            assert shown.id != victim.id
    assert resolve_member(riacho.book, victim.id) is victim


def test_no_node_takes_a_joining_that_its_author_should_not_have_written(riacho: Group) -> None:
    known = riacho.join("ana")
    right = MemberJoined("A" * 16, code_digest(riacho.invite()), "bia", None, None)
    assert riacho.check(right) is None
    for member in ("bia", "A" * 15, "a" * 16, "commons"):
        assert riacho.check(replace(right, member=member)) is MALFORMED
    assert riacho.check(replace(right, member=known.id)) is DUPLICATE
    assert riacho.check(replace(right, code=bytes(32))) is INVITATION_UNKNOWN
    riacho.now += LIFE_MS + 1
    assert riacho.check(right) is INVITATION_EXPIRED
    invited = riacho.written[-1].body
    assert isinstance(invited, Invited)
    assert riacho.check(invited) is DUPLICATE
    assert riacho.check(replace(invited, invitation=bytes(16))) is DUPLICATE


def test_approval_opens_every_open_currency_and_later_the_new_ones(riacho: Group) -> None:
    riacho.currency("FLOR", limit=7_00, ceiling=9_00)
    riacho.admit("ana")
    assert [account.currency for account in riacho.book.ledger.of_member(riacho.member("ana").id)] == ["HORA", "FLOR"]
    assert (riacho.account("ana", "FLOR").least_minor, riacho.account("ana", "FLOR").most_minor) == (-7_00, 9_00)
    assert riacho.refusal("steward", "members.approve", Approve(), "ana") is DUPLICATE
    riacho.currency("ECO")
    shown = riacho.do("steward", "members.approve", Approve(balance_limit=Amount(5, "ECO")), "ana")
    assert shown.accounts[2].endswith(".ECO") and riacho.account("ana", "ECO").most_minor == 5_00


def test_what_is_no_approval(riacho: Group) -> None:
    riacho.join("ana")

    def refused(who: str = "steward", member: str = "ana", **changed: Any) -> Reason:
        return riacho.refusal(who, "members.approve", Approve(**changed), member)

    assert refused(member="nobody") is MEMBER_UNKNOWN
    assert refused(currency="FLOR") is CURRENCY_UNKNOWN
    assert refused(credit_limit=hours(-1)) is AMOUNT_MALFORMED
    assert refused(balance_limit=Amount(1, "FLOR", 0)) is CURRENCY_UNKNOWN
    assert refused(who="ana") is FORBIDDEN
    riacho.do("steward", "members.approve", Approve(currency="HORA"), "ana")
    assert refused(currency="HORA") is DUPLICATE
    riacho.do("steward", "members.suspend", Suspend(), "ana")
    assert refused() is STATE_CONFLICT

    member = riacho.member("ana").id
    assert riacho.check(Approved("A" * 16, ())) is MEMBER_UNKNOWN
    riacho.do("steward", "members.resume", Resume(), "ana")
    assert riacho.check(Approved(member, (Opening("FLOR", 0, None),))) is CURRENCY_UNKNOWN
    riacho.currency("FLOR")
    twice = (Opening("FLOR", 0, None), Opening("FLOR", 0, None))
    assert riacho.check(Approved(member, twice)) is DUPLICATE
    riacho.do("steward", "currencies.close", CloseCurrency(), "FLOR")
    assert riacho.check(Approved(member, twice[:1])) is CURRENCY_CLOSED


def test_limits_are_set_each_way_and_bind_from_then_on(riacho: Group) -> None:
    riacho.admit("ana", "bia")
    riacho.pay("ana", "bia", 50_00)
    riacho.do("steward", "members.set-limits", SetLimits(hours(20_00), hours(60_00)), "ana")
    assert riacho.refuses("ana", "bia", 1) is LIMIT_EXCEEDED
    riacho.do("steward", "members.set-limits", SetLimits(hours(20_00), hours(55_00)), "bia")
    riacho.do("steward", "members.set-limits", SetLimits(hours(200_00)), "ana")
    refused = riacho.ask("ana", "payments.create", riacho.wish("ana", "bia", 5_01))
    assert refused == Refused(PAYEE_LIMIT_EXCEEDED, {"available": 5_00, "currency": "HORA"})
    riacho.pay("ana", "bia", 5_00)
    assert riacho.news[-2].type == "member.limits-set"


def test_what_is_no_limit(riacho: Group) -> None:
    riacho.join("ana")

    def refused(limits: SetLimits, member: str = "ana", who: str = "steward") -> Reason:
        return riacho.refusal(who, "members.set-limits", limits, member)

    assert refused(SetLimits(hours(1))) is ACCOUNT_UNKNOWN
    riacho.currency("FLOR")
    riacho.do("steward", "members.approve", Approve(), "ana")
    assert refused(SetLimits(hours(1)), "nobody") is MEMBER_UNKNOWN
    assert refused(SetLimits(Amount(1, None, 0))) is CURRENCY_MISMATCH
    assert refused(SetLimits(hours(1), currency="ECO")) is CURRENCY_MISMATCH
    assert refused(SetLimits(hours(1), currency="FLOR")) is CURRENCY_MISMATCH
    assert refused(SetLimits(hours(-1), currency="HORA")) is AMOUNT_MALFORMED
    assert refused(SetLimits(Amount(1, None, 5), currency="HORA")) is SCALE_EXCEEDED
    assert refused(SetLimits(hours(1), currency="HORA"), who="ana") is FORBIDDEN
    assert riacho.check(LimitsSet("commons.HORA", 0, None)) is ACCOUNT_UNKNOWN
    assert riacho.check(LimitsSet("nobody.HORA", 0, None)) is ACCOUNT_UNKNOWN


def test_a_suspended_member_neither_pays_nor_is_paid_until_it_is_resumed(riacho: Group) -> None:
    riacho.admit("ana", "bia")
    riacho.do("steward", "members.suspend", Suspend(), "ana")
    assert riacho.refuses("ana", "bia", 1) is MEMBER_NOT_ACTIVE
    assert riacho.refuses("bia", "ana", 1) is MEMBER_NOT_ACTIVE
    assert riacho.refusal("steward", "members.suspend", Suspend(), "ana") is STATE_CONFLICT
    riacho.do("steward", "members.resume", Resume(), "ana")
    riacho.pay("ana", "bia", 1)
    assert riacho.refusal("steward", "members.resume", Resume(), "ana") is STATE_CONFLICT
    assert riacho.refusal("steward", "members.suspend", Suspend(), "nobody") is MEMBER_UNKNOWN
    assert riacho.refusal("ana", "members.suspend", Suspend(), "bia") is FORBIDDEN
    assert riacho.check(Suspended("A" * 16)) is MEMBER_UNKNOWN


def test_who_leaves_gives_what_it_holds_and_what_it_owes_to_the_commons(riacho: Group) -> None:
    riacho.currency("FLOR")
    riacho.admit("ana", "bia")
    riacho.pay("ana", "bia", 30_00)
    riacho.pay("bia", "ana", 12_00, currency="FLOR")
    riacho.leave("ana")
    assert (riacho.balance("ana"), riacho.balance("commons")) == (0, -30_00)
    assert (riacho.balance("ana", "FLOR"), riacho.balance("commons", "FLOR")) == (0, 12_00)
    kinds = [(line.kind, line.amount_minor, line.balance_minor) for line in riacho.lines[-4:]]
    assert kinds == [
        ("write-off", 30_00, 0),
        ("write-off", -30_00, -30_00),
        ("write-off", -12_00, 0),
        ("write-off", 12_00, 12_00),
    ]
    assert riacho.refuses("bia", "ana", 1) is MEMBER_NOT_ACTIVE
    assert riacho.refuses("ana", "bia", 1) is MEMBER_NOT_ACTIVE
    assert riacho.refusal("ana", "members.leave", Leave("ana"), "ana") is STATE_CONFLICT
    assert riacho.check(MemberLeft(None, Leave(riacho.member("ana").id))) is STATE_CONFLICT
    assert riacho.check(LimitsSet(riacho.account("ana").id, 0, None)) is STATE_CONFLICT
    # Its handle is never given to another, who might then be paid in its stead.
    assert riacho.refusal(ANYBODY, "members.join", Join(riacho.invite(), "ana")) is HANDLE_TAKEN
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_what_a_member_with_a_key_holds_goes_to_the_commons_by_its_signature_alone(riacho: Group) -> None:
    riacho.admit("ana", "bia")
    riacho.add_key("ana", keys_of("till"), 5_00)
    riacho.pay("bia", "ana", 5_50)
    for who in ("ana", "steward"):
        refused = riacho.ask(who, "members.leave", Leave("ana"), "ana")
        assert refused == Refused(SIGNATURE_NEEDED, {"member": "ana", "balance": 5_50, "currency": "HORA"})
    # No replica takes an entry that debits her without it, whatever her home has let pass.
    assert riacho.check(MemberLeft(None, Leave(riacho.member("ana").id))) is SIGNATURE_NEEDED
    for name in ("bia", "till"):
        signed = riacho.departure("ana", keys_of(name))
        assert riacho.refusal("steward", "members.leave", Brought(signed), "ana") is FORBIDDEN
        assert riacho.check(MemberLeft(signed, None)) is FORBIDDEN
    assert riacho.refusal("bia", "members.leave", Brought(riacho.departure("ana")), "ana") is FORBIDDEN
    assert riacho.refusal("ana", "members.leave", Brought(riacho.departure("ana")), "bia") is ORDER_MISMATCH
    assert (riacho.balance("ana"), riacho.balance("commons")) == (5_50, 0)
    riacho.do("ana", "members.leave", Brought(riacho.departure("ana")), "ana")
    assert (riacho.balance("ana"), riacho.balance("commons")) == (0, 5_50)
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_in_debt_or_suspended_nobody_leaves_but_by_a_steward(riacho: Group) -> None:
    riacho.admit("ana", "bia")
    riacho.admit("caio", "dora", custodial=True)
    riacho.pay("ana", "bia", 3_00)
    riacho.pay("caio", "dora", 2_00)
    signed = Brought(riacho.departure("ana"))
    for wish in (Leave("ana"), signed):
        refused = riacho.ask("ana", "members.leave", wish, "ana")
        account = riacho.account("ana").id
        assert refused == Refused(BALANCE_OPEN, {"account": account, "balance": -3_00, "currency": "HORA"})
    assert riacho.refusal("caio", "members.leave", Leave("caio"), "caio") is BALANCE_OPEN
    for handle in ("bia", "dora"):
        riacho.do("steward", "members.suspend", Suspend(), handle)
    assert riacho.refusal("bia", "members.leave", Brought(riacho.departure("bia")), "bia") is MEMBER_NOT_ACTIVE
    assert riacho.refusal("dora", "members.leave", Leave("dora"), "dora") is MEMBER_NOT_ACTIVE
    assert riacho.refusal("steward", "members.leave", Leave("bia"), "bia") is SIGNATURE_NEEDED
    assert riacho.balance("commons") == 0
    for wish, handle in (
        (Leave("ana"), "ana"),
        (Leave("caio"), "caio"),
        (Leave("dora"), "dora"),
        (Brought(riacho.departure("bia")), "bia"),
    ):
        assert riacho.do("steward", "members.leave", wish, handle).state is MemberState.LEFT


def test_who_holds_nothing_and_who_has_no_key_leaves_by_word(riacho: Group) -> None:
    riacho.admit("ana", "bia")
    riacho.admit("caio", custodial=True)
    riacho.pay("bia", "caio", 1_00)
    for handle in ("ana", "caio"):
        assert riacho.do(handle, "members.leave", Leave(handle), handle).state is MemberState.LEFT
    assert riacho.balance("commons") == 1_00


def test_nobody_leaves_amid_pending_payments_and_nobody_sends_another_away(riacho: Group) -> None:
    riacho.admit("ana", "bia", "dora")
    payment = riacho.pay("ana", "bia", 5_00, pending=True)
    for who in ("ana", "bia"):
        assert riacho.refusal(who, "members.leave", Leave(who), who) is STATE_CONFLICT
        assert riacho.check(MemberLeft(None, Leave(riacho.member(who).id))) is STATE_CONFLICT
    assert riacho.refusal("dora", "members.leave", Leave("ana"), "ana") is FORBIDDEN
    assert riacho.refusal("dora", "members.leave", Leave("nobody"), "nobody") is MEMBER_UNKNOWN
    riacho.payments("bia", "void", payment, VoidPayment())
    riacho.do("ana", "members.leave", Leave("ana"), "ana")
    riacho.do("steward", "members.leave", Leave("bia"), "bia")


def test_the_directory_shows_names_and_keeps_keys_and_balances_from_others(riacho: Group) -> None:
    riacho.admit("ana", "bia")
    riacho.join("caio", custodial=True)
    found = riacho.list("bia", "members.list", MembersWanted(), limit=2)
    assert isinstance(found, list)
    assert [shown.handle for shown in found] == ["ana", "bia", "caio"]
    assert [len(shown.keys) for shown in found] == [0, 1, 0]
    assert isinstance(found[0].name, TextRef)
    assert found[0].accounts == (riacho.account("ana").id,)

    def listed(wanted: MembersWanted) -> list[str]:
        members = riacho.list("steward", "members.list", wanted)
        assert isinstance(members, list)
        return [shown.handle for shown in members]

    assert listed(MembersWanted(state=MemberState.PENDING)) == ["caio"]
    assert listed(MembersWanted(handle="bia")) == ["bia"]
    assert listed(MembersWanted(handle="nobody")) == []
    assert riacho.view(Actor(Role.AUDITOR), "members.show", "ana").keys[0].key == keys_of("ana").public
    assert riacho.view("bia", "members.show", "nobody").reason is MEMBER_UNKNOWN

    assert riacho.view("bia", "accounts.show", "ana").reason is FORBIDDEN
    assert riacho.list("bia", "accounts.list", AccountsWanted(member="ana")) == Refused(
        FORBIDDEN, {"allowed": "the member itself"}
    )
    assert riacho.view("bia", "accounts.show", "commons.HORA").balance == hours(0)


def test_an_account_shows_balance_pending_limit_and_headroom_and_its_statement_runs(riacho: Group) -> None:
    riacho.admit("ana", "bia")
    riacho.admit("caio", custodial=True)
    riacho.pay("caio", "ana", 30_00, note="firewood")
    riacho.pay("ana", "bia", 12_50)
    riacho.pay("ana", "bia", 5_00, pending=True)
    shown = riacho.view("ana", "accounts.show", "ana")
    assert (shown.name, shown.balance, shown.pending, shown.limit, shown.headroom) == (
        "ana",
        hours(12_50),
        hours(5_00),
        hours(-100_00),
        hours(112_50),
    )
    assert riacho.view("bia", "accounts.show", "bia").awaited == hours(5_00)
    statement = riacho.statement("ana", "ana")
    assert [(line.kind, line.amount, line.balance, line.counterpart) for line in statement] == [
        ("payment", hours(30_00), hours(30_00), "caio"),
        ("payment", hours(-12_50), hours(17_50), "bia"),
        ("hold", hours(-5_00), hours(12_50), "bia"),
    ]
    assert riacho.texts[statement[0].note.digest] == "firewood"
    assert riacho.statement("bia", "ana").reason is FORBIDDEN
    assert riacho.statement("bia", "nobody").reason is MEMBER_UNKNOWN
    commons = riacho.view("steward", "accounts.show", "holds.HORA")
    assert (commons.name, commons.balance, commons.limit, commons.headroom) == ("holds", hours(5_00), None, None)


def test_a_member_lists_its_own_accounts_and_a_steward_everybodys(riacho: Group) -> None:
    riacho.currency("FLOR")
    riacho.admit("ana", "bia")

    def listed(who: str, **wanted: Any) -> list[str]:
        found = riacho.list(who, "accounts.list", AccountsWanted(**wanted), limit=1)
        assert isinstance(found, list)
        return [f"{shown.name}.{shown.currency}" for shown in found]

    assert listed("ana") == ["ana.HORA", "ana.FLOR"]
    assert listed("ana", member="ana", currency="FLOR") == ["ana.FLOR"]
    assert len(listed("steward")) == 6 + 4
    assert listed("steward", member="bia") == ["bia.HORA", "bia.FLOR"]
    assert riacho.list("ana", "accounts.list", AccountsWanted(member="nobody")) == Refused(
        MEMBER_UNKNOWN, {"member": "nobody"}
    )


def test_a_limit_that_is_not_named_stays(riacho: Group) -> None:
    riacho.admit("ana")
    riacho.do("steward", "members.set-limits", SetLimits(hours(20_00), hours(50_00)), "ana")

    def limits(**named: Any) -> tuple[int | None, int | None]:
        riacho.do("steward", "members.set-limits", SetLimits(**named), "ana")
        account = riacho.account("ana")
        return account.least_minor, account.most_minor

    assert limits(credit_limit=hours(30_00)) == (-30_00, 50_00)
    assert limits(balance_limit=hours(60_00)) == (-30_00, 60_00)
    assert limits(any_balance=True) == (-30_00, None)
    for wish in (SetLimits(), SetLimits(balance_limit=hours(1), any_balance=True)):
        assert riacho.refusal("steward", "members.set-limits", wish, "ana") is MALFORMED
    assert (riacho.account("ana").least_minor, riacho.account("ana").most_minor) == (-30_00, None)


def test_where_a_member_has_several_accounts_the_currency_of_a_limit_is_named(riacho: Group) -> None:
    riacho.currency("FLOR", limit=7_00)
    riacho.join("ana")
    wish = Approve(credit_limit=Amount(200, None, 0))
    refused = riacho.ask("steward", "members.approve", wish, "ana")
    assert refused == Refused(CURRENCY_MISMATCH, {"currency": "HORA, FLOR"})
    riacho.do("steward", "members.approve", replace(wish, credit_limit=hours(200_00)), "ana")
    assert (riacho.account("ana").least_minor, len(riacho.book.ledger.of_member(riacho.member("ana").id))) == (
        -200_00,
        1,
    )
    riacho.do("steward", "members.approve", Approve(), "ana")
    assert riacho.account("ana", "FLOR").least_minor == -7_00
    assert riacho.refusal("steward", "members.set-limits", SetLimits(Amount(5, None, 0)), "ana") is CURRENCY_MISMATCH
    riacho.do("steward", "members.set-limits", SetLimits(Amount(5_00, "FLOR", 2)), "ana")
    assert (riacho.account("ana").least_minor, riacho.account("ana", "FLOR").least_minor) == (-200_00, -5_00)
