# SPDX-License-Identifier: AGPL-3.0-or-later
"""When a fund is an ethical bank, what its savers and those who assess loans say, and who may be published.

The floor is the author's to keep, as every limit; whether notice was given, every node sees.
"""

from collections.abc import Iterable, Sequence
from typing import assert_never

from protocol.book.book import Book
from protocol.book.declaration import Desk, Entered, News, Plan, Publication, Write, ungated
from protocol.book.ledger import Posting
from protocol.book.money import minor_of, payable
from protocol.book.personal import NOTE_CHARS_MAX, salted, text_refusal
from protocol.book.private import Owned
from protocol.book.refusals import (
    DUPLICATE,
    FORBIDDEN,
    MALFORMED,
    MEMBER_UNKNOWN,
    NOT_FOUND,
    STATE_CONFLICT,
    Reason,
    Refused,
    refuse,
)
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.timezones import DAY_MS
from protocol.book.wishes import said_in
from protocol.lanes.entry import Body
from protocol.practices.between.announcements import board_full, seen_by_named
from protocol.practices.credit.ethical.entries import (
    ENTERPRISE_CHARS_MAX,
    SECTORS,
    BankDeclared,
    EthicalSaid,
    LoanAssessed,
    LoanPublication,
    LoanPublished,
    SectorsPreferred,
    SocialScore,
    WithdrawalNoticed,
)
from protocol.practices.credit.ethical.refusals import NOT_AN_ORGANISATION, NOTICE_NEEDED
from protocol.practices.credit.ethical.state import (
    ETHICAL_GATE,
    NOTICE_DAYS,
    EthicalBank,
    EthicalBanks,
    matured_minor,
)
from protocol.practices.credit.ethical.views import AssessLoan, DeclareBank, GiveNotice, PreferSectors, PublishLoan
from protocol.practices.credit.funds.entries import FundPart, FundWithdrawn, WithdrawFund
from protocol.practices.credit.funds.state import Funds, fund_named
from protocol.practices.credit.loans.entries import LoanKind
from protocol.practices.credit.loans.state import LOANS, LoanState, fund_of_loan
from protocol.practices.people.authority import speaks_as

PUBLISHED_DAYS = 180
"""How long a loan stands on the board, unless it is published again; nobody keeps what ends in more than 366 days."""


def check(book: Book, entered: Entered) -> Reason | None:
    assert isinstance(entered.body, EthicalSaid)
    refused = book.misplaced(entered) or _against(book, entered.body)
    return refused.reason if refused else None


def _against(book: Book, body: Body) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    assert isinstance(body, EthicalSaid)
    banks = book.of(EthicalBanks).by_fund
    match body:
        case BankDeclared(fund):
            if fund not in book.of(Funds).by_id:
                return refuse(NOT_FOUND)
            return refuse(DUPLICATE) if fund in banks else ungated(book, ETHICAL_GATE)
        case SectorsPreferred():
            refused = _no_saver(book, body.fund, body.member)
            return refused or _strange_sectors(body.sectors)
        case WithdrawalNoticed():
            return _no_saver(book, body.fund, body.member)
        case LoanAssessed():
            named = [one.criterion for one in body.scores]
            if body.loan not in book.rows(LOANS):
                return refuse(NOT_FOUND)
            if len(set(named)) < len(named):
                return refuse(DUPLICATE)
            return _strange_sectors((body.sector,))
        case LoanPublished():
            return _against_publishing(book, body)
        case _:
            assert_never(body)


def _no_saver(book: Book, fund: bytes, name: str) -> Refused | None:
    if fund not in book.of(EthicalBanks).by_fund:
        return refuse(NOT_FOUND)
    member = book.members.get(name)
    return refuse(MEMBER_UNKNOWN, member=name) if member is None else member.inactive()


def _strange_sectors(sectors: Sequence[str]) -> Refused | None:
    if len(set(sectors)) == len(sectors) and set(sectors) <= set(SECTORS):
        return None
    return refuse(MALFORMED, field="sectors", expected="letters of ISIC sections, A to V, each once")


