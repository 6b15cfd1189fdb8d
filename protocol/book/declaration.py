# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a feature declares: its entries, the rules for them, and what members and clients can do.

HTTP routes, the OpenAPI document, CLI commands and the simulator's workload are made from these
declarations. Nothing here knows of HTTP.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from protocol.book.ledger import Line, Posting
from protocol.book.refusals import Refused, Rejection
from protocol.lanes.entry import LEDGER, Body, Millis

if TYPE_CHECKING:
    from protocol.book.book import Book

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


class Moment:
    """Marks an int as milliseconds since 1970 that clients see as RFC 3339: `At = Annotated[int, Moment]`."""


At = Annotated[int, Moment]
"""Milliseconds since 1970-01-01T00:00:00Z, shown as RFC 3339 in UTC."""


class Role(StrEnum):
    """What somebody is to the network; the order is from least to most."""

    ANYONE = "anyone"
    MEMBER = "member"
    AUDITOR = "auditor"
    COMMITTEE = "committee"
    STEWARD = "steward"


ANYONE = frozenset(Role)
SIGNED_IN = frozenset({Role.MEMBER, Role.AUDITOR, Role.COMMITTEE, Role.STEWARD})
READERS = frozenset({Role.AUDITOR, Role.COMMITTEE, Role.STEWARD})
STEWARDS = frozenset({Role.STEWARD})


@dataclass(frozen=True, slots=True)
class Actor:
    """Who asks: a role, the member where it is one, and what its token allows (None: everything)."""

    role: Role
    member: str | None = None
    scopes: frozenset[str] | None = None


NOBODY = Actor(Role.ANYONE)


class Entered(NamedTuple):
    """A body at its place in the book: who said it, where, when, and the id of its entry."""

    body: Body
    network: bytes
    lane: str
    epoch: int
    seq: int
    id: bytes
    at_ms: Millis


@dataclass(frozen=True, slots=True)
class TextRef:
    """A personal text by its salted hash; shown as the text while the erasable store still holds it."""

    digest: bytes


@dataclass(frozen=True, slots=True)
class Write:
    """A body to be signed into a lane of this network."""

    body: Body
    lane: str = LEDGER


@dataclass(frozen=True, slots=True)
class Tell:
    """A message for another network's home node, to be sent once everything before it is durable."""

    network: bytes
    message: Any


@dataclass(frozen=True, slots=True)
class Reopen:
    """That a new epoch is opened under the same key; `backs` is the claim of a recovery that it backs, by digest."""

    backs: bytes | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What a granted wish writes, in order, and the id of the resource that the answer shows.

    `texts` are personal texts for the erasable store, by salted hash; `steps` go into the next record
    of a link (protocol.practices.between.links.terms.Step). `answer` is what is shown where the book cannot show it,
    such as a code that is told once: a shown value of the noun's own type. `reopens` comes last of all.
    """

    shows: str
    writes: tuple[Write, ...] = ()
    texts: tuple[tuple[bytes, str], ...] = ()
    steps: tuple[Any, ...] = ()
    answer: Any = None
    reopens: Reopen | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """A wish that another network must answer first: ask it, and answer when its reply with `key` comes."""

    key: bytes
    tells: tuple[Tell, ...]
    until_ms: Millis


@dataclass(frozen=True, slots=True)
class Lookup:
    """A question that the storage answers: statement lines of an account, newest last, after a cursor.

    `show` makes of each line what the client sees, in the loop that owns the book.
    """

    account: str
    after: int
    limit: int
    show: Callable[[Line], Any]


@dataclass(frozen=True, slots=True)
class EntriesWanted:
    """A question that the storage answers: entries of this network, in the form in which they travel.

    The runtime reads the whole identity lane and the ledger entries at `ledger_seqs`, in this order
    (whatever their epoch: of two at one seq, the one of the newest epoch), then those of the commons lane at
    `commons_seqs`, and answers with `show(identity wires, the other wires)`.
    """

    ledger_seqs: tuple[int, ...]
    show: Callable[[tuple[bytes, ...], tuple[bytes, ...]], Any]
    commons_seqs: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class EvidenceWanted:
    """A question that the storage answers: all entries of any network at these places, (lane, seq), both of a fork.

    The runtime answers with `show(that network's identity wires, the wires)`.
    """

    network: bytes
    places: tuple[tuple[str, int], ...]
    show: Callable[[tuple[bytes, ...], tuple[bytes, ...]], Any]


@dataclass(frozen=True, slots=True)
class News:
    """Something happened to a resource; `audience` are the ids of the members whom it concerns.

    Stewards and auditors may be told of everything.
    """

    type: str
    resource: str
    audience: tuple[str, ...] = ()
    figures: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Page:
    """Some items of a list in arrival order, and the cursor after which the next page begins."""

    items: tuple[Any, ...]
    next: int | None


@dataclass(frozen=True, slots=True)
class Desk:
    """All that a plan or a view may look at, besides the wish: the book, who asks, the hour, chance."""

    book: Book
    actor: Actor
    now: Millis
    chance: Callable[[int], bytes]
    sign: Callable[[str, bytes], bytes]
    secret: bytes = b""
    """What the preimages of this node's invoices come from."""
    silent: Rejection | None = None
    """Why this node signs nothing, a receipt or an invoice either: READ_ONLY at a replica, or RECOVERING."""


