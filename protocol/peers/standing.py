# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whether a node signs for its network: it does not while it recovers, nor once another node does (PROTOCOL 6)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from protocol.book.book import Book
from protocol.book.declaration import Desk, Slot
from protocol.book.refusals import BEHIND, READ_ONLY, RECOVERING, SUCCEEDED, Reason
from protocol.lanes.entry import LINK_PREFIX, Entry, Millis
from protocol.lanes.journal import Keyring
from protocol.peers.messages import NodeRole
from protocol.peers.news import FellSilent, KeyOusted, WentOn

if TYPE_CHECKING:
    from protocol.peers.home import Home

QUIET_MS = 3_000
"""How long nothing of our own may have come before a node that recovers goes on."""

COPIED: Slot[Callable[[Desk], bool]] = Slot("tells whether a replica holds all that we have written")
LACKS: Slot[Callable[[Book], bool]] = Slot("tells whether what is held here rests on something that was lost")
DESPITE: Slot[str] = Slot("names a wish that a home grants though guardians have given its network to another key")


class Standing:
    """Whether one node signs, and if not, why.

    A node that is `recovering`, because its disk holds an old copy, signs nothing until it has got its own entries
    back. One that has been `succeeded` has the hot key of an ended epoch: another node signs for its network.
    """

    def __init__(self, home: Home, *, recovering: bool) -> None:
        self.home = home
        self.recovering = recovering
        self.succeeded = False
        self._set_aside: Keyring | None = None
        """The keyring of a home whose network guardians have given to another key: its steward may still object."""
        self._quiet_since: Millis | None = None

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
        return RECOVERING if self.recovering else None

    def refusal(self, operation: str) -> Reason | None:
        """Return why a wish that writes something is not granted now, whatever it is."""
        objects = self._set_aside is not None and operation in self.home.book.fillings(DESPITE)
        return None if objects and self.home.journal.behind is None else self.silent

    @property
    def signs(self) -> bool:
        """Whether this node writes what time and other homes bring."""
        return self.silent is None

    def begin(self) -> None:
        """See where a node stands that has read its disk: a home that lacks what its records rest on recovers."""
        self.mind_succession()
        home = self.home
        if home.keyring is not None and any(lacks(home.book) for lacks in home.book.fillings(LACKS)):
            self.recovering = True

    def set_back(self) -> None:
        """Begin to wait anew where the clock was set back."""
        self._quiet_since = None

    # Losses.

    def has_lost(self, entry: Entry) -> bool:
        """Tell whether we signed an entry that is not here; neither a forgery nor one given up is a sign of a loss."""
        journal, network = self.home.journal, self.home.network
        if entry.network != network or journal.held.holds(entry):
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
            self.recovering = True
            self.home.hear(FellSilent())
        self._quiet_since = None

    def recover(self) -> None:
        """Go on in a new epoch once peers, and a replica if we have one, hold nothing of ours that we lack."""
        home = self.home
        agreed = [session for session in home.gossip.sessions.by_peer.values() if session.agrees]
        copied = any(is_copied(home.desk()) for is_copied in home.book.fillings(COPIED))
        if not agreed or (copied and not any(session.role is NodeRole.REPLICA for session in agreed)):
            self._quiet_since = None
            return
        if self._quiet_since is None or self._quiet_since > home.now:
            self._quiet_since = home.now
        if home.now - self._quiet_since >= QUIET_MS:
            self.recovering = False
            self.mind_succession()
            if home.keyring is not None:
                self.reopen()

    def reopen(self) -> None:
        """Go on in a new epoch from the entries that are here: what is not here by now is given up."""
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
