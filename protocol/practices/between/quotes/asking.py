# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a price is asked for: from our own book, and along the ways that lead to another network."""

from dataclasses import replace

from protocol.book.addresses import ADDRESS_CHARS_MAX, resolve_account
from protocol.book.book import Book
from protocol.book.declaration import Desk, Plan, Tell, Waiting
from protocol.book.issuer_groups import foreigner
from protocol.book.ledger import Account
from protocol.book.levies import beyond_room, payer_levy
from protocol.book.money import AMOUNT_MINOR_MAX, SCALE_MAX, minor_of, payable
from protocol.book.personal import NOTE_CHARS_MAX, text_refusal
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    CURRENCY_MISMATCH,
    FORBIDDEN,
    MALFORMED,
    NETWORK_UNKNOWN,
    ORDER_MISMATCH,
    OVERLOADED,
    PAYMENT_UNKNOWN,
    PEER_UNREACHABLE,
    SCALE_EXCEEDED,
    Reason,
    Refused,
    refuse,
)
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.uuids import drawn_id
from protocol.lanes.directory import Directory
from protocol.peers.messages import HOPS_MAX, PATHS_MAX, QuoteWanted
from protocol.practices.between.links.link import Link
from protocol.practices.between.links.refusals import (
    LINK_HOLDS_EXCEEDED,
    LINK_LIMIT_EXCEEDED,
    LINK_NOT_OPEN,
    LINK_PAYMENT_TOO_LARGE,
)
from protocol.practices.between.links.state import Links
from protocol.practices.between.networks.known import HANDLE_AMBIGUOUS, nearest
from protocol.practices.between.quotes.answers import choose_link, gets_there, is_reachable, main_currency
from protocol.practices.between.quotes.invoices import INVOICE_LIFE_MS
from protocol.practices.between.quotes.refusals import NO_ROUTE, ROUTE_INVALID
from protocol.practices.between.quotes.state import QUOTES_PER_ASKER_MAX, AskQuote, Question, Quote, Quotes
from protocol.practices.between.routes.paths import Path, PathWanted, find_path
from protocol.practices.between.routes.state import Routes
from protocol.practices.money.currencies.entries import CODE_CHARS_MAX
from protocol.practices.people.authority import may_see
from protocol.wire.keys import id_text, parse_id

QUOTE_WAIT_MS = 10_000
"""How long a member waits for a price in all."""
ATTEMPT_WAIT_MS = 3_000
"""How long one way may stay silent before the next is asked."""


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
    payer = paying_account(desk, wish.payer, wish.amount.asset_code if network == book.network else None)
    if isinstance(payer, Refused):
        return payer
    if network == book.network:
        return _quote_here(desk, wish, payer, payee)
    return _ask_along(desk, wish, payer, network, payee)


def paying_account(desk: Desk, wished: str | None, currency: str | None) -> Account | Refused:
    """Return the account that would pay, if who asks may know what it can pay."""
    who = wished or desk.actor.member
    if who is None:
        return refuse(ACCOUNT_UNKNOWN)
    account = resolve_account(desk.book, who, currency)
    if isinstance(account, Refused) or may_see(desk.actor, account.member) or _helps(desk, account):
        return account
    # A refusal would tell how much the account can pay.
    return refuse(FORBIDDEN, allowed="the payer")


def _asker(desk: Desk, payer: Account) -> str:
    """Return as whose a quote counts: a member's own, or an officer's, for each account that it asks for."""
    return f"{desk.actor.member or desk.actor.role} {payer.id}"


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
    # Anybody may offer a link, under any name: what counts is whom we, or those near us, have chosen.
    found = nearest(book, [one for one in directory.find(handle) if one != book.network])
    if not found:
        return refuse(NETWORK_UNKNOWN, network=handle[:64])
    if len(found) > 1:
        return refuse(HANDLE_AMBIGUOUS, networks=", ".join(map(id_text, found[:8])))
    return found[0], member


