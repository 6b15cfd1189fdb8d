# SPDX-License-Identifier: AGPL-3.0-or-later
"""Steps: what a plan asks to be written in the next record of a link. The steps of one batch leave in one record."""

from dataclasses import dataclass

from crdt.link.draft import Draft, LinkRefusal
from crdt.link.record import Hold
from protocol.practices.between.links.entries import HoldItem, Settings, SignedGrant, Terms


@dataclass(frozen=True, slots=True)
class Begin:
    """Write our first record of a link under these settings."""

    terms: Terms
    settings: Settings


@dataclass(frozen=True, slots=True)
class Set:
    """Change our settings of a link."""

    link: bytes
    settings: Settings


@dataclass(frozen=True, slots=True)
class Grant:
    """Let the partner owe so much more."""

    link: bytes
    more: int


@dataclass(frozen=True, slots=True)
class Sign:
    """Show the partner what cold keys have signed."""

    link: bytes
    signed: SignedGrant


@dataclass(frozen=True, slots=True)
class GiveBack:
    """Give back so much of the partner's grant."""

    link: bytes
    amount: int


@dataclass(frozen=True, slots=True)
class Place:
    """Place a hold toward the partner; one that `clears` draws on what the partner owes us alone."""

    link: bytes
    item: HoldItem
    clears: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """Claim a hold of the partner's."""

    link: bytes
    hold: bytes
    preimage: bytes


@dataclass(frozen=True, slots=True)
class Waive:
    """Free a hold of the partner's."""

    link: bytes
    hold: bytes
    reason: str


@dataclass(frozen=True, slots=True)
class Fence:
    """Take no more records of the partner's below this epoch: it has lost what came after them."""

    link: bytes
    epoch: int


@dataclass(frozen=True, slots=True)
class Acknowledge:
    """Write our next record for what it acknowledges alone."""

    link: bytes


Step = Begin | Set | Fence | Acknowledge | Sign | Grant | GiveBack | Place | Claim | Waive


def take_step(draft: Draft, step: Grant | GiveBack | Place | Claim | Waive) -> LinkRefusal | None:
    match step:
        case Grant(_, more):
            return draft.grant(more)
        case GiveBack(_, amount):
            return draft.give_back(amount)
        case Place(_, item, clears):
            return draft.place(item.id, Hold(item.amount, item.condition), clears=clears)
        case Claim(_, hold, preimage):
            return draft.claim(hold, preimage)
        case Waive(_, hold, reason):
            return draft.waive(hold, reason)
