# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pictures of offers: one of each, kept at its home as members' pictures are, and shown by its home alone.

The offer on the board bears the picture's digest, so whoever fetches it from there knows that it is the one meant. It
is erased with the offer, and with what else is kept of the member.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import Annotated

from protocol.book.book import Book
from protocol.book.declaration import ANYONE, Act, Create, Desk, Doc, ItemsWanted, Picture, Plan, Practice, Role, Show
from protocol.book.members import Member
from protocol.book.private import PrivateItem
from protocol.book.publishing import Publication, Seers
from protocol.book.refusals import MALFORMED, NOT_FOUND, Reason, Refused, Stage, foremost, refuse
from protocol.book.signed import parse_uuid, uuid_text
from protocol.lanes.directory import Directory
from protocol.lanes.items import BoardItem
from protocol.peers.boards import BOARD_NEWS, Boards, HeldItem, body_of, seers_of
from protocol.peers.home import KEEPS, Keeping
from protocol.practices.market.intents import OFFER_ITEMS, Offer
from protocol.practices.market.pictured import PICTURE_PREFIX, OfferPictures, picture_kind, without_picture
from protocol.practices.market.pinned import member_of, not_acting, own_item
from protocol.practices.people.contacts import ITEM_ID_BYTES
from protocol.practices.people.pictures import PICTURE_BYTES_MAX, SENT_BYTES_MAX
from protocol.wire.keys import id_text
from protocol.wire.shape import AtMost

OFFER_SIGHT = "offer"
"""Who may see a picture of an offer: whoever may see the offer."""
PICTURE_ELSEWHERE = Reason(
    "PICTURE_ELSEWHERE",
    Stage.SUBJECT,
    404,
    "The picture of an offer of another network is at that network's home",
    "The offer is of {network}: its picture stays at the home there, and no copy is here.",
    heading="The picture is at {network}",
    ways=("ask the node of {network} for it, with the offer's id before the @",),
)
_JPEG = b"\xff\xd8\xff"


@dataclass(frozen=True, slots=True)
class SetOfferPicture:
    """Show what you offer; it takes the place of the picture before.

    The node keeps a small JPEG, without what the camera has told: where, when, by what.
    """

    offer: Annotated[str, AtMost(36), Doc("the id of the offer")]
    picture: Annotated[
        bytes, AtMost(SENT_BYTES_MAX), Picture, Doc("a JPEG, PNG, WebP or GIF of at most 50 million pixels")
    ]


@dataclass(frozen=True, slots=True)
class RemoveOfferPicture:
    """Take the picture of an offer away; what it was is overwritten."""


@dataclass(frozen=True, slots=True)
class OfferPictureShown:
    """The picture of an offer."""

    id: Annotated[str, Doc("the offer's id")]
    digest: Annotated[str | None, Doc("its SHA-256, in hexadecimal, as the offer bears it; null: there is none")]
    jpeg: Annotated[bytes | None, Doc("the picture; null in the answer to a change")] = None


def plan_set(desk: Desk, wish: SetOfferPicture) -> Plan | Refused:
    found = _of_member(desk, wish.offer)
    # What the door has drawn anew: nothing else reaches the store.
    is_drawn = wish.picture.startswith(_JPEG) and len(wish.picture) <= PICTURE_BYTES_MAX
    wrong = None if is_drawn else refuse(MALFORMED, field="picture", expected="a small JPEG")
    refused = foremost(wrong, found if isinstance(found, Refused) else found[0].inactive())
    if refused or isinstance(found, Refused):
        return refused or refuse(NOT_FOUND)
    member, item, offer = found
    digest = sha256(wish.picture).digest()
    kept = _kept(desk, member, item, wish.picture)
    shown = OfferPictureShown(wish.offer, digest.hex())
    return Plan(wish.offer, items=(kept,), published=(_bearing(item, offer, digest),), answer=shown)


def plan_remove(desk: Desk, id: str, wish: RemoveOfferPicture) -> Plan | Refused:
    del wish
    found = _of_member(desk, id)
    if isinstance(found, Refused):
        return found
    member, item, offer = found
    if offer.picture is None:
        return refuse(NOT_FOUND)
    kept = _kept(desk, member, item, b"")
    return Plan(id, items=(kept,), published=(_bearing(item, offer, None),), answer=OfferPictureShown(id, None))


