# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a joint order costs each network, and what all save by it: every node finds the same of the same boxes."""

from collections.abc import Mapping
from dataclasses import dataclass

from protocol.practices.market.joint_orders.entries import JointTerms
from protocol.solvers.apportionment import apportioned_by_name


@dataclass(frozen=True, slots=True)
class NetworkCost:
    """What a network pays for boxes and freight, and what it would pay alone; minor units of the host's currency."""

    goods_minor: int
    freight_minor: int
    alone_minor: int

    @property
    def together_minor(self) -> int:
        """What it pays in all."""
        return self.goods_minor + self.freight_minor


@dataclass(frozen=True, slots=True)
class JointCosts:
    """The prices of the boxes, item by item, and what each network pays."""

    prices: tuple[int, ...]
    networks: Mapping[bytes, NetworkCost]

    @property
    def together_minor(self) -> int:
        """What all pay."""
        return sum(one.together_minor for one in self.networks.values())

    @property
    def alone_minor(self) -> int:
        """What all would pay if each ordered alone."""
        return sum(one.alone_minor for one in self.networks.values())


def joint_costs(terms: JointTerms, boxes: Mapping[bytes, tuple[int, ...]]) -> JointCosts:
    """Return what it costs: volume prices by all boxes together, one freight and a stop for each network more.

    The freight is shared by what the goods cost, by largest remainder; ties are drawn from the joint order's id. Who
    buys no box pays nothing.
    """
    sums = [sum(of[place] for of in boxes.values()) for place in range(len(terms.items))]
    prices = tuple(
        item.volume_price if total >= item.volume_from else item.price
        for item, total in zip(terms.items, sums, strict=True)
    )
    goods = {one.hex(): _goods(prices, of) for one, of in boxes.items()}
    stops = sum(cost > 0 for cost in goods.values())
    freight = terms.freight + terms.stop * (stops - 1) if stops else 0
    shares = apportioned_by_name(freight, goods, terms.joint)
    usual = tuple(item.price for item in terms.items)
    networks = {
        one: NetworkCost(goods[one.hex()], shares[one.hex()], _goods(usual, of) + (terms.freight if any(of) else 0))
        for one, of in boxes.items()
    }
    return JointCosts(prices, networks)


def _goods(prices: tuple[int, ...], boxes: tuple[int, ...]) -> int:
    return sum(price * count for price, count in zip(prices, boxes, strict=True))
