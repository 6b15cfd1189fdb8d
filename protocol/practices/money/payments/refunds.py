# SPDX-License-Identifier: AGPL-3.0-or-later
"""Refunds: new payments that go back to who paid, name the first, and together give back no more than it was."""

from collections.abc import Sequence

from protocol.book.accounts import commons_account
from protocol.book.book import Book
from protocol.book.ledger import Account, Posting
from protocol.book.payments import Payment, PaymentState
from protocol.book.refusals import (
    FORBIDDEN,
    ORDER_MISMATCH,
    PAYMENT_UNKNOWN,
    STATE_CONFLICT,
    Reason,
    Refused,
    Stage,
    refuse,
)
from protocol.practices.money.payments.entries import Pay

REFUND_EXCEEDS = Reason(
    "REFUND_EXCEEDS",
    Stage.RULE,
    422,
    "Refunds would give back more than was paid",
    "{available} of the payment can still be given back. Nothing was paid.",
    heading="{available} is left to give back",
    ways=("give back {available}", "pay more as a payment of its own"),
)


def against_refund(
    book: Book, wish: Pay, payer: Account, payee: str | None, debit_minor: int, *, abroad: bool
) -> Refused | None:
    """Return why a payment is no refund of the one that it names: the same answer on every node.

    `payee` is the account that it goes to, None where it is abroad: there the other network looks at it too.
    """
    if wish.refunds is None:
        return None
    first = book.payments.get(wish.refunds)
    if first is None:
        return refuse(PAYMENT_UNKNOWN)
    if first.payee != payer.id:
        return refuse(FORBIDDEN, allowed="the payee")
    if wish.pending:
        return refuse(ORDER_MISMATCH, field="pending")
    if abroad is (first.abroad is None) or (payee is not None and first.payer != payee):
        return refuse(ORDER_MISMATCH, field="payee")
    refused = against_part(first, debit_minor, payer.currency, book.currencies[payer.currency].scale)
    return refused or book.ledger.uncountable(
        (commons_account(payer.currency), -first.levy_minor - first.payer_levy_minor)
    )


def against_part(first: Payment, minor: int, currency: str, scale: int) -> Refused | None:
    """Return why so much of a payment cannot be given back, in minor units of the account that it moved here."""
    if first.refunds is not None:
        return refuse(STATE_CONFLICT, state="a refund itself")
    if first.state is not PaymentState.POSTED:
        return refuse(STATE_CONFLICT, state=first.state.value)
    if minor <= first.refundable_minor:
        return None
    return refuse(REFUND_EXCEEDS, available=first.refundable_minor, currency=currency, unit=currency, scale=scale)


def note_refund(book: Book, payment: Payment, minor: int) -> None:
    """Count what a refund gives back, or gives back no more, where `minor` is below zero: part of the fold."""
    if payment.refunds is not None:
        book.payments.change(payment.refunds).refunded_minor += minor


def levy_returned(book: Book, payment: Payment) -> Sequence[Posting]:
    """Give the levies of what was refunded back to who bore them: in proportion, and all with the last part.

    An end that is abroad has borne none here.
    """
    first = None if payment.refunds is None else book.payments.change(payment.refunds)
    if first is None or not (first.levy_minor or first.payer_levy_minor):
        return ()
    here = first.payee if first.levy_minor else first.payer
    commons = commons_account(book.ledger.accounts[here].currency)
    back, payers = (
        max(0, levy * first.refunded_minor // first.moved_minor - returned)
        for levy, returned in (
            (first.levy_minor, first.levy_back_minor),
            (first.payer_levy_minor, first.payer_levy_back_minor),
        )
    )
    first.levy_back_minor += back
    first.payer_levy_back_minor += payers
    return (*levied(payment, commons, first.payee, back), *levied(payment, commons, first.payer, payers))


def levied(payment: Payment, source: str, target: str, levy_minor: int) -> Sequence[Posting]:
    """Return how a levy of a payment moves from one account to another: not at all where there is none."""
    if not levy_minor:
        return ()
    return (
        Posting(source, -levy_minor, "levy", payment.id, target),
        Posting(target, levy_minor, "levy", payment.id, source),
    )
