# SPDX-License-Identifier: AGPL-3.0-or-later
"""How another network's public lanes are let go of, from memory and from the store: all may be heard again."""

from protocol.lanes.entry import COMMONS, IDENTITY
from protocol.lanes.journal import Journal
from protocol.lanes.news import LANE_NEWS, LanePardoned


def let_go(journal: Journal, network: bytes, *, keys: bool = True) -> None:
    """Forget what another network has said in public, or its words alone; proofs against it are forgotten too."""
    assert network != journal.network, "our own is never let go of"
    for lane in (COMMONS, IDENTITY) if keys else (COMMONS,):
        forget = journal.held.let_go((network, lane))
        if forget is not None:
            journal.stores.append(forget)
    journal.entered = [one for one in journal.entered if one.network != network]
    journal.book.unhear(network)
    journal.directory.unhear(network)
    journal.directory.pardon(network)
    for hear in journal.book.fillings(LANE_NEWS):
        hear(journal.book, LanePardoned(network))
    if keys:
        journal.held.weights.forget(network)
        journal.directory.forget(network)
