# SPDX-License-Identifier: AGPL-3.0-or-later
"""The guarantee fund: what it holds and owes, how the commons feeds it, the worst case, and what coordinators see."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

from protocol.book.accounts import commons_account
from protocol.book.arrivals import since
from protocol.book.book import Book
from protocol.book.declaration import Desk, Doc, Errand, Motion, Plan, Ref, Urgency, Write
from protocol.book.money import AMOUNT_MINOR_MAX, Amount, minor_of, parse_decimal, payable
from protocol.book.refusals import AMOUNT_TOO_LARGE, CURRENCY_UNKNOWN, LIMIT_EXCEEDED, Refused, foremost, refuse
from protocol.book.signed import uuid_text
from protocol.book.timezones import DAY_MS
from protocol.practices.credit.cards.entries import FreezeReason, GuaranteeFed
from protocol.practices.credit.cards.rules import against_saying
from protocol.practices.credit.cards.state import (
    CARDS,
    DAY_CAP,
    FUND_LEAST,
    GUARANTEE,
    UNSEEN_DAYS,
    CardsHeld,
    CardState,
    Guarantee,
    Terminals,
)
from protocol.practices.money.commons.state import GATE as COMMONS_GATE
from protocol.practices.money.commons.state import alone_minor
from protocol.practices.money.currencies.entries import Code
from protocol.wire.shape import AtMost, Range

CASE_MAX = 1_000_000
_SOON_MS = 3 * DAY_MS


@dataclass(frozen=True, slots=True)
class FeedGuarantee:
    """Move an amount from the commons into the guarantee fund; merchants who wait are paid at once."""

    amount: Annotated[Amount, Doc("how much")]


@dataclass(frozen=True, slots=True)
class GuaranteesWanted:
    """The guarantee fund, currency by currency."""


@dataclass(frozen=True, slots=True)
class GuaranteeShown:
    """The guarantee fund in a currency."""

    currency: Annotated[str, Doc("the code of the currency")]
    balance: Annotated[Amount, Doc("what it holds")]
    owed: Annotated[Amount, Doc("what merchants wait for, since it held too little")]
    paid: Annotated[Amount, Doc("what it has paid in all")]
    waiting: Annotated[tuple[str, ...], Doc("who waits, by handle, the oldest first")]


@dataclass(frozen=True, slots=True)
class WorstCaseWanted:
    """What copied cards could cost before anybody knows, by the figures as they are or as you ask: decide it with care.

    Each terminal without a node may take the day's cap of each card, and hears of a copy only when it syncs.
    """

    currency: Annotated[Code, Ref("currencies"), Doc("the code of the currency")]
    day_cap: Annotated[
        str | None, AtMost(24), Doc("if a card paid so much a day without a node, such as 50.00; default: as it is")
    ] = None
    cards: Annotated[int | None, Range(0, CASE_MAX), Doc("if so many cards were about; default: as it is")] = None
    terminals: Annotated[
        int | None, Range(0, CASE_MAX), Doc("if so many terminals were without a node; default: those in use")
    ] = None


@dataclass(frozen=True, slots=True)
class WorstCaseShown:
    """The worst case: cap x cards x terminals without a node, for a day and until they stop by themselves."""

    currency: Annotated[str, Doc("the code of the currency")]
    day_cap: Annotated[Amount, Doc("what a card pays at one terminal in a day")]
    cards: Annotated[int, Doc("how many cards")]
    terminals: Annotated[int, Doc("how many terminals without a node")]
    stale: Annotated[int, Doc("how many terminals were not met for a day, as it is now")]
    in_a_day: Annotated[Amount, Doc("cap x cards x terminals")]
    days: Annotated[int, Doc("after so many days without a node a terminal stops")]
    at_most: Annotated[Amount, Doc("all that can be lost before the last terminal stops")]
    fund: Annotated[Amount, Doc("what the guarantee fund holds against it")]


def view_worst_case(desk: Desk, wanted: WorstCaseWanted) -> WorstCaseShown | Refused:
    book, code = desk.book, wanted.currency
    if code not in book.currencies:
        return refuse(CURRENCY_UNKNOWN, currency=code)
    cap = book.parameter(DAY_CAP, code)
    if wanted.day_cap is not None:
        found = parse_decimal(wanted.day_cap, book.currencies[code].scale)
        refused = found if isinstance(found, Refused) else payable(found)
        if refused is not None:
            return refused
        assert isinstance(found, int)
        cap = found
    terminals = book.of(Terminals)
    stale = sum(1 for _ in terminals.stale(desk.now - DAY_MS))
    cards = book.of(CardsHeld).active.get(code, 0) if wanted.cards is None else wanted.cards
    offline = len(terminals.met) if wanted.terminals is None else wanted.terminals
    days = book.parameter(UNSEEN_DAYS)
    a_day = cap * cards * offline
    if a_day * days > AMOUNT_MINOR_MAX:
        return refuse(AMOUNT_TOO_LARGE, maximum=AMOUNT_MINOR_MAX)
    return WorstCaseShown(
        currency=code,
        day_cap=book.amount(code, cap),
        cards=cards,
        terminals=offline,
        stale=stale,
        in_a_day=book.amount(code, a_day),
        days=days,
        at_most=book.amount(code, a_day * days),
        fund=book.amount(code, _held(book, code)),
    )


def _held(book: Book, code: str) -> int:
    account = book.ledger.accounts.get(GUARANTEE.of(code))
    return 0 if account is None else account.balance_minor


def view_guarantee(desk: Desk, code: str) -> GuaranteeShown | Refused:
    known = code in desk.book.currencies
    return _shown(desk.book, code) if known else refuse(CURRENCY_UNKNOWN, currency=code[:12])


def view_guarantees(desk: Desk, wanted: GuaranteesWanted, after: int) -> Iterable[tuple[int, GuaranteeShown]]:
    del wanted
    book = desk.book
    return ((cursor, _shown(book, one.code)) for cursor, one in since(list(book.currencies.values()), after))


def _shown(book: Book, code: str) -> GuaranteeShown:
    fund = book.of(Guarantee)
    return GuaranteeShown(
        currency=code,
        balance=book.amount(code, _held(book, code)),
        owed=book.amount(code, fund.owed_minor(code)),
        paid=book.amount(code, fund.paid_minor.get(code, 0)),
        waiting=tuple(book.name_of(account) for account, _ in fund.queue.get(code, ())),
    )


def feeding_gate(desk: Desk, code: str, wish: FeedGuarantee) -> Motion | None:
    """Return the vote that it needs to feed the fund, None where stewards may still spend so much by themselves."""
    book = desk.book
    if code not in book.currencies:
        return None
    minor = minor_of(wish.amount, code, book.currencies[code].scale)
    alone = isinstance(minor, Refused) or minor <= alone_minor(book, code, desk.now)
    return None if alone else COMMONS_GATE


def plan_feed(desk: Desk, code: str, wish: FeedGuarantee) -> Plan | Refused:
    book = desk.book
    if code not in book.currencies:
        return refuse(CURRENCY_UNKNOWN, currency=code[:12])
    minor = minor_of(wish.amount, code, book.currencies[code].scale)
    if isinstance(minor, Refused):
        return minor
    body = GuaranteeFed(code, max(1, minor))
    held = book.ledger.accounts[commons_account(code)].balance_minor
    short = None
    if minor > held:
        short = refuse(
            LIMIT_EXCEEDED,
            available=max(0, held),
            missing=minor - max(0, held),
            limit=0,
            projected_balance=held - minor,
            currency=code,
        )
    return foremost(payable(minor), against_saying(book, body, desk.now), short) or Plan(code, (Write(body),))


def week(desk: Desk) -> Iterator[Errand]:
    """Yield the cards that are frozen, with what was found of each, terminals out of touch, and a fund that is low."""
    book = desk.book
    counts, cards = book.of(CardsHeld), book.rows(CARDS)
    for name in counts.frozen:
        card = cards[name]
        why = FreezeReason.HOLDER if card.why is None else card.why
        holder = book.members[card.member].handle
        yield Errand(
            uuid_text(name),
            holder,
            f"cards.frozen_{why.value}",
            _FROZEN[why].format(holder=holder),
            "cards.renew",
            Urgency.STOPPED if why is FreezeReason.FORK else Urgency.WAITED_FOR,
            figure=book.amount(card.currency, card.guaranteed_minor),
        )
    for terminal in book.of(Terminals).stale(desk.now - book.parameter(UNSEEN_DAYS) * DAY_MS):
        merchant = book.name_of(terminal.account)
        days = (desk.now - terminal.met_ms) // DAY_MS
        said = f"a terminal of {merchant} was not met for {days} days, and takes nothing until it is"
        yield Errand(
            uuid_text(terminal.id), merchant, "terminals.unseen", said, "terminals.show", Urgency.STOPPED, count=days
        )
    yield from _low_funds(book, counts)


_FROZEN = {
    FreezeReason.FORK: "two payments at one counter: somebody has a copy of the card of {holder}",
    FreezeReason.OVERSPENT: "the card of {holder} paid more than its purse held",
    FreezeReason.LOST: "the card of {holder} is lost",
    FreezeReason.HOLDER: "{holder} has frozen a card",
}


def _low_funds(book: Book, counts: CardsHeld) -> Iterator[Errand]:
    for code, active in counts.active.items():
        owed = book.of(Guarantee).owed_minor(code)
        if owed:
            said = "merchants wait for the guarantee fund, which holds too little"
            amount = book.amount(code, owed)
            yield Errand(code, code, "guarantee.owed", said, "guarantee-fund.feed", Urgency.WAITED_FOR, amount)
        elif active and _held(book, code) < book.parameter(FUND_LEAST, code):
            amount = book.amount(code, _held(book, code))
            said = "the guarantee fund for cards is low"
            yield Errand(code, code, "guarantee.low", said, "guarantee-fund.feed", Urgency.NEAR_LIMIT, amount)


def today(desk: Desk) -> Iterator[Errand]:
    """Yield the member's cards that somebody else has frozen or that stop soon, and its terminals out of touch."""
    book, member = desk.book, desk.actor.member or ""
    for card in book.rows(CARDS).find("member", member):
        name = uuid_text(card.id)
        if card.state is CardState.FROZEN and card.why is not FreezeReason.HOLDER:
            why = FreezeReason.LOST if card.why is None else card.why
            said = _FROZEN[why].format(holder=book.members[member].handle)
            yield Errand(name, card.currency, f"cards.frozen_{why.value}", said, "cards.end", Urgency.STOPPED)
        elif card.state is CardState.ACTIVE and card.stops_at_ms < desk.now + _SOON_MS:
            said = "your card stops, unless it is seen again or renewed"
            yield Errand(
                name, card.currency, "cards.stops", said, "cards.renew", Urgency.DATE, until_ms=card.stops_at_ms
            )
    stale_ms = desk.now - book.parameter(UNSEEN_DAYS) * DAY_MS
    for terminal in book.of(Terminals).of_member(member):
        if terminal.met_ms < stale_ms:
            said = "your terminal takes nothing until it syncs"
            yield Errand(
                uuid_text(terminal.id), terminal.account, "terminals.stale", said, "terminals.show", Urgency.STOPPED
            )
