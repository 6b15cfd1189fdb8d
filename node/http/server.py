# SPDX-License-Identifier: AGPL-3.0-or-later
"""Listens, finds the route, settles who asks, and answers everything in one form.

It stands on aiohttp's bare server: its router and middlewares would cost a third of a request, and
would answer what they refuse in another form than ours.
"""

import asyncio
import logging
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from socket import socket
from ssl import SSLContext
from time import perf_counter
from traceback import format_tb
from typing import Any, Protocol

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from node.http.answers import respond
from node.http.auth import TokenGate, allow
from node.http.problems import PROBLEM_TYPE, RETRY_AFTER, Denied, ScaleOf, problem
from node.http.refusals import BODY_TOO_LARGE, CONTENT_TYPE_UNSUPPORTED, INTERNAL, METHOD_NOT_ALLOWED, PATH_UNKNOWN
from node.http.routes import JSON_TYPE, Exchange, Route, RouteTable, query_of, subject_of
from node.store.picture import PICTURE_READ_BYTES_MAX
from protocol.book.declaration import Role
from protocol.book.refusals import MALFORMED

CONNECTIONS_MAX = 512
KEEPALIVE_SECONDS = 75.0
BODY_SECONDS_MAX = 30.0
LINGERING_SECONDS = 5.0
"""For how long the rest of a refused body is read and dropped, so that its sender sees the answer."""
STOP_SECONDS_MAX = 3.0

FORM_TYPE = "application/x-www-form-urlencoded"
FORM_BYTES_MAX = 256 * 1024
FILES_TYPE = "multipart/form-data"
FILES_BYTES_MAX = PICTURE_READ_BYTES_MAX + FORM_BYTES_MAX
"""Of a form with a file: one picture as a telephone makes it, and what is typed beside it."""

_BAD_PERCENT = re.compile(r"%(?![0-9A-Fa-f]{2})")

log = logging.getLogger(__name__)


class Pages(Protocol):
    """What answers for addresses that are none of the API's."""

    def serves(self, raw_path: str, accepted: str) -> bool: ...

    async def answer(
        self, request: web.BaseRequest, raw_path: str, raw_query: str, address: str, body: bytes
    ) -> web.StreamResponse: ...


