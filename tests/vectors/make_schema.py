# SPDX-License-Identifier: AGPL-3.0-or-later
"""Writes down the type of all that goes on the wire: `PYTHONPATH=.:tests python tests/vectors/make_schema.py`.

`schema.json` is to be read by a program of any language, `schema.cddl` by tools that know CDDL (RFC 8610). Both are
made from the declarations that this implementation reads by. They stand beside the vectors since who takes the one
needs the other: the vectors tell what is done with a value, the schema which values there are.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields, is_dataclass
from enum import IntEnum, StrEnum
from pathlib import Path
from typing import Annotated, Any, NewType, get_args, get_origin, get_type_hints

from protocol.book.declaration import KEY_OR_WORD, Act, Create
from protocol.book.signed import Envelope
from protocol.lanes.claims import IDENTITY_KINDS, RecoveryClaim
from protocol.lanes.directory import COMMONS_KINDS
from protocol.lanes.entry import Header
from protocol.lanes.items import ItemSaid
from protocol.peers import messages
from protocol.practices import OPERATIONS, PRACTICES
from protocol.practices.between.abroad.onward import Onward
from protocol.practices.between.checkpoints.proofs import BalanceLeaf, CheckpointClaim, ConsistencyProof, Proof
from protocol.practices.between.clearing.circles import Circle, CircleOnward
from protocol.practices.between.faults.evidence import Evidence
from protocol.practices.between.links.entries import GrantClaim, LinkRecord
from protocol.practices.between.quotes.invoices import Invoice
from protocol.practices.credit.kiosks.statements import KioskStatement, RedemptionSlip
from protocol.practices.money.receipts import Attested, Receipt
from protocol.practices.people.joinings import Joining
from protocol.wire.codec import INT_END
from protocol.wire.shape import AtMost, Holds, Length, PersonalText, Range, Spelt, limits, split_optional

FOLDER = Path(__file__).parent
ABOUT = (
    "The type of all that goes on the wire. `records` are maps of numbered fields: each field has its number, its name,"
    " its type, and `optional` where it may be left out. A type is one of these. {int: [least, most]}, in decimal."
    " {bytes: [least, most]}, in octets; `holds` names the records of which it is the encoding, `entry` being an array"
    " of header, salt, body, signature, `item` one of ItemSaid and signature, and `wish` the wish of the operation"
    " that stands beside it. {text: [least,"
    " most]}, in code points; `spelt` is a regular expression of the whole text, which a rule of the book asks for."
    " {bool: true}. {words: [...]} is one of these texts, {numbers: [...]} one of these numbers. {array: type, length:"
    " [least, most]}. {row: [types]} is an array of just these. {record: name}. No most is null. `lanes` tell which"
    " records stand in which lane, each named as its kind; `boards` are bodies of items; `messages` are in the order of"
    " their numbers; `wishes` by"
    " operation: `signed` is whether members sign it, `word` whether it may stand in an entry as it is. An"
    " entry whose record has `operation` holds in `signed` an Envelope of it; a field `joining` holds a Joining."
)
STANDING: tuple[type[Any], ...] = (
    Header, ItemSaid, Envelope, Joining, Invoice, Onward, Circle, CircleOnward, Receipt, Attested, Proof,
    ConsistencyProof, BalanceLeaf, CheckpointClaim, GrantClaim, RecoveryClaim, Evidence, KioskStatement, RedemptionSlip,
)  # fmt: skip
"""Records that stand in byte strings, are signed by themselves, or are documents of their own."""

OF_OPERATIONS: dict[type[Any], str] = {
    one.wish: f"wish of {name}" for name, one in OPERATIONS.items() if isinstance(one, Create | Act)
}


class Schema:
    """All records, by names that no two share."""

    def __init__(self) -> None:
        self.records: dict[str, dict[str, Any]] = {}
        self._names: dict[type[Any], str] = {}

    def name(self, kind: type[Any]) -> str:
        """Return the name of a record, which is told with all that it is made of."""
        if kind not in self._names:
            name = self._names[kind] = _name(kind)
            assert name not in self.records, name
            told = self.records[name] = {"operation": kind.OPERATION} if hasattr(kind, "OPERATION") else {}
            told["fields"] = [*self.fields(kind)]
        return self._names[kind]

    def fields(self, kind: type[Any]) -> Iterator[dict[str, Any]]:
        hints = get_type_hints(kind, include_extras=True)
        for number, one in enumerate(fields(kind), 1):
            hint, optional = split_optional(hints[one.name])
            told = {"number": number, "name": one.name, "type": self.type(hint, ())}
            yield told | {"optional": True} if optional else told

    def type(self, hint: Any, marks: tuple[Any, ...]) -> dict[str, Any]:
        """Return the type of a declaration with the marks that Annotated has given it so far."""
        if isinstance(hint, NewType):
            return self.type(hint.__supertype__, marks)
        origin, arguments = get_origin(hint), get_args(hint)
        if origin is Annotated:
            if any(isinstance(mark, PersonalText) for mark in arguments[1:]):
                return {"bytes": [32, 32]}
            return self.type(arguments[0], (*marks, *arguments[1:]))
        bounds = tuple(mark for mark in marks if isinstance(mark, (Length, AtMost, Range)))
        if hint is int:
            return {"int": [str(one) for one in limits(bounds, -INT_END, (Range,))]}
        if hint is bool:
            return {"bool": True}
        if hint in (str, bytes):
            told = {"text" if hint is str else "bytes": _sizes(bounds)}
            return told | _told(marks, Spelt, "spelt", lambda one: one.pattern) | _told(marks, Holds, "holds", _kinds)
        if origin is tuple and arguments[1:] == (...,):
            return {"array": self.type(arguments[0], ()), "length": _sizes(bounds)}
        if origin is tuple:
            return {"row": [self.type(one, ()) for one in arguments]}
        if isinstance(hint, type) and issubclass(hint, StrEnum):
            return {"words": [one.value for one in hint]}
        if isinstance(hint, type) and issubclass(hint, IntEnum):
            return {"numbers": [int(one) for one in hint]}
        if not (isinstance(hint, type) and is_dataclass(hint)):
            raise TypeError(f"{hint} has no form on the wire")
        return {"record": self.name(hint)}


def _name(kind: type[Any]) -> str:
    """Return a body's kind, a wish's operation, or the name by which the handbook speaks of a record."""
    if kind in STANDING:
        return kind.__name__
    return getattr(kind, "KIND", None) or OF_OPERATIONS.get(kind, kind.__name__)


def _sizes(bounds: tuple[Any, ...]) -> list[int | None]:
    least, most = limits(bounds, 0, (Length, AtMost))
    return [least, None if most == INT_END - 1 else most]


def _told(marks: Iterable[Any], kind: type[Any], name: str, tell: Callable[[Any], Any]) -> dict[str, Any]:
    return next(({name: tell(mark)} for mark in marks if isinstance(mark, kind)), {})


def _kinds(mark: Any) -> list[str]:
    return [*mark.kinds]


def has_form(wish: type[Any]) -> bool:
    """Tell whether a wish can go on the wire: one that brings other wishes along has no form of its own."""
    try:
        Schema().name(wish)
    except TypeError:
        return False
    return True


def schema(made: Schema | None = None) -> dict[str, Any]:
    """Return the type of all that goes on the wire."""
    made = made or Schema()
    lanes: dict[str, list[str]] = {
        "identity": [made.name(kind) for kind in IDENTITY_KINDS.values()],
        "commons": [made.name(kind) for kind in COMMONS_KINDS.values()],
        "ledger": [],
        "link/": [made.name(LinkRecord)],
    }
    for practice in PRACTICES:
        lanes["commons"] += [made.name(kind) for kind in practice.words]
        lanes["ledger"] += [made.name(kind) for kind in practice.entries if kind is not LinkRecord]
    wishes: dict[str, dict[str, Any]] = {}
    for name, one in OPERATIONS.items():
        if isinstance(one, Create | Act) and has_form(one.wish):
            word = one.signed is KEY_OR_WORD
            wishes[name] = {"signed": one.signed is not None, "word": word, "record": made.name(one.wish)}
    return {
        "about": ABOUT,
        "standing": [made.name(kind) for kind in STANDING],
        "lanes": lanes,
        "boards": [made.name(kind.body) for practice in PRACTICES for kind in practice.boards],
        "messages": [made.name(kind) for kind in messages.MESSAGE_KINDS],
        "wishes": wishes,
        "records": dict(sorted(made.records.items())),
    }


def as_json(told: dict[str, Any]) -> str:
    """Return a schema as JSON in which each field, kind and message has a line."""

    def lines(items: Iterable[str], indent: int, ends: str = "{}") -> str:
        space = " " * indent
        return ends[0] + "\n" + ",\n".join(space + " " + one for one in items) + "\n" + space + ends[1]

    def of(pairs: Any, indent: int) -> str:
        return lines((f"{json.dumps(name)}: {json.dumps(one, ensure_ascii=False)}" for name, one in pairs), indent)

    def record(name: str, one: dict[str, Any]) -> str:
        head = f'"operation": {json.dumps(one["operation"])}, ' if "operation" in one else ""
        shown = [json.dumps(field, ensure_ascii=False) for field in one["fields"]]
        return f'{json.dumps(name)}: {{{head}"fields": {lines(shown, 2, "[]") if shown else "[]"}}}'

    parts = [
        f'"about": {json.dumps(told["about"], ensure_ascii=False)}',
        f'"standing": {json.dumps(told["standing"])}',
        '"lanes": ' + of(told["lanes"].items(), 1),
        f'"boards": {json.dumps(told["boards"])}',
        '"messages": ' + lines((json.dumps(one) for one in told["messages"]), 1, "[]"),
        '"wishes": ' + of(told["wishes"].items(), 1),
        '"records": ' + lines((record(name, one) for name, one in told["records"].items()), 1),
    ]
    return lines(parts, 0) + "\n"


def as_cddl(told: dict[str, Any]) -> str:
    """Return a schema as CDDL: a rule for each record, and one for each thing that goes over the wire by itself."""
    out = [
        "; Made from schema.json's source by tests/vectors/make_schema.py; the same types for tools that know CDDL.",
        "; CDDL counts the octets of a text: where schema.json counts code points, a comment tells how many.",
        "",
        "start = frame / entry / item",
        "entry = [header: bytes .cbor Header, salt: bytes .size 16, body: bytes .cbor body, signature: bytes .size 64]",
        "item = [said: bytes .cbor ItemSaid, signature: bytes .size 64]",
        f"int64 = {-INT_END} .. {INT_END - 1}",
        "",
    ]
    bodies = [kind for kinds in told["lanes"].values() for kind in kinds]
    out.append("body = " + " / ".join(_rule(f"body of {kind}") for kind in bodies))
    out += [f'{_rule(f"body of {kind}")} = {{1: "{kind}", 2: int64, 3: {_rule(kind)}}}' for kind in bodies]
    frames = " / ".join(f"[{number}, {_rule(name)}]" for number, name in enumerate(told["messages"]))
    out += ["", f"frame = {frames}"]
    wishes = dict.fromkeys(_rule(one["record"]) for one in told["wishes"].values())
    out += ["", "wish = " + " / ".join(wishes), ""]
    for name, record in told["records"].items():
        if not record["fields"]:
            out.append(f"{_rule(name)} = {{}}")
            continue
        out.append(f"{_rule(name)} = {{")
        for field in record["fields"]:
            told_type, comment = _cddl(field["type"])
            optional = "? " if field.get("optional") else ""
            out.append(f"  {optional}{field['number']}: {told_type},  ; {field['name']}{comment}")
        out.append("}")
    return "\n".join(out) + "\n"


def _rule(name: str) -> str:
    return name.replace("/", "_").replace(".", "_").replace(" ", "-")


def _cddl(one: dict[str, Any]) -> tuple[str, str]:
    """Return a type as CDDL, and what a comment adds."""
    match one:
        case {"int": [least, most]}:
            full = (least, most) == (str(-INT_END), str(INT_END - 1))
            return ("int64" if full else least if least == most else f"{least}..{most}"), ""
        case {"bool": _}:
            return "bool", ""
        case {"bytes": _, "holds": kinds}:
            return "(" + " / ".join(f"bytes .cbor {_rule(kind)}" for kind in kinds) + ")", f", {_sized(one['bytes'])}"
        case {"bytes": [least, most]}:
            return _size("bytes", least, most, 1), ""
        case {"text": [_, most], "spelt": pattern}:
            return f"text .regexp {json.dumps(pattern)}", "" if most is None else f", at most {most} characters"
        case {"text": [least, most]}:
            return _size("text", least, most, 4), "" if most is None else f", at most {most} characters"
        case {"words": words}:
            return "(" + " / ".join(json.dumps(word) for word in words) + ")", ""
        case {"numbers": numbers}:
            return "(" + " / ".join(map(str, numbers)) + ")", ""
        case {"row": types}:
            return "[" + ", ".join(_cddl(each)[0] for each in types) + "]", ""
        case {"array": of, "length": [least, most]}:
            inner, comment = _cddl(of)
            return f"[{least}*{'' if most is None else most} {inner}]", comment
        case _:
            return _rule(one["record"]), ""


def _size(name: str, least: int, most: int | None, octets: int) -> str:
    if most is None:
        return name
    return f"{name} .size {most}" if least == most else f"{name} .size ({least}..{most * octets})"


def _sized(sizes: list[int | None]) -> str:
    return "of any length" if sizes[1] is None else f"at most {sizes[1]} octets"


def write() -> None:
    """Write it all anew."""
    made = schema()
    (FOLDER / "schema.json").write_text(as_json(made))
    (FOLDER / "schema.cddl").write_text(as_cddl(made))


if __name__ == "__main__":
    write()
