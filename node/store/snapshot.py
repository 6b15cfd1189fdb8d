# SPDX-License-Identifier: AGPL-3.0-or-later
"""A snapshot: what a replica keeps in memory, as of so many stored entries, so that a start folds the rest alone.

It lies in a file beside the database and is never more than a short cut: one that is damaged, of another network, of
another form, made by another version's code or of entries that are none any more is noticed and passed over, and all is
folded. It holds plain values and classes of the core's own; nothing else is made of it, whatever the file says.
"""

import gc
import io
import json
import os
import pickle
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

import crdt
import protocol

MAGIC = b"mutirao snapshot 1\n"
BYTES_MAX = 512 * 1024 * 1024
"""A state that takes more is not written: a start folds instead."""
_OURS = ("crdt.", "protocol.")
_PLAIN = {
    ("builtins", "bytearray"), ("builtins", "frozenset"), ("builtins", "set"), ("fractions", "Fraction"),
    ("collections", "deque"), ("collections", "OrderedDict"), ("collections", "defaultdict"),
}  # fmt: skip
"""Other classes that a state may be made of."""


@dataclass(frozen=True, slots=True)
class SnapshotHead:
    """Of what a snapshot is: whose, by which code and beside which rows (hex), up to which arrival and entry (hex)."""

    network: str
    code: str
    marker: str
    arrival: int
    entry: str
    bytes: int
    digest: str


class Unusable(Exception):
    """A snapshot that is to be passed over; the text says why."""


def write(path: Path, state: bytes, head: SnapshotHead) -> None:
    """Put a snapshot in the place of the one before it, durably; in a thread, not on the event loop."""
    told = json.dumps(asdict(head)).encode() + b"\n"
    partial = path.with_name(f"{path.name}.partial")
    try:
        with partial.open("wb") as file:
            os.fchmod(file.fileno(), 0o600)
            file.write(MAGIC + told)
            file.write(state)
            file.flush()
            os.fsync(file.fileno())
        partial.rename(path)
    finally:
        partial.unlink(missing_ok=True)


def head_of(state: bytes, *, network: bytes, marker: bytes, arrival: int, entry: bytes) -> SnapshotHead:
    """Return the head of a state as `dumped` has made it."""
    digest = sha256(state).hexdigest()
    return SnapshotHead(network.hex(), code(), marker.hex(), arrival, entry.hex(), len(state), digest)


@cache
def code() -> str:
    """Return a digest of the code that folds entries: what one version has folded, another folds for itself."""
    digest = sha256()
    for package in (crdt, protocol):
        root = Path(*package.__path__)
        for path in sorted(root.rglob("*.py")):
            digest.update(sha256(path.relative_to(root).as_posix().encode()).digest())
            digest.update(sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def read_snapshot(path: Path) -> tuple[SnapshotHead, memoryview]:
    """Return a snapshot's head and state, whole as it was written; raises Unusable."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise Unusable(f"it cannot be read: {error.strerror}") from None
    line = data.find(b"\n", len(MAGIC))
    if not data.startswith(MAGIC) or line < 0:
        raise Unusable("it is no snapshot of this form")
    try:
        head = SnapshotHead(**json.loads(data[len(MAGIC) : line]))
    except (ValueError, TypeError):
        raise Unusable("its head is damaged") from None
    state = memoryview(data)[line + 1 :]
    if len(state) != head.bytes or sha256(state).hexdigest() != head.digest:
        raise Unusable("it is damaged")
    return head, state


def dumped(state: Any) -> bytes | None:
    """Return a replica's state as bytes; None where it takes more than a snapshot may, or a part of it has no form."""
    try:
        data = pickle.dumps(state, protocol=5)
    except (pickle.PicklingError, AttributeError, TypeError):
        # A mistake of ours, but none that keeps anybody from serving: a start folds instead.
        return None
    return data if len(data) <= BYTES_MAX else None


def loaded(state: memoryview) -> Any:
    """Return the state that `dumped` has made these bytes of; raises Unusable."""
    gc.disable()
    try:
        return _Reader(io.BytesIO(state)).load()
    except Unusable:
        raise
    except Exception as error:  # noqa: BLE001 - whatever other bytes may raise, they are no state
        raise Unusable(f"it cannot be made out: {type(error).__name__}") from None
    finally:
        gc.enable()


def forget(path: Path) -> None:
    """Let there be no snapshot."""
    with suppress(FileNotFoundError):
        path.unlink()


class _Reader(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        """Make plain values and the core's own classes alone."""
        if "." not in name and (module.startswith(_OURS) or (module, name) in _PLAIN):
            found = super().find_class(module, name)
            if isinstance(found, type):
                return found
        raise Unusable(f"it holds a {module}.{name}")
