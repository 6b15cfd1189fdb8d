# SPDX-License-Identifier: AGPL-3.0-or-later
"""New entries go to a bounded neighbourhood at once; the others find them in the next comparison of heads."""

from collections.abc import Callable, Iterable, Sequence

from protocol.events import Send
from protocol.lanes.directory import is_public
from protocol.lanes.entry import LEDGER, LINK_PREFIX, Entry
from protocol.peers.messages import ENTRIES_PER_FRAME_MAX, RANGE_BYTES_MAX, Entries, pack
from protocol.peers.sessions import Session, Sessions
from protocol.peers.ties import Tie, Ties

FANOUT_MAX = 8
"""To how many peers a new entry is pushed; the others find it in the next comparison of heads."""


def push(
    sessions: Sessions, ties: Ties, entries: Iterable[Entry], source: str | None, chance: Callable[[int], bytes]
) -> list[Send]:
    """Send new entries to some peers at once, but not to the one that they came from."""
    public: list[bytes] = []
    private: list[bytes] = []
    for entry in entries:
        lane = entry.header.lane
        if is_public(lane):
            public.append(entry.wire)
        elif entry.network == sessions.network and (lane == LEDGER or lane.startswith(LINK_PREFIX)):
            private.append(entry.wire)
    if not public and not private:
        return []
    ready = [one for one in sessions.by_peer.values() if one.network is not None and one.peer != source]
    own = [one for one in ready if one.network == sessions.network]
    out = _sends(own, public + private)
    if public:
        out += _sends(drawn_neighbours([one for one in ready if one.network != sessions.network], ties, chance), public)
    return out


def _sends(to: Sequence[Session], wires: Sequence[bytes]) -> list[Send]:
    frames = [pack(entries) for entries in _frames(wires)] if to else []
    return [Send(session.peer, frame, spare=True) for session in to for frame in frames]


def drawn_neighbours(others: Sequence[Session], ties: Ties, chance: Callable[[int], bytes]) -> list[Session]:
    """Return some of these by lot: those who are tied to us before strangers."""
    if len(others) <= FANOUT_MAX:
        return list(others)
    near: list[Session] = []
    far: list[Session] = []
    for one in others:
        tied = one.network is not None and ties.of(one.network) >= Tie.FEDERATION
        (near if tied else far).append(one)
    drawn = _drawn(near, FANOUT_MAX, chance)
    return drawn + _drawn(far, FANOUT_MAX - len(drawn), chance)


def _drawn(ones: Sequence[Session], count: int, chance: Callable[[int], bytes]) -> list[Session]:
    """Return so many of these by lot, or all where they are no more."""
    left = list(ones)
    if len(left) <= count:
        return left
    lots = chance(8 * count)
    return [left.pop(int.from_bytes(lots[at : at + 8], "big") % len(left)) for at in range(0, 8 * count, 8)]


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
