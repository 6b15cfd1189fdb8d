# SPDX-License-Identifier: AGPL-3.0-or-later
"""Figures in other forms than JSON: a picture, a table for a spreadsheet, linked data, a page to print."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from hashlib import sha256

from node.http.problems import Denied
from node.http.routes import JSON_TYPE
from protocol.book.declaration import ReckonForm
from protocol.book.refusals import MALFORMED

FORMAT_FIELD = "format"
JSON_FORM = "json"


def form_wanted(forms: Sequence[ReckonForm], query: dict[str, str], accept: str) -> ReckonForm | None:
    """Return in which form figures are wanted, None for JSON; the query loses its `format`, which outdoes Accept."""
    name = query.pop(FORMAT_FIELD, None) if forms else None
    if name is not None:
        found = next((one for one in forms if one.name == name), None)
        if found is None and name != JSON_FORM:
            raise Denied(MALFORMED, field=FORMAT_FIELD, expected=" or ".join(names_of(forms)))
        return found
    for media in (part.partition(";")[0].strip().lower() for part in accept.split(",")):
        if media == JSON_TYPE:
            return None
        if found := next((one for one in forms if one.media == media), None):
            return found
    return None


def names_of(forms: Sequence[ReckonForm]) -> tuple[str, ...]:
    """Return what may be asked for as `format`."""
    return (JSON_FORM, *(one.name for one in forms))


def headers_of(form: ReckonForm) -> Mapping[str, str]:
    """Return what an answer in a form bears beyond what all bear: a page may use its own style sheet, and no other."""
    own = {"Vary": "Authorization, Accept", "Referrer-Policy": "no-referrer"}
    if form.style:
        own["Content-Security-Policy"] = (
            f"default-src 'none'; frame-ancestors 'none'; style-src '{hash_of(form.style)}'"
        )
    return own


def hash_of(style: str) -> str:
    """Return a style sheet's hash as a policy names it (CSP 3)."""
    return f"sha256-{b64encode(sha256(style.encode()).digest()).decode()}"
