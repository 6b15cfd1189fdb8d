# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the ledger says of a partner that is written off: what is claimed, what was open, and what came of that."""

from dataclasses import dataclass
from typing import Annotated, ClassVar

from protocol.book.signed import Digest, Id16, Minor
from protocol.practices.between.abroad.entries import Preimage
from protocol.practices.between.links.entries import HOLDS_MAX
from protocol.wire.shape import AtMost


@dataclass(frozen=True, slots=True)
class LinkWrittenOff:
    """The partner of a link is gone. `paid` it has claimed of us, `received` we of it, in minor units of the link.

    The `holds` that are open toward it go back by the entries that follow; the commons stands for what it may yet
    claim of them.
    """

    KIND: ClassVar[str] = "write-offs/made"
    link: Digest
    paid: Minor
    received: Minor
    holds: Annotated[tuple[Id16, ...], AtMost(HOLDS_MAX)]


@dataclass(frozen=True, slots=True)
class WrittenOffAnswered:
    """The partner was not gone: it has claimed a hold that was written off, or (no preimage) let it go."""

    KIND: ClassVar[str] = "write-offs/answered"
    link: Digest
    hold: Id16
    preimage: Preimage | None
