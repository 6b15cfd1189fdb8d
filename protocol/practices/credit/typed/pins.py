# SPDX-License-Identifier: AGPL-3.0-or-later
"""PINs: who has no phone and no key pays at a shop by a number and a PIN, up to a cap a day; three wrong ones lock it.

The network pays on the member's word, so it is custodial. The ledger holds a value under a secret of the home node,
which tells nobody else the PIN; each wrong try is an entry, so that no restart gives new tries.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from nacl.pwhash import argon2id

from protocol.book.addresses import ADDRESS_CHARS_MAX, resolve_account, resolve_member
from protocol.book.book import Book
from protocol.book.declaration import Desk, Doc, Entered, Parameter, Plan, Ref, Write
from protocol.book.ledger import Account, Posting
from protocol.book.levies import payer_levy
from protocol.book.members import Auth, Member
from protocol.book.money import Amount, minor_of, payable
from protocol.book.parameters import TIME_ZONE, Money
from protocol.book.refusals import (
    ACCOUNT_UNKNOWN,
    FORBIDDEN,
    MALFORMED,
    MEMBER_UNKNOWN,
    NOT_FOUND,
    Reason,
    Refused,
    Stage,
    refuse,
)
from protocol.book.signed import AccountId, Digest, Id16, MemberId, uuid_text
from protocol.book.timezones import DAY_MS
from protocol.book.uuids import drawn_id
from protocol.lanes.entry import Millis
from protocol.practices.credit.typed.codes import shop_of, typed_payment
from protocol.practices.money.payments.transfers import begin_payment, beyond_limits, unable
from protocol.practices.people.authority import PAYMENT_EXISTS, acts_for, may_see
from protocol.wire.keys import digest
from protocol.wire.shape import AtMost, Range

PIN_TRIES = 3
PIN_DIGITS_MAX = 12
FIRST_NUMBER = 1_001
_DIGITS_LEAST = 4
_STRETCHED_BYTES, _MEMORY_BYTES, _ROUNDS = 32, 8 * 1024 * 1024, 3

PIN_WRONG = Reason(
    "PIN_WRONG", Stage.AUTHORITY, 403, "The number and the PIN do not belong together",
    "It is not the PIN of this number. Nothing was paid; {left} tries are left.",
    heading="Wrong PIN: {left} tries left", ways=("type it once more", "pay in another way"),
)  # fmt: skip
PIN_LOCKED = Reason(
    "PIN_LOCKED", Stage.AUTHORITY, 403, "The PIN is locked",
    "Three wrong PINs were typed for this number. Nothing was paid.",
    heading="This number is locked", ways=("its member sets a new PIN, or a steward for it: pins create",),
)  # fmt: skip
PIN_CAP = Reason(
    "PIN_CAP", Stage.RULE, 422, "This goes beyond what a PIN pays in a day",
    "{missing} in all today, and a PIN pays {limit} a day. Nothing was paid.",
    heading="{missing} > {limit} a day", ways=("pay {available} by PIN today", "pay the rest in another way"),
)  # fmt: skip
PIN_DAY_CAP = Parameter("cards.pin_day_cap", Money(), 50_00, "what a member pays by number and PIN in a day")


@dataclass(frozen=True, slots=True)
class SetPin:
    """Let a member without a key pay at shops by a number and a PIN; a new PIN unlocks a locked number."""

    pin: Annotated[str, AtMost(PIN_DIGITS_MAX), Doc("four digits or more")]
    member: Annotated[str | None, AtMost(ADDRESS_CHARS_MAX), Ref("members"), Doc("whose; default: yours")] = None


@dataclass(frozen=True, slots=True)
class PinSet:
    """A member without a key has a PIN, of which this value is all that is told."""

    KIND: ClassVar[str] = "pins/set"
    member: MemberId
    value: Digest


@dataclass(frozen=True, slots=True)
class PinMissed:
    """A wrong PIN was typed for a member's number."""

    KIND: ClassVar[str] = "pins/missed"
    member: MemberId


@dataclass(frozen=True, slots=True)
class PinPaid:
    """A member without a key has paid a shop by its number and PIN, typed in there."""

    KIND: ClassVar[str] = "pins/paid"
    payment: Id16
    payer: AccountId
    payee: AccountId
    amount: Annotated[int, Range(1, 2**63 - 1)]


