# SPDX-License-Identifier: AGPL-3.0-or-later
"""Nodes that serve while a block of a benchmark runs, and the replicas of their books."""

import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path

from cli.stage import Node

HERE = Path(__file__).parent


@contextmanager
def served(*nodes: Node) -> Iterator[None]:
    """Serve homes, each in a process of its own."""
    try:
        for node in nodes:
            node.start()
        for node in nodes:
            node.until_ready()
        yield
    finally:
        for node in nodes:
            node.stop()


@contextmanager
def sampled(node: Node, report: Path) -> Iterator[None]:
    """Serve a home in a process that can tell where its time goes."""
    command: Sequence[str] = [
        sys.executable, str(HERE / "sampled.py"), str(report), "serve", "--home", str(node.home),
        "--http", f"127.0.0.1:{node.http}", "--p2p", f"/ip4/127.0.0.1/tcp/{node.p2p}",
        *(word for peer in node.peers for word in ("--peer", peer)),
    ]  # fmt: skip
    with (node.home.parent / f"{node.handle}.log").open("ab") as log:
        node.process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        node.until_ready()
        yield
    finally:
        node.stop()


def replica_of(home: Node, name: str) -> Node:
    """Make the home of a replica of a serving node's books; it does not serve yet."""
    code = home.client.post("/v1/replicas", {})["code"]
    place = home.home.parent / name
    told = subprocess.run(
        [sys.executable, "-m", "cli", "init", "--home", str(place), "--replica-of", home.network,
         "--invitation", code, "--json"],
        check=True, capture_output=True,
    )  # fmt: skip
    founded = json.loads(told.stdout)
    return Node(name, place, founded["steward_token"], home.network, founded["peer_id"], peers=[home.address()])


def pid_of(node: Node) -> int:
    """Return the number of a serving node's process."""
    assert node.process is not None
    return node.process.pid


def metrics(node: Node) -> dict[str, float]:
    """Return what a node says that it has measured."""
    connection = HTTPConnection("127.0.0.1", node.http)
    with closing(connection):
        connection.request("GET", "/metrics")
        lines = connection.getresponse().read().decode().splitlines()
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines if line[0] != "#")}
