# SPDX-License-Identifier: AGPL-3.0-or-later
"""Fair trade: a price that covers what making costs, an advance without interest, a premium that producers spend.

What an advance is paid by, and what is paid late, orders tell (protocol.practices.market.orders).
"""

from protocol.book.declaration import KEY_OR_WORD, STEWARDS, Act, Create, Invariant, List, Practice, Show
from protocol.practices.market.cost_sheets import COST_SHEETS
from protocol.practices.market.fairtrade.entries import (
    CostSheetPublished,
    PayPremium,
    PremiumOpened,
    PremiumPaid,
    PremiumSpent,
    PublishCostSheet,
    ReferenceNoted,
)
from protocol.practices.market.fairtrade.premiums import (
    OpenPremium,
    PremiumShown,
    PremiumsWanted,
    SpendPremium,
    list_premiums,
    plan_open,
    plan_pay_premium,
    plan_spend,
    producers_gate,
    show_premium,
)
from protocol.practices.market.fairtrade.references import (
    NoteReference,
    ReferenceShown,
    ReferencesWanted,
    list_references,
    plan_note,
    show_reference,
)
from protocol.practices.market.fairtrade.rules import OPENING_GATE, check, fold, news
from protocol.practices.market.fairtrade.sheets import (
    CostSheetShown,
    CostSheetsWanted,
    WithdrawCostSheet,
    list_sheets,
    plan_publish,
    plan_withdraw,
    show_sheet,
    today,
)
from protocol.practices.market.fairtrade.state import (
    PREMIUM,
    PRODUCERS,
    SIGNED_SHEETS,
    held_unlike_premiums,
    producers_of,
)

PRACTICE = Practice(
    name="fairtrade",
    entries=(CostSheetPublished, PremiumOpened, PremiumPaid, PremiumSpent, ReferenceNoted),
    check=check,
    fold=fold,
    news=news,
    today=today,
    boards=(COST_SHEETS,),
    tables=(SIGNED_SHEETS,),
    accounts=(PREMIUM,),
    electorates_of={PRODUCERS: producers_of},
    invariants=(Invariant("what premiums hold stands in their account", held_unlike_premiums),),
    operations=(
        Create("cost-sheets", PublishCostSheet, plan=plan_publish, verb="publish", signed=KEY_OR_WORD,
               example="mutirao cost-sheets publish --title Coffee --unit kg --fund 5% --advance 50%"
               " --lines name=seed,kind=inputs,amount=1.60 --lines name=picking,kind=labour,hours=0.12,amount=15.00"),
        Act("cost-sheets", "withdraw", WithdrawCostSheet, plan=plan_withdraw,
            example="mutirao cost-sheets withdraw SHEET"),
        Show("cost-sheets", CostSheetShown, view=show_sheet, example="mutirao cost-sheets show SHEET@serra",
             id_is="its id; behind an @ the network's handle or id, where it is another than yours"),
        List("cost-sheets", CostSheetsWanted, CostSheetShown, view=list_sheets,
             example="mutirao cost-sheets list --member ana"),
        Create("premiums", OpenPremium, plan=plan_open, verb="open", gate=OPENING_GATE,
               example="mutirao premiums open --title 'Growers' --currency HORA --producers ana --producers bia"),
        Act("premiums", "pay", PayPremium, plan=plan_pay_premium, signed=KEY_OR_WORD, about="premium",
            example="mutirao premiums pay PREMIUM --amount 20.00"),
        Act("premiums", "spend", SpendPremium, plan=plan_spend, gate=producers_gate,
            example="mutirao premiums spend PREMIUM --payee caio --amount 15.00 --purpose 'a roof for the school'"),
        Show("premiums", PremiumShown, view=show_premium, example="mutirao premiums show PREMIUM"),
        List("premiums", PremiumsWanted, PremiumShown, view=list_premiums, example="mutirao premiums list"),
        Create("reference-prices", NoteReference, plan=plan_note, verb="note", who=STEWARDS,
               example="mutirao reference-prices note --title 'Coffee, New York' --code 01610 --unit kg --price 4.10"
               " --source 'ICO daily price' --at 2027-05-01"),
        Show("reference-prices", ReferenceShown, view=show_reference, example="mutirao reference-prices show ID"),
        List("reference-prices", ReferencesWanted, ReferenceShown, view=list_references,
             example="mutirao reference-prices list --code 016"),
    ),
)  # fmt: skip
