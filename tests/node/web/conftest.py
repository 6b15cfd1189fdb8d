# SPDX-License-Identifier: AGPL-3.0-or-later
"""A real node's pages, and browsers that visit them: without scripts, as an old telephone would."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, CookieJar, DummyCookieJar

from node import clock
from node.hooks.sender import HookSender
from node.hooks.store import HookStore
from node.http.about import NodeShown
from node.http.app import Api, HomeDoor
from node.keeping import home
from node.loop.runtime import Runtime
from node.store.loading import Loader
from node.store.storage import Storage
from protocol.practices import OPERATIONS, PRACTICES
from protocol.replica import Replica


@dataclass
class Seen:
    """A page as somebody sees it."""

    status: int
    path: str
    html: str
    headers: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def text(self) -> str:
        """The words of the page's content."""
        body = self.html[self.html.find("<body") :]
        return " ".join(unescape(re.sub(r"<[^>]+>", " ", body)).split())

    def hidden(self, name: str) -> str:
        """Return the value of a hidden field."""
        found = re.search(rf'name="{name}" value="([^"]*)"', self.html)
        assert found is not None, f"no field {name} in {self.path}"
        return unescape(found[1])

    @property
    def links(self) -> list[str]:
        """Where the page leads to on this node."""
        found = (unescape(one) for one in re.findall(r'href="(/[^"]*)"', self.html))
        return [one for one in found if not one.startswith(("/static/", "/tile", "/v1/"))]


@dataclass
class Browser:
    """Somebody's browser."""

    session: ClientSession
    url: str

    async def get(self, path: str, language: str = "en") -> Seen:
        async with self.session.get(self.url + path, headers={"Accept-Language": language}) as answer:
            return Seen(answer.status, answer.url.raw_path, await answer.text(), dict(answer.headers))

    async def post(self, path: str, fields: dict[str, str], headers: dict[str, str] | None = None) -> Seen:
        async with self.session.post(self.url + path, data=fields, headers=headers or {}) as answer:
            return Seen(answer.status, answer.url.raw_path, await answer.text(), dict(answer.headers))

    async def send(self, path: str, **typed: str) -> Seen:
        """Open a form, fill it in, and send it; where it asks once more, say yes."""
        page = await self.get(path)
        assert page.status == 200, page.text
        fields = {"_form": page.hidden("_form"), "_key": page.hidden("_key"), **typed}
        sent = await self.post(path, fields)
        if sent.status == 200 and 'value="do"' in sent.html:
            return await self.post(path, {**fields, "_step": "do"})
        return sent

    async def sign_in(self, code: str) -> Seen:
        page = await self.get("/sign-in")
        return await self.post("/sign-in", {"_form": page.hidden("_form"), "code": code})


@dataclass
class Town:
    """A serving node with members who have no keys of their own."""

    url: str
    steward: str
    asking: ClientSession
    browsers: list[ClientSession] = field(default_factory=list[ClientSession])

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": f"Bearer {self.steward}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        async with self.asking.request(method, self.url + path, data=data, headers=headers) as answer:
            assert answer.status < 400, await answer.text()
            return await answer.json(content_type=None)

    async def join(self, handle: str, name: str) -> None:
        code = (await self.ask("POST", "/v1/invitations"))["code"]
        member = (await self.ask("POST", "/v1/members", {"code": code, "handle": handle, "name": name}))["id"]
        await self.ask("POST", f"/v1/members/{member}/approve", {})

    def browser(self) -> Browser:
        # Its node has an address for a name, whose cookies are kept all the same.
        session = ClientSession(cookie_jar=CookieJar(unsafe=True))
        self.browsers.append(session)
        return Browser(session, self.url)

    async def signed_in(self, **wish: str) -> Browser:
        browser = self.browser()
        code = (await self.ask("POST", "/v1/sign-in-codes", wish))["code"]
        seen = await browser.sign_in(code)
        assert seen.status == 200, seen.text
        return browser


@pytest.fixture
async def town(tmp_path: Path) -> AsyncIterator[Town]:
    directory = tmp_path / "riacho"
    founding = home.Founding("riacho", "Riacho", "HORA", default_limit="100.00")
    founded = await home.found(directory, founding, now=clock.now_ms, chance=clock.chance)
    keyring = home.read_keys(directory).keyring
    storage = await Storage.open(directory / home.DATABASE)
    network = next(storage.entries()).id

    def load() -> Replica:
        return Loader(storage, network).load(lambda: Replica(network, PRACTICES, chance=clock.chance, keyring=keyring))

    runtime = Runtime(storage, load, network=network, now=clock.now_ms, seconds=clock.seconds, advance=lambda _: None)
    await runtime.start()
    running = asyncio.create_task(runtime.run())
    shown = NodeShown(founded.network_id, "riacho", "Riacho", founded.peer_id, (), "READY", "0", "/source")
    store = HookStore(tmp_path / "hooks.db")
    home_door = HomeDoor(hooks=HookSender(store, now=clock.now_ms, chance=clock.chance))
    api = Api(
        runtime,
        OPERATIONS,
        about=lambda: shown,
        troubles=list,
        now=clock.now_ms,
        chance=clock.chance,
        home=home_door,
    )
    url = await api.start("127.0.0.1", 0)
    async with ClientSession(cookie_jar=DummyCookieJar()) as asking:
        made = Town(url, founded.steward_token, asking)
        yield made
        for session in made.browsers:
            await session.close()
    await api.stop()
    runtime.stop()
    await running
    await storage.close()
    store.close()
