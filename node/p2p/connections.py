# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who is connected, who is refused, and who has to make way for whom; all of it in the trio thread."""

import secrets
from collections.abc import Mapping

import trio

from node.p2p.addresses import Target
from node.p2p.admission import HANDSHAKE_SECONDS
from node.p2p.connection import Connection, NetworkBounds
from node.p2p.ending import ConnectionFault
from node.p2p.parts import ID
from node.p2p.places import NoPlace, giving_way
from protocol.peers.ties import Tie

BANS_MAX = 4096

CONNECT_SECONDS = 5.0
# Two dials that cross are both younger than this; a second connection later means that the first is dead.
DIALS_CROSS_SECONDS = CONNECT_SECONDS + HANDSHAKE_SECONDS


class PeerConnections:
    """The connections of one host by peer, what ties these to it, and whom it refuses."""

    def __init__(self, me: ID, bounds: NetworkBounds, targets: Mapping[str, Target]) -> None:
        self.by_peer: dict[str, Connection] = {}
        self._me = me
        self._bounds = bounds
        self._targets = targets
        self._ties: Mapping[bytes, Tie] = {}
        self._severed: set[str] = set()
        self._banned_until: dict[str, float] = {}
        self._secret = secrets.token_bytes(32)
        """By which places are spread over addresses: nobody can choose one for that."""

    # Ties.

    def know(self, ties: Mapping[bytes, Tie]) -> None:
        """Take in which nodes are more than strangers, by libp2p key."""
        self._ties = ties
        for one in self.by_peer.values():
            one.tie_by(self.tie_of(one.peer, one.public_key, outbound=one.outbound), self._bounds)

    def tie_of(self, peer: str, key: bytes, *, outbound: bool) -> Tie:
        """Return what ties a peer to us."""
        chosen = outbound or peer in self._targets
        return max(self._ties.get(key, Tie.STRANGER), Tie.KNOWN if chosen else Tie.STRANGER)

    # Whom we refuse.

    def ban(self, peer: str, seconds: float) -> None:
        """Refuse a peer for a while."""
        if len(self._banned_until) >= BANS_MAX:
            del self._banned_until[min(self._banned_until, key=self._banned_until.__getitem__)]
        self._banned_until[peer] = trio.current_time() + seconds

    def sever(self, peer: str) -> None:
        """Refuse a peer until mended."""
        self._severed.add(peer)

    def mend(self, peer: str) -> None:
        """Refuse a peer no more."""
        self._severed.discard(peer)
        self._banned_until.pop(peer, None)

    def is_refused(self, peer: str) -> bool:
        """Tell whether a peer is refused now."""
        return peer in self._severed or self._banned_until.get(peer, 0) > trio.current_time()

    # Who has a place.

    def making_way(self, connection: Connection) -> tuple[Connection, str] | None:
        """Return the connection that goes for a new one, if any, and why; ConnectionFault if the new one may not stay.

        Where both sides dialled at once, both keep what the smaller PeerID dialled. Where the old one is no
        child of the same moment, whoever dialled again has lost it and knows better.
        """
        if self.is_refused(connection.peer):
            raise ConnectionFault("the peer is refused")
        held = self.by_peer.get(connection.peer)
        if held is None or held.since is None:
            return self._leaving(connection)
        crossed = trio.current_time() - held.since < DIALS_CROSS_SECONDS and held.outbound != connection.outbound
        we_are_smaller = self._me.to_bytes() < ID.from_base58(connection.peer).to_bytes()
        if crossed and connection.outbound != we_are_smaller:
            raise ConnectionFault("the other of two crossing connections stays")
        return held, "replaced by a newer connection"

    def _leaving(self, connection: Connection) -> tuple[Connection, str] | None:
        if connection.outbound or connection.peer in self._targets:
            return None  # those we chose
        callers = [one for one in self.by_peer.values() if not one.outbound and one.peer not in self._targets]
        bounds = self._bounds
        try:
            leaving = giving_way(
                connection,
                callers,
                kept_max=bounds.inbound_kept_max,
                others_max=bounds.inbound_max,
                per_address_max=bounds.inbound_per_address_max,
                secret=self._secret,
            )
        except NoPlace as full:
            raise ConnectionFault(str(full)) from None
        return None if leaving is None else (leaving, "its place is another's now")
