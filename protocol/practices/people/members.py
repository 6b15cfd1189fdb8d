# SPDX-License-Identifier: AGPL-3.0-or-later
"""Members: how one is invited, joins, is approved with accounts and limits, is suspended, and leaves.

Who leaves takes nothing along and leaves nothing behind: the commons takes over the balance.
"""

import re
from base64 import b32encode
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from protocol.book.book import Auth, Book, DeviceKey, Member, MemberState, RequestState, commons_account, since
from protocol.book.declaration import (
    ANYONE,
    STEWARDS,
    Act,
    AskedFor,
    At,
    Create,
    Desk,
    Doc,
    Entered,
    Errand,
    List,
    News,
    Plan,
    Practice,
    Role,
    Show,
    TextRef,
    Urgency,
    Write,
)
from protocol.book.ledger import Account, Posting
from protocol.book.money import Amount, minor_of
from protocol.book.personal import NAME_BYTES_MAX, NAME_CHARS_MAX, salted, shown_text, text_refusal
from protocol.book.private import Owned, Private
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    AMOUNT_MALFORMED,
    CURRENCY_CLOSED,
    CURRENCY_MISMATCH,
    CURRENCY_UNKNOWN,
    DUPLICATE,
    FORBIDDEN,
    MALFORMED,
    MEMBER_UNKNOWN,
    STATE_CONFLICT,
    Reason,
    Refused,
    foremost,
    refuse,
)
from protocol.book.signed import AccountId, Digest, MemberId, Signed, uuid_text
from protocol.lanes.entry import Body, Millis
from protocol.practices.people.authority import KEY_TAKEN, may_see
from protocol.practices.people.invitations import CODE_CHARS_MAX, Invitations, code_digest
from protocol.practices.people.joinings import against_new_key, joining_in
from protocol.practices.people.names import HANDLE_CHARS_MAX, HANDLE_TAKEN, NewHandle, handle_refusal
from protocol.wire.shape import AtMost, Range, Spelt

MEMBER_ID_BYTES = 10
CURRENCIES_MAX = 64
"""Accounts that one approval may open."""

# Capitals, which no handle has: a handle can never pass for the id of another member.
MEMBER_ID = "[A-Z2-7]{16}"
"""How the id of a member is spelt."""
_MEMBER_ID = re.compile(MEMBER_ID)

NewMember = Annotated[MemberId, Spelt(MEMBER_ID)]
CurrencyCode = Annotated[str, AtMost(12)]
Least = Annotated[int, Range(1 - 2**63, 0)]
Most = Annotated[int, Range(0, 2**63 - 1)]


@dataclass(frozen=True, slots=True)
class Joined:
    """A member asks to be one, with a key of its own, or without (custodial)."""

    KIND: ClassVar[str] = "members/joined"
    member: NewMember
    code: Digest
    handle: NewHandle
    name: Digest | None
    joining: Signed | None


@dataclass(frozen=True, slots=True)
class Opening:
    """A new account in a currency, with its limits each way (minor units)."""

    currency: CurrencyCode
    least: Least
    most: Most | None


@dataclass(frozen=True, slots=True)
class Approved:
    """The group takes somebody in, or gives a member further accounts."""

    KIND: ClassVar[str] = "members/approved"
    member: MemberId
    openings: Annotated[tuple[Opening, ...], AtMost(CURRENCIES_MAX)]


@dataclass(frozen=True, slots=True)
class LimitsSet:
    """An account's limits each way are these from now on (minor units; no most: no ceiling)."""

    KIND: ClassVar[str] = "members/limits-set"
    account: AccountId
    least: Least
    most: Most | None


@dataclass(frozen=True, slots=True)
class Suspended:
    """A member neither pays nor is paid until it is resumed."""

    KIND: ClassVar[str] = "members/suspended"
    member: MemberId


@dataclass(frozen=True, slots=True)
class Resumed:
    """A suspended member is active again."""

    KIND: ClassVar[str] = "members/resumed"
    member: MemberId


@dataclass(frozen=True, slots=True)
class Left:
    """A member is gone; the commons takes its balances over, whatever their sign."""

    KIND: ClassVar[str] = "members/left"
    member: MemberId


@dataclass(frozen=True, slots=True)
class Join:
    """Join with an invitation's code; the group then approves."""

    code: Annotated[str, AtMost(CODE_CHARS_MAX), Doc("the code of the invitation; case and dashes do not matter")]
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
class Leave:
    """Leave the network: your balance goes to the commons, whether you owe or hold."""

    erase: Annotated[
        bool | None,
        Doc("whether names, notes and contacts are erased too; default: they are kept"),
        AskedFor("Erase names, notes and contacts of {id} too?", no="keep"),
    ] = None


