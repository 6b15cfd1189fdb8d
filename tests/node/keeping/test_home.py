# SPDX-License-Identifier: AGPL-3.0-or-later
"""A home holds one network's keys and books; one node works in it, and never signs on from an old copy."""

import asyncio
import os
import stat
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from libp2p.crypto.ed25519 import create_new_key_pair
from libp2p.peer.id import ID

from node.http.secret import token_hash
from node.keeping.home import (
    DATABASE,
    HIGH_WATER,
    KEYS,
    Founded,
    Founding,
    HomeUnusable,
    found,
    found_replica,
    locked,
    peer_id,
    read_key,
    read_keys,
    write_key,
)
from node.loop.batch import Batch
from node.store.highwater import SLOT_BYTES, HighWater, why_recover
from node.store.lanes import Reach
from node.store.storage import Storage
from protocol.lanes.entry import Entry
from protocol.lanes.identity import promise
from protocol.practices import PRACTICES
from protocol.replica import Replica
from protocol.wire.keys import KeyPair, id_text

NOW = 1_700_000_000_000
RIACHO = Founding("riacho", "Riacho Doce", "HORA", 2, "100.00", unit_word="hora")
NETWORK = b"r" * 32

Lane = Callable[..., list[Entry]]


def founded(home: Path, founding: Founding = RIACHO, *, seed: int = 1) -> Founded:
    return asyncio.run(found(home, founding, now=lambda: NOW, chance=Random(seed).randbytes))


def loaded(home: Path) -> Replica:
    """Return the replica that a home's database makes."""

    async def load() -> Replica:
        storage = await Storage.open(home / DATABASE)
        try:
            network = await storage.network()
            assert network is not None
            replica = Replica(network, PRACTICES, chance=Random(2).randbytes, keyring=read_keys(home).keyring)
            list(replica.load(storage.entries()))
            return replica
        finally:
            await storage.close()

    return asyncio.run(load())


def files_of(home: Path) -> dict[str, bytes]:
    return {str(path.relative_to(home)): path.read_bytes() for path in home.rglob("*") if path.is_file()}


# Founding.


def test_a_founded_network_has_its_keys_profile_and_first_currency(tmp_path: Path) -> None:
    home = tmp_path / "deep" / "riacho"
    told = founded(home)
    replica = loaded(home)
    network = replica.network
    assert told.network_id == id_text(network)
    assert told.handle == "riacho"
    known = replica.journal.directory.networks[network]
    assert known.profile is not None
    assert (known.profile.handle, known.profile.name, known.profile.currency) == ("riacho", "Riacho Doce", "HORA")
    currency = replica.book.currencies["HORA"]
    assert (currency.scale, currency.unit_word, currency.default_least_minor) == (2, "hora", -10_000)

    def key(name: str) -> KeyPair:
        return KeyPair.from_seed(read_key(home / KEYS / f"{name}.key"))

    identity = known.identity
    assert identity.key_of(0) == key("hot").public
    assert identity.next_digest == promise(key("next").public)
    assert identity.cold == (key("cold").public,)
    assert identity.transport == key("transport").public
    assert told.peer_id == peer_id(identity.transport)
    assert len({read_key(path) for path in (home / KEYS).iterdir()}) == 5, "no two keys are the same"


def test_the_stewards_token_is_told_once_and_only_its_digest_kept(tmp_path: Path) -> None:
    told = founded(tmp_path / "riacho")
    for name, data in files_of(tmp_path / "riacho").items():
        assert told.steward_token.encode() not in data, name

    async def story() -> None:
        storage = await Storage.open(tmp_path / "riacho" / DATABASE)
        try:
            token = await storage.token(token_hash(told.steward_token))
            assert token is not None
            assert (token.role, token.scopes, token.last4) == ("steward", None, told.steward_token[-4:])
        finally:
            await storage.close()

    asyncio.run(story())


def test_nobody_else_on_the_machine_can_read_a_home(tmp_path: Path) -> None:
    home = tmp_path / "riacho"
    home.mkdir(mode=0o755)
    before = os.umask(0o022)
    try:
        founded(home)
        assert os.umask(0o022) == 0o022, "the caller's umask is as it was"
    finally:
        os.umask(before)
    for path in home.rglob("*"):
        assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path


def test_a_home_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("dear bia")
    with pytest.raises(HomeUnusable, match="is not empty"):
        founded(tmp_path)
    assert files_of(tmp_path) == {"letter": b"dear bia"}
    home = tmp_path / "riacho"
    founded(home)
    before = files_of(home)
    with pytest.raises(HomeUnusable, match="is not empty"):
        founded(home, seed=2)
    assert files_of(home) == before


