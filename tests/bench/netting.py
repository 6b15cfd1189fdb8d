# SPDX-License-Identifier: AGPL-3.0-or-later
"""The largest set-off of many obligations: reading, solving and the check of the certificate, by both solvers."""

import random
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from figures import Figure, Target, Told, ratio
from machine import additions_seconds, alternating

from protocol.solvers.circulation import Solver
from protocol.solvers.cycles import cycles
from protocol.solvers.mincost import by_networkx, by_ortools, has_ortools
from protocol.solvers.netting import Obligation, SetOff, set_off, verify_netting

SALT = b"bench"
TARGETS: dict[Solver, Target] = {by_networkx: Target(2.0, at_least=False), by_ortools: Target(3.0, at_least=False)}
"""Seconds, on two cores: for ten thousand obligations by networkx, for a hundred thousand by ortools."""


def run(folder: Path, *, quick: bool) -> list[Told]:
    """Measure both solvers, and how long a check takes beside them."""
    del folder
    assert has_ortools()
    small, large = (2_000, 20_000) if quick else (10_000, 100_000)
    rounds = 2 if quick else 5
    told: list[Told] = [*_measured(by_networkx, small, rounds), *_measured(by_ortools, large, rounds)]
    told.append(Figure("ten million additions, to compare machines by", "s", [additions_seconds() for _ in range(3)]))
    one = scale_free(small)
    flow = flow_of(one, set_off(one, SALT))
    began = time.perf_counter()
    found, left = cycles(flow)
    taken_s = time.perf_counter() - began
    whole = sum(flow.values())
    return [
        *told,
        Figure(f"cycles of {small:,} obligations' set-off", "s", [taken_s]),
        Figure("members of a cycle, mean", "", [sum(len(cycle.members) for cycle in found) / len(found)]),
        Figure("of the set-off in cycles of 20 members at most", "", [1 - sum(left.values()) / whole]),
    ]


def _measured(solver: Solver, count: int, rounds: int) -> Iterable[Figure]:
    obligations = scale_free(count)
    found = set_off(obligations, SALT, (), solver)  # what is loaded at first use is loaded now
    name = f"{count:,} obligations by {solver.__name__.removeprefix('by_')}"
    solved_s, checked_s = alternating(
        rounds,
        _seconds(lambda: set_off(obligations, SALT, (), solver)),
        _seconds(lambda: verify_netting(obligations, SALT, found)),
    )
    solved = Figure(name, "s", solved_s, TARGETS[solver])
    checked = Figure("its certificate checked, reading included", "s", checked_s)
    cleared = sum(found.cleared.values()) / sum(one.amount for one in obligations)
    return solved, checked, ratio("check / set-off", checked, solved), Figure("cleared of what is owed", "", [cleared])


def _seconds(work: Callable[[], object]) -> Callable[[], float]:
    def measured() -> float:
        began = time.perf_counter()
        assert work()
        return time.perf_counter() - began

    return measured


def scale_free(count: int, seed: int = 1) -> list[Obligation]:
    """Return debts between parties of whom a few trade much and most a little, seven for each party at its ends."""
    chance = random.Random(seed)
    parties = 2 * count // 7
    ends = list(range(3))
    found: list[Obligation] = []
    while len(found) < count:
        debtor, creditor = (
            chance.choice(ends) if chance.random() < 0.7 else chance.randrange(parties) for _ in range(2)
        )
        if debtor == creditor:
            continue
        ends += [debtor, creditor]
        amount = int(1_000 * chance.paretovariate(1.2))
        found.append(Obligation(len(found).to_bytes(4, "big"), f"{debtor:06}", f"{creditor:06}", amount))
    return found


def flow_of(obligations: Iterable[Obligation], found: SetOff) -> dict[tuple[str, str], int]:
    """Return what is cancelled, by pair of parties."""
    flow: dict[tuple[str, str], int] = {}
    for one in obligations:
        if one.id in found.cleared:
            pair = str(one.debtor), str(one.creditor)
            flow[pair] = flow.get(pair, 0) + found.cleared[one.id]
    return flow
