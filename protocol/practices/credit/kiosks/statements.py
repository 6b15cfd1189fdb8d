# SPDX-License-Identifier: AGPL-3.0-or-later
"""What a kiosk signs while it is out of reach, and what a member signs for it: each stands by itself, without a node.

A kiosk numbers its statements and names the one before by its digest. Two at one place are a fork, and prove it.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar, NamedTuple

from crdt.rights import RightsStep, StepKind
from protocol.book.signed import AccountId, Digest, Id16, Key, Time
from protocol.practices.credit.reserves.entries import MinorMoved
from protocol.wire.codec import CodecFault, decode, encode
from protocol.wire.keys import KeyPair, digest, verify
from protocol.wire.shape import AtMost, Holds, Length, Range, ShapeFault, from_map, to_map

SLIP_BYTES_MAX = 512
KIOSK_STATEMENT_BYTES_MAX = 1_280
PLACES_MAX = 2**53
KioskPlace = Annotated[int, Range(1, PLACES_MAX)]


class KioskAct(StrEnum):
    """What a kiosk does: each act spends rights of its own."""

    ISSUE = "issue"
    PAY = "pay"
    SEND = "send"


@dataclass(frozen=True, slots=True)
class RedemptionSlip:
    """I, who hold `key`, give so much (minor units) of an account back at a kiosk, for state money, once."""

    KIND: ClassVar[str] = "redemption-slip"
    network: Digest
    account: AccountId
    amount: MinorMoved
    redemption: Id16
    key: Key
    not_after_ms: Time


@dataclass(frozen=True, slots=True)
class SignedSlip:
    """The bytes of a slip as they came, and the signature by the key in it."""

    data: Annotated[bytes, AtMost(SLIP_BYTES_MAX), Holds(("RedemptionSlip",))]
    signature: Annotated[bytes, Length(64)]


@dataclass(frozen=True, slots=True)
class KioskStatement:
    """A kiosk issues to an account, pays state money out for what a member gives back, or sends rights on.

    `prev` is the digest of its statement before. `account` is an account's id or a member's handle; `slip` is what the
    member has signed, absent for who has no key. `to` is the kiosk that gets the rights, absent: the network itself.
    """

    KIND: ClassVar[str] = "kiosk-statement"
    network: Digest
    kiosk: Id16
    place: KioskPlace
    prev: Digest | None
    act: KioskAct
    amount: MinorMoved
    account: AccountId | None
    to: Id16 | None
    slip: SignedSlip | None
    at_ms: Time


@dataclass(frozen=True, slots=True)
class SignedStatement:
    """The bytes of a kiosk's statement as they came, and its signature."""

    data: Annotated[bytes, AtMost(KIOSK_STATEMENT_BYTES_MAX), Holds(("KioskStatement",))]
    signature: Annotated[bytes, Length(64)]


class ReadStatement(NamedTuple):
    """A statement that could be read, with the bytes that it was read from, and its digest."""

    said: KioskStatement
    signed: SignedStatement
    digest: bytes

    def step(self, cost_minor: int) -> RightsStep:
        """Return what it does with rights, of which it spends so many."""
        said = self.said
        kind = StepKind(said.act.value)
        return RightsStep(said.kiosk, said.place, said.prev or b"", self.digest, kind, cost_minor, said.to or b"")


def statement_digest(data: bytes) -> bytes:
    """Return the digest by which the next statement names one."""
    return digest("kiosk-statement", data)


def sign_statement(keys: KeyPair, said: KioskStatement) -> SignedStatement:
    """Encode and sign a statement."""
    data = encode(to_map(said))
    return SignedStatement(data, keys.sign(KioskStatement.KIND, data))


def sign_slip(keys: KeyPair, slip: RedemptionSlip) -> SignedSlip:
    """Encode and sign a slip."""
    data = encode(to_map(slip))
    return SignedSlip(data, keys.sign(RedemptionSlip.KIND, data))


def read_kiosk_statement(signed: SignedStatement) -> ReadStatement | None:
    """Return what the bytes say, the signature not yet checked; None where they are no statement of a known form."""
    try:
        said = from_map(KioskStatement, decode(signed.data, bytes_max=KIOSK_STATEMENT_BYTES_MAX))
    except (CodecFault, ShapeFault):
        return None
    wants_account = said.act is not KioskAct.SEND
    fits = wants_account is (said.account is not None) and (said.act is KioskAct.PAY or said.slip is None)
    if not fits or (wants_account and said.to is not None) or (said.place == 1) is not (said.prev is None):
        return None
    return ReadStatement(said, signed, statement_digest(signed.data))


def read_slip(signed: SignedSlip) -> RedemptionSlip | None:
    """Return a slip that the key in it has signed, None for anything else."""
    try:
        slip = from_map(RedemptionSlip, decode(signed.data, bytes_max=SLIP_BYTES_MAX))
    except (CodecFault, ShapeFault):
        return None
    return slip if verify(slip.key, "redemption-slip", signed.data, signed.signature) else None


def is_of_kiosk(key: bytes, read: ReadStatement) -> bool:
    """Tell whether a kiosk's key has signed a statement."""
    return verify(key, "kiosk-statement", read.signed.data, read.signed.signature)
