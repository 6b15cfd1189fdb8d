# SPDX-License-Identifier: AGPL-3.0-or-later
"""When a payment in several currencies may have left, or come: the same answer on every node."""

from collections.abc import Iterable, Sequence

from protocol.book.accounts import account_id
from protocol.book.book import Book
from protocol.book.declaration import Entered, News
from protocol.book.issuer_groups import foreigner
from protocol.book.ledger import Account, Posting
from protocol.book.levies import payer_levy
from protocol.book.money import minor_of
from protocol.book.parties import parties
from protocol.book.personal import digest_of
from protocol.book.private import Owned
from protocol.book.promised import uncounted
from protocol.book.refusals import CURRENCY_CLOSED, MALFORMED, ORDER_MISMATCH, Reason, Refused, foremost, refuse
from protocol.book.signed import leg_id, uuid_text
from protocol.book.wishes import Said, said_in
from protocol.lanes.entry import Body
from protocol.practices.between.abroad.entries import Part
from protocol.practices.between.abroad.moves import moves_of_come
from protocol.practices.between.abroad.postings import LegArrived, LegSent, arrive, leave
from protocol.practices.between.abroad.rules import beyond_holds, is_way, max_debit
from protocol.practices.between.abroad.state import Forwards
from protocol.practices.between.mixed.entries import MixedArrived, MixedSent
from protocol.practices.between.quotes.answers import is_foreign
from protocol.practices.between.quotes.invoices import Invoice, condition_of, invoice_hash, read_invoice
from protocol.practices.money.mixed.entries import PayMixed
from protocol.practices.money.mixed.rules import unfit
from protocol.practices.money.mixed.views import mixed_parts
from protocol.practices.money.payments.entries import Pay
from protocol.practices.money.payments.paying import MAX_DEBIT_EXCEEDED
from protocol.practices.people.authority import PAYMENT_EXISTS, Authority, authorise
from protocol.wire.keys import id_text


def check(book: Book, entered: Entered) -> Reason | None:
    body = entered.body
    misplaced = book.misplaced(entered)
    if misplaced is not None:
        return misplaced.reason
    if isinstance(body, MixedArrived):
        return _against_arrival(book, body)
    assert isinstance(body, MixedSent)
    said = said_in(book, body, PayMixed)
    found = debits_of(book, body, said, entered.at_ms)
    refused = found if isinstance(found, Refused) else mismatch(book, body, said.wish)
    return None if refused is None else refused.reason


def legs_abroad(said: Said[PayMixed]) -> tuple[Said[Pay], ...] | None:
    """Return each leg as a payment of its own; None where not every one says what it may cost, in which currency."""
    wish, most = said.wish, said.wish.max_debits
    if wish.payment is None or len(most) != len(wish.amounts) or any(one.asset_code is None for one in most):
        return None
    payer = wish.payer or ""
    return tuple(
        Said(
            Pay(
                wish.payee,
                amount,
                account_id(payer, cost.asset_code or ""),
                payment=leg_id(wish.payment, number),
                note=wish.note,
                max_debit=cost,
                invoice=wish.invoice,
                condition=wish.condition,
            ),
            said.signed,
            said.envelope,
            said.member,
            said.device,
        )
        for number, (amount, cost) in enumerate(zip(wish.amounts, most, strict=True))
    )


def debits_of(book: Book, sent: MixedSent, said: Said[PayMixed], at_ms: int) -> tuple[Authority, ...] | Refused:
    """Return on what each leg rests, or why none is paid: the same answer on every node; no limits."""
    if refused := unfit(book, said):
        return refused
    legs = legs_abroad(said)
    if legs is None:
        return refuse(MALFORMED, field="max_debits", expected="one for each amount, in a currency of the payer's own")
    if len(sent.parts) != len(legs):
        return refuse(MALFORMED, field="parts", expected="one for each amount")
    found = [authorise(book, leg, leg.wish.payer or "", leg.wish.payment, None) for leg in legs]
    refused = foremost(*(one for one in found if isinstance(one, Refused)))
    debits = tuple(one for one in found if not isinstance(one, Refused))
    if refused is not None:
        return refused
    for one in debits:
        code = one.account.currency
        own = [part for by, part in zip(debits, sent.parts, strict=True) if by.account is one.account]
        refused = (
            (refuse(CURRENCY_CLOSED, currency=code) if book.currencies[code].closed else None)
            or foreigner(book, code, sent.payee)
            or beyond_holds(book, one.account, sum(cost_abroad(book, one.account, part) for part in own), own)
            or one.lapsed(book, at_ms)
        )
        if refused is not None:
            return refused
    return debits


