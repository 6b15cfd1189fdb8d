# SPDX-License-Identifier: AGPL-3.0-or-later
"""Rounds of clearing: when they are opened, which circles are tried, and when a network joins one (PROTOCOL 4).

All who take part in a round compute the same set-off of what was offered, and from it the same circles. That only
proposes: each circle is asked about first, and then cleared, or not, by itself. A clock may keep a network from
joining, but never frees what it has promised.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise

from protocol.book.book import Book
from protocol.book.declaration import Desk, Plan, Tell, Write
from protocol.book.money import AMOUNT_MINOR_MAX
from protocol.book.refusals import (
    AMOUNT_TOO_LARGE,
    CURRENCY_CLOSED,
    CURRENCY_MISMATCH,
    FORBIDDEN,
    MALFORMED,
    NOT_FOUND,
    ORDER_MISMATCH,
    OVERLOADED,
    PEER_UNREACHABLE,
    RECOVERING,
    SIGNATURE_INVALID,
    STATE_CONFLICT,
    Reason,
)
from protocol.lanes.directory import Directory
from protocol.lanes.entry import Millis
from protocol.peers.messages import CircleAsked, QuoteDenied
from protocol.practices.between.abroad.entries import Forwarded
from protocol.practices.between.abroad.state import Forwards, next_hold_id
from protocol.practices.between.clearing.circles import (
    Circle,
    CircleOnward,
    Leg,
    encode_circle,
    is_signed_by,
    read_circle,
)
from protocol.practices.between.clearing.intents import Intents, Line, clearable, cut
from protocol.practices.between.clearing.part import (
    PPM,
    ROUND_LIFE_MS,
    Begun,
    Cleared,
    Clearing,
    ClearingSet,
    Failed,
    Initiated,
    Left,
    Turned,
    joining,
    opening,
)
from protocol.practices.between.federations.charters import Charters
from protocol.practices.between.links.entries import HoldItem
from protocol.practices.between.links.link import Link, LinkState
from protocol.practices.between.links.refusals import LINK_NOT_OPEN, LINK_UNKNOWN
from protocol.practices.between.links.state import Links
from protocol.practices.between.links.steps import Claim, Place
from protocol.practices.between.quotes.answers import is_reachable
from protocol.practices.between.quotes.invoices import condition_of, preimage_of
from protocol.practices.between.quotes.refusals import QUOTE_EXPIRED, ROUTE_INVALID, code_told
from protocol.practices.between.routes import Pair
from protocol.practices.money.currencies.rules import BALANCE_OPEN
from protocol.solvers.cycles import CYCLE_MEMBERS_MAX, Cycle, cycles
from protocol.solvers.netting import Obligation, set_off
from protocol.wire.codec import CodecFault, decode, encode
from protocol.wire.keys import digest
from protocol.wire.shape import ShapeFault, from_map, to_map

ROUND_EVERY_MS = 60_000
"""How often at most a network lets others call it into a round: each one leaves words in the commons for good.

