# SPDX-License-Identifier: AGPL-3.0-or-later
"""One search over offers and needs of all networks, the newest first; and item codes by what people call things."""

from typing import Any

import pytest
from simulation.groups import exchange
from simulation.world import World

from protocol.book.declaration import Actor, Refused, Role
from protocol.events import Asked
from protocol.practices.market.codes import ItemCodesWanted
from protocol.practices.market.item_codes import ITEM_CODES
from protocol.practices.market.search import IntentKind, SearchWanted
from protocol.practices.market.wishes import PublishNeed, PublishOffer


@pytest.fixture
def world() -> World:
    world = World()
    for name in ("riacho", "serra"):
        exchange(world, name, name.upper()[:4], "ana")
    world.join("riacho", "serra")
    world.tick(2)
    for name, operation, wish in (
        ("riacho", "offers.publish", PublishOffer("Farinha de trigo", code="23110", member="ana")),
        ("serra", "needs.publish", PublishNeed("Trigo ou farinha", code="23110", member="ana")),
        ("serra", "offers.publish", PublishOffer("Pão de trigo", code="23490", member="ana")),
        ("riacho", "needs.publish", PublishNeed("Mel", code="02910", member="ana")),
    ):
        world.granted(name, operation, wish)
        world.tick(2)
    return world


def found(world: World, **wanted: Any) -> list[tuple[str, str]]:
    items = world.granted("riacho", "search.list", SearchWanted(**wanted)).items
    return [(one.kind.value, one.title) for one in items]


def test_offers_and_needs_are_found_together_the_newest_first(world: World) -> None:
    mel, bread = ("need", "Mel"), ("offer", "Pão de trigo")
    wheat, flour = ("need", "Trigo ou farinha"), ("offer", "Farinha de trigo")
    assert found(world) == [mel, bread, wheat, flour]
    assert found(world, search="trigo farinha") == [wheat, flour]
    assert found(world, search="TRI", kind=IntentKind.OFFER) == [bread, flour]
    assert found(world, code="231", kind=IntentKind.NEED) == [wheat]
    assert found(world, search="trigo", network="serra") == [bread, wheat]
    refused = world.ask("riacho", "search.list", SearchWanted(search="·"))
    assert isinstance(refused, Refused)
    assert refused.reason.code == "MALFORMED"


def test_its_pages_neither_skip_nor_repeat_while_more_comes(world: World) -> None:
    after, titles, node = 0, list[str](), world.nodes["riacho"]
    while after is not None:
        wish = SearchWanted()
        world.give("riacho", Asked(7, "search.list", Actor(Role.STEWARD), wish, after=after, limit=1))
        page = node.answers.pop(7)
        titles += [one.title for one in page.items]
        after = page.next
        world.granted("riacho", "offers.publish", PublishOffer(f"New {len(titles)}", member="ana"))
    assert titles == ["Mel", "Pão de trigo", "Trigo ou farinha", "Farinha de trigo"]


def test_item_codes_are_found_in_four_languages() -> None:
    world = World()
    exchange(world, "riacho", "HORA")

    def codes(**wanted: Any) -> list[str]:
        page = world.granted("riacho", "item-codes.list", ItemCodesWanted(**wanted), actor=Actor(Role.ANYONE))
        return [one.code for one in page.items]

    assert "23110" in codes(search="farinha") and "23110" in codes(search="trigo FARI")
    assert codes(search="harina trigo") == codes(search="farine ble") == codes(search="wheat flour") == ["23110"]
    assert codes(search="ÉLECTRICITÉ") == ["17100", "54619"]
    assert codes(search="harina wheat") == [], "words of one language go together"
    assert codes(code="2311") == ["23110"]
    assert isinstance(world.ask("riacho", "item-codes.list", ItemCodesWanted(search="-")), Refused)


def test_the_codes_are_whole() -> None:
    assert 150 <= len(ITEM_CODES) <= 250
    assert list(ITEM_CODES) == sorted(ITEM_CODES)
    for code, named in ITEM_CODES.items():
        assert code.isdigit() and len(code) == 5 and code == named.code
        assert all(name == name.strip() and name for name in named[1:]), code
    for language in range(1, 5):
        names = [named[language] for named in ITEM_CODES.values()]
        assert len(set(names)) == len(names), "two codes of one name cannot be told apart"
