# SPDX-License-Identifier: AGPL-3.0-or-later
"""A lost key: two of three guardians put a new one in place after three days, unless the old one objects."""

from typing import Any

import pytest

from protocol.book.refusals import (
    DUPLICATE,
    FORBIDDEN,
    KEY_UNKNOWN,
    MALFORMED,
    MEMBER_NOT_ACTIVE,
    MEMBER_UNKNOWN,
    ORDER_MISMATCH,
    SIGNATURE_INVALID,
    STATE_CONFLICT,
    Reason,
    Refused,
)
from protocol.book.signed import Signed
from protocol.book.wishes import Brought
from protocol.practices.money.receipts import verify_receipt
from protocol.practices.people.authority import KEY_TAKEN
from protocol.practices.people.guardians import BackKey, GuardedWanted, KeyRestored, NameGuardians, ObjectToKey
from protocol.practices.people.guardians.rules import DELAY_MS
from protocol.practices.people.members.views import Suspend
from tests.protocol.practices.desk import DAY_MS, NETWORK, Group, copy_of, keys_of, snapshot

GUARDIANS = ("bia", "caio", "dora")


@pytest.fixture
def riacho() -> Group:
    """Ivo has three guardians, two of whom it takes, and holds 40.00."""
    group = Group()
    group.currency()
    group.admit("ivo", *GUARDIANS, "ana")
    group.admit("elio", custodial=True)
    group.pay("ana", "ivo", 40_00)
    group.pay("ivo", "ana", 1)
    name(group)
    return group


def ask(group: Group, verb: str, wish: Any, who: str, *, key: str | None = None, about: str = "ivo") -> Any:
    operation = f"guardians.{verb}"
    return group.ask(who, operation, Brought(group.sign(operation, wish, keys_of(key or who))), about)


def name(group: Group, *guardians: str, needed: int = 2, **changed: Any) -> Any:
    ids = tuple(group.member(one).id for one in (guardians or GUARDIANS))
    wish = NameGuardians(group.member("ivo").id, ids, needed)
    return ask(group, "name", wish, **{"who": "ivo", **changed})


def back(group: Group, who: str, new: str = "new", joining: Signed | None = None, **changed: Any) -> Any:
    key = keys_of(new)
    joining = group.joining("ivo", key) if joining is None else joining
    return ask(group, "back", BackKey(group.member("ivo").id, key.public, joining), who, **changed)


def reason(shown: Any) -> Reason:
    assert isinstance(shown, Refused), shown
    return shown.reason


def test_without_an_objection_the_balance_is_under_the_new_key_after_three_days(riacho: Group) -> None:
    before = [one for one in riacho.book.payments.values() if one.payer == riacho.account("ivo").id]
    shown = back(riacho, "bia")
    assert (shown.due, shown.backed[0].guardians) == (None, ("bia",))
    riacho.now += DAY_MS
    # The second has no need to bring what the new key signed.
    wish = BackKey(riacho.member("ivo").id, keys_of("new").public)
    shown = ask(riacho, "back", wish, "caio")
    assert shown.due == riacho.now + DELAY_MS
    listed = riacho.list("elio", "guardians.list", GuardedWanted())
    assert listed == [shown], "all members can see what comes"
    riacho.pass_time(riacho.now + DELAY_MS - 1)
    assert not riacho.member("ivo").keys[keys_of("ivo").public].revoked
    riacho.pass_time(riacho.now + 1)
    assert riacho.refuses("ivo", "ana", 1) is KEY_UNKNOWN
    after = riacho.pay("ivo", "ana", 39_99, keys=keys_of("new"))
    assert riacho.balance("ivo") == 0
    assert riacho.view("ivo", "guardians.show", "ivo").backed == ()
    for payment in (*before, after):
        verdict = verify_receipt(riacho.receipt("ivo", payment).document, riacho.book.kinds, NETWORK)
        assert not verdict.faults and verdict.signed
    assert {"guardians.restored", "member.keys-changed"} <= {one.type for one in riacho.news}
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_an_objection_on_the_second_day_ends_it(riacho: Group) -> None:
    back(riacho, "bia")
    back(riacho, "caio")
    riacho.pass_time(riacho.now + 2 * DAY_MS)
    shown = ask(riacho, "object", ObjectToKey(riacho.member("ivo").id), "ivo")
    assert (shown.backed, shown.due) == ((), None)
    riacho.pass_time(riacho.now + 10 * DAY_MS)
    riacho.pay("ivo", "ana", 1)
    assert riacho.refuses("ivo", "ana", 1, keys=keys_of("new")) is KEY_UNKNOWN
    # They may begin anew, with the whole delay.
    back(riacho, "bia")
    assert back(riacho, "dora").due == riacho.now + DELAY_MS
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_it_takes_two_for_one_key(riacho: Group) -> None:
    back(riacho, "bia", "one")
    assert back(riacho, "caio", "other").due is None
    riacho.pass_time(riacho.now + 10 * DAY_MS)
    assert riacho.member("ivo").keys.keys() == {keys_of("ivo").public}
    # Who thinks better of it backs the other, and the delay begins then.
    shown = back(riacho, "bia", "other")
    assert (shown.due, len(shown.backed)) == (riacho.now + DELAY_MS, 1)
    # Who turns away again stops it.
    assert back(riacho, "bia", "one").due is None


