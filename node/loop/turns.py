# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whose turn it is among peers: partners and our own nodes first, then all others, who share a part of the time.

What one peer brings keeps its order, but for the gossip of a partner: it is of others' words for the most part, and a
flood of these, whoever has begun it, may not come before payments. A long frame of entries is cut, so that no turn is
long; and however many strangers there are, and whatever their frames cost, they cost a share of the time that is set
here.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from protocol.events import PeerDown, PeerUp, Received
from protocol.peers.pieces import is_gossip, pieces
from protocol.peers.ties import Tie

NEAR_BYTES_MAX = 128 * 1024
"""How much of what partners and own nodes bring one batch takes; a frame that is longer comes alone."""
NEAR_INPUTS_MAX = 256
FAR_ENTRIES_MAX = 8
"""How many entries of a frame are taken at once, but for those of own nodes: each may cost the check of a signature."""
FAR_TURN_SECONDS = 0.002
"""How long all others together may keep the loop in one turn; what has begun is ended."""
FAR_TURN_INPUTS_MAX = 64
REST_TIMES = 3
"""So many times as long as their turn has lasted all others wait for the next while members wish something."""
REST_TIMES_IDLE = 1
"""And so many times while they do not: half of the time then goes to whoever has come."""
WISHED_SECONDS = 1.0
"""How long after a wish members count as wishing something."""
WEIGHTS: Mapping[Tie, int] = {Tie.PARTNER: 16, Tie.FEDERATION: 8, Tie.KNOWN: 4, Tie.STRANGER: 1}
"""How the time of all others is shared between these where each has something to say: of partners, their gossip."""
GOSSIP = "*"
"""Behind a partner's name: the line of its gossip."""

FromPeer = PeerUp | PeerDown | Received


class Piece(Received):
    """A part of a frame of which more is to come: the peer may not yet send another in its place."""

    __slots__ = ()


@dataclass(slots=True)
class _Line:
    """What one peer has brought, in order."""

    tie: Tie
    is_far: bool
    waiting: deque[FromPeer] = field(default_factory=deque[FromPeer])


@dataclass(slots=True)
class _Share:
    """The peers of one tie that wait, in the order of their turns, and what they have had."""

    weight: int
    had: float = 0.0
    """Seconds, over the weight."""
    row: dict[str, _Line] = field(default_factory=dict[str, _Line])