def mismatch(book: Book, sent: MixedSent, wish: PayMixed) -> Refused | None:
    """Return what of an invoice and the parts that pay it is not as the payer has wished."""
    invoice = read_invoice(sent.invoice)
    if invoice is None or invoice.also is None or not is_foreign(sent.payee):
        return refuse(MALFORMED, field="invoice", expected="one for several currencies")
    legs = invoice.legs
    ways = len(legs) == len(sent.parts) and all(
        _is_straight(part, leg, leg_id(wish.payment or b"", number))
        for number, (part, leg) in enumerate(zip(sent.parts, legs, strict=True))
    )
    if not ways or len({part.link for part in sent.parts}) < len(sent.parts):
        return refuse(MALFORMED, field="parts", expected="a hold for each currency, straight to the payee's network")
    for field, fits in (
        ("invoice", wish.invoice == invoice_hash(sent.invoice)),
        ("condition", wish.condition == invoice.condition),
        ("payee", wish.payee == payee_of(invoice)),
        ("amounts", _is_wished(wish, legs)),
    ):
        if not fits:
            return refuse(ORDER_MISMATCH, field=field)
    for part, leg in zip(sent.parts, legs_abroad(Said(wish)) or (), strict=True):
        most = max_debit(book, leg.wish)
        if most is None:
            return refuse(ORDER_MISMATCH, field="max_debits")
        payer = book.ledger.accounts[leg.wish.payer or ""]
        cost = cost_abroad(book, payer, part)
        if cost > most:
            return refuse(MAX_DEBIT_EXCEEDED, debit=cost, max_debit=most, currency=payer.currency)
    return None


def cost_abroad(book: Book, payer: Account, part: Part) -> int:
    """Return what a leg costs its payer, with its levy, in its minor units."""
    return part.debit + payer_levy(book, payer, None, part.debit)


def _is_straight(part: Part, leg: Invoice, hold: bytes) -> bool:
    return is_way(part) and (part.hold, part.amount, part.route) == (hold, leg.amount, (leg.network,))


def _is_wished(wish: PayMixed, legs: Sequence[Invoice]) -> bool:
    """Tell whether what an invoice asks is what was wished, in the same order."""
    return len(wish.amounts) == len(legs) and all(
        minor_of(amount, leg.account.rpartition(".")[2], leg.scale) == leg.amount
        for amount, leg in zip(wish.amounts, legs, strict=True)
    )


def payee_of(invoice: Invoice) -> str:
    """Return the address of whom an invoice asks to pay in several currencies, as a wish names it: no one account."""
    return f"mutirao:{id_text(invoice.network)}/{owner_of(invoice.account)}"


def owner_of(account: str) -> str:
    """Return whose account it is: what stands in its id before the currency."""
    return account.rpartition(".")[0]


def _against_arrival(book: Book, arrived: MixedArrived) -> Reason | None:
    invoice, forwards = read_invoice(arrived.invoice), book.of(Forwards)
    if invoice is None or invoice.also is None or invoice.network != book.network or not is_foreign(invoice.payer):
        return MALFORMED
    legs = invoice.legs
    if len({one.link for one in arrived.legs}) != len(legs) or len(arrived.legs) != len(legs):
        return MALFORMED
    if any(leg.account not in book.ledger.accounts for leg in legs):
        return MALFORMED
    ids = [leg_id(arrived.payment, number) for number in range(len(legs))]
    if invoice.nonce in forwards.paid or any(id in book.payments for id in ids):
        return PAYMENT_EXISTS
    if condition_of(arrived.preimage) != invoice.condition:
        return ORDER_MISMATCH
    moves: list[tuple[str, int]] = []
    for leg, come in zip(legs, arrived.legs, strict=True):
        code = leg.account.rpartition(".")[2]
        if (strange := foreigner(book, code, invoice.payer)) is not None:
            return strange.reason
        if come.worth < leg.amount or come.amount <= 0:
            return ORDER_MISMATCH
        moves += (*moves_of_come(code, (come,), leg.amount), (leg.account, leg.amount))
    return uncounted(book, moves)


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    """Debit all legs into the accounts of holds; or credit all that have come."""
    body = entered.body
    invoice = read_invoice(body.invoice) if isinstance(body, MixedSent | MixedArrived) else None
    assert invoice is not None
    if isinstance(body, MixedArrived):
        comings = (
            LegArrived(leg_id(body.payment, number), body.partner, leg, (come,), body.payment)
            for number, (leg, come) in enumerate(zip(invoice.legs, body.legs, strict=True))
        )
        return [one for coming in comings for one in arrive(book, entered, coming)]
    assert isinstance(body, MixedSent)
    said = said_in(book, body, PayMixed)
    leavings = (
        LegSent(leg, asked, (part,), said.wish.payment)
        for leg, asked, part in zip(legs_abroad(said) or (), invoice.legs, body.parts, strict=True)
    )
    return [one for leaving in leavings for one in leave(book, entered, body, leaving)]


def news(book: Book, entered: Entered) -> Iterable[News]:
    """Tell of each part that has left or come; how those that left end is told by each."""
    body = entered.body
    if isinstance(body, MixedSent):
        whole, word = said_in(book, body, PayMixed).wish.payment or b"", "payment.pending"
    else:
        assert isinstance(body, MixedArrived)
        whole, word = body.payment, "payment.posted"
    for one in mixed_parts(book, whole):
        yield News(word, uuid_text(one.id), parties(book, one))


def owned(book: Book, body: Body) -> Iterable[Owned]:
    """Yield the note of a payment that leaves, which is the payer's, or of one that has come, which is the payee's."""
    if isinstance(body, MixedSent):
        wish = said_in(book, body, PayMixed).wish
        note, owner, payment = digest_of(wish.note), wish.payer or "", wish.payment or b""
    else:
        assert isinstance(body, MixedArrived)
        invoice, payment = read_invoice(body.invoice), body.payment
        note, owner = (None, "") if invoice is None else (invoice.note, book.owner_of(invoice.account))
    if note is not None:
        yield Owned(note, owner, f"payments/{uuid_text(payment)}")
