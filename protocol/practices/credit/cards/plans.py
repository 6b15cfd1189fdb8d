# SPDX-License-Identifier: AGPL-3.0-or-later
"""What holders, merchants and stewards wish of cards and terminals; limits and caps are the author's to look at."""

from dataclasses import replace

from protocol.book.addresses import resolve_account
from protocol.book.book import Book
from protocol.book.declaration import Desk, Plan, Role, Write
from protocol.book.ledger import Account
from protocol.book.members import Member
from protocol.book.money import minor_of, payable
from protocol.book.refusals import FORBIDDEN, NOT_FOUND, Refused, foremost, refuse
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Said
from protocol.practices.credit.cards.entries import (
    CardEnded,
    CardFrozen,
    CardIssued,
    CardLoaded,
    CardRenewed,
    CardUnloaded,
    FreezeReason,
    IssueCard,
    LoadCard,
    TerminalRegistered,
    TerminalRetired,
    TerminalSynced,
)
from protocol.practices.credit.cards.refusals import CARD_FROZEN, CARD_PURSE_MAX, TERMINAL_LOG_BROKEN
from protocol.practices.credit.cards.rules import Acts, against_issue, against_load, against_saying, loaded_minor
from protocol.practices.credit.cards.state import CARD_FEE, CARDS, PURSE_MAX, Card, Terminal
from protocol.practices.credit.cards.statements import TerminalRecord, read_statement, record_digest
from protocol.practices.credit.cards.views import (
    EndCard,
    FreezeCard,
    RegisterTerminal,
    RenewCard,
    RetireTerminal,
    SyncTerminal,
    UnloadCard,
    seen_terminal,
)
from protocol.practices.people.authority import acts_for, spoken_for

MEETING_MS = 60 * 60 * 1_000
"""A terminal that sends nothing is noted as met once in this time."""


def plan_issue(desk: Desk, said: Said[IssueCard]) -> Plan | Refused:
    book = desk.book
    if said.signed is None:
        code = None if said.wish.load is None else said.wish.load.asset_code
        account = spoken_for(desk, said.wish.account, code, allowed="the holder")
        if isinstance(account, Refused):
            return account
        said = Said(replace(said.wish, account=account.id))
    refused = against_issue(book, said)
    if refused is None:
        account = book.ledger.accounts[said.wish.account]
        minor = loaded_minor(book, said.wish.load, account)
        assert isinstance(minor, int)
        fee = book.parameter(CARD_FEE, account.currency)
        refused = _beyond(book, account, 0, minor) or book.ledger.debit_refusal(account, minor + fee)
    return refused or Plan(uuid_text(said.wish.card or b""), (Write(CardIssued(*said.held)),))


def plan_load(desk: Desk, name: str, said: Said[LoadCard]) -> Plan | Refused:
    book = desk.book
    if said.signed is None:
        card = _acted(desk, name)
        if isinstance(card, Refused):
            return card
        said = Said(replace(said.wish, card=card.id))
    refused = against_load(book, said)
    if refused is None:
        card = book.rows(CARDS)[said.wish.card]
        account = book.ledger.accounts[card.account]
        minor = loaded_minor(book, said.wish.amount, account)
        assert isinstance(minor, int)
        refused = _beyond(book, account, card.purse_minor, minor) or book.ledger.debit_refusal(account, minor)
    return refused or Plan(uuid_text(said.wish.card), (Write(CardLoaded(*said.held)),))


def _beyond(book: Book, account: Account, held_minor: int, minor: int) -> Refused | None:
    """Return CARD_PURSE_MAX where a purse would hold more than the group lets it."""
    most = book.parameter(PURSE_MAX, account.currency)
    if held_minor + minor <= most:
        return None
    left = max(0, most - held_minor)
    return refuse(CARD_PURSE_MAX, balance=held_minor, limit=most, available=left, currency=account.currency)


def plan_unload(desk: Desk, name: str, wish: UnloadCard) -> Plan | Refused:
    book = desk.book
    card = _acted(desk, name)
    if isinstance(card, Refused):
        return card
    minor = minor_of(wish.amount, card.currency, book.currencies[card.currency].scale)
    if isinstance(minor, Refused):
        return minor
    full = book.ledger.credit_refusal(book.ledger.accounts[card.account], minor)
    body = CardUnloaded(card.id, max(1, minor))
    return _written(desk, card, body, foremost(payable(minor), full))


