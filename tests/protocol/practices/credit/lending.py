# SPDX-License-Identifier: AGPL-3.0-or-later
"""A group with funds at its desk: how it votes, and how it gets a fund, in a line each."""

from datetime import UTC, datetime
from typing import Any

from protocol.book.members import Auth
from protocol.book.money import Amount
from protocol.book.refusals import Refused
from protocol.book.signed import parse_uuid, uuid_text
from protocol.practices.credit.funds import CreateFund, FillFund, FundsWanted
from protocol.practices.credit.funds.entries import FundKind, FundPart, PayFund
from protocol.practices.credit.funds.state import Fund, Funds
from protocol.practices.credit.loans.entries import RepayLoan, RequestLoan, VouchForLoan
from protocol.practices.credit.loans.state import LOANS, Loan, fund_of_loan
from protocol.practices.credit.loans.views import ApproveLoan, DisburseLoan
from protocol.practices.governance.boards import SeatMembers
from protocol.practices.governance.motions.entries import Ballot, MotionState, Vote
from tests.protocol.practices.desk import DAY_MS, Group

HANDLES = ("ana", "bia", "caio", "dora", "elis", "fia")


def moment(text: str) -> int:
    """Return an hour in UTC, milliseconds since 1970."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def founded(handles: tuple[str, ...] = HANDLES, *, scale: int = 2, limit: int = 5_000_00) -> Group:
    """Return a group of members without keys on 1 January 2027, in the currency HORA."""
    group = Group(now=moment("2027-01-01T12:00"))
    group.currency(scale=scale, limit=limit)
    group.admit(*handles, custodial=True)
    return group


def hours(minor: int) -> Amount:
    return Amount(minor, "HORA", 2)


def vote(group: Group, motion: Any, *, days: int = 7) -> Any:
    """Let all who may vote, and have no key, say yes, and return the motion once its time is over."""
    book = group.book
    for member in book.electorates[motion.electorate](book):
        handle = book.members[member].handle
        if handle not in motion.recused and book.members[member].auth is Auth.CUSTODIAL:
            group.do(handle, "motions.vote", Vote(parse_uuid(motion.id) or b"", Ballot.YES), motion.id)
    group.pass_time(group.now + days * DAY_MS)
    return group.view("ana", "motions.show", motion.id)


def carry(group: Group, operation: str, wish: Any, subject: str | None = None, *, days: int = 7) -> None:
    """Let the group decide something, and see that it is done."""
    shown = vote(group, group.do("steward", operation, wish, subject), days=days)
    assert shown.state is MotionState.EXECUTED, shown


def fund_of(group: Group, kind: FundKind = FundKind.LENDING, **changed: Any) -> Fund:
    """Let the group create a fund, and return it."""
    carry(group, "funds.create", CreateFund(**{"title": kind.value, "currency": "HORA", "kind": kind, **changed}))
    return list(group.book.of(Funds).by_id.values())[-1]


def pay_in(group: Group, who: str, fund: Fund, minor: int, part: FundPart = FundPart.GIFT) -> Any:
    scale = group.book.currencies[fund.currency].scale
    wish = PayFund(fund.id, Amount(minor, fund.currency, scale), part)
    return group.do(who, "funds.pay", wish, name_of(group, fund))


def name_of(group: Group, fund: Fund) -> str:
    listed = group.list("ana", "funds.list", FundsWanted())
    assert isinstance(listed, list)
    return next(one.id for one in listed if parse_uuid(one.id) == fund.id)


def fill(group: Group, fund: Fund, minor: int) -> None:
    carry(group, "funds.fill", FillFund(hours(minor)), name_of(group, fund))


def seat(group: Group, *handles: str) -> None:
    """Let the group choose who sits on the committee."""
    carry(group, "boards.seat", SeatMembers(handles), "committee")


def ask(group: Group, who: str, fund: Fund, minor: int, months: int = 6, **changed: Any) -> Any:
    """Ask for a loan, and return what is shown or why it is refused."""
    scale = group.book.currencies[fund.currency].scale
    wish = RequestLoan(fund.id, Amount(minor, fund.currency, scale), months, **{"vouchers": ("bia", "caio"), **changed})
    return group.ask(who, "loans.create", wish)


def vouch(group: Group, loan: Any, *handles: str, guarantee: bool = False) -> None:
    for handle in handles:
        group.do(handle, "loans.vouch", VouchForLoan(parse_uuid(loan.id) or b"", guarantee), loan.id)


def lend(group: Group, who: str, fund: Fund, minor: int, months: int = 6, **changed: Any) -> Loan:
    """Let a loan be asked for, vouched for, approved and paid out, and return it."""
    loan = ask(group, who, fund, minor, months, **changed)
    assert not isinstance(loan, Refused), loan
    vouch(group, loan, *loan.asked_of, guarantee=fund.kind is FundKind.BANK)
    carry(group, "loans.approve", ApproveLoan(), loan.id)
    group.do(who, "loans.disburse", DisburseLoan(), loan.id)
    return group.book.rows(LOANS)[parse_uuid(loan.id)]


def repay(group: Group, loan: Loan, minor: int, **changed: Any) -> Any:
    who, fund = group.book.members[loan.borrower].handle, fund_of_loan(group.book, loan)
    scale = group.book.currencies[fund.currency].scale
    wish = RepayLoan(loan.id, Amount(minor, fund.currency, scale), **changed)
    return group.ask(who, "loans.repay", wish, uuid_text(loan.id))


def shown_loan(group: Group, loan: Loan, who: str = "steward") -> Any:
    return group.view(who, "loans.show", uuid_text(loan.id))
