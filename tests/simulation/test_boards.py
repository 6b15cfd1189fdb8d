# SPDX-License-Identifier: AGPL-3.0-or-later
"""Boards in bad weather: whatever is published, withdrawn and cut, in the end all hold what each home says."""

from collections.abc import Callable
from itertools import pairwise
from random import Random
from unittest.mock import patch

import pytest
from simulation.auditor import Auditor, boards_apart
from simulation.groups import exchange, linked
from simulation.world import World

from protocol.book.declaration import Seers
from protocol.peers import pinning
from protocol.peers.boards import Boards
from protocol.practices.between.announcements import PublishAnnouncement, ReplaceAnnouncement, WithdrawAnnouncement

NAMES = ("riacho", "serra", "campo", "encants")
WIRES = tuple(pairwise(NAMES))
STEPS = 60


def played(seed: int) -> tuple[World, list[str]]:
    """Play a story of boards; returns the world, healed, and the texts that are withdrawn."""
    dice, world = Random(seed), World(seed)
    for name in NAMES:
        exchange(world, name, name.upper()[:4])
    for one, other in WIRES:
        linked(world, one, other, 10)
    world.tick(2)
    standing: dict[str, tuple[str, str]] = {}
    gone: list[str] = []
    for step in range(STEPS):
        match dice.randrange(6):
            case 0 | 1:
                name, text = dice.choice(NAMES), f"text {step}."
                seers = dice.choice((Seers.EVERYBODY, Seers.EVERYBODY, Seers.GROUP))
                wish = PublishAnnouncement(text, seers=seers)
                standing[world.granted(name, "announcements.publish", wish).id] = name, text
            case 2 | 3 if standing:
                id = dice.choice(sorted(standing))
                name, text = standing.pop(id)
                gone.append(text)
                if dice.random() < 0.5:
                    world.granted(name, "announcements.withdraw", WithdrawAnnouncement(), subject=id)
                else:
                    standing[id] = name, f"text {step}."
                    world.granted(name, "announcements.replace", ReplaceAnnouncement(f"text {step}."), subject=id)
            case 4:
                one, other = dice.choice(WIRES)
                (world.cut if frozenset((one, other)) in world.joined else world.join)(one, other)
            case _:
                world.restart(dice.choice(NAMES))
        world.tick(dice.randrange(3))
    for one, other in WIRES:
        if frozenset((one, other)) not in world.joined:
            world.join(one, other)
    world.tick(70)
    return world, gone


def wrong(seed: int) -> list[str]:
    """Return what is wrong with the boards at the end of a story."""
    world, gone = played(seed)
    found = list(boards_apart(Auditor(world)))
    for node in world.nodes.values():
        kept = b"".join(wire for _, wire in node.board.values())
        found += [f"{node.name} still has «{text}»" for text in gone if text.encode() in kept]
    return found


@pytest.mark.parametrize("seed", range(1, 5))
def test_in_the_end_all_hold_what_each_home_says_and_nothing_that_is_withdrawn(seed: int) -> None:
    assert wrong(seed) == []


def _older_too(head: pinning.BoardHead) -> tuple[int, bool, bytes]:
    """Compare by the mark alone."""
    return 0, False, head.mark


def _to_everybody(talk: pinning.BoardTalk, network: bytes, item: object) -> bool:
    return True


def _never_open(talk: pinning.BoardTalk, session: object) -> None:
    return None


@pytest.mark.parametrize(
    ("where", "name", "mutant"),
    [
        (pinning, "_rank", _older_too),
        (pinning.BoardTalk, "is_for", _to_everybody),
        (pinning.BoardTalk, "_open_if_due", _never_open),
    ],
)
def test_a_mutant_is_caught(where: object, name: str, mutant: Callable[..., object]) -> None:
    with patch.object(where, name, mutant):
        assert any(wrong(seed) for seed in range(1, 5))


def test_a_story_has_something_to_look_at() -> None:
    world, gone = played(1)
    assert len(gone) > 5
    assert all(node.replica.book.of(Boards).items > 5 for node in world.nodes.values())
