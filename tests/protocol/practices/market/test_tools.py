# SPDX-License-Identifier: AGPL-3.0-or-later
"""Shared tools: a calendar in which no two bookings overlap, and loans that come back in time, late or damaged."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.book.declaration import Plan, Write
from protocol.book.refusals import (
    DUPLICATE,
    FORBIDDEN,
    MALFORMED,
    MEMBER_NOT_ACTIVE,
    MEMBER_UNKNOWN,
    NOT_FOUND,
    STATE_CONFLICT,
    TEXT_NOT_NFC,
    Refused,
)
from protocol.book.signed import parse_uuid, uuid_text
from protocol.practices.governance.errands import ErrandSpan, ErrandsWanted
from protocol.practices.market.tools.entries import (
    ToolBooked,
    ToolHandedOut,
    ToolKept,
    ToolLoanCancelled,
    ToolLoanLapsed,
    ToolMended,
    ToolReturned,
    ToolShared,
    ToolWithdrawn,
)
from protocol.practices.market.tools.refusals import TOOL_BOOKED, TOOL_DAYS, TOOL_OUT
from protocol.practices.market.tools.state import TOOL_BOOKINGS_MAX, TOOL_LOANS, TOOLS, overlapping
from protocol.practices.market.tools.views import (
    BookTool,
    CancelToolLoan,
    HandOutTool,
    KeepTool,
    MendTool,
    ReturnTool,
    ShareTool,
    ToolLoansWanted,
    ToolsWanted,
    WithdrawTool,
)
from protocol.practices.people.members.views import Suspend
from tests.protocol.practices.desk import DAY_MS, Group, copy_of, snapshot

HOUR_MS = DAY_MS // 24
MONDAY = int(datetime(2027, 3, 1, tzinfo=UTC).timestamp()) * 1_000


def sharing(days: int = 3) -> tuple[Group, str]:
    """Return a group on a Monday morning, whose ana keeps a cement mixer that is lent for some days at most."""
    group = Group(now=MONDAY + 8 * HOUR_MS)
    group.currency()
    group.admit("ana", "bia")
    group.admit("caio", custodial=True)
    return group, group.do("ana", "tools.share", ShareTool("Cement mixer", days)).id


def wish(tool: str, since: str | None, until: str, **more: Any) -> BookTool:
    return BookTool(parse_uuid(tool) or b"", until, since, **more)


def book(group: Group, who: str, tool: str, since: str | None, until: str) -> str:
    return group.do(who, "tool-loans.book", wish(tool, since, until)).id


def write(group: Group, body: ToolBooked) -> None:
    """Let a booking stand under an id of one's own."""
    group.carry_out(Plan(uuid_text(body.loan), (Write(body),)))


