# SPDX-License-Identifier: AGPL-3.0-or-later
"""Purchasing groups: whole boxes, what is missing or too much shared by need, money held and settled to the cent."""

from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    CURRENCY_CLOSED,
    CURRENCY_UNKNOWN,
    DUPLICATE,
    FORBIDDEN,
    LIMIT_EXCEEDED,
    MALFORMED,
    MEMBER_NOT_ACTIVE,
    MEMBER_UNKNOWN,
    NOT_FOUND,
    SAME_ACCOUNT,
    STATE_CONFLICT,
    Reason,
    Refused,
)
from protocol.book.signed import parse_uuid
from protocol.book.wishes import Brought
from protocol.practices.governance.errands import ErrandSpan, ErrandsWanted
from protocol.practices.market.purchasing.entries import (
    GivePortions,
    JoinCycle,
    PortionsWanted,
    PurchaseClosed,
    PurchaseCollected,
    PurchaseJoined,
    PurchaseOpened,
    PurchaseOrdered,
    PurchaseReceived,
    PurchaseSettled,
    ReceivedItem,
    ShiftTaken,
    SpoiltClaimed,
    SpoiltDecided,
    TakePortions,
    cycle_id,
)
from protocol.practices.market.purchasing.filling import boxes_filled
from protocol.practices.market.purchasing.parameters import UNCOLLECTED
from protocol.practices.market.purchasing.printed import (
    PICK_UP_STYLE,
    PickUpShown,
    PickUpWanted,
    csv_of_pick_up,
    page_of_pick_up,
    view_pick_up,
)
from protocol.practices.market.purchasing.refusals import (
    BALANCE_DUE,
    COST_ABOVE_ORDER,
    ITEM_UNKNOWN,
    NOT_COLLECTED,
    PORTIONS_SHORT,
)
from protocol.practices.market.purchasing.state import CYCLES
from protocol.practices.market.purchasing.wishes import (
    CameTold,
    CancelCycle,
    ClaimSpoilt,
    CloseCycle,
    CollectGoods,
    CyclesWanted,
    DecideClaim,
    HelpOut,
    OpenCycleOfOrders,
    OrderBoxes,
    ReceiveBoxes,
    SettleCycle,
)
from protocol.practices.money.currencies.views import CloseCurrency
from protocol.practices.people.members.views import Approve, Suspend
from protocol.solvers.apportionment import _lot
from tests.protocol.practices.desk import DAY_MS, keys_of
from tests.protocol.practices.market.buyers import FAMILIES, Buyers, flour, hours


def ordering(*wants: tuple[int, int], box: int = 12, **terms: Any) -> Buyers:
    """Return a cycle in which families want so much, and take so much more."""
    buyers = Buyers(flour(box=box), **terms)
    for who, (quantity, tolerance) in zip(FAMILIES, wants, strict=False):
        buyers.wants(who, quantity, tolerance)
    return buyers


def refused(buyers: Buyers, who: str, verb: str, wish: Any) -> Reason:
    shown = buyers.by(who, verb, wish)
    assert isinstance(shown, Refused), shown
    return shown.reason


# Boxes.


def test_seventeen_wanted_of_twelve_are_one_box_and_one_short_of_a_second() -> None:
    buyers = ordering((5, 2), (4, 2), (6, 1), (2, 1))
    item = buyers.group.view("rosa", "order-cycles.show", buyers.name).items[0]
    assert (item.wanted, item.tolerance, item.boxes, item.short) == (17, 6, 1, 1)
    assert item.say == "1 box, 1 short of a second"
    buyers.close()
    assert buyers.ordered() == [4, 3, 4, 1]
    buyers.same_elsewhere()


def test_eighteen_wanted_are_two_boxes() -> None:
    buyers = ordering((5, 2), (4, 2), (7, 1), (2, 1))
    shown = buyers.close().items[0]
    assert (shown.boxes, shown.short, shown.say) == (2, 0, "2 boxes")
    assert buyers.ordered() == [7, 6, 8, 3]


