# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the ledger says of a productive chain: who is in it, who buys what of whom, what could be founded.

Ids, codes, short keys, figures and digests: what an enterprise is called, and what a figure rests on, are texts beside
the lanes (docs/decisions/0012). Values are hundredths of the chain's unit of account, in a month; shares are parts of a
million; quantities are thousandths of their unit.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar

from protocol.book.signed import Digest, Id16, MemberId, MostMinor
from protocol.practices.market.intents import IntentPlace, Quantities
from protocol.practices.money.dues.entries import Period
from protocol.wire.shape import AtMost, Range, Spelt

ACCOUNT_SCALE = 2
"""Decimals of the unit of account in which a chain is reckoned."""
SHARE_PARTS = 1_000_000
ENTERPRISE_KEY_CHARS_MAX = 32
ENTERPRISE_KEY = f"[a-z][a-z0-9-]{{0,{ENTERPRISE_KEY_CHARS_MAX - 1}}}"
"""How the short key of an enterprise is spelt: emporium, soap-2."""
CHAIN_ITEM_CHARS_MAX = 40
ABROAD_KEY_CHARS_MAX = 100
RELATIONS_AT_ONCE = 150
"""Relations that one entry tells; a sheet with more becomes several."""
RELATIONS_REMOVED_AT_ONCE = 1_000
RECIPE_SHARES_MAX = 40
CRITERION_CHARS_MAX = 24
CRITERION = "[a-z][a-z0-9-]{0,23}"
SHEET_ROWS_MAX = 1_000_000

EnterpriseKey = Annotated[str, AtMost(ENTERPRISE_KEY_CHARS_MAX), Spelt(ENTERPRISE_KEY)]
ChainItem = Annotated[str, AtMost(CHAIN_ITEM_CHARS_MAX)]
"""What is bought: a code of CPC, or a word for it."""
ChainShare = Annotated[int, Range(0, SHARE_PARTS)]
SheetRow = Annotated[int, Range(1, SHEET_ROWS_MAX)]
IsicClass = Annotated[str, AtMost(4)]
CriterionName = Annotated[str, AtMost(CRITERION_CHARS_MAX), Spelt(CRITERION)]


class SegmentKind(StrEnum):
    """Which part of an economy an enterprise serves."""

    CONSUMPTION = "consumption"
    COMMERCE = "commerce"
    SERVICE = "service"
    PRODUCTION = "production"
    CREDIT = "credit"


class EnterpriseStatus(StrEnum):
    """Whether an enterprise is of the solidarity economy, on its way there, or outside."""

    SOLIDARITY = "solidarity"
    TRANSITION = "transition"
    OUTSIDE = "outside"


class SupplyEvidence(StrEnum):
    """What a figure rests on: somebody's word, an invoice, or payments in the book."""

    DECLARED = "declared"
    INVOICE = "invoice"
    ENTRY = "entry"


class MissingLinkState(StrEnum):
    """How far a missing link has come: bought outside, wanted, somebody found, on trial, stable, or failed."""

    OUTSIDE = "outside"
    WANTED = "wanted"
    MATCHED = "matched"
    TRIAL = "trial"
    STABLE = "stable"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class EnterpriseSaid:
    """An enterprise as it is known from now on; turnover, wages and surplus are of a month.

    One outside has no figures. No class: unknown.
    """

    KIND: ClassVar[str] = "enterprises/said"
    enterprise: Id16
    key: EnterpriseKey
    status: EnterpriseStatus
    isic: IsicClass
    segments: Annotated[tuple[SegmentKind, ...], AtMost(5)]
    turnover: MostMinor
    wages: MostMinor
    surplus: MostMinor
    name: Digest | None
    evidence: Digest | None
    place: IntentPlace | None
    member: MemberId | None


@dataclass(frozen=True, slots=True)
class EnterpriseRemoved:
    """There is no such enterprise in the chain any more."""

    KIND: ClassVar[str] = "enterprises/removed"
    enterprise: Id16


