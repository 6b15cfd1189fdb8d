# SPDX-License-Identifier: AGPL-3.0-or-later
"""Boards between nodes: items are signed and pinned up here, compared with those of peers, and passed on (PROTOCOL 8).

Whoever may not see an item is not told of it: neither of its body nor that it is there. What a peer brings that we do
not keep is passed over; what nobody has signed costs it the connection.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from protocol.book.book import Book
from protocol.book.publishing import ITEM_LIFE_MS_MAX, Publication
from protocol.book.slots import Slot
from protocol.book.timezones import DAY_MS
from protocol.events import DropBoardItem, Publish, Send, StoreBoardItem
from protocol.lanes.entry import Millis
from protocol.lanes.identity import Identity
from protocol.lanes.items import BoardItem, ItemFault, ItemPlace, ItemSaid, parse_item, seal_item
from protocol.peers.board_messages import (
    BOARD_ITEMS_PER_FRAME_MAX,
    BOARD_ITEMS_WANTED_MAX,
    BOARD_SPANS_PER_FRAME_MAX,
    BoardAhead,
    BoardHead,
    BoardItems,
    BoardItemsWanted,
    BoardPlace,
    BoardSpan,
    BoardSpans,
)
from protocol.peers.boards import BOARD_NEWS, Boards, HeldItem, head_of_item
from protocol.peers.messages import PeerFault, pack
from protocol.peers.push import drawn_neighbours
from protocol.peers.reconcile import check_parts
from protocol.peers.sessions import Session, session_said
from protocol.peers.ties import Tie
from protocol.wire.codec import encode
from protocol.wire.shape import to_map

if TYPE_CHECKING:
    from protocol.peers.home import Home

BOARDS_OPENING_MS_MIN = 500
"""How long after one comparison of boards the next begins at least: at each tick, while something changes."""
BOARDS_OPENING_MS_MAX = 60_000
"""How long after one comparison of boards the next begins in any case."""
BOARD_FRAME_BYTES_MAX = 48 * 1024
"""How long a frame of items is: it finds room where a stranger's frames wait."""
CLOCKS_APART_MS_MAX = DAY_MS
"""By so much the last hour of an item may lie beyond the longest life: its writer's clock is ahead."""

AUDIENCES: Slot[Callable[[Book, bytes], Iterable[bytes]]] = Slot(
    "tells the ids of the federations of which a network is a member: who may see what is shown to them"
)


