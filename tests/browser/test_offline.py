# SPDX-License-Identifier: AGPL-3.0-or-later
"""Without a line: pages open as they were, a payment is signed and waits, and goes once when the line is back."""

import asyncio

import pytest

from tests.browser.conftest import Street, Visitor
from tests.browser.test_keys import confirm, join
from tests.node.web.conftest import Town

pytestmark = pytest.mark.timeout(120)


async def ready(visitor: Visitor) -> None:
    """Open today, and wait until the browser holds what it needs without a line."""
    await visitor.open("/")
    await visitor.page.locator("html[data-ready]").wait_for(state="attached")


async def sign_offline(visitor: Visitor, amount: str, note: str = "") -> None:
    """Fill the form of the page without a line in, and sign what its slip says."""
    await visitor.page.get_by_label("Who is paid").fill("bia")
    await visitor.page.get_by_label("How much").fill(amount)
    await visitor.page.get_by_label("What for").fill(note)
    await visitor.press("See what I sign")
    await visitor.page.locator("[data-slip]").wait_for()
    await visitor.look()
    await visitor.press("Sign, to be sent later")


async def held(town: Town, handle: str) -> int:
    """Return what a member holds, in minor units."""
    [account] = (await town.ask("GET", f"/v1/accounts?member={handle}"))["items"]
    return int(account["balance"]["value"])


async def come(town: Town, minor: int) -> None:
    """Wait until Bia holds so much; fails where it does not come, or more comes within a second."""
    for _ in range(300):
        if await held(town, "bia") >= minor:
            break
        await asyncio.sleep(0.1)
    await asyncio.sleep(1)
    assert await held(town, "bia") == minor


async def test_pages_open_without_a_line_as_they_were_and_say_so(street: Street, town: Town) -> None:
    ana = await join(street, town, "ana", "Ana")
    await ready(ana)
    ana.wire.cut()
    await ana.open("/")
    await ana.sees("No line. What is told here is as it was")
    await ana.sees("You can spend 100.00 HORA")
    await ana.open("/payments/create")
    await ana.sees("Without a line")
    ana.wire.mend()
    await ana.open("/")
    assert "No line" not in await ana.text()


async def test_a_payment_signed_without_a_line_goes_once_after_the_page_was_closed(street: Street, town: Town) -> None:
    await town.join("bia", "Bia")
    ana = await join(street, town, "ana", "Ana")
    await ready(ana)
    ana.wire.cut()
    await ana.open("/pay")
    await sign_offline(ana, "12,50", "pão")
    await ana.sees("Signed, waits for the line")
    await ana.look()
    await ana.page.close()
    ana.page = await ana.context.new_page()
    await ana.open("/")
    await ana.sees("Signed, waits for the line")
    assert await held(town, "bia") == 0
    await ana.page.close()
    ana.wire.mend()
    ana.page = await ana.context.new_page()
    await ana.open("/")
    await ana.sees("What waited for the line was sent")
    await come(town, 12_50)
    await ana.open("/offline")
    await ana.press("See it")
    await ana.sees("pão")


async def test_what_two_tabs_sign_from_one_draft_and_both_send_is_paid_once(street: Street, town: Town) -> None:
    await town.join("bia", "Bia")
    ana = await join(street, town, "ana", "Ana")
    await ready(ana)
    ana.wire.cut()
    first = ana.page
    await ana.open("/offline")
    second = ana.page = await ana.context.new_page()
    await ana.open("/offline")
    await sign_offline(ana, "4")
    await ana.sees("It goes by itself when the line is back")
    ana.page = first
    await sign_offline(ana, "4")
    await ana.sees("it is paid once")
    ana.wire.mend()
    await asyncio.gather(*(one.goto(f"{ana.url}/") for one in (first, second)))
    await come(town, 4_00)


