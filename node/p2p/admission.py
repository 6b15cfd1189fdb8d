# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who may shake hands with us, and how long we wait before we dial again."""

from collections.abc import Callable
from random import Random

HANDSHAKE_SECONDS = 5.0
HANDSHAKES_PER_ADDRESS_MAX = 16
HANDSHAKES_MAX = 256
INBOUND_KEPT_MAX = 256
"""Places for our own nodes, partners and members of our federations that call us."""
INBOUND_MAX = 128
"""Places for all others."""
INBOUND_PER_ADDRESS_MAX = 32

RETRY_FIRST_SECONDS = 0.3
RETRY_SECONDS_MAX = 10.0


class InboundSlots:
    """Counts who is shaking hands and who is connected, so that one address cannot take every place.

    Fault 2 of libp2p 0.8.1: the place of an inbound connection is not given back when the connection ends.
    Fault 8: whoever does not finish a handshake keeps a place for long, and nothing is counted for each address.
    """

    def __init__(self, *, pending_max: int, pending_per_address_max: int) -> None:
        self._pending_max = pending_max
        self._pending_per_address_max = pending_per_address_max
        self._pending: dict[str, list[Callable[[], None]]] = {}
        """By address, what ends each handshake that is under way, the oldest first."""

    @property
    def pending(self) -> int:
        """How many handshakes are under way."""
        return sum(map(len, self._pending.values()))

    def admit(self, address: str, end: Callable[[], None]) -> bool:
        """Take a place for a handshake from this address if there is one; `release` gives it back.

        Where all places are taken, the oldest handshake of the address that holds most is ended for one whose address
        holds fewer.
        """
        mine = len(self._pending.get(address, ()))
        if mine >= self._pending_per_address_max:
            return False
        if self.pending >= self._pending_max:
            most = max(self._pending, key=lambda one: len(self._pending[one]))
            if len(self._pending[most]) <= mine:
                return False
            oldest = self._pending[most][0]
            self.release(most, oldest)
            oldest()
        self._pending.setdefault(address, []).append(end)
        return True

    def release(self, address: str, end: Callable[[], None]) -> None:
        """Give back a place that `admit` gave, if it was not given to another already."""
        ends = self._pending.get(address, [])
        if end in ends:
            ends.remove(end)
        if not ends:
            self._pending.pop(address, None)


class Backoff:
    """How long to wait before dialling a peer again: 0.3 s at first, 10 s at most, never barred.

    Fault 11 of libp2p 0.8.1: the swarm bars a peer for a minute after one failed dial, and just after a peer's
    death it takes the dead connection for a live one. Here every dial opens its own connection.
    Fault 15: the auto-connector dials every address it has heard of. Here the only dialler is the loop that waits
    on this, for addresses that the operator gave.
    """

    def __init__(self, random: Random) -> None:
        self._random = random
        self._failures = 0

    def reset(self) -> None:
        """Begin again with the shortest wait."""
        self._failures = 0

    def next_seconds(self) -> float:
        """Return the next wait; spread out, so that two peers that dial each other do not stay in step."""
        longest = min(RETRY_SECONDS_MAX, RETRY_FIRST_SECONDS * 2**self._failures)
        self._failures = min(self._failures + 1, 16)
        return longest * self._random.uniform(0.75, 1.25)
