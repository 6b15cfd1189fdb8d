# SPDX-License-Identifier: AGPL-3.0-or-later
"""The lanes held here and what they amount to: entries are folded in, and our own are sealed.

Whatever is folded in is asked to be stored, in the same order; the same entries in any order that keeps
each lane's give the same book.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from crdt.log import Fork, Head, Lane, Position, Statement
from protocol.economy.book import Book
from protocol.economy.feature import Entered, Feature
from protocol.entry import (
    COMMONS,
    IDENTITY,
    LEDGER,
    LINK_PREFIX,
    SALT_BYTES,
    Body,
    Entry,
    EntryFault,
    Millis,
    decode_body,
    encode_body,
    seal,
)
from protocol.events import Line, Store
from protocol.identity import LaneHead, Reopening, Rotation
from protocol.keys import KeyPair
from protocol.rejection import Rejection
from protocol.settlement.records import Links
from protocol.sync.directory import Directory, is_public

Place = tuple[bytes, str]
"""A network and one of its lanes."""
REFUSED_BY_BOOK = "the book refuses it"


@dataclass(frozen=True, slots=True)
class Keyring:
    """What a home node signs with, and the secret that its invoices' preimages come from (32 bytes)."""

    hot: KeyPair
    preimages: bytes


class InvalidEntry(EntryFault):
    """An entry, rightly signed by its network, that breaks a rule of the book: the operator is at fault."""

    def __init__(self, entry: Entry, reason: Rejection) -> None:
        super().__init__(f"{REFUSED_BY_BOOK}: {reason.value}")
        self.entry = entry
        self.reason = reason


