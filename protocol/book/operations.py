# SPDX-License-Identifier: AGPL-3.0-or-later
"""Operations: what members and clients can ask for, and how the fields of their wishes are described."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any

from protocol.book.gates import Gate
from protocol.book.plans import SIGNED_IN, Desk, ItemsWanted, Lookup, Plan, Role, RowsWanted, Waiting
from protocol.book.refusals import Refused

PAGE_ITEMS_MAX = 200
PAGE_ITEMS_DEFAULT = 50


@dataclass(frozen=True, slots=True)
class Doc:
    """What a field of a wish or a view means, for OpenAPI and --help: Annotated[str, Doc("...")]."""

    text: str


@dataclass(frozen=True, slots=True)
class Ref:
    """Marks an id, or a handle that stands for one, as naming a row of a table: `Annotated[str, Ref("members")]`.

    Documents, the command, the simulator's draws and what is fetched before a wish is planned all read it here.
    """

    table: str


@dataclass(frozen=True, slots=True)
class AskedFor:
    """Marks a yes or no that the command asks for at a terminal, where no option says it; {id} is the resource's.

    `no` is the name of the option that says no: --keep.
    """

    question: str
    no: str


class Uuid:
    """Marks 16 bytes that clients see as a UUID: `Annotated[bytes, Length(16), Uuid]`."""


class Picture:
    """Marks bytes that are a picture as a client sends it; the node draws it anew before anything else sees it."""


class FromFile:
    """Marks bytes that a client sends as they stand in a file; the command takes the file's name."""


class OwnId:
    """Marks the id of what a wish makes: a client may choose it, which makes a retry safe; who signs has to.

    Of one that is left out by word of mouth the node makes a new one.
    """


@dataclass(frozen=True, slots=True)
class OneOf:
    """Marks a text that is shown as being one of these words, so that clients can tell them apart.

    Where `more` may come, of practices that are not known yet, they are examples.
    """

    words: tuple[str, ...]
    more: bool = False


class ToldOnce:
    """Marks what no remembered answer may hold: a secret, such as a code, or words that are withdrawn at will.

    Who asks again under the same Idempotency-Key is shown what was made, with null in its place.
    """


class Signing(Enum):
    """How a member says an operation's wish: by its key alone, or, without a key, by word of mouth."""

    KEY = "key"
    KEY_OR_WORD = "key or word"


KEY, KEY_OR_WORD = Signing.KEY, Signing.KEY_OR_WORD


class Moment:
    """Marks an int as milliseconds since 1970 that clients see as RFC 3339: `At = Annotated[int, Moment]`."""


At = Annotated[int, Moment]
"""Milliseconds since 1970-01-01T00:00:00Z, shown as RFC 3339 in UTC."""


@dataclass(frozen=True, slots=True)
class Way:
    """One of the ways to wish for something, where the fields of a wish do not all go together.

    `name` is its schema's; it has no field of those it is `without`, and must have those it `needs`.
    """

    name: str
    said: str
    without: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()


Form = Callable[[Desk, Any], Refused | None]


def always_readable(desk: Desk, wish: Any) -> None:
    """Find nothing: for wishes whose types say all of their form."""
    del desk, wish


@dataclass(frozen=True, slots=True)
class Create:
    """POST /v1/<noun>; `mutirao <noun> <verb>`. The answer shows the new resource.

    One that is `signed` plans what a member has said (protocol.book.wishes.Said), and the entries that rest on it
    bear its name as their OPERATION. Whoever signed it brings it, or a steward, unless `by_anybody`.
    `form` tells why a wish cannot be read, whoever brings it: a reason of Stage.FORM, asked before anything else.
    `body_bytes_max` is how long a request may be, where it is longer than the door lets in usually.
    `ahead` is what is done with a wish before it is planned, where that takes long: it looks at nothing but the wish,
    and gives what is planned in its place, or a refusal; a wish that comes another way is planned as it is.
    """

    noun: str
    wish: type[Any]
    plan: Callable[[Desk, Any], Plan | Waiting | Refused]
    who: frozenset[Role] = SIGNED_IN
    example: str = ""
    verb: str = "create"
    signed: Signing | None = None
    by_anybody: bool = False
    gate: Gate | None = None
    form: Form = always_readable
    ways: tuple[Way, ...] = ()
    body_bytes_max: int | None = None
    ahead: Callable[[Any], Any] | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """POST /v1/<noun>/{id}/<verb>; `mutirao <noun> <verb> ID`. The answer shows the resource after it.

    `asks` is what the command asks, y or N, before it does what cannot be undone; {id} in it is the resource's.
    `signed` is as of Create; `about` is the field of a signed wish that names what the path names: who signs signs
    that too, and a plain wish has it from the path.
    Behind a `gate` it shows the motion in which the wish was put to the vote instead. `form` is as of Create.
    """

    noun: str
    verb: str
    wish: type[Any]
    plan: Callable[[Desk, str, Any], Plan | Waiting | Refused]
    who: frozenset[Role] = SIGNED_IN
    example: str = ""
    asks: str = ""
    signed: Signing | None = None
    about: str = ""
    by_anybody: bool = False
    gate: Gate | None = None
    form: Form = always_readable


