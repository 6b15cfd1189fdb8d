# SPDX-License-Identifier: AGPL-3.0-or-later
"""Guardians: a member names some, and so many of them put a new key in place of a lost one, after a public delay.

Any old key of the member's ends it within that time: who still holds one needs no guardians. A thief of it may object
too; then the group suspends the member, and decides.
"""

from protocol.book.declaration import KEY, Act, List, Practice, Show
from protocol.practices.people.guardians.entries import (
    BackKey,
    GuardiansNamed,
    KeyBacked,
    KeyOpposed,
    KeyRestored,
    NameGuardians,
    ObjectToKey,
)
from protocol.practices.people.guardians.rules import check, due, fold, news, plan_back, plan_name, plan_object
from protocol.practices.people.guardians.views import GuardedShown, GuardedWanted, view_all, view_one

PRACTICE = Practice(
    name="guardians",
    entries=(GuardiansNamed, KeyBacked, KeyOpposed, KeyRestored),
    check=check,
    fold=fold,
    due=due,
    news=news,
    operations=(
        Act(
            "guardians",
            "name",
            NameGuardians,
            plan=plan_name,
            signed=KEY,
            about="member",
            example="mutirao guardians name ana --key ana.key --guardians bia --guardians caio --needed 2",
        ),
        Act(
            "guardians",
            "back",
            BackKey,
            plan=plan_back,
            signed=KEY,
            about="member",
            example="mutirao guardians back ana --key bia.key --new-key ARiZs57MDde3RVWYvGVfZKhA-w5eFDzC6CPqhG2CK7Y",
        ),
        Act(
            "guardians",
            "object",
            ObjectToKey,
            plan=plan_object,
            signed=KEY,
            about="member",
            example="mutirao guardians object ana --key ana.key",
        ),
        Show(
            "guardians",
            GuardedShown,
            view=view_one,
            id_is="the member's id, or its handle",
            example="mutirao guardians show ana",
        ),
        List("guardians", GuardedWanted, GuardedShown, view=view_all, example="mutirao guardians list"),
    ),
)
