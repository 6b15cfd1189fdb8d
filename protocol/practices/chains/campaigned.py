# SPDX-License-Identifier: AGPL-3.0-or-later
"""Which enterprises of a chain are boycotted or supported, by the campaigns that count here, and why.

A campaign names an enterprise by its short key, as network/key, or by the handle of the member that stands for it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from protocol.book.book import Book
from protocol.book.signed import uuid_text
from protocol.lanes.entry import Millis
from protocol.practices.chains.state import inputs_of
from protocol.practices.marks.campaigns.entries import CampaignKind
from protocol.practices.marks.campaigns.force import CampaignInForce, campaigns_in_force, covering


class CampaignMark(NamedTuple):
    """That a campaign counts for an enterprise: its id, and why in words."""

    campaign: str
    why: str


Marked = Mapping[str, CampaignMark]
"""Enterprises for which a campaign counts, by how they were asked for."""


class CampaignMarks(NamedTuple):
    """Who is boycotted, and who is supported; nobody is both."""

    boycotted: Marked
    supported: Marked


NO_MARKS = CampaignMarks({}, {})


def marked_by(book: Book, now: Millis, asked: Iterable[str]) -> CampaignMarks:
    """Return who of those asked for (short keys, or network/key) is boycotted, and who is supported.

    Of several campaigns about one the first is told; who is boycotted is not supported as well.
    """
    found: Sequence[CampaignInForce] = tuple(campaigns_in_force(book, now))
    if not found:
        return NO_MARKS
    names = {one: tuple(names_in_campaigns(book, one)) for one in dict.fromkeys(asked)}
    boycotted = dict(_marks(found, CampaignKind.BOYCOTT, names))
    supported = dict(_marks(found, CampaignKind.SUPPORT, names))
    return CampaignMarks(boycotted, {one: mark for one, mark in supported.items() if one not in boycotted})


def _marks(
    found: Sequence[CampaignInForce], kind: CampaignKind, names: Mapping[str, Sequence[str]]
) -> Iterator[tuple[str, CampaignMark]]:
    for asked, called in names.items():
        marked = covering(found, kind, called)
        if marked is not None:
            name, campaign = marked
            yield asked, CampaignMark(uuid_text(campaign.campaign), campaign.why(name))


def names_in_campaigns(book: Book, asked: str) -> Iterator[str]:
    """Yield by which names a campaign may be about an enterprise, as it was asked for first."""
    inputs = inputs_of(book)
    yield asked
    known = inputs.by_key.get(asked)
    if known is not None:
        yield f"{book.handle}/{asked}"
        member = inputs.enterprises[known].said.member
        if member is not None and member in book.members:
            yield book.members[member].handle
