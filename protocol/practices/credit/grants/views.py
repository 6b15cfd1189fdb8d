# SPDX-License-Identifier: AGPL-3.0-or-later
"""Grants and circulation as people see them, and how grants are wished for."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

from protocol.book.addresses import ADDRESS_CHARS_MAX, resolve_member
from protocol.book.arrivals import since
from protocol.book.book import Book
from protocol.book.currency import Currency
from protocol.book.declaration import At, Desk, Doc, OneOf, Ref, RowsWanted, Uuid
from protocol.book.money import Amount
from protocol.book.refusals import CURRENCY_UNKNOWN, NOT_FOUND, Refused, refuse
from protocol.book.signed import Id16, parse_uuid, uuid_text
from protocol.lanes.entry import Millis
from protocol.practices.credit.circulation import (
    available_minor,
    cap_minor,
    circulating_minor,
    is_capped,
    is_near_cap,
    paper_minor,
    sellers_at,
)
from protocol.practices.credit.grants.state import GRANTS, SPONSORS, GrantState, MemberGrant, MemberGrants
from protocol.practices.market.index import IntentIndex
from protocol.practices.market.intents import OFFER_ITEMS, PARTS_OF_UNIT, due_for
from protocol.practices.money.currencies.entries import CODE_CHARS_MAX, Code
from protocol.wire.shape import AtMost


@dataclass(frozen=True, slots=True)
class RequestGrant:
    """Ask the group to begin with so much; you show an offer that is on the board, and others vouch for you."""

    currency: Annotated[Code, Ref("currencies"), Doc("the currency's code")]
    amount: Annotated[Amount, Doc("how much")]
    member: Annotated[
        str | None, AtMost(ADDRESS_CHARS_MAX), Ref("members"), Doc("the handle of who asks; default: yourself")
    ] = None
    offer: Annotated[
        Id16 | None, Uuid, Doc("the id of an offer of that member on the board; default: its oldest there")
    ] = None


@dataclass(frozen=True, slots=True)
class WithdrawGrant:
    """Ask for it no more; whoever asked may ask anew."""


@dataclass(frozen=True, slots=True)
class GrantsWanted:
    """All grants; every member sees to whom the group gave what, and who vouched."""

    member: Annotated[str | None, AtMost(ADDRESS_CHARS_MAX), Doc("only those of one member")] = None
    state: Annotated[GrantState | None, Doc("only those in this state")] = None


@dataclass(frozen=True, slots=True)
class GrantShown:
    """What a member asks to begin with, or was given."""

    id: Annotated[str, Doc("its UUID")]
    state: Annotated[GrantState, Doc("how far it has come")]
    member: Annotated[str, Doc("the handle of who asks")]
    amount: Annotated[Amount, Doc("how much")]
    offer: Annotated[str, Doc("the offer that was shown")]
    sponsors: Annotated[tuple[str, ...], Doc("the handles of those who vouch")]
    sponsors_missing: Annotated[int, Doc("how many more have to vouch")]
    requested_at: Annotated[At, Doc("when it was asked for")]
    issued_at: Annotated[At | None, Doc("when it came into circulation; null: it has not")]


@dataclass(frozen=True, slots=True)
class CirculationWanted:
    """What circulates, currency by currency."""


CIRCULATION_WARNINGS = ("NEAR_CAP", "OVER_ISSUED", "OFFERS_THIN")


@dataclass(frozen=True, slots=True)
class CirculationShown:
    """How much of a currency is in people's hands, for everybody to see, and how much may be."""

    currency: Annotated[str, Doc("the code of the currency")]
    circulating: Annotated[Amount, Doc("what members hold above zero, and what is on paper")]
    paper: Annotated[Amount, Doc("what is on paper of it")]
    granted: Annotated[Amount, Doc("what the group has granted in all")]
    sellers: Annotated[int, Doc("how many members have sold something of late")]
    cap: Annotated[Amount | None, Doc("how much may circulate; null: the group has set no cap, and grants nothing")]
    available: Annotated[Amount, Doc("how much more may be granted now")]
    over_issued: Annotated[Amount, Doc("by how much too much circulates")]
    offered: Annotated[Amount, Doc("what members offer on the board now; of what has no quantity, one")]
    warnings: Annotated[
        tuple[Annotated[str, OneOf(CIRCULATION_WARNINGS, more=True)], ...],
        Doc("NEAR_CAP: the cap is near; OVER_ISSUED: more circulates than it allows; OFFERS_THIN: less is offered"),
    ]


