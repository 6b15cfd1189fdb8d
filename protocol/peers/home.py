# SPDX-License-Identifier: AGPL-3.0-or-later
"""A home: what the machines of one node, and the talks of its practices with other homes, share.

Nothing here waits, stores or sends: what is to be done is said, as effects.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from protocol.book.book import Book
from protocol.book.clock import Clock
from protocol.book.declaration import NOBODY, Accusation, Actor, Desk, Plan, Practice, Slot, Tell, WishReady
from protocol.book.plans import LetGo
from protocol.book.private import PrivateItem, items_of, private_by_entry
from protocol.events import Drop, Effect, Erase, Publish, ReckonBeside, Send, StoreFault, StoreItem
from protocol.lanes.claims import Backing
from protocol.lanes.entry import Entry, Millis
from protocol.lanes.journal import Journal, Keyring
from protocol.lanes.leaving import let_go
from protocol.peers.budgets import PASSED_OVER_MS
from protocol.peers.gossip import Gossip
from protocol.peers.messages import NodeRole, pack
from protocol.peers.news import HOME_NEWS, HomeNews
from protocol.peers.pinning import BoardTalk
from protocol.peers.standing import Standing
from protocol.wire.keys import id_text

HomeSaid = Tell | Plan | WishReady | Accusation
"""What a talk asks to be done; each is done before the next is asked for."""

FORK, ENTRY_INVALID = "FORK", "ENTRY_INVALID"
"""What the core itself accuses networks of."""


class Keeping(NamedTuple):
    """What a practice has in memory of what members keep: it is told of each thing, also at a start, and of erasures.

    A thing without a value is kept no more.
    """

    prefix: str
    take: Callable[[Book, PrivateItem], None]
    erase: Callable[[Book, str], None]


STEP: Slot[Callable[[Book, Any], None]] = Slot("takes a step of a plan into what is in the making")
DECLINES: Slot[Callable[["Home", bytes], None]] = Slot("lets go of what another network offers, by its id")
DECLINED: Slot[Callable[[Book, bytes], None]] = Slot("takes in what this node's steward has declined before")
SEAL: Slot[Callable[["Home"], None]] = Slot("writes what is in the making: at the end of a batch, or of an epoch")
ACCUSED: Slot[Callable[[Book, Accusation, Millis], tuple[bytes, bytes] | None]] = Slot(
    "keeps what a network has been seen to do wrong; returns id and bytes of what is news, to be stored"
)

KEPT: Slot[Callable[[Book, bytes], None]] = Slot("takes in what this node has stored of that before")
WRONGS: Slot[Callable[[Desk], Iterable[Accusation]]] = Slot("tells, after each batch, what it has shown to be wrong")
PROCEED: Slot[Callable[[Desk], Iterable[HomeSaid]]] = Slot("goes on, as time passes, with what is asked of other homes")
KEEPS: Slot[Keeping] = Slot("has in memory what is kept of members in a private store, by how its kinds begin")
AGAIN: Slot[Callable[["Home"], None]] = Slot("does again, as time passes, what has had no answer")


class Home:
    """One node: its lanes and book, its peers, and whether it signs.

    A node without a keyring is a replica of its network's books, and signs nothing. `now` is the hour of the batch
    in hand, in milliseconds since 1970, and `out` what it has asked for so far.
    """

    def __init__(
        self,
        network: bytes,
        practices: Sequence[Practice],
        chance: Callable[[int], bytes],
        keyring: Keyring | None,
        invitation: bytes | None,
        *,
        recovering: bool,
        opened: int = 0,
        compares: bool = False,
    ) -> None:
        self.network = network
        self.practices = tuple(practices)
        self._private = private_by_entry(practices)
        self.chance = chance
        self.journal = Journal(network, practices, chance, keyring)
        self.book = self.journal.book
        self.gossip = Gossip(self.journal, chance, invitation, self.practices)
        self.gossip.sessions.role = NodeRole.REPLICA if keyring is None else NodeRole.HOME
        recovers = recovering and keyring is not None
        self.standing = Standing(self, recovering=recovers, opened=opened, compares=compares)
        self.pinning = BoardTalk(self)
        self.now: Millis = 0
        self.out: list[Effect] = []
        self.ready: list[bytes] = []
        """Under which keys waiting wishes have got what they waited for."""

    @property
    def keyring(self) -> Keyring | None:
        """What this node signs with, as long as it does."""
        return self.journal.keyring

    @property
    def calendar(self) -> Millis:
        """The hour by which what cannot be undone comes into force."""
        return self.book.of(Clock).calendar(self.now)

    def desk(self, actor: Actor = NOBODY) -> Desk:
        """Return what plans and views may look at."""
        keyring, silent = self.keyring, self.standing.silent
        if keyring is None:
            return Desk(self.book, actor, self.now, self.chance, _cannot_sign, silent=silent)
        return Desk(self.book, actor, self.now, self.chance, keyring.hot.sign, keyring.preimages, silent)

    # What is to be done.

    def say(self, effect: Effect) -> None:
        """Ask for an effect."""
        self.out.append(effect)

    def tell(self, tell: Tell) -> bool:
        """Send another network's home a message; tell whether it is there."""
        session = self.gossip.sessions.of_network(tell.network)
        if session is None:
            return False
        self.say(Send(session.peer, pack(tell.message)))
        return True

    def do(self, said: Iterable[HomeSaid]) -> None:
        """Do what a talk asks for, one after the other."""
        for one in said:
            match one:
                case Plan():
                    self.carry_out(one)
                case Tell():
                    self.tell(one)
                case WishReady(key):
                    self.ready.append(key)
                case Accusation():
                    self.accuse(one)

    def carry_out(self, plan: Plan) -> None:
        """Write what a plan says."""
        for write in plan.writes:
            self.journal.write(write.body, write.lane, self.now)
        for item in items_of(self._private, self.book, plan, self.now) if plan.texts else ():
            self.say(StoreItem(item))
            self.remember(item)
        for item in plan.items:
            self.say(StoreItem(item))
            self.remember(item)
        for publication in plan.published:
            self.pinning.publish(publication)
        self.out += map(ReckonBeside, plan.beside)
        for owner in plan.erases:
            self.say(Erase(owner, self.now))
            for keeping in self.book.fillings(KEEPS):
                keeping.erase(self.book, owner)
        for id in plan.declines:
            for decline in self.book.fillings(DECLINES):
                decline(self, id)
        for one in plan.lets_go:
            self._let_go(one)
        for step in plan.steps:
            for take in self.book.fillings(STEP):
                take(self.book, step)
        if plan.reopens is not None:
            # What is promised by now belongs to the epoch that ends.
            self.seal()
            if plan.reopens.backs is None:
                self.standing.reopen()
            else:
                self.journal.reopen(self.now, Backing(plan.reopens.backs, self.now))

    def recall_things(self, kept: Callable[[str], Iterable[PrivateItem]]) -> None:
        """Let practices know at a start what is kept that they have in memory; `kept` reads it by how kinds begin."""
        for keeping in self.book.fillings(KEEPS):
            for item in kept(keeping.prefix):
                keeping.take(self.book, item)

    def remember(self, item: PrivateItem) -> None:
        """Let the practice know that has things of its kind in memory."""
        for keeping in self.book.fillings(KEEPS):
            if item.kind.startswith(keeping.prefix):
                keeping.take(self.book, item)

    def _let_go(self, one: LetGo) -> None:
        """Forget another network, and part from its node unless it is to be heard again."""
        budgets, sessions = self.gossip.budgets, self.gossip.sessions
        if not one.again:
            for session in [each for each in sessions.by_peer.values() if each.network == one.network]:
                sessions.part(session.peer)
                self.say(Drop(session.peer, "a steward has it forgotten"))
        let_go(self.journal, one.network, keys=one.keys)
        if one.again:
            budgets.hear_again(one.network)
        else:
            budgets.pass_over(one.network, self.now + PASSED_OVER_MS)

    def seal(self) -> None:
        """Write what is in the making."""
        for seal in self.book.fillings(SEAL):
            seal(self)

    # What is told.

    def hear(self, news: HomeNews) -> None:
        """Let practices know what befalls this node."""
        for hear in self.book.fillings(HOME_NEWS):
            hear(self, news)

    def accuse(self, accusation: Accusation) -> None:
        """Keep what a network has done wrong and tell officers of it, once."""
        for keep in self.book.fillings(ACCUSED):
            kept = keep(self.book, accusation, self.now)
            if kept is not None:
                id, data = kept
                self.say(StoreFault(id, data))
                figures = {"kind": accusation.kind, "network": id_text(accusation.network)}
                self.say(Publish("fault.raised", id_text(id), figures=figures))

    def accuse_of_fork(self, entry: Entry) -> None:
        """Accuse the network of an entry that stands where it has signed another."""
        lane, seq = entry.header.lane, entry.header.seq
        detail = f"network {id_text(entry.network)} has forked at {seq} of {lane}"
        self.accuse(Accusation(FORK, entry.network, detail, places=((lane, seq),)))


def _cannot_sign(kind: str, data: bytes) -> bytes:
    raise AssertionError(f"a replica signs nothing: {kind}, {len(data)} bytes")
