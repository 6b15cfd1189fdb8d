# SPDX-License-Identifier: AGPL-3.0-or-later
"""What takes long is reckoned beside the loop, once for all who ask the same of the same."""

import asyncio
import threading
from dataclasses import replace
from typing import Any

import pytest

from node.loop.reckoner import RECKONINGS_KEPT_MAX, RECKONINGS_OF_ONE_MAX, RECKONINGS_WAITING_MAX, Reckoner
from node.loop.refusals import RECKONINGS_UNDER_WAY
from protocol.book.plans import Actor, Reckoning, Role
from protocol.book.refusals import OVERLOADED, Refused

pytestmark = pytest.mark.timeout(20)


def member(number: int) -> Actor:
    return Actor(Role.MEMBER, f"member {number}")


class Abacus:
    """Reckons sums, one at a time, when it is let."""

    def __init__(self) -> None:
        self.may = threading.Event()
        self.did: list[Any] = []
        self.at_once = 0

    def reckoning(self, of: tuple[int, ...]) -> Reckoning:
        return Reckoning(of, self.work)

    def work(self, of: tuple[int, ...]) -> int:
        assert self.at_once == 0, "one after the other"
        self.at_once += 1
        assert self.may.wait(10)
        self.did.append(of)
        self.at_once -= 1
        return sum(of)


async def test_the_loop_goes_on_while_something_is_reckoned() -> None:
    abacus, reckoner = Abacus(), Reckoner()
    asked = asyncio.create_task(reckoner.reckoned("sum", abacus.reckoning((1, 2))))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not asked.done()
    abacus.may.set()
    assert await asked == 3


async def test_the_same_question_is_reckoned_once_until_something_changes() -> None:
    abacus, reckoner = Abacus(), Reckoner()
    abacus.may.set()
    asked = [reckoner.reckoned("sum", abacus.reckoning((1, 2))) for _ in range(3)]
    assert await asyncio.gather(*asked) == [3, 3, 3]
    assert await reckoner.reckoned("other sum", abacus.reckoning((1, 2))) == 3
    assert abacus.did == [(1, 2), (1, 2)]
    assert await reckoner.reckoned("sum", abacus.reckoning((1, 5))) == 6
    assert await reckoner.reckoned("sum", abacus.reckoning((1, 2))) == 3
    assert abacus.did[2:] == [(1, 5), (1, 2)]


async def test_an_answer_to_what_was_is_kept_for_nobody() -> None:
    abacus, reckoner = Abacus(), Reckoner()
    before = asyncio.create_task(reckoner.reckoned("sum", abacus.reckoning((1,))))
    await asyncio.sleep(0)
    after = asyncio.create_task(reckoner.reckoned("sum", abacus.reckoning((2,))))
    await asyncio.sleep(0)
    abacus.may.set()
    assert (await before, await after) == (1, 2)
    assert await reckoner.reckoned("sum", abacus.reckoning((2,))) == 2
    assert abacus.did == [(1,), (2,)]


async def test_who_leaves_takes_the_answer_from_nobody() -> None:
    abacus, reckoner = Abacus(), Reckoner()
    leaver = asyncio.create_task(reckoner.reckoned("sum", abacus.reckoning((1,))))
    await asyncio.sleep(0)
    leaver.cancel()
    abacus.may.set()
    assert await reckoner.reckoned("sum", abacus.reckoning((1,))) == 1
    assert abacus.did == [(1,)]


async def test_who_comes_while_many_wait_is_told_to_come_again() -> None:
    abacus, reckoner = Abacus(), Reckoner()
    waiting = [
        asyncio.create_task(reckoner.reckoned(number, abacus.reckoning((1,)), member(number // RECKONINGS_OF_ONE_MAX)))
        for number in range(RECKONINGS_WAITING_MAX)
    ]
    await asyncio.sleep(0.01)
    refused = await reckoner.reckoned("one more", abacus.reckoning((1,)), member(99))
    assert isinstance(refused, Refused) and refused.reason is OVERLOADED
    abacus.may.set()
    assert await asyncio.gather(*waiting) == [1] * RECKONINGS_WAITING_MAX
    assert await reckoner.reckoned("one more", abacus.reckoning((1,))) == 1


async def test_nobody_takes_the_places_of_all() -> None:
    abacus, reckoner = Abacus(), Reckoner()

    def ask(what: int, who: Actor) -> asyncio.Task[Any]:
        return asyncio.create_task(reckoner.reckoned(what, abacus.reckoning((1,)), who))

    waiting = [ask(number, member(1)) for number in range(RECKONINGS_OF_ONE_MAX)]
    await asyncio.sleep(0.01)
    refused = await ask(7, replace(member(1), scopes=frozenset({"chains:read"})))
    assert isinstance(refused, Refused) and refused.reason is RECKONINGS_UNDER_WAY
    assert refused.reason.transient and refused.figures == {"maximum": RECKONINGS_OF_ONE_MAX}
    waiting += [ask(0, member(1)), ask(7, member(2)), ask(8, Actor(Role.STEWARD)), ask(9, Actor(Role.AUDITOR))]
    await asyncio.sleep(0.01)
    abacus.may.set()
    assert await asyncio.gather(*waiting) == [1] * (RECKONINGS_OF_ONE_MAX + 4), "what is asked again takes no place"
    assert await ask(10, member(1)) == 1


async def test_a_mistake_is_told_to_who_asked_and_kept_for_nobody() -> None:
    tried: list[int] = []

    def work(of: int) -> int:
        tried.append(of)
        return 1 // (len(tried) - 1)

    reckoner = Reckoner()
    with pytest.raises(ZeroDivisionError):
        await reckoner.reckoned("it", Reckoning(7, work))
    assert await reckoner.reckoned("it", Reckoning(7, work)) == 1


async def test_no_more_answers_are_kept_than_a_few() -> None:
    abacus, reckoner = Abacus(), Reckoner()
    abacus.may.set()
    for number in [*range(RECKONINGS_KEPT_MAX + 1), 0, RECKONINGS_KEPT_MAX]:
        await reckoner.reckoned(number, abacus.reckoning((1,)))
    assert len(abacus.did) == RECKONINGS_KEPT_MAX + 2, "the first one was let go, the last one not"
