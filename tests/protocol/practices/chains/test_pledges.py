# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pledges: 380 of 400 are not yet enough, 405 are; who did not keep its pledges counts for less."""

from fractions import Fraction
from typing import Any

import pytest

from protocol.book.money import Amount
from protocol.book.refusals import (
    DUPLICATE,
    FORBIDDEN,
    MALFORMED,
    MEMBER_NOT_ACTIVE,
    MEMBER_UNKNOWN,
    NOT_FOUND,
    STATE_CONFLICT,
    Reason,
    Refused,
)
from protocol.book.signed import parse_uuid
from protocol.book.timezones import DAY_MS
from protocol.lanes.entry import Body
from protocol.practices.chains.pledges.entries import (
    DriveCalled,
    DriveMoved,
    DriveState,
    Pledged,
    PledgeKept,
)
from protocol.practices.chains.pledges.rules import DRIVE_TOO_LONG, PLEDGES_MISSING
from protocol.practices.chains.pledges.state import DRIVES_MAX, Pledges
from protocol.practices.chains.pledges.wishes import (
    CallDrive,
    CloseDrive,
    DrivesWanted,
    KeepPledge,
    OpenDrive,
    PledgePurchase,
)
from protocol.practices.chains.refusals import CHAIN_FULL
from protocol.practices.governance.errands import ErrandSpan, ErrandsWanted
from tests.protocol.practices.credit.club import Club
from tests.protocol.practices.desk import copy_of, snapshot


@pytest.fixture
def group() -> Club:
    made = Club()
    made.admit("ana", "bia", "caio", "dora", custodial=True)
    return made


def called(group: Club, who: str = "ana", **changed: Any) -> str:
    told: dict[str, Any] = {
        "item": "soap", "unit": "kg", "fixed": Amount(600), "margin": Amount(1_50, None, 2),
        "until": group.now + 60 * DAY_MS,
    }  # fmt: skip
    return group.do(who, "pledge-drives.create", CallDrive(**(told | changed))).id


def pledge(group: Club, name: str, who: str, quantity: str) -> Any:
    return group.do(who, "pledge-drives.pledge", PledgePurchase(quantity), name)


def test_380_are_not_yet_enough_and_405_are(group: Club) -> None:
    name = called(group)
    pledge(group, name, "bia", "200")
    shown = pledge(group, name, "caio", "180")
    assert (shown.break_even, shown.pledged, shown.missing, shown.said) == ("400", "380", "20", "not yet: 20 missing")
    refused = group.ask("ana", "pledge-drives.open", OpenDrive(), name)
    assert isinstance(refused, Refused) and refused.reason is PLEDGES_MISSING
    assert refused.figures == {"needed": "400", "counted": "380", "missing": "20"}
    assert _errands(group, "ana") == []
    shown = pledge(group, name, "dora", "25 kg")
    assert (shown.pledged, shown.missing, shown.said, shown.own, shown.members) == ("405", "0", "go", "25", 3)
    assert _errands(group, "ana") == ["pledge-drives.go"]
    assert group.do("ana", "pledge-drives.open", OpenDrive(), name).state is DriveState.OPEN
    assert _errands(group, "bia") == ["pledge-drives.buy"]
    assert snapshot(copy_of(group.written)) == snapshot(group.book)


def test_exactly_400_are_enough_and_units_are_rounded_up(group: Club) -> None:
    name = called(group)
    pledge(group, name, "bia", "399.999")
    assert group.refusal("ana", "pledge-drives.open", OpenDrive(), name) is PLEDGES_MISSING
    assert pledge(group, name, "bia", "400").said == "go"
    third = called(group, fixed=Amount(1), margin=Amount(30, None, 2))
    assert group.view("ana", "pledge-drives.show", third).break_even == "4"


def test_unkept_pledges_count_for_less(group: Club) -> None:
    first = called(group)
    for who in ("bia", "caio"):
        pledge(group, first, who, "200")
    group.do("ana", "pledge-drives.open", OpenDrive(), first)
    for month, bought in ((202_611, "200"), (202_612, "0")):
        group.do("ana", "pledge-drives.keep", KeepPledge("bia", month, bought), first)
    group.do("ana", "pledge-drives.keep", KeepPledge("caio", 202_611, "500"), first)
    pledges = group.book.of(Pledges)
    assert [pledges.kept_by(group.member(who).id) for who in ("bia", "caio", "dora")] == [Fraction(1, 2), 1, 1]
    second = called(group, "dora")
    pledge(group, second, "bia", "205")
    shown = pledge(group, second, "caio", "200")
    assert (shown.pledged, shown.counted, shown.said) == ("405", "302.5", "not yet: 97.5 missing")
    assert shown.pledges == (), "who pledges sees sums"
    seen = group.view("dora", "pledge-drives.show", second).pledges
    assert [(one.member, one.quantity, one.kept, one.counts) for one in seen] == [
        ("bia", "205", "0.5000", "102.5"), ("caio", "200", "1.0000", "200"),
    ]  # fmt: skip
    group.do("ana", "pledge-drives.keep", KeepPledge("bia", 202_612, "200"), first)
    assert group.view("dora", "pledge-drives.show", second).said == "go", "what was noted is corrected"
    assert snapshot(copy_of(group.written)) == snapshot(group.book)


