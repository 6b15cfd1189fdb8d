# SPDX-License-Identifier: AGPL-3.0-or-later
"""What one commit makes durable, whole or not at all, and the form in which it enters the database."""

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


_dumps = json.JSONEncoder(separators=(",", ":")).encode


def packed(batch: Batch) -> tuple[bytes, str, str, str, str, str, str]:
    """Return a batch as node.schema takes it: its bytes end to end, and rows that point into them."""
    parts: list[bytes] = []
    at = 1
    lanes: dict[tuple[bytes, str], int] = {}
    entries: list[list[Any]] = []
    for entry in batch.entries:
        lane = (entry.network, entry.header.lane)
        network_at = lanes.get(lane)
        if network_at is None:
            parts.append(lane[0])
            network_at = lanes[lane] = at
            at += 32
        header, body = entry.header_bytes, entry.body_bytes
        parts += (entry.id, entry.salt, entry.signature, header, body)
        entries.append([at, network_at, lane[1], entry.header.epoch, entry.header.seq, len(header), len(body)])
        at += 112 + len(header) + len(body)
    lines: list[list[Any]] = []
    for x in batch.lines:
        payment = x.payment or b""
        parts.append(payment)
        lines.append(
            [
                at,
                len(payment),
                x.account,
                x.seq,
                x.at_ms,
                x.kind,
                x.counterpart,
                x.amount_minor,
                x.balance_minor,
            ]
        )
        at += len(payment)
    texts: list[list[Any]] = []
    for text_digest, text in batch.texts:
        encoded = text.encode()
        parts += (text_digest, encoded)
        texts.append([at, len(encoded)])
        at += 32 + len(encoded)
    answers: list[list[Any]] = []
    for scope, request, status, content_type, body, at_ms in batch.answers:
        parts += (scope, request, body)
        answers.append([at, len(body), status, content_type, at_ms])
        at += 64 + len(body)
    return (
        b"".join(parts),
        _dumps([[network_at, name] for (_, name), network_at in lanes.items()]),
        _dumps(entries),
        _dumps(lines),
        _dumps(texts),
        _dumps(answers),
        _dumps(batch.events),
    )
