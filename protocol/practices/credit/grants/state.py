# SPDX-License-Identifier: AGPL-3.0-or-later
"""Grants as the book keeps them: how far each has come, who vouches, and who has asked for one in each currency."""

from dataclasses import dataclass, field
from enum import StrEnum

from protocol.book.declaration import Parameter, SystemAccount, Table
from protocol.book.lifecycle import Lifecycle
from protocol.book.parameters import Number
from protocol.book.tables import Name
from protocol.lanes.entry import Millis
from protocol.practices.credit.circulation import GATE
from protocol.practices.credit.grants.entries import GrantIssued, GrantRequested, GrantSponsored, GrantWithdrawn

SPONSORS_MAX = 10
ISSUE = SystemAccount("grants", "what the group has granted: below zero, as much as came into circulation by it")
SPONSORS = Parameter(
    "grants.sponsors",
    Number(1, SPONSORS_MAX, "members"),
    2,
    "how many members have to vouch for whoever asks for a grant",
    changed_by=GATE,
)


class GrantState(StrEnum):
    """How far a grant has come."""

    REQUESTED = "requested"
    ISSUED = "issued"
    WITHDRAWN = "withdrawn"


GRANT_LIFE = Lifecycle(
    "grants",
    GrantState,
    {
        (None, GrantRequested.KIND): GrantState.REQUESTED,
        (GrantState.REQUESTED, GrantSponsored.KIND): GrantState.REQUESTED,
        (GrantState.REQUESTED, GrantIssued.KIND): GrantState.ISSUED,
        (GrantState.REQUESTED, GrantWithdrawn.KIND): GrantState.WITHDRAWN,
    },
)


@dataclass(slots=True)
class MemberGrant:
    """What a member asks to begin with, in minor units, and who vouches for it."""

    id: bytes
    member: str
    currency: str
    amount_minor: int
    offer: bytes
    at_ms: Millis
    state: GrantState
    sponsors: tuple[str, ...] = ()
    issued_at_ms: Millis | None = None


GRANTS = Table(
    "grants",
    MemberGrant,
    by={"member": lambda grant: (grant.member,)},
    search=lambda grant: (Name("members", grant.member),),
    closed=lambda grant: grant.state is not GrantState.REQUESTED,
)


@dataclass(slots=True)
class MemberGrants:
    """Which members have a grant, or ask for one, and how much was issued in all (minor units), by currency."""

    members: dict[str, set[str]] = field(default_factory=dict[str, set[str]])
    issued: dict[str, int] = field(default_factory=dict[str, int])
