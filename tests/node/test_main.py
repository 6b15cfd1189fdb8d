# SPDX-License-Identifier: AGPL-3.0-or-later
"""A home is served by one process, whole or not at all, until it is told to end."""

import asyncio
import json
import os
import shutil
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession

from node import clock
from node.keeping.home import DATABASE, HIGH_WATER, KEYS, Founded, Founding, found

END_SECONDS = 5.0
OLDER = (
    "-c",
    (
        "import sys, protocol.practices as house\n"
        "house.PRACTICES = tuple(one for one in house.PRACTICES if one.name != 'payment-requests')\n"
        "from cli.main import main\n"
        "sys.exit(main())"
    ),
)
"""A program of a version that does not know payment requests."""


@dataclass
class Served:
    """A serving process: where it listens, and what it logs."""

    process: asyncio.subprocess.Process
    url: str
    token: str
    errors: "asyncio.Task[bytes]"

    async def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        headers = {"Authorization": f"Bearer {self.token}"}
        async with (
            ClientSession(headers=headers) as session,
            session.request(method, self.url + path, json=body) as response,
        ):
            return response.status, await response.json()

    async def end(self) -> list[dict[str, Any]]:
        """End it by SIGTERM, cleanly and in time; returns what it logged."""
        self.process.terminate()
        async with asyncio.timeout(END_SECONDS):
            assert await self.process.wait() == 0
        return [json.loads(line) for line in (await self.errors).splitlines()]


async def launched(home: Path, *words: str, program: tuple[str, str] = ("-m", "cli")) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, *program, "serve", "--home", str(home), "--http", "127.0.0.1:0",
        "--p2p", "/ip4/127.0.0.1/tcp/0", "--json", *words,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        env={name: value for name, value in os.environ.items() if not name.startswith("MUTIRAO")},
    )  # fmt: skip


@asynccontextmanager
async def served(
    home: Path, token: str, *words: str, program: tuple[str, str] = ("-m", "cli")
) -> AsyncIterator[Served]:
    process = await launched(home, *words, program=program)
    assert process.stdout is not None and process.stderr is not None
    errors = asyncio.create_task(process.stderr.read())
    try:
        said = await process.stdout.readline()
        assert said, (await errors).decode()
        yield Served(process, json.loads(said)["url"], token, errors)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
        await errors


async def refusal(home: Path, *words: str) -> str:
    """Return why a home cannot be served."""
    process = await launched(home, *words)
    _, errors = await process.communicate()
    assert process.returncode == 1, errors
    return errors.decode()


@pytest.fixture
async def riacho(tmp_path: Path) -> Founded:
    """A network founded in the home `riacho`."""
    founding = Founding("riacho", "Riacho", "HORA")
    return await found(tmp_path / "riacho", founding, now=clock.now_ms, chance=clock.chance)


async def test_a_node_serves_until_it_is_told_to_end_even_while_somebody_listens(
    tmp_path: Path, riacho: Founded
) -> None:
    home = tmp_path / "riacho"
    async with served(home, riacho.steward_token) as node:
        status, about = await node.ask("GET", "/v1/node")
        assert (status, about["network_id"], about["peer_id"]) == (200, riacho.network_id, riacho.peer_id)
        assert (about["handle"], about["state"]) == ("riacho", "READY")
        status, invitation = await node.ask("POST", "/v1/invitations")
        assert status == 201
        headers = {"Authorization": f"Bearer {node.token}"}
        async with ClientSession(headers=headers) as session, session.get(f"{node.url}/v1/events") as events:
            assert events.status == 200
            logged = await node.end()
    assert [line["message"] for line in logged] == ["listening", "serving", "ending"]
    secrets = [riacho.steward_token, invitation["code"]]
    secrets += [path.read_text().splitlines()[-1] for path in (home / KEYS).iterdir()]
    assert not [secret for secret in secrets if secret in str(logged)]


async def test_a_second_node_in_one_home_is_told_of_the_first(tmp_path: Path, riacho: Founded) -> None:
    async with served(tmp_path / "riacho", riacho.steward_token) as node:
        assert f"another mutirao (process {node.process.pid})" in await refusal(tmp_path / "riacho")
        assert (await node.ask("GET", "/readyz"))[0] == 200
        await node.end()


