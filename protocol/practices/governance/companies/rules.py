# SPDX-License-Identifier: AGPL-3.0-or-later
"""What every node asks of what is said of companies, and what it changes.

Money moves on the company's own word (an advance) or by the vote of its workers (the surplus, who goes and is paid its
capital). What the company's account has room for, and how far pay may be spread, is the author's to check.
"""

from collections.abc import Sequence
from typing import assert_never

from protocol.book.accounts import account_id
from protocol.book.addresses import resolve_member
from protocol.book.book import Book
from protocol.book.declaration import Entered, ungated
from protocol.book.members import Member
from protocol.book.money import Amount, minor_of, payable
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    CURRENCY_CLOSED,
    CURRENCY_UNKNOWN,
    DUPLICATE,
    FORBIDDEN,
    MALFORMED,
    MEMBER_UNKNOWN,
    NOT_FOUND,
    Reason,
    Refused,
    foremost,
    refuse,
)
from protocol.book.wishes import Said, said_in
from protocol.lanes.entry import Millis
from protocol.practices.governance.companies.entries import (
    Advanced,
    CompanyFounded,
    Confirmed,
    ConfirmWork,
    FoundCompany,
    Logged,
    LogWork,
    SurplusAllocated,
    TakeAdvance,
    WorkersSet,
)
from protocol.practices.governance.companies.refusals import MONTH_SHARED, NO_HOURS, NOT_A_WORKER
from protocol.practices.governance.companies.sharing import shared_postings, sharing
from protocol.practices.governance.companies.state import (
    HOURS_MAX,
    WORK,
    WORK_LIFE,
    Companies,
    Company,
    hours_in,
    hours_of,
    period_at,
)
from protocol.practices.people.authority import not_said_by

CompanySaid = CompanyFounded | WorkersSet | Logged | Confirmed | Advanced | SurplusAllocated


def check(book: Book, entered: Entered) -> Reason | None:
    assert isinstance(entered.body, CompanySaid)
    refused = book.misplaced(entered) or against_company(book, entered.body, entered.at_ms)
    return refused.reason if refused else None


def against_company(book: Book, body: CompanySaid, at_ms: Millis) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    match body:
        case CompanyFounded():
            return against_founding(book, said_in(book, body, FoundCompany))
        case Logged():
            return against_log(book, said_in(book, body, LogWork), at_ms)
        case Confirmed():
            return against_confirming(book, said_in(book, body, ConfirmWork))
        case Advanced():
            return against_advance(book, said_in(book, body, TakeAdvance))
        case WorkersSet():
            return _against_workers(book, body)
        case SurplusAllocated():
            return _against_sharing(book, body)
        case _:
            assert_never(body)


def sayer(said: Said[FoundCompany] | Said[LogWork] | Said[ConfirmWork]) -> str:
    """Return who says it: whose key has signed, or the member that a word names."""
    return said.wish.member or "" if said.member is None else said.member.id


def _spoken(book: Book, said: Said[FoundCompany] | Said[LogWork] | Said[ConfirmWork]) -> Member | Refused:
    """Return the active member who says something of itself."""
    member = resolve_member(book, sayer(said))
    if isinstance(member, Refused):
        return member
    if said.wish.member is not None and resolve_member(book, said.wish.member) is not member:
        return refuse(FORBIDDEN, allowed="the member itself")
    return not_said_by(said, member) or member.inactive() or member


def company_of(book: Book, address: str) -> Company | Refused:
    """Return the company that a member's handle or id names."""
    member = resolve_member(book, address)
    found = None if isinstance(member, Refused) else book.of(Companies).by_member.get(member.id)
    return refuse(NOT_FOUND) if found is None else found


def against_founding(book: Book, said: Said[FoundCompany]) -> Refused | None:
    wish = said.wish
    member = _spoken(book, said)
    currency = book.currencies.get(wish.currency)
    if isinstance(member, Refused) or currency is None:
        unknown = refuse(CURRENCY_UNKNOWN, currency=wish.currency) if currency is None else None
        return foremost(member if isinstance(member, Refused) else None, unknown)
    workers = [resolve_member(book, one) for one in wish.workers]
    refused = next((one for one in workers if isinstance(one, Refused)), None)
    names = [one.id for one in workers if not isinstance(one, Refused)]
    refused = refused or _against_roster(book, member.id, wish.currency, names, wish.pay)
    if member.id in book.of(Companies).by_member:
        return foremost(refused, refuse(DUPLICATE))
    return refused


def _against_roster(
    book: Book, company: str, currency: str, workers: Sequence[str], pay: Sequence[int]
) -> Refused | None:
    """Return why these cannot be the workers of a company: each an active member, once, with an account there."""
    if not workers or len(pay) not in (0, len(workers)):
        return refuse(MALFORMED, field="pay", expected="one for each worker, and at least one worker")
    if len(set(workers)) < len(workers) or company in workers:
        return refuse(DUPLICATE)
    for one in workers:
        member = book.members.get(one)
        if member is None:
            return refuse(MEMBER_UNKNOWN, member=one)
        if (inactive := member.inactive()) is not None:
            return inactive
    missing = next((one for one in (company, *workers) if account_id(one, currency) not in book.ledger.accounts), None)
    return None if missing is None else refuse(ACCOUNT_UNKNOWN, member=book.members[missing].handle)


