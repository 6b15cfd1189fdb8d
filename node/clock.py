# SPDX-License-Identifier: AGPL-3.0-or-later
"""The only place that time and chance come from; everything else is handed them."""

import os
import time

from protocol.lanes.entry import Millis


def now_ms() -> Millis:
    """Return the milliseconds since 1970-01-01T00:00:00Z by this machine's clock."""
    return time.time_ns() // 1_000_000


def seconds() -> float:
    """Return seconds that only go forward, to measure how long a thing took."""
    return time.monotonic()


def chance(size: int) -> bytes:
    """Return so many bytes that nobody can foresee."""
    return os.urandom(size)
