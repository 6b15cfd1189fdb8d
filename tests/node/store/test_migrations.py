# SPDX-License-Identifier: AGPL-3.0-or-later
"""A home of every released schema opens, and nothing that stops its migration does harm."""

import asyncio
import json
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from doorless import at_work
from migrating.make import put_back

from node.http.auth import token_hash
from node.keeping.home import DATABASE, HomeUnusable
from node.keeping.upkeep import restore, verify_book
from node.store import migrations
from node.store.connections import StorageUnusable
from node.store.migrations import OLDEST, STEPS, migrate
from node.store.schema import SCHEMA_VERSION
from node.store.storage import Storage
from protocol.practices.money.payments.views import PaymentsWanted
from protocol.practices.people.members.views import MembersWanted
from protocol.practices.people.privacy import EraseData

FILES = Path(__file__).parents[2] / "migrating"
RELEASED = range(OLDEST, SCHEMA_VERSION)


def home_of(schema: int, where: Path) -> Path:
    """Put the stored home of a schema back, and return where."""
    put_back(json.loads((FILES / f"schema_{schema}.json").read_text()), where)
    return where


def layout(database: Path) -> list[tuple[Any, ...]]:
    """Return what a database consists of, and its version."""
    with closing(sqlite3.connect(database)) as connection:
        made = connection.execute("SELECT type, name, tbl_name, sql FROM sqlite_master ORDER BY name").fetchall()
        return [*made, *connection.execute("PRAGMA user_version")]


def test_every_schema_since_the_oldest_has_its_step_and_its_home() -> None:
    assert sorted(STEPS) == [*range(OLDEST + 1, SCHEMA_VERSION + 1)]
    assert sorted(path.name for path in FILES.glob("schema_*.json")) == [f"schema_{schema}.json" for schema in RELEASED]


@pytest.mark.parametrize("schema", RELEASED)
async def test_a_home_of_a_released_schema_opens_verifies_and_goes_on(schema: int, tmp_path: Path) -> None:
    home = home_of(schema, tmp_path / "riacho")
    kept = json.loads((FILES / f"schema_{schema}.json").read_text())
    assert verify_book(home, lambda _: None).faults == ()
    async with at_work(home) as riacho:
        assert [riacho.balance(handle) for handle in ("ana", "bia-lima", "caio")] == [1_25, -7_00, 5_75]
        found = await riacho.ask("payments.list", PaymentsWanted(search="ana pao"))
        assert [(one.note, one.state) for one in found.items] == [("pão de Ana", "reversed")]
        [bia] = (await riacho.ask("members.list", MembersWanted(search="lima"))).items
        assert (bia.handle, bia.name) == ("bia-lima", "Bia Lima")
        token = await riacho.storage.token(token_hash(kept["token"]))
        assert token is not None and token.role == "steward"
        await riacho.pay("ana", "caio", 25, "depois")
        assert riacho.balance("ana") == 1_00
        await riacho.ask("members.erase", EraseData(), subject="ana")
    assert b"Concei" not in (home / DATABASE).read_bytes()
    fresh = await Storage.open(tmp_path / "fresh.db", create=True)
    await fresh.close()
    assert layout(home / DATABASE) == layout(tmp_path / "fresh.db")
    assert verify_book(home, lambda _: None).faults == ()


def test_a_backup_of_an_older_schema_is_put_back_and_erased_in(tmp_path: Path) -> None:
    old, home = home_of(OLDEST, tmp_path / "old"), home_of(OLDEST, tmp_path / "riacho")
    asyncio.run(erased_in(home))
    restored = restore(old / DATABASE, home)
    assert (restored.because, restored.erased_anew > 0) == (None, True)
    assert layout(home / DATABASE)[-1] == (SCHEMA_VERSION,)
    assert b"Concei" not in (home / DATABASE).read_bytes()
    assert [path.name for path in home.glob("*.search")] == []


async def erased_in(home: Path) -> None:
    async with at_work(home) as riacho:
        await riacho.ask("members.erase", EraseData(), subject="ana")


KILLED = """
import os, signal, sqlite3, sys
from node.store import migrations
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.create_function("die", 0, lambda: os.kill(os.getpid(), signal.SIGKILL))
migrations.STEPS = {**migrations.STEPS, **{version: (f"CREATE TABLE new_{version} (x)", "SELECT die()" if
    version == int(sys.argv[2]) else "SELECT 1") for version in (5, 6, 7)}}
migrations.SCHEMA_VERSION = 7
migrations.migrate(connection)
"""


@pytest.mark.parametrize("killed_in", [5, 6, 7])
def test_a_migration_that_is_killed_goes_on_from_its_last_whole_step(
    killed_in: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = home_of(OLDEST, tmp_path / "riacho") / DATABASE
    done = subprocess.run([sys.executable, "-c", KILLED, str(database), str(killed_in)], check=False)
    assert done.returncode == -signal.SIGKILL
    names = {name for _, name, *_ in layout(database)[:-1]}
    assert layout(database)[-1] == (killed_in - 1,)
    assert {version for version in (5, 6, 7) if f"new_{version}" in names} == {*range(5, killed_in)}
    steps = {version: (f"CREATE TABLE new_{version} (x)",) for version in (5, 6, 7)}
    monkeypatch.setattr(migrations, "STEPS", {**STEPS, **steps})
    monkeypatch.setattr(migrations, "SCHEMA_VERSION", 7)
    with closing(sqlite3.connect(database, isolation_level=None)) as connection:
        assert migrate(connection) == killed_in - 1
        assert migrate(connection) == 7
    assert {f"new_{version}" for version in (5, 6, 7)} <= {name for _, name, *_ in layout(database)[:-1]}


async def test_a_step_that_fails_leaves_the_schema_before_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = home_of(OLDEST, tmp_path / "riacho") / DATABASE
    before = layout(database)
    monkeypatch.setattr(migrations, "STEPS", {4: ("CREATE TABLE new (x)", "CREATE TABLE entries (x)")})
    with pytest.raises(StorageUnusable, match="table entries already exists"):
        await Storage.open(database)
    assert layout(database) == before


@pytest.mark.parametrize(
    ("schema", "remedy"), [(SCHEMA_VERSION + 1, "install a newer mutirao"), (OLDEST - 1, "mutirao import")]
)
async def test_what_no_step_leads_from_is_left_as_it_is_and_says_what_to_do(
    schema: int, remedy: str, tmp_path: Path
) -> None:
    home = home_of(OLDEST, tmp_path / "riacho")
    with closing(sqlite3.connect(home / DATABASE)) as connection:
        connection.execute(f"PRAGMA user_version = {schema}")
    before = layout(home / DATABASE)
    with pytest.raises(StorageUnusable, match=f"has schema {schema}, .*{remedy}"):
        await Storage.open(home / DATABASE)
    with pytest.raises(HomeUnusable, match=f"has schema {schema}, .*{remedy}"):
        verify_book(home, lambda _: None)
    assert layout(home / DATABASE) == before
