# SPDX-License-Identifier: AGPL-3.0-or-later
"""Resources made from declarations: one route for each operation."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Any, Protocol
from urllib.parse import quote

from aiohttp.web import Response, StreamResponse

from node.http import idempotency
from node.http.answers import as_it_is, etag_of, page_answer, respond, shown_answer, tags_match
from node.http.components import Misread, hints_of
from node.http.cursors import page_of
from node.http.forms import form_wanted, headers_of
from node.http.jsonbytes import dump
from node.http.pictures import PICTURE_BODY_BYTES_MAX, drawn_anew, pictures_in
from node.http.problems import PROBLEM_TYPE, RETRY_AFTER, Denied, ScaleOf, problem_of
from node.http.refusals import PRECONDITION_FAILED
from node.http.routes import (
    BODY_BYTES_MAX,
    JSON_TYPE,
    MOVED,
    Exchange,
    Route,
    denied,
    no_more,
    read_wish,
    wanted_reader,
)
from node.http.schema import form, json_bytes
from node.http.secret import without_secrets
from node.http.signed import reader_of
from node.loop.reckoner import worked_beside
from node.loop.waiting import Remember, Remembered
from protocol.book.declaration import Act, Actor, Create, List, ListOf, Operation, Page, Reckon, Show, operation_name
from protocol.book.refusals import NOT_FOUND, Refused


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
                case Reckon():
                    yield self._reckon(operation)

    def _change(self, operation: Create | Act, shown: Any, motion: Any) -> Route:
        """Return the route of what changes something; behind a gate it answers 202 with the motion that it became."""
        name = operation_name(operation)
        noun = operation.noun
        is_create = isinstance(operation, Create)
        path = f"/v1/{noun}" if is_create else f"/v1/{noun}/{{id}}/{operation.verb}"
        status = 201 if is_create else 200
        wish_type, wish_of = operation.wish, wish_reader(operation)
        made = form(shown)
        show = made.show or as_it_is
        id_field = id_field_of(shown)
        keep = without_secrets(shown)
        pictures = pictures_in(wish_type)

        async def handle(exchange: Exchange) -> StreamResponse:
            no_more(exchange.query)
            headers = exchange.request.headers
            wish = await wish_of(exchange.body, exchange.subject)
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
                    return self._refusal(exchange, result)
                done.append(result)
                if motion is not None and isinstance(result, motion):
                    return MOVED, JSON_TYPE, json_bytes(result)
                return status, JSON_TYPE, dump(show(result))

            if key is None or scope is None:
                answer = render(await self._runtime.ask(name, exchange.actor, wish, subject=exchange.subject))
                replayed = False
            else:
                remember = Remember(
                    scope=scope,
                    request=idempotency.request_of("POST", exchange.path, exchange.body, key),
                    render=render,
                    keep=keep,
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
            operation=operation,
            scope=f"{noun}:write",
            wish=wish_type,
            answer=shown,
            status=status,
            summary=_first_line(wish_type),
            example=operation.example,
            remembers=True,
            signed=None if operation.signed is None else operation,
            moved=motion,
            body_bytes_max=(operation.body_bytes_max if isinstance(operation, Create) else None)
            or (PICTURE_BODY_BYTES_MAX if pictures else BODY_BYTES_MAX),
        )

    async def _check_unchanged(self, noun: str, exchange: Exchange, show: Callable[[Any], Any], expected: str) -> None:
        now = await self._runtime.ask(f"{noun}.show", exchange.actor, subject=exchange.subject)
        if now is None or isinstance(now, Refused) or not tags_match(expected, etag_of(dump(show(now))), weakly=False):
            raise Denied(PRECONDITION_FAILED)

    def _show(self, operation: Show) -> Route:
        name = operation_name(operation)
        show = form(operation.shown).show or as_it_is

        async def handle(exchange: Exchange) -> StreamResponse:
            no_more(exchange.query)
            result = await self._runtime.ask(name, exchange.actor, subject=exchange.subject)
            if result is None:
                raise Denied(NOT_FOUND)
            if isinstance(result, Refused):
                return self._refused(exchange, result)
            return shown_answer(exchange, dump(show(result)))

        return Route(
            "GET",
            f"/v1/{operation.noun}/{{id}}",
            name,
            operation.who,
            handle,
            operation=operation,
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
            operation=operation,
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
        read_wanted = wanted_reader(operation.wanted)
        paged = self._paged(operation.item)

        async def handle(exchange: Exchange) -> StreamResponse:
            query = dict(exchange.query)
            after, limit = page_of(exchange, query)
            wanted, subject = read_wanted(query), exchange.subject
            found = await self._runtime.ask(name, exchange.actor, wanted, subject=subject, after=after, limit=limit)
            return paged(exchange, found)

        return Route(
            "GET",
            f"/v1/{operation.noun}/{{id}}/{operation.what}",
            name,
            operation.who,
            handle,
            operation=operation,
            scope=f"{operation.noun}:read",
            wanted=operation.wanted,
            answer=operation.item,
            paged=True,
            summary=_first_line(operation.item),
            tagged=True,
            example=operation.example,
        )

    def _reckon(self, operation: Reckon) -> Route:
        """Return the route of figures; what tells much in its body changes nothing either, and is kept under no key."""
        name = operation_name(operation)
        show = form(operation.shown).show or as_it_is
        read_wanted = None if operation.told else wanted_reader(operation.wanted)

        async def handle(exchange: Exchange) -> StreamResponse:
            query = dict(exchange.query)
            other = form_wanted(operation.forms, query, exchange.request.headers.get("Accept", ""))
            if read_wanted is None:
                no_more(query)
                wanted = read_wish(operation.wanted, exchange.body)
            else:
                wanted = read_wanted(query)
            result = await self._runtime.ask(name, exchange.actor, wanted)
            if isinstance(result, Refused):
                return self._refused(exchange, result)
            if other is not None:
                text = (await asyncio.to_thread(other.write, result)).encode()
                content_type, more = f"{other.media}; charset=utf-8", headers_of(other)
                return shown_answer(exchange, text, content_type=content_type, more=more)
            body = dump(show(result))
            more = {"Vary": "Authorization, Accept"} if operation.forms else None
            return respond(body) if operation.told else shown_answer(exchange, body, more=more)

        return Route(
            "POST" if operation.told else "GET",
            f"/v1/{operation.noun}/{operation.what}",
            name,
            operation.who,
            handle,
            operation=operation,
            scope=f"{operation.noun}:read",
            wish=operation.wanted if operation.told else None,
            wanted=None if operation.told else operation.wanted,
            answer=operation.shown,
            summary=_first_line(operation.wanted) or _first_line(operation.shown),
            tagged=not operation.told,
            example=operation.example,
            forms=operation.forms,
        )

    def _paged(self, item: Any) -> Callable[[Exchange, Any], StreamResponse]:
        def paged(exchange: Exchange, result: Page | Refused | None) -> StreamResponse:
            if result is None:
                raise Denied(NOT_FOUND)
            return (
                self._refused(exchange, result) if isinstance(result, Refused) else page_answer(exchange, item, result)
            )

        return paged

    def _refusal(self, exchange: Exchange, refused: Refused) -> tuple[int, str, bytes]:
        status, body = problem_of(refused, self._scale_of, exchange.request.headers.get("Accept-Language"))
        return status, PROBLEM_TYPE, body

    def _refused(self, exchange: Exchange, refused: Refused) -> Response:
        status, content_type, body = self._refusal(exchange, refused)
        more = {"Retry-After": RETRY_AFTER} if status in (429, 503) else None
        return respond(body, status=status, content_type=content_type, headers=more)


def id_field_of(shown: Any) -> str:
    """Return by which field a shown thing is addressed: `id`, or the first where there is none."""
    names = list(hints_of(shown))
    return "id" if "id" in names else names[0]


def wish_reader(operation: Create | Act) -> Callable[[bytes, str], Awaitable[Any]]:
    """Return what reads the wish of a body and a path's id, and does what is done before it is planned.

    It raises Denied.
    """
    read, pictures = reader_of(operation), pictures_in(operation.wish)
    ahead = operation.ahead if isinstance(operation, Create) else None

    async def wish_of(body: bytes, subject: str) -> Any:
        try:
            wish = read(body, subject)
        except Misread as misread:
            raise denied(misread) from None
        wish = await drawn_anew(wish, pictures)
        if ahead is None:
            return wish
        found = await worked_beside(partial(ahead, wish))
        if isinstance(found, Refused):
            raise Denied.of(found)
        return found

    return wish_of


def _first_line(kind: Any) -> str:
    text = getattr(kind, "__doc__", None) or ""
    return "" if text.startswith(f"{kind.__name__}(") else text.strip().partition("\n")[0]
