# SPDX-License-Identifier: AGPL-3.0-or-later
"""Settling: what a terminal has taken moves from purse to merchant once; where no purse has it, the fund pays.

Of what a card has signed at one counter its purse owes the greatest amount, whichever came first, and the fund the
rest: so any order in which terminals are heard gives the same balances. What a purse lacks is asked back of what was
unloaded meanwhile, then of the fund. A merchant waits where the fund has too little.
"""

from collections.abc import Iterator, Sequence

from protocol.book.book import Book
from protocol.book.declaration import Entered
from protocol.book.ledger import Posting
from protocol.book.members import MemberState
from protocol.book.signed import Signed
from protocol.lanes.entry import Millis
from protocol.practices.credit.cards.entries import FreezeReason, TerminalSynced
from protocol.practices.credit.cards.state import (
    CARD_COUNTERS,
    CARD_LIFE,
    CARDS,
    GUARANTEE,
    PURSES,
    Card,
    CardCount,
    CardsHeld,
    CardState,
    Guarantee,
    Terminals,
    counted_id,
)
from protocol.practices.credit.cards.statements import CardPayment, TerminalRecord, read_statement, record_digest

_WEIGHT = (FreezeReason.HOLDER, FreezeReason.OVERSPENT, FreezeReason.LOST, FreezeReason.FORK)
"""Of two reasons to freeze a card the later of these stands, whichever came first."""


def sync(book: Book, body: TerminalSynced, entered: Entered) -> Sequence[Posting]:
    """Settle what a terminal has taken, record by record; part of the fold of what was checked."""
    terminals = book.of(Terminals)
    terminal = terminals.by_id[body.terminal]
    postings: list[Posting] = []
    spent: dict[str, int] = {}
    for signed in body.records:
        record = read_statement(TerminalRecord, signed.data)
        payment = None if record is None else read_statement(CardPayment, record.payment)
        assert record is not None and payment is not None, "a record that was checked is read again"
        if record.day != terminal.day:
            terminal.day = record.day
            terminal.sums_minor.clear()
        terminal.sums_minor[payment.card] = terminal.sums_minor.get(payment.card, 0) + payment.amount
        terminal.counters[payment.card] = payment.counter
        terminal.synced, terminal.prev, terminal.at_ms = record.seq + 1, record_digest(signed.data), record.at_ms
        card = book.rows(CARDS).change(payment.card)
        card.counter = max(card.counter, payment.counter)
        card.seen_ms = max(card.seen_ms, min(record.at_ms, entered.at_ms))
        postings += _settle(book, card, payment, Signed(record.payment, record.signature), entered, spent)
    terminals.meet(terminal, entered.at_ms)
    return postings


def _settle(
    book: Book, card: Card, payment: CardPayment, signed: Signed, entered: Entered, spent: dict[str, int]
) -> Iterator[Posting]:
    """Yield how one payment reaches its merchant; `spent` is what this entry has taken out of each fund so far."""
    currency, merchant, amount = card.currency, payment.account, payment.amount
    claimed = _claimed(book, card, payment, signed, entered)
    of_purse = min(claimed, card.purse_minor)
    card.purse_minor -= of_purse
    has_left = book.members[card.member].state is MemberState.LEFT
    of_holder = 0 if has_left else min(claimed - of_purse, card.unloaded_minor)
    card.unloaded_minor -= of_holder
    if claimed > of_purse + of_holder:
        freeze(book, card, FreezeReason.OVERSPENT, entered)
    yield from _moved(PURSES.of(currency), merchant, of_purse, "card", card.account)
    yield from _moved(card.account, merchant, of_holder, "card", card.account)
    rest = amount - of_purse - of_holder
    card.guaranteed_minor += rest
    yield from _guaranteed(book, currency, merchant, rest, spent)


def _claimed(book: Book, card: Card, payment: CardPayment, signed: Signed, entered: Entered) -> int:
    """Return what the purse owes more by a payment, and note it; two at one counter freeze the card."""
    counted = book.rows(CARD_COUNTERS)
    key = counted_id(card.id, payment.counter)
    if key not in counted:
        counted.add(CardCount(key, signed, (record_digest(signed.data),), payment.amount))
        return payment.amount
    known = counted.change(key)
    known.digests = (*known.digests, record_digest(signed.data))
    if not card.forks:
        card.forks = (known.first, signed)
        forks = book.of(CardsHeld).forks
        forks[card.currency] = forks.get(card.currency, 0) + 1
    freeze(book, card, FreezeReason.FORK, entered)
    more = max(0, payment.amount - known.most_minor)
    known.most_minor += more
    return more


