# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a node remembers of a round: its proposals, and what it has asked."""

from dataclasses import dataclass, field
from typing import ClassVar

from protocol.lanes.entry import Millis
from protocol.practices.between.clearing.circles import Circle
from protocol.practices.between.clearing.proposing import Proposal


@dataclass(slots=True)
class AskedCircle:
    """A circle that we have asked about: all must agree before a hold is placed."""

    data: bytes
    circle: Circle
    nonce: bytes
    until_ms: Millis


@dataclass(slots=True)
class Rounds:
    """What goes on in a round: not part of the fold, and lost at a restart without harm."""

    TRANSIENT: ClassVar[bool] = True
    computed: int = 0
    joined: int = 0
    """The round that we have entered last, and when it began for us."""
    joined_at_ms: Millis = 0
    proposals: list[Proposal] = field(default_factory=list[Proposal])
    asked: dict[bytes, AskedCircle] = field(default_factory=dict[bytes, AskedCircle])
    """By the key of the question."""
    passed: dict[bytes, tuple[bytes, Millis]] = field(default_factory=dict[bytes, tuple[bytes, Millis]])
    """Who has asked us what we passed on, and until when an answer is expected, by key."""
    seen: dict[bytes, Millis] = field(default_factory=dict[bytes, Millis])
    """Circles that somebody has taken up, and when."""
