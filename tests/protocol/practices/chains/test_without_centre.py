# SPDX-License-Identifier: AGPL-3.0-or-later
"""Chains without a centre: what stays settles across six networks as if one had reckoned all, in any order."""

import random
from fractions import Fraction
from functools import cache
from typing import Any

import pytest
from simulation.groups import exchange
from simulation.world import World

from protocol.book.declaration import Refused
from protocol.book.money import Amount
from protocol.events import ReckonBeside, ReckonedBeside, StoreBoardItem, TimerFired
from protocol.peers.boards import Boards
from protocol.practices.between.federations.membership import CreateFederation, JoinFederation
from protocol.practices.chains.engine.chain import Enterprise, ProductiveChain
from protocol.practices.chains.engine.retained import retained
from protocol.practices.chains.enterprises import CorrectEnterprise, EnterEnterprise
from protocol.practices.chains.published.bodies import RetainedBasis, RetainedShare, RetainedTold
from protocol.practices.chains.published.reckoned import retained_shares
from protocol.practices.chains.published.renewal import ChainTelling, look_at_chain
from protocol.practices.chains.published.views import FederationLinksWanted, RetainedSharesWanted
from protocol.practices.chains.recipes import EnterRecipe, SpentOn
from protocol.practices.chains.state import inputs_of
from protocol.practices.chains.supply import EnterSupply
from protocol.practices.governance.parameters import SetParameter
from protocol.wire.codec import encode
from tests.protocol.practices.desk import Group

NAMES = ("alba", "brisa", "cedro", "duna", "eira", "fonte")
TURNOVER, WAGES, SURPLUS = 1_000, 300, 100
MILLIONTH = Fraction(1, 10**6)


def money(units: float) -> Amount:
    return Amount(round(units * 100), None, 2)


def world_of(names: tuple[str, ...] = NAMES, published: str | None = "everybody") -> World:
    """Return networks in a ring, each of which has a mill and a bakery, and buys of its neighbours there."""
    world = World()
    for name in names:
        exchange(world, name, name.upper()[:4], "ana")
        if published is not None:
            world.granted(name, "parameters.set", SetParameter(published), subject="chains.published")
        for key in ("mill", "bakery"):
            world.granted(
                name,
                "enterprises.create",
                EnterEnterprise(key, turnover=money(TURNOVER), wages=money(WAGES), surplus=money(SURPLUS)),
            )
    for one, other in zip(names, (*names[1:], names[0]), strict=True):
        world.join(one, other)
    world.tick(2)
    for at, name in enumerate(names):
        for buyer, item, supplier, value in purchases(names, at):
            world.granted(name, "supply.create", EnterSupply(buyer, item, money(value), supplier))
    return world


def purchases(names: tuple[str, ...], at: int) -> list[tuple[str, str, str, int]]:
    """Return what the enterprises of the network at this place of the ring buy in a month."""
    after, before = names[(at + 1) % len(names)], names[at - 1]
    return [
        ("bakery", "flour", "mill", 100),
        ("bakery", "honey", f"{after}/mill", 50 + 10 * at),
        ("mill", "grain", f"{before}/bakery", 200 - 10 * at),
        ("mill", "energy", "outside", 40),
    ]


@cache
def centrally(names: tuple[str, ...] = NAMES) -> dict[tuple[str, str], Fraction]:
    """Return what stays, of one chain that has all enterprises."""
    enterprise = Enterprise(Fraction(TURNOVER), Fraction(WAGES), Fraction(SURPLUS))
    inside: dict[tuple[str, str], Fraction] = {}
    for at, name in enumerate(names):
        for buyer, _, supplier, value in purchases(names, at):
            if supplier != "outside":
                seller = supplier if "/" in supplier else f"{name}/{supplier}"
                inside[f"{name}/{buyer}", seller] = Fraction(value)
    chain = ProductiveChain({f"{name}/{key}": enterprise for name in names for key in ("mill", "bakery")}, inside)
    return {(name.split("/")[0], name.split("/")[1]): share for name, share in retained(chain).stays.items()}


