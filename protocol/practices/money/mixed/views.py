# SPDX-License-Identifier: AGPL-3.0-or-later
"""A payment in several currencies as members see it: its parts one under another, never added up."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from protocol.book.book import Book
from protocol.book.currency import CURRENCY_KINDS
from protocol.book.declaration import At, Desk, Doc, Entered, News, OneOf, TextRef
from protocol.book.money import Amount, decimal
from protocol.book.parties import concerned
from protocol.book.payments import Payment, PaymentState
from protocol.book.personal import digest_of, shown_text
from protocol.book.private import Owned
from protocol.book.refusals import FORBIDDEN, PAYMENT_UNKNOWN, Refused, refuse
from protocol.book.signed import leg_id, parse_uuid, uuid_text
from protocol.book.wishes import said_in
from protocol.lanes.entry import Body
from protocol.practices.money.mixed.entries import LEGS_MAX, MixedPaid, PayMixed
from protocol.practices.people.authority import may_see


@dataclass(frozen=True, slots=True)
class LegShown:
    """One part of a payment: an amount in one currency."""

    payment: Annotated[str, Doc("the id of the part, a payment of its own; the first has the id of the whole")]
    amount: Annotated[Amount, Doc("what the payee gets of this currency, before any levy")]
    debit: Annotated[Amount | None, Doc("what the payer pays for it; null where that is abroad")]
    kind: Annotated[
        str | None, OneOf(CURRENCY_KINDS), Doc("mutual credit, or guaranteed by a reserve; null: of another network")
    ]
    state: Annotated[PaymentState, Doc("where its money is")]


@dataclass(frozen=True, slots=True)
class MixedPaymentShown:
    """A payment in several currencies; its parts are never added up."""

    id: Annotated[str, Doc("its UUID")]
    payer: Annotated[str, Doc("who pays: a handle, or an address in another network")]
    payee: Annotated[str, Doc("who is paid: a handle, or an address in another network")]
    parts: Annotated[tuple[LegShown, ...], Doc("what is paid in each currency")]
    said: Annotated[str, Doc("what it comes to, each currency named with its kind")]
    note: Annotated[TextRef | None, Doc("what it is for")]
    created_at: Annotated[At, Doc("when it was ordered")]
    entry: Annotated[int, Doc("its place in the ledger lane")]


def mixed_parts(book: Book, id: bytes) -> tuple[Payment, ...]:
    """Return the legs of a payment in several currencies, none where there is no such payment."""
    found: list[Payment] = []
    for number in range(LEGS_MAX):
        one = book.payments.get(leg_id(id, number))
        if one is None or one.mixed != id:
            break
        found.append(one)
    return tuple(found)


def news(book: Book, entered: Entered) -> Iterable[News]:
    assert isinstance(entered.body, MixedPaid)
    whole = said_in(book, entered.body, PayMixed).wish.payment or b""
    for one in mixed_parts(book, whole):
        yield News("payment.posted", uuid_text(one.id), concerned(book, one))


def owned(book: Book, body: Body) -> Iterable[Owned]:
    """Yield the note of a payment: it is the payer's."""
    assert isinstance(body, MixedPaid)
    wish = said_in(book, body, PayMixed).wish
    note = digest_of(wish.note)
    if note is not None:
        yield Owned(note, wish.payer or "", f"payments/{uuid_text(wish.payment or b'')}")


def view_mixed(desk: Desk, name: str) -> MixedPaymentShown | Refused:
    book = desk.book
    parts = mixed_parts(book, parse_uuid(name) or b"")
    if not parts:
        return refuse(PAYMENT_UNKNOWN)
    first = parts[0]
    if not may_see(desk.actor, *concerned(book, first)):
        return refuse(FORBIDDEN, allowed="payer and payee")
    payer, payee = (book.name_of(account, first.arrival) for account in (first.payer, first.payee))
    shown = tuple(_shown(book, one) for one in parts)
    return MixedPaymentShown(
        uuid_text(first.id),
        payer,
        payee,
        shown,
        f"{payee} gets {' and '.join(_worded(one) for one in shown)} of {payer}: all of it, or nothing.",
        shown_text(first.note),
        first.at_ms,
        first.arrival,
    )


def _shown(book: Book, part: Payment) -> LegShown:
    accounts, abroad = book.ledger.accounts, part.abroad
    payer, payee = accounts.get(part.payer), accounts.get(part.payee)
    code = payee.currency if payee is not None else payer.currency if payer is not None else ""
    if payee is not None:
        amount = book.amount(payee.currency, part.amount_minor)
    else:
        assert abroad is not None
        amount = Amount(part.amount_minor, abroad.code, abroad.scale)
    debit = None if payer is None or part.debit_minor is None else book.amount(payer.currency, part.debit_minor)
    return LegShown(uuid_text(part.id), amount, debit, book.currencies[code].kind, part.state)


def _worded(part: LegShown) -> str:
    """Return an amount with what stands behind it, in words."""
    backing = {"guaranteed": "backed money", "mutual": "mutual credit, which nothing backs"}[part.kind or "mutual"]
    return f"{decimal(part.amount.value, part.amount.asset_scale)} {part.amount.asset_code} ({backing})"
