# SPDX-License-Identifier: AGPL-3.0-or-later
"""Reasons to refuse: each is declared once, in the room that gives it, and the earliest stage is told."""

import importlib
import pkgutil

import pytest

import node
import protocol
from node.http.problems import REASONS
from node.http.refusals import HTTP_REFUSALS
from node.loop.refusals import LOOP_REFUSALS
from protocol.book.declaration import Practice, reasons_of
from protocol.book.refusals import (
    BOOK_REFUSALS,
    FORBIDDEN,
    LIMIT_EXCEEDED,
    MALFORMED,
    MEMBER_NOT_ACTIVE,
    MEMBER_UNKNOWN,
    RECOVERING,
    Reason,
    Stage,
    foremost,
    refuse,
)
from protocol.practices import PRACTICES


def named() -> dict[str, Reason]:
    """Return every reason that a module gives a public name, by that name."""
    found: dict[str, Reason] = {}
    for package in (protocol, node):
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            module = importlib.import_module(info.name)
            found |= {name: value for name, value in vars(module).items() if isinstance(value, Reason)}
    return found


def test_every_reason_that_has_a_name_is_declared_by_its_code() -> None:
    assert {name: reason.code for name, reason in named().items()} == {code: code for code in REASONS}
    assert REASONS.keys() == {one.code for one in (*HTTP_REFUSALS, *LOOP_REFUSALS, *reasons_of(PRACTICES).values())}


def test_no_two_reasons_share_a_code() -> None:
    again = Reason("FORBIDDEN", Stage.RULE, 422, "Something else")
    with pytest.raises(AssertionError, match="FORBIDDEN is declared twice"):
        reasons_of([Practice("loans", (), refusals=(again,))])
    assert reasons_of([]).keys() == {reason.code for reason in BOOK_REFUSALS}


def test_the_reason_of_the_earliest_stage_is_told_and_of_one_stage_the_first() -> None:
    in_order = [refuse(one) for one in (RECOVERING, MALFORMED, FORBIDDEN, MEMBER_UNKNOWN, LIMIT_EXCEEDED)]
    for place, earlier in enumerate(in_order):
        for later in in_order[place:]:
            assert foremost(later, None, earlier) == foremost(earlier, later) == earlier
    rules = refuse(MEMBER_NOT_ACTIVE), refuse(LIMIT_EXCEEDED)
    assert foremost(*rules) == rules[0] and foremost(*reversed(rules)) == rules[1]
    assert foremost(None) is None
