# SPDX-License-Identifier: AGPL-3.0-or-later
"""When cost sheets, premiums and references may stand, and what they change: the same answer on every node.

That a premium holds what is spent of it is the author's to check, as every limit is.
"""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from protocol.book.accounts import account_id
from protocol.book.book import Book
from protocol.book.declaration import Entered, Motion, News, ungated
from protocol.book.ledger import Posting
from protocol.book.money import minor_of, payable
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    CURRENCY_CLOSED,
    CURRENCY_MISMATCH,
    CURRENCY_UNKNOWN,
    DUPLICATE,
    FORBIDDEN,
    MALFORMED,
    MEMBER_UNKNOWN,
    NOT_FOUND,
    Reason,
    Refused,
    refuse,
)
from protocol.book.signed import uuid_text
from protocol.book.wishes import Said, said_in
from protocol.lanes.entry import Body
from protocol.practices.market.fairtrade.entries import (
    CostSheetPublished,
    PayPremium,
    PremiumOpened,
    PremiumPaid,
    PremiumSpent,
    PublishCostSheet,
    ReferenceNoted,
)
from protocol.practices.market.fairtrade.state import (
    PREMIUM,
    SIGNED_SHEETS,
    SPENDINGS_KEPT,
    KeptReference,
    Premium,
    Premiums,
    PremiumSpending,
    References,
    SignedSheet,
)
from protocol.practices.people.authority import not_said_by

OPENING_GATE = Motion()
PREMIUM_POSTED_AS = "premium"
_W = TypeVar("_W", PublishCostSheet, PayPremium)


def check(book: Book, entered: Entered) -> Reason | None:
    refused = book.misplaced(entered) or fairtrade_refusal(book, entered.body)
    return refused.reason if refused else None


def fairtrade_refusal(book: Book, body: Body) -> Refused | None:
    """Return why an entry may not stand."""
    match body:
        case CostSheetPublished():
            return sheet_against(book, body.sheet, said_in(book, body, PublishCostSheet))
        case PremiumOpened():
            return _against_opening(book, body)
        case PremiumPaid():
            return premium_against(book, said_in(book, body, PayPremium))
        case PremiumSpent():
            return _against_spending(book, body)
        case ReferenceNoted():
            if body.currency not in book.currencies:
                return refuse(CURRENCY_UNKNOWN, currency=body.currency)
            return refuse(DUPLICATE) if body.reference in book.of(References).by_id else None
        case _:
            raise AssertionError(body)


def who_says(said: Said[_W]) -> str:
    """Return the id of who says it: of whose key signed it, or of whom the wish names."""
    return said.wish.member or "" if said.member is None else said.member.id


def _unsaid(book: Book, said: Said[_W]) -> Refused | None:
    member = book.members.get(who_says(said))
    if member is None:
        return refuse(MEMBER_UNKNOWN, member=who_says(said))
    if said.wish.member not in (None, member.id):
        return refuse(FORBIDDEN, allowed="the member itself")
    return not_said_by(said, member, capped=False) or member.inactive()


def sheet_against(book: Book, id: bytes, said: Said[PublishCostSheet]) -> Refused | None:
    """Return why a cost sheet cannot be told under an id: another's, or not the one that it takes the place of."""
    known, wish = book.rows(SIGNED_SHEETS).get(id), said.wish
    if wish.sheet is None:
        return refuse(DUPLICATE) if known is not None else _unsaid(book, said)
    if known is None or wish.sheet != id:
        return refuse(NOT_FOUND)
    others = refuse(FORBIDDEN, allowed="whose cost sheet it is") if known.member != who_says(said) else None
    return _unsaid(book, said) or others


def _against_opening(book: Book, body: PremiumOpened) -> Refused | None:
    currency = book.currencies.get(body.currency)
    if currency is None:
        return refuse(CURRENCY_UNKNOWN, currency=body.currency)
    if body.premium in book.of(Premiums).by_id:
        return refuse(DUPLICATE)
    unknown = next((name for name in body.producers if name not in book.members), None)
    if unknown is not None:
        return refuse(MEMBER_UNKNOWN, member=unknown)
    if not body.producers or len(set(body.producers)) < len(body.producers):
        return refuse(MALFORMED, field="producers", expected="some, each once")
    if currency.closed:
        return refuse(CURRENCY_CLOSED, currency=body.currency)
    return ungated(book, OPENING_GATE)


