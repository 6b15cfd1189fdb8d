# SPDX-License-Identifier: AGPL-3.0-or-later
"""How plots, diaries, certifiers, certifications and visits are shown, and to whom."""

from collections.abc import Iterable, Iterator, Mapping

from protocol.book.addresses import resolve_member
from protocol.book.arrivals import since
from protocol.book.book import Book
from protocol.book.declaration import Desk, Role, RowsWanted
from protocol.book.personal import shown_text
from protocol.book.refusals import NOT_FOUND, Refused, refuse
from protocol.book.signed import parse_uuid, uuid_text
from protocol.peers.boards import published
from protocol.practices.between.networks.known import find_network
from protocol.practices.market.places import place_text
from protocol.practices.marks.guarantee.board import guarantee_counts, guarantee_state
from protocol.practices.marks.guarantee.entries import GUARANTEE_ITEMS, BoardGuarantee
from protocol.practices.marks.guarantee.labelling import certification_evidence, labels_by_evidence
from protocol.practices.marks.guarantee.plans import plot_visited, visits_of
from protocol.practices.marks.guarantee.state import (
    DIARIES,
    AppealKept,
    CertificationKept,
    CertifierKept,
    DiaryKept,
    Guarantees,
    IssueKept,
    PlotKept,
    VisitKept,
)
from protocol.practices.marks.guarantee.wishes import (
    AppealShown,
    CertificationShown,
    CertificationsWanted,
    CertifierShown,
    CertifiersWanted,
    DiaryShown,
    DiaryWanted,
    EntrantShown,
    IssueShown,
    PlotShown,
    PlotsWanted,
    ReportShown,
    RulingShown,
    VisitShown,
    VisitsWanted,
)
from protocol.practices.marks.labels.state import LabelKept
from protocol.practices.people.authority import may_see


def view_plot(desk: Desk, name: str) -> PlotShown | Refused:
    """Show a plot."""
    plot = desk.book.of(Guarantees).plots.get(parse_uuid(name) or b"")
    return refuse(NOT_FOUND) if plot is None else _plot_shown(desk.book, plot)


def view_plots(desk: Desk, wanted: PlotsWanted, after: int) -> Iterable[tuple[int, PlotShown]] | Refused:
    """List plots."""
    member = None if wanted.member is None else resolve_member(desk.book, wanted.member)
    if isinstance(member, Refused):
        return member
    found = since(list(desk.book.of(Guarantees).plots.values()), after)
    return ((at, _plot_shown(desk.book, one)) for at, one in found if member is None or one.said.member == member.id)


def _plot_shown(book: Book, plot: PlotKept) -> PlotShown:
    said = plot.said
    own = [one.id for one in book.of(Guarantees).certifications.values() if one.plot == said.plot]
    return PlotShown(
        id=uuid_text(said.plot),
        name=said.name,
        member=book.members[said.member].handle,
        place=place_text(said.place),
        ares=said.ares,
        codes=said.codes,
        registered_at=plot.at_ms,
        certification=uuid_text(own[-1]) if own else None,
    )


def _may_read(desk: Desk, plot: bytes) -> bool:
    """Tell whether somebody may read a plot's diary: who farms it, those drawn to visit it, those who read all."""
    guarantee, member = desk.book.of(Guarantees), desk.actor.member
    kept = guarantee.plots.get(plot)
    if kept is None:
        return False
    if member is None or may_see(desk.actor, kept.said.member):
        return may_see(desk.actor, kept.said.member)
    targets = (plot_visited(desk, visit) for visit in visits_of(desk.book, member, desk))
    return any(one is not None and guarantee.certifications[one].plot == plot for one in targets)


def view_line(desk: Desk, name: str) -> DiaryShown | Refused:
    """Show a line of a diary."""
    line = desk.book.rows(DIARIES).get(parse_uuid(name) or b"")
    return refuse(NOT_FOUND) if line is None or not _may_read(desk, line.plot) else _line_shown(line)


