# SPDX-License-Identifier: AGPL-3.0-or-later
"""Why what a kiosk has signed may not be taken in."""

from protocol.book.refusals import Reason, Stage

KIOSK_GAP = Reason(
    "KIOSK_GAP",
    Stage.SUBJECT,
    409,
    "A statement of the kiosk lacks before these",
    "Number {place} of this kiosk comes next. Nothing was taken in.",
    heading="Number {place} comes next",
    ways=("bring all of the kiosk's statements: mutirao kiosk sync FILE", "look at the kiosk: mutirao kiosks show"),
)
KIOSK_FROZEN = Reason(
    "KIOSK_FROZEN",
    Stage.RULE,
    422,
    "The kiosk has forked, and is frozen",
    "It has signed two statements at place {place}. Nothing more of it is taken in, and it gets no rights.",
    heading="The kiosk is frozen",
    ways=("look at the proof: mutirao kiosks show", "register another kiosk, with a key of its own"),
)
KIOSK_BEHIND = Reason(
    "KIOSK_BEHIND",
    Stage.SUBJECT,
    409,
    "This file of the kiosk is an old copy",
    "The network has number {place} of this kiosk, which this file does not know. Nothing was signed.",
    heading="Number {place} is missing in this file",
    ways=("go on with the newest file of the kiosk", "register another kiosk, with a key of its own"),
)
TILL_SHORT = Reason(
    "TILL_SHORT",
    Stage.RULE,
    422,
    "The kiosk's till has not so much",
    "{wished} is more than the {available} in the till. Nothing was paid.",
    heading="{available} in the till",
    ways=(
        "redeem less",
        "redeem at the node: mutirao redemptions create",
        "have the till filled: mutirao kiosks fill-till",
    ),
)
KIOSK_REFUSALS = (KIOSK_GAP, KIOSK_FROZEN, KIOSK_BEHIND, TILL_SHORT)