class Door:
    """One listening HTTP server over a table of routes.

    `answered` counts answers by operation and status, `seconds` sums the time they took.
    """

    def __init__(
        self,
        table: RouteTable,
        site: Pages,
        *,
        gate: TokenGate,
        scale_of: ScaleOf,
        behind_proxy: bool = False,
    ) -> None:
        self._table = table
        self._site = site
        self._gate = gate
        self._scale_of = scale_of
        self._behind_proxy = behind_proxy
        self._runner: web.ServerRunner | None = None
        self.answered: Counter[tuple[str, int]] = Counter()
        self.seconds: defaultdict[str, float] = defaultdict(float)

    async def start(self, host: str, port: int, tls: SSLContext | None = None, at: Sequence[socket] = ()) -> str:
        """Listen, `at` sockets where there are such, and return the URL to ask at; port 0 takes a free one.

        Raises OSError.
        """
        runner = web.ServerRunner(_Server(self), shutdown_timeout=STOP_SECONDS_MAX)
        await runner.setup()
        try:
            for one in at:
                await web.SockSite(runner, one, ssl_context=tls).start()
            if not at:
                await web.TCPSite(runner, host, port, ssl_context=tls).start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner = runner
        name, bound = runner.addresses[0][:2]
        return f"{'https' if tls else 'http'}://{f'[{name}]' if ':' in name else name}:{bound}"

    async def stop_listening(self) -> None:
        """Take no more connections; those that are open go on."""
        for site in () if self._runner is None else tuple(self._runner.sites):
            await site.stop()

    async def stop(self) -> None:
        """Take no more requests, let those under way end within STOP_SECONDS_MAX, close."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def answer(self, request: web.BaseRequest) -> web.StreamResponse:
        """Answer a request: with what its route gives, or with a problem."""
        began = perf_counter()
        name = "unknown"
        try:
            raw_path, _, raw_query = _target(request).partition("?")
            methods, raw_id = self._table.find(raw_path)
            if not methods and self._site.serves(raw_path, request.headers.get("Accept", "")):
                name = "page"
                return await self._page(request, raw_path, raw_query)
            route = _route(methods, request.method)
            name = route.name
            response = await route.handle(await self._exchange(request, route, raw_path, raw_query, raw_id))
        except Denied as denied:
            response = self._problem(denied, request)
        except ConnectionError:
            raise  # the client has left
        except Exception as fault:  # noqa: BLE001  # whatever we did wrong, the client gets a problem
            # Neither the message nor a value is logged: they may hold what a member wrote.
            trace = "".join(format_tb(fault.__traceback__))
            log.error("%s %s: %s\n%s", request.method, name, type(fault).__name__, trace)
            response = self._problem(Denied(INTERNAL), request)
        self.answered[name, response.status] += 1
        self.seconds[name] += perf_counter() - began
        return response

    async def _page(self, request: web.BaseRequest, raw_path: str, raw_query: str) -> web.StreamResponse:
        """Answer with a page: for addresses that are none of the API's."""
        body = b""
        if request.method == "POST":
            sends_files = request.headers.get("Content-Type", "").lower().startswith(FILES_TYPE)
            bounds = (FILES_BYTES_MAX, FILES_TYPE) if sends_files else (FORM_BYTES_MAX, FORM_TYPE)
            body = await _body(request, *bounds)
        response = await self._site.answer(request, raw_path, raw_query, self._address(request), body)
        self.answered["page", response.status] += 1
        return response

    def unreadable(self, status: int) -> web.StreamResponse:
        """Answer what is not HTTP, is too long, or failed while it was sent; hang up."""
        denied = (
            Denied(INTERNAL)
            if status >= 500
            else Denied(MALFORMED, field="request", expected="HTTP/1.1 with short headers")
        )
        response = self._problem(denied)
        response.force_close()
        self.answered["unknown", response.status] += 1
        return response

    async def _exchange(
        self, request: web.BaseRequest, route: Route, raw_path: str, raw_query: str, raw_id: str
    ) -> Exchange:
        """Settle who asks before anything more is read of the request; raises Denied."""
        address = self._address(request)
        actor = await self._gate.actor(request.headers.get("Authorization"), address)
        allow(actor, route.who, route.scope)
        if actor.role is Role.ANYONE and request.method == "POST":
            self._gate.admit_stranger(address)
        if "%" in raw_path + raw_query and _BAD_PERCENT.search(f"{raw_path} {raw_query}"):
            raise Denied(MALFORMED, field="path", expected="percent-encoded UTF-8")
        return Exchange(
            request,
            actor,
            raw_path,
            subject_of(raw_id) if raw_id else "",
            query_of(raw_query),
            await _body(request, route.body_bytes_max) if request.method == "POST" else b"",
            address,
        )

    def _address(self, request: web.BaseRequest) -> str:
        if self._behind_proxy:
            # The proxy writes the address that it saw last; what stands before it anybody can write.
            return request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()[:64]
        return request.remote or ""

    def _problem(self, denied: Denied, request: web.BaseRequest | None = None) -> web.Response:
        accepted = None if request is None else request.headers.get("Accept-Language")
        status, body = problem(denied.reason, denied.figures, self._scale_of, accepted)
        headers = {"Retry-After": RETRY_AFTER} if status == 503 else {}
        return respond(body, status=status, content_type=PROBLEM_TYPE, headers={**headers, **denied.headers})


