# SPDX-License-Identifier: AGPL-3.0-or-later
"""What each side holds, compared each second, and what follows: entries asked for, and entries sent (PROTOCOL 8).

Public lanes go to everybody, a network's ledger and links to its own replicas.
"""

from protocol.events import Send, SendRange
from protocol.lanes.directory import NETWORKS_MAX, is_public
from protocol.lanes.entry import IDENTITY, LEDGER, Entry
from protocol.lanes.journal import Journal
from protocol.peers.messages import Heads, Item, PeerFault, Wanted
from protocol.peers.reconcile import Difference, HeadsVector
from protocol.peers.sessions import Session, Sessions, session_said

WINDOW_ENTRIES = 8_192
"""How many entries of a lane may be asked for at a time, and be on their way from one peer."""
UNASKED_ENTRIES_MAX = 256
"""How many entries a peer is sent unasked where its heads show that it lacks them; it asks for more by itself."""
WANTED_LANES_MAX = 2 * NETWORKS_MAX
"""Of how many lanes more may be awaited from one peer: it can name any number, and have none of them."""

Out = Send | SendRange


class Compare:
    """The heads of one node against those of its peers."""

    def __init__(self, journal: Journal, sessions: Sessions) -> None:
        self.journal = journal
        self.sessions = sessions

    def items(self, session: Session) -> list[Item]:
        """Return the heads of all lanes that a peer may hold too, and takes if it has not.

        A replica takes no record of a link that an ended key has signed; the home does, where the partner shows it.
        """
        known = self.journal.directory.networks.get(self.journal.network)
        renewed = 0 if known is None else known.identity.renewed
        return [
            Item(network, lane, head.position.epoch, head.position.seq, head.id)
            for (network, lane), head in self.journal.held.heads().items()
            if head.id is not None
            and self.sessions.may_hold(session, network, lane)
            and (is_public(lane) or lane == LEDGER or head.position.epoch >= renewed)
        ]

    def opening(self) -> list[Out]:
        """Begin a round of anti-entropy with every peer that has said hello."""
        return [
            session_said(session.peer, HeadsVector(self.items(session)).opening(session.network))
            for session in self.sessions.by_peer.values()
            if session.network is not None
        ]

    def hear_heads(self, session: Session, heads: Heads) -> list[Out]:
        """Go on with a round: name what differs, ask for what we lack, send what the peer lacks."""
        vector = HeadsVector(self.items(session))
        answer, differences = vector.answer(heads)
        agrees = vector.agrees(heads, self.journal.network)
        if agrees is not None:
            session.agrees = agrees
        out: list[Out] = [] if answer is None else [session_said(session.peer, answer)]
        # A network's keys come before what they have signed.
        for difference in sorted(differences, key=lambda one: not _is_identity(one)):
            mine, theirs = difference.mine, difference.theirs
            mine_seq = -1 if mine is None else mine.seq
            theirs_seq = -1 if theirs is None else theirs.seq
            if theirs is not None and theirs_seq > mine_seq:
                if self.sessions.may_hold(session, theirs.network, theirs.lane):
                    out += self.want(session, theirs.network, theirs.lane, theirs_seq)
            elif mine is not None and mine_seq > theirs_seq:
                if mine_seq - theirs_seq <= UNASKED_ENTRIES_MAX:
                    out.append(SendRange(session.peer, mine.network, mine.lane, theirs_seq + 1, mine_seq))
            elif mine is not None:
                # Two heads at one place: show ours, so that the other side holds the proof of a fork.
                out.append(SendRange(session.peer, mine.network, mine.lane, mine_seq, mine_seq))
            if mine is not None and theirs is not None and mine.lane == IDENTITY and theirs_seq >= mine_seq:
                out += self.show_rotation(session, mine.network)
        return out

    def show_rotation(self, session: Session, network: bytes) -> list[Out]:
        """Send a peer the newest rotation of a network, and what came after it: its own lane may be a thief's.

        Where that is a recovery, the guardians' newest key events go before: it rests on them.
        """
        networks = self.journal.directory.networks
        identity = networks[network].identity
        if not identity.rotated:
            return []
        out: list[Out] = []
        by = {one.guardian for at in identity.recoveries() for one in identity.epochs[at].backers}
        for guardian in sorted(by & networks.keys()):
            newest = networks[guardian].identity.epoch
            first = max(0, newest - UNASKED_ENTRIES_MAX + 1)
            out.append(SendRange(session.peer, guardian, IDENTITY, first, newest))
        last = min(identity.epoch, identity.rotated + UNASKED_ENTRIES_MAX - 1)
        return [*out, SendRange(session.peer, network, IDENTITY, identity.rotated, last)]

    def want(self, session: Session, network: bytes, lane: str, known_to_peer: int) -> list[Out]:
        """Ask for the next entries of a lane, half a window at a time and, while much is to come, two ahead."""
        head, place = self.journal.held.head(network, lane), (network, lane)
        held = -1 if head is None else head.position.seq
        if place not in session.wanted and len(session.wanted) >= WANTED_LANES_MAX:
            return []
        asked, known = session.wanted.pop(place, (-1, -1))
        asked, known = max(asked, held), max(known, known_to_peer)
        if known <= held or (lane != IDENTITY and self.journal.held.is_forked(network, lane)):
            return []
        out: list[Out] = []
        half = WINDOW_ENTRIES // 2
        while asked == held or (asked - held <= half <= known - asked):
            first, asked = asked + 1, min(known, asked + half)
            out.append(session_said(session.peer, Wanted(network, lane, first, asked)))
        session.wanted[place] = (asked, known)
        return out

    def hear_wanted(self, session: Session, wanted: Wanted) -> list[Out]:
        """Send a range of a lane that the peer may hold."""
        if not self.sessions.may_hold(session, wanted.network, wanted.lane):
            raise PeerFault("a lane that is not for this peer")
        if not 0 <= wanted.last - wanted.first < WINDOW_ENTRIES:
            raise PeerFault("a range beyond the window")
        head = self.journal.held.head(wanted.network, wanted.lane)
        if head is None or wanted.first > head.position.seq:
            return []
        return [SendRange(session.peer, wanted.network, wanted.lane, wanted.first, min(wanted.last, head.position.seq))]

    def lacks_key_of(self, session: Session, entry: Entry) -> list[Out] | None:
        """Return what to ask for where an entry is of a network or an epoch whose key is not here yet."""
        known = self.journal.directory.networks.get(entry.network)
        if entry.header.lane == IDENTITY or (known is not None and known.identity.epoch >= entry.header.epoch):
            return None
        # Every key event opens an epoch, so the epoch is the least seq that the identity lane has reached.
        return self.want(session, entry.network, IDENTITY, entry.header.epoch)


def _is_identity(difference: Difference) -> bool:
    item = difference.mine or difference.theirs
    return item is not None and item.lane == IDENTITY
