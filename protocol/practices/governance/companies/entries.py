# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the ledger says of self-managed companies, and what their members sign of hours and advances."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from protocol.book.addresses import ADDRESS_CHARS_MAX
from protocol.book.declaration import Doc, OwnId, Ref, Uuid
from protocol.book.money import BASIS_POINTS, Amount
from protocol.book.personal import Note
from protocol.book.signed import Id16, MemberId, Minor, Signed
from protocol.practices.money.currencies.entries import Code
from protocol.practices.money.dues.entries import Period
from protocol.wire.shape import AtMost, Range

WORKERS_MAX = 100
HIRED_MAX = 10_000
HOURS_CHARS_MAX = 8
PAY_PLAIN = 100
"""What a worker's hour is worth where nothing is said of it, in percent."""
PAY_MAX = 10_000

Worker = Annotated[str, AtMost(ADDRESS_CHARS_MAX)]
HourPay = Annotated[int, Range(1, PAY_MAX)]
Hired = Annotated[int, Range(0, HIRED_MAX)]
SurplusPart = Annotated[int, Range(0, BASIS_POINTS)]


@dataclass(frozen=True, slots=True)
class FoundCompany:
    """Become a company that its workers govern: each has one vote on its surplus and on who works there."""

    currency: Annotated[Code, Doc("in which currency it reckons")]
    workers: Annotated[tuple[Worker, ...], AtMost(WORKERS_MAX), Doc("the handles of its first workers")]
    pay: Annotated[
        tuple[HourPay, ...],
        AtMost(WORKERS_MAX),
        Doc("what an hour of each is worth, in percent of the plain one, in the order of workers; none: all 100"),
    ] = ()
    member: Annotated[
        str | None, AtMost(ADDRESS_CHARS_MAX), Doc("the member that is the company; default: yourself")
    ] = None


@dataclass(frozen=True, slots=True)
class CompanyFounded:
    """A member is a company from now on, by its signed wish or by word of mouth."""

    KIND: ClassVar[str] = "companies/founded"
    OPERATION: ClassVar[str] = "companies.create"
    WISH: ClassVar[type[FoundCompany]] = FoundCompany
    signed: Signed | None
    word: FoundCompany | None


@dataclass(frozen=True, slots=True)
class WorkersSet:
    """These are the workers from now on, as those until now have voted; who goes is paid its capital.

    `pay` tells in percent what an hour of each is worth, `hired` how many others work there for wages.
    """

    KIND: ClassVar[str] = "companies/workers-set"
    company: MemberId
    workers: Annotated[tuple[MemberId, ...], AtMost(WORKERS_MAX)]
    pay: Annotated[tuple[HourPay, ...], AtMost(WORKERS_MAX)]
    hired: Hired


@dataclass(frozen=True, slots=True)
class LogWork:
    """Say how many hours you have worked in a company; said without a key, another worker has to confirm it."""

    company: Annotated[str, AtMost(ADDRESS_CHARS_MAX), Doc("the company's handle")]
    hours: Annotated[str, AtMost(HOURS_CHARS_MAX), Doc("how many, with at most two decimals: 160 or 7.5")]
    period: Annotated[Period | None, Doc("in which month, such as 202701; default: this month")] = None
    note: Annotated[Note | None, Doc("what was done; kept outside the ledger, erasable")] = None
    member: Annotated[str | None, AtMost(ADDRESS_CHARS_MAX), Doc("who has worked; default: yourself")] = None
    work: Annotated[Id16 | None, Uuid, OwnId, Doc("your own UUID for it; makes a retry safe")] = None


@dataclass(frozen=True, slots=True)
class Logged:
    """A worker has worked, by its signed wish, which counts at once, or by word of mouth, which waits."""

    KIND: ClassVar[str] = "work/logged"
    OPERATION: ClassVar[str] = "work.create"
    WISH: ClassVar[type[LogWork]] = LogWork
    signed: Signed | None
    word: LogWork | None


@dataclass(frozen=True, slots=True)
class ConfirmWork:
    """Confirm the hours of another worker of your company."""

    work: Annotated[Id16, Uuid, Ref("work"), Doc("which hours")]
    member: Annotated[str | None, AtMost(ADDRESS_CHARS_MAX), Doc("who confirms; default: yourself")] = None


@dataclass(frozen=True, slots=True)
class Confirmed:
    """Another worker confirms hours, which count from now on."""

    KIND: ClassVar[str] = "work/confirmed"
    OPERATION: ClassVar[str] = "work.confirm"
    WISH: ClassVar[type[ConfirmWork]] = ConfirmWork
    signed: Signed | None
    word: ConfirmWork | None


@dataclass(frozen=True, slots=True)
class TakeAdvance:
    """Pay a worker in advance, out of the company's account; its next share is smaller by it."""

    company: Annotated[str, AtMost(ADDRESS_CHARS_MAX), Doc("the company's handle, as the path names it")]
    worker: Annotated[str, AtMost(ADDRESS_CHARS_MAX), Doc("the handle of who is paid")]
    amount: Annotated[Amount, Doc("how much")]


@dataclass(frozen=True, slots=True)
class Advanced:
    """A company pays a worker in advance, by its signed wish or by word of mouth."""

    KIND: ClassVar[str] = "companies/advanced"
    OPERATION: ClassVar[str] = "companies.advance"
    WISH: ClassVar[type[TakeAdvance]] = TakeAdvance
    signed: Signed | None
    word: TakeAdvance | None


@dataclass(frozen=True, slots=True)
class SurplusAllocated:
    """The workers share out a month's surplus (minor units), or see its loss, which is below zero.

    Reserve, network fund and education are amounts; what is left is shared by hours and pay, by largest remainder.
    `capital` is the part of each share, in hundredths of a percent, that stays in its worker's capital account.
    """

    KIND: ClassVar[str] = "companies/allocated"
    company: MemberId
    period: Period
    surplus: Minor
    reserve: Minor
    network: Minor
    education: Minor
    capital: SurplusPart