def view_offer_picture(desk: Desk, id: str) -> ItemsWanted | Refused:
    found = own_item(desk.book, id, OFFER_ITEMS)
    if isinstance(found, Refused):
        return _elsewhere(desk, id) or found
    item, offer = found
    member = member_of(desk.book, offer)
    if member is None or offer.picture is None or not _is_seen(desk, item):
        return refuse(NOT_FOUND)

    def show(items: Iterable[PrivateItem]) -> OfferPictureShown | Refused:
        return next((OfferPictureShown(id, offer.picture.hex(), one.value) for one in items), refuse(NOT_FOUND))

    return ItemsWanted(member.id, (picture_kind(item.said.item),), frozenset({OFFER_SIGHT}), show)


def _elsewhere(desk: Desk, id: str) -> Refused | None:
    """Return which network has the picture of an offer on another board, to whoever may see that."""
    name, _, _ = id.partition("@")
    boards, place = desk.book.of(Boards), parse_uuid(name) or b""
    for network in sorted(boards.of):
        item = boards.get(network, place)
        offer = None if item is None or network == desk.book.network else body_of(item, OFFER_ITEMS)
        if item is not None and offer is not None and offer.picture is not None and _is_seen(desk, item):
            return refuse(PICTURE_ELSEWHERE, network=desk.book.of(Directory).handle(network) or id_text(network))
    return None


def _is_seen(desk: Desk, item: BoardItem) -> bool:
    return desk.actor.role is not Role.ANYONE or seers_of(item) is Seers.EVERYBODY


def _of_member(desk: Desk, id: str) -> tuple[Member, BoardItem, Offer] | Refused:
    """Return an offer and whose it is, if whoever asks may speak for that member."""
    found = own_item(desk.book, id, OFFER_ITEMS)
    if isinstance(found, Refused):
        return found
    item, offer = found
    member = member_of(desk.book, offer)
    refused = not_acting(desk, member)
    return refused or ((member, item, offer) if member is not None else refuse(NOT_FOUND))


def _kept(desk: Desk, member: Member, item: BoardItem, jpeg: bytes) -> PrivateItem:
    about = f"offers/{uuid_text(item.said.item)}"
    kind = picture_kind(item.said.item)
    return PrivateItem(desk.chance(ITEM_ID_BYTES), member.id, kind, about, jpeg, OFFER_SIGHT, desk.now)


def _bearing(item: BoardItem, offer: Offer, digest: bytes | None) -> Publication:
    said = item.said
    return Publication(said.item, replace(offer, picture=digest), said.not_after, said.seen_by)


def hear_offer(book: Book, before: HeldItem | None, after: HeldItem | None) -> tuple[()]:
    """Note that an offer of ours has ended, whose picture is then to be erased."""
    if before is not None and before.item.network == book.network:
        book.of(OfferPictures).hear(book, before.item, None if after is None else after.item)
    return ()


def due(desk: Desk) -> Iterator[Plan]:
    """Erase the pictures of offers that have ended, and say offers anew whose pictures were erased."""
    pictures = desk.book.of(OfferPictures)
    ended, pictures.ended = pictures.ended, []
    for owner, kind, about in ended:
        gone = PrivateItem(desk.chance(ITEM_ID_BYTES), owner, kind, about, b"", OFFER_SIGHT, desk.now)
        yield Plan(about, items=(gone,))
    erased, pictures.erased = pictures.erased, []
    for owner in erased:
        yield from without_picture(desk.book, owner)


def take_picture(book: Book, item: PrivateItem) -> None:
    """Keep nothing in memory of a picture; but of an offer that ended while the node was going down it is erased."""
    id = item.kind.removeprefix(PICTURE_PREFIX)
    if item.value and isinstance(own_item(book, id, OFFER_ITEMS), Refused):
        book.of(OfferPictures).ended.append((item.owner, item.kind, item.about))


def forget_pictures(book: Book, owner: str) -> None:
    """Note that all that was kept of a member is erased: its offers bear no pictures any more."""
    book.of(OfferPictures).erased.append(owner)


PRACTICE = Practice(
    name="offer-pictures",
    entries=(),
    fills=(BOARD_NEWS.by(hear_offer), KEEPS.by(Keeping(PICTURE_PREFIX, take_picture, forget_pictures))),
    due=due,
    refusals=(PICTURE_ELSEWHERE,),
    operations=(
        Create("offer-pictures", SetOfferPicture, plan=plan_set, verb="set",
               example="mutirao offer-pictures set --offer OFFER --picture cheese.jpg"),
        Act("offer-pictures", "remove", RemoveOfferPicture, plan=plan_remove,
            example="mutirao offer-pictures remove OFFER"),
        Show("offer-pictures", OfferPictureShown, view=view_offer_picture, who=ANYONE, id_is="the offer's id",
             example="mutirao offer-pictures show OFFER --output cheese.jpg"),
    ),
)  # fmt: skip
