# SPDX-License-Identifier: AGPL-3.0-or-later
"""Paying within the network: what is examined, what is written, and why it may be refused.

Payments and payment requests both end here.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from protocol.book.addresses import local_part, resolve_account
from protocol.book.book import Book
from protocol.book.declaration import Desk, Plan, Slot, Waiting, Write
from protocol.book.forms import minor_form, payable_form
from protocol.book.ledger import Account
from protocol.book.levies import payer_levy
from protocol.book.money import Amount, minor_of, payable
from protocol.book.payments import PAYMENT_LIFE, Payment, PaymentState
from protocol.book.personal import digest_of
from protocol.book.refusals import (
    FORBIDDEN,
    MALFORMED,
    NETWORK_UNKNOWN,
    NOT_FOUND,
    ORDER_MISMATCH,
    Reason,
    Refused,
    Stage,
    foremost,
    refuse,
)
from protocol.book.requests import REQUEST_LIFE
from protocol.book.signed import uuid_text
from protocol.book.wishes import Said, said_in
from protocol.lanes.entry import Millis
from protocol.practices.money.payments.entries import Paid, Pay
from protocol.practices.money.payments.refunds import against_refund
from protocol.practices.money.payments.transfers import beyond_limits, unable
from protocol.practices.people.authority import MANDATE_UNKNOWN, PAYMENT_EXISTS, Authority, authorise, spoken_for

REQUEST_CLOSED = Reason(
    "REQUEST_CLOSED",
    Stage.RULE,
    422,
    "The payment request is closed",
    "The payment request is {state}.",
    heading="The request is {state}",
    ways=("ask the payee for a new request",),
)
MAX_DEBIT_EXCEEDED = Reason(
    "MAX_DEBIT_EXCEEDED",
    Stage.RULE,
    422,
    "It would cost more than you allowed",
    "It would cost {debit}, more than the {max_debit} you allowed.",
    heading="It costs {debit}",
    ways=("allow {debit}", "pay less"),
)
PAY_ABROAD: Slot[Callable[[Desk, Said["Pay"]], Plan | Waiting | Refused]] = Slot(
    "plans a payment whose payee is in another network"
)


class Payable(NamedTuple):
    """A payment that nothing refuses: who said what, what it rests on, whom it reaches, how much (minor units)."""

    said: Said[Pay]
    authority: Authority
    payee: Account
    amount_minor: int


def plan_pay(desk: Desk, said: Said[Pay]) -> Plan | Waiting | Refused:
    """Decide, at the payer's own node, whether a member may pay; a payment known already is shown again."""
    return _plan_word(desk, said.wish) if said.signed is None else _plan_signed(desk, said)


def examine(book: Book, said: Said[Pay], at_ms: Millis, *, author: bool) -> Payable | Refused:
    """Return a payment as it stands in the book, or why it may not: on every node alike.

    Limits and caps are looked at for the author only.
    """
    wish = said.wish
    authority = authorise(book, said, wish.payer or "", wish.payment, wish.mandate)
    payer = book.ledger.accounts.get(wish.payer or "")
    # By its form alone: what other nodes know of this network's handle would not be the same everywhere.
    elsewhere = "@" in wish.payee or ":" in wish.payee
    payee = resolve_account(book, wish.payee, payer.currency if payer else None)
    payee = refuse(ORDER_MISMATCH, field="payee") if elsewhere else payee
    amount = wish.amount.value if payer is None else own_minor(book, wish.amount, payer)
    unpayable = amount if isinstance(amount, Refused) else payable(amount)
    debit = amount
    if isinstance(amount, int) and payer is not None and isinstance(payee, Account) and wish.refunds is None:
        debit = amount + payer_levy(book, payer, payee, amount)
    refused = foremost(
        unpayable,
        *(one for one in (authority, payee) if isinstance(one, Refused)),
        _foreign(wish),
        _beyond_most(book, wish, payer, debit),
        _against_request(book, wish, payer, payee, amount, at_ms),
        _against_refund(book, wish, payer, payee, amount),
    )
    if isinstance(amount, Refused) or isinstance(authority, Refused) or isinstance(payee, Refused):
        assert refused is not None
        return refused
    limits = None
    if author:
        assert isinstance(debit, int)
        limits = beyond_limits(book, authority.account, payee, amount, at_ms, refunds=wish.refunds is not None)
        limits = limits or authority.short_of(debit)
    refused = foremost(refused, authority.lapsed(book, at_ms), unable(book, authority.account, payee, amount), limits)
    return refused or Payable(said, authority, payee, amount)


