# SPDX-License-Identifier: AGPL-3.0-or-later
"""Everything that a node answers over HTTP: its features' resources, and what is the node's own."""

import asyncio
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from ssl import SSLContext
from typing import Annotated, Any, Protocol, cast

from aiohttp.web import Response, StreamResponse

from node.http import auth
from node.http.events import EVENT_STREAM_TYPE, EventsWanted, Streams, Subscriptions
from node.http.openapi import document
from node.http.page import PAGE_HEADERS, page
from node.http.problems import Denied, Fault
from node.http.routes import (
    SAFE_HEADERS,
    Answers,
    Exchange,
    Resources,
    Route,
    Table,
    cursor_text,
    no_more,
    page_of,
    read_wish,
    respond,
    shown_answer,
)
from node.http.schema import Schema, dump, form
from node.http.server import Door
from node.storage import Storage, StorageFailed
from protocol.economy.book import Book
from protocol.economy.feature import ANYONE, SIGNED_IN, STEWARDS, Doc, Operation, Role
from protocol.entry import Millis
from protocol.rejection import Rejection

MEMBERS_AND_STEWARDS = frozenset({Role.MEMBER, Role.STEWARD})
METRICS_TYPE = "text/plain"
SQLITE_TYPE = "application/vnd.sqlite3"
BACKUP_CHUNK_BYTES = 256 * 1024
BACKUP_STALL_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class NodeShown:
    """Which node this is, and how it is."""

    network_id: Annotated[str, Doc("The network's id, which never changes.")]
    handle: Annotated[str, Doc("The network's handle: what stands behind @ in addresses.")]
    name: str
    peer_id: Annotated[str, Doc("By which other nodes know it on libp2p.")]
    addresses: Annotated[tuple[str, ...], Doc("Where other nodes reach it: multiaddrs.")]
    state: Annotated[str, Doc("READY, or RECOVERING while it fetches its own entries and writes none.")]
    version: str
    source_url: Annotated[str, Doc("Where the source of this very version is, as its licence asks.")]


@dataclass(frozen=True, slots=True)
class Alive:
    """The process answers."""

    alive: bool


@dataclass(frozen=True, slots=True)
class Ready:
    """The node takes wishes."""

    ready: bool


class Node(Answers, Subscriptions, Protocol):
    """What this door needs of the node behind it."""

    @property
    def storage(self) -> Storage: ...
    @property
    def book(self) -> Book: ...
    def shown(self) -> NodeShown:
        """Return which node this is."""
        ...

    def troubles(self) -> Sequence[str]:
        """Return what keeps the node from taking wishes, nothing if it can."""
        ...

    def figures(self) -> Mapping[str, float]:
        """Return what is measured, by Prometheus name."""
        ...


