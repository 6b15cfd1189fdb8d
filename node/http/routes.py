# SPDX-License-Identifier: AGPL-3.0-or-later
"""Resources made from declarations: one route for each operation, and the table that finds it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, Protocol
from urllib.parse import parse_qsl, quote, unquote_to_bytes

from aiohttp.web import BaseRequest, Response, StreamResponse

from node.http import idempotency
from node.http.problems import PROBLEM_TYPE, RETRY_AFTER, Denied, ScaleOf, refusal
from node.http.refusals import CURSOR_UNKNOWN, PRECONDITION_FAILED
from node.http.schema import Misread, bytes_text, dump, dumped, form, hints_of, parse, read_text, required_of
from node.http.signed import reader_of
from node.loop.runtime import Remember, Remembered
from protocol.book.declaration import (
    PAGE_ITEMS_DEFAULT,
    PAGE_ITEMS_MAX,
    Act,
    Actor,
    Create,
    List,
    ListOf,
    Operation,
    Page,
    Role,
    Show,
    operation_name,
)
from protocol.book.refusals import MALFORMED, NOT_FOUND, Refused

JSON_TYPE = "application/json"
MOVED = 202
"""The status of a wish that was put to the vote instead of being done."""
BODY_BYTES_MAX = 64 * 1024
QUERY_FIELDS_MAX = 32
CURSOR_BYTES = 8
CURSOR_MARK_BYTES = 4


@dataclass(slots=True)
class Exchange:
    """One request on its way to an answer."""

    request: BaseRequest
    actor: Actor
    path: str
    subject: str
    query: Mapping[str, str]
    body: bytes
    address: str


@dataclass(frozen=True, slots=True)
class Route:
    """What is done at one path by one method, and all that the OpenAPI document says of it.

    `scope` is what a scoped token needs; `wish`, `wanted` and `answer` are the types of the body, of the
    query parameters and of the answer; a paged answer is a list of `answer`. One that `remembers` honours
    idempotency keys, one that is `tagged` bears an ETag, one that `resumes` is a stream of events.
    `statuses` are those of problems beyond the usual ones; `moved` is what is shown of a wish that was put to the vote.
    """

    method: str
    path: str
    name: str
    who: frozenset[Role]
    handle: Callable[[Exchange], Awaitable[StreamResponse]]
    scope: str | None = None
    wish: type[Any] | None = None
    wanted: type[Any] | None = None
    answer: Any = None
    paged: bool = False
    status: int = 200
    produces: str = JSON_TYPE
    summary: str = ""
    example: str = ""
    remembers: bool = False
    tagged: bool = False
    resumes: bool = False
    statuses: tuple[int, ...] = ()
    signed: Create | Act | None = None
    """The operation, where members sign its wish."""
    moved: Any = None


class Answers(Protocol):
    """What routes need of the runtime."""

    async def ask(
        self,
        operation: str,
        actor: Actor,
        wish: Any = None,
        *,
        subject: str = "",
        after: int = 0,
        limit: int = 50,
    ) -> Any: ...

    async def knows(self, scope: bytes) -> bool: ...

    async def ask_once(
        self, operation: str, actor: Actor, wish: Any = None, *, subject: str = "", remember: Remember
    ) -> Remembered: ...


class Table:
    """Finds the routes of a path: fixed paths first, then one id in the third place."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self.routes = tuple(routes)
        self._fixed: dict[str, dict[str, Route]] = {}
        self._of_one: dict[tuple[str, ...], dict[str, Route]] = {}
        for route in self.routes:
            parts = route.path.split("/")
            if "{id}" in parts:
                assert parts[1] == "v1" and parts[3] == "{id}" and len(parts) in (4, 5), route.path
                methods = self._of_one.setdefault((parts[2], *parts[4:]), {})
            else:
                methods = self._fixed.setdefault(route.path, {})
            assert route.method not in methods, f"{route.method} {route.path} is declared twice"
            methods[route.method] = route

    def find(self, path: str) -> tuple[Mapping[str, Route], str]:
        """Return the routes of a raw path by method, none if it leads nowhere, and the raw id in it."""
        methods = self._fixed.get(path)
        if methods is not None:
            return methods, ""
        parts = path.split("/")
        if len(parts) in (4, 5) and parts[1] == "v1" and parts[3]:
            return self._of_one.get((parts[2], *parts[4:]), {}), parts[3]
        return {}, ""