@pytest.mark.parametrize(
    ("founding", "reason"),
    [
        (replace(RIACHO, handle="Riacho"), "'Riacho' is no handle"),
        (replace(RIACHO, name=""), "1 to 100 characters"),
        (replace(RIACHO, name="Riacho\a"), "MALFORMED .*name"),
        (replace(RIACHO, currency="hora"), "MALFORMED .*code"),
        (replace(RIACHO, currency="HORAS" * 20), "MALFORMED .*code"),
        (replace(RIACHO, currency_name="h" * 101), "MALFORMED .*name"),
        (replace(RIACHO, unit_word="h" * 33), "MALFORMED .*unit_word"),
        (replace(RIACHO, scale=10), "MALFORMED .*scale"),
        (replace(RIACHO, scale=-1), "MALFORMED .*scale"),
        (replace(RIACHO, default_limit="1.005"), "SCALE_EXCEEDED"),
        (replace(RIACHO, default_limit="much"), "AMOUNT_MALFORMED"),
        (replace(RIACHO, default_limit="-1"), "AMOUNT_MALFORMED"),
    ],
)
def test_what_cannot_be_founded_leaves_nothing_behind(tmp_path: Path, founding: Founding, reason: str) -> None:
    with pytest.raises(HomeUnusable, match=reason):
        founded(tmp_path / "riacho", founding)
    assert not (tmp_path / "riacho").exists()


def test_what_is_typed_in_another_normal_form_is_kept_in_form_c(tmp_path: Path) -> None:
    founded(tmp_path / "riacho", replace(RIACHO, name="Riacho Fe\u0301lix", unit_word="ho\u0301ra"))
    [profile] = (known.profile for known in loaded(tmp_path / "riacho").journal.directory.networks.values())
    assert profile is not None and (profile.name, profile.unit_word) == ("Riacho F\u00e9lix", "h\u00f3ra")


def test_founding_that_breaks_off_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Storage, "commit", full)
    (tmp_path / "riacho").mkdir()
    for home in (tmp_path / "riacho", tmp_path / "serra"):
        with pytest.raises(OSError, match="No space"):
            founded(home)
    assert list((tmp_path / "riacho").iterdir()) == []
    assert not (tmp_path / "serra").exists()


def test_the_home_of_a_replica_has_an_invitation_and_no_keys_that_sign(tmp_path: Path) -> None:
    told = founded(tmp_path / "riacho")

    def replica(network: str, code: str) -> Founded:
        made = found_replica(tmp_path / "copy", network, code, now=lambda: NOW, chance=Random(3).randbytes)
        return asyncio.run(made)

    with pytest.raises(HomeUnusable, match="is no network id"):
        replica("riacho", "ab" * 16)
    with pytest.raises(HomeUnusable, match="mutirao replicas invite"):
        replica(told.network_id, "ab")
    made = replica(told.network_id, "ab" * 16)
    keys = read_keys(tmp_path / "copy")
    assert keys.keyring is None
    assert keys.invitation == bytes.fromhex("ab" * 16)
    assert made.peer_id == peer_id(KeyPair.from_seed(keys.transport).public)
    assert made.network_id == told.network_id
    assert id_text(loaded(tmp_path / "copy").network) == told.network_id


# Keys.


@given(st.binary(min_size=32, max_size=32))
def test_a_peer_id_is_what_libp2p_makes_of_the_same_key(seed: bytes) -> None:
    theirs = ID.from_pubkey(create_new_key_pair(seed).public_key).to_base58()
    assert peer_id(KeyPair.from_seed(seed).public) == theirs


