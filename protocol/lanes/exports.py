# SPDX-License-Identifier: AGPL-3.0-or-later
"""A network exported whole: one file, signed by its key, from which another node goes on with it.

The file is MAGIC and then records, each of a byte that tells its part, four bytes of its length, and so many bytes.
The last record is the seal: [said, signature] in CBOR, where `said` holds the SHA-256 of all that stands before it.
Entries and items of boards are as they travel, and prove themselves; whatever lies beside the lanes rests on the seal.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from hashlib import sha256
from typing import Annotated, NamedTuple

from protocol.lanes.claims import IDENTITY_KINDS
from protocol.lanes.entry import IDENTITY, Entry, EntryFault, decode_body, parse
from protocol.lanes.growing import begin_identity, grown
from protocol.lanes.identity import Identity
from protocol.wire.codec import CodecFault, decode, encode
from protocol.wire.keys import KeyPair, verify
from protocol.wire.shape import Length, Range, ShapeFault, from_map, to_map

EXPORT_MAGIC = b"mutirao network export 1\n"
EXPORT_RECORD_BYTES_MAX = 4 * 1024 * 1024
_HEAD_BYTES = 5

EXPORT_CUT = "EXPORT_CUT"
EXPORT_TAMPERED = "EXPORT_TAMPERED"


class ExportPart(IntEnum):
    """What a record is: an entry, an item of a board, what a member owns, an answer, an erasure, or the seal."""

    ENTRY = 1
    BOARD = 2
    PRIVATE = 3
    ANSWER = 4
    ERASED = 5
    SEAL = 6


class ExportFault(ValueError):
    """A file that is no whole and unchanged export, by its code."""

    def __init__(self, code: str, said: str) -> None:
        super().__init__(said)
        self.code = code


@dataclass(frozen=True, slots=True)
class ExportSaid:
    """What a network says of an export: which key signed it, when, and the SHA-256 of all bytes before the seal."""

    v: Annotated[int, Range(1, 1)]
    network: Annotated[bytes, Length(32)]
    epoch: Annotated[int, Range(0, 2**31)]
    at_ms: Annotated[int, Range(0, 2**53)]
    digest: Annotated[bytes, Length(32)]


class ExportRecord(NamedTuple):
    """One record of an export."""

    part: ExportPart
    data: bytes


def framed(part: ExportPart, data: bytes) -> bytes:
    """Return a record as it stands in the file."""
    assert len(data) <= EXPORT_RECORD_BYTES_MAX, "what a node keeps is bounded"
    return bytes([part]) + len(data).to_bytes(4, "big") + data


def export_seal(hot: KeyPair, said: ExportSaid) -> bytes:
    """Return the last record of an export."""
    data = encode(to_map(said))
    return framed(ExportPart.SEAL, encode((data, hot.sign("export", data))))


def read_export(read: Callable[[int], bytes]) -> Iterator[ExportRecord]:
    """Yield the records of a file, read by `read`, the seal last, once all is as it tells; raises ExportFault.

    Whose seal it is, `check_export` tells.
    """
    taken = sha256()

    def exactly(count: int) -> bytes:
        data = read(count)
        if len(data) < count:
            raise ExportFault(EXPORT_CUT, "it ends in the middle: copy it again, whole")
        return data

    if exactly(len(EXPORT_MAGIC)) != EXPORT_MAGIC:
        raise ExportFault(EXPORT_TAMPERED, "it is no export of a network")
    taken.update(EXPORT_MAGIC)
    while True:
        head = exactly(_HEAD_BYTES)
        size = int.from_bytes(head[1:], "big")
        if head[0] not in list(ExportPart) or size > EXPORT_RECORD_BYTES_MAX:
            raise ExportFault(EXPORT_TAMPERED, "it holds a record of no form")
        record = ExportRecord(ExportPart(head[0]), exactly(size))
        if record.part is ExportPart.SEAL:
            said, _ = _read_seal(record.data)
            if said.digest != taken.digest() or read(1):
                raise ExportFault(EXPORT_TAMPERED, "it is not what was signed")
            yield record
            return
        taken.update(head)
        taken.update(record.data)
        yield record


def check_export(records: Iterator[ExportRecord]) -> ExportSaid:
    """Return what the seal says, signed by the key that its network has by the events in it; raises ExportFault."""
    events: dict[bytes, list[Entry]] = {}
    for part, data in records:
        if part is ExportPart.ENTRY:
            try:
                entry = parse(data)
            except (EntryFault, CodecFault) as fault:
                raise ExportFault(EXPORT_TAMPERED, f"an entry has no form: {fault}") from None
            if entry.header.lane == IDENTITY:
                events.setdefault(entry.network, []).append(entry)
        elif part is ExportPart.SEAL:
            said, signature = _read_seal(data)
            identity = _identity_of(events.get(said.network, []))
            if identity is None or identity.epoch != said.epoch or identity.network != said.network:
                raise ExportFault(EXPORT_TAMPERED, "it does not hold the keys of the network that it is of")
            if not verify(identity.epochs[-1].key, "export", encode(to_map(said)), signature):
                raise ExportFault(EXPORT_TAMPERED, "the network's key has not signed it")
            return said
    raise ExportFault(EXPORT_CUT, "it has no seal")


def _identity_of(events: list[Entry]) -> Identity | None:
    try:
        if not events:
            return None
        body, _ = decode_body(events[0].body_bytes, IDENTITY_KINDS)
        return grown(begin_identity(events[0], body), events[1:])
    except (EntryFault, CodecFault, ShapeFault):
        return None


def _read_seal(data: bytes) -> tuple[ExportSaid, bytes]:
    try:
        parts = decode(data)
        if isinstance(parts, tuple) and len(parts) == 2:
            said, signature = parts
            if isinstance(said, bytes) and isinstance(signature, bytes):
                fields = decode(said)
                return from_map(ExportSaid, fields if isinstance(fields, dict) else {}), signature
    except (CodecFault, ShapeFault):
        pass
    raise ExportFault(EXPORT_TAMPERED, "its seal has no form")
