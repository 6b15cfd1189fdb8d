# SPDX-License-Identifier: AGPL-3.0-or-later
"""A dataclass and its map: one for the other, and nothing that was not declared."""

from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
from types import MappingProxyType
from typing import Annotated, Any, ClassVar, NewType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocol.wire.codec import INT_END, Value, decode, encode
from protocol.wire.shape import AtMost, Length, Range, ShapeFault, from_map, to_map

Id = Annotated[bytes, Length(4)]
MemberId = NewType("MemberId", bytes)
Millis = NewType("Millis", int)


class Kind(StrEnum):
    OFFER = "offer"
    NEED = "need"


class Level(IntEnum):
    LOW = 1
    HIGH = 2


@dataclass(frozen=True, slots=True)
class Hold:
    id: Id
    amount_minor: Annotated[int, Range(1, 1_000)]


@dataclass(frozen=True, slots=True)
class Notice:
    """One field of each sort."""

    FIRST: ClassVar[int] = 16

    member: Annotated[MemberId, Length(4)]
    kind: Kind
    level: Level
    at_ms: Millis
    open: bool
    title: Annotated[str, AtMost(5)]
    holds: Annotated[tuple[Hold, ...], AtMost(3)] = ()
    place: tuple[int, str] = (0, "")
    route: tuple[Annotated[bytes, AtMost(2)], ...] = ()
    best: Hold | None = None
    limit: Annotated[int, Range(0, 9)] | None = None


BREAD = Notice(MemberId(b"ana1"), Kind.OFFER, Level.HIGH, Millis(17), open=True, title="bread")
FULL = replace(
    BREAD,
    holds=(Hold(b"h001", 1), Hold(b"h002", 1_000)),
    place=(-5, "mutir\u00e3o"),
    route=(b"", b"ab"),
    best=Hold(b"h003", 7),
    limit=0,
)


def test_fields_are_numbered_as_they_are_declared() -> None:
    assert to_map(BREAD) == {
        1: b"ana1",
        2: "offer",
        3: 2,
        4: 17,
        5: True,
        6: "bread",
        7: (),
        8: (0, ""),
        9: (),
    }
    assert to_map(FULL) == {
        **dict(enumerate((b"ana1", "offer", 2, 17, True, "bread"), 1)),
        7: ({1: b"h001", 2: 1}, {1: b"h002", 2: 1_000}),
        8: (-5, "mutir\u00e3o"),
        9: (b"", b"ab"),
        10: {1: b"h003", 2: 7},
        11: 0,
    }


def test_an_offset_moves_the_outer_keys_only() -> None:
    assert list(to_map(FULL, first=16)) == list(range(16, 27))
    assert to_map(FULL, first=16)[25] == to_map(FULL)[10]
    assert from_map(Notice, to_map(FULL, first=16), first=16) == FULL
    with pytest.raises(ShapeFault, match="member: missing"):
        from_map(Notice, to_map(FULL, first=16))


def test_what_is_read_is_the_same_as_what_was_written() -> None:
    for notice in (BREAD, FULL):
        read = from_map(Notice, decode(encode(to_map(notice))))
        assert read == notice
        assert type(read.kind) is Kind and type(read.level) is Level and type(read.holds) is tuple
        assert hash(read) == hash(notice)


def test_any_mapping_may_be_read() -> None:
    assert from_map(Notice, MappingProxyType(to_map(FULL))) == FULL


holds = st.builds(Hold, st.binary(min_size=4, max_size=4), st.integers(1, 1_000))
notices = st.builds(
    Notice,
    member=st.binary(min_size=4, max_size=4),
    kind=st.sampled_from(Kind),
    level=st.sampled_from(Level),
    at_ms=st.integers(-INT_END, INT_END - 1),
    open=st.booleans(),
    title=st.text(max_size=5),
    holds=st.lists(holds, max_size=3).map(tuple),
    place=st.tuples(st.integers(-INT_END, INT_END - 1), st.text()),
    route=st.lists(st.binary(max_size=2)).map(tuple),
    best=st.none() | holds,
    limit=st.none() | st.integers(0, 9),
)


@given(notices, st.integers(0, 40))
def test_every_value_has_one_map(notice: Notice, first: int) -> None:
    data = to_map(notice, first=first)
    assert from_map(Notice, data, first=first) == notice
    assert to_map(from_map(Notice, data, first=first), first=first) == data


