# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a practice declares: its entries, the rules for them, and what members and clients can do.

HTTP routes, the OpenAPI document, CLI commands and the simulator's workload are made from these
declarations. Nothing here knows of HTTP. Whoever writes a practice finds all its words here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from protocol.book.errands import Errand, Urgency
from protocol.book.gates import ASSEMBLY, MEMBERS, Motion, MotionWish, ungated
from protocol.book.ledger import Posting, SystemAccount
from protocol.book.lifecycle import Lifecycle
from protocol.book.operations import (
    KEY,
    KEY_OR_WORD,
    PAGE_ITEMS_DEFAULT,
    PAGE_ITEMS_MAX,
    Act,
    AskedFor,
    At,
    Create,
    Doc,
    FromFile,
    List,
    ListOf,
    Moment,
    OneOf,
    Operation,
    OwnId,
    Picture,
    Reckon,
    ReckonForm,
    Ref,
    Show,
    Signing,
    ToldOnce,
    Uuid,
    Way,
    operation_name,
)
from protocol.book.parameters import Parameter
from protocol.book.plans import (
    ANYONE,
    NOBODY,
    PAGE_ENDS,
    READERS,
    SIGNED_IN,
    STEWARDS,
    Accusation,
    Actor,
    Beside,
    Desk,
    Entered,
    EntriesWanted,
    EvidenceWanted,
    ItemsWanted,
    Lookup,
    News,
    Page,
    Plan,
    Reckoning,
    Reopen,
    Role,
    RowsWanted,
    Tell,
    TextRef,
    Waiting,
    WishReady,
    Write,
)
from protocol.book.private import Private
from protocol.book.publishing import BoardKind, Publication, Seers
from protocol.book.refusals import BOOK_REFUSALS, Reason, Refused, by_code
from protocol.book.slots import Filled, Slot
from protocol.book.tables import Table
from protocol.lanes.entry import Body

if TYPE_CHECKING:
    from protocol.book.book import Book

__all__ = [
    "ANYONE",
    "ASSEMBLY",
    "KEY",
    "KEY_OR_WORD",
    "MEMBERS",
    "NOBODY",
    "PAGE_ENDS",
    "PAGE_ITEMS_DEFAULT",
    "PAGE_ITEMS_MAX",
    "READERS",
    "SIGNED_IN",
    "STEWARDS",
    "Accusation",
    "Act",
    "Actor",
    "AskedFor",
    "At",
    "Beside",
    "BoardKind",
    "Create",
    "Desk",
    "Doc",
    "Entered",
    "EntriesWanted",
    "Errand",
    "EvidenceWanted",
    "Filled",
    "FromFile",
    "Invariant",
    "ItemsWanted",
    "List",
    "ListOf",
    "Lookup",
    "Moment",
    "Motion",
    "MotionWish",
    "News",
    "OneOf",
    "Operation",
    "OwnId",
    "Page",
    "Parameter",
    "Picture",
    "Plan",
    "Practice",
    "Publication",
    "Reckon",
    "ReckonForm",
    "Reckoning",
    "Ref",
    "Reopen",
    "Role",
    "RowsWanted",
    "Seers",
    "Show",
    "Signing",
    "Slot",
    "SystemAccount",
    "Tell",
    "TextRef",
    "ToldOnce",
    "Urgency",
    "Uuid",
    "Waiting",
    "Way",
    "WishReady",
    "Write",
    "check_nothing",
    "fold_nothing",
    "hear_nothing",
    "operation_name",
    "operations_of",
    "reasons_of",
    "ungated",
    "unhear_nothing",
]


def check_nothing(book: Book, entered: Entered) -> Reason | None:
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


class Invariant(NamedTuple):
    """What is always so of a book: `complaint` says what is wrong, None where all is well."""

    name: str
    complaint: Callable[[Book], str | None]


