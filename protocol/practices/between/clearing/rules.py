# SPDX-License-Identifier: AGPL-3.0-or-later
"""When an entry of a clearing may stand, and what it moves: the same answer on every node."""

from collections.abc import Iterable, Sequence

from protocol.book.accounts import exchange_account, holds_account
from protocol.book.book import Book
from protocol.book.declaration import Entered, News
from protocol.book.ledger import Posting
from protocol.book.promised import Promised, uncounted
from protocol.book.refusals import CURRENCY_UNKNOWN, MALFORMED, NOT_FOUND, ORDER_MISMATCH, STATE_CONFLICT, Reason
from protocol.lanes.entry import Body
from protocol.practices.between.abroad.postings import mirror_account
from protocol.practices.between.abroad.state import Forwards
from protocol.practices.between.clearing.circles import read_circle
from protocol.practices.between.clearing.entries import (
    CircleBegun,
    CircleLeft,
    Cleared,
    ClearingSet,
    Failed,
    Owed,
    RoundJoined,
    RoundOpened,
    Turned,
)
from protocol.practices.between.clearing.state import Clearing, Initiated, Round
from protocol.practices.between.links.entries import MIRROR_PREFIX
from protocol.practices.between.quotes.invoices import condition_of


def check(book: Book, entered: Entered) -> Reason | None:
    """Accept each step once, and a claim with its preimage only: the same answer on every node."""
    refused = book.misplaced(entered)
    if refused is not None:
        return refused.reason
    clearing, body = book.of(Clearing), entered.body
    match body:
        case ClearingSet():
            return None
        case RoundOpened(round):
            return STATE_CONFLICT if round in clearing.opened else None
        case RoundJoined(round):
            return STATE_CONFLICT if round in clearing.rounds else None
        case CircleBegun(data):
            circle = read_circle(data)
            if circle is None or circle.initiator != book.network:
                return MALFORMED
            if body.currency not in book.currencies:
                return CURRENCY_UNKNOWN
            return STATE_CONFLICT if circle.id in clearing.initiated else None
        case CircleLeft(data):
            circle = read_circle(data)
            return None if circle is not None and circle.round in clearing.rounds else STATE_CONFLICT
        case Turned(id) | Cleared(id) | Failed(id):
            return _check_step(book, clearing.initiated.get(id), body)
        case _:
            raise AssertionError(body)


def _check_step(book: Book, initiated: Initiated | None, body: Body) -> Reason | None:
    if initiated is None:
        return NOT_FOUND
    moved = tuple(change for change in initiated.moves if change[0].startswith(MIRROR_PREFIX))
    if isinstance(body, Turned):
        return STATE_CONFLICT if initiated.turned is not None else uncounted(book, moved[:1])
    if not initiated.is_open:
        return STATE_CONFLICT
    if isinstance(body, Cleared) and condition_of(body.preimage) != initiated.circle.condition:
        return ORDER_MISMATCH
    return uncounted(book, moved[-1:]) if isinstance(body, Cleared) else None


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    """Keep what a step says; the money moves when a hold is claimed, and waits in `holds` between the two claims."""
    clearing = book.of(Clearing)
    match entered.body:
        case ClearingSet() as settings:
            clearing.settings = settings
        case RoundOpened(round, debts):
            is_ours = round == entered.at_ms
            clearing.rounds.setdefault(round, _round(round, entered.seq, debts, is_ours=is_ours))
            clearing.opened[round] = entered.at_ms
        case RoundJoined(round, debts):
            clearing.rounds[round] = _round(round, entered.seq, debts, is_ours=False)
        case CircleBegun(data, nonce, worth, cost, currency):
            circle = read_circle(data)
            assert circle is not None
            one = Initiated(circle, nonce, worth, cost, currency)
            clearing.initiated[one.id] = clearing.by_hold[one.link_out, one.hold] = one
            book.of(Promised).begin(one.moves)
            book.passing[currency] = book.passing.get(currency, 0) + 1
        case CircleLeft(data) as left:
            circle = read_circle(data)
            assert circle is not None
            clearing.rounds[circle.round].left.append(left)
        case Turned(id, hold):
            return _fold_turned(book, clearing.initiated[id], hold, entered.seq)
        case Cleared(id):
            return _fold_ended(book, clearing.initiated[id], None, entered.seq)
        case Failed(id, reason):
            return _fold_ended(book, clearing.initiated[id], reason, entered.seq)
        case _:
            raise AssertionError(entered.body)
    return ()


def _round(number: int, arrival: int, debts: tuple[Owed, ...], *, is_ours: bool) -> Round:
    return Round(number, arrival, {owed.link: owed.amount for owed in debts}, is_ours)


def _fold_turned(book: Book, one: Initiated, hold: bytes, arrival: int) -> Sequence[Posting]:
    book.of(Promised).end(one.moves)
    one.turned = hold
    book.of(Promised).begin(one.moves)
    leg = one.circle.legs[0]
    book.of(Forwards).on(leg.link).received += leg.amount
    mirror = mirror_account(book, leg.link, one.currency, arrival)
    waits = holds_account(one.currency) if one.is_open else exchange_account(one.currency)
    return Posting(mirror, -one.worth, "clearing", None, waits), Posting(waits, one.worth, "clearing", None, mirror)


def _fold_ended(book: Book, one: Initiated, reason: str | None, arrival: int) -> Sequence[Posting]:
    book.of(Promised).end(one.moves)
    one.is_open, one.reason = False, reason
    book.of(Promised).begin(one.moves)
    book.passing[one.currency] -= 1
    del book.of(Clearing).by_hold[one.link_out, one.hold]
    waited = one.worth if one.turned is not None else 0
    paid = one.cost if reason is None else 0
    holds, exchange = holds_account(one.currency), exchange_account(one.currency)
    if reason is not None and not waited:
        return ()
    mirror = mirror_account(book, one.link_out, one.currency, arrival)
    if paid:
        book.of(Forwards).on(one.link_out).paid += one.circle.legs[-1].amount
    changes = (holds, -waited), (mirror, paid), (exchange, waited - paid)
    return [Posting(name, change, "clearing", None, mirror) for name, change in changes if change]


def news(book: Book, entered: Entered) -> Iterable[News]:
    """Tell stewards what a round has cleared, and what not."""
    match entered.body:
        case RoundOpened(round):
            return (News("clearing.opened", str(round), ()),)
        case Cleared(id) | Failed(id):
            word = "cleared" if isinstance(entered.body, Cleared) else "failed"
            return (News(f"clearing.{word}", str(book.of(Clearing).initiated[id].circle.round), ()),)
        case _:
            return ()
