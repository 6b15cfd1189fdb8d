# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a participatory guarantee puts on a member's today and a coordinator's week."""

from collections.abc import Iterator

from protocol.book.declaration import Desk, Errand, Urgency
from protocol.book.signed import uuid_text
from protocol.book.timezones import DAY_MS
from protocol.practices.governance.councils.state import Councils
from protocol.practices.marks.guarantee.plans import plot_visited, visits_of
from protocol.practices.marks.guarantee.state import CertificationKept, CertificationState, Guarantees, kin_of
from protocol.practices.marks.guarantee.visiting import reporters

ENDS_SOON_MS = 60 * DAY_MS


def today(desk: Desk) -> Iterator[Errand]:
    """Yield the visits to which a member was drawn, what it has to put right, and appeals for it to rule on."""
    book, member, guarantee = desk.book, desk.actor.member, desk.book.of(Guarantees)
    if member is None:
        return
    for visit in visits_of(book, member, desk):
        target = plot_visited(desk, visit)
        if target is None or desk.now > visit.lapses_ms or any(one.member == member for one in visit.reports):
            continue
        yield Errand(
            uuid_text(visit.said.visit),
            book.members[guarantee.certifications[target].member].handle,
            "visits.to_make",
            "You were drawn to visit this plot",
            "visits.report",
            Urgency.WAITED_FOR,
            until_ms=visit.lapses_ms,
        )
    for kept in guarantee.certifications.values():
        if kept.member == member:
            yield from _open_issues(desk, kept)
        appeal = kept.appeal
        if appeal is None or not kept.appealed or member in appeal.rulings:
            continue
        board = book.of(Councils).by_id[appeal.council].board(desk.now)
        if member in board and member not in {*kin_of(book, uuid_text(kept.id)), *reporters(book, kept)}:
            yield Errand(
                uuid_text(kept.id),
                book.members[kept.member].handle,
                "certifications.to_rule",
                "An appeal waits for your council",
                "certifications.rule",
                Urgency.WAITED_FOR,
            )


def _open_issues(desk: Desk, kept: CertificationKept) -> Iterator[Errand]:
    for issue in kept.issues:
        if issue.cleared_ms is None and kept.state is not CertificationState.REFUSED:
            yield Errand(
                uuid_text(kept.id),
                desk.book.of(Guarantees).plots[kept.plot].said.name,
                "certifications.put_right",
                f"Put issue {issue.number} right by its day",
                "certifications.show",
                Urgency.STOPPED if issue.overdue(desk.now) else Urgency.DATE,
                count=issue.number,
                until_ms=issue.due_ms,
            )


def week(desk: Desk) -> Iterator[Errand]:
    """Yield the plots that wait for a visit or a decision, the draws that were held, and what ends soon."""
    book, guarantee = desk.book, desk.book.of(Guarantees)
    for visit in guarantee.visits.values():
        if visit.numbers is None and visit.said.known_ms <= desk.now <= visit.lapses_ms:
            yield Errand(
                uuid_text(visit.said.visit),
                visit.said.source,
                "visits.to_draw",
                "The public draw was held: tell its numbers",
                "visits.draw",
                Urgency.WAITED_FOR,
                until_ms=visit.lapses_ms,
            )
    for kept in guarantee.certifications.values():
        name, who = uuid_text(kept.id), book.members[kept.member].handle
        going = any(desk.now <= guarantee.visits[one].lapses_ms for one in kept.visits)
        if kept.state is CertificationState.APPLIED and not going:
            yield Errand(
                name, who, "certifications.to_visit", "A plot waits for a visit", "visits.call", Urgency.PEOPLE
            )
        elif kept.state is CertificationState.VISITED:
            yield Errand(
                name, who, "certifications.to_decide", "A plot was visited: let the certifiers decide",
                "certifications.decide", Urgency.PEOPLE,
            )  # fmt: skip
        elif kept.counts(desk.now) and kept.until_ms is not None and kept.until_ms - desk.now <= ENDS_SOON_MS:
            yield Errand(
                name, who, "certifications.ends", "Its certification ends soon", "certifications.show", Urgency.DATE,
                until_ms=kept.until_ms,
            )  # fmt: skip
