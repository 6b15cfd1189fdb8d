# SPDX-License-Identifier: AGPL-3.0-or-later
"""When a currency may get a reserve, when more of it is issued, and when state money goes to the till."""

from collections.abc import Iterable, Sequence

from protocol.book.addresses import resolve_account, resolve_member
from protocol.book.book import Book
from protocol.book.declaration import Desk, Entered, Motion, News, Plan, Write, ungated
from protocol.book.ledger import Posting
from protocol.book.money import minor_of, payable
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    AMOUNT_NOT_POSITIVE,
    BALANCE_OPEN,
    CURRENCY_CLOSED,
    CURRENCY_MISMATCH,
    CURRENCY_UNKNOWN,
    DUPLICATE,
    MALFORMED,
    MEMBER_UNKNOWN,
    STATE_CONFLICT,
    Reason,
    Refused,
    foremost,
    refuse,
)
from protocol.book.signed import uuid_text
from protocol.book.wishes import said_in
from protocol.lanes.entry import Body, Millis
from protocol.practices.between.links.state import Links
from protocol.practices.credit.reserves.entries import (
    AskRedemption,
    AttestMove,
    Issued,
    MoveAttested,
    MoveCancelled,
    MoveTold,
    RedemptionAsked,
    ReserveOpened,
    TillMoved,
)
from protocol.practices.credit.reserves.moving import (
    against_attesting,
    against_cancelling,
    against_telling,
    attest,
    tell,
)
from protocol.practices.credit.reserves.redeeming import against_asking, pay_waiting, redeem
from protocol.practices.credit.reserves.refusals import RATIO_ABOVE_RESERVE
from protocol.practices.credit.reserves.rights import broken_promise, exhausted, issue, reserve_of, short
from protocol.practices.credit.reserves.state import (
    MOVE_LIFE,
    MOVES,
    NODE,
    REDEMPTIONS,
    MoveState,
    Reserve,
    Reserves,
)
from protocol.practices.credit.reserves.views import FillTill, IssueCurrency, OpenReserve, state_minor
from protocol.practices.money.currencies.entries import CODE_CHARS_MAX

GATE = Motion()


def check(book: Book, entered: Entered) -> Reason | None:
    body = entered.body
    match body:
        case MoveAttested():
            refused = against_attesting(book, said_in(book, body, AttestMove))
        case RedemptionAsked():
            refused = against_asking(book, said_in(book, body, AskRedemption))
        case _:
            refused = book.misplaced(entered) or _against(book, body, entered.at_ms)
    return refused.reason if refused else None


def _against(book: Book, body: Body, at_ms: Millis) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    match body:
        case ReserveOpened():
            return _against_opening(book, body)
        case MoveTold():
            return against_telling(book, body)
        case MoveCancelled():
            return against_cancelling(book, body)
        case Issued():
            return _against_issuing(book, body, at_ms)
        case TillMoved():
            return _against_filling(book, body)
        case _:
            raise AssertionError(body)


def _against_opening(book: Book, body: ReserveOpened) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    currency = book.currencies.get(body.currency)
    if currency is None:
        return refuse(CURRENCY_UNKNOWN, currency=body.currency[:CODE_CHARS_MAX])
    if currency.guaranteed:
        return refuse(DUPLICATE)
    if body.state in ("", body.currency):
        return refuse(MALFORMED, field="state", expected="the name of state money, such as BRL")
    if len(set(body.custodians)) < max(body.needed, len(body.custodians)):
        return refuse(MALFORMED, field="custodians", expected=f"each once, and at least {body.needed}")
    for name in body.custodians:
        member = book.members.get(name)
        refused = refuse(MEMBER_UNKNOWN, member=name) if member is None else member.inactive()
        if refused is not None:
            return refused
    if body.num > body.den:
        return refuse(RATIO_ABOVE_RESERVE, num=body.num, den=body.den)
    if currency.closed:
        return refuse(CURRENCY_CLOSED, currency=body.currency)
    return _held(book, body.currency) or ungated(book, GATE)


def _held(book: Book, code: str) -> Refused | None:
    """Return why a currency cannot become guaranteed any more: somebody holds or owes it."""
    for account in book.ledger.accounts.values():
        if account.currency == code and account.balance_minor:
            return refuse(BALANCE_OPEN, account=account.id, balance=account.balance_minor, currency=code)
    return None


def _against_issuing(book: Book, body: Issued, at_ms: Millis) -> Refused | None:
    account = book.ledger.accounts.get(body.account)
    if account is None or account.member is None:
        return refuse(ACCOUNT_UNKNOWN, member=body.account)
    reserve = reserve_of(book, account.currency)
    if isinstance(reserve, Refused):
        return reserve
    inactive = book.members[account.member].inactive()
    return inactive or broken_promise(book, reserve, at_ms) or exhausted(reserve, NODE, body.amount)


