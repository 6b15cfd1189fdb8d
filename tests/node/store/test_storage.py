# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is committed is there after any end of the process; what is not, never was."""

import asyncio
import sqlite3
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from node.loop.batch import Answered, Batch, EventStored
from node.store.connections import StorageFailed, StorageUnusable
from node.store.lanes import Reach
from node.store.schema import SCHEMA_VERSION
from node.store.storage import ANSWERS_KEPT_MS, EVENTS_KEPT, Storage
from node.store.tokens import REVOKED_KEPT, Token
from protocol.book.declaration import Lookup, Page
from protocol.book.payments import PAYMENTS
from protocol.book.private import PrivateItem
from protocol.book.requests import REQUESTS
from protocol.events import Forget, Line
from protocol.lanes.entry import COMMONS, IDENTITY, LEDGER, Entry, parse

Lane = Callable[..., list[Entry]]
RIACHO, SERRA = b"r" * 32, b"s" * 32
NOW = 1_700_000_000_000


def line(account: str, amount_minor: int, balance_minor: int, *, seq: int = 0, payment: bytes | None = None) -> Line:
    return Line(account, seq, NOW, "payment", payment, "bia@serra", amount_minor, balance_minor)


def answered(key: int, body: bytes = b"{}", *, at_ms: int = NOW) -> Answered:
    return Answered(key.to_bytes(32, "big"), b"q" * 32, 201, "application/json", body, at_ms)


def note(digest: bytes, text: str, owner: str = "ana", *, at_ms: int = NOW) -> PrivateItem:
    return PrivateItem(digest, owner, "note", "payments/1", text.encode(), "", at_ms)


async def pages(storage: Storage, network: bytes, first: int, last: int, bytes_max: int = 1 << 20) -> list[list[Entry]]:
    found = storage.lane_pages(network, LEDGER, first, last, bytes_max=bytes_max)
    return [[parse(wire) for wire in page] async for page in found]


async def test_a_batch_comes_back_as_it_was_also_after_a_restart(tmp_path: Path, lane: Lane) -> None:
    entries = [*lane(3), *lane(2, network=SERRA, name=COMMONS), *lane(1)]
    lines = [line("ana.HORA", -1_250, -1_250, payment=b"p" * 16), line("bia.HORA", 1_250, 1_250)]
    items = [note(b"t" * 32, "pão \x00 e café"), note(b"u" * 32, "")]
    event = EventStored(1, "payment.posted", "p1", ("ana", "bia"), {"amount": 1_250})
    storage = await Storage.open(tmp_path / "a.db", create=True)
    await storage.commit(Batch(entries, lines, items, [answered(1, b'{"id":"p1"}')], [event]))
    await storage.close()

    storage = await Storage.open(tmp_path / "a.db")
    try:
        assert list(storage.entries()) == entries
        assert list(storage.lines()) == lines
        assert await storage.private.items([b"t" * 32, b"u" * 32, b"v" * 32]) == {one.digest: one for one in items}
        assert await storage.answers([answered(n).scope for n in range(3)]) == {
            answered(1).scope: answered(1, b'{"id":"p1"}')
        }
        assert list(await storage.events(0)) == [event]
        assert await storage.events_kept() == (1, 1)
        assert await storage.holds(SERRA, COMMONS, 0, entries[3].id)
        assert not await storage.holds(SERRA, COMMONS, 1, entries[3].id)
        assert not await storage.holds(RIACHO, LEDGER, 0, entries[3].id)
    finally:
        await storage.close()


