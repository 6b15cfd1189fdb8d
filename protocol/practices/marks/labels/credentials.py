# SPDX-License-Identifier: AGPL-3.0-or-later
"""Labels and status lists as W3C Verifiable Credentials 2.0; a label is a conformity credential of UNTP 0.6.1.

Both are made of a few fields, by everybody alike: a change here would make old signatures fail. Figures are texts, so
that no number can be written in two ways.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from protocol.book.addresses import party_id
from protocol.book.signed import uuid_text
from protocol.book.uuids import derived_id
from protocol.lanes.entry import Millis
from protocol.practices.marks.labels.bitstring import encoded_list
from protocol.practices.marks.labels.entries import (
    LABELS_A_LIST,
    LabelLevel,
    LabelSaid,
    StatusList,
)
from protocol.practices.marks.labels.gtin import GTIN_LINK, digital_link
from protocol.practices.marks.labels.multibase import did_of
from protocol.practices.marks.labels.proofs import is_document_signed, with_proof
from protocol.wire.keys import digest

VC_CONTEXT = "https://www.w3.org/ns/credentials/v2"
UNTP_CONTEXT = "https://test.uncefact.org/vocabulary/untp/dcc/0.6.1/"
OWN_TERMS_CONTEXT = "https://www.w3.org/ns/credentials/undefined-terms/v2"
"""W3C's own, for terms that no context defines: the digest of a scheme's rules."""
CPC = {"type": ["IdentifierScheme"], "id": "https://unstats.un.org/unsd/classifications/Econ/CPC", "name": "CPC 2.1"}
GTIN = {"type": ["IdentifierScheme"], "id": GTIN_LINK, "name": "Global Trade Item Number (GTIN)"}
PLOT = {"type": ["IdentifierScheme"], "id": "mutirao:plots", "name": "Plots of the holder"}
ASSESSOR_LEVELS: Mapping[LabelLevel, str] = {
    LabelLevel.SELF: "Self",
    LabelLevel.MEMBERSHIP: "Membership",
    LabelLevel.BUYER: "Buyer",
    LabelLevel.COMMERCIAL: "Commercial",
    LabelLevel.THIRD_PARTY: "3rdParty",
    LabelLevel.UNSPECIFIED: "Unspecified",
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def second_text(at_ms: Millis) -> str:
    """Return an hour as XML Schema and RFC 3339 write it, in whole seconds of UTC."""
    return (_EPOCH + timedelta(milliseconds=at_ms)).strftime("%Y-%m-%dT%H:%M:%SZ")


def urn(name: bytes) -> str:
    """Return a 16-byte id as a URI."""
    return f"urn:uuid:{uuid_text(name)}"


def list_item(network: bytes, key: bytes, number: int) -> bytes:
    """Return the id of a status list of a key, counted from 0: as an item of the board and in its credential."""
    return derived_id(digest("label-status-list", network + key + number.to_bytes(4, "big")))


def status_place(network: bytes, said: LabelSaid) -> tuple[bytes, int]:
    """Return in which status list a label is, and at which index."""
    number, index = divmod(said.number, LABELS_A_LIST)
    return list_item(network, said.key, number), index


def label_document(network: bytes, said: LabelSaid) -> dict[str, Any]:
    """Return the credential of a label of a network without its proof."""
    holder = said.holder_network or network
    issuer = {"id": party_id(network, said.issuer), "name": said.issuer}
    own = party_id(holder, said.holder)
    listed, index = status_place(network, said)
    assessment: dict[str, Any] = {
        "type": ["ConformityAssessment", "Declaration"],
        "id": f"{urn(said.label)}#assessment",
        "name": said.scheme_name,
        "assessmentDate": second_text(said.issued_ms)[:10],
        "conformance": True,
        "conformityTopic": said.topic.value,
        "assessedProduct": [
            *(_product(f"mutirao:cpc-2.1/{code}", f"CPC 2.1 {code}", code, CPC) for code in said.codes),
            *(_product(digital_link(one), f"GTIN {one}", one, GTIN) for one in said.gtins),
        ],
        "assessedFacility": [_facility(own, plot) for plot in said.plots],
        "assessedOrganisation": {"id": own, "name": said.holder},
        "auditor": issuer,
    }
    subject: dict[str, Any] = {
        "type": ["ConformityAttestation", "Attestation"],
        "id": f"{urn(said.label)}#attestation",
        "name": said.scheme_name,
        "assessorLevel": ASSESSOR_LEVELS[said.level],
        "assessmentLevel": "Unspecified",
        "attestationType": "declaration" if said.level is LabelLevel.SELF else "certification",
        "issuedToParty": {"id": own, "name": said.holder},
        "scope": {
            "type": ["ConformityScheme"],
            "id": urn(said.scheme),
            "name": said.scheme_name,
            "description": f"The rules are the text whose SHA-256 is {said.rules.hex()}.",
            "version": "1",
            "validFrom": second_text(said.declared_ms)[:10],
            "owner": {"id": party_id(network, said.owner), "name": said.owner},
            "rulesDigest": said.rules.hex(),
        },
        "assessment": [assessment],
    }
    if said.evidence is not None:
        subject["auditableEvidence"] = {
            "type": ["SecureLink", "Link"],
            "linkURL": f"mutirao:evidence/{said.evidence.hex()}",
            "linkName": "What was looked at; whoever has it shows it",
            "hashDigest": said.evidence.hex(),
            "hashMethod": "SHA-256",
            "encryptionMethod": "none",
        }
    return {
        "@context": [VC_CONTEXT, UNTP_CONTEXT, OWN_TERMS_CONTEXT],
        "type": ["DigitalConformityCredential", "VerifiableCredential"],
        "id": urn(said.label),
        "issuer": {
            "type": ["CredentialIssuer"],
            "id": did_of(said.key),
            "name": said.issuer,
            "issuerAlsoKnownAs": [issuer],
        },
        "validFrom": second_text(said.from_ms),
        "validUntil": second_text(said.until_ms),
        "credentialStatus": {
            "id": f"{urn(listed)}#{index}",
            "type": "BitstringStatusListEntry",
            "statusPurpose": "revocation",
            "statusListIndex": str(index),
            "statusListCredential": urn(listed),
        },
        "credentialSubject": subject,
    }


def _product(id: str, name: str, code: str, scheme: Mapping[str, Any]) -> dict[str, Any]:
    product = {"id": id, "name": name, "registeredId": code, "idScheme": scheme}
    return {"type": ["ProductVerification"], "product": product, "IDverifiedByCAB": False}


def _facility(holder: str, plot: str) -> dict[str, Any]:
    facility = {"id": f"{holder}#{plot}", "name": plot, "registeredId": plot, "idScheme": PLOT}
    return {"type": ["FacilityVerification"], "facility": facility, "IDverifiedByCAB": False}


def label_credential(network: bytes, said: LabelSaid, signature: bytes) -> dict[str, Any]:
    """Return the credential of a label with its proof."""
    return with_proof(label_document(network, said), said.key, second_text(said.issued_ms), signature)


def is_label_signed(network: bytes, said: LabelSaid, signature: bytes) -> bool:
    """Tell whether a label's own key has signed its credential."""
    return is_document_signed(label_document(network, said), said.key, second_text(said.issued_ms), signature)


def list_document(network: bytes, said: StatusList) -> dict[str, Any]:
    """Return the credential of a status list of a network without its proof."""
    listed = urn(list_item(network, said.key, said.number))
    return {
        "@context": [VC_CONTEXT],
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "id": listed,
        "issuer": did_of(said.key),
        "validFrom": second_text(said.issued_ms),
        "credentialSubject": {
            "id": f"{listed}#list",
            "type": "BitstringStatusList",
            "statusPurpose": "revocation",
            "encodedList": encoded_list(said.packed),
        },
    }


def list_credential(network: bytes, said: StatusList) -> dict[str, Any]:
    """Return the credential of a status list with its proof."""
    return with_proof(list_document(network, said), said.key, second_text(said.issued_ms), said.signature)


def is_list_signed(network: bytes, said: StatusList) -> bool:
    """Tell whether a status list's own key has signed its credential."""
    return is_document_signed(list_document(network, said), said.key, second_text(said.issued_ms), said.signature)