@dataclass(frozen=True, slots=True)
class MembersWanted:
    """The directory of members."""

    state: Annotated[MemberState | None, Doc("only members of this state")] = None
    handle: Annotated[str | None, AtMost(HANDLE_CHARS_MAX), Doc("only the member with this handle")] = None


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


def check(book: Book, entered: Entered) -> Reason | None:
    refused = book.misplaced(entered) or _against(book, entered.body, entered.at_ms)
    return refused.reason if refused else None


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    match entered.body:
        case Joined() as body:
            _join(book, body, entered)
        case Approved() as body:
            book.members[body.member].state = MemberState.ACTIVE
            for one in body.openings:
                book.open_account(body.member, book.currencies[one.currency], one.least, one.most, entered.seq)
        case LimitsSet() as body:
            account = book.ledger.accounts[body.account]
            account.least_minor, account.most_minor = body.least, body.most
        case Suspended() as body:
            book.members[body.member].state = MemberState.SUSPENDED
        case Resumed() as body:
            book.members[body.member].state = MemberState.ACTIVE
        case Left() as body:
            book.members[body.member].state = MemberState.LEFT
            _close_requests(book, body.member)
            return _write_off(book, body.member)
        case _:
            raise AssertionError(entered.body)
    return ()


def owned(book: Book, body: Body) -> Iterable[Owned]:
    """Yield the name with which a member joins."""
    del book
    assert isinstance(body, Joined)
    if body.name is not None:
        yield Owned(body.name, body.member, f"members/{body.member}")


def news(book: Book, entered: Entered) -> Iterable[News]:
    match entered.body:
        case Joined(member):
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
        case Left(member):
            yield News("member.left", member, (member,))
        case _:
            raise AssertionError(entered.body)


def _join(book: Book, body: Joined, entered: Entered) -> None:
    auth = Auth.CUSTODIAL if body.joining is None else Auth.SELF
    member = Member(body.member, body.handle, auth, MemberState.PENDING, entered.seq, entered.at_ms, body.name)
    book.members[member.id] = member
    book.member_by_handle[member.handle] = member.id
    book.of(Invitations).by_code[body.code].member = member.id
    if body.joining is not None:
        key = joining_in(body.joining).key
        member.keys[key] = DeviceKey(None, entered.seq)
        book.member_by_key[key] = member.id


def _close_requests(book: Book, member: str) -> None:
    """End what a member asks, and what it alone is asked: nobody could pay it any more."""
    for request in book.requests.find("member", member):
        if request.state is RequestState.OPEN:
            asks = book.ledger.accounts[request.payee].member == member
            book.requests.change(request.id).state = RequestState.CANCELLED if asks else RequestState.DECLINED


def _write_off(book: Book, member: str) -> Sequence[Posting]:
    postings: list[Posting] = []
    for account in book.ledger.of_member(member):
        if account.balance_minor:
            commons = commons_account(account.currency)
            postings.append(Posting(account.id, -account.balance_minor, "write-off", None, commons))
            postings.append(Posting(commons, account.balance_minor, "write-off", None, account.id))
    return postings


def _against(book: Book, body: Body, at_ms: Millis) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    match body:
        case Joined():
            return _against_joining(book, body, at_ms)
        case Approved():
            return _against_approval(book, body)
        case LimitsSet():
            account = book.ledger.accounts.get(body.account)
            if account is None or account.member is None:
                return refuse(ACCOUNT_UNKNOWN, member=body.account)
            return _not_among(book, account.member, _PRESENT)
        case Suspended():
            return _not_among(book, body.member, (MemberState.ACTIVE,))
        case Resumed():
            return _not_among(book, body.member, (MemberState.SUSPENDED,))
        case Left():
            accounts = book.ledger.of_member(body.member)
            refused = _not_among(book, body.member, _PRESENT)
            if refused is None and any(one.held_minor or one.awaited_minor for one in accounts):
                return refuse(STATE_CONFLICT, state="party to pending payments")
            taken_over = ((commons_account(one.currency), one.balance_minor) for one in accounts)
            return refused or book.ledger.uncountable(*taken_over)
        case _:
            raise AssertionError(body)


_PRESENT = (MemberState.PENDING, MemberState.ACTIVE, MemberState.SUSPENDED)


def _not_among(book: Book, member: str, states: tuple[MemberState, ...]) -> Refused | None:
    found = book.members.get(member)
    if found is None:
        return refuse(MEMBER_UNKNOWN, member=member)
    return None if found.state in states else refuse(STATE_CONFLICT, state=found.state.value)


