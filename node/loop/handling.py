# SPDX-License-Identifier: AGPL-3.0-or-later
"""A batch goes through the core: first the rows that it names are brought, then it is handled, whole or in parts."""

from collections.abc import AsyncIterator, Iterable, Sequence

from node.loop.driven import DrivenReplica
from node.loop.underway import Underway
from protocol.book.tables import Name
from protocol.events import Effect, Fetch, Input, RowsBrought
from protocol.lanes.entry import Millis

FETCH_ROUNDS_MAX = 1_000
"""How often rows are brought without an input being dealt with: more asks for new ones for ever."""


async def handled(
    replica: DrivenReplica, batch: Sequence[Input], underway: Underway, now: Millis
) -> AsyncIterator[list[Effect]]:
    """Yield effects until all inputs are dealt with; what lacked rows that it did not name is handled anew."""
    inputs, names = list(batch), replica.names(batch)
    in_vain = 0
    while inputs:
        brought = await underway.brought(names, replica.book.tables)
        effects = replica.handle([*brought, *inputs], now)
        yield effects
        lacking = _together(one for one in effects if isinstance(one, Fetch))
        done = len(inputs) - len(lacking.inputs) + any(isinstance(one, RowsBrought) for one in lacking.inputs[:1])
        in_vain = 0 if done else in_vain + 1
        assert done or not names.issuperset(lacking.names), "what was brought is asked for again"
        assert in_vain < FETCH_ROUNDS_MAX, "other rows are asked for each time"
        before = names if lacking.inputs and not done else frozenset[Name]()
        inputs = [one for one in lacking.inputs if not isinstance(one, RowsBrought)]
        names = before.union(lacking.names, replica.names(inputs))


def _together(fetches: Iterable[Fetch]) -> Fetch:
    """Return what several parts of a batch wait for as one."""
    found = tuple(fetches)
    names = (name for one in found for name in one.names)
    return Fetch(tuple(dict.fromkeys(names)), tuple(one for fetch in found for one in fetch.inputs))