@dataclass(frozen=True, slots=True)
class SupplyRelation:
    """Somebody buys so much of an item in a month: no buyer, all households together; no month, each month.

    The supplier is an enterprise that is known here, or one of another network (`abroad`: network/key), or neither:
    somebody outside. `row` is where it stands in the sheet that it came in, `source` the digest of what it rests on.
    """

    relation: Id16
    buyer: Id16 | None
    item: ChainItem
    value: MostMinor
    evidence: SupplyEvidence
    supplier: Id16 | None
    abroad: Annotated[str, AtMost(ABROAD_KEY_CHARS_MAX)] | None
    quantity: Quantities | None
    unit: Annotated[str, AtMost(3)] | None
    period: Period | None
    row: SheetRow | None
    source: Digest | None


@dataclass(frozen=True, slots=True)
class SupplySaid:
    """These relations hold from now on; one under an id that there is takes its place."""

    KIND: ClassVar[str] = "supply/said"
    relations: Annotated[tuple[SupplyRelation, ...], AtMost(RELATIONS_AT_ONCE)]


@dataclass(frozen=True, slots=True)
class SupplyRemoved:
    """These relations hold no more."""

    KIND: ClassVar[str] = "supply/removed"
    relations: Annotated[tuple[Id16, ...], AtMost(RELATIONS_REMOVED_AT_ONCE)]


@dataclass(frozen=True, slots=True)
class RecipeShare:
    """Which share of its turnover a recipe spends on an item: with an enterprise that is known here, or outside."""

    item: ChainItem
    share: ChainShare
    enterprise: Id16 | None


@dataclass(frozen=True, slots=True)
class RecipeSaid:
    """An enterprise that could be founded to make an item; shares, wages and surplus are the whole of its turnover.

    `pledged` is the share of what is bought outside now that would be bought of it; below `minimum` a month it cannot
    work, beyond `capacity` it cannot make more; `hours` are of work in a month.
    """

    KIND: ClassVar[str] = "recipes/said"
    recipe: Id16
    key: EnterpriseKey
    item: ChainItem
    pledged: ChainShare
    shares: Annotated[tuple[RecipeShare, ...], AtMost(RECIPE_SHARES_MAX)]
    wages: ChainShare
    surplus: ChainShare
    investment: MostMinor
    minimum: MostMinor
    capacity: MostMinor | None
    hours: Quantities | None
    name: Digest | None


@dataclass(frozen=True, slots=True)
class RecipeMoved:
    """How far a missing link has come; `reason` is the digest of why it failed."""

    KIND: ClassVar[str] = "recipes/moved"
    recipe: Id16
    to: MissingLinkState
    reason: Digest | None


@dataclass(frozen=True, slots=True)
class RecipeFulfilled:
    """One more order of it was fulfilled, while it is on trial or stable."""

    KIND: ClassVar[str] = "recipes/fulfilled"
    recipe: Id16


@dataclass(frozen=True, slots=True)
class RecipeRemoved:
    """Nobody thinks of founding it any more."""

    KIND: ClassVar[str] = "recipes/removed"
    recipe: Id16


@dataclass(frozen=True, slots=True)
class CriterionSaid:
    """What is known of an enterprise by a criterion, from 0 to 1; no value: it is unknown.

    `day` is a year, month and day as one number, 20261130; `source` the digest of where it was read.
    """

    KIND: ClassVar[str] = "criteria/said"
    enterprise: Id16
    criterion: CriterionName
    value: ChainShare | None
    day: Annotated[int, Range(19_000_101, 30_001_231)] | None
    source: Digest | None


@dataclass(frozen=True, slots=True)
class CriterionRemoved:
    """What was said of an enterprise by a criterion counts no more."""

    KIND: ClassVar[str] = "criteria/removed"
    enterprise: Id16
    criterion: CriterionName


@dataclass(frozen=True, slots=True)
class SheetsTaken:
    """A group's sheets were taken in, with the entries before: so many rows of each."""

    KIND: ClassVar[str] = "chain-sheets/taken"
    sheets: Id16
    enterprises: SheetRow | None
    relations: SheetRow | None
    recipes: SheetRow | None
    criteria: SheetRow | None
    households: SheetRow | None