@given(
    st.lists(
        st.tuples(
            st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
            st.integers(-(2**63), 2**63 - 1),
            st.none() | st.binary(min_size=1, max_size=16),
            st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=8),
        ),
        max_size=5,
    ),
    st.lists(st.binary(max_size=300), max_size=5),
    st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=30), max_size=5),
)
def test_whatever_a_batch_holds_is_read_as_it_was_written(
    rows: list[tuple[str, int, bytes | None, str | None]], bodies: list[bytes], texts: list[str]
) -> None:
    lines = [
        Line(f"m{n}.HORA", n, NOW, "kind", payment, counterpart, amount, -1 - amount)
        for n, (_, amount, payment, counterpart) in enumerate(rows)
    ]
    named = [note(bytes([n]) * 32, text) for n, text in enumerate(texts)]
    answers = [answered(n, body) for n, body in enumerate(bodies)]

    async def story(path: Path) -> None:
        storage = await Storage.open(path, create=True)
        try:
            await storage.commit(Batch([], lines, named, answers))
            assert list(storage.lines()) == lines
            assert await storage.private.items(one.digest for one in named) == {one.digest: one for one in named}
            assert await storage.answers(one.scope for one in answers) == {one.scope: one for one in answers}
        finally:
            await storage.close()

    with TemporaryDirectory() as folder:
        asyncio.run(story(Path(folder, "a.db")))


async def test_a_lane_is_read_in_pages_of_bounded_size(storage: Storage, lane: Lane) -> None:
    entries = lane(40)
    await storage.commit(Batch([*entries, *lane(5, network=SERRA), *lane(5, name=COMMONS)]))

    found = await pages(storage, RIACHO, 10, 29, bytes_max=2_000)
    assert [entry for page in found for entry in page] == entries[10:30]
    assert len(found) > 3
    assert all(sum(len(entry.wire) for entry in page) <= 2_000 for page in found)

    assert await pages(storage, RIACHO, 39, 99, bytes_max=1) == [[entries[39]]]
    assert await pages(storage, RIACHO, 40, 99) == []
    assert await pages(storage, b"?" * 32, 0, 99) == []


async def test_both_sides_of_a_fork_are_kept_and_the_newest_epoch_is_found_first(storage: Storage, lane: Lane) -> None:
    old, _ = lane(2)
    fork = old._replace(id=b"f" * 32, wire=old.wire[:-1] + b"f")
    later = old._replace(id=b"l" * 32, header=replace(old.header, epoch=1), wire=old.wire[:-1] + b"l")
    await storage.commit(Batch([old, fork, later]))
    assert len((await pages(storage, RIACHO, 0, 0))[0]) == 3
    assert len(await storage.lane_at(RIACHO, LEDGER, [0])) == 1
    assert (await storage.reach(RIACHO)) == Reach(1, 0, b"l" * 32, 3)


async def test_receipts_find_the_identity_lane_and_single_ledger_entries(storage: Storage, lane: Lane) -> None:
    identity, ledger = lane(3, name=IDENTITY), lane(9)
    await storage.commit(Batch([*ledger[:5], *identity, *ledger[5:]]))
    assert await storage.identity_lane(RIACHO) == tuple(one.wire for one in identity)
    assert await storage.lane_at(RIACHO, LEDGER, (7, 2, 99)) == (ledger[7].wire, ledger[2].wire)


async def test_how_far_a_network_has_come_counts_all_its_lanes(storage: Storage, lane: Lane) -> None:
    assert await storage.reach(RIACHO) is None
    await storage.commit(Batch(lane(1, name=IDENTITY)))
    assert await storage.reach(RIACHO) == Reach(0, -1, bytes(32), 1)
    ledger = lane(4, epoch=2)
    await storage.commit(Batch([*ledger, *lane(7, network=SERRA)]))
    assert await storage.reach(RIACHO) == Reach(2, 3, ledger[-1].id, 5)


def asked(account: str, after: int, **period: Any) -> Lookup:
    """Return a question for three lines of an account."""
    return Lookup(account, after, 3, lambda line, *_: line, PAYMENTS, REQUESTS, **period)


async def test_of_a_statement_some_days_are_shown_and_the_newest_line_first(storage: Storage) -> None:
    days = [line("ana.HORA", n, n, seq=n)._replace(at_ms=NOW + n) for n in range(7)]
    await storage.commit(Batch([], days, [note(b"t" * 32, "")]))
    whole = await storage.statement(asked("ana.HORA", 0, newest_first=True))
    rest = await storage.statement(asked("ana.HORA", whole.next or 0, newest_first=True))
    assert [one.seq for one in (*whole.items, *rest.items)] == [6, 5, 4, 3, 2, 1]
    some = await storage.statement(asked("ana.HORA", 0, since_ms=NOW + 3, until_ms=NOW + 5))
    assert ([one.seq for one in some.items], some.next) == ([3, 4], None)


