# SPDX-License-Identifier: AGPL-3.0-or-later
"""What befalls nodes: they are killed at any write, their disks fill up, old copies are put back, clocks jump.

A batch is one transaction, as in node/loop/runtime.py: it is on the disk whole or not at all, and nothing is
sent before it is there.
"""

from dataclasses import dataclass
from enum import Enum, auto

from simulation.network import HELLO, RoughNetwork
from simulation.rows import decided
from simulation.world import Node

from node.loop.refusals import STORAGE_FAILED
from protocol.book.declaration import Act, Create
from protocol.book.refusals import refuse
from protocol.events import Asked, Effect, Input, Keep, PeerDown, PeerUp, Received, Send, Store, StoreItem, TimerFired
from protocol.lanes.entry import IDENTITY
from protocol.practices.between.links.state import Links

SNAPSHOT_EVERY_ENTRIES = 20
"""So often a node keeps what it has in memory: who starts again goes on from there."""


class Death(Enum):
    """When a node dies: before its next write, after it, or when half of what it then says has left."""

    BEFORE = auto()
    AFTER = auto()
    HALFWAY = auto()


@dataclass(slots=True)
class Disk:
    """What is the matter with a node's disk."""

    full: bool = False
    writable: bool = True
    """Whether the node has not yet found out that it is full."""
    dies: Death | None = None
    copy: int | None = None
    """How many entries the old copy of it holds."""
    recovering: bool = False
    """Whether the mark beside the disk is ahead of it: what a node decides but cannot store leaves it as it was."""


