# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the sheet of a meeting comes to: checked whole, row by row, and what is booked of it."""

from collections.abc import Sequence
from typing import NamedTuple

from protocol.book.accounts import account_id, commons_account
from protocol.book.book import Book
from protocol.book.ledger import Posting
from protocol.book.members import MemberState
from protocol.book.money import decimal
from protocol.book.refusals import CURRENCY_CLOSED, Refused, refuse
from protocol.practices.credit.savings.entries import SavingsRow
from protocol.practices.credit.savings.refusals import CYCLE_NOT_CLEAR, GROUP_FUND_SHORT, SAVER_UNKNOWN, SHEET_ROW_WRONG
from protocol.practices.credit.savings.state import SAVINGS, FundLoan, SavingsGroup
from protocol.solvers.apportionment import apportioned_by_name


class RowSums(NamedTuple):
    """What a row comes to, in minor units: what its member pays, into which fund, and what it gets of which."""

    fund_in: int
    social_in: int
    lent: int
    granted: int

    @property
    def pays(self) -> int:
        """What the meeting takes of its member."""
        return self.fund_in + self.social_in

    @property
    def net(self) -> int:
        """By how much its account changes."""
        return self.lent + self.granted - self.pays


def row_sums(group: SavingsGroup, row: SavingsRow) -> RowSums:
    """Return what a row comes to: shares and what is paid back go into the loan fund, the rest into the social one."""
    return RowSums(row.shares * group.said.share + row.repaid, row.social + row.fine, row.lent, row.granted)


def sheet_refusal(book: Book, group: SavingsGroup, rows: Sequence[SavingsRow], *, share_out: bool) -> Refused | None:
    """Return why a sheet cannot stand now: the same answer on every node.

    Whether the funds have what is lent and granted every node looks at too: beyond that it would be another group's
    money. What a member may still owe to the network is for the author to look at.
    """
    currency = group.said.currency
    if book.currencies[currency].closed:
        return refuse(CURRENCY_CLOSED, currency=currency)
    seen: set[str] = set()
    for number, row in enumerate(rows, 1):
        refused = _against_row(book, group, row, number, share_out=share_out)
        if refused is None and row.member in seen:
            refused = row_wrong(book, number, row, "member", "told once")
        if refused:
            return refused
        seen.add(row.member)
    sums = [row_sums(group, row) for row in rows]
    return _short(group, sums) or _uncountable(book, group, rows, sums) or _not_clear(group, rows, share_out=share_out)


def row_wrong(book: Book, number: int, row: SavingsRow, field: str, expected: str) -> Refused:
    """Return that a row, counted from 1, is wrong, whose it is, and what was expected."""
    return refuse(SHEET_ROW_WRONG, row=number, member=book.members[row.member].handle, field=field, expected=expected)


def _against_row(book: Book, group: SavingsGroup, row: SavingsRow, number: int, *, share_out: bool) -> Refused | None:
    saver = group.savers.get(row.member)
    if saver is None:
        named = book.members.get(row.member)
        return refuse(SAVER_UNKNOWN, member=row.member if named is None else named.handle, row=number)
    sums, member = row_sums(group, row), book.members[row.member]
    moves = sums.pays or sums.lent or sums.granted
    inactive = member.inactive() if moves else None
    if inactive is not None:
        return refuse(inactive.reason, **inactive.figures, row=number)
    scale = book.currencies[group.said.currency].scale

    def wrong(field: str, expected: str) -> Refused:
        return row_wrong(book, number, row, field, expected)

    left = 0 if saver.loan is None else saver.loan.left_minor
    if row.shares > group.said.shares_max:
        return wrong("shares", f"at most {group.said.shares_max}")
    if row.repaid > left:
        return wrong("repaid", f"at most {decimal(left, scale)}")
    if row.written_off and left == row.repaid:
        return wrong("written_off", "no, as nothing is owed")
    if row.lent and (left > row.repaid or row.written_off):
        return wrong("lent", f"nothing, until {decimal(left - row.repaid, scale)} are paid back")
    if row.lent and share_out:
        return wrong("lent", "nothing, as the fund is shared out")
    if saver.most_minor is not None and sums.pays > saver.most_minor:
        return wrong("what is paid", f"at most {decimal(saver.most_minor, scale)} in all, as was agreed")
    return None


