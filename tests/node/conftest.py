# SPDX-License-Identifier: AGPL-3.0-or-later
"""Lanes, databases and stand-ins for the tests of a node's storage and runtime."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from random import Random

import pytest

from node.store.storage import Storage
from protocol.lanes.entry import LEDGER, Entry, seal
from protocol.wire.keys import KeyPair

Lane = Callable[..., list[Entry]]


@pytest.fixture
async def storage(tmp_path: Path) -> AsyncIterator[Storage]:
    """An empty database."""
    opened = await Storage.open(tmp_path / "mutirao.db", create=True)
    yield opened
    await opened.close()


@pytest.fixture
def lane() -> Lane:
    """Return what makes the next entries of a lane, linked and signed: of the ledger, if not told otherwise."""
    rng = Random(1)
    keys = KeyPair.from_seed(rng.randbytes(32))
    heads: dict[tuple[bytes, str], tuple[int, bytes | None]] = {}

    def more(
        count: int, *, network: bytes = b"r" * 32, name: str = LEDGER, epoch: int = 0, body: bytes | None = None
    ) -> list[Entry]:
        made: list[Entry] = []
        for _ in range(count):
            seq, prev = heads.get((network, name), (0, None))
            said = rng.randbytes(rng.randrange(20, 400)) if body is None else body
            entry = seal(
                keys, network=network, lane=name, epoch=epoch, seq=seq, prev=prev, body=said, salt=rng.randbytes(16)
            )
            heads[network, name] = seq + 1, entry.id
            made.append(entry)
        return made

    return more
