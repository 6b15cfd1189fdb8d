# SPDX-License-Identifier: AGPL-3.0-or-later
"""Bilateral credit (PROTOCOL 2): two writers, counters that only grow, the newest records are the state.

Loss, repetition and reordering are harmless, and what either may come to owe stays within the credit that
the other granted, whatever the debtor does.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import sha256

INT64_MAX = 2**63 - 1
HOLDS_OPEN_MAX = 64
HOLDS_OPEN_PERCENT = 25
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


@dataclass(frozen=True, slots=True)
class Stale:
    """The record is not newer than what we know: a harmless repetition."""


@dataclass(frozen=True, slots=True)
class Fork:
    """Two records at one position: both digests are the proof, and `frozen` is our side from now on."""

    accepted: bytes
    incoming: bytes
    frozen: "Side"


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
        if (_sum(open_holds) + amount) * 100 > reach * self.percent:
            return LinkRefusal.HOLD_CAP_EXCEEDED
        return None


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

    def draft(self, caps: Caps | None = None) -> "Draft":
        """Begin our next record, which acknowledges the partner's and drops what both know to be settled."""
        return Draft(self, caps or Caps())

    def wrote(self, record: Record, digest: bytes) -> "Side":
        """Return the side after a sealed record of ours; make it durable before the record leaves."""
        assert record.position > self.own.position
        return replace(self, own=record, own_digest=digest, epoch=record.epoch)

    # Reading.

    def accept(self, incoming: Record, digest: bytes) -> "Side | Stale | Fork | LinkFault":
        """Return the side that knows this record of the partner, or why it tells nothing or breaks a rule.

        What an honest partner wrote is accepted whenever it arrives, whatever was lost before it; the verdict
        depends on the two records that we hold, never on settings.
        """
        if incoming.position == self.partner.position:
            if digest == self.partner_digest:
                return Stale()
            return Fork(self.partner_digest, digest, self.freeze())
        if incoming.position < self.partner.position or incoming.epoch < self.partner_epoch_min:
            return Stale()
        for rule in ACCEPT_RULES:
            fault = rule(self, incoming)
            if fault is not None:
                return fault
        return replace(self, partner=incoming, partner_digest=digest)

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
        return side if own.ack == _ack_of(side) else LinkFault.ACK_UNKNOWN


class Draft:
    """Our next record in the making: what is done in one transaction leaves in one record.

    Each step returns None, or the refusal that left the draft as it was.
    """

    __slots__ = ("_before", "caps", "side")

    def __init__(self, before: Side, caps: Caps) -> None:
        """Begin where the sealed record ends, without what both sides know to be settled."""
        self._before = before
        self.caps = caps
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
                ack=_ack_of(before),
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
        if not _well_formed_id(hold_id) or len(hold.condition) != CONDITION_BYTES:
            return LinkRefusal.HOLD_MALFORMED
        # An id serves once more only when the partner too has forgotten how it settled the first.
        if hold_id in own.holds or hold_id in self._before.own.holds or side.partner.settles(hold_id):
            return LinkRefusal.HOLD_DUPLICATE
        if side.frozen:
            return LinkRefusal.LINK_FROZEN
        if hold.amount > side.headroom:
            return LinkRefusal.LIMIT_EXCEEDED
        if clears and hold.amount > -side.net_debt - _sum(side.holds_out):
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
        if not _fits(preimage, hold):
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


# The rules of acceptance. Each holds for an honest partner's record against any later record of ours and any
# earlier one of its own; that is why it may come late, twice, or alone.


def _is_well_formed(_side: Side, incoming: Record) -> LinkFault | None:
    counters = (*incoming.position, *_counters(incoming))
    settled = incoming.claims.keys() | incoming.waived.keys()
    well = (
        all(0 <= counter <= INT64_MAX for counter in counters)
        and len(incoming.holds) <= HOLDS_STRUCTURAL_MAX
        and len(incoming.claims) + len(incoming.waived) == len(settled) <= HOLDS_STRUCTURAL_MAX
        and all(_well_formed_id(h) for h in incoming.holds.keys() | settled)
        and all(h.amount > 0 and len(h.condition) == CONDITION_BYTES for h in incoming.holds.values())
        and all(len(reason) <= REASON_CHARS_MAX for reason in incoming.waived.values())
    )
    return None if well else LinkFault.MALFORMED


def _only_counts_up(side: Side, incoming: Record) -> LinkFault | None:
    pairs = zip(_counters(side.partner), _counters(incoming), strict=True)
    return LinkFault.COUNTER_LOWERED if any(new < old for old, new in pairs) else None


