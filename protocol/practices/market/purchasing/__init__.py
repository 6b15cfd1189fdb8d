# SPDX-License-Identifier: AGPL-3.0-or-later
"""Purchasing groups: families order together by the box, through a referent who advances no cash.

What is ordered in whole boxes is held of each when a cycle closes, and settled against the bill. Who gets what, and who
bears which cent, follows from what was wanted and from the cycle's id: never from who came first.
"""

from collections.abc import Iterable

from protocol.book.book import Book
from protocol.book.declaration import KEY_OR_WORD, Act, Create, Invariant, List, Practice, Reckon, Show
from protocol.book.signed import parse_uuid
from protocol.practices.market.purchasing.entries import (
    GivePortions,
    JoinCycle,
    PortionsGiven,
    PortionsTaken,
    PurchaseCancelled,
    PurchaseClosed,
    PurchaseCollected,
    PurchaseJoined,
    PurchaseOpened,
    PurchaseOrdered,
    PurchaseReceived,
    PurchaseSettled,
    ShiftTaken,
    SpoiltClaimed,
    SpoiltDecided,
    TakePortions,
)
from protocol.practices.market.purchasing.folding import fold, news
from protocol.practices.market.purchasing.food_consortium import (
    FOOD_FORMS,
    FoodItemsShown,
    FoodItemsWanted,
    FoodOrderShown,
    FoodOrderWanted,
    view_food_items,
    view_food_order,
)
from protocol.practices.market.purchasing.parameters import UNCOLLECTED
from protocol.practices.market.purchasing.plans import (
    REFERENTS,
    agenda,
    plan_cancel,
    plan_claim,
    plan_close,
    plan_collect,
    plan_decide,
    plan_give,
    plan_help,
    plan_join,
    plan_open,
    plan_order,
    plan_receive,
    plan_settle,
    plan_take,
)
from protocol.practices.market.purchasing.printed import PICK_UP_FORMS, PickUpShown, PickUpWanted, view_pick_up
from protocol.practices.market.purchasing.refusals import PURCHASE_REFUSALS
from protocol.practices.market.purchasing.rules import check
from protocol.practices.market.purchasing.state import CYCLES, PURCHASE_LIFE, PURCHASES, held_unlike
from protocol.practices.market.purchasing.views import OrderCycleShown, today, view_cycle, view_cycles, week
from protocol.practices.market.purchasing.wishes import (
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


def _ordering(book: Book, name: str) -> Iterable[str]:
    """Yield who orders in a cycle, and so does not vote on it."""
    cycle = book.rows(CYCLES).get(parse_uuid(name) or b"")
    return () if cycle is None else (cycle.said.referent, *cycle.lines)


PRACTICE = Practice(
    name="purchasing",
    entries=(
        PurchaseOpened, PurchaseJoined, PurchaseClosed, PurchaseOrdered, PortionsGiven, PortionsTaken, PurchaseReceived,
        PurchaseCollected, SpoiltClaimed, SpoiltDecided, ShiftTaken, PurchaseSettled, PurchaseCancelled,
    ),
    check=check,
    fold=fold,
    news=news,
    today=today,
    week=week,
    agenda=agenda,
    tables=(CYCLES,),
    accounts=(PURCHASES,),
    parameters=(UNCOLLECTED,),
    invariants=(Invariant("what is held for order cycles is what their account holds", held_unlike),),
    parties={"order-cycles": _ordering},
    operations=(
        Create("order-cycles", OpenCycleOfOrders, plan=plan_open, who=REFERENTS, verb="open",
               example='mutirao order-cycles open --title "Flour in May" --currency HORA'
               ' --closes-at 2027-05-02T18:00:00Z --items "name=flour,box=12,price=60.00,portion=1 kg"'),
        Act("order-cycles", "join", JoinCycle, plan=plan_join, signed=KEY_OR_WORD, about="cycle",
            example="mutirao order-cycles join CYCLE --lines item=1,quantity=5,tolerance=2"),
        Act("order-cycles", "close", CloseCycle, plan=plan_close, who=REFERENTS,
            example="mutirao order-cycles close CYCLE"),
        Act("order-cycles", "give", GivePortions, plan=plan_give, signed=KEY_OR_WORD, about="cycle",
            example="mutirao order-cycles give CYCLE --item 1 --quantity 2 --receiver bia"),
        Act("order-cycles", "take", TakePortions, plan=plan_take, signed=KEY_OR_WORD, about="cycle",
            example="mutirao order-cycles take CYCLE --item 1 --quantity 2 --giver ana"),
        Act("order-cycles", "order", OrderBoxes, plan=plan_order, who=REFERENTS,
            example="mutirao order-cycles order CYCLE"),
        Act("order-cycles", "receive", ReceiveBoxes, plan=plan_receive, who=REFERENTS,
            example="mutirao order-cycles receive CYCLE --items item=1,bill=30.50"),
        Act("order-cycles", "collect", CollectGoods, plan=plan_collect, who=REFERENTS,
            example="mutirao order-cycles collect CYCLE --members ana --members bia"),
        Act("order-cycles", "claim", ClaimSpoilt, plan=plan_claim, who=REFERENTS,
            example="mutirao order-cycles claim CYCLE --item 1 --portions 2"),
        Act("order-cycles", "decide", DecideClaim, plan=plan_decide, who=REFERENTS,
            example="mutirao order-cycles decide CYCLE --member ana --item 1 --accepted"),
        Act("order-cycles", "help", HelpOut, plan=plan_help, who=REFERENTS,
            example="mutirao order-cycles help CYCLE"),
        Act("order-cycles", "settle", SettleCycle, plan=plan_settle, who=REFERENTS,
            example="mutirao order-cycles settle CYCLE"),
        Act("order-cycles", "cancel", CancelCycle, plan=plan_cancel, who=REFERENTS,
            asks="Cancel {id}, and give back what is held?", example="mutirao order-cycles cancel CYCLE"),
        Show("order-cycles", OrderCycleShown, view=view_cycle, example="mutirao order-cycles show CYCLE"),
        List("order-cycles", CyclesWanted, OrderCycleShown, rows=view_cycles,
             example="mutirao order-cycles list --state open"),
        Reckon("order-cycles", "pick-up", PickUpWanted, PickUpShown, view=view_pick_up, forms=PICK_UP_FORMS,
               example="mutirao order-cycles pick-up --cycle CYCLE --output sheet.html"),
        Reckon("order-cycles", "supplier-order", FoodOrderWanted, FoodOrderShown, view=view_food_order,
               forms=FOOD_FORMS, example="mutirao order-cycles supplier-order --cycle CYCLE --output order.jsonld"),
        Reckon("order-cycles", "read-items", FoodItemsWanted, FoodItemsShown, view=view_food_items, told=True,
               example="mutirao order-cycles read-items --file offer.jsonld --currency HORA"),
    ),
    refusals=PURCHASE_REFUSALS,
    lives=(PURCHASE_LIFE,),
)  # fmt: skip
