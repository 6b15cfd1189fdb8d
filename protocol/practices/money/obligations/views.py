# SPDX-License-Identifier: AGPL-3.0-or-later
"""Consents as members see them, and how they are revoked."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

from protocol.book.arrivals import since
from protocol.book.book import Book
from protocol.book.declaration import READERS, At, Desk, Doc, Entered, News
from protocol.book.ledger import Account
from protocol.book.money import Amount
from protocol.book.refusals import FORBIDDEN, NOT_FOUND, Refused, refuse
from protocol.book.requests import Request, RequestState
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.wishes import said_in
from protocol.practices.money.obligations.entries import Consented, ConsentRevoked, GiveConsent
from protocol.practices.money.obligations.state import Agreed, Consents, ConsentState
from protocol.practices.people.authority import may_see


@dataclass(frozen=True, slots=True)
class RevokeConsent:
    """Take it back: from now on nothing of yours is set off."""


@dataclass(frozen=True, slots=True)
class ConsentsWanted:
    """What you let be set off; for those who read all, everybody's."""

    state: Annotated[ConsentState | None, Doc("only those in this state")] = None


@dataclass(frozen=True, slots=True)
class ConsentShown:
    """What a member lets be set off."""

    id: Annotated[str, Doc("its UUID")]
    state: Annotated[ConsentState, Doc("whether it counts")]
    member: Annotated[str, Doc("the handle of who consented")]
    account: Annotated[str, Doc("the account")]
    requests: Annotated[tuple[str, ...], Doc("the payment requests of others that it lets be set off")]
    draw: Annotated[Amount, Doc("how far the balance may fall for it in all")]
    drawn: Annotated[Amount, Doc("how far the balance has fallen for it")]
    not_after: Annotated[At, Doc("until when it holds")]
    created_at: Annotated[At, Doc("when it was given")]
    owes: Annotated[Amount, Doc("what the member is asked to pay now, by open requests that name it")]
    owed: Annotated[Amount, Doc("what the member asks of others now, by open requests that name them")]


def news(book: Book, entered: Entered) -> Iterable[News]:
    match entered.body:
        case Consented() as body:
            name, word = said_in(book, body, GiveConsent).wish.consent or b"", "given"
        case ConsentRevoked(name):
            word = "revoked"
        case _:
            raise AssertionError(entered.body)
    account = book.ledger.accounts[book.of(Consents).by_id[name].account]
    yield News(f"set-off-consent.{word}", uuid_text(name), (account.member or "",))


def view_consent(desk: Desk, name: str) -> ConsentShown | Refused:
    agreed = desk.book.of(Consents).by_id.get(parse_uuid(name) or b"")
    if agreed is None:
        return refuse(NOT_FOUND)
    if not may_see(desk.actor, desk.book.ledger.accounts[agreed.account].member):
        return refuse(FORBIDDEN, allowed="the member itself")
    return _shown(desk, agreed)


def view_consents(desk: Desk, wanted: ConsentsWanted, after: int) -> Iterable[tuple[int, ConsentShown]]:
    found = list(desk.book.of(Consents).by_id.values())
    if desk.actor.role not in READERS:
        own = {account.id for account in desk.book.ledger.of_member(desk.actor.member or "")}
        found = [one for one in found if one.account in own]
    return (
        (cursor, _shown(desk, one))
        for cursor, one in since(found, after)
        if wanted.state in (None, one.state_at(desk.now))
    )


def _shown(desk: Desk, agreed: Agreed) -> ConsentShown:
    book = desk.book
    account = book.ledger.accounts[agreed.account]
    mine = list(_open_of(desk, account))

    def amount(minor: int) -> Amount:
        return book.amount(account.currency, minor)

    return ConsentShown(
        id=uuid_text(agreed.id),
        state=agreed.state_at(desk.now),
        member=book.name_of(account.id),
        account=account.id,
        requests=tuple(uuid_text(one) for one in sorted(agreed.requests)),
        draw=amount(agreed.draw_max_minor),
        drawn=amount(agreed.drawn_minor),
        not_after=agreed.not_after_ms,
        created_at=agreed.at_ms,
        owes=amount(sum(one.left_minor for one in mine if one.payer == account.member)),
        owed=amount(sum(one.left_minor for one in mine if one.payee == account.id)),
    )


def _open_of(desk: Desk, account: Account) -> Iterator[Request]:
    """Yield the obligations that are open now and concern an account."""
    book = desk.book
    for request in book.requests.find("member", account.member or ""):
        of_account = book.ledger.accounts[request.payee].currency == account.currency
        if of_account and request.payer is not None and request.state_at(desk.now) is RequestState.OPEN:
            yield request
