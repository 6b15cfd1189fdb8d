# SPDX-License-Identifier: AGPL-3.0-or-later
"""A copy of a database, whole as of one moment, while the node goes on."""

import os
from pathlib import Path

import aiosqlite

from node.store.connections import or_failed, read_only


async def copy_of(database: Path, target: Path) -> None:
    """Write a copy of this moment; FileExistsError where one is there, StorageFailed where it does not fit."""
    partial = target.with_name(f"{target.name}.partial")
    with or_failed():
        try:
            _make_way(target, partial)
            async with aiosqlite.connect(read_only(database), uri=True, isolation_level=None) as connection:
                await connection.execute("VACUUM INTO ?", (str(partial),))
            _put_in_place(partial, target)
        finally:
            partial.unlink(missing_ok=True)


def _make_way(target: Path, partial: Path) -> None:
    if target.exists():
        raise FileExistsError(f"{target} is already there")
    partial.unlink(missing_ok=True)


def _put_in_place(partial: Path, target: Path) -> None:
    """Give a finished copy its name, durably."""
    for place in (partial, target.parent):
        descriptor = os.open(place, os.O_RDONLY)
        try:
            if place == target.parent:
                partial.rename(target)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
