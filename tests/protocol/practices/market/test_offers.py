# SPDX-License-Identifier: AGPL-3.0-or-later
"""Offers and needs of members: pinned up, found, replaced, withdrawn; and what is refused changes nothing."""

from typing import Any

import pytest
from simulation.groups import exchange, linked
from simulation.world import World

from protocol.book.declaration import Actor, Refused, Role, Seers
from protocol.book.money import Amount
from protocol.book.timezones import DAY_MS
from protocol.peers import boards
from protocol.peers.boards import BoardBound, Boards
from protocol.peers.ties import Tie
from protocol.practices.between.federations.membership import CreateFederation, JoinFederation
from protocol.practices.governance.parameters import SetParameter
from protocol.practices.market.wishes import (
    NeedsWanted,
    OffersWanted,
    PublishNeed,
    PublishOffer,
    ReplaceNeed,
    ReplaceOffer,
    WithdrawNeed,
    WithdrawOffer,
)
from protocol.practices.people.members.views import Suspend
from protocol.wire.keys import id_text

FLOUR = PublishOffer(
    "Farinha de trigo", "Moída na pedra", code="23110", quantity="12 kg", prices=(Amount(450, "RIAC", 2),),
    state_money=(Amount(100, "BRL", 2),), labels=("organic",), place="geo:-23.5505,-46.6333", member="ana",
)  # fmt: skip


@pytest.fixture
def world() -> World:
    world = World()
    for name in ("riacho", "serra"):
        exchange(world, name, name.upper()[:4], "ana", "bia")
    world.join("riacho", "serra")
    world.tick(2)
    return world


def member(world: World, name: str, handle: str) -> Actor:
    return Actor(Role.MEMBER, world.granted(name, "members.show", subject=handle).id)


def titles(world: World, name: str, **wanted: Any) -> list[str]:
    return [one.title for one in world.granted(name, "offers.list", OffersWanted(**wanted)).items]


def refusal(world: World, operation: str, wish: Any, subject: str = "", **asked: Any) -> tuple[str, Any]:
    before = dict(world.nodes["riacho"].board)
    refused = world.ask("riacho", operation, wish, subject=subject, **asked)
    assert isinstance(refused, Refused), refused
    assert world.nodes["riacho"].board == before
    return refused.reason.code, refused.figures.get("field")


def test_what_is_shown_of_an_offer_here_and_elsewhere(world: World) -> None:
    shown = world.granted("riacho", "offers.publish", FLOUR, actor=member(world, "riacho", "ana"))
    assert (shown.title, shown.member, shown.code, shown.labels) == ("Farinha de trigo", "ana", "23110", ("organic",))
    assert (shown.quantity.value, shown.quantity.unit, shown.quantity.symbol, shown.unit) == ("12", "KGM", "kg", "KGM")
    [price] = shown.prices
    assert (price.amount, price.beside, price.here) == (Amount(450, "RIAC", 2), Amount(100, "BRL", 2), None)
    assert (shown.seers, shown.version, shown.ends_at) == (Seers.EVERYBODY, 1, world.now + 30 * DAY_MS)
    assert shown.place == "geo:-23.55,-46.63", "rounded before anything is made of it"
    world.tick(2)
    [there] = world.granted("serra", "offers.list", OffersWanted()).items
    own = id_text(world.nodes["riacho"].network)
    assert (there.id, there.handle, there.member) == (f"{shown.id}@{own}", "riacho", "ana")
    assert world.granted("serra", "offers.show", subject=there.id) == there
    assert world.granted("serra", "offers.show", subject=f"{shown.id}@riacho") == there
    assert not any(b"46.6333" in wire or b"-466" in wire for _, wire in world.nodes["serra"].board.values())
    for name in ("riacho", "serra"):
        world.restart(name)
        assert titles(world, name) == ["Farinha de trigo"]


def test_a_price_elsewhere_is_told_in_ones_own_unit(world: World) -> None:
    linked(world, "riacho", "serra", 100, rate="2")
    world.tick(3)
    world.granted("serra", "offers.publish", PublishOffer("Bread", prices=(Amount(300, "SERR", 2),), member="ana"))
    world.tick(2)
    [there] = world.granted("riacho", "offers.list", OffersWanted()).items
    assert there.prices[0].here == Amount(150, "RIAC", 2)
    assert titles(world, "riacho", max_price="1.50 RIAC") == ["Bread"]
    assert titles(world, "riacho", max_price="1.49 RIAC") == []
    assert titles(world, "riacho", max_price="3 SERR") == ["Bread"]


