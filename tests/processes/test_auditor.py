# SPDX-License-Identifier: AGPL-3.0-or-later
"""An auditor's node beside a home whose operator signs what its entries do not bear out."""

import asyncio
import json
from dataclasses import replace
from pathlib import Path

import pytest
from processes.harness import Commune, Node, mutirao, until

from node import clock
from node.keeping.home import DATABASE, read_keys
from node.loop.batch import Batch
from node.store.storage import Storage
from protocol.lanes.entry import LEDGER, Body
from protocol.practices import PRACTICES
from protocol.practices.between.checkpoints.entries import CheckpointMade
from protocol.practices.between.checkpoints.state import Checkpoints
from protocol.replica import Replica


def forge(home: Node, **changed: object) -> None:
    """Sign, in a stopped home, a checkpoint that differs from what its rules would write."""

    async def written() -> None:
        storage = await Storage.open(home.home / DATABASE)
        try:
            replica = Replica(home.network, PRACTICES, chance=clock.chance, keyring=read_keys(home.home).keyring)
            list(replica.load(storage.entries()))
            newest, head = replica.book.of(Checkpoints).newest, replica.book.head
            assert newest is not None and head is not None
            said = replace(newest.made.checkpoint, size=head[0] + 1, head=head[1])
            lie: Body = CheckpointMade(newest.made.seed, replace(said, **changed))
            await storage.commit(Batch([replica.journal.write(lie, LEDGER, clock.now_ms())]))
        finally:
            await storage.close()

    asyncio.run(written())


def verified(file: Path, home: Node | None = None) -> dict[str, object]:
    done = mutirao("verify", "fault", str(file), "--json", *(() if home is None else ("--home", str(home.home))))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.soak
@pytest.mark.timeout(120)
def test_an_auditor_tells_of_a_false_checkpoint_and_of_an_entry_that_no_rule_allows(
    commune: Commune, tmp_path: Path
) -> None:
    riacho = commune.found("riacho", "HORA")
    casa = commune.replica(riacho)
    commune.connect(casa, riacho)
    casa.start()
    ana = riacho.join("ana")
    riacho.join("beto")
    ana.pay("beto", 3)
    riacho.api.post("/v1/checkpoints", {})
    ana.pay("beto", 4)
    until(lambda: casa.balances() == riacho.balances(), "the auditor has it all")
    assert casa.api.all("/v1/faults") == [] == riacho.api.all("/v1/faults")

    # The operator claims the old balances of the new books.
    riacho.stop()
    forge(riacho)
    riacho.start()
    [fault] = until(lambda: casa.api.all("/v1/faults"), "the auditor sees it")
    assert (fault["kind"], fault["network"]) == ("CHECKPOINT_WRONG", riacho.network_id)
    assert "balances" in fault["detail"]

    # And then one of entries that are not there: no node takes it.
    riacho.stop()
    forge(riacho, size=1_000)
    riacho.start()
    until(lambda: len(casa.api.all("/v1/faults")) == 2, "the auditor sees that too")
    casa.kill()
    casa.start()
    kinds = {one["id"]: one["kind"] for one in casa.api.all("/v1/faults")}
    assert sorted(kinds.values()) == ["CHECKPOINT_WRONG", "ENTRY_INVALID"]

    # Evidence for others: the network has signed it, and any copy of the books shows that it is wrong.
    for id, kind in kinds.items():
        file = tmp_path / kind
        shown = mutirao("faults", "show", id, "--json", MUTIRAO_NODE=casa.url, MUTIRAO_TOKEN=casa.api.token or "")
        file.write_text(shown.stdout)
        assert verified(file)["weight"] == "NEEDS_BOOKS"
        for home in (casa, riacho):
            assert verified(file, home)["weight"] == "PROVEN", kind
    other = commune.found("serra", "FLOR")
    wrong = mutirao("verify", "fault", str(tmp_path / "ENTRY_INVALID"), "--home", str(other.home))
    assert wrong.returncode == 1 and "does not hold the lane" in wrong.stderr
    book = mutirao("verify", "book", "--home", str(casa.home))
    assert book.returncode == 1 and "is not what the entries make" in book.stderr
