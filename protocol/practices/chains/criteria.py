# SPDX-License-Identifier: AGPL-3.0-or-later
"""Criteria: what is known of those of whom something is bought outside, so that the least bad can be chosen."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Annotated

from protocol.book.arrivals import since
from protocol.book.book import Book
from protocol.book.declaration import Act, Create, Desk, Doc, Entered, List, Plan, Practice, Show, TextRef, Write
from protocol.book.ledger import Posting
from protocol.book.personal import salted, shown_text
from protocol.book.private import Owned, Private
from protocol.book.refusals import MALFORMED, NOT_FOUND, Reason, Refused, foremost, refuse
from protocol.book.signed import uuid_text
from protocol.lanes.entry import Body
from protocol.practices.chains.entries import (
    CRITERION,
    ENTERPRISE_KEY_CHARS_MAX,
    SHARE_PARTS,
    CriterionName,
    CriterionRemoved,
    CriterionSaid,
)
from protocol.practices.chains.refusals import CHAIN_FULL, ENTERPRISE_UNKNOWN
from protocol.practices.chains.state import (
    CHAIN_TEXT_BYTES_MAX,
    CRITERIA_MAX,
    ChainInputs,
    CriterionHeld,
    fold_criterion,
    inputs_of,
    let_go_of,
    owned_texts,
)
from protocol.practices.chains.telling import (
    COORDINATORS,
    ChainText,
    ShareText,
    share_parts,
    shown_share,
    texts_refused,
)
from protocol.wire.shape import AtMost

_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})")
DAY_CHARS_MAX = 10


@dataclass(frozen=True, slots=True)
class EnterCriterion:
    """Say what is known of an enterprise by a criterion; it takes the place of what was said before."""

    enterprise: Annotated[str, AtMost(ENTERPRISE_KEY_CHARS_MAX), Doc("the enterprise's short name")]
    criterion: Annotated[CriterionName, Doc("labour, ecology, ownership, nearness, openness, or a word of yours")]
    value: Annotated[ShareText | None, Doc("from 0, bad, to 1, good; default: it is unknown")] = None
    day: Annotated[str | None, AtMost(DAY_CHARS_MAX), Doc("of which day that is, such as 2026-11-30")] = None
    source: Annotated[ChainText | None, Doc("where it was read; erasable")] = None


@dataclass(frozen=True, slots=True)
class RemoveCriterion:
    """Take back what was said of an enterprise by a criterion."""


@dataclass(frozen=True, slots=True)
class CriteriaWanted:
    """What is known of enterprises by criteria."""

    enterprise: Annotated[str | None, AtMost(ENTERPRISE_KEY_CHARS_MAX), Doc("only of this one")] = None


@dataclass(frozen=True, slots=True)
class CriterionShown:
    """What is known of an enterprise by a criterion."""

    id: Annotated[str, Doc("the enterprise's short name, a dot, and the criterion")]
    enterprise: Annotated[str, Doc("the enterprise's short name")]
    criterion: Annotated[str, Doc("by what it is judged")]
    value: Annotated[str | None, Doc("from 0, bad, to 1, good; null: unknown")]
    day: Annotated[str | None, Doc("of which day that is; null: not said")]
    source: Annotated[TextRef | None, Doc("where it was read; null: not said, or erased")]


def check(book: Book, entered: Entered) -> Reason | None:
    assert isinstance(entered.body, CriterionSaid | CriterionRemoved)
    refused = book.misplaced(entered) or against_criterion(inputs_of(book), entered.body)
    return refused.reason if refused else None


def against_criterion(inputs: ChainInputs, body: CriterionSaid | CriterionRemoved) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    if isinstance(body, CriterionRemoved):
        return None if (body.enterprise, body.criterion) in inputs.criteria else refuse(NOT_FOUND)
    if re.fullmatch(CRITERION, body.criterion) is None:
        return refuse(MALFORMED, field="criterion", expected="small letters, digits and hyphens")
    if body.day is not None and not (1 <= body.day // 100 % 100 <= 12 and 1 <= body.day % 100 <= 31):
        return refuse(MALFORMED, field="day", expected="a day, such as 2026-11-30")
    return None if body.enterprise in inputs.enterprises else refuse(ENTERPRISE_UNKNOWN, about=body.criterion)


def criteria_of(book: Book) -> Mapping[str, Mapping[str, Fraction | None]]:
    """Return what is known of each enterprise by each criterion, as the engine's least bad takes it."""
    inputs = inputs_of(book)
    found: dict[str, dict[str, Fraction | None]] = {}
    for (enterprise, criterion), held in inputs.criteria.items():
        value = held.said.value
        known = found.setdefault(inputs.key_of(enterprise), {})
        known[criterion] = None if value is None else Fraction(value, SHARE_PARTS)
    return found


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    assert isinstance(entered.body, CriterionSaid | CriterionRemoved)
    fold_criterion(inputs_of(book), entered.body)
    return ()