def test_what_fills_a_box_is_shared_by_tolerance_never_by_time_of_order() -> None:
    for first, second in ((0, 1), (1, 0)):
        buyers = Buyers(flour(box=5))
        told = (("bia", 2, 2), ("caio", 1, 1))
        for who, quantity, tolerance in (told[first], told[second]):
            buyers.wants(who, quantity, tolerance)
        buyers.close()
        lines = {buyers.group.book.members[name].handle: line.ordered[0] for name, line in buyers.cycle.lines.items()}
        assert lines == {"bia": 3, "caio": 2}, "and not 4 and 1"


def by_hand(total: int, weights: dict[str, int], seed: bytes) -> dict[str, int]:
    """Return a largest remainder found by trying all ways to give the odd units."""
    whole = sum(weights.values())
    floors = {name: total * weight // whole for name, weight in weights.items()} if whole else dict(weights)
    odd = total - sum(floors.values())
    best: tuple[Any, dict[str, int]] | None = None
    for extra in product((0, 1), repeat=len(weights)):
        if sum(extra) != odd:
            continue
        names = sorted(weights)
        chosen = [name for name, more in zip(names, extra, strict=True) if more]
        rank = sorted((-(total * weights[name] % whole), _lot(seed, name.encode())) for name in chosen)
        key = (sum(one for one, _ in rank), sorted(lot for _, lot in rank))
        if best is None or key < best[0]:
            best = key, {name: floors[name] + more for name, more in zip(names, extra, strict=True)}
    assert best is not None
    return best[1]


def test_shares_are_those_of_a_largest_remainder_by_brute_force_in_all_small_cases() -> None:
    tried = 0
    for box in range(1, 6):
        for wants in product(range(4), repeat=3):
            for tolerances in product(range(3), repeat=3):
                named = dict(zip("abc", wants, strict=True))
                more = dict(zip("abc", tolerances, strict=True))
                fill, wanted, seed = boxes_filled(box, named, more, b"cycle"), sum(wants), b"cycle"
                rest = wanted % box
                full = wanted // box + (rest > 0 and rest + sum(tolerances) >= box)
                assert fill.boxes == full and sum(fill.got.values()) == full * box
                assert all(fill.got[name] <= named[name] + more[name] for name in named)
                if full * box > wanted:
                    extra = by_hand(full * box - wanted, more, seed)
                    assert fill.got == {name: named[name] + extra[name] for name in named}
                elif wanted:
                    assert fill.got == by_hand(full * box, named, seed)
                tried += 1
    assert tried == 5 * 4**3 * 3**3


# Money.


def test_a_wheel_that_weighs_more_is_paid_to_the_cent_and_the_difference_is_booked() -> None:
    families = tuple(f"family{number:02}" for number in range(15))
    buyers = Buyers(flour(name="cheese", box=15, price=hours(30_00), portion="200 g"), handles=families)
    for who in families:
        buyers.wants(who, 1)
    buyers.close()
    assert buyers.pot == 30_00 and {buyers.group.balance(who) for who in families} == {-2_00}
    shown = buyers.receive(CameTold(1, hours(30_50)))
    assert sorted(buyers.shares()) == [2_03] * 10 + [2_04] * 5
    assert {line.due.value for line in shown.lines} == {3, 4}
    buyers.settle()
    assert sorted(-buyers.group.balance(who) for who in families) == [2_03] * 10 + [2_04] * 5
    assert (buyers.pot, buyers.group.balance("rosa")) == (0, 30_50)
    lines = buyers.group.statement("family00", "family00")
    assert [one.amount.value for one in lines][:2] == [-2_00, 2_00] and lines[2].amount.value in (-2_03, -2_04)
    lots = {name: _lot(buyers.id + b"\1", name.encode()) for name in buyers.cycle.lines}
    drawn = sorted(lots, key=lots.__getitem__)[:5]
    assert {name for name, line in buyers.cycle.lines.items() if line.share_minor == 2_04} == set(drawn)
    buyers.same_elsewhere()


def test_the_referent_advances_nothing_and_the_freight_is_shared_by_what_goods_cost() -> None:
    buyers = ordering((6, 0), (6, 0), (12, 0), freight=hours(10_00))
    before = buyers.group.balance("rosa")
    buyers.close()
    assert buyers.group.balance("rosa") == before and buyers.pot == 2 * 60_00 + 10_00
    assert [line.held_minor for line in buyers.cycle.rows] == [32_50, 32_50, 65_00]
    buyers.receive()
    buyers.settle()
    assert (buyers.group.balance("rosa"), buyers.pot) == (130_00, 0)
    assert [buyers.group.balance(who) for who in FAMILIES] == [-32_50, -32_50, -65_00, 0]
    buyers.same_elsewhere()


def test_a_deposit_of_half_is_held_and_the_rest_is_due_when_it_is_settled() -> None:
    buyers = ordering((6, 0), (6, 0), deposit="50%")
    buyers.close()
    assert buyers.pot == 30_00
    buyers.receive()
    buyers.limit("bia", 20_00)
    buyers.rosa("collect", CollectGoods())
    shown = buyers.group.ask("rosa", "order-cycles.settle", SettleCycle(), buyers.name)
    assert shown.reason is BALANCE_DUE
    assert shown.figures == {"member": "bia", "due": 15_00, "available": 5_00, "missing": 10_00, "currency": "HORA"}
    buyers.limit("bia", 30_00)
    buyers.settle()
    assert [buyers.group.balance(who) for who in ("ana", "bia", "rosa")] == [-30_00, -30_00, 60_00]


def test_who_cannot_bear_it_when_it_closes_falls_out_and_boxes_are_filled_anew() -> None:
    buyers = ordering((6, 0), (6, 2), (4, 2))
    buyers.limit("caio", 5_00)
    shown = buyers.close()
    assert shown.left_out == ("caio",) and buyers.ordered() == [6, 6] and buyers.pot == 60_00
    assert buyers.group.balance("caio") == 0
    buyers.same_elsewhere()


def test_fewer_came_than_were_ordered_and_are_shared_by_what_was() -> None:
    buyers = ordering((6, 0), (3, 0), (3, 0))
    buyers.close()
    buyers.receive(CameTold(1, None, 8))
    assert buyers.got() == [4, 2, 2] and buyers.shares() == [20_00, 10_00, 10_00]
    buyers.rosa("receive", ReceiveBoxes())
    assert buyers.got() == [6, 3, 3], "told again, it takes the place of before"
    buyers.settle()
    assert buyers.group.balance("ana") == -30_00


def test_it_closes_by_itself_at_its_hour_and_goes_on_without_a_full_box_to_be_cancelled() -> None:
    buyers = ordering((5, 1))
    buyers.group.pass_time(buyers.cycle.said.closes_ms - 1)
    assert buyers.cycle.state == "open"
    buyers.group.pass_time(buyers.cycle.said.closes_ms)
    assert buyers.cycle.state == "closed" and buyers.pot == 0
    assert buyers.group.refusal("rosa", "order-cycles.order", OrderBoxes(), buyers.name) is STATE_CONFLICT
    assert buyers.rosa("cancel", CancelCycle()).state == "cancelled"


def test_what_is_cancelled_gives_back_what_was_held() -> None:
    buyers = ordering((12, 0))
    buyers.close()
    assert buyers.group.balance("ana") == -60_00
    buyers.rosa("order", OrderBoxes())
    buyers.rosa("cancel", CancelCycle())
    assert (buyers.group.balance("ana"), buyers.pot) == (0, 0)
    assert buyers.group.refusal("rosa", "order-cycles.cancel", CancelCycle(), buyers.name) is STATE_CONFLICT
    buyers.same_elsewhere()


# What nobody collects.


@pytest.mark.parametrize("decided", ["charged", "commons"])
def test_goods_that_nobody_collects(decided: str) -> None:
    buyers = Buyers(flour(box=6))
    if decided == "commons":
        buyers.decide("purchasing.uncollected", decided)
        assert buyers.group.book.parameter(UNCOLLECTED) == decided
        buyers.open(flour(box=6))
    buyers.wants("ana", 3)
    buyers.wants("bia", 3)
    buyers.close()
    buyers.receive()
    buyers.rosa("collect", CollectGoods(("ana",)))
    assert buyers.group.refusal("rosa", "order-cycles.settle", SettleCycle(), buyers.name) is NOT_COLLECTED
    buyers.group.now = (buyers.cycle.collect_until_ms or 0) - 1
    assert buyers.group.refusal("rosa", "order-cycles.settle", SettleCycle(), buyers.name) is NOT_COLLECTED
    buyers.group.now += 1
    buyers.rosa("settle", SettleCycle())
    paid = {"charged": (-30_00, 0), "commons": (0, -30_00)}[decided]
    assert (buyers.group.balance("bia"), buyers.group.balance("commons")) == paid
    assert (buyers.group.balance("ana"), buyers.group.balance("rosa")) == (-30_00, 60_00)
    buyers.same_elsewhere()


# Handed over, spoilt, helped.


def test_portions_are_handed_over_and_what_is_held_goes_with_them() -> None:
    buyers = ordering((6, 0), (6, 0))
    buyers.close()
    caio, bia = (buyers.group.member(one).id for one in ("caio", "bia"))
    assert refused(buyers, "caio", "take", TakePortions(buyers.id, 1, 2, bia)) is PORTIONS_SHORT
    buyers.by("bia", "give", GivePortions(buyers.id, 1, 2, caio))
    assert refused(buyers, "caio", "take", TakePortions(buyers.id, 1, 3, bia)) is PORTIONS_SHORT
    assert buyers.group.balance("caio") == 0
    buyers.by("caio", "take", TakePortions(buyers.id, 1, 2, bia))
    assert buyers.ordered() == [6, 4, 2]
    assert [buyers.group.balance(one) for one in ("bia", "caio")] == [-20_00, -10_00]
    assert refused(buyers, "caio", "take", TakePortions(buyers.id, 1, 1, bia)) is PORTIONS_SHORT
    buyers.receive()
    buyers.settle()
    assert [buyers.group.balance(one) for one in ("ana", "bia", "caio")] == [-30_00, -20_00, -10_00]
    buyers.same_elsewhere()


def test_who_takes_portions_has_to_be_able_to_bear_it() -> None:
    buyers = ordering((6, 0), (6, 0))
    buyers.close()
    caio, ana = (buyers.group.member(one).id for one in ("caio", "ana"))
    buyers.by("ana", "give", GivePortions(buyers.id, 1, 2, caio))
    buyers.limit("caio", 9_99)
    assert refused(buyers, "caio", "take", TakePortions(buyers.id, 1, 2, ana)) is LIMIT_EXCEEDED


def test_spoilt_goods_are_claimed_and_whoever_is_paid_for_them_decides() -> None:
    buyers = ordering((6, 0), (6, 0), payee="dora")
    buyers.close()
    buyers.receive()
    assert refused(buyers, "ana", "claim", ClaimSpoilt(1, 7)) is PORTIONS_SHORT
    buyers.by("ana", "claim", ClaimSpoilt(1, 2))
    buyers.by("bia", "claim", ClaimSpoilt(1, 1))
    buyers.rosa("collect", CollectGoods())
    assert buyers.group.refusal("rosa", "order-cycles.settle", SettleCycle(), buyers.name) is STATE_CONFLICT
    assert refused(buyers, "rosa", "decide", DecideClaim("ana", 1)) is FORBIDDEN
    buyers.by("dora", "decide", DecideClaim("ana", 1))
    buyers.by("dora", "decide", DecideClaim("bia", 1, accepted=False))
    assert refused(buyers, "ana", "claim", ClaimSpoilt(1, 3)) is STATE_CONFLICT
    assert refused(buyers, "dora", "decide", DecideClaim("ana", 1)) is STATE_CONFLICT
    assert refused(buyers, "dora", "decide", DecideClaim("caio", 1)) is NOT_FOUND
    shown = buyers.rosa("settle", SettleCycle())
    assert [(one.portions[0].spoilt, one.portions[0].claim) for one in shown.lines] == [
        (2, "accepted"),
        (1, "declined"),
    ]
    assert [buyers.group.balance(one) for one in ("ana", "bia", "dora")] == [-20_00, -30_00, 50_00]
    buyers.same_elsewhere()


def test_members_help_when_goods_are_handed_out() -> None:
    buyers = ordering((12, 0), hands=1)
    assert buyers.by("bia", "help", HelpOut()).hands == ("bia",)
    assert refused(buyers, "bia", "help", HelpOut()) is DUPLICATE
    assert refused(buyers, "caio", "help", HelpOut()) is STATE_CONFLICT
    buyers.close()
    buyers.receive()
    assert refused(buyers, "caio", "collect", CollectGoods(("ana",))) is FORBIDDEN
    assert buyers.by("bia", "collect", CollectGoods(("ana",))).lines[0].collected
    assert buyers.by("bia", "help", HelpOut(helps=False)).hands == ()


# Terms.


def test_what_was_told_when_it_was_opened_is_the_most_that_is_paid() -> None:
    buyers = ordering((12, 0), freight=hours(5_00), over="5%")
    buyers.close()
    buyers.rosa("order", OrderBoxes())
    for items, freight in (((CameTold(1, hours(63_01)),), None), ((), hours(5_01))):
        shown = buyers.group.ask("rosa", "order-cycles.receive", ReceiveBoxes(items, freight), buyers.name)
        assert shown.reason is COST_ABOVE_ORDER
    more = ReceiveBoxes((CameTold(1, None, 13),))
    assert buyers.group.refusal("rosa", "order-cycles.receive", more, buyers.name) is PORTIONS_SHORT
    unknown = ReceiveBoxes((CameTold(2),))
    assert buyers.group.refusal("rosa", "order-cycles.receive", unknown, buyers.name) is ITEM_UNKNOWN
    for wrong in (ReceiveBoxes((CameTold(1, hours(-1)),)), ReceiveBoxes((), hours(-1))):
        assert buyers.group.refusal("rosa", "order-cycles.receive", wrong, buyers.name) is MALFORMED
    buyers.rosa("receive", ReceiveBoxes((CameTold(1, hours(63_00)),), hours(5_00)))
    buyers.settle()
    assert buyers.group.balance("ana") == -68_00


def test_the_id_follows_from_the_terms_so_that_who_signs_it_signs_the_prices() -> None:
    buyers = ordering()
    terms = buyers.cycle.said
    assert buyers.group.check(replace(terms, freight=1)) is MALFORMED
    assert buyers.group.check(terms) is DUPLICATE
    other = replace(terms, salt=bytes(16))
    assert buyers.group.check(replace(other, cycle=cycle_id(other))) is None


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"currency": "NADA"}, CURRENCY_UNKNOWN),
        ({"title": "  "}, MALFORMED),
        ({"items": ()}, MALFORMED),
        ({"items": (flour(name=" "),)}, MALFORMED),
        ({"items": (flour(price=hours(2**41)),)}, MALFORMED),
        ({"freight": hours(-1)}, MALFORMED),
        ({"deposit": "half"}, MALFORMED),
        ({"over": "101%"}, MALFORMED),
        ({"closes_at": 1}, MALFORMED),
        ({"payee": "nobody"}, MEMBER_UNKNOWN),
        ({"referent": "bia"}, FORBIDDEN),
    ],
)
def test_terms_that_cannot_be_read_open_nothing(changed: dict[str, Any], reason: Reason) -> None:
    buyers = ordering()
    wish = OpenCycleOfOrders("Flour", "HORA", (flour(),), buyers.group.now + DAY_MS)
    assert buyers.group.refusal("rosa", "order-cycles.open", replace(wish, **changed)) is reason


