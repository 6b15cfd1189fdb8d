# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the ledger says of grants: who asks for one and shows an offer, who vouches by signature, and what is issued."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from protocol.book.addresses import ADDRESS_CHARS_MAX
from protocol.book.declaration import Doc, Ref, Uuid
from protocol.book.signed import Id16, MemberId, Signed
from protocol.practices.money.commons.entries import Positive
from protocol.practices.money.currencies.entries import Code
from protocol.wire.shape import AtMost


@dataclass(frozen=True, slots=True)
class GrantRequested:
    """A member asks to begin with so much (minor units), and shows by an offer on the board what it has for others."""

    KIND: ClassVar[str] = "grants/requested"
    grant: Annotated[Id16, Ref("grants")]
    member: MemberId
    currency: Code
    amount: Positive
    offer: Id16


@dataclass(frozen=True, slots=True)
class SponsorGrant:
    """Vouch for whoever asks for a grant; with the last signature that it needs it is issued."""

    grant: Annotated[Id16, Uuid, Ref("grants"), Doc("the id of the grant")]
    member: Annotated[str | None, AtMost(ADDRESS_CHARS_MAX), Ref("members"), Doc("who vouches; default: yourself")] = (
        None
    )


@dataclass(frozen=True, slots=True)
class GrantSponsored:
    """A member vouches for another: signed, or told by who has no key."""

    KIND: ClassVar[str] = "grants/sponsored"
    OPERATION: ClassVar[str] = "grants.sponsor"
    WISH: ClassVar[type[SponsorGrant]] = SponsorGrant
    signed: Signed | None
    word: SponsorGrant | None


@dataclass(frozen=True, slots=True)
class GrantIssued:
    """The group gives what was asked for: it comes into circulation."""

    KIND: ClassVar[str] = "grants/issued"
    grant: Annotated[Id16, Ref("grants")]


@dataclass(frozen=True, slots=True)
class GrantWithdrawn:
    """Nothing is asked for any more; the member may ask anew."""

    KIND: ClassVar[str] = "grants/withdrawn"
    grant: Annotated[Id16, Ref("grants")]
