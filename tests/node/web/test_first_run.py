# SPDX-License-Identifier: AGPL-3.0-or-later
"""`mutirao serve` in an empty home: from nothing to a working network by a browser, safe from whoever else comes."""

import asyncio
import json
import os
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, CookieJar
from soak.marked import rest_to_soak
from yarl import URL

from node import clock
from node.http.sign_in_codes import CODE_MS
from node.keeping.guided import WRONG_MAX, OneTimeCode, keys_lying_in
from node.keeping.home import DATABASE, FOUNDING, KEYS, LOCK, Founding, HomeUnusable, awaits_founding, found, read_keys
from node.languages.catalogues import LANGUAGES_TOLD, wording
from node.web.member_sheet import RowFault, sheet_rows
from node.web.words import PAGE_TEXT
from protocol.book.currency import Currency
from tests.node.web.conftest import Browser, Seen

pytestmark = pytest.mark.timeout(300)

RIACHO = {
    "name": "Oficina do São José",
    "handle": "",
    "language": "pt",
    "pigment": "plum",
    "unit_word": "hora",
    "currency": "",
    "limit": "80,50",
    "time_zone": "America/Fortaleza",
}


@dataclass
class Begun:
    """A `mutirao serve`, what it prints, and a browser that visits it."""

    process: asyncio.subprocess.Process
    browser: Browser
    first: dict[str, Any]

    async def told(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        async with asyncio.timeout(90):
            return json.loads(await self.process.stdout.readline())

    async def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()

    async def fill(self, path: str, **typed: str) -> Seen:
        """Send a form of a page of the set-up."""
        page = await self.browser.get(path)
        return await self.browser.post(path, {"_form": page.hidden("_form"), **typed})

    async def enter(self, code: str) -> Seen:
        return await self.fill("/setup", code=code)


@asynccontextmanager
async def begun(home: Path, port: int = 0) -> AsyncIterator[Begun]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cli", "serve", "--home", str(home), "--http", f"127.0.0.1:{port}",
        "--p2p", "/ip4/127.0.0.1/tcp/0", "--json",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
        env={name: value for name, value in os.environ.items() if not name.startswith("MUTIRAO")},
    )  # fmt: skip
    session = ClientSession(cookie_jar=CookieJar(unsafe=True))
    made = Begun(process, Browser(session, ""), {})
    try:
        made.first = await made.told()
        made.browser.url = made.first.get("url", made.first.get("setup", "")).removesuffix("/setup")
        yield made
    finally:
        await session.close()
        if process.returncode is None:
            process.terminate()
            async with asyncio.timeout(60):
                await process.wait()


@pytest.fixture
def stick() -> Iterator[Path]:
    """A folder on another disk than the tests' own."""
    made = Path(tempfile.mkdtemp(dir="/dev/shm"))
    yield made
    shutil.rmtree(made)


async def test_until_the_code_is_typed_nothing_is_answered_but_the_form_for_it(tmp_path: Path) -> None:
    async with begun(tmp_path / "home") as one:
        for path in ("/", "/setup", "/setup/1", "/setup/3", "/members", "/sign-in"):
            seen = await one.browser.get(path)
            # A program asks without saying that it reads pages.
            assert seen.status == 404 or "The code from the terminal" in seen.text, path
        async with one.browser.session.get(one.browser.url + "/", headers={"Accept": "text/html"}) as answer:
            assert answer.url.path == "/setup"
        for path in ("/v1/node", "/v1/members", "/openapi.json", "/metrics", "/healthz", "/readyz"):
            assert (await one.browser.get(path)).status == 404, path
        page = await one.browser.get("/setup")
        refused = await one.browser.post("/setup/1", {"_form": page.hidden("_form"), **RIACHO})
        assert refused.status == 404 and not (tmp_path / "home").exists(), "nobody founds without the code"
        forged = await one.browser.post("/setup", {"_form": "x", "code": one.first["code"]})
        assert forged.status == 403
        statuses = [(await one.enter("AAAA-BBBB-CCCC")).status for _ in range(7)]
        assert statuses[:5] == [422] * 5 and statuses[-1] == 429


async def test_a_code_opens_once_and_only_for_a_while() -> None:
    told: list[str] = []
    now = 1_000
    code = OneTimeCode(told.append, now=lambda: now, chance=clock.chance)
    code.renew()
    assert code.opens(told[0].lower().replace("-", " ")) and not code.opens(told[0])
    assert len(told) == 2, "another is printed for who comes then"
    now += CODE_MS + 1
    assert not code.opens(told[1]) and len(told) == 3
    for _ in range(WRONG_MAX):
        assert not code.opens("AAAA-AAAA-AAAA")
    assert len(told) == 4 and not code.opens(told[2]) and code.opens(told[3])


