# SPDX-License-Identifier: AGPL-3.0-or-later
"""Clearing between networks: how one takes part, what has come of its rounds, and what a steward sees (PROTOCOL 4).

What all would clear is in `protocol.practices.between.clearing.intents`; what is to be done, and when, `rounds`
decides.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, ClassVar

from protocol.book.book import Book, exchange_account, holds_account
from protocol.book.declaration import At, Desk, Doc, Entered, News, Plan, Write
from protocol.book.ledger import Posting
from protocol.book.money import Amount
from protocol.book.refusals import (
    CURRENCY_UNKNOWN,
    MALFORMED,
    NETWORK_UNKNOWN,
    NOT_FOUND,
    ORDER_MISMATCH,
    STATE_CONFLICT,
    Reason,
    ReasonCode,
    Refused,
    refuse,
)
from protocol.lanes.directory import Directory
from protocol.lanes.entry import COMMONS, Body, Millis
from protocol.peers.messages import CIRCLE_BYTES_MAX
from protocol.practices.between.abroad.postings import mirror_account
from protocol.practices.between.abroad.state import Forwards
from protocol.practices.between.clearing.circles import Circle, Id, Time, read_circle
from protocol.practices.between.clearing.intents import WORTH_SCALE, Intended, Intents, Minor, Valued, lines
from protocol.practices.between.links.entries import Code
from protocol.practices.between.links.link import Link
from protocol.practices.between.links.state import Links
from protocol.practices.between.links.terms import read_rate
from protocol.practices.between.quotes.invoices import condition_of
from protocol.wire.keys import id_text, parse_id
from protocol.wire.shape import AtMost, Holds, Length, Range

PPM = 1_000_000
RHYTHM_SECONDS_MIN = 60
"""The shortest rhythm of one's own, but for 0, which is none: each round leaves words in the commons for good."""
ROUND_LIFE_MS = 10 * 60_000
"""How old a round may be, or how far ahead by another's clock, to be joined."""

Signed64 = Annotated[int, Range(-(2**63) + 1, 2**63 - 1)]


# What stands in the ledger.


@dataclass(frozen=True, slots=True)
class ClearingSet:
    """How we take part: whether at all, and whether our debts may be published.

    Every `rhythm_ms` we open a round ourselves (0: never). Of the worth of a circle we lose at most `loss_ppm`
    millionths, besides the rounding of both links, where its reference values and our rates differ.
    """

    KIND: ClassVar[str] = "clearing/set"
    is_on: bool
    is_public: bool
    rhythm_ms: Time
    loss_ppm: Annotated[int, Range(0, PPM)]


@dataclass(frozen=True, slots=True)
class Owed:
    """What we owe on a link, in its minor units; below 0 we are owed."""

    link: Id
    amount: Signed64


@dataclass(frozen=True, slots=True)
class Opened:
    """We take part in a round; this is how our links stand before it."""

    KIND: ClassVar[str] = "clearing/opened"
    round: Time
    debts: Annotated[tuple[Owed, ...], AtMost(512)]


@dataclass(frozen=True, slots=True)
class Joined:
    """We join a circle of a round that others hold without us; this is how our links stood before it."""

    KIND: ClassVar[str] = "clearing/joined"
    round: Time
    debts: Annotated[tuple[Owed, ...], AtMost(512)]


@dataclass(frozen=True, slots=True)
class Begun:
    """We have initiated a circle: a hold toward who owes us. `worth` and `cost` are both legs in our minor units."""

    KIND: ClassVar[str] = "clearing/begun"
    circle: Annotated[bytes, AtMost(CIRCLE_BYTES_MAX), Holds(("Circle",))]
    nonce: Annotated[bytes, Length(16)]
    worth: Minor
    cost: Minor
    currency: Code


@dataclass(frozen=True, slots=True)
class Turned:
    """The hold has come round to us: we claim it."""

    KIND: ClassVar[str] = "clearing/turned"
    circle: Id
    hold: Annotated[bytes, Length(16)]


@dataclass(frozen=True, slots=True)
class Cleared:
    """Our hold was claimed in turn: the circle is cleared."""

    KIND: ClassVar[str] = "clearing/cleared"
    circle: Id
    preimage: Id


@dataclass(frozen=True, slots=True)
class Failed:
    """Our hold was waived: nothing has changed."""

    KIND: ClassVar[str] = "clearing/failed"
    circle: Id
    reason: ReasonCode


