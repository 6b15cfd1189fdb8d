# SPDX-License-Identifier: AGPL-3.0-or-later
"""The market: what members offer and need, here and across networks, what they order, and what they give and lend."""

from protocol.book.declaration import Practice
from protocol.practices.market import (
    care,
    codes,
    deliveries,
    directory,
    fairtrade,
    joint_orders,
    needs,
    offer_pictures,
    offers,
    purchasing,
    search,
    searches,
    tools,
)
from protocol.practices.market.matches import declaration as matches
from protocol.practices.market.orders import declaration as orders

PRACTICES: tuple[Practice, ...] = (
    offers.PRACTICE,
    needs.PRACTICE,
    offer_pictures.PRACTICE,
    search.PRACTICE,
    searches.PRACTICE,
    codes.PRACTICE,
    directory.PRACTICE,
    orders.PRACTICE,
    fairtrade.PRACTICE,
    matches.PRACTICE,
    purchasing.PRACTICE,
    joint_orders.PRACTICE,
    deliveries.PRACTICE,
    care.PRACTICE,
    tools.PRACTICE,
)
