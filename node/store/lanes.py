# SPDX-License-Identifier: AGPL-3.0-or-later
"""Lanes as they are stored: read whole at a start, a page at a time for peers, at a place for proofs."""

# ruff: noqa: S608 - what is put together into queries are the constants below, never a value

from collections.abc import AsyncIterator, Iterable, Iterator
from dataclasses import dataclass

from node.loop.batch import DECLINED_KEY, FAULT, UNREAD
from node.store.connections import ENTRIES_PER_READ, Connections, StorageUnusable
from protocol.lanes.entry import IDENTITY, LEDGER, Entry, EntryFault, parse
from protocol.wire.codec import CodecFault

LANE_NUMBER = "(SELECT number FROM lanes WHERE network = ? AND name = ?)"
PAGE = (
    "SELECT group_concat(seq || ' ' || epoch || ' ' || arrival || ' ' || length(wire)),"
    " CAST(group_concat(CAST(wire AS TEXT), '') AS BLOB) FROM entries WHERE arrival IN (SELECT arrival FROM ("
    "SELECT arrival, size, sum(size) OVER (ORDER BY seq, epoch, arrival) AS until FROM ("
    f"SELECT seq, epoch, arrival, length(wire) AS size FROM entries WHERE lane = {LANE_NUMBER}"
    " AND seq BETWEEN ? AND ? AND (seq, epoch, arrival) > (?, ?, ?)"
    f" ORDER BY seq, epoch, arrival LIMIT {ENTRIES_PER_READ})) WHERE until <= ? OR until = size)"
)
"""Of a page's candidates the sizes alone are read: SQLite knows them without the bytes."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How far a network's own entries go: its epoch, its newest ledger entry (seq -1: none), their count."""

    epoch: int
    seq: int
    head: bytes
    count: int

    def with_entries(self, network: bytes, entries: Iterable[Entry]) -> "Reach":
        """Return how far they go with those of these entries that are the network's; the same where none is."""
        reach = self
        for entry in entries:
            if entry.network == network:
                seq, head = (entry.header.seq, entry.id) if entry.header.lane == LEDGER else (reach.seq, reach.head)
                reach = Reach(max(reach.epoch, entry.header.epoch), seq, head, reach.count + 1)
        return reach


class StoredLanes(Connections):
    """The entries that are kept."""

    def entries(self) -> Iterator[Entry]:
        """Yield all entries in arrival order, their hashes checked; in a thread, not on the event loop.

        Raises StorageUnusable at the first damaged one.
        """
        for row in self._rows("SELECT arrival, id, wire FROM entries ORDER BY arrival"):
            yield stored_entry(*row)

    async def holds(self, network: bytes, lane: str, seq: int, entry_id: bytes) -> bool:
        """Tell whether a lane has this entry at this seq."""
        query = f"SELECT 1 FROM entries WHERE lane = {LANE_NUMBER} AND seq = ? AND id = ?"
        return bool(await self._read(query, network, lane, seq, entry_id))

    async def lane_pages(
        self, network: bytes, lane: str, first: int, last: int, *, bytes_max: int
    ) -> AsyncIterator[tuple[bytes, ...]]:
        """Yield the wire forms of a lane's entries from first to last seq in order, so many bytes at a time.

        A page has at most ENTRIES_PER_READ entries, and at least one.
        """
        after = (-1, -1, -1)
        while True:
            # One row for the page: each step of a statement waits for the interpreter, and for as many
            # milliseconds as there are rows while the event loop is busy.
            [(places, wires)] = await self._read(PAGE, network, lane, max(first, after[0]), last, *after, bytes_max)
            if places is None:
                return
            page: list[tuple[tuple[int, int, int], bytes]] = []
            start = 0
            for place in places.split(","):
                seq, epoch, arrival, size = map(int, place.split())
                page.append(((seq, epoch, arrival), wires[start : start + size]))
                start += size
            page.sort()  # SQLite promises no order of what it joins
            after = page[-1][0]
            yield tuple(wire for _, wire in page)

    async def identity_lane(self, network: bytes) -> tuple[bytes, ...]:
        """Return the wire forms of a network's whole identity lane, in order."""
        rows = await self._read(
            f"SELECT wire FROM entries WHERE lane = {LANE_NUMBER} ORDER BY epoch, seq, arrival", network, IDENTITY
        )
        return tuple(wire for (wire,) in rows)

    async def lane_at(self, network: bytes, lane: str, seqs: Iterable[int]) -> tuple[bytes, ...]:
        """Return the wire forms of a lane's entries at these seqs, in this order.

        Of two at one seq, that of the newest epoch; those that are not held are left out.
        """
        found: list[bytes] = []
        for seq in seqs:
            rows = await self._read(
                f"SELECT wire FROM entries WHERE lane = {LANE_NUMBER} AND seq = ?"
                " ORDER BY epoch DESC, arrival LIMIT 1",
                network, lane, seq,
            )  # fmt: skip
            found += (wire for (wire,) in rows)
        return tuple(found)

    async def all_at(self, network: bytes, places: Iterable[tuple[str, int]]) -> tuple[bytes, ...]:
        """Return the wire forms of all entries at these places of a network's lanes: two where it has forked."""
        found: list[bytes] = []
        for lane, seq in places:
            query = f"SELECT wire FROM entries WHERE lane = {LANE_NUMBER} AND seq = ? ORDER BY arrival LIMIT 2"
            found += (wire for (wire,) in await self._read(query, network, lane, seq))
        return tuple(found)

    def unread_from(self) -> int | None:
        """Return from which seq of the ledger entries are stored that were not folded when they came."""
        rows = list(self._rows(f"SELECT value FROM meta WHERE key = '{UNREAD}'"))
        return rows[0][0] if rows else None

    def faults(self) -> Iterator[bytes]:
        """Yield the faults that were kept; in a thread, not on the event loop."""
        rows = self._rows(f"SELECT value FROM meta WHERE key >= '{FAULT}' AND key < '{FAULT}g' ORDER BY key")
        return (data for (data,) in rows)

    def declined(self) -> Iterator[bytes]:
        """Yield the ids of offers that were declined; in a thread, not on the event loop."""
        rows = self._rows(f"SELECT value FROM meta WHERE key >= '{DECLINED_KEY}' AND key < '{DECLINED_KEY}g'")
        return (id for (id,) in rows)

    async def reach(self, network: bytes) -> Reach | None:
        """Return how far this network's own entries go, or None where there is not one."""
        [(count, epoch)] = await self._read(
            "SELECT count(*), max(epoch) FROM entries JOIN lanes ON number = lane WHERE network = ?", network
        )
        heads = await self._read(
            f"SELECT seq, id FROM entries WHERE lane = {LANE_NUMBER} ORDER BY epoch DESC, seq DESC LIMIT 1",
            network,
            LEDGER,
        )
        seq, head = heads[0] if heads else (-1, bytes(32))
        return Reach(epoch, seq, head, count) if count else None


def stored_entry(arrival: int, entry_id: bytes, wire: bytes) -> Entry:
    """Return a stored entry; raises StorageUnusable where a bit of it has changed since it was stored."""
    try:
        entry = parse(wire)
    except (CodecFault, EntryFault):
        entry = None
    if entry is None or entry.id != entry_id:
        raise StorageUnusable(f"entry {arrival} of the database is damaged: restore a backup")
    return entry
