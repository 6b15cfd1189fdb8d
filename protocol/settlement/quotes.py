# SPDX-License-Identifier: AGPL-3.0-or-later
"""Quotes: what a payment costs the payer, asked along the route and computed backward from the payee.

The payee's node answers with an invoice; each network on the way back adds the hold that it needs on
the line before it: in = ceil(out * num / den) + fee (PROTOCOL 3). Open questions and quotes are kept
in memory only: losing them costs a member a second try and nothing else.
"""

from dataclasses import dataclass, field, replace
from typing import Annotated

from protocol.economy.authority import may_see
from protocol.economy.book import Book, MemberState, RequestState, commons_account
from protocol.economy.currencies import CODE_CHARS_MAX
from protocol.economy.feature import At, Create, Desk, Doc, Feature, Plan, Show, Tell, Waiting
from protocol.economy.ledger import Account
from protocol.economy.money import AMOUNT_MINOR_MAX, SCALE_MAX, Amount, minor_of, payable
from protocol.economy.orders import parse_uuid, uuid_text
from protocol.economy.personal import text_digest, text_refusal
from protocol.entry import Millis
from protocol.keys import id_text, parse_id
from protocol.rejection import Refused, Rejection, refuse
from protocol.settlement.invoices import (
    INVOICE_LIFE_MS,
    Invoice,
    condition_of,
    encode_invoice,
    invoice_hash,
    is_signed_by,
    preimage_of,
    read_invoice,
)
from protocol.settlement.records import Link, Links
from protocol.sync.directory import Directory
from protocol.sync.messages import HOPS_MAX, NOTE_CHARS_MAX, Hop, QuoteDenied, QuoteGiven, QuoteWanted

QUOTE_WAIT_MS = 10_000
ADDRESS_CHARS_MAX = 64
"""How long a payee's address may be, without its network."""
QUOTES_OPEN_MAX = 4_096
RELAYS_OPEN_MAX = 1_024


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
    hops: tuple[Hop, ...] = ()


@dataclass(frozen=True, slots=True)
class Question:
    """A quote that a member of ours waits for."""

    wish: "AskQuote"
    payer: Account
    payee_network: bytes
    link: bytes
    until_ms: Millis


@dataclass(frozen=True, slots=True)
class Relay:
    """A question that we passed on: who asked us, on which link, and over which link it went on."""

    asker: bytes
    link_in: bytes
    link_out: bytes
    until_ms: Millis


@dataclass(frozen=True, slots=True)
class Noted:
    """What a payer wrote beside an invoice, until nobody can pay that any more."""

    text: str
    not_after_ms: Millis


@dataclass(slots=True)
class Quotes:
    """Open questions, relays and quotes: not part of the fold, and lost at a restart without harm."""

    questions: dict[bytes, Question] = field(default_factory=dict[bytes, Question])
    relays: dict[bytes, Relay] = field(default_factory=dict[bytes, Relay])
    given: dict[bytes, Quote] = field(default_factory=dict[bytes, Quote])
    by_invoice: dict[bytes, Quote] = field(default_factory=dict[bytes, Quote])
    denied: dict[bytes, Refused] = field(default_factory=dict[bytes, Refused])
    notes: dict[bytes, Noted] = field(default_factory=dict[bytes, Noted])
    """What payers write beside invoices of ours that nobody has paid yet, by nonce."""

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
        self.relays = {key: one for key, one in self.relays.items() if one.until_ms >= now}
        self.given = {key: one for key, one in self.given.items() if one.not_after_ms >= now}
        self.by_invoice = {key: one for key, one in self.by_invoice.items() if one.not_after_ms >= now}
        self.notes = {key: one for key, one in self.notes.items() if one.not_after_ms >= now}


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
    via: Annotated[tuple[str, ...], Doc("the networks to pass through, in order; none for a direct link")] = ()
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
    invoice: Annotated[str | None, Doc("hash of the payee's invoice, for the order; only across networks")]
    condition: Annotated[str | None, Doc("hash of the preimage that releases the money; only across networks")]
    head: Annotated[str | None, Doc("newest ledger entry of this node, for the order")]
    hops: tuple[HopShown, ...]


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
        return refuse(Rejection.OVERLOADED, maximum=QUOTES_OPEN_MAX)
    if network == book.network:
        return _quote_here(desk, wish, payer, payee)
    return _ask_along(desk, wish, payer, network, payee)


