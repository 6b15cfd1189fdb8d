# SPDX-License-Identifier: AGPL-3.0-or-later
"""Page by page, of a group that has done everything once: texts are texts, and nobody's page opens to another."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from aiohttp import ClientSession, DummyCookieJar

from node.http.values import bytes_text
from protocol.practices import OPERATIONS
from tests.node.http.tried import Trial, founded, try_all
from tests.node.web.crawl import VERBS, Visitor, raw_ids, seen_in

pytestmark = pytest.mark.timeout(300)

WICKED = "<img src=x onerror=alert(1)>"
"""What must nowhere be markup."""
TEXTS = re.compile(
    r"name|title|note|text|demand|reason|description|label|words|why|statement|reply|summary|place|purpose|skills?"
)
"""Fields that hold what people write; what else is typed has a shape of its own, which refuses markup."""
ADDRESSED = {"/v1/issuer-groups"}
"""Things whose name is their address: the trial goes on by it."""
NOT_OF_ONE = {"/receipts/check"}
"""Pages that are of no one thing, though they stand where the page of one would."""


class WickedTrial:
    """Says something wicked in each text of a body, and does without where that is refused."""

    def __init__(self, trial: Trial) -> None:
        self._ask = trial.ask
        self.said: set[str] = set()
        """The operations that took it."""

    async def ask(self, who: str, operation: str, path: str, body: Any = None, method: str = "POST") -> Any:
        spoilt = body if path in ADDRESSED else spoil(body)
        if spoilt != body:
            try:
                answer = await self._ask(who, operation, path, spoilt, method)
            except AssertionError:
                return await self._ask(who, operation, path, body, method)
            self.said.add(operation or path)
            return answer
        return await self._ask(who, operation, path, body, method)


def spoil(body: Any, name: str = "") -> Any:
    """Return a body with markup behind each of its texts."""
    if isinstance(body, dict):
        return {key: spoil(one, str(key)) for key, one in body.items()} if "signed" not in body else body
    if isinstance(body, list):
        return [spoil(one, name) for one in body]
    return f"{body[:20]}{WICKED}" if isinstance(body, str) and TEXTS.fullmatch(name) else body


async def test_what_people_write_is_text_on_every_page(tmp_path: Path) -> None:
    async with founded(tmp_path / "riacho") as trial:
        wicked = WickedTrial(trial)
        trial.ask = wicked.ask  # pyright: ignore[reportAttributeAccessIssue]
        await try_all(trial)
        assert len(wicked.said) > 30, wicked.said
        showing: set[str] = set()
        async with ClientSession(cookie_jar=DummyCookieJar()) as session:
            for who in ("steward", "bia", ""):
                for path, (status, html) in (
                    await Visitor(session, trial.url, trial.tokens.get(who, "")).crawl()
                ).items():
                    assert status < 500, (who, path)
                    assert WICKED not in html and "<img src=x" not in html, (who, path)
                    assert raw_ids(path, seen_in(html)) == [], (who, path)
                    if "&lt;img src=x" in html:
                        showing.add(path.split("/")[1].split("?")[0])
        assert len(showing) > 15, f"few pages show what was written: {showing}"


async def test_no_page_opens_to_whom_the_api_refuses_the_same(tmp_path: Path) -> None:
    async with founded(tmp_path / "riacho") as trial:
        await try_all(trial)
        await trial.sign_in("ana")
        async with ClientSession(cookie_jar=DummyCookieJar()) as session:
            visitors = {
                who: Visitor(session, trial.url, trial.tokens.get(who, ""))
                for who in ("steward", "ana", "bia", "caio", "")
            }
            paths = {path for who in ("steward", "ana", "bia") for path in await visitors[who].crawl()}
            shut = 0
            for who in ("ana", "bia", "caio", ""):
                for path in sorted(paths):
                    noun, _, rest = path.removeprefix("/").partition("?")[0].partition("/")
                    shown = OPERATIONS.get(f"{noun}.show")
                    if shown is None or not rest or "/" in rest or rest in VERBS or path in NOT_OF_ONE:
                        continue
                    status, _ = await visitors[who].get(path)
                    told = await visitors[who].asked(path.partition("?")[0])
                    assert (status < 400) == (told < 400), (who, path, status, told)
                    shut += status >= 400
            assert shut > 20, "nothing was shut to anybody"
            await statements_are_ones_own(trial.url, session, visitors["steward"], visitors["caio"])


async def statements_are_ones_own(url: str, session: ClientSession, steward: Visitor, caio: Visitor) -> None:
    headers = {"Authorization": f"Bearer {steward.token}"}
    async with session.get(f"{url}/v1/accounts?limit=100", headers=headers) as answer:
        accounts = [one["id"] for one in (await answer.json())["items"]]
    own = (await caio.get("/statement"))[1]
    assert len(accounts) > 5
    for account in accounts:
        status, html = await caio.get("/statement?" + urlencode({"account": account}))
        assert status >= 400 or not foreign_lines(html, own), account
    for nobody in ("", bytes_text(bytes(32))):
        assert (await Visitor(session, url, nobody).get("/statement"))[0] == 401


def foreign_lines(html: str, own: str) -> set[str]:
    """Return what a statement leads to that one's own statements do not."""
    return set(re.findall(r'href="/payments/([0-9a-f-]{36})"', html)) - set(
        re.findall(r'href="/payments/([0-9a-f-]{36})"', own)
    )
