# SPDX-License-Identifier: AGPL-3.0-or-later
"""Open prices: parts along the chain, what is unknown stays unknown, and the emporium's rule (docs/stories.md)."""

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from simulation.groups import exchange
from simulation.world import STEWARD, World

from protocol.book.declaration import Actor, Page, Refused, Role
from protocol.book.money import Amount
from protocol.book.timezones import DAY_MS
from protocol.events import Answer, Asked
from protocol.lanes.items import ItemSaid, seal_item
from protocol.peers.boards import Boards
from protocol.practices.chains import prices as prices_module
from protocol.practices.chains.prices.parts import (
    PARTS_FOLLOWED_MAX,
    PRICES_DEEP_MAX,
    OpenPrice,
    PricePart,
    PricePartKind,
    followed,
    sums_of,
)
from protocol.practices.chains.prices.wishes import (
    OpenPriceShown,
    OpenPricesWanted,
    PricePartTold,
    PublishOpenPrice,
    WithdrawOpenPrice,
)
from protocol.wire.codec import encode
from protocol.wire.keys import KeyPair
from protocol.wire.shape import to_map
from tests.protocol.practices.market.fair import pinned


def amount(text: str) -> Amount:
    return Amount(int(text.replace(".", "")), None, 2)


def part(
    name: str, value: str, kind: PricePartKind = PricePartKind.UNKNOWN, source: str = "", of: str | None = None
) -> PricePartTold:
    return PricePartTold(name, amount(value), kind, source, of)


FRUIT = PublishOpenPrice(
    "fruit, a kilogram",
    amount("3.20"),
    (
        part("wages", "2.00", PricePartKind.WORK, "hours of May"),
        part("inputs", "0.80", PricePartKind.OUTSIDE, "invoices of May"),
        part("surplus", "0.40", PricePartKind.SURPLUS, "the assembly"),
    ),
)
JAM = PublishOpenPrice(
    "jam, a jar",
    amount("5.00"),
    (
        part("sugar", "0.40", PricePartKind.OUTSIDE, "invoice 81"),
        part("labour", "1.80", PricePartKind.WORK, "0.12 h"),
        part("jar", "0.30", PricePartKind.DEPOSIT, "it comes back"),
        part("fund", "0.50", PricePartKind.FUND, "the assembly"),
        part("transport", "0.40"),
    ),
)


@pytest.fixture
def world() -> World:
    world = World()
    exchange(world, "riacho", "HORA", "ana", "bia")
    exchange(world, "serra", "FLOR", "caio")
    world.join("riacho", "serra")
    world.tick(2)
    return world


def member(world: World, name: str, handle: str) -> Actor:
    return Actor(Role.MEMBER, world.nodes[name].replica.book.member_by_handle[handle])


def publish(world: World, wish: PublishOpenPrice, handle: str = "ana", name: str = "riacho") -> OpenPriceShown:
    return world.granted(name, "open-prices.publish", wish, actor=member(world, name, handle))


def jam_of(fruit: str) -> PublishOpenPrice:
    return replace(JAM, parts=(part("fruit", "1.60", of=fruit), *JAM.parts))


def refusal(world: World, operation: str, wish: Any, subject: str = "", handle: str = "ana") -> tuple[str, Any]:
    before = dict(world.nodes["riacho"].board)
    refused = world.ask("riacho", operation, wish, subject=subject, actor=member(world, "riacho", handle))
    assert isinstance(refused, Refused), refused
    assert world.nodes["riacho"].board == before
    return refused.reason.code, dict(refused.figures)


def told(shown: OpenPriceShown) -> dict[str, tuple[int, str]]:
    return {one.kind.value: (one.amount.value, one.share) for one in shown.sums}


def test_work_in_the_chain_of_a_jar_of_jam_is_56_percent(world: World) -> None:
    fruit = publish(world, FRUIT, "bia")
    jam = publish(world, jam_of(fruit.id))
    assert (jam.price, jam.work, jam.work_share) == (Amount(500, "HORA", 2), Amount(280, "HORA", 2), "0.5600")
    assert [(one.part, one.amount.value, one.is_known) for one in jam.parts or ()] == [
        ("fruit", 160, True),
        ("fruit / wages", 100, True),
        ("fruit / inputs", 40, True),
        ("fruit / surplus", 20, True),
        ("sugar", 40, True),
        ("labour", 180, True),
        ("jar", 30, True),
        ("fund", 50, True),
        ("transport", 40, False),
    ]
    assert told(jam) == {
        "work": (280, "0.5600"),
        "surplus": (20, "0.0400"),
        "outside": (80, "0.1600"),
        "deposit": (30, "0.0600"),
        "fund": (50, "0.1000"),
        "unknown": (40, "0.0800"),
    }


