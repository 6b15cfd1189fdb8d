# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a network says in its identity lane: founded, rotated, reopened, recovered; and what it signs for that."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from protocol.book.signed import Digest, Key
from protocol.lanes.entry import Body
from protocol.wire.codec import encode
from protocol.wire.keys import digest
from protocol.wire.shape import AtMost, Length, Range, to_map

COLD_KEYS_MAX = 16
HEADS_MAX = 1_024
HOT_GRANT_MAX = 2**63 - 1
"""What the hot key alone may grant on a link in all where cold keys have set no less: all that can be granted."""
GUARDIANS_MAX = 16
RECOVERY_DELAY_MS_MAX = 366 * 24 * 3_600 * 1_000
MomentMs = Annotated[int, Range(0, 2**53)]


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
    at_ms: MomentMs


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
    at_ms: MomentMs


@dataclass(frozen=True, slots=True)
class Recovery:
    """New keys in the place of those that are all lost, by the word of guardians alone."""

    KIND: ClassVar[str] = "identity/recovery"
    claim: RecoveryClaim
    backed: Annotated[tuple[BackedBy, ...], AtMost(GUARDIANS_MAX)]


IDENTITY_KINDS: dict[str, type[Body]] = {kind.KIND: kind for kind in (Inception, Rotation, Reopening, Recovery)}
