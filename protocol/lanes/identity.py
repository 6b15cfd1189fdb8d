# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who a network is, through all its keys: inception, pre-rotation, rotation, reopening, recovery (PROTOCOL 1).

The network id is the id of its inception. The inception commits to the digest of the next signing key
(pre-rotation, as in KERI), so a thief of the hot key cannot rotate; cold keys, k of n, sign rotations.
Every key event opens a new epoch and names the heads of all lanes at that moment: what an older
epoch's key signs past those heads was never said. A thief of the hot key can reopen, so a rotation takes the
place of every reopening that stands where it does (docs/decisions/0020). Where all keys are lost, networks that cold
keys have named as guardians let others come in their place, and any other key event goes before theirs (0028).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Annotated, ClassVar

from protocol.lanes.entry import IDENTITY, LINK_PREFIX, NO_NETWORK, Body, Entry, EntryFault, Millis, decode_body
from protocol.wire.codec import encode
from protocol.wire.keys import KeyPair, digest, is_acceptable_key, verify
from protocol.wire.shape import AtMost, Length, Range, to_map

COLD_KEYS_MAX = 16
HEADS_MAX = 1_024
HOT_GRANT_MAX = 2**63 - 1
"""What the hot key alone may grant on a link in all where cold keys have set no less: all that can be granted."""
GUARDIANS_MAX = 16
RECOVERY_DELAY_MS_MAX = 366 * 24 * 3_600 * 1_000
Key = Annotated[bytes, Length(32)]
Digest = Annotated[bytes, Length(32)]
Moment = Annotated[int, Range(0, 2**53)]


@dataclass(frozen=True, slots=True)
class Inception:
    """The first statement: its id is the network's. `transport` is the libp2p key of the home node."""

    KIND: ClassVar[str] = "identity/inception"
    key: Key
    next_digest: Digest
    cold: Annotated[tuple[Key, ...], AtMost(COLD_KEYS_MAX)]
    cold_needed: Annotated[int, Range(1, COLD_KEYS_MAX)]
    transport: Key


@dataclass(frozen=True, slots=True)
class LaneHead:
    """The newest statement of a lane at the moment of a key event."""

    lane: Annotated[str, AtMost(64)]
    seq: Annotated[int, Range(0, 2**53)]
    id: Digest


@dataclass(frozen=True, slots=True)
class ColdKeys:
    """The keys of which so many have to sign a rotation."""

    keys: Annotated[tuple[Key, ...], AtMost(COLD_KEYS_MAX)]
    needed: Annotated[int, Range(1, COLD_KEYS_MAX)]


@dataclass(frozen=True, slots=True)
class Guardians:
    """The networks of which so many have to back a recovery, so long before it takes effect; none for no recovery."""

    networks: Annotated[tuple[Digest, ...], AtMost(GUARDIANS_MAX)]
    needed: Annotated[int, Range(1, GUARDIANS_MAX)]
    delay_ms: Annotated[int, Range(1, RECOVERY_DELAY_MS_MAX)]


NO_GUARDIANS = Guardians((), 1, RECOVERY_DELAY_MS_MAX)


@dataclass(frozen=True, slots=True)
class RotationClaim:
    """What the cold keys sign: the key of the new epoch, the digest of the one after it, and all heads.

    `cold` are the keys that sign the rotations after this one, where others do than before. `hot_grant` is how much
    the hot key alone may grant on a link in all, in its minor units, where that is not as before; `guardians` are
    those that back a recovery from now on, where others do.
    """

    network: Digest
    epoch: Annotated[int, Range(1, 2**31)]
    key: Key
    next_digest: Digest
    transport: Key
    heads: Annotated[tuple[LaneHead, ...], AtMost(HEADS_MAX)]
    cold: ColdKeys | None = None
    hot_grant: Annotated[int, Range(0, HOT_GRANT_MAX)] | None = None
    guardians: Guardians | None = None


@dataclass(frozen=True, slots=True)
class ColdSignature:
    """A signature by the cold key at `index` of the list that was in force before."""

    index: Annotated[int, Range(0, COLD_KEYS_MAX)]
    signature: Annotated[bytes, Length(64)]


