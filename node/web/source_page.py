# SPDX-License-Identifier: AGPL-3.0-or-later
"""The page that gives anybody the source of the program that runs here."""

from collections.abc import Awaitable, Callable, Mapping

from aiohttp.web import Response

from node.http.source import SourceDoor
from node.web.looks import Looks
from node.web.visits import PageRequest


class SourcePage:
    """Which program this is, its licence, and its source."""

    def __init__(self, source: SourceDoor, looks: Looks) -> None:
        self._source = source
        self._looks = looks

    def handlers(self) -> Mapping[tuple[str, str], Callable[[PageRequest], Awaitable[Response]]]:
        """Return what answers by method and path."""
        return {("GET", "/source"): self._show}

    async def _show(self, visit: PageRequest) -> Response:
        source = await self._source.packed()
        size = len(source.data) // 1000
        return self._looks.show("source.html", visit, name=source.name, size=size, digest=source.digest.hex())