def calendar(group: Group, tool: str) -> list[tuple[str, str, str]]:
    """Return a tool's calendar: since, until and borrower."""

    def text(at_ms: int) -> str:
        return datetime.fromtimestamp((at_ms + 1) // 1_000, UTC).strftime("%d %H")

    shown = group.view("bia", "tools.show", tool)
    return [(text(one.since), text(one.until), one.borrower) for one in shown.calendar]


def test_a_day_that_bia_has_booked_is_booked_for_nobody_else() -> None:
    group, tool = sharing()
    before = {name: one.balance_minor for name, one in group.book.ledger.accounts.items()}
    book(group, "bia", tool, "2027-03-02", "2027-03-03")
    refused = group.ask("caio", "tool-loans.book", wish(tool, "2027-03-03", "2027-03-04"))
    assert isinstance(refused, Refused) and refused.reason is TOOL_BOOKED
    assert refused.figures == {"tool": "Cement mixer", "since": "2027-03-02 00:00", "until": "2027-03-03 23:59"}
    book(group, "caio", tool, "2027-03-04", "2027-03-04")
    book(group, "caio", tool, None, "2027-03-01T18:00:00Z")
    assert calendar(group, tool) == [("01 08", "01 18", "caio"), ("02 00", "04 00", "bia"), ("04 00", "05 00", "caio")]
    within = wish(tool, "2027-03-02T09:00:00Z", "2027-03-02T10:00:00Z")
    assert group.refusal("caio", "tool-loans.book", within) is TOOL_BOOKED
    around = wish(tool, "2027-03-01T19:00:00Z", "2027-03-04T03:00:00Z")
    assert group.refusal("caio", "tool-loans.book", around) is TOOL_BOOKED
    assert {name: one.balance_minor for name, one in group.book.ledger.accounts.items()} == before
    assert snapshot(copy_of(group.written)) == snapshot(group.book)


def test_an_hour_is_free_again_where_the_booking_before_it_ends() -> None:
    group, tool = sharing()
    book(group, "bia", tool, "2027-03-02T09:00:00Z", "2027-03-02T12:00:00Z")
    early = wish(tool, "2027-03-02T11:59:59.999Z", "2027-03-02T15:00:00Z")
    assert group.refusal("caio", "tool-loans.book", early) is TOOL_BOOKED
    book(group, "caio", tool, "2027-03-02T12:00:00Z", "2027-03-02T15:00:00Z")
    given_up = book(group, "caio", tool, "2027-03-02T08:00:00Z", "2027-03-02T09:00:00Z")
    assert group.do("caio", "tool-loans.cancel", CancelToolLoan(), given_up).state == "cancelled"
    book(group, "bia", tool, "2027-03-02T08:30:00Z", "2027-03-02T09:00:00Z")


def test_a_tool_is_lent_for_3_days_at_most() -> None:
    group, tool = sharing()
    refused = group.ask("bia", "tool-loans.book", wish(tool, "2027-03-02", "2027-03-05"))
    assert isinstance(refused, Refused) and refused.reason is TOOL_DAYS
    assert refused.figures == {"tool": "Cement mixer", "days": 3}
    book(group, "bia", tool, "2027-03-02", "2027-03-04")


def test_a_tool_that_is_not_back_is_handed_to_nobody_and_is_told_as_late() -> None:
    group, tool = sharing()
    hers = book(group, "bia", tool, "2027-03-01", "2027-03-01")
    his = book(group, "caio", tool, "2027-03-02", "2027-03-04")
    assert group.do("ana", "tool-loans.hand-out", HandOutTool(), hers).state == "out"
    group.pass_time(MONDAY + DAY_MS + 12 * HOUR_MS)
    refused = group.ask("ana", "tool-loans.hand-out", HandOutTool(), his)
    assert isinstance(refused, Refused) and refused.reason is TOOL_OUT
    assert refused.figures == {"tool": "Cement mixer", "until": "2027-03-01 23:59"}
    assert group.view("bia", "tool-loans.show", hers).days_late == 1
    group.pass_time(MONDAY + 2 * DAY_MS + 12 * HOUR_MS)
    assert group.view("bia", "tool-loans.show", hers).days_late == 2
    back = group.do("ana", "tool-loans.return", ReturnTool(), hers)
    assert (back.state, back.days_late, back.damaged) == ("returned", 2, False)
    group.pass_time(MONDAY + 3 * DAY_MS)
    assert group.view("bia", "tool-loans.show", hers).days_late == 2, "it came back 2 days late"
    assert group.do("ana", "tool-loans.hand-out", HandOutTool(), his).state == "out"
    assert snapshot(copy_of(group.written)) == snapshot(group.book)


def test_a_tool_that_came_back_damaged_is_lent_again_once_it_is_mended() -> None:
    group, tool = sharing()
    hers = book(group, "bia", tool, None, "2027-03-01")
    his = book(group, "caio", tool, "2027-03-02", "2027-03-04")
    group.do("ana", "tool-loans.hand-out", HandOutTool(), hers)
    back = group.do("ana", "tool-loans.return", ReturnTool(True, "the belt is torn"), hers)
    assert (back.damaged, back.note is not None, back.days_late) == (True, True, 0)
    assert group.view("caio", "tools.show", tool).state == "damaged"
    assert group.refusal("ana", "tool-loans.hand-out", HandOutTool(), his) is STATE_CONFLICT
    assert group.refusal("bia", "tool-loans.book", wish(tool, "2027-03-08", "2027-03-08")) is STATE_CONFLICT
    assert group.refusal("bia", "tools.mend", MendTool(), tool) is FORBIDDEN
    assert group.do("ana", "tools.mend", MendTool(), tool).state == "shared"
    assert group.refusal("ana", "tools.mend", MendTool(), tool) is STATE_CONFLICT
    assert group.do("ana", "tool-loans.hand-out", HandOutTool(), his).state == "out"


def test_a_tool_is_handed_out_early_unless_somebody_has_it_booked_before() -> None:
    group, tool = sharing()
    hers = book(group, "bia", tool, "2027-03-03", "2027-03-03")
    his = book(group, "caio", tool, "2027-03-04", "2027-03-04")
    assert group.refusal("ana", "tool-loans.hand-out", HandOutTool(), his) is TOOL_BOOKED
    early = group.do("ana", "tool-loans.hand-out", HandOutTool(), hers)
    assert early.since == group.now, "the hours until then are taken too"
    assert calendar(group, tool) == [("01 08", "04 00", "bia"), ("04 00", "05 00", "caio")]
    assert group.refusal("caio", "tool-loans.book", wish(tool, "2027-03-02", "2027-03-02")) is TOOL_BOOKED


def test_a_booking_lapses_whose_time_is_over_and_for_which_nobody_came() -> None:
    group, tool = sharing()
    hers = book(group, "bia", tool, None, "2027-03-01T18:00:00Z")
    group.pass_time(MONDAY + 18 * HOUR_MS - 1)
    assert group.view("bia", "tool-loans.show", hers).state == "booked"
    group.pass_time(MONDAY + 18 * HOUR_MS)
    assert group.view("bia", "tool-loans.show", hers).state == "lapsed"
    assert calendar(group, tool) == []
    assert group.refusal("ana", "tool-loans.hand-out", HandOutTool(), hers) is STATE_CONFLICT
    assert snapshot(copy_of(group.written)) == snapshot(group.book)


def test_who_keeps_a_tool_hands_it_out_and_a_steward_stands_in() -> None:
    group, tool = sharing()
    hers = book(group, "bia", tool, None, "2027-03-01")
    for who in ("bia", "caio"):
        assert group.refusal(who, "tool-loans.hand-out", HandOutTool(), hers) is FORBIDDEN
        assert group.refusal(who, "tools.withdraw", WithdrawTool(), tool) is FORBIDDEN
        assert group.refusal(who, "tools.keep", KeepTool("caio"), tool) is FORBIDDEN
    assert group.refusal("caio", "tool-loans.cancel", CancelToolLoan(), hers) is FORBIDDEN
    assert group.do("steward", "tools.keep", KeepTool("caio"), tool).keeper == "caio"
    assert group.refusal("ana", "tool-loans.hand-out", HandOutTool(), hers) is FORBIDDEN
    assert group.do("caio", "tool-loans.hand-out", HandOutTool(), hers).keeper == "caio"
    assert group.refusal("bia", "tool-loans.return", ReturnTool(), hers) is FORBIDDEN
    assert group.refusal("bia", "tool-loans.cancel", CancelToolLoan(), hers) is STATE_CONFLICT
    assert group.refusal("caio", "tools.withdraw", WithdrawTool(), tool) is TOOL_OUT
    assert group.do("steward", "tool-loans.return", ReturnTool(), hers).state == "returned"
    assert group.refusal("caio", "tool-loans.return", ReturnTool(), hers) is STATE_CONFLICT


def test_a_tool_that_is_withdrawn_is_lent_no_more() -> None:
    group, tool = sharing()
    hers = book(group, "bia", tool, "2027-03-02", "2027-03-02")
    shown = group.do("ana", "tools.withdraw", WithdrawTool(), tool)
    assert (shown.state, shown.calendar) == ("withdrawn", ())
    assert group.view("bia", "tool-loans.show", hers).state == "cancelled"
    assert group.refusal("bia", "tool-loans.book", wish(tool, "2027-03-02", "2027-03-02")) is STATE_CONFLICT
    assert group.refusal("ana", "tools.keep", KeepTool("bia"), tool) is STATE_CONFLICT
    group.pass_time(group.now + 7 * DAY_MS)
    assert group.view("bia", "tool-loans.show", hers).state == "cancelled", "time does nothing to it any more"


def test_loans_are_seen_by_borrower_and_keeper_and_calendars_by_all() -> None:
    group, tool = sharing()
    hers = book(group, "bia", tool, "2027-03-02", "2027-03-02")
    assert group.view("caio", "tool-loans.show", hers).reason is NOT_FOUND

    def listed(who: str, **wanted: Any) -> int:
        found = group.list(who, "tool-loans.list", ToolLoansWanted(**wanted))
        assert isinstance(found, list)
        return len(found)

    name = parse_uuid(tool)
    assert [listed(who) for who in ("ana", "bia", "caio", "steward")] == [1, 1, 0, 1]
    assert [listed(who, tool=name) for who in ("ana", "bia", "caio", "steward")] == [1, 1, 0, 1]
    assert listed("steward", tool=bytes(16)) == 0
    assert calendar(group, tool) == [("02 00", "03 00", "bia")]
    tools = group.list("caio", "tools.list", ToolsWanted())
    assert isinstance(tools, list) and [(one.title, one.days) for one in tools] == [("Cement mixer", 3)]


def test_what_waits_for_borrower_keeper_and_those_who_coordinate() -> None:
    group, tool = sharing()

    def errands(who: str, span: ErrandSpan = ErrandSpan.TODAY) -> list[tuple[str, str, int | None]]:
        found = group.list(who, "errands.list", ErrandsWanted(span))
        assert isinstance(found, list)
        return [(one.sentence, one.who, one.count) for one in found if one.sentence.startswith("tool")]

    hers = book(group, "bia", tool, "2027-03-02T09:00:00Z", "2027-03-03T18:00:00Z")
    assert errands("ana") == [], "more than a day away"
    group.pass_time(MONDAY + DAY_MS)
    assert errands("ana") == [("tool-loans.to_hand_out", "bia", None)]
    group.do("ana", "tool-loans.hand-out", HandOutTool(), hers)
    assert errands("ana") == [] == errands("bia")
    group.pass_time(MONDAY + 2 * DAY_MS)
    assert errands("bia") == [("tool-loans.to_bring_back", "Cement mixer", None)]
    group.pass_time(MONDAY + 3 * DAY_MS)
    assert errands("bia") == [("tool-loans.to_bring_back", "Cement mixer", 1)]
    assert errands("ana") == [("tool-loans.late", "bia", 1)] == errands("steward", ErrandSpan.WEEK)
    group.do("ana", "tool-loans.return", ReturnTool(True), hers)
    assert errands("ana") == [("tools.damaged", "Cement mixer", None)]
    assert errands("steward", ErrandSpan.WEEK) == []
    group.leave("ana")
    assert errands("steward", ErrandSpan.WEEK) == [("tools.unkept", "Cement mixer", None)]


FAULTY = [
    ({"until": "2027-02-30"}, MALFORMED),
    ({"until": "2027-03-01T07:00:00Z"}, MALFORMED),
    ({"since": "2027-03-03"}, MALFORMED),
    ({"since": "tomorrow"}, MALFORMED),
    ({"since": "2028-03-01", "until": "2028-03-02"}, MALFORMED),
    ({"tool": bytes(16)}, NOT_FOUND),
    ({"borrower": "dora"}, MEMBER_UNKNOWN),
    ({"borrower": "caio"}, FORBIDDEN),
]


@pytest.mark.parametrize(("changed", "reason"), FAULTY)
def test_a_booking_that_cannot_be(changed: dict[str, Any], reason: Any) -> None:
    group, tool = sharing()
    before = snapshot(group.book)
    assert group.refusal("bia", "tool-loans.book", replace(wish(tool, None, "2027-03-02"), **changed)) is reason
    assert snapshot(group.book) == before


def test_a_tool_that_cannot_be_shared() -> None:
    group, tool = sharing()
    for changed, reason in (
        ({"title": " "}, MALFORMED),
        ({"title": "a\u0301"}, TEXT_NOT_NFC),
        ({"keeper": "bia"}, FORBIDDEN),
        ({"keeper": "dora"}, MEMBER_UNKNOWN),
    ):
        assert group.refusal("ana", "tools.share", replace(ShareTool("Saw"), **changed)) is reason
    assert group.do("steward", "tools.share", ShareTool("Saw", keeper="caio")).keeper == "caio"
    assert group.refusal("ana", "tools.keep", KeepTool("dora"), tool) is MEMBER_UNKNOWN
    assert group.refusal("ana", "tools.keep", KeepTool("ana"), tool) is DUPLICATE


def test_what_no_node_takes_of_tools() -> None:
    group, name = sharing()
    tool, ana, bia = parse_uuid(name) or b"", group.member("ana").id, group.member("bia").id
    assert group.check(ToolShared(tool, ana, "Saw", 1)) is DUPLICATE
    assert group.check(ToolShared(bytes(16), "X", "Saw", 1)) is MEMBER_UNKNOWN
    for of_tool in (ToolKept(bytes(16), ana), ToolMended(bytes(16)), ToolWithdrawn(bytes(16))):
        assert group.check(of_tool) is NOT_FOUND
    lends = (ToolLoanCancelled, ToolLoanLapsed, ToolHandedOut)
    for of_loan in (*(one(bytes(16)) for one in lends), ToolReturned(bytes(16), damaged=False, note=None)):
        assert group.check(of_loan) is NOT_FOUND
    fine = ToolBooked(bytes(16), tool, bia, group.now, group.now + HOUR_MS)
    assert group.check(fine) is None
    assert group.check(replace(fine, until_ms=fine.since_ms)) is MALFORMED
    assert group.check(replace(fine, tool=bytes(16))) is NOT_FOUND
    assert group.check(replace(fine, borrower="X")) is MEMBER_UNKNOWN
    assert group.check(replace(fine, until_ms=group.now + 3 * DAY_MS + HOUR_MS)) is None, "clocks are put back"
    assert group.check(replace(fine, until_ms=group.now + 3 * DAY_MS + HOUR_MS + 1)) is TOOL_DAYS
    loan = parse_uuid(book(group, "bia", name, None, "2027-03-01")) or b""
    assert group.check(replace(fine, loan=loan)) is DUPLICATE
    assert group.check(fine) is TOOL_BOOKED
    assert group.check(ToolLoanLapsed(loan)) is STATE_CONFLICT, "its time is not over"
    assert group.check(ToolReturned(loan, damaged=False, note=None)) is STATE_CONFLICT, "nobody has it"
    group.do("steward", "members.suspend", Suspend(), "bia")
    assert group.check(ToolHandedOut(loan)) is MEMBER_NOT_ACTIVE
    later = group.now + 2 * DAY_MS
    assert group.check(replace(fine, since_ms=later, until_ms=later + 1)) is MEMBER_NOT_ACTIVE
    assert group.check(ToolKept(tool, bia)) is MEMBER_NOT_ACTIVE


def test_a_tool_has_200_bookings_at_most() -> None:
    group, name = sharing()
    tool, bia = parse_uuid(name) or b"", group.member("bia").id
    for number in range(TOOL_BOOKINGS_MAX):
        since = group.now + number * HOUR_MS
        write(group, ToolBooked(number.to_bytes(16, "big"), tool, bia, since, since + HOUR_MS))
    after = group.now + TOOL_BOOKINGS_MAX * HOUR_MS
    assert group.check(ToolBooked(b"x" * 16, tool, bia, after, after + HOUR_MS)) is STATE_CONFLICT


def test_what_overlaps_is_seen() -> None:
    group, name = sharing()
    for day in ("2027-03-02", "2027-03-03"):
        book(group, "bia", name, day, day)
    assert overlapping(group.book) is None
    first, second = group.book.rows(TOOL_LOANS).values()
    second.since_ms = first.since_ms
    assert overlapping(group.book) == f"tool {next(iter(group.book.rows(TOOLS))).hex()} is booked twice at one hour"


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(1, 30), st.integers(0, 5)), max_size=12))
def test_whatever_is_asked_no_two_loans_take_the_same_hour(asked: list[tuple[int, int, int]]) -> None:
    group, name = sharing()
    tool, bia = parse_uuid(name) or b"", group.member("bia").id
    taken: set[int] = set()
    for number, (first, length, act) in enumerate(asked):
        since = group.now + first * HOUR_MS
        body = ToolBooked(number.to_bytes(16, "big"), tool, bia, since, since + length * HOUR_MS)
        hours = set(range(first, first + length))
        reason = group.check(body)
        assert (reason is TOOL_BOOKED) == bool(hours & taken)
        if reason is None:
            write(group, body)
            taken |= hours
            if act == 0:
                group.do("bia", "tool-loans.cancel", CancelToolLoan(), uuid_text(body.loan))
                taken -= hours
        assert overlapping(group.book) is None