def test_a_key_file_is_never_written_over_and_says_what_it_is(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "hot.key"
    write_key(path, b"s" * 32, "riacho: hot key.\n# Keep it.")
    assert read_key(path) == b"s" * 32
    assert path.read_text().startswith("# riacho: hot key.\n# Keep it.\n")
    with pytest.raises(FileExistsError):
        write_key(path, b"t" * 32, "")
    assert read_key(path) == b"s" * 32


@pytest.mark.parametrize("text", ["", "# only a comment\n", "ab" * 31, "zz" * 32, "ab" * 33, "\xff"])
def test_what_is_no_key_is_refused_without_a_word_of_it(tmp_path: Path, text: str) -> None:
    (tmp_path / "hot.key").write_text(text, "latin-1")
    with pytest.raises(HomeUnusable) as refusal:
        read_key(tmp_path / "hot.key")
    assert "hot.key" in str(refusal.value)
    assert not text.strip("# \n") or text.strip("# \n") not in str(refusal.value)


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    founded(tmp_path / "riacho")
    (tmp_path / "riacho" / KEYS / "preimage.key").unlink()
    with pytest.raises(HomeUnusable, match=r"preimage\.key cannot be read"):
        read_keys(tmp_path / "riacho")


# One node in a home.

HOLDER = """
import sys
from pathlib import Path
from node.keeping.home import locked
with locked(Path(sys.argv[1])):
    print("in", flush=True)
    sys.stdin.read()
"""


async def test_two_nodes_never_work_in_one_home(tmp_path: Path) -> None:
    holder = await asyncio.create_subprocess_exec(
        sys.executable, "-c", HOLDER, str(tmp_path), stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert holder.stdout is not None
    await holder.stdout.readline()
    with pytest.raises(HomeUnusable, match=f"process {holder.pid}"), locked(tmp_path):
        pass
    holder.kill()
    await holder.wait()
    with locked(tmp_path):
        assert (tmp_path / "lock").read_text() == f"{os.getpid()}\n"


def test_there_is_no_home_to_lock_where_there_is_none(tmp_path: Path) -> None:
    with pytest.raises(HomeUnusable, match="mutirao init"), locked(tmp_path / "nowhere"):
        pass


# The high-water mark.


def reach(count: int, *, epoch: int = 0, seq: int = -1, head: bytes = bytes(32)) -> Reach:
    return Reach(epoch, seq, head, count)


def mark_of(path: Path, network: bytes = NETWORK) -> Reach | None:
    mark = HighWater(path, network)
    try:
        return mark.read()
    finally:
        mark.close()


@given(st.integers(1, 9), st.integers(0, SLOT_BYTES))
def test_a_write_that_is_torn_leaves_the_mark_before_it(
    tmp_path_factory: pytest.TempPathFactory, count: int, torn_at: int
) -> None:
    path = tmp_path_factory.mktemp("mark") / HIGH_WATER
    mark = HighWater(path, NETWORK)
    for number in range(1, count):
        mark.advance(reach(number))
    before = path.read_bytes().ljust(2 * SLOT_BYTES, b"\0")
    mark.advance(reach(count, seq=count, head=b"h" * 32))
    mark.close()
    after = path.read_bytes().ljust(2 * SLOT_BYTES, b"\0")
    assert mark_of(path) == reach(count, seq=count, head=b"h" * 32)
    first = next(
        place for place in range(0, len(after), SLOT_BYTES) if before[place:][:SLOT_BYTES] != after[place:][:SLOT_BYTES]
    )
    torn = after[: first + torn_at] + before[first + torn_at :]
    path.write_bytes(torn)
    assert mark_of(path) in (reach(count - 1) if count > 1 else None, reach(count, seq=count, head=b"h" * 32))


def test_a_mark_goes_on_from_what_was_there_and_may_go_back_after_a_restore(tmp_path: Path) -> None:
    path = tmp_path / HIGH_WATER
    for number in (5, 6, 7, 3):
        mark = HighWater(path, NETWORK)
        mark.advance(reach(number))
        mark.close()
        assert mark_of(path) == reach(number)
    assert mark_of(path, b"s" * 32) is None, "a mark of another network says nothing"
    path.write_bytes(b"rubbish" * 200)
    assert mark_of(path) is None


async def test_a_node_recovers_where_its_database_is_behind_its_mark(storage: Storage, lane: Lane) -> None:
    assert await why_recover(None, storage, NETWORK) is None, "nothing has been signed yet"
    assert await why_recover(reach(3), storage, NETWORK) is not None
    entries = lane(5)
    await storage.commit(Batch(entries))
    held = await storage.reach(NETWORK)
    assert held is not None and held == reach(5, seq=4, head=entries[-1].id)

    for harmless in (held, reach(4, seq=3, head=entries[3].id), reach(2)):
        assert await why_recover(harmless, storage, NETWORK) is None, "a power cut leaves an older mark"
    for mark, reason in (
        (None, "missing or cannot be read"),
        (replace(held, count=6), "had signed 6 entries, and the database holds 5"),
        (replace(held, epoch=1), "had opened epoch 1, and the database ends in epoch 0"),
        (replace(held, count=6, epoch=0, seq=5, head=b"x" * 32), "had signed 6"),
        (replace(held, head=b"x" * 32), "newest ledger entry"),
        (replace(held, count=4, seq=3, head=b"x" * 32), "newest ledger entry"),
    ):
        assert reason in (await why_recover(mark, storage, NETWORK) or ""), mark


def test_a_founded_home_does_not_recover_and_its_restored_copy_does(tmp_path: Path) -> None:
    home = tmp_path / "riacho"
    founded(home)
    replica = loaded(home)

    async def why() -> str | None:
        storage = await Storage.open(home / DATABASE)
        try:
            return await why_recover(mark_of(home / HIGH_WATER, replica.network), storage, replica.network)
        finally:
            await storage.close()

    assert asyncio.run(why()) is None
    (home / HIGH_WATER).unlink()
    assert asyncio.run(why()) is not None
