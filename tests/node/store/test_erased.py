# SPDX-License-Identifier: AGPL-3.0-or-later
"""What was erased does not come back with an older copy, whatever a crash has done to the list of it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from node.loop.batch import Batch
from node.store.connections import StorageFailed
from node.store.erased import ERASED, erase_anew, remember, remembered
from node.store.holding import Holding, holding_of
from node.store.storage import Storage
from protocol.book.private import PrivateItem
from protocol.events import Erase

NOW = 1_700_000_000_000


def note(number: int, owner: str, text: str, *, at_ms: int = NOW) -> PrivateItem:
    return PrivateItem(number.to_bytes(32, "big"), owner, "note", f"payments/{number}", text.encode(), "", at_ms)


def test_a_line_that_a_crash_has_cut_is_passed_over(tmp_path: Path) -> None:
    assert remembered(tmp_path) == ()
    remember(tmp_path, [Erase("ANA", NOW), Erase("BIA", NOW + 1)])
    remember(tmp_path, [Erase("ANA", NOW + 2)])
    whole = [Erase("ANA", NOW), Erase("BIA", NOW + 1), Erase("ANA", NOW + 2)]
    assert remembered(tmp_path) == whole
    (tmp_path / ERASED).write_text((tmp_path / ERASED).read_text()[:-3])
    assert remembered(tmp_path) == whole[:2]


async def test_an_older_copy_loses_what_was_erased_and_keeps_what_came_after(storage: Storage, tmp_path: Path) -> None:
    await storage.commit(Batch(items=[note(1, "ANA", "before"), note(2, "BIA", "of another")]))
    copy = tmp_path / "older.backup"
    await storage.backup(copy)
    await storage.commit(Batch(erased=[Erase("ANA", NOW)]))
    assert holding_of(copy) == Holding(2, 2, 0, 0)
    assert erase_anew(copy, remembered(storage.path.parent)) == 1
    assert (holding_of(copy), b"before" in copy.read_bytes()) == (Holding(1, 1, 0, 0), False)
    await storage.commit(Batch(items=[note(3, "ANA", "after", at_ms=NOW + 1)]))
    newer = tmp_path / "newer.backup"
    await storage.backup(newer)
    assert erase_anew(newer, remembered(storage.path.parent)) == 0
    assert b"after" in newer.read_bytes()


async def test_nothing_is_erased_that_cannot_be_remembered(storage: Storage) -> None:
    await storage.commit(Batch(items=[note(1, "ANA", "before")]))
    (storage.path.parent / ERASED).mkdir()
    with pytest.raises(StorageFailed):
        await storage.commit(Batch(erased=[Erase("ANA", NOW)]))
    assert await storage.private.items([note(1, "", "").digest]) != {}


async def test_set_aside_databases_are_erased_in_too_and_named_where_that_cannot_be_done(
    storage: Storage, caplog: pytest.LogCaptureFixture
) -> None:
    await storage.commit(Batch(items=[note(1, "ANA", "before"), note(2, "BIA", "of another")]))
    old = [storage.path.with_name(f"{storage.path.name}.old{number}") for number in (1, 2, 3)]
    for path in old[:2]:
        await storage.backup(path)
    old[2].write_bytes(b"before" * 1_000)
    with closing(sqlite3.connect(old[1])) as connection:
        connection.execute("PRAGMA user_version = 1")
    await storage.commit(Batch(erased=[Erase("ANA", NOW)]))
    assert [path.name for path in old if b"before" in path.read_bytes()] == [path.name for path in old[1:]]
    assert b"of another" in old[0].read_bytes()
    assert [record.__dict__["file"] for record in caplog.records] == [path.name for path in old[1:]]
