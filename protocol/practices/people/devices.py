# SPDX-License-Identifier: AGPL-3.0-or-later
"""Devices: the keys of a member, one for each phone or browser, added, replaced and revoked.

Every new key signs a joining of its own, so nobody can register a key that another holds.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from protocol.book.book import Auth, Book, DeviceKey, Member, MemberState
from protocol.book.declaration import Act, Desk, Doc, Entered, News, Plan, Practice, Write
from protocol.book.ledger import Posting
from protocol.book.refusals import Refused, Rejection, refuse
from protocol.book.signed import Enrolment, Joining, MemberId, Rebinding, Signed
from protocol.lanes.entry import Body, Millis
from protocol.practices.people.authority import acts_for, speaker, untimely
from protocol.wire.keys import is_acceptable_key


@dataclass(frozen=True, slots=True)
class FirstKeyTaken:
    """A member for whom the network wrote so far has a key of its own from now on."""

    KIND: ClassVar[str] = "members/first-key-taken"
    member: MemberId
    joining: Signed


@dataclass(frozen=True, slots=True)
class KeyRebound:
    """A key of a member gives way to another, or to none."""

    KIND: ClassVar[str] = "members/key-rebound"
    member: MemberId
    rebinding: Signed
    joining: Signed | None


@dataclass(frozen=True, slots=True)
class KeyAdded:
    """A member has one key more."""

    KIND: ClassVar[str] = "members/key-added"
    member: MemberId
    enrolment: Signed
    joining: Signed


@dataclass(frozen=True, slots=True)
class RebindKey:
    """Replace a key by a new one; or give a member without a key its first."""

    joining: Annotated[Signed, Doc("the joining that the new key signed")]
    rebinding: Annotated[
        Signed | None,
        Doc("the rebinding that an old key signed; left out for a custodial member's first key"),
    ] = None


@dataclass(frozen=True, slots=True)
class AddKey:
    """Add the key of another device, maybe with a cap on what it may pay in all."""

    enrolment: Annotated[Signed, Doc("the enrolment that a key of yours without a cap signed")]
    joining: Annotated[Signed, Doc("the joining that the new key signed")]


@dataclass(frozen=True, slots=True)
class RevokeKey:
    """Revoke the key of a lost device."""

    rebinding: Annotated[Signed, Doc("the rebinding, without a new key, that another key of yours signed")]


def check(book: Book, entered: Entered) -> Rejection | None:
    refused = book.misplaced(entered) or _against(book, entered.body, entered.at_ms)
    return refused.reason if refused else None


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    match entered.body:
        case FirstKeyTaken() as body:
            member = book.members[body.member]
            member.auth = Auth.SELF
            _bind(book, member, body.joining, DeviceKey(None, entered.seq))
        case KeyRebound() as body:
            member = book.members[body.member]
            rebinding = book.said(body.rebinding, Rebinding)
            assert not isinstance(rebinding, Refused)
            member.keys[rebinding.key].order_seq = rebinding.order_seq
            old = member.keys[rebinding.gives_way]
            old.revoked = True
            if body.joining is not None:
                _bind(
                    book,
                    member,
                    body.joining,
                    DeviceKey(old.cap_minor, entered.seq, spent_minor=old.spent_minor),
                )
        case KeyAdded() as body:
            member = book.members[body.member]
            enrolment = book.said(body.enrolment, Enrolment)
            assert not isinstance(enrolment, Refused)
            member.keys[enrolment.key].order_seq = enrolment.order_seq
            _bind(book, member, body.joining, DeviceKey(enrolment.cap, entered.seq))
        case _:
            raise AssertionError(entered.body)
    return ()


def news(book: Book, entered: Entered) -> Iterable[News]:
    del book
    match entered.body:
        case FirstKeyTaken(member) | KeyRebound(member) | KeyAdded(member):
            yield News("member.keys-changed", member, (member,))
        case _:
            raise AssertionError(entered.body)


def _bind(book: Book, member: Member, signed: Signed, device: DeviceKey) -> None:
    joining = book.said(signed, Joining)
    assert not isinstance(joining, Refused)
    member.keys[joining.key] = device
    book.member_by_key[joining.key] = member.id


def _against(book: Book, body: Body, at_ms: Millis) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    match body:
        case FirstKeyTaken():
            member = _present(book, body.member)
            if isinstance(member, Refused):
                return member
            if member.auth is not Auth.CUSTODIAL:
                return refuse(Rejection.STATE_CONFLICT, state="holding its own key")
            return _against_new_key(book, member, body.joining, None)
        case KeyRebound():
            return _against_rebinding(book, body, at_ms)
        case KeyAdded():
            return _against_enrolment(book, body, at_ms)
        case _:
            raise AssertionError(body)


def _present(book: Book, name: str) -> Member | Refused:
    member = book.members.get(name)
    if member is None:
        return refuse(Rejection.MEMBER_UNKNOWN, member=name)
    return (member.inactive() or member) if member.state is MemberState.LEFT else member


def _against_new_key(book: Book, member: Member, signed: Signed, promised: bytes | None) -> Refused | None:
    """Return why a new key, the one that was promised if one was, cannot be this member's."""
    joining = book.said(signed, Joining)
    if isinstance(joining, Refused):
        return joining
    if not is_acceptable_key(joining.key):
        return refuse(Rejection.KEY_UNACCEPTABLE)
    heard = book.heard(signed, Joining)
    if isinstance(heard, Refused):
        return heard
    if joining.key in book.member_by_key:
        return refuse(Rejection.KEY_TAKEN)
    if joining.network != book.network:
        return refuse(Rejection.WRONG_NETWORK)
    for field, fits in (
        ("handle", joining.handle == member.handle),
        ("new_key", promised in (None, joining.key)),
    ):
        if not fits:
            return refuse(Rejection.ORDER_MISMATCH, field=field)
    return None