def subject_of(raw: str) -> str:
    """Return an id as it was before percent-encoding; raises Denied where that is not text."""
    try:
        return _unquoted(raw)
    except Misread as misread:
        misread.path.append("path")
        raise denied(misread) from None


def query_of(raw: str) -> dict[str, str]:
    """Return query parameters, each given once; raises Denied."""
    if not raw:
        return {}
    try:
        pairs = parse_qsl(
            raw, keep_blank_values=True, strict_parsing=True, errors="strict", max_num_fields=QUERY_FIELDS_MAX
        )
    except ValueError:
        raise Denied(MALFORMED, field="query", expected="name=value pairs, percent-encoded UTF-8") from None
    query = dict(pairs)
    if len(query) != len(pairs):
        raise Denied(MALFORMED, field="query", expected="each parameter once")
    return query


def no_more(query: Mapping[str, str], known: Iterable[str] = ()) -> None:
    """Refuse query parameters that are not known here: a misspelt filter must not show everything."""
    if query and (unknown := query.keys() - set(known)):
        raise Denied(MALFORMED, field=min(unknown)[:64], expected="no such parameter")


def denied(misread: Misread) -> Denied:
    """Return the problem that a misread request is."""
    return Denied.of(misread.refused())


def list_of(exchange: Exchange) -> bytes:
    """Return which list a request reads, with which filters: a cursor counts in that list alone."""
    filters = sorted((name, text) for name, text in exchange.query.items() if name not in ("cursor", "limit"))
    return json.dumps([exchange.path, filters]).encode()


def cursor_text(after: int, of: bytes) -> str:
    """Return the opaque cursor of an arrival number in a list: the number, and what tells it from any other's."""
    number = after.to_bytes(CURSOR_BYTES, "big")
    return bytes_text(number + _mark_of(number, of))


def read_cursor(text: str, of: bytes) -> int:
    """Return the arrival number of a cursor that cursor_text has made of this list; raises Denied for any other."""
    try:
        data = form(bytes).read(text)
    except Misread:
        data = b""
    number, mark = data[:CURSOR_BYTES], data[CURSOR_BYTES:]
    if len(number) != CURSOR_BYTES or mark != _mark_of(number, of) or number[0] & 0x80:
        raise Denied(CURSOR_UNKNOWN)
    return int.from_bytes(number, "big")


def _mark_of(number: bytes, of: bytes) -> bytes:
    return sha256(number + of).digest()[:CURSOR_MARK_BYTES]


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


def shown_answer(exchange: Exchange, body: bytes) -> Response:
    """Return what is shown with its entity tag, or 304 where the client has it already."""
    tag = etag_of(body)
    headers = {**KEPT_HEADERS, "ETag": tag}
    wanted = exchange.request.headers.get("If-None-Match")
    if wanted is not None and tags_match(wanted, tag, weakly=True):
        return Response(status=304, headers={**SAFE_HEADERS, **headers})
    return respond(body, headers=headers)


def page_answer(exchange: Exchange, item: Any, page: Page) -> Response:
    """Return a page of items, with the cursor of the next one."""
    show = form(item).show or _as_it_is
    following = None if page.next is None else cursor_text(page.next, list_of(exchange))
    return shown_answer(exchange, dump({"items": [show(one) for one in page.items], "next": following}))


def nothing() -> Response:
    """Return the answer that a thing was done of which nothing is shown."""
    return Response(status=204, headers=SAFE_HEADERS)


def read_wish(wish: type[Any], body: bytes) -> Any:
    """Return the wish that a body holds; an empty body stands for no fields. Raises Denied."""
    try:
        return form(wish).read(parse(body) if body else {})
    except Misread as misread:
        raise denied(misread) from None


