# SPDX-License-Identifier: AGPL-3.0-or-later
"""A wish that was typed, on its way to a node."""

from argparse import Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cli.client import path_of
from cli.ending import Misuse
from cli.made.command import Command
from cli.made.options import Field
from cli.session import CommandSession

if TYPE_CHECKING:
    from protocol.wire.keys import KeyPair

SIGNED_FIELD = "signed"
SALT_MARK = "_salt"
_AGAIN = ".again"
_KEY_CHARS_MAX = 255
BY_KEY_ALONE = "key"
"""Of protocol.book.operations.Signing: nothing goes without a key."""

_Json = Mapping[str, Any]


@dataclass(slots=True)
class CommandWished:
    """A wish on its way to a node: of which thing, with which fields, under which idempotency key."""

    session: CommandSession
    path: str
    subject: str
    body: dict[str, Any]
    args: Namespace

    def post(self, *, again: bool = False, **more: Any) -> _Json:
        """Send it, with these fields besides; again, with more in it, under a key of its own that follows."""
        key = self.args.idempotency_key
        key = f"{key[: _KEY_CHARS_MAX - len(_AGAIN)]}{_AGAIN}" if again and key is not None else key
        return self.session.client.post(self.path, {**self.body, **more}, key)

    def post_signed(self, make: Callable[[int], _Json]) -> _Json:
        """Send it, with the fields that are signed as an order of a number."""
        return self.session.post_signed(
            self.path, lambda order_seq: {**self.body, **make(order_seq)}, self.args.idempotency_key
        )

    @property
    def hand(self) -> "KeyPair":
        """The member's key; raises Misuse where there is none."""
        if self.session.hand is None:
            raise Misuse("this needs your key: --key FILE, or MUTIRAO_KEY")
        return self.session.hand

    def member(self) -> _Json:
        """Return the member whom the wish is about."""
        return self.session.client.get(path_of("members", self.subject))


def is_signed_here(made: Command, wished: CommandWished) -> bool:
    """Tell whether the key at hand is to sign a wish: there is one, or nothing goes without."""
    if not made.signed or SIGNED_FIELD in wished.body:
        return False
    return wished.session.hand is not None or made.signed == BY_KEY_ALONE


def beside(made: Command) -> tuple[Field, ...]:
    """Return the fields that a wish has besides its own, where another program has signed it."""
    if not made.signed:
        return ()
    salts = (
        Field(one.name + SALT_MARK, f"with --signed: the salt of the {one.name}", "BYTES", required=False, kind="bytes")
        for one in made.fields
        if one.private
    )
    said = "the wish as another program has signed it, data and signature"
    return (Field(SIGNED_FIELD, said, "JSON", required=False, signed=True, kind="object"), *salts)