def view_diary(desk: Desk, wanted: DiaryWanted, after: int, limit: int) -> RowsWanted | Refused:
    """List a plot's diary."""
    if not _may_read(desk, wanted.plot):
        return refuse(NOT_FOUND)
    return RowsWanted(DIARIES, after, limit, show=_line_shown, by=(("plot", wanted.plot),))


def _line_shown(line: DiaryKept) -> DiaryShown:
    return DiaryShown(
        uuid_text(line.id), uuid_text(line.plot), line.what, line.done_ms, line.at_ms, shown_text(line.note)
    )


def view_certifier(desk: Desk, name: str) -> CertifierShown | Refused:
    """Show who takes part."""
    member = resolve_member(desk.book, name)
    kept = None if isinstance(member, Refused) else desk.book.of(Guarantees).certifiers.get(member.id)
    return refuse(NOT_FOUND) if kept is None else _certifier_shown(desk.book, kept)


def view_certifiers(desk: Desk, wanted: CertifiersWanted, after: int) -> Iterable[tuple[int, CertifierShown]]:
    """List who takes part."""
    del wanted
    found = since(list(desk.book.of(Guarantees).certifiers.values()), after)
    return ((at, _certifier_shown(desk.book, one)) for at, one in found)


def _certifier_shown(book: Book, kept: CertifierKept) -> CertifierShown:
    home = book.of(Guarantees).household(kept.said.member)
    return CertifierShown(book.members[kept.said.member].handle, kept.said.kind, book.members[home].handle, kept.at_ms)


def view_certification(desk: Desk, name: str) -> CertificationShown | Refused:
    """Show a certification of this network, or, behind an @, of another."""
    book = desk.book
    id, _, abroad = name.partition("@")
    own = book.of(Guarantees).certifications.get(parse_uuid(id) or b"")
    network = find_network(book, abroad) if abroad else book.network
    if isinstance(network, Refused):
        return network
    if network == book.network:
        return refuse(NOT_FOUND) if own is None else _certification_shown(desk, own, labels_by_evidence(book))
    found = (one for _, one in _heard(book, network, 0) if uuid_text(one.certification) == id)
    said = next(found, None)
    return refuse(NOT_FOUND) if said is None else _abroad_shown(desk, said, abroad)


def _heard(book: Book, network: bytes, after: int) -> Iterator[tuple[int, BoardGuarantee]]:
    for arrival, _, body in published(book, GUARANTEE_ITEMS, network, after):
        if isinstance(body, BoardGuarantee):
            yield arrival, body


def view_certifications(
    desk: Desk, wanted: CertificationsWanted, after: int
) -> Iterable[tuple[int, CertificationShown]] | Refused:
    """List the certifications of this network, or those on another's board."""
    book = desk.book
    network = book.network if wanted.network is None else find_network(book, wanted.network)
    if isinstance(network, Refused):
        return network
    if network == book.network:
        own = since(list(book.of(Guarantees).certifications.values()), after)
        labels = labels_by_evidence(book)
        shown = ((at, _certification_shown(desk, one, labels)) for at, one in own)
    else:
        shown = ((at, _abroad_shown(desk, one, wanted.network or "")) for at, one in _heard(book, network, after))
    return (
        (at, one) for at, one in shown if wanted.holder in (None, one.holder) and wanted.counts in (None, one.counts)
    )


def _abroad_shown(desk: Desk, said: BoardGuarantee, network: str) -> CertificationShown:
    return CertificationShown(
        id=f"{uuid_text(said.certification)}@{network}",
        holder=said.holder,
        plot=said.plot,
        plot_id=None,
        codes=said.codes,
        pledge=said.pledge.hex(),
        state=guarantee_state(said, desk.now),
        counts=guarantee_counts(said, desk.now),
        since=said.since_ms,
        until=said.until_ms,
        due=said.due_ms,
        suspended_at=said.suspended_ms,
        label=None,
        visits=(),
        issues=(),
        appeal=None,
    )


