# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is wished of loans: who may wish it, and the limits that the author alone looks at."""

from dataclasses import replace
from typing import TypeVar

from protocol.book.accounts import account_id
from protocol.book.addresses import resolve_member
from protocol.book.book import Book
from protocol.book.declaration import STEWARDS, Desk, Plan, Write
from protocol.book.money import minor_of, payable
from protocol.book.refusals import FORBIDDEN, MALFORMED, NOT_FOUND, Refused, foremost, refuse
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.wishes import Said
from protocol.lanes.entry import Millis
from protocol.practices.credit.funds.entries import FundPart
from protocol.practices.credit.funds.state import Fund, Funds, bound_of_lending
from protocol.practices.credit.loans.entries import (
    AskReschedule,
    GuarantorPart,
    LoanApproved,
    LoanCharged,
    LoanDisbursed,
    LoanRepaid,
    LoanRequested,
    LoanRescheduled,
    LoanVouched,
    LoanWithdrawn,
    LoanWrittenOff,
    RepayLoan,
    RequestLoan,
    RescheduleAsked,
    VouchForLoan,
)
from protocol.practices.credit.loans.instalments import day_text, months_after
from protocol.practices.credit.loans.refusals import LOAN_ABOVE_SAVINGS, PORTFOLIO_AT_RISK
from protocol.practices.credit.loans.rules import (
    against_loan,
    against_loan_request,
    against_repaying,
    against_rescheduling_asked,
    against_vouching,
    repaid_minor,
    speaker_of,
)
from protocol.practices.credit.loans.shares import guarantor_parts
from protocol.practices.credit.loans.state import (
    LOAN_LIFE,
    LOANS,
    PAR30_MAX,
    SAVINGS_TIMES,
    Loan,
    Portfolios,
    fund_of_loan,
    is_bank,
    is_frozen,
    owed_minor,
    part_at_risk,
    percent,
    today_of,
)
from protocol.practices.credit.loans.views import (
    ApproveLoan,
    ChargeLoan,
    DisburseLoan,
    RescheduleLoan,
    WithdrawLoan,
    WriteOffLoan,
)
from protocol.practices.people.authority import acts_for, speaks_as

_W = TypeVar("_W", RequestLoan, VouchForLoan, RepayLoan, AskReschedule)


def loan_named(book: Book, name: str) -> Loan | Refused:
    """Return the loan that a path names."""
    return book.rows(LOANS).get(parse_uuid(name) or b"") or refuse(NOT_FOUND)


def _told(desk: Desk, said: Said[_W]) -> Said[_W] | Refused:
    """Return what was said; told by word of mouth, with the member by its id."""
    if said.signed is not None:
        return said
    member = speaks_as(desk, said.wish.member)
    return member if isinstance(member, Refused) else replace(said, wish=replace(said.wish, member=member.id))


def lending_refusal(book: Book, fund: Fund, borrower: str, amount_minor: int, now: Millis) -> Refused | None:
    """Return why a fund lends nothing new, or not so much to a member: too much at risk, or more than savings allow."""
    if is_frozen(book, fund.id, now):
        portfolio = book.of(Portfolios).of(fund.id)
        par = part_at_risk(portfolio.risk_minor(today_of(book, now), 30), portfolio.gross_minor)
        return refuse(PORTFOLIO_AT_RISK, par=percent(par), par_max=percent(book.parameter(PAR30_MAX)))
    if not is_bank(fund):
        return None
    times = book.parameter(SAVINGS_TIMES)
    saved = fund.of_member(FundPart.SAVINGS, borrower)
    available = max(0, times * saved - owed_minor(book, fund.id, borrower))
    if amount_minor <= available:
        return None
    return refuse(LOAN_ABOVE_SAVINGS, available=available, times=times, currency=fund.currency)


def plan_request(desk: Desk, said: Said[RequestLoan]) -> Plan | Refused:
    told = _told(desk, said)
    if isinstance(told, Refused):
        return told
    book = desk.book
    if told.signed is None:
        vouchers: list[str] = []
        for address in told.wish.vouchers:
            member = resolve_member(book, address)
            if isinstance(member, Refused):
                return member
            vouchers.append(member.id)
        told = replace(told, wish=replace(told.wish, vouchers=tuple(vouchers)))
    refused = against_loan_request(book, told)
    if refused is None:
        fund = book.of(Funds).by_id[told.wish.fund]
        amount = minor_of(told.wish.amount, fund.currency, book.currencies[fund.currency].scale)
        assert isinstance(amount, int)
        refused = lending_refusal(book, fund, speaker_of(told), amount, desk.now)
    return refused or Plan(uuid_text(told.wish.loan or b""), (Write(LoanRequested(*told.held)),))


def plan_vouch(desk: Desk, name: str, said: Said[VouchForLoan]) -> Plan | Refused:
    told, loan = _told(desk, said), loan_named(desk.book, name)
    if isinstance(told, Refused):
        return told
    if isinstance(loan, Refused):
        return loan
    refused = LOAN_LIFE.conflict(loan.state, LoanVouched.KIND)
    refused = foremost(refused, against_vouching(desk.book, loan, told))
    return refused or Plan(name, (Write(LoanVouched(*told.held)),))


def plan_withdraw(desk: Desk, name: str, wish: WithdrawLoan) -> Plan | Refused:
    del wish
    loan = loan_named(desk.book, name)
    if isinstance(loan, Refused):
        return loan
    refused = _not_of_borrower(desk, loan) or against_loan(desk.book, LoanWithdrawn(loan.id), desk.now)
    return refused or Plan(name, (Write(LoanWithdrawn(loan.id)),))


