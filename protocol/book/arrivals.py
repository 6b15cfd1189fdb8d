# SPDX-License-Identifier: AGPL-3.0-or-later
"""Things in the order in which they came into the ledger, a page of them at a time."""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Protocol, TypeVar


class HasArrival(Protocol):
    """What has its place in the ledger lane."""

    @property
    def arrival(self) -> int:
        """The place in the lane."""
        ...


A = TypeVar("A", bound=HasArrival)


def since(items: Sequence[A], after: int) -> Iterator[tuple[int, A]]:
    """Return (cursor, item) for what lies after a cursor (0: for all), of items in the order of arrival."""
    first = bisect_left(items, after, key=lambda item: item.arrival)
    return ((items[at].arrival + 1, items[at]) for at in range(first, len(items)))