def test_the_chain_goes_on_in_another_network_and_over_a_restart(world: World) -> None:
    fruit = publish(world, FRUIT, "caio", "serra")
    world.tick(2)
    abroad = world.granted("riacho", "open-prices.list", OpenPricesWanted(network="serra")).items[0]
    assert abroad.id.startswith(f"{fruit.id}@") and abroad.price == Amount(320, "FLOR", 2)
    jam = publish(world, jam_of(abroad.id))
    assert jam.work_share == "0.5600"
    world.tick(2)
    for name in ("riacho", "serra"):
        world.restart(name)
        world.join("riacho", "serra")
        world.tick(2)
        [there] = world.granted(name, "open-prices.list", OpenPricesWanted(seller="ana")).items
        assert (there.work_share, there.title) == ("0.5600", "jam, a jar")


def test_what_is_no_longer_told_is_unknown_and_never_guessed(world: World) -> None:
    fruit = publish(world, FRUIT, "bia")
    jam = publish(world, jam_of(fruit.id))
    bia = member(world, "riacho", "bia")
    gone = world.granted("riacho", "open-prices.withdraw", WithdrawOpenPrice(), subject=fruit.id, actor=bia)
    assert gone.title == FRUIT.title
    left = world.granted("riacho", "open-prices.show", subject=jam.id)
    assert left.work_share == "0.3600" and told(left)["unknown"] == (200, "0.4000")
    assert not left.parts[0].is_known and not left.parts[0].is_opened


def test_an_emporium_sells_at_the_former_price_and_the_rest_goes_to_the_fund(world: World) -> None:
    bought = part("bread of the bakery", "80.00", PricePartKind.INSIDE, "invoice")
    shown = publish(world, PublishOpenPrice("bread", amount("100.00"), (bought,), rest_to_fund=True))
    assert told(shown)["fund"] == (2_000, "0.2000")
    dearer = PublishOpenPrice("bread", amount("80.00"), (replace(bought, amount=amount("100.00")),), rest_to_fund=True)
    assert refusal(world, "open-prices.publish", dearer) == (
        "PARTS_NOT_WHOLE",
        {"currency": "HORA", "parts": 10_000, "price": 8_000},
    )


def test_parts_are_the_whole_price(world: World) -> None:
    assert refusal(world, "open-prices.publish", JAM)[0] == "PARTS_NOT_WHOLE"
    assert refusal(world, "open-prices.publish", PublishOpenPrice("air", amount("0.00")))[0] == "PARTS_NOT_WHOLE"
    assert refusal(world, "open-prices.publish", PublishOpenPrice("", amount("1.00")))[0] == "MALFORMED"
    below = replace(FRUIT, parts=(part("wages", "4.00"), PricePartTold("less", Amount(-80, None, 2))))
    assert refusal(world, "open-prices.publish", below)[0] == "MALFORMED"
    assert refusal(world, "open-prices.publish", jam_of("nonsense"))[0] == "NOT_FOUND"
    assert refusal(world, "open-prices.publish", replace(FRUIT, price=Amount(32_001, None, 4)))[0] == "SCALE_EXCEEDED"
    assert refusal(world, "open-prices.publish", replace(FRUIT, price=Amount(320, "ECO", 2)))[0] == "CURRENCY_UNKNOWN"
    assert refusal(world, "open-prices.publish", replace(FRUIT, member="bia"))[0] == "FORBIDDEN"


def test_only_the_seller_or_a_steward_takes_a_price_down(world: World) -> None:
    fruit = publish(world, FRUIT, "bia")
    assert refusal(world, "open-prices.withdraw", WithdrawOpenPrice(), fruit.id)[0] == "FORBIDDEN"
    world.granted("riacho", "open-prices.withdraw", WithdrawOpenPrice(), subject=fruit.id)
    assert refusal(world, "open-prices.show", None, fruit.id)[0] == "NOT_FOUND"
    assert refusal(world, "open-prices.withdraw", WithdrawOpenPrice(), fruit.id)[0] == "NOT_FOUND"


def made_of(*parts: PricePart) -> OpenPrice:
    return OpenPrice("ana", "it", "HORA", 2, sum(one.minor for one in parts), parts)


