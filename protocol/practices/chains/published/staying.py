# SPDX-License-Identifier: AGPL-3.0-or-later
"""What stays inside of what is paid to a member, for matches: as its network has told of its enterprise.

Of our own members we know which enterprises are theirs. Of others an enterprise counts as a member's whose key is the
member's handle.
"""

from dataclasses import dataclass, field
from typing import ClassVar

from protocol.book.book import Book
from protocol.peers.boards import Boards, published
from protocol.practices.chains.published.bodies import RETAINED_ITEMS, RetainedTold
from protocol.practices.chains.state import ChainInputs


@dataclass(slots=True)
class RetainedKnown:
    """The shares that are told on boards, by network and enterprise, as of so many changes of these."""

    TRANSIENT: ClassVar[bool] = True
    changes: int = -1
    shares: dict[tuple[bytes, str], int] = field(default_factory=dict[tuple[bytes, str], int])


def retained_by(book: Book, network: bytes, member: str) -> int | None:
    """Return what stays of a unit that is paid to a member (by handle), in parts of a million; None: nobody tells."""
    known, changes = book.of(RetainedKnown), book.of(Boards).changes
    if known.changes != changes:
        told = ((item.network, body) for _, item, body in published(book, RETAINED_ITEMS))
        known.shares = {
            (teller, one.key): one.share
            for teller, body in told
            if isinstance(body, RetainedTold)
            for one in body.shares
        }
        known.changes = changes
    keys = [member]
    if network == book.network:
        inputs, name = book.of(ChainInputs), book.member_by_handle.get(member, "")
        keys = [inputs.enterprises[id].said.key for id in inputs.by_member.get(name, ())]
    return next((share for key in keys if (share := known.shares.get((network, key))) is not None), None)
