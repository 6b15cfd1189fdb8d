# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a chain is solved: exactly while it is small, and by the extra `chains` beyond."""

from collections.abc import Sequence
from fractions import Fraction

from protocol.practices.chains.engine.chain import ChainFault
from protocol.solvers.leontief import Row, solved
from protocol.solvers.sparse import NeverEnding, has_scipy, solved_sparse

EXACT_ROWS_MAX = 80
"""Up to so many enterprises figures are exact; with five suppliers each that takes half a second."""
EXACT_SHARES_MAX = 400
"""Up to so many relations too: with twenty suppliers each, eighty enterprises take fractions ten seconds."""
BARE_ROWS_MAX = 200
"""Up to so many they are exact where the extra is not installed; that takes some seconds."""


def answers(rows: Sequence[Row], given: Sequence[Sequence[Fraction]]) -> list[list[Fraction]]:
    """Return y of `y = given + rows y` for each of several `given`.

    Beyond the exact size within 1e-9, so that two nodes agree on nine digits and not on the last ones. Raises
    ChainFault: CHAIN_TOO_LARGE, CHAIN_NEARLY_CLOSED.
    """
    is_quick = len(rows) <= EXACT_ROWS_MAX and sum(map(len, rows)) <= EXACT_SHARES_MAX
    if is_quick or (len(rows) <= BARE_ROWS_MAX and not has_scipy()):
        return solved(rows, given)
    if not has_scipy():
        raise ChainFault("CHAIN_TOO_LARGE", str(len(rows)))
    try:
        return solved_sparse(rows, given)
    except NeverEnding:
        raise ChainFault("CHAIN_NEARLY_CLOSED", str(len(rows))) from None
