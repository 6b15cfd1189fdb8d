# SPDX-License-Identifier: AGPL-3.0-or-later
"""The lanes held here and what they amount to: entries are folded in, and our own are sealed.

Whatever is folded in is asked to be stored, in the same order; the same entries in any order that keeps
each lane's give the same book.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

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
from protocol.sync.directory import Directory, Head, is_public

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
        """The bodies of this network's own entries among them."""
        self.newest: dict[tuple[bytes, str], bytes] = {}
        """The newest record of each side of each link, as it travels."""
        self._chance = chance
        self._keyring = keyring
        self._heads: dict[tuple[bytes, str], Head] = {}

    def head(self, network: bytes, lane: str) -> Head | None:
        """Return the newest entry of a lane that is held here."""
        return self._heads.get((network, lane))

    def heads(self) -> dict[tuple[bytes, str], Head]:
        """Return all heads by (network, lane)."""
        return self._heads

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
            seq=0 if head is None else head.seq + 1,
            prev=None if head is None else head.id,
            body=encode_body(body, now),
            salt=self._chance(SALT_BYTES),
        )
        self._fold(entry, body, now)
        return entry

    def reopen(self, now: Millis) -> None:
        """Open a new epoch after a restore, standing on the heads that are held here now."""
        known = self.directory.networks[self.network].identity
        heads = tuple(
            LaneHead(lane, head.seq, head.id)
            for (network, lane), head in sorted(self._heads.items(), key=lambda item: item[0])
            if network == self.network
        )
        self.write(Reopening(known.epoch + 1, heads), IDENTITY, now)

    def follows(self, entry: Entry) -> bool:
        """Tell whether an entry is the next one of its lane, linked to the one before it."""
        head = self.head(entry.network, entry.header.lane)
        if head is None:
            return entry.header.seq == 0 and entry.header.prev is None
        header = entry.header
        return header.seq == head.seq + 1 and header.prev == head.id and header.epoch >= head.epoch

    def holds(self, entry: Entry) -> bool:
        """Tell whether a lane is held here as far as an entry of it."""
        head = self.head(entry.network, entry.header.lane)
        return head is not None and entry.header.seq <= head.seq

    def take(self, entry: Entry) -> None:
        """Fold in an entry whose place and signature the caller has checked.

        Raises EntryFault where its form, or InvalidEntry where a rule of the book, refuses it; then nothing
        has changed.
        """
        lane = entry.header.lane
        if is_public(lane):
            self._fold(entry, None, 0)
        elif (lane == LEDGER and entry.network == self.network) or lane.startswith(LINK_PREFIX):
            body, at_ms = decode_body(entry.body_bytes, self.book.kinds)
            self._check(entry, body, at_ms)
            self._fold(entry, body, at_ms)
        else:
            raise EntryFault("a lane that is not held here")

    def reload(self, entry: Entry) -> tuple[Line, ...]:
        """Fold in an entry of our own storage, checked when it came; returns its statement lines."""
        body, at_ms = (None, 0) if is_public(entry.header.lane) else decode_body(entry.body_bytes, self.book.kinds)
        self._fold(entry, body, at_ms)
        stores, _ = self.drain()
        return stores[0].lines

    def _check(self, entry: Entry, body: Body, at_ms: Millis) -> None:
        reason = self.book.check(_entered(entry, body, at_ms))
        if reason is not None:
            raise InvalidEntry(entry, reason)

    def _fold(self, entry: Entry, body: Body | None, at_ms: Millis) -> None:
        header = entry.header
        network = entry.network
        lines: tuple[Line, ...] = ()
        if header.lane in (IDENTITY, COMMONS):
            self.directory.admit(entry)
            if network == self.network:
                self.book.handle = self.directory.handle(network)
                reopened = self.directory.networks[network].identity.reopened
                if reopened > self.book.of(Links).reopened:
                    self.book.of(Links).reopen(reopened)
        else:
            assert body is not None
            entered = _entered(entry, body, at_ms)
            lines = self.book.apply(entered)
            if network == self.network:
                self.entered.append(entered)
        place = (network, header.lane)
        head = self._heads.get(place)
        if head is None:
            head = self._heads[place] = Head(header.epoch, -1, entry.id)
        # The second of two entries at one place is kept as proof of the fork, and is nobody's head.
        if header.seq > head.seq:
            head.epoch, head.seq, head.id = header.epoch, header.seq, entry.id
            if header.lane.startswith(LINK_PREFIX):
                self.newest[place] = entry.wire()
        self.stores.append(Store(entry, lines))


def _entered(entry: Entry, body: Body, at_ms: Millis) -> Entered:
    header = entry.header
    return Entered(body, entry.network, header.lane, header.epoch, header.seq, entry.id, at_ms)