def own_minor(book: Book, amount: Amount, account: Account) -> int | Refused:
    """Return an amount in minor units of an account's currency."""
    return minor_of(amount, account.currency, book.currencies[account.currency].scale)


def payable_of(book: Book, paid: Paid) -> Payable:
    """Return the parts of a payment that was checked."""
    examined, found = book.examined
    if examined is paid:
        return found
    said = said_in(book, paid, Pay)
    account = book.ledger.accounts[said.wish.payer or ""]
    assert account.member is not None
    mandate = None if said.wish.mandate is None else book.mandates[said.wish.mandate]
    payee = resolve_account(book, said.wish.payee, account.currency)
    amount = own_minor(book, said.wish.amount, account)
    assert isinstance(payee, Account) and not isinstance(amount, Refused)
    return Payable(said, Authority(account, book.members[account.member], said.device, mandate), payee, amount)


def record(parts: Payable, seq: int, at_ms: Millis, kind: str = Paid.KIND) -> Payment:
    """Return a checked payment as the book keeps it, not yet kept; `kind` is that of the entry that says it."""
    said, authority, payee, amount_minor = parts
    wish = said.wish
    assert wish.payment is not None
    return Payment(
        wish.payment,
        seq,
        at_ms,
        authority.account.id,
        payee.id,
        amount_minor,
        amount_minor,
        PAYMENT_LIFE.after(None, kind, PaymentState.PENDING if wish.pending else PaymentState.POSTED),
        authority.auth,
        authority.rests_on,
        said.digest,
        digest_of(wish.note),
        wish.mandate,
        wish.request,
        was_pending=wish.pending,
        refunds=wish.refunds,
    )


def _foreign(wish: Pay) -> Refused | None:
    """Return that a payment within the network names what belongs to one abroad."""
    is_foreign = wish.invoice is not None or wish.condition is not None
    return refuse(ORDER_MISMATCH, field="invoice") if is_foreign else None


def _beyond_most(book: Book, wish: Pay, payer: Account | None, debit: int | Refused) -> Refused | None:
    """Return why a payment would cost more than its payer has allowed, its levy counted."""
    if wish.max_debit is None or payer is None:
        return None
    most = own_minor(book, wish.max_debit, payer)
    if isinstance(most, Refused):
        return most
    if isinstance(debit, Refused) or debit <= most:
        return None
    return refuse(MAX_DEBIT_EXCEEDED, debit=debit, max_debit=most, currency=payer.currency)


def _against_request(
    book: Book, wish: Pay, payer: Account | None, payee: Account | Refused, amount: int | Refused, at_ms: Millis
) -> Refused | None:
    """Return why a payment is not what the request that it names asks for."""
    if wish.request is None:
        return None
    request = book.requests.get(wish.request)
    if request is None:
        return refuse(NOT_FOUND)
    if payer is not None and request.payer not in (None, payer.member):
        return refuse(FORBIDDEN, allowed="the member who is asked")
    for field, fits in (
        ("payee", isinstance(payee, Refused) or request.payee == payee.id),
        ("amount", isinstance(amount, Refused) or request.left_minor == amount),
        ("pending", not wish.pending),
    ):
        if not fits:
            return refuse(ORDER_MISMATCH, field=field)
    state = request.state_at(at_ms)
    return None if REQUEST_LIFE.allows(state, Paid.KIND) else refuse(REQUEST_CLOSED, state=state.value)


