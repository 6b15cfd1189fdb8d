# SPDX-License-Identifier: AGPL-3.0-or-later
"""The machine: how fast it is at what our figures are compared with, and what a process takes of it."""

import os
import platform
import sqlite3
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from nacl.bindings import crypto_sign, crypto_sign_open, crypto_sign_seed_keypair

VERIFY_SECONDS = 0.5
MESSAGE_BYTES = 300
"""About as long as a signed order."""

Row = tuple[bytes, bytes, bytes, bytes, bytes]


def described() -> str:
    """Return what the figures depend on, in one line."""
    return (
        f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}; "
        f"{platform.python_implementation()} {platform.python_version()}, SQLite {sqlite3.sqlite_version}"
    )


def verifications_per_second() -> float:
    """Return how many Ed25519 signatures PyNaCl verifies in a second, one after the other, and nothing else."""
    public, secret = crypto_sign_seed_keypair(os.urandom(32))
    signed = [crypto_sign(os.urandom(MESSAGE_BYTES), secret) for _ in range(64)]
    done = 0
    began = time.perf_counter()
    while (elapsed := time.perf_counter() - began) < VERIFY_SECONDS:
        for one in signed:
            crypto_sign_open(one, public)
        done += len(signed)
    return done / elapsed


def additions_seconds() -> float:
    """Return what ten million additions in a loop take: seconds of different machines compare by it."""
    began, total = time.perf_counter(), 0
    for number in range(10_000_000):
        total += number
    return time.perf_counter() - began


def inserts_per_second(rows: Sequence[Row], folder: Path) -> float:
    """Return how many of these rows SQLite takes in a second: one table, one transaction, on this disk."""
    with TemporaryDirectory(dir=folder) as there, closing(sqlite3.connect(Path(there) / "bare.db")) as database:
        database.isolation_level = None
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute(
            "CREATE TABLE entries"
            " (arrival INTEGER PRIMARY KEY, id BLOB, header BLOB, salt BLOB, body BLOB, signature BLOB)"
        )
        insert = "INSERT INTO entries (id, header, salt, body, signature) VALUES (?, ?, ?, ?, ?)"
        began = time.perf_counter()
        database.execute("BEGIN")
        database.executemany(insert, rows)
        database.execute("COMMIT")
        return len(rows) / (time.perf_counter() - began)


def resident_mb(pid: int) -> float:
    """Return the memory that a process holds (VmRSS), in MB of 10^6 bytes."""
    status = Path(f"/proc/{pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024 / 1e6


def alternating(rounds: int, *measures: Callable[[], float]) -> list[list[float]]:
    """Measure each in turn, so many times over; returns the values of each."""
    values: list[list[float]] = [[] for _ in measures]
    for _ in range(rounds):
        for measure, found in zip(measures, values, strict=True):
            found.append(measure())
    return values
