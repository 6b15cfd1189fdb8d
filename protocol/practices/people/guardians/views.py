# SPDX-License-Identifier: AGPL-3.0-or-later
"""Guardians as all members see them: the delay is of use only if it is public."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from protocol.book.addresses import resolve_member
from protocol.book.book import Book
from protocol.book.declaration import At, Desk, Doc
from protocol.book.refusals import Refused
from protocol.practices.people.guardians.state import AllGuarded, Guarded


@dataclass(frozen=True, slots=True)
class GuardedWanted:
    """Members for whom guardians back a new key."""


@dataclass(frozen=True, slots=True)
class BackedShown:
    """A key that guardians back."""

    key: Annotated[bytes, Doc("the new public key")]
    guardians: Annotated[tuple[str, ...], Doc("the handles of those who back it")]


@dataclass(frozen=True, slots=True)
class GuardedShown:
    """A member's guardians, and the new key that they back."""

    member: Annotated[str, Doc("the member's handle")]
    guardians: Annotated[tuple[str, ...], Doc("the handles of its guardians")]
    needed: Annotated[int, Doc("how many of them it takes")]
    backed: Annotated[tuple[BackedShown, ...], Doc("which keys they back")]
    due: Annotated[At | None, Doc("when the key that enough of them back is put in place, unless an old key objects")]


def view_one(desk: Desk, address: str) -> GuardedShown | Refused:
    member = resolve_member(desk.book, address)
    if isinstance(member, Refused):
        return member
    found = desk.book.of(AllGuarded).by_member.get(member.id)
    return _shown(desk.book, found or Guarded(member.id, 0, (), 1))


def view_all(desk: Desk, wanted: GuardedWanted, after: int) -> Iterable[tuple[int, GuardedShown]]:
    del wanted
    found = sorted(desk.book.of(AllGuarded).by_member.values(), key=lambda one: one.arrival)
    return ((one.arrival + 1, _shown(desk.book, one)) for one in found if one.backed and one.arrival >= after)


def _shown(book: Book, one: Guarded) -> GuardedShown:
    def handles(names: Iterable[str]) -> tuple[str, ...]:
        return tuple(book.members[name].handle for name in names)

    backed = (
        BackedShown(key, handles(name for name, backs in one.backed.items() if backs == key))
        for key in dict.fromkeys(one.backed.values())
    )
    member = book.members[one.member].handle
    return GuardedShown(member, handles(one.guardians), one.needed, tuple(backed), one.due_ms)
