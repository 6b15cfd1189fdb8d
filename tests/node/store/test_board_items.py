# SPDX-License-Identifier: AGPL-3.0-or-later
"""Items of boards on the disk: there after a restart, and what is withdrawn or has ended leaves nothing behind."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from doorless import Riacho, at_work, riacho_in

from node.keeping.home import DATABASE
from node.keeping.upkeep import verify_book
from node.loop import door
from protocol.events import TimerFired
from protocol.practices.between.announcements import (
    AnnouncementsWanted,
    PublishAnnouncement,
    ReplaceAnnouncement,
    WithdrawAnnouncement,
)

pytestmark = pytest.mark.timeout(30)


async def texts(riacho: Riacho) -> list[str]:
    return [one.text for one in (await riacho.ask("announcements.list", AnnouncementsWanted())).items]


def on_disk(home: Path) -> bytes:
    """Return all bytes of the database, its log and whatever lies beside."""
    return b"".join(path.read_bytes() for path in home.glob(f"{DATABASE}*") if path.is_file())


async def purged(riacho: Riacho, text: bytes) -> None:
    """Wait until nothing of a text is on the disk; fail where that takes more than some seconds."""
    for _ in range(100):
        if text not in on_disk(riacho.home):
            return
        await asyncio.sleep(0.1)
    raise AssertionError("it is still there")


async def test_a_board_is_there_after_a_restart_and_after_a_rebuild(tmp_path: Path) -> None:
    home = await riacho_in(tmp_path / "riacho")
    async with at_work(home) as riacho:
        first = await riacho.ask("announcements.publish", PublishAnnouncement("Market on Saturday"))
        await riacho.ask("announcements.publish", PublishAnnouncement("Lost: a dog"))
        await riacho.ask("announcements.replace", ReplaceAnnouncement("Market on Sunday"), subject=first.id)
    async with at_work(home) as riacho:
        assert await texts(riacho) == ["Lost: a dog", "Market on Sunday"]
    for path in home.glob("*.snapshot"):
        path.unlink()
    async with at_work(home) as riacho:
        await riacho.storage.distrust_rows()
    async with at_work(home) as riacho:
        assert await texts(riacho) == ["Lost: a dog", "Market on Sunday"]
        shown = await riacho.ask("announcements.show", subject=first.id)
        assert (shown.version, shown.text) == (2, "Market on Sunday")
    assert verify_book(home, lambda _: None).faults == ()


async def test_a_withdrawn_body_is_gone_from_memory_at_once_and_from_the_disk_within_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "PURGE_EVERY_MS", 100)
    home = await riacho_in(tmp_path / "riacho")
    async with at_work(home) as riacho:
        kept = await riacho.ask("announcements.publish", PublishAnnouncement("Kept for good"))
        shown = await riacho.ask("announcements.publish", PublishAnnouncement("Regretted words"))
        assert b"Regretted words" in on_disk(home)
        await riacho.ask("announcements.withdraw", WithdrawAnnouncement(), subject=shown.id)
        assert await texts(riacho) == ["Kept for good"]
        await purged(riacho, b"Regretted words")
        assert b"Kept for good" in on_disk(home)
        assert (await riacho.ask("announcements.show", subject=kept.id)).text == "Kept for good"
    async with at_work(home) as riacho:
        assert await texts(riacho) == ["Kept for good"]
    assert b"Regretted words" not in on_disk(home)
    with closing(sqlite3.connect(home / DATABASE)) as connection:
        assert connection.execute("SELECT count(*) FROM board_items").fetchone() == (2,)


async def test_what_has_ended_is_dropped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = await riacho_in(tmp_path / "riacho")
    async with at_work(home) as riacho:
        await riacho.ask("announcements.publish", PublishAnnouncement("Market tomorrow", days=1))
        shown = await riacho.ask("announcements.publish", PublishAnnouncement("A year", days=366))
        replica = riacho.books.replica
        effects = replica.handle((TimerFired(),), shown.ends_at - 86_400_000)
        assert [type(one).__name__ for one in effects if "Board" in type(one).__name__] == ["DropBoardItem"]
        assert await texts(riacho) == ["A year"]
