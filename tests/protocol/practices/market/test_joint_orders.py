# SPDX-License-Identifier: AGPL-3.0-or-later
"""Joint orders: three networks buy by the box together, over links that were cut, each in its own currency."""

from dataclasses import replace
from random import Random
from typing import Any

import pytest
from simulation.groups import balance, exchange, linked
from simulation.world import World

from protocol.book.declaration import Entered
from protocol.book.money import Amount
from protocol.book.refusals import (
    DUPLICATE,
    FORBIDDEN,
    MALFORMED,
    NETWORK_UNKNOWN,
    NOT_FOUND,
    STATE_CONFLICT,
    Refused,
)
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.timezones import DAY_MS
from protocol.lanes.entry import LEDGER
from protocol.practices.between.quotes.state import AskQuote
from protocol.practices.governance.errands import ErrandSpan, ErrandsWanted
from protocol.practices.market.joint_orders.costs import joint_costs
from protocol.practices.market.joint_orders.entries import (
    JointFixed,
    JointItem,
    JointJoined,
    JointPart,
    JointTerms,
    joint_id,
)
from protocol.practices.market.joint_orders.plans import FixJoint, JoinJoint, JointItemTold, OpenJoint
from protocol.practices.market.joint_orders.refusals import JOINT_PARTS_WRONG, JOINT_STRANGER
from protocol.practices.market.joint_orders.state import JOINTS
from protocol.practices.market.joint_orders.views import JointOrdersWanted
from protocol.practices.market.purchasing.entries import JoinCycle, PortionsWanted
from protocol.practices.market.purchasing.state import CYCLES, PURCHASES, OrderCycle
from protocol.practices.market.purchasing.wishes import CancelCycle, CollectGoods, OrderBoxes, ReceiveBoxes, SettleCycle
from protocol.practices.money.payments.entries import Pay
from tests.protocol.practices.market.fair import by

FLOUR = JointItem("flour", 1_000, "KGM", 12, 60_00, 54_00, 5)
TERMS = JointTerms(bytes(16), bytes(16), "Flour", "rosa", "HORA", 2, (FLOUR,), 40_00, 15_00, 0)
NETWORKS = {"riacho": ("HORA", "rosa"), "serra": ("FLOR", "sonia"), "vale": ("SOL", "vera")}
FAMILIES = 20
WANTED = {"riacho": (26, 0), "serra": (23, 2), "vale": (14, 0)}
"""How many kg the families of a network want in all, and how much more they take."""
RATES = {"riacho": 1, "serra": 2, "vale": 1}
"""What one HORA is worth there."""


def test_two_and_two_and_one_box_cost_340_together_and_420_alone() -> None:
    boxes = {bytes([number]) * 32: (count,) for number, count in enumerate((2, 2, 1))}
    costs = joint_costs(TERMS, boxes)
    assert costs.prices == (54_00,)
    assert (costs.alone_minor, costs.together_minor) == (420_00, 340_00)
    assert [one.freight_minor for one in costs.networks.values()] == [28_00, 28_00, 14_00]
    assert [one.together_minor for one in costs.networks.values()] == [136_00, 136_00, 68_00]
    fewer = joint_costs(TERMS, dict(list(boxes.items())[:2]))
    assert (fewer.prices, fewer.together_minor, fewer.alone_minor) == ((60_00,), 295_00, 320_00)
    nobody = joint_costs(TERMS, {bytes(32): (0,)})
    assert (nobody.together_minor, nobody.alone_minor) == (0, 0)


def money(minor: int, code: str = "HORA") -> Amount:
    return Amount(minor, code, 2)


