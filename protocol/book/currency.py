# SPDX-License-Identifier: AGPL-3.0-or-later
"""A currency as a book knows it."""

from dataclasses import dataclass, field
from enum import StrEnum

CURRENCY_KINDS = ("mutual", "guaranteed")
"""How a currency comes into being: members owe each other, or a reserve backs it."""


class LevySide(StrEnum):
    """Who bears a levy: the payee of what it gets, the payer on top of what it pays, or each a half."""

    PAYEE = "payee"
    PAYER = "payer"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class LevyTerms:
    """What part of payments goes to the commons (hundredths of a percent), whether only while in debt, who bears it."""

    basis_points: int = 0
    until_repaid: bool = True
    side: LevySide = LevySide.PAYEE


@dataclass(slots=True)
class Currency:
    """A currency: its code, its own word and scale, the limits a new account gets (minor units).

    One that is `guaranteed` is backed by a reserve: no account is below zero but that of issue.
    """

    code: str
    name: str
    unit_word: str
    scale: int
    default_least_minor: int
    default_most_minor: int | None
    arrival: int
    closed: bool = False
    levy: LevyTerms = LevyTerms()
    guaranteed: bool = False
    group: str | None = None
    """The group of users-issuers among whom alone it is paid; None: among all."""
    convertible: bool = True
    """Whether it may be paid to and from other networks; one that is not serves at home alone."""
    levies: dict[str, LevyTerms] = field(default_factory=dict[str, LevyTerms])
    """The terms of members of a group, by its name, where they differ from those of all."""

    @property
    def kind(self) -> str:
        """Which of CURRENCY_KINDS it is."""
        return CURRENCY_KINDS[self.guaranteed]
