# SPDX-License-Identifier: AGPL-3.0-or-later
"""A copy of a network's books becomes its home by the word of guardians that its cold keys have named."""

import json
import shutil
from pathlib import Path

import pytest

from node import clock
from node.http.schema import form
from node.http.values import bytes_text
from node.keeping import recovery
from node.keeping.cold import sign_file
from node.keeping.home import (
    DATABASE,
    HIGH_WATER,
    INVITATION,
    KEYS,
    Founding,
    HomeUnusable,
    found,
    found_replica,
    read_key,
    read_keys,
)
from node.keeping.recovery import RecoveryProposed, finish, propose
from node.keeping.rotation import Change, Rotated, rotate, to_sign
from node.loop.batch import Batch
from node.store.highwater import HighWater, why_recover
from node.store.storage import Storage
from protocol.lanes.claims import BackedBy, Recovery, RecoveryClaim
from protocol.lanes.identity import Identity
from protocol.practices import PRACTICES
from protocol.replica import Replica
from protocol.wire.codec import decode, encode
from protocol.wire.keys import KeyPair, id_text, parse_id
from protocol.wire.shape import from_map, to_map

DELAY_MS = 60_000


async def loaded(home: Path) -> tuple[Replica, str | None]:
    """Load a home as a node would; returns besides why that node would be recovering."""
    keys = read_keys(home)
    storage = await Storage.open(home / DATABASE)
    try:
        network = await storage.network()
        assert network is not None
        replica = Replica(network, PRACTICES, chance=clock.chance, keyring=keys.keyring)
        list(replica.load(storage.entries()))
        mark = HighWater(home / HIGH_WATER, network)
        why = await why_recover(mark.read(), storage, network)
        mark.close()
        return replica, why
    finally:
        await storage.close()


async def identity_of(home: Path) -> Identity:
    replica, _ = await loaded(home)
    return replica.journal.directory.networks[replica.network].identity


async def network_of(home: Path) -> bytes:
    return (await identity_of(home)).network


async def named(home: Path, *guardians: str, needed: int | None = None, delay_ms: int = DELAY_MS) -> Rotated:
    change = Change(guardians=guardians, guardians_needed=needed, recovery_delay_ms=delay_ms)
    cold = [home / KEYS / "cold.key"]
    return await rotate(home, change, cold_keys=cold, now=clock.now_ms, chance=clock.chance)


@pytest.fixture
async def riacho(tmp_path: Path) -> tuple[Path, tuple[str, ...]]:
    """A home that knows two other networks, and their ids."""
    home = tmp_path / "riacho"
    await found(home, Founding("riacho", "Riacho", "HORA"), now=clock.now_ms, chance=clock.chance)
    ids: list[str] = []
    storage = await Storage.open(home / DATABASE)
    for name in ("serra", "campo"):
        told = await found(tmp_path / name, Founding(name, name, "FLOR"), now=clock.now_ms, chance=clock.chance)
        other = await Storage.open(tmp_path / name / DATABASE)
        await storage.commit(Batch([one for one in other.entries() if one.header.lane == "identity"]))
        await other.close()
        ids.append(told.network_id)
    await storage.close()
    return home, tuple(ids)


@pytest.fixture
async def casa(riacho: tuple[Path, tuple[str, ...]], tmp_path: Path) -> Path:
    """A replica's home with all of riacho's books, once its guardians are named: one of two has to back."""
    home, guardians = riacho
    await named(home, *guardians, needed=1)
    copy = tmp_path / "casa"
    await found_replica(copy, id_text(await network_of(home)), "0" * 32, now=clock.now_ms, chance=clock.chance)
    shutil.copyfile(home / DATABASE, copy / DATABASE)
    return copy


async def proposed(home: Path, target: Path, cold_keys: int = 3) -> RecoveryProposed:
    return await propose(home, target, cold_keys=cold_keys, cold_needed=None, chance=clock.chance)


def claim_in(path: Path) -> RecoveryClaim:
    fields = decode(form(bytes).read(path.read_text().strip()))
    assert isinstance(fields, dict)
    return from_map(RecoveryClaim, fields)


def document(path: Path, claim: RecoveryClaim, *guardians: str, at_ms: int) -> Path:
    """Write what a guardian's node shows."""
    backed = tuple(BackedBy(parse_id(one) or b"", bytes(32), at_ms) for one in guardians)
    path.write_text(json.dumps({"document": bytes_text(encode(to_map(Recovery(claim, backed))))}))
    return path


