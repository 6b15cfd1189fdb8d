# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a plan may look at and what it may say: the desk, who asks, bodies at their places, writes, questions, news."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from protocol.book.ledger import Line
from protocol.book.publishing import Publication
from protocol.book.refusals import Reason
from protocol.book.tables import Table
from protocol.lanes.entry import LEDGER, Body, Millis

if TYPE_CHECKING:
    from protocol.book.book import Book
    from protocol.book.private import PrivateItem


class Role(StrEnum):
    """What somebody is to the network; the order is from least to most. The group itself has no token."""

    ANYONE = "anyone"
    MEMBER = "member"
    AUDITOR = "auditor"
    COMMITTEE = "committee"
    STEWARD = "steward"
    ASSEMBLY = "assembly"


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
    """A personal text by its salted hash; shown as the text while the private store still holds it.

    `seen` are the words for who may read it that let whoever asks read it (None: all do). Where `stands_for` is not
    empty, that is shown in the text's place.
    """

    digest: bytes
    seen: frozenset[str] | None = None
    stands_for: str = ""


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
class WishReady:
    """A wish that waits under this key has got what it waited for."""

    key: bytes


@dataclass(frozen=True, slots=True)
class Accusation:
    """What a network has been seen to do wrong, with what shows it.

    `places` are entries of it that are stored here, (lane, seq), and `wires` entries that could not be taken in.
    """

    kind: str
    network: bytes
    detail: str
    places: tuple[tuple[str, int], ...] = ()
    wires: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Reopen:
    """That a new epoch is opened under the same key; `backs` is the claim of a recovery that it backs, by digest."""

    backs: bytes | None = None


@dataclass(frozen=True, slots=True)
class LetGo:
    """That this node forgets what another network has said in public, with its key events or without.

    Where it is to come `again`, it is taken anew from whoever has it; else it is not heard for a while.
    """

    network: bytes
    keys: bool
    again: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """What a granted wish writes, in order, and the id of the resource that the answer shows.

    `texts` are personal texts for the private store, by the salted hash by which the writes name them; `erases` are
    the members whose items there go; `items` are such as no entry names, each in the place of the owner's of its kind
    (an empty value leaves none). `steps` go into the next record of a link
    (protocol.practices.between.links.terms.Step). `answer` is what is shown where the book cannot show it, such as a
    code that is told once: a shown value of the noun's own type. `reopens` comes last of all.
    `lets_go` are networks of which this node alone forgets something.
    `declines` are the ids of offers of links.
    `noun` is whose resource is shown, where it is another than the operation's: a wish that was put to the vote.
    `published` goes on our network's board, or is withdrawn from it.
    `beside` is to be reckoned beside the loop.
    """

    shows: str
    writes: tuple[Write, ...] = ()
    texts: tuple[tuple[bytes, str], ...] = ()
    steps: tuple[Any, ...] = ()
    answer: Any = None
    reopens: Reopen | None = None
    erases: tuple[str, ...] = ()
    noun: str = ""
    items: tuple[PrivateItem, ...] = ()
    lets_go: tuple[LetGo, ...] = ()
    declines: tuple[bytes, ...] = ()
    published: tuple[Publication, ...] = ()
    beside: tuple[Beside, ...] = ()


@dataclass(frozen=True, slots=True)
class Waiting:
    """A wish that another network must answer first: ask it, and answer when its reply with `key` comes."""

    key: bytes
    tells: tuple[Tell, ...]
    until_ms: Millis


@dataclass(frozen=True, slots=True)
class Lookup:
    """A question that the storage answers: statement lines of an account after a cursor (0: all), in their order.

    Only those made from `since_ms` on and before `until_ms` (milliseconds since 1970; None: no bound). `show` makes of
    each line, the payment that it belongs to, and the request that this has paid (None: none), what the client sees, in
    the loop that owns the book; `table` is where the payments are, `requests` where the requests.
    """

    account: str
    after: int
    limit: int
    show: Callable[[Line, Any, Any], Any]
    table: Table[Any]
    requests: Table[Any]
    since_ms: Millis | None = None
    until_ms: Millis | None = None
    newest_first: bool = False


@dataclass(frozen=True, slots=True)
class RowsWanted:
    """A question that the storage answers: rows of a stored table after a cursor (0: all), as they came.

    `by` are values of one index, under any of which a row is found (None: all rows); `wanted` tells which rows count.
    `show` makes of each what the client sees, in the loop that owns the book; `open_only` leaves closed ones out.
    Where `search` is told, the rows are those that all its words find, the best first. Where `whole` is told, the store
    looks through all of them, and it makes one answer of the page that it finds: with a next, there are too many.
    """

    table: Table[Any]
    after: int
    limit: int
    show: Callable[[Any], Any]
    by: tuple[tuple[str, str | bytes], ...] | None = None
    wanted: Callable[[Any], bool] | None = None
    open_only: bool = False
    search: str | None = None
    whole: Callable[[Page], Any] | None = None


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
class ItemsWanted:
    """A question that the private store answers: what it keeps of a member of these kinds, as far as it may be seen.

    `seen` are the words for who may that let whoever asks. The runtime answers with `show(items)`, by kind.
    """

    owner: str
    kinds: tuple[str, ...]
    seen: frozenset[str]
    show: Callable[[Sequence[PrivateItem]], Any]


@dataclass(frozen=True, slots=True)
class EvidenceWanted:
    """A question that the storage answers: all entries of any network at these places, (lane, seq), both of a fork.

    The runtime answers with `show(that network's identity wires, the wires)`.
    """

    network: bytes
    places: tuple[tuple[str, int], ...]
    show: Callable[[tuple[bytes, ...], tuple[bytes, ...]], Any]


@dataclass(frozen=True, slots=True)
class Reckoning:
    """Figures that take long to reckon: `work` makes them of `of`, beside the loop, and looks at nothing else.

    As long as `of` is equal to what it was, the same question gets the same answer, without any work. Where it names
    `texts`, be there any or none, `work` is given them besides, by their names: None of one that is erased.
    """

    of: Any
    work: Callable[..., Any]
    texts: tuple[tuple[str, TextRef], ...] | None = None


@dataclass(frozen=True, slots=True)
class Beside:
    """What time brings to reckon where that takes long, and what then follows from what it comes to.

    `then` is asked once that is known, be it another day: it looks at the book as it is by then. A reckoning that a
    restart has cut off comes to nothing: whoever wants it has it begun anew.
    """

    reckoning: Reckoning
    then: Callable[[Desk, Any], Iterable[Plan]]


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


PAGE_ENDS: Any = object()
"""What a list's view yields with a cursor where a page has cost enough, however few items it has; more may follow."""


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
    silent: Reason | None = None
    """Why this node signs nothing, a receipt or an invoice either: READ_ONLY at a replica, or RECOVERING."""
