# SPDX-License-Identifier: AGPL-3.0-or-later
"""Labels beside the standards: W3C's vector, an independent implementation in both directions, UNTP's schemas."""

import gzip
import json
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError
from openvc.keys import Ed25519SigningKey
from openvc.proof.di_jcs import EddsaJcsProofSuite
from openvc.proof.errors import SignatureInvalid
from openvc.status.bitstring import decode_bitstring, get_status_bit, new_bitstring, set_status_bit
from openvc.status.issue import build_status_list_credential
from openvc.status.status_list import check_credential_status
from openvc.verify import VerificationPolicy, default_resolver, verify_credential
from simulation.world import World

from protocol.book.refusals import MALFORMED, Refused
from protocol.practices.marks.labels.bitstring import (
    LIST_BITS,
    decoded_list,
    encoded_list,
    is_set,
    packed_list,
    unpacked,
)
from protocol.practices.marks.labels.entries import LABELS_A_LIST, LIST_PACKED_BYTES_MAX, LabelLevel
from protocol.practices.marks.labels.gtin import gtin14
from protocol.practices.marks.labels.multibase import did_of, from_multibase, key_of_did, multibase
from protocol.practices.marks.labels.proofs import is_intact, signature_of, signed_bytes
from protocol.practices.marks.labels.reading import CREDENTIAL_BYTES_MAX, read_label, read_status
from protocol.practices.marks.labels.refusals import (
    ISSUER_UNTRUSTED,
    LABEL_EXPIRED,
    LABEL_REVOKED,
    LABEL_TAMPERED,
    OUT_OF_SCOPE,
)
from protocol.wire.keys import KeyPair
from tests.protocol.practices.marks.labelled import (
    HONEY,
    JAM,
    countryside,
    credential,
    issue,
    reason,
    revoke,
    scheme,
    trust,
    verified,
)

UNTP = Path(__file__).parent / "untp"
DCC, ATTESTATION = "untp-dcc-schema.json", "ConformityAttestation-schema.json"
PINNED = {
    DCC: "2ecb7a4aa86e3e85fd4fccbcb4afb408cbf7e1f6964bfafd0793bed570a0e2bc",
    ATTESTATION: "611fcc86c9df00bf0af7c5638f35bdac524c857395da0661a275f0e77854c18a",
}
ALUMNI: Mapping[str, Any] = {
    "@context": ["https://www.w3.org/ns/credentials/v2", "https://www.w3.org/ns/credentials/examples/v2"],
    "id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
    "type": ["VerifiableCredential", "AlumniCredential"],
    "name": "Alumni Credential",
    "description": "A minimum viable example of an Alumni Credential.",
    "issuer": "https://vc.example/issuers/5678",
    "validFrom": "2023-01-01T00:00:00Z",
    "credentialSubject": {"id": "did:example:abcdefgh", "alumniOf": "The School of Examples"},
}
"""The example of W3C's Data Integrity EdDSA Cryptosuites 1.0, B.2."""


@pytest.fixture(scope="module")
def honey() -> tuple[World, Any, Any]:
    """A label of Serra that Riacho trusts: the world, the scheme, the label."""
    world = countryside()
    found = scheme(world)
    label = issue(
        world,
        found.id,
        level=LabelLevel.MEMBERSHIP,
        plots=("hill-3",),
        gtins=("4006381333931",),
        evidence=sha256(b"what the visitors saw").hexdigest(),
    )
    trust(world, found.issuers[0].did)
    return world, found, label


def test_the_example_of_the_standard() -> None:
    keys = KeyPair.from_seed((from_multibase("z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq") or b"")[2:])
    did = "did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
    assert did_of(keys.public) == did and key_of_did(did) == keys.public
    created = "2023-02-24T23:36:38Z"
    options = {
        "type": "DataIntegrityProof", "cryptosuite": "eddsa-jcs-2022", "created": created,
        "verificationMethod": f"{did}#{did.removeprefix('did:key:')}", "proofPurpose": "assertionMethod",
        "@context": ALUMNI["@context"],
    }  # fmt: skip
    assert signed_bytes(ALUMNI, options).hex() == (
        "66ab154f5c2890a140cb8388a22a160454f80575f6eae09e5a097cabe539a1db"
        "59b7cb6251b8991add1ce0bc83107e3db9dbbab5bd2c28f687db1a03abc92f19"
    )
    value = "z2HnFSSPPBzR36zdDgK8PbEHeXbR56YF24jwMpt3R1eHXQzJDMWS93FCzpvJpwTWd3GAVFuUfjoJdcnTMuVor51aX"
    assert multibase(signature_of(ALUMNI, keys, created)) == value


