# SPDX-License-Identifier: AGPL-3.0-or-later
"""What storage answers, or takes long to reckon: the core tells what is wanted, and how it is shown."""

from collections.abc import Callable, Hashable, Mapping
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
from protocol.book.declaration import EntriesWanted, EvidenceWanted, ItemsWanted, Lookup, Reckoning, RowsWanted
from protocol.book.refusals import refuse
from protocol.book.tables import Name
from protocol.lanes.entry import COMMONS, LEDGER


class Looking:
    """What is answered beside the core."""

    def __init__(self, storage: Storage, underway: Underway, network: bytes) -> None:
        self._storage = storage
        self._underway = underway
        self._network = network
        self._reckoner = Reckoner()

    async def up(self, asked: Hashable, result: Any, book: Book) -> Any:
        """Return what a wish comes to, with its texts: found now where the core has left that to others."""
        if isinstance(result, Reckoning):
            return await self._reckoned(asked, result)
        found = await _looked_up(result, self._storage, self._network, book)
        wanted = set(digests(found))
        return with_texts(found, await self._underway.texts(wanted)) if wanted else found

    async def _reckoned(self, asked: Hashable, reckoning: Reckoning) -> Any:
        """Return what a reckoning comes to; with other texts than before it is another question."""
        if reckoning.texts is None:
            return await self._reckoner.reckoned(asked, reckoning)
        kept = await self._underway.texts({reference.digest for _, reference in reckoning.texts})
        told = with_texts(reckoning.texts, kept)
        work = partial(_with_names, reckoning.work, dict(told))
        return await self._reckoner.reckoned((asked, told), replace(reckoning, work=work, texts=None))


def _with_names(work: Callable[..., Any], names: Mapping[str, str | None], of: Any) -> Any:
    return work(of, names)


async def _looked_up(result: Any, storage: Storage, network: bytes, book: Book) -> Any:
    match result:
        case Lookup(account, after, limit, show, table):
            page = await storage.statement(account, after, limit)
            names = {line: Name(table.name, line.payment) for line in page.items if line.payment is not None}
            tables = book.tables if names else {}
            rows = {one.name: one.row for one in await storage.fetch(set(names.values()), tables)}
            shown = (show(line, rows.get(names[line]) if line in names else None) for line in page.items)
            return replace(page, items=tuple(shown))
        case RowsWanted(show=show):
            try:
                page = await storage.listed(result)
            except SearchBroken:
                return refuse(SEARCH_UNAVAILABLE)
            return replace(page, items=tuple(map(show, page.items)))
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
