# SPDX-License-Identifier: AGPL-3.0-or-later
"""What every node asks of an entry about a loan; no limit is looked at here."""

from collections.abc import Iterable
from typing import TypeVar

from protocol.book.accounts import account_id
from protocol.book.book import Book
from protocol.book.declaration import Entered, News, ungated
from protocol.book.money import minor_of, payable
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    CURRENCY_CLOSED,
    DUPLICATE,
    FORBIDDEN,
    MALFORMED,
    MEMBER_UNKNOWN,
    NOT_FOUND,
    ORDER_MISMATCH,
    STATE_CONFLICT,
    Reason,
    Refused,
    refuse,
)
from protocol.book.signed import uuid_text
from protocol.book.wishes import Said, said_in
from protocol.lanes.entry import Body, Millis
from protocol.practices.credit.funds.state import Fund, Funds, fund_account
from protocol.practices.credit.loans.entries import (
    AskReschedule,
    LoanApproved,
    LoanCharged,
    LoanDisbursed,
    LoanKind,
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
from protocol.practices.credit.loans.instalments import day_of
from protocol.practices.credit.loans.refusals import RATE_ABOVE_MAX, REPAYMENT_ABOVE_REST, VOUCHERS_MISSING
from protocol.practices.credit.loans.shares import guarantor_parts
from protocol.practices.credit.loans.state import (
    COMMITTEE,
    GIVEN_UP,
    LOAN_LIFE,
    LOANS,
    RATE_MAX,
    Loan,
    fund_of_loan,
    is_bank,
    percent,
    today_of,
    vouchers_needed,
)
from protocol.practices.people.authority import not_said_by

_W = TypeVar("_W", RequestLoan, VouchForLoan, RepayLoan, AskReschedule)


def check(book: Book, entered: Entered) -> Reason | None:
    refused = book.misplaced(entered) or against_loan(book, entered.body, entered.at_ms)
    return refused.reason if refused else None


def against_loan(book: Book, body: Body, at_ms: Millis) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    if isinstance(body, LoanRequested):
        return against_loan_request(book, said_in(book, body, RequestLoan))
    loan = book.rows(LOANS).get(loan_in(book, body))
    if loan is None:
        return refuse(NOT_FOUND)
    refused = LOAN_LIFE.conflict(loan.state, body.KIND)
    if refused is not None:
        return refused
    match body:
        case LoanVouched():
            return against_vouching(book, loan, said_in(book, body, VouchForLoan))
        case LoanWithdrawn():
            return None
        case LoanApproved() | LoanCharged():
            return ungated(book, COMMITTEE)
        case LoanDisbursed():
            return _against_disbursing(book, loan, body, at_ms)
        case LoanRepaid():
            return against_repaying(book, loan, said_in(book, body, RepayLoan), at_ms)
        case RescheduleAsked():
            return against_rescheduling_asked(book, loan, said_in(book, body, AskReschedule))
        case LoanRescheduled():
            return _against_rescheduling(book, loan, body, at_ms)
        case LoanWrittenOff():
            return _against_writing_off(book, loan, body)
        case _:
            raise AssertionError(body)


def loan_in(book: Book, body: Body) -> bytes:
    """Return which loan an entry is about."""
    match body:
        case LoanRequested():
            return said_in(book, body, RequestLoan).wish.loan or b""
        case LoanVouched():
            return said_in(book, body, VouchForLoan).wish.loan
        case LoanRepaid():
            return said_in(book, body, RepayLoan).wish.loan
        case RescheduleAsked():
            return said_in(book, body, AskReschedule).wish.loan
        case LoanWithdrawn() | LoanApproved() | LoanDisbursed() | LoanCharged() | LoanRescheduled() | LoanWrittenOff():
            return body.loan
        case _:
            raise AssertionError(body)


def speaker_of(said: Said[_W]) -> str:
    """Return the id of who says something: of whose key signed it, or of whom the wish names."""
    return said.wish.member or "" if said.member is None else said.wish.member or said.member.id


def _against_speaker(book: Book, said: Said[_W]) -> Refused | None:
    name = speaker_of(said)
    member = book.members.get(name)
    if member is None:
        return refuse(MEMBER_UNKNOWN, member=name)
    return not_said_by(said, member, capped=False)


def _of_borrower(book: Book, loan: Loan, said: Said[_W]) -> Refused | None:
    refused = _against_speaker(book, said)
    if refused is None and speaker_of(said) != loan.borrower:
        return refuse(FORBIDDEN, allowed="who has borrowed")
    return refused


def _not_a_day(text: str | None) -> Refused | None:
    if text is None or day_of(text) is not None:
        return None
    return refuse(MALFORMED, field="first", expected="a day such as 2027-01-31")


def _closed(book: Book, currency: str) -> Refused | None:
    return refuse(CURRENCY_CLOSED, currency=currency) if book.currencies[currency].closed else None


def against_loan_request(book: Book, said: Said[RequestLoan]) -> Refused | None:
    wish = said.wish
    fund = book.of(Funds).by_id.get(wish.fund)
    if fund is None:
        return refuse(NOT_FOUND)
    amount = minor_of(wish.amount, fund.currency, book.currencies[fund.currency].scale)
    refused = amount if isinstance(amount, Refused) else payable(amount)
    refused = refused or _not_a_day(wish.first) or _against_speaker(book, said)
    if refused is not None:
        return refused
    borrower = speaker_of(said)
    if wish.kind is LoanKind.CONSUMPTION and wish.rate:
        return refuse(MALFORMED, field="rate", expected="0 where it is for consumption")
    strange = next((one for one in wish.vouchers if one not in book.members), None)
    if strange is not None:
        return refuse(MEMBER_UNKNOWN, member=strange)
    if borrower in wish.vouchers:
        return refuse(FORBIDDEN, allowed="others, to vouch for it")
    refused = _beyond_rules(book, fund, wish)
    if refused is not None:
        return refused
    if len(set(wish.vouchers)) < len(wish.vouchers) or wish.loan in book.rows(LOANS):
        return refuse(DUPLICATE)
    if account_id(borrower, fund.currency) not in book.ledger.accounts:
        return refuse(ACCOUNT_UNKNOWN, member=book.members[borrower].handle)
    return _closed(book, fund.currency) or book.members[borrower].inactive()


def _beyond_rules(book: Book, fund: Fund, wish: RequestLoan) -> Refused | None:
    """Return which rule of the group for all loans a request does not keep: so many vouch, at such a rate."""
    needed, named = vouchers_needed(book, fund), len(wish.vouchers)
    if named < needed or (is_bank(fund) and named > needed):
        return refuse(VOUCHERS_MISSING, needed=needed, named=named)
    rate_max = book.parameter(RATE_MAX)
    if wish.rate > rate_max:
        return refuse(RATE_ABOVE_MAX, rate_max=percent(rate_max), rate=percent(wish.rate))
    return None


def against_vouching(book: Book, loan: Loan, said: Said[VouchForLoan]) -> Refused | None:
    refused = _against_speaker(book, said)
    if refused is not None:
        return refused
    voucher = speaker_of(said)
    if voucher not in loan.asked_of:
        return refuse(FORBIDDEN, allowed="who was asked to vouch")
    if voucher in loan.vouched:
        return refuse(DUPLICATE)
    fund = fund_of_loan(book, loan)
    if said.wish.guarantee is not is_bank(fund):
        expected = "true: who vouches stands for it" if is_bank(fund) else "false: nobody stands for it with money"
        return refuse(MALFORMED, field="guarantee", expected=expected)
    return book.members[voucher].inactive()


def _against_disbursing(book: Book, loan: Loan, body: LoanDisbursed, at_ms: Millis) -> Refused | None:
    refused = against_first(book, body.first, loan.first, at_ms)
    if refused is not None:
        return refused
    fund, member = fund_of_loan(book, loan), book.members[loan.borrower]
    account = account_id(loan.borrower, fund.currency)
    if account not in book.ledger.accounts:
        return refuse(ACCOUNT_UNKNOWN, member=member.handle)
    amount = loan.terms.lent_minor
    refused = _closed(book, fund.currency) or member.inactive()
    return refused or book.ledger.uncountable((account, amount), (fund_account(fund), -amount))


def against_first(book: Book, first: str, asked: int | None, at_ms: Millis) -> Refused | None:
    """Return why a first instalment is not due on a day: it is none, past, or before the one that was asked for."""
    day = day_of(first)
    if day is None or day <= today_of(book, at_ms):
        return refuse(MALFORMED, field="first", expected="a day to come, such as 2027-01-31")
    return refuse(ORDER_MISMATCH, field="first") if asked is not None and day < asked else None


def repaid_minor(book: Book, fund: Fund, said: Said[RepayLoan]) -> int | Refused:
    """Return how much a wish repays, in minor units of the fund's currency."""
    amount = minor_of(said.wish.amount, fund.currency, book.currencies[fund.currency].scale)
    return amount if isinstance(amount, Refused) else payable(amount) or amount


def against_repaying(book: Book, loan: Loan, said: Said[RepayLoan], at_ms: Millis) -> Refused | None:
    fund = fund_of_loan(book, loan)
    amount = repaid_minor(book, fund, said)
    if isinstance(amount, Refused):
        return amount
    refused = _of_borrower(book, loan, said) or _closed(book, fund.currency)
    if refused is not None:
        return refused
    rest = loan.rest_minor(today_of(book, at_ms))
    if amount > rest:
        return refuse(REPAYMENT_ABOVE_REST, available=rest, currency=fund.currency)
    refused = book.members[loan.borrower].inactive()
    account = account_id(loan.borrower, fund.currency)
    return refused or book.ledger.uncountable((account, -amount), (fund_account(fund), amount))


def against_rescheduling_asked(book: Book, loan: Loan, said: Said[AskReschedule]) -> Refused | None:
    return _not_a_day(said.wish.first) or _of_borrower(book, loan, said)


def _against_rescheduling(book: Book, loan: Loan, body: LoanRescheduled, at_ms: Millis) -> Refused | None:
    if loan.asked is None:
        return refuse(STATE_CONFLICT, state="as it was agreed: nobody has asked for other instalments")
    if not loan.balance_minor:
        return refuse(STATE_CONFLICT, state="repaid but for interest and fees")
    return against_first(book, body.first, loan.asked[1], at_ms) or ungated(book, COMMITTEE)


def _against_writing_off(book: Book, loan: Loan, body: LoanWrittenOff) -> Refused | None:
    fund = fund_of_loan(book, loan)
    if body.covered > loan.balance_minor or (body.covered and fund.guarantee is None):
        return refuse(MALFORMED, field="covered", expected="at most what is owed, of a fund with a guarantee")
    shares = guarantor_parts(loan, loan.balance_minor - body.covered)
    named = [part.member for part in body.parts]
    if len(set(named)) < len(named) or any(part.amount > shares.get(part.member, 0) for part in body.parts):
        return refuse(FORBIDDEN, allowed="guarantors, each for its part")
    moved = [(account_id(part.member, fund.currency), -part.amount) for part in body.parts]
    missing = next((part.member for part, (account, _) in zip(body.parts, moved, strict=True)
                    if account not in book.ledger.accounts), None)  # fmt: skip
    if missing is not None:
        return refuse(ACCOUNT_UNKNOWN, member=missing)
    refused = ungated(book, GIVEN_UP) or _closed(book, fund.currency)
    return refused or book.ledger.uncountable(*moved, (fund_account(fund), sum(part.amount for part in body.parts)))


def news(book: Book, entered: Entered) -> Iterable[News]:
    loan = book.rows(LOANS)[loan_in(book, entered.body)]
    word = entered.body.KIND.partition("/")[2]
    yield News(f"loan.{word}", uuid_text(loan.id), (loan.borrower, *loan.asked_of))