def _certification_shown(desk: Desk, kept: CertificationKept, labels: Mapping[bytes, LabelKept]) -> CertificationShown:
    book = desk.book
    plot = book.of(Guarantees).plots[kept.plot].said
    label = labels.get(certification_evidence(kept))
    return CertificationShown(
        id=uuid_text(kept.id),
        holder=book.members[kept.member].handle,
        plot=plot.name,
        plot_id=uuid_text(kept.plot),
        codes=plot.codes,
        pledge=kept.pledge.hex(),
        state=kept.state,
        counts=kept.counts(desk.now),
        since=kept.since_ms,
        until=kept.until_ms,
        due=kept.open_due_ms,
        suspended_at=kept.suspended_ms,
        label=None if label is None else uuid_text(label.said.label),
        visits=tuple(map(uuid_text, kept.visits)),
        issues=tuple(_issue_shown(book, one) for one in kept.issues),
        appeal=None if kept.appeal is None else _appeal_shown(book, kept.appeal),
    )


def _issue_shown(book: Book, one: IssueKept) -> IssueShown:
    who = book.members[one.raised_by].handle
    return IssueShown(
        one.number, who, one.raised_ms, one.due_ms, shown_text(one.note), one.cleared_ms, shown_text(one.how)
    )


def _appeal_shown(book: Book, appeal: AppealKept) -> AppealShown:
    rulings = tuple(RulingShown(book.members[who].handle, verdict) for who, verdict in appeal.rulings.items())
    return AppealShown(uuid_text(appeal.council), appeal.at_ms, shown_text(appeal.reason), rulings, appeal.ruled_ms)


def view_visit(desk: Desk, name: str) -> VisitShown | Refused:
    """Show a visit."""
    visit = desk.book.of(Guarantees).visits.get(parse_uuid(name) or b"")
    return refuse(NOT_FOUND) if visit is None else _visit_shown(desk, visit)


def view_visits(desk: Desk, wanted: VisitsWanted, after: int) -> Iterable[tuple[int, VisitShown]]:
    """List visits."""
    own = [] if desk.actor.member is None else visits_of(desk.book, desk.actor.member, desk)
    named = None if wanted.certification is None else uuid_text(wanted.certification)
    for at, visit in since(list(desk.book.of(Guarantees).visits.values()), after):
        shown = _visit_shown(desk, visit)
        if named in (None, shown.certification) and wanted.mine in (None, visit in own):
            yield at, shown


def _visit_shown(desk: Desk, visit: VisitKept) -> VisitShown:
    book, guarantee = desk.book, desk.book.of(Guarantees)

    def handles(members: Iterable[str]) -> tuple[str, ...]:
        return tuple(book.members[one].handle for one in members)

    target = plot_visited(desk, visit)
    owner = "" if target is None else guarantee.certifications[target].member
    visitors = [one.member for one in guarantee.visitors(visit, owner)] if target is not None else []
    told = visit.certification is not None or desk.actor.role is Role.STEWARD or desk.actor.member in visitors
    told = told and target is not None
    return VisitShown(
        id=uuid_text(visit.said.visit),
        certification=uuid_text(target) if told and target is not None else None,
        unannounced=visit.said.sealed is not None,
        source=visit.said.source,
        known_at=visit.said.known_ms,
        called_at=visit.at_ms,
        called=visit.called.hex(),
        numbers=visit.numbers,
        seed=None if visit.seed is None else visit.seed.hex(),
        entrants=tuple(
            EntrantShown(one.member, book.members[one.member].handle, one.kind, one.household) for one in visit.entrants
        ),
        barred=handles(sorted(guarantee.partners(owner, visit.at_ms) | {owner})) if told else None,
        visitors=handles(visitors) if told else None,
        excused=handles(visit.excused),
        reports=tuple(
            ReportShown(book.members[one.member].handle, one.at_ms, one.kept, shown_text(one.note))
            for one in visit.reports
        ),
        complete=visit.complete,
        lapses_at=visit.lapses_ms,
    )
