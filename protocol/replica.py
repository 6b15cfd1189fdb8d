# SPDX-License-Identifier: AGPL-3.0-or-later
"""One node's whole state: inputs in, effects out; it joins economy, settlement and sync.

It never waits, stores, sends or logs. Effects come in the order in which they must be done: first
stored, then sent, then told.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, assert_never

from crdt.link import LinkFault
from protocol.book import wishes
from protocol.book.declaration import (
    NOBODY,
    PAGE_ITEMS_MAX,
    Act,
    Create,
    Desk,
    Entered,
    List,
    ListOf,
    Operation,
    Page,
    Plan,
    Practice,
    Show,
    Tell,
    Waiting,
    operation_name,
)
from protocol.book.private import items_of, private_by_entry
from protocol.book.refusals import Refused, Rejection, refuse
from protocol.book.signed import uuid_text
from protocol.events import (
    MISSED,
    Answer,
    Asked,
    Drop,
    Effect,
    Erase,
    Forget,
    Input,
    Line,
    PeerDown,
    PeerUp,
    Publish,
    Recalled,
    Received,
    Send,
    SendRange,
    Store,
    StoreFault,
    StoreItem,
    TimerFired,
)
from protocol.lanes.entry import IDENTITY, LEDGER, LINK_PREFIX, Entry, EntryFault, Millis, decode_body, parse
from protocol.lanes.identity import Backing, recovery_of
from protocol.lanes.journal import InvalidEntry, Journal, Keyring
from protocol.peers.gossip import Gossip
from protocol.peers.messages import (
    CircleAsked,
    Entries,
    Heads,
    Hello,
    LinkHeld,
    LinkNews,
    LinkWanted,
    Message,
    PeerFault,
    Probe,
    ProbeMet,
    QuoteDenied,
    QuoteGiven,
    QuoteWanted,
    Role,
    Wanted,
    pack,
    unpack,
)
from protocol.peers.push import push
from protocol.peers.sessions import Session
from protocol.practices import PRACTICES
from protocol.practices.between.abroad import holds
from protocol.practices.between.checkpoints.roots import Checkpoints
from protocol.practices.between.clearing import probes, rounds
from protocol.practices.between.faults.evidence import FaultKind
from protocol.practices.between.faults.seen import (
    DETAIL_CHARS_MAX,
    Fault,
    Faults,
    Place,
    of_checkpoints,
    recalled,
    written,
)
from protocol.practices.between.links.records import (
    Acknowledge,
    Fence,
    Link,
    LinkRecord,
    Links,
    judge,
    link_id,
    link_lane,
)
from protocol.practices.between.networks import Replicas, admit
from protocol.practices.between.quotes import answers
from protocol.practices.between.quotes import prices as quotes
from protocol.practices.between.recoveries import Recoveries
from protocol.wire.codec import CodecFault
from protocol.wire.keys import id_text

OPERATIONS: Mapping[str, Operation] = {
    operation_name(operation): operation for feature in PRACTICES for operation in feature.operations
}
RECORDS_SHOWN_MAX = 64
"""How many of our records of a link we show a partner that came back from an old copy: its own rests on one of them."""
RESEND_EVERY_MS = 10_000
"""How often a link record that the partner has not acknowledged is sent again."""
NEWS_FROM_PEER_MAX = 256
"""What a peer brings beyond so many entries at once is history: subscribers are told that they missed it."""
VETO = "recoveries.veto"
"""The one wish that a home grants whose network guardians have given to another key."""
QUIET_MS = 3_000
"""How long nothing of our own may have come before a node that recovers goes on."""


@dataclass(frozen=True, slots=True)
class Deferred:
    """A wish that waits for another network's answer."""

    request: int
    operation: str
    asked: Asked
    until_ms: Millis


