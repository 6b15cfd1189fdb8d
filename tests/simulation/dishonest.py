# SPDX-License-Identifier: AGPL-3.0-or-later
"""How a network can cheat: named strategies, in one table.

A dishonest node owns real keys and runs the real code; its strategy twists what it says, and schemes now
and then. Its own state is its own affair: what counts is what honest nodes make of it.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from random import Random

from simulation.siege import besiege
from simulation.strangers import Stranger
from simulation.world import Node, World

from protocol.events import TimerFired
from protocol.lanes.directory import Directory
from protocol.lanes.entry import COMMONS, LINK_PREFIX, decode_body, encode_body, parse, seal
from protocol.peers.budgets import BUDGETS
from protocol.peers.messages import Entries, LinkNews, LinkWanted, Message, QuoteGiven, pack
from protocol.peers.ties import Tie
from protocol.practices.between.links.entries import ClaimItem, HoldItem, LinkRecord, link_lane
from protocol.practices.between.links.link import Link
from protocol.practices.between.links.state import Links
from protocol.practices.between.links.steps import Place, Waive
from protocol.practices.between.routes.state import Routes
from protocol.wire.keys import KeyPair

Twist = Callable[[World, Node, Random, Message], tuple[Message, ...]]
Scheme = Callable[[World, Node, Random], None]
Hears = Callable[[Message], bool]


def _as_it_is(world: World, node: Node, dice: Random, message: Message) -> tuple[Message, ...]:
    return (message,)


def _nothing(world: World, node: Node, dice: Random) -> None:
    return


def _all(message: Message) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Strategy:
    """What a dishonest node makes of what it says (`twist`), hears, and does of its own accord (`scheme`)."""

    story: str
    twist: Twist = _as_it_is
    scheme: Scheme = _nothing
    hears: Hears = _all


# Making things up.


def _links(node: Node) -> list[Link]:
    return [link for link in node.replica.book.of(Links).by_id.values() if link.mine is not None]


def _say(world: World, node: Node, network: bytes, message: Message) -> None:
    """Say something to a network's home without a twist."""
    for name in world.peers(node.name):
        if world.nodes[name].network == network:
            world.wires.append((node.name, name, pack(message)))


def _resealed(
    node: Node, record: bytes, change: Callable[[LinkRecord], LinkRecord], *, later: int = 0
) -> LinkNews | None:
    """Return a record of the node's own with other words, rightly signed, at the same place or a later one."""
    entry = parse(record)
    if entry.network != node.network or node.keyring is None:
        return None
    body, at_ms = decode_body(entry.body_bytes, {LinkRecord.KIND: LinkRecord})
    assert isinstance(body, LinkRecord)
    header = entry.header
    changed = seal(
        node.keyring.hot, network=node.network, lane=header.lane, epoch=header.epoch, seq=header.seq + later,
        prev=header.prev, body=encode_body(change(body), at_ms), salt=bytes(16),
    )  # fmt: skip
    return LinkNews(changed.wire)


def _newest(node: Node, link: Link) -> bytes | None:
    return node.replica.journal.held.records.newest.get((node.network, link_lane(link.id)))


def _twist_records(share: float, change: Callable[[Random, LinkRecord], LinkRecord]) -> Twist:
    def twist(world: World, node: Node, dice: Random, message: Message) -> tuple[Message, ...]:
        if not isinstance(message, LinkNews) or dice.random() > share:
            return (message,)
        said = _resealed(node, message.record, lambda body: change(dice, body))
        return (message,) if said is None else (said,)

    return twist


# The strategies.


def _equivocate(world: World, node: Node, dice: Random) -> None:
    """Say two things at one place: of a link to its partner, or of itself to two neighbours."""
    links = [link for link in _links(node) if _newest(node, link) is not None]
    if links and dice.random() < 0.7:
        link = dice.choice(links)
        record = _newest(node, link)
        assert record is not None
        twin = _resealed(node, record, lambda body: replace(body, granted=body.granted + 1))
        if twin is not None:
            _say(world, node, link.partner, twin)
        return
    journal = node.replica.journal
    head = journal.held.head(node.network, COMMONS)
    profile = journal.book.of(Directory).networks[node.network].profile
    assert head is not None and profile is not None and node.keyring is not None
    for name, peer in zip(("Angel", "Devil"), sorted(world.peers(node.name)), strict=False):
        said = seal(
            node.keyring.hot, network=node.network, lane=COMMONS, epoch=head.position.epoch, seq=head.position.seq + 1,
            prev=head.id, body=encode_body(replace(profile, name=name), world.now), salt=bytes(16),
        )  # fmt: skip
        world.wires.append((node.name, peer, pack(Entries((said.wire,)))))


