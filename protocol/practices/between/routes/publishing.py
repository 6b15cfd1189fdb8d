# SPDX-License-Identifier: AGPL-3.0-or-later
"""How links are published and withdrawn, and what of others' is taken in."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from protocol.book.book import Book
from protocol.book.declaration import Desk, Entered, Plan, Write
from protocol.book.refusals import STATE_CONFLICT, Refused, refuse
from protocol.lanes.entry import COMMONS, Millis
from protocol.peers.ties import Tie
from protocol.practices.between.links.link import Link, LinkState
from protocol.practices.between.links.refusals import LINK_NOT_OPEN, LINK_UNKNOWN
from protocol.practices.between.links.state import LINKS_MAX, Links
from protocol.practices.between.links.views import find_link
from protocol.practices.between.routes.entries import BAND_MAX, Published, Withdrawn
from protocol.practices.between.routes.state import Routes
from protocol.wire.keys import id_text

BAND_EVERY_MS = 10 * 60_000
"""How often at most a link is published again for its room alone: each word stays in the commons for good."""


def hear(book: Book, word: Entered) -> None:
    """Keep what a network says of a link: the newest counts."""
    body = word.body
    assert isinstance(body, Published | Withdrawn)
    said = book.of(Routes).said.setdefault(word.network, {})
    if body.link in said or len(said) < LINKS_MAX:
        said[body.link] = (body, word.at_ms)
    link = book.of(Links).by_id.get(body.link)
    if link is not None and word.network == book.network:
        book.of(Links).stir(link)


def unhear(book: Book, network: bytes) -> None:
    """Drop what a network has said of its links."""
    book.of(Routes).said.pop(network, None)
    if network == book.network:
        book.of(Links).stir_all()


def band_of(room: int) -> int:
    """Return the band of so many minor units: the least power of 4 that is above it."""
    return min(BAND_MAX, (max(0, room).bit_length() + 1) // 2)


def due(desk: Desk) -> Iterator[Plan]:
    """Publish our links as they are now: when they open, change or close, and their room from time to time."""
    links = desk.book.of(Links)
    for link in links.due_to_tell(desk.now):
        word, later_ms = _due(desk, link)
        if word is not None:
            yield Plan("", (Write(word, COMMONS),))
        elif later_ms is None:
            del links.untold[link.id]
        else:
            links.untold[link.id] = later_ms


def _due(desk: Desk, link: Link) -> tuple[Published | Withdrawn | None, Millis | None]:
    """Return what is to be said of a link now; where there is nothing, when there is if the link stays as it is."""
    known, at_ms = desk.book.of(Routes).said.get(desk.book.network, {}).get(link.id, (None, 0))
    if link.mine is None or link.theirs is None or isinstance(known, Withdrawn):
        return None, None
    if link.state in (LinkState.CLOSING, LinkState.CLOSED):
        return (None if known is None else Withdrawn(link.id)), None
    now = _published(link)
    if known is None:
        return (now if link.state is LinkState.OPEN else None), None
    if now == known:
        return None, None
    if replace(now, band=known.band) == known and 0 <= desk.now - at_ms < BAND_EVERY_MS:
        return None, at_ms + BAND_EVERY_MS
    return now, None


def _published(link: Link) -> Published:
    terms, mine = link.terms, link.settings
    band = band_of(link.largest)
    return Published(link.id, link.partner, terms.unit, terms.scale, mine.currency, mine.num, mine.den, mine.fee, band)


@dataclass(frozen=True, slots=True)
class PublishLink:
    """Let others pay through us over a link, and say so to all; links are published by themselves when they open."""


@dataclass(frozen=True, slots=True)
class WithdrawLink:
    """Forward on a link no more: our own members pay and are paid over it as before."""


def plan_publish(desk: Desk, id: str, wish: PublishLink) -> Plan | Refused:
    """Publish a link that was withdrawn."""
    del wish
    link = find_link(desk.book, id)
    if isinstance(link, Refused):
        return link
    if link.state is not LinkState.OPEN:
        return refuse(LINK_NOT_OPEN, state=link.state.value)
    return Plan(id_text(link.id), (Write(_published(link), COMMONS),))


def plan_withdraw(desk: Desk, id: str, wish: WithdrawLink) -> Plan | Refused:
    """Withdraw a link; what is under way over it resolves."""
    del wish
    link = find_link(desk.book, id)
    if isinstance(link, Refused):
        return link
    if link.mine is None:
        return refuse(LINK_UNKNOWN)
    if desk.book.of(Routes).is_withdrawn(desk.book.network, link.id):
        return refuse(STATE_CONFLICT, published="no")
    return Plan(id_text(link.id), (Write(Withdrawn(link.id), COMMONS),))


def neighbours(book: Book) -> Iterator[tuple[bytes, Tie]]:
    """Return the networks with which partners of ours say that they have a link."""
    routes = book.of(Routes)
    for partner in {one for one, tie in book.of(Links).ties() if tie is Tie.PARTNER}:
        for word in routes.of(partner):
            yield word.partner, Tie.KNOWN


def reached(book: Book) -> Iterator[bytes]:
    """Return the networks to which links lead from our partners, each of them published by both its ends."""
    routes = book.of(Routes)
    seen = {one for one, tie in book.of(Links).ties() if tie is Tie.PARTNER}
    edge = sorted(seen)
    while edge:
        ahead: list[bytes] = []
        for network in edge:
            for word, _ in routes.into(network):
                if word.partner not in seen and word.partner != book.network:
                    seen.add(word.partner)
                    ahead.append(word.partner)
                    yield word.partner
        edge = ahead


def passes_on(book: Book, *links: Link) -> bool:
    """Tell whether we pass on over these links: unless a steward has withdrawn one of them."""
    routes = book.of(Routes)
    return not any(routes.is_withdrawn(book.network, link.id) for link in links)
