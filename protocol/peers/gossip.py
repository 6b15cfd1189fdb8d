# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who is connected, what they may hold, and how entries reach those who lack them.

New entries are pushed to a bounded neighbourhood at once; each second two peers compare their heads
and mend what differs (PROTOCOL 8). Public lanes go to everybody, a network's ledger and links to its own
replicas. Whatever a peer sends is bounded, and garbage costs it its connection.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import dropwhile, groupby, pairwise, takewhile

from protocol.events import Send, SendRange
from protocol.lanes.directory import NETWORKS_MAX, is_public
from protocol.lanes.entry import IDENTITY, LEDGER, LINK_PREFIX, Entry, EntryFault, Millis, parse
from protocol.lanes.identity import BY_GUARDIANS, BY_HOT_KEY, Identity, RecoveryClaim, grown, recovery_of
from protocol.lanes.journal import Journal
from protocol.peers.messages import (
    ENTRIES_PER_FRAME_MAX,
    IDENTITY_ENTRIES_MAX,
    RANGE_BYTES_MAX,
    Entries,
    Heads,
    Hello,
    Item,
    Message,
    PeerFault,
    Role,
    Wanted,
    pack,
)
from protocol.peers.reconcile import Difference, HeadsVector
from protocol.wire.codec import CodecFault

FANOUT_MAX = 8
"""To how many peers a new entry is pushed; the others find it in the next comparison of heads."""
SESSIONS_MAX = 512
REQUESTS_PER_MINUTE_MAX = 1_200
"""Wanted, Heads, quotes and link questions that one peer may send in a minute."""
WINDOW_ENTRIES = 8_192
"""How many entries of a lane may be asked for at a time, and be on their way from one peer."""
UNASKED_ENTRIES_MAX = 256
"""How many entries a peer is sent unasked where its heads show that it lacks them; it asks for more by itself."""
HELLO_WITHIN_MS = 10_000
"""How long a connected peer may keep silent about who it is."""
MINUTE_MS = 60_000
WANTED_LANES_MAX = 2 * NETWORKS_MAX
"""Of how many lanes more may be awaited from one peer: it can name any number, and have none of them."""
BULK_ENTRIES_MIN = 256
"""A run of a lane from this length on is taken in bulk: members' signatures are checked by sample."""
BULK_SAMPLE = 16
"""One order in so many is checked in bulk: of 48,000 the 3,000 that find 0.1% of forgeries with 95% (PROTOCOL 6)."""

Out = Send | SendRange


@dataclass(slots=True)
class Session:
    """One connected peer: its libp2p key, and once it has said hello its network and its part in it."""

    peer: str
    transport: bytes
    since: Millis
    network: bytes | None = None
    role: Role | None = None
    requests: int = 0
    agrees: bool = False
    """Whether the peer held the same of our own network as we do when it last told its heads."""
    wanted: dict[tuple[bytes, str], tuple[int, int]] = field(default_factory=dict[tuple[bytes, str], tuple[int, int]])
    """Lanes of which more is on its way from this peer: up to which seq we asked, and how far the peer is."""