def warnings_of(book: Book, currency: str, at_ms: Millis) -> Iterator[str]:
    """Yield of what coordinators are warned at an hour."""
    if not is_capped(book, currency):
        return
    if available_minor(book, currency, at_ms) < 0:
        yield "OVER_ISSUED"
    elif circulating_minor(book, currency) and is_near_cap(book, currency, at_ms):
        yield "NEAR_CAP"
    if offered_minor(book, currency) < circulating_minor(book, currency):
        yield "OFFERS_THIN"


def offered_minor(book: Book, currency: str) -> int:
    """Return what members offer on the board now, in minor units: at this node, which hears the board as it is."""
    return sum(
        due_for(one.body.quantity or PARTS_OF_UNIT, price.minor)
        for one in book.of(IntentIndex).of_network(book.network)
        if one.kind is OFFER_ITEMS and currency in one.currencies
        for price in one.body.prices
        if price.currency == currency
    )


def view_grant(desk: Desk, name: str) -> GrantShown | Refused:
    found = desk.book.rows(GRANTS).get(parse_uuid(name) or b"")
    return refuse(NOT_FOUND) if found is None else _shown(desk.book, found)


def view_grants(desk: Desk, wanted: GrantsWanted, after: int, limit: int) -> RowsWanted | Refused:
    book, state = desk.book, wanted.state
    member = None if wanted.member is None else resolve_member(book, wanted.member)
    if isinstance(member, Refused):
        return member
    return RowsWanted(
        GRANTS,
        after,
        limit,
        lambda grant: _shown(book, grant),
        None if member is None else (("member", member.id),),
        None if state is None else lambda grant: grant.state is state,
        open_only=state is GrantState.REQUESTED,
    )


def _shown(book: Book, grant: MemberGrant) -> GrantShown:
    is_open = grant.state is GrantState.REQUESTED
    return GrantShown(
        id=uuid_text(grant.id),
        state=grant.state,
        member=book.members[grant.member].handle,
        amount=book.amount(grant.currency, grant.amount_minor),
        offer=uuid_text(grant.offer),
        sponsors=tuple(book.members[one].handle for one in grant.sponsors),
        sponsors_missing=max(0, book.parameter(SPONSORS) - len(grant.sponsors)) if is_open else 0,
        requested_at=grant.at_ms,
        issued_at=grant.issued_at_ms,
    )


def view_circulation(desk: Desk, code: str) -> CirculationShown | Refused:
    currency = desk.book.currencies.get(code)
    if currency is None:
        return refuse(CURRENCY_UNKNOWN, currency=code[:CODE_CHARS_MAX])
    return circulation_shown(desk, currency)


def view_circulations(desk: Desk, wanted: CirculationWanted, after: int) -> Iterable[tuple[int, CirculationShown]]:
    del wanted
    found = since(list(desk.book.currencies.values()), after)
    return ((cursor, circulation_shown(desk, one)) for cursor, one in found)


def circulation_shown(desk: Desk, currency: Currency) -> CirculationShown:
    """Return what circulates of a currency as everybody sees it."""
    book, code = desk.book, currency.code
    capped, available = is_capped(book, code), available_minor(book, code, desk.now)
    return CirculationShown(
        currency=code,
        circulating=book.amount(code, circulating_minor(book, code)),
        paper=book.amount(code, paper_minor(book, code)),
        granted=book.amount(code, book.of(MemberGrants).issued.get(code, 0)),
        sellers=sellers_at(book, code, desk.now),
        cap=book.amount(code, cap_minor(book, code, desk.now)) if capped else None,
        available=book.amount(code, max(0, available) if capped else 0),
        over_issued=book.amount(code, max(0, -available) if capped else 0),
        offered=book.amount(code, offered_minor(book, code)),
        warnings=tuple(warnings_of(book, code, desk.now)),
    )
