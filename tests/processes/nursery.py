# SPDX-License-Identifier: AGPL-3.0-or-later
"""Starts nodes in the time of a fork: a process that has loaded all that a node needs, and serves in its children.

Loading is most of what a start costs, and the same each time; a test that starts a node fifty times has it once.
"""

import gc
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

LOADED = (
    "cli.main",
    "cli.steward.copies",
    "cli.steward.founding",
    "cli.steward.keys",
    "cli.steward.serving",
    "cli.steward.verifying",
    "node.main",
    "node.keeping.config",
    "node.http.app",
    "node.p2p.network",
)
LOOK_SECONDS = 0.01
SNAPSHOT_EVERY_ENTRIES = 40
"""So often, and at each stop, a node of a test writes a snapshot: kills hit it, and starts go on from it."""


class Child:
    """A process of the nursery's, as subprocess.Popen shows one."""

    def __init__(self, nursery: "Nursery", pid: int) -> None:
        self.pid = pid
        self._nursery = nursery
        self._ended: int | None = None

    def poll(self) -> int | None:
        """Return the exit code, None while it runs."""
        if self._ended is None:
            self._ended = self._nursery.ask(look=self.pid)
        return self._ended

    def wait(self, timeout: float = 10.0) -> int:
        """Return the exit code once it has ended; raises TimeoutExpired."""
        end = time.monotonic() + timeout
        while (code := self.poll()) is None:
            if time.monotonic() > end:
                raise subprocess.TimeoutExpired("mutirao", timeout)
            time.sleep(LOOK_SECONDS)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


class Nursery:
    """The process that forks nodes."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, __file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        self._lock = threading.Lock()

    def launch(self, words: Sequence[str], log: Path) -> Child:
        """Carry out the command in a process of its own, which writes to the end of a log."""
        pid = self.ask(words=list(words), log=str(log))
        assert pid is not None
        return Child(self, pid)

    def ask(self, **question: Any) -> int | None:
        with self._lock:
            assert self._process.stdin is not None and self._process.stdout is not None
            self._process.stdin.write(json.dumps(question) + "\n")
            return json.loads(self._process.stdout.readline())

    def close(self) -> None:
        """End it, and whatever of its children is left."""
        if self._process.stdin is not None:
            self._process.stdin.close()
        self._process.wait(10)


def _fork_on_demand() -> None:
    for name in LOADED:
        import_module(name)
    snapping: Any = import_module("node.loop.snapping")
    snapping.SNAPSHOT_EVERY_ENTRIES, snapping.SNAPSHOT_AT_STOP_ENTRIES = SNAPSHOT_EVERY_ENTRIES, 1
    assert threading.active_count() == 1, "only a process without threads can be forked"
    gc.collect()
    gc.freeze()
    running: set[int] = set()
    for line in sys.stdin:
        question = json.loads(line)
        if "look" in question:
            pid, status = os.waitpid(question["look"], os.WNOHANG)
            running.discard(pid)
            answer = os.waitstatus_to_exitcode(status) if pid else None
        else:
            answer = os.fork()
            if answer == 0:
                _serve(question["words"], question["log"])
            running.add(answer)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    for pid in running:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def _serve(words: Sequence[str], log: str) -> None:
    from cli.main import main

    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    written = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(written, 1)
    os.dup2(written, 2)
    code = 1
    try:
        code = main(words)
    finally:
        sys.stdout.flush()
        os._exit(code)


if __name__ == "__main__":
    _fork_on_demand()
