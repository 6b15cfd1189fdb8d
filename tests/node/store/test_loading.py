# SPDX-License-Identifier: AGPL-3.0-or-later
"""Starts: history stays on the disk, a snapshot is a short cut, and whatever is damaged is noticed and made anew."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from doorless import at_work, riacho_in

from node.keeping.home import DATABASE
from node.keeping.upkeep import verify_book
from node.loop import snapping
from node.store import snapshot
from node.store.rows import ROW_DIGEST_BYTES, RowDamaged, fetching
from node.store.writing import LESS_KNOWN
from protocol.book.declaration import RowsWanted
from protocol.book.payments import PAYMENTS
from protocol.book.tables import Name
from protocol.practices.between.checkpoints.views import CheckpointsWanted, MakeCheckpoint
from protocol.practices.money.payments.views import PaymentsWanted
from protocol.replica import Replica


@pytest.fixture
async def home(tmp_path: Path) -> Path:
    return await riacho_in(tmp_path / "riacho")


@pytest.fixture
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take a snapshot each time that something was stored."""
    monkeypatch.setattr(snapping, "SNAPSHOT_EVERY_ENTRIES", 1)
    monkeypatch.setattr(snapping, "SNAPSHOT_AT_STOP_ENTRIES", 1)


async def trade(home: Path) -> list[str]:
    async with at_work(home) as riacho:
        await riacho.join("ana")
        await riacho.join("bia")
        return [await riacho.pay("ana", "bia", minor) for minor in (100, 200, 300)]


async def test_a_closed_payment_leaves_memory_and_is_found_again_by_whoever_names_it(home: Path) -> None:
    ids = await trade(home)
    async with at_work(home) as riacho:
        book = riacho.books.book
        assert (len(book.payments), book.payments.left) == (0, 3)
        assert (await riacho.ask("payments.show", subject=ids[1])).amount.value == 200
        assert (await riacho.reverse(ids[1])).state == "reversed"
        assert (riacho.balance("ana"), len(book.payments)) == (-400, 0)
        again = await riacho.reverse(ids[1])
        assert str(again.reason) == "STATE_CONFLICT"
        listed = await riacho.ask("payments.list", PaymentsWanted(account="ana"))
        assert [(one.id, str(one.state)) for one in listed.items] == [
            (ids[0], "posted"), (ids[1], "reversed"), (ids[2], "posted"),
        ]  # fmt: skip
    assert not verify_book(home, lambda _: None).faults


@pytest.mark.parametrize("count", [1, 2, 100])
async def test_rows_that_are_named_are_found_by_their_keys(home: Path, count: int) -> None:
    await trade(home)
    names = [Name("payments", bytes([number]) * 16) for number in range(count)]
    with closing(sqlite3.connect(home / DATABASE)) as database:
        for query, values in fetching(names):
            plan = [row[3] for row in database.execute(f"EXPLAIN QUERY PLAN {query}", values)]
            assert plan == ["SEARCH rows USING INDEX rows_by_key (kind=? AND key=?)"]


async def test_a_start_folds_only_what_came_after_the_snapshot(
    home: Path, often: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = await trade(home)
    folded: list[int] = []
    load = Replica.load

    def counting(self: Replica, entries: Any) -> Any:
        read = list(entries)
        folded.append(len(read))
        return load(self, read)

    monkeypatch.setattr(Replica, "load", counting)
    async with at_work(home) as riacho:
        assert folded == [0] and riacho.balance("bia") == 600
        monkeypatch.setattr(snapping, "SNAPSHOT_EVERY_ENTRIES", 1_000)
        monkeypatch.setattr(snapping, "SNAPSHOT_AT_STOP_ENTRIES", 1_000)
        # A row that was closed in the snapshot changes after it: a start finds it as it was there.
        await riacho.reverse(ids[2])
        await riacho.pay("bia", "ana", 50)
    async with at_work(home) as riacho:
        assert folded == [0, 2] and riacho.balance("bia") == 250
        assert (await riacho.ask("payments.show", subject=ids[2])).state == "reversed"
    assert not verify_book(home, lambda _: None).faults


async def test_a_home_that_has_signed_checkpoints_goes_on_from_its_snapshot(home: Path, often: None) -> None:
    await trade(home)
    async with at_work(home) as riacho:
        await riacho.ask("checkpoints.make", MakeCheckpoint())
        await riacho.pay("ana", "bia", 100)
        made = await riacho.ask("checkpoints.make", MakeCheckpoint())
    _, state = snapshot.read_snapshot(home / f"{DATABASE}.snapshot")
    snapshot.loaded(state)  # raises Unusable
    async with at_work(home) as riacho:
        listed = (await riacho.ask("checkpoints.list", CheckpointsWanted())).items
        assert (made.id, made.head) in [(one.id, one.head) for one in listed]
        await riacho.pay("ana", "bia", 100)
        await riacho.ask("checkpoints.make", MakeCheckpoint())
    assert not verify_book(home, lambda _: None).faults


async def test_where_entries_are_none_any_more_older_snapshots_are_passed_over_and_new_ones_taken(home: Path) -> None:
    await trade(home)
    async with at_work(home) as riacho:
        markers = [(await riacho.storage.newest())[0]]
        for _ in range(20):  # not every octet string is text: a random one would pass by chance now and then
            await riacho.storage._write(LESS_KNOWN[0][0])
            markers.append((await riacho.storage.newest())[0])
        assert len(set(markers)) == 21 and {one[:ROW_DIGEST_BYTES] for one in markers} == {
            markers[0][:ROW_DIGEST_BYTES]
        }


def halve(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def turn_a_bit(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(data)


def claim_another_network(path: Path) -> None:
    head, state = snapshot.read_snapshot(path)
    snapshot.write(path, bytes(state), replace(head, network="00" * 32))


def claim_another_version(path: Path) -> None:
    head, state = snapshot.read_snapshot(path)
    snapshot.write(path, bytes(state), replace(head, code="00" * 32))


@pytest.mark.parametrize("harm", [halve, turn_a_bit, claim_another_network, claim_another_version])
async def test_a_snapshot_that_is_not_whole_or_not_ours_is_passed_over(
    home: Path, often: None, harm: Callable[[Path], None], caplog: pytest.LogCaptureFixture
) -> None:
    await trade(home)
    harm(home / f"{DATABASE}.snapshot")
    async with at_work(home) as riacho:
        assert riacho.balance("bia") == 600
    assert "the snapshot is passed over" in caplog.text


async def test_a_stored_row_that_has_changed_is_named_and_made_anew_from_the_entries(
    home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    ids = await trade(home)
    with closing(sqlite3.connect(home / DATABASE)) as connection:
        [(data,)] = connection.execute("SELECT data FROM rows WHERE kind = 'payments' AND place = 1")
        changed = data.replace(b"\x18\xc8", b"\x18\xc9")
        assert changed != data
        connection.execute("UPDATE rows SET data = ? WHERE kind = 'payments' AND place = 1", (changed,))
        connection.commit()
    assert any("row" in fault for fault in verify_book(home, lambda _: None).faults)
    async with at_work(home) as riacho:
        with pytest.raises(RowDamaged, match="row 1 of payments"):
            await riacho.storage.listed(RowsWanted(PAYMENTS, 0, 50, str))
        # Whoever names it is told to come again, and finds it as the entries make it.
        assert str((await riacho.reverse(ids[1])).reason) == "OVERLOADED"
        assert any("row 1" in str(vars(one)) for one in caplog.records)
        assert (await riacho.ask("payments.show", subject=ids[1])).amount.value == 200
    assert not verify_book(home, lambda _: None).faults
