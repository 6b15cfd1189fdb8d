# SPDX-License-Identifier: AGPL-3.0-or-later
"""How far a network has come in a federation, and which of its charters counts."""

from collections.abc import Iterator
from enum import StrEnum

from protocol.book.book import Book
from protocol.book.refusals import Refused, refuse
from protocol.lanes.directory import Directory
from protocol.practices.between.federations.charters import (
    FEDERATION_UNKNOWN,
    Charters,
    FederationSaid,
    FederationStanding,
)
from protocol.wire.keys import parse_id

SILENT = FederationSaid()


class FederationPlace(StrEnum):
    """What a network is in a federation."""

    NAMED = "named"
    FOUNDING = "founding"
    CANDIDATE = "candidate"
    MEMBER = "member"
    SUSPENDED = "suspended"
    EXPELLED = "expelled"
    OUTSIDE = "outside"


PLACES = (
    "named: a founder that has not said the charter yet; founding: has said it, others have not; candidate: waits for "
    "endorsements; member; suspended: proved to have forked; expelled; outside"
)


def place_of(book: Book, federation: bytes, standing: FederationStanding, network: bytes) -> FederationPlace:
    """Return what a network is in a federation."""
    if network in standing.missing:
        return FederationPlace.NAMED
    if network in standing.expelled:
        return FederationPlace.EXPELLED
    if not said_by(book, federation, network).inside:
        return FederationPlace.OUTSIDE
    if network in standing.members:
        return FederationPlace.MEMBER
    if network in book.of(Directory).forked:
        return FederationPlace.SUSPENDED
    return FederationPlace.FOUNDING if network in standing.charter.founders else FederationPlace.CANDIDATE


def said_by(book: Book, federation: bytes, network: bytes) -> FederationSaid:
    return book.of(Charters).of_network.get(network, {}).get(federation, SILENT)


def memberships(book: Book, network: bytes) -> Iterator[bytes]:
    """Yield the ids of the federations of which a network is a member."""
    return (federation for federation, _ in book.of(Charters).of(book, network))


def find_standing(book: Book, id: str) -> tuple[bytes, FederationStanding] | Refused:
    federation = parse_id(id) or b""
    standing = book.of(Charters).standing(book, federation)
    return refuse(FEDERATION_UNKNOWN) if standing is None else (federation, standing)
