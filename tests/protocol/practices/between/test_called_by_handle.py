# SPDX-License-Identifier: AGPL-3.0-or-later
"""A handle means the network that is tied to ours most nearly, and a partner's handle its link."""

from typing import Any

from simulation.groups import balance, exchange, linked, pay
from simulation.world import World, whole

from protocol.book.refusals import Refused
from protocol.practices.between.federations.membership import CreateFederation, EndorseNetwork, JoinFederation
from protocol.practices.between.links.wishes import CloseLink, FreezeLink, LinksWanted, ProposeLink
from protocol.practices.between.networks.known import find_network
from protocol.practices.between.quotes.asking import find_payee
from protocol.practices.between.routes.publishing import PublishLink, WithdrawLink
from protocol.practices.money.accounts import AccountsWanted


def alike(world: World, name: str, code: str) -> bytes:
    """Found a network; returns its id."""
    exchange(world, name, code, "mal")
    return world.nodes[name].network


def calls_itself(world: World, network: bytes, other: bytes | None) -> None:
    """Let a network call itself, as far as Riacho has heard, as another does."""
    known = world.nodes["riacho"].replica.journal.directory.networks
    known[network].profile = None if other is None else known[other].profile


def code_of(answer: Any) -> str:
    assert isinstance(answer, Refused), answer
    return answer.reason.code


def test_a_stranger_of_the_same_name_is_not_meant_where_a_partner_of_a_partner_is() -> None:
    world = World()
    for name, code, member in (("riacho", "HORA", "ana"), ("serra", "FLOR", "bia"), ("encants", "ECO", "hugo")):
        exchange(world, name, code, member)
    stranger = alike(world, "stranger", "MAU")
    linked(world, "riacho", "serra", 500)
    linked(world, "serra", "encants", 500)
    world.join("riacho", "stranger")
    world.tick(5)
    book, encants = world.nodes["riacho"].replica.book, world.nodes["encants"].network
    directory = world.nodes["riacho"].replica.journal.directory
    calls_itself(world, stranger, encants)
    assert set(directory.find("encants")) == {encants, stranger}
    assert find_payee(book, "hugo@encants") == (encants, "hugo") and find_network(book, "encants") == encants
    # It offers us a link, too: whoever offers is not chosen by that.
    world.granted("stranger", "links.create", ProposeLink("riacho", whole(1), "MAU"))
    world.tick(2)
    assert find_payee(book, "hugo@encants") == (encants, "hugo")
    pay(world, "riacho", "ana", "hugo@encants", 5)
    assert balance(world, "encants", "hugo") == 5_00
    # Two strangers of one name are told apart by nobody.
    other = alike(world, "second", "RUIM")
    world.join("riacho", "second")
    world.tick(5)
    calls_itself(world, other, stranger)
    calls_itself(world, encants, None)
    assert code_of(find_payee(book, "hugo@encants")) == "HANDLE_AMBIGUOUS"


def test_a_member_of_our_federation_comes_before_who_is_behind_a_partner() -> None:
    world = World()
    for name, code, member in (("riacho", "HORA", "ana"), ("serra", "FLOR", "bia"), ("encants", "ECO", "hugo")):
        exchange(world, name, code, member)
    behind = alike(world, "behind", "MAU")
    linked(world, "riacho", "serra", 500)
    linked(world, "serra", "behind", 500)
    world.join("riacho", "encants")
    world.tick(5)
    federation = world.granted("riacho", "federations.create", CreateFederation("Vale", "HORA")).id
    world.tick(2)
    world.granted("encants", "federations.join", JoinFederation(), subject=federation)
    world.tick(2)
    world.granted("riacho", "federations.endorse", EndorseNetwork("encants"), subject=federation)
    world.tick(2)
    calls_itself(world, behind, world.nodes["encants"].network)
    book = world.nodes["riacho"].replica.book
    assert find_network(book, "encants") == world.nodes["encants"].network


def test_a_partners_handle_is_taken_wherever_one_link_is_meant() -> None:
    world = World()
    exchange(world, "riacho", "HORA", "ana")
    exchange(world, "serra", "FLOR", "bia")
    link = linked(world, "riacho", "serra", 500)
    pay(world, "riacho", "ana", "bia@serra", 5)
    assert world.granted("riacho", "links.show", subject="serra").id == link
    for operation, wish in (
        ("links.freeze", FreezeLink()),
        ("links.freeze", FreezeLink(frozen=False)),
        ("links.withdraw", WithdrawLink()),
        ("links.publish", PublishLink()),
    ):
        assert world.granted("riacho", operation, wish, subject="serra").id == link
    # Its account is called after it, in lists and in statements.
    names = {one.name for one in world.granted("riacho", "accounts.list", AccountsWanted()).items}
    assert "@serra" in names and not any(name.startswith("link-") for name in names)
    assert code_of(world.ask("riacho", "links.show", subject="riacho")) == "LINK_UNKNOWN"
    assert code_of(world.ask("riacho", "links.show", subject="nobody")) == "LINK_UNKNOWN"
    # Of two links none is chosen; a closed one is not meant.
    second = world.granted("riacho", "links.create", ProposeLink("serra", whole(9), "HORA")).id
    refused = world.ask("riacho", "links.close", CloseLink(), subject="serra")
    assert code_of(refused) == "LINK_AMBIGUOUS" and refused.figures["links"] == f"{link}, {second}"
    assert {one.state for one in world.granted("riacho", "links.list", LinksWanted()).items} == {"open", "proposed"}
    world.granted("riacho", "links.close", CloseLink(), subject=second)
    world.restart("riacho")
    assert world.granted("riacho", "links.show", subject="serra").id == link