class Replica:
    """A home node's state, where it has a keyring; without one, a replica of a network's books.

    `invitation` is the code that a new replica shows to its home. A node that is `recovering`, because its
    disk holds an old copy, signs nothing until it has got its own entries back (PROTOCOL 6).
    """

    operations: Mapping[str, Operation] = OPERATIONS

    def __init__(
        self,
        network: bytes,
        *,
        chance: Callable[[int], bytes],
        keyring: Keyring | None,
        invitation: bytes | None = None,
        recovering: bool = False,
        features: Sequence[Practice] = PRACTICES,
    ) -> None:
        self.network = network
        self.journal = Journal(network, features, chance, keyring)
        self.book = self.journal.book
        self.book.abroad = holds.plan_send
        self.gossip = Gossip(self.journal, chance, invitation)
        self.gossip.sessions.role = Role.REPLICA if keyring is None else Role.HOME
        self.recovering = recovering and keyring is not None
        self.succeeded = False
        """Whether another node signs for this network now: the hot key here is that of an ended epoch."""
        self._set_aside: Keyring | None = None
        self._quiet_since: Millis | None = None
        self._features = features
        self._private = private_by_entry(features)
        self._keyring = keyring
        self._chance = chance
        self._identity: list[bytes] = []
        self._deferred: dict[bytes, Deferred] = {}
        self._out: list[Effect] = []
        self._sent_at: dict[bytes, Millis] = {}
        self._asked_at: dict[bytes, Millis] = {}
        self._now: Millis = 0

    @property
    def faults(self) -> list[str]:
        """What this network's operator, or another network, has been seen to do wrong."""
        return [fault.detail for fault in self.book.of(Faults).by_id.values()]

    # In.

    def recall(self, data: bytes) -> None:
        """Take in a fault that this node has kept."""
        self.book.of(Faults).add(recalled(data))

    def load(self, entries: Iterable[Entry]) -> Iterator[tuple[Entry, tuple[Line, ...]]]:
        """Fold this node's stored entries in, in the order of their arrival; yields each with its lines.

        A home that lacks what its own records acknowledge, as in a replica's copy, is recovering.
        """
        for entry in entries:
            lines = self.journal.reload(entry)
            self._note_identity(Store(entry))
            yield entry, lines
        self._mind_succession()
        if self._keyring is not None and any(link.is_half for link in self.book.of(Links).by_id.values()):
            self.recovering = True

    def handle(self, batch: Sequence[Input], now: Millis) -> list[Effect]:
        """Take a batch of inputs; returns all effects, the records of links last among what is stored."""
        self._out = []
        if now < self._now:
            self._set_back(self._now - now)
        self._now = now
        for one in batch:
            match one:
                case Asked():
                    self._answer(one)
                case Received(peer, frame):
                    self._guard(peer, lambda peer=peer, frame=frame: self._hear(peer, frame))
                case PeerUp(peer, transport):
                    self._guard(peer, lambda peer=peer, key=transport: self._greet(peer, key))
                case PeerDown(peer):
                    self.gossip.sessions.part(peer)
                case TimerFired():
                    self._tick()
                case Recalled(network, turn, entries, first, last):
                    self.journal.recall(network, entries, turn, first=first, last=last)
                case _:
                    assert_never(one)
        if not self.recovering:
            self._seal_links()
        self._flush(None)
        for fault in of_checkpoints(self.network, self.book.of(Checkpoints), now):
            self._raise_fault(fault)
        return self._in_order()

    # Wishes.

    def _answer(self, asked: Asked) -> None:
        operation = self.operations[asked.operation]
        desk = self._desk(asked)
        if asked.actor.role not in operation.who:
            self._say(Answer(asked.request, refuse(Rejection.FORBIDDEN)))
            return
        match operation:
            case Create() | Act():
                self._plan(asked, operation.noun, lambda: wishes.plan(desk, operation, asked.subject, asked.wish))
            case Show():
                self._say(Answer(asked.request, operation.view(desk, asked.subject)))
            case List():
                found = operation.view(desk, asked.wish, asked.after)
                self._say(Answer(asked.request, found if isinstance(found, Refused) else _page(found, asked.limit)))
            case ListOf():
                self._say(Answer(asked.request, operation.view(desk, asked.subject, asked.after, asked.limit)))

    def _plan(self, asked: Asked, noun: str, plan: Callable[[], Plan | Waiting | Refused]) -> None:
        if self._keyring is None and (self._set_aside is None or asked.operation != VETO):
            self._say(Answer(asked.request, refuse(self._mute)))
            return
        if self.recovering:
            self._say(Answer(asked.request, refuse(Rejection.RECOVERING)))
            return
        outcome = plan()
        match outcome:
            case Refused():
                self._say(Answer(asked.request, outcome))
            case Waiting(key, tells, until_ms):
                if all(self._tell(tell) for tell in tells):
                    self._deferred[key] = Deferred(asked.request, f"{noun}.show", asked, until_ms)
                else:
                    self._say(Answer(asked.request, refuse(Rejection.PEER_UNREACHABLE)))
            case Plan():
                self._carry_out(outcome)
                answer = outcome.answer
                if answer is None:
                    answer = self._show(f"{noun}.show", asked, outcome.shows)
                self._say(Answer(asked.request, answer))

    def _show(self, operation: str, asked: Asked, id: str) -> Any:
        show = self.operations[operation]
        assert isinstance(show, Show)
        return show.view(self._desk(asked), id)

    def _carry_out(self, plan: Plan) -> None:
        for write in plan.writes:
            self.journal.write(write.body, write.lane, self._now)
        for item in items_of(self._private, self.book, plan, self._now) if plan.texts else ():
            self._say(StoreItem(item))
        for owner in plan.erases:
            self._say(Erase(owner, self._now))
        links = self.book.of(Links)
        for step in plan.steps:
            links.take(self.book, step)
        if plan.reopens is not None:
            # What is promised on links by now belongs to the epoch that ends.
            self._seal_links()
            if plan.reopens.backs is None:
                self.reopen()
            else:
                self.journal.reopen(self._now, Backing(plan.reopens.backs, self._now))

    def _desk(self, asked: Asked) -> Desk:
        keyring = self._keyring
        if keyring is None:
            return Desk(self.book, asked.actor, self._now, self._chance, _cannot_sign, silent=self._mute)
        silent = Rejection.RECOVERING if self.recovering else None
        return Desk(self.book, asked.actor, self._now, self._chance, keyring.hot.sign, keyring.preimages, silent)

    @property
    def _mute(self) -> Rejection:
        """Why a node without a keyring signs nothing."""
        return Rejection.SUCCEEDED if self.succeeded else Rejection.READ_ONLY

    # Time.

    def _set_back(self, by: Millis) -> None:
        """Wait no longer for what has waited already, though the clock was set back."""
        self._quiet_since = None
        self._sent_at.clear()
        for session in self.gossip.sessions.by_peer.values():
            session.since -= by
        for key, deferred in self._deferred.items():
            self._deferred[key] = replace(deferred, until_ms=deferred.until_ms - by)

    def _tick(self) -> None:
        for peer in self.gossip.sessions.strangers(self._now):
            self.gossip.sessions.part(peer)
            self._say(Drop(peer, "no hello"))
        self._out += self.gossip.compare.opening()
        if self._keyring is None:
            return
        if self.recovering:
            self._recover()
            return
        desk = self._desk(_BY_ITSELF)
        self.book.of(answers.Relays).forget(self._now)
        self._tell_all(quotes.lapse(desk))
        self._answer_priced()
        self.book.of(quotes.Quotes).forget(self._now)
        for key, deferred in list(self._deferred.items()):
            if deferred.until_ms < self._now:
                del self._deferred[key]
                self._say(Answer(deferred.request, refuse(Rejection.PEER_UNREACHABLE)))
        self._tell_all(probes.proceed(desk))
        self._do_all(rounds.proceed(desk))
        for feature in self._features:
            if feature.due is not None:
                for plan in feature.due(desk):
                    self._carry_out(plan)
        for link in list(self.book.of(Links).by_id.values()):
            self._resolve(link.id)
            self._remind(link)

    def _remind(self, link: Link) -> None:
        """Send our record again to a partner that has not acknowledged it; ask again for what we lost."""
        # Since a time that is yet to come, nothing was sent: the clock has gone back.
        if link.mine is None or 0 <= self._now - self._sent_at.get(link.id, 0) < RESEND_EVERY_MS:
            return
        heard = link.side.partner.ack
        if link.is_lost:
            self._sent_at[link.id] = self._now
            self._tell(Tell(link.partner, self._link_wanted()))
        elif heard is None or (heard.epoch, heard.n) < link.side.own.position:
            self._send_record(link.id)

    # After a restore.

    def _recover(self) -> None:
        """Go on in a new epoch once peers, and a replica if we have one, hold nothing of ours that we lack."""
        agreed = [session for session in self.gossip.sessions.by_peer.values() if session.agrees]
        replicas = [
            place for place in self.book.of(Replicas).places.values() if place.state_at(self._now) == "admitted"
        ]
        if not agreed or (replicas and not any(session.role is Role.REPLICA for session in agreed)):
            self._quiet_since = None
            return
        if self._quiet_since is None or self._quiet_since > self._now:
            self._quiet_since = self._now
        if self._now - self._quiet_since >= QUIET_MS:
            self.recovering = False
            self._mind_succession()
            if self._keyring is not None:
                self.reopen()

    def reopen(self) -> None:
        """Go on in a new epoch from the entries that are here: what is not here by now is given up."""
        self.recovering = False
        if self._set_aside is not None:
            self._keyring, self._set_aside, self.succeeded, self.gossip.key_events.ousted = (
                self._set_aside,
                None,
                False,
                None,
            )
            self.journal.take_up(self._keyring)
        self.journal.reopen(self._now)
        for link in self.book.of(Links).by_id.values():
            self._tell(Tell(link.partner, self._link_wanted()))

    def _has_lost(self, entry: Entry) -> bool:
        """Tell whether we signed an entry that is not here; neither a forgery nor one given up is a sign of a loss."""
        if entry.network != self.network or self.journal.holds(entry):
            return False
        identity = self.journal.directory.networks[self.network].identity
        if entry.header.lane.startswith(LINK_PREFIX) and self.journal.epoch_of(entry) < identity.renewed:
            # Which of these count the partner alone can tell.
            return False
        # A lost key event opens an epoch under the key in force: after a rotation the home has the new key.
        key = identity.key_of(min(entry.header.epoch, identity.epoch))
        return key is not None and identity.was_said(entry) and entry.signed_by(key)

    def _fall_back(self) -> None:
        """Stop signing: somebody showed an entry of our own that we do not have."""
        if self._keyring is not None and not self.recovering:
            self.recovering, self._quiet_since = True, None
            self.book.of(Links).drop_drafts()

    def _mind_succession(self) -> None:
        """Lay the keyring down for good once cold keys have given the network to another hot key.

        Where guardians have, it is set aside: with it the steward may still say that this was not wanted.
        """
        known = self.journal.directory.networks.get(self.network)
        if self._keyring is None or known is None:
            return
        key = self._keyring.hot.public
        if self.gossip.key_events.ousted is not None:
            self._set_aside = self._keyring
            self.book.of(Recoveries).against_us = self.gossip.key_events.ousted
        elif not known.identity.has_ended(key) and (self.recovering or known.identity.may_sign(key)):
            # Who recovers may have lost the very event by which its key came into force.
            return
        self.succeeded, self.recovering, self._keyring = True, False, None
        self.journal.lay_down()
        self.book.of(Links).drop_drafts()

    def _hear_link_wanted(self, session: Session, epoch: int) -> None:
        """Tell a partner that came back from an old copy which records stand, and take no older ones any more."""
        partner = self._partner(session)
        links = self.book.of(Links)
        for link in links.with_partner(partner):
            theirs = self.journal.newest.get((partner, link_lane(link.id)))
            if theirs is not None:
                self._say(Send(session.peer, pack(LinkNews(theirs))))
            acked, newest = link.side.partner.ack, link.side.own.n
            if newest:
                # Record n is the entry at seq n - 1. What the partner got back from a replica may acknowledge more than
                # what we have of it does, and it may lack just that.
                first = 0 if acked is None else acked.n - 1
                last = min(newest - 1, first + RECORDS_SHOWN_MAX - 1)
                self._say(SendRange(session.peer, self.network, link_lane(link.id), first, last))
            ours = self.journal.newest.get((self.network, link_lane(link.id)))
            if ours is None or self.recovering:
                continue
            if link.is_lost:
                # It may be the very record that the partner lacks.
                self._say(Send(session.peer, pack(LinkNews(ours))))
                if not link.is_half:
                    self._say(Send(session.peer, pack(self._held(link))))
            elif link.side.partner_epoch_min < epoch:
                links.take(self.book, Fence(link.id, epoch))
            else:
                self._send_record(link.id)

    def _held(self, link: Link) -> LinkHeld:
        """Return the word in the place of a record, which we can write once the partner has told us what it holds.

        That nothing older is taken any more needs no record to last: the partner's key event is stored, and `judge`
        keeps to it for as long as we have not gone on.
        """
        event = self.journal.head(link.partner, IDENTITY)
        assert event is not None and event.id is not None
        return LinkHeld(link.id, event.id, link.side.partner.n, link.side.partner_digest or None)

    def _hear_link_held(self, partner: bytes, held: LinkHeld) -> None:
        """Go on where the partner, that has opened an epoch too, holds no record that we have lost."""
        link = self.book.of(Links).by_id.get(held.link)
        event = self.journal.head(self.network, IDENTITY)
        assert event is not None
        if link is None or link.partner != partner or self.recovering or link.is_half or held.event != event.id:
            return
        if held.n == 0 or held.record == self.journal.said_at(link_lane(link.id), held.n - 1):
            link.fenced = max(link.fenced, link.reopened)
            self._resolve(link.id)

    def _link_wanted(self) -> LinkWanted:
        """Return the question that tells in which epoch we shall go on."""
        return LinkWanted(self.journal.directory.networks[self.network].identity.epoch + self.recovering)

    # Peers.

    def _guard(self, peer: str, act: Callable[[], None]) -> None:
        """Do what a peer's input asks for; a peer that breaks the protocol loses its connection."""
        try:
            act()
        except PeerFault as fault:
            if isinstance(invalid := fault.__cause__, InvalidEntry):
                self._accuse(FaultKind.ENTRY_INVALID, invalid.entry.network, str(fault), wires=(invalid.entry.wire,))
            self.gossip.sessions.part(peer)
            self._say(Drop(peer, str(fault)))
        finally:
            self._flush(peer)

    def _greet(self, peer: str, transport: bytes) -> None:
        self._out += self.gossip.sessions.greet(peer, transport, self._identity, self._now)

    def _hear(self, peer: str, frame: bytes) -> None:
        session = self.gossip.sessions.by_peer.get(peer)
        if session is None:
            return
        message = unpack(frame)
        if session.network is None and not isinstance(message, Hello):
            raise PeerFault("the first word is hello")
        match message:
            case Hello():
                self._hear_hello(session, message)
            case Entries():
                self._hear_entries(session, message)
            case Heads():
                self.gossip.sessions.count(session, self._now)
                self._out += self.gossip.compare.hear_heads(session, message)
            case Wanted():
                self.gossip.sessions.count(session, self._now)
                self._out += self.gossip.compare.hear_wanted(session, message)
            case LinkNews(record):
                self._hear_link(session, _parsed(record))
            case LinkWanted():
                self.gossip.sessions.count(session, self._now)
                self._hear_link_wanted(session, message.epoch)
            case LinkHeld():
                self.gossip.sessions.count(session, self._now)
                self._hear_link_held(self._partner(session), message)
            case _:
                self._hear_partner(session, self._partner(session), message)

    def _hear_partner(self, session: Session, partner: bytes, message: Message) -> None:
        """Take in what home nodes ask one another about payments and circles."""
        desk = self._desk(_BY_ITSELF)
        match message:
            case QuoteWanted():
                self.gossip.sessions.count(session, self._now)
                self._tell_all(answers.hear_wanted(desk, partner, message))
            case QuoteGiven():
                self._tell_all(quotes.hear_given(desk, partner, message))
                self._answer_priced()
            case QuoteDenied():
                self._tell_all(quotes.hear_denied(desk, partner, message))
                self._do_all(rounds.hear_denied(desk, partner, message))
                self._answer_priced()
            case CircleAsked():
                self.gossip.sessions.count(session, self._now)
                self._do_all(rounds.hear_asked(desk, partner, message))
            case Probe():
                self.gossip.sessions.count(session, self._now)
                self._tell_all(probes.hear_probe(desk, partner, message))
            case ProbeMet():
                self._tell_all(probes.hear_met(desk, partner, message))
            case _:
                raise AssertionError(message)

    def _partner(self, session: Session) -> bytes:
        if session.role is not Role.HOME or session.network is None or self._keyring is None:
            raise PeerFault("only home nodes speak of payments")
        return session.network

    def _answer_priced(self) -> None:
        """Answer the members whose questions for a price have come to an end."""
        answered = self.book.of(quotes.Quotes).answered
        while answered:
            key = answered.pop()
            deferred = self._deferred.pop(key, None)
            if deferred is None:
                continue
            self._say(Answer(deferred.request, self._show(deferred.operation, deferred.asked, uuid_text(key))))

    def _hear_hello(self, session: Session, hello: Hello) -> None:
        if session.network is not None:
            raise PeerFault("hello is said once")
        self._out += self.gossip.taking.hear_identity(session, hello, self._now)
        self._mind_succession()
        if hello.role is Role.HOME:
            known = self.journal.directory.networks.get(hello.network)
            if known is not None and self._claims_home(session, hello):
                # It may have slept through it: it shall hear that it is not the home, and stays a stranger.
                self._out += self.gossip.compare.show_rotation(session, hello.network)
                return
            if known is None or known.identity.transport != session.transport:
                raise PeerFault("a node that its network has not certified")
        elif not self._lets_in(session, hello):
            raise PeerFault("a replica that nobody invited")
        self.gossip.sessions.admit(session, hello.network, hello.role)
        if hello.role is Role.HOME and self._keyring is not None:
            self._open_talks(session, hello.network)

    def _claims_home(self, session: Session, hello: Hello) -> bool:
        """Tell whether a peer was its network's home once, or is it by a recovery that does not count, or not yet."""
        identity = self.journal.directory.networks[hello.network].identity
        if identity.transport == session.transport:
            return False
        try:
            recovered = any(recovery_of(_parsed(wire)) is not None for wire in hello.identity)
        except EntryFault as fault:
            raise PeerFault(str(fault)) from fault
        return recovered or identity.had_home(session.transport)

    def _open_talks(self, session: Session, partner: bytes) -> None:
        links = self.book.of(Links).with_partner(partner)
        if self.recovering or any(link.is_lost for link in links):
            self._say(Send(session.peer, pack(self._link_wanted())))
        if not self.recovering:
            for link in links:
                if not link.is_lost:
                    self._send_record(link.id)

    def _lets_in(self, session: Session, hello: Hello) -> bool:
        if hello.network != self.network:
            return False
        if self.book.of(Replicas).admitted(session.transport):
            return True
        if self._keyring is None:
            return False
        admitted = admit(self._desk(_BY_ITSELF), session.transport, hello.invitation)
        if admitted is None:
            return False
        # Who recovers signs nothing: it may well have let this replica in already, in an entry that it has lost.
        if not self.recovering:
            self.journal.write(admitted, LEDGER, self._now)
        return True

    def _hear_entries(self, session: Session, message: Entries) -> None:
        entries = [_parsed(wire) for wire in message.entries]
        records = [one for one in entries if one.header.lane.startswith(LINK_PREFIX)]
        if records and session.network != self.network:
            for record in records:
                self._hear_link(session, record)
            entries = [one for one in entries if not one.header.lane.startswith(LINK_PREFIX)]
        if self._keyring is not None and any(map(self._has_lost, entries)):
            self._fall_back()
            self._quiet_since = None
        self._out += self.gossip.taking.hear_entries(session, entries, self._now)
        self._mind_succession()
        for entry in self.gossip.taking.convicted:
            self._accuse_of_fork(entry)
        self.gossip.taking.convicted.clear()

    def _note_identity(self, told: Store | Forget) -> None:
        match told:
            case Forget(network, lane, after) if (network, lane) == (self.network, IDENTITY):
                del self._identity[after + 1 :]
            case Store(entry) if (entry.network, entry.header.lane) == (self.network, IDENTITY):
                if self.journal.directory.networks[self.network].identity.has(entry):
                    self._identity.append(entry.wire)
            case _:
                pass

    # Links.

    def _hear_link(self, session: Session, entry: Entry) -> None:
        """Take a record of a link in, the partner's or a lost one of our own, and do what follows from it."""
        partner = self._partner(session)
        lacking = self.gossip.compare.lacks_key_of(session, entry)
        if lacking is not None and not self._is_own(entry):
            self._out += lacking
            return
        try:
            self.journal.directory.verify(entry)
            body, _ = decode_body(entry.body_bytes, {LinkRecord.KIND: LinkRecord})
        except EntryFault as fault:
            raise PeerFault(str(fault)) from fault
        assert isinstance(body, LinkRecord)
        id = link_id(body.terms)
        ends = tuple(sorted((self.network, partner)))
        if entry.header.lane != link_lane(id) or (body.terms.low, body.terms.high) != ends or entry.network not in ends:
            raise PeerFault("a record in another link's lane")
        if entry.network == self.network:
            self._find(id, entry)
        else:
            self._take_record(session, id, body, entry)
        if not self.recovering:
            self._resolve(id)

    def _is_own(self, entry: Entry) -> bool:
        """Tell whether one of our keys has signed an entry, be it in an epoch that a thief has opened."""
        identity = self.journal.directory.networks[self.network].identity
        return entry.network == self.network and identity.signed_in(entry) is not None

    def _find(self, id: bytes, entry: Entry) -> None:
        """Take back a record of our own that a partner has taken, be it that we lost it or that a thief signed it."""
        link = self.book.of(Links).by_id.get(id)
        epoch, reopened = self.journal.epoch_of(entry), self.book.of(Links).reopened
        waits = link is None or link.mine is None or link.is_lost
        if reopened > epoch and waits and not self.recovering:
            # What the partner has acknowledged before is as far back as it may go.
            acked = None if link is None else link.side.partner.ack
            if self.journal.is_branch(entry) and (acked is None or entry.header.seq >= acked.n):
                self.journal.take(entry)
        elif self.journal.follows(entry) and (link is None or not link.side.own.epoch > epoch):
            self._fall_back()
            self._quiet_since = None
            self.journal.take(entry)

    def _take_record(self, session: Session, id: bytes, body: LinkRecord, entry: Entry) -> None:
        link = self.book.of(Links).by_id.get(id)
        if link is None or link.mine is None:
            # Each record is stored: a stranger, whose offer nobody has taken up, says so many only.
            self.gossip.sessions.count(session, self._now)
        elif link.draft is not None:
            self._seal(id)
        fault = judge(self.book, body, entry, self.journal.epoch_of(entry))
        if fault is None and link is not None and link.is_lost and self._acknowledges_another(body, entry):
            fault = LinkFault.ACK_UNKNOWN
        if fault is None:
            was_frozen = link is not None and link.side.frozen
            self.journal.take(entry)
            if link is not None and link.side.frozen and not was_frozen:
                self._accuse_of_fork(entry)
        elif fault is LinkFault.ACK_UNKNOWN:
            # A lie, or the sign that we came back from an old copy ourselves: the partner shall show our record.
            # It answers with the same word again, so it is asked now and then only.
            if not 0 <= self._now - self._asked_at.get(id, 0) < RESEND_EVERY_MS:
                self._asked_at[id] = self._now
                self._tell(Tell(entry.network, LinkWanted(0)))
        elif isinstance(fault, LinkFault) and not self.recovering and link is not None and not link.is_lost:
            before = self.journal.newest.get((entry.network, entry.header.lane))
            wires = (entry.wire,) if before is None else (before, entry.wire)
            self._accuse(FaultKind.LINK_BROKEN, entry.network, f"link {id_text(id)}: {fault.value}", wires=wires)
            raise PeerFault(f"a record that breaks a rule of the link: {fault.value}")

    def _acknowledges_another(self, body: LinkRecord, entry: Entry) -> bool:
        """Tell whether a partner's record acknowledges one that somebody else has signed beside ours."""
        ack = body.ack
        return ack is not None and self.journal.said_at(entry.header.lane, ack.n - 1) not in (None, ack.digest)

    def _resolve(self, id: bytes) -> None:
        """Do what is due on a link, one plan after the other, each on the book as the last one left it."""
        links = self.book.of(Links)
        link = links.by_id.get(id)
        if link is None or link.mine is None:
            return
        if link.is_lost:
            if not link.is_found:
                return
            if link.is_overdrawn:
                detail = f"link {id_text(id)}: more was promised in our name than the partner had granted"
                self._accuse(FaultKind.LINK_OVERDRAWN, link.partner, detail)
                return
            # What the partner has settled since is taken in with this record: once it is seen, nobody shows it again.
            # Where the partner has lost something too, this is what it waits for.
            identity = self.journal.directory.networks[link.partner].identity
            links.take(self.book, Fence(id, identity.epoch))
        for plan in holds.resolve(self._desk(_BY_ITSELF), link):
            self._carry_out(plan)
        if link.owes_ack:
            links.take(self.book, Acknowledge(id))

    def _seal_links(self) -> None:
        links = self.book.of(Links)
        while links.drafted:
            self._seal(next(iter(links.drafted)))

    def _seal(self, id: bytes) -> None:
        links = self.book.of(Links)
        links.drafted.pop(id, None)
        link = links.by_id[id]
        self.journal.write(links.seal(link), link_lane(id), self._now)
        self._send_record(id)

    def _send_record(self, id: bytes) -> None:
        """Send the partner our newest record of a link."""
        link = self.book.of(Links).by_id[id]
        record = self.journal.newest.get((self.network, link_lane(id)))
        session = self.gossip.sessions.of_network(link.partner)
        if record is not None and session is not None:
            self._sent_at[id] = self._now
            self._say(Send(session.peer, pack(LinkNews(record))))

    # Faults.

    def _accuse(
        self,
        kind: FaultKind,
        network: bytes,
        detail: str,
        *,
        places: tuple[Place, ...] = (),
        wires: Sequence[bytes] = (),
    ) -> None:
        self._raise_fault(Fault(kind, network, detail[:DETAIL_CHARS_MAX], self._now, places, tuple(wires)))

    def _accuse_of_fork(self, entry: Entry) -> None:
        lane, seq = entry.header.lane, entry.header.seq
        detail = f"network {id_text(entry.network)} has forked at {seq} of {lane}"
        self._accuse(FaultKind.FORK, entry.network, detail, places=(Place(lane, seq),))

    def _raise_fault(self, fault: Fault) -> None:
        """Keep a fault and tell officers of it, once."""
        if self.book.of(Faults).add(fault):
            self._say(StoreFault(fault.id, written(fault)))
            figures = {"kind": fault.kind.value, "network": id_text(fault.network)}
            self._say(Publish("fault.raised", id_text(fault.id), figures=figures))

    # Out.

    def _do_all(self, asked: Iterable[Tell | Plan]) -> None:
        for one in asked:
            if isinstance(one, Plan):
                self._carry_out(one)
            else:
                self._tell(one)

    def _tell_all(self, tells: Iterable[Tell]) -> None:
        for tell in tells:
            self._tell(tell)

    def _tell(self, tell: Tell) -> bool:
        session = self.gossip.sessions.of_network(tell.network)
        if session is None:
            return False
        self._say(Send(session.peer, pack(tell.message)))
        return True

    def _say(self, effect: Effect) -> None:
        self._out.append(effect)

    def _flush(self, source: str | None) -> None:
        """Ask that what was folded in be stored, pushed to those who lack it, and told to subscribers."""
        stores, entered = self.journal.drain()
        self._out += stores
        for one in stores:
            self._note_identity(one)
        self._out += push(
            self.gossip.sessions, (one.entry for one in stores if isinstance(one, Store)), source, self._chance
        )
        for peer in self.gossip.sessions.expelled():
            self.gossip.sessions.part(peer)
            self._say(Drop(peer, "its network has certified another transport key"))
        if source is not None and len(entered) > NEWS_FROM_PEER_MAX:
            self._say(Publish(MISSED, "", figures={"entries": len(entered)}))
            return
        for one in entered:
            self._publish(one)

    def _publish(self, entered: Entered) -> None:
        for news in self.book.news(entered):
            self._say(Publish(news.type, news.resource, news.audience, dict(news.figures)))

    def _in_order(self) -> list[Effect]:
        """First stored, then sent, then told."""
        return sorted(self._out, key=lambda effect: _RANKS[type(effect)])


_BY_ITSELF = Asked(0, "", actor=NOBODY)


_RANKS: Mapping[type[Effect], int] = {
    Store: 0, Forget: 0, StoreItem: 0, Erase: 0, StoreFault: 0, Send: 1, SendRange: 1, Drop: 1, Publish: 2, Answer: 2
}  # fmt: skip


def _parsed(wire: bytes) -> Entry:
    try:
        return parse(wire)
    except (EntryFault, CodecFault) as fault:
        raise PeerFault(str(fault)) from fault


def _cannot_sign(kind: str, data: bytes) -> bytes:
    raise AssertionError(f"a replica signs nothing: {kind}, {len(data)} bytes")


def _page(found: Iterable[tuple[int, Any]], limit: int) -> Page:
    """Return the first items, and where the next page begins if there are more."""
    items = list(islice(found, min(limit, PAGE_ITEMS_MAX) + 1))
    more = len(items) > limit
    kept = items[:limit]
    return Page(tuple(item for _, item in kept), kept[-1][0] if more else None)
