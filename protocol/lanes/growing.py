# SPDX-License-Identifier: AGPL-3.0-or-later
"""How key events make a network's identity: which may come first, and which next."""

from collections.abc import Iterable
from dataclasses import replace

from protocol.lanes.claims import (
    IDENTITY_KINDS,
    BackedBy,
    ColdKeys,
    ColdSignature,
    Guardians,
    Inception,
    Recovery,
    RecoveryClaim,
    Reopening,
    Rotation,
    RotationClaim,
)
from protocol.lanes.entry import IDENTITY, NO_NETWORK, Body, Entry, EntryFault, decode_body
from protocol.lanes.identity import Epoch, Identity, Recovered, promise
from protocol.wire.codec import encode
from protocol.wire.keys import KeyPair, is_acceptable_key, verify
from protocol.wire.shape import to_map


def begin_identity(entry: Entry, body: Body) -> Identity:
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
