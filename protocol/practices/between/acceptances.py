# SPDX-License-Identifier: AGPL-3.0-or-later
"""Acceptance policies: how much of another network's currency the group takes at most, over all links with it.

What is held of it is what that network owes us on its links, in its own currency, and what was promised on behalf of
its members. The network that would hold it asks itself, at each price and at each hold: so a payment beyond it is
refused with what would be taken, and goes another way where there is one. What was taken before stands.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from protocol.book.book import Book
from protocol.book.declaration import (
    READERS,
    STEWARDS,
    Act,
    At,
    Desk,
    Doc,
    Entered,
    Errand,
    List,
    News,
    Plan,
    Practice,
    Show,
    Urgency,
    Write,
)
from protocol.book.ledger import Posting
from protocol.book.money import AMOUNT_MINOR_MAX, Amount, minor_of
from protocol.book.refusals import AMOUNT_TOO_LARGE, CURRENCY_UNKNOWN, MALFORMED, NOT_FOUND, Reason, Refused, refuse
from protocol.lanes.directory import Directory
from protocol.lanes.entry import Millis
from protocol.peers.messages import Id32
from protocol.practices.between.abroad.state import Forwards
from protocol.practices.between.links.link import Link
from protocol.practices.between.links.rates import partner_scale
from protocol.practices.between.links.state import Links
from protocol.practices.between.links.views import partner_named
from protocol.practices.between.quotes.answers import ACCEPTS
from protocol.practices.between.quotes.refusals import ACCEPTANCE_LIMIT
from protocol.practices.money.currencies.entries import Code
from protocol.wire.keys import id_text
from protocol.wire.shape import Range

NEAR_PERCENT = 90
"""From how many percent of what is taken at most the week's list tells of it."""


@dataclass(frozen=True, slots=True)
class AcceptanceSet:
    """So much of a network's currency is held at most, in its minor units at this scale; None: as the links allow."""

    KIND: ClassVar[str] = "acceptances/set"
    network: Id32
    currency: Code
    scale: Annotated[int, Range(0, 9)]
    most: Annotated[int, Range(0, AMOUNT_MINOR_MAX)] | None


@dataclass(frozen=True, slots=True)
class Accepted:
    """What is held of a currency at most, in its minor units, and since when that holds."""

    scale: int
    most: int
    at_ms: Millis


@dataclass(slots=True)
class Acceptances:
    """The policies by network and currency; of what has none the links alone bound how much is held."""

    by_currency: dict[tuple[bytes, str], Accepted] = field(default_factory=dict[tuple[bytes, str], Accepted])


@dataclass(frozen=True, slots=True)
class SetAcceptance:
    """Say how much of another network's currency the group takes at most, over all links with it."""

    most: Annotated[
        Amount | None,
        Doc("the most that is held of it, in that currency; 0: none of it is taken; left out: as much as links allow"),
    ] = None


@dataclass(frozen=True, slots=True)
class AcceptancesWanted:
    """How much of other networks' currencies the group takes at most."""


@dataclass(frozen=True, slots=True)
class AcceptanceShown:
    """How much of another network's currency the group takes, and holds."""

    id: Annotated[str, Doc("the network's id and the code of its currency, with a point between")]
    network: str
    handle: str | None
    currency: str
    most: Annotated[Amount | None, Doc("the most that is held of it; null: as much as the links allow")]
    held: Annotated[Amount, Doc("what is held of it: what that network owes here, and what was promised for it")]
    left: Annotated[Amount | None, Doc("how much more is taken")]
    set_at: At | None


def check(book: Book, entered: Entered) -> Reason | None:
    """Return why an entry may not stand: how much is held is the author's to check."""
    refused = book.misplaced(entered)
    return refused.reason if refused else None


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body = entered.body
    assert isinstance(body, AcceptanceSet)
    by_currency, key = book.of(Acceptances).by_currency, (body.network, body.currency)
    if body.most is None:
        by_currency.pop(key, None)
    else:
        by_currency[key] = Accepted(body.scale, body.most, entered.at_ms)
    return ()


def news(book: Book, entered: Entered) -> Iterable[News]:
    del book
    assert isinstance(entered.body, AcceptanceSet)
    yield News("acceptance.set", _id(entered.body.network, entered.body.currency))


def accepts(book: Book, link: Link, held: Mapping[bytes, int]) -> Refused | None:
    """Return why the group takes no holds of so many minor units, by link, from a link's partner."""
    policy = None if link.theirs is None else book.of(Acceptances).by_currency.get((link.partner, link.theirs.currency))
    if link.theirs is None or policy is None:
        return None
    if _held(book, link.partner, link.theirs.currency, held) <= policy.most:
        return None
    others = _held(book, link.partner, link.theirs.currency, {}, but=link)
    available = max(0, policy.most - others - _worth(book, link, 0))
    name = book.of(Directory).handle(book.network) or id_text(book.network)
    return refuse(ACCEPTANCE_LIMIT, network=name, available=available, unit=link.theirs.currency, scale=policy.scale)