def _payer(desk: Desk, wished: str | None, currency: str | None) -> Account | Refused:
    who = wished or desk.actor.member
    if who is None:
        return refuse(Rejection.ACCOUNT_UNKNOWN)
    account = desk.book.resolve_account(who, currency)
    if isinstance(account, Refused) or may_see(desk.actor, account.member) or _helps(desk, account):
        return account
    # A refusal would tell how much the account can pay.
    return refuse(Rejection.FORBIDDEN, allowed="the payer")


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
        malformed = refuse(Rejection.MALFORMED, field="payee", expected=expected)
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
        return refuse(Rejection.NETWORK_UNKNOWN, network=handle[:64])
    # Anybody may offer a link, under any name: what counts is the partner that we have chosen.
    linked = [one for one in found if any(link.mine for link in book.of(Links).with_partner(one))]
    if len(found) > 1 and len(linked) != 1:
        return refuse(Rejection.HANDLE_AMBIGUOUS, networks=", ".join(map(id_text, found[:8])))
    return (linked or found)[0], member


def _quote_here(desk: Desk, wish: AskQuote, payer: Account, payee_address: str) -> Plan | Refused:
    book = desk.book
    payee = book.resolve_account(payee_address, payer.currency)
    if isinstance(payee, Refused):
        return payee
    if payee.currency != payer.currency:
        return refuse(Rejection.CURRENCY_MISMATCH, currency=payee.currency)
    currency = book.currencies[payee.currency]
    amount = minor_of(wish.amount, currency.code, currency.scale)
    if isinstance(amount, Refused):
        return amount
    refused = payable(amount) or book.ledger.debit_refusal(payer, amount)
    if refused is not None:
        return refused
    id = desk.chance(16)
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
        return refuse(Rejection.ROUTE_INVALID, maximum=HOPS_MAX)
    link = choose_link(book, route[0], payer.currency)
    if isinstance(link, Refused):
        return link
    own = book.currencies[payer.currency]
    in_ours = wish.amount.asset_code == own.code and not _payee_uses(book, network, own.code)
    amount, scale = wish.amount.value, wish.amount.asset_scale
    if scale > SCALE_MAX:
        return refuse(Rejection.SCALE_EXCEEDED, scale=SCALE_MAX)
    refused = text_refusal("payee", payee, ADDRESS_CHARS_MAX)
    refused = refused or text_refusal("amount", wish.amount.asset_code, CODE_CHARS_MAX)
    if refused is not None:
        return refused
    if in_ours:
        minor = minor_of(wish.amount, own.code, own.scale)
        if isinstance(minor, Refused):
            return minor
        amount, scale = minor * link.settings.den // link.settings.num, 0
    refused = payable(amount)
    if refused is not None:
        return refused
    request = None
    if wish.request is not None:
        request = parse_uuid(wish.request)
        if request is None:
            return refuse(Rejection.MALFORMED, field="request")
    key = desk.chance(16)
    until = desk.now + QUOTE_WAIT_MS
    book.of(Quotes).questions[key] = Question(wish, payer, network, link.id, until)
    code = None if in_ours else wish.amount.asset_code
    me = f"{book.name_of(payer.id)}@{book.handle or ''}"
    asked = QuoteWanted(key, link.id, tuple(route[1:]), payee, amount, scale, in_ours, me, wish.note, code, request)
    return Waiting(key, (Tell(route[0], asked),), until)


