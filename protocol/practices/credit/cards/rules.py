# SPDX-License-Identifier: AGPL-3.0-or-later
"""Cards in the ledger: issued, loaded, frozen, renewed, ended, and how a fund is fed."""

from collections.abc import Iterable, Sequence
from typing import assert_never

from protocol.book.accounts import commons_account
from protocol.book.book import Book
from protocol.book.declaration import Entered, News, ungated
from protocol.book.ledger import Account, Posting
from protocol.book.members import MemberState
from protocol.book.money import Amount, minor_of, payable
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    CURRENCY_CLOSED,
    CURRENCY_UNKNOWN,
    DUPLICATE,
    KEY_UNACCEPTABLE,
    NOT_FOUND,
    Reason,
    Refused,
    foremost,
    refuse,
)
from protocol.book.signed import uuid_text
from protocol.book.timezones import DAY_MS
from protocol.book.wishes import Said, said_in
from protocol.lanes.entry import Millis
from protocol.practices.credit.cards.entries import (
    CardEnded,
    CardFrozen,
    CardIssued,
    CardLoaded,
    CardRenewed,
    CardUnloaded,
    FreezeReason,
    GuaranteeFed,
    IssueCard,
    LoadCard,
    TerminalRegistered,
    TerminalRetired,
    TerminalSynced,
)
from protocol.practices.credit.cards.refusals import CARD_PURSE_SHORT, CARDS_OPEN
from protocol.practices.credit.cards.settling import cool, freeze, heat, pay_merchants, sync
from protocol.practices.credit.cards.state import (
    CARD_FEE,
    CARD_LIFE,
    CARDS,
    DAY_CAP,
    GUARANTEE,
    PAYMENT_CAP,
    PURSES,
    UNSEEN_DAYS,
    VALID_DAYS,
    Card,
    CardsHeld,
    CardState,
    CardTerms,
    Terminals,
)
from protocol.practices.credit.cards.terminals import against_terminal, register, retire
from protocol.practices.money.commons.state import GATE as COMMONS_GATE
from protocol.practices.money.commons.state import alone_minor, note
from protocol.practices.people.authority import KEY_TAKEN, not_said_by
from protocol.practices.people.members.entries import MemberLeft
from protocol.wire.keys import is_acceptable_key

Acts = CardUnloaded | CardFrozen | CardRenewed | CardEnded
TerminalSaid = TerminalRegistered | TerminalRetired | TerminalSynced
CardsSaid = CardIssued | CardLoaded | Acts | TerminalSaid | GuaranteeFed


def check(book: Book, entered: Entered) -> Reason | None:
    body = entered.body
    assert isinstance(body, CardsSaid)
    if isinstance(body, CardIssued):
        refused = against_issue(book, said_in(book, body, IssueCard))
    elif isinstance(body, CardLoaded):
        refused = against_load(book, said_in(book, body, LoadCard))
    else:
        refused = book.misplaced(entered) or against_saying(book, body, entered.at_ms)
    return refused.reason if refused else None


def against_saying(book: Book, body: Acts | TerminalSaid | GuaranteeFed, at_ms: Millis) -> Refused | None:
    """Return why an entry that rests on no wish may not stand: the same answer on every node."""
    match body:
        case CardUnloaded() | CardFrozen() | CardRenewed() | CardEnded():
            return _against_act(book, body)
        case TerminalRegistered() | TerminalRetired() | TerminalSynced():
            return against_terminal(book, body, at_ms)
        case GuaranteeFed():
            return _against_feeding(book, body, at_ms)
        case _:
            assert_never(body)


def holder_of(book: Book, account: str) -> Account | Refused:
    """Return a member's account, by its id."""
    found = book.ledger.accounts.get(account)
    return found if found is not None and found.member is not None else refuse(ACCOUNT_UNKNOWN, member=account)


def loaded_minor(book: Book, amount: Amount | None, account: Account) -> int | Refused:
    """Return what goes into a purse, in minor units of its account's currency."""
    if amount is None:
        return 0
    minor = minor_of(amount, account.currency, book.currencies[account.currency].scale)
    return minor if isinstance(minor, Refused) else payable(minor) or minor


def against_issue(book: Book, said: Said[IssueCard]) -> Refused | None:
    """Return why a card cannot be issued: the same answer on every node; no limit is looked at."""
    wish = said.wish
    unfit = None if is_acceptable_key(wish.card_key) else refuse(KEY_UNACCEPTABLE)
    account = holder_of(book, wish.account)
    if isinstance(account, Refused):
        return foremost(unfit, account)
    assert account.member is not None
    member = book.members[account.member]
    minor = loaded_minor(book, wish.load, account)
    closed = book.currencies[account.currency].closed
    return foremost(
        unfit,
        minor if isinstance(minor, Refused) else None,
        not_said_by(said, member, capped=False),
        refuse(DUPLICATE) if wish.card in book.rows(CARDS) else None,
        refuse(KEY_TAKEN) if key_taken(book, wish.card_key) else None,
        member.inactive(),
        refuse(CURRENCY_CLOSED, currency=account.currency) if closed else None,
        _uncountable(book, account.id, _whole(minor) + book.parameter(CARD_FEE, account.currency)),
    )


