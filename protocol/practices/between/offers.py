# SPDX-License-Identifier: AGPL-3.0-or-later
"""The directory of a federation: what each network says in its commons that it offers, and to whom one looks."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from protocol.book.book import Book
from protocol.book.declaration import STEWARDS, Act, At, Create, Desk, Doc, Entered, List, Plan, Practice, Show, Write
from protocol.book.personal import text_refusal
from protocol.book.refusals import MALFORMED, NOT_FOUND, OVERLOADED, Refused, refuse
from protocol.book.signed import Id16, parse_uuid, uuid_text
from protocol.book.uuids import drawn_id
from protocol.lanes.directory import Directory
from protocol.lanes.entry import COMMONS, Millis
from protocol.practices.between.federations.charters import FEDERATION_UNKNOWN, Charters
from protocol.wire.keys import id_text, parse_id
from protocol.wire.shape import AtMost

OFFERS_OPEN_MAX = 64
"""How many offers of one network stand at a time."""
OFFER_CHARS_MAX = 200


@dataclass(frozen=True, slots=True)
class OfferPublished:
    """We offer this; under an offer's own id its text is replaced."""

    KIND: ClassVar[str] = "offers/published"
    offer: Id16
    text: Annotated[str, AtMost(OFFER_CHARS_MAX)]


@dataclass(frozen=True, slots=True)
class OfferWithdrawn:
    """We offer this no more."""

    KIND: ClassVar[str] = "offers/withdrawn"
    offer: Id16


@dataclass(frozen=True, slots=True)
class Offered:
    """An offer that stands, and the place in its network's commons where it was published."""

    id: bytes
    text: str
    arrival: int
    at_ms: Millis


@dataclass(slots=True)
class Offers:
    """What networks offer, each in the order in which it was published."""

    of: dict[bytes, dict[bytes, Offered]] = field(default_factory=dict[bytes, dict[bytes, Offered]])


def hear(book: Book, word: Entered) -> None:
    """Keep what a network offers."""
    body, offers = word.body, book.of(Offers).of.setdefault(word.network, {})
    assert isinstance(body, OfferPublished | OfferWithdrawn)
    before = offers.pop(body.offer, None)
    if isinstance(body, OfferPublished) and (before is not None or len(offers) < OFFERS_OPEN_MAX):
        offers[body.offer] = Offered(body.offer, body.text, word.seq, word.at_ms)


def unhear(book: Book, network: bytes) -> None:
    """Drop what a network offers."""
    book.of(Offers).of.pop(network, None)


@dataclass(frozen=True, slots=True)
class PublishOffer:
    """Tell all networks what yours offers: goods or services, not who has them."""

    text: Annotated[str, Doc("the offer, for everybody to read")]


@dataclass(frozen=True, slots=True)
class WithdrawOffer:
    """Offer it no more; what was said stays in the lanes of those who have heard it."""


@dataclass(frozen=True, slots=True)
class OffersWanted:
    """All offers of this network."""


@dataclass(frozen=True, slots=True)
class OfferShown:
    """What a network offers."""

    id: str
    text: str
    published_at: At


@dataclass(frozen=True, slots=True)
class DirectoryWanted:
    """Whom to look for, and what."""

    federation: Annotated[str | None, Doc("only members of this federation, by its id")] = None
    search: Annotated[
        str | None, Doc("only networks whose handle or name has this in it, or offers that have; case does not matter")
    ] = None


@dataclass(frozen=True, slots=True)
class NetworkListed:
    """A network of one's federations, and what it offers."""

    id: str
    handle: str | None
    name: str | None
    own: bool
    federations: Annotated[tuple[str, ...], Doc("of those looked in, the federations of which it is a member")]
    offers: tuple[OfferShown, ...]


def plan_publish(desk: Desk, wish: PublishOffer) -> Plan | Refused:
    """Publish an offer of our network."""
    refused = text_refusal("text", wish.text, OFFER_CHARS_MAX)
    if refused is not None:
        return refused
    if not wish.text:
        return refuse(MALFORMED, field="text")
    if len(desk.book.of(Offers).of.get(desk.book.network, ())) >= OFFERS_OPEN_MAX:
        return refuse(OVERLOADED, maximum=OFFERS_OPEN_MAX)
    offer = drawn_id(desk.chance)
    return Plan(uuid_text(offer), (Write(OfferPublished(offer, wish.text), COMMONS),))


def plan_withdraw(desk: Desk, id: str, wish: WithdrawOffer) -> Plan | Refused:
    """Withdraw an offer of our network."""
    del wish
    offer = _find(desk, id)
    if isinstance(offer, Refused):
        return offer
    return Plan(id, (Write(OfferWithdrawn(offer.id), COMMONS),), answer=_shown(offer))


def _find(desk: Desk, id: str) -> Offered | Refused:
    offer = desk.book.of(Offers).of.get(desk.book.network, {}).get(parse_uuid(id) or b"")
    return refuse(NOT_FOUND) if offer is None else offer


def show_offer(desk: Desk, id: str) -> OfferShown | Refused:
    """Show an offer of our network."""
    offer = _find(desk, id)
    return offer if isinstance(offer, Refused) else _shown(offer)


def list_offers(desk: Desk, wanted: OffersWanted, after: int) -> Iterable[tuple[int, OfferShown]]:
    """List the offers of our network in the order in which they were published."""
    del wanted
    offers = desk.book.of(Offers).of.get(desk.book.network, {}).values()
    return ((one.arrival + 1, _shown(one)) for one in offers if one.arrival + 1 > after)


def _shown(offer: Offered) -> OfferShown:
    return OfferShown(uuid_text(offer.id), offer.text, offer.at_ms)


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
        offers = list(book.of(Offers).of.get(network, {}).values())
        if sought not in (handle or "").casefold() and sought not in (name or "").casefold():
            offers = [offer for offer in offers if sought in offer.text.casefold()]
            if not offers:
                continue
        yield known.arrival + 1, NetworkListed(
            id_text(network), handle, name, network == book.network, tuple(map(id_text, shared)),
            tuple(map(_shown, offers)),
        )  # fmt: skip


PRACTICE = Practice(
    name="offers",
    entries=(),
    words=(OfferPublished, OfferWithdrawn),
    hear=hear,
    unhear=unhear,
    operations=(
        Create("offers", PublishOffer, plan=plan_publish, who=STEWARDS, verb="publish",
               example="mutirao offers publish --text 'Flour of the mill, 200 kg a month'"),
        Act("offers", "withdraw", WithdrawOffer, plan=plan_withdraw, who=STEWARDS,
            example="mutirao offers withdraw OFFER"),
        Show("offers", OfferShown, view=show_offer, example="mutirao offers show OFFER"),
        List("offers", OffersWanted, OfferShown, view=list_offers, example="mutirao offers list"),
        List("directory", DirectoryWanted, NetworkListed, view=list_directory,
             example="mutirao directory list --search flour"),
    ),
)  # fmt: skip
