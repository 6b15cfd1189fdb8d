# SPDX-License-Identifier: AGPL-3.0-or-later
"""The least bad supplier: who is chosen until somebody inside makes it, and what to ask before.

Weights come with the question, in its body, and are kept and told nowhere: what somebody holds important is private.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated

from protocol.book.declaration import Doc, OneOf
from protocol.book.refusals import Refused, refuse
from protocol.practices.chains.campaigned import NO_MARKS, CampaignMarks, Marked
from protocol.practices.chains.engine.chain import ZERO
from protocol.practices.chains.engine.least_bad import AnswerWanted, Scored, least_bad
from protocol.practices.chains.figures.refusals import NOTHING_TO_CHOOSE, SHARE_BEYOND_ONE
from protocol.practices.chains.written import (
    SHARE_PLACES,
    WEIGHTS_WRITTEN_CHARS_MAX,
    decimal_text,
    read_shares,
    share_text,
)
from protocol.wire.shape import AtMost

BOYCOTTED = "BOYCOTTED"
"""Why a supplier is out, whatever its score."""
SUPPLIERS_WRITTEN_CHARS_MAX = 1_000

KnownOfSuppliers = Mapping[str, Mapping[str, Fraction | None]]
"""What is known of suppliers, by criterion, from 0 to 1."""


@dataclass(frozen=True, slots=True)
class LeastBadWanted:
    """Which supplier outside is the least bad, by what you hold important; it is kept nowhere."""

    weights: Annotated[
        str,
        AtMost(WEIGHTS_WRITTEN_CHARS_MAX),
        Doc("what each criterion weighs, 1 in all: labour=.30, ecology=.25, ownership=.45"),
    ]
    item: Annotated[str, AtMost(40), Doc("what is wanted: only who sells it; empty: all that are known")] = ""
    boycotted: Annotated[
        str,
        AtMost(SUPPLIERS_WRITTEN_CHARS_MAX),
        Doc("who else is out, beside those whom the group boycotts: acme,other"),
    ] = ""


@dataclass(frozen=True, slots=True)
class SupplierScored:
    """A supplier with its score: an interval where something is not known."""

    supplier: Annotated[str, Doc("its short key")]
    low: Annotated[str, Doc("the score if what is unknown were 0: suppliers are ranked by it")]
    high: Annotated[str, Doc("the score if what is unknown were 1")]
    unknown: Annotated[tuple[str, ...], Doc("criteria of which nothing is known")]
    excluded: Annotated[str | None, OneOf((BOYCOTTED,), more=True), Doc("why it is out")]
    campaign: Annotated[str | None, Doc("the id of the campaign by which it is out, or is supported; null: none")]
    why: Annotated[str | None, Doc("whose campaign that is, and by which chain of control it goes")]


@dataclass(frozen=True, slots=True)
class QuestionShown:
    """An answer that would change the choice."""

    supplier: str
    criterion: str
    least: Annotated[str, Doc("from this value on it overtakes the chosen one")]
    said: Annotated[str, Doc("the same in words")]


@dataclass(frozen=True, slots=True)
class LeastBadShown:
    """Whom to buy from until somebody inside makes it; the price stands apart."""

    chosen: Annotated[str | None, Doc("null where all are out")]
    ranked: tuple[SupplierScored, ...]
    questions: Annotated[tuple[QuestionShown, ...], Doc("what to ask first: answers that would change the choice")]


def read_weights(text: str) -> Mapping[str, Fraction] | Refused:
    """Return what each criterion weighs: from 0, and 1 in all."""
    told = read_shares(text, "weights", ZERO)
    if isinstance(told, Refused):
        return told
    weights = {name: weight or ZERO for name, weight in told.items()}
    if not weights or min(weights.values()) < 0 or sum(weights.values(), ZERO) != 1:
        return refuse(SHARE_BEYOND_ONE, field="weights", value=decimal_text(sum(weights.values(), ZERO), SHARE_PLACES))
    return weights


def least_bad_shown(
    weights: Mapping[str, Fraction],
    known: KnownOfSuppliers,
    boycotted: Collection[str],
    marks: CampaignMarks = NO_MARKS,
) -> LeastBadShown | Refused:
    """Return the card: whom to choose, who is out and why, what to ask.

    `boycotted` are out by who asks, others by campaigns; of two that are equal one that is supported goes first.
    """
    if not known:
        return refuse(NOTHING_TO_CHOOSE)
    found = least_bad(weights, known, {*boycotted, *marks.boycotted}, marks.supported)
    first = found.ranked[0]
    return LeastBadShown(
        chosen=None if first.is_boycotted else first.name,
        ranked=tuple(_scored(one, {**marks.supported, **marks.boycotted}) for one in found.ranked),
        questions=tuple(map(_question, found.questions)),
    )


def _scored(one: Scored, marks: Marked) -> SupplierScored:
    out, mark = BOYCOTTED if one.is_boycotted else None, marks.get(one.name)
    campaign, why = (None, None) if mark is None else mark
    return SupplierScored(one.name, share_text(one.low), share_text(one.high), one.unknown, out, campaign, why)


def _question(one: AnswerWanted) -> QuestionShown:
    parts = 10**SHARE_PLACES
    least = Fraction(-(-one.value.numerator * parts // one.value.denominator), parts)  # up, so that it holds
    short = decimal_text(least, SHARE_PLACES).rstrip("0").rstrip(".")
    said = f"{one.name} overtakes if {one.criterion} >= {short.removeprefix('0') if '.' in short else short}: ask"
    return QuestionShown(one.name, one.criterion, share_text(least), said)
