# SPDX-License-Identifier: AGPL-3.0-or-later
"""Price baskets: what everyday goods cost in a currency, recorded now and then, so that a group sees them rise.

Where a price is not told it is the middle one of what members ask for that item on the board then.
"""

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from protocol.book.arrivals import since
from protocol.book.book import Book
from protocol.book.declaration import (
    STEWARDS,
    At,
    Create,
    Desk,
    Doc,
    Entered,
    Errand,
    List,
    News,
    OneOf,
    Parameter,
    Plan,
    Practice,
    Ref,
    Show,
    Urgency,
    Write,
)
from protocol.book.ledger import Posting
from protocol.book.money import BASIS_POINTS, Amount, minor_of
from protocol.book.parameters import Number, Percentage
from protocol.book.personal import text_refusal
from protocol.book.refusals import CURRENCY_UNKNOWN, MALFORMED, NOT_FOUND, Reason, Refused, refuse
from protocol.book.timezones import DAY_MS
from protocol.lanes.entry import Millis
from protocol.practices.market.index import IntentIndex
from protocol.practices.market.intents import OFFER_ITEMS, PRICE_MINOR_MAX
from protocol.practices.money.currencies.entries import Code
from protocol.wire.shape import AtMost, Range

BASKET_CHARS_MAX = 40
BASKET_ITEMS_MAX = 40
BASKET_RECORDS_MAX = 120
"""Records of one basket that are kept in the book: the newest."""
PRICES_RISING = "PRICES_RISING"

RISE = Parameter(
    "baskets.rise",
    Percentage(most=100_000),
    1_000,
    "from which rise of a price basket on coordinators are warned",
)
RISE_DAYS = Parameter("baskets.days", Number(1, 366, "days"), 30, "over how many days that rise is looked at")

BasketCode = Annotated[str, AtMost(5)]


@dataclass(frozen=True, slots=True)
class BasketPrice:
    """What one item of a basket costs (minor units)."""

    code: BasketCode
    price: Annotated[int, Range(1, PRICE_MINOR_MAX)]


@dataclass(frozen=True, slots=True)
class BasketRecorded:
    """What the items of a basket cost on a day."""

    KIND: ClassVar[str] = "baskets/recorded"
    basket: Annotated[str, AtMost(BASKET_CHARS_MAX)]
    currency: Code
    prices: Annotated[tuple[BasketPrice, ...], AtMost(BASKET_ITEMS_MAX)]


@dataclass(slots=True)
class Basket:
    """A basket and its newest records: when, and what each item cost."""

    name: str
    currency: str
    arrival: int
    records: list[tuple[Millis, tuple[BasketPrice, ...]]] = field(
        default_factory=list[tuple[int, tuple[BasketPrice, ...]]]
    )


@dataclass(slots=True)
class Baskets:
    """All baskets by name."""

    by_name: dict[str, Basket] = field(default_factory=dict[str, Basket])


@dataclass(frozen=True, slots=True)
class PriceTold:
    """What one item costs."""

    code: Annotated[BasketCode, Doc("its item code of CPC 2.1")]
    price: Annotated[Amount | None, Doc("what it costs; none: the middle one of what members ask on the board")] = None


@dataclass(frozen=True, slots=True)
class RecordBasket:
    """Record what the items of a basket cost now; the first record says what is in it."""

    basket: Annotated[str, AtMost(BASKET_CHARS_MAX), Doc("what the basket is called")]
    currency: Annotated[Code, Ref("currencies"), Doc("the currency's code")]
    prices: Annotated[tuple[PriceTold, ...], AtMost(BASKET_ITEMS_MAX), Doc("each item, and what it costs")]


@dataclass(frozen=True, slots=True)
class BasketsWanted:
    """All price baskets."""


@dataclass(frozen=True, slots=True)
class BasketShown:
    """What a basket costs, and by how much it has risen."""

    id: Annotated[str, Doc("its name")]
    total: Annotated[Amount, Doc("what all of it cost when it was recorded last")]
    recorded_at: Annotated[At, Doc("when that was")]
    items: Annotated[int, Doc("how many items are in it")]
    rise_basis_points: Annotated[
        int | None, Doc("by which part it has risen over the group's days, in hundredths of a percent; null: not known")
    ]
    warnings: Annotated[tuple[Annotated[str, OneOf((PRICES_RISING,), more=True)], ...], Doc("what to look at")]


def check(book: Book, entered: Entered) -> Reason | None:
    assert isinstance(entered.body, BasketRecorded)
    refused = book.misplaced(entered) or _against(book, entered.body)
    return refused.reason if refused else None


def _against(book: Book, body: BasketRecorded) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    if body.currency not in book.currencies:
        return refuse(CURRENCY_UNKNOWN, currency=body.currency)
    codes = tuple(one.code for one in body.prices)
    known = book.of(Baskets).by_name.get(body.basket)
    if not body.basket or not codes or len(set(codes)) < len(codes):
        return refuse(MALFORMED, field="prices", expected="a name, and each item once")
    if known is not None and (known.currency != body.currency or codes != _codes(known)):
        return refuse(MALFORMED, field="prices", expected="the same items in the same currency as before")
    return None


