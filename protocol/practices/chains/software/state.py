# SPDX-License-Identifier: AGPL-3.0-or-later
"""Software as the book keeps it: who uses which, and who has migrated."""

from dataclasses import dataclass, field

from protocol.book.book import Book
from protocol.book.lifecycle import Lifecycle
from protocol.book.refusals import NOT_FOUND, Refused, refuse
from protocol.book.signed import parse_uuid
from protocol.practices.chains.software.entries import (
    SoftwareMigrated,
    SoftwareState,
    SoftwareSupported,
    SoftwareUsed,
)
from protocol.practices.chains.state import inputs_of

SOFTWARE_USES_MAX = 4_000
"""Software that the enterprises of a network use, each counted for itself."""
_S = SoftwareState
SOFTWARE_LIFE = Lifecycle(
    "software-uses",
    SoftwareState,
    {
        (None, SoftwareUsed.KIND): _S.OUTSIDE,
        (_S.OUTSIDE, SoftwareMigrated.KIND): _S.MIGRATED,
        (_S.MIGRATED, SoftwareSupported.KIND): _S.MIGRATED,
    },
)


@dataclass(slots=True)
class SoftwareHeld:
    """That an enterprise uses a software, what took its place, and hours of support by month, in hundredths."""

    said: SoftwareUsed
    arrival: int
    state: SoftwareState
    migrated: SoftwareMigrated | None = None
    hours: dict[int, int] = field(default_factory=dict[int, int])


@dataclass(slots=True)
class SoftwareUses:
    """All uses by id, in the order in which they were told."""

    by_id: dict[bytes, SoftwareHeld] = field(default_factory=dict[bytes, SoftwareHeld])

    def naming(self, enterprise: bytes) -> int:
        """Return how many uses name an enterprise."""
        return sum(
            enterprise in (one.said.enterprise, one.migrated and one.migrated.supporter) for one in self.by_id.values()
        )


def use_of(book: Book, name: str) -> SoftwareHeld | Refused:
    """Return a use by its id."""
    found = book.of(SoftwareUses).by_id.get(parse_uuid(name) or b"")
    return refuse(NOT_FOUND) if found is None else found


def of_nobody(book: Book) -> str | None:
    """Return which use names an enterprise that there is not: what is never so."""
    enterprises = inputs_of(book).enterprises
    for id, one in book.of(SoftwareUses).by_id.items():
        supporter = None if one.migrated is None else one.migrated.supporter
        if one.said.enterprise not in enterprises or (supporter is not None and supporter not in enterprises):
            return f"software {id.hex()} is used or supported by nobody"
    return None
