# SPDX-License-Identifier: AGPL-3.0-or-later
"""A member's own key in the browser: joining, signing what is shown, a second device; and the bytes, as Python's."""

import json
from pathlib import Path
from typing import Any

import pytest

from node.web.site import STATIC
from tests.browser.conftest import Street, Visitor
from tests.node.web.conftest import Town

pytestmark = pytest.mark.timeout(120)
VECTORS = Path(__file__).parents[1] / "vectors"
LEFT_TO_THE_NODE = ("text not NFC", "too deep", "too many items")
"""What only a node looks at: the browser reads what its own node has sent, and what it has written itself."""
SCRIPT_BYTES_MAX = 15_000
"""What all scripts together may weigh over the wire."""


async def join(street: Street, town: Town, handle: str, name: str, *, workers: bool = True) -> Visitor:
    """Let somebody join with a key that its browser makes, and the group take it in."""
    visitor = await street.visitor(workers=workers)
    code = (await town.ask("POST", "/v1/invitations"))["code"]
    await visitor.open(f"/j/{code}")
    await visitor.page.get_by_label("Your name").fill(name)
    await visitor.page.get_by_label("Your short name").fill(handle)
    await visitor.press("Join with a key of this phone")
    await visitor.page.wait_for_url("**/welcome")
    await visitor.look()
    await town.ask("POST", f"/v1/members/{handle}/approve", {})
    await visitor.press("Sign in with the key of this browser")
    await visitor.page.wait_for_url(visitor.url + "/")
    await visitor.look()
    return visitor


async def confirm(visitor: Visitor, path: str, **typed: str) -> str:
    """Fill a form in, go on to its confirmation, and return what that says is signed."""
    await visitor.open(path)
    for name, text in typed.items():
        field = visitor.page.locator(f"[name='{name}']").first
        if await field.evaluate("one => one.closest('details:not([open])') !== null"):
            await visitor.page.locator("main summary").first.click()
        await field.fill(text)
    await visitor.page.locator("form:has([name=_key]) button.first").first.click()
    await visitor.page.locator("[data-signed]").wait_for()
    await visitor.look()
    return " ".join((await visitor.page.locator("[data-signed]").inner_text()).split())


async def say_so(visitor: Visitor, leads_to: str) -> None:
    """Press the button of a confirmation, and wait for the page that shows what came of it."""
    await visitor.page.locator("button[value=do]").click()
    await visitor.page.wait_for_url(leads_to)
    await visitor.look()


async def test_a_member_joins_with_a_key_of_her_browser_offers_and_pays(street: Street, town: Town) -> None:
    await town.join("bia", "Bia")
    ana = await join(street, town, "ana", "Ana Souza")
    shown = await town.ask("GET", "/v1/members/ana")
    assert shown["auth"] == "self"
    await ana.open("/offers/publish")
    await ana.page.locator("[name=title]").fill("Bread of the village")
    await ana.page.locator("form:has([name=_key]) button.first").first.click()
    await ana.page.wait_for_url("**/offers/*-*")
    await ana.look()
    await ana.sees("Bread of the village")
    said = await confirm(ana, "/payments/create", payee="bia", amount="12,50", note="pão de forma")
    assert "bia" in said and "12.50 HORA" in said and "pão de forma" in said, said
    await say_so(ana, "**/payments/*-*")
    await ana.open("/")
    await ana.sees("You can spend 87.50 HORA")
    [payment] = (await town.ask("GET", "/v1/payments"))["items"]
    assert payment["auth"] == "self", payment


async def test_what_is_signed_is_what_is_shown_and_nothing_else(street: Street, town: Town) -> None:
    await town.join("bia", "Bia")
    ana = await join(street, town, "ana", "Ana")
    said = await confirm(ana, "/payments/create", payee="bia", amount="3", note="milk")
    # A page that says one thing and has another signed shows the other, or nothing that can be signed.
    await ana.page.locator("main form").first.evaluate("form => (form.elements.amount.value = '99')")
    await say_so(ana, "**/payments/*-*")
    assert "3.00 HORA" in said
    await ana.sees("3.00 HORA")
    await ana.open("/")
    await ana.sees("You can spend 97.00 HORA")


async def test_another_text_than_the_one_that_is_told_is_not_signed(street: Street, town: Town) -> None:
    await town.join("bia", "Bia")
    ana = await join(street, town, "ana", "Ana", workers=False)

    async def lie(route: Any) -> None:
        answer = await route.fetch()
        await route.fulfill(response=answer, body=(await answer.text()).replace("milk", "a cow"))

    await ana.open("/payments/create")
    await ana.page.route("**/payments/create", lie)
    for name, text in {"payee": "bia", "amount": "3"}.items():
        await ana.page.locator(f"[name='{name}']").first.fill(text)
    await ana.page.locator("main summary").first.click()
    await ana.page.locator("[name=note]").fill("milk")
    await ana.page.locator("form:has([name=_key]) button.first").first.click()
    await ana.sees("Nothing was signed.")


async def test_a_member_with_a_key_elsewhere_is_told_and_a_second_device_is_added(street: Street, town: Town) -> None:
    await town.join("bia", "Bia")
    ana = await join(street, town, "ana", "Ana")
    tablet = await street.visitor()
    await tablet.open("/keys-of-mine")
    await tablet.page.get_by_label("Your short name").fill("ana")
    await tablet.press("Make a key in this browser")
    await tablet.page.wait_for_url("**/keys-of-mine?**")
    await tablet.look()
    link = await tablet.page.locator(".slip a").get_attribute("href")
    assert link is not None and link.startswith("/members/ana/add-key?")
    await ana.open(link)
    await ana.page.locator("form:has([name=_key]) button.first").first.click()
    await ana.page.locator("[data-signed]").wait_for()
    await ana.look()
    await say_so(ana, "**/members/*")
    await tablet.press("Sign in with the key of this browser")
    await tablet.page.wait_for_url(tablet.url + "/")
    await confirm(tablet, "/payments/create", payee="bia", amount="1")
    await say_so(tablet, "**/payments/*-*")