odd = st.none() | st.booleans() | st.integers(-3, 12) | st.binary(max_size=5) | st.text(max_size=6)
maps = st.dictionaries(
    st.integers(0, 13), odd | st.lists(odd, max_size=3).map(tuple) | st.dictionaries(st.integers(0, 3), odd)
)


@given(data=maps, whole=st.booleans())
def test_whatever_is_read_is_written_back_to_the_same_map(data: dict[int, Any], *, whole: bool) -> None:
    told: dict[int, Any] = {**to_map(FULL), **data} if whole else data
    try:
        notice = from_map(Notice, told)
    except ShapeFault:
        return
    assert encode(to_map(notice)) == encode(told)


FAULTS: dict[str, tuple[dict[int, Any], str]] = {
    "no member": ({1: ...}, "member: missing"),
    "no holds, though none would be an empty array": ({7: ...}, "holds: missing"),
    "a field beyond the last": ({12: 0}, "12: unknown"),
    "a field before the first": ({0: 0}, "0: unknown"),
    "null for an id": ({1: None}, "member: null"),
    "null for what may be left out": ({11: None}, "limit: null"),
    "a short id": ({1: b"ana"}, "member: length not in 4..4"),
    "text for an id": ({1: "ana1"}, "member: not bytes"),
    "bytes for text": ({6: b"bread"}, "title: not text"),
    "a long title": ({6: "breads"}, "title: length not in 0..5"),
    "an unknown word": ({2: "gift"}, "kind: not a Kind"),
    "a number for a word": ({2: 1}, "kind: not a Kind"),
    "an unknown level": ({3: 3}, "level: not a Level"),
    "true for a level, though it equals one": ({3: True}, "level: not a Level"),
    "true for a number": ({4: True}, "at_ms: not an integer"),
    "a number beyond int64": ({4: INT_END}, f"at_ms: not in {-INT_END}..{INT_END - 1}"),
    "a number for true": ({5: 1}, "open: not a boolean"),
    "a number out of its range": ({11: 10}, "limit: not in 0..9"),
    "a map for an array": ({7: {}}, "holds: not an array"),
    "too many holds": ({7: ({1: b"h001", 2: 1},) * 4}, "holds: length not in 0..3"),
    "bytes for a hold": ({7: (b"h001",)}, "holds[0]: not a map"),
    "a hold of nothing": (
        {7: ({1: b"h001", 2: 1}, {1: b"h002", 2: 0})},
        "holds[1].amount_minor: not in 1..1000",
    ),
    "a hold without an amount": ({7: ({1: b"h001"},)}, "holds[0].amount_minor: missing"),
    "a hold with more": ({7: ({1: b"h001", 2: 1, 3: 0},)}, "holds[0].3: unknown"),
    "a short row": ({8: (0,)}, "place: length not in 2..2"),
    "a long row": ({8: (0, "", 0)}, "place: length not in 2..2"),
    "a row turned round": ({8: ("", 0)}, "place[0]: not an integer"),
    "null in an array": ({9: (b"", None)}, "route[1]: not bytes"),
    "a long step": ({9: (b"", b"abc")}, "route[1]: length not in 0..2"),
    "an amount of one hold": ({10: {1: b"h003", 2: 1_001}}, "best.amount_minor: not in 1..1000"),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_names_its_field(name: str) -> None:
    changes, told = FAULTS[name]
    data = {key: one for key, one in {**to_map(FULL), **changes}.items() if one is not ...}
    with pytest.raises(ShapeFault) as caught:
        from_map(Notice, data)
    assert str(caught.value) == told
    assert told == f"{caught.value.field}: {caught.value.reason}"


@pytest.mark.parametrize("data", [None, 5, b"", "", (), (1, 2)])
def test_only_a_map_is_read(data: Value) -> None:
    with pytest.raises(ShapeFault, match="not a map"):
        from_map(Notice, data)


UNWRITABLE: dict[str, tuple[dict[str, Any], str]] = {
    "a long title": ({"title": "breads"}, "title: length not in 0..5"),
    "no member": ({"member": None}, "member: missing"),
    "a word that is not of the enum": ({"kind": "offer"}, "kind: not a Kind"),
    "a number for a level": ({"level": 2}, "level: not a Level"),
    "true for a number": ({"at_ms": True}, "at_ms: not an integer"),
    "a level for a number": ({"at_ms": Level.LOW}, "at_ms: not an integer"),
    "a number for true": ({"open": 1}, "open: not a boolean"),
    "a kind for text": ({"title": Kind.NEED}, "title: not text"),
    "a list": ({"holds": []}, "holds: not an array"),
    "another class": ({"best": BREAD}, "best: not a Hold"),
    "a hold of too much": ({"holds": (Hold(b"h001", 1_001),)}, "holds[0].amount_minor: not in 1..1000"),
}


@pytest.mark.parametrize("name", UNWRITABLE)
def test_what_could_not_be_read_is_not_written(name: str) -> None:
    changes, told = UNWRITABLE[name]
    with pytest.raises(ShapeFault) as caught:
        to_map(replace(FULL, **changes))
    assert str(caught.value) == told


@dataclass(frozen=True, slots=True)
class Span:
    lower: int
    upper: int

    def __post_init__(self) -> None:
        if self.lower > self.upper:
            raise ValueError("a span runs upwards")


@dataclass(frozen=True, slots=True)
class Spans:
    spans: tuple[Span, ...]


def test_a_class_still_checks_itself() -> None:
    assert from_map(Spans, {1: ({1: 1, 2: 2},)}) == Spans((Span(1, 2),))
    with pytest.raises(ShapeFault, match=r"^spans\[1\]: a span runs upwards$"):
        from_map(Spans, {1: ({1: 1, 2: 2}, {1: 2, 2: 1})})


@dataclass(frozen=True, slots=True)
class Base:
    first: int


@dataclass(frozen=True, slots=True)
class Derived(Base):
    second: int


def test_inherited_fields_come_first() -> None:
    assert to_map(Derived(1, 2)) == {1: 1, 2: 2}
    assert from_map(Derived, {1: 1, 2: 2}) == Derived(1, 2)


def test_bounds_add_up() -> None:
    @dataclass(frozen=True, slots=True)
    class Both:
        count: Annotated[Annotated[int, Range(0, 10)], "a word that is no bound", Range(5, 20)]

    assert from_map(Both, {1: 5}) == Both(5)
    for count in (4, 11):
        with pytest.raises(ShapeFault, match=r"count: not in 5\.\.10"):
            from_map(Both, {1: count})


def declared(hint: Any) -> type[Any]:
    """Return a frozen slotted dataclass with one field of a type."""
    return dataclass(frozen=True, slots=True)(type("Odd", (), {"__annotations__": {"odd": hint}}))


@pytest.mark.parametrize(
    "hint",
    [float, dict, dict[int, int], list[int], tuple, set[int], object, Any, int | str, int | str | None,
     tuple[int | None, ...], tuple[float, ...], Annotated[int, Length(3)], Annotated[bytes, Range(0, 3)],
     Annotated[bool, Range(0, 1)], Annotated[Kind, AtMost(3)], Annotated[tuple[int, str], AtMost(2)],
     Annotated[int | str | None, AtMost(3)], type("Plain", (), {})],
    ids=str,
)  # fmt: skip
def test_a_type_without_a_form_is_refused_when_first_used(hint: Any) -> None:
    with pytest.raises(TypeError, match=r"Odd\.odd"):
        from_map(declared(hint), {1: 0})


def test_bounds_may_stand_around_the_none() -> None:
    kind = declared(Annotated[int | None, Range(0, 3)])
    assert to_map(kind(None)) == {} and from_map(kind, {}) == kind(None)
    assert to_map(kind(3)) == {1: 3} and from_map(kind, {1: 3}) == kind(3)
    with pytest.raises(ShapeFault, match=r"not in 0\.\.3"):
        from_map(kind, {1: 4})


def test_only_frozen_slotted_dataclasses_have_maps() -> None:
    @dataclass
    class Open:
        count: int

    @dataclass(frozen=True)
    class Loose:
        count: int

    @dataclass(frozen=True, slots=True)
    class Derivative:
        count: int
        double: int = field(init=False, default=0)

    class Half(Base):
        __slots__ = ()

    for value in (Open(1), Loose(1), Derivative(1), Half(1), 5, object()):
        with pytest.raises(TypeError):
            to_map(value)
