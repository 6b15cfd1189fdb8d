# SPDX-License-Identifier: AGPL-3.0-or-later
"""What two partners say to each other about their links: newest records, and after a loss what each of them holds.

A record is the whole state of its side: it is sent again until it is acknowledged, and any later one will do.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import ClassVar, assert_never

from crdt.link.record import LinkFault
from protocol.book.declaration import Accusation, Desk, Plan, Slot, Tell
from protocol.events import Drop, Publish, Send, SendRange
from protocol.lanes.entry import IDENTITY, Entry, EntryFault, Millis, UnknownEntry, decode_body
from protocol.lanes.news import LANE_NEWS
from protocol.peers.budgets import RESTS_ON
from protocol.peers.home import AGAIN, DECLINED, DECLINES, SEAL, STEP, Home, HomeSaid
from protocol.peers.messages import LinkHeld, LinkNews, LinkWanted, PeerFault, QuoteDenied, pack
from protocol.peers.news import HOME_NEWS, ClockSetBack, FellSilent, HomeNews, KeyOusted, PartnerMet, WentOn
from protocol.peers.sessions import Session
from protocol.peers.standing import LACKS
from protocol.peers.taking import parsed
from protocol.peers.talks import HEARS, RECORDS, Hears, at_desk
from protocol.peers.ties import TIES
from protocol.practices.between.links import offering
from protocol.practices.between.links.entries import LinkRecord, link_id, link_lane
from protocol.practices.between.links.link import Link
from protocol.practices.between.links.paced import RecordsWaiting
from protocol.practices.between.links.records import judge
from protocol.practices.between.links.state import Links
from protocol.practices.between.links.steps import Acknowledge, Fence
from protocol.wire.keys import id_text

RECORDS_SHOWN_MAX = 64
"""How many records of our own of a link we show a partner that came back from an old copy: its own rests on one."""
RESEND_EVERY_MS = 10_000
"""How often a link record that the partner has not acknowledged is sent again."""
LINK_BROKEN, LINK_OVERDRAWN = "LINK_BROKEN", "LINK_OVERDRAWN"

RESOLVE: Slot[Callable[[Desk, Link], Iterator[Plan]]] = Slot(
    "does what is due on a link, one plan after the other, each on the book as the last one left it"
)


@dataclass(slots=True)
class Sendings:
    """When something was last sent on a link, and asked for: not part of the fold, and lost without harm."""

    TRANSIENT: ClassVar[bool] = True
    sent_at: dict[bytes, Millis] = field(default_factory=dict[bytes, Millis])
    asked_at: dict[bytes, Millis] = field(default_factory=dict[bytes, Millis])
    sent: dict[bytes, tuple[int, int]] = field(default_factory=dict[bytes, tuple[int, int]])
    """Up to which record of ours, by its place."""
    begun: bool = False
    """Whether it was looked what is due on each link since the node began to sign, or the clock was set back."""


class LinkTalk:
    """The links of one home, as it talks about them with its partners."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.journal = home.journal
        self.links = home.book.of(Links)
        self.sendings = home.book.of(Sendings)
        self.waits = home.book.of(RecordsWaiting)

    # Records.

    def hear_record(self, session: Session, partner: bytes, entry: Entry) -> None:
        """Take a record of a link in, the partner's or a lost one of our own, and do what follows from it."""
        network = self.home.network
        if entry.network == partner and not self.waits.takes(entry, self.home.now):
            if any(link_lane(link.id) == entry.header.lane for link in self.links.with_partner(partner)):
                self.waits.put_off(entry)
            return
        lacking = self.home.gossip.compare.lacks_key_of(session, entry)
        if lacking is not None and not self._is_own(entry):
            self.home.out += lacking
            return
        try:
            self.journal.directory.verify(entry)
            body, at_ms = decode_body(entry.body_bytes, {LinkRecord.KIND: LinkRecord})
        except UnknownEntry as unknown:
            if unknown.kind != LinkRecord.KIND:
                raise PeerFault(str(unknown)) from unknown
            # Of a newer version. To skip a field of it would be to sign on what is not understood; the link waits, as
            # it does for a partner that cannot be reached. The partner sends it again until it is acknowledged.
            return
        except EntryFault as fault:
            raise PeerFault(str(fault)) from fault
        assert isinstance(body, LinkRecord)
        id = link_id(body.terms)
        ends = tuple(sorted((network, partner)))
        if entry.header.lane != link_lane(id) or (body.terms.low, body.terms.high) != ends or entry.network not in ends:
            raise PeerFault("a record in another link's lane")
        if entry.network == network:
            self._find(id, entry)
        else:
            self._take(session, id, body, entry, at_ms)
        if self.home.standing.signs:
            self.resolve(id)

    def _hear_waiting(self) -> None:
        """Take in the records that have waited, as far as there is room for them by now."""
        home = self.home
        for place in list(self.waits.waiting):
            entry = self.waits.waiting.pop(place)
            session = home.gossip.sessions.of_network(entry.network)
            if session is None:
                continue
            try:
                self.hear_record(session, entry.network, entry)
            except PeerFault as fault:
                home.gossip.sessions.part(session.peer)
                home.say(Drop(session.peer, str(fault)))
        self.waits.forget_idle(home.now)

    def _is_own(self, entry: Entry) -> bool:
        """Tell whether one of our keys has signed an entry, be it in an epoch that a thief has opened."""
        identity = self.journal.directory.networks[self.home.network].identity
        return entry.network == self.home.network and identity.signed_in(entry) is not None

    def _find(self, id: bytes, entry: Entry) -> None:
        """Take back a record of our own that a partner has taken, be it that we lost it or that a thief signed it."""
        link = self.links.by_id.get(id)
        epoch, reopened = self.journal.epoch_of(entry), self.links.reopened
        waits = link is None or link.mine is None or link.is_lost
        if reopened > epoch and waits and not self.home.standing.recovering:
            # What the partner has acknowledged before is as far back as it may go.
            acked = None if link is None else link.side.partner.ack
            if self.journal.held.is_branch(entry) and (acked is None or entry.header.seq >= acked.n):
                self.journal.take(entry)
        elif self.journal.follows(entry) and (link is None or not link.side.own.epoch > epoch):
            self.home.standing.fall_back()
            self.journal.take(entry)

    def _take(self, session: Session, id: bytes, body: LinkRecord, entry: Entry, at_ms: Millis) -> None:
        home, link = self.home, self.links.by_id.get(id)
        if link is None or link.mine is None:
            # Each record is stored: a stranger, whose offer nobody has taken up, says so many only.
            home.gossip.sessions.count(session, home.now)
            reason = offering.reason_not_to_take(home, body, entry, at_ms)
            if reason is not None:
                offering.tell_why(home, entry.network, id, reason)
                return
        elif link.draft is not None:
            self._seal(id)
        fault = judge(home.book, body, entry, self.journal.epoch_of(entry))
        if fault is None and link is not None and link.is_lost and self._acknowledges_another(body, entry):
            fault = LinkFault.ACK_UNKNOWN
        if fault is None:
            was_frozen = link is not None and link.side.frozen
            self.journal.take(entry)
            if link is not None and link.side.frozen and not was_frozen:
                home.accuse_of_fork(entry)
            if link is None:
                home.say(Publish("link.offered", id_text(id)))
        elif fault is LinkFault.ACK_UNKNOWN:
            # A lie, or the sign that we came back from an old copy ourselves: the partner shall show our record.
            # It answers with the same word again, so it is asked now and then only.
            if not 0 <= home.now - self.sendings.asked_at.get(id, 0) < RESEND_EVERY_MS:
                self.sendings.asked_at[id] = home.now
                home.tell(Tell(entry.network, LinkWanted(0)))
        elif isinstance(fault, LinkFault) and not home.standing.recovering and link is not None and not link.is_lost:
            before = self.journal.held.records.newest.get((entry.network, entry.header.lane))
            wires = (entry.wire,) if before is None else (before, entry.wire)
            detail = f"link {id_text(id)}: {fault.value}"
            home.accuse(Accusation(LINK_BROKEN, entry.network, detail, wires=wires))
            raise PeerFault(f"a record that breaks a rule of the link: {fault.value}")

    def _acknowledges_another(self, body: LinkRecord, entry: Entry) -> bool:
        """Tell whether a partner's record acknowledges one that somebody else has signed beside ours."""
        ack = body.ack
        return ack is not None and self.journal.held.said_at(entry.header.lane, ack.n - 1) not in (None, ack.digest)

    def resolve(self, id: bytes) -> None:
        """Do what is due on a link."""
        home, link = self.home, self.links.by_id.get(id)
        if link is None or link.mine is None:
            return
        if link.is_lost:
            if not link.is_found:
                return
            if link.is_overdrawn:
                detail = f"link {id_text(id)}: more was promised in our name than the partner had granted"
                home.accuse(Accusation(LINK_OVERDRAWN, link.partner, detail))
                return
            # What the partner has settled since is taken in with this record: once it is seen, nobody shows it again.
            # Where the partner has lost something too, this is what it waits for.
            identity = self.journal.directory.networks[link.partner].identity
            self.links.take(home.book, Fence(id, identity.epoch))
        for resolve in home.book.fillings(RESOLVE):
            for plan in resolve(home.desk(), link):
                home.carry_out(plan)
        if link.owes_ack:
            self.links.take(home.book, Acknowledge(id))

    # Our own.

    def seal(self) -> None:
        """Write the records that are in the making, in the order in which they were begun."""
        while self.links.drafted:
            self._seal(next(iter(self.links.drafted)))

    def _seal(self, id: bytes) -> None:
        self.links.drafted.pop(id, None)
        link = self.links.by_id[id]
        self.journal.write(self.links.seal(link), link_lane(id), self.home.now)
        self._send(link)

    def _send(self, link: Link) -> None:
        """Send the partner our newest record of a link."""
        home = self.home
        record = self.journal.held.records.newest.get((home.network, link_lane(link.id)))
        session = home.gossip.sessions.of_network(link.partner)
        if record is not None and session is not None:
            self.sendings.sent_at[link.id] = home.now
            self.sendings.sent[link.id] = link.side.own.position
            home.say(Send(session.peer, pack(LinkNews(record))))

    def go_on(self) -> None:
        """Do what is due on links, and send again what has had no answer."""
        offering.end_offers(self.home)
        self._hear_waiting()
        if not self.sendings.begun:
            self.sendings.begun = True
            self.links.stir_all()
        for link in self.links.due(self.home.now):
            self.resolve(link.id)
            self.remind(link)
            # Not before: where rows are lacking all is done anew. What was begun stirs it when its record is written.
            if link.is_under_way:
                self.links.stirred[link.id] = 0
            elif link.is_unacknowledged:
                self.links.stirred[link.id] = self._sent_ms(link) + self._again_ms(link)
            else:
                del self.links.stirred[link.id]

    def remind(self, link: Link) -> None:
        """Send our record again to a partner that has not acknowledged it; ask again for what we lost."""
        now = self.home.now
        # Since a time that is yet to come, nothing was sent: the clock has gone back.
        if link.mine is None or 0 <= now - self.sendings.sent_at.get(link.id, 0) < self._again_ms(link):
            return
        if link.is_lost:
            self.sendings.sent_at[link.id] = now
            self.home.tell(Tell(link.partner, self._wanted()))
        elif link.is_unacknowledged:
            self._send(link)

    def _again_ms(self, link: Link) -> Millis:
        """Return how long after it was sent our record is sent again."""
        declined = link.theirs is None and link.id in self.home.book.of(offering.DeclinedOffers).elsewhere
        return offering.AGAIN_MS if declined else RESEND_EVERY_MS

    def _sent_ms(self, link: Link) -> Millis:
        """Return when our record was sent; to who is not here it is shown when it comes."""
        sent_ms = self.sendings.sent_at.get(link.id, 0)
        return sent_ms if self.home.now - sent_ms < self._again_ms(link) else self.home.now

    # After a loss.

    def meet(self, session: Session, partner: bytes) -> None:
        """Show a partner that has come what it may lack, or ask for what we lost."""
        links, recovering = self.links.with_partner(partner), self.home.standing.recovering
        if recovering or any(link.is_lost for link in links):
            self.home.say(Send(session.peer, pack(self._wanted())))
        if not recovering:
            for link in links:
                if not link.is_lost:
                    self._send(link)

    def ask_all(self) -> None:
        """Ask each partner, once for each link, for what we may have lost: we have opened an epoch."""
        for link in self.links.by_id.values():
            self.home.tell(Tell(link.partner, self._wanted()))

    def _wanted(self) -> LinkWanted:
        """Return the question that tells in which epoch we shall go on."""
        identity = self.journal.directory.networks[self.home.network].identity
        return LinkWanted(identity.epoch + self.home.standing.recovering)

    def hear_wanted(self, session: Session, partner: bytes, epoch: int) -> None:
        """Tell a partner that came back from an old copy which records stand, and take no older ones any more."""
        home = self.home
        for link in self.links.with_partner(partner):
            theirs = self.journal.held.records.newest.get((partner, link_lane(link.id)))
            if theirs is not None:
                home.say(Send(session.peer, pack(LinkNews(theirs))))
            acked, newest = link.side.partner.ack, link.side.own.n
            if newest:
                # Record n is the entry at seq n - 1. What the partner got back from a replica may acknowledge more than
                # what we have of it does, and it may lack just that.
                first = 0 if acked is None else acked.n - 1
                last = min(newest - 1, first + RECORDS_SHOWN_MAX - 1)
                home.say(SendRange(session.peer, home.network, link_lane(link.id), first, last))
            ours = self.journal.held.records.newest.get((home.network, link_lane(link.id)))
            if ours is None or not home.standing.signs:
                continue
            if link.is_lost:
                # It may be the very record that the partner lacks.
                home.say(Send(session.peer, pack(LinkNews(ours))))
                if not link.is_half:
                    home.say(Send(session.peer, pack(self._held(link))))
            elif link.side.partner_epoch_min < epoch:
                self.links.take(home.book, Fence(link.id, epoch))
            else:
                self._send(link)

    def _held(self, link: Link) -> LinkHeld:
        """Return the word in the place of a record, which we can write once the partner has told us what it holds.

        That nothing older is taken any more needs no record to last: the partner's key event is stored, and `judge`
        keeps to it for as long as we have not gone on.
        """
        event = self.journal.held.head(link.partner, IDENTITY)
        assert event is not None and event.id is not None
        return LinkHeld(link.id, event.id, link.side.partner.n, link.side.partner_digest or None)

    def hear_held(self, partner: bytes, held: LinkHeld) -> None:
        """Go on where the partner, that has opened an epoch too, holds no record that we have lost."""
        link = self.links.by_id.get(held.link)
        event = self.journal.held.head(self.home.network, IDENTITY)
        assert event is not None
        signs = self.home.standing.signs
        if link is None or link.partner != partner or not signs or link.is_half or held.event != event.id:
            return
        if held.n == 0 or held.record == self.journal.held.said_at(link_lane(link.id), held.n - 1):
            link.fenced = max(link.fenced, link.reopened)
            self.links.stir(link)
            self.resolve(link.id)