def _against_filling(book: Book, body: TillMoved) -> Refused | None:
    reserve = reserve_of(book, body.currency)
    if isinstance(reserve, Refused):
        return reserve
    there = reserve.in_bank_minor if body.amount > 0 else reserve.till_minor
    return short(reserve, there, abs(body.amount)) if body.amount else refuse(AMOUNT_NOT_POSITIVE)


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body = entered.body
    match body:
        case ReserveOpened():
            _open(book, body, entered.seq)
        case MoveTold():
            tell(book, body, entered)
        case MoveAttested():
            attest(book, said_in(book, body, AttestMove))
        case MoveCancelled():
            move = book.rows(MOVES).change(body.move)
            move.state = MOVE_LIFE.after(move.state, body.KIND)
        case Issued():
            account = book.ledger.accounts[body.account]
            return issue(book.of(Reserves).by_currency[account.currency], NODE, account.id, body.amount)
        case TillMoved():
            reserve = book.of(Reserves).by_currency[body.currency]
            reserve.till_minor += body.amount
            return pay_waiting(book, reserve, entered)
        case RedemptionAsked():
            return redeem(book, said_in(book, body, AskRedemption), entered)
        case _:
            raise AssertionError(body)
    return ()


def _open(book: Book, body: ReserveOpened, seq: int) -> None:
    book.of(Reserves).by_currency[body.currency] = Reserve(body, seq)
    currency = book.currencies[body.currency]
    currency.guaranteed, currency.default_least_minor = True, 0
    for account in book.ledger.accounts.values():
        if account.currency == body.currency and account.member is not None:
            account.least_minor = 0


def news(book: Book, entered: Entered) -> Iterable[News]:
    body = entered.body
    match body:
        case ReserveOpened():
            yield News("reserve.opened", body.currency, tuple(book.members))
        case MoveTold():
            custodians = book.of(Reserves).by_currency[body.currency].terms.custodians
            yield News("reserve.move-told", uuid_text(body.move), custodians)
        case MoveAttested():
            move = book.rows(MOVES)[said_in(book, body, AttestMove).wish.move]
            word = "counted" if move.state is MoveState.COUNTED else "attested"
            yield News(f"reserve.move-{word}", uuid_text(move.id))
        case MoveCancelled():
            yield News("reserve.move-cancelled", uuid_text(body.move))
        case Issued():
            account = book.ledger.accounts[body.account]
            yield News("reserve.issued", account.currency, (account.member or "",), {"amount": body.amount})
        case TillMoved():
            yield News("reserve.till-moved", body.currency)
        case RedemptionAsked():
            found = book.rows(REDEMPTIONS)[said_in(book, body, AskRedemption).wish.redemption or b""]
            yield News(f"redemption.{found.state.value}", uuid_text(found.id), (book.owner_of(found.account),))
        case _:
            raise AssertionError(body)


def plan_open(desk: Desk, wish: OpenReserve) -> Plan | Refused:
    book, custodians = desk.book, list[str]()
    # Records of links stand in lanes of their own, so no check of an entry in the ledger may look at them.
    if any(link.mine and link.mine.currency == wish.currency for link in book.of(Links).by_id.values()):
        return refuse(STATE_CONFLICT, state="in use between networks")
    for address in wish.custodians:
        member = resolve_member(book, address)
        if isinstance(member, Refused):
            return member
        custodians.append(member.id)
    body = ReserveOpened(
        wish.currency,
        wish.state,
        wish.num,
        wish.den,
        wish.fee_basis_points,
        wish.promise_hours,
        tuple(custodians),
        wish.needed,
    )
    return _against_opening(book, body) or Plan(wish.currency, (Write(body),))


def plan_issue(desk: Desk, code: str, wish: IssueCurrency) -> Plan | Refused:
    book = desk.book
    reserve = reserve_of(book, code)
    if isinstance(reserve, Refused):
        return reserve
    account = resolve_account(book, wish.member, code)
    amount = minor_of(wish.amount, code, book.currencies[code].scale)
    if isinstance(account, Refused) or isinstance(amount, Refused):
        return foremost(*(one for one in (account, amount) if isinstance(one, Refused))) or refuse(MALFORMED)
    if account.currency != code:
        return refuse(CURRENCY_MISMATCH, currency=account.currency)
    body = Issued(account.id, amount)
    refused = payable(amount) or _against(book, body, desk.now) or book.ledger.credit_refusal(account, amount)
    return refused or Plan(code, (Write(body),))


def plan_fill(desk: Desk, code: str, wish: FillTill) -> Plan | Refused:
    reserve = reserve_of(desk.book, code)
    amount = reserve if isinstance(reserve, Refused) else state_minor(desk.book, reserve, wish.amount)
    if isinstance(amount, Refused):
        return amount
    body = TillMoved(code, amount)
    return _against(desk.book, body, desk.now) or Plan(code, (Write(body),))
