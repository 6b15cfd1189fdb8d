# SPDX-License-Identifier: AGPL-3.0-or-later
"""What members sign, and the ledger says, of funds: pots of a group, and what comes and goes."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar

from protocol.book.declaration import Doc, Ref, Uuid
from protocol.book.money import Amount
from protocol.book.signed import Id16, Signed
from protocol.practices.money.currencies.entries import Code
from protocol.wire.shape import AtMost, Range

FUND_TITLE_CHARS_MAX = 100

FundMinor = Annotated[int, Range(1, 2**63 - 1)]


class FundKind(StrEnum):
    """What a fund is for: it lends on the word of neighbours, or as its savers' own bank; it pays for losses; else."""

    LENDING = "lending"
    BANK = "bank"
    GUARANTEE = "guarantee"
    OTHER = "other"


class FundPart(StrEnum):
    """As what a member pays in: for good, as savings that stay hers, or as her share in it."""

    GIFT = "gift"
    SAVINGS = "savings"
    SHARE = "share"


@dataclass(frozen=True, slots=True)
class FundCreated:
    """The group has a fund, in one currency; what it loses is first paid by another, the fund that is its guarantee."""

    KIND: ClassVar[str] = "funds/created"
    fund: Id16
    title: Annotated[str, AtMost(FUND_TITLE_CHARS_MAX)]
    currency: Code
    kind: FundKind
    guarantee: Id16 | None


@dataclass(frozen=True, slots=True)
class PayFund:
    """Pay into a fund: for good, or as savings or a share of yours, which it pays back."""

    fund: Annotated[Id16, Uuid, Doc("the fund")]
    amount: Annotated[Amount, Doc("how much")]
    part: Annotated[FundPart, Doc("gift: for good; savings or share: they stay yours")] = FundPart.GIFT
    member: Annotated[str | None, AtMost(64), Ref("members"), Doc("who pays; default: you")] = None


@dataclass(frozen=True, slots=True)
class FundPaid:
    """A member pays into a fund, by signed wish or word (custodial)."""

    KIND: ClassVar[str] = "funds/paid"
    OPERATION: ClassVar[str] = "funds.pay"
    WISH: ClassVar[type[PayFund]] = PayFund
    signed: Signed | None
    word: PayFund | None


@dataclass(frozen=True, slots=True)
class WithdrawFund:
    """Take savings, or a share, of yours out of a fund."""

    fund: Annotated[Id16, Uuid, Doc("the fund")]
    amount: Annotated[Amount, Doc("how much")]
    part: Annotated[FundPart, Doc("savings or share")] = FundPart.SAVINGS
    member: Annotated[str | None, AtMost(64), Ref("members"), Doc("whose they are; default: yours")] = None


@dataclass(frozen=True, slots=True)
class FundWithdrawn:
    """A member takes back what is hers, by signed wish or word (custodial)."""

    KIND: ClassVar[str] = "funds/withdrawn"
    OPERATION: ClassVar[str] = "funds.withdraw"
    WISH: ClassVar[type[WithdrawFund]] = WithdrawFund
    signed: Signed | None
    word: WithdrawFund | None


@dataclass(frozen=True, slots=True)
class FundMoved:
    """The group moves so much (minor units) from one fund to another of the currency; None stands for the commons."""

    KIND: ClassVar[str] = "funds/moved"
    source: Id16 | None
    target: Id16 | None
    amount: FundMinor
