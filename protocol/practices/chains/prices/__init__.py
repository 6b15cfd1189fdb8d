# SPDX-License-Identifier: AGPL-3.0-or-later
"""Open prices: a seller tells what a price is made of, and whoever reads it sees the parts along the whole chain."""

from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Any

from protocol.book.book import Book
from protocol.book.declaration import PAGE_ENDS, Act, Create, Desk, List, Plan, Practice, Publication, Role, Show
from protocol.book.members import Member
from protocol.book.money import Amount, minor_of
from protocol.book.personal import text_refusal
from protocol.book.refusals import CURRENCY_UNKNOWN, FORBIDDEN, MALFORMED, NOT_FOUND, Refused, foremost, refuse
from protocol.book.signed import uuid_text
from protocol.book.timezones import DAY_MS
from protocol.book.uuids import drawn_id
from protocol.lanes.directory import Directory
from protocol.lanes.items import BoardItem
from protocol.peers.boards import Boards, body_of, published
from protocol.practices.between.announcements import board_full, seen_by_named
from protocol.practices.between.networks.known import find_network
from protocol.practices.chains.prices.parts import (
    OPEN_PRICES,
    PART_NAME_CHARS_MAX,
    PART_SOURCE_CHARS_MAX,
    PARTS_FOLLOWED_MAX,
    PRICE_PARTS_MAX,
    OpenPrice,
    PriceOf,
    PricePart,
    PricePartKind,
    followed,
    is_whole,
    sums_of,
)
from protocol.practices.chains.prices.wishes import (
    PARTS_NOT_WHOLE,
    OpenPriceShown,
    OpenPricesWanted,
    PriceKindShown,
    PricePartShown,
    PricePartTold,
    PublishOpenPrice,
    WithdrawOpenPrice,
)
from protocol.practices.chains.written import decimal_text, share_text
from protocol.practices.market.intents import INTENT_TITLE_CHARS_MAX
from protocol.practices.market.shown import find_intent, intent_id
from protocol.practices.people.contacts import may_keep, whose
from protocol.wire.keys import id_text


def plan_publish(desk: Desk, wish: PublishOpenPrice) -> Plan | Refused:
    """Put an open price on our network's board."""
    member, seen_by = whose(desk, wish.member), seen_by_named(desk.book, wish.seers, ())
    body = _read(desk.book, member, wish)
    refused = foremost(*(one for one in (body, member, seen_by) if isinstance(one, Refused)))
    if isinstance(member, Member):
        refused = foremost(refused, may_keep(desk, member), member.inactive())
    item = drawn_id(desk.chance)
    refused = refused or board_full(desk.book, item)
    if refused or isinstance(body, Refused) or isinstance(seen_by, Refused):
        return refused or refuse(NOT_FOUND)
    said = Publication(item, body, desk.now + wish.days * DAY_MS, seen_by)
    return Plan(uuid_text(item), published=(said,))


def plan_withdraw(desk: Desk, id: str, wish: WithdrawOpenPrice) -> Plan | Refused:
    """Withdraw an open price: its seller, or a steward whoever that is."""
    del wish
    found = _find(desk.book, id)
    if isinstance(found, Refused) or found[0].said.network != desk.book.network:
        return found if isinstance(found, Refused) else refuse(NOT_FOUND)
    item, body = found
    member = desk.book.members.get(desk.book.member_by_handle.get(body.member, ""))
    if desk.actor.role is not Role.STEWARD and (member is None or may_keep(desk, member)):
        return refuse(FORBIDDEN, allowed="the seller")
    return Plan(id, answer=_shown(desk.book, item, body), published=(Publication(item.said.item, None),))


def show_open_price(desk: Desk, id: str) -> OpenPriceShown | Refused:
    """Show an open price with all parts that are known along its chain."""
    found = _find(desk.book, id)
    return found if isinstance(found, Refused) else _shown(desk.book, *found)


def list_open_prices(
    desk: Desk, wanted: OpenPricesWanted, after: int
) -> Iterable[tuple[int, OpenPriceShown]] | Refused:
    """List open prices in the order in which they came."""
    network = None if wanted.network is None else find_network(desk.book, wanted.network)
    if isinstance(network, Refused):
        return network
    return _listed(desk.book, network, wanted.seller, after)


def _listed(book: Book, network: bytes | None, seller: str | None, after: int) -> Iterator[tuple[int, Any]]:
    """Yield what is listed; a page ends where as many parts were followed as of one price in all."""
    price_of, left = _prices_of(book), PARTS_FOLLOWED_MAX
    for arrival, item, body in published(book, OPEN_PRICES, network, after):
        assert isinstance(body, OpenPrice)
        left -= 1
        if seller in (None, body.member) and is_whole(body):
            yield arrival, (shown := _shown(book, item, body, price_of))
            left -= len(shown.parts or ())
        if left <= 0:
            yield arrival, PAGE_ENDS
            return


