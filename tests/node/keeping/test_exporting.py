# SPDX-License-Identifier: AGPL-3.0-or-later
"""A network is exported whole and imported elsewhere: all that is its own, no secret, and all or nothing."""

import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing, suppress
from hashlib import sha256
from pathlib import Path

import pytest

from node import clock
from node.keeping import exporting, upkeep
from node.keeping.exporting import EXPORT_FOREIGN, EXPORT_OLDER, ExportUnusable, NetworkImported, write_export
from node.keeping.home import DATABASE, Founding, HomeUnusable, found, read_key, read_keys
from node.keeping.takeover import take_over
from node.store.erased import remember, remembered
from node.store.storage import Storage
from protocol.events import Erase
from protocol.lanes.exports import (
    EXPORT_CUT,
    EXPORT_MAGIC,
    EXPORT_TAMPERED,
    ExportPart,
    ExportRecord,
    ExportSaid,
    export_seal,
    framed,
    read_export,
)
from protocol.wire.keys import KeyPair, id_text, parse_id
from tests.node.keeping.test_books_kept import Riacho, at_work


@pytest.fixture
async def riacho(tmp_path: Path) -> Path:
    """Riacho with Ana and Bia, a payment with a note, a token of an app and an erasure."""
    home = tmp_path / "riacho"
    told = await found(home, Founding("riacho", "Riacho", "HORA", 0), now=clock.now_ms, chance=clock.chance)
    network = parse_id(told.network_id)
    assert network is not None
    async with at_work(home, network) as books:
        await books.join("ana")
        await books.join("bia")
        await pays(books, "one", 3)
    remember(home, [Erase("caio", 7)])
    return home


async def pays(books: Riacho, key: str, hours: int) -> None:
    """Let Ana pay Bia, with a note; the answer is kept under a key."""
    assert (await books.pay(key, hours)).status == 201


async def goes_on(home: Path, hours: int) -> None:
    """Let the home write more into its books."""
    network = await _network(home)
    async with at_work(home, network) as books:
        await pays(books, f"more {hours}", hours)


async def exported(home: Path) -> Path:
    target = home.with_name(f"{home.name}-{time.monotonic_ns()}.export")
    await exporting.export_network(home, target, clock.now_ms)
    return target


async def imported(file: Path, home: Path, network: str | None = None) -> NetworkImported:
    return await exporting.import_network(
        file, home, network=network, invitation=None, now=clock.now_ms, chance=clock.chance
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name not in ("lock", f"{DATABASE}-shm", f"{DATABASE}-wal")
    }


def rows(home: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(home / DATABASE)) as connection:
        return connection.execute(query).fetchall()


OF_THE_NETWORK = (
    "SELECT name, epoch, seq, entries.id FROM entries JOIN lanes ON number = lane ORDER BY arrival",
    "SELECT item, wire FROM board_items ORDER BY arrival",
    "SELECT digest, owner, kind, about, seen, at_ms, value FROM private_items JOIN private_values USING (number)",
    "SELECT scope, request, status, body FROM answers ORDER BY number",
    "SELECT id, seq, kind, amount_minor, balance_minor FROM lines JOIN accounts ON number = account ORDER BY arrival",
    "SELECT kind, place, key, closed, data FROM rows ORDER BY kind, place",
)


async def test_an_imported_home_holds_all_that_the_network_has(riacho: Path, tmp_path: Path) -> None:
    told = await imported(await exported(riacho), tmp_path / "casa")
    for query in OF_THE_NETWORK:
        assert rows(tmp_path / "casa", query) == rows(riacho, query) != [] or "board_items" in query, query
    assert remembered(tmp_path / "casa") == [Erase("caio", 7)]
    assert told.holds.items > 0 and told.steward_token is not None
    assert upkeep.verify_book(tmp_path / "casa", lambda _: None).faults == ()
    assert read_keys(tmp_path / "casa").keyring is None, "it signs nothing"


async def test_no_secret_is_in_an_export(riacho: Path) -> None:
    data = (await exported(riacho)).read_bytes()
    for path in (riacho / "keys").glob("*.key"):
        seed = read_key(path)
        assert seed not in data and seed.hex().encode() not in data, path
    for (token,) in rows(riacho, "SELECT hash FROM tokens"):
        assert isinstance(token, bytes) and token not in data
    parts = {record.part for record in read_export((riacho.parent / _newest(riacho.parent)).open("rb").read)}
    assert parts == {ExportPart.ENTRY, ExportPart.PRIVATE, ExportPart.ANSWER, ExportPart.ERASED, ExportPart.SEAL}


async def test_keepers_make_it_the_home_and_the_books_go_on(riacho: Path, tmp_path: Path) -> None:
    casa, keys = tmp_path / "casa", riacho / "keys"
    await imported(await exported(riacho), casa)
    before = rows(riacho, OF_THE_NETWORK[4])
    taken = await take_over(
        casa, next_key=keys / "next.key", cold_keys=[keys / "cold.key"], now=clock.now_ms, chance=clock.chance
    )
    assert taken.epoch == 1
    assert rows(casa, OF_THE_NETWORK[4]) == before
    await goes_on(casa, 2)
    assert upkeep.verify_book(casa, lambda _: None).faults == ()
    with pytest.raises(HomeUnusable, match="signs for its network"):
        await imported(await exported(riacho), casa)