def _short(group: SavingsGroup, sums: Sequence[RowSums]) -> Refused | None:
    for fund, has, paid, asked in (
        ("loan fund", group.fund_minor, sum(one.fund_in for one in sums), sum(one.lent for one in sums)),
        ("social fund", group.social_minor, sum(one.social_in for one in sums), sum(one.granted for one in sums)),
    ):
        if asked > has + paid:
            available, currency = has + paid, group.said.currency
            return refuse(
                GROUP_FUND_SHORT, fund=fund, available=available, missing=asked - available, currency=currency
            )
    return None


def _uncountable(
    book: Book, group: SavingsGroup, rows: Sequence[SavingsRow], sums: Sequence[RowSums]
) -> Refused | None:
    currency = group.said.currency
    changes = [(account_id(row.member, currency), one.net) for row, one in zip(rows, sums, strict=True)]
    funds = (SAVINGS.of(currency), -sum(change for _, change in changes))
    return book.ledger.uncountable(*changes, funds)


def _not_clear(group: SavingsGroup, rows: Sequence[SavingsRow], *, share_out: bool) -> Refused | None:
    """Return CYCLE_NOT_CLEAR where a loan would be open when the fund is shared out."""
    if not share_out:
        return None
    repaid = {row.member: row.repaid for row in rows}
    cleared = {row.member for row in rows if row.written_off}
    lefts = [loan.left_minor - repaid.get(member, 0) for member, loan in group.loans if member not in cleared]
    still = [left for left in lefts if left]
    if not still:
        return None
    return refuse(CYCLE_NOT_CLEAR, balance=sum(still), loans=len(still), currency=group.said.currency)


def book_sheet(group: SavingsGroup, rows: Sequence[SavingsRow], number: int) -> list[Posting]:
    """Book the rows of a meeting: part of the fold."""
    currency, postings = group.said.currency, list[Posting]()
    account = SAVINGS.of(currency)
    for row in rows:
        sums, saver = row_sums(group, row), group.savers[row.member]
        saver.shares += row.shares
        if saver.loan is not None:
            owed = max(0, saver.loan.principal_minor - saver.loan.repaid_minor)
            saver.loan.repaid_minor += row.repaid
            group.charges_minor += max(0, row.repaid - owed)
            if row.written_off or not saver.loan.left_minor:
                saver.loan = None
        if row.lent:
            saver.loan = FundLoan(row.lent, group.charge_minor(row.lent), number + group.said.due_after)
        group.fund_minor += sums.fund_in - sums.lent
        group.social_minor += sums.social_in - sums.granted
        if sums.net:
            postings.append(Posting(account_id(row.member, currency), sums.net, "savings", None, account))
    total = -sum(one.amount_minor for one in postings)
    return [*postings, Posting(account, total, "savings")] if total else postings


def shared_out(group: SavingsGroup) -> dict[str, int]:
    """Return the loan fund shared out by shares, by largest remainder: minor units by member, for who gets something.

    Where remainders are alike, the odd units are drawn from the cycle's id.
    """
    shares = {member: saver.shares for member, saver in group.savers.items()}
    found = apportioned_by_name(group.fund_minor, shares, group.cycle)
    return {member: found[member] for member in group.savers if found[member]}


def book_share_out(book: Book, group: SavingsGroup) -> tuple[list[Posting], tuple[tuple[str, int], ...]]:
    """Share the loan fund out: part of the fold. What is due to who has left goes to the commons."""
    currency, postings = group.said.currency, list[Posting]()
    account, shared = SAVINGS.of(currency), shared_out(group)
    for member, minor in shared.items():
        gone = book.members[member].state is MemberState.LEFT
        to = commons_account(currency) if gone else account_id(member, currency)
        postings.append(Posting(to, minor, "share-out", None, account))
    total = sum(shared.values())
    if total:
        postings.append(Posting(account, -total, "share-out"))
    group.fund_minor -= total
    group.charges_minor = 0
    for saver in group.savers.values():
        saver.shares = 0
    return postings, tuple(shared.items())