class Gossip:
    """The sessions of one node, and what it says and hears in them about entries."""

    def __init__(self, journal: Journal, chance: Callable[[int], bytes], invitation: bytes | None) -> None:
        self.journal = journal
        self.sessions: dict[str, Session] = {}
        self.invitation = invitation
        self.role = Role.HOME
        self.checks_all = False
        """Whether every member's signature is checked even in bulk, as an auditor wants."""
        self.ousted: RecoveryClaim | None = None
        """By which claim guardians have given our network to another key, since our steward has not stopped them."""
        self.convicted: list[Entry] = []
        """Entries that are news as the proof of a fork, each at the place of another."""
        self._chance = chance
        self._minute = 0

    # Who is there.

    def greet(self, peer: str, transport: bytes, identity: Sequence[bytes], now: Millis) -> list[Out]:
        """Open a session and say hello."""
        if len(self.sessions) >= SESSIONS_MAX:
            raise PeerFault("too many peers")
        self.sessions[peer] = Session(peer, transport, now)
        # Who knows the older key events needs the newest only; all others hear of them by gossip first.
        newest = tuple(identity[-IDENTITY_ENTRIES_MAX:])
        hello = Hello(self.journal.network, self.role, newest, self.invitation)
        return [_say(peer, hello)]

    def part(self, peer: str) -> None:
        """Close a session."""
        session = self.sessions.pop(peer, None)
        if session is not None and session.network is not None:
            self._note_presence(session.network)

    def expelled(self) -> list[str]:
        """Return the peers that speak for a network which has certified another transport key since."""
        networks = self.journal.directory.networks
        return [
            one.peer
            for one in self.sessions.values()
            if one.role is Role.HOME
            and one.network is not None
            and networks[one.network].identity.transport != one.transport
        ]

    def strangers(self, now: Millis) -> list[str]:
        """Return the peers that have not said for whom they speak, and have had the time to."""
        return [one.peer for one in self.sessions.values() if one.network is None and now - one.since > HELLO_WITHIN_MS]

    def admit(self, session: Session, network: bytes, role: Role) -> None:
        """Note for whom a peer has shown that it speaks."""
        session.network, session.role = network, role
        self._note_presence(network)

    def _note_presence(self, network: bytes) -> None:
        known = self.journal.directory.networks.get(network)
        if known is not None:
            known.connected = self.of_network(network) is not None

    def of_network(self, network: bytes, role: Role = Role.HOME) -> Session | None:
        """Return the session with a network's home node (or a replica of it), if it is connected."""
        return next((one for one in self.sessions.values() if one.network == network and one.role is role), None)

    def count(self, session: Session, now: Millis) -> None:
        """Count a request of a peer; raises PeerFault when there are too many in a minute."""
        minute = now // MINUTE_MS
        if minute != self._minute:
            self._minute = minute
            for one in self.sessions.values():
                one.requests = 0
        session.requests += 1
        if session.requests > REQUESTS_PER_MINUTE_MAX:
            raise PeerFault("too many requests in a minute")

    # What they hold.

    def items(self, session: Session) -> list[Item]:
        """Return the heads of all lanes that a peer may hold too, and takes if it has not.

        A replica takes no record of a link that an ended key has signed; the home does, where the partner shows it.
        """
        known = self.journal.directory.networks.get(self.journal.network)
        renewed = 0 if known is None else known.identity.renewed
        return [
            Item(network, lane, head.position.epoch, head.position.seq, head.id)
            for (network, lane), head in self.journal.heads().items()
            if head.id is not None
            and self.may_hold(session, network, lane)
            and (is_public(lane) or lane == LEDGER or head.position.epoch >= renewed)
        ]

    def may_hold(self, session: Session, network: bytes, lane: str) -> bool:
        """Tell whether a lane is for this peer: public, or of the network that we both serve."""
        return is_public(lane) or (network == self.journal.network == session.network)

    def compare(self) -> list[Out]:
        """Begin a round of anti-entropy with every peer that has said hello."""
        return [
            _say(session.peer, HeadsVector(self.items(session)).opening(session.network))
            for session in self.sessions.values()
            if session.network is not None
        ]

    def hear_heads(self, session: Session, heads: Heads) -> list[Out]:
        """Go on with a round: name what differs, ask for what we lack, send what the peer lacks."""
        vector = HeadsVector(self.items(session))
        answer, differences = vector.answer(heads)
        agrees = vector.agrees(heads, self.journal.network)
        if agrees is not None:
            session.agrees = agrees
        out: list[Out] = [] if answer is None else [_say(session.peer, answer)]
        # A network's keys come before what they have signed.
        for difference in sorted(differences, key=lambda one: not _is_identity(one)):
            mine, theirs = difference.mine, difference.theirs
            mine_seq = -1 if mine is None else mine.seq
            theirs_seq = -1 if theirs is None else theirs.seq
            if theirs is not None and theirs_seq > mine_seq:
                if self.may_hold(session, theirs.network, theirs.lane):
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
        head, place = self.journal.head(network, lane), (network, lane)
        held = -1 if head is None else head.position.seq
        if place not in session.wanted and len(session.wanted) >= WANTED_LANES_MAX:
            return []
        asked, known = session.wanted.pop(place, (-1, -1))
        asked, known = max(asked, held), max(known, known_to_peer)
        if known <= held or (lane != IDENTITY and self.journal.is_forked(network, lane)):
            return []
        out: list[Out] = []
        half = WINDOW_ENTRIES // 2
        while asked == held or (asked - held <= half <= known - asked):
            first, asked = asked + 1, min(known, asked + half)
            out.append(_say(session.peer, Wanted(network, lane, first, asked)))
        session.wanted[place] = (asked, known)
        return out

    def hear_wanted(self, session: Session, wanted: Wanted) -> list[Out]:
        """Send a range of a lane that the peer may hold."""
        if not self.may_hold(session, wanted.network, wanted.lane):
            raise PeerFault("a lane that is not for this peer")
        if not 0 <= wanted.last - wanted.first < WINDOW_ENTRIES:
            raise PeerFault("a range beyond the window")
        head = self.journal.head(wanted.network, wanted.lane)
        if head is None or wanted.first > head.position.seq:
            return []
        return [SendRange(session.peer, wanted.network, wanted.lane, wanted.first, min(wanted.last, head.position.seq))]

    def hear_identity(self, session: Session, hello: Hello, now: Millis) -> list[Out]:
        """Take in the key events by which a peer proves for whom it speaks."""
        try:
            entries = [parse(wire) for wire in hello.identity]
        except (CodecFault, EntryFault) as fault:
            raise PeerFault(str(fault)) from fault
        if any((one.network, one.header.lane) != (hello.network, IDENTITY) for one in entries):
            raise PeerFault("a hello tells the key events of its own network")
        return self.hear_entries(session, entries, now)

    def hear_entries(self, session: Session, entries: Sequence[Entry], now: Millis) -> list[Out]:
        """Take entries in; returns what to ask for next.

        Raises PeerFault at the first lie; what came before it stays.
        """
        out: list[Out] = []
        try:
            for (network, lane), run in groupby(entries, key=lambda one: (one.network, one.header.lane)):
                if not self.may_hold(session, network, lane):
                    raise PeerFault("an entry that is not for us")
                standing = self._standing(list(run))
                if standing:
                    out += self._take_run(session, standing, now)
                if (network, lane) in session.wanted:
                    out += self.want(session, network, lane, -1)
        except EntryFault as fault:
            raise PeerFault(str(fault)) from fault
        return out

    def _take_run(self, session: Session, run: list[Entry], now: Millis) -> list[Out]:
        """Take the entries of one lane: each linked to the one before, the last of each epoch signed."""
        journal = self.journal
        first = run[0]
        if first.header.lane == IDENTITY:
            return self._take_key_events(session, run, now)
        if journal.is_recalling(first.network, first.header.lane):
            return []
        lacking = self.lacks_key_of(session, run[-1])
        if lacking is not None:
            return lacking
        head = journal.head(first.network, first.header.lane)
        known_seq = -1 if head is None else head.position.seq
        if first.header.lane.startswith(LINK_PREFIX):
            return self._take_records(run)
        for entry in run:
            if entry.header.seq <= known_seq:
                self._compare(entry)
        new, twins = _until_twins([entry for entry in run if entry.header.seq > known_seq])
        if not new or journal.is_forked(first.network, first.header.lane):
            return []
        if new[0].header.seq > known_seq + 1:
            # A gap is never buffered: what is missing is asked for, and this comes again with it.
            return self.want(session, first.network, first.header.lane, new[-1].header.seq)
        _check_chain(new)
        if head is not None and new[0].header.prev != head.id:
            return self._weigh(session, new, known_seq)
        if not journal.follows(new[0]):
            raise PeerFault("an entry that does not follow the one before it")
        self._take_linked(new)
        for entry in twins:
            self._compare(entry)
        return []

    def _take_linked(self, new: list[Entry]) -> None:
        """Take entries that follow what is held of their lane, the last of each epoch signed."""
        journal = self.journal
        for _, group in groupby(new, key=lambda one: one.header.epoch):
            entries = list(group)
            # A chain of hashes: the last signature vouches for all before it (PROTOCOL 6).
            if not self._is_vouched(entries[-1]):
                return
            if len(entries) >= BULK_ENTRIES_MIN and not self.checks_all:
                draws = iter(self._chance(len(entries)))
                journal.book.is_sampled = lambda draws=draws: next(draws, 0) % BULK_SAMPLE == 0
            try:
                for entry in entries:
                    journal.take(entry)
            finally:
                journal.book.is_sampled = None

    def _weigh(self, session: Session, new: list[Entry], known_seq: int) -> list[Out]:
        """Return what to ask for where entries follow another one than ours at the head of their lane."""
        network, lane = new[0].network, new[0].header.lane
        if self._is_confirmed(new):
            # What a key event names is linked to another past than ours: a thief has signed ours.
            kept = self.journal.forget_unconfirmed(network, lane)
            return [_say(session.peer, Wanted(network, lane, kept + 1, min(new[-1].header.seq, kept + WINDOW_ENTRIES)))]
        if not self._is_vouched(new[0]):
            return []
        # That other one is the proof of a fork.
        return [_say(session.peer, Wanted(network, lane, known_seq, known_seq))]

    def _take_key_events(self, session: Session, run: list[Entry], now: Millis) -> list[Out]:
        """Take key events of one network that go on from those held here, or that cold keys set in their place."""
        journal, network = self.journal, run[0].network
        out: list[Out] = []
        for chain in _chains(run):
            _check_chain(chain)
            known = journal.directory.networks.get(network)
            if known is not None:
                branch = list(dropwhile(known.identity.has, chain))
                out += self._judge_key_events(known.identity, session, branch, now)
            elif chain[0].header.seq == 0:
                journal.take(chain[0])
                out += self._judge_key_events(journal.directory.networks[network].identity, session, chain[1:], now)
            else:
                out += self.want(session, network, IDENTITY, chain[-1].header.seq)
        return out

    def _judge_key_events(self, identity: Identity, session: Session, branch: list[Entry], now: Millis) -> list[Out]:
        """Take a chain of key events, the first of them not held here, where it outranks what is held."""
        journal, network = self.journal, identity.network
        if not branch:
            return []
        at = branch[0].header.seq
        if not 0 < at <= identity.epoch + 1 or identity.epochs[at - 1].event != branch[0].header.prev:
            # What goes before it is not here: since the newest rotation, what is here may be a thief's.
            first, last = identity.rotated + 1, branch[-1].header.seq
            wanted = Wanted(network, IDENTITY, first, min(last, first + WINDOW_ENTRIES - 1))
            return [_say(session.peer, wanted)] if at > first else []
        branched = grown(identity.at(at - 1), branch)
        due = self._due(branched, at, now)
        branch = branch[: due - at]
        if not branch:
            return []
        branched = branched.at(due - 1)
        # That an heir whom guardians chose has spoken twice does not bind who objects to him.
        heir = at <= identity.epoch and identity.rank(at)[0] == BY_GUARDIANS
        stays = journal.is_forked(network, IDENTITY) and branched.rank(at)[0] == BY_HOT_KEY and not heir
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

    def _is_vouched(self, entry: Entry) -> bool:
        """Tell whether its network has signed an entry, or a thief whose time cold keys have ended; raises EntryFault.

        Who still shows what a thief has signed tells no lie: it has not heard of the rotation.
        """
        try:
            self.journal.directory.verify(entry)
        except EntryFault:
            if self.journal.directory.is_of_thief(entry):
                return False
            raise
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
                    self.journal.take(entry)
        return []

    def _compare(self, entry: Entry) -> None:
        """Keep an entry that stands where we hold another, if its author has signed it."""
        directory = self.journal.directory
        if not self.journal.differs(entry) or directory.is_pardoned(entry):
            return
        if self._is_vouched(entry) and self.journal.convict(entry):
            self.convicted.append(entry)

    def lacks_key_of(self, session: Session, entry: Entry) -> list[Out] | None:
        """Return what to ask for where an entry is of a network or an epoch whose key is not here yet."""
        known = self.journal.directory.networks.get(entry.network)
        if entry.header.lane == IDENTITY or (known is not None and known.identity.epoch >= entry.header.epoch):
            return None
        # Every key event opens an epoch, so the epoch is the least seq that the identity lane has reached.
        return self.want(session, entry.network, IDENTITY, entry.header.epoch)

    # What is new.

    def push(self, entries: Iterable[Entry], source: str | None) -> list[Out]:
        """Send new entries to some peers at once, but not to the one that they came from."""
        neighbours = self._neighbours(source)
        if not neighbours:
            return []
        public: list[bytes] = []
        private: list[bytes] = []
        for entry in entries:
            lane = entry.header.lane
            if is_public(lane):
                public.append(entry.wire)
            elif entry.network == self.journal.network and (lane == LEDGER or lane.startswith(LINK_PREFIX)):
                private.append(entry.wire)
        out: list[Out] = []
        for session in neighbours:
            ours = session.network == self.journal.network
            out += [_say(session.peer, frame) for frame in _frames(public + private if ours else public)]
        return out

    def _neighbours(self, source: str | None) -> list[Session]:
        ready = [one for one in self.sessions.values() if one.network is not None and one.peer != source]
        own = [one for one in ready if one.network == self.journal.network]
        others = [one for one in ready if one.network != self.journal.network]
        if len(others) > FANOUT_MAX:
            others.sort(key=lambda one: self._chance(8) + one.transport)
        return own + others[:FANOUT_MAX]


