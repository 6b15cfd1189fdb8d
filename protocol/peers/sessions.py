# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who is connected, for whom they speak, and how much they may ask."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from protocol.book.timezones import MINUTE_MS
from protocol.events import Send
from protocol.lanes.directory import is_public
from protocol.lanes.entry import Millis
from protocol.lanes.journal import Journal
from protocol.peers.messages import IDENTITY_ENTRIES_MAX, Hello, Knows, Message, NodeRole, PeerFault, pack

SESSIONS_MAX = 512
REQUESTS_PER_MINUTE_MAX = 1_200
"""Wanted, Heads, quotes and link questions that one peer may send in a minute."""
HELLO_WITHIN_MS = 10_000
"""How long a connected peer may keep silent about who it is."""


@dataclass(slots=True)
class BoardsCompared:
    """How far boards are compared with one peer."""

    opened_ms: Millis = -(2**53)
    """When we have begun a comparison with it last."""
    pause_ms: Millis = 0
    """How long after it the next may begin, where it has found a difference."""
    versions: tuple[tuple[bytes | None, int], ...] = ()
    """What both may hold, by audience, each with the version of its index, when that comparison began."""
    changes: tuple[int, int] = (-1, -1)
    """Up to which change of the boards, and of what was heard, it was looked whether there is anything to compare."""
    stale: bool = True
    """Whether there is."""
    differs: bool = False
    """Whether that comparison has found a difference."""
    brought_ms: Millis = 0
    """When it has brought last what was not here."""
    lacked_key: bool = False
    """Whether it has shown an item whose key is not known here yet."""


@dataclass(slots=True)
class Session:
    """One connected peer: its libp2p key, and once it has said hello its network and its part in it."""

    peer: str
    transport: bytes
    since: Millis
    chosen: bool = False
    """Whether we have dialled it: our operator gave its address."""
    network: bytes | None = None
    role: NodeRole | None = None
    hello: Hello | None = None
    """What it has said of itself, while older key events on which that rests are on their way."""
    requests: int = 0
    knows: tuple[Knows, ...] = ()
    """Its practices, as it has told."""
    agrees: bool = False
    """Whether the peer held the same of our own network as we do when it last told its heads."""
    opened_ms: Millis = -(2**53)
    """When we have begun a comparison with it last."""
    answered: bool = True
    """Whether it has answered that."""
    pause_ms: Millis = 0
    """How long after it the next may begin."""
    compared: tuple[int, int] = (-1, -1)
    """The versions of what everybody, and our network's nodes alone, may hold, when that comparison began."""
    differs: bool = False
    """Whether that comparison has found a difference."""
    asked: bool = False
    """Whether it has led us to ask for something."""
    windows: int = 0
    """How often not all that differs had room in a frame: each time another part of it is looked at."""
    windowed: bool = False
    """Whether that was so in this comparison."""
    brought_ms: Millis = 0
    """When it has brought last what was not here."""
    awaited_ms: Millis = 0
    """Since when it is to bring something."""
    wanted: dict[tuple[bytes, str], tuple[int, int]] = field(default_factory=dict[tuple[bytes, str], tuple[int, int]])
    """Lanes of which more is on its way from this peer: up to which seq we asked, and how far the peer is."""
    unvouched: set[bytes] = field(default_factory=set[bytes])
    """Networks whose words it has shown under keys that we do not know as theirs: only the newest is asked for."""
    boards: BoardsCompared = field(default_factory=BoardsCompared)


class Sessions:
    """The sessions of one node, by peer; `role` is its part in its own network."""

    def __init__(self, journal: Journal, invitation: bytes | None, knows: tuple[Knows, ...]) -> None:
        self.network = journal.network
        self.journal = journal
        """Knows the networks: its directory is another one when a snapshot has been read."""
        self.by_peer: dict[str, Session] = {}
        self.invitation = invitation
        self.role = NodeRole.HOME
        self.knows = knows
        """The practices that this node has."""
        self._minute = 0

    def greet(self, session: Session, identity: Sequence[bytes]) -> list[Send]:
        """Open a session and say hello."""
        if len(self.by_peer) >= SESSIONS_MAX:
            raise PeerFault("too many peers")
        self.by_peer[session.peer] = session
        # Who knows the older key events needs the newest only; all others ask for them.
        newest = tuple(identity[-IDENTITY_ENTRIES_MAX:])
        hello = Hello(self.network, self.role, newest, self.invitation, self.knows)
        return [session_said(session.peer, hello)]

    def part(self, peer: str) -> None:
        """Close a session."""
        session = self.by_peer.pop(peer, None)
        if session is not None and session.network is not None:
            self._note_presence(session.network)

    def expelled(self) -> list[str]:
        """Return the peers that speak for a network which has certified another transport key since."""
        networks = self.journal.directory.networks
        return [
            one.peer
            for one in self.by_peer.values()
            if one.role is NodeRole.HOME
            and one.network is not None
            and ((known := networks.get(one.network)) is None or known.identity.transport != one.transport)
        ]

    def strangers(self, now: Millis) -> list[str]:
        """Return the peers that have not said for whom they speak, and have had the time to."""
        return [one.peer for one in self.by_peer.values() if one.network is None and now - one.since > HELLO_WITHIN_MS]

    def admit(self, session: Session, network: bytes, role: NodeRole) -> None:
        """Note for whom a peer has shown that it speaks."""
        session.network, session.role = network, role
        self._note_presence(network)

    def _note_presence(self, network: bytes) -> None:
        known = self.journal.directory.networks.get(network)
        if known is not None:
            known.connected = self.of_network(network) is not None

    def of_network(self, network: bytes, role: NodeRole = NodeRole.HOME) -> Session | None:
        """Return the session with a network's home node (or a replica of it), if it is connected."""
        return next((one for one in self.by_peer.values() if one.network == network and one.role is role), None)

    def count(self, session: Session, now: Millis) -> None:
        """Count a request of a peer; raises PeerFault when there are too many in a minute."""
        minute = now // MINUTE_MS
        if minute != self._minute:
            self._minute = minute
            for one in self.by_peer.values():
                one.requests = 0
        session.requests += 1
        if session.requests > REQUESTS_PER_MINUTE_MAX:
            raise PeerFault("too many requests in a minute")

    def may_hold(self, session: Session, network: bytes, lane: str) -> bool:
        """Tell whether a lane is for this peer: public, or of the network that we both serve."""
        return is_public(lane) or (network == self.network == session.network)


def session_said(peer: str, message: Message) -> Send:
    """Return the effect by which a peer is told something."""
    return Send(peer, pack(message))
