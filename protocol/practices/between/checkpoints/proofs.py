# SPDX-License-Identifier: AGPL-3.0-or-later
"""Proofs that a balance or a payment is under a network's checkpoint, or that one checkpoint grew out of another.

All are verified without any node. They hold the network's key events, the public words of the checkpoints, and
hashes: of one leaf the way up to the root, or what two trees of entries have in common. They tell nothing of another
leaf but hashes, and balances are salted, so that nobody can try values out.
"""

from dataclasses import dataclass
from enum import auto
from typing import Annotated, ClassVar, NamedTuple, TypeVar

from protocol.book.money import AMOUNT_MINOR_MAX, SCALE_MAX
from protocol.book.signed import AccountId, Digest, Minor
from protocol.lanes.claims import COLD_KEYS_MAX, ColdSignature
from protocol.lanes.entry import COMMONS, LEDGER, Entry, Millis, decode_body, parse
from protocol.lanes.identity import Identity
from protocol.practices.money.currencies.entries import CODE_CHARS_MAX
from protocol.practices.money.receipts import KEY_EVENTS_MAX, EntryBytes, identity_of
from protocol.wire.codec import decode
from protocol.wire.merkle import PATH_HASHES_MAX, is_consistent, leaf_hash, root_by
from protocol.wire.named import OwnNamed
from protocol.wire.shape import AtMost, Holds, Length, Range, from_map

PROOF_BYTES_MAX = 1024 * 1024
LEAF_BYTES_MAX = 66_000
ENTRIES_MAX = 2**53
TOTALS_MAX = 1_024
BALANCE, PAYMENT = "balance", "payment"

Sum = Annotated[int, Range(0, AMOUNT_MINOR_MAX)]


@dataclass(frozen=True, slots=True)
class Total:
    """The sum of all balances above zero in a currency, and of all below, which must be the same."""

    currency: Annotated[str, AtMost(CODE_CHARS_MAX)]
    scale: Annotated[int, Range(0, SCALE_MAX)]
    credit: Sum
    debit: Sum


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A network's books when they had `size` entries, `head` the newest: the two roots, and the sums."""

    size: Annotated[int, Range(1, ENTRIES_MAX)]
    head: Digest
    entries: Digest
    balances: Digest
    accounts: Annotated[int, Range(0, ENTRIES_MAX)]
    totals: Annotated[tuple[Total, ...], AtMost(TOTALS_MAX)]

    def contradicts(self, later: "Checkpoint") -> bool:
        """Tell whether one said later, in the same epoch, cannot be true beside this one."""
        return later.size < self.size or (later.size == self.size and later != self)


@dataclass(frozen=True, slots=True)
class CheckpointSaid:
    """A checkpoint in the commons lane, for everybody."""

    KIND: ClassVar[str] = "checkpoints/said"
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class CheckpointClaim:
    """What cold keys sign of a checkpoint: that it is their network's."""

    KIND: ClassVar[str] = "checkpoint"
    network: Digest
    checkpoint: Checkpoint


@dataclass(frozen=True, slots=True)
class CheckpointSigned:
    """A checkpoint in the commons lane with the signatures of cold keys, those in force in the epoch of the word."""

    KIND: ClassVar[str] = "checkpoints/signed"
    checkpoint: Checkpoint
    signatures: Annotated[tuple[ColdSignature, ...], AtMost(COLD_KEYS_MAX)]


@dataclass(frozen=True, slots=True)
class BalanceLeaf:
    """What one leaf of the tree of balances says of an account, and the salt that keeps it from being guessed."""

    salt: Annotated[bytes, Length(16)]
    account: AccountId
    balance: Minor
    least: Minor | None
    most: Minor | None


@dataclass(frozen=True, slots=True)
class Proof:
    """All that it takes to verify one leaf: `leaf` is a balance's own bytes, or the entry of a payment."""

    kind: Annotated[str, AtMost(16)]
    leaf: Annotated[bytes, AtMost(LEAF_BYTES_MAX), Holds(("BalanceLeaf", "entry"))]
    index: Annotated[int, Range(0, ENTRIES_MAX)]
    path: Annotated[tuple[Digest, ...], AtMost(PATH_HASHES_MAX)]
    word: EntryBytes
    identity: Annotated[tuple[EntryBytes, ...], AtMost(KEY_EVENTS_MAX)]


@dataclass(frozen=True, slots=True)
class ConsistencyProof:
    """All that it takes to verify that the entries under the checkpoint of one word begin with those of another."""

    old: EntryBytes
    new: EntryBytes
    path: Annotated[tuple[Digest, ...], AtMost(PATH_HASHES_MAX + 1)]
    identity: Annotated[tuple[EntryBytes, ...], AtMost(KEY_EVENTS_MAX)]


