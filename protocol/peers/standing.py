# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whether a node signs for its network: it does not while it recovers, nor once another node does (PROTOCOL 6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from protocol.book.book import Book
from protocol.book.declaration import Desk, Slot
from protocol.book.refusals import BEHIND, READ_ONLY, RECOVERING, SUCCEEDED, Reason
from protocol.lanes.entry import LEDGER, LINK_PREFIX, Entry, Millis
from protocol.lanes.journal import Keyring
from protocol.peers.messages import NodeRole
from protocol.peers.news import FellSilent, KeyOusted, WentOn
from protocol.peers.sessions import Session

if TYPE_CHECKING:
    from protocol.peers.home import Home

QUIET_MS = 3_000
"""How long nothing of our own may have come before a node that recovers goes on."""

ALONE_MS = 5_000
"""How long a home waits after its start for somebody to compare with: a group whose partners are away goes on."""
SHOWN_MS = 1_000
"""How long who agrees has to show what it holds of links."""

COPIED: Slot[Callable[[Desk], bool]] = Slot("tells whether a replica holds all that we have written")
LACKS: Slot[Callable[[Book], bool]] = Slot("tells whether what is held here rests on something that was lost")
DESPITE: Slot[str] = Slot("names a wish that a home grants though guardians have given its network to another key")


