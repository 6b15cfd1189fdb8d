# SPDX-License-Identifier: AGPL-3.0-or-later
"""Routes as a practice: what is said in public, and what stewards wish of it."""

from protocol.book.declaration import STEWARDS, Act, Practice
from protocol.peers.budgets import REACHED
from protocol.peers.ties import TIES
from protocol.practices.between.routes.entries import Published, Withdrawn
from protocol.practices.between.routes.publishing import (
    PublishLink,
    WithdrawLink,
    due,
    hear,
    neighbours,
    plan_publish,
    plan_withdraw,
    reached,
    unhear,
)

PRACTICE = Practice(
    name="routing",
    entries=(),
    words=(Published, Withdrawn),
    hear=hear,
    unhear=unhear,
    due=due,
    fills=(TIES.by(neighbours), REACHED.by(reached)),
    operations=(
        Act("links", "publish", PublishLink, plan=plan_publish, who=STEWARDS, example="mutirao links publish LINK"),
        Act("links", "withdraw", WithdrawLink, plan=plan_withdraw, who=STEWARDS, example="mutirao links withdraw LINK"),
    ),
)