def _against_refund(
    book: Book, wish: Pay, payer: Account | None, payee: Account | Refused, amount: int | Refused
) -> Refused | None:
    """Return why a payment within the network gives back nothing of the one that it names."""
    if payer is None or isinstance(payee, Refused) or isinstance(amount, Refused):
        return None
    return against_refund(book, wish, payer, payee.id, amount, abroad=False)


def pay_form(desk: Desk, wish: Pay) -> Refused | None:
    """Return why a payment cannot be read: its amount, where that is in a currency of this network, and the most."""
    here = wish.amount.value <= 0 or local_part(desk.book, wish.payee) is not None
    refused = payable_form(desk.book, wish.amount) if here else None
    return refused or (None if wish.max_debit is None else minor_form(desk.book, wish.max_debit))


def _plan_signed(desk: Desk, said: Said[Pay]) -> Plan | Waiting | Refused:
    book, wish = desk.book, said.wish
    known = book.payments.get(wish.payment or b"")
    if known is not None and known.said == said.digest:
        return Plan(uuid_text(known.id))
    if ":" in wish.payee and local_part(book, wish.payee) is None:
        return _plan_abroad(desk, said)
    found = examine(book, said, desk.now, author=True)
    return found if isinstance(found, Refused) else Plan(uuid_text(wish.payment or b""), (Write(Paid(*said.held)),))


def _plan_word(desk: Desk, wish: Pay) -> Plan | Waiting | Refused:
    book = desk.book
    assert wish.payment is not None
    local = local_part(book, wish.payee)
    # The amount is in the payee's currency, which says nothing of the payer's where the payee is abroad.
    payer = _payer_of(desk, wish, None if local is None else wish.amount.asset_code)
    if local is None:
        return payer if isinstance(payer, Refused) else _plan_abroad(desk, Said(replace(wish, payer=payer.id)))
    of_payer = None if isinstance(payer, Refused) else payer
    amount = wish.amount.value if of_payer is None else own_minor(book, wish.amount, of_payer)
    payee = resolve_account(book, local, None if of_payer is None else of_payer.currency)
    if isinstance(payer, Refused) or isinstance(amount, Refused) or isinstance(payee, Refused):
        refused = foremost(
            *(one for one in (payer, amount, payee) if isinstance(one, Refused)),
            refuse(PAYMENT_EXISTS) if wish.payment in book.payments else None,
            _foreign(wish),
            _against_request(book, wish, of_payer, payee, amount, desk.now),
            _against_refund(book, wish, of_payer, payee, amount),
        )
        assert refused is not None
        return refused
    known = book.payments.get(wish.payment)
    terms = (None, payer.id, payee.id, amount, wish.pending)
    if known is not None and terms == (
        known.said,
        known.payer,
        known.payee,
        known.amount_minor,
        known.was_pending,
    ):
        return Plan(uuid_text(wish.payment))
    said = Said(replace(wish, payer=payer.id, payee=payee.id))
    found = examine(book, said, desk.now, author=True)
    return found if isinstance(found, Refused) else Plan(uuid_text(wish.payment), (Write(Paid(*said.held)),))


def _payer_of(desk: Desk, wish: Pay, currency: str | None) -> Account | Refused:
    """Return the account that pays by word of mouth, if whoever asks may speak for it."""
    book, actor = desk.book, desk.actor
    address = wish.payer
    speaks_for = None
    if wish.mandate is not None:
        mandate = book.mandates.get(wish.mandate)
        if mandate is None:
            return refuse(MANDATE_UNKNOWN)
        address, speaks_for = mandate.account if address is None else address, mandate.helper
    if address is None:
        address = actor.member
    if address is None:
        return refuse(MALFORMED, field="payer", expected="a value")
    return spoken_for(desk, address, currency, allowed="the payer", helper=speaks_for)


def _plan_abroad(desk: Desk, said: Said[Pay]) -> Plan | Waiting | Refused:
    for plan in desk.book.fillings(PAY_ABROAD):
        return plan(desk, said)
    return refuse(NETWORK_UNKNOWN, network=said.wish.payee.rpartition("@")[2][:64])
