# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pictures of every page, as they look on a telephone and on a screen, by day and by night; and what is wrong there.

`make screenshots` puts them into dist/screenshots: a group that has done everything once, seen by a steward, a member
and a stranger, and the pages of every day in each language. Ends with 1 where a page overflows its screen, shows a raw
id where a name is due, or has what axe-core finds at fault.
"""

import asyncio
import re
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal
from urllib.parse import urlsplit

from aiohttp import ClientSession, DummyCookieJar
from playwright.async_api import Browser, Page, ViewportSize, async_playwright

from node.languages.catalogues import LANGUAGES_TOLD
from tests.browser.conftest import AXE, CHROMIUM, TAGS
from tests.node.http.tried import Trial, founded, try_all
from tests.node.web.crawl import Visitor, kind_of, raw_ids

Scheme = Literal["light", "dark"]
WIDTHS = (360, 1280)
SCHEMES: Sequence[Scheme] = ("light", "dark")
WHO = ("steward", "bia", "")
"""Who looks: the empty one is a stranger."""
MAIN_PAGES = ("/", "/week", "/pay", "/receive", "/offers", "/statement", "/members", "/chains", "/federation", "/more")
"""Those that are seen in each language."""
HEIGHT_MAX = 6_000
"""Of a longer page the picture shows so many pixels."""


@dataclass(frozen=True, slots=True)
class Look:
    """How a page is looked at."""

    width: int
    scheme: Scheme
    language: str = "en"


async def looked_at(page: Page, look: Look) -> list[str]:
    """Return what is wrong with the page that stands open, a sentence each."""
    wide = await page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
    seen = await page.locator("body").inner_text()
    found: Any = await page.evaluate(
        f"async (tags) => {{ {AXE}; return (await axe.run({{runOnly: tags}})).violations }}", list(TAGS)
    )
    wrong = [f"is {wide} px wider than the screen"] * (wide > 0)
    wrong += [f"shows {one}" for one in raw_ids(urlsplit(page.url).path, seen)[:3]]
    wrong += [f"{one['id']}: {node['html'][:120]}" for one in found for node in one["nodes"]]
    return [f"{page.url} at {look.width} {look.scheme} {look.language}: {one}" for one in wrong]


async def photograph(
    browser: Browser, visitor: Visitor, paths: Iterable[str], look: Look, folder: Path | None
) -> list[str]:
    """Look at pages, keep a picture of each where there is a folder for it, and return what is wrong."""
    size: ViewportSize = {"width": look.width, "height": 800}
    context = await browser.new_context(
        viewport=size, color_scheme=look.scheme, locale=look.language, reduced_motion="reduce"
    )
    if visitor.token:
        await context.add_cookies([{"name": "mutirao", "value": visitor.token, "url": visitor.url}])
    page, wrong = await context.new_page(), list[str]()
    for path in paths:
        await page.goto(visitor.url + path)
        wrong += await looked_at(page, look)
        if folder is not None:
            name = re.sub(r"[^a-z0-9*]+", "-", kind_of(path)).strip("-") or "today"
            height = min(HEIGHT_MAX, int(await page.evaluate("document.documentElement.scrollHeight")))
            place = folder / f"{name.replace('*', 'one')}-{look.width}-{look.scheme}-{look.language}.png"
            await page.screenshot(
                path=place, clip={"x": 0, "y": 0, "width": look.width, "height": height}, full_page=True
            )
    await context.close()
    return wrong


async def paths_of(visitor: Visitor) -> list[str]:
    """Return one path of each kind of page that opens to somebody."""
    kinds: dict[str, str] = {}
    for path, (status, html) in (await visitor.crawl()).items():
        if status == 200 and html:
            kinds.setdefault(kind_of(path), path)
    return list(kinds.values())


async def all_pages(trial: Trial, looks: Sequence[Look], folder: Path | None) -> list[str]:
    """Look at all pages of a group, as everybody who may see them, and return what is wrong."""
    wrong: list[str] = []
    async with async_playwright() as playwright, ClientSession(cookie_jar=DummyCookieJar()) as session:
        # Chromium's own sandbox needs what containers and root do not give; it visits nothing but this node.
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, chromium_sandbox=False)
        for who in WHO:
            visitor = Visitor(session, trial.url, trial.tokens.get(who, ""))
            paths = await paths_of(visitor)
            place = None if folder is None else folder / (who or "stranger")
            if place is not None:
                place.mkdir(parents=True, exist_ok=True)
            for look in looks:
                chosen = paths if look.language == "en" else [one for one in MAIN_PAGES if one in paths]
                wrong += await photograph(browser, visitor, chosen, look, place)
        await browser.close()
    return wrong


async def take(folder: Path) -> list[str]:
    """Keep pictures of all pages in a folder, and return what is wrong there."""
    looks = [Look(width, scheme) for width, scheme in product(WIDTHS, SCHEMES)]
    others = [one for one in LANGUAGES_TOLD if one != "en"]
    looks += [Look(width, "light", language) for width, language in product(WIDTHS, others)]
    with TemporaryDirectory() as home:
        async with founded(Path(home) / "riacho") as trial:
            await try_all(trial)
            return await all_pages(trial, looks, folder)


def main(folder: Path) -> int:
    """Take all pictures, and say what is wrong."""
    wrong = asyncio.run(take(folder))
    taken = sum(1 for _ in folder.rglob("*.png"))
    sys.stdout.write("".join(f"{one}\n" for one in [*wrong, f"{taken} pictures, {len(wrong)} faults"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
