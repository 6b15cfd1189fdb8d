# SPDX-License-Identifier: AGPL-3.0-or-later
"""Wishes of members and officers: planned, carried out and answered; some wait for another network first."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from protocol.book.declaration import (
    PAGE_ENDS,
    PAGE_ITEMS_MAX,
    Act,
    Create,
    List,
    ListOf,
    Operation,
    Page,
    Plan,
    Reckon,
    Show,
    Waiting,
    operations_of,
)
from protocol.book.refusals import FORBIDDEN, PEER_UNREACHABLE, Refused, refuse
from protocol.book.signed import parse_uuid, uuid_text
from protocol.book.tables import Name, NotFetched
from protocol.book.wishes import named_in
from protocol.events import Answer, Asked, Fetch
from protocol.lanes.entry import Millis
from protocol.peers.home import Home
from protocol.peers.troubles import told_to_askers


@dataclass(frozen=True, slots=True)
class Deferred:
    """A wish that waits for another network's answer."""

    request: int
    operation: str
    asked: Asked
    until_ms: Millis


class Answering:
    """What one node is asked for."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.operations: Mapping[str, Operation] = operations_of(home.practices)
        self._deferred: dict[bytes, Deferred] = {}

    def answer(self, asked: Asked) -> None:
        """Answer a wish, or let it wait."""
        operation, home = self.operations[asked.operation], self.home
        desk = home.desk(asked.actor)
        if asked.actor.role not in operation.who:
            self._tell(asked, refuse(FORBIDDEN))
            return
        match operation:
            case Create() | Act():
                self._plan(asked, operation.noun, lambda: home.book.plan(desk, operation, asked.subject, asked.wish))
            case Show():
                self._tell(asked, operation.view(desk, asked.subject))
            case List(rows=rows) if rows is not None and (
                stored := rows(desk, asked.wish, asked.after, min(asked.limit, PAGE_ITEMS_MAX))
            ):
                self._tell(asked, stored)
            case List():
                assert operation.view is not None
                found = operation.view(desk, asked.wish, asked.after)
                self._tell(asked, found if isinstance(found, Refused) else _page(found, asked.limit))
            case ListOf():
                self._tell(asked, operation.view(desk, asked.subject, asked.wish, asked.after, asked.limit))
            case Reckon():
                self._tell(asked, operation.view(desk, asked.wish))

    def named(self, asked: Asked) -> Iterator[Name]:
        """Yield the rows that a wish names and that only the store can have."""
        operation = self.operations[asked.operation]
        wanted: list[tuple[str, Any]] = []
        if isinstance(operation, Create | Act) and asked.wish is not None:
            wanted += named_in(operation, asked.wish)
        if asked.subject:
            wanted.append((operation.noun, asked.subject))
        for table, word in wanted:
            rows = self.home.book.tables.get(table)
            key = parse_uuid(word) if isinstance(word, str) else word
            if rows is not None and key is not None and rows.lacks(key):
                yield Name(table, key)

    def answer_ready(self) -> None:
        """Answer those who have what they waited for."""
        ready, self.home.ready = self.home.ready, []
        for key in ready:
            deferred = self._deferred.pop(key, None)
            if deferred is not None:
                self._show(deferred.operation, deferred.asked, uuid_text(key))

    def lapse(self) -> None:
        """Wait no longer for who has been silent for too long."""
        for key, deferred in list(self._deferred.items()):
            if deferred.until_ms < self.home.now:
                del self._deferred[key]
                self._tell(deferred.asked, refuse(PEER_UNREACHABLE))

    def set_back(self, by: Millis) -> None:
        """Wait no longer than was meant, though the clock was set back."""
        for key, deferred in self._deferred.items():
            self._deferred[key] = replace(deferred, until_ms=deferred.until_ms - by)

    def _plan(self, asked: Asked, noun: str, plan: Callable[[], Plan | Waiting | Refused]) -> None:
        refusal = self.home.standing.refusal(asked.operation)
        outcome = plan() if refusal is None else refuse(refusal, **told_to_askers(self.home))
        match outcome:
            case Refused():
                self._tell(asked, outcome)
            case Waiting(key, tells, until_ms):
                if all(self.home.tell(tell) for tell in tells):
                    self._deferred[key] = Deferred(asked.request, f"{noun}.show", asked, until_ms)
                else:
                    self._tell(asked, refuse(PEER_UNREACHABLE))
            case Plan():
                self._carry_out(outcome)
                if outcome.answer is None:
                    self._show(f"{outcome.noun or noun}.show", asked, outcome.shows)
                else:
                    self._tell(asked, outcome.answer)

    def _carry_out(self, plan: Plan) -> None:
        try:
            self.home.carry_out(plan)
        except NotFetched as lacking:
            # It is half done, and must not be done again.
            raise AssertionError(f"a fold asks for what its check has not looked at: {lacking}") from lacking

    def _show(self, operation: str, asked: Asked, id: str) -> None:
        """Answer with what was made; where a row of the store is wanted for that, the showing alone is tried again."""
        show = self.operations[operation]
        assert isinstance(show, Show)
        try:
            self._tell(asked, show.view(self.home.desk(asked.actor), id))
        except NotFetched as lacking:
            self.home.say(Fetch(lacking.names, (replace(asked, operation=operation, wish=None, subject=id),)))

    def _tell(self, asked: Asked, result: Any) -> None:
        self.home.say(Answer(asked.request, result))


def _page(found: Iterable[tuple[int, Any]], limit: int) -> Page:
    """Return the first items, and where the next page begins if there are more."""
    items: list[Any] = []
    last = None
    for place, item in islice(found, min(limit, PAGE_ITEMS_MAX) + 1):
        if item is PAGE_ENDS:
            return Page(tuple(items), place)
        if len(items) == limit:
            return Page(tuple(items), last)
        items.append(item)
        last = place
    return Page(tuple(items), None)
