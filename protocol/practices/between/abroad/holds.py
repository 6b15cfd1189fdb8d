# SPDX-License-Identifier: AGPL-3.0-or-later
"""What follows from the records of a link: holds that were claimed, waived, lost, and those that come."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from protocol.book.accounts import commons_account
from protocol.book.book import Book
from protocol.book.declaration import Desk, Plan, Write
from protocol.book.money import AMOUNT_MINOR_MAX
from protocol.book.promised import BalanceMove, room
from protocol.book.refusals import RECOVERING
from protocol.practices.between.abroad.arriving import answer_hold, forwarding
from protocol.practices.between.abroad.entries import Forwarded, HoldReturned, Passed, Reconciled, Refunded, Settled
from protocol.practices.between.abroad.moves import moves_of
from protocol.practices.between.abroad.sending import rerouted
from protocol.practices.between.abroad.state import Forwards, next_hold_id
from protocol.practices.between.clearing import turning
from protocol.practices.between.clearing.state import Clearing
from protocol.practices.between.links.entries import link_account
from protocol.practices.between.links.link import Link
from protocol.practices.between.links.state import Links
from protocol.practices.between.links.steps import Claim, GiveBack, Waive
from protocol.practices.between.quotes.refusals import code_told


def resolve(desk: Desk, link: Link) -> Iterator[Plan]:
    """Yield what is to be done about a link's open holds; each plan is carried out before the next is asked for."""
    book = desk.book
    forwards = book.of(Forwards)
    if link.reopened:
        yield from _taken_up(desk, link)
    yield from _settled(desk, link)
    for hold in sorted(link.now.holds_in):
        # A hold that went on is answered when the one that it became is, never before; parts are claimed together.
        if (link.id, hold) not in forwards.by_in and hold in link.now.holds_in:
            yield answer_hold(desk, link, hold)
    if link.reopened:
        yield from _after_loss(book, link)
    if link.idle_grant > 0:
        yield Plan("", steps=(GiveBack(link.id, link.idle_grant),))


def _settled(desk: Desk, link: Link) -> Iterator[Plan]:
    """Pass on what the partner has claimed and waived of our holds."""
    book = desk.book
    forwards = book.of(Forwards)
    partner = link.side.partner
    for hold, preimage in sorted(partner.claims.items()):
        forward = forwards.open_out.get((link.id, hold))
        payment = forwards.part_of.get((link.id, hold))
        if forward is not None:
            yield Plan("", (Write(Passed(link.id, hold, preimage)),), steps=_claimed(book, forward, preimage))
        elif payment is not None:
            yield Plan("", (Write(Settled(payment, hold, preimage)),))
        else:
            yield from turning.cleared(book, link, hold, preimage)
    for hold, told in sorted(partner.waived.items()):
        reason = code_told(told)
        forward = forwards.open_out.get((link.id, hold))
        payment = forwards.part_of.get((link.id, hold))
        if forward is not None:
            yield Plan("", (Write(HoldReturned(link.id, hold, reason)),), steps=waived(book, forward, reason))
        elif payment is not None:
            refunded = Plan("", (Write(Refunded(payment, hold, reason)),))
            yield rerouted(desk, forwards.under_way[payment], hold, reason) or refunded
        else:
            yield from turning.failed(book, link, hold, reason)


