# SPDX-License-Identifier: AGPL-3.0-or-later
"""Why a savings group does not do what is asked; amounts are minor units, shown in the group's currency."""

from protocol.book.refusals import Reason, Stage

SHEET_ROW_WRONG = Reason(
    "SHEET_ROW_WRONG",
    Stage.RULE,
    422,
    "A row of the sheet is wrong",
    "Row {row}, {member}: {field} has to be {expected}. Nothing of the sheet was taken.",
    heading="Row {row} is wrong",
    ways=(
        "correct row {row}, and send the whole sheet again",
        "see what each member owes: mutirao savings-groups show",
    ),
)
SAVER_UNKNOWN = Reason(
    "SAVER_UNKNOWN",
    Stage.SUBJECT,
    422,
    "This member does not save with the group",
    "{member} has not joined this savings group. Nothing was done.",
    heading="{member} does not save here",
    ways=("let {member} join: mutirao savings-groups join", "take {member} off the sheet"),
)
KEYS_MISSING = Reason(
    "KEYS_MISSING",
    Stage.AUTHORITY,
    403,
    "Key-holders have not signed the sheet",
    "{needed} key-holders have to sign this sheet; {signed} did. Still to sign: {who}. Nothing was booked.",
    heading="{missing} of {needed} keys missing",
    ways=("let another key-holder sign: mutirao savings-meetings sign", "correct the sheet, and let all sign that"),
)
GROUP_FUND_SHORT = Reason(
    "GROUP_FUND_SHORT",
    Stage.RULE,
    422,
    "The group's fund has less",
    "The {fund} would be {missing} short at this meeting. Nothing of the sheet was taken.",
    heading="{missing} missing in the {fund}",
    ways=("lend or grant {available} at most", "buy more shares first", "wait for what is to be paid back"),
)
CYCLE_NOT_CLEAR = Reason(
    "CYCLE_NOT_CLEAR",
    Stage.RULE,
    422,
    "A loan is open, and so nothing is shared out yet",
    "{balance} of {loans} loans are to be paid back before the fund is shared out. Nothing was shared out.",
    heading="{balance} still lent out",
    ways=("pay the loans back on this sheet", "hold another meeting first", "write off what nobody will pay"),
)

SAVINGS_REFUSALS = (SHEET_ROW_WRONG, SAVER_UNKNOWN, KEYS_MISSING, GROUP_FUND_SHORT, CYCLE_NOT_CLEAR)
