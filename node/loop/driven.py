# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the loop drives, as it sees it: a replica, and what keeps snapshots of it."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Protocol

from protocol.book.book import Book
from protocol.book.declaration import Operation
from protocol.book.tables import Name
from protocol.events import Effect, Input
from protocol.lanes.entry import Millis
from protocol.lanes.journal import Behind
from protocol.peers.ties import Tie
from protocol.peers.troubles import Trouble


class Snapshots(Protocol):
    """What keeps snapshots: node.store.loading.Loader."""

    @property
    def folded(self) -> int:
        """How many entries the last start has folded."""
        ...

    async def take(self, replica: Any) -> Callable[[], None] | None:
        """Return what writes a snapshot of this moment, in a thread; None where there is to be none."""
        ...

    async def taken(self) -> None:
        """Let go of what only older snapshots wanted."""
        ...


class DrivenReplica(Protocol):
    """What is driven: protocol.replica.Replica."""

    @property
    def operations(self) -> Mapping[str, Operation]:
        """What can be asked for, by name."""
        ...

    @property
    def book(self) -> Book:
        """What its lanes amount to."""
        ...

    @property
    def recovering(self) -> bool:
        """Whether nothing is signed since this may be an old copy."""
        ...

    @property
    def comparing(self) -> bool:
        """Whether nothing is signed yet, since it has just begun and compares with others first."""
        ...

    @property
    def troubles(self) -> Sequence[Trouble]:
        """What is wrong with it, as its steward is told."""
        ...

    @property
    def succeeded(self) -> bool:
        """Whether another node signs for this network now."""
        ...

    @property
    def behind(self) -> Behind | None:
        """Before which entry of the ledger the book stands, since this version does not know its kind."""
        ...

    def ties(self) -> Mapping[bytes, Tie]:
        """Return the nodes that are more than strangers, by libp2p key; the same object as long as nothing changed."""
        ...

    def handle(self, batch: Sequence[Input], now: Millis) -> list[Effect]:
        """Take inputs, return effects."""
        ...

    def names(self, batch: Iterable[Input]) -> frozenset[Name]:
        """Return the rows that inputs name and that only the store can have."""
        ...