def _hear_record(home: Home, session: Session, partner: bytes, entry: Entry) -> Iterable[HomeSaid]:
    LinkTalk(home).hear_record(session, partner, entry)
    return ()


def _hear_news(home: Home, session: Session, partner: bytes, news: LinkNews) -> Iterable[HomeSaid]:
    entry = parsed(news.record)
    LinkTalk(home).hear_record(session, partner, entry)
    return ()


def _hear_wanted(home: Home, session: Session, partner: bytes, wanted: LinkWanted) -> Iterable[HomeSaid]:
    LinkTalk(home).hear_wanted(session, partner, wanted.epoch)
    return ()


def _hear_held(home: Home, session: Session, partner: bytes, held: LinkHeld) -> Iterable[HomeSaid]:
    del session
    LinkTalk(home).hear_held(partner, held)
    return ()


def _hear_home(home: Home, news: HomeNews) -> None:
    """Take in what befalls this node."""
    match news:
        case PartnerMet(session, partner):
            LinkTalk(home).meet(session, partner)
        case FellSilent():
            home.book.of(Links).drop_drafts()
            home.book.of(Sendings).begun = False
        case WentOn():
            LinkTalk(home).ask_all()
            home.book.of(Sendings).begun = False
        case ClockSetBack():
            home.book.of(Sendings).sent_at.clear()
            home.book.of(Sendings).begun = False
        case KeyOusted():
            pass
        case _:
            assert_never(news)


FILLS = (
    LANE_NEWS.by(lambda book, news: book.of(Links).hear(news)),
    HOME_NEWS.by(_hear_home),
    RECORDS.by(_hear_record),
    HEARS.by(Hears(LinkNews, _hear_news)),
    HEARS.by(Hears(QuoteDenied, at_desk(offering.hear_why))),
    DECLINES.by(offering.decline),
    DECLINED.by(lambda book, id: book.of(offering.DeclinedOffers).here.add(id)),
    HEARS.by(Hears(LinkWanted, _hear_wanted, counted=True)),
    HEARS.by(Hears(LinkHeld, _hear_held, counted=True)),
    TIES.by(lambda book: book.of(Links).ties()),
    RESTS_ON.by(lambda book: book.of(Links).rests_on()),
    LACKS.by(lambda book: any(link.is_half for link in book.of(Links).by_id.values())),
    STEP.by(lambda book, step: book.of(Links).take(book, step)),
    SEAL.by(lambda home: LinkTalk(home).seal()),
    AGAIN.by(lambda home: LinkTalk(home).go_on()),
)
