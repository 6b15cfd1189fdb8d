# SPDX-License-Identifier: AGPL-3.0-or-later
"""Probes: how networks find rings of three and four among debts that nobody publishes (PROTOCOL 4).

Who wants to clear sends a key of chance both ways along its debts, to those who owe it and to those whom it owes,
and these send it on once more. Where it comes in from both sides a ring is closed; of that ring, and of no other
debt, who searches is then told the way back. It proposes circles, and what follows is as in any round.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import ClassVar

from protocol.book.book import Book
from protocol.book.declaration import Desk, Tell
from protocol.lanes.entry import Millis
from protocol.peers.messages import PROBE_STEPS_MAX, Debt, Probe, ProbeMet
from protocol.practices.between.clearing.circles import Circle
from protocol.practices.between.clearing.intents import DEBT_WORTH_MAX, LinkDebt, clearable, lines, value
from protocol.practices.between.clearing.proposing import Proposal, circles_with_us
from protocol.practices.between.clearing.remembered import Rounds
from protocol.practices.between.clearing.state import ROUND_LIFE_MS, Clearing
from protocol.practices.between.links.state import Links
from protocol.practices.between.quotes.answers import is_reachable
from protocol.practices.between.routes.paths import Pair

CIRCLE_MEMBERS_MAX = 2 * PROBE_STEPS_MAX
"""How many networks a ring has that a probe finds."""
PROBE_FANOUT_MAX = 8
"""To how many partners a probe goes on from one network each way: those of the greatest debts."""
ANSWERS_MAX = PROBE_FANOUT_MAX + 1
"""How often a partner may answer one probe, each way: for itself, and for each to whom it went on."""
SEARCH_MS = 2_000
"""How long who searches waits for what its probe has met."""
PROBE_LIFE_MS = 10_000
"""How long another's probe is remembered here."""
PROBES_MAX = 64
"""How many probes of others are remembered at a time: however many come, so many go on to each partner in that time."""
PROBES_PER_PARTNER_MAX = 16
"""How many of these may have come from one partner."""
TURN_MS = 2_000
"""How long each network of a ring lets the one before it, by id, try first where others search as well."""

KnownDebt = tuple[int, LinkDebt, Fraction]
"""A debt: its worth in reference units, its line, and what a minor unit of its link is worth."""


@dataclass(slots=True)
class ProbeWay:
    """One of the two ways of a probe: to debtors, or to creditors."""

    askers: dict[bytes, bool] = field(default_factory=dict[bytes, bool])
    """From whom it has come, and whether they were told that it has met."""
    source: bytes | None = None
    """For whom we have passed it on."""
    asked: dict[bytes, None] = field(default_factory=dict[bytes, None])
    """To whom it went, as long as they have not answered."""


@dataclass(slots=True)
class Heard:
    """A probe of another's, on both its ways: that to debtors is under True."""

    at_ms: Millis
    ways: dict[bool, ProbeWay] = field(default_factory=lambda: {True: ProbeWay(), False: ProbeWay()})


@dataclass(slots=True)
class CircleSearch:
    """Our own probe, for a round of ours, and the debts that are in a ring with us as far as we were told."""

    round: int
    key: bytes
    at_ms: Millis
    known: dict[Pair, KnownDebt] = field(default_factory=dict[Pair, KnownDebt])
    told: dict[tuple[bytes, bool], int] = field(default_factory=dict[tuple[bytes, bool], int])
    """How many answers each partner to whom it went has given, each way."""


@dataclass(slots=True)
class Probes:
    """What is searched for: not part of the fold, and lost at a restart without harm."""

    TRANSIENT: ClassVar[bool] = True
    searched: int = 0
    """The newest round of ours for which we have searched."""
    search: CircleSearch | None = None
    found: list[Proposal] = field(default_factory=list[Proposal])
    """Circles that wait for our turn."""
    heard: dict[bytes, Heard] = field(default_factory=dict[bytes, Heard])

    def forget(self, now: Millis) -> None:
        """Drop what has expired."""
        self.heard = {key: one for key, one in self.heard.items() if 0 <= now - one.at_ms <= PROBE_LIFE_MS}

    def has_room(self, asker: bytes) -> bool:
        """Tell whether a partner may bring one more probe."""
        asked = sum(any(asker in way.askers for way in one.ways.values()) for one in self.heard.values())
        return asked < PROBES_PER_PARTNER_MAX


