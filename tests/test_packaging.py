# SPDX-License-Identifier: AGPL-3.0-or-later
"""What mutirao ships is what it says it ships: its own four names, its licence, and nobody's address."""

import subprocess
from configparser import ConfigParser
from importlib.metadata import packages_distributions
from io import BytesIO
from pathlib import Path
from tarfile import TarFile
from zipfile import ZipFile

import pytest
from hatchling.builders.wheel import WheelBuilder

from node.keeping.source import BUILDING, ProgramSource, source_files

ROOT = Path(__file__).parents[1]

# The only names that installing mutirao may add to an environment, beside its own metadata.
TOP_LEVEL_NAMES = {"crdt", "protocol", "node", "cli"}

SPDX_LINE = "# SPDX-License-Identifier: AGPL-3.0-or-later"

# Put together here, so that this file does not name them either.
REGISTRY_HOSTS = [
    ".".join(labels)
    for labels in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("crates", "io"),
        ("golang", "org"),
        ("rubygems", "org"),
        ("docker", "io"),
    )
]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    """The wheel as hatchling builds it from this tree, without a network."""
    directory = tmp_path_factory.mktemp("wheel")
    (built,) = WheelBuilder(str(ROOT)).build(directory=str(directory), versions=["standard"])
    return ZipFile(built)


def tracked_files(*patterns: str) -> list[Path]:
    """The files that git knows and that are still there."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--", *patterns], cwd=ROOT, check=True, capture_output=True, text=True
    )
    found = [ROOT / name for name in listing.stdout.split("\0") if name]
    assert found, "git lists no files: this test would prove nothing"
    return [path for path in found if path.is_file()]


def metadata_folder(wheel: ZipFile) -> str:
    (folder,) = {name.split("/")[0] for name in wheel.namelist() if ".dist-info/" in name}
    return folder


def test_the_wheel_adds_four_names_and_no_other(wheel: ZipFile) -> None:
    assert {name.split("/")[0] for name in wheel.namelist()} == TOP_LEVEL_NAMES | {metadata_folder(wheel)}


def test_the_wheel_holds_every_file_of_the_four_packages(wheel: ZipFile) -> None:
    ours = {path.relative_to(ROOT).as_posix() for path in tracked_files(*sorted(TOP_LEVEL_NAMES))}
    assert ours - set(wheel.namelist()) == set()


def test_no_dependency_brings_a_package_of_the_same_name() -> None:
    taken = packages_distributions()
    assert {name: taken[name] for name in TOP_LEVEL_NAMES & set(taken) if taken[name] != ["mutirao"]} == {}


def test_the_wheel_gives_the_command_and_carries_the_licence(wheel: ZipFile) -> None:
    folder = metadata_folder(wheel)
    entry_points = ConfigParser()
    entry_points.read_string(wheel.read(f"{folder}/entry_points.txt").decode())
    assert dict(entry_points["console_scripts"]) == {"mutirao": "cli.main:main"}
    assert wheel.read(f"{folder}/licenses/LICENSE") == (ROOT / "LICENSE").read_bytes()


@pytest.mark.timeout(400)
def test_a_node_gives_the_source_that_its_wheel_was_built_of(wheel: ZipFile, tmp_path: Path) -> None:
    installed, unpacked = tmp_path / "installed", tmp_path / "unpacked"
    for name in wheel.namelist():
        wheel.extract(name, installed)
    (installed / "LICENSE").write_text("another program's, beside ours")
    given = ProgramSource(installed).packed()
    assert given.data == ProgramSource(ROOT).packed().data, "the same bytes from a checkout and from a wheel"
    with TarFile(fileobj=BytesIO(given.data)) as archive:
        for entry in archive.getmembers():
            archive.extract(entry, unpacked, filter="data")
    [folder] = unpacked.iterdir()
    (built,) = WheelBuilder(str(folder)).build(directory=str(tmp_path / "again"), versions=["standard"])
    again = ZipFile(built)
    assert _held(again) == _held(wheel)


def _held(archive: ZipFile) -> dict[str, bytes]:
    return {name: archive.read(name) for name in archive.namelist()}


def test_the_source_is_what_git_knows_of_the_four_packages() -> None:
    ours = {path.relative_to(ROOT).as_posix() for path in tracked_files(*sorted(TOP_LEVEL_NAMES), *BUILDING)}
    assert set(source_files(ROOT)) == ours


def test_every_python_file_begins_with_its_licence() -> None:
    openings = {path: path.read_text("utf-8").partition("\n")[0] for path in tracked_files("*.py")}
    assert [str(path) for path, opening in openings.items() if opening != SPDX_LINE] == []


def test_no_file_names_a_package_registry() -> None:
    naming = [
        f"{path.relative_to(ROOT)}: {host}"
        for path in tracked_files()
        for host in REGISTRY_HOSTS
        if host.encode() in path.read_bytes()
    ]
    assert naming == []
