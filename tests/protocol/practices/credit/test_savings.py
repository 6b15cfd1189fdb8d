# SPDX-License-Identifier: AGPL-3.0-or-later
"""Savings groups: shares, loans and charges by the sheets of meetings, which count once the key-holders have signed."""

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
    MALFORMED,
    MEMBER_NOT_ACTIVE,
    MEMBER_UNKNOWN,
    NOT_FOUND,
    STATE_CONFLICT,
    Refused,
)
from protocol.book.signed import parse_uuid
from protocol.book.wishes import Brought
from protocol.practices.credit.savings.entries import (
    CycleOpened,
    GroupFounded,
    JoinSavings,
    MeetingHeld,
    SavingsRow,
    SheetNoted,
    SignSheet,
    meeting_id,
)
from protocol.practices.credit.savings.printed import BLANK_STYLE, BlankSheetWanted, page_of_blank
from protocol.practices.credit.savings.refusals import (
    CYCLE_NOT_CLEAR,
    GROUP_FUND_SHORT,
    KEYS_MISSING,
    SAVER_UNKNOWN,
    SHEET_ROW_WRONG,
)
from protocol.practices.credit.savings.state import GROUPS, SAVINGS
from protocol.practices.credit.savings.views import SavingsGroupsWanted, SavingsMeetingsWanted
from protocol.practices.credit.savings.wishes import FoundGroup, HoldMeeting, NoteSheet, OpenCycle, RowTold
from protocol.practices.governance.errands import ErrandSpan, ErrandsWanted
from protocol.practices.people.members.views import SetLimits, Suspend
from tests.protocol.practices.desk import DAY_MS, Group, copy_of, keys_of, snapshot

HOLDERS = ("ana", "bia", "caio")
SAVERS = (*HOLDERS, "dora")


def hours(minor: int) -> Amount:
    return Amount(minor, "HORA", 2)


def founded(**changed: Any) -> tuple[Group, str]:
    """Return a group of four who save, shares of 10.00, a charge of 10%; three hold the keys, dora holds none."""
    group = Group()
    group.currency(limit=2_000_00)
    group.admit(*HOLDERS)
    group.admit("dora", custodial=True)
    told = {"shares_max": 40, "key_holders": HOLDERS, "due_after": 1, **changed}
    shown = group.do("ana", "savings-groups.create", FoundGroup("Tuesday", "HORA", hours(10_00), **told))
    for handle in SAVERS:
        join(group, shown.id, handle)
    group.do("ana", "savings-groups.open", OpenCycle(), shown.id)
    return group, shown.id


def join(group: Group, name: str, handle: str, most: Amount | None = None) -> Any:
    wish = JoinSavings(parse_uuid(name) or b"", most)
    if handle != "dora":
        wish = Brought(group.sign("savings-groups.join", wish, keys_of(handle)))
    return group.do(handle, "savings-groups.join", wish, name)


def sheet(name: str, number: int, *rows: RowTold, share_out: bool = False) -> NoteSheet:
    return NoteSheet(parse_uuid(name) or b"", number, rows, share_out)


def sign(group: Group, meeting: str, handle: str) -> Any:
    wish = SignSheet(parse_uuid(meeting) or b"")
    signed = Brought(group.sign("savings-meetings.sign", wish, keys_of(handle)))
    return group.ask(handle, "savings-meetings.sign", signed, meeting)


def hold(group: Group, name: str, number: int, *rows: RowTold, share_out: bool = False) -> Any:
    """Type in a sheet, let all three key-holders sign it, and book it."""
    meeting = group.do("ana", "savings-meetings.create", sheet(name, number, *rows, share_out=share_out)).id
    for handle in HOLDERS:
        assert not isinstance(sign(group, meeting, handle), Refused)
    return group.do("ana", "savings-meetings.hold", HoldMeeting(), meeting)


def saved(group: Group, name: str) -> None:
    """Let four buy 40, 30, 20 and 10 shares at 10.00, and pay 75.00 into the social fund."""
    rows = [RowTold(handle, shares) for handle, shares in zip(SAVERS, (40, 30, 20, 10), strict=True)]
    hold(group, name, 1, replace(rows[0], social=hours(70_00), fine=hours(5_00)), *rows[1:])


