# SPDX-License-Identifier: AGPL-3.0-or-later
"""The index of offers and needs finds what looking at each of them finds, whatever came and went."""

from collections.abc import Iterator
from random import Random

import pytest
from simulation.groups import exchange
from simulation.world import World

from protocol.book.book import Book
from protocol.book.declaration import BoardKind
from protocol.book.timezones import DAY_MS
from protocol.lanes.items import ItemSaid, seal_item
from protocol.peers.boards import Boards, published
from protocol.peers.ties import Tie
from protocol.practices.market import index as index_module
from protocol.practices.market.heard import HeardIntent, IntentSearch, heard_as, is_sought
from protocol.practices.market.index import IntentIndex, found_intents
from protocol.practices.market.intents import INTENT_KINDS, NEED_ITEMS, OFFER_ITEMS, IntentPlace, Need, Offer, Price
from protocol.wire.codec import encode
from protocol.wire.keys import KeyPair
from protocol.wire.shape import to_map

WORDS = "farinha farina trigo triguillo mel pão paõ œuf oeuf açúcar col·lectiu 1º de la".split()  # noqa: SIM905
BEGINNINGS = ("farin", "tri", "oeuf", "pao", "acucar", "collec", "1", "d", "xyz")
CODES = ("", "23110", "23120", "01112", "01121")
LABELS = ("organic", "Fair", "km0")
KEYS = KeyPair.from_seed(bytes(32))


def drawn(rng: Random) -> Offer | Need:
    made = Offer if rng.random() < 0.6 else Need
    return made(
        f"m{rng.randrange(4)}", " ".join(rng.choices(WORDS, k=2)), " ".join(rng.choices(WORDS, k=rng.randrange(4))),
        rng.choice(CODES), 0, "", (Price("FLOR", 2, rng.randrange(5) * 100),),
        tuple(rng.sample(LABELS, k=rng.randrange(3))),
        None if rng.random() < 0.5 else IntentPlace(rng.randrange(-300, 300), rng.randrange(-300, 300)),
    )  # fmt: skip


def said(network: bytes, item: bytes, version: int, body: Offer | Need | None, kind: str) -> ItemSaid:
    data = None if body is None else encode(to_map(body))
    return ItemSaid(1, network, 0, item, version, 400 * DAY_MS + version, (), kind, data)


def sought(rng: Random, networks: list[bytes]) -> IntentSearch:
    def maybe(value: object, often: float = 0.25) -> object:
        return value if rng.random() < often else None

    words = [
        rng.choice(["farin", "tri", "oeuf", "pao", "acucar", "collec", "1", "d", "xyz"])
        for _ in range(rng.randrange(3))
    ]
    near = maybe(IntentPlace(0, 0))
    return IntentSearch(
        words, str(maybe(rng.choice(["2", "231", "23110", "0", "9"])) or ""), maybe(rng.choice(networks)),  # type: ignore[arg-type]
        maybe(f"m{rng.randrange(5)}"), maybe(rng.choice(["organic", "fair", "none"])), near,  # type: ignore[arg-type]
        150 if near else None, maybe(("FLOR", 2 * 10**9)),  # type: ignore[arg-type]
    )  # fmt: skip


def one_by_one(book: Book, kind: BoardKind, search: IntentSearch, after: int) -> Iterator[HeardIntent]:
    for arrival, item, body in published(book, kind):
        assert isinstance(body, Offer | Need)
        one = heard_as(arrival, item, kind, body)
        if arrival > after and is_sought(book, search, one):
            yield one


