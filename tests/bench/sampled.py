# SPDX-License-Identifier: AGPL-3.0-or-later
"""A node that tells where its time went:  python tests/bench/sampled.py REPORT serve --home ...

The first SIGUSR1 begins a span, the second ends it and writes the report. Each millisecond of the
process's CPU the event loop is asked what it is at; the kernel tells how long each thread ran.
"""

import json
import os
import signal
import sys
import threading
from collections import Counter, defaultdict
from pathlib import Path
from types import FrameType

sys.path.insert(0, str(Path(__file__).parents[2]))

from cli.main import main

EVERY_SECONDS = 0.001
TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")

# Which file, and which function of it ("": any), belongs to which part; the innermost frame that is named counts.
PARTS: tuple[tuple[str, str, str], ...] = (
    ("protocol/wire/keys.py", "verify_bare", "verifying the member's signature"),
    ("protocol/wire/keys.py", "sign", "signing the entry"),
    ("protocol/lanes/entry.py", "seal", "encoding and hashing the entry"),
    ("protocol/lanes/entry.py", "encode_body", "encoding and hashing the entry"),
    ("protocol/book/book.py", "said", "reading the order"),
    ("protocol/lanes/journal.py", "", "folding the entry"),
    ("protocol/practices/money/payments/rules.py", "fold", "folding the entry"),
    ("protocol/practices/money/payments/views.py", "view_payment", "the answer: what is shown, as JSON"),
    ("node/http/resources.py", "render", "the answer: what is shown, as JSON"),
    ("node/http/routes.py", "read_wish", "reading the request's JSON"),
    ("node/http/answers.py", "respond", "the answer: HTTP"),
    ("node/http/routes.py", "", "routes, tokens, idempotency keys"),
    ("node/http/resources.py", "", "routes, tokens, idempotency keys"),
    ("node/http/server.py", "", "routes, tokens, idempotency keys"),
    ("node/http/auth.py", "", "routes, tokens, idempotency keys"),
    ("protocol/replica.py", "", "planning and checking"),
    ("node/loop/batch.py", "", "packing the batch"),
    ("node/store/", "", "asking SQLite"),
    ("aiosqlite/", "", "asking SQLite"),
    ("node/loop/", "", "the runtime"),
    ("aiohttp/", "", "aiohttp"),
    ("asyncio/", "", "asyncio and sockets"),
    ("/selectors.py", "", "asyncio and sockets"),
)


class Sampler:
    """Counts parts while a span lasts."""

    def __init__(self, report: Path) -> None:
        self._report = report
        self._parts: Counter[str] = Counter()
        self._ran: dict[str, float] | None = None

    def begin_or_end(self, *_: object) -> None:
        """Begin a span, or end it and write the report."""
        if self._ran is None:
            self._parts.clear()
            self._ran = ran()
            signal.setitimer(signal.ITIMER_PROF, EVERY_SECONDS, EVERY_SECONDS)
            return
        signal.setitimer(signal.ITIMER_PROF, 0)
        threads = {name: seconds - self._ran.get(name, 0) for name, seconds in ran().items()}
        partial = self._report.with_suffix(".partial")
        partial.write_text(json.dumps({"parts": self._parts, "threads": threads}))
        partial.rename(self._report)
        self._ran = None

    def sample(self, _: int, frame: FrameType | None) -> None:
        """Count what the event loop is at; while it waits, other threads run."""
        if frame is not None and not (frame.f_code.co_name == "select" and "selectors" in frame.f_code.co_filename):
            self._parts[part_of(frame)] += 1


def part_of(frame: FrameType | None) -> str:
    """Return to which part a stack belongs."""
    while frame is not None:
        code = frame.f_code
        for file, function, part in PARTS:
            if file in code.co_filename and function in ("", code.co_name):
                return part
        frame = frame.f_back
    return "the rest"


def ran() -> dict[str, float]:
    """Return for how many seconds each kind of thread has run."""
    seconds: defaultdict[str, float] = defaultdict(float)
    for thread in threading.enumerate():
        name = thread.name
        kind = "event loop" if name == "MainThread" else "libp2p" if name == "libp2p" else "SQLite and others"
        fields = Path(f"/proc/self/task/{thread.native_id}/stat").read_text().rpartition(")")[2].split()
        seconds[kind] += (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND
    return dict(seconds)


if __name__ == "__main__":
    sampler = Sampler(Path(sys.argv.pop(1)))
    signal.signal(signal.SIGUSR1, sampler.begin_or_end)
    signal.signal(signal.SIGPROF, sampler.sample)
    sys.exit(main())
