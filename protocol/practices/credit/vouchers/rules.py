# SPDX-License-Identifier: AGPL-3.0-or-later
"""When vouchers may be printed, presented and replaced: a serial is presented once, with the signature that it bears.

What is printed leaves the commons, which may owe it as far as the cap allows; it circulates until somebody brings it.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import assert_never

from protocol.book.accounts import account_id, commons_account
from protocol.book.addresses import resolve_member
from protocol.book.agenda import Agenda
from protocol.book.book import Book
from protocol.book.declaration import Desk, Entered, Errand, News, Plan, Role, Urgency, Write
from protocol.book.ledger import Posting
from protocol.book.money import minor_of, payable
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    CURRENCY_CLOSED,
    CURRENCY_MISMATCH,
    CURRENCY_UNKNOWN,
    DUPLICATE,
    FORBIDDEN,
    MALFORMED,
    NOT_FOUND,
    STATE_CONFLICT,
    Reason,
    Refused,
    Stage,
    refuse,
)
from protocol.book.timezones import DAY_MS
from protocol.book.uuids import drawn_id
from protocol.lanes.entry import Millis
from protocol.practices.credit.circulation import PAPER, over_issue
from protocol.practices.credit.vouchers.entries import (
    VoucherRedeemed,
    VoucherReplaced,
    VouchersIssued,
    VouchersLapsed,
)
from protocol.practices.credit.vouchers.state import (
    BATCH_LIFE,
    BATCHES,
    REPLACE_DAYS,
    SpentVoucher,
    VoucherBatch,
    VoucherBatches,
    VoucherState,
    batch_keys,
    code_of,
    is_genuine,
    read_voucher,
    same_code,
    voucher_bytes,
)
from protocol.practices.credit.vouchers.views import (
    IssueVouchers,
    RedeemVoucher,
    ReplaceVoucher,
    found_vouchers,
)
from protocol.practices.people.authority import acts_for

VOUCHERS = "vouchers"
VOUCHERS_SOON_MS = 7 * DAY_MS

DUPLICATE_VOUCHER = Reason(
    "DUPLICATE_VOUCHER",
    Stage.SUBJECT,
    409,
    "This voucher was presented before",
    "Serial {serial} was {state} before: whoever has it now has a copy, or the old one. Nothing was paid twice.",
    heading="{serial} was {state} already",
    ways=("take no goods' worth for it", "see when that was: mutirao vouchers show {serial}"),
)
VOUCHER_FORGED = Reason(
    "VOUCHER_FORGED",
    Stage.SUBJECT,
    422,
    "This voucher is not one that the network has printed",
    "Its signature, or its code, is not that of serial {serial}. Nothing was paid.",
    heading="{serial} is not genuine",
    ways=("read its QR code once more, or type its 16 characters", "show it to a steward"),
)
VOUCHER_EXPIRED = Reason(
    "VOUCHER_EXPIRED",
    Stage.RULE,
    422,
    "This voucher has expired",
    "Serial {serial} counted until its date. A steward prints another in its place for {days} days after that; then the"
    " commons has its value. Nothing was paid.",
    heading="{serial} has expired",
    ways=(
        "ask a steward for another: mutirao vouchers replace {serial}",
        "see its dates: mutirao vouchers show {serial}",
    ),
)

VouchersSaid = VouchersIssued | VoucherRedeemed | VoucherReplaced | VouchersLapsed


def check(book: Book, entered: Entered) -> Reason | None:
    assert isinstance(entered.body, VouchersSaid)
    refused = book.misplaced(entered) or _against(book, entered.body, entered.at_ms)
    return refused.reason if refused else None


def _against(book: Book, body: VouchersSaid, at_ms: Millis) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    if isinstance(body, VouchersIssued):
        return _against_issue(book, body, at_ms)
    batch = book.rows(BATCHES).get(body.batch)
    if batch is None:
        return refuse(NOT_FOUND)
    match body:
        case VoucherRedeemed():
            return _against_redeeming(book, batch, body, at_ms)
        case VoucherReplaced():
            again = refuse(DUPLICATE) if body.new in book.rows(BATCHES) else None
            return again or _unfit(batch, body.number, batch.lapses_ms, at_ms)
        case VouchersLapsed():
            conflict = BATCH_LIFE.conflict(batch.state, body.KIND)
            early = at_ms <= batch.lapses_ms
            return conflict or (refuse(STATE_CONFLICT, state="not due yet") if early else None)
        case _:
            assert_never(body)


def _against_issue(book: Book, body: VouchersIssued, at_ms: Millis) -> Refused | None:
    currency = book.currencies.get(body.currency)
    if currency is None:
        return refuse(CURRENCY_UNKNOWN, currency=body.currency)
    if body.batch in book.rows(BATCHES):
        return refuse(DUPLICATE)
    if body.expires_ms <= at_ms:
        return refuse(MALFORMED, field="days", expected="an hour to come")
    if currency.closed:
        return refuse(CURRENCY_CLOSED, currency=currency.code)
    total = body.value * body.count
    paper = book.ledger.accounts.get(PAPER.of(body.currency))
    held = 0 if paper is None else paper.balance_minor
    # The account of paper opens with the first batch.
    return payable(held + total) or book.ledger.uncountable((commons_account(body.currency), -total))


def _against_redeeming(book: Book, batch: VoucherBatch, body: VoucherRedeemed, at_ms: Millis) -> Refused | None:
    account = book.ledger.accounts.get(body.account)
    if account is None or account.member is None:
        return refuse(ACCOUNT_UNKNOWN, member=body.account)
    if account.currency != batch.currency:
        return refuse(CURRENCY_MISMATCH, currency=account.currency)
    if body.number > batch.count or not is_genuine(book, batch, body.number, body.signature):
        return refuse(VOUCHER_FORGED, serial=batch.serial(body.number))
    refused = _unfit(batch, body.number, batch.expires_ms, at_ms) or book.members[account.member].inactive()
    if refused or book.currencies[batch.currency].closed:
        return refused or refuse(CURRENCY_CLOSED, currency=batch.currency)
    return book.ledger.uncountable((account.id, batch.value_minor))


def _unfit(batch: VoucherBatch, number: int, until_ms: Millis, at_ms: Millis) -> Refused | None:
    """Return why a voucher counts no more: it was presented, or its time is over."""
    if number > batch.count:
        return refuse(NOT_FOUND)
    spent = batch.spent_of(number)
    if spent is not None:
        return refuse(DUPLICATE_VOUCHER, serial=batch.serial(number), state=spent.state.value)
    lapsed = batch.state_of(number, at_ms) is VoucherState.LAPSED
    if lapsed or at_ms > until_ms:
        return refuse(VOUCHER_EXPIRED, serial=batch.serial(number), days=(batch.lapses_ms - batch.expires_ms) // DAY_MS)
    return None


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body, batches = entered.body, book.rows(BATCHES)
    assert isinstance(body, VouchersSaid)
    match body:
        case VouchersIssued():
            _print(book, entered, body)
            total, commons, paper = body.value * body.count, commons_account(body.currency), PAPER.of(body.currency)
            return _moved(commons, paper, total)
        case VoucherRedeemed():
            batch = batches.change(body.batch)
            batch.spent = (*batch.spent, SpentVoucher(body.number, VoucherState.REDEEMED, entered.at_ms))
            return _moved(PAPER.of(batch.currency), body.account, batch.value_minor)
        case VoucherReplaced():
            batch = batches.change(body.batch)
            batch.spent = (*batch.spent, SpentVoucher(body.number, VoucherState.REPLACED, entered.at_ms))
            new = VouchersIssued(body.new, batch.currency, batch.value_minor, 1, body.expires_ms, body.key)
            _print(book, entered, new)
            return ()
        case VouchersLapsed():
            batch = batches.change(body.batch)
            left = batch.left_minor
            batch.state = BATCH_LIFE.after(batch.state, body.KIND)
            book.of(Agenda).put(VOUCHERS, batch.id, None)
            return _moved(PAPER.of(batch.currency), commons_account(batch.currency), left) if left else ()
        case _:
            assert_never(body)


def _print(book: Book, entered: Entered, body: VouchersIssued) -> None:
    ids = book.of(VoucherBatches).ids
    ids.append(body.batch)
    state = BATCH_LIFE.after(None, entered.body.KIND)
    lapses_ms = body.expires_ms + book.parameter(REPLACE_DAYS) * DAY_MS
    batch = VoucherBatch(
        body.batch, len(ids), body.currency, body.value, body.count, body.expires_ms, lapses_ms, body.key,
        entered.at_ms, state,
    )  # fmt: skip
    book.rows(BATCHES).add(batch)
    book.of(Agenda).put(VOUCHERS, batch.id, batch.lapses_ms + 1)


def _moved(source: str, target: str, amount: int) -> Sequence[Posting]:
    return (
        Posting(source, -amount, "voucher", None, target),
        Posting(target, amount, "voucher", None, source),
    )


def agenda(desk: Desk, name: bytes) -> Iterator[Plan]:
    """Give the commons what nobody has brought in time."""
    batch = desk.book.rows(BATCHES)[name]
    yield Plan(str(batch.index), (Write(VouchersLapsed(batch.id)),))


def news(book: Book, entered: Entered) -> Iterable[News]:
    body = entered.body
    assert isinstance(body, VouchersSaid)
    batch, word = book.rows(BATCHES)[body.batch], body.KIND.partition("/")[2]
    match body:
        case VoucherRedeemed() | VoucherReplaced():
            owner = book.owner_of(body.account) if isinstance(body, VoucherRedeemed) else ""
            yield News(f"voucher.{word}", batch.serial(body.number), (owner,) if owner else ())
        case VouchersIssued() | VouchersLapsed():
            yield News(f"vouchers.{word}", str(batch.index))
        case _:
            assert_never(body)


def plan_issue(desk: Desk, wish: IssueVouchers) -> Plan | Refused:
    book = desk.book
    currency = book.currencies.get(wish.currency)
    if currency is None:
        return refuse(CURRENCY_UNKNOWN, currency=wish.currency)
    value = minor_of(wish.value, currency.code, currency.scale)
    refused = value if isinstance(value, Refused) else payable(value)
    if refused or isinstance(value, Refused):
        return refused or refuse(MALFORMED)
    batch = book.drawn(drawn_id(desk.chance))
    key = batch_keys(desk, batch).public
    body = VouchersIssued(batch, currency.code, value, wish.count, desk.now + wish.days * DAY_MS, key)
    refused = _against(book, body, desk.now) or over_issue(book, currency.code, value * wish.count, desk.now)
    return refused or Plan(str(len(book.of(VoucherBatches).ids) + 1), (Write(body),))


def plan_redeem(desk: Desk, name: str, wish: RedeemVoucher) -> Plan | Refused:
    book = desk.book
    address = desk.actor.member if wish.member is None else wish.member
    nobody = refuse(MALFORMED, field="member", expected="a handle")
    member = nobody if address is None else resolve_member(book, address)
    if isinstance(member, Refused):
        return member
    if not acts_for(desk.actor, member) and desk.actor.role is not Role.STEWARD:
        return refuse(FORBIDDEN, allowed="the member itself")
    found = _one_voucher(book, name)
    if isinstance(found, Refused):
        return found
    batch, number = found
    signature = _signature_in(desk, batch, number, name, wish.code)
    if signature is None:
        return refuse(VOUCHER_FORGED, serial=batch.serial(number))
    body = VoucherRedeemed(batch.id, number, signature, account_id(member.id, batch.currency))
    refused = _against(book, body, desk.now)
    refused = refused or book.ledger.credit_refusal(book.ledger.accounts[body.account], batch.value_minor)
    return refused or Plan(batch.serial(number), (Write(body),))


def _one_voucher(book: Book, name: str) -> tuple[VoucherBatch, int] | Refused:
    batch, number = found_vouchers(book, name) or (None, None)
    return refuse(NOT_FOUND) if batch is None or number is None else (batch, number)


def _signature_in(desk: Desk, batch: VoucherBatch, number: int, name: str, code: str | None) -> bytes | None:
    """Return the signature that a QR code holds, or that of the serial whose code was typed; None where it is none."""
    read, said = read_voucher(name), voucher_bytes(desk.book, batch, number)
    if read is not None:
        return read[1].signature if read[1].data == said else None
    signature = batch_keys(desk, batch.id).sign("voucher", said)
    return signature if code is not None and same_code(code, code_of(signature)) else None


def plan_replace(desk: Desk, name: str, wish: ReplaceVoucher) -> Plan | Refused:
    book = desk.book
    found = _one_voucher(book, name)
    if isinstance(found, Refused):
        return found
    batch, number = found
    new = book.drawn(drawn_id(desk.chance))
    expires_ms = desk.now + wish.days * DAY_MS
    body = VoucherReplaced(batch.id, number, new, expires_ms, batch_keys(desk, new).public)
    return _against(book, body, desk.now) or Plan(str(len(book.of(VoucherBatches).ids) + 1), (Write(body),))


def week(desk: Desk) -> Iterator[Errand]:
    """Yield which vouchers expire within a week, or have expired and can be replaced."""
    for batch in desk.book.rows(BATCHES).values():
        if batch.left_minor and desk.now > batch.expires_ms - VOUCHERS_SOON_MS:
            yield Errand(
                str(batch.index),
                str(batch.index),
                "vouchers.expiring",
                f"vouchers of batch {batch.index} expire, or have expired: replace them in time",
                "vouchers.show",
                Urgency.DATE,
                figure=desk.book.amount(batch.currency, batch.left_minor),
                until_ms=batch.lapses_ms,
            )


def on_paper(book: Book) -> str | None:
    """Complain where the account of paper is not what vouchers are worth that circulate."""
    held: dict[str, int] = {}
    for batch in book.rows(BATCHES).values():
        held[batch.currency] = held.get(batch.currency, 0) + batch.left_minor
    for code in book.currencies:
        account = book.ledger.accounts.get(PAPER.of(code))
        if account is not None and account.balance_minor != held.get(code, 0):
            return f"{account.id} holds {account.balance_minor}, vouchers are worth {held.get(code, 0)}"
    return None
