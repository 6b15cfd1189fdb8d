# SPDX-License-Identifier: AGPL-3.0-or-later
"""How many boxes are full, who gets how many portions, and who bears how much of a bill; never by time of order.

All is reckoned in whole portions and whole minor units, by largest remainder; where remainders are alike the order is
drawn from the cycle's id and the item.
"""

from collections.abc import Mapping
from typing import NamedTuple

from protocol.solvers.apportionment import apportioned_by_name


class BoxFill(NamedTuple):
    """Whole boxes, the portions of each member, and how many portions are short of one box more (0: none begun)."""

    boxes: int
    got: dict[str, int]
    short: int


def boxes_filled(box: int, wants: Mapping[str, int], tolerances: Mapping[str, int], seed: bytes) -> BoxFill:
    """Return how many boxes of so many portions are bought, and who gets what of them.

    A box that is begun is filled up where its members take so much more; by their tolerances. Else what was wanted
    beyond whole boxes is missing: by what they wanted.
    """
    wanted, tolerated = sum(wants.values()), sum(tolerances.values())
    boxes, rest = divmod(wanted, box)
    if rest and rest + tolerated >= box:
        more = apportioned_by_name(box - rest, tolerances, seed)
        return BoxFill(boxes + 1, {name: wants[name] + more.get(name, 0) for name in sorted(wants)}, 0)
    short = box - rest - tolerated if rest else 0
    return BoxFill(boxes, apportioned_by_name(boxes * box, wants, seed), short)


def shared(total_minor: int, weights: Mapping[str, int], cycle: bytes, item: int) -> dict[str, int]:
    """Return an amount shared out by weights, to the last minor unit; `item` 0 stands for the freight."""
    return apportioned_by_name(total_minor, weights, seed_of(cycle, item))


def seed_of(cycle: bytes, item: int) -> bytes:
    """Return from what ties of an item (from 1; 0: the freight) are drawn."""
    return cycle + bytes([item])
