# SPDX-License-Identifier: AGPL-3.0-or-later
"""Devices: the keys of a member, one for each phone or browser, added, replaced and revoked.

Every new key signs a joining of its own, so nobody can register a key that another holds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, ClassVar

from protocol.book.addresses import ADDRESS_CHARS_MAX, resolve_member
from protocol.book.book import Book
from protocol.book.declaration import KEY, KEY_OR_WORD, Act, Desk, Doc, Entered, News, Plan, Practice, Ref, Write
from protocol.book.ledger import Posting
from protocol.book.members import Auth, DeviceKey, Member, MemberState
from protocol.book.refusals import (
    FORBIDDEN,
    KEY_UNKNOWN,
    MALFORMED,
    MEMBER_UNKNOWN,
    STATE_CONFLICT,
    Reason,
    Refused,
    refuse,
)
from protocol.book.signed import Key, Signed
from protocol.book.wishes import Said, said_in
from protocol.practices.people.authority import KEY_CAP_EXCEEDED, acts_for, not_said_by
from protocol.practices.people.joinings import against_new_key, joining_in
from protocol.wire.shape import AtMost, Range

MemberNamed = Annotated[
    str, AtMost(ADDRESS_CHARS_MAX), Ref("members"), Doc("whose key; a signed wish names the member by id")
]


@dataclass(frozen=True, slots=True)
class RebindKey:
    """Replace a key by a new one; or give a member without a key its first, by word of mouth."""

    member: MemberNamed
    joining: Annotated[Signed, Doc("the joining that the new key signed")]
    gives_way: Annotated[Key | None, Doc("the key that is replaced; default: the one that signs")] = None


@dataclass(frozen=True, slots=True)
class AddKey:
    """Add the key of another device, maybe with a cap on what it may pay in all."""

    member: MemberNamed
    joining: Annotated[Signed, Doc("the joining that the new key signed")]
    cap_minor: Annotated[
        int | None, Range(1, 2**63 - 1), Doc("what it may pay in all, in minor units; default: as much as you may")
    ] = None


@dataclass(frozen=True, slots=True)
class RevokeKey:
    """Revoke the key of a lost device, by another key of yours; what it has signed ends: mandates, standing orders."""

    member: MemberNamed
    lost: Annotated[Key, Doc("the public key to revoke, as `members show` tells it")]


@dataclass(frozen=True, slots=True)
class KeyRebound:
    """A key of a member gives way to another; by word, a member without a key has its first from now on."""

    KIND: ClassVar[str] = "members/key-rebound"
    OPERATION: ClassVar[str] = "members.rebind-key"
    WISH: ClassVar[type[RebindKey]] = RebindKey
    signed: Signed | None
    word: RebindKey | None


@dataclass(frozen=True, slots=True)
class KeyAdded:
    """A member has one key more."""

    KIND: ClassVar[str] = "members/key-added"
    OPERATION: ClassVar[str] = "members.add-key"
    WISH: ClassVar[type[AddKey]] = AddKey
    signed: Signed


@dataclass(frozen=True, slots=True)
class KeyRevoked:
    """A key of a member counts no more."""

    KIND: ClassVar[str] = "members/key-revoked"
    OPERATION: ClassVar[str] = "members.revoke-key"
    WISH: ClassVar[type[RevokeKey]] = RevokeKey
    signed: Signed


def check(book: Book, entered: Entered) -> Reason | None:
    match entered.body:
        case KeyRebound() as body:
            refused = _against_rebinding(book, said_in(book, body, RebindKey))
        case KeyAdded() as body:
            refused = _against_enrolment(book, said_in(book, body, AddKey))
        case KeyRevoked() as body:
            refused = _against_revocation(book, said_in(book, body, RevokeKey))
        case _:
            raise AssertionError(entered.body)
    return refused.reason if refused else None


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    match entered.body:
        case KeyRebound() as body:
            said = said_in(book, body, RebindKey)
            member, given = book.members[said.wish.member], DeviceKey(None, entered.seq)
            if said.envelope is None:
                member.auth = Auth.SELF
            else:
                old = member.keys[said.wish.gives_way or said.envelope.key]
                old.revoked = True
                given.cap_minor, given.spent_minor, old.heir = old.cap_minor, old.spent_minor, given
            _bind(book, member, said.wish.joining, given)
        case KeyAdded() as body:
            wish = said_in(book, body, AddKey).wish
            _bind(book, book.members[wish.member], wish.joining, DeviceKey(wish.cap_minor, entered.seq))
        case KeyRevoked() as body:
            wish = said_in(book, body, RevokeKey).wish
            member = book.members[wish.member]
            member.keys[wish.lost].revoked = True
            for mandate in (book.mandates[name] for name in member.given):
                mandate.revoked = mandate.revoked or member.has_ended(mandate.rests_on)
        case _:
            raise AssertionError(entered.body)
    return ()


def news(book: Book, entered: Entered) -> Iterable[News]:
    body = entered.body
    assert isinstance(body, KeyRebound | KeyAdded | KeyRevoked)
    member = said_in(book, body, body.WISH).wish.member
    yield News("member.keys-changed", member, (member,))


def _bind(book: Book, member: Member, signed: Signed, device: DeviceKey) -> None:
    key = joining_in(signed).key
    member.keys[key] = device
    book.member_by_key[key] = member.id


def let_only(book: Book, member: Member, key: bytes, seq: int) -> None:
    """Let a new key be a member's only one, part of the fold of the entry at a place in the ledger lane.

    The others may be in anybody's hands, and so may the mandates that they gave.
    """
    for old in member.keys.values():
        old.revoked = True
    for mandate in member.given:
        book.mandates[mandate].revoked = True
    member.auth = Auth.SELF
    member.keys[key] = DeviceKey(None, seq)
    book.member_by_key[key] = member.id


def _present(book: Book, said: Said[Any], *, capped: bool) -> Member | Refused:
    """Return the member of whose keys somebody speaks that may: itself, as long as it has not left."""
    member = book.members.get(said.wish.member)
    if member is None:
        return refuse(MEMBER_UNKNOWN, member=said.wish.member)
    if said.device is not None and (refused := not_said_by(said, member, capped=capped)):
        return refused
    return (member.inactive() or member) if member.state is MemberState.LEFT else member


def _against_rebinding(book: Book, said: Said[RebindKey]) -> Refused | None:
    wish = said.wish
    member = _present(book, said, capped=True)
    if isinstance(member, Refused):
        return member
    if said.envelope is None or said.device is None:
        if wish.gives_way is not None:
            return refuse(MALFORMED, field="gives_way", expected="nothing, unless a key signs")
        if member.auth is not Auth.CUSTODIAL:
            return refuse(STATE_CONFLICT, state="holding its own key")
        return against_new_key(book, wish.joining, member.handle)
    refused = _against_loss(member, said.device, wish.gives_way or said.envelope.key)
    return refused or against_new_key(book, wish.joining, member.handle)


def _against_loss(member: Member, by: DeviceKey, key: bytes) -> Refused | None:
    """Return why a key cannot be replaced or revoked by another: one with a cap can do so to itself alone."""
    old = member.keys.get(key)
    if old is None or old.revoked:
        return refuse(KEY_UNKNOWN)
    if by is not old and by.cap_minor is not None:
        return refuse(FORBIDDEN, allowed="a key without a cap")
    return None


def _against_enrolment(book: Book, said: Said[AddKey]) -> Refused | None:
    member = _present(book, said, capped=False)
    if isinstance(member, Refused):
        return member
    return against_new_key(book, said.wish.joining, member.handle)


def _against_revocation(book: Book, said: Said[RevokeKey]) -> Refused | None:
    member = _present(book, said, capped=True)
    if isinstance(member, Refused):
        return member
    assert said.device is not None
    refused = _against_loss(member, said.device, said.wish.lost)
    if refused:
        return refused
    old = member.keys[said.wish.lost]
    others = (one for one in member.keys.values() if one is not old)
    if old.cap_minor is None and not any(one.cap_minor is None and not one.revoked for one in others):
        return refuse(STATE_CONFLICT, state="the last key without a cap")
    return None


def plan_rebind(desk: Desk, address: str, said: Said[RebindKey]) -> Plan | Refused:
    member = resolve_member(desk.book, address)
    if isinstance(member, Refused):
        return member
    if said.signed is None:
        if not acts_for(desk.actor, member):
            return refuse(FORBIDDEN, allowed="the member itself")
        said = replace(said, wish=replace(said.wish, member=member.id))
    return _against_rebinding(desk.book, said) or Plan(member.id, (Write(KeyRebound(*said.held)),))


def plan_add(desk: Desk, address: str, said: Said[AddKey]) -> Plan | Refused:
    del address
    assert said.signed is not None
    return _against_enrolment(desk.book, said) or Plan(said.wish.member, (Write(KeyAdded(said.signed)),))


def plan_revoke(desk: Desk, address: str, said: Said[RevokeKey]) -> Plan | Refused:
    del address
    assert said.signed is not None
    return _against_revocation(desk.book, said) or Plan(said.wish.member, (Write(KeyRevoked(said.signed)),))


PRACTICE = Practice(
    name="devices",
    entries=(KeyRebound, KeyAdded, KeyRevoked),
    check=check,
    fold=fold,
    news=news,
    operations=(
        Act(
            "members",
            "rebind-key",
            RebindKey,
            plan=plan_rebind,
            signed=KEY_OR_WORD,
            about="member",
            example="mutirao members rebind-key ana --new new.key",
        ),
        Act(
            "members",
            "add-key",
            AddKey,
            plan=plan_add,
            signed=KEY,
            about="member",
            example="mutirao members add-key ana --new browser.key",
        ),
        Act(
            "members",
            "revoke-key",
            RevokeKey,
            plan=plan_revoke,
            signed=KEY,
            about="member",
            example="mutirao members revoke-key ana --lost KEY --key ana.key",
        ),
    ),
    refusals=(KEY_CAP_EXCEEDED,),
)
