# SPDX-License-Identifier: AGPL-3.0-or-later
"""A currency as a book knows it."""

from dataclasses import dataclass


@dataclass(slots=True)
class Currency:
    """A mutual currency: its code, its own word and scale, the limits a new account gets (minor units)."""

    code: str
    name: str
    unit_word: str
    scale: int
    default_least_minor: int
    default_most_minor: int | None
    arrival: int
    closed: bool = False
    levy_basis_points: int = 0
    levy_until_repaid: bool = True