class Resources:
    """The routes of all declared operations, answered by one runtime."""

    def __init__(self, runtime: Answers, scale_of: ScaleOf) -> None:
        self._runtime = runtime
        self._scale_of = scale_of

    def routes(self, operations: Mapping[str, Operation]) -> Iterable[Route]:
        """Return one route for each operation; asserts that whatever can be changed can be shown."""
        shown = {one.noun: one.shown for one in operations.values() if isinstance(one, Show)}
        for operation in operations.values():
            match operation:
                case Create(noun) | Act(noun):
                    assert noun in shown, f"{noun} can be changed but not shown"
                    yield self._change(operation, shown[noun], None if operation.gate is None else shown["motions"])
                case Show():
                    yield self._show(operation)
                case List():
                    yield self._list(operation)
                case ListOf():
                    yield self._list_of(operation)

    def _change(self, operation: Create | Act, shown: Any, motion: Any) -> Route:
        """Return the route of what changes something; behind a gate it answers 202 with the motion that it became."""
        name = operation_name(operation)
        noun = operation.noun
        is_create = isinstance(operation, Create)
        path = f"/v1/{noun}" if is_create else f"/v1/{noun}/{{id}}/{operation.verb}"
        status = 201 if is_create else 200
        wish_type, read = operation.wish, reader_of(operation)
        made = form(shown)
        show = made.show or _as_it_is
        id_field = id_field_of(shown)

        async def handle(exchange: Exchange) -> StreamResponse:
            no_more(exchange.query)
            headers = exchange.request.headers
            try:
                wish = read(exchange.body, exchange.subject)
            except Misread as misread:
                raise denied(misread) from None
            key = headers.get("Idempotency-Key")
            scope = None
            if key is not None:
                idempotency.check_key(key)
                scope = idempotency.scope_of(exchange.actor, key)
            expected = headers.get("If-Match")
            # What is asked again was compared at first, and may itself have changed the resource since.
            if expected is not None and not is_create and not (scope and await self._runtime.knows(scope)):
                await self._check_unchanged(noun, exchange, show, expected)
            done: list[Any] = []

            def render(result: Any) -> tuple[int, str, bytes]:
                if isinstance(result, Refused):
                    return self._refusal(result)
                done.append(result)
                if motion is not None and isinstance(result, motion):
                    return MOVED, JSON_TYPE, dumped(result)
                return status, JSON_TYPE, dump(show(result))

            if scope is None:
                answer = render(await self._runtime.ask(name, exchange.actor, wish, subject=exchange.subject))
                replayed = False
            else:
                remember = Remember(
                    scope=scope,
                    request=idempotency.request_of("POST", exchange.path, exchange.body),
                    render=render,
                )
                kept = await self._runtime.ask_once(
                    name, exchange.actor, wish, subject=exchange.subject, remember=remember
                )
                answer, replayed = (kept.status, kept.content_type, kept.body), kept.replayed
            more: dict[str, str] = {"Idempotency-Replayed": "true"} if replayed else {}
            if answer[0] == status:
                more["ETag"] = etag_of(answer[2])
                if is_create:
                    identity = getattr(done[0], id_field) if done else json.loads(answer[2])[id_field]
                    more["Location"] = f"/v1/{noun}/{quote(str(identity), safe='@:')}"
            elif answer[0] == MOVED:
                more["Location"] = f"/v1/motions/{json.loads(answer[2])['id']}"
            elif answer[0] == 503:
                more["Retry-After"] = RETRY_AFTER
            return respond(answer[2], status=answer[0], content_type=answer[1], headers=more)

        return Route(
            "POST",
            path,
            name,
            operation.who,
            handle,
            scope=f"{noun}:write",
            wish=wish_type,
            answer=shown,
            status=status,
            summary=_first_line(wish_type),
            example=operation.example,
            remembers=True,
            signed=None if operation.signed is None else operation,
            moved=motion,
        )

    async def _check_unchanged(self, noun: str, exchange: Exchange, show: Callable[[Any], Any], expected: str) -> None:
        now = await self._runtime.ask(f"{noun}.show", exchange.actor, subject=exchange.subject)
        if now is None or isinstance(now, Refused) or not tags_match(expected, etag_of(dump(show(now))), weakly=False):
            raise Denied(PRECONDITION_FAILED)

    def _show(self, operation: Show) -> Route:
        name = operation_name(operation)
        show = form(operation.shown).show or _as_it_is

        async def handle(exchange: Exchange) -> StreamResponse:
            no_more(exchange.query)
            result = await self._runtime.ask(name, exchange.actor, subject=exchange.subject)
            if result is None:
                raise Denied(NOT_FOUND)
            if isinstance(result, Refused):
                return self._refused(result)
            return shown_answer(exchange, dump(show(result)))

        return Route(
            "GET",
            f"/v1/{operation.noun}/{{id}}",
            name,
            operation.who,
            handle,
            scope=f"{operation.noun}:read",
            answer=operation.shown,
            summary=_first_line(operation.shown),
            tagged=True,
            example=operation.example,
        )

    def _list(self, operation: List) -> Route:
        name = operation_name(operation)
        read_wanted = wanted_reader(operation.wanted)
        paged = self._paged(operation.item)

        async def handle(exchange: Exchange) -> StreamResponse:
            query = dict(exchange.query)
            after, limit = page_of(exchange, query)
            wanted = read_wanted(query)
            return paged(exchange, await self._runtime.ask(name, exchange.actor, wanted, after=after, limit=limit))

        return Route(
            "GET",
            f"/v1/{operation.noun}",
            name,
            operation.who,
            handle,
            scope=f"{operation.noun}:read",
            wanted=operation.wanted,
            answer=operation.item,
            paged=True,
            summary=_first_line(operation.wanted) or _first_line(operation.item),
            tagged=True,
            example=operation.example,
        )

    def _list_of(self, operation: ListOf) -> Route:
        name = operation_name(operation)
        paged = self._paged(operation.item)

        async def handle(exchange: Exchange) -> StreamResponse:
            query = dict(exchange.query)
            after, limit = page_of(exchange, query)
            no_more(query)
            return paged(
                exchange,
                await self._runtime.ask(name, exchange.actor, subject=exchange.subject, after=after, limit=limit),
            )

        return Route(
            "GET",
            f"/v1/{operation.noun}/{{id}}/{operation.what}",
            name,
            operation.who,
            handle,
            scope=f"{operation.noun}:read",
            answer=operation.item,
            paged=True,
            summary=_first_line(operation.item),
            tagged=True,
            example=operation.example,
        )

    def _paged(self, item: Any) -> Callable[[Exchange, Any], StreamResponse]:
        def paged(exchange: Exchange, result: Page | Refused | None) -> StreamResponse:
            if result is None:
                raise Denied(NOT_FOUND)
            return self._refused(result) if isinstance(result, Refused) else page_answer(exchange, item, result)

        return paged

    def _refusal(self, refused: Refused) -> tuple[int, str, bytes]:
        status, body = refusal(refused, self._scale_of)
        return status, PROBLEM_TYPE, body

    def _refused(self, refused: Refused) -> Response:
        status, content_type, body = self._refusal(refused)
        more = {"Retry-After": RETRY_AFTER} if status == 503 else None
        return respond(body, status=status, content_type=content_type, headers=more)


