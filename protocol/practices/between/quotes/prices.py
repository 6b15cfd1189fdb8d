# SPDX-License-Identifier: AGPL-3.0-or-later
"""Quotes: what a payment costs the payer, asked along the route and computed backward from the payee.

Where the payer names no way, the cheapest that is published is asked first, then the next, PATHS_MAX at most;
only where no single way has room is a payment split over several. Open questions and quotes are kept in
memory only: losing them costs a member a second try and nothing else.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Annotated

from protocol.book.book import Book
from protocol.book.declaration import At, Create, Desk, Doc, Plan, Practice, Ready, Show, Tell, Waiting
from protocol.book.ledger import Account
from protocol.book.money import AMOUNT_MINOR_MAX, SCALE_MAX, Amount, minor_of, payable
from protocol.book.personal import text_refusal
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    AMOUNT_NOT_POSITIVE,
    AMOUNT_TOO_LARGE,
    BEHIND,
    CURRENCY_MISMATCH,
    FORBIDDEN,
    MALFORMED,
    NETWORK_UNKNOWN,
    OVERLOADED,
    PEER_UNREACHABLE,
    READ_ONLY,
    RECOVERING,
    SCALE_EXCEEDED,
    Reason,
    Refused,
    refuse,
)
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.uuids import drawn_id
from protocol.lanes.directory import Directory
from protocol.lanes.entry import Millis
from protocol.peers.home import PROCEED
from protocol.peers.messages import HOPS_MAX, NOTE_CHARS_MAX, PATHS_MAX, QuoteDenied, QuoteGiven, QuoteWanted
from protocol.peers.talks import HEARS, Hears, at_desk
from protocol.practices.between.links.link import Link
from protocol.practices.between.links.refusals import (
    LINK_FROZEN,
    LINK_HOLDS_EXCEEDED,
    LINK_LIMIT_EXCEEDED,
    LINK_NOT_OPEN,
    LINK_UNKNOWN,
)
from protocol.practices.between.links.state import Links
from protocol.practices.between.networks import HANDLE_AMBIGUOUS
from protocol.practices.between.quotes.answers import (
    Relays,
    choose_link,
    hand_back,
    hear_wanted,
    is_foreign,
    is_reachable,
)
from protocol.practices.between.quotes.invoices import (
    INVOICE_LIFE_MS,
    Invoice,
    invoice_hash,
    is_signed_by,
    read_invoice,
)
from protocol.practices.between.quotes.refusals import (
    NO_ROUTE,
    PARTNER_REFUSED,
    QUOTE_EXPIRED,
    QUOTE_REFUSALS,
    QUOTE_UNKNOWN,
    ROUTE_INVALID,
    refused_by,
)
from protocol.practices.between.routes import Pair, Path, Wanted, find_path, split
from protocol.practices.money.currencies.entries import CODE_CHARS_MAX
from protocol.practices.people.authority import may_see
from protocol.wire.keys import id_text, parse_id

QUOTE_WAIT_MS = 10_000
"""How long a member waits for a price in all."""
ATTEMPT_WAIT_MS = 3_000
"""How long one way may stay silent before the next is asked."""
ADDRESS_CHARS_MAX = 64
"""How long a payee's address may be, without its network."""
QUOTES_OPEN_MAX = 4_096
ON_THE_WAY = frozenset({
    NO_ROUTE, ROUTE_INVALID, PEER_UNREACHABLE, LINK_UNKNOWN,
    LINK_NOT_OPEN, LINK_FROZEN, LINK_LIMIT_EXCEEDED, LINK_HOLDS_EXCEEDED,
    PARTNER_REFUSED, OVERLOADED, RECOVERING, READ_ONLY, BEHIND,
    CURRENCY_MISMATCH, AMOUNT_NOT_POSITIVE, AMOUNT_TOO_LARGE, QUOTE_EXPIRED,
})  # fmt: skip
"""What may be otherwise on another way. Any other refusal is the payee's, and the last word."""


