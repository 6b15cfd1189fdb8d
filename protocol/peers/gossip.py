# SPDX-License-Identifier: AGPL-3.0-or-later
"""What one node says and hears about entries: its sessions, what it compares, and what it takes in."""

from collections.abc import Callable, Sequence

from protocol.book.declaration import Practice
from protocol.lanes.journal import Journal
from protocol.peers.budgets import Budgets
from protocol.peers.compare import Compare
from protocol.peers.messages import Knows
from protocol.peers.sessions import Sessions
from protocol.peers.taking import Taking
from protocol.peers.ties import Ties


class Gossip:
    """The machines of one node that speak about entries, joined."""

    def __init__(
        self,
        journal: Journal,
        chance: Callable[[int], bytes],
        invitation: bytes | None,
        practices: Sequence[Practice] = (),
    ) -> None:
        knows = tuple(Knows(practice.name, practice.version) for practice in practices)
        self.ties = Ties(journal)
        self.sessions = Sessions(journal, invitation, knows)
        self.budgets = Budgets(journal, self.sessions, self.ties)
        self.compare = Compare(journal, self.sessions, self.budgets)
        self.taking = Taking(journal, self.sessions, self.compare, self.budgets, chance)
        self.key_events = self.taking.key_events
