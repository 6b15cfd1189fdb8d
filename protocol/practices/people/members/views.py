# SPDX-License-Identifier: AGPL-3.0-or-later
"""Members as they are seen, and how they join, are taken in and leave."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated

from protocol.book.addresses import resolve_member
from protocol.book.arrivals import since
from protocol.book.book import Book
from protocol.book.declaration import At, Desk, Doc, Entered, Errand, News, RowsWanted, TextRef, Urgency
from protocol.book.members import Auth, Member, MemberState
from protocol.book.money import Amount
from protocol.book.personal import NAME_CHARS_MAX, Search, no_word_in, shown_text
from protocol.book.refusals import Refused
from protocol.book.signed import Signed, uuid_text
from protocol.book.wishes import said_in
from protocol.practices.people.authority import may_see
from protocol.practices.people.called import CALLED, Called
from protocol.practices.people.invitations import INVITATION_CODE_CHARS_MAX
from protocol.practices.people.members.entries import (
    Approved,
    CurrencyCode,
    Leave,
    LimitsSet,
    MemberJoined,
    MemberLeft,
    Resumed,
    Suspended,
)
from protocol.practices.people.names import HANDLE_CHARS_MAX
from protocol.wire.shape import AtMost


@dataclass(frozen=True, slots=True)
class Join:
    """Join with an invitation's code; the group then approves."""

    code: Annotated[
        str, AtMost(INVITATION_CODE_CHARS_MAX), Doc("the code of the invitation; case and dashes do not matter")
    ]
    handle: Annotated[str, AtMost(HANDLE_CHARS_MAX), Doc("the name for payments: 2 to 32 of a-z, 0-9 and inner dashes")]
    name: Annotated[str | None, AtMost(NAME_CHARS_MAX), Doc("the name that others see; erasable")] = None
    joining: Annotated[
        Signed | None, Doc("a signed joining, which proves your key; without it the account is custodial")
    ] = None


@dataclass(frozen=True, slots=True)
class Approve:
    """Take somebody in: open accounts; or open further ones for a member."""

    currency: Annotated[CurrencyCode | None, Doc("the currency of the account; default: every open one")] = None
    credit_limit: Annotated[Amount | None, Doc("how far the account may owe; default: the currency's")] = None
    balance_limit: Annotated[Amount | None, Doc("how much the account may hold; default: the currency's")] = None


@dataclass(frozen=True, slots=True)
class SetLimits:
    """Set how far a member's account may go, each way; what is not named stays."""

    credit_limit: Annotated[Amount | None, Doc("how far it may owe: 200.00 lets the balance reach -200.00")] = None
    balance_limit: Annotated[Amount | None, Doc("how much it may hold")] = None
    currency: Annotated[CurrencyCode | None, Doc("the currency of the account, if the member has several")] = None
    any_balance: Annotated[bool, Doc("let it hold any amount: end its balance limit")] = False


@dataclass(frozen=True, slots=True)
class Suspend:
    """Let a member neither pay nor be paid, until it is resumed."""


@dataclass(frozen=True, slots=True)
class Resume:
    """Let a suspended member be active again."""


@dataclass(frozen=True, slots=True)
class MembersWanted:
    """The directory of members; in the order in which they came, or with the best first where you search."""

    state: Annotated[MemberState | None, Doc("only members of this state")] = None
    handle: Annotated[str | None, AtMost(HANDLE_CHARS_MAX), Doc("only the member with this handle")] = None
    search: Search = None


@dataclass(frozen=True, slots=True)
class KeyShown:
    """A key of a member's device."""

    key: Annotated[bytes, Doc("the public key, Ed25519")]
    cap_minor: Annotated[int | None, Doc("what it may pay in all, in minor units; null: as much as the member")]
    spent_minor: Annotated[int, Doc("what it has paid, in minor units")]
    order_seq: Annotated[int, Doc("the number of its newest order; the next must be higher")]


@dataclass(frozen=True, slots=True)
class MandateShown:
    """What a helper may pay from an account."""

    id: Annotated[str, Doc("its id")]
    account: Annotated[str, Doc("the account it pays from")]
    giver: Annotated[str, Doc("the handle of the member whose account it is")]
    helper: Annotated[str, Doc("the handle of the helper")]
    cap: Annotated[Amount, Doc("what may be paid in all")]
    spent: Annotated[Amount, Doc("what has been paid")]
    not_after: Annotated[At, Doc("until when")]
    revoked: Annotated[bool, Doc("whether it was taken back")]