@dataclass(frozen=True, slots=True)
class Quote:
    """A price: what the payer is debited (own minor units) so that the payee gets `amount` (payee's)."""

    id: bytes
    payer: Account
    payee_network: bytes
    payee: str
    payee_handle: str
    amount: int
    amount_scale: int
    debit: int
    not_after_ms: Millis
    invoice: bytes | None = None
    invoice_signature: bytes | None = None
    condition: bytes | None = None
    paths: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """A quote that a member of ours waits for under `asked`, and the way that is being asked now.

    `is_given` tells that the member named the way, so that there is no other; `tried` are the ways asked so far,
    `avoid` the pairs of networks that refused, `refusal` the first refusal that was heard. Where the payment is
    `split` only the invoice is wanted.
    """

    asked: bytes
    wish: "AskQuote"
    payer: Account
    payee_network: bytes
    payee: str
    request: bytes | None
    until_ms: Millis
    is_given: bool
    link: bytes = b""
    route: tuple[bytes, ...] = ()
    attempt_until_ms: Millis = 0
    tried: tuple[tuple[bytes, ...], ...] = ()
    avoid: frozenset[Pair] = frozenset()
    refusal: Refused | None = None
    split: bool = False


@dataclass(slots=True)
class Quotes:
    """Open questions and quotes: not part of the fold, and lost at a restart without harm."""

    questions: dict[bytes, Question] = field(default_factory=dict[bytes, Question])
    """By the key under which the way is asked."""
    given: dict[bytes, Quote] = field(default_factory=dict[bytes, Quote])
    by_invoice: dict[bytes, Quote] = field(default_factory=dict[bytes, Quote])
    denied: dict[bytes, Refused] = field(default_factory=dict[bytes, Refused])

    def give(self, quote: Quote) -> None:
        """Keep a quote until it expires."""
        self.given[quote.id] = quote
        if quote.invoice is not None:
            self.by_invoice[invoice_hash(quote.invoice)] = quote

    def use(self, quote: Quote) -> None:
        """Forget a quote that was paid: whoever knows the preimage by then would claim a second hold for nothing."""
        self.given.pop(quote.id, None)
        if quote.invoice is not None:
            self.by_invoice.pop(invoice_hash(quote.invoice), None)

    def forget(self, now: Millis) -> None:
        """Drop what has expired."""
        self.questions = {key: one for key, one in self.questions.items() if one.until_ms >= now}
        self.given = {key: one for key, one in self.given.items() if one.not_after_ms >= now}
        self.by_invoice = {key: one for key, one in self.by_invoice.items() if one.not_after_ms >= now}


@dataclass(frozen=True, slots=True)
class AskQuote:
    """Ask what a payment costs, here or across links; nothing moves."""

    payee: Annotated[
        str, Doc("who is paid: a member's handle, bia@serra, an account id, or mutirao:<network>/<account>")
    ]
    amount: Annotated[
        Amount,
        Doc("what the payee gets, in the payee's currency; or what you give, in yours, if you name it"),
    ]
    payer: Annotated[str | None, Doc("the paying account; your only one where it is left out")] = None
    via: Annotated[
        tuple[str, ...], Doc("the networks to pass through, in order; where it is left out, the node finds the way")
    ] = ()
    note: Annotated[str, Doc("what it is for; the payee sees it")] = ""
    request: Annotated[str | None, Doc("the payee's payment request that this pays")] = None


@dataclass(frozen=True, slots=True)
class HopShown:
    """One credit line of the route: to which network, and the amount held on it, in the link's minor units."""

    network: str
    handle: str | None
    link: str
    amount: int


@dataclass(frozen=True, slots=True)
class PathShown:
    """One way of a payment, and what of the debit goes over it."""

    hops: tuple[HopShown, ...]
    debit: Amount


@dataclass(frozen=True, slots=True)
class QuoteShown:
    """A price that holds until it expires: the payer is debited exactly `debit`."""

    id: str
    payer: str
    payee_network: str
    payee: str
    payee_handle: str
    amount: Annotated[Amount, Doc("what the payee gets")]
    debit: Annotated[Amount, Doc("what the payer is debited")]
    expires_at: At
    invoice: Annotated[bytes | None, Doc("digest of the payee's invoice, for the payment; only across networks")]
    condition: Annotated[bytes | None, Doc("hash of the preimage that releases the money; only across networks")]
    head: Annotated[bytes | None, Doc("newest ledger entry of this node, for the envelope")]
    paths: Annotated[tuple[PathShown, ...], Doc("over which credit lines it goes: one way, or several at once")]


