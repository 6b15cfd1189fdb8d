# SPDX-License-Identifier: AGPL-3.0-or-later
"""Reserves: state money behind a guaranteed currency, of which there is never more than they back.

A deposit counts once enough custodians attest it, and creates rights to issue; whoever issues consumes rights of its
own. So nobody has to look at a total, and no two who are out of reach of each other can issue too much together.
"""

from protocol.book.declaration import KEY, KEY_OR_WORD, STEWARDS, Act, Create, Invariant, List, Practice, Show
from protocol.practices.credit.reserves.entries import (
    AskRedemption,
    AttestMove,
    Issued,
    MoveAttested,
    MoveCancelled,
    MoveTold,
    RedemptionAsked,
    ReserveOpened,
    TillMoved,
)
from protocol.practices.credit.reserves.listing import (
    MovesWanted,
    RedemptionShown,
    RedemptionsWanted,
    ReserveMoveShown,
    today,
    view_move,
    view_moves,
    view_redemption,
    view_redemptions,
    week,
)
from protocol.practices.credit.reserves.moving import plan_attest, plan_cancel, plan_tell
from protocol.practices.credit.reserves.redeeming import plan_redeem
from protocol.practices.credit.reserves.refusals import RESERVE_REFUSALS
from protocol.practices.credit.reserves.rules import GATE, check, fold, news, plan_fill, plan_issue, plan_open
from protocol.practices.credit.reserves.state import (
    ISSUED,
    MOVE_LIFE,
    MOVES,
    REDEEMING,
    REDEMPTION_LIFE,
    REDEMPTIONS,
)
from protocol.practices.credit.reserves.vetoes import (
    no_credit_by_approval,
    no_credit_by_default,
    no_credit_by_limits,
    no_opening_balance,
    over_issued,
    rights_astray,
    unbacked_account,
)
from protocol.practices.credit.reserves.views import (
    CancelMove,
    FillTill,
    IssueCurrency,
    OpenReserve,
    ReserveShown,
    ReservesWanted,
    TellMove,
    view_all,
    view_one,
)
from protocol.practices.money.currencies.entries import DefaultsSet
from protocol.practices.money.openings import BalancesOpened
from protocol.practices.people.imports import MemberImported
from protocol.practices.people.members.entries import Approved, LimitsSet

PRACTICE = Practice(
    name="reserves",
    entries=(
        ReserveOpened,
        MoveTold,
        MoveAttested,
        MoveCancelled,
        Issued,
        TillMoved,
        RedemptionAsked,
    ),
    check=check,
    fold=fold,
    news=news,
    today=today,
    week=week,
    accounts=(ISSUED, REDEEMING),
    tables=(MOVES, REDEMPTIONS),
    lives=(MOVE_LIFE, REDEMPTION_LIFE),
    before={
        Approved: no_credit_by_approval,
        MemberImported: no_credit_by_approval,
        LimitsSet: no_credit_by_limits,
        DefaultsSet: no_credit_by_default,
        BalancesOpened: no_opening_balance,
    },
    invariants=(
        Invariant("no more is outstanding than is backed", over_issued),
        Invariant("rights are what is backed beyond that", rights_astray),
        Invariant("nobody owes in a guaranteed currency", unbacked_account),
    ),
    operations=(
        Create("reserves", OpenReserve, plan=plan_open, gate=GATE, verb="open",
               example="mutirao reserves open --currency PALMAS --state BRL --custodians ana --custodians bia"
               " --needed 2"),
        Act("reserves", "issue", IssueCurrency, plan=plan_issue, who=STEWARDS,
            example="mutirao reserves issue PALMAS --member dora --amount 100.00"),
        Act("reserves", "fill-till", FillTill, plan=plan_fill, who=STEWARDS,
            example="mutirao reserves fill-till PALMAS --amount 500.00"),
        Show("reserves", ReserveShown, view=view_one, id_is="the code of the currency",
             example="mutirao reserves show PALMAS"),
        List("reserves", ReservesWanted, ReserveShown, view=view_all, example="mutirao reserves list"),
        Create("reserve-moves", TellMove, plan=plan_tell,
               example="mutirao reserve-moves create --reserve PALMAS --amount 30000.00"),
        Act("reserve-moves", "attest", AttestMove, plan=plan_attest, signed=KEY, about="move",
            example="mutirao reserve-moves attest ID --key ana.key"),
        Act("reserve-moves", "cancel", CancelMove, plan=plan_cancel, who=STEWARDS,
            example="mutirao reserve-moves cancel ID"),
        Show("reserve-moves", ReserveMoveShown, view=view_move, example="mutirao reserve-moves show ID"),
        List("reserve-moves", MovesWanted, ReserveMoveShown, rows=view_moves,
             example="mutirao reserve-moves list --open"),
        Create("redemptions", AskRedemption, plan=plan_redeem, signed=KEY_OR_WORD,
               example="mutirao redemptions create --key dora.key --amount 100.00"),
        Show("redemptions", RedemptionShown, view=view_redemption, example="mutirao redemptions show ID"),
        List("redemptions", RedemptionsWanted, RedemptionShown, rows=view_redemptions,
             example="mutirao redemptions list --waiting"),
    ),
    refusals=RESERVE_REFUSALS,
)  # fmt: skip
