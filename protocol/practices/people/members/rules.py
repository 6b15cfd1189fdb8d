# SPDX-License-Identifier: AGPL-3.0-or-later
"""When somebody may join, be taken in, limited, suspended and leave, and what becomes of what they hold."""

import re
from base64 import b32encode
from collections.abc import Iterable, Sequence
from dataclasses import replace

from protocol.book.accounts import commons_account
from protocol.book.addresses import resolve_account, resolve_member
from protocol.book.book import Book
from protocol.book.declaration import Desk, Entered, Plan, Role, Write
from protocol.book.forms import limit_form
from protocol.book.ledger import Account, Posting
from protocol.book.members import MEMBER_LIFE, Auth, DeviceKey, Member, MemberState
from protocol.book.money import Amount, minor_of
from protocol.book.personal import NAME_CHARS_MAX, salted, text_refusal
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    BALANCE_OPEN,
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
from protocol.book.requests import REQUEST_LIFE, RequestState
from protocol.book.wishes import Said, said_in
from protocol.lanes.entry import Body, Millis
from protocol.practices.people.authority import SIGNATURE_NEEDED, not_said_by
from protocol.practices.people.called import call
from protocol.practices.people.invitations import Invitations, code_digest
from protocol.practices.people.joinings import against_new_key, joining_in
from protocol.practices.people.members.entries import (
    CURRENCIES_MAX,
    MEMBER_ID,
    Approved,
    Leave,
    LimitsSet,
    MemberJoined,
    MemberLeft,
    Opening,
    Resumed,
    Suspended,
)
from protocol.practices.people.members.views import Approve, Join, Resume, SetLimits, Suspend
from protocol.practices.people.names import HANDLE_TAKEN, handle_refusal

MEMBER_ID_BYTES = 10
_MEMBER_ID = re.compile(MEMBER_ID)


def check(book: Book, entered: Entered) -> Reason | None:
    refused = book.misplaced(entered) or _against(book, entered.body, entered.at_ms)
    return refused.reason if refused else None


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    match entered.body:
        case MemberJoined() as body:
            _join(book, body, entered)
        case Approved() as body:
            _move(book, body)
            for one in body.openings:
                book.open_account(body.member, book.currencies[one.currency], one.least, one.most, entered.seq)
        case LimitsSet() as body:
            account = book.ledger.accounts[body.account]
            account.least_minor, account.most_minor = body.least, body.most
        case Suspended() | Resumed() as body:
            _move(book, body)
        case MemberLeft() as body:
            leaver = book.members[said_in(book, body, Leave).wish.member]
            leaver.state = MEMBER_LIFE.after(leaver.state, body.KIND)
            _close_requests(book, leaver.id)
            return _write_off(book, leaver.id)
        case _:
            raise AssertionError(entered.body)
    return ()


def _move(book: Book, body: Approved | Suspended | Resumed) -> None:
    member = book.members[body.member]
    member.state = MEMBER_LIFE.after(member.state, body.KIND)


def _join(book: Book, body: MemberJoined, entered: Entered) -> None:
    auth = Auth.CUSTODIAL if body.joining is None else Auth.SELF
    state = MEMBER_LIFE.after(None, body.KIND)
    member = Member(body.member, body.handle, auth, state, entered.seq, entered.at_ms, body.name)
    book.members[member.id] = member
    book.member_by_handle[member.handle] = member.id
    call(book, member)
    book.of(Invitations).by_code[body.code].use(member.id, body.KIND)
    if body.joining is not None:
        key = joining_in(body.joining).key
        member.keys[key] = DeviceKey(None, entered.seq)
        book.member_by_key[key] = member.id


def _close_requests(book: Book, member: str) -> None:
    """End what a member asks, and what it alone is asked: nobody could pay it any more."""
    for request in book.requests.find("member", member):
        if REQUEST_LIFE.allows(request.state, MemberLeft.KIND):
            asks = book.ledger.accounts[request.payee].member == member
            ended = RequestState.CANCELLED if asks else RequestState.DECLINED
            book.requests.change(request.id).state = REQUEST_LIFE.after(request.state, MemberLeft.KIND, ended)


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
        case MemberJoined():
            return _against_joining(book, body, at_ms)
        case Approved():
            return _against_approval(book, body)
        case LimitsSet():
            account = book.ledger.accounts.get(body.account)
            if account is None or account.member is None:
                return refuse(ACCOUNT_UNKNOWN, member=body.account)
            return _conflict(book, account.member, body.KIND)
        case Suspended() | Resumed():
            return _conflict(book, body.member, body.KIND)
        case MemberLeft():
            return _against_leaving(book, said_in(book, body, Leave))
        case _:
            raise AssertionError(body)


def _conflict(book: Book, member: str, kind: str) -> Refused | None:
    """Return why no entry of this kind may stand about a member as it is now."""
    found = book.members.get(member)
    if found is None:
        return refuse(MEMBER_UNKNOWN, member=member)
    return MEMBER_LIFE.conflict(found.state, kind)


