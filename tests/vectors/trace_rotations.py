# SPDX-License-Identifier: AGPL-3.0-or-later
"""What rotating work says to a ledger: days told, confirmed and denied, and what every node refuses of them."""

from riacho import Riacho, hora

from protocol.book.signed import parse_uuid
from protocol.practices.credit.rotations.entries import (
    ConfirmDay,
    DayConfirmed,
    DayDenied,
    DayWorked,
    RotationFounded,
    RotationJoined,
)
from protocol.practices.credit.rotations.views import DenyDay, FoundRotation, JoinRotation, TellDay

NOTHING = bytes(16)
NOBODY = "X" * 16


def rotations(told: Riacho) -> None:
    """Two who save work for each other too; a day is denied."""
    name = told.do("rotations.create", FoundRotation("Fields", "HORA", hora(8_00)), who="alda").id
    for handle in ("alda", "wila"):
        told.do("rotations.join", JoinRotation(), name, handle)
    rotation, alda, wila = _id(name), told.id_of("alda"), told.id_of("wila")
    said = told.said(RotationFounded)
    told.refuse("a rotation that there is", said, "DUPLICATE")
    for currency, code in (("NADA", "CURRENCY_UNKNOWN"), ("SOL", "CURRENCY_CLOSED")):
        told.refuse(f"a rotation in {currency}", RotationFounded(NOTHING, "Fields", currency, 1), code)
    told.refuse("who takes part in no rotation", RotationJoined(NOTHING, alda), "NOT_FOUND")
    told.refuse("nobody takes part", RotationJoined(rotation, NOBODY), "MEMBER_UNKNOWN")
    told.refuse("who takes part twice", RotationJoined(rotation, alda), "DUPLICATE")
    told.refuse("who has left takes part", RotationJoined(rotation, told.id_of("tereza")), "MEMBER_NOT_ACTIVE")
    days = [told.do("work-days.tell", TellDay(rotation, "wila"), who="alda").id for _ in range(2)]
    fine = DayWorked(NOTHING, rotation, alda, wila)
    told.refuse("a day of no rotation", DayWorked(NOTHING, NOTHING, alda, wila), "NOT_FOUND")
    told.refuse("a day that there is", DayWorked(_id(days[0]), rotation, alda, wila), "DUPLICATE")
    told.refuse("a day for who takes no part", DayWorked(NOTHING, rotation, alda, told.id_of("ana")), "MEMBER_UNKNOWN")
    told.refuse("a day for oneself", DayWorked(NOTHING, rotation, alda, alda), "SAME_ACCOUNT")
    told.accept("a day worked", fine)
    told.refuse("no day, confirmed", DayConfirmed(None, ConfirmDay(NOTHING, wila)), "NOT_FOUND")
    told.refuse("a day that nobody confirms", DayConfirmed(None, ConfirmDay(_id(days[0]), NOBODY)), "MEMBER_UNKNOWN")
    told.refuse("a day that its worker confirms", DayConfirmed(None, ConfirmDay(_id(days[0]), alda)), "FORBIDDEN")
    bia = told.id_of("bia")
    told.refuse("a day that somebody else confirms", DayConfirmed(None, ConfirmDay(_id(days[0]), bia)), "FORBIDDEN")
    told.do("work-days.confirm", ConfirmDay(_id(days[0])), days[0], "wila")
    told.refuse("a day confirmed twice", DayConfirmed(None, ConfirmDay(_id(days[0]), wila)), "STATE_CONFLICT")
    told.do("work-days.deny", DenyDay(), days[1], "wila")
    told.refuse("a day denied twice", DayDenied(_id(days[1])), "STATE_CONFLICT")
    told.refuse("no day, denied", DayDenied(NOTHING), "NOT_FOUND")


def _id(name: str) -> bytes:
    found = parse_uuid(name)
    assert found is not None
    return found
