# SPDX-License-Identifier: AGPL-3.0-or-later
"""Mandates: a member lets a helper pay from its account, up to a cap and a date, until it is revoked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar

from protocol.book.book import Auth, Book, DeviceKey, Mandated, Member
from protocol.book.declaration import Act, At, Desk, Doc, Entered, News, Plan, Practice, Write
from protocol.book.ledger import Posting
from protocol.book.money import Amount, minor_of, payable
from protocol.book.refusals import Refused, Rejection, refuse
from protocol.book.signed import AccountId, Id, Mandate, MemberId, Minor, Signed, Time, parse_uuid
from protocol.lanes.entry import Body, Millis
from protocol.practices.people.authority import acts_for, speaker, untimely
from protocol.wire.shape import AtMost

MANDATES_MAX = 64
"""Mandates in force that one member may have given at once."""


@dataclass(frozen=True, slots=True)
class MandateWord:
    """The terms of a mandate, as a member without a key told them."""

    account: AccountId
    mandate: Id
    helper: MemberId
    cap: Minor
    not_after_ms: Time


@dataclass(frozen=True, slots=True)
class MandateGiven:
    """A helper may pay from a member's account: by signed mandate, or by word of mouth (custodial)."""

    KIND: ClassVar[str] = "members/mandate-given"
    signed: Signed | None
    word: MandateWord | None


@dataclass(frozen=True, slots=True)
class MandateRevoked:
    """A mandate is taken back, or laid down."""

    KIND: ClassVar[str] = "members/mandate-revoked"
    mandate: Id


@dataclass(frozen=True, slots=True)
class GiveMandate:
    """Let a helper pay from your account: by a mandate that you signed, or, without a key, by its terms."""

    signed: Annotated[Signed | None, Doc("the signed mandate; it names the terms")] = None
    helper: Annotated[str | None, AtMost(64), Doc("without a signed mandate: the handle of the helper")] = None
    cap: Annotated[Amount | None, Doc("without a signed mandate: what the helper may pay in all")] = None
    not_after: Annotated[At | None, Doc("without a signed mandate: until when")] = None


@dataclass(frozen=True, slots=True)
class RevokeMandate:
    """Take a mandate back, or lay down one that you hold."""

    mandate: Annotated[str, AtMost(36), Doc("the id of the mandate")]


def check(book: Book, entered: Entered) -> Rejection | None:
    refused = book.misplaced(entered) or _against(book, entered.body, entered.at_ms)
    return refused.reason if refused else None


def fold(book: Book, entered: Entered) -> Sequence[Posting]:
    match entered.body:
        case MandateGiven() as body:
            terms = _terms(book, body)
            assert not isinstance(terms, Refused)
            rests_on = (entered.seq,)
            if isinstance(terms, Mandate):
                key = book.members[book.member_by_key[terms.key]].keys[terms.key]
                key.order_seq = terms.order_seq
                rests_on = (entered.seq, key.arrival)
            book.mandates[terms.mandate] = Mandated(
                terms.mandate, terms.account, terms.helper, terms.cap, terms.not_after_ms, rests_on
            )
            book.members[book.ledger.accounts[terms.account].member or ""].given.append(terms.mandate)
            book.members[terms.helper].held.append(terms.mandate)
        case MandateRevoked() as body:
            book.mandates[body.mandate].revoked = True
        case _:
            raise AssertionError(entered.body)
    return ()


def news(book: Book, entered: Entered) -> Iterable[News]:
    match entered.body:
        case MandateGiven() as body:
            terms = _terms(book, body)
            assert not isinstance(terms, Refused)
            mandate, word = book.mandates[terms.mandate], "given"
        case MandateRevoked() as body:
            mandate, word = book.mandates[body.mandate], "revoked"
        case _:
            raise AssertionError(entered.body)
    giver = book.ledger.accounts[mandate.account].member or ""
    yield News(f"member.mandate-{word}", giver, (giver, mandate.helper))


def _terms(book: Book, body: MandateGiven) -> Mandate | MandateWord | Refused:
    if (body.signed is None) is (body.word is None):
        return refuse(Rejection.MALFORMED, field="signed", expected="either a signed mandate or a word")
    return book.said(body.signed, Mandate) if body.signed is not None else body.word or refuse(Rejection.MALFORMED)


def _against(book: Book, body: Body, at_ms: Millis) -> Refused | None:
    """Return why an entry may not stand: the same answer on every node."""
    match body:
        case MandateGiven():
            return _against_mandate(book, body, at_ms)
        case MandateRevoked():
            mandate = book.mandates.get(body.mandate)
            if mandate is None:
                return refuse(Rejection.MANDATE_UNKNOWN)
            return refuse(Rejection.STATE_CONFLICT, state="revoked") if mandate.revoked else None
        case _:
            raise AssertionError(body)


