# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is said of companies changes: who works there, which hours count, and where its money goes."""

from collections.abc import Iterator, Sequence
from typing import assert_never

from protocol.book.accounts import account_id, commons_account
from protocol.book.addresses import resolve_member
from protocol.book.book import Book
from protocol.book.declaration import Entered
from protocol.book.ledger import Posting
from protocol.book.members import Member, MemberState
from protocol.book.personal import digest_of
from protocol.book.private import Owned
from protocol.book.refusals import (
    Refused,
)
from protocol.book.signed import uuid_text
from protocol.book.wishes import Said, said_in
from protocol.lanes.entry import Body
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
from protocol.practices.governance.companies.rules import (
    CompanySaid,
    advance_minor,
    company_of,
    period_of,
    sayer,
)
from protocol.practices.governance.companies.sharing import shared_postings, sharing
from protocol.practices.governance.companies.state import (
    MONTHS_KEPT,
    SET_ASIDE,
    WORK,
    WORK_LIFE,
    Companies,
    Company,
    WorkKept,
    WorkState,
    hours_of,
    roster,
)
from protocol.practices.people.members.entries import Leave, MemberLeft


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body = entered.body
    assert isinstance(body, CompanySaid)
    match body:
        case CompanyFounded():
            said = said_in(book, body, FoundCompany)
            _found(book, entered, _member(book, sayer(said)), said.wish)
            return ()
        case Logged():
            _log(book, entered, said_in(book, body, LogWork))
            return ()
        case Confirmed():
            said = said_in(book, body, ConfirmWork)
            work = book.rows(WORK).change(said.wish.work)
            work.state, work.confirmed_by = WORK_LIFE.after(work.state, body.KIND), _member(book, sayer(said)).id
            _count(book, work)
            return ()
        case Advanced():
            return _advance(book, said_in(book, body, TakeAdvance).wish)
        case WorkersSet():
            return _set_workers(book, body)
        case SurplusAllocated():
            return _share(book, body)
        case _:
            assert_never(body)


def _member(book: Book, address: str) -> Member:
    member = resolve_member(book, address)
    assert not isinstance(member, Refused)
    return member


def _found(book: Book, entered: Entered, member: Member, wish: FoundCompany) -> None:
    pay = roster([_member(book, one).id for one in wish.workers], wish.pay)
    book.of(Companies).by_member[member.id] = Company(member.id, wish.currency, entered.seq, entered.at_ms, pay)


def _log(book: Book, entered: Entered, said: Said[LogWork]) -> None:
    wish, worker = said.wish, _member(book, sayer(said))
    company, hours = company_of(book, wish.company), hours_of(wish.hours)
    assert not isinstance(company, Refused) and hours is not None and wish.work is not None
    # What its worker has signed stands for itself; a word is somebody's in its name, until a colleague confirms it.
    state = WorkState.WAITING if said.signed is None else WorkState.COUNTED
    work = WorkKept(
        wish.work,
        entered.seq,
        entered.at_ms,
        company.member,
        worker.id,
        period_of(book, wish, entered.at_ms),
        hours,
        digest_of(wish.note),
        WORK_LIFE.after(None, Logged.KIND, state),
    )
    book.rows(WORK).add(work)
    if state is WorkState.COUNTED:
        _count(book, work)


def _count(book: Book, work: WorkKept) -> None:
    hours = book.of(Companies).by_member[work.company].hours.setdefault(work.period, {})
    hours[work.worker] = hours.get(work.worker, 0) + work.hours


def _advance(book: Book, wish: TakeAdvance) -> Sequence[Posting]:
    company, worker = company_of(book, wish.company), _member(book, wish.worker)
    assert not isinstance(company, Refused)
    amount = advance_minor(book, company, wish.amount)
    assert isinstance(amount, int)
    company.advances[worker.id] = company.advances.get(worker.id, 0) + amount
    paid = account_id(worker.id, company.currency)
    return (
        Posting(company.account, -amount, "advance", None, paid),
        Posting(paid, amount, "advance", None, company.account),
    )


def _set_workers(book: Book, body: WorkersSet) -> Sequence[Posting]:
    company = book.of(Companies).by_member[body.company]
    company.pay, company.hired = roster(body.workers, body.pay), body.hired
    pot, postings = SET_ASIDE.of(company.currency), list[Posting]()
    for worker in [one for one in company.capital if one not in company.pay]:
        minor = company.capital.pop(worker)
        if not minor:
            continue
        if book.members[worker].state is MemberState.LEFT:
            company.reserve_minor += minor
            continue
        paid = account_id(worker, company.currency)
        postings += (Posting(pot, -minor, "capital", None, paid), Posting(paid, minor, "capital", None, pot))
    return postings


def _share(book: Book, body: SurplusAllocated) -> Sequence[Posting]:
    company = book.of(Companies).by_member[body.company]
    month = sharing(book, company, body)
    company.uncovered_minor -= month.covered_minor if month.surplus_minor > 0 else 0
    if month.surplus_minor < 0:
        company.reserve_minor += month.covered_minor
        company.uncovered_minor += month.covered_minor - month.surplus_minor
    company.reserve_minor += month.reserve_minor
    company.education_minor += month.education_minor
    for one in month.shares:
        company.capital[one.worker] = company.capital.get(one.worker, 0) + one.kept_minor
        company.advances[one.worker] = company.advances.get(one.worker, 0) - one.repaid_minor
    company.months = (*company.months, month)[-MONTHS_KEPT:]
    company.last_period = body.period
    company.hours = {period: hours for period, hours in company.hours.items() if period > body.period}
    rows = book.rows(WORK)
    for found in rows.find("company", company.member):
        if found.period <= body.period and WORK_LIFE.allows(found.state, body.KIND):
            work = rows.change(found.id)
            work.state = WORK_LIFE.after(work.state, body.KIND)
    return shared_postings(company, month)


def dissolve(book: Book, entered: Entered) -> Sequence[Posting]:
    """Share out what a company keeps that has left the network: capital to its workers, all else to the commons."""
    assert isinstance(entered.body, MemberLeft)
    gone = said_in(book, entered.body, Leave).wish.member
    company = book.of(Companies).by_member.pop(gone, None)
    if company is None:
        return ()
    for work in book.rows(WORK).find("company", gone):
        if WORK_LIFE.allows(work.state, MemberLeft.KIND):
            book.rows(WORK).change(work.id).state = WORK_LIFE.after(work.state, MemberLeft.KIND)
    kept, pot = company.reserve_minor + company.education_minor, SET_ASIDE.of(company.currency)
    parts: list[tuple[str, int]] = []
    for worker, minor in company.capital.items():
        stays = book.members[worker].state is not MemberState.LEFT
        kept += 0 if stays else minor
        parts += [(account_id(worker, company.currency), minor)] if stays and minor else []
    parts += [(commons_account(company.currency), kept)] if kept else []
    moved = sum(minor for _, minor in parts)
    given = (Posting(name, minor, "capital", None, pot) for name, minor in parts)
    return (Posting(pot, -moved, "capital"), *given) if moved else ()


def owned(book: Book, body: Body) -> Iterator[Owned]:
    """Yield what a worker says of its hours: it is the worker's own."""
    assert isinstance(body, Logged)
    said = said_in(book, body, LogWork)
    note, work = digest_of(said.wish.note), said.wish.work
    if note is not None and work is not None:
        yield Owned(note, _member(book, sayer(said)).id, f"work/{uuid_text(work)}")
