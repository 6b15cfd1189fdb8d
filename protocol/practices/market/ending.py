# SPDX-License-Identifier: AGPL-3.0-or-later
"""What becomes of offers and needs with their members: who left or is suspended has none; who is renamed is told anew.

The home sees to it by itself, once something has changed of members or of its own board, and publishes nothing again
for who comes back: the member does, who knows whether it still holds.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from protocol.book.book import Book
from protocol.book.declaration import Desk, Entered, Plan, Publication
from protocol.book.ledger import Posting
from protocol.book.members import MemberState
from protocol.book.signed import uuid_text
from protocol.practices.market.index import IntentIndex


def look_again(book: Book, entered: Entered) -> Sequence[Posting]:
    """Note that something has changed of a member."""
    del entered
    book.of(IntentIndex).own_changed = True
    return ()


def due(desk: Desk) -> Iterator[Plan]:
    """Withdraw what members offer and need who are not active, and say anew what bears an earlier handle."""
    book = desk.book
    index = book.of(IntentIndex)
    if not index.own_changed:
        return
    index.own_changed = False
    for one in index.of_network(book.network):
        member = book.members.get(book.member_by_handle.get(one.member, ""))
        said = one.item.said
        if member is None or member.state is not MemberState.ACTIVE:
            yield Plan(uuid_text(said.item), published=(Publication(said.item, None),))
        elif member.handle != one.member:
            body = replace(one.body, member=member.handle)
            yield Plan(uuid_text(said.item), published=(Publication(said.item, body, said.not_after, said.seen_by),))
