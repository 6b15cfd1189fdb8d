# SPDX-License-Identifier: AGPL-3.0-or-later
"""Today and this week: the errands of all practices in one list, the most urgent first."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice
from typing import Annotated

from protocol.book.declaration import READERS, At, Desk, Doc, Errand, List, OneOf, Practice, Role
from protocol.book.errands import Urgency
from protocol.book.money import Amount
from protocol.book.refusals import FORBIDDEN, Refused, refuse

ERRANDS_MAX = 500
"""What one practice puts on a list; whoever has more begins with these."""
_NEVER_MS = 2**63


class ErrandSpan(StrEnum):
    """Whose errands: a member's today, or this week's of those who coordinate."""

    TODAY = "today"
    WEEK = "week"


@dataclass(frozen=True, slots=True)
class ErrandsWanted:
    """What waits: for you today, or for those who coordinate this week; what others wait for comes first."""

    span: Annotated[ErrandSpan, Doc("today: your own; week: those of who coordinates")] = ErrandSpan.TODAY


@dataclass(frozen=True, slots=True)
class ErrandShown:
    """One thing to settle, and the one verb that helps."""

    id: Annotated[str, Doc("the resource that the verb is asked for of")]
    verb: Annotated[str, Doc("the operation that settles it, such as payments.post")]
    who: Annotated[str, Doc("the handle of whom, or the name of what, it is about")]
    sentence: Annotated[str, Doc("which sentence tells it, the same in all languages")]
    said: Annotated[str, Doc("that sentence in English")]
    urgency: Annotated[
        str,
        OneOf(tuple(one.name.lower() for one in Urgency)),
        Doc("stopped, waited_for, near_limit, people, date or news"),
    ]
    figure: Annotated[Amount | None, Doc("the amount that it speaks of")]
    count: Annotated[int | None, Doc("the number that it speaks of")]
    until: Annotated[At | None, Doc("when it is too late")]


def view_errands(desk: Desk, wanted: ErrandsWanted, after: int) -> Iterator[tuple[int, ErrandShown]] | Refused:
    practices = desk.book.practices
    if wanted.span is ErrandSpan.WEEK:
        if desk.actor.role not in READERS:
            return refuse(FORBIDDEN, allowed=", ".join(role for role in Role if role in READERS))
        return _listed((one.week(desk) for one in practices if one.week is not None), after)
    if desk.actor.member is None:
        return refuse(FORBIDDEN, allowed="members, each for itself")
    return _listed((one.today(desk) for one in practices if one.today is not None), after)


def _listed(found: Iterable[Iterable[Errand]], after: int) -> Iterator[tuple[int, ErrandShown]]:
    errands = [errand for of_practice in found for errand in islice(of_practice, ERRANDS_MAX)]
    errands.sort(key=lambda one: (one.urgency, _NEVER_MS if one.until_ms is None else one.until_ms))
    return ((cursor, _shown(one)) for cursor, one in enumerate(errands, 1) if cursor > after)


def _shown(one: Errand) -> ErrandShown:
    return ErrandShown(
        id=one.id,
        verb=one.verb,
        who=one.who,
        sentence=one.sentence,
        said=one.said,
        urgency=one.urgency.name.lower(),
        figure=one.figure,
        count=one.count,
        until=one.until_ms,
    )


PRACTICE = Practice(
    name="errands",
    entries=(),
    operations=(
        List("errands", ErrandsWanted, ErrandShown, view=view_errands, example="mutirao errands list --span week"),
    ),
)
