# SPDX-License-Identifier: AGPL-3.0-or-later
"""Redemptions: a member gives currency back, and the till pays state money at once or in the order in which they came.

What waits is still outstanding: it is in the account of those who redeem. The rights that it returns are consumed by
the state money that leaves, so no redemption ever lacks rights.
"""

from collections.abc import Sequence
from dataclasses import replace

from protocol.book.accounts import account_id
from protocol.book.addresses import local_part, resolve_account
from protocol.book.book import Book
from protocol.book.declaration import Desk, Entered, Plan, Write
from protocol.book.ledger import Posting
from protocol.book.money import minor_of, payable
from protocol.book.refusals import DUPLICATE, FORBIDDEN, MALFORMED, Refused, foremost, refuse
from protocol.book.signed import uuid_text
from protocol.book.wishes import Said
from protocol.practices.credit.reserves.entries import AskRedemption, RedemptionAsked, TillMoved
from protocol.practices.credit.reserves.rights import reserve_of
from protocol.practices.credit.reserves.state import (
    HOUR_MS,
    ISSUED,
    NODE,
    REDEEMING,
    REDEMPTION_LIFE,
    REDEMPTIONS,
    Redemption,
    RedemptionState,
    Reserve,
    Reserves,
)
from protocol.practices.people.authority import acts_for, authorise


def against_asking(book: Book, said: Said[AskRedemption]) -> Refused | None:
    """Return why a redemption may not stand: the same answer on every node; no limit is looked at."""
    wish = said.wish
    authority = authorise(book, said, wish.account or "", None, None)
    if isinstance(authority, Refused):
        return authority
    code = authority.account.currency
    reserve = reserve_of(book, code)
    amount = minor_of(wish.amount, code, book.currencies[code].scale)
    if isinstance(reserve, Refused) or isinstance(amount, Refused):
        return foremost(*(one for one in (reserve, amount) if isinstance(one, Refused)))
    if wish.redemption in book.rows(REDEMPTIONS):
        return refuse(DUPLICATE)
    return payable(amount) or authority.member.inactive()


def redeem(book: Book, said: Said[AskRedemption], entered: Entered) -> Sequence[Posting]:
    """Take currency back, and pay for it if the till can and nobody waits: part of the fold."""
    wish = said.wish
    account = book.ledger.accounts[wish.account or ""]
    reserve = book.of(Reserves).by_currency[account.currency]
    amount = minor_of(wish.amount, account.currency, book.currencies[account.currency].scale)
    assert isinstance(amount, int) and wish.redemption is not None
    if said.device is not None:
        said.device.spend(amount)
    fee, due_ms = reserve.fee_minor(amount), entered.at_ms + reserve.terms.promise_hours * HOUR_MS
    pays = not reserve.waiting and amount - fee <= reserve.till_minor
    state = REDEMPTION_LIFE.after(None, RedemptionAsked.KIND, RedemptionState.PAID if pays else RedemptionState.WAITING)
    found = Redemption(
        wish.redemption, entered.seq, entered.at_ms, account.id, account.currency, amount, fee, due_ms, state
    )
    book.rows(REDEMPTIONS).add(found)
    if not pays:
        reserve.waiting.append(found.id)
        waits = REDEEMING.of(found.currency)
        return (Posting(account.id, -amount, "redemption", None, waits), Posting(waits, amount, "redemption"))
    return _pay(reserve, found, entered, account.id)


def pay_waiting(book: Book, reserve: Reserve, entered: Entered) -> Sequence[Posting]:
    """Pay those who wait, the first first, as far as the till can: part of the fold."""
    postings: list[Posting] = []
    while reserve.waiting:
        found = book.rows(REDEMPTIONS)[reserve.waiting[0]]
        if found.payout_minor > reserve.till_minor:
            break
        found = book.rows(REDEMPTIONS).change(reserve.waiting.pop(0))
        found.state = REDEMPTION_LIFE.after(found.state, TillMoved.KIND)
        postings += _pay(reserve, found, entered, REDEEMING.of(found.currency))
    return postings


def _pay(reserve: Reserve, found: Redemption, entered: Entered, account: str) -> Sequence[Posting]:
    """Let currency be no more, and state money leave the till; the fee stays as the fund."""
    found.paid_ms = entered.at_ms
    reserve.till_minor -= found.payout_minor
    returned = reserve.rights.create(NODE, found.amount_minor)
    reserve.rights = returned.spend(NODE, reserve.consumed_minor(found.amount_minor))
    reserve.reserve_minor -= found.amount_minor
    reserve.fund_minor += found.fee_minor
    issued = ISSUED.of(found.currency)
    return (
        Posting(account, -found.amount_minor, "redemption", None, issued),
        Posting(issued, found.amount_minor, "redemption", None, account),
    )


def plan_redeem(desk: Desk, said: Said[AskRedemption]) -> Plan | Refused:
    book = desk.book
    if said.signed is None:
        told = _told(desk, said.wish)
        if isinstance(told, Refused):
            return told
        said = replace(said, wish=told)
    refused = against_asking(book, said)
    if refused is None:
        account = book.ledger.accounts[said.wish.account or ""]
        authority = authorise(book, said, account.id, None, None)
        amount = minor_of(said.wish.amount, account.currency, book.currencies[account.currency].scale)
        assert isinstance(amount, int) and not isinstance(authority, Refused)
        refused = foremost(book.ledger.debit_refusal(account, amount), authority.short_of(amount))
    return refused or Plan(uuid_text(said.wish.redemption or b""), (Write(RedemptionAsked(*said.held)),))


def _told(desk: Desk, wish: AskRedemption) -> AskRedemption | Refused:
    """Return the wish that a member without a key, or a steward for it, tells, with the account by its id."""
    book = desk.book
    address = desk.actor.member if wish.account is None else wish.account
    if address is None:
        return refuse(MALFORMED, field="account", expected="a value")
    account = resolve_account(book, local_part(book, address) or address, wish.amount.asset_code)
    if isinstance(account, Refused):
        return account
    if account.member is None or not acts_for(desk.actor, book.members[account.member]):
        return refuse(FORBIDDEN, allowed="the member itself")
    return replace(wish, account=account_id(account.member, account.currency))
