# SPDX-License-Identifier: AGPL-3.0-or-later
"""Wishes are drawn by what their fields declare, and by nothing else where a field names a row of a table."""

from dataclasses import dataclass
from random import Random
from typing import Annotated

from simulation.workload import TEXTS, _Dice

from protocol.book.declaration import Ref


@dataclass(frozen=True, slots=True)
class Lend:
    """Lend a tool."""

    borrower: Annotated[str, Ref("members")]
    tools: Annotated[tuple[str, ...], Ref("tools")]
    witness: Annotated[str | None, Ref("members")] = None


def test_a_field_that_names_a_row_is_drawn_from_the_rows_of_its_table() -> None:
    rows = {"members": ["ana", "bia"], "tools": ["saw"]}
    drawn = [_Dice(Random(seed), rows.__getitem__, 0).value(Lend) for seed in range(200)]
    assert {one.borrower for one in drawn} - set(TEXTS) == {"ana", "bia"}
    assert {one.witness for one in drawn} - set(TEXTS) == {None, "ana", "bia"}
    assert {tool for one in drawn for tool in one.tools} - set(TEXTS) == {"saw"}
