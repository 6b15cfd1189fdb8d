# SPDX-License-Identifier: AGPL-3.0-or-later
"""What members see of what networks tell of their chains."""

from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass
from fractions import Fraction
from typing import Annotated

from protocol.book.book import Book
from protocol.book.declaration import Desk, Doc
from protocol.book.refusals import Refused, refuse
from protocol.lanes.directory import Directory
from protocol.peers.boards import published
from protocol.practices.between.federations.charters import FEDERATION_UNKNOWN, Charters
from protocol.practices.between.networks.known import find_network
from protocol.practices.chains.entries import SHARE_PARTS
from protocol.practices.chains.published.bodies import (
    CANDIDATE_ITEMS,
    OUTSIDE_ITEMS,
    RETAINED_ITEMS,
    TOLD_AT_ONCE_MAX,
    CandidatesTold,
    OutsideTold,
    RetainedBasis,
    RetainedShare,
    RetainedTold,
)
from protocol.practices.chains.published.federated import FederationLink, federation_links, outside_of_all
from protocol.practices.chains.published.renewal import ChainTelling
from protocol.practices.chains.written import decimal_text, money_text, names_text, share_text
from protocol.wire.keys import id_text, parse_id
from protocol.wire.shape import Range

TOLD_PLACES = 6
FEDERATION_LINKS_SHOWN_MAX = 200
_UNTOLD_PLACE = 1 << 40
"""Our own shares that nobody is told come after all that stands on boards."""


@dataclass(frozen=True, slots=True)
class RetainedSharesWanted:
    """What stays with enterprises, as their networks tell."""

    network: Annotated[str | None, Doc("only those of this network, by its handle or id")] = None


@dataclass(frozen=True, slots=True)
class RetainedShareShown:
    """What stays of a unit that is spent with an enterprise."""

    enterprise: Annotated[str, Doc("its short name")]
    network: Annotated[str, Doc("its network, by its id")]
    handle: Annotated[str | None, Doc("what that network calls itself")]
    share: Annotated[str, Doc("what stays, to a millionth: 0.472708")]
    basis: Annotated[
        RetainedBasis,
        Doc("declared, as of all other networks, which nobody here has checked; reckoned; proved by entries"),
    ]
    said: Annotated[RetainedBasis, Doc("on what it rests by its own network's word")]


@dataclass(frozen=True, slots=True)
class FederationLinksWanted:
    """What a federation's networks buy outside, and who could make it."""

    federation: Annotated[str, Doc("the federation's id")]
    most: Annotated[int, Range(1, FEDERATION_LINKS_SHOWN_MAX), Doc("links and items shown at most")] = 50


@dataclass(frozen=True, slots=True)
class OutsideOfAllShown:
    """What the federation's networks buy outside of an item."""

    item: Annotated[str, Doc("a code of CPC, or a word")]
    value: Annotated[str, Doc("bought in a month, of all networks that tell of it")]
    networks: Annotated[int, Doc("how many tell of it: of each at least three bought")]


@dataclass(frozen=True, slots=True)
class FederationLinkShown:
    """A candidate, and what it would bring if all of the federation bought of it as pledged."""

    candidate: Annotated[str, Doc("its short key")]
    network: Annotated[str, Doc("whose it is, by the network's id")]
    handle: Annotated[str | None, Doc("what that network calls itself")]
    item: Annotated[str, Doc("what it would make")]
    sells: Annotated[str, Doc("X: what it would sell, as far as it can make")]
    stays: Annotated[str, Doc("c: what of a unit spent with it stays, by its network's word")]
    retains: Annotated[str, Doc("R = X c: links are ranked by it, then by wages")]
    wages: Annotated[str, Doc("what its members would earn in a month")]
    investment: str
    is_blocked: Annotated[bool, Doc("whether it would sell less than it needs")]


