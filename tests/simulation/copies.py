# SPDX-License-Identifier: AGPL-3.0-or-later
"""Copies of a node's state in memory, and marks that tell whether two states are equal.

What never changes is shared between a state and its copy, all else is copied: after an input to the one the other is
as it was. A mark is the hash of all that the future depends on, written down by value.
"""

import marshal
from array import array
from collections.abc import Callable
from dataclasses import is_dataclass
from enum import Enum
from functools import cache
from hashlib import sha256
from types import BuiltinFunctionType, FunctionType, MethodType
from typing import Any

from protocol.answering import Answering
from protocol.book.book import Book
from protocol.book.tables import Rows
from protocol.lanes.journal import Journal
from protocol.peers.compare import Compare
from protocol.peers.hello import Greeting
from protocol.peers.home import Home
from protocol.peers.key_events import KeyEvents
from protocol.peers.pinning import BoardTalk
from protocol.peers.reconcile import HeadIndex, ItemIndex
from protocol.peers.sessions import BoardsCompared, Session, Sessions
from protocol.peers.standing import Standing
from protocol.peers.taking import Taking
from protocol.peers.talks import Talks
from protocol.peers.ties import Ties, TiesShown
from protocol.practices.between.links.paced import RecordsWaiting
from protocol.practices.between.links.state import Links
from protocol.practices.between.quotes.state import Question, Quote
from protocol.replica import Replica
from protocol.timer import Timer
from protocol.told import ToldOut
from protocol.wire.keys import KeyPair

SCALARS = frozenset({bytes, str, int, bool, type(None)})
SHARED: dict[type[Any], frozenset[str]] = {
    Book: frozenset(
        [
            "_account_names",
            "_families",
            "_feature_of",
            "_filled",
            "_hears",
            "_posted",
            "_reactions",
            "_vetoes",
            "electorates",
            "kinds",
            "operations",
            "parameters",
            "parties",
            "practices",
            "words",
        ]
    ),
    Rows: frozenset({"table"}),
    Home: frozenset({"_private", "practices"}),
    Answering: frozenset({"operations"}),
    HeadIndex: frozenset({"_key", "_digest", "_told"}),
    ItemIndex: frozenset({"_key", "_digest", "_told"}),
}
"""What is the same in all states of all nodes."""
PASSING: dict[type[Any], dict[str, Any]] = {
    Book: {"examined": (None, None), "heard_wish": (None, False), "_begun": {}},
    Rows: {"_visiting": {}, "_changed": {}},
    Home: {"out": (), "ready": ()},
    Sessions: {"_minute": 0},
    Session: {"requests": 0},
    RecordsWaiting: {"spent": {}},
}
"""What serves within one input alone and is so between two; and requests and records, which nobody counts here."""
UNWRITTEN: dict[type[Any], frozenset[str]] = {
    Home: frozenset({"book"}),
    Rows: frozenset({"_book"}),
    Standing: frozenset({"home"}),
    Greeting: frozenset({"home"}),
    Talks: frozenset({"home", "greeting"}),
    Answering: frozenset({"home"}),
    ToldOut: frozenset({"home", "greeting", "_gossip"}),
    Timer: frozenset({"home", "talks", "answering", "told_out"}),
    Journal: frozenset({"book", "directory"}),
    Sessions: frozenset({"journal"}),
    Compare: frozenset({"journal", "sessions"}),
    Links: frozenset({"stirred", "untold"}),
    Ties: frozenset({"_journal", "_found"}),
    KeyEvents: frozenset({"journal", "compare"}),
    Taking: frozenset({"journal", "sessions", "compare", "key_events"}),
    BoardTalk: frozenset({"home", "_member_of", "_heard"}),
    BoardsCompared: frozenset({"changes"}),
    HeadIndex: frozenset({"_key", "_digest", "_told"}),
    ItemIndex: frozenset({"_key", "_digest", "_told"}),
}
"""What is written down at another place, or, as a book, for itself; and what says where to look for what is due."""
HOLD_WHAT_CHANGES = frozenset({Quote, Question, TiesShown})
"""What is never changed itself, but names an account or a book, which is."""


class Chance:
    """Chance that belongs to a node's state: a copy goes on alike, and a node that starts again goes on with it."""

    __slots__ = ("count", "name")

    def __init__(self, name: bytes, count: int = 0) -> None:
        self.name = name
        self.count = count

    def __call__(self, size: int) -> bytes:
        """Return so many bytes, at most 32."""
        assert size <= 32
        self.count += 1
        return sha256(self.name + self.count.to_bytes(8, "big")).digest()[:size]


