# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who a network is, through all its keys: inception, pre-rotation, rotation, reopening, recovery (PROTOCOL 1).

The network id is the id of its inception. The inception commits to the digest of the next signing key
(pre-rotation, as in KERI), so a thief of the hot key cannot rotate; cold keys, k of n, sign rotations.
Every key event opens a new epoch and names the heads of all lanes at that moment: what an older
epoch's key signs past those heads was never said. A thief of the hot key can reopen, so a rotation takes the
place of every reopening that stands where it does (docs/decisions/0020). Where all keys are lost, networks that cold
keys have named as guardians let others come in their place, and any other key event goes before theirs (0028).
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import takewhile

from protocol.lanes.claims import HOT_GRANT_MAX, NO_GUARDIANS, BackedBy, Backing, ColdKeys, Guardians, LaneHead
from protocol.lanes.entry import LINK_PREFIX, Entry, Millis
from protocol.wire.keys import digest

Rank = tuple[int, Millis, bytes]
"""How a key event is vouched for, the least first: 0 by cold keys, 1 by cold keys later on, 2 by the hot key alone,
3 by guardians. Of two recoveries the one that takes effect earlier goes first, and then the one of the lesser id."""
BY_HOT_KEY, BY_GUARDIANS = 2, 3


@dataclass(frozen=True, slots=True)
class Recovered:
    """By whose word an epoch was opened that a recovery opened, and from when on it is in force."""

    claim: bytes
    backed: tuple[BackedBy, ...]
    in_force_ms: Millis


@dataclass(frozen=True, slots=True)
class Epoch:
    """The keys in force in an epoch, and the lane heads on which it stands.

    `event` is the id of the key event that opened it; `by_cold_keys` tells that it was a rotation, `recovered` that it
    was a recovery. `backs` is the recovery of another network that it backs.
    """

    key: bytes
    transport: bytes
    next_digest: bytes
    heads: dict[str, LaneHead]
    event: bytes
    by_cold_keys: bool
    cold: ColdKeys
    hot_grant: int = HOT_GRANT_MAX
    guardians: Guardians = NO_GUARDIANS
    backs: Backing | None = None
    recovered: Recovered | None = None

    @property
    def renews(self) -> bool:
        """Tell whether others than the hot key opened it: whoever had that can do nothing more."""
        return self.by_cold_keys or self.recovered is not None

    @property
    def backers(self) -> tuple[BackedBy, ...]:
        """The guardians' words on which it rests."""
        return () if self.recovered is None else self.recovered.backed


