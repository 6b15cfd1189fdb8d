# SPDX-License-Identifier: AGPL-3.0-or-later
"""What members offer each other and need, as it stands on their network's board (ValueFlows: intents).

Both are items of a board: signed by the network, replaced in place, withdrawn everywhere, ended by their hour. What is
said here is for others to read: a handle, never a name; a place to about a kilometre, never an address.
"""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from protocol.book.declaration import BoardKind
from protocol.book.folding import folded
from protocol.book.signed import Digest, Id16, Time
from protocol.practices.money.currencies.entries import Scale
from protocol.wire.shape import AtMost, Range

INTENT_TITLE_CHARS_MAX = 100
INTENT_TEXT_CHARS_MAX = 400
LABELS_MAX = 8
LABEL_CHARS_MAX = 40
PRICES_MAX = 4
PARTS_OF_UNIT = 1_000
"""Quantities are in thousandths of their unit."""
QUANTITY_MAX = 10**12

Quantities = Annotated[int, Range(0, QUANTITY_MAX)]
Degrees = Annotated[int, Range(-18_000, 18_000)]
PRICE_MINOR_MAX = 10**15
PriceMinor = Annotated[int, Range(0, PRICE_MINOR_MAX)]
Label = Annotated[str, AtMost(LABEL_CHARS_MAX)]


@dataclass(frozen=True, slots=True)
class IntentPlace:
    """Where something is, in hundredths of a degree: to about a kilometre."""

    north: Annotated[int, Range(-9_000, 9_000)]
    east: Degrees


@dataclass(frozen=True, slots=True)
class StateMoney:
    """What is asked in the state's money, by its code of ISO 4217, in minor units."""

    code: Annotated[str, AtMost(3)]
    scale: Scale
    minor: PriceMinor


@dataclass(frozen=True, slots=True)
class Price:
    """What one unit costs in a currency of the network (minor units), and in the state's money beside it."""

    currency: Annotated[str, AtMost(12)]
    scale: Scale
    minor: PriceMinor
    beside: StateMoney | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """A member offers this. No quantity (0): as much as is asked for. No unit: by the piece or as agreed.

    `code` is an item code of CPC 2.1, five digits, or empty. `picture` is the digest of one that its home shows.
    `from_ms` and `until_ms` are the window in which it is to be had; any of several prices is taken. `sheet` is the
    cost sheet, on the same board, that its one price covers.
    """

    KIND: ClassVar[str] = "offers/offer"
    member: Annotated[str, AtMost(32)]
    title: Annotated[str, AtMost(INTENT_TITLE_CHARS_MAX)]
    text: Annotated[str, AtMost(INTENT_TEXT_CHARS_MAX)]
    code: Annotated[str, AtMost(5)]
    quantity: Quantities
    unit: Annotated[str, AtMost(3)]
    prices: Annotated[tuple[Price, ...], AtMost(PRICES_MAX)]
    labels: Annotated[tuple[Label, ...], AtMost(LABELS_MAX)]
    place: IntentPlace | None = None
    from_ms: Time | None = None
    until_ms: Time | None = None
    picture: Digest | None = None
    sheet: Id16 | None = None


@dataclass(frozen=True, slots=True)
class Need:
    """A member needs this. The labels are those that it must bear; the prices are the most that is paid.

    `within_km` is how far away it may be; the rest is as in an offer.
    """

    KIND: ClassVar[str] = "needs/need"
    member: Annotated[str, AtMost(32)]
    title: Annotated[str, AtMost(INTENT_TITLE_CHARS_MAX)]
    text: Annotated[str, AtMost(INTENT_TEXT_CHARS_MAX)]
    code: Annotated[str, AtMost(5)]
    quantity: Quantities
    unit: Annotated[str, AtMost(3)]
    prices: Annotated[tuple[Price, ...], AtMost(PRICES_MAX)]
    labels: Annotated[tuple[Label, ...], AtMost(LABELS_MAX)]
    place: IntentPlace | None = None
    from_ms: Time | None = None
    until_ms: Time | None = None
    within_km: Annotated[int, Range(1, 20_000)] | None = None


OFFER_ITEMS = BoardKind(Offer)
NEED_ITEMS = BoardKind(Need)
INTENT_KINDS: tuple[BoardKind, ...] = (OFFER_ITEMS, NEED_ITEMS)

Intent = Offer | Need


def folded_label(label: str) -> str:
    """Return a label as it is compared: accents, marks and capitals do not matter; one of marks alone is itself."""
    return folded(label) or label.casefold()


def due_for(quantity: int, price_minor: int) -> int:
    """Return what so many thousandths of a unit cost, to the nearest minor unit, a half of one upwards."""
    return (2 * quantity * price_minor + PARTS_OF_UNIT) // (2 * PARTS_OF_UNIT)
