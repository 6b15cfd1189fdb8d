# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whatever a forger writes is refused for a reason that the handbook tells of its kind, and for no other."""

from random import Random

import pytest

from protocol.wire.shape import ShapeFault
from tests.handbook.test_tables import LEDGER_RULES, OF_EVERY_WISH
from tests.protocol.practices.desk import Group
from tests.protocol.practices.forger import DECIDING, KINDS, LIVED_IN, WEIGHTS, Forger

FORGED = 600
DRAWN = [kind for kind in KINDS for _ in range(WEIGHTS.get(kind, 6))]


@pytest.mark.parametrize("world", [LIVED_IN, DECIDING], ids=["lived in", "deciding"])
def test_every_reason_that_a_forger_meets_is_told(world: Group) -> None:
    random = Random(20261129)
    forger = Forger(world, random, wild=10)
    met: set[tuple[str, str]] = set()
    for _ in range(FORGED):
        kind = random.choice(DRAWN)
        try:
            entered = world.entered(world.seal(forger.built(kind)))
        except ShapeFault:
            continue
        reason = world.book.check(entered)
        if reason is not None:
            met.add((kind.KIND, reason.code))
    general = {kind.KIND: OF_EVERY_WISH if hasattr(kind, "OPERATION") else set[str]() for kind in KINDS}
    untold = {
        (kind, code)
        for kind, code in met
        if f"`{code}`" not in LEDGER_RULES[f"`{kind}`"][1]
        and code not in general[kind]
        and not (code == "AMOUNT_TOO_LARGE" and LEDGER_RULES[f"`{kind}`"][2])
    }
    assert not untold
    assert len(met) > 100
