# SPDX-License-Identifier: AGPL-3.0-or-later
"""The source of the program that runs, as its licence gives it to whoever uses the node over a network (AGPL, 13).

One archive with the four packages and what builds them, and nothing else that may lie beside them. Names are sorted,
dates and owners are left out, nothing is compressed: the same program gives the same bytes on every machine, from a
checkout and from an installed wheel, and two nodes run the same program if their digests are the same.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.metadata import version
from io import BytesIO
from pathlib import Path
from tarfile import USTAR_FORMAT, TarFile, TarInfo
from threading import Lock

SOURCE_BYTES_MAX = 32 * 1024 * 1024
PACKAGES = ("cli", "crdt", "node", "protocol")
BUILDING = ("LICENSE", "README.md", "pyproject.toml", "requirements-build.txt", "requirements.txt")
"""What a wheel is built from beside the packages; a wheel carries them in `node/carried`."""
CARRIED = "node/carried"
SOURCE_DATA = (
    "cli/demo_chains/*/*.csv",
    "cli/demo_groups.json",
    "cli/made/index.json",
    "node/http/examples.json",
    "node/languages/*.po",
    "node/web/static/*",
    "node/web/templates/**/*.html",
)
"""What of the packages is no module; a test holds that nothing is left out."""

_Look = tuple[int, int, int]
"""By which a changed file is known: its size, and when it and its entry in the directory were changed."""


class SourceUnusable(Exception):
    """The files on the disk are not those that run, or more than they can be; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Source:
    """The archive, the name that its file gets, and its SHA-256."""

    name: str
    data: bytes
    digest: bytes


class ProgramSource:
    """The files of the program as they are now, packed once they are asked for."""

    def __init__(self, root: Path) -> None:
        self._files = source_files(root)
        self._looks = {name: _look(path) for name, path in self._files.items()}
        self._lock = Lock()
        self._packed: Source | None = None

    def packed(self) -> Source:
        """Return the archive; raises SourceUnusable where a file is another than when this was made."""
        with self._lock:
            if self._packed is None:
                self._packed = self._pack()
            return self._packed

    def _pack(self) -> Source:
        if sum(size for size, _, _ in self._looks.values()) > SOURCE_BYTES_MAX:
            raise SourceUnusable(f"the program is larger than {SOURCE_BYTES_MAX} bytes")
        folder = f"mutirao-{version('mutirao')}"
        target = BytesIO()
        with TarFile(fileobj=target, mode="w", format=USTAR_FORMAT) as archive:
            for name, path in self._files.items():
                data = _read(path, self._looks[name])
                entry = TarInfo(f"{folder}/{name}")
                entry.size, entry.mode = len(data), 0o644
                archive.addfile(entry, BytesIO(data))
        data = target.getvalue()
        return Source(f"{folder}.tar", data, sha256(data).digest())


@cache
def program_source() -> ProgramSource:
    """Return the source of the program that runs: its files as they are when this is asked for first."""
    return ProgramSource(Path(__file__).parents[2])


def source_files(root: Path) -> Mapping[str, Path]:
    """Return the files of the program that lies in a directory, by their names in the archive, sorted."""
    carried = root / CARRIED
    building = carried if carried.is_dir() else root
    found = {name: building / name for name in BUILDING}
    for path in (*_modules(root), *(path for pattern in SOURCE_DATA for path in root.glob(pattern))):
        if path.is_file() and not path.is_symlink():
            found[path.relative_to(root).as_posix()] = path
    return dict(sorted(found.items()))


def _modules(root: Path) -> Iterator[Path]:
    """Yield the modules of the packages: what lies in a directory that is no package is none of the program."""
    folders = [root / name for name in PACKAGES]
    for folder in folders:
        if (folder / "__init__.py").is_file() and not folder.is_symlink():
            yield from folder.glob("*.py")
            folders += (path for path in folder.iterdir() if path.is_dir())


def _look(path: Path) -> _Look:
    try:
        found = path.stat()
    except OSError:
        return -1, -1, -1
    return found.st_size, found.st_mtime_ns, found.st_ctime_ns


def _read(path: Path, look: _Look) -> bytes:
    try:
        data = path.read_bytes()
    except OSError:
        data = None
    if data is None or _look(path) != look:
        raise SourceUnusable(f"{path.name} was changed since the node was started: start it again")
    return data