def _forge(world: World, node: Node, dice: Random) -> None:
    """Say in another's name that it forwards at another rate."""
    journal = node.replica.journal
    routes = journal.book.of(Routes)
    said = [
        (network, word) for network in sorted(routes.said) if network != node.network for word in routes.of(network)
    ]
    if not said or node.keyring is None:
        return
    network, word = dice.choice(said)
    head = journal.held.head(network, COMMONS)
    assert head is not None
    forged = seal(
        node.keyring.hot, network=network, lane=COMMONS, epoch=head.position.epoch, seq=head.position.seq + 1,
        prev=head.id, body=encode_body(replace(word, num=word.num % 9 + 1), world.now), salt=bytes(16),
    )  # fmt: skip
    for peer in world.peers(node.name):
        world.wires.append((node.name, peer, pack(Entries((forged.wire,)))))


def _sign_the_last(world: World, node: Node, dice: Random) -> None:
    """Say several things of itself in public, each linked to the one before, of which the last alone is signed."""
    journal = node.replica.journal
    head = journal.held.head(node.network, COMMONS)
    profile = journal.book.of(Directory).networks[node.network].profile
    assert head is not None and profile is not None and node.keyring is not None
    said, prev = list[bytes](), head.id
    for number, key in enumerate((KeyPair.from_seed(bytes(32)), KeyPair.from_seed(bytes(32)), node.keyring.hot)):
        entry = seal(
            key, network=node.network, lane=COMMONS, epoch=head.position.epoch, seq=head.position.seq + 1 + number,
            prev=prev, body=encode_body(replace(profile, name=f"Nobody {dice.randrange(100)}"), world.now),
            salt=bytes(16),
        )  # fmt: skip
        said.append(entry.wire)
        prev = entry.id
    for peer in world.peers(node.name):
        world.wires.append((node.name, peer, pack(Entries(tuple(said)))))


def _withhold(world: World, node: Node, dice: Random, message: Message) -> tuple[Message, ...]:
    return () if isinstance(message, LinkNews) and dice.random() < 0.8 else (message,)


def _replay(world: World, node: Node, dice: Random) -> None:
    """Say again what was said once, and show an invoice that was paid once more."""
    own = [entry for entry in node.disk if entry.network == node.network]
    entry = dice.choice(own)
    if entry.header.lane.startswith(LINK_PREFIX):
        for link in _links(node):
            if link_lane(link.id) == entry.header.lane:
                _say(world, node, link.partner, LinkNews(entry.wire))
    for link in _links(node):
        shown = dice.choice(own)
        if shown.header.lane != link_lane(link.id):
            continue
        body, _ = decode_body(shown.body_bytes, {LinkRecord.KIND: LinkRecord})
        assert isinstance(body, LinkRecord)
        for item in body.holds[:1]:
            _place(world, node, link, replace(item, id=dice.randbytes(16)))


def _place(world: World, node: Node, link: Link, item: HoldItem) -> None:
    step = Place(link.id, item)
    link = node.replica.book.of(Links).by_id.get(link.id, link)
    if link.mine is not None and link.refusal(step) is None and not link.is_lost and not node.replica.recovering:
        node.replica.book.of(Links).take(node.replica.book, step)
        world.give(node.name, TimerFired())


