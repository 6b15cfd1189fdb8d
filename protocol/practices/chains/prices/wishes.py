# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is wished and shown of open prices."""

from dataclasses import dataclass
from typing import Annotated

from protocol.book.declaration import At, Doc, Seers, ToldOnce
from protocol.book.money import Amount
from protocol.book.refusals import Reason, Stage
from protocol.practices.chains.prices.parts import (
    PART_NAME_CHARS_MAX,
    PART_SOURCE_CHARS_MAX,
    PRICE_PARTS_MAX,
    PricePartKind,
)
from protocol.practices.market.intents import INTENT_TITLE_CHARS_MAX
from protocol.wire.shape import AtMost, Range

PARTS_NOT_WHOLE = Reason(
    "PARTS_NOT_WHOLE",
    Stage.RULE,
    422,
    "The parts are not the whole price",
    "The parts come to {parts}, the price is {price}. Nothing was published.",
    heading="The parts come to {parts}, not to {price}",
    ways=("correct a part or the price", "let what is left go to the fund: --rest-to-fund"),
)
OPEN_PRICE_DAYS_MAX = 366


@dataclass(frozen=True, slots=True)
class PricePartTold:
    """A part of a price; what it rests on, or whose open price it is bought at, or neither: then it is unknown."""

    name: Annotated[str, AtMost(PART_NAME_CHARS_MAX), Doc("what it is for: fruit, labour, jar")]
    amount: Amount
    kind: Annotated[PricePartKind, Doc("what sort of part it is")] = PricePartKind.UNKNOWN
    source: Annotated[
        str, AtMost(PART_SOURCE_CHARS_MAX), Doc("what the figure rests on: an invoice, hours, a recipe")
    ] = ""
    of: Annotated[
        str | None,
        AtMost(200),
        Doc("the open price at which it is bought, by its id; behind an @ the network, where it is another than yours"),
    ] = None


@dataclass(frozen=True, slots=True)
class PublishOpenPrice:
    """Tell what a price is made of; its parts are the whole of it."""

    title: Annotated[str, AtMost(INTENT_TITLE_CHARS_MAX), Doc("what is sold, with its unit: jam, a jar")]
    price: Annotated[Amount, Doc("what it costs")]
    parts: Annotated[tuple[PricePartTold, ...], AtMost(PRICE_PARTS_MAX), Doc("what it is made of")] = ()
    rest_to_fund: Annotated[bool, Doc("what the parts leave of the price goes to the fund: the emporium's rule")] = (
        False
    )
    days: Annotated[int, Range(1, OPEN_PRICE_DAYS_MAX), Doc("how many days from now on it stands")] = 90
    seers: Annotated[Seers, Doc("who reads it")] = Seers.EVERYBODY
    member: Annotated[str | None, Doc("who sells it; default: you")] = None


@dataclass(frozen=True, slots=True)
class WithdrawOpenPrice:
    """Take an open price down, here and everywhere."""


@dataclass(frozen=True, slots=True)
class OpenPricesWanted:
    """Open prices that this node holds, its own and those of others."""

    network: Annotated[str | None, Doc("only those of this network, by its handle or id")] = None
    seller: Annotated[str | None, Doc("only those of this member")] = None


@dataclass(frozen=True, slots=True)
class PricePartShown:
    """A part of a price, at its place in the chain."""

    part: Annotated[str, Doc("names from the price down: fruit / wages")]
    amount: Annotated[Amount, Doc("how much of this price it is")]
    share: Annotated[str, Doc("its share of this price")]
    kind: PricePartKind
    source: Annotated[str, Doc("what the figure rests on; empty: nothing that is known")]
    is_known: Annotated[bool, Doc("whether it is known; otherwise it is shown grey, and counted as unknown")]
    is_opened: Annotated[bool, Doc("whether the parts behind it follow; these are counted then, and not this one")]


@dataclass(frozen=True, slots=True)
class PriceKindShown:
    """What all parts of a kind come to, along the whole chain."""

    kind: PricePartKind
    amount: Amount
    share: Annotated[str, Doc("its share of the price")]


@dataclass(frozen=True, slots=True)
class OpenPriceShown:
    """What a price is made of, along the chain."""

    id: str
    network: Annotated[str, Doc("the network of the seller, by its id")]
    handle: Annotated[str | None, Doc("what that network calls itself")]
    seller: str
    title: Annotated[str | None, ToldOnce, Doc("what is sold; null where an answer is told again, as parts are")]
    price: Amount
    work: Annotated[Amount, Doc("work in the chain: what is earned by all who had a hand in it")]
    work_share: Annotated[str, Doc("the same as a share of the price")]
    sums: Annotated[tuple[PriceKindShown, ...], Doc("by kind, along the chain; what is unknown among them")]
    parts: Annotated[tuple[PricePartShown, ...] | None, ToldOnce, Doc("what it is made of, the first parts first")]
    ends_at: Annotated[At, Doc("when it goes by itself")]
