# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a circle goes round: what is done when its hold comes, is claimed, comes back, or was lost."""

from collections.abc import Iterator

from protocol.book.book import Book
from protocol.book.declaration import Desk, Plan, Write
from protocol.book.refusals import (
    BALANCE_OPEN,
    MALFORMED,
    NOT_FOUND,
    ORDER_MISMATCH,
    RECOVERING,
    SIGNATURE_INVALID,
    STATE_CONFLICT,
    Reason,
)
from protocol.practices.between.abroad.entries import Forwarded
from protocol.practices.between.abroad.state import next_hold_id
from protocol.practices.between.clearing.circles import Circle, CircleOnward, read_circle
from protocol.practices.between.clearing.entries import Cleared, Failed, Turned
from protocol.practices.between.clearing.joining import against_circle, debt_left, is_signed, legs_worth
from protocol.practices.between.clearing.part import joining
from protocol.practices.between.clearing.remembered import Rounds
from protocol.practices.between.clearing.state import Clearing
from protocol.practices.between.links.entries import HoldItem
from protocol.practices.between.links.link import Link
from protocol.practices.between.links.state import Links
from protocol.practices.between.links.steps import Claim, Place
from protocol.practices.between.quotes.invoices import preimage_of
from protocol.wire.codec import CodecFault, decode
from protocol.wire.shape import ShapeFault, from_map


def read_circle_onward(data: bytes) -> CircleOnward | None:
    """Return what travels beside a hold that clears; None where the hold is a payment's."""
    try:
        fields = decode(data)
        return from_map(CircleOnward, fields) if isinstance(fields, dict) else None
    except (CodecFault, ShapeFault):
        return None


def answer_circle(desk: Desk, link: Link, hold: bytes, onward: CircleOnward) -> Plan | Reason:
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
    if not is_signed(book, circle, onward.circle, onward.signature):
        return SIGNATURE_INVALID
    book.of(Rounds).seen[circle.id] = desk.now
    refused = against_circle(book, circle, desk.now, hold)
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
    if one.is_open and debt_left(link) < 0:
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
