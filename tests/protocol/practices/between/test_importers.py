# SPDX-License-Identifier: AGPL-3.0-or-later
"""Importers: who has long bought more than it sold, a partner or our own network, as the ledger tells it."""

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from simulation.groups import exchange, linked, offer_payment, pay
from simulation.world import STEWARD, World, whole

from protocol.book.declaration import Actor, Role
from protocol.book.timezones import DAY_MS
from protocol.events import Asked
from protocol.practices.between.clearing.part import OpenRound, SetClearing
from protocol.practices.between.importers import IMPORTING_DAYS, ImporterPosition, ImportersWanted, Positions
from protocol.practices.between.links.wishes import LinksWanted
from protocol.practices.governance.errands import ErrandSpan, ErrandsWanted
from protocol.practices.money.payments.entries import Pay
from protocol.practices.money.payments.views import PostPayment

NAMES = ("riacho", "serra", "encants")
CODES: dict[str, str] = dict(zip(NAMES, ("HORA", "FLOR", "ECO"), strict=True))


def world_of(*names: str, rate: str = "1") -> World:
    """Networks of which each is linked with the next."""
    world = World()
    for name in names:
        exchange(world, name, CODES[name], "ana", "bia")
    for one, other in pairwise(names):
        linked(world, one, other, 200, rate=rate)
    return world


def importers(world: World, name: str, days: int = 0) -> list[Any]:
    return list(world.granted(name, "importers.list", ImportersWanted(days)).items)


def told(world: World, name: str, days: int = 0) -> list[tuple[str | None, bool, int, int]]:
    """Return who imports, whether it is the network itself, what it owes, and the most that it has owed."""
    return [(one.handle, one.own, one.owed.value, one.peak.value) for one in importers(world, name, days)]


def test_who_buys_and_does_not_sell_is_an_importer_to_itself_and_to_its_partner() -> None:
    world = world_of("riacho", "serra", rate="2")
    began = world.now
    pay(world, "riacho", "ana", "bia@serra", 60)
    # 60 FLOR are 30 HORA.
    assert told(world, "serra") == [("riacho", False, 60_00, 60_00)]
    assert told(world, "riacho") == [("riacho", True, 30_00, 30_00)]
    [seen], [own] = importers(world, "serra"), importers(world, "riacho")
    [link] = world.granted("serra", "links.list", LinksWanted()).items
    assert (seen.link, seen.status, seen.owed.asset_code) == (link.id, link.status, "FLOR")
    assert (own.link, own.status, own.owed.asset_code) == (None, None, "HORA")
    assert began < own.since <= seen.since <= world.now or began < seen.since <= own.since <= world.now


def test_it_is_listed_after_ninety_days_unless_asked_otherwise() -> None:
    world = world_of("riacho", "serra")
    pay(world, "riacho", "ana", "bia@serra", 30)
    [one] = importers(world, "serra")
    assert ImportersWanted() == ImportersWanted(IMPORTING_DAYS)
    # Asking takes a millisecond.
    world.now = one.since + IMPORTING_DAYS * DAY_MS - 2
    assert importers(world, "serra", IMPORTING_DAYS) == []
    assert importers(world, "serra", IMPORTING_DAYS) == [one]


def test_who_pays_back_and_buys_again_begins_anew_and_the_peak_too() -> None:
    world = world_of("riacho", "serra")
    pay(world, "riacho", "ana", "bia@serra", 40)
    pay(world, "serra", "bia", "ana@riacho", 25)
    assert told(world, "serra") == [("riacho", False, 15_00, 40_00)], "less is owed, and still owed"
    first = importers(world, "serra")[0].since
    world.now += 10 * DAY_MS
    pay(world, "serra", "bia", "ana@riacho", 15)
    assert told(world, "serra") == told(world, "riacho") == []
    pay(world, "riacho", "ana", "bia@serra", 5)
    assert told(world, "serra") == [("riacho", False, 5_00, 5_00)]
    assert importers(world, "serra")[0].since > first + 10 * DAY_MS


def test_who_passes_a_payment_on_imports_nothing() -> None:
    world = world_of(*NAMES)
    world.tick(2)
    pay(world, "riacho", "ana", "bia@encants", 30, "serra")
    assert told(world, "riacho") == [("riacho", True, 30_00, 30_00)]
    assert told(world, "serra") == [("riacho", False, 30_00, 30_00)]
    assert told(world, "encants") == [("serra", False, 30_00, 30_00)]


