# SPDX-License-Identifier: AGPL-3.0-or-later
"""A node gives the program that it runs, and nothing else that lies beside it."""

import os
from io import BytesIO
from pathlib import Path
from tarfile import TarFile

import pytest

from node.keeping.source import BUILDING, SOURCE_BYTES_MAX, ProgramSource, SourceUnusable, program_source, source_files


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A small program of four packages, with what people leave beside one."""
    for name in (
        *BUILDING,
        *(f"{package}/__init__.py" for package in ("cli", "crdt", "node/http", "node", "protocol")),
    ):
        _write(tmp_path / name, f"# {name}\n")
    for name in (
        "node/http/__pycache__/app.cpython-311.pyc", "node/http/notes.txt", "node/home/keys/hot.key",
        "node/scratch/try.py", "mutirao.db", "riacho/keys/hot.key", ".env", "protocol/data.json",
        "cli/demo_chains/mine/secret.csv.bak",
    ):  # fmt: skip
        _write(tmp_path / name, "not ours\n")
    for name in ("node/web/static/mutirao.css", "cli/demo_chains/vale/enterprises.csv", "node/languages/es.po"):
        _write(tmp_path / name, "ours\n")
    (tmp_path / "node" / "linked.py").symlink_to("/etc/hostname")
    return tmp_path


def test_what_is_no_part_of_the_program_stays_out(root: Path) -> None:
    assert set(source_files(root)) == {
        *BUILDING, "cli/__init__.py", "crdt/__init__.py", "node/__init__.py", "node/http/__init__.py",
        "protocol/__init__.py", "node/web/static/mutirao.css", "cli/demo_chains/vale/enterprises.csv",
        "node/languages/es.po",
    }  # fmt: skip


def test_the_bytes_follow_from_the_files_alone(root: Path) -> None:
    given = ProgramSource(root).packed()
    for path in root.rglob("*"):
        if not path.is_symlink():
            os.utime(path, (1, 1))
            path.chmod(0o700)
    again = ProgramSource(root).packed()
    assert (again.data, again.digest) == (given.data, given.digest)
    with TarFile(fileobj=BytesIO(given.data)) as archive:
        told = archive.getmembers()
    assert {(one.mtime, one.uid, one.gid, one.uname, one.mode) for one in told} == {(0, 0, 0, "", 0o644)}
    assert [one.name for one in told] == sorted(one.name for one in told)
    assert all(one.name.startswith(given.name.removesuffix(".tar") + "/") for one in told)


@pytest.mark.parametrize("changed", ["node/http/__init__.py", "pyproject.toml"])
def test_a_program_that_was_changed_under_the_node_is_not_given(root: Path, changed: str) -> None:
    source, before = ProgramSource(root), (root / changed).stat()
    (root / changed).write_text((root / changed).read_text().upper())
    os.utime(root / changed, ns=(before.st_atime_ns, before.st_mtime_ns))  # an upgrade may keep dates
    with pytest.raises(SourceUnusable, match=r"start it again"):
        source.packed()
    (root / changed).unlink()
    with pytest.raises(SourceUnusable):
        source.packed()


def test_what_was_packed_before_is_given_still(root: Path) -> None:
    source = ProgramSource(root)
    given = source.packed()
    (root / "node" / "__init__.py").write_text("another program\n")
    assert source.packed() is given


def test_it_has_a_bound(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert len(program_source().packed().data) < SOURCE_BYTES_MAX // 2
    monkeypatch.setattr("node.keeping.source.SOURCE_BYTES_MAX", 20)
    with pytest.raises(SourceUnusable, match="larger"):
        ProgramSource(root).packed()


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