def test_what_cannot_be_ordered() -> None:
    buyers = ordering()
    for lines, reason in (
        ((PortionsWanted(2, 1),), ITEM_UNKNOWN),
        ((PortionsWanted(1, 1), PortionsWanted(1, 1)), MALFORMED),
        ((PortionsWanted(1, 0),), MALFORMED),
        ((PortionsWanted(1, 181),), LIMIT_EXCEEDED),
    ):
        assert refused(buyers, "bia", "join", JoinCycle(buyers.id, lines)) is reason, lines
    line = (PortionsWanted(1, 1),)
    word = JoinCycle(buyers.id, line, "ana")
    assert buyers.group.refusal("bia", "order-cycles.join", word, buyers.name) is FORBIDDEN
    assert buyers.group.check(PurchaseJoined(None, replace(word, member=buyers.group.member("ana").id))) is FORBIDDEN
    assert buyers.group.check(PurchaseJoined(None, replace(word, member="X" * 16))) is MEMBER_UNKNOWN
    assert buyers.group.check(PurchaseJoined(None, JoinCycle(bytes(16), line, "X" * 16))) is NOT_FOUND
    buyers.wants("bia", 3)
    assert buyers.by("bia", "join", JoinCycle(buyers.id, ())).members == 0, "who orders nothing is out again"
    buyers.group.do("steward", "members.suspend", Suspend(), "bia")
    assert refused(buyers, "bia", "join", JoinCycle(buyers.id, line)) is MEMBER_NOT_ACTIVE
    buyers.close()
    assert refused(buyers, "caio", "join", JoinCycle(buyers.id, line)) is STATE_CONFLICT


