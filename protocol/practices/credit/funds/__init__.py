# SPDX-License-Identifier: AGPL-3.0-or-later
"""Funds: named pots of the group, each with its own money, from which it lends, saves and pays for losses."""

from protocol.book.declaration import KEY_OR_WORD, Act, Create, Invariant, List, Practice, Show
from protocol.practices.credit.funds.entries import (
    FundCreated,
    FundMoved,
    FundPaid,
    FundWithdrawn,
    PayFund,
    WithdrawFund,
)
from protocol.practices.credit.funds.refusals import FUND_REFUSALS
from protocol.practices.credit.funds.rules import (
    GATE,
    check,
    fold,
    news,
    plan_create,
    plan_fill,
    plan_pay,
    plan_return,
    plan_withdraw,
)
from protocol.practices.credit.funds.state import FUNDS, purse_of_fund, uncovered
from protocol.practices.credit.funds.views import (
    CreateFund,
    FillFund,
    FundShown,
    FundsWanted,
    ReturnFund,
    view_all,
    view_one,
)
from protocol.practices.governance.projects.state import PROJECT_PURSES

PRACTICE = Practice(
    name="funds",
    entries=(FundCreated, FundPaid, FundWithdrawn, FundMoved),
    check=check,
    fold=fold,
    news=news,
    accounts=(FUNDS,),
    fills=(PROJECT_PURSES.by(purse_of_fund),),
    invariants=(Invariant("what funds hold stands in their account", uncovered),),
    operations=(
        Create(
            "funds",
            CreateFund,
            plan=plan_create,
            gate=GATE,
            example='mutirao funds create --title "loans of the quarter" --currency HORA --kind lending',
        ),
        Act(
            "funds",
            "pay",
            PayFund,
            plan=plan_pay,
            signed=KEY_OR_WORD,
            about="fund",
            example="mutirao funds pay ID --amount 20.00 --part savings",
        ),
        Act(
            "funds",
            "withdraw",
            WithdrawFund,
            plan=plan_withdraw,
            signed=KEY_OR_WORD,
            about="fund",
            example="mutirao funds withdraw ID --amount 5.00",
        ),
        Act("funds", "fill", FillFund, plan=plan_fill, gate=GATE, example="mutirao funds fill ID --amount 100.00"),
        Act(
            "funds", "return", ReturnFund, plan=plan_return, gate=GATE, example="mutirao funds return ID --amount 50.00"
        ),
        Show("funds", FundShown, view=view_one, example="mutirao funds show ID"),
        List("funds", FundsWanted, FundShown, view=view_all, example="mutirao funds list"),
    ),
    refusals=FUND_REFUSALS,
)