def _taken_up(desk: Desk, link: Link) -> Iterator[Plan]:
    """Write again that holds have gone on, where the ledger has lost it and the links still show both ends.

    Else the one that came would be waived while the one that went is open.
    """
    book = desk.book
    links = book.of(Links).by_id
    forwards = book.of(Forwards)
    came = [link]
    known = forwards.open_out.keys() | forwards.part_of.keys() | book.of(Clearing).by_hold.keys()
    if any((link.id, hold) not in known for hold in link.side.own.holds):
        came = list(links.values())
    unknown = [
        (link_in, hold, next_hold_id(hold, link_in.id))
        for link_in in came
        for hold in sorted(link_in.now.holds_in)
        if (link_in.id, hold) not in forwards.by_in and (link_in.id, hold) not in forwards.ended
    ]
    for link_in, hold, hold_out in unknown:
        for link_out in links.values():
            held, out = link_in.now.holds_in[hold], link_out.side.own.holds.get(hold_out)
            if out is not None and out.condition == held.condition:
                forwarded = forwarding(link_in, hold, held.amount, link_out, out.amount)
                # The rates may have changed since, so that what came is worth less than what went, or nothing.
                worth = max(1, min(forwarded.worth, _countable(book, moves_of(forwarded))))
                yield Plan("", (Write(replace(forwarded, worth=worth, cost=min(forwarded.cost, worth))),))
                yield from _settled(desk, link_out)
                break


def _after_loss(book: Book, link: Link) -> Iterator[Plan]:
    """Bring ledger and link together where one of them came back from an old copy without the other.

    What is open in the ledger alone was never promised in a record that still counts; what is claimed on the
    link alone was lost in the ledger.
    """
    forwards = book.of(Forwards)
    for (on, hold), payment in list(forwards.part_of.items()):
        if on == link.id and hold not in link.now.own.holds:
            yield Plan("", (Write(Refunded(payment, hold, RECOVERING.code)),))
    yield from turning.after_loss(book, link)
    for forward in list(forwards.open_out.values()):
        if forward.link_out == link.id and forward.hold_out not in link.now.own.holds:
            reason = RECOVERING.code
            yield Plan(
                "", (Write(HoldReturned(link.id, forward.hold_out, reason)),), steps=waived(book, forward, reason)
            )
    known = forwards.on(link.id)
    paid, received = link.side.partner.claimed - known.paid, link.now.own.claimed - known.received
    if paid or received:
        cost, worth = _valued(book, link, paid, received)
        yield Plan("", (Write(Reconciled(link.id, paid, cost, received, worth, link.settings.currency)),))


def _valued(book: Book, link: Link, paid: int, received: int) -> tuple[int, int]:
    """Return what claims that the ledger has lost cost us and are worth, in our minor units, as far as it can count.

    The link's own figures stand in its records whatever the mirror account can tell of them.
    """
    currency = link.settings.currency
    cost, worth = link.settings.rate.up(paid), link.settings.rate.down(received)
    change = cost - worth
    mirror, commons = link_account(link.id, currency), commons_account(currency)
    most = _countable(book, ((mirror, change), (commons, -change)))
    if max(abs(cost), abs(worth)) <= AMOUNT_MINOR_MAX and abs(change) <= most:
        return cost, worth
    return (min(change, most), 0) if change > 0 else (0, min(-change, most))


def _countable(book: Book, changes: Iterable[BalanceMove]) -> int:
    """Return how much may move this way at once: half of what room there is, so that there is always some left."""
    return min(room(book, account)[change > 0] for account, change in changes) // 2


def _claimed(book: Book, forward: Forwarded, preimage: bytes) -> tuple[Claim, ...]:
    return (Claim(forward.link_in, forward.hold_in, preimage),) if _is_answerable(book, forward) else ()


def waived(book: Book, forward: Forwarded, reason: str) -> tuple[Waive, ...]:
    """Return what frees who sent a hold that went on, if it can be answered now."""
    return (Waive(forward.link_in, forward.hold_in, reason),) if _is_answerable(book, forward) else ()


def _is_answerable(book: Book, forward: Forwarded) -> bool:
    """Tell whether the hold that went on can be answered now; if not, it is when its link is found again."""
    link_in = book.of(Links).by_id[forward.link_in]
    # A link that was found in this very moment goes on with the record in the making.
    goes_on = not link_in.is_lost or link_in.draft is not None
    return goes_on and forward.hold_in in link_in.now.holds_in