def funds(group: Group) -> int:
    return group.book.ledger.accounts[SAVINGS.of("HORA")].balance_minor


@pytest.fixture
def tuesday() -> tuple[Group, str]:
    return founded()


def test_a_loan_fund_of_1_000_and_charges_of_130_are_shared_out_as_452_339_226_113(tuesday: tuple[Group, str]) -> None:
    group, name = tuesday
    saved(group, name)
    shown = group.view("ana", "savings-groups.show", name)
    assert (shown.loan_fund, shown.social_fund, shown.shares) == (hours(1_000_00), hours(75_00), 100)
    hold(group, name, 2, RowTold("bia", lent=hours(800_00)))
    assert group.balance("bia") == -300_00 + 800_00
    hold(group, name, 3, RowTold("bia", repaid=hours(880_00)), RowTold("dora", lent=hours(500_00)))
    # dora's loan is open: 500.00 and 50.00 of charge.
    last = sheet(name, 4, share_out=True)
    refused = group.ask("ana", "savings-meetings.create", last)
    assert refused.reason is CYCLE_NOT_CLEAR
    assert refused.figures == {"balance": 550_00, "loans": 1, "currency": "HORA"}
    before = {handle: group.balance(handle) for handle in SAVERS}
    ended = hold(group, name, 4, RowTold("dora", repaid=hours(550_00)), share_out=True)
    brought = {handle: group.balance(handle) - before[handle] for handle in SAVERS}
    assert brought == {"ana": 452_00, "bia": 339_00, "caio": 226_00, "dora": 113_00 - 550_00}
    assert {one.member: one.amount.value for one in ended.shared} == {
        "ana": 452_00,
        "bia": 339_00,
        "caio": 226_00,
        "dora": 113_00,
    }
    shown = group.view("ana", "savings-groups.show", name)
    assert (shown.state, shown.loan_fund, shown.social_fund, shown.shares) == ("closed", hours(0), hours(75_00), 0)
    assert funds(group) == 75_00, "the social fund stays"
    assert sum(group.book.ledger.sums().values()) == 0
    assert snapshot(copy_of(group.written)) == snapshot(group.book)


def test_the_second_key_missing(tuesday: tuple[Group, str]) -> None:
    group, name = tuesday
    meeting = group.do("dora", "savings-meetings.create", sheet(name, 1, RowTold("ana", 1))).id
    sign(group, meeting, "ana")
    refused = group.ask("ana", "savings-meetings.hold", HoldMeeting(), meeting)
    assert refused.reason is KEYS_MISSING
    assert refused.figures == {"needed": 3, "signed": 1, "missing": 2, "who": "bia, caio"}
    assert sign(group, meeting, "ana").reason is DUPLICATE
    sign(group, meeting, "bia")
    assert group.refusal("ana", "savings-meetings.hold", HoldMeeting(), meeting) is KEYS_MISSING
    assert group.check(MeetingHeld(parse_uuid(meeting) or b"")) is KEYS_MISSING, "no operator books it alone"
    assert funds(group) == 0
    sign(group, meeting, "caio")
    group.do("ana", "savings-meetings.hold", HoldMeeting(), meeting)
    assert funds(group) == 10_00


def test_two_of_three_keys_do_where_the_group_has_said_so() -> None:
    group, name = founded(keys_needed=2)
    meeting = group.do("ana", "savings-meetings.create", sheet(name, 1, RowTold("ana", 1))).id
    sign(group, meeting, "ana")
    assert group.refusal("ana", "savings-meetings.hold", HoldMeeting(), meeting) is KEYS_MISSING
    sign(group, meeting, "caio")
    assert group.do("ana", "savings-meetings.hold", HoldMeeting(), meeting).state == "held"


