# SPDX-License-Identifier: AGPL-3.0-or-later
"""A batch whose rows are brought ends, or is told to be a mistake: it never turns for ever."""

from types import SimpleNamespace
from typing import Any

import pytest

from node.loop.handling import FETCH_ROUNDS_MAX, handled
from protocol.book.tables import Name
from protocol.events import Fetch

ASKED = object()


class Wanting:
    """A replica that wants a row of another name each time; so many times, then it is content."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.book = SimpleNamespace(tables={})

    def names(self, inputs: Any) -> frozenset[Name]:
        del inputs
        return frozenset()

    def handle(self, inputs: Any, now: int) -> list[Any]:
        del now
        self.times -= 1
        lacking = tuple(one for one in inputs if one is ASKED)
        return [Fetch((Name("cycles", self.times.to_bytes(16, "big")),), lacking)] if self.times >= 0 else []


class Shelf:
    """Storage that has none of the rows."""

    async def brought(self, names: Any, tables: Any) -> tuple[()]:
        del names, tables
        return ()


async def rounds(times: int) -> int:
    seen: Any = handled(Wanting(times), [ASKED], Shelf(), 0)  # type: ignore[arg-type]
    return len([effects async for effects in seen])


async def test_what_asks_for_one_row_after_another_is_answered_in_the_end() -> None:
    assert await rounds(FETCH_ROUNDS_MAX - 1) == FETCH_ROUNDS_MAX


async def test_what_asks_for_other_rows_for_ever_is_a_mistake_that_is_found() -> None:
    with pytest.raises(AssertionError, match="other rows are asked for each time"):
        await rounds(FETCH_ROUNDS_MAX + 1)
