# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a payment in several currencies costs: asked of the payee's network, which answers with one invoice for all."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Annotated, ClassVar

from protocol.book.accounts import account_id
from protocol.book.addresses import ADDRESS_CHARS_MAX, resolve_member
from protocol.book.book import Book
from protocol.book.declaration import Desk, Doc, Tell, Waiting, WishReady
from protocol.book.issuer_groups import foreigner
from protocol.book.ledger import Account
from protocol.book.members import Member
from protocol.book.money import SCALE_MAX, Amount, payable
from protocol.book.personal import NOTE_CHARS_MAX, text_refusal
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    FORBIDDEN,
    MALFORMED,
    OVERLOADED,
    PEER_UNREACHABLE,
    SCALE_EXCEEDED,
    Reason,
    Refused,
    foremost,
    refuse,
)
from protocol.book.uuids import drawn_id
from protocol.lanes.entry import Millis
from protocol.peers.messages import LegWanted, QuoteDenied, QuoteWanted
from protocol.practices.between.links.link import Link
from protocol.practices.between.links.state import Links
from protocol.practices.between.mixed.refusals import MIXED_DIRECT_ONLY
from protocol.practices.between.mixed.rules import owner_of
from protocol.practices.between.quotes.answers import (
    LegAsked,
    asked_here,
    choose_link,
    deny_quote,
    deny_unaccepted,
    is_reachable,
    issue_invoice,
    line_asked,
)
from protocol.practices.between.quotes.asking import QUOTE_WAIT_MS, find_payee
from protocol.practices.between.quotes.refusals import refused_by
from protocol.practices.between.quotes.state import QUOTES_PER_ASKER_MAX, Quotes
from protocol.practices.money.mixed.entries import LEGS_MAX
from protocol.practices.money.mixed.rules import not_several
from protocol.practices.people.authority import may_see
from protocol.wire.keys import id_text
from protocol.wire.shape import AtMost


@dataclass(frozen=True, slots=True)
class AskMixedQuote:
    """Ask what a payment in several currencies to a partner network costs; nothing moves."""

    payee: Annotated[str, Doc("who is paid, in another network: bia@serra")]
    amounts: Annotated[
        tuple[Amount, ...],
        AtMost(LEGS_MAX),
        Doc("what the payee gets, two to four amounts, each with its currency there"),
    ]
    payer: Annotated[str | None, Doc("the member who pays; you where it is left out")] = None
    note: Annotated[str, Doc("what it is for; the payee sees it")] = ""


@dataclass(frozen=True, slots=True)
class MixedQuestion:
    """A price that a member of ours waits for: whose it is, and over which link from which account each leg goes."""

    wish: AskMixedQuote
    network: bytes
    payee: str
    links: tuple[bytes, ...]
    payers: tuple[str, ...]
    until_ms: Millis
    asker: str


@dataclass(slots=True)
class MixedQuestions:
    """Questions that are open: not part of the fold, and lost at a restart without harm."""

    TRANSIENT: ClassVar[bool] = True
    open: dict[bytes, MixedQuestion] = field(default_factory=dict[bytes, MixedQuestion])

    def taken(self, key: bytes, teller: bytes) -> MixedQuestion | None:
        """Return the question that a network answers, which is open no more."""
        one = self.open.get(key)
        return self.open.pop(key) if one is not None and one.network == teller else None

    def is_full_for(self, asker: str) -> bool:
        """Tell whether somebody has so many questions open that no more is asked now."""
        return sum(one.asker == asker for one in self.open.values()) >= QUOTES_PER_ASKER_MAX


def plan_mixed_quote(desk: Desk, wish: AskMixedQuote) -> Waiting | Refused:
    """Ask the payee's network, over links of ours alone."""
    book = desk.book
    wish = replace(wish, amounts=tuple(one.reduced() for one in wish.amounts))
    found = find_payee(book, wish.payee)
    member = _payer(desk, wish.payer)
    refused = foremost(
        not_several(wish.amounts),
        *(payable(one.value) for one in wish.amounts),
        *(refuse(SCALE_EXCEEDED, scale=SCALE_MAX) for one in wish.amounts if one.asset_scale > SCALE_MAX),
        text_refusal("note", wish.note, NOTE_CHARS_MAX),
        *(one for one in (found, member) if isinstance(one, Refused)),
    )
    if refused is not None or isinstance(found, Refused) or isinstance(member, Refused):
        assert refused is not None
        return refused
    network, payee = found
    if network == book.network:
        return refuse(MALFORMED, field="payee", expected="somebody in another network, such as bia@serra")
    if refused := text_refusal("payee", payee, ADDRESS_CHARS_MAX):
        return refused
    if not any(link.has_begun for link in book.of(Links).with_partner(network)):
        return refuse(MIXED_DIRECT_ONLY, network=id_text(network))
    legs: list[tuple[Link, Account]] = []
    for one in wish.amounts:
        leg = _leg(book, network, member, one.asset_code or "", wish.payee)
        if isinstance(leg, Refused):
            return leg
        legs.append(leg)
    return _ask(desk, wish, network, payee, legs)


