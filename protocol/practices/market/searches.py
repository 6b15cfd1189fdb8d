# SPDX-License-Identifier: AGPL-3.0-or-later
"""Saved searches: a member is told when something comes that it looks for; so it follows a kind of item, too.

What somebody looks for is personal: it is kept at the home alone, in no entry and on no board, and erased as contacts
are. Only the member itself reads it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated

from protocol.book.addresses import ADDRESS_CHARS_MAX
from protocol.book.book import Book
from protocol.book.declaration import Act, At, Create, Desk, Doc, List, News, Plan, Practice, Ref, Show
from protocol.book.members import Member
from protocol.book.private import PrivateItem
from protocol.book.refusals import MALFORMED, NOT_FOUND, Reason, Refused, Stage, foremost, refuse
from protocol.book.signed import uuid_text
from protocol.book.uuids import drawn_id
from protocol.peers.boards import BOARD_NEWS, HeldItem
from protocol.peers.home import KEEPS, Keeping
from protocol.practices.market.heard import search_wanted
from protocol.practices.market.places import PlaceText
from protocol.practices.market.saved import SAVED_PREFIX, SavedSearch, SavedSearches, saved_text
from protocol.practices.market.search import IntentKind
from protocol.practices.market.wishes import CODE_CHARS, INTENT_TITLE_CHARS_MAX, IntentsWanted, WithinKm
from protocol.practices.people.authority import acts_for
from protocol.practices.people.contacts import ITEM_ID_BYTES, whose
from protocol.wire.shape import AtMost

SAVED_MAX = 16
"""How many searches one member may keep."""
OWNER_SIGHT = "me"

SEARCHES_FULL = Reason(
    "SEARCHES_FULL",
    Stage.RULE,
    422,
    "The member keeps as many searches as there is room for",
    "{maximum} searches are kept already. Nothing was saved.",
    heading="{maximum} searches are kept already",
    ways=("withdraw one that does not count any more: mutirao searches withdraw",),
)


@dataclass(frozen=True, slots=True)
class SaveSearch:
    """Be told when somebody offers or needs something: by words, by a kind of item, or both."""

    search: Annotated[
        str | None,
        AtMost(INTENT_TITLE_CHARS_MAX),
        Doc("all these words, or beginnings of words; accents do not matter"),
    ] = None
    code: Annotated[str | None, AtMost(CODE_CHARS), Doc("items whose code begins so: 231 follows all flours")] = None
    kind: Annotated[IntentKind | None, Doc("only offers, or only needs")] = None
    near: PlaceText = None
    within_km: WithinKm = None
    member: Annotated[
        str | None, AtMost(ADDRESS_CHARS_MAX), Ref("members"), Doc("whose, where a steward says it; default: yours")
    ] = None


@dataclass(frozen=True, slots=True)
class WithdrawSearch:
    """Be told no more; what it was is overwritten."""


@dataclass(frozen=True, slots=True)
class SearchesWanted:
    """The searches that a member keeps."""

    member: Annotated[
        str | None, AtMost(ADDRESS_CHARS_MAX), Ref("members"), Doc("whose, where a steward asks; default: yours")
    ] = None


@dataclass(frozen=True, slots=True)
class SearchSaid:
    """What is looked for."""

    search: Annotated[str | None, Doc("all these words")]
    code: Annotated[str | None, Doc("how the item's code begins")]
    kind: Annotated[IntentKind | None, Doc("only offers, or only needs; null: both")]
    near: Annotated[str | None, Doc("the place from which it is measured, to about a kilometre")]
    within_km: Annotated[int | None, Doc("how many kilometres away it may be")]


@dataclass(frozen=True, slots=True)
class SearchListed:
    """A search that a member keeps."""

    id: str
    member: Annotated[str, Doc("the member's handle")]
    saved_at: Annotated[At, Doc("when it was saved")]
    said: Annotated[SearchSaid | None, Doc("what is looked for; null in the answer to a change")] = None


def plan_save(desk: Desk, wish: SaveSearch) -> Plan | Refused:
    member = whose(desk, wish.member)
    if isinstance(member, Refused):
        return member
    looked_for = search_wanted(
        desk.book, IntentsWanted(wish.search, wish.code, near=wish.near, within_km=wish.within_km)
    )
    refused = foremost(
        looked_for if isinstance(looked_for, Refused) else None, _not_ours(desk, member), member.inactive()
    )
    if refused is None and not wish.search and not wish.code:
        refused = refuse(MALFORMED, field="search", expected="some words, a code, or both")
    if refused is None and len(desk.book.of(SavedSearches).of_member(member.id)) >= SAVED_MAX:
        refused = refuse(SEARCHES_FULL, maximum=SAVED_MAX)
    if refused or isinstance(looked_for, Refused):
        return refused or looked_for  # type: ignore[return-value]
    id = uuid_text(drawn_id(desk.chance))
    text = saved_text(wish.search, wish.code, wish.kind, looked_for.near, wish.within_km)
    kept = _kept(desk, member.id, id, text.encode())
    return Plan(id, items=(kept,), answer=SearchListed(id, member.handle, desk.now))


def plan_withdraw(desk: Desk, id: str, wish: WithdrawSearch) -> Plan | Refused:
    del wish
    saved = _found(desk, id)
    if isinstance(saved, Refused):
        return saved
    shown = SearchListed(id, desk.book.members[saved.owner].handle, saved.at_ms)
    return Plan(id, items=(_kept(desk, saved.owner, id, b""),), answer=shown)


def show_search(desk: Desk, id: str) -> SearchListed | Refused:
    saved = _found(desk, id)
    return saved if isinstance(saved, Refused) else _shown(desk.book, saved)


def list_searches(desk: Desk, wanted: SearchesWanted, after: int) -> Iterator[tuple[int, SearchListed]] | Refused:
    member = whose(desk, wanted.member)
    refused = member if isinstance(member, Refused) else _not_ours(desk, member)
    if refused is not None or isinstance(member, Refused):
        return refused or refuse(NOT_FOUND)
    saved = enumerate(desk.book.of(SavedSearches).of_member(member.id), 1)
    return ((place, _shown(desk.book, one)) for place, one in saved if place > after)


def _found(desk: Desk, id: str) -> SavedSearch | Refused:
    """Return a saved search by its id, if whoever asks may know that there is one."""
    saved = desk.book.of(SavedSearches).by_id.get(id)
    if saved is None or _not_ours(desk, desk.book.members[saved.owner]):
        return refuse(NOT_FOUND)
    return saved


def _not_ours(desk: Desk, member: Member) -> Refused | None:
    return None if acts_for(desk.actor, member) else refuse(NOT_FOUND)


def _kept(desk: Desk, owner: str, id: str, value: bytes) -> PrivateItem:
    return PrivateItem(
        desk.chance(ITEM_ID_BYTES), owner, f"{SAVED_PREFIX}{id}", f"members/{owner}", value, OWNER_SIGHT, desk.now
    )


def _shown(book: Book, saved: SavedSearch) -> SearchListed:
    said = SearchSaid(saved.said.search, saved.said.code, saved.kind, saved.said.near, saved.said.within_km)
    return SearchListed(saved.id, book.members[saved.owner].handle, saved.at_ms, said)


def tell_seekers(book: Book, before: HeldItem | None, after: HeldItem | None) -> Iterator[News]:
    """Tell members of what has come that they look for, of each item once."""
    return book.of(SavedSearches).matched(book, before, after) if after is not None else iter(())


def due(desk: Desk) -> Iterator[Plan]:
    """Let members be told again: so many things a second at most."""
    desk.book.of(SavedSearches).told.clear()
    return iter(())


def take_search(book: Book, item: PrivateItem) -> None:
    """Know a search that is kept, or that it is kept no more."""
    book.of(SavedSearches).take(book, item)


def forget_searches(book: Book, owner: str) -> None:
    """Know nothing any more of what a member looks for."""
    book.of(SavedSearches).forget(owner)


PRACTICE = Practice(
    name="searches",
    entries=(),
    refusals=(SEARCHES_FULL,),
    fills=(BOARD_NEWS.by(tell_seekers), KEEPS.by(Keeping(SAVED_PREFIX, take_search, forget_searches))),
    due=due,
    operations=(
        Create("searches", SaveSearch, plan=plan_save, verb="save",
               example="mutirao searches save --search 'goat cheese' --kind offer"),
        Act("searches", "withdraw", WithdrawSearch, plan=plan_withdraw, example="mutirao searches withdraw SEARCH"),
        Show("searches", SearchListed, view=show_search, example="mutirao searches show SEARCH"),
        List("searches", SearchesWanted, SearchListed, view=list_searches, example="mutirao searches list"),
    ),
)  # fmt: skip
