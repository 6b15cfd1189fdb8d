# SPDX-License-Identifier: AGPL-3.0-or-later
"""Paying within the network: what a member says, what is written of it, and why it may be refused.

Payments and payment requests both end here.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, NamedTuple

from protocol.book.book import Book, Payment, PaymentState, RequestState
from protocol.book.declaration import Desk, Doc, OwnId, Plan, Ref, Slot, Uuid, Waiting, Write
from protocol.book.ledger import Account
from protocol.book.money import Amount, minor_of, payable
from protocol.book.personal import Note, digest_of
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
from protocol.book.signed import Digest, Id, Signed, uuid_text
from protocol.book.wishes import Said, said_in
from protocol.lanes.entry import Millis
from protocol.practices.money.payments.transfers import beyond_limits, unable
from protocol.practices.people.authority import MANDATE_UNKNOWN, Authority, acts_for, authorise
from protocol.wire.shape import AtMost

REQUEST_CLOSED = Reason(
    "REQUEST_CLOSED", Stage.RULE, 422, "The payment request is closed", "The payment request is {state}."
)
MAX_DEBIT_EXCEEDED = Reason(
    "MAX_DEBIT_EXCEEDED",
    Stage.RULE,
    422,
    "It would cost more than you allowed",
    "It would cost {debit}, more than the {max_debit} you allowed.",
)

ADDRESS_CHARS_MAX = 256
PAY_ABROAD: Slot[Callable[[Desk, Said["Pay"]], Plan | Waiting | Refused]] = Slot(
    "plans a payment whose payee is in another network"
)


@dataclass(frozen=True, slots=True)
class Pay:
    """Pay somebody, here or in another network at the price of a quote."""

    payee: Annotated[
        str,
        AtMost(ADDRESS_CHARS_MAX),
        Doc("who is paid, such as bia or bia@serra; a signed wish names one abroad as mutirao:<network>/<account>"),
    ]
    amount: Annotated[Amount, Doc("how much the payee gets")]
    payer: Annotated[
        str | None,
        AtMost(ADDRESS_CHARS_MAX),
        Ref("accounts"),
        Doc("handle or account that pays; default: your own. A signed wish names the account by id"),
    ] = None
    pending: Annotated[bool, Doc("hold the money until the payee posts or voids it")] = False
    payment: Annotated[Id | None, Uuid, OwnId, Doc("your own UUID for the payment; makes a retry safe")] = None
    note: Annotated[Note | None, Doc("what it is for; kept outside the ledger, erasable")] = None
    mandate: Annotated[Id | None, Uuid, Doc("the mandate under which a helper pays from another's account")] = None
    request: Annotated[Id | None, Uuid, Ref("payment-requests"), Doc("the payment request that this pays")] = None
    max_debit: Annotated[Amount | None, Doc("pay at most this, in the payer's own currency")] = None
    invoice: Annotated[Digest | None, Doc("to another network: the `invoice` of the quote that is accepted")] = None
    condition: Annotated[Digest | None, Doc("to another network, signed: the `condition` of that quote")] = None


@dataclass(frozen=True, slots=True)
class Paid:
    """A payment within the network: by signed wish, or by word of mouth (custodial)."""

    KIND: ClassVar[str] = "payments/paid"
    OPERATION: ClassVar[str] = "payments.create"
    WISH: ClassVar[type[Pay]] = Pay
    signed: Signed | None
    word: Pay | None


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
    authority = authorise(book, said, wish.payer or "", wish.payment, wish.mandate, at_ms)
    payer = book.ledger.accounts.get(wish.payer or "")
    # By its form alone: what other nodes know of this network's handle would not be the same everywhere.
    elsewhere = "@" in wish.payee or ":" in wish.payee
    payee = book.resolve_account(wish.payee, payer.currency if payer else None)
    payee = refuse(ORDER_MISMATCH, field="payee") if elsewhere else payee
    amount = wish.amount.value if payer is None else own_minor(book, wish.amount, payer)
    unpayable = amount if isinstance(amount, Refused) else payable(amount)
    refused = foremost(unpayable, *(one for one in (authority, payee) if isinstance(one, Refused)))
    if isinstance(amount, Refused) or isinstance(authority, Refused) or isinstance(payee, Refused) or refused:
        assert refused is not None
        return refused
    parts = Payable(said, authority, payee, amount)
    refused = foremost(unable(book, authority.account, payee, amount), _mismatch(book, parts, at_ms))
    if author:
        limits = beyond_limits(book, authority.account, payee, amount) or authority.short_of(amount)
        refused = foremost(refused, limits)
    return refused or parts


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
    payee = book.resolve_account(said.wish.payee, account.currency)
    amount = own_minor(book, said.wish.amount, account)
    assert isinstance(payee, Account) and not isinstance(amount, Refused)
    return Payable(said, Authority(account, book.members[account.member], said.device, mandate), payee, amount)


def record(parts: Payable, seq: int, at_ms: Millis) -> Payment:
    """Return a checked payment as the book keeps it, not yet kept."""
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
        PaymentState.PENDING if wish.pending else PaymentState.POSTED,
        authority.auth,
        authority.rests_on,
        said.digest,
        digest_of(wish.note),
        wish.mandate,
        wish.request,
        was_pending=wish.pending,
    )


def _mismatch(book: Book, parts: Payable, at_ms: Millis) -> Refused | None:
    """Return what in a wish does not fit a payment within the network, or the request that it pays."""
    wish, authority, payee, amount = parts.said.wish, parts.authority, parts.payee, parts.amount_minor
    if wish.invoice is not None or wish.condition is not None:
        return refuse(ORDER_MISMATCH, field="invoice")
    most = amount if wish.max_debit is None else own_minor(book, wish.max_debit, authority.account)
    if isinstance(most, Refused):
        return most
    if amount > most:
        currency = authority.account.currency
        return refuse(MAX_DEBIT_EXCEEDED, debit=amount, max_debit=most, currency=currency)
    if wish.request is None:
        return None
    request = book.requests.get(wish.request)
    if request is None:
        return refuse(NOT_FOUND)
    if request.payer not in (None, authority.member.id):
        return refuse(FORBIDDEN, allowed="the member who is asked")
    for field, fits in (
        ("payee", request.payee == payee.id),
        ("amount", request.left_minor == amount),
        ("pending", not wish.pending),
    ):
        if not fits:
            return refuse(ORDER_MISMATCH, field=field)
    state = request.state_at(at_ms)
    return None if state is RequestState.OPEN else refuse(REQUEST_CLOSED, state=state.value)


def _plan_signed(desk: Desk, said: Said[Pay]) -> Plan | Waiting | Refused:
    book, wish = desk.book, said.wish
    known = book.payments.get(wish.payment or b"")
    if known is not None and known.said == said.digest:
        return Plan(uuid_text(known.id))
    if ":" in wish.payee and book.local(wish.payee) is None:
        return _plan_abroad(desk, said)
    found = examine(book, said, desk.now, author=True)
    return found if isinstance(found, Refused) else Plan(uuid_text(wish.payment or b""), (Write(Paid(*said.held)),))


def _plan_word(desk: Desk, wish: Pay) -> Plan | Waiting | Refused:
    book = desk.book
    assert wish.payment is not None
    local = book.local(wish.payee)
    # The amount is in the payee's currency, which says nothing of the payer's where the payee is abroad.
    payer = _payer_of(desk, wish, None if local is None else wish.amount.asset_code)
    if isinstance(payer, Refused):
        return payer
    if local is None:
        return _plan_abroad(desk, Said(replace(wish, payer=payer.id)))
    amount = own_minor(book, wish.amount, payer)
    payee = book.resolve_account(local, payer.currency)
    if isinstance(amount, Refused) or isinstance(payee, Refused):
        refused = foremost(*(one for one in (amount, payee) if isinstance(one, Refused)))
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
    account = book.resolve_account(address, currency)
    if isinstance(account, Refused):
        return account
    member = book.members.get(speaks_for or account.member or "")
    if member is None or not acts_for(actor, member):
        return refuse(FORBIDDEN, allowed="the payer")
    return account


def _plan_abroad(desk: Desk, said: Said[Pay]) -> Plan | Waiting | Refused:
    for plan in desk.book.fillings(PAY_ABROAD):
        return plan(desk, said)
    return refuse(NETWORK_UNKNOWN, network=said.wish.payee.rpartition("@")[2][:64])
