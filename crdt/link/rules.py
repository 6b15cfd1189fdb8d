# SPDX-License-Identifier: AGPL-3.0-or-later
"""When a partner's record is taken: the rules that no honest writer breaks, whatever was lost before."""

from collections.abc import Callable
from dataclasses import replace

from crdt.link.record import (
    CONDITION_BYTES,
    GENESIS,
    HOLDS_STRUCTURAL_MAX,
    INT64_MAX,
    REASON_CHARS_MAX,
    LinkFault,
    Record,
    fits,
    well_formed_id,
)
from crdt.link.side import RecordFork, Side, Stale


def accept(side: Side, incoming: Record, digest: bytes) -> Side | Stale | RecordFork | LinkFault:
    """Return the side that knows this record of the partner, or why it tells nothing or breaks a rule.

    What an honest partner wrote is accepted whenever it arrives, whatever was lost before it; the verdict
    depends on the two records that we hold, never on settings.
    """
    if incoming.position == side.partner.position:
        if digest == side.partner_digest:
            return Stale()
        return RecordFork(side.partner_digest, digest, side.freeze())
    if incoming.position < side.partner.position or incoming.epoch < side.partner_epoch_min:
        return Stale()
    for rule in ACCEPT_RULES:
        fault = rule(side, incoming)
        if fault is not None:
            return fault
    return replace(side, partner=incoming, partner_digest=digest)


# The rules of acceptance. Each holds for an honest partner's record against any later record of ours and any
# earlier one of its own; that is why it may come late, twice, or alone.


def _is_well_formed(_side: Side, incoming: Record) -> LinkFault | None:
    counters = (*incoming.position, *_counters(incoming))
    settled = incoming.claims.keys() | incoming.waived.keys()
    well = (
        all(0 <= counter <= INT64_MAX for counter in counters)
        and len(incoming.holds) <= HOLDS_STRUCTURAL_MAX
        and len(incoming.claims) + len(incoming.waived) == len(settled) <= HOLDS_STRUCTURAL_MAX
        and all(well_formed_id(h) for h in incoming.holds.keys() | settled)
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
    if not all(fits(incoming.claims[h], side.own.holds[h]) for h in new_claims):
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
