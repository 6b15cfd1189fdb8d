# SPDX-License-Identifier: AGPL-3.0-or-later
"""Terminals in the ledger, and what every node asks of a log: that it goes on, is signed, and keeps to the caps.

Nothing here depends on what other terminals have said, but for the certificates and the hotlist that this one had. So
a log that stands stands in whatever order terminals are heard; and no terminal can take of the fund more than the cap
of a card for each day since its last record.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from protocol.book.book import Book
from protocol.book.declaration import Entered
from protocol.book.ledger import Posting
from protocol.book.members import MemberState
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    CURRENCY_CLOSED,
    CURRENCY_MISMATCH,
    DUPLICATE,
    KEY_UNACCEPTABLE,
    MALFORMED,
    NOT_FOUND,
    SIGNATURE_INVALID,
    STATE_CONFLICT,
    Refused,
    foremost,
    refuse,
)
from protocol.book.signed import Signed
from protocol.book.timezones import DAY_MS
from protocol.lanes.entry import Millis
from protocol.practices.credit.cards.entries import TerminalRegistered, TerminalRetired, TerminalSynced
from protocol.practices.credit.cards.refusals import (
    CARD_COUNTER,
    CARD_DAILY_CAP,
    CARD_ELSEWHERE,
    CARD_EXPIRED,
    CARD_FROZEN,
    CARD_PAYMENT_CAP,
    CARD_UNSEEN,
    CERTIFICATE_INVALID,
    RECORD_MISDATED,
    TERMINAL_LOG_BROKEN,
)
from protocol.practices.credit.cards.state import (
    CARD_COUNTERS,
    CARDS,
    Card,
    CardsHeld,
    Terminal,
    Terminals,
    counted_id,
)
from protocol.practices.credit.cards.statements import (
    CardPayment,
    TerminalRecord,
    read_statement,
    record_digest,
)
from protocol.practices.people.authority import KEY_TAKEN
from protocol.wire.keys import is_acceptable_key, verify


def against_terminal(
    book: Book, body: TerminalRegistered | TerminalRetired | TerminalSynced, at_ms: Millis
) -> Refused | None:
    """Return why an entry on a terminal may not stand: the same answer on every node."""
    terminals = book.of(Terminals)
    if isinstance(body, TerminalRegistered):
        return _against_registering(book, body)
    terminal = terminals.by_id.get(body.terminal)
    if terminal is None:
        return refuse(NOT_FOUND)
    if isinstance(body, TerminalRetired):
        return refuse(STATE_CONFLICT, state="retired") if terminal.retired else None
    return against_sync(book, terminal, body, at_ms)


def _against_registering(book: Book, body: TerminalRegistered) -> Refused | None:
    terminals = book.of(Terminals)
    unfit = None if is_acceptable_key(body.key) else refuse(KEY_UNACCEPTABLE)
    account = book.ledger.accounts.get(body.account)
    if account is None or account.member is None:
        return foremost(unfit, refuse(ACCOUNT_UNKNOWN, member=body.account))
    taken = body.key in book.member_by_key or body.key in book.of(CardsHeld).by_key or body.key in terminals.by_key
    closed = book.currencies[account.currency].closed
    return foremost(
        unfit,
        refuse(DUPLICATE) if body.terminal in terminals.by_id else None,
        refuse(KEY_TAKEN) if taken else None,
        book.members[account.member].inactive(),
        refuse(CURRENCY_CLOSED, currency=account.currency) if closed else None,
    )


def register(book: Book, body: TerminalRegistered, entered: Entered) -> Sequence[Posting]:
    """Keep a new terminal: part of the fold."""
    terminals = book.of(Terminals)
    begins_ms = max(0, entered.at_ms - DAY_MS)
    terminal = Terminal(body.terminal, entered.seq, body.account, body.key, entered.at_ms, at_ms=begins_ms)
    terminals.by_id[body.terminal] = terminal
    terminals.by_member.setdefault(book.owner_of(body.account), []).append(terminal.id)
    terminals.by_key[body.key] = body.terminal
    terminals.meet(terminal, entered.at_ms)
    return ()


def retire(book: Book, body: TerminalRetired) -> Sequence[Posting]:
    """Let a terminal take nothing any more: part of the fold."""
    terminals = book.of(Terminals)
    terminal = terminals.by_id[body.terminal]
    terminal.retired = True
    terminals.met.pop(terminal.id, None)
    return ()


@dataclass(slots=True)
class LogRead:
    """How far a log has been read: as far as it is known, and on from there."""

    seq: int
    prev: bytes | None
    at_ms: Millis
    day: int
    sums_minor: dict[bytes, int] = field(default_factory=dict[bytes, int])
    counters: dict[bytes, int] = field(default_factory=dict[bytes, int])
    total_minor: int = 0
    asked_minor: dict[str, int] = field(default_factory=dict[str, int])
    """What the holders' accounts may be asked for at most."""

    @classmethod
    def of(cls, terminal: Terminal) -> "LogRead":
        """Return where the log of a terminal stands by what is known of it."""
        return cls(
            terminal.synced,
            terminal.prev,
            terminal.at_ms,
            terminal.day,
            dict(terminal.sums_minor),
            dict(terminal.counters),
        )

    def take(self, record: TerminalRecord, data: bytes, payment: CardPayment) -> None:
        """Go on by a record that was found right."""
        if record.day != self.day:
            self.day = record.day
            self.sums_minor.clear()
        self.sums_minor[payment.card] = self.sums_minor.get(payment.card, 0) + payment.amount
        self.counters[payment.card] = payment.counter
        self.seq, self.prev, self.at_ms = record.seq + 1, record_digest(data), record.at_ms
        self.total_minor += payment.amount


