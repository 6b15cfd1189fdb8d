# SPDX-License-Identifier: AGPL-3.0-or-later
"""A copy of the database, or the network exported whole, as of one moment, streamed to the steward meanwhile."""

import asyncio
import os
import shutil
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import BinaryIO, Protocol

from aiohttp.web import StreamResponse

from node.http.answers import SAFE_HEADERS
from node.http.jsonbytes import dump
from node.http.problems import Denied
from node.http.routes import Exchange, Route, no_more
from node.loop.refusals import STORAGE_FAILED
from node.store.connections import StorageFailed
from node.store.holding import Holding, holding_of
from protocol.book.declaration import STEWARDS
from protocol.book.refusals import STATE_CONFLICT

SQLITE_TYPE = "application/vnd.sqlite3"
EXPORT_TYPE = "application/octet-stream"
FOLDER = "backup.partial"
CHUNK_BYTES = 256 * 1024
STALL_SECONDS_MAX = 60.0


class Copied(Protocol):
    """A database that can be copied."""

    path: Path

    async def backup(self, target: Path) -> None: ...


Exporting = Callable[[Path], Awaitable[None]]
"""Writes the network whole to a new file; raises Denied where this node cannot."""


class Backup:
    """Answers with a copy of the database, or with the network exported whole; one at a time."""

    def __init__(self, storage: Callable[[], Copied], export: Exporting) -> None:
        self._storage = storage
        self._export = export
        self._is_copying = False

    def routes(self) -> Iterator[Route]:
        """Return both routes."""
        yield Route(
            "GET",
            "/v1/admin/backup",
            "admin.backup",
            STEWARDS,
            self._back_up,
            scope="admin:read",
            produces=SQLITE_TYPE,
            statuses=(409,),
            summary="A consistent copy of the database, made while the node goes on.",
            example="mutirao backup riacho.backup",
        )
        yield Route(
            "GET",
            "/v1/admin/export",
            "admin.export",
            STEWARDS,
            self._export_whole,
            scope="admin:read",
            produces=EXPORT_TYPE,
            statuses=(409,),
            summary="All that belongs to the network in one file that its key signs, for another operator's node.",
            example="mutirao network export riacho.export",
        )

    async def _back_up(self, exchange: Exchange) -> StreamResponse:
        return await self._given(exchange, self._storage().backup, SQLITE_TYPE)

    async def _export_whole(self, exchange: Exchange) -> StreamResponse:
        return await self._given(exchange, self._export, EXPORT_TYPE)

    async def _given(self, exchange: Exchange, make: Exporting, kind: str) -> StreamResponse:
        no_more(exchange.query)
        if self._is_copying:
            raise Denied(STATE_CONFLICT, state="being copied")
        self._is_copying = True
        try:
            return await _send(exchange, kind, *await self._made(make))
        except StorageFailed:
            raise Denied(STORAGE_FAILED) from None
        finally:
            self._is_copying = False

    async def _made(self, make: Exporting) -> tuple[BinaryIO, Holding]:
        """Return a file that lives as long as it is open, so that none is left behind for long, and what it holds."""
        storage = self._storage()
        # Beside the database, where there is room for it; what a crash has left there goes first.
        folder = storage.path.with_name(FOLDER)
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)
        folder.mkdir(mode=0o700)
        try:
            await make(folder / "copy")
            holds = await asyncio.to_thread(holding_of, storage.path)
            return await asyncio.to_thread((folder / "copy").open, "rb"), holds
        finally:
            await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


async def _send(exchange: Exchange, kind: str, file: BinaryIO, holds: Holding) -> StreamResponse:
    """Stream a file, say in Mutirao-Holds whose private data are in it, and close it; a client that stalls is left."""
    with file:
        response = StreamResponse(
            headers={
                **SAFE_HEADERS,
                "Content-Type": kind,
                "Content-Disposition": "attachment",
                "Mutirao-Holds": dump(asdict(holds)).decode(),
            }
        )
        response.content_length = os.fstat(file.fileno()).st_size
        await response.prepare(exchange.request)
        try:
            while exchange.request.method != "HEAD" and (chunk := await asyncio.to_thread(file.read, CHUNK_BYTES)):
                async with asyncio.timeout(STALL_SECONDS_MAX):
                    await response.write(chunk)
        except TimeoutError:
            if exchange.request.transport is not None:
                exchange.request.transport.abort()
        return response