def test_offers_are_found_by_all_that_is_said_of_them(world: World) -> None:
    ana = "ana"
    for wish in (
        FLOUR,
        PublishOffer("Œufs frais", "col·lectiu del mas", place="0.00,0.00", member=ana),
        PublishOffer("Sopa de harina", labels=("Sin gluten",), prices=(Amount(900, None, 2),), member="bia"),
        PublishOffer("Rye", code="01161", prices=(Amount(100, "RIAC", 2),), place="geo:-22.9,-43.2", member="bia"),
    ):
        world.granted("riacho", "offers.publish", wish)
    world.granted("serra", "offers.publish", PublishOffer("Trigo", code="01112", member="ana"))
    world.tick(2)
    flour, eggs, soup, rye, wheat = titles(world, "riacho")
    for wanted, found in (
        ({"search": "TRIGO fari"}, [flour]),
        ({"search": "trig"}, [flour, wheat]),
        ({"search": "igo"}, []),
        ({"search": "oeuf"}, [eggs]),
        ({"search": "col-lectiu"}, []),
        ({"search": "collectiu"}, [eggs]),
        ({"search": "gluten"}, [soup]),
        ({"code": "23"}, [flour]),
        ({"code": "01"}, [rye, wheat]),
        ({"member": "bia"}, [soup, rye]),
        ({"network": "serra"}, [wheat]),
        ({"label": "ORGANIC"}, [flour]),
        ({"label": "orgánic"}, [flour]),
        ({"near": "geo:-23.55,-46.63", "within_km": 400}, [flour, rye]),
        ({"near": "geo:-23.55,-46.63", "within_km": 300}, [flour]),
        ({"max_price": "4.50 RIAC"}, [flour, rye]),
        ({"max_price": "4.49 RIAC"}, [rye]),
        ({"code": "01", "member": "bia", "max_price": "2 RIAC"}, [rye]),
    ):
        assert titles(world, "riacho", **wanted) == found, wanted
    [one] = world.granted("riacho", "offers.list", OffersWanted(search="rye", near="-23.55,-46.63")).items
    assert one.km == 358
    wrong: list[tuple[dict[str, Any], tuple[str, Any]]] = [
        ({"search": "!"}, ("MALFORMED", "search")),
        ({"search": "º"}, ("MALFORMED", "search")),
        ({"code": "2a"}, ("MALFORMED", "code")),
        ({"near": "here"}, ("MALFORMED", "near")),
        ({"near": "91,0"}, ("MALFORMED", "near")),
        ({"within_km": 5}, ("MALFORMED", "near")),
        ({"max_price": "cheap"}, ("AMOUNT_MALFORMED", "max_price")),
        ({"max_price": "3.00 EUR"}, ("CURRENCY_UNKNOWN", None)),
        ({"network": "nowhere"}, ("NETWORK_UNKNOWN", None)),
    ]
    for wanted, problem in wrong:
        assert refusal(world, "offers.list", OffersWanted(**wanted)) == problem, wanted


def test_a_need_says_how_far_and_what_it_must_bear(world: World) -> None:
    wish = PublishNeed(
        "Farina", quantity="1,5 t", language="pt", unit="kg", labels=("organic",), within_km=50, member="bia"
    )
    shown = world.granted("riacho", "needs.publish", wish)
    assert (shown.quantity.value, shown.quantity.symbol, shown.within_km) == ("1500", "kg", 50)
    world.tick(2)
    [there] = world.granted("serra", "needs.list", NeedsWanted(search="farina")).items
    assert (there.member, there.labels) == ("bia", ("organic",))
    assert titles(world, "serra") == [], "a need is no offer"
    later = world.granted("riacho", "needs.replace", ReplaceNeed("Flour", within_km=9, days=40), subject=shown.id)
    assert (later.title, later.quantity, later.within_km, later.version) == ("Flour", None, 9, 2)
    assert world.granted("riacho", "needs.withdraw", WithdrawNeed(), subject=shown.id).title == "Flour"
    world.tick(2)
    assert [world.granted(name, "needs.list", NeedsWanted()).items for name in world.nodes] == [(), ()]