def told(world: World, name: str, **wanted: Any) -> dict[tuple[str, str], Any]:
    """Return what a node has heard of shares that stay, its own among them."""
    found: dict[tuple[str, str], Any] = {}
    page = world.granted(name, "retained-shares.list", RetainedSharesWanted(**wanted))
    for one in page.items:
        found[one.handle, one.enterprise] = one
    return found


def shares(world: World, name: str) -> dict[tuple[str, str], Fraction]:
    return {place: Fraction(one.share) for place, one in told(world, name).items()}


def settled(world: World, names: tuple[str, ...], *, seconds: int) -> int:
    """Let time pass until all nodes hold what one that knew all would say; returns how long that was."""
    central = centrally(names)
    for second in range(seconds):
        found = [shares(world, name) for name in names]
        if all(
            one.keys() == central.keys() and all(abs(one[place] - central[place]) <= MILLIONTH for place in central)
            for one in found
        ):
            return second
        world.tick()
    raise AssertionError(
        [(name, float(max(abs(one[at] - central[at]) for at in one))) for name, one in zip(names, found, strict=True)]
    )


def test_what_stays_settles_to_what_one_that_knew_all_would_say() -> None:
    world = world_of()
    assert settled(world, NAMES, seconds=60) > 2, "it takes some rounds, since each reckons from what it has heard"
    versions = {item.version for one in told_versions(world) for item in one}
    world.tick(20)
    assert {item.version for one in told_versions(world) for item in one} == versions, "then nothing is told anew"
    for name in NAMES:
        world.restart(name)
        assert shares(world, name).keys() == centrally().keys()


def test_what_is_told_is_reckoned_beside_the_loop() -> None:
    """Two hundred enterprises that all buy of each other take fractions half a minute: no tick reckons them."""
    world = world_of(("alba", "brisa"))
    world.tick(20)
    replica, now = world.nodes["alba"].replica, world.now

    def tick() -> list[Any]:
        nonlocal now
        now += 60_000
        effects = replica.handle([TimerFired()], now)
        assert not any(isinstance(one, StoreBoardItem) for one in effects), "nothing is told by a tick alone"
        return [one.beside for one in effects if isinstance(one, ReckonBeside)]

    assert tick() == [], "nothing is other"
    look_at_chain(replica.book, None)  # type: ignore[arg-type]
    (asked,) = tick()
    look_at_chain(replica.book, None)  # type: ignore[arg-type]
    assert tick() == [], "one is under way"
    nothing = replica.handle([ReckonedBeside(asked, asked.reckoning.work(asked.reckoning.of))], now)
    assert not any(isinstance(one, StoreBoardItem) for one in nothing), "it says what stands"
    (again,) = tick()
    told = [RetainedTold((RetainedShare("mill", 7, RetainedBasis.DECLARED),))]
    pinned = [one for one in replica.handle([ReckonedBeside(again, told)], now) if isinstance(one, StoreBoardItem)]
    assert pinned, "what was reckoned is told"
    look_at_chain(replica.book, None)  # type: ignore[arg-type]
    (closed,) = tick()
    replica.handle([ReckonedBeside(closed, None)], now)
    assert [one.share for body in replica.book.of(ChainTelling).own for one in body.shares] == [7], "it stands"


def told_versions(world: World) -> list[list[Any]]:
    return [
        [held.item.said for board in node.replica.book.of(Boards).of.values() for held in board.items.values()]
        for node in world.nodes.values()
    ]


@pytest.mark.parametrize("seed", [1, 2])
def test_it_settles_where_three_in_ten_have_a_connection(seed: int) -> None:
    """Every three seconds each two neighbours are connected with a chance of three in ten; any order of what comes."""
    world = world_of()
    chance = random.Random(seed)
    ring = [frozenset(pair) for pair in zip(NAMES, (*NAMES[1:], NAMES[0]), strict=True)]
    central = centrally()
    for _ in range(200):
        for pair in ring:
            is_up = chance.random() < 0.3
            if is_up is not (pair in world.joined):
                (world.join if is_up else world.cut)(*sorted(pair))
        world.tick(3)
        found = [shares(world, name) for name in NAMES]
        if all(one.keys() == central.keys() and all(map(near, one.items())) for one in found):
            return
    raise AssertionError(found)


