# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is wished of plots, certifications and visits, beside what members sign, and how they are shown."""

from dataclasses import dataclass
from typing import Annotated

from protocol.book.addresses import ADDRESS_CHARS_MAX
from protocol.book.declaration import At, Doc, Ref, TextRef, Uuid
from protocol.book.personal import NOTE_CHARS_MAX
from protocol.book.signed import Id16
from protocol.practices.market.hours import HOUR_CHARS_MAX
from protocol.practices.market.places import PLACE_CHARS_MAX
from protocol.practices.marks.guarantee.entries import (
    DRAW_NUMBERS_CHARS_MAX,
    DRAW_SOURCE_CHARS_MAX,
    Ares,
    CertifierKind,
    CertifyVerdict,
    DiaryKind,
    PlotCodes,
    PlotName,
)
from protocol.practices.marks.guarantee.state import CertificationState
from protocol.wire.shape import AtMost

ForWhom = Annotated[
    str | None, AtMost(ADDRESS_CHARS_MAX), Ref("members"), Doc("whose, where a steward says it; default: yours")
]
Words = Annotated[str | None, AtMost(NOTE_CHARS_MAX), Doc("in words; kept outside the ledger, erasable")]


@dataclass(frozen=True, slots=True)
class RegisterPlot:
    """Tell of a plot that you farm."""

    name: Annotated[PlotName, Doc("what you call it: letters, digits, points and dashes, such as hill-3")]
    place: Annotated[
        str, AtMost(PLACE_CHARS_MAX),
        Doc("where: geo:LATITUDE,LONGITUDE in degrees (RFC 5870); the node rounds it to about a kilometre"),
    ]  # fmt: skip
    ares: Annotated[Ares, Doc("how large: 100 ares are a hectare")]
    codes: Annotated[PlotCodes, Doc("beginnings of the item codes (CPC 2.1) of what grows there, such as 0123")]
    member: ForWhom = None


@dataclass(frozen=True, slots=True)
class PlotsWanted:
    """Which plots."""

    member: Annotated[str | None, AtMost(ADDRESS_CHARS_MAX), Ref("members"), Doc("only those of this member")] = None


@dataclass(frozen=True, slots=True)
class PlotShown:
    """A piece of land that a member farms, and where it is to about a kilometre."""

    id: Annotated[str, Doc("its id")]
    name: Annotated[str, Doc("what its farmer calls it")]
    member: Annotated[str, Doc("the handle of who farms it")]
    place: Annotated[str | None, Doc("where, to about a kilometre")]
    ares: Annotated[int, Doc("how large: 100 ares are a hectare")]
    codes: Annotated[tuple[str, ...], Doc("beginnings of the item codes of what grows there")]
    registered_at: Annotated[At, Doc("when it was told")]
    certification: Annotated[str | None, Doc("its newest certification, by id")]


@dataclass(frozen=True, slots=True)
class NoteDiary:
    """Write down what was done on a plot of yours."""

    plot: Annotated[Id16, Uuid, Doc("the plot")]
    what: Annotated[DiaryKind, Doc("what was done")]
    on: Annotated[str | None, AtMost(HOUR_CHARS_MAX), Doc("on which day, such as 2026-12-20; default: now")] = None
    note: Words = None


@dataclass(frozen=True, slots=True)
class DiaryWanted:
    """The diary of which plot."""

    plot: Annotated[Id16, Uuid, Doc("the plot")]


@dataclass(frozen=True, slots=True)
class DiaryShown:
    """A line of a plot's diary: for who farms it, those drawn to visit it, and those who read all."""

    id: Annotated[str, Doc("its id")]
    plot: Annotated[str, Doc("the plot's id")]
    what: Annotated[DiaryKind, Doc("what was done")]
    done_at: Annotated[At, Doc("when")]
    noted_at: Annotated[At, Doc("when it was written down")]
    note: Annotated[TextRef | None, Doc("the words; null: there are none, or they were erased")]


