# SPDX-License-Identifier: AGPL-3.0-or-later
"""How much is kept of other networks, by what ties them to ours (docs/decisions/0043).

What is beyond a bound of ours is nobody's fault: it is passed over, and for a while not asked for again. Partners are
always heard.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from protocol.book.book import Book
from protocol.book.slots import Slot
from protocol.book.timezones import MINUTE_MS
from protocol.lanes.directory import COMMONS_KINDS, Directory
from protocol.lanes.entry import IDENTITY, Entry, EntryFault, Millis, decode_body
from protocol.lanes.journal import Journal
from protocol.lanes.leaving import let_go
from protocol.lanes.weights import UNKNOWN_COUNTS, WEIGHS_NOTHING, Weighed
from protocol.peers.sessions import Sessions
from protocol.peers.ties import Tie, Ties


@dataclass(frozen=True, slots=True)
class Budget:
    """What may be kept of one network, and of all of the same tie together; that much is also taken in a minute."""

    each: Weighed
    together: Weighed


_KIB, _MIB = 1024, 1024 * 1024
BUDGETS: Mapping[Tie, Budget] = {
    Tie.STRANGER: Budget(Weighed(256, 256 * _KIB), Weighed(131_072, 64 * _MIB)),
    Tie.KNOWN: Budget(Weighed(65_536, 32 * _MIB), Weighed(262_144, 128 * _MIB)),
    Tie.FEDERATION: Budget(Weighed(65_536, 32 * _MIB), Weighed(524_288, 256 * _MIB)),
}
"""Partners and our own nodes have none: what they say is always taken."""
NETWORKS_MAX = 10_000
"""How many networks are known: the nearer have their place, strangers what is left."""
PROOFS_MAX = 8
"""After so many proofs of forks of one network only earlier ones are kept: the first says it all."""
PASSED_OVER_MS = 3_600_000
"""How long a network is not heard that was beyond a bound, unless it comes nearer."""
PASSED_OVER_MAX = 16_384
REACHED_EVERY_MS = 10_000
"""How often at most it is looked up whom links lead to."""
HEAVIER = 2
"""How many times as much as a newcomer a stranger has to weigh that gives way to it where all bytes are taken."""

REACHED: Slot[Callable[[Book], Iterable[bytes]]] = Slot(
    "tells to which networks links lead from ours, one after the other, which both ends of each publish"
)
RESTS_ON: Slot[Callable[[Book], Iterable[tuple[bytes, bool]]]] = Slot(
    "tells on which other networks' key events our book rests, whatever ties them to us, and whether on their words too"
)


def rests_on(book: Book, backers: Iterable[bytes]) -> dict[bytes, bool]:
    """Return the other networks whose key events are kept, and whether what they say is kept too."""
    found = dict.fromkeys(backers, False)
    for tell in book.fillings(RESTS_ON):
        for network, whole in tell(book):
            found[network] = whole or found.get(network, False)
    own = book.of(Directory).networks.get(book.network)
    return found if own is None else found | dict.fromkeys(own.identity.guardians.networks, True)


def backers_in(directory: Directory) -> set[bytes]:
    """Return the guardians on whose word the key events of some network rest."""
    lanes = (known.identity.epochs for known in directory.networks.values() if known.identity.guardians.networks)
    return {one.guardian for epochs in lanes for epoch in epochs for one in epoch.backers}


class Budgets:
    """What one node keeps of others, and what it passes over."""

    def __init__(self, journal: Journal, sessions: Sessions, ties: Ties) -> None:
        self.journal = journal
        self.sessions = sessions
        self.ties = ties
        self.now: Millis = 0
        self._kinds = {**COMMONS_KINDS, **journal.book.words}
        self._passed: dict[bytes, tuple[Millis, Tie]] = {}
        """Networks that are not heard until a time, and what tied them to us when that was said."""
        self._sums: dict[Tie, Weighed] = {}
        self._minute = 0
        self._taken: dict[Tie, Weighed] = {}
        """What was taken in this minute."""
        self._summed_ms: Millis = -(2**53)
        self._reached: frozenset[bytes] = frozenset()
        self._reached_ms: Millis = -(2**53)
        self._youngest: list[bytes] = []
        """Strangers that may give way, those last that go first."""
        self._heaviest: list[bytes] = []
        self._backers: set[bytes] = set()
        """The guardians on whose word the key events of some network rest."""

    def set_back(self) -> None:
        """Wait for nothing that is yet to come: the clock was set back."""
        self._passed.clear()
        self._summed_ms = self._reached_ms = -(2**53)

    def tie(self, network: bytes) -> Tie:
        """Return what ties a network to ours, those included to whom links lead."""
        tie = self.ties.of(network)
        return Tie.KNOWN if tie is Tie.STRANGER and network in self._reached else tie

    def is_passed_over(self, network: bytes) -> bool:
        """Tell whether a network is not heard for a while."""
        until, tie = self._passed.get(network, (self.now, Tie.OWN))
        return self.now < until and self.tie(network) <= tie

    def pass_over(self, network: bytes, until: Millis) -> None:
        """Hear a network no more for a while."""
        self._passed.pop(network, None)
        self._passed[network] = until, self.tie(network)
        while len(self._passed) > PASSED_OVER_MAX:
            del self._passed[next(iter(self._passed))]

    def hear_again(self, network: bytes) -> None:
        """Hear a network at once, whatever was the matter."""
        self._passed.pop(network, None)

    # What is taken.

    def fitting(self, run: list[Entry], *, speaks: bool = False) -> list[Entry]:
        """Return a run of one public lane as far as there is room for it; where it `speaks`, its node is connected."""
        network = run[0].network
        if network == self.journal.network:
            return run
        self._sum()
        tie = self.tie(network)
        if tie not in BUDGETS:
            return run
        held = self.journal.held
        if not speaks and self.is_passed_over(network):
            return [one for one in run if held.holds(one)]
        coming = WEIGHS_NOTHING
        for at, entry in enumerate(run):
            if held.holds(entry):
                continue
            times = 1 if self._is_read(entry) else UNKNOWN_COUNTS
            coming = coming.plus(Weighed(times, times * len(entry.wire)))
            until = self._full_until(network, tie, coming, speaks=speaks)
            if until is not None and speaks:
                self._summed_ms = -(2**53)
                self._sum()
                until = self._full_until(network, tie, coming, speaks=speaks)
            if until is not None:
                self.pass_over(network, until)
                return run[:at]
        return run

    def _is_read(self, entry: Entry) -> bool:
        """Tell whether an entry means something here."""
        if entry.header.lane == IDENTITY:
            return True
        try:
            decode_body(entry.body_bytes, self._kinds, skips=True)
        except EntryFault:
            return False
        return True

    def took(self, network: bytes, before: Weighed) -> None:
        """Count what was taken of a network, of which so much was kept before."""
        tie, more = self.tie(network), self.journal.held.weights.of(network).minus(before)
        self._sums[tie] = self._sums.get(tie, WEIGHS_NOTHING).plus(more)
        if more.bytes > 0:
            self._taken[tie] = self._taken.get(tie, WEIGHS_NOTHING).plus(more)

    def takes_proof(self, entry: Entry) -> bool:
        """Tell whether one more proof against a network is kept."""
        lane = self.journal.held.lanes.get((entry.network, entry.header.lane))
        near = entry.network == self.journal.network or self.tie(entry.network) not in BUDGETS
        if near or lane is None or len(lane.forks) < PROOFS_MAX:
            return True
        # From the first one on nobody is believed: all are to know the same.
        return (entry.header.epoch, entry.header.seq) < lane.forks[0].position

    def _full_until(self, network: bytes, tie: Tie, coming: Weighed, *, speaks: bool) -> Millis | None:
        """Return until when there is no room for what comes; None where there is, be it that a stranger gave way."""
        budget, kept = BUDGETS[tie], self.journal.held.weights.of(network).plus(coming)
        if not kept.fits(budget.each):
            return self.now + PASSED_OVER_MS
        if not (speaks or self._taken.get(tie, WEIGHS_NOTHING).plus(coming).fits(budget.together)):
            return (self._minute + 1) * MINUTE_MS
        networks = self.journal.directory.networks
        if network not in networks and len(networks) >= NETWORKS_MAX:
            nearer = speaks or tie > Tie.STRANGER
            gave_way = nearer and self._give_way(self._youngest, network, 0)
            if not gave_way and tie < Tie.FEDERATION:
                return self.now + PASSED_OVER_MS
        while not self._sums.get(tie, WEIGHS_NOTHING).plus(coming).fits(budget.together):
            if tie is not Tie.STRANGER or not self._give_way(self._heaviest, network, HEAVIER * kept.bytes):
                return self.now + PASSED_OVER_MS
        return None

    # Who gives way.

    def _give_way(self, ones: list[bytes], to: bytes, bytes_min: int) -> bool:
        """Let the next of these that weighs enough be forgotten; tell whether there was one."""
        networks = self.journal.directory.networks
        while ones:
            network = ones[-1]
            weight = self.journal.held.weights.of(network)
            known = networks.get(network)
            if known is None or self.tie(network) is not Tie.STRANGER or network == to:
                ones.pop()
                continue
            if weight.bytes < bytes_min:
                return False
            ones.pop()
            rests = rests_on(self.journal.book, self._backers).get(network)
            keys = rests is None and not known.connected
            if rests or (not keys and ones is self._youngest):
                continue
            let_go(self.journal, network, keys=keys)
            left = self.journal.held.weights.of(network)
            self._sums[Tie.STRANGER] = self._sums[Tie.STRANGER].minus(weight).plus(left)
            self.pass_over(network, self.now + PASSED_OVER_MS)
            return True
        return False

    # What is known of all.

    def _sum(self) -> None:
        """Count, each second at most, what is kept by now, and who may give way."""
        if self.now - self._reached_ms >= REACHED_EVERY_MS:
            self._reached_ms = self.now
            book = self.journal.book
            self._reached = frozenset(one for tell in book.fillings(REACHED) for one in tell(book))
        if (minute := self.now // MINUTE_MS) != self._minute:
            self._minute, self._taken = minute, {}
        if self.now - self._summed_ms < 1_000:
            return
        self._summed_ms = self.now
        weights = self.journal.held.weights
        self._sums, self._backers = {}, backers_in(self.journal.directory)
        strangers: list[tuple[int, int, bytes]] = []
        for network, known in self.journal.directory.networks.items():
            tie, weight = self.tie(network), weights.of(network)
            self._sums[tie] = self._sums.get(tie, WEIGHS_NOTHING).plus(weight)
            if tie is Tie.STRANGER:
                strangers.append((weight.bytes, known.arrival, network))
        self._heaviest = [network for _, _, network in sorted(strangers)]
        self._youngest = [network for _, _, network in sorted(strangers, key=lambda one: one[1])]