def test_what_is_withdrawn_leaves_nothing_and_what_replaces_it_stands_no_shorter(world: World) -> None:
    shown = world.granted("riacho", "offers.publish", PublishOffer("Wool", days=60, seers=Seers.GROUP, member="ana"))
    later = world.granted("riacho", "offers.replace", ReplaceOffer("Yarn", days=1), subject=shown.id)
    assert (later.seers, later.ends_at, later.version) == (Seers.GROUP, shown.ends_at, 2)
    world.granted("riacho", "offers.withdraw", WithdrawOffer(), subject=shown.id)
    [held] = world.nodes["riacho"].replica.book.of(Boards).of[world.nodes["riacho"].network].items.values()
    assert held.item.said.body is None
    for operation, wish in (
        ("offers.withdraw", WithdrawOffer()),
        ("offers.replace", ReplaceOffer("x")),
        ("offers.show", None),
    ):
        assert refusal(world, operation, wish, shown.id)[0] == "NOT_FOUND"
    assert refusal(world, "needs.withdraw", WithdrawNeed(), shown.id)[0] == "NOT_FOUND"


def test_who_may_speak_for_whom(world: World) -> None:
    ana, bia = (member(world, "riacho", name) for name in ("ana", "bia"))
    shown = world.granted("riacho", "offers.publish", PublishOffer("Wool"), actor=ana)
    assert shown.member == "ana"
    for operation, wish in (("offers.withdraw", WithdrawOffer()), ("offers.replace", ReplaceOffer("Yarn"))):
        assert refusal(world, operation, wish, shown.id, actor=bia)[0] == "FORBIDDEN"
    assert refusal(world, "offers.publish", PublishOffer("Wool", member="ana"), actor=bia)[0] == "FORBIDDEN"
    assert refusal(world, "offers.publish", PublishOffer("Wool")) == ("MALFORMED", "member")
    assert refusal(world, "offers.publish", PublishOffer("Wool", member="zoe"))[0] == "MEMBER_UNKNOWN"
    world.granted("riacho", "offers.withdraw", WithdrawOffer(), subject=shown.id)
    world.granted("riacho", "members.suspend", Suspend(), subject="ana")
    assert refusal(world, "offers.publish", PublishOffer("Wool"), actor=ana)[0] == "MEMBER_NOT_ACTIVE"


@pytest.mark.parametrize(
    ("changed", "problem"),
    [
        ({"title": ""}, ("MALFORMED", "title")),
        ({"title": "e\u0301"}, ("TEXT_NOT_NFC", "title")),
        ({"title": "x" * 101}, ("MALFORMED", "title")),
        ({"text": "x" * 401}, ("MALFORMED", "text")),
        ({"text": "𝔐" * 400, "labels": ("𝔐" * 40, "𝔑" * 40, "𝔒" * 40)}, ("MALFORMED", "text")),
        ({"code": "2311"}, ("MALFORMED", "code")),
        ({"code": "00000"}, ("MALFORMED", "code")),
        ({"code": "abcde"}, ("MALFORMED", "code")),
        ({"quantity": "1.234 kg"}, ("NUMBER_UNCLEAR", None)),
        ({"quantity": "1.2345 kg", "language": "en"}, ("MALFORMED", "quantity")),
        ({"quantity": "0 kg"}, ("MALFORMED", "quantity")),
        ({"quantity": "-3 kg"}, ("NUMBER_UNCLEAR", None)),
        ({"quantity": "twelve"}, ("NUMBER_UNCLEAR", None)),
        ({"quantity": "3 klafter"}, ("UNIT_UNKNOWN", None)),
        ({"quantity": "3 kg", "unit": "l"}, ("UNITS_DIFFER", None)),
        ({"unit": "box of 12"}, ("MALFORMED", "unit")),
        ({"quantity": "3 kg", "language": "de"}, ("MALFORMED", "language")),
        ({"prices": (Amount(1, "SOL", 2),)}, ("CURRENCY_UNKNOWN", None)),
        ({"prices": (Amount(1, None, 3),)}, ("SCALE_EXCEEDED", None)),
        ({"prices": (Amount(-1, None, 0),)}, ("AMOUNT_MALFORMED", "prices")),
        ({"prices": (Amount(1), Amount(2))}, ("MALFORMED", "prices")),
        ({"state_money": (Amount(1, "BRL"),)}, ("MALFORMED", "state_money")),
        ({"prices": (Amount(1),), "state_money": (Amount(1, "real"),)}, ("MALFORMED", "state_money")),
        ({"labels": ("organic", "Organic")}, ("MALFORMED", "labels")),
        ({"place": "geo:1000,2"}, ("MALFORMED", "place")),
        ({"until": "2023-11-13"}, ("MALFORMED", "until")),
        ({"federations": (id_text(bytes(32)),)}, ("FEDERATION_UNKNOWN", None)),
        ({"federations": (id_text(bytes(32)),), "seers": Seers.GROUP}, ("MALFORMED", "federations")),
        ({"seers": Seers.FEDERATIONS}, ("FEDERATION_UNKNOWN", None)),
    ],
)  # fmt: skip
def test_what_is_refused_for_what_it_says(world: World, changed: dict[str, Any], problem: tuple[str, Any]) -> None:
    assert refusal(world, "offers.publish", PublishOffer(**{"title": "Wool", "member": "ana", **changed})) == problem


