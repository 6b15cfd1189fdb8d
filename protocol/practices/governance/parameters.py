# SPDX-License-Identifier: AGPL-3.0-or-later
"""Parameters: what all practices let the group decide, in one list, set one by one."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar

from protocol.book.book import Book
from protocol.book.declaration import (
    SIGNED_IN,
    Act,
    At,
    Desk,
    Doc,
    Entered,
    List,
    Motion,
    News,
    OneOf,
    Plan,
    Practice,
    Ref,
    Role,
    Show,
    Write,
    ungated,
)
from protocol.book.guards import GUARD_REFUSALS
from protocol.book.ledger import Posting
from protocol.book.parameters import (
    LANGUAGE,
    PARAMETER_CHARS_MAX,
    PIGMENT,
    TIME_ZONE,
    VALUE_CHARS_MAX,
    Decided,
    Parameter,
    Percentage,
    Setting,
    Stored,
    stored_value,
)
from protocol.book.refusals import CURRENCY_UNKNOWN, FORBIDDEN, MALFORMED, NOT_FOUND, Reason, Refused, refuse
from protocol.practices.money.currencies.entries import Code
from protocol.wire.shape import AtMost, Spelt

NAME = r"[a-z][a-z-]*(\.[a-z][a-z0-9_]*)+"
"""How the name of a parameter is spelt: words joined by points."""
_NAME = re.compile(NAME)

BYLAW_QUORUM = Parameter(
    "bylaws.quorum",
    Percentage(),
    0,
    "how large a part of those who may vote must vote to change a by-law; of this and motions.quorum the greater",
    changed_by=Motion(),
)
BYLAW_MAJORITY = Parameter(
    "bylaws.majority",
    Percentage(),
    0,
    "more than this part of yes and no must be yes to change a by-law; of this and motions.majority the greater",
    changed_by=Motion(),
)

ParameterName = Annotated[str, AtMost(PARAMETER_CHARS_MAX), Spelt(NAME)]


@dataclass(frozen=True, slots=True)
class ParameterSet:
    """A parameter has this value from here on; without number and text it has its default again."""

    KIND: ClassVar[str] = "parameters/set"
    name: ParameterName
    currency: Code | None
    number: int | None
    text: Annotated[str, AtMost(VALUE_CHARS_MAX)] | None


@dataclass(frozen=True, slots=True)
class SetParameter:
    """Set a parameter, or give it its default back."""

    value: Annotated[
        str | None,
        AtMost(VALUE_CHARS_MAX),
        Doc("the value as it is shown, such as 30, 12.5% or yes; none: its default"),
    ] = None


@dataclass(frozen=True, slots=True)
class ParametersWanted:
    """All that the group can decide by a figure or a word."""

    practice: Annotated[str | None, AtMost(PARAMETER_CHARS_MAX), Doc("only those that begin so, such as dues")] = None
    currency: Annotated[str | None, AtMost(12), Ref("currencies"), Doc("only those of this currency")] = None


@dataclass(frozen=True, slots=True)
class ParameterShown:
    """A figure or a word that the group decides."""

    id: Annotated[str, Doc("its name, and the currency's code behind it where each currency has its own")]
    value: Annotated[str, Doc("what holds now")]
    default: Annotated[str, Doc("what holds where nothing is set")]
    is_set: Annotated[bool, Doc("whether the group has set it")]
    set_at: Annotated[At | None, Doc("when it was set last")]
    kind: Annotated[
        str,
        OneOf(
            (
                "number",
                "share",
                "flag",
                "choice",
                "amount",
                "time-zone",
            )
        ),
        Doc("number, share, flag, choice, amount or time-zone"),
    ]
    expected: Annotated[str, Doc("what can be written")]
    currency: Annotated[str | None, Doc("whose amount it is")]
    meaning: Annotated[str, Doc("what it decides")]
    changed_by: Annotated[tuple[str, ...], Doc("which roles set it, or motion")]


def check(book: Book, entered: Entered) -> Reason | None:
    refused = book.misplaced(entered) or _against(book, entered.body)
    return refused.reason if refused else None


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body = entered.body
    assert isinstance(body, ParameterSet)
    stored = Stored(body.number, body.text)
    book.of(Decided).by_name[body.name, body.currency or ""] = Setting(entered.seq, entered.at_ms, stored)
    return ()


def news(book: Book, entered: Entered) -> Iterable[News]:
    del book
    assert isinstance(entered.body, ParameterSet)
    yield News("parameter.set", parameter_id(entered.body.name, entered.body.currency))


def _against(book: Book, body: object) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node, whatever it knows of the parameter."""
    assert isinstance(body, ParameterSet)
    if not _NAME.fullmatch(body.name):
        return refuse(MALFORMED, field="name", expected="words joined by points")
    if body.number is not None and body.text is not None:
        return refuse(MALFORMED, field="text", expected="a number or a text")
    if body.currency is not None and body.currency not in book.currencies:
        return refuse(CURRENCY_UNKNOWN, currency=body.currency)
    parameter = book.parameters.get(body.name)
    gate = None if parameter is None else bylaw_gate(book, parameter)
    return None if gate is None else ungated(book, gate)


def bylaw_gate(book: Book, parameter: Parameter[Any]) -> Motion | None:
    """Return on which terms the group changes a parameter that it alone changes: a by-law; None for all others."""
    gate = parameter.changed_by
    if not isinstance(gate, Motion):
        return None
    quorum, majority = book.parameter(BYLAW_QUORUM), book.parameter(BYLAW_MAJORITY)
    return replace(gate, quorum=max(gate.quorum or 0, quorum), majority=max(gate.majority or 0, majority))


