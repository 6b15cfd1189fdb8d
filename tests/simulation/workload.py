# SPDX-License-Identifier: AGPL-3.0-or-later
"""What members and stewards wish for, made from the declarations of the features alone.

A new feature is exercised without a line here: its wishes are filled from the types and names of their
fields, with what the world's books hold and sometimes with nonsense.
"""

from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from random import Random
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from simulation.world import STEWARD, Node, World

from protocol.economy.feature import NOBODY, Act, Actor, Create, List, Moment, Page, Role
from protocol.economy.money import Amount
from protocol.replica import OPERATIONS
from protocol.shape import AtMost, Length, Range

WEIGHTS: Mapping[str, float] = {
    # What ends the trade of a whole network comes seldom, or the rest of the run is silent.
    "currencies.create": 0.2,
    "currencies.close": 0.01,
    "members.suspend": 0.1,
    "members.leave": 0.05,
    "links.close": 0.02,
    "links.freeze": 0.2,
    "links.cap": 0.1,
    "links.create": 0.1,
    "replicas.invite": 0.1,
    "replicas.dismiss": 0.02,
    "payments.create": 6,
    "payments.post": 3,
    "payments.void": 2,
    "payment-requests.create": 3,
    "payment-requests.pay": 3,
    "links.set-rate": 3,
    "links.raise": 2,
    "links.give-back": 2,
}
"""How often an operation is wished for; 1 where it is not named."""
NONSENSE = ("", " ", "-1", "0", "x" * 300, "\u202e", "e\u0301", "ana@", "@serra", "mutirao:", "a.b.c", "1e9999", "\x00")
NAMED: Mapping[str, tuple[str, ...]] = {
    "rate": ("1", "2", "0.5", "1.25", "1.1", "0.333"),
    "currency": ("", "HORA", "AULA"),
    "code": ("HORA", "AULA", "SOL"),
    "name": ("Riacho", "Ana"),
    "note": ("bread", "two hours", ""),
}
"""What a text of this name may be, whatever its feature."""


@cache
def wishes() -> tuple[tuple[str, Create | Act], ...]:
    """Return every operation that changes something."""
    return tuple((name, one) for name, one in OPERATIONS.items() if isinstance(one, Create | Act))


def choose(dice: Random) -> str:
    """Return the name of an operation."""
    names = [name for name, _ in wishes()]
    return dice.choices(names, [WEIGHTS.get(name, 1.0) for name in names])[0]


class Wisher:
    """Makes wishes for one node out of what its book holds."""

    def __init__(self, world: World, node: Node, shown: list[str], dice: Random) -> None:
        self.world = world
        self.node = node
        self.shown = shown
        self.dice = dice
        book = node.replica.book
        self.members = [member.handle for member in book.members.values()]
        self.texts = [*self.members, *book.ledger.accounts, *book.currencies, *world.nodes]

    def actor(self) -> Actor:
        """Return who wishes."""
        what = self.dice.random()
        if what < 0.65:
            return STEWARD
        members = list(self.node.replica.book.members)
        return Actor(Role.MEMBER, self.dice.choice(members)) if what < 0.95 and members else NOBODY

    def wish(self, kind: type[Any]) -> Any:
        """Return a wish whose fields are filled by their types."""
        return self._record(kind)

    def subject(self, noun: str) -> str:
        """Return the id of a resource, as the noun's own list shows it."""
        if self.dice.random() < 0.05:
            return self._text("", 300)
        listing = OPERATIONS.get(f"{noun}.list")
        if not isinstance(listing, List):
            return self.dice.choice(self.shown or [""])
        request = self.world.start(self.node.name, f"{noun}.list", listing.wanted())
        page = self.node.answers.pop(request, None)
        ids = [_id_of(item) for item in page.items] if isinstance(page, Page) else []
        return self.dice.choice(ids or self.shown or [""])

    def _record(self, kind: type[Any]) -> Any:
        if kind is Amount:
            return self._amount()
        hints = get_type_hints(kind, include_extras=True)
        values: dict[str, Any] = {}
        for one in fields(kind):
            if one.default is not MISSING and self.dice.random() < 0.6:
                continue
            values[one.name] = self._value(one.name, hints[one.name], ())
        return kind(**values)

    def _value(self, name: str, hint: Any, bounds: tuple[Any, ...]) -> Any:
        dice = self.dice
        origin, arguments = get_origin(hint), get_args(hint)
        if origin is Annotated:
            return self._value(name, arguments[0], (*bounds, *arguments[1:]))
        if origin in (Union, UnionType):
            if dice.random() < 0.3:
                return None
            return self._value(name, next(one for one in arguments if one is not NoneType), bounds)
        if origin is tuple:
            return tuple(self._value(name, arguments[0], ()) for _ in range(dice.randrange(3)))
        if is_dataclass(hint):
            return self._record(hint)  # pyright: ignore[reportArgumentType] - a class, by its place in a hint
        if isinstance(hint, type) and issubclass(hint, Enum):
            return dice.choice(list(hint))
        if hint is bool:
            return dice.random() < 0.3
        if hint is int:
            return self._number(bounds)
        if hint is bytes:
            exact = next((one.exact for one in bounds if isinstance(one, Length)), 32)
            return dice.randbytes(exact)
        assert hint is str, hint
        return self._text(name, next((one.most for one in bounds if isinstance(one, AtMost)), 256))

    def _number(self, bounds: tuple[Any, ...]) -> int:
        if any(one is Moment for one in bounds):
            return self.world.now + self.dice.randrange(-100_000, 10_000_000)
        span = next((one for one in bounds if isinstance(one, Range)), Range(1, 128))
        return self.dice.choice((span.least, span.most, self.dice.randint(span.least, min(span.most, span.least + 50))))

    def _amount(self) -> Amount:
        dice = self.dice
        if dice.random() < 0.05:
            return Amount(dice.choice((0, -5, 2**63 - 1, 10**30)), None, dice.choice((0, 2, 9, 30)))
        code = dice.choice(list(self.node.replica.book.currencies) or [None]) if dice.random() < 0.2 else None
        return Amount(dice.randrange(1, 60), code, dice.choice((0, 0, 1, 2)))

    def _text(self, name: str, most: int) -> str:
        dice = self.dice
        what = dice.random()
        if what < 0.05:
            return dice.choice(NONSENSE)[:most]
        if what < 0.6 and name in NAMED:
            return dice.choice(NAMED[name])
        if what < 0.8 and self.members and name in ("payer", "payee", "helper", "handle"):
            return dice.choice(self.members)
        return dice.choice((*self.texts, *self.shown[-20:]))[:most]


def _id_of(item: Any) -> str:
    for name in ("id", "code", "handle"):
        value = getattr(item, name, None)
        if isinstance(value, str):
            return value
    return ""
