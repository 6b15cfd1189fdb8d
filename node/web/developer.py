# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pages for who writes programs: tokens with their scopes, webhooks, and what happens as it happens."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

from aiohttp.web import Response

from node.hooks.store import HookMessageState
from node.http.access import MEMBERS_AND_STEWARDS
from node.http.auth import TokenGate, allow
from node.http.problems import Denied
from node.http.refusals import PATH_UNKNOWN
from node.http.tokens import CreateToken, TokenDesk
from node.http.webhooks import EVENT_TYPE, CreateWebhook, ReplayDeliveries, Webhooks
from node.loop.batch import EventStored
from node.store.storage import Storage
from node.web.looks import Looks, moved_to
from node.web.visits import PageRequest
from protocol.book.declaration import READERS, SIGNED_IN, STEWARDS, Role
from protocol.book.refusals import MALFORMED

TOKENS_LISTED = 200
EVENTS_LISTED = 50
EVENTS_LOOKED_AT = 1_000
"""Among so many of the newest are those that a member may know looked for."""
SEQ_DIGITS_MAX = 18
TOKEN_LABEL_CHARS_MAX = 100


class DeveloperRuntime(Protocol):
    """What these pages need of node.loop.runtime.Runtime."""

    storage: Storage


class DeveloperPages:
    """Answers for /tokens, /webhooks and /events."""

    def __init__(self, runtime: DeveloperRuntime, gate: TokenGate, desk: TokenDesk, webhooks: Webhooks) -> None:
        self._runtime = runtime
        self._gate = gate
        self._desk = desk
        self._webhooks = webhooks

    def handlers(self, looks: Looks) -> Mapping[tuple[str, str], Callable[[PageRequest], Awaitable[Response]]]:
        """Return what answers by method and path."""

        async def tokens(visit: PageRequest) -> Response:
            return await self._tokens(visit, looks)

        async def webhooks(visit: PageRequest) -> Response:
            return self._hooks(visit, looks)

        async def hook(visit: PageRequest) -> Response:
            return self._hook(visit, looks)

        async def events(visit: PageRequest) -> Response:
            return await self._events(visit, looks)

        return {
            ("GET", "/tokens"): tokens,
            ("POST", "/tokens"): tokens,
            ("GET", "/webhooks"): webhooks,
            ("POST", "/webhooks"): webhooks,
            ("GET", "/webhooks/*"): hook,
            ("POST", "/webhooks/*"): hook,
            ("GET", "/events"): events,
        }

    async def _tokens(self, visit: PageRequest, looks: Looks) -> Response:
        post = visit.request.method == "POST"
        allow(visit.actor, MEMBERS_AND_STEWARDS, "tokens:write" if post else "tokens:read")
        made = None
        if post and visit.first("step") == "revoke":
            await self._desk.revoke(visit.actor, visit.first("id"))
            return moved_to("/tokens")
        if post:
            label = visit.first("label")
            if not 1 <= len(label) <= TOKEN_LABEL_CHARS_MAX:
                raise Denied(MALFORMED, field="label", expected=f"1 to {TOKEN_LABEL_CHARS_MAX} characters")
            scopes = tuple(visit.posted.get("scopes", ())) or None
            is_steward = visit.actor.role is Role.STEWARD
            wish = CreateToken(label, Role.STEWARD if is_steward else Role.MEMBER, scopes=scopes)
            made = await self._desk.create(wish, visit.actor, await self._gate.session_key(f"Bearer {visit.bearer}"))
        page = await self._desk.page(visit.actor, 0, TOKENS_LISTED)
        return looks.show(
            "developer/tokens.html",
            visit,
            tokens=[one for one in page.items if one.live],
            made=made,
            scopes=_by_noun(self._desk.scopes),
        )

    def _hooks(self, visit: PageRequest, looks: Looks) -> Response:
        post = visit.request.method == "POST"
        allow(visit.actor, STEWARDS, "webhooks:write" if post else "webhooks:read")
        made = None
        if post:
            types = tuple(visit.first("types").split())
            made = self._webhooks.create(CreateWebhook(visit.first("url"), types, visit.first("label")))
        return looks.show(
            "developer/webhooks.html", visit, hooks=self._webhooks.all(), made=made, event_type=EVENT_TYPE
        )

    def _hook(self, visit: PageRequest, looks: Looks) -> Response:
        post = visit.request.method == "POST"
        allow(visit.actor, STEWARDS, "webhooks:write" if post else "webhooks:read")
        identity = visit.path.rpartition("/")[2]
        if post:
            match visit.first("step"):
                case "test":
                    self._webhooks.test(identity)
                case "replay":
                    self._webhooks.replay(identity, ReplayDeliveries())
                case "remove":
                    self._webhooks.remove(identity)
                    return moved_to("/webhooks")
                case _:
                    raise Denied(PATH_UNKNOWN)
            return moved_to(visit.path)
        hook = self._webhooks.shown(self._webhooks.find(identity))
        waiting = self._webhooks.waiting(identity, EVENTS_LISTED)
        return looks.show("developer/webhook.html", visit, hook=hook, waiting=waiting, dead=HookMessageState.DEAD)

    async def _events(self, visit: PageRequest, looks: Looks) -> Response:
        allow(visit.actor, SIGNED_IN, "events:read")
        after = visit.query.get("after", "")
        is_more = bool(after)
        if is_more and not (after.isascii() and after.isdigit() and len(after) <= SEQ_DIGITS_MAX):
            raise Denied(PATH_UNKNOWN)
        _, newest = await self._runtime.storage.events_kept()
        since = int(after) if is_more else max(0, newest - EVENTS_LOOKED_AT)
        found: list[EventStored] = []
        while len(events := await self._runtime.storage.events(max(since, newest - EVENTS_LOOKED_AT))):
            found += [one for one in events if self._may_know(visit, one)]
            since = events[-1].seq
        shown = found[-EVENTS_LISTED:][::-1]
        template = "developer/told.html" if is_more else "developer/events.html"
        return looks.show(template, visit, events=shown, newest=max(since, newest))

    def _may_know(self, visit: PageRequest, one: EventStored) -> bool:
        return visit.actor.role in READERS or visit.actor.member in one.audience


def _by_noun(scopes: frozenset[str]) -> Sequence[tuple[str, Sequence[str]]]:
    """Return scopes by noun, each with what it allows."""
    found: dict[str, list[str]] = {}
    for scope in sorted(scopes):
        found.setdefault(scope.partition(":")[0], []).append(scope)
    return tuple(found.items())