def test_naming_anew_ends_what_has_begun(riacho: Group) -> None:
    back(riacho, "bia")
    back(riacho, "caio")
    assert name(riacho, "dora", needed=1).due is None
    assert reason(back(riacho, "bia")) is FORBIDDEN
    assert back(riacho, "dora").due is not None
    wish = NameGuardians(riacho.member("ivo").id)
    assert ask(riacho, "name", wish, "ivo").guardians == ()
    riacho.pass_time(riacho.now + 10 * DAY_MS)
    assert reason(back(riacho, "dora")) is FORBIDDEN


def test_the_group_may_suspend_at_once_and_the_old_key_may_still_object(riacho: Group) -> None:
    back(riacho, "bia")
    back(riacho, "caio")
    riacho.do("steward", "members.suspend", Suspend(), "ivo")
    assert riacho.refuses("ivo", "ana", 1) is MEMBER_NOT_ACTIVE
    riacho.pass_time(riacho.now + DELAY_MS)
    assert riacho.member("ivo").keys[keys_of("ivo").public].revoked, "and the new key comes all the same"
    back(riacho, "bia", "next")
    ask(riacho, "object", ObjectToKey(riacho.member("ivo").id), "ivo", key="new")


def test_who_may_name_back_and_object(riacho: Group) -> None:
    ivo = riacho.member("ivo").id
    assert reason(name(riacho, who="bia")) is FORBIDDEN
    assert reason(ask(riacho, "object", ObjectToKey(ivo), "bia")) is FORBIDDEN
    assert reason(ask(riacho, "object", ObjectToKey(ivo), "ivo")) is STATE_CONFLICT
    assert reason(back(riacho, "ana")) is FORBIDDEN
    unsigned = NameGuardians(ivo, (riacho.member("ana").id,), 1)
    assert riacho.refusal("steward", "guardians.name", unsigned, "ivo") is MALFORMED
    riacho.add_key("ivo", keys_of("browser"), 5_00)
    riacho.add_key("bia", keys_of("bias-browser"), 5_00)
    assert reason(name(riacho, key="browser")) is FORBIDDEN
    assert reason(back(riacho, "bia", key="bias-browser")) is FORBIDDEN
    assert back(riacho, "bia").backed[0].guardians == ("bia",)
    assert reason(back(riacho, "bia")) is DUPLICATE
    riacho.do("steward", "members.suspend", Suspend(), "caio")
    assert reason(back(riacho, "caio")) is MEMBER_NOT_ACTIVE


def test_what_names_no_guardians(riacho: Group) -> None:
    def named(*guardians: str, needed: int = 1) -> Reason:
        return reason(ask(riacho, "name", NameGuardians(riacho.member("ivo").id, guardians, needed), "ivo"))

    bia, ivo = riacho.member("bia").id, riacho.member("ivo").id
    assert named(bia, bia) is named(ivo) is MALFORMED
    assert named(bia, needed=2) is MALFORMED
    assert named("A" * 16) is MEMBER_UNKNOWN
    riacho.leave("dora")
    assert named(riacho.member("dora").id) is MEMBER_NOT_ACTIVE


def test_what_backs_no_key(riacho: Group) -> None:
    ivo = riacho.member("ivo").id
    assert reason(ask(riacho, "back", BackKey(ivo, keys_of("new").public), "bia")) is MALFORMED
    assert reason(back(riacho, "bia", "ana")) is KEY_TAKEN
    assert reason(back(riacho, "bia", joining=riacho.joining("ana", keys_of("new")))) is ORDER_MISMATCH
    assert reason(back(riacho, "bia", joining=riacho.joining("ivo", keys_of("other")))) is ORDER_MISMATCH
    forged = Signed(riacho.joining("ivo", keys_of("new")).data, bytes(64))
    assert reason(back(riacho, "bia", joining=forged)) is SIGNATURE_INVALID
    riacho.leave("ivo")
    assert reason(back(riacho, "bia")) is MEMBER_NOT_ACTIVE


def test_no_node_takes_a_key_before_its_time_nor_another(riacho: Group) -> None:
    ivo, right = riacho.member("ivo").id, riacho.joining("ivo", keys_of("new"))
    assert riacho.check(KeyRestored(ivo, right)) is STATE_CONFLICT
    back(riacho, "bia")
    back(riacho, "caio")
    assert riacho.check(KeyRestored(ivo, right)) is STATE_CONFLICT
    riacho.now += DELAY_MS
    assert riacho.check(KeyRestored(ivo, right)) is None
    assert riacho.check(KeyRestored(ivo, riacho.joining("ivo", keys_of("thief")))) is ORDER_MISMATCH
    assert riacho.check(KeyRestored("A" * 16, right)) is MEMBER_UNKNOWN
