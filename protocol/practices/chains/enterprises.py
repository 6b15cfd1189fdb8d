# SPDX-License-Identifier: AGPL-3.0-or-later
"""Enterprises of a productive chain: of which class and segments, how much they turn over, what stays with members."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from protocol.book.addresses import ADDRESS_CHARS_MAX, resolve_member
from protocol.book.arrivals import since
from protocol.book.book import Book
from protocol.book.declaration import (
    Act,
    Create,
    Desk,
    Doc,
    Entered,
    List,
    News,
    Plan,
    Practice,
    Ref,
    Show,
    TextRef,
    Write,
)
from protocol.book.ledger import Posting
from protocol.book.money import Amount
from protocol.book.personal import salted, shown_text
from protocol.book.private import Owned, Private
from protocol.book.refusals import MALFORMED, MEMBER_UNKNOWN, NOT_FOUND, Reason, Refused, foremost, refuse
from protocol.book.signed import uuid_text
from protocol.book.uuids import drawn_id
from protocol.lanes.entry import Body
from protocol.practices.chains.entries import (
    ENTERPRISE_KEY,
    EnterpriseKey,
    EnterpriseRemoved,
    EnterpriseSaid,
    EnterpriseStatus,
    IsicClass,
    SegmentKind,
)
from protocol.practices.chains.isic import ISIC_CLASSES
from protocol.practices.chains.refusals import (
    CHAIN_FULL,
    CHAIN_REFUSALS,
    ENTERPRISE_NAMED,
    ENTERPRISE_TWICE,
    FIGURE_NEGATIVE,
    SHARE_ABOVE_ONE,
)
from protocol.practices.chains.state import (
    CHAIN_TEXT_BYTES_MAX,
    ENTERPRISES_MAX,
    ChainInputs,
    EnterpriseHeld,
    enterprise_of,
    fold_enterprise,
    inputs_of,
    let_go_of,
    owned_texts,
)
from protocol.practices.chains.telling import (
    CHAIN_PLACE_CHARS_MAX,
    COORDINATORS,
    NO_VALUE,
    ChainText,
    first_refused,
    is_coordinator,
    not_a_chain,
    place_read,
    shown_place,
    shown_value,
    texts_refused,
    value_minor,
)
from protocol.wire.shape import AtMost


@dataclass(frozen=True, slots=True)
class EnterEnterprise:
    """Enter an enterprise of the chain, or one outside of which something is bought."""

    handle: Annotated[EnterpriseKey, Doc("a short name, seen by all: small letters, digits and hyphens")]
    name: Annotated[ChainText | None, Doc("what it is called; erasable")] = None
    status: Annotated[EnterpriseStatus, Doc("whether it is of the solidarity economy")] = EnterpriseStatus.SOLIDARITY
    evidence: Annotated[ChainText | None, Doc("what shows that; erasable")] = None
    isic: Annotated[IsicClass, Doc("its class of ISIC Rev. 4, such as 1071; default: unknown")] = ""
    segments: Annotated[tuple[SegmentKind, ...], AtMost(5), Doc("which segments it serves")] = ()
    turnover: Annotated[Amount, Doc("what it turns over in a month")] = NO_VALUE
    wages: Annotated[Amount, Doc("what of that its members earn")] = NO_VALUE
    surplus: Annotated[Amount, Doc("what of that is left over")] = NO_VALUE
    place: Annotated[
        str | None, AtMost(CHAIN_PLACE_CHARS_MAX), Doc("latitude,longitude in degrees; kept to about a kilometre")
    ] = None
    member: Annotated[str | None, AtMost(ADDRESS_CHARS_MAX), Ref("members"), Doc("the member that stands for it")] = (
        None
    )


@dataclass(frozen=True, slots=True)
class CorrectEnterprise:
    """Correct what is said of an enterprise; what is left out stays as it is."""

    handle: Annotated[EnterpriseKey | None, Doc("another short name")] = None
    name: Annotated[ChainText | None, Doc("what it is called; the former name is erased")] = None
    status: Annotated[EnterpriseStatus | None, Doc("whether it is of the solidarity economy")] = None
    evidence: Annotated[ChainText | None, Doc("what shows that; what was said before is erased")] = None
    isic: Annotated[IsicClass | None, Doc("its class of ISIC Rev. 4")] = None
    segments: Annotated[tuple[SegmentKind, ...] | None, AtMost(5), Doc("which segments it serves")] = None
    turnover: Annotated[Amount | None, Doc("what it turns over in a month")] = None
    wages: Annotated[Amount | None, Doc("what of that its members earn")] = None
    surplus: Annotated[Amount | None, Doc("what of that is left over")] = None
    place: Annotated[str | None, AtMost(CHAIN_PLACE_CHARS_MAX), Doc("latitude,longitude in degrees")] = None
    member: Annotated[str | None, AtMost(ADDRESS_CHARS_MAX), Ref("members"), Doc("the member that stands for it")] = (
        None
    )


@dataclass(frozen=True, slots=True)
class RemoveEnterprise:
    """Remove an enterprise that nothing names any more; what it was called is erased."""


@dataclass(frozen=True, slots=True)
class EnterprisesWanted:
    """Enterprises of the chain."""

    status: Annotated[EnterpriseStatus | None, Doc("only those of this status")] = None


@dataclass(frozen=True, slots=True)
class EnterpriseShown:
    """An enterprise; its own figures are seen by those who coordinate and by the member that stands for it."""

    id: Annotated[str, Doc("its id")]
    handle: Annotated[str, Doc("its short name")]
    name: Annotated[TextRef | None, Doc("what it is called; null: not said, or erased")]
    status: Annotated[EnterpriseStatus, Doc("whether it is of the solidarity economy")]
    evidence: Annotated[TextRef | None, Doc("what shows that, for those who coordinate")]
    isic: Annotated[str, Doc("its class of ISIC Rev. 4; empty: unknown")]
    segments: Annotated[tuple[SegmentKind, ...], Doc("which segments it serves")]
    turnover: Annotated[Amount | None, Doc("what it turns over in a month; null: not yours to see")]
    wages: Annotated[Amount | None, Doc("what of that its members earn")]
    surplus: Annotated[Amount | None, Doc("what of that is left over")]
    place: Annotated[str | None, Doc("latitude,longitude, to about a kilometre")]
    member: Annotated[str | None, Doc("the handle of the member that stands for it")]


def check(book: Book, entered: Entered) -> Reason | None:
    assert isinstance(entered.body, EnterpriseSaid | EnterpriseRemoved)
    refused = book.misplaced(entered) or against_enterprise(book, inputs_of(book), entered.body)
    return refused.reason if refused else None


def against_enterprise(book: Book, inputs: ChainInputs, body: EnterpriseSaid | EnterpriseRemoved) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    if isinstance(body, EnterpriseRemoved):
        if body.enterprise not in inputs.enterprises:
            return refuse(NOT_FOUND)
        count = inputs.named_by(body.enterprise)
        return refuse(ENTERPRISE_NAMED, count=count) if count else None
    if refused := misformed(body):
        return refused
    if body.member is not None and body.member not in book.members:
        return refuse(MEMBER_UNKNOWN, member=body.member)
    taken = inputs.by_key.get(body.key, body.enterprise) != body.enterprise or body.key in inputs.recipe_by_key
    return refuse(ENTERPRISE_TWICE, about=body.key) if taken else None


def misformed(body: EnterpriseSaid) -> Refused | None:
    """Return why what is said of an enterprise has no form."""
    if re.fullmatch(ENTERPRISE_KEY, body.key) is None:
        return refuse(MALFORMED, field="handle", expected="small letters, digits and hyphens, such as soap-2")
    if not is_isic(body.isic):
        return refuse(MALFORMED, field="isic", expected="a class of ISIC Rev. 4, four digits")
    if len(set(body.segments)) < len(body.segments):
        return refuse(MALFORMED, field="segments", expected="each once")
    outside = body.status is EnterpriseStatus.OUTSIDE
    if outside is (body.turnover > 0):
        return refuse(FIGURE_NEGATIVE, place=f"turnover of {body.key}")
    if body.wages + body.surplus > body.turnover:
        return refuse(SHARE_ABOVE_ONE, about=body.key)
    return None


def is_isic(text: str) -> bool:
    """Tell whether a text is a class of ISIC, or none."""
    return not text or text in ISIC_CLASSES


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    assert isinstance(entered.body, EnterpriseSaid | EnterpriseRemoved)
    fold_enterprise(inputs_of(book), entered.body)
    return ()


def news(book: Book, entered: Entered) -> Iterable[News]:
    del book
    body = entered.body
    if isinstance(body, EnterpriseSaid):
        audience = () if body.member is None else (body.member,)
        yield News("enterprise.said", body.key, audience)


def owned(book: Book, body: Body) -> Iterable[Owned]:
    del book
    assert isinstance(body, EnterpriseSaid)
    return owned_texts(f"enterprises/{uuid_text(body.enterprise)}", body.name, body.evidence)


def plan_enter(desk: Desk, wish: EnterEnterprise) -> Plan | Refused:
    inputs = inputs_of(desk.book)
    if len(inputs.enterprises) >= ENTERPRISES_MAX:
        return refuse(CHAIN_FULL, maximum=ENTERPRISES_MAX)
    fresh = EnterpriseSaid(
        drawn_id(desk.chance), wish.handle, wish.status, wish.isic, wish.segments, 0, 0, 0, None, None, None, None
    )
    correction = CorrectEnterprise(
        name=wish.name,
        evidence=wish.evidence,
        turnover=wish.turnover,
        wages=wish.wages,
        surplus=wish.surplus,
        place=wish.place,
        member=wish.member,
    )
    return _plan(desk, fresh, correction)


def plan_correct(desk: Desk, name: str, wish: CorrectEnterprise) -> Plan | Refused:
    found = enterprise_of(desk.book, name)
    return found if isinstance(found, Refused) else _plan(desk, found, wish)


def _plan(desk: Desk, before: EnterpriseSaid, wish: CorrectEnterprise) -> Plan | Refused:
    book = desk.book
    member = before.member
    if wish.member is not None:
        resolved = resolve_member(book, wish.member)
        if isinstance(resolved, Refused):
            return resolved
        member = resolved.id
    place = before.place if wish.place is None else place_read(wish.place)
    told = [
        old if new is None else value_minor(new)
        for old, new in (
            (before.turnover, wish.turnover),
            (before.wages, wish.wages),
            (before.surplus, wish.surplus),
        )
    ]
    refused = foremost(texts_refused(name=wish.name, evidence=wish.evidence), first_refused((place, *told)))
    if refused is not None:
        return refused
    assert not isinstance(place, Refused)
    turnover, wages, surplus = (one for one in told if isinstance(one, int))
    if wish.status is EnterpriseStatus.OUTSIDE and wish.turnover is None:
        turnover = wages = surplus = 0  # what it turns over is no figure of this chain any more
    name, named = salted(desk, wish.name)
    evidence, proved = salted(desk, wish.evidence)
    body = replace(
        before,
        key=wish.handle or before.key,
        status=wish.status or before.status,
        isic=before.isic if wish.isic is None else wish.isic,
        segments=before.segments if wish.segments is None else wish.segments,
        turnover=turnover,
        wages=wages,
        surplus=surplus,
        name=name or before.name,
        evidence=evidence or before.evidence,
        place=place,
        member=member,
    )
    refused = against_enterprise(book, inputs_of(book), body) or not_a_chain(
        book, lambda trial: fold_enterprise(trial, body)
    )
    gone = let_go_of((before.name if name else None, before.evidence if evidence else None))
    return refused or Plan(uuid_text(body.enterprise), (Write(body),), (*named, *proved), erases=gone)


def plan_remove(desk: Desk, name: str, wish: RemoveEnterprise) -> Plan | Refused:
    del wish
    found = enterprise_of(desk.book, name)
    if isinstance(found, Refused):
        return found
    body = EnterpriseRemoved(found.enterprise)
    gone = let_go_of((found.name, found.evidence))
    shown = _shown(desk, found)
    return against_enterprise(desk.book, inputs_of(desk.book), body) or Plan(
        uuid_text(found.enterprise), (Write(body),), erases=gone, answer=replace(shown, name=None, evidence=None)
    )


def view_one(desk: Desk, name: str) -> EnterpriseShown | Refused:
    found = enterprise_of(desk.book, name)
    return found if isinstance(found, Refused) else _shown(desk, found)


def view_all(desk: Desk, wanted: EnterprisesWanted, after: int) -> Iterable[tuple[int, EnterpriseShown]]:
    held: list[EnterpriseHeld] = [
        one
        for one in inputs_of(desk.book).enterprises.values()
        if wanted.status is None or one.said.status is wanted.status
    ]
    return ((cursor, _shown(desk, one.said)) for cursor, one in since(held, after))


def _shown(desk: Desk, said: EnterpriseSaid) -> EnterpriseShown:
    sees = is_coordinator(desk) or (said.member is not None and said.member == desk.actor.member)
    figures = (shown_value(one) if sees else None for one in (said.turnover, said.wages, said.surplus))
    turnover, wages, surplus = figures
    return EnterpriseShown(
        uuid_text(said.enterprise),
        said.key,
        shown_text(said.name),
        said.status,
        shown_text(said.evidence) if sees else None,
        said.isic,
        said.segments,
        turnover,
        wages,
        surplus,
        shown_place(said.place),
        None if said.member is None else desk.book.members[said.member].handle,
    )


PRACTICE = Practice(
    name="enterprises",
    entries=(EnterpriseSaid, EnterpriseRemoved),
    check=check,
    fold=fold,
    news=news,
    private=(Private("enterprise", CHAIN_TEXT_BYTES_MAX, (EnterpriseSaid,), owned),),
    refusals=CHAIN_REFUSALS,
    operations=(
        Create(
            "enterprises",
            EnterEnterprise,
            plan=plan_enter,
            who=COORDINATORS,
            example="mutirao enterprises create --handle emporium --turnover 8000 --wages 1200 --surplus 400",
        ),
        Act(
            "enterprises",
            "correct",
            CorrectEnterprise,
            plan=plan_correct,
            who=COORDINATORS,
            example="mutirao enterprises correct emporium --wages 1300",
        ),
        Act(
            "enterprises",
            "remove",
            RemoveEnterprise,
            plan=plan_remove,
            who=COORDINATORS,
            example="mutirao enterprises remove emporium",
        ),
        Show(
            "enterprises",
            EnterpriseShown,
            view=view_one,
            id_is="the enterprise's short name, or its id",
            example="mutirao enterprises show emporium",
        ),
        List(
            "enterprises",
            EnterprisesWanted,
            EnterpriseShown,
            view=view_all,
            example="mutirao enterprises list --status outside",
        ),
    ),
)
