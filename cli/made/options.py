# SPDX-License-Identifier: AGPL-3.0-or-later
"""The fields of a wish as options of a command: what is typed, and what --help says of it. No declaration is loaded."""

from argparse import SUPPRESS, ArgumentTypeError, BooleanOptionalAction, Namespace
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from cli.arguments import Parser, read_amount, read_bytes, read_file, read_moment, read_number, read_object, read_text

VALUE_READERS: Mapping[str, Callable[[str], Any]] = {
    "text": read_text,
    "number": read_number,
    "flag": read_text,
    "bytes": read_bytes,
    "file": read_file,
    "amount": read_amount,
    "moment": read_moment,
    "uuid": read_text,
    "word": read_text,
    "object": read_object,
}
"""What reads a typed text, by what it is."""


def read_parts(kinds: Mapping[str, str], text: str) -> dict[str, Any]:
    """Return an object that is typed as name=value,name=value, or as JSON."""
    if text.lstrip().startswith("{"):
        return read_object(text)
    found: dict[str, Any] = {}
    for part in text.split(","):
        name, told, value = (one.strip() for one in part.partition("="))
        if not told or name not in kinds or name in found:
            raise ArgumentTypeError(f"{part!r}: expected {'=..., '.join(kinds)}=..., each once, or JSON")
        found[name] = VALUE_READERS[kinds[name]](value) if kinds[name] != "flag" else value == "true"
    return found


PLACE = "field "
"""Before a field's name among all that was parsed: no option of ours is named so."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a wish: how a typed text becomes its JSON, and what --help says of it."""

    name: str
    said: str
    metavar: str
    required: bool
    many: bool = False
    choices: tuple[str, ...] | None = None
    flag: bool = False
    signed: bool = False
    asked: tuple[str, str] | None = None
    """What the command asks at a terminal where no option says it, and the name of the option that says no."""
    kind: str = "text"
    """Which of VALUE_READERS its values are of."""
    table: str = ""
    """Which table it names a row of."""
    own_id: bool = False
    """Whether it is the id of what the wish makes."""
    private: bool = False
    """Whether it is a personal text, of which a signed wish holds the salted digest."""
    parts: tuple[tuple[str, str], ...] = ()
    """Of an object, what its own fields are called and which of VALUE_READERS they are of: name=fruit,amount=1.60."""

    @property
    def read(self) -> Callable[[str], Any]:
        """What reads a typed text."""
        return partial(read_parts, dict(self.parts)) if self.parts else VALUE_READERS[self.kind]

    @property
    def option(self) -> str:
        """The option that gives it."""
        return f"--{self.name.replace('_', '-')}"


def add_field(parser: Parser, field: Field, *, bare: bool = False, optional: bool = False) -> None:
    """Give a command the option of a field; raises ArgumentError where another option has its name.

    A bare one is written without the option's name; an optional one may be missing, whatever is declared.
    """
    more: dict[str, Any] = {"type": field.read, "metavar": field.metavar, "default": SUPPRESS}
    if field.asked is not None:
        _add_choice(parser, field, field.asked[1])
        return
    if field.flag:
        more = {"action": BooleanOptionalAction, "default": SUPPRESS}
    elif field.choices is not None:
        more |= {"choices": field.choices, "metavar": "|".join(field.choices)}
    if field.many:
        more["action"] = "append"
    told = f": {', '.join(name for name, _ in field.parts)}" if field.parts else ""
    told += " (may be given several times)" if field.many else ""
    more["help"] = f"{field.said}{told}".replace("%", "%%")
    if bare:
        nargs = {} if field.required else {"nargs": "?"}
        parser.add_argument(PLACE + field.name, **{**more, **nargs, "metavar": field.name.upper()})
    else:
        required = field.required and not optional
        parser.add_argument(field.option, dest=PLACE + field.name, required=required, **more)


def _add_choice(parser: Parser, field: Field, no: str) -> None:
    """Give a command the two options of a yes or no that is asked for where neither was given."""
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument(field.option, dest=PLACE + field.name, action="store_true", default=SUPPRESS, help=field.said)
    choice.add_argument(f"--{no}", dest=PLACE + field.name, action="store_false", default=SUPPRESS, help="the contrary")


def given(args: Namespace) -> dict[str, Any]:
    """Return the fields that were given, as JSON."""
    return {name.removeprefix(PLACE): value for name, value in vars(args).items() if name.startswith(PLACE)}


def parameters(body: Mapping[str, Any]) -> dict[str, str]:
    """Return fields as the parameters of a list."""
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in body.items()}


def usage_of(field: Field) -> str:
    """Return a required field as an example writes it."""
    return f"{field.option} {field.choices[0] if field.choices else field.metavar}"
