# SPDX-License-Identifier: AGPL-3.0-or-later
"""The only place that time and chance come from; everything else is handed them."""

import os
import time
from pathlib import Path

from protocol.lanes.entry import Millis

_STEADY = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


def now_ms() -> Millis:
    """Return the milliseconds since 1970-01-01T00:00:00Z by this machine's clock."""
    return time.time_ns() // 1_000_000


def seconds() -> float:
    """Return seconds that only go forward, also while the machine sleeps, to measure how long a thing took."""
    return time.clock_gettime(_STEADY)


def boot() -> str:
    """Return what names the time since the machine was started, within which `seconds` goes on; empty if unknown."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def chance(size: int) -> bytes:
    """Return so many bytes that nobody can foresee."""
    return os.urandom(size)
