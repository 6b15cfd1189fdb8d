# SPDX-License-Identifier: AGPL-3.0-or-later
"""The lanes held here and what they amount to: entries are folded in, and our own are sealed.

Whatever is folded in is asked to be stored, in the same order; the same entries in any order that keeps
each lane's give the same book.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from crdt.log import Fork, Position
from protocol.book.book import Book
from protocol.book.declaration import Entered, Practice
from protocol.book.refusals import MALFORMED, Reason
from protocol.events import Forget, Line, Store
from protocol.lanes.claims import Backing, Recovery, Reopening, Rotation
from protocol.lanes.directory import Directory, is_public
from protocol.lanes.entry import (
    COMMONS,
    ENTRY_SALT_BYTES,
    IDENTITY,
    LEDGER,
    LINK_PREFIX,
    Body,
    Entry,
    EntryFault,
    Millis,
    UnknownEntry,
    decode_body,
    encode_body,
    seal,
)
from protocol.lanes.held import HeldLanes
from protocol.lanes.identity import Identity
from protocol.lanes.news import LANE_NEWS, EpochOpened, EpochRebased, LaneForked, LaneNews, LanePardoned
from protocol.lanes.records import LanePlace
from protocol.wire.keys import KeyPair

REFUSED_BY_BOOK = "the book refuses it"


@dataclass(frozen=True, slots=True)
class Keyring:
    """What a home node signs with, and the secret that its invoices' preimages come from (32 bytes)."""

    hot: KeyPair
    preimages: bytes


@dataclass(frozen=True, slots=True)
class Behind:
    """Before which entry of its network's ledger a book stands, since this version does not know its kind."""

    seq: int
    kind: str


