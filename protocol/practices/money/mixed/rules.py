# SPDX-License-Identifier: AGPL-3.0-or-later
"""When a payment in several currencies may stand: when each of its legs may, as a payment of its own.

One entry holds them all, so none moves without the others. Nothing is converted: a leg is paid in the currency that it
names, or all of it is refused. Amounts of different currencies are never added up, so no key with a cap pays so.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace

from protocol.book.accounts import account_id
from protocol.book.addresses import local_part, resolve_member
from protocol.book.book import Book
from protocol.book.declaration import Desk, Entered, Plan, Slot, Waiting, Write
from protocol.book.forms import payable_form
from protocol.book.ledger import Posting
from protocol.book.money import Amount
from protocol.book.payments import Payment
from protocol.book.refusals import (
    CURRENCY_UNKNOWN,
    FORBIDDEN,
    MALFORMED,
    MEMBER_UNKNOWN,
    NETWORK_UNKNOWN,
    ORDER_MISMATCH,
    Reason,
    Refused,
    foremost,
    refuse,
)
from protocol.book.signed import leg_id, uuid_text
from protocol.book.wishes import Said, said_in
from protocol.lanes.entry import Millis
from protocol.practices.money.mixed.entries import LEGS_MAX, LEGS_MIN, MixedPaid, PayMixed
from protocol.practices.money.payments.entries import Pay
from protocol.practices.money.payments.paying import Payable, examine, record
from protocol.practices.money.payments.transfers import begin_payment
from protocol.practices.people.authority import acts_for, not_said_by

PAY_MIXED_ABROAD: Slot[Callable[[Desk, Said[PayMixed]], Plan | Waiting | Refused]] = Slot(
    "plans a payment in several currencies whose payee is in another network"
)


def check(book: Book, entered: Entered) -> Reason | None:
    body = entered.body
    assert isinstance(body, MixedPaid)
    misplaced = book.misplaced(entered)
    if misplaced:
        return misplaced.reason
    found = examine_all(book, said_in(book, body, PayMixed), entered.at_ms, author=False)
    if isinstance(found, Refused):
        return found.reason
    book.examined = body, found
    return None


def examine_all(book: Book, said: Said[PayMixed], at_ms: Millis, *, author: bool) -> tuple[Payable, ...] | Refused:
    """Return the legs as they stand in the book, or why none of them may: on every node alike.

    Limits are looked at for the author only.
    """
    refused = unfit(book, said) or _foreign(said.wish)
    if refused:
        return refused
    legs = [examine(book, leg, at_ms, author=author) for leg in legs_of(said)]
    found = foremost(*(one for one in legs if isinstance(one, Refused)))
    return found or tuple(one for one in legs if not isinstance(one, Refused))


def unfit(book: Book, said: Said[PayMixed]) -> Refused | None:
    """Return why a wish is of no use whatever its legs: not several currencies, not the payer's own word."""
    wish = said.wish
    if refused := not_several(wish.amounts):
        return refused
    if wish.payment is None or wish.payer is None:
        return refuse(MALFORMED, field="payment" if wish.payment is None else "payer", expected="an id")
    member = book.members.get(wish.payer)
    if member is None:
        return refuse(MEMBER_UNKNOWN, member=wish.payer)
    return not_said_by(said, member, capped=False)


def not_several(amounts: Sequence[Amount]) -> Refused | None:
    """Return that amounts are too few, or not each in another currency."""
    codes = [one.asset_code for one in amounts]
    if LEGS_MIN <= len(codes) <= LEGS_MAX and None not in codes and len(set(codes)) == len(codes):
        return None
    return refuse(MALFORMED, field="amounts", expected="two to four, each with another currency")


def _foreign(wish: PayMixed) -> Refused | None:
    """Return that a payment within the network names what belongs to one abroad."""
    for field in ("invoice", "condition", "max_debits"):
        if getattr(wish, field):
            return refuse(ORDER_MISMATCH, field=field)
    return None


