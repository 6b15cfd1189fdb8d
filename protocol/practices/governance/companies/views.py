# SPDX-License-Identifier: AGPL-3.0-or-later
"""Companies as all members see them, what their workers wish, and what waits for them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

from protocol.book.addresses import ADDRESS_CHARS_MAX
from protocol.book.arrivals import since
from protocol.book.book import Book
from protocol.book.declaration import At, Desk, Doc, Entered, Errand, News, Ref, RowsWanted, TextRef, Urgency
from protocol.book.money import Amount, decimal
from protocol.book.personal import shown_text
from protocol.book.refusals import NOT_FOUND, Refused, refuse
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.wishes import said_in
from protocol.practices.governance.companies.entries import (
    WORKERS_MAX,
    Advanced,
    CompanyFounded,
    Confirmed,
    ConfirmWork,
    FoundCompany,
    Hired,
    HourPay,
    Logged,
    LogWork,
    SurplusAllocated,
    SurplusPart,
    TakeAdvance,
    Worker,
    WorkersSet,
)
from protocol.practices.governance.companies.rules import company_of, sayer
from protocol.practices.governance.companies.state import (
    HIRED_MOST,
    HOURS_SCALE,
    PAY_SPREAD_MOST,
    WORK,
    Companies,
    Company,
    MonthShared,
    WorkKept,
    WorkState,
    hours_in,
)
from protocol.practices.money.dues.entries import Period
from protocol.practices.people.authority import may_see
from protocol.wire.shape import AtMost


@dataclass(frozen=True, slots=True)
class SetWorkers:
    """Choose who works in a company, what an hour of each is worth, and tell how many are hired: its workers vote."""

    # Not marked as naming members: whom a motion is about does not vote on it, and all who work there do.
    workers: Annotated[tuple[Worker, ...], AtMost(WORKERS_MAX), Doc("the handles of all workers from then on")]
    pay: Annotated[
        tuple[HourPay, ...],
        AtMost(WORKERS_MAX),
        Doc("what an hour of each is worth, in percent of the plain one, in the order of workers; none: all 100"),
    ] = ()
    hired: Annotated[Hired | None, Doc("how many others work there for wages; default: as before")] = None


@dataclass(frozen=True, slots=True)
class AllocateSurplus:
    """Share out a month's surplus, or book its loss: the workers vote, and the parts sum to it exactly."""

    surplus: Annotated[Amount, Doc("the surplus of the month; below zero: its loss, which the reserve covers")]
    period: Annotated[Period | None, Doc("of which month, such as 202701; default: this month")] = None
    reserve_basis_points: Annotated[
        SurplusPart | None, Doc("for the reserve, in hundredths of a percent; default: companies.reserve")
    ] = None
    network_basis_points: Annotated[
        SurplusPart | None, Doc("for the network's commons, in hundredths of a percent; default: companies.network")
    ] = None
    education_basis_points: Annotated[
        SurplusPart | None, Doc("for education, in hundredths of a percent; default: companies.education")
    ] = None
    capital_basis_points: Annotated[
        SurplusPart, Doc("how much of each share stays in its worker's capital account, in hundredths of a percent")
    ] = 0


@dataclass(frozen=True, slots=True)
class CompaniesWanted:
    """All companies."""


@dataclass(frozen=True, slots=True)
class WorkerShown:
    """A worker of a company."""

    member: Annotated[str, Doc("the handle")]
    pay: Annotated[int, Doc("what an hour is worth, in percent of the plain one")]
    hours: Annotated[str, Doc("hours that count and are not shared out yet")]
    capital: Annotated[Amount | None, Doc("what stands in the capital account; null: not for you to see")]
    advances: Annotated[Amount | None, Doc("what was paid in advance and is still open; null: not for you to see")]


@dataclass(frozen=True, slots=True)
class WorkerShareShown:
    """A worker's share of a month."""

    member: Annotated[str, Doc("the handle")]
    hours: Annotated[str, Doc("the hours that counted")]
    share: Annotated[Amount, Doc("the whole share")]
    kept: Annotated[Amount, Doc("what of it went to the capital account")]
    repaid: Annotated[Amount, Doc("what of it repaid advances")]
    paid: Annotated[Amount, Doc("what was paid")]


@dataclass(frozen=True, slots=True)
class MonthShown:
    """What a month's surplus was shared into; the parts sum to it."""

    period: Annotated[int, Doc("the month, such as 202701")]
    surplus: Annotated[Amount, Doc("the surplus; below zero: the loss")]
    losses: Annotated[Amount, Doc("what earlier losses took first; below zero, what the reserve gave for a loss")]
    reserve: Annotated[Amount, Doc("for the reserve")]
    network: Annotated[Amount, Doc("for the network's commons")]
    education: Annotated[Amount, Doc("for education")]
    shares: Annotated[tuple[WorkerShareShown, ...], Doc("what workers got")]


