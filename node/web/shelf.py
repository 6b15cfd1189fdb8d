# SPDX-License-Identifier: AGPL-3.0-or-later
"""What can be read and done, by noun, as pages need it: made of the operations that practices declare."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from protocol.book.declaration import Act, Create, List, ListOf, Operation, Reckon, Role, Show
from protocol.practices import WINGS

MENU = ("market", "money", "people", "credit", "governance", "chains", "marks", "between")
"""The wings of practices, in the order in which *More* shows them."""


@dataclass(slots=True)
class PageNoun:
    """A kind of thing, and all that can be asked of it: a list, a record, and what changes it."""

    name: str
    group: str
    list: List | None = None
    show: Show | None = None
    creates: dict[str, Create] = field(default_factory=dict[str, Create])
    acts: dict[str, Act] = field(default_factory=dict[str, Act])
    lists_of: dict[str, ListOf] = field(default_factory=dict[str, ListOf])
    reckons: dict[str, Reckon] = field(default_factory=dict[str, Reckon])

    def opens_to(self, role: Role) -> bool:
        """Tell whether somebody of a role finds anything here by a list, a form or figures."""
        doors: Iterable[Operation] = (*self.creates.values(), *self.reckons.values())
        return (self.list is not None and role in self.list.who) or any(role in one.who for one in doors)


def shelf_of(operations: Mapping[str, Operation]) -> dict[str, PageNoun]:
    """Return every noun of these operations."""
    groups = {
        one.noun: wing for wing, practices in WINGS.items() for practice in practices for one in practice.operations
    }
    shelf: dict[str, PageNoun] = {}
    for operation in operations.values():
        noun = shelf.setdefault(operation.noun, PageNoun(operation.noun, groups.get(operation.noun, MENU[-1])))
        match operation:
            case List():
                noun.list = operation
            case Show():
                noun.show = operation
            case Create(verb=verb):
                noun.creates[verb] = operation
            case Act(verb=verb):
                noun.acts[verb] = operation
            case ListOf(what=what):
                noun.lists_of[what] = operation
            case Reckon(what=what):
                noun.reckons[what] = operation
    return shelf