def _is_identity(difference: Difference) -> bool:
    item = difference.mine or difference.theirs
    return item is not None and item.lane == IDENTITY


def _until_twins(entries: Sequence[Entry]) -> tuple[list[Entry], list[Entry]]:
    """Return the entries up to the first place where two stand, one of them, and the other by itself."""
    for at, (before, after) in enumerate(pairwise(entries)):
        if before.header.seq == after.header.seq and before.id != after.id:
            return list(entries[: at + 1]), [after]
    return list(entries), []


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


def _check_chain(entries: Sequence[Entry]) -> None:
    for before, after in pairwise(entries):
        this, that = before.header, after.header
        if that.prev != before.id or that.seq != this.seq + 1 or that.epoch < this.epoch:
            raise PeerFault("entries that are not linked")


def _frames(wires: Sequence[bytes]) -> Iterable[Entries]:
    part: list[bytes] = []
    size = 0
    for wire in wires:
        if part and (size + len(wire) > RANGE_BYTES_MAX or len(part) >= ENTRIES_PER_FRAME_MAX):
            yield Entries(tuple(part))
            part, size = [], 0
        part.append(wire)
        size += len(wire)
    if part:
        yield Entries(tuple(part))


def _say(peer: str, message: Message) -> Send:
    return Send(peer, pack(message))