@dataclass(frozen=True, slots=True)
class Create:
    """POST /v1/<noun>; `mutirao <noun> <verb>`. The answer shows the new resource."""

    noun: str
    wish: type[Any]
    plan: Callable[[Desk, Any], Plan | Waiting | Refused]
    who: frozenset[Role] = SIGNED_IN
    example: str = ""
    verb: str = "create"


@dataclass(frozen=True, slots=True)
class Act:
    """POST /v1/<noun>/{id}/<verb>; `mutirao <noun> <verb> ID`. The answer shows the resource after it."""

    noun: str
    verb: str
    wish: type[Any]
    plan: Callable[[Desk, str, Any], Plan | Waiting | Refused]
    who: frozenset[Role] = SIGNED_IN
    example: str = ""


@dataclass(frozen=True, slots=True)
class Show:
    """GET /v1/<noun>/{id}; `mutirao <noun> show ID`."""

    noun: str
    shown: type[Any]
    view: Callable[[Desk, str], Any]
    who: frozenset[Role] = SIGNED_IN
    example: str = ""


@dataclass(frozen=True, slots=True)
class List:
    """GET /v1/<noun>; `mutirao <noun> list`. The view gives (arrival, item) after a cursor, in order."""

    noun: str
    wanted: type[Any]
    item: type[Any]
    view: Callable[[Desk, Any, int], Iterable[tuple[int, Any]] | Refused]
    who: frozenset[Role] = SIGNED_IN
    example: str = ""


@dataclass(frozen=True, slots=True)
class ListOf:
    """GET /v1/<noun>/{id}/<what>; `mutirao <noun> <what> ID`: statement lines that the storage keeps."""

    noun: str
    what: str
    item: type[Any]
    view: Callable[[Desk, str, int, int], Lookup | Refused]
    who: frozenset[Role] = SIGNED_IN
    example: str = ""


Operation = Create | Act | Show | List | ListOf


def operation_name(operation: Operation) -> str:
    """Return the name by which an operation is asked for: "payments.create", "payments.reverse"."""
    match operation:
        case Create(noun=noun, verb=verb) | Act(noun=noun, verb=verb):
            return f"{noun}.{verb}"
        case Show(noun):
            return f"{noun}.show"
        case List(noun):
            return f"{noun}.list"
        case ListOf(noun, what):
            return f"{noun}.{what}"


def check_nothing(book: Book, entered: Entered) -> Rejection | None:
    """Accept every entry: for features whose entries need no more than their form."""
    del book, entered


def fold_nothing(book: Book, entered: Entered) -> Sequence[Posting]:
    """Leave the book as it is: for features without entries."""
    del book, entered
    return ()


def hear_nothing(book: Book, word: Entered) -> None:
    """Keep nothing: for features without words."""
    del book, word


def unhear_nothing(book: Book, network: bytes) -> None:
    """Drop nothing: for features without words."""
    del book, network


@dataclass(frozen=True, slots=True)
class Practice:
    """One module of the economy, whole.

    `check` gives the same answer on every node: form, authority, causal past; never a limit.
    `fold` changes the book and returns balanced postings. `due` are the writes that time alone brings,
    asked for at each tick at the home node only; each plan is carried out before the next is asked for,
    which sees the book as it is then. `news` is what an entry or a word, just folded, means to subscribers.
    `posted` is told of what any feature's entry has posted, and may keep what follows from it.

    `words` are statements in the public `commons` lane of any network, ours too. A word is its network's own and
    nobody can refuse it: `hear` keeps what it means, by network and within bounds, and ignores nonsense. Lanes of
    different networks come in any order, so what is kept of one must not depend on what another has said.
    `unhear` drops all that a network has said, before what stands is heard again.
    """

    name: str
    entries: tuple[type[Body], ...]
    fold: Callable[[Book, Entered], Sequence[Posting]] = fold_nothing
    check: Callable[[Book, Entered], Rejection | None] = check_nothing
    operations: tuple[Operation, ...] = ()
    due: Callable[[Desk], Iterable[Plan]] | None = None
    news: Callable[[Book, Entered], Iterable[News]] | None = None
    posted: Callable[[Book, Entered, Sequence[Posting]], None] | None = None
    words: tuple[type[Body], ...] = ()
    hear: Callable[[Book, Entered], None] = hear_nothing
    unhear: Callable[[Book, bytes], None] = unhear_nothing
