# SPDX-License-Identifier: AGPL-3.0-or-later
"""Joint orders as the book of one network keeps them, and what boards tell of them."""

from dataclasses import dataclass
from enum import StrEnum

from protocol.book.book import Book
from protocol.book.lifecycle import Lifecycle
from protocol.book.money import Rate
from protocol.book.tables import Table
from protocol.lanes.entry import Millis
from protocol.peers.boards import Boards, body_of, published
from protocol.peers.ties import TIES, Tie
from protocol.practices.market.joint_orders.costs import JointCosts, joint_costs
from protocol.practices.market.joint_orders.entries import (
    BOXES_ITEMS,
    JOINT_NETWORKS_MAX,
    PARTS_ITEMS,
    JointBoxesTold,
    JointFixed,
    JointJoined,
    JointPart,
    JointPartsTold,
    parts_item_id,
)
from protocol.practices.market.purchasing.state import CYCLES, OrderCycle


class JointState(StrEnum):
    """How far a joint order has come here."""

    JOINED = "joined"
    FIXED = "fixed"


JOINT_LIFE = Lifecycle(
    "joint-orders",
    JointState,
    {
        (None, JointJoined.KIND): JointState.JOINED,
        (JointState.JOINED, JointFixed.KIND): JointState.FIXED,
    },
)


@dataclass(slots=True)
class JointOrder:
    """A joint order in which a cycle of ours takes part; `payment` is ours to the host, as far as it is known here."""

    said: JointJoined
    arrival: int
    at_ms: Millis
    state: JointState = JointState.JOINED
    parts: tuple[JointPart, ...] = ()
    payment: bytes | None = None
    is_paid: bool = False

    @property
    def id(self) -> bytes:
        """Its id, the same in all networks."""
        return self.said.terms.joint

    @property
    def rate(self) -> Rate:
        """What one minor unit of the host's currency is in ours."""
        return Rate(self.said.num, self.said.den)

    def part_of(self, network: bytes) -> JointPart | None:
        """Return what was agreed of a network; None: nothing."""
        return next((one for one in self.parts if one.network == network), None)

    def costs(self) -> JointCosts:
        """Return what follows from what was agreed."""
        return joint_costs(self.said.terms, {one.network: one.boxes for one in self.parts})


JOINTS = Table(
    "joint-orders",
    JointOrder,
    by={
        "cycle": lambda joint: (joint.said.cycle,),
        "request": lambda joint: tuple(one.request for one in joint.parts if one.request is not None),
        "payment": lambda joint: () if joint.payment is None else (joint.payment,),
    },
)


def cycle_at_hand(book: Book, joint: JointOrder) -> OrderCycle | None:
    """Return the cycle of ours, where it is in memory: one that is not over."""
    rows = book.rows(CYCLES)
    return None if rows.lacks(joint.said.cycle) else rows.get(joint.said.cycle)


def boxes_heard(book: Book, joint: JointOrder) -> dict[bytes, tuple[int, ...]]:
    """Return how many boxes other networks tell that they buy: of partners, and of members of our federations.

    Of more than can take part those of the least ids count, so that nodes that hold the same boards find the same.
    """
    ties: dict[bytes, Tie] = {}
    for tell in book.fillings(TIES):
        for network, tie in tell(book):
            ties[network] = max(tie, ties.get(network, Tie.STRANGER))
    found: dict[bytes, tuple[int, ...]] = {}
    for _, item, body in published(book, BOXES_ITEMS):
        assert isinstance(body, JointBoxesTold)
        is_near = item.network != book.network and ties.get(item.network, Tie.STRANGER) >= Tie.FEDERATION
        if is_near and body.joint == joint.id and len(body.boxes) == len(joint.said.terms.items):
            found[item.network] = body.boxes
    return dict(sorted(found.items())[: JOINT_NETWORKS_MAX - 1])


def parts_heard(book: Book, joint: JointOrder) -> tuple[JointPart, ...] | None:
    """Return what the host tells that was agreed; None: nothing yet."""
    item = book.of(Boards).get(joint.said.host, parts_item_id(joint.id))
    body = None if item is None else body_of(item, PARTS_ITEMS)
    return body.parts if isinstance(body, JointPartsTold) and body.joint == joint.id else None
