# SPDX-License-Identifier: AGPL-3.0-or-later
"""The effects of a batch by what is to be done: stored, then sent, then told."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from node.loop.batch import Batch, EventStored
from node.loop.underway import Underway
from protocol.events import (
    Answer,
    Drop,
    DropBoardItem,
    Effect,
    Erase,
    Fetch,
    Forget,
    Keep,
    Publish,
    ReckonBeside,
    Send,
    SendRange,
    Store,
    StoreBoardItem,
    StoreDeclined,
    StoreFault,
    StoreItem,
)

LINGER_SECONDS = 0.05
"""How long what strangers alone have brought waits for more, or for what is urgent: a write to the disk serves all."""


@dataclass(slots=True)
class Todo:
    """What is to be stored, then sent, then told."""

    stored: Batch = field(default_factory=Batch)
    sent: list[Send | SendRange | Drop] = field(default_factory=list)
    told: list[Answer] = field(default_factory=list)
    reckoned: list[ReckonBeside] = field(default_factory=list)
    inputs: int = 0
    marks: bool = False
    """Whether the high-water mark may follow: not while the replica recovers."""
    urgent: bool = False
    """Whether somebody waits for it: a member, a partner or a node of our own."""
    begun: float = 0.0
    """When it was begun, in seconds."""

    def is_due(self, now: float) -> bool:
        """Tell whether it is to be done now."""
        return bool(self.inputs) and (self.urgent or now - self.begun >= LINGER_SECONDS)

    def add(self, later: "Todo") -> None:
        """Append what comes after it."""
        self.stored.add(later.stored)
        self.sent += later.sent
        self.told += later.told
        self.reckoned += later.reckoned
        self.inputs += later.inputs
        self.marks = later.marks


def todo_of(effects: Iterable[Effect], underway: Underway, event_seq: Callable[[], int]) -> Todo:
    """Return what effects ask for; `event_seq` numbers the events, and what is to be stored is underway from now on."""
    todo = Todo()
    stored = todo.stored
    for effect in effects:
        match effect:
            case Store(entry, lines, folded):
                stored.entries.append(entry)
                stored.lines += lines
                if not folded and stored.unread is None:
                    stored.unread = entry.header.seq
            case Answer():
                todo.told.append(effect)
            case ReckonBeside():
                todo.reckoned.append(effect)
            case Publish(kind, resource, audience, figures):
                stored.events.append(EventStored(event_seq(), kind, resource, audience, figures))
            case Forget():
                stored.forget(effect)
            case StoreItem(item):
                stored.items.append(item)
                underway.store(item)
            case Erase():
                stored.erase(effect)
                underway.erase(effect)
            case StoreFault(id, data):
                stored.faults.append((id, data))
            case StoreDeclined(id):
                stored.declined.append(id)
            case Keep(kept):
                stored.rows.append(underway.keep(kept))
            case Send() | SendRange() | Drop():
                todo.sent.append(effect)
            case _:
                _note(stored, effect)
    return todo


def _note(stored: Batch, effect: StoreBoardItem | DropBoardItem | Fetch) -> None:
    """Take what is stored of boards; what is fetched is none of it."""
    if not isinstance(effect, Fetch):
        stored.pin(effect)
