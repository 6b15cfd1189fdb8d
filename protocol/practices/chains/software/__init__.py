# SPDX-License-Identifier: AGPL-3.0-or-later
"""Free software diffusion: who pays for software outside, who has migrated, what stays inside as support."""

from protocol.book.declaration import Act, Create, Invariant, List, Practice, Reckon, Show
from protocol.book.spreadsheet import FIGURE_FORMS
from protocol.practices.chains.entries import EnterpriseRemoved
from protocol.practices.chains.software.entries import (
    SoftwareMigrated,
    SoftwareRemoved,
    SoftwareSupported,
    SoftwareUsed,
)
from protocol.practices.chains.software.rules import (
    check,
    fold,
    in_use,
    news,
    plan_migrate,
    plan_support,
    plan_use,
)
from protocol.practices.chains.software.state import SOFTWARE_LIFE, of_nobody
from protocol.practices.chains.software.views import (
    DiffusionShown,
    SoftwareUseShown,
    plan_remove,
    today,
    view_diffusion,
    view_use,
    view_uses,
    week,
)
from protocol.practices.chains.software.wishes import (
    DiffusionWanted,
    MigrateSoftware,
    RemoveSoftware,
    SoftwareWanted,
    SupportSoftware,
    UseSoftware,
)

PRACTICE = Practice(
    name="software-uses",
    entries=(SoftwareUsed, SoftwareMigrated, SoftwareSupported, SoftwareRemoved),
    check=check,
    fold=fold,
    news=news,
    today=today,
    week=week,
    before={EnterpriseRemoved: in_use},
    invariants=(Invariant("software is used and supported by enterprises that there are", of_nobody),),
    operations=(
        Create("software-uses", UseSoftware, plan=plan_use,
               example="mutirao software-uses create --enterprise emporium --software 'office suite' --cost 30"),
        Act("software-uses", "migrate", MigrateSoftware, plan=plan_migrate,
            example="mutirao software-uses migrate ID --to LibreOffice --supporter teccoop --support 10"),
        Act("software-uses", "support", SupportSoftware, plan=plan_support,
            example="mutirao software-uses support ID --period 202611 --hours 2.5"),
        Act("software-uses", "remove", RemoveSoftware, plan=plan_remove, example="mutirao software-uses remove ID"),
        Show("software-uses", SoftwareUseShown, view=view_use, example="mutirao software-uses show ID"),
        List("software-uses", SoftwareWanted, SoftwareUseShown, view=view_uses,
             example="mutirao software-uses list --state outside"),
        Reckon("software-uses", "diffusion", DiffusionWanted, DiffusionShown, view=view_diffusion, forms=FIGURE_FORMS,
               example="mutirao software-uses diffusion"),
    ),
    lives=(SOFTWARE_LIFE,),
)  # fmt: skip
