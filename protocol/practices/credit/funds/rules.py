# SPDX-License-Identifier: AGPL-3.0-or-later
"""When a fund is created, paid into, drawn on and filled, and what that posts.

That a fund, the commons or a member holds so much is the author's to check, as every limit is.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TypeVar

from protocol.book.accounts import account_id, commons_account
from protocol.book.book import Book
from protocol.book.declaration import Desk, Entered, Motion, News, Plan, Write, ungated
from protocol.book.ledger import Posting
from protocol.book.money import minor_of, payable
from protocol.book.personal import text_refusal
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    CURRENCY_CLOSED,
    CURRENCY_MISMATCH,
    CURRENCY_UNKNOWN,
    DUPLICATE,
    LIMIT_EXCEEDED,
    MALFORMED,
    MEMBER_UNKNOWN,
    NOT_FOUND,
    Reason,
    Refused,
    foremost,
    refuse,
)
from protocol.book.signed import uuid_text
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Said, said_in
from protocol.lanes.entry import Body
from protocol.practices.credit.funds.entries import (
    FUND_TITLE_CHARS_MAX,
    FundCreated,
    FundMoved,
    FundPaid,
    FundPart,
    FundWithdrawn,
    PayFund,
    WithdrawFund,
)
from protocol.practices.credit.funds.refusals import SAVINGS_SHORT
from protocol.practices.credit.funds.state import (
    SAVINGS_PLEDGED,
    Fund,
    Funds,
    from_fund,
    fund_account,
    fund_named,
    into_fund,
    short_of_fund,
)
from protocol.practices.credit.funds.views import CreateFund, FillFund, ReturnFund
from protocol.practices.people.authority import not_said_by, speaks_as

GATE = Motion()
POSTED_AS = "fund"
"""The word on the statement for what moves between a fund and others."""


_W = TypeVar("_W", PayFund, WithdrawFund)


def check(book: Book, entered: Entered) -> Reason | None:
    refused = book.misplaced(entered) or _against(book, entered.body)
    return refused.reason if refused else None


def _against(book: Book, body: Body) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    match body:
        case FundCreated():
            return _against_creating(book, body)
        case FundPaid():
            return _against_wish(book, said_in(book, body, PayFund))
        case FundWithdrawn():
            return _against_wish(book, said_in(book, body, WithdrawFund))
        case FundMoved():
            return _against_moving(book, body)
        case _:
            raise AssertionError(body)


def _against_creating(book: Book, body: FundCreated) -> Refused | None:
    funds = book.of(Funds).by_id
    currency = book.currencies.get(body.currency)
    if currency is None:
        return refuse(CURRENCY_UNKNOWN, currency=body.currency)
    if body.fund in funds:
        return refuse(DUPLICATE)
    if body.guarantee is not None:
        guarantee = funds.get(body.guarantee)
        if guarantee is None:
            return refuse(NOT_FOUND)
        if guarantee.currency != body.currency:
            return refuse(CURRENCY_MISMATCH, currency=guarantee.currency)
    if currency.closed:
        return refuse(CURRENCY_CLOSED, currency=body.currency)
    return ungated(book, GATE)


def _against_moving(book: Book, body: FundMoved) -> Refused | None:
    funds = book.of(Funds).by_id
    ends = [None if name is None else funds.get(name) for name in (body.source, body.target)]
    known = [one for one in ends if one is not None]
    if len(known) < sum(name is not None for name in (body.source, body.target)) or not known:
        return refuse(NOT_FOUND)
    if body.source == body.target:
        return refuse(DUPLICATE)
    currency = known[0].currency
    if any(one.currency != currency for one in known):
        return refuse(CURRENCY_MISMATCH, currency=currency)
    if book.currencies[currency].closed:
        return refuse(CURRENCY_CLOSED, currency=currency)
    return ungated(book, GATE)


def _against_wish(book: Book, said: Said[_W]) -> Refused | None:
    wish = said.wish
    fund = book.of(Funds).by_id.get(wish.fund)
    if fund is None:
        return refuse(NOT_FOUND)
    name = _owner(said)
    member = book.members.get(name)
    if member is None:
        return refuse(MEMBER_UNKNOWN, member=name)
    refused = not_said_by(said, member, capped=False)
    amount = minor_of(wish.amount, fund.currency, book.currencies[fund.currency].scale)
    refused = refused or (amount if isinstance(amount, Refused) else payable(amount))
    if refused is not None:
        return refused
    if account_id(name, fund.currency) not in book.ledger.accounts:
        return refuse(ACCOUNT_UNKNOWN, member=member.handle)
    if isinstance(wish, WithdrawFund) and wish.part is FundPart.GIFT:
        return refuse(MALFORMED, field="part", expected="savings or share")
    if book.currencies[fund.currency].closed:
        return refuse(CURRENCY_CLOSED, currency=fund.currency)
    assert isinstance(amount, int)
    sign = 1 if isinstance(wish, PayFund) else -1
    own, funds = (account_id(name, fund.currency), -sign * amount), (fund_account(fund), sign * amount)
    return member.inactive() or book.ledger.uncountable(own, funds)


def _owner(said: Said[_W]) -> str:
    """Return the id of whose money it is: of whose key signed it, or of whom the wish names."""
    return said.wish.member or "" if said.member is None else said.wish.member or said.member.id


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body, funds = entered.body, book.of(Funds).by_id
    match body:
        case FundCreated():
            funds[body.fund] = Fund(
                body.fund, body.title, body.currency, body.kind, body.guarantee, entered.seq, entered.at_ms
            )
            return ()
        case FundPaid():
            said = said_in(book, body, PayFund)
            fund, account, amount = _moved_by(book, said)
            if said.wish.part is not FundPart.GIFT:
                fund.add_for(said.wish.part, _owner(said), amount)
            return into_fund(fund, account, amount, POSTED_AS)
        case FundWithdrawn():
            taken = said_in(book, body, WithdrawFund)
            fund, account, amount = _moved_by(book, taken)
            fund.add_for(taken.wish.part, _owner(taken), -amount)
            return from_fund(fund, account, amount, POSTED_AS)
        case FundMoved():
            return _move(funds, body)
        case _:
            raise AssertionError(body)


def _moved_by(book: Book, said: Said[_W]) -> tuple[Fund, str, int]:
    """Return the fund, the member's account and the minor units of a wish that was checked."""
    fund = book.of(Funds).by_id[said.wish.fund]
    amount = minor_of(said.wish.amount, fund.currency, book.currencies[fund.currency].scale)
    assert isinstance(amount, int)
    return fund, account_id(_owner(said), fund.currency), amount


