# SPDX-License-Identifier: AGPL-3.0-or-later
"""A link as one of its networks knows it, and what a record of the partner newly says."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from crdt.link.record import GENESIS, Ack, Hold, LinkFault, Record


@dataclass(frozen=True, slots=True)
class Stale:
    """The record is not newer than what we know: a harmless repetition."""


@dataclass(frozen=True, slots=True)
class RecordFork:
    """Two records at one position: both digests are the proof, and `frozen` is our side from now on."""

    accepted: bytes
    incoming: bytes
    frozen: "Side"


@dataclass(frozen=True, slots=True)
class Side:
    """A link as one of its networks knows it: the newest record of its own, the newest that it accepted.

    All of it must be durable. `epoch` is the one in which the next own record is written; the partner's
    records below `partner_epoch_min` count no more, since it said that it came back from an old copy.
    """

    own: Record = GENESIS
    own_digest: bytes = b""
    partner: Record = GENESIS
    partner_digest: bytes = b""
    epoch: int = 0
    partner_epoch_min: int = 0
    frozen: bool = False

    # What it amounts to, all in minor units of the link.

    @property
    def net_debt(self) -> int:
        """Return what we owe the partner as far as we know, without open holds; below zero it owes us."""
        return self.partner.claimed - self.own.claimed

    @property
    def limit(self) -> int:
        """Return how much the partner lets us owe: its grant less what we gave back."""
        return self.partner.granted - self.own.returned

    @property
    def limit_given(self) -> int:
        """Return how much we let the partner owe: our grant less what it gave back."""
        return self.own.granted - self.partner.returned

    @property
    def headroom(self) -> int:
        """Return how much we may still place, were every hold of ours claimed and none of the partner's."""
        return self.limit - (self.own.placed - self.partner.waived_sum - self.own.claimed)

    @property
    def headroom_given(self) -> int:
        """Return how much the partner may still place by our own exact numbers; never below zero."""
        return self.limit_given - (self.partner.placed - self.own.waived_sum - self.partner.claimed)

    @property
    def reach(self) -> int:
        """Return what our holds may draw on: our limit and what the partner owes us."""
        return self.limit + max(0, -self.net_debt)

    @property
    def reach_given(self) -> int:
        """Return what the partner's holds may draw on: its limit and what we owe it."""
        return self.limit_given + max(0, self.net_debt)

    @property
    def holds_out(self) -> Mapping[bytes, Hold]:
        """Return our holds that the partner has neither claimed nor waived, as far as we know."""
        return {h: hold for h, hold in self.own.holds.items() if not self.partner.settles(h)}

    @property
    def holds_in(self) -> Mapping[bytes, Hold]:
        """Return the partner's holds that we have neither claimed nor waived."""
        return {h: hold for h, hold in self.partner.holds.items() if not self.own.settles(h)}

    @property
    def ack_due(self) -> bool:
        """Tell whether our record still shows holds that the partner settled; our next drops them."""
        return any(self.partner.settles(h) for h in self.own.holds)

    # Writing.

    def wrote(self, record: Record, digest: bytes) -> "Side":
        """Return the side after a sealed record of ours; make it durable before the record leaves."""
        assert record.position > self.own.position
        return replace(self, own=record, own_digest=digest, epoch=record.epoch)

    # When something has gone wrong.

    def freeze(self) -> "Side":
        """Return the side that places no new hold; whatever is open still resolves."""
        return replace(self, frozen=True)

    def thaw(self) -> "Side":
        """Return the side that places holds again: what froze it was pardoned."""
        return replace(self, frozen=False)

    def rebase(self, epoch: int) -> "Side":
        """Return the side whose partner has opened this epoch: all that it took of the partner was said before.

        A thief may have opened the same epochs, or more of them, and signed there what was taken in good faith.
        """
        was, ack = self.partner, self.own.ack
        partner = was if was.epoch < epoch else replace(was, epoch=epoch - 1)
        # What we acknowledged is the same record: else we would seem to lack it, and to owe the new epoch no word.
        own = self.own if ack is None else replace(self.own, ack=replace(ack, epoch=min(ack.epoch, epoch - 1)))
        return replace(self, own=own, partner=partner, partner_epoch_min=min(self.partner_epoch_min, epoch))

    def rotated(self, epoch: int) -> "Side":
        """Return the side of a network whose cold keys have opened this epoch: whatever it said was said before.

        A replica may hold what a thief has signed in the same epochs, or in more of them.
        """
        return replace(self, own=replace(self.own, epoch=min(self.own.epoch, epoch - 1)))

    def adopt(self, record: Record, digest: bytes) -> "Side":
        """Return the side whose own newest record is this, which the partner took in the place of ours.

        Somebody else signed it with our key. What we wrote beside it the partner has not taken, and takes no more.
        """
        return replace(self, own=record, own_digest=digest, epoch=max(self.epoch, record.epoch))

    def fence(self, epoch: int) -> "Side":
        """Return the side that takes the partner's records of this epoch and later only.

        A partner that came back from an old copy goes on from what we tell it we accepted. So this is durable
        before we tell: a record from before its loss, still on its way, would break what it writes next.
        """
        return replace(self, partner_epoch_min=max(self.partner_epoch_min, epoch))

    def resume(
        self, epoch: int, own: Record, own_digest: bytes, acked: Record, acked_digest: bytes
    ) -> "Side | LinkFault":
        """Return this old copy brought up to date and ready to write in a higher epoch, or ACK_UNKNOWN.

        `own` is our newest record that the partner accepted, `acked` the one that it acknowledges: we checked
        that one when we had it, our own signature says so. The partner has fenced off our records below
        `epoch` before it told us; its newer ones are then accepted as ever.
        """
        assert epoch > max(self.own.epoch, own.epoch)
        if own.position <= self.own.position:
            return replace(self, epoch=epoch)
        side = replace(self, own=own, own_digest=own_digest, partner=acked, partner_digest=acked_digest, epoch=epoch)
        return side if own.ack == ack_of(side) else LinkFault.ACK_UNKNOWN


@dataclass(frozen=True, slots=True)
class Changes:
    """What the partner newly says, each map in the order of the hold ids; amounts in minor units."""

    placed: Mapping[bytes, Hold]
    claimed: Mapping[bytes, bytes]
    waived: Mapping[bytes, str]
    granted: int
    returned: int


def changes(before: Side, after: Side) -> Changes:
    """Return what the partner's record in `after` says that the one in `before` did not.

    Nothing is missed if records between them were: a hold is shown until we settle it, a claim or waiver
    until our own record drops the hold.
    """
    old, new = before.partner, after.partner
    return Changes(
        placed={h: new.holds[h] for h in sorted(new.holds.keys() - old.holds.keys())},
        claimed={h: new.claims[h] for h in sorted(new.claims.keys() - old.claims.keys())},
        waived={h: new.waived[h] for h in sorted(new.waived.keys() - old.waived.keys())},
        granted=new.granted - old.granted,
        returned=new.returned - old.returned,
    )


def ack_of(side: Side) -> Ack | None:
    if side.partner.position == GENESIS.position:
        return None
    return Ack(side.partner.epoch, side.partner.n, side.partner_digest)
