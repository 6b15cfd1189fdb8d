# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is seen of software: who uses which, and how far free software has come in all."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated, NamedTuple

from protocol.book.arrivals import since
from protocol.book.book import Book
from protocol.book.declaration import Desk, Doc, Errand, Plan, Reckoning, Urgency, Write
from protocol.book.money import Amount
from protocol.book.refusals import FORBIDDEN, Refused, refuse
from protocol.book.signed import uuid_text
from protocol.practices.chains.book_chain import is_inside
from protocol.practices.chains.software.entries import SoftwareRemoved, SoftwareState
from protocol.practices.chains.software.rules import relation_ended, sees, speaks_for
from protocol.practices.chains.software.state import SoftwareHeld, SoftwareUses, use_of
from protocol.practices.chains.software.wishes import DiffusionWanted, RemoveSoftware, SoftwareWanted
from protocol.practices.chains.state import inputs_of
from protocol.practices.chains.telling import shown_value
from protocol.practices.chains.written import decimal_text
from protocol.practices.governance.companies.state import HOURS_SCALE


@dataclass(frozen=True, slots=True)
class SupportShown:
    """Hours of support that were given in a month."""

    period: Annotated[int, Doc("the month, such as 202611")]
    hours: Annotated[str, Doc("how many")]


@dataclass(frozen=True, slots=True)
class SoftwareUseShown:
    """A software that an enterprise uses, for who stands for it or for its supporter, and for those who coordinate."""

    id: Annotated[str, Doc("its id; the supply relation of the chain has the same")]
    enterprise: Annotated[str, Doc("the short name of the enterprise that uses it")]
    software: Annotated[str, Doc("what it was, or is, paying for outside")]
    cost: Annotated[Amount, Doc("what that costs, or did cost, in a month")]
    state: Annotated[SoftwareState, Doc("outside: it is paid outside; migrated: free software took its place")]
    to: Annotated[str | None, Doc("the free software; null: it has not migrated")]
    supporter: Annotated[str | None, Doc("the short name of the enterprise that supports it; null: none")]
    support: Annotated[Amount | None, Doc("what the support costs in a month; null: it has not migrated")]
    hours: Annotated[tuple[SupportShown, ...], Doc("hours of support, by month")]


@dataclass(frozen=True, slots=True)
class SoftwareSpread:
    """How far free software has come in the place of one software."""

    software: Annotated[str, Doc("what is, or was, paid for outside")]
    uses: Annotated[int, Doc("how many enterprises use it, or did")]
    migrated: Annotated[int, Doc("how many of them have migrated")]
    before: Annotated[str, Doc("what all of them paid outside in a month before any migrated")]
    saved: Annotated[str, Doc("what is no longer paid outside for it")]
    outside: Annotated[str, Doc("what is paid outside in a month now: software, and support from outside")]
    support: Annotated[str, Doc("what is paid inside in a month for support")]


@dataclass(frozen=True, slots=True)
class DiffusionShown:
    """How far free software has come, in the chain's unit of account, of a month."""

    uses: Annotated[int, Doc("how many pieces of software are used by enterprises")]
    migrated: Annotated[int, Doc("how many of them have migrated")]
    before: Annotated[str, Doc("what was paid outside before any migrated")]
    saved: Annotated[str, Doc("what is no longer paid outside for them")]
    outside: Annotated[str, Doc("what is paid outside now: software, and support from outside")]
    support: Annotated[str, Doc("what stays inside as support")]
    hours: Annotated[str, Doc("hours of support given, in all months")]
    software: Annotated[tuple[SoftwareSpread, ...], Doc("the same by software, what costs most outside first")]


class _Told(NamedTuple):
    """What counts of a use: values in hundredths, hours in hundredths."""

    software: str
    cost: int
    is_migrated: bool
    support: int
    is_inside: bool
    hours: int


def view_use(desk: Desk, name: str) -> SoftwareUseShown | Refused:
    held = use_of(desk.book, name)
    if isinstance(held, Refused) or sees(desk, held):
        return held if isinstance(held, Refused) else shown_use(desk.book, held)
    return refuse(FORBIDDEN, allowed="who stands for its user or supporter, and those who coordinate")


def view_uses(desk: Desk, wanted: SoftwareWanted, after: int) -> Iterable[tuple[int, SoftwareUseShown]]:
    inputs = inputs_of(desk.book)
    found = [
        one
        for one in desk.book.of(SoftwareUses).by_id.values()
        if wanted.state in (None, one.state.value)
        and wanted.enterprise in (None, inputs.key_of(one.said.enterprise))
        and sees(desk, one)
    ]
    return ((cursor, shown_use(desk.book, one)) for cursor, one in since(found, after))