In whole minutes federations count their rhythms, so that all of them together call for one round a minute at most.
"""
CUT_WAIT_MS = 6_000
"""How long those who join a round are waited for before it is computed."""
ASK_WAIT_MS = 8_000
"""How long a circle that was asked about may stay without an answer."""
SET_OFFS_TRIED = 16
"""How many largest set-offs are taken apart, to see which yields most in circles that are short enough."""
TRIED_OBLIGATIONS_MAX = 2_000
"""Of more debts than so many one set-off has to do: each takes a second."""
TAKEOVER_MS = 15_000
"""How long a circle waits for an initiator before the next one takes over."""
CIRCLE_LIFE_MS = 60_000
"""How long a network may join a circle after it was proposed."""
ASKED_MAX = 8
"""How many circles one network tries at a time."""
PASSED_MAX = 1_024
"""How many questions of others about circles may be open here."""


@dataclass(slots=True)
class Proposal:
    """A circle that we are in, and when it is our turn to try it."""

    circle: Circle
    at_ms: Millis


@dataclass(slots=True)
class Asked:
    """A circle that we have asked about: all must agree before a hold is placed."""

    data: bytes
    circle: Circle
    nonce: bytes
    until_ms: Millis


@dataclass(slots=True)
class Rounds:
    """What goes on in a round: not part of the fold, and lost at a restart without harm."""

    computed: int = 0
    joined: int = 0
    """The round that we have entered last, and when it began for us."""
    joined_at_ms: Millis = 0
    proposals: list[Proposal] = field(default_factory=list[Proposal])
    asked: dict[bytes, Asked] = field(default_factory=dict[bytes, Asked])
    """By the key of the question."""
    passed: dict[bytes, tuple[bytes, Millis]] = field(default_factory=dict[bytes, tuple[bytes, Millis]])
    """Who has asked us what we passed on, and until when an answer is expected, by key."""
    seen: dict[bytes, Millis] = field(default_factory=dict[bytes, Millis])
    """Circles that somebody has taken up, and when."""


# Rounds.


def due(desk: Desk) -> Iterator[Plan]:
    """Open a round by our own rhythm, or join one that others have opened; then work out its circles."""
    book = desk.book
    clearing, rounds = book.of(Clearing), book.of(Rounds)
    settings = clearing.settings
    if settings is None or not settings.is_on:
        return
    called = _called(desk, settings)
    if called is not None and called not in clearing.opened:
        yield Plan("", tuple(opening(book, called)))
    newest = clearing.newest(desk.now)
    if newest != rounds.joined:
        rounds.joined, rounds.joined_at_ms = newest, max(desk.now, newest)
    if settings.is_public and newest != rounds.computed and desk.now >= rounds.joined_at_ms + CUT_WAIT_MS:
        rounds.computed = newest
        if desk.now <= newest + ROUND_LIFE_MS:
            rounds.proposals = list(_proposals(desk, newest))


def _called(desk: Desk, settings: ClearingSet) -> int | None:
    """Return the round that is to be opened or joined now."""
    newest = desk.book.of(Clearing).newest(desk.now)
    common = _common(desk)
    if common is not None:
        # Who publishes nothing is in nobody's cut: its own round is a search.
        return common if settings.is_public else desk.now
    if settings.rhythm_ms and desk.now - newest >= settings.rhythm_ms and _may_go_round(desk.book):
        return desk.now
    if not settings.is_public:
        return None
    if 0 <= desk.now - desk.book.of(Clearing).entered_at_ms < ROUND_EVERY_MS:
        return None
    others = (word.round for network, word in desk.book.of(Intents).said.items() if network != desk.book.network)
    fresh = [one for one in others if abs(desk.now - one) <= ROUND_LIFE_MS and one > newest]
    return max(fresh, default=None)


def _common(desk: Desk) -> int | None:
    """Return the round that is due at this moment by the rhythm of a federation of ours, alike for all its members.

    Who has slept through its first minute, or has nothing that could go round, does not open it.
    """
    book = desk.book
    charters = (charter for _, charter in book.of(Charters).of(book, book.network))
    rhythms = [charter.rhythm_minutes * ROUND_EVERY_MS for charter in charters if charter.rhythm_minutes]
    number = max((desk.now - desk.now % rhythm for rhythm in rhythms), default=0)
    if number <= book.of(Clearing).newest(desk.now) or desk.now - number >= ROUND_EVERY_MS:
        return None
    return number if _may_go_round(book) else None


def _may_go_round(book: Book) -> bool:
    """Tell whether we both owe and are owed; else a round would leave its words in the commons for nothing."""
    links = book.of(Links).by_id.values()
    return all(any(clearable(link, owed=owed) for link in links) for owed in (False, True))


def _proposals(desk: Desk, number: int) -> Iterator[Proposal]:
    """Yield the circles of a round that we are in; each turns to us after those whose turn comes first by hash."""
    book, salt = desk.book, number.to_bytes(8, "big")
    for circle in circles_with_us(book, number, cut(book, number), CYCLE_MEMBERS_MAX):
        turns = sorted((leg.network for leg in circle.legs), key=lambda member: digest("initiator", salt + member))
        yield Proposal(circle, desk.now + turns.index(book.network) * TAKEOVER_MS)


def circles_with_us(
    book: Book, number: int, lines: Mapping[Pair, tuple[int, Line, Fraction]], members_max: int
) -> Iterator[Circle]:
    """Yield the circles that we are in, of debts told as `intents.cut` tells them; none is signed or timed yet.

    What others tell may be a lie: a circle that nobody could read is left out.
    """
    if not lines:
        return
    # Not by their links: two pairs may tell of the same one.
    debts = {pair: Obligation(b"".join(pair), *pair, worth) for pair, (worth, _, _) in lines.items()}
    for cycle in circles_of(debts, number.to_bytes(8, "big"), members_max):
        members = cycle.members
        if book.network not in members:
            continue
        legs, mine = _legs(members, cycle.amount, lines), members.index(book.network)
        circle = Circle(number, (*legs[mine:], *legs[:mine]), bytes(32), 0)
        if circle.is_well_formed() and all(0 < leg.amount <= AMOUNT_MINOR_MAX for leg in legs):
            yield circle


def circles_of(debts: Mapping[Pair, Obligation], salt: bytes, members_max: int) -> list[Cycle[bytes]]:
    """Return the circles of a round: of some largest set-offs, told apart by their salts, those that clear the most."""
    tries = SET_OFFS_TRIED if len(debts) <= TRIED_OBLIGATIONS_MAX else 1
    found = [_taken_apart(debts, salt + bytes((number,)), members_max) for number in range(tries)]
    return max(found, key=lambda circles: sum(len(one.members) * one.amount for one in circles))


def _taken_apart(debts: Mapping[Pair, Obligation], salt: bytes, members_max: int) -> list[Cycle[bytes]]:
    """Take the largest set-off apart, the shortest circles first, and then what these leave of all debts.

    The largest set-off likes long ways, since more is cleared on them: where it leads over too many networks at
    once, shorter ones may be left beside it.
    """
    cleared = set_off(debts.values(), salt).cleared
    circles = cycles({pair: cleared.get(one.id, 0) for pair, one in debts.items()}, members_max)[0]
    left = {pair: one.amount for pair, one in debts.items()}
    for circle in circles:
        for pair in pairwise((*circle.members, circle.members[0])):
            left[pair] -= circle.amount
    return circles + cycles(left, members_max)[0]


def _legs(members: tuple[bytes, ...], worth: int, lines: Mapping[Pair, tuple[int, Line, Fraction]]) -> tuple[Leg, ...]:
    """Return what each clears on its link: so many of its minor units as are worth no more than the circle is."""
    pairs = ((pair, *lines[pair]) for pair in pairwise((*members, members[0])))
    return tuple(Leg(debtor, line.link, int(worth / value)) for (debtor, _), _, line, value in pairs)


# Circles: asking.


def proceed(desk: Desk) -> Iterator[Tell | Plan]:
    """Ask about the circles whose turn it is, and leave alone those that were asked about in vain."""
    book, rounds = desk.book, desk.book.of(Rounds)
    rounds.passed = {key: one for key, one in rounds.passed.items() if _is_waited_for(one[1], desk.now)}
    rounds.seen = {id: at for id, at in rounds.seen.items() if 0 <= desk.now - at <= ROUND_LIFE_MS}
    for key in [key for key, one in rounds.asked.items() if not _is_waited_for(one.until_ms, desk.now)]:
        yield _left(rounds.asked.pop(key), PEER_UNREACHABLE.code, None)
    waiting: list[Proposal] = []
    for one in rounds.proposals:
        if one.circle.id in rounds.seen or desk.now > one.circle.round + ROUND_LIFE_MS:
            continue
        if desk.now < one.at_ms or len(rounds.asked) >= ASKED_MAX:
            waiting.append(one)
            continue
        nonce = desk.chance(16)
        condition = condition_of(preimage_of(desk.secret, nonce))
        circle = Circle(one.circle.round, one.circle.legs, condition, desk.now + CIRCLE_LIFE_MS)
        rounds.seen[circle.id] = desk.now
        data, key = encode_circle(circle), desk.chance(16)
        asked = Asked(data, circle, nonce, desk.now + ASK_WAIT_MS)
        refused = refusal(book, circle, desk.now)
        if refused is not None:
            yield _left(asked, refused.code, book.network)
            continue
        rounds.asked[key] = asked
        yield Tell(circle.legs[-1].network, CircleAsked(key, data, desk.sign("circle", data)))
    rounds.proposals = waiting


def _is_waited_for(until_ms: Millis, now: Millis) -> bool:
    """Tell whether an answer may still come; one awaited until later than ever was asked before the clock went back."""
    return 0 <= until_ms - now <= ASK_WAIT_MS


def hear_asked(desk: Desk, asker: bytes, asked: CircleAsked) -> tuple[Tell | Plan, ...]:
    """Pass a question about a circle on to who owes us, or, come round to us, place the hold that clears it."""
    book, rounds = desk.book, desk.book.of(Rounds)
    circle = read_circle(asked.circle)
    ours = rounds.asked.get(asked.key)
    if ours is not None and circle is not None and asked.circle == ours.data:
        if asker != circle.legs[1].network or desk.silent is not None:
            return ()
        del rounds.asked[asked.key]
        return (_begin(desk, ours, asked.signature),)
    refused = _hear(desk, asker, circle, asked)
    if refused is not None:
        return (Tell(asker, QuoteDenied(asked.key, refused.code, book.network)),)
    assert circle is not None
    rounds.seen[circle.id] = desk.now
    rounds.passed[asked.key] = asker, desk.now + ASK_WAIT_MS
    at = circle.place_of(book.network)
    assert at is not None
    return (Tell(circle.legs[at - 1].network, asked),)


def _hear(desk: Desk, asker: bytes, circle: Circle | None, asked: CircleAsked) -> Reason | None:
    book, rounds = desk.book, desk.book.of(Rounds)
    if desk.silent is not None:
        return desk.silent
    if circle is None:
        return MALFORMED
    at = circle.place_of(book.network)
    if not at or circle.legs[(at + 1) % len(circle.legs)].network != asker:
        return ROUTE_INVALID
    if not _is_signed(book, circle, asked.circle, asked.signature):
        return SIGNATURE_INVALID
    if asked.key in rounds.passed or len(rounds.passed) >= PASSED_MAX:
        return OVERLOADED
    return refusal(book, circle, desk.now)


def hear_denied(desk: Desk, teller: bytes, denied: QuoteDenied) -> tuple[Tell | Plan, ...]:
    """Leave a circle alone that somebody has refused, or tell who asked us."""
    rounds = desk.book.of(Rounds)
    ours = rounds.asked.get(denied.key)
    if ours is not None and desk.silent is None and teller == ours.circle.legs[-1].network:
        del rounds.asked[denied.key]
        return (_left(ours, code_told(denied.code), denied.network),)
    passed = rounds.passed.pop(denied.key, None)
    return () if passed is None else (Tell(passed[0], denied),)


def _left(asked: Asked, reason: str, by: bytes | None) -> Plan:
    return Plan("", (Write(Left(asked.data, reason, by)),))


def _is_signed(book: Book, circle: Circle, data: bytes, signature: bytes) -> bool:
    known = book.of(Directory).networks.get(circle.initiator)
    return known is not None and is_signed_by(known.identity, circle, data, signature)


# Circles: joining.


def refusal(book: Book, circle: Circle, now: Millis, hold: bytes | None = None) -> Reason | None:
    """Return why we do not join a circle: with `hold` it has come to us already, and counts as promised.

    What we owe must not be promised elsewhere already, nor what we are owed, so that no debt is ever turned round;
    and both legs must be worth the same to us, but for rounding and what we have agreed to lose.
    """
    at, links, settings = circle.place_of(book.network), book.of(Links).by_id, book.of(Clearing).settings
    if settings is None or not settings.is_on:
        return FORBIDDEN
    if at is None:
        return ROUTE_INVALID
    if circle.id in book.of(Forwards).circles or circle.id in book.of(Clearing).initiated:
        return STATE_CONFLICT
    if not circle.is_open(now) or abs(now - circle.round) > ROUND_LIFE_MS:
        return QUOTE_EXPIRED
    into, out = circle.legs[at], circle.legs[at - 1]
    link_in, link_out = links.get(into.link), links.get(out.link)
    creditor = circle.legs[(at + 1) % len(circle.legs)].network
    if link_in is None or link_out is None or link_in.partner != creditor or link_out.partner != out.network:
        return LINK_UNKNOWN
    for link in (link_in, link_out):
        if link.mine is None or link.is_lost or link.state not in (LinkState.OPEN, LinkState.CLOSING):
            return LINK_NOT_OPEN
    if link_in.settings.currency != link_out.settings.currency:
        return CURRENCY_MISMATCH
    if link_in.settings.currency not in book.currencies or book.currencies[link_in.settings.currency].closed:
        return CURRENCY_CLOSED
    promised = 0 if hold is None else link_in.now.holds_in[hold].amount
    if _debt_left(link_in) + promised < into.amount or clearable(link_out, owed=True) < out.amount:
        return BALANCE_OPEN
    if not is_reachable(book, out.network):
        return PEER_UNREACHABLE
    worth, cost = legs_worth(circle, at, link_in, link_out)
    if not (0 < worth <= AMOUNT_MINOR_MAX and 0 < cost <= AMOUNT_MINOR_MAX):
        return AMOUNT_TOO_LARGE
    rounding = link_in.settings.rate.up(1) + link_out.settings.rate.up(1)
    return ORDER_MISMATCH if cost - worth > rounding + cost * settings.loss_ppm // PPM else None


def _debt_left(link: Link) -> int:
    """Return what we owe on a link less all that is promised of it; below 0 more is promised than we owe."""
    return link.now.net_debt - sum(hold.amount for hold in link.now.holds_in.values())


def legs_worth(circle: Circle, at: int, link_in: Link, link_out: Link) -> tuple[int, int]:
    """Return what we owe less, and what we are owed less, by a circle, in our minor units."""
    return (
        link_in.settings.rate.down(circle.legs[at].amount),
        link_out.settings.rate.up(circle.legs[at - 1].amount),
    )


def _begin(desk: Desk, asked: Asked, signature: bytes) -> Plan:
    """Place our hold, once all have agreed."""
    book, circle = desk.book, asked.circle
    refused = refusal(book, circle, desk.now)
    if refused is not None:
        return _left(asked, refused.code, book.network)
    links = book.of(Links).by_id
    link_in, link_out = links[circle.legs[0].link], links[circle.legs[-1].link]
    worth, cost = legs_worth(circle, 0, link_in, link_out)
    begun = Begun(asked.data, asked.nonce, worth, cost, link_in.settings.currency)
    one = Initiated(circle, asked.nonce, worth, cost, begun.currency)
    onward = encode(to_map(CircleOnward(asked.data, signature)))
    place = Place(link_out.id, HoldItem(one.hold, circle.legs[-1].amount, circle.condition, onward), clears=True)
    told = link_out.refusal(place)
    if told is not None:
        return _left(asked, told.reason.code, book.network)
    return Plan("", (Write(begun),), steps=(place,))


# What the holds of circles come to.


def read_onward(data: bytes) -> CircleOnward | None:
    """Return what travels beside a hold that clears; None where the hold is a payment's."""
    try:
        fields = decode(data)
        return from_map(CircleOnward, fields) if isinstance(fields, dict) else None
    except (CodecFault, ShapeFault):
        return None


