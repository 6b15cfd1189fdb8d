# SPDX-License-Identifier: AGPL-3.0-or-later
"""Wishes of every kind that the features declare, drawn with what a network itself names: its members, links, payments.

Nothing here knows a feature: what may be wished, in which shape and by whom is read from the declarations, and so is
how the ids of what there is are listed. A new operation is wished for from the day on which it is declared.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass, replace
from enum import Enum
from functools import cache
from random import Random
from types import NoneType, UnionType
from typing import Annotated, Any, NewType, Union, get_args, get_origin, get_type_hints

from protocol.book.declaration import (
    Act,
    Actor,
    Create,
    List,
    ListOf,
    Moment,
    MotionWish,
    Operation,
    Reckon,
    Ref,
    Role,
    Show,
    Uuid,
)
from protocol.book.money import Amount
from protocol.book.signed import parse_uuid
from protocol.practices import OPERATIONS
from protocol.wire.shape import AtMost, Length, Range, is_personal

Ids = Callable[[str, Actor], list[str]]
"""Lists the ids of what a noun stands for, such as all links, as a node tells them to somebody."""

NAMED: Mapping[str, str] = {
    "account": "accounts", "code": "codes", "currency": "currencies", "founders": "networks", "helper": "members",
    "mandate": "mandates", "member": "members", "network": "networks", "partner": "networks", "payee": "members",
    "payer": "members", "payment": "payments", "request": "payment-requests",
    "requests": "payment-requests", "unit": "currencies", "via": "networks",
}  # fmt: skip
"""What a field of a wish names, where it is told by the field's name."""
LISTED: Mapping[str, str] = {
    "balance-proofs": "accounts", "consistency-proofs": "checkpoints", "obligations": "currencies",
    "payment-proofs": "payments", "receipts": "payments", "clearing-terms": "networks", "openings": "currencies",
    "imports": "members", "absences": "members", "guardians": "members", "pictures": "members",
    "offer-pictures": "offers",
}  # fmt: skip
"""Whose ids go by which list, where a noun has none of its own, or one of those alone who have said something."""
TEXTS = ("1", "2", "0.5", "1.25", "HORA", "VALE", "nobody", "", "x" * 70)
COUNTS = (0, 1, 2, 3, 25, 60, 100, 3_600, 50_000, 10**9, -1)
TOGETHER: tuple[frozenset[str], ...] = (
    frozenset({"balance-proofs", "checkpoints", "payment-proofs"}), frozenset({"invitations", "members"}),
    frozenset({"links", "write-offs"}), frozenset({"obligations", "payment-requests", "set-off-consents", "set-offs"}),
)  # fmt: skip
"""What comes to nothing without one another."""
DEALT_OVER_SEEDS = 14
"""So many seeds in a row have everything that there is among what their stories are about."""
UNITS = (1, 2, 3, 5, 8, 12, 20, 40, 90, 250, 1_500, 0, -3, 10**15)
SECONDS = (-3_600, 5, 60, 600, 86_400, 40 * 86_400)
ALONE = frozenset({"back", "condition", "invoice", "mandate", "payer", "payment", "request"})
"""Fields that go with few others of their wish, or with few who ask: most often left out."""
SPELT: Mapping[str, tuple[str, ...]] = {
    "handle": (*(f"new-{number}" for number in range(30)), *TEXTS), "rate": (*("1", "2", "0.5", "1.25") * 3, *TEXTS),
}  # fmt: skip
"""What a text says as a rule where its field has a form of its own."""
OWN = {one.noun: one.id_is for one in OPERATIONS.values() if isinstance(one, Show) and one.id_is == "own"}
"""Nouns of which there is one, and what it is called."""
SELDOM = frozenset({
    "currencies.close", "links.close", "links.freeze", "links.withdraw", "members.leave", "members.suspend",
    "networks.forget", "networks.purge", "networks.set-profile", "replicas.dismiss",
})  # fmt: skip
"""What ends or stops things: too often, and nothing would be left to happen."""
VAIN = frozenset({
    "checkpoints.sign", "guardians.back", "guardians.name", "guardians.object", "members.add-key", "members.rebind-key",
    "members.revoke-key", "offer-pictures.remove", "offer-pictures.set", "pictures.set", "recoveries.propose",
})  # fmt: skip
"""What takes somebody's signature, a claim or a picture: no drawn one is right, so these are for their refusals."""
DRAWS = 4
"""So often an operation is drawn while there is nothing of which it could be wished."""