def legs_of(said: Said[PayMixed]) -> tuple[Said[Pay], ...]:
    """Return each leg as a payment of its own, said as the whole is; the first has the id of the whole."""
    wish = said.wish
    assert wish.payment is not None and wish.payer is not None
    return tuple(
        Said(
            Pay(
                wish.payee,
                amount,
                account_id(wish.payer, amount.asset_code or ""),
                payment=leg_id(wish.payment, number),
                note=wish.note,
            ),
            said.signed,
            said.envelope,
            said.member,
            said.device,
        )
        for number, amount in enumerate(wish.amounts)
    )


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body = entered.body
    assert isinstance(body, MixedPaid)
    said = said_in(book, body, PayMixed)
    postings: list[Posting] = []
    for leg in _legs(book, body, said, entered.at_ms):
        payment = record(leg, entered.seq, entered.at_ms, body.KIND)
        payment.mixed = said.wish.payment
        postings += begin_payment(book, payment)
        leg.authority.spend(payment.debit_minor or 0)
    return postings


def _legs(book: Book, body: MixedPaid, said: Said[PayMixed], at_ms: Millis) -> tuple[Payable, ...]:
    examined, found = book.examined
    if examined is body:
        return found
    legs = examine_all(book, said, at_ms, author=False)
    assert not isinstance(legs, Refused), "it was checked"
    return legs


def mixed_form(desk: Desk, wish: PayMixed) -> Refused | None:
    """Return why a payment cannot be read: too few currencies, or an amount that none of them has."""
    if refused := not_several(wish.amounts):
        return refused
    here = local_part(desk.book, wish.payee) is not None
    forms = [payable_form(desk.book, one) for one in wish.amounts if here or one.value <= 0]
    return foremost(*forms) if forms else None


def plan_mixed(desk: Desk, said: Said[PayMixed]) -> Plan | Waiting | Refused:
    """Decide, at the payer's own node, whether a member may pay so; what is known already is shown again."""
    book = desk.book
    if said.signed is None:
        told = _told(desk, said.wish)
        if isinstance(told, Refused):
            return told
        said = Said(told)
    wish = said.wish
    known = book.payments.get(wish.payment or b"")
    if known is not None and known.mixed == wish.payment and _is_again(book, known, said):
        return Plan(uuid_text(known.id))
    if known is None and wish.payment is not None:
        # No client may choose the id of a leg: where there is no such payment, there is no leg of it.
        for number in range(1, LEGS_MAX):
            book.drawn(leg_id(wish.payment, number))
    if local_part(book, wish.payee) is None:
        for plan in book.fillings(PAY_MIXED_ABROAD):
            return plan(desk, said)
        return refuse(NETWORK_UNKNOWN, network=wish.payee.rpartition("@")[2][:64])
    for one in wish.amounts:
        if one.asset_code not in book.currencies:
            return refuse(CURRENCY_UNKNOWN, currency=(one.asset_code or "")[:12])
    found = examine_all(book, said, desk.now, author=True)
    return (
        found if isinstance(found, Refused) else Plan(uuid_text(wish.payment or b""), (Write(MixedPaid(*said.held)),))
    )


def _told(desk: Desk, wish: PayMixed) -> PayMixed | Refused:
    """Return what a member without a key, or a steward for it, has wished, with the payer by its id."""
    address = desk.actor.member if wish.payer is None else wish.payer
    if address is None:
        return refuse(MALFORMED, field="payer", expected="a value")
    member = resolve_member(desk.book, address)
    if isinstance(member, Refused):
        return member
    if not acts_for(desk.actor, member):
        return refuse(FORBIDDEN, allowed="the payer")
    local = local_part(desk.book, wish.payee)
    return replace(wish, payer=member.id, payee=wish.payee if local is None else local)


def _is_again(book: Book, known: Payment, said: Said[PayMixed]) -> bool:
    """Tell whether this is the wish by which a payment came about that is known."""
    if said.signed is not None or known.said is not None:
        return said.digest == known.said
    amounts = [book.payments.get(leg_id(known.id, number)) for number in range(len(said.wish.amounts) + 1)]
    if known.abroad is not None:
        return False
    shown = [
        None if one is None else book.amount(one.payee.rpartition(".")[2], one.amount_minor) for one in amounts[:-1]
    ]
    same = [None if one is None else one.reduced() for one in shown] == [one.reduced() for one in said.wish.amounts]
    payee = resolve_member(book, said.wish.payee)
    owner = book.owner_of(known.payee)
    return same and amounts[-1] is None and not isinstance(payee, Refused) and owner == payee.id