class InvalidEntry(EntryFault):
    """An entry, rightly signed by its network, that breaks a rule of the book: the operator is at fault."""

    def __init__(self, entry: Entry, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{REFUSED_BY_BOOK}: {reason.code}{detail and f' ({detail})'}")
        self.entry = entry
        self.reason = reason


class Journal:
    """What the lanes of one network amount to, and the public lanes of all networks, as far as they are held here."""

    def __init__(
        self,
        network: bytes,
        features: Sequence[Practice],
        chance: Callable[[int], bytes],
        keyring: Keyring | None,
    ) -> None:
        self.network = network
        self.held = HeldLanes(network)
        self.book = Book(network, features)
        self.book.entry_id = self.held.ledger_id
        self.book.audits = keyring is None
        self.directory = self.book.of(Directory)
        self.stores: list[Store | Forget] = []
        """What was folded in since `drain`, and what was dropped, in order."""
        self.entered: list[Entered] = []
        """The bodies of this network's own entries among them, and what any network has said in its commons."""
        self.behind: Behind | None = None
        """Where the book stands still, while entries are kept and passed on; None where it holds them all."""
        self._chance = chance
        self.keyring = keyring
        """What entries are signed with here; None where nothing is."""

    def state(self) -> dict[str, Any]:
        """Return what a snapshot keeps of lanes and book."""
        return {"book": self.book.state(), **self.held.state()}

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from what `state` has returned."""
        self.book.resume(state["book"])
        self.directory = self.book.of(Directory)
        self.directory.begin()
        self.held.resume(state)

    def drain(self) -> tuple[list[Store | Forget], list[Entered]]:
        """Return what was folded in since the last time, and begin anew."""
        stores, entered = self.stores, self.entered
        self.stores, self.entered = [], []
        return stores, entered

    def write(self, body: Body, lane: str, now: Millis) -> Entry:
        """Sign a body into a lane of this network and fold it in; plans have checked it before."""
        assert self.keyring is not None, "a replica signs nothing"
        head = self.held.head(self.network, lane)
        entry = seal(
            self.keyring.hot,
            network=self.network,
            lane=lane,
            epoch=self.directory.networks[self.network].identity.epoch
            + isinstance(body, Rotation | Reopening | Recovery),
            seq=0 if head is None else head.position.seq + 1,
            prev=None if head is None else head.id,
            body=encode_body(body, now),
            salt=self._chance(ENTRY_SALT_BYTES),
        )
        self._fold(entry, _entered(entry, body, now))
        return entry

    @property
    def signer(self) -> bytes | None:
        """The key with which entries are signed here, None at a replica."""
        return None if self.keyring is None else self.keyring.hot.public

    def reopen(self, now: Millis, backs: Backing | None = None) -> None:
        """Open a new epoch under the same key, standing on the heads that are held here now."""
        epoch = self.directory.networks[self.network].identity.epoch + 1
        self.write(Reopening(epoch, self.held.lane_heads(), backs), IDENTITY, now)

    def follows(self, entry: Entry) -> bool:
        """Tell whether an entry is the next one of its lane, linked to the one before it.

        Of a link the newest record is the whole state: any later one will do.
        """
        header, head = entry.header, self.held.head(entry.network, entry.header.lane)
        if header.lane.startswith(LINK_PREFIX):
            return head is None or Position(self.epoch_of(entry), header.seq) > head.position
        if head is None:
            return header.seq == 0 and header.prev is None
        return header.seq == head.position.seq + 1 and header.prev == head.id and header.epoch >= head.position.epoch

    def epoch_of(self, entry: Entry) -> int:
        """Return the epoch in which a record of a link counts: that of the key that signed it.

        Its header may name one that a thief has opened, and that has been another's since.
        """
        identity = self.directory.networks[entry.network].identity
        if not 0 < identity.renewed <= entry.header.epoch:
            return entry.header.epoch
        signed_in = identity.signed_in(entry)
        return entry.header.epoch if signed_in is None else signed_in

    def convict(self, entry: Entry) -> bool:
        """Keep a rightly signed entry that stands where another of its lane does; tell whether it is news.

        The two are the proof of a fork. The lane stays as it was seen here; its author's credit is frozen until
        cold keys end the epoch.
        """
        if not self._proves_fork(entry):
            return False
        self.stores.append(Store(entry))
        return True

    def _proves_fork(self, entry: Entry) -> bool:
        place, position = (entry.network, entry.header.lane), Position(entry.header.epoch, entry.header.seq)
        lane = self.held.lanes.get(place)
        known = None if lane is None else lane.at(position)
        if known in (None, entry.id) or self.directory.is_pardoned(entry):
            return False
        assert known is not None
        if not self.held.prove(place, Fork(position, (known, entry.id))):
            return False
        if entry.network != self.network:
            self.held.weights.add_proof(entry.network, len(entry.wire))
        self.directory.note_fork(entry.network, entry.header.lane, entry.header.seq)
        self._tell(LaneForked(entry.network))
        return True

    def need(self, entries: Sequence[Entry]) -> None:
        """Ask for all rows at once that entries of our ledger name, before the first of them is taken.

        Raises NotFetched where only the store can have some.
        """
        if self.behind is None and entries[0].header.lane == LEDGER:
            self.book.need(body for entry in entries if (body := self._body(entry)) is not None)

    def _body(self, entry: Entry) -> Body | None:
        try:
            return decode_body(entry.body_bytes, self.book.kinds)[0]
        except EntryFault:
            return None

    def take(self, entry: Entry) -> None:
        """Fold in an entry whose place and signature the caller has checked.

        Raises EntryFault, or InvalidEntry where its form or a rule of the book refuses what our own network has
        written; then nothing has changed. One of our ledger that this version does not know is kept unread.
        """
        lane = entry.header.lane
        if is_public(lane):
            self._fold(entry, None)
        elif (lane == LEDGER and entry.network == self.network) or lane.startswith(LINK_PREFIX):
            entered = self._understood(entry)
            if entered is None:
                self._keep_unread(entry)
                return
            reason = self.book.check(entered)
            if reason is not None:
                raise InvalidEntry(entry, reason)
            self._fold(entry, entered)
        else:
            raise EntryFault("a lane that is not held here")

    def reload(self, entry: Entry) -> tuple[Line, ...]:
        """Fold in an entry of our own storage, checked when it came; returns its statement lines."""
        lane = self.held.lanes.get((entry.network, entry.header.lane))
        if lane is not None and entry.header.seq <= lane.head.position.seq:
            self._proves_fork(entry)
            return ()
        entered = None if is_public(entry.header.lane) else self._understood(entry)
        if entered is None and not is_public(entry.header.lane):
            self._keep_unread(entry)
        else:
            self._fold(entry, entered)
        stores, _ = self.drain()
        # What an older version has left stored is dropped with the next batch.
        self.stores = [one for one in stores if isinstance(one, Forget)]
        return next(one.lines for one in stores if isinstance(one, Store))

    # What was never said.

    def switch(self, branch: Sequence[Entry]) -> None:
        """Let key events, already found valid, take the place of those that stand from the first one's seq on."""
        self._go_back(branch[0].network, branch[0].header.seq)
        for entry in branch:
            self._fold(entry, None)
        self._mind_recoveries()

    def _mind_recoveries(self) -> None:
        """Let go of recoveries whose guardians have not said what they rest on, now that other key events count.

        A home goes on from its own: what guardians have said it may not have heard yet.
        """
        fallen = True
        while fallen:
            fallen = False
            for network, known in self.directory.networks.items():
                epochs = known.identity.epochs
                unbacked = (at for at in known.identity.recoveries() if not self.directory.is_backed(epochs[at]))
                first = next(unbacked, None)
                if first is not None and not (network == self.network and self.keyring is not None):
                    self._go_back(network, first)
                    self._rebase(network, first)
                    fallen = True

    def _go_back(self, network: bytes, first: int) -> None:
        """Drop key events from an epoch on, and what was said in that epoch and later."""
        known = self.directory.networks[network]
        known.identity = known.identity.at(first - 1)
        self._cut((network, IDENTITY), first - 1)
        for lane in self.held.cuttable(network, cold=True):
            # In these epochs another has spoken so far.
            self._cut((network, lane), self.held.said_before((network, lane), first))
        self._pardon(network, known.identity)

    def forget_unconfirmed(self, network: bytes, lane: str) -> int:
        """Drop what is held of a lane past the newest head that a key event confirmed; returns that head's seq."""
        kept = self.held.confirmed((network, lane), self.directory.networks[network].identity)
        self._cut((network, lane), kept)
        return kept

    def recall(self, network: bytes, entries: Sequence[Entry], turn: int, *, first: bool, last: bool) -> None:
        """Hear again what is left of a commons lane that was cut."""
        place = network, COMMONS
        if not self.held.recalls(place, turn):
            return
        if first:
            self.book.unhear(network)
            self.directory.unhear(network)
        for entry in entries:
            if self.held.lanes[place].id_at(entry.header.seq) == entry.id:
                self._hear(entry)
        if last:
            self.held.recalled(place)

    def _stand_on(self, network: bytes, identity: Identity) -> None:
        """Drop what a key event, the newest of its network, leaves out, and tell of it."""
        number, opened = identity.epoch, identity.epochs[-1]
        if network == self.network and opened.backs is None:
            # Who backs a recovery has lost nothing itself: its links go on.
            self.held.records.reopened = number
            self._tell(EpochOpened(number, by_cold_keys=opened.renews))
        self._rebase(network, number)
        for lane in self.held.cuttable(network, cold=opened.renews):
            head, held = opened.heads.get(lane), self.held.lanes[network, lane]
            if held.frozen and not opened.by_cold_keys:
                continue  # What it has said twice is the proof, and the proof stays.
            if head is None or held.head.position.seq >= head.seq:
                self._cut(
                    (network, lane), self.held.confirmed((network, lane), self.directory.networks[network].identity)
                )
        if opened.renews:
            self._pardon(network, identity)

    def _rebase(self, network: bytes, number: int) -> None:
        """Let all records of a network that are held count as said before an epoch."""
        if network != self.network:
            self._tell(EpochRebased(network, number))
        self.held.rebase(network, number)

    def _cut(self, place: LanePlace, after: int) -> None:
        forget = self.held.cut(place, after)
        if forget is not None:
            self.stores.append(forget)

    def _pardon(self, network: bytes, identity: Identity) -> None:
        """Let no proof of a fork count any more that the key of an ended epoch has signed."""
        self.directory.pardon(network)
        for place in [(network, lane) for lane in (IDENTITY, COMMONS, LEDGER) if (network, lane) in self.held.lanes]:
            self.held.pardon(place, identity.renewed)
            for fork in self.held.lanes[place].forks:
                self.directory.note_fork(network, place[1], fork.position.seq)
        if not self.directory.networks[network].forked:
            self._tell(LanePardoned(network))

    def _understood(self, entry: Entry) -> Entered | None:
        """Return what an entry says; None where it is of our ledger and the book stands before it, or has to now."""
        if entry.header.lane != LEDGER:
            return self._read(entry)
        if self.behind is None:
            try:
                return self._read(entry)
            except UnknownEntry as unknown:
                self.behind = Behind(entry.header.seq, unknown.kind)
            except EntryFault as fault:
                raise InvalidEntry(entry, MALFORMED, str(fault)) from fault
        return None

    def _keep_unread(self, entry: Entry) -> None:
        self.held.advance(entry, entry.header.epoch)
        self.stores.append(Store(entry, folded=False))

    def _read(self, entry: Entry) -> Entered:
        entered = _entered(entry, *decode_body(entry.body_bytes, self.book.kinds))
        return entered._replace(epoch=self.epoch_of(entry)) if entered.lane.startswith(LINK_PREFIX) else entered

    def _word(self, entry: Entry) -> Entered | None:
        """Return what an entry of a commons lane says, None where it means nothing here."""
        try:
            return _entered(entry, *decode_body(entry.body_bytes, self.book.words, skips=True))
        except EntryFault:
            return None

    def _hear(self, entry: Entry) -> tuple[Entered | None, bool]:
        """Keep what an entry of a commons lane says; tells whether it means something here."""
        is_read = self.directory.admit(entry)
        word = self._word(entry)
        if word is not None:
            self.book.hear(word)
        if entry.network == self.network:
            self.book.handle = self.directory.handle(entry.network)
        return word, is_read or word is not None

    def _fold(self, entry: Entry, entered: Entered | None) -> None:
        header, is_read = entry.header, True
        lines: tuple[Line, ...] = ()
        if header.lane == IDENTITY:
            is_new = entry.network not in self.directory.networks
            self.directory.admit(entry)
            if not is_new:
                self._stand_on(entry.network, self.directory.networks[entry.network].identity)
        elif header.lane == COMMONS:
            word, is_read = self._hear(entry)
            if word is not None:
                self.entered.append(word)
        else:
            assert entered is not None
            lines = self.book.apply(entered)
            if entry.network == self.network:
                self.entered.append(entered)
        self.held.advance(entry, header.epoch if entered is None else entered.epoch, is_read=is_read)
        self.stores.append(Store(entry, lines))

    def _tell(self, news: LaneNews) -> None:
        for hear in self.book.fillings(LANE_NEWS):
            hear(self.book, news)


def _entered(entry: Entry, body: Body, at_ms: Millis) -> Entered:
    header = entry.header
    return Entered(body, entry.network, header.lane, header.epoch, header.seq, entry.id, at_ms)
