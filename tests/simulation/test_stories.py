# SPDX-License-Identifier: AGPL-3.0-or-later
"""Stories from seeds, honest and with cheats, and the mutants that they catch.

The numbers of seeds and steps are fixed, so that all runs play the same.
"""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from simulation.auditor import PROPERTIES
from simulation.dishonest import STRATEGIES
from simulation.mutants import MUTANTS, RESTORES, Caught, hunt
from simulation.story import DRAWN, RATES, WEIGHTS, Played, Setting, draw_setting, draw_steps, line_of, play, shrink
from soak.marked import rest_to_soak

from protocol.book.accounts import exchange_account
from protocol.practices import OPERATIONS
from protocol.practices.between.abroad.state import Forwards
from protocol.practices.between.clearing.state import Clearing

TESTS = Path(__file__).parents[1]
HANDBOOK = (TESTS.parent / "docs" / "properties.md").read_text()
AT_FIRST = 3
HONEST_SEEDS = 30
HONEST_STEPS = 300
RING_SEEDS = 6
RING_STEPS = 150
WISH_SEEDS = 28
STEPS = 300
CHEAT_SEEDS = 4
RESTORE_SEEDS = 20
RESTORE_STEPS = 200
HASH_SEEDS = ("1", "2")


def stories_of(hash_seed: str, seeds: int, steps: int, *how: str) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-m", "simulation", "1", str(steps), "--to", str(seeds), *how]
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    return subprocess.Popen(arguments, cwd=TESTS, env=environment, stdout=subprocess.PIPE, text=True)


@pytest.mark.timeout(1_200)
@pytest.mark.parametrize(
    ("seeds", "steps", "how"),
    rest_to_soak(
        [
            (AT_FIRST, HONEST_STEPS, ()),
            (AT_FIRST, RING_STEPS, ("--ring",)),
            (AT_FIRST, STEPS, ("--wishes",)),
            (HONEST_SEEDS, HONEST_STEPS, ()),
            (RING_SEEDS, RING_STEPS, ("--ring",)),
            (WISH_SEEDS, STEPS, ("--wishes",)),
        ],
        first=3,
    ),
    ids=str,
)
def test_honest_networks_keep_every_property_and_a_seed_is_the_same_night_in_every_process(
    seeds: int, steps: int, how: tuple[str, ...]
) -> None:
    running = [stories_of(seed, seeds, steps, *how) for seed in HASH_SEEDS]
    told = [process.communicate()[0].splitlines() for process in running]
    assert not [line for line in told[0] if line.startswith("python")], "play these again in the folder tests"
    assert told[0] == told[1]
    if how == ("--wishes",):
        # What takes somebody's signature, or two networks' wishes that fit, is hardly ever drawn.
        never = told[0].pop().removeprefix("never granted:").split()
        assert seeds < WISH_SEEDS or len(never) < len(OPERATIONS) / 5, never
    assert len(told[0]) == seeds


@pytest.mark.timeout(600)
@pytest.mark.parametrize("cheat", sorted(STRATEGIES))
@pytest.mark.parametrize(
    ("kind", "seeds", "steps"),
    rest_to_soak([("", 1, STEPS), ("", CHEAT_SEEDS, STEPS), ("ring", 1, RING_STEPS)], first=1),
    ids=str,
)
def test_no_cheat_breaks_a_property_of_honest_networks(cheat: str, kind: str, seeds: int, steps: int) -> None:
    for seed in range(1, seeds + 1):
        setting = DRAWN[kind](seed, cheat)
        ended = play(seed, setting, draw_steps(seed, setting, steps))
        assert ended.broken is None, f"{line_of(seed, steps, cheat, kind)}: {ended.broken}"


@pytest.mark.parametrize("seed", rest_to_soak(range(1, RESTORE_SEEDS + 1), first=5), ids="seed-{}".format)
def test_old_copies_put_back_time_and_again_break_no_property(seed: int) -> None:
    setting = draw_setting(seed)
    setting = replace(setting, weights={**WEIGHTS, **setting.weights, **RESTORES})
    ended = play(seed, setting, draw_steps(seed, setting, RESTORE_STEPS))
    assert ended.broken is None, f"step {ended.at}: {ended.broken}"


@pytest.mark.parametrize(("seed", "begins"), [(1, False), (2, True)])
def test_a_circle_may_cost_what_rates_round_away(seed: int, *, begins: bool) -> None:
    """Three owe each other in a ring, and one changes its rates: it gives up 199 then, and is freed of 200."""
    setting = Setting(3, tuple((at, (at + 1) % 3, 1_000, "1", 0) for at in range(3)), {}, clears=True)
    third = RATES.index("0.333")
    world = Played(seed, setting)
    for step in (("pay round", 5), ("rate", 1, 1, third), ("rate", 0, 0, third), ("clear", 2, 1, 9, 0)):
        world.play((*step, *[0] * (6 - len(step))))
        world.tick(3)
    world.tick(60)
    world.heal()
    book = world.nodes["serra"].replica.book
    [joined] = (*book.of(Clearing).initiated.values(), *book.of(Forwards).circles.values())
    assert joined.cost - joined.worth == 1
    # Nothing is owed any more: what the rates have left on the links' accounts brings that back.
    assert book.ledger.accounts[exchange_account("FLOR")].balance_minor == 0
    assert bool(book.of(Clearing).initiated) == begins


def table_of_mutants() -> Mapping[str, Caught]:
    rows = re.findall(r"^\| ([^|]+) \| [^|]+ \| ([A-Z=>-]+) \| (\d+) \| (\d+) \|$", HANDBOOK, re.MULTILINE)
    return {name: Caught(found, int(seed), int(steps)) for name, found, seed, steps in rows}


def test_the_handbook_names_every_mutant_and_every_property() -> None:
    assert table_of_mutants().keys() == MUTANTS.keys()
    told = re.findall(r"^\| `([A-Z=>-]+)` \| ([^|]+) \|$", HANDBOOK, re.MULTILINE)
    assert dict(told) == {one.name: one.promise for one in PROPERTIES}


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", rest_to_soak(MUTANTS, first=2))
def test_a_mutant_is_caught_by_name_where_the_code_itself_is_sound(name: str) -> None:
    mutant, known = MUTANTS[name], table_of_mutants()[name]
    caught = hunt(mutant, known.seed, 1)
    assert caught == known, f"look for it with python -m simulation --mutants; found {caught}"
    assert known.property == mutant.caught_by
    setting = mutant.setting(known.seed)
    assert play(known.seed, setting, draw_steps(known.seed, setting, known.steps)).broken is None


def test_a_failing_story_is_made_short() -> None:
    name, known = "credited before the claim", table_of_mutants()["credited before the claim"]
    mutant = MUTANTS[name]
    setting = mutant.setting(known.seed)
    steps = draw_steps(known.seed, setting, known.steps)
    with mutant.loose():
        short = shrink(known.seed, setting, steps, known.property)
        ended = play(known.seed, setting, short)
    assert ended.broken is not None and ended.broken.name == known.property
    assert len(short) <= 3
