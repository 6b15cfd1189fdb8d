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
ROUNDS_MAX = 300
"""Rounds of iteration after which a factor is made all the same: something goes round nearly for ever."""
NEAR = 1e-9
"""How near figures are to those of fractions, over the greatest figure given."""
REST = 1e-12
"""The rest that is left of an equation, over the greatest figure given, as it is summed up on the way."""
RESTS_SUMMED = 10.0
"""So many times that is left at most where the equation is looked at itself."""


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


def answered(shares: Any, given: Sequence[Any]) -> list[Any]:
    """Return y for each of several arrays, of a square csr array of shares that has no closed groups.

    An error is at most the rest times the greatest multiplier, which is what a unit given everywhere comes to.
    """
    numpy: Any = import_module("numpy")
    if shares.shape[0] > FACTOR_ROWS_MAX:
        found = [iterated(shares, one) for one in (*given, numpy.ones(shares.shape[0]))]
        if all(one is not None for one in found) and float(found[-1].max()) * RESTS_SUMMED * REST <= NEAR:
            return found[:-1]
    return _by_factor(shares, given)


def _by_factor(shares: Any, given: Sequence[Any]) -> list[Any]:
    sparse: Any = import_module("scipy.sparse")
    linalg: Any = import_module("scipy.sparse.linalg")
    matrix = (sparse.eye_array(shares.shape[0], format="csr") - shares).tocsc()
    factor = linalg.splu(matrix, permc_spec="MMD_AT_PLUS_A")
    found: list[Any] = []
    for one in given:
        first = factor.solve(one)
        found.append(first + factor.solve(one - first + shares @ first))
    return found


def iterated(shares: Any, given: Any, start: Any = None) -> Any:
    """Return y by van der Vorst's BiCGSTAB, or None where it does not come near in `ROUNDS_MAX` rounds.

    Its sums are numpy's own and not those of a library that takes all cores for itself.
    """
    numpy: Any = import_module("numpy")

    def dot(one: Any, other: Any) -> float:
        return float(numpy.einsum("i,i", one, other))

    enough = REST * float(numpy.abs(given).max(initial=0.0))
    found = given.copy() if start is None else start.copy()
    rest = given - found + shares @ found
    shadow, along, led = rest.copy(), numpy.zeros_like(rest), numpy.zeros_like(rest)
    before = step = weight = 1.0
    for _ in range(ROUNDS_MAX):
        if float(numpy.abs(rest).max(initial=0.0)) <= enough:
            rest = given - found + shares @ found  # what was summed up on the way has lost some digits
            if float(numpy.abs(rest).max(initial=0.0)) <= RESTS_SUMMED * enough:
                return found
            shadow, along, led = rest.copy(), numpy.zeros_like(rest), numpy.zeros_like(rest)
            before = step = weight = 1.0
        now = dot(shadow, rest)
        if not now or not weight:
            return None
        along = rest + (now / before) * (step / weight) * (along - weight * led)
        led = along - shares @ along
        step = now / (dot(shadow, led) or 1.0)
        half = rest - step * led
        through = half - shares @ half
        weight = dot(through, half) / (dot(through, through) or 1.0)
        found += step * along + weight * half
        rest, before = half - weight * through, now
    return None
