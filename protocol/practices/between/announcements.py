# SPDX-License-Identifier: AGPL-3.0-or-later
"""Announcements: what a network pins up for a while, for its own group, for federations, or for everybody to read.

They live on its board: replaced in place, withdrawn everywhere, and ended by their last day.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar

from protocol.book.book import Book
from protocol.book.declaration import (
    STEWARDS,
    Act,
    At,
    BoardKind,
    Create,
    Desk,
    Doc,
    List,
    Plan,
    Practice,
    Publication,
    Seers,
    Show,
    ToldOnce,
)
from protocol.book.personal import text_refusal
from protocol.book.publishing import ITEM_BODY_BYTES_MAX, SEEN_BY_MAX
from protocol.book.refusals import MALFORMED, NOT_FOUND, Reason, Refused, Stage, refuse
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.timezones import DAY_MS
from protocol.book.uuids import drawn_id
from protocol.lanes.directory import Directory
from protocol.lanes.items import BoardItem
from protocol.peers.boards import BOARD_BOUNDS, Boards, body_of, published, seers_of
from protocol.peers.ties import Tie
from protocol.practices.between.federations.charters import FEDERATION_UNKNOWN, Charters
from protocol.practices.between.networks.known import find_network
from protocol.wire.keys import id_text, parse_id
from protocol.wire.shape import AtMost, Range

BOARD_FULL = Reason(
    "BOARD_FULL",
    Stage.RULE,
    409,
    "The network's board has no room for more",
    "There is no room for more on the network's board: what is withdrawn keeps its place until its last day.",
    heading="The board is full: {maximum} items at most",
    ways=("withdraw nothing more today; publish less, or for fewer days", "wait until something has ended"),
)

ANNOUNCEMENT_CHARS_MAX = 500
ANNOUNCEMENT_DAYS_MAX = 366


@dataclass(frozen=True, slots=True)
class Announcement:
    """An item of a board: what a network tells for a while."""

    KIND: ClassVar[str] = "announcements/announcement"
    text: Annotated[str, AtMost(ANNOUNCEMENT_CHARS_MAX)]


ANNOUNCEMENTS = BoardKind(Announcement)

Days = Annotated[int, Range(1, ANNOUNCEMENT_DAYS_MAX), Doc("how many days from now on it stands")]


@dataclass(frozen=True, slots=True)
class PublishAnnouncement:
    """Pin up a text for a while: to be read by your own group, by members of federations, or by everybody."""

    text: Annotated[str, Doc("what is told")]
    days: Days = 30
    seers: Annotated[Seers, Doc("who reads it: your group, the members of federations, or everybody")] = Seers.EVERYBODY
    federations: Annotated[
        tuple[str, ...],
        AtMost(SEEN_BY_MAX),
        Doc("where members of federations read it: of which, by their ids; of all that yours is in, if none is named"),
    ] = ()


@dataclass(frozen=True, slots=True)
class ReplaceAnnouncement:
    """Tell something else in its place; it stands as long as it would have, or longer, and the same read it."""

    text: Annotated[str, Doc("what is told instead")]
    days: Days = 30


@dataclass(frozen=True, slots=True)
class WithdrawAnnouncement:
    """Take it down, here and at all other nodes: none of them keeps the text."""


@dataclass(frozen=True, slots=True)
class AnnouncementsWanted:
    """All announcements that this node may see, its own and those of others, or some of them."""

    network: Annotated[str | None, Doc("only those of this network, by its handle or id")] = None
    search: Annotated[str | None, Doc("only those that have this in their text; case does not matter")] = None


@dataclass(frozen=True, slots=True)
class AnnouncementShown:
    """What a network tells for a while."""

    id: str
    network: Annotated[str, Doc("the network that tells it, by its id")]
    handle: Annotated[str | None, Doc("what that network calls itself")]
    text: Annotated[str | None, ToldOnce, Doc("what it tells; null where an answer is told again")]
    seers: Annotated[Seers, Doc("who reads it")]
    federations: Annotated[tuple[str, ...], Doc("where members of federations read it, the ids of these")]
    version: Annotated[int, Doc("grows each time that it is replaced, or signed by a new key")]
    ends_at: Annotated[At, Doc("when it goes by itself")]


def plan_publish(desk: Desk, wish: PublishAnnouncement) -> Plan | Refused:
    """Put an announcement on our network's board."""
    seen_by = seen_by_named(desk.book, wish.seers, wish.federations)
    if isinstance(seen_by, Refused):
        return seen_by
    item = drawn_id(desk.chance)
    return _pin(desk, item, wish.text, wish.days, seen_by)


def plan_replace(desk: Desk, id: str, wish: ReplaceAnnouncement) -> Plan | Refused:
    """Put a later version in the place of an announcement of ours."""
    known = _find(desk.book, id)
    if isinstance(known, Refused):
        return known
    return _pin(desk, known.said.item, wish.text, wish.days, known.said.seen_by)


