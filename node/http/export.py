# SPDX-License-Identifier: AGPL-3.0-or-later
"""All that a node holds of one member, for the member: one JSON object, streamed, however long it is."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from aiohttp.web import StreamResponse

from node.http.answers import SAFE_HEADERS
from node.http.jsonbytes import dump
from node.http.problems import Denied
from node.http.resources import Answers
from node.http.routes import JSON_TYPE, Exchange, Route, no_more
from node.http.schema import form
from node.http.values import bytes_text, moment_text
from protocol.book.addresses import resolve_member
from protocol.book.book import Book
from protocol.book.declaration import PAGE_ITEMS_MAX, SIGNED_IN, Actor, List, ListOf, Operation, Page, Role, Show
from protocol.book.declaration import operation_name as name_of
from protocol.book.private import PrivateItem
from protocol.book.refusals import FORBIDDEN, Refused
from protocol.practices import PRACTICES

FORMAT = "mutirao/member-export/1"


class KeptTexts(Protocol):
    """A private store that can be read."""

    async def of(self, owner: str, after: int = 0) -> tuple[Sequence[PrivateItem], int | None]: ...


class Holder(Answers, Protocol):
    """What an export needs of the runtime."""

    @property
    def book(self) -> Book: ...
    @property
    def private(self) -> KeptTexts: ...


@dataclass(frozen=True, slots=True)
class MemberExport:
    """All that the node holds of one member.

    `member` is as `/v1/members/{id}` shows it; `lists` holds, by noun, whatever lists show the member as its own,
    whole; `entries` the statements by account; `private` what lies beside the signed entries: kind, about, value, who
    may read it, and when it was kept. A value that is no text is base64url. How it voted in a secret ballot is left
    out: whoever could show that could be made to.
    """

    format: str
    member: dict[str, Any]
    lists: dict[str, Any]
    entries: dict[str, Any]
    private: tuple[dict[str, Any], ...]


class Export:
    """Answers with all that is held of a member, as the member itself would be shown it."""

    def __init__(self, runtime: Holder, operations: Mapping[str, Operation]) -> None:
        self._runtime = runtime
        self._lists = {one.noun: one for one in operations.values() if isinstance(one, List) and one.own}
        self._operations = operations
        self._sealed = {one.kind for practice in PRACTICES for one in practice.private if one.sealed}

    def routes(self) -> Iterator[Route]:
        """Return the one route."""
        yield Route(
            "GET",
            "/v1/members/{id}/export",
            "members.export",
            SIGNED_IN,
            self._export,
            scope="members:read",
            answer=MemberExport,
            summary="All that the node holds of a member, for the member itself and stewards.",
            example="mutirao members export ana",
        )

    async def _export(self, exchange: Exchange) -> StreamResponse:
        no_more(exchange.query)
        member = resolve_member(self._runtime.book, exchange.subject)
        if isinstance(member, Refused):
            raise Denied.of(member)
        if exchange.actor.member != member.id and exchange.actor.role is not Role.STEWARD:
            raise Denied(FORBIDDEN, allowed="the member itself and stewards")
        response = StreamResponse(headers={**SAFE_HEADERS, "Content-Type": JSON_TYPE})
        await response.prepare(exchange.request)
        if exchange.request.method != "HEAD":
            async for part in self._parts(Actor(Role.MEMBER, member.id), member.id):
                await response.write(part)
        return response

    async def _parts(self, actor: Actor, member: str) -> AsyncIterator[bytes]:
        shown = self._operations["members.show"]
        assert isinstance(shown, Show)
        found = await self._runtime.ask("members.show", actor, subject=member)
        yield b'{"format":' + dump(FORMAT) + b',"member":' + _shown(shown.shown, found) + b',"lists":{'
        for place, (noun, one) in enumerate(sorted(self._lists.items())):
            yield (b"," if place else b"") + dump(noun) + b":["
            async for item in self._items(name_of(one), one.item, actor, wish=one.wanted()):
                yield item
            yield b"]"
        yield b'},"entries":{'
        entries = self._operations["accounts.entries"]
        assert isinstance(entries, ListOf)
        for place, account in enumerate(self._runtime.book.ledger.of_member(member)):
            yield (b"," if place else b"") + dump(account.id) + b":["
            async for item in self._items(
                "accounts.entries", entries.item, actor, wish=entries.wanted(), subject=account.id
            ):
                yield item
            yield b"]"
        yield b'},"private":['
        after, between = 0, b""
        while after is not None:
            items, after = await self._runtime.private.of(member, after)
            for item in items:
                if item.kind in self._sealed:
                    continue
                yield between + dump(_item(item))
                between = b","
        yield b"]}"

    async def _items(
        self, name: str, kind: Any, actor: Actor, *, wish: Any = None, subject: str = ""
    ) -> AsyncIterator[bytes]:
        """Yield all items of a list, with what stands between them."""
        after: int | None = 0
        between = b""
        while after is not None:
            page = await self._runtime.ask(name, actor, wish, subject=subject, after=after, limit=PAGE_ITEMS_MAX)
            assert isinstance(page, Page), name
            for item in page.items:
                yield between + _shown(kind, item)
                between = b","
            after = page.next


def _shown(kind: Any, value: Any) -> bytes:
    show = form(kind).show
    return dump(value if show is None else show(value))


def _item(item: PrivateItem) -> dict[str, Any]:
    try:
        value = item.value.decode()
    except UnicodeDecodeError:
        value = bytes_text(item.value)
    shown = {"kind": item.kind, "about": item.about, "seen_by": item.seen, "kept_at": moment_text(item.at_ms)}
    return {**shown, "value": value}