@dataclass(frozen=True, slots=True)
class Rotation:
    """A new signing key, revealed as the inception or the last rotation promised, and signed by cold keys."""

    KIND: ClassVar[str] = "identity/rotation"
    claim: RotationClaim
    signatures: Annotated[tuple[ColdSignature, ...], AtMost(COLD_KEYS_MAX)]


@dataclass(frozen=True, slots=True)
class Backing:
    """A guardian's word for a recovery, by the digest of its claim, and when the guardian gave it."""

    claim: Digest
    at_ms: Moment


@dataclass(frozen=True, slots=True)
class Reopening:
    """A new epoch under the same key: what the old epoch held past these heads is void.

    A network opens one after a restore; to stop a recovery that it does not want; and, with `backs`, to back one.
    """

    KIND: ClassVar[str] = "identity/reopening"
    epoch: Annotated[int, Range(1, 2**31)]
    heads: Annotated[tuple[LaneHead, ...], AtMost(HEADS_MAX)]
    backs: Backing | None = None


@dataclass(frozen=True, slots=True)
class RecoveryClaim:
    """What guardians back: the key of the new epoch, the digest of the one after it, new cold keys, and all heads."""

    network: Digest
    epoch: Annotated[int, Range(1, 2**31)]
    key: Key
    next_digest: Digest
    transport: Key
    cold: ColdKeys
    heads: Annotated[tuple[LaneHead, ...], AtMost(HEADS_MAX)]

    @property
    def digest(self) -> bytes:
        """What guardians name it by."""
        return digest("recovery", encode(to_map(self)))


@dataclass(frozen=True, slots=True)
class BackedBy:
    """The reopening by which a guardian has backed a recovery, and the date that it bears."""

    guardian: Digest
    event: Digest
    at_ms: Moment


@dataclass(frozen=True, slots=True)
class Recovery:
    """New keys in the place of those that are all lost, by the word of guardians alone."""

    KIND: ClassVar[str] = "identity/recovery"
    claim: RecoveryClaim
    backed: Annotated[tuple[BackedBy, ...], AtMost(GUARDIANS_MAX)]


IDENTITY_KINDS: dict[str, type[Body]] = {kind.KIND: kind for kind in (Inception, Rotation, Reopening, Recovery)}

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


def begin(entry: Entry, body: Body) -> Identity:
    """Return the identity that an inception founds; raises EntryFault where it is not a valid one."""
    if not isinstance(body, Inception):
        raise EntryFault("an identity lane begins with an inception")
    header = entry.header
    if (header.network, header.lane, header.epoch, header.seq, header.prev) != (
        NO_NETWORK,
        IDENTITY,
        0,
        0,
        None,
    ):
        raise EntryFault("an inception stands at the beginning of its lane")
    if not (is_acceptable_key(body.key) and is_acceptable_key(body.transport)):
        raise EntryFault("a key of the inception is not acceptable")
    cold = ColdKeys(body.cold, body.cold_needed)
    _check_cold(cold)
    if not entry.signed_by(body.key):
        raise EntryFault("the inception is not signed by its key")
    first = Epoch(body.key, body.transport, body.next_digest, {}, entry.id, by_cold_keys=False, cold=cold)
    return Identity(entry.id, (first,))


def advance(identity: Identity, entry: Entry, body: Body) -> Identity:
    """Return the identity after one more key event; raises EntryFault where the event is not valid.

    The event itself is the first entry of the epoch that it opens. Whether guardians have given the word that a
    recovery names only their own identities tell: protocol.lanes.directory.
    """
    match body:
        case Rotation(claim):
            _check_rotation(identity, claim, body.signatures)
            heads = {head.lane: head for head in claim.heads}
            before = identity.epochs[-1]
            opened = Epoch(
                claim.key, claim.transport, claim.next_digest, heads, entry.id, by_cold_keys=True,
                cold=claim.cold or before.cold,
                hot_grant=before.hot_grant if claim.hot_grant is None else claim.hot_grant,
                guardians=claim.guardians or before.guardians,
            )  # fmt: skip
        case Reopening():
            if body.epoch != identity.epoch + 1:
                raise EntryFault("a key event opens the next epoch")
            heads = {head.lane: head for head in body.heads}
            opened = replace(
                identity.epochs[-1], heads=heads, event=entry.id, by_cold_keys=False, backs=body.backs, recovered=None
            )
        case Recovery(claim, backed):
            check_recovery(identity, claim)
            _check_backed(identity.guardians, backed)
            in_force_ms = max(one.at_ms for one in backed) + identity.guardians.delay_ms
            heads = {head.lane: head for head in claim.heads}
            opened = Epoch(
                claim.key, claim.transport, claim.next_digest, heads, entry.id, by_cold_keys=False, cold=claim.cold,
                hot_grant=identity.hot_grant, guardians=identity.guardians,
                recovered=Recovered(claim.digest, backed, in_force_ms),
            )  # fmt: skip
        case _:
            raise EntryFault("not a key event")
    after = replace(identity, epochs=(*identity.epochs, opened))
    if entry.header.epoch != after.epoch or not entry.signed_by(after.epochs[-1].key):
        raise EntryFault("a key event is signed by the key of the epoch that it opens")
    return after