def _move(funds: dict[bytes, Fund], body: FundMoved) -> Sequence[Posting]:
    if body.source is None:
        assert body.target is not None
        target = funds[body.target]
        return into_fund(target, commons_account(target.currency), body.amount, POSTED_AS)
    source = funds[body.source]
    if body.target is None:
        return from_fund(source, commons_account(source.currency), body.amount, POSTED_AS)
    # Between two funds of one currency nothing leaves their account.
    source.free_minor -= body.amount
    funds[body.target].free_minor += body.amount
    return ()


def news(book: Book, entered: Entered) -> Iterable[News]:
    body = entered.body
    match body:
        case FundCreated():
            yield News("fund.created", uuid_text(body.fund), tuple(book.members))
        case FundPaid():
            said = said_in(book, body, PayFund)
            yield News("fund.paid", uuid_text(said.wish.fund), (_owner(said),))
        case FundWithdrawn():
            taken = said_in(book, body, WithdrawFund)
            yield News("fund.withdrawn", uuid_text(taken.wish.fund), (_owner(taken),))
        case FundMoved():
            for name in (body.source, body.target):
                if name is not None:
                    yield News("fund.moved", uuid_text(name))
        case _:
            raise AssertionError(body)


def plan_create(desk: Desk, wish: CreateFund) -> Plan | Refused:
    refused = text_refusal("title", wish.title, FUND_TITLE_CHARS_MAX)
    guarantee = None if wish.guarantee is None else fund_named(desk.book, wish.guarantee)
    refused = refused or (guarantee if isinstance(guarantee, Refused) else None)
    if refused is not None or isinstance(guarantee, Refused):
        return refused or refuse(MALFORMED)
    name = None if guarantee is None else guarantee.id
    body = FundCreated(drawn_id(desk.chance), wish.title, wish.currency, wish.kind, name)
    return _against(desk.book, body) or Plan(uuid_text(body.fund), (Write(body),))


