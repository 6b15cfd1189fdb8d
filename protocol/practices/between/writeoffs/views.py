# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is wished and shown of partners that are written off."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from protocol.book.book import Book
from protocol.book.declaration import At, Desk, Doc
from protocol.book.money import Amount
from protocol.book.refusals import NOT_FOUND, Refused, refuse
from protocol.lanes.directory import Directory
from protocol.practices.between.links.state import Links
from protocol.practices.between.writeoffs.state import WrittenOff, WrittenOffLink
from protocol.wire.keys import id_text, parse_id


@dataclass(frozen=True, slots=True)
class WriteOffLink:
    """Write a partner off that is gone for good: payments that wait on it go back, at the risk of the commons."""


@dataclass(frozen=True, slots=True)
class WriteOffsWanted:
    """All links whose partners are written off."""


@dataclass(frozen=True, slots=True)
class WriteOffShown:
    """A link whose partner is gone; amounts in the link's unit but for the risk."""

    id: Annotated[str, Doc("the link")]
    partner: str | None
    partner_handle: str | None
    at: At
    paid: Annotated[Amount | None, Doc("what the partner had claimed of us by then")]
    received: Annotated[Amount | None, Doc("what we had claimed of it")]
    returned: Annotated[int, Doc("how many payments went back that it had not answered")]
    claimed: Annotated[int, Doc("how many of them it has claimed since, which the commons has paid")]
    at_risk: Annotated[tuple[Amount, ...], Doc("what the commons would pay if it claimed the others too")]


def show_write_off(desk: Desk, id: str) -> WriteOffShown | Refused:
    """Show a link that is written off."""
    one = desk.book.of(WrittenOff).links.get(parse_id(id) or b"")
    return refuse(NOT_FOUND) if one is None else _shown(desk.book, one)


def list_write_offs(desk: Desk, wanted: WriteOffsWanted, after: int) -> Iterable[tuple[int, WriteOffShown]]:
    """List links that are written off, in the order in which they were."""
    del wanted
    every = desk.book.of(WrittenOff).links.values()
    return ((one.arrival + 1, _shown(desk.book, one)) for one in every if one.arrival + 1 > after)


def _shown(book: Book, one: WrittenOffLink) -> WriteOffShown:
    link, risks = book.of(Links).by_id.get(one.link), dict[str, int]()
    for hold in book.of(WrittenOff).at_risk.values():
        if hold.link == one.link:
            risks[hold.currency] = risks.get(hold.currency, 0) + hold.cost

    def amount(minor: int) -> Amount | None:
        return None if link is None else Amount(minor, link.terms.unit, link.terms.scale)

    return WriteOffShown(
        id=id_text(one.link),
        partner=None if link is None else id_text(link.partner),
        partner_handle=None if link is None else book.of(Directory).handle(link.partner),
        at=one.at_ms,
        paid=amount(one.paid),
        received=amount(one.received),
        returned=one.returned,
        claimed=one.claimed,
        at_risk=tuple(book.amount(code, risk) for code, risk in sorted(risks.items())),
    )