def owned(book: Book, body: Body) -> Iterable[Owned]:
    del book
    assert isinstance(body, CriterionSaid)
    return owned_texts(f"enterprises/{uuid_text(body.enterprise)}", body.source)


def plan_enter(desk: Desk, wish: EnterCriterion) -> Plan | Refused:
    inputs = inputs_of(desk.book)
    enterprise = inputs.by_key.get(wish.enterprise)
    if enterprise is None:
        return refuse(ENTERPRISE_UNKNOWN, about=wish.enterprise)
    value = None if wish.value is None else share_parts(wish.value)
    day = None if wish.day is None else day_read(wish.day)
    refused = foremost(*(one for one in (value, day) if isinstance(one, Refused)), texts_refused(source=wish.source))
    if refused is not None:
        return refused
    assert not isinstance(value, Refused) and not isinstance(day, Refused)
    before = inputs.criteria.get((enterprise, wish.criterion))
    if before is None and len(inputs.criteria) >= CRITERIA_MAX:
        return refuse(CHAIN_FULL, maximum=CRITERIA_MAX)
    source, told = salted(desk, wish.source)
    body = CriterionSaid(enterprise, wish.criterion, value, day, source)
    gone = () if before is None else let_go_of((before.said.source,))
    return against_criterion(inputs, body) or Plan(
        f"{wish.enterprise}.{wish.criterion}", (Write(body),), told, erases=gone
    )


def day_read(text: str) -> int | Refused:
    """Return a day, written as 2026-11-30, as one number."""
    found = _DAY.fullmatch(text)
    if found is None:
        return refuse(MALFORMED, field="day", expected="a day, such as 2026-11-30")
    return int("".join(found.groups()))


def plan_remove(desk: Desk, name: str, wish: RemoveCriterion) -> Plan | Refused:
    del wish
    found = _named(inputs_of(desk.book), name)
    if found is None:
        return refuse(NOT_FOUND)
    shown = replace(_shown(desk.book, found), source=None)
    body = CriterionRemoved(found.enterprise, found.criterion)
    return Plan(name, (Write(body),), erases=let_go_of((found.source,)), answer=shown)


def view_one(desk: Desk, name: str) -> CriterionShown | Refused:
    found = _named(inputs_of(desk.book), name)
    return refuse(NOT_FOUND) if found is None else _shown(desk.book, found)


def view_all(desk: Desk, wanted: CriteriaWanted, after: int) -> Iterable[tuple[int, CriterionShown]]:
    inputs = inputs_of(desk.book)
    held: list[CriterionHeld] = [
        one
        for one in inputs.criteria.values()
        if wanted.enterprise is None or inputs.key_of(one.said.enterprise) == wanted.enterprise
    ]
    return ((cursor, _shown(desk.book, one.said)) for cursor, one in since(held, after))


def _named(inputs: ChainInputs, name: str) -> CriterionSaid | None:
    key, _, criterion = name.partition(".")
    held = inputs.criteria.get((inputs.by_key.get(key, b""), criterion))
    return None if held is None else held.said


def _shown(book: Book, said: CriterionSaid) -> CriterionShown:
    key = inputs_of(book).key_of(said.enterprise)
    day = None if said.day is None else f"{said.day // 10_000}-{said.day // 100 % 100:02}-{said.day % 100:02}"
    value = None if said.value is None else shown_share(said.value)
    return CriterionShown(f"{key}.{said.criterion}", key, said.criterion, value, day, shown_text(said.source))


PRACTICE = Practice(
    name="criteria",
    entries=(CriterionSaid, CriterionRemoved),
    check=check,
    fold=fold,
    private=(Private("criterion", CHAIN_TEXT_BYTES_MAX, (CriterionSaid,), owned),),
    operations=(
        Create(
            "criteria",
            EnterCriterion,
            plan=plan_enter,
            who=COORDINATORS,
            example="mutirao criteria create --enterprise zeta --criterion labour --value 0.8",
        ),
        Act(
            "criteria",
            "remove",
            RemoveCriterion,
            plan=plan_remove,
            who=COORDINATORS,
            example="mutirao criteria remove zeta.labour",
        ),
        Show(
            "criteria",
            CriterionShown,
            view=view_one,
            id_is="the enterprise's short name, a dot, and the criterion, such as zeta.labour",
            example="mutirao criteria show zeta.labour",
        ),
        List("criteria", CriteriaWanted, CriterionShown, view=view_all, example="mutirao criteria list"),
    ),
)