def plan_quote(desk: Desk, wish: AskQuote) -> Plan | Waiting | Refused:
    """Price a payment: at once within the network, else by asking along the route."""
    book = desk.book
    refused = text_refusal("note", wish.note, NOTE_CHARS_MAX)
    if refused is not None:
        return refused
    found = find_payee(book, wish.payee)
    if isinstance(found, Refused):
        return found
    network, payee = found
    payer = _payer(desk, wish.payer, wish.amount.asset_code if network == book.network else None)
    if isinstance(payer, Refused):
        return payer
    if len(book.of(Quotes).given) >= QUOTES_OPEN_MAX or len(book.of(Quotes).questions) >= QUOTES_OPEN_MAX:
        return refuse(OVERLOADED, maximum=QUOTES_OPEN_MAX)
    if network == book.network:
        return _quote_here(desk, wish, payer, payee)
    return _ask_along(desk, wish, payer, network, payee)


def _payer(desk: Desk, wished: str | None, currency: str | None) -> Account | Refused:
    who = wished or desk.actor.member
    if who is None:
        return refuse(ACCOUNT_UNKNOWN)
    account = desk.book.resolve_account(who, currency)
    if isinstance(account, Refused) or may_see(desk.actor, account.member) or _helps(desk, account):
        return account
    # A refusal would tell how much the account can pay.
    return refuse(FORBIDDEN, allowed="the payer")


def _helps(desk: Desk, account: Account) -> bool:
    helper = desk.book.members.get(desk.actor.member or "")
    held = () if helper is None else (desk.book.mandates[id] for id in helper.held)
    return any(mandate.account == account.id and not mandate.revoked for mandate in held)


def find_payee(book: Book, address: str) -> tuple[bytes, str] | Refused:
    """Return the network of a payment address and the member or account that it names there."""
    if address.startswith("mutirao:"):
        id, _, account = address.removeprefix("mutirao:").partition("/")
        network = parse_id(id)
        expected = "mutirao:<network id>/<account>"
        malformed = refuse(MALFORMED, field="payee", expected=expected)
        return (network, account) if network and account else malformed
    member, at, handle = address.partition("@")
    directory = book.of(Directory)
    if not at or handle == directory.handle(book.network):
        return book.network, member
    named = parse_id(handle)
    if named is not None:
        return named, member
    found = [one for one in directory.find(handle) if one != book.network]
    if not found:
        return refuse(NETWORK_UNKNOWN, network=handle[:64])
    # Anybody may offer a link, under any name: what counts is the partner that we have chosen.
    linked = [one for one in found if any(link.mine for link in book.of(Links).with_partner(one))]
    if len(found) > 1 and len(linked) != 1:
        return refuse(HANDLE_AMBIGUOUS, networks=", ".join(map(id_text, found[:8])))
    return (linked or found)[0], member


def _quote_here(desk: Desk, wish: AskQuote, payer: Account, payee_address: str) -> Plan | Refused:
    book = desk.book
    payee = book.resolve_account(payee_address, payer.currency)
    if isinstance(payee, Refused):
        return payee
    if payee.currency != payer.currency:
        return refuse(CURRENCY_MISMATCH, currency=payee.currency)
    currency = book.currencies[payee.currency]
    amount = minor_of(wish.amount, currency.code, currency.scale)
    if isinstance(amount, Refused):
        return amount
    refused = payable(amount) or book.ledger.debit_refusal(payer, amount)
    if refused is not None:
        return refused
    id = drawn_id(desk.chance)
    until = desk.now + INVOICE_LIFE_MS
    name = f"{book.name_of(payee.id)}@{book.handle or ''}"
    book.of(Quotes).give(Quote(id, payer, book.network, payee.id, name, amount, currency.scale, amount, until))
    return Plan(uuid_text(id))