def _ask(
    desk: Desk, wish: AskMixedQuote, network: bytes, payee: str, legs: list[tuple[Link, Account]]
) -> Waiting | Refused:
    book = desk.book
    links, payers = (tuple(column) for column in zip(*legs, strict=True))
    if not is_reachable(book, network):
        return refuse(PEER_UNREACHABLE, network=id_text(network))
    asker, questions = f"{desk.actor.member or desk.actor.role} {payers[0].id}", book.of(MixedQuestions)
    if questions.is_full_for(asker):
        return refuse(OVERLOADED, maximum=QUOTES_PER_ASKER_MAX)
    key, until = drawn_id(desk.chance), desk.now + QUOTE_WAIT_MS
    questions.open[key] = MixedQuestion(
        wish, network, payee, tuple(one.id for one in links), tuple(one.id for one in payers), until, asker
    )
    first, *others = wish.amounts
    also = tuple(
        LegWanted(link.id, one.value, one.asset_scale, one.asset_code or "")
        for link, one in zip(links[1:], others, strict=True)
    )
    me = f"{book.name_of(payers[0].id)}@{book.handle or ''}"
    wanted = QuoteWanted(
        key, links[0].id, (), payee, first.value, first.asset_scale, False, me, wish.note, first.asset_code, None,
        also=also,
    )  # fmt: skip
    return Waiting(key, (Tell(network, wanted),), until)


def _payer(desk: Desk, wished: str | None) -> Member | Refused:
    """Return who would pay, if who asks may know what that member can pay."""
    who = wished or desk.actor.member
    member = refuse(ACCOUNT_UNKNOWN) if who is None else resolve_member(desk.book, who)
    if isinstance(member, Refused) or may_see(desk.actor, member.id):
        return member
    return refuse(FORBIDDEN, allowed="the payer")


def _leg(book: Book, network: bytes, member: Member, gets: str, address: str) -> tuple[Link, Account] | Refused:
    """Return over which link a currency of the payee's is paid, and from which account: of the same name if it can be.

    Otherwise the oldest link by which the payee gets it, in a currency of which the payer has an account.
    """
    accounts = book.ledger.accounts
    own = [
        link.settings.currency
        for link in book.of(Links).with_partner(network)
        if link.has_begun and link.theirs is not None and link.theirs.currency == gets
        if account_id(member.id, link.settings.currency) in accounts
    ]
    code = gets if gets in own or not own else own[0]
    link = choose_link(book, network, code if own else None, gets)
    if isinstance(link, Refused):
        return link
    if not own:
        return refuse(ACCOUNT_UNKNOWN, member=member.handle)
    return foreigner(book, code, address[:ADDRESS_CHARS_MAX]) or (link, accounts[account_id(member.id, code)])


def hear_mixed_wanted(desk: Desk, asker: bytes, wanted: QuoteWanted) -> tuple[Tell, ...]:
    """Answer a partner that would pay somebody here in several currencies: one invoice for all, or a refusal."""
    if wanted.also is None:
        return ()
    if wanted.route or wanted.of_payer or wanted.split or wanted.request is not None:
        return deny_quote(desk, asker, wanted.key, MIXED_DIRECT_ONLY)
    asked: list[LegAsked] = []
    for one in (wanted, *(_alone(wanted, also) for also in wanted.also)):
        link = line_asked(desk, asker, one)
        found = link if isinstance(link, Reason) else asked_here(desk.book, link, one)
        if isinstance(found, Reason):
            return deny_quote(desk, asker, wanted.key, found)
        asked.append(found)
    codes, owners = ({one.payee.currency for one in asked}, {owner_of(one.payee.id) for one in asked})
    if len(codes) < len(asked) or len(asked) < 2 or len(owners) > 1:
        return deny_quote(desk, asker, wanted.key, MALFORMED)
    answer = issue_invoice(desk, wanted, asked)
    if isinstance(answer, Reason):
        return deny_quote(desk, asker, wanted.key, answer)
    return deny_unaccepted(desk, asker, wanted.key, {one.link.id: one.hold_amount for one in asked}) or (answer,)


def _alone(wanted: QuoteWanted, also: LegWanted) -> QuoteWanted:
    """Return one more currency of a question as a question of its own."""
    return replace(wanted, link=also.link, amount=also.amount, scale=also.scale, currency=also.currency, also=None)


def hear_mixed_denied(desk: Desk, teller: bytes, denied: QuoteDenied) -> tuple[WishReady, ...]:
    """Take a denial that a member waits for: there is no other way."""
    if desk.book.of(MixedQuestions).taken(denied.key, teller) is None:
        return ()
    desk.book.of(Quotes).denied[denied.key] = refused_by(desk.book, denied.code, denied.network)
    return (WishReady(denied.key),)


def proceed(desk: Desk) -> Iterator[Tell | WishReady]:
    """Forget questions that nobody waits for any more."""
    questions = desk.book.of(MixedQuestions)
    questions.open = {key: one for key, one in questions.open.items() if one.until_ms >= desk.now}
    yield from ()
