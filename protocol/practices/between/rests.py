# SPDX-License-Identifier: AGPL-3.0-or-later
"""Rests: what rates and rounding have left on our mirror account of a partner with whom nothing is owed any more.

It goes to the account of exchange by itself, each time that neither side owes the other on a link, and from there the
group collects it; what stands there of a partner that is written off goes by a steward's word. That nothing is owed is
the author's to check: the link's lane is another, and nodes may hear of it later.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar

from protocol.book.accounts import exchange_account
from protocol.book.book import Book
from protocol.book.declaration import STEWARDS, Act, Desk, Entered, News, Plan, Practice, Write
from protocol.book.ledger import Posting
from protocol.book.promised import beyond_promised
from protocol.book.refusals import ACCOUNT_UNKNOWN, STATE_CONFLICT, Reason, Refused, refuse
from protocol.book.signed import AccountId
from protocol.practices.between.abroad.state import Forwards
from protocol.practices.between.links.entries import MIRROR_PREFIX, link_account
from protocol.practices.between.links.link import Link, LinkState
from protocol.practices.between.links.talk import RESOLVE
from protocol.practices.between.links.views import find_link
from protocol.practices.between.writeoffs.rules import closes_without_partner
from protocol.wire.keys import id_text


@dataclass(frozen=True, slots=True)
class RestSwept:
    """What a link on which nothing is owed has left on a partner's mirror account is exchange's from now on."""

    KIND: ClassVar[str] = "rests/swept"
    account: AccountId


@dataclass(frozen=True, slots=True)
class SweepLink:
    """Move what changed rates have left on a closed link's account to the account of exchange."""


def check(book: Book, entered: Entered) -> Reason | None:
    assert isinstance(entered.body, RestSwept)
    refused = book.misplaced(entered) or _against(book, entered.body)
    return refused.reason if refused else None


def _against(book: Book, body: RestSwept) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    account = book.ledger.accounts.get(body.account)
    if account is None or not account.id.startswith(MIRROR_PREFIX):
        return refuse(ACCOUNT_UNKNOWN, member=body.account)
    if not account.balance_minor:
        return refuse(STATE_CONFLICT, state="at zero")
    return book.ledger.uncountable((exchange_account(account.currency), account.balance_minor))


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    assert isinstance(entered.body, RestSwept)
    account = book.ledger.accounts[entered.body.account]
    exchange, amount = exchange_account(account.currency), account.balance_minor
    return (
        Posting(account.id, -amount, "rounding", None, exchange),
        Posting(exchange, amount, "rounding", None, account.id),
    )


def news(book: Book, entered: Entered) -> Iterable[News]:
    del book
    assert isinstance(entered.body, RestSwept)
    yield News("link.swept", entered.body.account)


def plan_sweep(desk: Desk, id: str, wish: SweepLink) -> Plan | Refused:
    del wish
    link = find_link(desk.book, id)
    if isinstance(link, Refused):
        return link
    if link.state is not LinkState.CLOSED and not closes_without_partner(desk.book, link):
        return refuse(STATE_CONFLICT, state=link.state.value)
    body = RestSwept(link_account(link.id, link.settings.currency))
    account = desk.book.ledger.accounts.get(body.account)
    rest = (exchange_account(link.settings.currency), 0 if account is None else account.balance_minor)
    return _against(desk.book, body) or beyond_promised(desk.book, rest) or Plan(id_text(link.id), (Write(body),))


def sweep_settled(desk: Desk, link: Link) -> Iterator[Plan]:
    """Move what is left of a link to exchange once nothing is owed on it, and nothing under way."""
    book = desk.book
    if link.mine is None or link.now.net_debt or link.now.holds_in or link.now.holds_out or link.is_lost:
        return
    known = book.of(Forwards).on(link.id)
    if (known.paid, known.received) != (link.side.partner.claimed, link.now.own.claimed):
        return
    body = RestSwept(link_account(link.id, link.settings.currency))
    account = book.ledger.accounts.get(body.account)
    if account is None or _against(book, body) is not None:
        return
    if beyond_promised(book, (exchange_account(account.currency), account.balance_minor)) is None:
        yield Plan(id_text(link.id), (Write(body),))


PRACTICE = Practice(
    name="rests",
    entries=(RestSwept,),
    check=check,
    fold=fold,
    news=news,
    fills=(RESOLVE.by(sweep_settled),),
    operations=(Act("links", "sweep", SweepLink, plan=plan_sweep, who=STEWARDS, example="mutirao links sweep LINK"),),
)
