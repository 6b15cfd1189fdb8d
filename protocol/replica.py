# SPDX-License-Identifier: AGPL-3.0-or-later
"""One node's whole state: inputs in, effects out; it holds no rule, and knows no practice.

It never waits, stores, sends or logs. Effects come in the order in which they must be done: first
stored, then sent, then told.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, assert_never

from protocol.answering import Answering
from protocol.book.agenda import due_plans
from protocol.book.book import Book
from protocol.book.clock import Clock
from protocol.book.declaration import Accusation, Desk, Entered, Operation, Practice
from protocol.book.tables import Name, NotFetched
from protocol.events import (
    MISSED,
    Answer,
    Asked,
    Drop,
    DropBoardItem,
    Effect,
    Erase,
    Fetch,
    Forget,
    Input,
    Keep,
    Line,
    PeerDown,
    PeerUp,
    Publish,
    Recalled,
    Received,
    RowsBrought,
    Send,
    SendRange,
    Store,
    StoreBoardItem,
    StoreDeclined,
    StoreFault,
    StoreItem,
    TimerFired,
)
from protocol.lanes.entry import IDENTITY, Entry, Millis
from protocol.lanes.journal import Behind, InvalidEntry, Journal, Keyring
from protocol.peers.gossip import Gossip
from protocol.peers.hello import Greeting
from protocol.peers.home import AGAIN, DECLINED, ENTRY_INVALID, KEPT, PROCEED, WRONGS, Home
from protocol.peers.messages import PeerFault
from protocol.peers.news import ClockSetBack
from protocol.peers.push import push
from protocol.peers.talks import Talks
from protocol.peers.ties import Tie
from protocol.peers.troubles import Trouble, troubles_of

NEWS_FROM_PEER_MAX = 256
"""What a peer brings beyond so many entries at once is history: subscribers are told that they missed it."""
_RANKS: Mapping[type[Effect], int] = {
    Store: 0, Forget: 0, Keep: 0, StoreItem: 0, Erase: 0, StoreFault: 0, StoreDeclined: 0,
    StoreBoardItem: 0, DropBoardItem: 0, Fetch: 0,
    Send: 1, SendRange: 1, Drop: 1, Publish: 2, Answer: 2,
}  # fmt: skip


class Replica:
    """A home node's state, where it has a keyring; without one, a replica of a network's books.

    `invitation` is the code that a new replica shows to its home. A node that is `recovering`, because its
    disk holds an old copy, signs nothing until it has got its own entries back (PROTOCOL 6), the key events up to the
    epoch that it had `opened` among them. One that `compares` signs nothing after its start
    until it has compared with who would know, if there is anybody.
    """

    def __init__(
        self,
        network: bytes,
        practices: Sequence[Practice],
        *,
        chance: Callable[[int], bytes],
        keyring: Keyring | None,
        invitation: bytes | None = None,
        recovering: bool = False,
        opened: int = 0,
        compares: bool = False,
    ) -> None:
        self.home = Home(
            network, practices, chance, keyring, invitation, recovering=recovering, opened=opened, compares=compares
        )
        self.greeting = Greeting(self.home)
        self.talks = Talks(self.home, self.greeting)
        self.answering = Answering(self.home)

    # What others see.

    @property
    def network(self) -> bytes:
        """The network whose books these are."""
        return self.home.network

    @property
    def operations(self) -> Mapping[str, Operation]:
        """What can be asked for, by name."""
        return self.answering.operations

    @property
    def journal(self) -> Journal:
        """The lanes."""
        return self.home.journal

    @property
    def book(self) -> Book:
        """What the lanes amount to."""
        return self.home.book

    @property
    def gossip(self) -> Gossip:
        """Who is connected, and what is said about entries."""
        return self.home.gossip

    @property
    def recovering(self) -> bool:
        """Whether nothing is signed since this may be an old copy."""
        return self.home.standing.recovering

    @property
    def comparing(self) -> bool:
        """Whether nothing is signed yet since this node has just begun, and compares with others first."""
        return self.home.standing.comparing or self.home.standing.gave_way

    @property
    def troubles(self) -> tuple[Trouble, ...]:
        """What is wrong with this node, as its steward is told, what stops it first."""
        return tuple(troubles_of(self.home))

    @property
    def succeeded(self) -> bool:
        """Whether another node signs for this network now: the hot key here is that of an ended epoch."""
        return self.home.standing.succeeded

    @property
    def behind(self) -> Behind | None:
        """Before which entry of the ledger the book stands, since this version does not know its kind."""
        return self.home.journal.behind

    def ties(self) -> Mapping[bytes, Tie]:
        """Return the nodes that are more than strangers, by libp2p key."""
        return self.gossip.ties.nodes

    # In.

    def recall(self, data: bytes) -> None:
        """Take in a fault that this node has kept."""
        for take in self.book.fillings(KEPT):
            take(self.book, data)

    def recall_declined(self, id: bytes) -> None:
        """Know an offer that this node's steward has declined."""
        for take in self.book.fillings(DECLINED):
            take(self.book, id)

    def load(self, entries: Iterable[Entry]) -> Iterator[tuple[Entry, tuple[Line, ...]]]:
        """Fold this node's stored entries in, in the order of their arrival; yields each with its lines.

        A home that lacks what its own records acknowledge, as in a replica's copy, is recovering.
        """
        for entry in entries:
            lines = self.journal.reload(entry)
            self.greeting.note(Store(entry))
            self.gossip.ties.note()
            yield entry, lines
        self.home.standing.begin()

    def pin(self, stored: Iterable[tuple[int, bytes]]) -> None:
        """Take in the items of boards that this node has stored: of each when it came, and its bytes."""
        self.home.pinning.load(stored)

    def reopen(self) -> bool:
        """Go on in a new epoch from the entries that are here: what is not here by now is given up.

        Tells whether it does: no epoch is opened a second time, whose key event is not here.
        """
        standing = self.home.standing
        if standing.lacks_epochs:
            return False
        standing.reopen()
        return True

    def state(self) -> Any:
        """Return what a snapshot keeps: all that was folded, and nothing of peers, of keys or of what is under way."""
        return self.journal.state(), self.greeting.identity

    def resume(self, state: Any) -> None:
        """Go on from what `state` has returned; the entries that came since are then loaded."""
        journal, self.greeting.identity = state
        self.journal.resume(journal)

    def handle(self, batch: Sequence[Input], now: Millis) -> list[Effect]:
        """Take a batch of inputs; returns all effects, the records of links last among what is stored."""
        home = self.home
        home.out = []
        if now < home.now:
            self._set_back(home.now - now)
        home.now = self.gossip.budgets.now = now
        for place, one in enumerate(batch):
            try:
                self._take(one)
            except NotFetched as lacking:
                # Nothing of this input has been done; what follows it waits with it.
                home.say(Fetch(lacking.names, tuple(batch[place:])))
                break
            self.answering.answer_ready()
        if home.standing.signs:
            home.seal()
        self._flush(None)
        for seen in self.book.fillings(WRONGS):
            home.do(seen(home.desk()))
        home.out += map(Keep, self.book.settle())
        return sorted(home.out, key=lambda effect: _RANKS[type(effect)])

    def _take(self, one: Input) -> None:
        match one:
            case RowsBrought(rows):
                self.book.visit(rows)
            case Asked():
                self.answering.answer(one)
            case Received(peer, frame):
                self._guard(peer, lambda: self.talks.hear(peer, frame))
            case PeerUp(peer, transport, outbound):
                self._guard(peer, lambda: self.greeting.greet(peer, transport, chosen=outbound))
            case PeerDown(peer):
                self.home.gossip.sessions.part(peer)
            case TimerFired(steady_ms):
                self.book.of(Clock).tick(self.home.now, steady_ms)
                self._tick()
            case Recalled(network, turn, entries, first, last):
                self.journal.recall(network, entries, turn, first=first, last=last)
            case _:
                assert_never(one)

    def names(self, batch: Iterable[Input]) -> frozenset[Name]:
        """Return the rows that a batch names and that only the store can have: they are to be brought with it."""
        return frozenset(name for one in batch if isinstance(one, Asked) for name in self.answering.named(one))

    def _set_back(self, by: Millis) -> None:
        """Wait no longer for what has waited already, though the clock was set back."""
        self.home.standing.set_back()
        for session in self.gossip.sessions.by_peer.values():
            session.since -= by
            session.opened_ms -= by
            session.brought_ms -= by
            session.boards.opened_ms -= by
            session.boards.brought_ms -= by
        self.gossip.budgets.set_back()
        self.answering.set_back(by)
        self.home.hear(ClockSetBack())

    def _guard(self, peer: str, act: Callable[[], None]) -> None:
        """Do what a peer's input asks for; a peer that breaks the protocol loses its connection."""
        try:
            act()
        except PeerFault as fault:
            if isinstance(invalid := fault.__cause__, InvalidEntry):
                accused = invalid.entry
                self.home.accuse(Accusation(ENTRY_INVALID, accused.network, str(fault), wires=(accused.wire,)))
            self._drop(peer, str(fault))
        finally:
            self._flush(peer)

    def _drop(self, peer: str, reason: str) -> None:
        self.gossip.sessions.part(peer)
        self.home.say(Drop(peer, reason))

    def _tick(self) -> None:
        home = self.home
        self.gossip.ties.tick()
        for peer in self.gossip.sessions.strangers(home.now):
            self._drop(peer, "no hello")
        home.out += self.gossip.compare.opening(home.now, eager=home.standing.recovering)
        home.pinning.tick()
        self.talks.runs.tick()
        was_recovering = home.standing.recovering
        if was_recovering and home.journal.behind is None:
            home.standing.recover()
        elif home.standing.comparing and home.journal.behind is None:
            home.standing.compare()
        if home.standing.signs and not was_recovering:
            # At once where it begins to sign: the next record of a link acknowledges what its partner has claimed in
            # the meantime, so the ledger tells of that before anybody's wish makes one.
            self._go_on()

    def _go_on(self) -> None:
        """Do what time brings to a home that signs."""
        home = self.home
        home.standing.look_again()
        self.greeting.write_down()
        desk = home.desk()
        for proceed in self.book.fillings(PROCEED):
            home.do(proceed(desk))
        self.answering.answer_ready()
        self.answering.lapse()
        if not self.book.of(Clock).leapt:
            self._by_calendar(desk)
        for again in self.book.fillings(AGAIN):
            again(home)

    def _by_calendar(self, desk: Desk) -> None:
        """Do what the calendar brings: nobody undoes it if the clock was wrong."""
        home = self.home
        home.do(due_plans(desk))
        for practice in home.practices:
            if practice.due is not None:
                home.do(self.book.until_refused(practice.due(desk), home.now))

    # Out.

    def _flush(self, source: str | None) -> None:
        """Ask that what was folded in be stored, pushed to those who lack it, and told to subscribers."""
        home = self.home
        stores, entered = self.journal.drain()
        home.out += stores
        for one in stores:
            self.greeting.note(one)
        if stores:
            self.gossip.ties.note()
            self.home.pinning.note()
        if source is None or not self._is_stranger(source):
            fresh = (one.entry for one in stores if isinstance(one, Store))
            home.out += push(self.gossip.sessions, self.gossip.ties, fresh, source, home.chance)
        if renewed := _of_identities(stores):
            for network in sorted(renewed):
                home.pinning.identity_changed(network)
            for peer in self.gossip.sessions.expelled():
                self._drop(peer, "its network has certified another transport key")
        if source is not None and len(entered) > NEWS_FROM_PEER_MAX:
            home.say(Publish(MISSED, "", figures={"entries": len(entered)}))
            return
        for one in entered:
            self._publish(one)

    def _is_stranger(self, peer: str) -> bool:
        """Tell whether a peer is tied to us by nothing: what it brings costs nobody else more than comparisons do."""
        session = self.gossip.sessions.by_peer.get(peer)
        if session is None or session.chosen:
            return False
        return self.gossip.ties.of_node(session.transport) is Tie.STRANGER

    def _publish(self, entered: Entered) -> None:
        for news in self.book.news(entered):
            self.home.say(Publish(news.type, news.resource, news.audience, dict(news.figures)))


def _of_identities(stores: Iterable[Store | Forget]) -> set[bytes]:
    """Return the networks of which key events were stored or dropped."""
    places = ((one.entry.network, one.entry.header.lane) if isinstance(one, Store) else one[:2] for one in stores)
    return {network for network, lane in places if lane == IDENTITY}