def parameter_gate(desk: Desk, name: str, wish: SetParameter) -> Motion | None:
    """Return on which terms the group decides a parameter, None where a role does."""
    del wish
    found = find_parameter(desk.book, name)
    return None if isinstance(found, Refused) else bylaw_gate(desk.book, found[0])


def plan_set(desk: Desk, name: str, wish: SetParameter) -> Plan | Refused:
    book = desk.book
    found = find_parameter(book, name)
    if isinstance(found, Refused):
        return found
    parameter, currency = found
    stored = wished_value(desk, parameter, currency, wish.value)
    if isinstance(stored, Refused):
        return stored
    body = ParameterSet(parameter.name, currency, stored.number, stored.text)
    refused = _against(book, body) or parameter.holds(book, stored_value(parameter, stored), currency)
    return refused or Plan(parameter_id(parameter.name, currency), (Write(body),))


def wished_value(desk: Desk, parameter: Parameter[Any], currency: str | None, value: str | None) -> Stored | Refused:
    """Return what is stored where whoever asks sets a value as it is typed, None: the default."""
    if isinstance(parameter.changed_by, frozenset) and not _may(desk.actor.role, parameter.changed_by):
        return refuse(FORBIDDEN, allowed=", ".join(_changers(parameter)))
    return read_value(desk.book, parameter, currency, value)


def read_value(book: Book, parameter: Parameter[Any], currency: str | None, value: str | None) -> Stored | Refused:
    """Return what is stored for a value as it is typed, None: the default."""
    if value is None:
        return Stored()
    read = parameter.kind.read(value, currency_scale(book, currency))
    return refuse(MALFORMED, field="value", expected=parameter.kind.expected) if read is None else read


def view_parameter(desk: Desk, name: str) -> ParameterShown | Refused:
    found = find_parameter(desk.book, name)
    return found if isinstance(found, Refused) else _shown(desk.book, *found)


def view_parameters(desk: Desk, wanted: ParametersWanted, after: int) -> Iterator[tuple[int, ParameterShown]]:
    """Yield all, practice by practice as they are declared: their order is no order of arrival."""
    for cursor, parameter, code in parameters_wanted(desk.book, wanted, after):
        yield cursor, _shown(desk.book, parameter, code)


def parameters_wanted(
    book: Book, wanted: ParametersWanted, after: int
) -> Iterator[tuple[int, Parameter[Any], str | None]]:
    """Yield the parameters that are wanted, each with its currency, after a cursor."""
    each = (
        (parameter, code)
        for parameter in book.parameters.values()
        for code in (book.currencies if parameter.of_currency else (None,))
    )
    for cursor, (parameter, code) in enumerate(each, 1):
        if cursor <= after or (
            wanted.practice is not None and not f"{parameter.name}.".startswith(f"{wanted.practice}.")
        ):
            continue
        if wanted.currency in (None, code):
            yield cursor, parameter, code


def find_parameter(book: Book, name: str) -> tuple[Parameter[Any], str | None] | Refused:
    """Return what an id names: a parameter, with a currency behind it exactly where each currency has its own."""
    parameter, code = book.parameters.get(name), None
    if parameter is None:
        plain, _, code = name.rpartition(".")
        parameter = book.parameters.get(plain)
    if parameter is None or parameter.of_currency is (code is None):
        return refuse(NOT_FOUND)
    if code is not None and code not in book.currencies:
        return refuse(CURRENCY_UNKNOWN, currency=code[:12])
    return parameter, code


def _shown(book: Book, parameter: Parameter[Any], currency: str | None) -> ParameterShown:
    kind, scale = parameter.kind, currency_scale(book, currency)
    setting = book.of(Decided).by_name.get((parameter.name, currency or ""))
    is_set = setting is not None and kind.value(setting.stored) is not None
    return ParameterShown(
        id=parameter_id(parameter.name, currency),
        value=kind.show(book.parameter(parameter, currency), scale),
        default=kind.show(parameter.default, scale),
        is_set=is_set,
        set_at=None if setting is None else setting.at_ms,
        kind=kind.word,
        expected=kind.expected,
        currency=currency,
        meaning=parameter.doc,
        changed_by=_changers(parameter),
    )


def _may(role: Role, changers: frozenset[Role]) -> bool:
    # What a steward may, the group may as well.
    return role in changers or (role is Role.ASSEMBLY and Role.STEWARD in changers)


def _changers(parameter: Parameter[Any]) -> tuple[str, ...]:
    if isinstance(parameter.changed_by, Motion):
        return ("motion",)
    return tuple(role.value for role in Role if role in parameter.changed_by)


def parameter_id(name: str, currency: str | None) -> str:
    """Return by what id a parameter is shown: its name, and the currency's code behind it where it has one."""
    return name if currency is None else f"{name}.{currency}"


def currency_scale(book: Book, currency: str | None) -> int:
    """Return the decimals in which a parameter's amounts are written: those of its currency."""
    return 0 if currency is None else book.currencies[currency].scale


PRACTICE = Practice(
    name="parameters",
    entries=(ParameterSet,),
    check=check,
    fold=fold,
    news=news,
    parameters=(TIME_ZONE, LANGUAGE, PIGMENT, BYLAW_QUORUM, BYLAW_MAJORITY),
    refusals=GUARD_REFUSALS,
    operations=(
        Show(
            "parameters",
            ParameterShown,
            view=view_parameter,
            id_is="the name of the parameter; where each currency has its own, with a point and the code behind it",
            example="mutirao parameters show group.time_zone",
        ),
        List("parameters", ParametersWanted, ParameterShown, view=view_parameters, example="mutirao parameters list"),
        Act(
            "parameters",
            "set",
            SetParameter,
            plan=plan_set,
            who=SIGNED_IN,
            gate=parameter_gate,
            example="mutirao parameters set group.time_zone --value Europe/Madrid",
        ),
    ),
)
