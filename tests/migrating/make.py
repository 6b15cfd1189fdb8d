# SPDX-License-Identifier: AGPL-3.0-or-later
"""Make `schema_N.json`: a small home as the build at hand stores it, so that later builds show that they take it over.

`PYTHONPATH=. python tests/migrating/make.py` is run once for each new schema, before it is released, and the file
stays as it is from then on. A database travels as the statements that make it, the other files of the home as base64.
Until there is a release, older files can be made anew where entries have got another form: `make.py 3` goes back to
schema 3.
"""

import asyncio
import json
import sqlite3
import sys
import tempfile
from base64 import b64decode, b64encode
from contextlib import closing
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parents[0]), str(HERE.parents[1])]

from doorless import Riacho, at_work  # noqa: E402

from node import clock  # noqa: E402
from node.keeping.home import DATABASE, Founding, found  # noqa: E402
from node.store.schema import SCHEMA_VERSION  # noqa: E402
from protocol.book.money import Amount  # noqa: E402
from protocol.practices.money.requests.views import AskPayment  # noqa: E402
from protocol.practices.people.names import Rename  # noqa: E402

UNDOING = {
    4: ("DROP INDEX private_by_kind",),
    5: ("DROP INDEX tokens_by_member", "ALTER TABLE tokens DROP COLUMN session_key"),
    6: ("DROP TABLE board_items",),
}
"""What leads back from a schema to the one before it."""


async def live(home: Path) -> str:
    """Found a group and let it live a little; returns the steward's token."""
    told = await found(home, Founding("riacho", "Riacho", "HORA"), now=clock.now_ms, chance=clock.chance)
    async with at_work(home) as riacho:
        await _live(riacho)
    return told.steward_token


async def _live(riacho: Riacho) -> None:
    for handle, name in (("ana", "Ana Souza da Conceição"), ("bia", "Bia Lima"), ("caio", None)):
        await riacho.join(handle, name)
    first = await riacho.pay("ana", "bia", 12_50, "pão de Ana")
    await riacho.pay("bia", "caio", 7_00)
    await riacho.reverse(first)
    await riacho.pay("caio", "ana", 1_25, "três jarros")
    asked = AskPayment(Amount(3_00, "HORA", 2), payee="bia", payer="ana", note="aula de forró")
    await riacho.ask("payment-requests.create", asked)
    await riacho.ask("members.rename", Rename(handle="bia-lima"), subject="bia")


def stored(home: Path, token: str, schema: int) -> dict[str, Any]:
    """Return a home as a file of the tests holds it."""
    with closing(sqlite3.connect(home / DATABASE)) as connection:
        for version in range(SCHEMA_VERSION, schema, -1):
            for statement in UNDOING[version]:
                connection.execute(statement)
        database = list(connection.iterdump())
    paths = (path for path in sorted(home.rglob("*")) if path.is_file() and not path.name.startswith(DATABASE))
    files = {str(path.relative_to(home)): b64encode(path.read_bytes()).decode() for path in paths}
    return {"schema": schema, "token": token, "files": files, "database": database}


def put_back(kept: dict[str, Any], home: Path) -> Path:
    """Put a home back as it was stored, and return where its database lies."""
    for name, data in kept["files"].items():
        path = home / name
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.write_bytes(b64decode(data))
        path.chmod(0o600)
    with closing(sqlite3.connect(home / DATABASE)) as connection:
        connection.executescript("\n".join(kept["database"]))
        connection.execute(f"PRAGMA user_version = {kept['schema']}")
        connection.execute("PRAGMA journal_mode = WAL")
    return home / DATABASE


def main(schema: int) -> None:
    """Write the file of a schema."""
    chance, hours = Random(schema), count(1_764_450_000_000, 60_000)
    clock.chance = chance.randbytes
    clock.now_ms = lambda: next(hours)
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory) / "riacho"
        token = asyncio.run(live(home))
        kept = stored(home, token, schema)
    (HERE / f"schema_{schema}.json").write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else SCHEMA_VERSION)
