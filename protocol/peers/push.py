# SPDX-License-Identifier: AGPL-3.0-or-later
"""New entries go to a bounded neighbourhood at once; the others find them in the next comparison of heads."""

from collections.abc import Callable, Iterable, Sequence

from protocol.events import Send
from protocol.lanes.directory import is_public
from protocol.lanes.entry import LEDGER, LINK_PREFIX, Entry
from protocol.peers.messages import ENTRIES_PER_FRAME_MAX, RANGE_BYTES_MAX, Entries, pack
from protocol.peers.sessions import Session, Sessions

FANOUT_MAX = 8
"""To how many peers a new entry is pushed; the others find it in the next comparison of heads."""


def push(
    sessions: Sessions, entries: Iterable[Entry], source: str | None, chance: Callable[[int], bytes]
) -> list[Send]:
    """Send new entries to some peers at once, but not to the one that they came from."""
    neighbours = _neighbours(sessions, source, chance)
    if not neighbours:
        return []
    public: list[bytes] = []
    private: list[bytes] = []
    for entry in entries:
        lane = entry.header.lane
        if is_public(lane):
            public.append(entry.wire)
        elif entry.network == sessions.network and (lane == LEDGER or lane.startswith(LINK_PREFIX)):
            private.append(entry.wire)
    out: list[Send] = []
    for session in neighbours:
        ours = session.network == sessions.network
        out += [Send(session.peer, pack(frame), True) for frame in _frames(public + private if ours else public)]
    return out


def _neighbours(sessions: Sessions, source: str | None, chance: Callable[[int], bytes]) -> list[Session]:
    ready = [one for one in sessions.by_peer.values() if one.network is not None and one.peer != source]
    own = [one for one in ready if one.network == sessions.network]
    others = [one for one in ready if one.network != sessions.network]
    if len(others) > FANOUT_MAX:
        others.sort(key=lambda one: chance(8) + one.transport)
    return own + others[:FANOUT_MAX]


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
