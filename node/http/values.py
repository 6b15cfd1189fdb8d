# SPDX-License-Identifier: AGPL-3.0-or-later
"""Plain values as they stand in JSON and in query parameters: texts, numbers, bytes, ids, times, amounts."""

import re
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NoReturn

from node.http.components import Components, Misread, Schema, ValueForm, described_object
from protocol.book.declaration import TextRef
from protocol.book.folding import MARKS_ON_LETTER_MAX, TextFault, composed
from protocol.book.money import AMOUNT_MINOR_MAX, ASSET_SCALE_MAX, Amount
from protocol.book.refusals import AMOUNT_MALFORMED, AMOUNT_TOO_LARGE
from protocol.book.signed import TIME_MS_MAX, parse_uuid, uuid_text

MOMENT_MS_MAX = 253_402_300_799_999
"""9999-12-31T23:59:59.999Z, the last moment that RFC 3339 can write."""

_TO_BASE64URL = bytes.maketrans(b"+/", b"-_")
_TO_BASE64 = bytes.maketrans(b"-_+/=", b"+/   ")

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")
_DIGITS = re.compile(r"-?(0|[1-9][0-9]*)")
_INTEGER = re.compile(r"-?[0-9]{1,19}")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|\+00:00)", re.ASCII)


def bytes_text(data: bytes) -> str:
    """Return bytes as base64url without padding (RFC 4648 5)."""
    return b2a_base64(data, newline=False).rstrip(b"=").translate(_TO_BASE64URL).decode()


def moment_text(at_ms: int) -> str:
    """Return milliseconds since 1970 as RFC 3339 in UTC, the nearest that years 1970 to 9999 can tell."""
    at_ms = min(max(at_ms, 0), MOMENT_MS_MAX)
    return f"{_second_text(at_ms // 1000)}.{at_ms % 1000:03}Z"


@lru_cache(maxsize=1_024)
def _second_text(at_s: int) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat()[:19]


def read_json_text(value: Any) -> str:
    """Read a text, made NFC: no control characters but line feed and tab, nothing that UTF-8 cannot carry.

    Keyboards and file systems write é in one character or in two. What is signed is not read here.
    """
    if type(value) is not str:
        raise Misread(expected="a text")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise Misread(expected="a text of Unicode characters") from None
        try:
            value = composed(value)
        except TextFault:
            raise Misread(expected=f"at most {MARKS_ON_LETTER_MAX} marks on a letter") from None
    if _CONTROL.search(value):
        raise Misread(expected="a text without control characters")
    return value


def _read_int(value: Any) -> int:
    if type(value) is not int or not -AMOUNT_MINOR_MAX - 1 <= value <= AMOUNT_MINOR_MAX:
        raise Misread(expected="a whole number of at most 64 bits")
    return value


