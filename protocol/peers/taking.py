# SPDX-License-Identifier: AGPL-3.0-or-later
"""Entries as peers show them: each linked to the one before, and signed, and then folded in.

Whatever a peer sends is bounded, and garbage costs it its connection.
"""

from collections.abc import Callable, Sequence
from itertools import groupby, pairwise, takewhile

from protocol.lanes.directory import is_public
from protocol.lanes.entry import IDENTITY, LINK_PREFIX, Entry, EntryFault, Millis, UnknownEntry, parse
from protocol.lanes.journal import Journal
from protocol.peers.budgets import Budgets
from protocol.peers.compare import WINDOW_ENTRIES, Compare, Out
from protocol.peers.key_events import KeyEvents, check_chain
from protocol.peers.messages import Hello, LaneRange, PeerFault, Wanted
from protocol.peers.sessions import Session, Sessions, session_said
from protocol.wire.codec import CodecFault

BULK_ENTRIES_MIN = 256
"""A run of a lane from this length on is taken in bulk: members' signatures are checked by sample."""
BULK_SAMPLE = 16
"""One order in so many is checked in bulk: of 48,000 the 3,000 that find 0.1% of forgeries with 95% (PROTOCOL 6)."""


class Taking:
    """What one node takes in of the entries that peers show it."""

    def __init__(
        self,
        journal: Journal,
        sessions: Sessions,
        compare: Compare,
        budgets: Budgets,
        chance: Callable[[int], bytes],
    ) -> None:
        self.journal = journal
        self.budgets = budgets
        self.sessions = sessions
        self.compare = compare
        self.convicted: list[Entry] = []
        """Entries that are news as the proof of a fork, each at the place of another."""
        self.key_events = KeyEvents(journal, compare, self.convicted)
        self.checks_all = False
        """Whether every member's signature is checked even in bulk, as an auditor wants."""
        self._chance = chance

    def hear_identity(self, session: Session, hello: Hello, now: Millis) -> list[Out]:
        """Take in the key events by which a peer proves for whom it speaks."""
        entries = [parsed(wire) for wire in hello.identity]
        if any((one.network, one.header.lane) != (hello.network, IDENTITY) for one in entries):
            raise PeerFault("a hello tells the key events of its own network")
        return self.hear_entries(session, entries, now, speaks=True)

    def hear_entries(
        self, session: Session, entries: Sequence[Entry], now: Millis, *, speaks: bool = False
    ) -> list[Out]:
        """Take entries in; returns what to ask for next. Where one `speaks`, they are its own key events.

        Raises PeerFault at the first lie; what came before it stays.
        """
        out: list[Out] = []
        before = len(self.journal.stores)
        try:
            for (network, lane), run in groupby(entries, key=lambda one: (one.network, one.header.lane)):
                if not self.sessions.may_hold(session, network, lane):
                    raise PeerFault("an entry that is not for us")
                shown = list(run)
                seqs, standing = (shown[0].header.seq, shown[-1].header.seq), self._standing(shown)
                if standing and is_public(lane):
                    standing = self.budgets.fitting(standing, speaks=speaks)
                if standing:
                    weight = self.journal.held.weights.of(network)
                    try:
                        out += self._take_run(session, standing, now)
                    finally:
                        self.budgets.took(network, weight)
                out += self.compare.came(session, network, lane, *seqs)
        except EntryFault as fault:
            raise PeerFault(str(fault)) from fault
        return out + self.compare.go_on(session, now) if len(self.journal.stores) > before else out

    def _take_run(self, session: Session, run: list[Entry], now: Millis) -> list[Out]:
        """Take the entries of one lane: each linked to the one before, and signed."""
        journal = self.journal
        first = run[0]
        if first.header.lane == IDENTITY:
            return self.key_events.take(session, run, now)
        if journal.held.is_recalling(first.network, first.header.lane):
            return []
        lacking = self.compare.lacks_key_of(session, run[-1])
        if lacking is not None:
            return lacking
        if first.network in session.unvouched and self._is_vouched(run[-1]):
            session.unvouched.discard(first.network)
        head = journal.held.head(first.network, first.header.lane)
        known_seq = -1 if head is None else head.position.seq
        if first.header.lane.startswith(LINK_PREFIX):
            return self._take_records(run)
        for entry in run:
            if entry.header.seq <= known_seq:
                self._compare(entry)
        new, twins = _until_twins([entry for entry in run if entry.header.seq > known_seq])
        if not new or journal.held.is_forked(first.network, first.header.lane):
            return []
        if new[0].header.seq > known_seq + 1:
            # A gap is never buffered: what is missing is asked for, and this comes again with it.
            return self.compare.want(session, first.network, first.header.lane, new[-1].header.seq)
        check_chain(new)
        if head is not None and new[0].header.prev != head.id:
            return self._weigh(session, new, known_seq)
        if not journal.follows(new[0]):
            raise PeerFault("an entry that does not follow the one before it")
        self._take_linked(session, new)
        for entry in twins:
            self._compare(entry)
        return []

    def _take_linked(self, session: Session, new: list[Entry]) -> None:
        """Take entries that follow what is held of their lane: each signed, or in our own the last of each epoch."""
        journal = self.journal
        for _, group in groupby(new, key=lambda one: one.header.epoch):
            whole = entries = list(group)
            if entries[0].network != journal.network:
                # Whoever holds them passes them on in any pieces, and each piece has to stand.
                entries = list(takewhile(self._is_vouched, entries))
                if len(entries) < len(whole):
                    session.unvouched.add(whole[0].network)
            elif not self._is_vouched(entries[-1]):
                # A chain of hashes: the last signature vouches for all before it (PROTOCOL 6).
                return
            if not entries:
                return
            journal.need(entries)
            if len(entries) >= BULK_ENTRIES_MIN and not self.checks_all:
                draws = iter(self._chance(len(entries)))
                journal.book.is_sampled = lambda draws=draws: next(draws, 0) % BULK_SAMPLE == 0
            try:
                for entry in entries:
                    journal.take(entry)
            finally:
                journal.book.is_sampled = None
            if len(entries) < len(whole):
                return

    def _weigh(self, session: Session, new: list[Entry], known_seq: int) -> list[Out]:
        """Return what to ask for where entries follow another one than ours at the head of their lane."""
        network, lane = new[0].network, new[0].header.lane
        if self._is_confirmed(new):
            # What a key event names is linked to another past than ours: a thief has signed ours.
            kept = self.journal.forget_unconfirmed(network, lane)
            anew = LaneRange(network, lane, kept + 1, min(new[-1].header.seq, kept + WINDOW_ENTRIES))
            return [session_said(session.peer, Wanted((anew,)))]
        if not self._is_vouched(new[0]):
            session.unvouched.add(network)
            return []
        # That other one is the proof of a fork.
        return [session_said(session.peer, Wanted((LaneRange(network, lane, known_seq, known_seq),)))]

    def _is_vouched(self, entry: Entry) -> bool:
        """Tell whether its network has signed an entry, by the key events that are known; raises EntryFault for a lie.

        Who shows what a thief has signed has not heard of the rotation that ended his time, and who shows what another
        key has signed may have heard of a rotation that we lack, or of another one: a network can say two.
        """
        directory = self.journal.directory
        try:
            directory.verify(entry)
        except EntryFault:
            if directory.is_forged(entry):
                raise
            return False
        return True

    def _is_confirmed(self, run: Sequence[Entry]) -> bool:
        """Tell whether a run of a lane holds a head that a key event names."""
        known = self.journal.directory.networks[run[0].network]
        heads = {one.id for epoch in known.identity.epochs if (one := epoch.heads.get(run[0].header.lane)) is not None}
        return any(entry.id in heads for entry in run)

    def _standing(self, run: list[Entry]) -> list[Entry]:
        """Return a run up to what its author lost in a restore and has gone on without.

        Who still has that tells no lie: it has heard of no later epoch. A run that goes back to an older one is a lie.
        """
        standing = list(takewhile(lambda one: not self.journal.directory.is_given_up(one), run))
        return run if standing and run[0].header.epoch != run[-1].header.epoch else standing

    def _take_records(self, run: list[Entry]) -> list[Out]:
        """Take our own network's records of a link, at a replica of it.

        Which of those count that an ended key has signed, the partner alone can tell.
        """
        identity = self.journal.directory.networks[self.journal.network].identity
        for entry in run:
            if self.journal.follows(entry):
                self.journal.directory.verify(entry)
                if entry.network != self.journal.network or self.journal.epoch_of(entry) >= identity.renewed:
                    try:
                        self.journal.take(entry)
                    except UnknownEntry:
                        break  # of a newer version: the newest record stands for it once it can be read
        return []

    def _compare(self, entry: Entry) -> None:
        """Keep an entry that stands where we hold another, if its author has signed it."""
        directory = self.journal.directory
        if not self.journal.held.differs(entry) or directory.is_pardoned(entry):
            return
        if self.budgets.takes_proof(entry) and self._is_vouched(entry) and self.journal.convict(entry):
            self.convicted.append(entry)


def _until_twins(entries: Sequence[Entry]) -> tuple[list[Entry], list[Entry]]:
    """Return the entries up to the first place where two stand, one of them, and the other by itself."""
    for at, (before, after) in enumerate(pairwise(entries)):
        if before.header.seq == after.header.seq and before.id != after.id:
            return list(entries[: at + 1]), [after]
    return list(entries), []


def parsed(wire: bytes) -> Entry:
    """Return the entry that a peer shows; raises PeerFault where it is none."""
    try:
        return parse(wire)
    except (EntryFault, CodecFault) as fault:
        raise PeerFault(str(fault)) from fault
