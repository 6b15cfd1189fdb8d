# SPDX-License-Identifier: AGPL-3.0-or-later
"""What is kept in memory for those who ask, each for a while and within a share of its own."""

from typing import Generic, NamedTuple, TypeVar

from protocol.lanes.entry import Millis

KeptT = TypeVar("KeptT")


class _Kept(NamedTuple, Generic[KeptT]):
    asker: str
    value: KeptT
    until_ms: Millis


class Shares(Generic[KeptT]):
    """Values by key, of which nobody can keep so many that another's go.

    Beyond its share the oldest of an asker's own goes. Where there are too many in all, the oldest of whoever has
    most does.
    """

    def __init__(self, in_all: int, each: int) -> None:
        self._in_all = in_all
        self._each = each
        self._kept: dict[bytes, _Kept[KeptT]] = {}
        self._keys: dict[str, dict[bytes, None]] = {}

    def __len__(self) -> int:
        """Count all that is kept."""
        return len(self._kept)

    def put(self, asker: str, key: bytes, value: KeptT, until_ms: Millis, now: Millis) -> None:
        """Keep a value until an hour; what is put later must not end earlier."""
        while self._kept and self._kept[oldest := next(iter(self._kept))].until_ms <= now:
            self.pop(oldest)
        own = self._keys.get(asker, {})
        if len(own) >= self._each:
            self.pop(next(iter(own)))
        elif len(self._kept) >= self._in_all:
            self.pop(next(iter(max(self._keys.values(), key=len))))
        self._kept[key] = _Kept(asker, value, until_ms)
        self._keys.setdefault(asker, {})[key] = None

    def get(self, key: bytes, now: Millis) -> KeptT | None:
        """Return the value of a key, None where none is kept any more."""
        kept = self._kept.get(key)
        return kept.value if kept is not None and now < kept.until_ms else None

    def pop(self, key: bytes) -> None:
        """Keep a key no more."""
        kept = self._kept.pop(key, None)
        if kept is not None:
            own = self._keys[kept.asker]
            del own[key]
            if not own:
                del self._keys[kept.asker]
