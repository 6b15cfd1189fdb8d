# SPDX-License-Identifier: AGPL-3.0-or-later
"""Mandates: a member lets a helper pay from its account, up to a cap and a date, until it is revoked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar

from protocol.book.addresses import ADDRESS_CHARS_MAX, resolve_account, resolve_member
from protocol.book.book import Book
from protocol.book.declaration import (
    KEY_OR_WORD,
    Act,
    Desk,
    Doc,
    Entered,
    Moment,
    News,
    OwnId,
    Plan,
    Practice,
    Ref,
    Uuid,
    Write,
)
from protocol.book.ledger import Posting
from protocol.book.members import Mandated, Member
from protocol.book.money import Amount, minor_of, payable
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    DUPLICATE,
    FORBIDDEN,
    MEMBER_UNKNOWN,
    ORDER_EXPIRED,
    SAME_ACCOUNT,
    STATE_CONFLICT,
    Reason,
    Refused,
    refuse,
)
from protocol.book.signed import Id16, Signed, Time, parse_uuid
from protocol.book.wishes import Said, said_in
from protocol.lanes.entry import Body, Millis
from protocol.practices.people.authority import MANDATE_EXCEEDED, MANDATE_UNKNOWN, acts_for, not_said_by
from protocol.wire.shape import AtMost

MANDATES_MAX = 64
"""Mandates in force that one member may have given at once."""


@dataclass(frozen=True, slots=True)
class GiveMandate:
    """Let a helper pay from your account, up to a cap and until a date."""

    account: Annotated[
        str, AtMost(ADDRESS_CHARS_MAX), Ref("accounts"), Doc("whose account; a signed wish names it by id")
    ]
    helper: Annotated[str, AtMost(ADDRESS_CHARS_MAX), Ref("members"), Doc("the helper; a signed wish names it by id")]
    cap: Annotated[Amount, Doc("what the helper may pay in all")]
    not_after: Annotated[Time, Moment, Doc("until when")]
    mandate: Annotated[Id16 | None, Uuid, OwnId, Doc("a UUID of your own for the mandate")] = None


@dataclass(frozen=True, slots=True)
class MandateGiven:
    """A helper may pay from a member's account: by signed mandate, or by word of mouth (custodial)."""

    KIND: ClassVar[str] = "members/mandate-given"
    OPERATION: ClassVar[str] = "members.mandate"
    WISH: ClassVar[type[GiveMandate]] = GiveMandate
    signed: Signed | None
    word: GiveMandate | None


@dataclass(frozen=True, slots=True)
class MandateRevoked:
    """A mandate is taken back, or laid down."""

    KIND: ClassVar[str] = "members/mandate-revoked"
    mandate: Id16


@dataclass(frozen=True, slots=True)
class RevokeMandate:
    """Take a mandate back, or lay down one that you hold."""

    mandate: Annotated[str, AtMost(36), Doc("the id of the mandate")]


def check(book: Book, entered: Entered) -> Reason | None:
    refused = book.misplaced(entered) or _against(book, entered.body, entered.at_ms)
    return refused.reason if refused else None


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    match entered.body:
        case MandateGiven() as body:
            said = said_in(book, body, GiveMandate)
            wish, name, cap_minor = said.wish, said.wish.mandate, _cap_minor(book, said.wish)
            assert name is not None and not isinstance(cap_minor, Refused)
            rests_on = (entered.seq, *said.rests_on)
            book.mandates[name] = Mandated(name, wish.account, wish.helper, cap_minor, wish.not_after, rests_on)
            book.members[book.ledger.accounts[wish.account].member or ""].given.append(name)
            book.members[wish.helper].held.append(name)
        case MandateRevoked() as body:
            book.mandates[body.mandate].revoked = True
        case _:
            raise AssertionError(entered.body)
    return ()


def news(book: Book, entered: Entered) -> Iterable[News]:
    match entered.body:
        case MandateGiven() as body:
            mandate, word = book.mandates[said_in(book, body, GiveMandate).wish.mandate or b""], "given"
        case MandateRevoked() as body:
            mandate, word = book.mandates[body.mandate], "revoked"
        case _:
            raise AssertionError(entered.body)
    giver = book.ledger.accounts[mandate.account].member or ""
    yield News(f"member.mandate-{word}", giver, (giver, mandate.helper))


