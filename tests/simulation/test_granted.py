# SPDX-License-Identifier: AGPL-3.0-or-later
"""Worlds notice a plan that would write what every other node refuses."""

import pytest
from simulation.world import World

from protocol.book.declaration import Plan, Write
from protocol.practices.money.dues.entries import DuesEnded


def test_a_plan_of_two_entries_that_others_refuse_is_a_mistake_of_ours() -> None:
    riacho = World().found("riacho", "HORA")
    before = len(riacho.disk)
    no_dues = Write(DuesEnded(bytes(16)))
    with pytest.raises(AssertionError, match="every other node refuses the entry: NOT_FOUND"):
        riacho.replica.home.carry_out(Plan("", (no_dues, no_dues)))
    assert len(riacho.disk) == before
