# SPDX-License-Identifier: AGPL-3.0-or-later
"""The lanes that are held here: how far each goes, what is cut of it, and what of it has to be read again.

What the entries say is nothing to it: it knows places, ids and epochs.
"""

from typing import Any

from crdt.log import Fork, Head, Lane, Position, Statement
from protocol.events import Forget
from protocol.lanes.claims import LaneHead
from protocol.lanes.entry import COMMONS, IDENTITY, LEDGER, LINK_PREFIX, Entry
from protocol.lanes.identity import Identity
from protocol.lanes.records import LanePlace, Records
from protocol.lanes.weights import Weights


class HeldLanes:
    """The lanes of one network that are held here, and the public ones of all."""

    def __init__(self, network: bytes) -> None:
        self.network = network
        self.records = Records()
        self.weights = Weights()
        self.lanes: dict[LanePlace, Lane] = {}
        self._heads: dict[LanePlace, Head] = {}
        self._moved: set[LanePlace] = set()
        """Lanes that have gone on since their heads were asked for."""
        self._changed: set[LanePlace] = set()
        """Lanes whose head, or proof of a fork, is another since `changes` was asked."""
        self._recalling: dict[LanePlace, int] = {}
        """Lanes that were cut, and have not been read again yet; by the turn of the Forget that is answered last."""
        self._turn = 0

    def state(self) -> dict[str, Any]:
        """Return what a snapshot keeps of them."""
        return {
            "lanes": self.lanes,
            "heads": self.heads(),
            "turn": self._turn,
            "records": self.records,
            "weights": self.weights,
        }

    def resume(self, state: dict[str, Any]) -> None:
        """Go on from what `state` has returned."""
        self.lanes, self._heads = state["lanes"], state["heads"]
        self._turn, self.records, self.weights = state["turn"], state["records"], state["weights"]
        self._changed.update(self._heads)

    def head(self, network: bytes, lane: str) -> Head | None:
        """Return the newest entry of a lane that is held here."""
        return self.heads().get((network, lane))

    def heads(self) -> dict[LanePlace, Head]:
        """Return all heads by (network, lane)."""
        for place in self._moved:
            self._heads[place] = self.lanes[place].head
        self._moved.clear()
        return self._heads

    def changes(self) -> set[LanePlace]:
        """Return the lanes whose head, or proof of a fork, may be another since this was asked last."""
        changed, self._changed = self._changed, set()
        return changed

    def lane_heads(self) -> tuple[LaneHead, ...]:
        """Return the heads of all lanes of this network that are held here."""
        return tuple(
            LaneHead(lane, head.position.seq, head.id)
            for (network, lane), head in sorted(self.heads().items(), key=lambda item: item[0])
            if network == self.network and head.id is not None
        )

    def said_at(self, lane: str, seq: int) -> bytes | None:
        """Return the id of our own record at a place of a link's lane, as far as it is known still."""
        return self.records.said_at((self.network, lane), seq)

    def is_forked(self, network: bytes, lane: str) -> bool:
        """Tell whether a network is proved to have spoken twice at one place of a lane."""
        return (known := self.lanes.get((network, lane))) is not None and known.frozen

    def own_forks(self) -> list[tuple[str, int]]:
        """Return the places, by lane and seq, where this network itself is proved to have spoken twice."""
        lanes = ((lane, self.lanes.get((self.network, lane))) for lane in (IDENTITY, COMMONS, LEDGER))
        return [(lane, fork.position.seq) for lane, held in lanes if held is not None for fork in held.forks]

    def differs_from_confirmed(self, identity: Identity) -> bool:
        """Tell whether a key event of this network names another entry of its lanes than the one held at that place."""
        confirmed = (head for epoch in identity.epochs for head in epoch.heads.values())
        lanes = ((head, self.lanes.get((self.network, head.lane))) for head in confirmed)
        return any(held is not None and held.id_at(head.seq) not in (None, head.id) for head, held in lanes)

    def fork(self, place: LanePlace) -> Fork | None:
        """Return the first proof that the author of a lane has forked, None where there is none."""
        lane = self.lanes.get(place)
        return lane.forks[0] if lane is not None and lane.frozen else None

    def prove(self, place: LanePlace, fork: Fork) -> bool:
        """Keep a proof against the author of a lane; tell whether it is news."""
        self._changed.add(place)
        return self.lanes[place].prove(fork)

    def pardon(self, place: LanePlace, epoch_min: int) -> None:
        """Let no proof of an epoch below this count any more."""
        lane = self.lanes[place]
        if lane.frozen:
            self._changed.add(place)
            self.lanes[place] = lane.until(lane.head.position.seq, epoch_min)

    def holds(self, entry: Entry) -> bool:
        """Tell whether a lane is held here as far as an entry of it."""
        head = self.head(entry.network, entry.header.lane)
        return head is not None and entry.header.seq <= head.position.seq

    def differs(self, entry: Entry) -> bool:
        """Tell whether another entry than this stands at its place."""
        lane = self.lanes.get((entry.network, entry.header.lane))
        if lane is None:
            return False
        return lane.at(Position(entry.header.epoch, entry.header.seq)) not in (None, entry.id)

    def is_branch(self, entry: Entry) -> bool:
        """Tell whether a record of our own is one that somebody else has signed beside ours, or after them."""
        place, seq = (entry.network, entry.header.lane), entry.header.seq
        head = self.head(*place)
        return head is None or seq > head.position.seq or self.records.said_at(place, seq) not in (None, entry.id)

    def ledger_id(self, seq: int) -> bytes:
        """Return the id of the entry of the network's own ledger at a place that is held."""
        id = self.lanes[self.network, LEDGER].id_at(seq)
        assert id is not None, "the ledger is held whole up to its head"
        return id

    # Going on.

    def advance(self, entry: Entry, epoch: int, *, is_read: bool = True) -> None:
        """Note that a lane goes on with an entry, which counts in an epoch; one that is not read counts for more."""
        header = entry.header
        place = (entry.network, header.lane)
        if header.lane.startswith(LINK_PREFIX):
            # The second of two records at one place is kept as proof of the fork, and is nobody's head; but of
            # ours from before a key event that one stands which the partner has taken.
            position, head = Position(epoch, header.seq), self._heads.get(place)
            own, reopened = entry.network == self.network, self.records.reopened
            if head is None or position > head.position or (own and head.position.epoch < reopened > epoch):
                self._heads[place] = Head(position, entry.id)
                self._changed.add(place)
                self.records.keep(place, entry, own=own)
            return
        lane = self.lanes.get(place)
        if lane is None:
            lane = self.lanes[place] = Lane()
        if not lane.append(header.epoch, header.seq, entry.id, header.prev):
            lane.add(Statement(Position(header.epoch, header.seq), entry.id, header.prev))
        if entry.network != self.network:
            self.weights.add(place, header.seq, len(entry.wire), unknown=not is_read)
        self._moved.add(place)
        self._changed.add(place)

    def rebase(self, network: bytes, number: int) -> None:
        """Let all records of a network that are held count as said before an epoch."""
        for place, head in self._heads.items():
            if place[0] == network and place[1].startswith(LINK_PREFIX) and head.position.epoch >= number:
                self._heads[place] = Head(Position(number - 1, head.position.seq), head.id)
                self._changed.add(place)

    # Going back.

    def cuttable(self, network: bytes, *, cold: bool) -> list[str]:
        """Return the lanes held here of which a key event may drop something.

        Of the network's own ledger a replica drops nothing on the word of the hot key alone: it may be all there is.
        """
        lanes = (COMMONS, LEDGER) if cold and network == self.network else (COMMONS,)
        return [lane for lane in lanes if (network, lane) in self.lanes]

    def said_before(self, place: LanePlace, epoch: int) -> int:
        """Return the seq of the newest entry of a lane from before an epoch, -1 where there is none."""
        said = self.lanes[place].statements()
        return max((one.position.seq for one in said if one.position.epoch < epoch), default=-1)

    def confirmed(self, place: LanePlace, identity: Identity) -> int:
        """Return the seq of the newest head that a key event names and that is held here, -1 where there is none."""
        held = self.lanes[place]
        heads = (epoch.heads.get(place[1]) for epoch in identity.epochs)
        return max((head.seq for head in heads if head is not None and held.id_at(head.seq) == head.id), default=-1)

    def cut(self, place: LanePlace, after: int) -> Forget | None:
        """Drop what is held of a lane past a place; returns what is to be dropped from the store."""
        lane = self.lanes[place]
        if lane.head.position.seq <= after:
            return None
        self.lanes[place] = lane.until(after)
        self.weights.cut(place, after)
        self._moved.add(place)
        self._changed.add(place)
        self._turn += 1
        if place[1] != IDENTITY:
            self._recalling[place] = self._turn
        return Forget(*place, after, self._turn)

    def let_go(self, place: LanePlace) -> Forget | None:
        """Hold a lane of another network no longer; returns what is to be dropped from the store."""
        held = place in self._heads or place in self.lanes
        self.lanes.pop(place, None)
        self._heads.pop(place, None)
        self._moved.discard(place)
        self._recalling.pop(place, None)
        self.records.drop(place)
        self.weights.drop(place)
        if not held:
            return None
        self._changed.add(place)
        self._turn += 1
        return Forget(*place, -1, self._turn)

    def is_recalling(self, network: bytes, lane: str) -> bool:
        """Tell whether a lane was cut and what is left of it has yet to be read again: it takes nothing meanwhile."""
        return (network, lane) in self._recalling

    def recalls(self, place: LanePlace, turn: int) -> bool:
        """Tell whether this turn answers what was cut of a lane last."""
        return self._recalling.get(place) == turn

    def recalled(self, place: LanePlace) -> None:
        """Note that what is left of a lane was read again."""
        del self._recalling[place]
