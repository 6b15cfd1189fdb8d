# SPDX-License-Identifier: AGPL-3.0-or-later
"""By-laws and emergencies as they are shown."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Any

from protocol.book.arrivals import since
from protocol.book.book import Book
from protocol.book.declaration import At, Desk, Doc, Errand, Motion, Parameter, Urgency
from protocol.book.parameters import Decided, Stored, stored_value
from protocol.book.refusals import Refused, refuse
from protocol.book.signed import parse_uuid, uuid_text
from protocol.practices.governance.bylaws.entries import EmergenciesWanted, EmergencyState
from protocol.practices.governance.bylaws.refusals import EMERGENCY_UNKNOWN
from protocol.practices.governance.bylaws.state import (
    Bylaws,
    Emergency,
    How,
    RuleChange,
    RuleKey,
    by_group,
    committee,
    needed,
)
from protocol.practices.governance.parameters import (
    ParametersWanted,
    currency_scale,
    find_parameter,
    parameter_id,
    parameters_wanted,
)

STEPS_SHOWN_MAX = 100
"""The newest steps of a rule's history that are shown."""


@dataclass(frozen=True, slots=True)
class BylawStep:
    """What a rule was from an hour on, how it came so, and by which motion or emergency."""

    value: Annotated[str, Doc("what held from then on")]
    at: Annotated[At, Doc("since when")]
    how: Annotated[
        How, Doc("set at once, announced before, by an emergency, or lapsed: back to what the group has decided")
    ]
    motion: Annotated[str | None, Doc("the motion that decided it; null: whoever may set it alone, or none")]
    emergency: Annotated[str | None, Doc("the emergency that made or ended it")]


@dataclass(frozen=True, slots=True)
class BylawComing:
    """What a rule will be."""

    value: Annotated[str, Doc("what will hold")]
    starts: Annotated[At, Doc("from when on")]
    announced: Annotated[At, Doc("since when all can know")]
    motion: Annotated[str | None, Doc("the motion that decided it; null: whoever may set it alone")]


@dataclass(frozen=True, slots=True)
class BylawShown:
    """A rule: what holds, since when, by which decision, what comes next, and all that it was."""

    id: Annotated[str, Doc("the parameter's name, and the currency's code behind it where each currency has its own")]
    meaning: Annotated[str, Doc("what it decides")]
    value: Annotated[str, Doc("what holds now")]
    default: Annotated[str, Doc("what holds where nothing is set")]
    is_bylaw: Annotated[bool, Doc("whether the group alone changes it, by motion")]
    since: Annotated[At | None, Doc("since when it is so; null: it never was anything else")]
    motion: Annotated[str | None, Doc("the motion that decided it")]
    emergency: Annotated[str | None, Doc("the emergency that it is under; beneath lies what the group has decided")]
    until: Annotated[At | None, Doc("when the emergency lapses")]
    beneath: Annotated[str | None, Doc("what holds again once the emergency has lapsed")]
    comes: Annotated[tuple[BylawComing, ...], Doc("what was announced, the next first")]
    history: Annotated[tuple[BylawStep, ...], Doc(f"what it was, the newest {STEPS_SHOWN_MAX}, the oldest first")]


@dataclass(frozen=True, slots=True)
class EmergencyShown:
    """An emergency: which rule, what it is meanwhile, who of the committee has agreed, and until when it holds."""

    id: Annotated[str, Doc("its id")]
    rule: Annotated[str, Doc("the rule, as in the by-laws")]
    value: Annotated[str, Doc("what holds meanwhile")]
    state: Annotated[EmergencyState, Doc("how far it has come")]
    backers: Annotated[tuple[str, ...], Doc("the handles of who has agreed")]
    needed: Annotated[int, Doc("how many of the committee must agree, as it is now")]
    seated: Annotated[int, Doc("how many sit on the committee now")]
    called: Annotated[At, Doc("when it was called")]
    since: Annotated[At | None, Doc("since when it has held")]
    until: Annotated[At, Doc("when it lapses, or expires where too few agree")]


def view_bylaw(desk: Desk, name: str) -> BylawShown | Refused:
    found = find_parameter(desk.book, name)
    return found if isinstance(found, Refused) else _shown(desk.book, *found)


def view_bylaws(desk: Desk, wanted: ParametersWanted, after: int) -> Iterator[tuple[int, BylawShown]]:
    for cursor, parameter, code in parameters_wanted(desk.book, wanted, after):
        yield cursor, _shown(desk.book, parameter, code)