async def test_a_node_that_may_have_an_old_copy_signs_nothing_until_told_to_go_on(
    tmp_path: Path, riacho: Founded
) -> None:
    home = tmp_path / "riacho"
    (home / HIGH_WATER).unlink()
    async with served(home, riacho.steward_token) as node:
        status, problem = await node.ask("POST", "/v1/invitations")
        assert (status, problem["code"]) == (503, "RECOVERING")
        assert "stewards: start this node with `mutirao serve --reopen`" in problem["ways"][-1]
        assert (await node.ask("GET", "/v1/node"))[1]["state"] == "RECOVERING"
        status, problem = await node.ask("GET", "/readyz")
        assert (status, problem["figures"]["code"]) == (503, "RECOVERING")
        assert "none is known here" in problem["figures"]["waits_for"]
        assert "`mutirao serve --reopen`" in problem["figures"]["to_do"]
        logged = await node.end()
    assert logged[0]["reason"] == "the high-water mark is missing or cannot be read"
    told = [line for line in logged if line["message"] == "recovering: nothing is signed"]
    assert [(line["code"], line["to_do"]) for line in told] == [("RECOVERING", problem["figures"]["to_do"])]
    async with served(home, riacho.steward_token, "--reopen") as node:
        while (await node.ask("GET", "/readyz"))[0] != 200:  # noqa: ASYNC110
            await asyncio.sleep(0.05)  # the other process tells nobody when
        assert (await node.ask("POST", "/v1/invitations"))[0] == 201
        await node.end()
    async with served(home, riacho.steward_token) as node:
        assert (await node.ask("GET", "/readyz"))[0] == 200
        await node.end()


async def test_a_home_with_the_key_of_another_network_is_not_served(tmp_path: Path, riacho: Founded) -> None:
    await found(tmp_path / "serra", Founding("serra", "Serra", "FLOR"), now=clock.now_ms, chance=clock.chance)
    shutil.copy(tmp_path / "serra" / KEYS / "hot.key", tmp_path / "riacho" / KEYS / "hot.key")
    assert "not the key with which this network signs" in await refusal(tmp_path / "riacho")


async def test_an_address_that_somebody_has_is_told(tmp_path: Path, riacho: Founded) -> None:
    taken = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = taken.sockets[0].getsockname()[1]
    try:
        for option, address in (("--http", f"127.0.0.1:{port}"), ("--p2p", f"/ip4/127.0.0.1/tcp/{port}")):
            assert "address already in use" in (await refusal(tmp_path / "riacho", option, address)).lower(), option
    finally:
        taken.close()
        await taken.wait_closed()


async def test_an_older_node_says_what_it_lacks_and_a_newer_one_reads_what_it_has_kept(
    tmp_path: Path, riacho: Founded
) -> None:
    home = tmp_path / "riacho"
    async with served(home, riacho.steward_token) as node:
        for handle in ("ana", "bia"):
            _, invitation = await node.ask("POST", "/v1/invitations")
            await node.ask("POST", "/v1/members", {"code": invitation["code"], "handle": handle})
            await node.ask("POST", f"/v1/members/{handle}/approve")
        hour = {"value": "100", "asset_code": "HORA", "asset_scale": 2}
        status, _ = await node.ask("POST", "/v1/payments", {"payer": "ana", "payee": "bia", "amount": hour})
        assert status == 201
        status, _ = await node.ask("POST", "/v1/payment-requests", {"payee": "bia", "payer": "ana", "amount": hour})
        assert status == 201
        status, _ = await node.ask("POST", "/v1/payments", {"payer": "ana", "payee": "bia", "amount": hour})
        assert status == 201
        _, accounts = await node.ask("GET", "/v1/accounts")
        paths = [f"/v1/accounts/{one['id']}/statement" for one in accounts["items"]]
        told = [(await node.ask("GET", path))[1] for path in paths]
        await node.end()
    async with served(home, riacho.steward_token, program=OLDER) as node:
        _, about = await node.ask("GET", "/v1/node")
        assert (about["state"], about["lacks"]) == ("BEHIND", "payment-requests/requested")
        status, problem = await node.ask("GET", "/readyz")
        assert status == 503 and "payment-requests/requested" in str(problem)
        status, problem = await node.ask("POST", "/v1/invitations")
        assert (status, problem["code"]) == (503, "BEHIND")
        logged = await node.end()
        assert [line["kind"] for line in logged if "upgrade" in line["message"]] == ["payment-requests/requested"]
    # What such a version had taken in meanwhile would have no lines.
    with closing(sqlite3.connect(home / DATABASE)) as database, database:
        [(request,)] = database.execute("SELECT max(seq) - 1 FROM lines").fetchall()
        assert database.execute("DELETE FROM lines WHERE seq >= ?", (request,)).rowcount
        database.execute("INSERT INTO meta VALUES ('unread', ?)", (request,))
    for _ in range(2):
        async with served(home, riacho.steward_token) as node:
            assert (await node.ask("GET", "/v1/node"))[1]["state"] == "READY"
            assert [(await node.ask("GET", path))[1] for path in paths] == told
            await node.end()
