# SPDX-License-Identifier: AGPL-3.0-or-later
"""Premiums: what buyers pay for a group of producers, which these spend together, by a vote among themselves."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Annotated

from protocol.book.accounts import account_id
from protocol.book.addresses import ADDRESS_CHARS_MAX, resolve_account, resolve_member
from protocol.book.arrivals import since
from protocol.book.declaration import At, Desk, Doc, Motion, Plan, Ref, Write
from protocol.book.money import Amount, minor_of, payable
from protocol.book.personal import text_refusal
from protocol.book.refusals import CURRENCY_MISMATCH, LIMIT_EXCEEDED, MALFORMED, Refused, foremost, refuse
from protocol.book.signed import uuid_text
from protocol.book.uuids import drawn_id
from protocol.book.wishes import Said
from protocol.practices.market.fairtrade.entries import (
    PREMIUM_TITLE_CHARS_MAX,
    PRODUCERS_MAX,
    PURPOSE_CHARS_MAX,
    PayPremium,
    PremiumOpened,
    PremiumPaid,
    PremiumSpent,
)
from protocol.practices.market.fairtrade.rules import fairtrade_refusal, premium_against, who_says
from protocol.practices.market.fairtrade.state import PREMIUM, Premium, Premiums, premium_named
from protocol.practices.money.currencies.entries import Code
from protocol.practices.people.authority import speaks_as
from protocol.wire.shape import AtMost


@dataclass(frozen=True, slots=True)
class OpenPremium:
    """Let a group of producers have a premium, which they alone spend; all members vote on it."""

    title: Annotated[str, AtMost(PREMIUM_TITLE_CHARS_MAX), Doc("what it is called, seen by all members")]
    currency: Annotated[Code, Ref("currencies"), Doc("the currency's code")]
    producers: Annotated[
        tuple[Annotated[str, AtMost(ADDRESS_CHARS_MAX)], ...],
        AtMost(PRODUCERS_MAX),
        Doc("the handles of who decides on it: one vote each"),
    ]


@dataclass(frozen=True, slots=True)
class SpendPremium:
    """Spend of a premium; its producers vote on it."""

    payee: Annotated[str, AtMost(ADDRESS_CHARS_MAX), Ref("members"), Doc("the handle of who is paid")]
    amount: Annotated[Amount, Doc("how much")]
    purpose: Annotated[str, AtMost(PURPOSE_CHARS_MAX), Doc("what for, seen by all members: a roof for the school")]


@dataclass(frozen=True, slots=True)
class PremiumsWanted:
    """All premiums."""


@dataclass(frozen=True, slots=True)
class SpendingShown:
    """What of a premium was spent."""

    at: Annotated[At, Doc("when")]
    payee: Annotated[str, Doc("the handle of who was paid")]
    amount: Amount
    purpose: Annotated[str, Doc("what for")]


@dataclass(frozen=True, slots=True)
class PremiumShown:
    """The premium of a group of producers, seen by all members."""

    id: Annotated[str, Doc("its id")]
    title: Annotated[str, Doc("what it is called")]
    currency: Annotated[str, Doc("the code of its currency")]
    producers: Annotated[tuple[str, ...], Doc("the handles of who decides on it")]
    held: Annotated[Amount, Doc("what it holds")]
    paid_in: Annotated[Amount, Doc("what was paid into it in all")]
    spent: Annotated[tuple[SpendingShown, ...], Doc("what was spent last, oldest first")]
    account: Annotated[str, Doc("the account in which it stands, with those of other groups of the currency")]
    opened_at: Annotated[At, Doc("since when there is one")]


def plan_open(desk: Desk, wish: OpenPremium) -> Plan | Refused:
    """Open a premium."""
    if refused := text_refusal("title", wish.title, PREMIUM_TITLE_CHARS_MAX):
        return refused
    if not wish.title.strip():
        return refuse(MALFORMED, field="title", expected="some words")
    members = [resolve_member(desk.book, name) for name in wish.producers]
    if unknown := next((one for one in members if isinstance(one, Refused)), None):
        return unknown
    producers = tuple(one.id for one in members if not isinstance(one, Refused))
    body = PremiumOpened(drawn_id(desk.chance), wish.title, wish.currency, producers)
    return fairtrade_refusal(desk.book, body) or Plan(uuid_text(body.premium), (Write(body),))


def plan_pay_premium(desk: Desk, id: str, said: Said[PayPremium]) -> Plan | Refused:
    """Pay into a premium."""
    told = said
    if said.member is None:
        member = speaks_as(desk, said.wish.member)
        if isinstance(member, Refused):
            return member
        told = replace(said, wish=replace(said.wish, member=member.id))
    if refused := premium_against(desk.book, told):
        return refused
    premium = desk.book.of(Premiums).by_id[told.wish.premium]
    amount = minor_of(told.wish.amount, premium.currency, desk.book.currencies[premium.currency].scale)
    assert isinstance(amount, int)
    account = desk.book.ledger.accounts[account_id(who_says(told), premium.currency)]
    return desk.book.ledger.debit_refusal(account, amount) or Plan(id, (Write(PremiumPaid(*told.held)),))


def producers_gate(desk: Desk, id: str, wish: SpendPremium) -> Motion | None:
    """Return the vote of its producers, by which alone a premium is spent."""
    del wish
    premium = premium_named(desk.book, id)
    return None if isinstance(premium, Refused) else premium.gate


def plan_spend(desk: Desk, id: str, wish: SpendPremium) -> Plan | Refused:
    """Spend of a premium, no more than it holds."""
    book, premium = desk.book, premium_named(desk.book, id)
    refused = text_refusal("purpose", wish.purpose, PURPOSE_CHARS_MAX)
    if isinstance(premium, Refused) or refused:
        return premium if isinstance(premium, Refused) else refused or refuse(MALFORMED)
    if not wish.purpose.strip():
        return refuse(MALFORMED, field="purpose", expected="what it is for")
    payee = resolve_account(book, wish.payee, premium.currency)
    amount = minor_of(wish.amount, premium.currency, book.currencies[premium.currency].scale)
    if isinstance(payee, Refused) or isinstance(amount, Refused):
        return foremost(*(one for one in (payee, amount) if isinstance(one, Refused))) or refuse(MALFORMED)
    if payee.currency != premium.currency:
        return refuse(CURRENCY_MISMATCH, currency=payee.currency)
    body = PremiumSpent(premium.id, payee.id, max(1, amount), wish.purpose)
    refused = payable(amount) or fairtrade_refusal(book, body) or _short(premium, amount)
    return refused or book.ledger.credit_refusal(payee, amount) or Plan(id, (Write(body),))


def _short(premium: Premium, amount: int) -> Refused | None:
    """Return LIMIT_EXCEEDED where a premium holds less."""
    left = premium.held_minor - amount
    if left >= 0:
        return None
    return refuse(
        LIMIT_EXCEEDED, available=premium.held_minor, missing=-left, limit=0, projected_balance=left,
        currency=premium.currency,
    )  # fmt: skip


def show_premium(desk: Desk, id: str) -> PremiumShown | Refused:
    """Show a premium."""
    found = premium_named(desk.book, id)
    return found if isinstance(found, Refused) else _shown(desk, found)


def list_premiums(desk: Desk, wanted: PremiumsWanted, after: int) -> Iterable[tuple[int, PremiumShown]]:
    """List premiums in the order in which they were opened."""
    del wanted
    found = since(list(desk.book.of(Premiums).by_id.values()), after)
    return ((cursor, _shown(desk, one)) for cursor, one in found)


def _shown(desk: Desk, premium: Premium) -> PremiumShown:
    book = desk.book
    return PremiumShown(
        id=uuid_text(premium.id),
        title=premium.title,
        currency=premium.currency,
        producers=tuple(book.members[name].handle for name in premium.producers),
        held=book.amount(premium.currency, premium.held_minor),
        paid_in=book.amount(premium.currency, premium.paid_minor),
        spent=tuple(
            SpendingShown(
                one.at_ms, book.members[one.payee].handle, book.amount(premium.currency, one.amount), one.purpose
            )
            for one in premium.spent
        ),
        account=PREMIUM.of(premium.currency),
        opened_at=premium.at_ms,
    )