# Our own searches.


def proceed(desk: Desk) -> Iterator[Tell]:
    """Search for rings once in a round of ours, as soon as partners are there, and propose in turn what was found."""
    book, probes, rounds = desk.book, desk.book.of(Probes), desk.book.of(Rounds)
    probes.forget(desk.now)
    search = probes.search
    if search is not None and not 0 <= desk.now - search.at_ms < SEARCH_MS:
        probes.search = None
        probes.found = list(_found(desk, search))
    ready = [one for one in probes.found if one.at_ms <= desk.now]
    probes.found = [one for one in probes.found if one.at_ms > desk.now]
    # What another who found it too has cleared meanwhile is no failure.
    rounds.proposals += [one for one in ready if _is_owed(book, one.circle)]
    if _is_due(desk) and not _is_alone(book):
        yield from _begin(desk)


def _is_due(desk: Desk) -> bool:
    """Tell whether a round of ours awaits its search; where we publish our debts, its own circles come first."""
    clearing, rounds, probes = desk.book.of(Clearing), desk.book.of(Rounds), desk.book.of(Probes)
    number, settings = clearing.newest(desk.now), clearing.settings
    if settings is None or not settings.is_on or probes.search is not None:
        return False
    if number in (0, probes.searched) or abs(desk.now - number) > ROUND_LIFE_MS or not clearing.rounds[number].is_ours:
        return False
    return not settings.is_public or (rounds.computed == number and not rounds.proposals and not rounds.asked)


def _is_alone(book: Book) -> bool:
    """Tell whether nobody is there of those who owe us, or of those whom we owe."""
    return any(_debts(book, owed=owed) and not _greatest(book, owed=owed) for owed in (True, False))


def _begin(desk: Desk) -> Iterator[Tell]:
    book, probes = desk.book, desk.book.of(Probes)
    probes.searched = book.of(Clearing).newest(desk.now)
    ways = {to_debtor: _greatest(book, owed=to_debtor) for to_debtor in (True, False)}
    if not all(ways.values()):
        return
    probes.search = CircleSearch(probes.searched, desk.chance(16), desk.now)
    for to_debtor, partners in ways.items():
        for partner in partners:
            probes.search.told[partner, to_debtor] = 0
            yield Tell(partner, Probe(probes.search.key, to_debtor, onward=True))


def _found(desk: Desk, search: CircleSearch) -> Iterator[Proposal]:
    """Yield the circles in what we were told; where another may have found the same, each for our turn in it."""
    for circle in circles_with_us(desk.book, search.round, search.known, CIRCLE_MEMBERS_MAX):
        turn = sorted(leg.network for leg in circle.legs).index(desk.book.network)
        yield Proposal(circle, desk.now + (turn * TURN_MS if desk.book.of(Probes).heard else 0))


def _is_owed(book: Book, circle: Circle) -> bool:
    """Tell whether both our debts of a circle are still there."""
    links, into, out = book.of(Links).by_id, circle.legs[0], circle.legs[-1]
    owes, is_owed = clearable(links[into.link], owed=False), clearable(links[out.link], owed=True)
    return owes >= into.amount and is_owed >= out.amount


def _learn(book: Book, search: CircleSearch, teller: bytes, met: ProbeMet) -> None:
    """Keep the debts that a partner tells us of: its own with us as we know it, the one beyond at its word."""
    near, count = _debts(book, owed=met.to_debtor).get(teller), search.told.get((teller, met.to_debtor), ANSWERS_MAX)
    if near is None or count >= ANSWERS_MAX or met.debts[-1] != _told(book, near, owed=met.to_debtor):
        return
    search.told[teller, met.to_debtor] = count + 1
    search.known[_pair(met.debts[-1])] = near
    for debt in met.debts[:-1]:
        one, other = (debt.creditor, debt.debtor) if met.to_debtor else (debt.debtor, debt.creditor)
        if one != teller or other in (teller, book.network):
            continue
        line = LinkDebt(debt.link, debt.creditor, debt.unit, debt.scale, 1)
        worth_each = value(book, line, debt.debtor, debt.creditor)
        worth, before = min(met.worth, DEBT_WORTH_MAX), search.known.get(_pair(debt))
        if before is None or (worth, line.link) > (before[0], before[1].link):
            search.known[_pair(debt)] = worth, line, worth_each


