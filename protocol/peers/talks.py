# SPDX-License-Identifier: AGPL-3.0-or-later
"""What peers say: entries and heads go to gossip, and what homes ask one another to the practice that declares it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from protocol.book.declaration import Desk, Slot
from protocol.lanes.entry import LINK_PREFIX, Entry
from protocol.peers.board_messages import BoardAhead, BoardItems, BoardItemsWanted, BoardSpans
from protocol.peers.hello import Greeting
from protocol.peers.home import Home, HomeSaid
from protocol.peers.messages import (
    Ahead,
    Entries,
    Heads,
    Hello,
    NewerMessage,
    NodeRole,
    PeerFault,
    Running,
    Wanted,
    unpack,
)
from protocol.peers.runs import RunTalk
from protocol.peers.sessions import Session
from protocol.peers.taking import parsed

Hear = Callable[[Home, Session, bytes, Any], Iterable[HomeSaid]]


@dataclass(frozen=True, slots=True)
class Hears:
    """A kind of message between the homes of two networks, and what a practice does when one comes.

    `hear` is given the home, the session, the network that speaks, and the message. One that is `counted` is one of
    the questions that a peer may ask so many of in a minute.
    """

    kind: type[Any]
    hear: Hear
    counted: bool = False


HEARS: Slot[Hears] = Slot("hears a message of another network's home")
RECORDS: Slot[Callable[[Home, Session, bytes, Entry], Iterable[HomeSaid]]] = Slot(
    "takes in a record of a lane that two partners alone hold, from the home of the network that shows it"
)


def at_desk(hear: Callable[[Desk, bytes, Any], Iterable[HomeSaid]]) -> Hear:
    """Return how a practice hears a message that needs no more than the desk, and who speaks."""
    return lambda home, _, network, message: hear(home.desk(), network, message)


class Talks:
    """What one node hears from its peers."""

    def __init__(self, home: Home, greeting: Greeting) -> None:
        self.home = home
        self.runs = RunTalk(home)
        self.greeting = greeting

    def hear(self, peer: str, frame: bytes) -> None:
        """Take in a frame; raises PeerFault where the peer breaks the protocol."""
        home, gossip = self.home, self.home.gossip
        session = gossip.sessions.by_peer.get(peer)
        if session is None:
            return
        message = unpack(frame)
        if session.network is None:
            self._greet(session, message)
            return
        match message:
            case NewerMessage():
                gossip.sessions.count(session, home.now)
            case Hello():
                raise PeerFault("hello is said once")
            case Entries():
                self._hear_entries(session, message)
            case Heads():
                gossip.sessions.count(session, home.now)
                home.out += gossip.compare.hear_heads(session, message)
            case Ahead():
                gossip.sessions.count(session, home.now)
                home.out += gossip.compare.hear_ahead(session, message)
            case Wanted():
                gossip.sessions.count(session, home.now)
                home.out += gossip.compare.hear_wanted(session, message)
            case BoardSpans() | BoardAhead() | BoardItemsWanted() | BoardItems():
                home.pinning.hear(session, message)
            case Running():
                gossip.sessions.count(session, home.now)
                self.runs.hear(session, message)
            case _:
                network = self._partner(session)
                for hears in home.book.fillings(HEARS):
                    if hears.kind is type(message):
                        if hears.counted:
                            gossip.sessions.count(session, home.now)
                        home.do(hears.hear(home, session, network, message))

    def _greet(self, session: Session, message: object) -> None:
        if session.hello is not None:
            self.greeting.hear_more(session, message)
        elif isinstance(message, Hello):
            self.greeting.hear(session, message)
        else:
            raise PeerFault("the first word is hello")
        self.runs.greet(session)

    def _partner(self, session: Session) -> bytes:
        if session.role is not NodeRole.HOME or session.network is None or self.home.keyring is None:
            raise PeerFault("only home nodes speak of payments")
        return session.network

    def _hear_entries(self, session: Session, message: Entries) -> None:
        home, taking = self.home, self.home.gossip.taking
        entries = [parsed(wire) for wire in message.entries]
        if session.network != home.network:
            records = [one for one in entries if one.header.lane.startswith(LINK_PREFIX)]
            for record in records:
                for take in home.book.fillings(RECORDS):
                    home.do(take(home, session, self._partner(session), record))
            entries = [one for one in entries if not one.header.lane.startswith(LINK_PREFIX)]
        if home.keyring is not None and any(map(home.standing.has_lost, entries)):
            home.standing.fall_back()
        home.out += taking.hear_entries(session, entries, home.calendar)
        home.standing.mind_succession()
        for entry in taking.convicted:
            home.accuse_of_fork(entry)
        taking.convicted.clear()
