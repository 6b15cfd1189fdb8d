# SPDX-License-Identifier: AGPL-3.0-or-later
"""Data Integrity proofs by eddsa-jcs-2022: JCS (RFC 8785), SHA-256, Ed25519 (docs/decisions/0056).

What is signed is SHA-256 of the proof's own options, then SHA-256 of the document without its proof, both in JCS. RDF
is never looked at: nothing depends on what a remote context says.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any, cast

import rfc8785

from protocol.practices.marks.labels.multibase import from_multibase, key_of_did, method_of, multibase
from protocol.wire.keys import KeyPair, verify_bare

CRYPTOSUITE = "eddsa-jcs-2022"
_TYPE = "DataIntegrityProof"
_PURPOSE = "assertionMethod"


def proof_options(document: Mapping[str, Any], key: bytes, created: str) -> dict[str, Any]:
    """Return what a proof says besides its signature; the context goes along, so that every reader hashes alike."""
    return {
        "type": _TYPE,
        "cryptosuite": CRYPTOSUITE,
        "created": created,
        "verificationMethod": method_of(key),
        "proofPurpose": _PURPOSE,
        "@context": document["@context"],
    }


def signed_bytes(document: Mapping[str, Any], options: Mapping[str, Any]) -> bytes:
    """Return the 64 bytes that are signed; raises ValueError for what JCS cannot write."""
    return sha256(rfc8785.dumps(dict(options))).digest() + sha256(rfc8785.dumps(dict(document))).digest()


def signature_of(document: Mapping[str, Any], keys: KeyPair, created: str) -> bytes:
    """Sign a document that has no proof yet."""
    return keys.sign_bare(signed_bytes(document, proof_options(document, keys.public, created)))


def with_proof(document: Mapping[str, Any], key: bytes, created: str, signature: bytes) -> dict[str, Any]:
    """Return a document with its proof."""
    return {**document, "proof": {**proof_options(document, key, created), "proofValue": multibase(signature)}}


def is_document_signed(document: Mapping[str, Any], key: bytes, created: str, signature: bytes) -> bool:
    """Tell whether a key has signed a document that has no proof in it."""
    return verify_bare(key, signed_bytes(document, proof_options(document, key, created)), signature)


def is_intact(secured: Mapping[str, Any], issuer: str) -> bool:
    """Tell whether a document bears a proof by the key that is its issuer's did:key.

    Some implementations hash the document's context with the options and leave it out of the proof, others leave it out
    of both: either is taken. A proof of another context than the document's is not.
    """
    proof = secured.get("proof")
    key = key_of_did(issuer)
    if not isinstance(proof, dict) or key is None:
        return False
    said = cast("Mapping[str, Any]", proof)
    value = said.get("proofValue")
    signature = from_multibase(value) if isinstance(value, str) else None
    wanted = (_TYPE, CRYPTOSUITE, _PURPOSE, method_of(key))
    told = tuple(said.get(name) for name in ("type", "cryptosuite", "proofPurpose", "verificationMethod"))
    if signature is None or told != wanted:
        return False
    document = {name: part for name, part in secured.items() if name != "proof"}
    options = {name: part for name, part in said.items() if name != "proofValue"}
    context = document.get("@context")
    if "@context" in options:
        readings = [options] if options["@context"] == context else []
    else:
        readings = [options, {**options, "@context": context}]
    try:
        return any(verify_bare(key, signed_bytes(document, one), signature) for one in readings)
    except (ValueError, RecursionError):
        return False
