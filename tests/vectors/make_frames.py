# SPDX-License-Identifier: AGPL-3.0-or-later
"""Writes down what two homes say to each other: `PYTHONPATH=.:tests python tests/vectors/make_frames.py`.

The transcript is of real nodes. What a listener makes of single frames is asked of a node that knows nobody.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

from frames_parts import hear_parts
from make import FIRST_MS, Author, key, note, profile, seed_of, written
from simulation.groups import exchange, linked, pay
from simulation.world import Node, World

from protocol.events import Drop, PeerUp, Received, Send, SendRange, Store, StoreBoardItem, TimerFired
from protocol.lanes.claims import BackedBy, Backing, ColdKeys, Guardians, Recovery, RecoveryClaim, Reopening
from protocol.lanes.entry import COMMONS, IDENTITY, LEDGER, Entry, encode_body, seal
from protocol.lanes.identity import promise
from protocol.lanes.items import BoardItem, ItemSaid, seal_item
from protocol.lanes.journal import Keyring
from protocol.peers.board_messages import (
    BoardAhead,
    BoardHead,
    BoardItems,
    BoardItemsWanted,
    BoardPlace,
    BoardSpan,
    BoardSpans,
)
from protocol.peers.boards import head_of_item
from protocol.peers.messages import (
    SPANS_PER_FRAME_MAX,
    CircleAsked,
    Debt,
    Entries,
    Heads,
    Hello,
    Item,
    LaneRange,
    LinkHeld,
    LinkNews,
    LinkWanted,
    NodeRole,
    Probe,
    ProbeMet,
    QuoteDenied,
    Running,
    Span,
    Wanted,
    pack,
    unpack,
)
from protocol.peers.order_messages import OrderDid, OrderNews, OrderStep, OrderTerms
from protocol.peers.sessions import HELLO_WITHIN_MS, REQUESTS_PER_MINUTE_MAX
from protocol.practices import PRACTICES
from protocol.practices.between.clearing.circles import Circle, Leg
from protocol.practices.market.directory import OfferPublished
from protocol.replica import Replica
from protocol.wire.codec import Value, encode
from protocol.wire.keys import KeyPair
from protocol.wire.shape import to_map

FOLDER = Path(__file__).parent
ONE, OTHER = "riacho", "serra"
DAY_MS = 86_400_000


class Overheard(World):
    """A world that writes down what nodes say to each other, once it is asked to."""

    def __init__(self) -> None:
        super().__init__(2026)
        self.frames: list[tuple[str, str, int, bytes]] = []
        self.listens = False

    def carry(self, source: str, target: str, frame: bytes) -> None:
        if self.listens:
            self.frames.append((source, target, self.now, frame))
        super().carry(source, target, frame)


def talk() -> Overheard:
    """Let two networks meet, link, and pay one another."""
    world = Overheard()
    exchange(world, ONE, "HORA", "ana")
    exchange(world, OTHER, "FLOR", "elio")
    world.listens = True
    linked(world, ONE, OTHER, 100, rate="1.5")
    world.tick(2)
    pay(world, ONE, "ana", "elio@serra", 10)
    world.tick(2)
    assert not world.drops
    return world


def shown(frame: bytes) -> dict[str, Any]:
    """Return a frame with what it says."""
    message = unpack(frame)
    return {"message": type(message).__name__, "fields": note(to_map(message)), "frame": frame.hex()}


class Listener:
    """A home that knows nobody, and what it makes of what the other network's home says."""

    def __init__(self, world: Overheard, listener: Author) -> None:
        self.speaker: Node = world.nodes[OTHER]
        self.listener = listener
        self.hello = next(frame for source, _, _, frame in world.frames if source == OTHER)
        self.cases: list[dict[str, Any]] = []
        self.stranger = world.nodes[ONE].transport

    def hear(
        self,
        name: str,
        *frames: bytes,
        greeted: bool = True,
        after_ms: int = 0,
        transport: bytes | None = None,
        times: int = 1,
    ) -> None:
        """Note what comes of frames, the last of them so many times, after so long."""
        replica = Replica(
            self.listener.network, PRACTICES, chance=bytes, keyring=Keyring(key(self.listener.signer), bytes(32))
        )
        list(replica.load(self.listener.written))
        before = [self.hello] if greeted else []
        before += frames[:-1]
        first = transport or self.speaker.transport
        told = [*replica.handle([PeerUp(OTHER, first, False)], FIRST_MS)]
        for frame in before:
            told = replica.handle([Received(OTHER, frame)], FIRST_MS)
            assert not any(isinstance(one, Drop) for one in told), name
        for _ in range(times if frames else 0):
            told = replica.handle([Received(OTHER, frames[-1])], FIRST_MS + after_ms)
        if after_ms:
            told = replica.handle([TimerFired()], FIRST_MS + after_ms)
        dropped = next((one.reason for one in told if isinstance(one, Drop)), None)
        answers = [one.frame for one in told if isinstance(one, Send)]
        for one in told:
            if isinstance(one, SendRange):
                held = [entry for entry in self.listener.written if is_in(entry, one)]
                answers += [pack(Entries(tuple(entry.wire for entry in held)))] if held else []
        stored = [one.entry.wire.hex() for one in told if isinstance(one, Store)]
        stored += [one.wire.hex() for one in told if isinstance(one, StoreBoardItem)]
        self.cases.append(
            {
                "name": name,
                "transport": first.hex(),
                "before": [one.hex() for one in before],
                "frame": frames[-1].hex() if frames else None,
                "times": times,
                "after_ms": after_ms,
                "then": "dropped" if dropped else "answered" if answers else "kept" if stored else "passed over",
                "reason": dropped,
                "answers": [shown(one) for one in answers] if not dropped else [],
                "kept": stored if not dropped else [],
            }
        )


