# SPDX-License-Identifier: AGPL-3.0-or-later
"""Families who order together, for stories at a desk: ana with a key of her own, the others by their word."""

from dataclasses import replace
from typing import Any

from protocol.book.money import Amount
from protocol.book.signed import parse_uuid
from protocol.book.wishes import Brought
from protocol.practices.governance.motions.entries import Ballot, Vote
from protocol.practices.governance.parameters import SetParameter
from protocol.practices.market.purchasing.entries import (
    GivePortions,
    JoinCycle,
    PortionsGiven,
    PortionsTaken,
    PortionsWanted,
    PurchaseCancelled,
    PurchaseClosed,
    PurchaseCollected,
    PurchaseItem,
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
from protocol.practices.market.purchasing.state import CYCLES, PURCHASES, OrderCycle
from protocol.practices.market.purchasing.wishes import (
    CloseCycle,
    CollectGoods,
    ItemTold,
    OpenCycleOfOrders,
    OrderBoxes,
    ReceiveBoxes,
    SettleCycle,
)
from protocol.practices.people.members.views import SetLimits
from tests.protocol.practices.desk import DAY_MS, Group, copy_of, keys_of, snapshot

FAMILIES = ("ana", "bia", "caio", "dora")


def hours(minor: int) -> Amount:
    return Amount(minor, "HORA", 2)


def flour(**changed: Any) -> ItemTold:
    return replace(ItemTold("flour", 12, hours(60_00), "1 kg"), **changed)


class Buyers:
    """A group with a cycle that its referent, rosa, has opened."""

    def __init__(
        self, *items: ItemTold, handles: tuple[str, ...] = FAMILIES, limit: int = 900_00, **terms: Any
    ) -> None:
        self.group = Group()
        self.group.currency(limit=limit)
        self.group.admit("ana")
        self.custodial = ("rosa", *(one for one in handles if one != "ana"))
        self.group.admit(*self.custodial, custodial=True)
        self.open(*items, **terms)

    def open(self, *items: ItemTold, **terms: Any) -> str:
        closes_ms = self.group.now + 7 * DAY_MS
        wish = OpenCycleOfOrders("Flour in May", "HORA", items or (flour(),), closes_ms, **terms)
        self.name: str = self.group.do("rosa", "order-cycles.open", wish).id
        return self.name

    @property
    def cycle(self) -> OrderCycle:
        return self.group.book.rows(CYCLES)[self.id]

    @property
    def id(self) -> bytes:
        return parse_uuid(self.name) or b""

    @property
    def pot(self) -> int:
        return self.group.book.ledger.accounts[PURCHASES.of("HORA")].balance_minor

    def by(self, who: str, verb: str, wish: Any) -> Any:
        """Ask for what a member says of the cycle: by key, where it has one."""
        operation = f"order-cycles.{verb}"
        signed = who == "ana" and isinstance(wish, JoinCycle | GivePortions | TakePortions)
        brought = Brought(self.group.sign(operation, wish, keys_of(who))) if signed else wish
        return self.group.ask(who, operation, brought, self.name)

    def wants(self, who: str, quantity: int, tolerance: int = 0, item: int = 1) -> Any:
        lines = (PortionsWanted(item, quantity, tolerance),)
        shown = self.by(who, "join", JoinCycle(self.id, lines))
        assert getattr(shown, "state", None) == "open", shown
        return shown

    def rosa(self, verb: str, wish: Any) -> Any:
        return self.group.do("rosa", f"order-cycles.{verb}", wish, self.name)

    def close(self) -> Any:
        return self.rosa("close", CloseCycle())

    def receive(self, *items: Any, **told: Any) -> Any:
        self.rosa("order", OrderBoxes())
        return self.rosa("receive", ReceiveBoxes(items, **told))

    def settle(self) -> Any:
        if self.cycle.waits_for:
            self.rosa("collect", CollectGoods())
        return self.rosa("settle", SettleCycle())

    def ordered(self, item: int = 1) -> list[int]:
        return [line.ordered[item - 1] for line in self.cycle.rows]

    def got(self, item: int = 1) -> list[int]:
        return [line.got[item - 1] for line in self.cycle.rows]

    def shares(self) -> list[int]:
        return [line.share_minor for line in self.cycle.rows]

    def decide(self, parameter: str, value: str) -> None:
        """Let the group decide by motion."""
        motion = self.group.do("ana", "parameters.set", SetParameter(value), parameter)
        vote = Vote(parse_uuid(motion.id) or b"", Ballot.YES)
        self.group.do("ana", "motions.vote", Brought(self.group.sign("motions.vote", vote, keys_of("ana"))), motion.id)
        for who in self.custodial:
            self.group.do(who, "motions.vote", vote, motion.id)
        self.group.pass_time(self.group.now + 8 * DAY_MS)

    def limit(self, who: str, minor: int) -> None:
        self.group.do("steward", "members.set-limits", SetLimits(hours(minor), currency="HORA"), who)

    def same_elsewhere(self) -> None:
        """Any other node makes the same of it."""
        assert snapshot(copy_of(self.group.written)) == snapshot(self.group.book)


# A cycle told step by step, as no home would: for lifecycles.

STEPS = "joins closes orders gives takes comes collects claims decides settles cancels"
CYCLES_TOLD = tuple(
    (steps.split(), refused.split())
    for steps, refused in (
        ("helps", "orders gives takes comes collects claims decides settles"),
        ("joins closes helps", "joins closes comes collects claims decides settles"),
        ("joins closes orders helps", "joins closes orders collects claims decides settles"),
        ("joins closes orders comes helps", "joins closes orders gives takes cancels"),
        ("joins closes gives takes gives orders takes comes comes", "cancels"),
        ("joins closes orders gives comes claims decides collects settles", f"{STEPS} helps"),
        ("joins cancels", f"{STEPS} helps"),
        ("joins closes cancels", ""),
        ("joins closes orders cancels", ""),
    )
)
"""What a cycle does, and then may not: in each of its states."""


def terms_told(number: int, referent: str, closes_ms: int) -> PurchaseOpened:
    """Return the terms of a cycle of boxes of two."""
    items = (PurchaseItem("flour", 1_000, "KGM", 2, 2),)
    terms = PurchaseOpened(
        bytes(16), bytes([number]) * 16, "Flour", referent, referent, "HORA", items, 0, 10_000, 0, 1, closes_ms, 7,
        to_commons=False,
    )  # fmt: skip
    return replace(terms, cycle=cycle_id(terms))


def step_told(step: str, cycle: bytes, one: str, other: str) -> Any:
    """Return an entry of a cycle in which one member orders, and another takes portions of it."""
    told: dict[str, Any] = {
        "joins": PurchaseJoined(None, JoinCycle(cycle, (PortionsWanted(1, 2, 0),), one)),
        "closes": PurchaseClosed(cycle, ()),
        "orders": PurchaseOrdered(cycle),
        "gives": PortionsGiven(None, GivePortions(cycle, 1, 1, other, one)),
        "takes": PortionsTaken(None, TakePortions(cycle, 1, 1, one, other)),
        "comes": PurchaseReceived(cycle, (ReceivedItem(2, 2),), 0),
        "collects": PurchaseCollected(cycle, (one,)),
        "claims": SpoiltClaimed(cycle, one, 1, 1),
        "decides": SpoiltDecided(cycle, one, 1, accepted=True),
        "helps": ShiftTaken(cycle, one, helps=True),
        "settles": PurchaseSettled(cycle),
        "cancels": PurchaseCancelled(cycle),
    }
    return told[step]
