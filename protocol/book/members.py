# SPDX-License-Identifier: AGPL-3.0-or-later
"""Members as a book knows them: how far they have come, their devices' keys, and mandates between them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from protocol.book.lifecycle import Lifecycle
from protocol.book.refusals import MEMBER_NOT_ACTIVE, Refused, refuse
from protocol.lanes.entry import Millis


class MemberState(StrEnum):
    """How far a member has come."""

    PENDING = "pending"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    LEFT = "left"


MEMBER_LIFE = Lifecycle(
    "members",
    MemberState,
    {
        (None, "members/joined"): MemberState.PENDING,
        (None, "members/imported"): MemberState.ACTIVE,
        (MemberState.PENDING, "members/approved"): MemberState.ACTIVE,
        (MemberState.ACTIVE, "members/approved"): MemberState.ACTIVE,
        (MemberState.PENDING, "members/limits-set"): MemberState.PENDING,
        (MemberState.ACTIVE, "members/limits-set"): MemberState.ACTIVE,
        (MemberState.SUSPENDED, "members/limits-set"): MemberState.SUSPENDED,
        (MemberState.ACTIVE, "members/suspended"): MemberState.SUSPENDED,
        (MemberState.SUSPENDED, "members/resumed"): MemberState.ACTIVE,
        (MemberState.PENDING, "members/left"): MemberState.LEFT,
        (MemberState.ACTIVE, "members/left"): MemberState.LEFT,
        (MemberState.SUSPENDED, "members/left"): MemberState.LEFT,
        (MemberState.LEFT, "members/returned"): MemberState.PENDING,
    },
)


class Auth(StrEnum):
    """Who orders a member's payments: the member by key, or the network on the member's word."""

    SELF = "self"
    CUSTODIAL = "custodial"


@dataclass(slots=True)
class DeviceKey:
    """A key of a member: the newest order it signed, and what it has paid of its cap (minor units).

    `arrival` is the place in the ledger lane of the entry that gave it. A revoked key is kept, so that
    nobody can register it again and old receipts can be checked; `heir` is the key in its place, if there is one.
    """

    cap_minor: int | None
    arrival: int
    order_seq: int = -1
    spent_minor: int = 0
    revoked: bool = False
    heir: "DeviceKey | None" = None

    @property
    def newest(self) -> "DeviceKey":
        """The key that is in its place now: itself, or its last heir."""
        found = self
        while found.heir is not None:
            found = found.heir
        return found

    def spend(self, amount_minor: int) -> None:
        """Note what it has paid of its cap, or got back where that is below 0; its heir goes on from there."""
        self.newest.spent_minor += amount_minor


@dataclass(slots=True)
class Member:
    """A member as the ledger lane knows it: no personal data but the handle it chose."""

    id: str
    handle: str
    auth: Auth
    state: MemberState
    arrival: int
    at_ms: Millis
    name: bytes | None
    keys: dict[bytes, DeviceKey] = field(default_factory=dict[bytes, DeviceKey])
    given: list[bytes] = field(default_factory=list[bytes])
    """The mandates that it gave."""
    held: list[bytes] = field(default_factory=list[bytes])
    """The mandates that it was given."""
    earlier: tuple[tuple[int, str], ...] = ()
    """Handles that it had: each with the place in the ledger lane of the entry that ended it, oldest first."""

    def handle_at(self, seq: int) -> str:
        """Return the handle that it had when the ledger entry at a place was written."""
        return next((handle for ended, handle in self.earlier if seq < ended), self.handle)

    def has_ended(self, rests_on: Sequence[int]) -> bool:
        """Tell whether a key on which something rests is revoked, or was replaced by one that is.

        Keys that one entry gave, as they came from other books, end together what rests on one of them.
        """
        return any(key.arrival in rests_on and key.newest.revoked for key in self.keys.values())

    def inactive(self) -> Refused | None:
        """Return MEMBER_NOT_ACTIVE unless the member is active."""
        if self.state is MemberState.ACTIVE:
            return None
        return refuse(MEMBER_NOT_ACTIVE, member=self.handle, state=self.state.value)


@dataclass(slots=True)
class Mandated:
    """What a helper may pay from another's account, and what it has paid of that (minor units)."""

    id: bytes
    account: str
    helper: str
    cap_minor: int
    not_after_ms: Millis
    rests_on: tuple[int, ...]
    spent_minor: int = 0
    revoked: bool = False
