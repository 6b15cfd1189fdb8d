# SPDX-License-Identifier: AGPL-3.0-or-later
"""The addresses that a steward has given a running node, kept in its home: it dials them at each start as well."""

import os
from pathlib import Path

_FILE = "dialled"
DIALLED_MAX = 256
"""Addresses that are kept; who needs more writes them into the settings."""


def read_dialled(home: Path) -> tuple[str, ...]:
    """Return the addresses in the order in which they were given; nothing where none is kept."""
    try:
        return tuple((home / _FILE).read_text().split())
    except FileNotFoundError:
        return ()


def keep_dialled(home: Path, address: str) -> None:
    """Keep an address durably, once; raises ValueError where there are too many, OSError."""
    kept = read_dialled(home)
    if address in kept:
        return
    if len(kept) >= DIALLED_MAX:
        raise ValueError(f"at most {DIALLED_MAX} addresses are kept")
    partial = home / f"{_FILE}.partial"
    with os.fdopen(os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write("".join(f"{one}\n" for one in (*kept, address)))
        file.flush()
        os.fsync(file.fileno())
    partial.rename(home / _FILE)
