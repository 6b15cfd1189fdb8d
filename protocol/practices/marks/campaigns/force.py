# SPDX-License-Identifier: AGPL-3.0-or-later
"""Campaigns that count here now: those that the group has adopted, and those of other networks that it follows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from protocol.book.book import Book
from protocol.lanes.directory import Directory
from protocol.lanes.entry import Millis
from protocol.practices.marks.campaigns.boards import covered_heard, heard_campaigns
from protocol.practices.marks.campaigns.control import Covered
from protocol.practices.marks.campaigns.entries import CampaignKind, CampaignState
from protocol.practices.marks.campaigns.state import Campaigns
from protocol.wire.keys import id_text


@dataclass(frozen=True, slots=True)
class CampaignInForce:
    """A campaign that counts: whose it is, whom it covers by name, and who of these is exempt here."""

    network: bytes
    handle: str
    campaign: bytes
    kind: CampaignKind
    target: str
    names: Mapping[str, Covered]
    exempt: tuple[str, ...]

    def covers(self, name: str) -> bool:
        """Tell whether it counts for somebody: covered, and not exempt here."""
        return name in self.names and name not in self.exempt

    def why(self, name: str) -> str:
        """Return in words why it counts for somebody: whose campaign it is, and by which chain of control."""
        chain = self.names[name].said
        return f"{self.kind.value} of {self.target} by {self.handle}" + (f": {chain}" if chain else "")


def campaigns_in_force(book: Book, now: Millis) -> Iterator[CampaignInForce]:
    """Yield the campaigns that count at an hour: our own, then those that are followed as they came."""
    state = book.of(Campaigns)
    for one in state.by_id.values():
        if one.state is CampaignState.ADOPTED and one.said.review_ms > now:
            covered = state.covered(one.said.target)
            yield _in_force(book, book.network, one.id, one.said.kind, covered)
    for _, heard in heard_campaigns(book, now):
        if state.is_followed(heard.network, heard.told.campaign):
            covered, _ = covered_heard(book, heard)
            yield _in_force(book, heard.network, heard.told.campaign, heard.told.kind, covered)


def _in_force(
    book: Book, network: bytes, campaign: bytes, kind: CampaignKind, covered: Sequence[Covered]
) -> CampaignInForce:
    handle = book.handle if network == book.network else book.of(Directory).handle(network)
    exempt = book.of(Campaigns).exempt.get((network, campaign), ())
    names = {one.name: one for one in covered}
    return CampaignInForce(network, handle or id_text(network), campaign, kind, covered[0].name, names, exempt)


def campaign_in_force(book: Book, campaign: bytes, now: Millis) -> CampaignInForce | None:
    """Return a campaign that counts here by its id."""
    return next((one for one in campaigns_in_force(book, now) if one.campaign == campaign), None)


def covering(
    found: Iterable[CampaignInForce], kind: CampaignKind, names: Iterable[str]
) -> tuple[str, CampaignInForce] | None:
    """Return the first campaign of a kind that counts for one of these names, and for which: the names are one's."""
    told = tuple(names)
    return next(((name, one) for one in found if one.kind is kind for name in told if one.covers(name)), None)
