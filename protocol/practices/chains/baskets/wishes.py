# SPDX-License-Identifier: AGPL-3.0-or-later
"""What members say that they buy, what they ask of it, and what they see."""

from dataclasses import dataclass
from typing import Annotated

from protocol.book.addresses import ADDRESS_CHARS_MAX
from protocol.book.declaration import Doc, Ref
from protocol.book.money import Amount
from protocol.practices.chains.baskets.kept import BASKET_LINES_MAX, SellerName
from protocol.practices.chains.entries import ChainItem
from protocol.practices.chains.supply import OUTSIDE
from protocol.practices.chains.written import WEIGHTS_WRITTEN_CHARS_MAX
from protocol.practices.marks.campaigns.entries import CampaignKind
from protocol.practices.money.dues.entries import Period
from protocol.wire.shape import AtMost, Range

SWAPS_SHOWN_MAX = 20
Whom = Annotated[
    str | None, AtMost(ADDRESS_CHARS_MAX), Ref("members"), Doc("whose, where a steward says it; default: yours")
]


@dataclass(frozen=True, slots=True)
class LineTold:
    """What you buy in a month."""

    item: Annotated[ChainItem, Doc("a code of CPC, or a word for it")]
    value: Annotated[Amount, Doc("what it costs in a month, in the chain's unit of account")]
    supplier: Annotated[SellerName, Doc("of whom: the short name of an enterprise, network/enterprise, or outside")] = (
        OUTSIDE
    )


@dataclass(frozen=True, slots=True)
class SetBasket:
    """Say what you buy in a month: private, kept at this node alone; it takes the place of what was said of it."""

    month: Annotated[Period, Doc("the month, such as 202611")]
    lines: Annotated[tuple[LineTold, ...], AtMost(BASKET_LINES_MAX), Doc("what you buy")]
    member: Whom = None


@dataclass(frozen=True, slots=True)
class RemoveBasket:
    """Take a month's basket away; what it was is overwritten."""


@dataclass(frozen=True, slots=True)
class SetWeights:
    """Keep what you hold important, for better choices in your basket: it is private, and takes the former's place."""

    weights: Annotated[
        str,
        AtMost(WEIGHTS_WRITTEN_CHARS_MAX),
        Doc("what each criterion weighs, 1 in all: labour=.30, ecology=.25, ownership=.45"),
    ]
    member: Whom = None


@dataclass(frozen=True, slots=True)
class RemoveWeights:
    """Take your weights away; what they were is overwritten."""


@dataclass(frozen=True, slots=True)
class ShoppingWanted:
    """What a member has said that it buys, or holds important."""

    member: Whom = None


@dataclass(frozen=True, slots=True)
class LineShown:
    """What is bought in a month."""

    item: Annotated[str, Doc("a code of CPC, or a word for it")]
    value: Annotated[Amount, Doc("what it costs")]
    supplier: Annotated[str, Doc("of whom")]


@dataclass(frozen=True, slots=True)
class ShoppingShown:
    """A member's basket of a month, which it alone sees."""

    id: Annotated[str, Doc("the member's id, a dot, and the month")]
    month: Annotated[int, Doc("the month")]
    lines: Annotated[tuple[LineShown, ...], Doc("what is bought; empty in the answer to a change")]


@dataclass(frozen=True, slots=True)
class WeightsShown:
    """What a member holds important, which it alone sees."""

    id: Annotated[str, Doc("the member's id")]
    weights: Annotated[str | None, Doc("what each criterion weighs; null in the answer to a change")]


@dataclass(frozen=True, slots=True)
class BetterWanted:
    """What your basket keeps inside, and which swaps would keep more."""

    month: Annotated[Period | None, Doc("of which month; default: the newest that you have told")] = None
    swaps: Annotated[int, Range(1, SWAPS_SHOWN_MAX), Doc("how many swaps at most, the best first")] = 2


@dataclass(frozen=True, slots=True)
class SwapShown:
    """Something to buy of somebody else."""

    item: Annotated[str, Doc("what")]
    value: Annotated[str, Doc("what you spend on it in a month")]
    supplier: Annotated[str, Doc("of whom you buy it now")]
    to: Annotated[str, Doc("of whom you could")]
    inside: Annotated[bool, Doc("whether that one is inside")]
    keeps: Annotated[str, Doc("what your basket keeps with this swap and those before it")]
    why: Annotated[str | None, Doc("the campaign that counts against whom you buy of now, or for the other")]


@dataclass(frozen=True, slots=True)
class BetterShown:
    """What a basket keeps inside now, and with a few swaps."""

    month: Annotated[int, Doc("of which month")]
    total: Annotated[str, Doc("what you spend")]
    inside: Annotated[str, Doc("what of that you spend with enterprises inside")]
    inside_then: Annotated[str, Doc("what that would be with the swaps")]
    keeps: Annotated[str, Doc("what of a unit that you spend stays inside")]
    keeps_then: Annotated[str, Doc("what that would be with the swaps")]
    boycotted: Annotated[tuple[str, ...], Doc("of whom you buy though a campaign counts against them")]
    swaps: tuple[SwapShown, ...]
    said: Annotated[str, Doc("the same in words")]


@dataclass(frozen=True, slots=True)
class EffectWanted:
    """What members have stopped buying by a campaign, or buy more, in all."""

    campaign: Annotated[str, AtMost(36), Doc("the campaign's id")]


@dataclass(frozen=True, slots=True)
class EffectShown:
    """What members buy of whom a campaign covers, in an average month before it and since: a sum of at least three."""

    campaign: Annotated[str, Doc("its id")]
    kind: Annotated[CampaignKind, Doc("boycott or support")]
    members: Annotated[int | None, Doc("how many have told of months before and since; null: fewer than three")]
    before: Annotated[str | None, Doc("what they bought in an average month before")]
    since: Annotated[str | None, Doc("what they buy in an average month since")]
    change: Annotated[str | None, Doc("by how much that is more, or less")]