def _against_publishing(book: Book, body: LoanPublished) -> Refused | None:
    loan = book.rows(LOANS).get(body.loan)
    if loan is None or loan.fund not in book.of(EthicalBanks).by_fund:
        return refuse(NOT_FOUND)
    if loan.kind is not LoanKind.PRODUCTIVE:
        return refuse(NOT_AN_ORGANISATION)
    if loan.state is not LoanState.CURRENT:
        return refuse(STATE_CONFLICT, state=loan.state.value)
    if body.loan not in book.of(EthicalBanks).assessed:
        return refuse(STATE_CONFLICT, state="not assessed yet")
    return None if body.enterprise.strip() else refuse(MALFORMED, field="enterprise", expected="its name")


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body, banks = entered.body, book.of(EthicalBanks)
    assert isinstance(body, EthicalSaid)
    match body:
        case BankDeclared(fund):
            banks.by_fund[fund] = EthicalBank(fund, entered.seq)
        case SectorsPreferred():
            banks.by_fund[body.fund].preferred[body.member] = body.sectors
        case WithdrawalNoticed():
            given = banks.by_fund[body.fund].notices.setdefault(body.member, [])
            given.append((entered.at_ms, body.amount))
        case LoanAssessed():
            banks.assessed[body.loan] = body
        case LoanPublished():
            banks.by_fund[book.rows(LOANS)[body.loan].fund].published[body.loan] = body
        case _:
            assert_never(body)
    return ()


def unnoticed(book: Book, entered: Entered) -> Refused | None:
    """Return NOTICE_NEEDED where a saver withdraws from an ethical bank what she has not given notice of in time."""
    assert isinstance(entered.body, FundWithdrawn)
    said = said_in(book, entered.body, WithdrawFund)
    bank, days = book.of(EthicalBanks).by_fund.get(said.wish.fund), book.parameter(NOTICE_DAYS)
    if bank is None or not days or said.wish.part is not FundPart.SAVINGS:
        return None
    currency = book.of(Funds).by_id[bank.fund].currency
    amount = minor_of(said.wish.amount, currency, book.currencies[currency].scale)
    available = matured_minor(book, bank, _saver(said.wish, said.member), entered.at_ms)
    if isinstance(amount, int) and amount > available:
        return refuse(NOTICE_NEEDED, available=available, days=days, currency=currency)
    return None


def _saver(wish: WithdrawFund, signer: object) -> str:
    """Return the id of whose savings they are: of whom the wish names, or whose key signed it."""
    return wish.member or getattr(signer, "id", "")


def use_notice(book: Book, entered: Entered) -> Sequence[Posting]:
    """Take what was withdrawn off the notices that were given of it, the oldest first: part of the fold."""
    assert isinstance(entered.body, FundWithdrawn)
    said = said_in(book, entered.body, WithdrawFund)
    bank = book.of(EthicalBanks).by_fund.get(said.wish.fund)
    if bank is None or said.wish.part is not FundPart.SAVINGS:
        return ()
    currency = book.of(Funds).by_id[bank.fund].currency
    left = minor_of(said.wish.amount, currency, book.currencies[currency].scale)
    assert isinstance(left, int)
    name, kept = _saver(said.wish, said.member), list[tuple[int, int]]()
    for given, minor in bank.notices.pop(name, ()):
        used = min(left, minor)
        left -= used
        if minor > used:
            kept.append((given, minor - used))
    if kept:
        bank.notices[name] = kept
    return ()


def news(book: Book, entered: Entered) -> Iterable[News]:
    body = entered.body
    assert isinstance(body, EthicalSaid)
    match body:
        case BankDeclared(fund):
            yield News("ethical-bank.declared", uuid_text(fund), tuple(book.members))
        case SectorsPreferred() | WithdrawalNoticed():
            word = "preferred" if isinstance(body, SectorsPreferred) else "noticed"
            yield News(f"ethical-bank.{word}", uuid_text(body.fund), (body.member,))
        case LoanAssessed() | LoanPublished():
            word = "assessed" if isinstance(body, LoanAssessed) else "published"
            loan = book.rows(LOANS)[body.loan]
            yield News(f"ethical-loan.{word}", uuid_text(body.loan), (loan.borrower,))
        case _:
            assert_never(body)


