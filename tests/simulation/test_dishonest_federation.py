# SPDX-License-Identifier: AGPL-3.0-or-later
"""Ten networks, three of them dishonest: an honest one loses at most what it granted them.

What a cheat owes counts as lost, to the last unit; what is frozen in holds toward cheats is told apart. The
figures are printed: `pytest -s tests/simulation/test_dishonest_federation.py`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import pytest
from simulation.story import NAMES, WEIGHTS, Played, Setting, Step, draw_steps
from simulation.world import Node
from soak.marked import rest_to_soak

from protocol.book.accounts import commons_account, exchange_account, holds_account
from protocol.practices.between.links.state import Links

STEPS = 600
CHEATS = (NAMES[2], NAMES[5], NAMES[8])
NIGHTS = (
    (1, ("lie about limits", "wrong preimage", "spam holds")),
    (2, ("claim twice", "waive what is open", "overcharge")),
    (3, ("refuse to claim", "replay", "bad gossip")),
    (4, ("stale epochs", "withhold", "lie about limits")),
    (5, ("equivocate", "wrong preimage", "equivocate")),
)


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one honest network beside cheats, in minor units of its currency."""

    name: str
    granted: int
    lost: int
    frozen: int


def federation(strategies: tuple[str, ...]) -> Setting:
    """Link ten networks in a ring with chords across it."""
    ring = [(at, (at + 1) % 10, 40, "1", 0) for at in range(10)]
    chords = [(at, at + 4, 40, "1", 0) for at in (0, 1, 4, 5)]
    weights = {**WEIGHTS, "back up": 0, "restore": 0, "cap": 4, "scheme": 8, "skew": 0, "rate": 0, "raise": 0}
    return Setting(10, (*ring, *chords), weights, dishonest=dict(zip(CHEATS, strategies, strict=True)))


def with_greed(seed: int, steps: tuple[Step, ...]) -> Iterator[Step]:
    """Let the members of cheats buy from the honest as much as they can."""
    dice = Random(f"greed {seed}")
    for step in steps:
        yield step
        if dice.random() < 0.4:
            yield ("pay", NAMES.index(dice.choice(CHEATS)), dice.randrange(10), dice.randrange(12), 0, 7)


def figures(world: Played, node: Node) -> Figures:
    book = node.replica.book
    cheats = {world.nodes[name].network for name in CHEATS}
    granted = lost = 0
    for link in book.of(Links).by_id.values():
        if link.partner in cheats and link.mine is not None:
            granted += link.settings.rate.up(link.side.limit_given)
            lost += link.settings.rate.up(max(0, -link.side.net_debt))
    [code] = book.currencies
    balances = {name: account.balance_minor for name, account in book.ledger.accounts.items()}
    lost += max(0, -balances[commons_account(code)]) + max(0, -balances[exchange_account(code)])
    return Figures(node.name, granted, lost, balances[holds_account(code)])


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("seed", "strategies"), rest_to_soak(NIGHTS, first=1), ids=str)
def test_an_honest_network_loses_at_most_what_it_granted_to_cheats(seed: int, strategies: tuple[str, ...]) -> None:
    setting = federation(strategies)
    world = Played(seed, setting)
    for step in with_greed(seed, draw_steps(seed, setting, STEPS)):
        world.play(step)
    world.heal()
    told = [figures(world, world.nodes[name]) for name in setting.homes if name not in CHEATS]
    print(f"\ncheats: {', '.join(strategies)}; {world.outcomes.get('done', 0)} wishes done")
    for one in told:
        print(f"  {one.name:8} granted to cheats {one.granted:7}  lost at most {one.lost:7}  frozen {one.frozen:6}")
    assert all(one.lost <= one.granted for one in told)
    assert any(one.lost for one in told), "the cheats have taken nothing: the night shows nothing"
