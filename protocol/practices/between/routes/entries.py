# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a network says in public of a link: how much it bears and at what price, or nothing any more."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from protocol.book.money import Rate
from protocol.peers.messages import Id32
from protocol.practices.between.links.entries import RATE_TERM_MAX, Counter
from protocol.practices.money.currencies.entries import Code
from protocol.wire.shape import Range

BAND_MAX = 32


@dataclass(frozen=True, slots=True)
class Published:
    """We forward on this link: for one minor unit of it we take `num`/`den` of our currency's, and a fee.

    `band` tells coarsely how much may leave us over it: less than 4 to its power, in link minor units.
    """

    KIND: ClassVar[str] = "routes/published"
    link: Id32
    partner: Id32
    unit: Code
    scale: Annotated[int, Range(0, 9)]
    currency: Code
    num: Annotated[int, Range(1, RATE_TERM_MAX)]
    den: Annotated[int, Range(1, RATE_TERM_MAX)]
    fee: Counter
    band: Annotated[int, Range(0, BAND_MAX)]

    @property
    def rate(self) -> Rate:
        """What one minor unit of the link is worth in minor units of the network that publishes it."""
        return Rate(self.num, self.den)


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """We forward on this link no more."""

    KIND: ClassVar[str] = "routes/withdrawn"
    link: Id32
