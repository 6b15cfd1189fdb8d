# SPDX-License-Identifier: AGPL-3.0-or-later
"""When a consent may stand, be drawn on and revoked."""

from collections.abc import Sequence
from dataclasses import replace

from protocol.book.accounts import account_id
from protocol.book.addresses import local_part, resolve_account
from protocol.book.book import Book
from protocol.book.declaration import Desk, Entered, Plan, Write
from protocol.book.ledger import Posting
from protocol.book.money import minor_of, payable
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    CURRENCY_MISMATCH,
    DUPLICATE,
    FORBIDDEN,
    MALFORMED,
    NOT_FOUND,
    ORDER_EXPIRED,
    ORDER_MISMATCH,
    Reason,
    Refused,
    refuse,
)
from protocol.book.requests import Request
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.wishes import Said, said_in
from protocol.lanes.entry import Body, Millis
from protocol.practices.money.obligations.entries import Consented, ConsentRevoked, GiveConsent
from protocol.practices.money.obligations.state import CONSENT_LIFE, Agreed, Consents
from protocol.practices.money.obligations.views import RevokeConsent
from protocol.practices.people.authority import acts_for, not_said_by


def check(book: Book, entered: Entered) -> Reason | None:
    refused = book.misplaced(entered) or _against(book, entered.body, entered.at_ms)
    return refused.reason if refused else None


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    consents = book.of(Consents)
    match entered.body:
        case Consented() as body:
            wish = said_in(book, body, GiveConsent).wish
            draw = _draw(book, wish)
            assert wish.account is not None and wish.consent is not None and not isinstance(draw, Refused)
            before = consents.newest.get(wish.account)
            if before is not None and CONSENT_LIFE.allows(before.state, body.KIND):
                before.state = CONSENT_LIFE.after(before.state, body.KIND)
            agreed = Agreed(
                wish.consent,
                wish.account,
                frozenset(wish.requests),
                draw,
                wish.not_after,
                entered.seq,
                entered.at_ms,
                state=CONSENT_LIFE.after(None, body.KIND),
            )
            consents.by_id[agreed.id] = consents.newest[agreed.account] = agreed
        case ConsentRevoked(name):
            agreed = consents.by_id[name]
            agreed.state = CONSENT_LIFE.after(agreed.state, entered.body.KIND)
        case _:
            raise AssertionError(entered.body)
    return ()


def debtor_account(book: Book, request: Request) -> str | None:
    """Return the account that owes what a request asks for; None where it names nobody or nobody's account."""
    if request.payer is None:
        return None
    name = account_id(request.payer, book.ledger.accounts[request.payee].currency)
    return name if name in book.ledger.accounts else None


def _against(book: Book, body: Body, at_ms: Millis) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    match body:
        case Consented():
            return _against_consent(book, said_in(book, body, GiveConsent), at_ms)
        case ConsentRevoked(name):
            agreed = book.of(Consents).by_id.get(name)
            if agreed is None:
                return refuse(NOT_FOUND)
            return CONSENT_LIFE.conflict(agreed.state, body.KIND)
        case _:
            raise AssertionError(body)


def _against_consent(book: Book, said: Said[GiveConsent], at_ms: Millis) -> Refused | None:
    wish = said.wish
    account = book.ledger.accounts.get(wish.account or "")
    if account is None or account.member is None:
        return refuse(ACCOUNT_UNKNOWN, member=wish.account or "")
    member = book.members[account.member]
    draw = _draw(book, wish)
    refused = (draw if isinstance(draw, Refused) else None) or not_said_by(said, member, capped=False)
    if refused:
        return refused
    for name in wish.requests:
        request = book.requests.get(name)
        if request is None:
            return refuse(NOT_FOUND)
        if debtor_account(book, request) != account.id:
            return refuse(ORDER_MISMATCH, field="requests")
    if wish.consent in book.of(Consents).by_id:
        return refuse(DUPLICATE)
    if at_ms > wish.not_after:
        return refuse(ORDER_EXPIRED)
    if wish.currency not in (None, account.currency):
        return refuse(CURRENCY_MISMATCH, currency=account.currency)
    return member.inactive()


def _draw(book: Book, wish: GiveConsent) -> int | Refused:
    """Return how far the balance may fall, in minor units of the account's currency."""
    if wish.draw is None or not wish.draw.value:
        return 0
    code = book.ledger.accounts[wish.account or ""].currency
    found = minor_of(wish.draw, code, book.currencies[code].scale)
    return found if isinstance(found, Refused) else payable(found) or found


def plan_give(desk: Desk, said: Said[GiveConsent]) -> Plan | Refused:
    if said.signed is None:
        told = _told(desk, said.wish)
        if isinstance(told, Refused):
            return told
        said = replace(said, wish=told)
    refused = _against_consent(desk.book, said, desk.now)
    return refused or Plan(uuid_text(said.wish.consent or b""), (Write(Consented(*said.held)),))


def _told(desk: Desk, wish: GiveConsent) -> GiveConsent | Refused:
    """Return the wish that a member without a key, or a steward for it, tells, with the account by its id."""
    book = desk.book
    address = desk.actor.member if wish.account is None else wish.account
    if address is None:
        return refuse(MALFORMED, field="account", expected="a value")
    code = wish.currency if wish.draw is None or wish.draw.asset_code is None else wish.draw.asset_code
    account = resolve_account(book, local_part(book, address) or address, code)
    if isinstance(account, Refused):
        return account
    if account.member is None or not acts_for(desk.actor, book.members[account.member]):
        return refuse(FORBIDDEN, allowed="the member itself")
    return replace(wish, account=account.id)


def plan_revoke(desk: Desk, name: str, wish: RevokeConsent) -> Plan | Refused:
    del wish
    book = desk.book
    agreed = book.of(Consents).by_id.get(parse_uuid(name) or b"")
    if agreed is None:
        return refuse(NOT_FOUND)
    if not acts_for(desk.actor, book.members[book.ledger.accounts[agreed.account].member or ""]):
        return refuse(FORBIDDEN, allowed="the member itself")
    body = ConsentRevoked(agreed.id)
    return _against(book, body, desk.now) or Plan(name, (Write(body),))
