# SPDX-License-Identifier: AGPL-3.0-or-later
"""Authority: who may act for a member, and on whose word an account is debited.

A member with a key of its own orders debits by signature, whoever brings the order. For a member
without one the network writes on its word. A helper holds a mandate: signed, capped, revocable.
"""

from typing import Any, NamedTuple

from protocol.book.addresses import resolve_account, resolve_member
from protocol.book.book import Book
from protocol.book.declaration import Actor, Desk, Role
from protocol.book.ledger import Account
from protocol.book.members import Auth, DeviceKey, Mandated, Member
from protocol.book.payments import Payment, PaymentAuth
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    FORBIDDEN,
    KEY_UNKNOWN,
    MALFORMED,
    STATE_CONFLICT,
    Reason,
    Refused,
    Stage,
    refuse,
)
from protocol.book.wishes import Said
from protocol.lanes.entry import Millis

MANDATE_UNKNOWN = Reason(
    "MANDATE_UNKNOWN",
    Stage.SUBJECT,
    404,
    "There is no such mandate",
    "No mandate has this id here. Nothing was done.",
    heading="There is no such mandate",
    ways=("see your mandates: mutirao members show",),
)
KEY_TAKEN = Reason(
    "KEY_TAKEN",
    Stage.SUBJECT,
    409,
    "This key belongs to somebody already",
    "A key belongs to one member, and once.",
    heading="This key is somebody's already",
    ways=("make another key: mutirao keys",),
)
SIGNATURE_NEEDED = Reason(
    "SIGNATURE_NEEDED",
    Stage.AUTHORITY,
    403,
    "This takes the member's own signature",
    "{balance} would go to the commons: only a key of {member}'s own can say so. Nothing was done.",
    heading="{member} has to sign this",
    ways=("sign it: mutirao members leave {member} --key FILE", "spend the balance first"),
)
PAYMENT_EXISTS = Reason(
    "PAYMENT_EXISTS",
    Stage.SUBJECT,
    409,
    "A payment with this id exists already",
    "A payment with this id stands already. Nothing was paid twice.",
    heading="This payment was made before",
    ways=("look at that payment", "take a new id for another payment"),
)
KEY_CAP_EXCEEDED = Reason(
    "KEY_CAP_EXCEEDED",
    Stage.RULE,
    422,
    "This goes beyond what the key may pay",
    "The key may pay {available} more.",
    heading="This key may pay {available} more",
    ways=("pay {available} now", "sign with a key without a cap"),
)
MANDATE_EXCEEDED = Reason(
    "MANDATE_EXCEEDED",
    Stage.RULE,
    422,
    "This goes beyond the mandate",
    "The mandate allows {available} more.",
    heading="The mandate allows {available} more",
    ways=("pay {available} now", "ask who gave it for another mandate"),
)


def acts_for(actor: Actor, member: Member) -> bool:
    """Tell whether somebody may act for a member: itself, or a steward for one without a key of its own."""
    return actor.member == member.id or (actor.role is Role.STEWARD and member.auth is Auth.CUSTODIAL)


def speaks_as(desk: Desk, address: str | None) -> Member | Refused:
    """Return the member that an address names, whoever asks itself where there is none, if that may speak for it."""
    named = desk.actor.member if address is None else address
    if named is None:
        return refuse(MALFORMED, field="member", expected="a handle")
    member = resolve_member(desk.book, named)
    if isinstance(member, Refused) or acts_for(desk.actor, member):
        return member
    return refuse(FORBIDDEN, allowed="the member itself")


def spoken_for(
    desk: Desk, address: str, currency: str | None, *, allowed: str, helper: str | None = None
) -> Account | Refused:
    """Return the account that an address names, if whoever asks may speak for it by word of mouth.

    A `helper`, by its member id, speaks for it under a mandate. The reason that tells of authority goes before the one
    that the member has no account in a currency.
    """
    book = desk.book
    account = resolve_account(book, address, currency)
    if isinstance(account, Account):
        owner = account.member
    else:
        found = resolve_member(book, address)
        if isinstance(found, Refused):
            return account
        owner = found.id
    member = book.members.get(helper or owner or "")
    if member is None or not acts_for(desk.actor, member):
        return refuse(FORBIDDEN, allowed=allowed)
    return account


def may_see(actor: Actor, *members: str | None) -> bool:
    """Tell whether somebody may see what concerns these members only: one of them, or who reads all."""
    return actor.role in _READERS or (actor.member is not None and actor.member in members)


_READERS = (Role.AUDITOR, Role.COMMITTEE, Role.STEWARD)


def not_said_by(said: Said[Any], member: Member, *, capped: bool = True) -> Refused | None:
    """Return why a wish is not this member's: another's key signed it, or none did though the member has one.

    Unless `capped`, a key of the member with a cap does not do.
    """
    if said.device is None:
        return None if member.auth is Auth.CUSTODIAL else refuse(FORBIDDEN, allowed="the member's own key")
    if said.member is not member:
        return refuse(FORBIDDEN, allowed="the member itself")
    if said.device.cap_minor is not None and not capped:
        return refuse(FORBIDDEN, allowed="a key of the member without a cap")
    return None


