# SPDX-License-Identifier: AGPL-3.0-or-later
"""What cold keys sign beside changes of keys: a claim of their network's, k of n of them (PROTOCOL 1)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Protocol

from protocol.book.declaration import Doc
from protocol.book.refusals import SIGNATURE_INVALID, TOO_FEW_SIGNATURES, Refused, refuse
from protocol.lanes.claims import ColdKeys, ColdSignature
from protocol.wire.codec import encode
from protocol.wire.keys import KeyPair, verify
from protocol.wire.shape import to_map


class ColdClaim(Protocol):
    """A record that names its network; its kind keeps a signature from passing for one of another claim."""

    KIND: ClassVar[str]


@dataclass(frozen=True, slots=True)
class KeeperSignature:
    """What a keeper hands in: a cold key, the public half, and its signature of a claim."""

    key: Annotated[bytes, Doc("the cold key, its public half")]
    signature: Annotated[bytes, Doc("what `mutirao sign` made of the claim")]


def sign_claim(keys: KeyPair, claim: ColdClaim) -> bytes:
    """Return a cold key's signature of a claim."""
    return keys.sign(claim.KIND, encode(to_map(claim)))


def signers(cold: ColdKeys, claim: ColdClaim, signatures: Iterable[ColdSignature]) -> int:
    """Return how many cold keys have signed a claim, 0 where one of the signatures is wrong or given twice."""
    said, found = encode(to_map(claim)), set[int]()
    for one in signatures:
        right = one.index < len(cold.keys) and verify(cold.keys[one.index], claim.KIND, said, one.signature)
        if not right or one.index in found:
            return 0
        found.add(one.index)
    return len(found)


def signed(cold: ColdKeys, claim: ColdClaim, given: Sequence[KeeperSignature]) -> tuple[ColdSignature, ...] | Refused:
    """Return the signatures of a claim by cold keys, in their order; refused where they are too few or wrong."""
    found: dict[int, ColdSignature] = {}
    said = encode(to_map(claim))
    for one in given:
        if one.key not in cold.keys or not verify(one.key, claim.KIND, said, one.signature):
            return refuse(SIGNATURE_INVALID)
        index = cold.keys.index(one.key)
        found[index] = ColdSignature(index, one.signature)
    if len(found) < cold.needed:
        return refuse(TOO_FEW_SIGNATURES, needed=cold.needed, signed=len(found))
    return tuple(found[index] for index in sorted(found))