def _spoken(book: Book, said: Rebinding | Enrolment, member: str, at_ms: Millis) -> tuple[Member, DeviceKey] | Refused:
    """Return who ordered a change of a member's keys, and by which key: it must be the member's own."""
    spoke = speaker(book, said.key)
    if isinstance(spoke, Refused):
        return spoke
    who, device = spoke
    if not who.id == said.member == member:
        return refuse(Rejection.FORBIDDEN, allowed="the member itself")
    present = _present(book, member)
    refused = untimely(book, said, device, at_ms)
    return refused or (present if isinstance(present, Refused) else spoke)


def _against_rebinding(book: Book, body: KeyRebound, at_ms: Millis) -> Refused | None:
    rebinding = book.heard(body.rebinding, Rebinding)
    if isinstance(rebinding, Refused):
        return rebinding
    if (rebinding.new_key is None) is not (body.joining is None):
        return refuse(Rejection.MALFORMED, field="joining", expected="one exactly if there is a new key")
    spoke = _spoken(book, rebinding, body.member, at_ms)
    if isinstance(spoke, Refused):
        return spoke
    member, device = spoke
    old = member.keys.get(rebinding.gives_way)
    if old is None or old.revoked:
        return refuse(Rejection.KEY_UNKNOWN)
    if device is not old and device.cap_minor is not None:
        return refuse(Rejection.FORBIDDEN, allowed="a key without a cap")
    if body.joining is not None:
        return _against_new_key(book, member, body.joining, rebinding.new_key)
    others = (one for one in member.keys.values() if one is not old)
    if old.cap_minor is None and not any(one.cap_minor is None and not one.revoked for one in others):
        return refuse(Rejection.STATE_CONFLICT, state="the last key without a cap")
    return None


def _against_enrolment(book: Book, body: KeyAdded, at_ms: Millis) -> Refused | None:
    enrolment = book.heard(body.enrolment, Enrolment)
    if isinstance(enrolment, Refused):
        return enrolment
    spoke = _spoken(book, enrolment, body.member, at_ms)
    if isinstance(spoke, Refused):
        return spoke
    member, device = spoke
    if device.cap_minor is not None:
        return refuse(Rejection.FORBIDDEN, allowed="a key without a cap")
    return _against_new_key(book, member, body.joining, enrolment.new_key)


def plan_rebind(desk: Desk, address: str, wish: RebindKey) -> Plan | Refused:
    member = desk.book.resolve_member(address)
    if isinstance(member, Refused):
        return member
    if wish.rebinding is not None:
        return _planned(desk, member, KeyRebound(member.id, wish.rebinding, wish.joining))
    if not acts_for(desk.actor, member):
        return refuse(Rejection.FORBIDDEN, allowed="the member itself")
    return _planned(desk, member, FirstKeyTaken(member.id, wish.joining))


def plan_add(desk: Desk, address: str, wish: AddKey) -> Plan | Refused:
    member = desk.book.resolve_member(address)
    if isinstance(member, Refused):
        return member
    return _planned(desk, member, KeyAdded(member.id, wish.enrolment, wish.joining))


def plan_revoke(desk: Desk, address: str, wish: RevokeKey) -> Plan | Refused:
    member = desk.book.resolve_member(address)
    if isinstance(member, Refused):
        return member
    return _planned(desk, member, KeyRebound(member.id, wish.rebinding, None))


def _planned(desk: Desk, member: Member, body: Body) -> Plan | Refused:
    return _against(desk.book, body, desk.now) or Plan(member.id, (Write(body),))


PRACTICE = Practice(
    name="devices",
    entries=(FirstKeyTaken, KeyRebound, KeyAdded),
    check=check,
    fold=fold,
    news=news,
    operations=(
        Act(
            "members",
            "rebind-key",
            RebindKey,
            plan=plan_rebind,
            example="mutirao members rebind-key ana --new new.key",
        ),
        Act(
            "members",
            "add-key",
            AddKey,
            plan=plan_add,
            example="mutirao members add-key ana --new browser.key",
        ),
        Act("members", "revoke-key", RevokeKey, plan=plan_revoke, example="mutirao members revoke-key ana --lost KEY"),
    ),
)
