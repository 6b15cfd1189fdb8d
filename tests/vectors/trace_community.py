# SPDX-License-Identifier: AGPL-3.0-or-later
"""What care and shared tools say to a ledger, which moves no balance, and what every node refuses of them."""

from dataclasses import replace

from riacho import DAY_MS, Riacho

from protocol.book.signed import parse_uuid, uuid_text
from protocol.practices.market.care.entries import CareConfirmed, CareDenied, CareGiven
from protocol.practices.market.care.views import ConfirmCare, DenyCare, GiveCare
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
from protocol.practices.market.tools.state import CLOCK_CHANGE_MS
from protocol.practices.market.tools.views import (
    CancelToolLoan,
    HandOutTool,
    KeepTool,
    MendTool,
    ReturnTool,
    ShareTool,
    WithdrawTool,
)

NOTHING = bytes(16)
NOBODY = "X" * 16
GIVER, RECEIVER, LEFT = "alda", "wila", "tereza"
HOUR_MS = DAY_MS // 24


def community(told: Riacho) -> None:
    """Two members care for each other, and share a tool that comes back damaged."""
    _care(told)
    _tools(told)


def _id(name: str) -> bytes:
    found = parse_uuid(name)
    assert found is not None
    return found


def _care(told: Riacho) -> None:
    giver, receiver, left = (told.id_of(one) for one in (GIVER, RECEIVER, LEFT))
    cares = [told.do("care.give", GiveCare(RECEIVER, hours), who=GIVER).id for hours in ("12", "1.5")]
    first, second = map(_id, cares)
    fine = CareGiven(NOTHING, giver, receiver, 1, None)
    told.accept("care given", fine)
    told.refuse("care that there is", replace(fine, care=first), "DUPLICATE")
    told.refuse("care that nobody has given", replace(fine, giver=NOBODY), "MEMBER_UNKNOWN")
    told.refuse("care for nobody", replace(fine, receiver=NOBODY), "MEMBER_UNKNOWN")
    told.refuse("care for who has left", replace(fine, receiver=left), "MEMBER_NOT_ACTIVE")
    told.refuse("care for oneself", replace(fine, receiver=giver), "SAME_ACCOUNT")
    told.refuse("no care, confirmed", CareConfirmed(NOTHING), "NOT_FOUND")
    told.refuse("no care, denied", CareDenied(NOTHING), "NOT_FOUND")
    told.do("care.confirm", ConfirmCare(), cares[0], RECEIVER)
    told.refuse("care confirmed twice", CareConfirmed(first), "STATE_CONFLICT")
    told.do("care.deny", DenyCare(), cares[1], RECEIVER)
    told.refuse("care denied twice", CareDenied(second), "STATE_CONFLICT")


def _tools(told: Riacho) -> None:
    keeper, borrower, left = (told.id_of(one) for one in (GIVER, RECEIVER, LEFT))
    name = told.do("tools.share", ShareTool("Cement mixer", 3), who=GIVER).id
    tool, now = _id(name), told.world.now
    shared = told.said(ToolShared)
    told.refuse("a tool that there is", shared, "DUPLICATE")
    told.refuse("a tool that nobody keeps", replace(shared, tool=NOTHING, keeper=NOBODY), "MEMBER_UNKNOWN")
    told.refuse("a tool that who has left keeps", replace(shared, tool=NOTHING, keeper=left), "MEMBER_NOT_ACTIVE")
    for says, of_none in (
        ("kept", ToolKept(NOTHING, keeper)),
        ("mended", ToolMended(NOTHING)),
        ("withdrawn", ToolWithdrawn(NOTHING)),
    ):
        told.refuse(f"no tool, {says}", of_none, "NOT_FOUND")
    told.refuse("a tool kept by who keeps it", ToolKept(tool, keeper), "DUPLICATE")
    told.refuse("a tool kept by nobody", ToolKept(tool, NOBODY), "MEMBER_UNKNOWN")
    told.refuse("a tool mended that is whole", ToolMended(tool), "STATE_CONFLICT")

    since, until = now + 2 * DAY_MS, now + 4 * DAY_MS
    free = ToolBooked(NOTHING, tool, borrower, since, until)
    _times(told, free)
    told.refuse("no tool, booked", replace(free, tool=NOTHING), "NOT_FOUND")
    told.refuse("a tool booked by nobody", replace(free, borrower=NOBODY), "MEMBER_UNKNOWN")
    told.refuse("a tool booked by who has left", replace(free, borrower=left), "MEMBER_NOT_ACTIVE")
    loan = b"l" * 16
    told.write(replace(free, loan=loan))
    told.refuse("a booking that there is", replace(free, loan=loan, since_ms=until, until_ms=until + 1), "DUPLICATE")
    told.accept("a booking from the hour at which another ends", replace(free, since_ms=until, until_ms=until + 1))
    told.refuse("a booking a millisecond before", replace(free, since_ms=until - 1, until_ms=until + 1), "TOOL_BOOKED")
    told.accept("a booking until the hour at which another begins", replace(free, since_ms=now, until_ms=since))
    told.refuse("a booking a millisecond more", replace(free, since_ms=now, until_ms=since + 1), "TOOL_BOOKED")
    _loans(told, loan, free)