class Joint:
    """Three networks in a row, riacho in the middle, of which rosa invites; twenty families each."""

    def __init__(self, families: int = FAMILIES) -> None:
        self.world = World(17)
        for name, (code, referent) in NETWORKS.items():
            handles = [f"{name}{number:02}" for number in range(families)]
            exchange(self.world, name, code, referent, *handles, limit=2_000)
        for name in ("serra", "vale"):
            linked(self.world, "riacho", name, 5_000, rate=str(RATES[name]))
        self.world.tick(2)
        self.families = {name: [f"{name}{number:02}" for number in range(families)] for name in NETWORKS}
        flour = JointItemTold("flour", 12, money(60_00), money(54_00), 5, "1 kg")
        self.closes_ms = self.world.now + 7 * DAY_MS
        wish = OpenJoint("Flour", "HORA", (flour,), self.closes_ms, money(40_00), money(15_00))
        self.id: str = self.do("riacho", "joint-orders.open", wish).id
        self.world.tick(3)

    def referent(self, name: str) -> str:
        return NETWORKS[name][1]

    def do(self, name: str, operation: str, wish: Any, subject: str = "") -> Any:
        return self.world.granted(
            name, operation, wish, subject=subject, actor=by(self.world, name, self.referent(name))
        )

    def ask(self, name: str, operation: str, wish: Any, subject: str = "") -> Any:
        shown = self.world.ask(name, operation, wish, subject=subject, actor=by(self.world, name, self.referent(name)))
        return shown.reason if isinstance(shown, Refused) else shown

    def join(self, *names: str) -> None:
        for name in names:
            wish = JoinJoint(NETWORKS[name][0], str(RATES[name]))
            assert self.do(name, "joint-orders.join", wish, f"{self.id}@riacho").state == "joined"

    def book(self, name: str) -> Any:
        return self.world.nodes[name].replica.book

    def shown(self, name: str) -> Any:
        return self.do(name, "joint-orders.show", None, self.id)

    def cycle(self, name: str) -> OrderCycle:
        joint = self.book(name).rows(JOINTS)[parse_uuid(self.id)]
        return self.world.nodes[name].rows_of(CYCLES)[joint.said.cycle]

    def order(self, name: str, seed: int = 3) -> None:
        """Let families order what they want in all, as chance deals it out."""
        rng, (wanted, tolerance) = Random(seed), WANTED[name]
        families = self.families[name]
        dealt = {handle: [0, 0] for handle in families}
        for kind, count in ((0, wanted), (1, tolerance)):
            for _ in range(count):
                dealt[rng.choice(families)][kind] += 1
        cycle = self.cycle(name).id
        for handle, (quantity, more) in dealt.items():
            if quantity or more:
                wish = JoinCycle(cycle, (PortionsWanted(1, quantity, more),))
                actor = by(self.world, name, handle)
                self.world.granted(name, "order-cycles.join", wish, subject=uuid_text(cycle), actor=actor)

    def close(self) -> None:
        """Let the hour come at which cycles close by themselves."""
        self.world.now = self.closes_ms
        self.world.tick(4)

    def pay_part(self, name: str) -> None:
        """Let a referent pay the host what is asked, over the link."""
        networks = {one.handle: one for one in self.shown(name).networks}
        part, payer = networks[name], self.referent(name)
        quote = self.do(
            name, "quotes.create", AskQuote("rosa@riacho", part.together, payer=payer, request=part.request)
        )
        wish = Pay(
            payer=quote.payer, payee="rosa@riacho", amount=part.together, invoice=quote.invoice,
            request=parse_uuid(part.request),
        )  # fmt: skip
        self.do(name, "payments.create", wish)
        self.world.tick(3)

    def settle(self, name: str) -> None:
        cycle = uuid_text(self.cycle(name).id)
        for verb, wish in (("receive", ReceiveBoxes()), ("collect", CollectGoods()), ("settle", SettleCycle())):
            self.do(name, f"order-cycles.{verb}", wish, cycle)


def test_three_networks_order_together_over_a_cut_link_and_agree_to_the_cent() -> None:
    joint = Joint()
    world = joint.world
    listed = joint.do("serra", "joint-orders.list", JointOrdersWanted()).items
    assert [(one.title, one.state, one.handle) for one in listed] == [("Flour", None, "riacho")]
    joint.join("serra", "vale")
    assert joint.shown("serra").rate == "2 FLOR = 1 HORA"
    for name in NETWORKS:
        joint.order(name)
    world.cut("riacho", "serra")
    joint.close()
    assert [joint.cycle(name).boxes for name in NETWORKS] == [(2,), (2,), (1,)]
    assert len(joint.shown("riacho").networks) == 2, "serra is cut off, and has told nothing yet"
    world.restart("serra")
    world.join("riacho", "serra")
    world.tick(6)
    told = joint.shown("riacho")
    assert {one.handle: one.boxes for one in told.networks} == {"riacho": (2,), "serra": (2,), "vale": (1,)}
    assert (told.together.value, told.alone.value, told.saved.value) == (340_00, 420_00, 80_00)
    world.cut("riacho", "vale")
    joint.do("riacho", "joint-orders.fix", FixJoint(), joint.id)
    world.tick(4)
    assert joint.shown("serra").state == "fixed" and joint.shown("vale").state == "joined"
    world.join("riacho", "vale")
    world.tick(6)

    agreed = [
        (
            shown.state,
            shown.together,
            shown.alone,
            [(one.handle, one.boxes, one.goods, one.freight) for one in shown.networks],
        )
        for shown in map(joint.shown, NETWORKS)
    ]
    assert agreed[0] == agreed[1] == agreed[2] and agreed[0][0] == "fixed"
    assert {(one[0], one[3].value) for one in agreed[0][3]} == {("riacho", 28_00), ("serra", 28_00), ("vale", 14_00)}
    for name, dues in (("riacho", 136_00), ("serra", 272_00), ("vale", 68_00)):
        cycle, rate = joint.cycle(name), RATES[name]
        assert cycle.prices == (54_00 * rate,) and cycle.state == "ordered"
        joint.settle(name)
        settled = joint.cycle(name)
        assert sum(line.share_minor for line in settled.rows) == dues
        for line in settled.rows:
            handle = joint.book(name).members[line.member].handle
            assert balance(world, name, handle) == -line.share_minor
        assert balance(world, name, joint.referent(name)) == dues
        pot = joint.book(name).ledger.accounts[PURCHASES.of(NETWORKS[name][0])]
        assert pot.balance_minor == 0
    assert not joint.shown("riacho").paid
    for name in ("serra", "vale"):
        joint.pay_part(name)
        assert joint.shown(name).paid and balance(world, name, joint.referent(name)) == 0
    assert joint.shown("riacho").paid and balance(world, "riacho", "rosa") == 340_00
    assert world.zero_sum() and not world.drops
    assert not list(joint.book("riacho").complaints())