@dataclass(frozen=True, slots=True)
class Wished:
    """A drawn wish: which operation, who asks, of what, and for what."""

    operation: str
    actor: Actor
    subject: str
    wish: Any


def draw_nouns(dice: Random, seed: int) -> frozenset[str]:
    """Draw what a story is about: few things, or hardly a wish would find what an earlier one has made.

    A part is dealt by the seed, since chance alone leaves some things out of as many stories as anybody plays.
    """
    dealt = NOUNS[seed % DEALT_OVER_SEEDS :: DEALT_OVER_SEEDS]
    drawn = {*dealt, *dice.sample(NOUNS, dice.choice((0, 1, 2, 4)))}
    return frozenset(drawn.union(*(together for together in TOGETHER if drawn & together)))


def draw_wish(dice: Random, nouns: frozenset[str], ids: Ids, now: int) -> Wished:
    """Draw an operation on one of these, one that changes something as a rule, and a wish of its shape."""
    for _ in range(DRAWS):
        name = _draw_name(dice, _names(nouns))
        operation = OPERATIONS[name]
        actor = _draw_actor(dice, ids, operation)
        drawn = _Dice(dice, lambda noun, actor=actor: ids(noun, actor), now)
        is_of_one = isinstance(operation, Act | Show | ListOf)
        if not is_of_one or drawn.knows(operation.noun):
            break
    subject = drawn.id_of(operation.noun) if is_of_one else ""
    wish = drawn.value(_shape(operation))
    if isinstance(operation, Act) and operation.about:
        # As the path has it.
        is_text = isinstance(getattr(wish, operation.about), str)
        named = subject[:64] if is_text else parse_uuid(subject) or bytes(16)
        wish = replace(wish, **{operation.about: named})
    return Wished(name, actor, subject, wish)


def _draw_name(dice: Random, names: list[str]) -> str:
    name = dice.choice(names)
    while name in SELDOM | VAIN and dice.random() < 0.8:
        name = dice.choice(names)
    return name


def _draw_actor(dice: Random, ids: Ids, operation: Operation) -> Actor:
    """Draw somebody who may ask for this, as a rule; a member is one that there is."""
    roles = sorted(operation.who if dice.random() < 0.95 else Role)
    role = Role.STEWARD if Role.STEWARD in roles and dice.random() < 0.4 else dice.choice(roles)
    members = ids("members", Actor(Role.STEWARD))
    return Actor(role, dice.choice(members) if members and role is not Role.ANYONE else None)


def _changes(operation: Operation) -> bool:
    return isinstance(operation, Create | Act)


CHANGES = sorted(name for name, operation in OPERATIONS.items() if _changes(operation) and operation.noun != "motions")
NOUNS = sorted({operation.noun for operation in OPERATIONS.values()})


@cache
def _names(nouns: frozenset[str]) -> list[str]:
    names = [name for name in sorted(OPERATIONS) if OPERATIONS[name].noun in nouns]
    return names + [name for name in names if _changes(OPERATIONS[name])] * 2


def _shape(operation: Operation) -> Any:
    match operation:
        case Create(wish=wish) | Act(wish=wish):
            return wish
        case List(wanted=wanted):
            return wanted
        case Reckon(wanted=wanted):
            return wanted
        case ListOf(wanted=wanted):
            return wanted
        case Show():
            return NoneType


@cache
def _hints(kind: type[Any]) -> Mapping[str, Any]:
    return get_type_hints(kind, include_extras=True)


def _is_signed(hint: Any) -> bool:
    """Tell whether a field holds somebody's signature: no drawn one is right."""
    return "Signed" in str(hint) or "Signature" in str(hint)


