# SPDX-License-Identifier: AGPL-3.0-or-later
"""What was folded in goes out: to be stored, pushed to those who lack it, and told to subscribers."""

from collections.abc import Iterable

from protocol.book.declaration import Entered
from protocol.events import MISSED, Drop, Forget, Publish, Store
from protocol.lanes.entry import IDENTITY
from protocol.peers.hello import Greeting
from protocol.peers.home import Home
from protocol.peers.push import push
from protocol.peers.ties import Tie

NEWS_FROM_PEER_MAX = 256
"""What a peer brings beyond so many entries at once is history: subscribers are told that they missed it."""


class ToldOut:
    """What one node tells of what it has taken in."""

    def __init__(self, home: Home, greeting: Greeting) -> None:
        self.home = home
        self.greeting = greeting
        self._gossip = home.gossip

    def drop(self, peer: str, reason: str) -> None:
        """Part with a peer."""
        self._gossip.sessions.part(peer)
        self.home.say(Drop(peer, reason))

    def flush(self, source: str | None) -> None:
        """Ask that what was folded in be stored, pushed to those who lack it, and told to subscribers."""
        home = self.home
        stores, entered = self.home.journal.drain()
        home.out += stores
        for one in stores:
            self.greeting.note(one)
        if stores:
            self._gossip.ties.note()
            home.pinning.note()
        if source is None or not self._is_stranger(source):
            fresh = (one.entry for one in stores if isinstance(one, Store))
            home.out += push(self._gossip.sessions, self._gossip.ties, fresh, source, home.chance)
        if renewed := _of_identities(stores):
            for network in sorted(renewed):
                home.pinning.identity_changed(network)
            for peer in self._gossip.sessions.expelled():
                self.drop(peer, "its network has certified another transport key")
        if source is not None and len(entered) > NEWS_FROM_PEER_MAX:
            home.say(Publish(MISSED, "", figures={"entries": len(entered)}))
            return
        for one in entered:
            self._publish(one)

    def _is_stranger(self, peer: str) -> bool:
        """Tell whether a peer is tied to us by nothing: what it brings costs nobody else more than comparisons do."""
        session = self._gossip.sessions.by_peer.get(peer)
        if session is None or session.chosen:
            return False
        return self._gossip.ties.of_node(session.transport) is Tie.STRANGER

    def _publish(self, entered: Entered) -> None:
        for news in self.home.book.news(entered):
            self.home.say(Publish(news.type, news.resource, news.audience, dict(news.figures)))


def _of_identities(stores: Iterable[Store | Forget]) -> set[bytes]:
    """Return the networks of which key events were stored or dropped."""
    places = ((one.entry.network, one.entry.header.lane) if isinstance(one, Store) else one[:2] for one in stores)
    return {network for network, lane in places if lane == IDENTITY}
