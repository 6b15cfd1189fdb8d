# SPDX-License-Identifier: AGPL-3.0-or-later
"""Why a council cannot act, or somebody cannot be elected to it."""

from protocol.book.refusals import Reason, Stage

BOARD_INCOMPLETE = Reason(
    "BOARD_INCOMPLETE",
    Stage.RULE,
    422,
    "The board of the council is not complete",
    "{filled} of {seats} seats of {council} are filled, and it acts only as a whole. Nothing was done.",
    heading="{filled} of {seats} seats are filled",
    ways=("elect {missing} more: mutirao councils elect", "let all members decide, by motion"),
)
SEATS_TAKEN = Reason(
    "SEATS_TAKEN",
    Stage.RULE,
    422,
    "The board has fewer free seats",
    "{wished} would be elected, and {free} of {seats} seats of {council} are free. Nobody was elected.",
    heading="{free} of {seats} seats are free",
    ways=("elect {free} at most", "wait until a term ends: mutirao councils show"),
)
SEATS_APART = Reason(
    "SEATS_APART",
    Stage.RULE,
    422,
    "Nobody is of the board and its comptroller",
    "{member} would be of the board of {council} and look at its accounts too. Nobody was elected.",
    heading="{member} cannot be both",
    ways=("elect somebody else", "elect another comptroller first: mutirao councils elect-comptroller"),
)
COUNCIL_REFUSALS = (BOARD_INCOMPLETE, SEATS_TAKEN, SEATS_APART)
