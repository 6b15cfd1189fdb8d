# SPDX-License-Identifier: AGPL-3.0-or-later
"""What takes long to reckon is reckoned beside the loop, in turn, and once as long as nothing has changed."""

import asyncio
import sys
from collections import Counter
from collections.abc import Callable, Hashable
from contextlib import suppress
from dataclasses import replace
from threading import Thread
from typing import Any

from node.loop.refusals import RECKONINGS_UNDER_WAY
from protocol.book.plans import NOBODY, Actor, Reckoning
from protocol.book.refusals import OVERLOADED, Refused, refuse

RECKONINGS_WAITING_MAX = 16
"""Who comes while so many wait is told to come again."""
RECKONINGS_OF_ONE_MAX = 2
"""So many are reckoned or wait for one member, or for all who come without one in the same role."""
RECKONINGS_KEPT_MAX = 64
"""Answers that are kept of what they were reckoned of, the latest."""

LOOP_TURN_SECONDS = 0.0005
"""So long the loop waits for its turn while something is reckoned: by default it would be 5 ms, each time."""


class Reckoner:
    """Reckons for one loop, in a thread: what it is given looks at nothing that changes meanwhile."""

    def __init__(self) -> None:
        self._of: Any = None
        self._answers: dict[Hashable, asyncio.Task[Any]] = {}
        self._turn = asyncio.Lock()
        self._waiting: Counter[str] = Counter()
        """How many are reckoned or wait, by who has begun them."""

    async def reckoned(self, asked: Hashable, reckoning: Reckoning, actor: Actor = NOBODY) -> Any:
        """Return what a reckoning comes to; the same question about the same waits for one answer."""
        if reckoning.of is not self._of and reckoning.of != self._of:
            self._of, self._answers = reckoning.of, {}
        answer = self._answers.get(asked)
        if answer is None:
            who = actor.member or actor.role
            if refused := self._full(who):
                return refused
            self._waiting[who] += 1
            work = self._work(self._answers, asked, reckoning, who)
            answer = self._answers[asked] = asyncio.create_task(work)
            while len(self._answers) > RECKONINGS_KEPT_MAX:
                self._answers.pop(next(iter(self._answers)))
        # Whoever asked may leave; others may wait for the same.
        return await asyncio.shield(answer)

    def _full(self, who: str) -> Refused | None:
        """Return why nothing more is reckoned now for somebody."""
        if self._waiting[who] >= RECKONINGS_OF_ONE_MAX:
            return refuse(RECKONINGS_UNDER_WAY, maximum=RECKONINGS_OF_ONE_MAX)
        return refuse(OVERLOADED) if self._waiting.total() >= RECKONINGS_WAITING_MAX else None

    async def _work(self, answers: dict[Hashable, Any], asked: Hashable, reckoning: Reckoning, who: str) -> Any:
        try:
            return await self.worked(replace(reckoning, of=self._of))
        except BaseException:  # what went wrong is no answer to whoever asks next
            answers.pop(asked, None)
            raise
        finally:
            self._waiting -= Counter((who,))

    async def worked(self, reckoning: Reckoning) -> Any:
        """Return what a reckoning comes to, once it is its turn; nobody else waits for the same."""
        async with self._turn:
            before = sys.getswitchinterval()
            sys.setswitchinterval(LOOP_TURN_SECONDS)
            try:
                return await worked_beside(lambda: reckoning.work(reckoning.of))
            finally:
                sys.setswitchinterval(before)


def worked_beside(work: Callable[[], Any]) -> asyncio.Future[Any]:
    """Return what a thread of its own will find, which holds up nobody who ends the program."""
    loop = asyncio.get_running_loop()
    found: asyncio.Future[Any] = loop.create_future()

    def tell(result: Any, error: BaseException | None) -> None:
        if found.done():
            return
        if error is None:
            found.set_result(result)
        else:
            found.set_exception(error)

    def run() -> None:
        result, failed = None, None
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001 - it is told in the loop, to whoever has asked
            failed = error
        with suppress(RuntimeError):  # the loop has ended
            loop.call_soon_threadsafe(tell, result, failed)

    Thread(target=run, name="reckoning", daemon=True).start()
    return found
