# SPDX-License-Identifier: AGPL-3.0-or-later
"""Why figures of a productive chain are refused; of a sheet with the place: file, line and column."""

from protocol.book.refusals import Reason, Refused, Stage, refuse
from protocol.practices.chains.engine.chain import ChainFault

FIGURE_MISSING = Reason(
    "FIGURE_MISSING",
    Stage.FORM,
    422,
    "A figure is missing",
    "{place}: expected a figure. Nothing was taken in.",
    heading="A figure is missing: {place}",
    ways=("fill it in, and send all of it again",),
)
FIGURE_NEGATIVE = Reason(
    "FIGURE_NEGATIVE",
    Stage.FORM,
    422,
    "A figure is below zero",
    "{place} is below zero, or zero where something has to be. Nothing was taken in.",
    heading="A figure is too low: {place}",
    ways=("correct it, and send all of it again",),
)
SHARE_ABOVE_ONE = Reason(
    "SHARE_ABOVE_ONE",
    Stage.RULE,
    422,
    "Shares are more than the whole",
    "{about}: a share is more than 100%, or what is bought, wages and surplus together are more than what is turned"
    " over, or shares are not the whole. Nothing was taken in.",
    heading="{about} is more than the whole",
    ways=("write a share of 100% at most", "compare a turnover with what is bought, wages and surplus"),
)
MONTHS_MIXED = Reason(
    "MONTHS_MIXED",
    Stage.RULE,
    422,
    "The same is told of each month and of single months",
    "{about}: one figure has a month and another has none, so both would be counted. Nothing was taken in.",
    heading="{about} would be counted twice",
    ways=("write the month in all rows of it, or in none", "remove what was told before: mutirao supply list"),
)
FIGURE_UNCLEAR = Reason(
    "FIGURE_UNCLEAR",
    Stage.FORM,
    400,
    "A figure could mean two things",
    "{field}: {about} is thousands to some and decimals to others. Nothing was guessed.",
    heading="Which number is {about}?",
    ways=("write it without marks between thousands, and with two decimals or none: 8000 or 8.00",),
)
CLOSED_GROUP = Reason(
    "CLOSED_GROUP",
    Stage.RULE,
    422,
    "Enterprises only buy from each other",
    "{about} spend all that they turn over with each other: no figure follows from that. Nothing was taken in.",
    heading="{about} only buy from each other",
    ways=("enter their wages, their surplus, and what they buy elsewhere",),
)
ENTERPRISE_UNKNOWN = Reason(
    "ENTERPRISE_UNKNOWN",
    Stage.SUBJECT,
    404,
    "There is no such enterprise",
    "{about} is no enterprise that is known here. Nothing was taken in.",
    heading="{about} is not known",
    ways=("see the enterprises: mutirao enterprises list", "enter it first"),
)
ENTERPRISE_TWICE = Reason(
    "ENTERPRISE_TWICE",
    Stage.SUBJECT,
    409,
    "There is such an enterprise already",
    "{about} is there already, or twice. Nothing was taken in.",
    heading="{about} is there twice",
    ways=("give one of them another short key", "correct the one that there is"),
)
ENTERPRISE_NAMED = Reason(
    "ENTERPRISE_NAMED",
    Stage.RULE,
    409,
    "Other figures name this enterprise",
    "{count} relations, recipes or criteria name it. Nothing was removed.",
    heading="{count} figures name it",
    ways=("remove these first", "say that it is outside: mutirao enterprises correct --status outside"),
)
CHAIN_FULL = Reason(
    "CHAIN_FULL",
    Stage.RULE,
    422,
    "A chain holds no more than this",
    "A network's chain holds at most {maximum} of these. Nothing was taken in.",
    heading="The chain is full",
    ways=("remove what is no longer needed", "sum small relations up"),
)

CHAIN_NEARLY_CLOSED = Reason(
    "CHAIN_NEARLY_CLOSED",
    Stage.RULE,
    422,
    "Nearly all of the money goes round for ever",
    "Of {about} enterprises some spend nearly all that they turn over with each other: no figure is near.",
    heading="Some nearly only buy from each other",
    ways=("look at those without wages and surplus: something is missing there",),
)

CHAIN_REFUSALS = (
    FIGURE_MISSING,
    FIGURE_NEGATIVE,
    SHARE_ABOVE_ONE,
    MONTHS_MIXED,
    CLOSED_GROUP,
    ENTERPRISE_UNKNOWN,
    ENTERPRISE_TWICE,
    ENTERPRISE_NAMED,
    CHAIN_FULL,
    CHAIN_NEARLY_CLOSED,
)
_BY_FAULT = {
    "SHARE_ABOVE_ONE": SHARE_ABOVE_ONE,
    "CLOSED_GROUP": CLOSED_GROUP,
    "ENTERPRISE_UNKNOWN": ENTERPRISE_UNKNOWN,
    "ENTERPRISE_TWICE": ENTERPRISE_TWICE,
    "CHAIN_NEARLY_CLOSED": CHAIN_NEARLY_CLOSED,
}


def refused_chain(fault: ChainFault) -> Refused:
    """Return the refusal that a fault of the engine is."""
    found = _BY_FAULT.get(fault.code)
    return refuse(FIGURE_NEGATIVE, place=fault.about) if found is None else refuse(found, about=fault.about)