async def test_a_statement_is_paged_and_late_lines_shift_no_page(storage: Storage) -> None:
    def lines(numbers: range) -> list[Line]:
        return [line(account, n, n, seq=n) for n in numbers for account in ("ana.HORA", "bia.HORA")]

    await storage.commit(Batch([], lines(range(5)), [note(b"t" * 32, "")]))
    first = await storage.statement(asked("ana.HORA", 0))
    await storage.commit(Batch([], lines(range(5, 7)), [note(b"u" * 32, "")]))
    second = await storage.statement(asked("ana.HORA", first.next or 0))
    last = await storage.statement(asked("ana.HORA", second.next or 0))
    assert [one.seq for page in (first, second, last) for one in page.items] == list(range(7))
    assert {one.account for page in (first, second, last) for one in page.items} == {"ana.HORA"}
    assert last.next is None
    assert (await storage.statement(asked("nobody", 0))).items == ()


@pytest.mark.parametrize("count", [400, 4_000])
async def test_a_full_disk_takes_nothing_of_a_batch_and_the_next_one_when_there_is_room(
    storage: Storage, lane: Lane, count: int
) -> None:
    before = lane(3)
    await storage.commit(Batch(before))
    [(pages_now,)] = await storage._writer.execute_fetchall("PRAGMA page_count")
    await storage._writer.execute_fetchall(f"PRAGMA max_page_count = {pages_now + 4}")

    refused = lane(count)
    batch = Batch(refused, [line("ana.HORA", 1, 1)], [note(b"t" * 32, "pão")], [answered(1)])
    with pytest.raises(StorageFailed, match="full"):
        await storage.commit(batch)
    with pytest.raises(StorageFailed, match="full"):
        await storage.probe()
    assert list(storage.entries()) == before
    assert list(storage.lines()) == []
    assert await storage.answers([answered(1).scope]) == {}

    await storage._writer.execute_fetchall("PRAGMA max_page_count = 1000000")
    await storage.probe()
    await storage.commit(batch)
    assert list(storage.entries()) == before + refused


async def test_an_entry_stored_twice_is_a_bug_and_not_a_full_disk(storage: Storage, lane: Lane) -> None:
    entries = lane(2)
    await storage.commit(Batch(entries))
    with pytest.raises(sqlite3.IntegrityError):
        await storage.commit(Batch([*lane(1), entries[0]]))
    assert list(storage.entries()) == entries