def is_in(entry: Entry, wanted: SendRange) -> bool:
    """Tell whether an entry is of a range that is to be sent."""
    place = (entry.network, entry.header.lane)
    return place == (wanted.network, wanted.lane) and wanted.first <= entry.header.seq <= wanted.last


def others() -> list[dict[str, Any]]:
    """Return a frame of each message that the transcript has none of."""
    id, short = bytes(range(32)), bytes(range(16))
    debt = Debt(id, id[::-1], id, "HORA", 2)
    circle = Circle(FIRST_MS, (Leg(id, id, 1), Leg(id[::-1], id[::-1], 1)), id, FIRST_MS + 60_000)
    messages = (
        LinkWanted(1),
        QuoteDenied(short, "LINK_NOT_OPEN", id),
        CircleAsked(short, encode(to_map(circle)), bytes(64)),
        Probe(short, to_debtor=True, onward=False),
        ProbeMet(short, to_debtor=False, debts=(debt,), worth=1),
        LinkHeld(id, id, 0, None),
        LinkHeld(id, id, 7, id),
        Running(id[:16], 1_700_000_000_000, 1_700_000_001_000, None, bytes(64)),
        Running(id[:16], 1_700_000_000_000, 1_700_000_001_000, id[16:], bytes(64)),
        BoardSpans(
            (
                BoardSpan(None, "", id, None),
                BoardSpan(id, "0a", None, (BoardHead(id, short, 1, withdrawn=False, mark=id),)),
            )
        ),
        BoardAhead(
            (BoardHead(id, short, 1, withdrawn=False, mark=id), BoardHead(id, short, 2, withdrawn=True, mark=id))
        ),
        OrderNews(short, OrderTerms(short, "ana", 1_000, "KGM", "HORA", 4_00, FIRST_MS, FIRST_MS + 1), (), 0),
        OrderNews(
            short,
            None,
            (
                OrderStep(OrderDid.ACCEPTED, FIRST_MS),
                OrderStep(OrderDid.DELIVERED, FIRST_MS, 1_000, 4_00, short),
                OrderStep(OrderDid.DISPUTED, FIRST_MS, text="wet"),
                OrderStep(OrderDid.SETTLED, FIRST_MS, fulfilled=True),
            ),
            1,
        ),
        BoardItemsWanted((BoardPlace(id, short),)),
        BoardItems((seal_item(key("vila hot 0"), ItemSaid(1, id, 0, short, 2, FIRST_MS, (), "a/b")).wire,)),
    )
    return [shown(pack(one)) for one in messages]