def test_what_no_node_takes() -> None:
    buyers = ordering((12, 0), (12, 0), hands=1)
    group, cycle, nobody = buyers.group, buyers.id, "X" * 16
    ana, bia, caio = (group.member(one).id for one in ("ana", "bia", "caio"))

    def check(body: Any) -> Reason | None:
        return group.check(body)

    terms = buyers.cycle.said

    def other(**changed: Any) -> PurchaseOpened:
        told = replace(terms, salt=bytes(16), **changed)
        return replace(told, cycle=cycle_id(told))

    assert check(other(currency="NADA")) is CURRENCY_UNKNOWN
    assert check(other(items=())) is MALFORMED
    assert check(other(referent=nobody)) is MEMBER_UNKNOWN
    assert check(other(payee=nobody)) is MEMBER_UNKNOWN
    assert check(other(to_commons=True)) is STATE_CONFLICT, "the group has decided otherwise"
    assert check(PurchaseClosed(bytes(16), ())) is NOT_FOUND
    assert check(PurchaseOrdered(cycle)) is STATE_CONFLICT
    assert check(PurchaseClosed(cycle, (caio,))) is MALFORMED
    assert check(PurchaseClosed(cycle, (ana, ana))) is MALFORMED
    assert check(ShiftTaken(cycle, nobody, helps=True)) is MEMBER_UNKNOWN
    group.do("steward", "members.suspend", Suspend(), "bia")
    assert check(PurchaseClosed(cycle, ())) is MEMBER_NOT_ACTIVE
    assert check(ShiftTaken(cycle, bia, helps=True)) is MEMBER_NOT_ACTIVE
    assert check(other(referent=bia)) is MEMBER_NOT_ACTIVE
    assert check(PurchaseClosed(cycle, (bia,))) is None
    buyers.close()
    assert buyers.cycle.left_out == (bia,)
    word = GivePortions(cycle, 1, 1, nobody)
    assert refused(buyers, "ana", "give", word) is MEMBER_UNKNOWN
    assert refused(buyers, "ana", "give", replace(word, receiver=ana)) is SAME_ACCOUNT
    assert refused(buyers, "ana", "give", replace(word, receiver=caio, item=2)) is ITEM_UNKNOWN
    assert refused(buyers, "ana", "give", replace(word, receiver=caio, quantity=13)) is PORTIONS_SHORT
    assert refused(buyers, "caio", "take", TakePortions(cycle, 1, 1, nobody)) is MEMBER_UNKNOWN
    assert refused(buyers, "caio", "take", TakePortions(cycle, 2, 1, ana)) is ITEM_UNKNOWN
    buyers.rosa("order", OrderBoxes())
    assert check(PurchaseReceived(cycle, (), 0)) is MALFORMED
    assert check(PurchaseReceived(cycle, (ReceivedItem(13, 0),), 0)) is PORTIONS_SHORT
    assert check(PurchaseReceived(cycle, (ReceivedItem(12, 66_01),), 0)) is COST_ABOVE_ORDER
    assert check(PurchaseReceived(cycle, (ReceivedItem(12, 66_00),), 0)) is None
    assert check(PurchaseReceived(cycle, (ReceivedItem(12, 66_00),), 1)) is COST_ABOVE_ORDER
    buyers.rosa("receive", ReceiveBoxes())
    assert check(PurchaseCollected(cycle, ())) is MALFORMED
    assert check(PurchaseCollected(cycle, (caio,))) is MEMBER_UNKNOWN
    assert check(SpoiltClaimed(cycle, caio, 1, 1)) is MEMBER_UNKNOWN
    assert check(SpoiltClaimed(cycle, ana, 2, 1)) is ITEM_UNKNOWN
    assert check(SpoiltDecided(cycle, ana, 1, accepted=True)) is NOT_FOUND
    assert check(PurchaseSettled(cycle)) is NOT_COLLECTED
    buyers.rosa("collect", CollectGoods())
    assert check(PurchaseCollected(cycle, (ana,))) is DUPLICATE
    assert check(PurchaseSettled(cycle)) is None


