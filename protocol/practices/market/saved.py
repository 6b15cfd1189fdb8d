# SPDX-License-Identifier: AGPL-3.0-or-later
"""What members look for, in memory as it is kept beside the lanes: who is to be told of what has just come.

A search has words or a code, so it is found by the beginning of its longest word, or by its code: an item that comes is
held against those alone that may want it, however many searches there are.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from protocol.book.book import Book
from protocol.book.declaration import News
from protocol.book.private import PrivateItem
from protocol.book.refusals import Refused
from protocol.peers.boards import HeldItem
from protocol.practices.market.heard import HeardIntent, IntentSearch, heard_item, is_sought, search_wanted
from protocol.practices.market.intents import IntentPlace
from protocol.practices.market.places import place_text
from protocol.practices.market.search import KIND_OF, IntentKind
from protocol.practices.market.shown import intent_id
from protocol.practices.market.wishes import IntentsWanted

SAVED_PREFIX = "search/"
"""With what the kinds of things begin that are saved searches; the rest is the search's id."""
TOLD_MAX = 20
"""Of how many things a member is told at a time, within a second; a search shows the others."""
_BEGINNING = 3
_CODE = "#"


@dataclass(frozen=True, slots=True)
class SavedSearch:
    """What a member looks for."""

    id: str
    owner: str
    at_ms: int
    said: IntentsWanted
    kind: IntentKind | None
    search: IntentSearch

    @property
    def key(self) -> str:
        """What an item must have that is found: the beginning of a word, or of a code."""
        if self.search.words:
            return max(self.search.words, key=len)[:_BEGINNING]
        return _CODE + self.search.code

    def wants(self, book: Book, one: HeardIntent) -> bool:
        """Tell whether something is what the member looks for: nobody is told of what is its own."""
        is_own = one.item.network == book.network and book.member_by_handle.get(one.member) == self.owner
        return not is_own and self.kind in (None, KIND_OF[one.kind]) and is_sought(book, self.search, one)


class SavedSearches:
    """What members of ours look for: no part of the fold."""

    TRANSIENT: ClassVar[bool] = True

    def __init__(self) -> None:
        self.by_id: dict[str, SavedSearch] = {}
        self.told: Counter[str] = Counter()
        """Of how many things each member was told in this second."""
        self._by_key: dict[str, dict[str, SavedSearch]] = {}

    def __deepcopy__(self, memo: object) -> Self:
        """No trial of wishes changes it."""
        return self

    def of_member(self, owner: str) -> Sequence[SavedSearch]:
        """Return what a member looks for, as it was saved."""
        return [one for one in self.by_id.values() if one.owner == owner]

    def take(self, book: Book, item: PrivateItem) -> None:
        """Know a search as it is kept, or that it is kept no more."""
        id = item.kind.removeprefix(SAVED_PREFIX)
        self._drop(id)
        saved = _read(book, id, item) if item.value else None
        if saved is not None:
            self.by_id[id] = saved
            self._by_key.setdefault(saved.key, {})[id] = saved

    def forget(self, owner: str) -> None:
        """Know nothing any more of what a member looks for."""
        for one in self.of_member(owner):
            self._drop(one.id)

    def _drop(self, id: str) -> None:
        saved = self.by_id.pop(id, None)
        if saved is not None:
            of_key = self._by_key[saved.key]
            del of_key[id]
            if not of_key:
                del self._by_key[saved.key]

    def matched(self, book: Book, before: HeldItem | None, after: HeldItem) -> Iterator[News]:
        """Tell each member of what has come that it looks for, unless the version before was that too."""
        if not self.by_id:
            return
        one, earlier = heard_item(after), None if before is None else heard_item(before)
        if one is None:
            return
        for saved in self._may_want(one):
            if saved.wants(book, one) and not (earlier is not None and saved.wants(book, earlier)):
                self.told[saved.owner] += 1
                if self.told[saved.owner] <= TOLD_MAX:
                    figures = {"search": saved.id, "kind": KIND_OF[one.kind].value}
                    yield News("search.matched", intent_id(book, one.item), (saved.owner,), figures)

    def _may_want(self, one: HeardIntent) -> list[SavedSearch]:
        keys = {word[:length] for word in one.words.split() for length in range(1, _BEGINNING + 1)}
        keys.update(_CODE + one.code[:length] for length in range(1, len(one.code) + 1))
        found = {saved.id: saved for key in keys for saved in self._by_key.get(key, {}).values()}
        return [found[id] for id in sorted(found)]


def saved_text(
    search: str | None, code: str | None, kind: IntentKind | None, near: IntentPlace | None, within_km: int | None
) -> str:
    """Return what is looked for as it is kept, for its member to read in an export."""
    said = {"search": search, "code": code, "kind": kind, "near": place_text(near), "within_km": within_km}
    return json.dumps({name: value for name, value in said.items() if value is not None}, ensure_ascii=False)


def _read(book: Book, id: str, item: PrivateItem) -> SavedSearch | None:
    said: dict[str, Any] = json.loads(item.value)
    kind = said.pop("kind", None)
    wanted = IntentsWanted(**said)
    search = search_wanted(book, wanted)
    if isinstance(search, Refused):
        return None
    return SavedSearch(id, item.owner, item.at_ms, wanted, None if kind is None else IntentKind(kind), search)