def plan_withdraw(desk: Desk, id: str, wish: WithdrawAnnouncement) -> Plan | Refused:
    """Withdraw an announcement of ours."""
    del wish
    known = _find(desk.book, id)
    if isinstance(known, Refused):
        return known
    return Plan(id, answer=_shown(desk.book, known), published=(Publication(known.said.item, None),))


def _pin(desk: Desk, item: bytes, text: str, days: int, seen_by: tuple[bytes, ...]) -> Plan | Refused:
    refused = text_refusal("text", text, ANNOUNCEMENT_CHARS_MAX)
    if refused is not None:
        return refused
    if not text:
        return refuse(MALFORMED, field="text")
    full = board_full(desk.book, item)
    if full is not None:
        return full
    said = Publication(item, Announcement(text), desk.now + days * DAY_MS, seen_by)
    return Plan(uuid_text(item), published=(said,))


def board_full(book: Book, item: bytes) -> Refused | None:
    """Return that our network's board has no room for an item, new or in the place of what it said."""
    room = book.of(Boards).room(book.network, Tie.OWN)
    is_new = book.of(Boards).get(book.network, item) is None
    if room.items < is_new or room.bytes < 2 * ITEM_BODY_BYTES_MAX:
        return refuse(BOARD_FULL, maximum=BOARD_BOUNDS[Tie.OWN].items)
    return None


def seen_by_named(book: Book, seers: Seers, federations: tuple[str, ...]) -> tuple[bytes, ...] | Refused:
    """Return by whom an item is seen, as it stands in it: by members of these federations, or of all of ours."""
    if federations and seers is not Seers.FEDERATIONS:
        return refuse(MALFORMED, field="federations")
    if seers is not Seers.FEDERATIONS:
        return () if seers is Seers.EVERYBODY else (book.network,)
    ours = [federation for federation, _ in book.of(Charters).of(book, book.network)]
    named = [parse_id(one) for one in federations] or ours[:SEEN_BY_MAX]
    if not named or not set(named) <= set(ours):
        return refuse(FEDERATION_UNKNOWN)
    return tuple(sorted({one for one in named if one is not None}))


def _find(book: Book, id: str) -> BoardItem | Refused:
    item = book.of(Boards).get(book.network, parse_uuid(id) or b"")
    return refuse(NOT_FOUND) if item is None or body_of(item, ANNOUNCEMENTS) is None else item


def show_announcement(desk: Desk, id: str) -> AnnouncementShown | Refused:
    """Show an announcement of our network."""
    item = _find(desk.book, id)
    return item if isinstance(item, Refused) else _shown(desk.book, item)


def list_announcements(
    desk: Desk, wanted: AnnouncementsWanted, after: int
) -> Iterable[tuple[int, AnnouncementShown]] | Refused:
    """List the announcements that this node holds, in the order in which they came."""
    network = None
    if wanted.network is not None:
        network = find_network(desk.book, wanted.network)
        if isinstance(network, Refused):
            return network
    return _listed(desk.book, network, (wanted.search or "").casefold(), after)


def _listed(book: Book, network: bytes | None, sought: str, after: int) -> Iterator[tuple[int, AnnouncementShown]]:
    for arrival, item, body in published(book, ANNOUNCEMENTS, network):
        assert isinstance(body, Announcement)
        if arrival > after and sought in body.text.casefold():
            yield arrival, _shown(book, item)


def _shown(book: Book, item: BoardItem) -> AnnouncementShown:
    body = body_of(item, ANNOUNCEMENTS)
    assert isinstance(body, Announcement), "it was found to be one"
    said, seers = item.said, seers_of(item)
    federations = tuple(map(id_text, said.seen_by)) if seers is Seers.FEDERATIONS else ()
    return AnnouncementShown(
        uuid_text(said.item), id_text(said.network), book.of(Directory).handle(said.network), body.text, seers,
        federations, said.version, said.not_after,
    )  # fmt: skip


PRACTICE = Practice(
    name="announcements",
    entries=(),
    boards=(ANNOUNCEMENTS,),
    refusals=(BOARD_FULL,),
    operations=(
        Create("announcements", PublishAnnouncement, plan=plan_publish, who=STEWARDS, verb="publish",
               example="mutirao announcements publish --text 'Market on Saturday, 9 to 12' --days 6"),
        Act("announcements", "replace", ReplaceAnnouncement, plan=plan_replace, who=STEWARDS,
            example="mutirao announcements replace ANNOUNCEMENT --text 'Market on Sunday, 9 to 12' --days 7"),
        Act("announcements", "withdraw", WithdrawAnnouncement, plan=plan_withdraw, who=STEWARDS,
            example="mutirao announcements withdraw ANNOUNCEMENT"),
        Show("announcements", AnnouncementShown, view=show_announcement,
             example="mutirao announcements show ANNOUNCEMENT"),
        List("announcements", AnnouncementsWanted, AnnouncementShown, view=list_announcements,
             example="mutirao announcements list --search market"),
    ),
)  # fmt: skip