@dataclass(frozen=True, slots=True, eq=False)
class Practice:
    """One module of the economy, whole.

    `check` gives the same answer on every node: form, authority, causal past; never a limit.
    `fold` changes the book and returns balanced postings. `due` are the writes that time alone brings,
    asked for at each tick at the home node only; each plan is carried out before the next is asked for,
    which sees the book as it is then. `news` is what an entry or a word, just folded, means to subscribers.
    `posted` is told of what any feature's entry has posted, and may keep what follows from it.

    `accounts` are its own in each currency: open from its first entry on, in each currency that there is and will be.

    `parameters` are what its group decides; rules read them by `book.parameter`.

    `electorates` are groups of members (their ids) that can vote on motions, by name; `electorates_of` are families of
    them, such as the workers of each company, named with a colon and of what: workers:<member id>. `parties` tell by
    noun whom a resource of this practice is about: who is touched by a motion does not vote on it. `moves` puts a wish
    to the vote.

    `before` are its vetoes against entries of other practices, by kind: asked once the practice that owns the kind has
    accepted one, in the order in which practices are declared; the same answer on every node, never a limit. `after`
    are what it does when such an entry has been folded and posted: it may change its own state, and returns balanced
    postings. Neither may stand in the way of its own kinds. `invariants` hold at every place of the lane.

    `agenda` is called with the key of a row whose hour has come, as its fold has put it into the book's Agenda, at the
    home node only; each plan that it yields is carried out before the next is asked for.

    `today` yields what waits for the member who asks, `week` what waits for those who coordinate.

    `words` are statements in the public `commons` lane of any network, ours too. A word is its network's own and
    nobody can refuse it: `hear` keeps what it means, by network and within bounds, and ignores nonsense. Lanes of
    different networks come in any order, so what is kept of one must not depend on what another has said.
    `unhear` drops all that a network has said, before what stands is heard again.

    `boards` are the kinds of items that it puts on its network's board and reads on others' (protocol.book.publishing).

    `fills` tells what it does where another part of the house leaves something open (protocol.book.slots).
    `version` grows by one with each kind, or field of a kind, that older nodes cannot read.

    `private` are the kinds of what members own and its entries only name: names, notes.

    `lives` are the lifecycles of what it keeps: rules ask them, and docs/lifecycles.md draws them.

    `refusals` are the reasons that it declares; what others declare it may give as well.
    """

    name: str
    entries: tuple[type[Body], ...]
    fold: Callable[[Book, Entered], Sequence[Posting]] = fold_nothing
    check: Callable[[Book, Entered], Reason | None] = check_nothing
    operations: tuple[Operation, ...] = ()
    due: Callable[[Desk], Iterable[Plan]] | None = None
    news: Callable[[Book, Entered], Iterable[News]] | None = None
    posted: Callable[[Book, Entered, Sequence[Posting]], None] | None = None
    words: tuple[type[Body], ...] = ()
    hear: Callable[[Book, Entered], None] = hear_nothing
    unhear: Callable[[Book, bytes], None] = unhear_nothing
    accounts: tuple[SystemAccount, ...] = ()
    boards: tuple[BoardKind, ...] = ()
    fills: tuple[Filled, ...] = ()
    private: tuple[Private, ...] = ()
    tables: tuple[Table[Any], ...] = ()
    version: int = 1
    parameters: tuple[Parameter[Any], ...] = ()
    electorates: Mapping[str, Callable[[Book], Iterable[str]]] = field(default_factory=dict[str, Any])
    electorates_of: Mapping[str, Callable[[Book, str], Iterable[str]]] = field(default_factory=dict[str, Any])
    parties: Mapping[str, Callable[[Book, str], Iterable[str]]] = field(default_factory=dict[str, Any])
    moves: Callable[[Desk, Motion, MotionWish], Plan | Refused] | None = None
    before: Mapping[type[Body], Callable[[Book, Entered], Refused | None]] = field(default_factory=dict[Any, Any])
    after: Mapping[type[Body], Callable[[Book, Entered], Sequence[Posting]]] = field(default_factory=dict[Any, Any])
    invariants: tuple[Invariant, ...] = ()
    agenda: Callable[[Desk, bytes], Iterable[Plan]] | None = None
    today: Callable[[Desk], Iterable[Errand]] | None = None
    week: Callable[[Desk], Iterable[Errand]] | None = None
    refusals: tuple[Reason, ...] = ()
    lives: tuple[Lifecycle[Any], ...] = ()


def operations_of(practices: Iterable[Practice]) -> dict[str, Operation]:
    """Return what practices let members and clients ask for, by name."""
    return {operation_name(operation): operation for practice in practices for operation in practice.operations}


def reasons_of(practices: Iterable[Practice]) -> Mapping[str, Reason]:
    """Return every reason by its code: the book's own, then each practice's."""
    return by_code((*BOOK_REFUSALS, *(reason for practice in practices for reason in practice.refusals)))
