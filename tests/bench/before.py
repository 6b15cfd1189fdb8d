# SPDX-License-Identifier: AGPL-3.0-or-later
"""The build that this one is compared with, made once from the repository's own history.

`python tests/bench/before.py` makes it and prints where it is: a folder outside the tree, named after the commit, with
a wheel, an environment of what that commit's lock files name, and its own tests/bench to measure it with. The folder
is below ~/.cache, or where MUTIRAO_BENCH_CACHE says. It may be removed at any time.
"""

import hashlib
import io
import os
import shutil
import subprocess
import sys
import tarfile
from dataclasses import dataclass
from pathlib import Path

BEFORE = "3971d92"
"""The last commit before practices got rooms of their own."""
ROOT = Path(__file__).parents[2]
CODE = ("crdt", "protocol", "node", "cli", "tests/bench")
LOCKED = ("--no-deps", "--require-hashes", "--no-build-isolation", "--use-pep517")


@dataclass(frozen=True, slots=True)
class Build:
    """A build that can be measured: a name for its books, its Python, and its own tests/bench."""

    name: str
    title: str
    python: Path
    bench: Path
    code: Path | None = None
    """Where its packages are, if they are not installed in its environment."""

    def paths(self) -> str:
        """Return what PYTHONPATH is to be: this build's own, and no other's."""
        return os.pathsep.join(str(place) for place in (self.bench, self.code) if place)


def cache() -> Path:
    """Return the folder outside the tree in which builds and large books are kept."""
    named = os.environ.get("MUTIRAO_BENCH_CACHE")
    folder = Path(named) if named else Path.home() / ".cache" / "mutirao-bench"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def this_build() -> Build:
    """Return the build of this tree; its name tells its code, so that books of other code are not taken for its own."""
    digest = hashlib.sha256()
    for place in CODE:
        for file in sorted((ROOT / place).rglob("*.py")):
            digest.update(file.read_bytes())
    return Build(f"this-{digest.hexdigest()[:12]}", "now", Path(sys.executable), ROOT / "tests" / "bench", ROOT)


def build_before(commit: str = BEFORE) -> Build:
    """Return the build of a commit; make it if it is not there. It takes some minutes, once."""
    folder = cache() / commit
    build = Build(commit, "before", folder / "venv" / "bin" / "python", folder / "source" / "tests" / "bench")
    made = folder / "made"
    if not made.exists():
        shutil.rmtree(folder, ignore_errors=True)
        source = folder / "source"
        archive = subprocess.run(["git", "archive", commit], cwd=ROOT, check=True, capture_output=True).stdout
        with tarfile.open(fileobj=io.BytesIO(archive)) as packed:
            packed.extractall(source, filter="data")
        subprocess.run([sys.executable, "-m", "venv", folder / "venv"], check=True)
        for lock in ("requirements-build.txt", "requirements.txt"):
            _pip(build, "install", *LOCKED, "-r", source / lock)
        _pip(build, "wheel", "--no-deps", "--no-index", "--no-build-isolation", "-w", folder, source)
        [wheel] = folder.glob("*.whl")
        _pip(build, "install", "--no-deps", "--no-index", wheel)
        made.write_text(f"{wheel.name}\n")
    return build


def _pip(build: Build, *words: str | Path) -> None:
    subprocess.run([build.python, "-m", "pip", "--disable-pip-version-check", "-q", *words], check=True)


if __name__ == "__main__":
    print(build_before().bench.parents[2])
