# SPDX-License-Identifier: AGPL-3.0-or-later
"""What storage answers: the core tells what is wanted, and how it is shown."""

from dataclasses import replace
from typing import Any

from node.loop.refusals import SEARCH_UNAVAILABLE
from node.store.search import SearchBroken
from node.store.storage import Storage
from protocol.book.book import Book
from protocol.book.declaration import EntriesWanted, EvidenceWanted, ItemsWanted, Lookup, RowsWanted
from protocol.book.refusals import refuse
from protocol.book.tables import Name
from protocol.lanes.entry import COMMONS, LEDGER


async def looked_up(result: Any, storage: Storage, network: bytes, book: Book) -> Any:
    """Return what a wish comes to: read now where the core has left that to the store, and else as it is."""
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
