# SPDX-License-Identifier: AGPL-3.0-or-later
"""Rounds of clearing: when they are opened, which circles are tried, and when a network joins one (PROTOCOL 4).

All who take part in a round compute the same set-off of what was offered, and from it the same circles. That only
proposes: each circle is asked about first, and then cleared, or not, by itself. A clock may keep a network from
joining, but never frees what it has promised.
"""

from collections.abc import Iterator

from protocol.book.book import Book
from protocol.book.declaration import Desk, Plan, Tell
from protocol.book.refusals import PEER_UNREACHABLE
from protocol.lanes.entry import Millis
from protocol.peers.messages import CircleAsked
from protocol.practices.between.clearing.asking import ASK_WAIT_MS, left_by
from protocol.practices.between.clearing.circles import Circle, encode_circle
from protocol.practices.between.clearing.entries import ClearingSet
from protocol.practices.between.clearing.intents import Intents, clearable, cut
from protocol.practices.between.clearing.joining import against_circle
from protocol.practices.between.clearing.part import opening
from protocol.practices.between.clearing.proposing import Proposal, circles_with_us
from protocol.practices.between.clearing.remembered import AskedCircle, Rounds
from protocol.practices.between.clearing.state import ROUND_LIFE_MS, Clearing
from protocol.practices.between.federations.charters import Charters
from protocol.practices.between.links.state import Links
from protocol.practices.between.quotes.invoices import condition_of, preimage_of
from protocol.solvers.cycles import CYCLE_MEMBERS_MAX
from protocol.wire.keys import digest

ROUND_EVERY_MS = 60_000
"""How often at most a network lets others call it into a round: each one leaves words in the commons for good.

In whole minutes federations count their rhythms, so that all of them together call for one round a minute at most.
"""
CUT_WAIT_MS = 6_000
"""How long those who join a round are waited for before it is computed."""
TAKEOVER_MS = 15_000
"""How long a circle waits for an initiator before the next one takes over."""
CIRCLE_LIFE_MS = 60_000
"""How long a network may join a circle after it was proposed."""
ASKED_MAX = 8
"""How many circles one network tries at a time."""


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


def proceed(desk: Desk) -> Iterator[Tell | Plan]:
    """Ask about the circles whose turn it is, and leave alone those that were asked about in vain."""
    book, rounds = desk.book, desk.book.of(Rounds)
    rounds.passed = {key: one for key, one in rounds.passed.items() if _is_waited_for(one[1], desk.now)}
    rounds.seen = {id: at for id, at in rounds.seen.items() if 0 <= desk.now - at <= ROUND_LIFE_MS}
    for key in [key for key, one in rounds.asked.items() if not _is_waited_for(one.until_ms, desk.now)]:
        yield left_by(rounds.asked.pop(key), PEER_UNREACHABLE.code, None)
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
        asked = AskedCircle(data, circle, nonce, desk.now + ASK_WAIT_MS)
        refused = against_circle(book, circle, desk.now)
        if refused is not None:
            yield left_by(asked, refused.code, book.network)
            continue
        rounds.asked[key] = asked
        yield Tell(circle.legs[-1].network, CircleAsked(key, data, desk.sign("circle", data)))
    rounds.proposals = waiting


def _is_waited_for(until_ms: Millis, now: Millis) -> bool:
    """Tell whether an answer may still come; one awaited until later than ever was asked before the clock went back."""
    return 0 <= until_ms - now <= ASK_WAIT_MS