def test_who_holds_no_key_signs_nothing(tuesday: tuple[Group, str]) -> None:
    group, name = tuesday
    meeting = group.do("ana", "savings-meetings.create", sheet(name, 1, RowTold("ana", 1))).id
    wish = SignSheet(parse_uuid(meeting) or b"")
    assert group.refusal("dora", "savings-meetings.sign", wish, meeting) is FORBIDDEN
    assert group.refusal("steward", "savings-meetings.sign", replace(wish, member="ana"), meeting) is FORBIDDEN
    stranger = Brought(
        group.sign("savings-meetings.sign", replace(wish, member=group.member("ana").id), keys_of("bia"))
    )
    assert group.refusal("bia", "savings-meetings.sign", stranger, meeting) is FORBIDDEN
    other = SignSheet(bytes(16))
    assert group.refusal("dora", "savings-meetings.sign", other, meeting) is NOT_FOUND


def test_a_sheet_typed_in_twice_is_one_and_another_takes_its_place(tuesday: tuple[Group, str]) -> None:
    group, name = tuesday
    first = group.do("ana", "savings-meetings.create", sheet(name, 1, RowTold("ana", 1)))
    written = len(group.written)
    assert group.do("bia", "savings-meetings.create", sheet(name, 1, RowTold("ana", 1))) == first
    assert len(group.written) == written
    sign(group, first.id, "ana")
    second = group.do("ana", "savings-meetings.create", sheet(name, 1, RowTold("ana", 2)))
    assert second.id != first.id and second.signed == ()
    assert group.view("ana", "savings-meetings.show", first.id).state == "dropped"
    assert sign(group, first.id, "bia").reason is STATE_CONFLICT
    again = group.do("ana", "savings-meetings.create", sheet(name, 1, RowTold("ana", 1)))
    assert (again.id, again.state, again.signed) == (first.id, "noted", ())
    for handle in HOLDERS:
        sign(group, again.id, handle)
    held = group.do("ana", "savings-meetings.hold", HoldMeeting(), again.id)
    assert group.do("ana", "savings-meetings.create", sheet(name, 1, RowTold("ana", 1))) == held
    assert funds(group) == 10_00
    assert group.refusal("ana", "savings-meetings.create", sheet(name, 1, RowTold("ana", 3))) is STATE_CONFLICT
    assert group.refusal("ana", "savings-meetings.hold", HoldMeeting(), held.id) is STATE_CONFLICT
    listed = group.list("ana", "savings-meetings.list", SavingsMeetingsWanted(parse_uuid(name) or b""))
    assert isinstance(listed, list)
    assert [one.state for one in listed] == ["held", "dropped"]
    assert snapshot(copy_of(group.written)) == snapshot(group.book)


WRONG = [
    ("a stranger", RowTold("nobody", 1), "member"),
    ("too many shares", RowTold("bia", 41), "shares"),
    ("below zero", RowTold("bia", social=hours(-1)), "social"),
    ("another currency", RowTold("bia", fine=Amount(1, "FLOR", 2)), "fine"),
    ("too many decimals", RowTold("bia", lent=Amount(1, "HORA", 3)), "lent"),
    ("more paid back than is owed", RowTold("bia", repaid=hours(1)), "repaid"),
    ("nothing to write off", RowTold("bia", written_off=True), "written_off"),
    ("told twice", RowTold("ana", 1), "member"),
    ("beyond the account's limit", RowTold("bia", social=hours(2_000_01)), "what is paid"),
]


@pytest.mark.parametrize(("row", "field"), [one[1:] for one in WRONG], ids=[one[0] for one in WRONG])
def test_the_row_that_is_wrong_is_told_and_nothing_is_taken(
    tuesday: tuple[Group, str], row: RowTold, field: str
) -> None:
    group, name = tuesday
    refused = group.ask("ana", "savings-meetings.create", sheet(name, 1, RowTold("ana", 1), row))
    assert refused.reason is SHEET_ROW_WRONG
    assert (refused.figures["row"], refused.figures["member"], refused.figures["field"]) == (2, row.member, field)
    assert group.view("ana", "savings-groups.show", name).noted is None


