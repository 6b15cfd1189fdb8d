# SPDX-License-Identifier: AGPL-3.0-or-later
"""A node's whole HTTP API, put together: the features' resources, and what is the node's own."""

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from socket import socket
from ssl import SSLContext
from typing import Any, NamedTuple, Protocol, cast

from node.hooks.sender import HookSender
from node.http.about import About, NodeShown
from node.http.access import Access
from node.http.auth import TokenGate
from node.http.backup import Backup, Exporting
from node.http.components import Schema
from node.http.dialling import Dials
from node.http.events import EventsSubscriptions, Streams
from node.http.export import Export
from node.http.openapi import document
from node.http.problems import Denied
from node.http.resources import Answers, Resources
from node.http.routes import RouteTable
from node.http.server import Door
from node.http.sign_in_codes import CodeDesk
from node.http.source import SourceDoor
from node.http.tokens import TokenDesk
from node.http.webhooks import Webhooks
from node.keeping.guided import GuidedSetup
from node.keeping.source import program_source
from node.store.private import PrivateStore
from node.store.storage import Storage
from node.web.developer import DeveloperPages
from node.web.setting_up import SetupPages
from node.web.site import NodePages, OwnPages
from protocol.book.book import Book
from protocol.book.declaration import Operation
from protocol.book.refusals import STATE_CONFLICT
from protocol.lanes.entry import Millis
from protocol.peers.troubles import Trouble


class ApiRuntime(Answers, EventsSubscriptions, Protocol):
    """What the API needs of node.loop.runtime.Runtime."""

    storage: Storage

    @property
    def book(self) -> Book: ...
    @property
    def private(self) -> PrivateStore: ...

    def figures(self) -> Mapping[str, float]: ...


def _dials_nothing(address: str) -> None:
    raise ValueError(f"this node dials nobody: {address}")


async def _exports_nothing(target: Path) -> None:
    raise Denied(STATE_CONFLICT, state=f"no node that signs, for {target.name}")


class HomeDoor(NamedTuple):
    """What a steward may do in the node's home: dial an address from now on, export the network whole, set it up.

    And where its events are sent to.
    """

    dial: Callable[[str], None] = _dials_nothing
    export: Exporting = _exports_nothing
    guided: GuidedSetup | None = None
    hooks: HookSender | None = None


class Api:
    """A node's HTTP API: made of the declared operations, opened by `start`, closed by `stop`.

    `about` and `troubles` tell which node this is, and what keeps it from taking wishes, if anything
    does. Behind a proxy the client's address is the last one that X-Forwarded-For names.
    """

    def __init__(
        self,
        runtime: ApiRuntime,
        operations: Mapping[str, Operation],
        *,
        about: Callable[[], NodeShown],
        troubles: Callable[[], Sequence[Trouble]],
        now: Callable[[], Millis],
        chance: Callable[[int], bytes],
        behind_proxy: bool = False,
        home: HomeDoor = HomeDoor(),  # noqa: B008 - it cannot change
    ) -> None:
        self._runtime = runtime
        gate = TokenGate(lambda: runtime.storage, lambda: runtime.book, now=now, chance=chance)
        desk = TokenDesk(lambda: runtime.storage, lambda: runtime.book, now=now, chance=chance)
        codes = CodeDesk(gate, desk, now=now, chance=chance)
        own = About(about, troubles, self._figures, lambda: self.document)
        webhooks = Webhooks(home.hooks)
        self._streams = Streams(runtime, gate)
        self.table = RouteTable(
            [
                *own.routes(),
                *Access(gate, desk).routes(),
                *codes.routes(),
                *self._streams.routes(),
                *SourceDoor(program_source()).routes(),
                *Backup(lambda: runtime.storage, home.export).routes(),
                *Dials(home.dial).routes(),
                *webhooks.routes(),
                *Export(runtime, operations).routes(),
                *Resources(runtime, self._scale_of).routes(operations),
            ]
        )
        desk.scopes = frozenset(route.scope for route in self.table.routes if route.scope is not None)
        own_pages: list[OwnPages] = [DeveloperPages(runtime, gate, desk, webhooks)]
        if home.guided is not None:
            own_pages.append(SetupPages(home.guided, runtime, desk, lambda: runtime.book, now=now))
        site = NodePages(runtime, operations, gate, codes, about, now=now, chance=chance, behind_proxy=behind_proxy)
        site.own = own_pages
        self._door = Door(self.table, site, gate=gate, scale_of=self._scale_of, behind_proxy=behind_proxy)
        own.count(self._door.answered, self._door.seconds)

    @cached_property
    def document(self) -> Schema:
        """The OpenAPI document of all that can be asked here."""
        return document(self.table.routes, version("mutirao"))

    async def start(self, host: str, port: int, tls: SSLContext | None = None, at: Sequence[socket] = ()) -> str:
        """Listen, and return the URL to ask at; port 0 takes a free one. Raises OSError."""
        return await self._door.start(host, port, tls, at)

    async def stop(self) -> None:
        """End event streams, let requests under way end, close."""
        self._streams.end()
        await self._door.stop()

    def _figures(self) -> Mapping[str, float]:
        return self._runtime.figures()

    def _scale_of(self, currency: str) -> int | None:
        found = self._runtime.book.currencies.get(currency)
        return None if found is None else found.scale


def document_of(operations: Mapping[str, Operation]) -> Schema:
    """Return the OpenAPI document of these operations; it takes no running node."""

    def nothing(*_: Any) -> Any:
        raise AssertionError("a document asks nobody")

    runtime = cast("ApiRuntime", None)
    return Api(runtime, operations, about=nothing, troubles=nothing, now=nothing, chance=nothing).document
