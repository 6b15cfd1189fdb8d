# SPDX-License-Identifier: AGPL-3.0-or-later
"""Partners come first, strangers share a part of the time, and no turn is long, whatever is sent."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from node.loop.turns import (
    FAR_ENTRIES_MAX,
    FAR_TURN_INPUTS_MAX,
    FAR_TURN_SECONDS,
    NEAR_BYTES_MAX,
    REST_TIMES,
    REST_TIMES_IDLE,
    FromPeer,
    Piece,
    Turns,
)
from protocol.events import PeerDown, PeerUp, Received
from protocol.peers.board_messages import BoardAhead, BoardItems, BoardItemsWanted, BoardSpans
from protocol.peers.messages import Ahead, Entries, Heads, Wanted, pack, unpack
from protocol.peers.ties import Tie

GOSSIP = (Heads(()), Ahead(()), Wanted(()), BoardSpans(()), BoardAhead(()), BoardItemsWanted(()), BoardItems(()))
FEDERATION, KNOWN, OWN, PARTNER, STRANGER = Tie.FEDERATION, Tie.KNOWN, Tie.OWN, Tie.PARTNER, Tie.STRANGER


@dataclass
class Loop:
    """Handles what it is given; each input takes as many milliseconds as its peer's name says behind the dash."""

    turns: Turns = field(default_factory=Turns)
    now: float = 0.0
    spent: Counter[str] = field(default_factory=Counter[str])
    longest: float = 0.0

    def hear(self, tie: Tie, *heard: FromPeer) -> list[Received]:
        return [gone for one in heard for gone in self.turns.put(one, tie)]

    def turn(self) -> Iterator[FromPeer]:
        """Give others a turn, if it is theirs."""
        if self.turns.far_waits(self.now):
            began = self.now
            for one in self.turns.far(lambda: self.now):
                took = float(one.peer.partition("-")[2].rstrip("*")) / 1_000
                self.now += took
                self.spent[one.peer] += round(1_000_000 * took)
                yield one
            self.longest = max(self.longest, self.now - began)

    def run(self, seconds: float, *, wishes: bool) -> None:
        """Go on for a while; between the turns the loop has nothing to do."""
        ends = self.now + seconds
        while self.now < ends:
            if wishes:
                self.turns.note_wish(self.now)
            if not list(self.turn()):
                self.now += 0.000_1


def frames(peer: str, count: int) -> list[Received]:
    return [Received(peer, str(number).encode()) for number in range(count)]


@pytest.mark.parametrize(("wishes", "share"), [(True, 1 / (1 + REST_TIMES)), (False, 1 / (1 + REST_TIMES_IDLE))])
def test_strangers_have_a_share_of_the_time_however_many_they_are(*, wishes: bool, share: float) -> None:
    loop = Loop()
    for stranger in range(16):
        loop.hear(STRANGER, *frames(f"{stranger}-1.5", 300))
    loop.run(2.0, wishes=wishes)
    assert sum(loop.spent.values()) / 2_000_000 == pytest.approx(share, abs=0.02)
    assert loop.longest <= FAR_TURN_SECONDS + 0.0015, "what has begun is ended"
    assert len(loop.spent) == 16
    assert max(loop.spent.values()) - min(loop.spent.values()) <= 1_500, "each has had as many turns as the others"


def test_of_the_others_who_is_nearer_has_more_of_the_time() -> None:
    loop = Loop()
    for stranger in range(30):
        loop.hear(STRANGER, *frames(f"{stranger}-1", 500))
    loop.hear(KNOWN, *frames("known-1", 5_000))
    loop.hear(FEDERATION, *frames("fellow-1", 5_000))
    loop.run(4.0, wishes=True)
    known, fellow = loop.spent.pop("known-1"), loop.spent.pop("fellow-1")
    strangers = sum(loop.spent.values())
    assert known == pytest.approx(4 * strangers, rel=0.05)
    assert fellow == pytest.approx(8 * strangers, rel=0.05)


def test_who_was_silent_for_long_has_saved_no_time_up() -> None:
    loop = Loop()
    loop.hear(STRANGER, *frames("stranger-1", 5_000))
    loop.run(2.0, wishes=True)
    loop.hear(KNOWN, *frames("known-1", 5_000))
    before = loop.spent["stranger-1"]
    loop.run(1.0, wishes=True)
    assert loop.spent["stranger-1"] - before >= 40_000


def test_partners_and_own_nodes_wait_for_nobody() -> None:
    loop = Loop()
    loop.hear(STRANGER, *frames("stranger-1", 50))
    loop.hear(PARTNER, *frames("serra", 3))
    loop.hear(OWN, *frames("copy", 2))
    assert [one.peer for one in loop.turns.near()] == ["serra", "copy", "serra", "copy", "serra"]
    assert not loop.turns.near_waits
    assert loop.turns.far_waits(0.0)


