# SPDX-License-Identifier: AGPL-3.0-or-later
"""The guided set-up of a home: its one-time code, keys that go to two people, and a copy that goes elsewhere."""

import asyncio
import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from hmac import compare_digest
from pathlib import Path
from time import perf_counter

from node.http.sign_in_codes import ALPHABET, CODE_MS, SIGN_IN_CODE_CHARS
from node.keeping.home import KEYS, SETUP, HomeUnusable, read_key
from node.keeping.upkeep import held_by
from node.store.holding import Holding
from node.store.storage import Storage
from protocol.lanes.entry import Millis

WRONG_MAX = 50
"""So many wrong codes, from wherever, and another is printed."""
FOLDER_CHARS_MAX = 1_000


class SetupFault(Exception):
    """Why a step of the set-up was not done, by a word for the page that tells it; nothing has changed."""


class OneTimeCode:
    """A code that is printed where the node was started, and opens its set-up once, within 15 minutes."""

    def __init__(
        self, tell: Callable[[str], None], *, now: Callable[[], Millis], chance: Callable[[int], bytes]
    ) -> None:
        self._tell = tell
        self._now = now
        self._chance = chance
        self._wrong = 0
        self._until = 0
        self._code = ""

    def renew(self) -> None:
        """Print a new code; the one before opens nothing any more."""
        self._code = "".join(ALPHABET[byte % len(ALPHABET)] for byte in self._chance(SIGN_IN_CODE_CHARS))
        self._wrong, self._until = 0, self._now() + CODE_MS
        self._tell("-".join(self._code[at : at + 4] for at in range(0, SIGN_IN_CODE_CHARS, 4)))

    def opens(self, typed: str) -> bool:
        """Tell whether this is the code, which is used up by it; a new one is printed where this one is over."""
        plain = "".join(typed.split()).replace("-", "").upper()
        if not self._code or self._now() > self._until:
            self.renew()
            return False
        if compare_digest(plain.encode(), self._code.encode()):
            self._code = ""
            return True
        self._wrong += 1
        if self._wrong >= WRONG_MAX:
            self.renew()
        return False


@dataclass(frozen=True, slots=True)
class CopyTried:
    """A copy of the database that was written elsewhere, opened again and counted."""

    file: str
    size: int
    at_ms: Millis
    took_ms: int
    holds: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class SetupState:
    """How far the set-up has come: who keeps which key, and the copy that was tried."""

    keepers: Mapping[str, str] = field(default_factory=dict[str, str])
    copied: CopyTried | None = None


