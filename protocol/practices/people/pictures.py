# SPDX-License-Identifier: AGPL-3.0-or-later
"""Pictures: a face to a handle, one of each member, kept as contacts are, and shown to whom the member says."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Annotated

from protocol.book.addresses import ADDRESS_CHARS_MAX
from protocol.book.book import Book
from protocol.book.declaration import Act, At, Create, Desk, Doc, ItemsWanted, Picture, Plan, Practice, Ref, Show
from protocol.book.members import MemberState
from protocol.book.private import PrivateItem
from protocol.book.refusals import MALFORMED, NOT_FOUND, Refused, foremost, refuse
from protocol.practices.people.contacts import Sight, kept_by, may_keep, sights, whose
from protocol.wire.shape import AtMost

PICTURE_BYTES_MAX = 64 * 1024
SENT_BYTES_MAX = 6 * 1024 * 1024
PICTURE = "picture"
_JPEG = b"\xff\xd8\xff"


@dataclass(frozen=True, slots=True)
class SetPicture:
    """Show your face, or what you like, to whom you choose; it takes the place of the picture before.

    The node keeps a small JPEG, without what the camera has told: where, when, by what.
    """

    picture: Annotated[
        bytes, AtMost(SENT_BYTES_MAX), Picture, Doc("a JPEG, PNG, WebP or GIF of at most 50 million pixels")
    ]
    seen_by: Annotated[Sight, Doc("who sees it besides you")] = Sight.MEMBERS
    member: Annotated[
        str | None, AtMost(ADDRESS_CHARS_MAX), Ref("members"), Doc("whose, where a steward says it; default: yours")
    ] = None


@dataclass(frozen=True, slots=True)
class RemovePicture:
    """Take a picture away; what it was is overwritten."""


@dataclass(frozen=True, slots=True)
class PictureShown:
    """A member's picture."""

    id: Annotated[str, Doc("the member's id")]
    member: Annotated[str, Doc("the member's handle")]
    seen_by: Annotated[Sight, Doc("who sees it besides the member")]
    set_at: Annotated[At, Doc("when it was set")]
    jpeg: Annotated[bytes | None, Doc("the picture; null in the answer to a change")] = None


def plan_set(desk: Desk, wish: SetPicture) -> Plan | Refused:
    member = whose(desk, wish.member)
    if isinstance(member, Refused):
        return member
    # What the door has drawn anew: nothing else reaches the store.
    is_drawn = wish.picture.startswith(_JPEG) and len(wish.picture) <= PICTURE_BYTES_MAX
    refused = foremost(
        None if is_drawn else refuse(MALFORMED, field="picture", expected="a small JPEG"),
        may_keep(desk, member),
        member.inactive() if member.state is MemberState.LEFT else None,
    )
    if refused:
        return refused
    item = kept_by(desk, member, PICTURE, wish.picture, wish.seen_by)
    return Plan(member.id, items=(item,), answer=_shown(desk.book, item))


def plan_remove(desk: Desk, address: str, wish: RemovePicture) -> Plan | Refused:
    del wish
    member = whose(desk, address)
    if isinstance(member, Refused):
        return member
    item = kept_by(desk, member, PICTURE, b"", Sight.ME)
    return may_keep(desk, member) or Plan(member.id, items=(item,), answer=_shown(desk.book, item))


def view_picture(desk: Desk, address: str) -> ItemsWanted | Refused:
    member = whose(desk, address)
    if isinstance(member, Refused):
        return member

    def show(items: Iterable[PrivateItem]) -> PictureShown | Refused:
        return next((_shown(desk.book, one, one.value) for one in items), refuse(NOT_FOUND))

    return ItemsWanted(member.id, (PICTURE,), sights(desk.actor, member), show)


def _shown(book: Book, item: PrivateItem, jpeg: bytes | None = None) -> PictureShown:
    return PictureShown(item.owner, book.members[item.owner].handle, Sight(item.seen), item.at_ms, jpeg)


PRACTICE = Practice(
    name="pictures",
    entries=(),
    operations=(
        Create(
            "pictures",
            SetPicture,
            plan=plan_set,
            verb="set",
            example="mutirao pictures set --picture ana.jpg --seen-by members",
        ),
        Act("pictures", "remove", RemovePicture, plan=plan_remove, example="mutirao pictures remove ana"),
        Show("pictures", PictureShown, view=view_picture, example="mutirao pictures show ana"),
    ),
)
