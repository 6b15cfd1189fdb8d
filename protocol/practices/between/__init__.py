# SPDX-License-Identifier: AGPL-3.0-or-later
"""Between networks: what passes over signed credit lines, and who vouches for whom."""

from protocol.book.declaration import Practice
from protocol.practices.between import acceptances, announcements, clocks, importers, recoveries, rests
from protocol.practices.between.abroad import declaration as abroad
from protocol.practices.between.checkpoints import declaration as checkpoints
from protocol.practices.between.clearing import declaration as clearing
from protocol.practices.between.faults import seen
from protocol.practices.between.federations import declaration as federations
from protocol.practices.between.links import declaration as links
from protocol.practices.between.mixed import declaration as mixed
from protocol.practices.between.networks import declaration as networks
from protocol.practices.between.quotes import declaration as quotes
from protocol.practices.between.routes import declaration as routes
from protocol.practices.between.writeoffs import declaration as writeoffs

PRACTICES: tuple[Practice, ...] = (
    networks.PRACTICE,
    federations.PRACTICE,
    announcements.PRACTICE,
    links.PRACTICE,
    importers.PRACTICE,
    routes.PRACTICE,
    quotes.PRACTICE,
    # What a claim means that comes after a write-off, before all that is claimed is compared with the ledger.
    writeoffs.PRACTICE,
    abroad.PRACTICE,
    mixed.PRACTICE,
    clearing.PRACTICE,
    checkpoints.PRACTICE,
    seen.PRACTICE,
    recoveries.PRACTICE,
    rests.PRACTICE,
    acceptances.PRACTICE,
    clocks.PRACTICE,
)