# Copies.

Done = dict[int, Any]


def copied(replica: Replica) -> Replica:
    """Return a state that goes its own way from here."""
    return _copied(replica, {})


def _copied(one: Any, done: Done) -> Any:
    kind = type(one)
    return one if kind in SCALARS else _copier(kind)(one, done)


@cache
def _copier(kind: type[Any]) -> Callable[[Any, Done], Any]:
    """Return how values of a type are copied."""
    if _is_word(kind) or _is_frozen(kind) or issubclass(kind, tuple):
        return lambda one, _: one
    if issubclass(kind, dict):
        return lambda one, done: {key: _copied(value, done) for key, value in one.items()}
    if issubclass(kind, list):
        return lambda one, done: [_copied(value, done) for value in one]
    if issubclass(kind, array):
        return lambda one, _: one[:]
    if issubclass(kind, set | frozenset | bytearray):
        return lambda one, _: kind(one)
    if issubclass(kind, MethodType):
        return lambda one, done: MethodType(one.__func__, _copied(one.__self__, done))
    shared, passing = SHARED.get(kind, frozenset()), PASSING.get(kind, {})

    def copy_thing(one: Any, done: Done) -> Any:
        known = done.get(id(one))
        if known is not None:
            return known
        another = done[id(one)] = object.__new__(kind)
        for name in _parts(one):
            value = passing[name] if name in passing else getattr(one, name)
            object.__setattr__(another, name, value if name in shared else _copied(value, done))
        return another

    return copy_thing


# Marks.


def marked(one: Any) -> bytes:
    """Return the hash of all that the future of a state depends on: states of one mark are equal."""
    # This version of the format writes by value and knows no references: equal values give equal bytes.
    return sha256(marshal.dumps(written(one), 2)).digest()


def written(one: Any) -> Any:
    """Return a value as scalars and tuples of them."""
    kind = type(one)
    return one if kind in SCALARS else _writer(kind)(one)


@cache
def _writer(kind: type[Any]) -> Callable[[Any], Any]:
    """Return how values of a type are written down."""
    if issubclass(kind, Enum):
        return lambda one: one.name
    if _is_word(kind) or issubclass(kind, MethodType):
        return lambda one: one.__qualname__
    if kind is KeyPair:
        return lambda one: one.public
    if issubclass(kind, dict):
        return _write_table
    if issubclass(kind, list | tuple):
        return lambda one: tuple([written(value) for value in one])
    if issubclass(kind, array):
        return tuple
    if issubclass(kind, set | frozenset | bytearray):
        return lambda one: tuple(sorted(map(written, one), key=repr))
    left_out = {*SHARED.get(kind, ()), *PASSING.get(kind, ()), *UNWRITTEN.get(kind, ())}
    return lambda one: (kind.__name__, *[written(getattr(one, name)) for name in _parts(one) if name not in left_out])


def _write_table(table: dict[Any, Any]) -> Any:
    """Write a table in its own order, since it may be gone through; one of what is found by its type, in any.

    A practice's state comes to be by a look at it: an empty one says no more than none.
    """
    rows = [(written(key), written(value)) for key, value in table.items()]
    if not any(isinstance(key, type) for key in table):
        return tuple(rows)
    return tuple(sorted(row for row, key in zip(rows, table, strict=True) if row[1] != _unused(key)))


@cache
def _unused(kind: type[Any]) -> Any:
    """Return how a state is written that nothing has changed; None of what is not made of nothing."""
    try:
        return written(kind())
    except TypeError:
        return None


def _is_word(kind: type[Any]) -> bool:
    return issubclass(kind, Enum | type | FunctionType | BuiltinFunctionType)


def _is_frozen(kind: type[Any]) -> bool:
    return is_dataclass(kind) and kind.__dataclass_params__.frozen and kind not in HOLD_WHAT_CHANGES  # type: ignore[attr-defined]


@cache
def _slots(kind: type[Any]) -> tuple[str, ...]:
    return tuple(name for one in kind.__mro__ for name in getattr(one, "__slots__", ()))


def _parts(one: Any) -> tuple[str, ...] | dict[str, Any]:
    """Return the names of what a thing consists of."""
    kind = type(one)
    return one.__dict__ if kind.__dictoffset__ else _slots(kind)