class Api:
    """A node's HTTP door: made of the declared operations, opened by `start`, closed by `stop`."""

    def __init__(
        self,
        node: Node,
        operations: Mapping[str, Operation],
        *,
        remember: Callable[..., Any],
        now: Callable[[], Millis],
        chance: Callable[[int], bytes],
        behind_proxy: bool = False,
    ) -> None:
        self._node = node
        self._gate = auth.Gate(
            lambda: node.storage,
            network=lambda: node.book.network,
            member_by_key=self._member_by_key,
            member_named=self._member_named,
            now=now,
            chance=chance,
        )
        self._streams = Streams(node)
        self._backing_up = False
        resources = Resources(node, remember, self._scale_of)
        self.table = Table([*self._own_routes(), *resources.routes(operations)])
        self.document = document(self.table.routes, version("mutirao"))
        self._document = dump(self.document)
        self._page = page(self.document)
        self._door = Door(self.table, actor_of=self._gate.actor, scale_of=self._scale_of, behind_proxy=behind_proxy)

    async def start(self, host: str, port: int, tls: SSLContext | None = None) -> str:
        """Listen, and return the URL to ask at; port 0 takes a free one. Raises OSError."""
        return await self._door.start(host, port, tls)

    async def stop(self) -> None:
        """End event streams, let requests under way end, close."""
        self._streams.end()
        await self._door.stop()

    def _scale_of(self, currency: str) -> int | None:
        found = self._node.book.currencies.get(currency)
        return None if found is None else found.scale

    def _member_by_key(self, key: bytes) -> str | None:
        return self._node.book.member_by_key.get(key)

    def _member_named(self, name: str) -> str | None:
        book = self._node.book
        found = book.member_by_handle.get(name, name)
        return found if found in book.members else None

    def _own_routes(self) -> Iterator[Route]:
        yield Route(
            "GET",
            "/v1/node",
            "node.show",
            ANYONE,
            self._show_node,
            answer=NodeShown,
            tagged=True,
            summary="Which node this is, and how it is.",
            example="mutirao node show",
        )
        yield Route(
            "POST",
            "/v1/challenges",
            "challenges.create",
            ANYONE,
            self._challenge,
            status=201,
            wish=auth.AskForChallenge,
            answer=auth.Challenge,
            summary="Ask for something to sign, to show that a key is yours.",
        )
        yield Route(
            "POST",
            "/v1/sessions",
            "sessions.create",
            ANYONE,
            self._sign_in,
            status=201,
            wish=auth.SignIn,
            answer=auth.Session,
            summary="Open a session with a signed challenge.",
        )
        yield Route(
            "DELETE",
            "/v1/sessions",
            "sessions.end",
            SIGNED_IN,
            self._sign_out,
            status=204,
            summary="Sign out: end the session whose token asks.",
        )
        yield Route(
            "POST",
            "/v1/tokens",
            "tokens.create",
            MEMBERS_AND_STEWARDS,
            self._create_token,
            status=201,
            scope="tokens:write",
            wish=auth.CreateToken,
            answer=auth.CreatedToken,
            summary="Make a token; its secret is shown this once, and never stored.",
            example="mutirao tokens create --label till --scopes payments:write",
        )
        yield Route(
            "GET",
            "/v1/tokens",
            "tokens.list",
            MEMBERS_AND_STEWARDS,
            self._list_tokens,
            scope="tokens:read",
            answer=auth.ShownToken,
            paged=True,
            tagged=True,
            summary="The tokens that you may revoke: a steward all, a member its own.",
            example="mutirao tokens list",
        )
        yield Route(
            "GET",
            "/v1/tokens/{id}",
            "tokens.show",
            MEMBERS_AND_STEWARDS,
            self._show_token,
            scope="tokens:read",
            answer=auth.ShownToken,
            tagged=True,
            summary="A token without its secret.",
            example="mutirao tokens show 3",
        )
        yield Route(
            "DELETE",
            "/v1/tokens/{id}",
            "tokens.revoke",
            MEMBERS_AND_STEWARDS,
            self._revoke_token,
            scope="tokens:write",
            status=204,
            summary="Revoke a token.",
            example="mutirao tokens revoke 3",
        )
        yield Route(
            "GET",
            "/v1/events",
            "events.follow",
            SIGNED_IN,
            self._streams.follow,
            scope="events:read",
            wanted=EventsWanted,
            produces=EVENT_STREAM_TYPE,
            resumes=True,
            summary="Follow what happens, as it happens.",
        )
        yield Route(
            "GET",
            "/v1/admin/backup",
            "admin.backup",
            STEWARDS,
            self._back_up,
            scope="admin:read",
            produces=SQLITE_TYPE,
            statuses=(409,),
            summary="A consistent copy of the database, made while the node goes on.",
            example="mutirao backup riacho.backup",
        )
        yield Route(
            "GET",
            "/healthz",
            "health.alive",
            ANYONE,
            self._alive,
            answer=Alive,
            summary="Whether the process answers.",
        )
        yield Route(
            "GET",
            "/readyz",
            "health.ready",
            ANYONE,
            self._ready,
            answer=Ready,
            summary="Whether the node can take wishes; 503 with reasons where it cannot.",
        )
        yield Route(
            "GET",
            "/metrics",
            "health.metrics",
            ANYONE,
            self._metrics,
            produces=METRICS_TYPE,
            summary="What is measured, for Prometheus.",
        )
        yield Route(
            "GET",
            "/openapi.json",
            "docs.openapi",
            ANYONE,
            self._show_document,
            produces="application/json",
            answer=dict[str, Any],
            tagged=True,
            summary="This document.",
        )
        yield Route(
            "GET",
            "/docs",
            "docs.page",
            ANYONE,
            self._show_page,
            produces="text/html",
            summary="This document as a page.",
        )

    async def _show_node(self, exchange: Exchange) -> StreamResponse:
        no_more(exchange.query)
        return shown_answer(exchange, _dumped(self._node.shown()))

    async def _challenge(self, exchange: Exchange) -> StreamResponse:
        no_more(exchange.query)
        wish = read_wish(auth.AskForChallenge, exchange.body)
        return respond(_dumped(self._gate.challenge(wish, exchange.address)), status=201)

    async def _sign_in(self, exchange: Exchange) -> StreamResponse:
        no_more(exchange.query)
        return respond(_dumped(self._gate.sign_in(read_wish(auth.SignIn, exchange.body), exchange.address)), status=201)

    async def _sign_out(self, exchange: Exchange) -> StreamResponse:
        no_more(exchange.query)
        self._gate.sign_out(exchange.request.headers.get("Authorization"))
        return _nothing()

    async def _create_token(self, exchange: Exchange) -> StreamResponse:
        no_more(exchange.query)
        made = await self._gate.create(read_wish(auth.CreateToken, exchange.body), exchange.actor)
        return respond(_dumped(made), status=201, headers={"Location": f"/v1/tokens/{made.id}"})

    async def _list_tokens(self, exchange: Exchange) -> StreamResponse:
        query = dict(exchange.query)
        after, limit = page_of(query)
        no_more(query)
        found = await self._gate.page(exchange.actor, after, limit)
        following = None if found.next is None else cursor_text(found.next)
        return shown_answer(exchange, dump({"items": [_shown(one) for one in found.items], "next": following}))

    async def _show_token(self, exchange: Exchange) -> StreamResponse:
        no_more(exchange.query)
        found = await self._gate.find(exchange.actor, exchange.subject)
        return shown_answer(exchange, _dumped(auth.shown_token(found)))

    async def _revoke_token(self, exchange: Exchange) -> StreamResponse:
        no_more(exchange.query)
        await self._gate.revoke(exchange.actor, exchange.subject)
        return _nothing()

    async def _back_up(self, exchange: Exchange) -> StreamResponse:
        no_more(exchange.query)
        if self._backing_up:
            raise Denied(Rejection.STATE_CONFLICT, state="being copied")
        self._backing_up = True
        storage = self._node.storage
        # Beside the database: there is room for it, and only the node's user can read it.
        folder = Path(tempfile.mkdtemp(prefix="backup-", dir=storage.path.parent))
        try:
            copy = folder / "copy"
            try:
                await storage.backup(copy)
            except StorageFailed:
                raise Denied(Rejection.STORAGE_FAILED) from None
            return await _send_file(exchange, copy)
        finally:
            self._backing_up = False
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)

    async def _alive(self, exchange: Exchange) -> StreamResponse:
        no_more(exchange.query)
        return respond(b'{"alive":true}')

    async def _ready(self, exchange: Exchange) -> StreamResponse:
        no_more(exchange.query)
        troubles = self._node.troubles()
        if troubles:
            raise Denied(Fault.NOT_READY, reasons=", ".join(troubles))
        return respond(b'{"ready":true}')

    async def _metrics(self, exchange: Exchange) -> StreamResponse:
        no_more(exchange.query)
        lines = [f"mutirao_{name} {value:g}" for name, value in self._node.figures().items()]
        lines.append(f"mutirao_http_event_streams {self._streams.count}")
        lines += [
            f'mutirao_http_answers_total{{operation="{name}",status="{status}"}} {count}'
            for (name, status), count in sorted(self._door.answered.items())
        ]
        lines += [
            f'mutirao_http_seconds_total{{operation="{name}"}} {seconds:.6f}'
            for name, seconds in sorted(self._door.seconds.items())
        ]
        return respond("\n".join([*lines, ""]).encode(), content_type=f"{METRICS_TYPE}; version=0.0.4; charset=utf-8")

    async def _show_document(self, exchange: Exchange) -> StreamResponse:
        no_more(exchange.query)
        return shown_answer(exchange, self._document)

    async def _show_page(self, exchange: Exchange) -> StreamResponse:
        no_more(exchange.query)
        return Response(body=self._page, headers=PAGE_HEADERS)