@dataclass(frozen=True, slots=True)
class Show:
    """GET /v1/<noun>/{id}; `mutirao <noun> show ID`.

    `id_is` tells what `{id}` is in all paths of the noun, where it is not just the id of one of them.
    """

    noun: str
    shown: type[Any]
    view: Callable[[Desk, str], Any]
    who: frozenset[Role] = SIGNED_IN
    example: str = ""
    id_is: str = ""


@dataclass(frozen=True, slots=True)
class List:
    """GET /v1/<noun>; `mutirao <noun> list`. The view gives (arrival, item) after a cursor, in order.

    What the store is to be asked for is told by `rows`; where that returns None, or is not declared, the view answers.

    `own` says that a member who asks for nothing in particular sees just what concerns it: an export of all that is
    held of it has this list.
    """

    noun: str
    wanted: type[Any]
    item: type[Any]
    view: Callable[[Desk, Any, int], Iterable[tuple[int, Any]] | Refused] | None = None
    rows: Callable[[Desk, Any, int, int], RowsWanted | ItemsWanted | Refused | None] | None = None
    who: frozenset[Role] = SIGNED_IN
    example: str = ""
    own: bool = False


@dataclass(frozen=True, slots=True)
class ListOf:
    """GET /v1/<noun>/{id}/<what>; `mutirao <noun> <what> ID`: statement lines that the storage keeps."""

    noun: str
    what: str
    wanted: type[Any]
    item: type[Any]
    view: Callable[[Desk, str, Any, int, int], Lookup | Refused]
    who: frozenset[Role] = SIGNED_IN
    example: str = ""


@dataclass(frozen=True, slots=True)
class ReckonForm:
    """Another form in which figures are given: ?format=NAME, or Accept: MEDIA; `write` makes its text of what is shown.

    `style` is the one style sheet that a page of it holds: nothing else may style it, and no script runs in it.
    """

    name: str
    media: str
    write: Callable[[Any], str]
    style: str = ""


@dataclass(frozen=True, slots=True)
class Reckon:
    """GET /v1/<noun>/<what>; `mutirao <noun> <what>`: figures that follow from the book, and are kept nowhere.

    One that is `told` takes what is wanted in the body, by POST: lists, and what is not to stand in any log of paths.
    Nothing is written either way. The view gives the figures, or a Reckoning of what takes long. They are given as JSON
    or, where it is asked for, in one of these `forms`.
    """

    noun: str
    what: str
    wanted: type[Any]
    shown: type[Any]
    view: Callable[[Desk, Any], Any]
    who: frozenset[Role] = SIGNED_IN
    example: str = ""
    told: bool = False
    forms: tuple[ReckonForm, ...] = ()


Operation = Create | Act | Show | List | ListOf | Reckon


def operation_name(operation: Operation) -> str:
    """Return the name by which an operation is asked for: "payments.create", "payments.reverse"."""
    match operation:
        case Create(noun=noun, verb=verb) | Act(noun=noun, verb=verb):
            return f"{noun}.{verb}"
        case Show(noun):
            return f"{noun}.show"
        case List(noun):
            return f"{noun}.list"
        case ListOf(noun, what) | Reckon(noun, what):
            return f"{noun}.{what}"
