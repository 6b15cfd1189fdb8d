# SPDX-License-Identifier: AGPL-3.0-or-later
"""Sheets of a chain, sent to a real node and written again; killed meanwhile, all of them came or none."""

import asyncio
import json
import os
import subprocess
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.client import Client
from cli.ending import WishRefused
from node.keeping import home
from node.store.loading import Loader
from node.store.storage import Storage
from protocol.book.book import Book
from protocol.practices import PRACTICES
from protocol.practices.chains.book_chain import candidates_of, chain_of
from protocol.replica import Replica
from tests.cli.test_cli_governance import STOP_SECONDS, Home, command
from tests.protocol.practices.chains import mance

pytestmark = pytest.mark.timeout(120)

WORKED = Path(__file__).parents[1] / "protocol" / "practices" / "chains" / "worked"
MANY = 1_500
KILLED_SECONDS = 0.2
"""After the sheets were sent: while they are read, checked or stored."""


def founded(path: Path) -> Home:
    words = ("--handle", path.name, "--currency", "HORA", "--json")
    told = json.loads(subprocess.check_output(command("init", "--home", path, *words), text=True))
    return Home(path, told["steward_token"])


@pytest.fixture(scope="module")
def serra(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    made = founded(tmp_path_factory.mktemp("nodes") / "serra")
    made.serve()
    yield made
    made.stop()


def book_of(path: Path) -> Book:
    """Return the book of a home that is not served."""

    async def load() -> Book:
        storage = await Storage.open(path / home.DATABASE)
        try:
            network = next(storage.entries()).id
            keyring = home.read_keys(path).keyring
            return (
                Loader(storage, network)
                .load(lambda: Replica(network, PRACTICES, chance=os.urandom, keyring=keyring))
                .book
            )
        finally:
            await storage.close()

    return asyncio.run(load())


def test_a_group_sends_its_sheets_and_writes_them_again(
    mutirao: Callable[..., Any], serra: Home, tmp_path: Path
) -> None:
    take = ("chains", "import", WORKED, "--language", "pt")
    none = mutirao("chains", "export", tmp_path / "none", *serra.steward[:-1])
    assert "no figures yet; nothing was written" in none.out and not (tmp_path / "none").exists()
    for_people = serra.steward[:-1]
    wrong = mutirao("chains", "import", WORKED, *serra.steward)
    figures = json.loads(wrong.out)["figures"]
    assert wrong.code == 1 and (figures["file"], figures["line"], figures["column"]) == ("relations.csv", 6, "valor")
    dry = mutirao(*take, "--dry-run", *for_people)
    assert "3 enterprises, 8 relations, 4 recipes, 32 rows of the survey could be taken; nothing was" in dry.out
    assert mutirao("enterprises", "list", *serra.steward).shown["items"] == []
    done = mutirao(*take, *for_people)
    assert "relations.csv: 9 lines" in done.out and "4 recipes, 32 rows of the survey taken" in done.out
    serra.stop()
    book = book_of(serra.path)
    assert (chain_of(book), candidates_of(book)) == (mance.network(), mance.candidates())
    serra.serve()

    written = mutirao("chains", "export", tmp_path / "out", *serra.steward)
    assert written.shown == {"enterprises": 3, "relations": 16, "recipes": 4}
    emporium = (tmp_path / "out" / "enterprises.csv").read_text().splitlines()[1]
    assert emporium.startswith("emporium,Empório da Praça,4711,") and emporium.endswith(
        ",solidarity,,-25.43,-49.27,,8000.00,1200.00,400.00"
    )
    assert mutirao("enterprises", "correct", "bakery", "--name", "=cmd()", *serra.steward).code == 0
    kept_back = mutirao("chains", "export", tmp_path / "out", *serra.steward)
    assert kept_back.code == 2 and "enterprises.csv; write to another folder, or over it with --force" in kept_back.err
    assert "bakery,Padaria" in (tmp_path / "out" / "enterprises.csv").read_text()
    survey = tmp_path / "out" / "households.csv"
    survey.write_bytes((WORKED / "households.csv").read_bytes())
    twice = mutirao("chains", "export", tmp_path / "out", "--force", *serra.steward)
    assert twice.code == 2 and "households.csv, which would be counted beside what is written" in twice.err
    assert "bakery,Padaria" in (tmp_path / "out" / "enterprises.csv").read_text()
    survey.unlink()
    assert mutirao("chains", "export", tmp_path / "out", "--force", *serra.steward).code == 0
    assert "bakery,'=cmd()," in (tmp_path / "out" / "enterprises.csv").read_text()
    serra.stop()
    kept = b"".join(path.read_bytes() for path in serra.path.rglob("*") if path.is_file())
    assert b"Agricultores do Vale" in kept and b"Padaria Boa Hora" not in kept, "its former name is erased"
    serra.serve()
    # What was written comes in again, and says the same.
    assert mutirao("chains", "import", tmp_path / "out", *serra.steward).code == 0
    mutirao("chains", "export", tmp_path / "again", *serra.steward)
    for path in (tmp_path / "out").iterdir():
        assert sorted(path.read_text().splitlines()) == sorted(
            (tmp_path / "again" / path.name).read_text().splitlines()
        )


def test_what_cannot_be_sent_is_told_before_it_is_sent(mutirao: Callable[..., Any], tmp_path: Path) -> None:
    nowhere = ("--node", "http://127.0.0.1:1", "--token", "mt_none")
    for files, said in (
        ({}, "has no sheets"),
        ({"prices.csv": b"a"}, "has prices.csv; sheets are called"),
        ({"relations.csv": b"a" * 10_000_000}, "relations.csv has 10,000,000 bytes; a sheet may have 1,048,576"),
    ):
        folder = tmp_path / f"{len(said)}"
        folder.mkdir()
        for name, data in files.items():
            (folder / name).write_bytes(data)
        refused = mutirao("chains", "import", folder, *nowhere)
        assert refused.code == 2 and said in refused.err, refused.err
    assert mutirao("chains", "import", tmp_path / "none", *nowhere).code == 2


def send(serra: Home, wish: dict[str, Any]) -> dict[str, Any]:
    """Return the problem that a client of the API is told."""
    with pytest.raises(WishRefused) as refused:
        Client(serra.url, serra.token).post("/v1/chain-sheets", wish)
    return dict(refused.value.problem)


def encoded(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")


def test_a_client_of_the_api_is_told_what_is_too_large(serra: Home) -> None:
    told = send(serra, {"relations": encoded(b"a" * 1_100_000)})
    assert (told["status"], told["code"], told["figures"]["file"]) == (422, "SHEET_UNREADABLE", "relations.csv")
    told = send(serra, {"relations": "A" * 10_000_000})
    assert (told["status"], told["code"], told["figures"]["maximum"]) == (413, "BODY_TOO_LARGE", 4 * 1024 * 1024)
    told = send(serra, {"relations": encoded(b"buyer,item,value\nnobody,oil,3\n")})
    assert (told["status"], told["code"], told["figures"]["line"]) == (404, "ENTERPRISE_UNKNOWN", 2)
    assert "relations.csv, line 2, column buyer" in told["detail"]


def test_a_node_that_is_killed_meanwhile_has_taken_all_or_nothing(serra: Home, tmp_path: Path) -> None:
    rows = "".join(f"households,thing {number},outside,1\n" for number in range(MANY))
    (tmp_path / "relations.csv").write_text("buyer,item,supplier,value\n" + rows)
    words = command("chains", "import", tmp_path, *serra.steward[:-1])
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as sending:
        assert sending.stdout is not None and serra.process is not None and serra.process.stdout is not None
        while "reads all of it" not in sending.stdout.readline():
            pass
        time.sleep(KILLED_SECONDS)
        serra.process.kill()
        serra.process.wait(STOP_SECONDS)
        serra.process.stdout.close()
    things = [item for _, item in chain_of(book_of(serra.path)).outside if item.startswith("thing ")]
    assert len(things) in (0, MANY)
    serra.serve()
