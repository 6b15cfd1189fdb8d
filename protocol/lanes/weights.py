# SPDX-License-Identifier: AGPL-3.0-or-later
"""How much is kept of what other networks have said in public: entries and bytes, for each network."""

from typing import NamedTuple

from protocol.lanes.records import LanePlace

UNKNOWN_COUNTS = 2
"""How many times an entry counts that means nothing here: whoever says what nobody can read has half the room."""
_PLACE_BYTES, _SIZE_BYTES = 4, 3


class Weighed(NamedTuple):
    """What is kept, or may be: entries, and bytes of them."""

    entries: int
    bytes: int

    def plus(self, other: "Weighed") -> "Weighed":
        """Return both together."""
        return Weighed(self.entries + other.entries, self.bytes + other.bytes)

    def minus(self, other: "Weighed") -> "Weighed":
        """Return what is left without the other."""
        return Weighed(self.entries - other.entries, self.bytes - other.bytes)

    def fits(self, most: "Weighed") -> bool:
        """Tell whether it is not beyond a bound, in entries nor in bytes."""
        return self.entries <= most.entries and self.bytes <= most.bytes


WEIGHS_NOTHING = Weighed(0, 0)


class Weights:
    """The weight of each network's public lanes; it follows from the entries that are held."""

    def __init__(self) -> None:
        self._of: dict[bytes, Weighed] = {}
        self._lanes: dict[LanePlace, bytearray] = {}
        """Of each lane, for each seq: 3 bytes how many bytes it counts, 1 byte how many entries."""

    def of(self, network: bytes) -> Weighed:
        """Return how much is kept of a network."""
        return self._of.get(network, WEIGHS_NOTHING)

    def add(self, place: LanePlace, seq: int, size: int, *, unknown: bool) -> None:
        """Count the entry at the next place of a lane."""
        times = UNKNOWN_COUNTS if unknown else 1
        lane = self._lanes.setdefault(place, bytearray())
        lane.extend(bytes(max(0, seq * _PLACE_BYTES - len(lane))))
        lane += (size * times).to_bytes(_SIZE_BYTES, "big") + bytes((times,))
        self._of[place[0]] = self.of(place[0]).plus(Weighed(times, size * times))

    def add_proof(self, network: bytes, size: int) -> None:
        """Count the second of two entries at one place: it is kept as long as its network is."""
        self._of[network] = self.of(network).plus(Weighed(1, size))

    def cut(self, place: LanePlace, after: int) -> None:
        """Count no longer what stands past a seq of a lane."""
        lane = self._lanes.get(place, bytearray())
        for at in range((after + 1) * _PLACE_BYTES, len(lane), _PLACE_BYTES):
            size = int.from_bytes(lane[at : at + _SIZE_BYTES], "big")
            self._of[place[0]] = self.of(place[0]).minus(Weighed(lane[at + _SIZE_BYTES], size))
        del lane[(after + 1) * _PLACE_BYTES :]

    def drop(self, place: LanePlace) -> None:
        """Count a lane no longer."""
        self.cut(place, -1)
        self._lanes.pop(place, None)

    def forget(self, network: bytes) -> None:
        """Count nothing of a network any longer."""
        self._of.pop(network, None)
        for place in [one for one in self._lanes if one[0] == network]:
            del self._lanes[place]