def premium_against(book: Book, said: Said[PayPremium]) -> Refused | None:
    """Return why somebody cannot pay into a premium."""
    premium = book.of(Premiums).by_id.get(said.wish.premium)
    if premium is None:
        return refuse(NOT_FOUND)
    if refused := _unsaid(book, said):
        return refused
    currency = book.currencies[premium.currency]
    amount = minor_of(said.wish.amount, premium.currency, currency.scale)
    refused = amount if isinstance(amount, Refused) else payable(amount)
    account = account_id(who_says(said), premium.currency)
    if refused is not None or isinstance(amount, Refused):
        return refused
    if account not in book.ledger.accounts:
        return refuse(ACCOUNT_UNKNOWN, member=book.members[who_says(said)].handle)
    if currency.closed:
        return refuse(CURRENCY_CLOSED, currency=premium.currency)
    return book.ledger.uncountable((account, -amount), (PREMIUM.of(premium.currency), amount))


def _against_spending(book: Book, body: PremiumSpent) -> Refused | None:
    premium, payee = book.of(Premiums).by_id.get(body.premium), book.ledger.accounts.get(body.payee)
    if premium is None:
        return refuse(NOT_FOUND)
    if payee is None or payee.member is None:
        return refuse(ACCOUNT_UNKNOWN, member=body.payee)
    if payee.currency != premium.currency:
        return refuse(CURRENCY_MISMATCH, currency=payee.currency)
    if book.currencies[premium.currency].closed:
        return refuse(CURRENCY_CLOSED, currency=premium.currency)
    changes = (PREMIUM.of(premium.currency), -body.amount), (payee.id, body.amount)
    return book.ledger.uncountable(*changes) or ungated(book, premium.gate)


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body, premiums = entered.body, book.of(Premiums).by_id
    match body:
        case CostSheetPublished():
            _tell(book, entered, body)
        case PremiumOpened():
            premiums[body.premium] = Premium(
                body.premium, len(premiums) + 1, body.title, body.currency, body.producers, entered.seq, entered.at_ms
            )
        case PremiumPaid():
            said = said_in(book, body, PayPremium)
            premium = premiums[said.wish.premium]
            amount = minor_of(said.wish.amount, premium.currency, book.currencies[premium.currency].scale)
            assert isinstance(amount, int)
            premium.held_minor += amount
            premium.paid_minor += amount
            return _moved(account_id(who_says(said), premium.currency), PREMIUM.of(premium.currency), amount)
        case PremiumSpent():
            premium = premiums[body.premium]
            premium.held_minor -= body.amount
            payee = book.owner_of(body.payee)
            spending = PremiumSpending(entered.at_ms, payee, body.amount, body.purpose)
            premium.spent = (*premium.spent, spending)[-SPENDINGS_KEPT:]
            return _moved(PREMIUM.of(premium.currency), body.payee, body.amount)
        case ReferenceNoted():
            book.of(References).by_id[body.reference] = KeptReference(body, entered.seq)
        case _:
            raise AssertionError(body)
    return ()


def _tell(book: Book, entered: Entered, body: CostSheetPublished) -> None:
    said, rows = said_in(book, body, PublishCostSheet), book.rows(SIGNED_SHEETS)
    by_key = said.device is not None
    if body.sheet not in rows:
        rows.add(SignedSheet(body.sheet, entered.seq, who_says(said), entered.at_ms, by_key))
    else:
        sheet = rows.change(body.sheet)
        sheet.at_ms, sheet.by_key = entered.at_ms, by_key
        sheet.versions += 1


def _moved(source: str, target: str, amount: int) -> Sequence[Posting]:
    return (
        Posting(source, -amount, PREMIUM_POSTED_AS, None, target),
        Posting(target, amount, PREMIUM_POSTED_AS, None, source),
    )


def news(book: Book, entered: Entered) -> Iterable[News]:
    """Tell producers of their premium, and whoever listens of cost sheets."""
    body = entered.body
    match body:
        case CostSheetPublished():
            yield News("cost-sheet.published", uuid_text(body.sheet), (book.rows(SIGNED_SHEETS)[body.sheet].member,))
        case PremiumOpened():
            yield News("premium.opened", uuid_text(body.premium), body.producers)
        case PremiumPaid():
            said = said_in(book, body, PayPremium)
            premium = book.of(Premiums).by_id[said.wish.premium]
            yield News(
                "premium.paid", uuid_text(premium.id), tuple(dict.fromkeys((who_says(said), *premium.producers)))
            )
        case PremiumSpent():
            premium, payee = book.of(Premiums).by_id[body.premium], book.owner_of(body.payee)
            yield News("premium.spent", uuid_text(body.premium), tuple(dict.fromkeys((payee, *premium.producers))))
        case ReferenceNoted():
            yield News("reference-price.noted", uuid_text(body.reference))
        case _:
            raise AssertionError(body)