def owned(book: Book, body: Body) -> Iterable[Owned]:
    """Yield the sources of an assessment: they are about the borrower, and so the borrower's."""
    assert isinstance(body, LoanAssessed)
    borrower = book.rows(LOANS)[body.loan].borrower
    for one in body.scores:
        if one.source is not None:
            yield Owned(one.source, borrower, f"ethical-loans/{uuid_text(body.loan)}")


def plan_declare(desk: Desk, name: str, wish: DeclareBank) -> Plan | Refused:
    del wish
    body = BankDeclared(parse_uuid(name) or b"")
    return _against(desk.book, body) or Plan(name, (Write(body),))


def plan_prefer(desk: Desk, name: str, wish: PreferSectors) -> Plan | Refused:
    member = speaks_as(desk, wish.member)
    if isinstance(member, Refused):
        return member
    body = SectorsPreferred(parse_uuid(name) or b"", member.id, wish.sectors)
    return _against(desk.book, body) or Plan(name, (Write(body),))


def plan_notice(desk: Desk, name: str, wish: GiveNotice) -> Plan | Refused:
    member, fund = speaks_as(desk, wish.member), fund_named(desk.book, name)
    if isinstance(member, Refused):
        return member
    if isinstance(fund, Refused):
        return fund
    amount = minor_of(wish.amount, fund.currency, desk.book.currencies[fund.currency].scale)
    refused = payable(amount) if isinstance(amount, int) else amount
    if refused is not None or isinstance(amount, Refused):
        return refused or refuse(MALFORMED)
    body = WithdrawalNoticed(fund.id, member.id, amount)
    return _against(desk.book, body) or Plan(name, (Write(body),))


def plan_assess(desk: Desk, name: str, wish: AssessLoan) -> Plan | Refused:
    scores: list[SocialScore] = []
    texts: list[tuple[bytes, str]] = []
    for told in wish.scores:
        refused = text_refusal("source", told.source, NOTE_CHARS_MAX)
        if refused:
            return refused
        digest, named = salted(desk, told.source)
        scores.append(SocialScore(told.criterion, told.score, digest))
        texts += named
    body = LoanAssessed(parse_uuid(name) or b"", wish.sector, tuple(scores))
    return _against(desk.book, body) or Plan(name, (Write(body),), tuple(texts))


def plan_publish(desk: Desk, name: str, wish: PublishLoan) -> Plan | Refused:
    book = desk.book
    body = LoanPublished(parse_uuid(name) or b"", wish.enterprise)
    seen_by = seen_by_named(book, wish.seers, wish.federations)
    refused = text_refusal("enterprise", wish.enterprise, ENTERPRISE_CHARS_MAX) or _against(book, body)
    if refused or isinstance(seen_by, Refused):
        return refused or seen_by  # type: ignore[return-value]
    loan = book.rows(LOANS)[body.loan]
    if desk.actor.member != loan.borrower and desk.actor.member is not None:
        return refuse(FORBIDDEN, allowed="who has borrowed, and those who coordinate")
    fund, assessed = fund_of_loan(book, loan), book.of(EthicalBanks).assessed[loan.id]
    item = LoanPublication(
        fund.title, wish.enterprise, assessed.sector, fund.currency, book.currencies[fund.currency].scale,
        loan.terms.lent_minor, tuple(SocialScore(one.criterion, one.score, None) for one in assessed.scores),
    )  # fmt: skip
    said = Publication(loan.id, item, desk.now + PUBLISHED_DAYS * DAY_MS, seen_by)
    return board_full(book, loan.id) or Plan(name, (Write(body),), published=(said,))
