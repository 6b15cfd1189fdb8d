# SPDX-License-Identifier: AGPL-3.0-or-later
"""Importers: which partners, and whether our own members, have long bought more than they sold.

A partner imports from us while it owes on its link and its mirror account is below zero; we import while we owe on
links and our members have together paid more abroad than they were paid. How much is owed is what links say, at the
rate of now; since when, and how much it was at most, follows from the ledger and its dates alone.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated

from protocol.book.accounts import exchange_account
from protocol.book.book import Book
from protocol.book.declaration import READERS, At, Desk, Doc, Entered, Errand, List, OneOf, Practice, Urgency
from protocol.book.ledger import Posting
from protocol.book.money import Amount
from protocol.book.timezones import DAY_MS
from protocol.lanes.directory import Directory
from protocol.lanes.entry import Millis
from protocol.practices.between.links.entries import MIRROR_PREFIX, link_account
from protocol.practices.between.links.link import Link
from protocol.practices.between.links.state import Links
from protocol.practices.between.links.views import usage
from protocol.wire.keys import id_text
from protocol.wire.shape import Range

IMPORTING_DAYS = 90
"""From how many days on somebody who owes without a break is listed, unless asked otherwise."""


@dataclass(slots=True)
class ImporterPosition:
    """What is owed to somebody; below zero it owes, and then since when without a break, and how much at most."""

    balance: int = 0
    since_ms: Millis = 0
    peak: int = 0

    def move(self, change: int, at_ms: Millis) -> None:
        """Follow a balance; whoever comes back to zero, or beyond, has ended the debt."""
        if self.balance >= 0:
            self.since_ms = at_ms
        self.balance += change
        self.peak = max(self.peak, -self.balance) if self.balance < 0 else 0


@dataclass(slots=True)
class Positions:
    """Where each partner stands by its mirror account, and our members together by currency."""

    by_name: dict[str, ImporterPosition] = field(default_factory=dict[str, ImporterPosition])


def posted(book: Book, entered: Entered, postings: Sequence[Posting]) -> None:
    """Follow what an entry moves between us and others.

    What clears debts in a ring moves partners alone: it waits in the account of holds between two steps of one
    circle, and none of that is our members'. Rounding and fees, in the account of exchange, are not either.
    """
    by_name, changes = book.of(Positions).by_name, dict[str, int]()
    for account, change, kind, _, _ in postings:
        currency = account.rpartition(".")[2]
        if account.startswith(MIRROR_PREFIX):
            changes[account] = changes.get(account, 0) + change
        elif kind != "clearing" and account != exchange_account(currency):
            changes[currency] = changes.get(currency, 0) + change
    for name, change in changes.items():
        if change:
            by_name.setdefault(name, ImporterPosition()).move(change, entered.at_ms)


@dataclass(frozen=True, slots=True)
class ImportersWanted:
    """Which importers to list."""

    days: Annotated[int, Range(0, 36_500), Doc("only who has owed for at least so many days without a break")] = (
        IMPORTING_DAYS
    )


@dataclass(frozen=True, slots=True)
class ImporterShown:
    """A network that has bought more than it sold: a partner by its debt on a link, or our own in all."""

    network: str
    handle: str | None
    own: Annotated[bool, Doc("whether it is this network, with what its members together owe abroad")]
    link: Annotated[str | None, Doc("the link on which a partner owes")]
    status: Annotated[
        str | None,
        OneOf(
            (
                "OK",
                "ALERT",
                "FULL",
            )
        ),
        Doc("of that link: OK, ALERT over half of a limit, FULL"),
    ]
    owed: Annotated[Amount, Doc("how much it owes, in our currency")]
    since: Annotated[At, Doc("since when it has owed without a break")]
    peak: Annotated[Amount, Doc("the most that it has owed since then")]


def list_importers(desk: Desk, wanted: ImportersWanted, after: int) -> Iterable[tuple[int, ImporterShown]]:
    """List who has long been in debt, in the order in which their accounts were first used."""
    book = desk.book
    by_account = {
        link_account(link.id, link.mine.currency): link
        for link in book.of(Links).by_id.values()
        if link.mine is not None
    }
    return (
        (number, _shown(book, name, position, owed, by_account.get(name)))
        for number, (name, position) in enumerate(book.of(Positions).by_name.items(), 1)
        if number > after
        and position.balance < 0
        and desk.now - position.since_ms >= wanted.days * DAY_MS
        and (name in book.currencies or name in by_account)
        and (owed := _owed(book, name, position, by_account.get(name))) > 0
    )


def _owed(book: Book, name: str, position: ImporterPosition, link: Link | None) -> int:
    """Return what somebody owes, in our minor units: a partner its debt on a link, valued at the rate of now.

    Our members owe abroad no more than our links do: what rates have moved is nobody's purchase.
    """
    if link is not None:
        return link.settings.rate.up(max(0, -link.now.net_debt))
    ours = (one for one in book.of(Links).by_id.values() if one.mine is not None and one.mine.currency == name)
    return min(-position.balance, sum(one.settings.rate.up(max(0, one.now.net_debt)) for one in ours))


def _shown(book: Book, name: str, position: ImporterPosition, owed: int, link: Link | None) -> ImporterShown:
    network, currency = book.network if link is None else link.partner, name.rpartition(".")[2]
    return ImporterShown(
        network=id_text(network),
        handle=book.of(Directory).handle(network),
        own=link is None,
        link=None if link is None else id_text(link.id),
        status=None if link is None else usage(link),
        owed=book.amount(currency, owed),
        since=position.since_ms,
        peak=book.amount(currency, max(owed, position.peak)),
    )


def week(desk: Desk) -> Iterator[Errand]:
    """Yield the links of which over half is in use, those that are full first."""
    for link in desk.book.of(Links).by_id.values():
        used = usage(link)
        if link.mine is None or used == "OK":
            continue
        handle, is_full = desk.book.of(Directory).handle(link.partner) or id_text(link.partner), used == "FULL"
        said = f"the link with {handle} is {'full' if is_full else 'over half of its limit'}"
        urgency = Urgency.STOPPED if is_full else Urgency.NEAR_LIMIT
        owed = Amount(abs(link.now.net_debt), link.terms.unit, link.terms.scale)
        sentence = "links.full" if is_full else "links.over_half"
        yield Errand(id_text(link.id), handle, sentence, said, "links.show", urgency, figure=owed)


PRACTICE = Practice(
    name="importers",
    entries=(),
    posted=posted,
    week=week,
    operations=(
        List("importers", ImportersWanted, ImporterShown, view=list_importers, who=READERS,
             example="mutirao importers list --days 30"),
    ),
)  # fmt: skip