# An independent implementation: openvc.


def policy(world: World, **more: Any) -> VerificationPolicy:
    return VerificationPolicy(now=datetime.fromtimestamp(world.now / 1_000, UTC), **more)


def test_what_is_made_here_verifies_there(honey: tuple[World, Any, Any]) -> None:
    world, found, label = honey
    secured = json.loads(credential(world, label.id))
    listed = json.loads(credential(world, label.id, status=True))
    suite = EddsaJcsProofSuite()
    now = datetime.fromtimestamp(world.now / 1_000, UTC)
    for one in (secured, listed):
        assert suite.verify(one, resolver=default_resolver(), now=now).issuer == found.issuers[0].did
    assert not check_credential_status(secured, resolve_status_list=lambda _: listed).revoked
    whole = verify_credential(secured, policy=policy(world), resolve_status_list=lambda _: listed)
    assert whole.issuer == found.issuers[0].did
    secured["credentialSubject"]["assessment"][0]["assessedProduct"][0]["product"]["registeredId"] = JAM
    with pytest.raises(SignatureInvalid):
        suite.verify(secured, resolver=default_resolver(), now=now)


def test_what_is_revoked_here_is_revoked_there() -> None:
    world = countryside()
    found = scheme(world)
    kept, gone = (issue(world, found.id) for _ in range(2))
    revoke(world, gone.id)
    world.tick(2)
    listed = json.loads(credential(world, gone.id, status=True))
    for label, revoked in ((kept, False), (gone, True)):
        secured = json.loads(credential(world, label.id))
        told = check_credential_status(secured, resolve_status_list=lambda _: listed)
        assert (told.revoked, [one.entry.index for one in told.entries]) == (revoked, [int(revoked)])


def theirs(**changed: Any) -> tuple[Ed25519SigningKey, str, dict[str, Any]]:
    """Return a key of the other implementation, its DID, and a label that nobody has signed yet."""
    key = Ed25519SigningKey.generate("theirs")
    did = did_of(key.public_key_raw())
    cpc = {
        "type": ["IdentifierScheme"],
        "id": "https://unstats.un.org/unsd/classifications/Econ/CPC",
        "name": "CPC 2.1",
    }
    document: dict[str, Any] = {
        "@context": [
            "https://www.w3.org/ns/credentials/v2",
            "https://test.uncefact.org/vocabulary/untp/dcc/0.6.1/",
        ],
        "type": ["DigitalConformityCredential", "VerifiableCredential"],
        "id": "https://certifier.example/labels/7",
        "issuer": {"type": ["CredentialIssuer"], "id": did, "name": "Certifier"},
        "validFrom": "2023-01-01T00:00:00Z",
        "validUntil": "2029-12-31T00:00:00+01:00",
        "credentialStatus": {
            "id": "https://certifier.example/status/1#9", "type": "BitstringStatusListEntry",
            "statusPurpose": "revocation", "statusListIndex": "9",
            "statusListCredential": "https://certifier.example/status/1",
        },
        "credentialSubject": {
            "type": ["ConformityAttestation", "Attestation"], "id": "https://certifier.example/labels/7#a",
            "name": "Honey", "assessorLevel": "3rdParty", "assessmentLevel": "Unspecified",
            "attestationType": "certification",
            "issuedToParty": {"id": "https://elio.example", "name": "Elio"},
            "scope": {
                "type": ["ConformityScheme"], "id": "https://certifier.example/honey", "name": "Honey",
                "description": "Rules", "version": "3", "validFrom": "2020-01-01",
                "owner": {"id": "https://certifier.example", "name": "Certifier"},
            },
            "assessment": [{
                "type": ["ConformityAssessment", "Declaration"], "id": "https://certifier.example/labels/7#b",
                "conformance": True, "conformityTopic": "environment.biodiversity",
                "assessedProduct": [{"type": ["ProductVerification"], "product": {
                    "id": "https://certifier.example/jar", "name": "Honey", "registeredId": "0291", "idScheme": cpc,
                }}],
            }],
        },
    }  # fmt: skip
    return key, did, {**document, **changed}


