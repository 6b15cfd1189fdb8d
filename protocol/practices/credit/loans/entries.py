# SPDX-License-Identifier: AGPL-3.0-or-later
"""What members sign, and the ledger says, of loans: asked for, vouched for, decided, paid out, repaid, given up."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar

from protocol.book.declaration import Doc, OwnId, Ref, Uuid
from protocol.book.money import Amount
from protocol.book.personal import Note
from protocol.book.signed import Id16, MemberId, Signed
from protocol.practices.credit.loans.instalments import EarlyRepayment, InterestMethod
from protocol.wire.shape import AtMost, Range

VOUCHERS_MAX = 12
LOAN_MONTHS_MAX = 120
LOAN_RATE_MAX = 10_00
"""The highest rate that a group can allow: 10% a month."""
LOAN_DAY_CHARS_MAX = 10

Months = Annotated[int, Range(1, LOAN_MONTHS_MAX)]
DayText = Annotated[str, AtMost(LOAN_DAY_CHARS_MAX)]
"""A day by the group's clocks: 2027-01-31."""
LentMinor = Annotated[int, Range(0, 2**63 - 1)]
Loans = Annotated[Id16, Ref("loans")]


class LoanKind(StrEnum):
    """What is bought with it: what the house needs, without interest, or what brings an income."""

    CONSUMPTION = "consumption"
    PRODUCTIVE = "productive"


@dataclass(frozen=True, slots=True)
class RequestLoan:
    """Ask a fund for a loan, and neighbours to vouch for you; you agree to these terms."""

    fund: Annotated[Id16, Uuid, Doc("the fund that is to lend")]
    amount: Annotated[Amount, Doc("how much")]
    months: Annotated[Months, Doc("in how many monthly instalments it is repaid")]
    vouchers: Annotated[
        tuple[Annotated[str, AtMost(64)], ...],
        AtMost(VOUCHERS_MAX),
        Doc("the handles of those whom you ask to vouch; a signed wish names them by id"),
    ] = ()
    kind: Annotated[LoanKind, Doc("consumption: without interest; productive: at a monthly rate, if any")] = (
        LoanKind.CONSUMPTION
    )
    rate: Annotated[
        int, Range(0, LOAN_RATE_MAX), Doc("interest a month, in hundredths of a percent: 100 is 1% a month")
    ] = 0
    method: Annotated[
        InterestMethod, Doc("declining: interest of what is still owed; flat: of what was lent, each month")
    ] = InterestMethod.DECLINING
    first: Annotated[
        DayText | None, Doc("when the first instalment is due, 2027-01-31; default: a month after it is paid out")
    ] = None
    purpose: Annotated[Note | None, Doc("what it is for; erasable, seen by who decides and who vouches")] = None
    member: Annotated[str | None, AtMost(64), Ref("members"), Doc("who asks; default: you")] = None
    loan: Annotated[Id16 | None, Uuid, OwnId, Doc("a UUID of your own for the loan")] = None


@dataclass(frozen=True, slots=True)
class LoanRequested:
    """A member asks for a loan, by signed wish or word (custodial)."""

    KIND: ClassVar[str] = "loans/requested"
    OPERATION: ClassVar[str] = "loans.create"
    WISH: ClassVar[type[RequestLoan]] = RequestLoan
    signed: Signed | None
    word: RequestLoan | None


@dataclass(frozen=True, slots=True)
class VouchForLoan:
    """Vouch for who has asked you; as a guarantor you pay your part of what is never repaid."""

    loan: Annotated[Id16, Uuid, Ref("loans"), Doc("the loan")]
    guarantee: Annotated[bool, Doc("you are its guarantor, and pay your part of what it loses")] = False
    member: Annotated[str | None, AtMost(64), Ref("members"), Doc("who vouches; default: you")] = None


