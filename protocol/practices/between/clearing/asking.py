# SPDX-License-Identifier: AGPL-3.0-or-later
"""How the networks of a circle are asked, one after the other, before any of them is bound."""

from protocol.book.declaration import Desk, Plan, Tell, Write
from protocol.book.refusals import MALFORMED, OVERLOADED, SIGNATURE_INVALID, Reason
from protocol.peers.messages import CircleAsked, QuoteDenied
from protocol.practices.between.clearing.circles import Circle, CircleOnward, read_circle
from protocol.practices.between.clearing.entries import CircleBegun, CircleLeft
from protocol.practices.between.clearing.joining import against_circle, is_signed, legs_worth
from protocol.practices.between.clearing.remembered import AskedCircle, Rounds
from protocol.practices.between.clearing.state import Initiated
from protocol.practices.between.links.entries import HoldItem
from protocol.practices.between.links.state import Links
from protocol.practices.between.links.steps import Place
from protocol.practices.between.quotes.refusals import ROUTE_INVALID, code_told
from protocol.wire.codec import encode
from protocol.wire.shape import to_map

ASK_WAIT_MS = 8_000
"""How long a circle that was asked about may stay without an answer."""
PASSED_MAX = 1_024
"""How many questions of others about circles may be open here."""


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
    if not is_signed(book, circle, asked.circle, asked.signature):
        return SIGNATURE_INVALID
    if asked.key in rounds.passed or len(rounds.passed) >= PASSED_MAX:
        return OVERLOADED
    return against_circle(book, circle, desk.now)


def hear_denied(desk: Desk, teller: bytes, denied: QuoteDenied) -> tuple[Tell | Plan, ...]:
    """Leave a circle alone that somebody has refused, or tell who asked us."""
    rounds = desk.book.of(Rounds)
    ours = rounds.asked.get(denied.key)
    if ours is not None and desk.silent is None and teller == ours.circle.legs[-1].network:
        del rounds.asked[denied.key]
        return (left_by(ours, code_told(denied.code), denied.network),)
    passed = rounds.passed.pop(denied.key, None)
    return () if passed is None else (Tell(passed[0], denied),)


def left_by(asked: AskedCircle, reason: str, by: bytes | None) -> Plan:
    return Plan("", (Write(CircleLeft(asked.data, reason, by)),))


def _begin(desk: Desk, asked: AskedCircle, signature: bytes) -> Plan:
    """Place our hold, once all have agreed."""
    book, circle = desk.book, asked.circle
    refused = against_circle(book, circle, desk.now)
    if refused is not None:
        return left_by(asked, refused.code, book.network)
    links = book.of(Links).by_id
    link_in, link_out = links[circle.legs[0].link], links[circle.legs[-1].link]
    worth, cost = legs_worth(circle, 0, link_in, link_out)
    begun = CircleBegun(asked.data, asked.nonce, worth, cost, link_in.settings.currency)
    one = Initiated(circle, asked.nonce, worth, cost, begun.currency)
    onward = encode(to_map(CircleOnward(asked.data, signature)))
    place = Place(link_out.id, HoldItem(one.hold, circle.legs[-1].amount, circle.condition, onward), clears=True)
    told = link_out.refusal(place)
    if told is not None:
        return left_by(asked, told.reason.code, book.network)
    return Plan("", (Write(begun),), steps=(place,))
