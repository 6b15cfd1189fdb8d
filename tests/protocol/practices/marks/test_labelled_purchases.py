# SPDX-License-Identifier: AGPL-3.0-or-later
"""Who buys under a label: offers are found by labels that count, and a purchase after a revocation is flagged."""

from dataclasses import replace
from typing import Any

import pytest
from simulation.world import World

from protocol.book.declaration import Desk
from protocol.book.refusals import NOT_FOUND
from protocol.book.signed import parse_uuid
from protocol.book.timezones import DAY_MS
from protocol.events import Publish
from protocol.practices.market.orders.wishes import PlaceOrder
from protocol.practices.market.search import SearchWanted
from protocol.practices.market.wishes import OffersWanted
from protocol.practices.marks.labels.entries import (
    IssuerDistrusted,
    IssuerTrusted,
    LabelIssued,
    LabelName,
    LabelsBought,
    RevocationLearned,
)
from protocol.practices.marks.labels.multibase import key_of_did
from protocol.practices.marks.labels.state import PURCHASE_DAYS_MAX, Labels
from protocol.practices.marks.labels.views import today
from protocol.practices.marks.labels.wishes import PurchasesWanted
from protocol.wire.keys import KeyPair
from tests.protocol.practices.market.fair import by
from tests.protocol.practices.marks.labelled import (
    JAM,
    countryside,
    honey,
    issue,
    reason,
    revoke,
    scheme,
    trust,
    verified,
)


@pytest.fixture
def world() -> World:
    return countryside()


def parse_did(found: Any) -> bytes:
    return key_of_did(found.issuers[0].did) or b""


def buy(world: World, offer: str) -> str:
    """Let Ana of Riacho order 2 kg."""
    wish = PlaceOrder(f"{offer}@serra", "2")
    return world.granted("riacho", "orders.place", wish, actor=by(world, "riacho", "ana")).id


def purchases(world: World, who: str = "ana", **wanted: Any) -> Any:
    actor = by(world, "riacho", who)
    return world.granted("riacho", "label-purchases.list", PurchasesWanted(**wanted), actor=actor).items


def errands(world: World) -> list[str]:
    book, actor = world.nodes["riacho"].replica.book, by(world, "riacho", "ana")
    return [one.sentence for one in today(Desk(book, actor, world.now, bytes, lambda *_: b""))]


def test_offers_are_found_by_labels_that_count_for_them(world: World) -> None:
    found = scheme(world)
    label = issue(world, found.id)
    offer, jam = honey(world), honey(world, JAM)

    def sought(mark: str = found.id) -> list[str]:
        offers = world.granted("riacho", "offers.list", OffersWanted(verified=mark)).items
        both = world.granted("riacho", "search.list", SearchWanted(verified=mark)).items
        assert [one.id for one in offers] == [one.id for one in both]
        return [one.id.partition("@")[0] for one in offers]

    assert sought() == [], "nobody here trusts the issuer yet"
    trust(world, found.issuers[0].did)
    assert sought() == sought("honey of the HILLS") == [offer]
    assert sought("another") == []
    shown = world.granted("riacho", "offers.show", subject=f"{offer}@serra")
    assert [(one.id, one.name) for one in shown.verified] == [(found.id, "Honey of the hills")]
    assert world.granted("riacho", "offers.show", subject=f"{jam}@serra").verified == ()
    revoke(world, label.id)
    world.tick(2)
    assert sought() == []