def signed(key: Ed25519SigningKey, did: str, document: dict[str, Any]) -> bytes:
    method = f"{did}#{did.removeprefix('did:key:')}"
    return json.dumps(EddsaJcsProofSuite().add_proof(document, signing_key=key, verification_method=method)).encode()


def their_list(key: Ed25519SigningKey, did: str, world: World, *revoked: int) -> bytes:
    bits = new_bitstring(LIST_BITS)
    for index in revoked:
        set_status_bit(bits, index, 1)
    made = build_status_list_credential(
        id="https://certifier.example/status/1", issuer=did, bitstring=bits,
        valid_from=datetime.fromtimestamp(world.now / 1_000 - 5 * 86_400, UTC),
    )  # fmt: skip
    return signed(key, did, made)


def test_what_is_made_there_verifies_here_and_what_is_wrong_does_not(honey: tuple[World, Any, Any]) -> None:
    world, _, _ = honey
    key, did, document = theirs()
    label, status = signed(key, did, document), their_list(key, did, world)
    asked = {"credential": label, "code": HONEY}
    assert reason(verified(world, **asked)) is ISSUER_UNTRUSTED
    trust(world, did)
    told = verified(world, **asked, status_list=status)
    assert (told.issuer, told.holder_name, told.codes, told.warnings) == (did, "Elio", ("0291",), ())
    assert told.status_days_old == 13, "of five days, and eight have passed since"
    assert verified(world, **asked).warnings == ("STATUS_UNKNOWN",)
    assert reason(verified(world, credential=label, code=JAM)) is OUT_OF_SCOPE
    assert reason(verified(world, **asked, status_list=their_list(key, did, world, 9))) is LABEL_REVOKED
    assert reason(verified(world, **asked, status_list=their_list(key, did, world, 8, 10))) is None
    late = signed(key, did, {**document, "validUntil": "2023-02-01T00:00:00Z"})
    assert reason(verified(world, credential=late, code=HONEY)) is LABEL_EXPIRED
    assert reason(verified(world, credential=label.replace(b'"0291"', b'"2149"'))) is LABEL_TAMPERED
    other, other_did, _ = theirs()
    stolen = json.loads(label)
    stolen["issuer"]["id"] = other_did
    assert reason(verified(world, credential=json.dumps(stolen).encode())) is LABEL_TAMPERED
    elsewhere = json.loads(status)
    del elsewhere["proof"]
    elsewhere["id"] = "https://certifier.example/status/2"
    assert reason(verified(world, **asked, status_list=signed(key, did, elsewhere))) is MALFORMED, (
        "not the list it names"
    )
    forged = their_list(other, other_did, world)
    assert reason(verified(world, **asked, status_list=forged)) is MALFORMED, "a list that another has signed"