def test_who_has_no_account_in_the_currency_neither_opens_nor_orders() -> None:
    buyers = ordering()
    group = buyers.group
    group.currency("SOL")
    wish = OpenCycleOfOrders("Oil", "SOL", (flour(price=replace(hours(1_00), asset_code="SOL")),), group.now + DAY_MS)
    assert group.refusal("rosa", "order-cycles.open", wish) is ACCOUNT_UNKNOWN
    group.do("steward", "members.approve", Approve("SOL"), "rosa")
    assert group.do("rosa", "order-cycles.open", wish).title == "Oil"
    listed: Any = group.list("rosa", "order-cycles.list", CyclesWanted())
    said = group.book.rows(CYCLES)[parse_uuid(listed[-1].id) or b""].said
    bia = group.member("bia").id
    word = PurchaseJoined(None, JoinCycle(said.cycle, (PortionsWanted(1, 1),), bia))
    assert group.check(word) is ACCOUNT_UNKNOWN
    group.do("steward", "currencies.close", CloseCurrency(), "SOL")
    assert group.refusal("rosa", "order-cycles.open", wish) is CURRENCY_CLOSED


def test_opening_a_cycle_asks_no_store_for_the_id_that_it_has_just_drawn() -> None:
    buyers = ordering()
    group = buyers.group
    group.book.rows(CYCLES).left = 1  # one was settled long ago, and stands in the store alone
    wish = OpenCycleOfOrders("Oil", "HORA", (flour(),), group.now + DAY_MS)
    assert group.do("rosa", "order-cycles.open", wish).title == "Oil"