def answer(desk: Desk, link: Link, hold: bytes, onward: CircleOnward) -> Plan | Reason:
    """Join a circle by a hold that has come, or claim the one that has come round to us."""
    book, held, circle = desk.book, link.now.holds_in[hold], read_circle(onward.circle)
    if circle is None:
        return MALFORMED
    at = circle.place_of(book.network)
    fits = at is not None and (circle.legs[at].link, circle.legs[at].amount) == (link.id, held.amount)
    if at is None or not fits or held.condition != circle.condition:
        return ORDER_MISMATCH
    if at == 0:
        return _turn(desk, link, hold, circle)
    if not _is_signed(book, circle, onward.circle, onward.signature):
        return SIGNATURE_INVALID
    book.of(Rounds).seen[circle.id] = desk.now
    refused = refusal(book, circle, desk.now, hold)
    if refused is not None:
        return refused
    link_out = book.of(Links).by_id[circle.legs[at - 1].link]
    worth, cost = legs_worth(circle, at, link, link_out)
    out, currency = circle.legs[at - 1].amount, link.settings.currency
    hold_out = next_hold_id(hold, link.id)
    forwarded = Forwarded(
        hold, link.id, held.amount, worth, hold_out, link_out.id, out, cost, currency, onward.circle
    )  # fmt: skip
    place = Place(link_out.id, HoldItem(hold_out, out, circle.condition, link.onward_in[hold]), clears=True)
    told = link_out.refusal(place)
    if told is not None:
        return told.reason
    joined = () if circle.round in book.of(Clearing).rounds else (joining(book, circle.round),)
    return Plan("", (*joined, Write(forwarded)), steps=(place,))


