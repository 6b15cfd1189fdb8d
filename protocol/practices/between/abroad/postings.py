# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the entries of payments between networks move, and change in what a book knows of them."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import NamedTuple

from protocol.book.accounts import commons_account, exchange_account, holds_account
from protocol.book.book import Book
from protocol.book.declaration import Entered
from protocol.book.ledger import Account, Posting
from protocol.book.money import AMOUNT_MINOR_MAX
from protocol.book.payments import PAYMENT_LIFE, Abroad, Payment, PaymentAuth, PaymentState
from protocol.book.personal import digest_of
from protocol.book.promised import BalanceMove, Promised, uncounted
from protocol.book.wishes import Said, said_in
from protocol.practices.between.abroad.entries import (
    Arrived,
    Come,
    Forwarded,
    HoldReturned,
    Part,
    Passed,
    Reconciled,
    Refunded,
    Rerouted,
    Sent,
    Settled,
)
from protocol.practices.between.abroad.moves import moves_of, moves_of_parts
from protocol.practices.between.abroad.rules import authority_of_wish, authority_under_way, levy_abroad
from protocol.practices.between.abroad.state import Forwards, UnderWay
from protocol.practices.between.clearing.circles import read_circle
from protocol.practices.between.links.entries import link_account
from protocol.practices.between.mixed.entries import MixedSent
from protocol.practices.between.quotes.invoices import Invoice, read_invoice
from protocol.practices.between.quotes.state import SentPayments
from protocol.practices.money.payments.entries import Pay
from protocol.practices.money.payments.refunds import levied, levy_returned, note_refund
from protocol.practices.money.payments.transfers import received
from protocol.wire.keys import id_text


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    """Move the money of one step."""
    match entered.body:
        case Sent() as sent:
            return _fold_sent(book, entered, sent)
        case Settled(id, hold):
            payment, payer, part = _end_part(book, id, hold)
            under_way = book.of(Forwards).under_way[id]
            if not under_way.paid_minor:
                # The receipt shows the preimage, whichever of the payment's holds ends last.
                payment.rests_on = (*payment.rests_on, entered.seq)
            under_way.paid_minor += part.debit
            book.of(Forwards).on(part.link).paid += part.hold_amount
            levies = _close(book, payment, under_way, entered)
            mirror = mirror_account(book, part.link, payer.currency, entered.seq)
            moved = (*_move(holds_account(payer.currency), mirror, part.debit, "payment", payment), *levies)
            return moved if payment.state is PaymentState.PENDING else (*moved, *levy_returned(book, payment))
        case Refunded(id, hold, reason):
            payment, payer, part = _end_part(book, id, hold)
            assert payment.abroad is not None
            payment.abroad.reason = reason
            under_way = book.of(Forwards).under_way[id]
            authority_under_way(book, under_way).spend(-part.debit)
            note_refund(book, payment, -part.debit)
            levies = _close(book, payment, under_way, entered)
            return (*_move(holds_account(payer.currency), payer.id, part.debit, "void", payment), *levies)
        case Rerouted() as rerouted:
            return _fold_rerouted(book, rerouted)
        case Arrived() as arrived:
            return _fold_arrived(book, entered, arrived)
        case Forwarded() as forwarded:
            forwards = book.of(Forwards)
            forwards.by_in[forwarded.link_in, forwarded.hold_in] = forwarded
            forwards.open_out[forwarded.link_out, forwarded.hold_out] = forwarded
            book.of(Promised).begin(moves_of(forwarded))
            circle = None if forwarded.circle is None else read_circle(forwarded.circle)
            if circle is not None:
                forwards.circles[circle.id] = forwarded
            book.passing[forwarded.currency] = book.passing.get(forwarded.currency, 0) + 1
            return ()
        case Passed(link_out, hold_out, preimage):
            return _fold_passed(book, _end_forward(book, link_out, hold_out, preimage), entered.seq)
        case HoldReturned(link_out, hold_out, reason):
            _end_forward(book, link_out, hold_out, reason)
            return ()
        case Reconciled() as reconciled:
            return _fold_reconciled(book, reconciled, entered.seq)
        case _:
            raise AssertionError("no entry of this feature")


