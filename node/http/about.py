# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a node says of itself: which it is, whether it is well, what is measured, how to speak to it."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any

from aiohttp.web import Response, StreamResponse

from node.http.answers import respond, shown_answer
from node.http.auth import unauthenticated
from node.http.components import Schema
from node.http.jsonbytes import dump
from node.http.page import PAGE_HEADERS, page
from node.http.problems import Denied
from node.http.refusals import NOT_READY
from node.http.routes import Exchange, Route, no_more
from node.http.schema import json_bytes
from protocol.book.declaration import ANYONE, Doc, OneOf
from protocol.book.plans import READERS, Role
from protocol.book.refusals import FORBIDDEN
from protocol.peers.troubles import Trouble

METRICS_TYPE = "text/plain"
_READERS = ", ".join(role for role in Role if role in READERS)


@dataclass(frozen=True, slots=True)
class NodeShown:
    """Which node this is, and how it is."""

    network_id: Annotated[str, Doc("The network's id, which never changes.")]
    handle: Annotated[str, Doc("The network's handle: what stands behind @ in addresses.")]
    name: str
    peer_id: Annotated[str, Doc("By which other nodes know it on libp2p.")]
    addresses: Annotated[tuple[str, ...], Doc("Where other nodes reach it: multiaddrs.")]
    state: Annotated[
        str,
        OneOf(("READY", "RECOVERING", "BEHIND", "SUCCEEDED", "STOPPED")),
        Doc(
            "READY; RECOVERING while it fetches its own entries; SUCCEEDED once another node signs; "
            "BEHIND while its books stand still before an entry that it does not know."
        ),
    ]
    version: str
    source_url: Annotated[str, Doc("Where the source of this very version is, as its licence asks.")]
    lacks: Annotated[str | None, Doc("Where it is BEHIND, the kind of that entry: an upgrade brings it.")] = None


@dataclass(frozen=True, slots=True)
class Alive:
    """The process answers."""

    alive: bool


@dataclass(frozen=True, slots=True)
class Ready:
    """The node takes wishes."""

    ready: bool
    troubles: Annotated[tuple[Trouble, ...], Doc("what is wrong with it all the same")]


class About:
    """Answers for the node itself.

    `troubles` are what is wrong with it, what keeps it from taking wishes among them; `figures` are what is
    measured, by name, of which those that end in _total only grow. The `document` is asked for when it is first read:
    it takes long to make, and few who start a node read it.
    """

    def __init__(
        self,
        node: Callable[[], NodeShown],
        troubles: Callable[[], Sequence[Trouble]],
        figures: Callable[[], Mapping[str, float]],
        document: Callable[[], Schema],
    ) -> None:
        self._node = node
        self._troubles = troubles
        self._figures = figures
        self._document = document
        self._answered: Mapping[tuple[str, int], int] = Counter()
        self._seconds: Mapping[str, float] = {}

    def count(self, answered: Mapping[tuple[str, int], int], seconds: Mapping[str, float]) -> None:
        """Tell from now on, too, how many answers of which status each operation gave, and in which time."""
        self._answered = answered
        self._seconds = seconds

    def routes(self) -> Iterator[Route]:
        """Return the routes about the node; all are for anyone, so that monitors need no token."""
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
            summary="Whether the node takes wishes; where it does not, 503 with what it waits for, and what to do.",
        )
        yield Route(
            "GET",
            "/metrics",
            "health.metrics",
            ANYONE,
            self._metrics,
            produces=METRICS_TYPE,
            summary="What is measured, for Prometheus on this machine; from elsewhere for who may read everything.",
            statuses=(401, 403),
        )
        yield Route(
            "GET",
            "/openapi.json",
            "docs.openapi",
            ANYONE,
            self._show_document,
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
        return shown_answer(exchange, json_bytes(self._node()))

    async def _alive(self, exchange: Exchange) -> StreamResponse:
        no_more(exchange.query)
        return respond(json_bytes(Alive(alive=True)))

    async def _ready(self, exchange: Exchange) -> StreamResponse:
        no_more(exchange.query)
        troubles = self._troubles()
        stops = [one for one in troubles if one.stops]
        if stops:
            raise Denied(
                NOT_READY,
                code=", ".join(one.code for one in stops),
                waits_for="; ".join(one.waits_for for one in stops),
                to_do="; ".join(one.to_do for one in stops),
            )
        return respond(json_bytes(Ready(ready=True, troubles=tuple(troubles))))

    async def _metrics(self, exchange: Exchange) -> StreamResponse:
        no_more(exchange.query)
        if not exchange.is_of_this_machine and exchange.actor.role not in READERS:
            raise unauthenticated() if exchange.actor.role is Role.ANYONE else Denied(FORBIDDEN, allowed=_READERS)
        measured: dict[str, list[str]] = {
            f"mutirao_{name}": [f" {float(one)}"] for name, one in self._figures().items()
        }
        measured["mutirao_http_answers_total"] = [
            f'{{operation="{name}",status="{status}"}} {count}'
            for (name, status), count in sorted(self._answered.items())
        ]
        measured["mutirao_http_seconds_total"] = [
            f'{{operation="{name}"}} {seconds:.6f}' for name, seconds in sorted(self._seconds.items())
        ]
        lines = [
            line
            for name, figures in measured.items()
            for line in (
                f"# TYPE {name} {'counter' if name.endswith('_total') else 'gauge'}",
                *(f"{name}{figure}" for figure in figures),
            )
        ]
        return respond("\n".join((*lines, "")).encode(), content_type=f"{METRICS_TYPE}; version=0.0.4; charset=utf-8")

    async def _show_document(self, exchange: Exchange) -> StreamResponse:
        no_more(exchange.query)
        return shown_answer(exchange, self._dumped_document)

    async def _show_page(self, exchange: Exchange) -> StreamResponse:
        no_more(exchange.query)
        return Response(body=self._page, headers=PAGE_HEADERS)

    @cached_property
    def _dumped_document(self) -> bytes:
        return dump(self._document())

    @cached_property
    def _page(self) -> bytes:
        return page(self._document())
