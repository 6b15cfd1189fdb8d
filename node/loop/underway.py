# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is on its way to the disk, and out of it: whoever reads finds it as if it were there already."""

from collections.abc import Iterable, Mapping, Set
from typing import Any

from node.loop.batch import Batch
from node.store.rows import Packed, opened, packed
from node.store.storage import Storage
from protocol.book.private import PrivateItem
from protocol.book.tables import Fetched, Kept, Name, Rows
from protocol.events import Erase, RowsBrought


class Underway:
    """Items, rows and erasures of the batches that are not stored yet, over what is stored."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._items: dict[bytes, PrivateItem] = {}
        self._erasing: list[Erase] = []
        self._rows: dict[Name, Packed] = {}

    def keep(self, kept: Kept) -> Packed:
        """Take a row that goes to the disk; return it as it is stored."""
        row = self._rows[kept.name] = packed(kept)
        return row

    def store(self, item: PrivateItem) -> None:
        """Take an item that goes to the private store."""
        self._items[item.digest] = item

    def erase(self, erased: Erase) -> None:
        """Take an erasure: what it covers is not read any more."""
        self._erasing.append(erased)
        self._items = {digest: item for digest, item in self._items.items() if not erased.covers(item)}

    def stored(self, batch: Batch) -> None:
        """Let go what is on the disk now."""
        for item in batch.items:
            self._items.pop(item.digest, None)
        self._erasing = [one for one in self._erasing if one not in batch.erased]
        for row in batch.rows:
            if self._rows.get(row.kept.name) is row:
                del self._rows[row.kept.name]

    def clear(self) -> None:
        """Let go of everything: none of it was stored."""
        self._items.clear()
        self._erasing.clear()
        self._rows.clear()

    async def texts(self, wanted: Set[bytes]) -> Mapping[bytes, PrivateItem]:
        """Return those of these items that are stored, or are about to be, and are not about to be erased."""
        fresh = {digest: self._items[digest] for digest in wanted & self._items.keys()}
        missing = wanted - fresh.keys()
        found = {**await self._storage.private.items(missing), **fresh} if missing else fresh
        if not self._erasing:
            return found
        return {digest: item for digest, item in found.items() if not any(one.covers(item) for one in self._erasing)}

    async def brought(self, names: Iterable[Name], tables: Mapping[str, Rows[Any]]) -> tuple[RowsBrought, ...]:
        """Return the rows that a batch names, as they are stored or about to be; raises RowDamaged."""
        wanted = set(names)
        if not wanted:
            return ()
        fresh = [self._rows[name] for name in wanted if name in self._rows]
        rows = [Fetched(one.kept.name, one.kept.place, opened(one.stored, one.kept.table)) for one in fresh]
        rows += await self._storage.fetch(wanted.difference(one.name for one in rows), tables)
        return (RowsBrought(tuple(rows)),)