def test_prices_that_name_each_other_end_as_unknown() -> None:
    bread = made_of(
        PricePart("flour", 60, PricePartKind.INSIDE, "", b"f" * 16), PricePart("work", 40, PricePartKind.WORK, "hours")
    )
    flour = made_of(
        PricePart("bread", 50, PricePartKind.INSIDE, "", b"b" * 16), PricePart("work", 50, PricePartKind.WORK, "hours")
    )
    known = {b"f" * 16: flour, b"b" * 16: bread}
    parts = list(followed(b"n", bread, lambda network, one: (network, known[one.of]) if one.of else None))
    assert [one.path for one in parts] == [("flour",), ("flour", "bread"), ("flour", "work"), ("work",)]
    assert sums_of(parts, 100) == {PricePartKind.WORK: 70, PricePartKind.UNKNOWN: 30}


def test_chains_without_an_end_are_followed_so_far() -> None:
    def deeper(network: bytes, one: PricePart) -> tuple[bytes, OpenPrice]:
        times = 2 if one.name == "a" else 3
        made = [PricePart(name, one.minor * times, PricePartKind.INSIDE, "", b"x" * 16) for name in ("a", "b")]
        return network, made_of(*made)

    price = made_of(PricePart("a", 1, PricePartKind.INSIDE, "", b"x" * 16))
    parts = list(followed(b"n", price, deeper))
    assert len(parts) <= PARTS_FOLLOWED_MAX and max(len(one.path) for one in parts) == PRICES_DEEP_MAX
    assert sums_of(parts, 1) == {PricePartKind.UNKNOWN: Fraction(1)}


def test_a_price_of_nothing_that_another_network_tells_is_passed_over(world: World) -> None:
    nothing = pinned(world, "serra", OpenPrice("caio", "a gift", "FLOR", 2, 0, ()))
    assert world.granted("riacho", "open-prices.list", OpenPricesWanted()).items == ()
    shown = world.ask("riacho", "open-prices.show", subject=f"{nothing}@serra")
    assert isinstance(shown, Refused) and shown.reason.code == "NOT_FOUND"
    bought = part("gift", "1.00", of=f"{nothing}@serra")
    assert refusal(world, "open-prices.publish", replace(JAM, parts=(bought, *JAM.parts)))[0] == "NOT_FOUND"


def test_a_page_ends_where_many_parts_were_followed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What others publish decides how many parts a price has: no list of them takes the node long."""
    book, serra = world.nodes["riacho"].replica.book, world.nodes["serra"].replica.network
    ids = [bytes([number]) * 16 for number in range(12)]
    for number, id in enumerate(ids):
        behind = [ids[(number + step) % 12] for step in range(1, 10)]
        parts = tuple(PricePart("it", 7 + at, PricePartKind.INSIDE, "", of) for at, of in enumerate(behind))
        body = OpenPrice("caio", "it", "FLOR", 2, sum(one.minor for one in parts), parts)
        said = ItemSaid(1, serra, 0, id, 1, world.now + DAY_MS, (), OpenPrice.KIND, encode(to_map(body)))
        book.of(Boards).put(seal_item(KeyPair.from_seed(bytes(32)), said), book.of(Boards).arrival + 1)

    def page_after(after: int, **wanted: Any) -> Page:
        asked = Asked(1, "open-prices.list", STEWARD, OpenPricesWanted(**wanted), after=after)
        (answer,) = world.nodes["riacho"].replica.handle([asked], world.now)
        assert isinstance(answer, Answer)
        return answer.result

    found: list[OpenPriceShown] = []
    after, pages = 0, 0
    while after is not None:
        page = page_after(after)
        assert sum(len(one.parts or ()) for one in page.items) <= 2 * PARTS_FOLLOWED_MAX
        found += page.items
        after, pages = page.next, pages + 1
    assert len({one.id for one in found}) == len(found) == 12 and pages > 6
    assert page_after(0, seller="nobody") == Page((), None)
    monkeypatch.setattr(prices_module, "PARTS_FOLLOWED_MAX", 5)
    few = page_after(0, seller="nobody")
    assert few.items == () and few.next is not None, "what is read in vain counts too"
    assert page_after(page_after(few.next, seller="nobody").next or 0, seller="nobody") == Page((), None)


def test_what_another_network_says_need_not_add_up() -> None:
    liar = OpenPrice("eva", "it", "FLOR", 2, 10, (PricePart("work", 1_000, PricePartKind.WORK, "hours"),))
    price = made_of(PricePart("it", 100, PricePartKind.INSIDE, "", b"x" * 16))
    parts = list(followed(b"n", price, lambda network, _: (network, liar)))
    assert sums_of(parts, 100) == {PricePartKind.UNKNOWN: 100}