class Turns:
    """What peers have brought and what is not handled yet, by peer."""

    def __init__(self) -> None:
        self._lines: dict[str, _Line] = {}
        self._near: dict[str, _Line] = {}
        self._far = {tie: _Share(weight) for tie, weight in WEIGHTS.items()}
        self._waiting = 0
        self._rests_until = 0.0
        self._wished_at = -WISHED_SECONDS

    def __len__(self) -> int:
        """Return how many frames, arrivals and departures wait."""
        return self._waiting

    # In.

    def put(self, heard: FromPeer, tie: Tie) -> list[Received]:
        """Let what a peer brings wait; returns the frames of a stranger that are let go of, since it is gone."""
        gossips = tie is Tie.PARTNER and isinstance(heard, Received) and is_gossip(heard.frame)
        name = heard.peer + GOSSIP if gossips else heard.peer
        line = self._lines.get(name)
        if line is None:
            line = self._lines[name] = _Line(tie, gossips or _is_far(tie))
            self._place(name, line)
        if not isinstance(heard, PeerDown) or line.tie is not Tie.STRANGER:
            line.waiting.append(heard)
            self._waiting += 1
            return []
        gone = [one for one in line.waiting if isinstance(one, Received)]
        left: list[FromPeer] = [one for one in line.waiting if not isinstance(one, Received)]
        if left and isinstance(left[-1], PeerUp):
            left.pop()  # nobody has met it, so nobody has to hear that it is gone
        else:
            left.append(heard)
        self._waiting += len(left) - len(line.waiting)
        line.waiting = deque(left)
        if not left:
            self._remove(name, line)
        return gone

    def retie(self, tie_of: Callable[[str], Tie | None]) -> None:
        """Place those who wait anew: ties have changed. Who is gone keeps the place that it had."""
        for peer, line in self._lines.items():
            tie = tie_of(peer)
            if tie is not None and tie is not line.tie:
                del self._row(line)[peer]
                line.tie, line.is_far = tie, _is_far(tie)
                self._place(peer, line)

    def clear(self) -> list[Received]:
        """Let go of everything; returns the frames."""
        gone = [one for line in self._lines.values() for one in line.waiting if isinstance(one, Received)]
        self._lines.clear()
        self._near.clear()
        for share in self._far.values():
            share.row.clear()
        self._waiting = 0
        return gone

    # Out.

    @property
    def near_waits(self) -> bool:
        """Whether partners or own nodes have brought something."""
        return bool(self._near)

    def far_waits(self, now: float) -> bool:
        """Tell whether it is the turn of others, who have brought something; `now` are seconds."""
        return now >= self._rests_until and any(share.row for share in self._far.values())

    def near(self) -> list[FromPeer]:
        """Take what partners and own nodes have brought, one of each in turn, as far as a batch goes."""
        taken: list[FromPeer] = []
        size = 0
        while self._near and len(taken) < NEAR_INPUTS_MAX and size < NEAR_BYTES_MAX:
            peer, line = next(iter(self._near.items()))
            # A ledger that one of our own nodes sends is checked by sample where much comes at once.
            one = self._take(peer, line, None)
            size += len(one.frame) if isinstance(one, Received) else 0
            taken.append(one)
        return taken

    def far(self, seconds: Callable[[], float]) -> Iterator[FromPeer]:
        """Yield what others have brought, until their turn ends; each is handled before the next is asked for.

        The time that this takes is theirs, and after it they rest.
        """
        began = before = seconds()
        try:
            for _ in range(FAR_TURN_INPUTS_MAX):
                waiting = [share for share in self._far.values() if share.row]
                if not waiting or before - began >= FAR_TURN_SECONDS:
                    break
                share = min(waiting, key=lambda one: one.had)
                yield self._take(*next(iter(share.row.items())), FAR_ENTRIES_MAX)
                after = seconds()
                share.had += (after - before) / share.weight
                before = after
                # Who had nothing to say for long saves no time up by it.
                for one in self._far.values():
                    one.had = max(one.had, share.had - FAR_TURN_SECONDS)
        finally:
            ended = seconds()
            busy = ended - self._wished_at < WISHED_SECONDS
            self._rests_until = ended + (ended - began) * (REST_TIMES if busy else REST_TIMES_IDLE)

    def rest_seconds(self, now: float) -> float | None:
        """Return in how many seconds it is the turn of others; None where they have brought nothing."""
        return max(0.0, self._rests_until - now) if any(share.row for share in self._far.values()) else None

    def note_wish(self, now: float) -> None:
        """Know that members wish something."""
        self._wished_at = now

    def _take(self, name: str, line: _Line, entries_max: int | None) -> FromPeer:
        """Take the first that a peer has brought, or the first piece of it, and let the peer stand last."""
        one = line.waiting.popleft()
        if isinstance(one, Received) and not isinstance(one, Piece) and entries_max is not None:
            first, *more = pieces(one.frame, entries_max)
            if more:
                *between, last = more
                later = [Received(one.peer, last), *(Piece(one.peer, part) for part in reversed(between))]
                line.waiting.extendleft(later)
                one = Piece(one.peer, first)
                self._waiting += len(more)
        self._waiting -= 1
        row = self._row(line)
        del row[name]
        if line.waiting:
            row[name] = line
        else:
            del self._lines[name]
        return one

    def _row(self, line: _Line) -> dict[str, _Line]:
        return self._far[line.tie].row if line.is_far else self._near

    def _place(self, peer: str, line: _Line) -> None:
        self._row(line)[peer] = line

    def _remove(self, peer: str, line: _Line) -> None:
        del self._lines[peer], self._row(line)[peer]


def _is_far(tie: Tie) -> bool:
    return tie < Tie.PARTNER