def _codes(basket: Basket) -> tuple[str, ...]:
    return tuple(one.code for one in basket.records[-1][1])


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body = entered.body
    assert isinstance(body, BasketRecorded)
    by_name = book.of(Baskets).by_name
    basket = by_name.setdefault(body.basket, Basket(body.basket, body.currency, entered.seq))
    basket.records.append((entered.at_ms, body.prices))
    del basket.records[:-BASKET_RECORDS_MAX]
    return ()


def rise_of(book: Book, basket: Basket, at_ms: Millis) -> int | None:
    """Return by which part a basket has risen over the group's days, in hundredths of a percent; None: not known.

    It is compared with the newest record that is so old.
    """
    hours = [when for when, _ in basket.records]
    before = bisect_right(hours, at_ms - book.parameter(RISE_DAYS) * DAY_MS) - 1
    if before < 0:
        return None
    then, now = (sum(one.price for one in basket.records[place][1]) for place in (before, -1))
    return (now - then) * BASIS_POINTS // then


def is_rising(book: Book, basket: Basket, at_ms: Millis) -> bool:
    """Tell whether coordinators are warned of a basket."""
    rise = rise_of(book, basket, at_ms)
    return rise is not None and rise >= book.parameter(RISE)


def news(book: Book, entered: Entered) -> Iterable[News]:
    assert isinstance(entered.body, BasketRecorded)
    name = entered.body.basket
    yield News("basket.recorded", name)
    if is_rising(book, book.of(Baskets).by_name[name], entered.at_ms):
        yield News("basket.rising", name)


def plan_record(desk: Desk, wish: RecordBasket) -> Plan | Refused:
    book = desk.book
    currency = book.currencies.get(wish.currency)
    refused = text_refusal("basket", wish.basket, BASKET_CHARS_MAX)
    if refused or currency is None:
        return refused or refuse(CURRENCY_UNKNOWN, currency=wish.currency)
    prices: list[BasketPrice] = []
    for told in wish.prices:
        asked = _asked(book, told.code, currency.code)
        minor = asked if told.price is None else minor_of(told.price, currency.code, currency.scale)
        if isinstance(minor, Refused):
            return minor
        if minor is None or not 1 <= minor <= PRICE_MINOR_MAX:
            return refuse(MALFORMED, field="prices", expected=f"a price of {told.code}, which nobody offers now")
        prices.append(BasketPrice(told.code, minor))
    body = BasketRecorded(wish.basket, currency.code, tuple(prices))
    return _against(book, body) or Plan(wish.basket, (Write(body),))


def _asked(book: Book, code: str, currency: str) -> int | None:
    """Return the middle one of what members ask for an item on the board, None where nobody offers it."""
    asked = sorted(
        price.minor
        for one in book.of(IntentIndex).of_network(book.network)
        if one.kind is OFFER_ITEMS and one.code == code and currency in one.currencies
        for price in one.body.prices
        if price.currency == currency
    )
    return asked[(len(asked) - 1) // 2] if asked else None


def view_basket(desk: Desk, name: str) -> BasketShown | Refused:
    found = desk.book.of(Baskets).by_name.get(name)
    return refuse(NOT_FOUND) if found is None else _shown(desk, found)


def view_baskets(desk: Desk, wanted: BasketsWanted, after: int) -> Iterable[tuple[int, BasketShown]]:
    del wanted
    found = since(list(desk.book.of(Baskets).by_name.values()), after)
    return ((cursor, _shown(desk, one)) for cursor, one in found)


def _shown(desk: Desk, basket: Basket) -> BasketShown:
    at_ms, prices = basket.records[-1]
    return BasketShown(
        id=basket.name,
        total=desk.book.amount(basket.currency, sum(one.price for one in prices)),
        recorded_at=at_ms,
        items=len(prices),
        rise_basis_points=rise_of(desk.book, basket, desk.now),
        warnings=(PRICES_RISING,) if is_rising(desk.book, basket, desk.now) else (),
    )


def week(desk: Desk) -> Iterator[Errand]:
    """Yield the baskets whose prices rise."""
    for basket in desk.book.of(Baskets).by_name.values():
        if is_rising(desk.book, basket, desk.now):
            yield Errand(
                basket.name,
                basket.name,
                "baskets.rising",
                f"what is in the basket {basket.name} costs more than a month ago",
                "baskets.show",
                Urgency.NEAR_LIMIT,
                count=(rise_of(desk.book, basket, desk.now) or 0) // 100,
            )


PRACTICE = Practice(
    name="baskets",
    entries=(BasketRecorded,),
    check=check,
    fold=fold,
    news=news,
    week=week,
    parameters=(RISE, RISE_DAYS),
    operations=(
        Create(
            "baskets",
            RecordBasket,
            plan=plan_record,
            verb="record",
            who=STEWARDS,
            example="""mutirao baskets record --basket food --currency CREDITO --prices '{"code":"23110"}'""",
        ),
        Show("baskets", BasketShown, view=view_basket, id_is="the basket's name", example="mutirao baskets show food"),
        List("baskets", BasketsWanted, BasketShown, view=view_baskets, example="mutirao baskets list"),
    ),
)