def test_only_who_sees_to_it_closes_orders_receives_and_settles() -> None:
    buyers = ordering((12, 0))
    for verb, wish in (
        ("close", CloseCycle()),
        ("order", OrderBoxes()),
        ("receive", ReceiveBoxes()),
        ("collect", CollectGoods()),
        ("settle", SettleCycle()),
        ("cancel", CancelCycle()),
    ):
        assert refused(buyers, "bia", verb, wish) is FORBIDDEN, verb
        assert buyers.group.refusal("bia", f"order-cycles.{verb}", wish, "nothing") is NOT_FOUND


def test_a_members_key_signs_what_it_orders_and_no_other_key_does() -> None:
    buyers = ordering()
    wish = JoinCycle(buyers.id, (PortionsWanted(1, 2),))
    stranger = Brought(buyers.group.sign("order-cycles.join", wish, keys_of("nobody")))
    assert buyers.group.refusal("ana", "order-cycles.join", stranger, buyers.name).code == "KEY_UNKNOWN"


# Seen.


def test_everybody_sees_how_full_boxes_are_and_only_her_own_order() -> None:
    buyers = ordering((5, 2), (4, 2))
    sees = {who: buyers.group.view(who, "order-cycles.show", buyers.name) for who in ("ana", "caio", "rosa")}
    assert {who: [line.member for line in one.lines] for who, one in sees.items()} == {
        "ana": ["ana"], "caio": [], "rosa": ["ana", "bia"],
    }  # fmt: skip
    assert sees["caio"].items[0].wanted == 9 and sees["caio"].members == 2
    assert [one.title for one in buyers.group.list("caio", "order-cycles.list", CyclesWanted())] == ["Flour in May"]  # type: ignore[union-attr]
    settled = CyclesWanted(buyers.cycle.state.SETTLED)
    assert buyers.group.list("caio", "order-cycles.list", settled) == []