class GuidedSetup:
    """What the set-up of a home does on its machine; it goes on until it is finished, over restarts."""

    def __init__(self, home: Path, code: OneTimeCode) -> None:
        self._home = home
        self.code = code

    @property
    def unfinished(self) -> bool:
        return (self._home / SETUP).exists()

    def finish(self) -> None:
        """End the set-up: keys are neither shown nor handed over any more."""
        (self._home / SETUP).unlink(missing_ok=True)
        _sync(self._home)

    @property
    def state(self) -> SetupState:
        """How far it has come, as it is stored."""
        try:
            told = json.loads((self._home / SETUP).read_text("utf-8"))
        except (OSError, ValueError):
            return SetupState()
        copied = told.get("copied")
        return SetupState(told.get("keepers", {}), None if copied is None else CopyTried(**copied))

    def lying(self) -> Sequence[str]:
        """Return the names of the keys that belong elsewhere and still lie here."""
        return keys_lying_in(self._home)

    def seed(self, name: str) -> bytes:
        """Return a key that still lies here, to be shown once to who keeps it; raises SetupFault."""
        if not self.unfinished or name not in self.lying():
            raise SetupFault("key_gone")
        return read_key(self._home / KEYS / f"{name}.key")

    def hand_over(self, name: str, folder: str, keeper: str) -> None:
        """Copy a key to a folder on another disk, read it back from there, and wipe it here; raises SetupFault."""
        seed = self.seed(name)
        place = elsewhere(self._home, folder)
        if any((place / f"{other}.key").exists() for other in ("next", *_colds(self._home)) if other != name):
            raise SetupFault("same_place")
        source, target = self._home / KEYS / f"{name}.key", place / f"{name}.key"
        try:
            if not target.exists():
                _write_through(target, source.read_bytes())
            kept = read_key(target)
        except (OSError, HomeUnusable):
            raise SetupFault("not_written") from None
        if kept != seed:
            raise SetupFault("another_key")
        self._given(name, keeper)

    def read_back(self, name: str, typed: str, keeper: str) -> None:
        """Compare what was typed from paper with a key, and wipe the key here where it is the same; or SetupFault."""
        seed = self.seed(name)
        lines = (line for line in typed.splitlines() if not line.strip().startswith("#"))
        plain = "".join("".join(lines).split()).lower()
        if not compare_digest(plain.encode(), seed.hex().encode()):
            raise SetupFault("read_wrong")
        self._given(name, keeper)

    def _given(self, name: str, keeper: str) -> None:
        state = self.state
        self._keep(SetupState({**state.keepers, name: keeper}, state.copied))
        _wipe(self._home / KEYS / f"{name}.key")

    async def try_copy(self, storage: Storage, folder: str, name: str, now: Millis) -> CopyTried:
        """Write a copy of the database to a folder on another disk, open it and count what it holds; or SetupFault."""
        place = elsewhere(self._home, folder)
        target = place / name
        began = perf_counter()
        try:
            await storage.backup(target)
            holds = _counted(await asyncio.to_thread(held_by, target))
            size = target.stat().st_size
        except FileExistsError:
            raise SetupFault("already_there") from None
        except (OSError, HomeUnusable):
            raise SetupFault("not_written") from None
        tried = CopyTried(str(target), size, now, round((perf_counter() - began) * 1000), holds)
        self._keep(SetupState(self.state.keepers, tried))
        return tried

    def _keep(self, state: SetupState) -> None:
        if not self.unfinished:
            raise SetupFault("finished")
        fresh = self._home / f"{SETUP}.new"
        with fresh.open("w", encoding="utf-8") as file:
            json.dump(asdict(state), file, ensure_ascii=False)
            file.flush()
            os.fsync(file.fileno())
        fresh.rename(self._home / SETUP)
        _sync(self._home)


def keys_lying_in(home: Path) -> Sequence[str]:
    """Return the names of the keys in a home that belong elsewhere: the next key first."""
    there = [name for name in ("next", *_colds(home)) if (home / KEYS / f"{name}.key").exists()]
    return tuple(there)


def _colds(home: Path) -> Sequence[str]:
    return sorted(path.stem for path in (home / KEYS).glob("cold*.key")) or ["cold"]


def elsewhere(home: Path, folder: str) -> Path:
    """Return a folder that does not lie on the home's disk; raises SetupFault."""
    place = Path(folder)
    if len(folder) > FOLDER_CHARS_MAX or "\0" in folder or not place.is_absolute() or not place.is_dir():
        raise SetupFault("no_folder")
    if place.stat().st_dev == home.stat().st_dev:
        raise SetupFault("same_disk")
    return place


def _counted(holds: Holding) -> Mapping[str, int]:
    return {"members": holds.members, "entries": holds.entries}


def _write_through(target: Path, data: bytes) -> None:
    """Write a file so that what is read of it afterwards comes from the disk that it is on."""
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
    _sync(target.parent)


def _wipe(path: Path) -> None:
    """Overwrite a file and remove it; what a disk keeps of older writes is out of reach."""
    with path.open("r+b") as file:
        file.write(b"\0" * path.stat().st_size)
        file.flush()
        os.fsync(file.fileno())
    path.unlink()
    _sync(path.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
