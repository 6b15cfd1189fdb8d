# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a refusal is: a reason of a stage, the figures that explain it, and what people are told of it."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Annotated, NamedTuple

from protocol.wire.shape import AtMost

REASON_CODE_CHARS_MAX = 40

ReasonCode = Annotated[str, AtMost(REASON_CODE_CHARS_MAX)]
"""A reason as it stands on the wire and in storage: its code, which may be one that only a partner knows."""


class Stage(IntEnum):
    """How far a wish has come when it is refused; of two reasons the one of the earlier stage is told."""

    DOOR = 0
    """The node takes no wish now, or none from there: the wish itself has not been looked at."""
    FORM = 1
    """The wish cannot be read."""
    AUTHORITY = 2
    """Who asks may not, or has not signed it so that it counts."""
    SUBJECT = 3
    """What it speaks of is not there, or not as it says: an order, too, that was carried out or is too late."""
    RULE = 4
    """A rule of the group, or the way to another network, refuses it."""


class Texts(NamedTuple):
    """What people are told of a refusal, in one language; a catalogue of a language holds these by code.

    `title` always holds. `heading` is what is missing, with its figure; `sentence` the reason, and what was not done;
    `ways` what can be done now, the best first. Figures stand in braces: a text is left out where the refusal does not
    bring all that it names.
    """

    title: str
    heading: str
    sentence: str
    ways: tuple[str, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Reason:
    """A reason to refuse, and how it is told in English (`texts`).

    `status` is HTTP's. `transient` is what passes by itself, so that the same wish may be granted later.
    """

    code: str
    stage: Stage
    status: int
    title: str
    sentence: str = ""
    transient: bool = False
    heading: str = ""
    ways: tuple[str, ...] = ()

    @property
    def texts(self) -> Texts:
        """What people are told, in English."""
        return Texts(self.title, self.heading, self.sentence, self.ways)

    def __str__(self) -> str:
        return self.code

    def __repr__(self) -> str:
        return self.code


Figure = int | str
"""A number in minor units, or a word, that explains a refusal."""


def _no_figures() -> Mapping[str, Figure]:
    return {}


@dataclass(frozen=True, slots=True)
class Refused:
    """A refusal: the reason and the figures that explain it (amounts in minor units)."""

    reason: Reason
    figures: Mapping[str, Figure] = field(default_factory=_no_figures)


def refuse(reason: Reason, **figures: Figure) -> Refused:
    """Return the refusal for a reason with its figures."""
    return Refused(reason, figures)


def foremost(*refusals: Refused | None) -> Refused | None:
    """Return the first refusal of the earliest stage, None where nothing refuses."""
    found = [refused for refused in refusals if refused is not None]
    return min(found, key=lambda refused: refused.reason.stage) if found else None


def by_code(reasons: Iterable[Reason]) -> Mapping[str, Reason]:
    """Return reasons by their codes; no two may share one."""
    found: dict[str, Reason] = {}
    for reason in reasons:
        assert reason.code not in found, f"{reason.code} is declared twice"
        found[reason.code] = reason
    return found