def grown(identity: Identity, events: Iterable[Entry]) -> Identity:
    """Return the identity after these key events; raises EntryFault where one is not valid."""
    for entry in events:
        body, _ = decode_body(entry.body_bytes, IDENTITY_KINDS)
        identity = advance(identity, entry, body)
    return identity


def recovery_of(event: Entry) -> RecoveryClaim | None:
    """Return the claim of a recovery, None for any other key event; raises EntryFault where it is none."""
    body, _ = decode_body(event.body_bytes, IDENTITY_KINDS)
    return body.claim if isinstance(body, Recovery) else None


def cold_signature(index: int, keys: KeyPair, claim: RotationClaim) -> ColdSignature:
    """Sign a rotation with the cold key at this index."""
    return ColdSignature(index, keys.sign("rotation", encode(to_map(claim))))


def signed_by_cold_key(identity: Identity, claim: RotationClaim, one: ColdSignature) -> bool:
    """Tell whether one of a network's cold keys has signed a rotation, the one at the index that is named."""
    said = encode(to_map(claim))
    return one.index < len(identity.cold) and verify(identity.cold[one.index], "rotation", said, one.signature)


def _check_cold(cold: ColdKeys) -> None:
    if not all(map(is_acceptable_key, cold.keys)):
        raise EntryFault("a cold key is not acceptable")
    if not 1 <= cold.needed <= len(set(cold.keys)) or len(set(cold.keys)) != len(cold.keys):
        raise EntryFault("the cold keys cannot be satisfied")


def _check_rotation(identity: Identity, claim: RotationClaim, signatures: tuple[ColdSignature, ...]) -> None:
    if claim.network != identity.network or claim.epoch != identity.epoch + 1:
        raise EntryFault("a rotation is of this network and opens the next epoch")
    if promise(claim.key) != identity.next_digest:
        raise EntryFault("a rotation reveals the key that was promised")
    if not (is_acceptable_key(claim.key) and is_acceptable_key(claim.transport)):
        raise EntryFault("a key of the rotation is not acceptable")
    signers = {one.index for one in signatures if signed_by_cold_key(identity, claim, one)}
    if len(signers) < identity.cold_needed:
        raise EntryFault("too few cold keys signed the rotation")
    if claim.cold is not None:
        _check_cold(claim.cold)
    if claim.guardians is not None:
        _check_guardians(identity.network, claim.guardians)


def _check_guardians(network: bytes, guardians: Guardians) -> None:
    named = set(guardians.networks)
    if network in named or len(named) != len(guardians.networks):
        raise EntryFault("guardians are other networks, each named once")
    if named and guardians.needed > len(named):
        raise EntryFault("the guardians cannot be satisfied")


def check_recovery(identity: Identity, claim: RecoveryClaim) -> None:
    """Check that a recovery could open the next epoch of a network, whoever backs it; raises EntryFault."""
    if claim.network != identity.network or claim.epoch != identity.epoch + 1:
        raise EntryFault("a recovery is of this network and opens the next epoch")
    if not (is_acceptable_key(claim.key) and is_acceptable_key(claim.transport)):
        raise EntryFault("a key of the recovery is not acceptable")
    _check_cold(claim.cold)


def _check_backed(guardians: Guardians, backed: tuple[BackedBy, ...]) -> None:
    by = {one.guardian for one in backed}
    if len(by) != len(backed) or not by.issubset(guardians.networks):
        raise EntryFault("guardians back a recovery, each of them once")
    if len(by) < guardians.needed:
        raise EntryFault("too few guardians back the recovery")
