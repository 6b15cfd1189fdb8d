# SPDX-License-Identifier: AGPL-3.0-or-later
"""Cards and terminals as members see them, what is wished of them, and the papers that they carry."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

from protocol.book.addresses import ADDRESS_CHARS_MAX, resolve_member
from protocol.book.arrivals import since
from protocol.book.book import Book
from protocol.book.declaration import READERS, At, Desk, Doc, EntriesWanted, Ref, RowsWanted
from protocol.book.money import Amount
from protocol.book.parameters import TIME_ZONE
from protocol.book.refusals import FORBIDDEN, NOT_FOUND, Refused, refuse
from protocol.book.signed import Key, Signed, parse_uuid, uuid_text
from protocol.practices.credit.cards.entries import SYNC_RECORDS_MAX, CardForm, FreezeReason
from protocol.practices.credit.cards.settling import hot_cards
from protocol.practices.credit.cards.state import CARDS, UNSEEN_DAYS, Card, CardState, Terminal, Terminals
from protocol.practices.credit.cards.statements import HOT_CARDS_MAX, CardHotlist, TerminalGrant
from protocol.practices.people.authority import may_see
from protocol.wire.codec import encode
from protocol.wire.shape import AtMost, to_map

GUARANTEES = {
    CardForm.NFC: "the key stays in the tag: a copy needs the tag itself. Whoever holds the tag can pay with it.",
    CardForm.FILE: "whoever can copy the file has the card; two copies are found out when terminals sync, not before.",
    CardForm.PRINTED: "the printed key is closed by a PIN: who photographs the code and tries PINs opens one of four "
    "digits within the hour, one of six in days. A copy is noticed when more is paid than the purse held, not before.",
}
"""What a card of each form can guarantee, said where it is issued."""


@dataclass(frozen=True, slots=True)
class UnloadCard:
    """Move an amount from the card's purse back to its holder's account; payments on their way may ask for it."""

    amount: Annotated[Amount, Doc("how much")]


@dataclass(frozen=True, slots=True)
class FreezeCard:
    """Let no terminal take the card any more, as soon as it hears of it; say if the card is lost or stolen."""

    lost: Annotated[bool, Doc("the card is lost or stolen: only a steward lets it pay again")] = False


@dataclass(frozen=True, slots=True)
class RenewCard:
    """Let a card that you have at hand go on: it was seen, gets a new certificate, and pays again if it was frozen."""


@dataclass(frozen=True, slots=True)
class EndCard:
    """End a card for good; what its purse holds goes back to its holder's account."""


@dataclass(frozen=True, slots=True)
class RegisterTerminal:
    """Register a terminal that takes cards for an account, with a node or without."""

    account: Annotated[str, AtMost(ADDRESS_CHARS_MAX), Ref("accounts"), Doc("the merchant's account")]
    terminal_key: Annotated[Key, Doc("the terminal's own public key, as `mutirao terminal new` shows it")]
    currency: Annotated[str | None, AtMost(12), Doc("the code of a currency, where the merchant has several")] = None


@dataclass(frozen=True, slots=True)
class RetireTerminal:
    """Let a terminal take nothing any more; what it has taken can still be sent."""


@dataclass(frozen=True, slots=True)
class SyncTerminal:
    """Send what a terminal has taken: its log, from what the node has of it on; sent again, nothing is done twice."""

    records: Annotated[tuple[Signed, ...], AtMost(SYNC_RECORDS_MAX), Doc("signed records of its log, in order")]


@dataclass(frozen=True, slots=True)
class CardsWanted:
    """Cards: your own, or for those who read all, everybody's."""

    member: Annotated[str | None, AtMost(ADDRESS_CHARS_MAX), Doc("only this holder's")] = None
    state: Annotated[CardState | None, Doc("only cards of this state")] = None


@dataclass(frozen=True, slots=True)
class TerminalsWanted:
    """Terminals: your own, or for those who read all, everybody's."""


@dataclass(frozen=True, slots=True)
class CardShown:
    """A card that pays without a node, and what is loaded on it."""

    id: Annotated[str, Doc("its id")]
    holder: Annotated[str, Doc("the handle of its holder")]
    account: Annotated[str, Doc("the account that loads it")]
    form: Annotated[CardForm, Doc("what it is made of")]
    guarantee: Annotated[str, Doc("what a card of this form can guarantee, and what not")]
    state: Annotated[CardState, Doc("whether it pays")]
    why: Annotated[FreezeReason | None, Doc("why it is frozen")]
    purse: Annotated[Amount, Doc("what its purse holds, as far as terminals were heard")]
    payment_cap: Annotated[Amount, Doc("what it pays at once without a node")]
    day_cap: Annotated[Amount, Doc("what it pays at one terminal in a day without a node")]
    guaranteed: Annotated[Amount, Doc("what the guarantee fund has paid, or owes, for it")]
    counter: Annotated[int, Doc("the newest counter that was heard of it")]
    seen_at: Annotated[At, Doc("when the network saw it last")]
    stops_at: Annotated[At, Doc("after which hour no terminal takes it, unless it is seen again or renewed")]
    key: Annotated[Key, Doc("its public key")]
    certificate: Annotated[Signed | None, Doc("what it shows to terminals; null: to others than its holder")]
    forks: Annotated[tuple[Signed, ...], Doc("two payments that it signed at one counter: the proof of a copy")]


@dataclass(frozen=True, slots=True)
class TerminalShown:
    """A terminal of a shop, which takes cards without a node."""

    id: Annotated[str, Doc("its id")]
    merchant: Annotated[str, Doc("the handle of its merchant")]
    account: Annotated[str, Doc("the account that it fills")]
    retired: Annotated[bool, Doc("whether it takes nothing any more")]
    synced: Annotated[int, Doc("how many records of its log the node has")]
    met_at: Annotated[At, Doc("when it was last met")]
    key: Annotated[Key, Doc("its public key")]