def _against_joining(book: Book, body: Joined, at_ms: Millis) -> Refused | None:
    unfit = handle_refusal(book, body.handle)
    if unfit is not None and unfit.reason is MALFORMED:
        return unfit
    misnamed = member_id_refusal(book, body.member)
    if misnamed is not None and misnamed.reason is MALFORMED:
        return misnamed
    refused = None if body.joining is None else against_new_key(book, body.joining, body.handle)
    invited = book.of(Invitations).open_at(body.code, at_ms)
    if isinstance(invited, Refused):
        return foremost(refused, invited)
    if invited.back is not None:
        return foremost(refused, refuse(FORBIDDEN, allowed="the member who is invited back"))
    return foremost(refused, misnamed, unfit)


def member_id_refusal(book: Book, member: str) -> Refused | None:
    """Return why nobody new can have this id."""
    if not _MEMBER_ID.fullmatch(member):
        return refuse(MALFORMED, field="member", expected="16 capital base32 characters")
    return refuse(DUPLICATE) if member in book.members else None


def _against_approval(book: Book, body: Approved) -> Refused | None:
    refused = _not_among(book, body.member, (MemberState.PENDING, MemberState.ACTIVE))
    if refused:
        return refused
    opened = [account.currency for account in book.ledger.of_member(body.member)]
    refused = opening_refusal(book, opened, body.openings)
    if refused is None and not body.openings and book.members[body.member].state is MemberState.ACTIVE:
        return refuse(DUPLICATE)
    return refused


def opening_refusal(book: Book, held: Iterable[str], openings: Iterable[Opening]) -> Refused | None:
    """Return why a member who has accounts in some currencies cannot get these besides."""
    opened = set(held)
    for one in openings:
        currency = book.currencies.get(one.currency)
        if currency is None:
            return refuse(CURRENCY_UNKNOWN, currency=one.currency)
        if one.currency in opened:
            return refuse(DUPLICATE, currency=one.currency)
        if currency.closed:
            return refuse(CURRENCY_CLOSED, currency=one.currency)
        opened.add(one.currency)
    return None


def plan_join(desk: Desk, wish: Join) -> Plan | Refused:
    name, texts = salted(desk, wish.name)
    member = b32encode(desk.chance(MEMBER_ID_BYTES)).decode("ascii")
    body = Joined(member, code_digest(wish.code), wish.handle, name, wish.joining)
    # By the author alone: which accounts there are differs with the version of the program, a check may not.
    taken = wish.handle in desk.book.account_names
    refused = foremost(
        text_refusal("name", wish.name, NAME_CHARS_MAX),
        _against(desk.book, body, desk.now),
        refuse(HANDLE_TAKEN, handle=wish.handle) if taken else None,
    )
    return refused or Plan(member, (Write(body),), texts)


def plan_approve(desk: Desk, address: str, wish: Approve) -> Plan | Refused:
    book = desk.book
    member = book.resolve_member(address)
    if isinstance(member, Refused):
        return member
    named = _currency_of(wish)
    codes = _currencies_for(book, member) if named is None else (named,)
    if len(codes) > 1 and (wish.credit_limit or wish.balance_limit):
        return refuse(CURRENCY_MISMATCH, currency=", ".join(codes))
    openings: list[Opening] = []
    for code in codes:
        currency = book.currencies.get(code)
        if currency is None:
            return refuse(CURRENCY_UNKNOWN, currency=code)
        limits = _limits(book, code, wish.credit_limit, wish.balance_limit)
        if isinstance(limits, Refused):
            return limits
        credit, balance = limits
        least = currency.default_least_minor if credit is None else -credit
        openings.append(Opening(code, least, currency.default_most_minor if balance is None else balance))
    body = Approved(member.id, tuple(openings))
    return _against(book, body, desk.now) or Plan(member.id, (Write(body),))


def _currency_of(wish: Approve | SetLimits) -> str | None:
    """Return the currency that limits are meant in: as it is named, or as an amount names it."""
    amounts = (one for one in (wish.credit_limit, wish.balance_limit) if one is not None)
    return wish.currency or next((one.asset_code for one in amounts if one.asset_code), None)


def _currencies_for(book: Book, member: Member) -> Sequence[str]:
    """Return the open currencies in which a member has no account yet, as many as one approval takes."""
    opened = {account.currency for account in book.ledger.of_member(member.id)}
    return [one.code for one in book.currencies.values() if not one.closed and one.code not in opened][:CURRENCIES_MAX]


def _limits(
    book: Book, code: str, credit: Amount | None, balance: Amount | None
) -> tuple[int | None, int | None] | Refused:
    """Return limits in minor units of a currency, None as it came."""
    found: list[int | None] = []
    for name, amount in (("credit_limit", credit), ("balance_limit", balance)):
        if amount is None:
            found.append(None)
            continue
        if amount.value < 0:
            return refuse(AMOUNT_MALFORMED, field=name, expected="zero or more")
        minor = minor_of(amount, code, book.currencies[code].scale)
        if isinstance(minor, Refused):
            return minor
        found.append(minor)
    return found[0], found[1]