def _payee_uses(book: Book, network: bytes, code: str) -> bool:
    """Tell whether the payee's network has a main currency of this code: then the amount is meant in it."""
    known = book.of(Directory).networks.get(network)
    return known is not None and known.profile is not None and known.profile.currency == code


def choose_link(book: Book, partner: bytes, currency: str | None) -> Link | Refused:
    """Return an open link with a partner, of this own currency if one is told: that with most headroom."""
    links = book.of(Links).with_partner(partner)
    if not links:
        return refuse(Rejection.NO_ROUTE, network=id_text(partner))
    usable = [link for link in links if link.gives(1) and currency in (None, link.settings.currency)]
    if not usable:
        states = ", ".join(sorted({link.state.value for link in links}))
        return refuse(Rejection.LINK_NOT_OPEN, state=states)
    return max(usable, key=lambda link: link.now.headroom)


# What other networks ask and answer.


def hear_wanted(desk: Desk, asker: bytes, wanted: QuoteWanted) -> tuple[Tell, ...]:
    """Answer a partner's question if the payee is ours, else pass it on along its route."""

    def deny(reason: Rejection) -> tuple[Tell, ...]:
        return (Tell(asker, QuoteDenied(wanted.key, reason.value, desk.book.network)),)

    book = desk.book
    link = book.of(Links).by_id.get(wanted.link)
    if link is None or link.partner != asker:
        return deny(Rejection.LINK_UNKNOWN)
    if not link.takes(1):
        return deny(Rejection.LINK_NOT_OPEN)
    if desk.silent is not None:
        return deny(desk.silent)
    if not wanted.route:
        answer = _invoice(desk, link, wanted)
        return deny(answer) if isinstance(answer, Rejection) else (Tell(asker, answer),)
    onward = choose_link(book, wanted.route[0], link.settings.currency)
    if isinstance(onward, Refused):
        return deny(onward.reason)
    quotes = book.of(Quotes)
    if wanted.key in quotes.relays or wanted.key in quotes.questions:
        return deny(Rejection.ROUTE_INVALID)
    if len(quotes.relays) >= RELAYS_OPEN_MAX:
        return deny(Rejection.OVERLOADED)
    amount = wanted.amount
    if wanted.of_payer:
        own = link.settings.rate.down(amount) - onward.settings.fee
        amount = own * onward.settings.den // onward.settings.num
        refused = payable(amount)
        if refused is not None:
            return deny(refused.reason)
    quotes.relays[wanted.key] = Relay(asker, link.id, onward.id, desk.now + QUOTE_WAIT_MS)
    passed = replace(wanted, link=onward.id, route=wanted.route[1:], amount=amount)
    return (Tell(onward.partner, passed),)


