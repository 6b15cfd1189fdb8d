# SPDX-License-Identifier: AGPL-3.0-or-later
"""Care as members see it, how it is told, and what waits to be confirmed."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

from protocol.book.addresses import ADDRESS_CHARS_MAX, resolve_member
from protocol.book.arrivals import since
from protocol.book.declaration import READERS, At, Desk, Doc, Errand, Ref, RowsWanted, TextRef, Urgency
from protocol.book.money import decimal
from protocol.book.personal import NOTE_CHARS_MAX, shown_text
from protocol.book.refusals import NOT_FOUND, Refused, refuse
from protocol.book.signed import parse_uuid, uuid_text
from protocol.practices.market.care.state import (
    CARE,
    CARE_SCALE,
    CARE_UNCONFIRMED_MS,
    CareHours,
    CareKept,
    Carers,
    CareState,
)
from protocol.practices.people.authority import may_see
from protocol.wire.shape import AtMost

CARE_HOURS_CHARS_MAX = 8


@dataclass(frozen=True, slots=True)
class GiveCare:
    """Say how long you have cared for another, without a price; the hours count once that one confirms them."""

    receiver: Annotated[str, AtMost(ADDRESS_CHARS_MAX), Ref("members"), Doc("for whom, by handle")]
    hours: Annotated[str, AtMost(CARE_HOURS_CHARS_MAX), Doc("how many hours, with at most two decimals: 12 or 7.5")]
    note: Annotated[
        str | None, AtMost(NOTE_CHARS_MAX), Doc("what was done; kept outside the ledger, erasable, seen by you both")
    ] = None
    giver: Annotated[str | None, AtMost(ADDRESS_CHARS_MAX), Ref("members"), Doc("who has cared; default: you")] = None


@dataclass(frozen=True, slots=True)
class ConfirmCare:
    """Confirm the care that you were given: its hours count, and you owe nothing."""


@dataclass(frozen=True, slots=True)
class DenyCare:
    """Say that care was not given as it was told; its hours do not count."""


@dataclass(frozen=True, slots=True)
class CareWanted:
    """Care that you have given or received; for those who read all, everybody's."""

    state: Annotated[CareState | None, Doc("only what is in this state")] = None


@dataclass(frozen=True, slots=True)
class CareShown:
    """Care that one member has given another."""

    id: Annotated[str, Doc("its id")]
    giver: Annotated[str, Doc("the handle of who has cared")]
    receiver: Annotated[str, Doc("the handle of for whom")]
    hours: Annotated[str, Doc("how many hours")]
    state: Annotated[CareState, Doc("told: it waits for the receiver; confirmed: it counts; denied: it does not")]
    note: Annotated[TextRef | None, Doc("what was done")]
    told_at: Annotated[At, Doc("when it was told")]


@dataclass(frozen=True, slots=True)
class CareHoursWanted:
    """The hours of care of all who have given some."""


@dataclass(frozen=True, slots=True)
class CareHoursShown:
    """How many hours of care a member has given: all members see that, and no balance changes by it."""

    member: Annotated[str, Doc("the member's handle")]
    given: Annotated[str, Doc("how many hours it has cared for others, as they have confirmed")]
    received: Annotated[str | None, Doc("how many hours others have cared for it; null: not for you to see")]


def view_care(desk: Desk, name: str) -> CareShown | Refused:
    care = desk.book.rows(CARE).get(parse_uuid(name) or b"")
    if care is None or not may_see(desk.actor, care.giver, care.receiver):
        return refuse(NOT_FOUND)
    return _shown(desk, care)


def view_cares(desk: Desk, wanted: CareWanted, after: int, limit: int) -> RowsWanted:
    by = None if desk.actor.role in READERS else (("member", desk.actor.member or ""),)
    return RowsWanted(
        CARE,
        after,
        limit,
        show=lambda care: _shown(desk, care),
        by=by,
        wanted=lambda care: wanted.state in (None, care.state),
    )


def _shown(desk: Desk, care: CareKept) -> CareShown:
    giver, receiver = (desk.book.members[one].handle for one in (care.giver, care.receiver))
    hours, note = decimal(care.hours, CARE_SCALE), shown_text(care.note)
    return CareShown(uuid_text(care.id), giver, receiver, hours, care.state, note, care.at_ms)


def view_hours(desk: Desk, address: str) -> CareHoursShown | Refused:
    member = resolve_member(desk.book, address)
    if isinstance(member, Refused):
        return member
    return _hours_shown(desk, desk.book.of(Carers).by_member.get(member.id) or CareHours(member.id, 0))


def view_all_hours(desk: Desk, wanted: CareHoursWanted, after: int) -> Iterable[tuple[int, CareHoursShown]]:
    del wanted
    carers = since(list(desk.book.of(Carers).by_member.values()), after)
    return ((cursor, _hours_shown(desk, one)) for cursor, one in carers if one.given)


def _hours_shown(desk: Desk, hours: CareHours) -> CareHoursShown:
    received = decimal(hours.received, CARE_SCALE) if may_see(desk.actor, hours.member) else None
    return CareHoursShown(desk.book.members[hours.member].handle, decimal(hours.given, CARE_SCALE), received)


def today(desk: Desk) -> Iterator[Errand]:
    """Yield the care that a member is asked to confirm."""
    for care in desk.book.rows(CARE).find("waits", desk.actor.member or ""):
        giver = desk.book.members[care.giver].handle
        yield Errand(
            uuid_text(care.id), giver, "care.to_confirm", f"{giver} has cared for you", "care.confirm",
            Urgency.WAITED_FOR,
        )  # fmt: skip


def week(desk: Desk) -> Iterator[Errand]:
    """Yield the care that nobody has confirmed for two weeks."""
    for care in desk.book.rows(CARE).due(desk.now):
        receiver = desk.book.members[care.receiver].handle
        weeks = 2 + (desk.now - care.at_ms - CARE_UNCONFIRMED_MS) // (CARE_UNCONFIRMED_MS // 2)
        yield Errand(
            uuid_text(care.id), receiver, "care.unconfirmed", f"{receiver} has not confirmed hours of care",
            "care.show", Urgency.PEOPLE, count=weeks,
        )  # fmt: skip
