# SPDX-License-Identifier: AGPL-3.0-or-later
"""Rotating work: a day for a day; who leaves owing days owes them to the commons."""

from dataclasses import replace
from typing import Any

import pytest

from protocol.book.money import Amount
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    AMOUNT_NOT_POSITIVE,
    CURRENCY_CLOSED,
    CURRENCY_UNKNOWN,
    DUPLICATE,
    FORBIDDEN,
    LIMIT_EXCEEDED,
    MALFORMED,
    MEMBER_NOT_ACTIVE,
    MEMBER_UNKNOWN,
    NOT_FOUND,
    SAME_ACCOUNT,
    STATE_CONFLICT,
)
from protocol.book.signed import parse_uuid
from protocol.book.wishes import Brought
from protocol.practices.credit.rotations.entries import (
    ConfirmDay,
    DayConfirmed,
    DayDenied,
    DayWorked,
    RotationFounded,
    RotationJoined,
)
from protocol.practices.credit.rotations.state import ROTATIONS, WORK_DAYS
from protocol.practices.credit.rotations.views import (
    DenyDay,
    FoundRotation,
    JoinRotation,
    RotationsWanted,
    TellDay,
    WorkDaysWanted,
)
from protocol.practices.governance.errands import ErrandSpan, ErrandsWanted
from protocol.practices.people.members.views import Suspend
from tests.protocol.practices.desk import DAY_MS, Group, copy_of, keys_of, snapshot

FEW = ("ana", "bia", "caio")


def days(count: int) -> Amount:
    return Amount(count, "DIA", 0)


def founded(handles: tuple[str, ...], *, limit: int = 11) -> tuple[Group, str]:
    """Return a group whose members take part in a rotation; the first has a key, the others none."""
    group = Group()
    group.currency("DIA", limit=limit, scale=0)
    group.admit(handles[0])
    group.admit(*handles[1:], custodial=True)
    name = group.do(handles[0], "rotations.create", FoundRotation("Twelve fields", "DIA", days(1))).id
    for handle in handles:
        group.do(handle, "rotations.join", JoinRotation(), name)
    return group, name


def tell(group: Group, name: str, worker: str, receiver: str) -> str:
    return group.do(worker, "work-days.tell", TellDay(parse_uuid(name) or b"", receiver)).id


def confirm(group: Group, day: str, receiver: str) -> Any:
    wish = ConfirmDay(parse_uuid(day) or b"")
    signed = receiver == "ana"
    brought = Brought(group.sign("work-days.confirm", wish, keys_of(receiver))) if signed else wish
    return group.ask(receiver, "work-days.confirm", brought, day)


def work(group: Group, name: str, worker: str, receiver: str) -> None:
    assert confirm(group, tell(group, name, worker, receiver), receiver).state == "confirmed"


def test_twelve_work_a_day_for_each_other_132_days_and_all_balances_are_0() -> None:
    handles = ("ana", *(f"worker-{number}" for number in range(11)))
    group, name = founded(handles)
    for worker in handles:
        for receiver in handles:
            if worker != receiver:
                work_fast(group, name, worker, receiver)
    shown = group.view("ana", "rotations.show", name)
    assert (shown.days, shown.round) == (132, 132)
    assert {(one.given, one.received, one.balance, one.owes_to) for one in shown.workers} == {(11, 11, days(0), ())}
    assert snapshot(copy_of(group.written)) == snapshot(group.book)


def work_fast(group: Group, name: str, worker: str, receiver: str) -> None:
    """Work a day, looking at the book once."""
    wish = TellDay(parse_uuid(name) or b"", receiver)
    told = group.plan("work-days.tell", group.actor(worker), wish)
    group.carry_out(told)  # type: ignore[arg-type]
    day = told.shows  # type: ignore[union-attr]
    said: Any = ConfirmDay(parse_uuid(day) or b"")
    if receiver == "ana":
        said = Brought(group.sign("work-days.confirm", said, keys_of("ana")))
    group.carry_out(group.plan("work-days.confirm", group.actor(receiver), said, day))  # type: ignore[arg-type]


def test_who_leaves_after_receiving_4_and_giving_1_is_at_minus_3_which_the_commons_takes() -> None:
    handles = ("ana", "bia", "caio", "dora", "elis")
    group, name = founded(handles)
    for worker in ("ana", "bia", "caio", "dora"):
        work(group, name, worker, "elis")
    work(group, name, "elis", "ana")
    assert group.balance("elis", "DIA") == -3
    [elis] = [one for one in group.view("ana", "rotations.show", name).workers if one.member == "elis"]
    assert (elis.given, elis.received, elis.owes_to) == (1, 4, ("bia", "caio", "dora"))
    group.leave("elis")
    assert (group.balance("elis", "DIA"), group.balance("commons", "DIA")) == (0, -3)
    assert group.view("ana", "rotations.show", name).round == 12
    assert group.refusal("ana", "work-days.tell", TellDay(parse_uuid(name) or b"", "elis")) is MEMBER_NOT_ACTIVE


