# SPDX-License-Identifier: AGPL-3.0-or-later
"""Boards: what lives a while, said by one writer, replaceable, withdrawn at will, and ended by its hour.

Of an item the highest version counts. Where a writer has said two things under one version (after a restore from an
old copy, or since it lies) a withdrawal goes before a body, and then the greater mark: all who know both take the
same, so a board has no forks and nobody is convicted. What is withdrawn keeps no body, and bears its item's last hour,
so that no older version can come after it.

A writer never lets a later version end before an earlier one. Then it does not show who has let go of what when; of one
that does, others may hold the earlier one until its own hour, and then nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Self


@dataclass(frozen=True, slots=True)
class ItemVersion:
    """One version of an item: until which hour it stands (ms), and what it says, None once it is withdrawn.

    `mark` is the digest of all that is said, 32 bytes: two of one mark are the same.
    """

    number: int
    not_after: int
    body: bytes | None
    mark: bytes

    @property
    def rank(self) -> tuple[int, bool, bytes]:
        """What goes before what: the greatest counts."""
        return self.number, self.body is None, self.mark


@dataclass(frozen=True, slots=True)
class ItemBoard:
    """The items of one writer by their ids; the map never changes."""

    items: Mapping[bytes, ItemVersion] = field(default_factory=dict[bytes, ItemVersion])

    def say(self, item: bytes, version: ItemVersion) -> Self:
        """Return the board on which an item has this version too."""
        return self.merge(type(self)({item: version}))

    def merge(self, other: Self) -> Self:
        """Return the board that knows what both know."""
        items = dict(self.items)
        for item, version in other.items.items():
            known = items.get(item)
            if known is None or version.rank > known.rank:
                items[item] = version
        return type(self)(items)

    def at(self, now: int) -> Self:
        """Return what is left of it at an hour (ms): an item stands until its last hour is over."""
        return type(self)({item: one for item, one in self.items.items() if one.not_after > now})

    def standing(self) -> Iterator[tuple[bytes, bytes]]:
        """Yield the items that are not withdrawn, each with its body."""
        for item, version in self.items.items():
            if version.body is not None:
                yield item, version.body
