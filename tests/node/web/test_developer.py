# SPDX-License-Identifier: AGPL-3.0-or-later
"""The pages for who writes programs: tokens, webhooks, and what happens, without scripts."""

import re
from pathlib import Path

import pytest

from node.web.site import STATIC
from tests.node.web.conftest import Browser, Seen, Town

pytestmark = pytest.mark.timeout(120)

SCRIPT_BYTES_MAX = 2 * 1024


async def fill(browser: Browser, path: str, **typed: str) -> Seen:
    page = await browser.get(path)
    return await browser.post(path, {"_form": page.hidden("_form"), **typed})


async def test_a_token_with_a_scope_is_made_shown_once_and_revoked(town: Town) -> None:
    await town.join("ana", "Ana")
    ana = await town.signed_in(member="ana")
    made = await fill(ana, "/tokens", label="<b>till</b>", scopes="accounts:read")
    token = re.search("mt_[A-Za-z0-9_-]+", made.text)
    assert token is not None and "<b>till" not in made.html
    again = await ana.get("/tokens")
    assert token[0] not in again.text and "accounts:read" in again.text
    town.steward, steward = token[0], town.steward
    assert (await town.ask("GET", "/v1/accounts/ana"))["name"] == "ana"
    town.steward = steward
    forms = re.findall(r'name="id" value="(\d+)"', again.html)
    await fill(ana, "/tokens", step="revoke", id=forms[-1])
    assert "&lt;b&gt;till" not in (await ana.get("/tokens")).html, "what was revoked is listed no more"
    other = await town.signed_in(member="ana")
    await town.join("bia", "Bia")
    bia = await town.signed_in(member="bia")
    assert (await fill(bia, "/tokens", step="revoke", id=forms[0])).status == 404, "nobody revokes another's"
    assert (await other.get("/")).status == 200


async def test_what_happens_is_listed_for_whom_it_concerns(town: Town) -> None:
    await town.join("ana", "Ana")
    await town.join("bia", "Bia")
    ana, bia = await town.signed_in(member="ana"), await town.signed_in(member="bia")
    seen = await ana.get("/events")
    newest = re.search(r'data-newest="(\d+)"', seen.html)
    assert newest is not None and "member.approved" in seen.text
    await ana.send("/payments/create", payee="bia", amount="2", note="<i>jam</i>")
    await town.ask("POST", "/v1/invitations")
    for one in (ana, bia):
        more = await one.get(f"/events?after={newest[1]}")
        assert "payment.posted" in more.html and "<html" not in more.html and "<i>" not in more.html
        assert "invitation" not in more.html, "officers alone are told"
    steward = await town.signed_in(role="steward")
    assert "payment.posted" in (await steward.get("/events")).text
    assert (await ana.get("/events?after=x")).status == 404
    assert (await town.browser().get("/events")).status == 401


async def test_webhooks_are_the_steward_s(town: Town) -> None:
    await town.join("ana", "Ana")
    ana, steward = await town.signed_in(member="ana"), await town.signed_in(role="steward")
    assert (await ana.get("/webhooks")).status == 403
    assert "Nothing is sent anywhere" in (await steward.get("/webhooks")).text
    refused = await fill(steward, "/webhooks", url="https://10.0.0.1/", types="", label="")
    assert refused.status == 400 and "private network" in refused.text
    made = await fill(steward, "/webhooks", url="https://till.example/h", types="payment.posted", label="<u>till</u>")
    assert "whsec_" in made.text and "<u>" not in made.html
    assert "whsec_" not in (await steward.get("/webhooks")).text, "the secret is shown once"
    tested = await fill(steward, "/webhooks/1", step="test")
    assert "webhook.test" in tested.text and "waiting: 1" in tested.text
    assert (await fill(steward, "/webhooks/1", step="remove")).path == "/webhooks"
    assert (await steward.get("/webhooks/1")).status == 404


def test_the_script_of_live_events_is_small() -> None:
    script: Path = STATIC / "events.js"
    assert script.stat().st_size <= SCRIPT_BYTES_MAX