def errands(buyers: Buyers, who: str, span: ErrandSpan) -> list[str]:
    found = buyers.group.list(who, "errands.list", ErrandsWanted(span))
    assert not isinstance(found, Refused)
    return [one.verb for one in found if one.verb.startswith("order-cycles")]


def test_what_waits_is_told_step_by_step() -> None:
    buyers = ordering((12, 0), hands=1)
    assert errands(buyers, "bia", ErrandSpan.TODAY) == []
    buyers.group.now = buyers.cycle.said.closes_ms - DAY_MS
    assert errands(buyers, "bia", ErrandSpan.TODAY) == ["order-cycles.join"]
    assert errands(buyers, "ana", ErrandSpan.TODAY) == []
    assert errands(buyers, "steward", ErrandSpan.WEEK) == ["order-cycles.show"]
    buyers.close()
    assert errands(buyers, "rosa", ErrandSpan.TODAY) == ["order-cycles.order"]
    assert errands(buyers, "steward", ErrandSpan.WEEK) == ["order-cycles.help"]
    buyers.by("ana", "give", GivePortions(buyers.id, 1, 1, buyers.group.member("bia").id))
    assert errands(buyers, "bia", ErrandSpan.TODAY) == ["order-cycles.take"]
    buyers.rosa("order", OrderBoxes())
    assert errands(buyers, "rosa", ErrandSpan.TODAY) == ["order-cycles.receive"]
    buyers.rosa("receive", ReceiveBoxes())
    assert errands(buyers, "ana", ErrandSpan.TODAY) == ["order-cycles.show"]
    buyers.by("ana", "claim", ClaimSpoilt(1, 1))
    assert errands(buyers, "rosa", ErrandSpan.TODAY) == ["order-cycles.decide"]
    buyers.rosa("decide", DecideClaim("ana", 1, accepted=False))
    buyers.group.now = buyers.cycle.collect_until_ms or 0
    assert errands(buyers, "rosa", ErrandSpan.TODAY) == ["order-cycles.settle"]
    assert errands(buyers, "steward", ErrandSpan.WEEK) == ["order-cycles.settle", "order-cycles.help"]
    buyers.rosa("settle", SettleCycle())
    assert errands(buyers, "rosa", ErrandSpan.TODAY) == errands(buyers, "steward", ErrandSpan.WEEK) == []


