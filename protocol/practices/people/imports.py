# SPDX-License-Identifier: AGPL-3.0-or-later
"""Imports: a group that kept its members elsewhere brings them along, with handles, keys and limits, a hundred at once.

A key comes by the group's word: its owner has proved it to the old book, not to this one. It opens to nobody else.
"""

from base64 import b32encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from protocol.book.addresses import resolve_member
from protocol.book.book import Book
from protocol.book.declaration import STEWARDS, Create, Desk, Doc, Entered, News, Plan, Practice, Ref, Show, Write
from protocol.book.ledger import Posting
from protocol.book.members import MEMBER_LIFE, Auth, DeviceKey, Member
from protocol.book.money import Amount, minor_of
from protocol.book.personal import NAME_BYTES_MAX, NAME_CHARS_MAX, salted, text_refusal
from protocol.book.private import Private
from protocol.book.refusals import (
    AMOUNT_MALFORMED,
    CURRENCY_UNKNOWN,
    KEY_UNACCEPTABLE,
    MALFORMED,
    NOT_FOUND,
    Reason,
    Refused,
    foremost,
    refuse,
)
from protocol.book.signed import Digest, Key
from protocol.practices.people.authority import KEY_TAKEN
from protocol.practices.people.called import call, name_owned
from protocol.practices.people.members.entries import CURRENCIES_MAX, CurrencyCode, NewMember, Opening
from protocol.practices.people.members.rules import MEMBER_ID_BYTES, member_id_refusal, opening_refusal
from protocol.practices.people.names import HANDLE_CHARS_MAX, HANDLE_TAKEN, NewHandle, handle_refusal
from protocol.wire.keys import is_acceptable_key
from protocol.wire.shape import AtMost

MEMBERS_MAX = 100
"""Members that one wish brings."""
KEYS_MAX = 16


@dataclass(frozen=True, slots=True)
class MemberImported:
    """Somebody who was a member elsewhere is one here, active, with these keys and accounts."""

    KIND: ClassVar[str] = "members/imported"
    member: NewMember
    handle: NewHandle
    name: Digest | None
    keys: Annotated[tuple[Key, ...], AtMost(KEYS_MAX)]
    openings: Annotated[tuple[Opening, ...], AtMost(CURRENCIES_MAX)]


@dataclass(frozen=True, slots=True)
class ImportedAccount:
    """An account in a currency, with its limits each way."""

    currency: Annotated[CurrencyCode, Ref("currencies"), Doc("the currency's code")]
    credit_limit: Annotated[Amount, Doc("how far it may owe")]
    balance_limit: Annotated[Amount | None, Doc("how much it may hold; default: any")] = None


@dataclass(frozen=True, slots=True)
class ImportedMember:
    """A member as the old book had it; without keys it is custodial."""

    handle: Annotated[str, AtMost(HANDLE_CHARS_MAX), Doc("the name for payments")]
    name: Annotated[str | None, AtMost(NAME_CHARS_MAX), Doc("the name that others see; erasable")] = None
    keys: Annotated[tuple[Key, ...], AtMost(KEYS_MAX), Doc("the public keys of its devices")] = ()
    accounts: Annotated[tuple[ImportedAccount, ...], AtMost(CURRENCIES_MAX), Doc("its accounts")] = ()


@dataclass(frozen=True, slots=True)
class ImportMembers:
    """Take in members of a group that kept its books elsewhere: all or none; `mutirao import` does the whole."""

    members: Annotated[tuple[ImportedMember, ...], AtMost(MEMBERS_MAX), Doc("who they are")]


@dataclass(frozen=True, slots=True)
class ImportShown:
    """Who was taken in."""

    members: Annotated[tuple[str, ...], Doc("the ids of the members, in the order in which they were named")]


@dataclass(slots=True)
class Imports:
    """The ids of all members who were brought along."""

    members: set[str] = field(default_factory=set[str])


def check(book: Book, entered: Entered) -> Reason | None:
    assert isinstance(entered.body, MemberImported)
    refused = book.misplaced(entered) or _against(book, entered.body)
    return refused.reason if refused else None