def _times(told: Riacho, free: ToolBooked) -> None:
    now = told.world.now
    told.accept("a booking of a millisecond", replace(free, until_ms=free.since_ms + 1))
    told.refuse("a booking of no time", replace(free, until_ms=free.since_ms), "MALFORMED")
    past = replace(free, since_ms=now - HOUR_MS)
    told.accept("a booking that ends in a millisecond", replace(past, until_ms=now + 1))
    told.refuse("a booking that has ended", replace(past, until_ms=now), "MALFORMED")
    far = replace(free, since_ms=now + 365 * DAY_MS, until_ms=now + 366 * DAY_MS)
    told.accept("a booking for in 366 days", far)
    told.refuse("a booking for in 366 days and a millisecond", replace(far, until_ms=far.until_ms + 1), "MALFORMED")
    long = free.since_ms + 3 * DAY_MS + CLOCK_CHANGE_MS
    told.accept("a booking of 3 days on which clocks are put back", replace(free, until_ms=long))
    told.refuse("a booking of more than 3 days", replace(free, until_ms=long + 1), "TOOL_DAYS")


def _loans(told: Riacho, loan: bytes, free: ToolBooked) -> None:
    until = free.until_ms
    for says, body in (
        ("cancelled", ToolLoanCancelled(NOTHING)),
        ("lapsed", ToolLoanLapsed(NOTHING)),
        ("handed out", ToolHandedOut(NOTHING)),
        ("returned", ToolReturned(NOTHING, damaged=False, note=None)),
    ):
        told.refuse(f"no loan, {says}", body, "NOT_FOUND")
    told.accept("a booking that lapses", ToolLoanLapsed(loan), until)
    told.refuse("a booking that lapses a millisecond before", ToolLoanLapsed(loan), "STATE_CONFLICT", until - 1)
    told.accept("a tool handed out in the last millisecond", ToolHandedOut(loan), until - 1)
    told.refuse("a tool handed out when its time is over", ToolHandedOut(loan), "STATE_CONFLICT", until)
    told.accept("a tool withdrawn that is booked", ToolWithdrawn(free.tool))
    told.accept("a booking cancelled", ToolLoanCancelled(loan))
    told.refuse("a tool returned that is not out", ToolReturned(loan, damaged=False, note=None), "STATE_CONFLICT")
    before, after = b"b" * 16, b"a" * 16
    told.write(replace(free, loan=before, since_ms=free.since_ms - HOUR_MS, until_ms=free.since_ms))
    told.refuse("a tool handed out that is booked before", ToolHandedOut(loan), "TOOL_BOOKED")
    told.do("tool-loans.cancel", CancelToolLoan(), uuid_text(before), RECEIVER)
    told.refuse("a booking cancelled twice", ToolLoanCancelled(before), "STATE_CONFLICT")
    told.write(replace(free, loan=after, since_ms=until, until_ms=until + DAY_MS))
    told.do("tool-loans.hand-out", HandOutTool(), uuid_text(loan), GIVER)
    told.refuse("a tool handed out twice", ToolHandedOut(loan), "STATE_CONFLICT")
    told.refuse("a tool handed out that is not back", ToolHandedOut(after), "TOOL_OUT")
    told.refuse("a tool withdrawn that is out", ToolWithdrawn(free.tool), "TOOL_OUT")
    told.do("tool-loans.return", ReturnTool(True), uuid_text(loan), GIVER)
    told.refuse("a tool returned twice", ToolReturned(loan, damaged=False, note=None), "STATE_CONFLICT")
    told.refuse("a damaged tool, handed out", ToolHandedOut(after), "STATE_CONFLICT")
    told.refuse("a damaged tool, booked", replace(free, loan=NOTHING), "STATE_CONFLICT")
    told.do("tools.mend", MendTool(), uuid_text(free.tool), GIVER)
    second = told.world.now + 1_000
    told.write(replace(free, loan=b"s" * 16, since_ms=told.world.now, until_ms=second))
    told.world.tick(2)
    assert told.said(ToolLoanLapsed).loan == b"s" * 16
    told.do("tools.keep", KeepTool(RECEIVER), uuid_text(free.tool), GIVER)
    told.do("tools.withdraw", WithdrawTool(), uuid_text(free.tool), RECEIVER)
    told.refuse("a tool withdrawn twice", ToolWithdrawn(free.tool), "STATE_CONFLICT")
    told.refuse("a tool kept that is withdrawn", ToolKept(free.tool, told.id_of(GIVER)), "STATE_CONFLICT")
