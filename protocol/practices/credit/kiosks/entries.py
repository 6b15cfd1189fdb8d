# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the ledger says of kiosks: registered, given rights and cash, heard from, frozen."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from protocol.book.signed import Id16, Key
from protocol.practices.credit.kiosks.statements import SignedStatement
from protocol.practices.credit.reserves.entries import MinorMoved
from protocol.practices.money.currencies.entries import Code
from protocol.wire.shape import AtMost, Range

KIOSK_NAME_CHARS_MAX = 32
STATEMENTS_MAX = 32
"""Statements that one entry takes in; a kiosk with more brings them in several."""
KioskName = Annotated[str, AtMost(KIOSK_NAME_CHARS_MAX)]


@dataclass(frozen=True, slots=True)
class KioskRegistered:
    """Whoever holds this key issues a guaranteed currency out of reach, within the rights that it is sent."""

    KIND: ClassVar[str] = "kiosks/registered"
    kiosk: Id16
    currency: Code
    name: KioskName
    key: Key


@dataclass(frozen=True, slots=True)
class RightsSent:
    """Rights (minor units) of the network's own are a kiosk's from here on."""

    KIND: ClassVar[str] = "kiosks/sent"
    kiosk: Id16
    amount: MinorMoved


@dataclass(frozen=True, slots=True)
class KioskTillMoved:
    """State money (minor units) goes from the reserve's bank to a kiosk's till, below zero back."""

    KIND: ClassVar[str] = "kiosks/till-moved"
    kiosk: Id16
    amount: Annotated[int, Range(1 - 2**63, 2**63 - 1)]


@dataclass(frozen=True, slots=True)
class KioskSynced:
    """What a kiosk has signed, in the order of its places, from the next one on."""

    KIND: ClassVar[str] = "kiosks/synced"
    kiosk: Id16
    statements: Annotated[tuple[SignedStatement, ...], AtMost(STATEMENTS_MAX)]


@dataclass(frozen=True, slots=True)
class KioskForked:
    """A kiosk has signed two statements at one place: it is frozen, and its rights are nobody's any more."""

    KIND: ClassVar[str] = "kiosks/forked"
    kiosk: Id16
    first: SignedStatement
    second: SignedStatement
