# SPDX-License-Identifier: AGPL-3.0-or-later
"""Nodes whose clock says another hour: what comes by the calendar is not waited for."""

import subprocess
import sys
import time

from processes.harness import Node, environment

AT_ANOTHER_HOUR = """
import node.clock as clock
real = clock.now_ms
clock.now_ms = lambda: real() + {shift}
from cli.main import main
raise SystemExit(main())
"""


def serve_at(node: Node, timestamp: float, *, trusted: bool = True) -> None:
    """Serve with a clock that says so, in seconds since 1970; its steward says that it is right where it is trusted."""
    shift = round((timestamp - time.time()) * 1000)
    words = ["serve", "--home", str(node.home), "--http", f"127.0.0.1:{node.http_port}"]
    words += ["--p2p", f"/ip4/127.0.0.1/tcp/{node.p2p_port}"]
    node.process = subprocess.Popen(
        [sys.executable, "-c", AT_ANOTHER_HOUR.format(shift=shift), *words],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment(),
    )  # fmt: skip
    node.wait_ready()
    assert not trusted or node.api.ask("POST", "/v1/clocks").status in (201, 409)
