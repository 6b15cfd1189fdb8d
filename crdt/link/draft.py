# SPDX-License-Identifier: AGPL-3.0-or-later
"""Our next record in the making, and how much one side lets be open."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

from crdt.link.record import (
    CONDITION_BYTES,
    HOLDS_STRUCTURAL_MAX,
    INT64_MAX,
    REASON_CHARS_MAX,
    Hold,
    Record,
    fits,
    sum_of,
    well_formed_id,
)
from crdt.link.side import Side, ack_of

HOLDS_OPEN_MAX = 64
HOLDS_OPEN_PERCENT = 25


class LinkRefusal(StrEnum):
    """Why we do not write what was wished; the record in the making stays as it was."""

    AMOUNT_NOT_POSITIVE = "AMOUNT_NOT_POSITIVE"
    COUNTER_EXHAUSTED = "COUNTER_EXHAUSTED"
    HOLD_MALFORMED = "HOLD_MALFORMED"
    HOLD_DUPLICATE = "HOLD_DUPLICATE"
    HOLD_UNKNOWN = "HOLD_UNKNOWN"
    HOLD_SETTLED = "HOLD_SETTLED"
    PREIMAGE_WRONG = "PREIMAGE_WRONG"
    LINK_FROZEN = "LINK_FROZEN"
    LIMIT_EXCEEDED = "LIMIT_EXCEEDED"
    HOLD_CAP_EXCEEDED = "HOLD_CAP_EXCEEDED"
    TOO_MANY_HOLDS = "TOO_MANY_HOLDS"


@dataclass(frozen=True, slots=True)
class Caps:
    """How much one side may have open on a link: so many holds, and a share of what it could owe and is owed.

    Each side's own choice, so it guards what we place and what we waive, never what we accept.
    """

    holds: int = HOLDS_OPEN_MAX
    percent: int = HOLDS_OPEN_PERCENT

    def refuse(self, open_holds: Mapping[bytes, Hold], amount: int, reach: int) -> LinkRefusal | None:
        """Return why a hold of this amount beside those open ones would be too much, or None."""
        if len(open_holds) >= self.holds:
            return LinkRefusal.TOO_MANY_HOLDS
        if (sum_of(open_holds) + amount) * 100 > reach * self.percent:
            return LinkRefusal.HOLD_CAP_EXCEEDED
        return None


class Draft:
    """Our next record in the making: what is done in one transaction leaves in one record.

    Each step returns None, or the refusal that left the draft as it was.
    """

    __slots__ = ("_before", "caps", "side")

    def __init__(self, before: Side, caps: Caps | None = None) -> None:
        """Begin where the sealed record ends, without what both sides know to be settled."""
        self._before = before
        self.caps = caps or Caps()
        own, shown = before.own, before.partner.holds
        self.side = replace(
            before,
            own=replace(
                own,
                epoch=before.epoch,
                n=own.n + 1,
                holds=before.holds_out,
                # Once the partner no longer shows a hold, it has seen how we settled it.
                claims={h: preimage for h, preimage in own.claims.items() if h in shown},
                waived={h: reason for h, reason in own.waived.items() if h in shown},
                ack=ack_of(before),
            ),
        )

    def grant(self, more: int) -> LinkRefusal | None:
        """Let the partner owe so much more; a grant is never lowered by who gave it."""
        own = self.side.own
        if more <= 0:
            return LinkRefusal.AMOUNT_NOT_POSITIVE
        if own.granted + more > INT64_MAX:
            return LinkRefusal.COUNTER_EXHAUSTED
        return self._write(replace(own, granted=own.granted + more))

    def give_back(self, amount: int) -> LinkRefusal | None:
        """Give back so much of the partner's grant, unless our debt or an open hold rests on it."""
        if amount <= 0:
            return LinkRefusal.AMOUNT_NOT_POSITIVE
        if amount > min(self.side.limit, self.side.headroom):
            return LinkRefusal.LIMIT_EXCEEDED
        own = self.side.own
        return self._write(replace(own, returned=own.returned + amount))

    def place(self, hold_id: bytes, hold: Hold, *, clears: bool = False) -> LinkRefusal | None:
        """Promise an amount to the partner, within the limit it gave us, our caps and a record's bounds.

        One that only `clears` what the partner owes us already is not capped by share: no credit is drawn for it.
        """
        side, own = self.side, self.side.own
        if hold.amount <= 0:
            return LinkRefusal.AMOUNT_NOT_POSITIVE
        if own.placed + hold.amount > INT64_MAX:
            return LinkRefusal.COUNTER_EXHAUSTED
        if not well_formed_id(hold_id) or len(hold.condition) != CONDITION_BYTES:
            return LinkRefusal.HOLD_MALFORMED
        # An id serves once more only when the partner too has forgotten how it settled the first.
        if hold_id in own.holds or hold_id in self._before.own.holds or side.partner.settles(hold_id):
            return LinkRefusal.HOLD_DUPLICATE
        if side.frozen:
            return LinkRefusal.LINK_FROZEN
        if hold.amount > side.headroom:
            return LinkRefusal.LIMIT_EXCEEDED
        if clears and hold.amount > -side.net_debt - sum_of(side.holds_out):
            return LinkRefusal.LIMIT_EXCEEDED
        too_much = self.caps.refuse(own.holds, hold.amount, side.reach)
        if too_much is not None and not (clears and too_much is LinkRefusal.HOLD_CAP_EXCEEDED):
            return too_much
        if len(own.holds) >= HOLDS_STRUCTURAL_MAX:
            return LinkRefusal.TOO_MANY_HOLDS
        return self._write(replace(own, placed=own.placed + hold.amount, holds={**own.holds, hold_id: hold}))

    def claim(self, hold_id: bytes, preimage: bytes) -> LinkRefusal | None:
        """Take what the partner promised by showing the preimage; it is ours for good."""
        hold = self._open(hold_id)
        if isinstance(hold, LinkRefusal):
            return hold
        if not fits(preimage, hold):
            return LinkRefusal.PREIMAGE_WRONG
        own = self.side.own
        return self._write(replace(own, claimed=own.claimed + hold.amount, claims={**own.claims, hold_id: preimage}))

    def waive(self, hold_id: bytes, reason: str) -> LinkRefusal | None:
        """Free the partner of a promise, for good; the reason has at most REASON_CHARS_MAX characters."""
        assert len(reason) <= REASON_CHARS_MAX
        hold = self._open(hold_id)
        if isinstance(hold, LinkRefusal):
            return hold
        own = self.side.own
        return self._write(
            replace(own, waived_sum=own.waived_sum + hold.amount, waived={**own.waived, hold_id: reason})
        )

    def seal(self) -> Record:
        """Return the finished record, one position after the last."""
        return self.side.own

    def _open(self, hold_id: bytes) -> Hold | LinkRefusal:
        hold = self.side.partner.holds.get(hold_id)
        if hold is None:
            return LinkRefusal.HOLD_UNKNOWN
        return LinkRefusal.HOLD_SETTLED if self.side.own.settles(hold_id) else hold

    def _write(self, own: Record) -> None:
        self.side = replace(self.side, own=own)
