# SPDX-License-Identifier: AGPL-3.0-or-later
"""Why sheets cannot be read: each with file, line and column."""

from protocol.book.refusals import Reason, Stage

_ALL = "Nothing was taken in."
_AGAIN = ("correct it in the sheet, and send all of it again",)

SHEET_UNREADABLE = Reason(
    "SHEET_UNREADABLE",
    Stage.FORM,
    422,
    "A sheet cannot be read",
    f"{{place}}: expected {{expected}}. {_ALL}",
    heading="{file} cannot be read",
    ways=("save it as CSV UTF-8, and send all of it again",),
)
COLUMN_UNKNOWN = Reason(
    "COLUMN_UNKNOWN",
    Stage.FORM,
    422,
    "A sheet has no such column",
    f"{{file}} has no column {{column}}; it may have {{expected}}. {_ALL}",
    heading="{file} has no column {column}",
    ways=("give the column one of the names that the sheet knows, or take it out",),
)
COLUMN_MISSING = Reason(
    "COLUMN_MISSING",
    Stage.FORM,
    422,
    "A column is missing",
    f"{{file}} lacks the column {{column}}. {_ALL}",
    heading="{file} lacks {column}",
    ways=("add the column, and send all of it again",),
)
COLUMN_TWICE = Reason(
    "COLUMN_TWICE",
    Stage.FORM,
    422,
    "A column is there twice",
    f"{{file}} has the column {{column}} twice. {_ALL}",
    heading="{file} has {column} twice",
    ways=("take one of them out",),
)
CELL_FORMULA = Reason(
    "CELL_FORMULA",
    Stage.FORM,
    422,
    "A cell holds a formula",
    f"{{place}} begins as a formula does: {{cell}}. {_ALL}",
    heading="{place} holds a formula",
    ways=("write what it results in", "put an apostrophe before it where it is a text"),
)
CELL_MALFORMED = Reason(
    "CELL_MALFORMED",
    Stage.FORM,
    422,
    "A cell cannot be read",
    f"{{place}}: expected {{expected}}. {_ALL}",
    heading="{place} cannot be read",
    ways=_AGAIN,
)
RATE_UNKNOWN = Reason(
    "RATE_UNKNOWN",
    Stage.SUBJECT,
    422,
    "No rate is told of this currency",
    f"{{place}}: rates.csv tells no rate of {{cell}}. {_ALL}",
    heading="{cell} has no rate",
    ways=("tell its rate in rates.csv",),
)
SURVEY_TOO_SMALL = Reason(
    "SURVEY_TOO_SMALL",
    Stage.RULE,
    422,
    "A survey of so few households would show what one buys",
    f"{{file}} speaks for {{count}} households; a survey needs at least {{least}}. {_ALL}",
    heading="At least {least} households are needed",
    ways=("ask more households",),
)

SHEET_REFUSALS = (
    SHEET_UNREADABLE,
    COLUMN_UNKNOWN,
    COLUMN_MISSING,
    COLUMN_TWICE,
    CELL_FORMULA,
    CELL_MALFORMED,
    RATE_UNKNOWN,
    SURVEY_TOO_SMALL,
)