def test_a_day_counts_once_its_receiver_confirms_it() -> None:
    group, name = founded(FEW)
    day = tell(group, name, "bia", "ana")
    assert group.balance("bia", "DIA") == 0, "told is not confirmed"
    wish = ConfirmDay(parse_uuid(day) or b"")
    assert group.refusal("bia", "work-days.confirm", wish, day) is FORBIDDEN
    assert group.refusal("steward", "work-days.confirm", replace(wish, member="ana"), day) is FORBIDDEN, "ana has a key"
    assert group.check(DayConfirmed(None, replace(wish, member=group.member("ana").id))) is FORBIDDEN
    assert confirm(group, day, "ana").state == "confirmed"
    assert (group.balance("bia", "DIA"), group.balance("ana", "DIA")) == (1, -1)
    assert confirm(group, day, "ana").reason is STATE_CONFLICT
    assert group.refusal("bia", "work-days.deny", DenyDay(), day) is STATE_CONFLICT
    denied = tell(group, name, "ana", "bia")
    assert group.refusal("caio", "work-days.deny", DenyDay(), denied) is FORBIDDEN
    assert group.do("bia", "work-days.deny", DenyDay(), denied).state == "denied"
    assert confirm(group, denied, "bia").reason is STATE_CONFLICT
    line = group.statement("bia", "bia")[-1]
    assert (line.kind, line.amount, line.counterpart) == ("work-day", days(1), "ana")
    listed = group.list("bia", "work-days.list", WorkDaysWanted())
    assert isinstance(listed, list) and [one.state for one in listed] == ["confirmed", "denied"]
    assert group.list("caio", "work-days.list", WorkDaysWanted()) == []
    assert group.view("caio", "work-days.show", day).reason is NOT_FOUND


def test_nobody_receives_more_days_than_it_may_owe() -> None:
    group, name = founded(FEW, limit=1)
    work(group, name, "bia", "ana")
    refused = confirm(group, tell(group, name, "caio", "ana"), "ana")
    assert refused.reason is LIMIT_EXCEEDED and refused.figures["available"] == 0


FAULTY = [
    ({"title": " "}, MALFORMED),
    ({"currency": "FLOR"}, CURRENCY_UNKNOWN),
    ({"day": days(0)}, AMOUNT_NOT_POSITIVE),
]


@pytest.mark.parametrize(("changed", "reason"), FAULTY)
def test_a_rotation_that_cannot_be(changed: dict[str, Any], reason: Any) -> None:
    group, _ = founded(FEW)
    wish = FoundRotation("Fields", "DIA", days(1))
    assert group.refusal("ana", "rotations.create", replace(wish, **changed)) is reason


def test_what_no_node_takes() -> None:
    group, name = founded(FEW)
    rotation = group.book.rows(ROTATIONS)[parse_uuid(name) or b""]
    ana, bia = group.member("ana").id, group.member("bia").id
    said = rotation.said
    assert group.check(said) is DUPLICATE
    assert group.check(replace(said, rotation=bytes(16), currency="FLOR")) is CURRENCY_UNKNOWN
    assert group.check(RotationJoined(bytes(16), ana)) is NOT_FOUND
    assert group.check(RotationJoined(said.rotation, "X")) is MEMBER_UNKNOWN
    assert group.check(RotationJoined(said.rotation, ana)) is DUPLICATE
    fine = DayWorked(bytes(16), said.rotation, ana, bia)
    assert group.check(fine) is None
    assert group.check(replace(fine, rotation=bytes(16))) is NOT_FOUND
    assert group.check(replace(fine, receiver="X")) is MEMBER_UNKNOWN
    assert group.check(replace(fine, receiver=ana)) is SAME_ACCOUNT
    day = tell(group, name, "ana", "bia")
    assert group.check(replace(fine, work=parse_uuid(day) or b"")) is DUPLICATE
    assert group.check(DayDenied(bytes(16))) is NOT_FOUND
    assert group.check(DayConfirmed(None, ConfirmDay(bytes(16), bia))) is NOT_FOUND
    assert group.check(DayConfirmed(None, ConfirmDay(parse_uuid(day) or b"", "X"))) is MEMBER_UNKNOWN
    group.do("steward", "members.suspend", Suspend(), "bia")
    assert confirm(group, day, "bia").reason is MEMBER_NOT_ACTIVE
    group.currency("FLOR")
    elis = group.join("elis", custodial=True)
    assert group.check(RotationJoined(said.rotation, elis.id)) is ACCOUNT_UNKNOWN
    other = RotationFounded(bytes(16), "Flowers", "FLOR", 1)
    group.book.currencies["FLOR"].closed = True
    assert group.check(other) is CURRENCY_CLOSED
    group.book.currencies["DIA"].closed = True
    assert group.check(DayWorked(bytes(16), said.rotation, ana, group.member("caio").id)) is CURRENCY_CLOSED
    assert len(group.book.rows(WORK_DAYS)) == 1
    assert group.refusal("dora" if "dora" in group.book.member_by_handle else "caio", "rotations.join",
                         JoinRotation("ana"), name) is FORBIDDEN  # fmt: skip
    listed = group.list("caio", "rotations.list", RotationsWanted())
    assert isinstance(listed, list) and [one.title for one in listed] == ["Twelve fields"]


def test_days_to_confirm_wait_for_their_receiver_and_then_for_who_coordinates() -> None:
    group, name = founded(FEW)
    tell(group, name, "bia", "ana")

    def errands(who: str, span: ErrandSpan) -> list[tuple[str, str, int | None]]:
        listed = group.list(who, "errands.list", ErrandsWanted(span))
        assert isinstance(listed, list)
        return [(one.sentence, one.who, one.count) for one in listed if one.sentence.startswith("work-days")]

    assert errands("ana", ErrandSpan.TODAY) == [("work-days.to_confirm", "bia", None)]
    assert errands("bia", ErrandSpan.TODAY) == [] == errands("steward", ErrandSpan.WEEK)
    group.pass_time(group.now + 21 * DAY_MS)
    assert errands("steward", ErrandSpan.WEEK) == [("work-days.unconfirmed", "ana", 3)]
