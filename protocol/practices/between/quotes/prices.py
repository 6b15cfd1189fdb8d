# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the answers of other networks make of a question: a price, another way, or a refusal."""

from collections.abc import Iterator
from dataclasses import replace

from protocol.book.book import Book
from protocol.book.declaration import Desk, Tell, WishReady
from protocol.book.levies import beyond_room, payer_levy
from protocol.book.money import minor_of
from protocol.book.refusals import (
    AMOUNT_NOT_POSITIVE,
    AMOUNT_TOO_LARGE,
    BEHIND,
    CURRENCY_MISMATCH,
    OVERLOADED,
    PEER_UNREACHABLE,
    READ_ONLY,
    RECOVERING,
    Refused,
    refuse,
)
from protocol.book.signed import parse_uuid
from protocol.book.timezones import MINUTE_MS
from protocol.lanes.directory import Directory
from protocol.peers.messages import PATHS_MAX, QuoteDenied, QuoteGiven
from protocol.peers.runs import Runs
from protocol.practices.between.links.link import Link
from protocol.practices.between.links.refusals import (
    LINK_FROZEN,
    LINK_HOLDS_EXCEEDED,
    LINK_LIMIT_EXCEEDED,
    LINK_NOT_OPEN,
    LINK_PAYMENT_TOO_LARGE,
    LINK_UNKNOWN,
)
from protocol.practices.between.links.state import Links
from protocol.practices.between.quotes.answers import Relays, hand_back, is_foreign, is_reachable
from protocol.practices.between.quotes.asking import ask_next, find_payee, is_in_ours, payee_uses, refused_on
from protocol.practices.between.quotes.invoices import Invoice, is_signed_by, read_invoice
from protocol.practices.between.quotes.most import room_refusal, with_figures
from protocol.practices.between.quotes.refusals import (
    ACCEPTANCE_LIMIT,
    NO_ROUTE,
    PARTNER_CLOCK_DIFFERS,
    PARTNER_REFUSED,
    QUOTE_EXPIRED,
    ROUTE_INVALID,
    refused_by,
)
from protocol.practices.between.quotes.state import Question, Quote, Quotes
from protocol.practices.between.routes.paths import Pair, Path, PathWanted, ways_together
from protocol.wire.keys import id_text

ON_THE_WAY = frozenset({
    NO_ROUTE, ROUTE_INVALID, PEER_UNREACHABLE, LINK_UNKNOWN,
    LINK_NOT_OPEN, LINK_FROZEN, LINK_LIMIT_EXCEEDED, LINK_PAYMENT_TOO_LARGE, LINK_HOLDS_EXCEEDED,
    PARTNER_REFUSED, ACCEPTANCE_LIMIT, OVERLOADED, RECOVERING, READ_ONLY, BEHIND,
    CURRENCY_MISMATCH, AMOUNT_NOT_POSITIVE, AMOUNT_TOO_LARGE, QUOTE_EXPIRED,
})  # fmt: skip
"""What may be otherwise on another way. Any other refusal is the payee's, and the last word."""


def hear_given(desk: Desk, teller: bytes, given: QuoteGiven) -> tuple[Tell | WishReady, ...]:
    """Take a quote that we waited for, or add our own hop and hand it back to who asked."""
    book = desk.book
    question = _taken(book, given.key, teller)
    if question is None:
        relay = book.of(Relays).open.pop(given.key, None)
        return () if relay is None else hand_back(desk, teller, relay, given)
    outcome = _price(desk, question, given)
    if isinstance(outcome, Refused):
        return _on_refusal(desk, question, outcome, question.payee_network)
    book.of(Quotes).give(outcome)
    return (WishReady(question.asked),)


def hear_denied(desk: Desk, teller: bytes, denied: QuoteDenied) -> tuple[Tell | WishReady, ...]:
    """Take a denial that we waited for and ask along the next way, or hand it back to who asked."""
    book = desk.book
    question = _taken(book, denied.key, teller)
    if question is None:
        relay = book.of(Relays).open.pop(denied.key, None)
        return () if relay is None else (Tell(relay.asker, denied),)
    refused = with_figures(book, question, refused_by(book, denied.code, denied.network), denied.left)
    return _on_refusal(desk, question, refused, denied.network)


def lapse(desk: Desk) -> Iterator[Tell | WishReady]:
    """Ask along the next way where one has stayed silent for too long."""
    quotes = desk.book.of(Quotes)
    silent = [key for key, one in quotes.questions.items() if one.attempt_until_ms < desk.now and not one.is_given]
    for key in silent:
        question = quotes.questions.pop(key)
        # Whoever is silent, it is not the partner: that one is connected, and answers for those after it.
        refused = refuse(PEER_UNREACHABLE, network=id_text(question.payee_network))
        yield from _on_refusal(desk, question, refused, question.route[0])


def proceed(desk: Desk) -> Iterator[Tell | WishReady]:
    """Go on with what is asked along ways, for members and for other networks, and forget what has expired."""
    desk.book.of(Relays).forget(desk.now)
    yield from lapse(desk)
    desk.book.of(Quotes).forget(desk.now)


def _taken(book: Book, key: bytes, teller: bytes) -> Question | None:
    quotes = book.of(Quotes)
    question = quotes.questions.get(key)
    if question is None or book.of(Links).by_id[question.link].partner != teller:
        return None
    return quotes.questions.pop(key)


