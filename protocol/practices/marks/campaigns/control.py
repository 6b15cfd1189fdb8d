# SPDX-License-Identifier: AGPL-3.0-or-later
"""Chains of control: whom a campaign covers beside its target, and whom it does not though the target has a stake.

Who holds more than half of an enterprise controls it, and so on from each that is controlled: each link is looked at by
itself, however small their product is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

from protocol.book.parameters import Percentage
from protocol.practices.marks.campaigns.entries import CONTROL_ABOVE, STAKE_WHOLE

_PERCENT = Percentage()


class Stake(NamedTuple):
    """What one holds of another, in hundredths of a percent."""

    owner: str
    owned: str
    share: int

    @property
    def controls(self) -> bool:
        """Whether it is more than half."""
        return self.share > CONTROL_ABOVE


@dataclass(frozen=True, slots=True)
class Covered:
    """One whom a campaign covers, and the links that lead there from the target: none to the target itself."""

    name: str
    links: tuple[Stake, ...] = ()

    @property
    def product(self) -> Fraction:
        """What of it is the target's in the end, as a part of the whole; for the eye alone."""
        found = Fraction(1)
        for one in self.links:
            found *= Fraction(one.share, STAKE_WHOLE)
        return found

    @property
    def said(self) -> str:
        """The chain in words: p owns 60% of q, q owns 55% of r."""
        return ", ".join(f"{one.owner} owns {_PERCENT.show(one.share, 0)} of {one.owned}" for one in self.links)


def covered_by(target: str, stakes: Iterable[Stake]) -> Sequence[Covered]:
    """Return whom a campaign against or for a target covers, the target first, then by the number of links and name."""
    owns: dict[str, list[Stake]] = {}
    for one in sorted(set(stakes)):
        if one.controls:
            owns.setdefault(one.owner, []).append(one)
    found = {target: Covered(target)}
    at = [found[target]]
    while at:
        reached: dict[str, Covered] = {}
        for one in at:
            for stake in owns.get(one.name, ()):
                if stake.owned not in found and stake.owned not in reached:
                    reached[stake.owned] = Covered(stake.owned, (*one.links, stake))
        at = [reached[name] for name in sorted(reached)]
        found.update(reached)
    return list(found.values())


def minority_of(covered: Iterable[Covered], stakes: Iterable[Stake]) -> Sequence[Stake]:
    """Return the stakes of those who are covered in others who are not: half of these or less."""
    names = {one.name for one in covered}
    return sorted({one for one in stakes if one.owner in names and one.owned not in names})