def freeze(book: Book, card: Card, why: FreezeReason, entered: Entered) -> None:
    """Put a card on the hotlist, if it is not there; of two reasons the graver stands: part of the fold."""
    counts = book.of(CardsHeld)
    if card.state is CardState.ACTIVE:
        card.state = CARD_LIFE.after(card.state, entered.body.KIND, CardState.FROZEN)
        counts.active[card.currency] -= 1
        counts.frozen[card.id] = None
        heat(book, card, entered.seq)
    if card.state is CardState.FROZEN and (card.why is None or _WEIGHT.index(why) > _WEIGHT.index(card.why)):
        card.why = why


def heat(book: Book, card: Card, seq: int) -> None:
    """Put a card on the hotlist, whose entry stands at a place in the lane: part of the fold."""
    hot = book.of(CardsHeld).hot
    if card.hot_since is None:
        card.hot_since = seq
        hot[card.id] = card.terms[-1].expires_ms


def cool(book: Book, card: Card) -> None:
    """Take a card off the hotlist: part of the fold."""
    card.hot_since = None
    book.of(CardsHeld).hot.pop(card.id, None)


def _guaranteed(book: Book, currency: str, merchant: str, minor: int, spent: dict[str, int]) -> Iterator[Posting]:
    """Yield what the fund pays now; for the rest the merchant waits, behind whoever waits already."""
    if not minor:
        return
    fund = book.of(Guarantee)
    name = GUARANTEE.of(currency)
    queue = fund.queue.setdefault(currency, [])
    held = book.ledger.accounts[name].balance_minor - spent.get(name, 0)
    paid = 0 if queue else min(minor, max(0, held))
    spent[name] = spent.get(name, 0) + paid
    fund.paid_minor[currency] = fund.paid_minor.get(currency, 0) + paid
    if paid < minor:
        queue.append((merchant, minor - paid))
    yield from _moved(name, merchant, paid, "guarantee", name)


def pay_merchants(book: Book, currency: str, coming_minor: int) -> Iterator[Posting]:
    """Yield what those who wait are paid of what comes into the fund, the oldest first: part of the fold."""
    fund = book.of(Guarantee)
    queue = fund.queue.get(currency, [])
    held = max(0, book.ledger.accounts[GUARANTEE.of(currency)].balance_minor) + coming_minor
    while queue and held:
        merchant, minor = queue[0]
        paid = min(minor, held)
        held -= paid
        fund.paid_minor[currency] = fund.paid_minor.get(currency, 0) + paid
        queue[:1] = [] if paid == minor else [(merchant, minor - paid)]
        yield from _moved(GUARANTEE.of(currency), merchant, paid, "guarantee", GUARANTEE.of(currency))


def _moved(account: str, to: str, minor: int, kind: str, payer: str) -> Iterator[Posting]:
    """Yield a move, where it is of something; the payee's statement names the payer."""
    if minor:
        yield Posting(account, -minor, kind, None, to)
        yield Posting(to, minor, kind, None, payer)


def purse_complaint(book: Book) -> str | None:
    """Return where purses do not sum to their account, None where they do."""
    sums: dict[str, int] = {}
    for card in book.rows(CARDS).values():
        sums[card.currency] = sums.get(card.currency, 0) + card.purse_minor
    for code in book.currencies:
        account = book.ledger.accounts.get(PURSES.of(code))
        held = 0 if account is None else account.balance_minor
        if held != sums.get(code, 0):
            return f"the purses hold {sums.get(code, 0)} {code}, and their account {held}"
    return None


def fund_complaint(book: Book) -> str | None:
    """Return which fund owes though it has, or holds less than nothing."""
    for code in book.currencies:
        account = book.ledger.accounts.get(GUARANTEE.of(code))
        held = 0 if account is None else account.balance_minor
        if held < 0 or (held and book.of(Guarantee).queue.get(code)):
            return f"the guarantee fund holds {held} {code}, and {book.of(Guarantee).owed_minor(code)} wait"
    return None


def hot_cards(book: Book, now: Millis) -> Iterator[bytes]:
    """Yield the cards that terminals are not to take, those first that were frozen last."""
    for name, expires_ms in reversed(list(book.of(CardsHeld).hot.items())):
        if expires_ms >= now:
            yield name
