# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a type stands in JSON: what reads it, shows it and describes it, and the named schemas of a document."""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from inspect import cleandoc
from typing import Any, get_type_hints

from protocol.book.declaration import Doc
from protocol.book.refusals import MALFORMED, Figure, Reason, Refused

Schema = dict[str, Any]
ReadValue = Callable[[Any], Any]


class Misread(ValueError):
    """JSON that is not of the form wished for: the reason, the field's path, what was expected there."""

    def __init__(self, reason: Reason = MALFORMED, **figures: Figure) -> None:
        super().__init__(reason.code)
        self.reason = reason
        self.path: list[str] = []
        self.figures = figures

    def refused(self) -> Refused:
        """Return the refusal that this is."""
        field = ".".join(reversed(self.path)) or "body"
        # A key may be half a surrogate pair, which no answer can carry.
        shown = field[:200].encode(errors="replace").decode()
        return Refused(self.reason, {"field": shown, **self.figures})


@dataclass(frozen=True, slots=True)
class ValueForm:
    """How a type is read from JSON and from a query parameter, shown as JSON (None: as it is), described."""

    read: ReadValue
    show: Callable[[Any], Any] | None
    describe: Callable[["Components"], Schema]
    read_text: Callable[[str], Any] | None = None


class Components:
    """The named schemas of one document; what a wish may hold is closed, what is shown is complete."""

    def __init__(self, *, wished: bool, taken: Mapping[str, Schema] | None = None) -> None:
        self.wished = wished
        self.schemas: dict[str, Schema] = {}
        self._taken = taken or {}
        self._names: dict[type[Any], str] = {}

    def name(self, name: str, schema: Schema) -> Schema:
        """Return a reference to a schema that is no class's own, under a name that no other has."""
        assert name not in self.schemas and name not in self._taken, f"two schemas would be named {name}"
        self.schemas[name] = schema
        return {"$ref": f"#/components/schemas/{name}"}

    def refer(self, kind: type[Any], describe: Callable[[], Schema]) -> Schema:
        """Return a reference to the schema of a class, describing it at its first mention."""
        name = self._names.get(kind)
        if name is None:
            name = kind.__name__
            if name in self.schemas or name in self._taken:
                name = f"{name}{'Wished' if self.wished else 'Shown'}"
            if name in self.schemas:
                name = f"{kind.__module__.rpartition('.')[2].capitalize()}{name}"
            assert name not in self.schemas, f"two schemas would be named {name}"
            self._names[kind] = name
            self.schemas[name] = {}
            self.schemas[name] = describe()
        return {"$ref": f"#/components/schemas/{name}"}


def docs_of(hint: Any) -> str:
    """Return what an annotated type's Doc says, empty where it has none."""
    return next((mark.text for mark in getattr(hint, "__metadata__", ()) if isinstance(mark, Doc)), "")


def hints_of(kind: type[Any]) -> dict[str, Any]:
    """Return the resolved hints of a dataclass's fields, in order."""
    hints = get_type_hints(kind, include_extras=True)
    return {field.name: hints[field.name] for field in fields(kind) if field.init}


def required_of(kind: type[Any]) -> tuple[str, ...]:
    """Return the names of the fields that have no default."""
    return tuple(
        one.name for one in fields(kind) if one.init and one.default is MISSING and one.default_factory is MISSING
    )


def said_of(kind: type[Any]) -> str:
    """Return a class's docstring, unless the dataclass decorator made it."""
    text = kind.__doc__ or ""
    return "" if text.startswith(f"{kind.__name__}(") else cleandoc(text)


def described_object(said: str, properties: Schema, required: tuple[str, ...], components: Components) -> Schema:
    schema: Schema = {"type": "object", "properties": properties}
    if said:
        schema["description"] = said
    if components.wished:
        schema["additionalProperties"] = False
    needed = list(required) if components.wished else list(properties)
    if needed:
        schema["required"] = needed
    return schema