def _ask_along(desk: Desk, wish: AskQuote, payer: Account, network: bytes, payee: str) -> Waiting | Refused:
    book = desk.book
    route: list[bytes] = []
    for name in wish.via:
        found = find_payee(book, f"@{name}") if parse_id(name) is None else (parse_id(name), "")
        if isinstance(found, Refused):
            return found
        assert found[0] is not None
        route.append(found[0])
    route.append(network)
    if len(route) > HOPS_MAX or len(set(route)) != len(route) or book.network in route:
        return refuse(ROUTE_INVALID, maximum=HOPS_MAX)
    request = None
    if wish.request is not None:
        request = parse_uuid(wish.request)
        if request is None:
            return refuse(MALFORMED, field="request")
    refused = text_refusal("payee", payee, ADDRESS_CHARS_MAX)
    refused = refused or text_refusal("amount", wish.amount.asset_code, CODE_CHARS_MAX)
    if refused is not None:
        return refused
    # A partner takes no scale that no currency could have.
    wish = replace(wish, amount=wish.amount.reduced())
    if wish.amount.asset_scale > SCALE_MAX:
        return refuse(SCALE_EXCEEDED, scale=SCALE_MAX)
    key = drawn_id(desk.chance)
    until = desk.now + QUOTE_WAIT_MS
    question = Question(key, wish, payer, network, payee, request, until, bool(wish.via))
    told = _ask(desk, key, question, tuple(route)) if wish.via else _ask_next(desk, key, question)
    return told if isinstance(told, Refused) else Waiting(key, (told,), until)


def _ask_next(desk: Desk, key: bytes, question: Question) -> Tell | Refused:
    """Ask along the best way that was not asked yet: a direct link, the cheapest one published, then all at once."""
    book = desk.book
    if len(question.tried) >= PATHS_MAX:
        return question.refusal or refuse(NO_ROUTE, network=id_text(question.payee_network))
    direct = (question.payee_network,)
    if direct not in question.tried and book.of(Links).with_partner(question.payee_network):
        told = _ask(desk, key, question, direct)
        if isinstance(told, Tell):
            return told
        question = replace(question, tried=(*question.tried, direct), refusal=question.refusal or told)
    path = _find(book, question)
    if path is not None:
        return _ask(desk, key, question, tuple(hop.network for hop in path.hops))
    refusal = question.refusal or refuse(NO_ROUTE, network=id_text(question.payee_network))
    if question.split or _in_ours(book, question) or not _lacks_room(refusal.reason):
        return refusal
    # Any way will do to fetch the invoice.
    around = _find(book, replace(question, tried=()), any_room=True)
    if around is None:
        return refusal
    return _ask(desk, key, replace(question, split=True, refusal=refusal), tuple(hop.network for hop in around.hops))


def _lacks_room(reason: Reason) -> bool:
    return reason in (LINK_LIMIT_EXCEEDED, LINK_HOLDS_EXCEEDED, NO_ROUTE)


def _in_ours(book: Book, question: Question) -> bool:
    """Tell whether the amount is what the payer gives, in the payer's currency."""
    code = question.payer.currency
    return question.wish.amount.asset_code == code and not _payee_uses(book, question.payee_network, code)


def _find(book: Book, question: Question, *, any_room: bool = False) -> Path | None:
    """Return the cheapest published way that was not tried."""
    wish, own = question.wish, book.currencies[question.payer.currency]
    known = book.of(Directory).networks.get(question.payee_network)
    in_ours = _in_ours(book, question)
    scale = own.scale if known is None or known.profile is None or in_ours else known.profile.scale
    amount = minor_of(replace(wish.amount, asset_code=None), "", scale)
    if isinstance(amount, Refused) or not 0 < amount <= AMOUNT_MINOR_MAX:
        # Of another currency of the payee's nobody knows the scale from here: the way is chosen for a small amount.
        amount = 1
    code = None if in_ours else wish.amount.asset_code
    wanted = Wanted(question.payee_network, code, amount, own.code, question.avoid, () if any_room else question.tried)

    def room(link: Link) -> int:
        if not is_reachable(book, link.partner) or not link.gives(1):
            return 0
        return AMOUNT_MINOR_MAX if any_room else link.largest

    return find_path(book, wanted, room)


