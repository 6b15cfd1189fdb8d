# SPDX-License-Identifier: AGPL-3.0-or-later
"""One link, as this side sees it: both records, what belongs to the holds, and our record in the making."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from crdt.link.draft import Caps, Draft, LinkRefusal
from crdt.link.record import Hold
from crdt.link.side import Side
from protocol.book.refusals import AMOUNT_NOT_POSITIVE, AMOUNT_TOO_LARGE, Refused, refuse
from protocol.practices.between.links.entries import Settings, SignedGrant, Terms
from protocol.practices.between.links.refusals import LINK_FROZEN, LINK_HOLDS_EXCEEDED, LINK_LIMIT_EXCEEDED
from protocol.practices.between.links.steps import GiveBack, Grant, Place, take_step
from protocol.practices.people.authority import PAYMENT_EXISTS

ONWARD_BYTES_TOTAL_MAX = 40 * 1_024
"""What may travel beside all open holds of ours: with 128 holds and as many answers an entry stays below 64 KiB."""


class LinkState(StrEnum):
    """How far a link has come, as this side sees it."""

    PROPOSED = "proposed"
    OFFERED = "offered"
    OPEN = "open"
    RECOVERING = "recovering"
    FROZEN = "frozen"
    CLOSING = "closing"
    CLOSED = "closed"


@dataclass(slots=True)
class Link:
    """A credit line with a partner: the two records, what belongs to the holds, and our record in the making."""

    id: bytes
    terms: Terms
    partner: bytes
    arrival: int
    side: Side = field(default_factory=Side)
    mine: Settings | None = None
    theirs: Settings | None = None
    offered_ms: int = 0
    """When the partner offered it, as it says."""
    signed: SignedGrant | None = None
    """The greatest grant of ours that cold keys have signed."""
    signed_by_partner: SignedGrant | None = None
    """The greatest grant of the partner's that its cold keys have signed."""
    onward_out: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes])
    onward_in: dict[bytes, bytes] = field(default_factory=dict[bytes, bytes])
    draft: Draft | None = None
    reopened: int = 0
    """The epoch that our network's newest key event opened."""
    rotated: int = 0
    """The newest epoch that our cold keys opened: what is shown of older ones a thief may have signed."""
    grant_known: int | None = None
    """What the partner had granted us, as far as we knew when the cold keys opened that epoch."""
    fenced: int = 0
    """The least epoch in which the partner still takes records of ours."""

    @property
    def is_lost(self) -> bool:
        """Tell whether we have opened an epoch and not gone on in it yet: what the partner has taken is not known."""
        return self.mine is not None and self.side.own.epoch < self.reopened

    @property
    def is_under_way(self) -> bool:
        """Tell whether time may bring something to do on it, though neither side says anything."""
        return self.is_lost or bool(self.side.own.holds or self.side.partner.holds)

    @property
    def is_unacknowledged(self) -> bool:
        """Tell whether the partner has yet to acknowledge our newest record."""
        ack = self.side.partner.ack
        return self.mine is not None and (ack is None or (ack.epoch, ack.n) < self.side.own.position)

    @property
    def is_half(self) -> bool:
        """Tell whether our own record acknowledges one of the partner's that is not here."""
        ack = self.side.own.ack
        return ack is not None and (ack.epoch, ack.n) > self.side.partner.position

    @property
    def is_found(self) -> bool:
        """Tell whether the partner has told us all: it takes no more records of the epoch that we lost.

        That record of its was accepted, so it acknowledges no record of ours that we do not have; or it has named
        the one that it holds.
        """
        return self.fenced >= self.reopened

    @property
    def is_overdrawn(self) -> bool:
        """Tell whether more was promised in our name than the partner had granted when our key was rotated.

        A partner that works with a thief could grant him anything: for that we do not stand up. Once the link has
        gone on, what the partner grants is what the new key draws on, and a later loss changes nothing in that.
        """
        own, partner = self.side.own, self.side.partner
        used = own.placed - partner.waived_sum - own.claimed
        waits = self.is_lost and own.epoch < self.rotated
        return waits and self.grant_known is not None and used > max(0, self.grant_known - own.returned)

    @property
    def is_unheard(self) -> bool:
        """Tell whether the partner has yet to acknowledge the epoch that we have opened."""
        ack = self.side.partner.ack
        return self.reopened > 0 and self.theirs is not None and (ack is None or ack.epoch < self.reopened)

    @property
    def owes_ack(self) -> bool:
        """Tell whether the partner waits for us: we settle what it dropped, or it has opened an epoch."""
        acked = 0 if self.side.own.ack is None else self.side.own.ack.epoch
        return self.side.ack_due or acked < self.side.partner.epoch

    @property
    def now(self) -> Side:
        """The side as it will be when the record in the making is written."""
        return self.side if self.draft is None else self.draft.side

    @property
    def settings(self) -> Settings:
        """Our settings; a link without them has only been offered to us."""
        assert self.mine is not None
        return self.mine

    @property
    def state(self) -> LinkState:
        """How far the link has come."""
        if self.mine is None:
            return LinkState.OFFERED
        if self.theirs is None:
            return LinkState.PROPOSED
        if self.mine.closed or self.theirs.closed:
            idle = self.now.net_debt == 0 and not self.now.holds_in and not self.now.holds_out
            return LinkState.CLOSED if idle else LinkState.CLOSING
        if self.is_lost or self.is_unheard:
            return LinkState.RECOVERING
        frozen = self.mine.frozen or self.theirs.frozen or self.side.frozen
        return LinkState.FROZEN if frozen else LinkState.OPEN

    @property
    def has_begun(self) -> bool:
        """Tell whether both sides have taken it up and it has not ended: one that is only proposed leads nowhere."""
        return self.state not in (LinkState.PROPOSED, LinkState.OFFERED, LinkState.CLOSED)

    def gives(self, amount: int) -> bool:
        """Tell whether a payment of so many link minor units may leave over it; a closing link pays back debts."""
        if self.state is LinkState.CLOSING and not self.is_lost:
            return amount <= -self.now.net_debt - _sum(self.now.holds_out)
        return self.state is LinkState.OPEN

    def takes(self, held: int) -> bool:
        """Tell whether holds of so many link minor units in all, new ones among them, may be answered with yes."""
        if self.state is LinkState.CLOSING:
            return held <= self.now.net_debt
        return self.state in (LinkState.OPEN, LinkState.RECOVERING)

    @property
    def idle_grant(self) -> int:
        """How much of the partner's grant a closing link can give back, link minor units."""
        closing = self.mine is not None and (self.mine.closed or (self.theirs is not None and self.theirs.closed))
        return min(self.now.limit, self.now.headroom) if closing else 0

    @property
    def largest(self) -> int:
        """The most that one payment may take over it now, our caps considered, link minor units."""
        if self.mine is None or len(self.now.holds_out) >= self.mine.holds_open:
            return 0
        under_way = _sum(self.now.holds_out)
        most = min(self.now.headroom, self.now.reach * self.mine.holds_percent // 100 - under_way)
        if self.state is not LinkState.OPEN:
            most = min(most, -self.now.net_debt - under_way) if self.gives(1) else 0
        return max(0, most)

    def pen(self) -> Draft:
        """Return our record in the making, begun if need be."""
        if self.draft is None:
            self.draft = Draft(self.side, self._caps())
        # They may have been changed since it was begun.
        self.draft.caps = self._caps()
        return self.draft

    def refusal(self, *steps: Grant | GiveBack | Place) -> Refused | None:
        """Return why one of these steps would be refused, taken one after the other; nothing is written."""
        trial = Draft(self.side, self._caps())
        if self.draft is not None:
            trial.side = self.draft.side
        onward = dict(self.onward_out)
        for step in steps:
            refusal = take_step(trial, step)
            if refusal is None and isinstance(step, Place):
                onward[step.item.id] = step.item.onward
                if sum(len(onward[id]) for id in trial.side.own.holds) > ONWARD_BYTES_TOTAL_MAX:
                    refusal = LinkRefusal.TOO_MANY_HOLDS
            if refusal is not None:
                return _refused(self, refusal)
        return None

    def _caps(self) -> Caps:
        return Caps() if self.mine is None else Caps(self.mine.holds_open, self.mine.holds_percent)


def _sum(holds: Mapping[bytes, Hold]) -> int:
    return sum(hold.amount for hold in holds.values())


_REJECTIONS = {
    LinkRefusal.AMOUNT_NOT_POSITIVE: AMOUNT_NOT_POSITIVE,
    LinkRefusal.COUNTER_EXHAUSTED: AMOUNT_TOO_LARGE,
    LinkRefusal.LINK_FROZEN: LINK_FROZEN,
    LinkRefusal.LIMIT_EXCEEDED: LINK_LIMIT_EXCEEDED,
    LinkRefusal.HOLD_CAP_EXCEEDED: LINK_HOLDS_EXCEEDED,
    LinkRefusal.TOO_MANY_HOLDS: LINK_HOLDS_EXCEEDED,
    LinkRefusal.HOLD_DUPLICATE: PAYMENT_EXISTS,
}


def _refused(link: Link, refusal: LinkRefusal) -> Refused:
    side = link.now
    return refuse(
        _REJECTIONS[refusal],
        available=max(0, side.headroom),
        limit=side.limit,
        unit=link.terms.unit,
        scale=link.terms.scale,
    )