@dataclass(frozen=True, slots=True)
class Identity:
    """A network as its identity lane tells it; a value, made anew by each key event."""

    network: bytes
    epochs: tuple[Epoch, ...]

    @property
    def epoch(self) -> int:
        """The number of the epoch in force."""
        return len(self.epochs) - 1

    @property
    def transport(self) -> bytes:
        """The libp2p key of the home node in the epoch in force."""
        return self.epochs[-1].transport

    @property
    def cold(self) -> tuple[bytes, ...]:
        """The cold keys that sign the next rotation."""
        return self.epochs[-1].cold.keys

    @property
    def cold_needed(self) -> int:
        """How many of them have to."""
        return self.epochs[-1].cold.needed

    @property
    def hot_grant(self) -> int:
        """What the hot key alone may grant on a link in all, in its minor units."""
        return self.epochs[-1].hot_grant

    @property
    def next_digest(self) -> bytes:
        """The digest of the signing key that is promised to come next."""
        return self.epochs[-1].next_digest

    @property
    def guardians(self) -> Guardians:
        """The networks that may back a recovery."""
        return self.epochs[-1].guardians

    @property
    def renewed(self) -> int:
        """The newest epoch that cold keys or guardians opened; 0 if there is none."""
        return max((number for number, epoch in enumerate(self.epochs) if epoch.renews), default=0)

    @property
    def rotated(self) -> int:
        """The newest epoch that cold keys opened; 0 if there was no rotation."""
        return max((number for number, epoch in enumerate(self.epochs) if epoch.by_cold_keys), default=0)

    def key_of(self, epoch: int) -> bytes | None:
        """Return the key that signs in an epoch, or None while that epoch is unknown."""
        return self.epochs[epoch].key if 0 <= epoch <= self.epoch else None

    def may_sign(self, key: bytes) -> bool:
        """Tell whether a key signs for the network, or is the one that is promised to come next."""
        return key == self.epochs[-1].key or promise(key) == self.next_digest

    def has_ended(self, key: bytes) -> bool:
        """Tell whether a key has signed for the network and another signs now."""
        return key != self.epochs[-1].key and any(epoch.key == key for epoch in self.epochs)

    def had_home(self, transport: bytes) -> bool:
        """Tell whether the home node once had this libp2p key, and has another one now."""
        return transport != self.transport and any(epoch.transport == transport for epoch in self.epochs)

    def has(self, event: Entry) -> bool:
        """Tell whether a key event is one of those that this identity is made of."""
        seq = event.header.seq
        return seq <= self.epoch and self.epochs[seq].event == event.id

    def at(self, epoch: int) -> "Identity":
        """Return the identity as it was in an earlier epoch."""
        return replace(self, epochs=self.epochs[: epoch + 1])

    def outranks(self, other: "Identity") -> bool:
        """Tell whether this chain of key events takes the place of another of the same network.

        Where they part, a rotation goes before a reopening, a reopening that a later rotation confirms before one that
        none does, and any of them before a recovery. Of two that are equal in that neither does: they are the proof
        of a fork.
        """
        at = self.parts_from(other)
        if at is None:
            return self.epoch > other.epoch
        return self.rank(at) < other.rank(at)

    def parts_from(self, other: "Identity") -> int | None:
        """Return the first epoch that two chains open by different events, None where one goes on from the other."""
        pairs = zip(self.epochs, other.epochs, strict=False)
        return next((at for at, (mine, theirs) in enumerate(pairs) if mine.event != theirs.event), None)

    def rank(self, epoch: int) -> Rank:
        """Return how an epoch is vouched for: what follows a recovery vouches for nothing before it."""
        opened = self.epochs[epoch]
        if opened.by_cold_keys:
            return 0, 0, b""
        if opened.recovered is not None:
            return BY_GUARDIANS, opened.recovered.in_force_ms, opened.event
        later = takewhile(lambda one: one.recovered is None, self.epochs[epoch + 1 :])
        return 1 if any(one.by_cold_keys for one in later) else BY_HOT_KEY, 0, b""

    def recoveries(self) -> Iterator[int]:
        """Yield the epochs that guardians opened."""
        return (number for number, epoch in enumerate(self.epochs) if epoch.recovered is not None)

    def was_said(self, entry: Entry) -> bool:
        """Tell whether an entry of an older epoch lies within the heads that the next epoch confirmed.

        No key event voids a record of a link: the partner may have taken it, and shows it late.
        """
        if entry.header.lane.startswith(LINK_PREFIX) or entry.header.epoch >= self.epoch:
            return True
        head = self.epochs[entry.header.epoch + 1].heads.get(entry.header.lane)
        return head is not None and (entry.header.seq < head.seq or entry.id == head.id)

    def signed_in(self, entry: Entry) -> int | None:
        """Return the epoch whose key has signed an entry, None if none has.

        That is the entry's own, or an older one that a rotation or recovery ended: a thief of its key may have opened
        epochs by himself, and signed in them what a partner took.
        """
        own = entry.header.epoch
        ended = (number - 1 for number, epoch in enumerate(self.epochs) if epoch.renews and number <= own)
        candidates = (*((own,) if own <= self.epoch else ()), *sorted(ended, reverse=True))
        return next((number for number in candidates if entry.signed_by(self.epochs[number].key)), None)


def promise(next_key: bytes) -> bytes:
    """Return the digest by which an event commits to the next signing key."""
    return digest("next-key", next_key)
