# SPDX-License-Identifier: AGPL-3.0-or-later
"""A chain of 100,000 enterprises and 1,000,000 relations, beside what bare scipy takes for one solve of it.

Seven in ten purchases are made within a town of a hundred, the rest anywhere, and a few sell to very many: what LU
makes of such a chain is as good as full and does not fit into memory, so bare scipy is its `bicgstab` at 1e-12. Both
sides begin with the same columns. All is measured in a process of its own, with one thread for BLAS, so that scipy's
threads do not wait for one another.
"""

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

from figures import Figure, Target, Told, ratio

SOLVES, CHANGE, RANK, MEMORY_MB = (Target(bound, at_least=False) for bound in (3.0, 1 / 20, 1 / 50, 1_000))
ITEMS, CANDIDATES, BEST, SAMPLED = 300, 10_000, 20, 3


def run(folder: Path, *, quick: bool) -> list[Told]:
    """Measure in another process, and tell."""
    del folder
    size = 10_000 if quick else 100_000
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [sys.executable, __file__, str(size), str(2 if quick else 5)]
    told = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, env=environment).stdout)
    figures = {name: Figure(name, unit, values) for name, unit, values in told}
    bare, first = figures["bare scipy: matrix and one solve"], figures["all figures and the 20 best"]
    change, anew = figures["the answer after one change"], figures["each candidate's system anew"]
    ranked = figures["the 20 best of 10,000, exactly"]
    return [
        *(one for name, one in figures.items() if name != "memory at most"),
        Figure("memory at most", "MB", figures["memory at most"].values, MEMORY_MB),
        ratio("all figures / bare scipy", first, bare, SOLVES),
        ratio("all figures / bare scipy's solve alone", first, figures["bare scipy: one solve alone"]),
        ratio("after one change / first", change, first, CHANGE),
        ratio("the 20 best / each anew", ranked, anew, RANK),
    ]