def _against_workers(book: Book, body: WorkersSet) -> Refused | None:
    company = book.of(Companies).by_member.get(body.company)
    if company is None:
        return refuse(NOT_FOUND)
    refused = _against_roster(book, company.member, company.currency, body.workers, body.pay)
    return refused or ungated(book, company.gate)


def against_log(book: Book, said: Said[LogWork], at_ms: Millis) -> Refused | None:
    wish = said.wish
    worker, company = _spoken(book, said), company_of(book, wish.company)
    if isinstance(worker, Refused) or isinstance(company, Refused):
        return foremost(*(one for one in (worker, company) if isinstance(one, Refused)))
    hours = hours_of(wish.hours)
    if hours is None:
        return refuse(MALFORMED, field="hours", expected=f"more than 0, at most {HOURS_MAX // 100}, such as 7.5")
    if wish.work in book.rows(WORK):
        return refuse(DUPLICATE)
    if worker.id not in company.pay:
        return refuse(NOT_A_WORKER, member=worker.handle, company=book.members[company.member].handle)
    now, period = period_at(book, at_ms), period_of(book, wish, at_ms)
    if not 1 <= period % 100 <= 12 or period > now:
        return refuse(MALFORMED, field="period", expected="a month that has begun, such as 202701")
    counted = company.hours.get(period, {}).get(worker.id, 0)
    if counted + hours > HOURS_MAX:
        return refuse(MALFORMED, field="hours", expected=f"at most {HOURS_MAX // 100} in one month")
    if period <= company.last_period:
        return refuse(MONTH_SHARED, period=company.last_period, company=book.members[company.member].handle)
    return None


def period_of(book: Book, wish: LogWork, at_ms: Millis) -> int:
    return period_at(book, at_ms) if wish.period is None else wish.period


def against_confirming(book: Book, said: Said[ConfirmWork]) -> Refused | None:
    member, work = _spoken(book, said), book.rows(WORK).get(said.wish.work)
    if isinstance(member, Refused):
        return member
    if work is None:
        return refuse(NOT_FOUND)
    if member.id == work.worker:
        return refuse(FORBIDDEN, allowed="another worker")
    conflict = WORK_LIFE.conflict(work.state, Confirmed.KIND)
    if conflict is not None:
        return conflict
    company = book.of(Companies).by_member[work.company]
    if member.id not in company.pay:
        return refuse(NOT_A_WORKER, member=member.handle, company=book.members[company.member].handle)
    counted = company.hours.get(work.period, {}).get(work.worker, 0)
    beyond = counted + work.hours > HOURS_MAX
    return refuse(MALFORMED, field="hours", expected=f"at most {HOURS_MAX // 100} in one month") if beyond else None


def against_advance(book: Book, said: Said[TakeAdvance]) -> Refused | None:
    wish = said.wish
    company, worker = company_of(book, wish.company), resolve_member(book, wish.worker)
    if isinstance(company, Refused) or isinstance(worker, Refused):
        return foremost(*(one for one in (company, worker) if isinstance(one, Refused)))
    member = book.members[company.member]
    amount = advance_minor(book, company, wish.amount)
    refused = amount if isinstance(amount, Refused) else payable(amount) or not_said_by(said, member, capped=False)
    if refused is not None:
        return refused
    if worker.id not in company.pay:
        return refuse(NOT_A_WORKER, member=worker.handle, company=member.handle)
    refused = member.inactive() or worker.inactive() or _closed(book, company)
    assert isinstance(amount, int)
    paid = account_id(worker.id, company.currency)
    return refused or book.ledger.uncountable((company.account, -amount), (paid, amount))


def advance_minor(book: Book, company: Company, amount: Amount) -> int | Refused:
    """Return an amount in minor units of the company's currency."""
    return minor_of(amount, company.currency, book.currencies[company.currency].scale)


def _closed(book: Book, company: Company) -> Refused | None:
    closed = book.currencies[company.currency].closed
    return refuse(CURRENCY_CLOSED, currency=company.currency) if closed else None


def _against_sharing(book: Book, body: SurplusAllocated) -> Refused | None:
    company = book.of(Companies).by_member.get(body.company)
    if company is None:
        return refuse(NOT_FOUND)
    if not 1 <= body.period % 100 <= 12:
        return refuse(MALFORMED, field="period", expected="a month such as 202701")
    parts = (body.reserve, body.network, body.education)
    rest = max(0, body.surplus - company.uncovered_minor) - sum(parts)
    if min(*parts, rest) < 0:
        return refuse(MALFORMED, field="surplus", expected="at least its parts")
    if body.period <= company.last_period:
        return refuse(MONTH_SHARED, period=company.last_period, company=book.members[company.member].handle)
    if rest and not hours_in(book, company, body.period):
        handle = book.members[company.member].handle
        return refuse(NO_HOURS, period=body.period, available=rest, currency=company.currency, company=handle)
    changes = ((one.account, one.amount_minor) for one in shared_postings(company, sharing(book, company, body)))
    return _closed(book, company) or book.ledger.uncountable(*changes) or ungated(book, company.gate)
