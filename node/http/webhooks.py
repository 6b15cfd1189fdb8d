# SPDX-License-Identifier: AGPL-3.0-or-later
"""The resource of webhooks: for stewards, who say where events go, and send again what was given up."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from aiohttp.web import StreamResponse

from node.hooks.sender import URL_CHARS_MAX, HookSender, UrlFault, secret_text
from node.hooks.store import HOOKS_MAX, Hook, HookMessage, HookMessageState
from node.http.answers import nothing, page_answer, respond, shown_answer
from node.http.cursors import page_of
from node.http.events import TYPES_MAX
from node.http.problems import Denied
from node.http.routes import Exchange, Route, no_more, read_wish
from node.http.schema import json_bytes
from protocol.book.declaration import STEWARDS, At, Doc, Page, ToldOnce
from protocol.book.refusals import MALFORMED, NOT_FOUND, STATE_CONFLICT
from protocol.wire.shape import AtMost, Spelt

EVENT_TYPE = r"[a-z0-9][a-z0-9._-]{0,63}"


@dataclass(frozen=True, slots=True)
class CreateWebhook:
    """Send what happens to a URL, signed, each event until it is taken."""

    url: Annotated[str, AtMost(URL_CHARS_MAX), Doc("where to: https, and no address of a private network")]
    types: Annotated[
        tuple[Annotated[str, AtMost(64), Spelt(EVENT_TYPE)], ...],
        AtMost(TYPES_MAX),
        Doc("only these types of event, such as payment.posted; none: all"),
    ] = ()
    label: Annotated[str, AtMost(100), Doc("what it is for, as its list will show")] = ""


@dataclass(frozen=True, slots=True)
class WebhookShown:
    """Where events go, and how it stands with that."""

    id: Annotated[str, Doc("its id")]
    url: Annotated[str, Doc("where they go")]
    types: Annotated[tuple[str, ...], Doc("which; none named: all")]
    label: Annotated[str, Doc("what it is for")]
    created: Annotated[At, Doc("when it was made")]
    gone: Annotated[bool, Doc("whether its receiver has said that it is gone for good: it gets nothing more")]
    pending: Annotated[int, Doc("how many messages wait for a try")]
    dead: Annotated[int, Doc("how many were given up and can be sent again")]
    secret: Annotated[str | None, ToldOnce, Doc("with what messages are signed; shown once, when it is made")] = None


@dataclass(frozen=True, slots=True)
class HookMessageShown:
    """A message that waits for its next try, or was given up."""

    id: Annotated[str, Doc("its id")]
    message: Annotated[str, Doc("what its header webhook-id says: the same at each try")]
    type: Annotated[str, Doc("the type of its event")]
    state: Annotated[HookMessageState, Doc("pending; dead: it was given up")]
    tries: Annotated[int, Doc("how often it was tried")]
    due: Annotated[At, Doc("when it is tried next, or was to be")]
    said: Annotated[str, Doc("how the last try went")]


@dataclass(frozen=True, slots=True)
class ReplayDeliveries:
    """Try anew what was given up."""

    deliveries: Annotated[
        tuple[Annotated[str, AtMost(18), Spelt("[0-9]+")], ...] | None, AtMost(200), Doc("these; none: all of it")
    ] = None


@dataclass(frozen=True, slots=True)
class ReplayShown:
    """What is tried anew."""

    count: Annotated[int, Doc("how many messages")]


class Webhooks:
    """Answers for the receivers of a node's events."""

    def __init__(self, sender: HookSender | None) -> None:
        self._kept = sender

    @property
    def _sender(self) -> HookSender:
        if self._kept is None:
            raise Denied(NOT_FOUND)
        return self._kept

    def routes(self) -> Iterator[Route]:
        """Return the routes; none of their answers is remembered, since one holds a secret."""
        yield Route(
            "POST", "/v1/webhooks", "webhooks.create", STEWARDS, self._create, scope="webhooks:write", status=201,
            wish=CreateWebhook, answer=WebhookShown, statuses=(409,),
            summary="Send events to a URL; the secret that signs them is shown this once.",
            example="mutirao webhooks create --url https://till.example/hook --types payment.posted",
        )  # fmt: skip
        yield Route(
            "GET", "/v1/webhooks", "webhooks.list", STEWARDS, self._list, scope="webhooks:read", answer=WebhookShown,
            paged=True, tagged=True, summary="Where events go.", example="mutirao webhooks list",
        )  # fmt: skip
        yield Route(
            "GET", "/v1/webhooks/{id}", "webhooks.show", STEWARDS, self._show, scope="webhooks:read",
            answer=WebhookShown, tagged=True, summary="One of these.", example="mutirao webhooks show 1",
        )  # fmt: skip
        yield Route(
            "DELETE", "/v1/webhooks/{id}", "webhooks.remove", STEWARDS, self._remove, scope="webhooks:write",
            status=204, summary="Send nothing there any more.", example="mutirao webhooks remove 1",
        )  # fmt: skip
        yield Route(
            "GET", "/v1/webhooks/{id}/deliveries", "webhooks.deliveries", STEWARDS, self._deliveries,
            scope="webhooks:read", answer=HookMessageShown, paged=True, tagged=True,
            summary="What waits for its next try, and what was given up.", example="mutirao webhooks deliveries 1",
        )  # fmt: skip
        yield Route(
            "POST", "/v1/webhooks/{id}/replay", "webhooks.replay", STEWARDS, self._replay, scope="webhooks:write",
            wish=ReplayDeliveries, answer=ReplayShown, summary="Try anew what was given up.",
            example="mutirao webhooks replay 1",
        )  # fmt: skip
        yield Route(
            "POST", "/v1/webhooks/{id}/test", "webhooks.test", STEWARDS, self._test, scope="webhooks:write",
            answer=WebhookShown, summary="Send a message of the type webhook.test.",
            example="mutirao webhooks test 1",
        )  # fmt: skip

    def create(self, wish: CreateWebhook) -> WebhookShown:
        """Keep a new receiver; raises Denied."""
        if len(self._sender.store.hooks()) >= HOOKS_MAX:
            raise Denied(STATE_CONFLICT, state=f"there are {HOOKS_MAX} webhooks already")
        try:
            hook = self._sender.add(wish.url, wish.label, wish.types)
        except UrlFault as fault:
            raise Denied(MALFORMED, field="url", expected=str(fault)) from None
        return self.shown(hook, secret_text(hook.secret))

    def shown(self, hook: Hook, secret: str | None = None) -> WebhookShown:
        """Return a receiver as its list shows it."""
        pending, dead = self._sender.store.counts(hook.number)
        types = tuple(sorted(hook.types))
        return WebhookShown(
            str(hook.number), hook.url, types, hook.label, hook.created_ms, hook.gone, pending, dead, secret
        )

    def find(self, identity: str) -> Hook:
        """Return a receiver; raises Denied."""
        found = next((one for one in self._sender.store.hooks() if str(one.number) == identity), None)
        if found is None:
            raise Denied(NOT_FOUND)
        return found

    def all(self) -> list[WebhookShown]:
        """Return all receivers as their list shows them."""
        return [self.shown(one) for one in self._sender.store.hooks()]

    def waiting(self, identity: str, limit: int) -> list[HookMessageShown]:
        """Return the oldest of what a receiver has not taken; raises Denied."""
        rows = self._sender.store.deliveries(self.find(identity).number, 0, limit)
        return [delivery_shown(one) for one in rows]

    def remove(self, identity: str) -> None:
        """Forget a receiver; raises Denied."""
        self._sender.store.remove(self.find(identity).number)

    def replay(self, identity: str, wish: ReplayDeliveries) -> ReplayShown:
        """Try anew what was given up; raises Denied."""
        numbers = None if wish.deliveries is None else [int(one) for one in wish.deliveries]
        return ReplayShown(self._sender.replay(self.find(identity).number, numbers))

    def test(self, identity: str) -> WebhookShown:
        """Queue a message that only tells that messages come; raises Denied."""
        hook = self.find(identity)
        self._sender.send_test(hook)
        return self.shown(hook)

    async def _create(self, exchange: Exchange) -> StreamResponse:
        no_more(exchange.query)
        made = await asyncio.to_thread(self.create, read_wish(CreateWebhook, exchange.body))
        return respond(json_bytes(made), status=201, headers={"Location": f"/v1/webhooks/{made.id}"})

    async def _list(self, exchange: Exchange) -> StreamResponse:
        query = dict(exchange.query)
        after, limit = page_of(exchange, query)
        no_more(query)
        found = [one for one in self.all() if int(one.id) > after]
        following = int(found[limit - 1].id) if len(found) > limit else None
        return page_answer(exchange, WebhookShown, Page(tuple(found[:limit]), following))

    async def _show(self, exchange: Exchange) -> StreamResponse:
        no_more(exchange.query)
        return shown_answer(exchange, json_bytes(self.shown(self.find(exchange.subject))))

    async def _remove(self, exchange: Exchange) -> StreamResponse:
        no_more(exchange.query)
        self.remove(exchange.subject)
        return nothing()

    async def _deliveries(self, exchange: Exchange) -> StreamResponse:
        query = dict(exchange.query)
        after, limit = page_of(exchange, query)
        no_more(query)
        rows = self._sender.store.deliveries(self.find(exchange.subject).number, after, limit + 1)
        following = rows[limit - 1].number if len(rows) > limit else None
        return page_answer(exchange, HookMessageShown, Page(tuple(map(delivery_shown, rows[:limit])), following))

    async def _replay(self, exchange: Exchange) -> StreamResponse:
        no_more(exchange.query)
        return respond(json_bytes(self.replay(exchange.subject, read_wish(ReplayDeliveries, exchange.body))))

    async def _test(self, exchange: Exchange) -> StreamResponse:
        no_more(exchange.query)
        return respond(json_bytes(self.test(exchange.subject)))


def delivery_shown(one: HookMessage) -> HookMessageShown:
    """Return a message as its list shows it."""
    return HookMessageShown(
        str(one.number), one.message, one.type, HookMessageState(one.state), one.tries, one.due_ms, one.said
    )