class _Server(web.Server):
    """aiohttp's bare server, with our connections."""

    def __init__(self, door: Door) -> None:
        super().__init__(
            door.answer,
            access_log=None,
            auto_decompress=False,  # what is compressed is refused, never unpacked
            keepalive_timeout=KEEPALIVE_SECONDS,
            lingering_time=LINGERING_SECONDS,
        )
        self.door = door

    def __call__(self) -> RequestHandler:
        return _Connection(self, loop=self._loop, **self._kwargs)


class _Connection(RequestHandler):
    """One client's connection: what the parser refuses is answered as a problem too."""

    __slots__ = ("_door",)

    def __init__(self, server: _Server, **settings: Any) -> None:
        super().__init__(server, **settings)
        self._door = server.door

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take a connection; where there are too many, one makes way that asks for nothing, else the new one."""
        super().connection_made(transport)
        if self._manager is not None and len(self._manager.connections) > CONNECTIONS_MAX:
            self._idlest(self._manager.connections).force_close()

    def _idlest(self, connections: Sequence[RequestHandler]) -> RequestHandler:
        """Return the oldest that waits for a request, of the address that has most of these; ourselves if none does."""
        idle: defaultdict[str, list[RequestHandler]] = defaultdict(list)
        for one in connections:
            if isinstance(one, _Connection) and one is not self and one.is_idle:
                idle[one.address].append(one)
        return max(idle.values(), key=len)[0] if idle else self

    @property
    def is_idle(self) -> bool:
        """Tell whether it waits for a request, or for the rest of its first lines."""
        return self._waiter is not None

    @property
    def address(self) -> str:
        """From where it comes."""
        place = None if self.transport is None else self.transport.get_extra_info("peername")
        return str(place[0]) if place else ""

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Answer instead of aiohttp, which would log what was sent."""
        del exc, message
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun already")
        return self._door.unreadable(status)


def _target(request: web.BaseRequest) -> str:
    """Return path and query as they came; an absolute target is cut to these (RFC 9112 3.2.2)."""
    target = request.raw_path
    return target if target.startswith("/") else request.rel_url.raw_path_qs


def _route(methods: Mapping[str, Route], method: str) -> Route:
    route = methods.get("GET" if method == "HEAD" else method)
    if route is None:
        if not methods:
            raise Denied(PATH_UNKNOWN)
        allowed = ", ".join(sorted({*methods, *(["HEAD"] if "GET" in methods else [])}))
        raise Denied(METHOD_NOT_ALLOWED, allowed=allowed, headers={"Allow": allowed})
    return route


async def _body(request: web.BaseRequest, bytes_max: int, content_type: str = JSON_TYPE) -> bytes:
    """Return the body of a request; raises Denied before more than it may have are held."""
    headers = request.headers
    if (request.content_length or 0) > bytes_max:
        raise Denied(BODY_TOO_LARGE, maximum=bytes_max)
    if "Expect" in headers:
        await request.writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        request.writer.output_size = 0
    content = request.content
    if content.is_eof():
        data = content.read_nowait()
    else:
        try:
            async with asyncio.timeout(BODY_SECONDS_MAX):
                data = await _read(content, bytes_max)
        except TimeoutError:
            raise Denied(MALFORMED, field="body", expected=f"all of it within {BODY_SECONDS_MAX:.0f} seconds") from None
        except web.RequestPayloadError:
            raise Denied(MALFORMED, field="body", expected="a whole body") from None
    if len(data) > bytes_max:
        raise Denied(BODY_TOO_LARGE, maximum=bytes_max)
    if data and (
        headers.get("Content-Type", "").partition(";")[0].strip().lower() != content_type
        or headers.get("Content-Encoding", "identity").strip().lower() != "identity"
    ):
        raise Denied(CONTENT_TYPE_UNSUPPORTED, expected=content_type)
    return data


async def _read(content: Any, bytes_max: int) -> bytes:
    data = bytearray()
    while chunk := await content.readany():
        data += chunk
        if len(data) > bytes_max:
            break
    return bytes(data)