class Standing:
    """Whether one node signs, and if not, why.

    A node that is `recovering`, because its disk holds an old copy, signs nothing until it has got its own entries
    back. One that has been `succeeded` has the hot key of an ended epoch: another node signs for its network.
    `opened` is the newest epoch that this network is known to have opened, whatever the disk holds of it: no epoch is
    opened a second time.

    A copy of a whole home shows no loss: its mark is as old as its disk. So one that `compares` signs nothing after its
    start until somebody who would know has shown it nothing of its own that is news, or nobody has come for a while.
    """

    def __init__(self, home: Home, *, recovering: bool, opened: int = 0, compares: bool = False) -> None:
        self.home = home
        self.recovering = recovering
        self.opened = opened
        self.comparing = False
        """Whether it waits, after its start, to be shown that nothing was lost."""
        self.went_alone = False
        """Whether nobody had come to compare with when it began to sign."""
        self.gave_way = False
        """Whether it has fallen silent before another running copy of this home, which began earlier."""
        self._compares = compares
        self.succeeded = False
        self._set_aside: Keyring | None = None
        """The keyring of a home whose network guardians have given to another key: its steward may still object."""
        self._quiet_since: Millis | None = None
        self._compared_since: Millis | None = None

    @property
    def may_object(self) -> bool:
        """Whether the steward may still say that guardians should not have given the network to another key."""
        return self._set_aside is not None

    @property
    def mute(self) -> Reason:
        """Why a node without a keyring signs nothing."""
        return SUCCEEDED if self.succeeded else READ_ONLY

    @property
    def silent(self) -> Reason | None:
        """Why this node signs nothing; None where it does."""
        if self.home.journal.behind is not None:
            return BEHIND
        if self.home.keyring is None:
            return self.mute
        return RECOVERING if self.recovering or self.comparing or self.gave_way else None

    def refusal(self, operation: str) -> Reason | None:
        """Return why a wish that writes something is not granted now, whatever it is."""
        objects = self._set_aside is not None and operation in self.home.book.fillings(DESPITE)
        goes = objects and self.home.journal.behind is None and not self.lacks_epochs
        return None if goes else self.silent

    @property
    def signs(self) -> bool:
        """Whether this node writes what time and other homes bring."""
        return self.silent is None

    def begin(self) -> None:
        """See where a node stands that has read its disk: a home that lacks what its records rest on recovers."""
        self.mind_succession()
        home = self.home
        forked = home.journal.held.is_forked(home.network, LEDGER)
        if home.keyring is not None and (forked or any(lacks(home.book) for lacks in home.book.fillings(LACKS))):
            self.recovering = True
        home.gossip.ties.note()
        home.gossip.ties.tick()
        knows = self.is_copied or bool(self.partners)
        self.comparing = self._compares and knows and home.keyring is not None and not self.recovering

    def set_back(self) -> None:
        """Begin to wait anew where the clock was set back."""
        self._quiet_since = self._compared_since = None

    # Losses.

    def has_lost(self, entry: Entry) -> bool:
        """Tell whether we signed an entry that is not here; neither a forgery nor one given up is a sign of a loss.

        A ledger entry that differs from ours at its place is one: only our own nodes can show it.
        """
        journal, network = self.home.journal, self.home.network
        if entry.network != network:
            return False
        if journal.held.holds(entry) and not (entry.header.lane == LEDGER and journal.held.differs(entry)):
            return False
        if journal.directory.is_pardoned(entry):
            return False
        identity = journal.directory.networks[network].identity
        if entry.header.lane.startswith(LINK_PREFIX) and journal.epoch_of(entry) < identity.renewed:
            # Which of these count the partner alone can tell.
            return False
        # A lost key event opens an epoch under the key in force: after a rotation the home has the new key.
        key = identity.key_of(min(entry.header.epoch, identity.epoch))
        return key is not None and identity.was_said(entry) and entry.signed_by(key)

    def fall_back(self) -> None:
        """Stop signing: somebody showed an entry of our own that we do not have."""
        if self.home.keyring is not None and not self.recovering:
            self.recovering, self.comparing, self.went_alone = True, False, False
            self.home.hear(FellSilent())
        self._quiet_since = None

    def give_way(self) -> None:
        """Sign nothing any more: another copy of this home runs, and has begun earlier."""
        self.gave_way = True
        self.home.hear(FellSilent())

    def compare(self) -> None:
        """Begin to sign once who would know has shown no loss, or nobody has come for so long."""
        now = self.home.now
        if self._compared_since is None:
            self._compared_since = now
        if not self.is_vouched:
            self._quiet_since = None
            if now - self._compared_since >= ALONE_MS:
                self.comparing, self.went_alone = False, True
            return
        if self._quiet_since is None:
            # It agrees about the lanes; what else it holds of ours is on its way.
            self._quiet_since = now
        elif now - self._quiet_since >= SHOWN_MS:
            self.comparing, self._quiet_since = False, None

    def look_again(self) -> None:
        """Note when somebody has come after all, and has shown no loss in the time for which it would be waited."""
        if self.went_alone:
            heard = any(one.agrees or self.home.now - one.since >= ALONE_MS for one in self._vouchers())
            self.went_alone = not heard

    def recover(self) -> None:
        """Go on in a new epoch once those who may know hold nothing of ours that we lack."""
        home = self.home
        # A replica holds the proof of a fork too, and agrees; but it follows no ledger that is forked.
        forked = home.journal.held.is_forked(home.network, LEDGER)
        if forked or self.lacks_epochs or not self.is_vouched:
            self._quiet_since = None
            return
        if self._quiet_since is None or self._quiet_since > home.now:
            self._quiet_since = home.now
        if home.now - self._quiet_since >= QUIET_MS:
            self.recovering = False
            self.mind_succession()
            if home.keyring is not None:
                self.reopen()

    @property
    def lacks_epochs(self) -> bool:
        """Whether key events of our own are not here: the next epoch, opened without them, would be opened twice."""
        known = self.home.journal.directory.networks.get(self.home.network)
        return known is None or known.identity.epoch < self.opened

    @property
    def is_copied(self) -> bool:
        """Whether a replica holds all that we have written."""
        return any(is_copied(self.home.desk()) for is_copied in self.home.book.fillings(COPIED))

    @property
    def partners(self) -> frozenset[bytes]:
        """The networks that hold a part of what we have signed, as far as the book knows."""
        return self.home.gossip.ties.partners

    @property
    def is_vouched(self) -> bool:
        """Whether a peer that would know holds all of our own that is here: a replica, or, without any, a partner.

        Only where the book knows of neither any other peer will do.
        """
        return any(session.agrees for session in self._vouchers())

    def _vouchers(self) -> list[Session]:
        """Return the sessions with those who would know what we have signed."""
        sessions = [one for one in self.home.gossip.sessions.by_peer.values() if one.network is not None]
        replicas = [one for one in sessions if one.role is NodeRole.REPLICA]
        if replicas or self.is_copied:
            return replicas
        partners = self.partners
        return [one for one in sessions if not partners or one.network in partners]

    def reopen(self) -> None:
        """Go on in a new epoch from the entries that are here: what is not here by now is given up.

        Asserts that no epoch is opened a second time.
        """
        assert not self.lacks_epochs, f"epoch {self.opened} was opened before, and is not here"
        journal, key_events = self.home.journal, self.home.gossip.key_events
        self.recovering = False
        if self._set_aside is not None:
            journal.keyring, self._set_aside = self._set_aside, None
            self.succeeded, key_events.ousted = False, None
        journal.reopen(self.home.now)
        self.home.hear(WentOn())

    # Successors.

    def mind_succession(self) -> None:
        """Lay the keyring down for good once cold keys have given the network to another hot key.

        Where guardians have, it is set aside: with it the steward may still say that this was not wanted.
        """
        journal, ousted = self.home.journal, self.home.gossip.key_events.ousted
        known = journal.directory.networks.get(self.home.network)
        if journal.keyring is None or known is None:
            return
        key = journal.keyring.hot.public
        if ousted is not None:
            self._set_aside = journal.keyring
            self.home.hear(KeyOusted(ousted))
        elif not known.identity.has_ended(key) and (self.recovering or known.identity.may_sign(key)):
            # Who recovers may have lost the very event by which its key came into force.
            return
        self.succeeded, self.recovering, journal.keyring = True, False, None
        self.home.hear(FellSilent())
