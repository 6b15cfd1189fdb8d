# SPDX-License-Identifier: AGPL-3.0-or-later
"""Offers and needs of our own members on our network's board: put there, replaced, taken down."""

from collections.abc import Iterator
from typing import Any

from protocol.book.book import Book
from protocol.book.declaration import BoardKind, Desk, Parameter, Plan, Publication, Role, Seers
from protocol.book.members import Member
from protocol.book.parameters import Number
from protocol.book.publishing import ITEM_BODY_BYTES_MAX
from protocol.book.refusals import (
    FORBIDDEN,
    MALFORMED,
    NOT_FOUND,
    Reason,
    Refused,
    Stage,
    foremost,
    refuse,
)
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.timezones import DAY_MS
from protocol.book.uuids import drawn_id
from protocol.lanes.items import BoardItem
from protocol.peers.boards import BOARD_BOUNDS, Boards, body_of
from protocol.peers.ties import Tie
from protocol.practices.between.announcements import board_full, seen_by_named
from protocol.practices.between.federations.places import memberships
from protocol.practices.market.cost_sheets import cost_sheet_refusal
from protocol.practices.market.index import IntentIndex
from protocol.practices.market.intents import INTENT_KINDS, Intent, Offer
from protocol.practices.market.said import read_intent
from protocol.practices.market.wishes import IntentPublished, IntentSaid
from protocol.practices.people.authority import acts_for
from protocol.practices.people.contacts import whose
from protocol.wire.codec import encode
from protocol.wire.shape import to_map

OPEN_INTENTS: Parameter[int] = Parameter(
    "offers.open_max",
    Number(1, BOARD_BOUNDS[Tie.OWN].items, "offers and needs"),
    64,
    "how many offers and needs together one member may have on the board at a time",
)

INTENTS_FULL = Reason(
    "INTENTS_FULL",
    Stage.RULE,
    422,
    "The member has as many offers and needs as the group allows",
    "{member} has {maximum} offers and needs on the board already. Nothing was published.",
    heading="{member} has {maximum} already",
    ways=("withdraw one that does not count any more", "let the group allow more: mutirao parameters set"),
)


def pin_new(desk: Desk, wish: IntentPublished, kind: BoardKind, **more: Any) -> Plan | Refused:
    """Put what a member offers or needs on our network's board."""
    member, fields = whose(desk, wish.member), read_intent(desk, wish)
    seen_by = seen_by_named(desk.book, _seers(desk.book, wish), wish.federations)
    refused = foremost(*(one for one in (fields, member, seen_by) if isinstance(one, Refused)))
    if isinstance(member, Member):
        refused = foremost(refused, not_acting(desk, member), member.inactive())
    if refused or isinstance(member, Refused) or isinstance(fields, Refused) or isinstance(seen_by, Refused):
        return refused or refuse(NOT_FOUND)
    most = desk.book.parameter(OPEN_INTENTS)
    if sum(1 for _ in intents_of(desk.book, member)) >= most:
        return refuse(INTENTS_FULL, member=member.handle, maximum=most)
    not_after = _lapses_at(desk, wish, fields["until_ms"])
    item = _place_for(desk, not_after)
    body = _body(kind, member=member.handle, **fields, **more)
    refused = _too_long(body) or _uncovered(desk.book, body)
    return refused or board_full(desk.book, item) or _pinned(Publication(item, body, not_after, seen_by))


def pin_again(desk: Desk, id: str, wish: IntentSaid, kind: BoardKind, **more: Any) -> Plan | Refused:
    """Put something else in the place of what a member offers or needs."""
    found = own_item(desk.book, id, kind)
    if isinstance(found, Refused):
        return found
    item, before = found
    member, fields = member_of(desk.book, before), read_intent(desk, wish)
    refused = fields if isinstance(fields, Refused) else None
    refused = foremost(refused, not_acting(desk, member), None if member is None else member.inactive())
    if refused or isinstance(fields, Refused) or member is None:
        return refused or refuse(NOT_FOUND)
    body = _body(kind, member=member.handle, **fields, **more)
    said = Publication(item.said.item, body, _lapses_at(desk, wish, fields["until_ms"]), item.said.seen_by)
    refused = _too_long(body) or _uncovered(desk.book, body)
    return refused or board_full(desk.book, item.said.item) or _pinned(said)


