# SPDX-License-Identifier: AGPL-3.0-or-later
"""Clearing between networks: how one takes part, what has come of its rounds, and what a steward sees (PROTOCOL 4).

What all would clear is in `protocol.practices.between.clearing.intents`; what is to be done, and when, `rounds`
decides.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from protocol.book.book import Book
from protocol.book.declaration import Desk, Doc, Plan, Write
from protocol.book.refusals import CURRENCY_UNKNOWN, MALFORMED, STATE_CONFLICT, Refused, refuse
from protocol.lanes.entry import COMMONS
from protocol.practices.between.clearing.entries import PPM, ClearingSet, Owed, RoundJoined, RoundOpened
from protocol.practices.between.clearing.intents import WORTH_SCALE, Intended, Valued, lines
from protocol.practices.between.clearing.state import Clearing
from protocol.practices.between.links.rates import RateSide, read_rate
from protocol.practices.between.links.state import Links
from protocol.wire.keys import id_text
from protocol.wire.shape import AtMost, Range

RHYTHM_SECONDS_MIN = 60
"""The shortest rhythm of one's own, but for 0, which is none: each round leaves words in the commons for good."""


@dataclass(frozen=True, slots=True)
class OpenRound:
    """Open a round of clearing now: who publishes its debts calls all others, and partners are probed for rings."""


@dataclass(frozen=True, slots=True)
class SetClearing:
    """Say how your network takes part in clearing; what is left out stays as it is."""

    on: Annotated[bool | None, Doc("whether debts in a ring may be cleared over your links")] = None
    publish: Annotated[bool | None, Doc("whether all networks may see what you owe and are owed on each link")] = None
    rhythm_seconds: Annotated[
        int | None, Range(0, 2**31), Doc("how often to open a round yourself, 60 or more; 0: never")
    ] = None
    loss_ppm: Annotated[
        int | None, Range(0, PPM), Doc("how many millionths a circle may cost you beside rounding, where rates differ")
    ] = None


@dataclass(frozen=True, slots=True)
class ValueCurrency:
    """Say in public what a whole unit of your currency is worth, for clearing across units."""

    value: Annotated[str, AtMost(40), Doc("whole reference units for one of yours: 1, 0.5, 3/2")]


DEFAULT = ClearingSet(is_on=False, is_public=False, rhythm_ms=0, loss_ppm=0)


def plan_set(desk: Desk, wish: SetClearing) -> Plan | Refused:
    """Change how we take part."""
    if wish.rhythm_seconds is not None and 0 < wish.rhythm_seconds < RHYTHM_SECONDS_MIN:
        return refuse(MALFORMED, field="rhythm_seconds", expected=f"0, or at least {RHYTHM_SECONDS_MIN}")
    now = desk.book.of(Clearing).settings or DEFAULT
    body = ClearingSet(
        is_on=now.is_on if wish.on is None else wish.on,
        is_public=now.is_public if wish.publish is None else wish.publish,
        rhythm_ms=now.rhythm_ms if wish.rhythm_seconds is None else wish.rhythm_seconds * 1_000,
        loss_ppm=now.loss_ppm if wish.loss_ppm is None else wish.loss_ppm,
    )
    return Plan(id_text(desk.book.network), (Write(body),))


def plan_value(desk: Desk, code: str, wish: ValueCurrency) -> Plan | Refused:
    """Publish what our currency is worth in whole reference units."""
    currency = desk.book.currencies.get(code)
    if currency is None:
        return refuse(CURRENCY_UNKNOWN, currency=code[:64])
    value = read_rate(wish.value, RateSide(WORTH_SCALE), RateSide(currency.scale, code), field="value")
    if isinstance(value, Refused):
        return value
    word = Valued(code, currency.scale, value.num, value.den)
    return Plan(code, (Write(word, COMMONS),))


def plan_open(desk: Desk, wish: OpenRound) -> Plan | Refused:
    """Open a round now."""
    del wish
    clearing = desk.book.of(Clearing)
    if clearing.settings is None or not clearing.settings.is_on:
        return refuse(STATE_CONFLICT, state="this network has not said that it takes part in clearing")
    number = max(desk.now, clearing.newest(desk.now) + 1)
    while number in clearing.opened:
        number += 1
    return Plan(str(number), tuple(opening(desk.book, number)))


def opening(book: Book, number: int) -> Iterator[Write]:
    """Yield what we say when we take part in a round."""
    yield Write(RoundOpened(number, _owed(book)))
    settings, links = book.of(Clearing).settings, book.of(Links).by_id.values()
    if settings is not None and settings.is_public:
        yield Write(Intended(number, lines(links, owed=False), lines(links, owed=True)), COMMONS)


def joining(book: Book, number: int) -> Write:
    """Return what we note when we join a circle of a round that we were not in."""
    return Write(RoundJoined(number, _owed(book)))


def _owed(book: Book) -> tuple[Owed, ...]:
    links = [link for link in book.of(Links).by_id.values() if link.mine is not None]
    return tuple(Owed(link.id, link.now.net_debt) for link in links if link.now.net_debt)
