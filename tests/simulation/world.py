# SPDX-License-Identifier: AGPL-3.0-or-later
"""A world of real replicas under a virtual clock, network and disk, for stories and properties."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any, TypeVar

from simulation.granted import carry_out_checked
from simulation.rows import StoredRows, decided

from node.store import snapshot
from protocol.book.declaration import Actor, Practice, Role, RowsWanted
from protocol.book.money import Amount
from protocol.book.refusals import Refused
from protocol.book.tables import Table
from protocol.events import (
    Answer,
    Asked,
    Drop,
    DropBoardItem,
    Effect,
    Forget,
    Input,
    Keep,
    PeerDown,
    PeerUp,
    Recalled,
    Received,
    ReckonBeside,
    ReckonedBeside,
    Send,
    SendRange,
    Store,
    StoreBoardItem,
    TimerFired,
)
from protocol.lanes.claims import Inception
from protocol.lanes.directory import Profile
from protocol.lanes.entry import COMMONS, IDENTITY, NO_NETWORK, Entry, encode_body, seal
from protocol.lanes.identity import promise
from protocol.lanes.journal import Keyring
from protocol.peers.home import Home
from protocol.peers.messages import Entries, pack
from protocol.practices import PRACTICES
from protocol.replica import Replica
from protocol.wire.keys import KeyPair

Home.carry_out = carry_out_checked
STEWARD = Actor(Role.STEWARD)
R = TypeVar("R")


@dataclass
class Node:
    """A home node or a replica: its state in memory, its disk, and what it answered."""

    name: str
    replica: Replica
    transport: bytes
    keyring: Keyring | None
    offline: tuple[KeyPair, tuple[KeyPair, ...]] | None = None
    """The promised key and the cold ones, as their keepers have them."""
    disk: list[Entry] = field(default_factory=list)
    rows: StoredRows = field(default_factory=StoredRows)
    answers: dict[int, Any] = field(default_factory=dict)
    events: list[Any] = field(default_factory=list)
    invitation: bytes | None = None
    skew_ms: int = 0
    """How far its clock is off."""
    board: dict[tuple[bytes, bytes], tuple[int, bytes]] = field(default_factory=dict[Any, Any])
    """What it has stored of boards: by network and item when it came, and its bytes."""
    practices: Sequence[Practice] = PRACTICES
    """What its version knows."""
    run: bytes | None = None
    """The number of its start, where it tells of it."""
    opened: int = 0
    """The newest epoch that its high-water mark knows of."""
    snapshot: tuple[tuple[bytes, ...], bytes, StoredRows] | None = None
    """Of which entries it was made, what it holds, and the rows as they were then."""

    @property
    def network(self) -> bytes:
        return self.replica.network

    def rows_of(self, table: Table[R]) -> dict[Any, R]:
        """Return all rows of a table by key, those in memory and those that the disk alone has, as they came."""
        rows = self.replica.book.rows(table)
        stored = {name.key: row for name, row in self.rows.all(table)}
        return {**stored, **rows}

    def balance(self, account: str) -> int:
        return self.replica.book.ledger.accounts[account].balance_minor


class World:
    """Nodes joined by wires that carry frames in order, unless they are cut."""

    def __init__(self, seed: int = 1) -> None:
        self.rng = Random(seed)
        self.now = 1_700_000_000_000
        self.nodes: dict[str, Node] = {}
        self.wires: list[tuple[str, str, bytes]] = []
        self.joined: set[frozenset[str]] = set()
        self.drops: list[tuple[str, str]] = []
        self.piece_entries: int | None = None
        """How many entries of a range are sent in a frame; None for all."""
        self.kept_waiting: dict[str, float] = {}
        """How long strangers have kept a node busy since the oldest wish came that waits there, by its name."""
        self._requests = 0

    def seed(self) -> bytes:
        return self.rng.randbytes(32)

    def found(self, name: str, code: str, *, scale: int = 2) -> Node:
        """Found a network with one currency, and start its home node."""
        hot, following, cold, transport = (KeyPair.from_seed(self.seed()) for _ in range(4))
        inception = Inception(hot.public, promise(following.public), (cold.public,), 1, transport.public)
        first = seal(
            hot, network=NO_NETWORK, lane=IDENTITY, epoch=0, seq=0, prev=None,
            body=encode_body(inception, self.now), salt=self.rng.randbytes(16),
        )  # fmt: skip
        profile = Profile(name, name.title(), code, code.title(), scale, ())
        second = seal(
            hot, network=first.id, lane=COMMONS, epoch=0, seq=0, prev=None,
            body=encode_body(profile, self.now), salt=self.rng.randbytes(16),
        )  # fmt: skip
        keyring = Keyring(hot, self.seed())
        node = Node(
            name, self._replica(first.id, keyring), transport.public, keyring, (following, (cold,)), [first, second]
        )
        list(node.replica.load(node.disk))
        node.rows.begin(node.replica)
        self.nodes[name] = node
        return node

    def second(self, name: str, home: str, code: str, practices: Sequence[Practice] = PRACTICES) -> Node:
        """Start a replica of a network's books."""
        invitation, network = bytes.fromhex(code), self.nodes[home].network
        replica = self._replica(network, None, invitation, practices=practices)
        node = Node(name, replica, KeyPair.from_seed(self.seed()).public, None, practices=practices)
        node.invitation = invitation
        self.nodes[name] = node
        return node

    def _replica(
        self,
        network: bytes,
        keyring: Keyring | None,
        invitation: bytes | None = None,
        *,
        recovering: bool = False,
        opened: int = 0,
        compares: bool = False,
        practices: Sequence[Practice] = PRACTICES,
    ) -> Replica:
        return Replica(
            network,
            practices,
            chance=self.rng.randbytes,
            keyring=keyring,
            invitation=invitation,
            recovering=recovering,
            opened=opened,
            compares=compares,
        )

    def fresh(self, node: Node, keyring: Keyring | None = None) -> Replica:
        """Return the state of a node that has read nothing of its disk yet."""
        return self._replica(node.network, keyring or node.keyring)

    def join(self, one: str, other: str) -> None:
        """Connect two nodes."""
        pair = frozenset((one, other))
        self.joined.add(pair)
        self.give(one, PeerUp(other, self.nodes[other].transport, True))
        if pair in self.joined:
            self.give(other, PeerUp(one, self.nodes[one].transport, False))

    def cut(self, one: str, other: str) -> None:
        """Cut two nodes apart; what is on its way is lost."""
        self.joined.discard(frozenset((one, other)))
        self.wires = [wire for wire in self.wires if {wire[0], wire[1]} != {one, other}]
        for name, peer in ((one, other), (other, one)):
            if name in self.nodes:  # a stranger's node is not of this world
                self.give(name, PeerDown(peer))

    def restart(self, name: str, *, old_copy: int | None = None, whole: bool = False) -> None:
        """Kill a node and start it again from its disk, or from the first entries of an old copy of it.

        Where the `whole` home is put back, the mark is as old as the copy.
        """
        node = self.nodes[name]
        if old_copy is not None:
            del node.disk[old_copy:]
        peers = self.peers(name)
        for peer in peers:
            self.cut(name, peer)
        # The high-water mark outlives the process: who has not got its own back yet still knows it.
        if whole:
            node.opened = 0
        self.load(node, recovering=not whole and (old_copy is not None or node.replica.recovering), compares=whole)
        for peer in peers:
            self.join(name, peer)

    def load(self, node: Node, *, recovering: bool, compares: bool = False) -> None:
        """Fold in what is on a node's disk, and nothing else."""
        stored = max((one.header.epoch for one in node.disk if one.network == node.network), default=0)
        node.replica = self._replica(
            node.network, node.keyring, node.invitation,
            recovering=recovering, opened=node.opened if node.opened > stored else 0,
            compares=compares, practices=node.practices,
        )  # fmt: skip
        node.replica.talks.runs.run = node.run
        self._fold(node)
        node.replica.pin(sorted(node.board.values()))

    def _fold(self, node: Node) -> None:
        snapped, state, rows = node.snapshot or ((), b"", node.rows)
        size = len(snapped)
        if not size or snapped != tuple(entry.id for entry in node.disk[:size]):
            list(node.replica.load(node.disk))
            node.rows.begin(node.replica)
            node.snapshot = None
            return
        node.replica.resume(snapshot.loaded(memoryview(state)))
        book = node.replica.book
        book.source = lambda names: list(rows.fetch(names))
        list(node.replica.load(node.disk[size:]))
        book.source = None
        node.rows.by_name = rows.by_name
        for kept in book.settle():
            node.rows.keep(kept)

    def snap(self, node: Node) -> None:
        """Let a node's next start fold only what comes from now on."""
        state = snapshot.dumped(node.replica.state())
        assert state is not None
        node.snapshot = tuple(entry.id for entry in node.disk), state, replace(node.rows)

    def peers(self, name: str) -> list[str]:
        """Return the nodes that a node is connected to, by name."""
        return sorted(next(iter(pair - {name})) for pair in self.joined if name in pair)

    def give(self, name: str, *inputs: Input) -> None:
        """Hand a node a batch of inputs and do what it asks."""
        node = self.nodes[name]
        self.perform(node, decided(node.replica, node.rows, inputs, lambda inputs: self.handle(node, inputs)))

    def handle(self, node: Node, inputs: tuple[Input, ...]) -> list[Effect]:
        """Let the core decide."""
        return node.replica.handle(inputs, self.now + node.skew_ms)

    def perform(self, node: Node, effects: Sequence[Effect]) -> None:
        """Do what a node asks for, in that order."""
        name = node.name
        cut: list[Forget] = []
        for effect in effects:
            match effect:
                case Store(entry):
                    self.store(node, entry)
                case Keep(kept):
                    node.rows.keep(kept)
                case Forget():
                    self.forget(node, effect)
                    cut.append(effect)
                case Send(peer, frame):
                    self.carry(name, peer, frame)
                case SendRange(peer, network, lane, first, last):
                    of_lane = self.lane_of(node, network, lane)
                    found = [entry for entry in of_lane if first <= entry.header.seq <= last]
                    # In the order in which node/store/lanes.py reads them.
                    found.sort(key=lambda entry: (entry.header.seq, entry.header.epoch))
                    wires = tuple(entry.wire for entry in found)
                    size = self.piece_entries or len(wires)
                    for at in range(0, len(wires), max(1, size)):
                        self.carry(name, peer, pack(Entries(wires[at : at + size])))
                case StoreBoardItem(network, item, arrival, wire):
                    node.board[network, item] = arrival, wire
                case DropBoardItem(network, item):
                    node.board.pop((network, item), None)
                case ReckonBeside(beside):
                    of = beside.reckoning.of
                    self.give(name, ReckonedBeside(beside, beside.reckoning.work(of)))
                case Answer(request, result):
                    self.answer(node, request, result)
                case Drop(peer, reason):
                    self.drops.append((peer, reason))
                    self.cut(name, peer)
                case _:
                    node.events.append(effect)
        self._recall(node, [one for one in cut if one.lane != IDENTITY])

    def lane_of(self, node: Node, network: bytes, lane: str) -> list[Entry]:
        """Return what a node has stored of a lane."""
        return [entry for entry in node.disk if (entry.network, entry.header.lane) == (network, lane)]

    def _recall(self, node: Node, cut: list[Forget]) -> None:
        """Hand back what is left of lanes that were cut; with the node's own books it begins anew."""
        if any(one.network == node.network for one in cut):
            self.restart(node.name)
            return
        for network, lane, _, turn in cut:
            left = tuple(one for one in node.disk if (one.network, one.header.lane) == (network, lane))
            self.give(node.name, Recalled(network, turn, left, first=True, last=True))

    def store(self, node: Node, entry: Entry) -> None:
        node.disk.append(entry)
        if entry.network == node.network and not node.replica.recovering:
            node.opened = max(node.opened, entry.header.epoch)

    def forget(self, node: Node, cut: Forget) -> None:
        node.disk = [entry for entry in node.disk if not cut.covers(entry)]

    def answer(self, node: Node, request: int, result: Any) -> None:
        if isinstance(result, RowsWanted):
            page = node.rows.listed(result)
            result = page if result.whole is None else result.whole(page)
        node.answers[request] = result

    def carry(self, source: str, target: str, frame: bytes) -> None:
        if frozenset((source, target)) in self.joined:
            self.wires.append((source, target, frame))

    def run(self, steps: int = 100_000) -> None:
        """Deliver what is on its way until nothing is."""
        while self.wires and steps:
            self.deliver(1)
            steps -= 1
        assert steps, "the nodes never stop talking"

    def deliver(self, frames: int) -> None:
        """Deliver the next frames that are on their way."""
        for _ in range(frames):
            if not self.wires:
                return
            source, target, frame = self.wires.pop(0)
            self.give(target, Received(source, frame))

    def tick(self, seconds: int = 1) -> None:
        for _ in range(seconds):
            self.now += 1_000
            for name in list(self.nodes):
                self.give(name, TimerFired())
            self.run()

    def start(self, name: str, operation: str, wish: Any = None, *, subject: str = "", actor: Actor = STEWARD) -> int:
        """Ask a node for something; returns the number under which the answer will be found."""
        number = self.number()
        self.now += 1
        self.give(name, Asked(number, operation, actor, wish, subject))
        return number

    def number(self) -> int:
        """Return the number of the next request."""
        self._requests += 1
        return self._requests

    def ask(self, name: str, operation: str, wish: Any = None, *, subject: str = "", actor: Actor = STEWARD) -> Any:
        """Ask a node for something, and let everything that follows happen."""
        request = self.start(name, operation, wish, subject=subject, actor=actor)
        self.run()
        return self.nodes[name].answers.pop(request)

    def by_network(self, network: bytes) -> Node:
        """Return the home node of a network."""
        return next(node for node in self.nodes.values() if node.network == network and node.keyring)

    def ask_briefly(self, name: str, wish: Any) -> Any:
        """Ask for a quote while frames are delivered as they come; None where no answer came."""
        request = self.start(name, "quotes.create", wish)
        for _ in range(60):
            if request in self.nodes[name].answers or not self.wires:
                break
            self.deliver(1)
        return self.nodes[name].answers.pop(request, None)

    def granted(self, name: str, operation: str, wish: Any = None, *, subject: str = "", actor: Actor = STEWARD) -> Any:
        """Ask for something that must not be refused."""
        result = self.ask(name, operation, wish, subject=subject, actor=actor)
        assert not isinstance(result, Refused), result
        return result

    def zero_sum(self) -> bool:
        return all(not any(node.replica.book.ledger.sums().values()) for node in self.nodes.values())


def whole(units: int, code: str | None = None) -> Amount:
    """So many whole units."""
    return Amount(units, code, 0)