def _read_int_text(text: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise Misread(expected="a whole number")
    return _read_int(int(text))


def _read_bool(value: Any) -> bool:
    if type(value) is not bool:
        raise Misread(expected="true or false")
    return value


def _read_bool_text(text: str) -> bool:
    if text not in ("true", "false"):
        raise Misread(expected="true or false")
    return text == "true"


def _read_bytes(value: Any) -> bytes:
    if type(value) is str and value.isascii():
        padded = value.encode().translate(_TO_BASE64) + b"=" * (-len(value) % 4)
        try:
            data = a2b_base64(padded)
        except ValueError:
            data = b""
        # One text for one value: what decodes otherwise, with padding or stray bits, is refused.
        if b2a_base64(data, newline=False) == padded:
            return data
    raise Misread(expected="bytes as base64url without padding")


def _read_uuid(value: Any) -> bytes:
    found = parse_uuid(value) if type(value) is str else None
    if found is None:
        raise Misread(expected="a UUID in small letters")
    return found


def _read_moment(value: Any) -> int:
    if type(value) is str and _MOMENT.fullmatch(value):
        try:
            at = datetime.fromisoformat(value.upper())
        except ValueError:
            pass
        else:
            at_ms = int(at.replace(microsecond=0).timestamp()) * 1000 + at.microsecond // 1000
            if 0 <= at_ms <= TIME_MS_MAX:
                return at_ms
    raise Misread(expected="a time such as 2026-05-01T12:00:00Z, not beyond the year 6429")


def _read_amount(value: Any) -> Amount:
    if type(value) is not dict:
        raise Misread(AMOUNT_MALFORMED, expected="an object of value, asset_code, asset_scale")
    if not value.keys() <= {"value", "asset_code", "asset_scale"}:
        raise Misread(AMOUNT_MALFORMED, expected="only value, asset_code, asset_scale")
    digits = value.get("value")
    if type(digits) is not str or not _DIGITS.fullmatch(digits) or digits == "-0":
        raise Misread(AMOUNT_MALFORMED, expected="value as digits in a text")
    if len(digits) > 20 + ASSET_SCALE_MAX:
        raise Misread(AMOUNT_TOO_LARGE, maximum=AMOUNT_MINOR_MAX)
    code = value.get("asset_code")
    if code is not None:
        code = read_json_text(code)
    scale = value.get("asset_scale")
    if type(scale) is not int or not 0 <= scale <= ASSET_SCALE_MAX:
        # Left out, 1250 could be meant as 12.50 or as 1250.00.
        misread = Misread(AMOUNT_MALFORMED, expected="how many of the digits are decimals: 2 in 12.50")
        misread.path.append("asset_scale")
        raise misread
    amount = Amount(int(digits), code, scale).reduced()
    if abs(amount.value) > AMOUNT_MINOR_MAX:
        raise Misread(AMOUNT_TOO_LARGE, maximum=AMOUNT_MINOR_MAX)
    return amount


def _show_amount(amount: Amount) -> dict[str, Any]:
    return {"value": str(amount.value), "asset_code": amount.asset_code, "asset_scale": amount.asset_scale}


def _describe_amount(components: Components) -> Schema:
    def described() -> Schema:
        code: Schema = {"type": "string", "description": "The currency's code."}
        if components.wished:
            code = {
                "type": ["string", "null"],
                "description": "The currency's code; may be left out for the account's own.",
            }
        return described_object(
            "Whole units of the smallest part: value 1250 at asset_scale 2 is 12.50.",
            {
                "value": {"type": "string", "pattern": r"^(0|-?[1-9][0-9]{0,18})$", "examples": ["1250"]},
                "asset_code": code,
                "asset_scale": {"type": "integer", "minimum": 0, "maximum": ASSET_SCALE_MAX},
            },
            ("value", "asset_scale"),
            components,
        )

    return components.refer(Amount, described)


def _show_text_ref(text: Any) -> str | None:
    # An erased text leaves its reference behind, which tells a member nothing.
    return text if isinstance(text, str) else None


def _read_text_ref(value: Any) -> NoReturn:
    del value
    raise TypeError("a text reference is shown, never wished for")


def fixed(schema: Schema) -> Callable[[Components], Schema]:
    return lambda _: dict(schema)


PLAIN: Mapping[Any, ValueForm] = {
    str: ValueForm(read_json_text, None, fixed({"type": "string"}), read_json_text),
    int: ValueForm(_read_int, None, fixed({"type": "integer", "format": "int64"}), _read_int_text),
    bool: ValueForm(_read_bool, None, fixed({"type": "boolean"}), _read_bool_text),
    bytes: ValueForm(
        _read_bytes,
        bytes_text,
        fixed({"type": "string", "contentEncoding": "base64url", "pattern": "^[A-Za-z0-9_-]*$"}),
        _read_bytes,
    ),
    Amount: ValueForm(_read_amount, _show_amount, _describe_amount),
    TextRef: ValueForm(
        _read_text_ref,
        _show_text_ref,
        fixed({"type": ["string", "null"], "description": "null once it has been erased."}),
    ),
}
ANYTHING = ValueForm(_read_text_ref, None, fixed({"type": "object"}))
UUID_FORM = ValueForm(_read_uuid, uuid_text, fixed({"type": "string", "format": "uuid"}), _read_uuid)
MOMENT_FORM = ValueForm(_read_moment, moment_text, fixed({"type": "string", "format": "date-time"}), _read_moment)