def _acknowledges_what_we_wrote(side: Side, incoming: Record) -> LinkFault | None:
    # One that we do not know is a lie, or the sign that we came back from an old copy ourselves.
    old, new = side.partner.ack, incoming.ack
    if new is None:
        return None if old is None else LinkFault.ACK_UNKNOWN
    at = (new.epoch, new.n)
    unknown = (
        not GENESIS.position < at <= side.own.position
        or (at == side.own.position and new.digest != side.own_digest)
        or (old is not None and (at < (old.epoch, old.n) or (at == (old.epoch, old.n) and new != old)))
    )
    return LinkFault.ACK_UNKNOWN if unknown else None


def _keeps_its_holds(side: Side, incoming: Record) -> LinkFault | None:
    # Equal sums are not enough: an open hold changed for another of the same amount would rob us of the
    # one that we have forwarded. Once we settled it, it may go or stay, but never change.
    for h, hold in side.partner.holds.items():
        kept = incoming.holds.get(h)
        if kept != hold and (kept is not None or not side.own.settles(h)):
            return LinkFault.HOLD_LOST
    reused = any(side.own.settles(h) for h in incoming.holds.keys() - side.partner.holds.keys())
    return LinkFault.HOLD_REUSED if reused else None


def _placed_sum_matches(side: Side, incoming: Record) -> LinkFault | None:
    # All it ever placed is what we claimed, what we waived and what is open: by our own exact numbers.
    still_open = sum(hold.amount for h, hold in incoming.holds.items() if not side.own.settles(h))
    matches = incoming.placed == side.own.claimed + side.own.waived_sum + still_open
    return None if matches else LinkFault.PLACED_SUM_WRONG


def _never_undoes(side: Side, incoming: Record) -> LinkFault | None:
    # It may forget how it settled a hold once we no longer show the hold, and not before.
    old = side.partner
    shown = side.own.holds.keys() | incoming.claims.keys() | incoming.waived.keys()
    undone = any(incoming.claims.get(h) != old.claims[h] for h in old.claims.keys() & shown)
    undone |= any(incoming.waived.get(h) != old.waived[h] for h in old.waived.keys() & shown)
    return LinkFault.SETTLEMENT_UNDONE if undone else None


def _settles_our_open_holds(side: Side, incoming: Record) -> LinkFault | None:
    new_claims = incoming.claims.keys() - side.partner.claims.keys()
    new_waived = incoming.waived.keys() - side.partner.waived.keys()
    if not (new_claims | new_waived) <= side.own.holds.keys():
        return LinkFault.HOLD_UNKNOWN
    if not all(_fits(incoming.claims[h], side.own.holds[h]) for h in new_claims):
        return LinkFault.PREIMAGE_WRONG
    claimed = sum(side.own.holds[h].amount for h in new_claims)
    waived = sum(side.own.holds[h].amount for h in new_waived)
    matches = (
        incoming.claimed == side.partner.claimed + claimed and incoming.waived_sum == side.partner.waived_sum + waived
    )
    return None if matches else LinkFault.SETTLED_SUM_WRONG


def _stays_within_our_grant(side: Side, incoming: Record) -> LinkFault | None:
    known = replace(side, partner=incoming)
    return LinkFault.LIMIT_BROKEN if known.limit_given < 0 or known.headroom_given < 0 else None


ACCEPT_RULES: tuple[Callable[[Side, Record], LinkFault | None], ...] = (
    _is_well_formed,
    _only_counts_up,
    _acknowledges_what_we_wrote,
    _keeps_its_holds,
    _placed_sum_matches,
    _never_undoes,
    _settles_our_open_holds,
    _stays_within_our_grant,
)


def _counters(record: Record) -> tuple[int, ...]:
    return record.granted, record.returned, record.placed, record.claimed, record.waived_sum


def _ack_of(side: Side) -> Ack | None:
    if side.partner.position == GENESIS.position:
        return None
    return Ack(side.partner.epoch, side.partner.n, side.partner_digest)


def _fits(preimage: bytes, hold: Hold) -> bool:
    return len(preimage) == PREIMAGE_BYTES and sha256(preimage).digest() == hold.condition


def _well_formed_id(hold_id: bytes) -> bool:
    return 0 < len(hold_id) <= HOLD_ID_BYTES_MAX


def _sum(holds: Mapping[bytes, Hold]) -> int:
    return sum(hold.amount for hold in holds.values())