def test_pledges_are_taken_back_and_a_drive_ends(group: Club) -> None:
    name = called(group)
    pledge(group, name, "bia", "500")
    assert pledge(group, name, "bia", "0").pledged == "0"
    assert group.refusal("bia", "pledge-drives.pledge", PledgePurchase("0"), name) is NOT_FOUND
    group.now += 50 * DAY_MS
    assert _errands(group, "steward", ErrandSpan.WEEK) == ["pledge-drives.missing"]
    group.pass_time(group.now + 10 * DAY_MS)
    assert group.view("ana", "pledge-drives.show", name).state is DriveState.LAPSED
    assert group.refusal("bia", "pledge-drives.pledge", PledgePurchase("5"), name) is STATE_CONFLICT
    other = called(group)
    assert group.do("ana", "pledge-drives.close", CloseDrive(), other).state is DriveState.CLOSED
    assert group.refusal("ana", "pledge-drives.open", OpenDrive(), other) is STATE_CONFLICT
    listed = group.listed("bia", "pledge-drives.list", DrivesWanted("lapsed"))
    assert [one.id for one in listed] == [name]


def test_what_is_refused(group: Club) -> None:
    def refused(**changed: Any) -> Reason:
        told = {"item": "soap", "unit": "kg", "fixed": Amount(600), "margin": Amount(1), "until": group.now + DAY_MS}
        return group.refusal("ana", "pledge-drives.create", CallDrive(**(told | changed)))

    assert refused(item="=1") is MALFORMED
    assert refused(unit="heaps") is MALFORMED
    assert refused(fixed=Amount(0)) is MALFORMED
    assert refused(margin=Amount(0)) is MALFORMED
    assert refused(member="bia") is FORBIDDEN
    assert refused(until=group.now) is DRIVE_TOO_LONG
    assert refused(until=group.now + 365 * DAY_MS + 1) is DRIVE_TOO_LONG
    name = called(group)
    assert group.refusal("bia", "pledge-drives.pledge", PledgePurchase("5 l"), name) is MALFORMED
    assert group.refusal("bia", "pledge-drives.pledge", PledgePurchase("much"), name) is MALFORMED
    for verb, wish in (("open", OpenDrive()), ("close", CloseDrive()), ("keep", KeepPledge("bia", 202_611, "1"))):
        assert group.refusal("bia", f"pledge-drives.{verb}", wish, name) is FORBIDDEN
        assert group.refusal("bia", f"pledge-drives.{verb}", wish, "nonsense") is NOT_FOUND
    pledge(group, name, "bia", "400")
    assert group.refusal("ana", "pledge-drives.keep", KeepPledge("bia", 202_611, "1"), name) is STATE_CONFLICT
    by_id = group.book.of(Pledges).by_id
    kept, some = dict(by_id), by_id[_id(name)]
    by_id.update((bytes([n]) * 16, some) for n in range(DRIVES_MAX))
    assert refused() is CHAIN_FULL
    group.book.of(Pledges).by_id = kept


def test_what_no_node_takes(group: Club) -> None:
    drive = _id(called(group))
    said, bia, none = group.book.of(Pledges).by_id[drive].said, group.member("bia").id, bytes(16)
    again = DriveCalled(none, said.starter, said.item, said.unit, said.fixed, said.margin, said.until_ms)
    refused: list[tuple[Body, Reason]] = [
        (said, DUPLICATE),
        (DriveCalled(none, "X", said.item, said.unit, 1, 1, said.until_ms), MEMBER_UNKNOWN),
        (DriveCalled(none, said.starter, said.item, "x", 1, 1, said.until_ms), MALFORMED),
        (DriveCalled(none, said.starter, said.item, said.unit, 1, 1, group.now), DRIVE_TOO_LONG),
        (Pledged(none, bia, 1), NOT_FOUND),
        (Pledged(drive, "X", 1), MEMBER_UNKNOWN),
        (Pledged(drive, bia, 0), NOT_FOUND),
        (DriveMoved(drive, DriveState.LAPSED), STATE_CONFLICT),
        (DriveMoved(drive, DriveState.COLLECTING), STATE_CONFLICT),
        (PledgeKept(drive, bia, 202_613, 1), MALFORMED),
        (PledgeKept(drive, bia, 202_611, 1), MEMBER_UNKNOWN),
    ]
    for body, reason in refused:
        assert group.check(body) is reason, body
    assert group.check(again) is None
    group.book.members[bia].state = group.book.members[bia].state.__class__.SUSPENDED
    assert group.check(Pledged(drive, bia, 1)) is MEMBER_NOT_ACTIVE


def _errands(group: Club, who: str, span: ErrandSpan = ErrandSpan.TODAY) -> list[str]:
    found = group.listed(who, "errands.list", ErrandsWanted(span))
    return [one.sentence for one in found if one.sentence.startswith("pledge-drives.")]


def _id(name: str) -> bytes:
    found = parse_uuid(name)
    assert found is not None
    return found