def speaker(book: Book, key: bytes) -> tuple[Member, DeviceKey] | Refused:
    """Return whose key this is, or KEY_UNKNOWN where it is nobody's, or nobody's any more."""
    member = book.members.get(book.member_by_key.get(key, ""))
    if member is None or (device := member.keys[key]).revoked:
        return refuse(KEY_UNKNOWN)
    return member, device


class Authority(NamedTuple):
    """On what a debit rests: the account, its member, the key that ordered it, a helper's mandate."""

    account: Account
    member: Member
    key: DeviceKey | None
    mandate: Mandated | None

    @property
    def auth(self) -> PaymentAuth:
        """On whose word it is."""
        if self.mandate is not None:
            return PaymentAuth.MANDATE
        return PaymentAuth.CUSTODIAL if self.key is None else PaymentAuth.SELF

    @property
    def rests_on(self) -> tuple[int, ...]:
        """The places in the ledger lane of the entries that give the key and the mandate."""
        of_key = () if self.key is None else (self.key.arrival,)
        return of_key if self.mandate is None else (*of_key, *self.mandate.rests_on)

    def short_of(self, debit_minor: int) -> Refused | None:
        """Return which cap a debit would break, of the key or the mandate; for the author alone to ask."""
        if self.key is not None and self.key.cap_minor is not None:
            available = max(0, self.key.cap_minor - self.key.spent_minor)
            if debit_minor > available:
                return refuse(KEY_CAP_EXCEEDED, available=available, currency=self.account.currency)
        if self.mandate is not None:
            available = max(0, self.mandate.cap_minor - self.mandate.spent_minor)
            if debit_minor > available:
                return refuse(MANDATE_EXCEEDED, available=available, currency=self.account.currency)
        return None

    def lapsed(self, book: Book, at_ms: Millis) -> Refused | None:
        """Return why it does not hold now: the mandate has ended, the member or its helper is not active."""
        if self.mandate is not None and at_ms > self.mandate.not_after_ms:
            return refuse(MANDATE_EXCEEDED, available=0, currency=self.account.currency)
        helper = None if self.mandate is None else book.members[self.mandate.helper].inactive()
        return helper or self.member.inactive()

    def spend(self, debit_minor: int) -> None:
        """Note a debit, or where it is below 0 what has come back of one: part of the fold."""
        if self.key is not None:
            self.key.spend(debit_minor)
        if self.mandate is not None:
            self.mandate.spent_minor += debit_minor


def give_back(book: Book, payment: Payment) -> None:
    """Free what a payment within the network took of caps, now that it has come back: part of the fold.

    Standing orders and what the group pays out of its own accounts take of no cap.
    """
    account = book.ledger.accounts[payment.payer]
    assert payment.debit_minor is not None
    if account.member is None or payment.schedule is not None:
        return
    member = book.members[account.member]
    mandate = None if payment.mandate is None else book.mandates[payment.mandate]
    key = None
    if payment.said is not None:
        signer = member if mandate is None else book.members[mandate.helper]
        key = next(one for one in signer.keys.values() if one.arrival == payment.rests_on[0])
    Authority(account, member, key, mandate).spend(-payment.debit_minor)


def authorise(
    book: Book, said: Said[Any], payer: str, payment: bytes | None, mandate: bytes | None
) -> Authority | Refused:
    """Return on what a debit rests, or why it does not count: the same answer on every node.

    It is a key's wish, or without one the word of a custodial member, or of a custodial helper; who brought that is
    for the author to see to. No limit is looked at, nor whether it has lapsed (Authority.lapsed). Of a payment that
    the book holds already, PAYMENT_EXISTS is said.
    """
    who = said.member
    if who is None and mandate is not None:
        given = book.mandates.get(mandate)
        if given is None:
            return refuse(MANDATE_UNKNOWN)
        who = book.members[given.helper]
    found = _debited(book, payer, who, said.device, mandate)
    if isinstance(found, Refused):
        return found
    if said.device is None and (who or found.member).auth is not Auth.CUSTODIAL:
        return refuse(FORBIDDEN, allowed="the member's own key")
    if payment in book.payments:
        return refuse(PAYMENT_EXISTS)
    return found


def _debited(
    book: Book, payer: str, who: Member | None, key: DeviceKey | None, mandate: bytes | None
) -> Authority | Refused:
    """Return the authority of `who` (None: the account's own member) over an account, mandate checked."""
    account = book.ledger.accounts.get(payer)
    if account is None or account.member is None:
        return refuse(ACCOUNT_UNKNOWN, member=payer)
    member = book.members[account.member]
    if mandate is None:
        if who is not None and who is not member:
            return refuse(FORBIDDEN, allowed="the account's own member")
        return Authority(account, member, key, None)
    given = book.mandates.get(mandate)
    if given is None:
        return refuse(MANDATE_UNKNOWN)
    if who is None or (given.account, given.helper) != (payer, who.id):
        return refuse(FORBIDDEN, allowed="the helper of the mandate")
    if given.revoked:
        return refuse(STATE_CONFLICT, state="revoked")
    return Authority(account, member, key, given)