@dataclass(frozen=True, slots=True)
class EnrolCertifier:
    """Take part in visits and decisions, as one who farms or one who buys, or no more."""

    kind: Annotated[CertifierKind, Doc("peer: you farm; consumer: you buy; none: no more")]
    household: Annotated[
        str | None, AtMost(ADDRESS_CHARS_MAX), Ref("members"), Doc("a member with whom you live; default: nobody")
    ] = None
    member: ForWhom = None


@dataclass(frozen=True, slots=True)
class CertifiersWanted:
    """All who take part."""


@dataclass(frozen=True, slots=True)
class CertifierShown:
    """Who may be drawn as a visitor."""

    member: Annotated[str, Doc("the handle")]
    kind: Annotated[CertifierKind, Doc("as what")]
    household: Annotated[str, Doc("by whom its household is named: the handle of one of it")]
    enrolled_at: Annotated[At, Doc("since when")]


@dataclass(frozen=True, slots=True)
class DecideCertification:
    """Decide on a plot that was visited: the certifiers vote, without who farms it and its household."""

    verdict: Annotated[CertifyVerdict, Doc("what becomes of it")]


@dataclass(frozen=True, slots=True)
class AppealCertification:
    """Ask a council to look at what was decided of your plot, within 30 days."""

    council: Annotated[Id16, Uuid, Doc("which council: three of its board decide")]
    reason: Words = None


@dataclass(frozen=True, slots=True)
class CertificationsWanted:
    """Certifications of this network, or those on the board of another."""

    network: Annotated[str | None, Doc("another network's handle or id; default: yours")] = None
    holder: Annotated[str | None, AtMost(ADDRESS_CHARS_MAX), Doc("only those of members of this handle")] = None
    counts: Annotated[bool | None, Doc("only those that buyers may rely on now, or only the rest")] = None


@dataclass(frozen=True, slots=True)
class IssueShown:
    """Something that was found wrong (a non-conformity)."""

    number: Annotated[int, Doc("its number, counted from 1")]
    raised_by: Annotated[str, Doc("the handle of the visitor who says so")]
    raised_at: Annotated[At, Doc("when")]
    due_at: Annotated[At, Doc("until when it has to be put right")]
    note: Annotated[TextRef | None, Doc("what")]
    cleared_at: Annotated[At | None, Doc("when a visitor said that it is put right; null: it is open")]
    how: Annotated[TextRef | None, Doc("how it was put right")]


@dataclass(frozen=True, slots=True)
class RulingShown:
    """What one of a council's board says of an appeal."""

    member: Annotated[str, Doc("the handle")]
    verdict: Annotated[CertifyVerdict | None, Doc("what is to stand instead; null: what was decided stands")]


@dataclass(frozen=True, slots=True)
class AppealShown:
    """An appeal to a council."""

    council: Annotated[str, Doc("the council's id")]
    made_at: Annotated[At, Doc("when")]
    reason: Annotated[TextRef | None, Doc("why")]
    rulings: Annotated[tuple[RulingShown, ...], Doc("what its board has said so far")]
    ruled_at: Annotated[At | None, Doc("when three had said the same")]


@dataclass(frozen=True, slots=True)
class CertificationShown:
    """A plot's certification; of another network's is shown what its board tells."""

    id: Annotated[str, Doc("its id; behind an @ the network's handle or id, where it is another than yours")]
    holder: Annotated[str, Doc("the handle of who farms the plot")]
    plot: Annotated[str, Doc("what the plot is called")]
    plot_id: Annotated[str | None, Doc("the plot's id; null: it is another network's")]
    codes: Annotated[tuple[str, ...], Doc("beginnings of the item codes of what grows there")]
    pledge: Annotated[str, Doc("the SHA-256 of the rules that were pledged, in hexadecimal")]
    state: Annotated[CertificationState, Doc("how far it has come")]
    counts: Annotated[bool, Doc("whether buyers may rely on it now")]
    since: Annotated[At | None, Doc("from when on it was certified")]
    until: Annotated[At | None, Doc("until when")]
    due: Annotated[At | None, Doc("when the first open issue has to be put right")]
    suspended_at: Annotated[At | None, Doc("since when it is suspended")]
    label: Annotated[
        str | None, Doc("the label that the plot bears for it, by its id; null: none, or another network's")
    ]
    visits: Annotated[tuple[str, ...], Doc("its visits, by id")]
    issues: Annotated[tuple[IssueShown, ...], Doc("what was found wrong")]
    appeal: Annotated[AppealShown | None, Doc("the newest appeal")]


