# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the ledger says of members: who asks to be one, is taken in, limited, suspended, resumed and gone."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from protocol.book.addresses import ADDRESS_CHARS_MAX
from protocol.book.declaration import AskedFor, Doc, Ref
from protocol.book.signed import AccountId, Digest, LeastMinor, MemberId, MostMinor, Signed
from protocol.practices.people.names import NewHandle
from protocol.wire.shape import AtMost, Spelt

CURRENCIES_MAX = 64
"""Accounts that one approval may open."""
# Capitals, which no handle has: a handle can never pass for the id of another member.
MEMBER_ID = "[A-Z2-7]{16}"
"""How the id of a member is spelt."""
NewMember = Annotated[MemberId, Spelt(MEMBER_ID)]
CurrencyCode = Annotated[str, AtMost(12)]


@dataclass(frozen=True, slots=True)
class MemberJoined:
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
    least: LeastMinor
    most: MostMinor | None


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
    least: LeastMinor
    most: MostMinor | None


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
class Leave:
    """Leave the network: your balance goes to the commons. Your key signs what you hold; with a debt, ask a steward."""

    member: Annotated[
        str, AtMost(ADDRESS_CHARS_MAX), Ref("members"), Doc("who leaves; a signed wish names the member by id")
    ]
    erase: Annotated[
        bool | None,
        Doc("whether names, notes and contacts are erased too; default: they are kept"),
        AskedFor("Erase names, notes and contacts of {id} too?", no="keep"),
    ] = None


@dataclass(frozen=True, slots=True)
class MemberLeft:
    """A member is gone; the commons takes its balances over, whatever their sign.

    By the member's signature; or by the network's word, for who has no key or holds nothing.
    """

    KIND: ClassVar[str] = "members/left"
    OPERATION: ClassVar[str] = "members.leave"
    WISH: ClassVar[type[Leave]] = Leave
    signed: Signed | None
    word: Leave | None
