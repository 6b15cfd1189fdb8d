# SPDX-License-Identifier: AGPL-3.0-or-later
"""How much partners say of links, by what it costs us: each record that is taken is checked, stored and kept for good.

A record is the whole state of its side, so of what comes beyond that the newest alone waits, for each link: whoever
says more loses nothing by it, and nobody is parted with (docs/decisions/0045).
"""

from dataclasses import dataclass, field
from typing import ClassVar

from protocol.lanes.entry import Entry, Millis
from protocol.lanes.records import LanePlace

RECORD_BYTES_PER_SECOND = 128 * 1_024
"""How much one network may say of links for good: thousands of payments a minute."""
RECORD_BYTES_AT_ONCE = 16 * 1_024 * 1_024
"""How much of that it has free after a while: what a busy hour or a restore brings at once."""
RECORD_COSTS_BYTES = 512
"""What each record counts beside its own bytes: a signature to check, a row to write."""
_MS = 1_000


@dataclass(slots=True)
class RecordsWaiting:
    """What networks have said of links lately, and what waits until there is room for it: lost without harm."""

    TRANSIENT: ClassVar[bool] = True
    spent: dict[bytes, tuple[int, Millis]] = field(default_factory=dict[bytes, tuple[int, Millis]])
    """By network: bytes beyond what time has given back, as of an hour. Who is connected anew goes on from them."""
    waiting: dict[LanePlace, Entry] = field(default_factory=dict[LanePlace, Entry])
    """The newest record of each link that found no room, in the order in which the first came."""

    def takes(self, entry: Entry, now: Millis) -> bool:
        """Tell whether there is room for one more record of its network; it is counted then."""
        spent, since = self.spent.get(entry.network, (0, now))
        # Before a time that is yet to come nothing was given back: the clock has gone back.
        spent = max(0, spent - max(0, now - since) * RECORD_BYTES_PER_SECOND // _MS)
        if spent >= RECORD_BYTES_AT_ONCE:
            self.spent[entry.network] = spent, now
            return False
        self.spent[entry.network] = spent + len(entry.wire) + RECORD_COSTS_BYTES, now
        return True

    def put_off(self, entry: Entry) -> None:
        """Let a record wait in the place of an older one of its link."""
        place = entry.network, entry.header.lane
        older = self.waiting.get(place)
        if older is None or _position(older) < _position(entry):
            self.waiting[place] = entry

    def forget_idle(self, now: Millis) -> None:
        """Remember no network any more to which time has given all back."""
        for network, (spent, since) in list(self.spent.items()):
            if (now - since) * RECORD_BYTES_PER_SECOND // _MS >= spent:
                del self.spent[network]


def _position(entry: Entry) -> tuple[int, int]:
    return entry.header.epoch, entry.header.seq
