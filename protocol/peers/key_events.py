# SPDX-License-Identifier: AGPL-3.0-or-later
"""Key events as peers show them: which chain of them counts, and what it takes from those that stood before."""

from collections.abc import Sequence
from itertools import dropwhile, pairwise

from protocol.lanes.claims import RecoveryClaim
from protocol.lanes.entry import IDENTITY, Entry, Millis
from protocol.lanes.growing import grown, recovery_of
from protocol.lanes.identity import BY_GUARDIANS, BY_HOT_KEY, Identity
from protocol.lanes.journal import Journal
from protocol.peers.compare import WINDOW_ENTRIES, Compare, Out
from protocol.peers.messages import LaneRange, PeerFault, Wanted
from protocol.peers.sessions import Session, session_said


class KeyEvents:
    """The key events of all networks, as one node takes them in."""

    def __init__(self, journal: Journal, compare: Compare, convicted: list[Entry]) -> None:
        self.journal = journal
        self.compare = compare
        self.convicted = convicted
        self.ousted: RecoveryClaim | None = None
        """By which claim guardians have given our network to another key, since our steward has not stopped them."""

    def take(self, session: Session, run: list[Entry], now: Millis) -> list[Out]:
        """Take key events of one network that go on from those held here, or that cold keys set in their place."""
        journal, network = self.journal, run[0].network
        out: list[Out] = []
        for chain in _chains(run):
            check_chain(chain)
            known = journal.directory.networks.get(network)
            if known is not None:
                branch = list(dropwhile(known.identity.has, chain))
                out += self._judge(known.identity, session, branch, now)
            elif chain[0].header.seq == 0:
                journal.take(chain[0])
                out += self._judge(journal.directory.networks[network].identity, session, chain[1:], now)
            else:
                out += self.compare.want(session, network, IDENTITY, chain[-1].header.seq)
        return out

    def _judge(self, identity: Identity, session: Session, branch: list[Entry], now: Millis) -> list[Out]:
        """Take a chain of key events, the first of them not held here, where it outranks what is held."""
        journal, network = self.journal, identity.network
        if not branch:
            return []
        at = branch[0].header.seq
        if not 0 < at <= identity.epoch + 1 or identity.epochs[at - 1].event != branch[0].header.prev:
            # What goes before it is not here: since the newest rotation, what is here may be a thief's.
            first, last = identity.rotated + 1, branch[-1].header.seq
            wanted = LaneRange(network, IDENTITY, first, min(last, first + WINDOW_ENTRIES - 1))
            return [session_said(session.peer, Wanted((wanted,)))] if at > first else []
        branched = grown(identity.at(at - 1), branch)
        due = self._due(branched, at, now)
        branch = branch[: due - at]
        if not branch:
            return []
        branched = branched.at(due - 1)
        # That an heir whom guardians chose has spoken twice does not bind who objects to him.
        heir = at <= identity.epoch and identity.rank(at)[0] == BY_GUARDIANS
        stays = journal.held.is_forked(network, IDENTITY) and branched.rank(at)[0] == BY_HOT_KEY and not heir
        if branched.outranks(identity) and not stays:
            ousted = self._ousted(branch)
            if ousted is not None:
                self.ousted = ousted
            elif at <= identity.epoch:
                journal.switch(branch)
            else:
                for entry in branch:
                    journal.take(entry)
        elif at <= identity.epoch and branched.rank(at) == identity.rank(at) and journal.convict(branch[0]):
            self.convicted.append(branch[0])
        return []

    def _due(self, branched: Identity, at: int, now: Millis) -> int:
        """Return the epoch up to which a chain counts: to the first recovery that is not backed, or not in force, yet.

        What it lacks may come, and its time will: who shows it tells no lie.
        """
        for number in range(at, branched.epoch + 1):
            epoch = branched.epochs[number]
            if epoch.recovered is None:
                continue
            if now < epoch.recovered.in_force_ms or not self.journal.directory.is_backed(epoch):
                return number
        return branched.epoch + 1

    def _ousted(self, branch: Sequence[Entry]) -> RecoveryClaim | None:
        """Return the claim by which a recovery takes our network from the key with which we sign, if one does.

        Then nothing is dropped here: the steward may have slept, and may object still.
        """
        signer = self.journal.signer
        if branch[0].network != self.journal.network or signer is None:
            return None
        claims = (recovery_of(entry) for entry in branch)
        return next((claim for claim in claims if claim is not None and claim.key != signer), None)


def _chains(events: Sequence[Entry]) -> list[list[Entry]]:
    """Return the chains that key events of one network make: one for each that no other of them follows."""
    by_id = {one.id: one for one in events}
    followed = {one.header.prev for one in by_id.values()}
    chains: list[list[Entry]] = []
    for tip in (one for one in by_id.values() if one.id not in followed):
        chain: list[Entry] = []
        link: Entry | None = tip
        while link is not None:
            chain.append(link)
            link = None if link.header.prev is None else by_id.get(link.header.prev)
        chains.append(chain[::-1])
    return chains


def check_chain(entries: Sequence[Entry]) -> None:
    """Raise PeerFault unless each entry is linked to the one before."""
    for before, after in pairwise(entries):
        this, that = before.header, after.header
        if that.prev != before.id or that.seq != this.seq + 1 or that.epoch < this.epoch:
            raise PeerFault("entries that are not linked")
