# SPDX-License-Identifier: AGPL-3.0-or-later
"""What members wish of guardians, signed by their keys, and what the ledger says of it."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from protocol.book.addresses import ADDRESS_CHARS_MAX
from protocol.book.declaration import Doc, Ref
from protocol.book.signed import Key, MemberId, Signed
from protocol.practices.people.devices import MemberNamed
from protocol.wire.shape import AtMost, Range

MEMBER_GUARDIANS_MAX = 9


@dataclass(frozen=True, slots=True)
class NameGuardians:
    """Name the members who together may put a new key in place if you lose yours; none: nobody may any more."""

    member: MemberNamed
    guardians: Annotated[
        tuple[Annotated[str, AtMost(ADDRESS_CHARS_MAX)], ...],
        AtMost(MEMBER_GUARDIANS_MAX),
        Ref("members"),
        Doc("the guardians; a signed wish names them by id"),
    ] = ()
    needed: Annotated[int, Range(1, MEMBER_GUARDIANS_MAX), Doc("how many of them it takes")] = 1


@dataclass(frozen=True, slots=True)
class BackKey:
    """Say, as a guardian, that this new key is the member's; once enough do, it is put in place three days later."""

    member: MemberNamed
    new_key: Annotated[Key, Doc("the new public key")]
    joining: Annotated[
        Signed | None, Doc("the joining that the new key signed (`mutirao keys prove`), by the first who backs it")
    ] = None


@dataclass(frozen=True, slots=True)
class ObjectToKey:
    """End what guardians have begun: your key is not lost."""

    member: MemberNamed


@dataclass(frozen=True, slots=True)
class GuardiansNamed:
    """A member has these guardians from now on."""

    KIND: ClassVar[str] = "guardians/named"
    OPERATION: ClassVar[str] = "guardians.name"
    WISH: ClassVar[type[NameGuardians]] = NameGuardians
    signed: Signed


@dataclass(frozen=True, slots=True)
class KeyBacked:
    """A guardian backs a new key for a member, and no other."""

    KIND: ClassVar[str] = "guardians/backed"
    OPERATION: ClassVar[str] = "guardians.back"
    WISH: ClassVar[type[BackKey]] = BackKey
    signed: Signed


@dataclass(frozen=True, slots=True)
class KeyOpposed:
    """An old key has ended what guardians had begun."""

    KIND: ClassVar[str] = "guardians/opposed"
    OPERATION: ClassVar[str] = "guardians.object"
    WISH: ClassVar[type[ObjectToKey]] = ObjectToKey
    signed: Signed


@dataclass(frozen=True, slots=True)
class KeyRestored:
    """The delay is over and nobody objected: the new key is the member's only one."""

    KIND: ClassVar[str] = "guardians/restored"
    member: MemberId
    joining: Signed


GuardiansBody = GuardiansNamed | KeyBacked | KeyOpposed | KeyRestored