def _against(book: Book, body: MemberImported) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    if not all(map(is_acceptable_key, body.keys)):
        return refuse(KEY_UNACCEPTABLE)
    taken = len(set(body.keys)) < len(body.keys) or any(key in book.member_by_key for key in body.keys)
    return foremost(
        member_id_refusal(book, body.member),
        handle_refusal(book, body.handle),
        refuse(KEY_TAKEN) if taken else None,
        opening_refusal(book, (), body.openings),
    )


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    body = entered.body
    assert isinstance(body, MemberImported)
    auth = Auth.SELF if body.keys else Auth.CUSTODIAL
    state = MEMBER_LIFE.after(None, body.KIND)
    member = Member(body.member, body.handle, auth, state, entered.seq, entered.at_ms, body.name)
    book.members[member.id] = member
    book.of(Imports).members.add(member.id)
    book.member_by_handle[member.handle] = member.id
    call(book, member)
    for key in body.keys:
        member.keys[key] = DeviceKey(None, entered.seq)
        book.member_by_key[key] = member.id
    for one in body.openings:
        book.open_account(member.id, book.currencies[one.currency], one.least, one.most, entered.seq)
    return ()


def news(book: Book, entered: Entered) -> Iterable[News]:
    del book
    assert isinstance(entered.body, MemberImported)
    yield News("member.imported", entered.body.member, (entered.body.member,))


def plan_import(desk: Desk, wish: ImportMembers) -> Plan | Refused:
    writes: list[Write] = []
    texts: list[tuple[bytes, str]] = []
    handles, keys = set[str](), set[bytes]()
    for number, one in enumerate(wish.members, 1):
        body = _body(desk, one, texts)
        if not isinstance(body, Refused):
            again = one.handle in handles or one.handle in desk.book.account_names
            twice = not keys.isdisjoint(one.keys)
            body = (
                foremost(
                    _against(desk.book, body),
                    refuse(HANDLE_TAKEN, handle=one.handle) if again else None,
                    refuse(KEY_TAKEN) if twice else None,
                )
                or body
            )
        if isinstance(body, Refused):
            return Refused(body.reason, {**body.figures, "member": one.handle, "number": number})
        handles.add(one.handle)
        keys.update(one.keys)
        writes.append(Write(body))
    if not writes:
        return refuse(MALFORMED, field="members", expected="at least one")
    ids = tuple(write.body.member for write in writes if isinstance(write.body, MemberImported))
    return Plan("", tuple(writes), tuple(texts), answer=ImportShown(ids))


def _body(desk: Desk, one: ImportedMember, texts: list[tuple[bytes, str]]) -> MemberImported | Refused:
    refused = text_refusal("name", one.name, NAME_CHARS_MAX)
    if refused:
        return refused
    openings: list[Opening] = []
    for account in one.accounts:
        found = _opening(desk.book, account)
        if isinstance(found, Refused):
            return found
        openings.append(found)
    name, named = salted(desk, one.name)
    texts += named
    member = b32encode(desk.chance(MEMBER_ID_BYTES)).decode("ascii")
    return MemberImported(member, one.handle, name, one.keys, tuple(openings))


def _opening(book: Book, account: ImportedAccount) -> Opening | Refused:
    currency = book.currencies.get(account.currency)
    if currency is None:
        return refuse(CURRENCY_UNKNOWN, currency=account.currency)
    most = None
    least = minor_of(account.credit_limit, currency.code, currency.scale)
    if account.balance_limit is not None:
        most = minor_of(account.balance_limit, currency.code, currency.scale)
    for found in (least, most):
        if isinstance(found, Refused):
            return found
        if found is not None and found < 0:
            return refuse(AMOUNT_MALFORMED, field="limit", expected="zero or more")
    assert isinstance(least, int) and not isinstance(most, Refused)
    return Opening(currency.code, -least, most)


def view_import(desk: Desk, address: str) -> ImportShown | Refused:
    member = resolve_member(desk.book, address)
    if isinstance(member, Refused):
        return member
    known = member.id in desk.book.of(Imports).members
    return ImportShown((member.id,)) if known else refuse(NOT_FOUND)


PRACTICE = Practice(
    name="imports",
    entries=(MemberImported,),
    check=check,
    fold=fold,
    news=news,
    private=(Private("name", NAME_BYTES_MAX, (MemberImported,), name_owned),),
    operations=(
        Create(
            "imports",
            ImportMembers,
            plan=plan_import,
            who=STEWARDS,
            example="""mutirao imports create --members '{"handle":"ana"}'""",
        ),
        Show(
            "imports",
            ImportShown,
            view=view_import,
            id_is="the member's id, or its handle",
            who=STEWARDS,
            example="mutirao imports show ana",
        ),
    ),
)