def _held(book: Book, network: bytes, currency: str, more: Mapping[bytes, int], but: Link | None = None) -> int:
    """Return what is held of a network's currency, in its minor units, once these holds are claimed too, by link."""
    return sum(
        max(0, _worth(book, link, more.get(link.id, 0)))
        for link in book.of(Links).with_partner(network)
        if link is not but and link.theirs is not None and link.theirs.currency == currency
    )


def _worth(book: Book, link: Link, more: int) -> int:
    """Return what a partner owes on a link in its own minor units, promised holds and `more` ones counted.

    Below zero we owe it.
    """
    assert link.theirs is not None
    went_on = book.of(Forwards).by_in
    promised = sum(one.amount for id, one in link.now.holds_in.items() if (link.id, id) in went_on)
    owed, rate = more + promised - link.now.net_debt, link.theirs.rate
    return rate.down(owed) if owed >= 0 else -rate.down(-owed)


def plan_set(desk: Desk, id: str, wish: SetAcceptance) -> Plan | Refused:
    found = _find(desk.book, id)
    if isinstance(found, Refused):
        return found
    network, currency, scale = found
    most = None if wish.most is None else minor_of(wish.most, currency, scale)
    if isinstance(most, Refused):
        return most
    if most is not None and not 0 <= most <= AMOUNT_MINOR_MAX:
        expected = "an amount of 0 or more"
        return refuse(MALFORMED, field="most", expected=expected) if most < 0 else refuse(AMOUNT_TOO_LARGE)
    if most is None and (network, currency) not in desk.book.of(Acceptances).by_currency:
        return refuse(NOT_FOUND)
    return Plan(_id(network, currency), (Write(AcceptanceSet(network, currency, scale, most)),))


def _find(book: Book, id: str) -> tuple[bytes, str, int] | Refused:
    """Return what serra.FLOR names: a network, the code of its currency on a link with us, and its scale."""
    name, _, currency = id.rpartition(".")
    network = partner_named(book, name)
    if isinstance(network, Refused):
        return network
    for link in book.of(Links).with_partner(network):
        if link.theirs is not None and link.theirs.currency == currency:
            scale = partner_scale(book, link)
            if scale is not None:
                return network, currency, scale
    policy = book.of(Acceptances).by_currency.get((network, currency))
    return refuse(CURRENCY_UNKNOWN, currency=currency[:12]) if policy is None else (network, currency, policy.scale)


def view_acceptance(desk: Desk, id: str) -> AcceptanceShown | Refused:
    found = _find(desk.book, id)
    return found if isinstance(found, Refused) else _shown(desk.book, *found)


def view_acceptances(desk: Desk, wanted: AcceptancesWanted, after: int) -> Iterator[tuple[int, AcceptanceShown]]:
    """List what is set, by network and currency."""
    del wanted
    policies = desk.book.of(Acceptances).by_currency
    for number, key in enumerate(sorted(policies), 1):
        if number > after:
            yield number, _shown(desk.book, *key, policies[key].scale)


def _shown(book: Book, network: bytes, currency: str, scale: int) -> AcceptanceShown:
    policy, held = book.of(Acceptances).by_currency.get((network, currency)), _held(book, network, currency, {})
    return AcceptanceShown(
        id=_id(network, currency),
        network=id_text(network),
        handle=book.of(Directory).handle(network),
        currency=currency,
        most=None if policy is None else Amount(policy.most, currency, scale),
        held=Amount(held, currency, scale),
        left=None if policy is None else Amount(max(0, policy.most - held), currency, scale),
        set_at=None if policy is None else policy.at_ms,
    )


def _id(network: bytes, currency: str) -> str:
    return f"{id_text(network)}.{currency}"


def week(desk: Desk) -> Iterator[Errand]:
    """Yield the currencies of which the group holds nearly all that it takes."""
    for (network, currency), policy in sorted(desk.book.of(Acceptances).by_currency.items()):
        held = _held(desk.book, network, currency, {})
        if not held or held * 100 < policy.most * NEAR_PERCENT:
            continue
        handle = desk.book.of(Directory).handle(network) or id_text(network)
        left = Amount(max(0, policy.most - held), currency, policy.scale)
        yield Errand(
            _id(network, currency), handle, "acceptances.near", f"little more {currency} of {handle} is taken",
            "acceptances.show", Urgency.NEAR_LIMIT, figure=left,
        )  # fmt: skip


PRACTICE = Practice(
    name="acceptances",
    entries=(AcceptanceSet,),
    check=check,
    fold=fold,
    news=news,
    week=week,
    fills=(ACCEPTS.by(accepts),),
    operations=(
        Act("acceptances", "set", SetAcceptance, plan=plan_set, who=STEWARDS,
            example="mutirao acceptances set serra.FLOR --most 500"),
        Show("acceptances", AcceptanceShown, view=view_acceptance, who=READERS,
             id_is="the partner's handle or id and the code of its currency, with a point between",
             example="mutirao acceptances show serra.FLOR"),
        List("acceptances", AcceptancesWanted, AcceptanceShown, view=view_acceptances, who=READERS,
             example="mutirao acceptances list"),
    ),
)  # fmt: skip
