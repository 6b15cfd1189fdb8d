# SPDX-License-Identifier: AGPL-3.0-or-later
"""Deliveries as events of EPCIS 2.0: the reference's hashes, the published schema, and one event at both networks."""

import json
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator
from jsonschema.exceptions import ValidationError
from simulation.world import STEWARD, World

from protocol.book.refusals import FORBIDDEN, MALFORMED, NOT_FOUND, Refused, refuse
from protocol.book.signed import uuid_text
from protocol.book.timezones import DAY_MS
from protocol.practices.market.deliveries import views
from protocol.practices.market.deliveries.event_hash import event_hash
from protocol.practices.market.deliveries.events import EPCIS_CONTEXT, epcis_document
from protocol.practices.market.deliveries.gs1_keys import canonical_link, check_digit
from protocol.practices.market.deliveries.views import EVENT_MONTHS_MAX
from protocol.practices.market.deliveries.wishes import (
    DeliveredItemShown,
    DeliveriesWanted,
    DeliveryEventsShown,
    DeliveryEventsWanted,
    DeliveryShown,
)
from protocol.practices.market.joint_orders.plans import FixJoint
from protocol.practices.market.orders.wishes import ConfirmOrder, DisputeOrder, OrderOutcome, SettleOrder
from protocol.practices.market.purchasing.entries import JoinCycle, PortionsWanted
from protocol.practices.market.purchasing.wishes import CameTold
from tests.protocol.practices.desk import Group
from tests.protocol.practices.market.buyers import Buyers, flour, hours
from tests.protocol.practices.market.fair import by, fair
from tests.protocol.practices.market.test_joint_orders import Joint
from tests.protocol.practices.market.test_orders import act, delivered

PUBLISHED = Path(__file__).parent / "epcis"
SCHEMA = "EPCISDocument.schema.json"
PINNED = {
    SCHEMA: "70b7ecb60eb605c6edd230761557763e4d470333510d28619291476de635bf20",
    "hashes.json": "fe78630a25e0345fc7a994dc7ee7c878078b289794c2d1655c6930b606156125",
}


def published(name: str) -> Any:
    data = (PUBLISHED / name).read_bytes()
    assert sha256(data).hexdigest() == PINNED[name]
    return json.loads(data)


VECTORS = published("hashes.json")
BASE = VECTORS[0]["event"]


# The hash.


@pytest.mark.parametrize("vector", VECTORS, ids=lambda one: one["name"])
def test_an_event_has_the_hash_that_the_reference_gives_it(vector: Any) -> None:
    assert event_hash(vector["event"], vector["namespaces"]) == vector["hash"]


def turned(value: Any) -> Any:
    """Return the same JSON, written the other way round wherever order says nothing."""
    if isinstance(value, dict):
        return {name: turned(value[name]) for name in reversed(value)}
    return [turned(one) for one in reversed(value)] if isinstance(value, list) else value


@pytest.mark.parametrize("vector", VECTORS, ids=lambda one: one["name"])
def test_how_it_is_written_down_makes_no_difference(vector: Any) -> None:
    assert event_hash(turned(vector["event"]), vector["namespaces"]) == vector["hash"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("eventTime", "2026-11-20T10:00:00.124Z"),
        ("eventTimeZoneOffset", "+01:00"),
        ("action", "ADD"),
        ("bizStep", "shipping"),
        ("quantityList", [{"epcClass": BASE["quantityList"][0]["epcClass"], "quantity": 38.501, "uom": "KGM"}]),
        ("bizTransactionList", []),
        ("destinationList", [{"type": "possessing_party", "destination": "mutirao:vqm2/bia"}]),
    ],
)
def test_whatever_it_says_else_is_another_event(field: str, value: Any) -> None:
    assert event_hash({**BASE, field: value}) != event_hash(BASE)


