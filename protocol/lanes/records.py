# SPDX-License-Identifier: AGPL-3.0-or-later
"""Records that two partners hold in a lane of their own: of each side the newest stands for all before it."""

from protocol.lanes.entry import Entry

LanePlace = tuple[bytes, str]
"""A network and one of its lanes."""
OWN_RECORDS_KEPT_MAX = 64
"""Of how many own records of a link the ids are known: which of two branches a partner has taken is told by them."""


class Records:
    """The newest records, as they travel, and the ids of our own newest ones by seq."""

    def __init__(self) -> None:
        self.newest: dict[LanePlace, bytes] = {}
        """The newest record of each side of each link, as it travels."""
        self.reopened = 0
        """The epoch that our network has opened last, after a loss or by a rotation."""
        self._ids: dict[LanePlace, dict[int, bytes]] = {}

    def said_at(self, place: LanePlace, seq: int) -> bytes | None:
        """Return the id of our own record at a place of a link's lane, as far as it is known still."""
        return self._ids.get(place, {}).get(seq)

    def drop(self, place: LanePlace) -> None:
        """Know nothing of a lane."""
        self.newest.pop(place, None)
        self._ids.pop(place, None)

    def keep(self, place: LanePlace, entry: Entry, *, own: bool) -> None:
        """Let a record be the newest of its side."""
        self.newest[place] = entry.wire
        if own:
            seq, known = entry.header.seq, self._ids.get(place, {})
            self._ids[place] = {at: one for at, one in known.items() if seq - OWN_RECORDS_KEPT_MAX < at < seq}
            self._ids[place][seq] = entry.id
