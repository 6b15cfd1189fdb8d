# SPDX-License-Identifier: AGPL-3.0-or-later
"""Published loans as anybody reads them: which bank of which network lends to which enterprise, and what for."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from protocol.book.declaration import At, BoardKind, Desk, Doc
from protocol.book.money import Amount
from protocol.book.refusals import Refused
from protocol.book.signed import uuid_text
from protocol.lanes.directory import Directory
from protocol.peers.boards import published
from protocol.practices.between.networks.known import find_network
from protocol.practices.credit.ethical.entries import LoanPublication, SocialCriterion
from protocol.wire.keys import id_text

PUBLICATIONS = BoardKind(LoanPublication)


@dataclass(frozen=True, slots=True)
class PublicationsWanted:
    """The loans to enterprises that this node may see published, of its own network and of others."""

    network: Annotated[str | None, Doc("only those of this network, by its handle or id")] = None
    sector: Annotated[str | None, Doc("only those of this letter of ISIC")] = None


@dataclass(frozen=True, slots=True)
class PublishedScore:
    """How well a loan does by a criterion, of 100."""

    criterion: SocialCriterion
    score: int


@dataclass(frozen=True, slots=True)
class PublicationShown:
    """A loan to an enterprise, as its network has published it."""

    id: Annotated[str, Doc("the id of the loan, in its own network")]
    network: Annotated[str, Doc("the network that tells it, by its id")]
    handle: Annotated[str | None, Doc("what that network calls itself")]
    bank: Annotated[str, Doc("the fund that lends")]
    enterprise: Annotated[str, Doc("who has borrowed")]
    sector: Annotated[str, Doc("a letter of ISIC")]
    amount: Annotated[Amount, Doc("how much was lent")]
    scores: Annotated[tuple[PublishedScore, ...], Doc("what it does to people and land")]
    ends_at: Annotated[At, Doc("when it goes by itself")]


def view_publications(
    desk: Desk, wanted: PublicationsWanted, after: int
) -> Iterator[tuple[int, PublicationShown]] | Refused:
    network = None
    if wanted.network is not None:
        network = find_network(desk.book, wanted.network)
        if isinstance(network, Refused):
            return network
    return _listed(desk, network, wanted.sector, after)


def _listed(
    desk: Desk, network: bytes | None, sector: str | None, after: int
) -> Iterator[tuple[int, PublicationShown]]:
    for arrival, item, body in published(desk.book, PUBLICATIONS, network, after):
        assert isinstance(body, LoanPublication)
        if sector in (None, body.sector):
            said = item.said
            yield (
                arrival,
                PublicationShown(
                    id=uuid_text(said.item),
                    network=id_text(said.network),
                    handle=desk.book.of(Directory).handle(said.network),
                    bank=body.bank,
                    enterprise=body.enterprise,
                    sector=body.sector,
                    amount=Amount(body.amount, body.currency, body.scale),
                    scores=tuple(PublishedScore(one.criterion, one.score) for one in body.scores),
                    ends_at=said.not_after,
                ),
            )