class FaultyWorld(RoughNetwork):
    """A rough world of nodes that die, forget and run out of room."""

    def __init__(self, seed: int = 1) -> None:
        super().__init__(seed)
        self.disks: dict[str, Disk] = {}

    def disk(self, name: str) -> Disk:
        return self.disks.setdefault(name, Disk())

    def give(self, name: str, *inputs: Input) -> None:
        node, disk = self.nodes[name], self.disk(name)
        kept = inputs if disk.writable else self._let_in(node, disk, inputs)
        if not kept:
            return
        effects = decided(node.replica, node.rows, kept, lambda inputs: self.handle(node, inputs))
        if any(isinstance(effect, Store | StoreItem) for effect in effects):
            if disk.full:
                self._storage_failed(node, disk, kept)
                return
            if disk.dies is not None:
                self._die(node, disk, effects)
                return
        disk.recovering = node.replica.recovering
        self.perform(node, effects)
        snapped = 0 if node.snapshot is None else len(node.snapshot[0])
        if len(node.disk) >= snapped + SNAPSHOT_EVERY_ENTRIES:
            self.snap(node)

    # Killed.

    def kill(self, name: str) -> None:
        """End a node's process and start it again."""
        self.disk(name).dies = None
        self.forget_requests(name)
        self._start(self.nodes[name])

    def _start(self, node: Node) -> None:
        """Start a node from its disk; its peers notice that its connections have ended, and make them again."""
        self.load(node, recovering=self.disk(node.name).recovering)
        peers = self.peers(node.name)
        for peer in peers:
            self.cut(node.name, peer)
        for peer in peers:
            self.join(node.name, peer)

    def _die(self, node: Node, disk: Disk, effects: list[Effect]) -> None:
        death, disk.dies = disk.dies, None
        if death is not Death.BEFORE:
            disk.recovering = node.replica.recovering
            self.perform(node, [effect for effect in effects if isinstance(effect, Store | Keep)])
        if death is Death.HALFWAY:
            sends = [effect for effect in effects if isinstance(effect, Send)]
            lives = {name: one.replica for name, one in self.nodes.items()}
            for send in sends[: len(sends) // 2 + 1]:
                ends = node.name, send.peer
                # Nothing is heard before the hello; and who dies of one word does not hear the next as it comes again.
                greeted = not any(wire[:2] == ends and wire[2].startswith(HELLO) for wire in self.wires)
                if greeted and self.nodes[send.peer].replica is lives[send.peer] and frozenset(ends) in self.joined:
                    self.give(send.peer, Received(node.name, send.frame))
        self.kill(node.name)

    def forget_requests(self, name: str) -> None:
        """Nobody is answered any more who asked a process that has ended."""

    # Full disks.

    def _let_in(self, node: Node, disk: Disk, inputs: tuple[Input, ...]) -> tuple[Input, ...]:
        """Return what a node hears while its disk takes nothing, as node/loop/door.py lets it in."""
        kept: list[Input] = []
        for one in inputs:
            match one:
                case TimerFired() if not disk.full:
                    disk.writable = True
                    kept.append(one)
                case Asked(request, operation) if isinstance(node.replica.operations[operation], Create | Act):
                    self.answer(node, request, refuse(STORAGE_FAILED))
                case Asked() | PeerUp() | PeerDown():
                    kept.append(one)
                case _ if disk.writable:
                    kept.append(one)
                case _:
                    pass
        return tuple(kept)

    def _storage_failed(self, node: Node, disk: Disk, inputs: tuple[Input, ...]) -> None:
        """Forget what could not be stored, and every connection with it."""
        disk.writable = False
        for one in inputs:
            if isinstance(one, Asked):
                self.answer(node, one.request, refuse(STORAGE_FAILED))
        self.load(node, recovering=disk.recovering)
        self.forget_requests(node.name)
        for peer in self.peers(node.name):
            self.cut(node.name, peer)

    # Old copies.

    def back_up(self, name: str) -> None:
        self.disk(name).copy = len(self.nodes[name].disk)

    def restore(self, name: str) -> bool:
        """Put an old copy of a home's disk back, where there is one and what others rest on is known to somebody.

        A key event that neither it nor its partners remember it would say again, and otherwise; and a link of which
        both have lost what one of them has acknowledged stays read-only (docs/decisions/0010, "Left open").
        """
        disk = self.disk(name)
        if disk.copy is None or not (self.is_remembered(name, disk.copy) and self.are_links_known(name, disk.copy)):
            return False
        size = disk.copy  # it stays, and may be put back once more
        disk.dies = None
        self.forget_requests(name)
        node = self.nodes[name]
        del node.disk[size:]
        self.lost(node)
        disk.recovering = True
        self._start(node)
        return True

    def lost(self, node: Node) -> None:
        """Note that a node is about to lose entries."""

    def is_remembered(self, name: str, size: int) -> bool:
        """Tell whether a home, or somebody whom it will ask, will know its newest key event when so much is left.

        Whoever else it meets first: its mark knows that there was such an event.
        """
        node = self.nodes[name]
        homes = [one for one in self.nodes.values() if one.keyring is not None]
        if any(home.replica.recovering for home in homes):
            return False
        newest = node.replica.journal.held.head(node.network, IDENTITY)
        assert newest is not None
        if any(entry.id == newest.id for entry in node.disk[:size]):
            return True
        partners = {link.partner for link in node.replica.book.of(Links).by_id.values()}
        copies = [one for one in self.nodes.values() if one.network == node.network and one is not node]
        asked = [*copies, *(home for home in homes if home.network in partners)]
        heard = [one.replica.journal.held.head(node.network, IDENTITY) for one in asked]
        return any(head is not None and head.id == newest.id for head in heard)

    def are_links_known(self, name: str, size: int) -> bool:
        """Tell whether what a home or a partner has acknowledged on a link is on either's disk when so much is left."""
        node = self.nodes[name]
        homes = {one.network: one for one in self.nodes.values() if one.keyring is not None}
        for link in node.replica.book.of(Links).by_id.values():
            partner = homes.get(link.partner)
            far = None if partner is None else partner.replica.book.of(Links).by_id.get(link.id)
            if partner is None or far is None:
                continue
            kept = {entry.id for entry in (*node.disk[:size], *partner.disk)}
            acks = (link.side.own.ack, link.side.partner.ack, far.side.own.ack, far.side.partner.ack)
            if any(ack is not None and ack.digest not in kept for ack in acks):
                return False
        return True
