# SPDX-License-Identifier: AGPL-3.0-or-later
"""What time alone brings: a practice is asked about a row when its hour has come, and not before."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import pytest

from protocol.book.agenda import DUE_MAX, Agenda, due_plans
from protocol.book.book import Book
from protocol.book.declaration import Desk, Entered, Plan, Practice, Write
from protocol.book.ledger import Posting
from protocol.book.refusals import STATE_CONFLICT, Refused, refuse
from protocol.practices import PRACTICES
from tests.protocol.practices.desk import ANYBODY, NETWORK, Group, snapshot


@dataclass(frozen=True, slots=True)
class Rung:
    """A bell rings, and is to ring again so much later (milliseconds), or never."""

    KIND: ClassVar[str] = "bells/rung"
    bell: bytes
    again: int | None


@dataclass(slots=True)
class Bells:
    """How often each has rung."""

    rung: dict[bytes, int] = field(default_factory=dict[bytes, int])


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body = entered.body
    assert isinstance(body, Rung)
    rung = book.of(Bells).rung
    rung[body.bell] = rung.get(body.bell, 0) + 1
    book.of(Agenda).put("bells", body.bell, None if body.again is None else entered.at_ms + body.again)
    return ()


ASKED: list[bytes] = []


def ring(desk: Desk, row: bytes) -> Iterator[Plan]:
    ASKED.append(row)
    if row != b"broken":
        yield Plan("", (Write(Rung(row, 1_000 if desk.book.of(Bells).rung[row] < 3 else None)),))


def quiet(book: Book, entered: Entered) -> Refused | None:
    body = entered.body
    assert isinstance(body, Rung)
    return refuse(STATE_CONFLICT, state="asleep") if body.bell == b"loud" and "loud" in SLEEPS else None


SLEEPS: set[str] = set()
BELLS = Practice("bells", (Rung,), fold=fold, agenda=ring)
SLEEP = Practice("sleep", (), before={Rung: quiet})


@pytest.fixture
def riacho() -> Iterator[Group]:
    ASKED.clear()
    yield Group(book=Book(NETWORK, (*PRACTICES, BELLS, SLEEP)))
    SLEEPS.clear()


def hang(group: Group, bell: bytes, again: int | None) -> None:
    group.carry_out(Plan("", (Write(Rung(bell, again)),)))


def rung(group: Group, bell: bytes) -> int:
    return group.book.of(Bells).rung[bell]


def test_a_row_is_asked_about_when_its_hour_has_come(riacho: Group) -> None:
    hang(riacho, b"late", 5_000)
    hang(riacho, b"soon", 2_000)
    hang(riacho, b"never", None)
    assert riacho.book.of(Agenda).next_ms == riacho.now + 2_000
    riacho.pass_time(riacho.now + 1_999)
    assert ASKED == []
    riacho.pass_time(riacho.now + 1)
    assert ASKED == [b"soon"]
    riacho.pass_time(riacho.now + 3_000)
    assert ASKED == [b"soon", b"soon", b"late"], "the earliest first"
    assert [rung(riacho, bell) for bell in (b"soon", b"late", b"never")] == [3, 2, 1]
    for _ in range(3):
        riacho.pass_time(riacho.now + 1_000)
    assert riacho.book.of(Agenda).next_ms is None
    assert [rung(riacho, bell) for bell in (b"soon", b"late", b"never")] == [4, 4, 1]


def test_so_many_are_dealt_with_at_one_time(riacho: Group) -> None:
    for number in range(DUE_MAX + 5):
        hang(riacho, b"%d" % number, 1_000)
    riacho.pass_time(riacho.now + 1_000)
    assert len(ASKED) == DUE_MAX
    riacho.pass_time(riacho.now + 1)
    assert len(ASKED) == DUE_MAX + 5


def test_what_another_practice_refuses_waits_and_holds_nobody_up(riacho: Group) -> None:
    hang(riacho, b"loud", 1_000)
    hang(riacho, b"soft", 2_000)
    SLEEPS.add("loud")
    riacho.pass_time(riacho.now + 2_000)
    assert [rung(riacho, bell) for bell in (b"loud", b"soft")] == [1, 2]
    SLEEPS.clear()
    riacho.pass_time(riacho.now + 1)
    assert rung(riacho, b"loud") == 2


def test_a_practice_that_does_nothing_about_what_is_due_is_a_bug(riacho: Group) -> None:
    hang(riacho, b"broken", 1_000)
    riacho.now += 1_000
    with pytest.raises(AssertionError, match="bells does nothing about what is due"):
        list(due_plans(riacho.desk(ANYBODY)))


def test_another_node_has_the_same_agenda(riacho: Group) -> None:
    hang(riacho, b"soon", 2_000)
    riacho.pass_time(riacho.now + 2_500)
    other = Book(NETWORK, riacho.book.practices)
    for entered in riacho.written:
        assert other.check(entered) is None
        other.apply(entered)
    assert snapshot(other) == snapshot(riacho.book)
