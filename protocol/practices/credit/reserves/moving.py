# SPDX-License-Identifier: AGPL-3.0-or-later
"""Movements of a reserve: state money comes and goes once enough custodians have attested it, by keys of their own."""

from protocol.book.book import Book
from protocol.book.declaration import Desk, Entered, Plan, Role, Write
from protocol.book.money import AMOUNT_MINOR_MAX
from protocol.book.refusals import (
    AMOUNT_TOO_LARGE,
    CURRENCY_CLOSED,
    DUPLICATE,
    FORBIDDEN,
    NOT_FOUND,
    Refused,
    refuse,
)
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Said
from protocol.practices.credit.reserves.entries import AttestMove, MoveAttested, MoveCancelled, MoveTold
from protocol.practices.credit.reserves.refusals import ATTESTED_TWICE, NOT_CUSTODIAN
from protocol.practices.credit.reserves.rights import exhausted, reserve_of, short
from protocol.practices.credit.reserves.state import MOVE_LIFE, MOVES, NODE, MoveState, Reserve, ReserveMove, Reserves
from protocol.practices.credit.reserves.views import CancelMove, TellMove, state_minor

RESERVE_MINOR_MAX = AMOUNT_MINOR_MAX // 1_000_000
"""Minor units of state money in one reserve: with any ratio, what it backs can be counted."""


def against_telling(book: Book, body: MoveTold) -> Refused | None:
    reserve = reserve_of(book, body.currency)
    if isinstance(reserve, Refused):
        return reserve
    if body.move in book.rows(MOVES):
        return refuse(DUPLICATE)
    return refuse(CURRENCY_CLOSED, currency=body.currency) if book.currencies[body.currency].closed else None


def against_cancelling(book: Book, body: MoveCancelled) -> Refused | None:
    move = book.rows(MOVES).get(body.move)
    return refuse(NOT_FOUND) if move is None else MOVE_LIFE.conflict(move.state, body.KIND)


def against_attesting(book: Book, said: Said[AttestMove]) -> Refused | None:
    """Return why a custodian's word does not count; of the last one, why the movement cannot be."""
    move = book.rows(MOVES).get(said.wish.move)
    if move is None:
        return refuse(NOT_FOUND)
    reserve = book.of(Reserves).by_currency[move.currency]
    if said.member is None or said.member.id not in reserve.terms.custodians:
        return refuse(NOT_CUSTODIAN, currency=move.currency)
    if said.device is not None and said.device.cap_minor is not None:
        return refuse(FORBIDDEN, allowed="a key of the member without a cap")
    refused = MOVE_LIFE.conflict(move.state, MoveAttested.KIND)
    if refused or said.member.id in move.attested:
        return refused or refuse(ATTESTED_TWICE)
    return said.member.inactive() or (_impossible(reserve, move) if _is_last(reserve, move) else None)


def _is_last(reserve: Reserve, move: ReserveMove) -> bool:
    return len(move.attested) + 1 >= reserve.terms.needed


def _impossible(reserve: Reserve, move: ReserveMove) -> Refused | None:
    """Return why a movement cannot count: what leaves has to be in the bank, and consumes rights."""
    if move.out:
        refused = short(reserve, reserve.in_bank_minor, move.amount_minor)
        return refused or exhausted(reserve, NODE, reserve.consumed_minor(move.amount_minor))
    over = reserve.reserve_minor + reserve.fund_minor + move.amount_minor > RESERVE_MINOR_MAX
    return refuse(AMOUNT_TOO_LARGE, maximum=RESERVE_MINOR_MAX) if over else None


def tell(book: Book, body: MoveTold, entered: Entered) -> None:
    """Keep what custodians are to attest: part of the fold."""
    state = MOVE_LIFE.after(None, body.KIND)
    book.rows(MOVES).add(
        ReserveMove(body.move, entered.seq, entered.at_ms, body.currency, body.out, body.amount, state)
    )


def attest(book: Book, said: Said[AttestMove]) -> None:
    """Count a custodian's word, and with the last one the movement: part of the fold."""
    move = book.rows(MOVES).change(said.wish.move)
    reserve = book.of(Reserves).by_currency[move.currency]
    assert said.member is not None
    counts = _is_last(reserve, move)
    move.attested = (*move.attested, said.member.id)
    move.state = MOVE_LIFE.after(move.state, MoveAttested.KIND, MoveState.COUNTED if counts else MoveState.TOLD)
    if not counts:
        return
    if move.out:
        reserve.reserve_minor -= move.amount_minor
        reserve.rights = reserve.rights.spend(NODE, reserve.consumed_minor(move.amount_minor))
    else:
        reserve.reserve_minor += move.amount_minor
        reserve.rights = reserve.rights.create(NODE, reserve.created_minor(move.amount_minor))


def plan_tell(desk: Desk, wish: TellMove) -> Plan | Refused:
    book = desk.book
    reserve = reserve_of(book, wish.reserve)
    if isinstance(reserve, Refused):
        return reserve
    if desk.actor.role is not Role.STEWARD and desk.actor.member not in reserve.terms.custodians:
        return refuse(NOT_CUSTODIAN, currency=reserve.terms.currency)
    amount = state_minor(book, reserve, wish.amount, positive=True)
    if isinstance(amount, Refused):
        return amount
    body = MoveTold(book.drawn(drawn_id(desk.chance)), wish.reserve, wish.out, amount)
    return against_telling(book, body) or Plan(uuid_text(body.move), (Write(body),))


def plan_attest(desk: Desk, name: str, said: Said[AttestMove]) -> Plan | Refused:
    assert said.signed is not None
    return against_attesting(desk.book, said) or Plan(name, (Write(MoveAttested(said.signed)),))


def plan_cancel(desk: Desk, name: str, wish: CancelMove) -> Plan | Refused:
    del wish
    body = MoveCancelled(parse_uuid(name) or b"")
    return against_cancelling(desk.book, body) or Plan(name, (Write(body),))
