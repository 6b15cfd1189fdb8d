# SPDX-License-Identifier: AGPL-3.0-or-later
"""Deliveries as their two sides see them, and as a file of events for who follows goods in other systems."""

from dataclasses import replace

from protocol.book.declaration import READERS, Desk, Page, RowsWanted
from protocol.book.refusals import FORBIDDEN, MALFORMED, NOT_FOUND, Refused, refuse
from protocol.book.signed import parse_uuid, uuid_text
from protocol.practices.market.deliveries.events import epcis_events, months_between
from protocol.practices.market.deliveries.state import DELIVERIES, DeliveredItem, Delivery
from protocol.practices.market.deliveries.wishes import (
    DeliveredItemShown,
    DeliveriesWanted,
    DeliveryEventsShown,
    DeliveryEventsWanted,
    DeliveryShown,
)
from protocol.practices.market.hours import hour_meant
from protocol.practices.market.measures import parts_text
from protocol.practices.people.authority import may_see

DELIVERIES_A_FILE_MAX = 1_000
EVENT_MONTHS_MAX = 24
"""Of so many months events are given at once."""


def _sees(desk: Desk, delivery: Delivery) -> bool:
    return may_see(desk.actor, *delivery.members)


def view_delivery(desk: Desk, id: str) -> DeliveryShown | Refused:
    delivery = desk.book.rows(DELIVERIES).get(parse_uuid(id) or b"")
    if delivery is None:
        return refuse(NOT_FOUND)
    return _shown(delivery) if _sees(desk, delivery) else refuse(FORBIDDEN, allowed="who gave and who received it")


def view_deliveries(desk: Desk, wanted: DeliveriesWanted, after: int, limit: int) -> RowsWanted:
    del wanted
    by = None if desk.actor.role in READERS else (("member", desk.actor.member or ""),)
    return RowsWanted(DELIVERIES, after, limit, _shown, by)


def view_events(desk: Desk, wanted: DeliveryEventsWanted) -> RowsWanted | Refused:
    """Ask for the deliveries of a time, found by their months."""
    since_ms = hour_meant(desk.book, "since", wanted.since, is_end=False)
    until_ms = hour_meant(desk.book, "until", wanted.until, is_end=True)
    for one in (since_ms, until_ms):
        if isinstance(one, Refused):
            return one
    first, last = since_ms or 0, desk.now if until_ms is None else until_ms
    assert isinstance(first, int) and isinstance(last, int)
    if last < first:
        return refuse(MALFORMED, field="until", expected="an hour after since")
    months = tuple(months_between(first, last))
    if len(months) > EVENT_MONTHS_MAX:
        return refuse(MALFORMED, field="since", expected=f"a time of {EVENT_MONTHS_MAX} months at most")

    def fits(delivery: Delivery) -> bool:
        return first <= delivery.at_ms <= last and _sees(desk, delivery)

    def told(page: Page) -> DeliveryEventsShown | Refused:
        if page.next is not None:
            return refuse(MALFORMED, field="until", expected=f"a time of {DELIVERIES_A_FILE_MAX} deliveries at most")
        return DeliveryEventsShown(desk.now, page.items)

    return RowsWanted(
        DELIVERIES, 0, DELIVERIES_A_FILE_MAX, _shown, tuple(("month", one) for one in months), fits,
        whole=told,
    )  # fmt: skip


def _shown(delivery: Delivery) -> DeliveryShown:
    shown = DeliveryShown(
        id=uuid_text(delivery.id),
        events=(),
        sent_at=delivery.sent_ms,
        received_at=delivery.at_ms,
        giver=delivery.giver,
        receiver=delivery.receiver,
        items=tuple(map(_item_shown, delivery.items)),
        orders=tuple(map(uuid_text, delivery.orders)),
    )
    return replace(shown, events=tuple(one["eventID"] for one in epcis_events(shown)))


def _item_shown(item: DeliveredItem) -> DeliveredItemShown:
    return DeliveredItemShown(
        uuid_text(item.id), item.code or None, item.name or None, parts_text(item.quantity), item.unit
    )  # fmt: skip
