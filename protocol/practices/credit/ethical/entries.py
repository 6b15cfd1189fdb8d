# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the ledger says of a bank that is chosen by its effect: its savers' wishes, what loans do, what is published."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar

from protocol.book.declaration import Ref
from protocol.book.signed import Digest, Id16, MemberId
from protocol.wire.shape import AtMost, Length, Range

SECTORS = "ABCDEFGHIJKLMNOPQRSTUV"
"""The sections of ISIC, revision 5, by letter: A agriculture, C manufacturing, and so on."""
SECTORS_NAMED_MAX = 22
SCORES_MAX = 8
SCORE_MAX = 100
ENTERPRISE_CHARS_MAX = 100

SectorLetter = Annotated[str, Length(1)]
AssessedLoan = Annotated[Id16, Ref("loans")]
NoticeMinor = Annotated[int, Range(1, 2**63 - 1)]


class SocialCriterion(StrEnum):
    """What an assessment looks at."""

    LABOUR = "labour"
    ECOLOGY = "ecology"
    OWNERSHIP = "ownership"
    NEED = "need"
    OPENNESS = "openness"


@dataclass(frozen=True, slots=True)
class BankDeclared:
    """The group wants a fund to be an ethical bank: it keeps its floor, and tells what its money does."""

    KIND: ClassVar[str] = "ethical/declared"
    fund: Id16


@dataclass(frozen=True, slots=True)
class SectorsPreferred:
    """A saver names the sectors that her money should go to; none: any."""

    KIND: ClassVar[str] = "ethical/preferred"
    fund: Id16
    member: MemberId
    sectors: Annotated[tuple[SectorLetter, ...], AtMost(SECTORS_NAMED_MAX)]


@dataclass(frozen=True, slots=True)
class SocialScore:
    """How well a loan does by a criterion, of 100, and from where that is known: an erasable text by its digest."""

    criterion: SocialCriterion
    score: Annotated[int, Range(0, SCORE_MAX)]
    source: Digest | None


@dataclass(frozen=True, slots=True)
class LoanAssessed:
    """What a loan is for and does, as those who coordinate see it; it takes the place of an earlier one."""

    KIND: ClassVar[str] = "ethical/assessed"
    loan: AssessedLoan
    sector: SectorLetter
    scores: Annotated[tuple[SocialScore, ...], AtMost(SCORES_MAX)]


@dataclass(frozen=True, slots=True)
class LoanPublished:
    """All may know that this enterprise has borrowed; a person's loan never is published."""

    KIND: ClassVar[str] = "ethical/published"
    loan: AssessedLoan
    enterprise: Annotated[str, AtMost(ENTERPRISE_CHARS_MAX)]


@dataclass(frozen=True, slots=True)
class WithdrawalNoticed:
    """A saver gives notice that she will withdraw so much (minor units)."""

    KIND: ClassVar[str] = "ethical/noticed"
    fund: Id16
    member: MemberId
    amount: NoticeMinor


@dataclass(frozen=True, slots=True)
class LoanPublication:
    """An item of a board: to which enterprise a bank lends how much (minor units at `scale`), in which sector."""

    KIND: ClassVar[str] = "ethical/publication"
    bank: Annotated[str, AtMost(100)]
    enterprise: Annotated[str, AtMost(ENTERPRISE_CHARS_MAX)]
    sector: SectorLetter
    currency: Annotated[str, AtMost(12)]
    scale: Annotated[int, Range(0, 9)]
    amount: NoticeMinor
    scores: Annotated[tuple[SocialScore, ...], AtMost(SCORES_MAX)]


EthicalSaid = BankDeclared | SectorsPreferred | LoanAssessed | LoanPublished | WithdrawalNoticed
