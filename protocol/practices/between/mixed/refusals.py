# SPDX-License-Identifier: AGPL-3.0-or-later
"""Why another network is not paid in several currencies at once."""

from protocol.book.refusals import Reason, Stage

MIXED_DIRECT_ONLY = Reason(
    "MIXED_DIRECT_ONLY",
    Stage.RULE,
    422,
    "Several currencies at once go straight to a partner only",
    "No link of ours leads straight to {network}, and several currencies at once go over no other network."
    " Nothing was paid.",
    heading="No link of ours leads straight there",
    ways=("pay each currency by itself", "ask a steward for a link"),
)
MIXED_NOT_KNOWN_THERE = Reason(
    "MIXED_NOT_KNOWN_THERE",
    Stage.RULE,
    422,
    "The other network's node does not know payments in several currencies",
    "The node of {network} does not know payments in several currencies yet. Nothing was paid.",
    heading="Their node does not know such payments",
    ways=("pay each currency by itself", "ask them to upgrade their node"),
)

MIXED_REFUSALS = (MIXED_DIRECT_ONLY, MIXED_NOT_KNOWN_THERE)
