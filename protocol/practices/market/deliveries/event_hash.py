# SPDX-License-Identifier: AGPL-3.0-or-later
"""The hash of an EPCIS event by the Core Business Vocabulary 2.0, section 8.9: one name for it, whoever writes it down.

What is hashed is one text of all that the event says, in an order of the standard's own; how the JSON is laid out, in
which zone times are written and by which resolver keys of GS1 are linked makes no difference.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import takewhile
from typing import Any, cast

from protocol.practices.market.deliveries.gs1_keys import canonical_link

Fields = Mapping[str, Any]
CBV, GS1_TERMS = "https://ref.gs1.org/cbv/", "https://gs1.org/voc/"
_WORDS = {
    "bizStep": f"{CBV}BizStep-", "disposition": f"{CBV}Disp-", "set": f"{CBV}Disp-", "unset": f"{CBV}Disp-",
    "component": f"{CBV}Comp-", "exception": GS1_TERMS, "reportType": GS1_TERMS,
    "bizTransactionList": f"{CBV}BTT-", "sourceList": f"{CBV}SDT-", "destinationList": f"{CBV}SDT-",
}  # fmt: skip
"""What stands before a word of the standard, by the field that has it."""
_OLD_WORDS = {"bizstep": "BizStep-", "disp": "Disp-", "btt": "BTT-", "sdt": "SDT-", "er": "ER-"}
_QUANTITY = ("epcClass", "quantity", "uom")
_CHILDREN = {
    **dict.fromkeys(("epcList", "inputEPCList", "childEPCs", "outputEPCList"), "epc"),
    **dict.fromkeys(
        ("quantityList", "childQuantityList", "inputQuantityList", "outputQuantityList"), "quantityElement"
    ),
    "sensorElementList": "sensorElement",
}
"""What each thing of a list is called."""
_TYPED = {"bizTransactionList": "bizTransaction", "sourceList": "source", "destinationList": "destination"}
_EVENT = (
    "eventTime", "eventTimeZoneOffset", "certificationInfo", "parentID", "epcList", "inputEPCList", "childEPCs",
    "quantityList", "childQuantityList", "inputQuantityList", "outputEPCList", "outputQuantityList", "action",
    "transformationID", "bizStep", "disposition", "persistentDisposition", "readPoint", "bizLocation",
    "sensorElementList",
)  # fmt: skip
_ORDER: Mapping[str, Sequence[str]] = {
    "quantityElement": _QUANTITY,
    "persistentDisposition": ("set", "unset"),
    "readPoint": ("id",),
    "bizLocation": ("id",),
    "sensorElement": ("sensorMetadata", "sensorReport"),
    "sensorMetadata": (
        "time", "startTime", "endTime", "deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "bizRules",
    ),
    "sensorReport": (
        "type", "exception", "deviceID", "deviceMetadata", "rawData", "dataProcessingMethod", "time", "microorganism",
        "chemicalSubstance", "value", "component", "stringValue", "booleanValue", "hexBinaryValue", "uriValue",
        "minValue", "maxValue", "meanValue", "sDev", "percRank", "percValue", "uom", "coordinateReferenceSystem",
    ),
}  # fmt: skip
_UNSAID = ("type", "eventID", "recordTime", "errorDeclaration", "@context", "comment", "rdfs:comment")
"""What an event says of itself, and is no part of its hash."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,2})?")


def event_hash(event: Fields, namespaces: Mapping[str, str] | None = None) -> str:
    """Return the name of an event: a ni URI (RFC 6920) of the SHA-256 of its text."""
    said = sha256(event_text(event, namespaces).encode()).hexdigest()
    return f"ni:///sha-256;{said}?ver=CBV2.0"


def event_text(event: Fields, namespaces: Mapping[str, str] | None = None) -> str:
    """Return the text that is hashed; `namespaces` are those of the document, by the prefixes of own fields."""
    spaces = namespaces or {}
    told = {name: value for name, value in event.items() if name not in _UNSAID}
    return f"eventType={event['type']}" + _body(told, _EVENT, spaces)


def _body(fields: Fields, order: Sequence[str], spaces: Mapping[str, str]) -> str:
    """Return what a thing says: first what the standard has an order for, the rest as texts are sorted."""
    first = (_field(name, fields[name], spaces) for name in order if name in fields)
    rest = sorted(_field(name, value, spaces) for name, value in fields.items() if name not in order)
    return "".join((*first, *rest))


def _field(name: str, value: Any, spaces: Mapping[str, str]) -> str:
    if name in _TYPED:
        types = _WORDS[name]
        pairs = sorted(_typed(_TYPED[name], types, one, spaces) for one in value)
        return name + "".join(pairs) if pairs else ""
    if name in _CHILDREN:
        told = sorted(_field(_CHILDREN[name], one, spaces) for one in value)
        return name + "".join(told) if told else ""
    if isinstance(value, list):
        return "".join(sorted(_field(name, one, spaces) for one in cast("list[Any]", value)))
    own = _expanded(name, spaces, braces=True)
    if isinstance(value, Mapping):
        inner = cast("Fields", value)
        if name == "sensorReport" and "type" in inner:
            inner = {**inner, "type": _word("reportType", inner["type"], spaces)}
        return own + _body(inner, _ORDER.get(name, ()), spaces)
    text = _moment(value) if "time" in name.lower() and "offset" not in name.lower() else _word(name, value, spaces)
    return f"{own}={text}"


def _typed(name: str, before: str, one: Fields, spaces: Mapping[str, str]) -> str:
    kind = one.get("type")
    told = "" if kind is None else f"type={_worded(before, str(kind), spaces)}"
    return f"{told}{name}={_canonical(str(one[name]), spaces)}"


def _word(name: str, value: Any, spaces: Mapping[str, str]) -> str:
    before = _WORDS.get(name)
    return _canonical(str(value), spaces) if before is None else _worded(before, str(value), spaces)


def _worded(before: str, word: str, spaces: Mapping[str, str]) -> str:
    return _canonical(word, spaces) if ":" in word else before + word


def _canonical(text: str, spaces: Mapping[str, str]) -> str:
    text = text.strip()
    if _NUMBER.fullmatch(text):
        number = float(text)
        return str(int(number)) if number.is_integer() else repr(number)
    if text.startswith("urn:epcglobal:cbv:"):
        kind, _, word = text.removeprefix("urn:epcglobal:cbv:").partition(":")
        text = f"{CBV}{_OLD_WORDS[kind]}{word}" if kind in _OLD_WORDS else text
    return canonical_link(text) or _expanded(text, spaces, braces=False)


def _expanded(name: str, spaces: Mapping[str, str], *, braces: bool) -> str:
    """Return a name in full whose prefix stands for a namespace."""
    prefix, colon, local = name.partition(":")
    if not colon or prefix not in spaces:
        return name
    return f"{{{spaces[prefix]}}}{local}" if braces else spaces[prefix] + local


def _moment(value: Any) -> str:
    """Return an hour in UTC, to the millisecond: half of one is rounded up."""
    whole, _, part = str(value).partition(".")
    digits = "".join(takewhile(str.isdecimal, part))
    at = datetime.fromisoformat(whole + part[len(digits) :]) - _EPOCH
    parts = int((digits + "0000")[:4]) if digits else 0
    found = _EPOCH + timedelta(milliseconds=at // timedelta(milliseconds=1) + (parts + 5) // 10)
    return found.strftime("%Y-%m-%dT%H:%M:%S.") + f"{found.microsecond // 1_000:03}Z"
