# SPDX-License-Identifier: AGPL-3.0-or-later
"""Wishes that wait for the group's decision: how they are stored, whom they are about, and how all or none is done."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Annotated, Any, NamedTuple, cast, get_args, get_type_hints

from protocol.book import wishes
from protocol.book.book import Book
from protocol.book.gates import ASSEMBLY, MotionWish, UnderMotion
from protocol.book.operations import Act, Create, Ref
from protocol.book.plans import Desk, Entered, Plan, Role, Waiting
from protocol.book.refusals import FORBIDDEN, MALFORMED, NOT_FOUND, STATE_CONFLICT, Refused, refuse
from protocol.book.signed import OPERATION_CHARS_MAX
from protocol.lanes.entry import LEDGER
from protocol.wire.codec import CodecFault, decode, encode
from protocol.wire.shape import AtMost, Holds, ShapeFault, from_map, to_map

WRITES_MAX = 64
"""Entries that one motion may write."""
WISH_BYTES_MAX = 4_096
SUBJECT_CHARS_MAX = 128


@dataclass(frozen=True, slots=True)
class Proposed:
    """A wish as it is to be done: which operation, of what, and its fields in CBOR."""

    operation: Annotated[str, AtMost(OPERATION_CHARS_MAX)]
    subject: Annotated[str, AtMost(SUBJECT_CHARS_MAX)]
    wish: Annotated[bytes, AtMost(WISH_BYTES_MAX), Holds(("wish",))]


class Stopped(NamedTuple):
    """Which of the wishes was refused, counted from 0, and why."""

    wish: int
    refused: Refused


def proposed(wish: MotionWish) -> Proposed | Refused:
    """Return a wish as it is stored."""
    if wish.operation.partition(".")[0] == "motions":
        return refuse(FORBIDDEN, allowed="members themselves")
    if len(wish.subject) > SUBJECT_CHARS_MAX:
        return refuse(MALFORMED, field="subject", expected=f"at most {SUBJECT_CHARS_MAX} characters")
    try:
        data = encode(to_map(wish.wish))
    except (ShapeFault, CodecFault):
        return refuse(MALFORMED, field=wish.operation, expected="a wish within its bounds")
    if len(data) > WISH_BYTES_MAX:
        return refuse(MALFORMED, field=wish.operation, expected=f"a wish of at most {WISH_BYTES_MAX} bytes")
    return Proposed(wish.operation, wish.subject, data)


def wished(book: Book, stored: Proposed) -> MotionWish | None:
    """Return a stored wish, None where this program cannot read it."""
    operation = book.operations.get(stored.operation)
    if not isinstance(operation, Create | Act):
        return None
    try:
        fields = decode(stored.wish)
        return MotionWish(stored.operation, stored.subject, from_map(operation.wish, fields))
    except (ShapeFault, CodecFault):
        return None


def touched(book: Book, wished_for: Iterable[MotionWish]) -> list[str]:
    """Return the ids of all members whom wishes are about: by what they act on, and by what their fields name."""
    found: set[str] = set()
    for wish in wished_for:
        about = [(wish.operation.partition(".")[0], wish.subject)] if wish.subject else []
        for name, table in _references(wish.wish.__class__).items():
            value: Any = getattr(wish.wish, name)
            about += [(table, one) for one in _each(value) if isinstance(one, str)]
        for noun, subject in about:
            if noun in book.parties:
                found.update(book.parties[noun](book, subject))
    return sorted(found)


def _each(value: Any) -> tuple[Any, ...]:
    return cast("tuple[Any, ...]", value) if isinstance(value, tuple) else (value,)


@cache
def _references(kind: type[Any]) -> dict[str, str]:
    """Return the fields of a wish that name rows, and of which table."""
    found: dict[str, str] = {}
    for name, hint in get_type_hints(kind, include_extras=True).items():
        marks = [mark for part in (hint, *get_args(hint)) for mark in getattr(part, "__metadata__", ())]
        table = next((mark.table for mark in marks if isinstance(mark, Ref)), None)
        if table is not None:
            found[name] = table
    return found


def rehearse(desk: Desk, wished_for: Sequence[MotionWish], terms: UnderMotion) -> Plan | Stopped:
    """Return one plan for all wishes, as the group would do them under these terms; the book stays as it is."""
    if len(wished_for) == 1:
        # One wish needs no copy of the book: it is planned as if its motion were being done.
        before = desk.book.of(UnderMotion)
        kept = replace(before)
        _set(before, replace(terms, left=WRITES_MAX))
        try:
            planned = _planned(replace(desk, actor=ASSEMBLY), wished_for[0])
            if isinstance(planned, Plan):
                planned = _misplaced(desk, planned) or planned
        finally:
            _set(before, kept)
        return Stopped(0, planned) if isinstance(planned, Refused) else planned
    trial = desk.book.trial()
    trial.head = _after(trial)[0], bytes(32)  # motions/executed, which stands before them
    _set(trial.of(UnderMotion), replace(terms, left=WRITES_MAX))
    at = replace(desk, book=trial, actor=ASSEMBLY)
    plans: list[Plan] = []
    for number, wish in enumerate(wished_for):
        planned = _planned(at, wish)
        if isinstance(planned, Plan):
            refused = _try(trial, planned, desk)
            planned = planned if refused is None else refused
        if isinstance(planned, Refused):
            return Stopped(number, planned)
        plans.append(planned)
    whole = Plan(
        "",
        tuple(write for plan in plans for write in plan.writes),
        tuple(text for plan in plans for text in plan.texts),
        tuple(step for plan in plans for step in plan.steps),
        declines=tuple(one for plan in plans for one in plan.declines),
        lets_go=tuple(one for plan in plans for one in plan.lets_go),
    )
    return Stopped(len(wished_for) - 1, _too_many()) if len(whole.writes) > WRITES_MAX else whole


def _planned(desk: Desk, wish: MotionWish) -> Plan | Refused:
    operation = desk.book.operations.get(wish.operation)
    if not isinstance(operation, Create | Act):
        return refuse(NOT_FOUND)
    if Role.STEWARD not in operation.who or operation.noun == "motions":
        return refuse(FORBIDDEN, allowed="members themselves")
    planned = wishes.plan(desk, operation, wish.subject, wish.wish)
    if isinstance(planned, Waiting):
        return refuse(STATE_CONFLICT, state="waiting for another network's answer, which a motion cannot")
    if isinstance(planned, Plan) and len(planned.writes) > WRITES_MAX:
        return _too_many()
    return desk.book.vetted(planned, desk.now) if isinstance(planned, Plan) else planned


def _try(trial: Book, plan: Plan, desk: Desk) -> Refused | None:
    """Fold what a plan writes into a book that is thrown away."""
    for write in plan.writes:
        if write.lane != LEDGER:
            continue
        entered = Entered(write.body, trial.network, LEDGER, 0, _after(trial)[0], bytes(32), desk.now)
        reason = trial.check(entered)
        if reason is not None:
            return refuse(reason)
        trial.apply(entered)
    return None


def _misplaced(desk: Desk, plan: Plan) -> Refused | None:
    """Return why the first that a plan writes may not stand behind `motions/executed`."""
    first = plan.writes[0] if plan.writes else None
    if first is None or first.lane != LEDGER:
        return None
    book = desk.book
    reason = book.check(Entered(first.body, book.network, LEDGER, 0, _after(book)[1], bytes(32), desk.now))
    return None if reason is None else refuse(reason)


def _after(book: Book) -> tuple[int, int]:
    """Return the places of the next two entries of the ledger."""
    seq = -1 if book.head is None else book.head[0]
    return seq + 1, seq + 2


def _too_many() -> Refused:
    return refuse(MALFORMED, field="wishes", expected=f"at most {WRITES_MAX} entries in all")


def _set(under: UnderMotion, to: UnderMotion) -> None:
    under.motion, under.left = to.motion, to.left
    under.electorate, under.quorum, under.majority = to.electorate, to.quorum, to.majority
