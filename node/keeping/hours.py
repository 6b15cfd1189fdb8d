# SPDX-License-Identifier: AGPL-3.0-or-later
"""The last hour that a home has believed its clock, kept in a file: what shows at a start that the clock has leapt."""

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from node.store.storage import Storage
from protocol.book.clock import Clock
from protocol.book.timezones import DAY_MS
from protocol.lanes.entry import LEDGER, EntryFault, Millis, decode_body, parse
from protocol.practices import PRACTICES

CLOCK = "clock"
"""The name of the file in a home."""
AWAY_MS_MAX = 3 * DAY_MS
"""How long a home may have been stopped before somebody has to look at its clock."""
QUIET_MS_MAX = 31 * DAY_MS
"""The same since its newest ledger entry, where nothing else is known."""
KEPT_EVERY_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Hour:
    """What a believed clock said, and what one said then that nobody sets, since the machine was started."""

    now_ms: Millis
    steady_ms: int
    boot: str


def read_hour(home: Path) -> Hour | None:
    """Return the last hour that was kept, None where there is none that can be read."""
    try:
        told = json.loads((home / CLOCK).read_text())
        hour = Hour(told["now_ms"], told["steady_ms"], told["boot"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    numbers = type(hour.now_ms) is int and type(hour.steady_ms) is int
    return hour if numbers and isinstance(hour.boot, str) else None


def keep_hour(home: Path, clock: Clock, boot: str) -> None:
    """Keep the hour that a clock has believed last; a torn write leaves the one before."""
    if clock.now_ms is None or clock.steady_ms is None:
        return
    fresh = home / f"{CLOCK}.new"
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(asdict(Hour(clock.now_ms, clock.steady_ms, boot)), file)
    fresh.replace(home / CLOCK)


def ahead_of(hour: Hour | None, newest_ms: Millis | None, now: Millis, steady_ms: int, boot: str) -> Millis:
    """Return how far a clock is ahead of what is explained, in milliseconds, by the hour kept or the newest entry.

    Within one run of the machine the time that has passed is known. Otherwise a home may have been stopped a while;
    and a clock that is behind what it said before is expected to be set right.
    """
    if hour is not None and boot and hour.boot == boot and steady_ms >= hour.steady_ms:
        return (now - hour.now_ms) - (steady_ms - hour.steady_ms)
    since, most = (newest_ms, QUIET_MS_MAX) if hour is None else (hour.now_ms, AWAY_MS_MAX)
    gap = 0 if since is None else now - since
    return 0 if 0 <= gap <= most else gap


async def newest_ms(storage: Storage, network: bytes) -> Millis | None:
    """Return the date of a network's newest ledger entry that is stored, None where it has none that can be read."""
    reach = await storage.reach(network)
    if reach is None or reach.seq < 0:
        return None
    kinds = {kind.KIND: kind for practice in PRACTICES for kind in practice.entries}
    try:
        async for wires in storage.lane_pages(network, LEDGER, reach.seq, reach.seq, bytes_max=1):
            return decode_body(parse(wires[0]).body_bytes, kinds)[1]
    except EntryFault:
        pass
    return None
