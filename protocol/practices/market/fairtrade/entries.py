# SPDX-License-Identifier: AGPL-3.0-or-later
"""What producers sign, and the ledger says, of fair trade: cost sheets, premiums and how they are spent, references."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from protocol.book.addresses import ADDRESS_CHARS_MAX
from protocol.book.declaration import Doc, Ref, Seers, Uuid
from protocol.book.money import Amount
from protocol.book.signed import AccountId, Id16, MemberId, Signed, Time
from protocol.practices.market.cost_sheets import (
    COST_LINES_MAX,
    COST_NAME_CHARS_MAX,
    COST_SOURCE_CHARS_MAX,
    CostKind,
)
from protocol.practices.market.intents import INTENT_TITLE_CHARS_MAX, PriceMinor
from protocol.practices.market.wishes import CODE_CHARS, QUANTITY_CHARS_MAX
from protocol.practices.money.currencies.entries import Code
from protocol.wire.shape import AtMost, Range

SHEET_DAYS_MAX = 366
PART_CHARS_MAX = 8
EVIDENCE_CHARS = 64
PREMIUM_TITLE_CHARS_MAX = 100
PRODUCERS_MAX = 200
"""Producers who decide on one premium."""
PURPOSE_CHARS_MAX = 100

PremiumMinor = Annotated[int, Range(1, 2**63 - 1)]
PremiumId = Annotated[Id16, Ref("premiums")]


@dataclass(frozen=True, slots=True)
class CostTold:
    """What one unit costs in one respect."""

    name: Annotated[str, AtMost(COST_NAME_CHARS_MAX), Doc("what it is for: seed, picking, the bus")]
    amount: Annotated[Amount, Doc("how much; with hours: what one hour is paid")]
    kind: Annotated[CostKind, Doc("what sort of cost it is")] = CostKind.OTHER
    hours: Annotated[
        str | None,
        AtMost(QUANTITY_CHARS_MAX),
        Doc("how many hours one unit takes, such as 0.12; none: the amount is all"),
    ] = None
    source: Annotated[
        str, AtMost(COST_SOURCE_CHARS_MAX), Doc("what the figure rests on: an invoice, a time book, a recipe")
    ] = ""


@dataclass(frozen=True, slots=True)
class PublishCostSheet:
    """Tell what making one unit of something costs you: offers that name it are sold at a price that covers it."""

    title: Annotated[str, AtMost(INTENT_TITLE_CHARS_MAX), Doc("what is made")]
    lines: Annotated[tuple[CostTold, ...], AtMost(COST_LINES_MAX), Doc("what one unit costs, line by line")]
    unit: Annotated[
        str | None, AtMost(QUANTITY_CHARS_MAX), Doc("of what the costs are, such as kg; default: of one piece")
    ] = None
    code: Annotated[str, AtMost(CODE_CHARS), Doc("which item it is, by five digits of CPC 2.1")] = ""
    currency: Annotated[Code | None, Ref("currencies"), Doc("the currency's code; default: the only one")] = None
    fund: Annotated[str, AtMost(PART_CHARS_MAX), Doc("which part of the price goes to a common fund, such as 5%")] = (
        "0%"
    )
    advance: Annotated[
        str,
        AtMost(PART_CHARS_MAX),
        Doc("which part you ask for before delivery, without interest: 0%, or 50% and more"),
    ] = "0%"
    evidence: Annotated[
        str | None,
        AtMost(EVIDENCE_CHARS),
        Doc("the SHA-256, in hexadecimal, of the papers by which it can be checked"),
    ] = None
    days: Annotated[Annotated[int, Range(1, SHEET_DAYS_MAX)], Doc("how many days from now on it stands")] = 90
    seers: Annotated[Seers, Doc("who reads it")] = Seers.EVERYBODY
    sheet: Annotated[Id16 | None, Uuid, Ref("cost-sheets"), Doc("the cost sheet that it takes the place of")] = None
    member: Annotated[str | None, AtMost(ADDRESS_CHARS_MAX), Ref("members"), Doc("who makes it; default: you")] = None


@dataclass(frozen=True, slots=True)
class CostSheetPublished:
    """A producer tells its costs, anew or in the place of what it said, by signed wish or word (custodial)."""

    KIND: ClassVar[str] = "fairtrade/cost-sheet-published"
    OPERATION: ClassVar[str] = "cost-sheets.publish"
    WISH: ClassVar[type[PublishCostSheet]] = PublishCostSheet
    sheet: Annotated[Id16, Ref("cost-sheets")]
    signed: Signed | None
    word: PublishCostSheet | None


@dataclass(frozen=True, slots=True)
class PremiumOpened:
    """A group of producers has a premium in a currency: what is paid into it they spend together."""

    KIND: ClassVar[str] = "fairtrade/premium-opened"
    premium: Id16
    title: Annotated[str, AtMost(PREMIUM_TITLE_CHARS_MAX)]
    currency: Code
    producers: Annotated[tuple[MemberId, ...], AtMost(PRODUCERS_MAX)]


@dataclass(frozen=True, slots=True)
class PayPremium:
    """Pay into the premium of a group of producers, beside or inside the price; they decide together what it is for."""

    premium: Annotated[Id16, Uuid, Doc("the premium")]
    amount: Annotated[Amount, Doc("how much")]
    member: Annotated[str | None, AtMost(ADDRESS_CHARS_MAX), Ref("members"), Doc("who pays; default: you")] = None


@dataclass(frozen=True, slots=True)
class PremiumPaid:
    """A member pays into a premium, by signed wish or word (custodial)."""

    KIND: ClassVar[str] = "fairtrade/premium-paid"
    OPERATION: ClassVar[str] = "premiums.pay"
    WISH: ClassVar[type[PayPremium]] = PayPremium
    signed: Signed | None
    word: PayPremium | None


@dataclass(frozen=True, slots=True)
class PremiumSpent:
    """The producers spend so much of their premium, in minor units, for a purpose."""

    KIND: ClassVar[str] = "fairtrade/premium-spent"
    premium: PremiumId
    payee: AccountId
    amount: PremiumMinor
    purpose: Annotated[str, AtMost(PURPOSE_CHARS_MAX)]


@dataclass(frozen=True, slots=True)
class ReferenceNoted:
    """What one unit of an item is sold at elsewhere, at a day, by a source; it binds nobody."""

    KIND: ClassVar[str] = "fairtrade/reference-noted"
    reference: Id16
    title: Annotated[str, AtMost(INTENT_TITLE_CHARS_MAX)]
    code: Annotated[str, AtMost(CODE_CHARS)]
    unit: Annotated[str, AtMost(3)]
    currency: Code
    price: PriceMinor
    source: Annotated[str, AtMost(PURPOSE_CHARS_MAX)]
    at_ms: Time
