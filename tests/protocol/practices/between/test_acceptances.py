# SPDX-License-Identifier: AGPL-3.0-or-later
"""Acceptance policies (MISSION 2, exchange networks): up to 500 of B's currency, of which 480 are held."""

from random import Random
from typing import Any

import pytest
from simulation.groups import balance, exchange, linked, offer_payment, pay, state
from simulation.world import World, whole

from protocol.book.money import Amount
from protocol.book.refusals import CURRENCY_UNKNOWN, MALFORMED, NETWORK_UNKNOWN, NOT_FOUND, Refused
from protocol.practices.between.acceptances import AcceptancesWanted, SetAcceptance
from protocol.practices.between.links.wishes import CapLink, LinksWanted
from protocol.practices.between.quotes.refusals import ACCEPTANCE_LIMIT
from protocol.practices.between.quotes.state import AskQuote
from protocol.practices.governance.errands import ErrandSpan, ErrandsWanted
from protocol.practices.money.payments.entries import Pay


def uncapped(world: World) -> None:
    """Let one payment take all that is left on a link."""
    world.tick(3)
    for name in world.nodes:
        for link in world.granted(name, "links.list", LinksWanted()).items:
            world.granted(name, "links.cap", CapLink(holds_percent=100), subject=link.id)
    world.tick(3)


def fair(*, rate: str = "1") -> World:
    """A takes up to 500 of B's currency, over a line of 1,000; one of B's is worth so many of A's."""
    world = World()
    exchange(world, "alto", "A", "ana", limit=5_000)
    exchange(world, "baixo", "B", "bia", "caio", limit=5_000)
    linked(world, "baixo", "alto", 1_000, rate=rate)
    uncapped(world)
    world.granted("alto", "acceptances.set", SetAcceptance(whole(500, "B")), subject="baixo.B")
    return world


def quoted(world: World, units: int, *via: str) -> Any:
    return world.ask("baixo", "quotes.create", AskQuote("ana@alto", whole(units), payer="bia", via=via))


def shown(world: World) -> tuple[int | None, int, int | None]:
    """Return what A takes of B's currency at most, what it holds, and how much more it takes."""
    found = world.granted("alto", "acceptances.show", subject="baixo.B")
    return (
        None if found.most is None else found.most.value,
        found.held.value,
        None if found.left is None else found.left.value,
    )


def test_480_of_500_are_held_and_a_payment_of_30_is_refused_with_20_more() -> None:
    world = fair()
    pay(world, "baixo", "bia", "ana@alto", 480)
    assert shown(world) == (500_00, 480_00, 20_00)
    refused = quoted(world, 30)
    assert isinstance(refused, Refused) and refused.reason is ACCEPTANCE_LIMIT
    assert {name: refused.figures[name] for name in ("available", "unit", "scale")} == {
        "available": 20_00, "unit": "B", "scale": 2
    }  # fmt: skip
    assert balance(world, "baixo", "bia") == -480_00 and balance(world, "alto", "ana") == 480_00
    pay(world, "baixo", "bia", "ana@alto", 20)
    assert shown(world) == (500_00, 500_00, 0)
    assert quoted(world, 1).figures["available"] == 0
    assert world.zero_sum()


def test_what_is_paid_back_makes_room_and_a_policy_is_lifted() -> None:
    world = fair()
    pay(world, "baixo", "bia", "ana@alto", 480)
    pay(world, "alto", "ana", "bia@baixo", 10)
    assert shown(world) == (500_00, 470_00, 30_00)
    pay(world, "baixo", "bia", "ana@alto", 30)
    world.granted("alto", "acceptances.set", SetAcceptance(), subject="baixo.B")
    assert shown(world) == (None, 500_00, None)
    pay(world, "baixo", "bia", "ana@alto", 300)
    # Nobody sends back what was taken before.
    world.granted("alto", "acceptances.set", SetAcceptance(whole(0, "B")), subject="baixo.B")
    assert shown(world) == (0, 800_00, 0)
    assert quoted(world, 1).reason is ACCEPTANCE_LIMIT


def test_what_we_owe_is_paid_back_beside_it() -> None:
    world = fair()
    pay(world, "alto", "ana", "bia@baixo", 100)
    assert quoted(world, 601).figures["available"] == 600_00
    pay(world, "baixo", "bia", "ana@alto", 600)
    assert shown(world) == (500_00, 500_00, 0)


def test_it_is_in_the_partners_currency_whatever_the_rate() -> None:
    world = fair(rate="1.5")
    pay(world, "baixo", "bia", "ana@alto", 720)
    assert balance(world, "baixo", "bia") == -480_00, "480 B are 720 A"
    assert shown(world) == (500_00, 480_00, 20_00)
    assert quoted(world, 31).figures["available"] == 20_00
    pay(world, "baixo", "bia", "ana@alto", 30)
    assert shown(world) == (500_00, 500_00, 0)


