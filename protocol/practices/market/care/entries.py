# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the ledger says of care: hours that a member has given another without a price, and that they were received."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from protocol.book.declaration import Ref
from protocol.book.signed import Digest, Id16, MemberId
from protocol.wire.shape import Range

CARE_HOURS_MAX = 744_00
"""Hundredths of an hour that one record tells of: the hours of a month."""

CareId = Annotated[Id16, Ref("care")]


@dataclass(frozen=True, slots=True)
class CareGiven:
    """A member says that it has cared so long for another (hundredths of an hour); it counts once that one confirms."""

    KIND: ClassVar[str] = "care/given"
    care: CareId
    giver: MemberId
    receiver: MemberId
    hours: Annotated[int, Range(1, CARE_HOURS_MAX)]
    note: Digest | None


@dataclass(frozen=True, slots=True)
class CareConfirmed:
    """The receiver confirms it: the hours count, and nobody owes anything for them."""

    KIND: ClassVar[str] = "care/confirmed"
    care: CareId


@dataclass(frozen=True, slots=True)
class CareDenied:
    """The receiver says that it was not so, or the giver that it has erred."""

    KIND: ClassVar[str] = "care/denied"
    care: CareId


CareSaid = CareGiven | CareConfirmed | CareDenied
