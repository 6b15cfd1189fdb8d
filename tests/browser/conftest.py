# SPDX-License-Identifier: AGPL-3.0-or-later
"""A real node's pages in a real browser: Debian's Chromium without a window, over a line that can be cut.

Without Chromium these tests are left out, and `make test` says so; `.ci/run` installs it.
"""

import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from shutil import which
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, ViewportSize, async_playwright

import tests.node.web.conftest as pages
from tests.node.web.conftest import Town
from tests.processes.wire import Wire

town = pages.town
CHROMIUM = which("chromium")
AXE = (Path(__file__).parent / "axe" / "axe.min.js").read_text(encoding="utf-8")
TELEPHONE: ViewportSize = {"width": 360, "height": 740}
TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
"""The rules of axe-core that are looked at: WCAG 2.2 AA, and what its makers hold to be good."""
PATIENCE_MS = 20_000

collect_ignore_glob = [] if CHROMIUM else ["test_*.py"]


@dataclass
class Visitor:
    """Somebody with a browser of its own, at the far end of a line that can be cut."""

    context: BrowserContext
    page: Page
    url: str
    wire: Wire
    script: bool = True
    troubles: list[str] = field(default_factory=list[str])
    """What the browser said of scripts that failed, and of what the policy refused."""

    async def open(self, path: str) -> None:
        """Go to a page, and look at it with axe-core."""
        await self.page.goto(self.url + path)
        await self.look()

    async def press(self, name: str) -> None:
        """Press the button, or follow the link, that has this name, and wait for the page that it leads to."""
        either = self.page.get_by_role("button", name=name, exact=True).or_(
            self.page.get_by_role("link", name=name, exact=True)
        )
        await either.first.click()
        await self.page.wait_for_load_state("load")

    async def text(self) -> str:
        """Return the words of the page, as they are seen."""
        return " ".join((await self.page.locator("body").inner_text()).split())

    async def sees(self, words: str) -> None:
        """Wait until these words are seen; fails when they do not come."""
        await self.page.get_by_text(words).first.wait_for(timeout=PATIENCE_MS)

    async def look(self) -> None:
        """Fail where axe-core finds a violation on the page, or something lies beyond its edge.

        It is a script itself: who visits without scripts sees the same pages unlooked at.
        """
        await self.page.wait_for_load_state("load")
        if not self.script:
            return
        found: Any = await self.page.evaluate(
            f"async (tags) => {{ {AXE}; return (await axe.run({{runOnly: tags}})).violations }}", list(TAGS)
        )
        told = [
            f"{one['id']} ({one['help']}): {node['html'][:200]} {node['failureSummary']}"
            for one in found
            for node in one["nodes"]
        ]
        assert not told, f"{self.page.url}:\n" + "\n".join(told)
        wide = await self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, f"{self.page.url} is {wide} px wider than the screen"

    async def sign_in(self, town: Town, **wish: str) -> None:
        code = (await town.ask("POST", "/v1/sign-in-codes", wish))["code"]
        await self.open("/sign-in")
        await self.page.locator("#code").fill(code)
        await self.page.locator("form:has(#code) button").click()
        await self.page.wait_for_load_state("load")


@dataclass
class Street:
    """Where people with browsers of their own come from."""

    browser: Browser
    town: Town
    wires: list[Wire] = field(default_factory=list[Wire])
    visitors: list[Visitor] = field(default_factory=list[Visitor])

    async def visitor(self, *, script: bool = True, language: str = "en-GB", workers: bool = True) -> Visitor:
        """Return somebody with a new browser, and a line of its own; service workers hide answers from tests."""
        wire = Wire(free_port(), int(self.town.url.rpartition(":")[2]))
        self.wires.append(wire)
        context = await self.browser.new_context(
            java_script_enabled=script,
            locale=language,
            service_workers="allow" if workers else "block",
            viewport=TELEPHONE,
            reduced_motion="reduce",  # nothing is looked at while it moves
        )
        context.set_default_timeout(PATIENCE_MS)
        visitor = Visitor(context, await context.new_page(), f"http://127.0.0.1:{wire.port}", wire, script)
        context.on("weberror", lambda error: visitor.troubles.append(str(error.error)))
        context.on("console", lambda said: visitor.troubles.append(said.text) if "Policy" in said.text else None)
        self.visitors.append(visitor)
        return visitor


@pytest.fixture
async def street(town: Town) -> AsyncIterator[Street]:
    async with async_playwright() as playwright:
        # Chromium's own sandbox needs what containers and root do not give; it visits nothing but this node.
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, chromium_sandbox=False)
        made = Street(browser, town)
        yield made
        await browser.close()
        for wire in made.wires:
            wire.close()
    assert [trouble for one in made.visitors for trouble in one.troubles] == []


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]