async def finished(home: Path, path: Path, now: int) -> recovery.Finished:
    return await finish(home, path, now=lambda: now, chance=clock.chance)


def contents(home: Path) -> dict[Path, bytes]:
    """Return the keys of a home, and its database."""
    return {path: path.read_bytes() for path in (*(home / KEYS).iterdir(), home / DATABASE)}


# Naming.


async def test_cold_keys_name_the_guardians_of_a_network(riacho: tuple[Path, tuple[str, ...]]) -> None:
    home, guardians = riacho
    assert (await named(home, *guardians)).epoch == 1
    found = (await identity_of(home)).guardians
    assert (tuple(map(id_text, found.networks)), found.needed, found.delay_ms) == (guardians, 2, DELAY_MS)
    change = Change(home / KEYS / "next.key")
    await rotate(home, change, cold_keys=[home / KEYS / "cold.key"], now=clock.now_ms, chance=clock.chance)
    assert (await identity_of(home)).guardians == found, "they stay until others are named"


async def test_keepers_see_whom_they_name(riacho: tuple[Path, tuple[str, ...]], tmp_path: Path) -> None:
    home, guardians = riacho
    change = Change(guardians=guardians, guardians_needed=1, recovery_delay_ms=DELAY_MS)
    claim, signed = tmp_path / "claim", tmp_path / "signed"
    shown = await to_sign(home, change, claim, chance=clock.chance)
    assert (shown.guardians, shown.guardians_needed, shown.recovery_delay_ms) == (guardians, 1, DELAY_MS)
    assert sign_file(claim, home / KEYS / "cold.key", signed) == shown
    await rotate(home, change, signatures=[signed], now=clock.now_ms, chance=clock.chance)
    assert (await identity_of(home)).guardians.needed == 1


async def test_guardians_that_could_not_help_are_not_named(riacho: tuple[Path, tuple[str, ...]]) -> None:
    home, (serra, campo) = riacho
    own = id_text(await network_of(home))
    for names, needed, delay_ms, said in (
        ((own,), None, DELAY_MS, "another network"),
        ((id_text(bytes(32)),), None, DELAY_MS, "another network"),
        (("serra",), None, DELAY_MS, "another network"),
        ((serra, serra), None, DELAY_MS, "twice"),
        ((serra, campo), 3, DELAY_MS, "cannot agree"),
        ((serra, campo), 0, DELAY_MS, "cannot agree"),
        ((serra, campo), 2, 0, "366 days"),
        ((serra, campo), 2, 367 * 86_400_000, "366 days"),
    ):
        with pytest.raises(HomeUnusable, match=said):
            await named(home, *names, needed=needed, delay_ms=delay_ms)
    assert (await identity_of(home)).epoch == 0
    assert not list((home / KEYS).glob("*.new"))


# The new home.


async def test_a_copy_becomes_the_home_under_the_keys_that_guardians_have_backed(
    casa: Path, riacho: tuple[Path, tuple[str, ...]], tmp_path: Path
) -> None:
    target = tmp_path / "recovery.claim"
    told = await proposed(casa, target)
    claim = claim_in(target)
    assert (told.recovery, told.epoch, told.key) == (id_text(claim.digest), 2, claim.key.hex())
    assert (len(told.cold_keys), told.cold_needed, told.guardians, told.guardians_needed) == (3, 2, riacho[1], 1)
    assert read_keys(casa).keyring is None, "it is a replica until it is finished"

    path = document(tmp_path / "shown", claim, riacho[1][0], at_ms=1_000)
    with pytest.raises(HomeUnusable, match="takes effect in 1 minutes"):
        await finished(casa, path, 1_000 + DELAY_MS - 1)
    done = await finished(casa, path, 1_000 + DELAY_MS)
    assert (done.epoch, done.ledger_entries) == (2, 1)
    names = {path.name.removesuffix(".key") for path in (casa / KEYS).iterdir()}
    assert names == {"hot", "next", "preimage", "transport", "cold-1", "cold-2", "cold-3"}
    keys = read_keys(casa)
    assert keys.keyring is not None
    replica, why = await loaded(casa)
    assert why is None
    assert not replica.succeeded
    identity = replica.journal.directory.networks[replica.network].identity
    assert identity.key_of(2) == keys.keyring.hot.public
    assert identity.transport == KeyPair.from_seed(keys.transport).public
    change = Change(casa / KEYS / "next.key")
    cold = [casa / KEYS / "cold-1.key", casa / KEYS / "cold-3.key"]
    assert (await rotate(casa, change, cold_keys=cold, now=clock.now_ms, chance=clock.chance)).epoch == 3


