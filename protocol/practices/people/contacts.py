# SPDX-License-Identifier: AGPL-3.0-or-later
"""Contacts: how a member is reached and where it is, kept at its home node alone, and shown to whom it says.

They stand in no entry: other nodes never see them, and what is erased or replaced leaves no trace. A member has one of
each kind, so what it keeps is bounded.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from protocol.book.addresses import ADDRESS_CHARS_MAX, resolve_member
from protocol.book.book import Book
from protocol.book.declaration import (
    Act,
    Actor,
    At,
    Create,
    Desk,
    Doc,
    ItemsWanted,
    List,
    Page,
    Plan,
    Practice,
    Ref,
    Role,
    Show,
    TextRef,
)
from protocol.book.members import Member, MemberState
from protocol.book.personal import text_refusal
from protocol.book.private import PrivateItem
from protocol.book.refusals import FORBIDDEN, MALFORMED, NOT_FOUND, Refused, foremost, refuse
from protocol.practices.people.authority import acts_for
from protocol.wire.shape import AtMost

CONTACT_CHARS_MAX = 300
ITEM_ID_BYTES = 32

_FORMS = {
    "phone": (re.compile(r"\+?[0-9][0-9 ()./-]{2,38}[0-9]"), "a phone number, such as +55 11 5555 0100"),
    "email": (re.compile(r"[^\s@]{1,64}@[^\s@]{1,190}"), "an e-mail address, such as ana@example.org"),
    "web": (re.compile(r"https?://[^\s]{1,290}"), "an address that begins with https:// or http://"),
    "place": (
        re.compile(r"geo:(-?[0-9]{1,2}(?:\.[0-9]{1,7})?),(-?[0-9]{1,3}(?:\.[0-9]{1,7})?)"),
        "latitude and longitude in degrees (RFC 5870), such as geo:-23.5505,-46.6333",
    ),
}
"""The kinds that have a form; a postal address and words of one's own have none."""
_DEGREES_MAX = (90, 180)


class ContactKind(StrEnum):
    """What a contact is."""

    PHONE = "phone"
    EMAIL = "email"
    WEB = "web"
    POST = "post"
    PLACE = "place"
    OTHER = "other"


class Sight(StrEnum):
    """Who may see something besides the member itself: nobody, those who coordinate, or all members."""

    ME = "me"
    COORDINATORS = "coordinators"
    MEMBERS = "members"


@dataclass(frozen=True, slots=True)
class SetContact:
    """Say how you are reached, or where you are, and who may see that; it takes the place of what you said before."""

    kind: Annotated[ContactKind, Doc("what it is; a place is geo:LATITUDE,LONGITUDE")]
    value: Annotated[str, AtMost(CONTACT_CHARS_MAX), Doc("the number, the address, the place")]
    seen_by: Annotated[Sight, Doc("who sees it besides you")] = Sight.COORDINATORS
    member: Annotated[
        str | None,
        AtMost(ADDRESS_CHARS_MAX),
        Ref("members"),
        Doc("whose it is, where a steward says it; default: yours"),
    ] = None


@dataclass(frozen=True, slots=True)
class RemoveContact:
    """Take a contact away; what it was is overwritten."""


@dataclass(frozen=True, slots=True)
class ContactsWanted:
    """How a member is reached, as far as you may see it."""

    member: Annotated[str | None, AtMost(ADDRESS_CHARS_MAX), Ref("members"), Doc("whose; default: yours")] = None


@dataclass(frozen=True, slots=True)
class ContactShown:
    """How a member is reached, or where it is."""

    id: Annotated[str, Doc("its id: the member's, a dot, and the kind")]
    member: Annotated[str, Doc("the member's handle")]
    kind: Annotated[ContactKind, Doc("what it is")]
    value: Annotated[TextRef | None, Doc("what it says; null: it was taken away")]
    seen_by: Annotated[Sight, Doc("who sees it besides the member")]
    set_at: Annotated[At, Doc("when it was set")]


def sights(actor: Actor, member: Member) -> frozenset[str]:
    """Return what somebody may see of a member, by who may."""
    if actor.member == member.id:
        return frozenset(Sight)
    if actor.role in (Role.STEWARD, Role.COMMITTEE):
        return frozenset({Sight.COORDINATORS, Sight.MEMBERS})
    # An auditor reads the books, and those who have left are nobody's neighbours any more.
    is_here = actor.role is Role.MEMBER and member.state is not MemberState.LEFT
    return frozenset({Sight.MEMBERS}) if is_here else frozenset()


def kept_by(desk: Desk, member: Member, kind: str, value: bytes, seen_by: Sight) -> PrivateItem:
    """Return something of a member's as it is kept; an empty value takes away what there was."""
    return PrivateItem(
        desk.chance(ITEM_ID_BYTES), member.id, kind, f"members/{member.id}", value, seen_by.value, desk.now
    )


