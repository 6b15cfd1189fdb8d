# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a practice puts on its network's board: kinds of items, and what a granted wish publishes or withdraws.

A board is what lives a while: signed, replaceable, withdrawn at will, ended by its hour. A lane remembers for ever.
"""

from dataclasses import dataclass
from enum import StrEnum

from protocol.lanes.entry import Body, Millis

ITEM_BODY_BYTES_MAX = 2_048
"""How long the body of an item may be."""
SEEN_BY_MAX = 8
"""To how many federations an item may be shown."""
ITEM_LIFE_MS_MAX = 366 * 24 * 3_600_000
"""How far the last hour of an item may lie ahead: who sees a later one does not keep it."""


class Seers(StrEnum):
    """Who is told of an item."""

    GROUP = "group"
    """The network's own replicas alone."""
    FEDERATIONS = "federations"
    """The members of the federations that it names."""
    EVERYBODY = "everybody"


@dataclass(frozen=True, slots=True)
class BoardKind:
    """A kind of item that a practice declares: what its body is, and who may be told of it.

    Who may publish it is whoever the operation is for whose plan does. What is on a board in another way is kept and
    passed on, and means nothing here.
    """

    body: type[Body]
    seers: frozenset[Seers] = frozenset(Seers)


@dataclass(frozen=True, slots=True)
class Publication:
    """A body that a plan puts on its network's board under an id (16 bytes), or that it withdraws: None.

    It ends at `not_after_ms`. `seen_by` as in an item: federations in ascending order, the network itself, or nobody by
    name for everybody. What is withdrawn keeps the hour and the seers that it had.
    """

    item: bytes
    body: Body | None
    not_after_ms: Millis = 0
    seen_by: tuple[bytes, ...] = ()
