# SPDX-License-Identifier: AGPL-3.0-or-later
"""What each side holds, compared where something has changed, and what follows: entries asked for (PROTOCOL 8).

Public lanes go to everybody, a network's ledger and links to its own replicas. Who lacks entries asks for them, as
much at a time as it likes; nothing but the proof of a rotation comes unasked.
"""

from collections.abc import Iterable, Sequence
from hashlib import sha256
from typing import TypeVar

from protocol.events import Send, SendRange
from protocol.lanes.directory import is_public
from protocol.lanes.entry import COMMONS, IDENTITY, LEDGER, Entry, Millis
from protocol.lanes.journal import Journal
from protocol.lanes.records import LanePlace
from protocol.peers.budgets import Budgets
from protocol.peers.messages import (
    ITEMS_AHEAD_MAX,
    LANES_WANTED_MAX,
    SPANS_PER_FRAME_MAX,
    Ahead,
    Heads,
    Item,
    LaneRange,
    PeerFault,
    Span,
    Wanted,
)
from protocol.peers.reconcile import Difference, HeadIndex, check_parts, head_digest
from protocol.peers.sessions import Session, Sessions, session_said

WINDOW_ENTRIES = 8_192
"""How many entries of a lane may be asked for at a time, and be on their way from one peer."""
ROTATION_ENTRIES_MAX = 256
"""How many key events of one network a peer is sent unasked where a rotation changes which of them count."""
ROTATIONS_MAX = 16
"""Of how many networks, in answer to one frame; the others follow in later rounds."""
OPENING_MS_MIN = 500
"""How long after one comparison the next begins at least: at each tick, while something changes."""
OPENING_MS_MAX = 60_000
"""How long after one comparison the next begins in any case."""
AWAITED_MS_MAX = 30_000
"""How long a peer may bring nothing of what was asked of it, until others are asked for in its place; and how long it
may leave an opening without an answer, until the next is said."""
OPENED_AT_ONCE_MAX = 32
"""With how many peers a comparison is begun at a tick: those whose last one is longest ago."""

WINDOWS_MS_MAX = 2_000
"""The same while more differs than a frame tells: what has news may be in the part that comes next."""

Out = Send | SendRange
T = TypeVar("T")