def test_what_a_network_earns_by_passing_payments_on_is_no_export_of_its_members() -> None:
    world = World()
    for name in NAMES:
        exchange(world, name, CODES[name], "ana", "bia")
    for one, other in pairwise(NAMES):
        linked(world, one, other, 200, fee=2)
    world.tick(2)
    pay(world, "riacho", "ana", "bia@encants", 30, "serra")
    assert told(world, "serra") == [("riacho", False, 32_00, 32_00)]
    pay(world, "serra", "ana", "bia@encants", 10)
    assert told(world, "serra") == [("riacho", False, 32_00, 32_00), ("serra", True, 10_00, 10_00)]


def test_importers_are_listed_page_by_page() -> None:
    world = world_of("riacho", "serra", "encants")
    pay(world, "riacho", "ana", "bia@serra", 30)
    pay(world, "serra", "ana", "bia@encants", 50)
    seen, after = list[str | None](), 0
    for _ in range(2):
        request = 10_000 + after
        world.give("serra", Asked(request, "importers.list", STEWARD, ImportersWanted(0), "", after=after, limit=1))
        page = world.nodes["serra"].answers.pop(request)
        seen += [one.handle for one in page.items]
        after = page.next
    assert seen == ["riacho", "serra"] and after is None


def test_what_is_under_way_or_pending_or_within_the_network_is_no_import() -> None:
    world = world_of("riacho", "serra")
    wish = Pay(payer="ana", payee="bia", amount=whole(10))
    world.granted("riacho", "payments.create", wish)
    held = world.granted("riacho", "payments.create", Pay(payer="ana", payee="bia", amount=whole(10), pending=True))
    assert told(world, "riacho") == []
    world.granted("riacho", "payments.post", PostPayment(), subject=held.id)
    offer_payment(world, "riacho", "ana", "bia@serra", 30)
    assert told(world, "riacho") == []
    world.run()
    assert told(world, "riacho") == [("riacho", True, 30_00, 30_00)]


def test_what_goes_round_is_cleared_and_no_network_imports_less_in_all() -> None:
    world = world_of(*NAMES)
    linked(world, "encants", "riacho", 200)
    pay(world, "riacho", "ana", "ana@serra", 45)
    pay(world, "serra", "ana", "ana@encants", 40)
    pay(world, "encants", "ana", "ana@riacho", 30)
    world.tick(2)
    [own] = [one for one in importers(world, "riacho") if one.own]
    assert (own.owed.value, own.peak.value) == (15_00, 45_00)
    world.now += 20 * DAY_MS
    for name in NAMES:
        world.granted(name, "clearing-terms.set", SetClearing(on=True))
    world.granted("riacho", "clearings.open", OpenRound())
    world.tick(20)
    assert importers(world, "riacho") == [own], "Encants owes nothing any more, and Riacho as much as before"
    assert [one.handle for one in importers(world, "serra")] == ["riacho"]


def test_a_restarted_node_tells_the_same() -> None:
    world = world_of("riacho", "serra")
    pay(world, "riacho", "ana", "bia@serra", 40)
    pay(world, "serra", "bia", "ana@riacho", 25)
    positions = dict(world.nodes["serra"].replica.book.of(Positions).by_name)
    assert len(positions) == 2
    world.restart("serra")
    assert world.nodes["serra"].replica.book.of(Positions).by_name == positions


def test_who_is_a_member_alone_does_not_see_it() -> None:
    world = world_of("riacho", "serra")
    member = Actor(Role.MEMBER, "ana")
    assert world.ask("riacho", "importers.list", ImportersWanted(), actor=member).reason.code == "FORBIDDEN"


@given(st.lists(st.tuples(st.integers(-50, 50), st.integers(0, 10)), max_size=30))
def test_a_debt_lasts_since_it_last_began(moves: list[tuple[int, int]]) -> None:
    position, balance, now, run = ImporterPosition(), 0, 1_000, list[tuple[int, int]]()
    for change, later in moves:
        now += later
        balance += change
        position.move(change, now)
        run = [*run, (now, -balance)] if balance < 0 else []
        assert position.balance == balance
        if run:
            assert (position.since_ms, position.peak) == (run[0][0], max(owed for _, owed in run))


def test_a_coordinator_is_told_of_a_link_of_which_over_half_is_in_use() -> None:
    def week(name: str) -> list[tuple[str, str, int, str]]:
        found = world.granted(name, "errands.list", ErrandsWanted(ErrandSpan.WEEK)).items
        return [(one.who, one.sentence, one.figure.value, one.urgency) for one in found if one.verb == "links.show"]

    world = world_of("riacho", "serra")
    for _ in range(2):
        pay(world, "riacho", "ana", "bia@serra", 50)
    assert week("riacho") == week("serra") == []
    pay(world, "riacho", "ana", "bia@serra", 1)
    assert week("riacho") == [("serra", "links.over_half", 101_00, "near_limit")]
    for units in (50, 49):
        pay(world, "riacho", "ana", "bia@serra", units)
    assert week("serra") == [("riacho", "links.full", 200_00, "stopped")]