def test_a_network_that_is_still_cut_off_is_left_out_and_orders_alone() -> None:
    joint = Joint(families=6)
    joint.join("serra", "vale")
    for name in NETWORKS:
        joint.order(name)
    joint.world.cut("riacho", "vale")
    joint.close()
    joint.do("riacho", "joint-orders.fix", FixJoint(), joint.id)
    joint.world.join("riacho", "vale")
    joint.world.tick(6)
    shown = joint.shown("riacho")
    assert (len(shown.networks), shown.items[0].price.value, shown.together.value) == (2, 60_00, 295_00)
    assert joint.shown("vale").state == "joined"
    assert [one.verb for one in errands(joint, "vale")] == ["order-cycles.order"]
    assert joint.do("vale", "order-cycles.order", OrderBoxes(), uuid_text(joint.cycle("vale").id)).state == "ordered"
    joint.settle("vale")
    assert sum(line.share_minor for line in joint.cycle("vale").rows) == 100_00


def errands(joint: Joint, name: str) -> list[Any]:
    found = joint.do(name, "errands.list", ErrandsWanted(ErrandSpan.TODAY)).items
    return [one for one in found if one.verb.startswith(("order-cycles", "joint-orders", "quotes"))]


def test_referents_are_told_what_to_do_next() -> None:
    joint = Joint(families=4)
    joint.join("serra", "vale")
    for name in NETWORKS:
        joint.order(name)
    joint.close()
    assert [(one.verb, one.count) for one in errands(joint, "riacho")] == [("joint-orders.fix", 3)]
    week = joint.world.granted("riacho", "errands.list", ErrandsWanted(ErrandSpan.WEEK)).items
    assert "joint-orders.show" in [one.verb for one in week]
    assert errands(joint, "serra") == []
    joint.do("riacho", "joint-orders.fix", FixJoint(), joint.id)
    joint.world.tick(4)
    assert [one.verb for one in errands(joint, "riacho")] == ["order-cycles.receive"]
    found = {one.verb: one for one in errands(joint, "serra")}
    assert found["quotes.create"].figure == money(136_00) and found["quotes.create"].who == "rosa@riacho"
    joint.pay_part("serra")
    assert [one.verb for one in errands(joint, "serra")] == ["order-cycles.receive"]