def _read(book: Book, member: Member | Refused, wish: PublishOpenPrice) -> OpenPrice | Refused:
    """Return what is published; parts that are the whole of the price, or that leave the rest to the fund."""
    code = wish.price.asset_code or next(iter(book.currencies), "")
    currency = book.currencies.get(code)
    if currency is None:
        return refuse(CURRENCY_UNKNOWN, currency=code)
    texts = [("title", wish.title, INTENT_TITLE_CHARS_MAX)]
    texts += [("name", one.name, PART_NAME_CHARS_MAX) for one in wish.parts]
    texts += [("source", one.source, PART_SOURCE_CHARS_MAX) for one in wish.parts]
    refused = next((found for one in texts if (found := text_refusal(*one))), None)
    if refused or not wish.title or not all(one.name for one in wish.parts):
        return refused or refuse(MALFORMED, field="title", expected="what is sold, and what each part is for")
    minor = minor_of(wish.price, code, currency.scale)
    parts = [_part(book, one, code, currency.scale) for one in wish.parts]
    wrong = next((one for one in (minor, *parts) if isinstance(one, Refused)), None)
    if wrong or isinstance(minor, Refused) or isinstance(member, Refused):
        return wrong or refuse(NOT_FOUND)
    told = [one for one in parts if isinstance(one, PricePart)]
    left = minor - sum(one.minor for one in told)
    if left > 0 and wish.rest_to_fund and len(told) < PRICE_PARTS_MAX:
        told.append(PricePart("fund", left, PricePartKind.FUND, "what is left of the price"))
        left = 0
    if left or minor <= 0:
        figures = {"parts": minor - left, "price": minor}
        return refuse(PARTS_NOT_WHOLE, currency=code, **figures)
    return OpenPrice(member.handle, wish.title, code, currency.scale, minor, tuple(told))


def _part(book: Book, told: PricePartTold, code: str, scale: int) -> PricePart | Refused:
    minor = minor_of(told.amount, code, scale)
    if isinstance(minor, Refused):
        return minor
    if minor < 0:
        return refuse(MALFORMED, field="amount", expected="no part below zero")
    if told.of is None:
        return PricePart(told.name, minor, told.kind, told.source)
    found = _find(book, told.of)
    if isinstance(found, Refused):
        return found
    said = found[0].said
    network = None if said.network == book.network else said.network
    return PricePart(told.name, minor, PricePartKind.INSIDE, told.source, said.item, network)


def _find(book: Book, address: str) -> tuple[BoardItem, OpenPrice] | Refused:
    """Return the open price that an id names; behind an @ the network's handle or id."""
    found = find_intent(book, address, OPEN_PRICES)
    return found if isinstance(found, Refused) or is_whole(found[1]) else refuse(NOT_FOUND)


def _prices_of(book: Book) -> PriceOf:
    """Return what finds the open prices behind parts; each is read once, however many name it."""
    known: dict[tuple[bytes, bytes], OpenPrice | None] = {}

    def price_of(network: bytes, part: PricePart) -> tuple[bytes, OpenPrice] | None:
        if part.of is None:
            return None
        place = part.network or network, part.of
        if place not in known:
            behind = book.of(Boards).get(*place)
            known[place] = None if behind is None else body_of(behind, OPEN_PRICES)
        found = known[place]
        return None if found is None else (place[0], found)

    return price_of


def _shown(book: Book, item: BoardItem, body: OpenPrice, price_of: PriceOf | None = None) -> OpenPriceShown:
    def amount(minor: Fraction) -> Amount:
        return Amount(int(decimal_text(minor, 0)), body.currency, body.scale)

    parts = list(followed(item.said.network, body, price_of or _prices_of(book)))
    sums = sums_of(parts, body.minor)
    work = sums.get(PricePartKind.WORK, Fraction(0))
    said = item.said
    return OpenPriceShown(
        id=intent_id(book, item),
        network=id_text(said.network),
        handle=book.of(Directory).handle(said.network),
        seller=body.member,
        title=body.title,
        price=amount(Fraction(body.minor)),
        work=amount(work),
        work_share=share_text(work / body.minor),
        sums=tuple(
            PriceKindShown(kind, amount(sums[kind]), share_text(sums[kind] / body.minor))
            for kind in PricePartKind
            if kind in sums
        ),
        parts=tuple(
            PricePartShown(
                " / ".join(one.path), amount(one.minor), share_text(one.minor / body.minor), one.kind, one.source,
                one.is_known, one.is_opened,
            )
            for one in parts
        ),
        ends_at=said.not_after,
    )  # fmt: skip


PRACTICE = Practice(
    name="open-prices",
    entries=(),
    boards=(OPEN_PRICES,),
    refusals=(PARTS_NOT_WHOLE,),
    operations=(
        Create("open-prices", PublishOpenPrice, plan=plan_publish, verb="publish",
               example="mutirao open-prices publish --title jam --price 5.00 --rest-to-fund"
               " --parts name=fruit,amount=1.60 --parts name=labour,amount=1.80,kind=work,source='0.12 h'"),
        Act("open-prices", "withdraw", WithdrawOpenPrice, plan=plan_withdraw,
            example="mutirao open-prices withdraw ID"),
        Show("open-prices", OpenPriceShown, view=show_open_price, example="mutirao open-prices show ID",
             id_is="its id; behind an @ the network's handle or id, where it is another than yours"),
        List("open-prices", OpenPricesWanted, OpenPriceShown, view=list_open_prices,
             example="mutirao open-prices list --seller ana"),
    ),
)  # fmt: skip
