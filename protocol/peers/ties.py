# SPDX-License-Identifier: AGPL-3.0-or-later
"""What ties a peer to this network: the nearer it is, the more it may ask, and the later it gives way.

A peer is known by its libp2p key before it has said a word, so strangers cannot pass for a partner.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

from protocol.book.book import Book
from protocol.book.slots import Slot
from protocol.lanes.directory import Directory
from protocol.lanes.journal import Journal


class Tie(IntEnum):
    """How near a network or a node is to this one; a greater one is nearer."""

    STRANGER = 0
    """Whoever can open a connection: keys cost nothing."""
    KNOWN = 1
    """A network that a partner has a link with, or we have or had one with, or whose address our operator gave."""
    FEDERATION = 2
    """A member of a federation of which we are a member too."""
    PARTNER = 3
    """A network with which we share a link that is not closed."""
    OWN = 4
    """A node of our own network: the home, and the replicas that it has let in."""


TIES: Slot[Callable[[Book], Iterable[tuple[bytes, Tie]]]] = Slot(
    "tells which other networks are tied to ours, and how: of several ties of one the nearest counts"
)
OWN_NODES: Slot[Callable[[Book], Iterable[bytes]]] = Slot("tells the libp2p keys of the replicas of our network")


@dataclass(frozen=True)
class TiesShown:
    """The ties of one moment."""

    book: Book
    own: bytes

    @cached_property
    def networks(self) -> Mapping[bytes, Tie]:
        found: dict[bytes, Tie] = {}
        for tell in self.book.fillings(TIES):
            for network, tie in tell(self.book):
                found[network] = max(tie, found.get(network, Tie.STRANGER))
        found[self.own] = Tie.OWN
        return found

    @cached_property
    def nodes(self) -> Mapping[bytes, Tie]:
        known = self.book.of(Directory).networks
        homes = {known[one].identity.transport: tie for one, tie in self.networks.items() if one in known}
        replicas = {key: Tie.OWN for tell in self.book.fillings(OWN_NODES) for key in tell(self.book)}
        return homes | replicas


class Ties:
    """What ties others to one network, as its book tells: a second old at most, and worked out where it is asked."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._changed = False
        self._found = TiesShown(journal.book, journal.network)

    def note(self) -> None:
        """Know that something was folded: ties may have changed."""
        self._changed = True

    def tick(self) -> None:
        """Work them out anew when they are asked next, if they may have changed."""
        if self._changed:
            self._changed = False
            self._found = TiesShown(self._journal.book, self._journal.network)

    def of(self, network: bytes) -> Tie:
        """Return what ties a network to ours."""
        return self._found.networks.get(network, Tie.STRANGER)

    def of_node(self, transport: bytes) -> Tie:
        """Return what ties the node with this libp2p key to us, whether it has said hello or not."""
        return self._found.nodes.get(transport, Tie.STRANGER)

    @property
    def partners(self) -> frozenset[bytes]:
        """The networks with which we share a link that is not closed."""
        return frozenset(network for network, tie in self._found.networks.items() if tie is Tie.PARTNER)

    @property
    def nodes(self) -> Mapping[bytes, Tie]:
        """All nodes that are more than strangers, by libp2p key."""
        return self._found.nodes