def taken_down(desk: Desk, id: str, kind: BoardKind) -> Publication | Refused:
    """Return how an offer or a need is withdrawn: by its member, or by a steward whoever that is."""
    found = own_item(desk.book, id, kind)
    if isinstance(found, Refused):
        return found
    item, body = found
    if desk.actor.role is not Role.STEWARD and (refused := not_acting(desk, member_of(desk.book, body))):
        return refused
    return Publication(item.said.item, None)


def own_item(book: Book, id: str, kind: BoardKind) -> tuple[BoardItem, Any] | Refused:
    """Return an offer or a need of our own network and what it says."""
    item = book.of(Boards).get(book.network, parse_uuid(id) or b"")
    body = None if item is None else body_of(item, kind)
    return refuse(NOT_FOUND) if item is None or body is None else (item, body)


def not_acting(desk: Desk, member: Member | None) -> Refused | None:
    """Return why somebody may not speak for a member."""
    acts = member is not None and acts_for(desk.actor, member)
    return None if acts else refuse(FORBIDDEN, allowed="the member itself")


def member_of(book: Book, body: Intent) -> Member | None:
    """Return the member of ours who offers or needs something."""
    return book.members.get(book.member_by_handle.get(body.member, ""))


def intents_of(book: Book, member: Member) -> Iterator[tuple[BoardItem, Intent]]:
    """Yield what a member of our network offers and needs."""
    for one in book.of(IntentIndex).of_network(book.network):
        if book.member_by_handle.get(one.member) == member.id:
            yield one.item, one.body


def _seers(book: Book, wish: IntentPublished) -> Seers:
    if wish.seers is not None:
        return wish.seers
    is_in_any = wish.federations or any(memberships(book, book.network))
    return Seers.FEDERATIONS if is_in_any else Seers.EVERYBODY


def _lapses_at(desk: Desk, wish: IntentSaid, until_ms: int | None) -> int:
    lapses = desk.now + wish.days * DAY_MS
    return lapses if until_ms is None else min(lapses, until_ms)


def _body(kind: BoardKind, **fields: Any) -> Intent:
    made: Any = kind.body
    return made(**fields)


def _uncovered(book: Book, body: Intent) -> Refused | None:
    return cost_sheet_refusal(book, body) if isinstance(body, Offer) else None


def _too_long(body: Intent) -> Refused | None:
    if len(encode(to_map(body))) <= ITEM_BODY_BYTES_MAX:
        return None
    return refuse(MALFORMED, field="text", expected=f"less in all: {ITEM_BODY_BYTES_MAX} bytes at most")


def _place_for(desk: Desk, not_after: int) -> bytes:
    """Return a new id; on a full board that of something withdrawn which would have ended no later.

    What is withdrawn keeps its place until its last day: who publishes and withdraws all day fills no board so.
    """
    boards, network, new = desk.book.of(Boards), desk.book.network, drawn_id(desk.chance)
    if boards.room(network, Tie.OWN).items:
        return new
    ours, kinds = boards.of[network].items.values(), {kind.body.KIND for kind in INTENT_KINDS}
    free = (one for one in ours if one.item.said.body is None and one.item.said.kind in kinds)
    fitting = [(one.arrival, one.item.said.item) for one in free if one.item.said.not_after <= not_after]
    return min(fitting)[1] if fitting else new


def _pinned(said: Publication) -> Plan:
    return Plan(uuid_text(said.item), published=(said,))
