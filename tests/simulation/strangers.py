# SPDX-License-Identifier: AGPL-3.0-or-later
"""Whoever can open a connection: networks of somebody's own making, of as many as there may be."""

from collections.abc import Sequence
from itertools import count

from simulation.world import World

from protocol.events import PeerUp, Received
from protocol.lanes.claims import Inception
from protocol.lanes.directory import Profile
from protocol.lanes.entry import COMMONS, IDENTITY, NO_NETWORK, Entry, encode_body, seal
from protocol.lanes.identity import promise
from protocol.peers.messages import Entries, Hello, LinkNews, NodeRole, pack
from protocol.practices.between.links.entries import HoldItem, LinkRecord, Settings, Terms, link_id, link_lane
from protocol.wire.codec import encode
from protocol.wire.keys import KeyPair, digest


class Stranger:
    """A network of its own making, whose node can open a connection: it says whatever it likes, rightly signed."""

    numbers = count()

    def __init__(self, number: int | None = None) -> None:
        number = next(self.numbers) if number is None else number
        self.hot, self.cold, self.transport = (
            KeyPair.from_seed(digest("seed", b"%d %d" % (number, n))) for n in range(3)
        )
        inception = Inception(self.hot.public, promise(self.cold.public), (self.cold.public,), 1, self.transport.public)
        self.said = [
            seal(self.hot, network=NO_NETWORK, lane=IDENTITY, epoch=0, seq=0, prev=None,
                 body=encode_body(inception, 1), salt=bytes(16))
        ]  # fmt: skip
        self.network = self.said[0].id
        self.peer = f"stranger {number}"
        self.offered: dict[tuple[int, int], bytes] = {}

    def says(self, body: bytes) -> Entry:
        """Sign the next word of its commons."""
        before = self.said[-1]
        seq = len(self.said) - 1
        self.said.append(
            seal(self.hot, network=self.network, lane=COMMONS, epoch=0, seq=seq,
                 prev=before.id if seq else None, body=body, salt=bytes(16))
        )  # fmt: skip
        return self.said[-1]

    def names_itself(self, times: int = 1) -> "Stranger":
        """Say so often what it is called."""
        for time in range(times):
            self.says(encode_body(Profile("s", f"{time}", "HORA", "Hora", 2, ()), 1))
        return self

    def chatters(self, size: int, times: int = 1) -> "Stranger":
        """Say so often what means nothing here, in so many bytes."""
        for _ in range(times):
            self.says(encode({1: "other/said", 2: 1, 3: {1: bytes(size)}}))
        return self

    def connects(self, world: World, name: str) -> "Stranger":
        """Connect its own node, and let it say hello."""
        world.give(name, PeerUp(self.peer, self.transport.public, outbound=False))
        hello = Hello(self.network, NodeRole.HOME, (self.said[0].wire,))
        world.give(name, Received(self.peer, pack(hello)))
        return self

    def tells(self, world: World, name: str, entries: Sequence[Entry] | None = None) -> None:
        """Tell a node these entries, or all of its own."""
        wires = tuple(one.wire for one in (self.said if entries is None else entries))
        world.give(name, Received(self.peer, pack(Entries(wires))))
        world.run()

    def offers(
        self, world: World, name: str, number: int = 0, *, seq: int = 0, at_ms: int | None = None, size: int = 0
    ) -> bytes:
        """Offer a node a link of its own, by a record at `seq` that `size` makes longer; returns the link's id."""
        low, high = sorted((self.network, world.nodes[name].network))
        terms = Terms(low, high, "HORA", 2, number.to_bytes(16, "big"))
        holds = (HoldItem(bytes(16), 1, bytes(32), bytes(size)),) if size else ()
        record = LinkRecord(terms, Settings("HORA", 1, 1, 0), 100 + seq, 0, len(holds), 0, 0, holds, (), (), 0, None)
        entry = seal(
            self.hot, network=self.network, lane=link_lane(link_id(terms)), epoch=0, seq=seq,
            prev=self.offered.get((number, seq - 1)),
            body=encode_body(record, world.now if at_ms is None else at_ms), salt=bytes(16),
        )  # fmt: skip
        self.offered[number, seq] = entry.id
        world.give(name, Received(self.peer, pack(LinkNews(entry.wire))))
        world.run()
        return link_id(terms)