def test_cheap_frames_make_no_long_turn_either() -> None:
    loop = Loop()
    loop.hear(STRANGER, *frames("stranger-0", 1_000))
    assert len(list(loop.turn())) == FAR_TURN_INPUTS_MAX


def long_frame(count: int, size: int = 200) -> bytes:
    return pack(Entries(tuple(number.to_bytes(2, "big") * (size // 2) for number in range(count))))


def entries_of(heard: FromPeer) -> tuple[bytes, ...]:
    assert isinstance(heard, Received)
    message = unpack(heard.frame)
    assert isinstance(message, Entries)
    return message.entries


def test_a_strangers_long_frame_is_handled_in_pieces_and_counts_once() -> None:
    loop = Loop()
    loop.hear(STRANGER, Received("0-2", long_frame(100)), Received("0-2", b"next"))
    loop.hear(STRANGER, Received("1-2", b"other"))
    handled: list[FromPeer] = []
    while len(loop.turns):
        handled += loop.turn()
        loop.now += 0.1
    mine = [one for one in handled if one.peer == "0-2"]
    assert [entry for one in mine[:-1] for entry in entries_of(one)] == list(entries_of(Received("", long_frame(100))))
    assert max(len(entries_of(one)) for one in mine[:-1]) == FAR_ENTRIES_MAX
    assert [one.frame for one in handled if isinstance(one, Received) and not isinstance(one, Piece)][-1] == b"next"
    assert sum(not isinstance(one, Piece) for one in mine) == 2, "so many frames may the peer send in their place"
    assert handled[1].peer == "1-2", "others have their turn between the pieces"


def test_a_partners_gossip_has_the_turn_of_others_and_keeps_nothing_else_of_it_waiting() -> None:
    loop = Loop()
    loop.hear(PARTNER, Received("serra-1", long_frame(100)), Received("serra-1", b"record"))
    loop.hear(STRANGER, Received("stranger-1", long_frame(100)))
    loop.hear(PARTNER, *(Received("encants-0", pack(one)) for one in GOSSIP))
    assert loop.turns.near() == [Received("serra-1", b"record")]
    handled: list[FromPeer] = []
    while len(loop.turns):
        handled += loop.turn()
        loop.now += 0.1
    passed_on = [one for one in handled if one.peer == "serra-1"]
    assert [entry for one in passed_on for entry in entries_of(one)] == list(entries_of(Received("", long_frame(100))))
    assert {one.peer for one in handled[-5:]} == {"stranger-1"}, "a partner's turn is longer"


def test_the_ledger_of_an_own_node_is_taken_whole() -> None:
    loop = Loop()
    loop.hear(OWN, Received("copy", long_frame(4_000)))
    assert [len(entries_of(one)) for one in loop.turns.near()] == [4_000]
    assert not len(loop.turns)


def test_a_batch_of_what_is_near_is_bounded_in_bytes() -> None:
    loop = Loop()
    loop.hear(PARTNER, *[Received("serra", bytes(NEAR_BYTES_MAX // 4 + 1))] * 10)
    assert [len(loop.turns.near()) for _ in range(4)] == [4, 4, 2, 0]


def test_what_one_peer_brings_keeps_its_order() -> None:
    loop = Loop()
    up, down = PeerUp("serra", b"k", outbound=False), PeerDown("serra")
    story = [up, *frames("serra", 3), down, up, *frames("serra", 1)]
    loop.hear(PARTNER, *story)
    assert loop.turns.near() == story


def test_what_a_stranger_said_is_let_go_of_when_it_is_gone() -> None:
    loop = Loop()
    up, down = PeerUp("0-0", b"k", outbound=False), PeerDown("0-0")
    said = [Received("0-0", long_frame(100)), *frames("0-0", 3)]
    loop.hear(STRANGER, up)
    assert list(loop.turn()) == [up]
    loop.hear(STRANGER, *said)
    assert len(next(loop.turn()).frame) < len(said[0].frame)  # type: ignore[union-attr]
    gone = loop.hear(STRANGER, down)
    assert sum(not isinstance(one, Piece) for one in gone) == len(said), "the peer has all its room back"
    assert loop.hear(STRANGER, up, *said, down) == said
    loop.now += 1
    assert list(loop.turn()) == [down], "nobody hears of a visit that ended before its turn"
    assert not len(loop.turns)


def test_who_becomes_a_partner_is_served_as_one() -> None:
    loop = Loop()
    loop.hear(STRANGER, *frames("serra", 2))
    assert not loop.turns.near_waits
    loop.turns.retie(lambda _: PARTNER)
    assert loop.turns.near() == frames("serra", 2)
    assert not loop.turns.far_waits(0.0)