def _against_mandate(book: Book, body: MandateGiven, at_ms: Millis) -> Refused | None:
    terms = _terms(book, body)
    if isinstance(terms, Refused):
        return terms
    refused = payable(terms.cap)
    if refused:
        return refused
    spoke: tuple[Member, DeviceKey] | None = None
    if body.signed is not None:
        heard = book.heard(body.signed, Mandate)
        found = heard if isinstance(heard, Refused) else speaker(book, heard.key)
        if isinstance(found, Refused):
            return found
        spoke = found
    account = book.ledger.accounts.get(terms.account)
    if account is None or account.member is None:
        return refuse(Rejection.ACCOUNT_UNKNOWN, member=terms.account)
    giver = book.members[account.member]
    if spoke is None and giver.auth is not Auth.CUSTODIAL:
        return refuse(Rejection.FORBIDDEN, allowed="the member's own key")
    if spoke is not None and (spoke[0] is not giver or spoke[1].cap_minor is not None):
        return refuse(Rejection.FORBIDDEN, allowed="a key of the member without a cap")
    helper = book.members.get(terms.helper)
    if helper is None:
        return refuse(Rejection.MEMBER_UNKNOWN, member=terms.helper)
    if terms.mandate in book.mandates:
        return refuse(Rejection.DUPLICATE)
    given = (book.mandates[one] for one in giver.given)
    if sum(not one.revoked and at_ms <= one.not_after_ms for one in given) >= MANDATES_MAX:
        return refuse(Rejection.STATE_CONFLICT, state=f"giver of {MANDATES_MAX} mandates")
    if isinstance(terms, Mandate) and spoke is not None:
        refused = untimely(book, terms, spoke[1], at_ms)
    elif at_ms > terms.not_after_ms:
        refused = refuse(Rejection.ORDER_EXPIRED)
    if helper is giver:
        refused = refused or refuse(Rejection.SAME_ACCOUNT)
    return refused or giver.inactive() or helper.inactive()


def plan_give(desk: Desk, address: str, wish: GiveMandate) -> Plan | Refused:
    book = desk.book
    member = book.resolve_member(address)
    if isinstance(member, Refused):
        return member
    if wish.signed is None:
        word = _word(desk, member, wish)
        if isinstance(word, Refused):
            return word
        body, terms = MandateGiven(None, word), word
    else:
        if not (wish.helper is wish.cap is wish.not_after is None):
            return refuse(Rejection.MALFORMED, field="signed", expected="nothing beside the signed mandate")
        body = MandateGiven(wish.signed, None)
        terms = _terms(book, body)
        if isinstance(terms, Refused):
            return terms
    account = book.ledger.accounts.get(terms.account)
    refused = _against(book, body, desk.now)
    if refused is None and (account is None or account.member != member.id):
        refused = refuse(Rejection.ORDER_MISMATCH, field="account")
    return refused or Plan(member.id, (Write(body),))


def _word(desk: Desk, member: Member, wish: GiveMandate) -> MandateWord | Refused:
    """Return the terms that a member without a key, or a steward for it, tells by word of mouth."""
    book = desk.book
    if wish.helper is None or wish.cap is None or wish.not_after is None:
        return refuse(Rejection.MALFORMED, field="helper", expected="helper, cap and not_after, or a signed mandate")
    if not acts_for(desk.actor, member):
        return refuse(Rejection.FORBIDDEN, allowed="the member itself")
    helper = book.resolve_member(wish.helper)
    account = book.resolve_account(member.id, wish.cap.asset_code)
    if isinstance(helper, Refused):
        return helper
    if isinstance(account, Refused):
        return account
    cap = minor_of(wish.cap, account.currency, book.currencies[account.currency].scale)
    if isinstance(cap, Refused):
        return cap
    return MandateWord(account.id, desk.chance(16), helper.id, cap, wish.not_after)


def plan_revoke(desk: Desk, address: str, wish: RevokeMandate) -> Plan | Refused:
    book = desk.book
    member = book.resolve_member(address)
    if isinstance(member, Refused):
        return member
    mandate = book.mandates.get(parse_uuid(wish.mandate) or b"")
    if mandate is None or mandate.id not in (*member.given, *member.held):
        return refuse(Rejection.MANDATE_UNKNOWN)
    if not acts_for(desk.actor, member):
        return refuse(Rejection.FORBIDDEN, allowed="the member itself")
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
)