def against_sync(book: Book, terminal: Terminal, body: TerminalSynced, at_ms: Millis) -> Refused | None:
    """Return why what a terminal says it has taken may not stand."""
    account = book.ledger.accounts[terminal.account]
    member = book.members[account.member or ""]
    left = member.inactive() if member.state is MemberState.LEFT else None
    closed = refuse(CURRENCY_CLOSED, currency=account.currency) if book.currencies[account.currency].closed else None
    log = LogRead.of(terminal)
    rows = _rows_wanted(book, body)
    found: list[Refused | None] = [left, closed]
    for signed in body.records:
        refused = _against_record(book, terminal, log, signed, at_ms)
        if refused is not None:
            found.append(refused)
            break
    if refused := foremost(*found):
        return refused
    book.rows(CARD_COUNTERS).need(rows)
    debits = ((card, -minor) for card, minor in log.asked_minor.items())
    return book.ledger.uncountable((account.id, log.total_minor), *debits)


def _rows_wanted(book: Book, body: TerminalSynced) -> list[str]:
    """Return the counters that a log speaks of, and say at once which cards are about to be looked at."""
    found: list[tuple[bytes, int]] = []
    for signed in body.records:
        record = read_statement(TerminalRecord, signed.data)
        payment = None if record is None else read_statement(CardPayment, record.payment)
        if payment is not None:
            found.append((payment.card, payment.counter))
    book.rows(CARDS).need(card for card, _ in found)
    return [counted_id(card, counter) for card, counter in found]


def _against_record(book: Book, terminal: Terminal, log: LogRead, signed: Signed, at_ms: Millis) -> Refused | None:
    """Return why one record may not stand where the log has come to; where it may, the log goes on by it."""
    record = read_statement(TerminalRecord, signed.data)
    payment = None if record is None else read_statement(CardPayment, record.payment)
    if record is None or payment is None:
        return refuse(MALFORMED, field=f"records[{log.seq - terminal.synced}]", expected="canonical CBOR of a record")
    if not verify(terminal.key, TerminalRecord.KIND, signed.data, signed.signature):
        return refuse(SIGNATURE_INVALID)
    card = book.rows(CARDS).get(payment.card)
    if card is not None and not verify(card.key, CardPayment.KIND, record.payment, record.signature):
        return refuse(SIGNATURE_INVALID)
    elsewhere = _elsewhere(book, terminal, record, payment)
    if card is None:
        return elsewhere or refuse(NOT_FOUND)
    refused = foremost(
        elsewhere,
        _out_of_line(terminal, log, record, at_ms),
        _against_payment(card, log, record, payment),
    )
    if refused is None:
        log.take(record, signed.data, payment)
        log.asked_minor[card.account] = log.asked_minor.get(card.account, 0) + payment.amount
    return refused


def _elsewhere(book: Book, terminal: Terminal, record: TerminalRecord, payment: CardPayment) -> Refused | None:
    wrong = {
        "network": payment.network != book.network,
        "terminal": terminal.id != record.terminal or payment.terminal != terminal.id,
        "merchant": payment.account != terminal.account,
    }
    field = next((name for name, is_wrong in wrong.items() if is_wrong), None)
    return None if field is None else refuse(CARD_ELSEWHERE, field=field)


def _out_of_line(terminal: Terminal, log: LogRead, record: TerminalRecord, at_ms: Millis) -> Refused | None:
    """Return why a record does not follow on what is known, or bears a date that cannot be."""
    if (record.seq, record.prev) != (log.seq, log.prev):
        return refuse(TERMINAL_LOG_BROKEN, seq=record.seq, known=terminal.synced)
    early = record.at_ms < log.at_ms
    strange_day = abs(record.day - record.at_ms // DAY_MS) > 1 or record.day < log.day
    if early or strange_day or record.at_ms > at_ms + DAY_MS:
        return refuse(RECORD_MISDATED, seq=record.seq)
    return None


def _against_payment(card: Card, log: LogRead, record: TerminalRecord, payment: CardPayment) -> Refused | None:
    """Return why a terminal ought not to have taken a payment, by what it had of the card."""
    newest = log.counters.get(card.id, 0)
    if payment.counter <= newest:
        return refuse(CARD_COUNTER, counter=payment.counter, newest=newest)
    if payment.account.partition(".")[2] != card.currency:
        return refuse(CURRENCY_MISMATCH, currency=card.currency)
    if record.version > len(card.terms):
        return refuse(CERTIFICATE_INVALID)
    terms = card.terms[record.version - 1]
    if card.hot_since is not None and record.hotlist >= card.hot_since:
        return refuse(CARD_FROZEN, state=card.state.value, why="" if card.why is None else card.why.value)
    if record.at_ms > terms.expires_ms:
        return refuse(CARD_EXPIRED)
    if record.at_ms > card.seen_ms + terms.unseen_days * DAY_MS:
        return refuse(CARD_UNSEEN, days=terms.unseen_days)
    spent = log.sums_minor.get(card.id, 0) if record.day == log.day else 0
    return capped(terms.payment_cap, terms.day_cap, spent, payment.amount, card.currency)


def capped(payment_cap: int, day_cap: int, spent_minor: int, amount_minor: int, currency: str) -> Refused | None:
    """Return which cap a payment goes beyond, with what the card has paid here today; all in minor units."""
    if amount_minor > payment_cap:
        return refuse(CARD_PAYMENT_CAP, available=payment_cap, currency=currency)
    if spent_minor + amount_minor > day_cap:
        return refuse(
            CARD_DAILY_CAP,
            missing=spent_minor + amount_minor,
            limit=day_cap,
            available=max(0, day_cap - spent_minor),
            currency=currency,
        )
    return None
