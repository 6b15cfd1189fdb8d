# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the declaration of a table promises: rows by key and in order, indexes, hours, words, and what leaves memory."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import pytest

from protocol.book.tables import Fetched, Name, NotFetched, Rows, Table


@dataclass(slots=True)
class Loan:
    id: bytes
    who: str
    back_ms: int | None
    purpose: str = ""


def loan(number: int, who: str = "ana", back_ms: int | None = None, purpose: str = "") -> Loan:
    return Loan(bytes([number]) * 16, who, back_ms, purpose)


STORED = Table(
    "loans",
    Loan,
    by={"who": lambda row: row.who.split()},
    due=lambda row: row.back_ms,
    search=lambda row: (row.purpose, Name("members", row.who)),
    closed=lambda row: row.back_ms is None,
)
IN_MEMORY = Table("loans", Loan, key=lambda row: row.who, by=STORED.by, due=STORED.due)


class Book(SimpleNamespace):
    """What tables see of a book: a source, where there is one."""

    source: Any = None


def rows(table: Table[Loan], *loans: Loan, source: Any = None) -> Rows[Loan]:
    made = Rows(table, Book(source=source))
    for one in loans:
        made.add(one)
    return made


def test_rows_are_found_by_the_declared_key_in_the_order_in_which_they_came() -> None:
    some = rows(IN_MEMORY, loan(9, "caio"), loan(1, "ana"))
    assert (list(some), len(some), some["ana"].id) == (["caio", "ana"], 2, bytes([1]) * 16)
    assert ("bia" in some, some.get("bia"), some.get("bia", 7)) == (False, None, 7)
    with pytest.raises(KeyError):
        some["bia"]
    with pytest.raises(AssertionError, match="two rows"):
        some.add(loan(2, "ana"))
    some.remove("caio")
    assert list(some) == ["ana"] and some.find("who", "caio") == []
    # A place that was left is nobody's.
    some.add(loan(3, "bia"))
    assert [cursor for cursor, _ in some.since(0)] == [2, 3]


def test_an_index_follows_what_changes_and_pages_by_arrival() -> None:
    some = rows(STORED, *(loan(n, "ana bia" if n % 2 else "bia", 5) for n in range(6)))
    assert [one.id[0] for one in some.find("who", "ana")] == [1, 3, 5]
    some.change(bytes([1]) * 16).who = "caio"
    some.change(bytes([4]) * 16).who = "ana"
    assert [one.id[0] for one in some.find("who", "ana")] == [3, 4, 5]
    assert [one.id[0] for one in some.find("who", "caio")] == [1]
    assert [(cursor, one.id[0]) for cursor, one in some.since(4, "who", "bia")] == [(6, 5)]
    assert [cursor for cursor, _ in some.since(0, "who", "bia")] == [1, 3, 4, 6]


def test_rows_come_due_at_the_hour_that_they_say_the_earliest_first() -> None:
    some = rows(STORED, loan(1, back_ms=30), loan(2, back_ms=10), loan(3, back_ms=20))
    assert (some.next_hour, [one.id[0] for one in some.due(20)]) == (10, [2, 3])
    some.change(bytes([2]) * 16).back_ms = 40
    assert (some.next_hour, [one.id[0] for one in some.due(30)]) == (20, [3, 1])
    assert rows(IN_MEMORY, loan(1)).next_hour is None


def test_a_row_that_closes_is_stored_and_leaves_memory_and_comes_back_for_a_batch() -> None:
    some = rows(STORED, loan(1, back_ms=9), loan(2, "ana bia", purpose="trigo"))
    kept = {one.name.key[:1]: one for one in some.settle()}
    assert [(key[0], one.place, one.closed, one.again) for key, one in kept.items()] == [
        (1, 0, False, False), (2, 1, True, False)
    ]  # fmt: skip
    assert kept[b"\2"].found_by == (("who", "ana"), ("who", "bia"))
    assert kept[b"\2"].words == ("trigo", Name("members", "ana bia"))
    assert (len(some), some.left, some.settle(), some.find("who", "bia")) == (1, 1, [], [])

    closed, unknown = bytes([2]) * 16, bytes([3]) * 16
    for ask in (some.get, some.__contains__, some.change, lambda key: some.need([key])):
        with pytest.raises(NotFetched) as lacking:
            ask(closed)
        assert lacking.value.names == (Name("loans", closed),)
    some.drawn(unknown)
    assert unknown not in some
    some.visit(Fetched(Name("loans", closed), 1, loan(2, "ana bia")))
    assert (some[closed].who, len(some), some.lacks(closed)) == ("ana bia", 1, False)
    some.settle()
    assert some.lacks(closed)

    some.visit(Fetched(Name("loans", closed), 1, loan(2, "ana")))
    some.change(closed).back_ms = 50
    assert (some.left, len(some), [cursor for cursor, _ in some.since(0)]) == (0, 2, [1, 2])
    [again] = some.settle()
    assert (again.place, again.closed, again.again, again.found_by) == (1, False, True, (("who", "ana"),))


def test_a_start_reads_what_it_lacks_from_its_source_at_once() -> None:
    asked: list[tuple[Name, ...]] = []

    def source(names: tuple[Name, ...]) -> list[Fetched]:
        asked.append(names)
        return [Fetched(name, *((0, loan(1, "caio")) if name.key == one else (-1, None))) for name in names]

    one, none = bytes([1]) * 16, bytes([2]) * 16
    some = rows(STORED, loan(1), source=source)
    some.settle()
    assert (some[one].who, some.get(none)) == ("caio", None)
    assert asked == [(Name("loans", one),), (Name("loans", none),)]


def test_a_snapshot_keeps_what_is_in_memory_and_how_much_is_not() -> None:
    some = rows(STORED, loan(1, back_ms=9), loan(2), loan(3, "bia", 4))
    some.settle()
    other = Rows(STORED, Book())
    other.resume(some.state())
    assert (other.left, list(other), other.next_hour) == (1, [bytes([1]) * 16, bytes([3]) * 16], 4)
    assert [one.id[0] for one in other.find("who", "bia")] == [3]
    other.add(loan(4, back_ms=1))
    assert [cursor for cursor, _ in other.since(0)] == [1, 3, 4]


def test_a_table_that_is_not_stored_asks_for_nothing_to_be_kept() -> None:
    some = rows(IN_MEMORY, loan(1))
    assert (some.settle(), len(some), some.left) == ([], 1, 0)
    some.change("ana").who = "bia"
    assert some.settle() == []