PinsSaid = PinSet | PinMissed | PinPaid


@dataclass(slots=True)
class MemberPin:
    """A member's number, the value of its PIN, how many wrong ones were typed, and what it has paid on a day."""

    number: int
    value: bytes
    missed: int = 0
    day: int = 0
    spent_minor: dict[str, int] = field(default_factory=dict[str, int])


@dataclass(slots=True)
class Pins:
    """All PINs by member, and whose each number is."""

    by_member: dict[str, MemberPin] = field(default_factory=dict[str, MemberPin])
    by_number: dict[int, str] = field(default_factory=dict[int, str])


@dataclass(frozen=True, slots=True)
class PayByPin:
    """Take a payment from a customer who has no phone: its number, and the PIN that it types at your shop."""

    number: Annotated[int, Range(1, 2**31), Doc("the member's number")]
    pin: Annotated[str, AtMost(PIN_DIGITS_MAX), Doc("its PIN")]
    amount: Annotated[Amount, Doc("how much; by PIN a member pays a cap a day")]
    payee: Annotated[
        str | None, AtMost(ADDRESS_CHARS_MAX), Doc("the account that is paid, of yours; default: the only one")
    ] = None


@dataclass(frozen=True, slots=True)
class PinShown:
    """How a member without a key pays at shops. The network pays on its word: it is custodial."""

    member: Annotated[str, Doc("the member's handle")]
    number: Annotated[int, Doc("the number that it tells")]
    tries_left: Annotated[int, Doc("how many wrong PINs may still be typed; 0: it is locked")]


def pin_value(secret: bytes, number: int, pin: str) -> bytes:
    """Return the value by which the home knows a PIN: Argon2id (RFC 9106), under a secret of its own."""
    salt = digest("pin-salt", number.to_bytes(8, "big"))[:16]
    stretched = argon2id.kdf(_STRETCHED_BYTES, pin.encode(), salt, opslimit=_ROUNDS, memlimit=_MEMORY_BYTES)
    return digest("pin", secret + stretched)


def against_pins(book: Book, body: PinsSaid) -> Refused | None:
    """Return why an entry on PINs may not stand: the same answer on every node; no cap is looked at."""
    pins = book.of(Pins)
    if isinstance(body, PinPaid):
        payer, payee = book.ledger.accounts.get(body.payer), book.ledger.accounts.get(body.payee)
        if payer is None or payer.member is None or payee is None or payee.member is None:
            return refuse(ACCOUNT_UNKNOWN, member=body.payer if payer is None else body.payee)
        if payer.member not in pins.by_member:
            return refuse(NOT_FOUND)
        return (
            _keyed(book.members[payer.member])
            or (refuse(PIN_LOCKED) if pins.by_member[payer.member].missed >= PIN_TRIES else None)
            or (refuse(PAYMENT_EXISTS) if body.payment in book.payments else None)
            or book.members[payer.member].inactive()
            or unable(book, payer, payee, body.amount)
        )
    member = book.members.get(body.member)
    if member is None:
        return refuse(MEMBER_UNKNOWN, member=body.member)
    if isinstance(body, PinMissed):
        return None if body.member in pins.by_member else refuse(NOT_FOUND)
    return _keyed(member) or member.inactive()


def _keyed(member: Member) -> Refused | None:
    """Return that nobody but its key pays for a member who has one."""
    return None if member.auth is Auth.CUSTODIAL else refuse(FORBIDDEN, allowed="the member's own key")


def fold_pins(book: Book, body: PinsSaid, entered: Entered) -> Sequence[Posting]:
    """Fold an entry on PINs."""
    pins = book.of(Pins)
    match body:
        case PinSet():
            known = pins.by_member.get(body.member)
            if known is None:
                known = MemberPin(FIRST_NUMBER + len(pins.by_member), body.value)
                pins.by_member[body.member] = known
                pins.by_number[known.number] = body.member
            known.value, known.missed = body.value, 0
            return ()
        case PinMissed():
            pins.by_member[body.member].missed += 1
            return ()
        case PinPaid():
            pin, code = pins.by_member[book.owner_of(body.payer)], body.payer.partition(".")[2]
            day = _day(book, entered.at_ms)
            if day != pin.day:
                pin.day, pin.spent_minor = day, {}
            payment = typed_payment(body.payment, entered, body.payer, body.payee, body.amount)
            postings = begin_payment(book, payment)
            pin.spent_minor[code] = pin.spent_minor.get(code, 0) + (payment.debit_minor or 0)
            pin.missed = 0
            return postings


