# SPDX-License-Identifier: AGPL-3.0-or-later
"""Vouchers: what circulates on paper, printed and signed by the network, presented once."""

from protocol.book.declaration import ANYONE, STEWARDS, Act, Create, Invariant, List, Practice, Reckon, Show
from protocol.practices.credit.circulation import PAPER
from protocol.practices.credit.vouchers.entries import (
    VoucherRedeemed,
    VoucherReplaced,
    VouchersIssued,
    VouchersLapsed,
)
from protocol.practices.credit.vouchers.rules import (
    DUPLICATE_VOUCHER,
    VOUCHER_EXPIRED,
    VOUCHER_FORGED,
    VOUCHERS,
    agenda,
    check,
    fold,
    news,
    on_paper,
    plan_issue,
    plan_redeem,
    plan_replace,
    week,
)
from protocol.practices.credit.vouchers.sheet import (
    VOUCHER_FORMS,
    VoucherSheetShown,
    VoucherSheetWanted,
    view_voucher_sheet,
)
from protocol.practices.credit.vouchers.state import BATCH_LIFE, BATCHES, REPLACE_DAYS
from protocol.practices.credit.vouchers.views import (
    IssueVouchers,
    RedeemVoucher,
    ReplaceVoucher,
    VouchersShown,
    VouchersWanted,
    list_vouchers,
    view_vouchers,
)

PRACTICE = Practice(
    name=VOUCHERS,
    entries=(VouchersIssued, VoucherRedeemed, VoucherReplaced, VouchersLapsed),
    check=check,
    fold=fold,
    agenda=agenda,
    news=news,
    week=week,
    accounts=(PAPER,),
    tables=(BATCHES,),
    lives=(BATCH_LIFE,),
    parameters=(REPLACE_DAYS,),
    invariants=(Invariant("vouchers are worth what is on paper", on_paper),),
    refusals=(DUPLICATE_VOUCHER, VOUCHER_FORGED, VOUCHER_EXPIRED),
    operations=(
        Create(
            "vouchers",
            IssueVouchers,
            plan=plan_issue,
            verb="issue",
            who=STEWARDS,
            example="mutirao vouchers issue --currency CREDITO --value 5.00 --count 20",
        ),
        Act(
            "vouchers",
            "redeem",
            RedeemVoucher,
            plan=plan_redeem,
            example="mutirao vouchers redeem 3-017 --code K7QX-2NDA-PLM4-6RTZ",
        ),
        Act(
            "vouchers",
            "replace",
            ReplaceVoucher,
            plan=plan_replace,
            who=STEWARDS,
            example="mutirao vouchers replace 3-017",
        ),
        Show(
            "vouchers",
            VouchersShown,
            view=view_vouchers,
            id_is="the number of the batch, the serial of one voucher, or what its QR code says",
            who=ANYONE,
            example="mutirao vouchers show 3-017",
        ),
        List(
            "vouchers",
            VouchersWanted,
            VouchersShown,
            rows=list_vouchers,
            example="mutirao vouchers list --state circulating",
        ),
        Reckon(
            "vouchers",
            "sheet",
            VoucherSheetWanted,
            VoucherSheetShown,
            view=view_voucher_sheet,
            who=STEWARDS,
            forms=VOUCHER_FORMS,
            example="mutirao vouchers sheet --batch 3 --format html",
        ),
    ),
)
