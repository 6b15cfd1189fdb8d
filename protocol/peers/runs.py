# SPDX-License-Identifier: AGPL-3.0-or-later
"""Two running copies of one home, and clocks that differ: what homes tell each other of themselves, signed.

Each start of a node draws a number, its run. A home tells its partners its run, the hour by its clock, and the other
run under its key that it was told of last; a partner shows it what other runs have told. A run that another one names
is proved to run beside it: nobody else can sign that, and who ended before could not know it.
"""

from dataclasses import dataclass, field
from typing import ClassVar

from protocol.book.clock import LEAP_MS, Clock
from protocol.events import Send
from protocol.lanes.entry import Millis
from protocol.peers.home import Home
from protocol.peers.messages import NodeRole, Running, pack
from protocol.peers.sessions import Session
from protocol.peers.ties import Tie
from protocol.wire.codec import encode
from protocol.wire.keys import verify
from protocol.wire.shape import to_map

SAID_EVERY_MS = 60_000
"""How often a home tells its partners the hour anew."""
RUNS_KEPT_MAX = 2
"""How many runs of one partner are remembered: the two that may run beside each other."""


@dataclass(slots=True)
class Runs:
    """What homes have told of themselves: not part of the fold."""

    TRANSIENT: ClassVar[bool] = True
    off_ms: dict[bytes, Millis] = field(default_factory=dict[bytes, Millis])
    """How far the clocks of networks are ahead of ours, by their last word."""
    told: dict[bytes, dict[bytes, Running]] = field(default_factory=dict[bytes, dict[bytes, Running]])
    """The last words of the newest runs, by network and run."""
    twin: Running | None = None
    """Another run of our own home, proved to run beside this one."""

    def differing(self) -> dict[bytes, Millis]:
        """Return the networks whose clocks differ too much from ours, and by how much."""
        return {network: off_ms for network, off_ms in sorted(self.off_ms.items()) if abs(off_ms) > LEAP_MS}

    def doubled(self) -> list[bytes]:
        """Return the networks of which two runs name each other: they run beside each other."""
        return [
            network
            for network, runs in sorted(self.told.items())
            if any(one.seen in runs and runs[one.seen].seen == one.run for one in runs.values() if one.seen is not None)
        ]


class RunTalk:
    """One run of a home, as it talks with partners about runs and clocks."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.run: bytes | None = None
        """The number that was drawn for this start, 16 bytes; without one it says nothing."""
        self._since: Millis = 0
        self._seen: bytes | None = None
        self._said_ms: Millis = 0

    def greet(self, session: Session) -> None:
        """Tell a partner's home of this run."""
        keyring, now = self.home.keyring, self.home.now
        if self.run is None or keyring is None or session.role is not NodeRole.HOME:
            return
        self._since = self._since or now
        bare = Running(self.run, self._since, now, self._seen, bytes(64))
        signature = keyring.hot.sign("running", _signed(bare))
        said = Running(bare.run, bare.since_ms, bare.at_ms, bare.seen, signature)
        self.home.say(Send(session.peer, pack(said)))

    def tick(self) -> None:
        """Tell all partners the hour now and then."""
        if abs(self.home.now - self._said_ms) >= SAID_EVERY_MS:
            self._said_ms = self.home.now
            for session in self.home.gossip.sessions.by_peer.values():
                if session.network is not None and self.home.gossip.ties.of(session.network) >= Tie.FEDERATION:
                    self.greet(session)

    def hear(self, session: Session, said: Running) -> None:
        """Take what a home tells of itself, or shows of another run of ours; what nobody has signed is passed over."""
        home, network = self.home, session.network
        known = None if network is None else home.journal.directory.networks.get(network)
        if self.run is None or known is None or network is None or home.gossip.ties.of(network) < Tie.FEDERATION:
            return
        key = known.identity.key_of(known.identity.epoch)
        if key is not None and verify(key, "running", _signed(said), said.signature):
            self._hear_own(session, network, said)
        elif home.keyring is not None and verify(home.keyring.hot.public, "running", _signed(said), said.signature):
            self._hear_of_us(session, said)

    def _hear_own(self, session: Session, network: bytes, said: Running) -> None:
        runs = self.home.book.of(Runs)
        runs.off_ms[network] = said.at_ms - self.home.now
        clock = self.home.book.of(Clock)
        if clock.leapt and abs(runs.off_ms[network]) <= LEAP_MS:
            clock.accept()
        told = runs.told.setdefault(network, {})
        told.pop(said.run, None)
        told[said.run] = said
        while len(told) > RUNS_KEPT_MAX:
            del told[next(iter(told))]
        for other in told.values():
            if other.run != said.run:
                self.home.say(Send(session.peer, pack(other)))

    def _hear_of_us(self, session: Session, said: Running) -> None:
        if said.run == self.run:
            return
        if said.seen == self.run:
            runs, first = self.home.book.of(Runs), self.home.book.of(Runs).twin is None
            runs.twin = said
            if first and (said.since_ms, said.run) < (self._since, self.run or b""):
                self.home.standing.give_way()
        if self._seen != said.run:
            self._seen = said.run
            self.greet(session)


def _signed(said: Running) -> bytes:
    return encode(to_map(Running(said.run, said.since_ms, said.at_ms, said.seen, bytes(64))))
