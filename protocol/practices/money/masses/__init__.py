# SPDX-License-Identifier: AGPL-3.0-or-later
"""Mass payments: one payer, a file of thousands of payees, one go, a report by row."""

from protocol.book.declaration import READERS, Create, List, Practice, Reckon, Show
from protocol.book.spreadsheet import FIGURE_FORMS
from protocol.practices.money.masses.entries import MassPaid
from protocol.practices.money.masses.rules import ROWS_REFUSED, check, fold, plan_pay_many, view_preview
from protocol.practices.money.masses.state import MASSES
from protocol.practices.money.masses.views import (
    MassPaymentShown,
    MassPaymentsWanted,
    MassReportWanted,
    MassSummary,
    PayMany,
    news,
    view_all,
    view_one,
    view_report,
)

PRACTICE = Practice(
    name="mass-payments",
    entries=(MassPaid,),
    check=check,
    fold=fold,
    news=news,
    tables=(MASSES,),
    operations=(
        Create(
            "mass-payments",
            PayMany,
            plan=plan_pay_many,
            example='mutirao mass-payments create --file benefit.csv --currency REAL --title "December"',
        ),
        Show("mass-payments", MassPaymentShown, view=view_one, example="mutirao mass-payments show ID"),
        List(
            "mass-payments",
            MassPaymentsWanted,
            MassSummary,
            rows=view_all,
            who=READERS,
            example="mutirao mass-payments list",
        ),
        Reckon(
            "mass-payments",
            "preview",
            PayMany,
            MassPaymentShown,
            view=view_preview,
            told=True,
            forms=FIGURE_FORMS,
            example='mutirao mass-payments preview --file benefit.csv --currency REAL --title "December"',
        ),
        Reckon(
            "mass-payments",
            "report",
            MassReportWanted,
            MassPaymentShown,
            view=view_report,
            forms=FIGURE_FORMS,
            example="mutirao mass-payments report --id ID --format csv",
        ),
    ),
    refusals=(ROWS_REFUSED,),
)