def _fold_sent(book: Book, entered: Entered, sent: Sent) -> Sequence[Posting]:
    invoice = read_invoice(sent.invoice)
    said = said_in(book, sent, Pay)
    assert invoice is not None
    return leave(book, entered, sent, LegSent(said, invoice, sent.parts))


class LegSent(NamedTuple):
    """What leaves for one account abroad: on whose word, for which invoice, by which parts; of several: of which."""

    said: Said[Pay]
    invoice: Invoice
    parts: tuple[Part, ...]
    mixed: bytes | None = None


def leave(book: Book, entered: Entered, sent: Sent | MixedSent, leaving: LegSent) -> Sequence[Posting]:
    """Debit a payer into the account of holds, and keep what is under way: part of the fold."""
    said, invoice, parts, mixed = leaving
    wish, authority = said.wish, authority_of_wish(book, said)
    assert wish.payment is not None
    account, debit = authority.account, sum(part.debit for part in parts)
    levy = levy_abroad(book, account, wish, debit)
    # Legs of one payment have one condition: none of them is refunded by itself.
    condition = None if mixed else invoice.condition
    payment = Payment(
        id=wish.payment,
        arrival=entered.seq,
        at_ms=entered.at_ms,
        payer=account.id,
        payee=sent.payee,
        debit_minor=debit + levy,
        amount_minor=invoice.amount,
        state=PAYMENT_LIFE.after(None, sent.KIND),
        auth=authority.auth,
        rests_on=authority.rests_on,
        said=said.digest,
        note=digest_of(wish.note),
        mandate=wish.mandate,
        balance_minor=account.balance_minor - debit - levy,
        abroad=Abroad(invoice.network, invoice.account.rpartition(".")[2], invoice.scale, condition=condition),
        mixed=mixed,
        refunds=wish.refunds,
        payer_levy_minor=levy,
    )
    if condition is not None:
        book.of(SentPayments).payments[condition] = payment.id
    note_refund(book, payment, debit)
    _note_ways(payment, parts)
    authority.spend(debit + levy)
    book.add_payment(payment)
    forwards = book.of(Forwards)
    ways = [part.route for part in parts]
    forwards.under_way[payment.id] = UnderWay(
        sent, wish, {part.hold: part for part in parts}, ways, levy_minor=levy, left_minor=debit
    )
    forwards.part_of.update({(part.link, part.hold): payment.id for part in parts})
    book.of(Promised).begin(moves_of_parts(account.currency, parts))
    account.held_minor += debit + levy
    holds = holds_account(account.currency)
    return (*_move(account.id, holds, debit, "hold", payment), *levied(payment, account.id, holds, levy))


def _note_ways(payment: Payment, parts: Iterable[Part]) -> None:
    """Show by which links a payment leaves, and which networks it passes."""
    assert payment.abroad is not None
    payment.abroad.links = tuple(dict.fromkeys(id_text(part.link) for part in parts))
    payment.abroad.route = tuple(dict.fromkeys(id_text(network) for part in parts for network in part.route))


def _end_part(book: Book, id: bytes, hold: bytes) -> tuple[Payment, Account, Part]:
    forwards, payment = book.of(Forwards), book.payments.change(id)
    payer, part = book.ledger.accounts[payment.payer], forwards.under_way[id].parts.pop(hold)
    payer.held_minor -= part.debit
    book.of(Promised).end(moves_of_parts(payer.currency, (part,)))
    del forwards.part_of[part.link, hold]
    return payment, payer, part


