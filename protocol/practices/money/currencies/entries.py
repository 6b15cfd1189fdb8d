# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the ledger says of currencies: made, levied, what new accounts may owe and hold, and closed."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

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
    """From now on the commons takes this part of what payees receive; maybe only while it is in debt."""

    KIND: ClassVar[str] = "currencies/levy-set"
    code: Code
    basis_points: BasisPoints
    until_repaid: bool


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
class CurrencyClosed:
    """Nothing is paid in this currency any more."""

    KIND: ClassVar[str] = "currencies/closed"
    code: Code