@pytest.mark.parametrize("language", rest_to_soak(LANGUAGES_TOLD, first=1))
async def test_from_nothing_to_a_working_network_with_an_invitation(tmp_path: Path, stick: Path, language: str) -> None:
    home = tmp_path / "home"
    sticks = [stick / name for name in ("josefa", "marcos", "copy")]
    for one in sticks:
        one.mkdir()

    def said(english: str) -> str:
        return wording(language, english, PAGE_TEXT)

    async with begun(home) as one:
        page = await one.browser.get("/setup", language)
        form = await one.browser.post("/setup", {"_form": page.hidden("_form"), "code": one.first["code"]},
                                      {"Accept-Language": language})  # fmt: skip
        assert form.path == "/setup/1" and said("What is your group called?") in form.text
        wrong = await one.browser.post(
            "/setup/1", {"_form": form.hidden("_form"), **RIACHO, "limit": "lots"}, {"Accept-Language": language}
        )
        assert wrong.status == 422 and 'value="Oficina do São José"' in wrong.html, "what was typed is kept"
        founded = await one.browser.post(
            "/setup/1", {"_form": wrong.hidden("_form"), **RIACHO}, {"Accept-Language": language}
        )
        assert founded.path == "/setup/2" and said("Two people keep a key") in founded.text
        assert 'data-pigment="plum"' in founded.html
        told = await one.told()
        assert told["handle"] == "oficina-do-sao-jose" and "steward_token" not in told
        assert "addresses" in await one.told()
        # Two keyholders: one by a stick, one on paper.
        seed = (home / KEYS / "next.key").read_text().splitlines()[-1]
        here = await one.fill("/setup/2", key="next", way="folder", folder=str(tmp_path), keeper="Josefa")
        assert here.status == 422 and keys_lying_in(home) == ("next", "cold"), "not to the same disk"
        given = await one.fill("/setup/2", key="next", way="folder", folder=str(sticks[0]), keeper="Josefa")
        assert given.status == 200 and "Josefa" in given.text and keys_lying_in(home) == ("cold",)
        assert (sticks[0] / "next.key").read_text().splitlines()[-1] == seed
        same = await one.fill("/setup/2", key="cold", way="folder", folder=str(sticks[0]), keeper="Josefa")
        assert same.status == 422 and keys_lying_in(home) == ("cold",), "not to the same person"
        cold = (home / KEYS / "cold.key").read_text().splitlines()[-1]
        paper = await one.fill("/setup/2", key="cold", way="paper", keeper="Marcos")
        assert cold[:4] in paper.text and "<svg" in paper.html
        misread = await one.fill("/setup/2", key="cold", way="read", typed=cold[:-1] + "x", keeper="Marcos")
        assert misread.status == 422 and keys_lying_in(home) == ("cold",)
        spaced = " ".join(cold[at : at + 4] for at in range(0, 64, 4)).upper()
        await one.fill("/setup/2", key="cold", way="read", typed=spaced, keeper="Marcos")
        assert keys_lying_in(home) == () and read_keys(home).keyring is not None
        # A copy elsewhere, tried at once.
        tried = await one.fill("/setup/3", folder=str(sticks[2]))
        [copy] = sticks[2].iterdir()
        assert str(copy) in tried.text
        # The first members, seen before they are taken in.
        sheet = "Nome\tapelido\tlimite\nAna Lima\t\t\nBia d'Ávila\tbia\t12,5\n"
        read = await one.fill("/setup/4", sheet=sheet, step="read")
        assert "ana-lima" in read.text
        taken = await one.fill("/setup/4", sheet=sheet, step="take")
        again = await one.fill("/setup/4", sheet=sheet, step="take")
        assert taken.status == again.status == 200
        cookie = one.browser.session.cookie_jar.filter_cookies(URL(one.browser.url))["mutirao"].value
        headers = {"Authorization": f"Bearer {cookie}"}
        async with ClientSession(headers=headers) as steward:
            async with steward.get(f"{one.browser.url}/v1/members") as answer:
                members = (await answer.json())["items"]
            assert sorted(one["handle"] for one in members) == ["ana-lima", "bia"]
            async with steward.get(f"{one.browser.url}/v1/accounts/ana-lima") as answer:
                assert (await answer.json())["limit"]["value"] == "-8050"
            async with steward.get(f"{one.browser.url}/v1/accounts/bia") as answer:
                assert (await answer.json())["limit"]["value"] == "-1250"
            async with steward.get(f"{one.browser.url}/v1/parameters/group.time_zone") as answer:
                assert (await answer.json())["value"] == "America/Fortaleza"
            # An invitation, and somebody who joins by it.
            slips = await one.fill("/setup/5", step="invite", count="2")
            assert slips.html.count('class="qr"') == 2
            code = slips.html.partition('class="spelt">')[2].partition("<")[0]
            assert f"/j/{code}" in slips.text
            wish = {"code": code, "handle": "caio"}
            async with steward.post(f"{one.browser.url}/v1/members", json=wish) as answer:
                assert answer.status == 201, await answer.text()
        done = await one.fill("/setup/5", step="finish")
        token = re.search("mt_[A-Za-z0-9_-]+", done.text)
        assert token is not None
        headers = {"Authorization": f"Bearer {token[0]}"}
        async with one.browser.session.get(f"{one.browser.url}/v1/tokens", headers=headers) as answer:
            live = [(kept["label"], kept["role"]) for kept in (await answer.json())["items"] if kept["live"]]
        assert live == [("browser", "steward"), ("made at the end of the set-up", "steward")]
        assert "This week" in (await one.browser.get("/week")).text
        over = await one.browser.get("/setup/2")
        assert over.status == 404, "keys are handed over no more"
    async with begun(home) as one:
        assert "addresses" in one.first, "an ordinary node from now on"


