# SPDX-License-Identifier: AGPL-3.0-or-later
"""What `make test` leaves to `make soak`: more of what it has played once."""

from collections.abc import Iterable
from typing import Any

import pytest


def rest_to_soak(values: Iterable[Any], *, first: int) -> list[Any]:
    """Return test parameters of which the first are played by `make test`, and the others by `make soak`."""
    return [value if at < first else _soaked(value) for at, value in enumerate(values)]


def _soaked(value: Any) -> Any:
    parts = value if isinstance(value, tuple) else (value,)
    return pytest.param(*parts, marks=pytest.mark.soak)