def test_half_a_millisecond_is_rounded_up() -> None:
    def at(text: str) -> str:
        return event_hash({**BASE, "eventTime": text})

    assert at("2026-11-20T10:00:00.1405Z") == at("2026-11-20T10:00:00.141Z")
    assert at("2026-11-20T10:00:00.1404999Z") == at("2026-11-20T10:00:00.140Z")
    assert at("2026-11-20T23:59:59.9999Z") == at("2026-11-21T00:00:00Z") == at("2026-11-20T22:00:00-02:00")


@pytest.mark.parametrize(
    ("written", "link"),
    [
        ("urn:epc:id:sgtin:4012345.011111.9876", "https://id.gs1.org/01/04012345111118/21/9876"),
        ("https://example.com/01/4012345111118?x=1", "https://id.gs1.org/01/04012345111118"),
        ("urn:epc:id:sgln:4012345.00011.0", "https://id.gs1.org/414/4012345000115"),
        ("urn:epc:id:sgtin:401234.011111.9876", None),
        ("urn:epc:id:unheard:4012345.011111.9876", None),
        ("urn:uuid:aa44f1dc-1f47-4356-a7eb-50bd3b260ca6", None),
        ("https://example.com/things/7", None),
        ("mutirao:rjz3/ana", None),
    ],
)
def test_keys_of_gs1_have_one_link(written: str, link: str | None) -> None:
    assert canonical_link(written) == link


def test_the_check_digits_of_gs1_s_own_examples() -> None:
    assert [check_digit(one) for one in ("629104150021", "0950600013435", "03600029145")] == ["3", "2", "2"]


# Deliveries.


def checked(document: Any) -> None:
    Draft7Validator(published(SCHEMA), format_checker=Draft7Validator.FORMAT_CHECKER).validate(document)


def validate(text: str) -> Any:
    document = json.loads(text)
    checked(document)
    for event in document["epcisBody"]["eventList"]:
        assert event["eventID"] == event_hash(event)
    return document


@pytest.fixture
def world() -> World:
    return fair(rate="2")


def held(world: World, name: str, order: str) -> Any:
    return world.granted(name, "deliveries.show", subject=order)


def events(world: World, name: str, handle: str | None = None, *, since: str = "2020-01-01", **more: Any) -> Any:
    wish = DeliveryEventsWanted(since, **more)
    actor = STEWARD if handle is None else by(world, name, handle)
    found = world.ask(name, "deliveries.events", wish, actor=actor)
    return found.reason if isinstance(found, Refused) else found


def confirmed(world: World, **more: Any) -> str:
    order = delivered(world, **more)
    act(world, "riacho", "ana", "confirm", ConfirmOrder(), order)
    return order


def test_both_networks_of_an_order_write_the_same_events(world: World) -> None:
    order = delivered(world, quantity="38.5")
    assert world.ask("riacho", "deliveries.show", subject=order) == refuse(NOT_FOUND), "it is not confirmed yet"
    world.now += 60_000
    act(world, "riacho", "ana", "confirm", ConfirmOrder(), order)
    here, there = held(world, "riacho", order), held(world, "serra", order)
    assert here == there and len(here.events) == 2 and here.sent_at < here.received_at
    [item] = here.items
    assert (item.quantity, item.unit, item.code) == ("38.5", "KGM", "23110")
    assert (here.giver[-4:], here.receiver[-4:]) == ("/bia", "/ana")
    document = validate(epcis_document(events(world, "serra", since=day(world))))
    sent, came = document["epcisBody"]["eventList"]
    assert [sent["eventID"], came["eventID"]] == list(here.events)
    assert document["@context"] == [EPCIS_CONTEXT]
    assert (sent["bizStep"], came["bizStep"]) == ("shipping", "receiving")
    assert came["quantityList"] == [{"epcClass": f"urn:uuid:{item.id}", "quantity": 38.5, "uom": "KGM"}]
    assert came["bizTransactionList"] == [{"type": "po", "bizTransaction": f"urn:uuid:{order}"}]
    assert "sourceList" not in came and "destinationList" not in sent, "one end in each: all readers hash it alike"
    [named] = document["epcisHeader"]["epcisMasterData"]["vocabularyList"][0]["vocabularyElementList"]
    assert named["attributes"][0]["attribute"] == "wheat flour (CPC 2.1 23110)"
    for name in ("riacho", "serra"):
        world.restart(name)
        assert held(world, name, order) == here


