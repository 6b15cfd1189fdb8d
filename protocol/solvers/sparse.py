# SPDX-License-Identifier: AGPL-3.0-or-later
"""Leontief's equations of many rows, in floating point: scipy, which the extra `chains` installs, imported late.

`y = given + shares y`, as in `leontief`; figures are within 1e-9 of the exact ones. Up to some thousand rows a
factor is made, of little fill; beyond that an iteration, since what chains of strangers leave of a factor is as good
as full: its answer counts only where the rest of the equations is small enough.
"""

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from importlib import import_module
from typing import Any

from protocol.solvers.leontief import Row

FACTOR_ROWS_MAX = 3_000
"""Up to so many rows are factored: a random chain of so many is solved in about a second, and has 50 MB of factor."""
FACTOR_ROWS_AT_MOST = 30_000
"""Up to so many rows a factor is made where the iteration does not come near; more of it may not fit into memory."""
ROUNDS_MAX = 300
"""Rounds of iteration after which it does not: something goes round nearly for ever."""
NEAR = 1e-9
"""How near figures are to those of fractions, over the greatest figure given."""
REST = 1e-12
"""The rest that is left of an equation, over the greatest figure given, as it is summed up on the way."""
RESTS_SUMMED = 10.0
"""So many times that is left at most where the equation is looked at itself."""
NARROW = 16.0
"""To look at one in so many shares takes as long by following them as to look at all of them in order."""
LEAST_REST = 2e-15
"""A smaller rest no sum in floating point shows."""


class NeverEnding(ArithmeticError):
    """Something goes round so nearly for ever that no figure of it is near."""


@cache
def has_scipy() -> bool:
    """Tell whether the extra `chains` is installed; asking loads it."""
    try:
        import_module("scipy.sparse.linalg")
    except ImportError:
        return False
    return True


def solved_sparse(rows: Sequence[Row], given: Sequence[Sequence[Fraction]]) -> list[list[Fraction]]:
    """Return what `leontief.solved` returns, within 1e-9."""
    numpy: Any = import_module("numpy")
    sparse: Any = import_module("scipy.sparse")
    starts = [0]
    for row in rows:
        starts.append(starts[-1] + len(row))
    to = numpy.fromiter((at for row in rows for at in row), numpy.int64, starts[-1])
    shares = numpy.fromiter((float(one) for row in rows for one in row.values()), float, starts[-1])
    matrix = sparse.csr_array((shares, to, numpy.array(starts)), shape=(len(rows), len(rows)))
    right = [numpy.array([float(one) for one in figures]) for figures in given]
    return [[Fraction(one) for one in found.tolist()] for found in answered(matrix, right)]


def answered(shares: Any, given: Sequence[Any], multipliers: Any = None) -> list[Any]:
    """Return y for each of several arrays, of a square csr array of shares that has no closed groups.

    An error is at most the rest times the greatest multiplier, which is what a unit given everywhere comes to. Raises
    NeverEnding.
    """
    if shares.shape[0] <= FACTOR_ROWS_MAX:
        return _by_factor(shares, given)
    rest = _rest_for(multipliers_of(shares) if multipliers is None else multipliers)
    found = [iterated(shares, one, rest) for one in given] if rest else [None]
    return found if all(one is not None for one in found) else _by_factor(shares, given)


def multipliers_of(shares: Any) -> Any:
    """Return what a unit given everywhere comes to. Raises NeverEnding."""
    numpy: Any = import_module("numpy")
    ones = numpy.ones(shares.shape[0])
    found: Any = None
    if shares.shape[0] > FACTOR_ROWS_MAX:
        found = iterated(shares, ones, REST)
        if found is not None and (rest := _rest_for(found)) < REST:
            found = iterated(shares, ones, rest, found) if rest else None
    return _by_factor(shares, (ones,))[0] if found is None else found


def _rest_for(multipliers: Any) -> float:
    """Return which rest leaves answers near; 0 where none does that a sum would show."""
    rest = min(REST, NEAR / RESTS_SUMMED / max(float(multipliers.max(initial=1.0)), 1.0))
    return rest if rest >= LEAST_REST else 0.0