def test_in_a_federation_its_members_read_it_and_strangers_do_not(world: World) -> None:
    exchange(world, "campo", "CAMP", "ana")
    world.join("campo", "riacho")
    id = world.granted("riacho", "federations.create", CreateFederation("Vale", "COM", ("serra",))).id
    world.tick(2)
    world.granted("serra", "federations.join", JoinFederation(), subject=id)
    world.tick(2)
    shown = world.granted("riacho", "offers.publish", PublishOffer("Wool", member="ana"))
    assert (shown.seers, shown.federations) == (Seers.FEDERATIONS, (id,))
    world.granted("riacho", "offers.publish", PublishOffer("Yarn", seers=Seers.GROUP, member="ana"))
    world.tick(3)
    assert [titles(world, name) for name in ("riacho", "serra", "campo")] == [["Wool", "Yarn"], ["Wool"], []]


def test_one_member_does_not_fill_the_board(world: World) -> None:
    world.granted("riacho", "parameters.set", SetParameter("2"), subject="offers.open_max")
    world.granted("riacho", "offers.publish", PublishOffer("Wool", member="ana"))
    shown = world.granted("riacho", "needs.publish", PublishNeed("Yarn", member="ana"))
    assert refusal(world, "offers.publish", PublishOffer("Milk", member="ana"))[0] == "INTENTS_FULL"
    assert refusal(world, "needs.publish", PublishNeed("Milk", member="ana"))[0] == "INTENTS_FULL"
    world.granted("riacho", "offers.publish", PublishOffer("Milk", member="bia"))
    world.granted("riacho", "needs.withdraw", WithdrawNeed(), subject=shown.id)
    world.granted("riacho", "offers.publish", PublishOffer("Milk", member="ana"))


def test_on_a_full_board_what_was_withdrawn_makes_room(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(boards, "BOARD_BOUNDS", {**boards.BOARD_BOUNDS, Tie.OWN: BoardBound(2, 512 * 1024)})
    first = world.granted("riacho", "offers.publish", PublishOffer("Wool", days=40, member="ana"))
    world.granted("riacho", "offers.publish", PublishOffer("Yarn", member="ana"))
    assert refusal(world, "offers.publish", PublishOffer("Milk", days=92, member="ana"))[0] == "BOARD_FULL"
    world.granted("riacho", "offers.withdraw", WithdrawOffer(), subject=first.id)
    assert refusal(world, "offers.publish", PublishOffer("Milk", days=39, member="ana"))[0] == "BOARD_FULL", (
        "it would stand longer than it says"
    )
    again = world.granted("riacho", "offers.publish", PublishOffer("Milk", days=40, member="ana"))
    assert (again.id, again.version, again.title) == (first.id, 3, "Milk")