def day(world: World, days: int = 0) -> str:
    return f"{datetime.fromtimestamp(world.now // 1_000 + days * 86_400, UTC):%Y-%m-%d}"


def test_of_a_time_and_for_whom_it_concerns(world: World) -> None:
    first = confirmed(world, quantity="3")
    world.now += 40 * DAY_MS
    world.tick(1)
    second = confirmed(world, quantity="5")
    assert [one.id for one in events(world, "riacho", since=day(world, -50)).deliveries] == [first, second]
    assert [one.id for one in events(world, "riacho", since=day(world, -1)).deliveries] == [second]
    assert [one.id for one in events(world, "riacho", since=day(world, -50), until=day(world, -20)).deliveries] == [
        first
    ]
    assert len(events(world, "riacho", "ana", since=day(world, -50)).deliveries) == 2
    assert events(world, "riacho", "edu", since=day(world, -50)).deliveries == ()
    validate(epcis_document(events(world, "riacho", "edu", since=day(world, -50))))
    edu = by(world, "riacho", "edu")
    assert world.ask("riacho", "deliveries.show", subject=first, actor=edu).reason is FORBIDDEN
    assert world.granted("riacho", "deliveries.list", DeliveriesWanted(), actor=edu).items == ()
    assert len(world.granted("riacho", "deliveries.list", DeliveriesWanted()).items) == 2


@pytest.mark.parametrize(
    ("since", "more"),
    [
        ("yesterday", {}),
        ("2026-13-01", {}),
        ("2026-11-30", {"until": "2026-11-01"}),
        ("1990-01-01", {}),
        ("2024-01-01", {"until": f"{2024 + EVENT_MONTHS_MAX // 12}-01-01"}),
        ("2026-11-01", {"until": "tomorrow"}),
    ],
)
def test_a_time_that_is_none_is_refused(since: str, more: dict[str, str]) -> None:
    desk = Group().desk()
    asked = views.view_events(desk, DeliveryEventsWanted(since, **more))
    assert isinstance(asked, Refused) and asked.reason is MALFORMED
    assert not isinstance(views.view_events(desk, DeliveryEventsWanted("2026-11-01", "2026-11-30")), Refused)