@dataclass(frozen=True, slots=True)
class FederationLinksShown:
    """A federation's missing links; every member of it that holds the same items sees the same."""

    links: tuple[FederationLinkShown, ...]
    outside: Annotated[tuple[OutsideOfAllShown, ...], Doc("what is bought outside, the most first")]
    untold: Annotated[str | None, Doc("why nothing is shown, or nothing would be sold of an item; null: all is told")]


def list_retained_shares(
    desk: Desk, wanted: RetainedSharesWanted, after: int
) -> Iterable[tuple[int, RetainedShareShown]] | Refused:
    """List what networks tell, in the order in which it came; then our own, where nobody is told."""
    network = None if wanted.network is None else find_network(desk.book, wanted.network)
    return network if isinstance(network, Refused) else _listed(desk.book, network, after)


def _listed(book: Book, network: bytes | None, after: int) -> Iterator[tuple[int, RetainedShareShown]]:
    is_own_told = False
    for arrival, item, body in published(book, RETAINED_ITEMS, network):
        assert isinstance(body, RetainedTold)
        is_own_told |= item.network == book.network
        for place, one in enumerate(body.shares, arrival * TOLD_AT_ONCE_MAX):
            if place > after:
                yield place, _shown(book, item.network, one)
    if not is_own_told and network in (None, book.network):
        own = (one for body in book.of(ChainTelling).own for one in body.shares)
        for place, one in enumerate(own, _UNTOLD_PLACE):
            if place > after:
                yield place, _shown(book, book.network, one)


def _shown(book: Book, network: bytes, one: RetainedShare) -> RetainedShareShown:
    return RetainedShareShown(
        one.key,
        id_text(network),
        book.of(Directory).handle(network),
        decimal_text(Fraction(one.share, SHARE_PARTS), TOLD_PLACES),
        one.basis if network == book.network else RetainedBasis.DECLARED,
        one.basis,
    )


def view_federation_links(desk: Desk, wanted: FederationLinksWanted) -> FederationLinksShown | Refused:
    """Return a federation's missing links, of what its members tell."""
    book = desk.book
    federation = parse_id(wanted.federation) or b""
    standing = book.of(Charters).standing(book, federation)
    if standing is None or book.network not in standing.members:
        return refuse(FEDERATION_UNKNOWN)

    def is_told(network: bytes, seen_by: tuple[bytes, ...]) -> bool:
        return network in standing.members and (not seen_by or federation in seen_by)

    outside = outside_of_all(
        (item.network, body)
        for _, item, body in published(book, OUTSIDE_ITEMS)
        if isinstance(body, OutsideTold) and is_told(item.network, item.said.seen_by)
    )
    candidates = (
        (item.network, one)
        for _, item, body in published(book, CANDIDATE_ITEMS)
        if isinstance(body, CandidatesTold) and is_told(item.network, item.said.seen_by)
        for one in body.candidates
    )
    wanted_items = {one.item: one.value for one in outside}
    links = federation_links(candidates, wanted_items)
    return FederationLinksShown(
        tuple(_shown_link(book, one) for one in links[: wanted.most]),
        tuple(OutsideOfAllShown(one.item, money_text(one.value), one.networks) for one in outside[: wanted.most]),
        _untold({one.said.item for one in links} - wanted_items.keys(), is_any=bool(outside)),
    )


def _untold(items: Set[str], *, is_any: bool) -> str | None:
    """Return why there is no sum of what candidates would make, or of anything."""
    few = "a network tells an item's sum to nobody unless at least three bought it"
    if not is_any:
        return f"no network here tells what it buys outside: {few}, and nothing where chains.published is nothing"
    return f"no sum is told of {names_text(sorted(items))}: {few}" if items else None


def _shown_link(book: Book, one: FederationLink) -> FederationLinkShown:
    said = one.said
    return FederationLinkShown(
        said.key,
        id_text(one.network),
        book.of(Directory).handle(one.network),
        said.item,
        money_text(one.sells),
        share_text(Fraction(said.retains, SHARE_PARTS)),
        money_text(one.retains),
        money_text(one.wages),
        money_text(Fraction(said.investment, 100)),
        one.is_blocked,
    )
