# SPDX-License-Identifier: AGPL-3.0-or-later
"""When a set-off may stand, and what it settles."""

from collections.abc import Iterable, Mapping, Sequence

from protocol.book.book import Book
from protocol.book.declaration import Desk, Entered, News, Plan, Write
from protocol.book.ledger import Posting
from protocol.book.refusals import (
    AMOUNT_NOT_POSITIVE,
    AMOUNT_TOO_LARGE,
    CURRENCY_CLOSED,
    CURRENCY_MISMATCH,
    CURRENCY_UNKNOWN,
    DUPLICATE,
    MALFORMED,
    NOT_FOUND,
    STATE_CONFLICT,
    Reason,
    Refused,
    refuse,
)
from protocol.book.requests import REQUEST_LIFE
from protocol.book.signed import uuid_text
from protocol.book.uuids import drawn_id
from protocol.lanes.entry import Millis
from protocol.practices.money.obligations.rules import debtor_account
from protocol.practices.money.obligations.state import Consents
from protocol.practices.money.payments.paying import REQUEST_CLOSED
from protocol.practices.money.payments.transfers import reserved
from protocol.practices.money.setoffs.entries import CONSENT_EXCEEDED, SetOffMade
from protocol.practices.money.setoffs.finding import largest_now, refusing
from protocol.practices.money.setoffs.state import Made, Party, SetOffs, ends_of, parties_of
from protocol.practices.money.setoffs.views import ClearObligations, previewed


def check(book: Book, entered: Entered) -> Reason | None:
    assert isinstance(entered.body, SetOffMade)
    refused = book.misplaced(entered) or _against(book, entered.body, entered.at_ms)
    return refused.reason if refused else None


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body = entered.body
    assert isinstance(body, SetOffMade)
    parties = parties_of(book, body.shares)
    ends = tuple(ends_of(book, share) for share in body.shares)
    made = Made(body.set_off, body.currency, entered.seq, entered.at_ms, body.shares, ends, parties)
    set_offs, consents = book.of(SetOffs), book.of(Consents)
    set_offs.by_id[made.id] = made
    for share in body.shares:
        book.requests.change(share.request).set_off(share.amount, entered.body.KIND)
    postings: list[Posting] = []
    for account, party in parties.items():
        set_offs.of_account.setdefault(account, []).append(made)
        party.before_minor = book.ledger.accounts[account].balance_minor
        if party.change_minor:
            postings.append(Posting(account, party.change_minor, "set-off"))
        consents.newest[account].drawn_minor += max(0, -party.change_minor)
    return postings


def news(book: Book, entered: Entered) -> Iterable[News]:
    assert isinstance(entered.body, SetOffMade)
    made = book.of(SetOffs).by_id[entered.body.set_off]
    members = (book.ledger.accounts[account].member for account in made.parties)
    yield News("set-off.made", uuid_text(made.id), tuple(member for member in members if member is not None))


def _against(book: Book, body: SetOffMade, at_ms: Millis) -> Refused | None:
    """Return why a set-off may not stand: the same answer on every node.

    How far a balance may fall is what its member has consented to, without which there is no debit, and so every
    node looks at it; the limits of accounts are the author's to look at.
    """
    names = [share.request for share in body.shares]
    if not names or names != sorted(set(names)):
        return refuse(MALFORMED, field="shares", expected="shares in the order of their requests")
    if any(share.amount <= 0 for share in body.shares):
        return refuse(AMOUNT_NOT_POSITIVE)
    currency = book.currencies.get(body.currency)
    if currency is None:
        return refuse(CURRENCY_UNKNOWN, currency=body.currency)
    if body.set_off in book.of(SetOffs).by_id:
        return refuse(DUPLICATE)
    if currency.closed:
        return refuse(CURRENCY_CLOSED, currency=body.currency)
    book.requests.need(share.request for share in body.shares)
    for share in body.shares:
        request = book.requests.get(share.request)
        if request is None:
            return refuse(NOT_FOUND)
        debtor = debtor_account(book, request)
        if debtor is None or book.ledger.accounts[debtor].currency != body.currency:
            return refuse(CURRENCY_MISMATCH, currency=body.currency)
        state = request.state_at(at_ms)
        if not REQUEST_LIFE.allows(state, body.KIND):
            return refuse(REQUEST_CLOSED, state=state.value)
        if share.amount > request.left_minor:
            return refuse(AMOUNT_TOO_LARGE, maximum=request.left_minor)
        refused = refusing(book, request, debtor, at_ms)
        if refused:
            return refused
    return _drawn_too_far(book, parties_of(book, body.shares))


def _drawn_too_far(book: Book, parties: Mapping[str, Party]) -> Refused | None:
    for name, party in parties.items():
        agreed, account = book.of(Consents).newest[name], book.ledger.accounts[name]
        if -party.change_minor > agreed.room_minor:
            return refuse(CONSENT_EXCEEDED, available=agreed.room_minor, currency=account.currency)
        refused = book.ledger.uncountable((name, party.change_minor + max(0, reserved(account))))
        if refused:
            return refused
    return None


def plan_clear(desk: Desk, code: str, wish: ClearObligations) -> Plan | Refused:
    del wish
    book = desk.book
    found = largest_now(book, code, desk.now)
    if isinstance(found, Refused):
        return found
    if not found.shares:
        return refuse(STATE_CONFLICT, state="nothing to set off")
    body = SetOffMade(drawn_id(desk.chance), code, found.shares)
    refused = _against(book, body, desk.now)
    if refused:
        return refused
    for name, party in parties_of(book, found.shares).items():
        account, change = book.ledger.accounts[name], party.change_minor
        assert change >= 0 or book.ledger.debit_refusal(account, -change) is None
        assert change <= 0 or book.ledger.credit_refusal(account, change) is None
    name = uuid_text(body.set_off)
    return Plan(code, (Write(body),), answer=previewed(book, code, desk.now, found, name))