def document_of(operations: Mapping[str, Operation]) -> Schema:
    """Return the OpenAPI document of these operations; no node is needed for it."""

    def nothing(*_: Any) -> Any:
        raise AssertionError("a document asks nobody")

    return Api(cast("Node", None), operations, remember=nothing, now=nothing, chance=nothing).document


def _shown(value: Any) -> Any:
    show = form(type(value)).show
    assert show is not None
    return show(value)


def _dumped(value: Any) -> bytes:
    return dump(_shown(value))


def _nothing() -> Response:
    return Response(status=204, headers=SAFE_HEADERS)


async def _send_file(exchange: Exchange, path: Path) -> StreamResponse:
    """Stream a file; a client that stalls is left."""
    response = StreamResponse(
        headers={**SAFE_HEADERS, "Content-Type": SQLITE_TYPE, "Content-Disposition": "attachment"}
    )
    response.content_length = (await asyncio.to_thread(path.stat)).st_size
    await response.prepare(exchange.request)
    if exchange.request.method == "HEAD":
        return response
    file = await asyncio.to_thread(path.open, "rb")
    try:
        while chunk := await asyncio.to_thread(file.read, BACKUP_CHUNK_BYTES):
            async with asyncio.timeout(BACKUP_STALL_SECONDS):
                await response.write(chunk)
    except TimeoutError:
        if exchange.request.transport is not None:
            exchange.request.transport.abort()
    finally:
        await asyncio.to_thread(file.close)
    return response