class BoardTalk:
    """The boards of one node, and what it says and hears of them."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self._ours: frozenset[bytes] = frozenset()
        """The federations of which our network was a member at the last tick."""
        self._member_of: dict[bytes, frozenset[bytes]] = {}
        """Of which federations networks are members, as far as it was asked since something was heard."""
        self._heard = 0
        self._is_starting = False
        self.boards.changed = self._tell_practices

    @property
    def boards(self) -> Boards:
        """What is held here: another object once a snapshot has been read."""
        return self.home.book.of(Boards)

    def load(self, stored: Iterable[tuple[int, bytes]]) -> None:
        """Hold what this node has stored, by arrival: it was checked when it came."""
        self._is_starting = True
        self.boards.changed = self._tell_practices
        for arrival, wire in stored:
            self.boards.put(parse_item(wire), arrival)
        self._is_starting = False
        self._ours = self._federations(self.home.network)

    def _tell_practices(self, before: HeldItem | None, after: HeldItem | None) -> None:
        """Let practices know what has come and gone; nobody is told at a start of what came before it."""
        for hear in self.home.book.fillings(BOARD_NEWS):
            for one in hear(self.home.book, before, after):
                if not self._is_starting:
                    self.home.say(Publish(one.type, one.resource, one.audience, dict(one.figures)))

    def note(self) -> None:
        """Know that something was heard: who is a member of what may have changed."""
        self._heard += 1
        self._member_of.clear()

    # What our own network says.

    def publish(self, publication: Publication) -> None:
        """Sign a new version of an item of our board, or its withdrawal, and tell of it."""
        known = self.boards.get(self.home.network, publication.item)
        body = publication.body
        if body is None:
            assert known is not None, "what is withdrawn is there"
            kind, not_after, seen_by = known.said.kind, known.said.not_after, known.said.seen_by
        else:
            # A later version never ends before an earlier one (crdt/board.py).
            not_after = max(publication.not_after_ms, 0 if known is None else known.said.not_after)
            kind, seen_by = body.KIND, publication.seen_by
        self._write(publication.item, kind, None if body is None else encode(to_map(body)), not_after, seen_by)

    def _write(self, item: bytes, kind: str, body: bytes | None, not_after: Millis, seen_by: tuple[bytes, ...]) -> None:
        home, network = self.home, self.home.network
        assert home.keyring is not None, "a replica signs nothing"
        known = self.boards.get(network, item)
        version = 1 if known is None else known.said.version + 1
        epoch = home.journal.directory.networks[network].identity.epoch
        said = ItemSaid(1, network, epoch, item, version, not_after, seen_by, kind, body)
        signed = seal_item(home.keyring.hot, said)
        self._hold(signed)
        self._push([signed], None)

    # As time passes.

    def tick(self) -> None:
        """Let go of what has ended or is not for us any more, sign anew what an ended key has signed, and compare."""
        home, boards = self.home, self.boards
        for place in boards.ended(home.calendar):
            home.say(DropBoardItem(*place))
        ours = self._federations(home.network)
        if ours != self._ours:
            for gone in self._ours - ours:
                self._let_go([one for one in self._of_audience(gone) if not self.is_for(home.network, one)])
            self._ours = ours
        if home.standing.signs:
            self._sign_anew()
        if not boards.items:
            return  # Whoever holds something begins.
        for session in home.gossip.sessions.by_peer.values():
            if session.network is not None:
                self._open_if_due(session)

    def _of_audience(self, audience: bytes) -> list[BoardItem]:
        return [
            held.item
            for board in self.boards.of.values()
            for held in board.items.values()
            if audience in held.item.said.seen_by
        ]

    def identity_changed(self, network: bytes) -> None:
        """Let go of what keys have signed that were ended by others than themselves: a thief may have had them.

        Our own home signs it anew with its next tick. What peers have shown before its key was here is asked for now.
        """
        self._let_go_of_ended(network)
        for session in self.home.gossip.sessions.by_peer.values():
            if session.boards.lacked_key and session.network is not None:
                session.boards.lacked_key = False
                self._open(session)

    def _let_go_of_ended(self, network: bytes) -> None:
        home = self.home
        known, board = home.journal.directory.networks.get(network), self.boards.of.get(network)
        if board is None or (network == home.network and home.keyring is not None):
            return
        held = [one.item for one in board.items.values()]
        self._let_go([one for one in held if known is None or not _is_vouched(one, known.identity)])

    def _sign_anew(self) -> None:
        home = self.home
        board, renewed = (
            self.boards.of.get(home.network),
            home.journal.directory.networks[home.network].identity.renewed,
        )
        if board is None or not renewed:
            return
        for said in [one.item.said for one in board.items.values() if one.item.said.epoch < renewed]:
            self._write(said.item, said.kind, said.body, said.not_after, said.seen_by)

    # Who may see what.

    def _federations(self, network: bytes) -> frozenset[bytes]:
        found = self._member_of.get(network)
        if found is None:
            book = self.home.book
            found = frozenset(one for tell in book.fillings(AUDIENCES) for one in tell(book, network))
            self._member_of[network] = found
        return found

    def is_for(self, network: bytes, item: BoardItem) -> bool:
        """Tell whether a network may see an item: whose it is always."""
        if not item.said.seen_by or network == item.network:
            return True
        return not frozenset(item.said.seen_by).isdisjoint(self._federations(network))

    def _audiences(self, session: Session) -> list[bytes | None]:
        """Return what both we and a peer may hold, in the order in which it is told."""
        assert session.network is not None
        if session.network == self.home.network:
            shared = self._federations(self.home.network) | {self.home.network}
        else:
            shared = self._federations(self.home.network) & self._federations(session.network)
        return [None, *sorted(shared)]

    def hear(self, session: Session, message: BoardSpans | BoardAhead | BoardItemsWanted | BoardItems) -> None:
        """Take in what a peer says of boards; raises PeerFault where it breaks the protocol."""
        if not isinstance(message, BoardItems):
            self.home.gossip.sessions.count(session, self.home.now)
        match message:
            case BoardSpans():
                self._hear_spans(session, message)
            case BoardAhead():
                session.boards.differs = True
                self._ask(session, message.items)
            case BoardItemsWanted():
                self._hear_wanted(session, message)
            case BoardItems():
                self._hear_items(session, message)

    # Comparing.

    def _open_if_due(self, session: Session) -> None:
        compared = session.boards
        changes = self.boards.changes, self._heard
        if compared.changes != changes:
            compared.changes = changes
            compared.stale = compared.stale or self._versions(session) != compared.versions
        least = compared.pause_ms if compared.differs else BOARDS_OPENING_MS_MAX
        if self.home.now - compared.opened_ms >= (BOARDS_OPENING_MS_MIN if compared.stale else least):
            self._open(session)

    def _open(self, session: Session) -> None:
        compared, now = session.boards, self.home.now
        in_vain = compared.differs and compared.brought_ms < compared.opened_ms
        compared.pause_ms = min(BOARDS_OPENING_MS_MAX, 2 * compared.pause_ms) if in_vain else BOARDS_OPENING_MS_MIN
        compared.opened_ms, compared.differs, compared.stale = now, False, False
        compared.versions = self._versions(session)
        spans = tuple(self.boards.index(audience).opening() for audience in self._audiences(session))
        self.home.say(session_said(session.peer, BoardSpans(spans)))

    def _versions(self, session: Session) -> tuple[tuple[bytes | None, int], ...]:
        return tuple((one, self.boards.index(one).index.version) for one in self._audiences(session))

    def _hear_spans(self, session: Session, message: BoardSpans) -> None:
        """Go on with a comparison: tell what differs, ask for what we lack, tell what the peer lacks."""
        check_parts(message.spans)
        audiences = self._audiences(session)
        spans: list[BoardSpan] = []
        ahead: list[BoardHead] = []
        wanted: list[BoardHead] = []
        for span in message.spans:
            if span.audience not in audiences:
                continue  # Who is a member of what is heard sooner by one of us than by the other.
            more, differences = self.boards.index(span.audience).answer(span)
            spans += more
            for one in differences:
                if one.theirs is None or (one.mine is not None and _rank(one.mine) > _rank(one.theirs)):
                    assert one.mine is not None, "a difference is of something"
                    ahead.append(one.mine)
                else:
                    wanted.append(one.theirs)
            session.boards.differs = session.boards.differs or bool(more or differences)
        if spans:
            # What does not fit is found again in the next comparison.
            self.home.say(session_said(session.peer, BoardSpans(tuple(spans[:BOARD_SPANS_PER_FRAME_MAX]))))
        if ahead:
            self.home.say(session_said(session.peer, BoardAhead(tuple(ahead[:BOARD_ITEMS_WANTED_MAX]))))
        self._ask(session, wanted)

    def _ask(self, session: Session, heads: Iterable[BoardHead]) -> None:
        """Ask for versions that go before ours, where there may be room for them."""
        places: dict[ItemPlace, BoardPlace] = {}
        for head in heads:
            known = self.boards.get(head.network, head.item)
            newer = known is None or _rank(head) > _rank(head_of_item(known))
            if newer and self.boards.fits(head.network, head.item, 0, self.home.gossip.budgets.tie(head.network)):
                places[head.network, head.item] = BoardPlace(head.network, head.item)
        if places:
            wanted = tuple(places.values())[:BOARD_ITEMS_WANTED_MAX]
            self.home.say(session_said(session.peer, BoardItemsWanted(wanted)))

    def _hear_wanted(self, session: Session, message: BoardItemsWanted) -> None:
        """Send what a peer asks for, of what it may see."""
        assert session.network is not None
        found = (self.boards.get(one.network, one.item) for one in message.items)
        self._send(session, [one for one in found if one is not None and self.is_for(session.network, one)])

    # Taking.

    def _hear_items(self, session: Session, message: BoardItems) -> None:
        """Take in what a peer shows, and pass on what is new; raises PeerFault where nobody has signed it.

        What a stranger brings is pushed to nobody: others find it when they compare.
        """
        taken: list[BoardItem] = []
        try:
            for wire in message.items:
                try:
                    item = parse_item(wire)
                except ItemFault as fault:
                    raise PeerFault(str(fault)) from fault
                if self._take(session, item):
                    taken.append(item)
        finally:
            if session.chosen or self.home.gossip.ties.of_node(session.transport) > Tie.STRANGER:
                self._push(taken, session.peer)
        compared = session.boards
        if taken:
            compared.brought_ms = self.home.now
        if taken and compared.differs and self.home.now > compared.opened_ms:
            self._open(session)

    def _take(self, session: Session, item: BoardItem) -> bool:
        """Hold an item that is news, for us, and within its network's room; raises PeerFault if nobody signed it."""
        home, said = self.home, item.said
        known = home.journal.directory.networks.get(said.network)
        key = None if known is None else known.identity.key_of(said.epoch)
        if known is None or key is None:
            session.boards.lacked_key = True
            return False
        if said.epoch < known.identity.renewed:
            return False
        latest = home.calendar + ITEM_LIFE_MS_MAX + CLOCKS_APART_MS_MAX
        if not home.calendar < said.not_after <= latest or not self.is_for(home.network, item):
            return False
        held = self.boards.get(*item.place)
        if held is not None and held.version.rank >= item.version.rank:
            return False
        if not self.boards.fits(said.network, said.item, len(item.wire), home.gossip.budgets.tie(said.network)):
            return False
        if not item.signed_by(key):
            if said.epoch == 0:
                raise PeerFault("an item that the network's key has not signed")
            # Its teller may have heard of other key events: of a rotation that we lack, or of a thief's epochs alone.
            session.boards.lacked_key = True
            return False
        self._hold(item)
        return True

    def _hold(self, item: BoardItem) -> None:
        home, boards = self.home, self.boards
        for place in boards.hold(item, home.gossip.budgets.tie(item.network), home.gossip.budgets.tie):
            home.say(DropBoardItem(*place))
        if boards.get(*item.place) is item:
            home.say(StoreBoardItem(*item.place, boards.arrival, item.wire, item.said.body is None))

    def _let_go(self, items: Sequence[BoardItem]) -> None:
        for one in items:
            self.boards.let_go(one.place)
            self.home.say(DropBoardItem(*one.place))

    # Telling.

    def _push(self, items: Sequence[BoardItem], source: str | None) -> None:
        """Send new items at once to our own nodes, and to some of the others that may see them."""
        gossip, home = self.home.gossip, self.home
        ready = [one for one in gossip.sessions.by_peer.values() if one.network is not None and one.peer != source]
        for seen_by in sorted({one.said.seen_by for one in items}):
            some = [one for one in items if one.said.seen_by == seen_by]
            for network in sorted({one.network for one in some}):
                of_one = [one for one in some if one.network == network]
                seers = [one for one in ready if one.network is not None and self.is_for(one.network, of_one[0])]
                own = [one for one in seers if one.network == home.network]
                others = [one for one in seers if one.network != home.network]
                for session in (*own, *drawn_neighbours(others, gossip.ties, home.chance)):
                    self._send(session, of_one)

    def _send(self, session: Session, items: Sequence[BoardItem]) -> None:
        """Send items in frames that may be left out: the next comparison finds what did not come."""
        for wires in _frames(items):
            self.home.say(Send(session.peer, pack(BoardItems(wires)), spare=True))


def _frames(items: Iterable[BoardItem]) -> Iterator[tuple[bytes, ...]]:
    frame: list[bytes] = []
    size = 0
    for item in items:
        if frame and (size + len(item.wire) > BOARD_FRAME_BYTES_MAX or len(frame) >= BOARD_ITEMS_PER_FRAME_MAX):
            yield tuple(frame)
            frame, size = [], 0
        frame.append(item.wire)
        size += len(item.wire)
    if frame:
        yield tuple(frame)


def _is_vouched(item: BoardItem, identity: Identity) -> bool:
    """Tell whether the key of its epoch has signed an item, and nobody else has ended that epoch.

    Where a rotation has taken the place of a thief's epochs, their numbers are another key's.
    """
    key = identity.key_of(item.said.epoch)
    return item.said.epoch >= identity.renewed and key is not None and item.signed_by(key)


def _rank(head: BoardHead) -> tuple[int, bool, bytes]:
    return head.version, head.withdrawn, head.mark
