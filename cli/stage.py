# SPDX-License-Identifier: AGPL-3.0-or-later
"""The stage of the demo: real node processes in a folder of their own, and a wire between two that can be cut."""

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cli.client import Client
from cli.ending import Ending, Unreachable, WishRefused

READY_SECONDS = 30.0
_STOP_SECONDS = 8.0
POLL_SECONDS = 0.02
WIRE_READ_BYTES = 65_536


class StageFailed(Ending):
    """The demo could not be set up or carried out."""


def free_port() -> int:
    """Return a TCP port of 127.0.0.1 that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def until(what: str, condition: Callable[[], bool], seconds: float = READY_SECONDS) -> float:
    """Wait for something to become so; returns the seconds that it took, raises StageFailed if it never does."""
    begun = time.monotonic()
    while not condition():
        if time.monotonic() - begun > seconds:
            raise StageFailed(f"waited {seconds:g} s in vain: {what}")
        time.sleep(POLL_SECONDS)
    return time.monotonic() - begun


class Wire:
    """A TCP wire to a port of 127.0.0.1 that can be cut and mended."""

    def __init__(self, target: int) -> None:
        self._target = target
        self._mended = threading.Event()
        self._mended.set()
        self._open: set[socket.socket] = set()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._serve, daemon=True).start()

    def cut(self) -> None:
        """End all connections and let no new one through."""
        self._mended.clear()
        for one in list(self._open):
            _end(one)

    def mend(self) -> None:
        """Let connections through again."""
        self._mended.set()

    def close(self) -> None:
        """End the wire for good."""
        self.cut()
        self._listener.close()

    def _serve(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            if not self._mended.is_set():
                near.close()
                continue
            try:
                far = socket.create_connection(("127.0.0.1", self._target), timeout=5)
            except OSError:
                near.close()
                continue
            far.settimeout(None)
            self._open |= {near, far}
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(WIRE_READ_BYTES):
                sink.sendall(data)
        for one in (source, sink):
            self._open.discard(one)
            _end(one)


def _end(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()


@dataclass(slots=True)
class Node:
    """One network's node: its home, its ports, its process, and its steward's way to it."""

    handle: str
    home: Path
    token: str
    network: str
    peer_id: str
    http: int = field(default_factory=free_port)
    p2p: int = field(default_factory=free_port)
    peers: list[str] = field(default_factory=list[str])
    process: subprocess.Popen[bytes] | None = None

    @classmethod
    def found(cls, folder: Path, group: Mapping[str, Any], default_limit: str) -> "Node":
        """Found a group's network in a folder, as its steward would."""
        home = folder / group["handle"]
        told = _mutirao(
            "init", "--home", str(home), "--handle", group["handle"], "--name", group["name"],
            "--currency", group["currency"], "--scale", "2", "--default-limit", default_limit, "--json",
        )  # fmt: skip
        return cls(group["handle"], home, told["steward_token"], told["network_id"], told["peer_id"])

    @property
    def url(self) -> str:
        """Where its HTTP API is."""
        return f"http://127.0.0.1:{self.http}"

    @property
    def client(self) -> Client:
        """The steward's client."""
        return Client(self.url, self.token)

    def pages(self) -> Iterator[str]:
        """Yield what tells of its pages: links that let a browser in, each once and within 15 minutes."""
        yield f"pages of {self.handle}, each link once and within 15 minutes:"
        member = self.client.get("/v1/members?limit=1")["items"][0]["handle"]
        for who, wish in (
            ("a member", {"member": member}),
            ("who coordinates", {"role": "committee"}),
            ("a steward", {"role": "steward"}),
        ):
            yield f"  {who}: {self.url}{self.client.post('/v1/sign-in-codes', wish)['path']}"

    def address(self, port: int | None = None) -> str:
        """Return the multiaddr at which it is dialled, or that of a wire to it."""
        return f"/ip4/127.0.0.1/tcp/{port or self.p2p}/p2p/{self.peer_id}"

    def start(self) -> None:
        """Start its process; it is ready when `until_ready` returns."""
        command = [
            sys.executable, "-m", "cli", "serve", "--home", str(self.home),
            "--http", f"127.0.0.1:{self.http}", "--p2p", f"/ip4/127.0.0.1/tcp/{self.p2p}",
        ]  # fmt: skip
        for peer in self.peers:
            command += ["--peer", peer]
        with (self.home.parent / f"{self.handle}.log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True)

    def until_ready(self) -> None:
        """Wait until it serves."""
        until(f"{self.handle} gets ready", self._is_ready)

    def kill(self) -> None:
        """Kill its process without a word (SIGKILL)."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """End its process, gently if it lets itself be."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(_STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _is_ready(self) -> bool:
        if self.process is None or self.process.poll() is not None:
            raise StageFailed(f"{self.handle} did not start; its log is {self.home.parent / f'{self.handle}.log'}")
        try:
            self.client.get("/readyz")
        except (Unreachable, WishRefused):
            return False
        return True


def _mutirao(*words: str) -> dict[str, Any]:
    done = subprocess.run([sys.executable, "-m", "cli", *words], capture_output=True, check=False, env=os.environ)
    if done.returncode:
        raise StageFailed(f"mutirao {words[0]} failed: {done.stderr.decode().strip()}")
    return json.loads(done.stdout)