async def test_a_member_without_a_key_gives_herself_the_first(street: Street, town: Town) -> None:
    await town.join("ana", "Ana")
    await town.join("bia", "Bia")
    ana = await street.visitor()
    await ana.sign_in(town, member="ana")
    await ana.open("/keys-of-mine")
    await ana.press("Make a key in this browser")
    await ana.page.wait_for_url("**/keys-of-mine?**")
    await ana.press("This key is mine")
    await ana.page.locator("form:has([name=_key]) button.first").first.click()
    await ana.page.locator("button[value=do]").click()
    await ana.page.wait_for_url("**/members/*")
    assert (await town.ask("GET", "/v1/members/ana"))["auth"] == "self"
    await confirm(ana, "/payments/create", payee="bia", amount="1")
    await say_so(ana, "**/payments/*-*")


@pytest.mark.parametrize("script", [True, False], ids=["script", "no-script"])
async def test_somebody_joins_without_a_key_where_the_browser_can_make_none(
    street: Street, town: Town, *, script: bool
) -> None:
    ana = await street.visitor(script=script)
    await ana.context.add_init_script("crypto.subtle.generateKey = () => Promise.reject(new Error('no Ed25519'))")
    code = (await town.ask("POST", "/v1/invitations"))["code"]
    await ana.open(f"/j/{code}")
    if script:
        await ana.sees("This browser cannot make a key")
    await ana.page.locator("[name=handle]").fill("Ana!")
    await ana.press("Join without a key")
    assert await ana.page.locator("[aria-invalid=true]").count() == 1 or await ana.page.locator("[role=alert]").count()
    await ana.look()
    await ana.page.locator("[name=handle]").fill("ana")
    await ana.press("Join without a key")
    await ana.page.wait_for_url("**/welcome")
    assert (await town.ask("GET", "/v1/members/ana"))["auth"] == "custodial"


async def test_a_key_that_signs_for_another_network_is_not_lured(street: Street, town: Town) -> None:
    ana = await join(street, town, "ana", "Ana", workers=False)
    page = await ana.page.context.new_page()
    await page.goto(ana.url + "/sign-in")
    await page.route("**/v1/challenges", lambda route: route.fulfill(json={"challenge": "A" * 86}))
    await page.get_by_role("button", name="Sign in with the key of this browser").click()
    await page.get_by_text("does not answer, or is another").wait_for()


async def test_the_bytes_of_the_browser_are_those_of_python(street: Street, town: Town) -> None:
    """Every vector of the codec, and every signed order of them, spelt and read by the scripts."""
    visitor = await street.visitor()
    await visitor.open("/sign-in")
    codec = json.loads((VECTORS / "own_codec.json").read_text("utf-8"))
    orders = json.loads((VECTORS / "own_orders.json").read_text("utf-8"))
    wrong = await visitor.page.evaluate(
        """async ({ valid, invalid, datas }) => {
          const { encode, decode } = await import("/static/cbor.js");
          const hex = (bytes) => [...bytes].map((one) => one.toString(16).padStart(2, "0")).join("");
          const bytes = (text) => Uint8Array.from(text.match(/../g) ?? [], (one) => parseInt(one, 16));
          const made = (value) => {
            if (Array.isArray(value)) return value.map(made);
            if (value === null || typeof value !== "object") return value;
            if ("int" in value) return BigInt(value.int);
            if ("bytes" in value) return bytes(value.bytes);
            return new Map(value.map.map(([key, one]) => [made(key), made(one)]));
          };
          const wrong = [];
          for (const { name, value, hex: spelt } of valid)
            if (hex(encode(made(value))) !== spelt || hex(encode(decode(bytes(spelt)))) !== spelt) wrong.push(name);
          for (const { name, hex: spelt } of invalid) {
            try { decode(bytes(spelt)); wrong.push(name); } catch {}
          }
          for (const spelt of datas) if (hex(encode(decode(bytes(spelt)))) !== spelt) wrong.push(spelt);
          return wrong;
        }""",
        {
            "valid": codec["valid"],
            "invalid": [one for one in codec["invalid"] if one["reason"] not in LEFT_TO_THE_NODE],
            "datas": [one["bytes"] for one in orders["signed"] if one["fields"] is not None],
        },
    )
    assert wrong == []
    assert len(codec["valid"]) > 20 and len(orders["signed"]) > 5


async def test_a_key_never_leaves_the_browser(street: Street, town: Town) -> None:
    ana = await join(street, town, "ana", "Ana")
    refused = await ana.page.evaluate(
        """async () => {
          const { myKey } = await import("/static/keys.js");
          const { secret } = await myKey();
          const ways = ["raw", "pkcs8", "jwk"].map((way) => crypto.subtle.exportKey(way, secret));
          return [secret.extractable, (await Promise.allSettled(ways)).map((one) => one.status)];
        }"""
    )
    assert refused == [False, ["rejected"] * 3]


async def test_all_scripts_together_weigh_little(street: Street, town: Town) -> None:
    visitor = await street.visitor()
    weighed = 0
    for path in sorted(STATIC.glob("*.js")):
        async with town.asking.get(f"{town.url}/static/{path.name}", headers={"Accept-Encoding": "gzip"}) as answer:
            assert answer.headers["Content-Encoding"] == "gzip"
            weighed += int(answer.headers["Content-Length"])
    await visitor.open("/sign-in")
    assert 0 < weighed <= SCRIPT_BYTES_MAX, weighed
