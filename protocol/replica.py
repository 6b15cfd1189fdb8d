# SPDX-License-Identifier: AGPL-3.0-or-later
"""One node's whole state: inputs in, effects out; it holds no rule, and knows no practice.

It never waits, stores, sends or logs. Effects come in the order in which they must be done: first
stored, then sent, then told.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, assert_never

from protocol.answering import Answering
from protocol.book.book import Book
from protocol.book.clock import Clock
from protocol.book.declaration import Accusation, Operation, Practice
from protocol.book.private import PrivateItem
from protocol.book.tables import Name, NotFetched
from protocol.events import (
    RANKS,
    Asked,
    Effect,
    Fetch,
    Input,
    Keep,
    Line,
    PeerDown,
    PeerUp,
    Recalled,
    Received,
    ReckonedBeside,
    RowsBrought,
    Store,
    TimerFired,
)
from protocol.lanes.entry import Entry, Millis
from protocol.lanes.journal import Behind, InvalidEntry, Journal, Keyring
from protocol.peers.gossip import Gossip
from protocol.peers.hello import Greeting
from protocol.peers.home import DECLINED, ENTRY_INVALID, KEPT, WRONGS, Home
from protocol.peers.messages import PeerFault
from protocol.peers.talks import Talks
from protocol.peers.ties import Tie
from protocol.peers.troubles import Trouble, troubles_of
from protocol.timer import Timer
from protocol.told import ToldOut


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
        self.told_out = ToldOut(self.home, self.greeting)
        self.timer = Timer(self.home, self.talks, self.answering, self.told_out)

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

    def remember(self, kept: Callable[[str], Iterable[PrivateItem]]) -> None:
        """Take in what members keep and practices have in memory; `kept` reads what is stored by how kinds begin."""
        self.home.recall_things(kept)

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
            self.timer.set_back(home.now - now)
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
        self.told_out.flush(None)
        for seen in self.book.fillings(WRONGS):
            home.do(seen(home.desk()))
        home.out += map(Keep, self.book.settle())
        return sorted(home.out, key=lambda effect: RANKS[type(effect)])

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
                self.timer.tick()
            case ReckonedBeside(beside, result):
                self.timer.follow(beside, result)
            case Recalled(network, turn, entries, first, last):
                self.journal.recall(network, entries, turn, first=first, last=last)
            case _:
                assert_never(one)

    def names(self, batch: Iterable[Input]) -> frozenset[Name]:
        """Return the rows that a batch names and that only the store can have: they are to be brought with it."""
        return frozenset(name for one in batch if isinstance(one, Asked) for name in self.answering.named(one))

    def _guard(self, peer: str, act: Callable[[], None]) -> None:
        """Do what a peer's input asks for; a peer that breaks the protocol loses its connection."""
        try:
            act()
        except PeerFault as fault:
            if isinstance(invalid := fault.__cause__, InvalidEntry):
                accused = invalid.entry
                self.home.accuse(Accusation(ENTRY_INVALID, accused.network, str(fault), wires=(accused.wire,)))
            self.told_out.drop(peer, str(fault))
        finally:
            self.told_out.flush(peer)
