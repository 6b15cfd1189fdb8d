# SPDX-License-Identifier: AGPL-3.0-or-later
"""Cost sheets: what making one unit of something costs its producer, and the fair floor under its price.

They stand on their network's board, so that whoever reads an offer reads why it has its price. An offer that names one
is sold at a price that covers it, and so is what is ordered of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar

from protocol.book.book import Book
from protocol.book.declaration import BoardKind
from protocol.book.money import BASIS_POINTS
from protocol.book.refusals import FORBIDDEN, MALFORMED, NOT_FOUND, Reason, Refused, Stage, refuse
from protocol.book.signed import Digest, Time
from protocol.peers.boards import Boards, body_of
from protocol.practices.market.intents import INTENT_TITLE_CHARS_MAX, Offer, PriceMinor, due_for
from protocol.practices.money.currencies.entries import Scale
from protocol.wire.shape import AtMost, Range

COST_LINES_MAX = 16
COST_NAME_CHARS_MAX = 40
COST_SOURCE_CHARS_MAX = 60
FUND_PART_MAX = BASIS_POINTS // 2
UNIT_HOURS_MAX = 10**6
"""A thousand hours for one unit, in thousandths."""
ADVANCE_LEAST = BASIS_POINTS // 2
"""Who asks for an advance asks for half of the price at least."""

BELOW_COST = Reason(
    "BELOW_COST",
    Stage.RULE,
    422,
    "The price does not cover what it costs",
    "{price} does not cover the cost sheet: {floor} is the fair floor. Nothing was written.",
    heading="{floor} is the fair floor",
    ways=("ask, or pay, {floor} or more", "look at the cost sheet: mutirao cost-sheets show"),
)


class CostKind(StrEnum):
    """What a line of a cost sheet is for."""

    INPUTS = "inputs"
    LABOUR = "labour"
    DEPRECIATION = "depreciation"
    TRANSPORT = "transport"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class CostLine:
    """What one unit costs in one respect, in minor units: as it stands, or as hours (thousandths) at so much an hour.

    `source` says what the figure rests on.
    """

    name: Annotated[str, AtMost(COST_NAME_CHARS_MAX)]
    kind: CostKind
    amount: PriceMinor
    source: Annotated[str, AtMost(COST_SOURCE_CHARS_MAX)]
    hours: Annotated[int, Range(1, UNIT_HOURS_MAX)] | None = None

    @property
    def minor(self) -> int:
        """What it comes to, in minor units, to the nearest."""
        return self.amount if self.hours is None else due_for(self.hours, self.amount)


@dataclass(frozen=True, slots=True)
class CostSheet:
    """A producer tells what one unit costs it, at a date.

    `fund` is the part of the price that goes to a common fund, `advance` the part that it asks for before delivery,
    both in hundredths of a percent. `evidence` is the SHA-256 of what the figures can be checked by.
    """

    KIND: ClassVar[str] = "fairtrade/cost-sheet"
    member: Annotated[str, AtMost(32)]
    title: Annotated[str, AtMost(INTENT_TITLE_CHARS_MAX)]
    code: Annotated[str, AtMost(5)]
    unit: Annotated[str, AtMost(3)]
    currency: Annotated[str, AtMost(12)]
    scale: Scale
    lines: Annotated[tuple[CostLine, ...], AtMost(COST_LINES_MAX)]
    made_ms: Time
    fund: Annotated[int, Range(1, FUND_PART_MAX)] | None = None
    advance: Annotated[int, Range(ADVANCE_LEAST, BASIS_POINTS)] | None = None
    evidence: Digest | None = None

    @property
    def cost_minor(self) -> int:
        """What one unit costs in all, in minor units."""
        return sum(line.minor for line in self.lines)

    @property
    def floor_minor(self) -> int:
        """The least price that covers the cost and the fund's part of that price, in minor units rounded up."""
        return -(-self.cost_minor * BASIS_POINTS // (BASIS_POINTS - (self.fund or 0)))

    def fund_minor(self, price: int) -> int:
        """Return the fund's part of a price: the rest still covers the cost, from the floor on."""
        return price * (self.fund or 0) // BASIS_POINTS

    def maker_minor(self, price: int) -> int:
        """Return what of a price stays with who makes it: its labour, and what is left over."""
        spent = sum(line.minor for line in self.lines if line.kind is not CostKind.LABOUR)
        return price - spent - self.fund_minor(price)


COST_SHEETS = BoardKind(CostSheet)


def sheet_of(book: Book, network: bytes, offer: Offer) -> CostSheet | None:
    """Return the cost sheet that an offer on a network's board names, if it stands there and is about such an offer."""
    held = None if offer.sheet is None else book.of(Boards).get(network, offer.sheet)
    sheet = None if held is None else body_of(held, COST_SHEETS)
    return None if sheet is None or sheet_unlike(sheet, offer) else sheet


def sheet_unlike(sheet: CostSheet, offer: Offer) -> Refused | None:
    """Return why a cost sheet is not an offer's: another's, of another unit, or not of its one price."""
    if sheet.member != offer.member:
        return refuse(FORBIDDEN, allowed="the member whose cost sheet it is")
    if sheet.unit != offer.unit:
        return refuse(MALFORMED, field="unit", expected=sheet.unit or "the piece, as in the cost sheet")
    if [(one.currency, one.scale) for one in offer.prices] != [(sheet.currency, sheet.scale)]:
        return refuse(MALFORMED, field="prices", expected=f"one, in {sheet.currency}, as in the cost sheet")
    return None


def cost_sheet_refusal(book: Book, offer: Offer) -> Refused | None:
    """Return why an offer of ours cannot name the cost sheet that it names, or is not sold at its price."""
    if offer.sheet is None:
        return None
    held = book.of(Boards).get(book.network, offer.sheet)
    sheet = None if held is None else body_of(held, COST_SHEETS)
    if sheet is None:
        return refuse(NOT_FOUND)
    return sheet_unlike(sheet, offer) or below_cost(book, book.network, offer, offer.prices[0].minor)


def below_cost(book: Book, network: bytes, offer: Offer, price: int) -> Refused | None:
    """Return BELOW_COST where a price does not cover the cost sheet of an offer, as far as it is known here."""
    sheet = sheet_of(book, network, offer)
    if sheet is None or price >= sheet.floor_minor:
        return None
    return refuse(
        BELOW_COST, price=price, floor=sheet.floor_minor, currency=sheet.currency, unit=sheet.currency,
        scale=sheet.scale,
    )  # fmt: skip


def advance_asked(book: Book, network: bytes, offer: Offer) -> int | None:
    """Return which part of the price of an offer is paid before delivery, in hundredths of a percent; None: none."""
    sheet = sheet_of(book, network, offer)
    return None if sheet is None else sheet.advance


def price_shares(sheet: CostSheet, price: int) -> Iterable[tuple[str, str, int]]:
    """Yield what a price is made of, by name, kind and minor units: each line, what is left over, the fund's part."""
    for line in sheet.lines:
        yield line.name, line.kind, line.minor
    fund = sheet.fund_minor(price)
    for kind, minor in (("surplus", price - sheet.cost_minor - fund), ("fund", fund)):
        if minor:
            yield kind, kind, minor
