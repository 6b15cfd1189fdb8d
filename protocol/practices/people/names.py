# SPDX-License-Identifier: AGPL-3.0-or-later
"""Names: what members are called, and how that changes while old statements keep what was said then.

A handle that a member once had stays its own: nobody else can be paid in its stead, and who writes the old one
still reaches it. The handle of somebody who was never taken in, such as a typo, becomes free again.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from protocol.book.addresses import resolve_member
from protocol.book.book import Book
from protocol.book.declaration import Act, Actor, Desk, Doc, Entered, News, Plan, Practice, Role, Write
from protocol.book.ledger import Posting
from protocol.book.members import Member, MemberState
from protocol.book.personal import NAME_BYTES_MAX, NAME_CHARS_MAX, salted, text_refusal
from protocol.book.private import Private
from protocol.book.refusals import (
    DUPLICATE,
    FORBIDDEN,
    MALFORMED,
    MEMBER_UNKNOWN,
    STATE_CONFLICT,
    Reason,
    Refused,
    Stage,
    foremost,
    refuse,
)
from protocol.book.signed import Digest, MemberId
from protocol.lanes.entry import Body
from protocol.practices.people.authority import acts_for
from protocol.practices.people.called import CALLED, call_anew, name_owned
from protocol.wire.shape import AtMost, Spelt

HANDLE_TAKEN = Reason(
    "HANDLE_TAKEN",
    Stage.SUBJECT,
    409,
    "The handle is taken",
    "The handle {handle} is taken; who has left comes back by `members return`.",
    heading="{handle} is taken",
    ways=("take another name", "come back as who you were: mutirao members return"),
)

HANDLE_CHARS_MAX = 32
EARLIER_HANDLES_MAX = 16
"""Handles that one member may leave behind, each taken for good."""

HANDLE = "[a-z0-9][a-z0-9-]{0,30}[a-z0-9]"
"""How a handle is spelt."""
_HANDLE = re.compile(HANDLE)
_RESERVED = frozenset({"commons", "holds", "exchange"})


NewHandle = Annotated[MemberId, Spelt(HANDLE)]


@dataclass(frozen=True, slots=True)
class Renamed:
    """From now on a member has this handle, and this name or none."""

    KIND: ClassVar[str] = "members/renamed"
    member: MemberId
    handle: NewHandle
    name: Digest | None


@dataclass(frozen=True, slots=True)
class Rename:
    """Change the handle or the name of a member; old statements keep the old handle, which still reaches it."""

    handle: Annotated[
        str | None, AtMost(HANDLE_CHARS_MAX), Doc("the new handle: 2 to 32 of a-z, 0-9 and inner dashes")
    ] = None
    name: Annotated[str | None, AtMost(NAME_CHARS_MAX), Doc("the new name that others see; erasable")] = None


def handle_refusal(book: Book, handle: str, member: str | None = None) -> Refused | None:
    """Return why a handle cannot be that of a member (None: of one who is new)."""
    if not _HANDLE.fullmatch(handle):
        return refuse(MALFORMED, field="handle", expected="2 to 32 of a-z, 0-9 and inner dashes")
    if handle in _RESERVED or book.member_by_handle.get(handle, member) != member:
        return refuse(HANDLE_TAKEN, handle=handle)
    return None


def check(book: Book, entered: Entered) -> Reason | None:
    refused = book.misplaced(entered) or _against(book, entered.body)
    return refused.reason if refused else None


def _against(book: Book, body: Body) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    assert isinstance(body, Renamed)
    member = book.members.get(body.member)
    if member is None:
        return refuse(MEMBER_UNKNOWN, member=body.member)
    book.rows(CALLED).need((member.id,))
    if member.state is MemberState.LEFT:
        return member.inactive()
    if body.handle == member.handle:
        return refuse(DUPLICATE) if body.name == member.name else None
    refused = handle_refusal(book, body.handle, member.id)
    if refused is None and not _is_new(book, member) and len(member.earlier) >= EARLIER_HANDLES_MAX:
        refused = refuse(STATE_CONFLICT, state=f"renamed {EARLIER_HANDLES_MAX} times")
    return refused


def _is_new(book: Book, member: Member) -> bool:
    """Tell whether nobody can have paid a member yet: it was never taken in."""
    return not book.ledger.of_member(member.id)


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body = entered.body
    assert isinstance(body, Renamed)
    member = book.members[body.member]
    member.name = body.name
    if body.handle != member.handle:
        if _is_new(book, member):
            del book.member_by_handle[member.handle]
        else:
            member.earlier = (*member.earlier, (entered.seq, member.handle))
        member.handle = body.handle
        book.member_by_handle[body.handle] = member.id
    call_anew(book, member)
    return ()


def news(book: Book, entered: Entered) -> Iterable[News]:
    del book
    body = entered.body
    assert isinstance(body, Renamed)
    yield News("member.renamed", body.member, (body.member,))


def plan_rename(desk: Desk, address: str, wish: Rename) -> Plan | Refused:
    book = desk.book
    member = resolve_member(book, address)
    if isinstance(member, Refused):
        return member
    if wish.handle is None and wish.name is None:
        return refuse(MALFORMED, field="handle", expected="a handle, a name or both")
    if not _may_rename(desk.actor, member):
        return refuse(FORBIDDEN, allowed="the member itself")
    name, texts = (member.name, ()) if wish.name is None else salted(desk, wish.name)
    body = Renamed(member.id, member.handle if wish.handle is None else wish.handle, name)
    # By the author alone: which accounts there are differs with the version of the program, a check may not.
    taken = body.handle in book.account_names
    refused = foremost(
        text_refusal("name", wish.name, NAME_CHARS_MAX),
        refuse(HANDLE_TAKEN, handle=body.handle) if taken else None,
        _against(book, body),
    )
    return refused or Plan(member.id, (Write(body),), texts)


def _may_rename(actor: Actor, member: Member) -> bool:
    mends = actor.role is Role.STEWARD and member.state is MemberState.PENDING
    return mends or acts_for(actor, member)


PRACTICE = Practice(
    name="names",
    entries=(Renamed,),
    check=check,
    fold=fold,
    news=news,
    private=(Private("name", NAME_BYTES_MAX, (Renamed,), name_owned),),
    tables=(CALLED,),
    operations=(
        Act("members", "rename", Rename, plan=plan_rename, example="mutirao members rename ana --handle ana-souza"),
    ),
    refusals=(HANDLE_TAKEN,),
)
