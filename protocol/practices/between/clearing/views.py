# SPDX-License-Identifier: AGPL-3.0-or-later
"""Rounds, circles and settings as members see them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

from protocol.book.book import Book
from protocol.book.declaration import At, Desk, Doc
from protocol.book.money import Amount
from protocol.book.refusals import NETWORK_UNKNOWN, NOT_FOUND, ReasonCode, Refused, refuse
from protocol.lanes.directory import Directory
from protocol.practices.between.abroad.state import Forwards
from protocol.practices.between.clearing.circles import Circle, read_circle
from protocol.practices.between.clearing.intents import Intents
from protocol.practices.between.clearing.part import DEFAULT
from protocol.practices.between.clearing.state import CircleState, Clearing, Round
from protocol.practices.between.links.link import Link
from protocol.practices.between.links.state import Links
from protocol.wire.keys import id_text, parse_id


@dataclass(frozen=True, slots=True)
class RoundsWanted:
    """Which rounds to list: all of them, the oldest first."""


@dataclass(frozen=True, slots=True)
class LinkCleared:
    """A link in a round: what we owed on it before (below 0: were owed), and what was cleared of that."""

    link: str
    partner: str | None
    before: Amount
    cleared: Amount
    after: Annotated[Amount, Doc("what would be owed if nothing else had moved since")]


@dataclass(frozen=True, slots=True)
class CircleShown:
    """A circle that we were in: its networks, each of which owes the next."""

    id: str
    members: tuple[str, ...]
    initiator: str
    state: CircleState
    reason: Annotated[ReasonCode | None, Doc("why it failed, where it did")]
    refused_by: Annotated[str | None, Doc("which network refused it, if one did")]
    owed: Annotated[Amount | None, Doc("what we owe less by it, on the link to the next network")]
    owing: Annotated[Amount | None, Doc("what we are owed less by it, on the link to the one before")]


@dataclass(frozen=True, slots=True)
class RoundShown:
    """A round that this network took part in."""

    id: Annotated[str, Doc("the hour at which it was opened, in milliseconds")]
    opened_at: At
    cleared: Annotated[int, Doc("how many circles were cleared over our links")]
    failed: int
    under_way: int
    links: tuple[LinkCleared, ...]
    circles: tuple[CircleShown, ...]


@dataclass(frozen=True, slots=True)
class SettingsShown:
    """How this network takes part in clearing."""

    network: str
    on: bool
    publish: bool
    rhythm_seconds: int
    loss_ppm: int
    values: Annotated[tuple[str, ...], Doc("what your currencies are said to be worth: CODE=num/den, minor units")]


def view_settings(desk: Desk, id: str) -> SettingsShown | Refused:
    """Show how we take part."""
    if parse_id(id) != desk.book.network:
        return refuse(NETWORK_UNKNOWN, network=id[:64])
    book = desk.book
    settings = book.of(Clearing).settings or DEFAULT
    values = book.of(Intents).values.get(book.network, {})
    told = (f"{code}={one.num}/{one.den}" for code, one in sorted(values.items()))
    return SettingsShown(
        id_text(book.network), settings.is_on, settings.is_public, settings.rhythm_ms // 1_000, settings.loss_ppm,
        tuple(told),
    )  # fmt: skip


def view_round(desk: Desk, id: str) -> RoundShown | Refused:
    """Show a round."""
    found = desk.book.of(Clearing).rounds.get(int(id)) if id.isascii() and id.isdigit() and len(id) < 20 else None
    return refuse(NOT_FOUND) if found is None else _shown(desk.book, found)


def view_rounds(desk: Desk, wanted: RoundsWanted, after: int) -> Iterable[tuple[int, RoundShown]]:
    """List our rounds."""
    del wanted
    rounds = desk.book.of(Clearing).rounds.values()
    return ((one.arrival + 1, _shown(desk.book, one)) for one in rounds if one.arrival + 1 > after)


def _shown(book: Book, one: Round) -> RoundShown:
    links = book.of(Links).by_id
    circles = list(_circles(book, one))
    changed = dict.fromkeys(one.debts, 0)
    for circle, state, _, _ in circles:
        at = circle.place_of(book.network)
        if at is not None and state is CircleState.CLEARED:
            changed[circle.legs[at].link] = changed.get(circle.legs[at].link, 0) - circle.legs[at].amount
            changed[circle.legs[at - 1].link] = changed.get(circle.legs[at - 1].link, 0) + circle.legs[at - 1].amount
    states = [state for _, state, _, _ in circles]
    return RoundShown(
        str(one.round),
        one.round,
        states.count(CircleState.CLEARED),
        states.count(CircleState.FAILED),
        states.count(CircleState.UNDER_WAY),
        tuple(
            LinkCleared(
                id_text(id),
                book.of(Directory).handle(links[id].partner),
                _amount(links[id], one.debts.get(id, 0)),
                _amount(links[id], abs(change)),
                _amount(links[id], one.debts.get(id, 0) + change),
            )
            for id, change in changed.items()
        ),
        tuple(_circle_shown(book, *found) for found in circles),
    )


def _circles(book: Book, within: Round) -> Iterator[tuple[Circle, CircleState, str | None, bytes | None]]:
    """Yield the circles of a round that we were in, what has come of each, why, and by whom."""
    clearing, forwards = book.of(Clearing), book.of(Forwards)
    for one in clearing.initiated.values():
        if one.circle.round == within.round:
            yield one.circle, one.state, one.reason, None
    for forwarded in forwards.circles.values():
        circle = read_circle(forwarded.circle or b"")
        if circle is not None and circle.round == within.round:
            outcome = forwards.ended.get((forwarded.link_in, forwarded.hold_in))
            if outcome is None:
                yield circle, CircleState.UNDER_WAY, None, None
            elif isinstance(outcome, bytes):
                yield circle, CircleState.CLEARED, None, None
            else:
                yield circle, CircleState.FAILED, outcome, None
    for left in within.left:
        circle = read_circle(left.circle)
        assert circle is not None
        yield circle, CircleState.FAILED, left.reason, left.by


def _circle_shown(book: Book, circle: Circle, state: CircleState, reason: str | None, by: bytes | None) -> CircleShown:
    directory, links, at = book.of(Directory), book.of(Links).by_id, circle.place_of(book.network)

    def name(network: bytes) -> str:
        return directory.handle(network) or id_text(network)

    def leg(place: int) -> Amount | None:
        link = links.get(circle.legs[place].link)
        return None if link is None else _amount(link, circle.legs[place].amount)

    return CircleShown(
        id_text(circle.id),
        tuple(name(one.network) for one in circle.legs),
        name(circle.initiator),
        state,
        reason,
        None if by is None else name(by),
        None if at is None else leg(at),
        None if at is None else leg(at - 1),
    )


def _amount(link: Link, minor: int) -> Amount:
    return Amount(minor, link.terms.unit, link.terms.scale)
