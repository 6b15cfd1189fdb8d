# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a book knows of consents: what each allows yet, and until when."""

from dataclasses import dataclass, field
from enum import StrEnum

from protocol.book.lifecycle import HOUR, Lifecycle
from protocol.lanes.entry import Millis
from protocol.practices.money.obligations.entries import Consented, ConsentRevoked


class ConsentState(StrEnum):
    """Whether a consent counts; one past its date counts as expired, without an entry."""

    IN_FORCE = "in_force"
    REPLACED = "replaced"
    REVOKED = "revoked"
    EXPIRED = "expired"


CONSENT_LIFE = Lifecycle(
    "set-off-consents",
    ConsentState,
    {
        (None, Consented.KIND): ConsentState.IN_FORCE,
        # A newer one of the same account takes its place.
        (ConsentState.IN_FORCE, Consented.KIND): ConsentState.REPLACED,
        (ConsentState.IN_FORCE, ConsentRevoked.KIND): ConsentState.REVOKED,
        (ConsentState.IN_FORCE, HOUR): ConsentState.EXPIRED,
    },
)


@dataclass(slots=True)
class Agreed:
    """What an account's member has consented to, and how far its balance has fallen by it (minor units)."""

    id: bytes
    account: str
    requests: frozenset[bytes]
    draw_max_minor: int
    not_after_ms: Millis
    arrival: int
    at_ms: Millis
    drawn_minor: int = 0
    state: ConsentState = ConsentState.IN_FORCE

    @property
    def room_minor(self) -> int:
        """How far the balance may still fall by it."""
        return self.draw_max_minor - self.drawn_minor

    def state_at(self, now: Millis) -> ConsentState:
        """Return its state at an hour: one in force expires by itself."""
        over = now > self.not_after_ms and CONSENT_LIFE.allows(self.state, HOUR)
        return CONSENT_LIFE.after(self.state, HOUR) if over else self.state


@dataclass(slots=True)
class Consents:
    """All consents by id, in the order of arrival, and the newest one of each account."""

    by_id: dict[bytes, Agreed] = field(default_factory=dict[bytes, Agreed])
    newest: dict[str, Agreed] = field(default_factory=dict[str, Agreed])

    def in_force(self, account: str, at_ms: Millis) -> Agreed | None:
        """Return what the member of an account has consented to at an hour."""
        agreed = self.newest.get(account)
        return agreed if agreed is not None and agreed.state_at(at_ms) is ConsentState.IN_FORCE else None