@dataclass(frozen=True, slots=True)
class CompanyShown:
    """A company that its workers govern."""

    id: Annotated[str, Doc("the id of the member that it is")]
    handle: Annotated[str, Doc("its handle")]
    currency: Annotated[str, Doc("in which currency it reckons")]
    workers: Annotated[tuple[WorkerShown, ...], Doc("its workers, with one vote each")]
    electorate: Annotated[str, Doc("the electorate of its motions")]
    pay_spread: Annotated[str, Doc("how much the highest pay is of the lowest")]
    pay_spread_most: Annotated[str, Doc("how much it may be")]
    hired: Annotated[int, Doc("how many others work there for wages")]
    hired_part: Annotated[str, Doc("how large a part of all who work there they are")]
    hired_most: Annotated[str, Doc("above which part the coordinators are told")]
    reserve: Annotated[Amount, Doc("what stands in its reserve")]
    education: Annotated[Amount, Doc("what is kept for education")]
    losses: Annotated[Amount, Doc("losses that no reserve has covered yet")]
    waiting: Annotated[int, Doc("how many logs of hours nobody has confirmed")]
    months: Annotated[tuple[MonthShown, ...], Doc("the months that were shared out, the newest last")]
    founded_at: Annotated[At, Doc("since when it is a company")]


@dataclass(frozen=True, slots=True)
class WorkWanted:
    """Hours that were logged: your own; of a company, those of all who work there."""

    company: Annotated[str | None, AtMost(ADDRESS_CHARS_MAX), Ref("members"), Doc("the handle of the company")] = None
    state: Annotated[WorkState | None, Doc("only those that are waiting, counted or lapsed")] = None


@dataclass(frozen=True, slots=True)
class WorkShown:
    """Hours that a worker has logged."""

    id: Annotated[str, Doc("its UUID")]
    state: Annotated[WorkState, Doc("waiting for a colleague, counted, or lapsed as nobody confirmed it in time")]
    company: Annotated[str, Doc("the handle of the company")]
    worker: Annotated[str, Doc("the handle of who has worked")]
    period: Annotated[int, Doc("in which month, such as 202701")]
    hours: Annotated[str, Doc("how many")]
    confirmed_by: Annotated[str | None, Doc("who has confirmed it; null where its worker signed it, or nobody has")]
    note: Annotated[TextRef | None, Doc("what was done")]
    created_at: Annotated[At, Doc("when it was logged")]


def view_company(desk: Desk, name: str) -> CompanyShown | Refused:
    company = company_of(desk.book, name)
    return company if isinstance(company, Refused) else _shown(desk, company)


def view_companies(desk: Desk, wanted: CompaniesWanted, after: int) -> Iterable[tuple[int, CompanyShown]]:
    del wanted
    found = since(list(desk.book.of(Companies).by_member.values()), after)
    return ((cursor, _shown(desk, one)) for cursor, one in found)


def view_work(desk: Desk, name: str) -> WorkShown | Refused:
    work = desk.book.rows(WORK).get(parse_uuid(name) or b"")
    return refuse(NOT_FOUND) if work is None or not _may_see(desk, work) else _work_shown(desk.book, work)


def view_works(desk: Desk, wanted: WorkWanted, after: int, limit: int) -> RowsWanted | Refused:
    book, actor = desk.book, desk.actor
    by = None if may_see(actor) else (("worker", actor.member or ""),)
    if wanted.company is not None:
        company = company_of(book, wanted.company)
        if isinstance(company, Refused):
            return company
        by = (("company", company.member),)
    return RowsWanted(
        WORK,
        after,
        limit,
        show=lambda work: _work_shown(book, work),
        by=by,
        wanted=lambda work: wanted.state in (None, work.state) and _may_see(desk, work),
    )


def _may_see(desk: Desk, work: WorkKept) -> bool:
    company = desk.book.of(Companies).by_member.get(work.company)
    return may_see(desk.actor, work.company, work.worker, *(() if company is None else company.pay))


def _work_shown(book: Book, work: WorkKept) -> WorkShown:
    return WorkShown(
        id=uuid_text(work.id),
        state=work.state,
        company=book.members[work.company].handle,
        worker=book.members[work.worker].handle,
        period=work.period,
        hours=decimal(work.hours, HOURS_SCALE),
        confirmed_by=None if work.confirmed_by is None else book.members[work.confirmed_by].handle,
        note=shown_text(work.note),
        created_at=work.at_ms,
    )