def _quote_here(desk: Desk, wish: AskQuote, payer: Account, payee_address: str) -> Plan | Refused:
    book = desk.book
    payee = resolve_account(book, payee_address, payer.currency)
    if isinstance(payee, Refused):
        return payee
    if payee.currency != payer.currency:
        return refuse(CURRENCY_MISMATCH, currency=payee.currency)
    currency = book.currencies[payee.currency]
    amount = minor_of(wish.amount, currency.code, currency.scale)
    if isinstance(amount, Refused):
        return amount
    levy = 0 if wish.refunds is not None else payer_levy(book, payer, payee, amount)
    refused = payable(amount) or beyond_room(book, payer, amount, levy)
    if refused is not None:
        return refused
    id = drawn_id(desk.chance)
    until = desk.now + INVOICE_LIFE_MS
    name = f"{book.name_of(payee.id)}@{book.handle or ''}"
    terms = (id, payer, book.network, payee.id, name, amount, currency.scale, amount, until)
    book.of(Quotes).give(Quote(*terms, asker=_asker(desk, payer), levy=levy))
    return Plan(uuid_text(id))


def _ask_along(desk: Desk, wish: AskQuote, payer: Account, network: bytes, payee: str) -> Waiting | Refused:
    book = desk.book
    if refused := foreigner(book, payer.currency, wish.payee[:ADDRESS_CHARS_MAX]):
        return refused
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
    refunds = _refunds(book, wish, payer)
    if isinstance(refunds, Refused):
        return refunds
    refused = text_refusal("payee", payee, ADDRESS_CHARS_MAX)
    refused = refused or text_refusal("amount", wish.amount.asset_code, CODE_CHARS_MAX)
    if refused is not None:
        return refused
    # A partner takes no scale that no currency could have.
    wish = replace(wish, amount=wish.amount.reduced())
    if wish.amount.asset_scale > SCALE_MAX:
        return refuse(SCALE_EXCEEDED, scale=SCALE_MAX)
    if book.of(Quotes).is_full_for(_asker(desk, payer)):
        return refuse(OVERLOADED, maximum=QUOTES_PER_ASKER_MAX)
    key = drawn_id(desk.chance)
    until = desk.now + QUOTE_WAIT_MS
    question = Question(
        key, wish, payer, network, payee, request, until, bool(wish.via), asker=_asker(desk, payer), refunds=refunds
    )  # fmt: skip
    told = _ask(desk, key, question, tuple(route)) if wish.via else ask_next(desk, key, question)
    return told if isinstance(told, Refused) else Waiting(key, (told,), until)


def _refunds(book: Book, wish: AskQuote, payer: Account) -> bytes | Refused | None:
    """Return the condition of the payment from abroad that would be given back, None where none is named."""
    if wish.refunds is None:
        return None
    id = parse_uuid(wish.refunds)
    first = None if id is None else book.payments.get(id)
    if first is None:
        return refuse(PAYMENT_UNKNOWN)
    if first.payee != payer.id:
        return refuse(FORBIDDEN, allowed="the payee")
    condition = None if first.abroad is None else first.abroad.condition
    return refuse(ORDER_MISMATCH, field="payee") if condition is None else condition


def ask_next(desk: Desk, key: bytes, question: Question) -> Tell | Refused:
    """Ask along the best way that was not asked yet: a direct link, the cheapest one published, then all at once."""
    book = desk.book
    if len(question.tried) >= PATHS_MAX:
        return question.refusal or refuse(NO_ROUTE, network=id_text(question.payee_network))
    direct = (question.payee_network,)
    linked = any(link.has_begun for link in book.of(Links).with_partner(question.payee_network))
    if linked and direct not in question.tried:
        told = _ask(desk, key, question, direct)
        if isinstance(told, Tell):
            return told
        question = refused_on(replace(question, tried=(*question.tried, direct)), told)
    path = _find(book, question)
    if path is not None:
        return _ask(desk, key, question, tuple(hop.network for hop in path.hops))
    refusal = question.refusal or _stopped(book, question) or refuse(NO_ROUTE, network=id_text(question.payee_network))
    may_split = question.lacks_room or _lacks_room(refusal.reason)
    if question.split or is_in_ours(book, question) or not may_split:
        return refusal
    # Any way will do to fetch the invoice.
    around = _find(book, replace(question, tried=()), any_room=True)
    if around is None:
        return refusal
    return _ask(desk, key, replace(question, split=True, refusal=refusal), tuple(hop.network for hop in around.hops))