def _whole(minor: int | Refused) -> int:
    return 0 if isinstance(minor, Refused) else minor


def _uncountable(book: Book, account: str, minor: int) -> Refused | None:
    """Return AMOUNT_TOO_LARGE where so much could not leave an account for one of the network's own, or come back."""
    code = account.partition(".")[2]
    own = [(one.of(code), minor) for one in (PURSES, GUARANTEE) if one.of(code) in book.ledger.accounts]
    return book.ledger.uncountable((account, -minor), *own)


def key_taken(book: Book, key: bytes) -> bool:
    """Tell whether a key is a member's, a card's or a terminal's, or ever was."""
    return key in book.member_by_key or key in book.of(CardsHeld).by_key or key in book.of(Terminals).by_key


def against_load(book: Book, said: Said[LoadCard]) -> Refused | None:
    """Return why a purse cannot be loaded: the same answer on every node; no limit is looked at."""
    card = book.rows(CARDS).get(said.wish.card)
    if card is None:
        return refuse(NOT_FOUND)
    account, member = book.ledger.accounts[card.account], book.members[card.member]
    minor = loaded_minor(book, said.wish.amount, account)
    closed = book.currencies[card.currency].closed
    return foremost(
        minor if isinstance(minor, Refused) else None,
        not_said_by(said, member, capped=False),
        CARD_LIFE.conflict(card.state, CardLoaded.KIND),
        member.inactive(),
        refuse(CURRENCY_CLOSED, currency=card.currency) if closed else None,
        _uncountable(book, account.id, _whole(minor)),
    )


def _against_act(book: Book, body: Acts) -> Refused | None:
    card = book.rows(CARDS).get(body.card)
    if card is None:
        return refuse(NOT_FOUND)
    refused = CARD_LIFE.conflict(card.state, body.KIND)
    if refused is None and isinstance(body, CardUnloaded) and body.amount > card.purse_minor:
        return refuse(CARD_PURSE_SHORT, available=card.purse_minor, currency=card.currency)
    if refused is None and isinstance(body, CardRenewed):
        return book.members[card.member].inactive()
    back = body.amount if isinstance(body, CardUnloaded) else card.purse_minor if isinstance(body, CardEnded) else 0
    return refused or _uncountable(book, card.account, -back)


def _against_feeding(book: Book, body: GuaranteeFed, at_ms: Millis) -> Refused | None:
    currency = book.currencies.get(body.currency)
    if currency is None:
        return refuse(CURRENCY_UNKNOWN, currency=body.currency)
    if currency.closed:
        return refuse(CURRENCY_CLOSED, currency=body.currency)
    if refused := _uncountable(book, commons_account(body.currency), body.amount):
        return refused
    return None if body.amount <= alone_minor(book, body.currency, at_ms) else ungated(book, COMMONS_GATE)


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body = entered.body
    assert isinstance(body, CardsSaid)
    match body:
        case CardIssued():
            return _issue(book, said_in(book, body, IssueCard).wish, entered)
        case CardLoaded():
            wish = said_in(book, body, LoadCard).wish
            card = book.rows(CARDS).change(wish.card)
            minor = loaded_minor(book, wish.amount, book.ledger.accounts[card.account])
            assert isinstance(minor, int)
            return _loaded(card, minor)
        case CardUnloaded() | CardFrozen() | CardRenewed() | CardEnded():
            return _act(book, book.rows(CARDS).change(body.card), body, entered)
        case TerminalRegistered():
            return register(book, body, entered)
        case TerminalRetired():
            return retire(book, body)
        case TerminalSynced():
            return sync(book, body, entered)
        case GuaranteeFed():
            note(book, body.currency, body.amount, entered.at_ms)
            return _fed(book, commons_account(body.currency), body.currency, body.amount)
        case _:
            assert_never(body)


