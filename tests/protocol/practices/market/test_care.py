# SPDX-License-Identifier: AGPL-3.0-or-later
"""Care without a price: hours count once they are confirmed, and no balance moves."""

from dataclasses import replace
from typing import Any

import pytest

from protocol.book.refusals import (
    DUPLICATE,
    FORBIDDEN,
    MALFORMED,
    MEMBER_NOT_ACTIVE,
    MEMBER_UNKNOWN,
    NOT_FOUND,
    SAME_ACCOUNT,
    STATE_CONFLICT,
    TEXT_NOT_NFC,
)
from protocol.practices.governance.errands import ErrandSpan, ErrandsWanted
from protocol.practices.market.care.entries import CareConfirmed, CareDenied, CareGiven
from protocol.practices.market.care.state import CARE, Carers, CareState, unlike_care
from protocol.practices.market.care.views import CareHoursWanted, CareWanted, ConfirmCare, DenyCare, GiveCare
from protocol.practices.people.members.views import Suspend
from tests.protocol.practices.desk import DAY_MS, Group, copy_of, snapshot


def neighbours() -> Group:
    """Return a group of ana and bia, who have keys, and caio, who has none; bia owes ana 5.00."""
    group = Group()
    group.currency()
    group.admit("ana", "bia")
    group.admit("caio", custodial=True)
    group.pay("bia", "ana", 5_00)
    return group


def balances(group: Group) -> dict[str, int]:
    return {name: account.balance_minor for name, account in group.book.ledger.accounts.items()}


def hours(group: Group, who: str, member: str) -> tuple[str, str | None]:
    shown = group.view(who, "care-hours.show", member)
    return shown.given, shown.received


def test_12_hours_of_care_are_12_hours_more_and_no_balance_changes() -> None:
    group = neighbours()
    before, lines = balances(group), list(group.lines)
    told = group.do("ana", "care.give", GiveCare("bia", "12", "nights at the hospital"))
    assert (told.hours, told.state) == ("12.00", "told")
    assert hours(group, "ana", "ana") == ("0.00", "0.00"), "told is not confirmed"
    assert group.do("bia", "care.confirm", ConfirmCare(), told.id).state == "confirmed"
    assert hours(group, "ana", "ana") == ("12.00", "0.00")
    assert hours(group, "bia", "bia") == ("0.00", "12.00")
    assert (balances(group), group.lines) == (before, lines)
    assert snapshot(copy_of(group.written)) == snapshot(group.book)


def test_all_see_what_was_given_and_only_who_received_it_what_was_received() -> None:
    group = neighbours()
    for giver, receiver, told in (("ana", "bia", "12"), ("ana", "caio", "0.25"), ("caio", "ana", "3.5")):
        care = group.do(giver, "care.give", GiveCare(receiver, told)).id
        group.do(receiver, "care.confirm", ConfirmCare(), care)
    assert hours(group, "caio", "ana") == ("12.25", None)
    assert hours(group, "steward", "ana") == ("12.25", "3.50"), "who reads all"
    listed = group.list("bia", "care-hours.list", CareHoursWanted())
    assert isinstance(listed, list) and [(one.member, one.given) for one in listed] == [
        ("ana", "12.25"),
        ("caio", "3.50"),
    ], "bia has given none"
    mine = group.list("caio", "care.list", CareWanted())
    assert isinstance(mine, list) and [(one.giver, one.hours) for one in mine] == [("ana", "0.25"), ("caio", "3.50")]
    waits = group.list("caio", "care.list", CareWanted(CareState.TOLD))
    assert waits == []
    first = group.list("steward", "care.list", CareWanted())
    assert isinstance(first, list) and len(first) == 3
    assert group.view("caio", "care.show", first[0].id).reason is NOT_FOUND
    assert group.view("caio", "care-hours.show", "dora").reason is MEMBER_UNKNOWN