@dataclass(frozen=True, slots=True)
class LoanVouched:
    """A member who was asked vouches, by signed wish or word (custodial)."""

    KIND: ClassVar[str] = "loans/vouched"
    OPERATION: ClassVar[str] = "loans.vouch"
    WISH: ClassVar[type[VouchForLoan]] = VouchForLoan
    signed: Signed | None
    word: VouchForLoan | None


@dataclass(frozen=True, slots=True)
class LoanWithdrawn:
    """The loan is not wanted any more, and was not paid out."""

    KIND: ClassVar[str] = "loans/withdrawn"
    loan: Loans


@dataclass(frozen=True, slots=True)
class LoanApproved:
    """The committee has decided to lend on the terms that were asked for."""

    KIND: ClassVar[str] = "loans/approved"
    loan: Loans


@dataclass(frozen=True, slots=True)
class LoanDisbursed:
    """The fund pays it out; the first instalment is due on this day."""

    KIND: ClassVar[str] = "loans/disbursed"
    loan: Loans
    first: DayText


@dataclass(frozen=True, slots=True)
class RepayLoan:
    """Repay: fees first, then interest, then what was lent; the oldest instalment first."""

    loan: Annotated[Id16, Uuid, Ref("loans"), Doc("the loan")]
    amount: Annotated[Amount, Doc("how much")]
    early: Annotated[
        EarlyRepayment,
        Doc("where it is more than is due: keep_instalment: fewer instalments; keep_term: as many, and smaller"),
    ] = EarlyRepayment.KEEP_INSTALMENT
    member: Annotated[str | None, AtMost(64), Ref("members"), Doc("who has borrowed; default: you")] = None


@dataclass(frozen=True, slots=True)
class LoanRepaid:
    """Who has borrowed repays, by signed wish or word (custodial)."""

    KIND: ClassVar[str] = "loans/repaid"
    OPERATION: ClassVar[str] = "loans.repay"
    WISH: ClassVar[type[RepayLoan]] = RepayLoan
    signed: Signed | None
    word: RepayLoan | None


@dataclass(frozen=True, slots=True)
class LoanCharged:
    """The committee charges a fee (minor units), which is due at once and bears no interest."""

    KIND: ClassVar[str] = "loans/charged"
    loan: Loans
    fee: Annotated[int, Range(1, 2**63 - 1)]


@dataclass(frozen=True, slots=True)
class AskReschedule:
    """Ask for other instalments of what you still owe; you agree to them, and the committee decides."""

    loan: Annotated[Id16, Uuid, Ref("loans"), Doc("the loan")]
    months: Annotated[Months, Doc("in how many monthly instalments the rest is repaid")]
    first: Annotated[DayText | None, Doc("when the first of them is due; default: a month after the decision")] = None
    member: Annotated[str | None, AtMost(64), Ref("members"), Doc("who has borrowed; default: you")] = None


@dataclass(frozen=True, slots=True)
class RescheduleAsked:
    """Who has borrowed asks for other instalments, by signed wish or word (custodial)."""

    KIND: ClassVar[str] = "loans/reschedule-asked"
    OPERATION: ClassVar[str] = "loans.ask"
    WISH: ClassVar[type[AskReschedule]] = AskReschedule
    signed: Signed | None
    word: AskReschedule | None


@dataclass(frozen=True, slots=True)
class LoanRescheduled:
    """The rest is repaid as was asked for; the first instalment is due on this day. It counts as at risk ever after."""

    KIND: ClassVar[str] = "loans/rescheduled"
    loan: Loans
    first: DayText


@dataclass(frozen=True, slots=True)
class GuarantorPart:
    """What a guarantor pays, in minor units."""

    member: MemberId
    amount: LentMinor


@dataclass(frozen=True, slots=True)
class LoanWrittenOff:
    """The group gives it up: the guarantee pays so much of it, guarantors their parts, and the fund loses the rest."""

    KIND: ClassVar[str] = "loans/written-off"
    loan: Loans
    covered: LentMinor
    parts: Annotated[tuple[GuarantorPart, ...], AtMost(VOUCHERS_MAX)]
