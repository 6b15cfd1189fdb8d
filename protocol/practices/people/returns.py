# SPDX-License-Identifier: AGPL-3.0-or-later
"""Coming back: who has left is the same member again, under the same handle, with the balance as it was left.

An old key of the member's own proves who comes, and any invitation will do. With a new key, or none, the group says
who it is: only an invitation that names the member opens. A new key shuts out the old ones and takes debts up again;
what the member held stays with the commons, or whoever makes invitations could take it out of there.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from protocol.book.accounts import commons_account
from protocol.book.addresses import resolve_member
from protocol.book.book import Book
from protocol.book.declaration import ANYONE, Act, Desk, Doc, Entered, News, Plan, Practice, Write
from protocol.book.ledger import Posting
from protocol.book.members import MEMBER_LIFE, Auth, Member
from protocol.book.refusals import (
    FORBIDDEN,
    KEY_UNKNOWN,
    MEMBER_UNKNOWN,
    ORDER_MISMATCH,
    WRONG_NETWORK,
    Reason,
    Refused,
    foremost,
    refuse,
)
from protocol.book.signed import Digest, MemberId, Signed
from protocol.book.wishes import said_in
from protocol.lanes.entry import Body, Millis
from protocol.practices.people.authority import KEY_TAKEN
from protocol.practices.people.devices import let_only
from protocol.practices.people.invitations import INVITATION_CODE_CHARS_MAX, Invitations, code_digest
from protocol.practices.people.joinings import Joining, heard, joining_in
from protocol.practices.people.members.entries import Leave, MemberLeft
from protocol.wire.shape import AtMost


@dataclass(frozen=True, slots=True)
class MemberReturned:
    """Who had left asks to be a member again, by a key, or without one (custodial)."""

    KIND: ClassVar[str] = "members/returned"
    member: MemberId
    code: Digest
    joining: Signed | None


@dataclass(slots=True)
class Departures:
    """What the commons took over from those who left, in minor units by member and account; until they come back."""

    left: dict[str, dict[str, int]] = field(default_factory=dict[str, dict[str, int]])


@dataclass(frozen=True, slots=True)
class Return:
    """Come back after leaving, as the same member; the group then approves, as it does for one who joins."""

    code: Annotated[
        str, AtMost(INVITATION_CODE_CHARS_MAX), Doc("the code of the invitation; case and dashes do not matter")
    ]
    joining: Annotated[
        Signed | None, Doc("a joining signed by your old key, or by a new one; left out by who never had a key")
    ] = None


def check(book: Book, entered: Entered) -> Reason | None:
    refused = book.misplaced(entered) or _against(book, entered.body, entered.at_ms)
    return refused.reason if refused else None


def _against(book: Book, body: Body, at_ms: Millis) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    assert isinstance(body, MemberReturned)
    joining = None if body.joining is None else heard(book, body.joining)
    if isinstance(joining, Refused):
        return joining
    member = book.members.get(body.member)
    if member is None:
        return refuse(MEMBER_UNKNOWN, member=body.member)
    refused = foremost(
        _against_invitation(book, body, member, joining, at_ms),
        MEMBER_LIFE.conflict(member.state, body.KIND),
        _against_no_key(member) if joining is None else _against_key(book, member, joining),
    )
    return refused or book.ledger.uncountable(*((one.account, one.amount_minor) for one in _taken_up(book, body)))


def _against_invitation(
    book: Book, body: MemberReturned, member: Member, joining: Joining | None, at_ms: Millis
) -> Refused | None:
    """Return why an invitation does not let this member back in."""
    invitation = book.of(Invitations).open_at(body.code, body.KIND, at_ms)
    if isinstance(invitation, Refused):
        return invitation
    if invitation.back == member.id or (invitation.back is None and _is_own(member, joining)):
        return None
    return refuse(FORBIDDEN, allowed="the member whom the invitation names, or its old key")


def _against_no_key(member: Member) -> Refused | None:
    if member.auth is Auth.CUSTODIAL:
        return None
    return refuse(FORBIDDEN, allowed="the member's own key, old or new")


def _against_key(book: Book, member: Member, joining: Joining) -> Refused | None:
    """Return why the key of somebody who comes back cannot be this member's."""
    if book.member_by_key.get(joining.key, member.id) != member.id:
        return refuse(KEY_TAKEN)
    if joining.network != book.network:
        return refuse(WRONG_NETWORK)
    if book.member_by_handle.get(joining.handle) != member.id:
        return refuse(ORDER_MISMATCH, field="handle")
    old = member.keys.get(joining.key)
    if old is None:
        return None
    if old.revoked:
        return refuse(KEY_UNKNOWN)
    return None if old.cap_minor is None else refuse(FORBIDDEN, allowed="a key without a cap")


def _is_own(member: Member, joining: Joining | None) -> bool:
    return joining is not None and joining.key in member.keys


def _taken_up(book: Book, body: MemberReturned) -> Sequence[Posting]:
    """Return the postings by which a member takes up again what it left to the commons."""
    member, joining = book.members[body.member], None if body.joining is None else joining_in(body.joining)
    whole = member.auth is Auth.CUSTODIAL or _is_own(member, joining)
    postings: list[Posting] = []
    for account, left_minor in _left(book, member).items():
        currency = book.ledger.accounts[account].currency
        if book.currencies[currency].closed or (left_minor > 0 and not whole):
            continue
        commons = commons_account(currency)
        postings.append(Posting(commons, -left_minor, "return", None, account))
        postings.append(Posting(account, left_minor, "return", None, commons))
    return postings


def _left(book: Book, member: Member) -> Mapping[str, int]:
    return book.of(Departures).left.get(member.id, {})


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body = entered.body
    assert isinstance(body, MemberReturned)
    postings = _taken_up(book, body)
    member = book.members[body.member]
    book.of(Departures).left.pop(member.id, None)
    book.of(Invitations).by_code[body.code].use(member.id, body.KIND)
    member.state = MEMBER_LIFE.after(member.state, body.KIND)
    if body.joining is not None:
        joining = joining_in(body.joining)
        if not _is_own(member, joining):
            let_only(book, member, joining.key, entered.seq)
    return postings


def posted(book: Book, entered: Entered, postings: Sequence[Posting]) -> None:
    """Keep what a member who leaves has left to the commons."""
    match entered.body:
        case MemberLeft() as body:
            member = said_in(book, body, Leave).wish.member
            owned = {account.id for account in book.ledger.of_member(member)}
            left = {one.account: -one.amount_minor for one in postings if one.account in owned}
            book.of(Departures).left[member] = left
        case _:
            return


def news(book: Book, entered: Entered) -> Iterable[News]:
    del book
    body = entered.body
    assert isinstance(body, MemberReturned)
    yield News("member.returned", body.member, (body.member,))


def plan_return(desk: Desk, address: str, wish: Return) -> Plan | Refused:
    member = resolve_member(desk.book, address)
    if isinstance(member, Refused):
        return member
    body = MemberReturned(member.id, code_digest(wish.code), wish.joining)
    return _against(desk.book, body, desk.now) or Plan(member.id, (Write(body),))


PRACTICE = Practice(
    name="returns",
    entries=(MemberReturned,),
    check=check,
    fold=fold,
    posted=posted,
    news=news,
    operations=(
        Act(
            "members",
            "return",
            Return,
            plan=plan_return,
            who=ANYONE,
            example="mutirao members return ana --code K7QX-2NDA-PLM4-6RTZ",
        ),
    ),
)