class Journal:
    """One network's lanes, and the public lanes of all networks, as far as they are held here."""

    def __init__(
        self,
        network: bytes,
        features: Sequence[Feature],
        chance: Callable[[int], bytes],
        keyring: Keyring | None,
    ) -> None:
        self.network = network
        self.book = Book(network, features)
        self.directory = self.book.of(Directory)
        self.stores: list[Store] = []
        """What was folded in since `drain`, in order."""
        self.entered: list[Entered] = []
        """The bodies of this network's own entries among them, and what any network has said in its commons."""
        self.newest: dict[Place, bytes] = {}
        """The newest record of each side of each link, as it travels."""
        self._chance = chance
        self._keyring = keyring
        self._lanes: dict[Place, Lane] = {}
        self._heads: dict[Place, Head] = {}
        self._moved: set[Place] = set()
        """Lanes that have gone on since their heads were asked for."""

    def head(self, network: bytes, lane: str) -> Head | None:
        """Return the newest entry of a lane that is held here."""
        return self.heads().get((network, lane))

    def heads(self) -> dict[Place, Head]:
        """Return all heads by (network, lane)."""
        for place in self._moved:
            self._heads[place] = self._lanes[place].head
        self._moved.clear()
        return self._heads

    def is_forked(self, network: bytes, lane: str) -> bool:
        """Tell whether a network is proved to have spoken twice at one place of a lane."""
        return (known := self._lanes.get((network, lane))) is not None and known.frozen

    def drain(self) -> tuple[list[Store], list[Entered]]:
        """Return what was folded in since the last time, and begin anew."""
        stores, entered = self.stores, self.entered
        self.stores, self.entered = [], []
        return stores, entered

    def write(self, body: Body, lane: str, now: Millis) -> Entry:
        """Sign a body into a lane of this network and fold it in; plans have checked it before."""
        assert self._keyring is not None, "a replica signs nothing"
        head = self.head(self.network, lane)
        entry = seal(
            self._keyring.hot,
            network=self.network,
            lane=lane,
            epoch=self.directory.networks[self.network].identity.epoch + isinstance(body, Rotation | Reopening),
            seq=0 if head is None else head.position.seq + 1,
            prev=None if head is None else head.id,
            body=encode_body(body, now),
            salt=self._chance(SALT_BYTES),
        )
        self._fold(entry, _entered(entry, body, now))
        return entry

    def lane_heads(self) -> tuple[LaneHead, ...]:
        """Return the heads of all lanes of this network that are held here."""
        return tuple(
            LaneHead(lane, head.position.seq, head.id)
            for (network, lane), head in sorted(self.heads().items(), key=lambda item: item[0])
            if network == self.network and head.id is not None
        )

    def reopen(self, now: Millis) -> None:
        """Open a new epoch after a restore, standing on the heads that are held here now."""
        epoch = self.directory.networks[self.network].identity.epoch + 1
        self.write(Reopening(epoch, self.lane_heads()), IDENTITY, now)

    def follows(self, entry: Entry) -> bool:
        """Tell whether an entry is the next one of its lane, linked to the one before it.

        Of a link the newest record is the whole state: any later one will do.
        """
        header, head = entry.header, self.head(entry.network, entry.header.lane)
        if header.lane.startswith(LINK_PREFIX):
            return head is None or Position(header.epoch, header.seq) > head.position
        if head is None:
            return header.seq == 0 and header.prev is None
        return header.seq == head.position.seq + 1 and header.prev == head.id and header.epoch >= head.position.epoch

    def holds(self, entry: Entry) -> bool:
        """Tell whether a lane is held here as far as an entry of it."""
        head = self.head(entry.network, entry.header.lane)
        return head is not None and entry.header.seq <= head.position.seq

    def differs(self, entry: Entry) -> bool:
        """Tell whether another entry than this stands at its place."""
        lane = self._lanes.get((entry.network, entry.header.lane))
        if lane is None:
            return False
        return lane.at(Position(entry.header.epoch, entry.header.seq)) not in (None, entry.id)

    def convict(self, entry: Entry) -> bool:
        """Keep a rightly signed entry that stands where another of its lane does; tell whether it is news.

        The two are the proof of a fork. The lane stays as it was seen here; its author's credit is frozen.
        """
        lane = self._lanes.get((entry.network, entry.header.lane))
        if lane is None or not self._proves_fork(lane, entry):
            return False
        self.stores.append(Store(entry))
        return True

    def _proves_fork(self, lane: Lane, entry: Entry) -> bool:
        position = Position(entry.header.epoch, entry.header.seq)
        known = lane.at(position)
        if known is None or known == entry.id or not lane.prove(Fork(position, (known, entry.id))):
            return False
        self.directory.networks[entry.network].forked = True
        self.book.of(Links).freeze(entry.network)
        return True

    def take(self, entry: Entry) -> None:
        """Fold in an entry whose place and signature the caller has checked.

        Raises EntryFault where its form, or InvalidEntry where a rule of the book, refuses it; then nothing
        has changed.
        """
        lane = entry.header.lane
        if is_public(lane):
            self._fold(entry, None)
        elif (lane == LEDGER and entry.network == self.network) or lane.startswith(LINK_PREFIX):
            entered = self._read(entry)
            reason = self.book.check(entered)
            if reason is not None:
                raise InvalidEntry(entry, reason)
            self._fold(entry, entered)
        else:
            raise EntryFault("a lane that is not held here")

    def reload(self, entry: Entry) -> tuple[Line, ...]:
        """Fold in an entry of our own storage, checked when it came; returns its statement lines."""
        lane = self._lanes.get((entry.network, entry.header.lane))
        if lane is not None and entry.header.seq <= lane.head.position.seq:
            self._proves_fork(lane, entry)
            return ()
        self._fold(entry, None if is_public(entry.header.lane) else self._read(entry))
        stores, _ = self.drain()
        return stores[0].lines

    def _read(self, entry: Entry) -> Entered:
        return _entered(entry, *decode_body(entry.body_bytes, self.book.kinds))

    def _word(self, entry: Entry) -> Entered | None:
        """Return what an entry of a commons lane says, None where it means nothing here."""
        try:
            return _entered(entry, *decode_body(entry.body_bytes, self.book.words))
        except EntryFault:
            return None

    def _fold(self, entry: Entry, entered: Entered | None) -> None:
        header = entry.header
        network = entry.network
        lines: tuple[Line, ...] = ()
        if header.lane in (IDENTITY, COMMONS):
            self.directory.admit(entry)
            word = self._word(entry) if header.lane == COMMONS else None
            if word is not None:
                self.book.hear(word)
                self.entered.append(word)
            if network == self.network:
                self.book.handle = self.directory.handle(network)
                reopened = self.directory.networks[network].identity.reopened
                if reopened > self.book.of(Links).reopened:
                    self.book.of(Links).reopen(reopened)
        else:
            assert entered is not None
            lines = self.book.apply(entered)
            if network == self.network:
                self.entered.append(entered)
        self._advance(entry)
        self.stores.append(Store(entry, lines))

    def _advance(self, entry: Entry) -> None:
        header = entry.header
        place = (entry.network, header.lane)
        if header.lane.startswith(LINK_PREFIX):
            # The second of two records at one place is kept as proof of the fork, and is nobody's head.
            position = Position(header.epoch, header.seq)
            if place not in self._heads or position > self._heads[place].position:
                self._heads[place] = Head(position, entry.id)
                self.newest[place] = entry.wire
            return
        lane = self._lanes.get(place)
        if lane is None:
            lane = self._lanes[place] = Lane()
        if not lane.append(header.epoch, header.seq, entry.id, header.prev):
            lane.add(Statement(Position(header.epoch, header.seq), entry.id, header.prev))
        self._moved.add(place)


def _entered(entry: Entry, body: Body, at_ms: Millis) -> Entered:
    header = entry.header
    return Entered(body, entry.network, header.lane, header.epoch, header.seq, entry.id, at_ms)
