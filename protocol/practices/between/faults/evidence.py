# SPDX-License-Identifier: AGPL-3.0-or-later
"""Evidence against a network, in its own signed words: whoever gets the document can check it without us.

Some kinds prove themselves. The others accuse an entry that only who holds the same books can judge.
"""

from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Annotated

from protocol.lanes.entry import COMMONS, IDENTITY, Entry, decode_body, parse
from protocol.lanes.identity import Identity
from protocol.practices.between.checkpoints.proofs import Checkpoint, CheckpointSaid
from protocol.practices.money.receipts import KEY_EVENTS_MAX, EntryBytes, identity_of
from protocol.wire.codec import decode
from protocol.wire.named import OwnNamed
from protocol.wire.shape import AtMost, from_map

EVIDENCE_BYTES_MAX = 1024 * 1024
EVIDENCE_ENTRIES_MAX = 4


class FaultKind(OwnNamed):
    """What a network, or its operator, has done wrong; its text is its own name."""

    FORK = auto()
    """It has signed two entries at one place of a lane."""
    CHECKPOINTS_DIFFER = auto()
    """It has said two checkpoints in one epoch that cannot both be true."""
    CHECKPOINT_UNBALANCED = auto()
    """By its own checkpoint the balances of a currency do not sum to zero."""
    CHECKPOINT_WRONG = auto()
    """A checkpoint in its ledger is not what its entries make."""
    ENTRY_INVALID = auto()
    """It has signed an entry that a rule of the book refuses: an order that nobody signed, money out of nothing."""
    LINK_BROKEN = auto()
    """It has signed a record that breaks a rule of the link."""
    ARRIVAL_UNCLAIMED = auto()
    """Its ledger tells of payments that have come over a link, and its records there do not claim them."""
    LINK_OVERDRAWN = auto()
    """It shows more promised in our name than it had granted when our key was rotated."""


SELF_PROVING = frozenset({FaultKind.FORK, FaultKind.CHECKPOINTS_DIFFER, FaultKind.CHECKPOINT_UNBALANCED})


@dataclass(frozen=True, slots=True)
class Evidence:
    """The accused network's key events, and the entries that speak against it."""

    kind: FaultKind
    identity: Annotated[tuple[EntryBytes, ...], AtMost(KEY_EVENTS_MAX)]
    entries: Annotated[tuple[EntryBytes, ...], AtMost(EVIDENCE_ENTRIES_MAX)]


class Weight(StrEnum):
    """What evidence is worth."""

    PROVEN = "PROVEN"
    """By itself."""
    NEEDS_BOOKS = "NEEDS_BOOKS"
    """The network has signed it; whether it is wrong, who holds the same books can tell."""
    WORTHLESS = "WORTHLESS"
    """It is no evidence, or proves nothing."""


@dataclass(frozen=True, slots=True)
class Examined:
    """What an examination found: of what weight it is, against whom, and the entries, their signatures checked."""

    weight: Weight
    kind: FaultKind | None = None
    network: bytes = b""
    entries: tuple[Entry, ...] = ()


def examine_evidence(document: bytes) -> Examined:
    """Return what evidence is worth, by itself alone."""
    try:
        evidence = from_map(Evidence, decode(document, bytes_max=EVIDENCE_BYTES_MAX))
        entries = tuple(map(parse, evidence.entries))
    except ValueError:
        return Examined(Weight.WORTHLESS)
    identity, kind = identity_of(evidence.identity), evidence.kind
    if identity is None:
        return Examined(Weight.WORTHLESS, kind)
    found = Examined(Weight.WORTHLESS, kind, identity.network, entries)
    if not entries or not all(_is_signed(identity, one) for one in entries):
        return found
    if kind not in SELF_PROVING:
        return Examined(Weight.NEEDS_BOOKS, kind, identity.network, entries)
    proves = {
        FaultKind.FORK: _is_fork,
        FaultKind.CHECKPOINTS_DIFFER: _differ,
        FaultKind.CHECKPOINT_UNBALANCED: _is_unbalanced,
    }[kind]
    return Examined(Weight.PROVEN, kind, identity.network, entries) if proves(identity, entries) else found


def _is_signed(identity: Identity, entry: Entry) -> bool:
    return entry.network == identity.network and identity.signed_in(entry) is not None


def _is_fork(identity: Identity, entries: tuple[Entry, ...]) -> bool:
    """Tell whether two entries stand at one place, in an epoch that cold keys have not ended since (decision 20)."""
    if len(entries) != 2:
        return False
    places = {(one.header.lane, one.header.epoch, one.header.seq) for one in entries}
    pardoned = entries[0].header.lane != IDENTITY and entries[0].header.epoch < identity.rotated
    return len(places) == 1 and entries[0].id != entries[1].id and not pardoned


def _differ(identity: Identity, entries: tuple[Entry, ...]) -> bool:
    epochs = {one.header.epoch for one in entries}
    if len(entries) != 2 or len(epochs) != 1 or min(epochs) < identity.rotated:
        return False
    before, after = sorted(entries, key=lambda one: one.header.seq)
    earlier, later = _checkpoint(before), _checkpoint(after)
    return earlier is not None and later is not None and earlier.contradicts(later)


def _is_unbalanced(identity: Identity, entries: tuple[Entry, ...]) -> bool:
    del identity
    checkpoint = _checkpoint(entries[0])
    return checkpoint is not None and any(one.credit != one.debit for one in checkpoint.totals)


def _checkpoint(entry: Entry) -> Checkpoint | None:
    """Return the checkpoint that an entry of a commons lane says."""
    if entry.header.lane != COMMONS:
        return None
    try:
        body, _ = decode_body(entry.body_bytes, {CheckpointSaid.KIND: CheckpointSaid})
    except ValueError:
        return None
    assert isinstance(body, CheckpointSaid)
    return body.checkpoint
