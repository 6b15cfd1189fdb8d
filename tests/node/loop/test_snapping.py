# SPDX-License-Identifier: AGPL-3.0-or-later
"""Our own entries say when a snapshot is due; what others say counts for little."""

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
