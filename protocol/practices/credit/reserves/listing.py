# SPDX-License-Identifier: AGPL-3.0-or-later
"""Movements of reserves and redemptions as they are shown, and what waits for custodians and coordinators."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from protocol.book.book import Book
from protocol.book.declaration import At, Desk, Doc, Errand, RowsWanted, Urgency
from protocol.book.money import Amount
from protocol.book.refusals import NOT_FOUND, Refused, refuse
from protocol.book.signed import parse_uuid, uuid_text
from protocol.practices.credit.reserves.state import (
    MOVES,
    REDEMPTIONS,
    MoveState,
    Redemption,
    RedemptionState,
    ReserveMove,
    Reserves,
    first_waiting,
    overdue,
)
from protocol.practices.credit.reserves.views import state_amount
from protocol.practices.money.currencies.entries import Code
from protocol.practices.people.authority import may_see


@dataclass(frozen=True, slots=True)
class MovesWanted:
    """What has come into reserves and left them."""

    reserve: Annotated[Code | None, Doc("only those of this currency's reserve")] = None
    open: Annotated[bool, Doc("only those that wait for custodians")] = False


@dataclass(frozen=True, slots=True)
class ReserveMoveShown:
    """State money that has come into a reserve, or leaves it, and who attests to it."""

    id: Annotated[str, Doc("its id")]
    reserve: Annotated[str, Doc("the code of the currency")]
    amount: Annotated[Amount, Doc("how much state money")]
    out: Annotated[bool, Doc("whether it leaves")]
    state: Annotated[MoveState, Doc("told; counted, once enough custodians have attested it; or cancelled")]
    attested: Annotated[tuple[str, ...], Doc("the handles of the custodians who have attested it")]
    needed: Annotated[int, Doc("how many have to")]
    at: Annotated[At, Doc("when it was told")]


@dataclass(frozen=True, slots=True)
class RedemptionsWanted:
    """Who has given currency back for state money: the queue of each till is public, names are not."""

    reserve: Annotated[Code | None, Doc("only those of this currency")] = None
    waiting: Annotated[bool, Doc("only those that wait")] = False


@dataclass(frozen=True, slots=True)
class RedemptionShown:
    """Currency that was given back for state money."""

    id: Annotated[str, Doc("its id")]
    reserve: Annotated[str, Doc("the code of the currency")]
    member: Annotated[str | None, Doc("the handle of who gave it back; null where it is not for you to see")]
    amount: Annotated[Amount, Doc("how much of the currency")]
    fee: Annotated[Amount, Doc("what of it stays as the fund, in state money")]
    payout: Annotated[Amount, Doc("the state money for it")]
    state: Annotated[RedemptionState, Doc("waiting, or paid")]
    number: Annotated[int | None, Doc("its place in the queue, from 1; null: it does not wait")]
    asked_at: Annotated[At, Doc("when it was given back")]
    due_at: Annotated[At, Doc("until when state money was promised")]
    paid_at: Annotated[At | None, Doc("when it was paid")]


def view_move(desk: Desk, name: str) -> ReserveMoveShown | Refused:
    found = desk.book.rows(MOVES).get(parse_uuid(name) or b"")
    return refuse(NOT_FOUND) if found is None else _move(desk.book, found)


def view_moves(desk: Desk, wanted: MovesWanted, after: int, limit: int) -> RowsWanted:
    by = None if wanted.reserve is None else (("currency", wanted.reserve),)
    told = _is_told if wanted.open else None
    return RowsWanted(MOVES, after, limit, lambda one: _move(desk.book, one), by, told, open_only=wanted.open)


def _is_told(move: ReserveMove) -> bool:
    return move.state is MoveState.TOLD


def _move(book: Book, move: ReserveMove) -> ReserveMoveShown:
    reserve = book.of(Reserves).by_currency[move.currency]
    return ReserveMoveShown(
        id=uuid_text(move.id),
        reserve=move.currency,
        amount=state_amount(book, reserve, move.amount_minor),
        out=move.out,
        state=move.state,
        attested=tuple(book.members[one].handle for one in move.attested),
        needed=reserve.terms.needed,
        at=move.at_ms,
    )


def view_redemption(desk: Desk, name: str) -> RedemptionShown | Refused:
    found = desk.book.rows(REDEMPTIONS).get(parse_uuid(name) or b"")
    return refuse(NOT_FOUND) if found is None else _redemption(desk, found)


def view_redemptions(desk: Desk, wanted: RedemptionsWanted, after: int, limit: int) -> RowsWanted:
    by = None if wanted.reserve is None else (("currency", wanted.reserve),)
    waits = _waits if wanted.waiting else None
    return RowsWanted(
        REDEMPTIONS, after, limit, lambda one: _redemption(desk, one), by, waits, open_only=wanted.waiting
    )


def _waits(found: Redemption) -> bool:
    return found.state is RedemptionState.WAITING


def _redemption(desk: Desk, found: Redemption) -> RedemptionShown:
    book, owner = desk.book, desk.book.owner_of(found.account)
    reserve = book.of(Reserves).by_currency[found.currency]
    waits = _waits(found)
    return RedemptionShown(
        id=uuid_text(found.id),
        reserve=found.currency,
        member=book.members[owner].handle if may_see(desk.actor, owner) else None,
        amount=book.amount(found.currency, found.amount_minor),
        fee=state_amount(book, reserve, found.fee_minor),
        payout=state_amount(book, reserve, found.payout_minor),
        state=found.state,
        number=reserve.waiting.index(found.id) + 1 if waits else None,
        asked_at=found.asked_ms,
        due_at=found.due_ms,
        paid_at=found.paid_ms,
    )


def today(desk: Desk) -> Iterator[Errand]:
    """Yield what a custodian is to attest."""
    for move in desk.book.rows(MOVES).values():
        reserve = desk.book.of(Reserves).by_currency[move.currency]
        waits = _is_told(move) and desk.actor.member not in move.attested
        if waits and desk.actor.member in reserve.terms.custodians:
            yield _to_attest(desk, move)


def week(desk: Desk) -> Iterator[Errand]:
    """Yield which promises are broken or near, and what custodians have not attested."""
    book = desk.book
    for code, reserve in book.of(Reserves).by_currency.items():
        first = first_waiting(book, reserve)
        if first is not None:
            late = overdue(book, reserve, desk.now) is not None
            said = "redemptions wait longer than was promised" if late else "redemptions wait for state money"
            yield Errand(
                code,
                code,
                "reserves.overdue" if late else "reserves.waiting",
                said,
                "reserves.fill-till",
                Urgency.STOPPED if late else Urgency.WAITED_FOR,
                figure=state_amount(book, reserve, first.payout_minor),
                count=len(reserve.waiting),
                until_ms=first.due_ms,
            )
    for move in book.rows(MOVES).values():
        if _is_told(move):
            yield _to_attest(desk, move)


def _to_attest(desk: Desk, move: ReserveMove) -> Errand:
    reserve = desk.book.of(Reserves).by_currency[move.currency]
    missing = reserve.terms.needed - len(move.attested)
    return Errand(
        uuid_text(move.id),
        move.currency,
        "reserves.to_attest",
        "custodians are to attest state money",
        "reserve-moves.attest",
        Urgency.WAITED_FOR,
        figure=state_amount(desk.book, reserve, move.amount_minor),
        count=missing,
    )