def _against_leaving(book: Book, said: Said[Leave]) -> Refused | None:
    """Return why a member cannot be gone: what it holds is debited, so whoever has a key signs it (PROTOCOL 5)."""
    found = book.members.get(said.wish.member)
    if found is None:
        return refuse(MEMBER_UNKNOWN, member=said.wish.member)
    accounts = book.ledger.of_member(found.id)
    if said.device is None:
        held = next((one for one in accounts if one.balance_minor > 0), None)
        told = None if held is None or found.auth is Auth.CUSTODIAL else _unsigned(found, held)
    else:
        told = not_said_by(said, found, capped=False)
    passing = any(one.held_minor or one.awaited_minor for one in accounts)
    refused = foremost(
        told,
        MEMBER_LIFE.conflict(found.state, MemberLeft.KIND),
        refuse(STATE_CONFLICT, state="party to pending payments") if passing else None,
    )
    taken_over = ((commons_account(one.currency), one.balance_minor) for one in accounts)
    return refused or book.ledger.uncountable(*taken_over)


def _unsigned(member: Member, held: Account) -> Refused:
    return refuse(SIGNATURE_NEEDED, member=member.handle, balance=held.balance_minor, currency=held.currency)


def _against_joining(book: Book, body: MemberJoined, at_ms: Millis) -> Refused | None:
    unfit = handle_refusal(book, body.handle)
    if unfit is not None and unfit.reason is MALFORMED:
        return unfit
    misnamed = member_id_refusal(book, body.member)
    if misnamed is not None and misnamed.reason is MALFORMED:
        return misnamed
    refused = None if body.joining is None else against_new_key(book, body.joining, body.handle)
    invited = book.of(Invitations).open_at(body.code, body.KIND, at_ms)
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
    refused = _conflict(book, body.member, body.KIND)
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
    body = MemberJoined(member, code_digest(wish.code), wish.handle, name, wish.joining)
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
    member = resolve_member(book, address)
    if isinstance(member, Refused):
        return member
    absent = _conflict(book, member.id, Approved.KIND)
    if absent is not None:
        return absent
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
    for amount in (credit, balance):
        if amount is None:
            found.append(None)
            continue
        minor = minor_of(amount, code, book.currencies[code].scale)
        if isinstance(minor, Refused):
            return minor
        found.append(minor)
    return found[0], found[1]


def limits_form(desk: Desk, wish: Approve | SetLimits) -> Refused | None:
    """Return why limits cannot be read, whomever they are for."""
    if isinstance(wish, SetLimits):
        if not (wish.credit_limit or wish.balance_limit or wish.any_balance):
            return refuse(MALFORMED, field="credit_limit", expected="a limit to set, this or balance_limit")
        if wish.balance_limit is not None and wish.any_balance:
            return refuse(MALFORMED, field="any_balance", expected="nothing beside balance_limit")
    code = _currency_of(wish)
    return limit_form(desk.book, "credit_limit", wish.credit_limit, code) or limit_form(
        desk.book, "balance_limit", wish.balance_limit, code
    )


def plan_set_limits(desk: Desk, address: str, wish: SetLimits) -> Plan | Refused:
    book = desk.book
    member = resolve_member(book, address)
    currency = _currency_of(wish)
    if isinstance(member, Refused):
        return member
    absent = _conflict(book, member.id, LimitsSet.KIND)
    if absent is not None:
        return absent
    account = resolve_account(book, member.id, currency)
    if isinstance(account, Refused):
        return account
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


def plan_leave(desk: Desk, address: str, said: Said[Leave]) -> Plan | Refused:
    member = resolve_member(desk.book, address)
    if isinstance(member, Refused):
        return member
    if said.signed is None:
        if desk.actor.member != member.id and desk.actor.role is not Role.STEWARD:
            return refuse(FORBIDDEN, allowed="the member itself and stewards")
        said = replace(said, wish=replace(said.wish, member=member.id))
    refused = foremost(_against_leaving(desk.book, said), _kept_back(desk, member))
    erased = (member.id,) if said.wish.erase else ()
    return refused or Plan(member.id, (Write(MemberLeft(*said.held)),), erases=erased)


def _kept_back(desk: Desk, member: Member) -> Refused | None:
    """Return why nobody but a steward lets a member go: the others would carry its debt, or it is suspended.

    By the author alone: who has asked stands in no entry.
    """
    if desk.actor.role is Role.STEWARD:
        return None
    if member.state is MemberState.SUSPENDED:
        return member.inactive()
    for one in desk.book.ledger.of_member(member.id):
        if one.balance_minor < 0:
            return refuse(BALANCE_OPEN, account=one.id, balance=one.balance_minor, currency=one.currency)
    return None


def _plan_about(desk: Desk, address: str, kind: type[Suspended] | type[Resumed]) -> Plan | Refused:
    member = resolve_member(desk.book, address)
    if isinstance(member, Refused):
        return member
    body = kind(member.id)
    return _against(desk.book, body, desk.now) or Plan(member.id, (Write(body),))
