# SPDX-License-Identifier: AGPL-3.0-or-later
"""Why a figure that a group decides may not come to hold: it would break what must always hold.

A parameter's `guard` gives one of these, or a reason of its practice; `wished`, and `standing` or `covered`, are its
figures (minor units where `currency` is told too, else words such as 20%).
"""

from protocol.book.refusals import Reason, Stage

BELOW_WHAT_STANDS = Reason(
    "BELOW_WHAT_STANDS",
    Stage.RULE,
    422,
    "It would be less than what stands already",
    "{wished} was wished, and {standing} stands already. Nothing was changed.",
    heading="At least {standing} now",
    ways=("ask for {standing} or more", "first bring down what stands", "wait until less of it stands"),
)
ABOVE_WHAT_COVERS = Reason(
    "ABOVE_WHAT_COVERS",
    Stage.RULE,
    422,
    "It would be more than what there is covers",
    "{wished} was wished, and what there is covers {covered}. Nothing was changed.",
    heading="At most {covered} now",
    ways=("ask for {covered} or less", "first bring more of what covers it"),
)

GUARD_REFUSALS = (BELOW_WHAT_STANDS, ABOVE_WHAT_COVERS)
