# SPDX-License-Identifier: AGPL-3.0-or-later
"""Strangers who fill a home's queues while its members wish: what is handled when, as the node's own inbox has it.

Time is work here: an entry that strangers bring costs what the check of a signature costs, and so does a frame.
"""

import asyncio
from random import Random

from simulation.strangers import Stranger
from simulation.world import STEWARD, Node, World, whole

from node.loop.inbox import Inbox
from node.loop.turns import FAR_ENTRIES_MAX, FAR_TURN_SECONDS
from node.loop.waiting import Waiter
from protocol.events import Asked, Input, PeerDown, PeerUp, Received
from protocol.peers.messages import Entries, Hello, NodeRole, pack, unpack
from protocol.peers.ties import Tie
from protocol.practices.money.payments.entries import Pay

CHECK_SECONDS = 2**-13
"""What the check of a signature takes by the clock of a siege: a tenth of a millisecond, in a number without a rest."""
WAITS_SECONDS_MAX = FAR_TURN_SECONDS + (1 + FAR_ENTRIES_MAX) * CHECK_SECONDS
"""How long strangers may keep a home busy while a wish waits there: one turn, of which what has begun is ended."""
STRANGERS = 3
WORDS = 40
"""How many entries a stranger brings in each of its frames."""
FRAMES = 3
WISHES = 4
PIECES = STRANGERS * FRAMES * WORDS // FAR_ENTRIES_MAX
"""In how many pieces, at least, what strangers bring is handled."""


def besiege(world: World, node: Node, dice: Random) -> None:
    """Let strangers bring a neighbour all they may while its members pay each other."""
    name = dice.choice(world.peers(node.name) or [node.name])
    if name != node.name:
        asyncio.run(_Siege(world, name, dice).run())


class _Siege:
    """A home whose inbox is full of what strangers bring."""

    def __init__(self, world: World, name: str, dice: Random) -> None:
        self.world = world
        self.name = name
        self.strangers = [Stranger(dice.randrange(2**62)).chatters(10, WORDS - 1) for _ in range(STRANGERS)]
        self.wishes_after = sorted(dice.randrange(PIECES) for _ in range(WISHES))
        """After so many pieces of what strangers bring a member wishes something."""
        self.now = 0.0
        self.had = 0.0
        """How long strangers have kept the home busy."""
        self.asked: dict[int, float] = {}
        """What strangers had had when each wish came that waits."""

    async def run(self) -> None:
        """Let all of it be handled, as the loop of a node does; a home that dies meanwhile forgets what waits."""
        home, inbox = self.world.nodes[self.name], Inbox(lambda: self.now)
        lives = home.replica
        for one in self.strangers:
            for heard in self._brought(one):
                inbox.hear(heard, Tie.STRANGER)
        pieces = 0
        while len(inbox) and home.replica is lives:
            self._handle(*(one for one, _ in inbox.drain()))
            for heard in inbox.turn():
                self._spend(heard)
                self._handle(heard)
                pieces += 1
                while self.wishes_after and self.wishes_after[0] < pieces:
                    self.wishes_after.pop(0)
                    self._wish(inbox)
            self.now += CHECK_SECONDS
        self.world.kept_waiting.pop(self.name, None)
        if home.replica is lives:
            self._handle(*(PeerDown(one.peer) for one in self.strangers))

    def _brought(self, one: Stranger) -> list[PeerUp | Received]:
        said = Received(one.peer, pack(Entries(tuple(entry.wire for entry in one.said))))
        hello = Received(one.peer, pack(Hello(one.network, NodeRole.HOME, (one.said[0].wire,))))
        return [PeerUp(one.peer, one.transport.public, outbound=False), hello, *[said] * FRAMES]

    def _wish(self, inbox: Inbox) -> None:
        number = self.world.number()
        self.asked[number] = self.had
        wish = Pay(payer=f"{self.name}-1", payee=f"{self.name}-2", amount=whole(1))
        waiter = Waiter(asyncio.get_running_loop().create_future(), None)
        inbox.ask(Asked(number, "payments.create", STEWARD, wish), waiter)

    def _spend(self, heard: PeerUp | PeerDown | Received) -> None:
        message = unpack(heard.frame) if isinstance(heard, Received) else None
        took = (1 + (len(message.entries) if isinstance(message, Entries) else 0)) * CHECK_SECONDS
        self.now += took
        self.had += took
        self.world.kept_waiting[self.name] = self.had - min(self.asked.values(), default=self.had)

    def _handle(self, *inputs: Input) -> None:
        if not inputs:
            return
        self.world.give(self.name, *inputs)
        answers = self.world.nodes[self.name].answers
        for number in [number for number in self.asked if number in answers]:
            del answers[number], self.asked[number]
