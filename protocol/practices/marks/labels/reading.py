# SPDX-License-Identifier: AGPL-3.0-or-later
"""Credentials as they come in files, of mutirao or of others: read as JSON, bounded, and nothing is fetched for it."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NoReturn, cast

from protocol.book.refusals import MALFORMED, Refused, refuse
from protocol.lanes.entry import Millis
from protocol.practices.marks.labels.bitstring import decoded_list, is_set
from protocol.practices.marks.labels.credentials import CPC, GTIN_LINK, PLOT, VC_CONTEXT
from protocol.practices.marks.labels.multibase import key_of_did
from protocol.practices.marks.labels.proofs import is_intact
from protocol.practices.marks.labels.verdict import LabelFacts, LabelStatus

CREDENTIAL_BYTES_MAX = 48 * 1024
"""How long the file of a label, or of a status list, may be."""
_DEPTH_MAX = 32
_TEXTS_MAX = 64
"""How many products, plots or names of one kind are read."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Unread(ValueError):
    """A part cannot be read: which, and what was expected."""

    def __init__(self, field: str, expected: str) -> None:
        super().__init__(f"{field}: {expected}")
        self.field, self.expected = field, expected


def read_label(data: bytes) -> LabelFacts | Refused:
    """Return what the file of a label says, its proof checked; MALFORMED where it is no label that can be read."""
    try:
        secured = _object(data)
        return _facts(secured)
    except _Unread as unread:
        return refuse(MALFORMED, field=f"credential.{unread.field}", expected=unread.expected)


def read_status(data: bytes, facts: LabelFacts) -> LabelStatus | Refused:
    """Return what the file of a status list says of a label; MALFORMED where it is not the list that the label names.

    The list has to be signed by the label's own issuer.
    """
    try:
        secured = _object(data)
        subject = _part(secured, "credentialSubject")
        if secured.get("id") != facts.listed or facts.listed is None:
            raise _Unread("id", f"the list that the label names: {facts.listed}")
        if subject.get("statusPurpose") != "revocation" or "BitstringStatusList" not in _texts(subject, "type"):
            raise _Unread("credentialSubject", "a BitstringStatusList of revocations")
        issuer = _issuer_id(secured)
        if key_of_did(issuer) != facts.key or not is_intact(secured, issuer):
            raise _Unread("proof", "the signature of the label's issuer")
        bits = decoded_list(_text(subject, "encodedList"))
        if bits is None or facts.index >= 8 * len(bits):
            raise _Unread("credentialSubject.encodedList", "131,072 bits or more, in gzip and base64url, behind u")
        return LabelStatus(is_set(bits, facts.index), None, _moment(secured, "validFrom"))
    except _Unread as unread:
        return refuse(MALFORMED, field=f"status.{unread.field}", expected=unread.expected)


def _object(data: bytes) -> Mapping[str, Any]:
    if len(data) > CREDENTIAL_BYTES_MAX:
        raise _Unread("file", f"{CREDENTIAL_BYTES_MAX} bytes at most")
    try:
        found = json.loads(data.decode(), object_pairs_hook=_once, parse_constant=_no_number)
    except (ValueError, RecursionError):
        raise _Unread("file", "a JSON object, each name once") from None
    if not isinstance(found, dict) or _too_deep(found, _DEPTH_MAX):
        raise _Unread("file", f"a JSON object of {_DEPTH_MAX} levels at most")
    secured = cast("Mapping[str, Any]", found)
    context = secured.get("@context")
    if not isinstance(context, list) or context[:1] != [VC_CONTEXT]:
        raise _Unread("@context", f"a list that begins with {VC_CONTEXT}")
    if "VerifiableCredential" not in _texts(secured, "type"):
        raise _Unread("type", "VerifiableCredential")
    return secured


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name twice")
    return found


def _no_number(text: str) -> NoReturn:
    raise ValueError(text)


def _too_deep(part: Any, levels: int) -> bool:
    if isinstance(part, dict):
        inner = list(cast("Mapping[str, Any]", part).values())
    elif isinstance(part, list):
        inner = cast("Sequence[Any]", part)
    else:
        return False
    return levels == 0 or any(_too_deep(one, levels - 1) for one in inner)


