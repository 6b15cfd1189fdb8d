# SPDX-License-Identifier: AGPL-3.0-or-later
"""Gates: what a group decides together. Asked without a motion, the wish is put to the vote; carried, it is done.

An entry that only the group may write stands among those that follow `motions/executed` of a motion that was carried
on terms as strict as its gate's. Every node sees to that, so no operator passes a gate alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from protocol.book.plans import SIGNED_IN, Actor, Desk, Role
from protocol.book.refusals import MOTION_NEEDED, Refused, refuse

if TYPE_CHECKING:
    from protocol.book.book import Book

MEMBERS = "members"
"""The electorate of all active members."""
ASSEMBLY = Actor(Role.ASSEMBLY)
"""The group itself, which does what a motion has carried; nobody has its token."""


@dataclass(frozen=True, slots=True)
class Motion:
    """On which terms a group decides: who votes, how many must (hundredths of a percent), how large a part must agree.

    What is None is as the group's parameters say. `binds` are the roles whose wish needs it; others do without.
    """

    electorate: str = MEMBERS
    quorum: int | None = None
    majority: int | None = None
    days: int | None = None
    binds: frozenset[Role] = SIGNED_IN


Gate = Motion | Callable[[Desk, str, Any], Motion | None]
"""A gate, or what tells by the wish whether there is one: (desk, subject, wish)."""


@dataclass(frozen=True, slots=True)
class MotionWish:
    """One wish of a motion: the operation's name, of what (empty: of nothing yet), and the wish of its type."""

    operation: str
    subject: str
    wish: Any


@dataclass(slots=True)
class UnderMotion:
    """The motion under which the next entries stand, and its terms; `left` is how many of them are to come.

    `last` is the place in the ledger lane of the last of them.
    """

    motion: bytes = b""
    electorate: str = ""
    quorum: int = 0
    majority: int = 0
    left: int = 0
    last: int = -1

    def at(self, seq: int) -> bytes | None:
        """Return the motion under which the entry at a place stands that is folded now, None where it is none."""
        return self.motion if seq <= self.last else None

    def satisfies(self, gate: Motion) -> bool:
        """Tell whether what comes next was decided on terms as strict as a gate's."""
        strict = self.quorum >= (gate.quorum or 0) and self.majority >= (gate.majority or 0)
        return self.left > 0 and self.electorate == gate.electorate and strict


def gate_of(desk: Desk, gate: Gate | None, subject: str, wish: Any) -> Motion | None:
    """Return the gate that whoever asks must pass, None where there is none for this wish or this role."""
    found = gate if gate is None or isinstance(gate, Motion) else gate(desk, subject, wish)
    return found if found is not None and desk.actor.role in found.binds else None


def ungated(book: Book, gate: Motion) -> Refused | None:
    """Return MOTION_NEEDED where an entry that only the group may write stands under no such motion."""
    if book.of(UnderMotion).satisfies(gate):
        return None
    return refuse(MOTION_NEEDED, electorate=gate.electorate)