def _turn(desk: Desk, link: Link, hold: bytes, circle: Circle) -> Plan | Reason:
    """Claim what has come round; where it would turn a debt of ours round, waive it, and all comes back."""
    one = desk.book.of(Clearing).initiated.get(circle.id)
    if one is None or one.circle != circle:
        return NOT_FOUND
    claim = Claim(link.id, hold, preimage_of(desk.secret, one.nonce))
    if one.turned is not None:
        return Plan("", steps=(claim,)) if one.turned == hold and link.reopened else STATE_CONFLICT
    if not one.is_open and one.reason is not None:
        return STATE_CONFLICT
    if one.is_open and _debt_left(link) < 0:
        return BALANCE_OPEN
    return Plan("", (Write(Turned(circle.id, hold)),), steps=(claim,))


def cleared(book: Book, link: Link, hold: bytes, preimage: bytes) -> Iterator[Plan]:
    """Note that our own hold of a circle was claimed."""
    one = book.of(Clearing).by_hold.get((link.id, hold))
    if one is not None:
        yield Plan("", (Write(Cleared(one.id, preimage)),))


def failed(book: Book, link: Link, hold: bytes, reason: str) -> Iterator[Plan]:
    """Note that our own hold of a circle was waived."""
    one = book.of(Clearing).by_hold.get((link.id, hold))
    if one is not None:
        yield Plan("", (Write(Failed(one.id, reason)),))


def after_loss(book: Book, link: Link) -> Iterator[Plan]:
    """Give up circles whose hold was never promised in a record that still counts."""
    for one in list(book.of(Clearing).by_hold.values()):
        if one.link_out == link.id and one.hold not in link.now.own.holds:
            yield Plan("", (Write(Failed(one.id, RECOVERING.code)),))
