# SPDX-License-Identifier: AGPL-3.0-or-later
"""What projects put on a member's today and a coordinator's week: reports that are owed, and decisions that wait."""

from collections.abc import Iterator

from protocol.book.declaration import Desk, Errand, Urgency
from protocol.book.signed import uuid_text
from protocol.book.timezones import DAY_MS
from protocol.practices.governance.projects.state import (
    LATE_DAYS,
    Project,
    Projects,
    ProjectState,
    TrancheState,
    council_of,
    touched_by,
)

DUE_SOON_DAYS = 7


def today(desk: Desk) -> Iterator[Errand]:
    """Yield the reports that a member owes, the projects that wait for its approval, the reports for it to look at."""
    book, member = desk.book, desk.actor.member
    for project in book.of(Projects).by_id.values():
        council = council_of(book, project)
        name, title = uuid_text(project.id), project.said.title
        if member == project.member:
            yield from _owed(desk, project)
        if member is None or member in touched_by(book, project):
            continue
        waits = project.state is ProjectState.PROPOSED and member not in project.endorsed
        if waits and member in council.board(desk.now) and council.incomplete(desk.now) is None:
            yield Errand(
                name,
                title,
                "projects.to_endorse",
                "A project waits for the board",
                "projects.endorse",
                Urgency.WAITED_FOR,
                figure=book.amount(project.said.currency, project.amount_minor),
            )
        if member == council.comptroller_at(desk.now):
            for tranche in project.tranches:
                if tranche.state is TrancheState.REPORTED:
                    yield Errand(
                        name,
                        title,
                        "projects.to_review",
                        f"The report on tranche {tranche.number} waits for the comptroller",
                        "projects.review",
                        Urgency.WAITED_FOR,
                        figure=book.amount(project.said.currency, tranche.amount_minor),
                        count=tranche.number,
                    )


def _owed(desk: Desk, project: Project) -> Iterator[Errand]:
    for tranche in project.tranches:
        if tranche.owes_report:
            late = tranche.late_days(desk.now) >= desk.book.parameter(LATE_DAYS)
            yield Errand(
                uuid_text(project.id),
                project.said.title,
                "projects.report_owed",
                f"You owe a report on tranche {tranche.number}",
                "projects.report",
                Urgency.STOPPED if late else Urgency.DATE,
                figure=desk.book.amount(project.said.currency, tranche.amount_minor),
                count=tranche.number,
                until_ms=tranche.due_ms,
            )


def week(desk: Desk) -> Iterator[Errand]:
    """Yield the reports that are late, and those that are due within seven days."""
    book = desk.book
    for project in book.of(Projects).by_id.values():
        for tranche in project.tranches:
            if not tranche.owes_report or tranche.due_ms is None:
                continue
            name, who = uuid_text(project.id), book.members[project.member].handle
            paid, days = book.amount(project.said.currency, tranche.amount_minor), tranche.late_days(desk.now)
            if desk.now >= tranche.due_ms:
                blocks = days >= book.parameter(LATE_DAYS)
                yield Errand(
                    name,
                    who,
                    "projects.report_late",
                    f"The report on tranche {tranche.number} of {project.said.title} is {days} days late",
                    "projects.show",
                    Urgency.STOPPED if blocks else Urgency.PEOPLE,
                    figure=paid,
                    count=days,
                    until_ms=tranche.due_ms,
                )
            elif tranche.due_ms <= desk.now + DUE_SOON_DAYS * DAY_MS:
                yield Errand(
                    name,
                    who,
                    "projects.report_due",
                    f"The report on tranche {tranche.number} of {project.said.title} is due this week",
                    "projects.show",
                    Urgency.DATE,
                    figure=paid,
                    count=tranche.number,
                    until_ms=tranche.due_ms,
                )