async def test_answers_and_events_are_forgotten_when_they_are_old(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    events = [EventStored(n, "e", "r", (), {}) for n in range(1, EVENTS_KEPT + 11)]
    monkeypatch.setattr("node.store.storage.PRUNED_AT_ONCE", 3)
    old = [answered(number, at_ms=NOW) for number in range(1, 11)]
    young = answered(20, at_ms=NOW + 1)
    await storage.commit(Batch([], [], [], [*old, young], events))
    await storage.prune(NOW + ANSWERS_KEPT_MS + 1)
    assert await storage.answers([*(one.scope for one in old), young.scope]) == {young.scope: young}
    assert await storage.events_kept() == (11, EVENTS_KEPT + 10)


async def test_a_token_is_kept_without_its_secret(storage: Storage) -> None:
    phone = Token(b"h" * 32, "member", "phone", "wxyz", NOW, "ana", frozenset({"payments:write"}))
    assert await storage.token(phone.hash) is None
    await storage.add_token(phone)
    await storage.add_token(Token(b"i" * 32, "steward", "init", "1234", NOW))
    assert await storage.token(phone.hash) == replace(phone, number=1)
    first = await storage.tokens(0, 1)
    assert first == Page((replace(phone, number=1),), 1)
    assert [one.label for one in (await storage.tokens(1, 1)).items] == ["init"]


async def test_of_revoked_tokens_the_newest_of_each_member_are_kept(storage: Storage) -> None:
    """3,000 that one member had made and revoked were read by everybody's list for ever."""

    def token(number: int, member: str | None) -> Token:
        return Token(b"%032d" % number, "member", "app", "wxyz", NOW, member)

    for number in range(REVOKED_KEPT + 3):
        await storage.add_token(token(number, "ana"))
    await storage.add_token(token(500, "bia"))
    await storage.add_token(token(501, None))
    for number in (*range(REVOKED_KEPT + 3), 501):
        await storage.revoke_token(b"%032d" % number, NOW + 1)
    anas = (await storage.tokens(0, 200, "ana")).items
    assert [one.number for one in anas] == [*range(4, REVOKED_KEPT + 4)]
    assert [one.number for one in (await storage.tokens(REVOKED_KEPT + 3, 9)).items] == [104, 105]
    assert await storage.live_tokens(NOW, member="ana") == ()
    assert [one.member for one in await storage.live_tokens(NOW, role="member")] == ["bia"]
    plan = await storage._read("EXPLAIN QUERY PLAN SELECT * FROM tokens WHERE member = ? AND number > ?", "ana", 0)
    assert "tokens_by_member" in str(plan[0][3])


async def test_a_token_that_is_revoked_while_it_is_read_opens_nothing_afterwards(
    storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    token = Token(b"h" * 32, "member", "phone", "wxyz", NOW, "ana")
    await storage.add_token(token)
    has_read, may_go_on, read = asyncio.Event(), asyncio.Event(), storage._read

    async def slow(query: str, *values: object) -> list[Any]:
        rows = await read(query, *values)
        has_read.set()
        await may_go_on.wait()
        return rows

    monkeypatch.setattr(storage, "_read", slow)
    asking = asyncio.create_task(storage.token(token.hash))
    await has_read.wait()
    await storage.revoke_token(token.hash, NOW + 1)
    may_go_on.set()
    assert await asking == replace(token, number=1)
    assert await storage.token(token.hash) == replace(token, number=1, revoked_ms=NOW + 1)


async def test_a_backup_is_one_moment_while_commits_go_on(storage: Storage, lane: Lane, tmp_path: Path) -> None:
    await storage.commit(Batch(lane(500)))
    async with asyncio.TaskGroup() as tasks:
        copying = tasks.create_task(storage.backup(tmp_path / "copy.db"))
        while not copying.done():
            # Each commit adds an entry and a line: a copy from between two moments would tell.
            await storage.commit(Batch(lane(1), [line("ana.HORA", 1, 1)]))
    copy = await Storage.open(tmp_path / "copy.db")
    try:
        entries, lines = len(list(copy.entries())), len(list(copy.lines()))
        assert entries >= 500
        assert lines == entries - 500
        await copy.commit(Batch(lane(1, network=SERRA)))
    finally:
        await copy.close()
    with pytest.raises(FileExistsError):
        await storage.backup(tmp_path / "copy.db")


async def test_a_file_that_cannot_be_served_from_says_what_to_do(tmp_path: Path, lane: Lane) -> None:
    path = tmp_path / "a.db"
    with pytest.raises(StorageUnusable, match="mutirao init"):
        await Storage.open(path)
    storage = await Storage.open(path, create=True)
    await storage.commit(Batch(lane(50)))
    await storage.close()
    with pytest.raises(StorageUnusable, match="already there"):
        await Storage.open(path, create=True)

    whole = path.read_bytes()
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(StorageUnusable, match="restore a backup"):
        await Storage.open(path)

    path.write_bytes(whole)
    for version, remedy in (
        (SCHEMA_VERSION + 1, "install a newer mutirao"),
        (1, "mutirao import"),
        (0, "restore a backup"),
    ):
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute(f"PRAGMA user_version = {version}")
        with pytest.raises(StorageUnusable, match=remedy):
            await Storage.open(path)


@pytest.mark.parametrize("column", ["wire", "id"])
async def test_a_changed_bit_in_an_entry_is_found_when_it_is_loaded(storage: Storage, lane: Lane, column: str) -> None:
    await storage.commit(Batch(lane(3)))
    [(was,)] = await storage._read(f"SELECT {column} FROM entries WHERE arrival = 2")  # noqa: S608
    changed = bytes([was[0] ^ 1, *was[1:]]) if column == "id" else was[:200] + bytes([was[200] ^ 1]) + was[201:]
    await storage._writer.execute(f"UPDATE entries SET {column} = ? WHERE arrival = 2", (changed,))  # noqa: S608
    with pytest.raises(StorageUnusable, match="entry 2 of the database is damaged"):
        list(storage.entries())


WRITER = dedent("""
    import asyncio, sys
    from pathlib import Path
    from node.loop.batch import Answered, Batch
    from node.store.storage import Storage
    from protocol.lanes.entry import seal
    from protocol.wire.keys import KeyPair

    async def main(path):
        storage = await Storage.open(path)
        keys, seq, prev = KeyPair.from_seed(bytes(32)), 0, None
        async def keep_on():
            nonlocal seq, prev
            while True:
                entries = []
                for _ in range(8):
                    entries.append(seal(keys, network=b"r" * 32, lane="ledger", epoch=0, seq=seq, prev=prev,
                                        body=b"b" * 200, salt=bytes(16)))
                    seq, prev = seq + 1, entries[-1].id
                await storage.commit(Batch(entries, answers=[
                    Answered(one.id, one.id, 201, "", b"", 0) for one in entries]))
                print(seq, flush=True)
        await keep_on()

    asyncio.run(main(Path(sys.argv[1])))
""")


@pytest.mark.parametrize("commits", [1, 7, 30])
async def test_what_was_answered_before_a_kill_is_there_after_it(tmp_path: Path, commits: int) -> None:
    path = tmp_path / "a.db"
    await (await Storage.open(path, create=True)).close()
    writer = await asyncio.create_subprocess_exec(
        sys.executable, "-c", WRITER, str(path), stdout=asyncio.subprocess.PIPE
    )
    assert writer.stdout is not None
    for _ in range(commits):
        await writer.stdout.readline()
    writer.kill()
    said = await writer.stdout.read()
    await writer.wait()

    storage = await Storage.open(path)
    try:
        entries = list(storage.entries())
        assert [one.header.seq for one in entries] == list(range(len(entries)))
        assert len(entries) >= max([8 * commits, *map(int, said.split())])
        assert len(entries) % 8 == 0, "a batch is there whole or not at all"
        assert len(await storage.answers(one.id for one in entries)) == len(entries)
    finally:
        await storage.close()


async def test_what_was_declined_is_known_after_a_restart(tmp_path: Path) -> None:
    storage = await Storage.open(tmp_path / "a.db", create=True)
    await storage.commit(Batch(declined=[b"a" * 32, b"b" * 32]))
    await storage.commit(Batch(declined=[b"a" * 32]))
    await storage.close()
    storage = await Storage.open(tmp_path / "a.db")
    assert sorted(storage.declined()) == [b"a" * 32, b"b" * 32] and not list(storage.faults())
    await storage.close()


async def test_a_lane_that_was_let_go_of_is_gone_and_may_be_stored_anew(tmp_path: Path, lane: Lane) -> None:
    entries = lane(3, network=SERRA, name=COMMONS)
    storage = await Storage.open(tmp_path / "a.db", create=True)
    await storage.commit(Batch([*lane(2), *entries]))
    again = Batch(list(entries[:2]))
    again.forget(Forget(SERRA, COMMONS, -1, 1))
    again.entries += entries[:1]
    await storage.commit(again)
    await storage.close()
    storage = await Storage.open(tmp_path / "a.db")
    assert [entry for entry in storage.entries() if entry.network == SERRA] == [entries[0]]
    await storage.close()