class _Dice:
    """Draws values of declared types."""

    def __init__(self, dice: Random, ids: Callable[[str], list[str]], now: int) -> None:
        self._dice = dice
        self._ids = ids
        self._now = now

    def id_of(self, noun: str) -> str:
        """Return the id of something of a kind, of the newest as a rule, at times of nothing."""
        known = self._known(noun)
        if not known or self._dice.random() < 0.1:
            return self._dice.choice(TEXTS)
        return self._dice.choice(known[-3:] if self._dice.random() < 0.5 else known)

    def knows(self, noun: str) -> bool:
        """Tell whether there is anything of a kind."""
        return bool(self._known(noun))

    def _known(self, noun: str) -> list[str]:
        return [OWN[noun]] if noun in OWN else self._ids(LISTED.get(noun, noun))

    def value(self, hint: Any, name: str = "") -> Any:
        """Return a value of a type; what a text names is told by the name of its field."""
        dice = self._dice
        origin = get_origin(hint)
        if origin is Annotated:
            base, *marks = get_args(hint)
            return self._annotated(base, marks, name)
        if origin in (Union, UnionType):
            return self.value(dice.choice([one for one in get_args(hint) if one is not NoneType]), name)
        if origin is tuple:
            return tuple(self.value(get_args(hint)[0], name) for _ in range(dice.choice((0, 1, 1, 2, 3, 40))))
        if isinstance(hint, NewType):
            return self.value(hint.__supertype__, name)
        if hint is NoneType:
            return None
        if hint is Amount:
            code = self.id_of("currencies") if dice.random() < 0.4 else None
            return Amount(dice.choice(UNITS), code, dice.choice((0, 0, 0, 2, 3)))
        if hint is MotionWish:
            name = dice.choice(CHANGES)
            operation = OPERATIONS[name]
            subject = "" if isinstance(operation, Create) else self.id_of(operation.noun)
            return MotionWish(name, subject, self.value(_shape(operation)))
        if hint is bool:
            return dice.random() < 0.5
        if hint is int:
            return dice.choice(COUNTS)
        if hint is str:
            return self._text(name)
        if hint is bytes:
            return dice.randbytes(dice.choice((0, 16, 32)))
        if issubclass(hint, Enum):
            return dice.choice(list(hint))
        return self._record(hint)

    def _text(self, name: str) -> str:
        if name in NAMED:
            return self.id_of(NAMED[name])
        return self._dice.choice(SPELT[name] if name in SPELT else (*TEXTS, *[f"new-{self._dice.randrange(100)}"] * 6))

    def _reference(self, hint: Any, table: str) -> Any:
        """Return by which id somebody names a row of a table, or several rows where the field names several."""
        while get_origin(hint) in (Union, UnionType, Annotated):
            hint = next(one for one in get_args(hint) if one is not NoneType)
        if get_origin(hint) is tuple:
            return tuple(self.id_of(table) for _ in range(self._dice.choice((0, 1, 1, 2, 3, 40))))
        assert hint is str, f"a wish names a row of {table} by a text, not by {hint}"
        return self.id_of(table)

    def _record(self, kind: type[Any]) -> Any:
        assert is_dataclass(kind), f"no values of {kind} are drawn yet"
        fullness = self._dice.choice((0.1, 0.5, 1.0, 1.0))
        drawn: dict[str, Any] = {}
        for field in fields(kind):
            hint = _hints(kind)[field.name]
            is_wanted = field.default is MISSING and field.default_factory is MISSING
            likely = 0.02 if _is_signed(hint) else 0.1 if field.name in ALONE else fullness
            if is_wanted or self._dice.random() < likely:
                drawn[field.name] = self.value(hint, field.name)
        return kind(**drawn)

    def _annotated(self, base: Any, marks: list[Any], name: str) -> Any:
        if Moment in marks:
            return self._now + 1_000 * self._dice.choice(SECONDS)
        if Uuid in marks:
            return parse_uuid(self.id_of(NAMED.get(name, "payments"))) or self._dice.randbytes(16)
        if is_personal(marks):
            return self._dice.choice(TEXTS)
        named = next((mark.table for mark in marks if isinstance(mark, Ref)), None)
        if named is not None:
            return self._reference(base, named)
        value = self.value(base, name)
        for mark in marks:
            match mark:
                case Range(least, most) if value is not None:
                    value = min(max(value, least), most)
                case Length(exact) if isinstance(value, bytes):
                    value = self._dice.randbytes(exact)
                case AtMost(most) if value is not None:
                    value = value[:most]
                case _:
                    pass
        return value
