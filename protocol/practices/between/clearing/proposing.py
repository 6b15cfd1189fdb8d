# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which circles a network proposes in a round: those of the set-off that yields most, as far as it is in them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from protocol.book.book import Book
from protocol.book.money import AMOUNT_MINOR_MAX
from protocol.lanes.entry import Millis
from protocol.practices.between.clearing.circles import Circle, Leg
from protocol.practices.between.clearing.intents import LinkDebt
from protocol.practices.between.routes.paths import Pair
from protocol.solvers.cycles import Cycle, cycles
from protocol.solvers.netting import Obligation, set_off

SET_OFFS_TRIED = 16
"""How many largest set-offs are taken apart, to see which yields most in circles that are short enough."""
TRIED_OBLIGATIONS_MAX = 2_000
"""Of more debts than so many one set-off has to do: each takes a second."""


@dataclass(slots=True)
class Proposal:
    """A circle that we are in, and when it is our turn to try it."""

    circle: Circle
    at_ms: Millis


def circles_with_us(
    book: Book, number: int, lines: Mapping[Pair, tuple[int, LinkDebt, Fraction]], members_max: int
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


def _legs(
    members: tuple[bytes, ...], worth: int, lines: Mapping[Pair, tuple[int, LinkDebt, Fraction]]
) -> tuple[Leg, ...]:
    """Return what each clears on its link: so many of its minor units as are worth no more than the circle is."""
    pairs = ((pair, *lines[pair]) for pair in pairwise((*members, members[0])))
    return tuple(Leg(debtor, line.link, int(worth / value)) for (debtor, _), _, line, value in pairs)