def test_it_finds_what_looking_at_each_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "_LEFT_MIN", 3)
    rng = Random(7)
    world = World()
    exchange(world, "riacho", "HORA")
    book = world.nodes["riacho"].replica.book
    boards, networks = book.of(Boards), [bytes([number]) * 32 for number in range(4)]
    for _ in range(400):
        network, item = rng.choice(networks), bytes([rng.randrange(12)]) * 16
        held = boards.get(network, item)
        if held is not None and rng.random() < 0.2:
            boards.let_go(held.place)
            continue
        version = 1 if held is None else held.said.version + 1
        body = None if rng.random() < 0.2 else drawn(rng)
        kind = Offer.KIND if body is None else body.KIND
        boards.put(seal_item(KEYS, said(network, item, version, body, kind)), boards.arrival + 1)
        if rng.random() < 0.03:
            list(boards.ended(400 * DAY_MS + 3))
        for kind in INTENT_KINDS:
            search, after = sought(rng, networks), rng.choice([0, 0, boards.arrival - 20])
            expected = [one.arrival for one in one_by_one(book, kind, search, after)]
            assert [one.arrival for one in found_intents(book, kind, search, after)] == expected, search
    index = book.of(IntentIndex)
    assert sorted(index._finds) == index._sorted()
    assert index._left == sum(not numbers for numbers in index._finds.values()) <= len(index._finds) // 2 + 3
    for place in [one.item.place for board in boards.of.values() for one in board.items.values()]:
        boards.let_go(place)
    assert len(index._finds) == len(index._sorted()) == index._left <= 3, "few words stay of what is gone"
    assert index._by_number == {}
    assert not any(index._numbers.values())
    assert list(found_intents(book, OFFER_ITEMS, IntentSearch(), 0)) == []
    assert list(found_intents(book, NEED_ITEMS, IntentSearch(), 0)) == []


def crowd(rng: Random, boards: Boards, network: bytes, items: int) -> None:
    """Have a network say what nobody has said before."""
    for number in range(items):
        words = " ".join(f"{rng.getrandbits(40):x}" for _ in range(12))
        offer = Offer(f"m{rng.getrandbits(40)}", "Farinha", words, "", 0, "", (), (f"{rng.getrandbits(30):x}",))
        item = seal_item(KEYS, said(network, bytes([number]) * 16, boards.arrival + 1, offer, Offer.KIND))
        boards.put(item, boards.arrival + 1)


def test_strangers_who_say_ever_new_words_take_no_more_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_module, "_TIES_ASKED", 10**9)
    monkeypatch.setattr(index_module, "INTENT_WORDS_MAX", 200)
    monkeypatch.setattr(index_module, "INTENT_WORDS_FEDERATION_MAX", 260)
    monkeypatch.setattr(index_module, "_LEFT_MIN", 3)
    rng, world = Random(3), World()
    exchange(world, "riacho", "HORA")
    book = world.nodes["riacho"].replica.book
    boards, index = book.of(Boards), book.of(IntentIndex)
    strangers, fellow, partner = [bytes([number]) * 32 for number in range(20)], b"f" * 32, b"p" * 32
    index._ties, index._ties_asked = {book.network: Tie.OWN, fellow: Tie.FEDERATION}, 1

    def live() -> int:
        return len(index._finds) - index._left

    def found(word: str, network: bytes | None = None) -> int:
        return len(list(found_intents(book, OFFER_ITEMS, IntentSearch((word,), network=network), 0)))

    def lost(network: bytes) -> int:
        """Return how many words of a network's offers do not find them."""
        held = [one for one in index._by_number.values() if one.item.network == network]
        return sum(one not in found_intents(book, OFFER_ITEMS, IntentSearch((word,)), 0)
                   for one in held for word in one.words.split())  # fmt: skip

    for _ in range(3):  # they replace them, too
        for network in strangers:
            crowd(rng, boards, network, 8)
    assert live() <= 200 + len(strangers) and len(index._finds) <= 2 * live() + 4
    assert found("farinha") == 160 == sum(found("farinha", network) for network in strangers), "what was known finds"
    assert lost(strangers[-1])
    crowd(rng, boards, fellow, 8)
    assert 250 < live() <= 260 + len(strangers) + 1, "members of our federations have more room, and not all of it"
    crowd(rng, boards, book.network, 8)
    crowd(rng, boards, partner, 8)
    assert not lost(book.network) and lost(partner)
    index._ties = {**index._ties, partner: Tie.PARTNER}
    assert not lost(partner), "who becomes a partner is found by all that it has said"
    for place in [one.item.place for board in boards.of.values() for one in board.items.values()]:
        boards.let_go(place)
    assert live() == 0 and not index._unfound and not index._by_number