async def test_what_is_killed_in_the_middle_goes_on_where_it_was(tmp_path: Path, stick: Path) -> None:
    home = tmp_path / "home"
    async with begun(home) as one:
        await one.enter(one.first["code"])
        await one.kill()
    assert awaits_founding(home)
    async with begun(home) as one:
        assert (await one.enter(one.first["code"])).path == "/setup/1"
        assert (await one.fill("/setup/1", **(RIACHO | {"language": "en"}))).path == "/setup/2"
        await one.fill("/setup/2", key="next", way="folder", folder=str(stick), keeper="Josefa")
        await one.kill()
    async with begun(home) as one:
        again = await one.told()
        assert again["setup"].endswith("/setup")
        other = await one.browser.get("/setup/2")
        assert "The code from the terminal" in other.text, "another browser is asked for the code"
        inside = await one.enter(again["code"])
        assert inside.path == "/setup/2" and "Josefa keeps it" in inside.text
        assert keys_lying_in(home) == ("cold",)
        week = await one.browser.get("/week")
        assert "Keys that bring the network back still lie on this computer" in week.text
        assert (await one.enter(again["code"])).status in (200, 422)


def test_a_founding_that_was_cut_short_anywhere_is_begun_anew_or_whole(tmp_path: Path) -> None:
    home = tmp_path / "home"
    founding = Founding("riacho", "Riacho", "HORA", guided=True)

    async def found_it() -> Any:
        return await found(home, founding, now=clock.now_ms, chance=clock.chance)

    told = asyncio.run(found_it())
    with pytest.raises(HomeUnusable, match="not empty"):
        asyncio.run(found_it())
    names = sorted((path.name for path in home.iterdir() if path.name != LOCK), key=lambda name: name == DATABASE)
    for cut in range(len(names)):
        torn = tmp_path / f"torn-{cut}"
        shutil.copytree(home, torn)
        (torn / FOUNDING).mkdir()
        for name in names[cut:]:
            (torn / name).rename(torn / FOUNDING / name)
        assert awaits_founding(torn), names[:cut]
        again = asyncio.run(found(torn, founding, now=clock.now_ms, chance=clock.chance))
        assert again.network_id != told.network_id and not (torn / FOUNDING).exists()
        assert sorted(one.name for one in torn.iterdir()) == sorted([*names, LOCK])
    (home / FOUNDING).mkdir()
    assert not awaits_founding(home), "its database is there: nothing of it is touched"
    lost = tmp_path / "lost"
    shutil.copytree(home, lost)
    (lost / FOUNDING).rmdir()
    (lost / DATABASE).unlink()
    assert not awaits_founding(lost), "whose database was lost is no new home"


def test_rows_of_a_spreadsheet_are_judged_each(tmp_path: Path) -> None:
    del tmp_path
    hora = Currency("HORA", "HORA", "hora", 2, -10_000, None, 1)
    text = "Name;Handle;Limit\nAna Lima;;\n\nBia;bia;1,5\nBia;bia;\n;x;\nÑ;;\nCaio;caio;many\n<script>;s1;0\nDora;dora;"
    rows = sheet_rows(text, hora, {"dora": "M"})
    faults = [RowFault.TWICE, RowFault.NAME, RowFault.HANDLE, RowFault.LIMIT]
    assert [(one.number, one.fault) for one in rows if one.fault] == list(zip((5, 6, 7, 8), faults, strict=True))
    brought = [(one.member.handle, one.member.accounts[0].credit_limit.value) for one in rows if one.member]
    assert brought == [("ana-lima", 10_000), ("bia", 150), ("s1", 0)]
    assert [one.cells[1] for one in rows if one.is_here] == ["dora"]
