# SPDX-License-Identifier: AGPL-3.0-or-later
"""The page by which anybody checks a label, as a stranger sees it who has scanned a jar."""

import asyncio
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from html import unescape
from typing import Any
from urllib.parse import urlsplit

import pytest

from node.languages.catalogues import LANGUAGES_TOLD
from node.loop.runtime import Runtime
from protocol.practices.marks.labels.verdict import LabelWarning
from protocol.practices.marks.labels.wishes import LabelShown, LabelVerified
from tests.node.web.conftest import Seen, Town

pytestmark = pytest.mark.timeout(120)
GTIN, WRONG = "9506000134352", "9506000134353"


async def labelled(town: Town, **more: Any) -> Any:
    """Let the growers label Elio's honey by a scheme of their own."""
    for handle in ("growers", "elio"):
        await town.join(handle, handle.title())
    rules = sha256(b"No sugar is fed.").hexdigest()
    terms = {
        "name": "Honey of the hills", "rules": rules, "topic": "environment.biodiversity", "codes": ["0291"],
        "owner": "growers",
    }  # fmt: skip
    scheme = await town.ask("POST", "/v1/label-schemes", terms)
    wish = {"scheme": scheme["id"], "holder": "elio", "codes": ["02910"], "issuer": "growers", "plots": ["hill-3"]}
    return await town.ask("POST", "/v1/labels", {**wish, **more})


async def trusted(town: Town, label: Any) -> None:
    """Let the group decide that it trusts the growers, in seconds."""
    await town.ask("POST", "/v1/parameters/motions.least_minutes/set", {"value": "0"})
    closes = (datetime.now(UTC) + timedelta(seconds=2)).isoformat()
    wish = {"operation": "label-issuers.trust", "wish": {"issuer": label["issuer_did"]}}
    motion = await town.ask("POST", "/v1/motions", {"text": "It", "closes": closes, "wishes": [wish]})
    for handle in ("growers", "elio"):
        await town.ask("POST", f"/v1/motions/{motion['id']}/vote", {"ballot": "yes", "member": handle})
    for _ in range(200):
        if (await town.ask("GET", f"/v1/motions/{motion['id']}"))["state"] == "executed":
            return
        await asyncio.sleep(0.05)
    raise AssertionError("the group has not decided")


def printed(seen: Seen) -> list[str]:
    """Return what the codes on a page lead to."""
    return [unescape(one) for one in re.findall(r"<figcaption>([^<]*)</figcaption>", seen.html)]


async def test_a_stranger_reads_one_verdict_and_what_to_do(town: Town) -> None:
    label = await labelled(town)
    stranger = town.browser()
    empty = await stranger.get("/labels/check")
    assert empty.status == 200 and "Check a label" in empty.text
    path = f"/labels/check?label={label['id']}"
    unknown = await stranger.get(path)
    assert unknown.status == 200 and "Issuer not trusted: growers" in unknown.text
    assert "let the group decide" in unknown.text and "ISSUER_UNTRUSTED" in unknown.text
    await trusted(town, label)
    good = await stranger.get(path)
    assert "This label counts" in good.text and 'role="alert"' not in good.html
    for word in ("Honey of the hills", "growers", "elio", "02910", "hill-3"):
        assert word in good.text
    jam = await stranger.get(f"{path}&code=21494")
    assert "This label does not cover 21494" in jam.text and "This label counts" not in jam.text
    assert "This label counts" in (await stranger.get(f"{path}&code=02910")).text
    await town.ask("POST", f"/v1/labels/{label['id']}/revoke", {})
    gone = await stranger.get(path)
    assert "Revoked by growers" in gone.text and "ask the holder for another label" in gone.text
    assert 'role="alert"' in gone.html


async def test_what_is_printed_leads_a_telephone_here(town: Town) -> None:
    plain = await labelled(town)
    stranger = town.browser()
    seen = await stranger.get(f"/labels/check?label={plain['id']}")
    [link] = printed(seen)
    assert link == f"{town.url}/labels/check?label={plain['id']}%40{plain['network']}"
    parts = urlsplit(link)
    assert "Honey of the hills" in (await stranger.get(f"{parts.path}?{parts.query}")).text
    assert 'class="qr"><svg' in seen.html
    assert not re.search(r"\sstyle=|<script(?![^>]*\ssrc=)", seen.html), "no style and no script stand in the page"


async def test_a_trade_item_has_a_digital_link(town: Town) -> None:
    label = await labelled(town, gtins=[GTIN])
    stranger = town.browser()
    [link] = printed(await stranger.get(f"/labels/check?label={label['id']}"))
    assert link == f"{town.url}/01/0{GTIN}?label={label['id']}%40{label['network']}"
    parts = urlsplit(link)
    scanned = await stranger.get(f"{parts.path}?{parts.query}")
    assert scanned.path == "/labels/check" and f'value="0{GTIN}"' in scanned.html
    assert "Honey of the hills" in scanned.text and "Issuer not trusted" in scanned.text
    await trusted(town, label)
    assert "This label counts" in (await stranger.get(f"{parts.path}?{parts.query}")).text
    other = await stranger.get(f"/labels/check?label={label['id']}&gtin=4006381333931")
    assert "This label does not cover" in other.text
    bare = await stranger.get(f"/01/{GTIN}")
    assert bare.path == "/labels/check" and f'value="0{GTIN}"' in bare.html, "of which label is asked"
    for wrong in (WRONG, "1", "gtin"):
        assert (await stranger.get(f"/01/{wrong}")).status == 400, "a check digit shows that it was misread"


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("label=nothing", 404, "NOT_FOUND"),
        ("label=5f6c1a3e-0000-4000-8000-000000000000", 404, "NOT_FOUND"),
        ("label=x%40nowhere", 404, "NETWORK_UNKNOWN"),
        (f"label={'x' * 200}", 400, "MALFORMED"),
        ("label=x&code=123456", 400, "MALFORMED"),
        (f"label=x&gtin={WRONG}", 400, "MALFORMED"),
    ],
)
async def test_what_is_no_label_is_told_so(town: Town, query: str, status: int, code: str) -> None:
    seen = await town.browser().get(f"/labels/check?{query}")
    assert (seen.status, code in seen.text) == (status, True), seen.text


async def test_an_old_list_is_amber_and_tells_its_age(town: Town, monkeypatch: pytest.MonkeyPatch) -> None:
    label = await labelled(town)
    await trusted(town, label)
    asked, warning = Runtime.ask, [LabelWarning.STATUS_STALE]

    async def old(self: Runtime, *args: Any, **more: Any) -> Any:
        found = await asked(self, *args, **more)
        if isinstance(found, LabelVerified):
            return replace(found, warnings=tuple(warning), status_days_old=31)
        return replace(found, status_days_old=31) if isinstance(found, LabelShown) else found

    monkeypatch.setattr(Runtime, "ask", old)
    stranger = town.browser()
    path = f"/labels/check?label={label['id']}"
    seen = await stranger.get(path)
    assert "Good, but our list is 31 days old" in seen.text and 'class="slip alert"' in seen.html
    for language in LANGUAGES_TOLD:
        told = await stranger.get(path, language)
        assert told.status == 200 and "31" in told.text
        assert ("our list" in told.text) is (language == "en")
    warning[0] = LabelWarning.STATUS_UNKNOWN
    assert "Good, as far as we know" in (await stranger.get(path)).text
    warning[0] = LabelWarning.SELF_ISSUED
    seen = await stranger.get(path)
    assert "This label counts" in seen.text and "issued it for itself" in seen.text
