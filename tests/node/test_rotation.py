# SPDX-License-Identifier: AGPL-3.0-or-later
"""A network changes its signing key on a stopped node."""

from pathlib import Path

import pytest

from node import clock
from node.home import DATABASE, Founding, HomeUnusable, found, read_key, read_keys
from node.rotation import Rotated, rotate
from node.storage import Storage
from protocol.keys import KeyPair
from protocol.replica import Replica


async def founded(home: Path) -> None:
    await found(home, Founding("riacho", "Riacho", "HORA"), now=clock.now_ms, chance=clock.chance)


async def rotated(home: Path, next_key: Path | None = None, cold: str = "cold.key") -> Rotated:
    return await rotate(
        home, next_key=next_key, cold_keys=[home / "keys" / cold], now=clock.now_ms, chance=clock.chance
    )


async def loaded(home: Path) -> Replica:
    """Return the replica of a home as a node would begin with it."""
    storage = await Storage.open(home / DATABASE)
    try:
        network = await storage.network()
        assert network is not None
        replica = Replica(network, chance=clock.chance, keyring=read_keys(home).keyring)
        for _ in replica.load(storage.entries()):
            pass
        return replica
    finally:
        await storage.close()


async def test_the_promised_key_takes_over_and_promises_the_next(tmp_path: Path) -> None:
    home = tmp_path / "riacho"
    await founded(home)
    promised = read_key(home / "keys" / "next.key")
    for epoch in (1, 2):
        done = await rotated(home)
        assert done.epoch == epoch
        identity = (await loaded(home)).journal.directory.networks
        (known,) = identity.values()
        assert known.identity.key_of(epoch) == KeyPair.from_seed(read_key(home / "keys" / "hot.key")).public
    assert read_key(home / "keys" / "hot.key") != promised, "the second rotation has used the next one"


async def test_a_key_that_was_not_promised_changes_nothing(tmp_path: Path) -> None:
    home = tmp_path / "riacho"
    await founded(home)
    before = {path.name: path.read_bytes() for path in (home / "keys").iterdir()}
    with pytest.raises(HomeUnusable, match="promised"):
        await rotated(home, next_key=home / "keys" / "transport.key")
    with pytest.raises(HomeUnusable, match="not a cold key"):
        await rotated(home, cold="transport.key")
    (known,) = (await loaded(home)).journal.directory.networks.values()
    assert known.identity.epoch == 0
    assert {name: (home / "keys" / name).read_bytes() for name in before} == before


async def test_a_rotation_broken_off_after_it_was_stored_is_finished_by_doing_it_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "riacho"
    await founded(home)

    def crash(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr("node.rotation._change_files", crash)
        with pytest.raises(KeyboardInterrupt):
            await rotated(home)
    assert (await rotated(home)).epoch == 1
    assert (await rotated(home)).epoch == 2, "the key that the first one promised was not lost"
