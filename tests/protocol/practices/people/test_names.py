# SPDX-License-Identifier: AGPL-3.0-or-later
"""Names: handles and names change, statements keep the old ones, and nobody can be paid in another's stead."""

import pytest

from protocol.book.addresses import resolve_member
from protocol.book.members import MemberState
from protocol.book.refusals import (
    DUPLICATE,
    FORBIDDEN,
    MALFORMED,
    MEMBER_NOT_ACTIVE,
    MEMBER_UNKNOWN,
    STATE_CONFLICT,
    TEXT_NOT_NFC,
    Reason,
    Refused,
)
from protocol.practices.money.payments.views import PaymentsWanted
from protocol.practices.people.members.views import Join
from protocol.practices.people.names import EARLIER_HANDLES_MAX, HANDLE_TAKEN, Rename, Renamed
from tests.protocol.practices.desk import ANYBODY, Group, copy_of, keys_of, snapshot


@pytest.fixture
def riacho() -> Group:
    group = Group()
    group.currency()
    group.admit("ana", "bia")
    group.admit("caio", custodial=True)
    return group


def test_statements_keep_the_handle_of_their_time_and_the_old_one_still_reaches_her(riacho: Group) -> None:
    riacho.pay("ana", "bia", 5_00)
    shown = riacho.do("ana", "members.rename", Rename("ana-souza", "Ana Souza"), "ana")
    assert (shown.handle, riacho.texts[shown.name.digest]) == ("ana-souza", "Ana Souza")
    ana = riacho.member("ana-souza")
    assert riacho.news[-1].type == "member.renamed" and riacho.news[-1].audience == (ana.id,)
    assert resolve_member(riacho.book, "ana") is ana

    riacho.pay("bia", "ana", 1_00)
    riacho.pay("bia", "ana-souza", 2_00)
    assert [line.counterpart for line in riacho.statement("bia", "bia")] == ["ana", "ana-souza", "ana-souza"]
    payments = riacho.list("steward", "payments.list", PaymentsWanted())
    assert isinstance(payments, list)
    assert [one.payer if one.payee == "bia" else one.payee for one in payments] == ["ana", "ana-souza", "ana-souza"]
    assert riacho.balance("ana-souza") == -2_00

    # Back again: the middle of the statement stays what it was.
    riacho.do("ana", "members.rename", Rename("ana"), "ana-souza")
    riacho.pay("bia", "ana", 1)
    assert [line.counterpart for line in riacho.statement("bia", "bia")] == ["ana", "ana-souza", "ana-souza", "ana"]
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_nobody_gets_a_handle_that_another_had(riacho: Group) -> None:
    riacho.do("ana", "members.rename", Rename("ana-souza"), "ana")
    assert riacho.refusal("bia", "members.rename", Rename("ana"), "bia") is HANDLE_TAKEN
    code = riacho.invite()
    assert riacho.refusal(ANYBODY, "members.join", Join(code, "ana")) is HANDLE_TAKEN
    assert riacho.check(Renamed(riacho.member("bia").id, "ana", None)) is HANDLE_TAKEN


def test_a_typo_of_somebody_who_waits_is_mended_and_free_again(riacho: Group) -> None:
    riacho.join("draa")
    shown = riacho.do("steward", "members.rename", Rename("dora"), "draa")
    assert (shown.handle, shown.state) == ("dora", MemberState.PENDING)
    assert riacho.member("dora").earlier == ()
    assert resolve_member(riacho.book, "draa") == Refused(MEMBER_UNKNOWN, {"member": "draa"})
    riacho.do(ANYBODY, "members.join", Join(riacho.invite(), "draa"))
    assert riacho.member("draa") is not riacho.member("dora")
    # Her key opens her account all the same.
    assert riacho.book.member_by_key[keys_of("draa").public] == riacho.member("dora").id
    assert snapshot(copy_of(riacho.written)) == snapshot(riacho.book)


def test_who_may_rename_whom(riacho: Group) -> None:
    assert riacho.refusal("bia", "members.rename", Rename("ana-souza"), "ana") is FORBIDDEN
    assert riacho.refusal("steward", "members.rename", Rename("ana-souza"), "ana") is FORBIDDEN
    assert riacho.refusal(ANYBODY, "members.rename", Rename("ana-souza"), "ana") is FORBIDDEN
    riacho.do("steward", "members.rename", Rename(name="Caio Reis"), "caio")
    assert riacho.texts[riacho.member("caio").name or b""] == "Caio Reis"


def test_what_is_no_new_name(riacho: Group) -> None:
    def refused(wish: Rename, who: str = "ana", subject: str = "ana") -> Reason:
        return riacho.refusal(who, "members.rename", wish, subject)

    assert refused(Rename()) is MALFORMED
    assert refused(Rename("ana"), subject="nobody") is MEMBER_UNKNOWN
    for handle in ("a", "Ana", "-ana", "ana@serra", "a" * 33):
        assert refused(Rename(handle)) is MALFORMED
    for handle in ("bia", "commons", "holds", "exchange"):
        assert refused(Rename(handle)) is HANDLE_TAKEN
    assert refused(Rename("ana")) is DUPLICATE
    assert refused(Rename("ana", "e\u0301")) is TEXT_NOT_NFC
    assert refused(Rename("ana", "x" * 101)) is MALFORMED
    riacho.leave("bia")
    assert refused(Rename("bea"), "bia", "bia") is MEMBER_NOT_ACTIVE
    assert riacho.check(Renamed("A" * 16, "bea", None)) is MEMBER_UNKNOWN


def test_so_many_handles_and_no_more(riacho: Group) -> None:
    for number in range(EARLIER_HANDLES_MAX):
        riacho.do("ana", "members.rename", Rename(f"ana-{number}"), "ana")
    assert riacho.refusal("ana", "members.rename", Rename("ana-more"), "ana") is STATE_CONFLICT
    riacho.do("ana", "members.rename", Rename(name="Ana"), "ana")