def _on_refusal(desk: Desk, question: Question, refusal: Refused, by: bytes) -> tuple[Tell | WishReady, ...]:
    """Ask along the next way, unless this was the payee's own word or there is none."""
    quotes = desk.book.of(Quotes)
    final = by == question.payee_network and refusal.reason not in ON_THE_WAY
    # Any way would have done to fetch the invoice of a payment that is split: what it tells is not why.
    last = question.refusal if question.split and question.refusal is not None else refusal
    if not (final or question.is_given):
        avoid = question.avoid | _failed(desk.book.network, question.route, by)
        told = ask_next(desk, desk.chance(16), refused_on(replace(question, avoid=avoid), last))
        if isinstance(told, Tell):
            return (told,)
    quotes.denied[question.asked] = refusal if final else last
    return (WishReady(question.asked),)


def _failed(origin: bytes, route: tuple[bytes, ...], by: bytes) -> frozenset[Pair]:
    """Return the pair of networks between which a way failed, as told by who refused: the next one from there."""
    pairs = tuple(zip((origin, *route), route, strict=False))
    after = [pair for pair in pairs if pair[0] == by]
    return frozenset(after or pairs[-1:])


def _price(desk: Desk, question: Question, given: QuoteGiven) -> Quote | Refused:
    book = desk.book
    link = book.of(Links).by_id[question.link]
    known = book.of(Directory).networks.get(question.payee_network)
    invoice = read_invoice(given.invoice)
    refused = refuse(PARTNER_REFUSED, network=id_text(question.payee_network))
    off_ms = book.of(Runs).differing().get(question.payee_network)
    if off_ms is not None and invoice is not None and invoice.not_after_ms < desk.now:
        handle = book.of(Directory).handle(question.payee_network) or id_text(question.payee_network)
        return refuse(PARTNER_CLOCK_DIFFERS, network=handle, minutes=abs(off_ms) // MINUTE_MS)
    if (
        known is None
        or invoice is None
        or not is_signed_by(known.identity, invoice, given.invoice, given.signature)
        or not given.hops
        or given.hops[0].link != link.id
        or given.hops[-1].network != question.payee_network
        or invoice.not_after_ms < desk.now
        # A key that was rotated away may have been stolen.
        or invoice.epoch != known.identity.epoch
        or not _answers(book, question, given.key, invoice)
    ):
        return refused
    wish = question.wish
    own = book.currencies[question.payer.currency]
    in_ours = is_in_ours(book, question)
    if not in_ours and invoice.amount != minor_of(replace(wish.amount, asset_code=None), "", invoice.scale):
        return refused
    paths: tuple[Path, ...] | Refused = (Path(given.hops, link.settings.rate.up(given.hops[0].amount), invoice.amount),)
    if question.split:
        paths = _split(book, question, invoice)
    else:
        paths = room_refusal(book, link, given.hops[0].amount) or paths
    if isinstance(paths, Refused):
        return paths
    debit = sum(path.debit for path in paths)
    if in_ours:
        asked = minor_of(wish.amount, own.code, own.scale)
        if isinstance(asked, Refused) or debit > asked:
            return refused
    levy = 0 if question.refunds is not None else payer_levy(book, question.payer, None, debit)
    short = beyond_room(book, question.payer, debit, levy)
    if short is not None:
        return short
    return Quote(
        question.asked, question.payer, question.payee_network, invoice.account, invoice.handle, invoice.amount,
        invoice.scale, debit, invoice.not_after_ms, given.invoice, given.signature, invoice.condition, paths,
        question.asker, levy=levy,
    )  # fmt: skip


def _split(book: Book, question: Question, invoice: Invoice) -> tuple[Path, ...] | Refused:
    """Return the ways over which a payment goes that none of them can carry alone."""
    wanted = PathWanted(
        question.payee_network, invoice.account.rpartition(".")[2], invoice.amount, question.payer.currency,
        question.avoid,
    )  # fmt: skip

    def room(link: Link) -> int:
        return link.largest if is_reachable(book, link.partner) else 0

    paths = ways_together(book, wanted, room, PATHS_MAX)
    if paths is None:
        return question.refusal or refuse(LINK_LIMIT_EXCEEDED)
    return paths


def _answers(book: Book, question: Question, key: bytes, invoice: Invoice) -> bool:
    """Tell whether an invoice is for what was asked: a network on the way could ask something else, or show an old one.

    Of an old one it knows the preimage, and would keep the money.
    """
    wish = question.wish
    found = find_payee(book, wish.payee)
    code, own = wish.amount.asset_code, question.payer.currency
    in_ours = code == own and not payee_uses(book, question.payee_network, own)
    return (
        not isinstance(found, Refused)
        and found[0] == question.payee_network
        and names(found[1], invoice.account, invoice.handle)
        and is_foreign(invoice.handle)
        and invoice.question == key
        and invoice.also is None
        and (code is None or in_ours or invoice.account.rpartition(".")[2] == code)
        and invoice.refunds == question.refunds
        and invoice.request == (None if wish.request is None else parse_uuid(wish.request))
    )


def names(payee: str, account: str, handle: str) -> bool:
    """Tell whether a payee's address, without its network, names this account of the member of this handle."""
    return payee in (account, account.rpartition(".")[0], handle.rpartition("@")[0])
