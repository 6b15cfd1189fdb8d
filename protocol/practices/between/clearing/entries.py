# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the ledger says of clearing: a network's settings, rounds opened and joined, and circles from begin to end."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from protocol.book.refusals import ReasonCode
from protocol.peers.messages import CIRCLE_BYTES_MAX, AmountMinor, Id32
from protocol.practices.between.clearing.circles import CircleTime
from protocol.practices.money.currencies.entries import Code
from protocol.wire.shape import AtMost, Holds, Length, Range

PPM = 1_000_000
Signed64 = Annotated[int, Range(-(2**63) + 1, 2**63 - 1)]


@dataclass(frozen=True, slots=True)
class ClearingSet:
    """How we take part: whether at all, and whether our debts may be published.

    Every `rhythm_ms` we open a round ourselves (0: never). Of the worth of a circle we lose at most `loss_ppm`
    millionths, besides the rounding of both links, where its reference values and our rates differ.
    """

    KIND: ClassVar[str] = "clearing/set"
    is_on: bool
    is_public: bool
    rhythm_ms: CircleTime
    loss_ppm: Annotated[int, Range(0, PPM)]


@dataclass(frozen=True, slots=True)
class Owed:
    """What we owe on a link, in its minor units; below 0 we are owed."""

    link: Id32
    amount: Signed64


@dataclass(frozen=True, slots=True)
class RoundOpened:
    """We take part in a round; this is how our links stand before it."""

    KIND: ClassVar[str] = "clearing/opened"
    round: CircleTime
    debts: Annotated[tuple[Owed, ...], AtMost(512)]


@dataclass(frozen=True, slots=True)
class RoundJoined:
    """We join a circle of a round that others hold without us; this is how our links stood before it."""

    KIND: ClassVar[str] = "clearing/joined"
    round: CircleTime
    debts: Annotated[tuple[Owed, ...], AtMost(512)]


@dataclass(frozen=True, slots=True)
class CircleBegun:
    """We have initiated a circle: a hold toward who owes us. `worth` and `cost` are both legs in our minor units."""

    KIND: ClassVar[str] = "clearing/begun"
    circle: Annotated[bytes, AtMost(CIRCLE_BYTES_MAX), Holds(("Circle",))]
    nonce: Annotated[bytes, Length(16)]
    worth: AmountMinor
    cost: AmountMinor
    currency: Code


@dataclass(frozen=True, slots=True)
class Turned:
    """The hold has come round to us: we claim it."""

    KIND: ClassVar[str] = "clearing/turned"
    circle: Id32
    hold: Annotated[bytes, Length(16)]


@dataclass(frozen=True, slots=True)
class Cleared:
    """Our hold was claimed in turn: the circle is cleared."""

    KIND: ClassVar[str] = "clearing/cleared"
    circle: Id32
    preimage: Id32


@dataclass(frozen=True, slots=True)
class Failed:
    """Our hold was waived: nothing has changed."""

    KIND: ClassVar[str] = "clearing/failed"
    circle: Id32
    reason: ReasonCode


@dataclass(frozen=True, slots=True)
class CircleLeft:
    """A circle that we asked about is left alone: `by` refused it, or (None) somebody stayed silent."""

    KIND: ClassVar[str] = "clearing/left"
    circle: Annotated[bytes, AtMost(CIRCLE_BYTES_MAX), Holds(("Circle",))]
    reason: ReasonCode
    by: Id32 | None
