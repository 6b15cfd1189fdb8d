# SPDX-License-Identifier: AGPL-3.0-or-later
"""When a grant may be asked for, vouched for and issued: one for each person, who has an offer and two who vouch.

That there is such an offer and that the cap leaves so much is the author's to check: offers are on boards, which nodes
hear of at different hours, and no limit is looked at twice.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import assert_never

from protocol.book.accounts import account_id
from protocol.book.addresses import resolve_member
from protocol.book.book import Book
from protocol.book.declaration import Desk, Entered, Errand, News, Plan, Role, Urgency, Write
from protocol.book.ledger import Posting
from protocol.book.members import Member
from protocol.book.money import minor_of, payable
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    CURRENCY_CLOSED,
    CURRENCY_UNKNOWN,
    DUPLICATE,
    FORBIDDEN,
    MALFORMED,
    MEMBER_UNKNOWN,
    NOT_FOUND,
    Reason,
    Refused,
    Stage,
    foremost,
    refuse,
)
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Said, said_in
from protocol.practices.credit.circulation import (
    available_minor,
    circulating_minor,
    is_capped,
    is_near_cap,
    over_issue,
)
from protocol.practices.credit.grants.entries import (
    GrantIssued,
    GrantRequested,
    GrantSponsored,
    GrantWithdrawn,
    SponsorGrant,
)
from protocol.practices.credit.grants.state import GRANT_LIFE, GRANTS, ISSUE, SPONSORS, MemberGrant, MemberGrants
from protocol.practices.credit.grants.views import RequestGrant, WithdrawGrant, offered_minor
from protocol.practices.market.heard import IntentSearch
from protocol.practices.market.index import found_intents
from protocol.practices.market.intents import OFFER_ITEMS
from protocol.practices.market.pinned import member_of, own_item
from protocol.practices.people.authority import acts_for, not_said_by

GRANTED_BEFORE = Reason(
    "GRANTED_BEFORE",
    Stage.RULE,
    409,
    "A member is granted something once",
    "{member} has a grant in {currency}, or asks for one. Nothing was asked for twice.",
    heading="{member} has had a grant",
    ways=("see grants: mutirao grants list --member {member}", "earn more: offer what others need"),
)
OFFER_NEEDED = Reason(
    "OFFER_NEEDED",
    Stage.RULE,
    422,
    "Whoever asks for a grant has to have an offer on the board",
    "{member} has no such offer on the board now. Nothing was granted.",
    heading="{member} has to offer something first",
    ways=("publish what you have for others: mutirao offers publish", "look at your offers: mutirao offers list"),
)
SPONSORS_MISSING = Reason(
    "SPONSORS_MISSING",
    Stage.RULE,
    422,
    "Not enough members vouch for this grant",
    "{vouching} of {needed} members vouch for it. Nothing was granted.",
    heading="{lacking} more have to vouch",
    ways=("ask members who know you to vouch: mutirao grants sponsor",),
)

GrantSaid = GrantRequested | GrantSponsored | GrantIssued | GrantWithdrawn


def check(book: Book, entered: Entered) -> Reason | None:
    assert isinstance(entered.body, GrantSaid)
    refused = book.misplaced(entered) or _against(book, entered.body)
    return refused.reason if refused else None


def _against(book: Book, body: GrantSaid) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    match body:
        case GrantRequested():
            return _against_request(book, body)
        case GrantSponsored():
            return _against_sponsor(book, said_in(book, body, SponsorGrant))
        case GrantIssued(name):
            grant = book.rows(GRANTS).get(name)
            if grant is None:
                return refuse(NOT_FOUND)
            return GRANT_LIFE.conflict(grant.state, body.KIND) or _against_issue(book, grant, len(grant.sponsors))
        case GrantWithdrawn(name):
            grant = book.rows(GRANTS).get(name)
            return refuse(NOT_FOUND) if grant is None else GRANT_LIFE.conflict(grant.state, body.KIND)
        case _:
            assert_never(body)


def _against_request(book: Book, body: GrantRequested) -> Refused | None:
    currency, member = book.currencies.get(body.currency), book.members.get(body.member)
    if currency is None:
        return refuse(CURRENCY_UNKNOWN, currency=body.currency)
    if member is None:
        return refuse(MEMBER_UNKNOWN, member=body.member)
    if body.grant in book.rows(GRANTS):
        return refuse(DUPLICATE)
    if account_id(member.id, currency.code) not in book.ledger.accounts:
        return member.inactive() or refuse(ACCOUNT_UNKNOWN, member=member.handle)
    if refused := member.inactive():
        return refused
    if currency.closed:
        return refuse(CURRENCY_CLOSED, currency=currency.code)
    if member.id in book.of(MemberGrants).members.get(currency.code, ()):
        return refuse(GRANTED_BEFORE, member=member.handle, currency=currency.code)
    return None


def _against_sponsor(book: Book, said: Said[SponsorGrant]) -> Refused | None:
    """Return why somebody may not vouch for a grant."""
    name, grant = _who_vouches(said), book.rows(GRANTS).get(said.wish.grant)
    member = book.members.get(name)
    if member is None:
        return refuse(MEMBER_UNKNOWN, member=name)
    refused = not_said_by(said, member, capped=False)
    if refused or grant is None:
        return refused or refuse(NOT_FOUND)
    if member.id == grant.member:
        return refuse(FORBIDDEN, allowed="other members than who asks")
    if member.id in grant.sponsors:
        return refuse(DUPLICATE)
    return GRANT_LIFE.conflict(grant.state, GrantSponsored.KIND) or member.inactive()


def _who_vouches(said: Said[SponsorGrant]) -> str:
    """Return the id of the member who vouches: the one that the wish names, or whose key has signed it."""
    return said.wish.member or ("" if said.member is None else said.member.id)


def _against_issue(book: Book, grant: MemberGrant, vouching: int) -> Refused | None:
    """Return why a grant for which so many vouch may not be issued; no limit is looked at."""
    needed, account = book.parameter(SPONSORS), account_id(grant.member, grant.currency)
    if refused := book.members[grant.member].inactive():
        return refused
    if book.currencies[grant.currency].closed:
        return refuse(CURRENCY_CLOSED, currency=grant.currency)
    if vouching < needed:
        return refuse(SPONSORS_MISSING, vouching=vouching, needed=needed, lacking=needed - vouching)
    amount = grant.amount_minor
    return book.ledger.uncountable((account, amount), (ISSUE.of(grant.currency), -amount))


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body, grants = entered.body, book.rows(GRANTS)
    assert isinstance(body, GrantSaid)
    match body:
        case GrantRequested():
            state = GRANT_LIFE.after(None, body.KIND)
            grants.add(
                MemberGrant(body.grant, body.member, body.currency, body.amount, body.offer, entered.at_ms, state)
            )
            book.of(MemberGrants).members.setdefault(body.currency, set()).add(body.member)
            return ()
        case GrantSponsored():
            said = said_in(book, body, SponsorGrant)
            grant = grants.change(said.wish.grant)
            grant.sponsors = (*grant.sponsors, _who_vouches(said))
            return ()
        case GrantWithdrawn(name):
            grant = grants.change(name)
            grant.state = GRANT_LIFE.after(grant.state, body.KIND)
            book.of(MemberGrants).members[grant.currency].discard(grant.member)
            return ()
        case GrantIssued(name):
            return _issue(book, grants.change(name), entered)
        case _:
            assert_never(body)


def _issue(book: Book, grant: MemberGrant, entered: Entered) -> Sequence[Posting]:
    grant.state, grant.issued_at_ms = GRANT_LIFE.after(grant.state, entered.body.KIND), entered.at_ms
    issued = book.of(MemberGrants).issued
    issued[grant.currency] = issued.get(grant.currency, 0) + grant.amount_minor
    account, issue = account_id(grant.member, grant.currency), ISSUE.of(grant.currency)
    return (
        Posting(issue, -grant.amount_minor, "grant", None, account),
        Posting(account, grant.amount_minor, "grant", None, issue),
    )


def news(book: Book, entered: Entered) -> Iterable[News]:
    body = entered.body
    assert isinstance(body, GrantSaid)
    name = said_in(book, body, SponsorGrant).wish.grant if isinstance(body, GrantSponsored) else body.grant
    grant = book.rows(GRANTS)[name]
    yield News(f"grant.{body.KIND.partition('/')[2]}", uuid_text(name), (grant.member,))
    if isinstance(body, GrantIssued) and is_near_cap(book, grant.currency, entered.at_ms):
        yield News("circulation.near-cap", grant.currency)


def plan_request(desk: Desk, wish: RequestGrant) -> Plan | Refused:
    book = desk.book
    currency = book.currencies.get(wish.currency)
    address = desk.actor.member if wish.member is None else wish.member
    member = (
        refuse(MALFORMED, field="member", expected="a handle") if address is None else resolve_member(book, address)
    )
    if currency is None or isinstance(member, Refused):
        unknown = refuse(CURRENCY_UNKNOWN, currency=wish.currency) if currency is None else None
        return foremost(unknown, member if isinstance(member, Refused) else None) or refuse(MALFORMED)
    amount = minor_of(wish.amount, currency.code, currency.scale)
    refused = amount if isinstance(amount, Refused) else payable(amount)
    refused = foremost(refused, _not_asking(desk, member))
    if refused or isinstance(amount, Refused):
        return refused or refuse(MALFORMED)
    offer = _offer_of(desk, member, wish.offer)
    shown = bytes(16) if isinstance(offer, Refused) else offer
    body = GrantRequested(book.drawn(drawn_id(desk.chance)), member.id, currency.code, amount, shown)
    refused = _against(book, body) or (offer if isinstance(offer, Refused) else None)
    refused = refused or over_issue(book, currency.code, amount, desk.now)
    refused = refused or book.ledger.credit_refusal(book.ledger.accounts[account_id(member.id, currency.code)], amount)
    return refused or Plan(uuid_text(body.grant), (Write(body),))


def _not_asking(desk: Desk, member: Member) -> Refused | None:
    if acts_for(desk.actor, member) or desk.actor.role is Role.STEWARD:
        return None
    return refuse(FORBIDDEN, allowed="the member itself")


def _offer_of(desk: Desk, member: Member, name: bytes | None) -> bytes | Refused:
    """Return the id of an offer that a member has on the board now: the one it shows, or its oldest."""
    book = desk.book
    if name is not None:
        found = own_item(book, uuid_text(name), OFFER_ITEMS)
        is_its = not isinstance(found, Refused) and member_of(book, found[1]) is member
        return name if is_its else refuse(OFFER_NEEDED, member=member.handle)
    search = IntentSearch(network=book.network, member=member.handle)
    first = next(iter(found_intents(book, OFFER_ITEMS, search, 0)), None)
    return refuse(OFFER_NEEDED, member=member.handle) if first is None else first.item.said.item


def plan_sponsor(desk: Desk, name: str, said: Said[SponsorGrant]) -> Plan | Refused:
    book = desk.book
    if said.signed is None:
        told = _told(desk, said.wish)
        if isinstance(told, Refused):
            return told
        said = replace(said, wish=told)
    refused = _against_sponsor(book, said)
    if refused:
        return refused
    grant, writes = book.rows(GRANTS)[said.wish.grant], (Write(GrantSponsored(*said.held)),)
    vouching = len(grant.sponsors) + 1
    if vouching < book.parameter(SPONSORS):
        return Plan(name, writes)
    # The last signature issues it, where the group's rules let it: else nothing is signed, and all may be tried again.
    offer = _offer_of(desk, book.members[grant.member], grant.offer)
    refused = _against_issue(book, grant, vouching) or (offer if isinstance(offer, Refused) else None)
    refused = refused or over_issue(book, grant.currency, grant.amount_minor, desk.now)
    account = book.ledger.accounts[account_id(grant.member, grant.currency)]
    refused = refused or book.ledger.credit_refusal(account, grant.amount_minor)
    return refused or Plan(name, (*writes, Write(GrantIssued(grant.id))))


def _told(desk: Desk, wish: SponsorGrant) -> SponsorGrant | Refused:
    """Return the wish that a member without a key, or a steward for it, tells, with the member by its id."""
    address = desk.actor.member if wish.member is None else wish.member
    if address is None:
        return refuse(MALFORMED, field="member", expected="a handle")
    member = resolve_member(desk.book, address)
    if isinstance(member, Refused):
        return member
    return replace(wish, member=member.id) if acts_for(desk.actor, member) else refuse(FORBIDDEN, allowed="the member")


def plan_withdraw(desk: Desk, name: str, wish: WithdrawGrant) -> Plan | Refused:
    del wish
    grant = desk.book.rows(GRANTS).get(parse_uuid(name) or b"")
    if grant is None:
        return refuse(NOT_FOUND)
    body = GrantWithdrawn(grant.id)
    refused = foremost(_not_asking(desk, desk.book.members[grant.member]), _against(desk.book, body))
    return refused or Plan(name, (Write(body),))


def week(desk: Desk) -> Iterator[Errand]:
    """Yield in which currencies the cap is near, or passed."""
    book, now = desk.book, desk.now
    for code, currency in book.currencies.items():
        if currency.closed or not is_capped(book, code):
            continue
        available, circulates = available_minor(book, code, now), circulating_minor(book, code)
        if offered_minor(book, code) < circulates:
            yield Errand(
                code,
                code,
                "circulation.offers_thin",
                f"less is offered in {code} than circulates",
                "circulation.show",
                Urgency.NEAR_LIMIT,
                figure=book.amount(code, circulates),
            )
        if available < 0:
            yield Errand(
                code,
                code,
                "circulation.over_issued",
                f"more {code} circulates than the cap allows; nothing is granted",
                "circulation.show",
                Urgency.STOPPED,
                figure=book.amount(code, -available),
            )
        elif circulates and is_near_cap(book, code, now):
            yield Errand(
                code,
                code,
                "circulation.near_cap",
                f"what circulates of {code} is near the cap",
                "circulation.show",
                Urgency.NEAR_LIMIT,
                figure=book.amount(code, available),
            )
