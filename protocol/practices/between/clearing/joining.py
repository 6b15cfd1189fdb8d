# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whether a network may be in a circle now, and what comes of it."""

from protocol.book.accounts import exchange_account, holds_account
from protocol.book.book import Book
from protocol.book.money import AMOUNT_MINOR_MAX
from protocol.book.promised import beyond_promised
from protocol.book.refusals import (
    AMOUNT_TOO_LARGE,
    BALANCE_OPEN,
    CURRENCY_CLOSED,
    CURRENCY_MISMATCH,
    FORBIDDEN,
    ORDER_MISMATCH,
    PEER_UNREACHABLE,
    STATE_CONFLICT,
    Reason,
)
from protocol.lanes.directory import Directory
from protocol.lanes.entry import Millis
from protocol.practices.between.abroad.state import Forwards
from protocol.practices.between.clearing.circles import Circle, is_circle_signed_by
from protocol.practices.between.clearing.entries import PPM
from protocol.practices.between.clearing.intents import clearable
from protocol.practices.between.clearing.state import ROUND_LIFE_MS, Clearing
from protocol.practices.between.links.entries import link_account
from protocol.practices.between.links.link import Link, LinkState
from protocol.practices.between.links.refusals import LINK_NOT_OPEN, LINK_UNKNOWN
from protocol.practices.between.links.state import Links
from protocol.practices.between.quotes.answers import is_reachable
from protocol.practices.between.quotes.refusals import QUOTE_EXPIRED, ROUTE_INVALID


def is_signed(book: Book, circle: Circle, data: bytes, signature: bytes) -> bool:
    known = book.of(Directory).networks.get(circle.initiator)
    return known is not None and is_circle_signed_by(known.identity, circle, data, signature)


def against_circle(book: Book, circle: Circle, now: Millis, hold: bytes | None = None) -> Reason | None:
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
    if debt_left(link_in) + promised < into.amount or clearable(link_out, owed=True) < out.amount:
        return BALANCE_OPEN
    if not is_reachable(book, out.network):
        return PEER_UNREACHABLE
    worth, cost = legs_worth(circle, at, link_in, link_out)
    if not (0 < worth <= AMOUNT_MINOR_MAX and 0 < cost <= AMOUNT_MINOR_MAX):
        return AMOUNT_TOO_LARGE
    code, begins = link_in.settings.currency, at == 0
    moves = (link_account(into.link, code), -worth), (link_account(out.link, code), cost)
    # At who begins it, what has come round may wait for the rest; and go where rounding goes, if that never comes.
    waits = ((holds_account(code), worth), (exchange_account(code), worth), (exchange_account(code), -cost))
    if beyond_promised(book, *moves, *(waits if begins else ((exchange_account(code), worth - cost),))) is not None:
        return AMOUNT_TOO_LARGE
    rounding = link_in.settings.rate.up(1) + link_out.settings.rate.up(1)
    return ORDER_MISMATCH if cost - worth > rounding + cost * settings.loss_ppm // PPM else None


def debt_left(link: Link) -> int:
    """Return what we owe on a link less all that is promised of it; below 0 more is promised than we owe."""
    return link.now.net_debt - sum(hold.amount for hold in link.now.holds_in.values())


def legs_worth(circle: Circle, at: int, link_in: Link, link_out: Link) -> tuple[int, int]:
    """Return what we owe less, and what we are owed less, by a circle, in our minor units."""
    return (
        link_in.settings.rate.down(circle.legs[at].amount),
        link_out.settings.rate.up(circle.legs[at - 1].amount),
    )