def test_what_is_refused_changes_nothing() -> None:
    joint = Joint(families=2)
    wish = JoinJoint("FLOR", "2")
    assert joint.ask("serra", "joint-orders.join", wish, f"{joint.id}@nobody") is NETWORK_UNKNOWN
    assert joint.ask("serra", "joint-orders.join", wish, f"{uuid_text(bytes(16))}@riacho") is NOT_FOUND
    assert joint.ask("riacho", "joint-orders.join", JoinJoint("HORA"), joint.id) is JOINT_STRANGER
    assert joint.ask("serra", "joint-orders.join", replace(wish, rate="0"), f"{joint.id}@riacho") is MALFORMED
    assert joint.ask("serra", "joint-orders.join", replace(wish, rate="9" * 12), f"{joint.id}@riacho") is MALFORMED
    joint.join("serra")
    assert joint.ask("serra", "joint-orders.join", wish, f"{joint.id}@riacho") is DUPLICATE
    assert joint.ask("riacho", "joint-orders.fix", FixJoint(), joint.id) is STATE_CONFLICT
    assert joint.ask("riacho", "joint-orders.fix", FixJoint(), uuid_text(bytes(16))) is NOT_FOUND
    joint.close()
    assert joint.ask("serra", "joint-orders.fix", FixJoint(), joint.id) is FORBIDDEN
    family = by(joint.world, "riacho", "riacho00")
    refused = joint.world.ask("riacho", "joint-orders.fix", FixJoint(), subject=joint.id, actor=family)
    assert refused.reason is FORBIDDEN
    flour = JointItemTold("flour", 12, money(60_00), money(54_00), 5)
    fine = OpenJoint("Flour", "HORA", (flour,), joint.world.now + DAY_MS)
    for changed in (
        {"stop": money(-1)},
        {"title": " "},
        {"items": (replace(flour, volume_price=money(2**41)),)},
    ):
        assert joint.ask("riacho", "joint-orders.open", replace(fine, **changed)) is MALFORMED


def test_another_is_opened_once_one_is_over_and_has_left_memory() -> None:
    joint = Joint(families=2)
    cycle = uuid_text(joint.cycle("riacho").id)
    assert joint.do("riacho", "order-cycles.cancel", CancelCycle(), cycle).state == "cancelled"
    assert joint.book("riacho").rows(CYCLES).left == 1
    flour = JointItemTold("flour", 12, money(60_00), money(54_00), 5)
    for title in ("Rice", "Oil"):
        wish = OpenJoint(title, "HORA", (flour,), joint.world.now + DAY_MS)
        assert joint.do("riacho", "joint-orders.open", wish).title == title
    assert joint.do("riacho", "order-cycles.show", None, cycle).state == "cancelled"
    assert joint.shown("riacho").cycle == cycle


def test_a_strangers_board_counts_for_nothing() -> None:
    joint = Joint(families=2)
    exchange(joint.world, "longe", "LUA", "lia")
    joint.world.join("longe", "riacho")
    joint.world.tick(4)
    wish = JoinJoint("LUA")
    refused = joint.world.ask(
        "longe", "joint-orders.join", wish, subject=f"{joint.id}@riacho", actor=by(joint.world, "longe", "lia")
    )
    assert refused.reason is JOINT_STRANGER


OWN, OTHER = True, False


@pytest.mark.parametrize(
    ("parts", "reason"),
    [
        (((OWN, (9,)),), JOINT_PARTS_WRONG),
        (((OTHER, (0,)),), JOINT_PARTS_WRONG),
        (((OWN, (0,)), (OWN, (0,))), JOINT_PARTS_WRONG),
        (((OWN, (0,)), (OTHER, (0, 0))), JOINT_PARTS_WRONG),
        (((OWN, (0,)), (OTHER, (1,))), JOINT_PARTS_WRONG),
        (((OWN, (0,)), (OTHER, (0,))), None),
    ],
)
def test_parts_that_no_node_takes(parts: Any, reason: Any) -> None:
    joint = Joint(families=2)
    joint.close()
    names = {OWN: joint.book("riacho").network, OTHER: joint.book("serra").network}
    told = tuple(JointPart(names[whose], boxes, None) for whose, boxes in parts)
    assert checked(joint, JointFixed(parse_uuid(joint.id) or b"", told)) is reason


def checked(joint: Joint, body: Any) -> Any:
    book = joint.book("riacho")
    return book.check(Entered(body, book.network, LEDGER, 0, book.head[0] + 1, bytes(32), joint.world.now))


def test_a_cycle_takes_part_once_and_at_the_terms_that_were_told() -> None:
    joint = Joint(families=2)
    said: JointJoined = joint.book("riacho").rows(JOINTS)[parse_uuid(joint.id)].said
    assert checked(joint, said) is DUPLICATE
    other = replace(said.terms, salt=bytes(16))
    other = replace(other, joint=joint_id(other))
    assert checked(joint, replace(said, terms=other)) is DUPLICATE, "the cycle takes part in another"
    assert checked(joint, replace(said, terms=replace(other, stop=1))) is MALFORMED
    assert checked(joint, replace(said, cycle=bytes(16))) is NOT_FOUND
    assert checked(joint, JointFixed(bytes(16), ())) is NOT_FOUND
    assert checked(joint, JointFixed(said.terms.joint, ())) is STATE_CONFLICT, "the cycle is open"