def _close(book: Book, payment: Payment, under_way: UnderWay, entered: Entered) -> Sequence[Posting]:
    """End a payment whose last hold has ended: it is posted if any was claimed, and then cost what these did.

    The levy of its payer leaves the account of holds: to the commons for what was claimed, back for what was not.
    """
    ended = PaymentState.POSTED if under_way.paid_minor else PaymentState.VOIDED
    state = PaymentState.PENDING if under_way.parts else ended
    payment.state = PAYMENT_LIFE.after(payment.state, entered.body.KIND, state)
    if under_way.parts:
        return ()
    payment.closed, payment.closed_at_ms = entered.seq, entered.at_ms
    levy, kept = under_way.levy_minor, under_way.kept_levy_minor
    if under_way.paid_minor:
        payment.debit_minor, payment.payer_levy_minor = under_way.paid_minor + kept, kept
    payer = book.ledger.accounts[payment.payer]
    payer.held_minor -= levy
    authority_under_way(book, under_way).spend(kept - levy)
    del book.of(Forwards).under_way[payment.id]
    holds = holds_account(payer.currency)
    return (
        *levied(payment, holds, commons_account(payer.currency), kept),
        *levied(payment, holds, payer.id, levy - kept),
    )


def _fold_rerouted(book: Book, rerouted: Rerouted) -> Sequence[Posting]:
    payment, payer, before = _end_part(book, rerouted.payment, rerouted.hold)
    forwards, part = book.of(Forwards), rerouted.part
    under_way = forwards.under_way[payment.id]
    under_way.parts[part.hold] = part
    under_way.ways.append(part.route)
    forwards.part_of[part.link, part.hold] = payment.id
    payer.held_minor += part.debit
    book.of(Promised).begin(moves_of_parts(payer.currency, (part,)))
    payment.state = PAYMENT_LIFE.after(payment.state, rerouted.KIND)
    payment.debit_minor = under_way.debit_minor
    _note_ways(payment, under_way.parts.values())
    more = part.debit - before.debit
    note_refund(book, payment, more)
    authority_under_way(book, under_way).spend(more)
    if more < 0:
        return _move(holds_account(payer.currency), payer.id, -more, "void", payment)
    return _move(payer.id, holds_account(payer.currency), more, "hold", payment) if more else ()


def _move(source: str, target: str, amount: int, kind: str, payment: Payment) -> tuple[Posting, Posting]:
    other = payment.payee if payment.debit_minor is not None else payment.payer
    return Posting(source, -amount, kind, payment.id, other), Posting(target, amount, kind, payment.id, other)


def _fold_arrived(book: Book, entered: Entered, arrived: Arrived) -> Sequence[Posting]:
    invoice = read_invoice(arrived.invoice)
    assert invoice is not None
    coming = LegArrived(arrived.payment, arrived.partner, invoice, arrived.parts)
    return arrive(book, entered, coming)


class LegArrived(NamedTuple):
    """What has come for one account of ours: by which payment and partner, for which invoice; of several: of which."""

    payment: bytes
    partner: bytes
    invoice: Invoice
    parts: tuple[Come, ...]
    mixed: bytes | None = None


