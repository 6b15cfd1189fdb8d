# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a purchasing group says to a ledger: a cycle to its end, another that is cancelled, and what nodes refuse."""

from dataclasses import replace

from riacho import DAY_MS, Riacho, hora

from protocol.book.signed import parse_uuid, uuid_text
from protocol.practices.market.joint_orders.entries import JointFixed, JointJoined, JointPart, joint_id
from protocol.practices.market.joint_orders.plans import FixJoint, JointItemTold, OpenJoint
from protocol.practices.market.purchasing.entries import (
    GivePortions,
    JoinCycle,
    PortionsGiven,
    PortionsTaken,
    PortionsWanted,
    PurchaseCancelled,
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
from protocol.practices.market.purchasing.wishes import (
    CancelCycle,
    ClaimSpoilt,
    CloseCycle,
    CollectGoods,
    DecideClaim,
    HelpOut,
    ItemTold,
    OpenCycleOfOrders,
    OrderBoxes,
    ReceiveBoxes,
    SettleCycle,
)
from protocol.practices.people.members.views import Resume, Suspend

NOTHING = bytes(16)
NOBODY = "X" * 16
FLOUR = ItemTold("flour", 12, hora(6_00), "1 kg")
OIL = ItemTold("oil", 6, hora(9_00), "500 ml")


def purchases(told: Riacho) -> None:
    """Families order flour and oil together; one box is filled up by what they tolerate."""
    for handle, has_key in (("nena", True), ("otto", False), ("pia", False), ("quim", False)):
        told.admit(handle, has_key=has_key)
    terms = OpenCycleOfOrders(
        "Flour and oil", "HORA", (FLOUR, OIL), told.world.now + 7 * DAY_MS, hora(1_00), hands=1, payee="quim"
    )
    name = told.do("order-cycles.open", terms, who="pia").id
    opening(told, name)
    ordering(told, name)
    handing_over(told, name)
    receiving(told, name)
    settled(told, name)
    cancelled(told, told.do("order-cycles.open", replace(terms, deposit="50%"), who="pia").id)
    together(told)


def opening(told: Riacho, name: str) -> None:
    """What may not be opened."""
    terms = told.said(PurchaseOpened)

    def other(**changed: object) -> PurchaseOpened:
        found = replace(terms, salt=NOTHING, **changed)  # type: ignore[arg-type]
        return replace(found, cycle=cycle_id(found))

    told.accept("another cycle", other())
    told.refuse("a cycle that there is", terms, "DUPLICATE")
    told.refuse("a cycle whose id is not that of its terms", replace(terms, freight=1), "MALFORMED")
    told.refuse("a cycle of nothing", other(items=()), "MALFORMED")
    told.refuse("a cycle whose goods are the commons'", other(to_commons=True), "STATE_CONFLICT")
    told.refuse("nobody is the referent", other(referent=NOBODY), "MEMBER_UNKNOWN")
    told.refuse("nobody is paid", other(payee=NOBODY), "MEMBER_UNKNOWN")
    told.refuse("who has left is paid", other(payee=told.id_of("tereza")), "MEMBER_NOT_ACTIVE")
    told.refuse("a cycle in no currency", other(currency="NADA"), "CURRENCY_UNKNOWN")
    told.refuse("a cycle in a currency without accounts", other(currency="SOL"), "ACCOUNT_UNKNOWN")


def word(told: Riacho, name: str, who: str, *lines: PortionsWanted) -> PurchaseJoined:
    return PurchaseJoined(None, JoinCycle(_id(name), lines, told.id_of(who)))


def ordering(told: Riacho, name: str) -> None:
    """Seventeen of twelve, and tolerance for seven more; nena signs, the others tell it."""
    cycle, line = _id(name), PortionsWanted(1, 1)
    told.refuse(
        "an order in no cycle", PurchaseJoined(None, JoinCycle(NOTHING, (line,), told.id_of("pia"))), "NOT_FOUND"
    )
    told.refuse("flour for nobody", PurchaseJoined(None, JoinCycle(cycle, (line,), NOBODY)), "MEMBER_UNKNOWN")
    told.refuse("an order by word for who has a key", word(told, name, "nena", line), "FORBIDDEN")
    told.refuse("portions by word for who left with a key", word(told, name, "tereza", line), "FORBIDDEN")
    told.refuse("an order of a third item", word(told, name, "pia", replace(line, item=3)), "ITEM_UNKNOWN")
    told.refuse("an order of one item twice", word(told, name, "pia", line, line), "MALFORMED")
    told.refuse("an order of no portions", word(told, name, "pia", PortionsWanted(1, 0)), "MALFORMED")
    told.accept("an order of what is tolerated alone", word(told, name, "pia", PortionsWanted(1, 0, 1)))
    wants = (PortionsWanted(1, 5, 3), PortionsWanted(2, 4, 0))
    told.wish("order-cycles.join", JoinCycle(cycle, wants), "nena", name)
    stranger = JoinCycle(cycle, wants, told.id_of("otto"))
    told.refuse(
        "an order that another's key signs",
        PurchaseJoined(told.sign("order-cycles.join", stranger, "nena"), None),
        "FORBIDDEN",
    )
    for who, flour, tolerance, oil in (("otto", 6, 2, 4), ("pia", 6, 2, 2), ("quim", 1, 0, 0)):
        lines = (PortionsWanted(1, flour, tolerance), *((PortionsWanted(2, oil),) if oil else ()))
        told.do("order-cycles.join", JoinCycle(cycle, lines), name, who)
    told.do("order-cycles.join", JoinCycle(cycle, ()), name, "quim")
    nena, pia = told.id_of("nena"), told.id_of("pia")
    told.refuse("no cycle is closed", PurchaseClosed(NOTHING, ()), "NOT_FOUND")
    told.refuse("a cycle closed without who orders nothing", PurchaseClosed(cycle, (NOBODY,)), "MALFORMED")
    told.refuse("a cycle closed without one twice", PurchaseClosed(cycle, (nena, nena)), "MALFORMED")
    told.refuse("an open cycle is ordered", PurchaseOrdered(cycle), "STATE_CONFLICT")
    told.do("members.suspend", Suspend(), "otto")
    told.refuse("who is suspended orders", PurchaseClosed(cycle, ()), "MEMBER_NOT_ACTIVE")
    told.refuse("who is suspended helps", ShiftTaken(cycle, told.id_of("otto"), helps=True), "MEMBER_NOT_ACTIVE")
    told.do("members.resume", Resume(), "otto")
    told.refuse("nobody helps", ShiftTaken(cycle, NOBODY, helps=True), "MEMBER_UNKNOWN")
    told.refuse("who does not help helps no more", ShiftTaken(cycle, pia, helps=False), "DUPLICATE")
    told.do("order-cycles.help", HelpOut(), name, "pia")
    told.refuse("who helps twice", ShiftTaken(cycle, pia, helps=True), "DUPLICATE")
    told.refuse("one hand too many", ShiftTaken(cycle, nena, helps=True), "STATE_CONFLICT")
    told.do("order-cycles.close", CloseCycle(), name, "pia")
    told.refuse("an order in a closed cycle", word(told, name, "pia", line), "STATE_CONFLICT")
    told.refuse("a closed cycle is closed", PurchaseClosed(cycle, ()), "STATE_CONFLICT")


def handing_over(told: Riacho, name: str) -> None:
    """Nena hands portions to quim, who takes them."""
    cycle, nena, quim, pia = _id(name), told.id_of("nena"), told.id_of("quim"), told.id_of("pia")

    def given(receiver: str, quantity: int = 1, item: int = 1, of: bytes = cycle) -> PortionsGiven:
        return PortionsGiven(None, GivePortions(of, item, quantity, receiver, pia))

    told.refuse("portions of no cycle", given(quim, of=NOTHING), "NOT_FOUND")
    told.refuse("portions for nobody", given(NOBODY), "MEMBER_UNKNOWN")
    told.refuse("portions for oneself", given(pia), "SAME_ACCOUNT")
    told.refuse("portions of a third item", given(quim, item=3), "ITEM_UNKNOWN")
    fall = told.world.nodes["riacho"].replica.book.tables["order-cycles"][cycle].lines[pia].ordered[0]
    told.accept("all portions are handed over", given(quim, fall))
    told.refuse("more portions than there are", given(quim, fall + 1), "PORTIONS_SHORT")
    told.wish("order-cycles.give", GivePortions(cycle, 1, 2, quim), "nena", name)

    def taken(quantity: int, giver: str = nena, item: int = 1, of: bytes = cycle) -> PortionsTaken:
        return PortionsTaken(None, TakePortions(of, item, quantity, giver, quim))

    told.refuse("taken of no cycle", taken(1, of=NOTHING), "NOT_FOUND")
    told.refuse("taken of nobody", taken(1, NOBODY), "MEMBER_UNKNOWN")
    told.refuse("taken of a third item", taken(1, item=3), "ITEM_UNKNOWN")
    told.refuse("taken of who hands nothing over", taken(1, pia), "PORTIONS_SHORT")
    told.refuse("one more is taken than is handed over", taken(3), "PORTIONS_SHORT")
    told.accept("all that is handed over is taken", taken(2))
    told.do("order-cycles.take", TakePortions(cycle, 1, 2, "nena"), name, "quim")
    told.refuse("goods of what was not ordered", PurchaseReceived(cycle, (), 0), "STATE_CONFLICT")
    told.do("order-cycles.order", OrderBoxes(), name, "pia")


def receiving(told: Riacho, name: str) -> None:
    """All flour came, and one box of two of oil; some of it was spoilt."""
    cycle, nena, quim = _id(name), told.id_of("nena"), told.id_of("quim")
    flour, oil = ReceivedItem(24, 12_00), ReceivedItem(6, 9_00)
    told.refuse("the goods of no cycle", PurchaseReceived(NOTHING, (flour, oil), 1_00), "NOT_FOUND")
    told.refuse("the goods of one item", PurchaseReceived(cycle, (flour,), 1_00), "MALFORMED")
    told.accept("a receipt a tenth higher", PurchaseReceived(cycle, (replace(flour, bill=13_20), oil), 1_00))
    for what, items, freight, code in (
        ("one portion more than was ordered", (replace(flour, portions=25), oil), 1_00, "PORTIONS_SHORT"),
        ("a cent more than a tenth higher", (replace(flour, bill=13_21), oil), 1_00, "COST_ABOVE_ORDER"),
        ("a cent more freight", (flour, oil), 1_01, "COST_ABOVE_ORDER"),
    ):
        told.refuse(what, PurchaseReceived(cycle, items, freight), code)
    told.do("order-cycles.receive", ReceiveBoxes(), name, "pia")
    told.refuse("who orders nothing has collected", PurchaseCollected(cycle, (NOBODY,)), "MEMBER_UNKNOWN")
    told.refuse("nobody has collected", PurchaseCollected(cycle, ()), "MALFORMED")
    told.refuse("who orders nothing claims", SpoiltClaimed(cycle, NOBODY, 1, 1), "MEMBER_UNKNOWN")
    told.refuse("spoilt goods of a third item", SpoiltClaimed(cycle, nena, 3, 1), "ITEM_UNKNOWN")
    got = told.world.nodes["riacho"].replica.book.tables["order-cycles"][cycle].lines[nena].got[0]
    told.accept("all of it was spoilt", SpoiltClaimed(cycle, nena, 1, got))
    told.refuse("more was spoilt than came", SpoiltClaimed(cycle, nena, 1, got + 1), "PORTIONS_SHORT")
    told.refuse("a claim that nobody makes", SpoiltDecided(cycle, nena, 1, accepted=True), "NOT_FOUND")
    told.do("order-cycles.claim", ClaimSpoilt(1, 1), name, "nena")
    told.do("order-cycles.collect", CollectGoods(("nena", "otto", "quim")), name, "pia")
    told.refuse("who has collected collects", PurchaseCollected(cycle, (nena,)), "DUPLICATE")
    told.refuse("a cycle whose claim waits is settled", PurchaseSettled(cycle), "STATE_CONFLICT")
    told.do("order-cycles.decide", DecideClaim("nena", 1), name, "quim")
    told.refuse("a claim that was decided is made anew", SpoiltClaimed(cycle, nena, 1, 2), "STATE_CONFLICT")
    told.refuse("a claim decided twice", SpoiltDecided(cycle, nena, 1, accepted=True), "STATE_CONFLICT")
    told.refuse("no claim of a cycle", SpoiltDecided(NOTHING, quim, 1, accepted=True), "NOT_FOUND")


def settled(told: Riacho, name: str) -> None:
    """Pia has not collected when it is over."""
    cycle = _id(name)
    book = told.world.nodes["riacho"].replica.book
    until_ms = book.tables["order-cycles"][cycle].collect_until_ms
    told.refuse("a cycle is settled before its days are over", PurchaseSettled(cycle), "NOT_COLLECTED", until_ms - 1)
    told.accept("a cycle is settled when its days are over", PurchaseSettled(cycle), until_ms)
    told.refuse("goods that came are cancelled", PurchaseCancelled(cycle), "STATE_CONFLICT")
    told.do("order-cycles.collect", CollectGoods(), name, "pia")
    told.do("order-cycles.settle", SettleCycle(), name, "pia")
    told.refuse("a cycle settled twice", PurchaseSettled(cycle), "STATE_CONFLICT")
    told.refuse("no cycle is settled", PurchaseSettled(NOTHING), "NOT_FOUND")


def cancelled(told: Riacho, name: str) -> None:
    """A cycle of which no box is full, and nothing is ordered."""
    cycle = _id(name)
    told.do("order-cycles.join", JoinCycle(cycle, (PortionsWanted(1, 12),)), name, "otto")
    told.do("order-cycles.close", CloseCycle(), name, "pia")
    told.refuse("no cycle is cancelled", PurchaseCancelled(NOTHING), "NOT_FOUND")
    told.refuse("no cycle is ordered", PurchaseOrdered(NOTHING), "NOT_FOUND")
    told.do("order-cycles.cancel", CancelCycle(), name, "pia")
    told.refuse("a cancelled cycle is ordered", PurchaseOrdered(cycle), "STATE_CONFLICT")
    told.refuse("a cancelled cycle is cancelled", PurchaseCancelled(cycle), "STATE_CONFLICT")


def together(told: Riacho) -> None:
    """Riacho invites other networks, none joins, and it buys its boxes at the price for one."""
    oil = JointItemTold("oil", 6, hora(9_00), hora(8_00), 2, "500 ml")
    terms = OpenJoint("Oil together", "HORA", (oil,), told.world.now + 7 * DAY_MS, hora(1_00), hora(50))
    name = told.do("joint-orders.open", terms, who="pia").id
    said, own, other = told.said(JointJoined), told.network, bytes(32)
    told.refuse("a joint order that there is", said, "DUPLICATE")
    new = replace(said.terms, salt=NOTHING)
    new = replace(new, joint=joint_id(new))
    told.refuse("a cycle that takes part in another", replace(said, terms=new), "DUPLICATE")
    told.refuse(
        "a joint order whose id is not that of its terms", replace(said, terms=replace(new, stop=1)), "MALFORMED"
    )
    told.refuse("a joint order in which no cycle takes part", replace(said, cycle=NOTHING), "NOT_FOUND")
    dearer = told.do("order-cycles.open", OpenCycleOfOrders("Oil", "HORA", (OIL,), terms.closes_at), who="pia").id
    told.refuse("a cycle at other terms", replace(said, terms=new, cycle=_id(dearer)), "MALFORMED")
    fixed = JointFixed(said.terms.joint, (JointPart(own, (1,), None),))
    told.refuse("no joint order is fixed", replace(fixed, joint=NOTHING), "NOT_FOUND")
    told.refuse("a joint order is fixed before it closes", fixed, "STATE_CONFLICT")
    cycle = uuid_text(said.cycle)
    told.do("order-cycles.join", JoinCycle(said.cycle, (PortionsWanted(1, 6),)), cycle, "otto")
    told.do("order-cycles.close", CloseCycle(), cycle, "pia")
    for what, parts in (
        ("parts without ours", (JointPart(other, (1,), None),)),
        ("parts with another of ours", (JointPart(own, (2,), None),)),
        ("parts with one network twice", (*fixed.parts, *fixed.parts)),
        ("parts of another item", (*fixed.parts, JointPart(other, (0, 0), None))),
        ("parts that nobody is asked for", (*fixed.parts, JointPart(other, (1,), None))),
    ):
        told.refuse(what, replace(fixed, parts=parts), "JOINT_PARTS_WRONG")
    told.do("joint-orders.fix", FixJoint(), name, "pia")
    told.refuse("a joint order fixed twice", told.said(JointFixed), "STATE_CONFLICT")


def _id(name: str) -> bytes:
    found = parse_uuid(name)
    assert found is not None
    return found