def _invoice(desk: Desk, link: Link, wanted: QuoteWanted) -> QuoteGiven | Rejection:
    book = desk.book
    if not is_foreign(wanted.payer):
        return Rejection.MALFORMED
    payee = book.resolve_account(wanted.payee, wanted.currency or link.settings.currency)
    if isinstance(payee, Refused):
        return payee.reason
    if payee.currency != link.settings.currency:
        return Rejection.CURRENCY_MISMATCH
    if payee.member is None and payee.id != commons_account(payee.currency):
        # Nobody owns the accounts of holds, rounding and partners: what they hold follows from payments.
        return Rejection.ACCOUNT_UNKNOWN
    currency, rate = book.currencies[payee.currency], link.settings.rate
    if wanted.of_payer:
        amount: int | Refused = rate.down(wanted.amount)
    else:
        amount = minor_of(Amount(wanted.amount, wanted.currency, wanted.scale), currency.code, currency.scale)
    if isinstance(amount, Refused):
        return amount.reason
    refused = payable(amount) or book.ledger.credit_refusal(payee, amount)
    if refused is not None:
        return refused.reason
    hold_amount = rate.foreign_up(amount)
    if hold_amount > min(AMOUNT_MINOR_MAX, max(0, link.now.headroom_given)):
        return Rejection.LINK_LIMIT_EXCEEDED
    nonce = desk.chance(16)
    invoice = Invoice(
        network=book.network,
        epoch=book.of(Directory).networks[book.network].identity.epoch,
        account=payee.id,
        handle=f"{book.name_of(payee.id)}@{book.handle or ''}",
        amount=amount,
        scale=currency.scale,
        link=link.id,
        hold_amount=hold_amount,
        condition=condition_of(preimage_of(desk.secret, nonce)),
        not_after_ms=desk.now + INVOICE_LIFE_MS,
        nonce=nonce,
        payer=wanted.payer,
        note=text_digest(nonce, wanted.note) if wanted.note else None,
        request=wanted.request,
        question=wanted.key,
    )
    refusal = arrival_refusal(book, invoice, desk.now)
    if refusal is not None:
        return refusal
    quotes = book.of(Quotes)
    if wanted.note and len(quotes.notes) < QUOTES_OPEN_MAX:
        quotes.notes[nonce] = Noted(wanted.note, invoice.not_after_ms)
    data = encode_invoice(invoice)
    hop = Hop(book.network, link.id, hold_amount)
    return QuoteGiven(wanted.key, data, desk.sign("invoice", data), (hop,))


def arrival_refusal(book: Book, invoice: Invoice, now: int) -> Rejection | None:
    """Return why the payee of an invoice cannot be credited now."""
    account = book.ledger.accounts.get(invoice.account)
    if account is None:
        return Rejection.ACCOUNT_UNKNOWN
    if account.member is not None and book.members[account.member].state is not MemberState.ACTIVE:
        return Rejection.MEMBER_NOT_ACTIVE
    if book.currencies[account.currency].closed:
        return Rejection.CURRENCY_CLOSED
    refused = book.ledger.credit_refusal(account, invoice.amount)
    if refused is not None:
        return refused.reason
    if invoice.request is not None:
        request = book.requests.get(invoice.request)
        if request is None:
            return Rejection.NOT_FOUND
        if request.payer is not None:
            # It asks one member of ours, whom nobody abroad can be.
            return Rejection.FORBIDDEN
        if request.state_at(now) is not RequestState.OPEN or (request.payee, request.amount_minor) != (
            account.id,
            invoice.amount,
        ):
            return Rejection.REQUEST_CLOSED
    return None


def hear_given(desk: Desk, teller: bytes, given: QuoteGiven) -> tuple[Tell, ...]:
    """Take a quote that we waited for, or add our own hop and hand it back to who asked."""
    quotes = desk.book.of(Quotes)
    relay = quotes.relays.pop(given.key, None)
    if relay is not None:
        return _hand_back(desk, teller, relay, given)
    question = quotes.questions.pop(given.key, None)
    if question is None:
        return ()
    outcome = _price(desk, question, given)
    if isinstance(outcome, Refused):
        quotes.denied[given.key] = outcome
    else:
        quotes.give(outcome)
    return ()


def hear_denied(desk: Desk, teller: bytes, denied: QuoteDenied) -> tuple[Tell, ...]:
    """Take a denial that we waited for, or hand it back to who asked."""
    del teller
    quotes = desk.book.of(Quotes)
    relay = quotes.relays.pop(denied.key, None)
    if relay is not None:
        return (Tell(relay.asker, denied),)
    if quotes.questions.pop(denied.key, None) is not None:
        known = denied.code in Rejection.__members__
        reason = Rejection(denied.code) if known else Rejection.PARTNER_REFUSED
        quotes.denied[denied.key] = refuse(reason, network=id_text(denied.network))
    return ()


