# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who keeps a place when more call than there are places for: kept ones for who is tied to us, the others spread out.

Nobody is kept out by who came first. Of the others the one gives way whose going costs least, as in Bitcoin Core:
those are safe who brought something new, who were here long, and some of each address, drawn by a secret; of the rest
the youngest of the address that holds most.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from typing import Protocol, TypeVar

from protocol.peers.ties import Tie

KEPT_FROM = Tie.FEDERATION
"""Who is tied to us so or nearer has a place of those that are kept."""
SAFE_BRINGERS, SAFE_ADDRESSES = 8, 8


class InboundPeer(Protocol):
    """A connection that a peer has opened to us."""

    tie: Tie
    address_class: str
    since: float | None
    """When it came up, in seconds; None while it has not."""
    brought: int
    """The number of the last time that it brought something new; 0 where it has not."""


C = TypeVar("C", bound=InboundPeer)


class NoPlace(Exception):
    """There is no place, and nobody who would have to give way."""


def giving_way(
    caller: C, callers: Iterable[C], *, kept_max: int, others_max: int, per_address_max: int, secret: bytes
) -> C | None:
    """Return who of the callers that hold places gives way to a new one, None where there is room; raises NoPlace."""
    held = list(callers)
    if caller.tie >= KEPT_FROM:
        kept = [one for one in held if one.tie >= KEPT_FROM]
        if len(kept) < kept_max:
            return None
        farther = [one for one in kept if one.tie < caller.tie]
        if not farther:
            raise NoPlace("no place for more partners")
        return max(farther, key=lambda one: (-one.tie, _since(one)))
    others = [one for one in held if one.tie < KEPT_FROM]
    if caller.tie is Tie.STRANGER:
        same = sum(one.tie is Tie.STRANGER and one.address_class == caller.address_class for one in others)
        if same >= per_address_max:
            raise NoPlace("no place for more connections from this address")
    if len(others) < others_max:
        return None
    found = _least_missed([one for one in others if one.tie is Tie.STRANGER], secret)
    if found is None:
        raise NoPlace("no place for more inbound connections")
    return found


def _least_missed(strangers: Sequence[C], secret: bytes) -> C | None:
    """Return the stranger whose going costs least."""
    left = sorted(strangers, key=_since)
    bringers = sorted((one for one in left if one.brought), key=lambda one: -one.brought)[:SAFE_BRINGERS]
    left = _without(left, bringers)
    drawn = sorted({one.address_class for one in left}, key=lambda address: _lot(secret, address))[:SAFE_ADDRESSES]
    left = _without(left, [next(one for one in left if one.address_class == address) for address in drawn])
    left = left[len(left) // 2 :]
    if not left:
        return None
    many = Counter(one.address_class for one in left)
    return max(left, key=lambda one: (many[one.address_class], _since(one)))


def _since(one: InboundPeer) -> float:
    return one.since or 0.0


def _lot(secret: bytes, address: str) -> bytes:
    return blake2b(address.encode(), key=secret, digest_size=16).digest()


def _without(ones: Sequence[C], safe: Sequence[C]) -> list[C]:
    return [one for one in ones if not any(one is other for other in safe)]
