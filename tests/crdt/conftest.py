# SPDX-License-Identifier: AGPL-3.0-or-later
"""The laws of merging in one place; every type that merges goes through them."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from crdt.lattice import at_least


def laws_hold(a: Any, b: Any, c: Any) -> None:
    """Fail where merging these three states breaks a law of crdt.lattice."""
    before = deepcopy((a, b, c))
    joined = a.merge(b)
    assert joined == b.merge(a), "commutative"
    assert joined.merge(c) == a.merge(b.merge(c)), "associative"
    assert a.merge(a) == a, "idempotent"
    assert at_least(joined, a) and at_least(joined, b), "at least what each of both knows"
    assert at_least(joined.merge(c), a.merge(c)), "monotone"
    assert (a, b, c) == before, "a merge leaves both states as they were"


@pytest.fixture(scope="session")
def laws() -> Callable[[Any, Any, Any], None]:
    return laws_hold
