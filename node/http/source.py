# SPDX-License-Identifier: AGPL-3.0-or-later
"""The node's own source for whoever asks: one archive, with its digest (RFC 9530)."""

import asyncio
from base64 import b64encode
from collections.abc import Iterator

from aiohttp.web import StreamResponse

from node.http.answers import shown_answer
from node.http.problems import Denied
from node.http.refusals import SOURCE_CHANGED
from node.http.routes import Exchange, Route, no_more
from node.keeping.source import ProgramSource, Source, SourceUnusable
from protocol.book.declaration import ANYONE

TAR_TYPE = "application/x-tar"


class SourceDoor:
    """Gives the source of the program that runs."""

    def __init__(self, source: ProgramSource) -> None:
        self._source = source

    def routes(self) -> Iterator[Route]:
        """Return the one route."""
        yield Route(
            "GET",
            "/v1/source",
            "source.show",
            ANYONE,
            self._show,
            produces=TAR_TYPE,
            tagged=True,
            statuses=(503,),
            summary="The source of the program that runs here, as one archive; Repr-Digest tells its SHA-256.",
            example="mutirao source --output mutirao.tar",
        )

    async def packed(self) -> Source:
        """Return the archive; raises Denied where the files are no longer those that run."""
        try:
            return await asyncio.to_thread(self._source.packed)
        except SourceUnusable as unusable:
            raise Denied(SOURCE_CHANGED, to_do=str(unusable)) from None

    async def _show(self, exchange: Exchange) -> StreamResponse:
        no_more(exchange.query)
        source = await self.packed()
        more = {
            "Content-Disposition": f'attachment; filename="{source.name}"',
            "Repr-Digest": f"sha-256=:{b64encode(source.digest).decode()}:",
        }
        return shown_answer(exchange, source.data, content_type=TAR_TYPE, more=more)