def test_a_proof_without_a_context_is_read_in_both_ways() -> None:
    """W3C lets the context be left out of the proof; some hash it all the same."""
    keys, did = KeyPair.from_seed(bytes(32)), did_of(KeyPair.from_seed(bytes(32)).public)
    document = {**ALUMNI, "issuer": did}
    method = f"{did}#{did.removeprefix('did:key:')}"
    bare = {
        "type": "DataIntegrityProof", "cryptosuite": "eddsa-jcs-2022", "created": "2026-12-01T00:00:00Z",
        "verificationMethod": method, "proofPurpose": "assertionMethod",
    }  # fmt: skip
    for hashed in (bare, {**bare, "@context": document["@context"]}):
        value = multibase(keys.sign_bare(signed_bytes(document, hashed)))
        assert is_intact({**document, "proof": {**bare, "proofValue": value}}, did)
        for wrong in (
            {"proofPurpose": "authentication"}, {"cryptosuite": "eddsa-rdfc-2022"}, {"created": "2026-12-02T00:00:00Z"},
            {"@context": ["https://www.w3.org/ns/credentials/v2"]}, {"proofValue": value[:-1]},
            {"proofValue": "z" * 200},
        ):  # fmt: skip
            assert not is_intact({**document, "proof": {**bare, "proofValue": value, **wrong}}, did)
    strange = {**bare, "@context": ["https://www.w3.org/ns/credentials/v2"]}
    value = multibase(keys.sign_bare(signed_bytes(document, strange)))
    assert not is_intact({**document, "proof": {**strange, "proofValue": value}}, did), "of another context"
    assert not is_intact(document, did) and not is_intact({**document, "proof": [bare]}, did)


# Status lists.


@given(st.sets(st.integers(0, LIST_BITS - 1), max_size=200))
def test_status_lists_are_read_alike(indices: set[int]) -> None:
    ours = encoded_list(packed_list(indices))
    bits = decode_bitstring(ours)
    assert len(bits) == LIST_BITS // 8 and {one for one in indices if get_status_bit(bits, one)} == indices
    found = decoded_list(ours)
    assert found is not None and {one for one in indices if is_set(found, one)} == indices
    assert sum(byte.bit_count() for byte in found) == len(indices)


def test_the_first_index_is_the_highest_bit_and_a_full_list_fits_a_board() -> None:
    assert (unpacked(packed_list([0])) or b"")[0] == 0x80 and (unpacked(packed_list([7, 8])) or b"")[:2] == b"\x01\x80"
    worst = [index for index in range(LABELS_A_LIST) if sha256(index.to_bytes(2, "big")).digest()[0] & 1]
    assert 3_500 < len(worst) < 4_700 and len(packed_list(worst)) <= LIST_PACKED_BYTES_MAX


