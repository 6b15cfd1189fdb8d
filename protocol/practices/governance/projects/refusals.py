# SPDX-License-Identifier: AGPL-3.0-or-later
"""Why a project is not approved, paid or reported on."""

from protocol.book.refusals import Reason, Stage

PROJECT_RECUSED = Reason(
    "PROJECT_RECUSED",
    Stage.AUTHORITY,
    403,
    "Whom a project pays does not decide on it",
    "{member} would be paid by {project}. Nothing was done.",
    heading="{member} is paid by it",
    ways=("let the others decide", "let all members decide, by motion"),
)
NOT_OF_COUNCIL = Reason(
    "NOT_OF_COUNCIL",
    Stage.AUTHORITY,
    403,
    "This takes an office in the council",
    "{council}: only {allowed} may do this, and {member} has no such office now. Nothing was done.",
    heading="Only {allowed} may do this",
    ways=("ask who is: mutirao councils show", "let all members elect, by motion"),
)
REPORT_OVERDUE = Reason(
    "REPORT_OVERDUE",
    Stage.RULE,
    422,
    "A report is too late for another tranche",
    "{project}: the report on tranche {tranche} is {days} days late; {most} stop it. Nothing was paid.",
    heading="Report {tranche} is {days} days late",
    ways=("report first: mutirao projects report", "see what is owed: mutirao projects show"),
)
PROJECT_REFUSALS = (PROJECT_RECUSED, NOT_OF_COUNCIL, REPORT_OVERDUE)
