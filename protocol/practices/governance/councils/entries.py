# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the ledger says of councils: that there is one, and whom all members have elected to it."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from protocol.book.declaration import Ref
from protocol.book.signed import Id16, MemberId
from protocol.wire.shape import AtMost

COUNCIL_TITLE_CHARS_MAX = 100
BOARD_SEATS = 5


@dataclass(frozen=True, slots=True)
class CouncilFounded:
    """The group has a council: a board of five seats and a comptroller, all of them free as yet."""

    KIND: ClassVar[str] = "councils/founded"
    council: Id16
    title: Annotated[str, AtMost(COUNCIL_TITLE_CHARS_MAX)]


@dataclass(frozen=True, slots=True)
class BoardElected:
    """These members are elected to seats of the board, for a term from now on, beside those who sit there already."""

    KIND: ClassVar[str] = "councils/elected"
    council: Id16
    members: Annotated[tuple[MemberId, ...], AtMost(BOARD_SEATS)]


@dataclass(frozen=True, slots=True)
class ComptrollerElected:
    """A member is the comptroller for a term from now on, in place of who was."""

    KIND: ClassVar[str] = "councils/comptroller-elected"
    council: Id16
    member: Annotated[MemberId, Ref("members")]