def _lie_about_limits(dice: Random, body: LinkRecord) -> LinkRecord:
    match dice.randrange(6):
        case 0:
            return replace(body, granted=body.granted // 2)
        case 1:
            return replace(body, returned=body.returned + dice.randrange(1, 10**6))
        case 2:
            return replace(body, placed=body.placed + 10**6)
        case 3:
            item = HoldItem(dice.randbytes(16), 10**6, dice.randbytes(32), b"")
            return replace(body, placed=body.placed + item.amount, holds=(*body.holds, item))
        case 4:
            return replace(body, waived_sum=body.waived_sum + 10**5)
        case _:
            return replace(body, claimed=body.claimed + 10**5)


def _claim_without_preimage(world: World, node: Node, dice: Random) -> None:
    """Claim whatever is open with a made-up preimage."""
    for link in _links(node):
        record, held = _newest(node, link), link.side.holds_in
        if record is None or not held:
            continue
        claims = tuple(ClaimItem(id, dice.randbytes(32)) for id in sorted(held))
        amount = sum(hold.amount for hold in held.values())

        def change(body: LinkRecord, claims: tuple[ClaimItem, ...] = claims, amount: int = amount) -> LinkRecord:
            items = tuple(sorted((*body.claims, *claims), key=lambda one: one.id))
            return replace(body, claimed=body.claimed + amount, claims=items)

        said = _resealed(node, record, change, later=1)
        if said is not None:
            _say(world, node, link.partner, said)


def _claim_twice(dice: Random, body: LinkRecord) -> LinkRecord:
    return replace(body, claimed=body.claimed + 100) if body.claims else body


def _spam_holds(world: World, node: Node, dice: Random) -> None:
    """Promise a little, under conditions that nobody can fulfil, as often as the caps allow."""
    for link in _links(node):
        for _ in range(dice.randrange(1, 16)):
            _place(world, node, link, HoldItem(dice.randbytes(16), 1, dice.randbytes(32), dice.randbytes(40)))


def _waive_what_is_open(world: World, node: Node, dice: Random) -> None:
    """Free whoever pays, while what was passed on is open."""
    book = node.replica.book
    for link in _links(node):
        for hold in sorted(link.now.holds_in):
            if not link.is_lost and not node.replica.recovering:
                book.of(Links).take(book, Waive(link.id, hold, "NO_ROUTE"))
    world.give(node.name, TimerFired())


def _come_back_old(world: World, node: Node, dice: Random) -> None:
    """Start again from an old copy of its disk, and go on as if nothing had been lost; or speak of epochs to come."""
    if dice.random() < 0.5:
        for link in _links(node):
            record = _newest(node, link)
            _say(world, node, link.partner, LinkWanted(dice.randrange(1, 9)))
            if record is not None:
                _say(world, node, link.partner, LinkNews(record))
        return
    keep = max(8, len(node.disk) - dice.randrange(1, 40))
    peers = world.peers(node.name)
    for peer in peers:
        world.cut(node.name, peer)
    disk = list(node.disk)
    del node.disk[keep:]
    try:
        world.load(node, recovering=False)
    except AssertionError:
        node.disk[:] = disk
        world.load(node, recovering=False)
    for peer in peers:
        world.join(node.name, peer)


def _bad_gossip(world: World, node: Node, dice: Random, message: Message) -> tuple[Message, ...]:
    if not isinstance(message, Entries) or not message.entries or dice.random() < 0.5:
        return (message,)
    wires = list(message.entries)
    match dice.randrange(3):
        case 0:
            wires.reverse()
        case 1:
            at = dice.randrange(len(wires))
            place = dice.randrange(len(wires[at]))
            wires[at] = wires[at][:place] + bytes([wires[at][place] ^ 1]) + wires[at][place + 1 :]
        case _:
            del wires[dice.randrange(len(wires))]
    return (Entries(tuple(wires)),)


def _overcharge(world: World, node: Node, dice: Random, message: Message) -> tuple[Message, ...]:
    """Ask for more than the price, or show another's invoice."""
    if isinstance(message, QuoteGiven) and message.hops and dice.random() < 0.7:
        first = message.hops[0]
        return (replace(message, hops=(replace(first, amount=max(1, first.amount // 2)), *message.hops[1:])),)
    return (message,)


def _flood(world: World, node: Node, dice: Random) -> None:
    """Make a network up that says more than anybody keeps of a stranger, and tell all neighbours of it."""
    one = Stranger(dice.randrange(2**62)).chatters(10, BUDGETS[Tie.STRANGER].each.entries)
    for peer in world.peers(node.name):
        world.wires.append((node.name, peer, pack(Entries(tuple(entry.wire for entry in one.said)))))


STRATEGIES: Mapping[str, Strategy] = {
    "equivocate": Strategy("says two things at one place", scheme=_equivocate),
    "forge": Strategy("changes rates in another's name", scheme=_forge),
    "sign the last alone": Strategy("says several words, of which the last is signed", scheme=_sign_the_last),
    "withhold": Strategy("keeps its records to itself", twist=_withhold),
    "replay": Strategy("says old things again, and pays one invoice twice", scheme=_replay),
    "lie about limits": Strategy("grants less, owes more and gives back what it has not",
                                 twist=_twist_records(0.3, _lie_about_limits)),
    "wrong preimage": Strategy("claims with made-up preimages", scheme=_claim_without_preimage),
    "refuse to claim": Strategy("lets every hold lie that comes", hears=lambda one: not isinstance(one, LinkNews)),
    "spam holds": Strategy("places holds that nobody can claim", scheme=_spam_holds),
    "stale epochs": Strategy("comes back from an old copy and says nothing of it", scheme=_come_back_old),
    "claim twice": Strategy("counts a claim twice", twist=_twist_records(0.3, _claim_twice)),
    "waive what is open": Strategy("frees the payer while the payee may claim", scheme=_waive_what_is_open),
    "bad gossip": Strategy("sends entries bent, broken and out of order", twist=_bad_gossip),
    "flood": Strategy("makes networks up that say more than anybody keeps", scheme=_flood),
    "besiege": Strategy("lets strangers fill the queues of a neighbour whose members wish", scheme=besiege),
    "overcharge": Strategy("quotes other amounts than it takes", twist=_overcharge),
}  # fmt: skip


# Single moves, for worlds in which each of them may come at any time.

Move = Callable[[World, Node], None]


def _each_record(world: World, node: Node, change: Callable[[LinkRecord], LinkRecord], later: int) -> None:
    for link in _links(node):
        record = _newest(node, link)
        said = None if record is None else _resealed(node, record, change, later=later)
        if said is not None:
            _say(world, node, link.partner, said)


def _two_records(world: World, node: Node) -> None:
    _each_record(world, node, lambda body: replace(body, granted=body.granted + 1), 0)


def _take_back_grant(world: World, node: Node) -> None:
    _each_record(world, node, lambda body: replace(body, granted=body.granted // 2), 1)


def _promise_too_much(world: World, node: Node) -> None:
    item = HoldItem(bytes(15) + b"\x01", 10**6, bytes(32), b"")
    _each_record(
        world, node, lambda body: replace(body, placed=body.placed + item.amount, holds=(*body.holds, item)), 1
    )


def _give_back_too_much(world: World, node: Node) -> None:
    _each_record(world, node, lambda body: replace(body, returned=body.returned + 10**6), 1)


def _say_old(world: World, node: Node) -> None:
    """Say the record before the newest once more."""
    for link in _links(node):
        lane = link_lane(link.id)
        said = [one for one in node.disk if one.network == node.network and one.header.lane == lane]
        for entry in said[-2:-1]:
            _say(world, node, link.partner, LinkNews(entry.wire))


def _pay_one_invoice_twice(world: World, node: Node) -> None:
    for link in _links(node):
        for id, hold in sorted(link.side.own.holds.items()):
            onward = link.onward_out[id]
            _place(world, node, link, HoldItem(id[::-1], hold.amount, hold.condition, onward))


def _forget_and_go_on(world: World, node: Node) -> None:
    """Start again without what was written last, and say nothing of it."""
    peers = world.peers(node.name)
    for peer in peers:
        world.cut(node.name, peer)
    del node.disk[-2:]
    world.load(node, recovering=False)
    for peer in peers:
        world.join(node.name, peer)


MOVES: Mapping[str, Move] = {
    "claim without preimage": lambda world, node: _claim_without_preimage(world, node, Random(0)),
    "waive what is open": lambda world, node: _waive_what_is_open(world, node, Random(0)),
    "say two things": _two_records,
    "take back the grant": _take_back_grant,
    "promise too much": _promise_too_much,
    "give back too much": _give_back_too_much,
    "say old things": _say_old,
    "pay one invoice twice": _pay_one_invoice_twice,
    "forget and go on": _forget_and_go_on,
}
"""What a dishonest network may do of its own accord, by name; it is silent where its words get lost."""
