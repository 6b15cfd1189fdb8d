# SPDX-License-Identifier: AGPL-3.0-or-later
"""Between networks: what passes over signed credit lines, and who vouches for whom."""

from dataclasses import replace

from protocol.book.declaration import Practice
from protocol.practices.between import importers, networks, offers, recoveries, rests, routes
from protocol.practices.between.abroad import entries
from protocol.practices.between.checkpoints import roots
from protocol.practices.between.clearing import part, rounds
from protocol.practices.between.faults import seen
from protocol.practices.between.federations import membership
from protocol.practices.between.links import terms
from protocol.practices.between.quotes import prices

PRACTICES: tuple[Practice, ...] = (
    networks.PRACTICE,
    membership.PRACTICE,
    offers.PRACTICE,
    terms.PRACTICE,
    importers.PRACTICE,
    routes.PRACTICE,
    prices.PRACTICE,
    entries.PRACTICE,
    replace(part.PRACTICE, due=rounds.due),
    roots.PRACTICE,
    seen.PRACTICE,
    recoveries.PRACTICE,
    rests.PRACTICE,
)