def near(told: tuple[tuple[str, str], Fraction]) -> bool:
    return abs(told[1] - centrally()[told[0]]) <= MILLIONTH


def test_a_liar_changes_only_what_buys_of_it() -> None:
    """What another network tells is shown as declared, whatever it says that it rests on."""
    names = ("alba", "brisa", "cedro")
    world = World()
    for name in names:
        exchange(world, name, name.upper()[:4], "ana")
        world.granted(name, "parameters.set", SetParameter("everybody"), subject="chains.published")
        for key in ("mill", "bakery"):
            figures = EnterEnterprise(key, turnover=money(1_000), wages=money(300), surplus=money(100))
            world.granted(name, "enterprises.create", figures)
    world.granted("alba", "supply.create", EnterSupply("bakery", "honey", money(200), "brisa/mill"))
    world.granted("cedro", "supply.create", EnterSupply("bakery", "flour", money(100), "mill"))
    world.join("alba", "brisa")
    world.join("alba", "cedro")
    world.tick(12)
    before = shares(world, "alba")
    assert before["alba", "bakery"] == Fraction("0.48"), "0.4 of its own, and 0.4 of the fifth that it spends at brisa"
    world.granted(
        "brisa", "enterprises.correct", CorrectEnterprise(wages=money(1_000), surplus=money(0)), subject="mill"
    )
    world.tick(12)
    after = shares(world, "alba")
    assert (after["brisa", "mill"], after["alba", "bakery"]) == (1, Fraction("0.6"))
    assert {place for place in after if after[place] != before[place]} == {("brisa", "mill"), ("alba", "bakery")}
    shown = told(world, "alba")
    assert {shown[place].basis for place in shown if place[0] != "alba"} == {"declared"}
    assert (shown["alba", "bakery"].basis, shown["cedro", "bakery"].said) == ("reckoned", "reckoned")
    assert shown["alba", "mill"].basis == "declared", "nobody has said what it buys"


def federation(names: tuple[str, ...]) -> tuple[World, str]:
    """Return networks of a federation, whose three enterprises each buy soap and two of them paint; and one beside."""
    world = World()
    for name in (*names, "longe"):
        exchange(world, name, name.upper()[:4], "ana")
        if name != names[0]:
            world.join(names[0], name)
    world.tick(2)
    id = world.granted(names[0], "federations.create", CreateFederation("Vale", "COM", names[1:])).id
    world.tick(2)
    for name in names[1:]:
        world.granted(name, "federations.join", JoinFederation(), subject=id)
    world.tick(2)
    for at, name in enumerate(names):
        for place, key in enumerate(("mill", "bakery", "shop")):
            figures = EnterEnterprise(
                key, "Padaria da Ana", turnover=money(9_000), wages=money(3_000), surplus=money(777.77),
                place="-23.5505,-46.6333",
            )  # fmt: skip
            world.granted(name, "enterprises.create", figures)
            world.granted(name, "supply.create", EnterSupply(key, "soap", money(100 * (at + 1)), quantity="13 kg"))
            if place < 2:
                world.granted(name, "supply.create", EnterSupply(key, "paint", money(791.93)))
    recipe = EnterRecipe("soap-maker", "soap", "0.5", "0.35", "0.15", money(2_700), (SpentOn("fat", "0.5"),))
    world.granted(names[1], "recipes.create", recipe)
    world.tick(12)
    return world, id