@dataclass(frozen=True, slots=True)
class Left:
    """A circle that we asked about is left alone: `by` refused it, or (None) somebody stayed silent."""

    KIND: ClassVar[str] = "clearing/left"
    circle: Annotated[bytes, AtMost(CIRCLE_BYTES_MAX), Holds(("Circle",))]
    reason: ReasonCode
    by: Id | None


class CircleState(StrEnum):
    """What has come of a circle, as far as we know."""

    UNDER_WAY = "under_way"
    CLEARED = "cleared"
    FAILED = "failed"


@dataclass(slots=True)
class Initiated:
    """A circle of our own: its legs, our hold, and what has come of it."""

    circle: Circle
    nonce: bytes
    worth: int
    cost: int
    currency: str
    turned: bytes | None = None
    """The hold that came round."""
    is_open: bool = True
    """Whether our own hold is neither claimed nor waived."""
    reason: str | None = None

    @property
    def id(self) -> bytes:
        return self.circle.id

    @property
    def hold(self) -> bytes:
        """The id of our hold."""
        return self.circle.id[:16]

    @property
    def link_out(self) -> bytes:
        """The link to who owes us."""
        return self.circle.legs[-1].link

    @property
    def state(self) -> CircleState:
        """What has come of it."""
        if self.reason is not None:
            return CircleState.FAILED
        return CircleState.UNDER_WAY if self.is_open else CircleState.CLEARED


@dataclass(slots=True)
class Round:
    """A round that we took part in: how our links stood before it, and the circles that we left alone."""

    round: int
    arrival: int
    debts: dict[bytes, int]
    is_ours: bool
    """Whether we have opened it, rather than been called into it."""
    left: list[Left] = field(default_factory=list[Left])


@dataclass(slots=True)
class Clearing:
    """How we clear, our rounds, and the circles that we have initiated."""

    settings: ClearingSet | None = None
    rounds: dict[int, Round] = field(default_factory=dict[int, Round])
    initiated: dict[bytes, Initiated] = field(default_factory=dict[bytes, Initiated])
    by_hold: dict[tuple[bytes, bytes], Initiated] = field(default_factory=dict[tuple[bytes, bytes], Initiated])
    """Those whose own hold is open, by link and hold."""
    opened: dict[int, Millis] = field(default_factory=dict[int, Millis])
    """The rounds that we have opened or been called into, in the order of the ledger, and when we have written so."""

    @property
    def entered_at_ms(self) -> Millis:
        """When we have entered the last round, by our clock, whatever number it has; 0 where there is none."""
        return next(reversed(self.opened.values()), 0)

    def newest(self, now: Millis) -> int:
        """Return the round that we have entered last, 0 where there is none.

        One that is further ahead of our clock than rounds may be does not count: the clock was wrong then.
        """
        last = next(reversed(self.opened), 0)
        return last if last <= now + ROUND_LIFE_MS else 0


def check(book: Book, entered: Entered) -> Reason | None:
    """Accept each step once, and a claim with its preimage only: the same answer on every node."""
    refused = book.misplaced(entered)
    if refused is not None:
        return refused.reason
    clearing, body = book.of(Clearing), entered.body
    match body:
        case ClearingSet():
            return None
        case Opened(round):
            return STATE_CONFLICT if round in clearing.opened else None
        case Joined(round):
            return STATE_CONFLICT if round in clearing.rounds else None
        case Begun(data):
            circle = read_circle(data)
            if circle is None or circle.initiator != book.network:
                return MALFORMED
            if body.currency not in book.currencies:
                return CURRENCY_UNKNOWN
            return STATE_CONFLICT if circle.id in clearing.initiated else None
        case Left(data):
            circle = read_circle(data)
            return None if circle is not None and circle.round in clearing.rounds else STATE_CONFLICT
        case Turned(id) | Cleared(id) | Failed(id):
            return _check_step(clearing.initiated.get(id), body)
        case _:
            raise AssertionError(body)


