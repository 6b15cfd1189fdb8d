# SPDX-License-Identifier: AGPL-3.0-or-later
"""Our own entries say when a snapshot is due; what others say counts for little."""

import asyncio
from typing import Any, cast

import pytest

from node.loop.snapping import OTHERS_PER_ENTRY, SNAPSHOT_EVERY_ENTRIES, Snapping


def test_a_snapshot_is_due_after_so_many_entries_of_our_own() -> None:
    snapping = Snapping(None)
    snapping.stored(SNAPSHOT_EVERY_ENTRIES - 1, 0)
    assert not snapping.due
    snapping.stored(1, 0)
    assert snapping.due


def test_strangers_who_say_much_let_none_be_taken_often() -> None:
    snapping = Snapping(None)
    for _ in range(OTHERS_PER_ENTRY):
        assert not snapping.due
        snapping.stored(0, SNAPSHOT_EVERY_ENTRIES)
    assert snapping.due


class Taken:
    """Stands for the snapshots beside a database: counts how often one is taken."""

    folded = 0

    def __init__(self) -> None:
        self.times = 0

    async def take(self, replica: Any) -> None:
        del replica
        self.times += 1


@pytest.mark.parametrize(("outdated", "times"), [(True, 1), (False, 0)])
def test_where_entries_were_let_go_of_the_next_stop_takes_one(*, outdated: bool, times: int) -> None:
    taken: Any = Taken()
    snapping = Snapping(taken)
    snapping.stored(0, 0, outdated=outdated)
    assert not snapping.due
    asyncio.run(snapping.snap_at_stop(cast(Any, None)))
    assert taken.times == times