def cases(world: Overheard) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Return what a listener makes of single frames."""
    author = Author("encants")
    author.write(profile("encants", "ECO"), COMMONS)
    ears = Listener(world, author)
    speaker = ears.speaker
    own = [one for one in speaker.disk if one.network == speaker.network]
    said = {lane: [one for one in own if one.header.lane == lane] for lane in (IDENTITY, COMMONS, LEDGER)}
    assert speaker.keyring is not None
    hot = speaker.keyring.hot
    others = world.nodes[ONE]
    strange = [one for one in others.disk if one.network == others.network and one.header.lane == COMMONS]

    def word(after: list[Entry], body: bytes, **changed: Any) -> Entry:
        """Return the next word of the speaker in its commons."""
        place: dict[str, Any] = {
            "network": speaker.network, "lane": COMMONS, "epoch": 0, "seq": len(after),
            "prev": after[-1].id if after else None, "body": body, "salt": bytes(16),
        }  # fmt: skip
        return seal(changed.pop("keys", hot), **(place | changed))

    def entries(*told: Entry) -> bytes:
        return pack(Entries(tuple(one.wire for one in told)))

    commons = said[COMMONS]
    next_word = word(commons, encode_body(OfferPublished(bytes(16), "bread"), FIRST_MS))
    unknown = word(commons, encode({1: "weather/seen", 2: FIRST_MS, 3: {1: "rain"}}))
    wanted = Wanted((LaneRange(author.network, COMMONS, 0, 0),))
    span = Span(None, "", bytes(32), None)
    item = Item(speaker.network, COMMONS, 0, len(commons) - 1, commons[-1].id)
    crowd: list[Value] = [to_map(span)] * (SPANS_PER_FRAME_MAX + 1)
    greeting = unpack(ears.hello)
    assert isinstance(greeting, Hello)

    ears.hear("hello", ears.hello, greeted=False)
    ears.hear("silence", greeted=False, after_ms=HELLO_WITHIN_MS + 1)
    ears.hear("a word before hello", pack(Heads((span,))), greeted=False)
    ears.hear("hello twice", ears.hello)
    ears.hear("hello under another key than is certified", ears.hello, greeted=False, transport=ears.stranger)
    ears.hear("hello of a replica that is not ours", pack(replace(greeting, role=NodeRole.REPLICA)), greeted=False)
    ears.hear("hello with another's key events", pack(replace(greeting, network=bytes(32))), greeted=False)
    mixed = replace(greeting, identity=(*greeting.identity, commons[0].wire))
    ears.hear("hello with what is no key event", pack(mixed), greeted=False)
    ears.hear("no CBOR", b"\xff")
    ears.hear("no array of a number and a map", encode([2]))
    ears.hear("a number from 65,536 on", encode([65_536, {}]))
    ears.hear("a number below it that is not known", encode([65_535, {}]))
    ears.hear("a field that is not known", encode([2, to_map(wanted) | {99: 1}]))
    ears.hear("a field left out", encode([2, {1: [{1: author.network}]}]))
    ears.hear("a field of another type", encode([2, {1: [to_map(wanted.ranges[0]) | {3: "0"}]}]))
    ears.hear(f"{SPANS_PER_FRAME_MAX + 1} spans", encode([3, {1: crowd}]))
    ears.hear("too many questions in a minute", pack(wanted), times=REQUESTS_PER_MINUTE_MAX + 1)
    ears.hear("what we hold is wanted", pack(wanted))
    ears.hear("a lane of a network that we do not know is wanted", pack(Wanted((LaneRange(bytes(32), COMMONS, 0, 0),))))
    ears.hear("our ledger is wanted", pack(Wanted((LaneRange(author.network, LEDGER, 0, 0),))))
    ears.hear("more than a window is wanted", pack(Wanted((LaneRange(author.network, COMMONS, 0, 8_192),))))
    strange_lanes = Heads((Span(author.network, "", bytes(32), None),))
    ears.hear("heads of lanes that are not for the speaker", pack(strange_lanes))
    ears.hear("heads of who has nothing", pack(Heads((Span(None, "", None, ()),))))
    ears.hear("another fingerprint", pack(Heads((span,))))
    ears.hear("a head that we lack", pack(Heads((Span(None, "", None, (item,)),))))
    ears.hear("entries", entries(*commons))
    ears.hear("entries that we hold", entries(*commons), entries(*commons))
    ears.hear("an entry whose past we lack", entries(next_word))
    ears.hear("an entry of a network that we do not know", entries(*strange))
    unlinked = word([*commons, next_word], encode_body(OfferPublished(bytes(16), "milk"), FIRST_MS), prev=bytes(32))
    ears.hear("entries that are not linked", entries(*commons), entries(next_word, unlinked))
    ears.hear("an entry of a private lane", entries(said[LEDGER][0]))
    ears.hear("what is no entry", pack(Entries((b"\x84",))))
    ears.hear("an entry that another has signed", entries(word(commons[:0], commons[0].body_bytes, keys=key("thief"))))
    ears.hear("a twin of an entry that we hold", entries(*commons), entries(word(commons[:-1], next_word.body_bytes)))
    for name, at_ms in (("before", FIRST_MS), ("after", FIRST_MS - DAY_MS)):
        before, event = recovery(at_ms)
        ears.hear(f"a recovery {name} its time", entries(*before), entries(event))
    ears.hear("a word", entries(*commons), entries(next_word))
    ears.hear("a word of an unknown kind", entries(*commons), entries(unknown))
    ears.hear("a probe, where nobody clears", pack(Probe(bytes(16), to_debtor=True, onward=True)))
    ears.hear("an answer to no question", pack(QuoteDenied(bytes(16), "OVERLOADED", bytes(32))))
    hear_boards(ears, speaker.network, hot, [*said[IDENTITY], *commons])
    hear_parts(ears.hear, item)
    record = next(one for one in own if one.header.lane.startswith("link/"))
    ears.hear("a record of a link of others", pack(LinkNews(record.wire)))
    ears.hear("what is no record", pack(LinkNews(commons[0].wire)))
    told = {
        "network": author.network.hex(),
        "hot_seed": seed_of(author.signer).hex(),
        "entries": [one.wire.hex() for one in author.written],
    }
    return ears.cases, told


def hear_boards(ears: Listener, network: bytes, hot: KeyPair, known: list[Entry]) -> None:
    """Note what comes of what a peer says of boards."""

    def item(**changed: Any) -> BoardItem:
        keys, spans_ms = changed.pop("keys", hot), changed.pop("days", 1) * DAY_MS
        said = ItemSaid(1, network, 0, bytes(16), 1, FIRST_MS + spans_ms, (), "weather/seen", b"rain")
        return seal_item(keys, replace(said, **changed))

    def items(*told: BoardItem) -> bytes:
        return pack(BoardItems(tuple(one.wire for one in told)))

    entries = pack(Entries(tuple(one.wire for one in known)))
    good, gone = item(), item(version=2, body=None)
    head, part = head_of_item(good), BoardSpan(None, "", None, (head_of_item(good),))
    wanted = pack(BoardItemsWanted((BoardPlace(network, bytes(16)),)))
    ears.hear("an item of a board", entries, items(good))
    ears.hear("an item that we hold", entries, items(good), items(good))
    ears.hear("an item withdrawn", entries, items(good), items(gone))
    ears.hear("an older version of an item", entries, items(gone), items(good))
    ears.hear("an item of a network that we do not know", items(item(network=bytes(32))))
    ears.hear("an item that another has signed", entries, items(item(keys=key("thief"))))
    ears.hear("an item that has ended", entries, items(item(days=0)))
    ears.hear("an item that ends in ten years", entries, items(item(days=3_653)))
    ears.hear("an item that is not for us", entries, items(item(seen_by=(bytes(32),))))
    ears.hear("what is no item", pack(BoardItems((b"\x82",))))
    ears.hear("boards with another fingerprint", pack(BoardSpans((BoardSpan(None, "", b"1" * 32, None),))))
    ears.hear(
        "boards of a federation that we are not in", pack(BoardSpans((BoardSpan(bytes(32), "", bytes(32), None),)))
    )
    ears.hear("parts of boards that overlap", pack(BoardSpans((part, replace(part, prefix="0", items=())))))
    ears.hear("items of boards that we lack", entries, pack(BoardSpans((part,))))
    ears.hear("items of boards that we lack are there", entries, pack(BoardAhead((head,))))
    ears.hear("an item that we hold is wanted", entries, items(good), wanted)
    ears.hear("an item that we do not hold is wanted", wanted)


def recovery(at_ms: int) -> tuple[list[Entry], Entry]:
    """Return what a network and its guardians say, the last of them at an hour; and the recovery, good a day later."""
    vila, porto, cais = Author("vila"), Author("porto"), Author("cais")
    claim = vila.claim(guardians=Guardians((porto.network, cais.network), 2, DAY_MS))
    vila.epoch, vila.signer = 1, "vila hot 1"
    vila.write(vila.rotation(claim, 0), IDENTITY)
    cold = ColdKeys((key("vila cold 9").public,), 1)
    wanted = RecoveryClaim(
        vila.network, 2, key("vila hot 9").public, promise(key("vila hot 10").public), key("vila transport").public,
        cold, vila.all_heads(),
    )  # fmt: skip
    backed: list[BackedBy] = []
    for guardian, said_ms in ((porto, at_ms - 5 * DAY_MS), (cais, at_ms)):
        guardian.epoch = 1
        word = Reopening(1, guardian.all_heads(), Backing(wanted.digest, said_ms))
        backed.append(BackedBy(guardian.network, guardian.write(word, IDENTITY).id, said_ms))
    vila.epoch, vila.signer = 2, "vila hot 9"
    event = vila.make(Recovery(wanted, tuple(backed)), IDENTITY)
    return [*vila.written, *porto.written, *cais.written], event


def frames() -> dict[str, Any]:
    """Return the transcript, and what a listener makes of single frames."""
    world = talk()
    heard, listener = cases(world)
    return {
        "about": "`transcript`: what two homes say to each other, in the order in which it is said, each frame without"
        " its length: hello, heads, entries; then one asks for a link and the other takes it up; then a "
        "member of the one pays a member of the other. `others` has a frame of each other message. `networks`"
        " are their ids, the libp2p keys of their homes, and their inceptions. `heard`: what a home that "
        "knows nobody (`listener`) makes of `frame`, said `times` times and after `after_ms`, by a peer under"
        " the libp2p key `transport` that has said `before`: dropped for a `reason` (whose words are this "
        "program's own), or `answers` and what is `kept`. `frame` is null where nothing is said.",
        "networks": {
            name: {
                "network": node.network.hex(),
                "transport": node.transport.hex(),
                "identity": [one.wire.hex() for one in node.disk if one.header.lane == IDENTITY][:1],
            }
            for name, node in world.nodes.items()
        },
        "transcript": [
            {"from": source, "to": target, "at_ms": at_ms, **shown(frame)}
            for source, target, at_ms, frame in world.frames
        ],
        "others": others(),
        "listener": listener,
        "heard": heard,
    }


def write() -> None:
    """Write it all anew."""
    (FOLDER / "own_frames.json").write_text(written(frames()))


if __name__ == "__main__":
    write()