def plan_remove(desk: Desk, name: str, wish: RemoveSoftware) -> Plan | Refused:
    """Remove a use; the answer is what it was."""
    del wish
    held = use_of(desk.book, name)
    if isinstance(held, Refused):
        return held
    if not speaks_for(desk, inputs_of(desk.book).enterprises[held.said.enterprise].said):
        return refuse(FORBIDDEN, allowed="who stands for the enterprise, and those who coordinate")
    bodies = (SoftwareRemoved(held.said.use), *relation_ended(desk.book, held.said.use))
    return Plan(name, tuple(Write(one) for one in bodies), answer=shown_use(desk.book, held))


def shown_use(book: Book, held: SoftwareHeld) -> SoftwareUseShown:
    """Return a use as it is shown."""
    said, migrated, inputs = held.said, held.migrated, inputs_of(book)
    supporter = None if migrated is None else migrated.supporter
    return SoftwareUseShown(
        uuid_text(said.use),
        inputs.key_of(said.enterprise),
        said.software,
        shown_value(said.cost),
        held.state,
        None if migrated is None else migrated.to,
        None if supporter is None else inputs.key_of(supporter),
        None if migrated is None else shown_value(migrated.support),
        tuple(SupportShown(period, _text(hours, HOURS_SCALE)) for period, hours in sorted(held.hours.items())),
    )


def view_diffusion(desk: Desk, wanted: DiffusionWanted) -> Reckoning:
    """Return what is paid for software: enterprises that are outside do not count."""
    del wanted
    return Reckoning(tuple(_told(desk.book)), diffusion_shown)


def diffusion_shown(told: tuple[_Told, ...]) -> DiffusionShown:
    """Return the sums of what was told, by software and in all."""
    by_software: dict[str, list[_Told]] = {}
    for one in told:
        by_software.setdefault(one.software, []).append(one)
    spread = sorted(by_software.items(), key=lambda pair: (-_outside(pair[1]), pair[0]))
    return DiffusionShown(
        len(told),
        sum(one.is_migrated for one in told),
        _text(sum(one.cost for one in told)),
        _text(sum(one.cost for one in told if one.is_migrated)),
        _text(_outside(told)),
        _text(_inside(told)),
        _text(sum(one.hours for one in told), HOURS_SCALE),
        tuple(
            SoftwareSpread(
                software,
                len(uses),
                sum(one.is_migrated for one in uses),
                _text(sum(one.cost for one in uses)),
                _text(sum(one.cost for one in uses if one.is_migrated)),
                _text(_outside(uses)),
                _text(_inside(uses)),
            )
            for software, uses in spread
        ),
    )


def _told(book: Book) -> Iterator[_Told]:
    enterprises = inputs_of(book).enterprises
    for held in book.of(SoftwareUses).by_id.values():
        if is_inside(enterprises[held.said.enterprise].said):
            migrated = held.migrated
            supporter = None if migrated is None else migrated.supporter
            yield _Told(
                held.said.software,
                held.said.cost,
                migrated is not None,
                0 if migrated is None else migrated.support,
                supporter is not None and is_inside(enterprises[supporter].said),
                sum(held.hours.values()),
            )


def _outside(told: Iterable[_Told]) -> int:
    return sum(one.cost if not one.is_migrated else 0 if one.is_inside else one.support for one in told)


def _inside(told: Iterable[_Told]) -> int:
    return sum(one.support for one in told if one.is_inside)


def _text(minor: int, scale: int = 2) -> str:
    return decimal_text(Fraction(minor, 10**scale), scale)


def today(desk: Desk) -> Iterator[Errand]:
    """Yield what a member's enterprise pays for outside though others have migrated."""
    member, inputs = desk.actor.member, inputs_of(desk.book)
    own = inputs.by_member.get(member or "", ())
    migrated = _migrated(desk.book)
    for id, held in desk.book.of(SoftwareUses).by_id.items():
        software = held.said.software
        if held.said.enterprise in own and held.state is SoftwareState.OUTSIDE and software in migrated:
            yield Errand(
                uuid_text(id), software, "software-uses.others", f"Others no longer pay outside for {software}",
                "software-uses.migrate", Urgency.NEWS, shown_value(held.said.cost), migrated[software],
            )  # fmt: skip


def week(desk: Desk) -> Iterator[Errand]:
    """Yield the software that some have left and others still pay for outside: the first of these, and their sum."""
    migrated = _migrated(desk.book)
    left: dict[str, list[SoftwareHeld]] = {}
    for held in desk.book.of(SoftwareUses).by_id.values():
        if held.state is SoftwareState.OUTSIDE and held.said.software in migrated:
            left.setdefault(held.said.software, []).append(held)
    for software, uses in left.items():
        yield Errand(
            uuid_text(uses[0].said.use), software, "software-uses.left", f"Some still pay outside for {software}",
            "software-uses.migrate", Urgency.NEWS, shown_value(sum(one.said.cost for one in uses)), len(uses),
        )  # fmt: skip


def _migrated(book: Book) -> dict[str, int]:
    """Return how many have migrated, by what they used before."""
    counts: dict[str, int] = {}
    for held in book.of(SoftwareUses).by_id.values():
        if held.state is SoftwareState.MIGRATED:
            counts[held.said.software] = counts.get(held.said.software, 0) + 1
    return counts
