# SPDX-License-Identifier: AGPL-3.0-or-later
"""How payments find their ways: the cheapest that bears them, or several that do so together."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from itertools import pairwise

from protocol.book.book import Book
from protocol.book.money import AMOUNT_MINOR_MAX
from protocol.lanes.directory import Directory
from protocol.peers.messages import HOPS_MAX, Hop
from protocol.practices.between.links.link import Link
from protocol.practices.between.links.state import Links
from protocol.practices.between.routes.entries import Published
from protocol.practices.between.routes.state import Routes

DETOUR_HOPS_MAX = 2
"""How many hops a way may have more than the shortest, if it is cheaper."""
ARCS_SEARCHED_MAX = 20_000
"""How many links one search looks at: a network that publishes many cannot keep others busy."""
HOP_SHARE = 1_000
"""A way counts as dearer by one part in so many for each hop: each one more may fail."""
Pair = tuple[bytes, bytes]
"""Two networks, the first of which passes on to the second."""


@dataclass(frozen=True, slots=True)
class Path:
    """A way to pay: the hold on each credit line, ours first, and what the payer is debited (own minor units).

    `amount` is what the payee gets of it, in its minor units.
    """

    hops: tuple[Hop, ...]
    debit: int
    amount: int

    @property
    def pairs(self) -> tuple[Pair, ...]:
        """Who passes on to whom, the payer's network left out."""
        return tuple(pairwise(self.route))

    @property
    def route(self) -> tuple[bytes, ...]:
        """The networks that it passes, the payee's last."""
        return tuple(hop.network for hop in self.hops)


@dataclass(frozen=True, slots=True)
class PathWanted:
    """What is to be paid: `amount` of the payee's minor units, in `currency` if that is told, from one of ours.

    `avoid` are pairs of networks where it has failed before; ways over them come last. `tried` are ways, as the
    networks that they lead through, that are not wanted again.
    """

    payee_network: bytes
    currency: str | None
    amount: int
    payer_currency: str
    avoid: Collection[Pair] = frozenset()
    tried: Collection[tuple[bytes, ...]] = ()


@dataclass(frozen=True, slots=True)
class _Label:
    """The cheapest way known from a network to the payee: what it must be given, in its own minor units."""

    network: bytes
    currency: str
    own: int
    avoided: int
    hops: tuple[Hop, ...]

    @property
    def dearness(self) -> tuple[int, int]:
        return self.avoided, self.own + self.own * len(self.hops) // HOP_SHARE


def find_path(book: Book, wanted: PathWanted, own_room: Callable[[Link], int]) -> Path | None:
    """Return the cheapest way to pay, evaluated exactly from the payee back (PROTOCOL 3); None where there is none.

    `own_room` tells how many minor units a link of ours can carry now. Of other links only their bands are known,
    and those may be old: a way without the room that they promise is taken where nothing else is left.
    """
    near = _corridor(book, wanted.payee_network)
    if near is None:
        return None
    found = _search(book, near, wanted, own_room, lambda _, word: 4**word.band - 1)
    return found or _search(book, near, wanted, own_room, _any_room)


def _any_room(source: bytes, word: Published) -> int:
    del source, word
    return AMOUNT_MINOR_MAX


def ways_together(
    book: Book, wanted: PathWanted, own_room: Callable[[Link], int], paths_max: int
) -> tuple[Path, ...] | None:
    """Return ways that together carry what none can alone, each filled in turn, cheapest first; None if they cannot."""
    ways = filled_ways(book, wanted, own_room, paths_max)
    return ways if sum(way.amount for way in ways) == wanted.amount else None