async def test_what_waits_counts_in_what_is_left_and_can_be_taken_back(street: Street, town: Town) -> None:
    await town.join("bia", "Bia")
    ana = await join(street, town, "ana", "Ana")
    await ready(ana)
    ana.wire.cut()
    await ana.open("/offline")
    await sign_offline(ana, "60")
    await ana.sees("Signed, waits for the line")
    await ana.press("Another payment")
    await ana.page.get_by_label("Who is paid").fill("bia")
    await ana.page.get_by_label("How much").fill("40,01")
    await ana.press("See what I sign")
    await ana.sees("40.00 HORA")
    await ana.look()
    await ana.press("Take it back")
    await ana.sees("Nothing waits to be sent.")
    ana.wire.mend()
    await ana.open("/")
    await come(town, 0)


async def test_the_line_that_fails_at_the_confirmation_lets_it_wait(street: Street, town: Town) -> None:
    await town.join("bia", "Bia")
    ana = await join(street, town, "ana", "Ana")
    await ready(ana)
    await confirm(ana, "/payments/create", payee="bia", amount="7")
    ana.wire.cut()
    await ana.page.locator("button[value=do]").click()
    await ana.page.wait_for_url("**/offline")
    await ana.sees("Signed, waits for the line")
    ana.wire.mend()
    await ana.open("/")
    await come(town, 7_00)


async def test_a_refusal_that_comes_late_is_told_and_nothing_is_paid(street: Street, town: Town) -> None:
    await town.join("bia", "Bia")
    ana = await join(street, town, "ana", "Ana")
    await ready(ana)
    ana.wire.cut()
    await ana.open("/offline")
    await sign_offline(ana, "80")
    await town.ask("POST", "/v1/members/ana/set-limits", {"credit_limit": {"value": "50", "asset_scale": 0}})
    ana.wire.mend()
    await ana.open("/")
    await ana.sees("What waited for the line was refused; nothing was paid")
    await ana.open("/offline")
    await ana.sees("30.00 HORA missing")
    await come(town, 0)


async def test_a_number_that_was_overtaken_is_signed_anew(street: Street, town: Town) -> None:
    await town.join("bia", "Bia")
    ana = await join(street, town, "ana", "Ana")
    await ready(ana)
    ana.wire.cut()
    await ana.open("/offline")
    await sign_offline(ana, "5")
    await ana.page.evaluate(
        """async () => {
          const { all, put } = await import("/static/keys.js");
          const { envelope, signed } = await import("/static/queue.js");
          const { decode } = await import("/static/cbor.js");
          const { bytesOf, myKey } = await import("/static/keys.js");
          const [item] = await all("queue");
          const old = decode(bytesOf(item.body.signed.data));
          const slip = { operation: old.get(2), not_after_ms: old.get(6) };
          item.body.signed = await signed(await myKey(), envelope(await myKey(), slip, old.get(3), 0));
          await put("queue", item.id, item);
        }"""
    )
    ana.wire.mend()
    await ana.open("/")
    await come(town, 5_00)


async def test_who_signs_out_leaves_no_page_behind(street: Street, town: Town) -> None:
    ana = await join(street, town, "ana", "Ana")
    await ready(ana)
    await ana.open("/more")
    token = await ana.page.locator("[name=_form]").first.get_attribute("value")
    await ana.page.evaluate(
        """(token) => {
          const form = document.body.appendChild(document.createElement("form"));
          Object.assign(form, { method: "post", action: "/sign-out" });
          form.append(Object.assign(document.createElement("input"), { name: "_form", value: token }));
          form.submit();
        }""",
        token,
    )
    await ana.page.wait_for_url("**/sign-in")
    await ana.page.locator("html[data-ready]").wait_for(state="attached")
    ana.wire.cut()
    await ana.page.goto(ana.url + "/")
    assert "100.00" not in await ana.text()
    assert await ana.page.evaluate("import('/static/keys.js').then((one) => one.all('state'))") == []