class ProofFault(OwnNamed):
    """Why a proof proves nothing."""

    UNREADABLE = auto()
    """It is no proof."""
    IDENTITY_INVALID = auto()
    """The key events are not those of any network."""
    NETWORK_MISMATCH = auto()
    """It is of another network than the one expected."""
    CHECKPOINT_INVALID = auto()
    """The checkpoint is not this network's, not signed by the key of its epoch, or was given up since."""
    LEAF_INVALID = auto()
    """The leaf cannot be read, or is an entry of another network or lane."""
    PATH_WRONG = auto()
    """The leaf is not under the root that the checkpoint names, or the one root did not grow out of the other."""


@dataclass(frozen=True, slots=True)
class Proven:
    """What a proof proves, if there is no fault: a balance, or a payment's entry, under a checkpoint."""

    fault: ProofFault | None
    network: bytes = b""
    checkpoint: Checkpoint | None = None
    at_ms: Millis = 0
    balance: BalanceLeaf | None = None
    entry: Entry | None = None


def verify_proof(document: bytes, network: bytes | None = None) -> Proven:
    """Return what a proof proves, by itself alone; whoever knows the id of the network says so."""
    read = _read(Proof, document, network)
    if isinstance(read, _Unproven):
        return Proven(*read)
    proof, identity = read
    word = _checkpoint(identity, proof.word)
    if word is None:
        return Proven(ProofFault.CHECKPOINT_INVALID, identity.network)
    return _verified(proof, identity, *word)


@dataclass(frozen=True, slots=True)
class Grown:
    """What a proof of consistency proves, if there is no fault: the books under `old` are the beginning of `new`."""

    fault: ProofFault | None
    network: bytes = b""
    old: Checkpoint | None = None
    new: Checkpoint | None = None


def verify_consistency(document: bytes, network: bytes | None = None) -> Grown:
    """Return what a proof of consistency proves, by itself alone; whoever knows the id of the network says so."""
    read = _read(ConsistencyProof, document, network)
    if isinstance(read, _Unproven):
        return Grown(*read)
    proof, identity = read
    words = _checkpoint(identity, proof.old), _checkpoint(identity, proof.new)
    if words[0] is None or words[1] is None:
        return Grown(ProofFault.CHECKPOINT_INVALID, identity.network)
    old, new = words[0][0], words[1][0]
    if not is_consistent(old.size, old.entries, new.size, new.entries, proof.path):
        return Grown(ProofFault.PATH_WRONG, identity.network)
    return Grown(None, identity.network, old, new)


_Read = TypeVar("_Read", Proof, ConsistencyProof)


class _Unproven(NamedTuple):
    fault: ProofFault
    network: bytes = b""


def _read(kind: type[_Read], document: bytes, network: bytes | None) -> tuple[_Read, Identity] | _Unproven:
    """Return a proof, and who its network is; or why it proves nothing, and that network if it is known."""
    try:
        proof = from_map(kind, decode(document, bytes_max=PROOF_BYTES_MAX))
    except ValueError:
        return _Unproven(ProofFault.UNREADABLE)
    identity = identity_of(proof.identity)
    if identity is None:
        return _Unproven(ProofFault.IDENTITY_INVALID)
    if network not in (None, identity.network):
        return _Unproven(ProofFault.NETWORK_MISMATCH, identity.network)
    return proof, identity


def _checkpoint(identity: Identity, wire: bytes) -> tuple[Checkpoint, Millis] | None:
    """Return the checkpoint that an entry of a network's commons says, and its date; None where it says none."""
    word = checkpoint_said(identity, wire, COMMONS)
    if word is None:
        return None
    try:
        body, at_ms = decode_body(word.body_bytes, {CheckpointSaid.KIND: CheckpointSaid})
    except ValueError:
        return None
    assert isinstance(body, CheckpointSaid)
    return body.checkpoint, at_ms


def _verified(proof: Proof, identity: Identity, checkpoint: Checkpoint, at_ms: Millis) -> Proven:
    balance: BalanceLeaf | None = None
    entry: Entry | None = None
    if proof.kind == BALANCE:
        try:
            balance = from_map(BalanceLeaf, decode(proof.leaf))
        except ValueError:
            return Proven(ProofFault.LEAF_INVALID, identity.network)
        leaf, size, root = proof.leaf, checkpoint.accounts, checkpoint.balances
    else:
        entry = checkpoint_said(identity, proof.leaf, LEDGER) if proof.kind == PAYMENT else None
        # The place in the tree is the place in the lane.
        if entry is None or entry.header.seq != proof.index:
            return Proven(ProofFault.LEAF_INVALID, identity.network)
        leaf, size, root = entry.id, checkpoint.size, checkpoint.entries
    if root_by(leaf_hash(leaf), proof.index, size, proof.path) != root:
        return Proven(ProofFault.PATH_WRONG, identity.network)
    return Proven(None, identity.network, checkpoint, at_ms, balance, entry)


def checkpoint_said(identity: Identity, wire: bytes, lane: str) -> Entry | None:
    """Return the entry that a network has said in a lane, None where it has not."""
    try:
        entry = parse(wire)
    except ValueError:
        return None
    key = identity.key_of(entry.header.epoch)
    if (entry.network, entry.header.lane) != (identity.network, lane) or key is None:
        return None
    return entry if identity.was_said(entry) and entry.signed_by(key) else None