def _not_of_borrower(desk: Desk, loan: Loan) -> Refused | None:
    if desk.actor.role in STEWARDS or acts_for(desk.actor, desk.book.members[loan.borrower]):
        return None
    return refuse(FORBIDDEN, allowed="who asks for the loan, and stewards")


def plan_approve(desk: Desk, name: str, wish: ApproveLoan) -> Plan | Refused:
    del wish
    loan = loan_named(desk.book, name)
    if isinstance(loan, Refused):
        return loan
    body = LoanApproved(loan.id)
    refused = foremost(against_loan(desk.book, body, desk.now), _against_lending(desk, loan, 0))
    return refused or Plan(name, (Write(body),))


def _against_lending(desk: Desk, loan: Loan, counted_minor: int) -> Refused | None:
    """Return why the fund does not lend as was asked; `counted_minor` of it counts already as owed."""
    fund, amount = fund_of_loan(desk.book, loan), loan.terms.lent_minor
    refused = lending_refusal(desk.book, fund, loan.borrower, amount - counted_minor, desk.now)
    return refused or bound_of_lending(desk.book, fund, amount, desk.now)


def plan_disburse(desk: Desk, name: str, wish: DisburseLoan) -> Plan | Refused:
    del wish
    book, loan = desk.book, loan_named(desk.book, name)
    if isinstance(loan, Refused):
        return loan
    body = LoanDisbursed(loan.id, _first(book, loan.first, desk.now))
    refused = foremost(_not_of_borrower(desk, loan), against_loan(book, body, desk.now))
    if refused is None:
        account = book.ledger.accounts[account_id(loan.borrower, fund_of_loan(book, loan).currency)]
        refused = _against_lending(desk, loan, loan.terms.lent_minor)
        refused = refused or book.ledger.credit_refusal(account, loan.terms.lent_minor)
    return refused or Plan(name, (Write(body),))


def _first(book: Book, asked: int | None, now: Millis) -> str:
    """Return the day of the first instalment: the one that was asked for while it is to come, else in a month."""
    today = today_of(book, now)
    return day_text(asked if asked is not None and asked > today else months_after(today, 1))


def plan_repay(desk: Desk, name: str, said: Said[RepayLoan]) -> Plan | Refused:
    told, loan = _told(desk, said), loan_named(desk.book, name)
    if isinstance(told, Refused):
        return told
    if isinstance(loan, Refused):
        return loan
    book = desk.book
    refused = LOAN_LIFE.conflict(loan.state, LoanRepaid.KIND)
    refused = foremost(refused, against_repaying(book, loan, told, desk.now))
    if refused is None:
        fund = fund_of_loan(book, loan)
        amount = repaid_minor(book, fund, told)
        assert isinstance(amount, int)
        refused = book.ledger.debit_refusal(book.ledger.accounts[account_id(loan.borrower, fund.currency)], amount)
    return refused or Plan(name, (Write(LoanRepaid(*told.held)),))


def plan_charge(desk: Desk, name: str, wish: ChargeLoan) -> Plan | Refused:
    loan = loan_named(desk.book, name)
    if isinstance(loan, Refused):
        return loan
    currency = fund_of_loan(desk.book, loan).currency
    fee = minor_of(wish.fee, currency, desk.book.currencies[currency].scale)
    refused = fee if isinstance(fee, Refused) else payable(fee)
    if refused is not None or isinstance(fee, Refused):
        return refused or refuse(MALFORMED)
    body = LoanCharged(loan.id, fee)
    return against_loan(desk.book, body, desk.now) or Plan(name, (Write(body),))


def plan_ask(desk: Desk, name: str, said: Said[AskReschedule]) -> Plan | Refused:
    told, loan = _told(desk, said), loan_named(desk.book, name)
    if isinstance(told, Refused):
        return told
    if isinstance(loan, Refused):
        return loan
    refused = LOAN_LIFE.conflict(loan.state, RescheduleAsked.KIND)
    refused = foremost(refused, against_rescheduling_asked(desk.book, loan, told))
    return refused or Plan(name, (Write(RescheduleAsked(*told.held)),))


def plan_reschedule(desk: Desk, name: str, wish: RescheduleLoan) -> Plan | Refused:
    del wish
    loan = loan_named(desk.book, name)
    if isinstance(loan, Refused):
        return loan
    body = LoanRescheduled(loan.id, _first(desk.book, None if loan.asked is None else loan.asked[1], desk.now))
    return against_loan(desk.book, body, desk.now) or Plan(name, (Write(body),))


def plan_write_off(desk: Desk, name: str, wish: WriteOffLoan) -> Plan | Refused:
    del wish
    loan = loan_named(desk.book, name)
    if isinstance(loan, Refused):
        return loan
    book, fund = desk.book, fund_of_loan(desk.book, loan)
    guarantee = None if fund.guarantee is None else book.of(Funds).by_id[fund.guarantee]
    covered = 0 if guarantee is None else min(max(0, guarantee.free_minor), loan.balance_minor)
    shares = guarantor_parts(loan, loan.balance_minor - covered)
    parts = [GuarantorPart(one, _able(book, one, fund.currency, share)) for one, share in shares.items()]
    body = LoanWrittenOff(loan.id, covered, tuple(part for part in parts if part.amount))
    return against_loan(book, body, desk.now) or Plan(name, (Write(body),))


def _able(book: Book, member: str, currency: str, share_minor: int) -> int:
    """Return how much of its part a guarantor can pay: what it has no room for the fund loses."""
    account = book.ledger.accounts.get(account_id(member, currency))
    if account is None or book.members[member].inactive() is not None:
        return 0
    return share_minor if account.headroom_minor is None else min(share_minor, account.headroom_minor)
