# SPDX-License-Identifier: AGPL-3.0-or-later
"""What one side of a link says: its record, the holds in it, and in what it may be at fault."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256

INT64_MAX = 2**63 - 1
# With an answer to as many, and what else travels beside holds bounded as a whole, a record stays below 64 KiB.
HOLDS_STRUCTURAL_MAX = 128
HOLD_ID_BYTES_MAX = 32
CONDITION_BYTES = 32
# Were its length free, a payee could claim with one that a link further up cannot carry.
PREIMAGE_BYTES = 32
REASON_CHARS_MAX = 64


@dataclass(frozen=True, slots=True)
class Hold:
    """So many minor units of the link, promised to whoever shows the preimage of the condition (SHA-256)."""

    amount: int
    condition: bytes


@dataclass(frozen=True, slots=True)
class Ack:
    """The newest record of the partner that the writer had accepted: its position and digest."""

    epoch: int
    n: int
    digest: bytes


@dataclass(frozen=True, slots=True)
class Record:
    """All that one writer says on a link: totals since it began, in its minor units, and open items by id.

    PROTOCOL 2 calls the totals G (granted), Rl (returned), P (placed), K (claimed) and W (waived_sum).
    `claims` holds preimages and `waived` reasons, both for holds of the partner. No map is ever changed.
    """

    epoch: int = 0
    n: int = 0
    granted: int = 0
    returned: int = 0
    placed: int = 0
    claimed: int = 0
    waived_sum: int = 0
    holds: Mapping[bytes, Hold] = field(default_factory=dict[bytes, Hold])
    claims: Mapping[bytes, bytes] = field(default_factory=dict[bytes, bytes])
    waived: Mapping[bytes, str] = field(default_factory=dict[bytes, str])
    ack: Ack | None = None

    @property
    def position(self) -> tuple[int, int]:
        """Return where it stands among the records of its writer: the greater is the newer."""
        return self.epoch, self.n

    def settles(self, hold_id: bytes) -> bool:
        """Tell whether it still shows a claim or a waiver of this hold of the partner."""
        return hold_id in self.claims or hold_id in self.waived


GENESIS = Record()
"""What a writer has said before its first record; nobody sends it."""


class LinkFault(StrEnum):
    """What a record does that no honest writer does, the first that holds; nothing of it is taken."""

    MALFORMED = "MALFORMED"
    COUNTER_LOWERED = "COUNTER_LOWERED"
    ACK_UNKNOWN = "ACK_UNKNOWN"
    HOLD_LOST = "HOLD_LOST"
    HOLD_REUSED = "HOLD_REUSED"
    PLACED_SUM_WRONG = "PLACED_SUM_WRONG"
    SETTLEMENT_UNDONE = "SETTLEMENT_UNDONE"
    HOLD_UNKNOWN = "HOLD_UNKNOWN"
    PREIMAGE_WRONG = "PREIMAGE_WRONG"
    SETTLED_SUM_WRONG = "SETTLED_SUM_WRONG"
    LIMIT_BROKEN = "LIMIT_BROKEN"


def fits(preimage: bytes, hold: Hold) -> bool:
    return len(preimage) == PREIMAGE_BYTES and sha256(preimage).digest() == hold.condition


def well_formed_id(hold_id: bytes) -> bool:
    return 0 < len(hold_id) <= HOLD_ID_BYTES_MAX


def sum_of(holds: Mapping[bytes, Hold]) -> int:
    return sum(hold.amount for hold in holds.values())
