# SPDX-License-Identifier: AGPL-3.0-or-later
"""What cold keys sign on machines of their own: a file with the claim goes there, one with a signature comes back."""

import json
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from pathlib import Path

from node.keeping.home import HomeUnusable, peer_id, read_key
from protocol.book.cold import sign_claim
from protocol.book.money import decimal
from protocol.lanes.claims import RotationClaim
from protocol.lanes.entry import Millis
from protocol.lanes.growing import cold_signature
from protocol.practices.between.checkpoints.proofs import CheckpointClaim
from protocol.practices.between.links.entries import GrantClaim, link_id
from protocol.wire.codec import decode, encode
from protocol.wire.keys import PUBLIC_KEY_BYTES, SIGNATURE_BYTES, KeyPair, id_text
from protocol.wire.shape import ShapeFault, from_map, to_map

CLAIM_CHARS_MAX = 400_000
"""A file with a claim, or a signature: a claim names 1,024 heads at most."""
_ABOUT_CLAIM = "# A change of signing key, to be signed by cold keys: `mutirao sign`.\n"
_ABOUT_SIGNATURE = "# A cold key and its signature of a claim, for `--signature`.\n"

AnyClaim = RotationClaim | CheckpointClaim | GrantClaim


@dataclass(frozen=True, slots=True)
class ToSign:
    """What the cold keys are asked to sign, for people to read."""

    network_id: str
    epoch: int
    key: str
    peer_id: str
    lanes: int
    cold_keys: tuple[str, ...]
    """The keys that take the place of the cold ones, if others do."""
    cold_needed: int | None
    hot_grant: int | None
    """How much the hot key alone may grant on a link from then on, in minor units, if that changes."""
    guardians: tuple[str, ...]
    """The networks that may give new keys once all are lost, if others may than before."""
    guardians_needed: int | None
    recovery_delay_ms: Millis | None


@dataclass(frozen=True, slots=True)
class CheckpointToSign:
    """A checkpoint that the cold keys are asked to sign, for people to compare with what their own copy shows."""

    network_id: str
    checkpoint: int
    head: str
    entries_root: str
    balances_root: str
    accounts: int
    totals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GrantToSign:
    """A grant that the cold keys are asked to sign: all that the network grants a partner since the link began."""

    network_id: str
    partner_id: str
    link: str
    granted: str


def write_claim(claim: RotationClaim, target: Path) -> None:
    """Write what is to be signed; raises FileExistsError where the target is there."""
    with target.open("x") as file:
        file.write(f"{_ABOUT_CLAIM}{encode(to_map(claim)).hex()}\n")


def sign_file(claim_file: Path, cold_key: Path, target: Path) -> ToSign | CheckpointToSign | GrantToSign:
    """Sign with a cold key, on whatever machine, what a file holds; returns what that was.

    The file is one of `write_claim`, or the JSON in which a node tells what is `to_sign`. Raises HomeUnusable, and
    FileExistsError where the target is there.
    """
    claim = _read_claim(claim_file)
    cold = KeyPair.from_seed(read_key(cold_key))
    is_rotation = isinstance(claim, RotationClaim)
    signature = cold_signature(0, cold, claim).signature if is_rotation else sign_claim(cold, claim)
    with target.open("x") as file:
        file.write(f"{_ABOUT_SIGNATURE}{cold.public.hex()}\n{signature.hex()}\n")
    match claim:
        case RotationClaim():
            return claim_shown(claim)
        case CheckpointClaim():
            return _checkpoint_shown(claim)
        case GrantClaim():
            return _grant_shown(claim)


def claim_shown(claim: RotationClaim) -> ToSign:
    """Return a change of keys for people to read."""
    cold, guardians = claim.cold, claim.guardians
    return ToSign(
        id_text(claim.network),
        claim.epoch,
        claim.key.hex(),
        peer_id(claim.transport),
        len(claim.heads),
        () if cold is None else tuple(key.hex() for key in cold.keys),
        None if cold is None else cold.needed,
        claim.hot_grant,
        () if guardians is None else tuple(map(id_text, guardians.networks)),
        None if guardians is None else guardians.needed,
        None if guardians is None else guardians.delay_ms,
    )


def _checkpoint_shown(claim: CheckpointClaim) -> CheckpointToSign:
    said = claim.checkpoint
    return CheckpointToSign(
        id_text(claim.network),
        said.size,
        said.head.hex(),
        said.entries.hex(),
        said.balances.hex(),
        said.accounts,
        tuple(f"{decimal(one.credit, one.scale)} {one.currency}" for one in said.totals),
    )


def _grant_shown(claim: GrantClaim) -> GrantToSign:
    terms = claim.terms
    partner = terms.high if terms.low == claim.network else terms.low
    granted = f"{decimal(claim.granted, terms.scale)} {terms.unit}"
    return GrantToSign(id_text(claim.network), id_text(partner), id_text(link_id(terms)), granted)


def read_signature(path: Path) -> tuple[bytes, bytes]:
    """Return the cold key, its public half, and the signature in a file of `sign`; raises HomeUnusable."""
    try:
        public, signature = map(bytes.fromhex, _lines(_text(path)))
        if (len(public), len(signature)) != (PUBLIC_KEY_BYTES, SIGNATURE_BYTES):
            raise ValueError
    except ValueError:
        raise HomeUnusable(f"{path} holds no signature: `mutirao sign` writes it") from None
    return public, signature


def _read_claim(path: Path) -> AnyClaim:
    text = _text(path)
    try:
        fields = decode(_to_sign(text) if text.lstrip().startswith("{") else bytes.fromhex("".join(_lines(text))))
    except (ValueError, LookupError, TypeError):
        fields = None
    # No record of one of these kinds is one of another.
    for kind in (RotationClaim, CheckpointClaim, GrantClaim):
        try:
            return from_map(kind, fields)
        except ShapeFault:
            continue
    raise HomeUnusable(f"{path} holds nothing to sign: `mutirao rotate --to-sign`, or what a node tells as `to_sign`")


def _to_sign(text: str) -> bytes:
    told = json.loads(text)["to_sign"]
    return urlsafe_b64decode(told + "=" * (-len(told) % 4))


def _text(path: Path) -> str:
    try:
        with path.open() as file:
            return file.read(CLAIM_CHARS_MAX)
    except (OSError, UnicodeDecodeError) as error:
        raise HomeUnusable(f"{path} cannot be read: {error}") from None


def _lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line and not line.startswith("#")]