def test_members_of_a_federation_see_the_same_missing_links() -> None:
    names = ("alba", "brisa", "cedro")
    world, id = federation(names)
    found = [world.granted(name, "chains.federation-links", FederationLinksWanted(id)) for name in names]
    assert found[0] == found[1] == found[2]
    assert [(one.item, one.value, one.networks) for one in found[0].outside] == [("soap", "1800.00", 3)]
    [link] = found[0].links
    assert (link.candidate, link.handle, link.sells, link.stays, link.retains) == (
        "soap-maker", "brisa", "900.00", "0.5000", "450.00",
    )  # fmt: skip
    refused = world.ask("longe", "chains.federation-links", FederationLinksWanted(id))
    assert isinstance(refused, Refused) and refused.reason.code == "FEDERATION_UNKNOWN"
    assert not told(world, "longe"), "who is no member is not told"


def test_who_tells_nothing_any_more() -> None:
    names = ("alba", "brisa", "cedro")
    world, id = federation(names)
    world.granted("cedro", "parameters.set", SetParameter("nothing"), subject="chains.published")
    world.tick(6)
    assert {place[0] for place in told(world, "alba")} == {"alba", "brisa"}
    [soap] = world.granted("alba", "chains.federation-links", FederationLinksWanted(id)).outside
    assert (soap.value, soap.networks) == ("900.00", 2)
    own = {place: one for place, one in told(world, "cedro").items() if place[0] == "cedro"}
    assert {key: one.basis.value for (_, key), one in own.items()} == dict.fromkeys(
        ("mill", "bakery", "shop"), "reckoned"
    ), "its own are still seen there"


def test_why_a_federation_sees_no_sums_is_told() -> None:
    names = ("alba", "brisa", "cedro")
    world, id = federation(names)
    assert world.granted("alba", "chains.federation-links", FederationLinksWanted(id)).untold is None
    brush = EnterRecipe("brush-maker", "paint", "0.5", "0.35", "0.15", money(2_700), (SpentOn("fat", "0.5"),))
    world.granted("brisa", "recipes.create", brush)
    world.tick(12)
    found = world.granted("alba", "chains.federation-links", FederationLinksWanted(id))
    assert [one.candidate for one in found.links if one.is_blocked] == ["brush-maker"]
    assert found.untold.startswith("no sum is told of paint: a network tells an item's sum to nobody unless at least")
    for name in names:
        world.granted(name, "parameters.set", SetParameter("nothing"), subject="chains.published")
    world.tick(12)
    none = world.granted("alba", "chains.federation-links", FederationLinksWanted(id))
    assert none.links == none.outside == () and none.untold.startswith("no network here tells what it buys outside")


def test_what_leaves_the_node_shows_no_name_place_or_single_purchase() -> None:
    """What a fellow's node holds of others' boards is searched byte by byte."""
    world, _ = federation(("alba", "brisa", "cedro"))
    there = world.nodes["alba"]
    own = there.network
    held = b"".join(wire for (network, _), (_, wire) in there.board.items() if network != own)
    assert b"soap" in held and encode(60_000) in held, "three purchases of 200 together"
    private = [b"Padaria", b"Ana", b"-23", b"46.6", b"paint", b"13 kg", b"KGM"]
    figures = [20_000, 79_193, 158_386, 77_777, 900_000, 300_000, 13_000, -2_355, -4_663, -23_5505, -46_6333]
    assert not [one for one in (*private, *map(encode, figures)) if one in held]


def test_what_is_paid_for_in_the_book_proves_a_share() -> None:
    group = Group()
    group.currency(limit=10_000_00)
    group.admit("ana", "bia")
    for handle, member in (("shop", "ana"), ("growers", "bia")):
        figures = EnterEnterprise(handle, turnover=money(1_000), wages=money(300), surplus=money(100), member=member)
        group.do("steward", "enterprises.create", figures)
    group.do("steward", "parameters.set", SetParameter("1.00"), "supply.unit_worth.HORA")
    group.do("steward", "supply.create", EnterSupply("shop", "vegetables", money(40), "growers"))

    def bases() -> dict[str, str]:
        return {one.key: one.basis for one in retained_shares(inputs_of(group.book), lambda _: None)}

    assert bases() == {"shop": "reckoned", "growers": "declared"}
    group.pay("ana", "bia", 40_00)
    assert bases() == {"shop": "proved", "growers": "declared"}
