# SPDX-License-Identifier: AGPL-3.0-or-later
"""What one commit makes durable, whole or not at all, and the rows that it comes to."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from protocol.entry import Entry, Millis
from protocol.events import Line


class Answered(NamedTuple):
    """The answer that an idempotency key got: scope and request are SHA-256 digests."""

    scope: bytes
    request: bytes
    status: int
    content_type: str
    body: bytes
    at_ms: Millis


class Event(NamedTuple):
    """Something that happened, as subscribers are told it; `seq` counts all events of this database."""

    seq: int
    type: str
    resource: str
    audience: tuple[str, ...]
    figures: Mapping[str, Any]


@dataclass(slots=True)
class Batch:
    """What one commit makes durable, whole or not at all."""

    entries: list[Entry] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    texts: list[tuple[bytes, str]] = field(default_factory=list)
    answers: list[Answered] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def add(self, later: "Batch") -> None:
        """Append what comes after it."""
        self.entries += later.entries
        self.lines += later.lines
        self.texts += later.texts
        self.answers += later.answers
        self.events += later.events

    def __bool__(self) -> bool:
        """Tell whether there is anything to store."""
        return bool(self.entries or self.texts or self.answers or self.events)


Lanes = dict[tuple[bytes, str], int]
"""The numbers of lanes by network and name."""


def rows_of(batch: Batch, lanes: Lanes) -> tuple[dict[str, list[Any]], Lanes]:
    """Return the values of a batch's rows, end to end, by table of node.schema; and its new lanes."""
    entries: list[Any] = []
    lines: list[Any] = []
    new: Lanes = {}
    for entry in batch.entries:
        header = entry.header
        place = (entry.network, header.lane)
        number = lanes.get(place) or new.get(place)
        if number is None:
            number = new[place] = len(lanes) + len(new) + 1
        entries += (
            entry.id, number, header.epoch, header.seq,
            entry.header_bytes, entry.salt, entry.body_bytes, entry.signature,
        )  # fmt: skip
    for line in batch.lines:
        lines += (
            line.account, line.seq, line.at_ms, line.kind,
            line.payment, line.counterpart, line.amount_minor, line.balance_minor,
        )  # fmt: skip
    rows = {
        "lanes": [value for place, number in new.items() for value in (number, *place)],
        "entries": entries,
        "lines": lines,
        "texts": [value for digest, text in batch.texts for value in (digest, text.encode())],
        "answers": [value for answer in batch.answers for value in answer],
        "events": [
            value
            for seq, kind, resource, audience, figures in batch.events
            for value in (seq, kind, resource, _dumps(audience), _dumps(figures))
        ],
    }
    return rows, new


_dumps = json.JSONEncoder(separators=(",", ":")).encode
