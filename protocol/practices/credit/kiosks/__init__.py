# SPDX-License-Identifier: AGPL-3.0-or-later
"""Kiosks: issue and redeem a guaranteed currency out of reach, within rights of their own, and sync later."""

from protocol.book.declaration import STEWARDS, Act, Create, List, Practice, Show
from protocol.practices.credit.kiosks.entries import (
    KioskForked,
    KioskRegistered,
    KioskSynced,
    KioskTillMoved,
    RightsSent,
)
from protocol.practices.credit.kiosks.refusals import KIOSK_REFUSALS
from protocol.practices.credit.kiosks.rules import (
    check,
    fold,
    news,
    plan_fill_kiosk,
    plan_register,
    plan_send,
    plan_sync,
    week,
)
from protocol.practices.credit.kiosks.state import KIOSK_UNSEEN_DAYS, PLACED
from protocol.practices.credit.kiosks.views import (
    FillKioskTill,
    KioskShown,
    KiosksWanted,
    RegisterKiosk,
    SendRights,
    SyncKiosk,
    view_all,
    view_one,
)

PRACTICE = Practice(
    name="kiosks",
    entries=(KioskRegistered, RightsSent, KioskTillMoved, KioskSynced, KioskForked),
    check=check,
    fold=fold,
    news=news,
    week=week,
    tables=(PLACED,),
    parameters=(KIOSK_UNSEEN_DAYS,),
    operations=(
        Create("kiosks", RegisterKiosk, plan=plan_register, who=STEWARDS, verb="register",
               example="mutirao kiosks register --reserve PALMAS --name market --public-key KEY"),
        Act("kiosks", "send", SendRights, plan=plan_send, who=STEWARDS,
            example="mutirao kiosks send ID --amount 900.00"),
        Act("kiosks", "fill-till", FillKioskTill, plan=plan_fill_kiosk, who=STEWARDS,
            example="mutirao kiosks fill-till ID --amount 200.00"),
        Act("kiosks", "sync", SyncKiosk, plan=plan_sync,
            example="mutirao kiosks sync ID --statements '{\"data\": \"AAAA\"}'"),
        Show("kiosks", KioskShown, view=view_one, example="mutirao kiosks show ID"),
        List("kiosks", KiosksWanted, KioskShown, view=view_all, example="mutirao kiosks list"),
    ),
    refusals=KIOSK_REFUSALS,
)  # fmt: skip