def test_purchases_between_a_revocation_and_the_news_of_it_are_flagged_and_not_rewritten(world: World) -> None:
    """Revoked on day 200, learned on day 203: the purchases of days 200 to 202 are flagged."""
    found = scheme(world)
    label = issue(world, found.id)
    offer = honey(world)
    begin = world.now
    trust(world, found.issuers[0].did)

    def on_day(day: int) -> None:
        world.now = begin + day * DAY_MS
        world.tick()

    on_day(40)
    world.tick(3)
    offer = honey(world)
    orders = {}
    for day in (198, 199):
        on_day(day)
        if day == 198:
            offer = honey(world)
        orders[day] = buy(world, offer)
    world.cut("riacho", "serra")
    on_day(200)
    revoke(world, label.id)
    for day in (200, 201, 202):
        world.now = begin + day * DAY_MS + 3_600_000
        orders[day] = buy(world, offer)
    assert [one.flagged for one in purchases(world)] == [()] * 5 and errands(world) == []
    before = {day: world.granted("riacho", "orders.show", subject=one) for day, one in orders.items()}
    on_day(203)
    world.join("riacho", "serra")
    world.tick(5)
    flagged = purchases(world, flagged=True)
    assert [one.id for one in flagged] == [orders[day] for day in (200, 201, 202)]
    assert [one.id for one in purchases(world, flagged=False)] == [orders[198], orders[199]]
    for one in flagged:
        assert one.flagged == one.labels == (f"{label.id}@{label.network}",)
        assert (one.revoked_at - begin) // DAY_MS == 200 and (one.learned_at - begin) // DAY_MS == 203
    assert errands(world) == ["labels.flagged"] * 3
    assert not purchases(world, "edu"), "it is nobody else's business"
    after = {day: world.granted("riacho", "orders.show", subject=one) for day, one in orders.items()}
    assert {day: one.price for day, one in after.items()} == {day: one.price for day, one in before.items()}
    told = [one for one in world.nodes["riacho"].events if isinstance(one, Publish)]
    heard = [one.resource for one in told if one.type == "label-purchase.flagged"]
    assert heard == [orders[day] for day in (200, 201, 202)]
    world.restart("riacho")
    world.tick(2)
    assert [one.id for one in purchases(world, flagged=True)] == [orders[day] for day in (200, 201, 202)]
    assert reason(verified(world, label=f"{label.id}@serra")) is not None
    assert len(world.nodes["riacho"].replica.book.of(Labels).learned) == 1
    on_day(203 + 31)
    assert errands(world) == []


def test_what_was_bought_long_ago_is_remembered_no_longer(world: World) -> None:
    found = scheme(world)
    issue(world, found.id)
    trust(world, found.issuers[0].did)
    buy(world, honey(world))
    world.now += (PURCHASE_DAYS_MAX + 1) * DAY_MS
    world.tick(2)
    issue(world, found.id)
    buy(world, honey(world))
    [left] = purchases(world)
    assert world.now - left.ordered_at < DAY_MS


def test_entries_that_nobody_may_write(world: World) -> None:
    found = scheme(world)
    label = issue(world, found.id)
    trust(world, found.issuers[0].did)
    order = parse_uuid(buy(world, honey(world))) or b""
    replica = world.nodes["riacho"].replica
    name = LabelName(world.nodes["serra"].network, parse_uuid(label.id) or b"")
    head = replica.book.head
    assert head is not None
    entry = head[0] + 1

    def said(body: Any) -> str | None:
        from protocol.book.declaration import Entered
        from protocol.lanes.entry import LEDGER

        reason = replica.book.check(Entered(body, replica.book.network, LEDGER, 0, entry, bytes(32), world.now))
        return None if reason is None else reason.code

    assert said(LabelsBought(order, (name,))) == "DUPLICATE"
    assert said(LabelsBought(bytes(16), (name,))) == "NOT_FOUND"
    assert said(RevocationLearned(name, world.now)) is None
    assert said(RevocationLearned(LabelName(name.network, bytes(16)), world.now)) == "NOT_FOUND"
    key = KeyPair.from_seed(bytes(32)).public
    assert said(IssuerTrusted(key, 0, None)) == said(IssuerDistrusted(parse_did(found))) == "MOTION_NEEDED"
    other = scheme(world, "riacho", "ana")
    issue(world, other.id, "riacho", "ana", holder="edu")
    [kept] = replica.book.of(Labels).issued.values()
    entry = replica.book.head[0] + 1 if replica.book.head else 0
    again = replace(kept.said, label=b"\1" * 16, number=1)
    assert said(LabelIssued(kept.issuer, kept.holder, again, kept.signature)) == "LABEL_TAMPERED"
    one = world.ask("riacho", "label-purchases.show", subject="x", actor=by(world, "riacho", "edu"))
    assert one.reason is NOT_FOUND
