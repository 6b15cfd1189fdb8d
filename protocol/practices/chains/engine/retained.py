# SPDX-License-Identifier: AGPL-3.0-or-later
"""What of a unit that is spent with an enterprise stays, and what leaves (MISSION 3, formulas 2 and 3).

With `a` the shares of turnover that go to suppliers inside, `v` to members and surplus and `m` elsewhere: `c = v + A'c`
stays, `l = m + A'l` leaves, and `c + l = 1`. LM3 is the New Economics Foundation's local multiplier of three rounds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from protocol.practices.chains.engine.chain import HOUSEHOLDS, ZERO, ProductiveChain
from protocol.practices.chains.engine.solving import answers
from protocol.solvers.leontief import closed_groups, turned


@dataclass(frozen=True, slots=True)
class Retained:
    """The share that stays, and the one that leaves, by enterprise."""

    stays: Mapping[str, Fraction]
    leaves: Mapping[str, Fraction]


def retained(chain: ProductiveChain) -> Retained:
    """Return both shares of each enterprise."""
    kept = chain.shares(lambda _, one: one.wages + one.surplus)
    lost = [1 - own - sum(row.values()) for own, row in zip(kept, chain.rows, strict=True)]
    stays, leaves = answers(chain.rows, (kept, lost))
    return Retained(dict(zip(chain.names, stays, strict=True)), dict(zip(chain.names, leaves, strict=True)))


def output_multipliers(chain: ProductiveChain) -> Mapping[str, Fraction]:
    """Return how much is turned over inside in all for a unit spent with each enterprise, itself included."""
    (found,) = answers(chain.rows, ([Fraction(1)] * len(chain.names),))
    return dict(zip(chain.names, found, strict=True))


def with_households(chain: ProductiveChain) -> tuple[list[str], list[dict[int, Fraction]]]:
    """Return who is in the circuit, households last, and of each which share it spends with whom.

    Wages go to households, who spend all that they spend; surplus counts as saved.
    """
    names = [*chain.names, HOUSEHOLDS]
    last = len(chain.names)
    rows = [dict(row) for row in chain.rows]
    for at, share in enumerate(chain.shares(lambda _, one: one.wages)):
        if share:
            rows[at][last] = share
    spent = chain.bought_inside(HOUSEHOLDS) + chain.bought_outside(HOUSEHOLDS)
    own = {
        chain.number[supplier]: value / spent
        for (buyer, supplier), value in chain.inside.items()
        if buyer == HOUSEHOLDS
    }
    return names, [*rows, own]


def lm3(chain: ProductiveChain) -> Mapping[str, Fraction]:
    """Return the local multiplier over three rounds, by who spends, households among them."""
    names, rows = with_households(chain)
    once = [sum(row.values(), ZERO) for row in rows]
    return {name: 1 + once[at] + _through(rows[at], once) for at, name in enumerate(names)}


def full_multipliers(chain: ProductiveChain) -> Mapping[str, Fraction] | None:
    """Return the same over all rounds; None where something goes round for ever, since all of it stays inside."""
    names, rows = with_households(chain)
    leaks = (at for at, row in enumerate(rows) if sum(row.values(), ZERO) < 1)
    if closed_groups(rows, leaks):
        return None
    (found,) = answers(rows, ([Fraction(1)] * len(names),))
    return dict(zip(names, found, strict=True))


def turnovers(chain: ProductiveChain, final: Sequence[Fraction]) -> list[Fraction]:
    """Return what each enterprise turns over where so much is bought of each for use: `x = A x + f`."""
    (found,) = answers(turned(chain.rows), (final,))
    return found


def _through(row: Mapping[int, Fraction], figures: Sequence[Fraction]) -> Fraction:
    return sum((share * figures[at] for at, share in row.items()), ZERO)