def _ask(desk: Desk, key: bytes, question: Question, route: tuple[bytes, ...]) -> Tell | Refused:
    """Ask a partner for a price along a way; `key` is new for each way."""
    book = desk.book
    wish, payer = question.wish, question.payer
    link = choose_link(book, route[0], payer.currency)
    if isinstance(link, Refused):
        return link
    if not is_reachable(book, link.partner):
        return refuse(PEER_UNREACHABLE, network=id_text(link.partner))
    own = book.currencies[payer.currency]
    in_ours = _in_ours(book, question)
    amount, scale = wish.amount.value, wish.amount.asset_scale
    if in_ours:
        minor = minor_of(wish.amount, own.code, own.scale)
        if isinstance(minor, Refused):
            return minor
        amount, scale = minor * link.settings.den // link.settings.num, 0
    refused = payable(amount)
    if refused is not None:
        return refused
    book.of(Quotes).questions[key] = replace(
        question, link=link.id, route=route, attempt_until_ms=desk.now + ATTEMPT_WAIT_MS,
        tried=(*question.tried, route),
    )  # fmt: skip
    code = None if in_ours else wish.amount.asset_code
    me = f"{book.name_of(payer.id)}@{book.handle or ''}"
    return Tell(
        link.partner,
        QuoteWanted(
            key, link.id, route[1:], question.payee, amount, scale, in_ours, me, wish.note, code, question.request,
            question.split,
        ),
    )  # fmt: skip


def _payee_uses(book: Book, network: bytes, code: str) -> bool:
    """Tell whether the payee's network has a main currency of this code: then the amount is meant in it."""
    known = book.of(Directory).networks.get(network)
    return known is not None and known.profile is not None and known.profile.currency == code


# What comes back.


def hear_given(desk: Desk, teller: bytes, given: QuoteGiven) -> tuple[Tell | Ready, ...]:
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
    return (Ready(question.asked),)


def hear_denied(desk: Desk, teller: bytes, denied: QuoteDenied) -> tuple[Tell | Ready, ...]:
    """Take a denial that we waited for and ask along the next way, or hand it back to who asked."""
    book = desk.book
    question = _taken(book, denied.key, teller)
    if question is None:
        relay = book.of(Relays).open.pop(denied.key, None)
        return () if relay is None else (Tell(relay.asker, denied),)
    refused = refused_by(book, denied.code, denied.network)
    return _on_refusal(desk, question, refused, denied.network)


def lapse(desk: Desk) -> Iterator[Tell | Ready]:
    """Ask along the next way where one has stayed silent for too long."""
    quotes = desk.book.of(Quotes)
    silent = [key for key, one in quotes.questions.items() if one.attempt_until_ms < desk.now and not one.is_given]
    for key in silent:
        question = quotes.questions.pop(key)
        # Whoever is silent, it is not the partner: that one is connected, and answers for those after it.
        refused = refuse(PEER_UNREACHABLE, network=id_text(question.payee_network))
        yield from _on_refusal(desk, question, refused, question.route[0])


def proceed(desk: Desk) -> Iterator[Tell | Ready]:
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


def _on_refusal(desk: Desk, question: Question, refusal: Refused, by: bytes) -> tuple[Tell | Ready, ...]:
    """Ask along the next way, unless this was the payee's own word or there is none."""
    quotes = desk.book.of(Quotes)
    final = by == question.payee_network and refusal.reason not in ON_THE_WAY
    first = question.refusal or refusal
    if not (final or question.is_given):
        avoid = question.avoid | _failed(desk.book.network, question.route, by)
        told = _ask_next(desk, desk.chance(16), replace(question, avoid=avoid, refusal=first))
        if isinstance(told, Tell):
            return (told,)
    quotes.denied[question.asked] = refusal if final else first
    return (Ready(question.asked),)


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
    in_ours = _in_ours(book, question)
    if not in_ours and invoice.amount != minor_of(replace(wish.amount, asset_code=None), "", invoice.scale):
        return refused
    paths: tuple[Path, ...] | Refused = (Path(given.hops, link.settings.rate.up(given.hops[0].amount), invoice.amount),)
    if question.split:
        paths = _split(book, question, invoice)
    elif given.hops[0].amount > link.now.headroom:
        paths = refuse(
            LINK_LIMIT_EXCEEDED,
            available=max(0, link.now.headroom),
            limit=link.now.limit,
            unit=link.terms.unit,
            scale=link.terms.scale,
        )
    if isinstance(paths, Refused):
        return paths
    debit = sum(path.debit for path in paths)
    if in_ours:
        asked = minor_of(wish.amount, own.code, own.scale)
        if isinstance(asked, Refused) or debit > asked:
            return refused
    short = book.ledger.debit_refusal(question.payer, debit)
    if short is not None:
        return short
    return Quote(
        question.asked, question.payer, question.payee_network, invoice.account, invoice.handle, invoice.amount,
        invoice.scale, debit, invoice.not_after_ms, given.invoice, given.signature, invoice.condition, paths,
    )  # fmt: skip