def plan_fill(desk: Desk, name: str, wish: FillFund) -> Plan | Refused:
    book = desk.book
    target = fund_named(book, name)
    source = None if wish.source is None else fund_named(book, wish.source)
    if isinstance(target, Refused):
        return target
    if isinstance(source, Refused):
        return source
    return _planned_move(desk, source, target, wish)


def plan_return(desk: Desk, name: str, wish: ReturnFund) -> Plan | Refused:
    source = fund_named(desk.book, name)
    return source if isinstance(source, Refused) else _planned_move(desk, source, None, wish)


def _planned_move(desk: Desk, source: Fund | None, target: Fund | None, wish: FillFund | ReturnFund) -> Plan | Refused:
    book, known = desk.book, target or source
    assert known is not None
    amount = minor_of(wish.amount, known.currency, book.currencies[known.currency].scale)
    refused = amount if isinstance(amount, Refused) else payable(amount)
    if refused is not None or isinstance(amount, Refused):
        return refused or refuse(MALFORMED)
    body = FundMoved(None if source is None else source.id, None if target is None else target.id, amount)
    short = _short_of_commons(book, known.currency, amount) if source is None else short_of_fund(source, amount)
    return foremost(_against(book, body), short) or Plan(uuid_text(known.id), (Write(body),))


def _short_of_commons(book: Book, currency: str, amount_minor: int) -> Refused | None:
    """Return LIMIT_EXCEEDED where the commons holds less."""
    balance = book.ledger.accounts[commons_account(currency)].balance_minor
    if amount_minor <= balance:
        return None
    left = max(0, balance)
    return refuse(
        LIMIT_EXCEEDED,
        available=left,
        missing=amount_minor - left,
        limit=0,
        projected_balance=balance - amount_minor,
        currency=currency,
    )


def plan_pay(desk: Desk, name: str, said: Said[PayFund]) -> Plan | Refused:
    told = _told(desk, said)
    if isinstance(told, Refused):
        return told
    refused = _against_wish(desk.book, told)
    if refused is None:
        _, account, amount = _moved_by(desk.book, told)
        refused = desk.book.ledger.debit_refusal(desk.book.ledger.accounts[account], amount)
    return refused or Plan(name, (Write(FundPaid(*told.held)),))


def plan_withdraw(desk: Desk, name: str, said: Said[WithdrawFund]) -> Plan | Refused:
    told = _told(desk, said)
    if isinstance(told, Refused):
        return told
    book = desk.book
    refused = _against_wish(book, told)
    if refused is None:
        fund, account, amount = _moved_by(book, told)
        refused = foremost(
            _beyond_own(book, fund, told, amount),
            short_of_fund(fund, amount),
            book.ledger.credit_refusal(book.ledger.accounts[account], amount),
        )
    return refused or Plan(name, (Write(FundWithdrawn(*told.held)),))


def _beyond_own(book: Book, fund: Fund, said: Said[WithdrawFund], amount_minor: int) -> Refused | None:
    """Return SAVINGS_SHORT where a member has less there, or some of it stands for a loan."""
    member, part = _owner(said), said.wish.part
    pledged = sum(told(book, fund, member) for told in book.fillings(SAVINGS_PLEDGED))
    pledged = pledged if part is FundPart.SAVINGS else 0
    available = max(0, fund.of_member(part, member) - pledged)
    if amount_minor <= available:
        return None
    return refuse(SAVINGS_SHORT, available=available, pledged=pledged, currency=fund.currency)


def _told(desk: Desk, said: Said[_W]) -> Said[_W] | Refused:
    """Return what was said, told by word of mouth with the member by its id."""
    if said.signed is not None:
        return said
    member = speaks_as(desk, said.wish.member)
    return member if isinstance(member, Refused) else replace(said, wish=replace(said.wish, member=member.id))