def test_without_a_full_box_the_referent_is_told_to_cancel() -> None:
    buyers = ordering((5, 1))
    buyers.close()
    assert errands(buyers, "rosa", ErrandSpan.TODAY) == ["order-cycles.cancel"]


def sheet(buyers: Buyers) -> PickUpShown:
    shown = view_pick_up(buyers.group.desk(buyers.group.actor("rosa")), PickUpWanted(buyers.id))
    assert isinstance(shown, PickUpShown)
    return shown


def test_the_pick_up_sheet_is_printed_and_kept_as_a_table() -> None:
    buyers = ordering((8, 0), (4, 0), freight=hours(6_00))
    wanted = PickUpWanted(buyers.id)
    for who, asked, reason in (("bia", wanted, FORBIDDEN), ("steward", PickUpWanted(bytes(16)), NOT_FOUND)):
        shown = view_pick_up(buyers.group.desk(buyers.group.actor(who)), asked)
        assert isinstance(shown, Refused) and shown.reason is reason
    buyers.close()
    early = page_of_pick_up(sheet(buyers))
    assert "the goods have not come" in early and "<td>ana<td>8" in early
    buyers.receive()
    buyers.rosa("collect", CollectGoods(("ana",)))
    shown = sheet(buyers)
    page = page_of_pick_up(shown)
    assert PICK_UP_STYLE in page and "<th>flour (1 kg)" in page and "collect until 20" in page
    assert "<td>ana ✓<td>8<td>4.00<td>44.00<td>44.00<td>0.00" in page
    assert "<td>together<td>12<td>6.00<td>66.00<td>66.00<td>0.00" in page
    assert csv_of_pick_up(shown) == (
        "member,flour (1 kg),freight,to pay,held,due,collected\r\n"
        "ana,8,4.00,44.00,44.00,0.00,yes\r\nbia,4,2.00,22.00,22.00,0.00,no\r\n"
    )


def test_a_hostile_title_stays_text_on_the_sheet() -> None:
    buyers = Buyers(flour(name="<b>flour"))
    shown = sheet(buyers)
    assert "&lt;b&gt;flour" in page_of_pick_up(shown) and "<b>" not in page_of_pick_up(shown)


def test_all_concerned_hear_of_it() -> None:
    buyers = ordering((12, 0))
    buyers.close()
    told = [one for one in buyers.group.news if one.type.startswith("order-cycle")]
    ana, rosa = (buyers.group.member(one).id for one in ("ana", "rosa"))
    assert [one.type for one in told] == ["order-cycle.opened", "order-cycle.joined", "order-cycle.closed"]
    assert told[1].audience == (rosa, ana) and told[2].audience == (rosa, ana)
    assert set(told[0].audience) == set(buyers.group.book.members)