async def test_whatever_is_changed_in_a_file_is_found(riacho: Path, tmp_path: Path) -> None:
    data = (await exported(riacho)).read_bytes()
    file, casa = tmp_path / "changed.export", tmp_path / "casa"
    for place in (0, len(EXPORT_MAGIC), len(EXPORT_MAGIC) + 40, len(data) // 2, len(data) - 200, len(data) - 1):
        file.write_bytes(data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :])
        with pytest.raises(ExportUnusable) as refused:
            await imported(file, casa)
        assert refused.value.code in (EXPORT_TAMPERED, EXPORT_CUT), place
        assert not casa.exists() and not _left(tmp_path)
    file.write_bytes(data + b"\0")
    with pytest.raises(ExportUnusable) as refused:
        await imported(file, casa)
    assert refused.value.code == EXPORT_TAMPERED


async def test_a_file_that_was_cut_is_not_taken_in(riacho: Path, tmp_path: Path) -> None:
    data = (await exported(riacho)).read_bytes()
    file, casa = tmp_path / "cut.export", tmp_path / "casa"
    ends = [0, 3, len(EXPORT_MAGIC), len(EXPORT_MAGIC) + 2, len(data) // 3, len(data) - 1]
    ends.append(len(data) - len(_records(data)[-1][1]) - 5)  # all but the seal
    for end in ends:
        file.write_bytes(data[:end])
        with pytest.raises(ExportUnusable) as refused:
            await imported(file, casa)
        assert (refused.value.code, casa.exists()) == (EXPORT_CUT, False), end


def _without_texts(records: list[ExportRecord]) -> list[ExportRecord]:
    return [one for one in records if one.part is not ExportPart.PRIVATE]


def _without_an_entry(records: list[ExportRecord]) -> list[ExportRecord]:
    return [one for place, one in enumerate(records) if place != 6]


def _with_a_form_of_ours(records: list[ExportRecord]) -> list[ExportRecord]:
    return [ExportRecord(one.part, b"\x80") if one.part is ExportPart.PRIVATE else one for one in records]


def _with_an_item_of_nobody(records: list[ExportRecord]) -> list[ExportRecord]:
    return [*records, ExportRecord(ExportPart.BOARD, b"\x84\x01\x41a\x41b\x41c")]


def _with_an_erasure_of_none(records: list[ExportRecord]) -> list[ExportRecord]:
    return [ExportRecord(one.part, b"\x82\x60\x07") if one.part is ExportPart.ERASED else one for one in records]


@pytest.mark.parametrize(
    "change", [_without_an_entry, _with_a_form_of_ours, _with_an_item_of_nobody, _with_an_erasure_of_none]
)
async def test_what_an_operator_signs_himself_has_to_hold_all_the_same(
    riacho: Path, tmp_path: Path, change: Callable[[list[ExportRecord]], list[ExportRecord]]
) -> None:
    hot = KeyPair.from_seed(read_key(riacho / "keys" / "hot.key"))
    file = tmp_path / "forged.export"
    _sign(file, change(_records((await exported(riacho)).read_bytes())[:-1]), hot, await _network(riacho))
    with pytest.raises(ExportUnusable) as refused:
        await imported(file, tmp_path / "casa")
    assert (refused.value.code, (tmp_path / "casa").exists(), _left(tmp_path)) == (EXPORT_TAMPERED, False, [])


async def test_another_key_than_the_networks_signs_nothing(riacho: Path, tmp_path: Path) -> None:
    file, records = tmp_path / "forged.export", _records((await exported(riacho)).read_bytes())[:-1]
    for epoch, name in ((0, "next"), (0, "transport"), (1, "hot")):
        hot = KeyPair.from_seed(read_key(riacho / "keys" / f"{name}.key"))
        _sign(file, _without_texts(records), hot, await _network(riacho), epoch)
        with pytest.raises(ExportUnusable) as refused:
            await imported(file, tmp_path / "casa")
        assert refused.value.code == EXPORT_TAMPERED
    _sign(file, records, KeyPair.from_seed(read_key(riacho / "keys" / "hot.key")), bytes(32))
    with pytest.raises(ExportUnusable) as refused:
        await imported(file, tmp_path / "casa")
    assert refused.value.code == EXPORT_TAMPERED


async def test_a_foreign_network_changes_nothing(riacho: Path, tmp_path: Path) -> None:
    serra = tmp_path / "serra"
    await found(serra, Founding("serra", "Serra", "FLOR"), now=clock.now_ms, chance=clock.chance)
    ours, theirs, casa = await exported(riacho), await exported(serra), tmp_path / "casa"
    with pytest.raises(ExportUnusable) as refused:
        await imported(theirs, casa, id_text(await _network(riacho)))
    assert (refused.value.code, casa.exists()) == (EXPORT_FOREIGN, False)
    await imported(ours, casa, id_text(await _network(riacho)))
    before = contents(casa)
    with pytest.raises(ExportUnusable) as refused:
        await imported(theirs, casa)
    assert (refused.value.code, contents(casa), _left(tmp_path)) == (EXPORT_FOREIGN, before, [])


async def test_a_newer_export_takes_the_place_of_an_older_one_and_never_the_reverse(
    riacho: Path, tmp_path: Path
) -> None:
    older, casa = await exported(riacho), tmp_path / "casa"
    first = await imported(older, casa)
    tokens = rows(casa, "SELECT * FROM tokens")
    await goes_on(riacho, 2)
    newer = await exported(riacho)
    second = await imported(newer, casa)
    assert second.ledger_entries == first.ledger_entries + 1
    assert (second.steward_token, second.peer_id) == (None, first.peer_id)
    assert rows(casa, "SELECT * FROM tokens") == tokens, "who came in before comes in still"
    assert rows(casa, OF_THE_NETWORK[0]) == rows(riacho, OF_THE_NETWORK[0])
    before = contents(casa)
    with pytest.raises(ExportUnusable) as refused:
        await imported(older, casa)
    assert (refused.value.code, contents(casa), _left(tmp_path)) == (EXPORT_OLDER, before, [])
    assert (await imported(newer, casa)).ledger_entries == second.ledger_entries, "the same once more is no older one"


async def test_a_replica_and_a_full_disk_export_nothing(riacho: Path, tmp_path: Path) -> None:
    await imported(await exported(riacho), tmp_path / "casa")
    with pytest.raises(HomeUnusable, match="does not sign"):
        await exporting.export_network(tmp_path / "casa", tmp_path / "out", clock.now_ms)
    stranger = KeyPair.from_seed(bytes(32))
    with pytest.raises(HomeUnusable, match="cannot be exported"):
        write_export(riacho / DATABASE, stranger, tmp_path / "out", 1)
    assert not (tmp_path / "out").exists()


STEPS = ("remember", "search.forget_words", "snapshot.forget", "Path.replace", "make_durable")


@pytest.mark.parametrize("step", STEPS)
async def test_a_crash_at_any_step_leaves_all_or_nothing(
    riacho: Path, tmp_path: Path, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    casa = tmp_path / "casa"
    await imported(await exported(riacho), casa)
    before = [rows(casa, query) for query in OF_THE_NETWORK]
    await goes_on(riacho, 2)
    newer = await exported(riacho)

    class Crash(BaseException):
        pass

    def crashes(*_: object, **__: object) -> None:
        raise Crash

    with monkeypatch.context() as patched:
        patched.setattr(f"node.keeping.exporting.{step}", crashes)
        with pytest.raises(Crash):
            await imported(newer, casa)
    after = [rows(riacho, query) for query in OF_THE_NETWORK]
    assert [rows(casa, query) for query in OF_THE_NETWORK] in (before, after)
    await imported(newer, casa)
    assert [rows(casa, query) for query in OF_THE_NETWORK] == after


@pytest.mark.timeout(240)
@pytest.mark.soak
async def test_kill_9_amid_an_import_leaves_all_or_nothing(riacho: Path, tmp_path: Path) -> None:
    for hours in range(1, 9):
        await goes_on(riacho, hours)
    file, casa = await exported(riacho), tmp_path / "casa"
    making, left = casa.with_name("casa.importing"), 0
    for part in range(12):
        killed = _command(file, casa)
        while killed.poll() is None and not (making / DATABASE).exists():
            with suppress(subprocess.TimeoutExpired):
                killed.wait(0.002)
        with suppress(subprocess.TimeoutExpired):
            killed.wait(part * 0.04)
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        if casa.exists():
            assert upkeep.verify_book(casa, lambda _: None).faults == ()
            assert rows(casa, OF_THE_NETWORK[0]) == rows(riacho, OF_THE_NETWORK[0])
        left += making.exists()
    assert left, "one was killed while it had something half done"
    await imported(file, casa)
    assert not making.exists()


def _command(file: Path, home: Path) -> "subprocess.Popen[bytes]":
    words = ("network", "import", str(file), "--home", str(home))
    return subprocess.Popen(
        [sys.executable, "-m", "cli", *words],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _records(data: bytes) -> list[ExportRecord]:
    at = 0

    def read(count: int) -> bytes:
        nonlocal at
        at += count
        return data[at - count : at]

    return list(read_export(read))


def _sign(file: Path, records: list[ExportRecord], hot: KeyPair, network: bytes, epoch: int = 0) -> None:
    """Write a file as an operator would who has changed what is in it."""
    body = EXPORT_MAGIC + b"".join(framed(*one) for one in records)
    file.write_bytes(body + export_seal(hot, ExportSaid(1, network, epoch, 1, sha256(body).digest())))


async def _network(home: Path) -> bytes:
    storage = await Storage.open(home / DATABASE)
    try:
        network = await storage.network()
        assert network is not None
        return network
    finally:
        await storage.close()


def _newest(folder: Path) -> str:
    return max(path.name for path in folder.glob("*.export"))


def _left(folder: Path) -> list[Path]:
    return list(folder.glob("*.importing"))