def _check_step(initiated: Initiated | None, body: Body) -> Reason | None:
    if initiated is None:
        return NOT_FOUND
    if isinstance(body, Turned):
        return STATE_CONFLICT if initiated.turned is not None else None
    if not initiated.is_open:
        return STATE_CONFLICT
    if isinstance(body, Cleared) and condition_of(body.preimage) != initiated.circle.condition:
        return ORDER_MISMATCH
    return None


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    """Keep what a step says; the money moves when a hold is claimed, and waits in `holds` between the two claims."""
    clearing = book.of(Clearing)
    match entered.body:
        case ClearingSet() as settings:
            clearing.settings = settings
        case Opened(round, debts):
            is_ours = round == entered.at_ms
            clearing.rounds.setdefault(round, _round(round, entered.seq, debts, is_ours=is_ours))
            clearing.opened[round] = entered.at_ms
        case Joined(round, debts):
            clearing.rounds[round] = _round(round, entered.seq, debts, is_ours=False)
        case Begun(data, nonce, worth, cost, currency):
            circle = read_circle(data)
            assert circle is not None
            one = Initiated(circle, nonce, worth, cost, currency)
            clearing.initiated[one.id] = clearing.by_hold[one.link_out, one.hold] = one
            book.passing[currency] = book.passing.get(currency, 0) + 1
        case Left(data) as left:
            circle = read_circle(data)
            assert circle is not None
            clearing.rounds[circle.round].left.append(left)
        case Turned(id, hold):
            return _fold_turned(book, clearing.initiated[id], hold, entered.seq)
        case Cleared(id):
            return _fold_ended(book, clearing.initiated[id], None, entered.seq)
        case Failed(id, reason):
            return _fold_ended(book, clearing.initiated[id], reason, entered.seq)
        case _:
            raise AssertionError(entered.body)
    return ()


def _round(number: int, arrival: int, debts: tuple[Owed, ...], *, is_ours: bool) -> Round:
    return Round(number, arrival, {owed.link: owed.amount for owed in debts}, is_ours)


def _fold_turned(book: Book, one: Initiated, hold: bytes, arrival: int) -> Sequence[Posting]:
    one.turned = hold
    leg = one.circle.legs[0]
    book.of(Forwards).on(leg.link).received += leg.amount
    mirror = mirror_account(book, leg.link, one.currency, arrival)
    waits = holds_account(one.currency) if one.is_open else exchange_account(one.currency)
    return Posting(mirror, -one.worth, "clearing", None, waits), Posting(waits, one.worth, "clearing", None, mirror)


def _fold_ended(book: Book, one: Initiated, reason: str | None, arrival: int) -> Sequence[Posting]:
    one.is_open, one.reason = False, reason
    book.passing[one.currency] -= 1
    del book.of(Clearing).by_hold[one.link_out, one.hold]
    waited = one.worth if one.turned is not None else 0
    paid = one.cost if reason is None else 0
    holds, exchange = holds_account(one.currency), exchange_account(one.currency)
    if reason is not None and not waited:
        return ()
    mirror = mirror_account(book, one.link_out, one.currency, arrival)
    if paid:
        book.of(Forwards).on(one.link_out).paid += one.circle.legs[-1].amount
    changes = (holds, -waited), (mirror, paid), (exchange, waited - paid)
    return [Posting(name, change, "clearing", None, mirror) for name, change in changes if change]


def news(book: Book, entered: Entered) -> Iterable[News]:
    """Tell stewards what a round has cleared, and what not."""
    match entered.body:
        case Opened(round):
            return (News("clearing.opened", str(round), ()),)
        case Cleared(id) | Failed(id):
            word = "cleared" if isinstance(entered.body, Cleared) else "failed"
            return (News(f"clearing.{word}", str(book.of(Clearing).initiated[id].circle.round), ()),)
        case _:
            return ()


# What a steward asks, and sees.


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


def plan_value(desk: Desk, code: str, wish: ValueCurrency) -> Plan | Refused:
    """Publish what our currency is worth in whole reference units."""
    currency = desk.book.currencies.get(code)
    if currency is None:
        return refuse(CURRENCY_UNKNOWN, currency=code[:64])
    value = read_rate(wish.value, WORTH_SCALE, currency.scale)
    if isinstance(value, Refused):
        return value
    word = Valued(code, currency.scale, value.num, value.den)
    return Plan(code, (Write(word, COMMONS),))


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
    yield Write(Opened(number, _owed(book)))
    settings, links = book.of(Clearing).settings, book.of(Links).by_id.values()
    if settings is not None and settings.is_public:
        yield Write(Intended(number, lines(links, owed=False), lines(links, owed=True)), COMMONS)


def joining(book: Book, number: int) -> Write:
    """Return what we note when we join a circle of a round that we were not in."""
    return Write(Joined(number, _owed(book)))


def _owed(book: Book) -> tuple[Owed, ...]:
    links = [link for link in book.of(Links).by_id.values() if link.mine is not None]
    return tuple(Owed(link.id, link.now.net_debt) for link in links if link.now.net_debt)
