# SPDX-License-Identifier: AGPL-3.0-or-later
"""Visitors who follow every link of a node's pages."""

import re
from collections import Counter
from dataclasses import dataclass
from html import unescape

from aiohttp import ClientSession

from protocol.practices import OPERATIONS

OF_A_KIND_MAX = 3
"""Of pages that differ by an address or a filter alone a crawl opens so many."""
VERBS = {name.partition(".")[2] for name in OPERATIONS}
NO_PAGE = re.compile(r"^/(static|tile|sign-out|sign-in|language|v1/|receipts/file)")

RAW = re.compile(r"\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b|\b[0-9a-f]{40,}\b|\b[\w-]{43}\b")
"""An id, a digest or a key as it is stored."""

COMPARED = ("/source", "/docs", "/events")
"""Pages with a digest that people compare, and those of developers, with ids as programs see them."""


@dataclass(slots=True)
class Visitor:
    """Somebody with a session, who follows every link."""

    session: ClientSession
    url: str
    token: str

    async def get(self, path: str) -> tuple[int, str]:
        """Return the status and the HTML of a page; none of a picture or a file to keep."""
        headers = {"Accept": "text/html", "Cookie": f"mutirao={self.token}" if self.token else ""}
        async with self.session.get(self.url + path, headers=headers) as answer:
            is_page = answer.content_type == "text/html"
            return answer.status, await answer.text() if is_page else ""

    async def asked(self, path: str) -> int:
        """Return what the API says to the same question."""
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        async with self.session.get(f"{self.url}/v1{path}", headers=headers) as answer:
            return answer.status

    async def crawl(self) -> dict[str, tuple[int, str]]:
        """Return all pages that links lead to, with their status and HTML."""
        seen: dict[str, tuple[int, str]] = {}
        waiting, kinds = ["/", "/more", "/week"], Counter[str]()
        while waiting:
            path = waiting.pop(0)
            if path in seen or kinds[kind_of(path)] == OF_A_KIND_MAX:
                continue
            kinds[kind_of(path)] += 1
            seen[path] = await self.get(path)
            found = (unescape(one) for one in re.findall(r'href="(/[^"#]*)"', seen[path][1]))
            waiting += [one for one in found if not NO_PAGE.match(one)]
        return seen


def kind_of(path: str) -> str:
    """Return what is the same of pages that differ by their address or filter: the noun, and the verb if any."""
    noun, *rest = path.partition("?")[0].removeprefix("/").split("/")
    return "/".join((noun, *("*" if at == 0 and one not in VERBS else one for at, one in enumerate(rest))))


def seen_in(html: str) -> str:
    """Return the words of a page, as they are seen."""
    body = re.sub(r"<(script|title).*?</\1>", " ", html, flags=re.DOTALL)
    return unescape(re.sub(r"<[^>]+>", " ", body))


def raw_ids(path: str, words: str) -> list[str]:
    """Return the ids, digests and keys that a page shows as they are stored, and should not."""
    return [] if path.partition("?")[0] in COMPARED else sorted({one[0] for one in RAW.finditer(words)})
