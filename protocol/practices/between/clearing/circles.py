# SPDX-License-Identifier: AGPL-3.0-or-later
"""Circles of debts: what networks that owe each other in a ring agree to clear (PROTOCOL 4).

A circle is cleared by a payment of its initiator to itself, against the direction of the debts: each creditor
places a hold toward its debtor. So it takes effect whole or not at all, and what each owes and is owed falls alike.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from protocol.lanes.entry import Millis
from protocol.lanes.identity import Identity
from protocol.peers.messages import CIRCLE_BYTES_MAX, Id32
from protocol.solvers.cycles import CYCLE_MEMBERS_MAX
from protocol.wire.codec import CodecFault, decode, encode
from protocol.wire.keys import digest, verify
from protocol.wire.shape import AtMost, Holds, Length, Range, ShapeFault, from_map, to_map

CircleTime = Annotated[int, Range(0, 2**53)]


@dataclass(frozen=True, slots=True)
class Leg:
    """What a network clears of what it owes the next one of the circle: minor units of their link."""

    network: Id32
    link: Id32
    amount: Annotated[int, Range(1, 2**63 - 1)]


@dataclass(frozen=True, slots=True)
class Circle:
    """Networks of which each owes the next, and the last one the first, who is the initiator and signs it.

    `round` is the hour at which its round was opened; after `not_after_ms` nobody joins any more.
    """

    KIND: ClassVar[str] = "circle"
    round: CircleTime
    legs: Annotated[tuple[Leg, ...], AtMost(CYCLE_MEMBERS_MAX)]
    condition: Id32
    not_after_ms: CircleTime

    @property
    def id(self) -> bytes:
        """What the circle is known by, whoever initiates it: each network joins it once in a round."""
        first = min(range(len(self.legs)), key=lambda at: self.legs[at].network)
        legs = tuple((leg.network, leg.link, leg.amount) for leg in (*self.legs[first:], *self.legs[:first]))
        return digest("circle", encode((self.round, legs)))

    @property
    def initiator(self) -> bytes:
        """Who pays itself."""
        return self.legs[0].network

    def is_well_formed(self) -> bool:
        """Tell whether no network and no link is met twice, and there are two of each at least."""
        count = len(self.legs)
        networks, links = {leg.network for leg in self.legs}, {leg.link for leg in self.legs}
        return 2 <= count == len(networks) == len(links)

    def place_of(self, network: bytes) -> int | None:
        """Return at which place of the circle a network stands."""
        return next((at for at, leg in enumerate(self.legs) if leg.network == network), None)

    def is_open(self, now: Millis) -> bool:
        """Tell whether one may still join, by one's own clock."""
        return now <= self.not_after_ms


@dataclass(frozen=True, slots=True)
class CircleOnward:
    """What travels beside a hold that clears: the circle, signed by its initiator."""

    circle: Annotated[bytes, AtMost(CIRCLE_BYTES_MAX), Holds(("Circle",))]
    signature: Annotated[bytes, Length(64)]


def encode_circle(circle: Circle) -> bytes:
    """Return the bytes of a circle that its initiator signs."""
    return encode(to_map(circle))


def read_circle(data: bytes) -> Circle | None:
    """Return the circle that these bytes hold, its signature not yet checked; None where they hold none."""
    try:
        fields = decode(data, bytes_max=CIRCLE_BYTES_MAX)
        circle = from_map(Circle, fields) if isinstance(fields, dict) else None
    except (CodecFault, ShapeFault):
        return None
    return circle if circle is not None and circle.is_well_formed() else None


def is_circle_signed_by(identity: Identity, circle: Circle, data: bytes, signature: bytes) -> bool:
    """Tell whether the initiator has signed it with the key that is in force: an older one may be stolen."""
    key = identity.key_of(identity.epoch)
    return identity.network == circle.initiator and key is not None and verify(key, "circle", data, signature)
