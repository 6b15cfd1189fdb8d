# SPDX-License-Identifier: AGPL-3.0-or-later
"""What makes an app of the pages: manifest, service worker, the page for when there is no line, and what that knows."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

from aiohttp.web import Response

from node.http.auth import allow
from node.http.jsonbytes import dump
from node.http.problems import Denied
from node.http.resources import Answers
from node.web.looks import STATIC, Looks
from node.web.signing import manner_of, signed_rows
from node.web.visits import PageRequest
from protocol.book.book import Book
from protocol.book.declaration import Role
from protocol.book.refusals import Refused
from protocol.practices.money.accounts import AccountShown, AccountsWanted, StatementWanted
from protocol.practices.money.payments.entries import Pay

ACCOUNTS_MAX = 64
ENTRIES_SEEN = 200
"""So many of an account's newest entries tell whom a member knows without a line: all others are typed."""


class OfflinePages:
    """/manifest.webmanifest, /sw.js, /offline, /state."""

    def __init__(self, runtime: Answers, looks: Looks, book: Callable[[], Book]) -> None:
        self._runtime = runtime
        self._looks = looks
        self._book = book

    def handlers(self) -> Mapping[tuple[str, str], Callable[[PageRequest], Awaitable[Response]]]:
        """Return what answers by method and path."""
        return {
            ("GET", "/manifest.webmanifest"): self._manifest,
            ("GET", "/sw.js"): self._worker,
            ("GET", "/offline"): self._offline,
            ("GET", "/state"): self._state,
        }

    async def _manifest(self, visit: PageRequest) -> Response:
        about = self._looks.about
        told = {
            "name": about.name or about.handle,
            "short_name": about.handle,
            "id": "/",
            "start_url": "/",
            "display": "standalone",
            "lang": visit.words.language,
            "background_color": "#EEF1EC",
            "icons": [{"src": "/tile.svg", "sizes": "any", "type": "image/svg+xml"}],
        }
        return _file(dump(told), "application/manifest+json")

    async def _worker(self, visit: PageRequest) -> Response:
        del visit
        return _file((STATIC / "sw.js").read_bytes(), "text/javascript; charset=utf-8")

    async def _offline(self, visit: PageRequest) -> Response:
        return self._looks.show("offline.html", visit)

    async def _state(self, visit: PageRequest) -> Response:
        """Answer with what a member needs to sign a payment within the group without a line."""
        allow(visit.actor, frozenset({Role.MEMBER}), "accounts:read")
        member = self._book().members[visit.actor.member or ""]
        wanted = AccountsWanted(member=member.id)
        page = await self._runtime.ask("accounts.list", visit.actor, wanted, after=0, limit=ACCOUNTS_MAX)
        if isinstance(page, Refused):
            raise Denied.of(page)
        told: dict[str, Any] = {
            "accounts": [_account(one) for one in page.items],
            "people": await self._people(visit, [one.id for one in page.items]),
            "order_seq": max((one.order_seq for one in member.keys.values()), default=0),
            "rows": signed_rows(Pay, visit.words),
            "names": {one.id: member.handle for one in page.items},
            **manner_of(visit.words),
        }
        return _file(dump(told), "application/json")

    async def _people(self, visit: PageRequest, accounts: Sequence[str]) -> list[str]:
        """Return the handles of those who were at the other end of the newest payments within the group."""
        found: dict[str, None] = {}
        wanted = StatementWanted(newest_first=True)
        for account in accounts:
            page = await self._runtime.ask(
                "accounts.entries", visit.actor, wanted, subject=account, after=0, limit=ENTRIES_SEEN
            )
            if isinstance(page, Refused):
                raise Denied.of(page)
            handles = self._book().member_by_handle
            found |= dict.fromkeys(one.counterpart for one in page.items if one.counterpart in handles)
        return list(found)


def _account(shown: AccountShown) -> dict[str, Any]:
    headroom = None if shown.headroom is None else str(shown.headroom.value)
    return {"id": shown.id, "currency": shown.currency, "scale": shown.balance.asset_scale, "headroom": headroom}


def _file(body: bytes, kind: str) -> Response:
    return Response(
        body=body,
        headers={
            "Content-Type": kind,
            "Cache-Control": "no-cache",
            "Content-Security-Policy": "default-src 'self'",
            "X-Content-Type-Options": "nosniff",
            "Server": "mutirao",
        },
    )
