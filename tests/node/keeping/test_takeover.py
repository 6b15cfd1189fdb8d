# SPDX-License-Identifier: AGPL-3.0-or-later
"""The home of a replica becomes the home of its network, whole or not at all."""

import shutil
from pathlib import Path

import pytest

from node import clock
from node.keeping import takeover
from node.keeping.home import (
    DATABASE,
    HIGH_WATER,
    INVITATION,
    KEYS,
    Founding,
    HomeUnusable,
    found,
    found_replica,
    read_keys,
)
from node.keeping.takeover import TakenOver, take_over
from node.store.highwater import HighWater, why_recover
from node.store.storage import Storage
from protocol.practices import PRACTICES
from protocol.replica import Replica
from protocol.wire.keys import KeyPair, id_text


@pytest.fixture
async def homes(tmp_path: Path) -> tuple[Path, Path]:
    """A home and a replica's home, which holds all of its books."""
    riacho, casa = tmp_path / "riacho", tmp_path / "casa"
    told = await found(riacho, Founding("riacho", "Riacho", "HORA"), now=clock.now_ms, chance=clock.chance)
    await found_replica(casa, told.network_id, "0" * 32, now=clock.now_ms, chance=clock.chance)
    shutil.copyfile(riacho / DATABASE, casa / DATABASE)
    return riacho, casa


async def taken(home: Path, keys: Path, *, next_key: str = "next.key", cold: str = "cold.key") -> TakenOver:
    return await take_over(
        home, next_key=keys / next_key, cold_keys=[keys / cold], now=clock.now_ms, chance=clock.chance
    )


async def stands(home: Path, epoch: int) -> None:
    """See that a node would serve this home as that of its network."""
    keys = read_keys(home)
    assert keys.keyring is not None
    storage = await Storage.open(home / DATABASE)
    try:
        network = await storage.network()
        assert network is not None
        replica = Replica(network, PRACTICES, chance=clock.chance, keyring=keys.keyring)
        list(replica.load(storage.entries()))
        identity = replica.journal.directory.networks[network].identity
        assert (identity.epoch, identity.key_of(epoch)) == (epoch, keys.keyring.hot.public)
        assert identity.transport == KeyPair.from_seed(keys.transport).public
        assert not replica.succeeded and not replica.recovering
        mark = HighWater(home / HIGH_WATER, network)
        assert await why_recover(mark.read(), storage, network) is None
        mark.close()
    finally:
        await storage.close()


async def test_the_promised_key_and_the_cold_one_make_it_the_home(homes: tuple[Path, Path]) -> None:
    riacho, casa = homes
    done = await taken(casa, riacho / KEYS)
    assert (done.epoch, done.ledger_entries) == (1, 1)
    await stands(casa, 1)
    assert {path.name for path in (casa / KEYS).iterdir()} == {"hot.key", "next.key", "preimage.key", "transport.key"}
    # A home does not take over from itself.
    with pytest.raises(HomeUnusable, match="rotate"):
        await taken(casa, riacho / KEYS)


async def test_what_does_not_fit_changes_nothing(homes: tuple[Path, Path], tmp_path: Path) -> None:
    riacho, casa = homes
    before = {path: path.read_bytes() for path in casa.rglob("*") if path.is_file()}
    with pytest.raises(HomeUnusable, match="promised"):
        await taken(casa, riacho / KEYS, next_key="transport.key")
    with pytest.raises(HomeUnusable, match="not a cold key"):
        await taken(casa, riacho / KEYS, cold="hot.key")
    with pytest.raises(HomeUnusable, match="cold keys have to sign"):
        await take_over(casa, next_key=riacho / KEYS / "next.key", cold_keys=(), now=clock.now_ms, chance=clock.chance)
    empty = tmp_path / "empty"
    await found_replica(empty, await network_of(riacho), "0" * 32, now=clock.now_ms, chance=clock.chance)
    with pytest.raises(HomeUnusable, match="none of its network's books"):
        await taken(empty, riacho / KEYS)
    assert (casa / KEYS / INVITATION).exists()
    kept = {path: data for path, data in before.items() if path.parent.name == KEYS or path.name == DATABASE}
    assert {path: path.read_bytes() for path in kept} == kept


async def test_a_crash_half_way_is_mended_by_the_same_command(
    homes: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    riacho, casa = homes

    def crash(keys: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(takeover, "_change_files", crash)
        with pytest.raises(KeyboardInterrupt):
            await taken(casa, riacho / KEYS)
    # Until it is finished, the home is a replica's still, which signs nothing.
    assert read_keys(casa).keyring is None
    assert (await taken(casa, riacho / KEYS)).epoch == 1
    await stands(casa, 1)


async def network_of(home: Path) -> str:
    storage = await Storage.open(home / DATABASE)
    try:
        network = await storage.network()
    finally:
        await storage.close()
    assert network is not None
    return id_text(network)
