# SPDX-License-Identifier: AGPL-3.0-or-later
"""All links of a network: what befalls them, and what is in the making on them."""

from collections.abc import Iterator

from protocol.book.book import Book
from protocol.lanes.directory import Directory
from protocol.lanes.entry import Millis
from protocol.lanes.news import EpochOpened, EpochRebased, LaneForked, LaneNews, LanePardoned
from protocol.peers.ties import Tie
from protocol.practices.between.links.entries import (
    AckItem,
    ClaimItem,
    HoldItem,
    LinkRecord,
    Terms,
    WaiveItem,
    link_account,
    link_id,
)
from protocol.practices.between.links.link import Link, LinkState
from protocol.practices.between.links.steps import Acknowledge, Begin, Fence, Place, Set, Sign, Step, take_step

LINKS_MAX = 512
"""How many links we may have begun, closed ones included: a key event names the heads of all in one entry."""


class Links:
    """All links of this network, by id."""

    def __init__(self) -> None:
        self.by_id: dict[bytes, Link] = {}
        self.by_account: dict[str, Link] = {}
        """By how the id of the partner's mirror account begins, up to the currency."""
        self.drafted: dict[bytes, None] = {}
        """Links with a record in the making, in the order in which it was begun."""
        self.stirred: dict[bytes, Millis] = {}
        """Links that have changed or have something under way, and from when on it is to be looked what is due."""
        self.untold: dict[bytes, Millis] = {}
        """The same of what the commons tells of them."""
        self.reopened = 0
        self.rotated = 0
        self._met = 0
        """How many were ever begun or offered."""

    def begun(self) -> int:
        """Return on how many links we have said something."""
        return sum(link.mine is not None for link in self.by_id.values())

    def stir(self, *links: Link) -> None:
        """Have it looked soon what is due on links: whatever changes one says so."""
        for link in links:
            self.stirred[link.id] = self.untold[link.id] = 0

    def stir_all(self) -> None:
        """Have it looked soon what is due on each link."""
        self.stir(*self.by_id.values())

    def due(self, now: Millis) -> list[Link]:
        """Return the links on which something may be due, in the order in which they were begun."""
        return self._looked_at(self.stirred, now)

    def due_to_tell(self, now: Millis) -> list[Link]:
        """Return the links of which the commons may have something to tell, in that order."""
        return self._looked_at(self.untold, now)

    def _looked_at(self, waiting: dict[bytes, Millis], now: Millis) -> list[Link]:
        found = [self.by_id[id] for id, from_ms in waiting.items() if from_ms <= now]
        return sorted(found, key=lambda link: link.arrival) if found else found

    def reopen(self, epoch: int, *, by_cold_keys: bool) -> None:
        """Note that our network has opened this epoch, after a restore or by a rotation."""
        self.reopened = epoch
        if by_cold_keys:
            self.rotated = epoch
        for link in self.by_id.values():
            link.reopened, link.rotated = self.reopened, self.rotated
            if by_cold_keys:
                # A replica that takes over has not got the partner's records: it can hold nothing against them.
                link.grant_known = None if link.is_half else link.side.partner.granted
                link.side = link.side.rotated(epoch)
        self.stir_all()

    def hear(self, news: LaneNews) -> None:
        """Take in what has befallen lanes: a fork, an epoch."""
        match news:
            case LaneForked(network):
                self.freeze(network)
            case LanePardoned(network):
                self.thaw(network)
            case EpochOpened(epoch, by_cold_keys):
                self.reopen(epoch, by_cold_keys=by_cold_keys)
            case EpochRebased(network, epoch):
                self.rebase(network, epoch)

    def freeze(self, partner: bytes) -> None:
        """Place no new holds with a partner that is proved to have forked; open ones still resolve."""
        for link in self.with_partner(partner):
            link.side = link.side.freeze()
            self.stir(link)

    def thaw(self, partner: bytes) -> None:
        """Place holds again with a partner whose cold keys have ended the epoch in which it forked."""
        for link in self.with_partner(partner):
            link.side = link.side.thaw()
            self.stir(link)

    def rebase(self, partner: bytes, epoch: int) -> None:
        """Note that a partner has opened an epoch: whatever was taken of it was said before.

        What it has fenced for us, its next record tells again: it may have lost that, or a thief have said it.
        """
        for link in self.with_partner(partner):
            link.side, link.fenced = link.side.rebase(epoch), 0
            self.stir(link)

    def with_partner(self, partner: bytes) -> list[Link]:
        """Return the links with a partner in the order in which they were begun."""
        return [link for link in self.by_id.values() if link.partner == partner]

    def ties(self) -> Iterator[tuple[bytes, Tie]]:
        """Return what links tie to us: an offer of another's does not, until we have answered it."""
        for link in self.by_id.values():
            if link.mine is not None:
                bare = link.state in (LinkState.PROPOSED, LinkState.CLOSED) and not link.is_half
                yield link.partner, Tie.KNOWN if bare else Tie.PARTNER

    def rests_on(self) -> Iterator[tuple[bytes, bool]]:
        """Return with whom there are links or offers, and with whom links that we have a part in."""
        return ((link.partner, link.mine is not None) for link in self.by_id.values())

    def take(self, book: Book, step: Step) -> None:
        """Write a step into its link's record in the making; a plan has seen to it that it is not refused."""
        if isinstance(step, Begin):
            link = self.meet(book, step.terms)
            link.mine = step.settings
            link.pen()
        else:
            link = self.by_id[step.link]
            if isinstance(step, Set):
                link.mine = step.settings
                link.pen()
            elif isinstance(step, Sign):
                link.signed = step.signed
                link.pen()
            elif isinstance(step, Fence):
                link.side = link.side.fence(step.epoch)
                link.pen()
            elif isinstance(step, Acknowledge):
                link.pen()
            else:
                refusal = take_step(link.pen(), step)
                assert refusal is None, refusal
            if isinstance(step, Place):
                link.onward_out[step.item.id] = step.item.onward
        self.drafted[link.id] = None
        self.stir(link)

    def drop_drafts(self) -> None:
        """Forget what is in the making: a node that has to recover signs nothing."""
        for id in self.drafted:
            self.by_id[id].draft = None
            self.stir(self.by_id[id])
        self.drafted.clear()

    def meet(self, book: Book, terms: Terms) -> Link:
        """Return the link of these terms, begun here if it is new."""
        id = link_id(terms)
        link = self.by_id.get(id)
        if link is None:
            partner = terms.high if terms.low == book.network else terms.low
            link = self.by_id[id] = Link(id, terms, partner, self._met)
            self._met += 1
            self.by_account[link_account(id, "").rstrip(".")] = link
            link.reopened, link.rotated = self.reopened, self.rotated
            link.grant_known = 0 if self.rotated else None
            known = book.of(Directory).networks.get(partner)
            if known is not None and known.forked:
                link.side = link.side.freeze()
            self.stir(link)
        return link

    def drop(self, link: Link) -> None:
        """Know an offer no longer that nobody has taken up."""
        assert link.mine is None, "a link that we have a part in is never dropped"
        del self.by_id[link.id]
        self.stirred.pop(link.id, None)
        self.untold.pop(link.id, None)
        self.by_account.pop(link_account(link.id, "").rstrip("."), None)

    def seal(self, link: Link) -> LinkRecord:
        """Return the body of the record in the making, which its entry's fold then makes our newest."""
        assert link.draft is not None and link.mine is not None
        record = link.draft.seal()
        return LinkRecord(
            link.terms, link.mine,
            record.granted, record.returned, record.placed, record.claimed, record.waived_sum,
            tuple(
                HoldItem(id, hold.amount, hold.condition, link.onward_out[id])
                for id, hold in sorted(record.holds.items())
            ),
            tuple(ClaimItem(id, preimage) for id, preimage in sorted(record.claims.items())),
            tuple(WaiveItem(id, reason) for id, reason in sorted(record.waived.items())),
            link.side.partner_epoch_min,
            None if record.ack is None else AckItem(record.ack.epoch, record.ack.n, record.ack.digest),
            link.signed,
        )  # fmt: skip
