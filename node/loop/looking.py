# SPDX-License-Identifier: AGPL-3.0-or-later
"""What storage answers, or takes long to reckon: the core tells what is wanted, and how it is shown."""

import asyncio
import logging
from collections.abc import Callable, Hashable, Iterable, Mapping, Set
from dataclasses import replace
from functools import partial
from typing import Any

from node.loop.reckoner import Reckoner
from node.loop.refusals import SEARCH_UNAVAILABLE
from node.loop.texts import digests, with_texts
from node.loop.underway import Underway
from node.store.search import SearchBroken
from node.store.storage import Storage
from protocol.book.book import Book
from protocol.book.declaration import (
    Actor,
    Beside,
    EntriesWanted,
    EvidenceWanted,
    ItemsWanted,
    Lookup,
    Reckoning,
    RowsWanted,
)
from protocol.book.ledger import Line
from protocol.book.refusals import refuse
from protocol.book.tables import Name, Table
from protocol.events import ReckonBeside, ReckonedBeside
from protocol.lanes.entry import COMMONS, LEDGER

log = logging.getLogger(__name__)


class Looking:
    """What is answered beside the core."""

    def __init__(
        self, storage: Storage, underway: Underway, network: bytes, tell: Callable[[ReckonedBeside], None]
    ) -> None:
        self._storage = storage
        self._underway = underway
        self._network = network
        self._reckoner = Reckoner()
        self._tell = tell
        self._begun: set[asyncio.Task[None]] = set()

    def begin(self, asked: Iterable[ReckonBeside]) -> None:
        """Reckon beside the loop what the core has asked for by itself, and hand it what that comes to."""
        for one in asked:
            task = asyncio.create_task(self._reckon_beside(one.beside))
            self._begun.add(task)
            task.add_done_callback(self._begun.discard)

    async def _reckon_beside(self, beside: Beside) -> None:
        try:
            self._tell(ReckonedBeside(beside, await self._reckoner.worked(beside.reckoning)))
        except Exception:
            log.exception("what was to be reckoned beside the loop has failed")

    async def up(self, asked: Hashable, result: Any, book: Book, actor: Actor) -> Any:
        """Return what a wish comes to, with its texts: found now where the core has left that to others."""
        if isinstance(result, Reckoning):
            return await self._reckoned(asked, result, actor)
        found = await _looked_up(result, self._storage, self._network, book)
        wanted = set(digests(found))
        return with_texts(found, await self._underway.texts(wanted)) if wanted else found

    async def _reckoned(self, asked: Hashable, reckoning: Reckoning, actor: Actor) -> Any:
        """Return what a reckoning comes to; with other texts than before it is another question."""
        if reckoning.texts is None:
            return await self._reckoner.reckoned(asked, reckoning, actor)
        kept = await self._underway.texts({reference.digest for _, reference in reckoning.texts})
        told = with_texts(reckoning.texts, kept)
        named = replace(reckoning, work=partial(_with_names, reckoning.work, dict(told)), texts=None)
        return await self._reckoner.reckoned((asked, told), named, actor)


def _with_names(work: Callable[..., Any], names: Mapping[str, str | None], of: Any) -> Any:
    return work(of, names)


async def _rows_of(storage: Storage, book: Book, table: Table[Any], keys: Set[bytes | None]) -> dict[Any, Any]:
    """Return rows of a table by these keys, None among them left out."""
    names = {Name(table.name, key) for key in keys if key is not None}
    found = await storage.fetch(names, book.tables) if names else ()
    return {one.name.key: one.row for one in found if one.row is not None}


async def _looked_up(result: Any, storage: Storage, network: bytes, book: Book) -> Any:
    match result:
        case Lookup(show=show, table=table, requests=requests):
            page = await storage.statement(result)
            payments = await _rows_of(storage, book, table, {line.payment for line in page.items})
            asked = {payment.request for payment in payments.values()}
            paid = await _rows_of(storage, book, requests, asked)

            def told(line: Line) -> Any:
                payment = payments.get(line.payment)
                return show(line, payment, None if payment is None else paid.get(payment.request))

            return replace(page, items=tuple(map(told, page.items)))
        case RowsWanted(show=show, whole=whole):
            try:
                page = await storage.listed(result)
                while whole is not None and page.next is not None and len(page.items) < result.limit:
                    # The store has looked through as much as it does at once.
                    more = await storage.listed(replace(result, after=page.next, limit=result.limit - len(page.items)))
                    page = replace(more, items=(*page.items, *more.items))
            except SearchBroken:
                return refuse(SEARCH_UNAVAILABLE)
            page = replace(page, items=tuple(map(show, page.items)))
            return page if whole is None else whole(page)
        case EntriesWanted(seqs, show, commons_seqs):
            identity = await storage.identity_lane(network)
            wires = await storage.lane_at(network, LEDGER, seqs)
            return show(identity, wires + await storage.lane_at(network, COMMONS, commons_seqs))
        case ItemsWanted(owner, kinds, seen, show):
            return show([one for one in await storage.private.things(owner, kinds) if one.seen in seen])
        case EvidenceWanted(whose, places, show):
            identity = await storage.identity_lane(whose)
            return show(identity, await storage.all_at(whose, places))
        case _:
            return result