def whose(desk: Desk, address: str | None) -> Member | Refused:
    """Return the member of whom somebody speaks: oneself, where nobody is named."""
    named = address if address is not None else desk.actor.member
    if named is None:
        return refuse(MALFORMED, field="member", expected="a member")
    return resolve_member(desk.book, named)


def may_keep(desk: Desk, member: Member) -> Refused | None:
    """Return why somebody may not say what is kept of a member."""
    return None if acts_for(desk.actor, member) else refuse(FORBIDDEN, allowed="the member itself")


def plan_set(desk: Desk, wish: SetContact) -> Plan | Refused:
    member = whose(desk, wish.member)
    if isinstance(member, Refused):
        return member
    refused = foremost(may_keep(desk, member), text_refusal("value", wish.value, CONTACT_CHARS_MAX), _misformed(wish))
    if refused is None and member.state is MemberState.LEFT:
        refused = member.inactive()
    if refused:
        return refused
    item = kept_by(desk, member, wish.kind.value, wish.value.encode(), wish.seen_by)
    return Plan(_id(member.id, wish.kind.value), items=(item,), answer=_shown(desk.book, item))


def _misformed(wish: SetContact) -> Refused | None:
    form, expected = _FORMS.get(wish.kind.value, (re.compile(r".*\S.*", re.DOTALL), "some words"))
    found = form.fullmatch(wish.value)
    is_on_earth = wish.kind is not ContactKind.PLACE or found is None or _are_degrees(found.groups())
    return None if found and is_on_earth else refuse(MALFORMED, field="value", expected=expected)


def _are_degrees(told: Iterable[str]) -> bool:
    return all(abs(Decimal(one)) <= most for one, most in zip(told, _DEGREES_MAX, strict=True))


def plan_remove(desk: Desk, name: str, wish: RemoveContact) -> Plan | Refused:
    del wish
    found = _named(desk.book, name)
    if isinstance(found, Refused):
        return found
    member, kind = found
    item = kept_by(desk, member, kind.value, b"", Sight.ME)
    return may_keep(desk, member) or Plan(name, items=(item,), answer=_shown(desk.book, item, gone=True))


def view_contact(desk: Desk, name: str) -> ItemsWanted | Refused:
    found = _named(desk.book, name)
    if isinstance(found, Refused):
        return found
    member, kind = found

    def show(items: Iterable[PrivateItem]) -> ContactShown | Refused:
        return next((_shown(desk.book, one) for one in items), refuse(NOT_FOUND))

    return ItemsWanted(member.id, (kind.value,), sights(desk.actor, member), show)


def find_contacts(desk: Desk, wanted: ContactsWanted, after: int, limit: int) -> ItemsWanted | Refused:
    del after, limit  # a member has a few
    member = whose(desk, wanted.member)
    if isinstance(member, Refused):
        return member

    def show(items: Iterable[PrivateItem]) -> Page:
        return Page(tuple(_shown(desk.book, one) for one in items), None)

    return ItemsWanted(member.id, tuple(ContactKind), sights(desk.actor, member), show)


def _id(member: str, kind: str) -> str:
    return f"{member}.{kind}"


def _named(book: Book, name: str) -> tuple[Member, ContactKind] | Refused:
    """Return whose contact an id names, and of which kind; a handle does for the member's id."""
    address, dot, kind = name.rpartition(".")
    if not dot or kind not in tuple(ContactKind):
        return refuse(NOT_FOUND)
    member = resolve_member(book, address)
    return member if isinstance(member, Refused) else (member, ContactKind(kind))


def _shown(book: Book, item: PrivateItem, *, gone: bool = False) -> ContactShown:
    handle = book.members[item.owner].handle
    value = None if gone else TextRef(item.digest)
    return ContactShown(_id(item.owner, item.kind), handle, ContactKind(item.kind), value, Sight(item.seen), item.at_ms)


PRACTICE = Practice(
    name="contacts",
    entries=(),
    operations=(
        Create(
            "contacts",
            SetContact,
            plan=plan_set,
            verb="set",
            example='mutirao contacts set --kind phone --value "+55 11 5555 0100" --seen-by members',
        ),
        Act("contacts", "remove", RemoveContact, plan=plan_remove, example="mutirao contacts remove ana.phone"),
        Show(
            "contacts",
            ContactShown,
            view=view_contact,
            id_is="the member and the kind of contact, such as ana.phone",
            example="mutirao contacts show ana.phone",
        ),
        List(
            "contacts",
            ContactsWanted,
            ContactShown,
            rows=find_contacts,
            own=True,
            example="mutirao contacts list --member ana",
        ),
    ),
)
