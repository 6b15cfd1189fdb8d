# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which pictures of offers are to be erased, since the offer has ended or its member has had all of its own erased."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import ClassVar

from protocol.book.book import Book
from protocol.book.declaration import Plan, Publication
from protocol.book.signed import uuid_text
from protocol.lanes.items import BoardItem
from protocol.peers.boards import body_of
from protocol.practices.market.intents import OFFER_ITEMS, Offer
from protocol.practices.market.pinned import intents_of, member_of

PICTURE_PREFIX = "picture/"
"""With what the kinds of things begin that are pictures of offers; the rest is the offer's id."""


@dataclass(slots=True)
class OfferPictures:
    """What is still to be done about pictures of offers: no part of the fold."""

    TRANSIENT: ClassVar[bool] = True
    ended: list[tuple[str, str, str]] = field(default_factory=list[tuple[str, str, str]])
    """Of offers that have ended: whose the picture was, its kind, what it was about."""
    erased: list[str] = field(default_factory=list[str])
    """Members who have had erased what was kept of them."""

    def hear(self, book: Book, before: BoardItem, after: BoardItem | None) -> None:
        """Note what has ended with an offer of ours."""
        offer = body_of(before, OFFER_ITEMS)
        if offer is None or offer.picture is None or (after is not None and after.said.body is not None):
            return
        member = member_of(book, offer)
        if member is not None:
            id = before.said.item
            self.ended.append((member.id, picture_kind(id), f"offers/{uuid_text(id)}"))


def picture_kind(item: bytes) -> str:
    """Return under which kind the picture of an offer is kept."""
    return f"{PICTURE_PREFIX}{uuid_text(item)}"


def without_picture(book: Book, owner: str) -> Iterator[Plan]:
    """Yield how the offers of a member are said anew that bear the digest of a picture which is erased."""
    member = book.members.get(owner)
    for item, body in () if member is None else list(intents_of(book, member)):
        if isinstance(body, Offer) and body.picture is not None:
            said = item.said
            without = Publication(said.item, replace(body, picture=None), said.not_after, said.seen_by)
            yield Plan(uuid_text(said.item), published=(without,))