def columns(size: int) -> dict[str, Any]:
    """Return enterprises and relations, drawn: ten relations each, and three items from outside."""
    import numpy as np

    chance = np.random.default_rng(1)
    count = 10 * size
    buyer = chance.integers(0, size, count)
    near = np.minimum(buyer // 100 * 100 + (100 * chance.random(count) ** 2).astype(int), size - 1)
    supplier = np.where(chance.random(count) < 0.7, near, (size * chance.random(count) ** 2).astype(int))
    pair = np.unique(buyer * size + supplier)
    chance.shuffle(pair)
    buyer, supplier = (pair // size).astype(np.int32), (pair % size).astype(np.int32)
    turnover = np.round(1e6 * (1 + chance.pareto(1.5, size)))
    value = 0.1 + chance.pareto(1.5, len(pair))
    spent = np.bincount(buyer, value, size)
    inside = chance.uniform(0.1, 0.7, size)
    value = np.floor(value * (inside * turnover / np.maximum(spent, 1e-9))[buyer])
    outside_buyer = np.repeat(np.arange(size), 3)
    outside_value = np.floor(np.repeat((1 - inside) * turnover * 0.1, 3))
    items = (ITEMS * chance.random(3 * size) ** 2).astype(int)
    return {
        "turnover": turnover,
        "wages": np.floor((1 - inside) * turnover * 0.4),
        "surplus": np.floor((1 - inside) * turnover * 0.2),
        "inside": (buyer, supplier, value),
        "outside": (outside_buyer, items, outside_value),
    }


def candidates(size: int) -> list[Any]:
    """Return who could be founded: each with three suppliers, and one item from outside."""
    from protocol.practices.chains.engine.missing import Candidate, Recipe

    chance = random.Random(1)
    found: list[Any] = []
    for number in range(CANDIDATES):
        inside = {str(one): Fraction(chance.randrange(5, 15), 100) for one in chance.sample(range(size), 3)}
        outside = {str(chance.randrange(ITEMS)): Fraction(chance.randrange(5, 20), 100)}
        left = 1 - sum((*inside.values(), *outside.values()), Fraction(0))
        recipe = Recipe(inside, outside, left * Fraction(3, 4), left / 4)
        pledged = Fraction(chance.randrange(1, 60), 100)
        found.append(Candidate(f"k{number}", str(chance.randrange(ITEMS)), pledged, recipe, Fraction(1_000)))
    return found


def measured(size: int, rounds: int) -> list[tuple[str, str, list[float]]]:
    """Return the figures by name and unit."""
    import numpy as np
    import scipy.sparse as sp
    from scipy.sparse.linalg import bicgstab

    from protocol.practices.chains.engine.large import LargeChain
    from protocol.practices.chains.engine.large_links import LargeLinks

    drawn, offered = columns(size), candidates(size)
    number, items = {str(at): at for at in range(size)}, {str(at): at for at in range(ITEMS)}
    buyer, supplier, value = drawn["inside"]
    own = (drawn["wages"] + drawn["surplus"]) / drawn["turnover"]

    def bare() -> tuple[float, float, Any]:
        began = time.perf_counter()
        shares = sp.coo_array((value / drawn["turnover"][buyer], (buyer, supplier)), shape=(size, size)).tocsr()
        matrix = sp.eye_array(size, format="csr") - shares
        made = time.perf_counter()
        found, status = bicgstab(matrix, own, rtol=1e-12, atol=0)
        ended = time.perf_counter()
        assert status == 0
        return ended - began, ended - made, found

    def first() -> tuple[float, Any]:
        began = time.perf_counter()
        figures = LargeChain(**drawn).figures()
        _ = figures.of, figures.leakage, figures.leaves, figures.lm3(), figures.chain.columns
        LargeLinks(figures, offered[:300], number, items).best(BEST)
        return time.perf_counter() - began, figures

    chance = np.random.default_rng(2)
    told: dict[str, tuple[str, list[float]]] = {}

    def tell(name: str, figure: float, unit: str = "s") -> None:
        told.setdefault(name, (unit, []))[1].append(figure)

    for turn in range(rounds + 1):
        whole, solve, found = bare()
        seconds, figures = first()
        assert np.abs(found - figures.stays).max() < 1e-9
        tell("bare scipy: matrix and one solve", whole)
        tell("bare scipy: one solve alone", solve)
        tell("all figures and the 20 best", seconds)
        changes = [_change(figures, int(chance.integers(0, size)), int(chance.integers(0, size))) for _ in range(9)]
        tell("the answer after one change", float(np.median(changes)))
        if not turn:  # what is loaded at first use is loaded now
            changed = np.abs(_anew(figures) - figures.stays).max()
            assert changed < 1e-9, changed
            told.clear()
    tell("memory at most", _peak_mb(), "MB")
    figures = first()[1]
    for _ in range(rounds):
        began = time.perf_counter()
        links = LargeLinks(figures, offered, number, items)
        best = links.best(BEST)
        keeps = links.keeps(best)
        tell("the 20 best of 10,000, exactly", time.perf_counter() - began)
        seconds = 0.0
        for place in chance.choice(BEST, SAMPLED, replace=False):
            began = time.perf_counter()
            fresh = _with_candidate(drawn, links, best[place])
            seconds += time.perf_counter() - began
            assert abs(fresh - keeps[place]) <= 1e-9 * abs(fresh), (fresh, keeps[place])
        tell("each candidate's system anew", seconds / SAMPLED * CANDIDATES)
    return [(name, unit, values) for name, (unit, values) in told.items()]


def _change(figures: Any, buyer: int, supplier: int) -> float:
    began = time.perf_counter()
    figures.change(buyer, supplier, 0.02 * float(figures.chain.turnover[buyer]))
    return time.perf_counter() - began


def _anew(figures: Any) -> Any:
    from protocol.solvers.sparse import answered

    chain = figures.chain
    return answered(figures.rows, ((chain.wages + chain.surplus) / chain.turnover,))[0]


def _with_candidate(drawn: dict[str, Any], links: Any, at: int) -> float:
    """Return what a candidate keeps, by a solution of the chain with it: what it sells times what stays of that."""
    import numpy as np
    import scipy.sparse as sp
    from scipy.sparse.linalg import bicgstab

    rows, size, one = links.figures.rows, links.figures.chain.size, links.candidates[at]
    who, items, values = drawn["outside"]
    mine = items == links.item[at]
    wanted = np.bincount(who[mine], values[mine], size) / drawn["turnover"] * links.pledged[at]
    again = float(one.recipe.outside.get(one.item, 0)) * links.pledged[at]
    grown = sp.block_array([[rows, sp.csr_array(wanted[:, None])], [links.recipes[[at]], sp.csr_array([[again]])]])
    matrix = sp.eye_array(size + 1, format="csr") - grown.tocsr()
    chain = links.figures.chain
    own = np.append((chain.wages + chain.surplus) / chain.turnover, float(one.recipe.wages + one.recipe.surplus))
    stays, status = bicgstab(matrix, own, rtol=1e-12, atol=0)
    assert status == 0
    return float(links.sells[at] * stays[-1])


def _peak_mb() -> float:
    status = Path("/proc/self/status").read_text()
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM:")).split()[1]) * 1024 / 1e6


def _main(measure: Callable[[int, int], object]) -> None:
    print(json.dumps(measure(int(sys.argv[1]), int(sys.argv[2]))))


if __name__ == "__main__":
    _main(measured)
