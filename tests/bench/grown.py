# SPDX-License-Identifier: AGPL-3.0-or-later
"""One measurement of one build, in a process of its own: growth.py runs it with that build's Python and tests/bench.

    python grown.py make FOLDER MEMBERS ENTRIES    found a network, and write so many entries
    python grown.py start FOLDER                   serve it: until it is ready, and what it holds then
    python grown.py use FOLDER ROUNDS EACH         serve it, pay and turn pages of statements; also: verifications
    python grown.py join FOLDER ROUNDS             let replicas join; also: bare inserts of the same bytes

Each prints one line of JSON. It uses what tests/bench has in both builds, and nothing of its own build's code.
"""

import asyncio
import json
import pickle
import sys
import time
from contextlib import closing
from http.client import HTTPConnection
from itertools import count
from pathlib import Path
from typing import Any

import books
import joining
import payments
from machine import inserts_per_second, resident_mb, verifications_per_second
from serving import pid_of, served

from cli import stage
from cli.stage import Node

stage.until.__defaults__ = (3_600.0,)  # however long a start takes, it is measured

HANDLE = "riacho"
REST_SECONDS = 3.0
"""After this long a node has done what it does at its start."""
PAGE_ENTRIES = 100
PAGES = 200
PAYERS = payments.CLIENTS


async def make(folder: Path, members: int, entries: int) -> dict[str, Any]:
    """Found a network with so many members, but no fewer than will pay, and payments up to so many entries."""
    node = await books.founded(folder, HANDLE)
    async with books.opened(node.home) as desk:
        admitted = await desk.admit(max(members, PAYERS))
        await desk.trade(admitted, max(0, entries - books.ENTRIES_PER_MEMBER * len(admitted)))
        payers = admitted[:PAYERS]
        tokens = [await desk.token(one) for one in payers]
    kept = {"token": node.token, "network": node.network, "peer_id": node.peer_id, "payers": payers, "tokens": tokens}
    # The first start makes what later ones go on from.
    with served(node):
        pass
    (folder / "kept").write_bytes(pickle.dumps(kept))
    return {"entries": books.count_stored(node.home)}


def start(folder: Path) -> dict[str, Any]:
    """Serve once: seconds until it is ready, MB that it holds after a rest, entries."""
    node, _ = kept_in(folder)
    began = time.perf_counter()
    with served(node):
        seconds = time.perf_counter() - began
        time.sleep(REST_SECONDS)
        held = resident_mb(pid_of(node))
    return {"seconds": seconds, "mb": held, "entries": books.count_stored(node.home)}


def use(folder: Path, rounds: int, each: int) -> dict[str, Any]:
    """Measure signatures verified, payments made over HTTP and pages of statements read, each a second, in turn."""
    node, kept = kept_in(folder)
    bench = payments.Bench(node, kept["payers"], kept["tokens"], each)
    told: dict[str, list[float]] = {"verifications": [], "payments": [], "pages": []}
    with served(node), bench.clients() as pay:
        pay(with_keys=True)  # whatever is made at first use is made now
        for _ in range(rounds):
            told["verifications"].append(verifications_per_second())
            told["payments"].append(pay(with_keys=True))
            told["pages"].append(pages_per_second(node, kept["payers"][0].account))
    (folder / "kept").write_bytes(pickle.dumps(kept))  # the numbers of their newest orders are others now
    return told


def join(folder: Path, rounds: int) -> dict[str, Any]:
    """Measure rows that SQLite alone inserts, and entries that a joining replica takes in, each a second, in turn."""
    node, _ = kept_in(folder)
    rows = books.stored(node.home)
    names = count()
    told: dict[str, list[float]] = {"inserts": [], "joined": []}
    with served(node):
        for _ in range(rounds):
            told["inserts"].append(inserts_per_second(rows, folder))
            told["joined"].append(joining._join(node, f"replica-{next(names)}", len(rows), []))
    return told


def kept_in(folder: Path) -> tuple[Node, dict[str, Any]]:
    """Return the node of a folder that was made, and what was kept beside it."""
    kept = pickle.loads((folder / "kept").read_bytes())  # noqa: S301 - our own
    return Node(HANDLE, folder / HANDLE, kept["token"], kept["network"], kept["peer_id"]), kept


def pages_per_second(node: Node, account: str) -> float:
    """Read a statement from its newest entry backwards, and again; returns pages a second."""
    cursor, turned = "", 0
    began = time.perf_counter()
    with closing(HTTPConnection("127.0.0.1", node.http)) as connection:
        while turned < PAGES:
            place = f"/v1/accounts/{account}/entries?limit={PAGE_ENTRIES}" + (f"&cursor={cursor}" if cursor else "")
            connection.request("GET", place, headers={"Authorization": f"Bearer {node.token}"})
            answer = connection.getresponse()
            body = answer.read()
            assert answer.status == 200, body
            cursor = json.loads(body).get("next_cursor") or ""
            turned += 1
    return turned / (time.perf_counter() - began)


def main(what: str, folder: str, *numbers: str) -> None:
    """Do what is asked for and print what came of it."""
    place, wanted = Path(folder), [int(number) for number in numbers]
    if what == "make":
        told = asyncio.run(make(place, *wanted))
    else:
        told = {"start": start, "use": use, "join": join}[what](place, *wanted)
    print(json.dumps(told))


if __name__ == "__main__":
    main(*sys.argv[1:])