def test_no_second_loan_before_the_first_is_paid_back_and_none_at_the_share_out(tuesday: tuple[Group, str]) -> None:
    group, name = tuesday
    saved(group, name)
    ends = group.ask("ana", "savings-meetings.create", sheet(name, 2, RowTold("bia", lent=hours(1_00)), share_out=True))
    assert (ends.reason, ends.figures["field"]) == (SHEET_ROW_WRONG, "lent")
    hold(group, name, 2, RowTold("bia", lent=hours(100_00)))
    more = group.ask("ana", "savings-meetings.create", sheet(name, 3, RowTold("bia", lent=hours(1_00))))
    assert more.figures["expected"] == "nothing, until 110.00 are paid back"
    hold(group, name, 3, RowTold("bia", repaid=hours(110_00), lent=hours(50_00)))
    [owing] = [one for one in group.view("ana", "savings-groups.show", name).savers if one.member == "bia"]
    assert (owing.owes, owing.due, owing.late) == (hours(55_00), 4, False)
    assert group.view("ana", "savings-groups.show", name).charges == hours(10_00)


def test_a_fund_lends_and_grants_what_it_has_and_no_other_groups_money(tuesday: tuple[Group, str]) -> None:
    group, name = tuesday
    saved(group, name)
    other = group.do("ana", "savings-groups.create", FoundGroup("Friday", "HORA", hours(1_00), HOLDERS)).id
    for handle in HOLDERS:
        join(group, other, handle)
    group.do("ana", "savings-groups.open", OpenCycle(), other)
    lend = group.ask("ana", "savings-meetings.create", sheet(other, 1, RowTold("ana", 1, lent=hours(1_01))))
    assert lend.reason is GROUP_FUND_SHORT
    assert lend.figures == {"fund": "loan fund", "available": 1_00, "missing": 1, "currency": "HORA"}
    granted = RowTold("ana", social=hours(2_00), granted=hours(2_01))
    assert group.refusal("ana", "savings-meetings.create", sheet(other, 1, granted)) is GROUP_FUND_SHORT
    hold(group, other, 1, RowTold("ana", 1, lent=hours(1_00)))
    listed = group.list("dora", "savings-groups.list", SavingsGroupsWanted())
    assert isinstance(listed, list)
    assert [one.title for one in listed] == ["Tuesday", "Friday"]
    shown = group.view("dora", "savings-groups.show", other)
    assert shown.savers == () and shown.loan_fund == hours(0), "terms for all, names for its own"
    assert group.view("steward", "savings-groups.show", other).savers != ()
    wish = sheet(other, 2)
    assert group.refusal("dora", "savings-meetings.create", wish) is FORBIDDEN


def test_a_meeting_takes_no_more_of_an_account_than_its_member_has_agreed_to(tuesday: tuple[Group, str]) -> None:
    group, name = tuesday
    join(group, name, "dora", hours(10_00))
    refused = group.ask("ana", "savings-meetings.create", sheet(name, 1, RowTold("dora", 1, social=hours(1))))
    assert (refused.reason, refused.figures["expected"]) == (SHEET_ROW_WRONG, "at most 10.00 in all, as was agreed")
    body = group.book.rows(GROUPS)[parse_uuid(name) or b""]
    rows = (SavingsRow(group.member("dora").id, 2, 0, 0, 0, 0, 0, False),)
    forged = SheetNoted(meeting_id(body.id, body.cycle, 1, rows, share_out=False), body.id, body.cycle, 1, rows, False)
    assert group.check(forged) is SHEET_ROW_WRONG, "every node sees to it"
    hold(group, name, 1, RowTold("dora", 1))


def test_what_a_leaver_has_saved_goes_to_the_commons_and_what_it_owes_is_written_off(
    tuesday: tuple[Group, str],
) -> None:
    group, name = tuesday
    saved(group, name)
    hold(group, name, 2, RowTold("dora", lent=hours(100_00)))
    group.leave("dora")
    assert group.balance("commons") == 0, "10 shares for 100.00, and 100.00 lent"
    assert group.refusal("ana", "savings-meetings.create", sheet(name, 3, RowTold("dora", 1))) is MEMBER_NOT_ACTIVE
    assert group.refusal("ana", "savings-meetings.create", sheet(name, 3, share_out=True)) is CYCLE_NOT_CLEAR
    hold(group, name, 3, RowTold("dora", written_off=True), share_out=True)
    assert group.balance("commons") == 90_00, "a tenth of the 900.00 that are left"
    assert group.balance("ana") == -475_00 + 360_00 and group.balance("dora") == 0


