# SPDX-License-Identifier: AGPL-3.0-or-later
"""What happens, told as it happens: Server-Sent Events that resume where a client left off."""

import asyncio
import re
from collections import Counter
from collections.abc import Awaitable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Protocol

from aiohttp.web import StreamResponse

from node.http.answers import SAFE_HEADERS
from node.http.jsonbytes import dump
from node.http.problems import Denied
from node.http.refusals import CURSOR_UNKNOWN
from node.http.routes import Exchange, Route, no_more
from protocol.book.declaration import SIGNED_IN, Actor, Doc, Role
from protocol.book.refusals import MALFORMED, OVERLOADED

EVENT_STREAM_TYPE = "text/event-stream"
STREAMS_MAX = 256
STREAMS_PER_ASKER_MAX = 32
"""So that one member's apps leave streams to the others."""
TYPES_MAX = 32
HEARTBEAT_SECONDS = 15.0
STREAM_SECONDS_MAX = 3_600.0
"""After so long a client comes back, and shows anew that it may follow."""
WRITE_SECONDS_MAX = 30.0
"""How long a reader may take to make room before its stream is ended."""

_SEQ = re.compile(r"[0-9]{1,18}")
_TYPE = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


EventTold = tuple[int, str, str, Mapping[str, Any]]
"""seq, type, resource, figures"""


class EventsSubscription(Protocol):
    """Events to come, until it is closed, its reader is too slow, or the node stops."""

    def __anext__(self) -> Awaitable[EventTold]: ...
    def aclose(self) -> Awaitable[None]: ...


class StreamGate(Protocol):
    """Who knows whether somebody may still follow."""

    async def bearer(self, authorization: str) -> Actor | None: ...
    def is_suspended(self, actor: Actor) -> bool: ...


class EventsSubscriptions(Protocol):
    """What event streams need of the runtime."""

    def subscribe(self, after: int | None, types: frozenset[str] | None, actor: Actor) -> EventsSubscription: ...


@dataclass(frozen=True, slots=True)
class EventsWanted:
    """Follow what happens: a member is told what concerns it, the network's officers everything."""

    types: Annotated[str | None, Doc("Only these types of event, joined by commas.")] = None


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, as `data` of a Server-Sent Event; its `id` is the event's number, `event` its type."""

    type: Annotated[str, Doc("What happened, such as payment.posted; events.missed: look at everything anew.")]
    resource: Annotated[str, Doc("The id of what it happened to, as the noun's `show` takes it; empty: to none.")]
    figures: Annotated[Mapping[str, Any], Doc("What explains it.")]


class Streams:
    """All open event streams of a node."""

    def __init__(self, runtime: EventsSubscriptions, gate: StreamGate) -> None:
        self._runtime = runtime
        self._gate = gate
        self._open: Counter[tuple[Role, str | None]] = Counter()
        self._ending = asyncio.Event()

    @property
    def count(self) -> int:
        """How many streams are open."""
        return self._open.total()

    def end(self) -> None:
        """Let every stream end: clients come back to whoever listens then, with Last-Event-ID."""
        self._ending.set()

    def routes(self) -> Iterator[Route]:
        """Return the one route."""
        yield Route(
            "GET",
            "/v1/events",
            "events.follow",
            SIGNED_IN,
            self.follow,
            scope="events:read",
            wanted=EventsWanted,
            produces=EVENT_STREAM_TYPE,
            event=Event,
            resumes=True,
            summary="Follow what happens, as it happens.",
        )

    async def follow(self, exchange: Exchange) -> StreamResponse:
        """Answer with a stream of events until the client leaves, lags, or the node stops; raises Denied."""
        no_more(exchange.query, ("types",))
        after, types = _after(exchange), _types(exchange.query.get("types"))
        asker = (exchange.actor.role, exchange.actor.member)
        if self.count >= STREAMS_MAX or self._open[asker] >= STREAMS_PER_ASKER_MAX:
            raise Denied(OVERLOADED)
        response = StreamResponse(headers={**SAFE_HEADERS, "Content-Type": EVENT_STREAM_TYPE})
        self._open[asker] += 1
        events = self._runtime.subscribe(after, types, exchange.actor)
        try:
            await response.prepare(exchange.request)
            # A comment at once lets the client know that the stream stands.
            await self._write(response, b": here\n\n")
            await self._tell(exchange, response, events)
        except TimeoutError:
            # Ending it in due form would wait for the same reader once more.
            if exchange.request.transport is not None:
                exchange.request.transport.abort()
        except ConnectionError:
            pass  # the client has left
        finally:
            self._open[asker] -= 1
            self._open += Counter()  # who follows no more is not counted any more
            await events.aclose()
        response.force_close()
        return response

    async def _tell(self, exchange: Exchange, response: StreamResponse, events: EventsSubscription) -> None:
        """Tell of events as they come; the gate is asked before each, and before each sign of life."""
        was_suspended = self._gate.is_suspended(exchange.actor)
        ending = asyncio.create_task(self._ending.wait())
        following = asyncio.create_task(_following(events))
        loop = asyncio.get_running_loop()
        until = loop.time() + STREAM_SECONDS_MAX
        try:
            while loop.time() < until:
                await asyncio.wait({following, ending}, timeout=HEARTBEAT_SECONDS, return_when=asyncio.FIRST_COMPLETED)
                if ending.done() or not await self._may_follow(exchange):
                    return
                if following.done():
                    event = following.result()
                    if event is None:
                        return
                    seq, kind, resource, figures = event
                    data = dump({"type": kind, "resource": resource, "figures": figures})
                    await self._write(response, b"id: %d\nevent: %s\ndata: %s\n\n" % (seq, kind.encode(), data))
                    following = asyncio.create_task(_following(events))
                else:
                    await self._write(response, b": still here\n\n")
                if self._gate.is_suspended(exchange.actor) and not was_suspended:
                    return  # it may come back, and knows that something has changed
        finally:
            for task in (ending, following):
                task.cancel()
            await asyncio.gather(ending, following, return_exceptions=True)

    async def _may_follow(self, exchange: Exchange) -> bool:
        """Tell whether whoever opened a stream still is who it was: no token revoked, no session ended, none left."""
        header = exchange.request.headers.get("Authorization", "")
        return await self._gate.bearer(header) == exchange.actor

    async def _write(self, response: StreamResponse, data: bytes) -> None:
        async with asyncio.timeout(WRITE_SECONDS_MAX):
            await response.write(data)


async def _following(events: EventsSubscription) -> EventTold | None:
    """Return the next event, None after the last."""
    try:
        return await events.__anext__()
    except StopAsyncIteration:
        return None


def _after(exchange: Exchange) -> int | None:
    """Return after which event to go on, None for what is yet to come."""
    last = exchange.request.headers.get("Last-Event-ID")
    if last is None:
        return None
    if not _SEQ.fullmatch(last):
        raise Denied(CURSOR_UNKNOWN)
    return int(last)


def _types(text: str | None) -> frozenset[str] | None:
    if text is None:
        return None
    types = text.split(",")
    if len(types) > TYPES_MAX or not all(map(_TYPE.fullmatch, types)):
        raise Denied(MALFORMED, field="types", expected=f"at most {TYPES_MAX} types joined by commas")
    return frozenset(types)
