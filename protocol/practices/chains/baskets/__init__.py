# SPDX-License-Identifier: AGPL-3.0-or-later
"""Shopping baskets: what a member buys in a month and holds important, private, and by which swaps more stays inside.

They stand in no entry and on no board: they are kept at the home alone, exported and erased as contacts are. All that
is told of them is the effect of a campaign, summed over at least three members.
"""

from protocol.book.declaration import Act, Create, List, Practice, Reckon, Show
from protocol.peers.home import KEEPS, Keeping
from protocol.practices.chains.baskets.kept import KEPT_PREFIX, forget_kept, take_kept
from protocol.practices.chains.baskets.views import (
    BASKET_REFUSALS,
    list_baskets,
    list_weights,
    plan_basket,
    plan_unbasket,
    plan_unweigh,
    plan_weights,
    view_better,
    view_effect,
    view_shopping,
    view_weights,
)
from protocol.practices.chains.baskets.wishes import (
    BetterShown,
    BetterWanted,
    EffectShown,
    EffectWanted,
    RemoveBasket,
    RemoveWeights,
    SetBasket,
    SetWeights,
    ShoppingShown,
    ShoppingWanted,
    WeightsShown,
)

PRACTICE = Practice(
    name="shopping-baskets",
    entries=(),
    fills=(KEEPS.by(Keeping(KEPT_PREFIX, take_kept, forget_kept)),),
    operations=(
        Create("shopping-baskets", SetBasket, plan=plan_basket, verb="set",
               example="mutirao shopping-baskets set --month 202611 --lines item=bread,value=40,supplier=bakery"
               " --lines item=cleaning,value=12"),
        Act("shopping-baskets", "remove", RemoveBasket, plan=plan_unbasket,
            example="mutirao shopping-baskets remove ana.202611"),
        Show("shopping-baskets", ShoppingShown, view=view_shopping, id_is="the member and the month: ana.202611",
             example="mutirao shopping-baskets show ana.202611"),
        List("shopping-baskets", ShoppingWanted, ShoppingShown, view=list_baskets, own=True,
             example="mutirao shopping-baskets list"),
        Reckon("shopping-baskets", "better", BetterWanted, BetterShown, view=view_better,
               example="mutirao shopping-baskets better --swaps 2"),
        Create("criteria-weights", SetWeights, plan=plan_weights, verb="set",
               example="mutirao criteria-weights set --weights labour=.30,ecology=.25,ownership=.45"),
        Act("criteria-weights", "remove", RemoveWeights, plan=plan_unweigh,
            example="mutirao criteria-weights remove ana"),
        Show("criteria-weights", WeightsShown, view=view_weights, id_is="the member",
             example="mutirao criteria-weights show ana"),
        List("criteria-weights", ShoppingWanted, WeightsShown, view=list_weights, own=True,
             example="mutirao criteria-weights list"),
        Reckon("campaigns", "effect", EffectWanted, EffectShown, view=view_effect,
               example="mutirao campaigns effect --campaign CAMPAIGN"),
    ),
    refusals=BASKET_REFUSALS,
)  # fmt: skip