def _shown(desk: Desk, company: Company) -> CompanyShown:
    book, code = desk.book, company.currency
    show = PAY_SPREAD_MOST.kind.show
    waiting = book.rows(WORK).find("company", company.member)
    return CompanyShown(
        id=company.member,
        handle=book.members[company.member].handle,
        currency=code,
        workers=tuple(_worker_shown(desk, company, one, pay) for one, pay in company.pay.items()),
        electorate=company.electorate,
        pay_spread=show(company.spread, 0),
        pay_spread_most=show(book.parameter(PAY_SPREAD_MOST), 0),
        hired=company.hired,
        hired_part=show(company.hired_part, 0),
        hired_most=show(book.parameter(HIRED_MOST), 0),
        reserve=book.amount(code, company.reserve_minor),
        education=book.amount(code, company.education_minor),
        losses=book.amount(code, company.uncovered_minor),
        waiting=len([1 for one in waiting if one.state is WorkState.WAITING]),
        months=tuple(_month_shown(desk, company, month) for month in company.months),
        founded_at=company.at_ms,
    )


def _worker_shown(desk: Desk, company: Company, worker: str, pay: int) -> WorkerShown:
    book = desk.book
    hours = sum(hours_in(book, company, period).get(worker, 0) for period in company.hours)
    seen = may_see(desk.actor, company.member, worker)
    return WorkerShown(
        member=book.members[worker].handle,
        pay=pay,
        hours=decimal(hours, HOURS_SCALE),
        capital=book.amount(company.currency, company.capital.get(worker, 0)) if seen else None,
        advances=book.amount(company.currency, company.advances.get(worker, 0)) if seen else None,
    )


def _month_shown(desk: Desk, company: Company, month: MonthShared) -> MonthShown:
    book = desk.book

    def amount(minor: int) -> Amount:
        return book.amount(company.currency, minor)

    shares = (
        WorkerShareShown(
            book.members[one.worker].handle,
            decimal(one.hours, HOURS_SCALE),
            *map(amount, (one.share_minor, one.kept_minor, one.repaid_minor, one.paid_minor)),
        )
        for one in month.shares
    )
    return MonthShown(
        month.period,
        amount(month.surplus_minor),
        amount(month.covered_minor),
        amount(month.reserve_minor),
        amount(month.network_minor),
        amount(month.education_minor),
        tuple(shares),
    )


def news(book: Book, entered: Entered) -> Iterable[News]:
    match entered.body:
        case CompanyFounded() as body:
            member = book.members[book.member_by_handle.get(said := sayer(said_in(book, body, FoundCompany)), said)].id
            yield News("company.founded", member, _people(book, member))
        case WorkersSet(member):
            yield News("company.workers-set", member, _people(book, member))
        case Advanced() as body:
            company = company_of(book, said_in(book, body, TakeAdvance).wish.company)
            assert isinstance(company, Company)
            yield News("company.advanced", company.member, _people(book, company.member))
        case SurplusAllocated(member, period):
            yield News("company.allocated", member, _people(book, member), {"period": period})
        case Logged() as body:
            yield _work_news(book, "logged", said_in(book, body, LogWork).wish.work)
        case Confirmed() as body:
            yield _work_news(book, "confirmed", said_in(book, body, ConfirmWork).wish.work)
        case _:
            raise AssertionError(entered.body)


def _work_news(book: Book, word: str, name: bytes | None) -> News:
    work = book.rows(WORK)[name or b""]
    return News(f"work.{word}", uuid_text(work.id), (work.company, work.worker))


def _people(book: Book, member: str) -> tuple[str, ...]:
    return (member, *book.of(Companies).by_member[member].pay)


def today(desk: Desk) -> Iterator[Errand]:
    """Yield the hours of colleagues that a worker may confirm."""
    book, member = desk.book, desk.actor.member
    for company in book.of(Companies).by_member.values():
        if member not in company.pay:
            continue
        for work in book.rows(WORK).find("company", company.member):
            if work.state is WorkState.WAITING and work.worker != member:
                yield Errand(
                    uuid_text(work.id),
                    book.members[work.worker].handle,
                    "work.to_confirm",
                    f"{decimal(work.hours, HOURS_SCALE)} hours are logged, and wait for a colleague to confirm them",
                    "work.confirm",
                    Urgency.WAITED_FOR,
                )


def week(desk: Desk) -> Iterator[Errand]:
    """Yield the companies in which more are hired than the group wants, and those whose losses nothing covers."""
    book = desk.book
    most = book.parameter(HIRED_MOST)
    for company in book.of(Companies).by_member.values():
        handle = book.members[company.member].handle
        if company.hired_part > most:
            yield Errand(
                company.member,
                handle,
                "companies.hired",
                "More people are hired than the group wants beside those who vote",
                "companies.show",
                Urgency.PEOPLE,
                count=company.hired,
            )
        if company.uncovered_minor:
            yield Errand(
                company.member,
                handle,
                "companies.losses",
                "Its reserve does not cover its losses",
                "companies.show",
                Urgency.NEAR_LIMIT,
                figure=book.amount(company.currency, company.uncovered_minor),
            )