def _split(book: Book, question: Question, invoice: Invoice) -> tuple[Path, ...] | Refused:
    """Return the ways over which a payment goes that none of them can carry alone."""
    wanted = Wanted(
        question.payee_network, invoice.account.rpartition(".")[2], invoice.amount, question.payer.currency,
        question.avoid,
    )  # fmt: skip

    def room(link: Link) -> int:
        return link.largest if is_reachable(book, link.partner) else 0

    paths = split(book, wanted, room, PATHS_MAX)
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
    in_ours = code == own and not _payee_uses(book, question.payee_network, own)
    return (
        not isinstance(found, Refused)
        and found[0] == question.payee_network
        and names(found[1], invoice.account, invoice.handle)
        and is_foreign(invoice.handle)
        and invoice.question == key
        and (code is None or in_ours or invoice.account.rpartition(".")[2] == code)
        and invoice.request == (None if wish.request is None else parse_uuid(wish.request))
    )


def names(payee: str, account: str, handle: str) -> bool:
    """Tell whether a payee's address, without its network, names this account of the member of this handle."""
    return payee in (account, account.rpartition(".")[0], handle.rpartition("@")[0])


def show_quote(desk: Desk, id: str) -> QuoteShown | Refused:
    """Show an open quote, or why it was denied."""
    book = desk.book
    quotes = book.of(Quotes)
    key = parse_uuid(id) or b""
    denied = quotes.denied.pop(key, None)
    if denied is not None:
        return denied
    quote = quotes.given.get(key)
    if quote is None:
        return refuse(QUOTE_UNKNOWN)
    own = book.currencies[quote.payer.currency]
    directory = book.of(Directory)
    return QuoteShown(
        id=id,
        payer=quote.payer.id,
        payee_network=id_text(quote.payee_network),
        payee=quote.payee,
        payee_handle=quote.payee_handle,
        amount=Amount(quote.amount, quote.payee.rpartition(".")[2], quote.amount_scale),
        debit=Amount(quote.debit, own.code, own.scale),
        expires_at=quote.not_after_ms,
        invoice=None if quote.invoice is None else invoice_hash(quote.invoice),
        condition=quote.condition,
        head=None if book.head is None else book.head[1],
        paths=tuple(
            PathShown(
                tuple(
                    HopShown(id_text(hop.network), directory.handle(hop.network), id_text(hop.link), hop.amount)
                    for hop in path.hops
                ),
                Amount(path.debit, own.code, own.scale),
            )
            for path in quote.paths
        ),
    )


PRACTICE = Practice(
    name="quotes",
    entries=(),
    operations=(
        Create(
            "quotes",
            AskQuote,
            plan=plan_quote,
            example="mutirao quotes create --payee bia@serra --amount 12.50",
        ),
        Show("quotes", QuoteShown, view=show_quote),
    ),
    fills=(
        HEARS.by(Hears(QuoteWanted, at_desk(hear_wanted), counted=True)),
        HEARS.by(Hears(QuoteGiven, at_desk(hear_given))),
        HEARS.by(Hears(QuoteDenied, at_desk(hear_denied))),
        PROCEED.by(proceed),
    ),
    refusals=QUOTE_REFUSALS,
)