def arrive(book: Book, entered: Entered, coming: LegArrived) -> Sequence[Posting]:
    """Credit a payee with what has come: part of the fold."""
    id, partner, invoice, parts, mixed = coming
    account, condition = book.ledger.accounts[invoice.account], None if mixed else invoice.condition
    payment = Payment(
        id=id,
        arrival=entered.seq,
        at_ms=entered.at_ms,
        payer=invoice.payer,
        payee=account.id,
        debit_minor=None,
        amount_minor=invoice.amount,
        state=PAYMENT_LIFE.after(None, entered.body.KIND),
        auth=PaymentAuth.ABROAD,
        note=invoice.note,
        request=invoice.request,
        abroad=Abroad(partner, account.currency, invoice.scale, condition=condition),
        mixed=mixed,
        refunds=book.of(SentPayments).payments.get(invoice.refunds or b""),
    )
    assert payment.abroad is not None
    note_refund(book, payment, invoice.amount)
    payment.abroad.links = tuple(dict.fromkeys(id_text(part.link) for part in parts))
    book.add_payment(payment)
    forwards = book.of(Forwards)
    forwards.paid[invoice.nonce] = forwards.paid.get(invoice.nonce, frozenset()) | {
        (part.link, part.hold) for part in parts
    }
    for part in parts:
        forwards.on(part.link).received += part.amount
    request = None if invoice.request is None else book.requests.get(invoice.request)
    if request is not None:
        book.requests.change(request.id).settle(payment.id, entered.body.KIND)
    mirrors = [mirror_account(book, part.link, account.currency, entered.seq) for part in parts]
    exchange, rounding = exchange_account(account.currency), sum(part.worth for part in parts) - invoice.amount
    return (
        *(
            Posting(mirror, -part.worth, "payment", payment.id, account.id)
            for mirror, part in zip(mirrors, parts, strict=True)
        ),
        *((Posting(exchange, rounding, "rounding", payment.id, mirrors[0]),) if rounding else ()),
        *received(book, payment, account),
        *levy_returned(book, payment),
    )


def mirror_account(book: Book, link: bytes, currency: str, arrival: int) -> str:
    """Return our mirror account of a partner, opened if this is the first that the ledger says of it."""
    account = link_account(link, currency)
    if account not in book.ledger.accounts:
        book.ledger.open(Account(account, currency, None, None, None, arrival))
    return account


def _fold_passed(book: Book, forwarded: Forwarded, arrival: int) -> Sequence[Posting]:
    currency = forwarded.currency
    mirror_in = mirror_account(book, forwarded.link_in, currency, arrival)
    mirror_out = mirror_account(book, forwarded.link_out, currency, arrival)
    kinds = ("forward", "forward", "fee") if forwarded.circle is None else ("clearing",) * 3
    forwards = book.of(Forwards)
    forwards.on(forwarded.link_in).received += forwarded.amount_in
    forwards.on(forwarded.link_out).paid += forwarded.amount_out
    return [
        Posting(account, change, kind, None, mirror_out if account == mirror_in else mirror_in)
        for (account, change), kind in zip(_counted(book, forwarded), kinds, strict=False)
    ]


def _counted(book: Book, forwarded: Forwarded) -> tuple[BalanceMove, ...]:
    """Return what moves by a hold that was claimed, as far as balances can count it.

    Older versions looked at each promise alone, so that two of them may be more than fits. The claim stands on the
    links all the same, and is passed on: whoever has been paid can claim.
    """
    moves = moves_of(forwarded)
    if uncounted(book, moves) is None:
        return moves
    mirror_in, mirror_out = (book.ledger.accounts[account].balance_minor for account, _ in moves[:2])
    most = min(forwarded.worth, forwarded.cost, AMOUNT_MINOR_MAX + mirror_in, AMOUNT_MINOR_MAX - mirror_out)
    return moves_of(replace(forwarded, worth=most, cost=most))


def _end_forward(book: Book, link_out: bytes, hold_out: bytes, outcome: bytes | str) -> Forwarded:
    forwards = book.of(Forwards)
    forwarded = forwards.open_out.pop((link_out, hold_out))
    del forwards.by_in[forwarded.link_in, forwarded.hold_in]
    book.passing[forwarded.currency] -= 1
    book.of(Promised).end(moves_of(forwarded))
    forwards.ended[forwarded.link_in, forwarded.hold_in] = outcome
    return forwarded


def _fold_reconciled(book: Book, body: Reconciled, arrival: int) -> Sequence[Posting]:
    known = book.of(Forwards).on(body.link)
    known.paid += body.paid
    known.received += body.received
    mirror, commons = mirror_account(book, body.link, body.currency, arrival), commons_account(body.currency)
    change = body.cost - body.worth
    return (
        Posting(mirror, change, "reconciliation", None, commons),
        Posting(commons, -change, "reconciliation", None, mirror),
    )