class Compare:
    """The heads of one node against those of its peers."""

    def __init__(self, journal: Journal, sessions: Sessions, budgets: Budgets) -> None:
        self.journal = journal
        self.budgets = budgets
        self.sessions = sessions
        self._public = HeadIndex(None)
        self._own = HeadIndex(journal.network)
        self._renewed = 0

    # Openings.

    def opening(self, now: Millis, *, eager: bool = False) -> list[Out]:
        """Begin a comparison with the peers with whom one is due, some at a time; where `eager`, with all.

        Who has not answered the last one is busy: another would wait behind it.
        """
        self._refresh()
        public, own, network = self._public.index.version, self._own.index.version, self.journal.network
        due: list[Session] = []
        for one in self.sessions.by_peer.values():
            changed = one.compared[0] != public or (one.compared[1] != own and one.network == network)
            least = OPENING_MS_MIN if changed or eager else one.pause_ms if one.differs else OPENING_MS_MAX
            if not one.answered:
                least = max(least, AWAITED_MS_MAX)
            if one.network is not None and now - one.opened_ms >= least:
                due.append(one)
        due.sort(key=lambda one: (one.network != network, one.opened_ms))
        return [said for session in due[:OPENED_AT_ONCE_MAX] for said in self._open(session, now)]

    def _open(self, session: Session, now: Millis) -> list[Out]:
        if session.wanted and now - max(session.brought_ms, session.awaited_ms) >= AWAITED_MS_MAX:
            session.wanted.clear()
        # What nobody can bring, or may not be taken, is not asked for each second.
        in_vain = session.differs and session.brought_ms < session.opened_ms
        longer = min(WINDOWS_MS_MAX if session.windowed else OPENING_MS_MAX, 2 * session.pause_ms)
        session.pause_ms = longer if in_vain else OPENING_MS_MIN
        session.opened_ms, session.answered, session.differs = now, False, False
        session.asked = session.windowed = False
        session.compared = (self._public.index.version, self._own.index.version)
        spans = tuple(index.opening() for index in self._indexes(session))
        return [session_said(session.peer, Heads(spans, self._of_peer(session)))]

    def hear_heads(self, session: Session, heads: Heads) -> list[Out]:
        """Go on with a comparison: name what differs, ask for what we lack, tell what the peer lacks."""
        self._refresh()
        check_parts(heads.spans)
        indexes = {index.audience: index for index in self._indexes(session)}
        if heads.yours is not None:
            session.agrees = heads.yours == self._of(self.journal.network, session)
        spans: list[Span] = []
        differences: list[Difference[Item]] = []
        for span in heads.spans:
            if span.audience not in indexes:
                raise PeerFault("lanes that are not for this peer")
            more, found = indexes[span.audience].answer(span)
            spans += more
            differences += found
        out: list[Out] = []
        is_opening = any(span.prefix == "" and span.items is None for span in heads.spans)
        session.answered = session.answered or (heads.yours is not None and not is_opening)
        if spans or is_opening:
            # What does not fit is found again in the next comparison.
            named = _window(session, spans, SPANS_PER_FRAME_MAX)
            answer = Heads(tuple(named), self._of_peer(session) if is_opening else None)
            out.append(session_said(session.peer, answer))
        session.differs = session.differs or bool(spans or differences)
        ahead = [one.mine for one in differences if one.mine is not None and is_ahead(one.mine, one.theirs)]
        if ahead:
            out.append(session_said(session.peer, Ahead(tuple(_window(session, ahead, ITEMS_AHEAD_MAX)))))
        return out + self._ask(session, differences)

    def hear_ahead(self, session: Session, ahead: Ahead) -> list[Out]:
        """Ask for what a peer has shown that we lack."""
        for item in ahead.items:
            if not self.sessions.may_hold(session, item.network, item.lane):
                raise PeerFault("lanes that are not for this peer")
        session.differs = True
        return self._ask(session, [Difference(self.item((one.network, one.lane)), one) for one in ahead.items])

    def _ask(self, session: Session, differences: Iterable[Difference[Item]]) -> list[Out]:
        """Return what to ask for where the peer holds what we lack; of each network its keys come first."""
        out: list[Out] = []
        ranges: list[LaneRange] = []
        rotations = 0
        for one in sorted(differences, key=lambda one: _keys_first(one.mine or one.theirs)):
            mine, theirs = one.mine, one.theirs
            if theirs is None or not self.sessions.may_hold(session, theirs.network, theirs.lane):
                continue
            if mine is None or is_ahead(theirs, mine):
                ranges += self._lacking(session, theirs)
            if mine is not None and theirs.lane == IDENTITY and theirs.seq >= mine.seq and rotations < ROTATIONS_MAX:
                shown = self.show_rotation(session, mine.network)
                rotations += bool(shown)
                out += shown
        return out + self._wanted(session, ranges)

    def _lacking(self, session: Session, theirs: Item) -> list[LaneRange]:
        """Return what to ask for of a lane where the peer's head, or proof, is not here."""
        if self.budgets.is_passed_over(theirs.network):
            session.wanted.pop((theirs.network, theirs.lane), None)
            return []
        if theirs.lane != IDENTITY and theirs.network in session.unvouched:
            # Its newest word tells whether we know the same keys by now.
            return [LaneRange(theirs.network, theirs.lane, theirs.seq, theirs.seq)]
        head = self.journal.held.head(theirs.network, theirs.lane)
        held = -1 if head is None else head.position.seq
        if theirs.seq > held:
            return self.ranges(session, theirs.network, theirs.lane, theirs.seq)
        # Another stands at this place: to see both is to hold the proof of a fork.
        return [LaneRange(theirs.network, theirs.lane, theirs.seq, theirs.seq)]

    # What is shown.

    def item(self, place: LanePlace) -> Item | None:
        """Return the head of a lane as peers are shown it; None for one that they do not take.

        A replica takes no record of a link that an ended key has signed; the home does, where the partner shows it.
        """
        head = self.journal.held.head(*place)
        if head is None or head.id is None:
            return None
        network, lane = place
        renewed = lane == LEDGER or head.position.epoch >= self._renewed
        if not (is_public(lane) or (network == self.journal.network and renewed)):
            return None
        fork = self.journal.held.fork(place)
        if fork is not None:
            # What came after it is nobody's word: the proof is all that there is to compare.
            return Item(*place, fork.position.epoch, fork.position.seq, *fork.ids)
        return Item(*place, head.position.epoch, head.position.seq, head.id)

    def _refresh(self) -> None:
        """Let the indexes hold what is held by now."""
        changed = self.journal.held.changes()
        known = self.journal.directory.networks.get(self.journal.network)
        renewed = 0 if known is None else known.identity.renewed
        if renewed != self._renewed:
            self._renewed = renewed
            changed |= {place for place in self.journal.held.heads() if not is_public(place[1])}
        for place in changed:
            (self._public if is_public(place[1]) else self._own).put(place, self.item(place))

    def _indexes(self, session: Session) -> Sequence[HeadIndex]:
        return (self._public, self._own) if session.network == self.journal.network else (self._public,)

    def _of_peer(self, session: Session) -> bytes:
        assert session.network is not None
        return self._of(session.network, session)

    def _of(self, network: bytes, session: Session) -> bytes:
        """Return the fingerprint of what is held here of a network's lanes, of those that this peer may hold too."""
        items = (self.item((network, lane)) for lane in (COMMONS, IDENTITY))
        state = sha256(b"mutirao/v1/network\0")
        for item in items:
            state.update(bytes(32) if item is None else head_digest(item))
        state.update(self._own.index.fingerprint() if network == self.journal.network == session.network else bytes(32))
        return state.digest()

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
            first = max(0, newest - ROTATION_ENTRIES_MAX + 1)
            out.append(SendRange(session.peer, guardian, IDENTITY, first, newest))
        last = min(identity.epoch, identity.rotated + ROTATION_ENTRIES_MAX - 1)
        return [*out, SendRange(session.peer, network, IDENTITY, identity.rotated, last)]

    # What is asked for.

    def want(self, session: Session, network: bytes, lane: str, known_to_peer: int) -> list[Out]:
        """Ask for the next entries of a lane."""
        return self._wanted(session, self.ranges(session, network, lane, known_to_peer))

    def ranges(self, session: Session, network: bytes, lane: str, known_to_peer: int) -> list[LaneRange]:
        """Return what to ask for of a lane next: half a window at a time and, while much is to come, two ahead."""
        head, place = self.journal.held.head(network, lane), (network, lane)
        held = -1 if head is None else head.position.seq
        passed_over = is_public(lane) and self.budgets.is_passed_over(network)
        if passed_over or (lane != IDENTITY and network in session.unvouched):
            session.wanted.pop(place, None)
            return []
        if place not in session.wanted and len(session.wanted) >= LANES_WANTED_MAX:
            session.differs = True
            return []
        if not session.wanted:
            session.awaited_ms = self.budgets.now
        asked, known = session.wanted.pop(place, (-1, -1))
        asked, known = max(asked, held), max(known, known_to_peer)
        if known <= held or (lane != IDENTITY and self.journal.held.is_forked(network, lane)):
            return []
        out: list[LaneRange] = []
        half = WINDOW_ENTRIES // 2
        while asked == held or (asked - held <= half <= known - asked):
            first, asked = asked + 1, min(known, asked + half)
            out.append(LaneRange(network, lane, first, asked))
        session.wanted[place] = (asked, known)
        return out

    def came(self, session: Session, network: bytes, lane: str, first: int, last: int) -> list[Out]:
        """Ask for what comes after entries of a lane that a peer has shown, from seq `first` to `last`."""
        asked, _ = session.wanted.get((network, lane), (-1, -1))
        if asked < 0:
            return []
        head = self.journal.held.head(network, lane)
        held = -1 if head is None else head.position.seq
        if first <= held + 1 and last >= asked > held:
            # It came in vain, as where the lane is being read again: it is asked for anew.
            del session.wanted[network, lane]
            session.differs = True
            return []
        return self.want(session, network, lane, -1)

    def go_on(self, session: Session, now: Millis) -> list[Out]:
        """Begin the next comparison at once where a peer has brought all that was asked of it, and holds more."""
        session.brought_ms = now
        if session.network is None or session.wanted or not (session.differs and session.asked):
            return []
        self._refresh()
        return self._open(session, now)

    def _wanted(self, session: Session, ranges: Sequence[LaneRange]) -> list[Out]:
        session.asked = session.asked or bool(ranges)
        return [
            session_said(session.peer, Wanted(tuple(ranges[first : first + LANES_WANTED_MAX])))
            for first in range(0, len(ranges), LANES_WANTED_MAX)
        ]

    def hear_wanted(self, session: Session, wanted: Wanted) -> list[Out]:
        """Send ranges of lanes that the peer may hold."""
        out: list[Out] = []
        for one in wanted.ranges:
            if not self.sessions.may_hold(session, one.network, one.lane):
                raise PeerFault("a lane that is not for this peer")
            if not 0 <= one.last - one.first < WINDOW_ENTRIES:
                raise PeerFault("a range beyond the window")
            head = self.journal.held.head(one.network, one.lane)
            if head is not None and one.first <= head.position.seq:
                last = min(one.last, head.position.seq)
                out.append(SendRange(session.peer, one.network, one.lane, one.first, last))
        return out

    def lacks_key_of(self, session: Session, entry: Entry) -> list[Out] | None:
        """Return what to ask for where an entry is of a network or an epoch whose key is not here yet."""
        known = self.journal.directory.networks.get(entry.network)
        if entry.header.lane == IDENTITY or (known is not None and known.identity.epoch >= entry.header.epoch):
            return None
        # Every key event opens an epoch, so the epoch is the least seq that the identity lane has reached.
        return self.want(session, entry.network, IDENTITY, entry.header.epoch)


def _window(session: Session, ones: Sequence[T], most: int) -> list[T]:
    """Return as many of these as have room, in order: other ones each time, since some may stay different for good."""
    if len(ones) <= most:
        return list(ones)
    first = session.windows * most % len(ones)
    session.windows, session.windowed = session.windows + 1, True
    return [*ones[: max(0, first + most - len(ones))], *ones[first : first + most]]


def _keys_first(item: Item | None) -> tuple[bytes, bool]:
    assert item is not None, "a difference is of something"
    return item.network, item.lane != IDENTITY


def is_ahead(mine: Item, theirs: Item | None) -> bool:
    """Tell whether one side holds of a lane what the other lacks: a later entry, another one, or a (lower) proof."""
    if theirs is None:
        return True
    if mine.twin is None or theirs.twin is None:
        if mine.twin is None and theirs.twin is None:
            return mine.seq >= theirs.seq
        return mine.twin is not None or mine.lane == IDENTITY
    return _proof(mine) < _proof(theirs)


def _proof(item: Item) -> tuple[int, int, bytes, bytes]:
    assert item.twin is not None
    return item.epoch, item.seq, item.id, item.twin
