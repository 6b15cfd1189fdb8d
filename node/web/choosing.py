# SPDX-License-Identifier: AGPL-3.0-or-later
"""Fields that name a thing: people pick it from a list, or type a part of a person's name, and never its id."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from node.http.components import hints_of
from node.http.resources import Answers, id_field_of
from node.web.fields import FormField
from node.web.shelf import PageNoun
from node.web.visits import PageRequest
from protocol.book.addresses import resolve_member
from protocol.book.book import Book
from protocol.book.declaration import Page
from protocol.book.refusals import Refused
from protocol.book.signed import uuid_text
from protocol.book.wishes import ID_BYTES
from protocol.practices.people.members.views import MembersWanted

FEW_THINGS = 30
"""Of so many things or fewer a form shows all."""
FEW_PEOPLE = 60
"""The names of so many people or fewer are brought along, for the browser to complete."""
MATCHES_SHOWN = 6
PEOPLE_NOUN = "members"
PEOPLE_BY_ADDRESS = frozenset(
    {"payments.create payee", "payment-requests.create payer", "scheduled-payments.create payee"}
)
"""Fields that name people here or elsewhere, and refer to no table for that."""
HEADED_BY = ("title", "name", "handle", "label")


@dataclass(frozen=True)
class FieldChoices:
    """Finds what a field may name, for who looks."""

    runtime: Answers
    shelf: Mapping[str, PageNoun]

    async def with_choices(self, visit: PageRequest, operation: str, fields: Sequence[FormField]) -> list[FormField]:
        """Return fields that name things with what there is to choose from."""
        return [await self._with_choices(visit, operation, one) for one in fields]

    async def _with_choices(self, visit: PageRequest, operation: str, one: FormField) -> FormField:
        if one.choices or one.kind not in ("text", "group", "rows"):
            return one
        if one.kind != "text":
            parts = [await self._with_choices(visit, operation, part) for part in one.parts]
            rows = [[await self._with_choices(visit, operation, part) for part in row] for row in one.rows]
            return replace(one, parts=parts, rows=rows)
        if names_people(operation, one):
            return replace(one, known=await self._people(visit))
        things = await self._things(visit, one.refers) if one.refers else []
        if not things or (one.value and one.value not in [value for value, _ in things]):
            return one
        return replace(one, kind="choice", choices=things)

    async def _people(self, visit: PageRequest) -> Sequence[tuple[str, str]]:
        page = await self.runtime.ask("members.list", visit.actor, MembersWanted(), after=0, limit=FEW_PEOPLE + 1)
        if not isinstance(page, Page) or len(page.items) > FEW_PEOPLE:
            return ()
        return [(one.handle, one.name or one.handle) for one in page.items]

    async def _things(self, visit: PageRequest, noun: str) -> list[tuple[str, str]]:
        """Return what there is of a noun, by address and by what people call it; nothing where it is much."""
        place = self.shelf.get(noun)
        if place is None or place.list is None or visit.actor.role not in place.list.who:
            return []
        try:
            wanted = place.list.wanted()
        except TypeError:
            return []
        page = await self.runtime.ask(f"{noun}.list", visit.actor, wanted, after=0, limit=FEW_THINGS + 1)
        if not isinstance(page, Page) or len(page.items) > FEW_THINGS:
            return []
        return [(_address(one), _called(visit, one)) for one in page.items]

    async def found(
        self, visit: PageRequest, operation: str, fields: Sequence[FormField], book: Book
    ) -> dict[str, Sequence[tuple[str, str]]]:
        """Return, by field, the people whom a typed part of a name may mean: one alone is put in its place."""
        open_ones: dict[str, Sequence[tuple[str, str]]] = {}
        for one in fields:
            typed = next(iter(visit.posted.get(one.name, ())), "").strip()
            if one.kind != "text" or not names_people(operation, one) or not typed or _is_address(book, typed):
                continue
            wanted = MembersWanted(search=typed[:100])
            page = await self.runtime.ask("members.list", visit.actor, wanted, after=0, limit=MATCHES_SHOWN)
            if isinstance(page, Refused) or page is None or not page.items:
                continue
            if len(page.items) == 1:
                visit.posted = {**visit.posted, one.name: [page.items[0].handle]}
            else:
                open_ones[one.name] = [(each.handle, each.name or each.handle) for each in page.items]
        return open_ones


def names_people(operation: str, one: FormField) -> bool:
    """Tell whether a field names a person."""
    return one.refers == PEOPLE_NOUN or f"{operation} {one.name}" in PEOPLE_BY_ADDRESS


def asked_which(fields: Sequence[FormField], matches: Mapping[str, Sequence[tuple[str, str]]]) -> list[FormField]:
    """Return fields with a choice of people where what was typed may mean several."""
    return [replace(one, kind="which", choices=matches[one.name]) if one.name in matches else one for one in fields]


def _is_address(book: Book, typed: str) -> bool:
    return any(mark in typed for mark in "@:/") or "." in typed or not isinstance(resolve_member(book, typed), Refused)


def _address(thing: Any) -> str:
    identity = getattr(thing, id_field_of(type(thing)))
    return uuid_text(identity) if isinstance(identity, bytes) and len(identity) == ID_BYTES else str(identity)


def _called(visit: PageRequest, thing: Any) -> str:
    names = hints_of(type(thing))
    texts = (getattr(thing, one) for one in HEADED_BY if one in names)
    text = next((one for one in texts if isinstance(one, str) and one), _address(thing)[:13])
    state = getattr(thing, "state", None)
    return text if state is None else f"{text} · {visit.words.label(str(getattr(state, 'value', state)))}"
