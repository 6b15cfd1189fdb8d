# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a running node holds of another network is taken anew, or forgotten, by one command."""

import sqlite3
from contextlib import closing

import pytest
from processes.harness import Commune, Node, mutirao, until


def steward(node: Node, *words: str) -> str:
    """Do something as the node's steward; returns what is printed."""
    done = mutirao(*words, "--node", node.url, "--token", node.api.token or "")
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.soak
def test_a_damaged_lane_of_another_is_mended_and_a_stranger_forgotten(commune: Commune) -> None:
    riacho, serra = commune.found("riacho", "HORA"), commune.found("serra", "FLOR")
    steward(riacho, "network", "connect", serra.address)
    until(lambda: riacho.knows(serra), "it knows the other")
    riacho.kill()
    with closing(sqlite3.connect(riacho.home / "mutirao.db")) as database:
        [(arrival, wire)] = database.execute(
            "SELECT arrival, wire FROM entries JOIN lanes ON number = lane WHERE network = ? AND name = 'commons'",
            (serra.network,),
        )
        bent = wire[:-1] + bytes((wire[-1] ^ 1,))
        database.execute("UPDATE entries SET wire = ? WHERE arrival = ?", (bent, arrival))
        database.commit()
    assert mutirao("verify", "book", "--home", str(riacho.home)).returncode != 0, "a signature does not fit"
    riacho.start()
    steward(riacho, "network", "purge", serra.network_id)

    def mended() -> bool:
        shown = riacho.api.get(f"/v1/networks/{serra.network_id}")
        return shown["handle"] == "serra"

    until(mended, "it has it anew")
    riacho.kill()
    riacho.verify_book()
    riacho.start()
    until(lambda: riacho.knows(serra), "it knows the other")
    serra.stop()
    steward(riacho, "network", "forget", "serra")
    assert riacho.api.refused("/v1/networks/serra/forget", {})["code"] == "NETWORK_UNKNOWN"
    riacho.stop()
    riacho.verify_book()
    riacho.start()
    assert not riacho.knows(serra)
    serra.start()
    until(lambda: riacho.knows(serra), "it came again")
