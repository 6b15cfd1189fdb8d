# SPDX-License-Identifier: AGPL-3.0-or-later
"""Federations: networks that clear together and find each other, by a charter that no centre keeps (PROTOCOL 8).

Who is a member `protocol.practices.between.federations.charters` works out; here is what stewards do and see.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

from protocol.book.book import Book
from protocol.book.declaration import Desk, Doc, Entered, News, Plan, Write
from protocol.book.personal import NAME_CHARS_MAX, text_refusal
from protocol.book.refusals import MALFORMED, OVERLOADED, STATE_CONFLICT, Refused, refuse
from protocol.lanes.entry import COMMONS
from protocol.practices.between.clearing.intents import WORTH_SCALE
from protocol.practices.between.federations.charters import (
    FEDERATIONS_MAX,
    FOUNDERS_MAX,
    OTHERS_MAX,
    RHYTHM_MINUTES_MAX,
    Chartered,
    Charters,
    Endorsed,
    ExpulsionVoted,
    FederationJoined,
    FederationLeft,
    FederationSaid,
    FederationWord,
)
from protocol.practices.between.federations.places import SILENT, FederationPlace, find_standing, place_of, said_by
from protocol.practices.between.links.rates import RateSide, read_rate
from protocol.practices.between.networks.known import find_network
from protocol.wire.keys import id_text
from protocol.wire.shape import Range


@dataclass(frozen=True, slots=True)
class CreateFederation:
    """Propose the charter of a federation; it is founded once every founder has joined it."""

    name: Annotated[str, Doc("what the federation is called")]
    unit: Annotated[str, Doc("code of the common unit")]
    founders: Annotated[tuple[str, ...], Doc("the other founders: handles or network ids")] = ()
    endorsements: Annotated[
        int, Range(1, FOUNDERS_MAX), Doc("how many members must endorse a network to admit it; at most all founders")
    ] = 1
    scale: Annotated[int, Range(0, 9), Doc("decimals of the common unit")] = 2
    value: Annotated[str, Doc("what one common unit is worth in whole reference units")] = "1"
    rhythm_minutes: Annotated[
        int, Range(0, RHYTHM_MINUTES_MAX), Doc("members open a round of clearing every so many minutes; 0: they do not")
    ] = 0


@dataclass(frozen=True, slots=True)
class JoinFederation:
    """Join: as a founder whom the charter names, or to be admitted once enough members endorse you."""


@dataclass(frozen=True, slots=True)
class LeaveFederation:
    """Leave; whom you have endorsed stays, and you may join again."""


@dataclass(frozen=True, slots=True)
class EndorseNetwork:
    """Endorse a network for admission; a vote of yours to expel it is thereby taken back."""

    network: Annotated[str, Doc("handle or network id")]


@dataclass(frozen=True, slots=True)
class ExpelNetwork:
    """Vote to expel a member: it is out once two thirds of the members have voted so."""

    network: Annotated[str, Doc("handle or network id")]


def _lacks_room(book: Book) -> Refused | None:
    if len(book.of(Charters).of_network.get(book.network, ())) < FEDERATIONS_MAX:
        return None
    return refuse(OVERLOADED, maximum=FEDERATIONS_MAX)


def plan_create(desk: Desk, wish: CreateFederation) -> Plan | Refused:
    """Say a charter as the first of its founders."""
    book = desk.book
    refused = text_refusal("name", wish.name, NAME_CHARS_MAX) or _lacks_room(book)
    if refused is not None:
        return refused
    if not (wish.name and 1 <= len(wish.unit) <= 12):
        return refuse(MALFORMED, field="unit" if wish.name else "name")
    founders = {book.network}
    for name in wish.founders:
        found = find_network(book, name)
        if isinstance(found, Refused):
            return found
        founders.add(found)
    if len(founders) > FOUNDERS_MAX:
        return refuse(MALFORMED, field="founders", expected=f"at most {FOUNDERS_MAX}")
    if wish.endorsements > len(founders):
        return refuse(MALFORMED, field="endorsements", expected="at most as many as there are founders")
    value = read_rate(wish.value, RateSide(WORTH_SCALE), RateSide(wish.scale, wish.unit), field="value")
    if isinstance(value, Refused):
        return value
    charter = Chartered(
        wish.name, tuple(sorted(founders)), wish.endorsements, wish.unit, wish.scale, value.num, value.den,
        wish.rhythm_minutes, desk.chance(16),
    )  # fmt: skip
    return Plan(id_text(charter.id), (Write(charter, COMMONS),))


def plan_join(desk: Desk, id: str, wish: JoinFederation) -> Plan | Refused:
    """Say the charter that names us, or ask to be admitted."""
    del wish
    book = desk.book
    found = find_standing(book, id)
    if isinstance(found, Refused):
        return found
    federation, standing = found
    said = said_by(book, federation, book.network)
    if said.inside:
        return refuse(STATE_CONFLICT, state=place_of(book, federation, standing, book.network).value)
    refused = _lacks_room(book) if said is SILENT else None
    is_named = book.network in standing.missing
    return refused or Plan(id, (Write(standing.charter if is_named else FederationJoined(federation), COMMONS),))


def plan_leave(desk: Desk, id: str, wish: LeaveFederation) -> Plan | Refused:
    """Leave a federation, or withdraw what one has asked for."""
    del wish
    book = desk.book
    found = find_standing(book, id)
    if isinstance(found, Refused):
        return found
    federation, standing = found
    if not said_by(book, federation, book.network).inside:
        return refuse(STATE_CONFLICT, state=place_of(book, federation, standing, book.network).value)
    return Plan(id, (Write(FederationLeft(federation), COMMONS),))


@dataclass(frozen=True, slots=True)
class _Other:
    """Another network of which we, a member, may speak: who, what it is, and what we have said so far."""

    federation: bytes
    network: bytes
    place: FederationPlace
    said: FederationSaid


def _other(book: Book, id: str, name: str) -> _Other | Refused:
    found = find_standing(book, id)
    if isinstance(found, Refused):
        return found
    federation, standing = found
    if book.network not in standing.members:
        return refuse(STATE_CONFLICT, state=place_of(book, federation, standing, book.network).value)
    other = find_network(book, name)
    if isinstance(other, Refused):
        return other
    if other == book.network:
        return refuse(MALFORMED, field="network", expected="another network")
    said = said_by(book, federation, book.network)
    if not said.has_room(other):
        return refuse(OVERLOADED, maximum=OTHERS_MAX)
    return _Other(federation, other, place_of(book, federation, standing, other), said)


def plan_endorse(desk: Desk, id: str, wish: EndorseNetwork) -> Plan | Refused:
    """Endorse a network, be it before it asks."""
    other = _other(desk.book, id, wish.network)
    if isinstance(other, Refused):
        return other
    if other.network in other.said.endorsed and other.network not in other.said.votes:
        return refuse(STATE_CONFLICT, state="endorsed")
    return Plan(id, (Write(Endorsed(other.federation, other.network), COMMONS),))


def plan_expel(desk: Desk, id: str, wish: ExpelNetwork) -> Plan | Refused:
    """Vote to expel a member, and say how far we have heard it."""
    other = _other(desk.book, id, wish.network)
    if isinstance(other, Refused):
        return other
    if other.network in other.said.votes:
        return refuse(STATE_CONFLICT, state="voted")
    if other.place not in (FederationPlace.MEMBER, FederationPlace.SUSPENDED):
        return refuse(STATE_CONFLICT, state=other.place.value)
    seen = said_by(desk.book, other.federation, other.network).newest
    return Plan(id, (Write(ExpulsionVoted(other.federation, other.network, seen), COMMONS),))


def due(desk: Desk) -> Iterable[Plan]:
    """Work out where we stand, after a start too, so that what a word changes is news; there is nothing to write."""
    for _ in desk.book.of(Charters).of(desk.book, desk.book.network):
        pass
    return ()


def news(book: Book, entered: Entered) -> Iterator[News]:
    """Tell stewards what asks for their word, and who is in or out by what was just said."""
    body, charters = entered.body, book.of(Charters)
    assert isinstance(body, FederationWord)
    federation = body.id if isinstance(body, Chartered) else body.federation
    before, standing = charters.before.pop(federation, None), charters.standing(book, federation)
    if standing is None:
        return
    place, shown = place_of(book, federation, standing, book.network), id_text(federation)
    if place is FederationPlace.NAMED and before is None:
        yield News("federation.proposed", shown)
    if (
        place is FederationPlace.MEMBER
        and isinstance(body, FederationJoined)
        and entered.network not in standing.members
    ):
        yield News("federation.candidate", shown, figures={"network": id_text(entered.network)})
    if before is None or book.network not in before.members | standing.members:
        return
    if before.missing and not standing.missing:
        yield News("federation.founded", shown)
        return
    for network in sorted(before.members ^ standing.members):
        word = "admitted" if network in standing.members else "expelled" if network in standing.expelled else "left"
        yield News(f"federation.{word}", shown, figures={"network": id_text(network)})