@dataclass(frozen=True, slots=True)
class CallVisit:
    """Call a visit to a plot: who may be drawn is fixed now, and from which public draw that is still to be held."""

    certification: Annotated[Id16, Uuid, Doc("the certification of the plot")]
    source: Annotated[str, AtMost(DRAW_SOURCE_CHARS_MAX), Doc("which public draw, such as 'Federal lottery 5912'")]
    known: Annotated[
        str, AtMost(HOUR_CHARS_MAX), Doc("from when on its numbers are known: 2026-12-20T21:00:00Z, or a day's end")
    ]
    unannounced: Annotated[bool, Doc("whether the visitors alone are told which plot, until one has been there")] = (
        False
    )


@dataclass(frozen=True, slots=True)
class DrawVisit:
    """Tell the numbers of the public draw: who visits follows from them, and everybody can draw it again."""

    numbers: Annotated[str, AtMost(DRAW_NUMBERS_CHARS_MAX), Doc("as published, in blocks of digits: '48213 90772'")]


@dataclass(frozen=True, slots=True)
class VisitsWanted:
    """Which visits; all conditions hold together."""

    certification: Annotated[Id16 | None, Uuid, Doc("only those of this certification")] = None
    mine: Annotated[bool | None, Doc("only those to which you were drawn")] = None


@dataclass(frozen=True, slots=True)
class EntrantShown:
    """Who might be drawn."""

    id: Annotated[str, Doc("the member's id, as lots are drawn by it")]
    member: Annotated[str, Doc("the handle")]
    kind: Annotated[CertifierKind, Doc("as what")]
    household: Annotated[str, Doc("the id by which its household is named")]


@dataclass(frozen=True, slots=True)
class ReportShown:
    """What a visitor has reported."""

    member: Annotated[str, Doc("the handle")]
    reported_at: Annotated[At, Doc("when")]
    kept: Annotated[bool, Doc("whether the rules are kept, as far as it has seen")]
    note: Annotated[TextRef | None, Doc("what it has seen")]


@dataclass(frozen=True, slots=True)
class VisitShown:
    """A visit, with all that its draw follows from."""

    id: Annotated[str, Doc("its id")]
    certification: Annotated[str | None, Doc("of which certification; null: it is without notice, and not for you")]
    unannounced: Annotated[bool, Doc("whether it was called without notice")]
    source: Annotated[str, Doc("which public draw")]
    known_at: Annotated[At, Doc("from when on its numbers are known")]
    called_at: Annotated[At, Doc("when it was called")]
    called: Annotated[str, Doc("the id of the entry that called it, in hexadecimal: one half of the seed")]
    numbers: Annotated[str | None, Doc("the public numbers: the other half; null: not drawn yet")]
    seed: Annotated[str | None, Doc("the seed, in hexadecimal")]
    entrants: Annotated[tuple[EntrantShown, ...], Doc("who might be drawn, fixed when it was called, by id")]
    barred: Annotated[tuple[str, ...] | None, Doc("who must not go, by handle: certified the other within a year")]
    visitors: Annotated[tuple[str, ...] | None, Doc("who goes, by handle; null: that is not for you yet")]
    excused: Annotated[tuple[str, ...], Doc("who was excused, in that order")]
    reports: Annotated[tuple[ReportShown, ...], Doc("what visitors have reported")]
    complete: Annotated[bool, Doc("whether 3 peers and 1 consumer have")]
    lapses_at: Annotated[At, Doc("until when it waits for its visitors")]
