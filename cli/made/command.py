# SPDX-License-Identifier: AGPL-3.0-or-later
"""The commands that are made from the declarations, as they stand in an index: so that no command loads all practices.

`python -m cli.made >cli/made/index.json` renews it; a noun that it does not know is looked for in the declarations.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.made.options import Field

if TYPE_CHECKING:
    from protocol.book.declaration import Act, Create, Operation

INDEX = Path(__file__).with_name("index.json")


class FieldForm(StrEnum):
    """What an operation is: POST to a noun, POST to one of it, GET one, GET a list, GET a list of one.

    The last two are figures: GET /v1/<noun>/<what>, and POST where much is told.
    """

    CREATE = "create"
    ACT = "act"
    SHOW = "show"
    LIST = "list"
    LIST_OF = "list of"
    RECKON = "reckon"
    RECKON_TOLD = "reckon what is told"


@dataclass(frozen=True)
class Command:
    """One operation, as a command needs it: `fields` are those of its wish, or of what its list is filtered by.

    `signed` is "key" where a member's key alone does, "key or word" where a word does too, else empty; `anyone` may do
    it without signing in; `about` is the field that the path tells; `forms` are what figures are given as beside JSON.
    """

    noun: str
    verb: str
    form: FieldForm
    summary: str
    fields: tuple[Field, ...] = ()
    example: str = ""
    asks: str = ""
    signed: str = ""
    about: str = ""
    anyone: bool = False
    forms: tuple[str, ...] = ()
    operation: "Operation | None" = field(default=None, compare=False)

    @property
    def name(self) -> str:
        """The operation's name: payments.create."""
        return f"{self.noun}.{self.verb}"

    @property
    def writes(self) -> bool:
        """Whether it changes something."""
        return self.form in (FieldForm.CREATE, FieldForm.ACT)

    @property
    def own_fields(self) -> tuple[Field, ...]:
        """The fields that people type: those that the path does not tell."""
        return tuple(one for one in self.fields if one.name != self.about)

    def declared(self) -> "Create | Act":
        """Return the declaration, which takes loading all practices."""
        if self.operation is None:
            from protocol.practices import OPERATIONS

            return OPERATIONS[self.name]  # type: ignore[return-value] - asked for of what writes alone
        return self.operation  # type: ignore[return-value]


@cache
def commands() -> Mapping[str, Command]:
    """Return the commands of the index, by the operation's name."""
    return {name: _command(name, told) for name, told in json.loads(INDEX.read_bytes()).items()}


@cache
def all_commands() -> Mapping[str, Command]:
    """Return the commands of all declarations, in their order."""
    from cli.made.declared import command_of
    from protocol.practices import OPERATIONS

    return {name: command_of(one) for name, one in OPERATIONS.items()}


def nouns(*, declared: bool = False) -> dict[str, dict[str, Command]]:
    """Return every noun with its verbs: of the index, or of the declarations."""
    found: dict[str, dict[str, Command]] = {}
    for one in (all_commands() if declared else commands()).values():
        found.setdefault(one.noun, {})[one.verb] = one
    return found


def index_of(found: Mapping[str, Command]) -> str:
    """Return commands as the index holds them: a line for each, what is usual left out."""
    lines = (f"{json.dumps(name)}: {json.dumps(_told(one), ensure_ascii=False)}" for name, one in found.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _told(one: Command | Field) -> dict[str, Any]:
    told: dict[str, Any] = {}
    for declared in fields(one):
        value = getattr(one, declared.name)
        if declared.name in ("noun", "verb", "operation") or value == declared.default:
            continue
        told[declared.name] = [_told(each) for each in value] if declared.name == "fields" else value
    return told


def _command(name: str, told: dict[str, Any]) -> Command:
    noun, _, verb = name.partition(".")
    made = tuple(_field(each) for each in told.pop("fields", ()))
    forms = tuple(told.pop("forms", ()))
    return Command(noun, verb, FieldForm(told.pop("form")), told.pop("summary"), made, forms=forms, **told)


def _field(told: dict[str, Any]) -> Field:
    made = Field(**told)
    parts = tuple((name, kind) for name, kind in made.parts)
    return replace(
        made, choices=made.choices and tuple(made.choices), asked=made.asked and tuple(made.asked), parts=parts
    )