def _facts(secured: Mapping[str, Any]) -> LabelFacts:
    issuer = _issuer_id(secured)
    key = key_of_did(issuer)
    if key is None:
        raise _Unread("issuer", "a did:key of an Ed25519 key; nothing is fetched for another")
    named = _map(secured["issuer"])
    subject = _part(secured, "credentialSubject")
    holder, scheme = _part(subject, "issuedToParty"), _part(subject, "scope")
    codes: list[str] = []
    gtins: list[str] = []
    plots: list[str] = []
    for assessment in _list(subject, "assessment"):
        for one in _list(assessment, "assessedProduct"):
            product = _part(one, "product")
            scheme_id = _map(product.get("idScheme")).get("id")
            if scheme_id == CPC["id"]:
                codes.append(_text(product, "registeredId"))
            elif scheme_id == GTIN_LINK:
                gtins.append(_text(product, "registeredId").zfill(14))
        for one in _list(assessment, "assessedFacility"):
            facility = _part(one, "facility")
            if _map(facility.get("idScheme")).get("id") == PLOT["id"]:
                plots.append(_text(facility, "registeredId"))
    listed, index = _status_of(secured)
    evidence = _map(subject.get("auditableEvidence")).get("hashDigest")
    name = named.get("name")
    ends = ((secured, "validUntil"), (_part(secured, "proof"), "expires"))
    also = [one.get("id") for one in _list(named, "issuerAlsoKnownAs")]
    return LabelFacts(
        label=_text(secured, "id"),
        issuer=issuer,
        issuer_name=name if isinstance(name, str) else "",
        issuer_ids=(issuer, *(one for one in also if isinstance(one, str))),
        key=key,
        holder=_text(holder, "id"),
        holder_name=_text(holder, "name"),
        scheme=_text(scheme, "id"),
        scheme_name=_text(scheme, "name"),
        codes=tuple(codes),
        plots=tuple(plots),
        gtins=tuple(gtins),
        from_ms=_moment(secured, "validFrom"),
        until_ms=min((_moment(of, name) for of, name in ends if name in of), default=None),
        level=_text(subject, "assessorLevel"),
        evidence=evidence if isinstance(evidence, str) else None,
        listed=listed,
        index=index,
        intact=is_intact(secured, issuer),
    )


def _status_of(secured: Mapping[str, Any]) -> tuple[str | None, int]:
    """Return the status list that tells of revocation, and the index there; None where the label names none."""
    if "credentialStatus" not in secured:
        return None, 0
    status = _part(secured, "credentialStatus")
    if status.get("type") != "BitstringStatusListEntry" or status.get("statusPurpose") != "revocation":
        raise _Unread("credentialStatus", "one BitstringStatusListEntry of revocations")
    index = _text(status, "statusListIndex")
    if not (index.isascii() and index.isdecimal() and len(index) <= 10):
        raise _Unread("credentialStatus.statusListIndex", "a number")
    return _text(status, "statusListCredential"), int(index)


def _issuer_id(secured: Mapping[str, Any]) -> str:
    issuer = secured.get("issuer")
    return issuer if isinstance(issuer, str) else _text(_part(secured, "issuer"), "id")


def _map(found: Any) -> Mapping[str, Any]:
    """Return an object of JSON; what is none has nothing in it."""
    return cast("Mapping[str, Any]", found) if isinstance(found, dict) else {}


def _part(of: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = of.get(name)
    if not isinstance(found, dict):
        raise _Unread(name, "one object")
    return _map(cast("Any", found))


def _list(of: Mapping[str, Any], name: str) -> Sequence[Mapping[str, Any]]:
    found = of.get(name, [])
    listed = cast("Sequence[Any]", found) if isinstance(found, list) else [None]
    if len(listed) > _TEXTS_MAX or not all(isinstance(one, dict) for one in listed):
        raise _Unread(name, f"a list of {_TEXTS_MAX} objects at most")
    return listed


def _text(of: Mapping[str, Any], name: str) -> str:
    found = of.get(name)
    if not isinstance(found, str) or not found:
        raise _Unread(name, "a text")
    return found


def _texts(of: Mapping[str, Any], name: str) -> Sequence[str]:
    found = of.get(name)
    return cast("Sequence[str]", found) if isinstance(found, list) else [found] if isinstance(found, str) else []


def _moment(of: Mapping[str, Any], name: str) -> Millis:
    text = _text(of, name)
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None or "T" not in text:
        raise _Unread(name, "an hour such as 2026-12-01T00:00:00Z")
    return (at - _EPOCH) // timedelta(milliseconds=1)