def felt(shares: Any, columns: Any, at: int, enough: float, more: Sequence[tuple[int, int, float]] = ()) -> Any:
    """Return how much each row feels of a unit given at one: a column of the inverse.

    What is above `enough` is followed from row to row, by the csc array `columns` while few feel it, and the rest all
    together: what is left of it is a third of `enough` or less. `more` are shares, as (row, column, share), that are
    to be added to those of the array.
    """
    numpy: Any = import_module("numpy")
    size = shares.shape[0]
    found, rest = numpy.zeros(size), numpy.zeros(size)
    rest[at] = 1.0
    who, passed_over = numpy.array([at]), numpy.zeros(size)
    while len(who):
        found[who] += rest[who]
        counts = columns.indptr[who + 1] - columns.indptr[who]
        is_wide = int(counts.sum()) > shares.nnz / NARROW
        then = shares @ rest if is_wide else _passed_on(columns, who, counts, rest)
        for row, column, share in more:
            then[row] += share * rest[column]
        who = numpy.flatnonzero(numpy.abs(then) > enough)
        rest = numpy.zeros(size)
        rest[who] = then[who]
        then[who] = 0.0
        passed_over += then
    less = 0.0
    # What was passed over goes round as well: two rounds, and the rest of them as if each were so much less again.
    for _ in range(2):
        found += passed_over
        then = shares @ passed_over
        for row, column, share in more:
            then[row] += share * passed_over[column]
        less = float(then.sum()) / (float(passed_over.sum()) or 1.0)
        passed_over = then
    return found + passed_over / (1 - min(less, 0.9))


def _passed_on(columns: Any, who: Any, counts: Any, rest: Any) -> Any:
    """Return what rows feel of the rest of these few."""
    numpy: Any = import_module("numpy")
    places = numpy.arange(int(counts.sum())) + numpy.repeat(columns.indptr[who] - numpy.cumsum(counts) + counts, counts)
    return numpy.bincount(columns.indices[places], columns.data[places] * numpy.repeat(rest[who], counts), len(rest))


def _dot(one: Any, other: Any) -> float:
    """Return a sum by numpy's own loop, and not by a library that takes all cores for itself."""
    numpy: Any = import_module("numpy")
    return float(numpy.einsum("i,i", one, other))


def _by_factor(shares: Any, given: Sequence[Any]) -> list[Any]:
    if shares.shape[0] > FACTOR_ROWS_AT_MOST:
        raise NeverEnding
    sparse: Any = import_module("scipy.sparse")
    linalg: Any = import_module("scipy.sparse.linalg")
    matrix = (sparse.eye_array(shares.shape[0], format="csr") - shares).tocsc()
    factor = linalg.splu(matrix, permc_spec="MMD_AT_PLUS_A")
    found: list[Any] = []
    for one in given:
        first = factor.solve(one)
        found.append(first + factor.solve(one - first + shares @ first))
    return found


def iterated(shares: Any, given: Any, rest_max: float, start: Any = None) -> Any:
    """Return y by van der Vorst's BiCGSTAB, or None where it does not come near in `ROUNDS_MAX` rounds.

    Where what is left has nothing in common with what was left first, it begins anew from there.
    """
    numpy: Any = import_module("numpy")
    enough = rest_max * float(numpy.abs(given).max(initial=0.0))
    found = given.copy() if start is None else start.copy()
    rest = given - found + shares @ found
    shadow, before = None, 1.0
    along = led = numpy.zeros_like(rest)
    step = weight = 1.0
    for _ in range(ROUNDS_MAX):
        if float(numpy.abs(rest).max(initial=0.0)) <= enough:
            rest = given - found + shares @ found  # what was summed up on the way has lost some digits
            if float(numpy.abs(rest).max(initial=0.0)) <= RESTS_SUMMED * enough:
                return found
            shadow = None
        now = 0.0 if shadow is None else _dot(shadow, rest)
        if not now or not weight:
            shadow, now = rest.copy(), _dot(rest, rest)
            along, led = numpy.zeros_like(rest), numpy.zeros_like(rest)
            before = step = weight = 1.0
        along = rest + (now / before) * (step / weight) * (along - weight * led)
        led = along - shares @ along
        step = now / (_dot(shadow, led) or 1.0)
        half = rest - step * led
        through = half - shares @ half
        weight = _dot(through, half) / (_dot(through, through) or 1.0)
        found += step * along + weight * half
        rest, before = half - weight * through, now
    return None
