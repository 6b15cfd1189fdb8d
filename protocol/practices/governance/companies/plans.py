# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a company is founded, works, pays in advance, chooses its workers and shares out a month."""

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeVar

from protocol.book.accounts import account_id
from protocol.book.addresses import resolve_member
from protocol.book.book import Book
from protocol.book.declaration import Desk, Motion, Parameter, Plan, Write
from protocol.book.members import Member
from protocol.book.money import BASIS_POINTS, minor_of
from protocol.book.refusals import FORBIDDEN, LIMIT_EXCEEDED, MALFORMED, Refused, refuse
from protocol.book.signed import uuid_text
from protocol.book.wishes import Said
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
from protocol.practices.governance.companies.refusals import PAY_SPREAD
from protocol.practices.governance.companies.rules import (
    against_advance,
    against_company,
    against_confirming,
    against_founding,
    against_log,
    company_of,
)
from protocol.practices.governance.companies.sharing import shared_postings, sharing
from protocol.practices.governance.companies.state import (
    EDUCATION,
    NETWORK,
    PAY_SPREAD_MOST,
    RESERVE,
    Company,
    period_at,
    roster,
    spread_of,
)
from protocol.practices.governance.companies.views import AllocateSurplus, SetWorkers
from protocol.practices.people.authority import acts_for

OwnWish = TypeVar("OwnWish", FoundCompany, LogWork, ConfirmWork)


def _told(desk: Desk, said: Said[OwnWish]) -> Said[OwnWish] | Refused:
    """Return what a member without a key, or a steward for it, tells of itself, with the member by its id."""
    if said.signed is not None:
        return said
    address = desk.actor.member if said.wish.member is None else said.wish.member
    if address is None:
        return refuse(MALFORMED, field="member", expected="who says it")
    member = resolve_member(desk.book, address)
    if isinstance(member, Refused):
        return member
    if not acts_for(desk.actor, member):
        return refuse(FORBIDDEN, allowed="the member itself")
    return replace(said, wish=replace(said.wish, member=member.id))


def plan_found(desk: Desk, said: Said[FoundCompany]) -> Plan | Refused:
    told = _told(desk, said)
    if isinstance(told, Refused):
        return told
    member = told.member or desk.book.members.get(told.wish.member or "")
    refused = against_founding(desk.book, told) or _too_spread(desk.book, told.wish.workers, told.wish.pay)
    assert member is not None or refused is not None
    return refused or Plan(member.id if member else "", (Write(CompanyFounded(*told.held)),))


def _too_spread(book: Book, workers: Sequence[str], pay: Sequence[int]) -> Refused | None:
    """Return PAY_SPREAD where the highest pay would be too far from the lowest."""
    spread, most = spread_of(roster(workers, pay)), book.parameter(PAY_SPREAD_MOST)
    if spread <= most:
        return None
    show = PAY_SPREAD_MOST.kind.show
    return refuse(PAY_SPREAD, spread=show(spread, 0), most=show(most, 0))


def plan_log(desk: Desk, said: Said[LogWork]) -> Plan | Refused:
    told = _told(desk, said)
    if isinstance(told, Refused):
        return told
    refused = against_log(desk.book, told, desk.now)
    return refused or Plan(uuid_text(told.wish.work or b""), (Write(Logged(*told.held)),))


def plan_confirm(desk: Desk, name: str, said: Said[ConfirmWork]) -> Plan | Refused:
    told = _told(desk, said)
    if isinstance(told, Refused):
        return told
    return against_confirming(desk.book, told) or Plan(name, (Write(Confirmed(*told.held)),))


def plan_advance(desk: Desk, name: str, said: Said[TakeAdvance]) -> Plan | Refused:
    del name
    book = desk.book
    company = company_of(book, said.wish.company)
    if isinstance(company, Refused):
        return company
    if said.signed is None and not acts_for(desk.actor, book.members[company.member]):
        return refuse(FORBIDDEN, allowed="the company itself")
    refused = against_advance(book, said)
    if refused is not None:
        return refused
    amount = minor_of(said.wish.amount, company.currency, book.currencies[company.currency].scale)
    worker = resolve_member(book, said.wish.worker)
    assert isinstance(amount, int) and isinstance(worker, Member)
    accounts = book.ledger.accounts
    payee = accounts[account_id(worker.id, company.currency)]
    refused = book.ledger.debit_refusal(accounts[company.account], amount)
    refused = refused or book.ledger.credit_refusal(payee, amount)
    return refused or Plan(company.member, (Write(Advanced(*said.held)),))


def workers_gate(desk: Desk, name: str, wish: SetWorkers | AllocateSurplus) -> Motion | None:
    """Return the vote of a company's workers, None where there is no such company."""
    del wish
    company = company_of(desk.book, name)
    return None if isinstance(company, Refused) else company.gate


def plan_set_workers(desk: Desk, name: str, wish: SetWorkers) -> Plan | Refused:
    book, company = desk.book, company_of(desk.book, name)
    if isinstance(company, Refused):
        return company
    found = [resolve_member(book, one) for one in wish.workers]
    refused = next((one for one in found if isinstance(one, Refused)), None)
    if refused is not None:
        return refused
    workers = tuple(one.id for one in found if not isinstance(one, Refused))
    body = WorkersSet(company.member, workers, wish.pay, company.hired if wish.hired is None else wish.hired)
    refused = against_company(book, body, desk.now) or _too_spread(book, body.workers, body.pay)
    return refused or Plan(company.member, (Write(body),))


def plan_allocate(desk: Desk, name: str, wish: AllocateSurplus) -> Plan | Refused:
    book, company = desk.book, company_of(desk.book, name)
    if isinstance(company, Refused):
        return company
    surplus = minor_of(wish.surplus, company.currency, book.currencies[company.currency].scale)
    if isinstance(surplus, Refused):
        return surplus
    to_share = max(0, surplus - company.uncovered_minor)
    reserve, network, education = (
        to_share * (book.parameter(parameter) if part is None else part) // BASIS_POINTS
        for part, parameter in _parts(wish)
    )
    period = period_at(book, desk.now) if wish.period is None else wish.period
    body = SurplusAllocated(company.member, period, surplus, reserve, network, education, wish.capital_basis_points)
    return against_company(book, body, desk.now) or _short(book, company, body) or Plan(company.member, (Write(body),))


def _parts(wish: AllocateSurplus) -> tuple[tuple[int | None, Parameter[int]], ...]:
    return (
        (wish.reserve_basis_points, RESERVE),
        (wish.network_basis_points, NETWORK),
        (wish.education_basis_points, EDUCATION),
    )


def _short(book: Book, company: Company, body: SurplusAllocated) -> Refused | None:
    """Return why it cannot be paid: a surplus is shared out of what the company has, not of what it may owe."""
    accounts = book.ledger.accounts
    account = accounts[company.account]
    for posting in shared_postings(company, sharing(book, company, body)):
        minor = posting.amount_minor
        if posting.account == company.account:
            if minor < 0 and -minor > account.balance_minor:
                held = max(0, account.balance_minor)
                return refuse(
                    LIMIT_EXCEEDED, available=held, missing=-minor - held, limit=0,
                    projected_balance=account.balance_minor + minor, currency=company.currency,
                )  # fmt: skip
        elif minor > 0 and (refused := book.ledger.credit_refusal(accounts[posting.account], minor)) is not None:
            return refused
    return None
