# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a book knows of clearing: the settings, the rounds, and the circles that are under way."""

from dataclasses import dataclass, field
from enum import StrEnum

from protocol.book.accounts import exchange_account, holds_account
from protocol.book.promised import BalanceMove
from protocol.lanes.entry import Millis
from protocol.practices.between.clearing.circles import Circle
from protocol.practices.between.clearing.entries import CircleLeft, ClearingSet
from protocol.practices.between.links.entries import link_account

ROUND_LIFE_MS = 10 * 60_000
"""How old a round may be, or how far ahead by another's clock, to be joined."""


class CircleState(StrEnum):
    """What has come of a circle, as far as we know."""

    UNDER_WAY = "under_way"
    CLEARED = "cleared"
    FAILED = "failed"


@dataclass(slots=True)
class Initiated:
    """A circle of our own: its legs, our hold, and what has come of it."""

    circle: Circle
    nonce: bytes
    worth: int
    cost: int
    currency: str
    turned: bytes | None = None
    """The hold that came round."""
    is_open: bool = True
    """Whether our own hold is neither claimed nor waived."""
    reason: str | None = None

    @property
    def id(self) -> bytes:
        return self.circle.id

    @property
    def hold(self) -> bytes:
        """The id of our hold."""
        return self.circle.id[:16]

    @property
    def link_out(self) -> bytes:
        """The link to who owes us."""
        return self.circle.legs[-1].link

    @property
    def moves(self) -> tuple[BalanceMove, ...]:
        """What may still move by it, our minor units; what has come round may wait, and go to exchange in the end."""
        code, begins, ends = self.currency, self.turned is None and self.reason is None, self.is_open
        mirror_in, mirror_out = (link_account(leg.link, code) for leg in (self.circle.legs[0], self.circle.legs[-1]))
        exchange = exchange_account(code)
        return (
            *(((mirror_in, -self.worth),) if begins else ()),
            *(((holds_account(code), self.worth),) if begins and ends else ()),
            *(((mirror_out, self.cost), (exchange, -self.cost)) if ends else ()),
            *(((exchange, self.worth),) if begins or ends else ()),
        )

    @property
    def state(self) -> CircleState:
        """What has come of it."""
        if self.reason is not None:
            return CircleState.FAILED
        return CircleState.UNDER_WAY if self.is_open else CircleState.CLEARED


@dataclass(slots=True)
class Round:
    """A round that we took part in: how our links stood before it, and the circles that we left alone."""

    round: int
    arrival: int
    debts: dict[bytes, int]
    is_ours: bool
    """Whether we have opened it, rather than been called into it."""
    left: list[CircleLeft] = field(default_factory=list[CircleLeft])


@dataclass(slots=True)
class Clearing:
    """How we clear, our rounds, and the circles that we have initiated."""

    settings: ClearingSet | None = None
    rounds: dict[int, Round] = field(default_factory=dict[int, Round])
    initiated: dict[bytes, Initiated] = field(default_factory=dict[bytes, Initiated])
    by_hold: dict[tuple[bytes, bytes], Initiated] = field(default_factory=dict[tuple[bytes, bytes], Initiated])
    """Those whose own hold is open, by link and hold."""
    opened: dict[int, Millis] = field(default_factory=dict[int, Millis])
    """The rounds that we have opened or been called into, in the order of the ledger, and when we have written so."""

    @property
    def entered_at_ms(self) -> Millis:
        """When we have entered the last round, by our clock, whatever number it has; 0 where there is none."""
        return next(reversed(self.opened.values()), 0)

    def newest(self, now: Millis) -> int:
        """Return the round that we have entered last, 0 where there is none.

        One that is further ahead of our clock than rounds may be does not count: the clock was wrong then.
        """
        last = next(reversed(self.opened), 0)
        return last if last <= now + ROUND_LIFE_MS else 0