def plan_freeze(desk: Desk, name: str, wish: FreezeCard) -> Plan | Refused:
    card = _acted(desk, name)
    return card if isinstance(card, Refused) else _written(desk, card, CardFrozen(card.id, wish.lost))


def plan_renew(desk: Desk, name: str, wish: RenewCard) -> Plan | Refused:
    """Let a card go on; one that was lost, copied or overspent goes on by a steward's word alone."""
    del wish
    card = _acted(desk, name)
    if isinstance(card, Refused):
        return card
    by_steward = desk.actor.role is Role.STEWARD
    refused = None
    if card.why not in (None, FreezeReason.HOLDER) and not by_steward:
        refused = refuse(CARD_FROZEN, state=card.state.value, why=card.why.value)
    return _written(desk, card, CardRenewed(card.id), refused)


def plan_end(desk: Desk, name: str, wish: EndCard) -> Plan | Refused:
    del wish
    card = _acted(desk, name)
    return card if isinstance(card, Refused) else _written(desk, card, CardEnded(card.id))


def _acted(desk: Desk, name: str) -> Card | Refused:
    """Return a card that whoever asks may act on: its holder, or a steward, who is told of lost ones."""
    card = desk.book.rows(CARDS).get(parse_uuid(name) or b"")
    if card is None:
        return refuse(NOT_FOUND)
    return card if _acts_on(desk, desk.book.members[card.member]) else refuse(FORBIDDEN, allowed="the holder")


def _acts_on(desk: Desk, member: Member) -> bool:
    return desk.actor.role is Role.STEWARD or acts_for(desk.actor, member)


def _written(desk: Desk, card: Card, body: Acts, refused: Refused | None = None) -> Plan | Refused:
    refused = foremost(against_saying(desk.book, body, desk.now), refused)
    return refused or Plan(uuid_text(card.id), (Write(body),))


def plan_register(desk: Desk, wish: RegisterTerminal) -> Plan | Refused:
    book = desk.book
    account = resolve_account(book, wish.account, wish.currency)
    if isinstance(account, Refused):
        return account
    member = book.members.get(account.member or "")
    if member is None or not _acts_on(desk, member):
        return refuse(FORBIDDEN, allowed="the merchant")
    body = TerminalRegistered(drawn_id(desk.chance), account.id, wish.terminal_key)
    return against_saying(book, body, desk.now) or Plan(uuid_text(body.terminal), (Write(body),))


def plan_retire(desk: Desk, name: str, wish: RetireTerminal) -> Plan | Refused:
    del wish
    terminal = seen_terminal(desk, name)
    if isinstance(terminal, Refused):
        return terminal
    if not _acts_on(desk, desk.book.members[desk.book.owner_of(terminal.account)]):
        return refuse(FORBIDDEN, allowed="the merchant")
    body = TerminalRetired(terminal.id)
    return against_saying(desk.book, body, desk.now) or Plan(name, (Write(body),))


def plan_sync(desk: Desk, name: str, wish: SyncTerminal) -> Plan | Refused:
    """Take what is new of a log; what is known of it already is passed over, where it is the same."""
    terminal = seen_terminal(desk, name)
    if isinstance(terminal, Refused):
        return terminal
    if not _acts_on(desk, desk.book.members[desk.book.owner_of(terminal.account)]):
        return refuse(FORBIDDEN, allowed="the merchant")
    body = _new_records(terminal, wish)
    if isinstance(body, Refused):
        return body
    if not body.records and (wish.records or desk.now < terminal.met_ms + MEETING_MS):
        return Plan(name)
    return against_saying(desk.book, body, desk.now) or Plan(name, (Write(body),))


def _new_records(terminal: Terminal, wish: SyncTerminal) -> TerminalSynced | Refused:
    """Return the records that are not known yet; where the newest known one is among them, it has to be that one."""
    fresh = wish.records
    for at, signed in enumerate(wish.records):
        record = read_statement(TerminalRecord, signed.data)
        if record is None or record.seq >= terminal.synced:
            fresh = wish.records[at:]
            break
        if record.seq == terminal.synced - 1 and record_digest(signed.data) != terminal.prev:
            return refuse(TERMINAL_LOG_BROKEN, seq=record.seq, known=terminal.synced)
        fresh = ()
    return TerminalSynced(terminal.id, fresh)