def test_where_a_key_holder_has_left_the_others_keys_do(tuesday: tuple[Group, str]) -> None:
    group, name = tuesday
    group.leave("caio")
    meeting = group.do("ana", "savings-meetings.create", sheet(name, 1, RowTold("ana", 1))).id
    sign(group, meeting, "ana")
    assert group.refusal("ana", "savings-meetings.hold", HoldMeeting(), meeting) is KEYS_MISSING
    sign(group, meeting, "bia")
    group.do("ana", "savings-meetings.hold", HoldMeeting(), meeting)


def test_a_limit_that_fell_meanwhile_stops_the_booking_with_its_row(tuesday: tuple[Group, str]) -> None:
    group, name = tuesday
    meeting = group.do("ana", "savings-meetings.create", sheet(name, 1, RowTold("ana"), RowTold("bia", 3))).id
    for handle in HOLDERS:
        sign(group, meeting, handle)
    group.do("steward", "members.set-limits", SetLimits(credit_limit=hours(20_00)), "bia")
    refused = group.ask("ana", "savings-meetings.hold", HoldMeeting(), meeting)
    assert (refused.reason, refused.figures["row"]) == (SHEET_ROW_WRONG, 2)
    assert refused.figures["expected"] == "at most 20.00, by the limit of the account"
    group.do("steward", "members.suspend", Suspend(), "bia")
    assert group.refusal("ana", "savings-meetings.hold", HoldMeeting(), meeting) is MEMBER_NOT_ACTIVE


def test_who_may_found_join_and_open() -> None:
    group = Group()
    group.currency()
    group.admit(*HOLDERS)
    group.admit("dora", custodial=True)
    wish = FoundGroup("Tuesday", "HORA", hours(1_00), HOLDERS)
    for changed, reason in (
        ({"title": " "}, MALFORMED),
        ({"currency": "FLOR"}, CURRENCY_UNKNOWN),
        ({"share": hours(0)}, AMOUNT_NOT_POSITIVE),
        ({"charge": "ten"}, MALFORMED),
        ({"key_holders": ("ana", "bia", "nobody")}, MEMBER_UNKNOWN),
        ({"key_holders": ("ana", "bia", "bia")}, MALFORMED),
        ({"key_holders": ("ana", "bia")}, MALFORMED),
    ):
        assert group.refusal("ana", "savings-groups.create", replace(wish, **changed)) is reason, changed
    name = group.do("ana", "savings-groups.create", wish).id
    assert group.refusal("ana", "savings-groups.open", OpenCycle(), name) is SAVER_UNKNOWN, "nobody has joined"
    assert group.refusal("dora", "savings-groups.open", OpenCycle(), name) is FORBIDDEN
    told = JoinSavings(parse_uuid(name) or b"", member="ana")
    assert group.refusal("steward", "savings-groups.join", told, name) is FORBIDDEN, "ana has a key of her own"
    assert group.refusal("dora", "savings-groups.join", replace(told, member=None, most=hours(0)), name) is (
        AMOUNT_NOT_POSITIVE
    )
    for handle in HOLDERS:
        join(group, name, handle)
    assert group.refusal("ana", "savings-meetings.create", sheet(name, 1)) is STATE_CONFLICT, "no cycle is open"
    group.do("ana", "savings-groups.open", OpenCycle(), name)
    assert group.refusal("ana", "savings-groups.open", OpenCycle(), name) is STATE_CONFLICT
    assert group.refusal("ana", "savings-meetings.create", sheet(name, 1, RowTold("dora", 1))) is SAVER_UNKNOWN
    assert group.refusal("ana", "savings-groups.open", OpenCycle(), "x") is NOT_FOUND
    group.currency("FLOR")
    elis = group.join("elis", custodial=True)
    assert elis.inactive() is not None
    absent = JoinSavings(parse_uuid(name) or b"")
    assert group.refusal("elis", "savings-groups.join", absent, name) is MEMBER_NOT_ACTIVE
    flor = group.do("ana", "savings-groups.create", FoundGroup("Flor", "FLOR", Amount(1, "FLOR", 0), HOLDERS)).id
    assert group.refusal("dora", "savings-groups.join", JoinSavings(parse_uuid(flor) or b""), flor) is ACCOUNT_UNKNOWN


