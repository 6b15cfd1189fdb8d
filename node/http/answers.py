# SPDX-License-Identifier: AGPL-3.0-or-later
"""Answers as every client gets them: headers, entity tags, pages of a list."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from aiohttp.web import Response

from node.http.cursors import cursor_text, list_of
from node.http.jsonbytes import dump
from node.http.routes import JSON_TYPE, Exchange
from node.http.schema import form
from node.http.values import bytes_text
from protocol.book.declaration import Page


def etag_of(body: bytes) -> str:
    """Return the strong entity tag of a representation (RFC 9110 8.8.3)."""
    return f'"{bytes_text(sha256(body).digest()[:16])}"'


def tags_match(header: str, tag: str, *, weakly: bool) -> bool:
    """Tell whether a header names a tag: If-None-Match compares weakly, If-Match not (RFC 9110 13.1)."""
    told = (one.strip() for one in header.split(","))
    return any(one == "*" or (one.removeprefix("W/") if weakly else one) == tag for one in told)


def respond(
    body: bytes, *, status: int = 200, content_type: str = JSON_TYPE, headers: Mapping[str, str] | None = None
) -> Response:
    """Return an answer with the headers that every answer bears."""
    return Response(body=body, status=status, headers={**SAFE_HEADERS, "Content-Type": content_type, **(headers or {})})


SAFE_HEADERS: Mapping[str, str] = {
    "Server": "mutirao",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}
# What may be kept is checked again each time, and never given to somebody else.
KEPT_HEADERS: Mapping[str, str] = {"Cache-Control": "private, no-cache", "Vary": "Authorization"}


def shown_answer(
    exchange: Exchange, body: bytes, *, content_type: str = JSON_TYPE, more: Mapping[str, str] | None = None
) -> Response:
    """Return what is shown with its entity tag, or 304 where the client has it already."""
    tag = etag_of(body)
    headers = {**KEPT_HEADERS, **(more or {}), "ETag": tag}
    wanted = exchange.request.headers.get("If-None-Match")
    if wanted is not None and tags_match(wanted, tag, weakly=True):
        return Response(status=304, headers={**SAFE_HEADERS, **headers})
    return respond(body, content_type=content_type, headers=headers)


def page_answer(exchange: Exchange, item: Any, page: Page) -> Response:
    """Return a page of items, with the cursor of the next one."""
    show = form(item).show or as_it_is
    following = None if page.next is None else cursor_text(page.next, list_of(exchange))
    return shown_answer(exchange, dump({"items": [show(one) for one in page.items], "next": following}))


def nothing() -> Response:
    """Return the answer that a thing was done of which nothing is shown."""
    return Response(status=204, headers=SAFE_HEADERS)


def as_it_is(value: Any) -> Any:
    return value
