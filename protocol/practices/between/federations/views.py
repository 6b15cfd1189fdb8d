# SPDX-License-Identifier: AGPL-3.0-or-later
"""Federations and who takes part in them, as members see them."""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from fractions import Fraction
from typing import Annotated

from protocol.book.book import Book
from protocol.book.declaration import Desk, Doc
from protocol.book.refusals import Refused
from protocol.lanes.directory import Directory
from protocol.practices.between.clearing.intents import WORTH_SCALE
from protocol.practices.between.federations.charters import Charters, FederationStanding
from protocol.practices.between.federations.places import PLACES, FederationPlace, find_standing, place_of
from protocol.wire.keys import id_text

CANDIDATES_SHOWN_MAX = 64
"""Anybody may ask to be admitted: so many are shown, those with the most endorsements."""


@dataclass(frozen=True, slots=True)
class FederationsWanted:
    """Which federations to list."""

    place: Annotated[
        FederationPlace | None, Doc("only those in which this network is so: member, candidate, named ...")
    ] = None


@dataclass(frozen=True, slots=True)
class FederationListed:
    """A federation, and what this network is in it."""

    id: str
    name: str
    place: Annotated[FederationPlace, Doc("what this network is in it; " + PLACES)]
    founded: Annotated[bool, Doc("whether all founders have said the charter")]
    endorsements: Annotated[int, Doc("how many members must endorse a network to admit it")]
    unit: Annotated[str, Doc("code of the common unit")]
    scale: int
    value: Annotated[str, Doc("what one common unit is worth in whole reference units")]
    rhythm_minutes: Annotated[int, Doc("members open a round of clearing every so many minutes; 0: they do not")]
    members: Annotated[int, Doc("how many members it has")]
    candidates: Annotated[int, Doc("how many networks wait for endorsements")]


@dataclass(frozen=True, slots=True)
class ParticipantShown:
    """A network in a federation."""

    network: str
    handle: str | None
    place: Annotated[FederationPlace, Doc(PLACES)]
    founder: bool
    endorsements: Annotated[int, Doc("how many endorsements of members it has")]
    votes: Annotated[int, Doc("how many present members have voted to expel it")]


@dataclass(frozen=True, slots=True)
class FederationShown(FederationListed):
    """A federation, what this network is in it, and its networks: of candidates those with the most endorsements."""

    networks: tuple[ParticipantShown, ...]


def show_federation(desk: Desk, id: str) -> FederationShown | Refused:
    """Show a federation."""
    book = desk.book
    found = find_standing(book, id)
    if isinstance(found, Refused):
        return found
    federation, standing = found
    listed = _listed(book, federation, standing)
    return FederationShown(
        *(getattr(listed, one.name) for one in fields(listed)), networks=_participants(book, federation, standing)
    )


def list_federations(desk: Desk, wanted: FederationsWanted, after: int) -> Iterable[tuple[int, FederationListed]]:
    """List federations in the order in which their charters were heard."""
    book = desk.book
    for federation, arrival in list(book.of(Charters).arrivals.items()):
        standing = book.of(Charters).standing(book, federation) if arrival + 1 > after else None
        if standing is None:
            continue
        listed = _listed(book, federation, standing)
        if wanted.place in (None, listed.place):
            yield arrival + 1, listed


def _listed(book: Book, federation: bytes, standing: FederationStanding) -> FederationListed:
    charter = standing.charter
    value = Fraction(charter.num, charter.den) * Fraction(10) ** (charter.scale - WORTH_SCALE)
    return FederationListed(
        id_text(federation), charter.name, place_of(book, federation, standing, book.network), not standing.missing,
        charter.endorsements, charter.unit, charter.scale, str(value), charter.rhythm_minutes, len(standing.members),
        len(_candidates(book, federation, standing)),
    )  # fmt: skip


def _candidates(book: Book, federation: bytes, standing: FederationStanding) -> list[bytes]:
    """Return who waits for endorsements, those with the most first."""
    waiting = (
        network
        for network in book.of(Charters).said[federation]
        if place_of(book, federation, standing, network) is FederationPlace.CANDIDATE
    )
    return sorted(waiting, key=lambda network: (-standing.endorsements.get(network, 0), network))


def _participants(book: Book, federation: bytes, standing: FederationStanding) -> tuple[ParticipantShown, ...]:
    charters, charter = book.of(Charters), standing.charter
    votes = dict[bytes, int]()
    for member in standing.members:
        for accused in charters.said[federation][member].votes:
            votes[accused] = votes.get(accused, 0) + 1
    standing_ones = {*charter.founders, *standing.members, *standing.expelled}
    candidates = _candidates(book, federation, standing)[:CANDIDATES_SHOWN_MAX]
    return tuple(
        ParticipantShown(
            id_text(network), book.of(Directory).handle(network), place_of(book, federation, standing, network),
            network in charter.founders, standing.endorsements.get(network, 0), votes.get(network, 0),
        )
        for network in (*sorted(standing_ones), *candidates)
    )  # fmt: skip
