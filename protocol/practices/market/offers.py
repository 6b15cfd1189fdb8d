# SPDX-License-Identifier: AGPL-3.0-or-later
"""Offers: what members have for each other, on their network's board and on those of others.

They are replaced in place, withdrawn everywhere, and lapse; the ledger knows nothing of them.
"""

from collections.abc import Iterator

from protocol.book.declaration import Act, Create, Desk, List, Plan, Practice, Show
from protocol.book.refusals import NOT_FOUND, Refused, refuse
from protocol.book.signed import parse_uuid
from protocol.lanes.items import BoardItem
from protocol.peers.boards import BOARD_NEWS
from protocol.practices.market.cost_sheets import BELOW_COST
from protocol.practices.market.ending import due, look_again
from protocol.practices.market.heard import offers_wanted
from protocol.practices.market.index import found_intents, keep_index, price_refusal
from protocol.practices.market.intents import OFFER_ITEMS, IntentPlace, Offer
from protocol.practices.market.marked import marks_of
from protocol.practices.market.measures import QUANTITY_REASONS
from protocol.practices.market.pinned import INTENTS_FULL, OPEN_INTENTS, own_item, pin_again, pin_new, taken_down
from protocol.practices.market.shown import find_intent, intent_fields, why_of
from protocol.practices.market.wishes import (
    MarkShown,
    OfferShown,
    OffersWanted,
    PublishOffer,
    ReplaceOffer,
    WithdrawOffer,
)
from protocol.practices.people.members.entries import MemberLeft, Suspended
from protocol.practices.people.names import Renamed


def plan_publish(desk: Desk, wish: PublishOffer) -> Plan | Refused:
    """Put an offer on our network's board."""
    sheet = parse_uuid(wish.cost_sheet or "")
    if sheet is None and wish.cost_sheet is not None:
        return refuse(NOT_FOUND)
    return pin_new(desk, wish, OFFER_ITEMS, sheet=sheet)


def plan_replace(desk: Desk, id: str, wish: ReplaceOffer) -> Plan | Refused:
    """Put something else in the place of an offer; its picture stays."""
    found = own_item(desk.book, id, OFFER_ITEMS)
    picture = None if isinstance(found, Refused) else found[1].picture
    sheet = parse_uuid(wish.cost_sheet or "")
    if sheet is None and wish.cost_sheet is not None:
        return refuse(NOT_FOUND)
    return pin_again(desk, id, wish, OFFER_ITEMS, picture=picture, sheet=sheet)


def plan_withdraw(desk: Desk, id: str, wish: WithdrawOffer) -> Plan | Refused:
    """Withdraw an offer."""
    del wish
    said = taken_down(desk, id, OFFER_ITEMS)
    return said if isinstance(said, Refused) else Plan(id, answer=show_offer(desk, id), published=(said,))


def show_offer(desk: Desk, id: str) -> OfferShown | Refused:
    """Show an offer of our network, or of another."""
    found = find_intent(desk.book, id, OFFER_ITEMS)
    return found if isinstance(found, Refused) else offer_shown(desk, *found)


def offer_shown(desk: Desk, item: BoardItem, body: Offer, near: IntentPlace | None = None) -> OfferShown:
    """Return an offer as it is shown."""
    picture = None if body.picture is None else body.picture.hex()
    marks = marks_of(desk.book, item.network, body.member, body.code, desk.now)
    verified = tuple(MarkShown(*mark) for mark in marks)
    return OfferShown(
        **intent_fields(desk.book, item, body, near),
        verified=verified,
        picture=picture,
        why=why_of(desk.book, item, body),
    )


def list_offers(desk: Desk, wanted: OffersWanted, after: int) -> Iterator[tuple[int, OfferShown]] | Refused:
    """List the offers that this node holds, in the order in which they came."""
    search = offers_wanted(desk, wanted)
    if isinstance(search, Refused):
        return search
    if refused := price_refusal(desk.book, search):
        return refused
    found = found_intents(desk.book, OFFER_ITEMS, search, after)
    return ((one.arrival, offer_shown(desk, one.item, one.body, search.near)) for one in found)


PRACTICE = Practice(
    name="offers",
    entries=(),
    boards=(OFFER_ITEMS,),
    parameters=(OPEN_INTENTS,),
    refusals=(INTENTS_FULL, BELOW_COST, *QUANTITY_REASONS.values()),
    fills=(BOARD_NEWS.by(keep_index),),
    due=due,
    after=dict.fromkeys((Suspended, MemberLeft, Renamed), look_again),
    operations=(
        Create("offers", PublishOffer, plan=plan_publish, verb="publish",
               example="mutirao offers publish --title 'Wheat flour' --quantity '12 kg' --prices 4.50 --code 23110"),
        Act("offers", "replace", ReplaceOffer, plan=plan_replace,
            example="mutirao offers replace OFFER --title 'Wheat flour' --quantity '8 kg' --prices 4.80"),
        Act("offers", "withdraw", WithdrawOffer, plan=plan_withdraw, example="mutirao offers withdraw OFFER"),
        Show("offers", OfferShown, view=show_offer, example="mutirao offers show OFFER",
             id_is="its id; behind an @ the network's handle or id, where it is another than yours"),
        List("offers", OffersWanted, OfferShown, view=list_offers,
             example="mutirao offers list --search 'flour wheat' --near geo:-23.55,-46.63 --within-km 30"),
    ),
)  # fmt: skip
