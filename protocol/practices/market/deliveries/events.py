# SPDX-License-Identifier: AGPL-3.0-or-later
"""Deliveries as events of EPCIS 2.0 in JSON-LD: how much of what was sent and received, by whom, by which order.

The context is named and never fetched. Things are called by urn:uuid, which every reader hashes alike; no place stands
in an event. Times are in UTC, so that both networks of an order write one event, with one hash as its id.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

from protocol.book.declaration import ReckonForm
from protocol.lanes.entry import Millis
from protocol.practices.market.deliveries.event_hash import event_hash
from protocol.practices.market.deliveries.wishes import DeliveredItemShown, DeliveryEventsShown, DeliveryShown
from protocol.practices.market.item_codes import ITEM_CODES

EPCIS_CONTEXT = "https://ref.gs1.org/standards/epcis/2.0.0/epcis-context.jsonld"
_CLASSES = "urn:epcglobal:epcis:vtype:EPCClass"
_NAME = "urn:epcglobal:cbv:mda:descriptionShort"
_PIECES = ("", "C62")
"""Units that an event leaves out: it counts pieces."""


def epcis_events(delivery: DeliveryShown) -> tuple[dict[str, Any], ...]:
    """Return what a delivery is in events: that it was sent, where somebody says so, and that it was received.

    Who gave stands in the first and who received in the second, never both in one: the reference puts destinations
    before sources where the standard's text has them behind, and others go by the text.
    """
    came = _event(delivery, delivery.received_at, "receiving", "in_progress", "destination", delivery.receiver)
    if delivery.sent_at is None or delivery.giver is None:
        return (came,)
    return _event(delivery, delivery.sent_at, "shipping", "in_transit", "source", delivery.giver), came


def _event(delivery: DeliveryShown, at_ms: Millis, step: str, state: str, end: str, party: str) -> dict[str, Any]:
    said: dict[str, Any] = {
        "type": "ObjectEvent",
        "eventTime": event_hour(at_ms),
        "eventTimeZoneOffset": "+00:00",
        "action": "OBSERVE",
        "bizStep": step,
        "disposition": state,
        "quantityList": [_quantity(one) for one in delivery.items],
        # The type stands first: the reference takes the two in the order in which they are written.
        "bizTransactionList": [{"type": "po", "bizTransaction": one} for one in sorted(map(_urn, delivery.orders))],
        f"{end}List": [{"type": "owning_party", end: party}],
    }
    return {"eventID": event_hash(said), **said}


def _quantity(item: DeliveredItemShown) -> dict[str, Any]:
    number = Fraction(item.quantity)
    counted = int(number) if number.denominator == 1 else float(number)
    told = {"epcClass": _urn(item.id), "quantity": counted}
    return told if item.unit in _PIECES else {**told, "uom": item.unit}


def epcis_document(shown: DeliveryEventsShown) -> str:
    """Return the document of these events, with what their things are called."""
    items = [item for one in shown.deliveries for item in one.items]
    names = {_urn(item.id): name for item in items if (name := _name_of(item))}
    classes = [{"id": id, "attributes": [{"id": _NAME, "attribute": name}]} for id, name in sorted(names.items())]
    listed = {"vocabularyList": [{"type": _CLASSES, "vocabularyElementList": classes}]}
    document = {
        "@context": [EPCIS_CONTEXT],
        "type": "EPCISDocument",
        "schemaVersion": "2.0",
        "creationDate": event_hour(shown.made_at),
        **({"epcisHeader": {"epcisMasterData": listed}} if classes else {}),
        "epcisBody": {"eventList": [event for one in shown.deliveries for event in epcis_events(one)]},
    }
    return json.dumps(document, ensure_ascii=False, indent=1) + "\n"


EVENT_FORMS = (ReckonForm("jsonld", "application/ld+json", epcis_document),)


def _name_of(item: DeliveredItemShown) -> str:
    known = ITEM_CODES.get(item.code or "")
    return item.name or item.code or "" if known is None else f"{known.en} (CPC 2.1 {known.code})"


def months_between(since_ms: Millis, until_ms: Millis) -> Iterator[str]:
    """Yield the months in UTC that a time touches, such as 2026-11."""
    first, last = (datetime.fromtimestamp(one // 1_000, UTC) for one in (since_ms, until_ms))
    for month in range(first.year * 12 + first.month - 1, last.year * 12 + last.month):
        yield f"{month // 12:04}-{month % 12 + 1:02}"


def _urn(id: str) -> str:
    return f"urn:uuid:{id}"


def event_hour(at_ms: Millis) -> str:
    """Return an hour as events have it, in UTC to the millisecond."""
    return f"{datetime.fromtimestamp(at_ms // 1_000, UTC):%Y-%m-%dT%H:%M:%S}.{at_ms % 1_000:03}Z"