def _shown(book: Book, parameter: Parameter[Any], currency: str | None) -> BylawShown:
    bylaws, key, scale = book.of(Bylaws), (parameter.name, currency or ""), currency_scale(book, currency)

    def told(stored: Stored) -> str:
        return parameter.kind.show(stored_value(parameter, stored), scale)

    history = bylaws.history.get(key, [])
    group, emergency = by_group(history), _lying(book, key)
    step = history[-1] if history and emergency is not None else group
    coming = sorted((one for one in _coming(bylaws) if one.key == key), key=lambda one: (one.from_ms, one.arrival))
    beneath = told(Stored() if group is None else group.stored)
    return BylawShown(
        id=parameter_id(parameter.name, currency),
        meaning=parameter.doc,
        value=parameter.kind.show(book.parameter(parameter, currency), scale),
        default=parameter.kind.show(parameter.default, scale),
        is_bylaw=isinstance(parameter.changed_by, Motion),
        since=emergency.since_ms if emergency is not None else None if step is None else step.at_ms,
        motion=None if group is None or emergency is not None else _id_or_none(group.motion),
        emergency=None if emergency is None else uuid_text(emergency.id),
        until=None if emergency is None else emergency.until_ms,
        beneath=None if emergency is None else beneath,
        comes=tuple(BylawComing(told(one.stored), one.from_ms, one.at_ms, _id_or_none(one.motion)) for one in coming),
        history=tuple(
            BylawStep(told(one.stored), one.at_ms, one.how, _id_or_none(one.motion), _id_or_none(one.emergency))
            for one in history[-STEPS_SHOWN_MAX:]
        ),
    )


def _lying(book: Book, key: RuleKey) -> Emergency | None:
    """Return the emergency that lies over a rule."""
    if key not in book.of(Decided).over:
        return None
    bylaws = book.of(Bylaws)
    found = (bylaws.emergencies[id] for id in bylaws.standing)
    return next(one for one in found if one.key == key and one.state is EmergencyState.IN_FORCE)


def _coming(bylaws: Bylaws) -> Iterator[RuleChange]:
    return (bylaws.changes[id] for id in bylaws.coming)


def _id_or_none(id: bytes | None) -> str | None:
    return None if id is None else uuid_text(id)


def view_emergency(desk: Desk, name: str) -> EmergencyShown | Refused:
    emergency = desk.book.of(Bylaws).emergencies.get(parse_uuid(name) or b"")
    return refuse(EMERGENCY_UNKNOWN) if emergency is None else _shown_emergency(desk.book, emergency)


def view_emergencies(desk: Desk, wanted: EmergenciesWanted, after: int) -> Iterable[tuple[int, EmergencyShown]]:
    found = list(desk.book.of(Bylaws).emergencies.values())
    return (
        (cursor, _shown_emergency(desk.book, one))
        for cursor, one in since(found, after)
        if wanted.state in (None, one.state)
    )


def _shown_emergency(book: Book, emergency: Emergency) -> EmergencyShown:
    return EmergencyShown(
        id=uuid_text(emergency.id),
        rule=parameter_id(emergency.key[0], emergency.key[1] or None),
        value=_told(book, emergency.key, emergency.stored),
        state=emergency.state,
        backers=tuple(book.members[one].handle for one in emergency.backers),
        needed=needed(book),
        seated=len(committee(book)),
        called=emergency.at_ms,
        since=emergency.since_ms,
        until=emergency.until_ms,
    )


def _told(book: Book, key: RuleKey, stored: Stored) -> str:
    """Return a value as it is typed, "" of a rule that this program does not know."""
    parameter = book.parameters.get(key[0])
    if parameter is None:
        return ""
    return parameter.kind.show(stored_value(parameter, stored), currency_scale(book, key[1] or None))


def today(desk: Desk) -> Iterator[Errand]:
    """Yield which rules will change, and, for one of the committee, which emergencies wait for its word."""
    book, member = desk.book, desk.actor.member
    if member is None:
        return
    bylaws = book.of(Bylaws)
    for change in _coming(bylaws):
        rule = parameter_id(change.key[0], change.key[1] or None)
        said = f"This rule changes: it will be {_told(book, change.key, change.stored)}"
        yield Errand(rule, rule, "bylaws.coming", said, "bylaws.show", Urgency.NEWS, until_ms=change.from_ms)
    if member not in committee(book):
        return
    for emergency in (bylaws.emergencies[id] for id in bylaws.standing):
        if emergency.state is EmergencyState.CALLED and member not in emergency.backers:
            rule = parameter_id(emergency.key[0], emergency.key[1] or None)
            said = "An emergency was called, and waits for you to agree"
            id = uuid_text(emergency.id)
            yield Errand(
                id, rule, "emergencies.to_back", said, "emergencies.back", Urgency.STOPPED, until_ms=emergency.until_ms
            )


def week(desk: Desk) -> Iterator[Errand]:
    """Yield which rules are under an emergency."""
    bylaws = desk.book.of(Bylaws)
    for emergency in (bylaws.emergencies[id] for id in bylaws.standing):
        if emergency.state is EmergencyState.IN_FORCE:
            rule = parameter_id(emergency.key[0], emergency.key[1] or None)
            said = "An emergency has changed this rule: put it to the vote, or it lapses"
            id = uuid_text(emergency.id)
            yield Errand(
                id, rule, "emergencies.in_force", said, "emergencies.show", Urgency.DATE, until_ms=emergency.until_ms
            )
