# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a member owns is gone for good once it is erased, and what others own is there as it was."""

from pathlib import Path
from random import Random
from shutil import copytree

import pytest

from node.loop.batch import Batch
from node.store.storage import Storage
from node.store.tokens import Token
from protocol.book.private import PrivateItem
from protocol.events import Erase

NOW = 1_700_000_000_000


def note(number: int, owner: str, text: str, *, at_ms: int = NOW) -> PrivateItem:
    return PrivateItem(number.to_bytes(32, "big"), owner, "note", f"payments/{number}", text.encode(), "", at_ms)


def on_disk(storage: Storage) -> bytes:
    """Return all that is in the database's files, byte by byte."""
    return b"".join(path.read_bytes() for path in storage.path.parent.glob(f"{storage.path.name}*"))


async def owned(storage: Storage, owner: str) -> list[PrivateItem]:
    found, after = [], 0
    while after is not None:
        page, after = await storage.private.of(owner, after)
        found += page
    return found


async def test_of_thousands_of_rows_of_every_length_none_leaves_a_trace(storage: Storage) -> None:
    chance = Random(7)
    names = [f"member-{n:03}" for n in range(100)]
    items = [
        note(chance.getrandbits(250), owner, f"SECRET {owner} {'x' * chance.randrange(9_000 if n % 50 == 0 else 200)}")
        for n, owner in enumerate(chance.choices(names, k=6_000))
    ]
    for start in range(0, len(items), 500):
        await storage.commit(Batch(items=items[start : start + 500]))
    for owner in names[:50]:
        await storage.commit(Batch(erased=[Erase(owner, NOW)]))
    found = on_disk(storage)
    assert [owner for owner in names[:50] if f"SECRET {owner} ".encode() in found] == []
    for owner in names[50:]:
        assert await owned(storage, owner) == [one for one in items if one.owner == owner]
    assert [await owned(storage, owner) for owner in names[:50]] == [[]] * 50
    copy = storage.path.with_name("later.backup")
    await storage.backup(copy)
    assert b"SECRET member-049 " not in copy.read_bytes() and b"SECRET member-050 " in copy.read_bytes()


async def test_what_is_kept_after_an_erasure_stays_and_comes_back_after_a_restart(storage: Storage) -> None:
    await storage.commit(Batch(items=[note(1, "ana", "before"), note(2, "bia", "of another")]))
    batch = Batch(items=[note(3, "ana", "in the same batch")])
    batch.erase(Erase("ana", NOW))
    batch.items.append(note(4, "ana", "after", at_ms=NOW + 1))
    await storage.commit(batch)
    assert [one.value for one in await owned(storage, "ana")] == [b"after"]
    await storage.close()
    again = await Storage.open(storage.path)
    try:
        await again.commit(Batch(items=[note(5, "ana", "later", at_ms=NOW + 2)]))
        assert [one.value for one in await owned(again, "ana")] == [b"after", b"later"]
        assert [one.value for one in await owned(again, "bia")] == [b"of another"]
        assert not any(text in on_disk(again) for text in (b"before", b"in the same batch"))
    finally:
        await again.close()


async def test_of_two_things_under_one_digest_the_newer_is_shown_and_both_are_erased(storage: Storage) -> None:
    await storage.commit(Batch(items=[note(1, "ana", "the older"), note(1, "ana", "the newer")]))
    [shown] = (await storage.private.items([note(1, "", "").digest])).values()
    assert shown.value == b"the newer"
    await storage.commit(Batch(erased=[Erase("ana", NOW)]))
    assert not any(text in on_disk(storage) for text in (b"the older", b"the newer"))


async def test_what_a_member_has_called_its_tokens_is_erased_and_they_open_what_they_did(storage: Storage) -> None:
    await storage.add_token(Token(b"h" * 32, "member", "Ana's phone", "wxyz", NOW, "ana"))
    await storage.commit(Batch(erased=[Erase("ana", NOW)]))
    kept = await storage.token(b"h" * 32)
    assert kept is not None and kept.label.strip() == "" and kept.revoked_ms is None
    assert b"phone" not in on_disk(storage)


async def test_a_log_that_a_reader_holds_open_is_emptied_later(storage: Storage) -> None:
    await storage.commit(Batch(items=[note(1, "ana", "Rua das Flores 7")]))
    await storage._reader.execute("BEGIN")
    await storage._reader.execute_fetchall("SELECT count(*) FROM private_items")
    await storage.commit(Batch(erased=[Erase("ana", NOW)]))
    assert b"Rua das Flores" in on_disk(storage)
    await storage._reader.execute("COMMIT")
    await storage.empty_log()
    assert b"Rua das Flores" not in on_disk(storage)


async def test_what_a_crash_has_left_in_the_log_is_gone_once_the_database_is_opened(
    storage: Storage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def crash() -> None:
        pass

    monkeypatch.setattr(storage, "empty_log", crash)
    await storage.commit(Batch(items=[note(1, "ana", "Rua das Flores 7")]))
    await storage.commit(Batch(erased=[Erase("ana", NOW)]))
    left = tmp_path / "left" / "mutirao.db"
    copytree(storage.path.parent, left.parent)
    assert b"Rua das Flores" in on_disk(storage)
    again = await Storage.open(left)
    try:
        assert b"Rua das Flores" not in on_disk(again)
    finally:
        await again.close()