def _pair(debt: Debt) -> Pair:
    return debt.debtor, debt.creditor


# Others' probes.


def hear_probe(desk: Desk, asker: bytes, probe: Probe) -> Iterator[Tell]:
    """Note a partner's probe, pass it on once where it asks for that, and tell if it has come from both sides.

    Where nothing is owed that way between us, or too many are about, we keep silent: that tells nothing either.
    """
    book, probes, settings = desk.book, desk.book.of(Probes), desk.book.of(Clearing).settings
    probes.forget(desk.now)
    if desk.silent is not None or settings is None or not settings.is_on:
        return
    if (probes.search is not None and probe.key == probes.search.key) or not probes.has_room(asker):
        return
    if asker not in _debts(book, owed=not probe.to_debtor):
        return
    heard = probes.heard.get(probe.key)
    if heard is None:
        if len(probes.heard) >= PROBES_MAX:
            return
        heard = probes.heard[probe.key] = Heard(desk.now)
    way = heard.ways[probe.to_debtor]
    if asker in way.askers or len(way.askers) >= ANSWERS_MAX:
        return
    way.askers[asker] = False
    if probe.onward and way.source is None:
        way.source = asker
        way.asked = dict.fromkeys(one for one in _greatest(book, owed=probe.to_debtor) if one != asker)
        for partner in way.asked:
            yield Tell(partner, Probe(probe.key, probe.to_debtor, onward=False))
    yield from _tell_who_met(book, probe.key, heard)


def _tell_who_met(book: Book, key: bytes, heard: Heard) -> Iterator[Tell]:
    if not all(way.askers for way in heard.ways.values()):
        return
    for to_debtor, way in heard.ways.items():
        known = _debts(book, owed=not to_debtor)
        for asker in [one for one, is_told in way.askers.items() if not is_told and one in known]:
            way.askers[asker] = True
            debt = _told(book, known[asker], owed=not to_debtor)
            yield Tell(asker, ProbeMet(key, to_debtor, (debt,), known[asker][0]))


def hear_met(desk: Desk, teller: bytes, met: ProbeMet) -> Iterator[Tell]:
    """Keep what our own probe has met, or add our debt to what another's has and pass it back."""
    book, probes = desk.book, desk.book.of(Probes)
    search, heard = probes.search, probes.heard.get(met.key)
    if not met.debts:
        return
    if search is not None and met.key == search.key:
        _learn(book, search, teller, met)
        return
    way = None if heard is None else heard.ways[met.to_debtor]
    if way is None or way.source is None or teller not in way.asked:
        return
    del way.asked[teller]
    theirs = _debts(book, owed=met.to_debtor).get(teller)
    ours = _debts(book, owed=not met.to_debtor).get(way.source)
    if theirs is None or ours is None or met.debts != (_told(book, theirs, owed=met.to_debtor),):
        return
    worth = min(met.worth, theirs[0], ours[0])
    debts = (*met.debts, _told(book, ours, owed=not met.to_debtor))
    yield Tell(way.source, ProbeMet(met.key, met.to_debtor, debts, worth))


# What we owe and are owed.


def _debts(book: Book, *, owed: bool) -> Mapping[bytes, KnownDebt]:
    """Return what we owe each partner, or with `owed` what each owes us: of several links the greatest debt."""
    best: dict[bytes, KnownDebt] = {}
    for line in lines(book.of(Links).by_id.values(), owed=owed):
        worth_each = value(book, line, book.network, line.partner)
        worth = min(DEBT_WORTH_MAX, int(line.amount * worth_each))
        before = best.get(line.partner)
        if worth > 0 and (before is None or (worth, line.link) > (before[0], before[1].link)):
            best[line.partner] = worth, line, worth_each
    return best


def _greatest(book: Book, *, owed: bool) -> list[bytes]:
    """Return the partners who are there and whom we owe most, or who owe us most."""
    known = _debts(book, owed=owed)
    there = [one for one in known if is_reachable(book, one)]
    return sorted(there, key=lambda one: (-known[one][0], one))[:PROBE_FANOUT_MAX]


def _told(book: Book, known: KnownDebt, *, owed: bool) -> Debt:
    """Return a debt of ours, or to us, as we tell of it."""
    line = known[1]
    debtor, creditor = (line.partner, book.network) if owed else (book.network, line.partner)
    return Debt(debtor, creditor, line.link, line.unit, line.scale)
