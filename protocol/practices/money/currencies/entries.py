# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the ledger says of currencies: made, levied, what new accounts may owe and hold, and closed."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from protocol.book.currency import LevySide
from protocol.book.issuer_groups import GroupName
from protocol.book.money import BASIS_POINTS, SCALE_MAX
from protocol.book.personal import NAME_CHARS_MAX, UNIT_WORD_CHARS_MAX
from protocol.book.signed import LeastMinor, MostMinor
from protocol.wire.shape import AtMost, Range, Spelt

CODE_CHARS_MAX = 12
OLD_CODE = f"[A-Z0-9]{{1,{CODE_CHARS_MAX}}}"
"""How a code is spelt that was given before CODES_NARROWED_MS; since then it begins with a letter."""
Code = Annotated[str, AtMost(CODE_CHARS_MAX)]
Scale = Annotated[int, Range(0, SCALE_MAX)]
BasisPoints = Annotated[int, Range(0, BASIS_POINTS)]


@dataclass(frozen=True, slots=True)
class CurrencyCreated:
    """A new unit; `least` and `most` are the limits that accounts get (minor units; no most: no ceiling)."""

    KIND: ClassVar[str] = "currencies/created"
    code: Annotated[Code, Spelt(OLD_CODE)]
    name: Annotated[str, AtMost(NAME_CHARS_MAX)]
    unit_word: Annotated[str, AtMost(UNIT_WORD_CHARS_MAX)]
    scale: Scale
    least: LeastMinor
    most: MostMinor | None


@dataclass(frozen=True, slots=True)
class LevySet:
    """From now on the commons gets this part of what is paid; maybe only while it is in debt.

    `side` is who bears it, the payee where it is left out; with a `group` it is for its members alone.
    """

    KIND: ClassVar[str] = "currencies/levy-set"
    code: Code
    basis_points: BasisPoints
    until_repaid: bool
    side: LevySide | None = None
    group: GroupName | None = None


@dataclass(frozen=True, slots=True)
class DefaultsSet:
    """New accounts get these limits from now on, with `everyone` all members' accounts too (minor units).

    A limit that is left out stays as it is; `any_balance` ends the one upwards.
    """

    KIND: ClassVar[str] = "currencies/defaults-set"
    code: Code
    least: LeastMinor | None
    most: MostMinor | None
    any_balance: bool
    everyone: bool


@dataclass(frozen=True, slots=True)
class CurrencyKeptHome:
    """From now on, and for good, nobody in another network pays this currency or is paid in it."""

    KIND: ClassVar[str] = "currencies/kept-home"
    code: Code


@dataclass(frozen=True, slots=True)
class CurrencyClosed:
    """Nothing is paid in this currency any more."""

    KIND: ClassVar[str] = "currencies/closed"
    code: Code
