# SPDX-License-Identifier: AGPL-3.0-or-later
"""Rough wires: frames are lost, doubled and overtaken, all by the world's own dice.

The transport between real nodes is one ordered stream, which may be cut at any moment. These wires do
worse, since the protocol promises that it does no harm; but a connection begins with one hello, which is
the transport's to bring whole, once and before anything else.
"""

from random import Random

from simulation.world import World

from protocol.events import Received
from protocol.peers.messages import Hello, NodeRole, pack

HELLO = pack(Hello(bytes(32), NodeRole.HOME, ()))[:2]
"""How the frame of a hello begins."""


class RoughNetwork(World):
    """Nodes joined by wires that are as bad as they are told to be; good until then."""

    def __init__(self, seed: int = 1) -> None:
        super().__init__(seed)
        self.weather = Random(f"weather {seed}")
        self.loss_percent = 0
        self.doubling_percent = 0
        self.overtaken_by = 0
        """By how many frames that were sent later a frame may be overtaken."""

    def calm(self) -> None:
        """Lose, double and mix up nothing more."""
        self.loss_percent = self.doubling_percent = self.overtaken_by = 0

    def carry(self, source: str, target: str, frame: bytes) -> None:
        if frozenset((source, target)) not in self.joined:
            return
        wire = (source, target, frame)
        if not frame.startswith(HELLO):
            if self.weather.randrange(100) < self.loss_percent:
                return
            if self.weather.randrange(100) < self.doubling_percent:
                self.wires.append(wire)
        self.wires.append(wire)

    def deliver(self, frames: int) -> None:
        for _ in range(frames):
            if not self.wires:
                return
            at = self.weather.randrange(min(self.overtaken_by + 1, len(self.wires)))
            ends = self.wires[at][:2]
            for earlier in range(at):
                if self.wires[earlier][:2] == ends and self.wires[earlier][2].startswith(HELLO):
                    at = earlier
                    break
            source, target, frame = self.wires.pop(at)
            self.give(target, Received(source, frame))