def test_the_payment_goes_another_way_where_there_is_one() -> None:
    world = fair()
    exchange(world, "clara", "C", "dora", limit=5_000)
    for name in ("alto", "baixo"):
        linked(world, name, "clara", 1_000)
    uncapped(world)
    pay(world, "baixo", "bia", "ana@alto", 480)
    quote = quoted(world, 30)
    assert [[hop.handle for hop in path.hops] for path in quote.paths] == [["clara", "alto"]]
    pay(world, "baixo", "bia", "ana@alto", 30)
    assert shown(world) == (500_00, 480_00, 20_00), "Clara's network owes the rest"
    assert balance(world, "alto", "ana") == 510_00
    # Whoever passes a payment on holds what its partner owes then, too.
    world.granted("clara", "acceptances.set", SetAcceptance(whole(35, "B")), subject="baixo.B")
    assert [hop.handle for hop in quoted(world, 6).paths[0].hops] == ["alto"]
    refused = quoted(world, 6, "clara")
    assert isinstance(refused, Refused) and refused.reason is ACCEPTANCE_LIMIT


def test_two_quotes_at_once_take_no_more_than_there_is_room_for() -> None:
    world = fair()
    pay(world, "baixo", "bia", "ana@alto", 480)
    orders: list[int] = []
    quotes = [
        world.granted("baixo", "quotes.create", AskQuote("ana@alto", whole(15), payer=one)) for one in ("bia", "caio")
    ]
    for quote in quotes:
        wish = Pay(payer=quote.payer, payee="ana@alto", amount=whole(15), invoice=quote.invoice)
        orders.append(world.start("baixo", "payments.create", wish))
    world.run()
    world.tick(3)
    found = [world.nodes["baixo"].answers.pop(one).id for one in orders]
    assert sorted(state(world, "baixo", one) for one in found) == ["posted", "voided"]
    assert shown(world) == (500_00, 495_00, 5_00)
    assert sum(balance(world, "baixo", one) for one in ("bia", "caio")) == -495_00
    assert world.zero_sum()


@pytest.mark.parametrize("seed", range(3))
def test_no_more_is_ever_held_than_is_taken(seed: int) -> None:
    rng, world = Random(seed), fair()
    for _ in range(40):
        units = rng.randint(1, 200)
        if rng.random() < 0.7:
            if not isinstance(quoted(world, units), Refused):
                offer_payment(world, "baixo", rng.choice(("bia", "caio")), "ana@alto", units)
        elif not isinstance(
            world.ask("alto", "quotes.create", AskQuote("bia@baixo", whole(units), payer="ana")), Refused
        ):
            offer_payment(world, "alto", "ana", "bia@baixo", units)
        if rng.random() < 0.5:
            world.run()
        assert shown(world)[1] <= 500_00
    world.tick(3)
    assert 0 <= shown(world)[1] <= 500_00 and world.zero_sum()


def test_what_cannot_be_set() -> None:
    world = fair()

    def refused(id: str, wish: SetAcceptance) -> Any:
        answer = world.ask("alto", "acceptances.set", wish, subject=id)
        assert isinstance(answer, Refused)
        return answer.reason

    assert refused("nobody.B", SetAcceptance(whole(1, "B"))) is NETWORK_UNKNOWN
    assert refused("baixo.C", SetAcceptance(whole(1, "C"))) is CURRENCY_UNKNOWN
    assert refused("baixo.B", SetAcceptance(whole(1, "A"))).code == "CURRENCY_MISMATCH"
    assert refused("baixo.B", SetAcceptance(Amount(-1, "B", 2))) is MALFORMED
    world.granted("alto", "acceptances.set", SetAcceptance(), subject="baixo.B")
    assert refused("baixo.B", SetAcceptance()) is NOT_FOUND, "nothing is set"
    assert not world.granted("alto", "acceptances.list", AcceptancesWanted()).items


def test_the_week_tells_that_little_more_is_taken() -> None:
    world = fair()

    def week() -> list[tuple[str, int]]:
        asked = world.granted("alto", "errands.list", ErrandsWanted(ErrandSpan.WEEK)).items
        return [(one.who, one.figure.value) for one in asked if one.sentence == "acceptances.near"]

    pay(world, "baixo", "bia", "ana@alto", 449)
    assert week() == []
    pay(world, "baixo", "bia", "ana@alto", 1)
    assert week() == [("baixo", 50_00)]
    [one] = world.granted("alto", "acceptances.list", AcceptancesWanted()).items
    assert (one.handle, one.currency, one.most.value) == ("baixo", "B", 500_00)