def _hand_back(desk: Desk, teller: bytes, relay: Relay, given: QuoteGiven) -> tuple[Tell, ...]:
    links = desk.book.of(Links).by_id
    link_in, link_out = links[relay.link_in], links[relay.link_out]
    if link_out.partner != teller or not given.hops or given.hops[0].link != link_out.id or len(given.hops) >= HOPS_MAX:
        return (Tell(relay.asker, QuoteDenied(given.key, Rejection.PARTNER_REFUSED.value, desk.book.network)),)
    needed = needed_in(link_in, link_out, given.hops[0].amount)
    if given.hops[0].amount > link_out.now.headroom or needed > min(AMOUNT_MINOR_MAX, link_in.now.headroom_given):
        return (Tell(relay.asker, QuoteDenied(given.key, Rejection.LINK_LIMIT_EXCEEDED.value, desk.book.network)),)
    hop = Hop(desk.book.network, link_in.id, needed)
    return (Tell(relay.asker, replace(given, hops=(hop, *given.hops))),)


def needed_in(link_in: Link, link_out: Link, out: int) -> int:
    """Return the in-hold that a forward needs, in minor units of the line that it comes from.

    in = ceil(out * num / den) + fee, each step rounded toward the payer (PROTOCOL 3).
    """
    own = link_out.settings.rate.up(out) + link_out.settings.fee
    return link_in.settings.rate.foreign_up(own)


def _price(desk: Desk, question: Question, given: QuoteGiven) -> Quote | Refused:
    book = desk.book
    link = book.of(Links).by_id[question.link]
    known = book.of(Directory).networks.get(question.payee_network)
    invoice = read_invoice(given.invoice)
    if (
        known is None
        or invoice is None
        or not is_signed_by(known.identity, invoice, given.invoice, given.signature)
        or not given.hops
        or given.hops[0].link != link.id
        or given.hops[-1].amount != invoice.hold_amount
        or given.hops[-1].link != invoice.link
        or invoice.not_after_ms < desk.now
        # A key that was rotated away may have been stolen.
        or invoice.epoch != known.identity.epoch
        or not _answers(book, question, given.key, invoice)
    ):
        return refuse(Rejection.PARTNER_REFUSED, network=id_text(question.payee_network))
    wish = question.wish
    own = book.currencies[question.payer.currency]
    hold = given.hops[0].amount
    debit = link.settings.rate.up(hold)
    if wish.amount.asset_code == own.code and not _payee_uses(book, question.payee_network, own.code):
        asked = minor_of(wish.amount, own.code, own.scale)
        if isinstance(asked, Refused) or debit > asked:
            return refuse(Rejection.PARTNER_REFUSED, network=id_text(question.payee_network))
    elif invoice.amount != minor_of(replace(wish.amount, asset_code=None), "", invoice.scale):
        return refuse(Rejection.PARTNER_REFUSED, network=id_text(question.payee_network))
    if hold > link.now.headroom:
        return refuse(
            Rejection.LINK_LIMIT_EXCEEDED,
            available=max(0, link.now.headroom),
            limit=link.now.limit,
            unit=link.terms.unit,
            scale=link.terms.scale,
        )
    refused = book.ledger.debit_refusal(question.payer, debit)
    if refused is not None:
        return refused
    return Quote(
        given.key, question.payer, question.payee_network, invoice.account, invoice.handle, invoice.amount,
        invoice.scale, debit, invoice.not_after_ms, given.invoice, given.signature, invoice.condition, given.hops,
    )  # fmt: skip


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


def is_foreign(address: str) -> bool:
    """Tell whether an address can be of another network alone: no account or member here has an @ in its name."""
    return "@" in address


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
        return refuse(Rejection.QUOTE_UNKNOWN)
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
        invoice=None if quote.invoice is None else invoice_hash(quote.invoice).hex(),
        condition=None if quote.condition is None else quote.condition.hex(),
        head=None if book.head is None else book.head[1].hex(),
        hops=tuple(
            HopShown(id_text(hop.network), directory.handle(hop.network), id_text(hop.link), hop.amount)
            for hop in quote.hops
        ),
    )


FEATURE = Feature(
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
)