@dataclass(frozen=True, slots=True)
class TerminalPapersShown:
    """What a terminal takes along: who it is, which cards are hot, and the key events that prove the network's key."""

    id: Annotated[str, Doc("the terminal's id")]
    grant: Annotated[Signed, Doc("what the network says of it")]
    hotlist: Annotated[Signed, Doc("the cards that it must not take")]
    identity: Annotated[tuple[bytes, ...], Doc("the network's key events, in order")]


def shown_card(desk: Desk, card: Card, *, signed: bool = False) -> CardShown:
    """Return a card as it is shown; `signed` where its certificate is wanted."""
    book, terms, code = desk.book, card.terms[-1], card.currency
    certificate = None
    if signed and card.state is CardState.ACTIVE and desk.silent is None:
        data = encode(to_map(card.certificate(book.network)))
        certificate = Signed(data, desk.sign("card-certificate", data))
    return CardShown(
        id=uuid_text(card.id),
        holder=book.members[card.member].handle,
        account=card.account,
        form=card.form,
        guarantee=GUARANTEES[card.form],
        state=card.state,
        why=card.why,
        purse=book.amount(code, card.purse_minor),
        payment_cap=book.amount(code, terms.payment_cap),
        day_cap=book.amount(code, terms.day_cap),
        guaranteed=book.amount(code, card.guaranteed_minor),
        counter=card.counter,
        seen_at=card.seen_ms,
        stops_at=card.stops_at_ms,
        key=card.key,
        certificate=certificate,
        forks=card.forks,
    )


def view_card(desk: Desk, name: str) -> CardShown | Refused:
    card = desk.book.rows(CARDS).get(parse_uuid(name) or b"")
    if card is None or not may_see(desk.actor, card.member):
        return refuse(NOT_FOUND)
    return shown_card(desk, card, signed=True)


def cards_wanted(desk: Desk, wanted: CardsWanted, after: int, limit: int) -> RowsWanted | Refused:
    """Return which cards a list is of: a member's own, or those that who reads all asks for."""
    book, actor = desk.book, desk.actor
    holder = None if wanted.member is None else resolve_member(book, wanted.member)
    if isinstance(holder, Refused):
        return holder
    if actor.role not in READERS:
        if actor.member is None or (holder is not None and holder.id != actor.member):
            return refuse(FORBIDDEN, allowed="the holder")
        holder = book.members[actor.member]

    def show(card: Card) -> CardShown:
        return shown_card(desk, card)

    by = None if holder is None else (("member", holder.id),)
    return RowsWanted(CARDS, after, limit, show, by, lambda card: wanted.state in (None, card.state))


def shown_terminal(book: Book, terminal: Terminal) -> TerminalShown:
    """Return a terminal as it is shown."""
    return TerminalShown(
        id=uuid_text(terminal.id),
        merchant=book.name_of(terminal.account),
        account=terminal.account,
        retired=terminal.retired,
        synced=terminal.synced,
        met_at=terminal.met_ms,
        key=terminal.key,
    )


def seen_terminal(desk: Desk, name: str) -> Terminal | Refused:
    """Return a terminal that whoever asks may see: its merchant, and those who read all."""
    terminal = desk.book.of(Terminals).by_id.get(parse_uuid(name) or b"")
    seen = terminal is not None and may_see(desk.actor, desk.book.owner_of(terminal.account))
    return terminal if terminal is not None and seen else refuse(NOT_FOUND)


def view_terminal(desk: Desk, name: str) -> TerminalShown | Refused:
    terminal = seen_terminal(desk, name)
    return terminal if isinstance(terminal, Refused) else shown_terminal(desk.book, terminal)


def view_terminals(desk: Desk, wanted: TerminalsWanted, after: int) -> Iterator[tuple[int, TerminalShown]]:
    del wanted
    book, terminals = desk.book, desk.book.of(Terminals)
    found: Iterable[Terminal] = terminals.by_id.values()
    if desk.actor.role not in READERS:
        found = (terminals.by_id[name] for name in terminals.by_member.get(desk.actor.member or "", ()))
    return ((cursor, shown_terminal(book, one)) for cursor, one in since(list(found), after))


def view_papers(desk: Desk, name: str) -> EntriesWanted | Refused:
    terminal = seen_terminal(desk, name)
    if isinstance(terminal, Refused):
        return terminal
    if desk.silent is not None:
        return refuse(desk.silent)
    book = desk.book
    account = book.ledger.accounts[terminal.account]
    seq, _ = book.head or (0, b"")
    zone = book.parameter(TIME_ZONE)
    days = book.parameter(UNSEEN_DAYS)
    scale = book.currencies[account.currency].scale
    grant = encode(
        to_map(
            TerminalGrant(
                book.network,
                terminal.id,
                terminal.key,
                account.id,
                account.currency,
                scale,
                f"{zone.name} {zone.rule}",
                days,
            )
        )
    )
    cards = tuple(card for _, card in zip(range(HOT_CARDS_MAX), hot_cards(book, desk.now), strict=False))
    hotlist = encode(to_map(CardHotlist(book.network, terminal.id, seq, desk.now, terminal.synced, cards)))
    signed = (Signed(grant, desk.sign("terminal-grant", grant)), Signed(hotlist, desk.sign("card-hotlist", hotlist)))

    def show(identity: tuple[bytes, ...], entries: tuple[bytes, ...]) -> TerminalPapersShown:
        del entries
        return TerminalPapersShown(name, *signed, identity)

    return EntriesWanted((), show)