def filled_ways(
    book: Book, wanted: PathWanted, own_room: Callable[[Link], int], paths_max: int, *, debit_max: int | None = None
) -> tuple[Path, ...]:
    """Return ways that together carry all that is wanted or as much as they can, for at most so much of our own.

    Of a band the least is counted on that it can mean, less what other parts of the payment take of it.
    """
    near = _corridor(book, wanted.payee_network)
    taken: dict[tuple[bytes, bytes], int] = {}
    left, paths, tried = wanted.amount, list[Path](), list[tuple[bytes, ...]]()

    def own(link: Link) -> int:
        room, rate = own_room(link) - taken.get((book.network, link.id), 0), link.settings.rate
        if debit_max is None:
            return room
        return min(room, (debit_max - sum(way.debit for way in paths)) * rate.den // rate.num)

    def theirs(source: bytes, word: Published) -> int:
        return 4**word.band // 4 - taken.get((source, word.link), 0)

    while near is not None and left and len(tried) < paths_max:
        path = _search(book, near, replace(wanted, amount=1, tried=tried), own, theirs)
        if path is None:
            break
        tried.append(path.route)
        part = _most(lambda amount, path=path: _fits(book, path, amount, own, theirs), left)
        filled = _evaluate(book, path, part)
        for source, hop in zip((book.network, *tried[-1]), filled.hops, strict=False):
            taken[source, hop.link] = taken.get((source, hop.link), 0) + hop.amount
        left -= part
        paths.append(filled)
    return tuple(paths)


def _most(fits: Callable[[int], bool], bound: int) -> int:
    """Return the greatest amount up to a bound that fits, where 1 does."""
    low, high = 1, bound
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(middle) else (low, middle - 1)
    return low


def _fits(
    book: Book, path: Path, amount: int, own: Callable[[Link], int], theirs: Callable[[bytes, Published], int]
) -> bool:
    hops = _evaluate(book, path, amount).hops
    if hops[0].amount > own(book.of(Links).by_id[hops[0].link]):
        return False
    words = ((source.network, book.of(Routes).on(source.network, hop.link)) for source, hop in pairwise(hops))
    rooms = (0 if word is None else theirs(source, word) for source, word in words)
    return all(hop.amount <= room for hop, room in zip(hops[1:], rooms, strict=True))


def _evaluate(book: Book, path: Path, amount: int) -> Path:
    """Return a published way for another amount of the payee's."""
    routes, own, hops = book.of(Routes), amount, list[Hop]()
    for at, hop in reversed(list(enumerate(path.hops))):
        said = routes.on(hop.network, hop.link)
        assert said is not None
        hops.insert(0, replace(hop, amount=said.rate.foreign_up(own)))
        if at > 0:
            passing = routes.on(path.hops[at - 1].network, hop.link)
            assert passing is not None
            own = passing.rate.up(hops[0].amount) + passing.fee
    return Path(tuple(hops), book.of(Links).by_id[hops[0].link].settings.rate.up(hops[0].amount), amount)


def _search(
    book: Book,
    near: dict[bytes, int],
    wanted: PathWanted,
    own_room: Callable[[Link], int],
    room: Callable[[bytes, Published], int],
) -> Path | None:
    """Return the cheapest way: labels go back from the payee, hop by hop, each the least that its network needs."""
    routes, links, known = book.of(Routes), book.of(Links).by_id, book.of(Directory).networks
    best: dict[tuple[bytes, str], _Label] = {}
    found: tuple[tuple[int, int, int], Path] | None = None
    frontier = [_Label(wanted.payee_network, wanted.currency or "", wanted.amount, 0, ())]
    looked = 0
    while frontier and looked <= ARCS_SEARCHED_MAX:
        following: list[_Label] = []
        for label in frontier:
            for said, partner in routes.into(label.network):
                looked += 1
                if label.currency not in ("", said.currency):
                    continue
                amount, source = said.rate.foreign_up(label.own), said.partner
                hops = (Hop(label.network, said.link, amount), *label.hops)
                avoided = label.avoided + ((source, label.network) in wanted.avoid)
                if source == book.network:
                    link = links.get(said.link)
                    fits = link is not None and link.mine is not None and amount <= own_room(link)
                    if link is None or not fits or link.settings.currency != wanted.payer_currency:
                        continue
                    if tuple(hop.network for hop in hops) in wanted.tried:
                        continue
                    path = Path(hops, link.settings.rate.up(amount), wanted.amount)
                    dearness = (avoided, path.debit + path.debit * len(hops) // HOP_SHARE, len(hops))
                    found = min(found or (dearness, path), (dearness, path), key=lambda one: one[0])
                    continue
                if (
                    source not in near
                    or near[source] + len(hops) > near[book.network]
                    or any(hop.network == source for hop in hops)
                    or known[source].forked
                    or amount > room(source, partner)
                ):
                    continue
                own = partner.rate.up(amount) + partner.fee
                reached = _Label(source, partner.currency, own, avoided, hops)
                before = best.get((source, partner.currency))
                if before is None or reached.dearness < before.dearness:
                    best[source, partner.currency] = reached
                    following.append(reached)
        frontier = [label for label in following if best[label.network, label.currency] is label]
    return None if found is None else found[1]


def _corridor(book: Book, target: bytes) -> dict[bytes, int] | None:
    """Return the networks that may lie on a way from us, each with the least hops to it from here, 0 where unknown.

    Searched from both ends at once. Under our own id stands how many hops a way may have.
    """
    routes, origin = book.of(Routes), book.network
    sides = {origin: 0}, {target: 0}
    edges = [origin], [target]
    radius = [0, 0]
    shortest: int | None = None
    looked = 0
    while shortest is None or sum(radius) < min(HOPS_MAX, shortest + DETOUR_HOPS_MAX):
        at = 0 if len(edges[0]) <= len(edges[1]) else 1
        if not edges[at]:
            at = 1 - at
        if not edges[at] or sum(radius) >= HOPS_MAX or looked > ARCS_SEARCHED_MAX:
            break
        radius[at] += 1
        following: list[bytes] = []
        for network in edges[at]:
            for near, _ in routes.into(network):
                looked += 1
                if near.partner not in sides[at]:
                    sides[at][near.partner] = radius[at]
                    following.append(near.partner)
                    if shortest is None and near.partner in sides[1 - at]:
                        shortest = sum(radius)
        edges[at][:] = following
    if shortest is None:
        return None
    from_here, to_there = sides
    near = {network: from_here.get(network, 0) for network in (*from_here, *to_there)}
    near[origin] = min(HOPS_MAX, shortest + DETOUR_HOPS_MAX)
    return near