async def test_a_home_that_has_lost_its_cold_keys_alone_goes_on_under_new_ones(
    casa: Path, riacho: tuple[Path, tuple[str, ...]], tmp_path: Path
) -> None:
    home = riacho[0]
    before = read_key(home / KEYS / "transport.key")
    target = tmp_path / "recovery.claim"
    await proposed(home, target, cold_keys=1)
    path = document(tmp_path / "shown", claim_in(target), riacho[1][1], at_ms=1_000)
    await finished(home, path, clock.now_ms())
    assert read_key(home / KEYS / "transport.key") == before
    assert not (await loaded(home))[0].succeeded


async def test_what_does_not_hold_changes_nothing(
    casa: Path, riacho: tuple[Path, tuple[str, ...]], tmp_path: Path
) -> None:
    target, other = tmp_path / "recovery.claim", tmp_path / "other.claim"
    await proposed(casa, other)
    await proposed(casa, target)
    claim, now = claim_in(target), clock.now_ms()
    before = contents(casa)
    shown = tmp_path / "shown"
    with pytest.raises(HomeUnusable, match="too few guardians"):
        await finished(casa, document(shown, claim, at_ms=0), now)
    with pytest.raises(HomeUnusable, match="each of them once"):
        await finished(casa, document(shown, claim, riacho[1][0], riacho[1][0], at_ms=0), now)
    with pytest.raises(HomeUnusable, match="each of them once"):
        await finished(casa, document(shown, claim, id_text(bytes(32)), at_ms=0), now)
    with pytest.raises(HomeUnusable, match="not of the recovery"):
        await finished(casa, document(shown, claim_in(other), riacho[1][0], at_ms=0), now)
    for text in ("", "[]", "{}", '{"document": null}', '{"document": "oA"}', '{"document": "!"}', '{"document": "AQ"}'):
        shown.write_text(text)
        with pytest.raises(HomeUnusable, match="holds no recovery"):
            await finished(casa, shown, now)
    with pytest.raises(HomeUnusable, match="cannot be read"):
        await finished(casa, tmp_path / "nothing", now)
    assert contents(casa) == before


async def test_a_copy_that_has_taken_in_more_is_proposed_again(
    casa: Path, riacho: tuple[Path, tuple[str, ...]], tmp_path: Path
) -> None:
    home = riacho[0]
    target = tmp_path / "recovery.claim"
    await proposed(casa, target)
    change = Change(home / KEYS / "next.key")
    await rotate(home, change, cold_keys=[home / KEYS / "cold.key"], now=clock.now_ms, chance=clock.chance)
    shutil.copyfile(home / DATABASE, casa / DATABASE)
    path = document(tmp_path / "shown", claim_in(target), riacho[1][0], at_ms=0)
    with pytest.raises(HomeUnusable, match="propose it again"):
        await finished(casa, path, clock.now_ms())


async def test_a_network_without_guardians_and_a_copy_without_books_propose_nothing(
    riacho: tuple[Path, tuple[str, ...]], tmp_path: Path
) -> None:
    target = tmp_path / "recovery.claim"
    with pytest.raises(HomeUnusable, match="no guardians"):
        await proposed(riacho[0], target)
    empty = tmp_path / "empty"
    await found_replica(empty, riacho[1][0], "0" * 32, now=clock.now_ms, chance=clock.chance)
    with pytest.raises(HomeUnusable, match="none of its network's books"):
        await proposed(empty, target)
    assert not target.exists()


async def test_a_crash_half_way_is_mended_by_the_same_command(
    casa: Path, riacho: tuple[Path, tuple[str, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "recovery.claim"
    await proposed(casa, target)
    path = document(tmp_path / "shown", claim_in(target), riacho[1][0], at_ms=0)

    def crash(keys: Path) -> None:
        (keys / "hot.key.new").replace(keys / "hot.key")
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(recovery, "_change_files", crash)
        with pytest.raises(KeyboardInterrupt):
            await finished(casa, path, clock.now_ms())
    assert (casa / KEYS / INVITATION).exists()
    assert (await finished(casa, path, clock.now_ms())).epoch == 2
    assert not list((casa / KEYS).glob("*.new"))
    assert read_keys(casa).keyring is not None
    assert not (await loaded(casa))[0].succeeded
