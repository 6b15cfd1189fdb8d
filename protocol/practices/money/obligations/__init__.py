# SPDX-License-Identifier: AGPL-3.0-or-later
"""Obligations inside a network: payment requests that name a member, and who lets its own be set off.

Anybody may ask anybody for anything, so that a request alone is no debt: it is set off only where its payer has
named it in a consent, and its payee has consented to take part. Consent is by key, or by word if a member has none.
It may let the balance fall besides, for a greater set-off (docs/decisions/0026).
"""

from protocol.book.declaration import KEY_OR_WORD, Act, Create, List, Practice, Show
from protocol.practices.money.obligations.entries import Consented, ConsentRevoked, GiveConsent
from protocol.practices.money.obligations.rules import check, fold, plan_give, plan_revoke
from protocol.practices.money.obligations.state import CONSENT_LIFE
from protocol.practices.money.obligations.views import (
    ConsentShown,
    ConsentsWanted,
    RevokeConsent,
    news,
    view_consent,
    view_consents,
)

PRACTICE = Practice(
    name="set-off-consents",
    entries=(Consented, ConsentRevoked),
    check=check,
    fold=fold,
    news=news,
    operations=(
        Create(
            "set-off-consents",
            GiveConsent,
            plan=plan_give,
            signed=KEY_OR_WORD,
            example="mutirao set-off-consents create --requests ID --draw 20.00 --not-after 2027-01-01 --key ana.key",
        ),
        Act(
            "set-off-consents",
            "revoke",
            RevokeConsent,
            plan=plan_revoke,
            example="mutirao set-off-consents revoke ID",
        ),
        Show("set-off-consents", ConsentShown, view=view_consent, example="mutirao set-off-consents show ID"),
        List(
            "set-off-consents",
            ConsentsWanted,
            ConsentShown,
            view=view_consents,
            own=True,
            example="mutirao set-off-consents list --state in_force",
        ),
    ),
    lives=(CONSENT_LIFE,),
)