def refused_on(question: Question, refusal: Refused) -> Question:
    """Return the question after a way was refused: what the last one tells is told in the end."""
    return replace(question, refusal=refusal, lacks_room=question.lacks_room or _lacks_room(refusal.reason))


def _stopped(book: Book, question: Question) -> Refused | None:
    """Return why a way that leads there cannot be asked: it begins with a link that is stopped, or a silent partner."""
    path = _find(book, question, any_state=True)
    if path is None:
        return None
    link = book.of(Links).by_id[path.hops[0].link]
    if not is_reachable(book, link.partner):
        return refuse(PEER_UNREACHABLE, network=id_text(link.partner))
    return None if link.gives(1) else refuse(LINK_NOT_OPEN, state=link.state.value)


def _lacks_room(reason: Reason) -> bool:
    return reason in (LINK_LIMIT_EXCEEDED, LINK_PAYMENT_TOO_LARGE, LINK_HOLDS_EXCEEDED, NO_ROUTE)


def is_in_ours(book: Book, question: Question) -> bool:
    """Tell whether the amount is what the payer gives, in the payer's currency."""
    code = question.payer.currency
    return question.wish.amount.asset_code == code and not payee_uses(book, question.payee_network, code)


def _find(book: Book, question: Question, *, any_room: bool = False, any_state: bool = False) -> Path | None:
    """Return the cheapest published way that was not tried."""
    wish, own = question.wish, book.currencies[question.payer.currency]
    known = book.of(Directory).networks.get(question.payee_network)
    in_ours = is_in_ours(book, question)
    scale = own.scale if known is None or known.profile is None or in_ours else known.profile.scale
    amount = minor_of(replace(wish.amount, asset_code=None), "", scale)
    if isinstance(amount, Refused) or not 0 < amount <= AMOUNT_MINOR_MAX:
        # Of another currency of the payee's nobody knows the scale from here: the way is chosen for a small amount.
        amount = 1
    code = _gets(book, question) if in_ours or wish.amount.asset_code is None else wish.amount.asset_code
    wanted = PathWanted(
        question.payee_network, code, amount, own.code, question.avoid, () if any_room else question.tried
    )

    def room(link: Link) -> int:
        if any_state:
            return AMOUNT_MINOR_MAX if link.has_begun else 0
        if not is_reachable(book, link.partner) or not link.gives(1):
            return 0
        return AMOUNT_MINOR_MAX if any_room else link.largest

    return find_path(book, wanted, room)


def _ask(desk: Desk, key: bytes, question: Question, route: tuple[bytes, ...]) -> Tell | Refused:
    """Ask a partner for a price along a way; `key` is new for each way."""
    book = desk.book
    wish, payer = question.wish, question.payer
    in_ours = is_in_ours(book, question)
    gets = _gets(book, question) if in_ours or wish.amount.asset_code is None else wish.amount.asset_code
    link = choose_link(book, route[0], payer.currency, gets if len(route) == 1 else None)
    if isinstance(link, Refused):
        return link
    if not is_reachable(book, link.partner):
        return refuse(PEER_UNREACHABLE, network=id_text(link.partner))
    own = book.currencies[payer.currency]
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
    me = f"{book.name_of(payer.id)}@{book.handle or ''}"
    return Tell(
        link.partner,
        QuoteWanted(
            key, link.id, route[1:], question.payee, amount, scale, in_ours, me, wish.note, gets, question.request,
            question.split, refunds=question.refunds,
        ),
    )  # fmt: skip


def _gets(book: Book, question: Question) -> str | None:
    """Return in which currency the payee gets what names none: always the same, whatever is left on which link.

    It is the main one of the payee's network where a way ends in it, else that of our oldest link there; None where
    nothing is known.
    """
    network = question.payee_network
    main = main_currency(book, network)
    ends = {said.currency for said, _ in book.of(Routes).into(network)}
    return main if main in ends else gets_there(book, network, question.payer.currency)


def payee_uses(book: Book, network: bytes, code: str) -> bool:
    """Tell whether the payee's network has a main currency of this code: then the amount is meant in it."""
    known = book.of(Directory).networks.get(network)
    return known is not None and known.profile is not None and known.profile.currency == code