def plan_set_limits(desk: Desk, address: str, wish: SetLimits) -> Plan | Refused:
    book = desk.book
    member = book.resolve_member(address)
    currency = _currency_of(wish)
    account = member if isinstance(member, Refused) else book.resolve_account(member.id, currency)
    if not isinstance(account, Account):
        return account
    if not (wish.credit_limit or wish.balance_limit or wish.any_balance):
        return refuse(MALFORMED, field="credit_limit", expected="a limit to set, this or balance_limit")
    if wish.balance_limit is not None and wish.any_balance:
        return refuse(MALFORMED, field="any_balance", expected="nothing beside balance_limit")
    limits = _limits(book, account.currency, wish.credit_limit, wish.balance_limit)
    if isinstance(limits, Refused):
        return limits
    credit, balance = limits
    least = account.least_minor if credit is None else -credit
    most = None if wish.any_balance else account.most_minor if balance is None else balance
    body = LimitsSet(account.id, least or 0, most)
    return _against(book, body, desk.now) or Plan(account.member or "", (Write(body),))


def plan_suspend(desk: Desk, address: str, wish: Suspend) -> Plan | Refused:
    del wish
    return _plan_about(desk, address, Suspended)


def plan_resume(desk: Desk, address: str, wish: Resume) -> Plan | Refused:
    del wish
    return _plan_about(desk, address, Resumed)


def plan_leave(desk: Desk, address: str, wish: Leave) -> Plan | Refused:
    member = desk.book.resolve_member(address)
    if isinstance(member, Refused):
        return member
    if desk.actor.member != member.id and desk.actor.role is not Role.STEWARD:
        return refuse(FORBIDDEN, allowed="the member itself and stewards")
    planned = _plan_about(desk, address, Left)
    return replace(planned, erases=(member.id,)) if wish.erase and isinstance(planned, Plan) else planned


def _plan_about(desk: Desk, address: str, kind: type[Suspended] | type[Resumed] | type[Left]) -> Plan | Refused:
    member = desk.book.resolve_member(address)
    if isinstance(member, Refused):
        return member
    body = kind(member.id)
    return _against(desk.book, body, desk.now) or Plan(member.id, (Write(body),))


def view_member(desk: Desk, address: str) -> MemberShown | Refused:
    member = desk.book.resolve_member(address)
    return member if isinstance(member, Refused) else _shown(desk, member)


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
    member = book.resolve_member(address)
    return () if isinstance(member, Refused) else (member.id,)


def week(desk: Desk) -> Iterator[Errand]:
    """Yield whoever has joined and waits to be taken in."""
    for member in desk.book.members.values():
        if member.state is MemberState.PENDING:
            said = f"{member.handle} has joined, and waits to be taken in"
            yield Errand(member.id, member.handle, "members.to_approve", said, "members.approve", Urgency.PEOPLE)


PRACTICE = Practice(
    name="members",
    week=week,
    parties={"members": member_named},
    entries=(Joined, Approved, LimitsSet, Suspended, Resumed, Left),
    check=check,
    fold=fold,
    news=news,
    private=(Private("name", NAME_BYTES_MAX, (Joined,), owned),),
    operations=(
        Create(
            "members",
            Join,
            plan=plan_join,
            who=ANYONE,
            verb="join",
            example="mutirao members join --code K7QX-2NDA-PLM4-6RTZ --handle ana",
        ),
        Act(
            "members",
            "approve",
            Approve,
            plan=plan_approve,
            who=STEWARDS,
            example="mutirao members approve ana --currency HORA --credit-limit 200.00",
        ),
        Act(
            "members",
            "set-limits",
            SetLimits,
            plan=plan_set_limits,
            who=STEWARDS,
            example="mutirao members set-limits ana --credit-limit 200.00",
        ),
        Act(
            "members",
            "suspend",
            Suspend,
            plan=plan_suspend,
            who=STEWARDS,
            example="mutirao members suspend ana",
        ),
        Act("members", "resume", Resume, plan=plan_resume, who=STEWARDS, example="mutirao members resume ana"),
        Act("members", "leave", Leave, plan=plan_leave, example="mutirao members leave ana"),
        Show("members", MemberShown, view=view_member, example="mutirao members show ana"),
        List(
            "members",
            MembersWanted,
            MemberShown,
            view=view_members,
            example="mutirao members list --state pending",
        ),
    ),
    refusals=(KEY_TAKEN,),
)
