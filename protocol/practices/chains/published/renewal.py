# SPDX-License-Identifier: AGPL-3.0-or-later
"""When a network tells anew what it tells of its chain: once its figures, or those of a supplier elsewhere, are others.

So shares that stay settle across networks without a centre: each reckons from what it has heard last, in any order, and
what is told changes no more once no millionth does. A network tells at most once in some seconds.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import ClassVar, Self

from protocol.book.book import Book
from protocol.book.declaration import Beside, Desk, Entered, News, Parameter, Plan, Publication, Reckoning, Seers
from protocol.book.ledger import Posting
from protocol.book.parameters import Choice
from protocol.book.refusals import Refused
from protocol.book.signed import uuid_text
from protocol.book.timezones import DAY_MS
from protocol.lanes.entry import Body
from protocol.lanes.items import BoardItem
from protocol.peers.boards import Boards, HeldItem, body_of, published
from protocol.practices.between.announcements import board_full, seen_by_named
from protocol.practices.between.networks.known import find_network
from protocol.practices.chains.engine.chain import ChainFault
from protocol.practices.chains.published.bodies import CHAIN_KINDS, RETAINED_ITEMS, RetainedTold
from protocol.practices.chains.published.reckoned import HeardShare, told_bodies
from protocol.practices.chains.state import ChainInputs, inputs_of, trial_of

CHAIN_TOLD_DAYS = 30
"""What is told of a chain stands so long; it is told anew when half of that is over."""
TELLING_PAUSE_MS = 2_000
TELLING_PAUSE_EACH_MS = 10
"""A network tells nothing new of its chain for so long, and so much more for each of its enterprises."""
PUBLISHED: Parameter[str] = Parameter(
    "chains.published",
    Choice(("nothing", "federations", "everybody")),
    "federations",
    "who reads what stays with each enterprise, and what is bought outside by item: sums alone, never a purchase",
)


@dataclass(slots=True)
class ChainTelling:
    """When our network told something of its chain, and whether something is other since: no part of the fold."""

    TRANSIENT: ClassVar[bool] = True
    is_stale: bool = True
    is_under_way: bool = False
    """Whether what is to be told is being reckoned."""
    next_ms: int = 0
    renew_ms: int = 0
    seen_by: tuple[bytes, ...] | None = None
    suppliers: frozenset[bytes] | None = None
    """Networks of which our enterprises buy; None while one of them is not known: any may be that one."""
    own: tuple[RetainedTold, ...] = ()
    """What stays with our enterprises, told to somebody or not."""

    def __deepcopy__(self, memo: object) -> Self:
        """A trial of wishes sees this one."""
        return self


def look_at_chain(book: Book, entered: Entered) -> Sequence[Posting]:
    """Note that our figures are others."""
    del entered
    book.of(ChainTelling).is_stale = True
    return ()


def hear_told(book: Book, before: HeldItem | None, after: HeldItem | None) -> Iterable[News]:
    """Note that another network tells other shares; nobody is told."""
    telling = book.of(ChainTelling)
    for one in (before, after):
        if one is not None and one.item.said.kind == RetainedTold.KIND and one.item.network != book.network:
            telling.is_stale |= telling.suppliers is None or one.item.network in telling.suppliers
    return ()


def due(desk: Desk) -> Iterator[Plan]:
    """Put on our board what is other than what stands there, and take down what stands no more."""
    book, now = desk.book, desk.now
    telling, seen_by = book.of(ChainTelling), _seen_by(book)
    if (
        telling.is_under_way
        or now < telling.next_ms
        or (not telling.is_stale and now < telling.renew_ms and seen_by == telling.seen_by)
    ):
        return
    inputs = inputs_of(book)
    telling.is_stale, telling.seen_by, telling.suppliers = False, seen_by, _suppliers(book)
    telling.next_ms = now + TELLING_PAUSE_MS + TELLING_PAUSE_EACH_MS * len(inputs.enterprises)
    telling.renew_ms = now + DAY_MS
    telling.is_under_way = True
    reckoning = Reckoning((trial_of(inputs), _boards_of_suppliers(book)), _reckoned_bodies)
    yield Plan("", beside=(Beside(reckoning, _follow),))


def _reckoned_bodies(of: tuple[ChainInputs, Mapping[str, Sequence[BoardItem]]]) -> Sequence[Body] | None:
    """Return what is to be told of figures; None where nothing follows from them."""
    inputs, boards = of
    try:
        return list(told_bodies(inputs, heard_share(boards)))
    except ChainFault:
        return None


def _follow(desk: Desk, bodies: Sequence[Body] | None) -> Iterable[Plan]:
    """Tell what was reckoned to whoever reads it by now."""
    telling, seen_by = desk.book.of(ChainTelling), _seen_by(desk.book)
    telling.is_under_way = False
    if bodies is None:
        return ()  # what was told stands until figures are again such that something follows from them
    telling.own = tuple(one for one in bodies if isinstance(one, RetainedTold))
    return _told(desk.book, [] if seen_by is None else bodies, seen_by or (), desk.now)


def _told(book: Book, bodies: Sequence[Body], seen_by: tuple[bytes, ...], now: int) -> Iterator[Plan]:
    standing = {
        item.said.item: (item, body) for kind in CHAIN_KINDS for _, item, body in published(book, kind, book.network)
    }
    numbers: dict[str, int] = {}
    wanted: dict[bytes, Body] = {}
    for body in bodies:
        numbers[body.KIND] = number = numbers.get(body.KIND, 0) + 1
        wanted[_item_id(book.network, body.KIND, seen_by, number)] = body
    for id in sorted(standing.keys() - wanted.keys()):
        yield Plan(uuid_text(id), published=(Publication(id, None),))
    for id, body in wanted.items():
        item, before = standing.get(id, (None, None))
        is_young = item is not None and item.said.not_after - now > CHAIN_TOLD_DAYS * DAY_MS // 2
        if (before != body or not is_young) and board_full(book, id) is None:
            yield Plan(uuid_text(id), published=(Publication(id, body, now + CHAIN_TOLD_DAYS * DAY_MS, seen_by),))


def _item_id(network: bytes, kind: str, seen_by: tuple[bytes, ...], number: int) -> bytes:
    """Return the id of the n-th item of a kind for these readers: the same each time, so that one takes its place."""
    parts = (b"mutirao/v1/told", network, kind.encode(), b"".join(seen_by), str(number).encode())
    return sha256(b"\0".join(parts)).digest()[:16]


def _seen_by(book: Book) -> tuple[bytes, ...] | None:
    """Return who reads it, as it stands in an item; None: nobody."""
    published_to = book.parameter(PUBLISHED)
    if published_to == "everybody":
        return ()
    found = seen_by_named(book, Seers.FEDERATIONS, ()) if published_to == "federations" else None
    return None if isinstance(found, Refused) else found


def heard_share(boards: Mapping[str, Sequence[BoardItem]]) -> HeardShare:
    """Return how what other networks have told is looked up: by network/key, as a relation names a supplier."""
    known: dict[str, dict[str, int]] = {}

    def heard(abroad: str) -> int | None:
        handle, _, key = abroad.partition("/")
        if handle not in known:
            told = (body_of(item, RETAINED_ITEMS) for item in boards.get(handle, ()))
            known[handle] = {one.key: one.share for body in told if body is not None for one in body.shares}
        return known[handle].get(key)

    return heard


def _boards_of_suppliers(book: Book) -> Mapping[str, Sequence[BoardItem]]:
    """Return what networks have told of which our enterprises buy, by handle, in the order in which it came."""
    boards, found = book.of(Boards).of, dict[str, Sequence[BoardItem]]()
    for handle in _supplier_handles(book):
        network = find_network(book, handle)
        if not isinstance(network, Refused) and network != book.network and network in boards:
            held = [one for one in boards[network].items.values() if one.item.said.kind == RetainedTold.KIND]
            found[handle] = [one.item for one in sorted(held, key=lambda one: one.arrival)]
    return found


def _supplier_handles(book: Book) -> Sequence[str]:
    return sorted({one.said.abroad.partition("/")[0] for one in inputs_of(book).supply.values() if one.said.abroad})


def _suppliers(book: Book) -> frozenset[bytes] | None:
    found = [find_network(book, handle) for handle in _supplier_handles(book)]
    known = frozenset(one for one in found if not isinstance(one, Refused))
    return known if len(known) == len(found) else None
