# SPDX-License-Identifier: AGPL-3.0-or-later
"""The directory of one's federations: their networks, found by who they are and by what their members offer.

Offers stood in the commons lane once, as words of a network, which remembers for ever. Such words are still read, so
that what was taken stays taken, and mean nothing any more.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from protocol.book.book import Book
from protocol.book.declaration import Desk, Doc, List, Practice
from protocol.book.folding import words_of
from protocol.book.refusals import Refused, refuse
from protocol.book.signed import Id16
from protocol.lanes.directory import Directory
from protocol.practices.between.federations.charters import FEDERATION_UNKNOWN, Charters
from protocol.practices.market.heard import IntentSearch
from protocol.practices.market.index import found_intents
from protocol.practices.market.intents import OFFER_ITEMS
from protocol.practices.market.shown import intent_id
from protocol.wire.keys import id_text, parse_id
from protocol.wire.shape import AtMost

OLD_OFFER_CHARS_MAX = 200
LISTED_OFFERS_MAX = 8
"""How many offers of a network the directory names: the newest, of those that are sought."""


@dataclass(frozen=True, slots=True)
class OfferPublished:
    """We offer this: said of networks as a whole, before offers stood on boards; it means nothing any more."""

    KIND: ClassVar[str] = "offers/published"
    offer: Id16
    text: Annotated[str, AtMost(OLD_OFFER_CHARS_MAX)]


@dataclass(frozen=True, slots=True)
class OfferWithdrawn:
    """We offer this no more: as OfferPublished, it means nothing any more."""

    KIND: ClassVar[str] = "offers/withdrawn"
    offer: Id16


@dataclass(frozen=True, slots=True)
class DirectoryWanted:
    """Whom to look for, and what."""

    federation: Annotated[str | None, Doc("only members of this federation, by its id")] = None
    search: Annotated[
        str | None,
        Doc("only networks whose handle or name has this in it, or with offers that all its words find"),
    ] = None


@dataclass(frozen=True, slots=True)
class OfferListed:
    """One offer of a network."""

    id: Annotated[str, Doc("under which `mutirao offers show` shows it")]
    title: str


@dataclass(frozen=True, slots=True)
class NetworkListed:
    """A network of one's federations, and what it offers."""

    id: str
    handle: str | None
    name: str | None
    own: bool
    federations: Annotated[tuple[str, ...], Doc("of those looked in, the federations of which it is a member")]
    offers: Annotated[
        tuple[OfferListed, ...], Doc("some of what its members offer, the newest first; of that, what is searched for")
    ]


def list_directory(desk: Desk, wanted: DirectoryWanted, after: int) -> Iterable[tuple[int, NetworkListed]] | Refused:
    """List the networks of our federations, or of one, in the order in which they were met."""
    book = desk.book
    charters = book.of(Charters)
    looked_in = [federation for federation, _ in charters.of(book, book.network)]
    if wanted.federation is not None:
        looked_in = [parse_id(wanted.federation) or b""]
        if charters.standing(book, looked_in[0]) is None:
            return refuse(FEDERATION_UNKNOWN)
    return _listed(book, looked_in, (wanted.search or "").casefold(), after)


def _listed(book: Book, looked_in: list[bytes], sought: str, after: int) -> Iterator[tuple[int, NetworkListed]]:
    charters = book.of(Charters)
    standings = [(federation, charters.standing(book, federation)) for federation in looked_in]
    for network, known in book.of(Directory).networks.items():
        shared = [id for id, standing in standings if standing is not None and network in standing.members]
        if not shared or known.arrival + 1 <= after:
            continue
        handle, name = (None, None) if known.profile is None else (known.profile.handle, known.profile.name)
        is_found = sought in (handle or "").casefold() or sought in (name or "").casefold()
        offers = _offers(book, network, () if is_found else words_of(sought))
        if is_found or offers:
            yield (
                known.arrival + 1,
                NetworkListed(
                    id_text(network), handle, name, network == book.network, tuple(map(id_text, shared)), offers
                ),
            )


def _offers(book: Book, network: bytes, words: Sequence[str]) -> tuple[OfferListed, ...]:
    found = list(found_intents(book, OFFER_ITEMS, IntentSearch(words, network=network), 0))[-LISTED_OFFERS_MAX:]
    return tuple(OfferListed(intent_id(book, one.item), one.body.title) for one in reversed(found))


PRACTICE = Practice(
    name="directory",
    entries=(),
    words=(OfferPublished, OfferWithdrawn),
    operations=(
        List("directory", DirectoryWanted, NetworkListed, view=list_directory,
             example="mutirao directory list --search flour"),
    ),
)  # fmt: skip