def _against(book: Book, body: Body, at_ms: Millis) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    match body:
        case MandateGiven():
            return _against_mandate(book, said_in(book, body, GiveMandate), at_ms)
        case MandateRevoked():
            mandate = book.mandates.get(body.mandate)
            if mandate is None:
                return refuse(MANDATE_UNKNOWN)
            return refuse(STATE_CONFLICT, state="revoked") if mandate.revoked else None
        case _:
            raise AssertionError(body)


def _against_mandate(book: Book, said: Said[GiveMandate], at_ms: Millis) -> Refused | None:
    wish = said.wish
    account = book.ledger.accounts.get(wish.account)
    if account is None or account.member is None:
        return refuse(ACCOUNT_UNKNOWN, member=wish.account)
    giver = book.members[account.member]
    cap_minor = _cap_minor(book, wish)
    refused = cap_minor if isinstance(cap_minor, Refused) else payable(cap_minor)
    refused = refused or not_said_by(said, giver, capped=False)
    if refused:
        return refused
    helper = book.members.get(wish.helper)
    if helper is None:
        return refuse(MEMBER_UNKNOWN, member=wish.helper)
    if wish.mandate in book.mandates:
        return refuse(DUPLICATE)
    given = (book.mandates[one] for one in giver.given)
    if sum(not one.revoked and at_ms <= one.not_after_ms for one in given) >= MANDATES_MAX:
        return refuse(STATE_CONFLICT, state=f"giver of {MANDATES_MAX} mandates")
    if at_ms > wish.not_after:
        return refuse(ORDER_EXPIRED)
    if helper is giver:
        return refuse(SAME_ACCOUNT)
    return giver.inactive() or helper.inactive()


def _cap_minor(book: Book, wish: GiveMandate) -> int | Refused:
    code = book.ledger.accounts[wish.account].currency
    return minor_of(wish.cap, code, book.currencies[code].scale)


def plan_give(desk: Desk, address: str, said: Said[GiveMandate]) -> Plan | Refused:
    book = desk.book
    member = resolve_member(book, address)
    if isinstance(member, Refused):
        return member
    if said.signed is None:
        told = _told(desk, member, said.wish)
        if isinstance(told, Refused):
            return told
        said = replace(said, wish=told)
    body = MandateGiven(*said.held)
    return _against_mandate(book, said, desk.now) or Plan(member.id, (Write(body),))


def _told(desk: Desk, member: Member, wish: GiveMandate) -> GiveMandate | Refused:
    """Return the wish that a member without a key, or a steward for it, tells, by the ids of what it names."""
    book = desk.book
    if not acts_for(desk.actor, member):
        return refuse(FORBIDDEN, allowed="the member itself")
    helper = resolve_member(book, wish.helper)
    account = resolve_account(book, wish.account, wish.cap.asset_code)
    if isinstance(helper, Refused):
        return helper
    return account if isinstance(account, Refused) else replace(wish, account=account.id, helper=helper.id)


def plan_revoke(desk: Desk, address: str, wish: RevokeMandate) -> Plan | Refused:
    book = desk.book
    member = resolve_member(book, address)
    if isinstance(member, Refused):
        return member
    mandate = book.mandates.get(parse_uuid(wish.mandate) or b"")
    if mandate is None or mandate.id not in (*member.given, *member.held):
        return refuse(MANDATE_UNKNOWN)
    if not acts_for(desk.actor, member):
        return refuse(FORBIDDEN, allowed="the member itself")
    body = MandateRevoked(mandate.id)
    return _against(book, body, desk.now) or Plan(member.id, (Write(body),))


PRACTICE = Practice(
    name="mandates",
    entries=(MandateGiven, MandateRevoked),
    check=check,
    fold=fold,
    news=news,
    operations=(
        Act(
            "members",
            "mandate",
            GiveMandate,
            plan=plan_give,
            signed=KEY_OR_WORD,
            about="account",
            example="mutirao members mandate ana --helper bia --cap 50.00 --not-after 2027-01-01T00:00:00Z",
        ),
        Act(
            "members",
            "revoke-mandate",
            RevokeMandate,
            plan=plan_revoke,
            example="mutirao members revoke-mandate ana --mandate ID",
        ),
    ),
    refusals=(
        MANDATE_UNKNOWN,
        MANDATE_EXCEEDED,
    ),
)