@dataclass(frozen=True, slots=True)
class MemberShown:
    """A member; keys and mandates are shown to itself and to those who read all."""

    id: Annotated[str, Doc("its id")]
    handle: Annotated[str, Doc("the name for payments")]
    name: Annotated[TextRef | None, Doc("the name that others see")]
    state: Annotated[MemberState, Doc("how far it has come")]
    auth: Annotated[Auth, Doc("whether it signs its orders, or the network writes on its word")]
    joined_at: Annotated[At, Doc("when it asked to join")]
    accounts: Annotated[tuple[str, ...], Doc("the ids of its accounts")]
    keys: Annotated[tuple[KeyShown, ...], Doc("the keys of its devices")] = ()
    mandates: Annotated[tuple[MandateShown, ...], Doc("mandates that it gave or holds")] = ()


def news(book: Book, entered: Entered) -> Iterable[News]:
    match entered.body:
        case MemberJoined(member):
            yield News("member.joined", member, (member,))
        case Approved(member):
            yield News("member.approved", member, (member,))
        case LimitsSet(account):
            member = book.ledger.accounts[account].member or ""
            yield News("member.limits-set", member, (member,))
        case Suspended(member):
            yield News("member.suspended", member, (member,))
        case Resumed(member):
            yield News("member.resumed", member, (member,))
        case MemberLeft() as body:
            member = said_in(book, body, Leave).wish.member
            yield News("member.left", member, (member,))
        case _:
            raise AssertionError(entered.body)


def view_member(desk: Desk, address: str) -> MemberShown | Refused:
    member = resolve_member(desk.book, address)
    return member if isinstance(member, Refused) else _shown(desk, member)


def find_members(desk: Desk, wanted: MembersWanted, after: int, limit: int) -> RowsWanted | Refused | None:
    """Return what is to be searched for, None where nothing is."""
    if wanted.search is None:
        return None
    members, state, handle = desk.book.members, wanted.state, wanted.handle

    def fits(row: Called) -> bool:
        return state in (None, members[row.id].state) and handle in (None, members[row.id].handle)

    return no_word_in(wanted.search) or RowsWanted(
        CALLED, after, limit, lambda row: _shown(desk, members[row.id]), wanted=fits, search=wanted.search
    )


def view_members(desk: Desk, wanted: MembersWanted, after: int) -> Iterable[tuple[int, MemberShown]]:
    book = desk.book
    members = list(book.members.values())
    if wanted.handle is not None:
        members = [one for one in (book.members.get(book.member_by_handle.get(wanted.handle, "")),) if one]
    found = since(members, after)
    return ((cursor, _shown(desk, one)) for cursor, one in found if wanted.state in (None, one.state))


def _shown(desk: Desk, member: Member) -> MemberShown:
    book = desk.book
    full = may_see(desk.actor, member.id)
    return MemberShown(
        id=member.id,
        handle=member.handle,
        name=shown_text(member.name),
        state=member.state,
        auth=member.auth,
        joined_at=member.at_ms,
        accounts=tuple(account.id for account in book.ledger.of_member(member.id)),
        keys=tuple(
            KeyShown(key, device.cap_minor, device.spent_minor, device.order_seq)
            for key, device in member.keys.items()
            if full and not device.revoked
        ),
        mandates=tuple(_mandate(book, one) for one in (*member.given, *member.held) if full),
    )


def _mandate(book: Book, name: bytes) -> MandateShown:
    mandate = book.mandates[name]
    code = book.ledger.accounts[mandate.account].currency
    return MandateShown(
        id=uuid_text(name),
        account=mandate.account,
        giver=book.name_of(mandate.account),
        helper=book.members[mandate.helper].handle,
        cap=book.amount(code, mandate.cap_minor),
        spent=book.amount(code, mandate.spent_minor),
        not_after=mandate.not_after_ms,
        revoked=mandate.revoked,
    )


def member_named(book: Book, address: str) -> tuple[str, ...]:
    """Return the id of the member that a handle or an id names, nobody's where it names none."""
    member = resolve_member(book, address)
    return () if isinstance(member, Refused) else (member.id,)


def week(desk: Desk) -> Iterator[Errand]:
    """Yield whoever has joined and waits to be taken in."""
    for member in desk.book.members.values():
        if member.state is MemberState.PENDING:
            said = f"{member.handle} has joined, and waits to be taken in"
            yield Errand(member.id, member.handle, "members.to_approve", said, "members.approve", Urgency.PEOPLE)