def page_of(exchange: Exchange, query: dict[str, str]) -> tuple[int, int]:
    """Take cursor and limit out of the query of a request for a list; raises Denied where they cannot be."""
    cursor, limit = query.pop("cursor", None), query.pop("limit", None)
    count = PAGE_ITEMS_DEFAULT
    if limit is not None:
        if not (limit.isascii() and limit.isdigit() and len(limit) <= 3 and 1 <= int(limit) <= PAGE_ITEMS_MAX):
            raise Denied(MALFORMED, field="limit", expected=f"a number from 1 to {PAGE_ITEMS_MAX}")
        count = int(limit)
    return 0 if cursor is None else read_cursor(cursor, list_of(exchange)), count


def wanted_reader(wanted: type[Any]) -> Callable[[Mapping[str, str]], Any]:
    """Return what makes a list's wish of query parameters; raises TypeError where a field cannot be one."""
    readers: dict[str, Callable[[str], Any]] = {}
    for name, hint in hints_of(wanted).items():
        read = form(hint).read_text
        if read is None:
            raise TypeError(f"{wanted.__qualname__}.{name} cannot be a query parameter")
        readers[name] = read
    required = required_of(wanted)

    def read_wanted(query: Mapping[str, str]) -> Any:
        no_more(query, readers)
        found: dict[str, Any] = {}
        for name, text in query.items():
            try:
                found[name] = readers[name](text)
            except Misread as misread:
                misread.path.append(name)
                raise denied(misread) from None
        missing = next((name for name in required if name not in found), None)
        if missing is not None:
            raise Denied(MALFORMED, field=missing, expected="a value")
        return wanted(**found)

    return read_wanted


def id_field_of(shown: Any) -> str:
    """Return by which field a shown thing is addressed: `id`, or the first where there is none."""
    names = list(hints_of(shown))
    return "id" if "id" in names else names[0]


def _as_it_is(value: Any) -> Any:
    return value


def _unquoted(raw: str) -> str:
    data = unquote_to_bytes(raw)
    try:
        return read_text(data.decode())
    except UnicodeDecodeError:
        raise Misread(expected="percent-encoded UTF-8") from None


def _first_line(kind: Any) -> str:
    text = getattr(kind, "__doc__", None) or ""
    return "" if text.startswith(f"{kind.__name__}(") else text.strip().partition("\n")[0]
