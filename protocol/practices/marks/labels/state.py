# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the ledger has said of labels: schemes, labels issued here, whom the group trusts, what was bought."""

from dataclasses import dataclass, field
from enum import StrEnum

from protocol.book.book import Book
from protocol.book.lifecycle import Lifecycle
from protocol.lanes.entry import Millis
from protocol.practices.marks.labels.entries import (
    LABELS_A_LIST,
    LabelIssued,
    LabelName,
    LabelRevoked,
    LabelSaid,
    SchemeDeclared,
)
from protocol.practices.marks.labels.verdict import LabelStatus

PURCHASE_DAYS_MAX = 400
"""So long it is remembered what was bought under which labels."""


class LabelState(StrEnum):
    """Whether the issuer stands by a label; that it has expired follows from its hour."""

    STANDING = "standing"
    REVOKED = "revoked"


LABEL_LIFE = Lifecycle(
    "labels",
    LabelState,
    {
        (None, LabelIssued.KIND): LabelState.STANDING,
        (LabelState.STANDING, LabelRevoked.KIND): LabelState.REVOKED,
    },
)


@dataclass(slots=True)
class Scheme:
    """A scheme of this network, and when it was declared."""

    arrival: int
    at_ms: Millis
    body: SchemeDeclared

    def key_of(self, member: str) -> bytes | None:
        """Return the key by which a member may issue labels; None where it may not."""
        return next((one.key for one in self.body.issuers if one.member == member), None)


@dataclass(slots=True)
class LabelKept:
    """A label that was issued here."""

    arrival: int
    issuer: str
    holder: str | None
    said: LabelSaid
    signature: bytes
    state: LabelState
    revoked_ms: Millis | None = None


@dataclass(slots=True)
class Trust:
    """Since when the group trusts a key, and until when (None: until it says otherwise)."""

    arrival: int
    decided_ms: Millis
    since_ms: Millis
    until_ms: Millis | None

    def holds(self, at_ms: Millis) -> bool:
        """Tell whether it is trusted at an hour."""
        return self.since_ms <= at_ms and (self.until_ms is None or at_ms < self.until_ms)


@dataclass(slots=True)
class LabelledPurchase:
    """An order of a member of ours under labels; `flagged` are those that had been revoked by then.

    `revoked_ms` and `learned_ms` are since when the first of these was, and when it became known here.
    """

    order: bytes
    arrival: int
    at_ms: Millis
    buyer: str
    labels: tuple[LabelName, ...]
    flagged: tuple[LabelName, ...] = ()
    revoked_ms: Millis | None = None
    learned_ms: Millis | None = None


@dataclass(slots=True)
class Labels:
    """All that the ledger has said of labels."""

    schemes: dict[bytes, Scheme] = field(default_factory=dict[bytes, Scheme])
    issued: dict[bytes, LabelKept] = field(default_factory=dict[bytes, LabelKept])
    numbers: dict[bytes, int] = field(default_factory=dict[bytes, int])
    """How many labels each key has issued."""
    trusted: dict[bytes, list[Trust]] = field(default_factory=dict[bytes, list[Trust]])
    purchases: dict[bytes, LabelledPurchase] = field(default_factory=dict[bytes, LabelledPurchase])
    """By order, the earliest first."""
    learned: dict[tuple[bytes, bytes], Millis] = field(default_factory=dict[tuple[bytes, bytes], int])
    """Since when labels under which somebody has bought are known to be revoked, by network and label."""

    def bought_under(self, network: bytes, label: bytes) -> list[LabelledPurchase]:
        """Return what was bought under a label."""
        name = LabelName(network, label)
        return [one for one in self.purchases.values() if name in one.labels]

    def revoked_numbers(self, key: bytes, number: int) -> list[int]:
        """Return the indices in a status list of a key at which a label is revoked."""
        return [
            one.said.number % LABELS_A_LIST
            for one in self.issued.values()
            if one.revoked_ms is not None and one.said.key == key and one.said.number // LABELS_A_LIST == number
        ]


def trust_at(book: Book, key: bytes, at_ms: Millis) -> Trust | None:
    """Return by which decision the group trusts a key at an hour."""
    return next((one for one in book.of(Labels).trusted.get(key, ()) if one.holds(at_ms)), None)


def own_status(kept: LabelKept, now: Millis) -> LabelStatus:
    """Return what this network knows of a label of its own: that is always as of now."""
    return LabelStatus(kept.revoked_ms is not None, kept.revoked_ms, now)
