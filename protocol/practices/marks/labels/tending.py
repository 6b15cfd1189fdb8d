# SPDX-License-Identifier: AGPL-3.0-or-later
"""What the home does by itself: it signs status lists each week, renews labels on the board, notes revocations."""

from collections.abc import Iterator

from protocol.book.declaration import Desk, Plan, Write
from protocol.book.signed import uuid_text
from protocol.book.timezones import DAY_MS
from protocol.peers.boards import Boards
from protocol.practices.marks.labels.credentials import list_item
from protocol.practices.marks.labels.entries import LABELS_A_LIST, LabelName, RevocationLearned
from protocol.practices.marks.labels.index import LabelIndex
from protocol.practices.marks.labels.plans import LABEL_ITEM_MS, issuer_keys, label_published, list_published
from protocol.practices.marks.labels.state import Labels

LIST_DAYS = 7
"""A status list is signed anew this often: a network that has not heard of it for longer than 30 days is told so."""
TENDED_MS = 3_600_000
"""How often the home looks at its own labels and lists."""


def due(desk: Desk) -> Iterator[Plan]:
    """Note revocations of what was bought under, and keep our own labels and lists on the board."""
    yield from _learned(desk)
    index = desk.book.of(LabelIndex)
    if desk.now < index.tended_ms + TENDED_MS:
        return
    index.tended_ms = desk.now
    yield from _lists(desk)
    yield from _labels(desk)


def _learned(desk: Desk) -> Iterator[Plan]:
    book = desk.book
    index, labels = book.of(LabelIndex), book.of(Labels)
    while index.revoked:
        place = next(iter(index.revoked))
        del index.revoked[place]
        held = index.by_place[place]
        since = held.label.revoked_ms
        if since is None or place in labels.learned or not labels.bought_under(*place):
            continue
        yield Plan(uuid_text(place[1]), (Write(RevocationLearned(LabelName(*place), since)),))


def _lists(desk: Desk) -> Iterator[Plan]:
    """Sign the status lists of our issuers anew that are a week old, or lack a revocation."""
    book = desk.book
    labels, index = book.of(Labels), book.of(LabelIndex)
    issuers = {kept.said.key: kept for kept in labels.issued.values()}
    for key, kept in issuers.items():
        keys = issuer_keys(desk, kept.issuer)
        if keys.public != key:
            continue
        for number in range((labels.numbers[key] - 1) // LABELS_A_LIST + 1):
            held = index.lists.get((book.network, list_item(book.network, key, number)))
            if held is None or desk.now - held.said.issued_ms >= LIST_DAYS * DAY_MS:
                revoked = labels.revoked_numbers(key, number)
                said = list_published(desk, keys, book.members[kept.issuer].handle, number, revoked)
                yield Plan(uuid_text(said.item), published=(said,))


def _labels(desk: Desk) -> Iterator[Plan]:
    """Put labels on the board anew that would lapse there before they end."""
    book = desk.book
    boards = book.of(Boards)
    for kept in book.of(Labels).issued.values():
        if kept.said.until_ms <= desk.now:
            continue
        item = boards.get(book.network, kept.said.label)
        if item is None or item.said.not_after < min(kept.said.until_ms, desk.now + LABEL_ITEM_MS // 2):
            said = label_published(desk, kept.said, kept.signature, kept.revoked_ms)
            yield Plan(uuid_text(kept.said.label), published=(said,))
