# SPDX-License-Identifier: AGPL-3.0-or-later
"""Needs: what members look for, on their network's board and on those of others, in the way of offers."""

from collections.abc import Iterator

from protocol.book.book import Book
from protocol.book.declaration import Act, Create, Desk, List, Plan, Practice, Show
from protocol.book.refusals import Refused
from protocol.lanes.items import BoardItem
from protocol.practices.market.heard import search_wanted
from protocol.practices.market.index import found_intents
from protocol.practices.market.intents import NEED_ITEMS, IntentPlace, Need
from protocol.practices.market.pinned import pin_again, pin_new, taken_down
from protocol.practices.market.shown import find_intent, intent_fields
from protocol.practices.market.wishes import NeedShown, NeedsWanted, PublishNeed, ReplaceNeed, WithdrawNeed


def plan_publish(desk: Desk, wish: PublishNeed) -> Plan | Refused:
    """Put a need on our network's board."""
    return pin_new(desk, wish, NEED_ITEMS, within_km=wish.within_km)


def plan_replace(desk: Desk, id: str, wish: ReplaceNeed) -> Plan | Refused:
    """Put something else in the place of a need."""
    return pin_again(desk, id, wish, NEED_ITEMS, within_km=wish.within_km)


def plan_withdraw(desk: Desk, id: str, wish: WithdrawNeed) -> Plan | Refused:
    """Withdraw a need."""
    del wish
    said = taken_down(desk, id, NEED_ITEMS)
    return said if isinstance(said, Refused) else Plan(id, answer=show_need(desk, id), published=(said,))


def show_need(desk: Desk, id: str) -> NeedShown | Refused:
    """Show a need of our network, or of another."""
    found = find_intent(desk.book, id, NEED_ITEMS)
    return found if isinstance(found, Refused) else need_shown(desk.book, *found)


def need_shown(book: Book, item: BoardItem, body: Need, near: IntentPlace | None = None) -> NeedShown:
    """Return a need as it is shown."""
    return NeedShown(**intent_fields(book, item, body, near), within_km=body.within_km)


def list_needs(desk: Desk, wanted: NeedsWanted, after: int) -> Iterator[tuple[int, NeedShown]] | Refused:
    """List the needs that this node holds, in the order in which they came."""
    search = search_wanted(desk.book, wanted)
    if isinstance(search, Refused):
        return search
    found = found_intents(desk.book, NEED_ITEMS, search, after)
    return ((one.arrival, need_shown(desk.book, one.item, one.body, search.near)) for one in found)


PRACTICE = Practice(
    name="needs",
    entries=(),
    boards=(NEED_ITEMS,),
    operations=(
        Create("needs", PublishNeed, plan=plan_publish, verb="publish",
               example="mutirao needs publish --title 'Wheat flour' --quantity '1,5 t' --language pt --code 23110"),
        Act("needs", "replace", ReplaceNeed, plan=plan_replace,
            example="mutirao needs replace NEED --title 'Rye flour' --quantity '20 kg'"),
        Act("needs", "withdraw", WithdrawNeed, plan=plan_withdraw, example="mutirao needs withdraw NEED"),
        Show("needs", NeedShown, view=show_need, example="mutirao needs show NEED",
             id_is="its id; behind an @ the network's handle or id, where it is another than yours"),
        List("needs", NeedsWanted, NeedShown, view=list_needs, example="mutirao needs list --code 231"),
    ),
)  # fmt: skip
