# SPDX-License-Identifier: AGPL-3.0-or-later
"""Wishes that nothing refuses, and spoilers: each gives one of them one reason to be refused."""

from collections.abc import Callable, Iterable, Iterator
from copy import copy, deepcopy
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Any

from protocol.book.declaration import Act, Actor, Create, Plan
from protocol.book.refusals import (
    FORBIDDEN,
    KEY_UNKNOWN,
    MALFORMED,
    ORDER_AHEAD,
    ORDER_EXPIRED,
    ORDER_MISMATCH,
    ORDER_REPLAYED,
    ORDER_STALE,
    SIGNATURE_INVALID,
    TEXT_NOT_NFC,
    WRONG_NETWORK,
    Reason,
    Refused,
)
from protocol.book.signed import ORDER_SEQ_AHEAD_MAX, Signed
from protocol.book.wishes import Brought, private_fields
from protocol.wire.keys import KeyPair
from tests.protocol.practices.desk import Group, keys_of


@dataclass
class Attempt:
    """A wish on its way to the desk of a group of its own: told, or signed by `keys` with `envelope` around it."""

    group: Group
    who: str | Actor
    operation: str
    fields: dict[str, Any]
    subject: str | None = None
    keys: KeyPair | None = None
    envelope: dict[str, Any] = field(default_factory=dict[str, Any])
    texts: dict[str, str] = field(default_factory=dict[str, str])
    forged: bool = False

    def made(self) -> Any:
        """Return the wish as it comes to the desk."""
        kind = self.group.operations[self.operation].wish  # type: ignore[union-attr] - an attempt changes something
        wish = kind(**self.fields)
        if self.keys is not None:
            signed = self.group.sign(self.operation, wish, self.keys, **self.envelope)
            if self.forged:
                signed = Signed(signed.data, bytes(reversed(signed.signature)))
            wish = Brought(signed, self.texts)
        elif self.texts:
            wish = replace(wish, **self.texts)
        return wish

    def refusal(self) -> Reason | None:
        """Return why the group's node refuses it, None where it does not."""
        wish = self.made()
        actor = self.group.actor(self.who) if isinstance(self.who, str) else self.who
        planned = self.group.plan(self.operation, actor, wish, self.subject)
        assert isinstance(planned, Plan | Refused)
        return planned.reason if isinstance(planned, Refused) else None


@dataclass(frozen=True)
class Spoiler:
    """Spoils an attempt for one reason, by what it changes: two that change the same thing do not go together.

    One that `happens` changes the group before the wish comes.
    """

    reason: Reason
    changes: frozenset[str]
    spoil: Callable[[Attempt], object]
    happens: bool = False

    def __str__(self) -> str:
        return f"{self.reason} by {', '.join(sorted(self.changes))}"


def spoiler(reason: Reason, changes: str, spoil: Callable[[Attempt], object]) -> Spoiler:
    """Return a spoiler of the things whose names stand in `changes`."""
    return Spoiler(reason, frozenset(changes.split()), spoil)


def field_is(reason: Reason, name: str, value: Any, beside: str = "") -> Spoiler:
    """Return a spoiler that gives one field of a wish another value, and so none `beside` it any meaning."""
    return spoiler(reason, f"{name} {beside}", lambda one: one.fields.update({name: value}))


def fields_are(reason: Reason, **changed: Any) -> Spoiler:
    """Return a spoiler that gives fields of a wish other values."""
    return spoiler(reason, " ".join(changed), lambda one: one.fields.update(changed))


def happened(reason: Reason, changes: str, who: str, operation: str, wish: Any, subject: str) -> Spoiler:
    """Return a spoiler of somebody who does something before the wish comes."""
    return Spoiler(
        reason, frozenset(changes.split()), lambda one: one.group.do(who, operation, wish, subject), happens=True
    )


@dataclass(frozen=True)
class Case:
    """A wish that a group grants, and all that can spoil it."""

    name: str
    attempt: Attempt
    spoilers: tuple[Spoiler, ...]
    after: dict[frozenset[Spoiler], Group] = field(default_factory=dict[frozenset[Spoiler], Group])
    """The group after what has happened: a plan changes nothing, so that it serves many wishes."""

    @property
    def operation(self) -> Create | Act:
        """The operation that is asked for."""
        found = self.attempt.group.operations[self.attempt.operation]
        assert isinstance(found, Create | Act)
        return found

    def spoilt(self, *spoilers: Spoiler) -> Reason | None:
        """Return why the wish is refused once each of these has spoilt it."""
        attempt = copy(self.attempt)
        attempt.fields, attempt.envelope, attempt.texts = (
            dict(attempt.fields),
            dict(attempt.envelope),
            dict(attempt.texts),
        )
        happened = frozenset(one for one in spoilers if one.happens)
        if happened not in self.after:
            attempt.group = deepcopy(attempt.group)
            for one in spoilers:
                if one.happens:
                    one.spoil(attempt)
            self.after[happened] = attempt.group
        attempt.group = self.after[happened]
        for one in spoilers:
            if not one.happens:
                one.spoil(attempt)
        return attempt.refusal()

    def pairs(self) -> Iterator[tuple[Spoiler, Spoiler]]:
        """Yield all pairs of spoilers that go together."""
        return ((one, two) for one, two in combinations(self.spoilers, 2) if not one.changes & two.changes)


def case(name: str, attempt: Attempt, spoilers: Iterable[Spoiler]) -> Case:
    """Return a case, with what can spoil any signed wish where it is one, and any that bears a text."""
    kind: Any = attempt.group.operations[attempt.operation]
    found = [*spoilers]
    if attempt.keys is not None:
        found += SIGNED if kind.by_anybody else (*SIGNED, BROUGHT_BY_ANOTHER)
    for text in private_fields(kind.wish):
        found.append(spoiler(TEXT_NOT_NFC, text, lambda one, text=text: one.texts.update({text: "pa\u0303o"})))
        if attempt.keys is not None:
            found.append(spoiler(ORDER_MISMATCH, text, lambda one, text=text: one.texts.update({text: "bread"})))
    return Case(name, attempt, tuple(found))


def _told(reason: Reason, name: str, value: Callable[[Attempt], Any], also: str = "") -> Spoiler:
    return spoiler(reason, f"{name} {also}", lambda one: one.envelope.update({name: value(one)}))


def _newest(one: Attempt) -> int:
    assert one.keys is not None
    book = one.group.book
    return book.members[book.member_by_key[one.keys.public]].keys[one.keys.public].order_seq


SIGNED = (
    spoiler(SIGNATURE_INVALID, "signature", lambda one: setattr(one, "forged", True)),
    spoiler(KEY_UNKNOWN, "signature key order_seq", lambda one: setattr(one, "keys", keys_of("a stranger"))),
    _told(MALFORMED, "fields", lambda _: b"\xa0"),
    _told(WRONG_NETWORK, "network", lambda _: bytes(32)),
    _told(ORDER_REPLAYED, "order_seq", _newest),
    _told(ORDER_STALE, "order_seq", lambda one: _newest(one) - 1),
    _told(ORDER_AHEAD, "order_seq", lambda one: one.group.now + ORDER_SEQ_AHEAD_MAX + 1),
    _told(ORDER_EXPIRED, "not_after_ms", lambda one: one.group.now - 1),
)
BROUGHT_BY_ANOTHER = spoiler(FORBIDDEN, "who", lambda one: setattr(one, "who", "bia"))