def _day(book: Book, at_ms: Millis) -> int:
    return (at_ms + book.parameter(TIME_ZONE).offset(at_ms) * 60_000) // DAY_MS


def plan_set_pin(desk: Desk, wish: SetPin) -> Plan | Refused:
    book = desk.book
    member = resolve_member(book, wish.member or desk.actor.member or "")
    if isinstance(member, Refused):
        return member
    if not (wish.pin.isascii() and wish.pin.isdecimal() and len(wish.pin) >= _DIGITS_LEAST):
        return refuse(MALFORMED, field="pin", expected="four digits or more")
    if not acts_for(desk.actor, member):
        return refuse(FORBIDDEN, allowed="the member itself")
    pins = book.of(Pins)
    known = pins.by_member.get(member.id)
    number = FIRST_NUMBER + len(pins.by_member) if known is None else known.number
    body = PinSet(member.id, pin_value(desk.secret, number, wish.pin))
    return against_pins(book, body) or Plan(member.id, (Write(body),))


def plan_pay_pin(desk: Desk, wish: PayByPin) -> Plan | Refused:
    """Let a shop be paid by a number and a PIN; a wrong one is counted, though nothing is paid."""
    book = desk.book
    name = book.of(Pins).by_number.get(wish.number)
    if name is None:
        return refuse(NOT_FOUND)
    pin = book.of(Pins).by_member[name]
    payee = shop_of(desk, wish.payee, wish.amount.asset_code)
    payer = payee if isinstance(payee, Refused) else resolve_account(book, name, payee.currency)
    if isinstance(payee, Refused) or isinstance(payer, Refused):
        return payee if isinstance(payee, Refused) else refuse(ACCOUNT_UNKNOWN, member=str(wish.number))
    minor = minor_of(wish.amount, payee.currency, book.currencies[payee.currency].scale)
    refused = minor if isinstance(minor, Refused) else payable(minor)
    if refused is not None or isinstance(minor, Refused):
        return refused or refuse(MALFORMED, field="amount", expected="an amount")
    if pin.missed >= PIN_TRIES:
        return refuse(PIN_LOCKED)
    if pin_value(desk.secret, wish.number, wish.pin) != pin.value:
        left = PIN_TRIES - pin.missed - 1
        told = refuse(PIN_WRONG, left=left) if left else refuse(PIN_LOCKED)
        return Plan(name, (Write(PinMissed(name)),), answer=told)
    body = PinPaid(book.drawn(drawn_id(desk.chance)), payer.id, payee.id, minor)
    refused = against_pins(book, body) or _beyond_cap(desk, pin, payer, minor + payer_levy(book, payer, payee, minor))
    refused = refused or beyond_limits(book, payer, payee, minor, desk.now)
    return refused or Plan(uuid_text(body.payment), (Write(body),))


def _beyond_cap(desk: Desk, pin: MemberPin, payer: Account, minor: int) -> Refused | None:
    most = desk.book.parameter(PIN_DAY_CAP, payer.currency)
    spent = pin.spent_minor.get(payer.currency, 0) if pin.day == _day(desk.book, desk.now) else 0
    if spent + minor <= most:
        return None
    left = max(0, most - spent)
    return refuse(PIN_CAP, missing=spent + minor, limit=most, available=left, currency=payer.currency)


def view_pin(desk: Desk, address: str) -> PinShown | Refused:
    member = resolve_member(desk.book, address)
    if isinstance(member, Refused):
        return member
    pin = desk.book.of(Pins).by_member.get(member.id)
    if pin is None or not may_see(desk.actor, member.id):
        return refuse(NOT_FOUND)
    return PinShown(member.handle, pin.number, max(0, PIN_TRIES - pin.missed))