@pytest.mark.parametrize("size", [1, LIST_BITS // 8 - 1, 2**20 + 1])
def test_a_list_that_is_too_short_or_too_long_is_none(size: int) -> None:
    assert unpacked(gzip.compress(bytes(size))) is None
    assert decoded_list("u" + urlsafe_b64encode(gzip.compress(bytes(size))).decode().rstrip("=")) is None
    assert unpacked(gzip.compress(bytes(LIST_BITS // 8)) + b"more") is None
    assert decoded_list("uno gzip") is None and decoded_list("") is None


def test_trade_item_numbers_are_padded_and_checked() -> None:
    assert gtin14("4006381333931") == "04006381333931" and gtin14("96385074") == "00000096385074"
    assert gtin14("036000291452") == "00036000291452" and gtin14("10036000291459") == "10036000291459"
    for wrong in ("4006381333932", "", "400638133393", "4006381333931 ", "٤٠٠٦٣٨١٣٣٣٩٣١", "00000000"):
        assert gtin14(wrong) is None


# UNTP.


def untp(name: str) -> Any:
    data = (UNTP / name).read_bytes()
    assert sha256(data).hexdigest() == PINNED[name]
    return Draft202012Validator(json.loads(data), format_checker=Draft202012Validator.FORMAT_CHECKER)


def incomplete(secured: Mapping[str, Any]) -> list[str]:
    """Return what a label lacks that UNTP's schema does not ask for and a reader needs."""
    subject = secured.get("credentialSubject", {})
    assessments = subject.get("assessment", [{}])
    wanted: dict[str, Any] = {
        "type": "DigitalConformityCredential" in secured.get("type", ()),
        "validFrom": secured.get("validFrom"),
        "validUntil": secured.get("validUntil"),
        "issuer": secured.get("issuer", {}).get("id", "").startswith("did:"),
        "status": secured.get("credentialStatus", {}).get("statusListIndex"),
        "proof": secured.get("proof", {}).get("proofValue"),
        "holder": subject.get("issuedToParty", {}).get("id"),
        "level": subject.get("assessorLevel"),
        "scheme": subject.get("scope", {}).get("id") and subject["scope"].get("rulesDigest"),
        "owner": subject.get("scope", {}).get("owner", {}).get("id"),
        "products": all(one.get("assessedProduct") for one in assessments),
        "organisation": all(one.get("assessedOrganisation", {}).get("id") for one in assessments),
        "auditor": all(one.get("auditor", {}).get("id") for one in assessments),
        "date": all(one.get("assessmentDate") for one in assessments),
        "topic": all(one.get("conformityTopic") for one in assessments),
    }
    return [name for name, said in wanted.items() if not said]


def test_a_label_is_a_conformity_credential_of_untp(honey: tuple[World, Any, Any]) -> None:
    world, _, label = honey
    secured = json.loads(credential(world, label.id))
    untp(DCC).validate(secured)
    untp(ATTESTATION).validate(secured["credentialSubject"])
    assert incomplete(secured) == []
    subject = secured["credentialSubject"]
    assert (subject["assessorLevel"], subject["attestationType"]) == ("Membership", "certification")
    assert subject["auditableEvidence"]["hashDigest"] == sha256(b"what the visitors saw").hexdigest()
    ids = [one["product"]["id"] for one in subject["assessment"][0]["assessedProduct"]]
    assert ids == ["mutirao:cpc-2.1/02910", "https://id.gs1.org/01/04006381333931"]
    for field, value in (
        ("@context", ["https://www.w3.org/ns/credentials/v2", "https://test.uncefact.org/vocabulary/untp/dcc/0.6.0/"]),
        ("issuer", "did:key:z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"), ("validFrom", "yesterday"),
    ):  # fmt: skip
        with pytest.raises(ValidationError):
            untp(DCC).validate({**secured, field: value})


def test_the_schema_alone_would_take_a_label_that_says_nothing(honey: tuple[World, Any, Any]) -> None:
    """It asks for a context, an id and an issuer; so completeness is asked for by ourselves."""
    world, _, label = honey
    secured = json.loads(credential(world, label.id))
    empty = {name: secured[name] for name in ("@context", "id", "issuer")}
    untp(DCC).validate(empty)
    assert len(incomplete(empty)) == 14


# Files of all kinds.


@given(st.binary(max_size=200) | st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(
        ["@context", "type", "issuer", "id", "proof", "credentialSubject", "scope", "assessment", "validFrom"]
    ), inner, max_size=6),
    max_leaves=20,
).map(lambda one: json.dumps(one).encode()))  # fmt: skip
def test_what_is_no_label_is_malformed_and_nothing_worse(data: bytes) -> None:
    found = read_label(data)
    assert isinstance(found, Refused) and found.reason is MALFORMED


def test_a_part_of_another_kind_is_malformed(honey: tuple[World, Any, Any]) -> None:
    world, _, label = honey
    secured = json.loads(credential(world, label.id))
    facts = read_label(json.dumps(secured).encode())
    assert not isinstance(facts, Refused) and facts.intact

    def places(part: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        inner = part.items() if isinstance(part, dict) else enumerate(part) if isinstance(part, list) else ()
        return [path, *(place for name, one in inner for place in places(one, (*path, name)))]

    for path in places(secured)[1:]:
        for wrong in (None, 7, "x", [], {}, [None], 2**60, 1.5):
            changed = json.loads(json.dumps(secured))
            at = changed
            for name in path[:-1]:
                at = at[name]
            if at[path[-1]] == wrong:
                continue
            at[path[-1]] = wrong
            found = read_label(json.dumps(changed).encode())
            assert isinstance(found, Refused) or not found.intact, (path, wrong)
    assert isinstance(read_label(json.dumps(secured).encode() + b" " * CREDENTIAL_BYTES_MAX), Refused)
    listed = json.loads(credential(world, label.id, status=True))
    for path in places(listed)[1:]:
        for wrong in (None, 7, "x", [], {}):
            changed = json.loads(json.dumps(listed))
            at = changed
            for name in path[:-1]:
                at = at[name]
            at[path[-1]] = wrong
            assert isinstance(read_status(json.dumps(changed).encode(), facts), Refused), (path, wrong)