def test_more_than_a_file_holds_is_refused(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    confirmed(world, quantity="3")
    confirmed(world, quantity="4")
    monkeypatch.setattr(views, "DELIVERIES_A_FILE_MAX", 2)
    assert len(events(world, "riacho", since=day(world)).deliveries) == 2
    monkeypatch.setattr(views, "DELIVERIES_A_FILE_MAX", 1)
    assert events(world, "riacho", since=day(world)) is MALFORMED


def test_what_was_confirmed_stays_though_it_is_quarrelled_over(world: World) -> None:
    order = confirmed(world, quantity="3")
    before = held(world, "riacho", order)
    act(world, "riacho", "ana", "dispute", DisputeOrder("Half of it was wet"), order)
    for name, who in (("riacho", "ana"), ("serra", "bia")):
        act(world, name, who, "settle", SettleOrder(OrderOutcome.FULFILLED), order)
    assert held(world, "riacho", order) == before


def test_what_a_settlement_calls_fulfilled_was_received_when_it_was_sent(world: World) -> None:
    order = delivered(world, quantity="3")
    act(world, "riacho", "ana", "dispute", DisputeOrder("It came late"), order)
    for name, who in (("riacho", "ana"), ("serra", "bia")):
        act(world, name, who, "settle", SettleOrder(OrderOutcome.FULFILLED), order)
    here = held(world, "riacho", order)
    assert here == held(world, "serra", order) and here.received_at == here.sent_at
    other = delivered(world, quantity="3")
    act(world, "riacho", "ana", "dispute", DisputeOrder("Nothing came"), other)
    for name, who in (("riacho", "ana"), ("serra", "bia")):
        act(world, name, who, "settle", SettleOrder(OrderOutcome.CANCELLED), other)
    assert world.ask("riacho", "deliveries.show", subject=other) == refuse(NOT_FOUND)


# Order cycles.


def test_what_comes_for_a_cycle_is_received_by_its_referent() -> None:
    buyers = Buyers(flour(), flour(name="cheese", box=15, price=hours(30_00), portion="200 g"))
    buyers.wants("ana", 24)
    buyers.wants("bia", 12)
    buyers.close()
    buyers.receive(CameTold(1, None, 30))
    group = buyers.group
    assert group.view("rosa", "deliveries.show", buyers.name) == refuse(NOT_FOUND), "it is not settled yet"
    buyers.settle()
    shown = group.view("rosa", "deliveries.show", buyers.name)
    assert [(one.name, one.quantity, one.unit) for one in shown.items] == [("flour", "30", "KGM")]
    assert (shown.giver, shown.sent_at, shown.received_at) == (None, None, buyers.cycle.received_ms)
    assert group.view("ana", "deliveries.show", buyers.name) == refuse(
        FORBIDDEN, allowed="who gave and who received it"
    )
    text = epcis_document(DeliveryEventsShown(group.now, (shown,)))
    [came] = validate(text)["epcisBody"]["eventList"]
    assert came["bizStep"] == "receiving" and came["destinationList"][0]["destination"].endswith("/rosa")
    assert "ana" not in text and '"flour"' in text, "what families order stays at home"
    buyers.same_elsewhere()


def test_networks_that_order_together_call_what_comes_alike() -> None:
    joint = Joint(families=3)
    joint.join("serra")
    for name, portions in (("riacho", 24), ("serra", 36)):
        cycle = joint.cycle(name).id
        wish = JoinCycle(cycle, (PortionsWanted(1, portions),))
        actor = by(joint.world, name, joint.families[name][0])
        joint.world.granted(name, "order-cycles.join", wish, subject=uuid_text(cycle), actor=actor)
    joint.close()
    joint.do("riacho", "joint-orders.fix", FixJoint(), joint.id)
    joint.world.tick(4)
    found: list[Any] = []
    for name in ("riacho", "serra"):
        joint.settle(name)
        found += events(joint.world, name, since=day(joint.world, -9)).deliveries
    host, guest = found
    assert [(one.id, one.quantity) for one in (*host.items, *guest.items)] == [
        (host.items[0].id, "24"), (host.items[0].id, "36"),
    ]  # fmt: skip
    assert joint.id in host.orders and joint.id in guest.orders
    assert host.giver is None and guest.giver.endswith("/rosa")
    validate(epcis_document(DeliveryEventsShown(joint.world.now, tuple(found))))


# The schema.


@pytest.mark.parametrize(
    ("path", "value"),
    [
        (("schemaVersion",), 2),
        (("epcisBody", "eventList", 0, "eventTimeZoneOffset"), "UTC"),
        (("epcisBody", "eventList", 0, "action"), "SEEN"),
        (("epcisBody", "eventList", 0, "bizStep"), "devouring"),
        (("epcisBody", "eventList", 0, "quantityList", 0, "quantity"), "38.5"),
        (("epcisBody", "eventList", 0, "readPlace"), {"id": "geo:1,2"}),
    ],
)
def test_the_published_schema_sees_what_is_wrong(path: tuple[Any, ...], value: Any) -> None:
    item = DeliveredItemShown(uuid_text(bytes(16)), "23110", None, "3", "KGM")
    shown = DeliveryShown(uuid_text(bytes(16)), (), 1, 2, "mutirao:a/bia", "mutirao:b/ana", (item,), (item.id,))
    document = validate(epcis_document(DeliveryEventsShown(3, (shown,))))
    part = document
    for step in path[:-1]:
        part = part[step]
    part[path[-1]] = value
    with pytest.raises(ValidationError):
        checked(document)