def test_only_who_received_it_confirms() -> None:
    group = neighbours()
    care = group.do("ana", "care.give", GiveCare("bia", "2")).id
    for who in ("ana", "caio", "steward"):
        assert group.refusal(who, "care.confirm", ConfirmCare(), care) is FORBIDDEN, "bia has a key of her own"
    assert group.refusal("caio", "care.deny", DenyCare(), care) is FORBIDDEN
    assert group.do("bia", "care.deny", DenyCare(), care).state == "denied"
    assert group.refusal("bia", "care.confirm", ConfirmCare(), care) is STATE_CONFLICT
    erred = group.do("ana", "care.give", GiveCare("bia", "200")).id
    assert group.do("ana", "care.deny", DenyCare(), erred).state == "denied", "the giver takes it back"
    assert hours(group, "ana", "ana") == ("0.00", "0.00")
    byword = group.do("steward", "care.give", GiveCare("ana", "1", giver="caio")).id
    assert group.refusal("steward", "care.give", GiveCare("caio", "1", giver="ana")) is FORBIDDEN
    assert group.do("ana", "care.confirm", ConfirmCare(), byword).giver == "caio"
    assert group.refusal("ana", "care.confirm", ConfirmCare(), byword) is STATE_CONFLICT
    nothing = "00000000-0000-4000-8000-000000000000"
    assert group.refusal("ana", "care.confirm", ConfirmCare(), nothing) is NOT_FOUND
    assert group.refusal("ana", "care.deny", DenyCare(), "x") is NOT_FOUND


FAULTY = [
    ({"hours": "0"}, MALFORMED),
    ({"hours": "-1"}, MALFORMED),
    ({"hours": "744.01"}, MALFORMED),
    ({"hours": "7.555"}, MALFORMED),
    ({"hours": "twelve"}, MALFORMED),
    ({"note": "a\u0301"}, TEXT_NOT_NFC),
    ({"receiver": "dora"}, MEMBER_UNKNOWN),
    ({"receiver": "ana"}, SAME_ACCOUNT),
    ({"giver": "dora"}, MEMBER_UNKNOWN),
]


@pytest.mark.parametrize(("changed", "reason"), FAULTY)
def test_care_that_cannot_be(changed: dict[str, Any], reason: Any) -> None:
    group = neighbours()
    before = snapshot(group.book)
    assert group.refusal("ana", "care.give", replace(GiveCare("bia", "2"), **changed)) is reason
    assert snapshot(group.book) == before
    assert group.do("ana", "care.give", GiveCare("bia", "744")).hours == "744.00"


def test_what_no_node_takes_of_care() -> None:
    group = neighbours()
    ana, bia = group.member("ana").id, group.member("bia").id
    fine = CareGiven(bytes(16), ana, bia, 1, None)
    assert group.check(fine) is None
    assert group.check(replace(fine, giver="X")) is MEMBER_UNKNOWN
    assert group.check(replace(fine, receiver=ana)) is SAME_ACCOUNT
    group.do("ana", "care.give", GiveCare("bia", "2"))
    [kept] = group.book.rows(CARE).values()
    assert group.check(replace(fine, care=kept.id)) is DUPLICATE
    assert group.check(CareConfirmed(bytes(16))) is NOT_FOUND
    assert group.check(CareDenied(bytes(16))) is NOT_FOUND
    group.do("steward", "members.suspend", Suspend(), "bia")
    assert group.check(fine) is MEMBER_NOT_ACTIVE
    assert group.check(CareConfirmed(kept.id)) is MEMBER_NOT_ACTIVE
    assert group.check(CareDenied(kept.id)) is None, "nothing is counted by it"


def test_hours_that_were_given_by_nobody_are_seen() -> None:
    group = neighbours()
    care = group.do("ana", "care.give", GiveCare("bia", "2")).id
    group.do("bia", "care.confirm", ConfirmCare(), care)
    assert unlike_care(group.book) is None
    group.book.of(Carers).by_member[group.member("ana").id].given += 1
    assert unlike_care(group.book) == "201 hundredths of an hour of care are given, and 200 received"


def test_care_waits_for_its_receiver_and_then_for_those_who_coordinate() -> None:
    group = neighbours()
    group.do("ana", "care.give", GiveCare("bia", "2"))

    def errands(who: str, span: ErrandSpan) -> list[tuple[str, str, int | None]]:
        found = group.list(who, "errands.list", ErrandsWanted(span))
        assert isinstance(found, list)
        return [(one.sentence, one.who, one.count) for one in found if one.sentence.startswith("care")]

    assert errands("bia", ErrandSpan.TODAY) == [("care.to_confirm", "ana", None)]
    assert errands("ana", ErrandSpan.TODAY) == [] == errands("steward", ErrandSpan.WEEK)
    group.pass_time(group.now + 21 * DAY_MS)
    assert errands("steward", ErrandSpan.WEEK) == [("care.unconfirmed", "bia", 3)]
