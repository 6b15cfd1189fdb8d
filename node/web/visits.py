# SPDX-License-Identifier: AGPL-3.0-or-later
"""One visit to a page: who comes, in which language, with what in the address and in the form."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from hmac import compare_digest, new
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from aiohttp.web import BaseRequest

from node.http.problems import Denied
from node.http.refusals import FORM_STALE
from node.http.values import bytes_text
from node.web.words import PageWords
from protocol.book.declaration import Actor
from protocol.book.refusals import MALFORMED

SESSION, LANGUAGE_COOKIE = "mutirao", "language"
"""The two cookies: who is signed in, and the language that was chosen."""
FORM_TOKEN = "_form"  # noqa: S105  # a field's name
KEY_FIELD, STEP_FIELD = "_key", "_step"
SIGNED_DATA_FIELD, SIGNATURE_FIELD, TEXT_SALT_FIELD = "_signed", "_signature", "_salt."
"""What a browser's key has signed, and the salts of its texts, each by the field of the text."""
OWN_FIELDS = "_"
"""How the names of a form's own fields begin."""
FIELDS_MAX = 2_000
COOKIE_SECONDS = 30 * 24 * 60 * 60


@dataclass(slots=True)
class PageRequest:
    """A request for a page, on its way."""

    request: BaseRequest
    actor: Actor
    words: PageWords
    address: str
    path: str
    query: Mapping[str, str]
    bearer: str = ""
    secure: bool = False
    posted: Mapping[str, Sequence[str]] = field(default_factory=dict[str, Sequence[str]])
    files: Mapping[str, bytes] = field(default_factory=dict[str, bytes])
    """What was sent along with a form, by field."""

    @property
    def origin(self) -> str:
        """Where this node is, as who looks has reached it."""
        return f"{'https' if self.secure else 'http'}://{self.request.headers.get('Host', '')}"

    def first(self, name: str) -> str:
        """Return the first value of a posted field."""
        return next(iter(self.posted.get(name, ())), "").strip()

    @property
    def typed(self) -> dict[str, Sequence[str]]:
        """What was typed, without the fields that are a form's own."""
        return {name: values for name, values in self.posted.items() if not name.startswith(OWN_FIELDS)}


def cookies_of(request: BaseRequest) -> Mapping[str, str]:
    """Return the cookies of a request; none where they cannot be read."""
    try:
        return {name: one.value for name, one in SimpleCookie(request.headers.get("Cookie", "")).items()}
    except CookieError:
        return {}


def set_cookie(name: str, value: str, *, secure: bool, seconds: int = COOKIE_SECONDS) -> str:
    """Return a Set-Cookie header: no script reads it, and no other site sends it along with a form."""
    return f"{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{'; Secure' if secure else ''}"


def read_form(body: bytes) -> dict[str, Sequence[str]]:
    """Return the fields of a posted form; raises Denied."""
    try:
        found = parse_qs(body.decode(), keep_blank_values=True, errors="strict", max_num_fields=FIELDS_MAX)
    except ValueError:
        raise Denied(MALFORMED, field="body", expected="a form in UTF-8") from None
    # Browsers end lines by CR LF.
    return {name: [one.replace("\r\n", "\n") for one in values] for name, values in found.items()}


def form_token(secret: bytes, bearer: str) -> str:
    """Return what a form holds to show that this node made it for who is signed in (against forged requests)."""
    return bytes_text(new(secret, bearer.encode(), sha256).digest()[:16])


def check_form(visit: PageRequest, secret: bytes) -> None:
    """Raise Denied unless a form was sent by a page of this node to who is signed in."""
    origin = visit.request.headers.get("Origin")
    host = visit.request.headers.get("Host", "")
    if origin is not None and origin.partition("://")[2] != host:
        raise Denied(FORM_STALE)
    if not compare_digest(visit.first(FORM_TOKEN).encode(), form_token(secret, visit.bearer).encode()):
        raise Denied(FORM_STALE)