def test_what_no_node_takes_of_another(tuesday: tuple[Group, str]) -> None:
    group, name = tuesday
    kept = group.book.rows(GROUPS)[parse_uuid(name) or b""]
    rows = (SavingsRow(group.member("ana").id, 1, 0, 0, 0, 0, 0, False),)
    noted = SheetNoted(meeting_id(kept.id, kept.cycle, 1, rows, share_out=False), kept.id, kept.cycle, 1, rows, False)
    assert group.check(noted) is None
    assert group.check(replace(noted, meeting=bytes(16))) is MALFORMED
    assert group.check(replace(noted, group=bytes(16))) is NOT_FOUND
    assert group.check(replace(noted, cycle=bytes(16))) is STATE_CONFLICT
    assert group.check(replace(noted, rows=())) is MALFORMED, "the id follows from the rows"
    assert group.check(MeetingHeld(bytes(16))) is NOT_FOUND
    assert group.check(CycleOpened(bytes(16), bytes(16))) is NOT_FOUND
    assert group.check(kept.said) is DUPLICATE
    other = replace(kept.said, group=bytes(16))
    assert (
        isinstance(other, GroupFounded) and group.check(replace(other, key_holders=("X", "Y", "Z"))) is MEMBER_UNKNOWN
    )


def test_a_closed_currency_saves_nothing(tuesday: tuple[Group, str]) -> None:
    group, name = tuesday
    group.book.currencies["HORA"].closed = True
    assert group.refusal("ana", "savings-meetings.create", sheet(name, 1, RowTold("ana", 1))) is CURRENCY_CLOSED


def errands(group: Group, who: str, span: ErrandSpan) -> list[tuple[str, str, int | None]]:
    listed = group.list(who, "errands.list", ErrandsWanted(span))
    assert isinstance(listed, list)
    return [(one.sentence, one.verb, one.count) for one in listed if one.sentence.startswith("savings")]


def test_what_waits_for_members_and_for_who_coordinates() -> None:
    group, name = founded(every_days=30)
    assert errands(group, "steward", ErrandSpan.WEEK) == [] == errands(group, "dora", ErrandSpan.TODAY)
    saved(group, name)
    hold(group, name, 2, RowTold("bia", lent=hours(100_00)))
    group.pass_time(group.now + 25 * DAY_MS)
    assert errands(group, "steward", ErrandSpan.WEEK) == [("savings-groups.meets", "savings-meetings.create", 3)]
    assert errands(group, "bia", ErrandSpan.TODAY) == [("savings-groups.loan_due", "savings-groups.show", None)]
    assert errands(group, "dora", ErrandSpan.TODAY) == [("savings-groups.share_due", "savings-groups.show", None)]
    meeting = group.do("dora", "savings-meetings.create", sheet(name, 3)).id
    assert errands(group, "ana", ErrandSpan.TODAY)[0] == ("savings-groups.to_sign", "savings-meetings.sign", 3)
    for handle in HOLDERS:
        sign(group, meeting, handle)
    group.do("ana", "savings-meetings.hold", HoldMeeting(), meeting)
    assert errands(group, "steward", ErrandSpan.WEEK) == [("savings-groups.late", "savings-groups.show", 1)]


def test_the_sheet_to_print_has_a_row_for_each_member(tuesday: tuple[Group, str]) -> None:
    group, name = tuesday
    saved(group, name)
    hold(group, name, 2, RowTold("bia", lent=hours(100_00)))
    operation = group.operations["savings-sheets.blank"]
    shown = operation.view(group.desk(group.actor("dora")), BlankSheetWanted(parse_uuid(name) or b""))  # type: ignore[union-attr, call-arg]
    page = page_of_blank(shown)
    assert shown.number == 3 and "meeting 3" in page
    assert "<tr><td>bia<td>30<td>110.00<td>3<td" in page.replace("</td>", "")
    assert page.count("<tr>") == 1 + len(SAVERS) + 1 and "A4" in BLANK_STYLE
    group.admit("elis", custodial=True)
    view = operation.view(group.desk(group.actor("elis")), BlankSheetWanted(parse_uuid(name) or b""))  # type: ignore[union-attr, call-arg]
    assert isinstance(view, Refused) and view.reason is FORBIDDEN