def _issue(book: Book, wish: IssueCard, entered: Entered) -> Sequence[Posting]:
    account = book.ledger.accounts[wish.account]
    minor = loaded_minor(book, wish.load, account)
    assert wish.card is not None and account.member is not None and isinstance(minor, int)
    terms = (terms_now(book, account.currency, entered.at_ms),)
    card = Card(
        wish.card,
        entered.seq,
        entered.at_ms,
        account.id,
        account.member,
        wish.card_key,
        wish.form,
        terms,
        entered.at_ms,
        CARD_LIFE.after(None, CardIssued.KIND),
    )
    book.rows(CARDS).add(card)
    counts = book.of(CardsHeld)
    counts.by_key[wish.card_key] = card.id
    counts.active[card.currency] = counts.active.get(card.currency, 0) + 1
    fee = book.parameter(CARD_FEE, card.currency)
    paid = _fed(book, account.id, card.currency, fee) if fee else ()
    return (*_loaded(card, minor), *paid)


def terms_now(book: Book, currency: str, at_ms: Millis) -> CardTerms:
    """Return the caps of a certificate that is made now, as the group has decided them."""
    return CardTerms(
        book.parameter(PAYMENT_CAP, currency),
        book.parameter(DAY_CAP, currency),
        book.parameter(UNSEEN_DAYS),
        at_ms + book.parameter(VALID_DAYS) * DAY_MS,
    )


def _loaded(card: Card, minor: int) -> Sequence[Posting]:
    """Move an amount into a purse, or where it is below zero out of it."""
    card.purse_minor += minor
    if not minor:
        return ()
    purses = PURSES.of(card.currency)
    return Posting(card.account, -minor, "purse", None, purses), Posting(purses, minor, "purse", None, card.account)


def _fed(book: Book, source: str, currency: str, minor: int) -> Sequence[Posting]:
    fund = GUARANTEE.of(currency)
    paid = pay_merchants(book, currency, minor)
    return Posting(source, -minor, "guarantee", None, fund), Posting(fund, minor, "guarantee", None, source), *paid


def _act(book: Book, card: Card, body: Acts, entered: Entered) -> Sequence[Posting]:
    counts = book.of(CardsHeld)
    match body:
        case CardUnloaded(amount=amount):
            card.unloaded_minor += amount
            return _loaded(card, -amount)
        case CardFrozen(lost=lost):
            freeze(book, card, FreezeReason.LOST if lost else FreezeReason.HOLDER, entered)
            return ()
        case CardRenewed():
            if card.state is CardState.FROZEN:
                counts.active[card.currency] += 1
                counts.frozen.pop(card.id, None)
            card.state, card.why, card.forks = CARD_LIFE.after(card.state, body.KIND), None, ()
            card.terms = (*card.terms, terms_now(book, card.currency, entered.at_ms))
            card.seen_ms = max(card.seen_ms, entered.at_ms)
            cool(book, card)
            return ()
        case CardEnded():
            if card.state is CardState.ACTIVE:
                counts.active[card.currency] -= 1
            counts.frozen.pop(card.id, None)
            card.state = CARD_LIFE.after(card.state, body.KIND)
            heat(book, card, entered.seq)
            rest = card.purse_minor
            card.unloaded_minor += rest
            return _loaded(card, -rest)
        case _:
            assert_never(body)


def news(book: Book, entered: Entered) -> Iterable[News]:
    body = entered.body
    assert isinstance(body, CardsSaid)
    match body:
        case CardIssued():
            wish = said_in(book, body, IssueCard).wish
            yield News("card.issued", uuid_text(wish.card or b""), (book.owner_of(wish.account),))
        case CardLoaded():
            card = book.rows(CARDS)[said_in(book, body, LoadCard).wish.card]
            yield News("card.loaded", uuid_text(card.id), (card.member,))
        case CardUnloaded() | CardFrozen() | CardRenewed() | CardEnded():
            card = book.rows(CARDS)[body.card]
            yield News(f"card.{body.KIND.partition('/')[2]}", uuid_text(card.id), (card.member,))
        case TerminalRegistered() | TerminalRetired() | TerminalSynced():
            terminal = book.of(Terminals).by_id[body.terminal]
            owner = book.owner_of(terminal.account)
            yield News(f"terminal.{body.KIND.partition('/')[2]}", uuid_text(terminal.id), (owner,))
        case GuaranteeFed():
            yield News("guarantee-fund.fed", body.currency)
        case _:
            assert_never(body)


def before_leaving(book: Book, entered: Entered) -> Refused | None:
    """Return CARDS_OPEN where a member leaves who still has cards or terminals: a purse would have no owner."""
    body = entered.body
    assert isinstance(body, MemberLeft)
    member = book.members.get(said_in(book, body, MemberLeft.WISH).wish.member)
    if member is None or member.state is MemberState.LEFT:
        return None
    # A card that has ended leaves memory with its batch, and may still be here.
    cards = sum(card.state is not CardState.ENDED for card in book.rows(CARDS).find("member", member.id))
    terminals = len(book.of(Terminals).of_member(member.id))
    if not cards and not terminals:
        return None
    return refuse(CARDS_OPEN, member=member.handle, cards=cards, terminals=terminals)
