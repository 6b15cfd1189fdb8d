# SPDX-License-Identifier: AGPL-3.0-or-later
"""Those who wait for the outcome of a wish, and the answers that are remembered under an idempotency key."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from node.loop.batch import Answered
from node.loop.refusals import IDEMPOTENCY_IN_FLIGHT, IDEMPOTENCY_REUSED
from node.loop.texts import digests, filled, marked, with_texts
from node.loop.underway import Underway
from node.store.storage import Storage
from protocol.book.refusals import Refused, refuse
from protocol.events import Answer, Asked
from protocol.lanes.entry import Millis

TOO_MANY, SERVER_FAULT = 429, 500
"""Statuses that tell of a bad moment, from SERVER_FAULT up and TOO_MANY, are not remembered; nor what is transient."""


class Broken(Exception):
    """A bug of ours met this wish: nothing of it is stored."""


def whole(result: Any) -> Any:
    """Return a result as it is: it holds no secret."""
    return result


@dataclass(frozen=True, slots=True)
class Remember:
    """Under which key an answer is remembered, and how it will look: status, content type, body.

    Scope and request are SHA-256 digests: of who asks with which key, and of what is asked. `keep` is what of a result
    is remembered: all but its secrets.
    """

    scope: bytes
    request: bytes
    render: Callable[[Any], tuple[int, str, bytes]]
    keep: Callable[[Any], Any] = whole


@dataclass(frozen=True, slots=True)
class Remembered:
    """The answer that a key got: now, or (replayed) before."""

    status: int
    content_type: str
    body: bytes
    replayed: bool


@dataclass(frozen=True, slots=True)
class Waiter:
    """Somebody who waits for the outcome of a wish."""

    outcome: asyncio.Future[Any]
    remember: Remember | None

    def settle(self, result: Any) -> None:
        """Tell the outcome, rendered where it was to be remembered."""
        if self.remember is not None and not isinstance(result, Remembered):
            result = Remembered(*self.remember.render(result), False)
        if not self.outcome.done():
            self.outcome.set_result(result)


class Waiters:
    """Who waits for what the replica has been asked and not answered yet; by the number of the wish."""

    def __init__(self, storage: Storage, underway: Underway) -> None:
        self._storage = storage
        self._underway = underway
        self._pending: dict[int, Waiter] = {}
        self._in_flight: dict[bytes, bytes] = {}
        """The idempotency scopes that wait for their outcome, with the digest of their request."""

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._pending)

    def __contains__(self, request: int) -> bool:
        """Tell whether anybody waits for a wish."""
        return request in self._pending

    def open(self, remember: Remember | None = None) -> Waiter | Refused:
        """Return one who waits, with the key of its wish taken until it has an outcome; or why the key is not free."""
        if remember is not None:
            under_way = self._in_flight.get(remember.scope)
            if under_way is not None:
                return refuse(IDEMPOTENCY_IN_FLIGHT if under_way == remember.request else IDEMPOTENCY_REUSED)
            self._in_flight[remember.scope] = remember.request
        waiter = Waiter(asyncio.get_running_loop().create_future(), remember)
        if remember is not None:
            waiter.outcome.add_done_callback(lambda _: self._in_flight.pop(remember.scope))
        return waiter

    def await_(self, request: int, waiter: Waiter) -> None:
        """Let somebody wait for a wish that the replica is about to be asked."""
        self._pending[request] = waiter

    async def knows(self, scope: bytes) -> bool:
        """Tell whether the key of this idempotency scope has got its answer, or is under way to it."""
        return scope in self._in_flight or bool(await self._storage.answers([scope]))

    def answer(self, request: int, result: Any) -> None:
        """Tell who waits for a wish what came of it."""
        waiter = self._pending.pop(request, None)
        if waiter is not None:
            waiter.settle(result)

    def answer_all(self, result: Refused) -> None:
        """Tell everybody the same."""
        for request in list(self._pending):
            self.answer(request, result)

    def break_all(self, bug: str) -> None:
        """Tell everybody that a bug of ours met their wish."""
        for request in list(self._pending):
            outcome = self._pending.pop(request).outcome
            if not outcome.done():
                outcome.set_exception(Broken(bug))

    async def replay(self, asked: Sequence[Asked]) -> None:
        """Answer those wishes whose keys have got their answer before."""
        keyed = [
            (one.request, remember) for one in asked if (remember := self._pending[one.request].remember) is not None
        ]
        known = await self._storage.answers(remember.scope for _, remember in keyed) if keyed else {}
        for request, remember in keyed:
            answered = known.get(remember.scope)
            if answered is None:
                continue
            if answered.request == remember.request:
                body = await filled(answered.body, remember.scope, self._underway.texts)
                self.answer(request, Remembered(answered.status, answered.content_type, body, True))
            else:
                self.answer(request, refuse(IDEMPOTENCY_REUSED))

    async def render(self, told: list[Answer], now: Millis) -> list[Answered]:
        """Render, in place, the answers that are stored with the entries that they speak of; return what is stored."""
        lasting = [
            (place, remember, answer)
            for place, answer in enumerate(told)
            if answer.request in self._pending and (remember := self._pending[answer.request].remember)
        ]
        if not lasting:
            return []
        stored: list[Answered] = []
        wanted = [set(digests(answer.result)) for _, _, answer in lasting]
        texts = await self._underway.texts(set().union(*wanted))
        for (place, remember, answer), refers in zip(lasting, wanted, strict=True):
            result = with_texts(answer.result, texts) if refers else answer.result
            status, content_type, body = remember.render(result)
            told[place] = Answer(answer.request, Remembered(status, content_type, body, False))
            kept = remember.keep(answer.result)
            if refers:  # what is remembered names the texts, and never holds them
                kept = marked(kept, remember.scope)
            if kept is not answer.result:
                _, _, body = remember.render(kept)
            passes = isinstance(answer.result, Refused) and answer.result.reason.transient
            if not passes and status < SERVER_FAULT and status != TOO_MANY:
                stored.append(Answered(remember.scope, remember.request, status, content_type, body, now))
        return stored
