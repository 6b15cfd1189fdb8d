# SPDX-License-Identifier: AGPL-3.0-or-later
"""What members have stopped buying by a campaign: a sum over baskets that leave no home, of at least three members."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from fractions import Fraction
from typing import NamedTuple

from protocol.practices.chains.baskets.kept import BasketLine
from protocol.practices.chains.engine.chain import ZERO

EFFECT_MEMBERS_MIN = 3
"""Of fewer members nothing is told: what one of them buys would show."""
EFFECT_MONTHS_MAX = 3
"""So many months before, and the newest so many since, make an average."""


class CampaignEffect(NamedTuple):
    """How many members there are, and what they buy in an average month before and since, in hundredths."""

    members: int
    before: Fraction
    since: Fraction


def effect_of(
    baskets: Iterable[Mapping[int, Sequence[BasketLine]]], month: int, is_covered: Callable[[str], bool]
) -> CampaignEffect | None:
    """Return what members buy of those who are covered before a month and after it; None: fewer than three bought any.

    Those count who have told of a month before and of one after, and bought of those who are covered in either.
    """
    found: list[tuple[Fraction, Fraction]] = []
    for months in baskets:
        before = [months[one] for one in sorted(months) if one < month][-EFFECT_MONTHS_MAX:]
        since = [months[one] for one in sorted(months) if one > month][-EFFECT_MONTHS_MAX:]
        if before and since:
            sums = _average(before, is_covered), _average(since, is_covered)
            if any(sums):
                found.append(sums)
    if len(found) < EFFECT_MEMBERS_MIN:
        return None
    return CampaignEffect(len(found), sum((one for one, _ in found), ZERO), sum((one for _, one in found), ZERO))


def _average(months: Sequence[Sequence[BasketLine]], is_covered: Callable[[str], bool]) -> Fraction:
    bought = sum(line.value for lines in months for line in lines if is_covered(line.supplier))
    return Fraction(bought, len(months))
